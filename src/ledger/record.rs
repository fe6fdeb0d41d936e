//! A record as it is read back, whoever wrote it: by its members' names, in any order.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::terms::id_forms;

/// A record as it is read back.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Stored {
    /// Its number.
    pub seq: u64,
    /// When it was committed, as it was written.
    pub time: String,
    /// The gateway's name.
    pub node: String,
    /// The request's id.
    pub request: Option<String>,
    /// Which part of the answer.
    pub part: Option<u32>,
    /// What happened.
    pub event: String,
    /// Who asked.
    pub staff: Option<String>,
    /// Their roles.
    pub roles: Vec<String>,
    /// The address they asked from.
    pub client: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// The request's method.
    pub method: Option<String>,
    /// The path's template.
    pub path: Option<String>,
    /// The resource.
    pub resource: Option<String>,
    /// The status that staff got.
    pub status: Option<u16>,
    /// What came of it.
    pub outcome: Option<String>,
    /// The policy's version.
    pub policy: Option<String>,
    /// The rules that decided.
    pub rules: Vec<String>,
    /// What was disclosed of whom.
    pub subjects: Vec<StoredSubject>,
    /// Why it was refused, or what befell the ledger.
    pub reason: Option<String>,
    /// How the answer ended.
    pub end: Option<String>,
    /// How many refusals, bytes or records it is about.
    pub count: Option<u64>,
    /// The session, as a keyed hash.
    #[serde(default)]
    pub session: Option<String>,
    /// The program or the certificate, with a keyed hash.
    #[serde(default)]
    pub device: Option<String>,
    /// What the recipient is to the house.
    #[serde(default)]
    pub recipient: Option<String>,
    /// The recipient's organisation.
    #[serde(default)]
    pub organisation: Option<String>,
    /// Its country.
    #[serde(default)]
    pub country: Option<String>,
    /// The legal basis of the purpose.
    #[serde(default)]
    pub basis: Option<String>,
    /// The tickets of the rules that decided.
    #[serde(default)]
    pub tickets: Vec<String>,
    /// The status that the CRM answered with.
    #[serde(default)]
    pub upstream: Option<u16>,
    /// The parameters of the query that the rules know.
    #[serde(default)]
    pub query: Vec<String>,
    /// The kinds of which a mask left a part.
    #[serde(default)]
    pub partial: Vec<String>,
    /// The class by which it is kept; records of older versions have none, and none of the columns before it.
    #[serde(default)]
    pub retention: Option<String>,
}

/// A subject as it is read back.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct StoredSubject {
    /// The subject's type.
    #[serde(rename = "type")]
    pub of: String,
    /// The id; nothing when it was not found.
    pub id: Option<String>,
    /// Kind to action to count.
    pub kinds: BTreeMap<String, BTreeMap<String, u64>>,
}

impl StoredSubject {
    /// Whose data it is, in one spelling: older versions wrote an id down as the CRM spelt it.
    pub fn who(&self) -> Option<Cow<'_, str>> {
        self.id.as_deref().map(id_forms::normal)
    }
}
