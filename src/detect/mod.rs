//! Finders of personal values in text.
//!
//! A detector is one file: what it looks for, why that is proof, its tables. It sees a folded
//! shadow of the text (`shadow`), cut into runs of digits (`runs`), and says what it found and
//! whether the form alone proves the kind. Every detector works in time that grows with the text
//! alone. Labels, headings and the structure of documents are left to whoever walks them; names
//! and addresses in running text are not sought.

mod card_number;
mod census;
mod cue;
mod email;
mod iban;
mod ip;
mod my_number;
mod pattern;
mod phone;
mod plan_jp;
mod plan_world;
mod postal_code;
mod runs;
mod settle;
mod shadow;
mod ssn;

use std::fmt;
use std::ops::Range;

use crate::detect::census::Census;
use crate::detect::pattern::Pattern;
use crate::detect::runs::Runs;
use crate::detect::shadow::Shadow;
use crate::terms::kind::KindId;

/// Every built-in detector.
const DETECTORS: &[Detector] = &[
    email::DETECTOR,
    phone::DETECTOR,
    postal_code::DETECTOR,
    card_number::DETECTOR,
    my_number::DETECTOR,
    iban::DETECTOR,
    ssn::DETECTOR,
    ip::DETECTOR,
];

/// A personal value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its bytes in the text, on character boundaries.
    pub range: Range<usize>,
    /// What it is.
    pub kind: KindId,
    /// Whether its form alone proves the kind.
    pub certain: bool,
    /// What speaks for it, in a word or two.
    pub evidence: &'static str,
}

/// Why the detectors could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetectError {
    /// A pattern that is no regular expression.
    Pattern {
        /// The pattern's number in the list that was given.
        index: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A pattern that grows beyond the bound.
    TooLarge {
        /// The pattern's number in the list that was given.
        index: usize,
    },
}

impl fmt::Display for DetectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DetectError::Pattern { message, .. } => write!(f, "the pattern cannot be read: {message}"),
            DetectError::TooLarge { .. } => f.write_str("the pattern is too large; repeat fewer times or split it"),
        }
    }
}

impl std::error::Error for DetectError {}

/// All detectors, compiled once.
pub struct Detectors {
    patterns: Vec<Pattern>,
}

impl Detectors {
    /// The built-in detectors and the patterns of the rules.
    pub fn new(custom: &[(KindId, String)]) -> Result<Detectors, DetectError> {
        let compile = |(index, (kind, pattern)): (usize, &(KindId, String))| Pattern::new(index, *kind, pattern);
        Ok(Detectors { patterns: custom.iter().enumerate().map(compile).collect::<Result<_, _>>()? })
    }

    /// Adds what is found in the text to `out`: sorted, and no two finds overlap.
    pub fn find(&self, text: &str, out: &mut Vec<Found>) {
        let census = Census::of(text);
        let promising = census.folds || DETECTORS.iter().any(|detector| (detector.may)(&census));
        if !promising && self.patterns.is_empty() {
            return;
        }
        let shadow = Shadow::of(text);
        let before = out.len();
        for pattern in &self.patterns {
            pattern.find(text, &shadow, out);
        }
        if promising {
            let census = if census.folds { Census::of(shadow.text()) } else { census };
            built_in(&shadow, &census, out);
        }
        if out.len() > before + 1 {
            let found = out.split_off(before);
            out.extend(settle::settle(text, found));
        }
    }
}

/// Whether the whole text, blanks around it aside, is a value of this kind. A postal code needs
/// no mark here. Kinds without a detector never are.
pub fn is(kind: KindId, text: &str) -> bool {
    let shadow = Shadow::of(text);
    let runs = Runs::of(shadow.text().trim());
    DETECTORS.iter().find(|detector| detector.kind == kind).is_some_and(|detector| (detector.whole)(detector, &runs))
}

/// Whether a kind has a built-in detector, and whether that can be certain.
pub fn finds(kind: KindId) -> Option<bool> {
    // Four numbers with dots can be a version.
    DETECTORS.iter().find(|detector| detector.kind == kind).map(|_| kind != crate::terms::kind::IP)
}

/// Whether these ASCII digits, the leading zero among them, are a telephone number by Japan's numbering plan.
pub fn fits_the_plan_of_japan(digits: &[u8]) -> bool {
    plan_jp::fit(digits) == plan_jp::Fit::Number
}

/// Whether a built-in detector may find a kind in nothing but the digits of a number: the others ask for a leading
/// zero, for groups, for letters or for a word before them.
pub fn finds_in_a_number(kind: KindId) -> bool {
    use crate::terms::kind::{CARD_NUMBER, MY_NUMBER};
    matches!(kind, CARD_NUMBER | MY_NUMBER)
}

fn built_in(shadow: &Shadow<'_>, census: &Census, found: &mut Vec<Found>) {
    let mut worth = DETECTORS.iter().filter(|detector| (detector.may)(census)).peekable();
    if worth.peek().is_none() {
        return;
    }
    let runs = Runs::of(shadow.text());
    let mut hits = Vec::new();
    for detector in worth {
        (detector.find)(&runs, &mut hits);
        found.extend(hits.drain(..).map(|hit| Found {
            range: shadow.origin(hit.range),
            kind: detector.kind,
            certain: hit.certain,
            evidence: hit.evidence,
        }));
    }
}

/// What a detector found in the folded text.
struct Hit {
    range: Range<usize>,
    certain: bool,
    evidence: &'static str,
}

/// One detector.
struct Detector {
    kind: KindId,
    /// Whether a text that holds so much can hold one.
    may: fn(&Census) -> bool,
    find: fn(&Runs<'_>, &mut Vec<Hit>),
    whole: fn(&Detector, &Runs<'_>) -> bool,
}

impl Detector {
    /// Whether a single find covers the whole text.
    fn covers(&self, runs: &Runs<'_>) -> bool {
        let mut hits = Vec::new();
        (self.find)(runs, &mut hits);
        hits.iter().any(|hit| hit.range == (0..runs.text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_is_found_in_a_bare_number() {
        let all = Detectors::new(&[]).expect("the built-in ones");
        let mut seen = std::collections::BTreeSet::new();
        // Numbers as JSON has them: no zero before others, fractions, signs.
        for step in 1..40_000u64 {
            let number =
                step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 10u64.pow(1 + u32::try_from(step % 19).unwrap_or(0));
            for text in [number.to_string(), format!("-{number}"), format!("0.0{number}"), format!("{}.5", number)] {
                let mut found = Vec::new();
                all.find(&text, &mut found);
                seen.extend(found.iter().map(|one| one.kind.0));
                assert!(found.iter().all(|one| finds_in_a_number(one.kind)), "{text}: {found:?}");
            }
        }
        assert_eq!(seen.len(), 2, "both are found");
    }

    #[test]
    fn every_detector_is_as_certain_as_it_says() {
        let examples = [
            "a@example.jp",
            "090-1234-5678",
            "〒154-0004",
            "4111 1111 1111 1111",
            "123456789018",
            "DE89370400440532013000",
            "536-90-4399",
            "192.168.0.1 2001:db8:0:0:0:0:0:1",
        ];
        assert_eq!(examples.len(), DETECTORS.len());
        for (text, detector) in examples.into_iter().zip(DETECTORS) {
            let mut found = Vec::new();
            Detectors::new(&[]).expect("the built-in ones").find(text, &mut found);
            let own: Vec<bool> = found.iter().filter(|f| f.kind == detector.kind).map(|f| f.certain).collect();
            assert!(!own.is_empty(), "{text}");
            assert_eq!(finds(detector.kind), Some(own.contains(&true)), "{text}");
        }
        assert_eq!(finds(crate::terms::kind::PERSON_NAME), None);
    }
}
