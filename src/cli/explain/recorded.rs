//! What the ledger has of one request: its records, and what they say of who asked, when and about what.
//!
//! A record holds kinds, actions and counts, and no value; a path's template, and no path. When a request
//! came stands in its own id; a record is written after the CRM has answered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::ControlFlow;

use jiff::Timestamp;
use ulid::Ulid;

use crate::cli::explain::ExplainArgs;
use crate::cli::ledger::home::Home;
use crate::cli::ledger::reading;
use crate::cli::say::{Lang, complain, texts};
use crate::cli::{FAILED, UNUSABLE};
use crate::ledger::query::{Filter, Stored, query};
use crate::ledger::show::plain;
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::matched::Matched;
use crate::policy::recall::Recalled;
use crate::terms::event::Event;
use crate::terms::staff::Staff;

/// The records of one request; there is at least one.
pub(super) struct Recorded {
    first: Stored,
    more: Vec<Stored>,
}

/// What was done to a kind, and how often.
pub(super) type Totals = BTreeMap<(String, String), u64>;

impl Recorded {
    /// Looks for them. What is wrong is told; then the exit status is given.
    pub(super) fn read(args: &ExplainArgs, id: &str, lang: Lang) -> Result<Recorded, u8> {
        let home = Home::at(args.config.as_deref(), args.state.as_deref());
        let folder = home.state.join("ledger");
        // What the records say is shown, so that this is a reading like any other.
        if let Err(why) = reading::put_down(&home, "explain --request", None) {
            complain(lang, &texts::READING_UNTOLD.with(lang, &[("why", &why)]));
        }
        let filter = Filter { request: Some(id.to_owned()), ..Filter::default() };
        let mut records: Vec<Stored> = Vec::new();
        let queried = query(&folder, &filter, &mut |record, _| {
            records.push(record.clone());
            ControlFlow::Continue(())
        });
        if let Err(error) = queried {
            let what = texts::LEDGER_UNREADABLE.with(lang, &[("path", &folder.display()), ("error", &error)]);
            complain(lang, &format!("{what}\n  {}", texts::NAME_STATE.of(lang)));
            return Err(UNUSABLE);
        }
        if records.is_empty() {
            complain(lang, &texts::NO_REQUEST.with(lang, &[("id", &plain(id))]));
            return Err(FAILED);
        }
        let first = records.remove(0);
        Ok(Recorded { first, more: records })
    }

    /// All of them, in their order.
    pub(super) fn records(&self) -> impl Iterator<Item = &Stored> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The one that says what was asked: a log-in has a record of its own, in the name of whom it lets in.
    pub(super) fn asked(&self) -> &Stored {
        self.records().find(|record| record.event != Event::Login.word()).unwrap_or(&self.first)
    }

    /// Whether the rules are still those by which it was answered.
    pub(super) fn is_of(&self, policy: &Policy) -> bool {
        self.asked().policy.as_deref() == Some(&**policy.version())
    }

    /// Whether something of the answer was given to staff.
    pub(super) fn is_released(&self) -> bool {
        self.records().any(|record| record.outcome.as_deref() == Some("released"))
    }

    /// Who asked. Their groups and attributes are in no record: the command line may say them.
    pub(super) fn staff(&self, args: &ExplainArgs) -> Option<Staff> {
        self.asked().staff.as_deref().map(|id| args.who.staff(id))
    }

    /// Their roles, as far as these rules know them.
    pub(super) fn roles(&self, policy: &Policy) -> Vec<RoleId> {
        let mut roles: Vec<RoleId> = self.asked().roles.iter().filter_map(|name| policy.role(name)).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// From where.
    pub(super) fn network(&self) -> Option<IpAddr> {
        self.asked().client.as_deref()?.parse().ok()
    }

    /// When: the id says when the request came, which is when its rules were decided.
    pub(super) fn time(&self) -> Timestamp {
        let record = self.asked();
        let written = record.time.parse::<Timestamp>().unwrap_or(Timestamp::UNIX_EPOCH);
        let id = record.request.as_deref().and_then(|id| Ulid::from_string(id).ok());
        let came = id.and_then(|id| Timestamp::from_millisecond(i64::try_from(id.timestamp_ms()).ok()?).ok());
        came.filter(|came| *came <= written).unwrap_or(written)
    }

    /// What it was about, by these rules.
    pub(super) fn matched(&self, policy: &Policy, lang: Lang) -> Result<Matched, String> {
        let record = self.asked();
        let rules: BTreeSet<&String> = self.records().flat_map(|record| &record.rules).collect();
        let subjects = self.records().flat_map(|record| &record.subjects);
        let subjects: BTreeSet<(String, String)> =
            subjects.filter_map(|subject| Some((subject.of.clone(), subject.id.clone()?))).collect();
        let recalled = Recalled {
            method: record.method.as_deref().unwrap_or_default(),
            path: record.path.as_deref().unwrap_or_default(),
            resources: record.resource.as_deref(),
            purpose: record.purpose.as_deref(),
            rules: &rules.into_iter().cloned().collect::<Vec<_>>(),
            subjects: &subjects.into_iter().collect::<Vec<_>>(),
            let_in: self.is_released(),
        };
        policy.recalled(&recalled).ok_or_else(|| {
            let named = plain(record.resource.as_deref().unwrap_or_default());
            texts::RESOURCE_GONE.with(lang, &[("resource", &named)])
        })
    }

    /// What all records together say was done to each kind.
    pub(super) fn totals<'r>(records: impl Iterator<Item = &'r Stored>) -> Totals {
        let mut totals = Totals::new();
        for (kind, actions) in records.flat_map(|record| &record.subjects).flat_map(|subject| &subject.kinds) {
            for (action, count) in actions {
                *totals.entry((kind.clone(), action.clone())).or_default() += count;
            }
        }
        totals
    }
}
