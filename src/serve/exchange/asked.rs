//! What staff asks: who, about what, and whether it may be asked.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, request};
use http_body_util::Full;

use crate::body::coding::Accepted;
use crate::body::readings::Sent;
use crate::body::{parts, readings};
use crate::format::Format;
use crate::format::xml::calls;
use crate::guard::inbound::Inbound;
use crate::guard::outbound::{Outbound, Request as Judged};
use crate::guard::restore::{Doubt, Doubts, Why, minds_controls};
use crate::guard::subject::{self, Subjects};
use crate::guard::{method, query};
use crate::identity;
use crate::identity::session::UserAt;
use crate::policy::conditions::Situation;
use crate::policy::decide::RoleId;
use crate::policy::explain::Explanation;
use crate::policy::matched::{self, BodyValues, Matched};
use crate::policy::plan::{ColumnsAt, Plan, SubjectAt};
use crate::policy::{Policy, columns};
use crate::route::normal::{self, Canonical};
use crate::serve::exchange::forms::{self, Parameters, parameters};
use crate::serve::exchange::questions::{Sought, once};
use crate::serve::exchange::stored::Goes;
use crate::serve::exchange::{purpose, table, told, written};
use crate::serve::gate::forwarded;
use crate::serve::house::House;
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::Subject;
use crate::terms::event::Event;
use crate::terms::label;
use crate::terms::methods::MERGE;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;
use crate::transform::Today;

/// Headers that ask for a part of an answer, which cannot be judged.
const PARTIAL: [header::HeaderName; 2] = [header::RANGE, header::IF_RANGE];

/// Headers that ask for no answer at all if it has not changed: what staff got before was made for other
/// rules or another person. On a write they keep one from going over another's, and go on.
const CONDITIONAL: [header::HeaderName; 4] =
    [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_MATCH, header::IF_UNMODIFIED_SINCE];

/// Paths of the gateway's own; they never reach the CRM.
pub(super) const OWN: &str = "/.sudare/";
/// How long a log-in of somebody unknown may be.
const LOG_IN_BYTES: usize = 64 << 10;

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

pub(super) fn nobody() -> Refusal {
    Refusal::new(Reason::Unrecognised, "no source found a credential")
}

/// A request's path and the readings of its query, and the resources that its head matches. What
/// stands in a form may be meant where a rule says `query:`, and the other way round: many servers
/// put both together.
pub(super) fn candidates(
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
pub(super) fn together<'a>(
    queries: &'a [Parameters],
    forms: &'a [Parameters],
) -> impl Iterator<Item = Parameters> + 'a {
    queries.iter().flat_map(move |query| forms.iter().map(move |form| [query.as_slice(), form].concat()))
}

/// What all readings of a request agree on: which resource it is about must not hang on its charset.
pub(super) fn one<T: PartialEq>(mut readings: impl Iterator<Item = T>) -> Result<T, Refusal> {
    let doubt = || Refusal::new(Reason::Ambiguous, "the request is about another resource in another charset");
    let first = readings.next().ok_or_else(doubt)?;
    if readings.all(|other| other == first) { Ok(first) } else { Err(doubt()) }
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

/// What was found in a request that may be asked.
pub struct Screened {
    /// The values of veiled kinds that were looked for.
    pub sought: Sought,
    /// What of a write goes nowhere unless the record settles it.
    pub doubts: Doubts,
    /// What staff said in a write, by the names at which it stood.
    pub said: Parameters,
}

/// A request, read and understood.
pub struct Asked {
    pub(super) head: request::Parts,
    path: Canonical,
    /// The query in each way in which it can be read, the likeliest first.
    pub(super) queries: Vec<Parameters>,
    /// The fields of a form in their likeliest reading.
    pub(super) form: Parameters,
    pub(super) body: Bytes,
    matched: Matched,
    /// The query and the form as staff sent them, where others go on.
    pub(super) as_sent: Option<(Parameters, Parameters)>,
    /// The codings in which staff takes an answer.
    accepted: Accepted,
}

impl Asked {
    /// Understands a request: its path, its query, and which resources it is about.
    pub fn new(policy: &Policy, mut head: request::Parts, body: Bytes, bounds: &Bounds) -> Result<Asked, Refusal> {
        let purpose = purpose::take(&mut head)?;
        let forms = forms::of(&head.headers, &body)?;
        let (path, queries, mut matched) = candidates(policy, &head, &forms)?;
        matched.purpose = purpose;
        let paths = policy.body_paths(&matched);
        if matched.needs_body() || !paths.is_empty() {
            let json = told::values_of(&head.headers, &body, paths, bounds)?;
            let narrowed = |form| policy.narrow(matched.clone(), &BodyValues { form, json: json.clone() });
            matched = one(together(&queries, &forms).map(narrowed))?;
        }
        let accepted = Accepted::of(head.headers.get_all(header::ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes));
        let asks_only = matches!(head.method, Method::GET | Method::HEAD);
        for name in PARTIAL.into_iter().chain(CONDITIONAL.into_iter().filter(|_| asks_only)) {
            head.headers.remove(name);
        }
        let offer = HeaderValue::from_str(&accepted.offer())
            .map_err(|_| Refusal::new(Reason::Internal, "the codings cannot be named"))?;
        head.headers.insert(header::ACCEPT_ENCODING, offer);
        let form = forms.into_iter().next().unwrap_or_default();
        Ok(Asked { head, path, queries, form, body, matched, as_sent: None, accepted })
    }

    /// Opens the CRM's own log-in and log-out to those whom nobody knows or who have no role.
    pub fn open_log_in(&mut self, house: &House) {
        self.matched.open = is_open(house, &self.head.method, &self.path);
    }

    /// Says what it is about, where that is known and its path is not.
    pub fn is_about(&mut self, matched: Matched) {
        self.matched = matched;
    }

    /// What it is made for, as staff says.
    pub fn purpose(&self) -> Option<&str> {
        self.matched.purpose.as_deref()
    }

    /// The plan for this request and this staff.
    pub fn plan(&self, policy: &Policy, asks: &Asks<'_>, bounds: &Bounds) -> Result<Arc<Plan>, Refusal> {
        if asks.staff.is_none() && !policy.is_public(&self.matched) {
            return Err(nobody());
        }
        let Asks { staff, roles, network, time } = *asks;
        let plan = policy.plan(&Situation { matched: &self.matched, roles, staff, network, time })?;
        match &plan.columns_at {
            None => Ok(plan),
            Some(at) => Ok(Arc::new(columns::known(&plan, &self.columns(at, bounds)?)?)),
        }
    }

    /// The columns that the request names.
    fn columns(&self, at: &ColumnsAt, bounds: &Bounds) -> Result<Vec<String>, Refusal> {
        match at {
            ColumnsAt::Json(path) => told::columns(&self.head.headers, &self.body, path, bounds),
            ColumnsAt::Parameter(name) => {
                let forms = forms::of(&self.head.headers, &self.body)?;
                told::listed(together(&self.queries, &forms), name)
            }
        }
    }

    /// Why each kind becomes what it becomes for this staff.
    pub fn explain(&self, policy: &Policy, asks: &Asks<'_>) -> Result<Explanation, Refusal> {
        let Asks { staff, roles, network, time } = *asks;
        policy.explain(&Situation { matched: &self.matched, roles, staff, network, time })
    }

    /// The resources that it is about.
    pub fn matched(&self) -> &Matched {
        &self.matched
    }

    /// Refuses questions about hidden data. Tells which values of it were sought, and what of a write must be
    /// compared with the record.
    pub fn screen(&self, plan: &Plan, bounds: &Bounds) -> Result<Screened, Refusal> {
        if let Some(kind) = plan.derives_veiled() {
            let name = &plan.kinds.get(kind).name;
            let note = format!("the crm would copy or transform `{name}` by it, which staff does not get in clear");
            return Err(Refusal::new(Reason::Rule, note));
        }
        self.names_one_subject(plan)?;
        let mut doubts = Doubts::default();
        let mut sought = query::screen(plan, &self.named_segments(plan))?.sought;
        sought.extend(self.screen_queries(plan, bounds)?);
        let mut of_body = Vec::new();
        if self.body.is_empty() {
            // Nothing in the place of a record.
            if self.head.method == Method::PUT && self.writes(plan) {
                doubts = Inbound::new(plan, 0).of_nothing();
            }
            return Ok(Screened { sought, doubts, said: Vec::new() });
        }
        let kind = content_type(&self.head.headers)?.unwrap_or_default().to_ascii_lowercase();
        if kind.contains("json-patch") && plan.decisions.iter().any(|own| own.action.veils() || own.readonly) {
            let note =
                "a JSON Patch moves values that nobody sees and asks what they are; send the members that change";
            return Err(Refusal::new(Reason::Patch, note));
        }
        let (format, text) = self.text().map_err(unreadable)?;
        let readings = match format {
            Format::Form => readings::form(&text),
            Format::Multipart => parts::readings(&text),
            _ => vec![Cow::Borrowed(&*text)],
        };
        let mut said = Vec::new();
        let in_file = self.of_a_file(plan, bounds, format)?;
        for body in readings {
            let screened = self.screen_body(plan, bounds, format, &body)?;
            of_body.push(screened.sought);
            said.extend(screened.said);
            match (format, &in_file) {
                (Format::Json | Format::Xml, _) => doubts = screened.doubts,
                (Format::Calls, _) if plan.recall.is_some() => doubts = screened.doubts,
                (Format::Csv, _) if table::is_meant(plan) => doubts = screened.doubts,
                (Format::Multipart, Some(own)) => {
                    let certain: Vec<Doubt> = screened.doubts.certain().cloned().collect();
                    if !table::is_all_in_the_file(&body, &certain, own.certain().count()) {
                        return Err(screened.doubts.refuse(plan));
                    }
                    doubts = own.clone();
                }
                // In whatever charset it looks like a veil: the page's is known when it is compared.
                (Format::Form, _) => {
                    doubts.leaves.extend(forms::numbered(&body, plan, screened.doubts.leaves)?);
                    doubts.contacts = forms::touched(&body, screened.doubts.contacts);
                }
                (Format::Multipart, _) => {
                    doubts.leaves.extend(forms::numbered_parts(&body, plan, screened.doubts.leaves)?);
                    doubts.contacts = forms::touched_parts(&body, screened.doubts.contacts);
                }
                _ if !screened.doubts.has_certain() => doubts.contacts = screened.doubts.contacts,
                _ => return Err(screened.doubts.refuse(plan)),
            }
        }
        sought.extend(once(of_body));
        if matches!(format, Format::Form | Format::Multipart) && self.writes(plan) {
            doubts.controls = minds_controls(plan);
        }
        Ok(Screened { sought, doubts, said })
    }

    /// The same for each reading of the query, and for what nobody reads in whatever stands in the body.
    fn screen_queries(&self, plan: &Plan, bounds: &Bounds) -> Result<Sought, Refusal> {
        let unread = query::Unread::new(plan, &self.path.folded());
        let mut sought = Vec::new();
        for query in &self.queries {
            unread.query(query)?;
            method::is_the_only_one(self.head.method.as_str(), query)?;
            if self.writes(plan) {
                Inbound::new(plan, bounds.body_bytes).query(query)?;
            }
            sought.push(query::screen(plan, query)?.sought);
        }
        unread.body(&self.body)?;
        Ok(once(sought))
    }

    /// What is in doubt in the table that a form brings along, where it is compared by its rows.
    fn of_a_file(&self, plan: &Plan, bounds: &Bounds, format: Format) -> Result<Option<Doubts>, Refusal> {
        let table = if format == Format::Multipart { table::of(self, plan) } else { None };
        let Some(table) = table.filter(|_| self.writes(plan)) else { return Ok(None) };
        let screened = self.screen_body(plan, bounds, Format::Csv, table.text.as_bytes())?;
        Ok(Some(screened.doubts))
    }

    /// The same for one reading of the body.
    fn screen_body(&self, plan: &Plan, bounds: &Bounds, format: Format, text: &[u8]) -> Result<Screened, Refusal> {
        let mut inbound = Inbound::new(plan, bounds.body_bytes).refusing(query::Unread::new(plan, &self.path.folded()));
        written::show(plan, bounds, (format, text), &mut inbound)?;
        let (parameters, numbers) = (inbound.parameters(), inbound.numbers());
        method::is_the_only_one(self.head.method.as_str(), &parameters)?;
        let sought = inbound.typed();
        let mut doubts = inbound.doubts(self.head.method == Method::PUT);
        let changes = matches!(self.head.method, Method::PUT | Method::PATCH) || self.head.method.as_str() == MERGE;
        doubts.changes = changes && self.subject(plan).id.is_some();
        if self.writes(plan) {
            let goes_home = plan.restore || plan.recall.is_some();
            let said = if goes_home { [parameters, numbers].concat() } else { Vec::new() };
            return Ok(Screened { sought, doubts, said });
        }
        // A question that holds a veil has no record to be compared with.
        if let Some(doubt) = doubts.leaves.iter().find(|doubt| doubt.why == Why::Veil) {
            return Err(doubt.refuse(plan));
        }
        let asked = match format {
            Format::Json => query::screen_json(plan, text)?,
            Format::Lines => {
                let note = "a question in lines of JSON is not read; send one document";
                return Err(Refusal::new(Reason::RequestUnreadable, note));
            }
            Format::Form => query::screen(plan, &normal::pairs(text)?)?,
            Format::Multipart => query::screen(plan, &forms::question(text)?)?,
            Format::Xml => query::screen_xml(plan, text)?,
            Format::Calls => query::screen_json(plan, calls::as_json(text, bounds)?.as_bytes())?,
            Format::Text => query::screen_text(plan, &String::from_utf8_lossy(text))?,
            _ => query::screen(plan, &parameters)?,
        };
        Ok(Screened { sought: asked.sought, doubts: Doubts::default(), said: Vec::new() })
    }

    /// What staff sent along with what goes on in another way, by name: `said` is that of a write's body.
    pub(super) fn along(&self, said: Parameters) -> Parameters {
        match &self.as_sent {
            Some((query, form)) => [query.as_slice(), form, &said].concat(),
            None => [self.query(), &said].concat(),
        }
    }

    /// Whether the request changes something in the CRM.
    pub fn writes(&self, plan: &Plan) -> bool {
        plan.event == Event::Write
    }

    /// The subject that the request itself names.
    pub fn subject(&self, plan: &Plan) -> Subject {
        Subjects::new(plan, &self.path_values(plan), self.query()).of(plan, 0)
    }

    /// Refuses a request that names two subjects where one is meant, in any reading of its parameters.
    fn names_one_subject(&self, plan: &Plan) -> Result<(), Refusal> {
        let named = plan.subjects.iter().any(|source| matches!(source.at, SubjectAt::Query(_)));
        if !named {
            return Ok(());
        }
        let path = self.path_values(plan);
        let forms = forms::of(&self.head.headers, &self.body)?;
        together(&self.queries, &forms).try_for_each(|all| subject::is_named_once(plan, &path, &all))
    }

    /// The guard of the answer.
    pub fn guard(&self, plan: &Arc<Plan>, mint: &Arc<dyn Mint>, bounds: &Bounds, today: Today) -> Outbound {
        // What went on in the place of a token was never staff's own word.
        let asked = match &self.as_sent {
            Some((query, form)) => [query.as_slice(), form].concat(),
            None => [self.query(), &self.form].concat(),
        };
        let request = Judged { path: self.path_values(plan), query: asked, today };
        Outbound::new(Arc::clone(plan), Arc::clone(mint), &request, bounds)
    }

    /// The query in its likeliest reading.
    pub fn query(&self) -> &[(String, String)] {
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

    /// Every name that a log-in gives.
    pub fn login_names(&self, at: &UserAt) -> Result<Vec<String>, Refusal> {
        told::login_names(&self.head, &self.body, at)
    }

    /// The authority that staff asked for.
    pub fn host(&self) -> Option<&HeaderValue> {
        self.head.headers.get(header::HOST)
    }

    /// Whether staff asked over TLS: what comes in says so of itself, and is told anew before.
    pub fn is_secure(&self) -> bool {
        self.head.headers.get(forwarded::PROTO).is_some_and(|scheme| scheme.as_bytes() == b"https")
    }

    /// The request for the CRM: the canonical path, what was judged and nothing else, with tokens in the place of
    /// what the CRM holds so.
    pub(super) fn to_request(&self, goes: Option<&Goes>) -> Result<Request<Full<Bytes>>, Refusal> {
        let (mut head, mut body) = (self.head.clone(), self.body.clone());
        if let Some(goes) = goes {
            goes.put(&mut head, &mut body)?;
        }
        request(head, &self.path, body)
    }

    /// The head, for a question about the same.
    pub(super) fn head(&self) -> &request::Parts {
        &self.head
    }

    /// The path in its one spelling.
    pub(super) fn path(&self) -> &Canonical {
        &self.path
    }

    /// The same request made for this.
    pub(super) fn made_for(mut self, purpose: Option<&str>) -> Asked {
        self.matched.purpose = purpose.map(str::to_owned);
        self
    }

    /// The cookies that go on.
    pub(super) fn cookies(&mut self) -> impl Iterator<Item = &mut HeaderValue> {
        self.head.headers.iter_mut().filter(|(name, _)| *name == header::COOKIE).map(|(_, value)| value)
    }

    /// The body as it goes on.
    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Takes another body for the CRM.
    pub(super) fn replace_body(&mut self, body: Bytes) {
        self.body = body;
    }

    /// The form of the body, if it is one that is read, and the body in UTF-8.
    pub(super) fn text(&self) -> Result<(Format, Cow<'_, [u8]>), Refusal> {
        self.sent().map(|sent| (sent.format, sent.text))
    }

    /// The same with its charset.
    pub(super) fn sent(&self) -> Result<Sent<'_>, Refusal> {
        if self.head.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Refusal::new(Reason::Unreadable, "the body is compressed"));
        }
        let sent = readings::sent(content_type(&self.head.headers)?, &self.body)?;
        if sent.format == Format::Opaque {
            return Err(Refusal::new(Reason::Unreadable, "the body is of a form that is not read"));
        }
        Ok(sent)
    }

    /// The parameters that stand in the query and that the rules name, in the rules' spelling: whatever else somebody
    /// wrote there could be anything.
    pub fn parameters_named(&self, plan: &Plan) -> Vec<String> {
        let declared = |name: &str| {
            let folded = label::fold(name);
            let whose =
                plan.subjects.iter().any(|own| matches!(&own.at, SubjectAt::Query(of) if label::fold(of) == folded));
            (whose || plan.parameters.contains_key(&folded)).then_some(folded)
        };
        let names = self.queries.iter().flatten().filter_map(|(name, _)| declared(name));
        names.collect::<BTreeSet<String>>().into_iter().collect()
    }

    /// The segments of the path that a resource declares as questions.
    pub(super) fn named_segments(&self, plan: &Plan) -> Parameters {
        let asks = |(key, value): (&String, &String)| {
            // Behind its resource, which stands before the dot.
            let name = key.rsplit('.').next()?;
            plan.parameters.contains_key(&label::fold(name)).then(|| (name.to_owned(), value.clone()))
        };
        self.matched.params.iter().filter_map(asks).collect()
    }

    fn path_values(&self, plan: &Plan) -> HashMap<String, String> {
        let keys = plan.subjects.iter().filter_map(|source| match &source.at {
            SubjectAt::Path(key) => Some(key),
            _ => None,
        });
        keys.filter_map(|key| Some((key.clone(), self.matched.param(key)?.to_owned()))).collect()
    }
}

fn request(mut head: request::Parts, path: &Canonical, body: Bytes) -> Result<Request<Full<Bytes>>, Refusal> {
    let odd = |_| Refusal::new(Reason::Ambiguous, "the target cannot be written again");
    // Most paths come in their one spelling.
    if head.uri.path() != path.text || head.uri.authority().is_some() {
        let target = match head.uri.query() {
            Some(query) => format!("{}?{query}", path.text),
            None => path.text.clone(),
        };
        head.uri = target.parse().map_err(odd)?;
    }
    head.headers.remove(header::CONTENT_LENGTH);
    let says_length = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
    if !body.is_empty() || says_length || head.method.as_str() == MERGE {
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    Ok(Request::from_parts(head, Full::new(body)))
}

/// The day of a moment, in the gateway's own time zone.
pub fn day(time: jiff::Timestamp) -> Today {
    let date = time.to_zoned(jiff::tz::TimeZone::system()).date();
    Today { year: date.year().unsigned_abs(), month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
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
