//! Raw sockets: a client that sends any bytes, and a CRM that records what it gets and answers with any bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// No test waits that long; it only keeps a failing one from hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// At once.
    Whole,
    /// One write for each byte.
    Bytewise,
}

/// Writes bytes at a pace; a peer that has closed already is none of the writer's business.
pub fn write(stream: &mut TcpStream, bytes: &[u8], pace: Pace) {
    stream.set_nodelay(true).expect("a socket takes options");
    let step = match pace {
        Pace::Whole => bytes.len().max(1),
        // Long fillings would only repeat themselves.
        Pace::Bytewise => bytes.len() / 2000 + 1,
    };
    for piece in bytes.chunks(step) {
        if stream.write_all(piece).is_err() {
            return;
        }
    }
}

/// Opens a connection.
pub fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("something listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes options");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes options");
    stream
}

/// Sends bytes and reads until the other side closes. A reset instead of a close is a failure.
pub fn talk(to: SocketAddr, bytes: &[u8], pace: Pace) -> Vec<u8> {
    let mut stream = connect(to);
    write(&mut stream, bytes, pace);
    read_all(&mut stream)
}

/// Reads until the other side closes.
pub fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer, then an orderly end");
    answer
}

/// Reads until these bytes have come.
pub fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) && stream.read(&mut byte).expect("bytes in time") > 0 {
        seen.push(byte[0]);
    }
    seen
}

/// One answer as staff reads it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Splits what a client read into answers; all of them must have a length and none may be cut.
pub fn answers(mut bytes: &[u8], to_head: bool) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        let end = find(bytes, b"\r\n\r\n").expect("a whole head") + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head[9..12].parse().expect("a status");
        let mut answer = Answer { status, head, body: Vec::new() };
        let bodiless = to_head || matches!(status, 100..200 | 204 | 304);
        let length = answer.header("content-length").map_or(0, |text| text.parse().expect("a length"));
        let length = if bodiless { 0 } else { length };
        answer.body = bytes[end..end + length].to_vec();
        bytes = &bytes[end + length..];
        answers.push(answer);
    }
    answers
}

/// Where `part` stands in `bytes`.
pub fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// A CRM that records every byte.
pub struct Origin {
    pub address: SocketAddr,
    record: Arc<Mutex<Record>>,
    events: Receiver<Event>,
}

/// What happened at the CRM.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// A request has come whole.
    Asked,
    /// Its answer and what comes behind it are sent.
    Answered,
    /// The gateway closed a connection.
    Left,
}

/// What the CRM got.
#[derive(Default)]
pub struct Record {
    pub bytes: Vec<u8>,
    pub connections: usize,
}

/// What the CRM answers to a head: the bytes, and whether it closes behind them.
pub struct Reply {
    pub bytes: Vec<u8>,
    /// What the CRM says in a write of its own behind it.
    pub tail: &'static str,
    pub pace: Pace,
    pub close: bool,
}

impl Reply {
    /// An answer of these bytes, after which the connection stays.
    pub fn raw(bytes: Vec<u8>) -> Reply {
        Reply { bytes, tail: "", pace: Pace::Whole, close: false }
    }

    /// An answer of status 200 with this text.
    pub fn ok(body: &str) -> Reply {
        Reply::of("text/plain", body)
    }

    /// An answer of status 200 with a body of this type.
    pub fn of(kind: &str, body: &str) -> Reply {
        let length = body.len();
        Reply::raw(
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes(),
        )
    }
}

impl Origin {
    /// Starts a CRM that answers each request by its head.
    pub fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let record = Arc::new(Mutex::new(Record::default()));
        let (reply, kept) = (Arc::new(reply), Arc::clone(&record));
        let (sender, events) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (reply, record, sender) = (Arc::clone(&reply), Arc::clone(&kept), sender.clone());
                record.lock().expect("a record").connections += 1;
                thread::spawn(move || converse(stream.expect("a connection"), &*reply, &record, &sender));
            }
        });
        Origin { address, record, events }
    }

    /// Waits until this has happened.
    pub fn wait_for(&self, event: &Event) {
        while self.events.recv_timeout(PATIENCE).expect("an event in time") != *event {}
    }

    /// Waits until every request that has come is answered to the last byte.
    pub fn settle(&self) {
        let mut open = 0;
        loop {
            let event = if open == 0 { self.events.try_recv().ok() } else { self.events.recv_timeout(PATIENCE).ok() };
            match event {
                Some(Event::Asked) => open += 1,
                Some(Event::Answered) => open -= 1,
                Some(Event::Left) => {}
                None => break,
            }
        }
        assert_eq!(open, 0, "an answer in time");
    }

    /// What was recorded since the last time.
    pub fn take(&self) -> Record {
        std::mem::take(&mut *self.record.lock().expect("a record"))
    }
}

/// Reads request after request and answers each, until the other side closes. Nobody need listen to the events.
fn converse(mut stream: TcpStream, reply: &dyn Fn(&str) -> Reply, record: &Mutex<Record>, events: &Sender<Event>) {
    let mut held = Vec::new();
    while let Some(head) = read_request(&mut stream, &mut held, record) {
        let _ = events.send(Event::Asked);
        let answer = reply(&head);
        write(&mut stream, &answer.bytes, answer.pace);
        write(&mut stream, answer.tail.as_bytes(), Pace::Whole);
        let _ = events.send(Event::Answered);
        if answer.close {
            let _ = stream.shutdown(Shutdown::Write);
            // Reading to the end keeps the close from becoming a reset.
            let _ = stream.read_to_end(&mut Vec::new());
            return;
        }
    }
    let _ = events.send(Event::Left);
}

/// The head of the next request; its body is read too, by its length alone.
fn read_request(stream: &mut TcpStream, held: &mut Vec<u8>, record: &Mutex<Record>) -> Option<String> {
    loop {
        if let Some(at) = find(held, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..at + 4]).into_owned();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let end = at + 4 + length.unwrap_or(0);
            if held.len() >= end {
                held.drain(..end);
                return Some(head);
            }
        }
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).ok().filter(|&count| count > 0)?;
        record.lock().expect("a record").bytes.extend_from_slice(&bytes[..count]);
        held.extend_from_slice(&bytes[..count]);
    }
}
