//! A whole issued token among other words: staff has changed a note in which a value stands as its token.
//!
//! The tokens that this very text showed become their values again, wherever they stand among its words; one that it
//! did not show is nobody's here, and a mask among words is a mask of anything. What a detector finds hangs on the words
//! around it, so the write goes on only if staff would get of it, as an answer, just what they wrote there.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::format::json::nodes::{self, Is, Node, find};
use crate::guard::{enclosed, returned};
use crate::transform;

/// A text with its values, where all that is veiled in it are whole tokens that `veiled` shows of `original`.
pub(super) fn whole(written: &str, original: &str, veiled: &str) -> Option<String> {
    let tokens = transform::tokens(written);
    let shown = if tokens.is_empty() { None } else { issued(original, veiled) }?;
    let (mut all, mut words, mut at) = (String::new(), String::new(), 0);
    for token in tokens {
        let before = &written[at..token.start];
        words.push_str(before);
        words.push('\n');
        all.push_str(before);
        all.push_str(shown.get(&written[token.clone()])?);
        at = token.end;
    }
    words.push_str(&written[at..]);
    all.push_str(&written[at..]);
    let is_veiled = returned::holds_veil(&words) || enclosed::holds_veil(&words);
    (!is_veiled).then_some(all)
}

/// What each token of a text stands for: between them stands what stood there before. Nothing where that leaves a doubt.
fn issued<'a>(original: &'a str, veiled: &'a str) -> Option<BTreeMap<&'a str, &'a str>> {
    let tokens = transform::tokens(veiled);
    let mut rest = original.strip_prefix(&veiled[..tokens.first()?.start])?;
    let mut shown = BTreeMap::new();
    for (number, token) in tokens.iter().enumerate() {
        let next = tokens.get(number + 1);
        let between = &veiled[token.end..next.map_or(veiled.len(), |next| next.start)];
        let value = match next {
            None => rest.strip_suffix(between)?,
            Some(_) if between.is_empty() || rest.matches(between).count() != 1 => return None,
            Some(_) => {
                let (value, behind) = rest.split_once(between)?;
                rest = behind;
                value
            }
        };
        let other = shown.insert(&veiled[token.clone()], value);
        if value.is_empty() || other.is_some_and(|other| other != value) {
            return None;
        }
    }
    Some(shown)
}

/// Whether of these texts of a write an answer shows staff just what they wrote.
pub fn is_shown_again(written: &str, judged: &str, texts: &[Range<usize>], depth: usize) -> bool {
    let (Some(written), Some(judged)) = (nodes::read(written, depth), nodes::read(judged, depth)) else { return false };
    is_same(&written, &judged, texts)
}

fn is_same(written: &Node, judged: &Node, texts: &[Range<usize>]) -> bool {
    let holds_one = |node: &Node| texts.iter().any(|text| node.span.start <= text.start && text.end <= node.span.end);
    match (&written.is, &judged.is) {
        _ if !holds_one(written) => true,
        (Is::Object(own), Is::Object(all)) => own
            .iter()
            .filter(|member| holds_one(&member.value))
            .all(|member| find(all, &member.name).is_some_and(|judged| is_same(&member.value, &judged.value, texts))),
        (Is::List(own), Is::List(all)) => {
            own.len() == all.len() && own.iter().zip(all).all(|(own, judged)| is_same(own, judged, texts))
        }
        (Is::Text(own), Is::Text(judged)) => own == judged,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_tokens_of_the_text_itself_become_their_values() {
        let token = |letter: &str| format!("tok_phone_{}", letter.repeat(56));
        let (a, b, c) = (token("a"), token("b"), token("c"));
        let (original, veiled) = ("call 1 or 2 soon", format!("call {a} or {b} soon"));
        for (written, expected) in [
            (format!("now call {b}"), Some("now call 2")),
            (format!("{a} {a}!"), Some("1 1!")),
            (format!("call {a} or {c} soon"), None),
            (format!("call {a} or **** soon"), None),
            (format!("call {a} or tel:***-****-5678"), None),
            (format!("call x{a}"), Some("call x1")),
            (format!("call {a}a"), None),
            (format!("call {}", a.to_uppercase()), None),
            (format!("call {}", &a[..a.len() - 1]), None),
            ("call nobody".to_owned(), None),
        ] {
            assert_eq!(whole(&written, original, &veiled).as_deref(), expected, "{written}");
        }
        // Where nobody can say what a token stands for, none is anything.
        for (original, veiled) in [
            ("1 2", format!("{a}{b}")),
            ("1 or 2 or 3", format!("{a} or {b}")),
            ("1 and **", format!("{a} and ****")),
            ("1 1", format!("x{a}")),
        ] {
            assert_eq!(whole(&format!("now {a}"), original, &veiled), None, "{veiled}");
        }
    }
}
