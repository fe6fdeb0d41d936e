//! A ring that is carried elsewhere: all of it sealed under a passphrase, for a backup or another house.
//!
//! ```text
//! sudare-keys-export 1
//! argon2id MEMORY PASSES LANES SALT
//! sealed DATA
//! ```
//!
//! Argon2id makes a key of the passphrase (64 MiB, 3 passes, 4 lanes: RFC 9106's second choice), and AES-256-GCM-SIV
//! seals the ring's text with its keys in clear; both lines above are bound to it. What a file asks of memory and
//! time is bounded, since anybody can write one.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::rand;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::vault::kek::{KEK_BYTES, KekError, LocalKey, Wrap};
use crate::vault::ring::change;
use crate::vault::ring::fault::RingError;
use crate::vault::ring::written::{Material, Row, Shred, Written};

const HEADER: &str = "sudare-keys-export 1";

/// Characters of a passphrase at least: whoever has the file can try them all.
pub const PASSPHRASE_MIN: usize = 12;

/// KiB of memory, passes over it, lanes.
const COST: (u32, u32, u32) = (64 << 10, 3, 4);
const COST_MAX: (u32, u32, u32) = (1 << 20, 16, 16);

const SALT_BYTES: usize = 16;

/// What stands for the key-encryption key of a text that is sealed as a whole.
const KEK: &str = "none";

/// Why a ring could not be sealed for a journey, or opened after it.
#[derive(Debug)]
pub enum CarriedError {
    /// The ring, or what wraps it.
    Ring(RingError),
    /// The passphrase is too short.
    Short,
    /// It is no such file.
    Foreign,
    /// It asks for more memory or time than any that was written here.
    Costly,
    /// The passphrase is another, or the file is damaged.
    Sealed,
    /// What it held is no ring.
    Damaged(&'static str),
}

impl From<RingError> for CarriedError {
    fn from(error: RingError) -> CarriedError {
        CarriedError::Ring(error)
    }
}

impl From<KekError> for CarriedError {
    fn from(error: KekError) -> CarriedError {
        CarriedError::Ring(RingError::Kek(error))
    }
}

impl fmt::Display for CarriedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CarriedError::Ring(error) => error.fmt(f),
            CarriedError::Short => write!(f, "the passphrase is shorter than {PASSPHRASE_MIN} characters"),
            CarriedError::Foreign => f.write_str("it is no exported key ring"),
            CarriedError::Costly => f.write_str("it asks for more memory or time than an exported key ring does"),
            CarriedError::Sealed => f.write_str("the passphrase is another, or the file is damaged"),
            CarriedError::Damaged(problem) => write!(f, "what was sealed is no key ring: {problem}"),
        }
    }
}

impl std::error::Error for CarriedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CarriedError::Ring(error) => error.source(),
            _ => None,
        }
    }
}

/// Seals a ring whose keys are in clear (`change::unwrap`).
pub fn seal(mut written: Written, passphrase: &str) -> Result<String, CarriedError> {
    if passphrase.chars().count() < PASSPHRASE_MIN {
        return Err(CarriedError::Short);
    }
    written.kek = Some(KEK.to_owned());
    let mut salt = [0; SALT_BYTES];
    rand::fill(&mut salt).map_err(|_| CarriedError::Ring(RingError::Chance))?;
    let (memory, passes, lanes) = COST;
    let head = format!("{HEADER}\nargon2id {memory} {passes} {lanes} {}\n", BASE64.encode(&salt));
    let key = key(passphrase, &salt, COST).ok_or(CarriedError::Ring(RingError::Chance))?;
    let sealed = key.wrap(written.text().as_bytes(), head.as_bytes())?;
    Ok(format!("{head}sealed {}\n", BASE64.encode(&sealed)))
}

/// Opens it again; its keys are in clear.
pub fn open(text: &str, passphrase: &str) -> Result<Written, CarriedError> {
    let lines: Vec<&str> = text.lines().collect();
    let [HEADER, cost, sealed] = lines[..] else { return Err(CarriedError::Foreign) };
    let words: Vec<&str> = cost.split(' ').collect();
    let ["argon2id", memory, passes, lanes, salt] = words[..] else { return Err(CarriedError::Foreign) };
    let number = |text: &str| text.parse::<u32>().map_err(|_| CarriedError::Foreign);
    let costs = (number(memory)?, number(passes)?, number(lanes)?);
    if costs.0 > COST_MAX.0 || costs.1 > COST_MAX.1 || costs.2 > COST_MAX.2 {
        return Err(CarriedError::Costly);
    }
    let bytes = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| CarriedError::Foreign);
    let (salt, sealed) = (bytes(salt)?, bytes(sealed.strip_prefix("sealed ").ok_or(CarriedError::Foreign)?)?);
    let key = key(passphrase, &salt, costs).ok_or(CarriedError::Foreign)?;
    let head = format!("{HEADER}\n{cost}\n");
    let plain = key.unwrap(&sealed, head.as_bytes()).map_err(|_| CarriedError::Sealed)?;
    let plain = std::str::from_utf8(&plain).map_err(|_| CarriedError::Damaged("it is no text"))?;
    Written::parse(plain, true).map_err(|(_, problem)| CarriedError::Damaged(problem))
}

/// The first version whose keys another ring does not have as this one has them. Both are in clear.
pub fn missing(own: &Written, other: &Written) -> Option<u16> {
    let has = |row: &&Row| match (&row.material, other.row(row.version).map(|row| &row.material)) {
        (Material::Destroyed, _) => true,
        (Material::Clear(own), Some(Material::Clear(other))) => own == other,
        _ => false,
    };
    own.rows.iter().find(|row| !has(row)).map(|row| row.version)
}

/// Puts another ring in the place of this one, and wraps it. What it says of encryptions is the most that either
/// says; what this one has destroyed stays so unless the other mints under it for more than one domain, and whose
/// tokens opened no more here do not open there.
pub fn take(own: Option<&Written>, mut other: Written, kek: &dyn Wrap) -> Result<Written, CarriedError> {
    if let Some(own) = own {
        let is_gone = |version: &u16| own.row(*version).is_some_and(|row| matches!(row.material, Material::Destroyed));
        let gone: Vec<u16> = other.own.keys().copied().filter(is_gone).collect();
        for version in gone {
            other.forget(version);
            other.domains.retain(|_, minting| *minting != version);
        }
        let named: Vec<u16> = other.domains.values().copied().chain([other.shared, other.active()]).collect();
        for row in &mut other.rows {
            let Some(before) = own.row(row.version) else { continue };
            row.count = row.count.max(before.count);
            if matches!(before.material, Material::Destroyed) && !named.contains(&row.version) {
                row.material = Material::Destroyed;
            }
        }
        let lives = |other: &Written, version| {
            other.row(version).is_some_and(|row| !matches!(row.material, Material::Destroyed))
        };
        let shreds: Vec<Shred> = own.shreds.iter().filter(|own| lives(&other, own.0)).copied().collect();
        other.shreds.extend(shreds);
        let living = other.shreds.iter().filter(|own| lives(&other, own.0)).copied().collect();
        other.shreds = living;
    }
    change::wrap(&mut other, kek)?;
    Ok(other)
}

fn key(passphrase: &str, salt: &[u8], (memory, passes, lanes): (u32, u32, u32)) -> Option<LocalKey> {
    let params = Params::new(memory, passes, lanes, Some(KEK_BYTES)).ok()?;
    let mut key = Zeroizing::new([0; KEK_BYTES]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(passphrase.as_bytes(), salt, &mut *key).ok()?;
    Some(LocalKey::of(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::ring::change::Moved;

    const PASSPHRASE: &str = "correct horse battery";

    fn clear(kek: &dyn Wrap) -> Written {
        let mut written = change::first(kek, 0).expect("a ring");
        change::rotate(&mut written, kek, &Moved { named: vec!["a b".to_owned()], ..Moved::default() }, 9)
            .expect("rotated");
        change::unwrap(&mut written, kek).expect("in clear");
        written
    }

    #[test]
    fn what_is_sealed_opens_under_its_passphrase_alone() {
        let kek = LocalKey::draw().expect("a key");
        let sealed = seal(clear(&kek), PASSPHRASE).expect("sealed");
        let opened = open(&sealed, PASSPHRASE).expect("opened");
        assert_eq!((opened.rows.len(), opened.shared, opened.domains.get("a b")), (2, 1, Some(&2)));
        assert!(matches!(open(&sealed, "correct horse batterx"), Err(CarriedError::Sealed)));
        assert!(matches!(seal(clear(&kek), "short"), Err(CarriedError::Short)));
        let costly = sealed.replacen("65536", "9999999", 1);
        assert!(matches!(open(&costly, PASSPHRASE), Err(CarriedError::Costly)));
        let cheaper = sealed.replacen("65536 3 4", "65536 1 4", 1);
        assert!(matches!(open(&cheaper, PASSPHRASE), Err(CarriedError::Sealed)));
        for text in ["", "hello", "sudare-keys 2\n", &sealed[..40], &sealed.replace("sealed ", "")] {
            assert!(matches!(open(text, PASSPHRASE), Err(CarriedError::Foreign)), "{text}");
        }
    }

    #[test]
    fn a_ring_that_lacks_a_version_shows() {
        let kek = LocalKey::draw().expect("a key");
        let (one, two) = (clear(&kek), clear(&kek));
        assert_eq!(missing(&one, &two), Some(1), "another house's");
        let mut longer = clear(&kek);
        longer.rows = clear_rows(&one);
        assert_eq!(missing(&one, &longer), None);
        longer.rows.pop();
        assert_eq!(missing(&one, &longer), Some(2));
        assert_eq!(missing(&longer, &one), None);
    }

    #[test]
    fn what_was_destroyed_stays_so_and_the_most_encryptions_count() {
        let kek = LocalKey::draw().expect("a key");
        let backup = clear(&kek);
        let mut own = clear(&kek);
        own.rows = clear_rows(&backup);
        own.shared = 2;
        own.rows[0].material = Material::Destroyed;
        own.rows[1].count = 70;
        let mut other = clear(&kek);
        (other.rows, other.shared) = (clear_rows(&backup), 2);
        other.rows[0].count = 5;
        let taken = take(Some(&own), other, &kek).expect("taken");
        assert!(matches!(taken.rows[0].material, Material::Destroyed));
        assert!(matches!(taken.rows[1].material, Material::Wrapped(_)));
        assert_eq!([taken.rows[0].count, taken.rows[1].count], [5, 70]);
    }

    fn clear_rows(of: &Written) -> Vec<Row> {
        let keys = |row: &Row| match &row.material {
            Material::Clear(keys) => Material::Clear(keys.clone()),
            _ => panic!("it is in clear"),
        };
        let copied =
            |row: &Row| Row { version: row.version, created: row.created, count: row.count, material: keys(row) };
        of.rows.iter().map(copied).collect()
    }
}
