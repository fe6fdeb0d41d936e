//! Forms that bring along what their page was given: whatever stands in a page, whatever of it is veiled and whatever
//! staff types, each field of the CRM is afterwards what staff typed where staff typed, and the original elsewhere; and
//! nothing of it can be read on the way.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sudare::policy::Policy;
use sudare::serve::exchange::dry::Got;

use super::{got, restored};
use crate::exchange::run::policy;

const RULES: &str = r#"
sudare: 1
roles: { masks: a, tokens: b, removes: c, coarse: d, sees: e, formats: f, takes: g, locked: h }
fields:
  customer:
    person.name: [name]
    phone: [tel, "tel[]"]
    email: [mail]
    notes: [memo]
    birth_date: ["css:#q@value"]
    address: [place]
resources:
  - { id: page, match: "GET /c/{id}", subject: path.id, fields: [{ at: name, is: person.name, optional: true }, { at: tel, is: phone, optional: true }, { at: "tel[]", is: phone, optional: true }, { at: mail, is: email, optional: true }, { at: memo, is: notes, optional: true }, { at: "css:#q@value", is: birth_date, optional: true }, { at: place, is: address, optional: true }] }
  - { id: save, match: "POST /save", subject: none, fields: customer, restore: true }
  - { id: other, match: "POST /other", subject: none, fields: customer, restore: true }
rules:
  - { id: masks-1, for: masks, mask: { person.name: initial, phone: last4, email: domain, notes: full, birth_date: full, address: prefecture } }
  - { id: tokens-1, for: tokens, tokenize: [person.name, phone, email], hash: [address], mask: [notes, birth_date] }
  - { id: removes-1, for: removes, remove: [all] }
  - { id: coarse-1, for: coarse, generalize: { birth_date: year }, mask: [person.name, contact, notes, location] }
  - { id: formats-1, for: formats, show: [person.name, notes, birth_date, address], tokenize: { phone: format, email: opaque } }
  - { id: sees-1, for: sees, show: [all] }
  - { id: takes-1, for: takes, show: [birth_date, email], mask: { address: full }, remove: [person.name, phone, notes] }
  - { id: locked-1, for: locked, show: [all] }
  - { id: locked-2, for: locked, readonly: [phone, email] }
"#;

const ROLES: [&str; 6] = ["masks", "tokens", "removes", "coarse", "formats", "takes"];

/// The tag around a seal.
const BEGIN: &str = "<input type=\"hidden\" name=\"sudare-seal\" value=\"";

fn rules() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| policy(RULES))
}

/// The seals in a page, in their order.
pub fn seals(page: &[u8]) -> Vec<String> {
    let page = String::from_utf8_lossy(page).into_owned();
    page.split(BEGIN).skip(1).map(|rest| rest.split('"').next().expect("its end").to_owned()).collect()
}

/// A page as if its forms had no seals.
fn without_seals(page: &str) -> String {
    let mut parts = page.split(BEGIN);
    let first = parts.next().expect("a beginning").to_owned();
    parts.fold(first, |all, rest| all + rest.split_once("\">").expect("its end").1)
}

/// A control's name, sort and what the CRM holds.
type Control = (&'static str, &'static str, String);

fn control() -> impl Strategy<Value = Control> {
    let text = select(vec![
        "山田 太郎",
        "090-1234-5678",
        "call 090-1234-5678 today",
        "taro@example.jp",
        "東京都世田谷区1-2-3",
        "1985-03-04",
        "a & <b> \"c\"",
        "",
        "****",
        "x",
    ]);
    let name = select(vec!["name", "tel", "mail", "memo", "q", "place", "plan", "tel[]", "tel[]", "lang"]);
    (name, select(vec!["text", "hidden", "textarea", "select"]), text.prop_map(str::to_owned))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// A page with a form; the controls of one name but `tel[]` are one.
fn page(id: u32, controls: &[Control]) -> String {
    let control = |(name, sort, value): &Control| {
        let value = escaped(value);
        match *sort {
            "textarea" => format!("<textarea name=\"{name}\">\n{value}</textarea>"),
            "select" => format!(
                "<select name=\"{name}\"><option value=\"{value}\" selected>a</option><option value=\"other\">b</option></select>"
            ),
            sort => format!("<input type=\"{sort}\" name=\"{name}\" id=\"{name}\" value=\"{value}\">"),
        }
    };
    let controls: String = controls.iter().map(control).collect();
    format!(
        "<p>x</p><form action=\"/save\" method=\"post\"><input type=\"hidden\" name=\"id\" value=\"{id}\">{controls}<button>Save</button></form>"
    )
}

fn once(controls: Vec<Control>) -> Vec<Control> {
    let mut seen = std::collections::BTreeSet::new();
    controls.into_iter().filter(|(name, _, _)| *name == "tel[]" || seen.insert(*name)).collect()
}

fn open(role: &str, target: &str, page: &str) -> Got {
    let request = Request::get(target).header("host", "crm").body(Bytes::new()).expect("a request");
    let answer = Response::builder().header("content-type", "text/html; charset=utf-8");
    let got = got(rules(), role, request, answer.body(Bytes::from(page.to_owned())).expect("an answer"));
    assert!(got.refusal.is_none(), "{:?}", got.refusal);
    got
}

/// The fields of the page's form as a browser would send them: every control here has a value of its own.
fn sent(page: &str) -> Vec<(String, String)> {
    let plain = |text: &str| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&amp;", "&");
    let mut all = Vec::new();
    for part in page.split(" name=\"").skip(1) {
        let (name, rest) = part.split_once('"').expect("a name");
        let value = match rest.strip_prefix(">\n") {
            Some(text) => text.split("</textarea>").next(),
            None => rest.split("value=\"").nth(1).and_then(|value| value.split('"').next()),
        };
        all.push((name.to_owned(), plain(value.expect("a value"))));
    }
    all
}

fn written(text: &str) -> String {
    let byte =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}

fn post(role: &str, target: &str, fields: &[(String, String)]) -> Got {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", written_name(name), written(value))).collect();
    let request = Request::post(target).header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("host", "crm").body(Bytes::from(body.join("&"))).expect("a request");
    let nothing = Response::builder().status(404).body(Bytes::new()).expect("an answer");
    restored(rules(), role, request, nothing)
}

fn written_name(name: &str) -> String {
    if name == "sudare-seal" { name.to_owned() } else { written(name) }
}

fn read(body: &[u8]) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().expect("UTF-8").into_owned()
    };
    let body = std::str::from_utf8(body).expect("ASCII");
    body.split('&').map(|part| part.split_once('=').expect("a field")).map(|(n, v)| (decoded(n), decoded(v))).collect()
}

/// Whether controls of one name could be taken for one another: then nothing is saved.
fn is_in_doubt(fields: &[(String, String)]) -> bool {
    fields.iter().filter(|(name, _)| name == "tel[]").count() > 1
}

#[test]
fn a_form_gets_a_seal_where_it_is_clear_where_it_leads_and_whose_it_is() {
    let tel = "<input name=\"tel\" value=\"090-1234-5678\">";
    let id = "<input type=\"hidden\" name=\"id\" value=\"42\">";
    let form = |tag: &str, inside: &str| format!("<form {tag}>{id}{inside}</form>");
    let plain = "action=\"/save\" method=\"post\"";
    let many: String = (0..3000).map(|at| format!("<input name=\"tel[]\" value=\"090-1234-{at:04}\">")).collect();
    for (why, page, count) in [
        ("it is plain", form(plain, tel), 1),
        ("its address is absolute", form("action=\"http://crm/save\" method=POST", tel), 1),
        ("it is sent in parts", form(&format!("{plain} enctype=\"multipart/form-data\""), tel), 1),
        ("there are two", form(plain, tel).repeat(2), 2),
        ("all of it is in clear", form(plain, "<input name=\"plan\" value=\"gold\">"), 0),
        ("it asks", form("action=\"/save\"", tel), 0),
        ("it leads where no veil goes home", form("action=\"/c/42\" method=\"post\"", tel), 0),
        ("it leads to another site", form("action=\"http://other/save\" method=\"post\"", tel), 0),
        ("its page has a base", format!("<base href=\"//other/\">{}", form(plain, tel)), 0),
        ("it is sent as text", form(&format!("{plain} enctype=\"text/plain\""), tel), 0),
        ("it is sent in another charset", form(&format!("{plain} accept-charset=\"euc-jp\""), tel), 0),
        ("a button leads elsewhere", form(plain, &format!("{tel}<button formaction=\"/x\">x</button>")), 0),
        ("it does not end", format!("<form {plain}>{id}{tel}"), 0),
        ("nothing says whose it is", format!("<form {plain}>{tel}</form>"), 0),
        ("a control is of none", form(plain, tel) + "<input form=\"f\" name=\"x\">", 1),
        (
            "a control may be of another form",
            form(&format!("{plain} id=\"f\""), tel) + "<input form=\"f\" name=\"x\"><b id=\"f\"></b>",
            0,
        ),
        ("it has one already", form(plain, &format!("{tel}<input name=\"sudare-seal\" value=\"x\">")), 0),
        ("it is too long", form(plain, &many), 0),
    ] {
        assert_eq!(seals(&open("masks", "/c/42", &page).body).len(), count, "{why}");
    }
    let plan = "<input name=\"plan\" value=\"gold\">";
    for (role, why, inside, count) in [
        ("sees", "all of it is in clear", format!("{tel}{plan}"), 0),
        (
            "sees",
            "stars that are the record's own could be a veil",
            "<textarea name=\"memo\">****</textarea>".into(),
            1,
        ),
        ("locked", "nobody could say that it was not changed", tel.to_owned(), 1),
        ("locked", "nothing of it may not be changed", plan.to_owned(), 0),
        ("takes", "a rule takes something out of it", tel.to_owned(), 1),
        ("takes", "without one it would say that nothing was taken out", plan.to_owned(), 1),
    ] {
        assert_eq!(seals(&open(role, "/c/42", &form(plain, &inside)).body).len(), count, "{role}: {why}");
    }
    let page = form(plain, tel);
    let request = Request::get("/c/42").header("host", "crm").body(Bytes::new()).expect("a request");
    let answer = Response::builder().status(404).header("content-type", "text/html; charset=utf-8");
    let got = got(rules(), "masks", request, answer.body(Bytes::from(page)).expect("an answer"));
    assert!(got.refusal.is_none() && seals(&got.body).is_empty(), "only a page that is there has seals");
}

/// What staff sees of two pages is the same, and so is how long what comes along with it is.
#[test]
fn how_long_a_seal_is_hangs_on_what_staff_sees() {
    let long = "住".repeat(20);
    for (role, name, values) in [
        ("takes", "tel", &["", "090-1234-5678", "03-1111-2222"][..]),
        ("takes", "memo", &["", "x", &long]),
        ("masks", "memo", &["x", "妻の会社へ", "****", &long]),
        ("masks", "tel", &["090-1234-5678", "080-1111-5678"]),
    ] {
        for filling in (0..80).step_by(6) {
            let lengths = values.iter().map(|value| {
                let controls = [(name, "text", (*value).to_owned()), ("mail", "text", "x".repeat(filling))];
                let seen = open(role, "/c/42", &page(42, &controls)).body;
                let [seal] = &seals(&seen)[..] else { panic!("{role} {name} {value}: no seal") };
                (seal.len(), without_seals(&String::from_utf8(seen).expect("UTF-8")))
            });
            let all: std::collections::BTreeSet<_> = lengths.collect();
            assert_eq!(all.len(), 1, "{role} {name} beside {filling}: {all:?}");
        }
    }
}

/// Whether something went home must not hang on whether there was something: who names another record beside a field that
/// a rule takes out is refused either way.
#[test]
fn what_a_rule_takes_out_does_not_tell_whether_it_is_there() {
    for sent in [&["", "43"][..], &["43"]] {
        let told = ["", "090-1234-5678"].map(|tel| {
            let seen = open("takes", "/c/42", &page(42, &[("tel", "text", tel.to_owned())])).body;
            let mut fields = vec![("id".to_owned(), sent[sent.len() - 1].to_owned())];
            fields.extend((sent.len() > 1).then(|| ("tel".to_owned(), String::new())));
            fields.push(("sudare-seal".to_owned(), seals(&seen)[0].clone()));
            post("takes", "/save", &fields).refusal.map(|refusal| (refusal.reason.word(), refusal.note.clone()))
        });
        assert_eq!(told[0], told[1], "{sent:?}");
        assert!(told[0].is_some(), "{sent:?}");
    }
}

proptest! {
    #![proptest_config(super::proven(400))]

    #[test]
    fn what_staff_leaves_is_what_it_was_and_what_they_type_is_theirs(
        controls in vec(control(), 1..7).prop_map(once),
        edits in vec((any::<Index>(), select(vec!["silver", "03-3333-4444", "neu@example.org", "田中 次郎"])), 0..3),
        role in select(ROLES.to_vec()),
    ) {
        let real = page(42, &controls);
        let got = open(role, "/c/42", &real);
        let seen = String::from_utf8(got.body).expect("UTF-8");
        let issued = seals(seen.as_bytes());
        prop_assume!(!issued.is_empty());
        prop_assert_eq!(issued.len(), 1);
        let mut fields = sent(&seen);
        let mut expected = sent(&real);
        // The seal stands last, as in the page.
        prop_assert_eq!(fields.len(), expected.len() + 1);
        for (at, text) in edits {
            let at = at.index(expected.len());
            // Where tokens look like values, no other value is taken in their own field.
            let has_likeness = role == "formats" && expected[at].0.starts_with("tel");
            if expected[at].0 != "id" && !has_likeness {
                fields[at].1 = text.to_owned();
                expected[at].1 = text.to_owned();
            }
        }
        let got = post(role, "/save", &fields);
        match &got.refusal {
            Some(refusal) => {
                prop_assert_eq!(refusal.reason.word(), "veil");
                prop_assert!(is_in_doubt(&expected), "{:?} of {}", refusal, seen);
            }
            None => prop_assert_eq!(read(&got.forwarded), expected, "of {}", seen),
        }
    }

    #[test]
    fn a_seal_changes_nothing_else_of_a_page_and_tells_nothing(
        controls in vec(control(), 1..7).prop_map(once),
        role in select(ROLES.to_vec()),
    ) {
        let real = page(42, &controls);
        let seen = String::from_utf8(open(role, "/c/42", &real).body).expect("UTF-8");
        let plain = page(42, &controls).replace("method=\"post\"", "method=\"get_\"");
        let plain = String::from_utf8(open(role, "/c/42", &plain).body).expect("UTF-8");
        prop_assert_eq!(without_seals(&seen), plain.replace("method=\"get_\"", "method=\"post\""));
        for seal in seals(seen.as_bytes()) {
            let bytes = data_encoding::BASE64URL_NOPAD.decode(seal.as_bytes()).expect("base64");
            for (_, _, value) in controls.iter().filter(|(_, _, value)| value.len() > 3) {
                prop_assert!(!bytes.windows(value.len()).any(|window| window == value.as_bytes()));
            }
        }
    }

    #[test]
    fn who_sees_all_gets_the_crms_own_page(controls in vec(control(), 1..7).prop_map(once)) {
        let real = page(42, &controls);
        let seen = String::from_utf8(open("sees", "/c/42", &real).body).expect("UTF-8");
        // But for stars, which could be a veil when they come back.
        let stars = controls.iter().any(|(_, _, value)| value == "****");
        prop_assert_eq!(seals(seen.as_bytes()).len(), usize::from(stars));
        prop_assert_eq!(without_seals(&seen), real);
    }

    #[test]
    fn a_veil_that_is_moved_becomes_nothing_but_the_original_of_where_it_stands(
        controls in vec(control(), 1..7).prop_map(once),
        moves in vec((any::<Index>(), any::<Index>()), 1..4),
        role in select(ROLES.to_vec()),
    ) {
        let real = page(42, &controls);
        let seen = String::from_utf8(open(role, "/c/42", &real).body).expect("UTF-8");
        prop_assume!(!seals(seen.as_bytes()).is_empty());
        let mut fields = sent(&seen);
        let (originals, last) = (sent(&real), fields.len() - 1);
        for (from, to) in moves {
            let (from, to) = (from.index(last), to.index(last));
            fields[to].1 = fields[from].1.clone();
        }
        let got = post(role, "/save", &fields);
        if got.refusal.is_none() {
            for (at, (name, value)) in read(&got.forwarded).iter().enumerate() {
                let own = originals.iter().any(|(other, original)| other == name && original == value);
                prop_assert!(*value == fields[at].1 || own, "{name} is {value:?} of {seen}");
            }
        }
    }

    #[test]
    fn a_seal_opens_for_its_own_form_and_person_alone(
        controls in vec(control(), 1..7).prop_map(once),
        role in select(ROLES.to_vec()),
        how in 0usize..6,
        bit in any::<Index>(),
    ) {
        let seen = String::from_utf8(open(role, "/c/42", &page(42, &controls)).body).expect("UTF-8");
        let other = String::from_utf8(open(role, "/c/43", &page(43, &controls)).body).expect("UTF-8");
        let (issued, others) = (seals(seen.as_bytes()), seals(other.as_bytes()));
        prop_assume!(!issued.is_empty());
        let mut fields = sent(&seen);
        let last = fields.len() - 1;
        let (mut who, mut target) = (role.to_owned(), "/save");
        match how {
            0 => who = format!("{role}/sato"),
            1 => target = "/other",
            2 => target = "/save?id=42",
            // Another record's form, with this one's seal, and the other way round.
            3 => {
                let at = fields.iter().position(|(name, _)| name == "id").expect("an id");
                fields[at].1 = "43".to_owned();
            }
            4 => fields[last].1 = others[0].clone(),
            _ => {
                let at = bit.index(fields[last].1.len() - 1);
                let other = if &fields[last].1[at..=at] == "A" { "B" } else { "A" };
                fields[last].1.replace_range(at..=at, other);
            }
        }
        let got = post(&who, target, &fields);
        match &got.refusal {
            Some(refusal) => prop_assert_eq!(refusal.reason.word(), "veil"),
            // All of it is staff's own: nothing goes home.
            None => {
                fields.pop();
                prop_assert!(how == 3, "a seal of another form or person");
                prop_assert_eq!(read(&got.forwarded), fields);
            }
        }
    }
}
