//! A client that writes its frames by hand, good ones and bad ones, over any stream.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// No test waits that long; it only keeps a failing one from hanging.
const PATIENCE: Duration = Duration::from_secs(20);

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A frame as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The number that stands so far into the payload.
    pub fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four bytes"))
    }

    /// Whether nothing of its stream is to come behind it.
    pub fn ends(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

/// A frame's bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A head in its plainest coding: literals that nobody keeps, without Huffman's code (RFC 7541, 6.2.2).
pub fn block<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(N, V)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        string(&mut out, name.as_ref());
        string(&mut out, value.as_ref());
    }
    out
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut left = bytes.len();
    if left < 127 {
        out.push(left as u8);
    } else {
        out.push(127);
        left -= 127;
        while left >= 128 {
            out.push((left % 128) as u8 | 128);
            left /= 128;
        }
        out.push(left as u8);
    }
    out.extend_from_slice(bytes);
}

/// A payload as cases spell it: `@PATH|` is the head of a request.
fn payload(text: &[u8]) -> Vec<u8> {
    let Some(at) = text.windows(2).position(|two| two == b"@/") else { return text.to_vec() };
    let end = at + text[at..].iter().position(|&byte| byte == b'|').expect("a path has an end");
    let path = std::str::from_utf8(&text[at + 1..end]).expect("a path");
    [&text[..at], &block(&usual(path)), &text[end + 1..]].concat()
}

/// What every request has.
pub fn usual(path: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let fields = [(":method", "GET"), (":scheme", "https"), (":authority", "crm.example"), (":path", path)];
    fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

/// How a stream came to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Properly, with this body.
    Answer(String),
    /// By a reset with this code, after so many bytes of a body.
    Reset(u32, usize),
    /// With its connection, which was closed with this code or without a word.
    Gone(Option<u32>),
}

/// A client's end of a connection.
pub struct Client<S> {
    stream: S,
    next: u32,
    /// The stream that `=` means.
    present: u32,
    held: BTreeMap<u32, Vec<u8>>,
    pub goaway: Option<u32>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// A client that has said nothing.
    pub fn silent(stream: S) -> Client<S> {
        Client { stream, next: 1, present: 1, held: BTreeMap::new(), goaway: None }
    }

    /// Opens a conversation with these settings.
    pub async fn open(stream: S, settings: &[(u16, u32)]) -> Client<S> {
        let mut client = Client::silent(stream);
        let pairs: Vec<u8> =
            settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
        client.send(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &pairs)[..]].concat()).await;
        client
    }

    /// Writes bytes; false where the other side has gone.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("bytes are taken in time").is_ok()
    }

    /// The frames that a case spells, as `tests/cases/h2/violations.txt` tells, and how often.
    pub fn spelt(&mut self, text: &[u8]) -> Vec<u8> {
        if let Some(raw) = text.strip_prefix(b"raw ") {
            return raw.to_vec();
        }
        let mut parts = text.splitn(4, |&byte| byte == b' ');
        let mut word = || std::str::from_utf8(parts.next().expect("a part")).expect("a number").to_owned();
        let (kind, flags, id) = (word(), word(), word());
        let (kind, times) = kind.split_once('*').unwrap_or((&kind, "1"));
        self.present = match id.as_str() {
            "+" => self.stream(),
            "=" => self.present,
            id => id.parse().expect("a stream"),
        };
        let payload = payload(parts.next().expect("a payload"));
        let frame = frame(kind.parse().expect("a kind"), flags.parse().expect("flags"), self.present, &payload);
        frame.repeat(times.parse().expect("how often"))
    }

    /// The stream of the frame that was spelt last.
    pub fn present(&self) -> u32 {
        self.present
    }

    /// Whether a stream can be opened behind those that were spelt.
    pub fn next_fits(&mut self) -> bool {
        self.next = self.next.max(self.present.saturating_add(2 - (self.present + 1) % 2));
        self.next < 1 << 31
    }

    /// The number of the next stream.
    pub fn stream(&mut self) -> u32 {
        self.next += 2;
        self.next - 2
    }

    /// Asks without a body, and says on which stream.
    pub async fn ask(&mut self, path: &str) -> u32 {
        let stream = self.stream();
        self.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(&usual(path)))).await;
        stream
    }

    /// Asks and waits for the end.
    pub async fn get(&mut self, path: &str) -> End {
        let stream = self.ask(path).await;
        self.end(stream).await
    }

    /// The next frame, if one comes.
    pub async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        timeout(PATIENCE, self.stream.read_exact(&mut head)).await.expect("a frame in time").ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        timeout(PATIENCE, self.stream.read_exact(&mut payload)).await.expect("a payload in time").ok()?;
        let frame = Frame { kind, flags, stream: u32::from_be_bytes(stream), payload };
        match kind {
            GOAWAY => self.goaway = Some(frame.number(4)),
            PING if flags == 0 => {
                let answer = self::frame(PING, 1, 0, &frame.payload);
                self.send(&answer).await;
            }
            DATA => self.held.entry(frame.stream).or_default().extend(&frame.payload),
            _ => {}
        }
        Some(frame)
    }

    /// Reads until a stream has ended.
    pub async fn end(&mut self, stream: u32) -> End {
        loop {
            let Some(frame) = self.frame().await else { return End::Gone(self.goaway) };
            if frame.stream != stream {
                continue;
            }
            let body = |held: &mut BTreeMap<u32, Vec<u8>>| held.remove(&stream).unwrap_or_default();
            if frame.ends() {
                return End::Answer(String::from_utf8(body(&mut self.held)).expect("text"));
            }
            if frame.kind == RST_STREAM {
                return End::Reset(frame.number(0), body(&mut self.held).len());
            }
        }
    }

    /// Reads until a frame of this kind has come.
    pub async fn until(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.frame().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// Reads to the end of the connection, and says with which code it was closed.
    pub async fn closed(&mut self) -> Option<u32> {
        while self.frame().await.is_some() {}
        self.goaway
    }
}
