//! What servers write around JSON: a prefix that keeps other sites from running it as a script, or a
//! callback's name so that they can.
//!
//! Only what is listed here is taken for such; whatever else stands before the JSON is for the JSON's
//! own walker, which refuses it. Behind a call nothing may stand but its end, nor behind an error of Aura (Salesforce). JSON
//! in a comment (`/*{…}*/`) is refused: a veil's asterisks before a slash would end the comment.

use crate::format::json::JsonWalker;
use crate::format::json::run::Text;
use crate::format::json::scan::unreadable;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::Refusal;

/// What makes a script of the JSON behind it end, or never begin.
const PREFIXES: [&str; 13] = [
    ")]}'",
    "while(1);",
    "while (1);",
    "while(true);",
    "for(;;);",
    "for (;;);",
    "&&&START&&&",
    "throw 1; <dont be evil>",
    "throw 1; <don't be evil>",
    "throw 1; < don't be evil' >",
    "])}while(1);</x>",
    "{}&&",
    "{} &&",
];

/// What stands around an error of Aura, in place of `while(1);` before it.
const ERROR: (&[u8], &[u8]) = (b"*/", b"/*ERROR*/");

/// What stands behind the data of a call; a semicolon may follow.
const CALL_END: &[u8] = b")";

/// What stands before the data of a call is no longer.
const CALL_BYTES: usize = 512;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// How a body begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// With JSON, or with nothing that is known.
    Plain,
    /// With so many bytes that make it no script.
    Guarded(usize),
    /// With so many bytes of a call.
    Called(usize),
    /// As an error that ends otherwise.
    Failed(usize),
    /// More of it has to come.
    Open,
}

/// What stands at the front of JSON with such a prefix; all of it where there is none.
pub fn without_prefix(text: &[u8]) -> &[u8] {
    let guarded = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix.as_bytes()));
    guarded.map_or(text, |rest| rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start())
}

/// Whether a body that is called a script begins as data in the brackets of a call.
pub fn is_called(first: &[u8]) -> bool {
    before_data(first, true).flatten().is_some()
}

/// How many bytes of a call stand before its data, if it has some; nothing as long as more of it has to
/// come.
pub fn before_data(held: &[u8], last: bool) -> Option<Option<usize>> {
    let length = match begins(held, last) {
        Begins::Called(length) => length,
        Begins::Open => return None,
        Begins::Plain | Begins::Guarded(_) | Begins::Failed(_) => return Some(None),
    };
    match held[length..].trim_ascii_start().first() {
        None if !last => None,
        first => Some(first.filter(|first| matches!(first, b'{' | b'[')).map(|_| length)),
    }
}

fn begins(held: &[u8], last: bool) -> Begins {
    let open = if last { Begins::Plain } else { Begins::Open };
    let text = held.strip_prefix(MARK).unwrap_or(held).trim_ascii_start();
    let before = held.len() - text.len();
    match text.first() {
        None => return open,
        Some(b'{') if is_guarded_object(text, last) => {}
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9') => return Begins::Plain,
        _ if before == 0 && MARK.starts_with(text) => return open,
        Some(_) => {}
    }
    for prefix in PREFIXES.map(str::as_bytes) {
        if let Some(rest) = text.strip_prefix(prefix) {
            return match rest.first() {
                None => open,
                Some(comma) => Begins::Guarded(before + prefix.len() + usize::from(*comma == b',')),
            };
        }
    }
    if ERROR.0.starts_with(text) && !last {
        return open;
    }
    if text.starts_with(ERROR.0) {
        return Begins::Failed(before + ERROR.0.len());
    }
    match call(text) {
        // `while(` may go on as `while(1);`.
        _ if !last && PREFIXES.iter().any(|prefix| prefix.as_bytes().starts_with(text)) => open,
        Call::Of(length) => Begins::Called(before + length),
        Call::Open if held.len() <= CALL_BYTES => open,
        Call::None | Call::Open => Begins::Plain,
    }
}

/// Whether a text may go on as `{}&&`, whose braces are not the data's.
fn is_guarded_object(text: &[u8], last: bool) -> bool {
    let guards = PREFIXES.iter().map(|prefix| prefix.as_bytes()).filter(|prefix| prefix.starts_with(b"{"));
    guards.into_iter().any(|prefix| text.starts_with(prefix) || (!last && prefix.starts_with(text)))
}

enum Call {
    /// With its bracket it is so long.
    Of(usize),
    None,
    Open,
}

/// `callback(`, `/**/ a.b["c"](`, `typeof callback === 'function' && callback(`.
fn call(text: &[u8]) -> Call {
    let mut rest = text;
    while rest.starts_with(b"/*") {
        let Some(end) = memchr::memmem::find(&rest[2..], b"*/") else { return Call::Open };
        rest = rest[end + 4..].trim_ascii_start();
    }
    if rest == b"/" {
        return Call::Open;
    }
    let (mut name, mut behind) = word(rest);
    if name == b"typeof" {
        let (asked, after) = word(behind);
        let Some(after) = skip(after, &[b"==="]).and_then(|after| skip(after, &[b"'function'", b"\"function\""]))
        else {
            return if behind.len() < CALL_BYTES && !behind.contains(&b'(') { Call::Open } else { Call::None };
        };
        let Some(after) = skip(after, &[b"&&"]) else {
            return if after.len() < 2 { Call::Open } else { Call::None };
        };
        (name, behind) = word(after);
        if !behind.is_empty() && name != asked {
            return Call::None;
        }
    }
    match behind.first() {
        None => Call::Open,
        Some(b'(') if !name.is_empty() => Call::Of(text.len() - behind.len() + 1),
        Some(_) => Call::None,
    }
}

/// A name, and what stands behind it and the blanks there.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_$.[]\"'".contains(&byte) || !byte.is_ascii();
    let length = text.iter().take_while(|byte| in_name(**byte)).count();
    (&text[..length], text[length..].trim_ascii_start())
}

fn skip<'t>(text: &'t [u8], words: &[&[u8]]) -> Option<&'t [u8]> {
    words.iter().find_map(|word| text.strip_prefix(*word)).map(<[u8]>::trim_ascii_start)
}

/// Walks one JSON document and what is written around it.
pub struct WrappedJson {
    json: JsonWalker,
    stage: Stage,
    /// What came before it was known what it is.
    held: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    /// Nothing stands behind the JSON.
    Plain,
    /// Behind the JSON this has to stand.
    Within(&'static [u8]),
    /// Behind the JSON, where this is still to come.
    Closing(&'static [u8]),
    /// Behind a call's bracket.
    Closed,
    /// Behind all that may come.
    Ended,
}

impl WrappedJson {
    /// A walker before a body's first byte.
    pub fn new(json: JsonWalker) -> WrappedJson {
        WrappedJson { json, stage: Stage::Before, held: Vec::new() }
    }

    /// Looks at the beginning, and reads what is behind it once that is known.
    fn begin(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let (stage, length) = match begins(&self.held, last) {
            Begins::Open => return Ok(()),
            Begins::Plain => (Stage::Plain, 0),
            Begins::Guarded(length) => (Stage::Plain, length),
            Begins::Called(length) => {
                self.show_call(length, sink)?;
                (Stage::Within(CALL_END), length)
            }
            Begins::Failed(length) => (Stage::Within(ERROR.1), length),
        };
        self.stage = stage;
        let held = std::mem::take(&mut self.held);
        if length > 0 {
            self.json.scanner.begin_behind(length);
        }
        self.read(&held[length..], sink)
    }

    /// The callback's name is staff's word or the server's; it is looked at like any text of a script.
    fn show_call(&self, length: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let text = str::from_utf8(&self.held[..length]).map_err(|e| unreadable(e.valid_up_to(), "invalid UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let piece = Piece { span: length - text.len()..length, at: 0, quotes: Quotes::one(Quote::Verbatim) };
        sink.leaf(&Leaf::bare(text, Part::Script, &[piece]))
    }

    fn read(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        match self.stage {
            Stage::Plain => self.json.write(chunk, sink),
            Stage::Within(end) => {
                let at = self.json.until_complete(chunk, sink)?;
                if self.json.is_complete() {
                    self.stage = Stage::Closing(end);
                    self.close(&chunk[at..], sink)?;
                }
                Ok(())
            }
            _ => self.close(chunk, sink),
        }
    }

    fn close(&mut self, rest: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        for (at, byte) in rest.iter().enumerate() {
            self.stage = match (self.stage, byte) {
                (Stage::Closing(CALL_END), b')') => Stage::Closed,
                (Stage::Closing([next]), byte) if next == byte => Stage::Ended,
                (Stage::Closing([next, rest @ ..]), byte) if next == byte => Stage::Closing(rest),
                (
                    Stage::Closing(CALL_END | b"/*ERROR*/") | Stage::Closed | Stage::Ended,
                    b' ' | b'\t' | b'\r' | b'\n',
                ) => self.stage,
                (Stage::Closed, b';') => Stage::Ended,
                _ => {
                    let at = self.json.scanner.position() + at;
                    return Err(unreadable(at, "behind the data of a call or an error stands more than its end"));
                }
            };
        }
        self.json.scanner.pass(rest);
        sink.settled(self.json.scanner.position())
    }
}

impl JsonWalker {
    /// Reads until the document is complete, and tells how far that is.
    fn until_complete(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<usize, Refusal> {
        let mut at = 0;
        let mut text = None;
        while !self.is_complete() {
            if let Some(base) = self.scanner.between() {
                at = self.tree.run(text.get_or_insert_with(|| Text::of(chunk, at, base)), at, sink)?;
                if self.is_complete() {
                    break;
                }
            }
            match self.scanner.next(chunk, &mut at)? {
                Some(found) => self.tree.take(found, sink)?,
                None => break,
            }
        }
        self.scanner.pass(&chunk[..at]);
        sink.settled(self.tree.settled(self.scanner.position()))?;
        Ok(at)
    }
}

impl Walker for WrappedJson {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        if self.stage != Stage::Before {
            return self.read(chunk, sink);
        }
        self.held.extend_from_slice(chunk);
        self.begin(false, sink)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if self.stage == Stage::Before {
            self.begin(true, sink)?;
        }
        match self.stage {
            Stage::Closing(_) => Err(unreadable(self.json.scanner.position(), "a call or an error is not closed")),
            _ => self.json.end(sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_known_at_any_cut() {
        for (body, expected) in [
            ("{\"a\":1}", Begins::Plain),
            ("\u{feff} [1]", Begins::Plain),
            ("true", Begins::Plain),
            ("null ", Begins::Plain),
            (")]}'\n{}", Begins::Guarded(4)),
            (")]}',\n{}", Begins::Guarded(5)),
            ("while(1);[1]", Begins::Guarded(9)),
            ("\u{feff}for(;;);{}", Begins::Guarded(11)),
            ("&&&START&&&{}", Begins::Guarded(11)),
            ("{}&&{}", Begins::Guarded(4)),
            ("{} && [1]", Begins::Guarded(5)),
            ("{} [1]", Begins::Plain),
            ("{}", Begins::Plain),
            ("])}while(1);</x>{}", Begins::Guarded(16)),
            ("*/{}/*ERROR*/", Begins::Failed(2)),
            ("*{}", Begins::Plain),
            ("while(2);{}", Begins::Called(6)),
            ("cb({})", Begins::Called(3)),
            ("/**/ a.b[\"c\"] ({})", Begins::Called(15)),
            ("/**/ typeof cb === 'function' && cb({})", Begins::Called(36)),
            ("/**/ typeof cb === 'function' && other({})", Begins::Plain),
            ("var a = 1", Begins::Plain),
            ("<html>", Begins::Plain),
            (")]}x{}", Begins::Plain),
            ("/* {}", Begins::Plain),
        ] {
            assert_eq!(begins(body.as_bytes(), true), expected, "{body}");
            for cut in 0..body.len() {
                let early = begins(&body.as_bytes()[..cut], false);
                assert!(early == expected || early == Begins::Open, "{body} at {cut}: {early:?}");
            }
        }
    }
}
