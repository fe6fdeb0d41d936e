//! What a token stands for: an opaque one carries it, a random one is kept by the vault. A `format` token and a
//! hash open by nothing.

use crate::serve::exchange::reveal::{Found, Looked, Person};
use crate::serve::house::House;
use crate::terms::disclosure::Subject;
use crate::terms::mint::Domain;

/// Opens a token, whatever right there is to it, and gives what a rule gives.
pub(super) fn look(house: &House, person: Person<'_>, token: &str, purpose: &str) -> Looked {
    let policy = &house.policy;
    let Some(opened) = house.mint.opened(token) else { return Looked::default() };
    // A kind that the rules no longer know is nobody's.
    let kind = policy.kinds().id(&opened.kind);
    let rule = kind.and_then(|kind| policy.reveals(person.roles, person.staff, kind, purpose));
    let Domain::Subject { kind: of, id } = opened.domain else {
        // Many have one value there: whose it is must be named with it.
        return Looked { kind, ..Looked::default() };
    };
    let in_ledger = policy.in_ledger(&of);
    let found = rule.map(|rule| Found { value: opened.value, rule: rule.id.clone() });
    Looked { subject: Some(Subject { kind: of, id: Some(id), in_ledger }), kind, found }
}
