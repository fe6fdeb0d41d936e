//! From where a request comes, as the ledger may say it: the session and the device, as keyed hashes.
//!
//! Auditors ask whether two accesses came from one log-in and one machine, not what its cookie was. A cookie opens the
//! CRM, and what a program calls itself can hold a name, so neither stands in a record: a hash tells equal from
//! different, under the keys of the ledger's other hashes, and one word of a short list tells the sort of program.

use http::HeaderMap;
use http::header::USER_AGENT;

use crate::identity;
use crate::identity::peer::Peer;
use crate::serve::house::House;

/// What stands for types of subjects where something else is hashed; rule files cannot name these.
const SESSION: &str = "\0session";
const DEVICE: &str = "\0device";

/// Programs by what their names hold; the first that fits counts, since most browsers name others too.
const PROGRAMS: [(&str, &str); 14] = [
    ("edg/", "edge"),
    ("opr/", "opera"),
    ("firefox/", "firefox"),
    ("chrome/", "chrome"),
    ("safari/", "safari"),
    ("trident/", "explorer"),
    ("curl/", "curl"),
    ("wget/", "wget"),
    ("python", "python"),
    ("okhttp", "java"),
    ("java/", "java"),
    ("go-http-client", "go"),
    ("powershell", "powershell"),
    ("excel", "office"),
];

/// The session in which somebody asked, where the source that found them (or the CRM) has one.
pub(super) fn session(house: &House, by: Option<usize>, crm: &str, headers: &HeaderMap) -> Option<String> {
    let credential = identity::session_of(&house.identity, by, headers)?;
    Some(named(house, crm, credential))
}

/// The same of a cookie that the CRM has just set.
pub(super) fn named(house: &House, crm: &str, credential: &str) -> String {
    house.mint.subject(SESSION, &format!("{}\0{crm}\0{credential}", crm.len()))
}

/// What they asked with: their certificate, or else what their program calls itself.
pub(super) fn device(house: &House, headers: &HeaderMap, peer: &Peer) -> Option<String> {
    if let Some(certificate) = &peer.certificate {
        let hash = house.mint.subject(DEVICE, &data_encoding::HEXLOWER.encode(certificate));
        return Some(format!("certificate/{hash}"));
    }
    let agent = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes()).to_ascii_lowercase();
    let program = PROGRAMS.iter().find(|(held, _)| agent.contains(held)).map_or("other", |(_, program)| *program);
    Some(format!("{program}/{}", house.mint.subject(DEVICE, &agent)))
}
