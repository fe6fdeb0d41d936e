//! Labels that stand beside their values in another way than by a mark: as plain text before the element that
//! holds the value.

use crate::format::html::close::{LINK, is_of_a_menu};
use crate::format::html::open::{Apart, Open};
use crate::format::html::page::Page;
use crate::format::html::run::Decoded;
use crate::format::html::show::names_behind;
use crate::format::lines::{Line, Sort};

impl Page {
    /// A known word as plain text, and behind it the element that holds its value: `電話 <b>090</b>-1234-5678`.
    /// Nothing in headings, links and menus, where what stands behind a word goes on with it or counts something.
    pub(super) fn label_beside(&self, decoded: &Decoded) -> Vec<Line> {
        let goes_on = |open: &Open| is_of_a_menu(open) || open.tag.is_line() || open.tag.name == LINK;
        if !decoded.breaks.is_empty() || self.open.iter().any(goes_on) {
            return Vec::new();
        }
        let Some(span) = decoded.deeper(self.open.len()) else { return Vec::new() };
        let (before, value) = (&decoded.text[..span.start], &decoded.text[span.clone()]);
        let Some(length) = self.words.length(before) else { return Vec::new() };
        if is_count(value) || !names_behind(value.trim(), length, Apart::Blank) {
            return Vec::new();
        }
        let label = before.len() - before.trim_start().len()..before.trim_end().len();
        let rest = span.end..decoded.text.len();
        let mut lines = vec![Line { span: label.clone(), sort: Sort::Label }, Line { span, sort: Sort::Value(label) }];
        lines.extend((!rest.is_empty()).then_some(Line { span: rest, sort: Sort::Plain }));
        lines
    }
}

/// Whether a text says how many of something there are.
fn is_count(text: &str) -> bool {
    const DIGITS: usize = 2;
    let text = text.trim_matches(|c: char| c.is_whitespace() || "()（）[]".contains(c));
    text.chars().nth(DIGITS).is_none() && text.chars().all(char::is_numeric)
}
