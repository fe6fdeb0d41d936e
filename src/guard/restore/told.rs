//! What stands beside a value that goes home by what is remembered: a word that tells its kind, since with another one
//! it would go home to where it is shown, and further ids of its record, since with another one it would go home to
//! somebody else.

use std::collections::BTreeMap;

use super::tree::{self, names_of};
use super::who::{About, folded_alike, is_its_own, may_name_it_too};
use crate::format::json::nodes::Member;
use crate::policy::plan::{Meaning, Plan};
use crate::terms::label;

/// The longest word that is compared.
const WORD_BYTES: usize = 256;

/// The longest id that is compared, and how many of one record.
const ID_BYTES: usize = 64;
const IDS_MAX: usize = 32;

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

/// What the members of a record say by which a server may know it too, as staff was given them.
pub(super) fn named(values: &[Member], about: About<'_>) -> String {
    let named = values.iter().filter(|member| may_name_it_too(tree::local(&member.name), about));
    let said = named.filter_map(|member| Some((own(member), said_by(member)?)));
    said.filter(|(_, said)| said.len() <= ID_BYTES).take(IDS_MAX).map(|(name, said)| spelt(&name, said)).collect()
}

/// Whether the values of a write say of no id that it is another one than before: one of the record's own names must say
/// the id or what it said; what said the id before must say it still. What else is called like an id is staff's choice,
/// such as whose customer it is.
pub(super) fn is_itself(values: &[Member], about: About<'_>, before: &str) -> bool {
    let others = values.iter().filter(|member| may_name_it_too(tree::local(&member.name), about));
    others.filter(|member| said_by(member) != Some(about.id)).all(|member| {
        match is_its_own(tree::local(&member.name), about) {
            true => said_by(member).is_some_and(|said| before.contains(&spelt(&own(member), said))),
            false => !before.contains(&spelt(&own(member), about.id)),
        }
    })
}

/// Whether that hangs on what was said before.
pub(super) fn may_be_another(values: &[Member], about: About<'_>) -> bool {
    let mut others = values.iter().filter(|member| may_name_it_too(tree::local(&member.name), about));
    others.any(|member| said_by(member) != Some(about.id))
}

/// The name of what says an id: no rule calls a word so that tells kinds.
fn own(member: &Member) -> String {
    format!("#{}", folded_alike(tree::local(&member.name)))
}

fn said_by(member: &Member) -> Option<&str> {
    tree::leaf(&member.value).map(|leaf| tree::said(leaf).trim())
}
