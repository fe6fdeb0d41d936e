//! Asks the sources of identity in their order, and finds out for them what they cannot know
//! without waiting: whether a password fits, a provider's new keys, whose the CRM says a cookie is.

use std::sync::Arc;

use http::HeaderMap;
use tokio::task::spawn_blocking;

use crate::identity::basic::{Attempt, Basic};
use crate::identity::peer::Peer;
use crate::identity::session::{Question, Session};
use crate::identity::{self, Asking, Found, Source, Way};
use crate::serve::exchange::whoami;
use crate::serve::jwks;
use crate::serve::upstream::Upstream;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// Staff, and the number of the source that found them. The first source that finds a credential
/// decides; the next one looks only where it finds none.
pub async fn recognise(
    sources: &Arc<Vec<Source>>,
    upstream: &Arc<Upstream>,
    headers: &HeaderMap,
    peer: &Peer,
    now: i64,
) -> Result<Option<(usize, Staff)>, Refusal> {
    let crm = upstream.identity();
    let asking = Asking { headers, peer, crm, now, again: false };
    for (number, source) in sources.iter().enumerate() {
        if let Some(staff) = found(sources, number, upstream, &asking).await? {
            not_two(sources, number, &staff, upstream, &asking).await?;
            return Ok(Some((number, source.with_groups(staff))));
        }
    }
    Ok(None)
}

/// The staff that one source finds.
async fn found(
    sources: &Arc<Vec<Source>>,
    number: usize,
    upstream: &Arc<Upstream>,
    asking: &Asking<'_>,
) -> Result<Option<Staff>, Refusal> {
    let source = &sources[number];
    // Most sources know without waiting; the room that a wait needs is made where one is needed.
    let found = match (source.look(asking)?, &source.way) {
        (Found::Password(attempt), Way::Basic(basic)) => Box::pin(check(basic, attempt)).await?,
        (Found::Keys, Way::Jwt(jwt)) => {
            Box::pin(jwks::for_unknown(jwt)).await;
            source.look(&Asking { again: true, ..*asking })?
        }
        (Found::Whoami(question), Way::Session(session)) => {
            Box::pin(ask(sources, number, session, upstream, asking, question)).await?
        }
        (found, _) => found,
    };
    match found {
        Found::Staff(staff) => Ok(Some(staff)),
        Found::Nothing => Ok(None),
        Found::Password(_) | Found::Keys | Found::Whoami(_) => {
            Err(Refusal::new(Reason::Internal, "a source of identity asks for what is not its own"))
        }
    }
}

/// Refuses whoever brings the CRM's session of somebody else beside a credential of their own. That cookie
/// goes on, since the CRM lives by it: the ledger would name one person, and the CRM act as another.
async fn not_two(
    sources: &Arc<Vec<Source>>,
    by: usize,
    staff: &Staff,
    upstream: &Arc<Upstream>,
    asking: &Asking<'_>,
) -> Result<(), Refusal> {
    // One that stands before has been asked, and knew nobody.
    let Some((number, _)) = identity::session(sources).filter(|(number, _)| *number > by) else { return Ok(()) };
    match found(sources, number, upstream, asking).await? {
        Some(other) if other.user != staff.user => {
            Err(Refusal::new(Reason::Unrecognised, "the crm's session is of somebody else than the credential"))
        }
        _ => Ok(()),
    }
}

/// Checks a password where it keeps nobody waiting but its owner.
async fn check(basic: &Basic, attempt: Attempt) -> Result<Found, Refusal> {
    let turn = basic.turns.turn().await?;
    let checked = spawn_blocking(move || {
        let fits = attempt.fits();
        // The next password's turn comes when this one is done, though its owner may be gone.
        drop(turn);
        (attempt, fits)
    });
    let (attempt, fits) =
        checked.await.map_err(|_| Refusal::new(Reason::Internal, "a password could not be checked"))?;
    basic.settle(attempt, fits).map(Found::Staff)
}

/// Asks the CRM whose a cookie is.
async fn ask(
    sources: &Arc<Vec<Source>>,
    number: usize,
    session: &Session,
    upstream: &Arc<Upstream>,
    asking: &Asking<'_>,
    question: Question,
) -> Result<Found, Refusal> {
    let told = whoami::ask(upstream, session, asking.headers, &question.value).await?;
    let (sources, now) = (Arc::clone(sources), asking.now);
    // What comes of it may be written to the disk.
    let settled = spawn_blocking(move || match sources.get(number).map(|source| &source.way) {
        Some(Way::Session(session)) => session.settle(question.ticket, told.as_deref(), now),
        _ => Ok(Found::Nothing),
    });
    settled.await.unwrap_or_else(|_| Err(Refusal::new(Reason::Internal, "a session could not be settled")))
}
