//! Tokens that are durable before they leave.
//!
//! A random token that staff holds and the vault does not is worth nothing to anybody. So an answer
//! with tokens waits here until all that were minted before are written. One exchange writes at a
//! time, for all that wait with it.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounterVec;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::terms::refusal::{Reason, Refusal};
use crate::vault::keep::Vault;

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
}
