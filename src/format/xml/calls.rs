//! XML-RPC: a call or its answer, read as the JSON-RPC that says the same.
//!
//! `<methodCall>` is `{"method": …, "params": […]}`, `<methodResponse>` is `{"result": …}`, or
//! `{"error": …}` for a fault; a struct is an object and an array is one. So names, paths, records and
//! columns that a rule says of JSON hold here too, beside its paths in XML, and there is no second
//! reading of what a path means: tokens go to the tree that reads JSON, with their places in the XML.
//!
//! The grammar is that of <http://xmlrpc.com/spec.md>, with `nil` and the sorts of numbers that servers
//! add. What stands elsewhere is refused, since readers differ in what they make of it.

use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use crate::format::inside::Insides;
use crate::format::json::scan::{Scanned, Shape, Token};
use crate::format::json::tree::Tree as Json;
use crate::format::json::within::Nobody;
use crate::format::xml::XmlWalker;
use crate::format::xml::scan::unreadable;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Member, Part, Piece, Reach, Sink, Walker};
use crate::terms::place::{Place, PlaceId, Places};
use crate::terms::refusal::Refusal;

/// The elements in which a scalar stands, but for `nil`.
const SCALARS: &[&str] = &[
    "string",
    "int",
    "i1",
    "i2",
    "i4",
    "i8",
    "boolean",
    "double",
    "float",
    "biginteger",
    "bigdecimal",
    "dateTime.iso8601",
    "dateTime",
    "base64",
];

/// An element that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Call {
        named: bool,
        params: bool,
    },
    Answer {
        said: bool,
    },
    MethodName,
    /// Of a call.
    Params,
    /// Of an answer.
    Results {
        said: bool,
    },
    Param {
        said: bool,
    },
    /// `said`: something stands in it, so that it is no string.
    Value {
        said: bool,
    },
    Scalar {
        said: bool,
    },
    Nil,
    Struct,
    Member {
        named: bool,
        said: bool,
    },
    Name {
        said: bool,
    },
    Array {
        said: bool,
    },
    Data,
}

/// What takes the tokens.
enum Taker {
    /// Shows leaves.
    Tree(Box<Json>),
    /// Writes them down.
    Text(String),
}

/// A call or an answer up to some element.
pub(super) struct Calls {
    open: Vec<Open>,
    taker: Taker,
    /// Whether records are those of a path in XML.
    xml_records: bool,
    /// Whether a comma stands before the next child, for each open object and array.
    followed: Vec<bool>,
}

/// A text of the document: what it says, and where it stands.
pub(super) struct Said<'a> {
    pub(super) text: &'a str,
    pub(super) pieces: &'a [Piece],
    /// The paths in XML that reach it.
    pub(super) places: &'a [PlaceId],
    pub(super) itself: &'a [PlaceId],
    /// Its record by a path in XML.
    pub(super) record: u32,
}

/// What reads a document that a text may hold, and where in the body each byte of the text stands.
pub(super) struct Holds<'a> {
    pub(super) insides: &'a mut Insides,
    pub(super) map: &'a [usize],
}

impl Calls {
    pub(super) fn new(places: &Places, bounds: &Bounds) -> Calls {
        let xml_records = matches!(places.records, Some(Place::Xml(_)));
        Calls {
            open: Vec::new(),
            taker: Taker::Tree(Box::new(Json::new(places, bounds))),
            xml_records,
            followed: Vec::new(),
        }
    }

    /// An element opens, whose tag begins here.
    pub(super) fn open(&mut self, name: &str, at: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let odd = || unreadable(at, "an element that XML-RPC does not have here");
        let opened = self.entered(name).ok_or_else(odd)?;
        let parent = self.open.last().copied();
        self.open.push(opened);
        let mut out = Out { at, sink };
        match (opened, parent) {
            (Open::Call { .. } | Open::Answer { .. }, _) => self.container(Shape::Object, &mut out),
            (Open::MethodName, _) => self.key("method", &mut out),
            (Open::Params, _) => {
                self.key("params", &mut out)?;
                self.container(Shape::Array, &mut out)
            }
            (Open::Param { .. }, Some(Open::Results { .. })) => self.key("result", &mut out),
            (Open::Param { .. }, Some(Open::Answer { .. })) => self.key("error", &mut out),
            (Open::Param { .. }, _) | (Open::Value { .. }, Some(Open::Data)) | (Open::Name { .. }, _) => {
                self.comma(&mut out)
            }
            (Open::Struct, _) => self.container(Shape::Object, &mut out),
            (Open::Data, _) => self.container(Shape::Array, &mut out),
            _ => Ok(()),
        }
    }

    /// What an element is by its name and where it stands; its parent takes note of it.
    fn entered(&mut self, name: &str) -> Option<Open> {
        let first = |said: &mut bool| !std::mem::replace(said, true);
        match self.open.last_mut() {
            None => match name {
                "methodCall" => Some(Open::Call { named: false, params: false }),
                "methodResponse" => Some(Open::Answer { said: false }),
                _ => None,
            },
            Some(Open::Call { named, params }) => match name {
                "methodName" if !*params && first(named) => Some(Open::MethodName),
                "params" if *named && first(params) => Some(Open::Params),
                _ => None,
            },
            Some(Open::Answer { said }) => match name {
                "params" if first(said) => Some(Open::Results { said: false }),
                "fault" if first(said) => Some(Open::Param { said: false }),
                _ => None,
            },
            Some(Open::Params) => (name == "param").then_some(Open::Param { said: false }),
            Some(Open::Results { said }) => (name == "param" && first(said)).then_some(Open::Param { said: false }),
            Some(Open::Param { said }) => (name == "value" && first(said)).then_some(Open::Value { said: false }),
            Some(Open::Data) => (name == "value").then_some(Open::Value { said: false }),
            Some(Open::Struct) => (name == "member").then_some(Open::Member { named: false, said: false }),
            Some(Open::Member { named, said }) => match name {
                "name" if first(named) => Some(Open::Name { said: false }),
                // A name that comes behind would be too late for what is read as it streams by.
                "value" if *named && first(said) => Some(Open::Value { said: false }),
                _ => None,
            },
            Some(Open::Array { said }) => (name == "data" && first(said)).then_some(Open::Data),
            Some(Open::Value { said }) => match name {
                _ if !first(said) => None,
                "struct" => Some(Open::Struct),
                "array" => Some(Open::Array { said: false }),
                "nil" => Some(Open::Nil),
                _ => SCALARS.contains(&name).then_some(Open::Scalar { said: false }),
            },
            Some(_) => None,
        }
    }

    /// A text that is not blank.
    pub(super) fn text(
        &mut self,
        said: &Said<'_>,
        holds: Option<Holds<'_>>,
        sink: &mut dyn Sink,
    ) -> Result<(), Refusal> {
        let at = said.pieces.first().map_or(0, |piece| piece.span.start);
        let end = said.pieces.last().map_or(at, |piece| piece.span.end);
        let first = |said: &mut bool| !std::mem::replace(said, true);
        let fits = match self.open.last_mut() {
            Some(Open::MethodName) => true,
            Some(Open::Value { said } | Open::Scalar { said } | Open::Name { said }) => first(said),
            _ => false,
        };
        if !fits {
            return Err(unreadable(at, "text that XML-RPC does not have here"));
        }
        self.say(said, at..end, holds, sink)
    }

    /// An element closes: what stands in it ends at `inside`, and no text stood there.
    pub(super) fn close(&mut self, said: &Said<'_>, inside: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let closed = self.open.pop();
        let mut out = Out { at: inside, sink };
        match closed {
            Some(Open::Value { said: false } | Open::Scalar { said: false } | Open::Name { said: false }) => {
                self.open.extend(closed);
                self.say(said, inside..inside, None, out.sink)?;
                self.open.pop();
                Ok(())
            }
            Some(Open::Nil) => self.put(Token::Null, &mut out),
            Some(Open::Params | Open::Data) => self.closed(Shape::Array, &mut out),
            Some(Open::Call { named: true, .. } | Open::Answer { said: true } | Open::Struct) => {
                self.closed(Shape::Object, &mut out)
            }
            Some(
                Open::Call { .. }
                | Open::Answer { .. }
                | Open::Results { said: false }
                | Open::Param { said: false }
                | Open::Member { said: false, .. }
                | Open::Array { said: false },
            ) => Err(unreadable(inside, "an element that is not what XML-RPC has in it")),
            _ => Ok(()),
        }
    }

    /// A scalar or a name, whatever it says.
    fn say(
        &mut self,
        said: &Said<'_>,
        span: Range<usize>,
        mut holds: Option<Holds<'_>>,
        sink: &mut dyn Sink,
    ) -> Result<(), Refusal> {
        let is_name = matches!(self.open.last(), Some(Open::Name { .. }));
        // As if quotes stood around it.
        let found =
            Scanned { token: Token::Text(said.text), raw: "", start: span.start.saturating_sub(1), end: span.end + 1 };
        match &mut self.taker {
            Taker::Tree(tree) => {
                let objects = tree.objects;
                let holds = holds.as_mut().map(|holds| (&mut *holds.insides, holds.map));
                let mut shown = Shown { said, xml_records: self.xml_records, holds, objects, sink };
                tree.take(found, &mut shown)?;
                tree.objects = shown.objects;
            }
            Taker::Text(text) => write(text, &found.token),
        }
        if is_name { self.put(Token::Colon, &mut Out { at: span.end, sink }) } else { Ok(()) }
    }

    fn key(&mut self, name: &str, out: &mut Out<'_>) -> Result<(), Refusal> {
        self.comma(out)?;
        // Only a path asks for it: no such word stands in the body.
        let found = Scanned { token: Token::Text(name), raw: "", start: out.at, end: out.at };
        match &mut self.taker {
            Taker::Tree(tree) => tree.take(found, &mut Nobody)?,
            Taker::Text(text) => write(text, &found.token),
        }
        self.put(Token::Colon, out)
    }

    fn comma(&mut self, out: &mut Out<'_>) -> Result<(), Refusal> {
        let followed = self.followed.last_mut().is_some_and(|followed| std::mem::replace(followed, true));
        if followed { self.put(Token::Comma, out) } else { Ok(()) }
    }

    fn container(&mut self, shape: Shape, out: &mut Out<'_>) -> Result<(), Refusal> {
        self.followed.push(false);
        self.put(Token::Open(shape), out)
    }

    fn closed(&mut self, shape: Shape, out: &mut Out<'_>) -> Result<(), Refusal> {
        self.followed.pop();
        self.put(Token::Close(shape), out)
    }

    fn put(&mut self, token: Token<'_>, out: &mut Out<'_>) -> Result<(), Refusal> {
        match &mut self.taker {
            Taker::Tree(tree) => {
                let said = Said { text: "", pieces: &[], places: &[], itself: &[], record: 0 };
                let (xml_records, objects) = (self.xml_records, tree.objects);
                let mut shown = Shown { said: &said, xml_records, holds: None, objects, sink: out.sink };
                tree.take(Scanned { token, raw: "", start: out.at, end: out.at }, &mut shown)
            }
            Taker::Text(text) => {
                write(text, &token);
                Ok(())
            }
        }
    }
}

/// Where in the body a token is put, and who is shown what comes of it.
struct Out<'a> {
    at: usize,
    sink: &'a mut dyn Sink,
}

fn write(text: &mut String, token: &Token<'_>) {
    match token {
        Token::Open(Shape::Object) => text.push('{'),
        Token::Open(Shape::Array) => text.push('['),
        Token::Close(Shape::Object) => text.push('}'),
        Token::Close(Shape::Array) => text.push(']'),
        Token::Comma => text.push(','),
        Token::Colon => text.push(':'),
        Token::Text(said) => text.push_str(&serde_json::Value::from(*said).to_string()),
        Token::Number(said) | Token::Boolean(said) => text.push_str(said),
        Token::Null => text.push_str("null"),
    }
}

/// Whether the root of an XML document is that of a call or an answer; nothing where its first bytes do not
/// come so far.
pub fn is_call(first: &[u8]) -> Option<bool> {
    let mut rest = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    // The declaration, instructions and comments stand before it.
    while let Some((begins, ends)) =
        [("<?", "?>"), ("<!--", "-->")].into_iter().find(|(begins, _)| rest.starts_with(begins.as_bytes()))
    {
        let at = memmem::find(&rest[begins.len()..], ends.as_bytes())?;
        rest = rest[begins.len() + at + ends.len()..].trim_ascii_start();
    }
    let named = |name: &str| {
        let after = rest.strip_prefix(b"<").and_then(|rest| rest.strip_prefix(name.as_bytes()));
        after.and_then(<[u8]>::first).is_some_and(|byte| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace())
    };
    Some(named("methodCall") || named("methodResponse"))
}

/// A call as the JSON that says the same; every scalar is a string.
pub fn as_json(body: &[u8], bounds: &Bounds) -> Result<String, Refusal> {
    let mut walker = XmlWalker::calls(Arc::default(), bounds);
    if let Some(calls) = &mut walker.tree.calls {
        calls.taker = Taker::Text(String::with_capacity(body.len() / 2));
    }
    walker.write(body, &mut Nobody)?;
    walker.end(&mut Nobody)?;
    match walker.tree.calls.map(|calls| calls.taker) {
        Some(Taker::Text(text)) => Ok(text),
        _ => Ok(String::new()),
    }
}

/// Shows a leaf of the tree with its place in the XML.
struct Shown<'a> {
    said: &'a Said<'a>,
    xml_records: bool,
    holds: Option<(&'a mut Insides, &'a [usize])>,
    /// How many objects were opened so far.
    objects: u32,
    sink: &'a mut dyn Sink,
}

impl Shown<'_> {
    fn with<T>(&mut self, leaf: &Leaf<'_>, show: impl FnOnce(&mut dyn Sink, &Leaf<'_>) -> T) -> T {
        let said = self.said;
        let places = [leaf.places, said.places].concat();
        let itself = [leaf.reach.itself, said.itself].concat();
        // Where a path in XML asks for a name, it is a value to whoever asks.
        let part = if leaf.part == Part::Key && !said.places.is_empty() { Part::Value } else { leaf.part };
        let record = if self.xml_records { said.record } else { leaf.record };
        let reach = Reach { itself: &itself, ..leaf.reach };
        // It tells in which struct the value stands; none is ever cut out.
        let span = said.pieces.first().map_or(0, |piece| piece.span.start)
            ..said.pieces.last().map_or(0, |piece| piece.span.end);
        let member = leaf.member.as_ref().map(|member| Member { before: span.start, span: span.clone(), ..*member });
        show(self.sink, &Leaf { part, pieces: said.pieces, places: &places, reach, record, member, ..leaf.clone() })
    }
}

impl Sink for Shown<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if let Some((insides, map)) = self.holds.take().filter(|_| leaf.part == Part::Value) {
            insides.go_behind(self.objects);
            let shown = self.with(leaf, |sink, leaf| insides.any(leaf, map, sink))?;
            self.objects = insides.objects();
            if shown {
                return Ok(());
            }
        }
        self.with(leaf, |sink, leaf| sink.leaf(leaf))
    }

    fn record(&mut self, record: u32, end: usize) -> Result<(), Refusal> {
        if self.xml_records { Ok(()) } else { self.sink.record(record, end) }
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        // The walker of the XML says so.
        Ok(())
    }

    fn opens(&mut self, leaf: &Leaf<'_>, _readable: bool) -> Result<bool, Refusal> {
        // JSON in a string is read with all else that may stand there.
        if self.holds.is_some() {
            return Ok(false);
        }
        self.with(leaf, |sink, leaf| sink.opens(leaf, false)).map(|_| false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_known_behind_whatever_may_stand_before_it() {
        for (first, is) in [
            ("<methodCall>", Some(true)),
            ("<?xml version='1.0'?><!-- a --> <methodResponse>", Some(true)),
            ("<methodCalls>", Some(false)),
            ("<a/>", Some(false)),
            ("<!-- <methodCall>", None),
            ("<?xml version='1.0'", None),
        ] {
            assert_eq!(is_call(first.as_bytes()), is, "{first}");
        }
    }
}
