//! The one integration binary: cases as files, raw sockets, TLS, the real CRM, the house's own rules.

mod ask;
mod config;
mod creme;
mod deploy;
mod detect;
mod exchange;
mod format;
mod gate;
mod gateway;
mod html;
mod http2;
mod ledger;
mod policy;
mod readme;
mod tidy;
mod tls;
mod transform;
