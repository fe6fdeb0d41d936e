//! Typed readers over nodes: each takes what fits, and notes a fault with a suggestion for what
//! does not, so that one run tells everything.

use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::policy::excluded;
use crate::policy::fault::{Fault, Faults};
use crate::policy::node::{Entry, Node, Spot, Value};
use crate::policy::traps;

/// Reads a map key by key; what was never asked for is unknown.
pub struct MapReader<'n> {
    what: &'static str,
    node: &'n Node,
    entries: &'n [Entry],
    asked: Vec<&'static str>,
    /// Words that are kept for later: they are told where they stand, and never offered.
    kept: Vec<&'static str>,
    /// Keys that have their place elsewhere, and where.
    elsewhere: Vec<(&'static str, &'static str)>,
    /// Words that people write for a key of this map.
    meant: Vec<(&'static str, &'static str)>,
}

impl<'n> MapReader<'n> {
    /// Opens a map; `what` says what it is: `a rule`.
    pub fn open(node: &'n Node, what: &'static str, faults: &mut Faults) -> Option<MapReader<'n>> {
        let entries = entries(node, what, faults)?;
        let (asked, kept, elsewhere, meant) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Some(MapReader { what, node, entries, asked, kept, elsewhere, meant })
    }

    /// The value of a key, if it stands there.
    pub fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        Some(&self.take_entry(key)?.value)
    }

    /// The entry of a key, if it stands there.
    pub fn take_entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.asked.push(key);
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key that must be there.
    pub fn need(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'n Node> {
        let value = self.take(key);
        if value.is_none() && !faults.has_slip(&self.node.spot) {
            faults.error(&self.node.spot, "missing-key", lacks(self.what, key));
        }
        value
    }

    /// Words that are kept for what is not built yet.
    pub fn reserve(&mut self, keys: &[&'static str], faults: &mut Faults) {
        for key in keys {
            self.kept.push(key);
            if let Some(entry) = self.entries.iter().find(|entry| entry.key == *key) {
                reserved(&entry.key_spot, key, faults);
            }
        }
    }

    /// Keys that are written under another key of this map.
    pub fn belongs(&mut self, keys: &[&'static str], under: &'static str) {
        self.elsewhere.extend(keys.iter().map(|key| (*key, under)));
    }

    /// Words that people write for keys of this map, as other programs call them so.
    pub fn means(&mut self, words: &[(&'static str, &'static str)]) {
        self.meant.extend(words);
    }

    /// Where the map begins.
    pub fn spot(&self) -> &'n Spot {
        &self.node.spot
    }

    /// Notes every key that was never asked for.
    pub fn finish(self, faults: &mut Faults) {
        for entry in self.entries {
            let key = entry.key.as_str();
            if self.asked.contains(&key) || self.kept.contains(&key) || traps::is_told(entry) {
                continue;
            }
            let message = format!("`{}` is no key of {}", entry.key, self.what);
            let is_read = !faults.is_full();
            let fault = faults.error(&entry.key_spot, "unknown-key", message);
            if !is_read {
                continue;
            }
            let in_words = |words: &[(&'static str, &'static str)]| {
                words.iter().find(|(word, _)| *word == key).map(|(_, meant)| *meant)
            };
            if let Some(under) = in_words(&self.elsewhere) {
                fault.help(format!("write it under `{under}:`"));
                continue;
            }
            match in_words(&self.meant).or_else(|| nearest(key, self.asked.iter().copied())) {
                Some(near) => {
                    fault.did_you_mean(Some(near));
                    // One slip of a finger is one fault: the key that it misses is not told as well.
                    let missing = lacks(self.what, near);
                    let own = &self.node.spot;
                    let here = |fault: &Fault| fault.file == own.file && fault.span == own.span;
                    faults.forget(0, |fault| fault.code == "missing-key" && here(fault) && fault.message == missing);
                }
                None => fault.help(format!("its keys are {}", words_of(self.asked.iter().copied()))),
            }
        }
    }
}

fn lacks(what: &str, key: &str) -> String {
    format!("{what} needs `{key}`")
}

/// Notes that a word is kept for what is not built yet.
pub fn reserved(spot: &Spot, word: &str, faults: &mut Faults) {
    let fault = faults.error(spot, "reserved", format!("`{word}` is reserved: not yet"));
    fault.help("take it out; a later version will know it");
}

/// The entries of a map whose keys are free.
pub fn entries<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> Option<&'n [Entry]> {
    if let Value::Map(entries) = &node.value {
        return Some(entries);
    }
    if node.scalar().is_some_and(|text| traps::wide_colon(faults, text, &node.spot)) {
        return None;
    }
    let found = found(node);
    faults.error(&node.spot, "type", format!("{what} is a map of `key: value`, and here stands {found}"));
    None
}

/// A text that is not empty.
pub fn text<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> Option<&'n str> {
    match &node.value {
        Value::Scalar { text, .. } if !text.is_empty() => Some(text),
        Value::Scalar { .. } => {
            faults.error(&node.spot, "empty", format!("{what} is empty"));
            None
        }
        Value::List(_) | Value::Map(_) => {
            faults.error(&node.spot, "type", format!("{what} is a text, and here stands {}", found(node)));
            None
        }
    }
}

/// One of a few words.
pub fn word<T: Copy>(node: &Node, what: &str, words: &[(&'static str, T)], faults: &mut Faults) -> Option<T> {
    let text = text(node, what, faults)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*meaning);
    }
    let names = || words.iter().map(|(word, _)| *word);
    let message = format!("{what} is {}, not `{text}`", words_of(names()));
    let fault = faults.error(&node.spot, "unknown-word", message);
    match excluded::leaves_out(text) {
        true => fault.help(excluded::CONDITIONS),
        false => fault.did_you_mean(nearest(text, names())),
    }
    None
}

/// `true` or `false`.
pub fn boolean(node: &Node, what: &str, faults: &mut Faults) -> Option<bool> {
    word(node, what, &[("true", true), ("false", false)], faults)
}

/// A whole number.
pub fn number<T: FromStr>(node: &Node, what: &str, faults: &mut Faults) -> Option<T> {
    let text = text(node, what, faults)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    if number.is_none() {
        faults.error(&node.spot, "number", format!("{what} is a whole number, not `{text}`"));
    }
    number
}

/// A list's items, or the one value itself, of a key that needs at least one. What an empty list means is
/// a guess (nothing, or anything), so nobody makes it.
pub fn one_or_more<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> &'n [Node] {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        faults
            .error(&node.spot, "empty", format!("here stands an empty list, and not {what}"))
            .help("name at least one, or leave the key out");
    }
    each(node)
}

/// A list's items, or the one value itself; there may be none.
pub fn each(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Scalar { .. } | Value::Map(_) => std::slice::from_ref(node),
    }
}

/// One text or a list of them, which is not empty.
pub fn texts<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> Vec<(&'n str, &'n Spot)> {
    one_or_more(node, what, faults).iter().filter_map(|item| Some((text(item, what, faults)?, &item.spot))).collect()
}

/// One text or a list of them, which may be empty: nobody is in a group, nothing is called so.
pub fn any_texts<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> Vec<(&'n str, &'n Spot)> {
    each(node).iter().filter_map(|item| Some((text(item, what, faults)?, &item.spot))).collect()
}

/// The candidate that a word was probably meant to be.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    nearest_but(word, candidates, |_| false)
}

/// The same, but for candidates that are guarded: whoever takes one of those by chance shows more than they
/// know, so they come up for a slip of the finger alone.
pub fn nearest_but<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    is_guarded: impl Fn(&str) -> bool,
) -> Option<&'c str> {
    /// Longer words are no slips of the pen, and each costs as many steps as its length squared.
    const WORD_CHARS: usize = 100;
    /// As many are looked at as a policy may have roles or kinds; whoever has more has no slip of the pen.
    const CANDIDATES_MAX: usize = 1_100;
    /// In words up to here two letters may be wrong where that is less than half of it.
    const SHORT_CHARS: usize = 5;
    /// Letters that may be wrong in what is guarded.
    const GUARDED_WRONG: usize = 2;
    let plain = |text: &str| text.nfkc().collect::<String>().to_lowercase().replace(['-', ' ', '.'], "_");
    if word.chars().nth(WORD_CHARS).is_some() || excluded::leaves_out(word) {
        return None;
    }
    let word = plain(word);
    let length = word.chars().count();
    let rank = |candidate: &str| {
        let name = plain(candidate);
        let wrong = strsim::osa_distance(&word, &name);
        // Two letters of five may be wrong, and a third of a longer word.
        let longer = length.max(name.chars().count());
        let is_slip = wrong <= if longer <= SHORT_CHARS { longer * 2 / 5 } else { longer / 3 };
        // More was said than the name has, or its last part alone.
        let is_part = word.split('_').any(|part| part == name) || name.ends_with(&format!("_{word}"));
        if excluded::is_opposite(&word, &name) || is_guarded(candidate) && (wrong > GUARDED_WRONG || is_part) {
            return None;
        }
        match (is_slip, is_part) {
            (true, _) if wrong <= 1 => Some((0, wrong)),
            (_, true) => Some((1, wrong)),
            (true, false) => Some((2, wrong)),
            (false, false) => None,
        }
    };
    let ranked =
        candidates.into_iter().take(CANDIDATES_MAX).filter_map(|candidate| Some((rank(candidate)?, candidate)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`.
pub fn words_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn found(node: &Node) -> &'static str {
    match &node.value {
        Value::Scalar { .. } if node.is_empty() => "nothing",
        Value::Scalar { .. } => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::node::{Source, parse};

    #[test]
    fn the_nearest_word_is_near() {
        let kinds = ["pension_number", "phone", "email", "person.name", "postal_code", "notes"];
        for (word, near) in [
            ("fone", Some("phone")),
            ("Phone", Some("phone")),
            ("e-mail", Some("email")),
            ("name", Some("person.name")),
            ("postcode", Some("postal_code")),
            ("tel", None),
            ("ＰＨＯＮＥ", Some("phone")),
            ("phone_number", Some("phone")),
            ("personal", None),
            ("zzzz", None),
        ] {
            assert_eq!(nearest(word, kinds), near, "{word}");
        }
    }

    #[test]
    fn every_fault_of_a_map_is_told_at_once() {
        let mut faults = Faults::new();
        let text = "pat: x\nmode: loud\ncount: 1x\nwhen: [1, [2]]\n".to_owned();
        let node = parse(&Source { name: "a".into(), text }, &mut faults).expect("a tree");
        let mut map = MapReader::open(&node, "a test", &mut faults).expect("a map");
        assert!(map.need("path", &mut faults).is_none());
        let mode = map.take("mode").expect("it stands there");
        assert_eq!(word(mode, "the mode", &[("low", 1), ("high", 2)], &mut faults), None);
        let count = map.take("count").expect("it stands there");
        assert_eq!(number::<u8>(count, "the count", &mut faults), None);
        map.reserve(&["when"], &mut faults);
        map.finish(&mut faults);
        let told: Vec<_> = faults.into_sorted().into_iter().map(|fault| (fault.line, fault.message)).collect();
        assert_eq!(
            told,
            [
                // That `path` is needed is said by what is said of `pat`.
                (1, "`pat` is no key of a test".to_owned()),
                (2, "the mode is `low` or `high`, not `loud`".to_owned()),
                (3, "the count is a whole number, not `1x`".to_owned()),
                (4, "`when` is reserved: not yet".to_owned()),
            ]
        );
    }
}
