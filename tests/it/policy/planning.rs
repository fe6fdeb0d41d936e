//! From a situation to a plan: conditions, resources taken together, what is public, what is kept.

use std::sync::Arc;

use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::decide::RoleId;
use sudare::policy::matched::{Asked, Matched};
use sudare::policy::plan::{Errors, Meaning, Plan, Search, SubjectAt, Unlisted, Unreadable};
use sudare::policy::trace::Verdict;
use sudare::route::normal::{canonical, pairs};
use sudare::terms::action::{Action, Mask};
use sudare::terms::event::Event;
use sudare::terms::kind::{EMAIL, KindId, NOTES, PERSON_NAME, PHONE};
use sudare::terms::refusal::{Reason, Refusal};
use sudare::terms::staff::Staff;

use super::matching::{asked, get};
use super::policy;

const NOON: &str = "2026-11-24T03:00:00Z";

fn roles(policy: &Policy, names: &[&str]) -> Vec<RoleId> {
    names.iter().map(|name| policy.role(name).expect("a role")).collect()
}

pub(super) fn plan(
    policy: &Policy,
    matched: &Matched,
    names: &[&str],
    network: &str,
    time: &str,
) -> Result<Arc<Plan>, Refusal> {
    let roles = roles(policy, names);
    let time = time.parse().expect("a time");
    policy.plan(&Situation { matched, roles: &roles, staff: None, network: network.parse().ok(), time })
}

fn action(policy: &Policy, target: &str, names: &[&str], network: &str, time: &str, kind: KindId) -> Action {
    let plan = plan(policy, &get(policy, target), names, network, time).expect("a plan");
    plan.decisions[usize::from(kind.0)].action
}

const FULL: Action = Action::Mask(Mask::Full);

#[test]
fn conditions_are_those_of_the_request() {
    let policy = policy(
        "
sudare: 1
roles: { support: a, manager: b }
resources: [{ id: export, match: GET /export, event: export, subject: none }, { id: list, match: GET /list, subject: none }]
rules:
  - { for: manager, show: [contact], when: { network: [10.0.0.0/8, '2001:db8::/32'], hours: 'Mon-Fri 08:00-20:00 Asia/Tokyo' } }
  - { for: support, show: [phone], when: { event: view, resource: list } }
  - { for: { staff: 'basic:tanaka' }, show: [email], until: 2026-11-24 }
",
    );
    let at = |names: &[&str], target: &str, network: &str, time: &str, kind| {
        action(&policy, target, names, network, time, kind)
    };
    for (network, time, expected) in [
        ("10.1.2.3", NOON, Action::Show),
        ("::ffff:10.1.2.3", NOON, Action::Show),
        ("2001:db8::7", NOON, Action::Show),
        ("192.0.2.1", NOON, FULL),
        ("10.1.2.3", "2026-11-24T12:00:00Z", FULL),
        ("10.1.2.3", "2026-11-22T03:00:00Z", FULL),
    ] {
        assert_eq!(at(&["manager"], "/list", network, time, PHONE), expected, "{network} {time}");
    }
    assert_eq!(at(&["support"], "/list", "192.0.2.1", NOON, PHONE), Action::Show);
    assert_eq!(at(&["support"], "/export", "192.0.2.1", NOON, PHONE), FULL);
    assert_eq!(at(&["support"], "/undeclared", "192.0.2.1", NOON, PHONE), FULL);

    let refusal = plan(&policy, &get(&policy, "/list"), &["manager"], "nobody knows", NOON).err().expect("a refusal");
    assert_eq!(refusal.reason, Reason::Rule);
    assert!(plan(&policy, &get(&policy, "/list"), &["support"], "nobody knows", NOON).is_ok());

    let email = |source, user: &str, time: &str| {
        let staff = Staff::new(source, user, Vec::new());
        let (matched, roles) = (get(&policy, "/list"), roles(&policy, &["support"]));
        let time = time.parse().expect("a time");
        let plan =
            policy.plan(&Situation { matched: &matched, roles: &roles, staff: Some(&staff), network: None, time });
        plan.expect("a plan").decisions[usize::from(EMAIL.0)].action
    };
    assert_eq!(email("basic", "tanaka", "2026-11-24T23:59:59Z"), Action::Show);
    assert_eq!(email("basic", "tanaka", "2026-11-25T00:00:00Z"), FULL);
    assert_eq!(email("header", "tanaka", NOON), FULL);
    assert_eq!(email("basic", "sato", NOON), FULL);
}

#[test]
fn resources_that_match_together_are_one() {
    let policy = policy(
        r#"
sudare: 1
roles: { support: a }
resources:
  - id: a
    match: GET /c/{id}
    subject: { type: customer, at: path.id, id: clear }
    fields: { phone: [tel, "$.tel", css:td.tel], email: [mail] }
    query: { q: phone, sort: { tel: phone } }
    scan: false
    unlisted: mask
    errors: scan
    unreadable: pass
    until: 2026-12-31
  - id: b
    match: GET /c/**
    subject: none
    event: search
    fields: [{ at: tel, is: person.name, only: true, optional: true }, { email: [mail] }]
    query: { q: email, sort: { tel: person.name, mail: email } }
rules: [{ for: support, show: [contact], when: { resource: a } }]
"#,
    );
    let both = plan(&policy, &get(&policy, "/c/7"), &["support"], "127.0.0.1", NOON).expect("a plan");
    assert_eq!(both.resources.iter().map(|id| &**id).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((both.event, both.scan, both.unlisted), (Event::Search, true, Unlisted::Mask));
    assert_eq!((both.unreadable, both.errors, both.records), (Unreadable::Block, Errors::Page, false));
    // Only `a` shows contacts, and `b` matched too.
    assert_eq!(both.decisions[usize::from(PHONE.0)].action, FULL);
    // One name for two kinds, one field that both have.
    assert_eq!((both.names["tel"].len(), both.names["mail"].len()), (2, 1));
    assert_eq!((both.places.json.len(), both.places.css.len()), (1, 1));
    for ids in both.names.values() {
        for id in ids {
            assert!(matches!(both.targets[usize::from(id.0)].meaning, Meaning::Field { .. }));
        }
    }
    let subjects: Vec<_> = both.subjects.iter().map(|subject| (&subject.at, subject.clear)).collect();
    assert_eq!(subjects, [(&SubjectAt::Path("a.id".into()), true), (&SubjectAt::None, false)]);
    let q = &both.parameters["q"];
    assert_eq!(q.filters, [PHONE, EMAIL]);
    let sort = &both.parameters["sort"];
    assert_eq!((sort.columns["tel"], sort.columns["mail"], &sort.filters), (PHONE, EMAIL, &vec![PERSON_NAME]));

    let alone = plan(&policy, &get(&policy, "/c"), &["support"], "127.0.0.1", NOON).expect("a plan");
    assert_eq!((alone.unreadable, alone.errors, alone.scan), (Unreadable::Block, Errors::Page, true));
}

#[test]
fn an_event_that_a_resource_names_beats_the_methods() {
    let policy = policy(
        "
sudare: 1
roles: { support: a }
resources:
  - { id: page, match: GET|POST /**, subject: none }
  - { id: list, match: GET|POST /list, subject: none, event: search }
  - { id: export, match: GET|POST /list/export, subject: none, event: export }
  - { id: below, match: POST /list/**, subject: none, event: view }
",
    );
    let event = |method: &str, path: &str| {
        let matched = asked(&policy, method, path, ("accept", "*/*"));
        plan(&policy, &matched, &["support"], "127.0.0.1", NOON).expect("a plan").event
    };
    assert_eq!((event("GET", "/a"), event("POST", "/a")), (Event::View, Event::Write));
    assert_eq!((event("GET", "/list"), event("POST", "/list")), (Event::Search, Event::Search));
    // Among those that are named, an export is the gravest.
    assert_eq!((event("POST", "/list/export"), event("POST", "/list/x")), (Event::Export, Event::View));
}

#[test]
fn places_of_the_page_stay_so_beside_records() {
    let policy = policy(
        "
sudare: 1
roles: { support: a }
resources:
  - { id: list, match: GET /list, records: 'css:tr', subject: 'css:td.id', fields: { phone: ['css:td.tel', tel] } }
  - { id: page, match: 'GET /{any}', subject: none, fields: { phone: ['css:td.tel', tel, 'css:title'] } }
",
    );
    let both = plan(&policy, &get(&policy, "/list"), &["support"], "127.0.0.1", NOON).expect("a plan");
    assert!(both.records);
    let whole: Vec<String> =
        both.places.document.iter().map(|id| both.targets[usize::from(id.0)].place.to_string()).collect();
    assert_eq!(whole, ["css:td.tel", "css:title"]);
    assert_eq!((both.places.css.len(), both.names["tel"].len()), (4, 1));
    let alone = plan(&policy, &get(&policy, "/page"), &["support"], "127.0.0.1", NOON).expect("a plan");
    assert!(alone.places.document.is_empty() && !alone.records);
}

#[test]
fn resources_that_cut_records_in_two_ways_refuse() {
    let policy = policy(
        "sudare: 1\nroles: { support: a }\nresources: [{ id: a, match: GET /x, records: css:tr, subject: none }, { id: b, match: GET /**, records: css:li, subject: none }]\n",
    );
    let refusal = plan(&policy, &get(&policy, "/x"), &["support"], "127.0.0.1", NOON).err().expect("a refusal");
    assert_eq!(refusal, Refusal::new(Reason::Rule, "`a` and `b` match together and have different records"));
    assert!(plan(&policy, &get(&policy, "/y"), &["support"], "127.0.0.1", NOON).is_ok());
}

#[test]
fn what_passes_unread_does_so_until_its_end() {
    let policy = policy(
        "sudare: 1\nroles: { support: a }\nresources: [{ id: a, match: GET /a, unreadable: pass, until: 2026-11-24, subject: none }]\n",
    );
    let unreadable =
        |time| plan(&policy, &get(&policy, "/a"), &["support"], "127.0.0.1", time).expect("a plan").unreadable;
    assert_eq!(unreadable("2026-11-24T23:59:59Z"), Unreadable::Pass);
    assert_eq!(unreadable("2026-11-25T00:00:00Z"), Unreadable::Block);
    let told = |time: &str| {
        policy.warnings(time.parse().expect("a time")).into_iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    assert_eq!(told("2026-10-01T00:00:00Z"), ["passes-unread"]);
    assert_eq!(told("2026-11-24T00:00:00Z"), ["passes-unread", "ends-soon"]);
    assert_eq!(told("2026-11-25T00:00:00Z"), ["ended"]);
}

#[test]
fn whoever_has_no_role_gets_in_where_it_is_public() {
    let policy = policy(
        "
sudare: 1
roles: { support: a }
resources: [{ id: login, match: GET /login, public: true, subject: none }, { id: more, match: 'GET /login/{x}', public: true, subject: none }, { id: rest, match: 'GET /login/x', subject: none }]
rules: [{ for: all, show: [phone] }]
",
    );
    let reason =
        |target: &str| plan(&policy, &get(&policy, target), &[], "127.0.0.1", NOON).map_err(|refusal| refusal.reason);
    let login = reason("/login").expect("it is public");
    assert_eq!(login.decisions[usize::from(PHONE.0)].action, FULL, "a rule for all is for those with a role");
    assert_eq!(reason("/login/x").err(), Some(Reason::NoRole), "one of two resources is not public");
    assert!(reason("/login/y").is_ok());
    assert_eq!(reason("/elsewhere").err(), Some(Reason::NoRole));
}

#[test]
fn an_undeclared_path_is_scanned_or_refused() {
    let scanned = policy("sudare: 1\nroles: { support: a }\n");
    let free = plan(&scanned, &get(&scanned, "/x"), &["support"], "127.0.0.1", NOON).expect("a plan");
    assert!(free.resources.is_empty() && free.targets.is_empty() && free.scan && free.template.is_none());
    assert_eq!((free.unreadable, free.errors, free.event), (Unreadable::Block, Errors::Page, Event::View));
    assert_eq!(free.decisions.len(), scanned.kinds().0.len());
    let blocked = policy("sudare: 1\nroles: { support: a }\nundeclared: block\n");
    let refusal = plan(&blocked, &get(&blocked, "/x"), &["support"], "127.0.0.1", NOON).err().expect("a refusal");
    assert_eq!(refusal.reason, Reason::Undeclared);
}

#[test]
fn equal_situations_share_a_plan_and_others_do_not() {
    let policy = policy(
        "sudare: 1\nroles: { support: a, manager: b }\nresources: [{ id: a, match: 'GET /a/{id}', subject: path.id }]\nrules: [{ for: manager, show: [phone], when: { network: 10.0.0.0/8 } }]\n",
    );
    let of =
        |target, names: &[&str], network| plan(&policy, &get(&policy, target), names, network, NOON).expect("a plan");
    let one = of("/a/1", &["manager"], "10.0.0.1");
    assert!(Arc::ptr_eq(&one, &of("/a/2", &["manager"], "10.0.0.2")));
    assert!(!Arc::ptr_eq(&one, &of("/a/1", &["manager"], "192.0.2.1")));
    assert!(!Arc::ptr_eq(&one, &of("/a/1", &["support", "manager"], "10.0.0.1")));
    assert!(!Arc::ptr_eq(&one, &of("/b/1", &["manager"], "10.0.0.1")));
}

#[test]
fn groups_give_roles_and_two_files_make_one_role() {
    use sudare::policy::node::Source;
    let source = |name: &str, text: &str| Source { name: name.into(), text: format!("sudare: 1\n{text}") };
    let files = [source("a", "roles: { support: [x], manager: [y] }\n"), source("b", "roles: { support: [z] }\n")];
    let policy = Policy::parse(&files).policy.expect("a policy");
    let names = |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        policy.role_names(&policy.roles_of(&groups)).iter().map(|name| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["z", "y", "other"]), ["manager", "support"]);
    assert_eq!(names(&["x", "z"]), ["support"]);
    assert_eq!(names(&[]), [""; 0]);
    let turned =
        [source("other", "roles: { support: [z] }\n"), source("names", "roles: { support: [x], manager: [y] }\n")];
    assert_eq!(Policy::parse(&turned).policy.expect("a policy").version(), policy.version());
    assert!(policy.version().starts_with("sha256:") && policy.version().len() == 7 + 64);
}

/// A record of the ledger names a rule by the policy's hash and the rule's id: both together mean one rule.
#[test]
fn one_hash_never_gives_a_rule_two_ids() {
    use sudare::policy::node::Source;
    let parse = |files: &[(&str, &str)]| {
        let source = |(name, text): &(&str, &str)| Source { name: (*name).into(), text: format!("sudare: 1\n{text}") };
        let policy = Policy::parse(&files.iter().map(source).collect::<Vec<_>>()).policy.expect("a policy");
        let ids: Vec<String> = policy.rules_written().map(|(id, spot)| format!("{id} {}", spot.file)).collect();
        (policy.version().to_string(), ids)
    };
    let roles = "roles: { support: a, manager: b }\n";
    let (phone, mail) = ("rules: [{ for: support, show: [phone] }]\n", "rules: [{ for: support, show: [email] }]\n");
    let one = parse(&[("a", roles), ("b", phone), ("c", mail)]);
    let other = parse(&[("a", roles), ("c", phone), ("b", mail)]);
    assert_eq!((&one.1[..], &other.1[..]), (&["support-1 b", "support-2 c"].map(String::from)[..], &one.1[..]));
    assert_ne!(one.0, other.0, "the names count where they give ids");
    assert_eq!(one.0, parse(&[("x", roles), ("y", phone), ("z", mail)]).0, "their order, not they themselves");
    assert_eq!(one.0, parse(&[("z", mail), ("y", phone), ("x", roles)]).0, "nor that of reading");
    let (named, manager) =
        ("rules: [{ id: m, for: support, show: [email] }]\n", "rules: [{ for: manager, show: [email] }]\n");
    for alone in [named, manager] {
        let one = parse(&[("a", roles), ("b", phone), ("c", alone)]);
        let other = parse(&[("a", roles), ("c", phone), ("b", alone)]);
        assert_eq!(one.0, other.0, "names that give no ids do not count: {alone}");
    }
}

#[test]
fn one_rule_alone_decides_for_all_resources_and_roles_together() {
    let policy = policy(
        "
sudare: 1
roles: { support: a, manager: b }
resources:
  - { id: customer, match: GET /customers, subject: none }
  - { id: page, match: GET /**, subject: none }
rules:
  - { for: support, mask: [phone] }
  - { for: manager, show: [phone] }
  - { id: pages, for: manager, mask: { phone: last4 }, when: { resource: page } }
",
    );
    let (matched, roles) = (get(&policy, "/customers"), roles(&policy, &["support", "manager"]));
    let time = NOON.parse().expect("a time");
    let told = policy
        .explain(&Situation { matched: &matched, roles: &roles, staff: None, network: None, time })
        .expect("an explanation");
    let phone = &told.kinds[usize::from(PHONE.0)];
    let steps: Vec<_> =
        phone.steps.iter().map(|step| (step.resource.as_deref(), step.rule.as_deref(), step.verdict)).collect();
    assert_eq!(phone.decision.rules, ["pages".into()]);
    assert_eq!(
        steps,
        [
            (Some("customer"), Some("support-1"), Verdict::Outdone),
            (Some("customer"), Some("manager-1"), Verdict::Overruled),
            (Some("customer"), Some("pages"), Verdict::NotThere("resource")),
            (Some("page"), Some("support-1"), Verdict::Outdone),
            (Some("page"), Some("manager-1"), Verdict::Unconditioned),
            (Some("page"), Some("pages"), Verdict::Decides),
        ]
    );
}

#[test]
fn explain_tells_each_rule_and_why() {
    let policy = policy(
        "
sudare: 1
roles: { support: a }
resources: [{ id: a, match: GET /a, subject: none }]
rules:
  - { for: support, mask: { phone: last4 }, search: none }
  - { for: support, show: [contact] }
  - { for: support, show: [phone], when: { event: export } }
  - { id: law, for: all, mandatory: true, remove: [my_number] }
",
    );
    let (matched, roles) = (get(&policy, "/a"), roles(&policy, &["support"]));
    let time = NOON.parse().expect("a time");
    let situation = Situation { matched: &matched, roles: &roles, staff: None, network: None, time };
    let told = policy.explain(&situation).expect("an explanation");
    let phone = &told.kinds[usize::from(PHONE.0)];
    let steps: Vec<_> = phone
        .steps
        .iter()
        .map(|step| (step.rule.as_deref().unwrap_or("-"), step.at.as_ref().map(|at| at.1), step.verdict))
        .collect();
    assert_eq!(
        steps,
        [
            ("support-1", Some(6), Verdict::Decides),
            ("support-2", Some(7), Verdict::Broader),
            ("support-3", Some(8), Verdict::NotThere("event")),
        ]
    );
    assert_eq!(phone.decision.search, Search::None);
    assert_eq!(phone.steps[2].sentence(), "is not there: `event` does not hold");
    let number = told.kinds.iter().find(|kind| kind.name == "my_number").expect("a kind");
    assert_eq!(
        number.steps.iter().map(|step| (step.rule.as_deref(), step.verdict)).collect::<Vec<_>>(),
        [(None, Verdict::Limited), (Some("law"), Verdict::Decides)]
    );
    let plan = policy.plan(&situation).expect("a plan");
    for (kind, decision) in told.kinds.iter().zip(&plan.decisions) {
        assert_eq!(&kind.decision, decision, "{}", kind.name);
    }
}

#[test]
fn ends_that_are_near_are_told() {
    let policy =
        policy("sudare: 1\nroles: { support: a }\nrules: [{ for: support, show: [phone], until: 2026-12-31 }]\n");
    let told = |time: &str| {
        policy.warnings(time.parse().expect("a time")).into_iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    assert_eq!(told("2026-11-24T00:00:00Z"), [""; 0]);
    assert_eq!(told("2026-12-02T00:00:00Z"), ["ends-soon"]);
    assert_eq!(told("2027-01-01T00:00:00Z"), ["ended"]);
}

const CONDITIONS: &str = r#"
sudare: 1
roles: { support: a, manager: b }
resources:
  - { id: list, match: "GET|POST /list/{id}", subject: none }
  - { id: also, match: "GET /list/**", event: export, subject: none }
rules:
  - { id: call, for: support, show: [phone], when: { purpose: [call-back, delivery] } }
  - { id: late, for: support, show: [email], when: { cel: "request.time >= '2026-12-01' && request.network.startsWith('10.')" } }
  - { id: app, for: manager, show: [phone], when: { cel: "request.headers['x-app'] == 'desk' && request.query.mode == 'one'" } }
  - { id: who, for: manager, show: [email], when: { cel: "'support' in staff.roles || staff.id == 'tanaka' && staff.source == 'basic' && staff.attributes.branch == 'tokyo' && staff.groups.exists(g, g == 'x')" } }
  - { id: what, for: manager, show: [notes], when: { cel: "resource.ids == ['also', 'list'] && resource.id == 'also+list' && request.event == 'export' && request.path == '/list/7' && request.purpose == ''" } }
"#;

#[test]
fn a_purpose_is_a_word_that_the_rules_know() {
    let policy = policy(CONDITIONS);
    let with = |purpose: Option<&str>| {
        let matched = Matched { purpose: purpose.map(str::to_owned), ..get(&policy, "/list/7") };
        let plan = plan(&policy, &matched, &["support"], "10.1.2.3", NOON)?;
        Ok::<_, Refusal>(plan.decisions[usize::from(PHONE.0)].action)
    };
    assert_eq!(with(None), Ok(FULL));
    assert_eq!(with(Some("delivery")), Ok(Action::Show));
    assert_eq!(with(Some("call-back")), Ok(Action::Show));
    for unknown in ["audit", "Delivery", "delivery,audit", ""] {
        assert_eq!(with(Some(unknown)).expect_err(unknown).reason, Reason::Purpose);
    }
}

#[test]
fn gateway_yaml_says_which_purposes_there_are() {
    let sources = [sudare::policy::node::Source { name: "test.yaml".into(), text: CONDITIONS.into() }];
    let parse = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Policy::parse_for(&sources, Some(&words))
    };
    let policy = parse(&["call-back", "delivery", "audit"]).policy.expect("all words are declared");
    assert!(policy.knows_purpose("audit") && !policy.knows_purpose("sale"));
    let loaded = parse(&["call_back", "delivery"]);
    assert!(loaded.policy.is_none());
    let purposes = loaded.faults.iter().filter(|fault| fault.code == "unknown-purpose");
    let told: Vec<_> = purposes.map(|fault| (fault.code, fault.help.as_deref())).collect();
    assert_eq!(told, [("unknown-purpose", Some("did you mean `call_back`?"))]);
}

#[test]
fn an_expression_sees_the_request_the_staff_and_the_resource() {
    let policy = policy(CONDITIONS);
    let staff = |source, attributes: &[(&str, &str)], groups: &[&str]| Staff {
        attributes: attributes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        ..Staff::new(source, "tanaka", groups.iter().map(|group| (*group).to_owned()).collect())
    };
    let ask = |staff: &Staff, target: &str, headers: &[(&str, &str)], kind: KindId, names: &[&str], time: &str| {
        let header = |name: &str| -> Vec<String> {
            headers.iter().filter(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned()).collect()
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = canonical(path.as_bytes()).expect("a path");
        let query = pairs(query.as_bytes()).expect("a query");
        let matched = policy.candidates(&Asked { method: "GET", path: &path, query: &query, header: &header });
        let (roles, network) = (roles(&policy, names), "10.1.2.3".parse().ok());
        let time = time.parse().expect("a time");
        let plan = policy.plan(&Situation { matched: &matched, roles: &roles, staff: Some(staff), network, time });
        // Behind the rule's id stands where it is written.
        let id = |refusal: Refusal| refusal.note.split(" (").next().unwrap_or_default().to_owned();
        plan.map(|plan| plan.decisions[usize::from(kind.0)].action).map_err(id)
    };
    let tanaka = staff("basic", &[("branch", "tokyo")], &["x"]);
    let unknown = |rule: &str| Err(format!("`cel` of rule `{rule}`"));
    let december = "2026-12-01T00:00:00Z";
    assert_eq!(ask(&tanaka, "/list/7", &[], EMAIL, &["support"], NOON), Ok(FULL));
    assert_eq!(ask(&tanaka, "/list/7", &[], EMAIL, &["support"], december), Ok(Action::Show));
    let desk = [("x-app", "desk")];
    let manager = |staff: &Staff, target: &str, headers: &[(&str, &str)], kind| {
        ask(staff, target, headers, kind, &["manager"], NOON)
    };
    assert_eq!(manager(&tanaka, "/list/7?mode=one", &desk, PHONE), Ok(Action::Show));
    assert_eq!(manager(&tanaka, "/list/7?mode=two", &desk, PHONE), Ok(FULL));
    assert_eq!(manager(&tanaka, "/list/7?mode=one", &desk, EMAIL), Ok(Action::Show));
    assert_eq!(manager(&tanaka, "/list/7?mode=one", &desk, NOTES), Ok(Action::Show));
    // A name that is not there, or that stands twice with two values, is one that nobody can say.
    assert_eq!(manager(&tanaka, "/list/7?mode=one", &[], PHONE), unknown("app"));
    assert_eq!(manager(&tanaka, "/list/7", &desk, PHONE), unknown("app"));
    assert!(manager(&tanaka, "/list/7?mode=one&mode=two", &desk, PHONE).is_err());
    assert!(manager(&tanaka, "/list/7?mode=one", &[("x-app", "desk"), ("x-app", "cli")], PHONE).is_err());
    let bare = staff("basic", &[], &["x"]);
    assert_eq!(manager(&bare, "/list/7?mode=one", &desk, EMAIL), unknown("who"));
    let other = staff("header", &[], &[]);
    assert_eq!(ask(&other, "/list/7?mode=one", &desk, EMAIL, &["manager"], NOON), Ok(FULL));
}
