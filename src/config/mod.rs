//! gateway.yaml: how the gateway runs.
//!
//! `gateway` reads the file into a `Config` and collects every fault; `identity` reads who can be
//! recognised, `users` the files of names, passwords and groups, `units` durations, sizes and values that
//! stand elsewhere, `bounds` what is too much, `rules` finds the rule files. What is made of a `Config` is serve's.

mod bounds;
pub mod gateway;
pub mod identity;
pub mod rules;
pub mod units;
mod users;
