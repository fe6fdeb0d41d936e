//! What the ledger would have of an exchange beside what a test expects of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::say::texts;
use crate::cli::test::because::Because;
use crate::cli::test::compare::{Compare, Wrong};
use crate::cli::test::suite::Difference;
use crate::guard::subject;
use crate::policy::node::Spot;
use crate::policy::plan::Plan;
use crate::policy::rule::tests::expect::{KindRecorded, NONE, Recorded};
use crate::terms::disclosure::{Counts, Subject};
use crate::terms::mint::Mint;

const CODE: &str = "ledger";

/// Notes every difference.
pub(super) fn compare(own: &Compare<'_>, expected: &Recorded, all: &mut Vec<Difference>) {
    let got = own.got;
    let mut differs = |name: &str, spot: &Spot, expected: String, got: String| {
        if expected != got {
            let what = texts::RECORDED_OTHERWISE.with(own.lang, &[("name", &name)]);
            let wrong = Wrong { expected: Some(expected), got: Some(got), ..Wrong::new(spot, what) };
            all.push(own.difference(CODE, wrong));
        }
    };
    if let Some((event, spot)) = &expected.event {
        differs("event", spot, event.word().to_owned(), got.event.word().to_owned());
    }
    if let Some((outcome, spot)) = &expected.outcome {
        let own = if got.refusal.is_some() { "refused" } else { "released" };
        differs("outcome", spot, outcome.clone(), own.to_owned());
    }
    if let Some((subjects, spot)) = &expected.subjects {
        let plan = got.plan.as_deref();
        let subjects_of = got.disclosures.subjects.keys().chain(&got.written);
        let recorded: BTreeSet<String> = subjects_of.map(|one| name_of(plan, one, own.mint)).collect();
        let expected: BTreeSet<String> = subjects.iter().cloned().collect();
        differs("subjects", spot, listed(&expected), listed(&recorded));
    }
    if let Some((rules, spot)) = &expected.rules {
        let recorded: BTreeSet<String> = got.disclosures.rules.iter().map(ToString::to_string).collect();
        differs("rules", spot, listed(&rules.iter().cloned().collect()), listed(&recorded));
    }
    all.extend(expected.kinds.iter().filter_map(|kind| kind_difference(own, kind)));
}

fn kind_difference(own: &Compare<'_>, expected: &KindRecorded) -> Option<Difference> {
    let id = own.policy.kinds().id(&expected.kind)?;
    let mut recorded: BTreeMap<&str, u32> = BTreeMap::new();
    let rows = own.got.disclosures.subjects.values().flat_map(Counts::iter);
    for row in rows.filter(|row| row.kind == id) {
        *recorded.entry(row.action).or_default() += row.count;
    }
    let counted = |action: &str| expected.actions.iter().any(|(own, count, _)| own == action && count.is_some());
    let told = |action: &str, count: u32| match counted(action) {
        true => format!("{action}: {count}"),
        false => action.to_owned(),
    };
    let got: BTreeSet<String> = recorded.iter().map(|(action, count)| told(action, *count)).collect();
    let wanted = expected.actions.iter().map(|(action, count, _)| told(action, count.unwrap_or_default()));
    let wanted: BTreeSet<String> = wanted.collect();
    if got == wanted {
        return None;
    }
    let spot = expected.actions.first().map_or(&expected.spot, |(_, _, spot)| spot);
    let what = texts::RECORDED_OTHERWISE.with(own.lang, &[("name", &expected.kind)]);
    let wrong = Wrong { expected: Some(listed(&wanted)), got: Some(listed(&got)), ..Wrong::new(spot, what) };
    Some(Difference { because: Because::of_kind(own, id), ..own.difference(CODE, wrong) })
}

fn listed(all: &BTreeSet<String>) -> String {
    match all.is_empty() {
        true => NONE.to_owned(),
        false => all.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// A subject as the ledger has it: `customer:42`, `customer:null`, and `customer:h1:…` before an id
/// that it holds as a keyed hash.
fn name_of(plan: Option<&Plan>, subject: &Subject, mint: &dyn Mint) -> String {
    let kind = &subject.kind;
    let Some(id) = &subject.id else { return format!("{kind}:null") };
    let recorded = plan.and_then(|plan| subject::for_ledger(plan, subject, mint));
    if recorded.as_deref() == Some(id.as_str()) { format!("{kind}:{id}") } else { format!("{kind}:h1:{id}") }
}
