//! Who saw how much of what in a month: the regular review that APPI's guideline 10-3 and PCI DSS 10 and 7 ask for.
//!
//! Whoever saw conspicuously many people is found by a plain rule that the report says: more than so many times the
//! median of the others who hold the same role, in each of their roles that others hold too, and no fewer than so many
//! people. Nobody is judged by it; it says at whom to look.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::ledger::query::Stored;
use crate::ledger::report::Gather;
use crate::ledger::report::distinct::Distinct;
use crate::ledger::report::names::{NAMES_MAX, Named};
use crate::ledger::report::reach::{Actions, Reach, disclosed, refused};

/// When somebody saw conspicuously many people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Rule {
    /// More than so many times the median of the others.
    pub times: u64,
    /// And no fewer people than this.
    pub at_least: u64,
}

/// Who saw how much of what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AccessReview {
    /// When somebody saw conspicuously many.
    pub rule: Rule,
    /// By staff; the empty id is nobody that was recognised.
    pub staff: Vec<StaffSum>,
    /// By role.
    pub roles: Vec<RoleSum>,
    /// Roles of the rules that nobody used; nothing where the rules could not be read.
    pub unused_roles: Option<Vec<String>>,
    /// What was refused to whom, and why.
    pub refusals: Vec<Refusals>,
    /// Whether there are more people, or staff, than could be told apart.
    pub at_least: bool,
}

/// What one of the staff saw.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StaffSum {
    /// Who.
    pub staff: String,
    /// In which roles.
    pub roles: Vec<String>,
    /// How many different people.
    pub persons: u64,
    /// Of how many of them something readable.
    pub persons_readable: u64,
    /// In how many records.
    pub records: u64,
    /// How many of those are exports.
    pub exports: u64,
    /// How many values were revealed one by one.
    pub reveals: u64,
    /// How many values under which action.
    pub actions: Actions,
    /// How often something was refused.
    pub refused: u64,
    /// The medians of the others in each role that others hold too.
    pub medians: BTreeMap<String, u64>,
    /// Whether that is conspicuously many.
    pub outlier: bool,
}

/// Who used a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RoleSum {
    /// The role.
    pub role: String,
    /// How many staff.
    pub staff: u64,
    /// In how many records.
    pub records: u64,
}

/// What was refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Refusals {
    /// To whom.
    pub staff: String,
    /// Why.
    pub reason: String,
    /// How often.
    pub count: u64,
}

#[derive(Default)]
struct Seen {
    roles: BTreeSet<String>,
    persons: u64,
    persons_readable: u64,
    records: u64,
    exports: u64,
    reveals: u64,
    actions: Actions,
    refusals: BTreeMap<String, u64>,
}

/// Gathers the review.
pub struct Access {
    rule: Rule,
    met: Distinct,
    staff: Named<Seen>,
    roles: Named<u64>,
}

/// Roles and reasons of one of the staff; both are words of the rules and of the program.
const WORDS_MAX: usize = 256;
const REACHED: u32 = 1;
const READABLE: u32 = 2;

impl Access {
    /// Nothing yet.
    pub fn new(rule: Rule, pairs_max: usize) -> Access {
        Access { rule, met: Distinct::up_to(pairs_max), staff: Named::up_to(NAMES_MAX), roles: Named::up_to(NAMES_MAX) }
    }

    /// What came of it, beside the roles that the rules name.
    pub fn finish(self, named: Option<&[String]>) -> AccessReview {
        let at_least = self.met.is_beyond() || self.staff.left_out() > 0;
        let staff = self.staff.into_sums();
        let users = |role: &String| staff.values().filter(|seen| seen.roles.contains(role)).count() as u64;
        let roles = self.roles.iter().map(|(role, records)| RoleSum {
            role: role.clone(),
            staff: users(role),
            records: *records,
        });
        let roles: Vec<RoleSum> = roles.collect();
        let used = |role: &&String| !roles.iter().any(|sum| sum.role == **role);
        let unused_roles = named.map(|named| named.iter().filter(used).cloned().collect());
        let by_role = by_role(&staff);
        let refusals = staff.iter().flat_map(|(staff, seen)| {
            let row = |(reason, count): (&String, &u64)| {
                let (staff, reason) = (staff.clone(), reason.clone());
                Refusals { staff, reason, count: *count }
            };
            seen.refusals.iter().map(row)
        });
        let refusals = refusals.collect();
        let staff = staff.iter().map(|(name, seen)| sum(name, seen, &by_role, self.rule)).collect();
        AccessReview { rule: self.rule, staff, roles, unused_roles, refusals, at_least }
    }
}

impl Gather for Access {
    fn take(&mut self, record: &Stored) -> bool {
        let name = record.staff.as_deref().unwrap_or_default();
        let refused = refused(record);
        let shown: Vec<_> = disclosed(record).filter(|one| one.reach() != Reach::Nothing).collect();
        if shown.is_empty() && refused == 0 {
            return true;
        }
        let Some(seen) = self.staff.at(name) else { return true };
        if refused > 0 {
            let reason = record.reason.clone().unwrap_or_default();
            if seen.refusals.len() < WORDS_MAX || seen.refusals.contains_key(&reason) {
                *seen.refusals.entry(reason).or_default() += refused;
            }
            return true;
        }
        seen.records += 1;
        seen.exports += u64::from(record.event == "export");
        for role in &record.roles {
            if seen.roles.len() < WORDS_MAX {
                seen.roles.insert(role.clone());
            }
            if let Some(records) = self.roles.at(role) {
                *records += 1;
            }
        }
        for one in shown {
            seen.actions.add(one.action, one.count);
            if record.event == "reveal" {
                seen.reveals = seen.reveals.saturating_add(one.count);
            }
            let Some(id) = one.subject.who() else { continue };
            let marks = REACHED | if one.reach() == Reach::Readable { READABLE } else { 0 };
            let before = self.met.mark(&[name, &one.subject.of, &id], marks);
            seen.persons += u64::from(before.is_none());
            seen.persons_readable += u64::from(marks & READABLE != 0 && before.unwrap_or_default() & READABLE == 0);
        }
        true
    }
}

/// How many people everybody with a role saw, in order.
fn by_role(staff: &BTreeMap<String, Seen>) -> BTreeMap<String, Vec<u64>> {
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for seen in staff.values().filter(|seen| seen.records > 0) {
        for role in &seen.roles {
            all.entry(role.clone()).or_default().push(seen.persons);
        }
    }
    all.values_mut().for_each(|counts| counts.sort_unstable());
    all
}

fn sum(name: &str, seen: &Seen, by_role: &BTreeMap<String, Vec<u64>>, rule: Rule) -> StaffSum {
    let medians =
        seen.roles.iter().filter_map(|role| Some((role.clone(), median_but(by_role.get(role)?, seen.persons)?)));
    let medians: BTreeMap<String, u64> = medians.collect();
    let beyond = medians.values().all(|median| seen.persons > median.saturating_mul(rule.times));
    StaffSum {
        staff: name.to_owned(),
        roles: seen.roles.iter().cloned().collect(),
        persons: seen.persons,
        persons_readable: seen.persons_readable,
        records: seen.records,
        exports: seen.exports,
        reveals: seen.reveals,
        actions: seen.actions,
        refused: seen.refusals.values().fold(0, |sum, count| sum.saturating_add(*count)),
        outlier: !medians.is_empty() && beyond && seen.persons >= rule.at_least,
        medians,
    }
}

/// The median of sorted counts without one of them; of two in the middle the lower, which finds more.
fn median_but(sorted: &[u64], own: u64) -> Option<u64> {
    let at = sorted.binary_search(&own).ok()?;
    let others = sorted.len() - 1;
    let middle = others.checked_sub(1)? / 2;
    sorted.get(if middle >= at { middle + 1 } else { middle }).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_others() {
        assert_eq!(median_but(&[7], 7), None);
        assert_eq!(median_but(&[7, 100], 100), Some(7));
        assert_eq!(median_but(&[1, 2, 3, 100], 100), Some(2));
        assert_eq!(median_but(&[1, 2, 3, 100], 1), Some(3));
        assert_eq!(median_but(&[1, 2, 3, 4, 100], 2), Some(3));
        assert_eq!(median_but(&[1, 2, 3, 4, 100], 100), Some(2));
    }
}
