//! Puts the sample on a socket: HTTP/1.1, a bounded number of connections, bounded bodies and waits.
//!
//! It is meant for loopback. It checks nothing that a gateway should check, and ends when its future is dropped.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Sample, SampleAnswer};

const CONNECTIONS_MAX: usize = 64;
const BODY_BYTES_MAX: usize = 64 * 1024;
const HEAD_WAIT: Duration = Duration::from_secs(30);
const BODY_WAIT: Duration = Duration::from_secs(30);

/// Serves the sample until the listener fails or the future is dropped, which ends its connections, too.
pub async fn serve(listener: TcpListener, sample: Arc<Sample>) -> io::Result<()> {
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let seat = Arc::clone(&seats).acquire_owned().await.map_err(io::Error::other)?;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // The peer left before it was let in; the listener is sound.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => continue,
            Err(error) => return Err(error),
        };
        // Tasks that have ended are let go here, so the set is never larger than the number of seats and one round.
        while connections.try_join_next().is_some() {}
        let sample = Arc::clone(&sample);
        connections.spawn(async move {
            connection(stream, sample).await;
            drop(seat);
        });
    }
}

async fn connection(stream: TcpStream, sample: Arc<Sample>) {
    let service = service_fn(move |request| {
        let sample = Arc::clone(&sample);
        async move { Ok::<_, Infallible>(response(exchange(&sample, request).await)) }
    });
    // What a peer does to its own connection is no concern of a sample: it ends, and the next one begins.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn exchange(sample: &Sample, request: Request<Incoming>) -> SampleAnswer {
    let (head, body) = request.into_parts();
    let body = match timeout(BODY_WAIT, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(_)) => return SampleAnswer::new(413, "text/plain", "the body is too long or broken\n"),
        Err(_) => return SampleAnswer::new(408, "text/plain", "the body did not come\n"),
    };
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    sample.answer(head.method.as_str(), target, &headers, &body)
}

fn response(answer: SampleAnswer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    // The sample's own statuses and headers are valid; were one not, an empty answer is the mildest way to say so.
    builder.body(Full::new(Bytes::from(answer.body))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn said(request: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, Arc::new(Sample::new())));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        server.abort();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn a_record_is_served_over_a_socket() {
        let answer = said("GET /customers/42 HTTP/1.1\r\nHost: crm\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("山田 太郎"));
    }

    #[tokio::test]
    async fn an_edit_is_stored_and_redirects() {
        let answer = said(
            "POST /customers/7/edit HTTP/1.1\r\nHost: crm\r\nConnection: close\r\nContent-Length: 6\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\nmemo=x",
        )
        .await;
        assert!(
            answer.starts_with("HTTP/1.1 302 ") && answer.to_ascii_lowercase().contains("location: /customers/7\r\n")
        );
    }

    #[tokio::test]
    async fn a_body_past_the_bound_is_refused() {
        let body = "x".repeat(BODY_BYTES_MAX + 1);
        let head = format!(
            "POST /customers/7/edit HTTP/1.1\r\nHost: crm\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        assert!(said(&(head + &body)).await.starts_with("HTTP/1.1 413 "));
    }
}
