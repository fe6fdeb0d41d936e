//! What an answer differs in from what a test expects.

use std::cell::OnceCell;

use crate::cli::explain::SeenLeaf;
use crate::cli::say::{Lang, refusal, texts};
use crate::cli::test::because::{Absent, Because, Sought};
use crate::cli::test::json::Json;
use crate::cli::test::spelling::Everything;
use crate::cli::test::suite::{Difference, decoded};
use crate::cli::test::{recorded, table};
use crate::policy::Policy;
use crate::policy::node::Spot;
use crate::policy::rule::tests::Expect;
use crate::policy::rule::tests::body::json_text;
use crate::policy::rule::tests::expect::Forwarded;
use crate::serve::exchange::dry::Got;
use crate::terms::mint::Mint;

/// An answer, and what is needed to tell of it.
pub(super) struct Compare<'a> {
    pub(super) policy: &'a Policy,
    pub(super) mint: &'a dyn Mint,
    pub(super) got: &'a Got,
    /// What the CRM answered.
    pub(super) original: &'a str,
    /// All texts that staff and the CRM sent, in a charset.
    pub(super) said: &'a dyn Fn(&str) -> Vec<String>,
    pub(super) lang: Lang,
    /// Runs the exchange again and tells how each value was judged.
    pub(super) again: &'a dyn Fn() -> Vec<SeenLeaf>,
    /// The rules whose condition does not hold.
    pub(super) absent: &'a dyn Fn() -> Vec<Absent>,
    /// What came of that, once somebody has asked.
    pub(super) judged: OnceCell<Vec<SeenLeaf>>,
}

/// What is wrong with one expectation, before it is known why.
pub(super) struct Wrong<'s> {
    pub(super) spot: Spot,
    pub(super) what: String,
    pub(super) expected: Option<String>,
    pub(super) got: Option<String>,
    /// What the rules are asked about.
    pub(super) sought: Sought<'s>,
}

impl Wrong<'_> {
    /// A sentence alone.
    pub(super) fn new<'s>(spot: &Spot, what: String) -> Wrong<'s> {
        Wrong { spot: spot.clone(), what, expected: None, got: None, sought: Sought::default() }
    }
}

impl Compare<'_> {
    /// How each value was judged.
    pub(super) fn heard(&self) -> &[SeenLeaf] {
        self.judged.get_or_init(self.again)
    }

    /// Every difference; `whole` is the body that is expected byte for byte.
    pub(super) fn all(&self, expect: &Expect, whole: Option<Result<String, String>>) -> Vec<Difference> {
        let mut all = Vec::new();
        self.ending(expect, &mut all);
        if !all.is_empty() && self.got.refusal.is_some() {
            // What a refusal does not hold needs no telling.
            return all;
        }
        let text = decoded(self.got.charset, &self.got.body);
        for (node, exactly) in [(&expect.json, expect.exactly.is_some()), (&expect.exact, true)] {
            let Some(node) = node else { continue };
            let mut wrong = Vec::new();
            Json { exactly, lang: self.lang }.compare(node, &text, &mut wrong);
            self.add("json", wrong, &mut all);
        }
        self.add("html", table::html(expect, self.got, &text, self.lang), &mut all);
        if let Some((xml, spot)) = &expect.xml {
            self.add("xml", table::xml(xml, spot, &text, self.lang).into_iter().collect(), &mut all);
        }
        if let Some((csv, spot)) = &expect.csv {
            let headings = self.got.plan.as_ref().map(|plan| plan.places.headings.clone()).unwrap_or_default();
            let got = (text.as_str(), &headings);
            self.add("csv", table::csv(csv, spot, expect.exactly.is_some(), got, self.lang), &mut all);
        }
        if let Some((expected, spot)) = &expect.text {
            let (expected, own) = (expected.trim_end(), text.trim_end());
            if expected != own {
                let what = texts::TEXT_DIFFERS.of(self.lang).to_owned();
                let wrong = shown(Wrong::new(spot, what), expected, own);
                all.push(Difference { because: self.of_all(), ..self.difference("text", wrong) });
            }
        }
        if let (Some(content), Some(expected)) = (&expect.whole, whole) {
            match expected {
                Ok(expected) if expected == text => {}
                Ok(expected) => {
                    let wrong = Wrong::new(&content.spot, texts::NOT_EXACTLY.of(self.lang).to_owned());
                    let wrong = shown(wrong, &expected, &text);
                    all.push(Difference { because: self.of_all(), ..self.difference("exactly", wrong) });
                }
                Err(problem) => all.push(self.difference("exactly", Wrong::new(&content.spot, problem))),
            }
        }
        if !expect.hidden.is_empty() || !expect.shown.is_empty() {
            let everything = Everything::of(self.got, &text);
            let leaks = everything.hidden(&expect.hidden, self.lang);
            if leaks.is_empty() {
                self.never_there(expect, &mut all);
            }
            self.add("hidden", leaks, &mut all);
            self.add("shown", everything.shown(&expect.shown, self.lang), &mut all);
        }
        recorded::compare(self, &expect.ledger, &mut all);
        all
    }

    /// Values that are not in the answer because they never were: a slip in one makes a test that cannot fail.
    fn never_there(&self, expect: &Expect, all: &mut Vec<Difference>) {
        // Of what nobody could read nobody knows what it held.
        let Some(format) = self.got.format.filter(|_| self.got.refusal.is_none()) else { return };
        let is_there = |value: &str| self.original.contains(value);
        let missing: Vec<_> = expect.hidden.iter().filter(|(value, _)| !is_there(value)).cloned().collect();
        if !missing.is_empty() {
            let said = (self.said)(self.got.charset);
            let whole = said.join("\n");
            let before = Everything::before(self.got, format, &said, &whole);
            self.add("hidden", before.never(&missing, self.lang), all);
        }
    }

    /// What the CRM gets of a write; `whole` is the body that is expected byte for byte.
    pub(super) fn forwarded(&self, expect: &Expect, whole: Option<Result<String, String>>, all: &mut Vec<Difference>) {
        let Some(expected) = expect.forwarded.as_ref().filter(|_| all.is_empty() || self.got.refusal.is_none()) else {
            return;
        };
        let lang = self.lang;
        let spot = match expected {
            Forwarded::Json(node) => &node.spot,
            Forwarded::Body(content) => &content.spot,
        };
        if self.got.refusal.is_some() {
            return all.push(self.difference("forwarded", Wrong::new(spot, texts::NOT_SENT.of(lang).to_owned())));
        }
        let charset = match expected {
            Forwarded::Body(content) => content.charset.as_deref().unwrap_or_default(),
            Forwarded::Json(_) => "",
        };
        let own = decoded(charset, &self.got.forwarded);
        let differs = || Wrong::new(spot, texts::SENT_DIFFERS.of(lang).to_owned());
        match (expected, whole) {
            (Forwarded::Json(node), _) if serde_json::from_str::<serde_json::Value>(&own).is_ok() => {
                let mut wrong = Vec::new();
                Json { exactly: true, lang }.compare(node, &own, &mut wrong);
                // What decided stands in the record, not in the answer.
                let wrong = wrong.into_iter().map(|wrong| Wrong { sought: Sought::default(), ..wrong });
                self.add("forwarded", wrong.collect(), all);
            }
            (Forwarded::Json(node), _) => {
                all.push(self.difference("forwarded", shown(differs(), &json_text(node), &own)));
            }
            (Forwarded::Body(_), Some(Ok(expected))) if expected != own => {
                all.push(self.difference("forwarded", shown(differs(), &expected, &own)));
            }
            (Forwarded::Body(content), Some(Err(problem))) => {
                all.push(self.difference("forwarded", Wrong::new(&content.spot, problem)));
            }
            (Forwarded::Body(_), _) => {}
        }
    }

    /// How the exchange ends: the status and the refusal.
    fn ending(&self, expect: &Expect, all: &mut Vec<Difference>) {
        let (got, lang) = (self.got, self.lang);
        let told = match &got.refusal {
            Some(why) => format!("{} {}", got.status, refusal(lang, why)),
            None => got.status.to_string(),
        };
        if let Some((status, spot)) = expect.status.as_ref().filter(|(status, _)| *status != got.status) {
            let what = texts::STATUS_IS.with(lang, &[("status", &got.status), ("expected", status)]);
            all.push(self.ended("status", spot, what, &status.to_string(), &told));
        }
        if let Some((reason, spot)) = &expect.refusal {
            let word = reason.word();
            if got.refusal.as_ref().is_none_or(|refusal| refusal.reason != *reason) {
                let what = match &got.refusal {
                    Some(refusal) => {
                        texts::REFUSED_OTHERWISE.with(lang, &[("got", &refusal.reason.word()), ("expected", &word)])
                    }
                    None => texts::NOT_REFUSED.with(lang, &[("expected", &word)]),
                };
                all.push(self.ended("refusal", spot, what, word, &told));
            }
        }
        if let (Some(why), None, None) = (&got.refusal, &expect.status, &expect.refusal) {
            let what = texts::REFUSED_WITH.with(lang, &[("status", &got.status), ("why", &refusal(lang, why))]);
            all.push(Difference { expected: None, got: None, ..self.ended("refused", &expect.spot, what, "", "") });
        }
    }

    fn ended(&self, code: &'static str, spot: &Spot, what: String, expected: &str, got: &str) -> Difference {
        let because = Because::of_refusal(self);
        let (expected, got) = (Some(expected.to_owned()), Some(got.to_owned()));
        Difference { code, spot: spot.clone(), what, expected, got, because }
    }

    fn add(&self, code: &'static str, wrong: Vec<Wrong<'_>>, all: &mut Vec<Difference>) {
        all.extend(wrong.into_iter().map(|wrong| self.difference(code, wrong)));
    }

    /// The difference with what decided.
    pub(super) fn difference(&self, code: &'static str, wrong: Wrong<'_>) -> Difference {
        let Wrong { spot, what, expected, got, sought } = wrong;
        let asked = sought.place.is_some() || !sought.values.is_empty();
        let because = match asked {
            true => Because::of(self, self.original, &sought),
            false => Because::default(),
        };
        Difference { code, spot, what, expected, got, because }
    }

    /// What decided about everything that the answer holds.
    pub(super) fn of_all(&self) -> Because {
        Because::of(self, "", &Sought::default())
    }
}

fn shown<'s>(wrong: Wrong<'s>, expected: &str, got: &str) -> Wrong<'s> {
    Wrong { expected: Some(expected.to_owned()), got: Some(got.to_owned()), ..wrong }
}
