//! Start tags: what an element brings with it, and which names it gives to what stands in it.

use crate::format::html::attribute::Attributes;
use crate::format::html::close::{LINK, is_of_a_menu};
use crate::format::html::element::{Role, Tag, number};
use crate::format::html::entity;
use crate::format::html::held::Word;
use crate::format::html::matching::{Facts, Matched};
use crate::format::html::open::{Apart, Collector, Mark, Open, Reach, Sibling, is_value_of};
use crate::format::html::page::{Eyes, Page, Start, Terms};
use crate::format::html::show::parts_fields;
use crate::format::html::table::{Holds, Table};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Length;

/// A start tag as it is written.
pub(super) struct Written<'a> {
    pub(super) tag: Tag,
    /// Where it begins in the body.
    pub(super) begin: usize,
    pub(super) text: &'a str,
    pub(super) attributes: &'a Attributes,
}

impl Written<'_> {
    /// The decoded value of an attribute, if there is one that is not blank.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let raw = self.attributes.raw(self.text, name)?;
        let text = entity::decode(raw, true).0;
        (!text.trim().is_empty()).then_some(text)
    }

    pub(super) fn word(&self, name: &str) -> Option<Word> {
        self.value(name).filter(|text| text.len() <= NAME_BYTES_MAX).map(|text| Word::from(text.trim()))
    }

    fn number(&self, name: &str) -> Option<usize> {
        let raw = self.attributes.raw(self.text, name)?.trim();
        let digits = raw.find(|c: char| !c.is_ascii_digit()).unwrap_or(raw.len());
        raw[..digits].parse().ok()
    }

    fn is_control(&self) -> bool {
        matches!(self.tag.role, Role::Input | Role::Select | Role::Textarea)
    }

    /// Whether the page has made the element itself.
    pub(super) fn is_custom(&self) -> bool {
        self.text[1..self.attributes.name_end].contains('-')
    }

    /// Whether it is a control that has no value in its tag.
    fn may_be_empty(&self) -> bool {
        let mut values = self.attributes.list.iter().filter(|one| one.value.is_some());
        match self.tag.role {
            Role::Input => {
                let valued = values.any(|one| self.text[one.name.clone()].eq_ignore_ascii_case("value"));
                !valued && !is_mark(&self.input())
            }
            role => matches!(role, Role::Select | Role::Textarea),
        }
    }

    fn is_hidden_input(&self) -> bool {
        self.tag.role == Role::Input && self.input() == "hidden"
    }

    /// The type of an input, in lower case.
    pub(super) fn input(&self) -> String {
        self.value("type").map(|text| text.trim().to_ascii_lowercase()).unwrap_or_default()
    }
}

const NAME_BYTES_MAX: usize = 240;

impl Page {
    /// An element begins.
    pub(super) fn start(&mut self, start: &Start, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let raw = eyes.raw;
        let text = raw.slice(start.span.clone());
        let attributes = Attributes::read(text, 1);
        if attributes.end != Some(text.len()) {
            let note = format!("html: the tag at byte {} can be read in two ways", start.span.start);
            return Err(Refusal::new(Reason::Unreadable, note));
        }
        let mut tag = Tag::of(&text[1..attributes.name_end], start.foreign);
        if tag.name == LINK && !tag.foreign {
            self.imply_link(start.span.start, eyes)?;
        }
        self.imply(tag.role, start.span.start, eyes)?;
        let is_told = self.told_role(tag, attributes.raw(text, "role"));
        tag.role = is_told.unwrap_or(tag.role);
        let written = Written { tag, begin: start.span.start, text, attributes: &attributes };
        if tag.role == Role::Form && self.is_lost_form() {
            return self.attributes(&written, &[], eyes);
        }
        if is_structure(tag) {
            // A box that holds more than text is no value of a label that only its words tell.
            self.open.iter_mut().for_each(|open| open.word = None);
        }
        let mut open = Open::new(tag, start.span.start);
        let matched = self.look(&mut open, &written);
        open.places = matched.text;
        open.around = matched.around;
        open.except = matched.except;
        let sibling = self.label_at(&mut open, &written);
        open.boundary |= matched.record || self.is_link_apart(&written, eyes);
        if tag.role == Role::Br {
            open.boundary = false;
            self.line_breaks();
        }
        let control = written.is_control();
        let (field, again) = if control { self.words_before(eyes) } else { (None, None) };
        let before = match tag.role {
            // The text around a reading is one text without it.
            Role::Reading => {
                self.under.push((std::mem::take(&mut self.run), self.run_label.take()));
                None
            }
            _ if open.boundary => self.flush(eyes)?,
            _ => None,
        };
        if matched.record {
            self.records += 1;
            self.record = self.records;
            open.record = self.record;
        }
        self.bring(&mut open, &written, eyes)?;
        if control {
            let label = before.or(sibling.map(|sibling| sibling.text)).or(field);
            self.control_named(&mut open, &written, label, again);
        } else if let Some(Sibling { text, word, .. }) = sibling {
            match word {
                Some(length) => open.word = Some((text, length)),
                None => open.names.push(text),
            }
        } else if matches!(tag.role, Role::Div | Role::P) {
            // A box behind a label that ends with a colon, and stands in none itself.
            open.names.extend(before.filter(|label| self.words.know(label)));
        }
        self.push(open)?;
        self.attributes(&written, &matched.attributes, eyes)?;
        if written.may_be_empty() {
            self.empty_control(start.span.end, eyes)?;
        }
        if !start.content || matches!(tag.role, Role::Br | Role::Void | Role::Rule | Role::Input | Role::Meta) {
            self.at = start.span.end;
            self.close_top(start.span.end, eyes)?;
        }
        Ok(())
    }

    fn line_breaks(&mut self) {
        self.run.line_break();
        if let Some(label) = &mut self.inside().sibling {
            label.apart = Apart::Line;
        }
    }

    /// The label that the sibling before left for an element, or its own; and whether text ends where it begins.
    fn label_at(&mut self, open: &mut Open, written: &Written<'_>) -> Option<Sibling> {
        let class = written.attributes.raw(written.text, "class").unwrap_or_default();
        open.mark = Mark::of(class);
        let mut sibling = self.label_before(written, class);
        open.goes_on = sibling.as_ref().is_some_and(|label| label.reach == Reach::Paragraph);
        open.boundary |= sibling.is_some();
        if sibling.as_ref().is_some_and(|label| label.reach == Reach::First) && is_box(written.tag) {
            open.inside.sibling = sibling.take();
        } else if sibling.is_none() {
            open.word = self.own_label(written);
        }
        let strong = open.mark.as_ref().is_some_and(|mark| mark.prefix.is_none());
        open.boundary |= open.word.is_some() || strong;
        open.boundary |= !(open.places.is_empty() && open.around.is_empty() && open.except.is_empty());
        sibling
    }

    /// A control begins, with the label before it, or that of the control before.
    fn control_named(&mut self, open: &mut Open, written: &Written<'_>, label: Option<Word>, again: Option<Word>) {
        self.fields = label.clone().or(again.clone()).map(|label| (label, self.open.len()));
        let is_hidden = written.is_hidden_input();
        self.control_begins(open, written, label.filter(|_| !is_hidden));
        let is_line = open.tag.role == Role::Input && !is_hidden && !is_mark(&written.input());
        // Nothing says that it is another value than the one before.
        if is_line && !open.names.iter().any(|name| self.words.know(name)) {
            open.names.extend(again);
        }
    }

    /// The label that stands before a control as plain text in its line, or above it; or that of the control
    /// before, where nothing but a dash or the like parts them.
    fn words_before(&self, eyes: &Eyes<'_>) -> (Option<Word>, Option<Word>) {
        const LINE_BYTES: usize = 200;
        let text = self.run.decoded(eyes.raw).text;
        let text = text.trim();
        if parts_fields(text) {
            let again = self.fields.as_ref().filter(|(_, depth)| *depth == self.open.len());
            return (None, again.map(|(label, _)| Word::clone(label)));
        }
        let line = text.rsplit('\n').next().map(str::trim).unwrap_or_default();
        let is_label = line.len() <= LINE_BYTES && self.words.know(line);
        (is_label.then(|| Word::from(line)), None)
    }

    /// The label that an element bears in its own tag, or that one before it has named it by, where it is known
    /// by its words.
    fn own_label(&self, written: &Written<'_>) -> Option<(Word, Length)> {
        const LABELS: [&str; 5] = ["aria-label", "data-label", "data-title", "data-th", "itemprop"];
        let tag = written.tag;
        let is_text = matches!(tag.role, Role::Inline | Role::Div | Role::P) || tag.is_line();
        if !is_text || tag.foreign || written.attributes.list.is_empty() {
            return None;
        }
        if tag.name == LINK {
            return self.edited_in_place(written);
        }
        for one in &written.attributes.list {
            let name = &written.text[one.name.clone()];
            let label = if LABELS.iter().any(|label| label.eq_ignore_ascii_case(name)) {
                written.word(name)
            } else if name.eq_ignore_ascii_case("id") && self.controls.has_labels() {
                written.value("id").and_then(|id| self.controls.label(&id))
            } else {
                None
            };
            if let Some((label, length)) = label.and_then(|label| Some((label.clone(), self.words.length(&label)?))) {
                return (!self.open.iter().any(is_of_a_menu)).then_some((label, length));
            }
        }
        None
    }

    /// The name of what a link shows and lets people change where it stands (X-editable).
    fn edited_in_place(&self, written: &Written<'_>) -> Option<(Word, Length)> {
        let is_edited =
            ["data-type", "data-pk"].iter().any(|name| written.attributes.raw(written.text, name).is_some());
        let name = written.word("data-name").filter(|_| is_edited)?;
        let length = self.words.length(&name)?;
        (!self.open.iter().any(is_of_a_menu)).then_some((name, length))
    }

    /// What the selectors say of an element.
    fn look(&mut self, open: &mut Open, written: &Written<'_>) -> Matched {
        if self.wanted.is_empty() {
            return Matched::default();
        }
        let siblings = &mut self.inside().children;
        let facts = Facts::read(written.text, written.attributes, open.tag.name, siblings);
        let matched = self.wanted.look(&facts, &self.open);
        open.facts = Some(facts);
        matched
    }

    /// The label that the sibling before left for an element, which takes it.
    fn label_before(&mut self, written: &Written<'_>, class: &str) -> Option<Sibling> {
        if !Open::can_be_labelled(written.tag.role) || written.is_hidden_input() {
            return None;
        }
        let sibling = self.inside().sibling.take()?;
        if sibling.reach == Reach::Paragraph && written.tag.role != Role::P {
            return None;
        }
        if sibling.word.is_some() && written.tag.foreign {
            self.inside().sibling = Some(sibling);
            return None;
        }
        let Sibling { prefix, target, word, .. } = &sibling;
        let fits = prefix.as_ref().is_some_and(|prefix| is_value_of(class, prefix));
        let is_label = Mark::of(class).is_some_and(|mark| mark.prefix.is_none());
        if is_label || written.tag.role == Role::Label {
            // It may turn out to be nothing but a colon.
            self.inside().sibling = Some(sibling);
            return None;
        }
        if matches!(written.tag.role, Role::Legend | Role::Dt | Role::Th) {
            return None;
        }
        if written.is_control() && target.is_some() && *target != written.value("id") {
            return None;
        }
        if fits {
            return Some(Sibling { word: None, ..sibling });
        }
        let by_words = word.is_some() || sibling.reach == Reach::First;
        if by_words && (is_structure(written.tag) || written.tag.role == Role::Button) {
            return None;
        }
        if prefix.is_some() && word.is_none() {
            // What stands between such a label and its value is neither.
            self.inside().sibling = Some(sibling);
            return None;
        }
        Some(sibling)
    }

    /// Whether a link stands apart from the text before it: on a line of its own, as an "edit" behind
    /// a value does, or after another link.
    fn is_link_apart(&self, written: &Written<'_>, eyes: &Eyes<'_>) -> bool {
        if !written.text[1..written.attributes.name_end].eq_ignore_ascii_case("a") {
            return false;
        }
        let depth = self.open.len();
        let Some((raw, deep)) = self.run.ending(eyes.raw) else { return false };
        let blanks = &raw[raw.trim_end().len()..];
        blanks.contains('\n') || (!blanks.is_empty() && deep > depth)
    }

    /// What the element's role means for tables, lists and labels.
    fn bring(&mut self, open: &mut Open, written: &Written<'_>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        if matches!(open.tag.role, Role::Head | Role::Body | Role::Tr | Role::Td | Role::Th) {
            self.table_around(written);
        }
        match open.tag.role {
            Role::Table => self.tables.push(Table::below(self.headings.take())),
            role @ (Role::Head | Role::Body) => {
                if let Some(table) = self.tables.last_mut() {
                    table.group(role == Role::Head);
                }
            }
            Role::Tr => {
                if let Some(table) = self.tables.last_mut() {
                    table.row_begins();
                }
            }
            Role::Td | Role::Th => self.cell_begins(open, written, eyes)?,
            Role::Dl => self.lists.push(Terms::default()),
            Role::Dt => {
                if let Some(list) = self.lists.last_mut().filter(|list| list.described) {
                    *list = Terms::default();
                }
                open.label = true;
            }
            Role::Dd => {
                if let Some(list) = self.lists.last_mut() {
                    list.described = true;
                    open.names.extend(list.words.iter().rev().cloned());
                }
            }
            Role::Label => {
                open.label = true;
                open.target = written.value("for");
            }
            Role::Legend | Role::Caption => open.label = true,
            Role::Meta => {
                let names = ["name", "property", "itemprop"].iter().filter_map(|name| written.word(name));
                open.names.extend(names);
            }
            Role::Button => self.button_begins(),
            Role::Inline if open.tag.name == LINK => self.button_begins(),
            Role::Input if is_mark(&written.input()) => self.button_begins(),
            Role::Script => open.script = written.value("type").unwrap_or_default().trim().to_ascii_lowercase(),
            _ => {}
        }
        if open.label {
            open.collector = Some(Collector::default());
        }
        self.says_without_text(open, written);
        Ok(())
    }

    /// Tells labels what stands in them for a text: an image's words, a button's, those of the label itself.
    fn says_without_text(&mut self, open: &mut Open, written: &Written<'_>) {
        if let Some(collector) = &mut open.collector
            && let Some(label) = written.word("aria-label")
        {
            // `氏名: activate to sort column ascending`
            collector.said(label.split([':', '：']).next().unwrap_or_default());
        }
        self.called_in_full(open, written);
        let told = match open.tag.role {
            _ if self.collecting == 0 => None,
            Role::Void => written.word("alt"),
            Role::Input if matches!(&*written.input(), "submit" | "button" | "reset") => written.word("value"),
            Role::Input if written.input() == "image" => written.word("alt"),
            _ => None,
        };
        if let Some(told) = told {
            let collectors = self.open.iter_mut().filter_map(|open| open.collector.as_mut());
            collectors.for_each(|collector| collector.said(&told));
        }
    }

    /// Tells headings and labels what they are called in full, in their own tag or by an abbreviation in them.
    fn called_in_full(&mut self, open: &mut Open, written: &Written<'_>) {
        const ABBREVIATION: u64 = number("abbr");
        let is_heading = matches!(open.tag.role, Role::Th | Role::Dt | Role::Label | Role::Legend);
        let collector = if is_heading {
            open.collector.as_mut()
        } else if open.tag.name == ABBREVIATION && self.collecting > 0 {
            self.open.iter_mut().rev().find_map(|open| open.collector.as_mut())
        } else {
            None
        };
        let Some(collector) = collector else { return };
        let names = ["abbr", "title"].iter().filter_map(|name| written.word(name));
        names.filter(|name| self.words.know(name)).for_each(|name| collector.called(name));
    }

    /// Whether a form begins in so many others that it is none: browsers take none in another at all, selectors
    /// may have been written after the page's source.
    fn is_lost_form(&self) -> bool {
        const FORMS: usize = 32;
        self.open.iter().filter(|open| open.tag.role == Role::Form).nth(FORMS).is_some()
    }

    /// What an element is in a table of boxes, as it tells readers of screens.
    fn told_role(&self, tag: Tag, told: Option<&str>) -> Option<Role> {
        let told = told?.trim();
        let is_box = matches!(tag.role, Role::Inline | Role::Div | Role::P | Role::Block | Role::Li);
        if !is_box || tag.foreign {
            return None;
        }
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(told));
        if is(&["table", "grid", "treegrid"]) {
            return Some(Role::Table);
        }
        if is(&["row"]) {
            return Some(Role::Tr);
        }
        let head = is(&["columnheader", "rowheader"]);
        if !head && !is(&["cell", "gridcell"]) {
            return None;
        }
        // Without a row it is no cell of a table.
        let row = self.find(|open| open.tag.role == Role::Tr, Role::is_wall);
        row.map(|_| if head { Role::Th } else { Role::Td })
    }

    /// Sees to it that what stands in a table has one: rows that a script puts into one, or a template holds,
    /// come without, and rows of boxes may.
    fn table_around(&mut self, written: &Written<'_>) {
        let is_of_boxes = !Tag::end(&written.text[1..written.attributes.name_end]).role.is_table_part();
        let around = self.open.iter().rev().find_map(|open| match open.tag.role {
            Role::Table => Some(true),
            _ if open.holds_rows => Some(true),
            Role::Template => Some(false),
            Role::Td | Role::Th if is_of_boxes => Some(false),
            _ => None,
        });
        if around.unwrap_or(!self.tables.is_empty()) {
            return;
        }
        self.tables.push(Table::below(self.headings.take()));
        if let Some(open) = self.open.last_mut() {
            open.holds_rows = true;
        }
    }

    fn button_begins(&mut self) {
        if let Some(table) = self.tables.last_mut() {
            table.holds_button();
        }
    }

    fn cell_begins(&mut self, open: &mut Open, written: &Written<'_>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        let th = open.tag.role == Role::Th;
        let (columns, rows) = (written.number("colspan").unwrap_or(1), written.number("rowspan").unwrap_or(1));
        let cell = table.cell_begins(th, columns, rows, is_hidden(written));
        open.names = CELL_NAMES.iter().filter_map(|name| written.word(name)).collect();
        open.names.extend(table.names(cell));
        open.cell = Some(cell);
        open.collector = Some(Collector::default());
        open.label = cell.head && !table.is_open_question(cell);
        let undecided = table.may_be_headings(cell);
        let values = table.row_has_values() && !undecided;
        if self.questioning.is_none() {
            if values {
                // What lies over several columns before a value names its row, where no column has a name.
                let holds = if table.is_of_rows() { Holds::Headings } else { Holds::Values };
                self.answer_question(holds, eyes)?;
            } else if undecided || (cell.head && !open.label) {
                self.questioning = Some(self.open.len());
            }
        }
        Ok(())
    }

    fn control_begins(&mut self, open: &mut Open, written: &Written<'_>, sibling: Option<Word>) {
        let input = written.input();
        if open.tag.role == Role::Input && is_mark(&input) {
            return;
        }
        let id = written.value("id");
        let label = id.as_deref().and_then(|id| self.controls.label(id));
        let known = label.is_some() || input == "hidden";
        open.names = label.into_iter().collect();
        // A label around it may go on behind it: what stands before is told as well as the whole.
        let around = self.open.iter().rev().find(|open| open.tag.role == Role::Label);
        open.names.extend(around.and_then(|label| self.label_of(label.collector.as_ref()?, true)));
        open.names.extend(sibling);
        open.names.extend(["aria-label", "name", "id", "placeholder"].iter().filter_map(|name| written.word(name)));
        if input == "hidden" {
            return;
        }
        if let Some(table) = self.tables.last_mut() {
            table.holds_control();
        }
        let around = self.open.iter_mut().rev().find(|open| open.tag.role == Role::Label).map(|open| {
            open.holds_control = true;
            open.begin
        });
        if around.is_some() || (!known && id.is_some()) {
            self.controls.wait(open.begin, id.filter(|_| around.is_none()), around, self.open.len());
            self.control = Some(open.begin);
        }
    }
}

/// Whether an element is a box that may hold others, or a text.
fn is_box(tag: Tag) -> bool {
    matches!(tag.role, Role::Div | Role::P) && !tag.foreign
}

/// Whether an element holds more than a text: a list, a table, a form, a section.
fn is_structure(tag: Tag) -> bool {
    match tag.role {
        Role::Table | Role::Dl | Role::Li | Role::Form | Role::Fieldset => true,
        Role::Block => !tag.foreign && !tag.is_line(),
        _ => false,
    }
}

/// Attributes by which a cell says itself what it holds; the last ones are those of tables that
/// turn into cards on narrow screens.
const CELL_NAMES: &[&str] =
    &["name", "data-label", "data-title", "data-th", "data-header", "data-column", "data-field"];

/// Whether an input's value is not what its label says: it marks a choice or a button.
pub(super) fn is_mark(input: &str) -> bool {
    matches!(input, "checkbox" | "radio" | "submit" | "button" | "reset" | "image" | "file")
}

fn is_hidden(written: &Written<'_>) -> bool {
    let style = written.value("style").unwrap_or_default();
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    written.attributes.raw(written.text, "hidden").is_some() || style.to_ascii_lowercase().contains("display:none")
}
