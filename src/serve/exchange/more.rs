//! What becomes of an answer that leaves whole beside that it leaves: the forms of a page get their seals, and what
//! an answer shows of records is remembered.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::body::rewriter::{Released, Rewriter};
use crate::format::Format;
use crate::guard::outbound::Outbound;
use crate::guard::restore::Seen;
use crate::serve::exchange::answer::in_time;
use crate::serve::exchange::remembering::Remembering;
use crate::serve::exchange::sealing::{By, Sealing};
use crate::serve::house::{House, Share};
use crate::serve::remembered::{Remembered, Write};
use crate::terms::refusal::Refusal;

/// What a page takes while its forms are sealed: as it came, as it leaves, and both as forms. An answer that is
/// remembered is read as a tree, which takes more.
const COPIES: usize = 4;
const COPIES_AS_TREES: usize = 16;

/// What is done with an answer.
pub(super) struct More {
    pub house: Arc<House>,
    /// Seals the forms of a page.
    pub sealing: Option<Box<Sealing>>,
    /// Keeps what it shows of records.
    pub remembering: Option<(Box<Remembering>, Remembered)>,
    /// The write that it answers.
    pub own: Option<Arc<Write>>,
}

impl More {
    /// The end of an answer of which nothing has left yet.
    pub(super) async fn end(
        self,
        rewriter: &mut Rewriter,
        guard: &mut Outbound,
        (share, format): (&mut Share, Format),
        patience: Duration,
    ) -> Result<Released, Refusal> {
        let More { house, sealing, remembering, own } = self;
        let copies = if remembering.is_some() { COPIES_AS_TREES } else { COPIES };
        share.set(rewriter.held().saturating_mul(copies) + guard.weight())?;
        let by = By { policy: &house.policy, mint: &house.mint, bounds: &house.bounds };
        let begun = Instant::now();
        let (released, seen) = {
            let seen: RefCell<Seen> = RefCell::default();
            let released = rewriter.end_with(guard, &|page| {
                let read = remembering.as_ref().map(|(remembering, _)| remembering.seen(format, page, by.bounds));
                seen.replace(read.unwrap_or_default());
                sealing.as_ref().map(|sealing| sealing.seals(by, page)).unwrap_or_default()
            })?;
            (released, seen.into_inner())
        };
        in_time(begun.elapsed(), patience)?;
        if let Some((remembering, memory)) = remembering {
            remembering.keep(&memory, seen, own.as_deref(), house.bounds.ledger_wait).await;
        }
        Ok(released)
    }

    /// An answer of which nobody sees the whole.
    pub(super) async fn unseen(self) {
        if let Some((remembering, memory)) = self.remembering {
            let seen = remembering.unseen();
            remembering.keep(&memory, seen, self.own.as_deref(), self.house.bounds.ledger_wait).await;
        }
    }
}
