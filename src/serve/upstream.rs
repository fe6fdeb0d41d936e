//! The way to the CRM: connections behind the gate, kept while they are clean.

pub mod health;
pub mod login;
pub mod loops;
pub mod secure;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use prometheus::IntGauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::pem::PemError;
use crate::config::upstream::UpstreamConfig;
use crate::serve::gate;
use crate::serve::gate::crm::{CrmGate, CrmHandle};
use crate::serve::gate::fault::GateFault;
use crate::serve::house::gate_bounds;
use crate::serve::upstream::health::Health;
use crate::serve::upstream::secure::Secure;
use crate::terms::bounds::Bounds;
use crate::terms::refusal::{Reason, Refusal};

/// How many idle connections are kept.
const IDLE: usize = 256;

/// How long an idle connection is kept: shorter than what servers grant (gunicorn two seconds, most
/// others five and more), since a question that is written as the CRM closes is not asked again.
const IDLE_FOR: Duration = Duration::from_secs(1);

/// The CRM, and how it is reached.
pub struct Upstream {
    /// Host and port to connect to.
    pub address: String,
    /// The names under which the CRM knows itself, for what it says of its own address.
    pub names: Vec<String>,
    /// The `Host` to send in place of staff's.
    pub host: Option<HeaderValue>,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long the head of an answer may take, and any pause inside its body.
    pub timeout: Duration,
    /// Whether it answers, if that is looked at.
    pub health: Option<Health>,
    identity: String,
    /// TLS; else plain HTTP.
    secure: Option<Secure>,
    bounds: gate::bounds::Bounds,
    /// How many connections are open, idle ones included.
    open: IntGauge,
    idle: Mutex<Vec<Connection>>,
    /// How often the authorities have changed.
    trust: AtomicU64,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    handle: CrmHandle,
    since: Instant,
    /// What `trust` was when the CRM proved itself.
    trust: u64,
}

/// The gateways that a request came through before, beside its head.
#[derive(Clone, Default)]
pub struct Marks(pub Vec<String>);

/// The CRM's answer.
pub type Answer = Response<CrmBody>;

/// The body of the CRM's answer; the connection is kept when it was read to its end.
pub struct CrmBody {
    body: Incoming,
    /// What was looked at before its turn.
    ahead: VecDeque<Bytes>,
    connection: Option<Connection>,
    upstream: Arc<Upstream>,
}

impl Upstream {
    /// The CRM of a configuration; `open` counts its connections.
    pub fn new(config: &UpstreamConfig, bounds: &Bounds, open: IntGauge) -> Result<Upstream, PemError> {
        let UpstreamConfig { address, tls, host, connect, timeout, health } = config.clone();
        let own = host.as_ref().and_then(|host| host.to_str().ok());
        let names = [Some(address.as_str()), own].into_iter().flatten().map(str::to_ascii_lowercase).collect();
        let asked_by = host.as_ref().map(HeaderValue::as_bytes).unwrap_or_default();
        let identity = format!("{address} {}", String::from_utf8_lossy(asked_by));
        Ok(Upstream {
            identity,
            address,
            names,
            host,
            connect: connect.unwrap_or(bounds.connect),
            timeout,
            health: health.map(Health::new),
            secure: tls.map(Secure::open).transpose()?,
            bounds: gate_bounds(bounds),
            open,
            idle: Mutex::default(),
            trust: AtomicU64::new(0),
        })
    }

    /// The file of the authorities that are trusted, if there is one.
    pub fn file(&self) -> Option<PathBuf> {
        self.secure.as_ref().and_then(Secure::file)
    }

    /// Reads the authorities again. Connections that the old ones vouched for are not asked any more.
    pub fn reload(&self) -> Result<bool, PemError> {
        let changed = self.secure.as_ref().map_or(Ok(false), Secure::reload)?;
        if changed {
            self.trust.fetch_add(1, Ordering::AcqRel);
        }
        Ok(changed)
    }

    /// What tells this CRM from others: its address and the name that it is asked by.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Asks the CRM. When a kept connection turns out to be closed before the first byte of the
    /// question was written, it is asked on a fresh one. Nothing that was written is written again,
    /// whatever its method: nobody knows what the CRM did with it, and in old CRMs a GET may write.
    pub async fn send(self: &Arc<Self>, mut request: Request<Full<Bytes>>) -> Result<Answer, Refusal> {
        // An old client's version says nothing about how the CRM is to be asked.
        *request.version_mut() = Version::HTTP_11;
        let marks = request.extensions_mut().remove::<Marks>().unwrap_or_default().0;
        loops::mark(request.headers_mut(), marks);
        if let Some(host) = &self.host {
            request.headers_mut().insert(header::HOST, host.clone());
        }
        let answer = self.answer(request).await?;
        login::of_crm(answer.headers())?;
        Ok(answer)
    }

    async fn answer(self: &Arc<Self>, request: Request<Full<Bytes>>) -> Result<Answer, Refusal> {
        if let Some(connection) = self.kept().await {
            match self.ask(connection, request.clone()).await {
                Err(Failure::Unsent) => {}
                asked => return asked.map_err(Failure::refusal),
            }
        }
        // Seldom, and large: whoever needs no new connection does not carry the room for one.
        let connection = Box::pin(self.connect()).await?;
        self.ask(connection, request).await.map_err(Failure::refusal)
    }

    async fn ask(
        self: &Arc<Self>,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure> {
        let before = connection.handle.questions();
        let asked = timeout(self.timeout, connection.sender.send_request(request)).await;
        let sent = connection.handle.questions() != before;
        match asked {
            Err(_) => Err(Failure::Slow),
            // Bytes that came before the question are no answer to it, and it can be asked elsewhere.
            Ok(Err(_)) if !sent => Err(Failure::Unsent),
            Ok(Err(error)) => Err(match connection.handle.fault().or(GateFault::found_in(&error).copied()) {
                Some(fault) => Failure::Gate(fault),
                None => Failure::Away,
            }),
            Ok(Ok(response)) => {
                let upstream = Arc::clone(self);
                Ok(response.map(|body| CrmBody {
                    body,
                    ahead: VecDeque::new(),
                    connection: Some(connection),
                    upstream,
                }))
            }
        }
    }

    /// A fresh connection; the TCP and the TLS handshake have one bound together.
    async fn connect(&self) -> Result<Connection, Refusal> {
        let late = |_| self.away("no connection in time to");
        timeout(self.connect, self.dial()).await.map_err(late)?
    }

    async fn dial(&self) -> Result<Connection, Refusal> {
        let trust = self.trust.load(Ordering::Acquire);
        let stream = TcpStream::connect(&self.address).await.map_err(|_| self.away("no connection to"))?;
        // Small questions wait for nothing; a socket that refuses the option still works.
        let _ = stream.set_nodelay(true);
        let Some(secure) = &self.secure else { return self.converse(stream, trust).await };
        match secure.connect(stream).await {
            Ok(stream) => self.converse(stream, trust).await,
            Err(error) => {
                let (reason, why) = secure::fault(&error);
                Err(Refusal::new(reason, format!("no connection to `{}`: {why}", self.address)))
            }
        }
    }

    async fn converse<S>(&self, stream: S, trust: u64) -> Result<Connection, Refusal>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (gate, handle) = CrmGate::new(stream, self.bounds);
        let conversation = builder(&self.bounds).handshake(TokioIo::new(gate)).await;
        let (sender, driver) = conversation.map_err(|_| self.away("no conversation with"))?;
        // How the conversation ends is told to whoever asks: by the sender, the body and the handle.
        let open = self.open.clone();
        open.inc();
        tokio::spawn(async move {
            let _ = driver.await;
            open.dec();
        });
        Ok(Connection { sender, handle, since: Instant::now(), trust })
    }

    fn away(&self, what: &str) -> Refusal {
        Refusal::new(Reason::UpstreamAway, format!("{what} `{}`", self.address))
    }

    /// A kept connection that is still clean.
    async fn kept(&self) -> Option<Connection> {
        while let Some(mut connection) = self.latest() {
            let proven = connection.trust == self.trust.load(Ordering::Acquire);
            let usable = proven && connection.since.elapsed() < IDLE_FOR && connection.handle.is_clean();
            // hyper learns a moment after the gate that an answer is over.
            if usable && matches!(timeout(self.connect, connection.sender.ready()).await, Ok(Ok(()))) {
                return Some(connection);
            }
        }
        None
    }

    fn latest(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, mut connection: Connection) {
        connection.since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }
}

/// The gate has counted before; what it lets through must not be too much for hyper, whose own bounds
/// are left where they are high enough, since that is faster.
fn builder(bounds: &gate::bounds::Bounds) -> http1::Builder {
    const HYPER_HEADERS: usize = 100;
    const HYPER_BUFFER: usize = (8 << 10) + (400 << 10);
    const BEHIND_A_HEAD: usize = 8 << 10;
    let mut builder = http1::Builder::new();
    if bounds.headers_max > HYPER_HEADERS {
        builder.max_headers(bounds.headers_max);
    }
    builder.max_buf_size(bounds.head_bytes_max.saturating_add(BEHIND_A_HEAD).max(HYPER_BUFFER));
    builder
}

impl CrmBody {
    /// The names under which the CRM that answered knows itself.
    pub fn names(&self) -> &[String] {
        &self.upstream.names
    }

    /// The whole body, if it is no longer than this; `next` gives all of it again.
    pub async fn look(&mut self, max: usize) -> Result<Option<Bytes>, Refusal> {
        let mut length = 0;
        while let Some(chunk) = self.read().await? {
            length += chunk.len();
            self.ahead.push_back(chunk);
            if length > max {
                return Ok(None);
            }
        }
        Ok(Some(self.ahead.iter().flatten().copied().collect()))
    }

    /// The next bytes; `None` at the proper end. Whatever breaks off is a refusal.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        match self.ahead.pop_front() {
            Some(chunk) => Ok(Some(chunk)),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let frame = match timeout(self.upstream.timeout, self.body.frame()).await {
                Err(_) => return Err(Failure::Slow.refusal()),
                Ok(frame) => frame,
            };
            match frame {
                None => {
                    self.keep();
                    return Ok(None);
                }
                Some(Ok(frame)) => {
                    // Trailers are dropped: nothing that staff needs stands there.
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    let fault = self.connection.as_ref().and_then(|connection| connection.handle.fault());
                    let note = match fault.or(GateFault::found_in(&error).copied()) {
                        Some(fault) => fault.detail,
                        None => "the crm's answer broke off",
                    };
                    return Err(Refusal::new(Reason::UpstreamFraming, note));
                }
            }
        }
    }

    fn keep(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.upstream.keep(connection);
        }
    }
}

/// Why a question has no answer.
enum Failure {
    Gate(GateFault),
    /// The connection ended before the first byte of the question was written.
    Unsent,
    /// The connection ended, and nobody knows what the CRM did with what was written.
    Away,
    Slow,
}

impl Failure {
    fn refusal(self) -> Refusal {
        match self {
            Failure::Gate(fault) => Refusal::from(fault),
            Failure::Unsent | Failure::Away => Refusal::new(Reason::UpstreamAway, "the crm closed the connection"),
            Failure::Slow => Refusal::new(Reason::UpstreamSlow, "the crm did not answer in time"),
        }
    }
}
