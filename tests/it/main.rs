//! The one integration binary: cases as files, raw sockets, TLS, the real CRM, the house's own rules.

mod ask;
mod blessed;
mod body;
mod cli;
mod config;
mod creme;
mod demo;
mod deploy;
mod detect;
mod exchange;
mod format;
mod gate;
mod gateway;
mod html;
mod http2;
mod identity;
mod ledger;
mod policy;
mod readme;
mod signer;
mod testing;
mod tidy;
mod tls;
mod transform;
mod tryton;
