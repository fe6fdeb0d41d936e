//! For how long a record must be kept, as the law that asks for it says.
//!
//! Laws ask for different spans of one ledger, so each record names its class; how long a class lasts is
//! gateway.yaml's to say. The order is that of the spans: of two classes the greater one is kept longer.

/// The class of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Class {
    /// An access within the house: 12 months (PCI DSS 10.5.1, CNIL).
    #[default]
    Access,
    /// Data that went to a third party: 36 months (APPI art. 29 with rule 21).
    Provision,
    /// A disclosure to be accounted for: 72 months (45 CFR 164.528).
    Hipaa,
    /// Never to be deleted.
    Hold,
}

impl Class {
    /// Every class, the shortest first.
    pub const ALL: [Class; 4] = [Class::Access, Class::Provision, Class::Hipaa, Class::Hold];

    /// The word in rules and records.
    pub fn word(self) -> &'static str {
        match self {
            Class::Access => "access",
            Class::Provision => "provision",
            Class::Hipaa => "hipaa",
            Class::Hold => "hold",
        }
    }

    /// The class of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.word() == word)
    }

    /// How many months it lasts where gateway.yaml says nothing, and the fewest that it may say; nothing for what
    /// is never deleted.
    pub fn months(self) -> Option<u32> {
        match self {
            Class::Access => Some(12),
            Class::Provision => Some(36),
            Class::Hipaa => Some(72),
            Class::Hold => None,
        }
    }
}
