//! Asks the CRM's address once what is there: a plain GET, and a few redirects on the same host.
//!
//! It only helps to write better comments, so it is short of time and bytes on purpose, and
//! whatever goes wrong is told and changes nothing. What the CRM says of itself is untrusted: it is
//! bounded here and made plain where it is printed.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_platform_verifier::BuilderVerifierExt;

/// How long one connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long all of it may take.
const ALL: Duration = Duration::from_secs(8);
/// How much of an answer is read.
const BYTES: u64 = 256 << 10;
/// How often it follows to another page.
const REDIRECTS: usize = 4;
/// How long what the CRM says of itself may be.
const WORDS: usize = 120;

/// What the CRM's address answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The last status line, without the version: `200 OK`.
    pub(super) status: String,
    /// What it says it runs on.
    pub(super) server: Option<String>,
    /// The encoding of its pages.
    pub(super) charset: Option<String>,
    /// The path of a page with a field for a password.
    pub(super) login: Option<String>,
    /// Another host that it sends to.
    pub(super) away: Option<String>,
    /// Every address that it sent to.
    pub(super) trail: Vec<String>,
    /// The cookies that it set.
    pub(super) cookies: Vec<String>,
    /// What was read of its last page, byte by byte as Latin-1 so that no encoding can be wrong.
    pub(super) page: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum AskError {
    /// Nobody is there, or they do not speak HTTP.
    Unreached(String),
    /// Its certificate is not trusted on this machine.
    Untrusted(String),
}

/// Asks an address; `url` has a scheme, a host and a path.
pub(super) fn ask(url: &Uri) -> Result<Answer, AskError> {
    let end = Instant::now() + ALL;
    let mut answer = Answer::default();
    let mut url = url.clone();
    for _ in 0..=REDIRECTS {
        let bytes = get(&url, end)?;
        let location = answer.take(&bytes, &url).map_err(|why| AskError::Unreached(why.to_owned()))?;
        let Some(next) = location.and_then(|location| joined(&url, &location)) else { break };
        answer.trail.push(short(&next.to_string()));
        if next.authority() != url.authority() || next.scheme() != url.scheme() {
            answer.away = Some(short(&origin(&next)));
            break;
        }
        url = next;
    }
    Ok(answer)
}

impl Answer {
    /// Takes what one answer says; gives where it sends to.
    fn take(&mut self, bytes: &[u8], url: &Uri) -> Result<Option<String>, &'static str> {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let (head, page) = text.split_once("\r\n\r\n").ok_or("it does not speak HTTP")?;
        let mut lines = head.split("\r\n");
        let first = lines.next().filter(|line| line.starts_with("HTTP/1.")).ok_or("it does not speak HTTP")?;
        self.status = short(first.split_once(' ').map_or("", |(_, status)| status));
        let mut location = None;
        let mut charset = None;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "server" => self.server = Some(short(value)),
                "location" => location = Some(value.to_owned()),
                "set-cookie" => self.cookies.push(short(value)),
                "content-type" => charset = after_charset(value),
                _ => {}
            }
        }
        self.charset = charset.or_else(|| after_charset(page)).or(self.charset.take());
        let folded = page.to_ascii_lowercase();
        if ["type=\"password\"", "type='password'", "type=password"].iter().any(|sign| folded.contains(sign)) {
            self.login = Some(short(url.path()));
        }
        self.page = page.to_owned();
        let sends = matches!(self.status.get(..3), Some("301" | "302" | "303" | "307" | "308"));
        Ok(location.filter(|_| sends))
    }
}

/// The word after `charset=`, in a header or in a page's head.
fn after_charset(text: &str) -> Option<String> {
    const HEAD: usize = 4096;
    let head: String = text.chars().take(HEAD).collect();
    let at = head.to_ascii_lowercase().find("charset=")? + "charset=".len();
    let rest = head.get(at..)?.trim_start_matches(['"', '\'']);
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    (!name.is_empty()).then(|| short(&name))
}

fn short(text: &str) -> String {
    text.chars().take(WORDS).collect()
}

/// Scheme and host of an address.
fn origin(url: &Uri) -> String {
    format!("{}://{}", url.scheme_str().unwrap_or("http"), url.authority().map_or("", |host| host.as_str()))
}

/// Where a `Location` leads from a page.
fn joined(from: &Uri, location: &str) -> Option<Uri> {
    let whole = if location.contains("://") {
        location.to_owned()
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{}://{rest}", from.scheme_str()?)
    } else if location.starts_with('/') {
        format!("{}{location}", origin(from))
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{}{folder}/{location}", origin(from))
    };
    let whole = whole.split('#').next().unwrap_or_default();
    let next: Uri = whole.parse().ok()?;
    matches!(next.scheme_str(), Some("http" | "https")).then_some(next)
}

fn get(url: &Uri, end: Instant) -> Result<Vec<u8>, AskError> {
    let unreached = |error: io::Error| AskError::Unreached(error.to_string());
    let host = url.host().unwrap_or_default();
    let secure = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let stream = connect(host, port, end).map_err(unreached)?;
    let authority = url.authority().map_or(host, |authority| authority.as_str());
    let question = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nAccept: text/html\r\nAccept-Encoding: identity\r\n\
         User-Agent: sudare-init\r\nConnection: close\r\n\r\n"
    );
    if !secure {
        return talk(stream, &question, end).map_err(unreached);
    }
    let connection = tls(host).map_err(AskError::Unreached)?;
    talk(StreamOwned::new(connection, stream), &question, end).map_err(|error| {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(why)) => AskError::Untrusted(short(&format!("{why:?}"))),
            _ => unreached(error),
        }
    })
}

fn connect(host: &str, port: u16, end: Instant) -> io::Result<TcpStream> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (bare, port).to_socket_addrs()?.take(REDIRECTS) {
        match TcpStream::connect_timeout(&address, CONNECT.min(left(end)?)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn tls(host: &str) -> Result<ClientConnection, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|error| error.to_string())?;
    ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())
}

/// How much time is left; none is an error.
fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")) } else { Ok(left) }
}

/// A connection whose waits can be cut short.
trait Timed: Read + Write {
    fn wait_at_most(&self, wait: Duration) -> io::Result<()>;
}

impl Timed for TcpStream {
    fn wait_at_most(&self, wait: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(wait))?;
        self.set_write_timeout(Some(wait))
    }
}

impl Timed for StreamOwned<ClientConnection, TcpStream> {
    fn wait_at_most(&self, wait: Duration) -> io::Result<()> {
        self.sock.wait_at_most(wait)
    }
}

fn talk(mut stream: impl Timed, question: &str, end: Instant) -> io::Result<Vec<u8>> {
    stream.wait_at_most(left(end)?)?;
    stream.write_all(question.as_bytes())?;
    stream.flush()?;
    let mut bytes = Vec::new();
    let mut piece = [0; 16 << 10];
    while (bytes.len() as u64) < BYTES {
        stream.wait_at_most(left(end)?)?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            // What came so far is enough to look at; a server may close without a good-bye.
            Err(_) if !bytes.is_empty() => break,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_for_what_it_says_of_itself() {
        let url: Uri = "http://crm:9000/login".parse().expect("an address");
        let mut answer = Answer::default();
        let bytes = b"HTTP/1.1 200 OK\r\nServer: Apache\r\nSet-Cookie: a=1\r\nContent-Type: text/html\r\n\r\n\
            <meta http-equiv=content-type content='text/html; charset=Shift_JIS'><input type='PASSWORD'>\x82\xa0";
        assert_eq!(answer.take(bytes, &url), Ok(None));
        assert_eq!((answer.status.as_str(), answer.server.as_deref()), ("200 OK", Some("Apache")));
        assert_eq!((answer.charset.as_deref(), answer.login.as_deref()), (Some("Shift_JIS"), Some("/login")));
        assert_eq!(answer.take(b"SSH-2.0-OpenSSH\r\n", &url), Err("it does not speak HTTP"));
    }

    #[test]
    fn redirects_are_joined_to_where_they_stand() {
        let from: Uri = "http://crm:9000/app/start".parse().expect("an address");
        let to = |location| joined(&from, location).map(|next| next.to_string());
        assert_eq!(to("/login?next=/").as_deref(), Some("http://crm:9000/login?next=/"));
        assert_eq!(to("login#top").as_deref(), Some("http://crm:9000/app/login"));
        assert_eq!(to("//other/x").as_deref(), Some("http://other/x"));
        assert_eq!(to("https://sso.example/").as_deref(), Some("https://sso.example/"));
        assert_eq!((to("javascript:x://"), to("ftp://crm/")), (None, None));
    }
}
