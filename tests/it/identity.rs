//! Who is recognised, as data: sources, credentials, and who or what comes of them.
//!
//! A file begins with its `identity:` and has cases after that. The clock stands at `signer::NOW`.
//! `token NAME = HOW HEADER CLAIMS` signs a token that headers name as `$NAME`; `bound COOKIE USER`
//! is a log-in that was learnt; `certificate …` is what the connection proved; `peer` is its address.
//! `->` says who is recognised with which groups, or how it is refused, and `crm` which of the
//! request's headers the CRM gets.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use sudare::config::gateway::{self, Config};
use sudare::config::units::Origin;
use sudare::config::upstream::Upstreams;
use sudare::identity;
use sudare::identity::peer::Peer;
use sudare::identity::session::store::Store;
use sudare::policy::fault::{Faults, render};
use sudare::policy::node::Source;
use sudare::serve::exchange::recognise::recognise;
use sudare::serve::upstream::Upstream;
use tokio::runtime::Runtime;

use crate::signer::{self, NOW};

// Passwords `pw-USER`, with few rounds.
const USERS: &str = r#"tanaka:
  password: "$argon2id$v=19$m=8192,t=1,p=1$gsC/WQc28/HYJk7l51sUkw$kYNqxbnHxnzdhTxvnWfQMFUTe1sDOhyVuYRtUQlT5ag"
  groups: [crm-support]
"#;

const STAFF: &str = "tanaka: [crm-support]\nsato: { groups: [crm-managers, crm-support] }\n";

const REST: &str = "sudare: 1\nlisten: 127.0.0.1:0\nupstream: http://127.0.0.1:9\nrules: rules.yaml\n";

fn configured(folder: &Path, identity: &str, name: &str) -> Config {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    write("users.yaml", USERS);
    write("staff.yaml", STAFF);
    write("rules.yaml", "sudare: 1\n");
    write("keys.json", &signer::jwks(&["r1", "e1", "d1", "d2"]));
    write("one-key.json", &signer::jwks(&["d1"]));
    let source = Source { name: name.to_owned(), text: format!("{REST}{identity}") };
    let mut faults = Faults::new();
    let origin = Origin { folder, environment: &|_| None };
    let config = gateway::parse(&source, &origin, [7; 32], &mut faults);
    config.unwrap_or_else(|| panic!("{}", render(&faults.into_sorted(), &[source], false)))
}

/// What a case says, line by line.
#[derive(Default)]
struct Case {
    title: String,
    headers: HeaderMap,
    tokens: Vec<(String, String)>,
    peer: Option<Peer>,
    bound: Vec<(String, String)>,
    expected: String,
    crm: String,
}

impl Case {
    fn read(text: &str) -> Case {
        let mut case = Case::default();
        for (number, line) in text.lines().enumerate() {
            match line.split_once(' ').unwrap_or((line, "")) {
                _ if number == 0 => case.title = line.to_owned(),
                ("" | "#", _) => {}
                ("->", expected) => case.expected = expected.to_owned(),
                ("crm", headers) => case.crm = headers.to_owned(),
                ("token", rest) => case.tokens.push(token(rest)),
                ("peer", address) => case.peer = Some(Peer::plain(address.parse().expect("an address"))),
                ("certificate", parts) => case.peer = Some(certified(parts)),
                ("bound", rest) => {
                    let (value, user) = rest.split_once(' ').expect("a cookie and a name");
                    case.bound.push((value.to_owned(), user.to_owned()));
                }
                _ => case.header(line),
            }
        }
        case
    }

    fn header(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}"));
        let mut value = value.trim().to_owned();
        for (name, token) in &self.tokens {
            value = value.replace(&format!("${name}"), token);
        }
        let name: HeaderName = name.parse().expect("a header");
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
    }
}

fn token(rest: &str) -> (String, String) {
    let mut parts = rest.splitn(5, ' ');
    let (name, _, how) = (parts.next(), parts.next(), parts.next());
    let (header, claims) = (parts.next().unwrap_or("{}"), parts.next().unwrap_or("{}"));
    (name.expect("a name").to_owned(), signer::token(how.expect("a key"), header, claims, NOW))
}

/// `CN=tanaka OU=a URI=spiffe://…`, and `from` and `to` in days around the time of the cases.
fn certified(parts: &str) -> Peer {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    let at = |days: i64| {
        let day = jiff::Timestamp::from_second(NOW + days * 86_400).expect("a time").to_zoned(jiff::tz::TimeZone::UTC);
        rcgen::date_time_ymd(day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs())
    };
    (params.not_before, params.not_after) = (at(-1), at(1));
    for (key, value) in parts.split(' ').filter_map(|part| part.split_once('=')) {
        let text = value.replace('_', " ").replace("\\n", "\n");
        match key {
            "CN" => name.push(DnType::CommonName, DnValue::Utf8String(text)),
            "BMP" => name.push(DnType::CommonName, DnValue::BmpString(text.as_str().try_into().expect("text"))),
            "OU" => name.push(DnType::OrganizationalUnitName, text.as_str()),
            // rcgen keeps one of each type, so that a second one comes under its number.
            "CN2" => name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), text.as_str()),
            "OU2" => name.push(DnType::CustomDnType(vec![2, 5, 4, 11]), text.as_str()),
            "URI" => params.subject_alt_names.push(SanType::URI(value.try_into().expect("ascii"))),
            "MAIL" => params.subject_alt_names.push(SanType::Rfc822Name(value.try_into().expect("ascii"))),
            "DNS" => params.subject_alt_names.push(SanType::DnsName(value.try_into().expect("ascii"))),
            "from" => params.not_before = at(value.parse().expect("days")),
            "to" => params.not_after = at(value.parse().expect("days")),
            other => panic!("{other}"),
        }
    }
    params.distinguished_name = name;
    let certificate = params.self_signed(&KeyPair::generate().expect("a key")).expect("a certificate");
    let mut der = certificate.der().to_vec();
    if parts.contains("broken") {
        der.pop();
    }
    let mut peer = Peer::plain([127, 0, 0, 1].into());
    peer.certificate = Some(der.into());
    peer
}

fn upstream(config: &Config) -> Arc<Upstream> {
    let gauge = prometheus::IntGauge::new("open", "open").expect("a gauge");
    let Upstreams::One(one) = &config.upstreams else { panic!("one crm") };
    Arc::new(Upstream::new(one, &config.bounds, gauge).expect("a crm without certificates"))
}

/// Who is recognised, and the headers that go on.
fn outcome(runtime: &Runtime, config: &Config, case: &Case) -> (String, String) {
    let upstream = upstream(config);
    let peer = case.peer.clone().unwrap_or_else(|| Peer::plain([127, 0, 0, 1].into()));
    let found = runtime.block_on(recognise(&config.identity, &upstream, &case.headers, &peer, NOW));
    let by = found.as_ref().ok().and_then(|found| found.as_ref().map(|(number, _)| *number));
    let told = match found {
        Ok(Some((_, staff))) => format!("{} {}", staff.id(), staff.groups.join(",")),
        Ok(None) => "nobody".to_owned(),
        Err(refusal) => return (refusal.to_string(), String::new()),
    };
    let mut headers = case.headers.clone();
    identity::strip(&config.identity, by, &mut headers);
    let left: Vec<String> = headers.keys().map(ToString::to_string).collect();
    (told.trim_end().to_owned(), left.join(" "))
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/identity");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the cases").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn everybody_is_who_the_case_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in files() {
        let text = fs::read_to_string(&path).expect("cases");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut parts = text.split("\n== ");
        let identity = parts.next().expect("sources");
        for case in parts.map(Case::read) {
            count += 1;
            // What was remembered of one case says nothing in the next.
            let folder = tempfile::tempdir().expect("a folder");
            let config = configured(folder.path(), identity, &name);
            if let Some((_, session)) = identity::session(&config.identity) {
                let store = Store::passing(&[7; 32], session.lasts);
                for (value, user) in &case.bound {
                    store
                        .bind(store.ticket(upstream(&config).identity(), &session.cookie, value), user, NOW - 10)
                        .expect("bound");
                }
                session.open(store);
            }
            let (told, left) = outcome(&runtime, &config, &case);
            if told != case.expected || left != case.crm {
                wrong.push(format!("{name}: {}\n  -> {told}\n  crm {left}", case.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 90, "{count} cases");
}
