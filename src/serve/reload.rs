//! New rules and certificates without a restart: a change that is good is swapped in whole, a bad one
//! is told and what is in force stays.
//!
//! Changes are told of by a watch and looked for all the same. What is told of or seen is read when
//! the files have been still for a moment and nobody has one of them open for writing. A change of the
//! rules is recorded, with what it changes of grants, before it is in force.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::config::{packs, rules};
use crate::ledger::entry::{self, Entry};
use crate::policy::difference::{Change, difference};
use crate::serve::certificates::Certificates;
use crate::serve::files::{Pens, Stamps, Watch, stamps};
use crate::serve::house::{Gateway, House};
use crate::serve::loading::{self, LoadError, Refused, Rules};
use crate::serve::service;
use crate::terms::event::Event;

/// How long files must be still before they are read: editors empty a file before they fill it.
const STILL: Duration = Duration::from_millis(250);

/// How long a reload waits at most for files to be still.
const PATIENCE: Duration = Duration::from_millis(750);

/// How often the files are looked at in case nobody told of a change.
const LOOK: Duration = Duration::from_secs(1);

/// Within this time of a change it is read, whether or not anybody told of it.
const PROMISED: Duration = Duration::from_secs(2);
const _: () = assert!(LOOK.as_millis() + PATIENCE.as_millis() < PROMISED.as_millis());

/// How many differences a record tells, and how many bytes of them; their number tells of the rest.
const CHANGES_MAX: usize = 1000;
const CHANGES_BYTES: usize = 1 << 20;

/// What the service manager is told of a reload.
const GOOD: &str = "the rules and certificates on disk are in force";
const BAD: &str = "what changed is wrong, and the old rules or certificates stay in force; the log says more";

/// Asks for a reload; many asks become one.
#[derive(Clone)]
pub struct Bell {
    sender: mpsc::Sender<()>,
    called: Arc<AtomicBool>,
}

impl Bell {
    /// Asks for a reload.
    pub fn ring(&self) {
        // A full channel means that a reload is due already.
        let _ = self.sender.try_send(());
    }

    /// Asks for a reload in the name of whoever runs the gateway, who waits to hear that it is over.
    pub fn call(&self) {
        service::reloading();
        self.called.store(true, Ordering::Release);
        self.ring();
    }
}

/// Who hears a bell.
pub struct Ear {
    told: mpsc::Receiver<()>,
    called: Arc<AtomicBool>,
}

/// A bell, and who hears it.
pub fn channel() -> (Bell, Ear) {
    let (sender, told) = mpsc::channel(1);
    let called = Arc::new(AtomicBool::new(false));
    (Bell { sender, called: Arc::clone(&called) }, Ear { told, called })
}

/// What is read again.
#[derive(Clone)]
struct Watched {
    rules: Vec<PathBuf>,
    certificates: Certificates,
}

impl Watched {
    /// Every file as it looks now. A folder that is not there stands for itself.
    fn stamps(&self) -> Stamps {
        let rules = rules::files(&self.rules).unwrap_or_else(|error| vec![error.path]);
        stamps(rules.into_iter().chain(self.certificates.files()))
    }
}

/// Reloads when the bell rings.
pub struct Reloader {
    gateway: Arc<Gateway>,
    watched: Watched,
    watch: Watch,
    pens: Pens,
    ear: Ear,
    /// The files as they were when they were last read; none where they are to be read in any case.
    seen: Option<Stamps>,
    /// The version whose record could not be written, so that it is told of once.
    unrecorded: Option<Arc<str>>,
    /// Whether it waits for somebody who writes.
    waits: bool,
}

impl Reloader {
    /// A reloader of the rules in these files and folders, and of these certificates. It watches
    /// from now on.
    pub fn new(
        gateway: Arc<Gateway>,
        rules: Vec<PathBuf>,
        certificates: Certificates,
        (bell, ear): (Bell, Ear),
    ) -> Reloader {
        let pens = Pens::default();
        let mut paths = [rules.clone(), certificates.files()].concat();
        // What stands in the program does not change while it runs.
        paths.retain(|path| !packs::is_pack(path));
        let watch = Watch::new(paths, pens.clone(), move || bell.ring());
        let watched = Watched { rules, certificates };
        Reloader { gateway, watched, watch, pens, ear, seen: None, unrecorded: None, waits: false }
    }

    /// Reloads until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                told = self.ear.told.recv() => if told.is_none() { return },
                () = sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            // What is told of may be any file of these folders: a log, which a reload would write to again.
            let called = self.ear.called.load(Ordering::Acquire);
            if !called && self.seen.is_some() && self.look().await == self.seen {
                continue;
            }
            // Whether it became still or the patience ended, the files are read now.
            let _ = timeout(PATIENCE, self.still()).await;
            self.watch.renew();
            let called = self.ear.called.swap(false, Ordering::AcqRel);
            if !called && self.waits_for_a_pen().await {
                continue;
            }
            let good = self.reload(called).await;
            if called {
                service::reloaded(if good { GOOD } else { BAD });
            }
        }
    }

    async fn still(&mut self) {
        let mut before = self.look().await;
        loop {
            sleep(STILL).await;
            let now = self.look().await;
            if self.ear.told.try_recv().is_err() && now == before {
                return;
            }
            before = now;
        }
    }

    /// The files as they are; none where nobody could look.
    async fn look(&self) -> Option<Stamps> {
        let watched = self.watched.clone();
        spawn_blocking(move || watched.stamps()).await.ok()
    }

    /// Whether somebody is writing one of the files; then they are read when it is closed.
    async fn waits_for_a_pen(&mut self) -> bool {
        let files = self.look().await.unwrap_or_default();
        let waits = self.pens.write(&files.into_iter().map(|(path, _)| path).collect::<Vec<_>>());
        if waits && !self.waits {
            tracing::info!("a rule file or certificate is being written; it is read when it is closed");
        }
        self.waits = waits;
        waits
    }

    /// Reads everything again; tells whether all of it holds. Who calls for it knows that the files are
    /// whole.
    async fn reload(&mut self, called: bool) -> bool {
        // What changes from now on is read once more.
        self.seen = self.look().await;
        let watched = self.watched.clone();
        let old = Arc::clone(&self.gateway.house.load().policy);
        // Compiling takes a while that no answer should wait for; if it panics, the old rules stay.
        let loaded = spawn_blocking(move || {
            let renewed = watched.certificates.reload();
            (renewed, loading::load(&watched.rules, old.declared_purposes(), Timestamp::now()))
        });
        let Ok((renewed, rules)) = loaded.await else {
            self.keep("they could not be read, by a fault of the gateway's own".to_owned());
            return false;
        };
        // Somebody may have begun to write while they were read.
        if !called && self.waits_for_a_pen().await {
            self.seen = None;
            return false;
        }
        match rules {
            Ok(rules) => self.take(rules).await && renewed,
            Err(LoadError::Unsteady) => {
                self.seen = None;
                false
            }
            Err(error) => {
                self.keep(error.why());
                false
            }
        }
    }

    /// Puts rules in force once the ledger holds what they change.
    async fn take(&mut self, rules: Rules) -> bool {
        let old = self.gateway.house.load_full();
        let version = rules.policy.version().clone();
        if *old.policy.version() == version {
            if self.gateway.refused.swap(None).is_some() {
                tracing::info!(policy = %version, "the rules on disk are those in force again");
            }
            // Their files may have other names now.
            if old.rules.files != rules.files {
                self.swap(Rules { policy: Arc::clone(&old.policy), loaded: old.rules.loaded, ..rules });
            }
            return true;
        }
        let changes = difference(&old.rules.grants, &rules.grants);
        let count = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        let entry = Entry { count: Some(count), changes: bounded(changes), ..entry("reloaded", &version) };
        if !self.recorded(entry).await {
            self.seen = None;
            if self.unrecorded.as_ref() != Some(&version) {
                self.unrecorded = Some(version);
                self.refuse("the change cannot be recorded in the ledger now".to_owned());
            }
            return false;
        }
        self.unrecorded = None;
        let warnings = rules.warnings.len();
        self.swap(rules);
        self.gateway.refused.store(None);
        let metrics = &self.gateway.metrics;
        metrics.reloads.with_label_values(&["ok"]).inc();
        metrics.policy.reset();
        metrics.policy.with_label_values(&[&version]).set(1);
        tracing::info!(policy = %version, changes = count, warnings, "the rules were reloaded");
        true
    }

    fn swap(&self, rules: Rules) {
        let rules = Arc::new(rules);
        // Keys may be swapped at the same time.
        self.gateway.house.rcu(|old| House {
            policy: Arc::clone(&rules.policy),
            rules: Arc::clone(&rules),
            ..House::clone(old)
        });
    }

    /// Leaves what is in force, and tells everybody.
    fn keep(&self, why: String) {
        let version = self.gateway.house.load().policy.version().clone();
        let entry = Entry { reason: Some(why.clone().into()), ..entry("refused", &version) };
        // Nothing waits for this record; a ledger that is away is told of elsewhere.
        self.gateway.ledger.append(entry, Box::new(|_| {}));
        self.refuse(why);
    }

    fn refuse(&self, why: String) {
        self.gateway.metrics.reloads.with_label_values(&["refused"]).inc();
        tracing::error!(why, "the changed rules are refused; the old ones stay in force; `sudare check` tells more");
        self.gateway.refused.store(Some(Arc::new(Refused { at: Timestamp::now(), why })));
    }

    /// Whether the ledger holds an entry, within the time that answers wait for it.
    async fn recorded(&self, entry: Entry<'_>) -> bool {
        let (sender, done) = oneshot::channel();
        let wait = self.gateway.house.load().bounds.ledger_wait;
        let tell = Box::new(move |result: Result<_, _>| {
            // Whoever waits may be gone when it is done.
            let _ = sender.send(result.is_ok());
        });
        self.gateway.ledger.append(entry, tell);
        matches!(timeout(wait, done).await, Ok(Ok(true)))
    }
}

/// A record of the rules.
pub fn entry(outcome: &'static str, version: &Arc<str>) -> Entry<'static> {
    Entry { outcome: Some(outcome.into()), policy: Some(version.to_string().into()), ..Entry::new(Event::Policy) }
}

/// As many differences as a record may hold.
fn bounded(changes: Vec<Change>) -> Vec<entry::Change<'static>> {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let mut bytes = 0;
    let fitting = changes.into_iter().take(CHANGES_MAX).take_while(|Change { role, what, when, was, is }| {
        bytes += role.len() + what.len() + length(when) + length(was) + length(is);
        bytes <= CHANGES_BYTES
    });
    let told = |Change { role, what, when, was, is }| entry::Change {
        role: role.into(),
        what: what.into(),
        when: when.map(Into::into),
        was: was.map(Into::into),
        is: is.map(Into::into),
    };
    fitting.map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_a_bounded_number_of_differences() {
        let change = |is: String| Change { role: "r".into(), what: "k".into(), when: None, was: None, is: Some(is) };
        assert_eq!(bounded(vec![change("show".into()); 2000]).len(), CHANGES_MAX);
        assert_eq!(bounded(vec![change("x".repeat(CHANGES_BYTES / 2)); 9]).len(), 1);
        assert_eq!(bounded(vec![change("show".into()); 2]).len(), 2);
    }
}
