//! What a request sees, and what outlives it.
//!
//! A `House` is one snapshot of everything that configuration and rules say; it is never changed,
//! only replaced whole, so that a request that began under one policy ends under it. The `Gateway`
//! holds what must survive a reload: the ledger, the metrics, what staff has looked for, and the budget of held
//! bytes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::identity::Source;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::serve::carrier::Carrier;
use crate::serve::exchange::reveal::confirmed::Used;
use crate::serve::gate;
use crate::serve::grants::Grants;
use crate::serve::keeping::Keeping;
use crate::serve::loading::{Refused, Rules};
use crate::serve::remembered::Remembered;
use crate::serve::searches::Searches;
use crate::serve::sites::Sites;
use crate::terms::bounds::Bounds;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};

/// One snapshot of configuration, rules and keys.
#[derive(Clone)]
pub struct House {
    /// What is longer or later is refused.
    pub bounds: Bounds,
    /// Who can be recognised, in this order.
    pub identity: Arc<Vec<Source>>,
    /// Proxies whose word on the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The CRM, or several.
    pub sites: Arc<Sites>,
    /// The rules.
    pub policy: Arc<Policy>,
    /// The same, with what is to be told of them.
    pub rules: Arc<Rules>,
    /// Makes tokens and keyed hashes.
    pub mint: Arc<dyn Mint>,
    /// The legal bases of purposes.
    pub bases: Arc<BTreeMap<String, &'static str>>,
}

/// The running gateway.
pub struct Gateway {
    /// The snapshot in force.
    pub house: ArcSwap<House>,
    /// The changed rules that were refused last, while those on disk are not those in force.
    pub refused: ArcSwapOption<Refused>,
    /// Where disclosures are recorded.
    pub ledger: Ledger,
    /// Takes records there together.
    pub carrier: Carrier,
    /// Where random tokens are kept.
    pub keeping: Keeping,
    /// What is open to staff for a while.
    pub grants: Grants,
    /// What staff was given of records that no GET gives.
    pub remembered: Remembered,
    /// What staff has looked for.
    pub searches: Searches,
    /// What staff has confirmed in a browser.
    pub confirmed: Used,
    /// How often it asked to have something revealed.
    pub reveals: Searches,
    /// The metrics.
    pub metrics: Metrics,
    /// What all answers together hold.
    pub hold: Hold,
    /// Whether the gateway is stopping and takes no more.
    pub draining: AtomicBool,
    /// A seat for each answer that outlasts its exchange.
    pub lasting: Arc<Semaphore>,
}

/// How many answers may outlast their exchange at once; connections are bounded far below.
pub const LASTING: u32 = 1 << 20;

impl Gateway {
    /// A seat for an answer whose end is recorded later, so that a stop can wait for it.
    pub fn lasting(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let seat = Arc::clone(&self.lasting).try_acquire_owned();
        seat.map_err(|_| Refusal::new(Reason::Overload, "too many long answers at once"))
    }

    /// Whether requests can be answered now, and what is to be said about it.
    pub fn readiness(&self) -> Readiness {
        if !self.ledger.healthy() {
            return Readiness::not("the ledger cannot be written");
        }
        if self.draining.load(Ordering::Acquire) {
            return Readiness::not("draining");
        }
        match self.house.load().sites.away() {
            Some((note, true)) => Readiness::not(&note),
            Some((note, false)) => Readiness { ready: true, note: format!("ready, but {note}") },
            None => Readiness { ready: true, note: "ready".to_owned() },
        }
    }
}

/// What those are told who ask whether the gateway is ready.
pub struct Readiness {
    /// Whether it is.
    pub ready: bool,
    /// In words.
    pub note: String,
}

impl Readiness {
    fn not(why: &str) -> Readiness {
        Readiness { ready: false, note: format!("not ready: {why}") }
    }
}

/// The gate's bounds out of the gateway's.
pub fn gate_bounds(bounds: &Bounds) -> gate::bounds::Bounds {
    gate::bounds::Bounds {
        head_bytes_max: bounds.head_bytes,
        headers_max: bounds.headers,
        target_bytes_max: bounds.path_bytes,
        head_wait: bounds.head,
        idle_wait: bounds.idle,
        ..gate::bounds::Bounds::default()
    }
}

/// A budget of bytes that all exchanges share.
#[derive(Clone)]
pub struct Hold {
    used: Arc<AtomicUsize>,
    bytes_max: usize,
}

impl Hold {
    /// A budget of so many bytes.
    pub fn new(bytes_max: usize) -> Hold {
        Hold { used: Arc::default(), bytes_max }
    }

    /// An empty share of it.
    pub fn share(&self) -> Share {
        Share { hold: self.clone(), bytes: 0 }
    }
}

/// What one exchange holds of the budget; given back when dropped.
pub struct Share {
    hold: Hold,
    bytes: usize,
}

impl Share {
    /// Holds this much from now on; refuses when all together hold too much.
    pub fn set(&mut self, bytes: usize) -> Result<(), Refusal> {
        if bytes <= self.bytes {
            self.hold.used.fetch_sub(self.bytes - bytes, Ordering::AcqRel);
            self.bytes = bytes;
            return Ok(());
        }
        let more = bytes - self.bytes;
        let before = self.hold.used.fetch_add(more, Ordering::AcqRel);
        self.bytes = bytes;
        if before + more > self.hold.bytes_max {
            return Err(Refusal::new(
                Reason::Overload,
                format!("all answers together hold more than {} bytes", self.hold.bytes_max),
            ));
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.hold.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_give_back_what_they_held() {
        let hold = Hold::new(10);
        let mut one = hold.share();
        let mut two = hold.share();
        assert!(one.set(8).is_ok());
        assert!(two.set(3).is_err());
        drop(two);
        assert!(one.set(10).is_ok());
        assert!(one.set(1).is_ok());
        drop(one);
        assert_eq!(hold.used.load(Ordering::Acquire), 0);
    }
}
