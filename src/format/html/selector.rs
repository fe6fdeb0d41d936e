//! Selectors as rules write them: the part of CSS that can be followed while a page streams by.
//!
//! Names, `#id`, `.class`, attributes with every operator, `:not()`, `:is()`, `:first-child`,
//! `:nth-child()` and their kin `of-type`, descendants and children. What asks about elements that
//! come later (`:last-child`, `:has()`) or about siblings is refused when the rule is loaded. The
//! tokenizer's own matching is not used: it knows no end tags but those that are written, so in
//! `<tr><td>a<td>b` it takes the second cell for a child of the first, and a field would be missed.

/// The longest list of selectors: nobody writes such a one by hand, and what matches is asked at every element.
const SELECTOR_BYTES: usize = 1000;

/// How deep `:not()` and `:is()` stand in one another.
const NESTED: usize = 4;

/// A list of selectors, any of which may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selectors(pub(super) Vec<Complex>);

/// Compounds from the element itself outwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complex {
    /// What the element must be.
    pub(super) element: Compound,
    /// What must stand around it: whether as its parent, and what.
    pub(super) around: Vec<(bool, Compound)>,
}

/// What one element must be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Compound(pub(super) Vec<Test>);

/// One thing that an element must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// Its name, in lower case.
    Name(String),
    /// `.class`.
    Class(String),
    /// An attribute: its name in lower case, how it is compared, with what, and whether without
    /// regard to case.
    Attribute(String, Compare, String, bool),
    /// `:scope`: the record's own element.
    Scope,
    /// `An+B`, among siblings of the same name or all.
    Nth { step: i64, first: i64, of_type: bool },
    /// `:not(…)`.
    Not(Vec<Compound>),
    /// `:is(…)`, `:where(…)`.
    Is(Vec<Compound>),
}

/// How an attribute is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Present,
    Equal,
    Word,
    Dash,
    Prefix,
    Suffix,
    Substring,
}

/// Says whether a selector of a rule can be followed, and if not, why.
pub fn check_selector(selector: &str) -> Result<(), String> {
    Selectors::parse(selector).map(drop)
}

impl Selectors {
    /// Reads a list of selectors.
    pub(super) fn parse(text: &str) -> Result<Selectors, String> {
        if text.len() > SELECTOR_BYTES {
            return Err(format!("a selector has at most {SELECTOR_BYTES} bytes, and this one has {}", text.len()));
        }
        let mut reader = Reader { text, at: 0, nested: 0 };
        let read = reader.list().and_then(|list| if reader.rest().is_empty() { Ok(list) } else { reader.unexpected() });
        read.map(Selectors).map_err(|why| format!("`{text}`: {why}"))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// In how many `:not()` and `:is()`.
    nested: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn list(&mut self) -> Result<Vec<Complex>, String> {
        let mut list = vec![self.complex()?];
        while self.eat(",") {
            list.push(self.complex()?);
        }
        Ok(list)
    }

    fn complex(&mut self) -> Result<Complex, String> {
        self.blanks();
        let mut element = self.compound()?;
        let mut around = Vec::new();
        loop {
            let blank = self.blanks();
            let child = self.eat(">");
            self.blanks();
            if !child && (!blank || self.rest().is_empty() || self.rest().starts_with([',', ')'])) {
                break;
            }
            if let Some(sign @ ('+' | '~' | '|')) = self.rest().chars().next() {
                return Err(format!("`{sign}` cannot be followed; write descendants (` `) or children (`>`)"));
            }
            let outer = std::mem::replace(&mut element, self.compound()?);
            around.push((child, outer));
        }
        around.reverse();
        Ok(Complex { element, around })
    }

    fn compound(&mut self) -> Result<Compound, String> {
        let begin = self.at;
        let mut tests = Vec::new();
        if !self.eat("*") && self.rest().starts_with(is_name) {
            tests.push(Test::Name(self.name()?.to_ascii_lowercase()));
        }
        loop {
            if self.eat("#") {
                tests.push(Test::Attribute("id".to_owned(), Compare::Equal, self.name()?, false));
            } else if self.eat(".") {
                tests.push(Test::Class(self.name()?));
            } else if self.eat("[") {
                tests.push(self.attribute()?);
            } else if self.eat(":") {
                tests.push(self.pseudo()?);
            } else if self.at == begin {
                return self.unexpected();
            } else {
                return Ok(Compound(tests));
            }
        }
    }

    fn attribute(&mut self) -> Result<Test, String> {
        self.blanks();
        let name = self.name()?.to_ascii_lowercase();
        self.blanks();
        if self.eat("]") {
            return Ok(Test::Attribute(name, Compare::Present, String::new(), false));
        }
        let compare = OPERATORS.iter().find(|(sign, _)| self.eat(sign)).map(|(_, compare)| *compare);
        let Some(compare) = compare else { return self.unexpected() };
        self.blanks();
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => self.name()?,
        };
        self.blanks();
        let any_case = self.eat("i") || self.eat("I");
        self.blanks();
        if !self.eat("]") {
            return self.unexpected();
        }
        Ok(Test::Attribute(name, compare, value, any_case))
    }

    fn pseudo(&mut self) -> Result<Test, String> {
        if self.rest().starts_with(':') {
            return Err("a pseudo-element is no place: it has no text of its own".to_owned());
        }
        let name = self.name()?.to_ascii_lowercase();
        match name.as_str() {
            "scope" => Ok(Test::Scope),
            "first-child" => Ok(Test::Nth { step: 0, first: 1, of_type: false }),
            "first-of-type" => Ok(Test::Nth { step: 0, first: 1, of_type: true }),
            "nth-child" => self.nth(false),
            "nth-of-type" => self.nth(true),
            "not" => Ok(Test::Not(self.compounds()?)),
            "is" | "where" => Ok(Test::Is(self.compounds()?)),
            _ => Err(format!("`:{name}` cannot be followed while a page streams by")),
        }
    }

    fn compounds(&mut self) -> Result<Vec<Compound>, String> {
        if !self.eat("(") {
            return self.unexpected();
        }
        if self.nested == NESTED {
            return Err(format!("`:not()` and `:is()` stand in one another more than {NESTED} deep"));
        }
        self.nested += 1;
        let list = self.list()?;
        self.nested -= 1;
        if !self.eat(")") {
            return self.unexpected();
        }
        if list.iter().any(|complex| !complex.around.is_empty()) {
            return Err("only single elements can stand in `:not()` and `:is()`".to_owned());
        }
        Ok(list.into_iter().map(|complex| complex.element).collect())
    }

    /// `(2)`, `(odd)`, `(2n+1)`, `(-n+3)`.
    fn nth(&mut self, of_type: bool) -> Result<Test, String> {
        let inner = self.rest().strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let Some((inner, _)) = inner else { return self.unexpected() };
        let written: String = inner.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let number = |text: &str| text.strip_prefix('+').unwrap_or(text).parse::<i64>().ok();
        let read = match (written.as_str(), written.split_once('n')) {
            ("odd", _) => Some((2, 1)),
            ("even", _) => Some((2, 0)),
            (_, Some((step, first))) => {
                let step = match step {
                    "" | "+" => Some(1),
                    "-" => Some(-1),
                    step => number(step),
                };
                step.zip(if first.is_empty() { Some(0) } else { number(first) })
            }
            (first, None) => number(first).map(|first| (0, first)),
        };
        let Some((step, first)) = read else { return self.unexpected() };
        self.at += inner.len() + 2;
        Ok(Test::Nth { step, first, of_type })
    }

    fn name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        let mut chars = self.rest().char_indices().peekable();
        let mut end = 0;
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                // An escaped digit or sign of a class like `w-1/2`; hexadecimal escapes end at a blank.
                let hex: String = self.rest()[at + 1..].chars().take(6).take_while(char::is_ascii_hexdigit).collect();
                let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                let Some((_, next)) = chars.peek().copied() else { return self.unexpected() };
                name.push(code.unwrap_or(next));
                end = at + 1 + if code.is_some() { hex.len() } else { next.len_utf8() };
                end += usize::from(code.is_some() && self.rest()[end..].starts_with(' '));
                while chars.peek().is_some_and(|(at, _)| *at < end) {
                    chars.next();
                }
            } else if is_name(c) {
                name.push(c);
                end = at + c.len_utf8();
            } else {
                break;
            }
        }
        self.at += end;
        if name.is_empty() { self.unexpected() } else { Ok(name) }
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let inner = &self.rest()[1..];
        let Some(end) = inner.find(quote) else { return Err(format!("{quote} is not closed")) };
        self.at += end + 2;
        Ok(inner[..end].to_owned())
    }

    fn blanks(&mut self) -> bool {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.at > self.text.len() - rest.len()
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn unexpected<T>(&self) -> Result<T, String> {
        match self.rest().chars().next() {
            Some(c) => Err(format!("`{c}` is not expected here")),
            None => Err("something is missing at its end".to_owned()),
        }
    }
}

const OPERATORS: &[(&str, Compare)] = &[
    ("=", Compare::Equal),
    ("~=", Compare::Word),
    ("|=", Compare::Dash),
    ("^=", Compare::Prefix),
    ("$=", Compare::Suffix),
    ("*=", Compare::Substring),
];

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\\') || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_followed_is_accepted() {
        for good in [
            "td.mail a",
            "input#tel",
            "a[href^='mailto:,x'], b",
            "td:nth-child( 2n + 1 )>*",
            ":scope[data-id]",
            "tr:not(.head, :first-child) > td[ name = \"x\" i ]",
            ".w-1\\/2",
            "日本 .氏名",
        ] {
            assert_eq!(check_selector(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_told_with_its_reason() {
        for (bad, why) in [
            ("h2 + p", "`+` cannot be followed; write descendants (` `) or children (`>`)"),
            ("a::before", "a pseudo-element is no place: it has no text of its own"),
            ("td:last-child", "`:last-child` cannot be followed while a page streams by"),
            ("div >", "something is missing at its end"),
            ("a,,b", "`,` is not expected here"),
            ("a[b", "something is missing at its end"),
            ("a[b='c]", "' is not closed"),
            ("td:nth-child(x)", "`(` is not expected here"),
            ("a:not(b c)", "only single elements can stand in `:not()` and `:is()`"),
            ("", "something is missing at its end"),
            ("a)", "`)` is not expected here"),
        ] {
            assert_eq!(check_selector(bad), Err(format!("`{bad}`: {why}")));
        }
    }

    #[test]
    fn a_selector_is_read_from_the_element_outwards() {
        let selectors = Selectors::parse("A > b.c d#e").expect("a selector");
        let name = |name: &str| Test::Name(name.to_owned());
        let id = Test::Attribute("id".into(), Compare::Equal, "e".into(), false);
        assert_eq!(
            selectors.0,
            [Complex {
                element: Compound(vec![name("d"), id]),
                around: vec![
                    (false, Compound(vec![name("b"), Test::Class("c".into())])),
                    (true, Compound(vec![name("a")])),
                ],
            }]
        );
    }
}
