//! Tokens that can be looked up. Inside a `token_domain` equal values give equal tokens, so whoever imports
//! records with values of their own choice, and reads the tokens of these, has a book of which token is which.
//!
//! Who may import is the CRM's to say; what rules say is which requests write many records at once.

use crate::policy::compile::names::Names;
use crate::policy::compile::resources::{Resource, Route};
use crate::policy::decide::{Rule, Who};
use crate::policy::fault::Faults;
use crate::policy::rulebook::Rules;
use crate::terms::action::Action;
use crate::terms::event::Event;
use crate::terms::kind::KindId;
use crate::terms::methods::MERGE;

/// Methods that write.
const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", MERGE];

/// Tells each rule that gives such tokens of a kind which a request imports that its staff may make.
pub fn tell(rules: &Rules, resources: &[Resource], routes: &[Route], names: &Names<'_>, faults: &mut Faults) {
    let imports: Vec<&Resource> = resources
        .iter()
        .enumerate()
        .filter(|(number, own)| takes_many(*number, own, routes))
        .map(|(_, own)| own)
        .collect();
    if imports.is_empty() {
        return;
    }
    for rule in rules.iter() {
        let Some(domain) = &rule.domain else { continue };
        let tokens = rule.grants.iter().filter(|grant| matches!(grant.action, Action::Tokenize(_) | Action::Hash));
        let mut open =
            tokens.flat_map(|grant| names.named(grant.on)).filter(|kind| !is_locked(rules, rule, *kind, names));
        let found = open.find_map(|kind| Some((kind, imports.iter().find(|resource| names_kind(resource, kind))?)));
        let Some((kind, resource)) = found else { continue };
        let name = &names.kinds.get(kind).name;
        let message =
            format!("staff of `{}` can look tokens of `{domain}` up: `{}` imports `{name}`", rule.id, resource.id);
        let fault = faults.warning(&rule.spot, "codebook", message);
        fault.help(format!(
            "write `readonly: [{name}]` for them, or take `token_domain` out: a token is then one subject's"
        ));
    }
}

/// Whether a request of this resource writes many records at once.
fn takes_many(number: usize, resource: &Resource, routes: &[Route]) -> bool {
    let mut own = routes.iter().filter(|route| route.resource == number);
    let writes = matches!(resource.event, None | Some(Event::Write));
    writes && resource.records.is_some() && own.any(|route| WRITES.iter().any(|method| route.rule.takes_method(method)))
}

fn names_kind(resource: &Resource, kind: KindId) -> bool {
    let told = resource.told.iter().any(|told| told.teller.listed().contains(&kind));
    told || resource.fields.iter().any(|field| field.kind == kind)
}

/// Whether a rule that always holds forbids those whom another is for to change values of the kind.
fn is_locked(rules: &Rules, rule: &Rule, kind: KindId, names: &Names<'_>) -> bool {
    let category = names.kinds.get(kind).category;
    let covers = |other: &Rule| match (&other.who, &rule.who) {
        (Who::Every, _) => true,
        (Who::Roles(of), Who::Roles(own)) => own.iter().all(|role| of.contains(role)),
        (Who::Roles(_), Who::Every) => false,
    };
    rules
        .iter()
        .any(|other| !other.conditioned && covers(other) && other.readonly.iter().any(|on| on.takes(kind, category)))
}
