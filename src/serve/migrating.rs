//! What a migration of a CRM's records needs of a gateway's configuration: its rules, its keys, the way to its CRM.
//!
//! No gateway is started for it, and one may run beside it with the same ring: nothing is written to the state folder
//! but how much the keys have encrypted. Only where tokens look like values does it need the vault, which is open in
//! one process.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use http::header::{HOST, HeaderMap, HeaderValue};
use jiff::Timestamp;

use crate::config::gateway::Config;
use crate::config::pem::PemError;
use crate::config::upstream::{UpstreamConfig, Upstreams};
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::serve::loading::{self, LoadError};
use crate::serve::run::VAULT;
use crate::serve::upstream::Upstream;
use crate::terms::action::Token;
use crate::terms::bounds::Bounds;
use crate::terms::mint::{Domain, Mint, STORED};
use crate::vault::keep::Vault;
use crate::vault::mint::KeyMint;
use crate::vault::open::VaultError;
use crate::vault::ring::count::Counts;
use crate::vault::ring::{Place, Ring, RingError};

/// What records are converted with.
pub struct Opened {
    /// The rules.
    pub policy: Arc<Policy>,
    /// Makes and opens tokens.
    pub mint: Arc<dyn Mint>,
    /// Keeps for which values tokens stand that look like some, where the rules want such.
    pub vault: Option<Arc<Vault>>,
    /// The CRM.
    pub upstream: Arc<Upstream>,
    /// What is longer is refused.
    pub bounds: Bounds,
    /// The version of the keys under which the store's tokens are made.
    pub version: u16,
    place: Place,
    ring: Arc<Ring>,
    counts: Counts,
}

/// Why nothing can be converted.
#[derive(Debug)]
pub enum OpenError {
    /// The rules.
    Rules(LoadError),
    /// The key ring.
    Keys(RingError),
    /// The vault.
    Vault(VaultError),
    /// A certificate.
    Pem(PemError),
    /// There are several CRMs, and none of them is meant.
    Site(Vec<String>),
    /// Something of the system's.
    System(&'static str),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Rules(error) => f.write_str(&error.why()),
            OpenError::Keys(error) => error.fmt(f),
            OpenError::Vault(error) => error.fmt(f),
            OpenError::Pem(error) => error.fmt(f),
            OpenError::Site(hosts) => write!(f, "name one of these hosts with `--site`: {}", hosts.join(", ")),
            OpenError::System(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens rules, keys and the way to the CRM; `site` is the host of one of several.
pub fn open(config: &Config, site: Option<&str>) -> Result<Opened, OpenError> {
    let rules = loading::load(&config.rules, config.purposes.as_deref(), Timestamp::now()).map_err(OpenError::Rules)?;
    let crm = crm(&config.upstreams, site)?;
    let metrics = Metrics::new().map_err(|_| OpenError::System("the connections cannot be counted"))?;
    let open = metrics.connections.with_label_values(&["crm"]);
    let upstream = Arc::new(Upstream::new(crm, &config.bounds, open).map_err(OpenError::Pem)?);
    let ring = Arc::new(config.keys.open().map_err(OpenError::Keys)?);
    let is_such = |token: &Token| matches!(token, Token::Format { .. });
    let vault = rules.policy.store().tokens.values().any(is_such).then(|| {
        let path = config.state.join(VAULT);
        Vault::open(&path, Arc::clone(&ring), config.bounds.tokens).map(Arc::new).map_err(OpenError::Vault)
    });
    let vault = vault.transpose()?;
    let mint: Arc<dyn Mint> = match &vault {
        Some(vault) => Arc::new(KeyMint::keeping(Arc::clone(&ring), Arc::clone(vault))),
        None => Arc::new(KeyMint::new(Arc::clone(&ring))),
    };
    let mut opened = Opened {
        policy: rules.policy,
        mint,
        vault,
        upstream,
        bounds: config.bounds.clone(),
        version: ring.minting(&Domain::Shared(STORED.to_owned())).version,
        place: config.keys.clone(),
        ring,
        counts: Counts::default(),
    };
    opened.count().map_err(OpenError::Keys)?;
    Ok(opened)
}

fn crm<'c>(upstreams: &'c Upstreams, site: Option<&str>) -> Result<&'c UpstreamConfig, OpenError> {
    match (upstreams, site) {
        (Upstreams::One(one), None) => Ok(one),
        (Upstreams::One(one), Some(_)) => Ok(one),
        (Upstreams::Sites(sites), site) => {
            let named = sites.iter().find(|own| site.is_some_and(|site| own.host.eq_ignore_ascii_case(site)));
            named
                .map(|own| &own.upstream)
                .ok_or_else(|| OpenError::Site(sites.iter().map(|own| own.host.clone()).collect()))
        }
    }
}

impl Opened {
    /// The headers of every question: what was told, and the host that the CRM is asked by.
    pub fn headers(&self, told: &HeaderMap, site: Option<&str>) -> Option<HeaderMap> {
        let mut all = told.clone();
        if !all.contains_key(HOST) {
            all.insert(HOST, HeaderValue::from_str(site.unwrap_or(&self.upstream.address)).ok()?);
        }
        Some(all)
    }

    /// Counts in the ring what will be encrypted.
    pub fn count(&mut self) -> Result<(), RingError> {
        self.counts.keep(&self.place, &self.ring, Instant::now()).map(drop)
    }

    /// Gives back what was counted and not used.
    pub fn close(mut self) -> Result<(), RingError> {
        self.counts.give_back(&self.place, &self.ring)
    }
}
