//! `sudare migrate`: records that a CRM held before its rules said `store:` get tokens in the place of values, one by
//! one and through the CRM's own API.
//!
//! What becomes of one record is `serve/exchange/migrate`'s. Here is which records are meant, what is done already
//! (`journal`), and what is told (`report`). Whatever ends it, it is started again with the same words and goes on.

mod journal;
mod report;

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use ulid::Ulid;

use crate::cli::ledger::{Format, user};
use crate::cli::migrate::journal::{Journal, JournalError};
use crate::cli::migrate::report::Report;
use crate::cli::say::{Lang, complain, diagnostics, ended, phrase, tell, texts};
use crate::cli::{DONE, FAILED, UNUSABLE, default_config, serve};
use crate::guard::subject;
use crate::ledger::readings::{self, Reading};
use crate::policy::Policy;
use crate::serve::exchange::migrate::{Failure, METHODS, Migration, Outcome};
use crate::serve::loading::LoadError;
use crate::serve::memory;
use crate::serve::migrating::{self, OpenError, Opened};
use crate::terms::disclosure::Subject;

/// How long an id may be.
const ID_BYTES_MAX: u64 = 4096;

/// `sudare migrate`
#[derive(Args, Debug)]
pub struct MigrateArgs {
    /// The gateway's configuration
    #[arg(short, long, value_name = "FILE", default_value_os_t = default_config())]
    config: PathBuf,
    /// The resource that shows a record, and writes it
    #[arg(long, value_name = "ID")]
    resource: String,
    /// The resource that writes it, where that is another
    #[arg(long, value_name = "ID")]
    write: Option<String>,
    /// The ids of the records, one a line; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    ids: PathBuf,
    /// How records are written [default: the first of PATCH, PUT, POST that the resource takes]
    #[arg(long, value_name = "METHOD", ignore_case = true, value_parser = ["PATCH", "PUT", "POST"])]
    method: Option<String>,
    /// Write what changes as a form, and not as JSON
    #[arg(long)]
    form: bool,
    /// The host of the CRM, where gateway.yaml names several `sites:`
    #[arg(long, value_name = "HOST")]
    site: Option<String>,
    /// A header of each question, as `'Authorization: env:NAME'`; a value is also `file:PATH`
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// Where it is noted what is done [default: migrate-RESOURCE.jsonl in the state folder]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Records a second, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Write nothing, and tell what would be written
    #[arg(long)]
    dry_run: bool,
    /// How to print the report
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

/// Why nothing is done.
struct Trouble {
    status: u8,
    what: String,
}

fn unusable(what: String) -> Trouble {
    Trouble { status: UNUSABLE, what }
}

fn refused(what: String) -> Trouble {
    Trouble { status: FAILED, what }
}

/// Runs the command.
pub fn run(args: &MigrateArgs, lang: Lang) -> u8 {
    memory::keep();
    let config = match serve::configuration(&args.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let opened = match migrating::open(&config, args.site.as_deref()) {
        Ok(opened) => opened,
        Err(OpenError::Rules(LoadError::Wrong { faults, sources })) => {
            tell(&diagnostics(lang, &faults, &sources));
            return FAILED;
        }
        Err(error) => {
            complain(lang, &error.to_string());
            return UNUSABLE;
        }
    };
    let job = Job::of(args, opened, lang).and_then(|job| {
        job.note(&config.state.join("ledger"));
        let path = args.journal.clone();
        let path = path.unwrap_or_else(|| config.state.join(format!("migrate-{}.jsonl", args.resource)));
        job.run(&path)
    });
    match job {
        Ok((text, status)) => {
            let mut out = BufWriter::new(io::stdout().lock());
            ended(out.write_all(text.as_bytes()).and_then(|()| out.flush()), status, lang)
        }
        Err(trouble) => {
            complain(lang, &trouble.what);
            trouble.status
        }
    }
}

/// One migration.
struct Job<'a> {
    args: &'a MigrateArgs,
    lang: Lang,
    opened: Opened,
    write: &'a str,
    method: Method,
    headers: HeaderMap,
    report: Report,
}

impl<'a> Job<'a> {
    fn of(args: &'a MigrateArgs, opened: Opened, lang: Lang) -> Result<Job<'a>, Trouble> {
        let policy = &opened.policy;
        if policy.store().tokens.is_empty() {
            return Err(refused(texts::NO_STORE.of(lang).to_owned()));
        }
        let write = args.write.as_deref().unwrap_or(&args.resource);
        for resource in [args.resource.as_str(), write] {
            if !policy.resource_ids().iter().any(|own| **own == *resource) {
                return Err(unusable(texts::MIGRATE_NO_RESOURCE.with(lang, &[("resource", &resource)])));
            }
        }
        let page = |resource: &str, method: &str| policy.page_by(resource, "0", method);
        let Some(read) = page(&args.resource, "GET") else {
            return Err(refused(texts::MIGRATE_NO_PAGE.with(lang, &[("resource", &args.resource)])));
        };
        let may = |method: &Method| {
            args.method.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(method.as_str()))
                && !(args.form && *method == Method::PATCH && args.method.is_none())
                && page(write, method.as_str()).is_some_and(|page| page.of == read.of)
        };
        let Some(method) = METHODS.into_iter().find(may) else {
            return Err(refused(texts::MIGRATE_NO_WRITE.with(lang, &[("resource", &write)])));
        };
        let told = headers(&args.header).map_err(|what| unusable(phrase(lang, &what).into_owned()))?;
        let headers = opened.headers(&told, args.site.as_deref());
        let headers = headers.ok_or_else(|| unusable(texts::MIGRATE_NO_HOST.of(lang).to_owned()))?;
        Ok(Job { args, lang, write, method, headers, opened, report: Report::default() })
    }

    /// Puts down that records of the CRM are read, before any is: a dry run reads them too. Their values go to nobody,
    /// so that it is one record for all of them; which they were is in the journal.
    fn note(&self, dir: &Path) {
        let what = format!("migrate {}{}", self.args.resource, if self.args.dry_run { " --dry-run" } else { "" });
        let reading = Reading { id: Ulid::generate().to_string(), by: user(), what, subject: None, deleted: None };
        if let Err(error) = made(dir).and_then(|()| readings::note(dir, &reading)) {
            complain(self.lang, &texts::READING_UNTOLD.with(self.lang, &[("why", &error)]));
        }
    }

    fn run(mut self, path: &Path) -> Result<(String, u8), Trouble> {
        let Job { args, lang, .. } = self;
        let head = journal::head(&args.resource, &store(&self.opened.policy), self.opened.version);
        let journal = if args.dry_run { Ok(None) } else { Journal::open(path, &head).map(Some) };
        let mut journal = journal.map_err(|error| unopened(&error, path, lang))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| refused(texts::NO_RUNTIME.with(lang, &[("error", &error)])))?;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        runtime.spawn(async move {
            // Where nobody can be heard, the process ends as it does anyway.
            if tokio::signal::ctrl_c().await.is_ok() {
                told.store(true, Ordering::Release);
            }
        });
        let stopped = runtime.block_on(self.records(&mut journal, &stop));
        if io::stderr().is_terminal() {
            tell("\n");
        }
        let stopped = stopped?;
        let text = match args.format {
            Format::Table => self.report.table(lang, args.dry_run),
            Format::Json => format!("{}\n", self.report.json(&args.resource, args.dry_run, stopped.as_deref())),
        };
        if let Some(why) = &stopped {
            let why = phrase(lang, why);
            complain(lang, &texts::MIGRATION_STOPPED.with(lang, &[("why", &why)]));
        }
        let status = if self.report.failed == 0 && stopped.is_none() { DONE } else { FAILED };
        if let Err(error) = self.opened.close() {
            complain(lang, &error.to_string());
        }
        Ok((text, status))
    }

    /// Converts record after record; gives why it stopped before the last.
    async fn records(&mut self, journal: &mut Option<Journal>, stop: &AtomicBool) -> Result<Option<String>, Trouble> {
        let lang = self.lang;
        let unread = |error: io::Error| {
            unusable(texts::CANNOT_READ.with(lang, &[("path", &self.args.ids.display()), ("error", &error)]))
        };
        let mut ids = Ids::open(&self.args.ids).map_err(unread)?;
        let pause = self.args.rate.map(|rate| Duration::from_secs(1) / rate);
        loop {
            if stop.load(Ordering::Acquire) {
                return Ok(Some(texts::INTERRUPTED.of(lang).to_owned()));
            }
            let Some(id) = ids.next().map_err(unread)? else { return Ok(None) };
            self.report.records += 1;
            let name = self.name(&id);
            if journal.as_ref().is_some_and(|journal| journal.is_done(&name)) {
                self.report.skipped += 1;
                continue;
            }
            let begun = tokio::time::Instant::now();
            let failure = self.record(&id, &name, journal).await?;
            self.show();
            if let Some(failure) = failure.filter(|failure| failure.stops) {
                return Ok(Some(failure.note));
            }
            if let Some(pause) = pause {
                tokio::time::sleep_until(begun + pause).await;
            }
        }
    }

    async fn record(
        &mut self,
        id: &str,
        name: &str,
        journal: &mut Option<Journal>,
    ) -> Result<Option<Failure>, Trouble> {
        let (args, lang) = (self.args, self.lang);
        // What cannot be counted goes on uncounted, as in a gateway.
        let _ = self.opened.count();
        let migration = Migration {
            policy: &self.opened.policy,
            mint: &self.opened.mint,
            vault: self.opened.vault.as_deref(),
            upstream: &self.opened.upstream,
            bounds: &self.opened.bounds,
            read: &args.resource,
            write: self.write,
            method: self.method.clone(),
            form: args.form,
            headers: &self.headers,
        };
        let done = migration.record(id, args.dry_run).await;
        let at = jiff::Timestamp::now().to_string();
        let (line, failure) = match done {
            Ok(told) => {
                self.report.add(&told);
                let kinds = |of: Outcome| if of == Outcome::Converted { Some(&told.kinds) } else { None };
                let kinds = kinds(told.outcome).into_iter().flatten().map(|(kind, tally)| (kind, tally.converted));
                let kinds: std::collections::BTreeMap<&String, u64> = kinds.collect();
                (json!({ "id": name, "outcome": report::word(told.outcome), "kinds": kinds, "at": at }), None)
            }
            Err(failure) => {
                self.report.fail(name, &failure);
                let line =
                    json!({ "id": name, "outcome": "failed", "reason": failure.word, "note": failure.note, "at": at });
                (line, Some(failure))
            }
        };
        if let Some(Err(error)) = journal.as_mut().map(|journal| journal.note(&line)) {
            return Err(refused(texts::JOURNAL_UNWRITTEN.with(lang, &[("error", &error)])));
        }
        Ok(failure)
    }

    /// A record's name in journals and reports: as the ledger would call it.
    fn name(&self, id: &str) -> String {
        let Opened { policy, mint, .. } = &self.opened;
        let of = policy.page_by(&self.args.resource, id, "GET").map_or_else(String::new, |page| page.of);
        let about = Subject { in_ledger: policy.in_ledger(&of), kind: of, id: Some(id.to_owned()) };
        let name = subject::id_for_ledger(policy.detectors(), &about, mint.as_ref());
        name.map(std::borrow::Cow::into_owned).unwrap_or_default()
    }

    fn show(&self) {
        if io::stderr().is_terminal() {
            tell(&format!("\r{}", self.report.progress(self.lang)));
        }
    }
}

/// Makes the ledger's folder where no gateway ever ran: what root makes is still the gateway's.
fn made(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    let owner = fs::metadata(dir.parent().unwrap_or(dir))?;
    chown(dir, Some(owner.uid()), Some(owner.gid()))
}

/// What `store:` says, in one line.
fn store(policy: &Policy) -> String {
    policy.store_said().into_iter().map(|(what, said)| format!("{what}: {said}")).collect::<Vec<_>>().join("; ")
}

fn unopened(error: &JournalError, path: &Path, lang: Lang) -> Trouble {
    let path = path.display();
    match error {
        JournalError::Io(error) => unusable(texts::JOURNAL_UNOPENED.with(lang, &[("path", &path), ("error", error)])),
        JournalError::Busy => refused(texts::JOURNAL_BUSY.with(lang, &[("path", &path)])),
        JournalError::Other => refused(texts::JOURNAL_OTHER.with(lang, &[("path", &path)])),
        JournalError::Odd(line) => unusable(texts::JOURNAL_ODD.with(lang, &[("path", &path), ("line", line)])),
    }
}

/// `NAME: VALUE`, where a value may stand in the environment or in a file.
fn headers(told: &[String]) -> Result<HeaderMap, String> {
    let mut all = HeaderMap::new();
    for text in told {
        let (name, value) = text.split_once(':').ok_or("a header is written `NAME: VALUE`")?;
        let name = name.trim();
        let key: HeaderName = name.parse().map_err(|_| format!("`{name}` is no name of a header"))?;
        let value = value.trim();
        let value = match (value.strip_prefix("env:"), value.strip_prefix("file:")) {
            (Some(variable), _) => {
                std::env::var(variable).map_err(|_| format!("`{variable}` is not set in the environment"))?
            }
            (_, Some(path)) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| format!("`{path}` cannot be read: {error}"))?;
                text.trim_end().to_owned()
            }
            _ => value.to_owned(),
        };
        let mut value =
            HeaderValue::from_str(&value).map_err(|_| format!("what `{name}` says is no header's value"))?;
        value.set_sensitive(true);
        all.insert(key, value);
    }
    Ok(all)
}

/// Ids, one a line.
struct Ids {
    lines: Box<dyn BufRead>,
    number: usize,
}

impl Ids {
    fn open(path: &Path) -> io::Result<Ids> {
        let lines: Box<dyn BufRead> = match path == Path::new("-") {
            true => Box::new(BufReader::new(io::stdin())),
            false => Box::new(BufReader::new(File::open(path)?)),
        };
        Ok(Ids { lines, number: 0 })
    }

    fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let mut line = Vec::new();
            let count = io::Read::take(&mut self.lines, ID_BYTES_MAX).read_until(b'\n', &mut line)?;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            let odd = || io::Error::other(format!("line {} is no id", self.number));
            let text = String::from_utf8(line).map_err(|_| odd())?;
            let id = text.trim();
            if count as u64 == ID_BYTES_MAX || id.contains(char::is_control) {
                return Err(odd());
            }
            if !id.is_empty() {
                return Ok(Some(id.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_from_where_they_say() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "Bearer x\n").expect("written");
        let told = [format!("Authorization: file:{}", path.display()), "Accept: application/json".to_owned()];
        let all = headers(&told).expect("headers");
        assert_eq!(
            (all["authorization"].as_bytes(), all["accept"].as_bytes()),
            (&b"Bearer x"[..], &b"application/json"[..])
        );
        assert!(!format!("{all:?}").contains("Bearer"));
        for wrong in ["x", "a b: c", "X: env:SUDARE_NOBODY_SETS_THIS", "X: file:/nobody/has/this"] {
            assert!(headers(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ids_are_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ids");
        let read = |text: &[u8]| -> io::Result<Vec<String>> {
            std::fs::write(&path, text)?;
            let mut ids = Ids::open(&path)?;
            std::iter::from_fn(|| ids.next().transpose()).collect()
        };
        assert_eq!(read("1\r\n\n  2 \n三".as_bytes()).expect("ids"), ["1", "2", "三"]);
        assert!(read(b"\xff\n").is_err() && read(&[b'1'; 5000]).is_err() && read(b"a\tb\n").is_err());
    }
}
