//! Style sheets taken apart: what of them may hold a value.
//!
//! `content` shows text to people, `url()` asks the CRM for something, variables carry what scripts
//! read, comments hold what nobody removed. The rest is structure.

use std::ops::Range;

use crate::format::quote::{decode, style_escape as escape};
use crate::format::url;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// A part of a style sheet that may hold a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StylePart {
    /// Where it stands, without quotes or brackets.
    pub span: Range<usize>,
    /// What it is.
    pub sort: Sort,
}

/// What a part of a style sheet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A string.
    Text,
    /// An address.
    Url,
    /// The value of a variable, as far as it is no string.
    Variable,
    /// A comment.
    Comment,
}

impl StylePart {
    /// How the part is written.
    pub fn quote(&self) -> Quote {
        match self.sort {
            Sort::Text | Sort::Url | Sort::Variable => Quote::Style,
            Sort::Comment => Quote::Script { quote: b'*' },
        }
    }
}

/// The parts of a complete style sheet, or of a `style` attribute, that may hold a value.
pub fn parts(text: &str) -> Vec<StylePart> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(next) = part(text, at, true, &mut parts) {
        at = next;
    }
    parts
}

/// Reads what begins there; gives where to go on, or nothing at the end and where the end of what begins
/// is not there yet.
fn part(text: &str, at: usize, last: bool, parts: &mut Vec<StylePart>) -> Option<usize> {
    let rest = &text[at..];
    let mut found = |span: Range<usize>, sort| {
        if !rest[span.clone()].trim().is_empty() {
            parts.push(StylePart { span: at + span.start..at + span.end, sort });
        }
    };
    let begins = |word: &str| {
        let length = rest.len().min(word.len());
        rest.as_bytes()[..length].eq_ignore_ascii_case(&word.as_bytes()[..length])
    };
    match *rest.as_bytes().first()? {
        quote @ (b'"' | b'\'') => {
            let (span, end) = string(rest, 0, quote, last)?;
            found(span, Sort::Text);
            Some(at + end)
        }
        b'/' if begins("/*") => {
            let inside = rest.get(2..).filter(|_| last || rest.len() > 2)?;
            let length = inside.find("*/").or(last.then_some(inside.len()))?;
            found(2..2 + length, Sort::Comment);
            Some(at + (2 + length + 2).min(rest.len()))
        }
        // Behind it a name begins, of which its hyphens are no part (CSS Syntax, 4.3.1).
        b'<' if begins("<!--") => match rest.len() {
            4.. => Some(at + 4),
            _ => last.then_some(at + 1),
        },
        b'-' if begins("--") => {
            let span = variable(rest, last)?;
            let end = span.end;
            found(span, Sort::Variable);
            Some(at + end)
        }
        first if is_of_name(first) || matches!(first, b'\\' | b'#' | b'@') => {
            let name = name(rest, last)?;
            if !is_address(&rest[..name]) || !rest[name..].starts_with('(') {
                return Some(at + name.max(1));
            }
            let inside = name + 1;
            let open = rest.len() - rest[inside..].trim_start().len();
            match rest.as_bytes().get(open) {
                None if !last => None,
                Some(quote @ (b'"' | b'\'')) => {
                    let (span, end) = string(rest, open, *quote, last)?;
                    found(span, Sort::Url);
                    Some(at + end)
                }
                _ => {
                    let end = open + until(&rest[open..], |c| c == ')').or(last.then_some(rest.len() - open))?;
                    found(open..open + rest[open..end].trim_end().len(), Sort::Url);
                    Some(at + end)
                }
            }
        }
        _ => Some(at + rest.chars().next().map_or(1, char::len_utf8)),
    }
}

/// Whether a byte may stand in a name, or in a number with its unit; nothing (NUL) is read as a character.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, 0 | b'-' | b'_') || !byte.is_ascii()
}

/// The length of the name that stands there, with a mark before it; nothing where more of it may come.
fn name(rest: &str, last: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = usize::from(matches!(bytes.first(), Some(b'#' | b'@')));
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if at + 1 == bytes.len() => return last.then_some(at + 1),
            b'\\' if !matches!(bytes[at + 1], b'\n' | b'\r' | b'\x0c') => at += escape(&rest[at..]).1,
            byte if is_of_name(*byte) => at += 1,
            _ => return Some(at),
        }
    }
    last.then_some(bytes.len())
}

/// Whether what stands in brackets behind a name is an address.
fn is_address(name: &str) -> bool {
    name.eq_ignore_ascii_case("url")
        || (name.contains('\\')
            && decode(Quotes::one(Quote::Style), name).is_ok_and(|name| name.text.eq_ignore_ascii_case("url")))
}

/// The inside of the string whose quote stands there, and where what follows it begins; a line's end ends
/// it too.
fn string(text: &str, open: usize, quote: u8, last: bool) -> Option<(Range<usize>, usize)> {
    let inside = &text[open + 1..];
    let quote = char::from(quote);
    let ends = |c: char| c == quote || matches!(c, '\n' | '\r' | '\u{c}');
    let length = until(inside, ends).or(last.then_some(inside.len()))?;
    let end = open + 1 + length;
    Some((open + 1..end, end + usize::from(inside[length..].starts_with(quote))))
}

/// Where the value of the variable that is set here stands, as far as it is no string; an empty range
/// where none is set.
fn variable(rest: &str, last: bool) -> Option<Range<usize>> {
    let name = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(rest.len());
    let Some(value) = rest[name..].trim_start().strip_prefix(':') else {
        return (last || !rest[name..].trim_start().is_empty()).then_some(name..name);
    };
    let start = rest.len() - value.trim_start().len();
    let ends = |c: char| matches!(c, ';' | '}' | '{' | '"' | '\'' | '(' | '/');
    let length = until(&rest[start..], ends).or(last.then_some(rest.len() - start))?;
    Some(start..start + rest[start..start + length].trim_end().len())
}

/// The length up to the first character that ends something and is not escaped. A blank or a line's end behind the
/// digits of an escape belongs to it.
fn until(text: &str, ends: impl Fn(char) -> bool) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\\' => at += escape(&text[at..]).1,
            c if ends(c) => return Some(at),
            c => at += c.len_utf8(),
        }
    }
    None
}

/// Walks one style sheet: what it may hold of values, part by part.
pub struct StyleWalker {
    /// What is not yet read.
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    value_bytes: usize,
}

impl StyleWalker {
    /// A walker before the style sheet's first byte.
    pub fn new(bounds: &Bounds) -> StyleWalker {
        StyleWalker { held: Vec::new(), base: 0, value_bytes: bounds.value_bytes }
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let fault = str::from_utf8(&self.held).err();
        let readable = fault.map_or(self.held.len(), |fault| fault.valid_up_to());
        // A character that the cut went through is complete with the next bytes.
        if fault.is_some_and(|fault| fault.error_len().is_some() || last) {
            let at = self.base + readable;
            let note = format!("the style sheet cannot be read at byte {at}: invalid UTF-8");
            return Err(Refusal::new(Reason::Unreadable, note));
        }
        let text = str::from_utf8(&self.held[..readable]).unwrap_or_default();
        let (mut parts, mut at) = (Vec::new(), 0);
        while let Some(next) = part(text, at, last, &mut parts) {
            at = next;
        }
        for part in &parts {
            if part.span.len() > self.value_bytes {
                return Err(self.too_long());
            }
            show(text, part, self.base, sink)?;
        }
        self.base += at;
        self.held.drain(..at);
        // What is held has what opens it, and perhaps half of what ends it.
        if self.held.len() > self.value_bytes + 8 {
            return Err(self.too_long());
        }
        sink.settled(self.base)
    }

    fn too_long(&self) -> Refusal {
        let (at, bound) = (self.base, self.value_bytes);
        Refusal::new(Reason::Bound, format!("what begins at byte {at} of the style sheet is longer than {bound} bytes"))
    }
}

fn show(text: &str, part: &StylePart, base: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let raw = &text[part.span.clone()];
    // Style sheets and comments whose end was found decode whatever they meet.
    let Ok(decoded) = decode(Quotes::one(part.quote()), raw) else { return Ok(()) };
    let begin = base + part.span.start;
    let raw_of = |at: usize| begin + decoded.map.get(at).map_or(raw.len(), |at| *at as usize);
    let mut leaf = |text: &str, span: Range<usize>, sort: Part, quotes: Quotes, name: Option<&str>| {
        let names = name.map_or(Names::NONE, Names::one);
        sink.leaf(&Leaf { names, ..Leaf::bare(text, sort, &[Piece { span, at: 0, quotes }]) })
    };
    let whole = begin..begin + raw.len();
    match part.sort {
        Sort::Comment => leaf(&decoded.text, whole, Part::Comment, Quotes::one(part.quote()), None),
        Sort::Text | Sort::Variable => leaf(&decoded.text, whole, Part::Script, Quotes::one(part.quote()), None),
        Sort::Url => url::parts(&decoded.text).into_iter().try_for_each(|one| {
            let span = raw_of(one.span.start)..raw_of(one.span.end);
            leaf(&one.text, span, one.part, Quotes::two(one.quote, part.quote()), one.name.as_deref())
        }),
    }
}

impl Walker for StyleWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.held.extend_from_slice(chunk);
        self.read(false, sink)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.read(true, sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_value_is_found() {
        use Sort::{Comment, Text, Url, Variable};
        for (style, found) in [
            ("p { color: red }", &[][..]),
            (r#"p::after { content: "a\"b" attr(x) 'c' }"#, &[(r#"a\"b"#, Text), ("c", Text)]),
            ("/* a */b{} /* c", &[(" a ", Comment), (" c", Comment)]),
            ("a{b:url( /x?y=1 ) URL('z')}", &[("/x?y=1", Url), ("z", Url)]),
            ("--who: 山田 太郎 ; --n:\"x\"", &[("山田 太郎", Variable), ("x", Text)]),
            ("a{width:var(--w)} b--c: d", &[]),
            ("'a\nb'", &[("a", Text)]),
            ("\"a", &[("a", Text)]),
            ("url(a", &[("a", Url)]),
            (r"\'a 'b'", &[("b", Text)]),
            ("'a\\\r\nb' 'c", &[("a\\\r\nb", Text), ("c", Text)]),
            ("- -- --x u url( /", &[("/", Url)]),
            ("--x: ", &[]),
            ("0url(#\"a)b", &[("a)b", Text)]),
            ("\0url(\"a)b", &[("a)b", Text)]),
            (
                "#url(\"a)b\" @url('c)d' -url('e' --url('f)g'",
                &[("a)b", Text), ("c)d", Text), ("e", Text), ("f)g", Text)],
            ),
            (r"u\72 L(/a?b) \75rl('c')", &[("/a?b", Url), ("c", Url)]),
        ] {
            let shown: Vec<_> = parts(style).iter().map(|part| (&style[part.span.clone()], part.sort)).collect();
            assert_eq!(shown, found, "{style}");
        }
    }
}
