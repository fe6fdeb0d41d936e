//! The gate between the sockets and hyper, on the staff's side and on the CRM's.
//!
//! Two readers of one HTTP/1.1 message must agree on where it ends, or a request hides inside another's body and is
//! never judged. hyper is lenient where that matters (several `Transfer-Encoding`, `Content-Length: 010`, both at
//! once, bare LF, no or two `Host`), so bytes reach it only once this gate has read the head strictly, and only as
//! far as the head's framing says. Whatever is not plainly one message is a `GateFault`, never a guess.
//!
//! The readers (`request`, `response`, `chunked`, `follow`) are pure and take bytes at any cut; `staff`, `crm` and
//! `connection` put them between a stream and hyper; `hop` and `forwarded` clean what may not travel onwards. What a
//! fault looks like to staff (status, page, id) belongs to `respond`, and when to ask the CRM to the exchange.

pub mod bounds;
pub mod chunked;
pub mod connection;
pub mod crm;
pub mod fault;
pub mod follow;
pub mod forwarded;
pub mod h2;
pub mod head;
pub mod hop;
pub mod request;
pub mod response;

mod answers;
mod pump;
mod staff;
