//! What a file is that its type calls something else: tables and cards that programs send as text, as pages,
//! as anything to save.
//!
//! Programs that set no type send their exports as pages, and those that want a browser to save them invent
//! one. Such a body is read as what it is: a card or a call tells itself, a table is told by the name of the
//! file or by a first line that holds two headings which somebody knows. What begins as markup or data stays
//! what its type says.

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};

use crate::format::json::wrapped;
use crate::format::opaque;

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

/// The `Content-Type` by which a body shall be read that begins so; nothing where its own stands.
/// `disposition` is its `Content-Disposition`, and `knows` tells which headings somebody knows.
pub fn really(
    content_type: &str,
    disposition: Option<&[u8]>,
    first: &[u8],
    knows: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let (essence, parameters) = content_type.split_once(';').map_or((content_type, ""), |(e, p)| (e, p));
    let essence = essence.trim().to_ascii_lowercase();
    let shown = shown(first, parameters);
    let text = shown.trim_start().as_bytes();
    let is_binary = opaque::is_proven(first) || first.starts_with(b"PK") || first.starts_with(b"\xd0\xcf\x11\xe0");
    if !VAGUE.contains(&essence.as_str()) || is_binary || matches!(text.first(), None | Some(b'{' | b'[' | b'<')) {
        return None;
    }
    let is_shown = matches!(essence.as_str(), "text/plain" | "text/html");
    let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let is = if begins(b"BEGIN:VCARD") {
        "text/vcard"
    } else if is_shown && wrapped::is_called(text) {
        "application/javascript"
    } else if is_table_file(disposition) || essence == "application/x-csv" || has_headings(&shown, knows) {
        "text/csv"
    } else {
        return None;
    };
    Some(if parameters.is_empty() { is.to_owned() } else { format!("{is};{parameters}") })
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
fn has_headings(text: &str, knows: &dyn Fn(&str) -> bool) -> bool {
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
            ("application/vnd.ms-excel", "attachment; filename=a.csv", "PK\u{3}", None),
            ("application/pdf", "attachment; filename=a.csv", "a,b", None),
        ] {
            let disposition = Some(disposition.as_bytes()).filter(|value| !value.is_empty());
            assert_eq!(really(kind, disposition, first.as_bytes(), &knows).as_deref(), is, "{kind} {first}");
        }
        let (shift_jis, _, _) = SHIFT_JIS.encode("氏名,電話番号\r\n");
        assert_eq!(really("text/html", None, &shift_jis, &knows).as_deref(), Some("text/csv"));
        let wide: Vec<u8> = "\u{feff}氏名,電話番号\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(really("text/plain", None, &wide, &knows).as_deref(), Some("text/csv"));
    }
}
