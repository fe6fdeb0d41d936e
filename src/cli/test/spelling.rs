//! Whether a value stands anywhere in what staff gets, in any spelling: as it is written, behind
//! any escape of its format, and as the gateway itself seeks veiled values elsewhere.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL};

use crate::cli::say::{Lang, texts};
use crate::cli::test::because::Sought;
use crate::cli::test::compare::Wrong;
use crate::cli::test::seen::{self, Seen};
use crate::format::Format;
use crate::guard::is_part_of_a_name;
use crate::guard::needles::{Needles, Veil};
use crate::policy::node::Spot;
use crate::serve::exchange::dry::Got;
use crate::terms::leaf::Part;
use crate::terms::place::Places;

/// Everything that staff gets, as it is written and as it is read.
pub(super) struct Everything<'a> {
    headers: &'a [(String, String)],
    body: &'a str,
    leaves: Vec<Seen>,
    /// Words of the application's own.
    words: Arc<HashSet<String>>,
}

/// Where a value was found, and as what.
struct Find {
    place: Where,
    around: String,
}

enum Where {
    Header(String),
    Body,
}

impl<'a> Everything<'a> {
    /// What an exchange gives.
    pub(super) fn of(got: &'a Got, body: &'a str) -> Everything<'a> {
        let leaves = got.format.and_then(|format| seen::leaves(format, &Arc::new(Places::default()), body).ok());
        let words = got.plan.as_ref().map(|plan| Arc::clone(&plan.words)).unwrap_or_default();
        Everything { headers: &got.headers, body, leaves: leaves.unwrap_or_default(), words }
    }

    /// What was there before anything was hidden.
    pub(super) fn before(got: &Got, format: Format, texts: &[String], body: &'a str) -> Everything<'a> {
        let places = Arc::new(Places::default());
        let leaves = texts.iter().filter_map(|text| seen::leaves(format, &places, text).ok()).flatten().collect();
        let words = got.plan.as_ref().map(|plan| Arc::clone(&plan.words)).unwrap_or_default();
        Everything { headers: &[], body, leaves, words }
    }

    /// The values that may stand nowhere and never stood anywhere.
    pub(super) fn never<'s>(&self, values: &'s [(String, Spot)], lang: Lang) -> Vec<Wrong<'s>> {
        let spelt = self.spelt(values);
        let is_there = |(number, (value, _)): &(usize, &(String, Spot))| {
            self.written(value).or_else(|| self.packed(value)).or_else(|| spelt(*number)).is_some()
        };
        let never = values.iter().enumerate().filter(|value| !is_there(value));
        never.map(|(_, (value, spot))| Wrong::new(spot, texts::NEVER_THERE.with(lang, &[("value", value)]))).collect()
    }

    /// The values that may stand nowhere and do.
    pub(super) fn hidden<'s>(&self, values: &'s [(String, Spot)], lang: Lang) -> Vec<Wrong<'s>> {
        let spelt = self.spelt(values);
        let mut all = Vec::new();
        for (number, (value, spot)) in values.iter().enumerate() {
            let Some(find) = self.written(value).or_else(|| self.packed(value)).or_else(|| spelt(number)) else {
                continue;
            };
            let what = match &find.place {
                Where::Header(name) => texts::MUST_HIDE_IN_HEADER.with(lang, &[("value", value), ("name", name)]),
                Where::Body => texts::MUST_HIDE.with(lang, &[("value", value)]),
            };
            let sought = Sought { place: None, values: vec![value] };
            all.push(Wrong { got: Some(find.around), sought, ..Wrong::new(spot, what) });
        }
        all
    }

    /// The values that must stand somewhere and do not.
    pub(super) fn shown<'s>(&self, values: &'s [(String, Spot)], lang: Lang) -> Vec<Wrong<'s>> {
        let missing = values.iter().filter(|(value, _)| self.written(value).is_none());
        let wrong = |(value, spot): &'s (String, Spot)| Wrong {
            sought: Sought { place: None, values: vec![value] },
            ..Wrong::new(spot, texts::MUST_SHOW.with(lang, &[("value", value)]))
        };
        missing.map(wrong).collect()
    }

    /// A value as it is written in the test.
    fn written(&self, value: &str) -> Option<Find> {
        if let Some(at) = self.body.find(value) {
            return Some(Find { place: Where::Body, around: around(self.body, at, value.len()) });
        }
        for (name, text) in self.headers {
            if format!("{name}: {text}").contains(value) {
                return Some(Find { place: Where::Header(name.clone()), around: text.clone() });
            }
        }
        let leaf = self.leaves.iter().find_map(|leaf| Some((leaf, leaf.text.find(value)?)));
        leaf.map(|(leaf, at)| Find { place: Where::Body, around: around(&leaf.text, at, value.len()) })
    }

    /// A value inside base64, wherever in it it begins.
    fn packed(&self, value: &str) -> Option<Find> {
        const SHORTEST: usize = 6;
        if value.len() < SHORTEST {
            return None;
        }
        for before in 0..3 {
            let bytes = [&[0; 2][..before], value.as_bytes()].concat();
            // Only characters that hold nothing but the value's own bits.
            let (from, to) = ((8 * before).div_ceil(6), 8 * bytes.len() / 6);
            for text in [BASE64.encode(&bytes), BASE64URL.encode(&bytes)] {
                let needle = &text[from..to];
                if let Some(at) = self.body.find(needle) {
                    return Some(Find { place: Where::Body, around: around(self.body, at, needle.len()) });
                }
            }
        }
        None
    }

    /// A search for every value in other spellings; by the value's number.
    fn spelt<'s>(&'s self, values: &[(String, Spot)]) -> impl Fn(usize) -> Option<Find> + 's {
        let mut needles = Needles::default();
        for (number, (value, _)) in values.iter().enumerate() {
            let veil = Veil { text: &number.to_string(), strictness: 0 };
            // More values than can be sought are more than one test has.
            let _more = needles.add(value, 0, 0, veil);
        }
        let sought = RefCell::new(needles.build().unwrap_or_default());
        move |number| {
            let number = number.to_string();
            let in_text = |text: &str| {
                let mut found = None;
                sought.borrow_mut().find(text, 0, |hit| {
                    if hit.veil.text == number && !is_part_of_a_name(&self.words, text, &hit.range) {
                        found.get_or_insert(hit.range);
                    }
                });
                found
            };
            for (name, text) in self.headers {
                if let Some(range) = in_text(text) {
                    return Some(Find {
                        place: Where::Header(name.clone()),
                        around: around(text, range.start, range.len()),
                    });
                }
            }
            for leaf in self.leaves.iter().filter(|leaf| leaf.part != Part::Style) {
                if let Some(range) = in_text(&leaf.text) {
                    return Some(Find { place: Where::Body, around: around(&leaf.text, range.start, range.len()) });
                }
            }
            None
        }
    }
}

/// A find with a little of what stands around it, on one line.
fn around(text: &str, at: usize, length: usize) -> String {
    const BESIDE: usize = 40;
    let start = text.floor_char_boundary(at.saturating_sub(BESIDE));
    let end = text.ceil_char_boundary((at + length + BESIDE).min(text.len()));
    let line = text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, after) = (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    format!("{before}{line}{after}")
}
