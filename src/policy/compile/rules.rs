//! Rules with everything looked up, and the conditions under which each is there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::policy::compile::conditions::{self, Known};
use crate::policy::compile::names::{Names, look};
use crate::policy::compile::options;
use crate::policy::compile::resources::Resource;
use crate::policy::decide::{Grant, Rule, Who};
use crate::policy::excluded::{self, leaves_out};
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::rows::Term;
use crate::policy::rule::rules::{Rule as Written, Who as WrittenWho};
use crate::policy::rule::when::When;
use crate::terms::action::Action;

/// When a rule is there.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// Only for these persons.
    pub staff: Option<Vec<String>>,
    /// Only until then, and where that is written.
    pub until: Option<(Timestamp, Spot)>,
    /// Only then.
    pub when: When,
    /// All of it in one spelling.
    pub said: String,
    /// Only for records of which all of this holds.
    pub rows: Vec<Term>,
}

/// Rules of one policy.
const RULES_MAX: usize = 10_000;

/// Looks up what rules name. Rules and conditions have the same numbers. Nothing where there are too many
/// to go on: each is compared with others.
pub fn compile(
    mut written: Vec<Written>,
    resources: &[Resource],
    names: &Names<'_>,
    faults: &mut Faults,
) -> Option<(Vec<Rule>, Vec<Condition>)> {
    // Ids are counted in the order of the files, which `load` has sorted by name.
    written.sort_by(|a, b| (&a.spot.file, a.spot.span.start).cmp(&(&b.spot.file, b.spot.span.start)));
    if let Some(rule) = written.get(RULES_MAX) {
        faults.error(&rule.spot, "too-many", format!("there are {} rules and may be {RULES_MAX}", written.len()));
        return None;
    }
    let ids = ids(&written, faults);
    let known = Known::of(resources);
    Some(written.into_iter().zip(ids).filter_map(|(rule, id)| one(rule, id, &known, names, faults)).unzip())
}

fn one(
    written: Written,
    id: Arc<str>,
    known: &Known<'_>,
    names: &Names<'_>,
    faults: &mut Faults,
) -> Option<(Rule, Condition)> {
    mandatory(&written, faults);
    let conditioned = written.when.is_some()
        || written.until.is_some()
        || !written.rows.is_empty()
        || matches!(written.who, WrittenWho::Staff(_));
    let rows = conditions::rows(&written, known, faults);
    let (who, staff) = match &written.who {
        WrittenWho::All => (Who::Every, None),
        WrittenWho::Staff(staff) => (Who::Every, Some(staff.iter().map(|id| id.text.clone()).collect())),
        WrittenWho::Roles(roles) => {
            (Who::Roles(roles.iter().filter_map(|role| names.role(role, faults)).collect()), None)
        }
    };
    let (grants, spots) = grants(&written, names, faults).into_iter().unzip();
    let when = written.when.unwrap_or_default();
    for word in &when.resources {
        if !known.resources.contains(word.text.as_str()) {
            let near = look(faults, &word.text, known.resources.iter().copied());
            let fault = faults.error(&word.spot, "unknown-resource", format!("`{}` is no resource", word.text));
            match near {
                _ if leaves_out(&word.text) => fault.help(excluded::CONDITIONS),
                Some(near) => fault.did_you_mean(Some(near)),
                None => fault.help("write the `id` of one that stands under `resources:`"),
            }
        }
    }
    let rule = Rule {
        id,
        spot: written.spot,
        who,
        grants,
        domain: written.domain.map(Into::into),
        search: written.search,
        sort: written.sort,
        mandatory: written.mandatory.is_some(),
        conditioned,
        spots,
        readonly: written.readonly.iter().filter_map(|word| names.on(word, faults)).collect(),
        remarks: written.remarks,
        ticket: written.ticket.map(Into::into),
    };
    Some((rule, Condition { staff, until: written.until, when, rows, said: written.said }))
}

fn grants(written: &Written, names: &Names<'_>, faults: &mut Faults) -> Vec<(Grant, Spot)> {
    let mut grants: Vec<(Grant, Spot)> = Vec::new();
    for grant in &written.grants {
        let Some(on) = names.on(&grant.what, faults) else { continue };
        let Some(action) = options::action(grant, on, names, faults) else { continue };
        if grants.iter().any(|(other, _)| other.on == on) {
            let message = format!("the rule names `{}` twice", grant.what.text);
            faults.error(&grant.what.spot, "twice", message).help("take one of them out");
            continue;
        }
        if written.mandatory.is_some() && action == Action::Show {
            let message = "a mandatory rule is a ceiling, and `show` is none";
            faults.error(&grant.what.spot, "mandatory", message);
        }
        grants.push((Grant { on, action }, grant.what.spot.clone()));
    }
    grants
}

fn mandatory(written: &Written, faults: &mut Faults) {
    let Some(spot) = &written.mandatory else { return };
    let fits = match &written.who {
        WrittenWho::All => true,
        WrittenWho::Staff(staff) => staff.len() == 1,
        WrittenWho::Roles(_) => false,
    };
    if !fits {
        let fault = faults.error(spot, "mandatory", "a mandatory rule is for all, or for one staff");
        fault.help("write `for: all`; a role is bound by its other rules");
    }
    if let Some((_, spot)) = &written.until {
        let fault = faults.error(spot, "until", "a mandatory rule shows less, and so it cannot end by itself");
        fault.help("take `until` out, and the rule when the time has come");
    }
}

/// Ids as written, else `support-1` by whom a rule is for.
pub(super) fn ids(written: &[Written], faults: &mut Faults) -> Vec<Arc<str>> {
    let mut taken: HashMap<&str, &Spot> = HashMap::new();
    for word in written.iter().filter_map(|rule| rule.id.as_ref()) {
        if let Some(first) = taken.insert(&word.text, &word.spot) {
            let fault = faults.error(&word.spot, "duplicate-id", format!("`{}` is the id of another rule", word.text));
            fault.help(format!("{}:{} has it", first.file, first.line));
        }
    }
    let mut given: HashSet<String> = HashSet::new();
    // What a base was counted to: below it nothing becomes free again.
    let mut counted: HashMap<&str, usize> = HashMap::new();
    let mut ids = Vec::new();
    for rule in written {
        let id = rule.id.as_ref().map(|word| word.text.clone());
        let id = id.unwrap_or_else(|| {
            let free = |id: &String| !taken.contains_key(id.as_str()) && !given.contains(id);
            let count = counted.entry(base(rule)).or_default();
            // Of as many numbers as there are ids, and one, at least one is free.
            let numbers = *count + 1..=*count + written.len() + 1;
            let found = numbers.map(|number| (number, format!("{}-{number}", base(rule)))).find(|(_, id)| free(id));
            let (number, id) = found.unwrap_or_default();
            *count = number;
            id
        });
        given.insert(id.clone());
        ids.push(id.into());
    }
    ids
}

/// The ids that were given to rules without one, of those whose count goes over several files: which rule
/// has which of them hangs on the order of the files' names.
pub(super) fn counted_over_files(written: &[Written]) -> Vec<(Arc<str>, &Spot)> {
    let mut files: HashMap<&str, HashSet<&str>> = HashMap::new();
    for rule in written.iter().filter(|rule| rule.id.is_none()) {
        files.entry(base(rule)).or_default().insert(&rule.spot.file);
    }
    if files.values().all(|files| files.len() < 2) {
        return Vec::new();
    }
    let counts = |rule: &Written| rule.id.is_none() && files.get(base(rule)).is_some_and(|files| files.len() > 1);
    // What is wrong with ids is told where they are looked up.
    let given = written.iter().zip(ids(written, &mut Faults::new()));
    given.filter(|(rule, _)| counts(rule)).map(|(rule, id)| (id, &rule.spot)).collect()
}

/// What an id begins with. A person's name stays out of it, as ids stand in the ledger and in metrics.
fn base(rule: &Written) -> &str {
    match &rule.who {
        WrittenWho::All => "all",
        WrittenWho::Staff(_) => "staff",
        WrittenWho::Roles(roles) => roles.first().map_or("nobody", |role| &role.text),
    }
}
