//! What a token stands for: an opaque one carries it, a random one is kept by the vault. A `format` token and a
//! hash open by nothing.

use crate::serve::exchange::reveal::{Found, Looked, Person};
use crate::serve::house::House;
use crate::terms::disclosure::Subject;
use crate::terms::mint::{Domain, Opened};

/// Opens a token, whatever right there is to it, and gives what a rule gives. `whose` is whose it should be, where
/// that is said.
pub(super) fn look(
    house: &House,
    person: Person<'_>,
    opened: Option<Opened>,
    whose: Option<(&str, &str)>,
    purpose: &str,
) -> Looked {
    let policy = &house.policy;
    let Some(opened) = opened else { return Looked::default() };
    // A kind that the rules no longer know is nobody's.
    let kind = policy.kinds().id(&opened.kind);
    let rule = kind.and_then(|kind| policy.reveals(person.roles, person.staff, kind, purpose));
    let Domain::Subject { kind: of, id } = opened.domain else {
        // Many have one value there: whose it is must be named with it.
        return Looked { kind, ..Looked::default() };
    };
    let in_ledger = policy.in_ledger(&of);
    let is_theirs = whose.is_none_or(|(resource, subject)| {
        subject == id && policy.page_of(resource, subject).is_some_and(|page| page.of == of)
    });
    let found =
        rule.filter(|_| is_theirs).map(|rule| Found { value: opened.value, rule: rule.id.clone(), lasts: rule.lasts });
    Looked { subject: Some(Subject { kind: of, id: Some(id), in_ledger }), kind, found }
}
