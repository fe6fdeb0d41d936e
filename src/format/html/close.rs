//! Ends of elements: what their text was, and what may be shown now.

use crate::format::html::element::Role;
use crate::format::html::held::{Held, Word};
use crate::format::html::open::{Collector, Mark, Open, Sibling};
use crate::format::html::page::{Eyes, Page};
use crate::format::html::run::Item;
use crate::terms::leaf::Part;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::Refusal;

impl Page {
    /// The innermost element ends.
    pub(super) fn close_top(&mut self, end: usize, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let sibling = self.label_behind(eyes)?;
        if self.open.last().is_some_and(|open| open.boundary) {
            self.flush(eyes)?;
        }
        if let Some(span) = self.raw_text.take() {
            self.raw_text(span, eyes)?;
        }
        let Some(open) = self.open.pop() else { return Ok(()) };
        let label = open.collector.as_ref().and_then(Collector::finish);
        self.collecting -= usize::from(open.collector.is_some());
        if sibling.is_some() {
            self.inside().sibling = sibling;
        }
        self.role_ends(&open, label, eyes)?;
        let depth = self.open.len();
        if open.tag.role.is_group() || open.record != 0 {
            for held in self.controls.group_ends(depth) {
                self.pass(held, eyes)?;
            }
        }
        if open.record != 0 {
            // A record that ends inside a heading cell cannot wait for what that turns out to be.
            self.questioning = None;
            self.answer_question(false, eyes)?;
            for held in self.controls.record_ends(open.record) {
                self.pass(held, eyes)?;
            }
            self.record = self.open.iter().rev().map(|open| open.record).find(|record| *record != 0).unwrap_or(0);
            // What stands in another is told with the outermost: what that says may still come.
            while self.record == 0 && self.complete < self.records {
                self.complete += 1;
                eyes.sink.record(self.complete, end)?;
            }
        }
        if open.record != 0 || open.tag.role == Role::Tr {
            self.settle(eyes)?;
        }
        Ok(())
    }

    fn role_ends(&mut self, open: &Open, label: Option<Word>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        match open.tag.role {
            Role::Td | Role::Th => {
                if self.questioning == Some(self.open.len()) {
                    self.questioning = None;
                }
                if let (Some(table), Some(cell)) = (self.tables.last_mut(), open.cell) {
                    table.cell_ends(cell, label.filter(|label| cell.head || is_label(label)));
                }
            }
            Role::Tr => self.row_ends(eyes)?,
            Role::Table => {
                self.row_ends(eyes)?;
                self.tables.pop();
            }
            Role::Dt => {
                if let (Some(list), Some(term)) = (self.lists.last_mut(), label) {
                    list.words.push(term);
                }
            }
            Role::Dl if self.lists.len() > 1 => drop(self.lists.pop()),
            Role::Label => self.label_ends(open, label, eyes)?,
            Role::Legend => {
                let fieldset = self.open.iter_mut().rev().find(|open| open.tag.role == Role::Fieldset);
                if let Some(fieldset) = fieldset {
                    fieldset.legend = label;
                }
            }
            Role::Input | Role::Select | Role::Textarea => self.control = None,
            _ => {}
        }
        Ok(())
    }

    fn row_ends(&mut self, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let headings = self.tables.last_mut().is_some_and(|table| table.row_ends());
        if self.questioning.is_none() {
            self.answer_question(headings, eyes)?;
        }
        Ok(())
    }

    fn label_ends(&mut self, open: &Open, label: Option<Word>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        for held in self.controls.label_ends(open.begin, label.as_ref()) {
            self.pass(held, eyes)?;
        }
        let Some(label) = label else { return Ok(()) };
        let mut used = open.holds_control;
        if let Some(target) = &open.target {
            for held in self.controls.label_for(target, &label)? {
                self.pass(held, eyes)?;
                used = true;
            }
        }
        if !used {
            self.inside().sibling = Some(Sibling { text: label, target: open.target.clone(), prefix: None });
        }
        Ok(())
    }

    /// Shows the leaves of which it was not known whether they are headings.
    pub(super) fn answer_question(&mut self, headings: bool, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        for mut held in std::mem::take(&mut self.question) {
            if headings && is_text(&held) {
                held.part = Part::Label;
                held.names.clear();
            }
            self.pass(held, eyes)?;
        }
        Ok(())
    }

    /// The label that the innermost element, which is about to end, leaves for its sibling: its
    /// text ends with a colon, or its class says so.
    fn label_behind(&mut self, eyes: &mut Eyes<'_>) -> Result<Option<Sibling>, Refusal> {
        let Some(open) = self.open.last() else { return Ok(None) };
        if !Open::can_be_labelled(open.tag.role) || open.label || open.cell.is_some() {
            return Ok(None);
        }
        if let Some(Mark { own: Some(own), prefix }) = &open.mark {
            return Ok(Some(Sibling { text: Word::clone(own), target: None, prefix: prefix.clone() }));
        }
        if !self.open_is_short(eyes) {
            return Ok(None);
        }
        let depth = self.open.len() - 1;
        let mark = open.mark.clone();
        let mut tail = self.run.split_tail(depth);
        let Some(read) = tail.read(eyes.raw) else {
            self.run.items.append(&mut tail.items);
            return Ok(None);
        };
        let text = read.own(depth).unwrap_or_else(|| Word::from(read.text.as_str()));
        let colon = is_label(&read.text);
        let prefix = match mark {
            _ if colon => None,
            Some(mark) => mark.prefix,
            None => {
                self.run.items.append(&mut tail.items);
                return Ok(None);
            }
        };
        if prefix.is_none() {
            // What stands before the label in the same block is not part of it.
            self.flush(eyes)?;
        }
        self.run.items.append(&mut tail.items);
        if prefix.is_none() {
            self.flush(eyes)?;
        }
        Ok(Some(Sibling { text, target: None, prefix }))
    }

    /// Whether the run's text within the innermost element is short enough for a label, and worth
    /// a look.
    fn open_is_short(&self, eyes: &Eyes<'_>) -> bool {
        let depth = self.open.len() - 1;
        let marked = self.open.last().is_some_and(|open| open.mark.is_some());
        let mut bytes = 0;
        let mut last = None;
        for item in self.run.items.iter().rev() {
            let Item::Text { span, depth: own, .. } = item else { break };
            if *own < depth {
                break;
            }
            last = last.or(Some(span.clone()));
            bytes += span.len();
            if bytes > LABEL_BYTES_MAX {
                return false;
            }
        }
        // A label that stands in references ends with `&#xff1a;` or the like.
        let colon = |raw: &str| raw.trim_end().ends_with(['：', ':', ';']);
        last.is_some_and(|span| marked || colon(eyes.raw.slice(span)))
    }
}

/// A longer text labels nothing.
pub(super) const LABEL_BYTES_MAX: usize = 200;

/// Whether a text labels what follows it: it is short and ends with a colon.
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= LABEL_BYTES_MAX / 2 && text.ends_with(['：', ':']) && !text.contains('\n')
}

fn is_text(held: &Held) -> bool {
    let quotes = [Quotes::one(Quote::HtmlText), Quotes::one(Quote::Verbatim)];
    held.part == Part::Value && held.pieces.iter().all(|piece| quotes.contains(&piece.quotes))
}
