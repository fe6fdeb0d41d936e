//! Looks for personal values in what somebody got, in every spelling in which a page may hold them.
//!
//! The spellings are undone rather than listed: the text is searched as it came, and again with
//! entities, percent codes, `\u` escapes and base64 taken off, also one upon the other, because
//! Creme escapes some values twice.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use data_encoding::BASE64;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::page::unescape;

/// How many codings may lie upon each other: JSON in a script in a page, and one to spare.
const LAYERS: usize = 3;

/// The values of some kinds of all seeded customers.
#[derive(Debug)]
pub struct Needles {
    values: Vec<(&'static str, String)>,
    search: AhoCorasick,
}

impl Needles {
    /// The values of these kinds. What `people` holds under a kind is written in the ways in which
    /// the CRM writes it.
    pub fn of(people: &[Value], kinds: &[&'static str]) -> Needles {
        let mut values = BTreeSet::new();
        for (person, kind) in people.iter().flat_map(|person| kinds.iter().map(move |kind| (person, *kind))) {
            values.extend(spellings(person, kind).into_iter().map(|value| (kind, value)));
        }
        let values: Vec<(&'static str, String)> = values.into_iter().collect();
        let search = AhoCorasick::new(values.iter().map(|(_, value)| value)).expect("an automaton");
        Needles { values, search }
    }

    /// The same without one value: what staff asked for themselves may come back to them.
    pub fn without(self, value: &str) -> Needles {
        let values: Vec<_> = self.values.into_iter().filter(|(_, own)| own != value).collect();
        let search = AhoCorasick::new(values.iter().map(|(_, value)| value)).expect("an automaton");
        Needles { values, search }
    }

    /// Every value that stands in the text, as `kind: value`, each once.
    pub fn found_in(&self, text: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for layer in layers(text) {
            for hit in self.search.find_overlapping_iter(&layer) {
                let (kind, value) = &self.values[hit.pattern().as_usize()];
                found.insert(format!("{kind}: {value}"));
            }
        }
        found
    }

    /// Fails the test if any value stands in the text.
    pub fn none_in(&self, what: &str, text: &str) {
        let found = self.found_in(text);
        assert!(found.is_empty(), "{what}: {} values in clear: {found:?}", found.len());
    }
}

/// A member of a seeded person.
pub fn member<'a>(person: &'a Value, name: &str) -> &'a str {
    person[name].as_str().unwrap_or_else(|| panic!("people.json has no `{name}`"))
}

/// A date as Creme writes it on a page: `Feb. 6, 1972`.
pub fn long_date(iso: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec."];
    let parts: Vec<usize> = iso.split('-').map(|part| part.parse().expect("a date")).collect();
    format!("{} {}, {}", MONTHS[parts[1] - 1], parts[2], parts[0])
}

fn spellings(person: &Value, kind: &str) -> Vec<String> {
    let own = |name: &str| member(person, name).to_owned();
    let written = match kind {
        "name" => vec![own("given"), own("family"), own("family").to_uppercase()],
        "kana" => own("kana").split(' ').map(str::to_owned).collect(),
        "phone" => vec![own("phone"), own("mobile"), digits(&own("phone")), digits(&own("mobile"))],
        "email" => vec![own("email")],
        "birthday" => vec![own("birthday"), long_date(&own("birthday"))],
        // Five digits alone stand in too many places by chance.
        "zip" => Some(own("zip")).filter(|zip| zip.contains(['-', ' '])).into_iter().collect(),
        "street" => own("street").lines().map(str::to_owned).collect(),
        "note" => own("note").lines().map(str::to_owned).collect(),
        other => panic!("no kind `{other}` among the seeded"),
    };
    let narrow = written.iter().map(|value| value.nfkc().collect::<String>());
    let bare = written.iter().map(|value| value.trim_start_matches('〒').to_owned());
    let all: BTreeSet<String> = narrow.chain(bare).chain(written.iter().cloned()).collect();
    all.into_iter().filter(|value| value.chars().count() > 1).collect()
}

fn digits(phone: &str) -> String {
    phone.nfkc().filter(char::is_ascii_digit).collect()
}

/// The text as it is, and as it is with codings taken off.
fn layers(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([text.to_owned()]);
    let mut newest: Vec<String> = all.iter().cloned().collect();
    for _ in 0..LAYERS {
        let peel = |text: &String| [unescape(text), percent_decode(text), unicode_unescape(text), base64_decode(text)];
        newest = newest.iter().flat_map(peel).filter(|text| all.insert(text.clone())).collect();
    }
    all
}

fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', "%20")).decode_utf8_lossy().into_owned()
}

/// Takes off `\u535a`, pairs of halves joined, and the `\/`, `\"`, `\n` of JSON.
fn unicode_unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut halves: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        let code =
            escape.strip_prefix("\\u").and_then(|hex| hex.get(..4)).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        if !before.is_empty() || code.is_none() {
            plain.push_str(&String::from_utf16_lossy(&halves));
            halves.clear();
        }
        plain.push_str(before);
        rest = match code {
            Some(half) => {
                halves.push(half);
                &escape[6..]
            }
            None => {
                plain.push(if escape.starts_with("\\n") { '\n' } else { ' ' });
                let skipped = escape.chars().take(2).map(char::len_utf8).sum();
                &escape[skipped..]
            }
        };
    }
    plain.push_str(&String::from_utf16_lossy(&halves));
    plain.push_str(rest);
    plain
}

/// Every run of base64 that decodes to text, decoded; nothing else.
fn base64_decode(text: &str) -> String {
    let in_alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let runs = text.split(|c| !in_alphabet(c)).filter(|run| run.len() >= 12 && run.len() % 4 == 0);
    let decoded = runs.filter_map(|run| BASE64.decode(run.as_bytes()).ok());
    decoded.filter_map(|bytes| String::from_utf8(bytes).ok()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_found_in_every_spelling() {
        let person = json!({ "given": "花音", "family": "𠮷岡", "email": "o'brien+1@example.jp", "zip": "〒812-0011",
            "phone": "０３－００００－１００３", "mobile": "070-0000-2001", "birthday": "1969-05-02", "street": "博多駅前7-11-1" });
        let needles = Needles::of(&[person], &["name", "email", "phone", "zip", "birthday", "street"]);
        for (text, value) in [
            ("<a title=\"花音\">", "name: 花音"),
            (r"\ud842\udfb7\u5ca1", "name: 𠮷岡"),
            (r"\u005Cud842\u005Cudfb7\u005Cu5ca1", "name: 𠮷岡"),
            ("o&#x27;brien+1@example.jp", "email: o'brien+1@example.jp"),
            (r"o\u0026#x27;brien+1@example.jp", "email: o'brien+1@example.jp"),
            ("q=o%27brien%2B1%40example.jp", "email: o'brien+1@example.jp"),
            ("=?utf-8?b?YXR0YWNobWVudDsgZmlsZW5hbWU9IvCgrrflsqEudmNmIg==?=", "name: 𠮷岡"),
            ("tel 03-0000-1003", "phone: 03-0000-1003"),
            ("tel:07000002001", "phone: 07000002001"),
            ("812-0011", "zip: 812-0011"),
            ("May 2, 1969", "birthday: May 2, 1969"),
            ("博多駅前7-11-1<br>", "street: 博多駅前7-11-1"),
        ] {
            let found = needles.found_in(text);
            assert!(found.contains(value), "{value} in {text}: {found:?}");
        }
        needles.none_in("what is veiled", "山** ** ***-****-1003 ****@example.jp 812-****");
    }
}
