//! An exchange without sockets: what staff would get of a given answer to a given request. The
//! tests in rule files run through it, so that they prove what the gateway does and not a model of
//! it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, response};

use crate::body::rewriter::{Additions, Decided, Rewriter};
use crate::body::unpack;
use crate::format::files::Beginning;
use crate::format::{self, Format};
use crate::guard::notes::Notes;
use crate::guard::outbound::Outbound;
use crate::guard::restore::{Field, Kept, Seen};
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::matched::Matched;
use crate::policy::plan::{Plan, Unreadable};
use crate::serve::exchange::answer::About;
use crate::serve::exchange::asked::{self, Asked, Asks, Screened};
use crate::serve::exchange::leads::Own;
use crate::serve::exchange::reading;
use crate::serve::exchange::remembering::Remembering;
use crate::serve::exchange::restore::{self, Compared, Restored};
use crate::serve::exchange::sealed::Site;
use crate::serve::exchange::sealing::{By, Sealing};
use crate::serve::exchange::{head, hidden, protect, sealed, state, stored};
use crate::serve::gate::hop;
use crate::serve::respond::{self, Reader, Ways};
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::{Counts, Disclosures, Subject};
use crate::terms::edit::{Guard, Verdict};
use crate::terms::event::Event;
use crate::terms::mint::Mint;
use crate::terms::refusal::Refusal;
use crate::terms::staff::Staff;

/// What a body is in where nothing else is said.
const UTF_8: &str = "UTF-8";

/// Who asks in a dry exchange.
pub struct Caller<'a> {
    /// Staff; nobody when there is none.
    pub staff: Option<&'a Staff>,
    /// Their roles.
    pub roles: &'a [RoleId],
    /// Where they ask from.
    pub network: IpAddr,
    /// When.
    pub time: jiff::Timestamp,
}

/// What staff would get.
pub struct Got {
    /// The status.
    pub status: u16,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What would be recorded.
    pub disclosures: Disclosures,
    /// The plan that decided; none where nobody was let in.
    pub plan: Option<Arc<Plan>>,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// What the body was read as; nothing where nobody looked into it.
    pub format: Option<Format>,
    /// The charset of the body.
    pub charset: &'static str,
    /// What the ledger calls it.
    pub event: Event,
    /// Whose data a write was recorded for before it went on to the CRM.
    pub written: Option<Subject>,
    /// The body that went on to the CRM.
    pub forwarded: Bytes,
    /// What of it went home, by kind.
    pub restored: Counts,
    /// The path and the query that went on to the CRM.
    pub target: String,
}

/// Runs one exchange.
pub fn run(
    policy: &Policy,
    mint: &Arc<dyn Mint>,
    caller: &Caller<'_>,
    request: Request<Bytes>,
    response: Response<Bytes>,
) -> Got {
    carried_out(&Dry { policy, mint, caller, notes: None, about: None }, request, response, None)
}

/// The same, where the CRM answers `record` to whoever asks for what a write is about.
pub fn restored(
    policy: &Policy,
    mint: &Arc<dyn Mint>,
    caller: &Caller<'_>,
    request: Request<Bytes>,
    record: Option<Response<Bytes>>,
    response: Response<Bytes>,
) -> Got {
    carried_out(&Dry { policy, mint, caller, notes: None, about: None }, request, response, record)
}

/// The same, and `notes` is told why each value becomes what it becomes.
pub fn noted(
    policy: &Policy,
    mint: &Arc<dyn Mint>,
    caller: &Caller<'_>,
    notes: Arc<dyn Notes>,
    request: Request<Bytes>,
    (response, record): (Response<Bytes>, Option<Response<Bytes>>),
) -> Got {
    carried_out(&Dry { policy, mint, caller, notes: Some(notes), about: None }, request, response, record)
}

/// The same, of a request whose path is not known but what it was about.
pub fn recalled(
    policy: &Policy,
    mint: &Arc<dyn Mint>,
    caller: &Caller<'_>,
    notes: Arc<dyn Notes>,
    about: &Matched,
    (request, response): (Request<Bytes>, Response<Bytes>),
) -> Got {
    carried_out(&Dry { policy, mint, caller, notes: Some(notes), about: Some(about) }, request, response, None)
}

/// What one exchange runs with.
struct Dry<'a> {
    policy: &'a Policy,
    mint: &'a Arc<dyn Mint>,
    caller: &'a Caller<'a>,
    notes: Option<Arc<dyn Notes>>,
    about: Option<&'a Matched>,
}

fn carried_out(
    dry: &Dry<'_>,
    request: Request<Bytes>,
    response: Response<Bytes>,
    record: Option<Response<Bytes>>,
) -> Got {
    let mut plan = None;
    answered(dry, request, (response, record), &mut plan).unwrap_or_else(|refusal| {
        let reader = Reader { page: false, japanese: false };
        let ways = Ways { field: refusal.field.clone(), ..Ways::default() };
        let told = respond::refusal(refusal.reason, reader, "", &ways);
        let (head, body) = told.into_parts();
        Got {
            status: head.status.as_u16(),
            headers: pairs(&head.headers),
            body: body.to_vec(),
            disclosures: Disclosures::default(),
            plan,
            refusal: Some(refusal),
            format: None,
            charset: UTF_8,
            event: Event::Refused,
            written: None,
            forwarded: Bytes::new(),
            restored: Counts::default(),
            target: String::new(),
        }
    })
}

/// Leaves of the headers what may go with such a body, and says how it was read.
fn allow(headers: &mut HeaderMap, told: &Told, about: &About) {
    if told.unread {
        head::allow_only_without_a_body(headers, about);
    }
    if told.long {
        head::allow_only_of_a_long_answer(headers, about);
    }
    if let Some((format, charset)) = told.read {
        head::read_as(headers, format, charset);
    }
    protect::tell(headers, about);
}

fn answered(
    dry: &Dry<'_>,
    request: Request<Bytes>,
    (response, record): (Response<Bytes>, Option<Response<Bytes>>),
    used: &mut Option<Arc<Plan>>,
) -> Result<Got, Refusal> {
    let Dry { policy, mint, caller, .. } = *dry;
    let bounds = Bounds::default();
    let (head, body) = request.into_parts();
    hop::asks_no_other_method(&head.headers).map_err(Refusal::from)?;
    let (body, carried) = sealed::taken(&head, body);
    let mut asked = Asked::new(policy, head, body, &bounds)?;
    let address = asked.head().uri.clone();
    if let Some(about) = dry.about {
        asked.is_about(about.clone());
    }
    let asks = Asks { staff: caller.staff, roles: caller.roles, network: Some(caller.network), time: caller.time };
    let plan = asked.plan(policy, &asks, &bounds)?;
    *used = Some(Arc::clone(&plan));
    let mut home = hidden::sought(asked.translate(policy, &plan, mint.as_ref())?);
    asked.strip_sorts(policy, &plan)?;
    let Screened { sought, doubts, said } = asked.screen(&plan, &bounds)?;
    let by = By { policy, mint, bounds: &bounds };
    let compared = Compared { by, asks: &asks, plan: &plan, doubts: &doubts };
    let site = Site::none();
    state::opened(&plan, mint.as_ref(), (&site, &asks), &mut asked)?;
    let with = restore::with(&compared, carried, &site, &asked)?;
    let Restored { values, counts, .. } =
        restore::dried((compared, with), &mut asked, record.map(Response::into_parts))?;
    home.extend(hidden::gone_home(values));
    let goes = asked.goes(&plan, mint.as_ref(), &bounds)?;
    let guard = asked.guard(&plan, mint, &bounds, asked::day(caller.time)).asked_by(caller.staff);
    let sealer = state::sealer(mint, &site, &asks, &asked);
    let mut guard = guard.sealing_states(sealer).hiding(home, asked.along(said));
    guard.tell(dry.notes.clone());
    let sealing = Sealing::of(by, address, &asked, &asks, &plan, &site);
    let mut about = About::of(&asked, &plan, Reader { page: false, japanese: false }, String::new()).sealing(sealing);
    let (mut head, body) = response.into_parts();
    let taken = head::clean(&mut head, &about, Own::default())?;
    let body = match taken.coding {
        Some(coding) => unpack::whole(coding, &body, &bounds)?.into(),
        None => body,
    };
    stored::headers(&mut head, &plan, mint, &mut guard)?;
    let body = stored::whole(&head, body, (&plan, mint), &mut guard, &bounds)?;
    let mut told = if body.is_empty() || about.head_only() {
        Told { verdict: guard.finish()?, unread: true, ..Told::default() }
    } else {
        let sealing = about.take_sealing(&head).filter(|_| is_page(&head, &body, &plan));
        let seals = sealing.as_deref().map(|sealing| move |page: &Decided<'_>| sealing.seals(by, page));
        told_with((&head, &body), &about, guard, seals.as_ref().map(|seals| seals as Additions<'_>), &bounds)?
    };
    let sent = asked.to_request(goes.as_ref())?;
    let disclosures = told.verdict.disclosures.clone();
    head::edit_headers(&mut head.headers, std::mem::take(&mut told.verdict))?;
    allow(&mut head.headers, &told, &about);
    head.headers = told.page.unwrap_or(head.headers);
    Ok(Got {
        status: head.status.as_u16(),
        headers: pairs(&head.headers),
        body: told.body,
        disclosures,
        refusal: None,
        format: told.read.map(|(format, _)| format),
        charset: told.read.map_or(UTF_8, |(_, charset)| charset),
        event: if plan.event == Event::View && !sought.is_empty() { Event::Search } else { plan.event },
        written: asked.writes(&plan).then(|| asked.subject(&plan)),
        target: sent.uri().to_string(),
        forwarded: goes.and_then(|goes| goes.body()).unwrap_or_else(|| asked.body().clone()),
        restored: counts,
        plan: Some(plan),
    })
}

fn whole(body: &Bytes) -> Beginning<'_> {
    Beginning { bytes: body, is_all: true }
}

fn is_page(head: &response::Parts, body: &Bytes, plan: &Plan) -> bool {
    matches!(reading::readable(head, whole(body), plan), Ok((Format::Html, _)))
}

/// To which request an answer was given that staff had seen before: it stands among the extensions of that answer.
#[derive(Clone)]
pub struct AnsweredTo(pub Request<Bytes>);

/// What is remembered of an answer that staff had seen before.
pub(super) fn seen(compared: &Compared<'_>, record: (response::Parts, Bytes)) -> HashMap<Field, Kept> {
    shown(compared, record).unwrap_or_default().fields.into_iter().collect()
}

fn shown(compared: &Compared<'_>, (mut head, body): (response::Parts, Bytes)) -> Option<Seen> {
    let Compared { by, asks, .. } = *compared;
    let AnsweredTo(request) = head.extensions.remove()?;
    let (asking, sent) = request.into_parts();
    let asked = Asked::new(by.policy, asking, sent, by.bounds).ok()?;
    let plan = asked.plan(by.policy, asks, by.bounds).ok()?;
    asked.screen(&plan, by.bounds).ok()?;
    let remembering =
        Remembering::of(&asked, asks, &plan, ("", by.bounds.depth), None).filter(|_| head.status.is_success())?;
    let about = About::of(&asked, &plan, Reader { page: false, japanese: false }, String::new());
    let mut guard = asked.guard(&plan, by.mint, by.bounds, asked::day(asks.time)).asked_by(asks.staff);
    let body = stored::whole(&head, body, (&plan, by.mint), &mut guard, by.bounds).ok()?;
    let (format, _) = reading::readable(&head, whole(&body), &plan).ok()?;
    let seen: RefCell<Seen> = RefCell::default();
    let more = |page: &Decided<'_>| {
        seen.replace(remembering.seen(format, page, by.bounds));
        Vec::new()
    };
    told_with((&head, &body), &about, guard, Some(&more), by.bounds).ok()?;
    Some(seen.into_inner())
}

/// A body for staff.
#[derive(Default)]
pub(super) struct Told {
    pub verdict: Verdict,
    pub body: Vec<u8>,
    /// What it was read as.
    pub read: Option<(Format, &'static str)>,
    /// Nobody looked into it.
    unread: bool,
    /// It is longer than the hold, so its head leaves before its end is known.
    pub long: bool,
    /// The head of the fixed page that takes its place.
    page: Option<HeaderMap>,
}

/// Judges a whole body.
pub(super) fn told(
    head: &response::Parts,
    body: &Bytes,
    about: &About,
    guard: Outbound,
    bounds: &Bounds,
) -> Result<Told, Refusal> {
    told_with((head, body), about, guard, None, bounds)
}

/// The same with what is put into it.
fn told_with(
    (head, body): (&response::Parts, &Bytes),
    about: &About,
    mut guard: Outbound,
    more: Option<Additions<'_>>,
    bounds: &Bounds,
) -> Result<Told, Refusal> {
    let plan = about.plan();
    let (format, charset) = match reading::readable(head, whole(body), plan) {
        Ok(read) => read,
        Err(_) if plan.unreadable == Unreadable::Pass => {
            return Ok(Told { verdict: guard.finish()?, body: body.to_vec(), unread: true, ..Told::default() });
        }
        Err(refusal) => return Err(refusal),
    };
    if reading::is_error_page(head.status, format, plan) {
        let (page, body) = respond::error_page(head.status, about.reader(), "").into_parts();
        return Ok(Told { body: body.to_vec(), page: Some(page.headers), ..Told::default() });
    }
    reading::expect(head, format, &mut guard);
    let walker = format::walker(format, &plan.places, bounds)?;
    let mut rewriter = Rewriter::in_charset(walker, charset, bounds);
    if format == Format::Events {
        rewriter = rewriter.event_by_event();
    }
    let first = rewriter.write(body, &mut guard)?;
    let long = first.is_some();
    let mut last = match more.filter(|_| !long) {
        Some(more) => rewriter.end_with(&mut guard, more)?,
        None => rewriter.end(&mut guard)?,
    };
    let mut bytes = Vec::new();
    if let Some(first) = first {
        bytes = first.bytes;
        last.verdict.disclosures.absorb(first.verdict.disclosures);
        last.verdict.edits.extend(first.verdict.edits);
    }
    bytes.append(&mut last.bytes);
    Ok(Told {
        verdict: last.verdict,
        body: bytes,
        read: Some((format, rewriter.charset())),
        long,
        unread: format == Format::Opaque,
        page: None,
    })
}

/// Headers as text, in order.
fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
