//! How long `sudare test` takes for a thousand tests, beside a bare reading of the same YAML.
//!
//! `cargo bench --bench policy_tests`. Everything runs on one thread. Each figure is minimum, median and
//! maximum of the rounds; the last column is the median's ratio to the bare parser's events over the
//! same text. A machine that is busy moves the figures and leaves the ratios.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use saphyr_parser::Parser;
use sudare::cli::say::Lang;
use sudare::cli::test::suite::Suite;
use sudare::policy::Policy;
use sudare::policy::node::Source;

const ROUNDS: usize = 7;
const TESTS: usize = 1000;

/// A desk's rules, and tests that go round its JSON, its page and its export.
fn rules() -> String {
    let mut text = String::from(
        r#"sudare: 1
roles: { support: a, manager: b, analyst: c }
fields:
  contact:
    person.name: [name, 氏名]
    phone: ["$.phones[*].no", tel, 電話番号]
    email: [mail, "css:td.mail", メール]
    address: [住所]
    notes: [memo, 備考]
resources:
  - { id: customer, match: "GET|PUT /api/customers/{id}", subject: path.id, fields: contact }
  - { id: list, match: GET /customers, records: "css:table.customers tbody tr", subject: 顧客番号, fields: contact, query: { tel: phone } }
  - { id: export, match: GET /export.csv, event: export, subject: 顧客番号, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
rules:
  - { for: support, show: [person.name, notes], mask: { phone: last4, email: domain, address: municipality } }
  - { for: manager, show: [identity, contact, location, notes], when: { hours: "Mon-Fri 08:00-20:00 Asia/Tokyo" } }
  - { for: analyst, hash: [person.name], tokenize: { phone: format, email: opaque }, token_domain: analytics }
tests:
"#,
    );
    for number in 0..TESTS {
        let tel = format!("090-{:04}-{:04}", number % 9000 + 1000, 9999 - number % 9000);
        let (end, mail) = (&tel[9..], format!("taro{number}@example.jp"));
        let name = format!("山田 太郎{number}");
        let (request, response) = match number % 10 {
            0..6 => (
                format!("GET /api/customers/{number}"),
                format!(
                    "json: {{ id: {number}, name: {name}, phones: [{{ no: {tel}, kind: mobile }}], mail: {mail}, 住所: 東京都世田谷区太子堂9-18-27, memo: 携帯 {tel} へ }}"
                ),
            ),
            6..9 => (
                "GET /customers?page=2".to_owned(),
                format!(
                    "html: '<title>顧客一覧</title><table class=\"customers\"><thead><tr><th>顧客番号</th><th>氏名</th><th>電話番号</th><th>メール</th><th>住所</th><th>備考</th></tr></thead><tbody><tr><td>{number}</td><td><a href=\"/customers/{number}\">{name}</a></td><td><a href=\"tel:{tel}\">{tel}</a></td><td class=\"mail\">{mail}</td><td>東京都世田谷区太子堂9-18-27</td><td>なし</td></tr></tbody></table>'"
                ),
            ),
            _ => (
                "GET /export.csv".to_owned(),
                format!("csv: \"顧客番号,氏名,電話番号,メール\\n{number},{name},{tel},{mail}\\n\""),
            ),
        };
        let test = format!(
            "  - name: test {number}\n    request: {request}\n    as: {{ time: \"2026-11-24T10:00:00+09:00\" }}\n    response: {{ {response} }}\n    expect:\n      \
             support: {{ shown: [{name}, \"***-****-{end}\"], hidden: [{tel}, {mail}] }}\n      manager: {{ shown: [{name}, {tel}, {mail}] }}\n      \
             analyst: {{ hidden: [{name}, {tel}, {mail}], ledger: {{ phone: tokenize }} }}\n      nobody: 401\n"
        );
        text.write_str(&test).expect("a text takes all");
    }
    text
}

fn main() {
    let text = rules();
    let sources = [Source { name: "desk.yaml".into(), text }];
    let parse = || {
        let mut events = 0_usize;
        let mut parser = Parser::new_from_str(&sources[0].text);
        while let Some(Ok(event)) = parser.next_event() {
            black_box(&event);
            events += 1;
        }
        assert!(events > TESTS);
    };
    let policy = || Policy::parse(black_box(&sources)).policy.expect("good rules");
    let read = policy();
    let run = |policy: &Policy| {
        let suite = Suite::new(policy, Lang::En).expect("keys");
        let results = suite.run(None, &mut ());
        assert_eq!(results.len(), 4 * TESTS);
        let failed = results.iter().find(|result| !result.differences.is_empty());
        assert!(failed.is_none(), "{failed:?}");
    };
    type Peer<'p> = (&'static str, Box<dyn Fn() + 'p>);
    let peers: [Peer<'_>; 4] = [
        ("bare loop: the parser's events", Box::new(parse)),
        ("rules read and compiled", Box::new(|| drop(black_box(policy())))),
        ("1,000 tests, 4,000 expectations", Box::new(|| run(&read))),
        ("sudare test: all of it", Box::new(|| run(&policy()))),
    ];
    let mut times = vec![Vec::new(); peers.len()];
    for _ in 0..ROUNDS {
        for ((_, work), times) in peers.iter().zip(&mut times) {
            let began = Instant::now();
            work();
            times.push(began.elapsed());
        }
    }
    for times in &mut times {
        times.sort();
    }
    println!("{:<36} {:>28}  {:>8}", "milliseconds on one core", "min / median / max", "ratio");
    let median = |times: &[Duration]| times[times.len() / 2].as_secs_f64();
    let bare = median(&times[0]);
    for ((name, _), times) in peers.iter().zip(&times) {
        let ms = |time: &Duration| time.as_secs_f64() * 1000.0;
        let three = format!("{:.1} / {:.1} / {:.1}", ms(&times[0]), 1000.0 * median(times), ms(&times[ROUNDS - 1]));
        println!("{name:<36} {three:>28}  {:>8.2}", median(times) / bare);
    }
}
