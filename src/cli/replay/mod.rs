//! `sudare replay`: what a change of rules would newly show, hide and refuse on recorded traffic.
//!
//! Every recorded exchange runs through the gateway's own exchange twice for every role, under the
//! rules as they are and under the new ones. What is told are numbers and places, no value.

mod changes;
mod har;
mod report;

use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::cli::explain::{Format, Seen, SeenLeaf, bytes};
use crate::cli::replay::changes::{Change, Changes, Difference, Row};
use crate::cli::replay::har::Entry;
use crate::cli::say::{Lang, complain, ended, texts};
use crate::cli::who::{Who, role};
use crate::cli::{DONE, FAILED, UNUSABLE, rulebook};
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::strict;
use crate::serve::exchange::dry::{self, Caller, Got};
use crate::terms::mint::Mint;
use crate::terms::staff::Staff;
use crate::vault::mint::KeyMint;
use crate::vault::ring::Ring;

/// `sudare replay`
#[derive(Args)]
pub struct ReplayArgs {
    /// The new rules: files or folders
    #[arg(long, value_name = "NEW", required = true)]
    rules: Vec<PathBuf>,
    /// The gateway's configuration, with the rules as they are [default: gateway.yaml]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rule files or folders as they are
    #[arg(long, value_name = "PATH")]
    old: Vec<PathBuf>,
    /// This role alone; with --staff or --group, a role of theirs
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    #[command(flatten)]
    who: Who,
    /// Let a change of this sort fail the command
    #[arg(long, value_name = "CHANGE")]
    fail_on: Vec<FailOn>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Recorded traffic: HAR files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// What stands for the kind of a value that no kind was found for: the resource's `unlisted` judged it.
const UNLISTED: &str = "unlisted";

/// What fails the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Anything that shows more, answers that are no longer refused too
    Shown,
    /// Anything that hides more
    Hidden,
    /// Answers that are newly refused
    Refused,
}

/// Runs the command; gives the exit status.
pub fn run(args: &ReplayArgs, lang: Lang) -> u8 {
    let opened = rulebook::open(args.config.as_deref(), &args.old, lang);
    let policies = opened.and_then(|old| Ok((old, rulebook::open(None, &args.rules, lang)?)));
    let (old, new) = match policies {
        Ok(policies) => policies,
        Err(status) => return status,
    };
    let mint: Arc<dyn Mint> = match Ring::passing() {
        Ok(ring) => Arc::new(KeyMint::passing(Arc::new(ring))),
        Err(error) => {
            complain(lang, &error.to_string());
            return FAILED;
        }
    };
    let replayed = askers(args, &old, &new, lang).and_then(|askers| {
        let time = jiff::Timestamp::now();
        let network = args.who.network;
        let mut replay = Replay { old: &old, new: &new, mint: &mint, network, time, askers, told: Told::default() };
        args.files.iter().try_for_each(|path| replay.file(path, lang))?;
        Ok(replay)
    });
    let replay = match replayed {
        Ok(replay) => replay,
        Err(what) => {
            complain(lang, &what);
            return UNUSABLE;
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Json => replay.json(&mut out),
        Format::Text => replay.text(lang, &mut out),
    };
    let fails = args.fail_on.iter().any(|on| replay.told.fails(*on));
    ended(written.and_then(|()| out.flush()), if fails { FAILED } else { DONE }, lang)
}

/// Somebody who asks everything that was recorded.
struct Asker {
    name: Arc<str>,
    staff: Staff,
    /// What they are under the rules as they are, and under the new ones.
    old: Vec<RoleId>,
    new: Vec<RoleId>,
}

/// Somebody in particular, or each role by itself: those that either policy has, or those that are
/// asked for. A role that only one policy has gets nothing under the other.
fn askers(args: &ReplayArgs, old: &Policy, new: &Policy, lang: Lang) -> Result<Vec<Asker>, String> {
    for name in &args.roles {
        if old.role(name).is_none() {
            role(new, name, lang)?;
        }
    }
    let under = |policy: &Policy, names: &[String]| {
        let names: Vec<_> = names.iter().filter(|name| policy.role(name).is_some()).cloned().collect();
        args.who.roles(&names, policy, lang)
    };
    let one = |name: &str, roles: &[String]| {
        let (old, new) = (under(old, roles)?, under(new, roles)?);
        Ok(Asker { name: name.into(), staff: args.who.staff(name), old, new })
    };
    if let Some(name) = args.who.name() {
        return Ok(vec![one(name, &args.roles)?]);
    }
    let mut names = args.roles.clone();
    if names.is_empty() {
        names = old.all_roles().into_iter().chain(new.all_roles()).map(|name| name.to_string()).collect();
    }
    names.sort();
    names.dedup();
    names.iter().map(|name| one(name, std::slice::from_ref(name))).collect()
}

struct Replay<'a> {
    old: &'a Policy,
    new: &'a Policy,
    mint: &'a Arc<dyn Mint>,
    network: IpAddr,
    time: jiff::Timestamp,
    askers: Vec<Asker>,
    told: Told,
}

/// What came of it.
#[derive(Default)]
struct Told {
    changes: Changes,
    entries: usize,
    /// Entries without an answer's body.
    skipped: usize,
    /// Answers that both policies refuse: in nothing is one more open than the other.
    refused_by_both: usize,
}

impl Told {
    fn fails(&self, on: FailOn) -> bool {
        let any = |change| self.changes.count(change) > 0;
        match on {
            FailOn::Shown => any(Change::Shown) || any(Change::Passed),
            FailOn::Hidden => any(Change::Hidden),
            FailOn::Refused => any(Change::Refused),
        }
    }
}

impl Replay<'_> {
    fn file(&mut self, path: &Path, lang: Lang) -> Result<(), String> {
        let wrong = |why: String| texts::NO_HAR.with(lang, &[("path", &path.display()), ("why", &why)]);
        let entries = har::read(&bytes(path, lang)?).map_err(wrong)?;
        entries.iter().for_each(|entry| self.entry(entry));
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) {
        self.told.entries += 1;
        self.told.skipped += usize::from(!entry.complete);
        for asker in &self.askers {
            let old = self.judged(self.old, entry, asker, &asker.old);
            let new = self.judged(self.new, entry, asker, &asker.new);
            let (Some(old), Some(new)) = (old, new) else { continue };
            compare(&mut self.told, (self.old, self.new), (entry, &asker.name), &old, &new);
        }
    }

    fn judged(&self, policy: &Policy, entry: &Entry, asker: &Asker, roles: &[RoleId]) -> Option<(Got, Vec<SeenLeaf>)> {
        let caller = Caller { staff: Some(&asker.staff), roles, network: self.network, time: self.time };
        let seen = Arc::new(Seen::default());
        let got = dry::noted(policy, self.mint, &caller, seen.clone(), entry.request()?, (entry.response()?, None));
        Some((got, seen.take()))
    }
}

/// Counts what becomes of one exchange under both policies.
fn compare(
    told: &mut Told,
    (old_policy, new_policy): (&Policy, &Policy),
    (entry, role): (&Entry, &Arc<str>),
    old: &(Got, Vec<SeenLeaf>),
    new: &(Got, Vec<SeenLeaf>),
) {
    let plan = new.0.plan.as_ref().or(old.0.plan.as_ref());
    let resource = plan.map(|plan| plan.resources.join("+")).filter(|ids| !ids.is_empty());
    let resource = resource.unwrap_or_else(|| "undeclared".to_owned());
    let word = |got: &Got| match &got.refusal {
        Some(refusal) => format!("{} {}", got.status, refusal.reason.word()),
        None => "released".to_owned(),
    };
    let change = match (&old.0.refusal, &new.0.refusal) {
        (Some(_), Some(_)) => {
            told.refused_by_both += 1;
            return;
        }
        (None, Some(_)) => Some(Change::Refused),
        (Some(_), None) => Some(Change::Passed),
        (None, None) => None,
    };
    if let Some(change) = change {
        let (before, after) = (word(&old.0), word(&new.0));
        let row = Row { change, role: role.clone(), resource, kind: None, before, after };
        return told.changes.note(row, entry.number, None);
    }
    for Difference { kind, new: of_new, before, after, begin } in changes::differences(&old.1, &new.1) {
        let more = strict::rank(after) < strict::rank(before);
        let policy = if of_new { new_policy } else { old_policy };
        let kind = kind.map_or_else(|| UNLISTED.to_owned(), |kind| policy.kinds().get(kind).name.clone());
        let row = Row {
            change: if more { Change::Shown } else { Change::Hidden },
            role: role.clone(),
            resource: resource.clone(),
            kind: Some(kind),
            before: before.to_string(),
            after: after.to_string(),
        };
        let before = begin.and_then(|begin| entry.text()?.get(..begin));
        told.changes.note(row, entry.number, before.map(|text| text.matches('\n').count() + 1));
    }
}
