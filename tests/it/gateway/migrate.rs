//! `sudare migrate`: a CRM that held values gets tokens through its own API, whatever ends the migration meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::client::Answer;
use super::origin::{Origin, Request};
use super::running::{Running, until};

const RULES: &str = r#"
sudare: 1
roles: { manager: { groups: [crm-managers] } }
fields: { customer: { person.name: [name], phone: ["$.phones[*].no", tel], email: [mail], notes: [memo] } }
resources:
  - { id: customer, match: "GET|PUT|PATCH|POST /api/customers/{id}", subject: { type: customer, at: path.id }, fields: customer }
  - { id: read, match: "GET /api/read/{id}", subject: { type: customer, at: path.id }, fields: customer }
rules: [{ for: manager, show: all }]
store: { tokenize: { person.name: opaque, phone: opaque, email: opaque }, max: { email: 400 } }
"#;

type Rows = Arc<Mutex<BTreeMap<String, Value>>>;

/// A record whose number stands in each of its values.
fn row(number: usize) -> Value {
    json!({
        "id": number, "name": format!("山田 {number}"), "tel": format!("090-1234-{number:04}"),
        "phones": [{ "no": format!("03-1234-{number:04}"), "kind": "home" }],
        "mail": format!("a{number}@example.jp"), "memo": "met", "big": 12_345_678_901_234_567_890_u64
    })
}

/// What a CRM does beside keeping what is put there.
type Odd = Box<dyn Fn(&Request, &str) -> Option<Answer> + Send + Sync>;

fn crm(count: usize, odd: Odd) -> (Origin, Rows) {
    let rows: Rows = Arc::new(Mutex::new((1..=count).map(|number| (number.to_string(), row(number))).collect()));
    let kept = Arc::clone(&rows);
    let crm = Origin::start(move |request| {
        let id = request.path().rsplit('/').next().unwrap_or_default().to_owned();
        if let Some(answer) = odd(request, &id) {
            return answer;
        }
        let mut rows = kept.lock().expect("no panic there");
        let Some(row) = rows.get_mut(&id) else { return Answer::new(404, "application/json", "{}") };
        let body = request.0.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        match request.0.split(' ').next() {
            Some("PUT") => *row = serde_json::from_str(body).expect("JSON"),
            Some("PATCH") => {
                let part: BTreeMap<String, Value> = serde_json::from_str(body).expect("JSON");
                part.into_iter().for_each(|(name, value)| row[&name] = value);
            }
            Some("POST") => {
                for (name, value) in body.split('&').filter_map(|pair| pair.split_once('=')) {
                    let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
                    row[name] = json!(value);
                }
            }
            _ => {}
        }
        Answer::new(200, "application/json", &row.to_string())
    });
    (crm, rows)
}

fn plain() -> Odd {
    Box::new(|_, _| None)
}

/// A folder beside a gateway that was started once, so that there are keys.
struct Desk {
    gateway: Running,
    folder: PathBuf,
}

fn desk(crm: &Origin, rules: &str, count: usize) -> Desk {
    let gateway = Running::start(crm, rules);
    let folder = gateway.state().parent().expect("a folder").to_owned();
    let ids: String = (1..=count).map(|number| format!("{number}\n")).collect();
    fs::write(folder.join("ids"), ids).expect("written");
    Desk { gateway, folder }
}

impl Desk {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
        command.args(["migrate", "-c"]).arg(self.folder.join("gateway.yaml"));
        command.args(["--ids"]).arg(self.folder.join("ids")).args(["--format", "json"]).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, Value, String) {
        let Output { status, stdout, stderr } = self.command(words).output().expect("sudare runs");
        let report = serde_json::from_slice(&stdout).unwrap_or_default();
        (status.code(), report, String::from_utf8_lossy(&stderr).into_owned())
    }

    fn journal(&self) -> PathBuf {
        self.gateway.state().join("migrate-customer.jsonl")
    }
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

fn is_clear(text: &str) -> bool {
    ["山田", "090-1234", "03-1234", "@example"].iter().any(|clear| text.contains(clear))
}

fn all(rows: &Rows) -> String {
    rows.lock().expect("no panic there").values().map(|row| format!("{row}\n")).collect()
}

fn seen(desk: &Desk, number: usize) -> String {
    let answer = desk.gateway.get(&format!("/api/customers/{number}"), "sato", "crm-managers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

#[test]
fn records_become_tokens_and_staff_sees_what_it_saw() {
    let (crm, rows) = crm(3, plain());
    let desk = desk(&crm, RULES, 3);
    let before: Vec<String> = (1..=3).map(|number| seen(&desk, number)).collect();
    let (status, report, _) = desk.run(&["--resource", "customer", "--dry-run"]);
    assert_eq!((status, &report["converted"], &report["kinds"]["phone"]["converted"]), (Some(0), &json!(3), &json!(6)));
    assert!(is_clear(&all(&rows)) && !desk.journal().exists(), "a dry run writes nothing");
    assert!(crm.asked().iter().all(|asked| asked.starts_with("GET")));
    let (status, report, told) = desk.run(&["--resource", "customer"]);
    assert_eq!((status, &report["converted"], &report["failed"]), (Some(0), &json!(3), &json!(0)), "{told}");
    let held = all(&rows);
    assert!(!is_clear(&held) && held.contains("12345678901234567890") && held.contains("met"), "{held}");
    let journal = fs::read_to_string(desk.journal()).expect("a journal");
    assert!(!is_clear(&journal) && !journal.contains("tok_") && lines(&desk.journal()) == 4, "{journal}");
    let after: Vec<String> = (1..=3).map(|number| seen(&desk, number)).collect();
    assert_eq!(before, after);
    // The same tokens that a save makes.
    let saved = desk.gateway.put("/api/customers/1", "sato", "crm-managers", &after[0]);
    assert_eq!((saved.status, all(&rows)), (200, held));
    let asked = crm.asked().len();
    let (status, report, _) = desk.run(&["--resource", "customer"]);
    assert_eq!((status, &report["skipped"], crm.asked().len()), (Some(0), &json!(3), asked), "nobody is asked again");
    let (status, report, _) = desk.run(&["--resource", "customer", "--dry-run"]);
    assert_eq!((status, &report["already"], &report["kinds"]["email"]["already"]), (Some(0), &json!(3), &json!(3)));
}

/// Who has the CRM's records read is in the ledger as who reads the ledger is, also where nothing is written.
#[test]
fn that_records_are_read_is_in_the_ledger() {
    let (crm, _) = crm(2, plain());
    let mut desk = desk(&crm, RULES, 2);
    assert_eq!(desk.run(&["--resource", "customer", "--dry-run"]).0, Some(0));
    assert!(desk.gateway.stop().success());
    // Also where no gateway ever wrote a ledger.
    fs::remove_dir_all(desk.gateway.state().join("ledger")).expect("gone");
    assert_eq!(desk.run(&["--resource", "customer", "--dry-run"]).0, Some(0));
    assert_eq!(desk.run(&["--resource", "customer"]).0, Some(0));
    desk.gateway.restart();
    let read = |line: &str| serde_json::from_str::<Value>(line).ok().filter(|record| record["reason"] == json!("read"));
    let told = until(|| {
        let told: Vec<Value> = desk.gateway.ledger_text().lines().filter_map(read).collect();
        (told.len() == 2).then_some(told)
    });
    for (record, what) in told.iter().zip(["sudare migrate customer --dry-run", "sudare migrate customer"]) {
        assert_eq!((record["event"].as_str(), record["path"].as_str()), (Some("ledger"), Some(what)));
        assert!(record["staff"].as_str().is_some_and(|staff| staff.starts_with("os:")), "{record}");
    }
}

#[test]
fn a_kill_in_the_middle_loses_nothing() {
    const COUNT: usize = 40;
    let (crm, rows) = crm(COUNT, plain());
    let desk = desk(&crm, RULES, COUNT);
    let mut child = desk.command(&["--resource", "customer", "--rate", "50"]).spawn().expect("sudare runs");
    until(|| (lines(&desk.journal()) > 5).then_some(()));
    child.kill().expect("killed");
    child.wait().expect("ended");
    let done = lines(&desk.journal()) - 1;
    assert!(done < COUNT && is_clear(&all(&rows)), "{done}");
    // The kill may have come between two bytes of a line.
    let text = fs::read_to_string(desk.journal()).expect("a journal");
    fs::write(desk.journal(), format!("{text}{{\"id\":\"39\",\"outco")).expect("written");
    let (status, report, told) = desk.run(&["--resource", "customer"]);
    assert_eq!(status, Some(0), "{told}");
    let skipped = report["skipped"].as_u64().expect("a count");
    assert_eq!(skipped as usize, text.lines().count() - 1);
    assert!(!is_clear(&all(&rows)), "{}", all(&rows));
    assert_eq!(lines(&desk.journal()), COUNT + 1);
}

#[test]
fn what_fails_is_told_and_tried_again() {
    let ok = Arc::new(Mutex::new(false));
    let mended = Arc::clone(&ok);
    let odd: Odd = Box::new(move |request, id| {
        let fails = !*mended.lock().expect("no panic there");
        match id {
            "2" if fails && !request.0.starts_with("GET") => Some(Answer::new(500, "application/json", "{}")),
            "3" if fails => Some(Answer::new(404, "application/json", "{}")),
            _ => None,
        }
    });
    let (crm, rows) = crm(5, odd);
    let desk = desk(&crm, RULES, 5);
    // A value that is no text, and one that does not fit.
    rows.lock().expect("no panic there").get_mut("4").expect("a row")["tel"] = json!(9_012_345_678_u64);
    let long = format!("{}@example.jp", "x".repeat(300));
    rows.lock().expect("no panic there").get_mut("5").expect("a row")["mail"] = json!(long);
    let (status, report, _) = desk.run(&["--resource", "customer", "--dry-run"]);
    assert_eq!((status, &report["failed"]), (Some(1), &json!(3)), "{report}");
    assert!(report["failures"].to_string().contains("the value of `email` has no token, or a longer one"), "{report}");
    let (status, report, _) = desk.run(&["--resource", "customer"]);
    assert_eq!((status, &report["converted"], &report["failed"]), (Some(1), &json!(1), &json!(4)), "{report}");
    assert!(!is_clear(&report.to_string()) && report["failed_ids"] == json!(["2", "3", "4", "5"]), "{report}");
    *ok.lock().expect("no panic there") = true;
    *rows.lock().expect("no panic there").get_mut("4").expect("a row") = row(4);
    *rows.lock().expect("no panic there").get_mut("5").expect("a row") = row(5);
    let (status, report, _) = desk.run(&["--resource", "customer"]);
    assert_eq!((status, &report["converted"], &report["skipped"]), (Some(0), &json!(4), &json!(1)), "{report}");
    assert!(!is_clear(&all(&rows)));
}

#[test]
fn a_column_that_is_too_short_loses_no_value() {
    let rows: Arc<Mutex<String>> = Arc::new(Mutex::new(row(1).to_string()));
    let kept = Arc::clone(&rows);
    let crm = Origin::start(move |request| {
        let mut row = kept.lock().expect("no panic there");
        let body = request.0.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if request.0.starts_with("PUT") {
            let mut new: Value = serde_json::from_str(body).expect("JSON");
            let tel: String = new["tel"].as_str().expect("a text").chars().take(40).collect();
            new["tel"] = json!(tel);
            *row = new.to_string();
        }
        Answer::new(200, "application/json", &row)
    });
    let desk = desk(&crm, RULES, 3);
    let (status, report, told) = desk.run(&["--resource", "customer", "--method", "PUT"]);
    assert_eq!(
        (status, &report["failed"], &report["records"]),
        (Some(1), &json!(1), &json!(1)),
        "it stops at the first"
    );
    let note = report["failures"][0]["note"].as_str().expect("a note");
    assert!(note.contains("`phone`") && note.contains("to 40") && note.ends_with("is back"), "{note}");
    assert!(told.contains("stopped before the last record"), "{told}");
    assert_eq!(*rows.lock().expect("no panic there"), row(1).to_string(), "what stood there stands there");
}

#[test]
fn forms_and_other_resources_write_too_and_nothing_is_begun_without_a_store() {
    let (crm, rows) = crm(2, plain());
    let plain_phones = RULES.replace("\"$.phones[*].no\", ", "");
    let desk = desk(&crm, &plain_phones, 2);
    for row in rows.lock().expect("no panic there").values_mut() {
        row.as_object_mut().expect("an object").remove("phones");
    }
    let (status, report, told) = desk.run(&["--resource", "read", "--write", "customer", "--form", "--method", "POST"]);
    assert_eq!((status, &report["converted"]), (Some(0), &json!(2)), "{told}{report}");
    assert!(!is_clear(&all(&rows)), "{}", all(&rows));
    let posts = crm.asked().iter().filter(|asked| asked.starts_with("POST")).count();
    assert_eq!(posts, 2);
    for (words, status, says) in [
        (&["--resource", "nobody"][..], 2, "no resource `nobody`"),
        (&["--resource", "read"], 1, "takes no such write"),
        (&["--resource", "customer", "--header", "X: env:SUDARE_NOT_SET"], 2, "is not set"),
    ] {
        let (code, _, told) = desk.run(words);
        assert!(code == Some(status) && told.contains(says), "{words:?}: {code:?} {told}");
    }
    desk.gateway.write_rules(&RULES.replace("store:", "#:"));
    let (code, _, told) = desk.run(&["--resource", "customer"]);
    assert!(code == Some(1) && told.contains("no rule says `store:`"), "{code:?} {told}");
}

#[test]
fn a_journal_is_of_one_store_and_one_key() {
    let (crm, rows) = crm(2, plain());
    let desk = desk(&crm, RULES, 2);
    let (status, ..) = desk.run(&["--resource", "customer"]);
    assert_eq!(status, Some(0));
    let old = all(&rows);
    let mut rotate = Command::new(env!("CARGO_BIN_EXE_sudare"));
    let rotated =
        rotate.args(["keys", "--state"]).arg(desk.gateway.state()).args(["rotate", "--domain", "sudare.stored"]);
    assert!(rotated.status().expect("sudare runs").success());
    let (status, _, told) = desk.run(&["--resource", "customer"]);
    assert!(status == Some(1) && told.contains("of other rules, keys"), "{told}");
    // After a rotation the same command gives every token the newest key.
    let next = desk.folder.join("next.jsonl");
    let words = ["--resource", "customer", "--journal", next.to_str().expect("a path")];
    let (status, report, told) = desk.run(&words);
    assert_eq!((status, &report["converted"]), (Some(0), &json!(2)), "{told}");
    assert_ne!(all(&rows), old);
    assert!(!is_clear(&all(&rows)));
}
