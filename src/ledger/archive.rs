//! What becomes of closed segments: their hashes are written down, an index is made of each, and an hour after it was
//! closed a segment is compressed.
//!
//! None of it is needed to record or to verify, and all of it but the compressed segment itself can be made again from
//! the segments. It is done by one pass at a time, beside the writer and never in its way: `tend` is called now and then
//! by the gateway, or by whoever wants it done now.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use crate::ledger::index::Index;
use crate::ledger::indexing;
use crate::ledger::pack;
use crate::ledger::segment::{self, Segment};
use crate::ledger::tree::leaf;
use crate::ledger::tree::stored::{FOLDER_NAME, Stored};

/// What one pass did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tended {
    /// Records whose hashes were written down.
    pub hashes: u64,
    /// Segments of which an index was made.
    pub indexed: u64,
    /// Segments that were compressed.
    pub packed: u64,
}

/// A segment may be read as it was written for so long after it was closed.
pub const PACK_AFTER: Duration = Duration::from_secs(3600);

/// One pass over the closed segments, which are all but the last; nothing when another pass is under way. Segments that
/// were written last before `packed_before` are compressed. `go_on` is asked before each step, so that a stop waits for
/// one segment at most.
pub fn tend(dir: &Path, packed_before: SystemTime, go_on: &dyn Fn() -> bool) -> io::Result<Option<Tended>> {
    let Some(_lock) = lock(dir)? else { return Ok(None) };
    let mut tended = Tended::default();
    let mut segments = segment::list(dir)?;
    segments.pop();
    for (segment, next) in segments.iter().zip(segments.iter().skip(1).map(Some).chain([None])) {
        if !go_on() {
            break;
        }
        tended.hashes += write_hashes(dir, segment, next)?;
        if !Index::is_of(segment)? {
            indexing::make(segment)?;
            tended.indexed += 1;
        }
        if !segment.is_packed() && fs::metadata(&segment.path)?.modified()? <= packed_before && go_on() {
            pack::pack(&segment.path, &segment.packed_path())?;
            tended.packed += 1;
        }
    }
    Ok(Some(tended))
}

/// A thread that makes a pass every minute.
pub struct Attendant {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

const EVERY: Duration = Duration::from_secs(60);

impl Attendant {
    /// Starts it for a ledger's folder.
    pub fn start(dir: PathBuf) -> io::Result<Attendant> {
        let (stop, stopped) = mpsc::channel();
        let attend = move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let packed_before = SystemTime::now().checked_sub(PACK_AFTER).unwrap_or(SystemTime::UNIX_EPOCH);
                let go_on = || stopped.try_recv() == Err(mpsc::TryRecvError::Empty);
                match tend(&dir, packed_before, &go_on) {
                    Ok(Some(tended)) if tended != Tended::default() => {
                        let Tended { hashes, indexed, packed } = tended;
                        tracing::info!(hashes, indexed, packed, "closed segments of the ledger were tended");
                    }
                    Ok(_) => {}
                    // Nothing is lost by it, and the next pass tries again.
                    Err(error) => tracing::warn!(%error, dir = %dir.display(), "closed segments cannot be tended"),
                }
            }
        };
        let thread = thread::Builder::new().name("ledger-archive".into()).spawn(attend)?;
        Ok(Attendant { stop, thread })
    }

    /// Ends it, after the segment that it is at.
    pub fn stop(self) {
        drop(self.stop);
        // A panic in it was told where it happened.
        let _ = self.thread.join();
    }
}

/// Held for a pass; another process's pass would write the same bytes, but not at the same moment.
pub(super) fn lock(dir: &Path) -> io::Result<Option<File>> {
    let folder = dir.join(FOLDER_NAME);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Writes down the hashes of a segment's records, where those of all records before are there; says of how many.
fn write_hashes(dir: &Path, segment: &Segment, next: Option<&Segment>) -> io::Result<u64> {
    let mut stored = Stored::open(dir)?;
    let (before, begin) = (stored.size(), segment.first - 1);
    let done = next.is_some_and(|next| next.first - 1 <= before);
    if done || before < begin {
        return Ok(0);
    }
    segment::each_after(std::slice::from_ref(segment), before, &mut |record, _| match record {
        Ok(sealed) if sealed.seq == stored.known() + 1 => {
            stored.know(leaf(sealed.hash));
            ControlFlow::Continue(())
        }
        // What is damaged has no hash that anybody signed: `verify` names it.
        _ => ControlFlow::Break(()),
    })?;
    let known = stored.known();
    if known > before {
        stored.write()?;
    }
    Ok(known - before)
}
