//! Records of the reveal API: durable before a value leaves, and before whoever asks in vain is told so.

use std::sync::Arc;

use crate::guard::subject;
use crate::ledger::entry::{Entry, Subject, Text};
use crate::serve::disclose::body::StaffBody;
use crate::serve::disclose::{Facts, durable};
use crate::serve::house::{Gateway, House};
use crate::terms::disclosure;
use crate::terms::event::Event;
use crate::terms::kind::Kind;
use crate::terms::refusal::{Reason, Refusal};

/// Whom and what a question for a value is about, as far as that is known.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// The subject.
    pub subject: Option<&'a disclosure::Subject>,
    /// The kind.
    pub kind: Option<&'a Kind>,
}

/// Records that a value is given by a rule; afterwards, and only then, it may leave.
pub async fn revealed(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    facts: &Facts,
    (about, rule): (&About<'_>, &str),
    bytes: Vec<u8>,
) -> Result<StaffBody, Refusal> {
    let mut share = gateway.hold.share();
    share.set(bytes.len())?;
    let mut entry = told(house, facts, about, "show");
    entry.status = Some(200);
    entry.outcome = Some(Text::Borrowed("released"));
    entry.rules = vec![Text::Borrowed(rule)];
    durable(gateway, house, entry).await?;
    let role = facts.roles.first().map_or("none", |role| role);
    if let Some(kind) = about.kind {
        gateway.metrics.values.with_label_values(&[kind.name.as_str(), "show", role]).inc();
    }
    gateway.metrics.vault.with_label_values(&["reveal", "ok"]).inc();
    Ok(StaffBody::whole(bytes, share))
}

/// Records that nothing is given.
pub async fn refused(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    facts: &Facts,
    about: &About<'_>,
) -> Result<(), Refusal> {
    let mut entry = told(house, facts, about, "block");
    entry.status = Some(404);
    entry.outcome = Some(Text::Borrowed("refused"));
    entry.reason = Some(Text::Borrowed(Reason::Reveal.word()));
    durable(gateway, house, entry).await?;
    gateway.metrics.vault.with_label_values(&["reveal", "refused"]).inc();
    Ok(())
}

fn told<'a>(house: &House, facts: &'a Facts, about: &About<'a>, action: &'static str) -> Entry<'a> {
    let mut entry = facts.entry(Event::Reveal);
    let kinds = about.kind.map(|kind| (Text::Borrowed(kind.name.as_str()), Text::Borrowed(action), 1));
    // Of a subject that nobody knows there is a kind all the same.
    let (of, id) = match about.subject {
        Some(own) => (own.kind.as_str(), subject::id_for_ledger(house.policy.detectors(), own, house.mint.as_ref())),
        None => ("unknown", None),
    };
    if about.subject.is_some() || about.kind.is_some() {
        entry.subjects = vec![Subject { of: Text::Borrowed(of), id, kinds: kinds.into_iter().collect() }];
    }
    entry
}
