//! The reveal API: one value in clear for whoever has a right to it, says what for, and is remembered for it.
//!
//! identify -> no page's script, or what a person confirms -> bounded body -> count -> open or ask -> record -> answer. Whatever there is no
//! right to, is wrong, another's or gone is one and the same 404, and has its record before the answer as a value
//! has: who tries learns nothing, and is seen trying.

mod ask;
mod browser;
pub mod confirmed;
mod page;
mod record;
mod several;
mod token;

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::identity::peer::Peer;
use crate::policy::decide::RoleId;
use crate::policy::plan::{Limit, Then};
use crate::serve::disclose::body::StaffBody;
use crate::serve::disclose::{Facts, reveal as records};
use crate::serve::exchange::reveal::ask::{Ask, Question, What};
use crate::serve::exchange::reveal::record::{Call, Of};
use crate::serve::exchange::{Beside, arriving, asked, destination};
use crate::serve::house::{Gateway, House};
use crate::serve::respond::{self, Reader, confirm};
use crate::terms::disclosure::Subject;
use crate::terms::kind::KindId;
use crate::terms::mint::{Domain, Opened};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;
use crate::terms::staff::Staff;
use crate::vault::grants::Grant;

/// Where programs ask.
pub(super) const API: &str = "/.sudare/v1/reveal";

/// Where staff asks in a browser, and confirms it.
const PAGE: &str = "/.sudare/reveal";

/// What is asked with: a token may be long.
const BODY_BYTES: usize = 32 << 10;

/// The source of whoever is nobody in particular.
const ANONYMOUS: &str = "anonymous";

/// Whether a request is for this room.
pub(super) fn is_asked(path: &str) -> bool {
    path == API || path == PAGE
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

impl Looked {
    fn about<'a>(&'a self, house: &'a House) -> records::About<'a> {
        let kind = self.kind.map(|kind| house.policy.kinds().get(kind));
        records::About { subject: self.subject.as_ref(), kind }
    }

    /// What the record says of it.
    fn told<'a>(&'a self, house: &'a House) -> records::Told<'a> {
        let about = self.about(house);
        let found = self.found.as_ref().filter(|_| about.kind.is_some());
        records::Told { about, rule: found.map(|found| &*found.rule) }
    }
}

/// A value that may be given.
struct Found {
    value: Secret,
    /// The rule that gives it.
    rule: Arc<str>,
    /// For how many seconds that kind of that subject stays open.
    lasts: Option<u32>,
}

/// How a value is told.
enum Form {
    Json,
    Page { japanese: bool },
}

/// Answers a request of this room.
pub(super) async fn answered(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    request: Request<Incoming>,
    peer: &Peer,
    facts: &mut Facts,
    reader: Reader,
    beside: &mut Beside,
) -> Result<Response<StaffBody>, Refusal> {
    let is_page = request.uri().path() == PAGE;
    facts.path = Some(if is_page { PAGE } else { API }.into());
    beside.allow = Some(if is_page { "GET, POST" } else { "POST" });
    let (mut head, body) = request.into_parts();
    let upstream = destination(house, &mut head, peer, facts)?;
    let staff = arriving::identify(house, &upstream, &mut head, peer, facts).await?;
    let staff = staff.filter(|staff| staff.source != ANONYMOUS).ok_or_else(asked::nobody)?;
    let roles = house.policy.roles_of(&staff.groups);
    facts.of(house, &roles);
    if roles.is_empty() {
        return Err(Refusal::new(Reason::NoRole, "staff has no role"));
    }
    let person = Person { staff: &staff, roles: &roles };
    let call = Call { gateway, house, upstream: &upstream, head: &head, person, network: facts.client };
    if is_page {
        return page::answered(&call, body, facts, reader, beside).await;
    }
    if head.method != Method::POST {
        return Err(Refusal::new(Reason::Method, "values are asked for by POST"));
    }
    browser::none_asks(&head.headers, &staff)?;
    is_json(&head.headers)?;
    let (body, _share) = arriving::collect(gateway, house, body, BODY_BYTES).await?;
    match Question::read(&body)? {
        Question::One(ask) => {
            counted(gateway, house, facts, (person, 1))?;
            revealed(&call, &ask, facts, beside, &Form::Json).await
        }
        Question::Several(asks) => {
            counted(gateway, house, facts, (person, asks.len()))?;
            several::revealed(&call, &asks, facts, beside).await
        }
    }
}

/// Looks for what is asked for, and tells what came of it.
async fn revealed(
    call: &Call<'_>,
    ask: &Ask,
    facts: &mut Facts,
    beside: &mut Beside,
    form: &Form,
) -> Result<Response<StaffBody>, Refusal> {
    facts.purpose(call.house, Some(&ask.purpose));
    let looked = look(call, facts, ask, &mut beside.crm).await?;
    told(call, facts, beside, (ask, looked), form).await
}

/// Looks for the value.
async fn look(call: &Call<'_>, facts: &mut Facts, ask: &Ask, crm: &mut Duration) -> Result<Looked, Refusal> {
    let Call { house, person, .. } = *call;
    match &ask.what {
        What::Token { token, of } => {
            let opened = house.mint.revealed(token);
            let of = of.as_ref().map(|(resource, subject)| (resource.as_str(), subject.as_str()));
            facts.asked_by(house, of.map(|(resource, _)| resource));
            match (&opened, of) {
                // Equal values have one token there: that it is theirs, the CRM must say.
                (Some(Opened { kind, domain: Domain::Shared(_), value }), Some((resource, subject))) => {
                    let mut looked = call.look(Of { resource, subject, kind }, &ask.purpose, crm).await?;
                    looked.found = looked.found.filter(|found| found.value == *value);
                    Ok(looked)
                }
                _ => Ok(token::look(house, person, opened, of, &ask.purpose)),
            }
        }
        What::Record { resource, subject, kind } => {
            facts.asked_by(house, Some(resource));
            call.look(Of { resource, subject, kind }, &ask.purpose, crm).await
        }
    }
}

/// Counts what one person asks for, whatever comes of it, and refuses what is beyond a limit.
fn counted(
    gateway: &Gateway,
    house: &House,
    facts: &Facts,
    (person, values): (Person<'_>, usize),
) -> Result<(), Refusal> {
    let role = facts.roles.first().map_or("none", |role| role);
    let count = |limit: &Limit| gateway.metrics.limits.with_label_values(&[role, limit.then.word()]).inc();
    let limits = house.policy.reveal_limits(person.roles, Some(person.staff));
    let passed =
        gateway.reveals.count_each(&person.staff.id(), (&facts.id, values), &limits).inspect_err(|refusal| {
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
    call: &Call<'_>,
    facts: &Facts,
    beside: &mut Beside,
    (ask, looked): (&Ask, Looked),
    form: &Form,
) -> Result<Response<StaffBody>, Refusal> {
    let Call { gateway, house, .. } = *call;
    let about = looked.about(house);
    let (Some(found), Some(kind)) = (&looked.found, about.kind) else {
        return Err(missed(call, facts, beside, &[looked.told(house)]).await?);
    };
    let value = match form {
        Form::Json => serde_json::json!({ "kind": kind.name, "value": found.value.0 }).to_string(),
        Form::Page { japanese } => {
            confirm::answer(&page::asked(facts, ask, &kind.name, found.lasts), &found.value.0, *japanese)
        }
    };
    let body = records::revealed(gateway, house, facts, &[looked.told(house)], value.into_bytes()).await?;
    stays_open(call, facts, ask, &looked).await;
    let mut response = Response::new(body);
    match form {
        Form::Json => respond::own(response.headers_mut(), "application/json"),
        Form::Page { .. } => confirm::headers(response.headers_mut()),
    }
    Ok(response)
}

/// Opens the kind of the subject to whom it was revealed, for as long as the rule says.
async fn stays_open(call: &Call<'_>, facts: &Facts, ask: &Ask, looked: &Looked) {
    let Call { gateway, house, person, .. } = *call;
    let lasts = looked.found.as_ref().and_then(|found| found.lasts);
    let (Some(lasts), Some(kind), Some(Subject { kind: of, id: Some(id), .. })) = (lasts, looked.kind, &looked.subject)
    else {
        return;
    };
    let from = jiff::Timestamp::now().as_second();
    let kind = house.policy.kinds().get(kind).name.clone();
    let (of, id, purpose) = (of.clone(), id.clone(), ask.purpose.clone());
    let grant = Grant { kind, of, id, purpose, from, until: from.saturating_add(i64::from(lasts)) };
    if !gateway.grants.open(&person.staff.id(), grant).await {
        tracing::warn!(request = facts.id, "what was revealed does not stay open: the vault does not keep it");
    }
}

/// Records that there was nothing to give; gives the one refusal that says so.
async fn missed(
    call: &Call<'_>,
    facts: &Facts,
    beside: &mut Beside,
    told: &[records::Told<'_>],
) -> Result<Refusal, Refusal> {
    records::refused(call.gateway, call.house, facts, told).await?;
    beside.recorded = true;
    Ok(Refusal::new(Reason::Reveal, "there is nothing that may be revealed"))
}

/// A body that is said to be packed is none that is read here, whatever stands in it.
fn is_as_it_is(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refusal::new(Reason::RequestUnreadable, "the body is compressed"));
    }
    Ok(())
}

/// JSON and nothing else: no form of a page, of whatever site, can say so.
fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    is_as_it_is(headers)?;
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
