//! How staff is called in a report that leaves the house.
//!
//! Whoever asks what became of their data may learn when and what for, and need not learn which employee it was (CJEU
//! C-579/21). So staff gets a number in the order in which the report meets them: the same person has the same number
//! throughout the report, and another one in the next, so that two reports cannot be laid side by side.

use std::collections::HashMap;

/// Who is who in one report.
pub struct Who {
    named: bool,
    numbers: HashMap<String, usize>,
}

/// What stands before a number.
pub const PSEUDONYM: &str = "staff-";

impl Who {
    /// Staff by their ids, or by numbers.
    pub fn new(named: bool) -> Who {
        Who { named, numbers: HashMap::new() }
    }

    /// How somebody is called; nothing where nobody was recognised.
    pub fn called(&mut self, staff: Option<&str>) -> Option<String> {
        let staff = staff?;
        if self.named {
            return Some(staff.to_owned());
        }
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(staff.to_owned()).or_insert(next);
        Some(format!("{PSEUDONYM}{number}"))
    }
}
