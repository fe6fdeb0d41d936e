//! Lists that the CRM sorts by what staff does not see, without being asked: the order tells whose value is greater.
//!
//! No request says by which column that is, so a resource does (`sorted`), and whoever gets such a kind veiled is named.
//! Nothing is refused for it: the CRM's own settings, or a view there, can sort by another column.

use crate::policy::compile::names::Names;
use crate::policy::compile::resources::Resource;
use crate::policy::decide::{RoleId, Rule};
use crate::policy::fault::Faults;
use crate::policy::rule::Word;
use crate::policy::rulebook::Rules;
use crate::terms::action::Action;
use crate::terms::kind::KindId;

/// Looks up by what each resource says that it is sorted.
pub fn resolve(resources: &mut [Resource], written: &[Vec<Word>], names: &Names<'_>, faults: &mut Faults) {
    for (resource, words) in resources.iter_mut().zip(written) {
        let kinds = words.iter().filter_map(|word| Some((names.kind(word, faults)?, word.spot.clone())));
        resource.sorted = kinds.collect();
    }
}

/// Tells each list whose order shows a role what the role gets veiled.
pub fn tell(rules: &Rules, resources: &[Resource], ungranted: Action, names: &Names<'_>, faults: &mut Faults) {
    for resource in resources {
        for (kind, spot) in &resource.sorted {
            let roles = (0..names.roles.len()).filter_map(|number| u16::try_from(number).ok().map(RoleId));
            let mut blind = roles.filter(|role| !sees(rules, *role, *kind, ungranted, names));
            let Some(role) = blind.next() else { continue };
            let (kind, role) = (&names.kinds.get(*kind).name, &names.roles[usize::from(role.0)].name);
            let message = format!("the order of `{}` tells staff of `{role}` which `{kind}` is greater", resource.id);
            faults.warning(spot, "sorted", message).help(
                "have the crm sort by what they see, or give them another list; nothing of the answer is sorted anew",
            );
        }
    }
}

/// Whether staff of a role always sees values of a kind.
fn sees(rules: &Rules, role: RoleId, kind: KindId, ungranted: Action, names: &Names<'_>) -> bool {
    let category = names.kinds.get(kind).category;
    let takes = |rule: &&Rule| rule.who.takes(role);
    let says = |rule: &Rule, is: &dyn Fn(Action) -> bool| {
        rule.grants.iter().any(|grant| grant.on.takes(kind, category) && is(grant.action))
    };
    let own = || rules.iter().filter(takes);
    let is_shown = own().any(|rule| !rule.conditioned && says(rule, &|action| !action.veils()));
    let is_named = own().any(|rule| says(rule, &|_| true));
    let is_limited = own().any(|rule| rule.mandatory && says(rule, &|action| action.veils()));
    !is_limited && (is_shown || (!is_named && !ungranted.veils()))
}
