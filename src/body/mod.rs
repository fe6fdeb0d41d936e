//! A body's skin: what lies between the bytes on the wire and the leaves that a walker shows.

pub mod rewriter;
mod splice;
