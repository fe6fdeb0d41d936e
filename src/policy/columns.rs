//! What one request teaches about its answer: the names of its rows' columns.
//!
//! A row of an export is an array, and only the request says what stands where in it. So each exchange
//! of such a resource has a plan of its own: the shared one, and for each column a place in the row
//! with the meaning of every field that its name speaks of. `addresses/street` speaks of what is
//! called so, and of `addresses` and of `street`; of several meanings the stricter counts, as ever.
//! A cell that stands in no column is refused by the guard.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::policy::plan::{Meaning, Plan, Target, Teller, Unlisted};
use crate::terms::label::fold;
use crate::terms::place::{JsonPath, Place, PlaceId, Places, Step};
use crate::terms::refusal::{Reason, Refusal};

/// How many columns a request may name.
pub const COLUMNS_MAX: usize = 512;

/// How long a column's name may be.
pub const NAME_BYTES: usize = 512;

/// The parts of a column's name that lead to it: what stands before the last says of whose record it
/// is, so that a type speaks only of the value of the same record.
type Way = Vec<String>;

/// The plan for an answer whose rows have these columns.
pub fn known(plan: &Plan, names: &[String]) -> Result<Plan, Refusal> {
    let mut rows = Rows { next: plan.clone(), places: (*plan.places).clone(), tellers: HashMap::new() };
    let mut labels = Vec::with_capacity(names.len());
    let mut seen = HashSet::new();
    for (number, name) in names.iter().enumerate() {
        let column = Column::new(name);
        // A server that gives a column once though it is named twice moves all behind it.
        if !seen.insert(column.whole.clone()) {
            return Err(Refusal::new(Reason::Ambiguous, "the request names a column twice"));
        }
        // Whose record it is says nothing of what stands there: what no field names stays unlisted.
        if plan.unlisted != Unlisted::Scan && !plan.targets.iter().any(|target| column.is_listed(target)) {
            rows.place(number, Meaning::Column(u16::try_from(number).map_err(|_| too_many())?))?;
            labels.push(None);
            continue;
        }
        labels.push(column.label(plan));
        rows.place(number, Meaning::Column(u16::try_from(number).map_err(|_| too_many())?))?;
        for target in &plan.targets {
            for meaning in rows.meanings(target, &column)? {
                rows.place(number, meaning)?;
            }
        }
    }
    let Rows { mut next, places, .. } = rows;
    next.places = Arc::new(places);
    next.columns = Some(labels);
    Ok(next)
}

fn too_many() -> Refusal {
    Refusal::new(Reason::BodyTooLarge, "the request names too many columns")
}

/// A column's name.
struct Column {
    whole: String,
    segments: Vec<String>,
}

impl Column {
    fn new(name: &str) -> Column {
        let parts = name.split(['/', '.', ':']).map(fold).filter(|part| !part.is_empty());
        Column { whole: fold(name), segments: parts.collect() }
    }

    /// What its label alone says, where that is unambiguous.
    fn label(&self, plan: &Plan) -> Option<crate::terms::kind::KindId> {
        let last = self.segments.last();
        std::iter::once(&self.whole).chain(last).find_map(|label| plan.labels.get(label).copied())
    }

    /// The ways to all that a place speaks of in this name.
    fn ways(&self, place: &Place) -> Vec<Way> {
        let names: Vec<String> = match place {
            Place::Name(name) => vec![fold(name)],
            Place::Json(path) => path.steps.iter().filter_map(name_of).map(fold).collect(),
            Place::Css(_) | Place::Xml(_) => return Vec::new(),
        };
        // The names of related records end in a dot in some answers: `addresses.`.
        let names: Vec<&str> = names.iter().map(|name| name.trim_end_matches('.')).collect();
        let Some((last, before)) = names.split_last().filter(|(last, _)| !last.is_empty()) else { return Vec::new() };
        let mut ways: Vec<Way> = (0..self.segments.len())
            .filter(|at| self.segments[*at] == *last && is_on_the_way(before, &self.segments[..*at]))
            .map(|at| self.segments[..at].to_vec())
            .collect();
        if ways.is_empty() && before.is_empty() && self.whole == *last {
            ways.push(self.segments.split_last().map(|(_, way)| way.to_vec()).unwrap_or_default());
        }
        ways
    }

    /// Whether a target of the shared plan speaks of the last part of this name.
    fn is_listed(&self, target: &Target) -> bool {
        let before = self.segments.len().saturating_sub(1);
        match target.meaning {
            Meaning::Field { .. } | Meaning::Tells(_) => self.ways(&target.place).iter().any(|way| way.len() == before),
            Meaning::Subject(_) | Meaning::Attribute(_) => self.is(&target.place),
            Meaning::Column(_) => false,
        }
    }

    /// Whether a place is called exactly so: the id of a related record is nobody's here.
    fn is(&self, place: &Place) -> bool {
        match place {
            Place::Name(name) => fold(name) == self.whole,
            Place::Json(path) => {
                matches!(&path.steps[..], [step] if name_of(step).map(fold).as_ref() == Some(&self.whole))
            }
            Place::Css(_) | Place::Xml(_) => false,
        }
    }
}

fn name_of(step: &Step) -> Option<&str> {
    match step {
        Step::Name(name) | Step::DescendantName(name) => Some(name),
        Step::Index(_) | Step::Each | Step::Any | Step::DescendantAny => None,
    }
}

/// Whether names stand in a way in their order, whatever stands between them.
fn is_on_the_way(names: &[&str], way: &[String]) -> bool {
    let mut rest = way.iter();
    names.iter().all(|name| rest.any(|part| part == name))
}

/// The plan as it grows.
struct Rows {
    next: Plan,
    places: Places,
    /// Tellers of one record each, by the shared one and the way.
    tellers: HashMap<(u16, Way), u16>,
}

impl Rows {
    /// What a target of the shared plan means at a column.
    fn meanings(&mut self, target: &Target, column: &Column) -> Result<Vec<Meaning>, Refusal> {
        let ways = column.ways(&target.place);
        let told = |rows: &mut Rows, number: u16| -> Result<Vec<u16>, Refusal> {
            ways.iter().map(|way| rows.teller(number, way)).collect()
        };
        Ok(match target.meaning {
            // What is asked of the record itself no related record answers.
            Meaning::Subject(_) | Meaning::Attribute(_) => {
                if column.is(&target.place) {
                    vec![target.meaning]
                } else {
                    Vec::new()
                }
            }
            Meaning::Field { told: Some(number), kind, only, optional } => told(self, number)?
                .into_iter()
                .map(|number| Meaning::Field { told: Some(number), kind, only, optional })
                .collect(),
            Meaning::Tells(number) => told(self, number)?.into_iter().map(Meaning::Tells).collect(),
            Meaning::Field { told: None, .. } => {
                if ways.is_empty() {
                    Vec::new()
                } else {
                    vec![target.meaning]
                }
            }
            Meaning::Column(_) => Vec::new(),
        })
    }

    /// The teller of the records on one way. A row has no objects, so it speaks for the whole row.
    fn teller(&mut self, shared: u16, way: &Way) -> Result<u16, Refusal> {
        if let Some(known) = self.tellers.get(&(shared, way.clone())) {
            return Ok(*known);
        }
        let own = Teller { beside: false, element: None, ..self.next.tellers[usize::from(shared)].clone() };
        let number = u16::try_from(self.next.tellers.len()).map_err(|_| too_many())?;
        self.next.tellers.push(own);
        self.tellers.insert((shared, way.clone()), number);
        Ok(number)
    }

    /// Gives the cell of a column a meaning.
    fn place(&mut self, column: usize, meaning: Meaning) -> Result<(), Refusal> {
        let path = JsonPath { steps: vec![Step::Index(column)] };
        let id = PlaceId(u16::try_from(self.next.targets.len()).map_err(|_| too_many())?);
        self.places.json.push((id, path.clone()));
        self.next.targets.push(Target { place: Place::Json(path), meaning });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_speaks_of_its_parts() {
        let ways = |place: &str, column: &str| -> Vec<String> {
            let place = Place::parse(place).expect(place);
            Column::new(column).ways(&place).iter().map(|way| way.join(">")).collect()
        };
        for (place, column, found) in [
            ("name", "name", &[""][..]),
            ("name", "Name", &[""]),
            ("street", "addresses/street", &["addresses"]),
            ("street", "party.addresses.street", &["party>addresses"]),
            ("addresses", "addresses/street", &[""]),
            ("addresses/street", "addresses/street", &["addresses"]),
            ("a", "a/b/a", &["", "a>b"]),
            ("$.name", "party/name", &["party"]),
            ("$..['addresses.']..rec_name", "addresses/rec_name", &["addresses"]),
            ("$..['addresses.']..rec_name", "party/addresses/party/rec_name", &["party>addresses>party"]),
            ("$.lines[*].no", "lines/no", &["lines"]),
            ("$..['addresses.']..rec_name", "rec_name", &[]),
            ("name", "rec_name", &[]),
            ("name", "", &[]),
            ("$[1]", "1", &[]),
            ("//name", "name", &[]),
            ("css:.name", "name", &[]),
        ] {
            assert_eq!(ways(place, column), found, "{place} {column}");
        }
    }

    #[test]
    fn the_id_of_another_record_is_nobodys() {
        for (place, column, is) in
            [("$.id", "id", true), ("id", "ID", true), ("$.id", "party/id", false), ("$.party.id", "party/id", false)]
        {
            assert_eq!(Column::new(column).is(&Place::parse(place).expect(place)), is, "{place} {column}");
        }
    }
}
