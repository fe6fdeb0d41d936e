//! What the hot path runs: everything looked up, compiled and decided beforehand, so that a value
//! costs an index and not a search.
//!
//! A plan belongs to the resources that matched, the roles of the staff and the conditions that
//! hold. `rule` is what people write; this is what becomes of it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::detect::Detectors;
use crate::format::Format;
use crate::policy::headers::Headers;
use crate::policy::remembered::{Recall, Remember};
use crate::policy::rows::Rows;
use crate::policy::store::Store;
use crate::terms::action::Action;
use crate::terms::event::Event;
use crate::terms::kind::{self, KindId, Kinds};
use crate::terms::place::{JsonPath, Place, PlaceId, Places};
use crate::terms::shelf::Shelf;

/// What is done to one exchange.
#[derive(Clone)]
pub struct Plan {
    /// The policy's hash, `sha256:…`.
    pub version: Arc<str>,
    /// The resources that matched; empty where the path is undeclared.
    pub resources: Vec<Arc<str>>,
    /// The path template of the first resource, for the ledger: `/api/customers/{id}`.
    pub template: Option<Arc<str>>,
    /// What sort of thing the request does.
    pub event: Event,
    /// The kinds of the policy.
    pub kinds: Arc<Kinds>,
    /// What finds kinds in text.
    pub detectors: Arc<Detectors>,
    /// Which folded label alone means which kind.
    pub labels: Arc<HashMap<String, KindId>>,
    /// The words of all paths in the rules, from which the application's own names are made.
    pub words: Arc<HashSet<String>>,
    /// What walkers look for.
    pub places: Arc<Places>,
    /// What each place means, by the number of the place; bare names have numbers here too.
    pub targets: Vec<Target>,
    /// The places that are bare names, folded.
    pub names: HashMap<String, Vec<PlaceId>>,
    /// The places that are paths, by what a question may call what stands there: the last name on the way, the
    /// last two as one word, and the one before where the last says nothing.
    pub ways: HashMap<String, Vec<PlaceId>>,
    /// What becomes of each kind, by the kind's number.
    pub decisions: Vec<Decision>,
    /// Where the subject is found; the first that is there counts.
    pub subjects: Vec<SubjectSource>,
    /// Whether records were declared (CSV has a record a row all the same).
    pub records: bool,
    /// Whether labels and detectors work beside the fields.
    pub scan: bool,
    /// What becomes of leaves that no field names.
    pub unlisted: Unlisted,
    /// What becomes of a body that cannot be read.
    pub unreadable: Unreadable,
    /// What becomes of the CRM's error pages.
    pub errors: Errors,
    /// Whether veils in a write become their originals again.
    pub restore: bool,
    /// The kinds that the CRM itself carries elsewhere by such a request: whoever gets one of them veiled may not
    /// make it.
    pub derives: Vec<KindId>,
    /// Controls of forms that hold the CRM's own state, which staff gets sealed.
    pub seals: Vec<String>,
    /// Under which records of the CRM what this answer shows veiled is remembered.
    pub remember: Vec<Remember>,
    /// The types of records that any answers are remembered of, each with a resource that says so.
    pub remembers: Vec<(String, Arc<str>)>,
    /// How veils in a write become what is remembered, if they do.
    pub recall: Option<Recall>,
    /// What parameters ask about, by folded name.
    pub parameters: HashMap<String, Parameter>,
    /// What values that tell the kinds of others may say.
    pub tellers: Vec<Teller>,
    /// What hangs on the record; then `decisions` is what counts where no record tells.
    pub rows: Option<Rows>,
    /// Where the request names the columns of its answer's rows, if the rows have no names of their own.
    pub columns_at: Option<ColumnsAt>,
    /// What the answer says to browsers beside what the CRM says.
    pub headers: Arc<Headers>,
    /// The columns of rows, once they are known: the kind that each one's label alone gives.
    pub columns: Option<Vec<Option<KindId>>>,
    /// What the CRM itself holds as tokens.
    pub store: Arc<Store>,
    /// What guards have learnt of it.
    pub learnt: Shelf,
}

impl Plan {
    /// Whether this staff gets no names, which in a text of their own nobody knows again.
    pub fn veils_names(&self) -> bool {
        let veiled = |kind: KindId| self.decisions.get(usize::from(kind.0)).is_none_or(|own| own.action.veils());
        self.rows.is_some() || veiled(kind::PERSON_NAME) || veiled(kind::PERSON_KANA)
    }

    /// Whether a rule takes out of a request what sorts by a veiled kind.
    pub fn strips(&self) -> bool {
        self.decisions.iter().any(|own| own.action.veils() && own.sort == Sort::Strip)
    }

    /// Whether any value can be veiled, so that it must be sought elsewhere. What a teller makes of a value in
    /// doubt is veiled whatever the decisions say, and where rules compare records each has decisions of its
    /// own.
    pub fn may_veil(&self) -> bool {
        self.rows.is_some() || !self.tellers.is_empty() || self.decisions.iter().any(|decision| decision.action.veils())
    }

    /// Whether a rule refuses every answer in which a place that the fields name is filled.
    pub fn blocks(&self) -> bool {
        let blocked =
            |kind: KindId| self.decisions.get(usize::from(kind.0)).is_some_and(|own| own.action == Action::Block);
        self.targets.iter().any(|target| matches!(target.meaning, Meaning::Field { kind, .. } if blocked(kind)))
    }

    /// The first of the kinds carried elsewhere that staff does not get in clear of every record.
    pub fn derives_veiled(&self) -> Option<KindId> {
        let veils = |kind: &KindId| self.every(*kind).any(|own| own.action.veils());
        self.derives.iter().copied().find(veils)
    }

    /// All that may become of a kind, whatever the record is.
    pub fn every(&self, kind: KindId) -> impl Iterator<Item = &Decision> {
        let rows = self.rows.iter().flat_map(move |rows| rows.every(kind));
        rows.chain(self.decisions.get(usize::from(kind.0)))
    }

    /// Whether anything is sought by a path in JSON.
    pub fn has_json_paths(&self) -> bool {
        !self.places.json.is_empty() || matches!(self.places.records, Some(Place::Json(_)))
    }

    /// Whether the fields name any place that can stand in an answer of this format.
    pub fn has_place_in(&self, format: Format) -> bool {
        let mut fields =
            self.targets.iter().filter(|target| matches!(target.meaning, Meaning::Field { .. })).peekable();
        if self.columns.is_some() {
            // Only rows of JSON and of XML-RPC have places for columns that have no headings.
            return matches!(format, Format::Json | Format::Calls);
        }
        self.resources.is_empty()
            || fields.peek().is_none()
            || fields.any(|target| match target.place {
                // In lines of text a name that no label says would go by unseen: there each must stand.
                Place::Name(_) => true,
                Place::Json(_) => {
                    matches!(format, Format::Json | Format::Lines | Format::Events | Format::Calls)
                }
                Place::Css(_) => format == Format::Html,
                Place::Xml(_) => matches!(format, Format::Xml | Format::Calls),
            })
    }
}

/// What a place means to the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The place as written.
    pub place: Place,
    /// Its meaning.
    pub meaning: Meaning,
}

/// The meaning of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A value of this kind.
    Field {
        /// The kind.
        kind: KindId,
        /// No detector looks inside.
        only: bool,
        /// The place may be missing from an answer.
        optional: bool,
        /// It counts only where this of `Plan::tellers` says so.
        told: Option<u16>,
    },
    /// Tells the kinds of other values; the number is the index in `tellers`.
    Tells(u16),
    /// The id of the subject; the number is the index in `subjects`.
    Subject(usize),
    /// What a rule asks of the record; the number is that of a term of `rows` with its attribute.
    Attribute(u16),
    /// A cell of a row, in the column of this number.
    Column(u16),
}

impl Meaning {
    /// The kind of the values that stand there, of a field.
    pub fn kind(self) -> Option<KindId> {
        match self {
            Meaning::Field { kind, .. } => Some(kind),
            _ => None,
        }
    }
}

/// What a value that tells the kind of another may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teller {
    /// What it may say, and the kind that each means.
    pub kinds: HashMap<String, KindId>,
    /// What counts for all else.
    pub otherwise: Otherwise,
    /// In JSON it speaks only of values in its own object.
    pub beside: bool,
    /// It speaks of all that stands in an object so many levels up: a filter's element.
    pub element: Option<usize>,
}

/// What counts where a teller says nothing that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// The strictest of what is listed.
    Strictest,
    /// A kind.
    Kind(KindId),
    /// An action, whatever the value is.
    Action(Action),
    /// The field is not meant.
    Nothing,
}

impl Teller {
    /// Every kind that it can give, in the order of their numbers. A value of which the rules say
    /// only what becomes of it is a text that nobody knows.
    pub fn listed(&self) -> BTreeSet<KindId> {
        let otherwise = match self.otherwise {
            Otherwise::Strictest | Otherwise::Nothing => None,
            Otherwise::Kind(kind) => Some(kind),
            Otherwise::Action(_) => Some(kind::NOTES),
        };
        self.kinds.values().copied().chain(otherwise).collect()
    }
}

/// What becomes of a kind, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The action.
    pub action: Action,
    /// The `token_domain` for tokens and hashes.
    pub domain: Option<Arc<str>>,
    /// The ids of the rules that decided; empty where `ungranted` did.
    pub rules: Vec<Arc<str>>,
    /// How staff may look for a veiled value.
    pub search: Search,
    /// What becomes of a request that sorts by it.
    pub sort: Sort,
    /// Whether staff may not change values of the kind.
    pub readonly: bool,
}

/// How staff may look for values of a veiled kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Not at all.
    None,
    /// By the whole value.
    Exact,
    /// In any way.
    Any,
}

/// What becomes of a request that sorts by a veiled kind, the stricter first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// It is refused.
    #[default]
    Refuse,
    /// The CRM is asked without the parameter that sorts.
    Strip,
}

/// How much of one sort staff may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many values of veiled kinds one person may look for; one value counts once.
    pub searches: u32,
    /// Within how many seconds.
    pub per: u32,
    /// What happens to the next one.
    pub then: Then,
    /// Whether each kind is counted for itself, and those not at all in which staff may look for anything.
    pub each: bool,
}

/// What happens to what is beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is refused.
    Block,
    /// It is answered, and told.
    Alert,
}

impl Then {
    /// The word in rules and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Then::Block => "block",
            Then::Alert => "alert",
        }
    }
}

/// `searches: 100, per: 1h, then: block`
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = if self.each { " of each kind" } else { "" };
        write!(f, "searches: {}{each}, per: {}, then: {}", self.searches, spelt(self.per), self.then.word())
    }
}

/// Seconds as rules write them: `1h`, `5m`.
pub(super) fn spelt(seconds: u32) -> String {
    match seconds {
        hours if hours % 3600 == 0 => format!("{}h", hours / 3600),
        minutes if minutes % 60 == 0 => format!("{}m", minutes / 60),
        seconds => format!("{seconds}s"),
    }
}

/// Where a subject's id is found.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectSource {
    /// The subject's type.
    pub kind: String,
    /// Where its id is.
    pub at: SubjectAt,
    /// Of the resources that matched, the number of the one that says so: what one names in several ways is one.
    pub resource: usize,
    /// Whether the id may stand in clear in the ledger whatever it looks like.
    pub clear: bool,
    /// Whether the id is always hashed.
    pub hash: bool,
}

/// The place of a subject's id.
#[derive(Debug, Clone, PartialEq)]
pub enum SubjectAt {
    /// The resource has no subject.
    None,
    /// A parameter of the path, by its key.
    Path(String),
    /// A query parameter, by name.
    Query(String),
    /// A place in the answer.
    Place(PlaceId),
}

/// What becomes of leaves that no field names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlisted {
    /// Labels and detectors look at them.
    Scan,
    /// They are masked whole.
    Mask,
    /// The answer is refused.
    Block,
}

/// What becomes of a body that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is refused.
    Block,
    /// It passes; the resource says so, with an end date.
    Pass,
}

/// What becomes of the CRM's error pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// HTML and text of status 500 and above become a fixed page.
    Page,
    /// They are scanned like any answer.
    Scan,
}

/// Where a request names the columns of its answer's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnsAt {
    /// A list of texts in a JSON body.
    Json(JsonPath),
    /// A parameter of the query or of a form, with commas between the names.
    Parameter(String),
}

/// What one request parameter asks about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its value is compared with values of these kinds.
    pub filters: Vec<KindId>,
    /// Its value names a column; each folded column means a kind.
    pub columns: HashMap<String, KindId>,
    /// Its value is a statement in a language of questions (SOQL, COQL, VTQL), whatever it is called.
    pub is_statement: bool,
}
