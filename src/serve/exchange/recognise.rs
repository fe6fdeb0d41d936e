//! Asks the sources of identity in their order, and finds out for them what they cannot know
//! without waiting: whether a password fits, a provider's new keys, whose the CRM says a cookie is.

use std::sync::Arc;

use http::HeaderMap;
use tokio::task::spawn_blocking;

use crate::identity::basic::{Attempt, Basic};
use crate::identity::peer::Peer;
use crate::identity::session::{Question, Session};
use crate::identity::{Asking, Found, Source, Way};
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
    for (number, source) in sources.iter().enumerate() {
        let asking = Asking { headers, peer, crm, now, again: false };
        // Most sources know without waiting; the room that a wait needs is made where one is needed.
        let found = match (source.look(&asking)?, &source.way) {
            (Found::Password(attempt), Way::Basic(basic)) => Box::pin(check(basic, attempt)).await?,
            (Found::Keys, Way::Jwt(jwt)) => {
                Box::pin(jwks::for_unknown(jwt)).await;
                source.look(&Asking { again: true, ..asking })?
            }
            (Found::Whoami(question), Way::Session(session)) => {
                Box::pin(ask(sources, number, session, upstream, headers, question, now)).await?
            }
            (found, _) => found,
        };
        match found {
            Found::Staff(staff) => return Ok(Some((number, source.with_groups(staff)))),
            Found::Nothing => {}
            Found::Password(_) | Found::Keys | Found::Whoami(_) => {
                return Err(Refusal::new(Reason::Internal, "a source of identity asks for what is not its own"));
            }
        }
    }
    Ok(None)
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
    headers: &HeaderMap,
    question: Question,
    now: i64,
) -> Result<Found, Refusal> {
    let told = whoami::ask(upstream, session, headers, &question.value).await?;
    let sources = Arc::clone(sources);
    // What comes of it may be written to the disk.
    let settled = spawn_blocking(move || match sources.get(number).map(|source| &source.way) {
        Some(Way::Session(session)) => session.settle(question.ticket, told.as_deref(), now),
        _ => Ok(Found::Nothing),
    });
    settled.await.unwrap_or_else(|_| Err(Refusal::new(Reason::Internal, "a session could not be settled")))
}
