//! The only place with hyper, and the only one that spawns.
//!
//! `listen` takes staff's connections behind the `gate`; `exchange` is the life of one request;
//! `disclose` records before it releases; `keeping` waits for the vault; `upstream` asks the CRM; `respond` makes answers of
//! refusals; `admin` is for machines that watch; `run` puts it all together and takes it apart.
//! `sample` is the legacy CRM of the demo.

pub mod admin;
pub mod disclose;
pub mod exchange;
pub mod gate;
pub mod house;
pub mod keeping;
mod line;
pub mod listen;
mod panics;
pub mod reload;
pub mod respond;
pub mod run;
pub mod sample;
pub mod upstream;
