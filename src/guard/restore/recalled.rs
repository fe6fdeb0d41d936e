//! A write whose records no question gives: each of its veils beside what is remembered of that very field of that
//! very record.
//!
//! To put back what stands there is what leaving the field out would be, so nothing comes of it that staff could
//! not have without. That holds as long as record and field are known beyond doubt: the body says one record,
//! and only what stands directly in its values is a field of it.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use super::seen::{Field, Kept, Original};
use super::shown::{Gathered, Likenesses, Shown};
use super::tree::{self, Tree, names_of};
use super::who::About;
use super::{
    Doubt, Doubts, Fill, Forgotten, Home, RESTORED, Scope, Settled, Why, forgotten, hollow, locks_a_field,
    replaces_locked, table, told,
};
use crate::format::Format;
use crate::format::csv::nodes as csv;
use crate::format::json::nodes::{Is, Member, Node};
use crate::format::xml::nodes as xml;
use crate::policy::plan::Plan;
use crate::policy::remembered::{Recall, RecordAt};
use crate::terms::disclosure::{Counts, InLedger, Subject};
use crate::terms::kind::KindId;
use crate::terms::place::{Place, Step};
use crate::terms::refusal::{Reason, Refusal};

/// How many fields one record of a write may have to be looked up.
const FIELDS_MAX: usize = 1000;

/// How many cells of a table are looked up.
const CELLS_MAX: usize = 20_000;

/// What the address of a write says where nobody can follow it: nothing is remembered under that.
pub const NOWHERE: &str = "?";

/// Tells what is remembered of a field.
pub type Memory<'a> = &'a mut dyn FnMut(&Field) -> Option<Recollection>;

/// What is remembered of a field, as one resource showed it.
#[derive(Debug, Clone)]
pub struct Recollection {
    /// What was shown, and what stood in the CRM.
    pub kept: Kept,
    /// When that was asked for, by a count that grows.
    pub since: u64,
    /// When it was kept.
    pub number: u64,
    /// Whether nothing newer has put it out of force: else it only tells what staff may still hold.
    pub is_in_force: bool,
}

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
    /// Whose data that is, and how much of which kind.
    pub whose: Vec<(Subject, Counts)>,
    /// What was remembered and is old by now: what the write gives other values, or may give.
    pub forgotten: Vec<Forgotten>,
    /// Where the rows of a table stand, and whose each is.
    pub rows: Vec<(Range<usize>, Subject)>,
}

/// Makes a write whole by what is remembered, and tells whose data went home; nothing leaves a doubt.
pub fn recalled(plan: &Plan, doubts: &Doubts, sent: &Sent<'_>, memory: Memory<'_>) -> Result<Recalled, Refusal> {
    let refuse = |doubt: &Doubt| table::placed(sent, plan, doubt.span.start, doubt.refuse(plan));
    if doubts.scope == Scope::All {
        // What is left out of a whole record nobody remembers.
        return Err(if locks_a_field(plan) { replaces_locked() } else { doubts.refuse(plan) });
    }
    let tree = Tree::read(sent.format, sent.text, sent.depth);
    let calls = tree.as_ref().zip(plan.recall.as_ref()).map(|(tree, recall)| Call::all(tree, (plan, recall), sent));
    let mut calls = calls.unwrap_or_default();
    let mut asked = 0;
    calls.retain(|call| call.is_itself(plan, &mut asked, memory));
    let Some(tree) = tree.as_ref().filter(|_| !calls.is_empty()) else {
        // Of a write that holds nothing to be compared nobody needs to know whose it is.
        let forgotten = forgotten::by_nobody(plan, tree.as_ref(), sent);
        let goes_on = || Ok(Recalled { forgotten, ..Recalled::default() });
        return doubts.certain().next().map_or_else(goes_on, |doubt| Err(refuse(doubt)));
    };
    let shown = shown(plan, doubts, &calls, memory);
    let mut fates =
        Fates { plan, sent, tree, settled: Settled { shown, ..Settled::default() }, whose: Vec::new(), asked: 0 };
    fates.whose.resize_with(calls.len(), || None);
    let mut done = HashSet::new();
    for doubt in &doubts.leaves {
        let before = calls.partition_point(|call| call.span.start <= doubt.span.start);
        let Some(number) = before.checked_sub(1) else { continue };
        let Some((name, leaf)) = calls[number].field(doubt) else { continue };
        if done.insert(leaf.span.start) {
            fates.settle((number, &calls[number]), (doubt.kind, name, leaf), memory)?;
        }
    }
    // Nothing in the place of a value that no field told of.
    for (number, call) in calls.iter().enumerate() {
        for (name, leaf) in call.blanks() {
            // Of the many cells of a table those are asked for that may have been veiled so.
            let may_be = sent.format != Format::Csv || doubts.nulls || plan.places.words.know(&name);
            if may_be && done.insert(leaf.span.start) {
                fates.settle_blank((number, call), (name, leaf), memory)?;
            }
        }
    }
    let kept: HashSet<usize> = fates.settled.kept.iter().map(|span| span.start).collect();
    let old = calls.iter().flat_map(|call| call.old(&kept));
    // One more than are told apart is too many.
    let old: Vec<Field> = old.take(forgotten::CELLS_MAX + 1).collect();
    let forgotten = forgotten::by_calls(plan, tree, &calls, old);
    let rows = if sent.format == Format::Csv { calls.iter().map(Call::row).collect() } else { Vec::new() };
    let whose = fates.whose.into_iter().flatten().collect();
    let home = fates.settled.finish_or(&doubts.leaves, &refuse)?;
    if sent.format == Format::Xml && !home.fills.is_empty() && xml::refers_to_itself(sent.text, sent.depth) {
        return Err(doubts.refuse(plan));
    }
    Ok(Recalled { home, whose, forgotten, rows })
}

/// The tokens that look like values and that staff was given of these records. Nothing where that is not known of each,
/// unless nothing but that they may be some speaks against the write.
fn shown(plan: &Plan, doubts: &Doubts, calls: &[Call<'_>], memory: Memory<'_>) -> Option<Shown> {
    if !doubts.has_tokens() {
        return None;
    }
    let likes = Likenesses::of(plan);
    let mut all = Gathered::new(&likes);
    let (mut asked, mut are_known) = (0, true);
    for call in calls {
        let (more, is_known) = call.gather(plan, &mut all, memory);
        asked += more;
        are_known &= is_known;
        if asked > CELLS_MAX {
            return None;
        }
    }
    let is_sure = are_known || doubts.leaves.iter().all(|doubt| doubt.why != Why::Token);
    is_sure.then(|| Shown::of(all.tokens)).flatten()
}

/// What becomes of the fields of a write.
struct Fates<'a> {
    plan: &'a Plan,
    sent: &'a Sent<'a>,
    tree: &'a Tree,
    settled: Settled,
    /// Of each record.
    whose: Vec<Option<(Subject, Counts)>>,
    /// How many fields were looked up.
    asked: usize,
}

impl Fates<'_> {
    /// A field in doubt.
    fn settle(
        &mut self,
        (number, call): (usize, &Call<'_>),
        (kind, name, leaf): (Option<KindId>, String, &Node),
        memory: Memory<'_>,
    ) -> Result<(), Refusal> {
        self.asks()?;
        let is = kind.map(|kind| self.plan.kinds.get(kind).name.as_str());
        match call.found(self.plan, &|other| other == is, (name, leaf), memory) {
            Found::Original(kept, original) => self.goes_home(number, kind, (kept, original), leaf),
            Found::Same => self.settled.kept.push(leaf.span.clone()),
            Found::Emptied => self.settled.own.push(leaf.span.clone()),
            Found::Nothing | Found::Another => {}
        }
        Ok(())
    }

    fn settle_blank(
        &mut self,
        (number, call): (usize, &Call<'_>),
        (name, leaf): (String, &Node),
        memory: Memory<'_>,
    ) -> Result<(), Refusal> {
        self.asks()?;
        // Whoever reads bytes in base64 makes nothing of a veil, so that nobody may have emptied the field.
        let is_of_bytes =
            self.sent.format == Format::Calls && matches!(leaf.is, Is::Text(_)) && !self.tree.is_a_string(leaf);
        if is_of_bytes && call.was_veiled(self.plan, &name, memory) {
            return Err(Doubt::veil(leaf.span.clone(), None).refuse(self.plan));
        }
        // Whatever its name says that it is: a number in a name's field is taken out of there, too.
        match call.found(self.plan, &|_| true, (name, leaf), memory) {
            Found::Original(kept, original) => self.goes_home(number, None, (kept, original), leaf),
            Found::Same => self.settled.kept.push(leaf.span.clone()),
            Found::Another => return Err(hollow()),
            Found::Emptied | Found::Nothing => {}
        }
        Ok(())
    }

    /// A leaf is the veil of this.
    fn goes_home(&mut self, number: usize, kind: Option<KindId>, (kept, original): (Kept, Original), leaf: &Node) {
        let Some(text) = written(self.sent, self.tree, &original, leaf) else { return };
        self.settled.goes_home(leaf, text, &original);
        let (_, counts) = self.whose[number].get_or_insert_with(|| (kept.subject, Counts::default()));
        let mut found = Vec::new();
        if kind.is_none() {
            self.plan.detectors.find(original.text(), &mut found);
        }
        for kind in kind.into_iter().chain(found.into_iter().map(|hit| hit.kind)) {
            counts.add(kind, RESTORED, 1);
            self.settled.home.counts.add(kind, RESTORED, 1);
        }
    }

    fn asks(&mut self) -> Result<(), Refusal> {
        self.asked += 1;
        let most = if self.sent.format == Format::Csv { CELLS_MAX } else { 4 * FIELDS_MAX };
        if self.asked <= most {
            return Ok(());
        }
        let note = format!("the write has more than {most} fields to compare; send it in parts; nothing was saved");
        Err(Refusal::new(Reason::Veil, note))
    }
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
    /// Nothing, where nothing was.
    Same,
    /// Nothing, where staff was given something.
    Emptied,
    /// The veil of something else than stands there by now, or nobody knows of what.
    Another,
    Nothing,
}

/// One record and the values that a write gives it.
pub(super) struct Call<'t> {
    pub(super) format: Format,
    pub(super) around: String,
    pub(super) kind: &'t str,
    pub(super) id: String,
    pub(super) values: &'t [Member],
    /// Where the record stands: all of the write, or a row of it.
    pub(super) span: Range<usize>,
}

impl<'t> Call<'t> {
    /// The records of a write, in their order; none where one of them cannot be told for certain.
    fn all(tree: &'t Tree, (plan, recall): (&Plan, &'t Recall), sent: &Sent<'t>) -> Vec<Call<'t>> {
        match (sent.format, &recall.values) {
            (Format::Csv, Some(Place::Name(column))) => table::rows(tree, (plan, recall), column, sent),
            (Format::Csv, _) => Vec::new(),
            _ => Call::of(tree, recall, sent).into_iter().collect(),
        }
    }

    /// Where a row of a table stands, and whose it is.
    fn row(&self) -> (Range<usize>, Subject) {
        let subject = Subject { kind: self.kind.to_owned(), id: Some(self.id.clone()), in_ledger: InLedger::default() };
        (self.span.clone(), subject)
    }

    /// Understands a write; nothing where it is not about one record alone, or may be about another.
    fn of(tree: &'t Tree, recall: &'t Recall, sent: &Sent<'t>) -> Option<Call<'t>> {
        let one = |place: &Place| match &tree.whole().lead(place)[..] {
            [spot] => Some(spot.at.0),
            _ => None,
        };
        let place = recall.values.as_ref()?;
        let values = tree::members(one(place)?).filter(|values| values.len() <= FIELDS_MAX)?;
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
        let places = recall.records.iter().filter_map(|(_, at)| match at {
            RecordAt::Place(place) => Some(place),
            RecordAt::Path(_) => None,
        });
        let names: Vec<&str> = places.chain([place]).flat_map(names_of).collect();
        let is_sure = same && !id.is_empty() && !tree.has_alike(&names);
        let (format, around) = (sent.format, sent.around.to_owned());
        is_sure.then_some(Call { format, around, kind, id, values, span: 0..sent.text.len() })
    }

    /// Whether no other id beside its own says that it is another record than the one that was shown under that.
    fn is_itself(&self, plan: &Plan, asked: &mut usize, memory: Memory<'_>) -> bool {
        let about = About { kind: self.kind, id: &self.id };
        if !told::may_be_another(self.values, about) {
            return true;
        }
        let names = self.values.iter().map(|member| tree::name_of(member, self.format));
        let fields = names.flat_map(|name| self.fields(plan, &name)).take_while(|_| {
            *asked += 1;
            *asked <= CELLS_MAX
        });
        let shown = fields.filter_map(|field| memory(&field)).find(|one| one.is_in_force);
        let is_known = *asked <= CELLS_MAX;
        is_known && told::is_itself(self.values, about, shown.as_ref().map_or("", |one| &one.kept.told))
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
    fn fields(&self, plan: &Plan, name: &str) -> Vec<Field> {
        let sources = plan.remembers.iter().filter(|(kind, _)| kind == self.kind);
        sources.map(|(_, source)| self.field_of(source, name)).collect()
    }

    fn field_of(&self, source: &str, name: &str) -> Field {
        Field {
            source: source.to_owned(),
            around: self.around.clone(),
            kind: self.kind.to_owned(),
            id: self.id.clone(),
            name: name.to_owned(),
        }
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

    /// The fields that get other values than they had, whoever shows them.
    fn old(&self, kept: &HashSet<usize>) -> Vec<Field> {
        let is_kept = |member: &&Member| tree::leaf(&member.value).is_some_and(|leaf| kept.contains(&leaf.span.start));
        let changed = self.values.iter().filter(|member| !is_kept(member));
        changed.map(|member| self.field_of("", &tree::name_of(member, self.format))).collect()
    }

    /// Adds the tokens that look like values in what staff was last given of the record: of the fields that the write
    /// holds, and of those that rules name. Tells how many fields were looked up, and whether anything is remembered.
    fn gather(&self, plan: &Plan, all: &mut Gathered<'_>, memory: Memory<'_>) -> (usize, bool) {
        let of_rules = plan.targets.iter().filter(|target| target.meaning.kind().is_some_and(|kind| all.is_of(kind)));
        let of_rules = of_rules.filter_map(|target| last_name(&target.place));
        let names: BTreeSet<String> =
            self.values.iter().map(|member| tree::name_of(member, self.format)).chain(of_rules).collect();
        let (mut asked, mut is_known) = (0, false);
        for field in names.iter().take(2 * FIELDS_MAX).flat_map(|name| self.fields(plan, name)) {
            asked += 1;
            let Some(Recollection { kept, is_in_force, .. }) = memory(&field) else { continue };
            is_known |= is_in_force;
            let kind = kept.is.as_deref().and_then(|name| plan.kinds.id(name));
            let whole = kind.is_some_and(|kind| all.is_of(kind));
            let original = kept.original.as_ref().map_or("", Original::text);
            all.text(original, &kept.veil, whole);
        }
        (asked, is_known)
    }

    /// Whether staff was given a veil of a field.
    fn was_veiled(&self, plan: &Plan, name: &str, memory: Memory<'_>) -> bool {
        self.fields(plan, name).iter().filter_map(memory).any(|one| !one.kept.veil.trim().is_empty())
    }

    /// What is remembered of a field, by all resources that show it.
    /// `fits` says whether it is of the kind that it was.
    fn found(
        &self,
        plan: &Plan,
        fits: &dyn Fn(Option<&str>) -> bool,
        (name, leaf): (String, &Node),
        memory: Memory<'_>,
    ) -> Found {
        let all = self.fields(plan, &name).into_iter().filter_map(|field| memory(&field));
        let all: Vec<Recollection> = all.filter(|one| one.is_in_force).collect();
        let veil = tree::said(leaf);
        let was_blank = |kept: &Kept| kept.original.as_ref().is_some_and(Original::is_blank);
        let Some(stands) = latest(&all) else {
            let hides = |kept: &Kept| kept.veil == veil && kept.original.is_some() && !was_blank(kept);
            return if all.iter().any(|one| hides(&one.kept)) { Found::Another } else { Found::Nothing };
        };
        let mut issued = all.iter().map(|one| &one.kept).filter(|kept| kept.veil == veil).peekable();
        let Some(first) = issued.peek().copied().cloned() else {
            // What stood there was there to see: staff has emptied the field.
            return if veil.is_empty() { Found::Emptied } else { Found::Nothing };
        };
        if leaf.is_blank() && issued.clone().all(was_blank) {
            return Found::Same;
        }
        // What an earlier answer showed goes home only if it stands there still.
        let same = issued.all(|kept| kept.original.as_ref() == Some(stands) && fits(kept.is.as_deref()));
        // With another word beside it, it would be shown.
        let same = same && told::is_as_before(plan, self.values, &first.told);
        match first.original.clone().filter(|_| same) {
            Some(original) => Found::Original(first, original),
            None => Found::Another,
        }
    }
}

/// What stands in the CRM by the last answer that showed it, and by all that were on their way with it.
fn latest(all: &[Recollection]) -> Option<&Original> {
    let last = all.iter().max_by_key(|one| one.number)?;
    let mut those = all.iter().filter(|one| one.number > last.since);
    let stands = last.kept.original.as_ref()?;
    those.all(|one| one.kept.original.as_ref() == Some(stands)).then_some(stands)
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
fn written(sent: &Sent<'_>, tree: &Tree, original: &Original, leaf: &Node) -> Option<String> {
    match (sent.format, original) {
        (Format::Csv, _) => csv::written(original.text(), sent.text, &leaf.span),
        (Format::Calls, Original::Bare(_)) => None,
        (Format::Json, Original::Bare(literal)) => Some(literal.clone()),
        (Format::Json, Original::Text(text)) => serde_json::to_string(text).ok(),
        (Format::Xml | Format::Calls, _) => {
            let text = Some(original.text()).filter(|_| tree.is_a_string(leaf))?;
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
