//! Record, then release.
//!
//! A `Receipt` is opened before the CRM is asked. Nothing becomes a body for staff but through it,
//! and it gives bytes away only once the ledger holds what they disclose. The place for the closing
//! record is taken when the receipt is opened, because a dropped connection cannot wait.

pub mod body;
pub mod reveal;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::guard::subject;
use crate::guard::turned::Turned;
use crate::ledger::Permit;
use crate::ledger::entry::{End, Entry, Subject, Text};
use crate::policy::decide::RoleId;
use crate::policy::plan::Plan;
use crate::serve::disclose::body::{Part, StaffBody};
use crate::serve::gate::forwarded::spelled;
use crate::serve::house::{Gateway, House, Share};
use crate::terms::disclosure::{Count, Counts, Disclosures};
use crate::terms::edit::Verdict;
use crate::terms::event::Event;
use crate::terms::kind::KindId;
use crate::terms::recipient::Recipient;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::retention::Class;

/// What the ledger says about a request beside what was disclosed.
#[derive(Clone, Default)]
pub struct Facts {
    /// The request's id.
    pub id: String,
    /// Who asked.
    pub staff: Option<String>,
    /// Their roles.
    pub roles: Vec<Arc<str>>,
    /// The address they asked from.
    pub client: Option<IpAddr>,
    /// What for, as a word that the rules know.
    pub purpose: Option<String>,
    /// The method.
    pub method: String,
    /// The path's template, once a resource matched.
    pub path: Option<Arc<str>>,
    /// The resources that matched.
    pub resource: Option<String>,
    /// The policy's version.
    pub policy: Option<Arc<str>>,
    /// Whom what was refused is about, where two are meant that should be one.
    pub about: Vec<Subject<'static>>,
    /// Their session, as a keyed hash.
    pub session: Option<String>,
    /// What they asked with, as a word and a keyed hash.
    pub device: Option<String>,
    /// To whom it goes.
    pub recipient: Option<Recipient>,
    /// The legal basis of the purpose.
    pub basis: Option<&'static str>,
    /// The status that the CRM answered with.
    pub upstream: Option<u16>,
    /// The parameters of the query that the rules know.
    pub query: Vec<String>,
    /// For how long records of it are kept.
    pub retention: Class,
}

impl Facts {
    /// Takes over what the rules say of whoever has these roles.
    pub fn of(&mut self, house: &House, roles: &[RoleId]) {
        self.roles = house.policy.role_names(roles);
        self.recipient = house.policy.recipient(roles);
    }

    /// Takes over what it is for, where that is a word that the rules know.
    pub fn purpose(&mut self, house: &House, word: Option<&str>) {
        self.purpose = word.filter(|word| house.policy.knows_purpose(word)).map(str::to_owned);
        self.basis = self.purpose.as_ref().and_then(|word| house.bases.get(word).copied());
    }

    /// Takes over what the plan knows, and the parameters that the rules name.
    pub fn planned(&mut self, plan: &Plan, house: &House, parameters: Vec<String>) {
        self.path = plan.template.clone();
        self.query = parameters;
        self.resource = (!plan.resources.is_empty()).then(|| plan.resources.join("+"));
        self.kept(house, plan.resources.iter().map(|id| &**id));
    }

    /// Takes over for how long records about these resources too are kept, given to whom it goes.
    fn kept<'r>(&mut self, house: &House, resources: impl IntoIterator<Item = &'r str>) {
        let by_recipient = self.recipient.as_ref().map(|own| own.relation.class()).unwrap_or_default();
        self.retention = self.retention.max(house.policy.retention(resources)).max(by_recipient);
    }

    /// Takes over the resource that a single value is asked for by. Where none is named it may be any.
    pub fn asked_by(&mut self, house: &House, resource: Option<&str>) {
        let all = house.policy.resource_ids();
        let known = all.iter().find(|id| resource == Some(&***id));
        self.resource = known.map(ToString::to_string);
        match known {
            Some(id) => self.kept(house, [&**id]),
            None => self.kept(house, all.iter().map(|id| &**id)),
        }
    }

    /// Takes over whom a refusal is about.
    pub fn about(&mut self, plan: &Plan, house: &House, refusal: &Refusal) {
        let named = |about: &crate::terms::disclosure::Subject| {
            let id = subject::for_ledger(plan, about, house.mint.as_ref()).map(|id| Text::Owned(id.into_owned()));
            Subject { of: Text::Owned(about.kind.clone()), id, ..Subject::default() }
        };
        self.about = Subject::each_once(refusal.about.iter().map(named));
    }

    /// An entry with all of it.
    pub fn entry(&self, event: Event) -> Entry<'_> {
        Entry {
            request: Some(self.id.as_str().into()),
            staff: self.staff.as_deref().map(Text::Borrowed),
            roles: self.roles.iter().map(|role| Text::Borrowed(&**role)).collect(),
            client: self.client.map(|client| Text::Owned(spelled(client))),
            purpose: self.purpose.as_deref().map(Text::Borrowed),
            method: Some(self.method.as_str().into()),
            path: Some(self.path.as_deref().unwrap_or("undeclared").into()),
            resource: self.resource.as_deref().map(Text::Borrowed),
            policy: self.policy.as_deref().map(Text::Borrowed),
            session: self.session.as_deref().map(Text::Borrowed),
            device: self.device.as_deref().map(Text::Borrowed),
            recipient: self.recipient.as_ref().map(|own| Text::Borrowed(own.relation.word())),
            organisation: self.recipient.as_ref().and_then(|own| own.organisation.as_deref()).map(Text::Borrowed),
            country: self.recipient.as_ref().and_then(|own| own.country.as_deref()).map(Text::Borrowed),
            basis: self.basis.map(Text::Borrowed),
            upstream: self.upstream,
            query: self.query.iter().map(|name| Text::Borrowed(name.as_str())).collect(),
            retention: self.retention,
            ..Entry::new(event)
        }
    }
}

/// The promise that what leaves is recorded.
pub struct Receipt {
    gateway: Arc<Gateway>,
    house: Arc<House>,
    plan: Arc<Plan>,
    facts: Facts,
    event: Event,
    status: Option<u16>,
    permit: Option<Permit>,
    parts: u32,
    long: bool,
}

impl Receipt {
    /// Opens a receipt; refuses when the ledger takes nothing.
    pub fn open(
        gateway: &Arc<Gateway>,
        house: &Arc<House>,
        plan: &Arc<Plan>,
        facts: &Facts,
        event: Event,
    ) -> Result<Receipt, Refusal> {
        let permit = gateway.ledger.reserve().map_err(|error| Refusal::new(Reason::Ledger, error.to_string()))?;
        Ok(Receipt {
            gateway: Arc::clone(gateway),
            house: Arc::clone(house),
            plan: Arc::clone(plan),
            facts: facts.clone(),
            event,
            status: None,
            permit: Some(permit),
            parts: 0,
            long: false,
        })
    }

    /// Records that a write is on its way to the CRM.
    pub async fn forward(&mut self, about: &crate::terms::disclosure::Subject) -> Result<(), Refusal> {
        let mut entry = self.facts.entry(Event::Write);
        entry.outcome = Some(Text::Borrowed("forwarded"));
        if about.id.is_some() {
            let id = subject::for_ledger(&self.plan, about, self.house.mint.as_ref());
            entry.subjects = vec![Subject { of: about.kind.as_str().into(), id, ..Subject::default() }];
        }
        self.append(entry).await
    }

    /// Records that veiled values of a write go home with it.
    pub async fn restored(
        &mut self,
        about: &crate::terms::disclosure::Subject,
        counts: &Counts,
    ) -> Result<(), Refusal> {
        self.restored_all(&[(about.clone(), counts.clone())]).await
    }

    /// The same of several people.
    pub async fn restored_all(&mut self, about: &[(crate::terms::disclosure::Subject, Counts)]) -> Result<(), Refusal> {
        let mut entry = self.facts.entry(Event::Restore);
        entry.outcome = Some(Text::Borrowed("forwarded"));
        entry.subjects = Subject::each_once(about.iter().map(|(about, counts)| self.subject(about, counts)));
        self.append(entry).await
    }

    /// Records that a write changes how somebody is reached, whose other values staff does not see.
    pub async fn reached(&mut self, about: &[(crate::terms::disclosure::Subject, Counts)]) -> Result<(), Refusal> {
        let mut entry = self.facts.entry(Event::Write);
        entry.outcome = Some(Text::Borrowed("alert"));
        entry.reason = Some(Text::Borrowed("contact"));
        entry.subjects = Subject::each_once(about.iter().map(|(about, counts)| self.subject(about, counts)));
        let role = self.facts.roles.first().map_or("none", |role| role);
        self.gateway.metrics.contacts.with_label_values(&[role]).inc();
        tracing::warn!(request = self.facts.id, "how somebody is reached was changed beside what staff does not see");
        self.append(entry).await
    }

    /// Counts what the CRM holds as tokens that do not open, and records that nothing was shown of it.
    pub async fn lost(&mut self, turned: Turned) -> Result<(), Refusal> {
        if turned.lost.is_empty() {
            return Ok(());
        }
        self.gateway.metrics.vault.with_label_values(&["turn-back", "error"]).inc_by(u64::from(turned.lost_count));
        for kind in &turned.lost {
            let kind = self.plan.kinds.get(*kind).name.as_str();
            self.gateway.metrics.alerts.with_label_values(&[kind]).inc();
            tracing::warn!(request = self.facts.id, kind, "the crm holds a token that this key ring does not open");
        }
        self.marked(&[("alert", "store")]).await
    }

    /// Records what befell a request on its way to the CRM: a limit that it passes and that only tells, a rule
    /// that took something out of it.
    pub async fn marked(&mut self, marks: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        for (outcome, reason) in marks {
            let mut entry = self.facts.entry(self.event);
            entry.outcome = Some(Text::Borrowed(outcome));
            entry.reason = Some(Text::Borrowed(reason));
            self.append(entry).await?;
        }
        Ok(())
    }

    /// Records that somebody has proven to the CRM who they are; gives their id.
    pub async fn login(&mut self, user: &str, session: String) -> Result<String, Refusal> {
        let id = format!("session:{user}");
        let mut entry = self.facts.entry(Event::Login);
        entry.staff = Some(Text::Borrowed(&id));
        entry.session = Some(Text::Owned(session));
        entry.status = self.status;
        entry.outcome = Some(Text::Borrowed("recognised"));
        self.append(entry).await?;
        Ok(id)
    }

    /// Takes over whom a refusal is about, for the record of how the answer ended.
    pub fn about(&mut self, refusal: &Refusal) {
        let (plan, house) = (Arc::clone(&self.plan), Arc::clone(&self.house));
        self.facts.about(&plan, &house, refusal);
    }

    /// The request's id, for the log.
    pub fn id(&self) -> &str {
        &self.facts.id
    }

    /// The status that the CRM answered with, for this receipt's records and for that of a refusal.
    pub fn upstream(&mut self, facts: &mut Facts, status: u16) {
        facts.upstream = Some(status);
        self.facts.upstream = Some(status);
    }

    /// The status that staff will get.
    pub fn status(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// The answer leaves in several parts, so that its end is recorded too.
    pub fn in_parts(&mut self) {
        self.long = true;
    }

    /// Keeps the tokens of a part and records what it discloses; afterwards, and only then, its bytes
    /// may leave. A part that discloses nothing needs no record.
    pub async fn disclose(&mut self, verdict: &Verdict, format: &'static str) -> Result<(), Refusal> {
        self.meter(verdict, format);
        if verdict.disclosures.is_empty() && !self.long {
            return Ok(());
        }
        if verdict.disclosures.subjects.values().flat_map(Counts::iter).any(|row| row.action == "tokenize") {
            self.gateway.keeping.durable(self.house.bounds.ledger_wait).await?;
        }
        self.parts += 1;
        self.append(self.part(&verdict.disclosures)).await
    }

    /// The whole body, decided and recorded. Its share of the held bytes is given back once staff
    /// has taken them: those who read slowly count too.
    pub fn whole(self, bytes: Vec<u8>, share: Share) -> StaffBody {
        StaffBody::whole(bytes, share)
    }

    /// A body whose parts come through a channel, each recorded by the task that holds the receipt.
    pub fn parts(&self) -> (mpsc::Sender<Part>, StaffBody) {
        StaffBody::parts()
    }

    /// Closes the receipt of an answer in parts.
    pub fn close(mut self, end: End) {
        self.closing(end);
    }

    fn part<'a>(&'a self, disclosures: &'a Disclosures) -> Entry<'a> {
        let mut entry = self.facts.entry(self.event);
        entry.part = Some(self.parts);
        entry.status = self.status;
        entry.outcome = Some(Text::Borrowed("released"));
        entry.rules = disclosures.rules.iter().map(|rule| Text::Borrowed(&**rule)).collect();
        let tickets = disclosures.rules.iter().filter_map(|rule| self.house.policy.ticket(rule));
        entry.tickets = tickets.collect::<BTreeSet<&str>>().into_iter().map(Text::Borrowed).collect();
        let name = |kind: &KindId| Text::Borrowed(self.plan.kinds.get(*kind).name.as_str());
        entry.partial = disclosures.partial.iter().map(name).collect();
        let subjects = disclosures.subjects.iter().map(|(subject, counts)| self.subject(subject, counts));
        entry.subjects = Subject::each_once(subjects);
        entry
    }

    fn subject<'a>(&'a self, about: &'a crate::terms::disclosure::Subject, counts: &Counts) -> Subject<'a> {
        let id = subject::for_ledger(&self.plan, about, self.house.mint.as_ref());
        if id.is_none() {
            self.gateway.metrics.nameless.inc();
        }
        let name = |kind: KindId| Text::Borrowed(self.plan.kinds.get(kind).name.as_str());
        let rows = counts.iter().map(|row| (name(row.kind), Text::Borrowed(row.action), u64::from(row.count)));
        Subject { of: about.kind.as_str().into(), id, kinds: rows.collect() }
    }

    /// Waits until the entry is durable, but not longer than the ledger may take.
    async fn append(&self, entry: Entry<'_>) -> Result<(), Refusal> {
        durable(&self.gateway, &self.house, entry).await
    }

    fn meter(&self, verdict: &Verdict, format: &'static str) {
        let role = self.facts.roles.first().map_or("none", |role| role);
        let mut all = Counts::default();
        for row in verdict.disclosures.subjects.values().flat_map(Counts::iter) {
            all.add(row.kind, row.action, row.count);
        }
        for Count { kind, action, count } in all.iter() {
            let labels = [self.plan.kinds.get(*kind).name.as_str(), action, role];
            self.gateway.metrics.values.with_label_values(&labels).inc_by(u64::from(*count));
            if matches!(*action, "tokenize" | "hash") {
                self.gateway.metrics.vault.with_label_values(&[*action, "ok"]).inc_by(u64::from(*count));
            }
        }
        for kind in &verdict.alerts {
            let kind = self.plan.kinds.get(*kind).name.as_str();
            self.gateway.metrics.alerts.with_label_values(&[kind]).inc();
            tracing::warn!(
                request = self.facts.id,
                kind,
                "a value of a blocked kind stood where no field names it; it was removed"
            );
        }
        if verdict.undeclared > 0 {
            self.gateway.metrics.undeclared.with_label_values(&[format]).inc_by(u64::from(verdict.undeclared));
        }
    }

    fn closing(&mut self, end: End) {
        let Some(permit) = self.permit.take() else { return };
        if !self.long {
            return;
        }
        self.parts += 1;
        let nothing = Disclosures::default();
        let mut entry = self.part(&nothing);
        entry.outcome = Some(Text::Borrowed("closed"));
        entry.end = Some(end);
        entry.subjects.clone_from(&self.facts.about);
        if permit.append(entry).is_err() {
            tracing::error!(request = self.facts.id, "the closing record was not taken");
        }
    }
}

impl Drop for Receipt {
    /// Whoever drops a receipt unclosed was ended from outside, or is being unwound by a panic.
    fn drop(&mut self) {
        self.closing(if std::thread::panicking() { End::Cut } else { End::Cancelled });
    }
}

/// Waits until an entry is durable, but not longer than the ledger may take.
async fn durable(gateway: &Gateway, house: &House, entry: Entry<'_>) -> Result<(), Refusal> {
    let began = Instant::now();
    let sealed = gateway.ledger.seal(entry);
    let sealed = sealed.map_err(|error| Refusal::new(Reason::Ledger, error.to_string()))?;
    let (sender, receiver) = oneshot::channel();
    // Nobody listens any more when the wait was too long; the record stands all the same.
    let done = Box::new(move |done| {
        let _ = sender.send(done);
    });
    gateway.carrier.append(sealed, done).await;
    let done = timeout(house.bounds.ledger_wait, receiver).await;
    gateway.metrics.ledger_seconds.observe(began.elapsed().as_secs_f64());
    match done {
        Ok(Ok(Ok(_))) => {
            gateway.metrics.ledger_records.inc();
            Ok(())
        }
        Ok(Ok(Err(error))) => Err(Refusal::new(Reason::Ledger, error.to_string())),
        Ok(Err(_)) | Err(_) => Err(Refusal::new(Reason::Ledger, "the ledger did not take the record in time")),
    }
}
