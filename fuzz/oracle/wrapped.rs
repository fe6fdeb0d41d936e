//! The record that makes a fuzzer's body hold something to hide.
//!
//! A name is known by its field alone. So each body is put behind, or into, a record in its own format whose fields
//! veil both canaries; wherever else they stand, they must go too.

use sudare::format::Format;

use super::canary::{NAME, PHONE};

/// The body behind a record that veils the canaries; none where nobody may put anything before it. Where a format has
/// two ways to hold a record, `other` takes the second.
pub fn wrapped(format: Format, body: &[u8], other: bool) -> Option<Vec<u8>> {
    let known = format!("\"tel\":\"{PHONE}\",\"name\":\"{NAME}\"");
    let (before, behind) = match format {
        Format::Json => (format!("[{{{known}}},"), "]"),
        Format::Html => (format!("<p class=tel>{PHONE}</p><p class=name>{NAME}</p>"), ""),
        Format::Xml => (format!("<r><tel>{PHONE}</tel><name>{NAME}</name>"), "</r>"),
        Format::Csv => (format!("id,name,tel,x\n1,{NAME},{PHONE},\n"), ""),
        Format::Form => (format!("tel={PHONE}&name={NAME}&"), ""),
        Format::Lines => (format!("{{{known}}}\n"), ""),
        Format::Events => (format!("data: {{{known}}}\n\n"), ""),
        Format::Calls => {
            let member = |name, value| format!("<member><name>{name}</name><value>{value}</value></member>");
            let known = member("tel", PHONE) + &member("name", NAME);
            (
                format!("<methodResponse><params><param><value><struct>{known}<member><name>x</name><value>"),
                "</value></member></struct></value></param></params></methodResponse>",
            )
        }
        Format::Card => (format!("BEGIN:VCARD\nTEL:{PHONE}\nNAME:{NAME}\nEND:VCARD\n"), ""),
        Format::Text => (format!("tel: {PHONE}\nname: {NAME}\n"), ""),
        Format::Script if other => (format!("cb({{{known},\"x\":"), "});"),
        Format::Script => (format!("var a = {{{known}}};\n"), ""),
        // A style sheet has names in its addresses alone.
        Format::Style => (format!("a{{background:url(\"/p?tel={PHONE}&name={NAME}\")}}\n"), ""),
        Format::Multipart => (parts(body)?, ""),
        Format::Opaque => return None,
    };
    Some([before.as_bytes(), body, behind.as_bytes()].concat())
}

/// Two fields more, before those of a form in parts.
fn parts(body: &[u8]) -> Option<String> {
    let end = body.windows(2).position(|two| two == b"\r\n")?;
    let line = std::str::from_utf8(&body[..end]).ok()?;
    let part = |name, value| format!("{line}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    Some(part("tel", PHONE) + &part("name", NAME))
}
