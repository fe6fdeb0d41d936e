//! JSON of an answer beside the JSON that a test expects: members that are not named are not
//! compared, lists are element by element, and a number is no text.

use serde_json::Value;

use crate::cli::say::{Lang, texts};
use crate::cli::test::because::Sought;
use crate::cli::test::compare::Wrong;
use crate::policy::node::{Node, Value as Written};
use crate::policy::rule::tests::body::{json, json_text};
use crate::terms::place::{JsonPath, Place, Step};

/// How JSON is compared.
pub(super) struct Json {
    /// Members that are not named may not be there.
    pub(super) exactly: bool,
    pub(super) lang: Lang,
}

impl Json {
    /// Notes every difference of an answer from what is expected.
    pub(super) fn compare<'s>(&self, expected: &'s Node, text: &str, all: &mut Vec<Wrong<'s>>) {
        match serde_json::from_str::<Value>(text) {
            Ok(own) => self.node(&mut Vec::new(), expected, &own, all),
            Err(_) => all.push(Wrong::new(&expected.spot, texts::NO_JSON.of(self.lang).to_owned())),
        }
    }

    fn node<'s>(&self, way: &mut Vec<Step>, expected: &'s Node, got: &Value, all: &mut Vec<Wrong<'s>>) {
        match (&expected.value, got) {
            (Written::Map(entries), Value::Object(own)) => {
                for entry in entries {
                    way.push(Step::Name(entry.key.clone()));
                    match own.get(&entry.key) {
                        Some(own) => self.node(way, &entry.value, own, all),
                        None => all.push(self.missing(way, &entry.value)),
                    }
                    way.pop();
                }
                let named = |key: &String| entries.iter().any(|entry| entry.key == *key);
                for (key, own) in own.iter().filter(|(key, _)| self.exactly && !named(key)) {
                    way.push(Step::Name(key.clone()));
                    let what = texts::MORE.with(self.lang, &[("place", &written(way))]);
                    all.push(Wrong { got: Some(own.to_string()), ..at(way, expected, what) });
                    way.pop();
                }
            }
            (Written::List(items), Value::Array(own)) if items.len() == own.len() => {
                for (number, (item, own)) in items.iter().zip(own).enumerate() {
                    way.push(Step::Index(number));
                    self.node(way, item, own, all);
                    way.pop();
                }
            }
            (Written::List(items), Value::Array(own)) => {
                let counts: [(&str, &dyn std::fmt::Display); 3] =
                    [("place", &written(way)), ("got", &own.len()), ("expected", &items.len())];
                let what = texts::ELEMENTS.with(self.lang, &counts);
                all.push(Wrong { got: Some(got.to_string()), ..self.wrong(way, expected, what) });
            }
            (Written::Scalar { .. }, own) if json(expected) == *own => {}
            _ => {
                let what = texts::MEMBER_DIFFERS.with(self.lang, &[("place", &written(way))]);
                all.push(Wrong { got: Some(got.to_string()), ..self.wrong(way, expected, what) });
            }
        }
    }

    fn missing<'s>(&self, way: &[Step], expected: &'s Node) -> Wrong<'s> {
        self.wrong(way, expected, texts::MEMBER_MISSING.with(self.lang, &[("place", &written(way))]))
    }

    fn wrong<'s>(&self, way: &[Step], expected: &'s Node, what: String) -> Wrong<'s> {
        let text = match &expected.value {
            Written::Scalar { .. } => json(expected).to_string(),
            _ => json_text(expected),
        };
        Wrong { expected: Some(text), ..at(way, expected, what) }
    }
}

fn at<'s>(way: &[Step], expected: &'s Node, what: String) -> Wrong<'s> {
    let place = Place::Json(JsonPath { steps: way.to_vec() });
    Wrong { sought: Sought { place: Some(place), values: Vec::new() }, ..Wrong::new(&expected.spot, what) }
}

/// A way as rules write it.
fn written(way: &[Step]) -> String {
    let mut out = "$".to_owned();
    for step in way {
        match step {
            Step::Name(name) if name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty() => {
                out.push_str(&format!(".{name}"));
            }
            Step::Name(name) => out.push_str(&format!("['{name}']")),
            Step::Index(number) => out.push_str(&format!("[{number}]")),
            Step::Each | Step::Any | Step::DescendantName(_) | Step::DescendantAny => out.push_str("[*]"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fault::Faults;
    use crate::policy::node::{Source, parse};

    fn told(expected: &str, got: &str, exactly: bool) -> Vec<String> {
        let node = parse(&Source { name: "a".into(), text: expected.into() }, &mut Faults::new()).expect("a tree");
        let mut all = Vec::new();
        Json { exactly, lang: Lang::En }.compare(&node, got, &mut all);
        all.into_iter().map(|wrong| format!("{}: {}", wrong.spot.column, wrong.what)).collect()
    }

    #[test]
    fn what_is_not_named_is_not_compared() {
        let got = r#"{"id":42,"tel":"090","tags":["a","b"],"x y":null,"on":true}"#;
        for (expected, exactly, differences) in [
            ("{ id: 42 }", false, &[][..]),
            ("{ id: 42, tel: '090', tags: [a, b], 'x y': null, on: true }", true, &[]),
            ("{ id: '42' }", false, &["7: `$.id` is something else"]),
            ("{ tel: 090 }", false, &[]),
            ("{ id: 43, fax: x }", false, &["7: `$.id` is something else", "16: `$.fax` is missing"]),
            ("{ tags: [a] }", false, &["9: `$.tags` has the length 2 where 1 is expected"]),
            ("{ tags: [a, c] }", false, &["13: `$.tags[1]` is something else"]),
            ("{ 'x y': 1 }", false, &["10: `$['x y']` is something else"]),
            ("{ on: 'true' }", false, &["7: `$.on` is something else"]),
            ("{ id: 42, tags: [a, b], 'x y': ~, on: true }", true, &["1: `$.tel` is more than is expected"]),
        ] {
            assert_eq!(told(expected, got, exactly), differences, "{expected}");
        }
        assert_eq!(told("{}", "<p>", false), ["1: the answer is no JSON"]);
    }
}
