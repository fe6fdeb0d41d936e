//! Scripts: their strings, their comments, and the data that pages hand to them.
//!
//! A script's own code is structure; personal data stands in its strings, comments and long
//! numbers, and in JSON that a page assigns to a variable. The name of a member or of a variable stands
//! at its value. A string that is put together out of parts is shown in parts, each with that name.

mod file;
mod loose;
mod naming;
mod padded;
pub mod scan;

use std::ops::Range;
use std::sync::Arc;

pub use self::file::ScriptWalker;
pub use self::padded::is_call;

use crate::format::quote::decode;
use crate::format::script::scan::{Found, Scanner};
use crate::terms::leaf::Part;
use crate::terms::quote::{Quote, Quotes};

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
    /// The name that stands at it: its member's, its variable's.
    pub name: Option<Arc<str>>,
    /// The names of the objects around it, the nearest first.
    pub above: Vec<Arc<str>>,
}

/// The texts of a complete script: strings, texts of templates, comments, long numbers.
pub fn strings(text: &str) -> impl Iterator<Item = Literal> {
    let mut scanner = Scanner::default();
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = scanner.next(text, &mut at, true)?;
        Some(literal(text, found, &scanner))
    })
}

/// Where data stands in a script: all of it, assigned to a variable, handed to a function. The parts
/// may turn out not to be JSON. What stands before, between and behind them is script.
pub fn json_parts(text: &str) -> Vec<Range<usize>> {
    let code = text.trim_start();
    // A template's text can only be told from code by all that stands before it.
    if code.starts_with(['{', '[']) || text.contains('`') {
        return json_part(text).into_iter().collect();
    }
    let mut scanner = Scanner::default();
    let (mut parts, mut at, mut from): (Vec<Range<usize>>, _, _) = (Vec::new(), 0, 0);
    let mut budget = text.len().saturating_mul(BRACKETS_READ);
    loop {
        let found = scanner.next(text, &mut at, true);
        let until = found.map_or(text.len(), |found| found.start);
        while let Some(open) = text.get(from..until).and_then(|code| code.find(['{', '['])).map(|open| from + open) {
            from = open + 1;
            if !may_open(&text[..open], &text[open..]) {
                continue;
            }
            let length = balanced(&text[open..]);
            budget = budget.saturating_sub(length.unwrap_or(text.len() - open));
            if budget == 0 {
                return parts;
            }
            if let Some(length) = length {
                parts.push(open..open + length);
                from = open + length;
            }
        }
        match found {
            Some(found) => from = from.max(found.end),
            None => return parts,
        }
    }
}

/// The name that a script gives to what stands behind this text: `tels` in `tels: ` and `c.tels =`.
pub fn name_before(text: &str) -> Option<String> {
    let named = text.trim_end().strip_suffix([':', '='])?.trim_end();
    let named = named.strip_suffix(']').map_or(named, str::trim_end);
    let name = match named.strip_suffix(['"', '\'', '`']) {
        Some(inner) => inner.rsplit_once(['"', '\'', '`'])?.1,
        None => {
            let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '\\');
            &named[named
                .rfind(|c: char| !in_name(c))
                .map_or(0, |at| at + named[at..].chars().next().map_or(1, char::len_utf8))..]
        }
    };
    let decoded = decode(Quotes::one(Quote::Script { quote: b'"' }), name).ok()?;
    (!decoded.text.is_empty() && decoded.text.len() <= naming::NAME_BYTES).then_some(decoded.text)
}

impl Literal {
    /// Whether data may stand in it, for `JSON.parse`.
    pub fn may_be_data(&self) -> bool {
        self.part == Part::Script && self.quote != Quote::JsonBare && self.text.trim_start().starts_with(['{', '['])
    }
}

/// How often a script may be read over in search of brackets that close.
const BRACKETS_READ: usize = 8;

/// Whether a bracket between these may open data and is no block, index or list of names.
fn may_open(before: &str, rest: &str) -> bool {
    let inner = rest[1..].trim_start();
    let opens = if rest.starts_with('{') { inner.starts_with('"') } else { inner.starts_with(['"', '{', '[']) };
    let before = before.trim_end().chars().next_back();
    opens && before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '$' | ')' | ']' | '"' | '\'')))
}

/// Where data stands in a script that is nothing but data, or that assigns data to a variable:
/// `{…}`, `window.__STATE__ = {…};`.
fn json_part(text: &str) -> Option<Range<usize>> {
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

fn literal(text: &str, found: Found, scanner: &Scanner) -> Literal {
    let raw = &text[found.start..found.end];
    // Scripts' own quotings decode whatever they meet; a number stands for itself.
    let text = decode(Quotes::one(found.quote), raw).map_or_else(|_| raw.to_owned(), |decoded| decoded.text);
    let (name, above) = (scanner.name(), scanner.above().to_vec());
    Literal { span: found.start..found.end, text, quote: found.quote, part: found.part, name, above }
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

    #[test]
    fn data_has_the_name_that_stands_before_it() {
        for (before, name) in [
            ("{a: 1, tels: ", Some("tels")),
            ("var c={};c.tels =", Some("tels")),
            (r#"c["tels"] = "#, Some("tels")),
            (r#"{"te\u006cs": "#, Some("tels")),
            ("住所: ", Some("住所")),
            ("f(", None),
            (": ", None),
            ("", None),
        ] {
            assert_eq!(name_before(before).as_deref(), name, "{before}");
        }
    }

    #[test]
    fn data_is_found_behind_other_code() {
        for (script, data) in [
            (r#"var a=1; var s={"a":1}; f({"b":[2]}, [{"c":3}])"#, &[r#"{"a":1}"#, r#"{"b":[2]}"#, r#"[{"c":3}]"#][..]),
            (r#"if (x) {"use strict"; g(["a"])}"#, &[r#"["a"]"#]),
            (r#"a["b"] = '{"c":1}'; // {"d":1}"#, &[]),
            (r#"f({a: {"b": 1}})"#, &[r#"{"b": 1}"#]),
            (r#"f({"a": "#, &[]),
            (r#"x = `${ {"a":1} }`"#, &[]),
            ("", &[]),
        ] {
            let found: Vec<&str> = json_parts(script).into_iter().map(|range| &script[range]).collect();
            assert_eq!(found, data, "{script}");
        }
    }
}
