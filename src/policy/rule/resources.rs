//! `resources:`: pages and calls of the CRM, and what stands where in them.

use jiff::Timestamp;

use crate::policy::fault::Faults;
use crate::policy::headers::Headers;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::plan::{Errors, Unlisted, Unreadable};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::columns::{self, Columns};
use crate::policy::rule::fields::{self, Item};
use crate::policy::rule::headers;
use crate::policy::rule::matches::{self, Match};
use crate::policy::rule::when::{self, EVENTS};
use crate::policy::rule::{Word, places};
use crate::route::pattern::Segment;
use crate::terms::event::Event;
use crate::terms::place::{Place, Step};
use crate::terms::retention::Class;

/// A resource.
#[derive(Debug)]
pub struct Resource {
    /// Its id.
    pub id: Word,
    /// Which requests it is about.
    pub matches: Vec<Match>,
    /// Whose data it shows.
    pub subjects: Vec<Subject>,
    /// Where each record begins.
    pub records: Option<Place>,
    /// Where the request names the columns of rows.
    pub columns: Option<Columns>,
    /// What stands where.
    pub fields: Vec<Item>,
    /// What parameters touch.
    pub query: Vec<Query>,
    /// What rules may ask of each record, and where it stands.
    pub attributes: Vec<(Word, Place)>,
    /// What a request does, if it is not what its method says.
    pub event: Option<Event>,
    /// What the CRM carries elsewhere by it.
    pub derive: Option<Derive>,
    /// The kinds by which the CRM sorts its list without being asked.
    pub sorted: Vec<Word>,
    /// What it says of the rest.
    pub options: Options,
    /// What its answers say to browsers.
    pub headers: Headers,
    /// Under which records of the CRM what its answers show veiled is remembered.
    pub remember: Option<Subject>,
}

/// What a resource says of what its fields do not name.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether labels and detectors work beside the fields.
    pub scan: bool,
    /// What becomes of leaves that no field names.
    pub unlisted: Unlisted,
    /// What becomes of a body that cannot be read.
    pub unreadable: Unreadable,
    /// Until when it passes.
    pub until: Option<Timestamp>,
    /// What becomes of error pages.
    pub errors: Errors,
    /// Whether staff without a role may ask for it.
    pub public: bool,
    /// Whether veils in a write become their originals again, by a second reading of the record.
    pub restore: bool,
    /// Where in a write the values of its record stand, if their veils become what is remembered of them.
    pub remembered: Option<Place>,
    /// Controls of forms that hold the CRM's own state, which staff gets sealed.
    pub seal: Vec<String>,
    /// How long records of it are kept.
    pub retention: Class,
}

/// What the CRM itself copies or transforms where a resource is asked for.
#[derive(Debug)]
pub enum Derive {
    /// Nothing: somebody has looked.
    Nothing,
    /// Whatever is known of such a record.
    All,
    /// Kinds, categories.
    Of(Vec<Word>),
}

/// Whose data a resource shows.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The subject's type.
    pub kind: String,
    /// Where its id is.
    pub at: At,
    /// Where that is written.
    pub spot: Spot,
    /// The id may stand in the ledger in clear.
    pub clear: bool,
    /// The id is always hashed.
    pub hash: bool,
}

/// Where a subject's id is.
#[derive(Debug, Clone)]
pub enum At {
    /// The resource has no subject.
    None,
    /// A parameter of the path.
    Path(String),
    /// A parameter of the query.
    Query(String),
    /// A place in the answer.
    Place(Place),
}

/// What one parameter touches.
#[derive(Debug)]
pub struct Query {
    /// The parameter's name.
    pub name: String,
    /// Kinds whose values its value is compared with.
    pub filters: Vec<Word>,
    /// Columns that its value may name, and their kinds.
    pub columns: Vec<(String, Word)>,
}

/// The subject's type where a rule names the place alone.
const SUBJECT: &str = "customer";

/// Reads one resource.
pub fn read(node: &Node, faults: &mut Faults) -> Option<Resource> {
    let mut map = MapReader::open(node, "a resource", faults)?;
    let id = map.need("id", faults).and_then(|node| Some(Word::new(reader::text(node, "an id", faults)?, &node.spot)));
    let matches = map.need("match", faults).map(|node| matches::read(node, faults)).unwrap_or_default();
    let subjects = map.take("subject").map(|node| subjects(node, faults)).unwrap_or_default();
    let records = map.take("records").and_then(|node| records(node, faults));
    let columns = map.take("columns").and_then(|node| columns::read(node, faults));
    let fields = map.take("fields").map(|node| fields::read(node, faults)).unwrap_or_default();
    let query = map.take("query").map(|node| query(node, faults)).unwrap_or_default();
    let attributes = map.take("attributes").map(|node| attributes(node, faults)).unwrap_or_default();
    let event = map.take("event").and_then(|node| reader::word(node, "an event", &EVENTS, faults));
    let derive = map.take("derive").map(|node| derive(node, faults));
    let sorted = map.take("sorted").map(|node| reader::texts(node, "`sorted`", faults)).unwrap_or_default();
    let sorted = sorted.into_iter().map(|(kind, spot)| Word::new(kind, spot)).collect();
    let options = options(&mut map, faults);
    unscanned(node, &matches, faults);
    let headers = map.take("headers").map(|node| headers::of_resource(node, faults)).unwrap_or_default();
    columns::check(columns.as_ref(), records.as_ref(), faults);
    rows(node, &subjects, &options, faults);
    let remember = map.take("remember").and_then(|node| remember(node, faults));
    map.reserve(&["store", "undeclared"], faults);
    map.finish(faults);
    let id = id?;
    Some(Resource {
        id,
        matches,
        subjects,
        records,
        columns,
        fields,
        query,
        attributes,
        event,
        derive,
        sorted,
        options,
        headers,
        remember,
    })
}

/// The column by which the rows of a table are known says whose record each is.
fn rows(node: &Node, subjects: &[Subject], options: &Options, faults: &mut Faults) {
    let (Some(Place::Name(column)), Some(restore)) = (&options.remembered, node.at("restore")) else { return };
    let is_it = |subject: &Subject| matches!(&subject.at, At::Place(Place::Name(name)) if name == column);
    if subjects.is_empty() || !subjects.iter().all(is_it) {
        let fault = faults.error(&restore.spot, "place", format!("no `subject` says whose record `{column}` names"));
        fault.help(format!("write `subject: {column}` beside it, and no other: it is the column of the table"));
    }
}

/// Warns of `scan: false` for all pages: what stands in no field then reaches staff as it is.
fn unscanned(node: &Node, matches: &[Match], faults: &mut Faults) {
    let Some(scan) = node.at("scan").filter(|scan| scan.scalar() == Some("false")) else { return };
    let is_all = |rule: &&Match| {
        let is_free = |segment: &Segment| matches!(segment, Segment::Parameter(_));
        let narrowed =
            !(rule.query.is_empty() && rule.header.is_empty() && rule.form.is_empty() && rule.json.is_empty());
        rule.path.rest && rule.path.segments.iter().all(is_free) && !narrowed
    };
    if let Some(rule) = matches.iter().find(is_all) {
        let message = format!("`scan: false` on `{}` looks for nothing on any page", rule.path.text);
        let fault = faults.warning(&scan.spot, "wide", message);
        fault.help("whatever no field names reaches staff in clear: name the pages that may go without");
    }
}

fn options(map: &mut MapReader<'_>, faults: &mut Faults) -> Options {
    let scan = map.take("scan").and_then(|node| reader::boolean(node, "`scan`", faults)).unwrap_or(true);
    let public = map.take("public").and_then(|node| reader::boolean(node, "`public`", faults)).unwrap_or(false);
    let (restore, remembered) = map.take("restore").map(|node| restore(node, faults)).unwrap_or_default();
    let seal = map.take("seal").map(|node| controls(node, faults)).unwrap_or_default();
    let words = Class::ALL.map(|class| (class.word(), class));
    let retention = map.take("retention").and_then(|node| reader::word(node, "`retention`", &words, faults));
    let words = [("scan", Unlisted::Scan), ("mask", Unlisted::Mask), ("block", Unlisted::Block)];
    let unlisted = map
        .take("unlisted")
        .and_then(|node| reader::word(node, "`unlisted`", &words, faults))
        .unwrap_or(Unlisted::Scan);
    let words = [("page", Errors::Page), ("scan", Errors::Scan)];
    let errors =
        map.take("errors").and_then(|node| reader::word(node, "`errors`", &words, faults)).unwrap_or(Errors::Page);
    let until = map.take("until").and_then(|node| Some((when::until(node, faults)?, &node.spot)));
    let words = [("block", Unreadable::Block), ("pass", Unreadable::Pass)];
    let mut unreadable = Unreadable::Block;
    if let Some(node) = map.take("unreadable") {
        unreadable = reader::word(node, "`unreadable`", &words, faults).unwrap_or(Unreadable::Block);
        if unreadable == Unreadable::Pass && until.is_none() {
            let fault = faults.error(&node.spot, "until", "`unreadable: pass` needs an end");
            fault.help("write `until: 2026-12-31` beside it");
        }
    }
    if let Some((_, spot)) = until.filter(|_| unreadable == Unreadable::Block) {
        faults.error(spot, "until", "`until` here belongs to `unreadable: pass` alone");
    }
    Options {
        scan,
        unlisted,
        unreadable,
        until: until.map(|(time, _)| time),
        errors,
        public,
        restore,
        remembered,
        seal,
        retention: retention.unwrap_or_default(),
    }
}

/// `derive: true`, or the kinds that are carried.
fn derive(node: &Node, faults: &mut Faults) -> Derive {
    match &node.value {
        Value::Scalar { text, .. } if text == "true" => Derive::All,
        Value::Scalar { text, .. } if text == "false" => Derive::Nothing,
        _ => {
            let kinds = reader::texts(node, "`derive`", faults).into_iter();
            Derive::Of(kinds.map(|(kind, spot)| Word::new(kind, spot)).collect())
        }
    }
}

/// `seal: [__VIEWSTATE]`
fn controls(node: &Node, faults: &mut Faults) -> Vec<String> {
    let names = reader::texts(node, "a control's name", faults).into_iter();
    names.map(|(name, _)| name.to_owned()).collect()
}

/// `restore: true`, `restore: { remembered: "$.params[1]" }`, or `restore: { remembered: ID }` of a table
fn restore(node: &Node, faults: &mut Faults) -> (bool, Option<Place>) {
    if node.map().is_none() {
        return (reader::boolean(node, "`restore`", faults).unwrap_or(false), None);
    }
    let Some(mut map) = MapReader::open(node, "`restore`", faults) else { return (false, None) };
    let values = map.need("remembered", faults).and_then(|node| {
        let place = places::read(node, "`remembered`", faults)?;
        followed(place, "the values of the record", &node.spot, faults)
    });
    map.finish(faults);
    (false, values)
}

/// Whose record an answer shows to whoever may write it back: `$.id`, `{ type: contact, at: $.id }`.
fn remember(node: &Node, faults: &mut Faults) -> Option<Subject> {
    let subject = subject(node, faults)?;
    match subject.at {
        At::Place(place) => {
            let place = followed(place, "the record's id", &subject.spot, faults)?;
            Some(Subject { at: At::Place(place), ..subject })
        }
        At::Path(_) => Some(subject),
        At::None | At::Query(_) => {
            let fault = faults.error(&subject.spot, "place", "nothing can be remembered under this");
            fault.help("write where the record's id stands: `$.id`, `//Customer/Id`, `path.id`, the heading of a table's column");
            None
        }
    }
}

/// A place that leads to one spot of a tree.
fn followed(place: Place, what: &str, spot: &Spot, faults: &mut Faults) -> Option<Place> {
    let leads = match &place {
        Place::Json(path) => path.steps.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_) | Step::Each)),
        Place::Xml(path) => path.steps.iter().all(|step| step.namespace.is_none()),
        // The heading of a table's column.
        Place::Name(_) => true,
        Place::Css(_) => false,
    };
    if leads {
        return Some(place);
    }
    let fault = faults.error(spot, "place", format!("this does not lead to {what}"));
    fault.help("write names and numbers, as in `$.params[1]`, a path of elements, as in `//Save/Customer`, or the heading of a table's column");
    None
}

fn records(node: &Node, faults: &mut Faults) -> Option<Place> {
    match places::read(node, "`records`", faults)? {
        Place::Name(name) => {
            let fault = faults.error(&node.spot, "place", format!("`{name}` does not say where a record begins"));
            fault.help("write `$.items[*]`, `//Customer` or `css:table tbody tr`; in CSV each row is a record anyway");
            None
        }
        Place::Css(css) if css.attribute.is_some() => {
            faults.error(&node.spot, "place", "a record is an element, not an attribute");
            None
        }
        Place::Xml(path) if path.is_attribute() => {
            faults.error(&node.spot, "place", "a record is an element, not an attribute");
            None
        }
        place => Some(place),
    }
}

fn subjects(node: &Node, faults: &mut Faults) -> Vec<Subject> {
    reader::one_or_more(node, "a subject", faults).iter().filter_map(|node| subject(node, faults)).collect()
}

fn subject(node: &Node, faults: &mut Faults) -> Option<Subject> {
    let spot = node.spot.clone();
    if !matches!(node.value, Value::Map(_)) {
        return Some(Subject { kind: SUBJECT.to_owned(), at: at(node, faults)?, spot, clear: false, hash: false });
    }
    let mut map = MapReader::open(node, "a subject", faults)?;
    let kind = map.take("type").and_then(|node| reader::text(node, "a type", faults)).unwrap_or(SUBJECT).to_owned();
    let at = map.need("at", faults).and_then(|node| Some((at(node, faults)?, node.spot.clone())));
    let hash = map.take("hash").and_then(|node| reader::boolean(node, "`hash`", faults)).unwrap_or(false);
    let clear = map.take("id").and_then(|node| reader::word(node, "`id`", &[("clear", true)], faults)).unwrap_or(false);
    if clear && hash {
        faults.error(&node.spot, "subject", "`id: clear` and `hash: true` contradict each other");
    }
    map.finish(faults);
    let (at, spot) = at?;
    Some(Subject { kind, at, spot, clear, hash })
}

fn at(node: &Node, faults: &mut Faults) -> Option<At> {
    let text = reader::text(node, "a subject", faults)?;
    if text == "none" {
        return Some(At::None);
    }
    if let Some(name) = text.strip_prefix("path.") {
        return Some(At::Path(name.to_owned()));
    }
    if let Some(name) = text.strip_prefix("query.") {
        return Some(At::Query(name.to_owned()));
    }
    Some(At::Place(places::read(node, "a subject", faults)?))
}

/// `attributes: { owner: $.owner_id }`
fn attributes(node: &Node, faults: &mut Faults) -> Vec<(Word, Place)> {
    let mut all = Vec::new();
    for entry in reader::entries(node, "`attributes`", faults).unwrap_or_default() {
        for node in reader::one_or_more(&entry.value, "a place", faults) {
            let place = places::read(node, "the place of an attribute", faults);
            all.extend(place.map(|place| (Word::new(&entry.key, &entry.key_spot), place)));
        }
    }
    all
}

fn query(node: &Node, faults: &mut Faults) -> Vec<Query> {
    let mut all = Vec::new();
    for entry in reader::entries(node, "`query`", faults).unwrap_or_default() {
        let mut query = Query { name: entry.key.clone(), filters: Vec::new(), columns: Vec::new() };
        for item in reader::one_or_more(&entry.value, "a kind", faults) {
            match item.map() {
                Some(columns) => columns.iter().for_each(|column| {
                    let kinds = reader::texts(&column.value, "a kind", faults);
                    query
                        .columns
                        .extend(kinds.into_iter().map(|(kind, spot)| (column.key.clone(), Word::new(kind, spot))));
                }),
                None => {
                    query.filters.extend(reader::text(item, "a kind", faults).map(|kind| Word::new(kind, &item.spot)))
                }
            }
        }
        all.push(query);
    }
    all
}
