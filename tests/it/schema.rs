//! The JSON Schemas: they know every key and word that the readers know and no other, good files pass
//! them, and files that are wrong in their shape do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use sudare::config::gateway;
use sudare::config::units::Origin;
use sudare::policy::Policy;
use sudare::policy::fault::{Fault, Faults};
use sudare::policy::node::{self, Node, Source, Value as Yaml};
use sudare::{config, policy};

use crate::blessed::beside;
use crate::config::environment;

/// Each map that a reader opens: what it calls it, the schema's name for it, and a file in which `@`
/// stands for keys of such a map.
const MAPS: [(&str, &str, &str); 51] = [
    ("a rule file", "rules", "@"),
    ("a role", "Role", "roles: { r: { @ } }"),
    ("`recipient`", "Recipient", "roles: { r: { recipient: { @ } } }"),
    ("a kind", "KindShape", "kinds: { k: { @ } }"),
    ("a resource", "Resource", "resources: [{ @ }]"),
    ("`headers`", "Headers", "headers: { @ }"),
    ("a resource's `headers`", "ResourceHeaders", "resources: [{ headers: { @ } }]"),
    ("a subject", "Subject", "resources: [{ subject: { @ } }]"),
    ("`restore`", "Remembered", "resources: [{ restore: { @ } }]"),
    ("`match`", "Match", "resources: [{ match: { @ } }]"),
    ("a field", "Field", "resources: [{ fields: [{ at: a, @ }] }]"),
    ("a field", "KindField", "resources: [{ fields: { phone: [{ at: a, @ }] } }]"),
    ("a rule", "Rule", "rules: [{ @ }]"),
    ("`for`", "For", "rules: [{ for: { @ } }]"),
    ("a limit", "Limit", "limits: [{ @ }]"),
    ("a reveal rule", "Reveal", "reveal: [{ @ }]"),
    ("`store`", "Store", "store: { @ }"),
    ("a token", "Token", "roles: { r: a }\nrules: [{ for: r, tokenize: { phone: { @ } } }]"),
    ("`when`", "When", "rules: [{ when: { @ } }]"),
    ("a test", "Test", "tests: [{ @ }]"),
    ("a request", "TestRequest", "tests: [{ request: { @ } }]"),
    ("`as`", "As", "tests: [{ as: { @ } }]"),
    ("a response", "TestResponse", "tests: [{ response: { @ } }]"),
    ("a record", "TestRecord", "tests: [{ record: { @ } }]"),
    ("a body", "Body", "tests: [{ response: { body: { @ } } }]"),
    ("what a role gets", "Gets", "tests: [{ expect: { r: { @ } } }]"),
    ("`exactly`", "Exactly", "tests: [{ expect: { r: { exactly: { @ } } } }]"),
    ("`forwarded`", "Exactly", "tests: [{ expect: { r: { forwarded: { @ } } } }]"),
    ("gateway.yaml", "gateway", "@"),
    ("a listener", "Listener", "listen: [{ @ }]"),
    ("`tls`", "Tls", "listen: [{ tls: { @ } }]"),
    ("`upstream`", "Upstream", "upstream: { @ }"),
    ("`health`", "Health", "upstream: { health: { @ } }"),
    ("a site", "Site", "sites: { a.example: { upstream: http://a, @ } }"),
    ("a site's `tls`", "SiteTls", "sites: { a.example: { tls: { @ } } }"),
    ("`console`", "Console", "console: { @ }"),
    ("`ledger`", "Ledger", "ledger: { @ }"),
    ("`witness`", "Witness", "ledger: { witness: { @ } }"),
    ("`retention`", "Retention", "ledger: { retention: { @ } }"),
    ("a hold", "Hold", "ledger: { holds: [{ @ }] }"),
    ("`keys`", "KeyRing", "keys: { @ }"),
    ("`log`", "Log", "log: { @ }"),
    ("`bounds`", "Bounds", "bounds: { @ }"),
    ("`jwt`", "Jwt", "identity: [{ jwt: { @ } }]"),
    ("`mtls`", "Mtls", "identity: [{ mtls: { @ } }]"),
    ("`basic`", "Basic", "identity: [{ basic: { @ } }]"),
    ("`header`", "Header", "identity: [{ header: { @ } }]"),
    ("`session`", "Session", "identity: [{ session: { @ } }]"),
    ("`success`", "Success", "identity: [{ session: { login: POST /l, user: form.u, success: { @ } } }]"),
    ("`whoami`", "Whoami", "identity: [{ session: { whoami: { @ } } }]"),
    ("`anonymous`", "Anonymous", "identity: [{ anonymous: { @ } }]"),
];

/// Maps of files that have no schema.
const OTHERS: [&str; 2] = ["a user", "a person"];

const ODD: &str = "zzzzzzzzzzzz";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The first maps of the table are of rules, from `gateway.yaml` on of the other file.
fn is_rules(at: usize) -> bool {
    at < MAPS.iter().position(|(_, name, _)| *name == "gateway").expect("a row")
}

fn schema(rules: bool) -> Value {
    if rules { policy::schema::rules::schema() } else { config::schema::schema() }
}

fn faults(rules: bool, text: &str) -> Vec<Fault> {
    let source = Source { name: "a.yaml".into(), text: format!("sudare: 1\n{text}\n") };
    if rules {
        return Policy::parse(&[source]).faults;
    }
    let mut faults = Faults::new();
    let folder = root();
    gateway::parse(&source, &Origin { folder: &folder, environment: &environment }, [0; 32], &mut faults);
    faults.into_sorted()
}

fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn told(faults: &[Fault]) -> BTreeSet<String> {
    faults.iter().map(|fault| fault.message.clone()).collect()
}

/// The words that a schema leaves of a text; none where any text will do.
fn words(schema: &Value, all: &Value) -> Option<BTreeSet<String>> {
    if let Some(name) = schema["$ref"].as_str() {
        return words(&all["$defs"][name.trim_start_matches("#/$defs/")], all);
    }
    if let Some(list) = schema["enum"].as_array() {
        return Some(list.iter().map(|word| word.as_str().map_or(word.to_string(), str::to_owned)).collect());
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let each: Option<Vec<_>> = any.iter().map(|one| words(one, all)).collect();
        return each.map(|each| each.into_iter().flatten().collect());
    }
    match schema["type"].as_str() {
        Some("boolean") => Some(["true", "false"].map(str::to_owned).into()),
        Some("array" | "object") => Some(BTreeSet::new()),
        _ if schema["pattern"].is_string() => Some(BTreeSet::new()),
        _ => None,
    }
}

#[test]
fn the_schemas_know_what_the_readers_know() {
    for (at, (what, name, file)) in MAPS.iter().enumerate() {
        let rules = is_rules(at);
        let schema = schema(rules);
        let shape = if ["rules", "gateway"].contains(name) { &schema } else { &schema["$defs"][name] };
        let probe = |key: &str, value: &str| faults(rules, &file.replace('@', &format!("{key}: {value}")));
        let unknown = format!("`{ODD}` is no key of {what}");
        let listed = probe(ODD, "1").into_iter().find(|fault| fault.message == unknown).and_then(|fault| fault.help);
        let keys = quoted(&listed.unwrap_or_else(|| panic!("{what}: `{file}` reaches no such map")));
        let reserved = |key: &String| {
            let kept = format!("`{key}` is reserved");
            probe(key, "x").iter().any(|fault| fault.code == "reserved" && fault.message.starts_with(&kept))
        };
        let known: BTreeSet<String> = keys.into_iter().filter(|key| !reserved(key)).collect();
        let shown = shape["properties"].as_object().unwrap_or_else(|| panic!("no `{name}` in the schema"));
        assert_eq!(known, shown.keys().cloned().collect(), "{what}: the reader's keys and the schema's");
        for (key, property) in shown {
            let faults = probe(key, ODD);
            let said = faults
                .iter()
                .find(|fault| fault.code == "unknown-word" && fault.message.ends_with(&format!(", not `{ODD}`")));
            let own = words(property, &schema);
            match said {
                Some(fault) => {
                    let (_, list) = fault.message.split_once(" is ").expect("a list of words");
                    let mut list = quoted(list);
                    list.remove(ODD);
                    assert_eq!(Some(list), own, "{what}: the words of `{key}`");
                }
                None if own.is_some() => {
                    let without = told(&self::faults(rules, &file.replace("@", "")));
                    assert!(!told(&faults).is_subset(&without), "{what}: the reader takes any word for `{key}`");
                }
                None => {}
            }
        }
    }
}

#[test]
fn every_map_that_a_reader_opens_is_in_the_table() {
    let mut opened = BTreeSet::new();
    for folder in ["src/policy/rule", "src/policy/rule/tests", "src/config", "src/config/identity"] {
        for path in listed(&root().join(folder)) {
            let text = fs::read_to_string(&path).expect("a source");
            for part in text.split("MapReader::open(").skip(1) {
                let what = part.split('"').nth(1).expect("what it is");
                opened.insert(what.to_owned());
            }
        }
    }
    let known: BTreeSet<String> = MAPS.iter().map(|(what, _, _)| *what).chain(OTHERS).map(str::to_owned).collect();
    assert_eq!(opened, known);
    let shapes = |rules: bool| {
        let schema = schema(rules);
        let all = schema["$defs"].as_object().expect("shapes").iter();
        let closed = all.filter(|(_, shape)| shape["additionalProperties"] == false);
        closed.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>()
    };
    let named: BTreeSet<String> = MAPS
        .iter()
        .map(|(_, name, _)| (*name).to_owned())
        .filter(|name| name != "rules" && name != "gateway")
        .collect();
    assert_eq!(shapes(true).union(&shapes(false)).cloned().collect::<BTreeSet<_>>(), named);
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files_below(&path, found),
            false if path.extension().is_some_and(|extension| extension == "yaml") => found.push(path),
            false => {}
        }
    }
    found.sort();
}

/// YAML as editors read it: by the core schema of YAML 1.2, in which `0312` is a number.
fn as_editors_read(node: &Node) -> Value {
    match &node.value {
        Yaml::List(items) => items.iter().map(as_editors_read).collect(),
        Yaml::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.clone(), as_editors_read(&entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Yaml::Scalar { text, quoted: true } => json!(text),
        Yaml::Scalar { text, quoted: false } => match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => json!(true),
            "false" | "False" | "FALSE" => json!(false),
            plain => {
                let digits = plain.trim_start_matches(['-', '+']);
                match plain.parse::<f64>() {
                    Ok(number)
                        if digits.starts_with(|c: char| c.is_ascii_digit())
                            && number.fract() == 0.0
                            && !plain.contains(['.', 'e']) =>
                    {
                        json!(number as i64)
                    }
                    Ok(number) if digits.starts_with(|c: char| c.is_ascii_digit()) => json!(number),
                    _ => json!(plain),
                }
            }
        },
    }
}

struct Schemas {
    rules: Validator,
    gateway: Validator,
}

impl Schemas {
    fn new() -> Schemas {
        let validator = |rules| {
            let schema = schema(rules);
            assert!(jsonschema::draft202012::meta::is_valid(&schema), "it is a schema of draft 2020-12");
            jsonschema::draft202012::new(&schema).expect("a schema")
        };
        Schemas { rules: validator(true), gateway: validator(false) }
    }

    /// What a schema says of a file.
    fn of(&self, rules: bool, text: &str) -> Vec<String> {
        let source = Source { name: "a.yaml".into(), text: text.to_owned() };
        let node = node::parse(&source, &mut Faults::new()).expect("a tree");
        let validator = if rules { &self.rules } else { &self.gateway };
        let value = as_editors_read(&node);
        let errors = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path()));
        errors.collect()
    }
}

/// Faults of a file's shape; others are of what it means.
const OF_SHAPE: [&str; 5] = ["unknown-key", "unknown-word", "missing-key", "type", "unknown-source"];

#[test]
fn good_files_pass_and_misshapen_ones_do_not() {
    let schemas = Schemas::new();
    let mut paths = Vec::new();
    for folder in ["rules", "deploy", "tests/cases"] {
        files_below(&root().join(folder), &mut paths);
    }
    let mut counts = BTreeMap::new();
    for path in &paths {
        let text = fs::read_to_string(path).expect("a file");
        let source = Source { name: "a.yaml".into(), text: text.clone() };
        let is_gateway = text.contains("\nlisten:") || text.contains("\nupstream:");
        let (good, faults) = if is_gateway {
            let mut faults = Faults::new();
            let folder = path.parent().expect("a folder");
            let origin = Origin { folder, environment: &environment };
            let config = gateway::parse(&source, &origin, [0; 32], &mut faults);
            (config.is_some(), faults.into_sorted())
        } else {
            let loaded = Policy::parse(&[source]);
            (loaded.policy.is_some(), loaded.faults)
        };
        // What is wrong in a file that it names is no fault of its own shape.
        let own = |fault: &&Fault| OF_SHAPE.contains(&fault.code) && &*fault.file == "a.yaml";
        let misshapen = faults.iter().find(own);
        if !good && misshapen.is_none() {
            continue;
        }
        let said = schemas.of(!is_gateway, &text);
        assert_eq!(said.is_empty(), good, "{}:\n{}\n{misshapen:?}", path.display(), said.join("\n"));
        *counts.entry((is_gateway, good)).or_insert(0) += 1;
    }
    let found = |gateway, good| counts.get(&(gateway, good)).copied().unwrap_or(0);
    assert!(found(false, true) > 5 && found(true, true) > 2, "{counts:?}");
    assert!(found(false, false) > 3 && found(true, false) > 5, "{counts:?}");
}

#[test]
fn what_the_pages_show_passes() {
    let schemas = Schemas::new();
    let page = |name: &str| fs::read_to_string(root().join(name)).expect("a page");
    let rules = page("docs/rules.md");
    for block in rules.split("```yaml\n").skip(1).map(|part| part.split("```").next().expect("a block")) {
        assert_eq!(schemas.of(true, block), Vec::<String>::new(), "{block}");
    }
    let readme = page("README.md");
    for (name, rules) in [("gateway.yaml", false), ("rules/desk.yaml", true)] {
        let block = readme.split(&format!("```yaml\n# {name}\n")).nth(1).and_then(|part| part.split("```").next());
        let block = block.unwrap_or_else(|| panic!("{name} in README.md"));
        assert_eq!(schemas.of(rules, block), Vec::<String>::new(), "{block}");
    }
}

/// What is in docs/schema/, and in the packages, is what this program knows.
#[test]
fn the_files_are_fresh() {
    let print = |name: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_sudare")).args(["schema", name]).output().expect("sudare");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    beside(["gateway", "rules"].map(|name| (root().join(format!("docs/schema/{name}.json")), print(name))));
}

#[test]
fn a_slip_of_the_pen_is_found() {
    let schemas = Schemas::new();
    for (rules, text) in [
        (true, "sudare: 1\nrulez: []\n"),
        (true, "sudare: 2\n"),
        (true, "rules: []\n"),
        (true, "sudare: 1\nrules: [{ for: support, mask: { phone: last5 } }]\n"),
        (true, "sudare: 1\nrules: [{ for: support, mask: { my_number: last4 } }]\n"),
        (true, "sudare: 1\nrules: [{ for: support, show: { phone: last4 } }]\n"),
        (true, "sudare: 1\nresources: [{ id: a, match: GOT /a }]\n"),
        (true, "sudare: 1\nresources: [{ id: a, match: GET /a, fields: [{ at: tel, kind: phone }] }]\n"),
        (true, "sudare: 1\nkinds: { member: { category: identety } }\n"),
        (true, "sudare: 1\nungranted: show\n"),
        (true, "sudare: 1\nrules: [{ for: support, show: [phone], when: { network: [] } }]\n"),
        (false, "sudare: 1\nlisten: a\nrules: r\nidentity: [{ bassic: { users: u.yaml } }]\n"),
        (false, "sudare: 1\nlisten: a\nrules: r\nidentity: []\nbounds: { idle: 60 }\n"),
        (false, "sudare: 1\nlisten: [{ address: a, tls: { certificate: c } }]\nrules: r\nidentity: []\n"),
    ] {
        assert!(!schemas.of(rules, text).is_empty(), "{text}");
    }
    let good = "sudare: 1\nlisten: env:LISTEN\nrules: r\nidentity: [{ basic: { users: u.yaml } }]\nbounds: { idle: env:IDLE, headers: file:count }\n";
    assert_eq!(schemas.of(false, good), Vec::<String>::new());
}
