//! What the ledger comes to, for the metrics: looked at once a minute by threads of their own.
//!
//! A disk or a mount that hangs must hold up neither the page of the metrics nor a stop, so that nobody waits for these
//! threads: what they last saw stays on the page, and its times tell how old that is.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use prometheus::IntGaugeVec;

use crate::ledger::stock::{self, Stock};
use crate::metrics::Metrics;

const EVERY: Duration = Duration::from_secs(60);

/// Ends the threads when it is dropped.
pub struct Watch {
    _stops: Vec<Sender<()>>,
}

/// Begins to look at the ledger's folder and at the file of its anchor.
pub fn watch(dir: PathBuf, anchor: Option<PathBuf>, metrics: &Metrics) -> io::Result<Watch> {
    let (segments, bytes) = (metrics.ledger_segments.clone(), metrics.ledger_bytes.clone());
    let (oldest, checkpoint) = (metrics.ledger_oldest.clone(), metrics.ledger_checkpoint.clone());
    let folder = every("ledger-stock", move || {
        // A folder that is away is told by the ledger itself.
        let Ok(Stock { segments: count, bytes: size, oldest: first, checkpoint: signed }) = stock::look(&dir) else {
            return;
        };
        set(&segments, i64::try_from(count).ok());
        set(&bytes, i64::try_from(size).ok());
        set(&oldest, first.map(Timestamp::as_second));
        set(&checkpoint, signed.map(Timestamp::as_second));
    })?;
    let mut stops = vec![folder];
    if let Some(file) = anchor {
        let gauge = metrics.ledger_anchor.clone();
        stops.push(every("ledger-anchor-age", move || {
            set(&gauge, stock::written(&file).map(Timestamp::as_second));
        })?);
    }
    Ok(Watch { _stops: stops })
}

/// What is not known has no series.
fn set(gauge: &IntGaugeVec, value: Option<i64>) {
    if let Some(value) = value {
        gauge.with_label_values::<&str>(&[]).set(value);
    }
}

fn every(name: &str, look: impl Fn() + Send + 'static) -> io::Result<Sender<()>> {
    let (stop, stopped) = mpsc::channel::<()>();
    let watch = move || {
        loop {
            look();
            if stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(watch)?;
    Ok(stop)
}
