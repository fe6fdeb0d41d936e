//! The pages for machines that watch: `/metrics`, `/healthz`, `/readyz`, and nothing else. How few ask at
//! an address of their own is here for the console too.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::serve::house::{Gateway, Readiness};

/// How many may ask at once.
const CONNECTIONS: usize = 64;

/// How long a question and its answer may take together.
const ANSWER: Duration = Duration::from_secs(10);

/// How long accepting rests when it failed.
const REST: Duration = Duration::from_millis(50);

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(5);

/// Serves the pages until its task is ended.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener) {
    let page = move |request: Request<Incoming>, _| std::future::ready(page(&gateway, &request));
    answer(listener, page).await;
}

/// Answers the few who ask, one question a connection, until its task is ended.
pub async fn answer<A, R>(listener: TcpListener, answer: A)
where
    A: Fn(Request<Incoming>, SocketAddr) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            // The system has no more descriptors; asking again at once would not make some.
            sleep(REST).await;
            continue;
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = answer(request, address);
                async move { Ok::<_, Infallible>(response.await) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false);
            // A machine that goes away in the middle asks again by itself.
            let _ = timeout(ANSWER, builder.serve_connection(TokioIo::new(stream), service)).await;
            drop(seat);
        });
    }
}

fn page(gateway: &Gateway, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    match request.uri().path() {
        "/healthz" => text(StatusCode::OK, "ok\n"),
        "/readyz" => {
            let Readiness { ready, note } = gateway.readiness();
            let mut response = text(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, "");
            *response.body_mut() = Full::new(format!("{note}\n").into());
            response
        }
        "/metrics" => {
            let mut response = text(StatusCode::OK, "");
            gateway.metrics.ledger_up.with_label_values::<&str>(&[]).set(i64::from(gateway.ledger.healthy()));
            let policy = &gateway.house.load().policy;
            *response.body_mut() = Full::new(gateway.metrics.page(policy.kinds(), &policy.all_roles()).into());
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        _ => text(StatusCode::NOT_FOUND, "/metrics, /healthz or /readyz\n"),
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
