//! Shows a body of staff's to the guard: what walkers leave out of answers counts in a write.

use std::sync::Arc;

use crate::format::json::JsonWalker;
use crate::format::json::lines::JsonLines;
use crate::format::multipart::{Files, MultipartWalker};
use crate::format::{self, Format};
use crate::guard::inbound::Inbound;
use crate::policy::plan::{Plan, Unreadable};
use crate::serve::exchange::asked::unreadable;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::Walker;
use crate::terms::refusal::{Reason, Refusal};

/// Bodies are shown to their walkers in steps, so that these need not hold a second copy.
const STEP_BYTES: usize = 64 << 10;

/// What begins many a text in UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Shows all of a body.
pub(super) fn show(
    plan: &Plan,
    bounds: &Bounds,
    (format, text): (Format, &[u8]),
    inbound: &mut Inbound<'_>,
) -> Result<(), Refusal> {
    let json = || JsonWalker::new(Arc::clone(&plan.places), bounds).showing_nulls();
    let mut walker: Box<dyn Walker> = match (format, plan.unreadable) {
        // A veiled number is `null`, and would be written over the number.
        (Format::Json, _) => Box::new(json().showing_empties()),
        (Format::Lines, _) => Box::new(JsonLines::new(json())),
        (Format::Events, _) => {
            return Err(Refusal::new(Reason::RequestUnreadable, "events are read in answers alone"));
        }
        (Format::Multipart, Unreadable::Pass) => {
            Box::new(MultipartWalker::new(Arc::clone(&plan.places), bounds, Files::Pass))
        }
        _ => format::walker(format, &plan.places, bounds).map_err(unreadable)?,
    };
    let start = text.strip_prefix(MARK).unwrap_or(text).trim_ascii_start();
    if format == Format::Json && start.starts_with(b"[") {
        inbound.is_a_list();
    }
    for chunk in text.chunks(STEP_BYTES) {
        walker.write(chunk, inbound).map_err(unreadable)?;
    }
    walker.end(inbound).map_err(unreadable)
}
