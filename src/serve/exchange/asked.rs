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

use crate::body::coding::Accepted;
use crate::body::readings;
use crate::format::json::JsonWalker;
use crate::format::multipart::{Files, MultipartWalker};
use crate::format::{self, Format};
use crate::guard::inbound::Inbound;
use crate::guard::outbound::{Outbound, Request as Judged};
use crate::guard::subject::Subjects;
use crate::guard::{method, query, returned};
use crate::identity;
use crate::identity::json;
use crate::identity::peer::Peer;
use crate::identity::session::UserAt;
use crate::policy::Policy;
use crate::policy::conditions::Situation;
use crate::policy::decide::RoleId;
use crate::policy::matched::{self, BodyValues, Matched};
use crate::policy::plan::{Plan, SubjectAt, Unreadable};
use crate::route::normal::{self, Canonical};
use crate::serve::disclose::Facts;
use crate::serve::exchange::forms::{self, Parameters, parameters};
use crate::serve::exchange::recognise::recognise;
use crate::serve::gate::fault::GateFault;
use crate::serve::gate::hop::{self, Arrival};
use crate::serve::house::{Gateway, House, Share};
use crate::serve::upstream::Upstream;
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

/// Paths of the gateway's own; they never reach the CRM.
pub(super) const OWN: &str = "/.sudare/";
/// How long a log-in of somebody unknown may be.
const LOG_IN_BYTES: usize = 64 << 10;

/// Methods that the gateway passes.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Bodies are shown to their walkers in steps, so that these need not hold a second copy.
const STEP_BYTES: usize = 64 << 10;

/// Recognises staff, and cleans the head of what is not the CRM's to see.
pub async fn identify(
    house: &House,
    upstream: &Arc<Upstream>,
    head: &mut request::Parts,
    peer: &Peer,
    facts: &mut Facts,
) -> Result<Option<Staff>, Refusal> {
    let now = jiff::Timestamp::now().as_second();
    let found = recognise(&house.identity, upstream, &head.headers, peer, now).await;
    let by = found.as_ref().ok().and_then(|found| found.as_ref().map(|(number, _)| *number));
    identity::strip(&house.identity, by, &mut head.headers);
    arrive(house, head, peer, facts)?;
    if !METHODS.contains(&head.method) {
        return Err(Refusal::new(Reason::Method, "a method that the gateway does not pass"));
    }
    let staff = found?.map(|(_, staff)| staff);
    facts.staff = staff.as_ref().map(Staff::id);
    Ok(staff)
}

/// Takes out of a head what ends with the connection, and notes whose address it came from.
pub fn arrive(house: &House, head: &mut request::Parts, peer: &Peer, facts: &mut Facts) -> Result<(), Refusal> {
    let arrival =
        Arrival { peer: peer.told.unwrap_or(peer.address), secure: peer.secure, trusted: &house.trusted_proxies };
    let hops = hop::request_headers(&mut head.headers, &arrival).map_err(Refusal::from)?;
    facts.client = Some(hops.client.to_canonical());
    Ok(())
}

/// Lets a request of nobody's go on only where somebody without a name may be let in, and tells how
/// long its body may be. Else bodies, which cost nothing to send, would fill what all requests
/// together may hold.
pub fn admit_nobody(house: &House, head: &request::Parts) -> Result<usize, Refusal> {
    let (path, _, matched) = candidates(&house.policy, head, &[Vec::new()])?;
    if is_open(house, &head.method, &path) {
        return Ok(house.bounds.body_bytes.min(LOG_IN_BYTES));
    }
    if matched.needs_body() || house.policy.is_public(&matched) { Ok(house.bounds.body_bytes) } else { Err(nobody()) }
}

/// Whether the CRM's own log-in or log-out is asked for, which must be open to all.
fn is_open(house: &House, method: &Method, path: &Canonical) -> bool {
    identity::session(&house.identity).is_some_and(|(_, session)| session.is_open(method, &path.folded()))
}

fn nobody() -> Refusal {
    Refusal::new(Reason::Unrecognised, "no source found a credential")
}

/// A request's path and the readings of its query, and the resources that its head matches. What
/// stands in a form may be meant where a rule says `query:`, and the other way round: many servers
/// put both together.
fn candidates(
    policy: &Policy,
    head: &request::Parts,
    forms: &[Parameters],
) -> Result<(Canonical, Vec<Parameters>, Matched), Refusal> {
    let path = normal::canonical(head.uri.path().as_bytes())?;
    // In its one spelling: `/%2esudare/` would reach the CRM as the gateway's own path.
    if path.text.starts_with(OWN) {
        return Err(Refusal::new(Reason::NotFound, "no such page of the gateway's own"));
    }
    let queries = parameters(head.uri.query().unwrap_or_default().as_bytes())?;
    let values = |name: &str| -> Vec<String> {
        head.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let method = head.method.as_str();
    let matches =
        |all: Parameters| policy.candidates(&matched::Asked { method, path: &path, query: &all, header: &values });
    let matched = one(together(&queries, forms).map(matches))?;
    Ok((path, queries, matched))
}

/// Each reading of a query with each of a form.
fn together<'a>(queries: &'a [Parameters], forms: &'a [Parameters]) -> impl Iterator<Item = Parameters> + 'a {
    queries.iter().flat_map(move |query| forms.iter().map(move |form| [query.as_slice(), form].concat()))
}

/// What all readings of a request agree on: which resource it is about must not hang on its charset.
fn one<T: PartialEq>(mut readings: impl Iterator<Item = T>) -> Result<T, Refusal> {
    let doubt = || Refusal::new(Reason::Ambiguous, "the request is about another resource in another charset");
    let first = readings.next().ok_or_else(doubt)?;
    if readings.all(|other| other == first) { Ok(first) } else { Err(doubt()) }
}

/// Reads a request's body within its bound and the budget of all.
pub async fn collect(
    gateway: &Gateway,
    house: &House,
    body: Incoming,
    bytes_max: usize,
) -> Result<(Bytes, Share), Refusal> {
    let mut share = gateway.hold.share();
    let body = timeout(house.bounds.request, gather(body, bytes_max, &mut share))
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
    /// The query in each way in which it can be read, the likeliest first.
    queries: Vec<Parameters>,
    body: Bytes,
    matched: Matched,
    /// The codings in which staff takes an answer.
    accepted: Accepted,
}

impl Asked {
    /// Understands a request: its path, its query, and which resources it is about.
    pub fn new(policy: &Policy, mut head: request::Parts, body: Bytes) -> Result<Asked, Refusal> {
        let forms = forms::of(&head.headers, &body)?;
        let (path, queries, mut matched) = candidates(policy, &head, &forms)?;
        if matched.needs_body() {
            let json = values_of(&head.headers, &body, policy.body_paths(&matched))?;
            let narrowed = |form| policy.narrow(matched.clone(), &BodyValues { form, json: json.clone() });
            matched = one(together(&queries, &forms).map(narrowed))?;
        }
        let accepted = Accepted::of(head.headers.get_all(header::ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes));
        for name in CONDITIONAL {
            head.headers.remove(name);
        }
        let offer = HeaderValue::from_str(&accepted.offer())
            .map_err(|_| Refusal::new(Reason::Internal, "the codings cannot be named"))?;
        head.headers.insert(header::ACCEPT_ENCODING, offer);
        Ok(Asked { head, path, queries, body, matched, accepted })
    }

    /// Opens the CRM's own log-in and log-out to those whom nobody knows or who have no role.
    pub fn open_log_in(&mut self, house: &House) {
        self.matched.open = is_open(house, &self.head.method, &self.path);
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
        let mut searched = false;
        for query in &self.queries {
            method::is_the_only_one(self.head.method.as_str(), query)?;
            if self.writes(plan) {
                Inbound::new(plan, bounds.body_bytes).query(query)?;
            }
            searched |= !query::screen(plan, query)?.kinds.is_empty();
        }
        if self.body.is_empty() {
            return Ok(searched);
        }
        let (format, text) = self.text().map_err(unreadable)?;
        let readings = if format == Format::Form { readings::form(&text) } else { vec![Cow::Borrowed(&*text)] };
        for body in readings {
            searched |= self.screen_body(plan, bounds, format, &body)?;
        }
        Ok(searched)
    }

    /// The same for one reading of the body.
    fn screen_body(&self, plan: &Plan, bounds: &Bounds, format: Format, text: &[u8]) -> Result<bool, Refusal> {
        let mut inbound = Inbound::new(plan, bounds.body_bytes);
        let body = if format == Format::Json { returned::with_nulls(text) } else { Cow::Borrowed(text) };
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
        if self.writes(plan) {
            return Ok(false);
        }
        let asked = match format {
            Format::Json => query::screen_json(plan, text)?,
            Format::Form => query::screen(plan, &normal::pairs(text)?)?,
            Format::Multipart => query::screen(plan, &forms::question(text)?)?,
            Format::Xml => query::screen_xml(plan, text)?,
            Format::Text => query::screen_text(plan, &String::from_utf8_lossy(text))?,
            _ => query::screen(plan, &parameters)?,
        };
        Ok(!asked.kinds.is_empty())
    }

    /// Whether the request changes something in the CRM.
    pub fn writes(&self, plan: &Plan) -> bool {
        plan.event == Event::Write
    }

    /// The subject that the request itself names.
    pub fn subject(&self, plan: &Plan) -> Subject {
        Subjects::new(plan, &self.path_values(plan), self.query()).of(plan, 0)
    }

    /// The guard of the answer.
    pub fn guard(&self, plan: &Arc<Plan>, mint: &Arc<dyn Mint>, bounds: &Bounds, today: Today) -> Outbound {
        let mut asked = self.query().to_vec();
        // A body that could not be read was refused before.
        let forms = forms::of(&self.head.headers, &self.body).unwrap_or_default();
        asked.extend(forms.into_iter().next().unwrap_or_default());
        let request = Judged { path: self.path_values(plan), query: asked, today };
        Outbound::new(Arc::clone(plan), Arc::clone(mint), &request, bounds)
    }

    /// The query in its likeliest reading.
    fn query(&self) -> &[(String, String)] {
        self.queries.first().map_or(&[], Vec::as_slice)
    }

    /// The codings in which staff takes an answer.
    pub fn accepted(&self) -> Accepted {
        self.accepted
    }

    /// The method, for the way an answer is framed.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The path as it is compared with others.
    pub fn folded(&self) -> Vec<String> {
        self.path.folded()
    }

    /// Every name that a log-in gives. What a CRM could read in another way is refused.
    pub fn login_names(&self, at: &UserAt) -> Result<Vec<String>, Refusal> {
        let odd = || Refusal::new(Reason::Ambiguous, "the log-in can be read in two ways");
        let kind = content_type(&self.head.headers)?.unwrap_or_default().to_ascii_lowercase();
        match at {
            UserAt::Form(name) => {
                // Some CRMs take JSON or `;` in whatever is sent, so only what browsers send is read.
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"&=%+-_.~*!'(),:@/$".contains(byte);
                if !forms::is_plain(&self.head.headers) || !self.body.iter().all(plain) {
                    return Err(odd());
                }
                // Other parameters may be in another charset; the name alone must be read.
                let query = self.head.uri.query().unwrap_or_default().as_bytes();
                let pairs = self.body.split(|byte| *byte == b'&').chain(query.split(|byte| *byte == b'&'));
                let names = pairs.map(halves).filter(|(own, _)| alike(&String::from_utf8_lossy(own)) == alike(name));
                names.map(|(_, value)| String::from_utf8(value).map_err(|_| odd())).collect()
            }
            UserAt::Json(path) => {
                let media = kind.split(';').next().unwrap_or_default().trim();
                if media != "application/json" && !media.ends_with("+json") {
                    return Err(odd());
                }
                let sent = json::read(&self.body).ok_or_else(odd)?;
                Ok(json::name_at(&sent, path).map_err(|_| odd())?.into_iter().collect())
            }
        }
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

    /// The form of the body, if it is one that is read, and the body in UTF-8.
    fn text(&self) -> Result<(Format, Cow<'_, [u8]>), Refusal> {
        if self.head.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Refusal::new(Reason::Unreadable, "the body is compressed"));
        }
        match readings::body(content_type(&self.head.headers)?, &self.body)? {
            (Format::Opaque, _) => Err(Refusal::new(Reason::Unreadable, "the body is of a form that is not read")),
            read => Ok(read),
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

fn values_of(headers: &HeaderMap, body: &Bytes, wanted: Vec<JsonPath>) -> Result<Vec<(JsonPath, String)>, Refusal> {
    if wanted.is_empty() || body.is_empty() {
        return Ok(Vec::new());
    }
    // A body that is no JSON matches no resource that asks for JSON; the plan's own walker judges it.
    let text = readings::body(content_type(headers)?, body).map(|(_, text)| text);
    Ok(text.and_then(|text| json_values(&text, wanted)).unwrap_or_default())
}

/// The values of a JSON text at some places; all of them where a key stands twice.
fn json_values(body: &[u8], wanted: Vec<JsonPath>) -> Result<Vec<(JsonPath, String)>, Refusal> {
    let numbered = (0u16..).map(PlaceId).zip(wanted.iter().cloned()).collect();
    let places = Arc::new(Places { json: numbered, ..Places::default() });
    let mut walker = JsonWalker::new(places, &Bounds::default());
    let mut values = Values { wanted, found: Vec::new() };
    walker.write(body, &mut values)?;
    walker.end(&mut values)?;
    Ok(values.found)
}

/// Name and value of a parameter, decoded.
fn halves(pair: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    let decoded = |raw: &[u8]| {
        let spaced: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&spaced).collect()
    };
    (decoded(&pair[..at]), decoded(pair.get(at + 1..).unwrap_or_default()))
}

/// A parameter's name as the laxest of servers would read it: `user[]`, `User` and `user` are one.
fn alike(name: &str) -> String {
    let name = name.split('[').next().unwrap_or_default();
    name.trim().to_lowercase().replace(['.', ' '], "_")
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

pub(super) fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next().map(HeaderValue::to_str);
    if values.next().is_some() {
        return Err(Refusal::new(Reason::Ambiguous, "`Content-Type` stands twice"));
    }
    value.transpose().map_err(|_| Refusal::new(Reason::Ambiguous, "`Content-Type` is no text"))
}

/// What the walkers say of an answer, said of a request.
pub(super) fn unreadable(refusal: Refusal) -> Refusal {
    let reason = match refusal.reason {
        Reason::Unreadable => Reason::RequestUnreadable,
        Reason::Bound => Reason::BodyTooLarge,
        other => other,
    };
    Refusal { reason, ..refusal }
}
