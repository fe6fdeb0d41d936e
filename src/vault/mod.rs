//! Keys, and the tokens and hashes that they make.
//!
//! The ring is a file that several gateways can share, its keys wrapped by a key-encryption key (`kek`, the door to
//! key services of others); the mint is pure over the ring, so that an
//! opaque token needs no store: it carries its value, sealed. A `format` token is made by the ring
//! too, and cannot be opened by it. Tokens drawn by chance are kept in a file of the state folder. What a page
//! carries for its forms is sealed by the ring as well, and so is what is remembered of what staff was given. What is
//! open to whom for a while lies beside the random tokens; what keeps both stands behind the door in `backend`.

pub mod backend;
#[cfg(test)]
mod backend_tests;
mod derive;
pub mod embedded;
#[cfg(test)]
mod embedded_tests;
mod ff1;
mod file;
pub mod forget;
pub mod grants;
mod halves;
pub mod issued;
pub mod keep;
pub mod kek;
#[cfg(test)]
pub(crate) mod memory_tests;
pub mod mint;
pub mod needs;
pub mod open;
mod page;
mod ready;
pub mod ring;
mod seal;
pub mod time;
#[cfg(test)]
mod vector_tests;
