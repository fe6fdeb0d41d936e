//! Contradictions that only show when everything is looked up, and what is hardly meant so.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use crate::policy::compile::more::More;
use crate::policy::compile::names::Names;
use crate::policy::compile::resources::Resource;
use crate::policy::compile::roles::Role;
use crate::policy::compile::rules::Condition;
use crate::policy::decide::{On, Rule, Who};
use crate::policy::fault::Faults;
use crate::policy::rule::kinds::KindRule;
use crate::policy::rulebook::Rules;
use crate::policy::strict::compare;
use crate::terms::action::Action;
use crate::terms::kind::KindId;

/// Options of one role that cannot be compared, and rules with an end that do not show more.
pub fn rules(rules: &Rules, conditions: &[Condition], ungranted: Action, names: &Names<'_>, faults: &mut Faults) {
    incomparable(rules, conditions, names, faults);
    let mut more = More::new(rules, ungranted, names);
    for (number, condition) in conditions.iter().enumerate().filter(|(number, _)| !rules[*number].mandatory) {
        if let Some((_, spot)) = &condition.until
            && !more.shows(number)
        {
            let fault =
                faults.error(spot, "until", "`until` belongs to a rule that shows more than the role gets without it");
            fault.help("when this rule ends, staff would see more or the same: take `until` out");
        }
    }
}

/// Roles that nobody can have.
pub fn roles(roles: &[Role], faults: &mut Faults) {
    for role in roles.iter().filter(|role| role.groups.is_empty()) {
        let fault = faults.warning(&role.spot, "no-group", format!("no group gives the role `{}`", role.name));
        fault.help("write `{ groups: [name-of-a-group] }`");
    }
}

/// Kinds that nothing finds.
pub fn kinds(written: &[KindRule], rules: &[Rule], resources: &[Resource], names: &Names<'_>, faults: &mut Faults) {
    let told = resources.iter().flat_map(|resource| &resource.told).flat_map(|told| told.teller.listed());
    let in_fields: HashSet<KindId> =
        resources.iter().flat_map(|resource| &resource.fields).map(|field| field.kind).chain(told).collect();
    let is_found = |id: KindId| {
        let kind = names.kinds.get(id);
        in_fields.contains(&id) || !kind.labels.is_empty() || kind.pattern.is_some()
    };
    // Of a kind whose label or pattern is faulty, the fault is told.
    let mut told: HashSet<KindId> =
        written.iter().filter(|rule| rule.says_where).filter_map(|rule| names.kinds.id(&rule.name.text)).collect();
    for rule in written {
        let Some(id) = names.kinds.id(&rule.name.text).filter(|id| !is_found(*id)) else { continue };
        if told.insert(id) {
            let message = format!("nothing finds the kind `{}`", rule.name.text);
            let fault = faults.warning(&rule.name.spot, "unfound", message);
            fault.help("name a place of it under `fields:`, or give it `labels` or a `pattern`");
        }
    }
    for rule in rules {
        let named = rule.grants.iter().filter_map(|grant| match grant.on {
            On::Kind(id) => Some(id),
            On::Category(_) | On::All => None,
        });
        for id in named.filter(|id| !is_found(*id)) {
            if told.insert(id) {
                let message = format!("nothing finds the kind `{}`, which this rule names", names.kinds.get(id).name);
                faults.warning(&rule.spot, "unfound", message).help("name a place of it under `fields:`");
            }
        }
    }
}

fn incomparable(rules: &[Rule], conditions: &[Condition], names: &Names<'_>, faults: &mut Faults) {
    // Most say the same: what is compared is each saying of a target, with the rules that say so.
    type Saying<'r> = (Action, Option<&'r str>);
    type Sayings<'r> = Vec<(Saying<'r>, Vec<usize>)>;
    let mut by_target: BTreeMap<(bool, bool, On), Sayings<'_>> = BTreeMap::new();
    for (number, rule) in rules.iter().enumerate() {
        for grant in &rule.grants {
            // Ceilings count whatever they name, so kinds are compared one by one.
            let targets =
                if rule.mandatory { names.named(grant.on).into_iter().map(On::Kind).collect() } else { vec![grant.on] };
            for on in targets {
                let tier = (rule.mandatory, rule.conditioned && !rule.mandatory, on);
                let saying = (grant.action, rule.domain.as_deref());
                let sayings = by_target.entry(tier).or_default();
                match sayings.iter_mut().find(|(known, _)| *known == saying) {
                    Some((_, numbers)) => numbers.push(number),
                    None => sayings.push((saying, vec![number])),
                }
            }
        }
    }
    let mut told = HashSet::new();
    for ((_, _, on), sayings) in &by_target {
        for (at, (one, first)) in sayings.iter().enumerate() {
            for (other, second) in sayings[at + 1..].iter().filter(|(other, _)| !comparable(*one, *other)) {
                let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (*a.min(b), *a.max(b))));
                let meeting = pairs.filter(|(a, b)| meet(&rules[*a], &rules[*b]));
                for (a, b) in meeting.filter(|(a, b)| !exclude(&conditions[*a], &conditions[*b])) {
                    // Whoever has more of them has one cause.
                    if told.len() >= TOLD_MAX || !told.insert((a, b)) {
                        continue;
                    }
                    let (early, late) = if first.contains(&a) { (one.0, other.0) } else { (other.0, one.0) };
                    cannot_meet((early, &rules[a]), (late, &rules[b]), *on, names, faults);
                }
            }
        }
    }
}

/// Faults about options that cannot be compared.
const TOLD_MAX: usize = 500;

fn cannot_meet(one: (Action, &Rule), other: (Action, &Rule), on: On, names: &Names<'_>, faults: &mut Faults) {
    let what = match on {
        On::All => "all",
        On::Category(category) => category.word(),
        On::Kind(id) => names.kinds.get(id).name.as_str(),
    };
    let message = match one.0 == other.0 {
        true => format!("`{what}` has two token domains for the same staff"),
        false => {
            format!("`{}` and `{}` of `{what}` cannot be compared, and both are for the same staff", other.0, one.0)
        }
    };
    let fault = faults.error(&other.1.spot, "incomparable", message);
    fault.help(format!("the other stands at {}:{}; say one of them", one.1.spot.file, one.1.spot.line));
}

fn comparable(a: (Action, Option<&str>), b: (Action, Option<&str>)) -> bool {
    match compare(a.0, b.0) {
        None => false,
        // Tokens of two domains are two different answers.
        Some(Ordering::Equal) => {
            let tokens = matches!(a.0, Action::Tokenize(_) | Action::Hash);
            !tokens || a.1.is_none() || b.1.is_none() || a.1 == b.1
        }
        Some(_) => true,
    }
}

/// Whether two rules can be rules of one role.
fn meet(a: &Rule, b: &Rule) -> bool {
    match (&a.who, &b.who) {
        (Who::Every, _) | (_, Who::Every) => true,
        (Who::Roles(a), Who::Roles(b)) => a.iter().any(|role| b.contains(role)),
    }
}

/// Whether two conditions can never hold together.
fn exclude(a: &Condition, b: &Condition) -> bool {
    let events = |c: &Condition| c.when.events.iter().map(|event| event.word().to_owned()).collect::<HashSet<String>>();
    let resources = |c: &Condition| c.when.resources.iter().map(|word| word.text.clone()).collect::<HashSet<String>>();
    let apart = |a: HashSet<String>, b: HashSet<String>| !a.is_empty() && !b.is_empty() && a.is_disjoint(&b);
    let different =
        |a: &Vec<String>, b: &Vec<String>| !a.iter().any(|staff| b.iter().any(|other| may_be_one(staff, other)));
    let staff = a.staff.as_ref().zip(b.staff.as_ref()).is_some_and(|(a, b)| different(a, b));
    staff || apart(events(a), events(b)) || apart(resources(a), resources(b))
}

/// `tanaka` is `basic:tanaka` too.
fn may_be_one(a: &str, b: &str) -> bool {
    let user = |id: &str| id.rsplit(':').next().unwrap_or_default().to_owned();
    user(a) == user(b)
}
