//! TLS on both sides, over real sockets: certificates of an authority of the test's own, a client and
//! a CRM of rustls, and openssl where it is there.

mod client;
mod crm;
mod files;
pub mod pki;
mod scanners;
mod staff;
