//! What was opened to whom for a while, kept beside the tokens.
//!
//! A record's key is two keyed hashes: of the person, so that all of theirs are found together, and of what is
//! open to them. The record is sealed under its key; of neither the person nor the subject stands anything in clear.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::vault::keep::Vault;
use crate::vault::open::VaultError;
use crate::vault::seal;

/// How many one person may have at a time.
const PERSON_MAX: usize = 1000;

/// What a record is sealed as.
const KIND: &str = "grant";

/// A record's key, and what it says if it opens.
type Kept = (Vec<u8>, Option<Grant>);

/// A kind of one subject that is open to somebody for a while.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The kind's name.
    pub kind: String,
    /// The subject's type.
    pub of: String,
    /// The subject's id.
    pub id: String,
    /// What for.
    pub purpose: String,
    /// Since when, in seconds since 1970.
    pub from: i64,
    /// Until when.
    pub until: i64,
}

/// Whom it is about is nobody's to print.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({}, {}..{})", self.kind, self.from, self.until)
    }
}

impl Grant {
    /// Whether it holds at a moment: not where a clock was set back behind its beginning.
    pub fn holds(&self, now: i64) -> bool {
        (self.from..self.until).contains(&now)
    }
}

impl Vault {
    /// Keeps what is open to a person; afterwards it survives whatever becomes of the process. Gives whether there
    /// was room. This waits for the disk.
    pub fn grant(&self, staff: &str, grant: &Grant) -> Result<bool, VaultError> {
        let (mut held, mut gone) = (0, Vec::new());
        for (key, known) in self.all_of(staff)? {
            match known.filter(|known| known.holds(grant.from)) {
                Some(_) => held += 1,
                None => gone.push(key),
            }
        }
        if held >= PERSON_MAX {
            return Ok(false);
        }
        let ring = self.ring();
        let newest = &ring.current().lookup;
        let key = [newest.of_staff(staff), newest.of_grant(&grant.kind, &grant.of, &grant.id)].concat();
        let plain = Zeroizing::new(serde_json::to_vec(grant).map_err(|_| VaultError::Chance)?);
        let sealed = seal::seal(ring.current(), &key, KIND, &plain).ok_or(VaultError::Chance)?;
        self.backend().grant(&gone, &key, &sealed)?;
        Ok(true)
    }

    /// What is open to a person at a moment.
    pub fn grants(&self, staff: &str, now: i64) -> Result<Vec<Grant>, VaultError> {
        let all = self.all_of(staff)?.into_iter().filter_map(|(_, grant)| grant);
        Ok(all.filter(|grant| grant.holds(now)).collect())
    }

    /// Each record of a person's with its key; one that does not open says nothing.
    fn all_of(&self, staff: &str) -> Result<Vec<Kept>, VaultError> {
        let (mut all, ring) = (Vec::new(), self.ring());
        for person in ring.newest_first().map(|keys| keys.lookup.of_staff(staff)) {
            for (key, sealed) in self.backend().grants(&person, PERSON_MAX + 1)? {
                let plain = seal::unseal(&ring, &key, KIND, &sealed).map(Zeroizing::new);
                let grant = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
                all.push((key, grant));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::vault::ring::fixed;

    fn grant(id: &str, from: i64, until: i64) -> Grant {
        let text = str::to_owned;
        Grant { kind: text("phone"), of: text("customer"), id: text(id), purpose: text("call-back"), from, until }
    }

    #[test]
    fn what_is_open_is_somebody_s_for_its_time_and_survives() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault.redb");
        let open = || Vault::open(&path, Arc::new(fixed()), 10).expect("the vault");
        let vault = open();
        assert_eq!(vault.grants("basic:tanaka", 0).expect("read"), [], "before there is a table");
        assert!(vault.grant("basic:tanaka", &grant("secret-id", 100, 200)).expect("kept"));
        assert!(vault.grant("basic:tanaka", &grant("43", 150, 160)).expect("kept"));
        drop(vault);
        let vault = open();
        let ids = |staff: &str, now: i64| {
            let mut ids: Vec<String> =
                vault.grants(staff, now).expect("read").into_iter().map(|grant| grant.id).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids("basic:tanaka", 155), ["43", "secret-id"]);
        assert_eq!(
            (ids("basic:tanaka", 160), ids("basic:tanaka", 199)),
            (vec!["secret-id".into()], vec!["secret-id".into()])
        );
        assert!(ids("basic:tanaka", 200).is_empty() && ids("basic:tanaka", 99).is_empty(), "nor with a clock set back");
        assert!(ids("basic:tanak", 155).is_empty() && ids("header:tanaka", 155).is_empty());
        // Given anew it lasts anew, and what has ended makes room.
        assert!(vault.grant("basic:tanaka", &grant("secret-id", 190, 300)).expect("kept"));
        assert_eq!(ids("basic:tanaka", 250), ["secret-id"]);
        assert_eq!(vault.all_of("basic:tanaka").expect("read").len(), 1);
        drop(vault);
        let bytes = std::fs::read(&path).expect("the file");
        for text in ["secret-id", "tanaka", "call-back"] {
            assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{text}");
        }
    }
}
