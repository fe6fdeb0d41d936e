//! Keys, and the tokens and hashes that they make.
//!
//! The ring is a file that several gateways can share, its keys wrapped by a key-encryption key (`kek`, the door to
//! key services of others); the mint is pure over the ring, so that an
//! opaque token needs no store: it carries its value, sealed. A `format` token is made by the ring
//! too, and cannot be opened by it. Tokens drawn by chance are kept in a file of the state folder. What a page
//! carries for its forms is sealed by the ring as well, and so is what is remembered of what staff was given. What is
//! open to whom for a while lies beside the random tokens.

mod derive;
mod ff1;
mod file;
pub mod grants;
pub mod issued;
pub mod keep;
pub mod kek;
pub mod mint;
pub mod needs;
pub mod open;
mod page;
pub mod ring;
mod seal;
#[cfg(test)]
mod vector_tests;
