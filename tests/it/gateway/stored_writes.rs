//! Writes into a CRM that holds tokens, in each form in which staff's tools send them.

use std::sync::Arc;

use sudare::vault::mint::KeyMint;
use sudare::vault::ring::Ring;

use super::client::{Answer, request};
use super::origin::Origin;
use super::running::Running;

const RULES: &str = r#"
sudare: 1
roles: { manager: { groups: [crm-managers] } }
fields: { customer: { person.name: [name, 氏名], phone: [tel, 電話番号], notes: [memo] } }
resources:
  - { id: form, match: "POST /customers/{id}", subject: path.id, fields: customer }
  - { id: record, match: "PUT /api/customers/{id}", subject: path.id, fields: { person.name: //name, phone: //tel } }
  - { id: import, match: "POST /import", records: "$[*]", subject: none, fields: customer }
rules: [{ for: manager, show: all }]
store: { tokenize: { person.name: opaque, phone: opaque } }
"#;

struct Desk {
    crm: Origin,
    gateway: Running,
}

impl Desk {
    fn new() -> Desk {
        let crm = Origin::start(|request| match request.path().starts_with("/api/") {
            true => Answer::new(200, "application/xml", "<done/>"),
            false => Answer::new(200, "application/json", "{}"),
        });
        let gateway = Running::start(&crm, RULES);
        Desk { crm, gateway }
    }

    /// The status, and the body that the CRM got.
    fn sends(&self, method: &str, path: &str, kind: &str, body: &str) -> (u16, String) {
        let before = self.crm.asked().len();
        let headers = [("X-Remote-User", "sato"), ("X-Remote-Groups", "crm-managers"), ("Content-Type", kind)];
        let answer = request(self.gateway.staff, method, path, &headers, body).expect("an answer");
        let got = self.crm.asked().get(before).cloned().unwrap_or_default();
        (answer.status, got.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
    }

    /// The values for which the tokens in a text stand, in their order.
    fn values(&self, text: &str) -> Vec<String> {
        let mint = KeyMint::new(Arc::new(Ring::open(&self.gateway.state().join("keys")).expect("the ring")));
        let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let tokens = text.match_indices("tok_").map(|(at, _)| text[at..].split(ends).next().unwrap_or_default());
        tokens.map(|token| mint.open(token).expect("a token of ours").value.0).collect()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn forms_in_shift_jis_hold_tokens_of_what_was_typed() {
    let desk = Desk::new();
    let send = |body: &str| desk.sends("POST", "/customers/42", FORM, body);
    let (status, got) = send("name=%8ER%93c&tel=090-1234-5678&memo=%8ER%93c&x");
    assert_eq!((status, desk.values(&got)), (200, vec!["山田".to_owned(), "090-1234-5678".to_owned()]), "{got}");
    assert!(got.ends_with("&memo=%8ER%93c&x"), "what is no token stays as it came: {got}");
    // In Shift_JIS and in EUC-JP it is another name, and nobody says which.
    let (status, got) = send("name=%BB%B3%C5%C4&tel=090-1234-5678");
    assert_eq!((status, got.as_str()), (400, ""));
    let (status, got) = send("_charset_=EUC-JP&name=%BB%B3%C5%C4&tel=090-1234-5678");
    assert_eq!((status, desk.values(&got)), (200, vec!["山田".to_owned(), "090-1234-5678".to_owned()]), "{got}");
    assert!(got.starts_with("_charset_=EUC-JP&name=tok_person.name_"), "{got}");
    let named = format!("{FORM}; charset=euc-jp");
    let (status, got) = desk.sends("POST", "/customers/42", &named, "name=%BB%B3%C5%C4");
    assert_eq!((status, desk.values(&got)), (200, vec!["山田".to_owned()]), "{got}");
    // What no reading of it could be is no charset of it.
    assert_eq!(send("_charset_=utf-8&name=%BB%B3%C5%C4").0, 400);
    assert_eq!(send("_charset_=EUC-JP&_charset_=Shift_JIS&name=%BB%B3%C5%C4").0, 400);
    // A value that is the same in both needs no word.
    let (status, got) = send("memo=%BB%B3%C5%C4&tel=090-1234-5678");
    assert_eq!((status, desk.values(&got)), (200, vec!["090-1234-5678".to_owned()]), "{got}");
    assert!(got.starts_with("memo=%BB%B3%C5%C4&tel=tok_phone_"), "{got}");
}

#[test]
fn xml_holds_tokens_in_its_own_charset() {
    let desk = Desk::new();
    let record = "<customer><id>42</id><name>山田 太郎</name><tel>090-1234-5678</tel></customer>";
    let (status, got) = desk.sends("PUT", "/api/customers/42", "application/xml", record);
    assert_eq!((status, desk.values(&got)), (200, vec!["山田 太郎".to_owned(), "090-1234-5678".to_owned()]), "{got}");
    assert!(
        got.starts_with("<customer><id>42</id><name>tok_person.name_") && got.ends_with("</tel></customer>"),
        "{got}"
    );
    let record = "<?xml version=\"1.0\" encoding=\"ISO-2022-JP\"?><customer><name>\u{1b}$B;3ED\u{1b}(B</name><memo>\u{1b}$B;3ED\u{1b}(B</memo></customer>";
    let (status, got) = desk.sends("PUT", "/api/customers/42", "application/xml", record);
    assert_eq!((status, desk.values(&got)), (200, vec!["山田".to_owned()]), "{got}");
    assert!(got.contains("<memo>\u{1b}$B;3ED\u{1b}(B</memo>"), "{got}");
}

#[test]
fn forms_in_parts_hold_tokens() {
    let desk = Desk::new();
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!("{}{}{}--b--\r\n", part("name", "山田 太郎"), part("tel", "090-1234-5678"), part("memo", "met"));
    let (status, got) = desk.sends("POST", "/customers/42", "multipart/form-data; boundary=b", &body);
    assert_eq!((status, desk.values(&got)), (200, vec!["山田 太郎".to_owned(), "090-1234-5678".to_owned()]), "{got}");
    assert!(got.ends_with(&format!("{}--b--\r\n", part("memo", "met"))), "{got}");
}

#[test]
fn tables_hold_tokens() {
    let desk = Desk::new();
    let table = "番号,氏名,電話番号\n1,山田 太郎,090-1234-5678\n2,\"佐藤, 花子\",03-1234-5678\n";
    let (status, got) = desk.sends("POST", "/import", "text/csv; charset=utf-8", table);
    let values = ["山田 太郎", "090-1234-5678", "佐藤, 花子", "03-1234-5678"].map(str::to_owned);
    assert_eq!((status, desk.values(&got)), (200, values.to_vec()), "{got}");
    assert!(got.starts_with("番号,氏名,電話番号\n1,tok_") && got.lines().count() == 3, "{got}");
    let lines = "{\"name\":\"山田 太郎\"}\n{\"name\":\"佐藤 花子\",\"plan\":1}\n";
    let (status, got) = desk.sends("POST", "/import", "application/x-ndjson", lines);
    assert_eq!((status, desk.values(&got)), (200, vec!["山田 太郎".to_owned(), "佐藤 花子".to_owned()]), "{got}");
}
