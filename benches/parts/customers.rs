//! What the benches ask for: lists of customers with twenty fields each, and rules that show them all to one
//! of the staff and mask five fields for another.

/// `sato` is shown everything; `seen` has detectors on every leaf, `plain` on the named fields alone.
pub const RULES: &str = r#"
sudare: 1
roles: { manager: sato, support: tanaka }
fields:
  customer:
    person.name: $.name
    person.kana: $.name_kana
    email: $.email
    phone: $.phone
    address: $.address
resources:
  - { id: seen, match: [GET /1k/seen, GET /20k/seen], records: "$.items[*]", subject: $.id, fields: customer }
  - { id: plain, match: [GET /1k/plain, GET /20k/plain], records: "$.items[*]", subject: $.id, fields: customer, scan: false }
rules:
  - { for: manager, show: [all] }
  - { for: support, show: [all], mask: { person.name: initial, person.kana: full, email: domain, phone: last4, address: full } }
"#;

/// A list of customers with twenty fields each, of about so many bytes.
pub fn list(bytes: usize) -> String {
    let mut body = String::from("{\"items\":[");
    let mut at = 1000;
    loop {
        let (name, kana) =
            if at % 2 == 0 { ("山田 太郎", "ヤマダ タロウ") } else { ("Abigail O'Brien", "アビゲイル") };
        let record = format!(
            "{{\"id\":{at},\"name\":\"{name}\",\"name_kana\":\"{kana}\",\"email\":\"user{at}@example.jp\",\
             \"phone\":\"090-0000-{at}\",\"address\":\"東京都世田谷区三軒茶屋2-14-7\",\"status\":\"active\",\"rank\":\"gold\",\
             \"points\":{},\"balance\":1.10,\"created\":\"2026-11-22T01:02:03Z\",\"updated\":\"2026-11-22T04:05:06Z\",\
             \"owner\":\"tanaka\",\"branch\":\"shibuya-01\",\"plan\":\"standard\",\"newsletter\":true,\"deleted\":false,\
             \"visits\":12,\"tags\":[\"a\",\"b\"],\"score\":0.25}}",
            at * 37 % 10_000
        );
        if at > 1000 && body.len() + record.len() > bytes {
            let filler = bytes.saturating_sub(body.len() + "],\"filler\":\"\"}".len());
            body.push_str(&format!("],\"filler\":\"{}\"}}", "x".repeat(filler)));
            return body;
        }
        body.push_str(if at == 1000 { "" } else { "," });
        body.push_str(&record);
        at += 1;
    }
}
