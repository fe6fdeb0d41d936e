//! `ungranted`, `undeclared`, `unreadable` of all files: two that differ are an error.

use std::fmt;

use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::rule::settings::{Settings, Undeclared};
use crate::terms::action::{Action, Mask};

/// What holds where nothing is said. `unreadable` can only say what holds anyway.
pub fn compile(settings: &[Settings], faults: &mut Faults) -> (Action, Undeclared) {
    let ungranted = one("ungranted", settings.iter().filter_map(|file| file.ungranted.as_ref()), faults);
    let undeclared = one("undeclared", settings.iter().filter_map(|file| file.undeclared.as_ref()), faults);
    one("unreadable", settings.iter().filter_map(|file| file.unreadable.as_ref()), faults);
    (ungranted.unwrap_or(Action::Mask(Mask::Full)), undeclared.unwrap_or(Undeclared::Scan))
}

fn one<'a, T>(key: &str, said: impl Iterator<Item = &'a (T, Spot)>, faults: &mut Faults) -> Option<T>
where
    T: Copy + PartialEq + fmt::Debug + 'a,
{
    let mut first: Option<&(T, Spot)> = None;
    for next in said {
        match first {
            Some((value, spot)) if *value != next.0 => {
                let fault = faults.error(&next.1, "conflict", format!("two files set `{key}` differently"));
                fault.help(format!("{}:{} sets it too; say it in one file", spot.file, spot.line));
            }
            _ => first = first.or(Some(next)),
        }
    }
    first.map(|(value, _)| *value)
}
