//! Serves one of staff's connections through the gate.
//!
//! hyper answers what the gate lets through. When the gate has refused something, hyper sees the end of input, winds
//! up, and the refusal is written here behind the answers that were due. Then the connection is closed so that the
//! client can read it: a socket closed with unread bytes is reset, and the answer lost with it.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, Connection};
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::answers::{Answers, InTurn};
use super::bounds::Bounds;
use super::fault::GateFault;
use super::staff::{Remains, StaffGate};

/// How a connection ended.
#[derive(Debug)]
pub enum Ended<S> {
    /// In order: whatever was asked was answered, refusals by the service among it.
    Done,
    /// The gate refused what came last, and the refusal was sent.
    Refused(GateFault),
    /// In the midst of an answer or a request: the client went away, the service failed, or a body broke off.
    Broken {
        /// The stream, not yet closed, so that the listener may reset it: to an HTTP/1.0 client an orderly close
        /// would look like the answer's end.
        stream: S,
        /// What hyper says.
        error: hyper::Error,
    },
}

/// Serves `stream` until it ends. `render` writes a whole refusal, with `Connection: close`, for a fault that came
/// where the service could not answer. Once `stop` is over, the present answer is the last.
pub async fn serve_gated<S, B, V, F>(
    stream: S,
    bounds: Bounds,
    service: V,
    render: F,
    stop: impl Future<Output = ()>,
) -> Ended<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: Service<Request<Incoming>, Response = Response<B>> + Unpin,
    V::Future: Send + 'static,
    V::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    F: Fn(&GateFault) -> Vec<u8>,
{
    let answers = Answers::default();
    let gate = StaffGate::new(stream, bounds, answers.clone());
    let mut connection = builder(&bounds).serve_connection(TokioIo::new(gate), InTurn { service, answers });
    let ended = run(&mut connection, stop).await;
    let remains = connection.into_parts().io.into_inner().into_remains();
    let Remains { mut stream, untold, unread } = remains;
    match (untold, ended) {
        (Some(fault), _) => {
            let refusal = render(&fault);
            // Whether the client takes the refusal is its own affair; the wait for it is bounded.
            let sent = timeout(bounds.linger_wait, stream.write_all(&refusal)).await;
            if matches!(sent, Ok(Ok(()))) {
                close(stream, &bounds, true).await;
            }
            Ended::Refused(fault)
        }
        (None, Err(error)) => Ended::Broken { stream, error },
        (None, Ok(())) => {
            close(stream, &bounds, unread).await;
            Ended::Done
        }
    }
}

fn builder(bounds: &Bounds) -> Builder {
    // The gate keeps the times and sizes, so hyper's own are set where they can never come first.
    const HYPER_BUFFER_MIN: usize = 8 * 1024;
    let mut builder = Builder::new();
    builder
        .half_close(false)
        .header_read_timeout(None)
        .max_headers(bounds.headers_max)
        .max_buf_size(bounds.head_bytes_max.saturating_add(HYPER_BUFFER_MIN));
    builder
}

/// Lets hyper work until it is done, without closing the stream under the refusal.
async fn run<S, B, V>(
    connection: &mut Connection<TokioIo<StaffGate<S>>, InTurn<V>>,
    stop: impl Future<Output = ()>,
) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: Service<Request<Incoming>, Response = Response<B>> + Unpin,
    V::Future: Send + 'static,
    V::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut stop = pin!(stop);
    let mut stopping = false;
    poll_fn(|cx| {
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            Pin::new(&mut *connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(cx)
    })
    .await
}

/// Closes in order: says that no more comes, then reads and drops for a while what the client still sends.
pub(super) async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, bounds: &Bounds, unread: bool) {
    let linger = async {
        let shut = stream.shutdown().await;
        let mut left = bounds.linger_bytes_max;
        let mut waste = [0; 4096];
        while unread && shut.is_ok() {
            match stream.read(&mut waste).await {
                Ok(0) | Err(_) => break,
                Ok(count) if count > left => break,
                Ok(count) => left -= count,
            }
        }
    };
    // The time being up is as good an end as any.
    let _ = timeout(bounds.linger_wait, linger).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::service::service_fn;
    use tokio::io::{DuplexStream, duplex};
    use tokio::sync::oneshot::channel;

    use super::*;

    const REFUSAL: &[u8] = b"refused";

    /// Serves `sent` over a pipe of so many bytes with answers of so many; what the client got, and how it ended.
    async fn served(pipe: usize, answer: usize, sent: &[u8], stop_at: usize) -> (Vec<u8>, Ended<DuplexStream>) {
        // No wait may end a test that does not end by itself.
        let bounds = Bounds { idle_wait: Duration::from_secs(3600), ..Bounds::default() };
        let (near, mut client) = duplex(pipe);
        let (sender, stop) = channel::<()>();
        let left = Mutex::new((stop_at, Some(sender)));
        let service = service_fn(|_| {
            let mut left = left.lock().unwrap();
            left.0 -= 1;
            if left.0 == 0 {
                left.1 = None;
            }
            async move { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(vec![b'a'; answer])))) }
        });
        let stopped = async { drop(stop.await) };
        let serve = serve_gated(near, bounds, service, |_| REFUSAL.to_vec(), stopped);
        let talk = async move {
            client.write_all(sent).await.unwrap();
            let mut got = Vec::new();
            client.read_to_end(&mut got).await.unwrap();
            got
        };
        let (ended, got) = timeout(Duration::from_secs(20), async { tokio::join!(serve, talk) }).await.unwrap();
        (got, ended)
    }

    #[tokio::test]
    async fn a_stop_lets_the_present_answer_out_and_no_other_request_in() {
        let (got, ended) = served(4096, 3, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1).await;
        assert!(matches!(ended, Ended::Done));
        assert!(got.starts_with(b"HTTP/1.1 200 OK\r\n") && got.ends_with(b"\r\n\r\naaa"));
    }

    #[tokio::test]
    async fn a_refusal_comes_behind_the_last_byte_of_the_answer_before() {
        let sent = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let (got, ended) = served(64, 300_000, sent, usize::MAX).await;
        assert!(matches!(ended, Ended::Refused(_)));
        assert!(got.len() > 300_000 && got.ends_with(b"aaarefused"));
    }

    #[tokio::test]
    async fn a_client_may_send_to_the_end_what_nobody_reads() {
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n";
        let sent = [&head[..], &vec![b'a'; 600_000]].concat();
        let (got, _) = served(4096, 3, &sent, usize::MAX).await;
        assert!(got.ends_with(b"\r\n\r\naaa"));
    }
}
