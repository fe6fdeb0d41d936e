//! Open elements: what is remembered of each until it ends.

use crate::format::html::element::{Role, Tag};
use crate::format::html::held::Word;
use crate::format::html::matching::{Children, Facts};
use crate::format::html::table::Cell;
use crate::terms::label;
use crate::terms::place::PlaceId;
use crate::terms::words::Length;

/// An element that has begun and not ended.
pub(super) struct Open {
    pub(super) tag: Tag,
    /// Where its start tag begins in the body.
    pub(super) begin: usize,
    /// Text ends where it begins and where it ends.
    pub(super) boundary: bool,
    /// The number of the record that it is; 0 if it is none.
    pub(super) record: u32,
    /// Its text is a heading or a label.
    pub(super) label: bool,
    /// The names that it gives to what stands in it, the nearest first.
    pub(super) names: Vec<Word>,
    /// How many names it and the elements around it give.
    pub(super) names_around: usize,
    /// The name that a label known by its words alone gives to what stands in it.
    pub(super) word: Option<(Word, Length)>,
    /// It goes on with what the paragraph before it says.
    pub(super) goes_on: bool,
    /// How many texts have stood in it, and whether a mark that only parts a label from its value has.
    pub(super) texts: u32,
    pub(super) parted: Option<Parted>,
    /// A fieldset's legend.
    pub(super) legend: Option<Word>,
    /// The places that its text is at.
    pub(super) places: Vec<PlaceId>,
    /// The places that its text is at for a record around its own.
    pub(super) around: Vec<PlaceId>,
    /// The places around it that its text is not at.
    pub(super) except: Vec<PlaceId>,
    /// Gathers the text of a heading or a label.
    pub(super) collector: Option<Collector>,
    /// Its class says that it labels what follows.
    pub(super) mark: Option<Mark>,
    /// The `for` of a label.
    pub(super) target: Option<String>,
    /// A control stands in this label.
    pub(super) holds_control: bool,
    /// Rows stand in it without a table, which it is then.
    pub(super) holds_rows: bool,
    /// Where this cell stands in its table.
    pub(super) cell: Option<Cell>,
    /// The `type` of a script.
    pub(super) script: String,
    /// What selectors may ask of it, if there are any.
    pub(super) facts: Option<Facts>,
    pub(super) inside: Inside,
}

/// What an element, or the page, remembers of the elements in it.
#[derive(Default)]
pub(super) struct Inside {
    /// How many there were, for selectors.
    pub(super) children: Children,
    /// The label that the last one left for the next.
    pub(super) sibling: Option<Sibling>,
}

impl Open {
    /// An element of which nothing is known but its tag.
    pub(super) fn new(tag: Tag, begin: usize) -> Open {
        Open {
            tag,
            begin,
            boundary: !tag.role.is_inline(),
            record: 0,
            label: false,
            names: Vec::new(),
            names_around: 0,
            word: None,
            goes_on: false,
            texts: 0,
            parted: None,
            legend: None,
            places: Vec::new(),
            around: Vec::new(),
            except: Vec::new(),
            collector: None,
            mark: None,
            target: None,
            holds_control: false,
            holds_rows: false,
            cell: None,
            script: String::new(),
            facts: None,
            inside: Inside::default(),
        }
    }

    /// Whether such an element can hold the value that a label before it names.
    pub(super) fn can_be_labelled(role: Role) -> bool {
        !matches!(role, Role::Void | Role::Br | Role::Rule | Role::Script | Role::Style | Role::Meta | Role::Markup)
    }
}

/// What parts a label from its value, where nothing else stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parted {
    /// A colon: what stands before it is a label.
    Colon,
    /// Another mark, or a note that the field must be filled in: it may stand beside anything.
    Mark,
}

impl Parted {
    /// What a text is of these.
    pub(super) fn of(text: &str) -> Option<Parted> {
        const MARKS: [char; 12] = ['*', '※', '|', '｜', '=', '＝', '→', '⇒', '»', '›', '▶', '►'];
        let text = text.trim();
        match text {
            "" => None,
            _ if text.chars().all(|c| COLONS.contains(&c)) => Some(Parted::Colon),
            _ => (text.chars().all(|c| MARKS.contains(&c)) || label::is_note(text)).then_some(Parted::Mark),
        }
    }
}

/// What stands between a label and its value.
pub(super) const COLONS: [char; 2] = [':', '：'];

/// Gathers the text of a heading or label.
#[derive(Default)]
pub(super) struct Collector {
    text: String,
    over: bool,
    /// Its first lines and the texts of its elements, each by itself.
    parts: Vec<Word>,
    /// What an image in it says, a button or the element itself, for readers that see no text.
    said: Option<Word>,
    /// What it is called in full, in words that are known.
    pub(super) called: Option<Word>,
    /// The first text that stands in the element itself, where others stand in elements beside that.
    pub(super) own: Option<Word>,
}

/// So many parts of a label are looked at.
const PARTS_MAX: usize = 8;

/// A longer text is no label.
const LABEL_BYTES_MAX: usize = 240;

impl Collector {
    /// Adds text that stands in the element.
    pub(super) fn push(&mut self, text: &str) {
        if self.text.len() + text.len() > LABEL_BYTES_MAX {
            self.over = true;
        } else {
            self.text.push_str(text);
            self.text.push(' ');
        }
    }

    /// Adds a part of that text: what stands in one element, of which each line is one.
    pub(super) fn part(&mut self, text: &str) {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && line.len() <= LABEL_BYTES_MAX);
        self.parts.extend(lines.take(PARTS_MAX.saturating_sub(self.parts.len())).map(Word::from));
    }

    /// Notes what stands for a text that the element may not have.
    pub(super) fn said(&mut self, text: &str) {
        if self.said.is_none() && !text.trim().is_empty() && text.len() <= LABEL_BYTES_MAX {
            self.said = Some(Word::from(text.trim()));
        }
    }

    /// Notes what its tag, or an abbreviation in it, says in full: `<th abbr="氏名">`.
    pub(super) fn called(&mut self, name: Word) {
        self.called.get_or_insert(name);
    }

    /// What stands for its text, where it has none.
    pub(super) fn instead(&self) -> Option<&Word> {
        self.said.as_ref().filter(|_| self.text.trim().is_empty())
    }

    /// Its parts, if it has several.
    pub(super) fn parts(&self) -> &[Word] {
        if self.parts.len() > 1 { &self.parts } else { &[] }
    }

    /// The label, with its blanks joined; nothing if it is empty or too long.
    pub(super) fn finish(&self) -> Option<Word> {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        (!self.over && !words.is_empty()).then(|| Word::from(words.join(" ")))
    }
}

/// A label for the sibling that follows.
#[derive(Clone)]
pub(super) struct Sibling {
    pub(super) text: Word,
    /// Of the controls, only for the one with this id.
    pub(super) target: Option<String>,
    /// Only for a value whose class has this prefix: `card-info` of `card-info-key`.
    pub(super) prefix: Option<String>,
    /// It is known by its words alone, and its values are so long: it labels an element, and of the text
    /// behind it only what stands behind a colon.
    pub(super) word: Option<Length>,
    /// How the text behind such a label stands apart from it.
    pub(super) apart: Apart,
    /// What it labels.
    pub(super) reach: Reach,
}

/// What the label that a sibling left is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// The element behind it.
    #[default]
    Next,
    /// What stands first in the boxes behind it: it names a control, stood in a box of its own, and the
    /// control may show nothing.
    First,
    /// A paragraph: a text goes on in it.
    Paragraph,
}

/// How a text stands apart from the label before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Apart {
    /// It runs on: only behind a colon it is what the label names.
    #[default]
    Nothing,
    /// Behind blanks: what is short.
    Blank,
    /// On a line of its own.
    Line,
}

impl Sibling {
    /// A label for whatever follows.
    pub(super) fn of(text: Word) -> Sibling {
        Sibling { text, target: None, prefix: None, word: None, apart: Apart::Nothing, reach: Reach::Next }
    }
}

/// What a class says of an element that labels another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// What stands before `-key`, `-name` and the like; nothing where the class says `label`,
    /// which needs no partner.
    pub(super) prefix: Option<String>,
    /// The text that stands in it, not deeper.
    pub(super) own: Option<Word>,
}

impl Mark {
    /// Reads a `class`.
    pub(super) fn of(class: &str) -> Option<Mark> {
        class.split_ascii_whitespace().find_map(|word| {
            let word = word.to_ascii_lowercase();
            if word.ends_with("label") {
                return Some(Mark { prefix: None, own: None });
            }
            let prefix = KEYS.iter().find_map(|key| before(&word, key))?;
            Some(Mark { prefix: Some(prefix.to_owned()), own: None })
        })
    }
}

/// Whether a class says that its element holds the value of a label with this prefix.
pub(super) fn is_value_of(class: &str, prefix: &str) -> bool {
    class.split_ascii_whitespace().any(|word| before(&word.to_ascii_lowercase(), "value") == Some(prefix))
}

/// Endings of classes that label an element whose class ends with `value`.
const KEYS: &[&str] = &["key", "name", "title", "term", "caption", "head", "heading"];

fn before<'w>(word: &'w str, ending: &str) -> Option<&'w str> {
    let before = word.strip_suffix(ending)?;
    if before.is_empty() {
        return Some(before);
    }
    before.strip_suffix(['-', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_pair_labels_with_values() {
        assert_eq!(Mark::of("row control-label"), Some(Mark { prefix: None, own: None }));
        assert_eq!(Mark::of("card-info-key"), Some(Mark { prefix: Some("card-info".into()), own: None }));
        assert_eq!(Mark::of("key"), Some(Mark { prefix: Some(String::new()), own: None }));
        assert_eq!(Mark::of("rename monkey"), None);
        assert!(is_value_of("x card-info-value", "card-info"));
        assert!(is_value_of("value", ""));
        assert!(!is_value_of("brick-value", "card-info"));
    }

    #[test]
    fn a_long_text_is_no_label() {
        let mut collector = Collector::default();
        collector.push("  Last \u{a0} name\n");
        collector.push("*");
        assert_eq!(collector.finish().as_deref(), Some("Last name *"));
        collector.push(&"x".repeat(300));
        assert_eq!(collector.finish(), None);
    }
}
