//! A bound on slow work that a credential causes before anybody knows whose it is.
//!
//! Whoever can reach the gateway can make it check passwords or ask the CRM. So only a few such
//! checks run at once, a few more wait, and the next is refused at once as overload.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::terms::refusal::{Reason, Refusal};

/// How many may run and how many may wait.
pub struct Turns {
    seats: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// A turn; the next begins when it is dropped.
pub struct Turn {
    _seat: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

impl Turns {
    /// So many at once, and so many more that wait.
    pub fn new(running: usize, waiting: usize) -> Turns {
        Turns { seats: Arc::new(Semaphore::new(running + waiting)), running: Arc::new(Semaphore::new(running)) }
    }

    /// Waits for a turn; refuses when too many wait already.
    pub async fn turn(&self) -> Result<Turn, Refusal> {
        let full = || Refusal::new(Reason::Overload, "too many credentials wait to be checked");
        let seat = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| full())?;
        // Neither semaphore is ever closed.
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| full())?;
        Ok(Turn { _seat: seat, _running: running })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_may_run_and_wait_is_refused_at_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let turns = Arc::new(Turns::new(1, 1));
            let first = turns.turn().await.expect("a turn");
            let second = tokio::spawn({
                let turns = Arc::clone(&turns);
                async move { turns.turn().await.map(|_| ()) }
            });
            tokio::task::yield_now().await;
            assert_eq!(turns.turn().await.err().map(|refusal| refusal.reason), Some(Reason::Overload));
            drop(first);
            assert!(second.await.expect("no panic").is_ok());
            assert!(turns.turn().await.is_ok(), "seats come back");
        });
    }
}
