//! The rules that bodies are judged by, and the way of a body through rewriter and guard.

use std::sync::{Arc, LazyLock};

use sudare::body::charset::Charset;
use sudare::body::rewriter::Rewriter;
use sudare::format::{self, Format};
use sudare::guard::outbound::{Outbound, Request};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::fault::render;
use sudare::policy::matched::Asked;
use sudare::policy::node::Source;
use sudare::policy::plan::Plan;
use sudare::route::normal::canonical;
use sudare::terms::bounds::Bounds;
use sudare::terms::kind::Kind;
use sudare::terms::mint::{Domain, Mint, MintError, Numeral};
use sudare::terms::refusal::{Reason, Refusal};
use sudare::transform::Today;

const RULES: &str = "
sudare: 1
roles: { open: a, shut: b }
fields:
  person:
    person.name: [{ at: name, optional: true }, { at: 'css:.name', optional: true }]
    phone: [{ at: tel, optional: true }, { at: 'css:.tel', optional: true }]
resources:
  - { id: scanned, match: GET /scanned, fields: person }
  - { id: strict, match: GET /strict, unlisted: mask, fields: person }
rules:
  - { for: open, show: [all] }
  - { for: shut, mask: [all] }
";

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let sources = [Source { name: "rules.yaml".into(), text: RULES.into() }];
    let loaded = Policy::parse(&sources);
    loaded.policy.unwrap_or_else(|| panic!("{}", render(&loaded.faults, &sources, false)))
});

/// Rules that show all.
pub static OPEN: LazyLock<Arc<Plan>> = LazyLock::new(|| plan("open", "/scanned"));

/// Rules that hide what fields, labels and detectors know.
pub static SCANNED: LazyLock<Arc<Plan>> = LazyLock::new(|| plan("shut", "/scanned"));

/// Rules that hide every value.
pub static STRICT: LazyLock<Arc<Plan>> = LazyLock::new(|| plan("shut", "/strict"));

fn plan(role: &str, path: &str) -> Arc<Plan> {
    let path = canonical(path.as_bytes()).expect("a path");
    let matched = POLICY.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
    let roles: Vec<_> = POLICY.role(role).into_iter().collect();
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    POLICY.plan(&Situation { matched: &matched, roles: &roles, staff: None, network: None, time }).expect("a plan")
}

/// No rule here makes tokens.
struct NoMint;

impl Mint for NoMint {
    fn token(&self, _: &Kind, _: &Domain, _: &str) -> Result<String, MintError> {
        Err(MintError::Away)
    }

    fn random(&self, _: &Kind, _: &Domain, _: &str, _: Option<u32>) -> Result<String, MintError> {
        Err(MintError::Away)
    }

    fn permute(&self, _: &Kind, _: &Domain, _: &mut [Numeral]) -> Result<(), MintError> {
        Err(MintError::Away)
    }

    fn hash(&self, _: &Kind, _: &Domain, _: &str) -> Result<String, MintError> {
        Err(MintError::Away)
    }

    fn subject(&self, _: &str, _: &str) -> String {
        "h1:fuzz".to_owned()
    }
}

/// A guard under this plan.
pub fn guard(plan: &Arc<Plan>, bounds: &Bounds) -> Outbound {
    let today = Today { year: 2026, month: 11, day: 24 };
    let request = Request { path: [].into(), query: Vec::new(), today };
    Outbound::new(Arc::clone(plan), Arc::new(NoMint), &request, bounds)
}

/// A guard for a body of this format: scripts and style sheets have no records, so that long ones leave as they come.
pub fn guard_of(format: Format, plan: &Arc<Plan>, bounds: &Bounds) -> Outbound {
    let mut guard = guard(plan, bounds);
    if matches!(format, Format::Script | Format::Style) {
        guard.without_records();
    }
    guard
}

/// What leaves of a body that comes in these chunks.
pub fn rewritten<'a>(
    plan: &Arc<Plan>,
    (format, charset): (Format, Charset),
    bounds: &Bounds,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, Refusal> {
    let mut guard = guard_of(format, plan, bounds);
    let mut rewriter = Rewriter::in_charset(format::walker(format, &plan.places, bounds)?, charset, bounds);
    let mut out = Vec::new();
    for chunk in chunks {
        if let Some(part) = rewriter.write(chunk, &mut guard)? {
            out.extend(part.bytes);
        }
    }
    out.extend(rewriter.end(&mut guard)?.bytes);
    Ok(out)
}

/// What leaves of a body that comes whole, which is what leaves of it in chunks.
///
/// # Panics
///
/// Where the cuts make a difference.
pub fn uncut(
    plan: &Arc<Plan>,
    read_as: (Format, Charset),
    bounds: &Bounds,
    body: &[u8],
    settings: u8,
) -> Result<Vec<u8>, Refusal> {
    let whole = rewritten(plan, read_as, bounds, std::iter::once(body));
    let cut = rewritten(plan, read_as, bounds, chunks(body, settings).into_iter());
    let same = match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => whole == cut,
        // Another charset is decoded a piece at a time, so that of two faults in one piece the other comes first.
        (Err(whole), Err(cut)) if read_as.1 != Charset::Utf8 => {
            let either = |refusal: &Refusal| matches!(refusal.reason, Reason::Bound | Reason::Unreadable);
            whole.reason == cut.reason || (either(whole) && either(cut))
        }
        (Err(whole), Err(cut)) => whole.reason == cut.reason,
        _ => false,
    };
    assert!(same, "cut {settings}: {} became\n{}\n{}", body.escape_ascii(), told(&cut), told(&whole));
    whole
}

/// What came of a body, for people.
pub fn told(what: &Result<Vec<u8>, Refusal>) -> String {
    match what {
        Ok(bytes) => bytes.escape_ascii().to_string(),
        Err(refusal) => refusal.to_string(),
    }
}

/// The body in chunks: byte by byte, or in lengths that the settings draw.
pub fn chunks(mut body: &[u8], settings: u8) -> Vec<&[u8]> {
    if settings.is_multiple_of(4) {
        return body.chunks(1).collect();
    }
    let mut seed = u64::from(settings);
    let mut chunks = Vec::new();
    while !body.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (seed >> 33) as usize % body.len().min(23) + 1;
        let (chunk, rest) = body.split_at(length);
        chunks.push(chunk);
        body = rest;
    }
    chunks
}
