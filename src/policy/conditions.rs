//! Which rules are there for a request: who asks, from where, when, and for what.

use core::net::IpAddr;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use cel::Value;
use jiff::Timestamp;

use crate::policy::Parts;
use crate::policy::compile::Condition;
use crate::policy::decide::{RoleId, Rule, State, Who};
use crate::policy::matched::Matched;
use crate::policy::planner;
use crate::policy::rows::Term;
use crate::policy::rule::cel::Scope;
use crate::terms::event::Event;
use crate::terms::staff::Staff;

/// Everything beside the rules that a plan depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What the request is about.
    pub matched: &'a Matched,
    /// The roles of the staff.
    pub roles: &'a [RoleId],
    /// Who asks.
    pub staff: Option<&'a Staff>,
    /// The client's address; `None` where nobody knows it, as on a Unix socket.
    pub network: Option<IpAddr>,
    /// The time.
    pub time: Timestamp,
}

/// The identity sources that a staff id can name: `basic:tanaka`.
pub const SOURCES: [&str; 8] = ["jwt", "mtls", "basic", "header", "session", "anonymous", "oidc", "ldap"];

/// The rules that have a condition, by whom they are for: a request looks at those of its roles.
#[derive(Debug, Default)]
pub(crate) struct Conditioned {
    every: Vec<usize>,
    own: HashMap<RoleId, Vec<usize>>,
}

impl Conditioned {
    pub(super) fn of(rules: &[Rule]) -> Conditioned {
        let mut all = Conditioned::default();
        for (number, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.conditioned) {
            match &rule.who {
                Who::Every => all.every.push(number),
                Who::Roles(roles) => roles.iter().for_each(|role| all.own.entry(*role).or_default().push(number)),
            }
        }
        all
    }

    /// Those that can count for these roles, in their order.
    pub(super) fn counting(&self, roles: &[RoleId]) -> Vec<usize> {
        let own = roles.iter().filter_map(|role| self.own.get(role)).flatten();
        let mut all: Vec<usize> = self.every.iter().chain(own).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Whether each rule that has a condition and can count for these roles is there, by all conditions
/// but those on what is asked for and on the record. All other rules are there.
pub(super) fn states(parts: &Parts, situation: &Situation<'_>) -> Vec<(usize, State)> {
    let scope = OnceCell::new();
    let state = |number: usize| state(number, parts, situation, &scope);
    parts.conditioned.counting(situation.roles).into_iter().map(|number| (number, state(number))).collect()
}

/// Whether a rule that is there so far is there for this resource and event.
pub(super) fn state_for(state: State, condition: &Condition, resource: Option<&str>, event: Event) -> State {
    let when = &condition.when;
    if matches!(state, State::Fails(_)) {
        return state;
    }
    if !when.events.is_empty() && !when.events.contains(&event) {
        return State::Fails("event");
    }
    if !when.resources.is_empty() && !when.resources.iter().any(|word| Some(word.text.as_str()) == resource) {
        return State::Fails("resource");
    }
    match (state, condition.rows.first()) {
        (State::Holds, Some(Term::Attribute(..))) => State::Either("where"),
        (State::Holds, Some(Term::One)) => State::Either("records"),
        _ => state,
    }
}

fn state(number: usize, parts: &Parts, situation: &Situation<'_>, scope: &OnceCell<Option<Scope>>) -> State {
    let condition = &parts.conditions[number];
    let when = &condition.when;
    let names = |ids: &Vec<String>| situation.staff.is_some_and(|staff| ids.iter().any(|id| is_named(id, staff)));
    if condition.staff.as_ref().is_some_and(|ids| !names(ids)) {
        return State::Fails("staff");
    }
    if condition.until.as_ref().is_some_and(|(until, _)| situation.time >= *until) {
        return State::Fails("until");
    }
    if !when.hours.is_empty() && !when.hours.iter().any(|hours| hours.contain(situation.time)) {
        return State::Fails("hours");
    }
    let purpose = situation.matched.purpose.as_deref();
    if !when.purposes.is_empty() && !when.purposes.iter().any(|word| Some(word.text.as_str()) == purpose) {
        return State::Fails("purpose");
    }
    // A client on an IPv6 socket that speaks IPv4 is in the IPv4 network.
    let network = situation.network.map(|address| address.to_canonical());
    let within = network.map(|address| when.networks.iter().any(|network| network.contains(&address)));
    match within {
        _ if when.networks.is_empty() => {}
        Some(true) => {}
        Some(false) => return State::Fails("network"),
        None => return State::Unknown("network"),
    }
    let Some(cel) = &when.cel else { return State::Holds };
    if let Some(named) = &situation.matched.recorded {
        let is_named = named.iter().any(|id| **id == *parts.rules[number].id);
        return if is_named { State::Holds } else { State::Fails("cel") };
    }
    let scope = scope.get_or_init(|| self::scope(parts, situation));
    match scope.as_ref().and_then(|scope| cel.holds(scope)) {
        Some(true) => State::Holds,
        Some(false) => State::Fails("cel"),
        None => State::Unknown("cel"),
    }
}

/// What expressions see of a request. Where a name is not there, asking for it is an error, and so a
/// refusal; nothing is where nobody kept what the request says.
fn scope(parts: &Parts, situation: &Situation<'_>) -> Option<Scope> {
    let matched = situation.matched;
    let said = matched.said.as_deref()?;
    let resources = planner::resources(parts, matched);
    let ids: Vec<&str> = resources.iter().map(|resource| &*resource.id).collect();
    let mut request = HashMap::from([
        ("method", Value::from(said.method.as_str())),
        ("path", said.path.as_str().into()),
        ("event", planner::event(&resources, matched).word().into()),
        ("purpose", matched.purpose.as_deref().unwrap_or_default().into()),
        ("time", format!("{:.0}", situation.time).into()),
        ("query", map(&said.query)),
        ("headers", map(&said.headers)),
    ]);
    if let Some(network) = situation.network {
        request.insert("network", network.to_canonical().to_string().into());
    }
    let roles = situation.roles.iter().filter_map(|role| parts.roles.get(usize::from(role.0)));
    let roles: Vec<Value> = roles.map(|role| Value::from(&*role.name)).collect();
    let mut staff = HashMap::from([("roles", Value::from(roles))]);
    let nobody = Vec::new();
    let groups = situation.staff.map_or(&nobody, |staff| &staff.groups);
    staff.insert("groups", groups.iter().map(|group| Value::from(group.as_str())).collect::<Vec<_>>().into());
    staff.insert("attributes", map(&situation.staff.map(|staff| staff.attributes.clone()).unwrap_or_default()));
    if let Some(known) = situation.staff {
        staff.insert("id", known.user.as_str().into());
        staff.insert("source", known.source.into());
    }
    let resource = HashMap::from([
        ("id", Value::from(ids.join("+"))),
        ("ids", ids.iter().map(|id| Value::from(*id)).collect::<Vec<_>>().into()),
    ]);
    Some(Scope::new(value(request), value(staff), value(resource)))
}

fn value(members: HashMap<&str, Value>) -> Value {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<HashMap<_, _>>().into()
}

fn map(texts: &BTreeMap<String, String>) -> Value {
    texts.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect::<HashMap<_, _>>().into()
}

/// `tanaka` is tanaka of every source, `basic:tanaka` of that one.
pub(super) fn is_named(id: &str, staff: &Staff) -> bool {
    match id.split_once(':') {
        Some((source, user)) if SOURCES.contains(&source) => staff.source == source && staff.user == user,
        _ => staff.user == id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_every_source_and_an_id_of_one() {
        let staff = |source, user: &str| Staff::new(source, user, Vec::new());
        assert!(is_named("tanaka", &staff("basic", "tanaka")));
        assert!(is_named("tanaka", &staff("header", "tanaka")));
        assert!(is_named("basic:tanaka", &staff("basic", "tanaka")));
        assert!(!is_named("basic:tanaka", &staff("header", "tanaka")));
        // Whoever a header calls so does not become the other source's tanaka.
        assert!(!is_named("basic:tanaka", &staff("header", "basic:tanaka")));
        assert!(is_named("urn:tanaka", &staff("header", "urn:tanaka")));
    }
}
