//! On what occasion something went out: to whom, in which role, where and what for. Reports about one person tell
//! disclosures by it, each in its own rows.

use serde::Serialize;

use crate::ledger::query::Stored;
use crate::ledger::report::who::Who;

/// What a record says of a disclosure beside when it was and what went out.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Occasion {
    /// Who got it: a pseudonym, or the id.
    pub staff: Option<String>,
    /// In which roles.
    pub roles: Vec<String>,
    /// What happened.
    pub event: String,
    /// Where.
    pub resource: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// What they are to the house, where that is not its own staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Their organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

impl Occasion {
    /// That of a record.
    pub fn of(record: &Stored, who: &mut Who) -> Occasion {
        Occasion {
            staff: who.called(record.staff.as_deref()),
            roles: record.roles.clone(),
            event: record.event.clone(),
            resource: record.resource.clone(),
            purpose: record.purpose.clone(),
            recipient: record.recipient.clone().filter(|recipient| recipient != "staff"),
            organisation: record.organisation.clone(),
        }
    }
}
