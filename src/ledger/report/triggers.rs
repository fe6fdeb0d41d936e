//! The four triggers of rule 7 of the APPI's enforcement rules, answered as far as a ledger can.
//!
//! "Yes" where what is recorded is enough for it, "no" where it rules it out, and "people" where somebody has to judge:
//! a mask or a token may be the protection that the rule exempts or may not, free text can hold anything, a purpose
//! stands in no record. A doubt is never a "no".

use serde::Serialize;

use crate::ledger::report::breach::{CategorySum, Persons};
use crate::ledger::report::reach::{Actions, UNKNOWN};
use crate::terms::kind::Category;

/// More than so many people trip the fourth trigger.
pub const MANY: u64 = 1_000;

/// One trigger and its answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Trigger {
    /// Which one.
    pub trigger: Which,
    /// Whether it is tripped.
    pub answer: Answer,
    /// Why.
    pub because: Because,
    /// How many people that is about.
    pub persons: u64,
    /// Which kinds that is about.
    pub kinds: Vec<String>,
}

/// The triggers, in the rule's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Data that needs special care.
    SpecialCare,
    /// Data by which somebody can lose money.
    PropertyDamage,
    /// A wrongful purpose is possible.
    WrongfulPurpose,
    /// More than a thousand people.
    #[serde(rename = "more_than_1000")]
    MoreThan1000,
}

/// Whether a trigger is tripped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// People have to judge.
    People,
}

/// Why a trigger is answered so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Such data reached staff readable.
    Readable,
    /// Such data reached staff, masked, as tokens or as hashes.
    Veiled,
    /// Free text was shown, which can hold such data.
    FreeText,
    /// Kinds were shown that the rules do not know.
    UnknownKind,
    /// No record tells of a purpose in somebody's mind.
    Purpose,
    /// There are more than a thousand whose data was readable.
    More,
    /// There are not.
    NotMore,
    /// There may be more: values whose person was not found.
    Unidentified,
    /// Lines of the ledger could not be read.
    Incomplete,
    /// No such data reached staff.
    None,
}

/// The four answers, in the rule's order.
pub fn judge(persons: &Persons, categories: &[CategorySum], incomplete: bool) -> Vec<Trigger> {
    let special = [Category::Sensitive.word()];
    let money = [Category::Financial.word(), Category::Credential.word()];
    let mut all = vec![
        of_kinds(Which::SpecialCare, &special, categories),
        of_kinds(Which::PropertyDamage, &money, categories),
        Trigger {
            trigger: Which::WrongfulPurpose,
            answer: Answer::People,
            because: Because::Purpose,
            persons: persons.affected,
            kinds: Vec::new(),
        },
        many(persons),
    ];
    for trigger in all.iter_mut().filter(|trigger| incomplete && trigger.answer == Answer::No) {
        trigger.answer = Answer::People;
        trigger.because = Because::Incomplete;
    }
    all
}

/// Whether kinds of these categories reached staff.
fn of_kinds(trigger: Which, wanted: &[&str], categories: &[CategorySum]) -> Trigger {
    let told = |answer, because, persons, kinds| Trigger { trigger, answer, because, persons, kinds };
    let among = |words: &[&str]| categories.iter().filter(|sum| words.contains(&sum.category)).collect::<Vec<_>>();
    let own = among(wanted);
    let kinds = |sums: &[&CategorySum], counts: &dyn Fn(&Actions) -> u64| -> Vec<String> {
        let each = sums.iter().flat_map(|sum| &sum.kinds);
        each.filter(|(_, actions)| counts(actions) > 0).map(|(kind, _)| kind.clone()).collect()
    };
    let most = |sums: &[&CategorySum], side: &dyn Fn(&CategorySum) -> u64| sums.iter().map(|sum| side(sum)).max();
    let shown = kinds(&own, &Actions::readable);
    if !shown.is_empty() {
        let persons = most(&own, &|sum| sum.persons_readable).unwrap_or_default();
        return told(Answer::Yes, Because::Readable, persons, shown);
    }
    let hidden = kinds(&own, &Actions::veiled);
    if !hidden.is_empty() {
        let persons = most(&own, &|sum| sum.persons_veiled_only).unwrap_or_default();
        return told(Answer::People, Because::Veiled, persons, hidden);
    }
    let doubtful = [(Category::Notes.word(), Because::FreeText), (UNKNOWN, Because::UnknownKind)];
    for (word, because) in doubtful {
        let sums = among(&[word]);
        let shown = kinds(&sums, &Actions::readable);
        if !shown.is_empty() {
            let persons = most(&sums, &|sum| sum.persons_readable).unwrap_or_default();
            return told(Answer::People, because, persons, shown);
        }
    }
    told(Answer::No, Because::None, 0, Vec::new())
}

fn many(persons: &Persons) -> Trigger {
    let told = |answer, because, count| Trigger {
        trigger: Which::MoreThan1000,
        answer,
        because,
        persons: count,
        kinds: Vec::new(),
    };
    if persons.readable > MANY {
        return told(Answer::Yes, Because::More, persons.readable);
    }
    if persons.affected > MANY {
        return told(Answer::People, Because::Veiled, persons.affected);
    }
    // Each of those values could be somebody else's.
    if persons.affected.saturating_add(persons.unidentified_values) > MANY || persons.at_least {
        return told(Answer::People, Because::Unidentified, persons.affected);
    }
    told(Answer::No, Because::NotMore, persons.affected)
}
