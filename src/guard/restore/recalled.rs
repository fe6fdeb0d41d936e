//! A write whose record no question gives: each of its veils beside what is remembered of that very field of that
//! very record.
//!
//! To put back what stands there is what leaving the field out would be, so nothing comes of it that staff could
//! not have without. That holds as long as record and field are known beyond doubt: the body says one record,
//! and only what stands directly in its values is a field of it.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use super::seen::{Field, Kept, Original};
use super::shown::{Gathered, Likenesses, Shown};
use super::tree::{self, Tree};
use super::who::{About, says_another};
use super::{Doubt, Doubts, Fill, Home, RESTORED, Scope, Settled, locks_a_field, replaces_locked};
use crate::format::Format;
use crate::format::json::nodes::{Member, Node};
use crate::format::xml::nodes as xml;
use crate::policy::plan::Plan;
use crate::policy::remembered::{Recall, RecordAt};
use crate::terms::disclosure::{InLedger, Subject};
use crate::terms::place::{Place, Step};
use crate::terms::refusal::Refusal;

/// How many fields of one write are looked up.
const FIELDS_MAX: usize = 1000;

/// Tells what is remembered of a field.
pub type Memory<'a> = &'a mut dyn FnMut(&Field) -> Option<Kept>;

/// A write as it was sent.
pub struct Sent<'a> {
    /// Its form.
    pub format: Format,
    /// What it says.
    pub text: &'a str,
    /// A parameter of its path, by its key.
    pub path: &'a dyn Fn(&str) -> Option<String>,
    /// What its address says beside the record.
    pub around: &'a str,
    /// How deep it may be nested.
    pub depth: usize,
}

/// What came of a write that was compared with what is remembered.
#[derive(Default)]
pub struct Recalled {
    /// What goes home.
    pub home: Home,
    /// Whose data that is.
    pub whose: Option<Subject>,
    /// Fields that the write gives other values: what was remembered of them is old by now.
    pub old: Vec<(Field, Kept)>,
}

/// Makes a write whole by what is remembered, and tells whose data went home; nothing leaves a doubt.
pub fn recalled(plan: &Plan, doubts: &Doubts, sent: &Sent<'_>, memory: Memory<'_>) -> Result<Recalled, Refusal> {
    if doubts.scope == Scope::All {
        // What is left out of a whole record nobody remembers.
        return Err(if locks_a_field(plan) { replaces_locked() } else { doubts.refuse(plan) });
    }
    let tree = Tree::read(sent.format, sent.text, sent.depth);
    let call = tree.as_ref().zip(plan.recall.as_ref()).and_then(|(tree, recall)| Call::of(tree, recall, sent));
    let Some(call) = call.filter(|call| call.values.len().max(doubts.leaves.len()) <= FIELDS_MAX) else {
        // Of a write that holds nothing to be compared nobody needs to know whose it is.
        return if !doubts.has_certain() { Ok(Recalled::default()) } else { Err(doubts.refuse(plan)) };
    };
    let shown = call.shown(plan, doubts, memory);
    let (mut settled, mut whose, mut done) = (Settled { shown, ..Settled::default() }, None, HashSet::new());
    for doubt in &doubts.leaves {
        let Some((name, leaf)) = call.field(doubt) else { continue };
        if !done.insert(leaf.span.start) {
            continue;
        }
        let is = doubt.kind.map(|kind| plan.kinds.get(kind).name.as_str());
        match call.found(is, (name, leaf), memory) {
            Found::Original(kept, original) => {
                let Some(text) = written(sent, &original, leaf) else { continue };
                settled.goes_home(leaf, text, &original);
                let found = || {
                    let mut found = Vec::new();
                    plan.detectors.find(original.text(), &mut found);
                    found.into_iter().map(|hit| hit.kind).collect()
                };
                let kinds = doubt.kind.map_or_else(found, |kind| vec![kind]);
                kinds.into_iter().for_each(|kind| settled.home.counts.add(kind, RESTORED, 1));
                whose.get_or_insert(kept.subject);
            }
            Found::Emptied => settled.own.push(leaf.span.clone()),
            Found::Nothing => {}
        }
    }
    // Nothing in the place of a value that no field told of.
    for (name, leaf) in call.blanks() {
        if done.insert(leaf.span.start)
            && let Found::Original(kept, original) = call.found(None, (name, leaf), memory)
            && let Some(text) = written(sent, &original, leaf)
        {
            settled.goes_home(leaf, text, &original);
            whose.get_or_insert(kept.subject);
        }
    }
    let old = call.old(&settled.kept);
    Ok(Recalled { home: settled.finish(plan, &doubts.leaves)?, whose, old })
}

impl Settled {
    /// A leaf is the veil of this.
    fn goes_home(&mut self, leaf: &Node, text: String, original: &Original) {
        self.kept.push(leaf.span.clone());
        self.home.fills.push(Fill { span: leaf.span.clone(), text });
        self.home.texts.push(original.text().to_owned());
    }
}

/// What a leaf is.
enum Found {
    /// The veil of this.
    Original(Kept, Original),
    /// Nothing, where staff was given something.
    Emptied,
    Nothing,
}

/// One record and the values that a write gives it.
struct Call<'t> {
    recall: &'t Recall,
    format: Format,
    around: &'t str,
    kind: &'t str,
    id: String,
    values: &'t [Member],
}

impl<'t> Call<'t> {
    /// Understands a write; nothing where it is not about one record alone, or may be about another.
    fn of(tree: &'t Tree, recall: &'t Recall, sent: &Sent<'t>) -> Option<Call<'t>> {
        let one = |place: &Place| match &tree.whole().lead(place)[..] {
            [spot] => Some(spot.at.0),
            _ => None,
        };
        let values = tree::members(one(recall.values.as_ref()?)?)?;
        let mut records = recall.records.iter().map(|(kind, at)| {
            let id = match at {
                RecordAt::Path(key) => (sent.path)(key)?,
                RecordAt::Place(place) => tree::said(tree::leaf(one(place)?)?).to_owned(),
            };
            Some((kind.as_str(), id.trim().to_owned()))
        });
        let (kind, id) = records.next()??;
        // Each place that tells of the record must tell the same.
        let same = records.all(|other| other.is_some_and(|(own, same)| own == kind && same == id));
        let about = About { kind, id: &id };
        let is_sure = same && !id.is_empty() && !says_another(values, about);
        is_sure.then_some(Call { recall, format: sent.format, around: sent.around, kind, id, values })
    }

    /// The field that is in doubt, if it is one of the record's own and the only one of its name.
    fn field(&self, doubt: &Doubt) -> Option<(String, &'t Node)> {
        let is_there = |member: &&Member| {
            tree::leaf(&member.value)
                .is_some_and(|leaf| leaf.span.start <= doubt.span.start && doubt.span.end <= leaf.span.end)
        };
        let member = self.values.iter().find(is_there)?;
        let name = tree::name_of(member, self.format);
        let alike = self.values.iter().filter(|other| tree::name_of(other, self.format) == name).count();
        (alike == 1).then_some((name, tree::leaf(&member.value)?))
    }

    /// A field of the record, as each resource remembers it that shows it.
    fn fields(&self, name: &str) -> impl Iterator<Item = Field> {
        let sources = self.recall.sources.iter().filter(|(kind, _)| kind == self.kind);
        sources.map(move |(_, source)| Field {
            source: source.to_string(),
            around: self.around.to_owned(),
            kind: self.kind.to_owned(),
            id: self.id.clone(),
            name: name.to_owned(),
        })
    }

    /// The members of the values that hold nothing, each the only one of its name.
    fn blanks(&self) -> Vec<(String, &'t Node)> {
        let of = |member: &'t Member| {
            let leaf = tree::leaf(&member.value).filter(|leaf| leaf.is_blank())?;
            let name = tree::name_of(member, self.format);
            let alike = self.values.iter().filter(|other| tree::name_of(other, self.format) == name).count();
            (alike == 1).then_some((name, leaf))
        };
        self.values.iter().filter_map(of).collect()
    }

    /// The fields that get other values than they had.
    fn old(&self, kept: &[Range<usize>]) -> Vec<(Field, Kept)> {
        let is_kept = |member: &&Member| tree::leaf(&member.value).is_some_and(|leaf| kept.contains(&leaf.span));
        let subject =
            || Subject { kind: self.kind.to_owned(), id: Some(self.id.clone()), in_ledger: InLedger::default() };
        let changed = self.values.iter().filter(|member| !is_kept(member));
        let fields = changed.flat_map(|member| self.fields(&tree::name_of(member, self.format)).collect::<Vec<_>>());
        fields.map(|field| (field, Kept::nothing(subject()))).collect()
    }

    /// The tokens that look like values in what staff was last given of the record: of the fields that the write
    /// holds, and of those that rules name. Nothing where nothing of it is remembered.
    fn shown(&self, plan: &Plan, doubts: &Doubts, memory: Memory<'_>) -> Option<Shown> {
        if !doubts.has_tokens() {
            return None;
        }
        let likes = Likenesses::of(plan);
        let mut all = Gathered::new(&likes);
        let of_rules = plan.targets.iter().filter(|target| target.meaning.kind().is_some_and(|kind| all.is_of(kind)));
        let of_rules = of_rules.filter_map(|target| last_name(&target.place));
        let names: BTreeSet<String> =
            self.values.iter().map(|member| tree::name_of(member, self.format)).chain(of_rules).collect();
        let mut is_known = false;
        for field in names.iter().take(2 * FIELDS_MAX).flat_map(|name| self.fields(name)) {
            let Some(kept) = memory(&field) else { continue };
            is_known = true;
            let kind = kept.is.as_deref().and_then(|name| plan.kinds.id(name));
            let whole = kind.is_some_and(|kind| all.is_of(kind));
            let original = kept.original.as_ref().map_or("", Original::text);
            all.text(original, &kept.veil, whole);
        }
        is_known.then(|| Shown::of(all.tokens)).flatten()
    }

    /// What is remembered of a field, by all resources that show it.
    fn found(&self, is: Option<&str>, (name, leaf): (String, &Node), memory: Memory<'_>) -> Found {
        let all: Vec<Kept> = self.fields(&name).filter_map(|field| memory(&field)).collect();
        let veil = tree::said(leaf);
        if all.is_empty() || all.iter().any(|kept| kept.original.is_none()) {
            return Found::Nothing;
        }
        let mut issued = all.iter().filter(|kept| kept.veil == veil).peekable();
        let Some(first) = issued.peek().copied().cloned() else {
            // What stood there was there to see: staff has emptied the field.
            return if veil.is_empty() { Found::Emptied } else { Found::Nothing };
        };
        let same = issued.all(|kept| kept.original == first.original && kept.is.as_deref() == is);
        match first.original.clone().filter(|_| same) {
            Some(original) => Found::Original(first, original),
            None => Found::Nothing,
        }
    }
}

/// What a place calls the value to which it leads.
fn last_name(place: &Place) -> Option<String> {
    match place {
        Place::Name(name) => Some(name.clone()),
        Place::Json(path) => path.steps.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.clone()),
            _ => None,
        }),
        Place::Xml(path) => path.steps.last().and_then(|step| step.name.clone()),
        Place::Css(_) => None,
    }
}

/// An original as it is written in the place of a veil.
fn written(sent: &Sent<'_>, original: &Original, leaf: &Node) -> Option<String> {
    match (sent.format, original) {
        (Format::Json, Original::Bare(literal)) => Some(literal.clone()),
        (Format::Json, Original::Text(text)) => serde_json::to_string(text).ok(),
        (Format::Xml, _) => {
            let text = original.text();
            let is_said = |c: char| !c.is_control() || matches!(c, '\t' | '\n');
            let text = text.chars().all(is_said).then(|| escaped(text))?;
            xml::written(&text, sent.text, &leaf.span)
        }
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
