//! What a caller has to say about one event.
//!
//! An entry has no place for a personal value: subject ids come in already decided (clear or keyed), paths are
//! templates, kinds, actions, roles and rules are words of the configuration. `seq`, `time`, `node`, `prev` and `hash`
//! are the writer's to add (`chain`), how it all reads is `encode`'s.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::terms::event::Event;

/// A text of a record; most are words that live as long as the program.
pub type Text = Cow<'static, str>;

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
pub struct Subject {
    /// The subject's type, such as `customer`.
    pub of: Text,
    /// The id, in clear or as `h1:…`; nothing when it was not found.
    pub id: Option<Text>,
    /// Kind to action to count.
    pub kinds: BTreeMap<Text, BTreeMap<Text, u64>>,
}

/// What a change of the rules changed: what a role was given, and what it is given now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The role, or `all`.
    pub role: Text,
    /// The kind, the category, `all`, or the group that gives the role.
    pub what: Text,
    /// Under which conditions; nothing where it holds always.
    pub when: Option<Text>,
    /// What was given before.
    pub was: Option<Text>,
    /// What is given now.
    pub is: Option<Text>,
}

/// One event as its caller tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The request's id.
    pub request: Option<Text>,
    /// Which part of the answer, from 1.
    pub part: Option<u32>,
    /// What happened.
    pub event: Event,
    /// Who asked, with the source that recognised them.
    pub staff: Option<Text>,
    /// Their roles.
    pub roles: Vec<Text>,
    /// The address they asked from.
    pub client: Option<Text>,
    /// What for, as a declared word.
    pub purpose: Option<Text>,
    /// The request's method.
    pub method: Option<Text>,
    /// The path as a template, or `undeclared`.
    pub path: Option<Text>,
    /// The resource.
    pub resource: Option<Text>,
    /// The status that staff got.
    pub status: Option<u16>,
    /// What came of it, such as `released` or `refused`.
    pub outcome: Option<Text>,
    /// The policy's version.
    pub policy: Option<Text>,
    /// The rules that decided.
    pub rules: Vec<Text>,
    /// What was disclosed of whom.
    pub subjects: Vec<Subject>,
    /// Why it was refused, or what befell the ledger.
    pub reason: Option<Text>,
    /// How the answer ended, in a closing record.
    pub end: Option<End>,
    /// How many refusals this record stands for; how many bytes or records a `ledger` record is about,
    /// how many differences a `policy` record.
    pub count: Option<u64>,
    /// What a change of the rules changed.
    pub changes: Vec<Change>,
}

impl Entry {
    /// An entry that says nothing yet but its event.
    pub fn new(event: Event) -> Entry {
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
        }
    }
}
