//! What a caller has to say about one event.
//!
//! An entry has no place for a personal value: subject ids come in already decided (clear or keyed), paths are
//! templates, kinds, actions, roles and rules are words of the configuration. `seq`, `time`, `node`, `prev` and `hash`
//! are the writer's to add (`chain`), how it all reads is `encode`'s.

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};

use crate::terms::event::Event;
use crate::terms::retention::Class;

/// A text of a record; most are words that live as long as the program, or as their request.
pub type Text<'a> = Cow<'a, str>;

/// How an answer in parts ended; only closing records say so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// All of it was handed over.
    Done,
    /// The gateway or the CRM broke it off.
    Cut,
    /// Staff went away.
    Cancelled,
}

impl End {
    /// The word in the record.
    pub fn name(self) -> &'static str {
        match self {
            End::Done => "done",
            End::Cut => "cut",
            End::Cancelled => "cancelled",
        }
    }
}

/// Whose data, which kinds, and how many values of each under which action.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject<'a> {
    /// The subject's type, such as `customer`.
    pub of: Text<'a>,
    /// The id, in clear or as `h1:…`; nothing when it was not found.
    pub id: Option<Text<'a>>,
    /// What was done to which kind.
    pub kinds: Kinds<'a>,
}

impl<'a> Subject<'a> {
    /// Each person once, in the order in which they come: an answer may spell one id in two ways that are one here.
    /// People whose ids were not found are told apart no further.
    pub fn each_once(all: impl Iterator<Item = Subject<'a>>) -> Vec<Subject<'a>> {
        let mut places: HashMap<(Text<'a>, Text<'a>), usize> = HashMap::new();
        let mut once: Vec<Subject<'a>> = Vec::new();
        for subject in all {
            let named = subject.id.clone().map(|id| (subject.of.clone(), id));
            match named.map(|named| places.entry(named)) {
                Some(hash_map::Entry::Occupied(place)) => {
                    let kinds = &mut once[*place.get()].kinds;
                    *kinds = std::mem::take(&mut kinds.0).into_iter().chain(subject.kinds.0).collect();
                    continue;
                }
                Some(hash_map::Entry::Vacant(place)) => drop(place.insert(once.len())),
                None => {}
            }
            once.push(subject);
        }
        once
    }
}

/// How often which action was done to which kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kinds<'a>(Vec<(Text<'a>, Text<'a>, u64)>);

impl<'a> Kinds<'a> {
    /// Kind, action and count, by kind, then by action.
    pub fn rows(&self) -> &[(Text<'a>, Text<'a>, u64)] {
        &self.0
    }
}

impl<'a> FromIterator<(Text<'a>, Text<'a>, u64)> for Kinds<'a> {
    fn from_iter<I: IntoIterator<Item = (Text<'a>, Text<'a>, u64)>>(rows: I) -> Kinds<'a> {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable();
        // A name stands once in an object.
        rows.dedup_by(|next, kept| {
            let same = (&next.0, &next.1) == (&kept.0, &kept.1);
            kept.2 += if same { next.2 } else { 0 };
            same
        });
        Kinds(rows)
    }
}

/// What a change of the rules changed: what a role was given, and what it is given now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change<'a> {
    /// The role, or `all`.
    pub role: Text<'a>,
    /// The kind, the category, `all`, or the group that gives the role.
    pub what: Text<'a>,
    /// Under which conditions; nothing where it holds always.
    pub when: Option<Text<'a>>,
    /// What was given before.
    pub was: Option<Text<'a>>,
    /// What is given now.
    pub is: Option<Text<'a>>,
}

/// One event as its caller tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The request's id.
    pub request: Option<Text<'a>>,
    /// Which part of the answer, from 1.
    pub part: Option<u32>,
    /// What happened.
    pub event: Event,
    /// Who asked, with the source that recognised them.
    pub staff: Option<Text<'a>>,
    /// Their roles.
    pub roles: Vec<Text<'a>>,
    /// The address they asked from.
    pub client: Option<Text<'a>>,
    /// What for, as a declared word.
    pub purpose: Option<Text<'a>>,
    /// The request's method.
    pub method: Option<Text<'a>>,
    /// The path as a template, or `undeclared`.
    pub path: Option<Text<'a>>,
    /// The resource.
    pub resource: Option<Text<'a>>,
    /// The status that staff got.
    pub status: Option<u16>,
    /// What came of it, such as `released` or `refused`.
    pub outcome: Option<Text<'a>>,
    /// The policy's version.
    pub policy: Option<Text<'a>>,
    /// The rules that decided.
    pub rules: Vec<Text<'a>>,
    /// What was disclosed of whom.
    pub subjects: Vec<Subject<'a>>,
    /// Why it was refused, or what befell the ledger.
    pub reason: Option<Text<'a>>,
    /// How the answer ended, in a closing record.
    pub end: Option<End>,
    /// How many refusals this record stands for; how many bytes or records a `ledger` record is about,
    /// how many differences a `policy` record.
    pub count: Option<u64>,
    /// What a change of the rules changed.
    pub changes: Vec<Change<'a>>,
    /// The session they asked in, as a keyed hash.
    pub session: Option<Text<'a>>,
    /// What they asked with: a word for the program, and a keyed hash.
    pub device: Option<Text<'a>>,
    /// What the recipient is to the house, such as `staff`.
    pub recipient: Option<Text<'a>>,
    /// The recipient's organisation.
    pub organisation: Option<Text<'a>>,
    /// Its country.
    pub country: Option<Text<'a>>,
    /// The legal basis of the purpose.
    pub basis: Option<Text<'a>>,
    /// The tickets of the rules that decided.
    pub tickets: Vec<Text<'a>>,
    /// The status that the CRM answered with.
    pub upstream: Option<u16>,
    /// The parameters that stood in the query, by the names that the rules give them.
    pub query: Vec<Text<'a>>,
    /// The kinds of which a mask left a part that can be read.
    pub partial: Vec<Text<'a>>,
    /// For how long the record is kept.
    pub retention: Class,
}

impl Entry<'_> {
    /// An entry that says nothing yet but its event.
    pub fn new(event: Event) -> Self {
        Entry {
            request: None,
            part: None,
            event,
            staff: None,
            roles: Vec::new(),
            client: None,
            purpose: None,
            method: None,
            path: None,
            resource: None,
            status: None,
            outcome: None,
            policy: None,
            rules: Vec::new(),
            subjects: Vec::new(),
            reason: None,
            end: None,
            count: None,
            changes: Vec::new(),
            session: None,
            device: None,
            recipient: None,
            organisation: None,
            country: None,
            basis: None,
            tickets: Vec::new(),
            upstream: None,
            query: Vec::new(),
            partial: Vec::new(),
            retention: Class::default(),
        }
    }
}
