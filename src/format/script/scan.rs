//! A JavaScript source taken apart far enough to find its strings.
//!
//! Only what a string, a comment or a regular expression could be confused with is told apart.
//! Whether `/` divides or opens a regular expression is guessed by what stands before it; what was
//! taken for a regular expression is shown too, so that a wrong guess hides nothing.

use std::sync::Arc;

use crate::format::json::text::is_number;
use crate::format::script::loose;
use crate::format::script::naming::Naming;
use crate::terms::leaf::Part;
use crate::terms::quote::Quote;

/// From how many digits on a number in a script is shown: enough for any number of a person.
const DIGITS: usize = 6;

/// Words behind which `/` opens a regular expression.
const BEFORE_OPERAND: [&str; 14] = [
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "instanceof",
    "else",
    "do",
    "await",
    "yield",
];

/// A text in a script, as it is written: a string, a template's text, a comment, a long number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub part: Part,
    /// How it is written.
    pub quote: Quote,
    /// Where it begins, behind its quote.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Reads one script; the text may come in pieces, if what was not read comes again.
#[derive(Default)]
pub struct Scanner {
    /// Whether the last token was an operand, so that `/` divides.
    after_operand: bool,
    /// The braces that are open; `true` for those that lead back into a template.
    braces: Vec<bool>,
    /// How many of those are open.
    templates: usize,
    /// Inside a template's text.
    in_template: bool,
    /// Inside a comment.
    in_comment: Option<Comment>,
    /// The brackets that are open; `true` for those of a condition, and whether one is about to open.
    conditions: Vec<bool>,
    behind_condition: bool,
    /// The last byte that belonged to no word.
    before: u8,
    /// How much of what comes was looked through for texts that were taken for code.
    code: usize,
    /// A string has just ended.
    behind_string: bool,
    /// The name at a text that was taken for code.
    loose_name: Option<Option<Arc<str>>>,
    naming: Naming,
    /// An expression begins in a template, behind the text that was found.
    enters: bool,
    /// The name that stands at the last text that was found, and those of the objects around it.
    name: Option<Arc<str>>,
    above: Vec<Arc<str>>,
}

/// A comment of which more is to come.
#[derive(Clone, Copy)]
struct Comment {
    /// What ends it; nothing where its line does.
    closing: Option<&'static str>,
    /// How far on its end is, if that has been looked for: it may hold many marks.
    length: Option<usize>,
}

/// What was found at a place, and where to go on.
enum Step {
    Found(Found, usize),
    Nothing(usize),
    /// The token's end is not there yet.
    Unfinished,
}

impl Scanner {
    /// The name that stands at the text that was found last.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.clone()
    }

    /// The names of the objects around it, the nearest first.
    pub fn above(&self) -> &[Arc<str>] {
        &self.above
    }

    /// The next text from `at` on. If there is none, `at` is where the text ends or, unless it is
    /// the last, where an unfinished token begins.
    pub fn next(&mut self, text: &str, at: &mut usize, last: bool) -> Option<Found> {
        while *at < text.len() {
            let step = match self.loose(text, *at, last) {
                Some(loose) => loose,
                None => self.step(text, *at, last),
            };
            if let Step::Found(_, end) | Step::Nothing(end) = &step {
                self.code = self.code.saturating_sub(end - *at);
            }
            match step {
                Step::Found(found, end) => {
                    *at = end;
                    let is_string = matches!(found.quote, Quote::Script { quote: b'"' | b'\'' | b'`' });
                    self.behind_string = is_string && found.end < end && !self.in_template && !self.enters;
                    let is_comment = found.part == Part::Comment;
                    let loose = self.loose_name.take();
                    self.name = loose.unwrap_or_else(|| self.naming.name()).filter(|_| !is_comment);
                    self.above = if is_comment { Vec::new() } else { self.naming.above() };
                    if std::mem::take(&mut self.enters) {
                        self.naming.byte(b'{', None);
                    }
                    if found.start < found.end {
                        if matches!(found.quote, Quote::Script { quote: b'"' | b'\'' }) {
                            self.naming.word(&text[found.start..found.end]);
                        }
                        return Some(found);
                    }
                }
                Step::Nothing(end) => *at = end,
                Step::Unfinished => return None,
            }
        }
        None
    }

    /// A word was read: what it says of a slash behind it.
    fn behind_word(&mut self, word: &[u8]) {
        self.after_operand = !BEFORE_OPERAND.iter().any(|before| before.as_bytes() == word);
        self.behind_condition = matches!(word, b"if" | b"while" | b"for" | b"with");
        self.before = 0;
    }

    /// A text that stands there in the place of code, if it does or that cannot be told yet.
    fn loose(&mut self, text: &str, at: usize, last: bool) -> Option<Step> {
        if self.code > 0 || self.in_comment.is_some() || self.in_template {
            return None;
        }
        let Some(run) = loose::run(&text[at..], self.behind_string, self.templates > 0, last) else {
            return Some(Step::Unfinished);
        };
        self.behind_string = false;
        self.code = run.length;
        if !run.is_text {
            return None;
        }
        let part = &text[at..at + run.length];
        self.loose_name = Some(self.read_over(part));
        let start = at + part.len() - part.trim_start().len();
        let found =
            Found { part: Part::Script, quote: Quote::Script { quote: b'/' }, start, end: at + part.trim_end().len() };
        Some(Step::Found(found, at + part.len()))
    }

    /// Reads such a text as code all the same: what stands behind it may be code. Gives the first name in it.
    fn read_over(&mut self, part: &str) -> Option<Arc<str>> {
        let (bytes, mut at, mut name) = (part.as_bytes(), 0, None);
        while at < bytes.len() {
            if !is_word(bytes[at]) {
                self.punctuation(bytes[at], bytes.get(at + 1).copied());
                at += 1;
                continue;
            }
            name = name.or_else(|| self.naming.name());
            let length = bytes[at..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - at);
            let word = &bytes[at..at + length];
            self.behind_word(word);
            if !word[0].is_ascii_digit() {
                self.naming.word(&part[at..at + length]);
            }
            at += length;
        }
        name
    }

    fn step(&mut self, text: &str, at: usize, last: bool) -> Step {
        let rest = &text.as_bytes()[at..];
        if let Some(comment) = self.in_comment.take() {
            return self.comment(text, at, 0, comment, last);
        }
        if self.in_template {
            return self.template(rest, at, last);
        }
        match rest[0] {
            quote @ (b'"' | b'\'') => self.string(rest, at, quote, last),
            b'`' => {
                self.in_template = true;
                Step::Nothing(at + 1)
            }
            b'/' => self.slash(text, at, last),
            b'<' if b"<!--".starts_with(&rest[..rest.len().min(4)]) => match rest.len() {
                4.. => self.comment(text, at, 4, Comment::new(None), last),
                _ if !last => Step::Unfinished,
                _ => Step::Nothing(text.len()),
            },
            byte if is_word(byte) => self.word(text, at, last),
            // Whether `=` gives a value is only seen behind it.
            b'=' | b'?' | b'+' | b'|' | b'&' if rest.len() == 1 && !last => Step::Unfinished,
            byte => {
                self.punctuation(byte, rest.get(1).copied());
                Step::Nothing(at + 1)
            }
        }
    }

    fn punctuation(&mut self, byte: u8, next: Option<u8>) {
        self.naming.byte(byte, next);
        let is_twice = matches!(byte, b'+' | b'-') && self.before == byte;
        match byte {
            b'(' => self.conditions.push(self.behind_condition),
            b'{' => self.braces.push(false),
            b'}' => {
                self.in_template = self.braces.pop() == Some(true);
                self.templates -= usize::from(self.in_template);
            }
            _ => {}
        }
        // Behind `if (x)` an operand begins, behind `x++` none.
        let is_condition = byte == b')' && self.conditions.pop() == Some(true);
        self.before = byte;
        if !byte.is_ascii_whitespace() {
            self.after_operand = is_twice || (matches!(byte, b')' | b']') && !is_condition);
            self.behind_condition = false;
        }
    }

    /// A comment, or what is left of it. The marks of an HTML comment stay out of what is shown: to a page
    /// they tell whether `<script` and `</script` in here count, and an edit of all else must not change that.
    fn comment(&mut self, text: &str, at: usize, opening: usize, comment: Comment, last: bool) -> Step {
        let start = at + opening;
        let inside = &text[start..];
        let closing = comment.closing;
        let quote = Quote::Script { quote: if closing.is_some() { b'*' } else { b'\n' } };
        let found = comment.length.or_else(|| match closing {
            Some(closing) => inside.find(closing),
            None => inside.find(['\n', '\r', '\u{2028}', '\u{2029}']),
        });
        if found.is_none() && !last {
            self.in_comment = (opening == 0).then_some(comment);
            return Step::Unfinished;
        }
        let length = found.unwrap_or(inside.len());
        let (length, behind) = match mark(&inside[..length]) {
            Some((at, mark)) => {
                self.in_comment =
                    Some(Comment { length: Some(length - at - mark).filter(|_| found.is_some()), ..comment });
                (at, at + mark)
            }
            None => (length, length + found.map_or(0, |_| closing.map_or(0, str::len))),
        };
        Step::Found(Found { part: Part::Comment, quote, start, end: start + length }, start + behind)
    }

    fn string(&mut self, rest: &[u8], at: usize, quote: u8, last: bool) -> Step {
        let quoting = Quote::Script { quote };
        // A line break ends a string only where the guess before it was wrong.
        let (length, closed) = match until(rest, 1, |byte| byte == quote || byte == b'\n' || byte == b'\r') {
            Some(length) => (length, rest[length] == quote),
            None if !last => return Step::Unfinished,
            None => (rest.len(), false),
        };
        self.after_operand = true;
        let found = Found { part: Part::Script, quote: quoting, start: at + 1, end: at + length };
        Step::Found(found, at + length + usize::from(closed))
    }

    fn template(&mut self, rest: &[u8], at: usize, last: bool) -> Step {
        let mut from = 0;
        let (length, skip) = loop {
            match until(rest, from, |byte| byte == b'`' || byte == b'$') {
                Some(end) if rest[end] == b'`' => break (end, 1),
                Some(end) if rest.get(end + 1) == Some(&b'{') => break (end, 2),
                Some(end) => from = end + 1,
                None if !last => return Step::Unfinished,
                None => break (rest.len(), 0),
            }
        };
        self.in_template = false;
        self.after_operand = skip == 1;
        if skip == 2 {
            self.braces.push(true);
            self.templates += 1;
            self.enters = true;
        }
        let quote = Quote::Script { quote: b'`' };
        Step::Found(Found { part: Part::Script, quote, start: at, end: at + length }, at + length + skip)
    }

    fn slash(&mut self, text: &str, at: usize, last: bool) -> Step {
        let rest = &text.as_bytes()[at..];
        match rest.get(1) {
            None if !last => Step::Unfinished,
            Some(b'/') => self.comment(text, at, 2, Comment::new(None), last),
            Some(b'*') => self.comment(text, at, 2, Comment::new(Some("*/")), last),
            _ if self.after_operand => {
                self.after_operand = false;
                Step::Nothing(at + 1)
            }
            _ => self.regex(rest, at, last),
        }
    }

    fn regex(&mut self, rest: &[u8], at: usize, last: bool) -> Step {
        let mut in_class = false;
        let end = until(rest, 1, |byte| {
            in_class = (in_class || byte == b'[') && byte != b']';
            byte == b'\n' || byte == b'\r' || (byte == b'/' && !in_class)
        });
        match end {
            Some(length) if rest[length] == b'/' => {
                self.after_operand = true;
                let quote = Quote::Script { quote: b'/' };
                Step::Found(Found { part: Part::Script, quote, start: at + 1, end: at + length }, at + length + 1)
            }
            None if !last => Step::Unfinished,
            // No regular expression goes over a line's end: it was a division.
            _ => Step::Nothing(at + 1),
        }
    }

    fn word(&mut self, text: &str, at: usize, last: bool) -> Step {
        let rest = &text.as_bytes()[at..];
        let number = rest[0].is_ascii_digit();
        let in_word = |byte: &u8| is_word(*byte) || (number && *byte == b'.');
        let length = rest.iter().position(|byte| !in_word(byte)).unwrap_or(rest.len());
        if length == rest.len() && !last {
            return Step::Unfinished;
        }
        let word = &rest[..length];
        self.behind_word(word);
        if let Some(length) = number.then(|| loose::number(rest)).flatten() {
            let part = if self.naming.is_named() { Part::Script } else { Part::Number };
            return Step::Found(Found { part, quote: Quote::JsonBare, start: at, end: at + length }, at + length);
        }
        let end = at + length;
        let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
        // Old scripts may write a number with a leading zero. A short one counts where it is given a name.
        let named = self.naming.is_named();
        let long = digits >= if named { 1 } else { DIGITS };
        if long && (digits == length || is_number(word)) {
            let part = if named { Part::Script } else { Part::Number };
            return Step::Found(Found { part, quote: Quote::JsonBare, start: at, end }, end);
        }
        self.naming.word(&text[at..end]);
        Step::Nothing(end)
    }
}

impl Comment {
    fn new(closing: Option<&'static str>) -> Comment {
        Comment { closing, length: None }
    }
}

/// Where the first mark of an HTML comment stands in a text, and how long it is.
fn mark(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let marks: [&[u8]; 2] = [b"-->", b"<!--"];
    memchr::memchr2_iter(b'-', b'<', bytes)
        .find_map(|at| marks.iter().find(|mark| bytes[at..].starts_with(mark)).map(|mark| (at, mark.len())))
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'\\') || !byte.is_ascii()
}

/// The offset of the first byte, from `from` on, that ends the token and is not escaped.
fn until(rest: &[u8], mut from: usize, mut ends: impl FnMut(u8) -> bool) -> Option<usize> {
    while let Some(byte) = rest.get(from) {
        if *byte == b'\\' {
            // A line that goes on is CR LF in some files.
            from += if rest[from..].starts_with(b"\\\r\n") { 3 } else { 2 };
        } else if ends(*byte) {
            return Some(from);
        } else {
            from += 1;
        }
    }
    None
}
