//! E-mail addresses, as browsers accept them in `<input type=email>`.
//!
//! Text that touches an address on either side is no part of it unless it is made of the same
//! characters, so Japanese text needs no blank beside it. In running text the marks that also
//! part words (`/ = ? & |` …) end an address; a value that is an address as a whole may hold them.
//! Left out: addresses without a dot in the domain, quoted local parts, international ones.

use memchr::memchr_iter;

use crate::detect::runs::Runs;
use crate::detect::{Detector, Hit};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector = Detector { kind: kind::EMAIL, may: |census| census.ats > 0, find, whole };

/// Endings of files that are named after their scale, as `logo@2x.png`.
const FILE_ENDINGS: &[&str] = &["png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "css", "js", "mjs", "map"];

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    if is_address(runs.text) {
        hits.push(Hit { range: 0..runs.text.len(), certain: true, evidence: "address" });
        return;
    }
    let bytes = runs.text.as_bytes();
    for at in memchr_iter(b'@', bytes) {
        let start = bytes[..at].iter().rposition(|&byte| !is_local(byte)).map_or(0, |last| last + 1);
        let skipped = bytes[start..at].iter().take_while(|byte| b"'-%+~!*".contains(byte)).count();
        let start = start + skipped;
        if start == at {
            continue;
        }
        if let Some(length) = domain(&runs.text[at + 1..])
            && !is_annotation(&runs.text[at + 1..at + 1 + length])
        {
            hits.push(Hit { range: start..at + 1 + length, certain: true, evidence: "address" });
        }
    }
}

fn whole(_: &Detector, runs: &Runs<'_>) -> bool {
    is_address(runs.text)
}

fn is_address(text: &str) -> bool {
    let Some((local, rest)) = text.split_once('@') else { return false };
    !local.is_empty() && local.bytes().all(is_atom) && domain(rest) == Some(rest.len()) && !is_annotation(rest)
}

/// What stands behind the `@` of a member that OData adds to another, and is no domain of anybody's.
fn is_annotation(domain: &str) -> bool {
    const TERMS: &[&str] = &[
        "bind",
        "context",
        "count",
        "nextlink",
        "deltalink",
        "type",
        "etag",
        "editlink",
        "readlink",
        "navigationlink",
        "associationlink",
        "mediareadlink",
        "mediaeditlink",
        "mediacontenttype",
        "mediaetag",
        "metadataetag",
    ];
    let lower = domain.to_ascii_lowercase();
    let vendors = ["odata.community.", "microsoft.dynamics.crm."].iter().any(|space| lower.starts_with(space));
    vendors || lower.strip_prefix("odata.").is_some_and(|term| TERMS.contains(&term))
}

/// What a local part may hold.
fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

/// What it is taken to hold where other text may touch it.
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!$%'*+^_~-".contains(&byte)
}

/// How many bytes at the front are a domain with a top level of letters.
fn domain(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut best = None;
    let mut at = 0;
    for labels in 1.. {
        let rest = &bytes[at..];
        let mut length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        length -= rest[..length].iter().rev().take_while(|&&byte| byte == b'-').count();
        if length == 0 || length > 63 || rest[0] == b'-' {
            break;
        }
        if labels > 1
            && let Some(letters) = top_level(&text[at..at + length])
        {
            best = Some(at + letters);
        }
        at += length;
        if bytes.get(at) != Some(&b'.') {
            break;
        }
        at += 1;
    }
    best
}

/// How many bytes of a label are a top level. None has a digit: one that seems to is touched by a
/// number. Endings of files are none.
fn top_level(label: &str) -> Option<usize> {
    if label.as_bytes().get(..4).is_some_and(|front| front.eq_ignore_ascii_case(b"xn--")) {
        return Some(label.len());
    }
    let letters = label.bytes().take_while(u8::is_ascii_alphabetic).count();
    let ends = label.as_bytes().get(letters).is_none_or(u8::is_ascii_digit);
    let is_file = FILE_ENDINGS.iter().any(|ending| label.eq_ignore_ascii_case(ending));
    (letters >= 2 && ends && !is_file).then_some(letters)
}
