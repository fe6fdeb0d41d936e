//! The head of one part: what it is called, and what it is.
//!
//! RFC 7578, and what browsers send. Whatever two readers could understand in two ways is a fault:
//! folded lines, repeated headers and parameters, escapes in names, names in other encodings.

use std::ops::Range;

/// What a part's head says; the ranges are bytes of the head.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The field's name.
    pub name: Range<usize>,
    /// The file's name, if the part is a file.
    pub file: Option<Range<usize>>,
    /// The media type, if it has one.
    pub kind: Option<Range<usize>>,
    /// Values of everything else.
    pub others: Vec<Range<usize>>,
}

/// What is wrong, and at which byte of the head.
pub type Fault = (usize, &'static str);

/// Reads a head: its lines without the empty one that ends them.
pub fn read(text: &str) -> Result<Head, Fault> {
    let mut head = Head::default();
    let mut seen: Vec<String> = Vec::new();
    let mut at = 0;
    for line in text.split("\r\n") {
        let colon = line.find(':').ok_or((at, "a line of a part's head that is none"))?;
        let name = line[..colon].to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err((at, "a line of a part's head that is none"));
        }
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Err((at, "a control character in a part's head"));
        }
        let value = trimmed(text, at + colon + 1..at + line.len());
        if seen.contains(&name) {
            return Err((at, "a header of a part stands twice"));
        }
        match name.as_str() {
            "content-disposition" => disposition(text, value, &mut head)?,
            "content-type" => head.kind = Some(value),
            "content-transfer-encoding" if is_plain(&text[value.clone()]) => {}
            "content-transfer-encoding" | "content-encoding" => {
                return Err((at, "a part in a coding that is not read"));
            }
            _ => head.others.push(value),
        }
        seen.push(name);
        at += line.len() + 2;
    }
    if !seen.iter().any(|name| name == "content-disposition") {
        return Err((0, "a part without a name"));
    }
    Ok(head)
}

/// `form-data; name="tel"; filename="a.csv"`
fn disposition(text: &str, value: Range<usize>, head: &mut Head) -> Result<(), Fault> {
    let end = value.end;
    let mut at = text[value.clone()].find(';').map_or(end, |length| value.start + length);
    if !text[value.start..at].trim().eq_ignore_ascii_case("form-data") {
        return Err((value.start, "a part that is no form data"));
    }
    let mut seen: Vec<String> = Vec::new();
    while at < end {
        let from = at + 1;
        let equals =
            text[from..end].find('=').map(|length| from + length).ok_or((at, "a parameter without a value"))?;
        let name = text[from..equals].trim().to_ascii_lowercase();
        let start = equals + 1 + (text[equals + 1..end].len() - text[equals + 1..end].trim_start_matches(' ').len());
        let (own, behind) = match text[start..end].strip_prefix('"') {
            Some(rest) => {
                let length = rest.find('"').ok_or((start, "a parameter that is not closed"))?;
                (start + 1..start + 1 + length, start + 2 + length)
            }
            None => {
                let length = text[start..end].find(';').unwrap_or(end - start);
                let own = trimmed(text, start..start + length);
                if own.is_empty() || !text[own.clone()].bytes().all(is_token) {
                    return Err((start, "a parameter that is written in no way that is read"));
                }
                (own, start + length)
            }
        };
        let blanks = text[behind..end].len() - text[behind..end].trim_start_matches(' ').len();
        at = behind + blanks;
        if at < end && text.as_bytes()[at] != b';' {
            return Err((behind, "a parameter that goes on behind its quotes"));
        }
        if name.ends_with('*') || name.is_empty() || !name.bytes().all(is_token) || seen.contains(&name) {
            return Err((from, "a parameter that can be read in two ways"));
        }
        let ends_in_escape = text[own.clone()].ends_with('\\');
        match name.as_str() {
            "name" if text[own.clone()].contains('\\') => return Err((start, "a name with an escape")),
            "name" => head.name = own,
            _ if ends_in_escape => return Err((start, "a parameter with an escaped quote")),
            "filename" => head.file = Some(own),
            _ => head.others.push(own),
        }
        seen.push(name);
    }
    if seen.iter().any(|name| name == "name") { Ok(()) } else { Err((value.start, "a part without a name")) }
}

fn is_plain(coding: &str) -> bool {
    ["7bit", "8bit", "binary"].iter().any(|plain| coding.eq_ignore_ascii_case(plain))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + inner.len() - inner.trim_start_matches([' ', '\t']).len();
    start..start + inner.trim_matches([' ', '\t']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, usize> {
        let head = read(text).map_err(|(at, _)| at)?;
        let of = |range: &Option<Range<usize>>| range.clone().map_or("-", |range| &text[range]);
        Ok(format!("{}|{}|{}", &text[head.name.clone()], of(&head.file), of(&head.kind)))
    }

    #[test]
    fn heads_are_read_in_one_way_or_not_at_all() {
        let form = "Content-Disposition: form-data";
        for (text, told) in [
            (format!("{form}; name=\"tel\""), Ok("tel|-|-")),
            (
                "content-disposition:form-data;name=tel ; filename=\"C:\\a;b.csv\"\r\nContent-Type: text/csv"
                    .to_owned(),
                Ok("tel|C:\\a;b.csv|text/csv"),
            ),
            (format!("{form}; name=\"氏名\"; filename=\"\"\r\nX-Other: 1"), Ok("氏名||-")),
            (format!("{form}; name=\"\""), Ok("|-|-")),
            (format!("{form}; name=\"a\"; name=\"b\""), Err(41)),
            (format!("{form}; name=\"a\"; filename*=UTF-8''b"), Err(41)),
            (format!("{form}; name=\"a\\\"b\""), Err(41)),
            (format!("{form}; name=\"a\"b\""), Err(40)),
            (format!("{form}; name=\"a"), Err(37)),
            (format!("{form}; name=a b"), Err(37)),
            (format!("{form}; filename=\"a\""), Err(21)),
            ("Content-Disposition: attachment; name=\"a\"".to_owned(), Err(21)),
            (format!("{form}; name=\"a\"\r\n{form}; name=\"b\""), Err(42)),
            (format!("{form}; name=\"a\"\r\n folded: 1"), Err(42)),
            (format!("{form}; name=\"a\"\r\nContent-Transfer-Encoding: base64"), Err(42)),
            (format!("{form}; name=\"a\nX: b\""), Err(0)),
            ("Content-Type: text/plain".to_owned(), Err(0)),
            (String::new(), Err(0)),
        ] {
            assert_eq!(shown(&text), told.map(str::to_owned), "{text}");
        }
    }
}
