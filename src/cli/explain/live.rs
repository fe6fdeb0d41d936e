//! What the ledger holds of a request that really was: which resource, what was disclosed, and, where the
//! rules are still those of then, how each kind can have been recognised, every rule that was considered
//! and what staff got.
//!
//! The ledger holds no value, so nothing is judged anew here. Whoever has the answer once more can have
//! it judged with who asked, when and about what taken from the record: then `text` and `json` tell of it.

use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use crate::cli::DONE;
use crate::cli::explain::recollected::{DecidedBy, Kept, Known, Received, Recollected, Trouble};
use crate::cli::explain::recorded::Recorded;
use crate::cli::explain::{ExplainArgs, Format, json, text};
use crate::cli::grid::Grid;
use crate::cli::say::{Lang, ended, phrase, texts};
use crate::ledger::query::Stored;
use crate::ledger::show::plain;
use crate::policy::Policy;
use crate::terms::kind;

/// Runs the command; gives the exit status.
pub(super) fn run(args: &ExplainArgs, recorded: &Recorded, policy: &Policy, lang: Lang) -> u8 {
    let mut out = BufWriter::new(io::stdout().lock());
    let recollected = recorded.is_of(policy).then(|| Recollected::of(policy, recorded, args, lang));
    let written = match args.format {
        Format::Json => recorded.records().try_for_each(|record| {
            let mut told = as_json(record, policy);
            explained_json(&mut told, record, recollected.as_ref());
            writeln!(out, "{told}")
        }),
        Format::Text => write_records(recorded, policy, lang, &mut out)
            .and_then(|()| write_explained(recorded, recollected.as_ref(), lang, &mut out)),
    };
    ended(written.and_then(|()| out.flush()), DONE, lang)
}

/// What each record says.
pub(super) fn write_records(recorded: &Recorded, policy: &Policy, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    for (number, record) in recorded.records().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write_record(record, policy, lang, out)?;
    }
    Ok(())
}

fn write_record(record: &Stored, policy: &Policy, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let maybe = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), plain);
    let what = format!("{} {}", maybe(&record.method), maybe(&record.path));
    writeln!(out, "{what}  {}  seq {}", plain(&record.time), record.seq)?;
    let beside = [&record.client, &record.purpose].into_iter().flatten().map(|text| format!("  {}", plain(text)));
    writeln!(out, "  {} ({}){}", maybe(&record.staff), plain(&record.roles.join(", ")), beside.collect::<String>())?;
    let status = record.status.map_or("-".to_owned(), |status| status.to_string());
    let outcome = format!("{status} {}", maybe(&record.outcome));
    let reason = record.reason.as_deref().map(|reason| format!(" ({})", plain(reason))).unwrap_or_default();
    writeln!(out, "  {} {outcome}{reason}", plain(&record.event))?;
    if let Some(named) = &record.resource {
        for (id, at) in resources(named, policy) {
            let at = at.map(|at| text::place(&at)).unwrap_or_else(|| texts::GONE.of(lang).to_owned());
            writeln!(out, "  {}: {} {at}", texts::RESOURCE.of(lang), plain(&id))?;
        }
    }
    let same = record.policy.as_deref() == Some(&**policy.version());
    let said = if same { texts::SAME_POLICY } else { texts::OTHER_POLICY };
    writeln!(out, "  {}", said.with(lang, &[("then", &maybe(&record.policy)), ("now", &policy.version())]))?;
    for rule in &record.rules {
        let at = policy.rule_at(rule).map(|at| text::place(&at));
        let at = at.as_deref().unwrap_or(texts::GONE.of(lang));
        writeln!(out, "  {}: {} {at}", texts::RULE.of(lang), plain(rule))?;
    }
    disclosed(record, lang, out)
}

/// The resources that a record names, and where each stands now.
fn resources(named: &str, policy: &Policy) -> Vec<(String, Option<crate::policy::explain::At>)> {
    match policy.resources_named(named) {
        Some(ids) => ids.iter().map(|id| (id.to_string(), policy.resource_at(id))).collect(),
        None => vec![(named.to_owned(), None)],
    }
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

/// What the rules of then make of it.
fn write_explained(
    recorded: &Recorded,
    recollected: Option<&Result<Recollected<'_>, Trouble>>,
    lang: Lang,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out)?;
    let recollected = match recollected {
        None => return writeln!(out, "{}", texts::RULES_OF_THEN.of(lang)),
        Some(Err(Trouble::Gone(why))) => return writeln!(out, "{}", phrase(lang, why)),
        Some(Err(Trouble::Refused(refusal))) => {
            let why = phrase(lang, &refusal.note).into_owned();
            return writeln!(out, "{}", texts::IS_REFUSED.with(lang, &[("why", &why)]));
        }
        Some(Ok(recollected)) => recollected,
    };
    let rows = recollected.rows(recorded.records());
    if rows.is_empty() {
        let said = if recorded.asked().resource.is_none() { texts::REFUSED_EARLY } else { texts::NO_FIELDS };
        return writeln!(out, "{}", said.of(lang));
    }
    let headings = [texts::KIND, texts::RECOGNISED, texts::ACTION, texts::COUNT, texts::DECIDED_BY, texts::GETS];
    let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
    for row in &rows {
        grid.row(vec![
            row.name.clone(),
            known(&row.known, recollected.is_undeclared(), lang),
            row.action.clone(),
            row.count.map_or("-".to_owned(), |count| count.to_string()),
            decided(&row.by, lang),
            received(row, lang),
        ]);
    }
    grid.write(out)?;
    writeln!(out)?;
    if rows.iter().any(|row| !row.known.fields.is_empty() && row.known.is_found_elsewhere()) {
        writeln!(out, "{}", texts::ALSO_FOUND.of(lang))?;
    }
    if recollected.is_undeclared() {
        writeln!(out, "{}", texts::NO_PATH_KEPT.of(lang))?;
    }
    writeln!(out, "{}", texts::BODY_TELLS_MORE.of(lang))?;
    recollected.considered(&rows).into_iter().try_for_each(|kind| text::kind(kind, true, lang, out))
}

impl Known {
    /// Whether a value that stands at no declared place can be known.
    fn is_found_elsewhere(&self) -> bool {
        self.label || self.detector.is_some()
    }
}

fn known(known: &Known, undeclared: bool, lang: Lang) -> String {
    if !known.fields.is_empty() {
        let field = |field: &super::Field| {
            let at: Vec<String> = field.at.iter().map(text::place).collect();
            texts::DECLARED_AT.with(lang, &[("place", &field.place), ("at", &at.join(", "))])
        };
        return known.fields.iter().map(field).collect::<Vec<_>>().join(", ");
    }
    let by = match (known.label, known.detector) {
        (true, Some(_)) => texts::A_LABEL_OR_A_DETECTOR,
        (true, None) => texts::A_LABEL,
        (false, _) => texts::A_DETECTOR,
    };
    let unnamed = if undeclared { texts::NO_RESOURCE_SO } else { texts::NO_FIELD_SO };
    unnamed.with(lang, &[("by", &by.of(lang))])
}

fn decided(by: &DecidedBy, lang: Lang) -> String {
    match by {
        DecidedBy::Rules(rules) => text::decided(rules, lang),
        DecidedBy::Removed(rules) => texts::FOUND_AND_REMOVED.with(lang, &[("rules", &text::decided(rules, lang))]),
        DecidedBy::Otherwise(own) => texts::OTHERWISE.with(lang, &[("action", own)]),
    }
}

fn received(row: &Kept, lang: Lang) -> String {
    match &row.gets {
        Received::Clear if row.kind == kind::NOTES => texts::GOT_NOTES.of(lang).to_owned(),
        Received::Clear => texts::GOT_CLEAR.of(lang).to_owned(),
        Received::Veil(veil) => texts::GOT_VEIL.with(lang, &[("veil", veil)]),
        Received::Nothing => texts::GETS_NOTHING.of(lang).to_owned(),
        Received::NoAnswer => "-".to_owned(),
    }
}

/// What a record says, for programs.
pub(super) fn as_json(record: &Stored, policy: &Policy) -> Value {
    let rule = |id: &String| {
        let (file, line) = policy.rule_at(id).unzip();
        json!({ "id": id, "file": file, "line": line })
    };
    let resource = |(id, at): (String, Option<crate::policy::explain::At>)| {
        let (file, line) = at.unzip();
        json!({ "id": id, "file": file, "line": line })
    };
    let subjects: Vec<Value> = record
        .subjects
        .iter()
        .map(|subject| json!({ "type": subject.of, "id": subject.id, "kinds": subject.kinds }))
        .collect();
    let named = record.resource.iter().flat_map(|named| resources(named, policy)).map(resource);
    json!({
        "seq": record.seq, "time": record.time, "request": record.request, "part": record.part, "event": record.event,
        "staff": record.staff, "roles": record.roles, "client": record.client, "purpose": record.purpose,
        "method": record.method, "path": record.path, "status": record.status,
        "outcome": record.outcome, "reason": record.reason, "resources": named.collect::<Vec<_>>(),
        "policy": { "then": record.policy, "now": &**policy.version(), "same": record.policy.as_deref() == Some(&**policy.version()) },
        "rules": record.rules.iter().map(rule).collect::<Vec<_>>(),
        "subjects": subjects,
    })
}

/// Adds what the rules of then make of a record; null where they are not these.
fn explained_json(told: &mut Value, record: &Stored, recollected: Option<&Result<Recollected<'_>, Trouble>>) {
    let (mut disclosed, mut kinds, mut trouble) = (Value::Null, Value::Null, Value::Null);
    match recollected {
        None => {}
        Some(Err(Trouble::Gone(why))) => trouble = json!(why),
        Some(Err(Trouble::Refused(refusal))) => trouble = json!(refusal.note),
        Some(Ok(recollected)) => {
            let rows = recollected.rows(std::iter::once(record));
            disclosed = rows.iter().map(row_json).collect();
            kinds = recollected.considered(&rows).into_iter().map(|kind| json::explained(kind, true)).collect();
        }
    }
    told["disclosed"] = disclosed;
    told["kinds"] = kinds;
    told["unexplained"] = trouble;
}

fn row_json(row: &Kept) -> Value {
    let field =
        |field: &super::Field| json!({ "place": field.place, "at": field.at.iter().map(json::at).collect::<Vec<_>>() });
    let (by, rules): (&str, &[_]) = match &row.by {
        DecidedBy::Rules(rules) => ("rules", rules),
        DecidedBy::Removed(rules) => ("removed", rules),
        DecidedBy::Otherwise(_) => ("otherwise", &[]),
    };
    let (gets, veil) = match &row.gets {
        Received::Clear => ("clear", None),
        Received::Veil(veil) => ("veil", Some(veil)),
        Received::Nothing => ("nothing", None),
        Received::NoAnswer => ("none", None),
    };
    json!({
        "kind": row.name,
        "action": row.action,
        "count": row.count,
        "recognised": {
            "fields": row.known.fields.iter().map(field).collect::<Vec<_>>(),
            "label": row.known.label,
            "detector": row.known.detector,
        },
        "by": by,
        "rules": rules.iter().map(json::decider).collect::<Vec<_>>(),
        "gets": { "as": gets, "veil": veil },
    })
}
