//! Which cookie is whose.
//!
//! A cookie is kept as a keyed hash, so that neither the file nor a look into memory gives anybody
//! a session. The file is lines, each sealed with the same key: `bind` and `unbind`. It is written
//! anew at the start and when most of its lines mean nothing any more. A line that does not hold
//! makes all of it worthless, but for a torn last one: everybody logs in again, and nobody is taken
//! for somebody else.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::{constant_time, hmac};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

/// How many cookies are known at once; the one that was bound first goes first.
const KNOWN: usize = 20_000;

/// How many cookies are remembered as nobody's, and for how many seconds.
const STRANGE: (usize, i64) = (20_000, 10);

/// How many lines there may be beyond those that count before the file is written anew.
const DEAD_LINES: usize = 10_000;

/// How long the file may be.
const FILE_BYTES: u64 = 64 << 20;

/// What a cookie is remembered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket([u8; 32]);

/// Whose a cookie is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The name.
    pub user: String,
    /// When it was bound, in seconds since 1970.
    pub since: i64,
    /// When the CRM last said so.
    pub asked: i64,
}

/// What is remembered.
pub struct Store {
    key: hmac::Key,
    lasts: i64,
    known: Mutex<HashMap<Ticket, Known>>,
    strange: Mutex<HashMap<Ticket, i64>>,
    /// The file, where what is remembered outlives the process.
    book: Option<Mutex<Book>>,
}

struct Book {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl Store {
    /// A store that ends with the process.
    pub fn passing(key: &[u8; 32], lasts: i64) -> Store {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Store { key, lasts, known: Mutex::default(), strange: Mutex::default(), book: None }
    }

    /// Reads a store's file, or begins it (0600), and writes it anew.
    pub fn open(path: &Path, key: &[u8; 32], lasts: i64, now: i64) -> io::Result<Store> {
        let mut store = Store::passing(key, lasts);
        let mut known = match read(path) {
            Ok(text) => store.replay(&text).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashMap::new(),
            Err(error) => return Err(error),
        };
        known.retain(|_, known| store.counts(known, now));
        let lines = known.len();
        let file = store.write_anew(path, &known)?;
        store.known = Mutex::new(known);
        store.book = Some(Mutex::new(Book { path: path.to_owned(), file, lines }));
        Ok(store)
    }

    /// What a cookie of a CRM is remembered by.
    pub fn ticket(&self, crm: &str, name: &str, value: &str) -> Ticket {
        let (one, two) = (crm.len(), name.len());
        let tag = hmac::sign(&self.key, format!("cookie\0{one}\0{two}\0{crm}\0{name}\0{value}").as_bytes());
        let mut ticket = [0; 32];
        ticket.copy_from_slice(tag.as_ref());
        Ticket(ticket)
    }

    /// Whose a cookie is, if anybody's.
    pub fn who(&self, ticket: &Ticket, now: i64) -> Option<Known> {
        locked(&self.known).get(ticket).filter(|known| self.counts(known, now)).cloned()
    }

    /// Binds a cookie. It is written down first.
    pub fn bind(&self, ticket: Ticket, user: &str, now: i64) -> io::Result<()> {
        let known = Known { user: user.to_owned(), since: now, asked: now };
        self.write(&bound(&ticket, &known), now)?;
        self.remember(ticket, user, now);
        Ok(())
    }

    /// Remembers whose a cookie is while the process lives.
    pub fn remember(&self, ticket: Ticket, user: &str, now: i64) {
        let mut all = locked(&self.known);
        if all.len() >= KNOWN && !all.contains_key(&ticket) {
            all.retain(|_, known| self.counts(known, now));
            let first = all.iter().min_by_key(|(_, known)| known.since).map(|(ticket, _)| *ticket);
            if let Some(first) = first.filter(|_| all.len() >= KNOWN) {
                all.remove(&first);
            }
        }
        all.insert(ticket, Known { user: user.to_owned(), since: now, asked: now });
    }

    /// Unbinds a cookie. From now on it is nobody's; tells whether it was somebody's.
    pub fn unbind(&self, ticket: &Ticket) -> bool {
        let was = locked(&self.known).remove(ticket);
        let Some(was) = was else { return false };
        if let (Some(book), Err(_)) = (&self.book, self.write(&unbound(ticket), was.since)) {
            // What cannot be written must not come back with the next start.
            let _ = fs::remove_file(&locked(book).path);
        }
        true
    }

    /// Notes that the CRM has said again whose a cookie is.
    pub fn asked(&self, ticket: &Ticket, now: i64) {
        if let Some(known) = locked(&self.known).get_mut(ticket) {
            known.asked = now;
        }
    }

    /// Notes that a cookie is nobody's, so that the CRM is not asked with every request.
    pub fn strange(&self, ticket: Ticket, now: i64) {
        let mut strange = locked(&self.strange);
        if strange.len() >= STRANGE.0 {
            strange.clear();
        }
        strange.insert(ticket, now);
    }

    /// Whether a cookie was nobody's a moment ago.
    pub fn is_strange(&self, ticket: &Ticket, now: i64) -> bool {
        locked(&self.strange).get(ticket).is_some_and(|since| (0..STRANGE.1).contains(&(now - since)))
    }

    /// A clock that was set back makes nobody younger.
    fn counts(&self, known: &Known, now: i64) -> bool {
        (0..self.lasts).contains(&(now - known.since))
    }

    fn write(&self, line: &str, now: i64) -> io::Result<()> {
        let Some(book) = &self.book else { return Ok(()) };
        let mut book = locked(book);
        if book.lines > KNOWN + DEAD_LINES {
            let mut known = locked(&self.known).clone();
            known.retain(|_, known| self.counts(known, now));
            book.file = self.write_anew(&book.path, &known)?;
            book.lines = known.len();
        }
        book.file.write_all(self.sealed(line).as_bytes())?;
        book.lines += 1;
        book.file.sync_data()
    }

    /// Puts a file of what counts in the place of the old one, and leaves it open at its end.
    fn write_anew(&self, path: &Path, known: &HashMap<Ticket, Known>) -> io::Result<File> {
        let draft = path.with_added_extension("new");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&draft)?;
        let lines: String = known.iter().map(|(ticket, known)| self.sealed(&bound(ticket, known))).collect();
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        Ok(file)
    }

    /// What a file's lines come to; nothing where a line does not hold.
    fn replay(&self, text: &str) -> Option<HashMap<Ticket, Known>> {
        let mut all = HashMap::new();
        for line in text.split_inclusive('\n') {
            // A crash while writing leaves a last line without its end.
            let Some(line) = line.strip_suffix('\n') else { break };
            let (body, seal) = line.rsplit_once(' ')?;
            constant_time::verify_slices_are_equal(self.seal(body).as_bytes(), seal.as_bytes()).ok()?;
            let mut words = body.split(' ');
            let deed = words.next()?;
            let ticket = Ticket(HEXLOWER.decode(words.next()?.as_bytes()).ok()?.try_into().ok()?);
            if deed == "unbind" {
                all.remove(&ticket);
                continue;
            }
            let since = words.next()?.parse().ok()?;
            let user = String::from_utf8(BASE64URL_NOPAD.decode(words.next()?.as_bytes()).ok()?).ok()?;
            // Whether the CRM still says so is asked anew after a start.
            all.insert(ticket, Known { user, since, asked: 0 });
        }
        Some(all)
    }

    fn sealed(&self, body: &str) -> String {
        format!("{body} {}\n", self.seal(body))
    }

    fn seal(&self, body: &str) -> String {
        let tag = hmac::sign(&self.key, format!("line\0{body}").as_bytes());
        HEXLOWER.encode(&tag.as_ref()[..16])
    }
}

fn bound(ticket: &Ticket, known: &Known) -> String {
    let user = BASE64URL_NOPAD.encode(known.user.as_bytes());
    format!("bind {} {} {user}", HEXLOWER.encode(&ticket.0), known.since)
}

fn unbound(ticket: &Ticket) -> String {
    format!("unbind {}", HEXLOWER.encode(&ticket.0))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// A panic elsewhere cannot have left a map or a file half changed in a way that matters here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn open(path: &Path, now: i64) -> Store {
        Store::open(path, &KEY, 100, now).expect("a store")
    }

    #[test]
    fn what_was_bound_outlives_the_process_and_what_was_unbound_does_not_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sessions");
        let store = open(&path, 10);
        let (a, b) = (store.ticket("crm", "sid", "aaa"), store.ticket("crm", "sid", "bbb"));
        assert_ne!(a, store.ticket("crm", "sid2", "aaa"));
        assert_ne!(a, store.ticket("other", "sid", "aaa"));
        store.bind(a, "田中", 10).expect("written");
        store.bind(b, "sato", 20).expect("written");
        assert!(store.unbind(&b) && !store.unbind(&b));
        let store = open(&path, 50);
        assert_eq!(store.who(&a, 50), Some(Known { user: "田中".into(), since: 10, asked: 0 }));
        assert_eq!(store.who(&b, 50), None);
        assert_eq!((store.who(&a, 109).is_some(), store.who(&a, 110), store.who(&a, 9)), (true, None, None));
        let text = fs::read_to_string(&path).expect("a file");
        assert!(!text.contains("aaa") && !text.contains("bbb"), "{text}");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(text.lines().count(), 1, "it is written anew at the start");
    }

    #[test]
    fn a_line_that_does_not_hold_makes_all_of_it_worthless() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sessions");
        let store = open(&path, 10);
        let a = store.ticket("crm", "sid", "aaa");
        store.bind(a, "tanaka", 10).expect("written");
        store.bind(store.ticket("crm", "sid", "bbb"), "sato", 10).expect("written");
        let good = fs::read_to_string(&path).expect("a file");
        for bad in [good.replacen("bind", "bond", 1), good.replacen(" 10 ", " 11 ", 1), format!("x\n{good}")] {
            fs::write(&path, bad).expect("written");
            assert_eq!(open(&path, 20).who(&a, 20), None);
        }
        fs::write(&path, format!("{good}unbind 0123")).expect("written");
        assert!(open(&path, 20).who(&a, 20).is_some(), "a torn last line");
        fs::write(&path, &good).expect("written");
        let other = Store::open(&path, &[8; 32], 100, 20).expect("a store");
        assert_eq!(other.who(&other.ticket("crm", "sid", "aaa"), 20), None, "another key");
    }

    #[test]
    fn the_file_and_the_number_of_cookies_stay_bounded() {
        let store = Store::passing(&KEY, 1_000_000);
        for number in 0..KNOWN + 10 {
            store.remember(store.ticket("crm", "sid", &number.to_string()), "tanaka", number as i64);
        }
        assert_eq!(locked(&store.known).len(), KNOWN);
        let now = KNOWN as i64;
        assert_eq!(store.who(&store.ticket("crm", "sid", "0"), now), None, "the first goes first");
        assert!(store.who(&store.ticket("crm", "sid", &KNOWN.to_string()), now).is_some());
        store.strange(store.ticket("crm", "sid", "x"), 5);
        let strange = |now| store.is_strange(&store.ticket("crm", "sid", "x"), now);
        assert!(strange(5) && strange(14) && !strange(15) && !strange(4));
    }
}
