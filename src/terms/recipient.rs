//! To whom data goes, as the law tells recipients apart: showing it to one's own staff is an access, giving it to
//! another legal person is a provision (APPI art. 29, GDPR art. 15).

use std::sync::Arc;

use crate::terms::retention::Class;

/// What the recipient is to the house. The order is that of the distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Relation {
    /// One's own staff.
    #[default]
    Staff,
    /// Whoever is entrusted with the data (APPI art. 27(5)(i), GDPR art. 28).
    Processor,
    /// Whoever uses it jointly (APPI art. 27(5)(iii), GDPR art. 26).
    JointUser,
    /// The person whose data it is.
    Person,
    /// Another legal person.
    ThirdParty,
}

impl Relation {
    /// Every relation with its word in rules and records.
    pub const WORDS: [(&'static str, Relation); 5] = [
        ("staff", Relation::Staff),
        ("processor", Relation::Processor),
        ("joint_user", Relation::JointUser),
        ("person", Relation::Person),
        ("third_party", Relation::ThirdParty),
    ];

    /// The word in rules and records.
    pub fn word(self) -> &'static str {
        Relation::WORDS.iter().find(|(_, own)| *own == self).map_or("staff", |(word, _)| *word)
    }

    /// How long what they got must be recorded for, at the least.
    pub fn class(self) -> Class {
        if self == Relation::ThirdParty { Class::Provision } else { Class::Access }
    }
}

/// Whoever has a role, as its `recipient:` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipient {
    /// What they are to the house.
    pub relation: Relation,
    /// The organisation that they are of.
    pub organisation: Option<Arc<str>>,
    /// Its country, as two letters (ISO 3166-1).
    pub country: Option<Arc<str>>,
}
