//! A witness: what it signs, what it is shown, and what comes of one that is away, slow, wrong or ahead.
//!
//! The witness here is a server on this machine that keeps the last root it signed and checks what it is shown against it.
//! Its cosignatures are also held against the script of the docs, which has no line of ours.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE64, HEXLOWER};
use sudare::ledger::chain::Hash;
use sudare::ledger::key::PublicKey;
use sudare::ledger::open::Home;
use sudare::ledger::prove;
use sudare::ledger::tiles::export;
use sudare::ledger::tlog_proof::{Extension, Inclusion};
use sudare::ledger::verify::{Kept, verify};
use sudare::ledger::witness::{Place, Witness, WitnessError, Witnessed, Witnessing, kept_in};
use sudare::ledger::{Bounds, checkpoint};

use super::{BOUNDS, Bench, checkpoints, copy, fault, ledger_dir, segment, state_folder};

/// What it does with the next call.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Mood {
    /// As the specification says.
    Fair,
    /// Signs with another key.
    Forged,
    /// Says nothing.
    Silent,
    /// Answers with a status alone.
    Says(u16),
    /// Says that it has signed so many.
    Has(u64),
    /// Signs, and says so at more length than anybody reads.
    Endless,
}

struct Server {
    place: Place,
    text: String,
    mood: Arc<Mutex<Mood>>,
    /// What it signed last: how many records, and their root.
    signed: Arc<Mutex<(u64, Option<Hash>)>>,
}

fn key_text(name: &str, pair: &Ed25519KeyPair) -> (String, Vec<u8>) {
    let key = [&[4], pair.public_key().as_ref()].concat();
    let id = digest(&SHA256, &[name.as_bytes(), b"\n", &key].concat()).as_ref()[..4].to_vec();
    (format!("{name}+{}+{}", HEXLOWER.encode(&id), BASE64.encode(&key)), id)
}

impl Server {
    fn start(name: &'static str, ledger: &Path) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/witness/", listener.local_addr().unwrap());
        let pair = Ed25519KeyPair::from_seed_unchecked(&[name.len() as u8; 32]).unwrap();
        let (text, id) = key_text(name, &pair);
        let (mood, signed) = (Arc::new(Mutex::new(Mood::Fair)), Arc::new(Mutex::new((0, None))));
        let place = Place::parse(&url, PublicKey::of_witness(&text).unwrap()).unwrap();
        let public = PublicKey::read(&ledger.join("ledger.pub")).unwrap();
        let server = Server { place, text, mood: Arc::clone(&mood), signed: Arc::clone(&signed) };
        std::thread::spawn(move || {
            for call in listener.incoming().map(Result::unwrap) {
                let now = *mood.lock().unwrap();
                answer(call, now, &mut signed.lock().unwrap(), (name, &pair, &id), &public);
            }
        });
        server
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

type Signer<'a> = (&'a str, &'a Ed25519KeyPair, &'a [u8]);

fn answer(call: TcpStream, mood: Mood, signed: &mut (u64, Option<Hash>), signer: Signer<'_>, public: &PublicKey) {
    let mut reader = BufReader::new(&call);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let before = head.len();
        if reader.read_line(&mut head).unwrap() == 0 {
            return;
        }
        let line = head[before..].to_ascii_lowercase();
        length = line.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
    }
    assert!(head.starts_with("POST /witness/add-checkpoint HTTP/1.1\r\n"), "{head}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, text) = match mood {
        Mood::Silent => {
            // Until the other end has had enough.
            let _ = reader.read(&mut [0]);
            return;
        }
        Mood::Says(status) => (status, String::new()),
        Mood::Has(size) => (409, format!("{size}\n")),
        Mood::Fair | Mood::Forged | Mood::Endless => {
            judged(&String::from_utf8(body).unwrap(), signed, signer, public, mood)
        }
    };
    let location = if (300..400).contains(&status) { "Location: /elsewhere\r\n" } else { "" };
    let answer =
        format!("HTTP/1.1 {status} Said\r\n{location}Content-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    // It may have gone.
    let _ = (&call).write_all((answer + &text).as_bytes());
}

/// As C2SP's `tlog-witness` says.
fn judged(
    body: &str,
    signed: &mut (u64, Option<Hash>),
    (name, pair, id): Signer<'_>,
    public: &PublicKey,
    mood: Mood,
) -> (u16, String) {
    let shown = Extension::read(body).unwrap();
    let checkpoint = checkpoint::read_bytes(shown.note.as_bytes(), public).expect("the ledger signed it");
    if shown.old != signed.0 {
        return (409, format!("{}\n", signed.0));
    }
    if signed.1.is_some_and(|root| shown.check(root, public).is_err()) {
        return (422, String::new());
    }
    *signed = (checkpoint.head.tip.seq, Some(checkpoint.head.tree.root()));
    let text = &shown.note[..shown.note.find("\n\n").unwrap() + 1];
    let mut bytes = id.to_vec();
    bytes.extend_from_slice(&1_795_309_400_u64.to_be_bytes());
    let message = format!("cosignature/v1\ntime 1795309400\n{text}");
    let other = Ed25519KeyPair::from_seed_unchecked(&[99; 32]).unwrap();
    let pair = if mood == Mood::Forged { &other } else { pair };
    bytes.extend_from_slice(pair.sign(message.as_bytes()).as_ref());
    let line = format!("\u{2014} {name} {}\n", BASE64.encode(&bytes));
    // A witness may sign with several keys.
    let others = format!("\u{2014} other.example/w {}\n", BASE64.encode(&[7; 76]));
    (200, if mood == Mood::Endless { (others + &line).repeat(1000) } else { others + &line })
}

fn bounds() -> Bounds {
    Bounds { checkpoint_every: Duration::ZERO, ..BOUNDS }
}

fn home(state: &Path) -> Home {
    Home::within(state, "gw-1")
}

fn public(state: &Path) -> PublicKey {
    PublicKey::read(&state.join("ledger.pub")).unwrap()
}

/// How many records each checkpoint covers that the witness signed; or what is wrong.
fn cosigned(state: &Path, place: &Place) -> Result<Vec<u64>, String> {
    let kept = Kept::cosigned(&kept_in(&ledger_dir(state)), &public(state), &place.key).unwrap();
    let kept = kept.map_err(|finding| format!("{}: {}", finding.spot.line, finding.what))?;
    Ok(kept.checkpoints.iter().map(|(checkpoint, _)| checkpoint.head.tip.seq).collect())
}

#[test]
fn each_checkpoint_that_is_shown_is_signed_and_kept_and_a_tail_that_was_cut_shows() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..2);
    bench.writer.turn();
    let server = Server::start("witness.example/w1", state.path());
    let mut witness = Witness::open(home(state.path()), server.place.clone());
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(3));
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(3));
    let before = copy(state.path());
    bench.commit(2..4);
    bench.stop();
    // Another run of the gateway: what was signed is read from the folder.
    let mut witness = Witness::open(home(state.path()), server.place.clone());
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(6));
    assert_eq!(cosigned(state.path(), &server.place), Ok(vec![3, 6]));
    let (dir, key) = (ledger_dir(state.path()), public(state.path()));
    let kept = Kept::cosigned(&kept_in(&dir), &key, &server.place.key).unwrap().unwrap();
    let check = || verify(&dir, &key, &kept, &mut |_, _| {}).unwrap().finding;
    assert_eq!(check(), None);
    fs::copy(segment(before.path(), 1), segment(state.path(), 1)).unwrap();
    fs::copy(checkpoints(before.path()), checkpoints(state.path())).unwrap();
    assert_eq!(fault(state.path()), None);
    assert!(check().unwrap().what.starts_with("records 4 to 6 are missing"));
    assert_eq!(witness.ask().unwrap(), Witnessed::Behind { ledger: 3, witness: 6 });
}

#[test]
fn a_proof_and_an_export_carry_the_cosignature_where_there_is_one() {
    let (state, out) = (state_folder(), state_folder());
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..2);
    bench.writer.turn();
    let server = Server::start("witness.example/w1", state.path());
    let mut witness = Witness::open(home(state.path()), server.place.clone());
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(3));
    bench.commit(2..4);
    bench.stop();
    let (dir, key) = (ledger_dir(state.path()), public(state.path()));
    let line = format!("\n\u{2014} {} ", server.place.key.name);
    for (seq, covered, has) in [(2, 3, true), (4, 6, false)] {
        let proof = prove::record(&dir, &key, seq, None).unwrap();
        assert_eq!((proof.note.contains(&line), proof.check(&key).unwrap().head.tip.seq), (has, covered));
        assert_eq!(Inclusion::read(&proof.to_text()).unwrap(), proof);
    }
    let garbage = Inclusion {
        note: prove::record(&dir, &key, 2, None).unwrap().note + "garbage\n",
        ..prove::record(&dir, &key, 2, None).unwrap()
    };
    assert!(garbage.check(&key).is_err());
    assert!(!export(&dir, &key, out.path(), false).unwrap().cosigned);
    let refused = super::tiles::checked(state.path(), out.path(), &[&server.text]).unwrap_err();
    assert_eq!(refused, "does not hold: the witness did not sign the checkpoint");
    let other = state_folder();
    let written = export(&dir, &key, other.path(), true).unwrap();
    assert_eq!((written.size, written.cosigned), (3, true));
    let told = "records 3, entries 3, levels 1, cosigned 1795309400";
    assert_eq!(super::tiles::checked(state.path(), other.path(), &[&server.text]), Ok(told.to_owned()));
    // The last checkpoint may be the one.
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(6));
    assert!(export(&dir, &key, out.path(), false).unwrap().cosigned);
    let path = out.path().join("checkpoint");
    let text = fs::read_to_string(&path).unwrap();
    let at = text.rfind(' ').unwrap() + 20;
    let letter = if &text[at..=at] == "A" { "B" } else { "A" };
    fs::write(&path, [&text[..at], letter, &text[at + 1..]].concat()).unwrap();
    assert!(super::tiles::checked(state.path(), out.path(), &[&server.text]).is_err());
}

#[test]
fn a_witness_that_does_not_sign_costs_nothing_but_its_signature() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..2);
    bench.writer.turn();
    let server = Server::start("witness.example/w1", state.path());
    let mut witness = Witness::open(home(state.path()), server.place.clone());
    for (mood, expected) in [
        (Mood::Forged, "the witness's answer does not hold under the key that is configured"),
        (Mood::Says(404), "the witness does not know this ledger (HTTP 404): give its operator `ledger.pub`"),
        (Mood::Says(422), "the witness does not sign (HTTP 422)"),
        (Mood::Says(503), "the witness does not sign (HTTP 503)"),
        (Mood::Says(200), "the witness's answer does not hold under the key that is configured"),
        (Mood::Says(409), "the witness has signed another history of this ledger (HTTP 409)"),
        (Mood::Says(302), "the witness"),
        (Mood::Endless, "the witness cannot be asked: "),
        (Mood::Silent, "the witness cannot be asked: "),
    ] {
        server.set(mood);
        let told = witness.ask().map_err(|error| error.to_string());
        assert!(told.as_ref().is_err_and(|told| told.starts_with(expected)), "{mood:?}: {told:?}");
        assert!(!kept_in(&ledger_dir(state.path())).exists(), "{mood:?}");
        // A witness that answers what cannot be held has signed all the same; it says so when it is asked again.
    }
    // It has signed 3 without our having its word, says so, and is asked for it again; then it is shown what was added.
    server.set(Mood::Fair);
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(3));
    bench.commit(2..3);
    bench.stop();
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(5));
    // One that has signed less than we know, as one that was put back an hour: it is shown what it lacks.
    let (dir, key) = (ledger_dir(state.path()), public(state.path()));
    let third = prove::extension(&dir, &key, 3, Some(3)).unwrap();
    let root = checkpoint::read_bytes(third.note.as_bytes(), &key).unwrap().head.tree.root();
    *server.signed.lock().unwrap() = (3, Some(root));
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(3..4);
    bench.stop();
    assert_eq!(witness.ask().unwrap(), Witnessed::Upto(8));
    // One that says ever something else is asked twice and no more; one that has signed more shows what is missing.
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(4..5);
    bench.stop();
    server.set(Mood::Has(2));
    assert!(matches!(witness.ask(), Err(WitnessError::Refused(409))));
    server.set(Mood::Has(99));
    assert_eq!(witness.ask().unwrap(), Witnessed::Behind { ledger: 11, witness: 99 });
    assert_eq!(cosigned(state.path(), &server.place), Ok(vec![3, 5, 8]));
}

#[test]
fn another_history_is_not_signed() {
    let (state, other) = (state_folder(), state_folder());
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..2);
    bench.stop();
    for file in ["ledger.key", "ledger.pub"] {
        fs::copy(state.path().join(file), other.path().join(file)).unwrap();
    }
    let mut bench = Bench::open(other.path(), bounds());
    bench.commit(5..9);
    bench.stop();
    let server = Server::start("witness.example/w1", state.path());
    assert_eq!(Witness::open(home(state.path()), server.place.clone()).ask().unwrap(), Witnessed::Upto(4));
    let asked = Witness::open(home(other.path()), server.place.clone()).ask();
    assert!(matches!(asked, Err(WitnessError::Refused(422))), "{asked:?}");
    assert!(!kept_in(&ledger_dir(other.path())).exists());
}

#[test]
fn what_was_cut_short_is_passed_over_and_written_over() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..2);
    bench.writer.turn();
    let server = Server::start("witness.example/w1", state.path());
    let file = kept_in(&ledger_dir(state.path()));
    Witness::open(home(state.path()), server.place.clone()).ask().unwrap();
    let first = fs::read(&file).unwrap().len();
    bench.commit(2..3);
    bench.stop();
    Witness::open(home(state.path()), server.place.clone()).ask().unwrap();
    let whole = fs::read(&file).unwrap();
    for cut in first..whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        assert_eq!(cosigned(state.path(), &server.place), Ok(vec![3]), "byte {cut}");
    }
    for cut in [first + 1, whole.len() - 120, whole.len() - 1] {
        fs::write(&file, &whole[..cut]).unwrap();
        *server.signed.lock().unwrap() = (0, None);
        assert_eq!(Witness::open(home(state.path()), server.place.clone()).ask().unwrap(), Witnessed::Upto(5));
        assert_eq!((fs::read(&file).unwrap(), cosigned(state.path(), &server.place)), (whole.clone(), Ok(vec![3, 5])));
    }
    // A changed byte is none that a crash explains.
    let mut changed = whole.clone();
    changed[first - 20] ^= 1;
    fs::write(&file, changed).unwrap();
    let told = cosigned(state.path(), &server.place).unwrap_err();
    assert_eq!(told, "1: this is no checkpoint that the witness `witness.example/w1` signed");
}

#[test]
fn what_earlier_witnesses_signed_is_put_aside_each_under_a_name_of_its_own() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..2);
    bench.stop();
    let servers =
        ["witness.example/w1", "witness.example/second", "third.example"].map(|name| Server::start(name, state.path()));
    for server in &servers {
        assert_eq!(Witness::open(home(state.path()), server.place.clone()).ask().unwrap(), Witnessed::Upto(4));
        assert_eq!(cosigned(state.path(), &server.place), Ok(vec![4]));
    }
    for (name, server) in ["cosigned.before-1", "cosigned.before-2"].into_iter().zip(&servers) {
        let kept = Kept::cosigned(&ledger_dir(state.path()).join(name), &public(state.path()), &server.place.key);
        assert_eq!(kept.unwrap().unwrap().checkpoints.len(), 1, "{name}");
    }
}

#[test]
fn the_checkpoint_of_a_clean_stop_is_shown_and_a_witness_that_hangs_does_not_hold_a_stop() {
    let state = state_folder();
    let bench = Bench::open(state.path(), BOUNDS);
    let server = Server::start("witness.example/w1", state.path());
    let words = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&words);
    let tell = move |word| told.lock().unwrap().push(word);
    let witnessing = Witnessing::start(home(state.path()), server.place.clone(), tell).unwrap();
    bench.stop();
    witnessing.stop();
    assert_eq!((cosigned(state.path(), &server.place), words.lock().unwrap().last()), (Ok(vec![2]), Some(&"cosigned")));
    server.set(Mood::Silent);
    Bench::open(state.path(), BOUNDS).stop();
    let witnessing = Witnessing::start(home(state.path()), server.place.clone(), |_| {}).unwrap();
    witnessing.stop();
    assert_eq!(cosigned(state.path(), &server.place), Ok(vec![2]));
}

#[test]
fn nobody_at_the_address_is_a_witness_that_is_away() {
    let state = state_folder();
    Bench::open(state.path(), BOUNDS).stop();
    let server = Server::start("witness.example/w1", state.path());
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place::parse(&format!("http://{free}/witness"), server.place.key.clone()).unwrap();
    let asked = Witness::open(home(state.path()), place).ask();
    assert!(matches!(asked, Err(WitnessError::Away(_))), "{asked:?}");
}
