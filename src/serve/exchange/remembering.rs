//! What an answer shows veiled is remembered where a resource says so, and what a write brings back of it goes
//! home: for calls whose record no GET of their path gives.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::body::readings::Sent;
use crate::body::rewriter::Decided;
use crate::format::Format;
use crate::guard::restore::Scope;
use crate::guard::restore::{
    Call, Forgotten, Memory, NOWHERE, Recalled, Seen, Whose, by_another, recalled, seen, whereabouts,
};
use crate::policy::Policy;
use crate::policy::plan::Plan;
use crate::policy::remembered::RecordAt;
use crate::serve::disclose::Receipt;
use crate::serve::exchange::asked::{Asked, Asks};
use crate::serve::exchange::restore::{Compared, Restored, is_signed};
use crate::serve::exchange::{SUBJECTS, table};
use crate::serve::house::{Gateway, House};
use crate::serve::remembered::{Asking, Person, Remembered, Write};
use crate::serve::upstream::Upstream;
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::Subject;
use crate::terms::label;
use crate::terms::place::Place;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// Who asked for an answer that is remembered, and of what.
pub(super) struct Remembering {
    plan: Arc<Plan>,
    subject: Subject,
    path: HashMap<String, String>,
    /// What the address says beside the record, by the resource that remembers; nothing where nobody can follow it.
    around: Option<HashMap<String, String>>,
    person: Person,
    time: jiff::Timestamp,
    /// When it was asked for.
    asking: Option<Asking>,
}

/// Whom something is given to.
pub(super) fn person(crm: &str, staff: &Staff) -> Person {
    [crm.to_owned(), staff.id()]
}

impl Remembering {
    /// What is needed to remember the answer to a request that is made now; nothing where no resource says so.
    pub(super) fn of(
        asked: &Asked,
        asks: &Asks<'_>,
        plan: &Arc<Plan>,
        (crm, depth): (&str, usize),
        memory: Option<&Remembered>,
    ) -> Option<Box<Remembering>> {
        let staff = asks.staff.filter(|_| !plan.remember.is_empty())?;
        let keys = plan.remember.iter().filter_map(|rule| match &rule.at {
            RecordAt::Path(key) => Some((key.clone(), asked.matched().param(key)?.to_owned())),
            RecordAt::Place(_) => None,
        });
        // Of what says where its record is in a way that nobody can follow nothing is remembered.
        let around = called(asked, depth, None).map(|called| {
            let around = plan.remember.iter().map(|rule| {
                let source = &*rule.source;
                (source.to_owned(), self::around((asked, plan), &[source], std::iter::once(&rule.at), &called))
            });
            around.collect()
        });
        Some(Box::new(Remembering {
            plan: Arc::clone(plan),
            subject: asked.subject(plan),
            path: keys.collect(),
            around,
            person: person(crm, staff),
            time: asks.time,
            asking: memory.map(Remembered::asking),
        }))
    }

    /// What of a whole answer is remembered.
    pub(super) fn seen(&self, format: Format, page: &Decided<'_>, bounds: &Bounds) -> Seen {
        let path = |key: &str| self.path.get(key).cloned();
        let around = |source: &str| self.around.as_ref()?.get(source).cloned();
        let whose = Whose { subject: &self.subject, path: &path, around: &around };
        seen(&self.plan, format, (page.original, page.veiled), &whose, bounds)
    }

    /// What is left of an answer that cannot be told whole: what older ones showed is in force no more.
    pub(super) fn unseen(&self) -> Seen {
        Seen::of_nothing(&self.plan)
    }

    /// Keeps it; `own` is the write that it answers.
    pub(super) async fn keep(self: Box<Self>, memory: &Remembered, seen: Seen, own: Option<&Write>, wait: Duration) {
        let Remembering { person, time, asking, .. } = *self;
        let asking = asking.unwrap_or_else(|| memory.asking());
        if !seen.fields.is_empty() || !seen.forgotten.is_empty() {
            memory.keep(person, asking, seen, (own, time.as_second(), wait)).await;
        }
    }
}

/// Puts out of force what a write may change, before it goes on; nothing where nothing is remembered of what it is
/// about. `compared` is what came of its comparison with what is remembered.
pub(super) async fn forget(
    gateway: &Gateway,
    house: &House,
    (crm, depth): (&str, usize),
    (asks, plan): (&Asks<'_>, &Plan),
    asked: &Asked,
    compared: Option<Vec<Forgotten>>,
) -> Option<Arc<Write>> {
    let staff = asks.staff.filter(|_| !plan.remembers.is_empty())?;
    let forgotten = compared.unwrap_or_else(|| unforeseen(asked, &house.policy, plan, depth));
    if forgotten.is_empty() {
        return None;
    }
    let (now, wait) = (asks.time.as_second(), house.bounds.ledger_wait);
    Some(Arc::new(gateway.remembered.write(person(crm, staff), forgotten, (now, wait)).await))
}

/// What a write may change that no resource compares with what is remembered.
fn unforeseen(asked: &Asked, policy: &Policy, plan: &Plan, depth: usize) -> Vec<Forgotten> {
    let sent = asked.text().ok();
    let body = sent.as_ref().and_then(|(format, text)| Some((*format, str::from_utf8(text).ok()?)));
    let mut all = by_another(plan, &asked.subject(plan), body, depth);
    // Several calls in one body match no resource, whatever each of them does.
    if body.is_some_and(|(format, text)| is_a_batch(format, text)) {
        all.extend(policy.kinds_of_calls(asked.matched()).into_iter().map(Forgotten::Kind));
    }
    all
}

/// Whether a body holds several calls.
fn is_a_batch(format: Format, text: &str) -> bool {
    match format {
        Format::Json => text.trim_start_matches('\u{feff}').trim_start().starts_with('['),
        Format::Lines => true,
        Format::Calls => text.contains("system.multicall"),
        _ => false,
    }
}

/// What the body of a call says of where its record is.
fn called(asked: &Asked, depth: usize, values: Option<&Place>) -> Option<Vec<(String, String)>> {
    if asked.body().is_empty() {
        return Some(Vec::new());
    }
    let (format, text) = asked.text().ok()?;
    let text = std::str::from_utf8(&text).ok()?;
    whereabouts(format, text, depth, values)
}

/// What a request says beside the record, in one spelling: parameters of the path by their names, the query, and
/// what the call itself says. Two requests that differ there may be about two databases that number their records
/// alike.
fn around<'a>(
    (asked, plan): (&Asked, &Plan),
    resources: &[&str],
    records: impl Iterator<Item = &'a RecordAt>,
    called: &[(String, String)],
) -> String {
    let ids: Vec<&RecordAt> = records.collect();
    let is_id = |key: &str| ids.iter().any(|at| matches!(at, RecordAt::Path(own) if own == key));
    let named = |key: &'_ str| {
        let own = resources.iter().find_map(|resource| key.strip_prefix(resource)?.strip_prefix('.'));
        own.map(|name| format!("/{name}"))
    };
    let path = asked.matched().params.iter().filter(|(key, _)| !is_id(key));
    let path = path.filter_map(|(key, value)| Some((named(key)?, value.clone())));
    // What the rules say of a parameter is that it asks for values: no record is another one by it.
    let asks = |name: &str| plan.parameters.contains_key(&label::fold(name));
    let query = asked.query().iter().filter(|(name, _)| !asks(name));
    let query = query.map(|(name, value)| (format!("?{name}"), value.clone()));
    let called = called.iter().map(|(name, value)| (format!(".{name}"), value.clone()));
    // Of one name the order tells: some servers take the first, others the last.
    let mut named: Vec<(String, String)> = path.chain(query).collect();
    named.sort_by(|one, other| one.0.cmp(&other.0));
    let all = named.into_iter().chain(called);
    all.map(|(name, value)| format!("{}:{name}{}:{value}", name.len(), value.len())).collect()
}

/// Makes a write whole by what this gateway remembers, and records what went home.
pub(super) async fn recalled_by(
    gateway: &Gateway,
    upstream: &Upstream,
    compared: &Compared<'_>,
    asked: &mut Asked,
    receipt: &mut Receipt,
) -> Result<Restored, Refusal> {
    let whom = compared.asks.staff.map(|staff| person(upstream.identity(), staff));
    let now = compared.asks.time.as_second();
    let done = {
        let mut memory = gateway.remembered.of(whom, now);
        restored(compared, asked, &mut |field| memory.recall(field))?
    };
    for some in done.whose.chunks(SUBJECTS) {
        receipt.restored_all(some).await?;
    }
    Ok(told(done))
}

/// What came of it, for whoever goes on.
pub(super) fn told(done: Recalled) -> Restored {
    let Recalled { home, whose, rows, forgotten } = done;
    // Of several people in a table each row tells.
    let subject = whose.into_iter().next().map(|(subject, _)| subject).filter(|_| rows.is_empty());
    Restored { rows, forgotten: Some(forgotten), ..Restored::of(home, subject) }
}

/// Makes a write whole by what is remembered; the CRM is not asked.
pub(super) fn restored(compared: &Compared<'_>, asked: &mut Asked, memory: Memory<'_>) -> Result<Recalled, Refusal> {
    let plan = compared.plan;
    if table::is_meant(plan) {
        return of_a_table(compared, asked, memory);
    }
    let sent = asked.sent()?;
    let (format, charset) = (sent.format, sent.charset);
    let is_written = sent.text.len() <= compared.by.bounds.hold_bytes && may_be_anew(&sent);
    let text = str::from_utf8(&sent.text).ok().filter(|_| is_written);
    let Some((text, charset)) = text.zip(charset) else { return unread(compared) };
    let matched = asked.matched();
    let path = |key: &str| matched.param(key).map(str::to_owned);
    let values = plan.recall.as_ref().and_then(|recall| recall.values.as_ref());
    // Nothing is remembered under what no answer is kept under.
    let called = called(asked, compared.by.bounds.depth, values);
    let around = called.map_or_else(|| NOWHERE.to_owned(), |called| around_write(asked, plan, &called));
    let call = Call { format, text, path: &path, around: &around, depth: compared.by.bounds.depth };
    let done = recalled(plan, compared.doubts, &call, memory)?;
    if !done.home.fills.is_empty() {
        refuse_signed(asked)?;
        let body = table::filled(asked.body(), text.as_bytes(), charset, &done.home)?;
        asked.replace_body(body.into());
    }
    Ok(done)
}

/// The same of a table.
fn of_a_table(compared: &Compared<'_>, asked: &mut Asked, memory: Memory<'_>) -> Result<Recalled, Refusal> {
    let (plan, bounds) = (compared.plan, compared.by.bounds);
    let Some(table) = table::of(asked, plan).filter(|table| table.text.len() <= bounds.hold_bytes) else {
        return unread(compared);
    };
    let around = around_write(asked, plan, &[]);
    let call = Call { format: Format::Csv, text: &table.text, path: &|_| None, around: &around, depth: bounds.depth };
    let done = recalled(plan, compared.doubts, &call, memory)?;
    if !done.home.fills.is_empty() {
        refuse_signed(asked)?;
        let body = table.filled(asked.body(), &done.home)?;
        asked.replace_body(body.into());
    }
    Ok(done)
}

/// What a write says beside its record.
fn around_write(asked: &Asked, plan: &Plan, called: &[(String, String)]) -> String {
    let Some(recall) = &plan.recall else { return String::new() };
    let calls: Vec<&str> = recall.calls.iter().map(|call| &**call).collect();
    around((asked, plan), &calls, recall.records.iter().map(|(_, at)| at), called)
}

/// What cannot be compared goes on only if nothing in it is in doubt.
fn unread(compared: &Compared<'_>) -> Result<Recalled, Refusal> {
    let goes_on = !compared.doubts.has_certain() && compared.doubts.scope != Scope::All;
    if goes_on {
        Ok(Recalled { forgotten: Forgotten::of_calls(compared.plan), ..Recalled::default() })
    } else {
        Err(compared.doubts.refuse(compared.plan))
    }
}

/// Whether a body may be written anew: JSON is in UTF-8 to all that read it.
pub(super) fn may_be_anew(sent: &Sent<'_>) -> bool {
    match sent.format {
        Format::Json => matches!(sent.text, Cow::Borrowed(_)),
        Format::Xml | Format::Calls => true,
        _ => false,
    }
}

fn refuse_signed(asked: &Asked) -> Result<(), Refusal> {
    if !is_signed(asked.headers()) {
        return Ok(());
    }
    let note = "the body is signed, so that veils in it cannot be made the originals again; nothing was saved";
    Err(Refusal::new(Reason::Veil, note))
}
