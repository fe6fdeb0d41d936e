//! What depends on the day: ends that have passed or are near.

use jiff::{SignedDuration, Timestamp};

use crate::policy::Parts;
use crate::policy::fault::{Fault, Faults};

/// Rules that end within this many days are told beforehand.
const SOON_DAYS: i64 = 30;

/// Warnings about ends, for the time that is given.
pub(super) fn of(parts: &Parts, now: Timestamp) -> Vec<Fault> {
    let mut faults = Faults::new();
    for (rule, condition) in parts.rules.iter().zip(&parts.conditions) {
        let Some((until, spot)) = &condition.until else { continue };
        if *until <= now {
            let fault =
                faults.warning(spot, "ended", format!("the rule `{}` has ended and is no longer there", rule.id));
            fault.help("take it out, or write a later date");
        } else if is_soon(*until, now) {
            faults.warning(spot, "ends-soon", format!("the rule `{}` ends within {SOON_DAYS} days", rule.id));
        }
    }
    for resource in &parts.resources {
        let Some(until) = resource.options.until else { continue };
        if until <= now {
            let message =
                format!("`unreadable: pass` of `{}` has ended: bodies that cannot be read are refused", resource.id);
            faults.warning(&resource.spot, "ended", message);
        } else {
            let message = format!("`{}` passes bodies that nobody can read", resource.id);
            faults.warning(&resource.spot, "passes-unread", message).help("whatever they hold reaches staff in clear");
        }
    }
    faults.into_sorted()
}

fn is_soon(until: Timestamp, now: Timestamp) -> bool {
    until.duration_since(now) <= SignedDuration::from_hours(24 * SOON_DAYS)
}
