//! The least that the job itself costs on sudare's stack: bare hyper, and besides it only what no gateway of
//! this sort can leave out. Each answer is held, read from end to end by the fastest reader of JSON that
//! there is here, which makes nothing of it, and is let go when a record of whose data it holds is durable.
//! There is no gate, nobody is recognised, no rule is asked and nothing is judged: what is below this no
//! work on sudare can reach as long as it records before it releases.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Response, body::Incoming};
use hyper_util::rt::TokioIo;
use serde::de::IgnoredAny;
use sudare::ledger::entry::{Entry, Subject, Text};
use sudare::ledger::open::Home;
use sudare::ledger::{Bounds, Ledger};
use sudare::terms::event::Event;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What the records say was disclosed of each subject.
const KINDS: [&str; 5] = ["address", "email", "person.kana", "person.name", "phone"];

/// Passes every request on and records every answer, until it is killed.
pub fn serve(address: SocketAddr, upstream: SocketAddr, state: &Path) {
    let clock = Box::new(jiff::Timestamp::now);
    // The bench's load waits for one core: a commit that is late there is no failure.
    let bounds = Bounds { commit_max: std::time::Duration::from_secs(20), ..Bounds::default() };
    let (ledger, writer) = Ledger::open(Home::within(state, "least"), bounds, clock).expect("a ledger");
    std::thread::spawn(move || writer.run());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        while let Ok((stream, _)) = listener.accept().await {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                // A client that goes away is no news here.
                let _ = pass(stream, upstream, ledger).await;
            });
        }
    });
}

async fn pass(stream: TcpStream, upstream: SocketAddr, ledger: Ledger) -> Result<(), Fault> {
    stream.set_nodelay(true)?;
    let crm = TcpStream::connect(upstream).await?;
    crm.set_nodelay(true)?;
    let (sender, driver) = client::handshake(TokioIo::new(crm)).await?;
    tokio::spawn(driver);
    let sender = Arc::new(Mutex::new(sender));
    let service = service_fn(move |request| {
        let (sender, ledger) = (Arc::clone(&sender), ledger.clone());
        async move {
            let mut sender = sender.lock().await;
            sender.ready().await?;
            let answer = sender.send_request(request).await?;
            recorded(&ledger, answer).await
        }
    });
    server::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    Ok(())
}

/// The answer, once its record is durable.
async fn recorded(ledger: &Ledger, answer: Response<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    serde_json::from_slice::<IgnoredAny>(&body).expect("JSON");
    let (told, done) = oneshot::channel();
    let told = |result| {
        // Whoever asked may be gone.
        let _ = told.send(result);
    };
    ledger.append(entry(&body), Box::new(told));
    done.await.expect("a writer").expect("a record");
    Ok(Response::from_parts(head, Full::new(body)))
}

/// A record as sudare writes it for this list.
fn entry(body: &[u8]) -> Entry<'static> {
    let count = memchr::memmem::find_iter(body, b"{\"id\":").count();
    let subject = |at: usize| Subject {
        of: Text::Borrowed("customer"),
        id: Some(Text::Owned((1000 + at).to_string())),
        kinds: KINDS.iter().map(|kind| (Text::Borrowed(*kind), Text::Borrowed("show"), 1)).collect(),
    };
    Entry {
        request: Some("01JD5Z8Y3V6T4W2Q9R7K1M0N5P".into()),
        staff: Some("header:sato".into()),
        roles: vec!["manager".into()],
        client: Some("127.0.0.1".into()),
        method: Some("GET".into()),
        path: Some("/20k/plain".into()),
        resource: Some("plain".into()),
        status: Some(200),
        outcome: Some("released".into()),
        policy: Some("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".into()),
        rules: vec!["manager-1".into()],
        subjects: (0..count).map(subject).collect(),
        ..Entry::new(Event::View)
    }
}
