//! An explanation for people: the request first, then a row a value, then what rules were considered.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::cli::explain::rows::{By, Decider, Gets, Row};
use crate::cli::explain::{Difference, Field, Told, live};
use crate::cli::grid::Grid;
use crate::cli::say::{Lang, columns, condition, named, phrase, texts};
use crate::policy::explain::{At, KindExplanation, Step};
use crate::policy::plan::{Errors, Plan, Search, Unlisted, Unreadable};
use crate::policy::trace::Verdict;
use crate::serve::respond::words;
use crate::terms::disclosure::Count;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

/// Writes all of it.
pub(super) fn write(told: &Told<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if let Some(recorded) = told.recorded {
        live::write_records(recorded, told.policy, lang, out)?;
        let judged = if recorded.is_of(told.policy) { texts::JUDGED_AS_THEN } else { texts::JUDGED_AS_NOW };
        writeln!(out, "\n{}\n", judged.of(lang))?;
    }
    request(told, lang, out)?;
    if told.got.is_some() {
        values(told, lang, out)?;
        unknown(told, lang, out)?;
    } else if told.foreseen.plan.is_some() {
        fields(told, lang, out)?;
    }
    if let Some(agreement) = told.agreement() {
        agreed(&agreement, lang, out)?;
    }
    if told.args.all || told.recorded.is_some() { considered(told, lang, out) } else { Ok(()) }
}

/// Whether the answer that was given is the one of then, as far as the ledger tells.
fn agreed(differences: &[Difference], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    if differences.is_empty() {
        return writeln!(out, "{}", texts::AGREES.of(lang));
    }
    writeln!(out, "{}", texts::DIFFERS.of(lang))?;
    let headings = [texts::KIND, texts::ACTION, texts::RECORDED, texts::HERE];
    let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
    for Difference { kind, action, then, now } in differences {
        grid.row(vec![kind.clone(), action.clone(), then.to_string(), now.to_string()]);
    }
    grid.write(out)
}

fn request(told: &Told<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let (exchange, foreseen) = (&told.exchange, &told.foreseen);
    let mut lines: Vec<(&str, String)> = Vec::new();
    let roles: Vec<String> = told.policy.role_names(&exchange.roles).iter().map(ToString::to_string).collect();
    let who = match &exchange.staff {
        Some(staff) if told.args.who.is_named() || told.recorded.is_some() => {
            format!("{} ({})", staff.user, listed(&roles))
        }
        Some(_) => listed(&roles),
        None => texts::NOBODY.of(lang).to_owned(),
    };
    lines.push((texts::ROLE.of(lang), who));
    for resource in &foreseen.resources {
        let note = if resource.beside { format!(" {}", texts::BESIDE.of(lang)) } else { String::new() };
        let (here, path) = (place(&resource.at), &resource.path);
        lines.push((
            texts::RESOURCE.of(lang),
            format!("{} {here}: {path} {}{note}", resource.id, place(&resource.match_at)),
        ));
    }
    if foreseen.resources.is_empty() {
        lines.push((texts::RESOURCE.of(lang), texts::UNDECLARED.of(lang).to_owned()));
    }
    if let Some(plan) = &foreseen.plan {
        lines.push((texts::EVENT.of(lang), plan.event.word().to_owned()));
        lines.push((texts::OPTIONS.of(lang), options(plan)));
    }
    for question in &foreseen.questions {
        let answer = match &question.asks {
            _ if question.stripped => texts::IS_STRIPPED.of(lang).to_owned(),
            Ok(kinds) if kinds.is_empty() => texts::ASKS_NOTHING.of(lang).to_owned(),
            Ok(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(|kind| told.policy.kinds().get(*kind).name.clone()).collect();
                texts::LOOKS_FOR.with(lang, &[("kinds", &kinds.join(", "))])
            }
            Err(refusal) => texts::IS_REFUSED.with(lang, &[("why", &phrase(lang, &refusal.note))]),
        };
        let kinds: BTreeSet<KindId> = question.about.iter().map(|about| about.kind).collect();
        let deciders: Vec<String> = kinds.into_iter().map(|kind| decided(&told.rules_of(kind), lang)).collect();
        let by = if deciders.is_empty() { String::new() } else { format!(" [{}]", deciders.join("; ")) };
        // A parameter's name that no rule knows is the client's own text.
        let name = if question.declared { question.name.as_str() } else { "…" };
        lines.push((texts::QUERY.of(lang), format!("{name}: {answer}{by}")));
    }
    if foreseen.questions.iter().any(|question| question.about.iter().any(|about| about.becomes == "counted")) {
        lines.extend(foreseen.limits.iter().map(|limit| (texts::LIMIT.of(lang), limit.to_string())));
    }
    let refusal = told.got.as_ref().and_then(|got| got.refusal.as_ref()).or(foreseen.refusal.as_ref());
    if let Some(home) = home(told) {
        lines.push((texts::GOES_HOME.of(lang), home));
    }
    lines.push((texts::ANSWER.of(lang), answer(told, refusal, lang)));
    writeln!(out, "{} {}", exchange.method, target(told))?;
    let width = lines.iter().map(|(name, _)| columns(name)).max().unwrap_or_default();
    for (name, text) in lines {
        let gap = " ".repeat(width - columns(name) + 2);
        writeln!(out, "  {name}{gap}{}", crate::ledger::show::plain(&text))?;
    }
    Ok(())
}

/// The path alone: what stands in a query may be somebody's.
fn target(told: &Told<'_>) -> String {
    let target = &told.exchange.target;
    let shown = if told.args.show_values { target.as_str() } else { target.split('?').next().unwrap_or_default() };
    let more = if shown.len() < target.len() { "?…" } else { "" };
    crate::ledger::show::plain(&format!("{shown}{more}"))
}

/// The kinds of what a write gives back to the CRM, and how many values of each.
fn home(told: &Told<'_>) -> Option<String> {
    let counts = &told.got.as_ref()?.restored;
    let one = |row: &Count| format!("{} {}", told.policy.kinds().get(row.kind).name, row.count);
    let all: Vec<String> = counts.iter().map(one).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn options(plan: &Plan) -> String {
    let unlisted = match plan.unlisted {
        Unlisted::Scan => "scan",
        Unlisted::Mask => "mask",
        Unlisted::Block => "block",
    };
    let unreadable = if plan.unreadable == Unreadable::Pass { "pass" } else { "block" };
    let errors = if plan.errors == Errors::Scan { "scan" } else { "page" };
    format!("scan: {}, unlisted: {unlisted}, unreadable: {unreadable}, errors: {errors}", plan.scan)
}

fn answer(told: &Told<'_>, refusal: Option<&Refusal>, lang: Lang) -> String {
    if let Some(refusal) = refusal {
        let words = words::of(refusal.reason);
        let (title, _) = if lang == Lang::Ja { words.ja } else { words.en };
        let why = phrase(lang, &refusal.note).into_owned();
        let all: [(&str, &dyn std::fmt::Display); 4] =
            [("status", &words.status), ("reason", &refusal.reason.word()), ("title", &title), ("why", &why)];
        return texts::REFUSED.with(lang, &all);
    }
    match &told.got {
        Some(got) => texts::RELEASED.with(lang, &[("status", &got.status)]),
        None => texts::NO_BODY.of(lang).to_owned(),
    }
}

fn values(told: &Told<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    let unknown: &[Row] = if told.args.all { &told.unknown } else { &[] };
    if told.rows.is_empty() && unknown.is_empty() {
        let refused = told.got.as_ref().is_some_and(|got| got.refusal.is_some()) || told.foreseen.refusal.is_some();
        let said = match refused {
            true => texts::NO_VALUES_SEEN,
            false if is_unscanned(told) => texts::NOT_SOUGHT,
            false => texts::NO_VALUES,
        };
        return writeln!(out, "{}", said.of(lang));
    }
    let mut headings = vec![
        texts::WHERE.of(lang),
        texts::KIND.of(lang),
        texts::RECOGNISED.of(lang),
        texts::ACTION.of(lang),
        texts::DECIDED_BY.of(lang),
        texts::GETS.of(lang),
    ];
    if told.args.show_values {
        headings.push(texts::VALUE.of(lang));
    }
    let mut grid = Grid::under(&headings);
    for row in told.rows.iter().chain(unknown) {
        let mut cells = vec![
            spot(row, lang),
            row.kind.map_or("-".to_owned(), |kind| told.policy.kinds().get(kind).name.clone()),
            by(&row.by, lang),
            row.action.map_or("-".to_owned(), |action| action.to_string()),
            decided(&row.deciders, lang),
            gets(told, row, lang),
        ];
        if told.args.show_values {
            cells.push(row.value.clone());
        }
        grid.row(cells);
    }
    grid.write(out)
}

/// Whether neither labels nor detectors were asked.
fn is_unscanned(told: &Told<'_>) -> bool {
    told.foreseen.plan.as_ref().is_some_and(|plan| !plan.scan)
}

/// How many values nothing recognised, and where the first of them stand: those are what rules have forgotten.
fn unknown(told: &Told<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    /// Whoever has more finds them by `--all`.
    const TOLD: usize = 8;
    let count = told.unknown.len();
    if count == 0 {
        return Ok(());
    }
    let first = told.unknown.iter().take(TOLD).map(|row| {
        let place = row.spot.map(|(line, column)| format!("{line}:{column}"));
        let name = (!row.way.is_empty()).then(|| row.way.join("."));
        match (name, place) {
            (Some(name), Some(place)) => format!("{name} ({place})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "-".to_owned(),
        }
    });
    let mut places = first.collect::<Vec<_>>().join(", ");
    if count > TOLD {
        places.push_str(", …");
    }
    let line = match count {
        _ if is_unscanned(told) => texts::UNSCANNED.with(lang, &[("n", &count), ("places", &places)]),
        1 => texts::UNKNOWN_GOES.with(lang, &[("n", &count), ("places", &places)]),
        _ => texts::UNKNOWN_GO.with(lang, &[("n", &count), ("places", &places)]),
    };
    writeln!(out, "\n{}", crate::ledger::show::plain(&line))
}

fn spot(row: &Row, lang: Lang) -> String {
    let mut parts = Vec::new();
    match row.spot {
        _ if row.header => parts.push(texts::HEADER.of(lang).to_owned()),
        Some((line, column)) => parts.push(format!("{line}:{column}")),
        None => {}
    }
    if !row.way.is_empty() {
        parts.push(row.way.join("."));
    }
    if parts.is_empty() { "-".to_owned() } else { parts.join(" ") }
}

fn by(by: &By, lang: Lang) -> String {
    let with = |text: String, evidence: &Option<&str>| match evidence {
        Some(evidence) => format!("{text}, {}", named(lang, evidence)),
        None => text,
    };
    match by {
        By::Field { place, at, evidence } => {
            let places: Vec<String> = at.iter().map(self::place).collect();
            with(texts::BY_FIELD.with(lang, &[("place", place), ("at", &places.join(", "))]), evidence)
        }
        By::Label { label, evidence } => with(texts::BY_LABEL.with(lang, &[("label", label)]), evidence),
        By::Detector { certain, evidence } => {
            let text = if *certain { texts::BY_CERTAIN } else { texts::BY_DETECTOR };
            text.with(lang, &[("evidence", &named(lang, evidence))])
        }
        By::Elsewhere => texts::BY_ELSEWHERE.of(lang).to_owned(),
        By::Unlisted => texts::BY_UNLISTED.of(lang).to_owned(),
        By::Echo => texts::BY_ECHO.of(lang).to_owned(),
        By::Nothing => texts::BY_NOTHING.of(lang).to_owned(),
    }
}

pub(super) fn decided(deciders: &[Decider], lang: Lang) -> String {
    let each = deciders.iter().map(|decider| match decider {
        Decider::Rule(id, Some(at)) => format!("{id} {}", place(at)),
        Decider::Rule(id, None) => id.to_string(),
        Decider::Ungranted => "ungranted".to_owned(),
        Decider::Field => texts::FIELD_ITSELF.of(lang).to_owned(),
        Decider::Other => "-".to_owned(),
    });
    each.collect::<Vec<_>>().join(", ")
}

fn gets(told: &Told<'_>, row: &Row, lang: Lang) -> String {
    match &row.gets {
        Gets::Clear(_) | Gets::Inside(_) if told.args.show_values => row.whole.clone(),
        Gets::Clear(chars) => texts::GETS_CLEAR.with(lang, &[("n", chars), ("s", &if *chars == 1 { "" } else { "s" })]),
        Gets::Veil(text) => text.clone(),
        Gets::Inside(parts) => texts::GETS_INSIDE.with(lang, &[("n", parts)]),
        Gets::Nothing => texts::GETS_NOTHING.of(lang).to_owned(),
        Gets::Refused => texts::GETS_REFUSED.of(lang).to_owned(),
    }
}

/// What the rules declare of a page whose answer was not given.
fn fields(told: &Told<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let fields = told.fields();
    writeln!(out)?;
    if fields.is_empty() {
        return writeln!(out, "{}", texts::NO_FIELDS.of(lang));
    }
    let headings = [texts::PLACE, texts::KIND, texts::WRITTEN_AT, texts::ACTION, texts::DECIDED_BY];
    let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
    for Field { place: written, kind, at } in fields {
        let explained = told.foreseen.explanation.as_ref().and_then(|all| all.kinds.get(usize::from(kind.0)));
        let Some(KindExplanation { name, decision, .. }) = explained else { continue };
        let at: Vec<String> = at.iter().map(place).collect();
        let deciders = super::rows::deciders(told.policy, &decision.rules);
        grid.row(vec![written, name.clone(), at.join(", "), decision.action.to_string(), decided(&deciders, lang)]);
    }
    grid.write(out)
}

/// Every rule that was considered, kind by kind.
fn considered(told: &Told<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let Some(explanation) = &told.foreseen.explanation else { return Ok(()) };
    for kind in told.kinds() {
        if let Some(explained) = explanation.kinds.get(usize::from(kind.0)) {
            kind_of(told, explained, lang, out)?;
        }
    }
    Ok(())
}

fn kind_of(told: &Told<'_>, explained: &KindExplanation, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    kind(explained, told.exchange.about.is_some(), lang, out)
}

/// Every rule that was considered for a kind; of a record's request it is said what no record holds.
pub(super) fn kind(kind: &KindExplanation, recorded: bool, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let search = match kind.decision.search {
        Search::None => "none",
        Search::Exact => "exact",
        Search::Any => "any",
    };
    writeln!(out, "\n{}: {}, search: {search}", kind.name, kind.decision.action)?;
    for step in &kind.steps {
        let rule = match (&step.rule, &step.at) {
            (Some(rule), Some(at)) => format!("{rule} {}", place(at)),
            _ => "ungranted".to_owned(),
        };
        let role = step.role.as_deref().unwrap_or("*");
        let of = step.resource.as_deref().map(|resource| format!("{resource}, ")).unwrap_or_default();
        let sentence = sentence(step, recorded);
        writeln!(out, "  {of}{role}: {rule}: {}{}: {}", step.action, when(step, lang), phrase(lang, &sentence))?;
    }
    Ok(())
}

/// What became of a rule. What an expression or the CRM's record said of one is in no ledger: a rule that
/// is not named there had no part in it.
pub(super) fn sentence(step: &Step, recorded: bool) -> String {
    match step.verdict {
        Verdict::NotThere(condition @ ("cel" | "where" | "records")) if recorded => {
            format!("had no part: the record does not name it, and holds nothing of `{condition}`")
        }
        _ => step.sentence(),
    }
}

/// The conditions of a rule, and whether they hold: ` (event: export; holds)`.
fn when(step: &Step, lang: Lang) -> String {
    let mut parts: Vec<String> = step.when.iter().map(|(key, asked)| condition(lang, key, asked)).collect();
    if parts.is_empty() {
        return String::new();
    }
    if step.holds() == Some(true) {
        parts.push(texts::HOLDS.of(lang).to_owned());
    }
    format!(" ({})", crate::ledger::show::plain(&parts.join("; ")))
}

/// `rules/desk.yaml:12`
pub(super) fn place((file, line): &At) -> String {
    format!("{file}:{line}")
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}
