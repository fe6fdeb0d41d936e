//! From a configuration to a running gateway, and back.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::gateway::Config;
use crate::config::pem::PemError;
use crate::config::rules::RulesError;
use crate::format::Format;
use crate::identity;
use crate::identity::session::store::Store;
use crate::ledger::anchor::Anchoring;
use crate::ledger::archive::Attendant;
use crate::ledger::open::{Home, OpenError};
use crate::ledger::readings::Taker;
use crate::ledger::witness::Witnessing;
use crate::ledger::{self, Ledger};
use crate::metrics::Metrics;
use crate::policy::fault::Fault;
use crate::policy::node::Source;
use crate::serve::carrier::Carrier;
use crate::serve::certificates::Certificates;
use crate::serve::exchange::reveal::confirmed::Used;
use crate::serve::grants::Grants;
use crate::serve::house::{Gateway, Hold, House, LASTING};
use crate::serve::keeping::Keeping;
use crate::serve::keys::Keeper;
use crate::serve::listen::Door;
use crate::serve::loading::{LoadError, Rules};
use crate::serve::opening::Watchers;
use crate::serve::reload::{self, Reloader};
use crate::serve::remembered::Remembered;
use crate::serve::searches::Searches;
use crate::serve::sites::Sites;
use crate::serve::upstream::health;
use crate::serve::{admin, console, listen, loading, opening, panics, service, sources, stock};
use crate::terms::refusal::Reason;
use crate::vault::keep::Vault;
use crate::vault::mint::KeyMint;
use crate::vault::open::VaultError;
use crate::vault::ring::{Ring, RingError, Rings};

/// The vault's file in the state folder.
pub const VAULT: &str = "vault.redb";

/// The file in the state folder of what staff was given.
const ISSUED: &str = "issued.redb";

/// How long a stop waits for the ledger's thread.
const LEDGER_STOP: std::time::Duration = std::time::Duration::from_secs(10);

/// How long a stop waits, when all connections are closed, for what is recorded of their ends.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(5);

/// Where a started gateway can be reached.
#[derive(Debug, Clone)]
pub struct Started {
    /// Staff's addresses.
    pub staff: Vec<SocketAddr>,
    /// The address for machines that watch.
    pub metrics: Option<SocketAddr>,
    /// The console's.
    pub console: Option<SocketAddr>,
}

/// Why a gateway did not start.
#[derive(Debug)]
pub enum RunError {
    /// A file, a folder or an address.
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        cause: io::Error,
    },
    /// The ledger.
    Ledger(OpenError),
    /// The key ring.
    Keys(RingError),
    /// A certificate or its key.
    Pem(PemError),
    /// The vault.
    Vault(VaultError),
    /// A rule file.
    Rules(RulesError),
    /// The rules are wrong.
    Policy {
        /// What is wrong.
        faults: Vec<Fault>,
        /// The files.
        sources: Vec<Source>,
    },
    /// The metrics.
    Metrics(prometheus::Error),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunError::Io { what, cause } => write!(f, "{what}: {cause}"),
            RunError::Ledger(error) => error.fmt(f),
            RunError::Keys(error) => error.fmt(f),
            RunError::Pem(error) => write!(f, "{error}; {}", error.cure()),
            RunError::Vault(error) => error.fmt(f),
            RunError::Rules(error) => error.fmt(f),
            RunError::Policy { .. } => f.write_str("the rules are wrong"),
            RunError::Metrics(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Ledger(error) => error.source(),
            RunError::Vault(error) => error.source(),
            _ => None,
        }
    }
}

/// Runs a gateway until SIGTERM or SIGINT, then drains it. `started` is told when it listens.
pub async fn run(config: Config, started: impl FnOnce(&Started)) -> Result<(), RunError> {
    let rules = load(&config.rules, config.purposes.as_deref())?;
    let metrics = Metrics::new().map_err(RunError::Metrics)?;
    let sites = opening::sites(&config, &metrics).map_err(RunError::Pem)?;
    let tls = opening::tls(&config).map_err(RunError::Pem)?;
    let doors = opening::doors(&config, &tls).await?;
    let watchers = opening::watchers(&config).await?;
    let signals = Signals::new()?;
    folder(&config.state)?;
    let node = node(&config)?;
    let ring = config.keys.open_or_create(Timestamp::now().as_second()).map_err(RunError::Keys)?;
    let rings = Rings::from(Arc::new(ring));
    let vault = Vault::open(&config.state.join(VAULT), rings.clone(), config.bounds.tokens);
    let vault = Arc::new(vault.map_err(RunError::Vault)?);
    // A commit that answers may wait for is not yet one that hangs.
    let bounds = ledger::Bounds { commit_max: config.bounds.ledger_wait, ..ledger::Bounds::default() };
    let home = Home::within(&config.state, &node);
    let (ledger, writer) =
        Ledger::open(home.clone(), bounds, Box::new(jiff::Timestamp::now)).map_err(RunError::Ledger)?;
    let writing = std::thread::Builder::new()
        .name("ledger".into())
        .spawn(move || writer.run())
        .map_err(|cause| RunError::Io { what: "the ledger's thread cannot be started".into(), cause })?;
    let unstarted = |cause| RunError::Io { what: "a thread for the ledger's files cannot be started".into(), cause };
    let attendant = Attendant::start(home.dir.clone()).map_err(unstarted)?;
    let taker = Taker::start(home.dir.clone(), ledger.clone()).map_err(unstarted)?;
    let anchor = config.ledger.anchor.clone();
    let _watch = stock::watch(home.dir.clone(), anchor.clone(), &metrics).map_err(unstarted)?;
    let anchoring = anchor.map(|file| Anchoring::start(home.clone(), file)).transpose().map_err(unstarted)?;
    let cosigned = metrics.cosigned.clone();
    let count = move |result: &str| cosigned.with_label_values(&[result]).inc();
    let witness = config.ledger.witness.clone();
    let witnessing = witness.map(|place| Witnessing::start(home, place, count)).transpose().map_err(unstarted)?;
    sessions(&config, &rings.now())?;
    let sites = Arc::new(sites);
    let certificates = Certificates::new(tls.into_iter().flatten().collect(), Arc::clone(&sites));
    let counts = || Searches::new().map_err(|_| RunError::Keys(RingError::Chance));
    let (searches, reveals) = (counts()?, counts()?);
    let keeper = Keeper::new(config.keys.clone(), rings.clone(), Arc::clone(&vault));
    let gateway = gateway(&config, metrics, sites, rules, (rings, vault), (ledger, searches, reveals));
    // From here on a record's policy can be told from the one before.
    gateway.ledger.append(reload::entry("loaded", gateway.house.load().policy.version()), Box::new(|_| {}));
    let result = serve(&config, &gateway, (doors, watchers, signals), (certificates, keeper), started).await;
    attendant.stop();
    taker.stop();
    stop_ledger(&gateway.ledger, writing);
    if let Some(anchoring) = anchoring {
        anchoring.stop();
    }
    if let Some(witnessing) = witnessing {
        witnessing.stop();
    }
    result
}

/// Reads and compiles the rules; what is only doubtful is logged.
fn load(paths: &[PathBuf], purposes: Option<&[String]>) -> Result<Rules, RunError> {
    let rules = loading::load(paths, purposes, Timestamp::now()).map_err(|error| match error {
        LoadError::Unreadable(error) => RunError::Rules(error),
        LoadError::Wrong { faults, sources } => RunError::Policy { faults, sources },
        LoadError::None | LoadError::Unsteady => {
            RunError::Io { what: "the rules cannot be read".into(), cause: io::Error::other(error.why()) }
        }
    })?;
    for fault in &rules.warnings {
        tracing::warn!(file = %fault.file, line = fault.line, code = fault.code, "a rule is doubtful; `sudare check` tells more");
    }
    Ok(rules)
}

fn gateway(
    config: &Config,
    metrics: Metrics,
    sites: Arc<Sites>,
    rules: Rules,
    (rings, vault): (Rings, Arc<Vault>),
    (ledger, searches, reveals): (Ledger, Searches, Searches),
) -> Arc<Gateway> {
    metrics.from_zero(Format::ALL.iter().map(|format| format.word()));
    panics::hush(metrics.refusals.with_label_values(&[Reason::Internal.word()]));
    metrics.policy.with_label_values(&[rules.policy.version()]).set(1);
    metrics.build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    let house = House {
        bounds: config.bounds.clone(),
        identity: Arc::clone(&config.identity),
        trusted_proxies: config.trusted_proxies.clone(),
        sites,
        policy: Arc::clone(&rules.policy),
        rules: Arc::new(rules),
        mint: Arc::new(KeyMint::keeping(rings.now(), Arc::clone(&vault))),
        bases: Arc::new(config.bases.clone()),
    };
    Arc::new(Gateway {
        house: ArcSwap::from_pointee(house),
        refused: ArcSwapOption::empty(),
        carrier: Carrier::new(ledger.clone()),
        ledger,
        grants: Grants::new(Arc::clone(&vault)),
        keeping: Keeping::new(vault, metrics.vault.clone()),
        remembered: Remembered::new(config.state.join(ISSUED), rings.now(), metrics.vault.clone()),
        searches,
        reveals,
        confirmed: Used::default(),
        metrics,
        hold: Hold::new(config.bounds.hold_all_bytes),
        draining: AtomicBool::new(false),
        lasting: Arc::new(Semaphore::new(LASTING as usize)),
    })
}

async fn serve(
    config: &Config,
    gateway: &Arc<Gateway>,
    (doors, (metrics, console), mut signals): (Vec<Door>, Watchers, Signals),
    (certificates, keeper): (Certificates, Keeper),
    started: impl FnOnce(&Started),
) -> Result<(), RunError> {
    let (stop, stopped) = watch::channel(false);
    let (reload, told) = reload::channel();
    let reloader = Reloader::new(Arc::clone(gateway), config.rules.clone(), certificates, (reload.clone(), told));
    // What changed between the first reading and the watching is seen now.
    reload.ring();
    let address = |listener: &TcpListener| listener.local_addr().ok();
    started(&Started {
        staff: doors.iter().filter_map(|door| address(&door.listener)).collect(),
        metrics: metrics.as_ref().and_then(address),
        console: console.as_ref().and_then(|(listener, _)| address(listener)),
    });
    service::ready();
    // Those who ask whether the gateway is ready are answered until its last moment.
    let mut watching = JoinSet::new();
    if let Some(listener) = metrics {
        watching.spawn(admin::serve(Arc::clone(gateway), listener));
    }
    if let Some((listener, console)) = console {
        watching.spawn(console::serve(Arc::clone(gateway), console, listener));
    }
    watching.spawn(service::watchdog(stopped.clone()));
    for upstream in gateway.house.load().sites.all() {
        watching.spawn(health::watch(Arc::clone(upstream), stopped.clone()));
    }
    tokio::spawn(reloader.run(stopped.clone()));
    let (sweeper, stopping) = (Arc::clone(gateway), stopped.clone());
    watching.spawn(async move { sweeper.keeping.sweep(stopping).await });
    // Connections go on encrypting until they are drained.
    let (drain, drained) = watch::channel(false);
    let keeping = tokio::spawn(keeper.run(Arc::clone(gateway), drained));
    tokio::spawn(sources::keep(Arc::clone(&config.identity), stopped.clone()));
    let mut serving = JoinSet::new();
    for door in doors {
        serving.spawn(listen::serve(Arc::clone(gateway), door, stopped.clone()));
    }
    signals.stop(&reload).await;
    service::stopping();
    listen::drain(gateway);
    // Receivers live as long as their tasks; whoever is gone needs no word.
    let _ = stop.send(true);
    while serving.join_next().await.is_some() {}
    let _ = drain.send(true);
    if timeout(CLOSING, keeping).await.is_err() {
        tracing::warn!("encryptions that were counted ahead are not given back in time");
    }
    // Answers whose connections are gone have yet to say in the ledger how they ended.
    if timeout(CLOSING, gateway.lasting.acquire_many(LASTING)).await.is_err() {
        tracing::warn!("some long answers did not record their end in time");
    }
    Ok(())
}

/// The signals that the gateway hears, from before it says that it serves.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Signals, RunError> {
        let hear =
            |kind| signal(kind).map_err(|cause| RunError::Io { what: "signals cannot be received".into(), cause });
        Ok(Signals {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hangup: hear(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT; SIGHUP reloads.
    async fn stop(&mut self, reload: &reload::Bell) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => reload.call(),
            }
        }
    }
}

fn stop_ledger(ledger: &Ledger, writing: JoinHandle<io::Result<()>>) {
    ledger.stop();
    let began = std::time::Instant::now();
    while !writing.is_finished() && began.elapsed() < LEDGER_STOP {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    if !writing.is_finished() {
        tracing::error!("the ledger did not stop in time; its tail is checked at the next start");
        return;
    }
    match writing.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the ledger's last records were not written"),
        Err(_) => tracing::error!("the ledger's thread failed"),
    }
}

/// Makes a folder that only its owner can enter.
fn folder(path: &Path) -> Result<(), RunError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| RunError::Io { what: format!("the folder `{}` cannot be made", path.display()), cause })
}

/// This gateway's name: configured, or drawn once and kept.
fn node(config: &Config) -> Result<String, RunError> {
    if let Some(node) = &config.node {
        return Ok(node.clone());
    }
    let path = config.state.join("node");
    let failed = |cause| RunError::Io { what: format!("`{}` cannot be used", path.display()), cause };
    match std::fs::read_to_string(&path) {
        Ok(node) => Ok(node.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let node = format!("gw-{}", ulid::Ulid::generate().to_string().to_ascii_lowercase());
            // Whoever opens it anew finds it as private as all else in the folder.
            let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            made.and_then(|mut file| file.write_all(format!("{node}\n").as_bytes())).map_err(failed)?;
            Ok(node)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Opens what is remembered of log-ins at the CRM.
fn sessions(config: &Config, ring: &Ring) -> Result<(), RunError> {
    let Some((_, session)) = identity::session(&config.identity) else { return Ok(()) };
    let none =
        || RunError::Io { what: "no key for sessions can be made".into(), cause: io::ErrorKind::InvalidData.into() };
    let key = ring.session_key().ok_or_else(none)?;
    let store = match session.login {
        // Whoever can ask the CRM anew has nothing to keep.
        None => Store::passing(&key, session.lasts),
        Some(_) => {
            let path = config.state.join("sessions");
            let opened = Store::open(&path, &key, session.lasts, jiff::Timestamp::now().as_second());
            opened.map_err(|cause| RunError::Io { what: format!("`{}` cannot be used", path.display()), cause })?
        }
    };
    session.open(store);
    Ok(())
}
