//! A JSON document as a tree whose nodes know where they stand, for whoever compares documents: what a
//! walker shows one by one has no places in lists.
//!
//! Nothing is written from it again; an edit is a span of the text. It reads what a walker has read
//! before, so what is wrong with a text is not told here. A name that stands twice in one object has two
//! values, of which nobody knows which one counts: such a document is none to compare.

use std::fmt;
use std::ops::Range;

use crate::format::json::text::{number, unescape};

/// What begins many a document, and is no part of it.
const MARK: char = '\u{feff}';

/// One value of a document.
pub struct Node {
    /// Where it stands, with its quotes or brackets.
    pub span: Range<usize>,
    /// What it is.
    pub is: Is,
}

/// What a value is.
pub enum Is {
    /// An object, its members in the order of their names.
    Object(Vec<Member>),
    /// A list.
    List(Vec<Node>),
    /// A string, unescaped.
    Text(String),
    /// A number or a literal, as it is written.
    Bare(String),
}

/// A member of an object.
pub struct Member {
    /// Its name, unescaped.
    pub name: String,
    /// Where the name stands, with its quotes.
    pub at: Range<usize>,
    /// Its value.
    pub value: Node,
}

/// Values may be anybody's, so only where they stand is shown.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?})", self.span)
    }
}

/// Reads a document; nothing where it is none, is nested deeper than this, or says a name twice.
pub fn read(text: &str, depth_max: usize) -> Option<Node> {
    let mut reader = Reader { text, at: text.len() - text.trim_start_matches(MARK).len(), depth: depth_max };
    let node = reader.value()?;
    reader.blank();
    (reader.at == text.len()).then_some(node)
}

impl Node {
    /// The member of a name, of an object.
    pub fn member(&self, name: &str) -> Option<&Member> {
        let Is::Object(members) = &self.is else { return None };
        find(members, name)
    }

    /// Whether two values are the same, in whatever order members stand. Numbers are as they are written.
    pub fn is_same(&self, other: &Node) -> bool {
        match (&self.is, &other.is) {
            (Is::Text(one), Is::Text(two)) | (Is::Bare(one), Is::Bare(two)) => one == two,
            (Is::List(one), Is::List(two)) => one.len() == two.len() && one.iter().zip(two).all(|(a, b)| a.is_same(b)),
            (Is::Object(one), Is::Object(two)) => {
                let same = |(a, b): (&Member, &Member)| a.name == b.name && a.value.is_same(&b.value);
                one.len() == two.len() && one.iter().zip(two).all(same)
            }
            _ => false,
        }
    }

    /// Whether nothing is said: `null`, or a text of blanks.
    pub fn is_blank(&self) -> bool {
        match &self.is {
            Is::Text(text) => text.trim().is_empty(),
            Is::Bare(literal) => literal == "null",
            _ => false,
        }
    }
}

/// The member of a name.
pub fn find<'m>(members: &'m [Member], name: &str) -> Option<&'m Member> {
    let at = members.binary_search_by(|member| member.name.as_str().cmp(name)).ok()?;
    members.get(at)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How much deeper it may go.
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Takes this byte, behind blanks.
    fn takes(&mut self, byte: u8) -> bool {
        self.blank();
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn value(&mut self) -> Option<Node> {
        self.blank();
        let start = self.at;
        let is = match self.peek()? {
            b'{' => self.deeper(Reader::object)?,
            b'[' => self.deeper(Reader::list)?,
            b'"' => Is::Text(self.string()?),
            _ => Is::Bare(self.bare()?),
        };
        Some(Node { span: start..self.at, is })
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<Is>) -> Option<Is> {
        self.depth = self.depth.checked_sub(1)?;
        self.at += 1;
        let is = read(self);
        self.depth += 1;
        is
    }

    fn object(&mut self) -> Option<Is> {
        let mut members = Vec::new();
        while !self.takes(b'}') {
            if !members.is_empty() && !self.takes(b',') {
                return None;
            }
            self.blank();
            let start = self.at;
            let name = self.string()?;
            let at = start..self.at;
            if !self.takes(b':') {
                return None;
            }
            members.push(Member { name, at, value: self.value()? });
        }
        members.sort_by(|one, two| one.name.cmp(&two.name));
        let twice = members.windows(2).any(|two| two[0].name == two[1].name);
        (!twice).then_some(Is::Object(members))
    }

    fn list(&mut self) -> Option<Is> {
        let mut nodes = Vec::new();
        while !self.takes(b']') {
            if !nodes.is_empty() && !self.takes(b',') {
                return None;
            }
            nodes.push(self.value()?);
        }
        Some(Is::List(nodes))
    }

    fn string(&mut self) -> Option<String> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.text.as_bytes().get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let mut text = String::new();
        unescape(self.text.get(start..end)?, &mut text).ok()?;
        self.at = end + 1;
        Some(text)
    }

    fn bare(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let word = ["null", "true", "false"].into_iter().find(|word| rest.starts_with(word));
        let length = word.map(str::len).or_else(|| number(rest.as_bytes()))?;
        self.at += length;
        Some(rest[..length].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_where_they_stand() {
        let text = "\u{feff} {\"b\" : [1, \"x\\u5c71\"] , \"a\": {}, \"c\":null}\n";
        let root = read(text, 8).expect("a document");
        let spans: Vec<&str> =
            ["a", "b", "c"].map(|name| &text[root.member(name).expect(name).value.span.clone()]).into();
        assert_eq!(spans, ["{}", "[1, \"x\\u5c71\"]", "null"]);
        assert_eq!(&text[root.member("b").expect("b").at.clone()], "\"b\"");
        let Is::List(list) = &root.member("b").expect("b").value.is else { panic!("a list") };
        assert!(matches!((&list[0].is, &list[1].is), (Is::Bare(one), Is::Text(two)) if one == "1" && two == "x山"));
        assert!(root.member("c").expect("c").value.is_blank() && !list[1].is_blank());
    }

    #[test]
    fn what_is_no_document_or_says_a_name_twice_is_none() {
        for text in
            ["", "{", "[1,]", "{\"a\":1,\"\\u0061\":2}", "[[[1]]]", "1 2", "{\"a\" 1}", "\"a", "[1 2]", "nul", "{,}"]
        {
            assert!(read(text, 2).is_none(), "{text}");
        }
        for text in ["[[1]]", "1", "{}", " [ ] ", "{\"a\":{}}"] {
            assert!(read(text, 2).is_some(), "{text}");
        }
    }

    #[test]
    fn documents_are_the_same_in_any_order_of_members() {
        let same = |one: &str, two: &str| read(one, 8).expect(one).is_same(&read(two, 8).expect(two));
        assert!(same("{\"a\":1,\"b\":[\"\\u0078\"]}", "{ \"b\" : [\"x\"], \"a\": 1 }"));
        for (one, two) in
            [("1", "1.0"), ("\"1\"", "1"), ("[1,2]", "[2,1]"), ("{\"a\":1}", "{\"a\":1,\"b\":2}"), ("{}", "[]")]
        {
            assert!(!same(one, two), "{one} {two}");
        }
    }
}
