//! Records of the reveal API: durable before a value leaves, and before whoever asks in vain is told so.

use http::StatusCode;

use crate::guard::subject;
use crate::ledger::entry::{Entry, Kinds, Subject, Text};
use crate::serve::disclose::body::StaffBody;
use crate::serve::disclose::{Facts, durable};
use crate::serve::house::{Gateway, House};
use crate::serve::respond::words;
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

/// What becomes of one value that is asked for.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// Whom and what it is about.
    pub about: About<'a>,
    /// The rule that gives it; nothing where there is nothing to give.
    pub rule: Option<&'a str>,
}

/// Records which values are given, and which are not; afterwards, and only then, they may leave. One at least is.
pub async fn revealed(
    gateway: &Gateway,
    house: &House,
    facts: &Facts,
    told: &[Told<'_>],
    bytes: Vec<u8>,
) -> Result<StaffBody, Refusal> {
    let mut share = gateway.hold.share();
    share.set(bytes.len())?;
    let mut entry = entry(house, facts, told);
    entry.status = Some(StatusCode::OK.as_u16());
    entry.outcome = Some(Text::Borrowed("released"));
    for rule in told.iter().filter_map(|one| one.rule) {
        if !entry.rules.iter().any(|known| **known == *rule) {
            entry.rules.push(Text::Borrowed(rule));
        }
    }
    durable(gateway, house, entry).await?;
    counted(gateway, facts, told);
    Ok(StaffBody::whole(bytes, share))
}

/// Records that nothing is given.
pub async fn refused(gateway: &Gateway, house: &House, facts: &Facts, told: &[Told<'_>]) -> Result<(), Refusal> {
    let mut entry = entry(house, facts, told);
    entry.status = Some(words::of(Reason::Reveal).status);
    entry.outcome = Some(Text::Borrowed("refused"));
    entry.reason = Some(Text::Borrowed(Reason::Reveal.word()));
    durable(gateway, house, entry).await?;
    counted(gateway, facts, told);
    Ok(())
}

fn counted(gateway: &Gateway, facts: &Facts, told: &[Told<'_>]) {
    let role = facts.roles.first().map_or("none", |role| role);
    for one in told {
        if let (Some(kind), Some(_)) = (one.about.kind, one.rule) {
            gateway.metrics.values.with_label_values(&[kind.name.as_str(), "show", role]).inc();
        }
        let result = if one.rule.is_some() { "ok" } else { "refused" };
        gateway.metrics.vault.with_label_values(&["reveal", result]).inc();
    }
}

/// A kind, what became of it, how often.
type Row<'a> = (Text<'a>, Text<'a>, u64);

fn entry<'a>(house: &House, facts: &'a Facts, told: &[Told<'a>]) -> Entry<'a> {
    // Each with what became of which of its kinds.
    let mut subjects: Vec<(Subject<'a>, Vec<Row<'a>>)> = Vec::new();
    for Told { about, rule } in told {
        // Of a subject that nobody knows there is a kind all the same.
        let (of, id) = match about.subject {
            Some(own) => {
                (own.kind.as_str(), subject::id_for_ledger(house.policy.detectors(), own, house.mint.as_ref()))
            }
            None if about.kind.is_some() => ("unknown", None),
            None => continue,
        };
        let action = if rule.is_some() { "show" } else { "block" };
        let row = about.kind.map(|kind| (Text::Borrowed(kind.name.as_str()), Text::Borrowed(action), 1));
        match subjects.iter_mut().find(|(known, _)| *known.of == *of && known.id == id) {
            Some((_, rows)) => rows.extend(row),
            None => {
                let subject = Subject { of: Text::Borrowed(of), id, kinds: Kinds::default() };
                subjects.push((subject, row.into_iter().collect()));
            }
        }
    }
    let whole = |(subject, rows): (Subject<'a>, Vec<_>)| Subject { kinds: rows.into_iter().collect(), ..subject };
    Entry { subjects: subjects.into_iter().map(whole).collect(), ..facts.entry(Event::Reveal) }
}
