//! The reveal API: one value in clear for whoever has a right to it, says what for, and is remembered for it.
//!
//! identify -> no page's script -> bounded body -> count -> open or ask -> record -> answer. Whatever there is no
//! right to, is wrong, another's or gone is one and the same 404, and has its record before the answer as a value
//! has: who tries learns nothing, and is seen trying.

mod ask;
mod browser;
mod token;

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::identity::peer::Peer;
use crate::policy::decide::RoleId;
use crate::policy::plan::{Limit, Then};
use crate::serve::disclose::body::StaffBody;
use crate::serve::disclose::{Facts, reveal as record};
use crate::serve::exchange::reveal::ask::{Ask, What};
use crate::serve::exchange::{Beside, arriving, asked, destination};
use crate::serve::house::{Gateway, House};
use crate::serve::respond;
use crate::terms::disclosure::Subject;
use crate::terms::kind::KindId;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;
use crate::terms::staff::Staff;

/// Where programs ask.
pub(super) const API: &str = "/.sudare/v1/reveal";

/// What is asked with: a token may be long.
const BODY_BYTES: usize = 32 << 10;

/// The source of whoever is nobody in particular.
const ANONYMOUS: &str = "anonymous";

/// Whether a request is for this room.
pub(super) fn is_asked(path: &str) -> bool {
    path == API
}

/// Who asks for a value.
#[derive(Clone, Copy)]
struct Person<'a> {
    staff: &'a Staff,
    roles: &'a [RoleId],
}

/// What came of looking for a value: whom and what it is about is known of some that are not given, too.
#[derive(Default)]
struct Looked {
    subject: Option<Subject>,
    kind: Option<KindId>,
    found: Option<Found>,
}

/// A value that may be given.
struct Found {
    value: Secret,
    /// The rule that gives it.
    rule: Arc<str>,
}

/// Answers a request of this room.
pub(super) async fn answered(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    request: Request<Incoming>,
    peer: &Peer,
    facts: &mut Facts,
    beside: &mut Beside,
) -> Result<Response<StaffBody>, Refusal> {
    facts.path = Some(API.into());
    beside.allow = Some("POST");
    let (mut head, body) = request.into_parts();
    let upstream = destination(house, &mut head, peer, facts)?;
    let staff = arriving::identify(house, &upstream, &mut head, peer, facts).await?;
    let staff = staff.filter(|staff| staff.source != ANONYMOUS).ok_or_else(asked::nobody)?;
    let roles = house.policy.roles_of(&staff.groups);
    facts.roles = house.policy.role_names(&roles);
    if roles.is_empty() {
        return Err(Refusal::new(Reason::NoRole, "staff has no role"));
    }
    if head.method != Method::POST {
        return Err(Refusal::new(Reason::Method, "values are asked for by POST"));
    }
    browser::none_asks(&head.headers, &staff)?;
    is_json(&head.headers)?;
    let (body, _share) = arriving::collect(gateway, house, body, BODY_BYTES).await?;
    let ask = Ask::read(&body)?;
    let person = Person { staff: &staff, roles: &roles };
    counted(gateway, house, facts, person)?;
    facts.purpose = Some(ask.purpose.clone()).filter(|word| house.policy.knows_purpose(word));
    let looked = look(house, person, &ask);
    told(gateway, house, facts, beside, looked).await
}

/// Looks for the value.
fn look(house: &House, person: Person<'_>, ask: &Ask) -> Looked {
    match &ask.what {
        What::Token { token, of: None } => token::look(house, person, token, &ask.purpose),
        // Not yet: whether it is theirs, the CRM must say.
        What::Token { of: Some(_), .. } | What::Record => Looked::default(),
    }
}

/// Counts what one person asks for, whatever comes of it, and refuses what is beyond a limit.
fn counted(gateway: &Gateway, house: &House, facts: &Facts, person: Person<'_>) -> Result<(), Refusal> {
    let role = facts.roles.first().map_or("none", |role| role);
    let count = |limit: &Limit| gateway.metrics.limits.with_label_values(&[role, limit.then.word()]).inc();
    let limits = house.policy.reveal_limits(person.roles, Some(person.staff));
    let passed = gateway.reveals.count_one(&person.staff.id(), &facts.id, &limits).inspect_err(|refusal| {
        if refusal.reason == Reason::Limit {
            gateway.metrics.limits.with_label_values(&[role, Then::Block.word()]).inc();
        }
    })?;
    for limit in &passed {
        count(limit);
        tracing::warn!(request = facts.id, "more was to be revealed than a limit allows, and answered");
    }
    Ok(())
}

/// Records what came of it, and only then tells.
async fn told(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    facts: &Facts,
    beside: &mut Beside,
    looked: Looked,
) -> Result<Response<StaffBody>, Refusal> {
    let Looked { subject, kind, found } = looked;
    let about = record::About { subject: subject.as_ref(), kind: kind.map(|kind| house.policy.kinds().get(kind)) };
    let (Some(found), Some(kind)) = (found, about.kind) else {
        record::refused(gateway, house, facts, &about).await?;
        beside.recorded = true;
        return Err(Refusal::new(Reason::Reveal, "there is nothing that may be revealed"));
    };
    let value = serde_json::json!({ "kind": kind.name, "value": found.value.0 }).to_string();
    let body = record::revealed(gateway, house, facts, (&about, &found.rule), value.into_bytes()).await?;
    let mut response = Response::new(body);
    respond::own(response.headers_mut(), "application/json");
    Ok(response)
}

/// JSON and nothing else: no form of a page, of whatever site, can say so.
fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::as_bytes);
    let kind = kinds.next().unwrap_or_default().to_ascii_lowercase();
    let (name, parameter) = match kind.iter().position(|byte| *byte == b';') {
        Some(at) => (kind[..at].trim_ascii(), kind[at + 1..].trim_ascii()),
        None => (kind.trim_ascii(), &b""[..]),
    };
    let is_utf8 = matches!(parameter, b"" | b"charset=utf-8" | b"charset=\"utf-8\"");
    if name == b"application/json" && is_utf8 && kinds.next().is_none() {
        return Ok(());
    }
    Err(Refusal::new(Reason::RequestUnreadable, "a value is asked for in `application/json`"))
}
