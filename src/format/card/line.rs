//! One line of a vCard taken apart: `item1.TEL;TYPE=home:090-1234-5678`.

use std::ops::Range;

/// A line's parts, as bytes of the unfolded line.
pub struct Line {
    /// The property, without its group.
    pub name: Range<usize>,
    /// The parameters: the name (empty for a bare `HOME`) and the value without its quotes.
    pub parameters: Vec<(Range<usize>, Range<usize>)>,
    /// The value.
    pub value: Range<usize>,
}

impl Line {
    /// Takes a line apart; what is wrong with it, if it cannot be.
    pub fn read(text: &str) -> Result<Line, &'static str> {
        let colon = outside_quotes(text, 0, b':').ok_or("a line without `:`")?;
        let head = &text[..colon];
        let end = head.find(';').unwrap_or(head.len());
        let start = head[..end].rfind('.').map_or(0, |dot| dot + 1);
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let group = &head[..start.saturating_sub(1)];
        if !is_name(&head[start..end]) || !(start == 0 || is_name(group)) {
            return Err("a line that names no property");
        }
        let mut parameters = Vec::new();
        let mut at = end;
        while at < head.len() {
            let from = at + 1;
            at = outside_quotes(head, from, b';').unwrap_or(head.len());
            let one = &head[from..at];
            let (name, value) = match one.find('=') {
                Some(equals) => (from..from + equals, from + equals + 1..at),
                None => (from..from, from..at),
            };
            // What a quote in a name opens would be closed by one in a value, which an edit can take.
            if head[name.clone()].contains('"') {
                return Err("a parameter whose name holds a quote");
            }
            let quoted = &head[value.clone()];
            let is_quoted = quoted.len() > 1 && quoted.starts_with('"') && quoted.ends_with('"');
            // Several quoted ones in a list stay as they are written.
            let inner = is_quoted && !quoted[1..quoted.len() - 1].contains('"');
            parameters.push((name, if inner { value.start + 1..value.end - 1 } else { value }));
        }
        Ok(Line { name: start..end, parameters, value: colon + 1..text.len() })
    }

    /// What a parameter says, in upper case: `ENCODING`, which old cards leave out (`;BASE64`).
    pub fn says(&self, text: &str, name: &str) -> Option<String> {
        let own = |range: &Range<usize>| text[range.clone()].trim().to_ascii_uppercase();
        self.parameters.iter().find(|(known, _)| own(known) == name).map(|(_, value)| own(value))
    }

    /// The bare parameters, in upper case.
    pub fn bare<'t>(&'t self, text: &'t str) -> impl Iterator<Item = String> + 't {
        let bare = self.parameters.iter().filter(|(name, _)| name.is_empty());
        bare.map(|(_, value)| text[value.clone()].trim().to_ascii_uppercase())
    }
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As text, with escapes.
    Plain,
    /// In quoted-printable.
    Printable,
    /// In base64.
    Base64,
}

/// How the value of a line that begins so is written.
pub fn coding(line: &Line, text: &str) -> Result<Coding, &'static str> {
    let said = line
        .says(text, "ENCODING")
        .or_else(|| line.bare(text).find(|word| word == "QUOTED-PRINTABLE" || word == "BASE64"));
    match said.as_deref() {
        None | Some("7BIT" | "8BIT") => Ok(Coding::Plain),
        Some("QUOTED-PRINTABLE") => Ok(Coding::Printable),
        Some("B" | "BASE64") => Ok(Coding::Base64),
        Some(_) => Err("a value in a coding that is not read"),
    }
}

/// The parts of a structured value, between `;` that no backslash stands before.
pub fn components(value: &str) -> Vec<Range<usize>> {
    let (mut parts, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b';' => {
                parts.push(from..at);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(from..value.len());
    parts
}

/// What a component of a property is also called, so that labels know it: what the standard's short
/// names mean.
pub fn also(property: &str, component: usize) -> Option<&'static str> {
    let name = match (property, component) {
        (
            "FN" | "NICKNAME" | "SORT-STRING" | "SORT-AS" | "RELATED" | "SPOUSE" | "X-SPOUSE" | "MANAGER" | "X-MANAGER"
            | "ASSISTANT" | "X-ASSISTANT",
            _,
        ) => "full name",
        ("N", 0) => "last name",
        ("N", 1) => "first name",
        ("N", 2) => "middle name",
        ("N", 3 | 4) => return None,
        ("N", _) => "full name",
        ("ADR", 5) => "postal code",
        ("ADR" | "LABEL" | "GEO", _) => "street address",
        ("BDAY", _) => "birthday",
        ("NOTE", _) => "notes",
        (name, _) if name.starts_with("X-PHONETIC") => "kana",
        _ => return None,
    };
    Some(name)
}

/// Whether a property's value is made of parts.
pub fn is_structured(property: &str) -> bool {
    matches!(property, "N" | "ADR" | "ORG")
}

/// Parameters that say how a value is meant and hold none.
pub fn is_structure(parameter: &str) -> bool {
    const KNOWN: [&str; 13] = [
        "",
        "TYPE",
        "PREF",
        "VALUE",
        "ENCODING",
        "CHARSET",
        "LANGUAGE",
        "ALTID",
        "PID",
        "MEDIATYPE",
        "CALSCALE",
        "LEVEL",
        "INDEX",
    ];
    KNOWN.contains(&parameter)
}

fn outside_quotes(text: &str, from: usize, wanted: u8) -> Option<usize> {
    let mut quoted = false;
    let found = text.bytes().skip(from).position(|byte| {
        quoted ^= byte == b'"';
        byte == wanted && !quoted
    });
    found.map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let text = "item1.ADR;TYPE=\"home,work\";PREF;LABEL=\"a;b:c\":;;1-1\\;2;x";
        let line = Line::read(text).expect("a line");
        let shown: Vec<_> = line.parameters.iter().map(|(n, v)| (&text[n.clone()], &text[v.clone()])).collect();
        assert_eq!(&text[line.name.clone()], "ADR");
        assert_eq!(shown, [("TYPE", "home,work"), ("", "PREF"), ("LABEL", "a;b:c")]);
        let value = &text[line.value.clone()];
        let parts: Vec<_> = components(value).into_iter().map(|part| &value[part]).collect();
        assert_eq!(parts, ["", "", "1-1\\;2", "x"]);
        assert_eq!(line.says(text, "TYPE").as_deref(), Some("HOME,WORK"));
        for text in ["TEL", ":x", "T L:x", ".TEL:x", "a b.TEL:x", "TEL;X=\"a:b"] {
            assert!(Line::read(text).is_err(), "{text}");
        }
    }
}
