//! What is read in what leaves: by sudare's own walkers, and by other readers where there are any.
//!
//! A walker that overlooks a place overlooks it twice, before and behind. So each format is read by somebody else as
//! well, as far as that reader has no doubts of its own.

use std::borrow::Cow;

use cssparser::{BasicParseErrorKind, Parser, ParserInput, Token};
use quick_xml::events::Event;
use sudare::format::{self, Format};
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::{Leaf, Part, Sink};
use sudare::terms::refusal::Refusal;

use super::canary::{self, Sought};
use super::plans::SCANNED;

/// The texts of a document, and what part of it each is.
#[derive(Default)]
pub struct Texts(pub Vec<(String, Part)>);

impl Sink for Texts {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.0.push((leaf.text.to_owned(), leaf.part));
        Ok(())
    }

    /// What can be read is read, and its tags are of no meaning to people.
    fn opens(&mut self, _: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        Ok(readable)
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

impl Texts {
    /// The text that shows something it may not. A style holds a page together and is left as it is; so is an id, but
    /// for one with the digits of a number that is veiled.
    pub fn leak(&self, sought: Sought) -> Option<&str> {
        let leaks = |(text, part): &&(String, Part)| match part {
            Part::Style => false,
            Part::Id => canary::is_in(text, Sought::Number),
            _ => canary::is_in(text, sought),
        };
        self.0.iter().find(leaks).map(|(text, _)| text.as_str())
    }
}

/// What leaves must be such that it can be read again: under the names that rules know, by which tables are told.
pub fn leaves(format: Format, bytes: &[u8]) -> Texts {
    let mut walker = format::walker(format, &SCANNED.places, &Bounds::default()).expect("a walker");
    let mut texts = Texts::default();
    let read = walker.write(bytes, &mut texts).and_then(|()| walker.end(&mut texts));
    assert!(read.is_ok(), "{read:?}: what leaves cannot be read:\n{}", bytes.escape_ascii());
    texts
}

/// Reads what leaves of a body by sudare's own walker and by others: none may find a canary.
pub fn read_over(format: Format, body: &[u8], left: &[u8], sought: Sought) {
    let texts = leaves(format, left);
    let (body, text) = (said(format, body), said(format, left));
    let (body, text) = (&*body, &*text);
    if let Some(leaf) = texts.leak(sought) {
        panic!("`{leaf}` stands in what leaves of\n{}\n{text}", body.escape_debug());
    }
    let between = |before, after| canary::is_between(text, before, after, sought);
    match format {
        Format::Json if serde_json::from_str::<serde_json::Value>(body).is_ok() => {
            let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: no JSON leaves:\n{text}"));
            strings(&value, sought);
        }
        Format::Csv | Format::Text => assert!(!between("\n", "\n") && !between(",", ","), "in a line:\n{text}"),
        Format::Form => assert!(!between("=", "&"), "in a parameter:\n{text}"),
        Format::Script => {
            for quote in ["\"", "'", "`"] {
                assert!(!between(quote, quote), "between {quote}:\n{text}");
            }
        }
        Format::Style => sheet(text, sought),
        // Without attributes, scripts and styles there is nothing that could not be text.
        Format::Html if !body.contains(['=']) && !text.to_ascii_lowercase().contains("<s") => {
            // The fuzzer's own part alone: the first two are the record's, and have attributes.
            assert!(!between(">", "<"), "between tags:\n{text}");
        }
        Format::Xml => elements(text, sought),
        _ => {}
    }
}

/// A body as text. Only a form in parts may hold a picture.
fn said(format: Format, bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    assert!(
        format == Format::Multipart || matches!(text, Cow::Borrowed(_)),
        "only text is read: {}",
        bytes.escape_ascii()
    );
    text
}

fn elements(text: &str, sought: Sought) {
    let mut reader = quick_xml::Reader::from_str(text);
    // References come by themselves, and are characters of the text around them.
    let mut run = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Text(piece)) => run.push_str(&piece),
            Ok(Event::GeneralRef(name)) => {
                run.push(name.resolve_char_ref().ok().flatten().unwrap_or('&'));
            }
            Ok(event) => {
                assert!(!canary::is_in(&run, sought), "in an element:\n{text}");
                run.clear();
                if event == Event::Eof {
                    break;
                }
            }
            Err(error) => panic!("{error}: no XML leaves:\n{text}"),
        }
    }
}

fn strings(value: &serde_json::Value, sought: Sought) {
    match value {
        serde_json::Value::String(text) => assert!(!canary::is_in(text, sought), "`{text}` in a string"),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, sought)),
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                assert!(!canary::is_in(name, sought), "`{name}` is a name");
                strings(value, sought);
            }
        }
        _ => {}
    }
}

/// What a browser's tokenizer finds in a style sheet: strings, addresses, comments.
fn sheet(text: &str, sought: Sought) {
    let mut input = ParserInput::new(text);
    block(&mut Parser::new(&mut input), text, sought, 0);
}

/// Deeper blocks are left out: they are read by recursion here, and by sudare without looking at them.
const BLOCKS: usize = 64;

fn block(parser: &mut Parser<'_, '_>, text: &str, sought: Sought, depth: usize) {
    loop {
        let opens = match parser.next_including_whitespace_and_comments() {
            Ok(Token::QuotedString(part) | Token::UnquotedUrl(part)) => {
                assert!(!canary::is_in(part, sought), "`{part}` in a style sheet:\n{text}");
                false
            }
            Ok(Token::Comment(part)) => {
                assert!(!canary::is_in(part, sought), "`{part}` in a comment:\n{text}");
                false
            }
            Ok(Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock) => {
                true
            }
            Ok(_) => false,
            Err(error) if matches!(error.kind, BasicParseErrorKind::EndOfInput) => return,
            Err(_) => false,
        };
        if opens && depth < BLOCKS {
            let read = parser.parse_nested_block(|inner| {
                block(inner, text, sought, depth + 1);
                Ok::<_, cssparser::ParseError<'_, ()>>(())
            });
            assert!(read.is_ok(), "a block is read to its end");
        }
    }
}
