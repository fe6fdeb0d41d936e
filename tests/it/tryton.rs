//! A second real CRM behind the gateway: Tryton, which speaks JSON-RPC and XML-RPC. Which record stands where only
//! the body of the request says, and the rows of an export have no names at all.
//!
//! Staff logs in with Tryton's own call, and the gateway learns it. `tryton/crm.rs` says when these
//! tests are skipped.

mod by_xml;
mod crm;
mod scene;

use serde_json::{Value, json};

use self::scene::{Client, MANAGER, SUPPORT, Scene, VISITOR};
use crate::creme::record::{kinds_of, subject_ids};

/// What nobody but the manager sees in clear.
const CONTACT: [&str; 4] = ["phone", "email", "zip", "street"];

/// The calls of a working day about these parties: what is called, and with what.
fn calls(ids: &[u64]) -> Vec<(&'static str, Value)> {
    let of_party = json!([["party", "in", ids]]);
    let party = json!([
        "rec_name",
        "name",
        "code",
        "phone",
        "email",
        "addresses",
        "addresses.rec_name",
        "addresses.street",
        "addresses.full_address",
        "addresses.postal_code",
        "contact_mechanisms.rec_name",
        "contact_mechanisms.type",
        "contact_mechanisms.value"
    ]);
    let columns = json!([
        "id",
        "name",
        "code",
        "addresses/street",
        "addresses/postal_code",
        "addresses/rec_name",
        "contact_mechanisms/type",
        "contact_mechanisms/value"
    ]);
    let mechanism = json!(["type", "value", "value_compact", "rec_name", "party", "party.rec_name"]);
    let mechanisms = json!(["party", "party/id", "type", "value", "rec_name"]);
    let address = json!(["street", "city", "postal_code", "full_address", "rec_name", "party"]);
    let domain = json!([["id", "in", ids]]);
    vec![
        ("model.party.party.search", json!([[], 0, 20, [["name", "ASC"]], {}])),
        ("model.party.party.read", json!([ids, party, {}])),
        ("model.party.party.search_read", json!([domain, 0, 20, [["name", "DESC"]], party, {}])),
        ("model.party.contact_mechanism.search_read", json!([of_party, 0, null, null, mechanism, {}])),
        ("model.party.address.search_read", json!([of_party, 0, null, null, address, {}])),
        ("model.party.party.export_data", json!([ids, columns, false, {}])),
        ("model.party.party.export_data_domain", json!([domain, columns, 0, 20, null, false, {}])),
        ("model.party.contact_mechanism.export_data_domain", json!([of_party, mechanisms, 0, 50, null, false, {}])),
        ("model.party.party.autocomplete", json!(["O'Br", [], 20, null, {}])),
        ("model.party.party.fields_view_get", json!([null, "form", {}])),
        ("model.party.party.default_get", json!([["active", "lang"], {}])),
        ("model.res.user.get_preferences", json!([true, {}])),
    ]
}

#[test]
fn each_role_gets_its_own_view_of_every_call() {
    let Some(scene) = Scene::start() else { return };
    let ids: Vec<u64> = (0..scene.people.len()).map(|number| scene.id(number)).collect();
    let needles = scene.needles(&CONTACT);
    let (support, manager) = (scene.staff(SUPPORT), scene.staff(MANAGER));
    for (method, params) in calls(&ids) {
        for client in [&support, &manager] {
            let answer = client.call(method, &params);
            assert_eq!(answer.status, 200, "{method}: {:?}", answer.header("sudare-refusal"));
            // Nobody is told the names to call people up by: rules that know only some types remove the rest.
            assert!(!answer.whole().contains("handle.number"), "{method}: a skype name");
        }
        needles.none_in(method, &support.call(method, &params).whole());
    }
    let read = |client: &Client| {
        client.call("model.party.party.read", &json!([[scene.id(1)], ["name", "phone", "email"], {}]))
    };
    let name = format!("{} {}", text(&scene.people[1], "family"), text(&scene.people[1], "given"));
    let veiled = json!([{ "id": scene.id(1), "name": name, "phone": "***-****-1001", "email": "****@example.jp" }]);
    assert_eq!(read(&support).result(), veiled);
    assert_eq!(read(&manager).result()[0]["email"], scene.people[1]["email"]);
    scene.end();
}

#[test]
fn who_sees_everything_gets_the_crms_own_bytes() {
    let Some(scene) = Scene::start() else { return };
    // Of each fourth party there is a name to call by, which nobody gets.
    let ids: Vec<u64> = (0..12).filter(|number| number % 4 != 0).map(|number| scene.id(number)).collect();
    let manager = scene.staff(MANAGER);
    for (method, params) in calls(&ids) {
        let (seen, own) = (manager.call(method, &params), manager.at(scene.crm.address).call(method, &params));
        assert_eq!(String::from_utf8_lossy(&seen.body), String::from_utf8_lossy(&own.body), "{method}");
    }
    // A record of an unknown type, and a column that no field names, are nobody's.
    let columns = json!(["name", "contact_mechanisms", "contact_mechanisms/value"]);
    let rows = manager.call("model.party.party.export_data", &json!([[scene.id(0)], columns, false, {}])).result();
    assert_eq!(rows[0][2], "", "a value without its type");
    scene.end();
}

#[test]
fn rows_are_judged_by_the_columns_that_the_request_names() {
    let Some(scene) = Scene::start() else { return };
    let support = scene.staff(SUPPORT);
    let columns = json!(["contact_mechanisms/value", "contact_mechanisms/type", "name", "id", "addresses/street"]);
    let answer = support.call("model.party.party.export_data", &json!([[scene.id(1)], columns, false, {}]));
    let name = format!("{} {}", text(&scene.people[1], "family"), text(&scene.people[1], "given"));
    let rows = json!([
        ["***-****-1001", "phone", name, scene.id(1), "****"],
        ["***-****-2001", "mobile", "", "", ""],
        ["****@example.jp", "email", "", "", ""]
    ]);
    assert_eq!(answer.result(), rows);
    let records = scene.records(&answer);
    assert!(records.iter().all(|record| record["event"] == "export" && record["staff"] == "session:desk"));
    let kinds = kinds_of(&records.iter().collect::<Vec<_>>(), &scene.id(1).to_string());
    for (kind, action) in [("person.name", "show"), ("phone", "mask"), ("address", "mask")] {
        assert!(kinds.contains(&(kind.to_owned(), action.to_owned())), "{kind}: {kinds:?}");
    }
    // Headings come as the first row, and what the request does not list cannot be judged.
    for params in
        [json!([[scene.id(1)]]), json!([[scene.id(1)], "name", false, {}]), json!([[scene.id(1)], [["name"]]])]
    {
        let answer = support.call("model.party.party.export_data", &params);
        assert_eq!(answer.refused(), (400, "request-unreadable"), "{params}");
    }
    let twice = format!(
        r#"{{"id":7,"method":"model.party.party.export_data","params":[[{0}],["code"],false,{{}}],"params":[[{0}],["contact_mechanisms/value"],false,{{}}]}}"#,
        scene.id(1)
    );
    assert_eq!(support.send("/crm/rpc/", "application/json", &twice).refused(), (400, "request-unreadable"));
    scene.end();
}

#[test]
fn the_ledger_names_the_parties_of_a_list() {
    let Some(scene) = Scene::start() else { return };
    let support = scene.staff(SUPPORT);
    let ids: Vec<u64> = (1..6).map(|number| scene.id(number)).collect();
    for (method, params) in calls(&ids).into_iter().filter(|(method, _)| method.contains("read")) {
        let answer = support.call(method, &params);
        let mut named: Vec<u64> =
            scene.records(&answer).iter().flat_map(subject_ids).filter_map(|id| id.parse().ok()).collect();
        named.sort_unstable();
        assert_eq!(named, ids, "{method}");
    }
    scene.end();
}

#[test]
fn questions_that_would_read_veiled_values_out_are_refused() {
    let Some(scene) = Scene::start() else { return };
    let (support, manager) = (scene.staff(SUPPORT), scene.staff(MANAGER));
    let count = |domain: Value| ("model.party.party.search_count", json!([domain, 0, null, {}]));
    for (method, params) in [
        count(json!([["contact_mechanisms.value", "like", "03-0000-10%"]])),
        count(json!([["contact_mechanisms", "where", [["value", "like", "03-0000-10%"]]]])),
        count(json!(["OR", ["name", "=", "x"], ["contact_mechanisms", "ilike", "%0000%"]])),
        count(json!([["rec_name", "ilike", "%0000-10%"]])),
        count(json!([["rec_name", "ilike", "%c001.desk@%"]])),
        count(json!([["phone", "like", "03%"]])),
        ("model.party.contact_mechanism.search", json!([[["party", "ilike", "%0000%"]], 0, null, null, {}])),
        ("model.party.party.autocomplete", json!(["0000-10", [], 20, null, {}])),
        ("model.party.party.search_read", json!([[["rec_name", "ilike", "%0000%"]], 0, 5, null, ["name"], {}])),
        (
            "model.party.party.export_data_domain",
            json!([[["rec_name", "ilike", "%0000%"]], ["name"], 0, 5, null, false, {}]),
        ),
    ] {
        assert_eq!(support.call(method, &params).refused(), (403, "query"), "{method} {params}");
        let answer = manager.call(method, &params);
        assert_eq!(answer.status, 200, "{method} {params}: {:?}", answer.header("sudare-refusal"));
    }
    let by_name = count(json!([["rec_name", "ilike", "%O'Brien%"]]));
    assert_eq!(support.call(by_name.0, &by_name.1).result(), 3, "a name is no question");
    let of_one = json!([[["party", "=", scene.id(1)]], 0, null, null, {}]);
    assert_eq!(
        support.call("model.party.contact_mechanism.search", &of_one).result().as_array().map(Vec::len),
        Some(3)
    );
    scene.end();
}

#[test]
fn a_write_stores_what_staff_wrote_and_never_a_veil() {
    let Some(scene) = Scene::start() else { return };
    let (support, manager) = (scene.staff(SUPPORT), scene.staff(MANAGER));
    let mechanism = &scene.people[1]["mechanisms"][0];
    let stored = || {
        let own = manager.at(scene.crm.address);
        own.call("model.party.contact_mechanism.read", &json!([[mechanism], ["value"], {}])).result()[0]["value"]
            .clone()
    };
    let write = |client: &Client, value: &str| {
        client.call("model.party.contact_mechanism.write", &json!([[mechanism], { "value": value }, {}]))
    };
    let before = stored();
    assert_eq!(before, "03-0000-1001");
    for client in [&support, &manager] {
        assert_eq!(write(client, "***-****-1001").refused(), (409, "veil"));
        assert_eq!(stored(), before, "nothing changes");
    }
    let nested = json!([[scene.id(1)], { "contact_mechanisms": [["write", [mechanism], { "value": "****" }]] }, {}]);
    assert_eq!(support.call("model.party.party.write", &nested).refused(), (409, "veil"));
    assert_eq!(stored(), before);
    let answer = write(&support, "03-0000-9999");
    assert_eq!(answer.result(), Value::Null);
    assert_eq!(stored(), "03-0000-9999");
    assert_eq!(scene.records(&answer)[0]["event"], "write");
    let made = manager.call("model.party.party.create", &json!([[{ "name": "Neuer Kunde" }], {}])).result();
    assert!(made[0].is_u64(), "{made}");
    scene.end();
}

#[test]
fn a_veil_that_staff_saw_goes_home_with_a_call_after_a_restart_too() {
    let Some(mut scene) = Scene::start() else { return };
    let (support, manager) = (scene.staff(SUPPORT), scene.staff(MANAGER));
    let [first, second] = [1, 2].map(|number| scene.people[number]["mechanisms"][0].clone());
    let own = manager.at(scene.crm.address);
    let stored = |id: &Value| {
        let read = json!([[id], ["value", "comment"], {}]);
        own.call("model.party.contact_mechanism.read", &read).result()[0].clone()
    };
    let before = [&first, &second].map(|id| stored(id)["value"].clone());
    let seen = support.call("model.party.contact_mechanism.read", &json!([[first], ["type", "value", "party"], {}]));
    let seen = seen.result()[0]["value"].clone();
    assert_eq!(seen, "***-****-1001");
    for comment in ["before the restart", "behind it"] {
        let client = support.at(scene.gateway.staff);
        let save = |id: &Value, value: &Value| {
            let values = json!({ "value": value, "comment": comment });
            client.call("model.party.contact_mechanism.write", &json!([[id], values, {}]))
        };
        let saved = save(&first, &seen);
        assert_eq!(saved.result(), Value::Null);
        assert_eq!((&stored(&first)["value"], &stored(&first)["comment"]), (&before[0], &json!(comment)));
        let records = scene.records(&saved);
        let restored = records.iter().find(|record| record["event"] == "restore").expect("a record of it");
        assert_eq!(subject_ids(restored), [scene.id(1).to_string()], "whose number it is");
        // Another's veil, and one's own in another's place.
        assert_eq!(save(&second, &seen).refused(), (409, "veil"));
        assert_eq!(save(&first, &json!("***-****-1002")).refused(), (409, "veil"));
        assert_eq!(stored(&second)["value"], before[1]);
        assert!(scene.gateway.stop().success(), "{}", scene.gateway.log());
        scene.gateway.restart();
    }
    scene.end();
}

#[test]
fn what_nobody_can_judge_is_refused() {
    let Some(scene) = Scene::start() else { return };
    let typed = json!([{ "type": "phone", "value": "03-0000-1001", "id": -1 }, ["value"], {}]);
    let refused = [
        ("model.party.contact_mechanism.on_change", typed),
        ("model.sale.sale.search_read", json!([[], 0, 5, null, ["party.rec_name"], {}])),
        ("model.ir.attachment.search_read", json!([[], 0, 5, null, ["data"], {}])),
        ("report.party.label.execute", json!([[scene.id(1)], {}, {}])),
    ];
    for staff in [SUPPORT, MANAGER] {
        let client = scene.staff(staff);
        for (method, params) in &refused {
            assert_eq!(client.call(method, params).status, 403, "{method} as {}", staff.0);
        }
    }
    scene.end();
}

#[test]
fn a_session_is_whose_log_in_it_came_from() {
    let Some(scene) = Scene::start() else { return };
    let read = json!([[scene.id(1)], ["name"], {}]);
    let ask = |client: &Client| client.call("model.party.party.read", &read).refused().0;
    let nobody = scene.nobody();
    assert_eq!(nobody.log_in(SUPPORT.0, "wrong").status, 401);
    assert_eq!(ask(&nobody), 401);
    // The other log-in gives a key for a header, which the gateway does not learn.
    let by_key = nobody.call("common.db.login", &json!([SUPPORT.0, { "password": SUPPORT.1 }, "en"]));
    assert_eq!(by_key.status, 401);
    assert_eq!(ask(&scene.staff(VISITOR)), 403, "staff without a role");
    let support = scene.staff(SUPPORT);
    assert_eq!(ask(&support), 200);
    support.post("/crm/session/logout", "session.logout", &json!([]));
    assert_eq!(ask(&support), 401, "the log-out unbinds");
    scene.end();
}

fn text<'a>(person: &'a Value, member: &str) -> &'a str {
    person[member].as_str().unwrap_or_else(|| panic!("people.json has no `{member}`"))
}
