//! `anonymous:` whoever no other source recognises, with groups of their own.
//!
//! It always finds somebody, so it stands last. Who they are nobody knows: the ledger says
//! `anonymous:anonymous`.

use crate::terms::staff::Staff;

/// Everybody.
pub struct Anonymous {
    /// The groups that everybody has.
    pub groups: Vec<String>,
}

impl Anonymous {
    /// The staff that stands for all.
    pub fn staff(&self) -> Staff {
        Staff::new("anonymous", "anonymous", self.groups.clone())
    }
}
