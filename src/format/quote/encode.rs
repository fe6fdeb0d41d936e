//! One layer of quoting put on at a time.
//!
//! Everything that could end the quoting, or the script or comment around it, is escaped whether
//! or not it could do harm just there: a safe spelling costs nothing, a guess about the
//! surroundings could.

use std::fmt::Write;

use crate::format::html::entity;
use crate::format::json::text::is_number;
use crate::format::quote::{card, style, xml};
use crate::terms::quote::{Quote, Quotes};

/// Writes a whole text in all layers, the innermost first.
pub fn layers(quotes: Quotes, text: &str) -> String {
    let [first, others @ ..] = quotes.layers() else { return text.to_owned() };
    let mut written = String::with_capacity(text.len() + 2);
    whole(*first, text, &mut written);
    for quote in others {
        let mut out = String::with_capacity(written.len() + 2);
        whole(*quote, &written, &mut out);
        written = out;
    }
    written
}

/// Writes a text that takes the place of a part of what stands in these layers; `None` where that
/// cannot be done without writing the whole anew.
pub fn part(quotes: Quotes, text: &str) -> Option<String> {
    let mut written = text.to_owned();
    for quote in quotes.layers() {
        let mut out = String::with_capacity(written.len());
        match quote {
            Quote::JsonBare | Quote::HtmlTag => return None,
            Quote::CsvBare { delimiter } if must_quote(&written, *delimiter) => return None,
            Quote::CsvBare { .. } => out.push_str(&written),
            Quote::HtmlBare => html_bare(&written, &mut out),
            Quote::HtmlComment if written.contains("--") || written.contains('>') => return None,
            Quote::XmlComment if written.contains('-') => return None,
            quote => whole(*quote, &written, &mut out),
        }
        written = out;
    }
    Some(written)
}

/// Whether a spreadsheet would take this cell for a formula.
pub fn is_formula(quotes: Quotes, text: &str) -> bool {
    let cell = |quote: &Quote| matches!(quote, Quote::CsvQuoted | Quote::CsvBare { .. });
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && quotes.layers().first().is_some_and(cell)
}

fn whole(quote: Quote, text: &str, out: &mut String) {
    match quote {
        Quote::Verbatim => out.push_str(text),
        Quote::Json => json_string(text, out),
        Quote::JsonBare if matches!(text, "null" | "true" | "false") || is_number(text.as_bytes()) => {
            out.push_str(text);
        }
        Quote::JsonBare => {
            out.push('"');
            json_string(text, out);
            out.push('"');
        }
        Quote::HtmlText | Quote::HtmlDouble | Quote::HtmlSingle => entity::encode(text, out),
        // Without a value, what stands behind `=` and blanks would become the value.
        Quote::HtmlBare if text.is_empty() => out.push_str("\"\""),
        Quote::HtmlBare => html_bare(text, out),
        Quote::HtmlTag => {
            out.push_str(if text.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "x" });
            html_bare(text, out);
        }
        Quote::HtmlComment => html_comment(text, out),
        Quote::CsvQuoted => double_quotes(text, out),
        Quote::CsvBare { delimiter } if must_quote(text, delimiter) => {
            out.push('"');
            double_quotes(text, out);
            out.push('"');
        }
        // What may not stand there is found where the whole is decoded again.
        Quote::CsvBare { .. } | Quote::CsvWithin { .. } => out.push_str(text),
        Quote::Form => percent(text, true, out),
        Quote::Percent => percent(text, false, out),
        Quote::Script { quote: b'*' } => out.push_str(&text.replace("*/", "* /").replace("</", "< /")),
        Quote::Script { quote: b'\n' } => {
            out.push_str(&text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ").replace("</", "< /"));
        }
        Quote::Script { quote } => script(text, char::from(quote), out),
        Quote::Style => style::write(text, out),
        Quote::XmlText => xml::write_text(text, false, out),
        Quote::XmlValue => xml::write_text(text, true, out),
        Quote::XmlCdata => xml::write_section(text, out),
        Quote::XmlComment => xml::write_comment(text, out),
        Quote::XmlData => out.push_str(&text.replace("?>", "? >")),
        Quote::Card => card::write_value(text, out),
        // A line break here could only be one that the value's own escapes did not take.
        Quote::Folded => out.push_str(&text.replace(['\r', '\n'], " ")),
        Quote::Printable => card::write_printable(text, out),
    }
}

/// `<` and the two line separators are written as escapes, so that the string can stand in a
/// script element and in old engines' scripts.
fn json_string(text: &str, out: &mut String) {
    // 0xE2 leads the two separators among others.
    if text.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\' | b'<' | 0x7f | 0xe2)) {
        return out.push_str(text);
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' || matches!(c, '<' | '\u{7f}' | '\u{2028}' | '\u{2029}') => code_point(c, out),
            c => out.push(c),
        }
    }
}

fn code_point(c: char, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\u{:04x}", u32::from(c));
}

fn html_bare(text: &str, out: &mut String) {
    let mut escaped = String::with_capacity(text.len());
    entity::encode(text, &mut escaped);
    for c in escaped.chars() {
        match c {
            '\t' | '\n' | '\u{c}' | '\r' | ' ' | '=' | '`' | '/' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// A comment knows no escapes, so what would end it is broken up and stays readable.
fn html_comment(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '-' if out.ends_with('-') => out.push_str(" -"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
}

fn must_quote(text: &str, delimiter: u8) -> bool {
    text.bytes().any(|b| b == delimiter || matches!(b, b'"' | b'\r' | b'\n'))
}

fn double_quotes(text: &str, out: &mut String) {
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
}

fn percent(text: &str, form: bool, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b'~' if !form => out.push('~'),
            b' ' if form => out.push('+'),
            byte => {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// `<` is always escaped: neither `</script` nor `<!--` can arise. In a regular expression (quote
/// `/`) the text stands for itself: nothing in it repeats, groups or opens a comment.
fn script(text: &str, quote: char, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '<' => out.push_str("\\x3c"),
            '$' if quote == '`' => out.push_str("\\$"),
            c if c == quote || (quote == '/' && "*+?.()[]{}^$|".contains(c)) => out.extend(['\\', c]),
            c if c < ' ' || matches!(c, '\u{7f}' | '\u{2028}' | '\u{2029}') => code_point(c, out),
            c => out.push(c),
        }
    }
}
