//! Tokens that are durable before they leave.
//!
//! A random token that staff holds and the vault does not is worth nothing to anybody. So an answer
//! with tokens waits here until all that were minted before are written. One exchange writes at a
//! time, for all that wait with it.
//!
//! Here tokens that have ended are taken out, too, some at a time, and here the log learns of a clock that jumps.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounterVec;
use tokio::sync::{Mutex, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::terms::refusal::{Reason, Refusal};
use crate::vault::keep::{SWEPT_MAX, Vault};
use crate::vault::time::Leap;

/// How often it is looked for tokens that have ended.
const SWEEP: Duration = Duration::from_secs(60);

/// Waits for the vault in the name of answers.
pub struct Keeping {
    vault: Arc<Vault>,
    turn: Mutex<()>,
    operations: IntCounterVec,
}

impl Keeping {
    /// Waits for this vault; each wait is counted.
    pub fn new(vault: Arc<Vault>, operations: IntCounterVec) -> Keeping {
        Keeping { vault, turn: Mutex::new(()), operations }
    }

    /// Returns when every token minted so far is durable; refuses after so long.
    pub async fn durable(&self, wait: Duration) -> Result<(), Refusal> {
        let minted = self.vault.minted();
        if self.vault.kept() >= minted {
            return Ok(());
        }
        let kept = timeout(wait, self.flushed(minted)).await;
        let kept = kept.unwrap_or_else(|_| Err("the vault did not take the tokens in time".to_owned()));
        self.operations.with_label_values(&["keep", if kept.is_ok() { "ok" } else { "error" }]).inc();
        kept.map_err(|note| Refusal::new(Reason::Keys, note))
    }

    async fn flushed(&self, minted: u64) -> Result<(), String> {
        let _turn = self.turn.lock().await;
        if self.vault.kept() >= minted {
            return Ok(());
        }
        let vault = Arc::clone(&self.vault);
        match spawn_blocking(move || vault.flush()).await {
            Ok(flushed) => flushed.map_err(|error| error.to_string()),
            Err(_) => Err("the vault failed".to_owned()),
        }
    }

    /// Takes out what has ended, until `stop` says so.
    pub async fn sweep(&self, mut stop: watch::Receiver<bool>) {
        let sweeping = async {
            loop {
                self.swept().await;
                sleep(SWEEP).await;
            }
        };
        tokio::select! {
            () = sweeping => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Takes out all that has ended by now; others write between two steps.
    async fn swept(&self) {
        if let Some(leap) = self.vault.leap() {
            let vault = Arc::clone(&self.vault);
            // What cannot be counted is told all the same.
            let ending = spawn_blocking(move || vault.ending().ok()).await.ok().flatten();
            tell(leap, ending);
        }
        let count = |result| self.operations.with_label_values(&["expire", result]);
        loop {
            let vault = Arc::clone(&self.vault);
            match spawn_blocking(move || vault.sweep()).await {
                Ok(Ok(swept)) => {
                    count("ok").inc_by(swept as u64);
                    if swept < SWEPT_MAX {
                        return;
                    }
                }
                Ok(Err(error)) => {
                    count("error").inc();
                    tracing::warn!(%error, "tokens that have ended are not taken out");
                    return;
                }
                Err(_) => return count("error").inc(),
            }
        }
    }
}

/// A clock that is wrong ends tokens, or would not: either has its line.
fn tell(leap: Leap, ending: Option<u64>) {
    let (known, clock) = (spelt(leap.known), spelt(leap.clock));
    if leap.clock > leap.known {
        tracing::warn!(
            known,
            clock,
            ending,
            "the clock is far ahead of the latest time that the vault has seen: tokens that end before it are gone for good, whether or not it is right"
        );
    } else {
        tracing::warn!(
            known,
            clock,
            ending,
            "the clock is behind the latest time that the vault has seen: for tokens time goes on from there, so that none that has ended is back"
        );
    }
}

fn spelt(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
