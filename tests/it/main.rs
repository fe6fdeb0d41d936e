//! The one integration binary: cases as files, raw sockets, the real CRM, the house's own rules.

mod ask;
mod blessed;
mod config;
mod creme;
mod detect;
mod exchange;
mod format;
mod gate;
mod gateway;
mod html;
mod ledger;
mod policy;
mod readme;
mod tidy;
mod transform;
