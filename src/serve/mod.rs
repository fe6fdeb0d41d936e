//! The only place with hyper, and the only one that spawns.
//!
//! `listen` takes staff's connections behind the `gate`; `exchange` is the life of one request;
//! `disclose` records before it releases; `upstream` asks the CRM; `respond` makes answers of
//! refusals; `admin` is for machines that watch;
//! `sources` keeps young what identity has read from elsewhere, with `jwks` for providers' keys; `run` puts it all together and takes it apart.
//! `sample` is the legacy CRM of the demo.

pub mod admin;
pub mod disclose;
pub mod exchange;
pub mod gate;
pub mod house;
mod jwks;
mod line;
pub mod listen;
mod panics;
pub mod reload;
pub mod respond;
pub mod run;
pub mod sample;
mod sources;
pub mod upstream;
