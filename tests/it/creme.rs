//! A real CRM behind the gateway: Creme, with its own HTML, scripts, JSON, CSV and sessions.
//!
//! Three roles do what staff do all day (log in, list, open, search, sort, edit, export); every byte
//! that they get is searched for every seeded value that their role must not see, in all spellings.
//! What a role that sees everything gets is the CRM's own bytes. All of it is done twice, on the stages
//! of `creme/stage.rs`. `creme/crm.rs` says when these tests are skipped.

pub mod browser;
mod client;
mod crawl;
pub mod crm;
mod gateway;
pub mod leak;
mod page;
pub mod record;
mod scene;
mod stage;
mod walk;

use std::collections::BTreeSet;

use encoding_rs::{SHIFT_JIS, UTF_8};

use self::browser::Browser;
use self::client::{Answer, encode, form};
use self::crawl::crawl;
use self::gateway::{ANALYST, MANAGER, SUPPORT};
use self::leak::member;
use self::record::{MEMBERS, kinds_of, subject_ids};
use self::scene::{CONTACT, EVERYTHING, Scene};
use self::stage::{Stage, Way};
use self::walk::walk;

/// The CRM's list of contacts.
const LIST: &str = "/persons/contacts";
/// How many pages are opened by following links.
const PAGES: usize = 90;
/// A filter that asks for the first letters of an e-mail address.
const ORACLE: &str = r#"{"op":"AND","val":[["email__startswith","c0"]]}"#;

/// Each test on a stage of its own.
macro_rules! on_both_stages {
    ($($test:ident),* $(,)?) => {
        mod plain {
            $(#[test] fn $test() { super::$test(super::Stage::Plain); })*
        }
        mod hard {
            $(#[test] fn $test() { super::$test(super::Stage::Hard); })*
        }
    };
}

on_both_stages! {
    each_role_gets_its_own_view_of_every_page,
    pages_that_links_lead_to_hold_no_veiled_value,
    who_sees_everything_gets_the_crms_own_bytes,
    a_veiled_value_may_be_looked_for_whole,
    questions_that_would_read_veiled_values_out_are_refused,
    an_edit_stores_what_staff_wrote_and_never_a_veil,
    what_cannot_be_read_is_refused,
    a_card_is_a_record,
    who_is_nobody_gets_the_log_in_alone,
    the_ledger_says_who_saw_whom_and_how,
    pages_work_in_a_browser,
}

fn each_role_gets_its_own_view_of_every_page(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    for (staff, veiled) in [(SUPPORT, &CONTACT[..]), (ANALYST, &EVERYTHING[..])] {
        let needles = scene.needles(veiled);
        let mut client = scene.staff(staff);
        for path in scene.pages() {
            let answer = client.get(&path);
            assert_eq!(answer.status, 200, "{path} as {}: {:?}", staff.user, answer.header("sudare-refusal"));
            needles.none_in(&format!("{path} as {}", staff.user), &answer.whole());
        }
    }
    // "Fulbert Creme" stands in the list; hidden from the analyst, he must not take the links along.
    let list = scene.staff(ANALYST).get("/persons/contacts").text();
    expect_all(&list, &["/creme_core/entity/trash", "/creme_logout", r#"widget="ui-creme-listview""#]);
    let mut support = scene.staff(SUPPORT);
    let answer = support.get("/persons/contacts");
    speaks(&scene, &answer);
    let list = answer.text();
    assert_eq!(list.matches(r#"name="entity_id""#).count(), 25, "the list has its rows");
    expect_all(
        &list,
        &["O&#x27;Brien", "***-****-0100", "****@example.com", r#"data-total-count="63""#, "Sort by Phone"],
    );
    let record = support.get(&format!("/persons/contact/{}", scene.id(1))).text();
    expect_all(&record, &["花音 𠮷岡", "***-****-1001", "***-****-2001", "****@example.jp", "Birthday"]);
    let edit = support.get(&format!("/persons/contact/edit/{}", scene.id(0))).text();
    assert_eq!(page::input(&edit, "last_name").as_deref(), Some("O'Brien"));
    assert_eq!(page::input(&edit, "phone").as_deref(), Some("***-****-0100"));
    let export = support.get(&scene.export("csv"));
    assert_eq!(export.text().lines().count(), 64, "a heading and all contacts");
    expect_all(
        &export.text(),
        &[r#""Last name","First name","Phone","Email address""#, r#""***-****-1003""#, "Quarrystone Mutual Ltd"],
    );

    scene.end();
}

fn pages_that_links_lead_to_hold_no_veiled_value(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let needles = scene.needles(&EVERYTHING);
    let mut analyst = scene.staff(ANALYST);
    let from = ["/persons/contacts", "/persons/contact/14", "/my_page", "/creme_core/header_filter/add/98"];
    let mut shown = 0;
    let opened = crawl(&mut analyst, &from, PAGES, |path, answer| {
        needles.none_in(path, &answer.whole());
        shown += usize::from(answer.status == 200);
        // What the CRM itself refuses or does not know counts as read.
        assert!(answer.status != 502 || path.starts_with("/vcfs/"), "{path}: {:?}", answer.header("sudare-refusal"));
    });
    assert!(opened == PAGES && shown > PAGES / 2, "{shown} pages of {opened}");
    scene.end();
}

fn who_sees_everything_gets_the_crms_own_bytes(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let mut manager = scene.staff(MANAGER);
    let mut direct = manager.at(scene.crm.address);
    for path in scene.pages() {
        // The page of a contact is in the menu of recent ones only from the second look on.
        direct.get(&path);
        let (through, own) = (manager.get(&path), direct.get(&path));
        assert_eq!((through.status, own.status), (200, 200), "{path}: {:?}", through.header("sudare-refusal"));
        let (through, own) = (without_tokens(&through.body), without_tokens(&own.body));
        assert!(through == own, "{path} differs: {}", first_difference(&through, &own));
    }
    scene.end();
}

fn a_veiled_value_may_be_looked_for_whole(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let mut support = scene.staff(SUPPORT);
    let plain = support.post(LIST, &reload(&scene, &[]));
    assert_eq!((plain.status, total(&plain)), (200, Some(63)), "{:?}", plain.header("sudare-refusal"));
    scene.needles(&CONTACT).none_in("the list's reload", &plain.whole());

    let email = member(&scene.people[1], "email");
    let phone = member(&scene.people[1], "phone");
    for (name, value) in [("search-regular_field-email", email), ("search-regular_field-phone", phone)] {
        let found = support.post(LIST, &reload(&scene, &[(name, value)]));
        assert_eq!((found.status, total(&found)), (200, Some(1)), "{name}: {:?}", found.header("sudare-refusal"));
        expect_all(&found.text(), &["𠮷岡", "***-****-1001", "****@example.jp"]);
        scene.needles(&CONTACT).without(value).none_in(name, &found.whole());
        let cleared = support.post(LIST, &reload(&scene, &[]));
        assert_eq!(total(&cleared), Some(63), "the search is over");
    }
    let query = encode(&form(&[("value", email)]));
    let light = support.get_as_script(&format!("/creme_core/search/light?{query}"));
    assert_eq!(light.status, 200, "a whole address: {:?}", light.header("sudare-refusal"));
    scene.needles(&CONTACT).without(email).none_in("suggestions", &light.whole());

    // A name that support sees may be looked for by its beginning, in the letters of the page.
    let named = scene.people.iter().filter(|person| member(person, "family").starts_with('髙')).count();
    let found = support.post(LIST, &reload(&scene, &[("search-regular_field-last_name", "髙")]));
    assert_eq!((found.status, total(&found)), (200, u32::try_from(named).ok()), "{:?}", found.header("sudare-refusal"));
    expect_all(&found.text(), &["髙柳"]);
    scene.end();
}

fn questions_that_would_read_veiled_values_out_are_refused(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let escaped = ORACLE.replace("email", r"\u0065mail");
    let forms = [
        reload(&scene, &[("search-regular_field-email", "c001")]),
        reload(&scene, &[("search-regular_field-phone", "03-0000")]),
        reload(&scene, &[("sort_key", "regular_field-phone")]),
        reload(&scene, &[("q_filter", ORACLE)]),
        reload(&scene, &[("q_filter", &escaped)]),
    ];
    let export = scene.export("csv");
    let paths = [
        format!("{LIST}?search-regular_field-phone=03-0000"),
        format!("{LIST}?sort_key=regular_field-email&sort_order=DESC"),
        format!("{LIST}?{}", encode(&form(&[("q_filter", ORACLE)]))),
        format!("{export}&sort_key=regular_field-phone&sort_order=ASC"),
        format!("{export}&{}", encode(&form(&[("extra_q", ORACLE)]))),
        "/creme_core/search?search=c001".to_owned(),
        "/creme_core/search/light?value=c001".to_owned(),
        "/creme_core/entity/search_n_view?models=persons-contact&fields=phone&value=03-00".to_owned(),
    ];
    let mut support = scene.staff(SUPPORT);
    for fields in &forms {
        is_refused(&support.post(LIST, fields), 403, &encode(fields));
    }
    for path in &paths {
        is_refused(&support.get_as_script(path), 403, path);
    }

    // Who sees the kinds may ask what they like.
    let mut manager = scene.staff(MANAGER);
    for (fields, contacts) in forms.iter().zip([1, 15, 63, 30, 30]) {
        let answer = manager.post(LIST, fields);
        assert_eq!((answer.status, total(&answer)), (200, Some(contacts)), "{}", encode(fields));
    }
    let records = scene.gateway.ledger();
    let refusals = records.iter().filter(|record| record["event"] == "refused" && record["status"] == 403);
    assert_eq!(refusals.count(), forms.len() + paths.len(), "each refusal is in the ledger");
    scene.end();
}

fn an_edit_stores_what_staff_wrote_and_never_a_veil(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let id = scene.id(0);
    let edit = format!("/persons/contact/edit/{id}");
    let stored = || {
        scene.crm.cell(&format!(
            "select c.last_name, c.first_name, c.phone, c.mobile, c.email, c.birthday, c.full_position, e.description, a.address, a.zipcode \
             from persons_contact c join creme_core_cremeentity e on e.id = c.cremeentity_ptr_id \
             join persons_address a on a.id = c.billing_address_id where e.id = {id}"
        ))
    };
    let before = stored();
    assert!(before.starts_with("O'Brien|Abigail|(503) 555-0100|"), "the seeded customer is there");

    // The form goes back with veils in it: what staff did not see stays as it was, and what they typed is saved.
    for (staff, typed) in [(SUPPORT, "Head of support"), (ANALYST, "Head of numbers")] {
        let mut client = scene.staff(staff);
        let shown = page::form(&client.get(&edit).text());
        assert_ne!(page::field(&shown, "phone"), "(503) 555-0100");
        // Also where a rule takes fields out of the page: all forms have one then.
        let is_sealed = shown.iter().any(|(name, value)| name == "sudare-seal" && !value.is_empty());
        assert!(is_sealed, "what was veiled goes along with the form of {}", staff.user);
        // A veil of another field, and of nobody, is refused, and nothing is stored.
        for veil in [page::field(&shown, "phone"), "***-****-9999"].into_iter().filter(|veil| !veil.is_empty()) {
            let answer = client.post(&edit, &page::with(shown.clone(), "full_position", veil));
            is_refused(&answer, 409, staff.user);
        }
        let answer = client.post(&edit, &page::with(shown, "full_position", typed));
        assert_eq!(answer.status, 302, "{}: {:?}", staff.user, answer.header("sudare-refusal"));
        assert_eq!(stored(), before.replace("1972-02-06|", &format!("1972-02-06|{typed}")), "{}", staff.user);
    }

    // A form without veils: one field in a popup.
    let mut support = scene.staff(SUPPORT);
    let inner = format!("/creme_core/entity/edit/inner/{}/{id}?cell=regular_field-full_position", scene.contact_type);
    let popup = page::form(&support.get_as_script(&inner).text());
    let answer = support.post(&inner, &page::with(popup, "full_position", "Head of testing"));
    assert_eq!(answer.status, 200, "one unveiled field: {:?}", answer.header("sudare-refusal"));
    assert_eq!(stored(), before.replace("1972-02-06|", "1972-02-06|Head of testing"), "that field alone has changed");

    // The manager sees everything in clear, so the whole form goes through.
    let mut manager = scene.staff(MANAGER);
    let shown = page::form(&manager.get(&edit).text());
    assert_eq!(page::field(&shown, "phone"), "(503) 555-0100");
    assert!(shown.iter().all(|(name, _)| name != "sudare-seal"), "who sees all gets the CRM's own form");
    let answer = manager.post(&edit, &page::with(shown, "full_position", "Head of 髙﨑 & Sons"));
    assert_eq!(answer.status, 302, "{:?}", answer.header("sudare-refusal"));
    assert_eq!(stored(), before.replace("1972-02-06|", "1972-02-06|Head of 髙﨑 & Sons"));

    // The history block quotes the change; it is free text and veiled for who may not read such.
    let history = format!("/creme_core/bricks/reload/detailview/{id}?brick_id=regular-creme_core-history");
    scene.needles(&CONTACT).none_in("the history", &support.get_as_script(&history).whole());

    let records = scene.gateway.ledger();
    let writes: Vec<_> =
        records.iter().filter(|record| record["event"] == "write" && record["outcome"] == "forwarded").collect();
    assert!(
        writes
            .iter()
            .any(|record| record["staff"] == scene.recorded(MANAGER) && subject_ids(record).contains(&id.to_string()))
    );
    scene.end();
}

fn what_cannot_be_read_is_refused(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let mut manager = scene.staff(MANAGER);
    for format in ["xls", "xlsx"] {
        let answer = manager.get(&scene.export(format));
        assert_eq!(answer.status, 302, "Creme answers with a redirect to a download");
        let download = answer.header("location").expect("a place").to_owned();
        is_refused(&manager.get(&download), 502, format);
    }
    scene.end();
}

fn a_card_is_a_record(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let path = format!("/vcfs/{}/generate_vcf", scene.id(1));
    let whole = scene.staff(MANAGER).get(&path);
    assert_eq!(whole.status, 200, "{:?}", whole.header("sudare-refusal"));
    expect_all(&whole.text(), &["BEGIN:VCARD", "花音", "03-0000-1001", "c001.desk@example.jp"]);
    for (staff, veiled) in [(SUPPORT, &CONTACT[..]), (ANALYST, &EVERYTHING[..])] {
        let card = scene.staff(staff).get(&path);
        assert_eq!(card.status, 200, "{:?}", card.header("sudare-refusal"));
        expect_all(&card.text(), &["BEGIN:VCARD", "END:VCARD"]);
        // The head calls the file by the family name.
        scene.needles(veiled).none_in(&format!("the card as {}", staff.user), &card.whole());
    }
    let records = scene.gateway.ledger();
    let exports = records.iter().filter(|record| record["event"] == "export");
    assert_eq!(exports.filter(|record| subject_ids(record) == [scene.id(1).to_string()]).count(), 3);
    scene.end();
}

fn who_is_nobody_gets_the_log_in_alone(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let mut nobody = scene.gateway.stranger(&[]);
    assert_eq!(nobody.get("/persons/contacts").status, 401);
    let page = match scene.way() {
        Way::Plain => scene.staff(MANAGER).at(scene.crm.address).get("/creme_login"),
        Way::Hard(_) => nobody.get("/creme_login"),
    };
    // The log-in page has its styles before anybody is known.
    let styles: Vec<String> = page::sources(&page.text());
    assert!(!styles.is_empty(), "{} {}", page.status, page.text());
    for path in styles {
        let answer = nobody.get(&path);
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.header("sudare-refusal"));
    }
    match scene.way() {
        Way::Plain => {
            let headers = [("X-Remote-User", "mallory"), ("X-Remote-Groups", "visitors")];
            assert_eq!(scene.gateway.stranger(&headers).get("/persons/contacts").status, 403);
        }
        Way::Hard(_) => {
            let token = page::input(&page.text(), "csrfmiddlewaretoken").expect("a log-in form");
            let fields = [("csrfmiddlewaretoken", token.as_str()), ("username", "root"), ("password", "wrong")];
            assert_eq!(nobody.post("/creme_login", &form(&fields)).status, 200, "the CRM asks again");
            assert_eq!(nobody.get("/persons/contacts").status, 401, "a wrong password binds nothing");
            // A name in a header is nobody's word here.
            assert_eq!(scene.gateway.stranger(&[("X-Remote-User", "sato")]).get("/persons/contacts").status, 401);
            let mut manager = scene.staff(MANAGER);
            assert_eq!(manager.get("/persons/contacts").status, 200);
            manager.post("/creme_logout", &[]);
            assert_eq!(manager.get("/persons/contacts").status, 401, "the log-out unbinds");
        }
    }
    scene.end();
}

fn the_ledger_says_who_saw_whom_and_how(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    let id = scene.id(1).to_string();
    let mut requests = Vec::new();
    for staff in [SUPPORT, MANAGER, ANALYST] {
        let mut client = scene.staff(staff);
        let record = client.get(&format!("/persons/contact/{id}"));
        let list = client.get("/persons/contacts");
        let export = client.get(&scene.export("csv"));
        requests.push((staff, [record, list, export].map(|answer| request_id(&answer))));
    }
    let records = scene.gateway.ledger();
    for record in &records {
        for member in MEMBERS {
            assert!(record.get(member).is_some(), "a record without `{member}`: {record}");
        }
    }
    let actions = [("show", "mask"), ("show", "show"), ("hash", "remove")];
    for ((staff, [contact, list, export]), (name, phone)) in requests.into_iter().zip(actions) {
        let of = |request: &str| records.iter().filter(|record| record["request"] == request).collect::<Vec<_>>();
        let seen = of(&contact);
        assert!(!seen.is_empty(), "the record page as {} is in the ledger", staff.user);
        assert!(seen.iter().all(|record| record["staff"] == scene.recorded(staff) && record["client"] == "127.0.0.1"));
        assert!(
            seen.iter()
                .any(|record| record["event"] == "view" && record["status"] == 200 && record["outcome"] == "released")
        );
        let kinds = kinds_of(&seen, &id);
        for wanted in [("person.name", name), ("phone", phone)] {
            assert!(
                kinds.contains(&(wanted.0.to_owned(), wanted.1.to_owned())),
                "{} as {}: {kinds:?}",
                wanted.0,
                staff.user
            );
        }
        let rows: BTreeSet<String> = of(&list).into_iter().flat_map(subject_ids).collect();
        let seeded = scene.people.iter().filter(|person| rows.contains(&person["id"].to_string())).count();
        assert_eq!(seeded, 22, "the customers on the list's first page, beside three staff");
        let exported = of(&export);
        assert!(exported.iter().all(|record| record["event"] == "export"), "an export is called one");
        let keyed = exported.iter().copied().flat_map(subject_ids).filter(|id| id.starts_with("h1:")).count();
        assert!(keyed >= scene.people.len(), "each exported row has a subject: {keyed}");
    }
    scene.end();
}

fn pages_work_in_a_browser(stage: Stage) {
    let Some(scene) = Scene::start(stage) else { return };
    if !Browser::installed() {
        if !std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1") {
            println!("skipped: no Chromium; run `bash tests/browser/install.sh` or set SUDARE_TEST_REAL=1");
            return;
        }
        crm::run(crm::script("browser/install.sh"), &[]);
    }
    // The CRM's form is saved whole: in Shift_JIS, 𠮷 would be stored as what browsers make of it.
    let id = scene.id(3);
    let stored = || {
        let of = "select phone, email, full_position from persons_contact where cremeentity_ptr_id =";
        scene.crm.cell(&format!("{of} {id}"))
    };
    let expected = walk(scene.way(), scene.crm.address, None, MANAGER.crm, id, true);
    assert!(expected.record.contains("c003.desk@example.jp"), "the CRM itself shows the address");

    let seen = walk(scene.way(), scene.gateway.address, Some(MANAGER), MANAGER.crm, id, true);
    assert_eq!(seen.rows, expected.rows, "the manager's rows");
    // The shipped rules' policy, kept by a real browser: without it the same page asks.
    assert_eq!((expected.map, seen.map), (true, false), "who asks the map service for the customer's address");
    assert!(seen.record.contains("c003.desk@example.jp") && seen.record.contains("健太郎 髙柳"));
    assert_eq!(seen.errors_beyond(&expected), Vec::<String>::new(), "scripts run as without the gateway");
    assert!(seen.edited.contains("Walked by"), "the manager's edit is stored and shown");
    for walk in [&expected, &seen] {
        assert_eq!((walk.veiled.as_str(), walk.unveiled.as_str()), ("200 null", "200 null"), "the manager's popups");
    }

    // The popup is another page than the record's form: a veil in it is refused. The form itself is saved, with
    // what was typed behind what the popup had written.
    let before = "０３－００００－１００３|c003.desk@example.jp|Written in a popupWalked by";
    for (staff, veiled) in [(SUPPORT, &CONTACT[..]), (ANALYST, &EVERYTHING[..])] {
        let seen = walk(scene.way(), scene.gateway.address, Some(staff), staff.crm, id, false);
        assert_eq!(seen.rows.len(), 25, "{} has a list", staff.user);
        assert!(!seen.map, "the browser of {} asks no map service", staff.user);
        assert_eq!(seen.errors_beyond(&expected), Vec::<String>::new(), "scripts run for {} too", staff.user);
        assert_eq!((seen.veiled.as_str(), seen.unveiled.as_str()), ("409 veil", "200 null"), "{}", staff.user);
        assert_eq!(stored(), before, "what {} does not see stays as it was", staff.user);
        assert!(seen.edited.contains("Walked by"), "the edit of {} is stored and shown", staff.user);
        let needles = scene.needles(veiled);
        needles.none_in(&format!("the list in the browser of {}", staff.user), &seen.list);
        needles.none_in(&format!("the record in the browser of {}", staff.user), &seen.record);
        needles.none_in(&format!("the popup in the browser of {}", staff.user), &seen.pencil);
    }
    scene.end();
}

fn expect_all(text: &str, wanted: &[&str]) {
    // What a charset lacks stands as a reference.
    let plain = page::unescape(text);
    let missing: Vec<_> =
        wanted.iter().filter(|wanted| !text.contains(**wanted) && !plain.contains(**wanted)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

/// The answer came in the charset and the coding of its stage, so that the stage is what it says.
fn speaks(scene: &Scene, answer: &Answer) {
    let (coding, charset) = match scene.way() {
        Way::Plain => (None, UTF_8),
        Way::Hard(_) => (Some("gzip"), SHIFT_JIS),
    };
    assert_eq!((answer.header("content-encoding"), answer.charset()), (coding, charset));
}

fn is_refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}");
    assert!(answer.header("sudare-refusal").is_some(), "{what}: a refusal says so");
}

fn request_id(answer: &Answer) -> String {
    assert_eq!(answer.status, 200);
    answer.header("sudare-request").expect("every answer has an id").to_owned()
}

/// How many contacts the list says there are.
fn total(answer: &Answer) -> Option<u32> {
    let text = answer.text();
    let (_, rest) = text.split_once("data-total-count=\"")?;
    rest.split('"').next()?.parse().ok()
}

/// What the list's own script posts, by name where nothing else is asked.
fn reload(scene: &Scene, asked: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = form(&[
        ("content", "1"),
        ("page", "1"),
        ("rows", "25"),
        ("hfilter", "persons-hf_contact"),
        ("ct_id", &scene.contact_type),
        ("selection", "multiple"),
        ("selected_rows", ""),
        ("q_filter", r#"{"op":"AND","val":[]}"#),
        ("sort_key", "regular_field-last_name"),
        ("sort_order", "ASC"),
        ("search", "clear"),
    ]);
    for (name, value) in asked {
        // A search that is cleared in the same request would not be one.
        let clears = name.starts_with("search-");
        fields.retain(|(own, _)| own != name && !(clears && own == "search"));
        fields.extend(form(&[(name, value)]));
    }
    fields
}

/// A page without the random tokens that Django writes into each: a character for each of its bytes,
/// since two spellings of Shift_JIS may be one text.
fn without_tokens(page: &[u8]) -> String {
    let page: String = page.iter().map(|byte| char::from(*byte)).collect();
    let mut parts = page.split("name=\"csrfmiddlewaretoken\" value=\"");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str(part.split_once('"').map_or(part, |(_, rest)| rest));
    }
    whole
}

/// Some context around the first difference; the texts are of invented people.
fn first_difference(one: &str, other: &str) -> String {
    let at = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| {
        String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(80)..text.len().min(at + 120)]).into_owned()
    };
    format!("at byte {at}: …{}… and …{}…", around(one), around(other))
}
