//! What a leaf's place tells of it: its names, its kind, whether it holds the document together.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::guard::queue::Waiting;
use crate::policy::plan::{Meaning, Plan};
use crate::terms::action::Action;
use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part, Piece};
use crate::terms::place::{Place, PlaceId};
use crate::terms::quote::Quote;

/// How many names are kept looked up; a document has few, and where it has more each is looked up
/// again.
const NAMES: usize = 4096;

/// For how many names there is room from the first on, so that an answer's first record does not make
/// the tables grow step by step.
const FEW_NAMES: usize = 48;

/// A kind that a place or a label gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub kind: KindId,
    /// No detector looks inside.
    pub only: bool,
    /// A field of the rules named it, not a label alone.
    pub declared: bool,
    /// What becomes of it, where the field says so itself.
    pub action: Option<Action>,
}

/// What names mean to one plan, each looked up once an answer. Records of one list have the same
/// names in the same order, so that the name after the last one is guessed before it is sought.
#[derive(Default)]
pub(super) struct Names {
    rows: Vec<Named>,
    index: HashMap<String, usize>,
    /// The last name that was looked up, by the way that it stood at its leaf.
    last: [usize; WAYS],
}

/// What one name means.
struct Named {
    name: String,
    places: Vec<PlaceId>,
    label: Option<KindId>,
    /// What came after it.
    next: [usize; WAYS],
}

/// Names that stand at a leaf, names further up.
const WAYS: usize = 2;
const AT: usize = 0;
const ABOVE: usize = 1;

/// What stands at one leaf.
#[derive(Default)]
pub(super) struct Met {
    /// Every place of the plan that reaches it: by path, by selector, by name.
    pub places: Vec<PlaceId>,
    /// Where in them those begin that a name at it names, and those that a name further up does.
    named: usize,
    above: usize,
    /// The kind of the nearest label that means one.
    pub label: Option<KindId>,
    /// Whether it is a cell of a row, in a column that the request named.
    pub cell: bool,
}

impl Names {
    /// Looks at a leaf's places and names.
    pub(super) fn meet(&mut self, plan: &Plan, leaf: &Leaf<'_>, met: &mut Met) {
        met.places.clear();
        met.places.extend_from_slice(leaf.places);
        met.places.extend_from_slice(leaf.reach.around);
        met.named = met.places.len();
        met.label = None;
        met.cell = false;
        if let Some(columns) = &plan.columns {
            for id in leaf.places {
                if let Meaning::Column(number) = plan.targets[usize::from(id.0)].meaning {
                    met.cell = true;
                    met.label = columns.get(usize::from(number)).copied().flatten();
                }
            }
        }
        for name in leaf.names.iter() {
            let named = self.named(plan, name, AT);
            met.places.extend_from_slice(&named.places);
            met.label = met.label.or(named.label);
        }
        // `{"電話番号": {"type": "LINK", "value": "…"}}`: the label stands above what bears the value.
        if met.label.is_none() && is_bearer(leaf) {
            met.label = leaf.above.first().and_then(|name| self.named(plan, name, ABOVE).label);
        }
        // A script's own words say what is secret there, and nothing else: a page's settings, texts and
        // selectors bear the same names as its data.
        if leaf.part == Part::Script {
            met.places.retain(|id| matches!(plan.targets[usize::from(id.0)].meaning, Meaning::Field { .. }));
        }
        met.above = met.places.len();
        if !plan.names.is_empty() {
            for name in leaf.above.iter() {
                met.places.extend_from_slice(&self.named(plan, name, ABOVE).places);
            }
        }
    }

    fn named(&mut self, plan: &Plan, name: &str, way: usize) -> &Named {
        let last = self.last[way];
        let guess = self.rows.get(last).map_or(0, |row| row.next[way]);
        let at = match self.rows.get(guess) {
            Some(row) if row.name == name => guess,
            _ => self.sought(plan, name),
        };
        if let Some(row) = self.rows.get_mut(last) {
            row.next[way] = at;
        }
        self.last[way] = at;
        &self.rows[at]
    }

    fn sought(&mut self, plan: &Plan, name: &str) -> usize {
        if let Some(at) = self.index.get(name) {
            return *at;
        }
        if self.rows.len() >= NAMES {
            *self = Names::default();
        }
        if self.rows.is_empty() {
            self.rows.reserve(FEW_NAMES);
            self.index.reserve(FEW_NAMES);
        }
        let folded = label::fold(name);
        let (places, label) = meaning(plan, &folded);
        let at = self.rows.len();
        self.rows.push(Named { name: name.to_owned(), places, label, next: [at; WAYS] });
        self.index.insert(name.to_owned(), at);
        at
    }
}

/// What a folded name means: the places that it is, and the kind of its label. One that is not known as it is
/// means what its parts do, of several kinds the strictest.
fn meaning(plan: &Plan, folded: &str) -> (Vec<PlaceId>, Option<KindId>) {
    let known = |name: &str| (plan.names.get(name).cloned().unwrap_or_default(), plan.labels.get(name).copied());
    let is_known = |(places, label): &(Vec<PlaceId>, Option<KindId>)| !places.is_empty() || label.is_some();
    let whole = known(folded);
    if is_known(&whole) {
        return whole;
    }
    let (outside, inside) = label::parts(folded);
    let mut all = (Vec::new(), None);
    for (places, label) in outside.into_iter().map(known) {
        all.0.extend(places);
        all.1 = [all.1, label].into_iter().flatten().max_by_key(|kind| strictness(plan, *kind));
    }
    if !is_known(&all) {
        all = inside.map(known).unwrap_or_default();
    }
    if !is_known(&all)
        && let Some(name) = label::without_time(folded)
    {
        // What it was before is as personal, but it is not the field: that may be gone from the answer.
        let (places, label) = known(name);
        let of_field = |id: &PlaceId| match plan.targets[usize::from(id.0)].meaning {
            Meaning::Field { kind, told: None, .. } => Some(kind),
            _ => None,
        };
        let kinds = places.iter().filter_map(of_field).chain(label);
        all.1 = kinds.max_by_key(|kind| strictness(plan, *kind));
    }
    all
}

/// Whether a member is called by what it holds alone, and not by what that is.
fn is_bearer(leaf: &Leaf<'_>) -> bool {
    const BEARERS: [&str; 9] =
        ["value", "values", "displayValue", "display_value", "rawValue", "raw_value", "number", "text", "formatted"];
    leaf.names.first().is_some_and(|name| BEARERS.iter().any(|bearer| name.eq_ignore_ascii_case(bearer)))
}

/// Whether the rules or the built-in labels speak of a name: then it is no value.
pub(super) fn is_name(plan: &Plan, name: &str) -> bool {
    const NAME_BYTES: usize = 256;
    if name.len() > NAME_BYTES {
        return false;
    }
    let folded = label::fold(name);
    plan.names.contains_key(&folded) || plan.labels.contains_key(&folded)
}

impl Met {
    /// The places that count at a leaf of this part: a name says what stands at it only where a value can
    /// stand, but what a path or a selector reaches is what the rules mean, whatever it is.
    fn counting(&self, part: Part) -> &[PlaceId] {
        if carries_values(part) { &self.places } else { &self.places[..self.named] }
    }

    /// The places that say of the record what it is, and whether each names just this leaf or
    /// something around it. What stands in a tag, a script or an address is not what a heading names,
    /// and a record says nothing of those that stand in it.
    pub(super) fn telling<'m>(&'m self, leaf: &'m Leaf<'_>) -> impl Iterator<Item = (PlaceId, bool)> {
        let paths = leaf.places.iter().map(|id| (*id, leaf.reach.itself.contains(id)));
        let is_named = self.named < self.places.len() && is_value_of_names(leaf);
        let names = if is_named { self.named } else { self.places.len() };
        let itself = |at: usize| at < self.above;
        let names = (names..self.places.len()).map(move |at| (self.places[at], itself(at)));
        paths.chain(names).filter(|_| leaf.part != Part::Key)
    }
}

/// Whether a leaf is what a name that stands at it or around it names, and not beside that.
fn is_value_of_names(leaf: &Leaf<'_>) -> bool {
    use Part::{Boolean, Comment, Number, Text, Title, Value};
    let in_tag = |quote: &Quote| matches!(quote, Quote::HtmlDouble | Quote::HtmlSingle | Quote::HtmlBare);
    let beside = |piece: &Piece| piece.quotes.layers().iter().any(in_tag);
    matches!(leaf.part, Value | Number | Boolean | Text | Title | Comment)
        && (is_control(leaf) || !leaf.pieces.iter().any(beside))
}

/// The kind of a leaf of which nothing is kept.
pub(super) fn known(plan: &Plan, leaf: &Leaf<'_>) -> Option<Known> {
    let mut met = Met::default();
    Names::default().meet(plan, leaf, &mut met);
    let is_key = leaf.part == Part::Key && (is_key(leaf.text) || is_name(plan, leaf.text));
    if is_key || is_word_of_the_page(leaf) { None } else { kind_of(plan, leaf, &met, true) }
}

/// The kinds that a leaf's place may give it, whoever asks.
#[derive(Default)]
pub(super) struct EveryKind {
    pub kinds: Vec<KindId>,
    /// Whether another value says which of them counts.
    pub is_told: bool,
}

/// Every kind that a leaf's fields may give it, or else its label: what hangs on nobody's rules.
pub(super) fn every_kind(plan: &Plan, leaf: &Leaf<'_>) -> EveryKind {
    let mut met = Met::default();
    Names::default().meet(plan, leaf, &mut met);
    let mut every = EveryKind::default();
    for id in met.counting(leaf.part) {
        if let Meaning::Field { kind, told, .. } = plan.targets[usize::from(id.0)].meaning {
            every.kinds.push(kind);
            every.is_told |= told.is_some();
        }
    }
    if every.kinds.is_empty() && plan.scan && leaf.part != Part::Attribute && carries_values(leaf.part) {
        let above = leaf.above.first().filter(|_| is_bearer(leaf));
        let mut labels = leaf.names.iter().chain(above).map(|name| labels(plan, &label::fold(name)));
        every.kinds = labels.find(|kinds| !kinds.is_empty()).unwrap_or_default();
    }
    every
}

/// The kinds of all labels that a folded name is made of.
fn labels(plan: &Plan, folded: &str) -> Vec<KindId> {
    let known = |name: &str| plan.labels.get(name).copied();
    if let Some(kind) = known(folded) {
        return vec![kind];
    }
    let (outside, inside) = label::parts(folded);
    let all: Vec<KindId> = outside.into_iter().filter_map(known).collect();
    if all.is_empty() { inside.and_then(known).into_iter().collect() } else { all }
}

/// A teller that speaks of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// Its number.
    pub number: u16,
    /// No detector looks inside.
    pub only: bool,
    /// The innermost JSON object around the leaf.
    pub object: Option<u32>,
}

/// The tellers that speak of a leaf, unless it is a word of the page.
pub(super) fn told(plan: &Plan, leaf: &Leaf<'_>, met: &Met) -> Vec<(u16, bool)> {
    let mut all: Vec<(u16, bool)> = Vec::new();
    if plan.tellers.is_empty() {
        return all;
    }
    for id in met.counting(leaf.part) {
        if let Meaning::Field { told: Some(number), only, .. } = plan.targets[usize::from(id.0)].meaning
            && !all.contains(&(number, only))
        {
            all.push((number, only));
        }
    }
    all
}

/// Every kind that a field names for a leaf by itself, where rules compare records, unless it is a word
/// of the page.
pub(super) fn kinds_of(plan: &Plan, leaf: &Leaf<'_>, met: &Met) -> Vec<KindId> {
    let field = |id: &PlaceId| match plan.targets[usize::from(id.0)].meaning {
        Meaning::Field { kind, told: None, .. } => Some(kind),
        _ => None,
    };
    let places = if plan.rows.is_some() { met.counting(leaf.part) } else { &[] };
    places.iter().filter_map(field).collect()
}

/// The kind that the leaf's place gives it, the strictest where several fields name it; else the
/// kind of the label that stands at it; nothing counts of a word of the page. Kinds that another value
/// tells count where `doubt` says so.
pub(super) fn kind_of(plan: &Plan, leaf: &Leaf<'_>, met: &Met, doubt: bool) -> Option<Known> {
    let mut best: Option<Known> = None;
    for id in met.counting(leaf.part) {
        let Meaning::Field { kind, only, told, .. } = plan.targets[usize::from(id.0)].meaning else { continue };
        if told.is_some() && !doubt {
            continue;
        }
        best = Some(match best {
            None => Known { kind, only, declared: true, action: None },
            // `only` counts where every field says so: of several options the stricter.
            Some(known) if strictness(plan, kind) > strictness(plan, known.kind) => {
                Known { kind, only: only && known.only, ..known }
            }
            Some(known) => Known { only: only && known.only, ..known },
        });
    }
    match best {
        Some(known) => Some(known),
        // A label speaks of the value that it stands at, not of the attributes around that value.
        None if !plan.scan || leaf.part == Part::Attribute || !carries_values(leaf.part) => None,
        None => met.label.map(|kind| Known { kind, only: false, declared: false, action: None }),
    }
}

/// What a telephone number has at least.
const PHONE_DIGITS: usize = 10;

/// Whether an edit would break the document rather than hide a value.
pub(super) fn is_structure(leaf: &Leaf<'_>) -> bool {
    match leaf.part {
        Part::Id => is_machine_name(leaf.text),
        Part::Style => true,
        Part::Url => leaf.names.is_empty() && is_plain_id(leaf.text),
        _ => false,
    }
}

/// Whether an id or a class is such as programs write. One in Japanese, or with the digits of a telephone number, may
/// be made of a value: where that is known and veiled, the id goes with it, whatever looks for it.
fn is_machine_name(text: &str) -> bool {
    text.is_ascii() && text.bytes().filter(u8::is_ascii_digit).count() < PHONE_DIGITS
}

/// Whether `unlisted` speaks of this part: what people read, not what holds a document together.
fn is_content(part: Part) -> bool {
    use Part::{Attribute, Boolean, Comment, Number, Text, Title, Value};
    matches!(part, Value | Number | Boolean | Text | Attribute | Title | Comment)
}

/// Whether the rules name what stands here, or cannot be asked to.
pub(super) fn is_listed(leaf: &Waiting<'_>) -> bool {
    leaf.flags.named || !is_content(leaf.part)
}

/// Whether a text is such as applications number and name their records by, and too short for a
/// telephone number.
pub(super) fn is_plain_id(text: &str) -> bool {
    text.len() < PHONE_DIGITS && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether a find is a part of a longer name of the application's own: `creme` in `creme_core` or
/// `ui-creme-list`, where paths of the rules hold that word. Every link has it, so it tells nothing
/// of whoever is called so, and without it the links would lead nowhere.
pub fn is_part_of_a_name(words: &HashSet<String>, text: &str, found: &Range<usize>) -> bool {
    let joins = |c: char| matches!(c, '_' | '-');
    let joined = text[..found.start].ends_with(joins) || text[found.end..].starts_with(joins);
    joined && words.contains(&text[found.clone()])
}

/// Whether the leaf is what a control of a form holds.
pub(super) fn is_control(leaf: &Leaf<'_>) -> bool {
    let in_tag =
        |piece: &Piece| matches!(piece.quotes.layers(), [Quote::HtmlDouble | Quote::HtmlSingle | Quote::HtmlBare]);
    leaf.part == Part::Value && leaf.pieces.iter().all(in_tag)
}

/// Whether a field could stand anywhere in a JSON document.
pub(super) fn is_sought_in_json(plan: &Plan) -> bool {
    plan.targets.iter().any(|target| {
        matches!(target.meaning, Meaning::Field { .. }) && matches!(target.place, Place::Name(_) | Place::Json(_))
    })
}

fn strictness(plan: &Plan, kind: KindId) -> u8 {
    plan.decisions[usize::from(kind.0)].action.strictness()
}

/// The parts of a text that tags alone keep apart, letter or digit beside letter or digit: two values that
/// people see side by side look like one word there. Nothing where no tag stands inside a word.
pub(super) fn apart(text: &str, pieces: &[Piece]) -> Vec<Range<usize>> {
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let seams = pieces.iter().skip(1).map(|piece| piece.at);
    let within = |at: &usize| word(text[..*at].chars().next_back()) && word(text[*at..].chars().next());
    let mut parts: Vec<Range<usize>> = Vec::new();
    for at in seams.filter(within) {
        let start = parts.last().map_or(0, |before| before.end);
        parts.push(start..at);
    }
    if let Some(last) = parts.last().map(|last| last.end) {
        parts.push(last..text.len());
    }
    parts
}

/// Names say what a value is only where a value can stand.
fn carries_values(part: Part) -> bool {
    matches!(part, Part::Value | Part::Number | Part::Boolean | Part::Attribute | Part::Url | Part::Script)
}

/// An attribute beside a declared value that is a word of the page's own making (`data-type="cell"`)
/// or a short number is structure: the value itself is sought there by comparison. What is written
/// as names are (`Taro Yamada`) or holds several words is not.
pub(super) fn is_word_of_the_page(leaf: &Leaf<'_>) -> bool {
    const SHORT_NUMBER: usize = 6;
    if leaf.part != Part::Attribute || !leaf.places.is_empty() {
        return false;
    }
    let text = leaf.text.trim();
    let short = text.len() <= SHORT_NUMBER && text.bytes().all(|b| b.is_ascii_digit());
    is_word(text) || short
}

/// Whether a text is a word such as programs name things by: a member, a state, a class.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'))
}

/// Whether a member's key is such as programs name members and number records by, where it stands at a place
/// whose keys may be values: one word in Latin letters, a short number.
pub(super) fn is_key(text: &str) -> bool {
    const SHORT_NUMBER: usize = 6;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_$@#.:/-".contains(&byte);
    text.bytes().all(is_plain) && (digits <= SHORT_NUMBER || text.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

/// Whether a script's own string is a part of the program, and no value of the label that stands before it: a
/// word, a short number, a selector, an address, a pattern, markup.
pub(super) fn is_code(text: &str) -> bool {
    const SHORT_NUMBER: usize = 6;
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let word = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(in_word);
    let is_word = word && digits < SHORT_NUMBER;
    let is_number = digits == text.len() && digits <= SHORT_NUMBER;
    let begins = text.starts_with(['#', '.', '/', '?', '&', '@', '^', '$', '%', '[', ':']);
    is_word || is_number || begins || text.contains(['<', '>', '{', '}', ';', '=', '\\', '|']) || text.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::quote::Quotes;

    #[test]
    fn keys_and_code_are_told_from_values() {
        for key in ["name", "FirstName", "@odata.type", "42", "x-1", "550e8400-e29b-41d4-a716-446655440000", ""] {
            assert!(is_key(key), "{key}");
        }
        for value in ["山田 太郎", "Taro Yamada", "090-1234-5678", "0312345678"] {
            assert!(!is_key(value), "{value}");
        }
        for code in ["text", "#tel", ".tel", "user.email", "yyyy-MM-dd", "12", "^[0-9]+$", "<b>", "a b;", "/x", ""] {
            assert!(is_code(code) || code.is_empty(), "{code}");
        }
        for value in ["山田 太郎", "Taro Yamada", "090-1234-5678", "0312345678", "ext88888888", "(03) 1234"] {
            assert!(!is_code(value), "{value}");
        }
    }

    #[test]
    fn only_what_tags_part_inside_a_word_is_apart() {
        let pieces = |seams: &[usize]| -> Vec<Piece> {
            let piece = |at: &usize| Piece { span: *at..*at + 1, at: *at, quotes: Quotes::one(Quote::HtmlText) };
            seams.iter().map(piece).collect()
        };
        for (text, seams, parts) in [
            ("12山田", &[0, 2][..], &["12", "山田"][..]),
            ("090-1234", &[0, 3, 4], &[]),
            ("a b\nc", &[0, 2, 4], &[]),
            ("abc", &[0], &[]),
            ("abc", &[0, 1, 2], &["a", "b", "c"]),
        ] {
            let found: Vec<&str> = apart(text, &pieces(seams)).into_iter().map(|part| &text[part]).collect();
            assert_eq!(found, parts, "{text}");
        }
    }

    #[test]
    fn words_of_the_rules_paths_are_no_names_where_they_are_joined() {
        let words = HashSet::from(["creme".to_owned()]);
        for (text, found, is) in [
            ("creme_core", 0..5, true),
            ("/ui-creme-list", 4..9, true),
            ("creme_30", 0..5, true),
            ("creme", 0..5, false),
            ("/creme/", 1..6, false),
            ("Creme_core", 0..5, false),
            ("smith_core", 0..5, false),
        ] {
            assert_eq!(is_part_of_a_name(&words, text, &found), is, "{text}");
        }
    }
}
