//! `ungranted`, `undeclared`, `unreadable`: what holds where nothing is said.

use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::reader::{self, MapReader};
use crate::terms::action::{Action, Mask};

/// What becomes of a path that no resource matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeclared {
    /// Labels and detectors look at it.
    Scan,
    /// It is refused.
    Block,
}

/// What one file says of the rest; where it says nothing, another may.
#[derive(Debug, Default)]
pub struct Settings {
    /// A kind that no rule of a role names.
    pub ungranted: Option<(Action, Spot)>,
    /// A path that no resource matches.
    pub undeclared: Option<(Undeclared, Spot)>,
    /// A body that cannot be read; only `block` can stand for all.
    pub unreadable: Option<((), Spot)>,
}

impl Settings {
    /// Takes the three keys from the top of a file.
    pub fn read(map: &mut MapReader<'_>, faults: &mut Faults) -> Settings {
        let mut settings = Settings::default();
        if let Some(node) = map.take("ungranted") {
            let words = [("mask", Action::Mask(Mask::Full)), ("remove", Action::Remove), ("block", Action::Block)];
            settings.ungranted =
                reader::word(node, "`ungranted`", &words, faults).map(|word| (word, node.spot.clone()));
        }
        if let Some(node) = map.take("undeclared") {
            if node.scalar() == Some("pass") {
                let fault = faults.error(&node.spot, "pass", "`undeclared` cannot be `pass` for all");
                fault.help("write `scan` or `block`");
            } else {
                let words = [("scan", Undeclared::Scan), ("block", Undeclared::Block)];
                settings.undeclared =
                    reader::word(node, "`undeclared`", &words, faults).map(|word| (word, node.spot.clone()));
            }
        }
        if let Some(node) = map.take("unreadable") {
            if node.scalar() == Some("pass") {
                let fault = faults.error(&node.spot, "pass", "`unreadable` cannot be `pass` for all");
                fault.help("write `unreadable: pass` with `until:` at the one resource that needs it");
            } else {
                let read = reader::word(node, "`unreadable`", &[("block", ())], faults);
                settings.unreadable = read.map(|word| (word, node.spot.clone()));
            }
        }
        settings
    }
}
