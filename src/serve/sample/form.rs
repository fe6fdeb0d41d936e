//! Names and values as a query or an HTML form sends them: `a=1&b=%E5%B1%B1`.
//!
//! Reading is forgiving, as in the old software that this stands for: what is not UTF-8 is replaced, a name without
//! `=` has an empty value, and the first of several equal names wins.

use percent_encoding::percent_decode;

/// No page of the sample sends more fields than this; what comes after them is not read.
const FIELDS_MAX: usize = 64;

/// The names and values of one query or body.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(text: &[u8]) -> Form {
        let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(FIELDS_MAX);
        Form(
            pairs
                .map(|pair| {
                    let mut halves = pair.splitn(2, |byte| *byte == b'=');
                    (decode(halves.next().unwrap_or_default()), decode(halves.next().unwrap_or_default()))
                })
                .collect(),
        )
    }

    /// The value under `name`, trimmed; empty where there is none.
    pub fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// All names and values as they were sent.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

fn decode(text: &[u8]) -> String {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_the_first_of_equal_names_wins() {
        let form = Form::parse("q=%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E&tel=&q=second&flag&x=%FF".as_bytes());
        assert_eq!(form.value("q"), "山田 太郎");
        assert_eq!((form.value("tel"), form.value("flag"), form.value("absent")), ("", "", ""));
        assert_eq!(form.value("x"), "\u{FFFD}");
        assert_eq!(form.pairs().len(), 5);
    }

    #[test]
    fn a_flood_of_fields_is_cut() {
        assert_eq!(Form::parse("a=1&".repeat(1_000).as_bytes()).pairs().len(), FIELDS_MAX);
    }
}
