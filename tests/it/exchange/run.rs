//! Runs a case: as a dry exchange, and its bytes through rewriter and guard.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use sudare::body::charset::{self, Charset};
use sudare::body::rewriter::Rewriter;
use sudare::format::files::{self, Beginning};
use sudare::format::json::wrapped;
use sudare::format::{self, Format};
use sudare::guard::outbound::{Outbound, Request as Judged};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::fault::render;
use sudare::policy::matched::{Asked, Matched};
use sudare::policy::node::Source;
use sudare::policy::plan::{Plan, SubjectAt};
use sudare::route::normal;
use sudare::serve::exchange::dry::{self, Caller};
use sudare::terms::bounds::Bounds;
use sudare::terms::disclosure::{Counts, Disclosures, Subject};
use sudare::terms::edit::Verdict;
use sudare::terms::kind::Kind;
use sudare::terms::mint::{Domain, Mint, MintError, Numeral};
use sudare::terms::refusal::{Reason, Refusal};
use sudare::terms::staff::Staff;
use sudare::transform::Today;

use super::case::Case;

const TIME: &str = "2026-11-24T03:00:00Z";
const TODAY: Today = Today { year: 2026, month: 11, day: 24 };

/// What came of an exchange.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    pub status: u16,
    pub reason: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub ledger: Vec<String>,
}

impl Outcome {
    /// `200`, or `403 rule`.
    pub fn first(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{} {reason}", self.status),
            None => self.status.to_string(),
        }
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    pub fn everything(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        headers + &self.body
    }

    /// Writes what came into the case; of headers those that it names.
    pub fn bless(&self, case: &mut Case) {
        case.staff.first = self.first();
        for (name, value) in &mut case.staff.headers {
            *value = self.header(name).unwrap_or_default();
        }
        case.staff.body = if self.reason.is_none() { self.body.clone() } else { String::new() };
        case.ledger.clone_from(&self.ledger);
    }
}

pub fn policy(rules: &str) -> Policy {
    let sources = [Source { name: "rules.yaml".into(), text: rules.into() }];
    let loaded = Policy::parse(&sources);
    loaded.policy.unwrap_or_else(|| panic!("{}", render(&loaded.faults, &sources, false)))
}

/// Tokens that can be read: equal values of one domain give equal tokens.
pub struct Plain;

impl Plain {
    fn number(kind: &Kind, domain: &Domain, value: &str) -> u16 {
        let mut hasher = DefaultHasher::new();
        (kind.name.as_str(), format!("{domain:?}"), value).hash(&mut hasher);
        (hasher.finish() % 10_000) as u16
    }
}

impl Mint for Plain {
    fn token(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError> {
        Ok(format!("tok_{}_{:04}", kind.name, Plain::number(kind, domain, value)))
    }

    fn random(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError> {
        self.token(kind, domain, value)
    }

    fn permute(&self, _: &Kind, _: &Domain, numerals: &mut [Numeral]) -> Result<(), MintError> {
        for numeral in numerals {
            numeral.value = (numeral.value + 1) % numeral.radix;
        }
        Ok(())
    }

    fn hash(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError> {
        Ok(format!("hash_{:04}", Plain::number(kind, domain, value)))
    }

    fn subject(&self, _: &str, _: &str) -> String {
        "h1:test".to_owned()
    }
}

/// The whole answer at once; where the case bounds the hold, without the exchange around it.
pub fn whole(policy: &Policy, case: &Case) -> Outcome {
    let got = exchange(policy, case);
    if case.hold.is_some() && got.refusal.is_none() {
        let (reason, body, ledger) = in_chunks(policy, case, &[]).expect("a plan");
        let status = if reason.is_some() { 502 } else { got.status };
        return Outcome { status, reason, headers: Vec::new(), body, ledger };
    }
    Outcome {
        status: got.status,
        reason: got.refusal.as_ref().map(|refusal| refusal.reason.word().to_owned()),
        headers: got.headers,
        body: if got.refusal.is_some() { String::new() } else { case.answer.shown(&got.body) },
        ledger: if got.refusal.is_some() { Vec::new() } else { lines(policy, &got.disclosures) },
    }
}

fn tanaka() -> Staff {
    let attributes = [("branch".to_owned(), "tokyo".to_owned())].into();
    Staff { attributes, ..Staff::new("basic", "tanaka", vec!["crm-support".to_owned()]) }
}

fn exchange(policy: &Policy, case: &Case) -> dry::Got {
    let staff = tanaka();
    let roles: Vec<_> = policy.role(&case.role).into_iter().collect();
    let nobody = case.role == "nobody";
    let caller = Caller {
        staff: (!nobody).then_some(&staff),
        roles: &roles,
        network: "127.0.0.1".parse().expect("an address"),
        time: TIME.parse().expect("a time"),
    };
    let mut request = Request::builder().method(case.method.as_str()).uri(&case.target);
    for (name, value) in &case.request.headers {
        request = request.header(name, value);
    }
    let request = request.body(Bytes::from(case.request.body.clone())).expect("a request");
    let (status, kind) = case.answer.first.split_once(' ').unwrap_or((&case.answer.first, ""));
    let mut response = Response::builder().status(status);
    if !kind.is_empty() {
        response = response.header("content-type", kind);
    }
    for (name, value) in &case.answer.headers {
        response = response.header(name, value.as_bytes());
    }
    if !case.answer.coding.is_empty() {
        response = response.header("content-encoding", &case.answer.coding);
    }
    let response = response.body(Bytes::from(case.answer.packed())).expect("an answer");
    let mint: Arc<dyn Mint> = Arc::new(Plain);
    dry::run(policy, &mint, &caller, request, response)
}

/// Reason, body and ledger of the answer's body in pieces of these lengths and then the rest;
/// nothing where no walker reads it.
pub fn in_chunks(policy: &Policy, case: &Case, cuts: &[usize]) -> Option<(Option<String>, String, Vec<String>)> {
    let (matched, query) = asked(policy, case)?;
    let roles: Vec<_> = policy.role(&case.role).into_iter().collect();
    let time = TIME.parse().expect("a time");
    let network = Some("127.0.0.1".parse().expect("an address"));
    let mut plan = policy.plan(&Situation { matched: &matched, roles: &roles, staff: None, network, time }).ok()?;
    if plan.columns_at.is_some() {
        // What the request teaches only the exchange knows.
        plan = exchange(policy, case).plan?;
    }
    let (status, kind) = case.answer.first.split_once(' ')?;
    let raw = case.answer.bytes();
    let disposition = case.answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"));
    let disposition = disposition.map(|(_, value)| value.as_bytes());
    let all = Beginning { bytes: &raw, is_all: true };
    let really = files::really(kind, disposition, all, &|heading| plan.places.headings.knows(heading));
    let (format, charset) = charset::of(really.as_deref().or(Some(kind)), &raw).ok()?;
    let called = format == Format::Script && plan.has_json_paths() && wrapped::is_called(&raw);
    let format = if called { Format::Json } else { format };
    let success = status.starts_with('2');
    if case.answer.body.is_empty() || (success && !plan.has_place_in(format)) || status.starts_with('5') {
        return None;
    }
    let bounds = case.hold.map_or_else(Bounds::default, |hold_bytes| Bounds { hold_bytes, ..Bounds::default() });
    let request = Judged { path: path_values(&plan, &matched), query, today: TODAY };
    let staff = (case.role != "nobody").then(tanaka);
    let mut guard = Outbound::new(Arc::clone(&plan), Arc::new(Plain), &request, &bounds).asked_by(staff.as_ref());
    // What tells of the CRM itself is taken out before anybody looks at it.
    let dry::Got { headers: left, refusal, .. } = exchange(policy, case);
    let refused = |reason| refusal.as_ref().is_some_and(|refusal| refusal.reason == reason);
    if refused(Reason::Ambiguous) || (refused(Reason::Rule) && format == Format::Opaque) {
        // The request went nowhere, or its answer is refused before it is walked.
        return None;
    }
    let is_left = |name: &str| left.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    for (number, (name, value)) in case.answer.headers.iter().enumerate().filter(|(_, (name, _))| is_left(name)) {
        guard.header(number, |sink| format::header::leaves(name, value, sink)).ok()?;
    }
    if success {
        guard.expect_one_subject();
    }
    let is_shown = format == Format::Script && files::is_shown_by_type(kind);
    if success && (is_shown || matches!(format, Format::Html | Format::Csv | Format::Text)) {
        guard.expect_shape();
    }
    if matches!(format, Format::Script | Format::Style | Format::Events) {
        guard.without_records();
    }
    Some(match rewritten(&plan, (format, charset), guard, &bounds, &raw, cuts) {
        Ok((body, verdict)) => (None, case.answer.shown(&body), lines(policy, &verdict.disclosures)),
        Err(refusal) => (Some(refusal.reason.word().to_owned()), String::new(), Vec::new()),
    })
}

/// One body through rewriter and guard.
pub fn rewritten(
    plan: &Plan,
    (format, charset): (Format, Charset),
    mut guard: Outbound,
    bounds: &Bounds,
    body: &[u8],
    cuts: &[usize],
) -> Result<(Vec<u8>, Verdict), Refusal> {
    let mut rewriter = Rewriter::in_charset(format::walker(format, &plan.places, bounds)?, charset, bounds);
    if format == Format::Events {
        rewriter = rewriter.event_by_event();
    }
    let mut verdict = Verdict::default();
    let mut out = Vec::new();
    let mut rest = body;
    let rest_of = body.len();
    for length in cuts.iter().copied().chain([rest_of]) {
        let (chunk, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        if let Some(part) = rewriter.write(chunk, &mut guard)? {
            out.extend(part.bytes);
            verdict.disclosures.absorb(part.verdict.disclosures);
        }
    }
    let last = rewriter.end(&mut guard)?;
    out.extend(last.bytes);
    verdict.disclosures.absorb(last.verdict.disclosures);
    Ok((out, verdict))
}

fn asked(policy: &Policy, case: &Case) -> Option<(Matched, Vec<(String, String)>)> {
    let (path, query) = case.target.split_once('?').unwrap_or((&case.target, ""));
    let path = normal::canonical(path.as_bytes()).ok()?;
    let mut query = normal::pairs(query.as_bytes()).ok()?;
    if case.request.headers.iter().any(|(_, value)| value == "application/x-www-form-urlencoded") {
        query.extend(normal::pairs(case.request.body.as_bytes()).ok()?);
    }
    let header = |name: &str| {
        let own = case.request.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        own.map(|(_, value)| value.clone()).collect()
    };
    let matched = policy.candidates(&Asked { method: &case.method, path: &path, query: &query, header: &header });
    Some((matched, query))
}

fn path_values(plan: &Plan, matched: &Matched) -> HashMap<String, String> {
    let keys = plan.subjects.iter().filter_map(|source| match &source.at {
        SubjectAt::Path(key) => Some(key),
        _ => None,
    });
    keys.filter_map(|key| Some((key.clone(), matched.param(key)?.to_owned()))).collect()
}

/// `customer 42: person.name show 1, phone mask 2`, sorted by subject.
fn lines(policy: &Policy, disclosures: &Disclosures) -> Vec<String> {
    let line = |(subject, counts): (&Subject, &Counts)| {
        let name = |kind| &policy.kinds().get(kind).name;
        let each = counts.iter().map(|row| format!("{} {} {}", name(row.kind), row.action, row.count));
        let each: Vec<String> = each.collect();
        format!("{} {}: {}", subject.kind, subject.id.as_deref().unwrap_or("-"), each.join(", "))
    };
    disclosures.subjects.iter().map(line).collect()
}

/// Byte by byte, at every place of a short body, and at seeded places.
pub fn cuts(body: &[u8]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![1; body.len()]];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    for _ in 0..6 {
        let longest = 1 + random(1 + body.len() / 2);
        all.push((0..40).map(|_| 1 + random(longest)).collect());
    }
    all
}
