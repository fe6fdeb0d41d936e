//! Which resources a request is about.

use sudare::policy::Policy;
use sudare::policy::matched::{Asked, BodyValues, Matched};
use sudare::policy::plan::{Plan, SubjectAt};
use sudare::route::normal::{canonical, pairs};
use sudare::terms::place::JsonPath;

use super::planning::plan;
use super::policy;

pub(super) fn asked(policy: &Policy, method: &str, target: &str, header: (&str, &str)) -> Matched {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = canonical(path.as_bytes()).expect("a path");
    let query = pairs(query.as_bytes()).expect("a query");
    let values = |name: &str| if name == header.0 { vec![header.1.to_owned()] } else { Vec::new() };
    policy.candidates(&Asked { method, path: &path, query: &query, header: &values })
}

pub(super) fn get(policy: &Policy, target: &str) -> Matched {
    asked(policy, "GET", target, ("", ""))
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.resources.iter().map(|id| &**id).collect()
}

const RULES: &str = r#"
sudare: 1
roles: { support: a }
resources:
  - { id: a-customer, match: "GET|PUT /api/customers/{id}", subject: path.id }
  - { id: b-all, match: "GET /api/**", subject: none }
  - { id: c-query, match: { methods: [GET], path: /api/list, query: { type: "cust*" } } }
  - { id: d-soap, match: { methods: [POST], path: /soap, header: { SOAPAction: "*GetCustomer*" } }, event: view }
  - { id: e-read, match: { methods: [POST], path: /rpc, json: { $.method: "*.read" } }, event: view, subject: $.id }
  - { id: f-write, match: { methods: [POST], path: /rpc, json: { $.method: "*.write", "$.params[0].model": party } } }
  - { id: g-form, match: { methods: [POST], path: /rpc, form: { op: search } }, event: search }
"#;

#[test]
fn method_path_query_and_headers_tell() {
    let policy = policy(RULES);
    for (method, target, header, expected) in [
        ("GET", "/api/customers/42", ("", ""), &["a-customer", "b-all"][..]),
        ("HEAD", "/API/Customers./42/", ("", ""), &["a-customer", "b-all"]),
        ("PUT", "/api/customers/42", ("", ""), &["a-customer"]),
        ("DELETE", "/api/customers/42", ("", ""), &[]),
        ("GET", "/api/list?type=Customer", ("", ""), &["b-all", "c-query"]),
        ("GET", "/api/list?type=x", ("", ""), &["b-all"]),
        ("POST", "/soap", ("soapaction", "\"urn:GetCustomer\""), &["d-soap"]),
        ("POST", "/soap", ("", ""), &[]),
        ("GET", "/other", ("", ""), &[]),
    ] {
        let matched = asked(&policy, method, target, header);
        let plan = plan(&policy, &matched, &["support"], "127.0.0.1", "2026-11-24T01:00:00Z").expect("a plan");
        assert_eq!(ids(&plan), expected, "{method} {target}");
        assert_eq!(matched.is_undeclared(), expected.is_empty());
    }
}

#[test]
fn the_body_tells_where_it_must() {
    let policy = policy(RULES);
    let path = |text: &str| JsonPath::parse(text).expect("a path");
    let json = |values: &[(&str, &str)]| BodyValues {
        form: Vec::new(),
        json: values.iter().map(|(at, value)| (path(at), (*value).to_owned())).collect(),
    };
    let form = |value: &str| BodyValues { form: vec![("op".into(), value.into())], json: Vec::new() };
    for (body, expected) in [
        (json(&[("$.method", "party.read")]), &["e-read"][..]),
        (json(&[("$.method", "party.write"), ("$.params[0].model", "party")]), &["f-write"]),
        (json(&[("$.method", "party.write"), ("$.params[0].model", "sale")]), &[]),
        (json(&[("$.method", "a.read"), ("$.method", "b.read")]), &["e-read"]),
        (form("search"), &["g-form"]),
        (form("save"), &[]),
        (BodyValues::default(), &[]),
    ] {
        let matched = asked(&policy, "POST", "/rpc", ("", ""));
        assert!(matched.needs_body());
        assert_eq!(policy.body_paths(&matched), [path("$.method"), path("$.params[0].model"), path("$.op")]);
        let matched = policy.narrow(matched, &body);
        assert!(!matched.needs_body());
        let plan = plan(&policy, &matched, &["support"], "127.0.0.1", "2026-11-24T01:00:00Z").expect("a plan");
        assert_eq!(ids(&plan), expected);
    }
}

#[test]
fn what_says_two_things_is_refused() {
    let policy = policy(
        r#"
sudare: 1
roles: { support: a }
resources:
  - { id: list, match: { methods: [GET], path: /list, query: { type: [cust*, party] } } }
  - { id: soap, match: { methods: [POST], path: /soap, header: { SOAPAction: [get, find] } }, event: view }
  - { id: read, match: { methods: [POST], path: /rpc, json: { $.method: [read, web_read], $.model: party } }, event: view }
  - { id: form, match: { methods: [POST], path: /form, form: { op: search } }, event: search }
  - { id: page, match: { methods: [POST], path: /page, query: { page: list } }, event: view }
"#,
    );
    let lines = |text: &str| -> Vec<(String, String)> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').expect("a pair")).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    };
    // Target, header, form, JSON, and what comes of it: a resource, nothing, or a refusal.
    for (target, header, form, json, expected) in [
        ("/list?type=customer", "", "", "", "list"),
        ("/list?type=party&TYPE=cust", "", "", "", "list"),
        ("/list?type=x", "", "", "", ""),
        ("/list?type=party&type=x", "", "", "", "refused"),
        ("/list?type=x&Type=party", "", "", "", "refused"),
        ("/list?type=party&type[]=x", "", "", "", "refused"),
        ("/list?type[]=party", "", "", "", "list"),
        ("/list?type=party;type=x", "", "", "", "refused"),
        ("/list?type=party&type.size=x", "", "", "", "list"),
        ("/soap", "get", "", "", "soap"),
        ("/soap", "drop", "", "", ""),
        ("/soap", "get,find", "", "", "soap"),
        ("/soap", "get,drop", "", "", "refused"),
        ("/rpc", "", "", "$.method=web_read&$.model=party", "read"),
        ("/rpc", "", "", "$.method=web_read", ""),
        ("/rpc", "", "", "$.method=read&$.method=web_read&$.model=party", "read"),
        ("/rpc", "", "", "$.method=read&$.method=write&$.model=party", "refused"),
        ("/rpc", "", "", "$.method=read&$.method=write&$.model=sale", ""),
        ("/form", "", "op=search", "", "form"),
        ("/form", "", "op=save&op=search", "", "refused"),
        ("/form", "", "op=search&op[]=save", "", "refused"),
        ("/form", "", "op=search", "$.op=save", "refused"),
        ("/page?page=list", "", "", "$.page=list", "page"),
        ("/page?page=list", "", "", "$.page=all", "refused"),
        ("/page?page=list", "", "", "$.other=all", "page"),
    ] {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let method = if path == "/list" { "GET" } else { "POST" };
        let values = |name: &str| match name {
            "soapaction" => header.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let path = canonical(path.as_bytes()).expect("a path");
        let matched = policy.candidates(&Asked { method, path: &path, query: &lines(query), header: &values });
        let json = lines(json).into_iter().map(|(at, value)| (JsonPath::parse(&at).expect("a path"), value)).collect();
        let matched = policy.narrow(matched, &BodyValues { form: lines(form), json });
        let got = match plan(&policy, &matched, &["support"], "127.0.0.1", "2026-11-24T01:00:00Z") {
            Ok(plan) => ids(&plan).concat(),
            Err(refusal) => {
                assert_eq!(refusal.reason.word(), "ambiguous");
                "refused".to_owned()
            }
        };
        assert_eq!(got, expected, "{target} {header} {form}");
    }
}

#[test]
fn what_the_body_has_not_told_yet_counts_as_matched() {
    let policy = policy(RULES);
    let matched = asked(&policy, "POST", "/rpc", ("", ""));
    let plan = plan(&policy, &matched, &["support"], "127.0.0.1", "2026-11-24T01:00:00Z").expect("a plan");
    assert_eq!(ids(&plan), ["e-read", "f-write", "g-form"]);
}

#[test]
fn parameters_of_the_path_are_the_request_s_own() {
    let policy = policy(RULES);
    let one = get(&policy, "/api/customers/42");
    let plan = plan(&policy, &one, &["support"], "127.0.0.1", "2026-11-24T01:00:00Z").expect("a plan");
    let SubjectAt::Path(key) = &plan.subjects[0].at else { panic!("a parameter of the path") };
    assert_eq!(one.param(key), Some("42"));
    assert_eq!(get(&policy, "/api/customers/%E5%B1%B1").param(key), Some("山"));
    assert_eq!(plan.template.as_deref(), Some("/api/customers/{id}"));
    assert!(!format!("{one:?}").contains("42"), "parameters can name customers");
}

#[test]
fn a_public_resource_is_public_in_no_doubt_alone() {
    let policy = policy(
        "
sudare: 1
roles: { support: a }
resources:
  - { id: login, match: { methods: [GET, POST], path: /index.php, query: { page: login } }, public: true, subject: none }
  - { id: posted, match: { methods: [POST], path: /form, form: { page: login } }, public: true, subject: none }
",
    );
    for (target, is) in [
        ("/index.php?page=login", true),
        ("/index.php?page=login&x=1", true),
        ("/index.php?page=login&page=customers", false),
        ("/index.php?page=customers&PAGE=login", false),
        ("/index.php", false),
    ] {
        assert_eq!(policy.is_public(&get(&policy, target)), is, "{target}");
    }
    let pair = |value: &str| ("page".to_owned(), value.to_owned());
    for (form, is) in [(vec![pair("login")], true), (vec![pair("login"), pair("customers")], false)] {
        let matched = asked(&policy, "POST", "/form", ("", ""));
        let matched = policy.narrow(matched, &BodyValues { form, json: Vec::new() });
        assert_eq!(policy.is_public(&matched), is);
    }
}

#[test]
fn fields_count_beside_where_the_method_or_the_format_is_another() {
    let policy = policy(
        "
sudare: 1
roles: { support: a }
resources: [{ id: one, match: 'GET /customers/{id}/card', subject: path.id, fields: { phone: tel } }]
",
    );
    for (method, target, is_beside) in [
        ("POST", "/customers/42/card", true),
        ("DELETE", "/customers/42/card", true),
        ("GET", "/customers/42/card.json", true),
        ("POST", "/customers/42/card.csv", true),
        ("GET", "/customers/42/card.exe", false),
        ("GET", "/customers/42", false),
    ] {
        let matched = asked(&policy, method, target, ("", ""));
        assert!(matched.is_undeclared() && !policy.is_public(&matched), "{method} {target}");
        let plan = plan(&policy, &matched, &["support"], "127.0.0.1", "2026-11-24T01:00:00Z").expect("a plan");
        assert_eq!(plan.names.contains_key("tel"), is_beside, "{method} {target}");
        assert!(plan.resources.is_empty() && plan.template.is_none() && plan.scan);
        let id = plan.subjects.first().map(|source| source.at.clone());
        let id = id.and_then(|at| if let SubjectAt::Path(key) = at { matched.param(&key) } else { None });
        assert_eq!(id, is_beside.then_some("42"), "{method} {target}");
    }
}
