//! An explanation for programs: one JSON object, described in docs/workbench.md.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::cli::explain::rows::{By, Decider, Gets, Row};
use crate::cli::explain::{Difference, Told, live, text};
use crate::policy::explain::{At, KindExplanation, Step};
use crate::policy::plan::{Errors, Limit, Plan, Search, Unlisted, Unreadable};
use crate::serve::respond;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

/// Writes all of it.
pub(super) fn write(told: &Told<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (exchange, foreseen) = (&told.exchange, &told.foreseen);
    let refusal = told.got.as_ref().and_then(|got| got.refusal.as_ref()).or(foreseen.refusal.as_ref());
    let path = exchange.target.split('?').next().unwrap_or_default();
    let target = if told.args.show_values { exchange.target.as_str() } else { path };
    let resources: Vec<Value> = foreseen
        .resources
        .iter()
        .map(|one| {
            let matched = json!({ "path": one.path, "file": one.match_at.0, "line": one.match_at.1 });
            json!({ "id": &*one.id, "file": one.at.0, "line": one.at.1, "match": matched, "beside": one.beside })
        })
        .collect();
    let mut json = json!({
        "request": {
            "method": exchange.method,
            "target": target,
            "staff": exchange.staff.as_ref().map(|staff| staff.id()),
            "roles": words(&told.policy.role_names(&exchange.roles)),
            "network": exchange.network.to_string(),
            "time": exchange.time.to_string(),
        },
        "policy": &**told.policy.version(),
        "resources": resources,
        "event": foreseen.plan.as_ref().map(|plan| plan.event.word()),
        "options": foreseen.plan.as_ref().map(|plan| options(plan)),
        "query": questions(told),
        "limits": limits(told),
        "answer": {
            "given": told.got.is_some(),
            "status": told.got.as_ref().map(|got| got.status),
            "refusal": refusal.map(self::refusal),
        },
        "fields": if told.got.is_none() { fields(told) } else { Vec::new() },
        "values": told.rows.iter().map(|row| value(told, row)).collect::<Vec<_>>(),
        "unknown": told.unknown.iter().map(|row| value(told, row)).collect::<Vec<_>>(),
        "kinds": kinds(told),
    });
    if told.args.record.is_some() {
        json["restored"] = restored(told);
    }
    if let Some(recorded) = told.recorded {
        json["recorded"] = recorded.records().map(|record| live::as_json(record, told.policy)).collect();
        json["differences"] = told.agreement().map_or(Value::Null, |all| all.iter().map(difference).collect());
    }
    writeln!(out, "{json}")
}

fn difference(difference: &Difference) -> Value {
    let Difference { kind, action, then, now } = difference;
    json!({ "kind": kind, "action": action, "recorded": then, "here": now })
}

/// How many values of which kind a write gives back to the CRM.
fn restored(told: &Told<'_>) -> Value {
    let counts = told.got.iter().flat_map(|got| got.restored.iter());
    counts.map(|row| (told.policy.kinds().get(row.kind).name.clone(), json!(row.count))).collect::<Map<_, _>>().into()
}

fn options(plan: &Plan) -> Value {
    let unlisted = match plan.unlisted {
        Unlisted::Scan => "scan",
        Unlisted::Mask => "mask",
        Unlisted::Block => "block",
    };
    let unreadable = if plan.unreadable == Unreadable::Pass { "pass" } else { "block" };
    let errors = if plan.errors == Errors::Scan { "scan" } else { "page" };
    json!({ "scan": plan.scan, "unlisted": unlisted, "unreadable": unreadable, "errors": errors, "records": plan.records })
}

fn questions(told: &Told<'_>) -> Vec<Value> {
    let question = |question: &crate::serve::exchange::foreseen::Question| {
        let name = question.declared.then_some(&question.name);
        let named = |kind: &KindId| told.policy.kinds().get(*kind).name.clone();
        let about = question.about.iter().map(|about| {
            let rules: Vec<Value> = told.rules_of(about.kind).iter().map(decider).collect();
            json!({ "kind": named(&about.kind), "what": about.asks, "becomes": about.becomes, "rules": rules })
        });
        let about: Vec<Value> = about.collect();
        let (looks_for, refusal) = match &question.asks {
            Ok(kinds) => (kinds.iter().map(named).collect(), None),
            Err(_) if question.stripped => (Vec::new(), None),
            Err(refusal) => (Vec::new(), Some(self::refusal(refusal))),
        };
        json!({ "name": name, "looks_for": looks_for, "stripped": question.stripped, "refusal": refusal, "asks": about })
    };
    told.foreseen.questions.iter().map(question).collect()
}

fn limits(told: &Told<'_>) -> Vec<Value> {
    let limit = |limit: &Limit| json!({ "searches": limit.searches, "per": limit.per, "then": limit.then.word(), "each_kind": limit.each });
    told.foreseen.limits.iter().map(limit).collect()
}

fn refusal(refusal: &Refusal) -> Value {
    let words = respond::words::of(refusal.reason);
    let (title, detail) = words.en;
    json!({ "reason": refusal.reason.word(), "status": words.status, "why": refusal.note, "title": title, "detail": detail })
}

fn fields(told: &Told<'_>) -> Vec<Value> {
    let field = |field: &crate::cli::explain::Field| {
        let explained = told.foreseen.explanation.as_ref()?.kinds.get(usize::from(field.kind.0))?;
        let rules = super::rows::deciders(told.policy, &explained.decision.rules);
        Some(json!({
            "place": field.place,
            "kind": explained.name,
            "at": field.at.iter().map(at).collect::<Vec<_>>(),
            "action": explained.decision.action.to_string(),
            "rules": rules.iter().map(decider).collect::<Vec<_>>(),
        }))
    };
    told.fields().iter().filter_map(field).collect()
}

fn value(told: &Told<'_>, row: &Row) -> Value {
    let text = |clear: &str| told.args.show_values.then(|| clear.to_owned());
    let gets = match &row.gets {
        Gets::Clear(chars) => json!({ "as": "clear", "characters": chars, "text": text(&row.whole) }),
        Gets::Veil(veil) => json!({ "as": "veil", "text": veil }),
        Gets::Inside(parts) => json!({ "as": "clear", "veiled_inside": parts, "text": text(&row.whole) }),
        Gets::Nothing => json!({ "as": "nothing" }),
        Gets::Refused => json!({ "as": "refused" }),
    };
    let mut json = json!({
        "in": if row.header { "header" } else { "body" },
        "line": row.spot.map(|(line, _)| line),
        "column": row.spot.map(|(_, column)| column),
        "record": (row.record > 0).then_some(row.record),
        "way": row.way,
        "kind": row.kind.map(|kind| told.policy.kinds().get(kind).name.clone()),
        "recognised": by(&row.by),
        "action": row.action.map(|action| action.to_string()),
        "rules": row.deciders.iter().map(decider).collect::<Vec<_>>(),
        "gets": gets,
    });
    if told.args.show_values {
        json["value"] = Value::from(row.value.as_str());
    }
    json
}

fn by(by: &By) -> Value {
    match by {
        By::Field { place, at, evidence } => {
            let at: Vec<Value> = at.iter().map(self::at).collect();
            json!({ "by": "field", "place": place, "at": at, "evidence": evidence })
        }
        By::Label { label, evidence } => json!({ "by": "label", "label": label, "evidence": evidence }),
        By::Detector { certain, evidence } => json!({ "by": "detector", "certain": certain, "evidence": evidence }),
        By::Elsewhere => json!({ "by": "elsewhere" }),
        By::Unlisted => json!({ "by": "unlisted" }),
        By::Echo => json!({ "by": "echo" }),
        By::Nothing => Value::Null,
    }
}

pub(super) fn decider(decider: &Decider) -> Value {
    match decider {
        Decider::Rule(id, at) => {
            let (file, line) = at.as_ref().map(|(file, line)| (file, line)).unzip();
            json!({ "id": &**id, "file": file, "line": line })
        }
        Decider::Ungranted => json!({ "id": "ungranted" }),
        Decider::Field => json!({ "id": "field" }),
        Decider::Other => Value::Null,
    }
}

fn kinds(told: &Told<'_>) -> Vec<Value> {
    let Some(explanation) = &told.foreseen.explanation else { return Vec::new() };
    let all = told.kinds();
    let recorded = told.exchange.about.is_some();
    let known = all.iter().filter_map(|kind| explanation.kinds.get(usize::from(kind.0)));
    known.map(|kind| explained(kind, recorded)).collect()
}

/// Every rule that was considered for a kind.
pub(super) fn explained(kind: &KindExplanation, recorded: bool) -> Value {
    let search = match kind.decision.search {
        Search::None => "none",
        Search::Exact => "exact",
        Search::Any => "any",
    };
    json!({
        "kind": kind.name,
        "action": kind.decision.action.to_string(),
        "search": search,
        "rules": words(&kind.decision.rules),
        "considered": kind.steps.iter().map(|own| step(own, recorded)).collect::<Vec<_>>(),
    })
}

fn step(step: &Step, recorded: bool) -> Value {
    let (file, line) = step.at.as_ref().map(|(file, line)| (file, line)).unzip();
    json!({
        "rule": step.rule.as_deref().unwrap_or("ungranted"),
        "file": file,
        "line": line,
        "resource": step.resource.as_deref(),
        "role": step.role.as_deref(),
        "action": step.action.to_string(),
        "when": step.when.iter().map(|(key, asked)| ((*key).to_owned(), Value::from(asked.as_str()))).collect::<Map<_, _>>(),
        "holds": step.holds(),
        "decides": step.verdict == crate::policy::trace::Verdict::Decides,
        "why": text::sentence(step, recorded),
    })
}

pub(super) fn at((file, line): &At) -> Value {
    json!({ "file": file, "line": line })
}

fn words(all: &[std::sync::Arc<str>]) -> Vec<&str> {
    all.iter().map(|word| &**word).collect()
}
