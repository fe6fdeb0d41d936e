//! What must hold of any bytes at all: one function a target, for the fuzzer and for the tests alike.
//!
//! Two things are asked of every body. Under rules that show all, what leaves is what came, byte for
//! byte, or the body is refused. Under rules that hide, a canary that a field veils stands in no leaf
//! of what leaves. And either way the network's cuts change nothing. `fuzz/README.md` tells how to run
//! it; `tests/it/fuzz.rs` replays the kept bodies.

mod bodies;
mod canary;
mod others;
mod parts;
mod plans;
mod readers;
mod skins;
mod wrapped;

use sudare::format::Format;

/// A target, and what it does with its bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("json", |data| bodies::check(Format::Json, data)),
    ("html", |data| bodies::check(Format::Html, data)),
    ("xml", |data| bodies::check(Format::Xml, data)),
    ("csv", |data| bodies::check(Format::Csv, data)),
    ("multipart", bodies::in_parts),
    ("text", |data| bodies::check(Format::Text, data)),
    ("script", |data| bodies::check(Format::Script, data)),
    ("lines", |data| bodies::check(Format::Lines, data)),
    ("events", |data| bodies::check(Format::Events, data)),
    ("calls", |data| bodies::check(Format::Calls, data)),
    ("style", |data| bodies::check(Format::Style, data)),
    ("vcard", |data| bodies::check(Format::Card, data)),
    ("form", readers::form),
    ("header", bodies::header),
    ("charset", skins::charset),
    ("coding", skins::coding),
    ("route", readers::route),
    ("rules", readers::rules),
];
