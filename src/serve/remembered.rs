//! What staff was given of records that no GET of a write's own path gives, kept for a working day in the state
//! folder, so that veils in such writes find their way home after a restart too.
//!
//! Nobody is kept from anything by it: where it cannot be written an answer leaves all the same, and a veil that
//! comes back is refused, an older one too. What may have changed since is out of force before anybody can know it.
//! The file is opened when it is first needed.

mod turns;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounterVec;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use self::turns::Write;
use self::turns::{Read, Scope, Turns};
use crate::guard::restore::{Field, Forgotten, KEPT, Kept, Recollection, Seen, spelt_alike};
use crate::vault::issued::{IssuedStore, Note, Reading, Shown, Void};
use crate::vault::ring::Ring;

/// Whom something was given to: the CRM that it came from, and the staff.
pub type Person = [String; 2];

/// What is remembered.
#[derive(Clone)]
pub struct Remembered(Arc<Inner>);

struct Inner {
    /// Nothing where the system gives no keys.
    store: Option<IssuedStore>,
    turns: Turns,
    operations: IntCounterVec,
}

/// An answer that is on its way and will be kept.
pub struct Asking(Read);

/// What is remembered at one moment.
pub struct Recollections<'a> {
    reading: Option<Reading<'a>>,
    person: Option<Person>,
    now: i64,
}

impl Remembered {
    /// What this file keeps; each answer that is kept is counted.
    pub fn new(path: PathBuf, ring: Arc<Ring>, operations: IntCounterVec) -> Remembered {
        let store = IssuedStore::new(&path, ring);
        let store = store.inspect_err(|error| tracing::error!(%error, "nothing can be remembered for writes")).ok();
        Remembered(Arc::new(Inner { store, turns: Turns::default(), operations }))
    }

    /// Somebody asks now for what will be kept.
    pub fn asking(&self) -> Asking {
        Asking(self.0.turns.read(self.0.now()))
    }

    /// Keeps what an answer showed; returns when that is durable, or after so long. `own` is the write that it
    /// answers.
    pub async fn keep(
        &self,
        person: Person,
        asking: Asking,
        seen: Seen,
        (own, now, wait): (Option<&Write>, i64, Duration),
    ) {
        let asked = asking.0.asked;
        let mut doubts: HashMap<Scope, bool> = HashMap::new();
        let mut is_doubtful = |field: &Field| {
            let record = record_of(&person, field);
            *doubts.entry(record).or_insert_with_key(|record| self.0.turns.may_be_changed(record, asked, own))
        };
        let shown = seen.fields.into_iter().map(|(field, kept)| (is_doubtful(&field), field, kept)).collect();
        self.noted(person, What { asked, forgotten: seen.forgotten, shown }, (now, wait)).await;
        drop(asking);
    }

    /// Forgets what a write may change, and returns when that is durable, or after so long. Until the write has
    /// ended, nothing that is asked for of it can be trusted.
    pub async fn write(&self, person: Person, forgotten: Vec<Forgotten>, (now, wait): (i64, Duration)) -> Write {
        let mut scopes: Vec<Scope> = forgotten.iter().map(|one| scope_of(&person, one)).collect();
        scopes.sort_by(|one, other| (&one.kind, &one.id).cmp(&(&other.kind, &other.id)));
        scopes.dedup();
        let write = self.0.turns.write(scopes);
        if forgotten.iter().any(|one| !matches!(one, Forgotten::Touched { .. })) {
            self.noted(person, What { asked: self.0.now(), forgotten, shown: Vec::new() }, (now, wait)).await;
        }
        write
    }

    /// A write has come to its end.
    pub fn written(&self, write: Option<Write>) {
        if let Some(write) = write {
            write.end(self.0.store.as_ref().map_or(0, IssuedStore::next));
        }
    }

    /// What is remembered of one person's. This reads from the disk.
    pub fn of(&self, person: Option<Person>, now: i64) -> Recollections<'_> {
        let reading = self.0.store.as_ref().filter(|_| person.is_some()).and_then(IssuedStore::reading);
        Recollections { reading, person, now }
    }

    async fn noted(&self, person: Person, what: What, (now, wait): (i64, Duration)) {
        let inner = Arc::clone(&self.0);
        let whom = person.clone();
        let kept = timeout(wait, spawn_blocking(move || inner.keep(&whom, &what, now))).await;
        let is_kept = matches!(kept, Ok(Ok(true)));
        self.0.operations.with_label_values(&["remember", if is_kept { "ok" } else { "error" }]).inc();
        if is_kept {
            return;
        }
        // What is older must not go home in the place of what was shown now.
        if let Some(store) = &self.0.store {
            store.is_late(&staff(&person), now.saturating_add(KEPT));
        }
        tracing::warn!("what an answer showed could not be kept: its veils will be refused in writes");
    }
}

/// What is noted at once.
struct What {
    asked: u64,
    forgotten: Vec<Forgotten>,
    /// Whether it is in doubt, of which field, and what.
    shown: Vec<(bool, Field, Kept)>,
}

impl Inner {
    fn now(&self) -> u64 {
        self.store.as_ref().map_or(0, IssuedStore::now)
    }

    fn keep(&self, person: &Person, what: &What, now: i64) -> bool {
        let Some(store) = &self.store else { return false };
        let names: Vec<String> = what.shown.iter().map(|(_, field, _)| spelt_alike(&field.name)).collect();
        let shown = what.shown.iter().zip(&names).map(|((is_doubtful, field, kept), name)| {
            let parts = parts(field, name).to_vec();
            Shown { parts, plain: kept.packed(&field.name), is_doubtful: *is_doubtful }
        });
        let own: Vec<Vec<String>> = what.forgotten.iter().map(alike_in).collect();
        let voids: Vec<Void<'_>> =
            what.forgotten.iter().zip(&own).filter_map(|(one, names)| void(one, names)).collect();
        let note = Note {
            asked: what.asked,
            until: now.saturating_add(KEPT),
            is_beyond_voids: what
                .forgotten
                .iter()
                .any(|one| matches!(one, Forgotten::Kind(_) | Forgotten::Record { .. })),
            voids,
            shown: shown.collect(),
        };
        let flushed = || store.flush(now).inspect_err(|error| tracing::warn!(%error, "nothing was remembered")).is_ok();
        store.note(&staff(person), &note) && flushed()
    }
}

impl Recollections<'_> {
    /// What was kept of a field.
    pub fn recall(&mut self, field: &Field) -> Option<Recollection> {
        let (reading, person) = (self.reading.as_mut()?, self.person.as_ref()?);
        let name = spelt_alike(&field.name);
        let [kind, id] = [&field.kind, &field.id].map(|part| part.as_bytes());
        let around = field.around.as_bytes();
        let scopes: [&[&[u8]]; 3] = [&[kind], &[kind, id], &[kind, id, around, name.as_bytes()]];
        let found = reading.find(&staff(person), &scopes, &parts(field, &name))?;
        // Nor what was kept by a clock that was far ahead.
        let is_good = self.now <= found.until && found.until <= self.now.saturating_add(2 * KEPT);
        let mut kept = Kept::unpacked(&found.plain, &field.name).filter(|_| is_good)?;
        kept.original = kept.original.filter(|_| !found.is_doubtful);
        Some(Recollection { kept, since: found.since, number: found.number, is_in_force: found.is_in_force })
    }
}

fn staff(person: &Person) -> [&[u8]; 2] {
    person.each_ref().map(|part| part.as_bytes())
}

/// The parts of a field's name, with its own in the one spelling.
fn parts<'a>(field: &'a Field, name: &'a str) -> [&'a [u8]; 5] {
    [&field.source, &field.around, &field.kind, &field.id, name].map(|part| part.as_bytes())
}

fn record_of(person: &Person, field: &Field) -> Scope {
    Scope { person: Some(person.clone()), kind: Some(field.kind.clone()), id: Some(field.id.clone()) }
}

fn scope_of(person: &Person, forgotten: &Forgotten) -> Scope {
    let (kind, id) = match forgotten {
        Forgotten::Kind(kind) => (kind, None),
        Forgotten::Record { kind, id } | Forgotten::Touched { kind, id } => (kind, Some(id.clone())),
        Forgotten::Field { field, .. } => (&field.kind, Some(field.id.clone())),
    };
    Scope { person: Some(person.clone()), kind: Some(kind.clone()), id }
}

/// The name of a field that is forgotten, in the one spelling.
fn alike_in(forgotten: &Forgotten) -> Vec<String> {
    match forgotten {
        Forgotten::Field { field, .. } => vec![spelt_alike(&field.name)],
        Forgotten::Record { .. } | Forgotten::Touched { .. } | Forgotten::Kind(_) => Vec::new(),
    }
}

fn void<'a>(forgotten: &'a Forgotten, names: &'a [String]) -> Option<Void<'a>> {
    Some(match forgotten {
        Forgotten::Touched { .. } => return None,
        Forgotten::Kind(kind) => Void { parts: vec![kind.as_bytes()], over: Vec::new() },
        Forgotten::Record { kind, id } => Void { parts: vec![kind.as_bytes(), id.as_bytes()], over: Vec::new() },
        Forgotten::Field { field, sources } => {
            let name = names.first().map_or("", String::as_str);
            let own = [&field.kind, &field.id, &field.around, name].map(|part| part.as_bytes()).to_vec();
            let of = |source: &'a String| {
                let own = [source, &field.around, &field.kind, &field.id, name];
                own.map(|part| part.as_bytes()).to_vec()
            };
            Void { parts: own, over: sources.iter().map(of).collect() }
        }
    })
}
