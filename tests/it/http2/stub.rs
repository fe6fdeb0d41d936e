//! The gate of HTTP/2 alone, before a service that tells what it was asked, fails, panics or waits.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use sudare::serve::gate::bounds::Bounds;
use sudare::serve::gate::fault::GateFault;
use sudare::serve::gate::h2::serve::serve_http2;
use sudare::serve::respond::{Reader, Ways, refusal};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::frames::Client;

/// What happened behind the gate.
#[derive(Default)]
pub struct Seen {
    /// The paths that the service was asked for.
    pub asked: Vec<String>,
    /// The words of what the gate refused.
    pub refused: Vec<&'static str>,
    /// How many answers were dropped before their end.
    pub dropped: usize,
}

/// A gate with its service.
pub struct Stub {
    bounds: Bounds,
    seen: Arc<Mutex<Seen>>,
    stop: watch::Sender<bool>,
}

impl Stub {
    pub fn new(bounds: Bounds) -> Stub {
        Stub { bounds, seen: Arc::default(), stop: watch::channel(false).0 }
    }

    /// A connection to it, before its first byte.
    pub fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        let (near, far) = duplex(64 << 10);
        let (bounds, seen, mut stop) = (self.bounds, Arc::clone(&self.seen), self.stop.subscribe());
        let serving = tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&seen), request));
            let refuse = |fault: &GateFault, headers: &HeaderMap| {
                seen.lock().unwrap().refused.push(fault.word());
                refusal(fault.told_as(), Reader::of(headers), "01J", &Ways::default()).map(Answer::whole)
            };
            let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
            serve_http2(near, bounds, true, service, refuse, stopped).await;
        });
        (far, serving)
    }

    /// A client that has said its first words.
    pub async fn client(&self, settings: &[(u16, u32)]) -> Client<DuplexStream> {
        Client::open(self.connect().0, settings).await
    }

    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

async fn answer(seen: Arc<Mutex<Seen>>, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    seen.lock().unwrap().asked.push(path.clone());
    let mut told = format!("{} {}\n", head.method, head.uri);
    for (name, value) in &head.headers {
        told.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    }
    let answer = match path.as_str() {
        "/panics" => panic!("as it should"),
        "/waits" => {
            let _waiting = Dropped(seen);
            std::future::pending().await
        }
        "/cut" => Answer { parts: vec![Err("cut"), Ok(Bytes::from_static(b"half"))], _dropped: None },
        "/long" => Answer { parts: vec![Ok(Bytes::from(vec![b'a'; 1 << 20])); 4], _dropped: Some(Dropped(seen)) },
        _ => {
            match body.collect().await {
                Ok(body) => told.push_str(&format!("body: {}\n", String::from_utf8_lossy(&body.to_bytes()))),
                Err(_) => told.push_str("no body\n"),
            }
            Answer::whole(Bytes::from(told))
        }
    };
    Ok(Response::new(answer))
}

/// Counts an answer that was dropped.
struct Dropped(Arc<Mutex<Seen>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().unwrap().dropped += 1;
    }
}

/// A body of parts, the last first.
struct Answer {
    parts: Vec<Result<Bytes, &'static str>>,
    _dropped: Option<Dropped>,
}

impl Answer {
    fn whole(bytes: Bytes) -> Answer {
        Answer { parts: vec![Ok(bytes)], _dropped: None }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.parts.pop().map(|part| part.map(Frame::data).map_err(Into::into)))
    }
}
