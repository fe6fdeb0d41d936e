//! The JSON API: `/api/customers` and `/api/customers/{id}`.
//!
//! It was written by two hands, as such APIs are. The list has Japanese keys and escapes all that is not ASCII; the
//! record has English keys, nested telephones and raw UTF-8. Both carry the twenty-digit number of the software before
//! as a JSON number, which no machine integer holds: whoever decodes and writes it again loses its end. So the text
//! is put together by hand here, too.

use serde_json::{Map, Value};

use super::SampleAnswer;
use super::escape::{json, json_ascii};
use super::people::Customer;
use super::store::Found;

/// One page of the list.
pub fn list(found: &Found) -> SampleAnswer {
    let items: Vec<String> = found.rows.iter().map(item).collect();
    answer(
        200,
        format!(
            "{{\"page\":{},\"pages\":{},\"total\":{},\"items\":[\n{}\n]}}\n",
            found.page,
            found.pages,
            found.total,
            items.join(",\n")
        ),
    )
}

/// One customer.
pub fn record(customer: &Customer) -> SampleAnswer {
    let orders: Vec<String> = customer
        .orders
        .iter()
        .map(|order| format!("{{\"order\":{},\"date\":{},\"yen\":{}}}", json(&order.no), json(&order.date), order.yen))
        .collect();
    answer(
        200,
        format!(
            "{{\"id\":{},\"old_id\":{},\"member_no\":{},\"name\":{},\"kana\":{},\n \
             \"phones\":[{{\"kind\":\"mobile\",\"no\":{}}},{{\"kind\":\"home\",\"no\":{}}}],\n \
             \"mail\":{},\"zip\":{},\"address\":{},\n \
             \"birthday\":{},\"my_number\":{},\"rank\":{},\n \
             \"memo\":{},\n \"orders\":[{}]}}\n",
            customer.id,
            customer.old_id,
            json(&customer.member_no),
            json(&customer.name),
            json(&customer.kana),
            json(&customer.tel),
            json(&customer.home_tel),
            json(&customer.mail),
            json(&customer.zip),
            json(&customer.address),
            json(&customer.birthday),
            json(&customer.my_number),
            json(customer.rank),
            json(&customer.memo),
            orders.join(",")
        ),
    )
}

/// What a PUT wants to change, under the names of the edit form; nothing where the body is no record.
pub fn changes(body: &[u8]) -> Option<Vec<(String, String)>> {
    let record: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let mut changes = Vec::new();
    for (key, value) in &record {
        match (key.as_str(), value) {
            ("phones", Value::Array(phones)) => {
                for phone in phones {
                    let name = match phone.get("kind")?.as_str()? {
                        "home" => "home_tel",
                        _ => "tel",
                    };
                    changes.push((name.to_owned(), phone.get("no")?.as_str()?.to_owned()));
                }
            }
            (_, Value::String(text)) => changes.push((key.clone(), text.clone())),
            _ => {}
        }
    }
    Some(changes)
}

/// There is no such customer.
pub fn missing() -> SampleAnswer {
    answer(404, "{\"error\":\"no such customer\"}\n".to_owned())
}

/// The body of a PUT is no customer.
pub fn unreadable() -> SampleAnswer {
    answer(400, "{\"error\":\"the body is no customer\"}\n".to_owned())
}

/// A value of a PUT cannot be stored.
pub fn refused(why: &str) -> SampleAnswer {
    answer(422, format!("{{\"error\":{}}}\n", json(why)))
}

fn item(customer: &Customer) -> String {
    let text = [
        ("会員番号", &customer.member_no),
        ("氏名", &customer.name),
        ("フリガナ", &customer.kana),
        ("メール", &customer.mail),
        ("郵便番号", &customer.zip),
        ("住所", &customer.address),
        ("備考", &customer.memo),
    ]
    .map(|(key, value)| format!("{}:{}", json_ascii(key), json_ascii(value)));
    format!(
        "{{\"id\":{},\"old_id\":{},\"phones\":[{{\"kind\":\"mobile\",\"no\":{}}}],{}}}",
        customer.id,
        customer.old_id,
        json_ascii(&customer.tel),
        text.join(",")
    )
}

fn answer(status: u16, body: String) -> SampleAnswer {
    SampleAnswer::new(status, "application/json; charset=utf-8", body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::sample::form::Form;
    use crate::serve::sample::people::{GUIDE, everybody};
    use crate::serve::sample::store::Store;

    #[test]
    fn a_record_reads_back_and_keeps_all_twenty_digits() {
        for customer in everybody() {
            let body = String::from_utf8(record(&customer).body).unwrap();
            let read: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(read["phones"][0]["no"], customer.tel.as_str());
            assert_eq!((&read["memo"], &read["my_number"]), (&customer.memo.into(), &customer.my_number.into()));
            assert_eq!(customer.old_id.len(), 20);
            assert!(body.contains(&format!("\"old_id\":{},", customer.old_id)));
        }
    }

    #[test]
    fn the_list_is_ascii_with_escaped_japanese_keys() {
        let body = list(&Store::new(everybody()).find(&Form::parse(b"page=3"))).body;
        assert!(body.is_ascii() && String::from_utf8_lossy(&body).contains("\"\\u6c0f\\u540d\":\"\\u5c71"));
        let read: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(read["items"].as_array().unwrap().len(), 20);
        assert_eq!((&read["items"][1]["id"], &read["items"][1]["氏名"]), (&GUIDE.into(), &"山田 太郎".into()));
    }

    #[test]
    fn a_put_may_name_some_fields_and_the_telephones() {
        let read = |body: &str| changes(body.as_bytes());
        let some =
            read(r#"{"id":42,"memo":"x","phones":[{"kind":"mobile","no":"1"},{"kind":"home","no":"2"}]}"#).unwrap();
        let pairs: Vec<(&str, &str)> = some.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("memo", "x"), ("tel", "1"), ("home_tel", "2")]);
        for bad in ["", "[]", "{", r#"{"phones":[{"kind":"mobile"}]}"#, r#"{"phones":[1]}"#] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
