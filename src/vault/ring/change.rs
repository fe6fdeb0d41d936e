//! What is done to a ring: a new version, a domain that moves to another, a version whose keys are destroyed.
//!
//! All of it is done to what the file says; whoever asks holds the lock, and replaces the file. A key that wraps is
//! needed for new versions alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::terms::mint::{Domain, STORED};
use crate::vault::kek::{KekError, Wrap};
use crate::vault::ring::Ring;
use crate::vault::ring::fault::RingError;
use crate::vault::ring::written::{
    DOMAINS_MAX, MATERIAL_BYTES, Material, Row, SHREDS_MAX, State, VERSIONS_MAX, Written,
};

/// Bytes of a domain's name.
const NAME_BYTES_MAX: usize = 256;

/// Why what was asked for cannot be done to a ring.
#[derive(Debug)]
pub enum Denied {
    /// The ring itself.
    Ring(RingError),
    /// There is no such version.
    NoVersion(u16),
    /// It mints.
    Active(u16),
    /// Its keys are destroyed already.
    Gone(u16),
    /// Domains mint under it.
    Needed {
        /// The version.
        version: u16,
        /// The domains; none where all shared ones do.
        domains: Vec<String>,
    },
    /// There are as many as a ring may have.
    Full,
    /// A domain cannot be called so.
    NoName,
    /// It is what the CRM itself holds.
    Stored,
}

impl From<RingError> for Denied {
    fn from(error: RingError) -> Denied {
        Denied::Ring(error)
    }
}

impl From<KekError> for Denied {
    fn from(error: KekError) -> Denied {
        Denied::Ring(RingError::Kek(error))
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Ring(error) => error.fmt(f),
            Denied::NoVersion(version) => write!(f, "the key ring has no version {version}"),
            Denied::Active(version) => write!(f, "version {version} mints; run `sudare keys rotate` first"),
            Denied::Gone(version) => write!(f, "version {version} is destroyed already"),
            Denied::Needed { version, domains } if domains.is_empty() => write!(
                f,
                "shared token domains mint under version {version}; move them with `sudare keys rotate --all-domains`"
            ),
            Denied::Needed { version, domains } => write!(
                f,
                "the token domains {} mint under version {version}; move them with `sudare keys rotate --domain NAME`",
                domains.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
            Denied::Full => f.write_str("the key ring has as many versions or domains as it may have"),
            Denied::Stored => write!(f, "`{STORED}` is what the CRM itself holds, and has no key of its own"),
            Denied::NoName => f.write_str("a token domain's name is one line of at most 256 bytes"),
        }
    }
}

impl std::error::Error for Denied {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Denied::Ring(error) => error.source(),
            _ => None,
        }
    }
}

/// Which shared domains a rotation moves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// All but the one of what the CRM stores.
    pub all: bool,
    /// These.
    pub named: Vec<String>,
    /// Whether each of them gets a version that is its alone.
    pub own: bool,
}

/// A ring with its first version.
pub fn first(kek: &dyn Wrap, now: i64) -> Result<Written, RingError> {
    let mut row = Row { version: 1, created: Some(now), count: 0, material: Material::Clear(drawn()?) };
    seal(&mut row, kek)?;
    Ok(Written {
        kek: Some(kek.id()),
        rows: vec![row],
        shared: 1,
        domains: BTreeMap::new(),
        own: BTreeMap::new(),
        shreds: BTreeSet::new(),
    })
}

/// Wraps what is in clear; the ring is one of this key from then on.
pub fn wrap(written: &mut Written, kek: &dyn Wrap) -> Result<(), KekError> {
    for row in &mut written.rows {
        seal(row, kek)?;
    }
    written.kek = Some(kek.id());
    Ok(())
}

/// Puts every version in clear: whoever gets it seals it otherwise.
pub fn unwrap(written: &mut Written, kek: &dyn Wrap) -> Result<(), KekError> {
    for row in &mut written.rows {
        if let Material::Wrapped(wrapped) = &row.material {
            row.material = Material::Clear(kek.unwrap(wrapped, &bound(row))?);
        }
    }
    Ok(())
}

/// A new version mints from now on; shared domains stay where they are but for those that move. Where nothing but
/// domains is to move, and all of them can, no version is drawn. A domain that has a version of its own gets another
/// one, and stays where it is when all move. Gives the version that mints.
pub fn rotate(written: &mut Written, kek: &dyn Wrap, moved: &Moved, now: i64) -> Result<u16, Denied> {
    if !moved.named.iter().all(|name| fits(name)) {
        return Err(Denied::NoName);
    }
    if moved.own && moved.named.iter().any(|name| name == STORED) {
        return Err(Denied::Stored);
    }
    let (own, common): (Vec<&String>, Vec<&String>) =
        moved.named.iter().partition(|name| moved.own || has_own(written, name));
    let only_moves = moved.all || !moved.named.is_empty();
    let active = written.active();
    let lags = |name: &&String| minting(written, name) != active;
    let can_move = common.iter().all(lags) && (!moved.all || written.shared != active);
    if !(only_moves && can_move) {
        draw(written, kek, now)?;
    }
    let active = written.active();
    if moved.all {
        // What the CRM itself holds is moved only by its name: its rows would no more be found by their tokens.
        let stored = minting(written, STORED);
        let owned = std::mem::take(&mut written.domains).into_iter();
        let owned = owned.filter(|(name, version)| written.own.get(version) == Some(name)).collect();
        written.domains = owned;
        written.domains.insert(STORED.to_owned(), stored);
        written.shared = active;
    }
    for name in common {
        written.domains.insert(name.clone(), active);
    }
    for name in own {
        draw_own(written, kek, name, now)?;
    }
    if written.domains.len() > DOMAINS_MAX {
        return Err(Denied::Full);
    }
    Ok(active)
}

/// What became of whose tokens.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shredded {
    /// Versions that are no more: nothing opens what they sealed.
    pub destroyed: Vec<u16>,
    /// Versions whose keys live, since others need them; their tokens of that domain or subject are refused.
    pub refused: Vec<u16>,
}

/// Ends the tokens of a domain or a subject. The versions that are a domain's alone are destroyed, and it gets
/// another one; of all others the ring says that its tokens open no more. `ring` is the same ring, opened.
pub fn shred(written: &mut Written, ring: &Ring, whose: &Domain, kek: &dyn Wrap, now: i64) -> Result<Shredded, Denied> {
    let mut done = Shredded::default();
    if let Domain::Shared(name) = whose {
        if !fits(name) {
            return Err(Denied::NoName);
        }
        if name == STORED {
            return Err(Denied::Stored);
        }
        let before: Vec<u16> = written.own.iter().filter(|(_, of)| *of == name).map(|(version, _)| *version).collect();
        draw_own(written, kek, name, now)?;
        before.iter().for_each(|version| written.forget(*version));
        done.destroyed = before;
    }
    for keys in ring.newest_first().filter(|keys| !done.destroyed.contains(&keys.version)) {
        if !written.own.contains_key(&keys.version) {
            written.shreds.insert((keys.version, keys.shred(whose)));
            done.refused.push(keys.version);
        }
    }
    done.refused.sort_unstable();
    if written.shreds.len() > SHREDS_MAX || written.domains.len() > DOMAINS_MAX {
        return Err(Denied::Full);
    }
    Ok(done)
}

/// Destroys the keys of a version, where nothing in the ring mints under it.
pub fn destroy(written: &mut Written, version: u16) -> Result<(), Denied> {
    match written.row(version).map(|row| written.state(row)) {
        None => return Err(Denied::NoVersion(version)),
        Some(State::Active) => return Err(Denied::Active(version)),
        Some(State::Destroyed) => return Err(Denied::Gone(version)),
        Some(State::Old | State::Own) => {}
    }
    if written.shared == version {
        return Err(Denied::Needed { version, domains: Vec::new() });
    }
    let minting = written.domains.iter().filter(|(_, own)| **own == version);
    let domains: Vec<String> = minting.map(|(name, _)| name.clone()).collect();
    if !domains.is_empty() {
        return Err(Denied::Needed { version, domains });
    }
    written.forget(version);
    Ok(())
}

/// The version under which a shared domain mints.
pub fn minting(written: &Written, name: &str) -> u16 {
    written.domains.get(name).copied().unwrap_or(written.shared)
}

/// What a version's keys are bound to where they are wrapped.
pub fn bound(row: &Row) -> Vec<u8> {
    let created = row.created.unwrap_or(0).to_be_bytes();
    [&b"sudare key 2"[..], &row.version.to_be_bytes(), &created].concat()
}

/// Whether a domain mints under a version that is its alone.
fn has_own(written: &Written, name: &str) -> bool {
    written.own.get(&minting(written, name)).is_some_and(|of| of == name)
}

fn fits(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && !name.contains(char::is_control) && !name.is_empty()
}

/// Draws a version that is one domain's alone.
fn draw_own(written: &mut Written, kek: &dyn Wrap, name: &str, now: i64) -> Result<(), Denied> {
    if written.kek.is_none() {
        // The first format has no room for it.
        wrap(written, kek)?;
    }
    draw(written, kek, now)?;
    let version = written.last();
    written.own.insert(version, name.to_owned());
    written.domains.insert(name.to_owned(), version);
    Ok(())
}

fn draw(written: &mut Written, kek: &dyn Wrap, now: i64) -> Result<(), Denied> {
    let version = written.last().checked_add(1).filter(|_| written.rows.len() < VERSIONS_MAX).ok_or(Denied::Full)?;
    let mut row = Row { version, created: Some(now), count: 0, material: Material::Clear(drawn()?) };
    if written.kek.is_some() {
        seal(&mut row, kek)?;
    }
    written.rows.push(row);
    Ok(())
}

fn drawn() -> Result<Zeroizing<Vec<u8>>, RingError> {
    let mut keys = Zeroizing::new(vec![0; MATERIAL_BYTES]);
    rand::fill(&mut keys).map_err(|_| RingError::Chance)?;
    Ok(keys)
}

fn seal(row: &mut Row, kek: &dyn Wrap) -> Result<(), KekError> {
    if let Material::Clear(keys) = &row.material {
        row.material = Material::Wrapped(kek.wrap(keys, &bound(row))?);
    }
    Ok(())
}
