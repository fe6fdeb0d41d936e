//! Putting a plan together: the resources that matched, taken as one, and what becomes of each
//! kind under the conditions that hold.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::policy::compile::{Resource, ToldRule};
use crate::policy::conditions::{Situation, state_for};
use crate::policy::decide::{self, Question, RoleId, State};
use crate::policy::headers::Headers;
use crate::policy::matched::{Matched, route};
use crate::policy::plan::{
    ColumnsAt, Decision, Errors, Meaning, Parameter, Plan, SubjectAt, SubjectSource, Target, Teller, Unlisted,
    Unreadable,
};
use crate::policy::remembered;
use crate::policy::rows::{self, Rows, Term};
use crate::policy::rule::resources::At;
use crate::policy::rule::settings::Undeclared;
use crate::policy::trace::Trace;
use crate::policy::{Parts, Policy};
use crate::route::router::RouteId;
use crate::terms::event::Event;
use crate::terms::kind::{self, Category, KindId, Kinds};
use crate::terms::label::fold;
use crate::terms::place::{Headings, Place, PlaceId, Places, Step};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::shelf::Shelf;
use crate::terms::words::{Length, Words};

/// What two situations must share to share a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    routes: Vec<RouteId>,
    beside: Vec<RouteId>,
    reads: bool,
    roles: Vec<RoleId>,
    /// Rules that are not there, and resources whose `pass` holds.
    absent: Vec<usize>,
    unknown: Vec<usize>,
    passing: Vec<usize>,
}

/// One resource and event for which kinds are decided; several are taken together.
pub(super) struct Context {
    pub(super) resource: Option<Arc<str>>,
    pub(super) states: Vec<State>,
}

impl Key {
    pub(super) fn new(parts: &Parts, situation: &Situation<'_>, states: &[(usize, State)]) -> Key {
        let numbers = |is: &dyn Fn(&State) -> bool| {
            states.iter().filter(|(_, state)| is(state)).map(|(number, _)| *number).collect::<Vec<_>>()
        };
        let mut roles = situation.roles.to_vec();
        roles.sort_unstable();
        roles.dedup();
        let passes = |resource: &&Resource| passes(resource, situation);
        let matched = resources(parts, situation.matched);
        Key {
            routes: routes(situation.matched),
            beside: situation.matched.beside.clone(),
            reads: situation.matched.reads,
            roles,
            absent: numbers(&|state| matches!(state, State::Fails(_))),
            unknown: numbers(&|state| matches!(state, State::Unknown(_))),
            passing: matched
                .iter()
                .enumerate()
                .filter(|(_, resource)| passes(resource))
                .map(|(number, _)| number)
                .collect(),
        }
    }
}

/// Whether this staff may ask at all.
pub(super) fn admit(policy: &Policy, situation: &Situation<'_>) -> Result<(), Refusal> {
    if situation.roles.is_empty() && !policy.is_public(situation.matched) {
        return Err(Refusal::new(Reason::NoRole, "staff has no role"));
    }
    if situation.matched.purpose.as_ref().is_some_and(|purpose| !policy.knows_purpose(purpose)) {
        return Err(Refusal::new(Reason::Purpose, "the request names a purpose that no rule knows"));
    }
    if situation.matched.doubt {
        let note =
            "what a rule asks of a parameter, a header or a member is said, and something else under the same name";
        return Err(Refusal::new(Reason::Ambiguous, note));
    }
    if situation.matched.is_undeclared() && policy.undeclared() == Undeclared::Block {
        return Err(Refusal::new(Reason::Undeclared, "no resource matches, and `undeclared` is `block`"));
    }
    Ok(())
}

/// The resources that matched, each once, in the order of their ids. What is still pending counts
/// as matched: a rule too many hides, a rule too few shows.
pub(super) fn resources<'p>(parts: &'p Parts, matched: &Matched) -> Vec<&'p Resource> {
    of_routes(parts, &routes(matched))
}

/// Where no resource matches: those whose path is asked in a way that they do not name. An old CRM
/// gives the page of a GET to a POST as well, so their fields count in the answer, what is not listed
/// in it too, and each kind as if that resource had been asked; the answer need not hold the fields,
/// and whatever else is said of a path that no resource matches stays as it is.
fn beside<'p>(parts: &'p Parts, matched: &Matched) -> Vec<&'p Resource> {
    if matched.is_undeclared() { of_routes(parts, &matched.beside) } else { Vec::new() }
}

fn of_routes<'p>(parts: &'p Parts, routes: &[RouteId]) -> Vec<&'p Resource> {
    let mut numbers: Vec<usize> = routes.iter().filter_map(|id| Some(route(parts, *id)?.resource)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter().filter_map(|number| parts.resources.get(number)).collect()
}

/// For what each kind is decided.
pub(super) fn contexts(parts: &Parts, situation: &Situation<'_>, states: &[(usize, State)]) -> Vec<Context> {
    let mut all = vec![State::Holds; parts.conditions.len()];
    states.iter().for_each(|(number, state)| all[*number] = *state);
    let context = |resource: Option<&Resource>, own: bool| {
        let event = event_of(resource.filter(|_| own), situation.matched);
        let id = resource.map(|resource| &*resource.id);
        let states =
            all.iter().zip(&parts.conditions).map(|(state, condition)| state_for(*state, condition, id, event));
        Context { resource: resource.map(|resource| resource.id.clone()), states: states.collect() }
    };
    match resources(parts, situation.matched)[..] {
        [] => {
            let beside = beside(parts, situation.matched);
            let as_asked = std::iter::once(None).chain(beside.iter().copied().map(Some)).map(|one| context(one, false));
            let as_declared = beside.iter().map(|resource| context(Some(resource), true));
            as_asked.chain(as_declared).collect()
        }
        ref some => some.iter().map(|resource| context(Some(resource), true)).collect(),
    }
}

/// What becomes of a kind for one resource.
pub(super) fn decide_in(
    parts: &Parts,
    situation: &Situation<'_>,
    context: &Context,
    id: KindId,
) -> Result<(Decision, Trace), Refusal> {
    decide::decide(&Question {
        rules: &parts.rules,
        states: &context.states,
        ungranted: parts.ungranted,
        roles: situation.roles,
        id,
        kind: parts.kinds.kinds.get(id),
    })
}

/// What becomes of a kind for all resources together: the strictest.
pub(super) fn decision(
    parts: &Parts,
    situation: &Situation<'_>,
    contexts: &[Context],
    id: KindId,
) -> Result<Decision, Refusal> {
    let mut all: Option<Decision> = None;
    for context in contexts {
        let (next, _) = decide_in(parts, situation, context, id)?;
        all = Some(match all {
            Some(before) => decide::combine(before, next),
            None => next,
        });
    }
    all.ok_or_else(|| Refusal::new(Reason::Internal, "nothing was decided"))
}

/// A plan of the resources alone: no rule is there, and so nothing is given to anybody.
pub(super) fn plan_of_nobody(parts: &Parts, matched: &Matched) -> Result<Plan, Refusal> {
    let situation = Situation { matched, roles: &[], staff: None, network: None, time: jiff::Timestamp::UNIX_EPOCH };
    let states: Vec<(usize, State)> =
        (0..parts.conditions.len()).map(|number| (number, State::Fails("staff"))).collect();
    plan(parts, &situation, &states)
}

/// Makes a plan.
pub(super) fn plan(parts: &Parts, situation: &Situation<'_>, states: &[(usize, State)]) -> Result<Plan, Refusal> {
    let matched = resources(parts, situation.matched);
    let mut contexts = contexts(parts, situation, states);
    // Where no condition asks for the resource, all contexts are one.
    contexts.dedup_by(|a, b| a.states == b.states);
    let kinds = parts.kinds.kinds.iter();
    let decisions = kinds.map(|(id, _)| decision(parts, situation, &contexts, id)).collect::<Result<Vec<_>, _>>()?;
    let rows = rows::of(parts, situation, &matched, &contexts)?;
    let beside = beside(parts, situation.matched);
    // Where two of those have different records, the answer has none.
    let records = if beside.is_empty() { records(&matched)? } else { records(&beside).unwrap_or_default() };
    let mut layout = Layout { places: Places { records, ..Places::default() }, ..Layout::default() };
    for (number, resource) in matched.iter().chain(&beside).enumerate() {
        layout.add((number, resource), !beside.is_empty())?;
        if let Some(rows) = &rows {
            layout.attributes(resource, rows)?;
        }
    }
    let options = || matched.iter().map(|resource| &resource.options);
    let scan = matched.is_empty() || options().any(|options| options.scan);
    layout.places.words = Arc::new(words(parts, &layout.targets, scan));
    layout.places.headings = Headings {
        names: layout.names.keys().cloned().collect(),
        labels: if scan { parts.kinds.labels.clone() } else { Arc::default() },
    };
    let all_pass = !matched.is_empty() && matched.iter().all(|resource| passes(resource, situation));
    let unlisted = matched.iter().chain(&beside).map(|resource| resource.options.unlisted);
    let unlisted = unlisted.max_by_key(|unlisted| *unlisted as u8).unwrap_or(Unlisted::Scan);
    // Resources of whole folders, which say nothing of it, stand around the one that does.
    let restore = options().any(|options| options.restore);
    let all_scanned = !matched.is_empty() && options().all(|options| options.errors == Errors::Scan);
    Ok(Plan {
        version: parts.version.clone(),
        resources: matched.iter().map(|resource| resource.id.clone()).collect(),
        template: template(parts, situation.matched),
        event: event(&matched, situation.matched),
        kinds: parts.kinds.kinds.clone(),
        detectors: parts.kinds.detectors.clone(),
        labels: parts.kinds.labels.clone(),
        words: parts.words.clone(),
        records: layout.places.records.is_some(),
        places: Arc::new(layout.places),
        targets: layout.targets,
        names: layout.names,
        ways: layout.ways,
        decisions,
        subjects: layout.subjects,
        scan,
        unlisted,
        unreadable: if all_pass { Unreadable::Pass } else { Unreadable::Block },
        errors: if all_scanned { Errors::Scan } else { Errors::Page },
        restore,
        derives: all_of(matched.iter().chain(&beside), |resource| &resource.derives),
        seals: all_of(matched.iter().chain(&beside), |resource| &resource.options.seal),
        remember: remembered::remember(&matched),
        remembers: remembered::remembers(parts),
        recall: remembered::recall(parts, &matched),
        parameters: parameters(if beside.is_empty() { &matched } else { &beside }),
        tellers: layout.tellers,
        rows,
        columns_at: columns(&matched)?,
        headers: headers(parts, matched.iter().chain(&beside)),
        // Asked for in a way that no rule knows, rows cannot be told: no cell of theirs may leave.
        columns: beside.iter().any(|resource| resource.columns.is_some()).then(Vec::new),
        store: Arc::clone(&parts.store),
        learnt: Shelf::default(),
    })
}

/// The names that mean something to a plan: those that its rules name, and the labels of kinds.
fn words(parts: &Parts, targets: &[Target], scan: bool) -> Words {
    let kinds = &parts.kinds.kinds;
    let mut words = Words::default();
    for target in targets {
        if let Place::Name(name) = &target.place {
            let length = match target.meaning {
                Meaning::Field { kind, .. } => length(kinds, kind),
                _ => Length::Line,
            };
            words.add(name, length);
        }
    }
    for (label, kind) in parts.kinds.labels.iter().filter(|_| scan) {
        words.add(label, length(kinds, *kind));
    }
    words
}

/// An address takes several lines, and so does what somebody has written.
fn length(kinds: &Kinds, kind: KindId) -> Length {
    let prose = matches!(kinds.get(kind).category, Category::Notes | Category::Sensitive);
    if kind == kind::ADDRESS || prose { Length::Text } else { Length::Line }
}

/// Places of all resources together, numbered.
#[derive(Default)]
struct Layout {
    places: Places,
    targets: Vec<Target>,
    names: HashMap<String, Vec<PlaceId>>,
    ways: HashMap<String, Vec<PlaceId>>,
    subjects: Vec<SubjectSource>,
    tellers: Vec<Teller>,
}

impl Layout {
    fn add(&mut self, (of, resource): (usize, &Resource), optional: bool) -> Result<(), Refusal> {
        // What a resource without records names stands in the document, whatever the others say.
        let whole = resource.records.is_none() && self.places.records.is_some();
        for subject in &resource.subjects {
            let number = self.subjects.len();
            let at = match (&subject.at, resource.subject_at(subject)) {
                (_, Some(at)) => at,
                (At::Place(place), None) => SubjectAt::Place(self.place(place, Meaning::Subject(number), whole)?),
                (_, None) => SubjectAt::None,
            };
            let (clear, hash) = (subject.clear, subject.hash);
            self.subjects.push(SubjectSource { kind: subject.kind.clone(), at, resource: of, clear, hash });
        }
        for field in &resource.fields {
            let meaning =
                Meaning::Field { kind: field.kind, only: field.only, optional: optional || field.optional, told: None };
            self.place(&field.place, meaning, whole)?;
        }
        for rule in &resource.told {
            self.told(rule, optional, whole)?;
        }
        Ok(())
    }

    /// Each attribute that a rule asks for stands for the first term that asks for it.
    fn attributes(&mut self, resource: &Resource, rows: &Rows) -> Result<(), Refusal> {
        let whole = resource.records.is_none() && self.places.records.is_some();
        for (name, place) in &resource.attributes {
            let asks = |term: &Term| matches!(term, Term::Attribute(asked, _) if asked == name);
            let Some(term) = rows.terms.iter().position(asks).and_then(|at| u16::try_from(at).ok()) else { continue };
            self.place(place, Meaning::Attribute(term), whole)?;
            self.places.nulls = true;
        }
        Ok(())
    }

    fn told(&mut self, rule: &ToldRule, optional: bool, whole: bool) -> Result<(), Refusal> {
        let number = u16::try_from(self.tellers.len())
            .map_err(|_| Refusal::new(Reason::Bound, "the resources that match have too many fields"))?;
        self.tellers.push(rule.teller.clone());
        self.place(&rule.from, Meaning::Tells(number), whole)?;
        let (only, optional, told) = (rule.only, optional || rule.optional, Some(number));
        for kind in rule.teller.listed() {
            self.place(&rule.place, Meaning::Field { kind, only, optional, told }, whole)?;
        }
        Ok(())
    }

    fn place(&mut self, place: &Place, meaning: Meaning, whole: bool) -> Result<PlaceId, Refusal> {
        let whole = whole && !matches!(place, Place::Name(_));
        let is_known = |(id, target): &(u16, &Target)| {
            target.meaning == meaning && target.place == *place && self.places.document.contains(&PlaceId(*id)) == whole
        };
        if let Some((known, _)) = (0u16..).zip(&self.targets).find(is_known) {
            return Ok(PlaceId(known));
        }
        let number = u16::try_from(self.targets.len());
        let id =
            PlaceId(number.map_err(|_| Refusal::new(Reason::Bound, "the resources that match have too many places"))?);
        match place {
            Place::Name(name) => self.names.entry(fold(name)).or_default().push(id),
            Place::Json(path) => self.places.json.push((id, path.clone())),
            Place::Css(css) => self.places.css.push((id, css.clone())),
            Place::Xml(path) => self.places.xml.push((id, path.clone())),
        }
        if matches!(meaning, Meaning::Field { .. }) {
            called(place).into_iter().for_each(|name| self.ways.entry(name).or_default().push(id));
        }
        if whole {
            self.places.document.insert(id);
        }
        self.targets.push(Target { place: place.clone(), meaning });
        Ok(id)
    }
}

/// What a question may call the column that an answer has at the end of a path: `$.items[*].cell.no` is `no`,
/// `cell.no` and `cell`.
fn called(place: &Place) -> Vec<String> {
    let steps: Vec<Option<&str>> = match place {
        Place::Json(path) => path.steps.iter().map(Step::name).collect(),
        Place::Xml(path) => path.steps.iter().map(|step| step.name.as_deref()).collect(),
        Place::Name(_) | Place::Css(_) => Vec::new(),
    };
    let names: Vec<String> = steps.iter().flatten().map(|name| fold(name)).collect();
    let squeezed = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut all = Vec::new();
    if let [.., last] = &names[..] {
        all.push(last.clone());
    }
    if let [.., before, last] = &names[..] {
        all.push(squeezed(before) + &squeezed(last));
        // A list has no order of its own.
        let is_object = matches!(steps[..], [.., Some(_), Some(_)]);
        if is_object && BARE.contains(&&**last) && !HOLDERS.contains(&&**before) {
            all.push(before.clone());
        }
    }
    all
}

/// Names that say nothing of what stands there: what holds them is the column (`?sort=cell`).
const BARE: [&str; 6] = ["no", "number", "value", "text", "code", "data"];

/// What holds all of an answer is no column.
const HOLDERS: [&str; 8] = ["data", "value", "result", "response", "content", "item", "record", "object"];

/// The records of all resources together. A body is cut into records in one way, so resources that
/// cut it in two cannot be taken together.
fn records(matched: &[&Resource]) -> Result<Option<Place>, Refusal> {
    let mut with_records = matched.iter().filter(|resource| resource.records.is_some());
    let Some(first) = with_records.next() else { return Ok(None) };
    if let Some(other) = with_records.find(|other| other.records != first.records) {
        let note = format!("`{}` and `{}` match together and have different records", first.id, other.id);
        return Err(Refusal::new(Reason::Rule, note));
    }
    Ok(first.records.clone())
}

/// Where the columns of all resources together are named: a row has one list of them.
fn columns(matched: &[&Resource]) -> Result<Option<ColumnsAt>, Refusal> {
    let mut with_columns = matched.iter().filter(|resource| resource.columns.is_some());
    let Some(first) = with_columns.next() else { return Ok(None) };
    if let Some(other) = with_columns.find(|other| other.columns != first.columns) {
        let note = format!("`{}` and `{}` match together and have different columns", first.id, other.id);
        return Err(Refusal::new(Reason::Rule, note));
    }
    Ok(first.columns.clone())
}

/// What all answers say to browsers, and what these resources add.
fn headers<'r>(parts: &Parts, resources: impl Iterator<Item = &'r &'r Resource>) -> Arc<Headers> {
    let mut all = parts.headers.clone();
    resources.for_each(|resource| all.add(&resource.headers));
    Arc::new(all)
}

/// What several resources name, each once.
fn all_of<'r, T: Clone + Ord + 'r>(
    resources: impl Iterator<Item = &'r &'r Resource>,
    of: impl Fn(&'r Resource) -> &'r [T],
) -> Vec<T> {
    let named: BTreeSet<&T> = resources.flat_map(|resource| of(resource)).collect();
    named.into_iter().cloned().collect()
}

fn parameters(matched: &[&Resource]) -> HashMap<String, Parameter> {
    let mut all: HashMap<String, Parameter> = HashMap::new();
    for (name, parameter) in matched.iter().flat_map(|resource| &resource.parameters) {
        let known = all.entry(name.clone()).or_default();
        known.is_statement |= parameter.is_statement;
        for kind in &parameter.filters {
            if !known.filters.contains(kind) {
                known.filters.push(*kind);
            }
        }
        for (column, kind) in &parameter.columns {
            // Two resources that call one column by two kinds: both count, the second as a filter,
            // which refuses whatever is no whole value.
            let other = *known.columns.entry(column.clone()).or_insert(*kind);
            if other != *kind && !known.filters.contains(kind) {
                known.filters.push(*kind);
            }
        }
    }
    all
}

fn routes(matched: &Matched) -> Vec<RouteId> {
    let mut routes = [matched.routes.as_slice(), matched.pending.as_slice()].concat();
    routes.sort_unstable();
    routes
}

fn template(parts: &Parts, matched: &Matched) -> Option<Arc<str>> {
    let first = routes(matched).into_iter().next()?;
    Some(route(parts, first)?.rule.path.text.as_str().into())
}

fn passes(resource: &Resource, situation: &Situation<'_>) -> bool {
    let holds = resource.options.until.is_some_and(|until| situation.time < until);
    resource.options.unreadable == Unreadable::Pass && holds
}

/// What several resources together say that a request does. One that says so itself knows better
/// than the method, else a resource for all pages would make a write of every search that posts.
pub(super) fn event(resources: &[&Resource], matched: &Matched) -> Event {
    let said = |event: &Event| resources.iter().any(|resource| resource.event == Some(*event));
    let events = [Event::Export, Event::Write, Event::Search, Event::View];
    events.into_iter().find(said).unwrap_or_else(|| event_of(None, matched))
}

fn event_of(resource: Option<&Resource>, matched: &Matched) -> Event {
    let by_method = if matched.reads { Event::View } else { Event::Write };
    resource.and_then(|resource| resource.event).unwrap_or(by_method)
}
