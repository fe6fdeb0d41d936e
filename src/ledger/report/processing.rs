//! The record of processing: GDPR article 30, and the ledger of handling that APPI's guideline 10-3 asks for.
//!
//! What the rules provide for stands beside what was seen, so that neither a resource that nobody declared nor a role
//! that nobody uses is missing from it. Time limits, transfers and the controller's address stand in no ledger: the
//! page leaves room for people to add them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::ledger::query::Stored;
use crate::ledger::report::Gather;
use crate::ledger::report::distinct::Distinct;
use crate::ledger::report::names::{NAMES_MAX, Named};
use crate::ledger::report::reach::{Actions, Categories, disclosed, words};

/// What the rules provide for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Provided {
    /// Roles, each with the groups that give it.
    pub roles: Vec<(String, Vec<String>)>,
    /// Resources.
    pub resources: Vec<String>,
    /// Purposes that the configuration declares.
    pub purposes: Vec<String>,
}

/// What is processed, for whom, and what for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Processing {
    /// Categories of people: types of subjects.
    pub subjects: Vec<SubjectSum>,
    /// Categories of data.
    pub categories: Vec<CategoryKinds>,
    /// Recipients: roles.
    pub recipients: Vec<Recipient>,
    /// Where the data comes from.
    pub resources: Vec<Seen>,
    /// What for; the empty word is no purpose.
    pub purposes: Vec<Seen>,
    /// Whether rules were read beside the ledger.
    pub rules_read: bool,
    /// Whether there are more people, or names, than could be told apart.
    pub at_least: bool,
}

/// One category of people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SubjectSum {
    /// The subjects' type.
    #[serde(rename = "type")]
    pub of: String,
    /// How many different ones.
    pub persons: u64,
    /// In how many records.
    pub records: u64,
}

/// One category of data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CategoryKinds {
    /// The category.
    pub category: &'static str,
    /// Its kinds, and how many values under which action.
    pub kinds: BTreeMap<String, Actions>,
}

/// One role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Recipient {
    /// The role.
    pub role: String,
    /// The groups that give it.
    pub groups: Vec<String>,
    /// Whether the rules name it.
    pub provided: bool,
    /// How many staff used it.
    pub staff: u64,
    /// In how many records.
    pub records: u64,
}

/// A resource or a purpose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Whether rules or configuration name it.
    pub provided: bool,
    /// In how many records.
    pub records: u64,
}

#[derive(Default)]
struct Sum {
    met: u64,
    records: u64,
}

/// Gathers the record.
pub struct Activities {
    persons: Distinct,
    staff: Distinct,
    subjects: Named<Sum>,
    kinds: Named<Actions>,
    roles: Named<Sum>,
    resources: Named<u64>,
    purposes: Named<u64>,
}

impl Activities {
    /// Nothing yet.
    pub fn new(persons_max: usize) -> Activities {
        Activities {
            persons: Distinct::up_to(persons_max),
            staff: Distinct::up_to(NAMES_MAX),
            subjects: Named::up_to(NAMES_MAX),
            kinds: Named::up_to(NAMES_MAX),
            roles: Named::up_to(NAMES_MAX),
            resources: Named::up_to(NAMES_MAX),
            purposes: Named::up_to(NAMES_MAX),
        }
    }

    /// What came of it, beside what the rules provide for.
    pub fn finish(self, provided: Option<&Provided>, categories: &Categories) -> Processing {
        let left_out = [self.resources.left_out(), self.purposes.left_out(), self.kinds.left_out()];
        let at_least = self.persons.is_beyond() || self.staff.is_beyond() || left_out.iter().any(|count| *count > 0);
        let empty = Provided::default();
        let rules = provided.unwrap_or(&empty);
        let subjects = self.subjects.into_sums().into_iter();
        let kinds = self.kinds.into_sums();
        let category = |category: &'static str| {
            let own = kinds.iter().filter(|(kind, _)| categories.word(kind) == category);
            let kinds: BTreeMap<String, Actions> = own.map(|(kind, sum)| (kind.clone(), *sum)).collect();
            (!kinds.is_empty()).then_some(CategoryKinds { category, kinds })
        };
        Processing {
            subjects: subjects.map(|(of, sum)| SubjectSum { of, persons: sum.met, records: sum.records }).collect(),
            categories: words().filter_map(category).collect(),
            recipients: recipients(self.roles.into_sums(), &rules.roles),
            resources: seen(self.resources.into_sums(), &rules.resources),
            purposes: seen(self.purposes.into_sums(), &rules.purposes),
            rules_read: provided.is_some(),
            at_least,
        }
    }
}

impl Gather for Activities {
    fn take(&mut self, record: &Stored) -> bool {
        let mut types = BTreeSet::new();
        for one in disclosed(record) {
            if let Some(sum) = self.kinds.at(one.kind) {
                sum.add(one.action, one.count);
            }
            let Some(sum) = self.subjects.at(&one.subject.of) else { continue };
            sum.met += u64::from(self.persons.mark_subject(one.subject, 0).is_none());
            sum.records += u64::from(types.insert(one.subject.of.as_str()));
        }
        if types.is_empty() {
            return true;
        }
        for role in &record.roles {
            let Some(sum) = self.roles.at(role) else { continue };
            sum.records += 1;
            let staff = record.staff.as_deref().unwrap_or_default();
            sum.met += u64::from(self.staff.mark(&[role, staff], 0).is_none());
        }
        // Several resources that matched stand together, as in `customer+export`.
        for resource in record.resource.as_deref().unwrap_or_default().split('+') {
            if let Some(records) = self.resources.at(resource) {
                *records += 1;
            }
        }
        if let Some(records) = self.purposes.at(record.purpose.as_deref().unwrap_or_default()) {
            *records += 1;
        }
        true
    }
}

fn recipients(mut found: BTreeMap<String, Sum>, provided: &[(String, Vec<String>)]) -> Vec<Recipient> {
    let row = |role: &String, groups: &[String], provided, sum: &Sum| Recipient {
        role: role.clone(),
        groups: groups.to_vec(),
        provided,
        staff: sum.met,
        records: sum.records,
    };
    let mut rows: Vec<Recipient> = Vec::new();
    for (role, groups) in provided {
        rows.push(row(role, groups, true, &found.remove(role).unwrap_or_default()));
    }
    rows.extend(found.iter().map(|(role, sum)| row(role, &[], false, sum)));
    rows
}

fn seen(mut found: BTreeMap<String, u64>, provided: &[String]) -> Vec<Seen> {
    let mut rows: Vec<Seen> = Vec::new();
    for name in provided {
        rows.push(Seen { name: name.clone(), provided: true, records: found.remove(name).unwrap_or_default() });
    }
    rows.extend(found.into_iter().map(|(name, records)| Seen { name, provided: false, records }));
    rows
}
