//! Puts the watch between a stream and hyper.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::watch::Watch;

/// The watch, known to the line and to whoever serves it; both run in one task.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Watch>>);

impl Shared {
    pub(super) fn new(watch: Watch) -> Shared {
        Shared(Arc::new(Mutex::new(watch)))
    }

    pub(super) fn get(&self) -> MutexGuard<'_, Watch> {
        // A panic in the midst of counting ends the connection's task, and nobody counts on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of staff's under watch. It is lent, so that it outlives hyper and can be closed in order.
pub(super) struct WatchedLine<'a, S> {
    stream: &'a mut S,
    watch: Shared,
    /// Own frames on their way to the client.
    own: BytesMut,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> WatchedLine<'a, S> {
    pub(super) fn new(stream: &'a mut S, watch: Shared) -> Self {
        WatchedLine { stream, watch, own: BytesMut::new() }
    }

    /// Writes own frames first, where one may begin.
    fn poll_own(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.own.is_empty() {
            self.own = self.watch.get().for_staff();
        }
        while !self.own.is_empty() {
            let polled = Pin::new(&mut *self.stream).poll_write(cx, &self.own);
            let count = ready!(self.noted(polled))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.own.advance(count);
        }
        Poll::Ready(Ok(()))
    }

    fn noted<T>(&self, polled: Poll<T>) -> Poll<T> {
        self.watch.get().blocked(polled.is_pending(), Instant::now());
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WatchedLine<'_, S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line = &mut *self;
        let mut watch = line.watch.get();
        if let Some(fault) = watch.fault() {
            return Poll::Ready(Err(fault.into_io()));
        }
        let own = watch.for_hyper(out.remaining());
        if !own.is_empty() {
            out.put_slice(&own);
            return Poll::Ready(Ok(()));
        }
        let before = out.filled().len();
        ready!(Pin::new(&mut *line.stream).poll_read(cx, out))?;
        Poll::Ready(watch.read(&out.filled()[before..], Instant::now()).map_err(|fault| fault.into_io()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WatchedLine<'_, S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let line = &mut *self;
        ready!(line.poll_own(cx))?;
        let polled = Pin::new(&mut *line.stream).poll_write_vectored(cx, slices);
        let count = ready!(line.noted(polled))?;
        let mut left = count;
        for slice in slices {
            let taken = left.min(slice.len());
            line.watch.get().wrote(&slice[..taken], Instant::now());
            left -= taken;
        }
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line = &mut *self;
        ready!(line.poll_own(cx))?;
        let polled = Pin::new(&mut *line.stream).poll_flush(cx);
        line.noted(polled)
    }

    /// Leaves the closing to whoever lent the stream.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
