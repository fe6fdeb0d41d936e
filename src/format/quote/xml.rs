//! XML's quotings: text, attributes, CDATA sections, comments, data of instructions.

use crate::format::quote::{Decoded, Malformed};
use crate::format::xml::entity;

const SECTION_END: &str = "]]>";
const SECTION_AGAIN: &str = "]]><![CDATA[";

/// Text, or an attribute's value.
pub fn text(raw: &str, in_value: bool) -> Result<Decoded, Malformed> {
    let mut decoded = Decoded::with_capacity(raw.len());
    let end = raw.find(SECTION_END).filter(|_| !in_value);
    if let Some(at) = end.or_else(|| raw.find('<')) {
        return Err(Malformed { at });
    }
    let mut at = 0;
    while let Some(plain) = raw[at..].find('&') {
        decoded.push_run(&raw[at..at + plain], at);
        at += plain;
        let (c, length) = entity::reference(&raw[at..]).ok_or(Malformed { at })?;
        decoded.push(c, at);
        at += length;
    }
    decoded.push_run(&raw[at..], at);
    Ok(decoded.end(raw.len()))
}

/// A CDATA section, or several that follow one another at once.
pub fn section(raw: &str) -> Result<Decoded, Malformed> {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while let Some(plain) = raw[at..].find(SECTION_END) {
        decoded.push_run(&raw[at..at + plain], at);
        at += plain;
        if !raw[at..].starts_with(SECTION_AGAIN) {
            return Err(Malformed { at });
        }
        at += SECTION_AGAIN.len();
    }
    decoded.push_run(&raw[at..], at);
    Ok(decoded.end(raw.len()))
}

/// Where a comment's text would end the comment, or be none.
pub fn ends_comment(raw: &str) -> Option<usize> {
    raw.find("--").or_else(|| raw.ends_with('-').then(|| raw.len() - 1))
}

/// Writes text or an attribute's value. Line ends that a reader would turn into something else are
/// written as numbers.
pub fn write_text(text: &str, in_value: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if in_value => out.push_str("&quot;"),
            '\'' if in_value => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\n' if in_value => out.push_str("&#10;"),
            '\t' if in_value => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
}

/// Writes the text of a CDATA section.
pub fn write_section(text: &str, out: &mut String) {
    out.push_str(&text.replace(SECTION_END, "]]]]><![CDATA[>"));
}

/// Writes a comment's text: what would end it is broken up and stays readable.
pub fn write_comment(text: &str, out: &mut String) {
    for c in text.chars() {
        if c == '-' && out.ends_with('-') {
            out.push(' ');
        }
        out.push(c);
    }
    if out.ends_with('-') {
        out.push(' ');
    }
}
