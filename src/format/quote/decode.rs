//! One layer of quoting undone at a time, and the maps of several joined.
//!
//! What the formats' own parsers would refuse is refused here too, because an edit is checked by
//! decoding what it wrote. Only URLs and scripts are read as browsers read them, which refuse
//! nothing: there, what cannot be decoded stands for itself.

use crate::format::html::entity;
use crate::format::json::text as json;
use crate::format::quote::{Decoded, Malformed, card, legacy, style, xml};
use crate::terms::quote::{Quote, Quotes};

/// Undoes all layers, the outermost first.
pub fn layers(quotes: Quotes, raw: &str) -> Result<Decoded, Malformed> {
    let mut layers = quotes.layers().iter().rev();
    let Some(outermost) = layers.next() else { return Ok(verbatim(raw)) };
    let mut decoded = layer(*outermost, raw)?;
    for quote in layers {
        let inner = layer(*quote, &decoded.text).map_err(|e| Malformed { at: decoded.raw_of(e.at) })?;
        let map = inner.map.iter().map(|at| decoded.map[*at as usize]).collect();
        decoded = Decoded { text: inner.text, map };
    }
    Ok(decoded)
}

fn layer(quote: Quote, raw: &str) -> Result<Decoded, Malformed> {
    match quote {
        Quote::Verbatim => Ok(verbatim(raw)),
        Quote::Json => json_string(raw, 0),
        Quote::JsonBare => match unquoted(raw) {
            Some(inner) => json_string(inner, 1).map(|decoded| decoded.ending(raw.len())),
            None => Ok(verbatim(raw)),
        },
        Quote::HtmlText => Ok(entities(raw, false)),
        Quote::HtmlDouble | Quote::HtmlSingle | Quote::HtmlTag => Ok(entities(raw, true)),
        Quote::HtmlBare => Ok(if raw == "\"\"" { Decoded::default().ending(2) } else { entities(raw, true) }),
        Quote::HtmlComment => comment(raw),
        Quote::CsvQuoted => doubled_quotes(raw, 0),
        Quote::CsvBare { delimiter } => match unquoted(raw) {
            Some(inner) => doubled_quotes(inner, 1).map(|decoded| decoded.ending(raw.len())),
            None => bare_cell(raw, delimiter),
        },
        Quote::CsvWithin { delimiter } => within_cell(raw, delimiter),
        Quote::Form => percent(raw, true),
        Quote::Percent => legacy::percent(raw).map_or_else(|| percent(raw, false), Ok),
        Quote::Script { quote: b'*' } => without(raw, raw.find("*/")),
        Quote::Script { quote: b'\n' } => without(raw, raw.find(['\n', '\r', '\u{2028}', '\u{2029}'])),
        Quote::Script { .. } => Ok(script(raw)),
        Quote::Style => Ok(style::text(raw)),
        Quote::XmlText => xml::text(raw, false),
        Quote::XmlValue => xml::text(raw, true),
        Quote::XmlCdata => xml::section(raw),
        Quote::XmlComment => without(raw, xml::ends_comment(raw)),
        Quote::XmlData => without(raw, raw.find("?>")),
        Quote::Card => Ok(card::value(raw)),
        Quote::Folded => card::folded(raw),
        Quote::Printable => card::printable(raw),
    }
}

impl Default for Decoded {
    fn default() -> Decoded {
        Decoded { text: String::new(), map: vec![0] }
    }
}

impl Decoded {
    pub(super) fn with_capacity(bytes: usize) -> Decoded {
        Decoded { text: String::with_capacity(bytes), map: Vec::with_capacity(bytes + 1) }
    }

    pub(super) fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        self.map.extend(std::iter::repeat_n(offset(at), c.len_utf8()));
    }

    pub(super) fn push_run(&mut self, run: &str, at: usize) {
        if run.is_ascii() {
            self.text.push_str(run);
            self.map.extend(offset(at)..offset(at + run.len()));
            return;
        }
        for (index, c) in run.char_indices() {
            self.push(c, at + index);
        }
    }

    pub(super) fn end(mut self, at: usize) -> Decoded {
        self.map.push(offset(at));
        self
    }

    fn ending(mut self, at: usize) -> Decoded {
        self.map.pop();
        self.end(at)
    }

    fn raw_of(&self, at: usize) -> usize {
        self.map.get(at).map_or(0, |raw| *raw as usize)
    }
}

fn offset(at: usize) -> u32 {
    // A value is bounded far below 4 GiB; a longer one would only lose the exactness of its map.
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn unquoted(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

fn verbatim(raw: &str) -> Decoded {
    let mut decoded = Decoded::with_capacity(raw.len());
    decoded.push_run(raw, 0);
    decoded.end(raw.len())
}

fn without(raw: &str, fault: Option<usize>) -> Result<Decoded, Malformed> {
    match fault {
        Some(at) => Err(Malformed { at }),
        None => Ok(verbatim(raw)),
    }
}

fn entities(raw: &str, in_attribute: bool) -> Decoded {
    let (text, map) = entity::decode(raw, in_attribute);
    Decoded { text, map }
}

fn comment(raw: &str) -> Result<Decoded, Malformed> {
    let early = (raw.starts_with('>') || raw.starts_with("->")).then_some(0);
    without(raw, early.or_else(|| raw.find("-->")).or_else(|| raw.find("--!>")))
}

/// `base` is what stands before `raw` in the text that was given.
fn json_string(raw: &str, base: usize) -> Result<Decoded, Malformed> {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let rest = &raw[at..];
        let plain = rest.bytes().position(|b| b == b'\\' || b == b'"' || b < b' ').unwrap_or(rest.len());
        decoded.push_run(&rest[..plain], base + at);
        at += plain;
        if at == raw.len() {
            break;
        }
        // What is no JSON to the letter, and is written by hand.
        if rest.as_bytes()[plain] < b' ' {
            decoded.push(char::from(rest.as_bytes()[plain]), base + at);
            at += 1;
            continue;
        }
        let (c, length) = json::escape(&raw.as_bytes()[at..]).ok_or(Malformed { at: base + at })?;
        decoded.push(c, base + at);
        at += length;
    }
    Ok(decoded.end(base + raw.len()))
}

fn doubled_quotes(raw: &str, base: usize) -> Result<Decoded, Malformed> {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while let Some(plain) = raw[at..].find('"') {
        decoded.push_run(&raw[at..at + plain], base + at);
        at += plain;
        if !raw[at..].starts_with("\"\"") {
            return Err(Malformed { at: base + at });
        }
        decoded.push('"', base + at);
        at += 2;
    }
    decoded.push_run(&raw[at..], base + at);
    Ok(decoded.end(base + raw.len()))
}

fn bare_cell(raw: &str, delimiter: u8) -> Result<Decoded, Malformed> {
    if raw.starts_with('"') { without(raw, Some(0)) } else { within_cell(raw, delimiter) }
}

fn within_cell(raw: &str, delimiter: u8) -> Result<Decoded, Malformed> {
    without(raw, raw.bytes().position(|b| b == delimiter || b == b'\n' || b == b'\r'))
}

/// Percent-encoding; in forms `+` is a blank and whatever cannot be decoded is a fault.
fn percent(raw: &str, form: bool) -> Result<Decoded, Malformed> {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let rest = &raw[at..];
        let plain = rest.bytes().position(|b| b == b'%' || (form && b == b'+')).unwrap_or(rest.len());
        decoded.push_run(&rest[..plain], at);
        at += plain;
        if raw.as_bytes().get(at) == Some(&b'+') {
            decoded.push(' ', at);
            at += 1;
            continue;
        }
        let run: Vec<u8> = raw.as_bytes()[at..].chunks_exact(3).map_while(triplet).collect();
        if run.is_empty() && at < raw.len() {
            if form {
                return Err(Malformed { at });
            }
            decoded.push('%', at);
            at += 1;
            continue;
        }
        at = push_bytes(&run, raw, at, form, &mut decoded)?;
    }
    Ok(decoded.end(raw.len()))
}

fn triplet(three: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [b'%', high, low] = *three else { return None };
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// Adds the characters that a run of `%XX` stands for and gives the offset behind the run.
fn push_bytes(run: &[u8], raw: &str, mut at: usize, strict: bool, decoded: &mut Decoded) -> Result<usize, Malformed> {
    for chunk in run.utf8_chunks() {
        for c in chunk.valid().chars() {
            decoded.push(c, at);
            at += 3 * c.len_utf8();
        }
        let bad = 3 * chunk.invalid().len();
        if strict && bad > 0 {
            return Err(Malformed { at });
        }
        decoded.push_run(&raw[at..at + bad], at);
        at += bad;
    }
    Ok(at)
}

/// A JavaScript string as engines read it. A lone surrogate, which no text can hold, is shown as
/// U+FFFD; a broken escape stands for the character behind the backslash.
fn script(raw: &str) -> Decoded {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while let Some(plain) = raw[at..].find('\\') {
        decoded.push_run(&raw[at..at + plain], at);
        at += plain;
        let (c, length) = script_escape(&raw[at..]);
        if let Some(c) = c {
            decoded.push(c, at);
        }
        at += length;
    }
    decoded.push_run(&raw[at..], at);
    decoded.end(raw.len())
}

/// The character that the escape at the start of `raw` stands for (none for a line that goes on),
/// and how many bytes the escape takes.
fn script_escape(raw: &str) -> (Option<char>, usize) {
    let Some(c) = raw[1..].chars().next() else { return (Some('\\'), 1) };
    let after = 1 + c.len_utf8();
    let hex = |from: usize, digits: usize| {
        let digits = raw.get(from..from + digits).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let shown = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    match c {
        'n' => (Some('\n'), after),
        'r' => (Some('\r'), after),
        't' => (Some('\t'), after),
        'b' => (Some('\u{8}'), after),
        'f' => (Some('\u{c}'), after),
        'v' => (Some('\u{b}'), after),
        '\r' if raw[after..].starts_with('\n') => (None, after + 1),
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => (None, after),
        '0'..='7' => octal(raw),
        'x' => hex(2, 2).map_or((Some(c), after), |code| (Some(shown(code)), 4)),
        'u' if raw[2..].starts_with('{') => {
            let code = raw[3..].find('}').filter(|length| (1..=8).contains(length)).and_then(|n| Some((hex(3, n)?, n)));
            code.map_or((Some(c), after), |(code, n)| (Some(shown(code)), 4 + n))
        }
        'u' => match (hex(2, 4), hex(8, 4)) {
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) if raw[6..].starts_with("\\u") => {
                (Some(shown(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))), 12)
            }
            (Some(code), _) => (Some(shown(code)), 6),
            (None, _) => (Some(c), after),
        },
        c => (Some(c), after),
    }
}

fn octal(raw: &str) -> (Option<char>, usize) {
    let mut code = 0;
    let mut length = 1;
    for digit in raw.bytes().skip(1).take(3).take_while(|b| (b'0'..=b'7').contains(b)) {
        let next = code * 8 + u32::from(digit - b'0');
        if next > 0o377 {
            break;
        }
        code = next;
        length += 1;
    }
    (char::from_u32(code), length)
}
