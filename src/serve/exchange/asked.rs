//! What staff asks: who, about what, and whether it may be asked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::format::json::JsonWalker;
use crate::format::multipart::{self, Files, MultipartWalker};
use crate::format::{self, Format, media};
use crate::guard::inbound::Inbound;
use crate::guard::outbound::{Outbound, Request as Judged};
use crate::guard::subject::Subjects;
use crate::guard::{method, query, returned};
use crate::identity;
use crate::identity::peer::Peer;
use crate::policy::Policy;
use crate::policy::conditions::Situation;
use crate::policy::decide::RoleId;
use crate::policy::matched::{self, BodyValues, Matched};
use crate::policy::plan::{Plan, SubjectAt, Unreadable};
use crate::route::normal::{self, Canonical};
use crate::serve::disclose::Facts;
use crate::serve::gate::fault::GateFault;
use crate::serve::gate::hop::{self, Arrival};
use crate::serve::house::{Gateway, House, Share};
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::Subject;
use crate::terms::event::Event;
use crate::terms::leaf::{Leaf, Part, Sink, Walker};
use crate::terms::mint::Mint;
use crate::terms::place::{JsonPath, PlaceId, Places};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;
use crate::transform::Today;

/// Headers that ask for a part of an answer or for none at all if it has not changed: what staff
/// got before was made for other rules or another person, and a part cannot be judged.
const CONDITIONAL: [header::HeaderName; 6] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_MATCH,
    header::IF_UNMODIFIED_SINCE,
];

/// Methods that the gateway passes.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Bodies are shown to their walkers in steps, so that these need not hold a second copy.
const STEP_BYTES: usize = 64 << 10;

/// Recognises staff, and cleans the head of what is not the CRM's to see.
pub fn identify(
    house: &House,
    head: &mut request::Parts,
    peer: &Peer,
    facts: &mut Facts,
) -> Result<Option<Staff>, Refusal> {
    let staff = identity::recognise(&house.identity, &head.headers, peer);
    identity::strip(&house.identity, &mut head.headers);
    let arrival =
        Arrival { peer: peer.told.unwrap_or(peer.address), secure: peer.secure, trusted: &house.trusted_proxies };
    let hops = hop::request_headers(&mut head.headers, &arrival).map_err(Refusal::from)?;
    facts.client = Some(hops.client.to_canonical());
    if !METHODS.contains(&head.method) {
        return Err(Refusal::new(Reason::Method, "a method that the gateway does not pass"));
    }
    let staff = staff?;
    facts.staff = staff.as_ref().map(Staff::id);
    Ok(staff)
}

/// Lets a request of nobody's go on only where somebody without a name may be let in. Else their
/// bodies, which cost nothing to send, would fill what all requests together may hold.
pub fn admit_nobody(policy: &Policy, head: &request::Parts) -> Result<(), Refusal> {
    let (_, _, matched) = candidates(policy, head)?;
    if matched.needs_body() || policy.is_public(&matched) { Ok(()) } else { Err(nobody()) }
}

fn nobody() -> Refusal {
    Refusal::new(Reason::Unrecognised, "no source found a credential")
}

/// Names and values in the order of the request.
type Parameters = Vec<(String, String)>;

/// A request's path and query, and the resources that its head matches.
fn candidates(policy: &Policy, head: &request::Parts) -> Result<(Canonical, Parameters, Matched), Refusal> {
    let path = normal::canonical(head.uri.path().as_bytes())?;
    let query = normal::pairs(head.uri.query().unwrap_or_default().as_bytes())?;
    let values = |name: &str| -> Vec<String> {
        head.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let asked = matched::Asked { method: head.method.as_str(), path: &path, query: &query, header: &values };
    let matched = policy.candidates(&asked);
    Ok((path, query, matched))
}

/// Reads a request's body within its bound and the budget of all.
pub async fn collect(gateway: &Gateway, house: &House, body: Incoming) -> Result<(Bytes, Share), Refusal> {
    let mut share = gateway.hold.share();
    let body = timeout(house.bounds.request, gather(body, house.bounds.body_bytes, &mut share))
        .await
        .map_err(|_| Refusal::new(Reason::Slow, "the body did not come in time"))??;
    Ok((body, share))
}

/// Who asks, from where and when.
#[derive(Clone, Copy)]
pub struct Asks<'a> {
    /// Staff, if they are known.
    pub staff: Option<&'a Staff>,
    /// Their roles.
    pub roles: &'a [RoleId],
    /// Where they ask from.
    pub network: Option<IpAddr>,
    /// When.
    pub time: jiff::Timestamp,
}

/// A request, read and understood.
pub struct Asked {
    head: request::Parts,
    path: Canonical,
    query: Vec<(String, String)>,
    body: Bytes,
    matched: Matched,
}

impl Asked {
    /// Understands a request: its path, its query, and which resources it is about.
    pub fn new(policy: &Policy, mut head: request::Parts, body: Bytes) -> Result<Asked, Refusal> {
        let (path, query, mut matched) = candidates(policy, &head)?;
        if matched.needs_body() {
            let wanted = policy.body_paths(&matched);
            let values = values_of(&head.headers, &body, wanted)?;
            matched = policy.narrow(matched, &values);
        }
        for name in CONDITIONAL {
            head.headers.remove(name);
        }
        head.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(Asked { head, path, query, body, matched })
    }

    /// The plan for this request and this staff.
    pub fn plan(&self, policy: &Policy, asks: &Asks<'_>) -> Result<Arc<Plan>, Refusal> {
        if asks.staff.is_none() && !policy.is_public(&self.matched) {
            return Err(nobody());
        }
        let Asks { staff, roles, network, time } = *asks;
        policy.plan(&Situation { matched: &self.matched, roles, staff, network, time })
    }

    /// Refuses questions about hidden data and veils in writes. Tells whether somebody was sought.
    pub fn screen(&self, plan: &Plan, bounds: &Bounds) -> Result<bool, Refusal> {
        method::is_the_only_one(self.head.method.as_str(), &self.query)?;
        let mut inbound = Inbound::new(plan, bounds.body_bytes);
        if self.writes(plan) {
            inbound.query(&self.query)?;
        }
        let mut searched = !query::screen(plan, &self.query)?.kinds.is_empty();
        if self.body.is_empty() {
            return Ok(searched);
        }
        let format = self.format().map_err(unreadable)?;
        let body =
            if format == Format::Json { returned::with_nulls(&self.body) } else { Cow::Borrowed(&self.body[..]) };
        let mut walker = match (format, plan.unreadable) {
            (Format::Multipart, Unreadable::Pass) => {
                Box::new(MultipartWalker::new(Arc::clone(&plan.places), bounds, Files::Pass))
            }
            _ => format::walker(format, &plan.places, bounds).map_err(unreadable)?,
        };
        for chunk in body.chunks(STEP_BYTES) {
            walker.write(chunk, &mut inbound).map_err(unreadable)?;
        }
        walker.end(&mut inbound).map_err(unreadable)?;
        let parameters = inbound.parameters();
        method::is_the_only_one(self.head.method.as_str(), &parameters)?;
        if !self.writes(plan) {
            let asked = match format {
                Format::Json => query::screen_json(plan, &self.body)?,
                Format::Form => query::screen(plan, &normal::pairs(&self.body)?)?,
                Format::Multipart => query::screen(plan, &question(&self.body)?)?,
                Format::Xml => query::screen_xml(plan, &self.body)?,
                Format::Text => query::screen_text(plan, &String::from_utf8_lossy(&self.body))?,
                _ => query::screen(plan, &parameters)?,
            };
            searched |= !asked.kinds.is_empty();
        }
        Ok(searched)
    }

    /// Whether the request changes something in the CRM.
    pub fn writes(&self, plan: &Plan) -> bool {
        plan.event == Event::Write
    }

    /// The subject that the request itself names.
    pub fn subject(&self, plan: &Plan) -> Subject {
        Subjects::new(plan, &self.path_values(plan), &self.query).of(plan, 0)
    }

    /// The guard of the answer.
    pub fn guard(&self, plan: &Arc<Plan>, mint: &Arc<dyn Mint>, bounds: &Bounds, today: Today) -> Outbound {
        let mut parameters = self.query.clone();
        // A body that could not be read was refused before.
        parameters.extend(form_of(&self.head.headers, &self.body).and_then(Result::ok).unwrap_or_default());
        let request = Judged { path: self.path_values(plan), query: parameters, today };
        Outbound::new(Arc::clone(plan), Arc::clone(mint), &request, bounds)
    }

    /// The method, for the way an answer is framed.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The authority that staff asked for.
    pub fn host(&self) -> Option<&HeaderValue> {
        self.head.headers.get(header::HOST)
    }

    /// The request for the CRM: the canonical path, what was judged and nothing else.
    pub fn into_request(self) -> Result<Request<Full<Bytes>>, Refusal> {
        let odd = |_| Refusal::new(Reason::Ambiguous, "the target cannot be written again");
        let target = match self.head.uri.query() {
            Some(query) => format!("{}?{query}", self.path.text),
            None => self.path.text.clone(),
        };
        let mut head = self.head;
        head.uri = target.parse().map_err(odd)?;
        head.headers.remove(header::CONTENT_LENGTH);
        if !self.body.is_empty() || matches!(head.method, Method::POST | Method::PUT | Method::PATCH) {
            head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        Ok(Request::from_parts(head, Full::new(self.body)))
    }

    /// The form of the body, if it is one that is read.
    fn format(&self) -> Result<Format, Refusal> {
        if self.head.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Refusal::new(Reason::Unreadable, "the body is compressed"));
        }
        match media::of(content_type(&self.head.headers)?, &self.body)? {
            Format::Opaque => Err(Refusal::new(Reason::Unreadable, "the body is of a form that is not read")),
            format => Ok(format),
        }
    }

    fn path_values(&self, plan: &Plan) -> HashMap<String, String> {
        let keys = plan.subjects.iter().filter_map(|source| match &source.at {
            SubjectAt::Path(key) => Some(key),
            _ => None,
        });
        keys.filter_map(|key| Some((key.clone(), self.matched.param(key)?.to_owned()))).collect()
    }
}

/// The day of a moment, in the gateway's own time zone.
pub fn day(time: jiff::Timestamp) -> Today {
    let date = time.to_zoned(jiff::tz::TimeZone::system()).date();
    Today { year: date.year().unsigned_abs(), month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
}

async fn gather(mut body: Incoming, bytes_max: usize, share: &mut Share) -> Result<Bytes, Refusal> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match GateFault::found_in(&error) {
            Some(fault) => Refusal::from(*fault),
            None => Refusal::new(Reason::Framing, "the body broke off"),
        })?;
        // Trailers are dropped: they could name what the head was judged without.
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > bytes_max {
            return Err(Refusal::new(Reason::BodyTooLarge, format!("the body is longer than {bytes_max} bytes")));
        }
        all.extend_from_slice(&data);
        share.set(all.len())?;
    }
    Ok(all.freeze())
}

fn values_of(headers: &HeaderMap, body: &Bytes, wanted: Vec<JsonPath>) -> Result<BodyValues, Refusal> {
    if let Some(form) = form_of(headers, body) {
        return Ok(BodyValues { form: form?, json: Vec::new() });
    }
    if wanted.is_empty() || body.is_empty() {
        return Ok(BodyValues { form: Vec::new(), json: Vec::new() });
    }
    let numbered = (0u16..).map(PlaceId).zip(wanted.iter().cloned()).collect();
    let places = Arc::new(Places { json: numbered, ..Places::default() });
    let mut walker = JsonWalker::new(places, &Bounds::default());
    let mut values = Values { wanted, found: Vec::new() };
    let walked = walker.write(body, &mut values).and_then(|()| walker.end(&mut values));
    // A body that is no JSON matches no resource that asks for JSON; the plan's own walker judges it.
    match walked {
        Ok(()) => Ok(BodyValues { form: Vec::new(), json: values.found }),
        Err(_) => Ok(BodyValues { form: Vec::new(), json: Vec::new() }),
    }
}

/// The values at the places that tell which resource a request is about.
struct Values {
    wanted: Vec<JsonPath>,
    found: Vec<(JsonPath, String)>,
}

impl Sink for Values {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if leaf.part != Part::Key {
            let paths = leaf.places.iter().filter_map(|id| self.wanted.get(usize::from(id.0)));
            self.found.extend(paths.map(|path| (path.clone(), leaf.text.to_owned())));
        }
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// The fields of a body that is a form, in either of the two ways that forms are sent.
fn form_of(headers: &HeaderMap, body: &[u8]) -> Option<Result<Parameters, Refusal>> {
    let kind = content_type(headers).ok().flatten().unwrap_or_default().to_ascii_lowercase();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/x-www-form-urlencoded" => Some(normal::pairs(body)),
        "multipart/form-data" if body.is_empty() => Some(Ok(Vec::new())),
        "multipart/form-data" => {
            Some(multipart::form(body, &Bounds::default()).map(|form| form.fields).map_err(unreadable))
        }
        _ => None,
    }
}

/// The fields of a form that only reads: it may hold nothing but fields.
fn question(body: &[u8]) -> Result<Parameters, Refusal> {
    let form = multipart::form(body, &Bounds::default()).map_err(unreadable)?;
    if form.files {
        return Err(Refusal::new(Reason::RequestUnreadable, "the question in the body holds a file"));
    }
    Ok(form.fields)
}

fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next().map(HeaderValue::to_str);
    if values.next().is_some() {
        return Err(Refusal::new(Reason::Ambiguous, "`Content-Type` stands twice"));
    }
    value.transpose().map_err(|_| Refusal::new(Reason::Ambiguous, "`Content-Type` is no text"))
}

/// What the walkers say of an answer, said of a request.
fn unreadable(refusal: Refusal) -> Refusal {
    let reason = match refusal.reason {
        Reason::Unreadable => Reason::RequestUnreadable,
        Reason::Bound => Reason::BodyTooLarge,
        other => other,
    };
    Refusal { reason, ..refusal }
}
