//! Which rules are there for a request: who asks, from where, when, and for what.

use core::net::IpAddr;

use jiff::Timestamp;

use crate::policy::compile::Condition;
use crate::policy::decide::{RoleId, State};
use crate::policy::matched::Matched;
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

/// Whether each rule is there, by all conditions but those on what is asked for.
pub fn states(conditions: &[Condition], situation: &Situation<'_>) -> Vec<State> {
    conditions.iter().map(|condition| state(condition, situation)).collect()
}

/// Whether a rule that is there so far is there for this resource and event.
pub fn state_for(state: State, condition: &Condition, resource: Option<&str>, event: Event) -> State {
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
    state
}

fn state(condition: &Condition, situation: &Situation<'_>) -> State {
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
    if when.networks.is_empty() {
        return State::Holds;
    }
    // A client on an IPv6 socket that speaks IPv4 is in the IPv4 network.
    match situation.network.map(|address| address.to_canonical()) {
        None => State::Unknown("network"),
        Some(address) if when.networks.iter().any(|network| network.contains(&address)) => State::Holds,
        Some(_) => State::Fails("network"),
    }
}

/// `tanaka` is tanaka of every source, `basic:tanaka` of that one.
fn is_named(id: &str, staff: &Staff) -> bool {
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
        let staff = |source, user: &str| Staff { source, user: user.into(), groups: Vec::new() };
        assert!(is_named("tanaka", &staff("basic", "tanaka")));
        assert!(is_named("tanaka", &staff("header", "tanaka")));
        assert!(is_named("basic:tanaka", &staff("basic", "tanaka")));
        assert!(!is_named("basic:tanaka", &staff("header", "tanaka")));
        // Whoever a header calls so does not become the other source's tanaka.
        assert!(!is_named("basic:tanaka", &staff("header", "basic:tanaka")));
        assert!(is_named("urn:tanaka", &staff("header", "urn:tanaka")));
    }
}
