//! Which resource a request is about.
//!
//! `normal` makes one path of the many spellings, `pattern` is what a rule writes, `router` finds
//! all patterns that a path fits. Who asks and what they may see is not known here.

pub mod normal;
pub mod pattern;
pub mod router;
