//! The door to whatever keeps the vault's records.
//!
//! What stands behind it knows keyed hashes, tokens, sealed bytes and times, and no value, kind or key: sealing and
//! finding are done before the door (`keep`, `grants`), so that a backend can be another's database. `embedded` is one
//! file in the state folder. Whoever adds one runs `backend_tests` over it.
//!
//! Calls wait for a disk or a network. What a call has said survives the process; a call that fails has done all of
//! its work or none, and what it was to write may be given again.
//!
//! Times are seconds since 1970, told by the caller, who sees to it that they never go back (`time`).

use crate::vault::open::VaultError;
use crate::vault::seal;

/// Bytes of a random token: layout, version of the keys, and what chance drew.
pub const TOKEN_BYTES: usize = 35;

/// A random token's bytes.
pub type Token = [u8; TOKEN_BYTES];

/// A keyed hash by which a token is found.
pub type Lookup = [u8; seal::LOOKUP_BYTES];

/// A token on its way in.
#[derive(Debug, Clone)]
pub struct Row {
    /// What finds it.
    pub lookup: Lookup,
    /// The token.
    pub token: Token,
    /// When it ends; without it never.
    pub until: Option<i64>,
    /// What it stands for, sealed.
    pub sealed: Vec<u8>,
    /// The token that it takes the place of, where that lasts longer than this one may.
    pub instead: Option<Token>,
}

/// A token that is found, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The token.
    pub token: Token,
    /// When it ends.
    pub until: Option<i64>,
}

/// What stands under a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it ends.
    pub until: Option<i64>,
    /// What it stands for, sealed.
    pub sealed: Vec<u8>,
}

/// A key and the sealed bytes that stand under it.
pub type Grant = (Vec<u8>, Vec<u8>);

/// Keeps tokens, and what is open to whom.
pub trait Backend: Send + Sync {
    /// Notes what only a version of the keys could write: by any version that is noted the ring is known again, and
    /// those before it may be destroyed.
    fn mark(&self, version: u16, mark: &Lookup) -> Result<(), VaultError>;

    /// The token that a lookup finds, if it has not ended.
    fn find(&self, lookup: &Lookup, now: i64) -> Result<Option<Held>, VaultError>;

    /// What a token stands for, if it has not ended.
    fn record(&self, token: &Token, now: i64) -> Result<Option<Record>, VaultError>;

    /// Keeps tokens, all of them or none, each with what it stands for. A lookup goes on finding the token that it finds
    /// already, unless that one has ended or the row names it as the one whose place it takes: of two gateways that
    /// mint for one value at the same moment both keep a token that opens, and the first is the one that is found.
    fn keep(&self, rows: &[&Row], now: i64) -> Result<(), VaultError>;

    /// Takes out tokens that have ended, the oldest first and no more than so many; tells how many there were. From then
    /// on no clock that is behind `now` brings one back (`latest`).
    fn sweep(&self, now: i64, count_max: usize) -> Result<usize, VaultError>;

    /// How many tokens it keeps, ended ones that are not taken out yet among them.
    fn tokens(&self) -> Result<u64, VaultError>;

    /// How many of them have an end.
    fn ending(&self) -> Result<u64, VaultError>;

    /// The latest time of which it has been told in a call that wrote; 0 before there was one.
    fn latest(&self) -> Result<i64, VaultError>;

    /// What stands under the keys that begin with a person's hash, the first so many.
    fn grants(&self, person: &Lookup, count_max: usize) -> Result<Vec<Grant>, VaultError>;

    /// Takes keys out and puts one in, both or none.
    fn grant(&self, gone: &[Vec<u8>], key: &[u8], sealed: &[u8]) -> Result<(), VaultError>;
}
