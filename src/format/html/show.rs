//! Text as leaves: what part of the page a run is, which names and places stand at it.

use std::ops::Range;

use crate::format::html::close::{LABEL_BYTES_MAX, is_label};
use crate::format::html::element::Role;
use crate::format::html::held::{Held, Raw, Word};
use crate::format::html::page::{Eyes, Page};
use crate::format::html::run::{Read, Run};
use crate::terms::leaf::{Part, Piece};
use crate::terms::place::PlaceId;
use crate::terms::refusal::{Reason, Refusal};

/// The places of a text, as `Leaf` has them.
#[derive(Default)]
struct Stands {
    places: Vec<PlaceId>,
    itself: Vec<PlaceId>,
    around: Vec<PlaceId>,
}

/// The names that stand at a place of the page, and those further up.
#[derive(Clone, Default)]
pub(super) struct Names {
    pub(super) near: Vec<Word>,
    pub(super) above: Vec<Word>,
}

impl Page {
    /// Text goes on.
    pub(super) fn text(&mut self, span: Range<usize>, literal: bool, raw: &Raw) {
        let depth = self.open.len().saturating_sub(1);
        let sibling = &mut self.inside().sibling;
        if sibling.as_ref().is_some_and(|sibling| sibling.prefix.is_none()) && !is_blank(raw.slice(span.clone())) {
            self.run_label = sibling.take().map(|sibling| sibling.text);
        }
        self.run.text(span, literal, depth);
    }

    /// The run ends. Gives its text if that is a label for what follows.
    pub(super) fn flush(&mut self, eyes: &mut Eyes<'_>) -> Result<Option<Word>, Refusal> {
        let run = std::mem::replace(&mut self.run, Run { items: Vec::new() });
        let run_label = self.run_label.take();
        let Some(read) = run.read(eyes.raw) else { return Ok(None) };
        self.collect(&read.text);
        let depth = self.open.len().saturating_sub(1);
        if let Some(mark) = self.open.last_mut().and_then(|open| open.mark.as_mut()) {
            mark.own = mark.own.take().or_else(|| read.own(depth).filter(|own| own.len() <= LABEL_BYTES_MAX));
        }
        let label = is_label(&read.text).then(|| Word::from(read.text.as_str()));
        let held = self.leaf_of(read, run_label);
        self.deliver(held, eyes)?;
        Ok(label)
    }

    /// Shows a leaf now, or keeps it where its label may still come.
    pub(super) fn deliver(&mut self, held: Held, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        if held.text.len() > self.bounds.value_bytes {
            let (length, bound) = (held.text.len(), self.bounds.value_bytes);
            let note = format!("html: a value has {length} bytes, more than `value_bytes` {bound}");
            return Err(Refusal::new(Reason::Bound, note));
        }
        let held = match self.control {
            Some(control) => match self.controls.hold(control, held)? {
                Some(held) => held,
                None => return Ok(()),
            },
            None => held,
        };
        self.pass(held, eyes)
    }

    /// Shows a leaf whose labels are known, unless it stands in a `th` that is not understood yet.
    pub(super) fn pass(&mut self, held: Held, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        if self.questioning.is_some_and(|depth| depth < self.open.len()) {
            self.question.push(held);
            return Ok(());
        }
        held.show(eyes.sink)
    }

    /// A leaf without names.
    pub(super) fn bare(&self, text: String, part: Part, pieces: Vec<Piece>) -> Held {
        Held {
            text,
            part,
            pieces,
            names: Vec::new(),
            above: Vec::new(),
            places: Vec::new(),
            itself: Vec::new(),
            around: Vec::new(),
            record: self.record,
            member: None,
            loosen: Vec::new(),
        }
    }

    /// The names at the innermost open element. A cell's are the nearest; what stands around the
    /// cell is further up, but a control is always told its fieldset's legend.
    pub(super) fn names(&self) -> Names {
        let mut names = Names::default();
        let mut legends = Vec::new();
        let mut beyond = false;
        let mut control = false;
        for open in self.open.iter().rev() {
            let list = if beyond { &mut names.above } else { &mut names.near };
            for name in &open.names {
                add(list, name);
            }
            legends.extend(open.legend.as_ref().filter(|_| control));
            control |= matches!(open.tag.role, Role::Input | Role::Select | Role::Textarea);
            // What a field takes out of its element is no value, whatever label stands at that.
            if !open.except.is_empty() {
                break;
            }
            // A table that only lays out what stands in a cell has no headings of its own.
            beyond |= open.cell.is_some() && !names.near.is_empty();
        }
        for legend in legends {
            add(&mut names.near, legend);
        }
        names
    }

    fn leaf_of(&self, read: Read, run_label: Option<Word>) -> Held {
        let mut names = self.names();
        if let Some(label) = run_label {
            names.near.insert(0, label);
        }
        let Stands { places, itself, around } = self.places();
        let named = !names.near.is_empty() || !places.is_empty() || !around.is_empty();
        let part = self.part().unwrap_or(if named { Part::Value } else { Part::Text });
        if part == Part::Label {
            names = Names::default();
        }
        let mut held = self.bare(read.text, part, read.pieces);
        held.names = names.near;
        held.above = names.above;
        held.places = places;
        held.itself = itself;
        held.around = around;
        held
    }

    /// What part of the page text is here, if an element around it says so.
    fn part(&self) -> Option<Part> {
        for open in self.open.iter().rev() {
            match open.tag.role {
                Role::Title if !self.open.iter().any(|open| open.tag.foreign) => return Some(Part::Title),
                Role::Textarea | Role::Option => return Some(Part::Value),
                _ if open.label => return Some(Part::Label),
                Role::Td | Role::Th | Role::Dd => return Some(Part::Value),
                _ => {}
            }
        }
        None
    }

    fn places(&self) -> Stands {
        let mut stands = Stands::default();
        let mut except = Vec::new();
        let (mut parted, mut beyond) = (false, false);
        for open in self.open.iter().rev() {
            for place in open.places.iter().filter(|place| !except.contains(*place)) {
                stands.add(*place, parted, beyond);
            }
            for place in open.around.iter().filter(|place| !except.contains(*place)) {
                stands.add(*place, parted, true);
            }
            except.extend(&open.except);
            parted |= !open.tag.role.is_inline();
            beyond |= open.record != 0;
        }
        stands
    }

    /// Adds text to the headings and labels that it stands in; what a control holds is not theirs.
    fn collect(&mut self, text: &str) {
        if self.collecting == 0 {
            return;
        }
        let control = self.open.iter().rposition(|open| matches!(open.tag.role, Role::Select | Role::Textarea));
        for open in self.open.iter_mut().skip(control.map_or(0, |index| index + 1)) {
            if let Some(collector) = &mut open.collector {
                collector.push(text);
            }
        }
    }
}

impl Stands {
    /// Adds the place of an element around the text: `parted` from it by a block, or `beyond` its record.
    fn add(&mut self, place: PlaceId, parted: bool, beyond: bool) {
        match self.places.contains(&place) {
            true if parted && !beyond => self.itself.retain(|own| *own != place),
            true => {}
            false if beyond => {
                if !self.around.contains(&place) {
                    self.around.push(place);
                }
            }
            false => {
                self.places.push(place);
                if !parted {
                    self.itself.push(place);
                }
            }
        }
    }
}

fn add(list: &mut Vec<Word>, name: &Word) {
    if !list.contains(name) {
        list.push(Word::clone(name));
    }
}

fn is_blank(raw: &str) -> bool {
    raw.split("&nbsp;").all(|part| part.trim().is_empty())
}
