//! `ledger:` what is done with the ledger beside its folder, and how long what is kept.
//!
//! `sudare ledger retain` deletes by it, so that a hold which could miss somebody is a fault and never a shorter hold.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::units::Origin;
use crate::ledger::key::PublicKey;
use crate::ledger::witness::Place;
use crate::policy::fault::Faults;
use crate::policy::node::{self, Node, Source, Spot, Value};
use crate::policy::reader::{self, MapReader};
use crate::terms::retention::Class;

/// What is done with the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The file that checkpoints are also kept in.
    pub anchor: Option<PathBuf>,
    /// Who signs checkpoints as well.
    pub witness: Option<Place>,
    /// How many months records of each class are kept.
    pub months: [Option<u32>; Class::ALL.len()],
    /// What is kept whatever its class is.
    pub holds: Vec<Hold>,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger { anchor: None, witness: None, months: Class::ALL.map(Class::months), holds: Vec::new() }
    }
}

/// Records that are kept whatever their class is: those of which all of it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hold {
    /// The person: `customer:42`.
    pub subject: Option<String>,
    /// Where the person is named.
    pub subject_spot: Option<Spot>,
    /// The staff: `tanaka`.
    pub staff: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Until before this moment.
    pub to: Option<Timestamp>,
}

/// Reads `ledger: { anchor, witness: { url, key }, retention, holds }`.
pub fn parse(node: &Node, path: &dyn Fn(&str) -> PathBuf, faults: &mut Faults) -> Ledger {
    let mut ledger = Ledger::default();
    let Some(mut map) = MapReader::open(node, "`ledger`", faults) else { return ledger };
    ledger.anchor = map.take("anchor").and_then(|node| reader::text(node, "`anchor`", faults)).map(path);
    ledger.witness = map.take("witness").and_then(|node| witness(node, faults));
    if let Some(node) = map.take("retention") {
        retention(node, &mut ledger.months, faults);
    }
    if let Some(node) = map.take("holds") {
        let holds = reader::one_or_more(node, "a hold", faults);
        ledger.holds = holds.iter().filter_map(|node| hold(node, faults)).collect();
    }
    map.finish(faults);
    ledger
}

/// `retention: { access: 13 months }`. What a law asks for cannot be made shorter.
fn retention(node: &Node, months: &mut [Option<u32>; Class::ALL.len()], faults: &mut Faults) {
    let Some(mut map) = MapReader::open(node, "`retention`", faults) else { return };
    for (class, own) in Class::ALL.into_iter().zip(months) {
        // What is never deleted has no span.
        let Some(least) = class.months() else { continue };
        let Some(node) = map.take(class.word()) else { continue };
        let Some(text) = reader::text(node, "a span of months", faults) else { continue };
        let count = text.strip_suffix("months").map(str::trim).and_then(|count| count.parse::<u32>().ok());
        match count.filter(|count| *count <= MONTHS_MAX) {
            None => {
                let fault = faults.error(&node.spot, "bad-duration", format!("`{text}` is not a span of months"));
                fault.help(format!("write `{least} months`"));
            }
            Some(count) if count < least && class != Class::Access || count == 0 => {
                let what = format!("records of the class `{}` may not be deleted so early", class.word());
                faults.error(&node.spot, "too-short", what).help(format!("write `{least} months` or more"));
            }
            Some(count) => *own = Some(count),
        }
    }
    map.finish(faults);
}

/// A hundred years.
const MONTHS_MAX: u32 = 1200;

/// `{ subject: customer:42 }`, `{ staff: tanaka, from: 2026-01-01, to: 2026-03-31 }`
fn hold(node: &Node, faults: &mut Faults) -> Option<Hold> {
    let mut map = MapReader::open(node, "a hold", faults)?;
    let subject = map.take("subject").map(|node| (person(node, faults), node.spot.clone()));
    let staff = map.take("staff").map(|node| reader::text(node, "a hold's `staff`", faults).map(str::to_owned));
    let from = map.take("from").map(|node| moment(node, false, faults));
    let to = map.take("to").map(|node| moment(node, true, faults));
    if let Some(node) = map.take("why") {
        // For people; no rule comes of it.
        let _ = reader::text(node, "`why`", faults);
    }
    map.finish(faults);
    if subject.is_none() && staff.is_none() && from.is_none() && to.is_none() {
        let fault = faults.error(&node.spot, "empty", "the hold says nothing of what is held");
        fault.help("name a `subject`, `staff`, or the days `from` and `to` which");
        return None;
    }
    let (subject, subject_spot) = subject.unzip();
    let (subject, staff, from, to) = (subject.flatten(), staff.flatten(), from.flatten(), to.flatten());
    let hold = Hold { subject, subject_spot, staff, from, to };
    if hold.from.zip(hold.to).is_some_and(|(from, to)| from >= to) {
        faults.error(&node.spot, "date", "the hold ends before it begins").help("write the earlier day as `from`");
        return None;
    }
    Some(hold)
}

/// `TYPE:ID`. Without the type nobody can make the keyed hash under which the ledger may hold this person.
fn person(node: &Node, faults: &mut Faults) -> Option<String> {
    let text = reader::text(node, "a hold's `subject`", faults)?;
    let named = text.split_once(':').filter(|(of, id)| *of != HASHED && !of.trim().is_empty() && !id.trim().is_empty());
    if named.is_none() {
        let fault =
            faults.error(&node.spot, "bad-subject", format!("`{text}` does not say of which type the person is"));
        fault.help("write `TYPE:ID`, as `customer:42`, with the type that the rules give this person");
    }
    named.map(|_| text.to_owned())
}

/// What an id begins with that stands in the ledger as a keyed hash; it is no type.
const HASHED: &str = "h1";

/// A day in UTC, the last one included, or a moment.
fn moment(node: &Node, is_end: bool, faults: &mut Faults) -> Option<Timestamp> {
    const DAY_BYTES: usize = "2026-11-22".len();
    let text = reader::text(node, "a time", faults)?;
    let of_day = |day: Date| {
        let day = if is_end { day.tomorrow().ok()? } else { day };
        Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let moment = match text.len() {
        DAY_BYTES => text.parse().ok().and_then(of_day),
        _ => text.parse().ok(),
    };
    if moment.is_none() {
        let fault = faults.error(&node.spot, "date", format!("`{text}` is no date"));
        fault.help("write `2026-11-22`, a day in UTC, or `2026-11-22T09:00:00+09:00`");
    }
    moment
}

/// Reads of gateway.yaml what it says of the ledger, whatever else is wrong with it. Whoever deletes by it must not miss
/// a hold for a slip of the pen.
pub fn alone(source: &Source, origin: &Origin<'_>, faults: &mut Faults) -> Ledger {
    let mut ledger = Ledger::default();
    let Some(mut root) = node::parse(source, faults) else { return ledger };
    if reader::entries(&root, "gateway.yaml", faults).is_none() {
        return ledger;
    }
    let Value::Map(entries) = &mut root.value else { return ledger };
    for entry in entries {
        match entry.key.as_str() {
            "ledger" => {
                origin.resolve(&mut entry.value, faults);
                ledger = parse(&entry.value, &|text| origin.path(text), faults);
            }
            key if reader::nearest(key, ["ledger"]).is_some() => {
                let fault = faults.error(&entry.key_spot, "unknown-key", format!("`{key}` is no key of gateway.yaml"));
                fault.did_you_mean(Some("ledger"));
            }
            _ => {}
        }
    }
    ledger
}

fn witness(node: &Node, faults: &mut Faults) -> Option<Place> {
    let mut map = MapReader::open(node, "`witness`", faults)?;
    let url = map.need("url", faults);
    let key = map.need("key", faults);
    map.finish(faults);
    let (url, key) = (url?, key?);
    let told = PublicKey::of_witness(reader::text(key, "`key`", faults)?);
    let Ok(told) = told else {
        faults
            .error(&key.spot, "bad-witness", "`key` is no key of a witness")
            .help("write it as the witness's operator published it: NAME+ID+KEY, an Ed25519 key for cosignatures");
        return None;
    };
    let place = Place::parse(reader::text(url, "`url`", faults)?, told);
    place
        .map_err(|wrong| {
            faults
                .error(&url.spot, "bad-witness", format!("`url` leads to no witness: {wrong}"))
                .help("write the witness's submission prefix: `https://HOST/PATH`");
        })
        .ok()
}
