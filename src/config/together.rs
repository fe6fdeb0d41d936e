//! What gateway.yaml and the rules make of each other, which neither shows alone: roles whose groups
//! no source of identity gives, rules for persons whom none knows, conditions on networks in
//! which the proxies are, tokens that look like values in a CRM of which nothing was converted, and holds on
//! persons whom no resource names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::config::gateway::Config;
use crate::identity::{Source, Way};
use crate::policy::Policy;
use crate::policy::conditions::SOURCES;
use crate::policy::fault::{Fault, Faults};

/// The warnings about both together.
pub fn warnings(config: &Config, policy: &Policy) -> Vec<Fault> {
    let mut faults = Faults::new();
    if let Some(groups) = groups(&config.identity) {
        policy.check_groups(&groups, &mut faults);
    }
    policy.check_staff(&|id| may_be(id, &config.identity), &mut faults);
    policy.check_proxies(&config.trusted_proxies, &mut faults);
    if !was_migrated(&config.state) {
        policy.check_store(&mut faults);
    }
    for hold in &config.ledger.holds {
        if let (Some(subject), Some(spot)) = (&hold.subject, &hold.subject_spot) {
            policy.check_held(subject, spot, &mut faults);
        }
    }
    faults.into_sorted()
}

/// Whether `sudare migrate` ever worked here: its journal stays.
fn was_migrated(state: &Path) -> bool {
    let is_journal = |name: &str| name.starts_with("migrate-") && name.ends_with(".jsonl");
    let mut names = fs::read_dir(state).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_str().is_some_and(is_journal))
}

/// Every group that staff can have; `None` where somebody else says which, as an identity provider.
fn groups(sources: &[Source]) -> Option<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for source in sources {
        if let Some(register) = &source.groups {
            all.extend(register.get().values().flatten().cloned());
            continue;
        }
        match &source.way {
            Way::Basic(basic) => all.extend(basic.users.get().values().flat_map(|user| user.groups.clone())),
            Way::Anonymous(anonymous) => all.extend(anonymous.groups.iter().cloned()),
            Way::Header(header) if header.groups.is_some() => return None,
            Way::Jwt(jwt) if jwt.groups.is_some() => return None,
            Way::Mtls(mtls) if mtls.units => return None,
            Way::Header(_) | Way::Jwt(_) | Way::Mtls(_) | Way::Session(_) => {}
        }
    }
    Some(all)
}

/// Whether some source can find somebody whom a rule calls so: `tanaka` is of every source,
/// `basic:tanaka` of that one.
fn may_be(id: &str, sources: &[Source]) -> bool {
    let (of, user) = match id.split_once(':') {
        Some((source, user)) if SOURCES.contains(&source) => (Some(source), user),
        _ => (None, id),
    };
    sources.iter().any(|source| {
        let (name, knows) = match &source.way {
            Way::Basic(basic) => ("basic", basic.users.get().contains_key(user)),
            Way::Anonymous(anonymous) => ("anonymous", anonymous.staff().user == user),
            Way::Header(_) => ("header", true),
            Way::Jwt(_) => ("jwt", true),
            Way::Mtls(_) => ("mtls", true),
            Way::Session(_) => ("session", true),
        };
        knows && of.is_none_or(|of| of == name)
    })
}
