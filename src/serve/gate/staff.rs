//! The gate on staff's side: what hyper reads from and writes to.
//!
//! It lets one request through at a time. The next head is looked at once the present answer is done and flushed, so
//! that whatever is wrong with it can be answered in order. A fault in a head is an end of input to hyper, which then
//! winds up; a fault in a body is an error, which the exchange sees where it reads. Waits are bounded here too, since
//! only the gate can tell a silent connection from half a head.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::answers::Answers;
use super::bounds::Bounds;
use super::fault::{GateFault, Reason};
use super::follow::Follower;
use super::pump::{Pump, Ready};

/// What hyper writes when a client waits for leave to send its body; it is no answer yet.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A stream of staff's behind the gate.
pub(super) struct StaffGate<S> {
    stream: S,
    bounds: Bounds,
    pump: Pump,
    answers: Answers,
    requests: u64,
    ended: bool,
    fault: Option<GateFault>,
    written: Written,
    reading: Patience,
    writing: Patience,
}

/// What the gate leaves behind when hyper is done with it.
pub(super) struct Remains<S> {
    /// The stream itself.
    pub(super) stream: S,
    /// The fault that ended the connection and that no answer has told yet.
    pub(super) untold: Option<GateFault>,
    /// Whether the client may still be sending, so that closing at once could lose it the answer.
    pub(super) unread: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> StaffGate<S> {
    pub(super) fn new(stream: S, bounds: Bounds, answers: Answers) -> Self {
        StaffGate {
            stream,
            bounds,
            pump: Pump::new(Follower::of_requests(bounds)),
            answers,
            requests: 0,
            ended: false,
            fault: None,
            written: Written::default(),
            reading: Patience::default(),
            writing: Patience::default(),
        }
    }

    pub(super) fn into_remains(self) -> Remains<S> {
        let follower = &self.pump.follower;
        let between = follower.is_untouched() || follower.is_ended();
        Remains {
            stream: self.stream,
            untold: self.fault.filter(|_| !self.written.is_begun()),
            unread: !self.ended && (!between || self.pump.uncleared() > 0),
        }
    }

    /// An end of input for a fault in a head, an error for one in a body.
    fn refuse(&mut self, fault: GateFault) -> Poll<io::Result<()>> {
        let in_head = self.pump.follower.is_in_head();
        self.fault = Some(fault);
        self.answers.close_after();
        Poll::Ready(if in_head { Ok(()) } else { Err(fault.into_io()) })
    }

    /// Reads on while a message wants more bytes.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stop>> {
        match self.pump.poll_fill(&mut self.stream, cx) {
            Poll::Ready(Ok(0)) => {
                self.ended = true;
                let cut = self.pump.follower.end_of_input();
                Poll::Ready(Err(cut.map_or_else(Stop::Fault, |()| Stop::End)))
            }
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(Stop::Broken(error))),
            Poll::Pending => self.poll_patience(cx).map(Err),
        }
    }

    /// How long may it take? That depends on what was seen of the message.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        let follower = &self.pump.follower;
        let (wait, since, stop) = if follower.is_untouched() && self.pump.uncleared() == 0 {
            (self.bounds.idle_wait, Since::Answer(self.requests), Stop::End)
        } else if follower.is_in_head() {
            let slow = GateFault::new(Reason::HeadSlow, "a head took longer than the bound");
            (self.bounds.head_wait, Since::Head(self.requests), Stop::Fault(slow))
        } else {
            let slow = GateFault::new(Reason::BodySlow, "a body stopped for longer than the bound");
            (self.bounds.idle_wait, Since::Read(self.pump.reads), Stop::Fault(slow))
        };
        self.reading.poll(since, wait, cx).map(|()| stop)
    }

    /// Waits between two requests. A client that goes away meanwhile, with nothing more asked, ends the present one.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stop>> {
        if self.answers.are_done(self.requests) && self.written.flushed {
            return Poll::Ready(if self.pump.follower.closes() {
                Err(Stop::End)
            } else {
                self.pump.follower.next_request();
                self.written = Written::default();
                Ok(())
            });
        }
        self.answers.wait(cx);
        while !self.ended && !self.pump.is_full() {
            self.ended = match ready!(self.pump.poll_fill(&mut self.stream, cx)) {
                Ok(count) => count == 0,
                Err(error) => return Poll::Ready(Err(Stop::Broken(error))),
            };
        }
        if self.ended && self.pump.uncleared() == 0 {
            return Poll::Ready(Err(Stop::End));
        }
        Poll::Pending
    }
}

/// Why hyper gets no more bytes.
enum Stop {
    End,
    Fault(GateFault),
    Broken(io::Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for StaffGate<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let gate = &mut *self;
        if gate.fault.is_some() {
            return Poll::Ready(Ok(()));
        }
        loop {
            let in_head = gate.pump.follower.is_in_head();
            let progress = match gate.pump.clear() {
                Err(fault) => return gate.refuse(fault),
                Ok(Ready::Give) => {
                    gate.requests += u64::from(in_head);
                    gate.pump.give(out);
                    return Poll::Ready(Ok(()));
                }
                Ok(Ready::Fill) => ready!(gate.poll_more(cx)),
                Ok(Ready::End) => ready!(gate.poll_turn(cx)),
            };
            match progress {
                Ok(()) => {}
                Err(Stop::End) => return Poll::Ready(Ok(())),
                Err(Stop::Fault(fault)) => return gate.refuse(fault),
                Err(Stop::Broken(error)) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for StaffGate<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gate = &mut *self;
        gate.written.flushed = false;
        match Pin::new(&mut gate.stream).poll_write_vectored(cx, slices) {
            Poll::Ready(Ok(count)) => {
                gate.written.note(slices, count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let since = Since::Written(gate.requests, gate.written.bytes);
                ready!(gate.writing.poll(since, gate.bounds.idle_wait, cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = &mut *self;
        match Pin::new(&mut gate.stream).poll_flush(cx) {
            Poll::Ready(flushed) => flushed?,
            // TLS takes a small answer whole and sends it later, so that only a flush sees a client that takes nothing.
            Poll::Pending => {
                let since = Since::Written(gate.requests, gate.written.bytes);
                ready!(gate.writing.poll(since, gate.bounds.idle_wait, cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        if !gate.written.flushed {
            gate.written.flushed = true;
            // The read side may have been waiting for just this.
            gate.answers.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What was written of the present answer.
struct Written {
    bytes: u64,
    interim: bool,
    flushed: bool,
}

impl Default for Written {
    fn default() -> Self {
        Written { bytes: 0, interim: false, flushed: true }
    }
}

impl Written {
    fn note(&mut self, slices: &[IoSlice<'_>], count: usize) {
        if self.bytes == 0 {
            self.interim = slices.first().is_some_and(|first| first.starts_with(CONTINUE));
        }
        self.bytes += count as u64;
    }

    /// Whether the client has seen any of an answer, so that no other may follow.
    fn is_begun(&self) -> bool {
        let interim = self.interim && self.bytes == CONTINUE.len() as u64;
        self.bytes > 0 && !interim
    }
}

/// What a wait began with; another beginning is another wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    Answer(u64),
    Head(u64),
    Read(u64),
    Written(u64, u64),
}

/// A wait that is armed only where a stream has nothing to give, so that a busy connection pays for no timer.
#[derive(Default)]
struct Patience {
    since: Option<Since>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn poll(&mut self, since: Since, wait: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(wait)));
        if self.since != Some(since) {
            self.since = Some(since);
            sleep.as_mut().reset(Instant::now() + wait);
        }
        sleep.as_mut().poll(cx)
    }
}
