//! A second place for checkpoints: a file on another mount, where whoever can write the ledger's folder cannot.
//!
//! Records that are cut off together with their checkpoints leave nothing behind that is wrong: only a checkpoint that
//! was kept elsewhere shows it. Each new one is appended to that file every ten seconds, by a thread of its own, since
//! another mount may hang; a gateway does not wait for it. A ledger that is behind its anchor has lost records, and the
//! log says so at once. `sudare ledger verify --checkpoint FILE` compares with all of the file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::ledger::checkpoint;
use crate::ledger::key::PublicKey;
use crate::ledger::open::Home;

/// What one look at both files came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchored {
    /// The ledger's last checkpoint, over so many records, is in the file.
    Upto(u64),
    /// The file has a checkpoint over more records than the ledger's last one.
    Behind {
        /// What the ledger's covers.
        ledger: u64,
        /// What the file's covers.
        anchor: u64,
    },
}

/// Takes the ledger's last checkpoint over into the file, durably, where it is not there yet.
pub fn anchor(home: &Home, file: &Path) -> io::Result<Anchored> {
    let key = PublicKey::read(&home.key.with_extension("pub")).map_err(io::Error::other)?;
    let own = checkpoint::tail(&home.dir.join(checkpoint::FILE_NAME), &key)?;
    let kept = checkpoint::tail(file, &key)?;
    let size = |tail: &checkpoint::Tail| tail.last.as_ref().map(|last| last.head.tip.seq);
    let (Some(ledger), before) = (size(&own), size(&kept)) else {
        return Ok(Anchored::Upto(0));
    };
    match before {
        None if kept.len > 0 => {
            let told = "it holds something else than this ledger's checkpoints: name another file";
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        Some(anchor) if anchor > ledger => return Ok(Anchored::Behind { ledger, anchor }),
        Some(anchor) if anchor == ledger => return Ok(Anchored::Upto(ledger)),
        _ => {}
    }
    let mut out = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)?;
    // What a crash cut short is written over: nobody was told of it.
    out.set_len(kept.whole)?;
    io::Seek::seek(&mut out, io::SeekFrom::End(0))?;
    out.write_all(&own.note)?;
    out.sync_all()?;
    Ok(Anchored::Upto(ledger))
}

/// A thread that looks every ten seconds.
pub struct Anchoring {
    stop: Sender<()>,
    done: Receiver<()>,
}

const EVERY: Duration = Duration::from_secs(10);
/// A mount that hangs does not keep the gateway from stopping.
const STOP: Duration = Duration::from_secs(2);

impl Anchoring {
    /// Starts it.
    pub fn start(home: Home, file: PathBuf) -> io::Result<Anchoring> {
        let (stop, stopped) = mpsc::channel::<()>();
        let (ended, done) = mpsc::channel();
        let look = move || {
            let mut well = true;
            loop {
                let last = stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout);
                well = tell(anchor(&home, &file), &file, well);
                if last {
                    // Whoever waits for it may have gone.
                    let _ = ended.send(());
                    return;
                }
            }
        };
        thread::Builder::new().name("ledger-anchor".into()).spawn(look)?;
        Ok(Anchoring { stop, done })
    }

    /// Takes over the last checkpoint, which a ledger signs as it stops, and ends the thread.
    pub fn stop(self) {
        drop(self.stop);
        if self.done.recv_timeout(STOP) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the second place for checkpoints did not answer in time; it lacks the last one");
        }
    }
}

/// Logs what changed, and gives whether all is well.
fn tell(anchored: io::Result<Anchored>, file: &Path, well: bool) -> bool {
    let file = file.display();
    match anchored {
        Ok(Anchored::Upto(_)) => {
            if !well {
                tracing::info!(%file, "checkpoints are anchored again");
            }
            true
        }
        Ok(Anchored::Behind { ledger, anchor }) => {
            tracing::error!(%file, ledger, anchor, "the ledger is behind its anchor: records are missing; run `sudare ledger verify --checkpoint FILE`");
            false
        }
        Err(error) => {
            if well {
                tracing::error!(%file, %error, "checkpoints cannot be anchored; the gateway goes on");
            }
            false
        }
    }
}
