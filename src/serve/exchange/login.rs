//! The observer of log-ins: what a request does to the CRM's session, and what its answer shows.
//!
//! Before a log-in or a log-out goes on, the cookie that came with it is unbound. After the CRM's
//! answer a cookie that is newly set and shows success is bound, and one that the CRM takes away or
//! replaces is unbound. A log-in is recorded before it counts.

use std::sync::Arc;

use http::{HeaderMap, header};
use tokio::task::spawn_blocking;

use crate::identity::session::cookie::{self, Set};
use crate::identity::session::store::{Store, Ticket};
use crate::identity::session::{Login, Session};
use crate::identity::{self, name};
use crate::serve::disclose::{Facts, Receipt};
use crate::serve::exchange::asked::Asked;
use crate::serve::exchange::{origin, whoami};
use crate::serve::house::{Gateway, House};
use crate::serve::upstream::{Answer, Upstream};
use crate::terms::event::Event;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// What is looked for in the answer to one request.
pub struct Watch {
    deed: Deed,
    store: Arc<Store>,
    /// The CRM that may have to be asked.
    upstream: Arc<Upstream>,
    crm: String,
    /// The cookie that came with the request.
    ticket: Option<Ticket>,
    /// Who asks, for a CRM that must be asked in their name.
    asker: HeaderMap,
}

enum Deed {
    /// A log-in; the name, if what was sent holds one that can be a name.
    Login(Option<String>),
    Logout,
    Other,
}

impl Watch {
    /// What a request does; nothing is watched where no log-in is learnt.
    pub fn of(house: &House, upstream: &Arc<Upstream>, asked: &Asked) -> Result<Option<Watch>, Refusal> {
        let Some((_, session)) = identity::session(&house.identity) else { return Ok(None) };
        let (method, path) = (asked.method(), asked.folded());
        let deed = match (&session.login, &session.logout) {
            (Some(login), _) if login.door.takes(method, &path) => Deed::Login(user(login, asked)?),
            (_, Some(door)) if door.takes(method, &path) => Deed::Logout,
            _ => Deed::Other,
        };
        let store = Arc::clone(session.store()?);
        let value = cookie::only(asked.headers(), &session.cookie)?;
        let crm = upstream.identity().to_owned();
        let ticket = value.map(|value| store.ticket(&crm, &session.cookie, value));
        let kept = [header::HOST, header::USER_AGENT];
        let asker = kept.iter().filter_map(|name| Some((name.clone(), asked.headers().get(name)?.clone()))).collect();
        let upstream = Arc::clone(upstream);
        Ok(Some(Watch { deed, store, upstream, crm, ticket, asker }))
    }

    /// Whether this is a log-in.
    pub fn is_login(&self) -> bool {
        matches!(self.deed, Deed::Login(_))
    }

    /// Unbinds what a log-in or a log-out brings, before the CRM can make it somebody else's.
    pub async fn before(&self) {
        if !matches!(self.deed, Deed::Other) {
            self.unbind().await;
        }
    }

    /// Learns from the CRM's answer.
    pub async fn after(
        &self,
        gateway: &Gateway,
        house: &House,
        facts: &Facts,
        receipt: &mut Receipt,
        answer: &mut Answer,
    ) -> Result<(), Refusal> {
        let Some((_, session)) = identity::session(&house.identity) else { return Ok(()) };
        let now = jiff::Timestamp::now().as_second();
        let fresh = self.fresh(session, answer.headers(), now).await;
        let (Deed::Login(user), Some(login)) = (&self.deed, &session.login) else { return Ok(()) };
        let status = answer.status().as_u16();
        receipt.status(status);
        let shown = match fresh {
            Some(value) if shows(login, answer).await? => Some(value),
            _ => None,
        };
        let user = match (shown.as_deref(), user) {
            (Some(value), Some(user)) => self.confirmed(session, value, user).await?,
            _ => None,
        };
        match (shown.as_deref(), user) {
            (Some(value), Some(user)) => {
                let id = receipt.login(&user, origin::named(house, &self.crm, value)).await?;
                self.bind(self.store.ticket(&self.crm, &session.cookie, value), user, now).await?;
                tracing::info!(request = facts.id, staff = id, "a log-in at the crm was learnt");
            }
            _ => failed(gateway, facts, status),
        }
        Ok(())
    }

    /// Looks at what the CRM set while it was asked for something else: what it replaces counts no more.
    pub async fn sees(&self, house: &House, headers: &HeaderMap) {
        if let Some((_, session)) = identity::session(&house.identity) {
            self.fresh(session, headers, jiff::Timestamp::now().as_second()).await;
        }
    }

    /// The session that is newly set; the one that it replaces is unbound.
    async fn fresh(&self, session: &Session, headers: &HeaderMap, now: i64) -> Option<String> {
        let fresh = match cookie::set(headers, &session.cookie, now) {
            Set::Nothing => return None,
            Set::To(value) => Some(value.to_owned())
                .filter(|value| Some(self.store.ticket(&self.crm, &session.cookie, value)) != self.ticket),
            Set::Away | Set::Unclear => {
                self.unbind().await;
                return None;
            }
        };
        if fresh.is_some() {
            self.unbind().await;
        }
        fresh
    }

    /// The name that the CRM itself gives where it can be asked; else the one that logged in.
    async fn confirmed(&self, session: &Session, value: &str, user: &str) -> Result<Option<String>, Refusal> {
        if session.whoami.is_none() {
            return Ok(Some(user.to_owned()));
        }
        let told = whoami::ask(&self.upstream, session, &self.asker, &Secret(value.to_owned())).await?;
        Ok(told.filter(|told| name::user(told).is_some()))
    }

    async fn bind(&self, ticket: Ticket, user: String, now: i64) -> Result<(), Refusal> {
        let store = Arc::clone(&self.store);
        let bound = spawn_blocking(move || store.bind(ticket, &user, now)).await;
        match bound {
            Ok(Ok(())) => Ok(()),
            _ => Err(Refusal::new(Reason::IdentityAway, "the session cannot be written down")),
        }
    }

    async fn unbind(&self) {
        let Some(ticket) = self.ticket else { return };
        let store = Arc::clone(&self.store);
        // It is unbound in memory first; of what fails on the disk the store takes care.
        let _ = spawn_blocking(move || store.unbind(&ticket)).await;
    }
}

/// Whether an answer shows that somebody was let in.
async fn shows(login: &Login, answer: &mut Answer) -> Result<bool, Refusal> {
    /// A word on a log-in is short.
    const WORD_BYTES: usize = 64 << 10;
    let success = &login.success;
    if !success.shows(&login.door, answer.status().as_u16(), answer.headers()) {
        return Ok(false);
    }
    if success.json.is_empty() {
        return Ok(true);
    }
    let body = answer.body_mut().look(WORD_BYTES).await?;
    Ok(body.is_some_and(|body| success.is_said_in(&body)))
}

/// A log-in that the CRM did not grant. Whose name was tried is not recorded: people type their
/// passwords there by mistake.
fn failed(gateway: &Gateway, facts: &Facts, status: u16) {
    let mut entry = facts.entry(Event::Login);
    entry.status = Some(status);
    entry.outcome = Some("unrecognised".into());
    entry.reason = Some(Reason::Unrecognised.word().into());
    gateway.ledger.refuse(entry);
}

/// The name in a log-in, if one stands there. What could be read as two names is refused.
fn user(login: &Login, asked: &Asked) -> Result<Option<String>, Refusal> {
    let mut names = asked.login_names(&login.user)?.into_iter();
    let first = names.next();
    if names.next().is_some() {
        return Err(Refusal::new(Reason::Ambiguous, "the log-in names two people"));
    }
    Ok(first.filter(|text| name::user(text).is_some()))
}

/// Where a browser that nobody knows can log in, for the page that refuses it.
pub fn link(house: &House) -> Option<String> {
    let (_, session) = identity::session(&house.identity)?;
    Some(session.login.as_ref()?.door.text.clone())
}
