//! What the ledger costs, beside a bare loop that writes and syncs the same bytes on the same disk, and how fast it answers.
//!
//! `cargo bench --bench ledger`. First, records a second and what one waits, at 1, 16 and 256 callers; the bare loop
//! appends as many lines as the ledger committed at once and syncs them, in rounds that alternate with the ledger's.
//! Then a ledger of `RECORDS` (1,000,000) is filled at four sizes, so that growth shows: bytes a record, `verify`,
//! the pass over closed segments, and questions with and without the indexes. `TMPDIR` says on which disk; ten million
//! records take some 9 GB before they are compressed.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use sudare::ledger::archive::tend;
use sudare::ledger::entry::{Entry, Subject};
use sudare::ledger::key::PublicKey;
use sudare::ledger::open::Home;
use sudare::ledger::query::{Filter, SubjectIs, query};
use sudare::ledger::verify::{Kept, verify};
use sudare::ledger::{Bounds, Ledger, segment};
use sudare::terms::event::Event;

const ROUND: Duration = Duration::from_millis(700);
const ROUNDS: usize = 5;

/// A record of a list of one customer, as most are.
fn view(number: u64) -> Entry<'static> {
    let kinds = [("person.name".into(), "show".into(), 1), ("phone".into(), "mask".into(), 1)];
    // Each of a million customers is looked at as often as any other.
    let customer = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44;
    Entry {
        request: Some(format!("01JD{number:022}").into()),
        part: Some(1),
        staff: Some(format!("basic:staff-{}", number % 300).into()),
        roles: vec!["support".into()],
        client: Some("10.1.2.3".into()),
        method: Some("GET".into()),
        path: Some("/api/customers/{id}".into()),
        resource: Some("customer".into()),
        status: Some(200),
        outcome: Some("released".into()),
        policy: Some(format!("sha256:{:064}", 7).into()),
        rules: vec!["support-1".into()],
        subjects: vec![Subject {
            of: "customer".into(),
            id: Some(customer.to_string().into()),
            kinds: kinds.into_iter().collect(),
        }],
        ..Entry::new(Event::View)
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder under TMPDIR")
}

/// Minimum, median and maximum.
fn spread(mut all: Vec<f64>) -> [f64; 3] {
    all.sort_by(f64::total_cmp);
    [all[0], all[all.len() / 2], all[all.len() - 1]]
}

/// So many callers, each of whom waits for its record before it makes the next: records a second, and each wait.
fn load(ledger: &Ledger, callers: usize) -> (f64, Vec<Duration>) {
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let call = |caller: usize| {
        let (ledger, stop) = (ledger.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut waits = Vec::new();
            let (tell, told) = mpsc::channel();
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let tell = tell.clone();
                ledger.append(
                    view((waits.len() * 1000 + caller) as u64),
                    Box::new(move |done| tell.send(done).expect("heard")),
                );
                told.recv().expect("told").expect("durable");
                waits.push(begun.elapsed());
            }
            waits
        })
    };
    let threads: Vec<_> = (0..callers).map(call).collect();
    std::thread::sleep(ROUND);
    stop.store(true, Ordering::Relaxed);
    let waits: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().expect("a caller")).collect();
    (waits.len() as f64 / begun.elapsed().as_secs_f64(), waits)
}

/// The bare loop: so many lines in one write, and one sync.
fn bare(file: &mut File, lines: &[u8], batch: usize) -> (f64, Vec<Duration>) {
    let begun = Instant::now();
    let mut waits = Vec::new();
    while begun.elapsed() < ROUND {
        let begun = Instant::now();
        file.write_all(lines).and_then(|()| file.sync_data()).expect("written");
        waits.push(begun.elapsed());
    }
    ((waits.len() * batch) as f64 / begun.elapsed().as_secs_f64(), waits)
}

fn median(mut waits: Vec<Duration>) -> f64 {
    waits.sort();
    waits[waits.len() / 2].as_secs_f64() * 1e3
}

fn recording() {
    println!(
        "{:>8} {:>12} {:>12} {:>7} {:>12} {:>12}",
        "callers", "records/s", "bare/s", "ratio", "wait ms", "sync ms"
    );
    for callers in [1, 16, 256] {
        let dir = folder();
        let home = Home::within(dir.path(), "bench");
        let (ledger, writer) =
            Ledger::open(home.clone(), Bounds::default(), Box::new(Timestamp::now)).expect("a ledger");
        let writing = std::thread::spawn(move || writer.run());
        let line = line_of(&home.dir, &ledger);
        let mut file = OpenOptions::new().append(true).create(true).open(dir.path().join("bare")).expect("a file");
        let (mut ratios, mut ours, mut theirs, mut waits, mut syncs) = (vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            let (rate, waited) = load(&ledger, callers);
            waits.push(median(waited));
            // While one batch is synced the next one gathers, of all callers but those that wait for it.
            let batch = callers.div_ceil(2).max(1);
            let (bare_rate, synced) = bare(&mut file, &line.repeat(batch), batch);
            syncs.push(median(synced));
            ratios.push(rate / bare_rate);
            ours.push(rate);
            theirs.push(bare_rate);
        }
        ledger.stop();
        writing.join().expect("the writer").expect("stopped");
        let [ours, theirs, ratio, waits, syncs] = [ours, theirs, ratios, waits, syncs].map(|all| spread(all)[1]);
        println!("{callers:>8} {ours:>12.0} {theirs:>12.0} {ratio:>7.2} {waits:>12.3} {syncs:>12.3}");
    }
}

/// A line as it stands in the file.
fn line_of(dir: &Path, ledger: &Ledger) -> Vec<u8> {
    let (tell, told) = mpsc::channel();
    ledger.append(view(0), Box::new(move |done| tell.send(done).expect("heard")));
    told.recv().expect("told").expect("durable");
    let segment = segment::list(dir).expect("segments").remove(0);
    let text = fs::read(segment.path).expect("lines");
    text.split_inclusive(|byte| *byte == b'\n').next_back().expect("a line").to_vec()
}

fn fill(home: &Home, from: u64, to: u64) {
    let bounds = Bounds { batch_max: 8192, queue_max: 65_536, ..Bounds::default() };
    let (ledger, writer) = Ledger::open(home.clone(), bounds, Box::new(Timestamp::now)).expect("a ledger");
    let writing = std::thread::spawn(move || writer.run());
    let done = Arc::new(AtomicU64::new(from));
    for number in from..to {
        while number - done.load(Ordering::Relaxed) > 32_768 {
            std::thread::sleep(Duration::from_micros(200));
        }
        let done = Arc::clone(&done);
        ledger.append(
            view(number),
            Box::new(move |result| {
                result.expect("durable");
                done.fetch_add(1, Ordering::Relaxed);
            }),
        );
    }
    ledger.stop();
    writing.join().expect("the writer").expect("stopped");
}

fn bytes(dir: &Path, extension: &str) -> u64 {
    let files = fs::read_dir(dir).expect("the folder").map(|file| file.expect("a file").path());
    let named = files.filter(|path| path.to_str().is_some_and(|path| path.ends_with(extension)));
    named.map(|path| fs::metadata(path).expect("a file").len()).sum()
}

fn asked(dir: &Path, filter: &Filter) -> (Duration, u64) {
    let begun = Instant::now();
    let passed = query(dir, filter, &mut |_, _| ControlFlow::Continue(())).expect("an answer");
    (begun.elapsed(), passed.rows)
}

fn answering(records: u64) {
    println!(
        "{:>10} {:>9} {:>9} {:>10} {:>10} {:>11} {:>11} {:>11} {:>11} {:>11}",
        "records",
        "B/record",
        "packed",
        "verify MB/s",
        "pass s",
        "subject ms",
        "plain ms",
        "request ms",
        "staff ms",
        "scan ms"
    );
    let dir = folder();
    let home = Home::within(dir.path(), "bench");
    let mut before = 0;
    for records in [records / 8, records / 4, records / 2, records] {
        fill(&home, before, records);
        before = records;
        let plain = bytes(&home.dir, ".jsonl");
        let key = PublicKey::read(&home.key.with_extension("pub")).expect("the key");
        let begun = Instant::now();
        let mut read = 0;
        let report = verify(&home.dir, &key, &Kept::default(), &mut |_, total| read = total).expect("a ledger");
        assert!(report.finding.is_none());
        let verified = read as f64 / 1e6 / begun.elapsed().as_secs_f64();
        let customer = view(4711).subjects[0].id.clone().expect("an id").into_owned();
        let subject = Filter { subject: Some(SubjectIs::parse(&format!("customer:{customer}"))), ..Filter::default() };
        let begun = Instant::now();
        tend(&home.dir, SystemTime::UNIX_EPOCH, &|| true).expect("tended");
        let indexed = begun.elapsed().as_secs_f64();
        let (plain_time, rows) = asked(&home.dir, &subject);
        let begun = Instant::now();
        tend(&home.dir, SystemTime::now(), &|| true).expect("tended");
        let pass = indexed + begun.elapsed().as_secs_f64();
        let (subject_time, again) = asked(&home.dir, &subject);
        assert_eq!(rows, again);
        let request = Filter { request: view(4711).request.map(|id| id.into_owned()), ..Filter::default() };
        let staff = Filter {
            staff: Some("staff-7".to_owned()),
            from: Some(Timestamp::now() - Duration::from_secs(1)),
            ..Filter::default()
        };
        let scan = Filter { unindexed: true, ..subject };
        let times = [
            subject_time,
            plain_time,
            asked(&home.dir, &request).0,
            asked(&home.dir, &staff).0,
            asked(&home.dir, &scan).0,
        ];
        let [subject, plain_time, request, staff, scan] = times.map(|time| time.as_secs_f64() * 1e3);
        let each = if plain > 0 { read as f64 / records as f64 } else { 0.0 };
        let packed = (bytes(&home.dir, ".zst") + bytes(&home.dir, ".index") + bytes(&home.dir.join("tree"), "")) as f64
            / records as f64;
        println!(
            "{records:>10} {each:>9.0} {packed:>9.0} {verified:>11.0} {pass:>10.1} {subject:>11.2} {plain_time:>11.2} {request:>11.2} {staff:>11.2} {scan:>11.0}"
        );
    }
}

fn main() {
    recording();
    let records = std::env::var("RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    answering(records);
}
