//! The life of one request, from its head to the last byte of its answer.
//!
//! identify -> candidates -> (bounded body) narrow -> plan -> screen the query and the body -> count what is
//! looked for -> open the receipt -> (veils of a write) restore -> ask the CRM -> walk -> judge -> record -> release. Data goes one way, and
//! whatever fails on it becomes a refusal here.

mod action;
mod again;
mod answer;
mod arriving;
mod asked;
mod cookies;
pub mod dry;
pub mod foreseen;
mod forms;
mod head;
mod hidden;
mod leads;
mod login;
pub mod migrate;
mod more;
mod origin;
mod posted;
mod prefetched;
mod protect;
mod purpose;
mod questions;
mod reading;
pub mod recognise;
mod remembering;
mod restore;
pub mod reveal;
mod sealed;
mod sealing;
mod state;
mod stored;
mod table;
mod told;
mod whoami;
mod written;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::RETRY_AFTER;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;

use crate::guard::opened::Opened;
use crate::guard::restore::Doubts;
use crate::identity;
use crate::identity::peer::Peer;
use crate::policy::plan::Plan;
use crate::serve::disclose::body::StaffBody;
use crate::serve::disclose::{Facts, Receipt};
use crate::serve::exchange::answer::About;
use crate::serve::exchange::asked::{Asked, Asks};
use crate::serve::exchange::cookies::Cookies;
use crate::serve::exchange::login::Watch;
use crate::serve::exchange::questions::Judged;
use crate::serve::exchange::remembering::Remembering;
use crate::serve::exchange::restore::{Compared, Restored};
use crate::serve::exchange::sealed::Site;
use crate::serve::exchange::sealing::{By, Sealing};
use crate::serve::exchange::stored::Goes;
use crate::serve::house::{Gateway, House};
use crate::serve::remembered::Write;
use crate::serve::respond::{self, Reader, Ways};
use crate::serve::upstream::{Marks, Upstream, loops};
use crate::terms::event::Event;
use crate::terms::refusal::{Reason, Refusal};

/// How many people one record tells of, of a write to many.
const SUBJECTS: usize = 500;

/// Answers one request of staff's.
pub async fn exchange(gateway: Arc<Gateway>, request: Request<Incoming>, peer: &Peer) -> Response<StaffBody> {
    let began = Instant::now();
    let house = gateway.house.load_full();
    let reader = Reader::of(request.headers());
    let mut facts = Facts {
        id: ulid::Ulid::generate().to_string(),
        method: request.method().as_str().to_owned(),
        policy: Some(house.policy.version().clone()),
        ..Facts::default()
    };
    let mut beside = Beside::default();
    let answered = if reveal::is_asked(request.uri().path()) {
        Box::pin(reveal::answered(&gateway, &house, request, peer, &mut facts, reader, &mut beside)).await
    } else {
        answered(&gateway, &house, request, peer, &mut facts, reader, &mut beside).await
    };
    let outcome = if answered.is_ok() { "released" } else { "refused" };
    let resource = facts.resource.as_deref().unwrap_or("undeclared");
    gateway.metrics.requests.with_label_values(&[resource, outcome]).inc();
    let took = began.elapsed();
    gateway.metrics.request_seconds.observe(took.as_secs_f64());
    gateway.metrics.overhead_seconds.observe(took.saturating_sub(beside.crm).as_secs_f64());
    let mut response =
        answered.unwrap_or_else(|refusal| refused(&gateway, &house, &facts, &refusal, (reader, &beside)));
    beside.cookies.give(response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(&facts.id) {
        response.headers_mut().insert(respond::REQUEST, id);
    }
    response
}

/// What comes of an exchange beside its answer.
#[derive(Default)]
struct Beside {
    /// How long the CRM took.
    crm: Duration,
    /// What it set while a record was read again.
    cookies: Cookies,
    /// The one method that there is at a place of the gateway's own.
    allow: Option<&'static str>,
    /// That it is refused has its record already.
    recorded: bool,
}

async fn answered(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    request: Request<Incoming>,
    peer: &Peer,
    facts: &mut Facts,
    reader: Reader,
    beside: &mut Beside,
) -> Result<Response<StaffBody>, Refusal> {
    if request.uri().path().starts_with(asked::OWN) {
        return Err(Refusal::new(Reason::NotFound, "no such page of the gateway's own"));
    }
    let (mut head, body) = request.into_parts();
    let upstream = destination(house, &mut head, peer, facts)?;
    let staff = arriving::identify(house, &upstream, &mut head, peer, facts).await?;
    let body_max = match staff {
        Some(_) => house.bounds.body_bytes,
        None => asked::admit_nobody(house, &head)?,
    };
    let (body, _share) = arriving::collect(gateway, house, body, body_max).await?;
    let (body, carried) = sealed::taken(&head, body);
    let mut asked = Asked::new(&house.policy, head, body, &house.bounds)?;
    let address = asked.head().uri.clone();
    facts.purpose(house, asked.purpose());
    asked.open_log_in(house);
    let watch = Watch::of(house, &upstream, &asked)?;
    let logs_in = watch.as_ref().is_some_and(Watch::is_login);
    let roles = staff.as_ref().map(|staff| house.policy.roles_of(&staff.groups)).unwrap_or_default();
    facts.of(house, &roles);
    let asks = Asks { staff: staff.as_ref(), roles: &roles, network: facts.client, time: jiff::Timestamp::now() };
    let plan = asked.plan(&house.policy, &asks, &house.bounds)?;
    facts.planned(&plan, house, asked.parameters_named(&plan));
    let Judged { originals, marks, searched, doubts, said } =
        questions::judge(gateway, house, facts, (&asks, &plan), (&mut asked, logs_in))?;
    let mut receipt = Receipt::open(gateway, house, &plan, facts, event(&plan, logs_in, searched))?;
    Box::pin(receipt.marked(&marks)).await?;
    let mut home = hidden::sought(originals);
    let by = By { policy: &house.policy, mint: &house.mint, bounds: &house.bounds };
    let compared = Compared { by, asks: &asks, plan: &plan, doubts: &doubts };
    let site = site(house, &upstream, (&asks, &plan), &mut asked)?;
    let mut compared_with = Restored::default();
    if let Some(with) = restore::with(&compared, carried, &site, &asked)? {
        let for_both = (&mut receipt, &mut beside.cookies);
        let restored = restore::restore(gateway, house, &upstream, (compared, with), &mut asked, for_both);
        let restored = Box::pin(restored).await;
        if let Some(watch) = &watch {
            watch.sees(house, &beside.cookies.headers()).await;
        }
        compared_with = restored?;
        home.extend(hidden::gone_home(std::mem::take(&mut compared_with.values)));
    }
    let goes = Box::pin(going(gateway, house, (&asked, &plan), logs_in)).await?;
    let by_crm = (upstream.identity(), house.bounds.depth);
    let of = (&doubts, compared_with, logs_in);
    let write = Box::pin(goes_on(gateway, house, by_crm, (&asks, &plan), &asked, &mut receipt, of)).await?;
    let guard = asked.guard(&plan, &house.mint, &house.bounds, asked::day(asks.time)).asked_by(staff.as_ref());
    let guard = guard.sealing_states(state::sealer(&house.mint, &site, &asks, &asked)).hiding(home, asked.along(said));
    let guard = Box::new(guard.opening(opened(gateway, house, &asks).await));
    let sealing = Sealing::of(by, address, &asked, &asks, &plan, &site);
    let remembering = Remembering::of(&asked, &asks, &plan, by_crm, Some(&gateway.remembered));
    let about = About::of(&asked, &plan, reader, facts.id.clone()).sealing(sealing);
    let about = about.remembering(remembering, write.clone());
    if let Some(watch) = &watch {
        Box::pin(watch.before()).await;
    }
    let sent = Instant::now();
    let answer = upstream.send(asked.to_request(goes.as_ref())?).await;
    beside.crm = sent.elapsed();
    gateway.metrics.upstream_seconds.observe(beside.crm.as_secs_f64());
    let mut answer = answer?;
    receipt.upstream(facts, answer.status().as_u16());
    if let Some(watch) = &watch {
        Box::pin(watch.after(gateway, house, facts, &mut receipt, &mut answer)).await?;
    }
    let released = answer::release(gateway, house, answer, about, guard, receipt).await;
    gateway.remembered.written(write.and_then(Arc::into_inner));
    released.inspect_err(|refusal| facts.about(&plan, house, refusal))
}

/// What a request is recorded as.
fn event(plan: &Plan, logs_in: bool, searched: bool) -> Event {
    match plan.event {
        // The log-in has a record of its own; what its page discloses is seen.
        _ if logs_in => Event::View,
        Event::View if searched => Event::Search,
        event => event,
    }
}

/// For whom and where what a page brought along opens; what of it is the CRM's own is put back.
fn site(
    house: &House,
    upstream: &Upstream,
    (asks, plan): (&Asks<'_>, &Plan),
    asked: &mut Asked,
) -> Result<Site, Refusal> {
    let site = Site::of(&house.identity, upstream.identity(), asked.headers())?;
    state::opened(plan, house.mint.as_ref(), (&site, asks), asked)?;
    Ok(site)
}

/// What goes on as tokens, to a CRM that holds them. It knows the names of staff who log in as they are.
async fn going(
    gateway: &Gateway,
    house: &House,
    (asked, plan): (&Asked, &Plan),
    logs_in: bool,
) -> Result<Option<Goes>, Refusal> {
    let goes = if logs_in { None } else { asked.goes(plan, house.mint.as_ref(), &house.bounds)? };
    let tokens = goes.as_ref().map_or(0, |goes| goes.tokens);
    gateway.metrics.vault.with_label_values(&["store", "ok"]).inc_by(tokens as u64);
    if goes.is_some() {
        // A token that the CRM held and nobody could turn back would be a value that is lost.
        gateway.keeping.durable(house.bounds.ledger_wait).await?;
    }
    Ok(goes)
}

/// Records that a write goes on, and puts out of force what it may change of what is remembered.
async fn goes_on(
    gateway: &Gateway,
    house: &House,
    by_crm: (&str, usize),
    (asks, plan): (&Asks<'_>, &Plan),
    asked: &Asked,
    receipt: &mut Receipt,
    (doubts, mut compared_with, logs_in): (&Doubts, Restored, bool),
) -> Result<Option<Arc<Write>>, Refusal> {
    // A log-in changes nothing of customers'.
    if !asked.writes(plan) || logs_in {
        return Ok(None);
    }
    let forgotten = compared_with.forgotten.take();
    forwarded(receipt, asked, plan, doubts, compared_with).await?;
    Ok(remembering::forget(gateway, house, by_crm, (asks, plan), asked, forgotten).await)
}

/// Records what a write says of how somebody is reached, and that it goes on.
async fn forwarded(
    receipt: &mut Receipt,
    asked: &Asked,
    plan: &Plan,
    doubts: &Doubts,
    compared_with: Restored,
) -> Result<(), Refusal> {
    if !compared_with.rows.is_empty() {
        let rows = doubts.contacts_of(plan, &compared_with.kept, &compared_with.rows);
        for some in rows.chunks(SUBJECTS) {
            Box::pin(receipt.reached(some)).await?;
        }
        return Box::pin(receipt.forward(&asked.subject(plan))).await;
    }
    let contacts = doubts.contacts(plan, &compared_with.kept);
    let whom = compared_with.subject.unwrap_or_else(|| asked.subject(plan));
    // Of somebody new there is nothing else that could be mailed.
    if !contacts.is_empty() && whom.id.is_some() {
        Box::pin(receipt.reached(&[(whom, contacts)])).await?;
    }
    Box::pin(receipt.forward(&asked.subject(plan))).await
}

/// What is open to whoever asks beside what the rules give.
async fn opened(gateway: &Gateway, house: &House, asks: &Asks<'_>) -> Vec<Opened> {
    Box::pin(gateway.grants.opened(&house.policy, asks.staff, asks.roles, asks.time.as_second())).await
}

/// The CRM that is asked for, by a request that did not come through this gateway before.
fn destination(
    house: &House,
    head: &mut http::request::Parts,
    peer: &Peer,
    facts: &mut Facts,
) -> Result<Arc<Upstream>, Refusal> {
    let found = loops::marks(&head.headers).and_then(|marks| {
        head.extensions.insert(Marks(marks));
        house.sites.find(&head.headers, peer, &house.trusted_proxies).map(Arc::clone)
    });
    if found.is_err() {
        // Who asks for what is not here need not say who they are; the record has their address.
        arriving::arrive(house, head, peer, facts)?;
    }
    found
}

/// Tells staff, the ledger, the metrics and the log that a request was refused.
fn refused(
    gateway: &Gateway,
    house: &House,
    facts: &Facts,
    refusal: &Refusal,
    (reader, beside): (Reader, &Beside),
) -> Response<StaffBody> {
    let (challenges, login) = (identity::challenges(&house.identity), login::link(house));
    let ways = Ways { challenges, login, allow: beside.allow, field: refusal.field.clone() };
    let mut response = respond::refusal(refusal.reason, reader, &facts.id, &ways);
    if let Some(after) = refusal.after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after));
    }
    gateway.metrics.refusals.with_label_values(&[refusal.reason.word()]).inc();
    if refusal.reason == Reason::Keys {
        gateway.metrics.vault.with_label_values(&["tokenize", "error"]).inc();
    }
    let mut entry = facts.entry(Event::Refused);
    entry.status = Some(response.status().as_u16());
    entry.outcome = Some("refused".into());
    entry.reason = Some(refusal.reason.word().into());
    entry.subjects.clone_from(&facts.about);
    if !beside.recorded {
        gateway.ledger.refuse(entry);
    }
    let resource = facts.resource.as_deref().unwrap_or("undeclared");
    tracing::info!(request = facts.id, reason = refusal.reason.word(), note = refusal.note, resource, "refused");
    response.map(StaffBody::own)
}
