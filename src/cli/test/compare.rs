//! What an answer differs in from what a test expects, in sentences that name the rules.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::cli::say::{Lang, texts};
use crate::cli::test::{markup, read};
use crate::policy::Policy;
use crate::policy::rule::tests::Expect;
use crate::serve::exchange::dry::Got;
use crate::terms::disclosure::Counts;

/// An answer, and the language in which its differences are told.
pub(super) struct Compare<'a> {
    pub(super) policy: &'a Policy,
    pub(super) got: &'a Got,
    pub(super) lang: Lang,
}

impl Compare<'_> {
    /// Every difference.
    pub(super) fn all(&self, expect: &Expect, folder: &Path) -> Vec<String> {
        let (got, lang) = (self.got, self.lang);
        let mut all = Vec::new();
        let expected = expect.status.as_ref().map(|(status, _)| *status);
        if let Some(refusal) = got.refusal.as_ref().filter(|_| expected != Some(got.status)) {
            all.push(texts::REFUSED_WITH.with(lang, &[("status", &got.status), ("why", &refusal)]));
        }
        if let Some(status) = expected.filter(|status| *status != got.status) {
            all.push(texts::STATUS_IS.with(lang, &[("status", &got.status), ("expected", &status)]));
        }
        let text = String::from_utf8_lossy(&got.body);
        if let Some((json, _)) = &expect.json {
            match serde_json::from_str::<Value>(&text) {
                Ok(own) => self.subset("$", json, &own, &mut all),
                Err(_) => all.push(texts::NO_JSON.of(lang).to_owned()),
            }
        }
        if let Some((xml, _)) = &expect.xml {
            all.extend(markup::difference(xml, &got.body, lang));
        }
        let (own, text_of) = (text.trim_end(), expect.text.as_ref().map(|(text, _)| text.trim_end()));
        if let Some(expected) = text_of.filter(|expected| *expected != own) {
            all.push(texts::TEXT_IS.with(lang, &[("got", &own), ("expected", &expected)]));
        }
        if let Some(content) = &expect.exactly {
            match read(content, folder, lang) {
                Ok(bytes) if bytes == got.body => {}
                Ok(_) => all.push(texts::NOT_EXACTLY.with(lang, &[("text", &text)])),
                Err(problem) => all.push(problem),
            }
        }
        let everything = everything(got, &text);
        for (value, _) in expect.hidden.iter().filter(|(value, _)| everything.contains(value.as_str())) {
            all.push(texts::MUST_HIDE.with(lang, &[("value", value), ("rules", &self.rules())]));
        }
        for (value, _) in expect.shown.iter().filter(|(value, _)| !everything.contains(value.as_str())) {
            all.push(texts::MUST_SHOW.with(lang, &[("value", value), ("rules", &self.rules())]));
        }
        for (kind, action, _) in expect.ledger.iter().filter(|(kind, action, _)| !self.recorded(kind, action)) {
            all.push(texts::NOT_RECORDED.with(lang, &[("kind", kind), ("action", action)]));
        }
        all
    }

    /// Whether every member that is expected is there; others are not compared.
    fn subset(&self, place: &str, expected: &Value, got: &Value, all: &mut Vec<String>) {
        match (expected, got) {
            (Value::Object(expected), Value::Object(got)) => {
                for (key, value) in expected {
                    let place = format!("{place}.{key}");
                    match got.get(key) {
                        Some(own) => self.subset(&place, value, own, all),
                        None => {
                            all.push(texts::MEMBER_MISSING.with(self.lang, &[("place", &place), ("expected", value)]));
                        }
                    }
                }
            }
            (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
                for (number, (value, own)) in expected.iter().zip(got).enumerate() {
                    self.subset(&format!("{place}[{number}]"), value, own, all);
                }
            }
            (expected, got) if scalar(expected) == scalar(got) => {}
            (expected, got) => {
                let words: [(&str, &dyn std::fmt::Display); 3] =
                    [("place", &place), ("got", got), ("expected", expected)];
                all.push(texts::MEMBER_IS.with(self.lang, &words));
            }
        }
    }

    fn recorded(&self, kind: &str, action: &str) -> bool {
        let Some(id) = self.policy.kinds().id(kind) else { return false };
        self.got.disclosures.subjects.values().any(|counts| counts.holds(id, action))
    }

    /// What decided the kinds that the answer holds.
    fn rules(&self) -> String {
        let Some(plan) = &self.got.plan else { return texts::NOBODY_IN.of(self.lang).to_owned() };
        let mut decided = BTreeSet::new();
        for kind in self.got.disclosures.subjects.values().flat_map(Counts::iter).map(|row| &row.kind) {
            let decision = &plan.decisions[usize::from(kind.0)];
            let by = if decision.rules.is_empty() { "`ungranted`".to_owned() } else { decision.rules.join(", ") };
            let kind = &self.policy.kinds().get(*kind).name;
            let words: [(&str, &dyn std::fmt::Display); 3] =
                [("kind", kind), ("action", &decision.action), ("rules", &by)];
            decided.insert(texts::DECIDED.with(self.lang, &words));
        }
        if decided.is_empty() {
            texts::NO_KIND.of(self.lang).to_owned()
        } else {
            decided.into_iter().collect::<Vec<_>>().join("; ")
        }
    }
}

/// The answer's headers and body as one text.
fn everything(got: &Got, text: &str) -> String {
    let mut all = String::new();
    for (name, value) in &got.headers {
        all.push_str(&format!("{name}: {value}\n"));
    }
    all.push_str(text);
    all
}

/// YAML writes numbers as text in rule files, so both are compared as text.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
