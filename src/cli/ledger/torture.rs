//! `sudare ledger torture`: a process that discloses under load is killed again and again, on the disk of your choice,
//! and what it had disclosed is held against its ledger.
//!
//! The process is this very program, with as many callers as a gateway under load; each tells of a record only when it
//! was told that the record is durable, as a gateway releases its part. It also tends its closed segments all the time.
//! A kill loses what a process holds, not what the system has taken: pulled plugs are the tests' to play.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::cli::ledger::{Desk, Format, TortureArgs, Trouble};
use crate::cli::say::{Lang, phrase, texts};
use crate::cli::{DONE, FAILED};
use crate::ledger::archive::tend;
use crate::ledger::entry::{Entry, Subject};
use crate::ledger::key::PublicKey;
use crate::ledger::open::Home;
use crate::ledger::query::{Filter, query};
use crate::ledger::verify::{Kept, verify};
use crate::ledger::{Bounds, Ledger};
use crate::terms::event::Event;

/// What came of it.
#[derive(Default)]
struct Told {
    /// Request to record, as the killed processes told.
    disclosed: HashMap<String, u64>,
    /// Requests that were disclosed and are not in the ledger under that number.
    missing: Vec<String>,
    records: u64,
    segments: u64,
    /// What `verify` found.
    finding: Option<String>,
}

/// Runs the command. `progress` is told how many kills of how many are done.
pub(super) fn run(told: &TortureArgs, desk: &mut Desk<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let refused = |error: &io::Error| {
        let words: [(&str, &dyn std::fmt::Display); 2] = [("path", &told.dir.display()), ("error", error)];
        Trouble::of(texts::NO_TORTURE.with(lang, &words), texts::NO_TORTURE_HELP.of(lang))
    };
    if let Some(life) = told.child {
        return child(&told.dir, life).map(|()| DONE).map_err(|error| refused(&error));
    }
    let empty = |dir: &Path| Ok::<_, io::Error>(!dir.exists() || fs::read_dir(dir)?.next().is_none());
    if !empty(&told.dir).map_err(|error| refused(&error))? {
        let what = texts::TORTURE_FULL.with(lang, &[("path", &told.dir.display())]);
        return Err(Trouble::of(what, texts::TORTURE_FULL_HELP.of(lang)));
    }
    let ended = torture(told, progress).map_err(|error| refused(&error))?;
    let holds = ended.missing.is_empty() && ended.finding.is_none();
    if holds {
        fs::remove_dir_all(&told.dir).map_err(|error| refused(&error))?;
    }
    tell(&ended, told, desk)?;
    Ok(if holds { DONE } else { FAILED })
}

fn tell(ended: &Told, told: &TortureArgs, desk: &mut Desk<'_>) -> Result<(), Trouble> {
    let lang = desk.lang;
    let (disclosed, missing) = (ended.disclosed.len(), ended.missing.len());
    if desk.format == Format::Json {
        let json = serde_json::json!({
            "kills": told.kills, "disclosed": disclosed, "records": ended.records, "segments": ended.segments,
            "missing": ended.missing, "fault": ended.finding, "seed": told.seed,
        });
        writeln!(desk.out, "{json}")?;
    } else {
        let words: [(&str, &dyn std::fmt::Display); 5] = [
            ("kills", &told.kills),
            ("disclosed", &disclosed),
            ("records", &ended.records),
            ("segments", &ended.segments),
            ("missing", &missing),
        ];
        writeln!(desk.out, "{}", texts::TORTURED.with(lang, &words))?;
    }
    desk.out.flush()?;
    let kept = texts::TORTURE_KEPT.with(lang, &[("path", &told.dir.display()), ("seed", &told.seed)]);
    if let Some(finding) = &ended.finding {
        desk.told(texts::ERROR.of(lang), &phrase(lang, finding), &kept);
    }
    if let Some(first) = ended.missing.first() {
        let what = texts::TORTURE_MISSING.with(lang, &[("missing", &missing), ("first", first)]);
        desk.told(texts::ERROR.of(lang), &what, &kept);
    }
    Ok(())
}

/// So small that a few records close a segment.
const SEGMENT_BYTES: u64 = 20_000;
const CALLERS: u64 = 4;
/// So many lines of a child are read at most before it is killed.
const LINES_MAX: u64 = 200;

fn torture(told: &TortureArgs, progress: &mut dyn FnMut(u64, u64)) -> io::Result<Told> {
    let mut ended = Told::default();
    let mut random = told.seed;
    for kill in 0..told.kills {
        // Knuth's MMIX generator: what was drawn can be drawn again.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines_read = (random >> 33) % LINES_MAX;
        for line in killed_after(&told.dir, kill, lines_read as usize)? {
            if let Some((seq, request)) = line.split_once(' ') {
                let seq = seq.parse().map_err(|_| io::Error::other("a child said something else than it should"))?;
                ended.disclosed.insert(request.to_owned(), seq);
            }
        }
        progress(kill + 1, told.kills);
    }
    // A clean start and stop, as operations would make them before they look.
    open(&told.dir, |ledger, writer| {
        ledger.stop();
        writer.run()
    })?;
    compare(&told.dir, &mut ended)?;
    Ok(ended)
}

fn killed_after(dir: &Path, life: u64, lines_read: usize) -> io::Result<Vec<String>> {
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["ledger", "torture", "--child", &life.to_string(), "--dir"]).arg(dir);
    let mut child = child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let said = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut lines = BufReader::new(said).lines();
    let mut all = lines.by_ref().take(lines_read).collect::<io::Result<Vec<String>>>()?;
    child.kill()?;
    // What was said before the kill is in the pipe still; a line that the kill cut was not said.
    all.extend(lines.map_while(Result::ok));
    child.wait()?;
    Ok(all.iter().filter_map(|line| line.strip_suffix(';')).map(str::to_owned).collect())
}

fn compare(dir: &Path, ended: &mut Told) -> io::Result<()> {
    let home = Home::within(dir, NODE);
    let key = PublicKey::read(&home.key.with_extension("pub")).map_err(io::Error::other)?;
    let report = verify(&home.dir, &key, &Kept::default(), &mut |_, _| {}).map_err(io::Error::other)?;
    (ended.records, ended.segments) = (report.records, report.segments);
    ended.finding = report.finding.map(|finding| finding.what);
    let mut recorded = HashMap::new();
    query(&home.dir, &Filter::default(), &mut |record, _| {
        if let Some(request) = &record.request {
            recorded.insert(request.clone(), record.seq);
        }
        ControlFlow::Continue(())
    })?;
    let disclosed = &ended.disclosed;
    ended.missing = disclosed
        .iter()
        .filter(|(request, seq)| recorded.get(*request) != Some(seq))
        .map(|(id, _)| id.clone())
        .collect();
    Ok(())
}

const NODE: &str = "torture";

fn open(dir: &Path, with: impl FnOnce(Ledger, crate::ledger::writer::Writer) -> io::Result<()>) -> io::Result<()> {
    let bounds = Bounds {
        checkpoint_every: Duration::from_millis(3),
        segment_bytes_max: SEGMENT_BYTES,
        // A slow disk is not what is looked for.
        commit_max: Duration::from_secs(60),
        ..Bounds::default()
    };
    fs::create_dir_all(dir)?;
    let (ledger, writer) =
        Ledger::open(Home::within(dir, NODE), bounds, Box::new(Timestamp::now)).map_err(io::Error::other)?;
    with(ledger, writer)
}

/// What is killed: discloses until then, and says so on stdout, a line a record.
fn child(dir: &Path, life: u64) -> io::Result<()> {
    open(dir, |ledger, writer| {
        for caller in 0..CALLERS {
            let ledger = ledger.clone();
            // Written to as it is: the command's own stdout is locked and buffered.
            let mut pipe = File::from(io::stdout().as_fd().try_clone_to_owned()?);
            std::thread::spawn(move || disclose(&ledger, life, caller, &mut pipe));
        }
        let folder: PathBuf = Home::within(dir, NODE).dir;
        std::thread::spawn(move || {
            loop {
                // It fails where the kill before left a file half removed; the next pass makes it whole.
                let _ = tend(&folder, SystemTime::now(), &|| true);
            }
        });
        writer.run()
    })
}

fn disclose(ledger: &Ledger, life: u64, caller: u64, pipe: &mut File) {
    for round in 0_u64.. {
        let request = format!("{life}-{caller}-{round}");
        let (tell, told) = mpsc::channel();
        let kinds = [("phone".into(), "mask".into(), 1)].into_iter().collect();
        let id = Some((round % 100).to_string().into());
        let entry = Entry {
            request: Some(request.clone().into()),
            staff: Some("basic:tanaka".into()),
            resource: Some("customer".into()),
            outcome: Some("released".into()),
            subjects: vec![Subject { of: "customer".into(), id, kinds }],
            ..Entry::new(Event::View)
        };
        let heard = move |result| {
            // Whoever asked waits for it.
            let _ = tell.send(result);
        };
        ledger.append(entry, Box::new(heard));
        let Ok(Ok(committed)) = told.recv() else { return };
        // A pipe takes a line this short whole, or not at all; the mark at its end says that it was whole.
        let line = format!("{} {request};\n", committed.seq);
        if pipe.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

/// A kill more is shown on the terminal.
pub(super) fn shown(lang: Lang, done: u64, total: u64) -> String {
    let end = if done >= total { "\r\u{1b}[K" } else { "" };
    format!("\r{}{end}", texts::TORTURING.with(lang, &[("done", &done), ("total", &total)]))
}
