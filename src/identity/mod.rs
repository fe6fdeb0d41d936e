//! Who asks.
//!
//! Sources are tried in the order of gateway.yaml. A credential that is present and bad is a
//! refusal; only where a source finds none does the next one look. Each source is one file and one
//! line in the list below.

pub mod basic;
pub mod header;
pub mod peer;

use http::HeaderMap;

use crate::identity::peer::Peer;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// The sources that this gateway knows.
pub enum Source {
    /// `basic:` names and passwords in a file.
    Basic(Box<basic::Basic>),
    /// `header:` names that a proxy in front has set.
    Header(header::Header),
}

/// What a source finds.
pub enum Found {
    /// Staff.
    Staff(Staff),
    /// No credential of this source's sort.
    Nothing,
}

/// Tries the sources in order. `peer` is the other end of the connection.
pub fn recognise(sources: &[Source], headers: &HeaderMap, peer: &Peer) -> Result<Option<Staff>, Refusal> {
    for source in sources {
        let found = match source {
            Source::Basic(basic) => basic.find(headers)?,
            Source::Header(header) => header.find(headers, peer.address)?,
        };
        if let Found::Staff(staff) = found {
            return Ok(Some(staff));
        }
    }
    Ok(None)
}

/// Takes the gateway's own credentials out, so that the CRM never sees them.
pub fn strip(sources: &[Source], headers: &mut HeaderMap) {
    for source in sources {
        match source {
            Source::Basic(basic) => basic.strip(headers),
            Source::Header(header) => header.strip(headers),
        }
    }
}

/// Whether any source could ask a browser for a name and a password.
pub fn can_challenge(sources: &[Source]) -> bool {
    sources.iter().any(|source| matches!(source, Source::Basic(_)))
}

/// A refusal of a credential, without a word of what it held.
fn refused(note: &str) -> Refusal {
    Refusal::new(Reason::Unrecognised, note)
}
