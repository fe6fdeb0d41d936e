//! A client that saves while staff types and asks the CRM after each field what follows from it, as Odoo's does
//! (`web_read`, `onchange`, `web_save`): no mask is stored, and no value comes back in clear.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::client::{Answer, request};
use super::origin::Origin;
use super::running::Running;

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
fields:
  partner: { person.name: [name], phone: [phone, mobile], email: [email], notes: [comment] }
  computed: { person.name: "$.result.value.name", phone: ["$.result.value.phone", "$.result.value.mobile"], email: "$.result.value.email" }
resources:
  - { id: read, match: { methods: [POST], path: /web/dataset/call_kw, json: { $.params.method: web_read } }, event: view, records: "$.result[*]", subject: $.id, remember: $.id, fields: partner }
  - { id: save, match: { methods: [POST], path: /web/dataset/call_kw, json: { $.params.method: web_save } }, subject: "$.params.args[0][*]", restore: { remembered: "$.params.args[1]" }, fields: partner }
  - { id: onchange, match: { methods: [POST], path: /web/dataset/call_kw, json: { $.params.method: onchange } }, subject: "$.params.args[0][*]", restore: { remembered: "$.params.args[1]" }, fields: [partner, computed] }
rules:
  - { id: support-1, for: support, show: [person.name, notes], mask: { phone: last4, email: domain } }
"#;

const HIDDEN: [&str; 4] = ["090-1234", "0901234", "1234-5678", "taro@"];

fn record() -> Value {
    json!({ "id": 42, "name": "山田 太郎", "phone": "090-1234-5678", "mobile": "", "email": "taro@example.jp", "comment": "" })
}

/// What a CRM holds, and what it was asked about while staff typed.
type Held = (Arc<Mutex<Value>>, Arc<Mutex<Vec<Value>>>);

/// A CRM with one partner: what is saved is kept, and what follows from a field is computed from all that came.
fn crm() -> (Origin, Held) {
    let (kept, onchanges) = (Arc::new(Mutex::new(record())), Arc::<Mutex<Vec<Value>>>::default());
    let (inside, asked) = (Arc::clone(&kept), Arc::clone(&onchanges));
    let crm = Origin::start(move |request| {
        let body = request.0.split_once("\r\n\r\n").expect("a body").1;
        let body: Value = serde_json::from_str(body).expect("JSON");
        let (params, mut kept) = (&body["params"], inside.lock().expect("no panic there"));
        let values = params["args"][1].clone();
        let result = match params["method"].as_str().expect("a method") {
            "web_read" => json!([*kept]),
            "web_save" => {
                for (name, value) in values.as_object().expect("values") {
                    kept[name] = value.clone();
                }
                json!([*kept])
            }
            _ => {
                asked.lock().expect("no panic there").push(values.clone());
                // What follows: one number from the other, a sentence of both, and a warning that repeats them.
                let (phone, email) = (values["phone"].clone(), values["email"].as_str().unwrap_or_default());
                let digits: String = phone.as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
                let said = format!("{email} / tel:{digits}");
                json!({ "value": { "mobile": phone, "email": email, "sanitized": digits, "display": said }, "warning": { "message": format!("duplicate of {said}") } })
            }
        };
        Answer::new(200, "application/json", &json!({ "jsonrpc": "2.0", "result": result }).to_string())
    });
    (crm, (kept, onchanges))
}

/// What one call answers: nothing in it is in clear that staff may not see.
fn call(gateway: &Running, method: &str, args: &Value) -> (u16, Value) {
    let headers =
        [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support"), ("Content-Type", "application/json")];
    let body = json!({ "jsonrpc": "2.0", "params": { "model": "res.partner", "method": method, "args": args } });
    let answer =
        request(gateway.staff, "POST", "/web/dataset/call_kw", &headers, &body.to_string()).expect("an answer");
    for hidden in HIDDEN {
        assert!(!answer.text().contains(hidden), "{method} told {hidden}: {}", answer.text());
    }
    (answer.status, serde_json::from_str(&answer.text()).unwrap_or_default())
}

/// What the CRM holds by now, behind a save that went through.
fn saved(gateway: &Running, kept: &Mutex<Value>, values: &Value) -> Value {
    let (status, answer) = call(gateway, "web_save", &json!([[42], values]));
    assert_eq!(status, 200, "{answer}");
    let kept = kept.lock().expect("no panic there").clone();
    assert!(!kept.to_string().contains('*'), "a mask was stored: {kept}");
    kept
}

#[test]
fn a_client_that_saves_while_staff_types_stores_no_mask_and_hears_no_value() {
    let (crm, (kept, onchanges)) = crm();
    let gateway = Running::start(&crm, RULES);
    let (status, seen) = call(&gateway, "web_read", &json!([[42]]));
    assert_eq!(status, 200, "{seen}");
    let mut form = seen["result"][0].clone();
    let mut expected = record();

    for (round, name) in ["山田 花子", "山田 次郎", "佐藤 花子"].into_iter().enumerate() {
        // The whole form is asked about, with what it shows veiled; the CRM computes from what stands there.
        form["name"] = json!(name);
        let (status, answer) = call(&gateway, "onchange", &json!([[42], form, ["name"], {}]));
        assert_eq!(status, 200, "{answer}");
        let asked = onchanges.lock().expect("no panic there").last().cloned().expect("an onchange");
        assert_eq!((&asked["phone"], &asked["email"]), (&expected["phone"], &expected["email"]), "{asked}");
        assert_eq!(asked["name"], name);
        let value = &answer["result"]["value"];
        assert_eq!(value["mobile"], "***-****-5678", "{answer}");
        // It is saved as soon as staff goes on: what was changed alone, then what the form holds.
        expected["name"] = json!(name);
        assert_eq!(saved(&gateway, &kept, &json!({ "name": name })), expected, "{round}");
        form["comment"] = json!(format!("called {round} times"));
        expected["comment"] = form["comment"].clone();
        let part = json!({ "name": name, "phone": form["phone"], "email": form["email"], "comment": form["comment"] });
        assert_eq!(saved(&gateway, &kept, &part), expected, "{round}");
        // And once more, as it was.
        assert_eq!(saved(&gateway, &kept, &part), expected, "{round}");
    }
    // What follows of a veil is another field's: it is not stored there.
    let before = kept.lock().expect("no panic there").clone();
    let (status, answer) = call(&gateway, "web_save", &json!([[42], { "mobile": "***-****-5678" }]));
    assert_eq!(status, 409, "{answer}");
    assert_eq!(*kept.lock().expect("no panic there"), before);
    // Staff's own number is staff's own, and goes on being so.
    expected["phone"] = json!("03-9876-4321");
    assert_eq!(saved(&gateway, &kept, &json!({ "phone": "03-9876-4321" })), expected);
    let (status, answer) = call(&gateway, "web_save", &json!([[42], { "phone": "***-****-5678" }]));
    assert_eq!(status, 409, "an older veil: {answer}");
    let (_, seen) = call(&gateway, "web_read", &json!([[42]]));
    let form = &seen["result"][0];
    assert_eq!(form["phone"], "***-****-4321");
    assert_eq!(saved(&gateway, &kept, form), expected);
}
