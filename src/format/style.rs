//! Style sheets taken apart: what of them may hold a value.
//!
//! `content` shows text to people, `url()` asks the CRM for something, variables carry what scripts
//! read, comments hold what nobody removed. The rest is structure.

use std::ops::Range;

use crate::terms::quote::Quote;

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
    while at < text.len() {
        at = part(text, at, &mut parts);
    }
    parts
}

/// Reads what begins there; gives where to go on.
fn part(text: &str, at: usize, parts: &mut Vec<StylePart>) -> usize {
    let rest = &text[at..];
    let mut found = |span: Range<usize>, sort| {
        if !text[span.clone()].trim().is_empty() {
            parts.push(StylePart { span, sort });
        }
    };
    match rest.as_bytes()[0] {
        quote @ (b'"' | b'\'') => {
            let (length, closing) = string(&rest[1..], quote);
            found(at + 1..at + 1 + length, Sort::Text);
            at + 1 + length + closing
        }
        b'/' if rest.starts_with("/*") => {
            let inside = &rest[2..];
            let length = inside.find("*/").unwrap_or(inside.len());
            found(at + 2..at + 2 + length, Sort::Comment);
            (at + 2 + length + 2).min(text.len())
        }
        b'-' if rest.starts_with("--") => match variable(rest) {
            Some(inside) => {
                found(at + inside.start..at + inside.end, Sort::Variable);
                at + inside.end
            }
            None => at + 2,
        },
        b'u' | b'U' if starts_url(rest) => {
            let open = 4 + rest[4..].len() - rest[4..].trim_start().len();
            match rest.as_bytes().get(open) {
                Some(quote @ (b'"' | b'\'')) => {
                    let (length, closing) = string(&rest[open + 1..], *quote);
                    found(at + open + 1..at + open + 1 + length, Sort::Url);
                    at + open + 1 + length + closing
                }
                _ => {
                    let length = until(&rest[open..], |c| c == ')');
                    let bare = rest[open..open + length].trim_end().len();
                    found(at + open..at + open + bare, Sort::Url);
                    at + open + length
                }
            }
        }
        b'\\' => at + 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        _ => at + rest.chars().next().map_or(1, char::len_utf8),
    }
}

fn starts_url(rest: &str) -> bool {
    rest.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("url("))
}

/// The length of a string, and that of the quote that ends it; a line's end ends it too.
fn string(inside: &str, quote: u8) -> (usize, usize) {
    let quote = char::from(quote);
    let length = until(inside, |c| c == quote || matches!(c, '\n' | '\r' | '\u{c}'));
    (length, usize::from(inside[length..].starts_with(quote)))
}

/// Where the value of the variable that is set here stands, as far as it is no string.
fn variable(rest: &str) -> Option<Range<usize>> {
    let name = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(rest.len());
    let value = rest[name..].trim_start().strip_prefix(':')?.trim_start();
    let start = rest.len() - value.len();
    let end = start + until(value, |c| matches!(c, ';' | '}' | '{' | '"' | '\'' | '(' | '/'));
    Some(start..start + rest[start..end].trim_end().len())
}

/// The length up to the first character that ends something and is not escaped.
fn until(text: &str, ends: impl Fn(char) -> bool) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if ends(c) => return at,
            _ => {}
        }
    }
    text.len()
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
            ("a{width:var(--w)} b--c: d", &[("d", Variable)]),
            ("'a\nb'", &[("a", Text)]),
            ("\"a", &[("a", Text)]),
            ("url(a", &[("a", Url)]),
            (r"\'a 'b'", &[("b", Text)]),
        ] {
            let shown: Vec<_> = parts(style).iter().map(|part| (&style[part.span.clone()], part.sort)).collect();
            assert_eq!(shown, found, "{style}");
        }
    }
}
