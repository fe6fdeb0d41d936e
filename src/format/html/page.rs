//! A page: which elements are open, and what that means for the text between them.
//!
//! Tokens come in the order of the body; what stands between two of them is end tags. Elements that
//! were left open are closed as browsers close them, as far as tables, lists, paragraphs and
//! options go; an end tag of formatting closes its own element only, wherever it stands.

use std::ops::Range;
use std::sync::Arc;

use crate::format::html::attribute::Attributes;
use crate::format::html::close::LINK;
use crate::format::html::control::Controls;
use crate::format::html::element::{Role, Tag};
use crate::format::html::held::{Held, Raw, Word};
use crate::format::html::matching::{Facts, Wanted};
use crate::format::html::open::{Inside, Open, Sibling};
use crate::format::html::run::Run;
use crate::format::html::table::{Headings, Holds, Table};
use crate::format::html::token::{Token, Writing};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::Sink;
use crate::terms::place::Places;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Words;

/// What a step needs beside the page: the body's text and who is shown its leaves.
pub(super) struct Eyes<'a> {
    pub(super) raw: &'a Raw,
    pub(super) sink: &'a mut dyn Sink,
}

/// A start tag.
pub(super) struct Start {
    pub(super) span: Range<usize>,
    pub(super) foreign: bool,
    pub(super) content: bool,
}

/// The state of a page between two tokens.
pub(super) struct Page {
    pub(super) bounds: Bounds,
    pub(super) wanted: Wanted,
    /// Labels that are known by their words.
    pub(super) words: Arc<Words>,
    /// What is known of the elements that stand in no other.
    pub(super) roots: Inside,
    /// Pages within pages: how many may still be opened.
    pub(super) nests: usize,
    pub(super) nowhere: Arc<Places>,
    pub(super) open: Vec<Open>,
    pub(super) run: Run,
    /// The label that was left for the run.
    pub(super) run_label: Option<Sibling>,
    /// The run is a label by its words.
    pub(super) run_is_label: bool,
    /// The runs that readings stand in, which go on behind those, with their labels.
    pub(super) under: Vec<(Run, Option<Sibling>)>,
    /// The text of a script or the like.
    pub(super) raw_text: Option<Range<usize>>,
    /// The marks of the script that is read, where its end hangs on them: no edit may touch one.
    pub(super) marks: Vec<Range<usize>>,
    pub(super) tables: Vec<Table>,
    /// The headings of a table of nothing else, as long as no text has come behind it.
    pub(super) headings: Option<Headings>,
    pub(super) lists: Vec<Terms>,
    pub(super) controls: Controls,
    /// The label of the last control, and how deep that stood, as long as no text has come.
    pub(super) fields: Option<(Word, usize)>,
    /// Where the control that is being read begins.
    pub(super) control: Option<usize>,
    /// Leaves of `th` of which it is not known yet whether they hold values.
    pub(super) question: Vec<Held>,
    /// How deep the `th` stands whose leaves go there.
    pub(super) questioning: Option<usize>,
    pub(super) collecting: usize,
    pub(super) records: u32,
    /// Up to which of them it was said that they are complete.
    pub(super) complete: u32,
    /// The innermost record that is open; 0 outside.
    pub(super) record: u32,
    /// How many JSON objects were shown.
    pub(super) objects: u32,
    /// Up to where everything was read.
    pub(super) at: usize,
    pub(super) settled: usize,
}

/// The terms of a list that stand at its next description.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) words: Vec<Word>,
    pub(super) described: bool,
}

/// Browsers nest no deeper than 512 elements; more than twice that is an attack or a mistake.
const DEPTH_MAX: usize = 1024;

/// Behind so many names at and around a place only those are told that mean something.
pub(super) const NAMES_MAX: usize = 64;

/// No place has more names than this.
const KNOWN_NAMES_MAX: usize = 128;

impl Page {
    /// A page before its first token.
    pub(super) fn new(wanted: Wanted, words: &Arc<Words>, bounds: &Bounds, nests: usize) -> Page {
        Page {
            bounds: bounds.clone(),
            wanted,
            words: Arc::clone(words),
            roots: Inside::default(),
            nests,
            nowhere: Arc::new(Places::default()),
            open: Vec::new(),
            run: Run::default(),
            run_label: None,
            run_is_label: false,
            under: Vec::new(),
            raw_text: None,
            marks: Vec::new(),
            tables: Vec::new(),
            headings: None,
            lists: vec![Terms::default()],
            controls: Controls::new(bounds.hold_bytes),
            fields: None,
            control: None,
            question: Vec::new(),
            questioning: None,
            collecting: 0,
            records: 0,
            complete: 0,
            record: 0,
            objects: 0,
            at: 0,
            settled: 0,
        }
    }

    /// Takes the next token.
    pub(super) fn token(&mut self, token: &Token, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let (Token::Open { span, .. } | Token::Text { span, .. } | Token::Comment { span }) = token;
        if span.start > self.at {
            self.gap(self.at..span.start, false, eyes)?;
        }
        match token {
            Token::Open { foreign, content, .. } => {
                self.start(&Start { span: span.clone(), foreign: *foreign, content: *content }, eyes)?;
            }
            Token::Text { writing: Writing::Raw, .. } => {
                let begin = self.raw_text.take().map_or(span.start, |before| before.start);
                self.raw_text = Some(begin..span.end);
            }
            Token::Text { writing, .. } => self.text(span.clone(), *writing == Writing::Literal, eyes.raw),
            Token::Comment { .. } => self.comment(span.clone(), eyes)?,
        }
        self.at = span.end;
        Ok(())
    }

    /// The page is complete: whatever is open ends.
    pub(super) fn end(&mut self, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let end = eyes.raw.end();
        self.gap(self.at..end, true, eyes)?;
        self.close_to(0, end, eyes)?;
        self.flush(eyes)?;
        self.at = end;
        self.answer_question(Holds::Values, eyes)?;
        for held in self.controls.give_up(usize::MAX) {
            self.pass(held, eyes)?;
        }
        self.settle(eyes)
    }

    /// From where on the body's text may still be needed.
    pub(super) fn begin(&self) -> usize {
        let raw_text = self.raw_text.as_ref().map(|span| span.start);
        let under = self.under.iter().filter_map(|(run, _)| run.begin());
        [self.run.begin(), raw_text].into_iter().flatten().chain(under).fold(self.at, usize::min)
    }

    /// Says up to where everything was shown.
    pub(super) fn settle(&mut self, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        // A label that has not come within an eighth of what may be held is not waited for.
        let patience = self.at.saturating_sub(self.bounds.hold_bytes / 8);
        for held in self.controls.give_up(patience) {
            self.pass(held, eyes)?;
        }
        if self.question.iter().any(|held| held.begin() < patience) {
            self.answer_question(Holds::Values, eyes)?;
        }
        let question = self.question.iter().map(Held::begin).min();
        let upto = [self.controls.begin(), question].into_iter().flatten().fold(self.begin(), usize::min);
        if upto > self.settled {
            self.settled = upto;
            eyes.sink.settled(upto)?;
        }
        Ok(())
    }

    /// Reads what stands between two tokens: end tags, marks of CDATA, a doctype; at the end of
    /// the page also a tag that was cut off.
    fn gap(&mut self, gap: Range<usize>, last: bool, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let mut at = gap.start;
        while at < gap.end {
            let raw = eyes.raw;
            let rest = raw.slice(at..gap.end);
            let length = gap_part(rest).filter(|length| *length > 0);
            let Some(length) = length else {
                if last {
                    return self.remainder(at..gap.end, eyes);
                }
                let note = format!("html: what stands at byte {at} cannot be told from markup");
                return Err(Refusal::new(Reason::Unreadable, note));
            };
            if rest.starts_with("</") && rest.as_bytes().get(2).is_some_and(u8::is_ascii_alphabetic) {
                self.end_tag(at, at + length, eyes)?;
            } else if rest.starts_with("<!") && !rest.starts_with(CDATA) {
                self.doctype(at..at + length, eyes)?;
            }
            at += length;
            self.at = at;
        }
        Ok(())
    }

    fn end_tag(&mut self, begin: usize, end: usize, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let raw = eyes.raw;
        let text = raw.slice(begin..end);
        let attributes = Attributes::read(text, 2);
        let name = &text[2..attributes.name_end];
        let tag = Tag::end(name);
        if tag.role == Role::Br {
            self.run.line_break();
        } else if let Some(index) = self.ended_by(tag, name) {
            if tag.role == Role::Inline || tag.role == Role::Form {
                // Formatting may overlap with blocks, forms with tables: only the one ends.
                let open = self.open.remove(index);
                self.open.push(open);
                self.close_top(end, eyes)?;
            } else {
                self.close_to(index, end, eyes)?;
            }
        }
        // Attributes of an end tag mean nothing, but they reach staff.
        self.stray_attributes(begin, text, &attributes, eyes)
    }

    /// Which open element an end tag ends.
    fn ended_by(&self, tag: Tag, name: &str) -> Option<usize> {
        if name.eq_ignore_ascii_case("body") || name.eq_ignore_ascii_case("html") {
            return None;
        }
        let wall: fn(Role) -> bool = match tag.role {
            Role::Form => |_| false,
            Role::Table => |role| role == Role::Template,
            role if role.is_table_part() => |role| matches!(role, Role::Table | Role::Template),
            _ => Role::is_wall,
        };
        self.find(|open| open.tag.name == tag.name, wall)
    }

    /// The nearest open element of a sort, unless a wall stands before it.
    pub(super) fn find(&self, wanted: impl Fn(&Open) -> bool, wall: impl Fn(Role) -> bool) -> Option<usize> {
        for (index, open) in self.open.iter().enumerate().rev() {
            if wanted(open) {
                return Some(index);
            }
            if wall(open.tag.role) {
                return None;
            }
        }
        None
    }

    /// Ends the link that is open where another begins: no link stands in one, and formatting ends alone.
    pub(super) fn imply_link(&mut self, at: usize, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let Some(index) = self.find(|open| open.tag.name == LINK && !open.tag.foreign, Role::is_wall) else {
            return Ok(());
        };
        let open = self.open.remove(index);
        self.open.push(open);
        self.close_top(at, eyes)
    }

    /// Closes what was left open where an element of this role begins.
    pub(super) fn imply(&mut self, role: Role, at: usize, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let passable = |role| matches!(role, Role::Inline | Role::Div | Role::P | Role::Label);
        let index = match role {
            Role::Li => self.find(|open| open.tag.role == Role::Li, |role| !passable(role)),
            Role::Dt | Role::Dd => {
                self.find(|open| matches!(open.tag.role, Role::Dt | Role::Dd), |role| !passable(role))
            }
            Role::Option => self.find(|open| open.tag.role == Role::Option, |role| role != Role::Inline),
            Role::Reading => self.find(|open| open.tag.role == Role::Reading, |role| role != Role::Inline),
            Role::Optgroup => self.within(|role| role == Role::Select),
            Role::Tr => self
                .within(|role| matches!(role, Role::Table | Role::Head | Role::Body))
                .or_else(|| self.find(|open| open.tag.role == Role::Tr, |role| role == Role::Template)),
            Role::Td | Role::Th => self.within(|role| matches!(role, Role::Table | Role::Tr)).or_else(|| {
                self.find(|open| matches!(open.tag.role, Role::Td | Role::Th), |role| role == Role::Template)
            }),
            Role::Head | Role::Body | Role::Caption => self.within(|role| role == Role::Table),
            Role::Select | Role::Input | Role::Textarea => {
                self.find(|open| open.tag.role == Role::Select, Role::is_wall)
            }
            _ => None,
        };
        if let Some(index) = index {
            self.close_to(index, at, eyes)?;
        }
        if role.closes_p()
            && let Some(index) =
                self.find(|open| open.tag.role == Role::P, |role| role.is_wall() || role == Role::Button)
        {
            self.close_to(index, at, eyes)?;
        }
        if role == Role::Tr && self.open.last().is_some_and(|open| open.tag.role == Role::Table) {
            self.imply_body(at)?;
        }
        Ok(())
    }

    /// Opens the `tbody` that browsers put around rows which stand in none: selectors name it.
    fn imply_body(&mut self, at: usize) -> Result<(), Refusal> {
        let mut open = Open::new(Tag::of("tbody", false), at);
        if !self.wanted.is_empty()
            && let Some(table) = self.open.last_mut()
        {
            open.facts = Some(Facts::implied("tbody", open.tag.name, &mut table.inside.children));
        }
        if let Some(table) = self.tables.last_mut() {
            table.group(false);
        }
        self.push(open)
    }

    /// The outermost open element inside the nearest of a sort.
    fn within(&self, outer: impl Fn(Role) -> bool) -> Option<usize> {
        self.find(|open| outer(open.tag.role), |role| role == Role::Template).map(|index| index + 1)
    }

    /// Ends all elements from this one inwards.
    pub(super) fn close_to(&mut self, index: usize, end: usize, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        while self.open.len() > index {
            self.close_top(end, eyes)?;
        }
        Ok(())
    }

    /// What the innermost open element, or the page, remembers of the elements in it.
    pub(super) fn inside(&mut self) -> &mut Inside {
        self.open.last_mut().map_or(&mut self.roots, |open| &mut open.inside)
    }

    /// Opens an element.
    pub(super) fn push(&mut self, mut open: Open) -> Result<(), Refusal> {
        if self.open.len() >= DEPTH_MAX {
            let note = format!("html: elements are nested deeper than {DEPTH_MAX}, at byte {}", open.begin);
            return Err(Refusal::new(Reason::Bound, note));
        }
        let around = self.open.last().map_or(0, |around| around.names_around);
        if around + open.names.len() > NAMES_MAX {
            open.names.retain(|name| self.words.know(name));
        }
        open.names_around = around + open.names.len() + usize::from(open.word.is_some());
        Page::check_names(open.names_around, open.begin)?;
        self.collecting += usize::from(open.collector.is_some());
        self.open.push(open);
        Ok(())
    }

    /// A fieldset has this legend, which names the controls in it.
    pub(super) fn legend(&mut self, legend: Option<Word>) -> Result<(), Refusal> {
        let words = &self.words;
        let Some(fieldset) = self.open.iter_mut().rev().find(|open| open.tag.role == Role::Fieldset) else {
            return Ok(());
        };
        let tells = |legend: &Word| fieldset.names_around < NAMES_MAX || words.know(legend);
        fieldset.legend = legend.filter(tells);
        fieldset.names_around += usize::from(fieldset.legend.is_some());
        Page::check_names(fieldset.names_around, fieldset.begin)
    }

    /// A term of the innermost list waits for its description. That too many do is told where one comes.
    pub(super) fn term(&mut self, term: Word) {
        let Some(list) = self.lists.last_mut() else { return };
        let counts = list.words.len() < NAMES_MAX || self.words.know(&term);
        if counts && list.words.len() <= KNOWN_NAMES_MAX && !list.words.contains(&term) {
            list.words.push(term);
        }
    }

    /// Every leaf is told all names around it: their number is bounded, so that the work is.
    fn check_names(count: usize, at: usize) -> Result<(), Refusal> {
        if count <= KNOWN_NAMES_MAX {
            return Ok(());
        }
        let note = format!("html: more than {KNOWN_NAMES_MAX} labels stand around one place, at byte {at}");
        Err(Refusal::new(Reason::Bound, note))
    }
}

const CDATA: &str = "<![CDATA[";

/// How long the part is at the start of what stands between two tokens.
fn gap_part(rest: &str) -> Option<usize> {
    if rest.starts_with(CDATA) {
        return Some(CDATA.len());
    }
    if rest.starts_with("]]>") || rest.starts_with("</>") {
        return Some(3);
    }
    if rest.starts_with("</") {
        return Attributes::read(rest, 2).end;
    }
    rest.starts_with("<!").then(|| rest.find('>').map(|end| end + 1)).flatten()
}
