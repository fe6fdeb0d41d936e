//! What nobody may read in a diagnostic: passwords and secrets that stand in a file.
//!
//! `check` shows the line of each fault, on terminals and in the logs of CI. Every byte of such a
//! value becomes `*`, so that places stay what they are.

use std::ops::Range;

use crate::policy::fault::Faults;
use crate::policy::node::{self, Node, Source, Value};

/// The keys whose values are veiled.
const KEYS: [&str; 2] = ["password", "secret"];

/// How much of a file is shown that cannot be read, so that nobody knows where its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Every line up to its first colon: the file is there for its passwords.
    Keys,
    /// Every line, but for what follows such a key.
    Lines,
}

/// The text of a file as it may be shown.
pub fn veiled(source: &Source, broken: Broken) -> String {
    let spans = match node::parse(source, &mut Faults::new()) {
        Some(root) => of_node(&root),
        None => of_lines(&source.text, broken),
    };
    let mut bytes = source.text.clone().into_bytes();
    for at in spans.into_iter().flatten() {
        if let Some(byte) = bytes.get_mut(at).filter(|byte| !byte.is_ascii_whitespace()) {
            *byte = b'*';
        }
    }
    // Spans are those of whole scalars, so no character was cut; if one was, nothing is shown.
    String::from_utf8(bytes).unwrap_or_default()
}

/// The values of such keys in a tree, whose depth the reader bounds.
fn of_node(node: &Node) -> Vec<Range<usize>> {
    match &node.value {
        Value::Scalar { .. } => Vec::new(),
        Value::List(items) => items.iter().flat_map(of_node).collect(),
        Value::Map(entries) => {
            let of_entry = |entry: &node::Entry| match KEYS.contains(&entry.key.as_str()) {
                true => scalars(&entry.value),
                false => of_node(&entry.value),
            };
            entries.iter().flat_map(of_entry).collect()
        }
    }
}

/// Everything below a node.
fn scalars(node: &Node) -> Vec<Range<usize>> {
    match &node.value {
        Value::Scalar { .. } => vec![node.spot.span.clone()],
        Value::List(items) => items.iter().flat_map(scalars).collect(),
        Value::Map(entries) => entries.iter().flat_map(|entry| scalars(&entry.value)).collect(),
    }
}

fn of_lines(text: &str, broken: Broken) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let shown = match broken {
            Broken::Keys => Some(line.find(':').map_or(0, |at| at + 1)),
            Broken::Lines => KEYS.iter().filter_map(|key| Some(line.find(key)? + key.len())).min(),
        };
        spans.extend(shown.map(|shown| start + shown..start + line.len()));
        start += line.len();
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, broken: Broken) -> String {
        let veiled = veiled(&Source { name: "users.yaml".into(), text: text.into() }, broken);
        assert_eq!(veiled.len(), text.len());
        veiled
    }

    #[test]
    fn passwords_are_veiled_and_places_stay() {
        let text = "佐藤: { password: 'ひみつ 1', groups: [a] }\nsato:\n  password: abc\n  secret: [x, { y: z }]\n";
        let expected =
            "佐藤: { password: ********** **, groups: [a] }\nsato:\n  password: ***\n  secret: [*, { y: * }]\n";
        assert_eq!(shown(text, Broken::Keys), expected);
    }

    #[test]
    fn of_a_broken_file_the_keys_alone_are_shown() {
        let text = "sato:\n  password: 'abc\n  \tdef\n";
        assert_eq!(shown(text, Broken::Keys), "sato:\n  password: ****\n  \t***\n");
        assert_eq!(shown("a: [b\nsecret： x y\n", Broken::Lines), "a: [b\nsecret*** * *\n");
    }
}
