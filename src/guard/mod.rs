//! A plan at work on one exchange.
//!
//! `outbound` takes the leaves of an answer and says what becomes of them; `query` looks at what a
//! request asks about hidden data, and `budget` counts that; `inbound` looks for veils in what staff writes, as `returned` knows
//! them (in base64 too: `enclosed`), and `restore` puts originals back where veils of theirs come home. `stored` puts tokens into what goes on to a
//! CRM that holds them, `turned` values into what comes. All are pure: they know no
//! socket and no status.

pub mod budget;
pub mod disguise;
mod elsewhere;
mod enclosed;
mod filler;
mod folded;
pub mod inbound;
mod leaves;
mod looks;
pub mod method;
pub mod needles;
pub mod notes;
mod nothing;
pub mod opened;
pub mod outbound;
pub mod own;
mod patches;
mod program;
pub mod query;
mod queue;
mod records;
pub mod restore;
pub mod returned;
pub mod revealed;
mod seats;
mod shapes;
mod spellings;
pub mod state;
pub mod stored;
pub mod subject;
mod tellers;
pub mod turned;
mod verdict;

pub use crate::guard::leaves::is_part_of_a_name;
