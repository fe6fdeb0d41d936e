//! What no code can be: texts that stand in a script where its strings were told wrongly.
//!
//! Whether a slash divides or opens a regular expression is a guess, and a script may be broken. Where the guess is
//! wrong, what is a string is read as code, which nobody looks into. Code does not look so: two words side by side
//! are none, nor a word right beside a string. What stands between two strings of such a line is a text.

use crate::format::script::scan::is_word;

/// A part of a script between two of its strings, comments or lines.
pub(super) struct Run {
    /// How long it is.
    pub(super) length: usize,
    /// Whether it is a text, and no code.
    pub(super) is_text: bool,
}

/// Words that stand beside others, in the script's language or in one that is nearly that, sorted.
const KEYWORDS: &[&str] = &[
    "abstract",
    "accessor",
    "as",
    "assert",
    "asserts",
    "async",
    "await",
    "break",
    "by",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "declare",
    "default",
    "defer",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "finally",
    "for",
    "from",
    "function",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "infer",
    "instanceof",
    "interface",
    "is",
    "keyof",
    "let",
    "module",
    "namespace",
    "new",
    "of",
    "out",
    "override",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "return",
    "satisfies",
    "set",
    "static",
    "switch",
    "throw",
    "track",
    "try",
    "type",
    "typeof",
    "unique",
    "using",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// No longer part is looked at as one.
const BYTES_MAX: usize = 4096;

/// The part that begins there, right behind a string or not, and in a template or not; nothing if its end is still
/// to come.
pub(super) fn run(text: &str, behind_string: bool, in_template: bool, last: bool) -> Option<Run> {
    let bytes = text.as_bytes();
    let ends = |at: usize| match bytes[at] {
        b'"' | b'\'' | b'`' | b'/' | b'\n' | b'\r' => true,
        b'}' => in_template,
        b'<' => bytes[at..].starts_with(b"<!--"),
        _ => false,
    };
    let (mut at, mut is_text, mut beside) = (0, false, behind_string);
    while at < bytes.len() && !ends(at) {
        if at >= BYTES_MAX {
            return Some(Run { length: at, is_text });
        }
        if !is_word(bytes[at]) {
            beside &= bytes[at].is_ascii_whitespace();
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - at);
        let operand = KEYWORDS.binary_search(&&text[at..at + length]).is_err();
        is_text |= beside && operand;
        beside = operand;
        at += length;
    }
    if at == bytes.len() && !last {
        return None;
    }
    // A template may stand behind a word, which reads it.
    is_text |= beside && at > 0 && matches!(bytes.get(at), Some(b'"' | b'\''));
    Some(Run { length: at, is_text })
}

/// How long the number is that dashes part, as a telephone's: in code it would be a sum.
pub(super) fn number(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for (group, (least, most)) in [(2, 5), (1, 4), (3, 4)].into_iter().enumerate() {
        if group > 0 {
            at += usize::from(text.get(at) == Some(&b'-'));
        }
        let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(least..=most).contains(&digits) {
            return None;
        }
        at += digits;
    }
    let goes_on = text.get(at).is_some_and(|byte| is_word(*byte) || matches!(byte, b'-' | b'.'));
    (!goes_on).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_code_can_be_is_a_text() {
        assert!(KEYWORDS.is_sorted());
        for (code, behind, expected) in [
            ("var a = b + c; return d(1, e)", false, None),
            ("const x=async y=>", false, None),
            ("import a, {b as c} from \"x\"", false, None),
            ("case\"x\"", false, None),
            ("html`x`", false, None),
            (") + f(", true, None),
            (".length > 3 ? a : b;", true, None),
            ("\nfoo", true, None),
            ("~山田 太郎;", false, Some(15)),
            ("山田\"", false, Some(6)),
            ("山田", true, Some(6)),
            ("090-1234-5678; x(", true, Some(17)),
        ] {
            let run = run(code, behind, false, true).expect("a part");
            assert_eq!(run.is_text.then_some(run.length), expected, "{code}");
        }
        assert_eq!(run("a} b c", false, true, true).map(|run| run.length), Some(1));
        assert!(run("a b", false, false, false).is_none());
        let long = "x ".repeat(BYTES_MAX);
        assert_eq!(run(&long, false, false, false).map(|run| run.length), Some(BYTES_MAX));
    }

    #[test]
    fn a_telephones_number_is_one() {
        for (code, length) in
            [("090-1234-5678)", Some(13)), ("03-1-1234", Some(9)), ("1-2-3", None), ("090-1234-5678-9", None)]
        {
            assert_eq!(number(code.as_bytes()), length, "{code}");
        }
    }
}
