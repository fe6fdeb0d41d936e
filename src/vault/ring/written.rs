//! A ring as its file says it.
//!
//! ```text
//! sudare-keys 2
//! kek ID
//! key VERSION STATE CREATED COUNT MATERIAL
//! shared VERSION
//! domain VERSION NAME
//! own VERSION NAME
//! shred VERSION HASH
//! checksum SHA256
//! ```
//!
//! `ID` tells the key-encryption key under which each `MATERIAL` is wrapped; that of a destroyed version is `-`. The
//! last version but those of single domains is `active` and mints; what is `old` opens what it sealed. `shared` is the version under which the
//! shared domains mint, but for those that have a line of their own: it stays when keys are rotated. `COUNT` is how
//! many encryptions a version has made at most. The checksum is over all lines before it and tells a torn or
//! mangled file from a good one; against people the file's permissions and the wrapping stand.
//!
//! An `own` version is one domain's alone: it mints nothing else, so that whoever destroys it destroys that domain's
//! tokens and no other's. `shred` says whose tokens of a version open no more although its keys live: `HASH` is made
//! by them of a subject or a domain. A ring with either says `sudare-keys 3`, which an older program does not read.
//!
//! The first format had `key VERSION DATA MAC` alone, in clear. It is still read, and written in this one at the
//! first change.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest;
use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::vault::ring::{DATA_BYTES, MAC_BYTES};

const HEADER: &str = "sudare-keys 2";
const HEADER_3: &str = "sudare-keys 3";
const HEADER_1: &str = "sudare-keys 1";

/// Bytes of a version's keys in a row.
pub const MATERIAL_BYTES: usize = DATA_BYTES + MAC_BYTES;

/// Versions that a ring holds, destroyed ones too.
pub const VERSIONS_MAX: usize = 4096;

/// Domains that have a line of their own.
pub const DOMAINS_MAX: usize = 4096;

/// Of how many subjects and domains a ring says that their tokens open no more, for each version.
pub const SHREDS_MAX: usize = 16 << 10;

/// Bytes by which a ring names a subject or a domain.
pub const SHRED_BYTES: usize = 20;

/// Whose tokens of a version open no more.
pub type Shred = (u16, [u8; SHRED_BYTES]);

/// A ring as its file says it.
pub struct Written {
    /// The key-encryption key that wraps; nothing in the first format, which does not.
    pub kek: Option<String>,
    /// Every version, in order and never empty. The last is the active one.
    pub rows: Vec<Row>,
    /// Under which version shared domains mint.
    pub shared: u16,
    /// Under which version some of them mint instead.
    pub domains: BTreeMap<String, u16>,
    /// Versions that are one domain's alone.
    pub own: BTreeMap<u16, String>,
    /// Whose tokens open no more.
    pub shreds: BTreeSet<Shred>,
}

/// One version. There is no way to print its keys.
pub struct Row {
    /// Counted from 1.
    pub version: u16,
    /// When it was drawn, in seconds since 1970; nobody wrote that down in the first format.
    pub created: Option<i64>,
    /// How many encryptions it has made at most.
    pub count: u64,
    /// Its keys.
    pub material: Material,
}

/// A version's keys.
pub enum Material {
    /// As they are.
    Clear(Zeroizing<Vec<u8>>),
    /// Wrapped.
    Wrapped(Vec<u8>),
    /// Destroyed: nothing opens what they sealed.
    Destroyed,
}

/// What becomes of a version's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They mint.
    Active,
    /// They open what they sealed.
    Old,
    /// They are one domain's alone.
    Own,
    /// They are no more.
    Destroyed,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Old => "old",
            State::Own => "own",
            State::Destroyed => "destroyed",
        }
    }
}

/// A line, and what is wrong there.
pub type Damage = (usize, &'static str);

impl Written {
    /// The state of a version.
    pub fn state(&self, row: &Row) -> State {
        match &row.material {
            Material::Destroyed => State::Destroyed,
            _ if self.own.contains_key(&row.version) => State::Own,
            _ if self.active() == row.version => State::Active,
            _ => State::Old,
        }
    }

    /// The version that mints.
    pub fn active(&self) -> u16 {
        // Behind it stand versions of single domains alone, destroyed ones among them.
        let mints = |row: &&Row| !matches!(row.material, Material::Destroyed) && !self.own.contains_key(&row.version);
        self.rows.iter().rev().find(mints).map_or(0, |row| row.version)
    }

    /// The version that was drawn last.
    pub fn last(&self) -> u16 {
        self.rows.last().map_or(0, |row| row.version)
    }

    /// Destroys the keys of a version, and what is said of it.
    pub fn forget(&mut self, version: u16) {
        if let Some(row) = self.row_mut(version) {
            row.material = Material::Destroyed;
        }
        self.own.remove(&version);
        self.shreds.retain(|(of, _)| *of != version);
    }

    /// A version's row.
    pub fn row(&self, version: u16) -> Option<&Row> {
        self.rows.iter().find(|row| row.version == version)
    }

    /// The same to change it.
    pub fn row_mut(&mut self, version: u16) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.version == version)
    }

    /// The file's text; in the first format where nothing wraps.
    pub fn text(&self) -> Zeroizing<String> {
        let domains: usize = self.domains.keys().map(|name| name.len() + 16).sum();
        let more = self.own.values().map(|name| name.len() + 16).sum::<usize>() + self.shreds.len() * 64;
        let mut text = Zeroizing::new(String::with_capacity(256 + self.rows.len() * 320 + domains + more));
        match &self.kek {
            Some(kek) if self.own.is_empty() && self.shreds.is_empty() => text.extend([HEADER, "\nkek ", kek]),
            Some(kek) => text.extend([HEADER_3, "\nkek ", kek]),
            None => text.push_str(HEADER_1),
        }
        for row in &self.rows {
            let version = row.version.to_string();
            match (&self.kek, &row.material) {
                (None, Material::Clear(keys)) => {
                    let (data, mac) = keys.split_at(DATA_BYTES.min(keys.len()));
                    let (data, mac) = (Zeroizing::new(BASE64.encode(data)), Zeroizing::new(BASE64.encode(mac)));
                    text.extend(["\nkey ", &version, " ", &data, " ", &mac]);
                }
                (_, material) => {
                    let created = row.created.and_then(|at| Timestamp::from_second(at).ok());
                    let created = created.map_or_else(|| "-".to_owned(), |at| at.to_string());
                    let keys = match material {
                        Material::Clear(keys) => Zeroizing::new(BASE64.encode(keys)),
                        Material::Wrapped(keys) => Zeroizing::new(BASE64.encode(keys)),
                        Material::Destroyed => Zeroizing::new("-".to_owned()),
                    };
                    let (state, count) = (self.state(row).word(), row.count.to_string());
                    text.extend(["\nkey ", &version, " ", state, " ", &created, " ", &count, " ", &keys]);
                }
            }
        }
        if self.kek.is_some() {
            text.extend(["\nshared ", &self.shared.to_string()]);
            for (name, version) in &self.domains {
                text.extend(["\ndomain ", &version.to_string(), " ", name]);
            }
            for (version, name) in &self.own {
                text.extend(["\nown ", &version.to_string(), " ", name]);
            }
            for (version, hash) in &self.shreds {
                text.extend(["\nshred ", &version.to_string(), " ", &HEXLOWER.encode(hash)]);
            }
        }
        text.push('\n');
        let sum = checksum(&text);
        text.extend(["checksum ", &sum, "\n"]);
        text
    }

    /// Reads a ring's text. What is written in clear is read only where the text itself was sealed.
    pub fn parse(text: &str, sealed: bool) -> Result<Written, Damage> {
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        let first = match lines.first() {
            Some(&HEADER_1) => true,
            Some(&HEADER | &HEADER_3) => false,
            Some(line) if line.starts_with("sudare-keys ") => return Err((1, "it was written by a newer version")),
            _ => return Err((1, "it is no key ring")),
        };
        let last = lines.len();
        let sum = lines[last - 1].strip_prefix("checksum ").ok_or((last, "the checksum is missing"))?;
        let before = text.rfind("checksum ").map_or("", |at| &text[..at]);
        if checksum(before) != sum {
            return Err((last, "the checksum does not hold"));
        }
        let lines = &lines[1..last - 1];
        let written = if first { Written::parse_1(lines) } else { Written::parse_2(lines, sealed) }?;
        written.whole()
    }

    fn parse_1(lines: &[&str]) -> Result<Written, Damage> {
        let row = |(at, line): (usize, &&str)| Row::parse_1(line).ok_or((at + 2, "it is no key"));
        let rows = lines.iter().enumerate().map(row).collect::<Result<Vec<Row>, _>>()?;
        let shared = rows.last().map_or(0, |row| row.version);
        Ok(Written { kek: None, rows, shared, domains: BTreeMap::new(), own: BTreeMap::new(), shreds: BTreeSet::new() })
    }

    fn parse_2(lines: &[&str], sealed: bool) -> Result<Written, Damage> {
        let kek = lines.first().and_then(|line| line.strip_prefix("kek ")).filter(|kek| !kek.is_empty());
        let kek = kek.ok_or((2, "it does not say what wraps its keys"))?.to_owned();
        let mut written = Written {
            kek: Some(kek),
            rows: Vec::new(),
            shared: 0,
            domains: BTreeMap::new(),
            own: BTreeMap::new(),
            shreds: BTreeSet::new(),
        };
        let mut states = Vec::new();
        for (at, line) in lines.iter().enumerate().skip(1) {
            let number = at + 2;
            match line.split_once(' ') {
                Some(("key", rest)) => {
                    let (row, state) = Row::parse(rest, sealed).ok_or((number, "it is no key"))?;
                    written.rows.push(row);
                    states.push((number, state));
                }
                Some(("shared", rest)) => written.shared = rest.parse().map_err(|_| (number, "it is no version"))?,
                Some(("own", rest)) => {
                    let (version, name) = named(rest).ok_or((number, "it is no domain"))?;
                    if written.own.insert(version, name.to_owned()).is_some() {
                        return Err((number, "the version stands there twice"));
                    }
                }
                Some(("shred", rest)) => {
                    let read = named(rest).and_then(|(version, hash)| {
                        Some((version, HEXLOWER.decode(hash.as_bytes()).ok()?.try_into().ok()?))
                    });
                    written.shreds.insert(read.ok_or((number, "it names nobody"))?);
                }
                Some(("domain", rest)) => {
                    let (version, name) = named(rest).ok_or((number, "it is no domain"))?;
                    if written.domains.insert(name.to_owned(), version).is_some() {
                        return Err((number, "the domain stands there twice"));
                    }
                }
                _ => return Err((number, "it is no line of a key ring")),
            }
        }
        let is_so = |(row, (_, state)): (&Row, &(usize, &str))| written.state(row).word() == *state;
        match written.rows.iter().zip(&states).position(|pair| !is_so(pair)) {
            Some(at) => Err((states[at].0, "its state is not what its place says")),
            None => Ok(written),
        }
    }

    /// What must hold of every ring.
    fn whole(self) -> Result<Written, Damage> {
        let head = if self.kek.is_some() { 3 } else { 2 };
        if self.rows.is_empty() {
            return Err((head, "it has no key"));
        }
        if let Some(at) = self.rows.windows(2).position(|pair| pair[0].version >= pair[1].version) {
            return Err((head + at + 1, "the versions are out of order"));
        }
        if self.rows.len() > VERSIONS_MAX || self.domains.len() > DOMAINS_MAX || self.shreds.len() > SHREDS_MAX {
            return Err((head, "it has more versions or domains than a ring may have"));
        }
        let lives = |version: u16| self.row(version).is_some_and(|row| !matches!(row.material, Material::Destroyed));
        let named = [self.active(), self.shared].into_iter().chain(self.domains.values().copied());
        if !named.into_iter().all(lives) {
            return Err((head + self.rows.len(), "a version that must mint is not there"));
        }
        let is_its = |(version, name): (&u16, &String)| {
            lives(*version)
                && *version != self.shared
                && self.domains.iter().all(|(other, minting)| minting != version || other == name)
        };
        if !self.own.iter().all(is_its) || !self.shreds.iter().all(|(version, _)| lives(*version)) {
            return Err((head + self.rows.len(), "a version that is one domain's alone is not"));
        }
        Ok(self)
    }
}

impl Row {
    fn parse_1(line: &str) -> Option<Row> {
        let mut words = line.strip_prefix("key ")?.split(' ');
        let version = version(words.next()?)?;
        let data = Zeroizing::new(BASE64.decode(words.next()?.as_bytes()).ok()?);
        let mac = Zeroizing::new(BASE64.decode(words.next()?.as_bytes()).ok()?);
        if words.next().is_some() || data.len() != DATA_BYTES || mac.len() != MAC_BYTES {
            return None;
        }
        let keys = Zeroizing::new([&data[..], &mac].concat());
        Some(Row { version, created: None, count: 0, material: Material::Clear(keys) })
    }

    fn parse(line: &str, sealed: bool) -> Option<(Row, &str)> {
        let words: Vec<&str> = line.split(' ').collect();
        let [number, state, created, count, keys] = words[..] else { return None };
        let created = match created {
            "-" => None,
            text => Some(text.parse::<Timestamp>().ok()?.as_second()),
        };
        let material = match keys {
            "-" => Material::Destroyed,
            text => {
                let keys = Zeroizing::new(BASE64.decode(text.as_bytes()).ok()?);
                if sealed {
                    (keys.len() == MATERIAL_BYTES).then_some(Material::Clear(keys))?
                } else {
                    Material::Wrapped(keys.to_vec())
                }
            }
        };
        let row = Row { version: version(number)?, created, count: count.parse().ok()?, material };
        Some((row, state))
    }
}

fn named(rest: &str) -> Option<(u16, &str)> {
    let (number, name) = rest.split_once(' ')?;
    Some((version(number)?, name))
}

fn version(text: &str) -> Option<u16> {
    text.parse().ok().filter(|version| *version > 0)
}

fn checksum(text: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}
