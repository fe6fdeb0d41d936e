//! What staff was given of records that no GET of a write's own path gives, kept for a working day in the state
//! folder, so that veils in such writes find their way home after a restart too.
//!
//! Nobody is kept from anything by it: where it cannot be written an answer leaves all the same, and a veil that
//! comes back is refused. The file is opened when it is first needed.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::IntCounterVec;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::guard::restore::{Field, KEPT, Kept};
use crate::vault::issued::IssuedStore;
use crate::vault::ring::Rings;

/// Whom something was given to: the CRM that it came from, and the staff.
pub type Person = [String; 2];

/// What is remembered.
#[derive(Clone)]
pub struct Remembered(Arc<Inner>);

struct Inner {
    path: PathBuf,
    ring: Rings,
    store: OnceLock<Option<IssuedStore>>,
    operations: IntCounterVec,
}

impl Remembered {
    /// What this file keeps; each answer that is kept is counted.
    pub fn new(path: PathBuf, ring: Rings, operations: IntCounterVec) -> Remembered {
        Remembered(Arc::new(Inner { path, ring, store: OnceLock::new(), operations }))
    }

    /// Keeps what an answer showed; returns when that is durable, or after so long.
    pub async fn keep(&self, person: Person, seen: Vec<(Field, Kept)>, now: i64, wait: Duration) {
        let inner = Arc::clone(&self.0);
        let kept = timeout(wait, spawn_blocking(move || inner.keep(&person, &seen, now))).await;
        let is_kept = matches!(kept, Ok(Ok(true)));
        self.0.operations.with_label_values(&["remember", if is_kept { "ok" } else { "error" }]).inc();
        if !is_kept {
            tracing::warn!("what an answer showed could not be kept: its veils will be refused in writes");
        }
    }

    /// What was kept of a field. This may read from the disk.
    pub fn recall(&self, person: &Person, field: &Field, now: i64) -> Option<Kept> {
        let plain = self.0.store()?.find(&staff(person), &parts(field))?;
        Kept::unpacked(&plain, now)
    }
}

impl Inner {
    fn store(&self) -> Option<&IssuedStore> {
        let open = || {
            let opened = IssuedStore::open(&self.path, self.ring.clone());
            opened.inspect_err(|error| tracing::error!(%error, "nothing can be remembered for writes")).ok()
        };
        self.store.get_or_init(open).as_ref()
    }

    fn keep(&self, person: &Person, seen: &[(Field, Kept)], now: i64) -> bool {
        let Some(store) = self.store() else { return false };
        let until = now.saturating_add(KEPT);
        let rows: Vec<_> =
            seen.iter().map(|(field, kept)| (parts(field).to_vec(), kept.packed(until), kept.over)).collect();
        let flushed = || store.flush(now).inspect_err(|error| tracing::warn!(%error, "nothing was remembered")).is_ok();
        store.note(&staff(person), &rows, until) && flushed()
    }
}

fn staff(person: &Person) -> [&[u8]; 2] {
    person.each_ref().map(|part| part.as_bytes())
}

fn parts(field: &Field) -> [&[u8]; 5] {
    [&field.source, &field.around, &field.kind, &field.id, &field.name].map(|part| part.as_bytes())
}
