//! rules/*.yaml: from what people write to what the hot path runs.

pub mod fault;
pub mod node;
pub mod plan;
pub mod reader;
mod traps;
