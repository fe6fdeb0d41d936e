//! Tokens that look like values: where a write may hold one, and which of them its record shows.
//!
//! No eye tells a token in the format of a telephone number from a number, and no key does: whatever has that
//! format is a token of something. So what may hold one is compared with the record. What is as staff was given it
//! goes home; what staff has changed may hold any value but the tokens that this record shows.

use std::collections::{BTreeSet, HashSet};

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization;

use super::Why;
use crate::format::json::nodes::{Is, Member, Node, find};
use crate::policy::plan::Plan;
use crate::terms::action::{Action, Token};
use crate::terms::kind::{self, KindId};
use crate::terms::secret::Secret;
use crate::transform;

/// How many tokens of one record are told apart; where it shows more, nothing is sure.
const TOKENS_MAX: usize = 1000;

/// A shorter token is known where it stands alone: a few letters are a part of many words, but a few ideographs are
/// a name.
const SHORT: usize = 6;
const SHORT_IDEOGRAPHS: usize = 3;

/// Digits of the shortest number that has a token: there must be a million that look like it.
const DIGITS_MIN: usize = 6;

/// The kinds of which staff gets tokens that look like values.
#[derive(Debug, Default)]
pub struct Likenesses {
    kinds: Vec<KindId>,
    /// Whether values of one of them hold letters.
    words: bool,
}

impl Likenesses {
    /// Those of a plan.
    pub fn of(plan: &Plan) -> Likenesses {
        let is_like = |action: Action| matches!(action, Action::Tokenize(Token::Format { .. }));
        let of_kind = |kind: KindId| plan.every(kind).any(|own| is_like(own.action));
        let kinds: Vec<KindId> = plan.kinds.iter().map(|(id, _)| id).filter(|id| of_kind(*id)).collect();
        let words = kinds.iter().any(|kind| !NUMBERS.contains(kind));
        Likenesses { kinds, words }
    }

    /// Why a text of a write must be compared, if it must.
    pub fn doubt(&self, plan: &Plan, text: &str) -> Option<Why> {
        let may_hold_one = || self.words || text.chars().filter(|c| c.is_numeric()).count() >= DIGITS_MIN;
        if self.kinds.is_empty() || text.trim().is_empty() || !may_hold_one() {
            return None;
        }
        Some(if self.finds(plan, text) { Why::Token } else { Why::Text })
    }

    /// The tokens that a page shows as staff gets it and not as it came, each in one spelling.
    pub fn shown(&self, original: &str, veiled: &str) -> BTreeSet<String> {
        let mut shown = Gathered::new(self);
        shown.text(original, veiled, false);
        shown.tokens
    }

    /// Whether a text holds a value of these kinds, or what has the shape of one: tokens are no numbers that
    /// somebody has.
    fn finds(&self, plan: &Plan, text: &str) -> bool {
        let mut found = Vec::new();
        plan.detectors.find(text, &mut found);
        let is_shaped = |word: &String| {
            let digits = word.bytes().all(|byte| byte.is_ascii_digit()).then_some(word.len());
            let has = |kind: KindId| self.kinds.contains(&kind);
            digits.is_some_and(|digits| match digits {
                10 | 11 if word.starts_with('0') => has(kind::PHONE),
                12 => has(kind::MY_NUMBER),
                14..=16 => has(kind::CARD_NUMBER),
                _ => false,
            })
        };
        found.iter().any(|hit| self.kinds.contains(&hit.kind)) || words(text).any(|word| is_shaped(&word))
    }
}

/// Kinds whose values are digits alone.
const NUMBERS: [KindId; 5] = [kind::PHONE, kind::POSTAL_CODE, kind::MY_NUMBER, kind::CARD_NUMBER, kind::SSN];

/// The words of a text, each in one spelling, that are long enough for a token; numbers in groups are one word, and
/// each group is one as well.
fn words(text: &str) -> impl Iterator<Item = String> {
    let plain: String = text.nfkc().collect();
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '@' | '+' | '(' | ')');
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '+' | '(' | ')' | ' ');
    let split = |is: &dyn Fn(char) -> bool| -> Vec<String> {
        let parts = plain.split(|c: char| !is(c)).map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
        parts.filter(|word| word.len() >= SHORT && !transform::holds_token(word)).map(spelt).collect()
    };
    let (mut all, numbers) = (split(&is_of_word), split(&is_of_number));
    all.extend(numbers);
    all.into_iter().filter(|word| word.len() >= SHORT)
}

/// A text in one spelling, for whoever seeks tokens in it: letters and digits alone, since separators are anybody's.
pub fn spelt(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// The tokens of a record while they are gathered.
pub(super) struct Gathered<'a> {
    likes: &'a Likenesses,
    pub tokens: BTreeSet<String>,
}

impl<'a> Gathered<'a> {
    pub fn new(likes: &'a Likenesses) -> Gathered<'a> {
        Gathered { likes, tokens: BTreeSet::new() }
    }

    /// Whether a value of this kind gets such a token.
    pub fn is_of(&self, kind: KindId) -> bool {
        self.likes.kinds.contains(&kind)
    }

    /// A value before and behind its veil; `whole` says that all of it is a token. A token is what stands there now
    /// and did not before.
    pub fn text(&mut self, original: &str, veiled: &str, whole: bool) {
        if original == veiled || self.likes.kinds.is_empty() {
            return;
        }
        let own: HashSet<String> = words(original).collect();
        let said = spelt(original);
        let is_new = |word: &String| !own.contains(word) && !said.contains(word.as_str());
        self.tokens.extend(words(veiled).filter(is_new));
        if whole && !transform::holds_token(veiled) {
            self.tokens.insert(spelt(veiled));
        }
    }

    /// The same of a document; `is_like` says whether a value of the original gets such a token by its place.
    pub fn nodes(&mut self, original: &Node, veiled: &Node, is_like: &dyn Fn(&Self, &Node) -> bool) {
        match (&original.is, &veiled.is) {
            _ if self.likes.kinds.is_empty() => {}
            (Is::Object(o), Is::Object(v)) => self.members(original, (o, v), is_like),
            (Is::List(o), Is::List(v)) if o.len() == v.len() => {
                o.iter().zip(v).for_each(|(o, v)| self.nodes(o, v, is_like));
            }
            (Is::Text(o) | Is::Bare(o), Is::Text(v) | Is::Bare(v)) => self.text(o, v, is_like(self, original)),
            _ => self.unpaired(veiled, is_like(self, original)),
        }
    }

    fn members(&mut self, original: &Node, (o, v): (&[Member], &[Member]), is_like: &dyn Fn(&Self, &Node) -> bool) {
        for member in v {
            match find(o, &member.name) {
                Some(own) => self.nodes(&own.value, &member.value, is_like),
                None => self.unpaired(&member.value, is_like(self, original)),
            }
        }
    }

    /// What stands beside nothing: of a list from which something was taken out nobody knows which is which.
    fn unpaired(&mut self, veiled: &Node, whole: bool) {
        match &veiled.is {
            Is::Object(members) => members.iter().for_each(|member| self.unpaired(&member.value, whole)),
            Is::List(nodes) => nodes.iter().for_each(|node| self.unpaired(node, whole)),
            Is::Text(text) | Is::Bare(text) => self.text("", text, whole),
        }
    }
}

/// Whether a token is known among other letters.
fn is_long(token: &str) -> bool {
    token.chars().count() >= if token.is_ascii() { SHORT } else { SHORT_IDEOGRAPHS }
}

/// The tokens that a record shows, for whoever looks for them.
pub(super) struct Shown {
    long: Vec<Finder<'static>>,
    short: BTreeSet<String>,
}

impl Shown {
    /// Nothing where there are too many to be sought.
    pub fn of(tokens: BTreeSet<String>) -> Option<Shown> {
        if tokens.len() > TOKENS_MAX {
            return None;
        }
        let is_digits = |token: &str| token.bytes().all(|byte| byte.is_ascii_digit());
        // A number is written from abroad without the zero that it begins with.
        let core = |token: String| if is_digits(&token) { token.trim_start_matches('0').to_owned() } else { token };
        let all = tokens.into_iter().map(core).filter(|token| !token.is_empty());
        let (long, short): (BTreeSet<String>, BTreeSet<String>) = all.partition(|token| is_long(token));
        let long = long.iter().map(|token| Finder::new(token).into_owned()).collect();
        Some(Shown { long, short })
    }

    /// Whether one stands in a text, which is in one spelling.
    pub fn stands_in(&self, said: &Secret) -> bool {
        self.long.iter().any(|token| token.find(said.0.as_bytes()).is_some())
            || self.short.contains(&said.0)
            || self.short.contains(said.0.trim_start_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_there_before_is_a_token() {
        let likes = Likenesses { kinds: vec![kind::PHONE], words: false };
        for (original, veiled, tokens) in [
            ("call 090-1234-5678 today", "call 040-0495-9645 today", &["04004959645"][..]),
            ("電話は090-1234-5678まで", "電話は040-0495-9645まで", &["04004959645"]),
            ("x", "x", &[]),
            ("a 090-1234-5678", "a ***-****-5678", &[]),
            ("2026-11-23 090-1234-5678", "2026-11-23 040-0495-9645", &["04004959645", "2026112304004959645"]),
        ] {
            let shown: Vec<String> = likes.shown(original, veiled).into_iter().collect();
            assert_eq!(shown, tokens, "{veiled}");
        }
    }

    #[test]
    fn a_token_is_known_among_other_words_and_in_other_spellings() {
        let tokens = ["09030395613", "ab12", "xq7rt92"].map(str::to_owned);
        let shown = Shown::of(BTreeSet::from(tokens)).expect("few");
        for (text, is) in [
            ("call 090-3039-5613 today", true),
            ("tel:０９０ ３０３９ ５６１３", true),
            ("+81 90 3039 5613", true),
            ("090-3039-5614", false),
            ("AB-12", true),
            ("ab12 and more", false),
            ("no. XQ7-RT92.", true),
            ("", false),
        ] {
            assert_eq!(shown.stands_in(&Secret(spelt(text))), is, "{text}");
        }
    }

    #[test]
    fn where_there_are_too_many_nothing_is_sure() {
        let many = (0..=TOKENS_MAX).map(|number| format!("{number:09}")).collect();
        assert!(Shown::of(many).is_none());
    }
}
