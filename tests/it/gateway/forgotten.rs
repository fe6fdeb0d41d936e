//! What was remembered never takes the place of something newer: writes about several records or said in odd ways,
//! answers that cannot be told whole, and answers that come after a save though they were asked for before.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::client::{Answer, request};
use super::origin::{Origin, Request};
use super::running::{Running, Setup};

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
fields: { partner: { person.name: [name], phone: [tel] } }
resources:
  - { id: read, match: { methods: [POST], path: /rpc, json: { $.method: read } }, event: view, records: "$.result[*]", subject: $.id, remember: $.id, fields: partner }
  - { id: browse, match: { methods: [POST], path: /rpc, json: { $.method: browse } }, event: view, records: "$.result[*]", subject: $.id, remember: $.id, fields: partner }
  - { id: write, match: { methods: [POST], path: /rpc, json: { $.method: write } }, subject: "$.params[0][*]", restore: { remembered: "$.params[1]" }, fields: partner }
  - { id: save, match: { methods: [POST], path: /rpc, json: { $.method: save } }, records: "$.result[*]", subject: "$.params[0][*]", restore: { remembered: "$.params[1]" }, remember: $.id, fields: partner }
  - { id: page, match: "GET|PUT|DELETE /partners/{id}", subject: path.id, fields: partner }
rules:
  - { id: support-1, for: support, show: [person.name], mask: { phone: last4 } }
"#;

/// Numbers of one veil.
const OLD: &str = "090-1234-5678";
const NEW: &str = "070-9999-5678";
const VEIL: &str = "***-****-5678";

/// Two partners, as they stand in the CRM.
type Partners = Arc<Mutex<BTreeMap<u64, BTreeMap<String, Value>>>>;

/// A CRM of two partners. A call that says `slow` is answered when it is let go: `read` with what stood there before,
/// a write when it has been done.
struct Crm {
    origin: Origin,
    partners: Partners,
    /// Tells that a slow call has looked.
    looked: Receiver<()>,
    go: Sender<()>,
}

impl Crm {
    fn start() -> Crm {
        let partner = |tel: &str| BTreeMap::from([("name".into(), json!("a")), ("tel".into(), json!(tel))]);
        let partners: Partners = Arc::new(Mutex::new([(42, partner(OLD)), (43, partner("080-0000-1111"))].into()));
        let (has_looked, looked) = channel();
        let (go, may_go) = channel::<()>();
        let (inside, may_go, has_looked) = (Arc::clone(&partners), Mutex::new(may_go), Mutex::new(has_looked));
        let origin = Origin::start(move |request| {
            let wait = || {
                has_looked.lock().expect("no panic there").send(()).expect("the test");
                may_go.lock().expect("no panic there").recv().expect("the test");
            };
            answered(request, &inside, &wait)
        });
        Crm { origin, partners, looked, go }
    }

    fn tel(&self, id: u64) -> Value {
        self.partners.lock().expect("no panic there")[&id]["tel"].clone()
    }

    fn set(&self, id: u64, name: &str, value: Value) {
        self.partners.lock().expect("no panic there").get_mut(&id).expect("a partner").insert(name.into(), value);
    }
}

fn answered(request: &Request, partners: &Partners, wait: &dyn Fn()) -> Answer {
    let body = request.0.split_once("\r\n\r\n").expect("a body").1;
    let told = |value: Value| Answer::new(200, "application/json", &value.to_string());
    if request.path().starts_with("/partners/") {
        let own: Value = serde_json::from_str(body).unwrap_or_default();
        write(partners, &json!([request.path()["/partners/".len()..].parse::<u64>().expect("an id")]), &own);
        return told(json!({ "done": true }));
    }
    let calls: Value = serde_json::from_str(body).expect("JSON");
    let mut result = json!(true);
    for call in calls.as_array().unwrap_or(&vec![calls.clone()]) {
        let is_slow = call["slow"] == true;
        let params = &call["params"];
        match call["method"].as_str().expect("a method") {
            "read" | "browse" => {
                result = shown(partners, call);
                if is_slow {
                    wait();
                }
            }
            _ => {
                if is_slow {
                    wait();
                }
                write(partners, &params[0], &params[1]);
                result = shown(partners, call);
            }
        }
    }
    told(json!({ "result": result }))
}

fn shown(partners: &Partners, call: &Value) -> Value {
    let record = |(id, own): (&u64, &BTreeMap<String, Value>)| {
        let mut own: serde_json::Map<String, Value> = own.clone().into_iter().collect();
        own.insert("id".into(), json!(id));
        Value::Object(own)
    };
    let mut all: Vec<Value> = partners.lock().expect("no panic there").iter().map(record).collect();
    // Behind many others.
    let more = call["more"].as_u64().unwrap_or(0);
    all.splice(0..0, (0..more).map(|id| json!({ "id": 1000 + id, "tel": format!("03-{id:04}-0000") })));
    Value::Array(all)
}

/// Names are taken in any case, as many servers do, and the last of two counts.
fn write(partners: &Partners, ids: &Value, values: &Value) {
    let mut partners = partners.lock().expect("no panic there");
    // Those that belong to a record are written with it.
    let nested = values["of"].as_array().into_iter().flatten().map(|own| (own[1].clone(), own[2].clone()));
    let own = ids.as_array().expect("ids").iter().map(|id| (id.clone(), values.clone()));
    for (id, values) in own.chain(nested) {
        let Some(own) = id.as_u64().and_then(|id| partners.get_mut(&id)) else { continue };
        for (name, value) in values.as_object().into_iter().flatten() {
            own.insert(name.to_lowercase(), value.clone());
        }
    }
}

fn call(gateway: &Running, body: &str) -> Answer {
    let headers =
        [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support"), ("Content-Type", "application/json")];
    request(gateway.staff, "POST", "/rpc", &headers, body).expect("an answer")
}

/// Opens both partners; their numbers are veiled.
fn read(gateway: &Running, method: &str) {
    let seen = call(gateway, &json!({ "method": method, "params": [[42, 43]] }).to_string());
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert!(seen.text().contains(VEIL) && !seen.text().contains(OLD), "{}", seen.text());
}

fn save(gateway: &Running, id: u64, values: Value) -> Answer {
    call(gateway, &json!({ "method": "write", "params": [[id], values] }).to_string())
}

/// Saves a form that was opened before, with the veil that it held.
fn saved(gateway: &Running, id: u64) -> (u16, Option<String>) {
    let veil = if id == 42 { VEIL } else { "***-****-1111" };
    let answer = save(gateway, id, json!({ "name": "b", "tel": veil }));
    (answer.status, answer.header("sudare-refusal"))
}

const FINE: (u16, Option<String>) = (200, None);

fn veil() -> (u16, Option<String>) {
    (409, Some("veil".to_owned()))
}

#[test]
fn what_a_write_may_have_changed_does_not_go_home_whatever_it_looks_like() {
    let several = json!({ "method": "write", "params": [[42, 7], { "tel": NEW }] }).to_string();
    let batch = format!("[{several},{several}]");
    let twice = format!(r#"{{"method":"write","params":[[42],{{"tel":"{NEW}","tel":"{NEW}"}}]}}"#);
    let way_twice = format!(r#"{{"method":"write","Params":[[43],{{}}],"params":[[42],{{"tel":"{NEW}"}}]}}"#);
    let folded = json!({ "method": "write", "params": [[42], { "Tel": NEW }] }).to_string();
    let alike = json!({ "method": "write", "params": [[42], { "name": "b", "TEL": NEW, "Name": "c" }] }).to_string();
    let nowhere: serde_json::Map<String, Value> =
        (0..40).map(|at| (format!("m{at}"), json!({ "model": "x" }))).collect();
    let mut nowhere = Value::Object(nowhere);
    nowhere["method"] = json!("write");
    nowhere["params"] = json!([[42], { "tel": NEW }]);
    // What is written, and whether the other partner's form is asked for again too.
    for (body, others) in [
        (several, FINE),
        (batch, veil()),
        (twice, veil()),
        (way_twice, veil()),
        (folded, FINE),
        (alike, FINE),
        (nowhere.to_string(), FINE),
    ] {
        let crm = Crm::start();
        let gateway = Running::start(&crm.origin, RULES);
        read(&gateway, "read");
        let written = call(&gateway, &body);
        assert_eq!(written.status, 200, "{body}: {}", written.text());
        assert_eq!(crm.tel(42), NEW, "{body}");
        assert_eq!(saved(&gateway, 42), veil(), "{body}");
        assert_eq!(crm.tel(42), NEW, "{body}");
        assert_eq!(saved(&gateway, 43), others, "{body}");
        read(&gateway, "read");
        assert_eq!(saved(&gateway, 42), FINE, "{body}");
        assert_eq!(crm.tel(42), NEW, "{body}");
    }
}

#[test]
fn what_another_resource_writes_does_not_go_home_either_after_a_restart_too() {
    for method in ["PUT", "DELETE"] {
        let crm = Crm::start();
        let mut gateway = Running::start(&crm.origin, RULES);
        read(&gateway, "read");
        let headers =
            [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support"), ("Content-Type", "application/json")];
        let body = json!({ "tel": NEW }).to_string();
        let body = if method == "PUT" { &body } else { "" };
        assert_eq!(request(gateway.staff, method, "/partners/42", &headers, body).expect("an answer").status, 200);
        gateway.kill();
        gateway.restart();
        assert_eq!(saved(&gateway, 42), veil(), "{method}");
        assert_eq!(saved(&gateway, 43), FINE, "{method}");
        read(&gateway, "read");
        assert_eq!(saved(&gateway, 42), FINE, "{method}");
    }
}

#[test]
fn what_an_answer_shows_that_cannot_be_told_whole_is_not_what_was_shown_before() {
    let fields: serde_json::Map<String, Value> =
        (0..40).map(|at| (format!("m{at}"), json!({ "model": "x" }))).collect();
    let mut nowhere = Value::Object(fields);
    nowhere["method"] = json!("read");
    for (body, after) in [
        // Longer than is held.
        (json!({ "method": "read", "more": 3_000, "long": true }), veil()),
        // The last of its fields are too many.
        (json!({ "method": "read", "more": 10_500 }), veil()),
        // Nobody knows in which model.
        (nowhere, veil()),
        (json!({ "method": "read" }), FINE),
    ] {
        let crm = Crm::start();
        let hold = if body["long"].is_null() { "16MiB" } else { "64KiB" };
        let config = format!("bounds: {{ ledger_wait: 20s, hold: {hold} }}");
        let mut gateway =
            Running::set_up(crm.origin.address, Setup { rules: RULES, config: &config, ..Setup::default() });
        read(&gateway, "read");
        // Somebody else changes it, and this staff sees that.
        crm.set(42, "tel", json!(NEW));
        let seen = call(&gateway, &body.to_string());
        assert!(seen.text().contains(VEIL), "{}", seen.text());
        for _ in 0..2 {
            assert_eq!(saved(&gateway, 42), after, "{after:?}");
            assert_eq!(crm.tel(42), NEW);
            gateway.kill();
            gateway.restart();
        }
        read(&gateway, "read");
        assert_eq!(saved(&gateway, 42), FINE);
        assert_eq!(crm.tel(42), NEW);
    }
}

#[test]
fn an_answer_that_was_asked_for_before_a_save_ended_is_not_what_stands_there() {
    let slow = json!({ "method": "read", "slow": true }).to_string();
    // Asked for before the save, and in the midst of it.
    for in_the_midst in [false, true] {
        let crm = Crm::start();
        let gateway = Running::start(&crm.origin, RULES);
        let new = json!({ "method": "write", "slow": in_the_midst, "params": [[42], { "tel": NEW }] }).to_string();
        std::thread::scope(|scope| {
            let (first, second) = if in_the_midst { (&new, &slow) } else { (&slow, &new) };
            let first = scope.spawn(|| call(&gateway, first));
            crm.looked.recv().expect("the crm");
            if in_the_midst {
                let second = scope.spawn(|| call(&gateway, second));
                crm.looked.recv().expect("the crm");
                // One of both, and then the other.
                crm.go.send(()).expect("the crm");
                crm.go.send(()).expect("the crm");
                assert_eq!(second.join().expect("an answer").status, 200);
            } else {
                assert_eq!(call(&gateway, second).status, 200);
                crm.go.send(()).expect("the crm");
            }
            assert_eq!(first.join().expect("an answer").status, 200);
        });
        assert_eq!(crm.tel(42), NEW);
        assert_eq!(saved(&gateway, 42), veil(), "{in_the_midst}");
        assert_eq!(saved(&gateway, 43), FINE, "{in_the_midst}");
        read(&gateway, "read");
        assert_eq!(saved(&gateway, 42), FINE, "{in_the_midst}");
        assert_eq!(crm.tel(42), NEW);
    }
}

#[test]
fn the_answer_to_a_save_is_what_stands_there() {
    let crm = Crm::start();
    let gateway = Running::start(&crm.origin, RULES);
    let new = json!({ "method": "save", "params": [[42], { "tel": NEW }] }).to_string();
    assert_eq!(call(&gateway, &new).status, 200);
    assert_eq!(saved(&gateway, 42), FINE);
    assert_eq!(crm.tel(42), NEW);
}

#[test]
fn of_what_two_resources_show_the_later_counts() {
    let crm = Crm::start();
    let gateway = Running::start(&crm.origin, RULES);
    // A number in a text that no rule names: its veil is another one with each.
    crm.set(42, "text", json!(OLD));
    let look = |method: &str| {
        let seen = call(&gateway, &json!({ "method": method }).to_string());
        let seen: Value = serde_json::from_slice(&seen.body).expect("JSON");
        seen["result"][0]["text"].clone()
    };
    let write = |text: &Value| save(&gateway, 42, json!({ "text": text })).status;
    let first = look("read");
    assert_ne!(first, OLD);
    assert_eq!(write(&first), 200);
    // What stands there now is nothing, or in clear, or another number of another veil.
    for other in [json!(""), json!("nobody"), json!("080-0000-2222")] {
        assert_eq!(look("read"), first);
        crm.set(42, "text", other.clone());
        look("browse");
        assert_eq!(write(&first), 409, "{other}");
        crm.set(42, "text", json!(OLD));
        assert_eq!(look("browse"), first);
        assert_eq!(write(&first), 200, "{other}");
    }
}

#[test]
fn records_below_the_values_of_another_are_written_too() {
    let crm = Crm::start();
    let gateway = Running::start(&crm.origin, RULES);
    read(&gateway, "read");
    // As in Odoo: one of many that belong to a record is changed with it.
    for nested in [json!({ "children": [[1, 43, { "tel": NEW }]] }), json!({ "child": { "id": 43, "tel": NEW } })] {
        assert_eq!(save(&gateway, 42, nested.clone()).status, 200);
        assert_eq!(saved(&gateway, 43), veil(), "{nested}");
        assert_eq!(saved(&gateway, 42), FINE, "{nested}");
        read(&gateway, "read");
        assert_eq!(saved(&gateway, 43), FINE, "{nested}");
    }
}

const TABLES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
fields: { customer: { person.name: 氏名, phone: 電話 } }
resources:
  - { id: export, match: GET /all.csv, event: export, subject: ID, remember: ID, query: { slow: {} }, fields: customer }
  - { id: import, match: POST /import, subject: ID, restore: { remembered: ID }, fields: customer }
rules:
  - { id: support-1, for: support, show: [person.name], mask: { phone: last4 } }
"#;

#[test]
fn a_table_that_was_asked_for_before_another_was_imported_is_not_what_stands_there() {
    let table = |tel: &str| format!("ID,氏名,電話,控え\n42,客,{tel},{tel}\n43,客,080-0000-1111,\n");
    let stands = Arc::new(Mutex::new(table(OLD)));
    let (has_looked, looked) = channel();
    let (go, may_go) = channel::<()>();
    let (inside, may_go, has_looked) = (Arc::clone(&stands), Mutex::new(may_go), Mutex::new(has_looked));
    let crm = Origin::start(move |request| {
        let body = request.0.split_once("\r\n\r\n").expect("a body").1;
        if request.0.starts_with("POST") {
            body.clone_into(&mut inside.lock().expect("no panic there"));
            return Answer::new(200, "application/json", "{}");
        }
        let table = inside.lock().expect("no panic there").clone();
        if request.0.contains("slow=1") {
            has_looked.lock().expect("no panic there").send(()).expect("the test");
            may_go.lock().expect("no panic there").recv().expect("the test");
        }
        Answer::new(200, "text/csv; charset=utf-8", &table)
    });
    let gateway = Running::start(&crm, TABLES);
    let ask = |method: &str, path: &str, body: &str| {
        let headers = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support"), ("Content-Type", "text/csv")];
        request(gateway.staff, method, path, &headers, body).expect("an answer")
    };
    let seen = ask("GET", "/all.csv", "").text();
    assert!(!seen.contains(OLD), "{seen}");
    assert_eq!(ask("POST", "/import", &seen).status, 200);
    assert_eq!(*stands.lock().expect("no panic there"), table(OLD));
    // In the column that the rules know, and in the one of which nobody knew that it holds numbers.
    for (own, left) in [("電話", format!("42,客,{NEW},")), ("控え", format!("42,客,,{NEW}"))] {
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| ask("GET", "/all.csv?slow=1", ""));
            looked.recv().expect("the crm");
            assert_eq!(ask("POST", "/import", &format!("ID,{own}\n42,{NEW}\n")).status, 200, "{own}");
            *stands.lock().expect("no panic there") = format!("ID,氏名,電話,控え\n{left}\n");
            go.send(()).expect("the crm");
            assert_eq!(slow.join().expect("an answer").text(), seen, "what stood there before");
        });
        let sheet = seen.replace("43,客,***-****-1111,\n", "");
        assert_eq!(ask("POST", "/import", &sheet).status, 409, "{own}");
        assert!(stands.lock().expect("no panic there").contains(NEW), "{own}");
        *stands.lock().expect("no panic there") = table(OLD);
        assert_eq!(ask("GET", "/all.csv", "").text(), seen);
        assert_eq!(ask("POST", "/import", &sheet).status, 200, "{own}");
        *stands.lock().expect("no panic there") = table(OLD);
    }
}

/// Whatever staff and others do, in whatever order: a form that staff saves as it was shown changes nothing, once they
/// have seen by any answer what others changed.
#[test]
fn no_order_of_reads_and_writes_brings_an_older_number_back() {
    let crm = Crm::start();
    let config = "bounds: { ledger_wait: 20s, hold: 64KiB }";
    let gateway = Running::set_up(crm.origin.address, Setup { rules: RULES, config, ..Setup::default() });
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut draw = |most: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % most
    };
    let reads = [
        json!({ "method": "read", "params": [[42]] }),
        json!({ "method": "browse", "params": [[42]] }),
        json!({ "method": "read", "more": 2_000 }),
        json!({ "method": "read", "a": { "model": "x", "mo_del": "y" } }),
    ];
    let mut counts = [0, 0];
    let mut story = Vec::new();
    for number in 1000..1300 {
        let tel = format!("070-{number}-5678");
        let writes = [
            json!({ "method": "write", "params": [[42], { "tel": tel }] }),
            json!({ "method": "save", "params": [[42], { "name": "d", "tel": tel }] }),
            json!({ "method": "write", "params": [[42, 7], { "tel": tel }] }),
            json!({ "method": "write", "params": [[42], { "TEL": tel }] }),
            json!({ "method": "write", "params": [[7], { "of": [[1, 42, { "tel": tel }]] }] }),
            json!([{ "method": "write", "params": [[42], { "tel": tel }] }]),
        ];
        let done = match draw(8) {
            // Others change it, and staff sees that.
            0 => {
                crm.set(42, "tel", json!(tel));
                reads[usize::try_from(draw(4)).expect("small")].clone()
            }
            1 | 2 => writes[usize::try_from(draw(6)).expect("small")].clone(),
            3 | 4 => reads[usize::try_from(draw(2)).expect("small")].clone(),
            _ => {
                let before = crm.tel(42);
                let is_saved = saved(&gateway, 42) == FINE;
                assert_eq!(crm.tel(42), before, "{story:?}");
                counts[usize::from(is_saved)] += 1;
                continue;
            }
        };
        assert_eq!(call(&gateway, &done.to_string()).status, 200, "{done}");
        story.push(done);
    }
    assert!(counts.iter().all(|count| *count > 20), "refused and saved: {counts:?}");
}
