//! All rules by what they name, so that of ten thousand a decision looks only at those that say
//! something of its kind to its role.

use std::collections::HashMap;

use crate::policy::decide::{RoleId, Rule, Who, named};
use crate::terms::kind::{KindId, Kinds};

/// All rules, and which of them name a kind: of ten thousand only those are looked at.
#[derive(Debug, Default)]
pub struct Rules {
    all: Vec<Rule>,
    /// By kind, those for everybody.
    every: Vec<Vec<usize>>,
    /// Those for some roles, by role and kind.
    own: HashMap<(RoleId, KindId), Vec<usize>>,
    /// By kind, the mandatory ones.
    ceilings: Vec<Vec<usize>>,
    /// Those that forbid changes.
    readonly: Vec<usize>,
}

impl Rules {
    /// Puts rules in order by what they name.
    pub fn new(all: Vec<Rule>, kinds: &Kinds) -> Rules {
        let none = vec![Vec::new(); kinds.0.len()];
        let mut rules = Rules { every: none.clone(), ceilings: none, ..Rules::default() };
        for (number, rule) in all.iter().enumerate() {
            if !rule.readonly.is_empty() {
                rules.readonly.push(number);
            }
            for (id, _) in kinds.iter().filter(|(id, kind)| named(rule, *id, kind).next().is_some()) {
                match &rule.who {
                    _ if rule.mandatory => rules.ceilings[usize::from(id.0)].push(number),
                    Who::Every => rules.every[usize::from(id.0)].push(number),
                    Who::Roles(roles) => {
                        roles.iter().for_each(|role| rules.own.entry((*role, id)).or_default().push(number));
                    }
                }
            }
        }
        rules.all = all;
        rules
    }

    /// Those of a role that name a kind, in their order; ceilings are no role's.
    pub(super) fn of(&self, role: RoleId, id: KindId) -> Vec<usize> {
        let own = self.own.get(&(role, id)).map_or(&[][..], Vec::as_slice);
        let mut all = [own, self.every.get(usize::from(id.0)).map_or(&[][..], Vec::as_slice)].concat();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Those that forbid to change something.
    pub(super) fn readonly(&self) -> &[usize] {
        &self.readonly
    }

    /// The mandatory ones that name a kind.
    pub(super) fn ceilings(&self, id: KindId) -> &[usize] {
        self.ceilings.get(usize::from(id.0)).map_or(&[], Vec::as_slice)
    }
}

impl std::ops::Deref for Rules {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.all
    }
}
