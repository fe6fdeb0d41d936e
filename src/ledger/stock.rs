//! What lies in the ledger's folder, in numbers, for those who watch it fill up or stand still.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;

use crate::ledger::checkpoint;
use crate::ledger::recover;
use crate::ledger::segment;

/// What there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stock {
    /// Segments, the open one included.
    pub segments: u64,
    /// Bytes of the segments as they lie there, compressed or not.
    pub bytes: u64,
    /// When the oldest record was written.
    pub oldest: Option<Timestamp>,
    /// When the last checkpoint was signed, as the file's time says.
    pub checkpoint: Option<Timestamp>,
}

/// Looks into the folder.
pub fn look(dir: &Path) -> io::Result<Stock> {
    let segments = segment::list(dir)?;
    let mut stock = Stock { segments: segments.len() as u64, ..Stock::default() };
    for segment in &segments {
        stock.bytes += fs::metadata(&segment.path)?.len();
    }
    if let Some(first) = segments.first() {
        stock.oldest = recover::since(&first.path)?;
    }
    stock.checkpoint = written(&dir.join(checkpoint::FILE_NAME));
    Ok(stock)
}

/// When a file was written last; nothing where there is none.
pub fn written(path: &Path) -> Option<Timestamp> {
    let time: SystemTime = fs::metadata(path).ok()?.modified().ok()?;
    Timestamp::try_from(time).ok()
}
