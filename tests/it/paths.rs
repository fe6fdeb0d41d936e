//! Row 73 of the ways around a proxy: what the rules match is what the CRM finds, whatever server it is.
//!
//! Each server is a model of how it reads a path. A path that the gateway lets through must be the same to
//! all of them in the spelling in which it goes on.

use proptest::prelude::*;
use proptest::sample::select;
use sudare::route::normal::{canonical, folded};

fn decoded(text: &str) -> String {
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Dots resolved, empty segments left out, and what lenient file systems do not look at.
fn resolved(path: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(all.pop()),
            other => all.push(folded(other)),
        }
    }
    all
}

/// Cuts `;params` off each segment before it decodes, as servlet containers do.
fn servlet(path: &str) -> Vec<String> {
    let bare: Vec<&str> = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect();
    resolved(&decoded(&bare.join("/")).replace('\\', "/"))
}

/// Decodes, then merges slashes and resolves dots.
fn merging(path: &str) -> Vec<String> {
    resolved(&decoded(path))
}

/// Decodes twice, takes a backslash for a slash, and drops what stands behind a zero byte.
fn lenient(path: &str) -> Vec<String> {
    let twice = decoded(&decoded(path)).replace('\\', "/");
    resolved(twice.split('\0').next().unwrap_or_default())
}

/// Looks at what stands before `?` once more, and at the script in the midst of a path.
fn scripted(path: &str) -> Vec<String> {
    resolved(decoded(path).split(['?', '#']).next().unwrap_or_default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]
    #[test]
    fn every_server_finds_the_path_that_the_rules_match(pieces in prop::collection::vec(select(vec![
        "/", "/", "/", "a", "B", "客", "%E5%AE%A2", ".", "..", "%2e", "%2E%2e", "%2f", "%5c", "\\", ";x=1", "%3b",
        "//", "/./", "/../", "%00", "%0a", "%25", "%252e", "%252f", "%c0%ae", "%ff", "%u002e", "%", " ", "%20", ".json",
        "+", "~", ":", "@", "%7e", "\u{ff0e}", "#", "*", "'", "\"", "%2",
    ]), 0..10)) {
        let raw = format!("/{}", pieces.concat());
        if let Ok(path) = canonical(raw.as_bytes()) {
            let own = path.folded();
            for (server, read) in
                [("servlet", servlet(&path.text)), ("merging", merging(&path.text)), ("lenient", lenient(&path.text)), ("scripted", scripted(&path.text))]
            {
                prop_assert_eq!(&read, &own, "{} reads {} ({})", server, path.text, raw);
            }
            prop_assert_eq!(canonical(path.text.as_bytes()), Ok(path));
        }
    }
}
