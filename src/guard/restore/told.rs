//! What stands beside a value and tells its kind, in calls: with another word there it would go home to where it is
//! shown.

use std::collections::BTreeMap;

use super::tree::{self, names_of};
use crate::format::json::nodes::Member;
use crate::policy::plan::{Meaning, Plan};
use crate::terms::label;

/// The longest word that is compared.
const WORD_BYTES: usize = 256;

/// The names of what tells kinds, folded.
fn names(plan: &Plan) -> Vec<String> {
    let tells = plan.targets.iter().filter(|target| matches!(target.meaning, Meaning::Tells(_)));
    tells.filter_map(|target| names_of(&target.place).last().map(|name| label::fold(name))).collect()
}

/// What the members of a record say there, by their names: nothing of one that is no text.
fn words(plan: &Plan, values: &[Member]) -> BTreeMap<String, Option<String>> {
    let names = names(plan);
    let word = |member: &Member| {
        let name = label::fold(tree::local(&member.name));
        let said = tree::leaf(&member.value).map(|leaf| tree::said(leaf).trim().to_owned());
        names.contains(&name).then(|| (name, said.filter(|said| said.len() <= WORD_BYTES)))
    };
    values.iter().filter_map(word).collect()
}

/// The same in one spelling.
pub(super) fn said(plan: &Plan, values: &[Member]) -> String {
    let spelt = |(name, said): (String, Option<String>)| Some(spelt(&name, &said?));
    words(plan, values).into_iter().filter_map(spelt).collect()
}

fn spelt(name: &str, said: &str) -> String {
    format!("{}:{name}{}:{said};", name.len(), said.len())
}

/// Whether the values of a write say nothing there but what stood there before.
pub(super) fn is_as_before(plan: &Plan, values: &[Member], before: &str) -> bool {
    let was = |(name, said): (String, Option<String>)| said.is_some_and(|said| before.contains(&spelt(&name, &said)));
    words(plan, values).into_iter().all(was)
}
