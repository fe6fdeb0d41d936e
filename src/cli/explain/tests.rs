//! No input makes `explain` panic, and none makes it tell a value that was not asked for.

use bytes::Bytes;
use clap::Parser;
use proptest::prelude::*;

use super::*;
use crate::policy::node::Source;

const RULES: &str = include_str!("../../../tests/cases/cli/files/rules/desk.yaml");
const NAME: &str = "山田 太郎";
const PHONE: &str = "090-1234-5678";
const MAIL: &str = "taro.yamada@example.jp";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: ExplainArgs,
}

fn policy() -> Policy {
    let source = Source { name: "desk.yaml".to_owned(), text: RULES.to_owned() };
    Policy::parse(&[source]).policy.expect("the rules are good")
}

/// Everything that both ways of writing say of an answer, or why it cannot be asked.
fn said(policy: &Policy, words: &[&str], target: &str, answer: Option<(Bytes, String)>) -> String {
    let line = [&["explain", "--time", "2026-11-24T10:00:00+09:00"], words, &["GET", "/"]].concat();
    let args = Line::try_parse_from(line).expect("a command line").args;
    let Ok(mut exchange) = Exchange::read(&args, policy, Lang::En) else { return String::new() };
    exchange.target = target.to_owned();
    exchange.answer = answer;
    let Ok(told) = told(&args, policy, exchange, Lang::En) else { return String::new() };
    let mut out = Vec::new();
    text::write(&told, Lang::Ja, &mut out).expect("it is written");
    json::write(&told, &mut out).expect("it is written");
    String::from_utf8(out).expect("text")
}

const KINDS: [&str; 7] =
    ["application/json", "text/html; charset=utf-8", "text/csv", "application/xml", "text/plain", "image/png", ""];

fn kinds() -> impl Strategy<Value = String> {
    prop::sample::select(&KINDS[..]).prop_map(str::to_owned)
}

fn targets() -> impl Strategy<Value = String> {
    let known = prop::sample::select(
        &["/api/customers/42", "/api/customers?tel=090-1234-5678", "/export.csv", "/api/customers?order_by=tel"][..],
    );
    prop_oneof![known.prop_map(str::to_owned), "/[ -~]{0,30}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_input_makes_it_panic(
        target in targets(),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "\\PC{0,80}".prop_map(String::into_bytes),
            "[\\[\\]{}<>/a-z\":, 0-9\n]{0,120}".prop_map(String::into_bytes),
        ],
        kind in kinds(),
        role in prop::sample::select(&["support", "manager"][..]),
    ) {
        let policy = policy();
        said(&policy, &["--role", role, "--all"], &target, Some((Bytes::from(body), kind)));
        said(&policy, &["--role", role], &target, None);
    }

    #[test]
    fn no_value_is_told_unless_it_is_asked_for(
        keys in prop::collection::vec(prop::sample::select(&["name", "tel", "mail", "memo", "old", "phones", "氏名"][..]), 1..6),
        role in prop::sample::select(&["support", "manager"][..]),
        network in prop::sample::select(&["10.1.2.3", "127.0.0.1"][..]),
    ) {
        let policy = policy();
        let values = [NAME, PHONE, MAIL];
        let pairs: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| format!("\"{key}\":\"{} {}\"", values[at % 3], values[(at + 1) % 3]))
            .collect();
        let body = format!("{{\"{NAME}\":1,\"{PHONE}\":{{\"tel\":\"{PHONE}\"}},{}}}", pairs.join(","));
        let answer = || Some((Bytes::from(body.clone()), "application/json".to_owned()));
        let target = "/api/customers/42?tel=090-1234-5678";
        let told = said(&policy, &["--role", role, "--network", network, "--all"], target, answer());
        for value in [NAME, "太郎", PHONE, "1234-5678", "taro.yamada"] {
            prop_assert!(!told.contains(value), "{told}");
        }
        let asked = said(&policy, &["--role", role, "--network", network, "--show-values"], "/api/customers/42", answer());
        prop_assert!(asked.contains(PHONE), "{asked}");
    }
}
