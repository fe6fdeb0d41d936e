//! What the ledger holds of a request that really was: which resource, which rules, what staff got,
//! and whether the rules are still the same.
//!
//! The ledger holds no value, so nothing can be judged anew; what the records name is looked up in
//! the rules as they stand now.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

use serde_json::{Value, json};

use crate::cli::explain::{ExplainArgs, Format, text};
use crate::cli::grid::Grid;
use crate::cli::ledger::home::Home;
use crate::cli::say::{Lang, complain, ended, texts};
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::ledger::query::{Filter, Stored, query};
use crate::ledger::show::plain;
use crate::policy::Policy;

/// Runs the command; gives the exit status.
pub(super) fn run(args: &ExplainArgs, id: &str, policy: &Policy, lang: Lang) -> u8 {
    let home = Home::at(args.config.as_deref(), args.state.as_deref());
    let folder = home.state.join("ledger");
    let filter = Filter { request: Some(id.to_owned()), ..Filter::default() };
    let mut records: Vec<Stored> = Vec::new();
    let queried = query(&folder, &filter, &mut |record, _| {
        records.push(record.clone());
        ControlFlow::Continue(())
    });
    if let Err(error) = queried {
        let what = texts::LEDGER_UNREADABLE.with(lang, &[("path", &folder.display()), ("error", &error)]);
        complain(lang, &format!("{what}\n  {}", texts::NAME_STATE.of(lang)));
        return UNUSABLE;
    }
    if records.is_empty() {
        complain(lang, &texts::NO_REQUEST.with(lang, &[("id", &plain(id))]));
        return FAILED;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Json => write_json(&records, policy, &mut out),
        Format::Text => write_text(&records, policy, lang, &mut out),
    };
    ended(written.and_then(|()| out.flush()), DONE, lang)
}

fn write_text(records: &[Stored], policy: &Policy, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    for (number, record) in records.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let maybe = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), plain);
        let what = format!("{} {}", maybe(&record.method), maybe(&record.path));
        writeln!(out, "{what}  {}  seq {}", plain(&record.time), record.seq)?;
        writeln!(out, "  {} ({})", maybe(&record.staff), plain(&record.roles.join(", ")))?;
        let status = record.status.map_or("-".to_owned(), |status| status.to_string());
        let outcome = format!("{status} {}", maybe(&record.outcome));
        let reason = record.reason.as_deref().map(|reason| format!(" ({})", plain(reason))).unwrap_or_default();
        writeln!(out, "  {} {outcome}{reason}", plain(&record.event))?;
        if let Some(resource) = &record.resource {
            let at = policy.resource_at(resource).map(|at| text::place(&at));
            let at = at.unwrap_or_else(|| texts::GONE.of(lang).to_owned());
            writeln!(out, "  {}: {} {at}", texts::RESOURCE.of(lang), plain(resource))?;
        }
        let same = record.policy.as_deref() == Some(&**policy.version());
        let said = if same { texts::SAME_POLICY } else { texts::OTHER_POLICY };
        writeln!(out, "  {}", said.with(lang, &[("then", &maybe(&record.policy)), ("now", &policy.version())]))?;
        for rule in &record.rules {
            let at = policy.rule_at(rule).map(|at| text::place(&at));
            writeln!(
                out,
                "  {}: {} {}",
                texts::RULE.of(lang),
                plain(rule),
                at.as_deref().unwrap_or(texts::GONE.of(lang))
            )?;
        }
        disclosed(record, lang, out)?;
    }
    Ok(())
}

fn disclosed(record: &Stored, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let headings = [texts::SUBJECT, texts::KIND, texts::ACTION, texts::COUNT];
    let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
    for subject in &record.subjects {
        let whose = format!("{}:{}", subject.of, subject.id.as_deref().unwrap_or("?"));
        for (kind, actions) in &subject.kinds {
            for (action, count) in actions {
                grid.row(vec![whose.clone(), kind.clone(), action.clone(), count.to_string()]);
            }
        }
    }
    if grid.is_empty() { writeln!(out, "  {}", texts::NOTHING_DISCLOSED.of(lang)) } else { grid.write(out) }
}

fn write_json(records: &[Stored], policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    for record in records {
        let rule = |id: &String| {
            let (file, line) = policy.rule_at(id).unzip();
            json!({ "id": id, "file": file, "line": line })
        };
        let resource = record.resource.as_ref().map(|id| {
            let (file, line) = policy.resource_at(id).unzip();
            json!({ "id": id, "file": file, "line": line })
        });
        let subjects: Vec<Value> = record
            .subjects
            .iter()
            .map(|subject| json!({ "type": subject.of, "id": subject.id, "kinds": subject.kinds }))
            .collect();
        let json = json!({
            "seq": record.seq, "time": record.time, "request": record.request, "part": record.part, "event": record.event,
            "staff": record.staff, "roles": record.roles, "method": record.method, "path": record.path, "status": record.status,
            "outcome": record.outcome, "reason": record.reason, "resource": resource,
            "policy": { "then": record.policy, "now": &**policy.version(), "same": record.policy.as_deref() == Some(&**policy.version()) },
            "rules": record.rules.iter().map(rule).collect::<Vec<_>>(),
            "subjects": subjects,
        });
        writeln!(out, "{json}")?;
    }
    Ok(())
}
