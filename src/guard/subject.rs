//! Whose data it is: the subject of each record, and how its id may stand in the ledger.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::detect::Detectors;
use crate::policy::plan::{Plan, SubjectAt, SubjectSource};
use crate::terms::disclosure::{InLedger, Subject};
use crate::terms::id_forms;
use crate::terms::label;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};

/// The type of a subject that no resource declares.
const UNKNOWN: &str = "unknown";

/// The subjects of one answer: of the request, and of each record as its place is met.
#[derive(Default)]
pub struct Subjects {
    /// What the request itself says: the source's number and the id.
    fixed: Option<(usize, String)>,
    /// By record, what the answer says.
    found: HashMap<u32, Found>,
    /// What the answer as a whole says at each source, itself and first.
    said: Vec<(usize, String)>,
}

/// What a record says of its subject.
struct Found {
    source: usize,
    /// Whether the place names just the id, not something around it.
    itself: bool,
    id: String,
    /// Whether a source that gave the same id lets it stand in the ledger as a hash alone.
    hash: bool,
}

impl Subjects {
    /// Takes what the request says of its subject: parameters of the path and of the query.
    pub fn new(plan: &Plan, path: &HashMap<String, String>, query: &[(String, String)]) -> Subjects {
        let fixed = plan.subjects.iter().enumerate().find_map(|(number, source)| {
            let id = match &source.at {
                SubjectAt::Path(name) => path.get(name).cloned(),
                SubjectAt::Query(name) => one(query, name),
                SubjectAt::None | SubjectAt::Place(_) => None,
            }
            .filter(|id| !id.trim().is_empty())?;
            Some((number, id))
        });
        Subjects { fixed, found: HashMap::new(), said: Vec::new() }
    }

    /// Whether the request named whose data it is about: one, and no more.
    pub(super) fn named_one(&self) -> bool {
        self.fixed.is_some()
    }

    /// Notes an id that stood at a subject's place, or inside of what does. The first of a record
    /// counts, and one that stands there itself before all that stand inside.
    pub fn met(&mut self, plan: &Plan, record: u32, (source, itself): (usize, bool), id: &str) {
        let id = id.trim();
        if id.is_empty() {
            return;
        }
        if itself && record == 0 && !plan.records && self.said.iter().all(|(known, _)| *known != source) {
            self.said.push((source, id.to_owned()));
        }
        let hash = plan.subjects[source].hash;
        match self.found.entry(record) {
            Entry::Vacant(entry) => drop(entry.insert(Found { source, itself, id: id.to_owned(), hash })),
            Entry::Occupied(mut entry) => {
                let found = entry.get_mut();
                if itself && !found.itself && found.id != id {
                    *found = Found { source, itself, id: id.to_owned(), hash };
                } else if found.id == id {
                    found.hash |= hash;
                    found.itself |= itself;
                }
            }
        }
    }

    /// The subject of a record: its own, or that of the document around it.
    pub fn of(&self, plan: &Plan, record: u32) -> Subject {
        let own = self.found.get(&record).or_else(|| self.found.get(&0).filter(|_| !plan.records));
        let fixed = self.fixed.as_ref();
        let (source, id, hash) = match (own, fixed) {
            (Some(own), _) => (own.source, &own.id, own.hash),
            (None, Some((source, id))) => (*source, id, false),
            (None, None) => return Subject { kind: default_kind(plan), id: None, in_ledger: InLedger::default() },
        };
        let SubjectSource { kind, clear, hash: hashes, .. } = &plan.subjects[source];
        // Of several that give one id, one that wants it hashed is enough.
        let also = fixed.is_some_and(|(other, same)| same == id && plan.subjects[*other].hash);
        let in_ledger = match (hash || *hashes || also, clear) {
            (true, _) => InLedger::Hashed,
            (false, true) => InLedger::InClear,
            (false, false) => InLedger::ByItsForm,
        };
        Subject { kind: kind.clone(), id: Some(id.clone()), in_ledger }
    }

    /// Refuses an answer that is about another than the request, or about two: where one resource names its
    /// subject in several ways, all of them say the same. An answer of many records says of each whose it is.
    pub(super) fn agree(&self, plan: &Plan) -> Result<(), Refusal> {
        let all = || self.fixed.iter().chain(&self.said);
        for (number, (source, id)) in all().enumerate() {
            let own = &plan.subjects[*source];
            let differs = |(other, said): &&(usize, String)| {
                let other = &plan.subjects[*other];
                other.kind == own.kind && other.resource == own.resource && !is_one(id, said)
            };
            if let Some((other, said)) = all().skip(number + 1).find(differs) {
                let about = vec![subject(&plan.subjects[*source], id), subject(&plan.subjects[*other], said)];
                let note = format!(
                    "one id of a `{}` stands in the request or the answer, and another in the answer",
                    own.kind
                );
                return Err(Refusal { about, ..Refusal::new(Reason::Subject, note) });
            }
        }
        Ok(())
    }

    /// Forgets records that were released; the document around them stays.
    pub fn forget(&mut self, released: impl Fn(u32) -> bool) {
        self.found.retain(|record, _| *record == 0 || !released(*record));
    }
}

/// Refuses a request that names two subjects where one is meant: a parameter twice, in the query and in a form, or a
/// parameter beside the path. Nobody knows which of them the CRM takes.
pub fn is_named_once(
    plan: &Plan,
    path: &HashMap<String, String>,
    parameters: &[(String, String)],
) -> Result<(), Refusal> {
    if plan.records {
        return Ok(());
    }
    let mut named: Vec<(&SubjectSource, &str)> = Vec::new();
    for source in &plan.subjects {
        let ids: Vec<&str> = match &source.at {
            SubjectAt::Path(key) => path.get(key).map(String::as_str).into_iter().collect(),
            SubjectAt::Query(name) => {
                parameters.iter().filter(|(key, _)| is_name(key, name)).map(|(_, value)| value.as_str()).collect()
            }
            SubjectAt::None | SubjectAt::Place(_) => continue,
        };
        if matches!(&source.at, SubjectAt::Query(name) if is_smuggled(parameters, name)) {
            let note = format!("the request names a subject of the type `{}` behind a `;`", source.kind);
            return Err(Refusal::new(Reason::Ambiguous, note));
        }
        for id in ids.into_iter().filter(|id| !id.trim().is_empty()) {
            let other = |(own, said): &(&SubjectSource, &str)| {
                own.kind == source.kind && own.resource == source.resource && !is_one(said, id)
            };
            if named.iter().any(other) {
                let note = format!("the request names two subjects of the type `{}`", source.kind);
                return Err(Refusal::new(Reason::Ambiguous, note));
            }
            named.push((source, id));
        }
    }
    Ok(())
}

/// Whether a name stands behind a `;`, at which older servers part parameters as well.
fn is_smuggled(parameters: &[(String, String)], name: &str) -> bool {
    let holds = |text: &str| {
        let mut pieces = text.split(';').skip(1);
        pieces.any(|piece| is_name(piece.split('=').next().unwrap_or_default().trim(), name))
    };
    parameters.iter().any(|(key, value)| holds(key) || holds(value))
}

/// Whether two spellings are those of one id.
fn is_one(one: &str, other: &str) -> bool {
    let bare = |id: &str| {
        let id = id_forms::normal(id.trim());
        let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        if digits { id.trim_start_matches('0').to_owned() } else { id.to_lowercase() }
    };
    bare(one) == bare(other)
}

fn subject(source: &SubjectSource, id: &str) -> Subject {
    let in_ledger = match (source.hash, source.clear) {
        (true, _) => InLedger::Hashed,
        (false, true) => InLedger::InClear,
        (false, false) => InLedger::ByItsForm,
    };
    Subject { kind: source.kind.clone(), id: Some(id.trim().to_owned()), in_ledger }
}

/// The type of subjects whose id nobody knows.
fn default_kind(plan: &Plan) -> String {
    let declared = plan.subjects.iter().find(|source| source.at != SubjectAt::None);
    declared.map_or_else(|| UNKNOWN.to_owned(), |source| source.kind.clone())
}

fn one(query: &[(String, String)], name: &str) -> Option<String> {
    let mut values = query.iter().filter(|(key, _)| is_name(key, name)).map(|(_, value)| value);
    let first = values.next()?;
    // Two values could mean two people; nobody can say which one the CRM took.
    values.all(|other| other == first).then(|| first.clone())
}

/// Whether a CRM may read a parameter as the one of this name: `id`, `ID` and `id[]` are one to many.
fn is_name(key: &str, name: &str) -> bool {
    let bare = |name: &str| label::fold(name.split('[').next().filter(|bare| !bare.is_empty()).unwrap_or(name));
    key == name || bare(key) == bare(name)
}

/// An id as the ledger may hold it, in one spelling of those that CRMs have for it: in clear only if it is digits, a UUID or declared so, and no
/// detector knows it; else as a keyed hash.
pub fn for_ledger<'a>(plan: &Plan, subject: &'a Subject, mint: &dyn Mint) -> Option<Cow<'a, str>> {
    id_for_ledger(&plan.detectors, subject, mint)
}

/// The same where there is no plan.
pub fn id_for_ledger<'a>(detectors: &Detectors, subject: &'a Subject, mint: &dyn Mint) -> Option<Cow<'a, str>> {
    let id = id_forms::normal(subject.id.as_deref()?);
    if stands_in_clear(subject.in_ledger, &id, detectors) {
        return Some(id);
    }
    Some(Cow::Owned(mint.subject(&subject.kind, &id)))
}

fn stands_in_clear(in_ledger: InLedger, id: &str, detectors: &Detectors) -> bool {
    const CLEAR_BYTES: usize = 64;
    let plain = || id.bytes().all(|b| b.is_ascii_digit()) || id_forms::is_uuid(id);
    let declared = match in_ledger {
        InLedger::Hashed => false,
        InLedger::InClear => true,
        InLedger::ByItsForm => plain(),
    };
    if !declared || id.len() > CLEAR_BYTES {
        return false;
    }
    let mut found = Vec::new();
    detectors.find(id, &mut found);
    found.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_different_query_values_name_nobody() {
        let query = |values: &[&str]| values.iter().map(|v| ("id".to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        assert_eq!(one(&query(&["1", "2"]), "id"), None);
        assert_eq!(one(&query(&["1", "1"]), "id"), Some("1".into()));
        assert_eq!(one(&query(&[]), "id"), None);
        for (other, id) in [("ID", None), ("id[]", None), ("id[0]", None), ("ｉｄ", None), ("ids", Some("1"))] {
            let asked = [("id".to_owned(), "1".to_owned()), (other.to_owned(), "2".to_owned())];
            assert_eq!(one(&asked, "id").as_deref(), id, "{other}");
        }
    }
}
