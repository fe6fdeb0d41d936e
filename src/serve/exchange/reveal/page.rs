//! The page on which staff confirms, in a browser, that a value is to be revealed: it says who asks for which kind
//! and what for, and opens nothing before it comes back.

use http::header::{HOST, HeaderValue};
use http::{Method, Response};
use hyper::body::Incoming;

use crate::route::normal;
use crate::serve::disclose::Facts;
use crate::serve::disclose::body::StaffBody;
use crate::serve::exchange::reveal::ask::{Ask, Sent};
use crate::serve::exchange::reveal::record::Call;
use crate::serve::exchange::reveal::{Form, PAGE, confirmed, counted, is_as_it_is, missed, revealed};
use crate::serve::exchange::{Beside, arriving, forms};
use crate::serve::respond::confirm::Asked;
use crate::serve::respond::{Reader, confirm};
use crate::terms::refusal::{Reason, Refusal};

/// What its form sends back: a long token, sealed.
const BODY_BYTES: usize = 64 << 10;

/// Shows the page, or takes what its form sends.
pub(super) async fn answered(
    call: &Call<'_>,
    body: Incoming,
    facts: &mut Facts,
    reader: Reader,
    beside: &mut Beside,
) -> Result<Response<StaffBody>, Refusal> {
    match call.head.method {
        Method::GET => shown(call, facts, reader),
        Method::POST => sent(call, body, facts, reader, beside).await,
        _ => Err(Refusal::new(Reason::Method, "the page that confirms is asked for by GET, and sends a POST")),
    }
}

/// What the pages say of a question.
pub(super) fn asked<'a>(facts: &'a Facts, ask: &'a Ask, kind: &'a str, lasts: Option<u32>) -> Asked<'a> {
    let staff = facts.staff.as_deref().unwrap_or_default();
    Asked { staff, purpose: &ask.purpose, kind, of: ask.said_of(), lasts }
}

/// The page that asks. That there is a rule for the kind and the purpose is all that it tells.
fn shown(call: &Call<'_>, facts: &Facts, reader: Reader) -> Result<Response<StaffBody>, Refusal> {
    confirmed::opens_a_window(&call.head.headers)?;
    let query = call.head.uri.query().unwrap_or_default();
    if query.is_empty() {
        return Ok(own(confirm::blank(PAGE, reader.japanese)));
    }
    let sent = Sent::of(normal::pairs(query.as_bytes())?)?;
    let ask = Ask::of(sent.clone())?;
    let policy = &call.house.policy;
    let kind = policy.kinds().id(ask.kind());
    let rule = kind.and_then(|kind| policy.reveals(call.person.roles, call.person.staff, kind, &ask.purpose));
    let rule = rule.ok_or_else(|| Refusal::new(Reason::Reveal, "no rule reveals such a kind for such a purpose"))?;
    let whose = (&*call.person.staff.id(), host(call));
    let now = jiff::Timestamp::now().as_second();
    let confirmation = confirmed::seal(call.house.mint.as_ref(), whose, sent, (&facts.id, now))?;
    let asked = asked(facts, &ask, ask.kind(), rule.lasts);
    Ok(own(confirm::question(PAGE, &asked, &confirmation, reader.japanese)))
}

/// What its form sends: from a person, once, within a minute.
async fn sent(
    call: &Call<'_>,
    body: Incoming,
    facts: &mut Facts,
    reader: Reader,
    beside: &mut Beside,
) -> Result<Response<StaffBody>, Refusal> {
    confirmed::is_sent_by_a_person(&call.head.headers)?;
    is_as_it_is(&call.head.headers)?;
    let odd = |note| Refusal::new(Reason::RequestUnreadable, note);
    if !forms::is_plain(&call.head.headers) {
        return Err(odd("the page that confirms sends a form"));
    }
    let (body, _share) = arriving::collect(call.gateway, call.house, body, BODY_BYTES).await?;
    let pairs = normal::pairs(&body)?;
    let [(name, confirmation)] = pairs.as_slice() else { return Err(odd("the form holds one control")) };
    if name != "confirmation" {
        return Err(odd("the form holds one control"));
    }
    counted(call.gateway, call.house, facts, (call.person, 1))?;
    let whose = (&*call.person.staff.id(), host(call));
    let now = jiff::Timestamp::now().as_second();
    let used = &call.gateway.confirmed;
    let Some(ask) = confirmed::opened(used, call.house.mint.as_ref(), whose, confirmation, now)? else {
        return Err(missed(call, facts, beside, &[]).await?);
    };
    revealed(call, &ask, facts, beside, &Form::Page { japanese: reader.japanese }).await
}

/// The host that staff asked for, where the page's form leads to.
fn host<'a>(call: &Call<'a>) -> &'a str {
    call.head.headers.get(HOST).map(HeaderValue::to_str).and_then(Result::ok).unwrap_or_default()
}

fn own(page: String) -> Response<StaffBody> {
    let mut response = Response::new(StaffBody::own(page.into()));
    confirm::headers(response.headers_mut());
    response
}
