//! Tokens, keyed hashes and keyed subject ids.
//!
//! An opaque token is `tok_`, the kind's name, `_` and, in lower-case base32 so that it survives
//! URLs, HTML, CSV, JSON and hands, these bytes:
//!
//! ```text
//! 1      layout, always 1
//! 2      version of the keys, big-endian
//! 16     synthetic IV (RFC 5297)
//! 16 n   sealed: 0 and subject's type and id, or 1 and the domain's name; the value; zeros
//! ```
//!
//! Sealing is deterministic: one value in one domain gives one token, and neither the subject nor
//! the domain shows. The zeros make lengths tell little. Kind, layout and version are bound as
//! associated data, so that a token of one kind cannot pass for one of another.
//!
//! A random token has the same looks: layout 2, the version, and 32 bytes of chance; the vault's file
//! keeps what it stands for. A `format` token has the value's looks, by FF1; its tweak are kind and
//! domain, and it is opened by nothing.
//!
//! Kinds' names hold lower-case letters, digits, `.` and `_`; the rules' reader sees to that.

use std::sync::Arc;

use aes_siv::siv::Aes256Siv;
use aws_lc_rs::{digest, hmac};
use data_encoding::BASE32_NOPAD;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::terms::kind::Kind;
pub use crate::terms::mint::Opened;
use crate::terms::mint::{Domain, Mint, MintError, Numeral};
use crate::terms::secret::Secret;
use crate::vault::keep::{self, Vault};
use crate::vault::page;
use crate::vault::ready::Ready;
use crate::vault::ring::{Keys, Ring};
use crate::vault::seal;

/// Bytes of a value, a subject's id or a domain's name that a token may carry.
pub const PART_BYTES_MAX: usize = 4096;

/// Characters of a token; a longer text is none.
pub const TOKEN_CHARS_MAX: usize = 24 << 10;

const PREFIX: &str = "tok_";
const LAYOUT: u8 = 1;
const BLOCK: usize = 16;
/// Layout and version.
const HEAD: usize = 3;
/// As long as most tokens are, and none.
const NOTHING: [u8; HEAD + 3 * BLOCK] = [0; HEAD + 3 * BLOCK];

/// Bytes of a keyed hash: 160 bits.
const HASH_BYTES: usize = 20;

/// How many versions of before are asked what they made: no page is open through more rotations.
const OLDER: usize = 3;

/// Mints with the keys of a ring.
pub struct KeyMint {
    ring: Arc<Ring>,
    random: Random,
    /// Under which version all is minted, where it is not as the ring says.
    under: Option<u16>,
    /// Seals opaque tokens.
    ready: Ready,
}

/// Where random tokens come from.
#[derive(Clone)]
enum Random {
    /// There are none.
    None,
    /// Of the right shape, and kept nowhere: for the tests in rule files.
    Passing,
    /// The vault keeps them.
    Kept(Arc<Vault>),
}

/// The text is no token of this ring: always one and the same, so that guessing teaches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotOurs;

impl KeyMint {
    /// Mints with this ring; there is no vault for random tokens.
    pub fn new(ring: Arc<Ring>) -> KeyMint {
        KeyMint::with(ring, Random::None)
    }

    /// Mints with this ring and this vault.
    pub fn keeping(ring: Arc<Ring>, vault: Arc<Vault>) -> KeyMint {
        KeyMint::with(ring, Random::Kept(vault))
    }

    /// Mints with this ring; random tokens have their shape and are kept nowhere.
    pub fn passing(ring: Arc<Ring>) -> KeyMint {
        KeyMint::with(ring, Random::Passing)
    }

    fn with(ring: Arc<Ring>, random: Random) -> KeyMint {
        KeyMint { ring, random, under: None, ready: Ready::default() }
    }

    /// The keys under which a domain mints.
    fn minting(&self, domain: &Domain) -> &Keys {
        self.under.and_then(|version| self.ring.version(version)).unwrap_or_else(|| self.ring.minting(domain))
    }

    /// Opens a token, opaque or random; capital letters do not matter.
    pub fn open(&self, token: &str) -> Result<Opened, NotOurs> {
        self.unseal(token).ok_or(NotOurs)
    }

    fn unseal(&self, token: &str) -> Option<Opened> {
        let (kind, bytes) = read(token)?;
        match bytes[0] {
            keep::LAYOUT => self.kept(&kind, &bytes),
            LAYOUT => self.carried(&kind, &bytes),
            _ => None,
        }
    }

    /// What the vault keeps for a random token.
    fn kept(&self, kind: &str, bytes: &[u8]) -> Option<Opened> {
        let Random::Kept(vault) = &self.random else { return None };
        let token = std::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default());
        vault.open_random(kind, &token).filter(|_| bytes.len() == token.len())
    }

    /// What an opaque token carries.
    fn carried(&self, kind: &str, bytes: &[u8]) -> Option<Opened> {
        let (head, sealed) = bytes.split_at_checked(HEAD)?;
        let version = u16::from_be_bytes([head[1], head[2]]);
        let keys = self.ring.version(version).filter(|_| head[0] == LAYOUT);
        let opened = cipher(keys.unwrap_or(self.ring.current())).decrypt([head, kind.as_bytes()], sealed);
        let plain = Zeroizing::new(opened.ok()?);
        let (domain, value) = keys.and_then(|_| unpack(&plain))?;
        if self.ring.is_shredded(version, &domain) {
            return None;
        }
        Some(Opened { kind: kind.to_owned(), domain, value })
    }
}

impl Mint for KeyMint {
    fn token(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError> {
        let keys = self.minting(domain);
        let plain = pack(domain, value)?;
        keys.count();
        let [high, low] = keys.version.to_be_bytes();
        let head = [LAYOUT, high, low];
        // The sealed text stands where the plain one did, behind its head and its synthetic IV.
        let mut token = Vec::with_capacity(head.len() + BLOCK + plain.len());
        token.extend(head);
        token.resize(head.len() + BLOCK, 0);
        token.extend_from_slice(&plain);
        let (front, text) = token.split_at_mut(head.len() + BLOCK);
        let bound = [&head[..], kind.name.as_bytes()];
        // Sealing fails only for more associated data than RFC 5297 allows; there are two.
        let iv = self.ready.with(keys, |cipher| cipher.encrypt_inout_detached(bound, text.into()));
        front[head.len()..].copy_from_slice(&iv.map_err(|_| MintError::Away)?);
        Ok(written(&kind.name, &token))
    }

    fn random(&self, kind: &Kind, domain: &Domain, value: &str, lasts: Option<u32>) -> Result<String, MintError> {
        let token = match &self.random {
            Random::Kept(vault) => vault.token(&kind.name, domain, value, lasts)?,
            Random::Passing => {
                let key = hmac::Key::new(hmac::HMAC_SHA512, &*self.ring.current().mac);
                let mut context = hmac::Context::with_key(&key);
                context.update(kind.name.as_bytes());
                context.update(&pack(domain, value)?);
                let tag = context.sign();
                // A layout that nothing opens.
                std::array::from_fn(|at| if at == 0 { 0 } else { tag.as_ref()[at] })
            }
            Random::None => return Err(MintError::Vault),
        };
        Ok(written(&kind.name, &token))
    }

    fn permute(&self, kind: &Kind, domain: &Domain, numerals: &mut [Numeral]) -> Result<(), MintError> {
        let keys = self.minting(domain);
        keys.count();
        keys.format.permute(&tweak(kind, domain), numerals)
    }

    fn hash(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError> {
        let [tag, first, second] = domain_parts(domain);
        let context = [b"sudare hash 1", kind.name.as_bytes(), tag, first, second];
        Ok(format!("hash_{}", base32(&keyed(self.minting(domain), &context, value))))
    }

    fn subject(&self, subject_kind: &str, id: &str) -> String {
        subject_under(self.ring.current(), subject_kind, id)
    }

    fn seal_page(&self, plain: &[u8], bound: &[&[u8]]) -> Result<Vec<u8>, MintError> {
        // What nobody sends back is not sealed: two dry runs must give the same.
        let lasts = !matches!(self.random, Random::Passing);
        lasts.then(|| page::seal(self.ring.current(), plain, bound)).flatten().ok_or(MintError::Away)
    }

    fn open_page(&self, sealed: &[u8], bound: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
        page::open(&self.ring, sealed, bound)
    }

    fn older(&self) -> Vec<Arc<dyn Mint>> {
        let versions = self.ring.older(OLDER);
        let mint = |keys: &Keys| KeyMint {
            ring: Arc::clone(&self.ring),
            random: self.random.clone(),
            under: Some(keys.version),
            ready: Ready::default(),
        };
        versions.map(|keys| Arc::new(mint(keys)) as Arc<dyn Mint>).collect()
    }

    fn issue(&self, kind: &Kind, token: &str, value: &str) -> Result<bool, MintError> {
        match &self.random {
            Random::Kept(vault) => vault.issue(&kind.name, token, value),
            Random::Passing => Ok(true),
            Random::None => Err(MintError::Vault),
        }
    }

    fn issued(&self, kind: &Kind, token: &str) -> Result<Option<Secret>, MintError> {
        match &self.random {
            Random::Kept(vault) => vault.issued(&kind.name, token),
            Random::Passing => Ok(None),
            Random::None => Err(MintError::Vault),
        }
    }

    fn opened(&self, token: &str) -> Option<Opened> {
        self.unseal(token)
    }

    fn revealed(&self, token: &str) -> Option<Opened> {
        let read = read(token);
        // Both ways are gone with any text, so that how long it takes tells neither what a text is nor what it lacks.
        let (kind, bytes) = read.as_ref().map_or(("", &NOTHING[..]), |(kind, bytes)| (kind.as_str(), bytes));
        let carried = self.carried(kind, bytes);
        let kept = self.kept(kind, bytes);
        let opened = if bytes[0] == keep::LAYOUT { kept } else { carried };
        opened.filter(|_| read.is_some())
    }
}

/// The kind and the bytes of what looks like a token.
fn read(token: &str) -> Option<(String, Vec<u8>)> {
    if token.len() > TOKEN_CHARS_MAX {
        return None;
    }
    let lower = token.to_ascii_lowercase();
    let (kind, body) = lower.strip_prefix(PREFIX)?.rsplit_once('_')?;
    let bytes = BASE32_NOPAD.decode(body.to_ascii_uppercase().as_bytes()).ok()?;
    (bytes.len() >= HEAD + BLOCK).then(|| (kind.to_owned(), bytes))
}

/// How many characters the opaque token of a value of so many bytes has in a shared domain.
pub fn token_chars(kind: &str, domain: &str, value_bytes: usize) -> usize {
    const PARTS: usize = 3;
    let plain = 1 + 2 * PARTS + domain.len() + value_bytes;
    // Beside the sealed text stand its head and its synthetic IV.
    let bytes = HEAD + BLOCK + plain.next_multiple_of(BLOCK);
    PREFIX.len() + kind.len() + 1 + BASE32_NOPAD.encode_len(bytes)
}

/// A subject's id as the ledger may hold it: keyed under each version of the ring, the latest first.
pub fn subjects(ring: &Ring, subject_kind: &str, id: &str) -> Vec<String> {
    ring.newest_first().map(|keys| subject_under(keys, subject_kind, id)).collect()
}

fn subject_under(keys: &Keys, subject_kind: &str, id: &str) -> String {
    // `４２` and `42` are one customer.
    let normal: String = id.nfkc().collect();
    let context = [b"sudare subject 1", subject_kind.as_bytes()];
    format!("h1:{}", base32(&keyed(keys, &context, normal.trim())))
}

fn cipher(keys: &Keys) -> Aes256Siv {
    seal::siv(&keys.data)
}

/// A key of its own for each context, so that no hash of one place says anything in another.
fn keyed(keys: &Keys, context: &[&[u8]], text: &str) -> [u8; HASH_BYTES] {
    let mut whole = Vec::with_capacity(context.iter().map(|part| 8 + part.len()).sum());
    for part in context {
        whole.extend_from_slice(&(part.len() as u64).to_be_bytes());
        whole.extend_from_slice(part);
    }
    let own = seal::mac(&*keys.mac, &whole);
    let tag = seal::mac(own.as_ref(), text.as_bytes());
    std::array::from_fn(|at| tag.as_ref()[at])
}

/// Kind and domain in sixteen bytes. There is one tenant, whose name is empty and adds nothing.
fn tweak(kind: &Kind, domain: &Domain) -> [u8; 16] {
    let [tag, first, second] = domain_parts(domain);
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [kind.name.as_bytes(), tag, first, second] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let whole = context.finish();
    std::array::from_fn(|at| whole.as_ref()[at])
}

pub(super) fn domain_parts(domain: &Domain) -> [&[u8]; 3] {
    match domain {
        Domain::Subject { kind, id } => [&[0], kind.as_bytes(), id.as_bytes()],
        Domain::Shared(name) => [&[1], name.as_bytes(), &[]],
    }
}

/// Tag, then each part behind its length, then zeros to whole blocks.
pub(super) fn pack(domain: &Domain, value: &str) -> Result<Zeroizing<Vec<u8>>, MintError> {
    let [tag, first, second] = domain_parts(domain);
    let parts = [first, second, value.as_bytes()];
    let length = 1 + parts.iter().map(|part| 2 + part.len()).sum::<usize>();
    // Room for all of it at once: a buffer that moves would leave the value behind it.
    let mut plain = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(BLOCK)));
    plain.extend_from_slice(tag);
    for part in parts {
        let size = u16::try_from(part.len()).ok().filter(|_| part.len() <= PART_BYTES_MAX).ok_or(MintError::TooLong)?;
        plain.extend_from_slice(&size.to_be_bytes());
        plain.extend_from_slice(part);
    }
    plain.resize(length.next_multiple_of(BLOCK), 0);
    Ok(plain)
}

pub(super) fn unpack(plain: &[u8]) -> Option<(Domain, Secret)> {
    let (&tag, mut rest) = plain.split_first()?;
    let mut part = || {
        let (size, after) = rest.split_first_chunk::<2>()?;
        let (part, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*size)))?;
        rest = after;
        String::from_utf8(part.to_vec()).ok()
    };
    let (first, second, value) = (part()?, part()?, part()?);
    let domain = match tag {
        0 => Domain::Subject { kind: first, id: second },
        1 => Domain::Shared(first),
        _ => return None,
    };
    Some((domain, Secret(value)))
}

/// `tok_KIND_` and the token's bytes.
fn written(kind: &str, token: &[u8]) -> String {
    let mut text = String::with_capacity(PREFIX.len() + kind.len() + 1 + BASE32_NOPAD.encode_len(token.len()));
    text.extend([PREFIX, kind, "_"]);
    let from = text.len();
    BASE32_NOPAD.encode_append(token, &mut text);
    text[from..].make_ascii_lowercase();
    text
}

fn base32(bytes: &[u8]) -> String {
    let mut text = BASE32_NOPAD.encode(bytes);
    text.make_ascii_lowercase();
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use aes_siv::KeyInit;
    use aes_siv::siv::Aes128Siv;
    use data_encoding::HEXLOWER;

    use crate::terms::kind::{EMAIL, Kinds, PERSON_NAME, PHONE};
    use crate::terms::mint::STORED;
    use crate::vault::memory_tests::Memory;
    use crate::vault::ring::{Place, fixed};

    use super::*;

    fn mint() -> KeyMint {
        KeyMint::new(Arc::new(fixed()))
    }

    fn customer(id: &str) -> Domain {
        Domain::Subject { kind: "customer".to_owned(), id: id.to_owned() }
    }

    fn token(kind: crate::terms::kind::KindId, domain: &Domain, value: &str) -> String {
        mint().token(Kinds::builtin().get(kind), domain, value).expect("a token")
    }

    /// What whoever guesses may send: for each the vault is asked once, and a cipher is tried.
    #[test]
    fn any_text_is_as_much_work_as_any_other() {
        let (memory, clock) = (Memory::default(), Arc::new(AtomicI64::new(1_800_000_000)));
        let read = Arc::clone(&clock);
        let now = Box::new(move || read.load(Ordering::Relaxed));
        let vault = Vault::over(Box::new(memory.clone()), Arc::new(fixed()), 100, now).expect("a vault");
        let mint = KeyMint::keeping(Arc::new(fixed()), Arc::new(vault));
        let Random::Kept(vault) = &mint.random else { panic!("no vault") };
        let (kinds, whose) = (Kinds::builtin(), customer("42"));
        let phone = kinds.get(PHONE);
        let opaque = mint.token(phone, &whose, "090-1234-5678").expect("a token");
        let lasting = mint.random(phone, &whose, "090-1234-5678", None).expect("a token");
        let ended = mint.random(phone, &whose, "03-1234-5678", Some(10)).expect("a token");
        vault.flush().expect("kept");
        clock.fetch_add(20, Ordering::Relaxed);
        let scene = tempfile::tempdir().expect("a folder");
        let other = KeyMint::new(Arc::new(Place::beside(&scene.path().join("keys")).create(0).expect("a ring")));
        let foreign = other.token(phone, &whose, "090-1234-5678").expect("a token");
        let forged = opaque.replace("tok_phone", "tok_email");
        let cut = &opaque[..opaque.len() - 2];
        let long = format!("tok_phone_{}", "a".repeat(TOKEN_CHARS_MAX));
        let asked = [&opaque, &lasting, &ended, &foreign, &forged, cut, &long, "tok_phone_none", "090-1234-5678", ""];
        let mut opened = Vec::new();
        for text in asked {
            let before = memory.looks();
            opened.push(mint.revealed(text).map(|opened| opened.value.0));
            assert_eq!(memory.looks(), before + 1, "{text}");
            assert_eq!(opened.last(), Some(&mint.opened(text).map(|opened| opened.value.0)), "{text}");
        }
        let value = Some("090-1234-5678".to_owned());
        assert_eq!(opened[..2], [value.clone(), value]);
        assert!(opened[2..].iter().all(Option::is_none), "{opened:?}");
    }

    #[test]
    fn the_cipher_is_that_of_rfc_5297() {
        // Appendix A.1.
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).expect("hex");
        let key: [u8; 32] =
            hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").try_into().expect("32 bytes");
        let data = hex("101112131415161718191a1b1c1d1e1f2021222324252627");
        let sealed =
            Aes128Siv::new((&key).into()).encrypt([&data], &hex("112233445566778899aabbccddee")).expect("sealed");
        assert_eq!(HEXLOWER.encode(&sealed), "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
    }

    #[test]
    fn tokens_open_to_what_they_stand_for() {
        let kinds = Kinds::builtin();
        for id in [EMAIL, PHONE, PERSON_NAME] {
            for domain in [customer("42"), customer(""), Domain::Shared("analytics".to_owned())] {
                for value in ["", "taro@example.jp", "山田 太郎", &"x".repeat(PART_BYTES_MAX)] {
                    let token = token(id, &domain, value);
                    let kind = kinds.get(id).name.clone();
                    assert!(token.starts_with(&format!("tok_{kind}_")));
                    let opened = Opened { kind, domain: domain.clone(), value: Secret(value.to_owned()) };
                    assert_eq!(mint().open(&token), Ok(opened.clone()));
                    assert_eq!(mint().open(&token.to_ascii_uppercase()), Ok(opened));
                }
            }
        }
    }

    #[test]
    fn tokens_never_change() {
        // Tokens lie in other people's files: a change here makes them worthless.
        assert_eq!(
            token(PHONE, &customer("42"), "090-1234-5678"),
            "tok_phone_aeaae5fphfxltluqjup5pva2opvyysi7uo4vt26l37m2klqioc5pxuv2x73mq67c3axrki7vle5oyp7jhm"
        );
        let hash = mint().hash(Kinds::builtin().get(PHONE), &customer("42"), "090-1234-5678").expect("a hash");
        assert_eq!(hash, "hash_raijoeuqlpgjlmqofdtduldss5w2rk6f");
        assert_eq!(mint().subject("customer", "taro"), "h1:bpicggtmypeum23hftloyi5gi7lh5vi5");
    }

    #[test]
    fn equal_only_where_kind_domain_and_value_are() {
        let shared = Domain::Shared("a".to_owned());
        let values = [
            (PHONE, customer("1"), "x"),
            (PHONE, customer("2"), "x"),
            (EMAIL, customer("1"), "x"),
            (PHONE, customer("1"), "y"),
            (PHONE, shared.clone(), "x"),
            (PHONE, Domain::Shared("b".to_owned()), "x"),
            // Parts run together the same, yet they are others.
            (PHONE, Domain::Subject { kind: "custome".to_owned(), id: "r1".to_owned() }, "x"),
        ];
        let hash =
            |kind, domain: &Domain, value| mint().hash(Kinds::builtin().get(kind), domain, value).expect("a hash");
        for (at, (kind, domain, value)) in values.iter().enumerate() {
            assert_eq!(token(*kind, domain, value), token(*kind, domain, value));
            for (other_kind, other_domain, other_value) in &values[at + 1..] {
                assert_ne!(token(*kind, domain, value), token(*other_kind, other_domain, other_value));
                assert_ne!(hash(*kind, domain, value), hash(*other_kind, other_domain, other_value));
            }
        }
        assert_eq!(mint().subject("customer", " ４２"), mint().subject("customer", "42"));
        assert_ne!(mint().subject("customer", "42"), mint().subject("party", "42"));
    }

    #[test]
    fn forged_tokens_do_not_open() {
        let good = token(PHONE, &customer("42"), "090-1234-5678");
        let body = good.rfind('_').expect("a body") + 1;
        for at in 0..good.len() {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'q' { b'a' } else { b'q' };
            let forged = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(mint().open(&forged), Err(NotOurs), "character {at}");
            assert_eq!(mint().open(&good[..at]), Err(NotOurs), "cut at {at}");
        }
        let other_kind = format!("tok_email_{}", &good[body..]);
        assert_eq!(mint().open(&other_kind), Err(NotOurs));
        assert_eq!(mint().open(&format!("tok_phone_{}", "a".repeat(TOKEN_CHARS_MAX))), Err(NotOurs));
    }

    #[test]
    fn older_keys_still_open() {
        let mut older = fixed();
        let newest = older.current().version;
        assert_eq!(newest, 2);
        older.truncate(1);
        let token =
            KeyMint::new(Arc::new(older)).token(Kinds::builtin().get(PHONE), &customer("1"), "x").expect("a token");
        assert_eq!(mint().open(&token).map(|opened| opened.value), Ok(Secret("x".to_owned())));
    }

    #[test]
    fn the_length_of_a_token_is_known_before_it_is_made() {
        for bytes in [1, 12, 13, 254, PART_BYTES_MAX] {
            let made = token(PHONE, &Domain::Shared(STORED.to_owned()), &"x".repeat(bytes));
            assert_eq!(made.len(), token_chars("phone", STORED, bytes), "{bytes}");
        }
    }

    #[test]
    fn lengths_tell_little_and_are_bounded() {
        let length = |value: &str| token(PHONE, &customer("42"), value).len();
        assert_eq!(length("0312345678"), length("090-1234-5678"));
        let kinds = Kinds::builtin();
        let long = "x".repeat(PART_BYTES_MAX + 1);
        assert_eq!(mint().token(kinds.get(PHONE), &customer("1"), &long), Err(MintError::TooLong));
        assert_eq!(mint().token(kinds.get(PHONE), &customer(&long), "x"), Err(MintError::TooLong));
    }
}
