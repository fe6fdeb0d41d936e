//! A body's skin: what lies between the bytes on the wire and the leaves that a walker shows.
//!
//! Two layers, the outer one first: `coding` takes compression off and puts it on again; `charset`
//! says how the bytes are to be read, and `decoded` shows them to a walker as UTF-8 and carries its
//! edits back to the bytes. A body in UTF-8 has neither layer and costs nothing of either.

pub mod anew;
pub mod charset;
pub mod coding;
mod decoded;
pub mod extended;
pub mod pack;
pub mod parts;
mod prescan;
pub mod readings;
pub mod rewriter;
mod sniff;
mod splice;
pub mod unpack;
pub mod utf32;
pub mod words;
mod written;
