//! What holds for every policy, whatever its rules.

use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::decide::RoleId;
use sudare::policy::fault::render;
use sudare::policy::node::Source;
use sudare::policy::plan::Decision;
use sudare::policy::strict::compare;
use sudare::route::normal::{canonical, pairs};
use sudare::terms::action::Action;

use super::matching::get;

const HEAD: &str = "sudare: 1\nroles: { support: a, manager: b, analyst: c }\n";
const RESOURCES: &str = "resources: [{ id: x, match: GET /x, event: export, subject: none }]\n";
const ROLES: [&str; 3] = ["support", "manager", "analyst"];

/// One rule as text; its id keeps it apart from the order in which it stands.
fn rule() -> impl Strategy<Value = String> {
    let who = select(vec!["support", "manager", "[support, analyst]", "all"]);
    let says = select(vec![
        "show: [phone]",
        "show: [contact]",
        "show: all",
        "mask: { phone: last4 }",
        "mask: [contact]",
        "mask: { address: municipality }",
        "mask: { address: prefecture }",
        "tokenize: [email]",
        "tokenize: { email: format }",
        "tokenize: { phone: random }",
        "hash: [email, person.name]",
        "remove: [contact]",
        "block: [my_number]",
        "generalize: { birth_date: year }",
        "generalize: { birth_date: decade }",
        "generalize: { postal_code: 3 }",
    ]);
    let more = select(vec![
        "",
        "",
        "",
        "when: { event: export }",
        "when: { event: view }",
        "when: { network: 10.0.0.0/8 }",
        "token_domain: d",
        "search: none",
    ]);
    (who, says, more, any::<bool>()).prop_map(|(who, says, more, mandatory)| {
        let mandatory = if mandatory && who == "all" && !says.starts_with("show") { ", mandatory: true" } else { "" };
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        format!("for: {who}, {says}{more}{mandatory}")
    })
}

fn rules() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(rule(), 0..8).prop_map(|rules| {
        rules.iter().enumerate().map(|(number, rule)| format!("  - {{ id: r{number}, {rule} }}\n")).collect()
    })
}

fn parse(files: &[Vec<String>]) -> Option<Policy> {
    let source = |(number, rules): (usize, &Vec<String>)| {
        let resources = if number == 0 { RESOURCES } else { "" };
        Source { name: format!("{number}.yaml"), text: format!("{HEAD}{resources}rules:\n{}", rules.concat()) }
    };
    Policy::parse(&files.iter().enumerate().map(source).collect::<Vec<_>>()).policy
}

fn decisions(policy: &Policy, names: &[&str], target: &str) -> Vec<Decision> {
    let roles: Vec<RoleId> = names.iter().map(|name| policy.role(name).expect("a role")).collect();
    let matched = get(policy, target);
    let network = Some([10, 0, 0, 1].into());
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    policy
        .plan(&Situation { matched: &matched, roles: &roles, staff: None, network, time })
        .expect("a plan")
        .decisions
        .clone()
}

proptest! {
    #[test]
    fn the_order_of_rules_and_files_never_changes_a_decision(
        (rules, shuffled) in rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        cut in 0usize..8,
        roles in subsequence(ROLES.to_vec(), 1..=3),
    ) {
        let at = cut.min(shuffled.len());
        let (first, second) = shuffled.split_at(at);
        let (one, two) = (parse(&[rules]), parse(&[second.to_vec(), first.to_vec()]));
        prop_assert_eq!(one.is_some(), two.is_some());
        if let (Some(one), Some(two)) = (one, two) {
            for target in ["/x", "/y"] {
                prop_assert_eq!(decisions(&one, &roles, target), decisions(&two, &roles, target));
            }
        }
    }

    #[test]
    fn a_further_role_never_hides_more(rules in rules(), roles in subsequence(ROLES.to_vec(), 1..=3)) {
        let Some(policy) = parse(&[rules]) else { return Ok(()) };
        for fewer in 1..roles.len() {
            let (before, after) = (decisions(&policy, &roles[..fewer], "/x"), decisions(&policy, &roles, "/x"));
            for (before, after) in before.iter().zip(&after) {
                // Options that cannot be compared are each what one of the roles gives.
                prop_assert!(compare(after.action, before.action) != Some(Ordering::Greater), "{after:?} hides more than {before:?}");
                prop_assert!(after.search as u8 >= before.search as u8, "{after:?} may ask less than {before:?}");
            }
        }
    }

    #[test]
    fn a_mandatory_rule_is_never_exceeded(rules in rules(), roles in subsequence(ROLES.to_vec(), 0..=3)) {
        let ceiling = "  - { id: ceiling, for: all, mandatory: true, hash: [contact], mask: { address: municipality }, remove: [my_number] }\n";
        let Some(policy) = parse(&[rules, vec![ceiling.to_owned()]]) else { return Ok(()) };
        if roles.is_empty() {
            return Ok(());
        }
        let decided = decisions(&policy, &roles, "/x");
        for (kind, at_least) in [("phone", Action::Hash), ("email", Action::Hash), ("my_number", Action::Remove)] {
            let id = policy.kinds().id(kind).expect("a kind");
            let order = compare(decided[usize::from(id.0)].action, at_least);
            prop_assert!(order.is_some_and(Ordering::is_ge), "{kind}: {:?}", decided[usize::from(id.0)]);
        }
    }

    #[test]
    fn without_show_nothing_is_shown(rules in rules(), roles in subsequence(ROLES.to_vec(), 1..=3)) {
        let veiling: Vec<String> = rules.into_iter().filter(|rule| !rule.contains("show")).collect();
        let Some(policy) = parse(&[veiling]) else { return Ok(()) };
        for decision in decisions(&policy, &roles, "/x").into_iter().chain(decisions(&policy, &roles, "/y")) {
            prop_assert!(decision.action.veils());
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}|[ \\n\\t:{}\\[\\],&*!|>'\"#$%@`a-c：　-]{0,120}") {
        told(&text);
    }

    #[test]
    fn no_torn_rule_file_panics(from in 0usize..3000, length in 0usize..60, put in "[\\n :{}\\[\\]*&!'\"：　a$-]{0,6}") {
        let good = include_str!("../../cases/policy/good.yaml");
        let chars: Vec<char> = good.chars().collect();
        let from = from.min(chars.len());
        let to = (from + length).min(chars.len());
        let torn: String = chars[..from].iter().copied().chain(put.chars()).chain(chars[to..].iter().copied()).collect();
        told(&torn);
    }

    #[test]
    fn a_path_has_one_spelling_or_none(raw in "[/a-c.%2eEfF5cC0;\\\\?#é~ -]{0,24}") {
        if let Ok(path) = canonical(raw.as_bytes()) {
            prop_assert_eq!(canonical(path.text.as_bytes()), Ok(path.clone()));
            prop_assert!(path.text.is_ascii());
            for segment in &path.segments {
                prop_assert!(segment.is_empty() || segment.bytes().any(|byte| byte != b'.'), "{raw}");
                prop_assert!(!segment.contains(['/', '\\', '\0']), "{raw}");
            }
        }
    }

    #[test]
    fn no_bytes_panic(raw in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = canonical(&raw);
        let _ = pairs(&raw);
    }
}

/// Parses and renders; every fault must point into the file.
fn told(text: &str) {
    let sources = [Source { name: "torn.yaml".into(), text: text.to_owned() }];
    let loaded = Policy::parse(&sources);
    for fault in &loaded.faults {
        assert!(text.get(fault.span.clone()).is_some(), "{fault:?} in {text:?}");
        let line = text.split('\n').nth(fault.line - 1).is_some() || text.contains('\r');
        assert!(line, "{fault:?} in {text:?}");
    }
    render(&loaded.faults, &sources, false);
}
