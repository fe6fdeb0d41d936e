//! What an answer costs between the sockets: walked, judged, its edits carried out. No socket, no ledger.
//!
//! `cargo bench --bench judging`. Rounds of all rows are interleaved; microseconds an answer, minimum and
//! median of the rounds. `ROUNDS=n` for another number of rounds, `ROW=n` for one row alone (under a
//! profiler).

#[path = "parts/customers.rs"]
mod customers;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use sudare::body::rewriter::Rewriter;
use sudare::format::{self, Format};
use sudare::guard::outbound::{Outbound, Request};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::matched::Asked;
use sudare::policy::node::Source;
use sudare::policy::plan::Plan;
use sudare::route::normal::canonical;
use sudare::terms::bounds::Bounds;
use sudare::terms::kind::Kind;
use sudare::terms::mint::{Domain, Mint, MintError, Numeral};
use sudare::terms::staff::Staff;
use sudare::transform::Today;

/// No rule of these tokenizes.
struct None;

impl Mint for None {
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
        String::new()
    }
}

struct Row {
    name: String,
    plan: Arc<Plan>,
    body: String,
}

impl Row {
    fn all(policy: &Policy) -> Vec<Row> {
        let mut rows = Vec::new();
        for (size, bytes) in [("1 KiB", 1 << 10), ("20 KiB", 20 << 10)] {
            for (what, staff) in [("shown", "sato"), ("5 of 20 masked", "tanaka")] {
                for (detectors, page) in [("off", "plain"), ("on", "seen")] {
                    let name = format!("{size}, {what}, detectors {detectors}");
                    let path = format!("/{}/{page}", if bytes == 1 << 10 { "1k" } else { "20k" });
                    rows.push(Row { name, plan: plan(policy, &path, staff), body: customers::list(bytes) });
                }
            }
        }
        rows
    }

    fn judge(&self, mint: &Arc<dyn Mint>, bounds: &Bounds) {
        let today = Today { year: 2026, month: 11, day: 22 };
        let request = Request { path: HashMap::new(), query: Vec::new(), today };
        let mut guard = Outbound::new(Arc::clone(&self.plan), Arc::clone(mint), &request, bounds);
        let walker = format::walker(Format::Json, &self.plan.places, bounds).expect("a walker");
        let mut rewriter = Rewriter::new(walker, bounds);
        rewriter.write(self.body.as_bytes(), &mut guard).expect("a good body");
        black_box(rewriter.end(&mut guard).expect("a whole body"));
    }
}

fn plan(policy: &Policy, path: &str, user: &str) -> Arc<Plan> {
    let path = canonical(path.as_bytes()).expect("a path");
    let matched = policy.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
    let roles = policy.roles_of(&[user.to_owned()]);
    let staff = Staff::new("header", user, Vec::new());
    let (network, time) = (Some([127, 0, 0, 1].into()), jiff::Timestamp::UNIX_EPOCH);
    policy.plan(&Situation { matched: &matched, roles: &roles, staff: Some(&staff), network, time }).expect("a plan")
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let rounds = number("ROUNDS").unwrap_or(200).max(1);
    let policy = Policy::parse(&[Source { name: "list.yaml".into(), text: customers::RULES.to_owned() }]);
    let mut rows = Row::all(&policy.policy.expect("good rules"));
    if let Some(row) = number("ROW").filter(|row| *row < rows.len()) {
        rows = vec![rows.swap_remove(row)];
    }
    let (mint, bounds): (Arc<dyn Mint>, _) = (Arc::new(None), Bounds::default());
    let mut costs = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for (row, costs) in rows.iter().zip(&mut costs) {
            const TIMES: u32 = 20;
            let began = Instant::now();
            for _ in 0..TIMES {
                row.judge(&mint, &bounds);
            }
            costs.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES));
        }
    }
    println!("{:<40} {:>20}", "microseconds an answer", "minimum / median");
    for (row, costs) in rows.iter().zip(&mut costs) {
        costs.sort_by(f64::total_cmp);
        println!("{:<40} {:>10.1} /{:>8.1}", row.name, costs[0], costs[rounds / 2]);
    }
}
