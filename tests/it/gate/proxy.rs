//! The gateways that the cases run against: the real one, and one of nothing but the gate, for services that answer
//! early or fail, and for bounds that users cannot set.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sudare::serve::gate::bounds::Bounds;
use sudare::serve::gate::connection::serve_gated;
use sudare::serve::gate::crm::{CrmGate, CrmHandle};
use sudare::serve::gate::fault::{GateFault, Reason, Side};
use sudare::serve::gate::hop::{Arrival, request_headers, response_headers};
use tokio::net::{TcpListener, TcpStream};

use crate::gateway::running::{Running, Setup};

/// What is told apart is the way a message is framed, so everything is open, to staff without a credential too.
const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [support] }, manager: { groups: [manager] } }
resources:
  - { id: all, match: "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS /**", public: true, fields: { phone: [{ at: tel, optional: true }] } }
rules:
  - { id: support-1, for: support, mask: { phone: last4 } }
  - { id: manager-1, for: manager, show: [phone] }
"#;

/// Starts `sudare serve` before this CRM, with the usual bounds. It ends when it is dropped.
pub fn start_gateway(crm: SocketAddr) -> Running {
    Running::set_up(crm, Setup { rules: RULES, ..Setup::default() })
}

/// Starts a gateway of nothing but the gate before this CRM.
pub fn start_bounded(crm: SocketAddr, bounds: Bounds) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket takes options");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime
            .expect("a runtime")
            .block_on(listen(listener, Arc::new(Crm { address: crm, bounds, pool: Mutex::default() })))
    });
    address
}

async fn listen(listener: std::net::TcpListener, crm: Arc<Crm>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let crm = Arc::clone(&crm);
        let service = {
            let crm = Arc::clone(&crm);
            service_fn(move |request| exchange(Arc::clone(&crm), request))
        };
        tokio::spawn(async move { serve_gated(stream, crm.bounds, service, rendered, pending()).await });
    }
}

/// The CRM and the connections to it that are clean.
struct Crm {
    address: SocketAddr,
    bounds: Bounds,
    pool: Mutex<Vec<Link>>,
}

type Link = (SendRequest<Full<Bytes>>, CrmHandle);
type Page = Response<Full<Bytes>>;

impl Crm {
    fn kept(&self) -> Option<Link> {
        self.pool.lock().expect("a pool").pop()
    }

    async fn link(&self) -> Link {
        while let Some((mut sender, handle)) = self.kept() {
            // hyper learns a moment after the gate that an answer is over.
            if handle.is_clean() && sender.ready().await.is_ok() {
                return (sender, handle);
            }
        }
        let stream = TcpStream::connect(self.address).await.expect("the CRM listens");
        let (gate, handle) = CrmGate::new(stream, self.bounds);
        let (sender, connection) = handshake(TokioIo::new(gate)).await.expect("hyper takes a stream");
        tokio::spawn(connection);
        (sender, handle)
    }
}

async fn exchange(crm: Arc<Crm>, request: Request<Incoming>) -> Result<Page, GateFault> {
    if request.uri().path() == "/early" {
        return Ok(page(StatusCode::FORBIDDEN, "rule"));
    }
    if request.uri().path() == "/fails" {
        return passed(&crm, request).await;
    }
    assert_ne!(request.uri().path(), "/panics", "a service's own fault");
    Ok(passed(&crm, request).await.unwrap_or_else(|fault| refused(&fault)))
}

async fn passed(crm: &Crm, request: Request<Incoming>) -> Result<Page, GateFault> {
    let (mut head, body) = request.into_parts();
    let arrival = Arrival { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), secure: false, trusted: &[] };
    request_headers(&mut head.headers, &arrival)?;
    let body = body.collect().await.map_err(|error| *GateFault::found_in(&error).expect("a fault of the gate's"))?;
    head.version = Version::HTTP_11;
    head.headers.remove(CONTENT_LENGTH);
    let (mut sender, handle) = crm.link().await;
    let question = Request::from_parts(head, Full::new(body.to_bytes()));
    let unreadable = |_| handle.fault().unwrap_or(CLOSED);
    let (mut head, body) = sender.send_request(question).await.map_err(unreadable)?.into_parts();
    let body = body.collect().await.map_err(unreadable)?.to_bytes();
    response_headers(&mut head.headers);
    head.version = Version::HTTP_11;
    if handle.is_clean() {
        crm.pool.lock().expect("a pool").push((sender, handle));
    }
    Ok(Response::from_parts(head, Full::new(body)))
}

/// The CRM closed without an answer; no fault of framing.
const CLOSED: GateFault =
    GateFault { side: Side::Crm, reason: Reason::Cut, detail: "the crm closed without an answer" };

fn refused(fault: &GateFault) -> Page {
    page(status(fault), fault.word())
}

fn page(status: StatusCode, word: &'static str) -> Page {
    let mut page = Response::new(Full::new(Bytes::from_static(b"refused")));
    *page.status_mut() = status;
    page.headers_mut().insert("sudare-refusal", HeaderValue::from_static(word));
    page
}

fn rendered(fault: &GateFault) -> Vec<u8> {
    let (status, word) = (status(fault).as_u16(), fault.word());
    format!(
        "HTTP/1.1 {status} Refused\r\nsudare-refusal: {word}\r\nconnection: close\r\ncontent-length: 7\r\n\r\nrefused"
    )
    .into()
}

fn status(fault: &GateFault) -> StatusCode {
    match (fault.side, fault.reason) {
        (Side::Crm, _) => StatusCode::BAD_GATEWAY,
        (_, Reason::Method) => StatusCode::METHOD_NOT_ALLOWED,
        (_, Reason::TargetTooLong) => StatusCode::URI_TOO_LONG,
        (_, Reason::HeadTooLarge) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        (_, Reason::HeadSlow | Reason::BodySlow) => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    }
}
