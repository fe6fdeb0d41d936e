//! The locks, condition variables and atomics between those who record and the one writer, as a seam.
//!
//! They are the standard library's. Built with `--features model` they are those of a scheduler that tries one order of
//! events after another, and finds a lost wake-up as a deadlock: the model's tests run this very code under it. Only
//! what handles and writer share goes through here; a model knows no time, so that clocks and files do not.

#[cfg(feature = "model")]
pub use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic};
#[cfg(not(feature = "model"))]
pub use std::sync::{Condvar, Mutex, MutexGuard, atomic};
