//! A witness: somebody else's service that signs each checkpoint once it was shown that it only adds to the one before.
//!
//! Whoever holds the gateway's key could sign two histories, one for each reader. A witness signs one alone, so that a
//! checkpoint that bears its cosignature is the one that everybody was shown. It is asked as C2SP's `tlog-witness` says,
//! once a minute by a thread of its own; a gateway never waits for it. What it signed stands in `cosigned` beside the
//! segments. A witness that has signed more records than the ledger holds shows that records were cut off.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::ledger::cosignature;
use crate::ledger::key::PublicKey;
use crate::ledger::open::Home;
use crate::ledger::prove::{self, ProveError};

/// Where a witness is asked, and the key that it signs with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its submission prefix, without a slash at the end.
    pub url: String,
    /// Its key.
    pub key: PublicKey,
}

impl Place {
    /// Reads both, or says what is wrong with the address.
    pub fn parse(url: &str, key: PublicKey) -> Result<Place, &'static str> {
        let uri: http::Uri = url.parse().map_err(|_| "it is no address")?;
        let here = uri.host().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
        match uri.scheme_str() {
            Some("https") if uri.host().is_some() => {}
            Some("http") if here => {}
            Some("http") => return Err("only `https` leads to a witness, but on this machine"),
            _ => return Err("it does not begin with `https://`"),
        }
        if url.contains(['@', '?', '#']) {
            return Err("neither a name nor a question has a place in it");
        }
        Ok(Place { url: url.trim_end_matches('/').to_owned(), key })
    }
}

/// What asking came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Witnessed {
    /// The last checkpoint, over so many records, is signed and kept.
    Upto(u64),
    /// The witness has signed one over more records than the ledger's last one.
    Behind {
        /// What the ledger's covers.
        ledger: u64,
        /// What the witness has signed.
        witness: u64,
    },
}

/// Why a checkpoint was not signed.
#[derive(Debug)]
pub enum WitnessError {
    /// It cannot be reached, or says nothing that can be read.
    Away(String),
    /// It does not sign, with this status.
    Refused(u16),
    /// It answers that it has signed, and its line does not hold under its key.
    Unsigned,
    /// What it would be shown cannot be made.
    Prove(ProveError),
    /// What it signed cannot be kept.
    Keep(io::Error),
}

impl fmt::Display for WitnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WitnessError::Away(why) => write!(f, "the witness cannot be asked: {why}"),
            WitnessError::Refused(409) => {
                f.write_str("the witness has signed another history of this ledger (HTTP 409)")
            }
            WitnessError::Refused(status @ (403 | 404)) => {
                write!(f, "the witness does not know this ledger (HTTP {status}): give its operator `ledger.pub`")
            }
            WitnessError::Refused(status) => write!(f, "the witness does not sign (HTTP {status})"),
            WitnessError::Unsigned => {
                f.write_str("the witness's answer does not hold under the key that is configured")
            }
            WitnessError::Prove(error) => write!(f, "the witness cannot be shown the ledger: {error}"),
            WitnessError::Keep(error) => write!(f, "what the witness signed cannot be kept: {error}"),
        }
    }
}

/// How long one call may take.
const WAIT: Duration = Duration::from_secs(5);
/// Some signature lines.
const ANSWER_BYTES_MAX: u64 = 16 << 10;

/// Whom a ledger's checkpoints are shown to, and how far that came.
pub struct Witness {
    home: Home,
    place: Place,
    agent: Agent,
    /// What it has signed, as far as we know.
    signed: u64,
    /// What of that is kept here: an answer that was lost on its way is asked for again.
    kept: u64,
}

impl Witness {
    /// The witness is asked with the first call; what it signed before is read from where it is kept.
    pub fn open(home: Home, place: Place) -> Witness {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = RootCerts::PlatformVerifier;
        let tls = TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(WAIT))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .build();
        Witness { home, place, agent: agent.into(), signed: 0, kept: 0 }
    }

    /// Shows it the last checkpoint, where it has not signed that yet, and keeps what it says.
    pub fn ask(&mut self) -> Result<Witnessed, WitnessError> {
        let key = PublicKey::read(&self.home.key.with_extension("pub"));
        let key = key.map_err(|error| WitnessError::Keep(io::Error::other(error)))?;
        let path = self.home.dir.join(cosignature::FILE_NAME);
        let (last, _) = prove::last(&self.home.dir, &key).map_err(WitnessError::Prove)?;
        let size = last.head.tip.seq;
        if self.signed == 0 {
            self.kept = kept(&path, &key, &self.place.key).map_err(WitnessError::Keep)?;
            self.signed = self.kept;
        }
        // Its number alone says that it was signed; a ledger that was put back an hour asks again, and is told.
        if self.kept == size {
            return Ok(Witnessed::Upto(size));
        }
        // What we know may be old: it says once what it has, and then has to sign.
        for last_try in [false, true] {
            let shown = match prove::growth(&self.home.dir, &key, self.signed) {
                Err(ProveError::NotCovered { seq, covered }) => {
                    return Ok(Witnessed::Behind { ledger: covered, witness: seq });
                }
                shown => shown.map_err(WitnessError::Prove)?,
            };
            match self.call(&shown.to_text())? {
                (200, body) => {
                    let signed = cosignature::of(shown.note.as_bytes(), body.as_bytes(), &self.place.key);
                    let line = signed.ok_or(WitnessError::Unsigned)?.line;
                    keep(&path, (&key, &self.place.key), &(shown.note + &line)).map_err(WitnessError::Keep)?;
                    (self.signed, self.kept) = (size, size);
                    return Ok(Witnessed::Upto(size));
                }
                (409, body) => match body.trim_end().parse() {
                    Ok(has) if has != self.signed && !last_try => self.signed = has,
                    _ => return Err(WitnessError::Refused(409)),
                },
                (status, _) => return Err(WitnessError::Refused(status)),
            }
        }
        Err(WitnessError::Refused(409))
    }

    fn call(&self, body: &str) -> Result<(u16, String), WitnessError> {
        let away = |error: ureq::Error| WitnessError::Away(error.to_string());
        let request = self.agent.post(format!("{}/add-checkpoint", self.place.url));
        let mut answer = request.content_type("text/plain; charset=utf-8").send(body).map_err(away)?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().map_err(away)?;
        Ok((status, text))
    }
}

/// How many records the last one covers that this witness signed. A file whose last one is another's, of a witness that
/// was configured before, is put aside.
fn kept(path: &Path, key: &PublicKey, witness: &PublicKey) -> io::Result<u64> {
    let tail = cosignature::tail(path, key, Some(witness))?;
    match tail.last {
        Some(last) => Ok(last.checkpoint.head.tip.seq),
        None if tail.len == 0 => Ok(0),
        None => put_aside(path).map(|()| 0),
    }
}

/// `cosigned.before-1`, `cosigned.before-2` …: whoever wants to compare with them names the file and that witness's key.
fn put_aside(path: &Path) -> io::Result<()> {
    for number in 1..=ASIDE_MAX {
        let aside = path.with_extension(format!("before-{number}"));
        match fs::hard_link(path, &aside) {
            Ok(()) => return fs::remove_file(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many files of earlier witnesses lie there: move them away"))
}

const ASIDE_MAX: u32 = 1000;

/// Behind the last whole one; what a crash or a full disk cut short is written over: nobody was told of it.
fn keep(path: &Path, (key, witness): (&PublicKey, &PublicKey), note: &str) -> io::Result<()> {
    let tail = cosignature::tail(path, key, Some(witness))?;
    let is_of_another = tail.len > 0 && tail.last.is_none();
    if is_of_another {
        put_aside(path)?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.set_len(if is_of_another { 0 } else { tail.whole })?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(note.as_bytes())?;
    file.sync_all()
}

/// A thread that asks every minute, and less often one that does not answer.
pub struct Witnessing {
    stop: Sender<()>,
    done: Receiver<()>,
}

const EVERY: Duration = Duration::from_secs(60);
/// A first question soon tells whether the configuration is right.
const FIRST: Duration = Duration::from_secs(2);
/// A witness that does not answer does not keep the gateway from stopping.
const STOP: Duration = Duration::from_secs(2);
/// A witness that is away is asked every quarter of an hour at least.
const EVERY_MAX: Duration = Duration::from_secs(15 * 60);

impl Witnessing {
    /// Starts it; `told` is given what each question came to, in a word: `cosigned`, `away`, `refused`.
    pub fn start(home: Home, place: Place, told: impl Fn(&'static str) + Send + 'static) -> io::Result<Witnessing> {
        let (stop, stopped) = mpsc::channel::<()>();
        let (ended, done) = mpsc::channel();
        let url = place.url.clone();
        let mut witness = Witness::open(home, place);
        let look = move || {
            let (mut wait, mut well) = (FIRST, true);
            loop {
                let last = stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
                let word = tell(&witness.ask(), &url, well);
                told(word);
                well = word == COSIGNED;
                wait = if well { EVERY } else { (wait * 2).clamp(EVERY, EVERY_MAX) };
                if last {
                    // Whoever waits for it may have gone.
                    let _ = ended.send(());
                    return;
                }
            }
        };
        thread::Builder::new().name("ledger-witness".into()).spawn(look)?;
        Ok(Witnessing { stop, done })
    }

    /// Shows it the last checkpoint, which a ledger signs as it stops, and ends the thread.
    pub fn stop(self) {
        drop(self.stop);
        if self.done.recv_timeout(STOP) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the witness did not answer in time; it has not seen the last checkpoint");
        }
    }
}

/// The last checkpoint is signed.
pub const COSIGNED: &str = "cosigned";
/// It could not be asked.
pub const AWAY: &str = "away";
/// It was asked, and did not sign; or has signed more than there is.
pub const REFUSED: &str = "refused";

/// Logs what changed, and gives the word for it.
fn tell(asked: &Result<Witnessed, WitnessError>, url: &str, well: bool) -> &'static str {
    match asked {
        Ok(Witnessed::Upto(_)) => {
            if !well {
                tracing::info!(%url, "checkpoints are cosigned again");
            }
            COSIGNED
        }
        Ok(Witnessed::Behind { ledger, witness }) => {
            tracing::error!(%url, ledger, witness, "the witness has signed more records than the ledger holds: records are missing");
            REFUSED
        }
        Err(error) => {
            if well {
                tracing::error!(%url, %error, "checkpoints are not cosigned; the gateway goes on");
            }
            if matches!(error, WitnessError::Refused(_) | WitnessError::Unsigned) { REFUSED } else { AWAY }
        }
    }
}

/// The cosigned checkpoints of a ledger.
pub fn kept_in(dir: &Path) -> PathBuf {
    dir.join(cosignature::FILE_NAME)
}
