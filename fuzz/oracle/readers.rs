//! Queries and forms, paths, and rule files.

use std::sync::LazyLock;

use sudare::body::readings;
use sudare::cli::check::{github, sarif};
use sudare::format::{Format, url};
use sudare::guard::query;
use sudare::policy::Policy;
use sudare::policy::fault::{render, render_json};
use sudare::policy::node::Source;
use sudare::route::normal::{canonical, pairs};
use sudare::route::pattern::Pattern;
use sudare::route::router::Router;

use super::bodies;
use super::plans::STRICT;

/// A form as an answer has it, and as staff asks with it.
pub fn form(data: &[u8]) {
    bodies::check(Format::Form, data);
    let asked = data.get(1..).unwrap_or_default();
    for reading in readings::form(asked) {
        let Ok(pairs) = pairs(&reading) else { continue };
        // Whatever is asked has one answer.
        let (first, second) = (query::screen(&STRICT, &pairs), query::screen(&STRICT, &pairs));
        assert_eq!(first, second, "two answers to {pairs:?}");
    }
    if let Ok(text) = std::str::from_utf8(asked) {
        let mut last = 0;
        for part in url::parts(text) {
            assert!(last <= part.span.start && part.span.start < part.span.end && part.span.end <= text.len());
            last = part.span.end;
        }
        let _ = query::screen_text(&STRICT, text);
    }
    let _ = query::screen_json(&STRICT, asked);
    let _ = query::screen_xml(&STRICT, asked);
}

const PATTERNS: [&str; 14] = [
    "/",
    "/**",
    "/api/customers",
    "/api/customers/{id}",
    "/api/customers/{id}/orders",
    "/api/customers/{id}/**",
    "/api/{kind}/{id}",
    "/api/{kind}/export.csv",
    "/{any}",
    "/{any}/{id}.json",
    "/files/a-{id}-b",
    "/files/a-{id}",
    "/顧客/{id}",
    "/API/Customers/new",
];

static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let mut router = Router::new();
    for text in PATTERNS {
        router.insert(Pattern::parse(text).expect("a pattern"));
    }
    router
});

/// A path: one spelling, and the resources that a reader of one pattern after the other finds.
pub fn route(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(pattern) = Pattern::parse(text)
    {
        assert_eq!(Pattern::parse(&pattern.text).as_ref(), Ok(&pattern));
    }
    let path = data.split(|byte| *byte == b'?').next().unwrap_or_default();
    let Ok(path) = canonical(path) else { return };
    assert_eq!(canonical(path.text.as_bytes()), Ok(path.clone()), "a canonical path is its own");
    assert!(path.text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", path.text);
    let mut segments = &path.segments[..];
    if let [before @ .., last] = segments
        && last.is_empty()
    {
        segments = before;
    }
    let found: Vec<u32> = ROUTER.find(&path).into_iter().map(|route| route.0).collect();
    let fits = |pattern: &Pattern| {
        let long_enough = segments.len() >= pattern.segments.len();
        let all = segments.len() == pattern.segments.len() || pattern.rest;
        long_enough && all && pattern.segments.iter().zip(segments).all(|(own, segment)| own.fits(segment).is_some())
    };
    let expected: Vec<u32> = (0..)
        .zip(PATTERNS)
        .filter(|(_, text)| fits(&Pattern::parse(text).expect("a pattern")))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(found, expected, "{}", path.text);
}

/// A rule file: it is read or refused in words, at places that are in it.
pub fn rules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sources = [Source { name: "a.yaml".into(), text: text.into() }];
    let loaded = Policy::parse(&sources);
    let mut faults = loaded.faults;
    if let Some(policy) = &loaded.policy {
        faults.extend(policy.warnings("2026-11-22T00:00:00Z".parse().expect("a time")));
        faults.extend(policy.exceptions());
        for role in policy.all_roles() {
            policy.role(&role).map(|role| policy.row(role));
        }
        let again = Policy::parse(&sources).policy.expect("what was read is read again");
        assert_eq!(again.version(), policy.version());
    } else {
        assert!(!faults.is_empty(), "refused without a word");
    }
    for fault in &faults {
        assert!(fault.span.start <= fault.span.end && fault.span.end <= text.len().max(1), "{fault:?}");
    }
    assert_eq!(render(&faults, &sources, false).is_empty(), faults.is_empty());
    assert_eq!(render_json(&faults, &sources).lines().count(), faults.len());
    assert_eq!(github::render(&faults, &sources).lines().count(), faults.len());
    assert!(serde_json::from_str::<serde_json::Value>(&sarif::render(&faults, &sources, true)).is_ok());
}
