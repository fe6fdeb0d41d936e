//! A plan at work on one exchange.
//!
//! `outbound` takes the leaves of an answer and says what becomes of them; `query` looks at what a
//! request asks about hidden data, and `budget` counts that; `inbound` looks for veils in what staff writes, as `returned` knows
//! them, and `restore` puts originals back where veils of theirs come home. All are pure: they know no
//! socket and no status.

pub mod budget;
pub mod disguise;
mod elsewhere;
mod folded;
pub mod inbound;
mod leaves;
mod looks;
pub mod method;
pub mod needles;
pub mod notes;
mod nothing;
pub mod outbound;
pub mod own;
mod patches;
pub mod query;
mod queue;
mod records;
pub mod restore;
pub mod returned;
mod seats;
mod shapes;
mod spellings;
pub mod state;
pub mod subject;
mod tellers;
mod verdict;

pub use crate::guard::leaves::is_part_of_a_name;
