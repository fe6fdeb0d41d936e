//! What tokens cost, each beside the bare loop of what it is made of, in one run.
//!
//! `cargo bench --bench vault`. Rounds of all rows are interleaved, on one core; thousands of tokens a second, minimum,
//! median and maximum of the rounds, and the median's ratio to the bare loop above it. Bare loops have their key set
//! up once, take what is already packed or cut into numerals, and make nothing that staff could read.
//!
//! `ROUNDS=n` for another number of rounds, `ROW=text` for the rows of that name alone. `TOKENS=10000000` fills a vault
//! with so many tokens instead, and says how large it is, how fast it answers and how fast it starts; it takes a while,
//! and some 5 GB under `TMPDIR`.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aes::Aes256;
use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use fpe::ff1::{FF1, FlexibleNumeralString};
use redb::{Database, TableDefinition};
use sudare::terms::action::{Action, Token};
use sudare::terms::kind::{CARD_NUMBER, EMAIL, KindId, Kinds, PERSON_NAME, PHONE};
use sudare::terms::mint::{Domain, Mint};
use sudare::transform::{self, Context, Today};
use sudare::vault::keep::Vault;
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::{Place, Ring};

const ROUND: Duration = Duration::from_millis(150);
/// Values that go round, so that none is the same as the one before.
const VALUES: usize = 1024;
const TWEAK: [u8; 16] = [7; 16];
/// More than a vault takes without being written would be refused.
const BATCH_MAX: usize = 16_000;

type Work = Box<dyn FnMut(usize)>;

/// Something that makes one token, or what stands beside it.
struct Row {
    name: String,
    is_bare: bool,
    work: Work,
    /// How many tokens one call makes.
    tokens: usize,
}

fn row(name: &str, is_bare: bool, work: impl FnMut(usize) + 'static) -> Row {
    Row { name: name.to_owned(), is_bare, work: Box::new(work), tokens: 1 }
}

fn customer(number: usize) -> Domain {
    Domain::Subject { kind: "customer".to_owned(), id: number.to_string() }
}

fn opaque(ring: &Arc<Ring>) -> [Row; 2] {
    let mut cipher = Aes256Siv::new(&[5; 64].into());
    // What `090-1234-5678` and its domain are packed to.
    let plain: Vec<[u8; 32]> = (0..VALUES).map(|at| std::array::from_fn(|byte| (at >> (byte % 8)) as u8)).collect();
    let bare = row("opaque: AES-256-SIV of 32 bytes", true, move |at| {
        black_box(cipher.encrypt([&[1, 0, 1][..], b"phone"], &plain[at % VALUES]).expect("sealed"));
    });
    let mint = KeyMint::new(Arc::clone(ring));
    let (kinds, domains) = (Kinds::builtin(), (0..VALUES).map(customer).collect::<Vec<_>>());
    let values: Vec<String> = (0..VALUES).map(|at| format!("090-1234-{at:04}")).collect();
    let own = row("opaque: tokens of phone", false, move |at| {
        let at = at % VALUES;
        black_box(mint.token(kinds.get(PHONE), &domains[at], &values[at]).expect("a token"));
    });
    [bare, own]
}

/// A sort of values: its name, its kind, one of them, and as what the bare crate gets it: so many places of one radix.
type Sort = (&'static str, KindId, fn(usize) -> String, usize, u16);

fn formats() -> [Sort; 5] {
    [
        ("phone", PHONE, |at| format!("090-{:04}-{:04}", at * 7 % 10_000, at * 13 % 10_000), 10, 10),
        ("email of letters", EMAIL, |at| format!("taro.{}@example.jp", letters(at)), 19, 26),
        ("email of letters and digits", EMAIL, |at| format!("taro{:04}@example.co.jp", at * 7 % 10_000), 19, 36),
        ("card_number", CARD_NUMBER, |at| format!("4111 1111 {:04} {:04}", at * 7 % 10_000, at * 13 % 10_000), 15, 10),
        ("person.name", PERSON_NAME, |at| format!("{} {}", kanji(at), kanji(at * 5 + 3)), 4, 2968),
    ]
}

fn letters(at: usize) -> String {
    (0..6).map(|place| char::from(b'a' + (at * 11 / (place + 1) % 26) as u8)).collect()
}

/// Two of level 1, which begins with these.
fn kanji(at: usize) -> String {
    let all: Vec<char> =
        "亜唖娃阿哀愛挨姶逢葵茜穐悪握渥旭葦芦鯵梓圧斡扱宛姐虻飴絢綾鮎或粟袷安庵按暗案闇鞍杏".chars().collect();
    [all[at % all.len()], all[at / 3 % all.len()]].iter().collect()
}

fn format_tokens(ring: &Arc<Ring>) -> Vec<Row> {
    let mint = Arc::new(KeyMint::new(Arc::clone(ring)));
    let mut rows = Vec::new();
    for (name, kind, value, places, radix) in formats() {
        let cipher = FF1::<Aes256>::new(&[5; 32], radix.into()).expect("a radix");
        let numerals: Vec<Vec<u16>> = (0..VALUES)
            .map(|at| (0..places).map(|place| ((at * 31 + place * 17) % usize::from(radix)) as u16).collect())
            .collect();
        rows.push(row(&format!("format: FF1 of {places} places of radix {radix}"), true, move |at| {
            let plain = FlexibleNumeralString::from(numerals[at % VALUES].clone());
            black_box(Vec::from(cipher.encrypt(&TWEAK, &plain).expect("enciphered")));
        }));
        let (mint, kinds, domains) =
            (Arc::clone(&mint), Kinds::builtin(), (0..VALUES).map(customer).collect::<Vec<_>>());
        let values: Vec<String> = (0..VALUES).map(value).collect();
        rows.push(row(&format!("format: tokens of {name}"), false, move |at| {
            let at = at % VALUES;
            let today = Today { year: 2026, month: 11, day: 23 };
            let context = Context { today, domain: Some(&domains[at]), mint: &*mint, number: false };
            let action = Action::Tokenize(Token::Format { pass: false });
            let token = transform::veil(&values[at], action, kinds.get(kind), &context).expect("a token");
            assert_ne!(token, transform::FULL);
            black_box(token);
        }));
    }
    rows
}

/// Two rows a token in one commit of so many, and the same through the vault.
fn random(ring: &Arc<Ring>, batch: usize) -> [Row; 2] {
    const LOOKUPS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("lookups");
    const TOKENS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("tokens");
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::create(folder.path().join("bare.redb")).expect("a database");
    let next = AtomicUsize::new(0);
    let mut bare = row(&format!("random: two rows each in redb, {batch} a commit"), true, move |_| {
        let _folder = &folder;
        let mut transaction = database.begin_write().expect("a transaction");
        transaction.set_quick_repair(true);
        {
            let mut lookups = transaction.open_table(LOOKUPS).expect("a table");
            let mut tokens = transaction.open_table(TOKENS).expect("a table");
            for _ in 0..batch {
                // Scattered, as hashes and tokens are.
                let number = (next.fetch_add(1, Ordering::Relaxed) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let key: [u8; 35] = std::array::from_fn(|at| (number >> (at % 8 * 8)) as u8);
                lookups.insert(&key[..32], &key[..]).expect("written");
                tokens.insert(&key[..], &[0; 66][..]).expect("written");
            }
        }
        transaction.commit().expect("durable");
    });
    let folder = tempfile::tempdir().expect("a folder");
    let vault = Vault::open(&folder.path().join("vault.redb"), Arc::clone(ring), usize::MAX).expect("a vault");
    let next = AtomicUsize::new(0);
    let mut own = row(&format!("random: tokens of phone, {batch} a commit"), false, move |_| {
        let _folder = &folder;
        for _ in 0..batch {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let value = format!("090-{number:08}");
            black_box(vault.token("phone", &customer(number), &value, Some(86_400)).expect("a token"));
        }
        vault.flush().expect("durable");
    });
    (bare.tokens, own.tokens) = (batch, batch);
    [bare, own]
}

/// Thousands of tokens a second, for as long as a round lasts.
fn speed(row: &mut Row) -> f64 {
    let (began, mut calls) = (Instant::now(), 0);
    while began.elapsed() < ROUND {
        for _ in 0..if row.tokens == 1 { 64 } else { 1 } {
            (row.work)(calls);
            calls += 1;
        }
    }
    (calls * row.tokens) as f64 / began.elapsed().as_secs_f64() / 1000.0
}

fn compare(mut rows: Vec<Row>, rounds: usize) {
    let mut speeds = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for (row, speeds) in rows.iter_mut().zip(&mut speeds) {
            speeds.push(speed(row));
        }
    }
    println!("{:<52} {:>26} {:>7}", "thousands a second", "minimum / median / maximum", "ratio");
    let mut bare = f64::NAN;
    for (row, speeds) in rows.iter().zip(&mut speeds) {
        speeds.sort_by(f64::total_cmp);
        let (least, median, most) = (speeds[0], speeds[rounds / 2], speeds[rounds - 1]);
        if row.is_bare {
            bare = median;
        }
        println!("{:<52} {least:>7.1} /{median:>7.1} /{most:>7.1} {:>7.2}", row.name, median / bare);
    }
}

/// A vault of so many tokens: how large, how fast, and how fast it is there.
fn fill(ring: &Arc<Ring>, tokens: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault.redb");
    let value = |number: usize| format!("090-{number:08}");
    let vault = Vault::open(&path, Arc::clone(ring), tokens).expect("a vault");
    let (began, mut last, mut kept) = (Instant::now(), Instant::now(), Vec::new());
    for number in 0..tokens {
        let token = vault.token("phone", &customer(number), &value(number), Some(86_400)).expect("a token");
        if number % 997 == 0 {
            kept.push((number, token));
        }
        if number % BATCH_MAX == BATCH_MAX - 1 {
            vault.flush().expect("durable");
        }
        if number % 1_000_000 == 999_999 {
            println!("{:>10} tokens, the last million in {:.0?}", number + 1, last.elapsed());
            last = Instant::now();
        }
    }
    vault.flush().expect("durable");
    println!("filled in {:.0?}", began.elapsed());
    drop(vault);
    let size = std::fs::metadata(&path).expect("the file").len();
    println!("{:.2} GB, {:.0} bytes a token", size as f64 / 1e9, size as f64 / tokens as f64);
    let began = Instant::now();
    let vault = Vault::open(&path, Arc::clone(ring), tokens).expect("opened");
    println!("started in {:.2?}", began.elapsed());
    for round in ["first", "second"] {
        let mut costs: [Vec<f64>; 2] = Default::default();
        for (number, token) in &kept {
            let began = Instant::now();
            let known = vault.token("phone", &customer(*number), &value(*number), Some(86_400));
            costs[0].push(began.elapsed().as_secs_f64() * 1e6);
            assert_eq!(known, Ok(*token));
            let began = Instant::now();
            assert!(vault.open_random("phone", token).is_some_and(|opened| opened.value.0 == value(*number)));
            costs[1].push(began.elapsed().as_secs_f64() * 1e6);
        }
        for (what, costs) in ["the token of a value", "the value of a token"].iter().zip(&mut costs) {
            costs.sort_by(f64::total_cmp);
            let at = |part: usize| costs[costs.len() * part / 100];
            println!("{round} look at {what}: median {:.1} µs, 99 of 100 below {:.1} µs", at(50), at(99));
        }
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let said = |name: &str| std::env::var(name).ok();
    let number = |name: &str| said(name).and_then(|text| text.parse::<usize>().ok());
    let folder = tempfile::tempdir().expect("a folder");
    let ring = Arc::new(Place::beside(&folder.path().join("keys")).create(0).expect("a ring"));
    if let Some(tokens) = number("TOKENS") {
        return fill(&ring, tokens);
    }
    let mut rows: Vec<Row> = opaque(&ring).into();
    rows.extend(format_tokens(&ring));
    rows.extend([1, 64, 4096].into_iter().flat_map(|batch| random(&ring, batch)));
    if let Some(part) = said("ROW") {
        rows.retain(|row| row.name.contains(&part));
    }
    compare(rows, number("ROUNDS").unwrap_or(9).max(1));
}
