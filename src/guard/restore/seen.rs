//! What an answer shows of a record that no GET of a write's own path gives, for whoever keeps it: what staff
//! was given of each field, and what stands in the CRM.
//!
//! A field is what stands directly beside the record's id, by its last name; what lies deeper is another
//! record's. Of what is shown in clear nothing is kept.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::tree::{self, SPOTS_MAX, Spot, Tree};
use super::who::About;
use super::{Forgotten, Kinds, told, whereabouts};
use crate::format::json::nodes::{Is, Node, find};
use crate::format::{self, Format};
use crate::policy::plan::{Plan, SubjectAt, SubjectSource};
use crate::policy::remembered::{RecordAt, Remember};
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::{InLedger, Subject};
use crate::terms::kind::KindId;
use crate::terms::place::Place;

/// How many fields of one answer are kept, and of how many it is told that nothing older is in force.
const FIELDS_MAX: usize = 10_000;

/// The longest value that is kept, with its veil.
const VALUE_BYTES: usize = 8 << 10;

/// What is kept takes a multiple of so many bytes.
const STEP: usize = 64;

/// For how many seconds it is kept: a working day.
pub const KEPT: i64 = 12 * 60 * 60;

const LAYOUT: u8 = 3;

/// One field of one record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// The resource whose answers show it.
    pub source: String,
    /// What the address says beside the record: one CRM may hold several databases.
    pub around: String,
    /// The record's type.
    pub kind: String,
    /// The record's id.
    pub id: String,
    /// The field's last name.
    pub name: String,
}

/// What stands in the CRM.
#[derive(Clone, PartialEq, Eq)]
pub enum Original {
    /// A text.
    Text(String),
    /// A number or a literal of JSON.
    Bare(String),
}

impl Original {
    fn of(leaf: &Node) -> Option<Original> {
        match &leaf.is {
            Is::Text(text) => Some(Original::Text(text.clone())),
            Is::Bare(literal) => Some(Original::Bare(literal.clone())),
            Is::Object(_) | Is::List(_) => None,
        }
    }

    /// Whether it is nothing.
    pub fn is_blank(&self) -> bool {
        match self {
            Original::Text(text) => text.trim().is_empty(),
            Original::Bare(literal) => literal == "null",
        }
    }

    /// As it reads.
    pub fn text(&self) -> &str {
        match self {
            Original::Text(text) | Original::Bare(text) => text,
        }
    }
}

/// Only its length is shown.
impl fmt::Debug for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Original({} bytes)", self.text().len())
    }
}

/// What is kept of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What staff was given; empty where it was nothing.
    pub veil: String,
    /// What stands in the CRM; nothing where that cannot be told.
    pub original: Option<Original>,
    /// The kind that its place gives it.
    pub is: Option<String>,
    /// What stands beside it that tells its kind.
    pub told: String,
    /// Whose it is.
    pub subject: Subject,
}

/// What an answer shows of records that are remembered.
#[derive(Debug, Default)]
pub struct Seen {
    /// What is kept of which field.
    pub fields: Vec<(Field, Kept)>,
    /// What was kept before and is not what stands there now, or may not be.
    pub forgotten: Vec<Forgotten>,
}

/// What the request says of whose record its answer shows.
pub struct Whose<'a> {
    /// The subject that it names itself.
    pub subject: &'a Subject,
    /// A parameter of the path, by its key.
    pub path: &'a dyn Fn(&str) -> Option<String>,
    /// What the address says beside the record, by the resource that asks; nothing where nobody can follow it.
    pub around: &'a dyn Fn(&str) -> Option<String>,
}

impl Seen {
    /// What is left of an answer that nobody has read whole: older ones may be told otherwise in it.
    pub fn of_nothing(plan: &Plan) -> Seen {
        let kinds: BTreeSet<&str> = plan.remember.iter().map(|rule| &*rule.kind).collect();
        let forgotten = kinds.into_iter().map(|kind| Forgotten::Kind(kind.to_owned())).collect();
        Seen { forgotten, ..Seen::default() }
    }
}

/// What an answer shows veiled of the records that are remembered: as it came, and as it leaves.
pub fn seen(plan: &Plan, format: Format, (original, veiled): (&str, &str), whose: &Whose<'_>, bounds: &Bounds) -> Seen {
    let Some(answer) = Answer::read(plan, format, (original, veiled), bounds) else { return Seen::of_nothing(plan) };
    let mut all = All::default();
    for rule in &plan.remember {
        answer.records(rule, whose, &mut all);
    }
    all.seen(plan)
}

/// What was seen so far.
#[derive(Default)]
struct All {
    fields: HashMap<Field, Shows>,
    /// How many of them only forget.
    forget: usize,
    /// Records of which nobody knows where they are.
    records: BTreeSet<(String, String)>,
    /// Types of records that were too many.
    kinds: BTreeSet<String>,
}

/// What a field shows.
#[derive(PartialEq, Eq)]
enum Shows {
    Kept(Kept),
    /// What is in clear, or nothing where something may have been.
    Clear,
    /// The same where no rule would have veiled it by its name, so that it only matters if something is kept of it.
    Plain,
}

/// An answer in both ways.
struct Answer<'a> {
    plan: &'a Plan,
    format: Format,
    original: Tree,
    veiled: Tree,
    kinds: Vec<(Range<usize>, KindId)>,
}

/// The values of one record.
struct Record<'t> {
    around: String,
    id: String,
    subject: Subject,
    told: String,
    values: (&'t Node, &'t Node),
}

impl<'a> Answer<'a> {
    fn read(plan: &'a Plan, format: Format, (original, veiled): (&str, &str), bounds: &Bounds) -> Option<Answer<'a>> {
        let mut kinds = Kinds::new(plan);
        let (text, original) = (original, Tree::read(format, original, bounds.depth)?);
        let veiled = Tree::read(format, veiled, bounds.depth)?;
        let mut walker = format::walker(format, &plan.places, bounds).ok()?;
        walker.write(text.as_bytes(), &mut kinds).and_then(|()| walker.end(&mut kinds)).ok()?;
        original.is_like(&veiled).then(|| Answer { plan, format, original, veiled, kinds: kinds.found() })
    }

    fn records(&self, rule: &Remember, whose: &Whose<'_>, all: &mut All) {
        let document = Tree::both(&self.original, &self.veiled);
        let records = rule.records.as_ref().map_or_else(|| vec![document], |place| document.lead(place));
        let alone = rule.records.as_ref().map_or(1, |place| self.original.whole().lead(place).len());
        if alone != records.len() || alone >= SPOTS_MAX {
            // Not each of them is told.
            all.kinds.insert(rule.kind.clone());
        }
        for spot in records {
            match &rule.at {
                RecordAt::Path(key) => {
                    let record = (whose.path)(key).map(|id| (id, spot.at));
                    record.into_iter().for_each(|(id, values)| self.record(rule, whose, (spot, id, values), all));
                }
                RecordAt::Place(place) => self.records_by(rule, whose, (spot, place), all),
            }
        }
    }

    /// The records that say themselves which they are.
    fn records_by(&self, rule: &Remember, whose: &Whose<'_>, (spot, place): (Spot<'_>, &Place), all: &mut All) {
        let ids = spot.lead(place);
        let is_nobodys = ids.is_empty() && rule.records.is_some() && tree::members(spot.at.0).is_some();
        if is_nobodys || ids.len() >= SPOTS_MAX {
            all.kinds.insert(rule.kind.clone());
        }
        for at in ids {
            let Some(leaf) = tree::leaf(at.at.0) else { continue };
            let id = tree::said(leaf).trim().to_owned();
            let is_shown = tree::leaf(at.at.1).is_some_and(|other| leaf.is_same(other));
            match at.around.filter(|_| is_shown && !id.is_empty()) {
                Some(values) => self.record(rule, whose, (spot, id, values), all),
                None if id.is_empty() => {}
                None => all.forget_all(&rule.kind, id),
            }
        }
    }

    fn record(
        &self,
        rule: &Remember,
        whose: &Whose<'_>,
        (spot, id, values): (Spot<'_>, String, (&Node, &Node)),
        all: &mut All,
    ) {
        let named = Subject { kind: rule.kind.clone(), id: Some(id.clone()), in_ledger: InLedger::default() };
        let subject = match self.whom(rule, spot, values.0) {
            Some(subject) => subject,
            None if whose.subject.id.is_some() => whose.subject.clone(),
            None => named,
        };
        let Some(mut around) = (whose.around)(&rule.source) else {
            return all.forget_all(&rule.kind, id);
        };
        let own = tree::members(values.0).unwrap_or_default();
        if self.format == Format::Csv {
            around.push_str(&whereabouts::of_a_row(own));
        }
        let about = About { kind: &rule.kind, id: &id };
        let issued = tree::members(values.1).unwrap_or_default();
        let told = told::said(self.plan, own) + &told::named(issued, about);
        self.fields(rule, &Record { around, id, subject, told, values }, all);
    }

    /// Whose data a record is, where it says so: of many, each row of a table says it for itself.
    fn whom(&self, rule: &Remember, spot: Spot<'_>, values: &Node) -> Option<Subject> {
        let found = |source: &SubjectSource| {
            let SubjectAt::Place(place) = &source.at else { return None };
            // What speaks of the whole document does not of one record.
            if rule.records.is_some() && self.plan.places.document.contains(place) {
                return None;
            }
            let target = self.plan.targets.get(usize::from(place.0))?;
            let said: Vec<(bool, &str)> = spot
                .lead(&target.place)
                .into_iter()
                .filter_map(|at| {
                    let is_own = at.around.is_some_and(|(own, _)| std::ptr::eq(own, values));
                    Some((is_own, tree::said(tree::leaf(at.at.0)?).trim()))
                })
                .collect();
            let own = said.iter().find(|(is_own, _)| *is_own);
            let one = said.first().filter(|(_, first)| said.iter().all(|(_, id)| id == first));
            let (_, id) = own.or(one)?;
            let in_ledger = match (source.hash, source.clear) {
                (true, _) => InLedger::Hashed,
                (false, true) => InLedger::InClear,
                (false, false) => InLedger::ByItsForm,
            };
            let id = Some((*id).to_owned()).filter(|id| !id.is_empty())?;
            Some(Subject { kind: source.kind.clone(), id: Some(id), in_ledger })
        };
        self.plan.subjects.iter().find_map(found)
    }

    fn fields(&self, rule: &Remember, record: &Record<'_>, all: &mut All) {
        let (Some(original), Some(veiled)) = (tree::members(record.values.0), tree::members(record.values.1)) else {
            return;
        };
        for own in original {
            let name = tree::name_of(own, self.format);
            let issued = find(veiled, &own.name).map(|issued| tree::leaf(&issued.value));
            let shows = match tree::leaf(&own.value).filter(|leaf| !leaf.is_blank()).zip(Some(issued)) {
                // A rule took the member out.
                Some((leaf, None)) => Shows::Kept(self.kept(leaf, "", record)),
                Some((leaf, Some(Some(issued)))) if !issued.is_same(leaf) => {
                    Shows::Kept(self.kept(leaf, tree::said(issued), record))
                }
                // Nothing that comes back to where nothing was changes nothing.
                None if self.was_nothing(&name, &own.value, issued) => {
                    let original = tree::leaf(&own.value).and_then(Original::of);
                    Shows::Kept(Kept { original, ..Kept::nothing(record.subject.clone()) })
                }
                // What was veiled there before is what stands there no more.
                leaf if self.may_be_veiled(&name, leaf.map(|(leaf, _)| leaf)) => Shows::Clear,
                _ => Shows::Plain,
            };
            let (source, around) = (rule.source.to_string(), record.around.clone());
            let field = Field { source, around, kind: rule.kind.clone(), id: record.id.clone(), name };
            all.add(field, shows);
        }
    }

    fn kept(&self, leaf: &Node, veil: &str, record: &Record<'_>) -> Kept {
        let is_short = veil.len() + tree::said(leaf).len() <= VALUE_BYTES;
        let original = Original::of(leaf).filter(|_| is_short && self.original.is_a_string(leaf));
        let veil = if is_short { veil.to_owned() } else { String::new() };
        let (told, subject) = (record.told.clone(), record.subject.clone());
        Kept { veil, original, is: self.kind_in(leaf), told, subject }
    }

    /// Whether nothing stands in a field that may have been veiled, in both documents.
    fn was_nothing(&self, name: &str, own: &Node, issued: Option<Option<&Node>>) -> bool {
        let own = tree::leaf(own).filter(|leaf| leaf.is_blank());
        let is_shown_so = issued.is_none_or(|issued| issued.is_some_and(Node::is_blank));
        own.is_some_and(|own| is_shown_so && self.may_be_veiled(name, Some(own)))
    }

    /// Whether another answer may have shown this field veiled: its name means something, or what it holds is
    /// nothing now, or no text.
    fn may_be_veiled(&self, name: &str, leaf: Option<&Node>) -> bool {
        leaf.is_none_or(|leaf| self.kind_in(leaf).is_some()) || self.plan.places.words.know(name)
    }

    fn kind_in(&self, leaf: &Node) -> Option<String> {
        let from = self.kinds.partition_point(|(span, _)| span.start < leaf.span.start);
        let first = self.kinds.get(from).filter(|(span, _)| span.end <= leaf.span.end);
        first.map(|(_, kind)| self.plan.kinds.get(*kind).name.clone())
    }
}

impl All {
    fn add(&mut self, field: Field, shows: Shows) {
        if let Some(other) = self.fields.get_mut(&field) {
            // Two of one name: nobody can say which of them comes back.
            if *other != shows {
                let is_kept = matches!(other, Shows::Kept(_));
                let kept = match (&mut *other, shows) {
                    (Shows::Kept(kept), _) => kept.clone(),
                    (_, Shows::Kept(kept)) => kept,
                    _ => return *other = Shows::Clear,
                };
                self.forget -= usize::from(!is_kept);
                *other = Shows::Kept(Kept { original: None, ..kept });
            }
            return;
        }
        let is_kept = matches!(shows, Shows::Kept(_));
        let like_it = if is_kept { self.fields.len() - self.forget } else { self.forget };
        if like_it < FIELDS_MAX {
            self.forget += usize::from(!is_kept);
            self.fields.insert(field, shows);
        } else {
            self.kinds.insert(field.kind);
        }
    }

    fn forget_all(&mut self, kind: &str, id: String) {
        if self.records.len() < FIELDS_MAX {
            self.records.insert((kind.to_owned(), id));
        } else {
            self.kinds.insert(kind.to_owned());
        }
    }

    fn seen(self, plan: &Plan) -> Seen {
        let mut seen = Seen::default();
        seen.forgotten.extend(self.kinds.into_iter().map(Forgotten::Kind));
        seen.forgotten.extend(self.records.into_iter().map(|(kind, id)| Forgotten::Record { kind, id }));
        for (field, shows) in self.fields {
            match shows {
                Shows::Kept(kept) => seen.fields.push((field, kept)),
                Shows::Clear => seen.forgotten.push(Forgotten::Field { field, sources: Vec::new() }),
                Shows::Plain => {
                    let sources = plan.remembers.iter().filter(|(kind, _)| *kind == field.kind);
                    let sources = sources.map(|(_, source)| source.to_string()).collect();
                    seen.forgotten.push(Forgotten::Field { field, sources });
                }
            }
        }
        seen
    }
}

impl Kept {
    /// That nothing goes home to a field, whatever was kept of it before.
    pub fn nothing(subject: Subject) -> Kept {
        Kept { veil: String::new(), original: None, is: None, told: String::new(), subject }
    }

    /// As bytes, for whoever seals them, with the field's name: others are found like it that differ in case.
    pub fn packed(&self, name: &str) -> Zeroizing<Vec<u8>> {
        let original = self.original.as_ref().map_or("", Original::text);
        let texts = [
            name,
            self.veil.as_str(),
            original,
            self.is.as_deref().unwrap_or_default(),
            &self.told,
            &self.subject.kind,
            self.subject.id.as_deref().unwrap_or_default(),
        ];
        let length = 4 + texts.iter().map(|text| 4 + text.len()).sum::<usize>();
        // Room for all of it at once: a buffer that moves would leave the value behind it.
        let mut plain = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(STEP)));
        let sort = match &self.original {
            None => 0,
            Some(Original::Text(_)) => 1,
            Some(Original::Bare(_)) => 2,
        };
        let in_ledger = match self.subject.in_ledger {
            InLedger::ByItsForm => 0,
            InLedger::InClear => 1,
            InLedger::Hashed => 2,
        };
        plain.extend_from_slice(&[LAYOUT, sort, in_ledger, u8::from(self.is.is_some())]);
        for text in texts {
            // No text is longer than what is kept, nor a name than a body.
            plain.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        plain.resize(length.next_multiple_of(STEP), 0);
        plain
    }

    /// Reads those bytes; nothing goes home to a field of another name.
    pub fn unpacked(plain: &[u8], name: &str) -> Option<Kept> {
        let (&[layout, sort, in_ledger, has_kind], mut rest) = plain.split_first_chunk()?;
        (layout == LAYOUT).then_some(())?;
        let mut text = || {
            let (length, after) = rest.split_first_chunk()?;
            let (text, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            rest = after;
            String::from_utf8(text.to_vec()).ok()
        };
        let (own, veil, original, is, told) = (text()?, text()?, text()?, text()?, text()?);
        let (kind, id) = (text()?, text()?);
        let original = match sort {
            0 => None,
            1 => Some(Original::Text(original)),
            2 => Some(Original::Bare(original)),
            _ => return None,
        };
        let original = original.filter(|_| own == name);
        let in_ledger = match in_ledger {
            0 => InLedger::ByItsForm,
            1 => InLedger::InClear,
            2 => InLedger::Hashed,
            _ => return None,
        };
        let subject = Subject { kind, id: Some(id).filter(|id| !id.is_empty()), in_ledger };
        Some(Kept { veil, original, is: (has_kind == 1).then_some(is), told, subject })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_read_again_by_the_name_of_its_field() {
        let subject = Subject { kind: "customer".into(), id: Some("5".into()), in_ledger: InLedger::Hashed };
        let texts = [None, Some(Original::Text("090-1234-5678".into())), Some(Original::Bare("12".into()))];
        for (original, is) in texts.into_iter().zip([None, Some("phone".to_owned()), None]) {
            let (veil, told) = ("****".to_owned(), "4:type6:mobile".to_owned());
            let kept = Kept { veil, original, is, told, subject: subject.clone() };
            let packed = kept.packed("tel");
            assert_eq!(packed.len() % STEP, 0);
            assert_eq!(Kept::unpacked(&packed, "tel"), Some(kept.clone()));
            assert_eq!(Kept::unpacked(&packed, "Tel"), Some(Kept { original: None, ..kept }));
            for cut in [0, 3, 11, 20] {
                assert_eq!(Kept::unpacked(&packed[..cut], "tel"), None, "cut at {cut}");
            }
        }
    }
}
