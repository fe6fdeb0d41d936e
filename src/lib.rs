//! sudare: a data-protection gateway between staff's tools and a CRM.
//!
//! The storeys, from the ground: `terms`; then `format`, `detect`, `transform`, `identity`,
//! `route`, `vault`, `ledger`, `metrics`; then `policy`, `guard`, `body`, `config`; then `serve`;
//! then `cli`. Arrows point down only. ARCHITECTURE.md tells the house on two pages.

#![forbid(unsafe_code)]

pub mod body;
pub mod cli;
pub mod config;
pub mod detect;
pub mod format;
pub mod guard;
pub mod identity;
pub mod ledger;
pub mod metrics;
pub mod policy;
pub mod route;
pub mod serve;
pub mod terms;
pub mod transform;
pub mod vault;
