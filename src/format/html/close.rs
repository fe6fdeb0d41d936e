//! Ends of elements: what their text was, and what may be shown now.

use crate::format::html::element::{Role, number};
use crate::format::html::held::{Held, Word};
use crate::format::html::open::{Apart, Mark, Open, Parted, Reach, Sibling};
use crate::format::html::page::{Eyes, Page};
use crate::format::html::run::Item;
use crate::format::html::show::is_colon;
use crate::format::html::table::{Holds, Says};
use crate::terms::leaf::{Part, Piece};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::Refusal;
use crate::terms::words::Length;

impl Page {
    /// The innermost element ends.
    pub(super) fn close_top(&mut self, end: usize, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let sibling = self.label_behind(eyes)?;
        if self.open.last().is_some_and(|open| open.boundary) {
            self.flush(eyes)?;
        }
        let sibling = sibling.or_else(|| self.label_passed_on());
        if let Some(span) = self.raw_text.take() {
            self.raw_text(span, eyes)?;
        }
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        self.fields = self.fields.take().filter(|(_, depth)| *depth <= self.open.len());
        if open.tag.role == Role::Reading {
            (self.run, self.run_label) = self.under.pop().unwrap_or_default();
        }
        let marked = open.cell.is_none_or(|cell| cell.head);
        let label = open.collector.as_ref().and_then(|collector| self.label_of(collector, marked));
        self.collecting -= usize::from(open.collector.is_some());
        if open.holds_rows {
            self.table_ends(eyes)?;
        }
        let sibling = sibling.or_else(|| self.label_alone(&mut open)).or_else(|| self.label_goes_on(&open));
        if sibling.is_some() {
            self.inside().sibling = sibling;
        }
        self.role_ends(&open, label, eyes)?;
        self.stand_empty(&open, eyes)?;
        let depth = self.open.len();
        if open.tag.role.is_group() || open.record != 0 {
            for held in self.controls.group_ends(depth) {
                self.pass(held, eyes)?;
            }
        }
        if open.record != 0 {
            // A record that ends inside a heading cell cannot wait for what that turns out to be.
            self.questioning = None;
            self.answer_question(Holds::Values, eyes)?;
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
                    // A colon in a cell of its own is as good as an empty one.
                    let label = label.filter(|label| cell.head || Parted::of(label).is_none());
                    let says = match &label {
                        Some(label) if ends_with_colon(label) => Says::Colon,
                        Some(label) if table.is_plain() && self.words.know(label) => Says::Word,
                        _ => Says::Nothing,
                    };
                    let names = cell.head || says == Says::Word || !table.has_begun() || table.asks_for_words();
                    let known = names && label.as_ref().is_some_and(|label| self.words.know(label));
                    table.cell_ends(cell, label, known, says);
                }
            }
            Role::Tr => self.row_ends(eyes)?,
            Role::Table => self.table_ends(eyes)?,
            Role::Dt => {
                if let Some(term) = label {
                    self.term(term);
                }
            }
            Role::Dl if self.lists.len() > 1 => drop(self.lists.pop()),
            Role::Label => self.label_ends(open, label, eyes)?,
            Role::Legend => self.legend(label)?,
            Role::Input | Role::Select | Role::Textarea => self.control = None,
            _ => {}
        }
        Ok(())
    }

    fn table_ends(&mut self, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        self.row_ends(eyes)?;
        self.headings = self.tables.pop().and_then(|mut table| table.headings_alone());
        Ok(())
    }

    fn row_ends(&mut self, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        let (holds, standing) = (table.row_ends(), table.standing());
        if self.questioning.is_none() {
            self.answer_question(holds, eyes)?;
        }
        self.stand(standing, eyes)
    }

    /// An element that a label names holds no text: what that means has its place here all the same.
    fn stand_empty(&mut self, open: &Open, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        if open.texts > 0 || matches!(open.tag.role, Role::Meta | Role::Input | Role::Select | Role::Textarea) {
            return Ok(());
        }
        let words = open.word.iter().map(|(word, _)| word);
        let known = open.names.iter().chain(words).filter(|name| self.words.know(name));
        let known: Vec<Word> = known.cloned().collect();
        self.stand(known, eyes)
    }

    /// Shows that what these names mean has its place here, though no value need stand there.
    fn stand(&mut self, names: Vec<Word>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        if names.is_empty() {
            return Ok(());
        }
        let piece = Piece { span: self.at..self.at, at: 0, quotes: Quotes::one(Quote::Verbatim) };
        let mut held = self.bare(String::new(), Part::Label, vec![piece]);
        held.names = names;
        self.deliver(held, eyes)
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
        if !used && Parted::of(&label).is_none() {
            self.inside().sibling = Some(Sibling { target: open.target.clone(), ..Sibling::of(label) });
        }
        Ok(())
    }

    /// Shows the leaves of which it was not known whether they are headings.
    pub(super) fn answer_question(&mut self, holds: Holds, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        for mut held in std::mem::take(&mut self.question) {
            let part = match holds {
                Holds::Headings => Part::Label,
                Holds::Both if self.is_unnamed(&held) || self.words.know(&held.text) => Part::Label,
                // It is no label of the page's own, and no value of one column.
                Holds::Group => Part::Text,
                Holds::Values | Holds::Both => Part::Value,
            };
            if part != Part::Value && is_text(&held) {
                held.part = part;
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
            return Ok(Some(Sibling { prefix: prefix.clone(), ..Sibling::of(Word::clone(own)) }));
        }
        if !self.open_is_short(eyes) {
            return Ok(None);
        }
        let depth = self.open.len();
        let mark = open.mark.clone();
        let open_is_inline = open.tag.role == Role::Inline;
        let mut tail = self.run.split_tail(depth);
        let Some(read) = tail.read(eyes.raw) else {
            self.run.items.append(&mut tail.items);
            return Ok(None);
        };
        if is_colon(&read.text) {
            // It goes on with the label before it, whose own element has ended.
            let is_all = self.run.items.is_empty();
            self.run.items.append(&mut tail.items);
            let label = self.run_label.as_ref().filter(|_| is_all).map(|label| Word::clone(&label.text));
            let Some(text) = label else { return Ok(None) };
            self.flush(eyes)?;
            return Ok(Some(Sibling::of(text)));
        }
        let text = read.own(depth).unwrap_or_else(|| Word::from(read.text.as_str()));
        let colon = ends_with_colon(&read.text);
        let is_strong = mark.as_ref().is_some_and(|mark| mark.prefix.is_none());
        let word = if colon || is_strong { None } else { self.word_label(&read.text, eyes) };
        // Behind a box a line begins.
        let apart = if open_is_inline { Apart::Nothing } else { Apart::Line };
        let prefix = match mark {
            _ if colon => None,
            Some(mark) => mark.prefix,
            None if word.is_some() => None,
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
        self.run_is_label = word.is_some() && prefix.is_none();
        if prefix.is_none() {
            self.flush(eyes)?;
        }
        Ok(Some(Sibling { prefix, word, apart, ..Sibling::of(text) }))
    }

    /// How long the values are of what the innermost element says, if that is a label by its words:
    /// nothing else stands before it in its line, and it is no link, button or part of a menu.
    fn word_label(&self, text: &str, eyes: &Eyes<'_>) -> Option<Length> {
        let open = self.open.last()?;
        let length = self.words.length(text)?;
        let is_label = match open.tag.role {
            Role::Inline => open.tag.name != LINK && self.run.ending(eyes.raw).is_none(),
            Role::Div | Role::P => true,
            _ => open.tag.is_line(),
        };
        (is_label && !open.tag.foreign && !self.open.iter().any(is_of_a_menu)).then_some(length)
    }

    /// The label that stood alone in an element, for what stands behind that.
    fn label_alone(&self, open: &mut Open) -> Option<Sibling> {
        let passes = matches!(open.tag.role, Role::Inline | Role::Div | Role::P) || open.tag.is_line();
        let label =
            open.inside.sibling.take().filter(|label| label.prefix.is_none() && label.reach != Reach::Paragraph)?;
        if !passes || open.texts != 1 {
            return None;
        }
        match label.target {
            None => Some(label),
            Some(_) => self.words.know(&label.text).then_some(Sibling { reach: Reach::First, ..label }),
        }
    }

    /// The label of a paragraph that may be one of several, for the next: an address, a note.
    fn label_goes_on(&self, open: &Open) -> Option<Sibling> {
        if open.tag.role != Role::P || open.tag.foreign || open.texts == 0 {
            return None;
        }
        let named = open.names.iter().chain(open.word.iter().map(|(word, _)| word));
        let label = named.into_iter().find(|name| self.words.length(name) == Some(Length::Text))?;
        Some(Sibling {
            word: Some(Length::Text),
            apart: Apart::Line,
            reach: Reach::Paragraph,
            ..Sibling::of(Word::clone(label))
        })
    }

    /// The label that an element without any text leaves for the one behind it: an icon, or a colon or a note
    /// in an element of its own.
    fn label_passed_on(&self) -> Option<Sibling> {
        let open = self.open.last().filter(|open| open.texts == 0)?;
        let is_box = matches!(open.tag.role, Role::Div | Role::P) || open.tag.is_line();
        if open.tag.role != Role::Inline && !(is_box && open.parted.is_some()) {
            return None;
        }
        let (text, length) = match &open.word {
            Some((text, length)) => (Word::clone(text), Some(*length)),
            None => (open.names.first().cloned()?, None),
        };
        // Behind a colon there is no doubt that it was one.
        let word = length.filter(|_| open.parted != Some(Parted::Colon));
        Some(Sibling { word, ..Sibling::of(text) })
    }

    /// Whether the run's text within the innermost element is short enough for a label, and worth
    /// a look.
    fn open_is_short(&self, eyes: &Eyes<'_>) -> bool {
        let depth = self.open.len();
        let marked = self.open.last().is_some_and(|open| open.mark.is_some());
        let (mut bytes, mut parts) = (0, 0);
        let mut last = None;
        for item in self.run.items.iter().rev() {
            let Item::Text { span, depth: own, .. } = item else { break };
            if *own < depth {
                break;
            }
            last = last.or(Some(span.clone()));
            bytes += span.len();
            parts += 1;
            if bytes > LABEL_BYTES_MAX {
                return false;
            }
        }
        // A label that stands in references ends with `&#xff1a;` or the like.
        let colon = |raw: &str| raw.trim_end().ends_with(['：', ':', ';']);
        // Of several parts, or with references, it must be read to be known.
        let word = |raw: &str| !self.words.is_empty() && (parts > 1 || raw.contains('&') || self.words.know(raw));
        last.is_some_and(|span| marked || colon(eyes.raw.slice(span.clone())) || word(eyes.raw.slice(span)))
    }
}

/// Whether what stands in an element is a choice or a name of a control, and no label beside a value.
pub(super) fn is_of_a_menu(open: &Open) -> bool {
    matches!(open.tag.role, Role::Button | Role::Select | Role::Title | Role::Label) || open.tag.name == MENU
}

/// A link, and what holds the links of a page.
pub(super) const LINK: u64 = number("a");
const MENU: u64 = number("nav");

/// A longer text labels nothing.
pub(super) const LABEL_BYTES_MAX: usize = 200;

/// Whether a text labels what follows it: it is short and ends with a colon.
pub(super) fn ends_with_colon(text: &str) -> bool {
    text.len() <= LABEL_BYTES_MAX / 2 && text.ends_with(['：', ':']) && !text.contains('\n')
}

fn is_text(held: &Held) -> bool {
    let quotes = [Quotes::one(Quote::HtmlText), Quotes::one(Quote::Verbatim)];
    held.part == Part::Value && held.pieces.iter().all(|piece| quotes.contains(&piece.quotes))
}
