//! The key ring while the gateway runs: a file that changed is taken in force without a restart, and encryptions
//! are counted in it.
//!
//! A ring is taken only where it opens all that the one in force opens, but for what was destroyed on purpose. Any
//! other, and one that cannot be read, is told of, and what is in force stays. Requests that are under way end with
//! the keys they began with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::serve::files::{Stamps, stamps};
use crate::serve::house::{Gateway, House};
use crate::terms::mint::Mint;
use crate::vault::keep::Vault;
use crate::vault::mint::KeyMint;
use crate::vault::ring::count::Counts;
use crate::vault::ring::{Place, Ring, RingError, Rings};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// When a file that could not be opened is tried again, although it is the same: what was wrong may have been the disk,
/// or a key that came later.
const AGAIN: Duration = Duration::from_secs(60);

/// Keeps the ring that is in force.
pub struct Keeper {
    place: Place,
    rings: Rings,
    vault: Arc<Vault>,
    counts: Counts,
    seen: Stamps,
    /// When the file that lies there could not be opened.
    failed: Option<Instant>,
    /// Whether another ring lies there than the one in force: what is encrypted is not counted in it.
    is_foreign: bool,
}

impl Keeper {
    /// Keeps this ring, which lies there. What it will encrypt is counted before it does. This waits for the disk.
    pub fn new(place: Place, rings: Rings, vault: Arc<Vault>) -> Keeper {
        let seen = stamps([place.ring.clone()]);
        let mut keeper =
            Keeper { place, rings, vault, counts: Counts::default(), seen, failed: None, is_foreign: false };
        keeper.wrap();
        keeper.count();
        keeper
    }

    /// Looks at the file until `stop` says so, which nothing may be encrypted behind.
    pub async fn run(mut self, gateway: Arc<Gateway>, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            let beside = Arc::clone(&gateway);
            let looked = spawn_blocking(move || {
                self.look(&beside);
                self
            });
            // Nothing there panics; if it does, what is in force stays.
            let Ok(keeper) = looked.await else {
                tracing::error!("the key ring is not watched any more");
                return;
            };
            self = keeper;
        }
        if self.is_foreign {
            return;
        }
        let stopped = spawn_blocking(move || self.counts.give_back(&self.place, &self.rings.now()));
        if let Ok(Err(error)) = stopped.await {
            tracing::warn!(%error, "encryptions that were counted ahead are not given back");
        }
    }

    /// Takes what changed, and counts. This waits for the disk.
    fn look(&mut self, gateway: &Gateway) {
        match self.changed() {
            Some(Ok(ring)) => self.take(gateway, ring),
            Some(Err(error)) => {
                self.is_foreign = true;
                refuse(gateway, &error.to_string());
            }
            None => {}
        }
        if !self.is_foreign {
            self.count();
        }
    }

    /// The ring of a file that is another than before, or that could not be opened then.
    fn changed(&mut self) -> Option<Result<Ring, RingError>> {
        let path: PathBuf = self.place.ring.clone();
        let now = stamps([path]);
        if now == self.seen && self.failed.is_none_or(|failed| failed.elapsed() < AGAIN) {
            return None;
        }
        self.seen = now;
        let opened = self.place.open();
        self.failed = opened.is_err().then(Instant::now);
        Some(opened)
    }

    /// Wraps the keys of a ring of the first format, which lie in clear.
    fn wrap(&self) {
        match self.place.wrap_what_lies_in_clear() {
            Ok(true) => {
                tracing::info!(by = %self.place.kek, "the key ring is wrapped now; whoever keeps a copy of it keeps that key too");
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the keys lie in clear: the key ring cannot be wrapped"),
        }
    }

    fn take(&mut self, gateway: &Gateway, ring: Ring) {
        let old = self.rings.now();
        let follows = ring.follows(&old);
        if follows && std::mem::take(&mut self.is_foreign) {
            // Nobody knows what the file that is back says of what was encrypted.
            self.counts.begin_anew();
        }
        if ring.is(&old) {
            return;
        }
        if !follows {
            self.is_foreign = true;
            refuse(gateway, "it does not open what the ring in force opens; it is another ring, or an older one");
            return;
        }
        let ring = Arc::new(ring.counting_on(&old));
        // By the versions of now the vault is known when those of before are destroyed.
        if let Err(error) = self.vault.mark(&ring) {
            tracing::warn!(%error, "the vault does not note the changed key ring; restart before an old version is retired");
        }
        let mint: Arc<dyn Mint> = Arc::new(KeyMint::keeping(Arc::clone(&ring), Arc::clone(&self.vault)));
        self.rings.put(Arc::clone(&ring));
        gateway.house.rcu(|house| House { mint: Arc::clone(&mint), ..House::clone(house) });
        gateway.metrics.vault.with_label_values(&["ring", "ok"]).inc();
        tracing::info!(version = ring.current().version, "the key ring was changed, and is in force");
    }

    fn count(&mut self) {
        match self.counts.keep(&self.place, &self.rings.now(), Instant::now()) {
            Ok(worn) => {
                for (version, count) in worn {
                    tracing::warn!(version, count, "these keys have encrypted much; run `sudare keys rotate`");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "encryptions cannot be counted in the key ring; they go on uncounted");
            }
        }
    }
}

fn refuse(gateway: &Gateway, why: &str) {
    gateway.metrics.vault.with_label_values(&["ring", "refused"]).inc();
    tracing::error!(why, "the changed key ring is refused; the old one stays in force");
}
