//! Walkers and quoting: cases at every cut, public suites, and other people's parsers as oracles.

pub mod cases;
mod csv;
mod cuts;
mod json;
mod quoting;
pub mod recorder;
mod spellings;
mod xml;
