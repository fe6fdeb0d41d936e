//! What ten thousand rules and two thousand resources cost, beside ten of each, in one run.
//!
//! `cargo bench --bench policy`. Rounds of small and large are interleaved; each figure is the median
//! of the rounds. A machine that is busy moves the figures and leaves the ratios.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::decide::RoleId;
use sudare::policy::matched::Asked;
use sudare::policy::node::Source;
use sudare::route::normal::canonical;
use sudare::serve::exchange::dry::{self, Caller};
use sudare::terms::kind::Kind;
use sudare::terms::mint::{Domain, Mint, MintError, Numeral};
use sudare::terms::staff::Staff;

const ROUNDS: usize = 9;

/// Of so many rules one is an exception for one person, which has an end.
const EXCEPTIONS: usize = 9;

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

/// Rules of every sort, most of them without an id, for a hundred roles.
fn policy(rules: usize, resources: usize) -> Vec<Source> {
    const SAYS: [&str; 8] = [
        "show: [person.name]",
        "mask: { phone: last4, email: domain }",
        "remove: [my_number, sensitive]",
        "show: [phone], when: { network: 10.0.0.0/8, hours: 'Mon-Fri 08:00-20:00 Asia/Tokyo' }",
        "show: [email], where: { owner: staff.id }",
        "show: [address], until: 2099-12-31",
        "mask: [contact], when: { event: export }",
        "show: [notes], when: { purpose: [delivery] }",
    ];
    let roles = rules.min(100);
    let mut text = "sudare: 1\nroles:\n".to_owned();
    let mut line = |line: std::fmt::Arguments<'_>| text.write_fmt(line).expect("a text grows");
    for role in 0..roles {
        line(format_args!("  role-{role}: {{ groups: [group-{role}] }}\n"));
    }
    line(format_args!(
        "fields:\n  contact: {{ person.name: [name, 氏名], phone: [tel, '$.phones[*].no'], email: [mail], notes: [memo] }}\nresources:\n"
    ));
    for number in 0..resources {
        line(format_args!(
            "  - {{ id: r{number}, match: 'GET /api/r{number}/{{id}}', subject: path.id, fields: contact, attributes: {{ owner: $.owner }} }}\n"
        ));
    }
    line(format_args!("rules:\n"));
    for rule in 0..rules {
        let says = SAYS[rule % SAYS.len()];
        match rule % EXCEPTIONS {
            0 => line(format_args!("  - {{ for: {{ staff: s{rule} }}, show: [phone], until: 2099-12-31 }}\n")),
            _ => line(format_args!("  - {{ for: role-{}, {says} }}\n", (rule / SAYS.len()) % roles)),
        }
    }
    vec![Source { name: "rules.yaml".into(), text }]
}

/// What it takes, in microseconds.
fn timed(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64() * 1e6
}

struct Bench {
    sources: Vec<Source>,
    policy: Policy,
    roles: Vec<RoleId>,
    staff: Staff,
    body: Bytes,
}

impl Bench {
    fn new(rules: usize, resources: usize) -> Bench {
        let sources = policy(rules, resources);
        let policy = Policy::parse(&sources).policy.expect("good rules");
        let roles = ["role-0", "role-1"].iter().filter_map(|role| policy.role(role)).collect();
        let record = r#"{"name":"山田 太郎","phones":[{"no":"090-1234-5678"}],"mail":"taro@example.jp","memo":"x"}"#;
        let body = format!("{{\"owner\":\"tanaka\",\"all\":[{}]}}", [record; 500].join(","));
        Bench { sources, policy, roles, staff: Staff::new("basic", "tanaka", Vec::new()), body: body.into() }
    }

    fn compile(&self) {
        black_box(Policy::parse(&self.sources));
    }

    fn route(&self) {
        for _ in 0..100 {
            let path = canonical(b"/api/r7/42").expect("a path");
            black_box(self.policy.candidates(&Asked {
                method: "GET",
                path: &path,
                query: &[],
                header: &|_| Vec::new(),
            }));
        }
    }

    /// A plan that is kept already: what each request pays.
    fn plan(&self) {
        let path = canonical(b"/api/r7/42").expect("a path");
        let matched =
            self.policy.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
        let (network, time) = (Some([10, 0, 0, 1].into()), jiff::Timestamp::UNIX_EPOCH);
        let situation = Situation { matched: &matched, roles: &self.roles, staff: Some(&self.staff), network, time };
        for _ in 0..100 {
            black_box(self.policy.plan(&situation).expect("a plan"));
        }
    }

    /// A plan that has to be made: what the first of its sort pays.
    fn first(&self) -> f64 {
        let policy = Policy::parse(&self.sources).policy.expect("good rules");
        let path = canonical(b"/api/r7/42").expect("a path");
        let matched = policy.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
        let (network, time) = (Some([10, 0, 0, 1].into()), jiff::Timestamp::UNIX_EPOCH);
        let situation = Situation { matched: &matched, roles: &self.roles, staff: Some(&self.staff), network, time };
        timed(|| drop(black_box(policy.plan(&situation).expect("a plan"))))
    }

    /// 2,000 declared values, whole.
    fn values(&self) {
        let mint: Arc<dyn Mint> = Arc::new(None);
        let time = jiff::Timestamp::UNIX_EPOCH;
        let caller = Caller { staff: Some(&self.staff), roles: &self.roles, network: [10, 0, 0, 1].into(), time };
        let request = Request::get("/api/r7/42").body(Bytes::new()).expect("a request");
        let answer = Response::builder().header("content-type", "application/json");
        let answer = answer.body(self.body.clone()).expect("an answer");
        let got = dry::run(&self.policy, &mint, &caller, request, answer);
        assert_eq!(got.status, 200, "{:?}", got.refusal);
        black_box(got);
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() {
    let (small, large) = (Bench::new(10, 10), Bench::new(10_000, 2_000));
    type Work = fn(&Bench) -> f64;
    let works: [(&str, f64, Work); 5] = [
        ("compile, ms", 1e3, |bench| timed(|| bench.compile())),
        ("find the resource, µs", 100.0, |bench| timed(|| bench.route())),
        ("a plan that is kept, µs", 100.0, |bench| timed(|| bench.plan())),
        ("a plan that is made, µs", 1.0, Bench::first),
        ("a value, µs", 2_000.0, |bench| timed(|| bench.values())),
    ];
    println!("{:<26} {:>12} {:>22} {:>8}", "", "10 rules", "10,000 rules", "ratio");
    println!("{:<26} {:>12} {:>22}", "", "10 resources", "2,000 resources");
    for (name, unit, work) in works {
        let (mut few, mut many) = (Vec::new(), Vec::new());
        work(&small);
        for _ in 0..ROUNDS {
            few.push(work(&small) / unit);
            many.push(work(&large) / unit);
        }
        let (few, many) = (median(few), median(many));
        println!("{name:<26} {few:>12.3} {many:>22.3} {:>8.2}", many / few);
    }
}
