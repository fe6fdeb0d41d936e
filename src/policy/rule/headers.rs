//! `headers:`: what answers say to browsers beside what the CRM says.
//!
//! Whatever can be written here forbids something. Only `Access-Control-Allow-Origin` and `Location` name
//! sites for which more passes than the gateway lets through by itself, and they stand for all answers.

use crate::policy::fault::Faults;
use crate::policy::headers::{self, Flags, Headers, Referrer, SameSite, Transport};
use crate::policy::node::{Node, Spot};
use crate::policy::reader::{self, MapReader};

/// Directives that browsers know. Those that only report are left out: a report tells its reader the
/// address of the page, which can name a customer.
const DIRECTIVES: [&str; 25] = [
    "default-src",
    "script-src",
    "script-src-elem",
    "script-src-attr",
    "style-src",
    "style-src-elem",
    "style-src-attr",
    "img-src",
    "font-src",
    "connect-src",
    "media-src",
    "object-src",
    "frame-src",
    "child-src",
    "worker-src",
    "manifest-src",
    "fenced-frame-src",
    "base-uri",
    "form-action",
    "frame-ancestors",
    "sandbox",
    "upgrade-insecure-requests",
    "block-all-mixed-content",
    "require-trusted-types-for",
    "trusted-types",
];

/// Words that mean something in quotes alone.
const QUOTED: [&str; 7] =
    ["self", "none", "unsafe-inline", "unsafe-eval", "unsafe-hashes", "strict-dynamic", "wasm-unsafe-eval"];

/// Reads `headers:` at the top of a file.
pub fn read(node: &Node, faults: &mut Faults) -> Headers {
    let Some(mut map) = MapReader::open(node, "`headers`", faults) else { return Headers::default() };
    let mut said = common(&mut map, faults);
    said.transport = map.take("Strict-Transport-Security").and_then(|node| transport(node, faults));
    let readers = map.take("Access-Control-Allow-Origin");
    said.readers = readers.map(|node| sites(node, "`Access-Control-Allow-Origin`", faults)).unwrap_or_default();
    said.leads = map.take("Location").map(|node| sites(node, "`Location`", faults)).unwrap_or_default();
    map.finish(faults);
    said
}

/// Reads `headers:` of a resource.
pub fn of_resource(node: &Node, faults: &mut Faults) -> Headers {
    let Some(mut map) = MapReader::open(node, "a resource's `headers`", faults) else { return Headers::default() };
    let said = common(&mut map, faults);
    map.finish(faults);
    said
}

fn common(map: &mut MapReader<'_>, faults: &mut Faults) -> Headers {
    let content = map.take("Content-Security-Policy").map(|node| content(node, faults)).unwrap_or_default();
    let words = Referrer::ALL.map(|word| (word.word(), word));
    let referrer = map.take("Referrer-Policy").and_then(|node| reader::word(node, "`Referrer-Policy`", &words, faults));
    let cookies = map.take("Set-Cookie").map(|node| cookies(node, faults)).unwrap_or_default();
    Headers { content, referrer, cookies, ..Headers::default() }
}

fn content(node: &Node, faults: &mut Faults) -> Vec<String> {
    let texts = reader::texts(node, "`Content-Security-Policy`", faults);
    texts.into_iter().filter(|(text, spot)| is_policy(text, spot, faults)).map(|(text, _)| text.to_owned()).collect()
}

fn is_policy(text: &str, spot: &Spot, faults: &mut Faults) -> bool {
    let before = faults.errors();
    if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) || text.contains(',') {
        faults
            .error(spot, "header-value", "a policy is one line of ASCII without a comma")
            .help("put several policies into a list");
        return false;
    }
    let directives = text.split(';').map(str::trim).filter(|directive| !directive.is_empty());
    for directive in directives {
        let (name, values) = directive.split_once(' ').unwrap_or((directive, ""));
        if !DIRECTIVES.contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!("`{name}` is no directive of `Content-Security-Policy`");
            faults.error(spot, "header-value", message).did_you_mean(reader::nearest(name, DIRECTIVES));
        }
        let bare = |value: &&str| name != "trusted-types" && QUOTED.contains(&value.to_ascii_lowercase().as_str());
        if let Some(word) = values.split_ascii_whitespace().find(bare) {
            let message = format!("`{word}` without quotes is the name of a host");
            faults.error(spot, "header-value", message).help(format!("write `'{word}'`"));
        }
    }
    faults.errors() == before
}

fn transport(node: &Node, faults: &mut Faults) -> Option<Transport> {
    let text = reader::text(node, "`Strict-Transport-Security`", faults)?;
    let read = Transport::read(text).filter(|read| read.seconds > 0);
    if read.is_none() {
        faults
            .error(&node.spot, "header-value", "`Strict-Transport-Security` says no time")
            .help("write `max-age=31536000` or `max-age=31536000; includeSubDomains`");
    }
    read
}

fn cookies(node: &Node, faults: &mut Faults) -> Vec<(String, Flags)> {
    let words = [
        ("Secure", Flags { secure: true, ..Flags::default() }),
        ("HttpOnly", Flags { http_only: true, ..Flags::default() }),
        ("SameSite=Lax", Flags { same_site: Some(SameSite::Lax), ..Flags::default() }),
        ("SameSite=Strict", Flags { same_site: Some(SameSite::Strict), ..Flags::default() }),
    ];
    let mut all = Vec::new();
    for entry in reader::entries(node, "`Set-Cookie`", faults).unwrap_or_default() {
        let flags = reader::one_or_more(&entry.value, "a cookie's flag", faults).iter();
        let flags = flags.filter_map(|node| reader::word(node, "a cookie's flag", &words, faults));
        let flags = flags.fold(Flags::default(), Flags::with);
        all.push((entry.key.clone(), flags));
    }
    all
}

fn sites(node: &Node, what: &str, faults: &mut Faults) -> Vec<String> {
    let mut all = Vec::new();
    for (text, spot) in reader::texts(node, what, faults) {
        match headers::origin(text) {
            Some(site) => all.push(site),
            None => faults
                .error(spot, "header-value", format!("`{text}` is no site"))
                .help("write a scheme and a host without a path: `https://id.example`"),
        }
    }
    all
}
