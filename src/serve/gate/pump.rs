//! Moves bytes from a stream to hyper as far as a follower clears them.
//!
//! What arrived and is not yet cleared is held here: at most one head within its bounds and what one read brought
//! behind it. The two gates own one pump each and decide when it may run on.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};

use super::fault::GateFault;
use super::follow::{Follower, Step};

/// How much one read may bring; large enough that a body costs few calls, small enough for ten thousand connections.
const READ_BYTES: usize = 16 * 1024;

/// What can be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Some bytes are cleared.
    Give,
    /// More must be read first.
    Fill,
    /// The message is over.
    End,
}

/// Bytes on their way, and the follower that clears them.
pub(super) struct Pump {
    pub(super) follower: Follower,
    held: BytesMut,
    cleared: usize,
    /// How many reads brought something; tells progress from a stall.
    pub(super) reads: u64,
}

impl Pump {
    pub(super) fn new(follower: Follower) -> Self {
        Pump { follower, held: BytesMut::new(), cleared: 0, reads: 0 }
    }

    /// Lets the follower clear bytes until some can be given, more are needed, or the message is over.
    pub(super) fn clear(&mut self) -> Result<Ready, GateFault> {
        while self.cleared == 0 {
            match self.follower.step(&self.held)? {
                Step::Pass(count) => self.cleared = count,
                Step::Skip(count) => self.held.advance(count),
                Step::Wait => return Ok(Ready::Fill),
                Step::End => return Ok(Ready::End),
            }
        }
        Ok(Ready::Give)
    }

    /// Gives cleared bytes to hyper, as many as it has room for.
    pub(super) fn give(&mut self, out: &mut ReadBuf<'_>) {
        let count = self.cleared.min(out.remaining());
        out.put_slice(&self.held[..count]);
        self.held.advance(count);
        self.cleared -= count;
    }

    /// Whether the whole message was given.
    pub(super) fn is_through(&self) -> bool {
        self.cleared == 0 && self.follower.is_ended()
    }

    /// How many bytes are held that the follower has not cleared.
    pub(super) fn uncleared(&self) -> usize {
        self.held.len() - self.cleared
    }

    /// Whether so much is held that reading on can wait.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= READ_BYTES
    }

    /// Reads what the stream has; 0 is its end. Most reads find nothing, or little, so that a buffer is made for what
    /// came and not for what could come.
    pub(super) fn poll_fill<S>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        S: AsyncRead + Unpin,
    {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut space);
        let count = match Pin::new(stream).poll_read(cx, &mut read) {
            Poll::Ready(Ok(())) => read.filled().len(),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => {
                // A connection that waits, perhaps for a minute, holds no buffer.
                if self.held.is_empty() {
                    self.held = BytesMut::new();
                }
                return Poll::Pending;
            }
        };
        self.held.extend_from_slice(read.filled());
        self.reads += u64::from(count > 0);
        Poll::Ready(Ok(count))
    }
}
