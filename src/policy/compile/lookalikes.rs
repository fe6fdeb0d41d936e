//! What looks like one thing and is two: names that differ in capital letters alone, and rules that say
//! the same twice. Whoever changes one of a pair believes that both have changed.

use std::collections::HashMap;

use crate::policy::compile::resources::Resource;
use crate::policy::compile::roles::Role;
use crate::policy::compile::rules::Condition;
use crate::policy::decide::Rule;
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::rule::kinds::KindRule;

/// Tells names of one sort that only their case tells apart.
pub fn names(roles: &[Role], kinds: &[KindRule], resources: &[Resource], rules: &[Rule], faults: &mut Faults) {
    tell("role", roles.iter().map(|role| (&*role.name, &role.spot)), faults);
    tell("kind", kinds.iter().map(|kind| (kind.name.text.as_str(), &kind.name.spot)), faults);
    tell("resource", resources.iter().map(|resource| (&*resource.id, &resource.spot)), faults);
    tell("rule", rules.iter().map(|rule| (&*rule.id, &rule.spot)), faults);
}

fn tell<'a>(what: &str, names: impl Iterator<Item = (&'a str, &'a Spot)>, faults: &mut Faults) {
    let mut known: HashMap<String, (&str, &Spot)> = HashMap::new();
    for (name, spot) in names {
        let (first, at) = *known.entry(name.to_lowercase()).or_insert((name, spot));
        if first != name {
            let message = format!("the {what} `{name}` differs from `{first}` in capital letters alone");
            let fault = faults.warning(spot, "alike", message);
            fault.help(format!(
                "that stands at {}:{}: one of the two is a slip, or needs another name",
                at.file, at.line
            ));
        }
    }
}

/// Tells rules that say what another says, of the same staff under the same conditions.
pub fn rules(rules: &[Rule], conditions: &[Condition], faults: &mut Faults) {
    let mut known: HashMap<String, &Rule> = HashMap::new();
    for (rule, condition) in rules.iter().zip(conditions) {
        let Rule { who, grants, domain, search, sort, mandatory, readonly, .. } = rule;
        let Condition { staff, until, when: _, said, rows } = condition;
        let until = until.as_ref().map(|(until, _)| until);
        let mut grants: Vec<String> = grants.iter().map(|grant| format!("{grant:?}")).collect();
        grants.sort();
        let key = format!("{:?}", (who, grants, domain, search, sort, mandatory, readonly, staff, until, said, rows));
        if let Some(first) = known.get(&key) {
            let message = format!("the rule `{}` says what `{}` says", rule.id, first.id);
            let fault = faults.warning(&rule.spot, "equal", message);
            fault.help(format!("that stands at {}:{}: take one of them out", first.spot.file, first.spot.line));
        } else {
            known.insert(key, rule);
        }
    }
}
