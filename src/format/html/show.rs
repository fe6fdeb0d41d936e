//! Text as leaves: what part of the page a run is, which names and places stand at it.

use std::ops::Range;

use crate::format::html::close::{LABEL_BYTES_MAX, ends_with_colon};
use crate::format::html::element::Role;
use crate::format::html::held::{Held, Raw, Word};
use crate::format::html::marks;
use crate::format::html::open::{Apart, COLONS, Collector, Open, Parted, Reach, Sibling};
use crate::format::html::page::{Eyes, Page};
use crate::format::html::run::{Decoded, Read, Run};
use crate::format::lines::{Line, Sort, labelled};
use crate::terms::leaf::{Part, Piece};
use crate::terms::place::PlaceId;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Length;

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
        let depth = self.open.len();
        let sibling = &mut self.inside().sibling;
        if let Some(label) = sibling.as_mut().filter(|label| label.prefix.is_none()) {
            let text = raw.slice(span.clone());
            if label.reach == Reach::Paragraph && !is_blank(text) {
                // A text of another block.
                *sibling = None;
                return self.run.text(span, literal, depth);
            }
            if label.apart == Apart::Nothing && text.starts_with(|c: char| c.is_whitespace() || c == '&') {
                label.apart = Apart::Blank;
            }
            if !is_blank(text) {
                self.run_label = sibling.take();
            }
        }
        self.run.text(span, literal, depth);
    }

    /// The run ends. Gives its text if that is a label for what follows.
    pub(super) fn flush(&mut self, eyes: &mut Eyes<'_>) -> Result<Option<Word>, Refusal> {
        let run = std::mem::replace(&mut self.run, Run { items: Vec::new() });
        let run_label = self.run_label.take();
        let is_label = std::mem::take(&mut self.run_is_label);
        if self.drawn_script(&run, eyes)? || (run_label.is_none() && self.data_text(&run, eyes)?) {
            return Ok(None);
        }
        let decoded = run.decoded(eyes.raw);
        let Some(read) = decoded.read(0..decoded.text.len()) else { return Ok(None) };
        self.headings = None;
        self.ends_what_goes_on(&decoded);
        // The label's own element ended before its colon: what that labels stands behind this text.
        let label_alone = run_label.as_ref().filter(|_| is_colon(&read.text)).map(|label| Word::clone(&label.text));
        self.fields = self.fields.take().filter(|_| parts_fields(&read.text));
        match Parted::of(&read.text) {
            parted @ Some(_) => self.open.iter_mut().for_each(|open| open.parted = parted),
            None => self.open.iter_mut().for_each(|open| open.texts = open.texts.saturating_add(1)),
        }
        if self.under.is_empty() {
            self.collect(&read);
        }
        let depth = self.open.len();
        if let Some(mark) = self.open.last_mut().and_then(|open| open.mark.as_mut()) {
            mark.own = mark.own.take().or_else(|| read.own(depth).filter(|own| own.len() <= LABEL_BYTES_MAX));
        }
        let label = ends_with_colon(&read.text).then(|| Word::from(read.text.as_str()));
        let (run_label, word) = match run_label {
            Some(Sibling { text, word: None, .. }) => (Some(text), None),
            Some(Sibling { text, word: Some(length), apart, .. }) => (None, Some((text, length, apart))),
            None => (None, None),
        };
        if let Some((word, length, apart)) = word.filter(|_| label_alone.is_none()) {
            let joint = match read.text.starts_with(COLONS) {
                true => Some(""),
                // As if a colon stood there.
                false => names_behind(&read.text, length, apart).then_some("："),
            };
            if let Some(joint) = joint {
                let whole = self.leaf_of(read, None, is_label);
                return self.behind(&whole, &word, joint, &decoded, eyes);
            }
        }
        if label_alone.is_some() {
            let held = self.leaf_of(read, None, is_label);
            self.deliver(held, eyes)?;
            return Ok(label_alone);
        }
        let held = self.leaf_of(read, run_label, is_label);
        let is_label = matches!(held.part, Part::Label | Part::Title);
        if (is_label || matches!(held.part, Part::Text | Part::Value)) && self.is_unnamed(&held) {
            let mut lines = labelled(&decoded.text, &self.breaks(&decoded), &self.words);
            if lines.is_empty() && !is_label {
                lines = self.label_beside(&decoded);
            }
            // A label that says its own value, too; but not one with a note behind its colon.
            let tells = |line: &Line| matches!(line.sort, Sort::Value(_));
            let counts = !is_label || (lines.iter().any(tells) && !self.words.know(&held.text));
            if !lines.is_empty() && counts {
                return self.lines(&held, &decoded, &decoded.text, lines, eyes);
            }
        }
        self.deliver(held, eyes)?;
        Ok(label)
    }

    /// A paragraph that says itself what it holds is no part of the text in the one before it.
    fn ends_what_goes_on(&mut self, decoded: &Decoded) {
        let Some(at) = self.open.iter().rposition(|open| open.goes_on) else { return };
        let breaks = self.breaks(decoded);
        if self.words.know(decoded.text.trim()) || !labelled(&decoded.text, &breaks, &self.words).is_empty() {
            let open = &mut self.open[at];
            (open.word, open.goes_on) = (None, false);
        }
    }

    /// Whether nothing around a text says what it is.
    pub(super) fn is_unnamed(&self, held: &Held) -> bool {
        held.places.is_empty() && held.around.is_empty() && !held.names.iter().any(|name| self.words.know(name))
    }

    /// Shows a text that stands behind the label before it, which is known by its words alone: line by line, as
    /// if that label stood in it, with a colon at its end or this joint.
    fn behind(
        &mut self,
        whole: &Held,
        label: &Word,
        joint: &str,
        decoded: &Decoded,
        eyes: &mut Eyes<'_>,
    ) -> Result<Option<Word>, Refusal> {
        let rest = decoded.text.trim_start();
        let (blanks, before) = (decoded.text.len() - rest.len(), label.len() + joint.len());
        let text = format!("{label}{joint}{rest}");
        let breaks: Vec<usize> = self.breaks(decoded).into_iter().filter(|at| *at >= blanks).collect();
        let breaks: Vec<usize> = breaks.into_iter().map(|at| at - blanks + before).collect();
        let mut lines = labelled(&text, &breaks, &self.words);
        lines.retain(|line| line.span.start >= before);
        // Where its words are read in another way than that label, all of it is what the label names.
        let between = lines.first().map(|line| &text[before..line.span.start]);
        if !between.is_some_and(|text| text.chars().all(|c| c.is_whitespace() || COLONS.contains(&c))) {
            let mut held = whole.clone();
            held.names.insert(0, label.clone());
            self.deliver(held, eyes)?;
            return Ok(None);
        }
        for line in &mut lines {
            line.span = line.span.start - before + blanks..line.span.end - before + blanks;
        }
        self.lines(whole, decoded, &text, lines, eyes)
    }

    /// Where the lines of a text end that people see.
    fn breaks(&self, decoded: &Decoded) -> Vec<usize> {
        let kept = |open: &Open| matches!(open.tag.role, Role::Pre | Role::Textarea);
        if self.open.iter().any(kept) {
            return decoded.text.match_indices('\n').map(|(at, _)| at).collect();
        }
        decoded.breaks.clone()
    }

    /// Shows a text whose lines say themselves what they hold; where their labels are told in `labels`. Gives
    /// the last label, if nothing stands behind it.
    fn lines(
        &mut self,
        whole: &Held,
        decoded: &Decoded,
        labels: &str,
        lines: Vec<Line>,
        eyes: &mut Eyes<'_>,
    ) -> Result<Option<Word>, Refusal> {
        let mut last = None;
        // Each line has a text of its own, and all of them may be many.
        let around = Held { text: String::new(), pieces: Vec::new(), ..whole.clone() };
        for Line { span, sort } in lines {
            let Some(read) = decoded.read(span) else { continue };
            // A mark behind a label is no value of it.
            let sort = if Parted::of(&read.text).is_some() && sort != Sort::Label { Sort::Plain } else { sort };
            let part = match sort {
                Sort::Plain => whole.part,
                Sort::Label => Part::Label,
                Sort::Value(_) => Part::Value,
            };
            last = match Parted::of(&read.text) {
                Some(_) => last,
                None => (sort == Sort::Label).then(|| Word::from(read.text.as_str())),
            };
            let mut held = Held { text: read.text, part, pieces: read.pieces, ..around.clone() };
            if part == Part::Label {
                // It names the rest of its line, or what stands behind that.
                held.above = Vec::new();
                held.names = if sort == Sort::Label { vec![Word::from(held.text.as_str())] } else { Vec::new() };
            }
            let mut questioning = None;
            if let Sort::Value(label) = sort {
                held.name(&Word::from(&labels[label]));
                // Whatever the `th` turns out to be, this is a value.
                questioning = self.questioning.take();
            }
            self.deliver(held, eyes)?;
            self.questioning = self.questioning.or(questioning);
        }
        Ok(last)
    }

    /// Shows a leaf now, or keeps it where its label may still come.
    pub(super) fn deliver(&mut self, held: Held, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        if held.text.len() > self.bounds.value_bytes {
            let (length, bound) = (held.text.len(), self.bounds.value_bytes);
            let note = format!("html: a value has {length} bytes, more than `value_bytes` {bound}");
            return Err(Refusal::new(Reason::Bound, note));
        }
        let held = if self.marks.is_empty() { held } else { marks::parted(held, &self.marks, eyes.raw)? };
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
        self.names_of(None)
    }

    /// The names at a text, or at an attribute: a label that is known by its words alone names no
    /// sentence, unless what it names may be as long.
    fn names_of(&self, text: Option<&str>) -> Names {
        let fits = |length: Length| length == Length::Text || text.is_none_or(|text| !text.contains('。'));
        let mut names = Names::default();
        let mut legends = Vec::new();
        let mut beyond = false;
        let mut control = false;
        for open in self.open.iter().rev() {
            let list = if beyond { &mut names.above } else { &mut names.near };
            for name in &open.names {
                add(list, name);
            }
            if let Some((name, _)) = open.word.as_ref().filter(|(_, length)| fits(*length)) {
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

    fn leaf_of(&self, read: Read, run_label: Option<Word>, is_label: bool) -> Held {
        let mut names = self.names_of(Some(&read.text));
        if let Some(label) = run_label {
            names.near.insert(0, label);
        }
        if Parted::of(&read.text).is_some() {
            // It only parts a label from what that names.
            names = Names::default();
        }
        let Stands { places, itself, around } = self.places();
        let named = !names.near.is_empty() || !places.is_empty() || !around.is_empty();
        let part = self.part().unwrap_or(if named { Part::Value } else { Part::Text });
        let is_label = is_label || (part == Part::Value && places.is_empty() && self.is_word_label(&read.text));
        let part = if is_label { Part::Label } else { part };
        if part == Part::Label {
            // A term or a control's label names its place, whatever stands there; the headings of a table do
            // where they have come to name columns.
            let marked = self.open.iter().rev().find(|open| open.label).map(|open| open.tag.role);
            let tells = !is_label && matches!(marked, Some(Role::Dt | Role::Label)) && self.words.know(&read.text);
            names = Names::default();
            names.near.extend(tells.then(|| Word::from(read.text.as_str())));
        }
        let mut held = self.bare(read.text, part, read.pieces);
        held.names = names.near;
        held.above = names.above;
        held.places = places;
        held.itself = itself;
        held.around = around;
        held
    }

    /// Whether a text is the next label where a value would stand: in a box beside a label, in a cell of a
    /// table without `th`.
    fn is_word_label(&self, text: &str) -> bool {
        let plain = self.tables.last().is_some_and(|table| table.is_plain() || table.asks_for_words())
            && self
                .open
                .iter()
                .rev()
                .find(|open| open.tag.role.is_table_part())
                .is_some_and(|open| open.cell.is_some());
        (plain || self.open.iter().any(|open| open.word.is_some())) && self.words.know(text)
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

    /// The places of a text that stands here.
    pub(super) fn places_here(&self) -> Vec<PlaceId> {
        let Stands { mut places, around, .. } = self.places();
        places.extend(around);
        places
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
            for place in &open.except {
                if !except.contains(place) {
                    except.push(*place);
                }
            }
            parted |= !open.tag.role.is_inline();
            beyond |= open.record != 0;
        }
        stands
    }

    /// What a heading or a label says: all of it, or only what stands in its own element or in one part or line,
    /// where that means something and notes stand beside it.
    /// Of a cell that nothing marks as a heading, each part must mean something.
    pub(super) fn label_of(&self, collector: &Collector, marked: bool) -> Option<Word> {
        let said = || collector.instead().filter(|said| self.words.know(said)).cloned();
        let Some(label) = collector.finish() else { return said() };
        if self.words.know(&label) {
            return Some(label);
        }
        let parts = collector.parts();
        let tell = marked || parts.iter().all(|part| self.words.know(part));
        let mut parts = collector.own.iter().chain(if tell { parts } else { &[] });
        let known = parts.find(|part| self.words.know(part)).or(collector.called.as_ref());
        Some(known.cloned().unwrap_or(label))
    }

    /// Adds text to the headings and labels that it stands in; what a control holds is not theirs.
    fn collect(&mut self, read: &Read) {
        if self.collecting == 0 {
            return;
        }
        let control = self.open.iter().rposition(|open| matches!(open.tag.role, Role::Select | Role::Textarea));
        for (depth, open) in self.open.iter_mut().enumerate().skip(control.map_or(0, |index| index + 1)) {
            if let Some(collector) = &mut open.collector {
                collector.push(&read.text);
                read.depths.iter().for_each(|(span, _)| collector.part(&read.text[span.clone()]));
                if collector.own.is_none() {
                    collector.own = read.own(depth + 1);
                }
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

/// Whether a label that only its words tell names the text that stands so apart from it, though no colon does:
/// it is no sentence, and in the label's own line it is short.
pub(super) fn names_behind(text: &str, length: Length, apart: Apart) -> bool {
    const SHORT_CHARS: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    let is_sentence = line.contains(['。', '、']) && length == Length::Line;
    let is_short = line.chars().nth(SHORT_CHARS).is_none();
    let fits = match apart {
        Apart::Nothing => false,
        Apart::Blank => is_short,
        Apart::Line => true,
    };
    fits && !is_sentence && line.contains(char::is_alphanumeric)
}

/// Whether a text only parts the controls of one value: the dashes of a telephone number.
pub(super) fn parts_fields(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || "-－ー–—~～()（）〒.・/".contains(c))
}

/// Whether a text is nothing but the colon behind a label.
pub(super) fn is_colon(text: &str) -> bool {
    Parted::of(text) == Some(Parted::Colon)
}

fn is_blank(raw: &str) -> bool {
    raw.split("&nbsp;").all(|part| part.trim().is_empty())
}
