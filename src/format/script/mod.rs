//! Scripts: their strings, their comments, and the data that pages hand to them.
//!
//! A script's own code is structure; personal data stands in its strings, comments and long
//! numbers, and in JSON that a page assigns to a variable. A string that is put together out of
//! parts is shown in parts.

pub mod scan;

use std::ops::Range;

use crate::format::quote::decode;
use crate::format::script::scan::{Found, Scanner};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// A text in a script. It may hold personal data, so it has no `Debug`.
pub struct Literal {
    /// Where it stands, without its quotes.
    pub span: Range<usize>,
    /// The text, with its escapes undone.
    pub text: String,
    /// How it is written.
    pub quote: Quote,
    /// A string, a comment or a number.
    pub part: Part,
}

/// The texts of a complete script: strings, texts of templates, comments, long numbers.
pub fn strings(text: &str) -> impl Iterator<Item = Literal> {
    let mut scanner = Scanner::default();
    let mut at = 0;
    std::iter::from_fn(move || scanner.next(text, &mut at, true).map(|found| literal(text, found)))
}

/// Where data stands in a script that is nothing but data, or that assigns data to a variable:
/// `{…}`, `window.__STATE__ = {…};`. The part may turn out not to be JSON. What stands before and
/// behind it is script.
pub fn json_part(text: &str) -> Option<Range<usize>> {
    let code = text.trim_start();
    let opens = |text: &str| text.starts_with(['{', '[']);
    let start = if opens(code) {
        text.len() - code.len()
    } else {
        let equals = text.find('=')?;
        let value = text[equals + 1..].trim_start();
        if !is_target(text[..equals].trim()) || !opens(value) {
            return None;
        }
        text.len() - value.len()
    };
    Some(start..start + balanced(&text[start..])?)
}

/// Whether something can be assigned to this: `var a`, `window.a`, `window["a"]`.
fn is_target(text: &str) -> bool {
    let name = ["var ", "let ", "const "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text).trim();
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '[' | ']' | '"' | '\'' | '-' | ':');
    !name.is_empty() && name.chars().all(in_name)
}

/// The length of the bracketed text at the start, if its brackets close.
fn balanced(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn literal(text: &str, found: Found) -> Literal {
    let raw = &text[found.start..found.end];
    // Scripts' own quotings decode whatever they meet; a number stands for itself.
    let text = decode(Quotes::one(found.quote), raw).map_or_else(|_| raw.to_owned(), |decoded| decoded.text);
    Literal { span: found.start..found.end, text, quote: found.quote, part: found.part }
}

/// Walks one script file.
pub struct ScriptWalker {
    scanner: Scanner,
    /// What is not yet read.
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    value_bytes: usize,
}

impl ScriptWalker {
    /// A walker before the script's first byte.
    pub fn new(bounds: &Bounds) -> ScriptWalker {
        ScriptWalker { scanner: Scanner::default(), held: Vec::new(), base: 0, value_bytes: bounds.value_bytes }
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let fault = str::from_utf8(&self.held).err();
        let readable = fault.map_or(self.held.len(), |fault| fault.valid_up_to());
        // A character that the cut went through is complete with the next bytes.
        let broken = fault.is_some_and(|fault| fault.error_len().is_some() || last);
        let Ok(text) = str::from_utf8(&self.held[..readable]) else { return Err(self.unreadable(readable)) };
        let mut at = 0;
        while let Some(found) = self.scanner.next(text, &mut at, last && !broken) {
            if found.end - found.start > self.value_bytes {
                return Err(too_long(self.value_bytes));
            }
            show(&literal(text, found), self.base, sink)?;
        }
        if broken {
            return Err(self.unreadable(readable));
        }
        self.base += at;
        self.held.drain(..at);
        // What is held has its opening quote with it, and perhaps half an ending.
        if self.held.len() > self.value_bytes + 8 {
            return Err(too_long(self.value_bytes));
        }
        sink.settled(self.base)
    }

    fn unreadable(&self, at: usize) -> Refusal {
        let at = self.base + at;
        Refusal::new(Reason::Unreadable, format!("the script cannot be read at byte {at}: invalid UTF-8"))
    }
}

fn show(literal: &Literal, base: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let span = base + literal.span.start..base + literal.span.end;
    sink.leaf(&Leaf {
        text: &literal.text,
        part: literal.part,
        pieces: &[Piece { span, at: 0, quotes: Quotes::one(literal.quote) }],
        names: &[],
        above: &[],
        places: &[],
        record: 0,
        member: None,
        loosen: &[],
    })
}

fn too_long(bound: usize) -> Refusal {
    Refusal::new(Reason::Bound, format!("a string or comment of the script is longer than {bound} bytes"))
}

impl Walker for ScriptWalker {
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
    fn data_in_a_script_is_found() {
        for (script, data) in [
            (r#"{"a":1}"#, Some(r#"{"a":1}"#)),
            (" [1, 2] ", Some("[1, 2]")),
            (r#"window.__STATE__ = {"a":"}\"{\\"};next()"#, Some(r#"{"a":"}\"{\\"}"#)),
            (r#"var x={"a":{"b":[]}}"#, Some(r#"{"a":{"b":[]}}"#)),
            (r#"window["s"] = [{}];"#, Some("[{}]")),
            ("x == {}", None),
            ("a => {}", None),
            ("f(x = {})", None),
            ("x = 1", None),
            ("x = {", None),
            (r#"x = {"a"#, None),
            ("", None),
        ] {
            assert_eq!(json_part(script).map(|range| &script[range]), data, "{script}");
        }
    }
}
