//! Records on their way to the ledger's thread, carried together.
//!
//! To wake that thread costs more than to write a record. So whoever brings one lets the other tasks
//! of its thread have their turn, and then carries all that has come. Each carries, so that
//! nobody's record waits for a thread that is busy; where nothing else happens, it goes at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use crate::ledger::{Done, Ledger, Sealed};

/// Where records come together.
pub struct Carrier {
    ledger: Ledger,
    waiting: Mutex<Vec<(Sealed, Done)>>,
}

impl Carrier {
    /// A carrier to this ledger.
    pub fn new(ledger: Ledger) -> Carrier {
        Carrier { ledger, waiting: Mutex::default() }
    }

    /// Sends a record on its way. `done` is told as the ledger's `append` tells it.
    pub async fn append(&self, sealed: Sealed, done: Done) {
        self.waiting().push((sealed, done));
        let _load = Load(self);
        yield_now().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Sealed, Done)>> {
        // A list is whole at every moment, whatever befell another who held it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one carries. It is delivered when this is dropped, so that a record arrives though its client may
/// be gone.
struct Load<'a>(&'a Carrier);

impl Drop for Load<'_> {
    fn drop(&mut self) {
        let all = std::mem::take(&mut *self.0.waiting());
        if !all.is_empty() {
            self.0.ledger.append_all(all);
        }
    }
}
