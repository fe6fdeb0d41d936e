//! Keys, and the tokens and hashes that they make.
//!
//! The ring is a file that several gateways can share; the mint is pure over the ring, so that an
//! opaque token needs no store: it carries its value, sealed. Tokens drawn by chance, stores and
//! key services of others have their place here later.

pub mod mint;
pub mod ring;
