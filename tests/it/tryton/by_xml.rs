//! The same calls in XML-RPC: the rules say nothing of it.

use serde_json::{Value, json};
use sudare::format::xml::calls::as_json;
use sudare::terms::bounds::Bounds;

use super::scene::{Answer, Client, MANAGER, SUPPORT, Scene};
use super::{CONTACT, calls};

impl Client {
    /// A call of Tryton's in XML-RPC.
    fn call_by_xml(&self, method: &str, params: &Value) -> Answer {
        let params: String =
            params.as_array().into_iter().flatten().map(|one| format!("<param>{}</param>", xml(one))).collect();
        let body = format!(
            "<?xml version='1.0'?>\n<methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>"
        );
        self.send("/crm/rpc/", "text/xml", &body)
    }
}

impl Answer {
    /// What a call in XML-RPC gave; scalars are strings.
    fn result_of_xml(&self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.header("sudare-refusal"));
        let read = as_json(&self.body, &Bounds::default()).expect("XML-RPC");
        serde_json::from_str::<Value>(&read).expect("JSON")["result"].take()
    }
}

/// A value in XML-RPC.
fn xml(value: &Value) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let inside = match value {
        Value::Null => "<nil/>".to_owned(),
        Value::Bool(is) => format!("<boolean>{}</boolean>", u8::from(*is)),
        Value::Number(number) => format!("<int>{number}</int>"),
        Value::String(text) => format!("<string>{}</string>", escaped(text)),
        Value::Array(items) => format!("<array><data>{}</data></array>", items.iter().map(xml).collect::<String>()),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("<member><name>{}</name>{}</member>", escaped(name), xml(value))
            };
            format!("<struct>{}</struct>", members.iter().map(member).collect::<String>())
        }
    };
    format!("<value>{inside}</value>")
}

#[test]
fn each_role_gets_the_same_view_of_a_call_in_xml() {
    let Some(scene) = Scene::start() else { return };
    let ids: Vec<u64> = (0..scene.people.len()).map(|number| scene.id(number)).collect();
    let needles = scene.needles(&CONTACT);
    let (support, manager) = (scene.staff(SUPPORT), scene.staff(MANAGER));
    for (method, params) in calls(&ids) {
        for client in [&support, &manager] {
            let answer = client.call_by_xml(method, &params);
            assert_eq!(answer.status, 200, "{method}: {:?}", answer.header("sudare-refusal"));
            assert!(!answer.whole().contains("handle.number"), "{method}: a skype name");
        }
        needles.none_in(method, &support.call_by_xml(method, &params).whole());
    }
    let read = json!([[scene.id(1)], ["name", "phone", "email"], {}]);
    let (by_json, by_xml) =
        (support.call("model.party.party.read", &read).result(), support.call_by_xml("model.party.party.read", &read));
    let seen = by_xml.result_of_xml();
    for member in ["name", "phone", "email"] {
        assert_eq!(seen[0][member], by_json[0][member], "{member}");
    }
    assert_eq!(seen[0]["phone"], "***-****-1001");
    let named: Vec<String> = scene.records(&by_xml).iter().flat_map(crate::creme::record::subject_ids).collect();
    assert_eq!(named, [scene.id(1).to_string()]);
    scene.end();
}

#[test]
fn who_sees_everything_gets_the_crms_own_bytes_in_xml_too() {
    let Some(scene) = Scene::start() else { return };
    let ids: Vec<u64> = (0..12).filter(|number| number % 4 != 0).map(|number| scene.id(number)).collect();
    let manager = scene.staff(MANAGER);
    for (method, params) in calls(&ids) {
        let (seen, own) =
            (manager.call_by_xml(method, &params), manager.at(scene.crm.address).call_by_xml(method, &params));
        assert_eq!(String::from_utf8_lossy(&seen.body), String::from_utf8_lossy(&own.body), "{method}");
    }
    scene.end();
}

#[test]
fn what_is_refused_in_json_is_refused_in_xml() {
    let Some(scene) = Scene::start() else { return };
    let (support, manager) = (scene.staff(SUPPORT), scene.staff(MANAGER));
    let mechanism = &scene.people[1]["mechanisms"][0];
    let write = json!([[mechanism], { "value": "***-****-1001" }, {}]);
    assert_eq!(support.call_by_xml("model.party.contact_mechanism.write", &write).refused(), (409, "veil"));
    let part = json!([[["contact_mechanisms.value", "like", "03-0000-10%"]], 0, null, {}]);
    assert_eq!(support.call_by_xml("model.party.party.search_count", &part).refused(), (403, "query"));
    assert_eq!(manager.call_by_xml("model.party.party.search_count", &part).status, 200);
    let sales = json!([[], 0, 5, null, ["party.rec_name"], {}]);
    assert_eq!(manager.call_by_xml("model.sale.sale.search_read", &sales).status, 403);
    let wrote = support
        .call_by_xml("model.party.contact_mechanism.write", &json!([[mechanism], { "value": "03-0000-9999" }, {}]));
    assert_eq!(wrote.status, 200, "{:?}", wrote.header("sudare-refusal"));
    assert_eq!(scene.records(&wrote)[0]["event"], "write");
    let stored =
        manager.call("model.party.contact_mechanism.read", &json!([[mechanism], ["value", "type"], {}])).result();
    assert_eq!(stored[0]["value"], "03-0000-9999");
    scene.end();
}
