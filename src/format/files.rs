//! What a file is that its type calls something else: tables and cards that programs send as text, as pages,
//! as anything to save.
//!
//! Programs that set no type send their exports as pages, and those that want a browser to save them invent
//! one. Such a body is read as what it is: a card tells itself, a call does if it is all of the body, a table is
//! told by the name of the file or by a first line that holds two headings which somebody knows. What begins as a
//! page or as data is that, where its type says nothing. In doubt the type stands: whoever shows a body by its
//! type would show what is no part of a call, or of a table, as a page.

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};

use crate::format::json::wrapped;
use crate::format::{inside, opaque, script};

/// Types that say nothing of what is inside, or that browsers show as text.
const VAGUE: &[&str] = &[
    "text/plain",
    "text/html",
    "application/octet-stream",
    "binary/octet-stream",
    "application/force-download",
    "application/x-force-download",
    "application/download",
    "application/x-download",
    "application/vnd.ms-excel",
    "application/x-msexcel",
    "application/excel",
    "application/x-csv",
];

const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// What is known of a body before it is read.
#[derive(Clone, Copy)]
pub struct Beginning<'a> {
    /// Its first bytes.
    pub bytes: &'a [u8],
    /// Whether these are all.
    pub is_all: bool,
}

/// The `Content-Type` by which a body shall be read that begins so; nothing where its own stands.
/// `disposition` is its `Content-Disposition`, and `knows` tells which headings somebody knows.
pub fn really(
    content_type: &str,
    disposition: Option<&[u8]>,
    first: Beginning<'_>,
    knows: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let (essence, parameters) = parts(content_type);
    let bytes = first.bytes;
    let is_binary = opaque::is_proven(bytes) || bytes.starts_with(b"PK") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
    if !VAGUE.contains(&essence.as_str()) || is_binary {
        return None;
    }
    let shown = shown(bytes, parameters);
    let text = shown.trim_start();
    let begins = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let is_named = is_table_file(disposition) || essence == "application/x-csv";
    let is = match text.as_bytes().first()? {
        // Programs put what is called text into their pages.
        b'<' if essence == "text/plain" && inside::is_markup(text) && !begins("<?xml") => "text/html",
        b'{' | b'[' | b'<' if is_shown(&essence) => return None,
        b'{' | b'[' => "application/json",
        b'<' if inside::is_markup(text) && !begins("<?xml") => "text/html",
        b'<' => return None,
        _ if essence == "text/plain" && is_delta(text) => "text/html",
        _ if begins("BEGIN:VCARD") => "text/vcard",
        // One that is too long to be looked at as a whole is refused as a script.
        _ if is_shown(&essence) && wrapped::is_called(text.as_bytes()) && (!first.is_all || script::is_call(text)) => {
            "application/javascript"
        }
        _ if is_named || (has_headings(&shown, knows) && !(essence == "text/html" && is_page(text))) => "text/csv",
        _ => return None,
    };
    Some(if parameters.is_empty() { is.to_owned() } else { format!("{is};{parameters}") })
}

/// Whether all of a body is needed to tell what it is: it begins as a call, and is shown by its type if it goes
/// on as something else.
pub fn asks_for_all(content_type: &str, first: &[u8]) -> bool {
    let (essence, parameters) = parts(content_type);
    is_shown(&essence) && wrapped::is_called(shown(first, parameters).trim_start().as_bytes())
}

/// Whether a browser shows a body of this type.
pub fn is_shown_by_type(content_type: &str) -> bool {
    is_shown(&parts(content_type).0)
}

fn is_shown(essence: &str) -> bool {
    matches!(essence, "text/plain" | "text/html")
}

fn parts(content_type: &str) -> (String, &str) {
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    (essence.trim().to_ascii_lowercase(), parameters)
}

/// Whether this is a part of a page that ASP.NET sends as a text, with lengths and ids before its pieces:
/// `1|#||4|70|updatePanel|up|<table>…`.
fn is_delta(text: &str) -> bool {
    const SORTS: [&str; 6] = ["#", "updatePanel", "hiddenField", "pageTitle", "scriptBlock", "pageRedirect"];
    let mut parts = text.trim_start_matches('|').splitn(3, '|');
    let length = parts.next().unwrap_or_default();
    let is_length = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    is_length && parts.next().is_some_and(|sort| SORTS.contains(&sort)) && parts.next().is_some()
}

/// Whether what is called a page may be one, though it begins as a table: a tag or a reference stands in its
/// first line, or a line begins with a tag. Cells further down are a customer's, who may write what they want.
fn is_page(text: &str) -> bool {
    let is_tag = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    let is_reference =
        |rest: &str| rest.starts_with('#') || rest.bytes().take(2).filter(u8::is_ascii_alphabetic).count() == 2;
    let mut lines = text.split(['\n', '\r']);
    let first = lines.next().unwrap_or_default();
    first.match_indices('<').any(|(at, _)| is_tag(&first[at + 1..]))
        || first.match_indices('&').any(|(at, _)| is_reference(&first[at + 1..]))
        || lines.any(|line| line.trim_start().strip_prefix('<').is_some_and(is_tag))
}

/// Whether the name under which a file is saved is that of a table.
fn is_table_file(disposition: Option<&[u8]>) -> bool {
    let Some(disposition) = disposition else { return false };
    disposition.split(|byte| *byte == b';').any(|parameter| {
        let parameter = parameter.to_ascii_lowercase();
        let value = parameter.trim_ascii();
        let value = value.strip_suffix(b"\"").unwrap_or(value);
        value.starts_with(b"filename") && (value.ends_with(b".csv") || value.ends_with(b".tsv"))
    })
}

/// The text that a body begins with, in the charset that its mark or its type names, or the likelier of two.
fn shown(first: &[u8], parameters: &str) -> String {
    let named = parameters.split(';').find_map(|one| one.trim().to_ascii_lowercase().strip_prefix("charset=").map(own));
    let marked = Encoding::for_bom(first).map(|(encoding, _)| encoding);
    let line = first.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let unsaid = if str::from_utf8(line).is_ok() { UTF_8 } else { SHIFT_JIS };
    let encoding = marked.or_else(|| Encoding::for_label(named?.as_bytes())).unwrap_or(unsaid);
    encoding.decode_with_bom_removal(first).0.into_owned()
}

/// Whether the first line holds two headings that are known, with one sort of delimiter between.
pub(crate) fn has_headings(text: &str, knows: &dyn Fn(&str) -> bool) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let line = line.split('\r').next().unwrap_or_default();
    DELIMITERS.iter().any(|delimiter| {
        let cells = line.split(*delimiter).map(|cell| cell.trim().trim_matches('"').trim());
        cells.filter(|cell| knows(cell)).take(2).count() == 2
    })
}

fn own(value: &str) -> String {
    value.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Beginning<'_> {
        Beginning { bytes, is_all: true }
    }

    #[test]
    fn all_is_asked_for_where_a_call_may_go_on_as_something_else() {
        for (kind, first, asks) in [
            ("text/html; charset=utf-8", "x({})", true),
            ("Text/Plain", " x([", true),
            ("text/html", "<p>", false),
            ("application/javascript", "x({})", false),
            ("text/plain", "氏名,電話番号", false),
        ] {
            assert_eq!(asks_for_all(kind, first.as_bytes()), asks, "{kind} {first}");
        }
    }

    #[test]
    fn files_are_told_from_what_they_are_called() {
        let knows = |name: &str| matches!(name, "氏名" | "電話番号");
        for (kind, disposition, first, is) in [
            ("text/html; charset=utf-8", "", "氏名,会社,電話番号\r\nx", Some("text/csv; charset=utf-8")),
            ("text/plain", "", "\u{feff}\"氏名\"\t\"電話番号\"", Some("text/csv")),
            ("text/plain", "attachment; filename=\"a.CSV\"", "a,b", Some("text/csv")),
            ("application/force-download", "attachment; filename=a.tsv", "a", Some("text/csv")),
            ("application/x-csv", "", "a,b", Some("text/csv")),
            ("text/plain", "", "BEGIN:VCARD\r\n", Some("text/vcard")),
            ("text/html", "", "cb({\"a\":1})", Some("application/javascript")),
            ("text/plain", "", "氏名,会社\n電話番号,x", None),
            ("text/plain", "attachment; filename=a.csv.txt", "a,b", None),
            ("text/html", "attachment; filename=a.csv", "<p>a", None),
            ("text/html", "", " /**/ cb([1]) ; ", Some("application/javascript")),
            ("text/html", "", "cb({})<br><table>", None),
            ("text/plain", "", "cb({})\n氏名：山田", None),
            ("text/html", "", "氏名,電話番号<table>", None),
            ("text/html", "", "氏名,電話番号,&#23665;", None),
            ("text/html", "", "氏名,電話番号,R&D\nA&B,<1", Some("text/csv")),
            ("text/html", "", "氏名,電話番号\n <table>", None),
            ("text/html", "attachment; filename=a.csv", "氏名,電話番号<br>", Some("text/csv")),
            ("text/plain", "", "氏名,電話番号,<br>", Some("text/csv")),
            ("application/vnd.ms-excel", "", "<html><table>", Some("text/html")),
            ("application/octet-stream; charset=utf-8", "", "\u{feff}[1]", Some("application/json; charset=utf-8")),
            ("application/octet-stream", "", "<?xml version=\"1.0\"?><a/>", None),
            ("text/html", "", "{\"a\":1}", None),
            ("text/plain; charset=utf-8", "", "1|#||4|70|updatePanel|up|<table>", Some("text/html; charset=utf-8")),
            ("text/plain", "", "1|a|b", None),
            ("application/vnd.ms-excel", "attachment; filename=a.csv", "PK\u{3}", None),
            ("application/pdf", "attachment; filename=a.csv", "a,b", None),
        ] {
            let disposition = Some(disposition.as_bytes()).filter(|value| !value.is_empty());
            assert_eq!(really(kind, disposition, all(first.as_bytes()), &knows).as_deref(), is, "{kind} {first}");
        }
        let (shift_jis, _, _) = SHIFT_JIS.encode("氏名,電話番号\r\n");
        assert_eq!(really("text/html", None, all(&shift_jis), &knows).as_deref(), Some("text/csv"));
        let long = Beginning { bytes: b"cb({\"a\":", is_all: false };
        assert_eq!(really("text/html", None, long, &knows).as_deref(), Some("application/javascript"));
        let wide: Vec<u8> = "\u{feff}氏名,電話番号\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(really("text/plain", None, all(&wide), &knows).as_deref(), Some("text/csv"));
    }
}
