//! What holds for every policy, whatever its rules.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::decide::RoleId;
use sudare::policy::fault::render;
use sudare::policy::matched::{Asked, Matched};
use sudare::policy::node::Source;
use sudare::policy::plan::{Decision, Plan};
use sudare::policy::rows::Term;
use sudare::policy::rule::cel::Cel;
use sudare::policy::rule::rows::Is;
use sudare::policy::rule::tests::{ContentFrom, Who};
use sudare::policy::strict::compare;
use sudare::route::normal::{canonical, pairs};
use sudare::serve::exchange::dry::{self, Caller};
use sudare::terms::action::Action;
use sudare::terms::mint::Mint;
use sudare::terms::staff::Staff;

use super::matching::get;
use crate::exchange::run::Plain;

const HEAD: &str = "sudare: 1\nroles: { support: a, manager: b, analyst: c }\n";
const RESOURCES: &str =
    "resources: [{ id: x, match: GET /x, event: export, subject: none, attributes: { owner: $.o, state: $.s } }]\n";
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
        "when: { purpose: [audit] }",
        "when: { purpose: [sale, audit], records: one }",
        "when: { cel: \"request.query.mode == 'a' || 'analyst' in staff.roles\" }",
        "when: { resource: x, hours: '00:00-24:00 UTC' }",
        "where: { owner: staff.id }",
        "where: { state: [open, closed] }",
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

fn plan(policy: &Policy, names: &[&str], target: &str) -> Arc<Plan> {
    let roles: Vec<RoleId> = names.iter().map(|name| policy.role(name).expect("a role")).collect();
    let purpose = policy.knows_purpose("audit").then(|| "audit".to_owned());
    let matched = Matched { purpose, ..get(policy, &format!("{target}?mode=b")) };
    let network = Some([10, 0, 0, 1].into());
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    policy.plan(&Situation { matched: &matched, roles: &roles, staff: None, network, time }).expect("a plan")
}

/// The decisions outside of records, and then for each way in which what rules ask of a record can
/// turn out.
fn by_record(policy: &Policy, names: &[&str], target: &str) -> Vec<Vec<Decision>> {
    let states = vec![Is::Text("closed".into()), Is::Text("open".into())];
    let terms =
        [Term::Attribute("owner".into(), vec![Is::StaffId]), Term::Attribute("state".into(), states), Term::One];
    let plan = plan(policy, names, target);
    let mut all = vec![plan.decisions.clone()];
    for bits in 0..1usize << terms.len() {
        let holds = |term: &Term| bits >> terms.iter().position(|known| known == term).expect("a known term") & 1 == 1;
        all.push(plan.rows.as_ref().map_or(plan.decisions.clone(), |rows| {
            let condition = |asked: &Vec<usize>| Some(asked.iter().all(|term| holds(&rows.terms[*term])));
            rows.decisions(&rows.conditions.iter().map(condition).collect::<Vec<_>>()).to_vec()
        }));
    }
    all
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
                prop_assert_eq!(by_record(&one, &roles, target), by_record(&two, &roles, target));
            }
        }
    }

    #[test]
    fn a_further_role_never_hides_more(rules in rules(), roles in subsequence(ROLES.to_vec(), 1..=3)) {
        // An expression may ask for the roles themselves, and so take away where another is added.
        let rules: Vec<String> = rules.into_iter().filter(|rule| !rule.contains("staff.roles")).collect();
        let Some(policy) = parse(&[rules]) else { return Ok(()) };
        for fewer in 1..roles.len() {
            let (before, after) = (by_record(&policy, &roles[..fewer], "/x"), by_record(&policy, &roles, "/x"));
            for (before, after) in before.iter().flatten().zip(after.iter().flatten()) {
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
        for decided in by_record(&policy, &roles, "/x") {
            for (kind, at_least) in [("phone", Action::Hash), ("email", Action::Hash), ("my_number", Action::Remove)] {
                let id = policy.kinds().id(kind).expect("a kind");
                let order = compare(decided[usize::from(id.0)].action, at_least);
                prop_assert!(order.is_some_and(Ordering::is_ge), "{kind}: {:?}", decided[usize::from(id.0)]);
            }
        }
    }

    #[test]
    fn without_show_nothing_is_shown(rules in rules(), roles in subsequence(ROLES.to_vec(), 1..=3)) {
        let veiling: Vec<String> = rules.into_iter().filter(|rule| !rule.contains("show")).collect();
        let Some(policy) = parse(&[veiling]) else { return Ok(()) };
        for decided in by_record(&policy, &roles, "/x").into_iter().chain(by_record(&policy, &roles, "/y")) {
            prop_assert!(decided.iter().all(|decision| decision.action.veils()));
        }
    }

    /// What a file adds that holds rules and none of them shows: whatever was veiled is veiled still.
    #[test]
    fn a_file_of_rules_without_show_shows_nothing_more(
        (rules, added) in (rules(), rules()),
        roles in subsequence(ROLES.to_vec(), 1..=3),
    ) {
        let added: Vec<String> =
            added.iter().filter(|rule| !rule.contains("show")).map(|rule| rule.replace("id: r", "id: s")).collect();
        let (Some(before), Some(after)) = (parse(&[rules.clone()]), parse(&[rules, added])) else { return Ok(()) };
        for target in ["/x", "/y"] {
            let (was, is) = (by_record(&before, &roles, target), by_record(&after, &roles, target));
            for (was, is) in was.iter().flatten().zip(is.iter().flatten()) {
                prop_assert!(is.action.veils() || !was.action.veils(), "{was:?} became {is:?}");
            }
        }
    }

    /// Outside the records counts what shows no more than any record would.
    #[test]
    fn what_hangs_on_no_record_shows_in_clear_only_what_each_record_would(
        rules in rules(),
        role in select(ROLES.to_vec()),
    ) {
        let Some(policy) = parse(&[rules]) else { return Ok(()) };
        let all = by_record(&policy, &[role], "/x");
        for inside in &all[1..] {
            for (outside, inside) in all[0].iter().zip(inside) {
                prop_assert!(outside.action.veils() || !inside.action.veils(), "{outside:?}, {inside:?}");
            }
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
    fn no_torn_policy_panics_where_it_is_tested_and_explained(
        from in 0usize..3000,
        length in 0usize..30,
        put in "[ :a-z0-9$./-]{0,6}",
    ) {
        let good = include_str!("../../cases/policy/good.yaml");
        let chars: Vec<char> = good.chars().collect();
        let from = from.min(chars.len());
        let to = (from + length).min(chars.len());
        let torn: String = chars[..from].iter().copied().chain(put.chars()).chain(chars[to..].iter().copied()).collect();
        run(&torn);
    }

    #[test]
    fn no_expression_panics(words in prop::collection::vec(select(WORDS.to_vec()), 0..24), text in "\\PC{0,60}") {
        for text in [words.concat(), words.join(" "), text] {
            if let Err(faults) = Cel::parse(&text) {
                prop_assert!(faults.iter().all(|fault| text.is_char_boundary(fault.offset)), "{text}: {faults:?}");
            }
        }
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

/// What an expression may be made of, and what it may not.
const WORDS: [&str; 44] = [
    "request",
    ".method",
    ".query",
    ".headers",
    "staff",
    ".groups",
    ".exists(g, ",
    ".all(",
    ".map(",
    "resource",
    ".ids",
    "['x']",
    "[\"x-app\"]",
    "[0]",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    " == ",
    " && ",
    " || ",
    "!",
    " in ",
    "-",
    "?",
    ":",
    "g",
    "'x'",
    "\"",
    "'",
    "b'x'",
    "1",
    "1.5",
    "true",
    "null",
    "has(",
    "size(",
    ".startsWith(",
    "営業",
    "\n",
    "\\",
    "//",
];

/// Runs the tests of a policy that holds, as `sudare test` does, and explains each request.
fn run(text: &str) {
    let sources = [Source { name: "torn.yaml".into(), text: text.to_owned() }];
    let Some(policy) = Policy::parse(&sources).policy else { return };
    let mint: Arc<dyn Mint> = Arc::new(Plain);
    for case in policy.tests() {
        let content = case.response.content.as_ref().map(|content| match &content.from {
            ContentFrom::Text(text) => Bytes::from(text.clone()),
            ContentFrom::File(_) => Bytes::new(),
        });
        for expect in &case.expect {
            let roles = match &expect.who {
                Who::Role(role, _) => vec![*role],
                Who::Nobody => Vec::new(),
            };
            let staff = Staff::new("test", "tanaka", Vec::new());
            let staff = (!roles.is_empty()).then_some(&staff);
            let time = "2026-11-24T03:00:00Z".parse().expect("a time");
            let caller = Caller { staff, roles: &roles, network: case.network, time };
            let request = Request::builder().method(case.request.method.as_str()).uri(&case.request.target);
            let response = Response::builder().status(case.response.status).header("content-type", "application/json");
            let response = response.body(content.clone().unwrap_or_default()).expect("an answer");
            let Ok(request) = request.body(Bytes::new()) else { continue };
            if let Ok(path) = canonical(request.uri().path().as_bytes()) {
                let asked = Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() };
                let matched = policy.candidates(&asked);
                let situation =
                    Situation { matched: &matched, roles: &roles, staff, network: Some(case.network), time };
                let _ = policy.explain(&situation);
            }
            dry::run(&policy, &mint, &caller, request, response);
        }
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
