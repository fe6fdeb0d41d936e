//! `sudare explain`: which rule decides each value of an answer, and what staff gets.
//!
//! It is the gateway's own exchange without sockets, with somebody listening: what is told is what
//! happened. Without the CRM's answer it tells of the request and of the fields that the rules
//! declare. No raw value is printed unless `--show-values` asks for it, since terminals are copied
//! and kept; of a value in clear its length is told.

mod asked;
mod json;
mod live;
mod recollected;
mod recorded;
mod rows;
mod seen;
mod text;

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::cli::explain::asked::Exchange;
pub(in crate::cli) use crate::cli::explain::asked::bytes;
use crate::cli::explain::recorded::{Recorded, Totals};
use crate::cli::explain::rows::{Decider, Maker, Row};
pub(in crate::cli) use crate::cli::explain::seen::{Cause, Noted, Seen, SeenLeaf};
use crate::cli::say::{Lang, complain, ended};
use crate::cli::who::Who;
use crate::cli::{DONE, FAILED, UNUSABLE, rulebook};
use crate::policy::Policy;
use crate::policy::explain::At;
use crate::policy::plan::{Plan, Target};
use crate::serve::exchange::dry::{self, Caller, Got};
use crate::serve::exchange::foreseen::{self, Foreseen};
use crate::terms::disclosure::Counts;
use crate::terms::kind::KindId;
use crate::terms::mint::Mint;
use crate::vault::mint::KeyMint;
use crate::vault::ring::Ring;

/// `sudare explain`
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// The gateway's configuration, whose rules are explained [default: gateway.yaml]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rule files or folders to explain instead
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// A role of whoever asks
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    #[command(flatten)]
    who: Who,
    /// When they ask, as 2026-11-24T10:00:00+09:00 [default: now]
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// What for
    #[arg(long, value_name = "WORD")]
    purpose: Option<String>,
    /// A header of the request: `NAME: VALUE`
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// The request's body, or `@FILE`
    #[arg(long, value_name = "TEXT")]
    data: Option<String>,
    /// The CRM's answer; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// What the answer is: json, html, xml, csv, text, or a media type [default: by its name]
    #[arg(long = "type", value_name = "TYPE", requires = "body")]
    kind: Option<String>,
    /// What the CRM answers to a GET of what the request writes to, where the resource says `restore: true`
    #[arg(long, value_name = "FILE", requires = "body", conflicts_with = "request")]
    record: Option<PathBuf>,
    /// The answer's status [default: 200, or what the record says]
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..=599))]
    status: Option<u16>,
    /// Print the values themselves
    #[arg(long)]
    show_values: bool,
    /// Tell every rule that was considered, and why it lost
    #[arg(long, alias = "verbose")]
    all: bool,
    /// Explain a request that the ledger holds, by its `Sudare-Request`; with its answer as `--body` each value
    #[arg(long, value_name = "ID", conflicts_with_all = ["roles", "staff", "network", "time", "purpose"])]
    request: Option<String>,
    /// The state folder with that ledger [default: state]
    #[arg(long, value_name = "DIR", requires = "request")]
    state: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The request's method
    #[arg(value_name = "METHOD", required_unless_present = "request")]
    method: Option<String>,
    /// Its path and query
    #[arg(value_name = "TARGET", required_unless_present = "request")]
    target: Option<String>,
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Runs the command; gives the exit status.
pub fn run(args: &ExplainArgs, lang: Lang) -> u8 {
    let policy = match rulebook::open(args.config.as_deref(), &args.rules, lang) {
        Ok(policy) => policy,
        Err(status) => return status,
    };
    let recorded = match args.request.as_deref().map(|id| Recorded::read(args, id, lang)).transpose() {
        Ok(recorded) => recorded,
        Err(status) => return status,
    };
    if let Some(recorded) = recorded.as_ref().filter(|_| args.body.is_none() && args.target.is_none()) {
        return live::run(args, recorded, &policy, lang);
    }
    match explained(args, recorded.as_ref(), &policy, lang) {
        Ok(told) => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            let written = match args.format {
                Format::Json => json::write(&told, &mut out),
                Format::Text => text::write(&told, lang, &mut out),
            };
            ended(written.and_then(|()| out.flush()), DONE, lang)
        }
        Err(Trouble::Input(what)) => {
            complain(lang, &what);
            UNUSABLE
        }
        Err(Trouble::Keys(what)) => {
            complain(lang, &what);
            FAILED
        }
    }
}

/// Why nothing could be explained.
enum Trouble {
    Input(String),
    Keys(String),
}

impl From<String> for Trouble {
    fn from(what: String) -> Trouble {
        Trouble::Input(what)
    }
}

/// Everything there is to tell.
struct Told<'a> {
    args: &'a ExplainArgs,
    policy: &'a Policy,
    exchange: Exchange,
    foreseen: Foreseen,
    /// What staff gets; nothing where no answer was given.
    got: Option<Got>,
    rows: Vec<Row>,
    /// The values that no field, label or detector knows, and that go as they came.
    unknown: Vec<Row>,
    /// What the ledger has of it, where that is where it comes from.
    recorded: Option<&'a Recorded>,
}

fn explained<'a>(
    args: &'a ExplainArgs,
    recorded: Option<&'a Recorded>,
    policy: &'a Policy,
    lang: Lang,
) -> Result<Told<'a>, Trouble> {
    let exchange = match recorded {
        Some(recorded) => Exchange::recorded(args, recorded, policy, lang)?,
        None => Exchange::read(args, policy, lang)?,
    };
    Ok(Told { recorded, ..told(args, policy, exchange, lang)? })
}

fn told<'a>(args: &'a ExplainArgs, policy: &'a Policy, exchange: Exchange, lang: Lang) -> Result<Told<'a>, Trouble> {
    let Exchange { staff, roles, network, time, about, .. } = &exchange;
    let caller = Caller { staff: staff.as_ref(), roles, network: *network, time: *time };
    let foreseen = match about {
        Some(about) => foreseen::recalled(policy, &caller, about, exchange.request(lang)?),
        None => foreseen::request(policy, &caller, exchange.request(lang)?),
    };
    let seen = Arc::new(Seen::default());
    let mut foreseen = foreseen;
    let got = match &exchange.answer {
        // What the gateway says of a body that staff sends needs no answer of the CRM.
        None if about.is_none()
            && !exchange.data.is_empty()
            && !foreseen.plan.as_ref().is_some_and(|plan| plan.restore || plan.recall.is_some()) =>
        {
            let (request, nothing) = (exchange.request(lang)?, exchange.nothing(lang)?);
            let refusal = dry::run(policy, &passing()?, &caller, request, nothing).refusal;
            foreseen.refusal = foreseen.refusal.or(refusal);
            None
        }
        None => None,
        Some(_) => {
            let (request, response) = (exchange.request(lang)?, exchange.response(lang)?);
            let (mint, notes) = (passing()?, seen.clone());
            Some(match about {
                Some(about) => dry::recalled(policy, &mint, &caller, notes, about, (request, response)),
                None => dry::noted(policy, &mint, &caller, notes, request, (response, exchange.record(lang)?)),
            })
        }
    };
    let resources: Vec<Arc<str>> = foreseen.resources.iter().map(|resource| resource.id.clone()).collect();
    let text = exchange.text();
    let (rows, unknown) = match &foreseen.plan {
        Some(plan) => {
            let refused = got.as_ref().is_some_and(|got| got.refusal.is_some());
            let maker = Maker { policy, plan, resources: &resources, text: text.as_deref(), refused };
            let (said, unsaid) = seen.take_all();
            // Of a refused answer nothing goes anywhere.
            (maker.rows(&said), if refused { Vec::new() } else { maker.unknown(&unsaid) })
        }
        None => (Vec::new(), Vec::new()),
    };
    Ok(Told { args, policy, exchange, foreseen, got, rows, unknown, recorded: None })
}

/// Keys that are kept nowhere: tokens have the right shape and stand for nothing.
fn passing() -> Result<Arc<dyn Mint>, Trouble> {
    let ring = Ring::passing().map_err(|error| Trouble::Keys(error.to_string()))?;
    Ok(Arc::new(KeyMint::passing(Arc::new(ring))))
}

/// What was recorded of a kind and an action, and what is done here.
struct Difference {
    kind: String,
    action: String,
    then: u64,
    now: u64,
}

impl Told<'_> {
    /// Where what the ledger has differs from what the given answer discloses; nothing where one of the
    /// two is not there.
    fn agreement(&self) -> Option<Vec<Difference>> {
        let (then, got) = (Recorded::totals(self.recorded?.records()), self.got.as_ref()?);
        let mut now = Totals::new();
        for row in got.disclosures.subjects.values().flat_map(Counts::iter) {
            let kind = self.policy.kinds().get(row.kind).name.clone();
            *now.entry((kind, row.action.to_owned())).or_default() += u64::from(row.count);
        }
        let every: BTreeSet<&(String, String)> = then.keys().chain(now.keys()).collect();
        let counted = |all: &Totals, key| all.get(key).copied().unwrap_or_default();
        let differences = every.into_iter().map(|key| Difference {
            kind: key.0.clone(),
            action: key.1.clone(),
            then: counted(&then, key),
            now: counted(&now, key),
        });
        Some(differences.filter(|own| own.then != own.now).collect())
    }

    /// The rules by which a kind is decided.
    fn rules_of(&self, kind: KindId) -> Vec<Decider> {
        let explained = self.foreseen.explanation.as_ref().and_then(|all| all.kinds.get(usize::from(kind.0)));
        explained.map_or_else(Vec::new, |own| rows::deciders(self.policy, &own.decision.rules))
    }

    /// The kinds that the explanation is about: those of the values, or of the declared fields.
    fn kinds(&self) -> Vec<KindId> {
        let mut kinds: Vec<KindId> = self.rows.iter().filter_map(|row| row.kind).collect();
        if self.got.is_none() {
            kinds.extend(self.fields().iter().map(|field| field.kind));
        }
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// The fields that the request's resources declare.
    fn fields(&self) -> Vec<Field> {
        let Some(plan) = &self.foreseen.plan else { return Vec::new() };
        let resources: Vec<Arc<str>> = self.foreseen.resources.iter().map(|one| one.id.clone()).collect();
        declared(self.policy, plan, &resources)
    }
}

/// The fields that these resources declare.
fn declared(policy: &Policy, plan: &Plan, resources: &[Arc<str>]) -> Vec<Field> {
    let field = |target: &Target| {
        let kind = target.meaning.kind()?;
        let at = policy.fields_at(resources, &target.place, kind);
        Some(Field { place: target.place.to_string(), kind, at })
    };
    plan.targets.iter().filter_map(field).collect()
}

/// A place that the rules declare.
struct Field {
    place: String,
    kind: KindId,
    at: Vec<At>,
}

#[cfg(test)]
mod tests;
