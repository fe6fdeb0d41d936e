//! Text that must never be printed.

use std::fmt;

/// A raw personal value or a credential: no `Display`, no `Serialize`, and a `Debug` that tells
/// the length alone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}
