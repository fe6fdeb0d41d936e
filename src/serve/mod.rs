//! The only place with hyper, and the only one that spawns.
//!
//! `listen` takes staff's connections behind the `gate`; `exchange` is the life of one request;
//! `disclose` records before it releases; `keeping` waits for the vault; `upstream` asks the CRM;
//! `respond` makes answers of refusals; `admin` is for machines that watch, `console` for those who watch over it; `run` puts it all together
//! and takes it apart. `tls` and `proxied` are how a connection of staff's may begin, `sites` tells
//! which CRM a request is for, `service` speaks with the system's service manager, `sources` keeps young
//! what identity has read from elsewhere, with `jwks` for providers' keys. `reload` puts changed rules in
//! force, which `loading` reads and of which `files` tells; `searches` counts what staff looks for, `grants` knows what is open to them for a while.
//! `sample` is the legacy CRM of the demo.

pub mod admin;
pub mod carrier;
mod certificates;
mod console;
pub mod disclose;
pub mod exchange;
mod files;
pub mod gate;
pub mod grants;
mod house;
pub mod http2;
mod jwks;
pub mod keeping;
mod keys;
mod line;
pub mod listen;
pub mod loading;
pub mod memory;
pub mod migrating;
mod opening;
mod panics;
mod proxied;
pub mod reload;
mod remembered;
pub mod respond;
pub mod run;
pub mod sample;
pub mod searches;
mod service;
pub mod sites;
mod sources;
mod stock;
pub mod tls;
pub mod upstream;
