//! `sudare replay`: what a change of rules would newly show, hide and refuse on recorded traffic.
//!
//! Every recorded exchange runs through the gateway's own exchange twice for every role, under the
//! rules as they are and under the new ones. What is told are numbers and places, no value.

mod changes;
mod har;

use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::explain::{Format, Seen, SeenLeaf, bytes, role};
use crate::cli::grid::Grid;
use crate::cli::replay::changes::{Change, Changes, Counted, Difference, Row};
use crate::cli::replay::har::Entry;
use crate::cli::say::{Lang, complain, texts};
use crate::cli::{DONE, FAILED, UNUSABLE, rulebook};
use crate::policy::Policy;
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
    /// This role alone
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Where staff asks from
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    network: IpAddr,
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
    let roles = match roles(args, &old, &new, lang) {
        Ok(roles) => roles,
        Err(what) => {
            complain(lang, &what);
            return UNUSABLE;
        }
    };
    let time = jiff::Timestamp::now();
    let mut replay = Replay {
        old: &old,
        new: &new,
        mint: &mint,
        network: args.network,
        time,
        changes: Changes::default(),
        entries: 0,
        skipped: 0,
    };
    for path in &args.files {
        let read = bytes(path, lang).and_then(|bytes| {
            har::read(&bytes).map_err(|why| texts::NO_HAR.with(lang, &[("path", &path.display()), ("why", &why)]))
        });
        match read {
            Ok(entries) => entries.iter().for_each(|entry| replay.entry(entry, &roles)),
            Err(what) => {
                complain(lang, &what);
                return UNUSABLE;
            }
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Json => replay.json(&roles, &mut out),
        Format::Text => replay.text(&roles, lang, &mut out),
    };
    // Whoever closed the pipe has read enough; the status tells the rest.
    let _closed = written.and_then(|()| out.flush());
    let fails = args.fail_on.iter().any(|on| replay.fails(*on));
    if fails { FAILED } else { DONE }
}

/// The roles that both policies have, or those that are asked for: a role that only one has gets
/// nothing under the other.
fn roles(args: &ReplayArgs, old: &Policy, new: &Policy, lang: Lang) -> Result<Vec<Arc<str>>, String> {
    for name in &args.roles {
        if old.role(name).is_none() {
            role(new, name, lang)?;
        }
    }
    let mut roles: Vec<Arc<str>> = if args.roles.is_empty() {
        old.all_roles().into_iter().chain(new.all_roles()).collect()
    } else {
        args.roles.iter().map(|name| name.as_str().into()).collect()
    };
    roles.sort();
    roles.dedup();
    Ok(roles)
}

struct Replay<'a> {
    old: &'a Policy,
    new: &'a Policy,
    mint: &'a Arc<dyn Mint>,
    network: IpAddr,
    time: jiff::Timestamp,
    changes: Changes,
    entries: usize,
    skipped: usize,
}

impl Replay<'_> {
    fn entry(&mut self, entry: &Entry, roles: &[Arc<str>]) {
        self.entries += 1;
        self.skipped += usize::from(!entry.complete);
        for role in roles {
            let (Some(old), Some(new)) = (self.judged(self.old, entry, role), self.judged(self.new, entry, role))
            else {
                continue;
            };
            self.compare(entry, role, &old, &new);
        }
    }

    fn judged(&self, policy: &Policy, entry: &Entry, role: &str) -> Option<(Got, Vec<SeenLeaf>)> {
        let roles: Vec<_> = policy.role(role).into_iter().collect();
        let staff = Staff::new("test", role, Vec::new());
        let caller = Caller { staff: Some(&staff), roles: &roles, network: self.network, time: self.time };
        let seen = Arc::new(Seen::default());
        let got = dry::noted(policy, self.mint, &caller, seen.clone(), entry.request()?, entry.response()?);
        Some((got, seen.take()))
    }

    fn compare(&mut self, entry: &Entry, role: &Arc<str>, old: &(Got, Vec<SeenLeaf>), new: &(Got, Vec<SeenLeaf>)) {
        let plan = new.0.plan.as_ref().or(old.0.plan.as_ref());
        let resource = plan.map(|plan| plan.resources.join("+")).filter(|ids| !ids.is_empty());
        let resource = resource.unwrap_or_else(|| "undeclared".to_owned());
        let word = |got: &Got| match &got.refusal {
            Some(refusal) => format!("{} {}", got.status, refusal.reason.word()),
            None => "released".to_owned(),
        };
        let change = match (&old.0.refusal, &new.0.refusal) {
            (Some(_), Some(_)) => return,
            (None, Some(_)) => Some(Change::Refused),
            (Some(_), None) => Some(Change::Passed),
            (None, None) => None,
        };
        if let Some(change) = change {
            let (before, after) = (word(&old.0), word(&new.0));
            let row = Row { change, role: role.clone(), resource, kind: None, before, after };
            return self.changes.note(row, entry.number, None);
        }
        for Difference { kind, new: of_new, before, after, begin } in changes::differences(&old.1, &new.1) {
            let more = strict::rank(after) < strict::rank(before);
            let policy = if of_new { self.new } else { self.old };
            let row = Row {
                change: if more { Change::Shown } else { Change::Hidden },
                role: role.clone(),
                resource: resource.clone(),
                kind: Some(policy.kinds().get(kind).name.clone()),
                before: before.to_string(),
                after: after.to_string(),
            };
            let before = begin.and_then(|begin| entry.text()?.get(..begin));
            self.changes.note(row, entry.number, before.map(|text| text.matches('\n').count() + 1));
        }
    }

    fn fails(&self, on: FailOn) -> bool {
        let any = |change| self.changes.count(change) > 0;
        match on {
            FailOn::Shown => any(Change::Shown) || any(Change::Passed),
            FailOn::Hidden => any(Change::Hidden),
            FailOn::Refused => any(Change::Refused),
        }
    }

    fn text(&self, roles: &[Arc<str>], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
        let headings = [
            texts::CHANGE,
            texts::KIND,
            texts::RESOURCE_HEADING,
            texts::ROLE_HEADING,
            texts::BEFORE,
            texts::AFTER,
            texts::COUNT,
            texts::EXAMPLE,
        ];
        let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
        for (row, Counted { count, entry, line }) in &self.changes.rows {
            let change = match row.change {
                Change::Shown => texts::SHOWN_MORE,
                Change::Hidden => texts::HIDDEN_MORE,
                Change::Refused => texts::REFUSED_NEWLY,
                Change::Passed => texts::REFUSED_NO_MORE,
            };
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            grid.row(vec![
                change.of(lang).to_owned(),
                row.kind.clone().unwrap_or_else(|| "-".to_owned()),
                row.resource.clone(),
                row.role.to_string(),
                row.before.clone(),
                row.after.clone(),
                count.to_string(),
                format!("{}{line}", texts::ENTRY.with(lang, &[("n", entry)])),
            ]);
        }
        if !grid.is_empty() {
            grid.write(out)?;
            writeln!(out)?;
        }
        let count = |change| self.changes.count(change);
        let (shown, hidden) = (count(Change::Shown), count(Change::Hidden));
        let (refused, passed, roles) = (count(Change::Refused), count(Change::Passed), roles.len());
        let words: [(&str, &dyn std::fmt::Display); 6] = [
            ("entries", &self.entries),
            ("roles", &roles),
            ("shown", &shown),
            ("hidden", &hidden),
            ("refused", &refused),
            ("passed", &passed),
        ];
        writeln!(out, "{}", texts::REPLAYED.with(lang, &words))?;
        if self.skipped > 0 {
            writeln!(out, "{}", texts::SKIPPED.with(lang, &[("n", &self.skipped)]))?;
        }
        Ok(())
    }

    fn json(&self, roles: &[Arc<str>], out: &mut dyn Write) -> io::Result<()> {
        let row = |(row, counted): (&Row, &Counted)| {
            json!({
                "change": row.change.word(), "kind": row.kind, "resource": row.resource, "role": &*row.role,
                "before": row.before, "after": row.after, "count": counted.count,
                "first": { "entry": counted.entry, "line": counted.line },
            })
        };
        let count = |change| self.changes.count(change);
        let json = json!({
            "old": &**self.old.version(), "new": &**self.new.version(),
            "roles": roles.iter().map(|role| &**role).collect::<Vec<_>>(),
            "entries": self.entries, "without_body": self.skipped,
            "shown": count(Change::Shown), "hidden": count(Change::Hidden),
            "refused": count(Change::Refused), "no_longer_refused": count(Change::Passed),
            "changes": self.changes.rows.iter().map(row).collect::<Vec<_>>(),
        });
        writeln!(out, "{json}")
    }
}
