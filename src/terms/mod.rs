//! The shared words as plain data.
//!
//! Every room of the house speaks in these types and none of them does anything that needs a
//! clock, a file, a socket or chance. What a word means to users stands in the README and the
//! docs; here is only its shape.

pub mod action;
pub mod bounds;
pub mod disclosure;
pub mod edit;
pub mod event;
pub mod filter;
pub mod id_forms;
pub mod kind;
pub mod label;
pub mod leaf;
pub mod methods;
pub mod mint;
pub mod names;
pub mod place;
pub mod quote;
pub mod recipient;
pub mod refusal;
pub mod retention;
pub mod secret;
pub mod shelf;
pub mod staff;
pub mod whose;
pub mod words;
pub mod xml_path;
