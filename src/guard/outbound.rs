//! What becomes of an answer's leaves: the guard that a walker shows them to.
//!
//! Leaves wait until their answer is complete, or, in an answer longer than the hold, until their
//! record is. Then all of them are judged together, so that a subject further down, a label after
//! its input and a value seen elsewhere count as if they had come first.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::guard::leaves::{self, Waiting};
use crate::guard::subject::Subjects;
use crate::guard::verdict::Judge;
use crate::policy::plan::{Meaning, Plan, SubjectAt};
use crate::terms::bounds::Bounds;
use crate::terms::edit::{Document, Guard, Verdict};
use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::mint::Mint;
use crate::terms::place::Place;
use crate::terms::refusal::{Reason, Refusal};
use crate::transform::Today;

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
    waiting: Vec<Waiting>,
    subjects: Subjects,
    stood: HashSet<KindId>,
    asked: HashSet<String>,
    /// The values of the request's parameters: staff's own words.
    words: HashSet<String>,
    document: Document,
    held_bytes: usize,
    hold_bytes: usize,
    settled: usize,
    record_end: usize,
    /// Whether the answer must hold a place of each declared kind, until that was looked at.
    shape: bool,
}

impl Outbound {
    /// A guard for the answer to this request.
    pub fn new(plan: Arc<Plan>, mint: Arc<dyn Mint>, request: &Request, bounds: &Bounds) -> Outbound {
        let subjects = Subjects::new(&plan, &request.path, &request.query);
        let asked = request.query.iter().map(|(name, _)| label::fold(name)).collect();
        Outbound {
            plan,
            mint,
            today: request.today,
            waiting: Vec::new(),
            subjects,
            stood: HashSet::new(),
            asked,
            words: request.query.iter().map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty()).collect(),
            document: Document::Body,
            held_bytes: 0,
            hold_bytes: bounds.hold_bytes,
            settled: 0,
            record_end: 0,
            shape: false,
        }
    }

    /// Takes the leaves that `show` shows as those of the answer's header of this number.
    pub fn header(&mut self, number: usize, show: impl FnOnce(&mut dyn Sink) -> Result<(), Refusal>) -> Result<(), Refusal> {
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

    /// Refuses a tabular answer in which a declared kind stands nowhere: the page has changed and
    /// the rules no longer describe it.
    fn check_shape(&mut self) -> Result<(), Refusal> {
        if !std::mem::take(&mut self.shape) {
            return Ok(());
        }
        for kind in self.named_kinds() {
            if !self.stood.contains(&kind) {
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
            let (Meaning::Field { kind, optional, .. }, Place::Name(name)) = (target.meaning, &target.place) else { continue };
            kinds.insert(kind);
            if optional || self.asked.contains(&label::fold(name)) {
                excused.insert(kind);
            }
        }
        &kinds - &excused
    }

    fn judge(&self, waiting: Vec<Waiting>) -> Result<Verdict, Refusal> {
        Judge::new(&self.plan, self.mint.as_ref(), &self.subjects, self.today, &self.words).judge(waiting)
    }

    /// Notes which declared kinds have a place here: a heading counts, even of an empty table.
    fn note_stood(&mut self, leaf: &Leaf<'_>) {
        let mut stood = Vec::new();
        leaves::places(&self.plan, leaf, |id| {
            if let Meaning::Field { kind, .. } = self.plan.targets[usize::from(id.0)].meaning {
                stood.push(kind);
            }
        });
        if leaf.part == Part::Label {
            let ids = self.plan.names.get(&label::fold(leaf.text)).into_iter().flatten();
            for id in ids {
                if let Meaning::Field { kind, .. } = self.plan.targets[usize::from(id.0)].meaning {
                    stood.push(kind);
                }
            }
        }
        self.stood.extend(stood);
    }

    fn note_subject(&mut self, leaf: &Leaf<'_>) {
        if !self.plan.subjects.iter().any(|source| matches!(source.at, SubjectAt::Place(_))) {
            return;
        }
        let mut met = None;
        leaves::places(&self.plan, leaf, |id| {
            if let Meaning::Subject(source) = self.plan.targets[usize::from(id.0)].meaning {
                met = met.or(Some(source));
            }
        });
        if let Some(source) = met {
            self.subjects.met(leaf.record, source, leaf.text);
        }
    }
}

impl Guard for Outbound {
    /// To the last record's end, or, where the rules name nothing in this answer, to where no leaf
    /// is open.
    fn ready(&self) -> usize {
        let declared = self.plan.targets.iter().any(|target| matches!(target.meaning, Meaning::Field { .. }));
        if declared { self.record_end.min(self.settled) } else { self.settled }
    }

    fn finish(&mut self) -> Result<Verdict, Refusal> {
        self.check_shape()?;
        let waiting = std::mem::take(&mut self.waiting);
        self.held_bytes = 0;
        self.judge(waiting)
    }

    fn release(&mut self, upto: usize) -> Result<Verdict, Refusal> {
        self.check_shape()?;
        let ends = |leaf: &Waiting| leaf.pieces.last().map_or(0, |piece| piece.span.end);
        let (now, later) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|leaf: &Waiting| leaf.document != Document::Body || ends(leaf) <= upto);
        self.waiting = later;
        self.held_bytes = self.waiting.iter().map(|leaf| leaf.text.len()).sum();
        let verdict = self.judge(now);
        self.subjects.forget();
        verdict
    }
}

impl Sink for Outbound {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if self.document == Document::Body {
            self.note_stood(leaf);
            self.note_subject(leaf);
        }
        if leaf.text.trim().is_empty() {
            return Ok(());
        }
        self.held_bytes += leaf.text.len();
        if self.held_bytes > self.hold_bytes.saturating_mul(4) {
            return Err(Refusal::new(Reason::Bound, "the values of one record are longer than can be held"));
        }
        let known = leaves::known(&self.plan, leaf);
        self.waiting.push(Waiting::new(self.document, leaf, known));
        Ok(())
    }

    fn record(&mut self, _record: u32, end: usize) -> Result<(), Refusal> {
        self.record_end = self.record_end.max(end);
        Ok(())
    }

    fn settled(&mut self, upto: usize) -> Result<(), Refusal> {
        self.settled = self.settled.max(upto);
        Ok(())
    }
}
