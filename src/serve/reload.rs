//! New rules and certificates without a restart: a change that is good is swapped in whole, a bad one
//! is told and what is in force stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::config::{packs, rules};
use crate::ledger::entry::Entry;
use crate::policy::Policy;
use crate::policy::compile::Loaded;
use crate::policy::fault::Fault;
use crate::serve::certificates::Certificates;
use crate::serve::house::{Gateway, House};
use crate::serve::service;
use crate::terms::event::Event;

/// How long files must be still before they are read: editors empty a file before they fill it.
const STILL: Duration = Duration::from_millis(250);

/// How long a reload waits at most for files to be still.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the files are looked at in case nobody told of a change: a watch ends unseen when its
/// folder is replaced, and some file systems have none.
const LOOK: Duration = Duration::from_secs(10);

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

/// Rings the bell when anything changes beside the rule files or the certificates. It watches folders, since a
/// replaced file or a swapped symbolic link is another file of the same name. Watching ends when
/// what is returned is dropped.
pub fn watch(paths: &[PathBuf], bell: Bell) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
        // Reading the rules must not look like a change of them.
        Ok(event) if event.kind.is_access() => {}
        _ => bell.ring(),
    });
    let watched = watcher.and_then(|mut watcher| {
        for folder in folders(paths) {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    });
    match watched {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "changes of rules and certificates are not seen at once; send SIGHUP to reload");
            None
        }
    }
}

fn folders(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let folder = |path: &PathBuf| match path.parent() {
        _ if path.is_dir() => path.clone(),
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => Path::new(".").to_path_buf(),
    };
    paths.iter().filter(|path| !packs::is_pack(path)).map(folder).collect()
}

/// Reloads when the bell rings.
pub struct Reloader {
    gateway: Arc<Gateway>,
    paths: Vec<PathBuf>,
    certificates: Certificates,
    ear: Ear,
    /// The files as they were when they were last read.
    seen: Option<Stamps>,
}

/// Each file with its time and length; `None` where they cannot be listed.
type Stamps = Vec<(PathBuf, SystemTime, u64)>;

impl Reloader {
    /// A reloader of the rules in these files and folders, and of these certificates.
    pub fn new(gateway: Arc<Gateway>, paths: Vec<PathBuf>, certificates: Certificates, ear: Ear) -> Reloader {
        let mut reloader = Reloader { gateway, paths, certificates, ear, seen: None };
        reloader.seen = reloader.stamps();
        reloader
    }

    /// Reloads until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                told = self.ear.told.recv() => if told.is_none() { return },
                () = sleep(LOOK) => if self.stamps() == self.seen { continue },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            // Whether it became still or the patience ended, the files are read now.
            let _ = timeout(PATIENCE, self.still()).await;
            self.seen = self.stamps();
            let called = self.ear.called.swap(false, Ordering::AcqRel);
            let good = self.reload().await;
            if called {
                service::reloaded(if good { GOOD } else { BAD });
            }
        }
    }

    async fn still(&mut self) {
        loop {
            sleep(STILL).await;
            if self.ear.told.try_recv().is_err() {
                return;
            }
        }
    }

    /// Reads everything again; tells whether all of it holds.
    async fn reload(&self) -> bool {
        let (paths, certificates) = (self.paths.clone(), self.certificates.clone());
        let old = Arc::clone(&self.gateway.house.load().policy);
        // Compiling takes a while that no answer should wait for; if it panics, the old rules stay.
        let loaded = spawn_blocking(move || (certificates.reload(), load(&paths, old.declared_purposes()))).await;
        let failed = |_| (false, Err("they could not be read, by a fault of the gateway's own".to_owned()));
        let (renewed, policy) = loaded.unwrap_or_else(failed);
        match policy {
            Ok(policy) if policy.version() == self.gateway.house.load().policy.version() => {}
            Ok(policy) => self.swap(policy),
            Err(why) => {
                self.keep(&why);
                return false;
            }
        }
        renewed
    }

    fn stamps(&self) -> Option<Stamps> {
        let mut files = rules::files(&self.paths).ok()?;
        files.extend(self.certificates.files());
        let stamp = |path: PathBuf| {
            let about = std::fs::metadata(&path).ok()?;
            Some((path, about.modified().ok()?, about.len()))
        };
        files.into_iter().map(stamp).collect()
    }

    fn swap(&self, policy: Policy) {
        let old = self.gateway.house.load_full();
        let version = policy.version().clone();
        let house = House {
            bounds: old.bounds.clone(),
            identity: Arc::clone(&old.identity),
            trusted_proxies: old.trusted_proxies.clone(),
            sites: Arc::clone(&old.sites),
            policy: Arc::new(policy),
            mint: Arc::clone(&old.mint),
        };
        self.gateway.house.store(Arc::new(house));
        let metrics = &self.gateway.metrics;
        metrics.reloads.with_label_values(&["ok"]).inc();
        metrics.policy.reset();
        metrics.policy.with_label_values(&[&version]).set(1);
        tracing::info!(policy = %version, "the rules were reloaded");
        self.record("reloaded", version.to_string());
    }

    fn keep(&self, why: &str) {
        self.gateway.metrics.reloads.with_label_values(&["refused"]).inc();
        tracing::error!("the changed rules are wrong; the old ones stay in force\n{why}");
        self.record("refused", self.gateway.house.load().policy.version().to_string());
    }

    fn record(&self, outcome: &'static str, policy: String) {
        let entry = Entry { outcome: Some(outcome.into()), policy: Some(policy.into()), ..Entry::new(Event::Policy) };
        // Nothing personal waits for this record; a ledger that is away is told of elsewhere.
        self.gateway.ledger.append(entry, Box::new(|_| {}));
    }
}

fn load(paths: &[PathBuf], purposes: Option<&[String]>) -> Result<Policy, String> {
    let sources = rules::read(paths).map_err(|error| error.to_string())?;
    if let Some(empty) = sources.iter().find(|source| source.text.trim().is_empty()) {
        return Err(format!("`{}` is empty", empty.name));
    }
    let Loaded { policy, faults } = Policy::parse_for(&sources, purposes);
    policy.ok_or_else(|| told(&faults))
}

/// Faults in a line each, for the log.
fn told(faults: &[Fault]) -> String {
    let lines = faults.iter().map(|fault| format!("{}:{}:{}: {}", fault.file, fault.line, fault.column, fault.message));
    lines.collect::<Vec<_>>().join("\n")
}
