//! Row 40 of the ways around a proxy: bytes that lenient readers take for characters and strict ones do not.

use std::sync::Arc;

use sudare::format::{Format, walker};
use sudare::terms::bounds::Bounds;

use super::recorder::Recorder;

/// What some readers decode all the same, and to what.
const SPELLINGS: [(&str, &[u8]); 12] = [
    ("a slash in two bytes", b"\xc0\xaf"),
    ("a digit in two bytes", b"\xc0\xb0"),
    ("a digit in three bytes", b"\xe0\x80\xb0"),
    ("a digit in four bytes", b"\xf0\x80\x80\xb0"),
    ("a character in five bytes", b"\xf8\x88\x80\x80\x80"),
    ("a character in six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ("a surrogate pair of three bytes each", b"\xed\xa1\x82\xed\xbe\xb7"),
    ("half of a surrogate pair", b"\xed\xa0\x80"),
    ("a character beyond the last", b"\xf4\x90\x80\x80"),
    ("a byte that begins none", b"\xff"),
    ("a byte that only goes on", b"\x80"),
    ("a character that breaks off", b"\xe3\x81"),
];

#[test]
fn bytes_that_are_no_character_are_refused_in_every_format() {
    for (format, before, behind) in [
        (Format::Json, &b"{\"tel\":\"09"[..], &b"0\"}"[..]),
        (Format::Json, b"{\"t", b"el\":\"090\"}"),
        (Format::Html, b"<p>09", b"0</p>"),
        (Format::Html, b"<p title='09", b"0'>"),
        (Format::Html, b"<!-- 09", b"0 -->"),
        (Format::Xml, b"<a>09", b"0</a>"),
        (Format::Xml, b"<a b='09", b"0'/>"),
        (Format::Csv, b"id,tel\n1,09", b"0\n"),
        (Format::Csv, b"id,tel\n1,\"09", b"0\"\n"),
        (Format::Card, b"BEGIN:VCARD\r\nTEL:09", b"0\r\nEND:VCARD\r\n"),
        (Format::Form, b"tel=09", b"0"),
        (Format::Text, b"tel: 09", b"0\n"),
        (Format::Script, b"f('09", b"0');"),
        (Format::Style, b"a{content:'09", b"0'}"),
    ] {
        for (name, bytes) in SPELLINGS {
            let body = [before, bytes, behind].concat();
            for size in [1, body.len()] {
                let mut walker = walker(format, &Arc::default(), &Bounds::default()).expect("a walker");
                let found = Recorder::walk(&mut *walker, body.chunks(size));
                assert!(found.refused(), "{} with {name} in pieces of {size}: {:?}", format.word(), found.lines);
            }
        }
    }
}
