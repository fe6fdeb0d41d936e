//! Veiled values that come home through a running gateway: what the CRM is asked, what it keeps, what is recorded.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::RULES;
use super::client::{self, Answer, request};
use super::origin::Origin;
use super::running::{Running, Setup};
use crate::restore::seals::seals;

const RECORD: &str = r#"{"id":42,"name":"山田 太郎","tel":"090-1234-5678","mail":"taro@example.jp","plan":"gold","no":12345678901234567890}"#;

/// The rules of the other tests, with the resource that says so.
fn rules() -> String {
    RULES.replace("subject: path.id, fields: customer }", "subject: path.id, fields: customer, restore: true }")
}

/// A CRM that keeps what is put there, and answers with all of it.
fn keeping() -> (Origin, Arc<Mutex<String>>) {
    let kept = Arc::new(Mutex::new(RECORD.to_owned()));
    let inside = Arc::clone(&kept);
    let crm = Origin::start(move |request| {
        let mut kept = inside.lock().expect("no panic there");
        if request.path() != "/api/customers/42" {
            return Answer::new(404, "application/json", "{}");
        }
        if request.0.starts_with("PUT ") {
            *kept = request.0.split_once("\r\n\r\n").expect("a body").1.to_owned();
        }
        Answer::new(200, "application/json", &kept)
    });
    (crm, kept)
}

fn of(gateway: &Running, id: &str) -> Vec<Value> {
    gateway.records(id)
}

#[test]
fn a_record_that_is_saved_as_it_was_seen_is_what_it_was() {
    let (crm, kept) = keeping();
    let gateway = Running::start(&crm, &rules());
    let seen = gateway.get("/api/customers/42", "tanaka", "crm-support").text();
    assert!(seen.contains("***-****-5678") && !seen.contains("090-1234"), "{seen}");
    let saved = gateway.put("/api/customers/42", "tanaka", "crm-support", &seen.replace("gold", "silver"));
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(*kept.lock().expect("no panic there"), RECORD.replace("gold", "silver"));
    // The answer to the write is veiled like any other.
    assert_eq!(saved.text(), seen.replace("gold", "silver"));

    let asked = crm.asked();
    let [_, again, write] = &asked[..] else { panic!("read, read again, written: {asked:?}") };
    assert!(again.starts_with("GET /api/customers/42 ") && write.starts_with("PUT "), "{again}\n{write}");
    let lower = again.to_ascii_lowercase();
    assert!(lower.contains("x-remote-user") == asked[0].to_ascii_lowercase().contains("x-remote-user"));
    assert!(!lower.contains("content-type") && !lower.contains("content-length"), "{again}");

    let records = of(&gateway, &saved.header("sudare-request").expect("an id"));
    let events: Vec<&str> = records.iter().filter_map(|record| record["event"].as_str()).collect();
    assert_eq!(events, ["restore", "write", "write"], "{records:?}");
    let subjects =
        json!([{ "type": "customer", "id": "42", "kinds": { "phone": { "restore": 1 }, "email": { "restore": 1 } } }]);
    assert_eq!(records[0]["subjects"], subjects);
    assert_eq!(records[0]["outcome"], "forwarded");
    for canary in ["090-1234", "taro@", "5678"] {
        assert!(!gateway.ledger_text().contains(canary) && !gateway.log().contains(canary), "{canary}");
    }
}

/// A limit that docs/guarantees.md tells: what somebody else saves after the record was read again is written over.
#[test]
fn what_another_saves_between_reading_and_writing_is_lost_where_it_was_veiled() {
    let (others, kept) = (RECORD.replace("5678", "0000"), Arc::new(Mutex::new(String::new())));
    let (answer, inside) = (RECORD.to_owned(), Arc::clone(&kept));
    let crm = Origin::start(move |request| {
        let mut kept = inside.lock().expect("no panic there");
        // Whoever reads gets the record, and another saves theirs behind it.
        *kept = if request.0.starts_with("PUT ") {
            request.0.split_once("\r\n\r\n").expect("a body").1.to_owned()
        } else {
            others.clone()
        };
        Answer::new(200, "application/json", &answer)
    });
    let gateway = Running::start(&crm, &rules());
    let seen = gateway.get("/api/customers/42", "tanaka", "crm-support").text();
    assert_eq!(gateway.put("/api/customers/42", "tanaka", "crm-support", &seen).status, 200);
    assert_eq!(*kept.lock().expect("no panic there"), RECORD);
}

#[test]
fn a_veil_that_cannot_go_home_goes_nowhere() {
    let (crm, kept) = keeping();
    let gateway = Running::start(&crm, &rules());
    for (path, body) in [
        ("/api/customers/42", r#"{"id":42,"tel":"***-****-0000"}"#),
        ("/api/customers/42", r#"{"id":42,"plan":"***-****-5678"}"#),
        ("/api/customers/42", r#"{"id":43,"tel":"***-****-5678"}"#),
        ("/api/customers/43", r#"{"id":43,"tel":"***-****-5678"}"#),
        ("/api/others/42", r#"{"tel":"***-****-5678"}"#),
    ] {
        let answer = gateway.put(path, "tanaka", "crm-support", body);
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (409, Some("veil")), "{path} {body}");
        assert!(!answer.text().contains("090-1234"), "{}", answer.text());
        let records = gateway.record(&answer.header("sudare-request").expect("an id"));
        assert_eq!(records["event"], "refused", "{path} {body}");
    }
    assert_eq!(*kept.lock().expect("no panic there"), RECORD);
    assert!(crm.asked().iter().all(|asked| asked.starts_with("GET ")), "nothing was written");
}

#[test]
fn a_write_without_veils_asks_nothing_more() {
    let (crm, kept) = keeping();
    let gateway = Running::start(&crm, &rules());
    let body = r#"{"id":42,"tel":"03-1111-2222","plan":"silver"}"#;
    assert_eq!(gateway.put("/api/customers/42", "tanaka", "crm-support", body).status, 200);
    assert_eq!(crm.asked().len(), 1);
    assert_eq!(*kept.lock().expect("no panic there"), body);
}

/// Staff can make the CRM complain; what went home with the write must not come back with the complaint.
#[test]
fn an_answer_does_not_repeat_what_went_home() {
    let record =
        r#"{"id":42,"name":"山田 太郎","tel":"090-1234-5678","mail":"taro@example.jp","memo":"離婚調停中","zip":"1"}"#;
    let crm = Origin::start(move |request| {
        if request.0.starts_with("PUT ") {
            let told = r#"{"errors":[{"message":"離婚調停中 is too long","code":7}]}"#;
            return Answer::new(422, "application/json", told).with("X-Note", "no 離婚調停中");
        }
        Answer::new(200, "application/json", record)
    });
    let gateway = Running::start(&crm, &rules());
    let answer = gateway.put("/api/customers/42", "tanaka", "crm-support", r#"{"memo":"****","zip":"999"}"#);
    assert!(crm.asked().iter().any(|asked| asked.starts_with("PUT") && asked.contains("離婚調停中")), "it went home");
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("****") && !format!("{answer:?}{}", answer.text()).contains("離婚"), "{answer:?}");
}

const FORM: &str = "<form action=\"/save\" method=\"post\"><input type=\"hidden\" name=\"id\" value=\"42\">\
<input name=\"name\" value=\"山田 太郎\"><input name=\"tel\" value=\"090-1234-5678\"><textarea name=\"memo\">妻の会社へ</textarea></form>";

/// Pages and forms of an old CRM: each form is sent to one address, whatever its page is.
fn forms() -> String {
    let fields = "[{ at: name, is: person.name, optional: true }, { at: tel, is: phone, optional: true }, { at: memo, is: notes, optional: true }]";
    let resources = format!(
        "resources:\n  - {{ id: edit, match: GET /edit.php, subject: query.id, fields: {fields} }}\n  \
         - {{ id: save, match: POST /save, subject: none, fields: {fields}, restore: true }}\n"
    );
    RULES.replace("resources:\n", &resources)
}

fn old() -> Origin {
    Origin::start(|request| match request.path() {
        "/edit.php" => Answer::new(200, "text/html; charset=utf-8", FORM),
        "/save" => Answer::new(200, "text/html; charset=utf-8", "<p>saved for 妻の会社へ</p>"),
        _ => Answer::new(404, "text/html", ""),
    })
}

fn post(gateway: &Running, user: &str, body: &str) -> Answer {
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let headers = [("X-Remote-User", user), ("X-Remote-Groups", "crm-support"), kind];
    request(gateway.staff, "POST", "/save", &headers, body).expect("an answer")
}

#[test]
fn a_form_is_saved_by_its_seal_after_a_restart_and_by_another_gateway_with_the_same_keys() {
    let crm = old();
    let rules = forms();
    let mut gateway = Running::start(&crm, &rules);
    let page = gateway.get("/edit.php?id=42", "tanaka", "crm-support");
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(!page.text().contains("090-1234") && !page.text().contains("妻"), "{}", page.text());
    let [seal] = &seals(&page.body)[..] else { panic!("one seal: {}", page.text()) };
    let body = format!("id=42&name=%E8%8A%B1&tel=***-****-5678&memo=****&sudare-seal={seal}");
    let home = "id=42&name=%E8%8A%B1&tel=090-1234-5678&memo=%E5%A6%BB%E3%81%AE%E4%BC%9A%E7%A4%BE%E3%81%B8";

    let saved = post(&gateway, "tanaka", &body);
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(saved.text(), "<p>saved for ****</p>", "what went home does not come back in clear");
    let records = of(&gateway, &saved.header("sudare-request").expect("an id"));
    let events: Vec<&str> = records.iter().filter_map(|record| record["event"].as_str()).collect();
    assert_eq!(events[..2], ["restore", "write"], "{records:?}");
    let kinds = json!({ "phone": { "restore": 1 }, "notes": { "restore": 1 } });
    assert_eq!(records[0]["subjects"], json!([{ "type": "customer", "id": "42", "kinds": kinds }]));
    // The back button: the same page is sent once more.
    assert_eq!(post(&gateway, "tanaka", &body).status, 200);

    gateway.stop();
    gateway.restart();
    assert_eq!(post(&gateway, "tanaka", &body).status, 200);
    let keys = gateway.state().join("keys");
    let config = format!("keys: {}", keys.display());
    let other = Running::set_up(crm.address, Setup { rules: &rules, config: &config, ..Setup::default() });
    assert_eq!(post(&other, "tanaka", &body).status, 200);

    let written: Vec<String> = crm.asked().into_iter().filter(|asked| asked.starts_with("POST")).collect();
    assert_eq!(written.len(), 4);
    for asked in &written {
        assert_eq!(asked.split_once("\r\n\r\n").expect("a body").1, home, "{asked}");
    }
    assert_eq!(crm.asked().len(), 5, "the page was asked for once, and by nobody but staff");
    for canary in ["090-1234", "妻", seal.as_str()] {
        assert!(!gateway.ledger_text().contains(canary) && !gateway.log().contains(canary), "{canary}");
    }
}

#[test]
fn a_seal_of_another_person_or_other_keys_goes_nowhere() {
    let crm = old();
    let rules = forms();
    let gateway = Running::start(&crm, &rules);
    let seal = seals(&gateway.get("/edit.php?id=42", "tanaka", "crm-support").body).remove(0);
    let stranger = Running::start(&crm, &rules);
    let body = format!("id=42&tel=***-****-5678&sudare-seal={seal}");
    let mut told = Vec::new();
    for (gateway, user, body) in [
        (&gateway, "sato", body.clone()),
        (&stranger, "tanaka", body.clone()),
        (&gateway, "tanaka", body.replace("sudare-seal=", "sudare-seal=A")),
        (&gateway, "tanaka", format!("{body}&sudare-seal=")),
    ] {
        let answer = post(gateway, user, &body);
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (409, Some("veil")), "{user} {body}");
        let id = answer.header("sudare-request").expect("an id");
        told.push(answer.text().replace(&id, ""));
    }
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    assert!(crm.asked().iter().all(|asked| asked.starts_with("GET ")), "nothing was written");
}

/// A signed token that says nothing of the customer.
const OWN: &str = "own=eyJhbGciOiJub25lIn0.eyJzdWIiOiAic2Vzc2lvbiIsICJuIjogMX0.c2ln";

/// A CRM that makes the session anew on each page would log staff out, if the gateway kept that to itself.
#[test]
fn a_session_that_is_made_anew_with_the_record_reaches_the_write_and_staff() {
    let crm = Origin::start(move |request| {
        let answer = Answer::new(200, "application/json", RECORD);
        if request.0.starts_with("PUT ") {
            return answer.with("Set-Cookie", "seen=2");
        }
        // What says something of the customer is for nobody.
        let told = answer.with("Set-Cookie", "sid=new; Path=/; HttpOnly").with("Set-Cookie", "seen=1; Path=/");
        // The middle of a signed token is read like any other text.
        let told =
            told.with("Set-Cookie", "jwt=eyJhbGciOiJub25lIn0.eyJtIjogInRhcm9AZXhhbXBsZS5qcCIsICJzIjogIngifQ.c2ln");
        let told = told.with("Set-Cookie", "own=eyJhbGciOiJub25lIn0.eyJzdWIiOiAic2Vzc2lvbiIsICJuIjogMX0.c2ln");
        told.with("Set-Cookie", "last=taro@example.jp; Path=/").with("Set-Cookie", "who=09012345678")
    });
    let gateway = Running::start(&crm, &rules());
    let put = |body: &str| {
        let staff = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
        let more = [("Content-Type", "application/json"), ("Cookie", "a=1; sid=old; last=x")];
        client::request(gateway.staff, "PUT", "/api/customers/42", &[staff, more].concat(), body).expect("an answer")
    };
    let set = |answer: &Answer| -> Vec<String> {
        let set = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        set.map(|(_, value)| value.clone()).collect()
    };
    let saved = put(r#"{"id":42,"tel":"***-****-5678"}"#);
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(set(&saved), ["seen=2", "sid=new; Path=/; HttpOnly", OWN]);
    let asked = crm.asked();
    let [again, write] = &asked[..] else { panic!("read again, written: {asked:?}") };
    assert!(again.contains("sid=old") && write.contains("a=1; sid=new; last=x"), "{write}");

    let refused = put(r#"{"id":42,"tel":"***-****-0000"}"#);
    assert_eq!(refused.status, 409);
    assert_eq!(set(&refused), ["sid=new; Path=/; HttpOnly", "seen=1; Path=/", OWN]);
}
