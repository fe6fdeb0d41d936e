//! What becomes of an answer's leaves: the guard that a walker shows them to.
//!
//! Leaves wait until their answer is complete, or, in an answer longer than the hold, until their
//! record is. Then all of them are judged together, so that a subject further down, a label after
//! its input and a value seen elsewhere count as if they had come first.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::detect::Found;
use crate::guard::leaves::{self, Known, Met, Names};
use crate::guard::notes::Notes;
use crate::guard::queue::{Flags, Queue, Waiting};
use crate::guard::records::Records;
use crate::guard::subject::Subjects;
use crate::guard::tellers::Tellers;
use crate::guard::verdict::Judge;
use crate::policy::plan::{Meaning, Plan, Unlisted};
use crate::terms::bounds::Bounds;
use crate::terms::edit::{Document, Guard, Verdict};
use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::mint::Mint;
use crate::terms::names;
use crate::terms::place::{Place, PlaceId};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;
use crate::transform::Today;

/// How many times the hold the leaves of one answer may cost: numbers in a list are short, and what
/// is kept beside each is not.
const HELD_TIMES: usize = 24;

/// A JSON `null`, where a rule asks what stands there.
const NULL: &str = "\u{c}";

/// What one request says that its answer is judged by.
#[derive(Debug, Clone)]
pub struct Request {
    /// The parameters of the path.
    pub path: HashMap<String, String>,
    /// The parameters of the query, and of a form body.
    pub query: Vec<(String, String)>,
    /// The day of the request, to which ages are counted.
    pub today: Today,
}

/// The guard of one answer.
pub struct Outbound {
    plan: Arc<Plan>,
    mint: Arc<dyn Mint>,
    today: Today,
    waiting: Queue,
    /// What the detectors found in the present leaf.
    found: Vec<Found>,
    /// Whether any value can be veiled, so that it must be sought elsewhere.
    veils: bool,
    subjects: Subjects,
    tellers: Tellers,
    /// Which kinds had a place, by number.
    stood: Vec<bool>,
    records: Records,
    /// The request's parameters: staff's own words, where a name has one value alone.
    asked: HashMap<String, Option<String>>,
    names: Names,
    met: Met,
    document: Document,
    held_bytes: usize,
    hold_bytes: usize,
    settled: usize,
    /// The last record that is complete, and where the last settled one ends.
    record: u32,
    record_end: usize,
    /// Where records end that are complete and not settled.
    record_ends: VecDeque<usize>,
    /// Where records end that are settled and not released, in order.
    part_ends: VecDeque<usize>,
    /// Whether the answer must hold a place of each declared kind, until that was looked at.
    shape: bool,
    /// Whether the answer has no records by its nature.
    flows: bool,
    /// Who asks why; nobody in the gateway.
    notes: Option<Arc<dyn Notes>>,
}

impl Outbound {
    /// A guard for the answer to this request.
    pub fn new(plan: Arc<Plan>, mint: Arc<dyn Mint>, request: &Request, bounds: &Bounds) -> Outbound {
        let subjects = Subjects::new(&plan, &request.path, &request.query);
        // What a teller makes of a value in doubt is veiled whatever the decisions say, and where rules
        // compare records each has decisions of its own.
        let veils = plan.rows.is_some()
            || !plan.tellers.is_empty()
            || plan.decisions.iter().any(|decision| decision.action.veils());
        let stood = vec![false; plan.kinds.0.len()];
        let records = Records::new(&plan, None, subjects.named_one());
        Outbound {
            plan,
            mint,
            today: request.today,
            waiting: Queue::default(),
            found: Vec::new(),
            veils,
            subjects,
            tellers: Tellers::default(),
            records,
            stood,
            asked: asked(&request.query),
            names: Names::default(),
            met: Met::default(),
            document: Document::Body,
            held_bytes: 0,
            hold_bytes: bounds.hold_bytes,
            settled: 0,
            record: 0,
            record_end: 0,
            record_ends: VecDeque::new(),
            part_ends: VecDeque::new(),
            shape: false,
            flows: false,
            notes: None,
        }
    }

    /// Says who asks: rules may compare records with them.
    pub fn asked_by(mut self, staff: Option<&Staff>) -> Outbound {
        self.records = Records::new(&self.plan, staff, self.subjects.named_one());
        self
    }

    /// Tells this listener why each value becomes what it becomes.
    pub fn tell(&mut self, notes: Option<Arc<dyn Notes>>) {
        self.notes = notes;
    }

    /// Takes the leaves that `show` shows as those of the answer's header of this number.
    pub fn header(
        &mut self,
        number: usize,
        show: impl FnOnce(&mut dyn Sink) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.document = Document::Header(number);
        let shown = show(self);
        self.document = Document::Body;
        shown
    }

    /// Asks that a place of each declared kind stand in the answer: it is a successful page or
    /// table, which has headings even where it has no rows.
    pub fn expect_shape(&mut self) {
        self.shape = true;
    }

    /// Says that the answer is of a form that never holds records, a script: of a long one what is
    /// settled can leave, whatever the rules name elsewhere.
    pub fn without_records(&mut self) {
        self.flows = true;
    }

    /// How many bytes of memory the leaves take that wait for their decision.
    pub fn weight(&self) -> usize {
        self.waiting.weight() + self.tellers.weight() + self.records.weight()
    }

    /// Refuses a tabular answer in which a declared kind stands nowhere: the page has changed and
    /// the rules no longer describe it.
    fn check_shape(&mut self) -> Result<(), Refusal> {
        if !std::mem::take(&mut self.shape) {
            return Ok(());
        }
        for kind in self.named_kinds() {
            if !self.stood[usize::from(kind.0)] {
                let name = &self.plan.kinds.get(kind).name;
                let note = format!("no place that the rules name for `{name}` stands in this answer");
                return Err(Refusal::new(Reason::Shape, note));
            }
        }
        Ok(())
    }

    /// Kinds that have bare-name places, none of them optional or asked for by a parameter.
    fn named_kinds(&self) -> BTreeSet<KindId> {
        let mut kinds = BTreeSet::new();
        let mut excused = BTreeSet::new();
        for target in &self.plan.targets {
            let (Meaning::Field { kind, optional, .. }, Place::Name(name)) = (target.meaning, &target.place) else {
                continue;
            };
            kinds.insert(kind);
            if optional || self.asked.contains_key(&label::fold(name)) {
                excused.insert(kind);
            }
        }
        &kinds - &excused
    }

    /// Judges leaves together; `complete` says whether they are the answer's last.
    fn judge(&mut self, waiting: &Queue, complete: bool) -> Result<Verdict, Refusal> {
        if self.plan.rows.is_some() {
            self.records.settle(&self.plan, waiting.iter().map(|leaf| leaf.record).collect(), complete);
        }
        let told = |leaf: &Waiting<'_>| {
            let decisions = self.records.decisions(&self.plan, leaf.record);
            self.tellers.known(&self.plan, decisions, leaf, complete)
        };
        Judge::new(&self.plan, self.mint.as_ref(), &self.subjects, self.today, &self.records)
            .told_to(self.notes.as_deref())
            .judge(waiting, told)
    }

    /// Whether nothing can become of a leaf, whatever is still to come: no place, label or detector
    /// knows it, no other leaf's value is sought in it, and nobody asks why.
    fn passes(&self, leaf: &Waiting<'_>) -> bool {
        let unknown = leaf.known.is_none() && leaf.told.is_empty() && leaf.found.is_empty();
        let unsought = !self.veils || leaf.flags.structure || leaf.flags.echo;
        self.notes.is_none() && unknown && unsought && (self.plan.unlisted == Unlisted::Scan || leaves::is_listed(leaf))
    }

    /// Keeps a text before the leaves of the document in it, since all of it may be a veiled value.
    fn hold(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.held_bytes += cost(leaf.text);
        self.waiting.push(&Waiting {
            document: self.document,
            text: leaf.text,
            part: leaf.part,
            pieces: leaf.pieces,
            record: leaf.record,
            member: None,
            loosen: &[],
            known: None,
            kinds: &[],
            told: &[],
            found: &[],
            flags: Flags { holds: true, ..Flags::default() },
        })
    }

    /// Looks for values that their form alone gives away.
    fn detect(&mut self, leaf: &Leaf<'_>, known: Option<Known>, told: bool, echo: bool) {
        self.found.clear();
        let looks = match known {
            Some(known) => told || !known.only,
            None => told || (self.plan.scan && !echo && !matches!(leaf.part, Part::Style | Part::Boolean)),
        };
        if looks {
            self.plan.detectors.find(leaf.text, &mut self.found);
            for part in leaves::apart(leaf.text, leaf.pieces) {
                let mut found = Vec::new();
                self.plan.detectors.find(&leaf.text[part.clone()], &mut found);
                for mut found in found {
                    found.range = part.start + found.range.start..part.start + found.range.end;
                    if !self
                        .found
                        .iter()
                        .any(|known| known.range.start < found.range.end && found.range.start < known.range.end)
                    {
                        self.found.push(found);
                    }
                }
            }
        }
    }

    /// Notes which declared kinds have a place here: a heading counts, even of an empty table.
    fn note_stood(&mut self, leaf: &Leaf<'_>) {
        let heading = if leaf.part == Part::Label { self.plan.names.get(&label::fold(leaf.text)) } else { None };
        for id in self.met.places.iter().chain(heading.into_iter().flatten()) {
            if let Meaning::Field { kind, .. } = self.plan.targets[usize::from(id.0)].meaning {
                self.stood[usize::from(kind.0)] = true;
            }
        }
    }

    /// Refuses a row that is none, or that has more cells than the request named columns: nobody can
    /// say what stands in those. A key of an object in a cell is not a cell.
    fn check_cell(&self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let rows = self.plan.columns.is_some() && leaf.record != 0 && leaf.part != Part::Key;
        if rows && !self.met.cell {
            return Err(Refusal::new(Reason::Shape, "a row holds a value in no column that the request names"));
        }
        Ok(())
    }

    /// Notes the subject's id, if it stands here.
    fn note_subject(&mut self, leaf: &Leaf<'_>) -> bool {
        for (id, itself) in self.met.telling(leaf) {
            if let Meaning::Subject(source) = self.plan.targets[usize::from(id.0)].meaning {
                self.subjects.met(&self.plan, leaf.record, (source, itself), leaf.text);
            }
        }
        let is_subject = |id: &PlaceId| matches!(self.plan.targets[usize::from(id.0)].meaning, Meaning::Subject(_));
        self.met.places.iter().any(is_subject)
    }

    /// Notes what rules ask of the record, if it stands here. An attribute is no field: staff gets it as
    /// they get any value that no field names.
    fn note_attributes(&mut self, leaf: &Leaf<'_>) {
        self.records.in_record(leaf.record);
        for (id, itself) in self.met.telling(leaf) {
            if let Meaning::Attribute(term) = self.plan.targets[usize::from(id.0)].meaning {
                let place = &self.plan.targets[usize::from(id.0)].place;
                self.records.met(&self.plan, term, (place, itself), leaf);
            }
        }
    }

    /// Notes what tells the kinds of other values, if it stands here and says what the rules know.
    fn note_teller(&mut self, leaf: &Leaf<'_>) -> bool {
        let mut is_known = false;
        for (id, _) in self.met.telling(leaf) {
            if let Meaning::Tells(number) = self.plan.targets[usize::from(id.0)].meaning {
                is_known |= self.tellers.met(&self.plan, number, leaf);
            }
        }
        is_known
    }

    /// Whether a form shows staff's own words again: a search box holds what was typed into it, and
    /// would post a veil with the next page otherwise. Only the control of the parameter's name
    /// counts, and only where one value was sent, so that nobody can send a list of guesses and see
    /// which of them stays.
    fn is_echo(&self, leaf: &Leaf<'_>) -> bool {
        let sent =
            |name: &str| matches!(self.asked.get(&label::fold(name)), Some(Some(word)) if word == leaf.text.trim());
        leaves::is_control(leaf) && leaf.names.iter().any(sent)
    }
}

/// The parameters by their folded names; nothing for a name that has several values.
fn asked(query: &[(String, String)]) -> HashMap<String, Option<String>> {
    let mut asked = HashMap::new();
    for (name, value) in query {
        match asked.entry(label::fold(name)) {
            Entry::Vacant(entry) => {
                entry.insert(Some(value.trim().to_owned()));
            }
            Entry::Occupied(mut entry) if entry.get().as_deref() != Some(value.trim()) => {
                entry.insert(None);
            }
            Entry::Occupied(_) => {}
        }
    }
    asked
}

impl Guard for Outbound {
    /// To the end of a record that is settled, or, where the rules name nothing in this answer or it has
    /// no records, to where no leaf is open.
    fn ready(&self, near: usize) -> usize {
        if self.flows || self.plan.targets.is_empty() {
            return self.settled;
        }
        let before = self.part_ends.partition_point(|end| *end < near);
        self.part_ends.get(before).copied().unwrap_or(self.record_end)
    }

    fn finish(&mut self) -> Result<Verdict, Refusal> {
        self.check_shape()?;
        let waiting = std::mem::take(&mut self.waiting);
        self.held_bytes = 0;
        self.judge(&waiting, true)
    }

    fn release(&mut self, upto: usize) -> Result<Verdict, Refusal> {
        self.check_shape()?;
        while self.part_ends.pop_front_if(|end| *end <= upto).is_some() {}
        let now = self.waiting.part(|leaf| leaf.document != Document::Body || leaf.begin() < upto)?;
        self.held_bytes = self.waiting.iter().map(|leaf| cost(leaf.text)).sum();
        let verdict = self.judge(&now, false);
        // Of a record that has begun, the leaves that are still to come need its subject.
        let open: HashSet<u32> = self.waiting.iter().map(|leaf| leaf.record).collect();
        self.subjects.forget(|record| record <= self.record && !open.contains(&record));
        self.tellers.forget(|record| record <= self.record && !open.contains(&record));
        self.records.forget(|record| record <= self.record && !open.contains(&record));
        verdict
    }
}

impl Sink for Outbound {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let mut leaf = leaf.clone();
        let body = self.document == Document::Body;
        if !body {
            // A header's own name says how it is written, not whose value it holds.
            leaf.names = if leaf.above.is_empty() { names::Names::NONE } else { leaf.names };
            leaf.above = names::Names::NONE;
        }
        self.names.meet(&self.plan, &leaf, &mut self.met);
        if body {
            self.check_cell(&leaf)?;
        }
        if body && self.plan.rows.is_some() {
            self.note_attributes(&leaf);
        }
        if leaf.text == NULL {
            return Ok(());
        }
        if let Some(notes) = &self.notes {
            notes.leaf(self.document, &leaf, &self.met.places);
        }
        let subject = body && self.note_subject(&leaf);
        let teller = body && self.note_teller(&leaf);
        if body && leaf.part != Part::Script {
            self.note_stood(&leaf);
        }
        if leaf.text.trim().is_empty() {
            return Ok(());
        }
        let known = leaves::kind_of(&self.plan, &leaf, &self.met, false);
        let told = leaves::told(&self.plan, &leaf, &self.met);
        let name = match leaf.part {
            Part::Key => leaves::is_word(leaf.text) || self.names.is_name(&self.plan, leaf.text),
            Part::Label => self.names.is_name(&self.plan, leaf.text),
            _ => false,
        };
        let flags = Flags {
            named: subject || teller,
            structure: name || (subject && leaves::is_plain_id(leaf.text)) || leaves::is_structure(&leaf),
            echo: known.is_none() && told.is_empty() && self.is_echo(&leaf),
            holds: false,
        };
        self.tellers.around(&self.plan, &leaf, &told);
        self.detect(&leaf, known, !told.is_empty(), flags.echo);
        let kinds = if self.plan.rows.is_some() { leaves::kinds_of(&self.plan, &leaf, &self.met) } else { Vec::new() };
        let waiting = Waiting {
            document: self.document,
            text: leaf.text,
            part: leaf.part,
            pieces: leaf.pieces,
            record: leaf.record,
            member: leaf.member.as_ref(),
            loosen: leaf.loosen,
            known,
            kinds: &kinds,
            told: &told,
            found: &self.found,
            flags,
        };
        if self.passes(&waiting) {
            return Ok(());
        }
        self.held_bytes += cost(leaf.text);
        if self.held_bytes + self.tellers.weight() > self.hold_bytes.saturating_mul(HELD_TIMES) {
            return Err(Refusal::new(Reason::Bound, "the values of one record are longer than can be held"));
        }
        self.waiting.push(&waiting)
    }

    fn record(&mut self, record: u32, end: usize) -> Result<(), Refusal> {
        self.record = record;
        self.record_ends.push_back(end);
        self.settled(self.settled)
    }

    /// A document in a text is looked into where its place leaves that open: what a field or a label
    /// veils goes whole, whatever it holds.
    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        if self.document != Document::Body || self.plan.columns.is_some() {
            return Ok(false);
        }
        self.names.meet(&self.plan, leaf, &mut self.met);
        let veils = |known: Known| self.plan.decisions[usize::from(known.kind.0)].action.veils();
        let known = leaves::kind_of(&self.plan, leaf, &self.met, false);
        let told = !leaves::told(&self.plan, leaf, &self.met).is_empty();
        if self.plan.rows.is_none() && !told && known.is_some_and(veils) {
            return Ok(false);
        }
        if !readable && leaves::is_sought_in_json(&self.plan) {
            let note = "JSON in a string is nested deeper than is read, or holds what no text can hold";
            return Err(Refusal::new(Reason::Bound, note));
        }
        if readable && self.veils {
            self.hold(leaf)?;
        }
        Ok(readable)
    }

    fn settled(&mut self, upto: usize) -> Result<(), Refusal> {
        self.settled = self.settled.max(upto);
        while let Some(end) = self.record_ends.pop_front_if(|end| *end <= self.settled) {
            if end > self.record_end {
                self.record_end = end;
                self.part_ends.push_back(end);
            }
        }
        Ok(())
    }
}

/// What a leaf costs to hold: its text, and what is kept beside it.
fn cost(text: &str) -> usize {
    const BESIDE: usize = 32;
    text.len() + BESIDE
}
