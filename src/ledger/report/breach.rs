//! What an incident comes to: whose data, of which kinds, how readable, and what the law asks of it then.
//!
//! APPI article 26 and rules 7 and 8, GDPR articles 33 and 34. People are counted, not rows: somebody who was seen a
//! hundred times is one. Of each person it is remembered which categories reached staff readable and which only
//! veiled; `triggers` makes the four answers of that.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;

use crate::ledger::query::{Filter, Stored, StoredSubject};
use crate::ledger::report::Gather;
use crate::ledger::report::distinct::Distinct;
use crate::ledger::report::names::{NAMES_MAX, Named};
use crate::ledger::report::reach::{Actions, Categories, Disclosed, Reach, disclosed, rank, refused, words};
use crate::ledger::report::triggers::{self, Trigger};

/// So many people are listed where a list is asked for.
pub const LIST_MAX: usize = 200_000;

/// What an incident comes to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BreachReport {
    /// How many people.
    pub persons: Persons,
    /// Records that disclosed something.
    pub disclosures: u64,
    /// When the first one was.
    pub first: Option<String>,
    /// When the last one was.
    pub last: Option<String>,
    /// By category, in the order of categories.
    pub categories: Vec<CategorySum>,
    /// By staff.
    pub staff: BTreeMap<String, u64>,
    /// By resource.
    pub resources: BTreeMap<String, u64>,
    /// By event.
    pub events: BTreeMap<String, u64>,
    /// By purpose; the empty one is none.
    pub purposes: BTreeMap<String, u64>,
    /// Requests that were refused.
    pub refused: u64,
    /// The four triggers of rule 7.
    pub triggers: Vec<Trigger>,
    /// Whom to tell, where that was asked for.
    pub list: Option<Vec<Person>>,
}

/// People, by how much of their data reached staff.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Persons {
    /// Everybody of whom something reached staff.
    pub affected: u64,
    /// Of them: something readable.
    pub readable: u64,
    /// Of them: nothing but masks, tokens and hashes.
    pub veiled_only: u64,
    /// People of whom everything was removed or refused; they are not among the affected.
    pub nothing: u64,
    /// People whose My Number reached staff readable.
    pub my_number: u64,
    /// Values whose person the gateway did not find.
    pub unidentified_values: u64,
    /// Whether there are more people than could be told apart.
    pub at_least: bool,
}

/// What reached staff of a category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CategorySum {
    /// The category.
    pub category: &'static str,
    /// People of whom it was readable.
    pub persons_readable: u64,
    /// People of whom it was veiled and never readable.
    pub persons_veiled_only: u64,
    /// How many values of each kind, under which action.
    pub kinds: BTreeMap<String, Actions>,
}

/// Somebody to be told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Person {
    /// The subject's type.
    #[serde(rename = "type")]
    pub of: String,
    /// The id, as the ledger holds it.
    pub id: String,
    /// Categories that were readable.
    pub readable: Vec<&'static str>,
    /// Categories that were veiled and never readable.
    pub veiled: Vec<&'static str>,
}

/// Gathers the report.
pub struct Breach<'k> {
    filter: Filter,
    categories: &'k Categories,
    met: Distinct,
    values: u64,
    unidentified: u64,
    disclosures: u64,
    first: Option<String>,
    last: Option<String>,
    kinds: Named<Actions>,
    staff: Named<u64>,
    resources: Named<u64>,
    events: Named<u64>,
    purposes: Named<u64>,
    refused: u64,
    list: Option<BTreeMap<(String, String), u32>>,
    list_max: usize,
}

impl<'k> Breach<'k> {
    /// Nothing yet. Of a record only subjects that the filter asks for count.
    pub fn new(filter: Filter, categories: &'k Categories, persons_max: usize, list_max: Option<usize>) -> Breach<'k> {
        Breach {
            filter,
            categories,
            met: Distinct::up_to(persons_max),
            values: 0,
            unidentified: 0,
            disclosures: 0,
            first: None,
            last: None,
            kinds: Named::up_to(NAMES_MAX),
            staff: Named::up_to(NAMES_MAX),
            resources: Named::up_to(NAMES_MAX),
            events: Named::up_to(NAMES_MAX),
            purposes: Named::up_to(NAMES_MAX),
            refused: 0,
            list: list_max.map(|_| BTreeMap::new()),
            list_max: list_max.unwrap_or_default(),
        }
    }

    /// What came of it; lines that could not be read keep every "no" from being certain.
    pub fn finish(self, unreadable: u64) -> BreachReport {
        let persons = self.persons();
        let categories = self.category_sums();
        let incomplete = unreadable > 0 || self.kinds.left_out() > 0;
        let triggers = triggers::judge(&persons, &categories, incomplete);
        let person = |((of, id), marks): ((String, String), u32)| {
            let among = |side: &dyn Fn(usize) -> bool| -> Vec<&'static str> {
                words().enumerate().filter(|(at, _)| side(*at)).map(|(_, word)| word).collect()
            };
            let shown = among(&|at| marks & readable(at) != 0);
            let hidden = among(&|at| marks & veiled(at) != 0 && marks & readable(at) == 0);
            Person { of, id, readable: shown, veiled: hidden }
        };
        BreachReport {
            persons,
            disclosures: self.disclosures,
            first: self.first,
            last: self.last,
            categories,
            staff: self.staff.into_sums(),
            resources: self.resources.into_sums(),
            events: self.events.into_sums(),
            purposes: self.purposes.into_sums(),
            refused: self.refused,
            triggers,
            list: self.list.map(|list| list.into_iter().map(person).collect()),
        }
    }

    fn persons(&self) -> Persons {
        let (readable, reached) = (self.met.with(ANY_READABLE), self.met.with(ANY_READABLE | ANY_VEILED));
        Persons {
            affected: reached,
            readable,
            veiled_only: reached - readable,
            nothing: self.met.count() - reached,
            my_number: self.met.with(MY_NUMBER),
            unidentified_values: self.unidentified,
            at_least: self.met.is_beyond(),
        }
    }

    fn category_sums(&self) -> Vec<CategorySum> {
        let sum = |(at, category): (usize, &'static str)| {
            let own = self.kinds.iter().filter(|(kind, _)| self.categories.word(kind) == category);
            let kinds: BTreeMap<String, Actions> = own.map(|(kind, sum)| (kind.clone(), *sum)).collect();
            let (persons_readable, persons_veiled_only) =
                (self.met.with(readable(at)), self.met.with_but(veiled(at), readable(at)));
            (!kinds.is_empty()).then_some(CategorySum { category, persons_readable, persons_veiled_only, kinds })
        };
        words().enumerate().filter_map(sum).collect()
    }

    /// Marks somebody; false when they cannot be listed.
    fn mark(&mut self, subject: &StoredSubject, marks: u32) -> bool {
        self.met.mark_subject(subject, marks);
        let Some((list, id)) = self.list.as_mut().zip(subject.who()) else { return true };
        if marks & (ANY_READABLE | ANY_VEILED) == 0 {
            return true;
        }
        let key = (subject.of.clone(), id.into_owned());
        if list.len() >= self.list_max && !list.contains_key(&key) {
            return false;
        }
        *list.entry(key).or_default() |= marks;
        true
    }

    fn count(&mut self, record: &Stored) {
        self.disclosures += 1;
        self.first.get_or_insert_with(|| record.time.clone());
        self.last = Some(record.time.clone());
        let staff = record.staff.as_deref().unwrap_or_default();
        let (resource, purpose) = (record.resource.as_deref(), record.purpose.as_deref());
        let sums = [
            (&mut self.staff, staff),
            (&mut self.resources, resource.unwrap_or_default()),
            (&mut self.events, record.event.as_str()),
            (&mut self.purposes, purpose.unwrap_or_default()),
        ];
        for (sums, name) in sums {
            if let Some(sum) = sums.at(name) {
                *sum += 1;
            }
        }
    }
}

impl Gather for Breach<'_> {
    fn take(&mut self, record: &Stored) -> bool {
        self.refused = self.refused.saturating_add(refused(record));
        let own: Vec<Disclosed<'_>> =
            disclosed(record).filter(|one| self.filter.matches_subject(one.subject)).collect();
        for one in &own {
            let reach = one.reach();
            if let Some(sum) = self.kinds.at(one.kind) {
                sum.add(one.action, one.count);
            }
            self.values = self.values.saturating_add(one.count);
            if one.subject.id.is_none() && reach != Reach::Nothing {
                self.unidentified = self.unidentified.saturating_add(one.count);
            }
            let marks = marks(one, rank(self.categories.word(one.kind)));
            if !self.mark(one.subject, marks) {
                return false;
            }
        }
        if own.iter().any(|one| one.reach() != Reach::Nothing) {
            self.count(record);
        }
        true
    }
}

/// Which categories of a person were readable: a bit each. Which were veiled: the same bits above.
const ANY_READABLE: u32 = 0x01ff;
const ANY_VEILED: u32 = 0x01ff << VEILED;
const VEILED: usize = 16;
/// Their My Number was readable.
const MY_NUMBER: u32 = 1 << 14;

fn readable(rank: usize) -> u32 {
    1 << rank
}

fn veiled(rank: usize) -> u32 {
    1 << (VEILED + rank)
}

fn marks(one: &Disclosed<'_>, rank: usize) -> u32 {
    match one.reach() {
        Reach::Nothing => 0,
        Reach::Veiled => veiled(rank),
        Reach::Readable => readable(rank) | if one.kind == "my_number" { MY_NUMBER } else { 0 },
    }
}

/// By when who is to be told, from the moment at which it was known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadlines {
    /// When it was known.
    pub known: Timestamp,
    /// The preliminary report of rule 8, by the guideline's "about three to five days": the third day.
    pub preliminary_from: Date,
    /// The fifth day.
    pub preliminary_to: Date,
    /// The final report: the thirtieth day.
    pub last: Date,
    /// The same where a wrongful purpose is possible: the sixtieth day.
    pub last_wrongful: Date,
    /// GDPR article 33: after 72 hours.
    pub gdpr: Timestamp,
}

impl Deadlines {
    /// Counts from a moment; the day on which it was known is the first one, and every day of the week counts.
    pub fn since(known: Timestamp, zone: &TimeZone) -> Option<Deadlines> {
        let day = known.to_zoned(zone.clone()).date();
        let nth = |number: i64| day.checked_add((number - 1).days()).ok();
        Some(Deadlines {
            known,
            preliminary_from: nth(3)?,
            preliminary_to: nth(5)?,
            last: nth(30)?,
            last_wrongful: nth(60)?,
            gdpr: known.checked_add(SignedDuration::from_hours(72)).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_on_which_it_was_known_is_the_first() {
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        // The 24th already in Tokyo.
        let told = Deadlines::since("2026-11-23T15:30:00Z".parse().unwrap(), &tokyo).unwrap();
        let days =
            [told.preliminary_from, told.preliminary_to, told.last, told.last_wrongful].map(|day| day.to_string());
        assert_eq!(days, ["2026-11-26", "2026-11-28", "2026-12-23", "2027-01-22"]);
        assert_eq!(told.gdpr.to_string(), "2026-11-26T15:30:00Z");
    }
}
