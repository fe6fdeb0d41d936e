//! The forms of a page: what each of their controls would send, for whoever compares that with what came.
//!
//! The page was walked before; what cannot be read here is no form.

use std::fmt;
use std::ops::Range;

use crate::format::html::attribute::Attributes;
use crate::format::html::element::{Role, Tag};
use crate::format::html::entity;
use crate::format::html::token::{Token, Tokenizer};

/// A form that posts.
pub struct Form {
    /// Where it is sent to, as it is written; the page itself where nothing is.
    pub action: String,
    /// In the order of the page.
    pub controls: Vec<Control>,
}

/// What of a form has a name and a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Control {
    /// Its name.
    pub name: String,
    /// What it is.
    pub sort: Sort,
    /// What it may send: the texts of its choices, or its only one.
    pub values: Vec<String>,
}

/// What a control is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// It sends its text.
    Line,
    /// The same, and nobody sees it.
    Hidden,
    /// It sends its text, which may have lines.
    Lines,
    /// It sends one of several, or none.
    Choice,
}

/// Values may be anybody's, so only the name is shown.
impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({:?}, {:?}, {} values)", self.name, self.sort, self.values.len())
    }
}

/// Every form of a page that posts; nothing where a control may belong to another form than the one around it.
pub fn forms(page: &str, hold_bytes: usize) -> Option<Vec<Form>> {
    let mut tokenizer = Tokenizer::new(hold_bytes);
    tokenizer.write(page).ok()?;
    let mut tokens = Vec::new();
    tokenizer.take(&mut tokens);
    tokenizer.end().ok()?;
    tokenizer.take(&mut tokens);
    let mut reader = Reader { page, forms: Vec::new(), open: None, posts: false, inside: Inside::Nothing, at: 0 };
    tokens.iter().try_for_each(|token| reader.token(token))?;
    reader.gap(page.len());
    reader.leave();
    Some(reader.forms)
}

struct Reader<'p> {
    page: &'p str,
    forms: Vec<Form>,
    /// The form that is open, whether it posts or not.
    open: Option<Form>,
    posts: bool,
    inside: Inside,
    /// How far the page was read.
    at: usize,
}

/// Which control the present text belongs to.
enum Inside {
    Nothing,
    Textarea(String, String),
    /// A list, and of the choice that is open its text, if that is what it sends.
    Select(Control, Option<String>),
}

impl Reader<'_> {
    fn token(&mut self, token: &Token) -> Option<()> {
        let (Token::Open { span, .. } | Token::Text { span, .. } | Token::Comment { span }) = token;
        self.gap(span.start);
        self.at = span.end;
        match token {
            Token::Open { foreign: false, .. } => self.element(span.clone())?,
            Token::Text { .. } => {
                let text = entity::decode(&self.page[span.clone()], false).0;
                match &mut self.inside {
                    Inside::Textarea(_, own) | Inside::Select(_, Some(own)) => own.push_str(&text),
                    _ => {}
                }
            }
            _ => {}
        }
        Some(())
    }

    /// End tags stand where no token does.
    fn gap(&mut self, upto: usize) {
        let gap = self.page.get(self.at..upto).unwrap_or_default().to_ascii_lowercase();
        for name in gap.split("</").skip(1).map(|tag| tag.split(['>', ' ', '/', '\n', '\r', '\t']).next()) {
            match name {
                Some("form") => self.leave(),
                Some("textarea" | "select") => self.settle(),
                Some("option") => self.choice(None),
                _ => {}
            }
        }
    }

    fn element(&mut self, span: Range<usize>) -> Option<()> {
        let text = &self.page[span];
        let attributes = Attributes::read(text, 1);
        let value = |name: &str| attributes.raw(text, name).map(|raw| entity::decode(raw, true).0);
        let name = value("name").filter(|name| !name.is_empty());
        let role = Tag::of(&text[1..attributes.name_end], false).role;
        match role {
            Role::Form if self.open.is_none() => {
                self.posts = value("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post"));
                let action = value("action").unwrap_or_default().trim().to_owned();
                self.open = Some(Form { action, controls: Vec::new() });
                return Some(());
            }
            Role::Option => {
                self.choice(Some(value("value")));
                return Some(());
            }
            Role::Input | Role::Textarea | Role::Select | Role::Button => {}
            _ => return Some(()),
        }
        // It belongs to a form elsewhere, and that may come yet.
        if value("form").is_some() {
            return None;
        }
        self.settle();
        let Some(name) = name else { return Some(()) };
        match role {
            Role::Textarea => self.inside = Inside::Textarea(name, String::new()),
            Role::Select => {
                self.inside = Inside::Select(Control { name, sort: Sort::Choice, values: Vec::new() }, None);
            }
            Role::Input => self.input(name, &value("type").unwrap_or_default(), value("value")),
            _ => self.put(Control { name, sort: Sort::Choice, values: value("value").into_iter().collect() }),
        }
        Some(())
    }

    fn input(&mut self, name: String, sort: &str, value: Option<String>) {
        let (sort, unsaid) = match sort.trim().to_ascii_lowercase().as_str() {
            "hidden" => (Sort::Hidden, ""),
            "checkbox" | "radio" => (Sort::Choice, "on"),
            "submit" | "button" | "reset" | "image" | "file" => (Sort::Choice, ""),
            _ => (Sort::Line, ""),
        };
        self.put(Control { name, sort, values: vec![value.unwrap_or_else(|| unsaid.to_owned())] });
    }

    /// A choice of a list ends, and perhaps another begins: with its value, if it has one.
    fn choice(&mut self, next: Option<Option<String>>) {
        let Inside::Select(control, open) = &mut self.inside else { return };
        if let Some(text) = open.take() {
            control.values.push(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
        }
        match next {
            Some(Some(value)) => control.values.push(value),
            Some(None) => *open = Some(String::new()),
            None => {}
        }
    }

    /// A control whose text was read is complete.
    fn settle(&mut self) {
        self.choice(None);
        match std::mem::replace(&mut self.inside, Inside::Nothing) {
            Inside::Nothing => {}
            Inside::Textarea(name, text) => {
                let first = ["\r\n", "\n", "\r"].into_iter().find(|line| text.starts_with(line));
                let text = text[first.map_or(0, str::len)..].to_owned();
                self.put(Control { name, sort: Sort::Lines, values: vec![text] });
            }
            Inside::Select(control, _) => self.put(control),
        }
    }

    fn put(&mut self, control: Control) {
        if let Some(form) = &mut self.open {
            form.controls.push(control);
        }
    }

    fn leave(&mut self) {
        self.settle();
        if let Some(form) = self.open.take().filter(|_| self.posts) {
            self.forms.push(form);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: &str) -> Option<Vec<String>> {
        let line = |form: Form| {
            let controls = form.controls.iter().map(|one| format!("{}={}", one.name, one.values.join("|")));
            format!("{}: {}", form.action, controls.collect::<Vec<_>>().join(", "))
        };
        Some(forms(page, 1 << 20)?.into_iter().map(line).collect())
    }

    #[test]
    fn each_control_stands_with_what_it_sends() {
        let page = "<form><input name=q></form><p><form action='/e?a=1&amp;b=2' method=POST>\
            <input name=tel value=\"090&#45;1\"><input type=checkbox name=c><input type=radio name=r value=1>\
            <textarea name=memo>\na &amp; b\n</textarea><select name=s><option>x  y<option value='2'>z</select>\
            <input value=nameless></form><input name=outside value=1><form method=post><input name=z></form>";
        let expected = ["/e?a=1&b=2: tel=090-1, c=on, r=1, memo=a & b\n, s=x y|2", ": z="];
        assert_eq!(shown(page).expect("forms"), expected);
    }

    #[test]
    fn a_form_inside_a_form_is_none_and_one_of_another_place_leaves_doubt() {
        let page = "<form method=post action=a><form method=post action=b><input name=x></form><input name=y></form>";
        assert_eq!(shown(page).expect("forms"), ["a: x="]);
        assert_eq!(shown("<form method=post></form><input form=f name=x>"), None);
    }
}
