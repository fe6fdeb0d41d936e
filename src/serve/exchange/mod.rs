//! The life of one request, from its head to the last byte of its answer.
//!
//! identify -> candidates -> (bounded body) narrow -> plan -> screen the query and the body ->
//! open the receipt -> ask the CRM -> walk -> judge -> record -> release. Data goes one way, and
//! whatever fails on it becomes a refusal here.

mod answer;
mod asked;
pub mod dry;
mod head;
mod prefetched;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;

use crate::identity;
use crate::identity::peer::Peer;
use crate::serve::disclose::body::StaffBody;
use crate::serve::disclose::{Facts, Receipt};
use crate::serve::exchange::answer::About;
use crate::serve::exchange::asked::{Asked, Asks};
use crate::serve::house::{Gateway, House};
use crate::serve::respond::{self, Reader};
use crate::terms::event::Event;
use crate::terms::refusal::{Reason, Refusal};

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
    let mut crm = Duration::ZERO;
    let answered = answered(&gateway, &house, request, peer, &mut facts, reader, &mut crm).await;
    let outcome = if answered.is_ok() { "released" } else { "refused" };
    let resource = facts.resource.as_deref().unwrap_or("undeclared");
    gateway.metrics.requests.with_label_values(&[resource, outcome]).inc();
    let took = began.elapsed();
    gateway.metrics.request_seconds.observe(took.as_secs_f64());
    gateway.metrics.overhead_seconds.observe(took.saturating_sub(crm).as_secs_f64());
    let mut response = answered.unwrap_or_else(|refusal| refused(&gateway, &house, &facts, &refusal, reader));
    if let Ok(id) = HeaderValue::from_str(&facts.id) {
        response.headers_mut().insert(respond::REQUEST, id);
    }
    response
}

async fn answered(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    request: Request<Incoming>,
    peer: &Peer,
    facts: &mut Facts,
    reader: Reader,
    crm: &mut Duration,
) -> Result<Response<StaffBody>, Refusal> {
    if request.uri().path().starts_with(asked::OWN) {
        return Err(Refusal::new(Reason::NotFound, "no such page of the gateway's own"));
    }
    let (mut head, body) = request.into_parts();
    let upstream = house.sites.find(&head.headers, peer, &house.trusted_proxies);
    let staff = asked::identify(house, &mut head, peer, facts);
    // Who asks for what is not here need not say who they are; the record has their address by now.
    let (upstream, staff) = (Arc::clone(upstream?), staff?);
    if staff.is_none() {
        asked::admit_nobody(&house.policy, &head)?;
    }
    let (body, _share) = asked::collect(gateway, house, body).await?;
    let asked = Asked::new(&house.policy, head, body)?;
    let roles = staff.as_ref().map(|staff| house.policy.roles_of(&staff.groups)).unwrap_or_default();
    facts.roles = house.policy.role_names(&roles);
    let time = jiff::Timestamp::now();
    let plan =
        asked.plan(&house.policy, &Asks { staff: staff.as_ref(), roles: &roles, network: facts.client, time })?;
    facts.planned(&plan);
    let searched = asked.screen(&plan, &house.bounds)?;
    let event = if searched && plan.event == Event::View { Event::Search } else { plan.event };
    let mut receipt = Receipt::open(gateway, house, &plan, facts, event)?;
    if asked.writes(&plan) {
        receipt.forward(&asked.subject(&plan)).await?;
    }
    let guard = asked.guard(&plan, &house.mint, &house.bounds, asked::day(time));
    let about = About::of(&asked, &plan, reader, facts.id.clone());
    let sent = Instant::now();
    let answer = upstream.send(asked.into_request()?).await;
    *crm = sent.elapsed();
    gateway.metrics.upstream_seconds.observe(crm.as_secs_f64());
    answer::release(gateway, house, answer?, about, guard, receipt).await
}

/// Tells staff, the ledger, the metrics and the log that a request was refused.
fn refused(gateway: &Gateway, house: &House, facts: &Facts, refusal: &Refusal, reader: Reader) -> Response<StaffBody> {
    let challenge = identity::can_challenge(&house.identity);
    let response = respond::refusal(refusal.reason, reader, &facts.id, challenge);
    gateway.metrics.refusals.with_label_values(&[refusal.reason.word()]).inc();
    if refusal.reason == Reason::Keys {
        gateway.metrics.vault.with_label_values(&["tokenize", "error"]).inc();
    }
    let mut entry = facts.entry(Event::Refused);
    entry.status = Some(response.status().as_u16());
    entry.outcome = Some("refused".into());
    entry.reason = Some(refusal.reason.word().into());
    gateway.ledger.refuse(entry);
    let resource = facts.resource.as_deref().unwrap_or("undeclared");
    tracing::info!(request = facts.id, reason = refusal.reason.word(), note = refusal.note, resource, "refused");
    response.map(StaffBody::own)
}
