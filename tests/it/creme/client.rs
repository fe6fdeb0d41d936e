//! A small HTTP/1.1 client with a cookie jar.
//!
//! Blocking and plain on purpose: one connection a request, the head and the body as they came, so
//! that a test can look for leaks in every byte that a role got. Redirects are not followed; a test
//! that wants to follow one says so, since what stands in `Location` is an answer too.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;

use encoding_rs::{Encoding, UTF_8};
use flate2::read::GzDecoder;

use super::stage::Way;

/// One staff member's browser, without the browser.
#[derive(Debug, Clone)]
pub struct Client {
    way: Way,
    address: SocketAddr,
    host: String,
    headers: Vec<(String, String)>,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names as sent, with their values.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding, unpacked.
    pub body: Vec<u8>,
}

impl Client {
    /// A client of the server at this address, which goes there this way and sends these headers with
    /// every request.
    pub fn new(way: &Way, address: SocketAddr, headers: &[(&str, &str)]) -> Client {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Client { way: way.clone(), address, host: address.to_string(), headers, cookies: BTreeMap::new() }
    }

    /// The same session at another server, under the same name: how a test asks the CRM itself what
    /// it would have answered.
    pub fn at(&self, address: SocketAddr) -> Client {
        Client { address, headers: Vec::new(), ..self.clone() }
    }

    /// The value of a cookie that the server has set.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// `GET`.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// `GET` as the page's own scripts ask.
    pub fn get_as_script(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[("X-Requested-With", "XMLHttpRequest")], None)
    }

    /// `POST` of a form, with what Django wants against forgery.
    pub fn post(&mut self, path: &str, form: &[(String, String)]) -> Answer {
        let body = encode_in(self.way.charset(), form);
        let origin = format!("{}://{}", self.way.scheme(), self.host);
        let referer = format!("{origin}{path}");
        let token = self.cookie("csrftoken").unwrap_or_default().to_owned();
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Origin", origin.as_str()),
            ("Referer", referer.as_str()),
            ("X-CSRFToken", token.as_str()),
            ("X-Requested-With", "XMLHttpRequest"),
        ];
        self.send("POST", path, &headers, Some(body.as_bytes()))
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        head.push_str("Accept: text/html,application/json;q=0.9,*/*;q=0.8\r\nAccept-Language: en\r\n");
        head.push_str(&format!("Accept-Encoding: {}\r\n", self.way.codings()));
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        if let Some(body) = body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let answer = exchange(&self.way, self.address, head.as_bytes(), body.unwrap_or_default());
        self.remember(&answer);
        answer
    }

    fn remember(&mut self, answer: &Answer) {
        for cookie in answer.all("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The body as text, in the charset that its head names.
    pub fn text(&self) -> String {
        self.charset().decode_without_bom_handling(&self.body).0.into_owned()
    }

    /// The charset that the head names.
    pub fn charset(&self) -> &'static Encoding {
        let named = self.header("content-type").and_then(|kind| kind.split_once("charset="));
        named.and_then(|(_, label)| Encoding::for_label(label.trim_matches('"').as_bytes())).unwrap_or(UTF_8)
    }

    /// Head and body together, as one text to search.
    pub fn whole(&self) -> String {
        let mut whole = String::new();
        for (name, value) in &self.headers {
            whole.push_str(&format!("{name}: {value}\n"));
        }
        whole.push('\n');
        whole.push_str(&self.text());
        whole
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let own = self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        own.map(|(_, value)| value.as_str())
    }
}

/// One request on a connection of its own, read until the server closes it.
pub fn exchange(way: &Way, address: SocketAddr, head: &[u8], body: &[u8]) -> Answer {
    let mut stream = way.connect(address);
    let written = stream.write_all(head).and_then(|()| stream.write_all(body)).and_then(|()| stream.flush());
    written.expect("the request is written");
    let mut raw = Vec::new();
    let mut buffer = [0; 65536];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => raw.extend_from_slice(&buffer[..n]),
            // A refusal may close while the request is still on its way.
            Err(_) if whole_answer(&raw) => break,
            Err(e) => panic!("the answer of {address} broke off after {} bytes: {e}", raw.len()),
        }
        // Some servers keep the connection open whatever the request says.
        if whole_answer(&raw) {
            break;
        }
    }
    parse(&raw)
}

/// Writes name and value pairs as a form body or a query.
pub fn encode(form: &[(String, String)]) -> String {
    encode_in(UTF_8, form)
}

/// The same as a page in this charset sends it: what the charset lacks becomes `&#134071;`.
fn encode_in(charset: &'static Encoding, form: &[(String, String)]) -> String {
    let escape = |text: &str| {
        let bytes = charset.encode(text).0;
        percent_encoding::percent_encode(&bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    form.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

/// Turns pairs of borrowed text into a form.
pub fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn split_head(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((&raw[..end], &raw[end + 4..]))
}

fn whole_answer(raw: &[u8]) -> bool {
    let Some((head, body)) = split_head(raw) else { return false };
    let answer = parse_head(head);
    if let Some(length) = answer.header("content-length") {
        return length.parse().is_ok_and(|length: usize| body.len() >= length);
    }
    if answer.header("transfer-encoding").is_some() {
        return dechunk(body).is_some();
    }
    matches!(answer.status, 204 | 304)
}

fn parse(raw: &[u8]) -> Answer {
    let (head, body) = split_head(raw).unwrap_or_else(|| panic!("no HTTP answer in {} bytes", raw.len()));
    let mut answer = parse_head(head);
    answer.body = match answer.header("transfer-encoding") {
        Some(_) => dechunk(body).expect("a body with all its chunks"),
        None => body.to_vec(),
    };
    if answer.header("content-encoding").is_some_and(|coding| coding == "gzip") {
        let mut bare = Vec::new();
        GzDecoder::new(answer.body.as_slice()).read_to_end(&mut bare).expect("a whole stream of gzip");
        answer.body = bare;
    }
    answer
}

fn parse_head(head: &[u8]) -> Answer {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Answer { status: status.expect("a status line"), headers, body: Vec::new() }
}

/// The body without its chunks; nothing while a chunk is missing.
fn dechunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&body[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        let chunk = body.get(line + 2..line + 2 + size)?;
        body = body.get(line + 2 + size + 2..)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(chunk);
    }
}
