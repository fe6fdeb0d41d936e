//! What `sudare ledger report` is told.

use clap::{Args, Subcommand};

/// `sudare ledger report`
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Who the report says made it [default: your login name]
    #[arg(long, global = true, value_name = "NAME")]
    pub by: Option<String>,
    /// Which report
    #[command(subcommand)]
    pub what: ReportCommand,
}

/// Which report.
#[derive(Subcommand, Debug)]
pub enum ReportCommand {
    /// What went out about a person: when, to whom, what and what for
    Subject(SubjectArgs),
    /// Whose data an incident reached, and whether and by when to report it
    Breach(BreachArgs),
    /// Who saw how much of what in a month, who saw conspicuously much, which roles nobody used
    AccessReview(AccessArgs),
    /// The disclosures of six years about a person, repeated ones as one
    Accounting(AccountingArgs),
    /// What is processed, for whom and what for, from rules and ledger
    Processing(ProcessingArgs),
}

impl ReportCommand {
    /// What is read, and of whom, where it is about one person.
    pub(in crate::cli) fn reads(&self) -> (&'static str, Option<&str>) {
        match self {
            ReportCommand::Subject(told) => ("report subject", Some(&told.subject)),
            ReportCommand::Breach(told) => ("report breach", told.subject.as_deref()),
            ReportCommand::AccessReview(_) => ("report access-review", None),
            ReportCommand::Accounting(told) => ("report accounting", Some(&told.subject)),
            ReportCommand::Processing(_) => ("report processing", None),
        }
    }
}

/// `report subject`
#[derive(Args, Debug)]
pub struct SubjectArgs {
    /// The person: `customer:42`
    #[arg(value_name = "TYPE:ID")]
    pub subject: String,
    /// From this day or moment on
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Until this day, that day included, or before this moment
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Call staff by their ids instead of by numbers
    #[arg(long)]
    pub staff_names: bool,
}

/// `report breach`
#[derive(Args, Debug)]
pub struct BreachArgs {
    /// What this staff got: `tanaka`, or `basic:tanaka`
    #[arg(long)]
    pub staff: Option<String>,
    /// What went out on this resource
    #[arg(long)]
    pub resource: Option<String>,
    /// What went out by the request with this id
    #[arg(long, value_name = "ID")]
    pub request: Option<String>,
    /// What went out about this person
    #[arg(long, value_name = "TYPE:ID")]
    pub subject: Option<String>,
    /// From this day or moment on
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Until this day, that day included, or before this moment
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// The day or moment at which it was known: deadlines are counted from it
    #[arg(long, value_name = "TIME")]
    pub known: Option<String>,
    /// List the persons, to tell them
    #[arg(long)]
    pub persons: bool,
}

/// `report access-review`
#[derive(Args, Debug)]
pub struct AccessArgs {
    /// The month: 2026-11 [default: the last whole one]
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Option<String>,
    /// More than so many times the median of the others in the role is conspicuous
    #[arg(long, value_name = "N", default_value = "3")]
    pub times: u64,
    /// And no fewer persons than this
    #[arg(long, value_name = "N", default_value = "50")]
    pub at_least: u64,
}

/// `report accounting`
#[derive(Args, Debug)]
pub struct AccountingArgs {
    /// The person: `patient:42`
    #[arg(value_name = "TYPE:ID")]
    pub subject: String,
    /// Call staff by their ids instead of by numbers
    #[arg(long)]
    pub staff_names: bool,
}

/// `report processing`
#[derive(Args, Debug)]
pub struct ProcessingArgs {
    /// From this day or moment on
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Until this day, that day included, or before this moment
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}
