//! A plan at work on one exchange.
//!
//! `outbound` takes the leaves of an answer and says what becomes of them; `query` looks at what a
//! request asks about hidden data; `inbound` looks for veils in what staff writes. All three are
//! pure: they know no format, no socket and no status.

pub mod elsewhere;
pub mod inbound;
mod leaves;
pub mod outbound;
pub mod query;
pub mod subject;
mod verdict;
