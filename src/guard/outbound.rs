//! What becomes of an answer's leaves: the guard that a walker shows them to.
//!
//! Leaves wait until their answer is complete, or, in an answer longer than the hold, until their
//! record is. Then all of them are judged together, so that a subject further down, a label after
//! its input and a value seen elsewhere count as if they had come first.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::detect::Found;
use crate::guard::disguise;
use crate::guard::leaves::{self, Known};
use crate::guard::looks::{
    Look, asked, check_cell, find, given, is_blank, is_echo, is_only_counted, look, note_attributes, note_telling,
    of_header, passes, structure,
};
use crate::guard::notes::Notes;
use crate::guard::opened::Opened;
use crate::guard::own::Own;
use crate::guard::queue::{Flags, Queue, Waiting};
use crate::guard::records::Records;
use crate::guard::seats::{Seat, Seats};
use crate::guard::state::{Sealer, States};
use crate::guard::subject::Subjects;
use crate::guard::tellers::Tellers;
use crate::guard::turned::Turned;
use crate::guard::verdict::Judge;
use crate::policy::plan::{Meaning, Plan};
use crate::terms::bounds::Bounds;
use crate::terms::edit::{Document, Guard, Verdict};
use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::mint::Mint;
use crate::terms::place::Place;
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
    /// Values that the request itself brought to the CRM though staff does not see them.
    hidden: Vec<String>,
    /// What staff sent along.
    own: Own,
    subjects: Subjects,
    tellers: Tellers,
    /// Which kinds had a place, by number.
    stood: Vec<bool>,
    records: Records,
    /// What is open to whoever asks beside what the rules give.
    opened: Vec<Opened>,
    /// The request's parameters: staff's own words, where a name has one value alone.
    asked: HashMap<String, Option<String>>,
    seats: Box<Seats>,
    states: States,
    /// What the CRM holds as tokens and was turned back, where it may hold any.
    turned: Option<Box<Turned>>,
    /// Whether nothing becomes of the last leaf, nor of others at its seat.
    idles: bool,
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
    /// Whether the answer must be about whom the request is about.
    one_subject: bool,
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
        let veils = plan.may_veil();
        let stood = vec![false; plan.kinds.0.len()];
        let records = Records::new(&plan, None, subjects.named_one());
        let seats = plan.learnt.take();
        let turned = plan.store.is_there.then(Box::default);
        Outbound {
            plan,
            mint,
            today: request.today,
            waiting: Queue::default(),
            found: Vec::new(),
            veils,
            hidden: Vec::new(),
            own: Own::default(),
            subjects,
            tellers: Tellers::default(),
            records,
            stood,
            opened: Vec::new(),
            asked: asked(&request.query),
            seats,
            states: States::default(),
            turned,
            idles: false,
            document: Document::Body,
            held_bytes: 0,
            hold_bytes: bounds.hold_bytes,
            settled: 0,
            record: 0,
            record_end: 0,
            record_ends: VecDeque::new(),
            part_ends: VecDeque::new(),
            one_subject: false,
            shape: false,
            flows: false,
            notes: None,
        }
    }

    /// Veils these values too, wherever the answer repeats them: what went home with a write comes back veiled.
    /// `said` is what staff sent along, by the names at which it stood.
    pub fn hiding(mut self, values: Vec<String>, said: Vec<(String, String)>) -> Outbound {
        if values.is_empty() {
            return self;
        }
        self.veils = true;
        self.hidden = values;
        self.own = Own::of(said);
        self.hidden.extend(self.own.hidden().map(str::to_owned));
        self
    }

    /// Says who asks: rules may compare records with them.
    pub fn asked_by(mut self, staff: Option<&Staff>) -> Outbound {
        self.records = Records::new(&self.plan, staff, self.subjects.named_one());
        self
    }

    /// Says what is open to them beside what the rules give.
    pub fn opening(mut self, opened: Vec<Opened>) -> Outbound {
        self.opened = opened;
        self
    }

    /// Takes what was turned back in what comes next.
    pub fn turned(&mut self, turned: Turned) {
        if let Some(all) = &mut self.turned {
            all.add(turned, self.hold_bytes);
        }
    }

    /// Seals by this what the application keeps in its forms.
    pub fn sealing_states(mut self, sealer: Sealer) -> Outbound {
        self.states = States::by(sealer);
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

    /// Asks that the answer be about whom the request names: it is a successful one.
    pub fn expect_one_subject(&mut self) {
        self.one_subject = true;
    }

    /// Says that the answer is of a form that never holds records, a script: of a long one what is
    /// settled can leave, whatever the rules name elsewhere.
    pub fn without_records(&mut self) {
        self.flows = true;
    }

    /// How many bytes of memory the leaves take that wait for their decision.
    pub fn weight(&self) -> usize {
        self.waiting.weight()
            + self.states.weight()
            + self.tellers.weight()
            + self.records.weight()
            + self.turned.as_ref().map_or(0, |turned| turned.weight())
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
        if self.one_subject {
            self.subjects.agree(&self.plan)?;
        }
        if self.plan.rows.is_some() {
            self.records.settle(&self.plan, waiting.iter().map(|leaf| leaf.record).collect(), complete);
        }
        if !self.opened.is_empty() {
            let (plan, subjects, opened) = (&self.plan, &self.subjects, &self.opened);
            let of = |record| {
                let subject = subjects.of(plan, record);
                opened.iter().filter(|one| one.is_of(&subject)).collect()
            };
            self.records.open(plan, waiting.iter().map(|leaf| leaf.record).collect(), of);
        }
        let told = |leaf: &Waiting<'_>| {
            let decisions = self.records.decisions(&self.plan, leaf.record);
            self.tellers.known(&self.plan, decisions, leaf, complete)
        };
        Judge::new(&self.plan, self.mint.as_ref(), &self.subjects, self.today, &self.records)
            .told_to(self.notes.as_deref())
            .hiding(&self.hidden)?
            .sealing(&self.states)
            .judge(waiting, told)
    }

    /// Keeps a text before the leaves of the document in it, since all of it may be a veiled value.
    fn hold(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.keep(leaf, Flags { holds: true, ..Flags::default() })
    }

    /// Keeps a leaf of which nothing but this is known.
    fn keep(&mut self, leaf: &Leaf<'_>, flags: Flags) -> Result<(), Refusal> {
        self.held_bytes += cost(leaf.text.len());
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
            flags,
        })
    }

    /// Notes which declared kinds have a place here: a heading that names its place counts, even where nothing
    /// stands there.
    fn note_stood(stood: &mut [bool], seat: &Seat, part: Part) {
        // What a script holds proves no page to be the one that the rules mean.
        for kind in seat.stood.iter().filter(|_| part != Part::Script) {
            stood[usize::from(kind.0)] = true;
        }
    }
}

/// The next guard by the same plan begins with what this one has learnt; of a document that has more
/// names than are kept, nothing is worth it.
impl Drop for Outbound {
    fn drop(&mut self) {
        if self.seats.has_room() {
            self.plan.learnt.put(std::mem::take(&mut self.seats));
        }
    }
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
        let now = self.waiting.part(upto)?;
        self.held_bytes = self.waiting.lengths().map(cost).sum();
        let verdict = self.judge(&now, false);
        // Of a record that has begun, the leaves that are still to come need its subject.
        let open: HashSet<u32> = self.waiting.records().collect();
        self.subjects.forget(|record| record <= self.record && !open.contains(&record));
        self.tellers.forget(|record| record <= self.record && !open.contains(&record));
        self.records.forget(|record| record <= self.record && !open.contains(&record));
        verdict
    }
}

impl Sink for Outbound {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let body = self.document == Document::Body;
        let header = (!body).then(|| of_header(leaf));
        let leaf = header.as_ref().unwrap_or(leaf);
        let seat = self.seats.of(&self.plan, leaf);
        self.idles = seat.is_idle && self.notes.is_none() && self.hidden.is_empty() && self.turned.is_none();
        if self.idles {
            return Ok(());
        }
        if body && self.states.seals(&self.plan, leaf)? {
            return self.keep(leaf, Flags { state: true, ..Flags::default() });
        }
        if body {
            check_cell(&self.plan, seat, leaf)?;
            if self.plan.rows.is_some() {
                note_attributes(&self.plan, &mut self.records, seat, leaf);
            }
        }
        if leaf.text == NULL {
            return Ok(());
        }
        if let Some(notes) = &self.notes {
            notes.leaf(self.document, leaf, &seat.met.places);
        }
        let (mut subject, mut teller) = (false, false);
        if body {
            (subject, teller) = note_telling(&self.plan, (&mut self.subjects, &mut self.tellers), seat, leaf);
            Outbound::note_stood(&mut self.stood, seat, leaf.part);
        }
        if is_blank(leaf.text) {
            return Ok(());
        }
        let name = seat.is_name || (leaf.part == Part::Label && leaves::is_name(&self.plan, leaf.text));
        let (known, kinds, told) = given(&self.plan, seat, leaf, name);
        let flags = Flags {
            named: subject || teller,
            echo: known.is_none() && told.is_empty() && is_echo(&self.asked, leaf),
            disguised: self.veils && disguise::may(leaf),
            ..self.own.marked(leaf, structure(leaf, name, subject))
        };
        self.tellers.around(&self.plan, leaf, &told);
        let look =
            if seat.is_quiet { Look::Nothing } else { look(&self.plan, leaf, known, !told.is_empty(), flags.echo) };
        find((&self.plan, self.turned.as_deref()), leaf, look, flags.disguised, &mut self.found);
        let waiting = Waiting {
            document: self.document,
            text: leaf.text,
            part: leaf.part,
            pieces: leaf.pieces,
            record: leaf.record,
            // Only what a place gave a kind is cut out, or spoken of by another member.
            member: leaf.member.as_ref().filter(|_| known.is_some() || !told.is_empty()),
            loosen: leaf.loosen,
            known,
            kinds,
            told: &told,
            found: &self.found,
            flags,
        };
        if self.notes.is_none() && passes(&self.plan, self.veils, &waiting) {
            return Ok(());
        }
        self.held_bytes += cost(leaf.text.len());
        if self.held_bytes + self.tellers.weight() > self.hold_bytes.saturating_mul(HELD_TIMES) {
            return Err(Refusal::new(Reason::Bound, "the values of one record are longer than can be held"));
        }
        match known.filter(|_| body && self.notes.is_none() && is_only_counted(self.veils, &waiting)) {
            Some(known) => self.waiting.count(leaf, known),
            None => self.waiting.push(&waiting),
        }
    }

    fn idles(&self) -> bool {
        self.idles
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
        let seat = self.seats.of(&self.plan, leaf);
        let counts = !leaves::is_word_of_the_page(leaf);
        let veils = |known: Known| self.plan.decisions[usize::from(known.kind.0)].action.veils();
        let known = seat.known.filter(|_| counts);
        let told = counts && !seat.told.is_empty();
        if self.plan.rows.is_none() && self.opened.is_empty() && !told && known.is_some_and(veils) {
            return Ok(false);
        }
        if !readable && leaves::is_sought_in_json(&self.plan) {
            let note = "a document that stands in a text cannot be read, or is nested deeper than is read";
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
fn cost(text_bytes: usize) -> usize {
    const BESIDE: usize = 32;
    text_bytes + BESIDE
}
