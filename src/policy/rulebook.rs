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
        let numbers = 0..all.len();
        let mut rules = Rules::unlisted(all, kinds);
        numbers.for_each(|number| rules.list(number, kinds));
        rules
    }

    /// The same rules under the same numbers, of which only those are found that have no condition.
    pub(super) fn unconditioned(&self, kinds: &Kinds) -> Rules {
        let mut rules = Rules::unlisted(self.all.clone(), kinds);
        (0..self.all.len())
            .filter(|number| !self.all[*number].conditioned)
            .for_each(|number| rules.list(number, kinds));
        rules
    }

    fn unlisted(all: Vec<Rule>, kinds: &Kinds) -> Rules {
        let none = vec![Vec::new(); kinds.0.len()];
        Rules { all, every: none.clone(), ceilings: none, ..Rules::default() }
    }

    /// Makes a rule found that was not.
    pub(super) fn list(&mut self, number: usize, kinds: &Kinds) {
        self.each_list(number, kinds, |list| list.push(number));
    }

    /// Takes back the rule that was listed last.
    pub(super) fn unlist(&mut self, number: usize, kinds: &Kinds) {
        self.each_list(number, kinds, |list| {
            list.pop_if(|last| *last == number);
        });
    }

    /// Each list that a rule belongs to.
    fn each_list(&mut self, number: usize, kinds: &Kinds, mut with: impl FnMut(&mut Vec<usize>)) {
        let Rules { all, every, own, ceilings, readonly } = self;
        let rule = &all[number];
        if !rule.readonly.is_empty() {
            with(readonly);
        }
        for (id, _) in kinds.iter().filter(|(id, kind)| named(rule, *id, kind).next().is_some()) {
            match &rule.who {
                _ if rule.mandatory => with(&mut ceilings[usize::from(id.0)]),
                Who::Every => with(&mut every[usize::from(id.0)]),
                Who::Roles(roles) => roles.iter().for_each(|role| with(own.entry((*role, id)).or_default())),
            }
        }
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
