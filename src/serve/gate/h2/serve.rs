//! Serves one of staff's connections over HTTP/2.
//!
//! Every bound of h2's is set here in plain sight, so that an update of a library moves none.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn, ready};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http2::{Builder, Connection};
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::line::{Shared, WatchedLine};
use super::streams::Stall;
use super::table;
use super::tasks::{Owner, Tasks};
use super::watch::{Due, Watch};
use crate::serve::gate::bounds::Bounds;
use crate::serve::gate::connection::{Ended, close};
use crate::serve::gate::fault::{GateFault, Reason, Side};

/// How many requests one connection may have open.
const STREAMS_MAX: u32 = 100;

/// The largest frame that is taken, the smallest bound that HTTP/2 allows.
const FRAME_MAX: u32 = 16 << 10;

/// What one request's body may send ahead of its reader.
const STREAM_WINDOW: u32 = 256 << 10;

/// What all bodies of one connection may send ahead: the most that a connection holds unread.
const CONNECTION_WINDOW: u32 = 1 << 20;

/// What may wait in h2 for a stream's window, beyond the part that is being sent.
const SEND_BUFFER_MAX: usize = 64 << 10;

/// What the client's headers may keep in the decoder's memory.
const HEADER_TABLE: u32 = 4 << 10;

/// How many streams may be reset before hyper has seen them.
const PENDING_RESETS_MAX: usize = 20;

/// How many streams h2 may have to reset for breaking rules, in a connection's life.
const ERROR_RESETS_MAX: usize = 128;

const HEAD_SLOW: GateFault =
    GateFault { side: Side::Staff, reason: Reason::HeadSlow, detail: "a head took longer than the bound" };

const BODY_SLOW: GateFault =
    GateFault { side: Side::Staff, reason: Reason::BodySlow, detail: "a body stopped for longer than the bound" };

/// Serves `stream` until it ends. `refuse` records a fault and makes the answer to the request that has these
/// headers; where nothing can be answered any more, it is asked all the same, for the record. `secure` says whether
/// the connection is TLS. Once `stop` is over, no further request is taken.
pub async fn serve_http2<S, B, V, R>(
    mut stream: S,
    bounds: Bounds,
    secure: bool,
    service: V,
    refuse: R,
    stop: impl Future<Output = ()>,
) -> Ended<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    V::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Fn(&GateFault, &HeaderMap) -> Response<B>,
{
    let watch = Shared::new(Watch::new(bounds, list_bytes_max(&bounds), Instant::now()));
    let tasks = Tasks::default();
    let ended = {
        let _tasks = Owner(tasks.clone());
        let line = WatchedLine::new(&mut stream, watch.clone());
        let judged = Judged { service, refuse: &refuse, bounds, secure };
        let connection = pin!(builder(&bounds, tasks).serve_connection(TokioIo::new(line), judged));
        let tell = |faults: Vec<GateFault>| {
            for fault in &faults {
                refuse(fault, &HeaderMap::new());
            }
        };
        run(connection, &watch, tell, stop).await
    };
    let (fault, goaway) = {
        let mut watch = watch.get();
        (watch.fault(), watch.for_staff())
    };
    if let Some(fault) = fault {
        refuse(&fault, &HeaderMap::new());
        // Whether the client takes the word is its own affair; the wait for it is bounded.
        let sent = timeout(bounds.linger_wait, stream.write_all(&goaway)).await;
        if matches!(sent, Ok(Ok(()))) {
            close(stream, &bounds, true).await;
        }
        return Ended::Refused(fault);
    }
    match ended {
        Some(Err(error)) if error.source().is_some_and(|cause| cause.is::<io::Error>()) => {
            Ended::Broken { stream, error }
        }
        // h2 has told the client what was wrong; an unread rest must not take that away.
        Some(_) => {
            close(stream, &bounds, true).await;
            Ended::Done
        }
        None => Ended::Done,
    }
}

/// What a head may take in h2's count, which adds 32 bytes a header, so that `table` judges whatever comes close to
/// the bound and can answer it with a page.
fn list_bytes_max(bounds: &Bounds) -> usize {
    bounds.head_bytes_max.saturating_mul(2).saturating_add(bounds.headers_max.saturating_mul(64))
}

fn builder(bounds: &Bounds, tasks: Tasks) -> Builder<Tasks> {
    let mut builder = Builder::new(tasks);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_frame_size(FRAME_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .adaptive_window(false)
        .max_send_buf_size(SEND_BUFFER_MAX)
        .max_header_list_size(u32::try_from(list_bytes_max(bounds)).unwrap_or(u32::MAX))
        .header_table_size(HEADER_TABLE)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(ERROR_RESETS_MAX)
        // A client that is gone without a word is found while its answer is still being made.
        .keep_alive_interval(bounds.idle_wait / 2)
        .keep_alive_timeout(bounds.idle_wait / 2);
    builder
}

/// hyper's side of a connection.
type Conversation<'a, S, V, R> = Connection<TokioIo<WatchedLine<'a, S>>, Judged<'a, V, R>, Tasks>;

/// Lets hyper work until it is done, and keeps the waits. Nothing, where the gate put an end to it.
async fn run<S, B, V, R>(
    mut connection: Pin<&mut Conversation<'_, S, V, R>>,
    watch: &Shared,
    tell: impl Fn(Vec<GateFault>),
    stop: impl Future<Output = ()>,
) -> Option<Result<(), hyper::Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    V::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Fn(&GateFault, &HeaderMap) -> Response<B>,
{
    let mut stop = pin!(stop);
    let mut stopping = false;
    let mut clock = Clock::default();
    poll_fn(|cx| {
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            watch.get().leave(Instant::now());
            connection.as_mut().graceful_shutdown();
        }
        loop {
            let polled = connection.as_mut().poll(cx);
            tell(watch.get().refused());
            if let Poll::Ready(ended) = polled {
                return Poll::Ready(Some(ended));
            }
            if watch.get().fault().is_some() {
                return Poll::Ready(None);
            }
            let due = watch.get().due();
            let Some(due) = clock.poll(due, cx) else { return Poll::Pending };
            match due {
                Due::Unwritten => return Poll::Ready(None),
                Due::Gone => return Poll::Ready(Some(Ok(()))),
                Due::Idle => {
                    watch.get().leave(Instant::now());
                    connection.as_mut().graceful_shutdown();
                }
                Due::Head => watch.get().fail(HEAD_SLOW),
                Due::Body => watch.get().fail(BODY_SLOW),
                Due::Stalled(stream, stall) => {
                    watch.get().cut(stream, Instant::now());
                    if stall == Stall::Body {
                        tell(vec![BODY_SLOW]);
                    }
                }
            }
        }
    })
    .await
}

/// Waits for what is due next. A wait that has moved on is noticed when the old one is over, so that a busy
/// connection does not set its clock for each frame.
#[derive(Default)]
struct Clock {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    fn poll(&mut self, due: Option<(Instant, Due)>, cx: &mut Context<'_>) -> Option<Due> {
        let (at, due) = due?;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if at < sleep.deadline() {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= at {
                return Some(due);
            }
            sleep.as_mut().reset(at);
        }
        None
    }
}

/// The service behind the table.
struct Judged<'a, V, R> {
    service: V,
    refuse: &'a R,
    bounds: Bounds,
    secure: bool,
}

impl<V, B, R> Service<Request<Incoming>> for Judged<'_, V, R>
where
    V: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    V::Future: Send + 'static,
    B: Send + 'static,
    R: Fn(&GateFault, &HeaderMap) -> Response<B>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        match table::judge(&mut head, body.is_end_stream(), self.secure, &self.bounds) {
            Ok(()) => Box::pin(self.service.call(Request::from_parts(head, body))),
            Err(fault) => Box::pin(ready(Ok((self.refuse)(&fault, &head.headers)))),
        }
    }
}
