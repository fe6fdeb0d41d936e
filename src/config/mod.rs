//! gateway.yaml: how the gateway runs.
//!
//! `gateway` reads the file into a `Config` and collects every fault; `identity` reads who can be
//! recognised, `users` the files of names, passwords and groups, `units` durations, sizes and values that
//! stand elsewhere, `bounds` what is too much, `listen` and `upstream` the two sides of the gateway, `console` for
//! those who watch over it, `pem` certificates and keys, `rules` finds the rule files, `text` reads what people
//! write, `open` tells what the network could read, `veil` hides what stands there and nobody may read. `together`
//! tells what configuration and rules make of each other; `schema` is for editors. What is made of a `Config` is
//! serve's.

mod bounds;
pub mod console;
pub mod gateway;
pub mod identity;
pub mod keys;
pub mod ledger;
pub mod listen;
mod open;
pub mod packs;
pub mod pem;
pub mod purposes;
pub mod rules;
pub mod schema;
pub mod text;
pub mod together;
pub mod units;
pub mod upstream;
mod users;
pub mod veil;
