//! A connection of staff's that shows how it ended.
//!
//! To a client of HTTP/1.0 the close of a connection is the end of an answer, and a program that
//! stops or panics closes whatever it holds. So a connection is closed in order only where that was
//! said; in every other case its client gets a reset, and no half answer passes for a whole one.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection that is reset when it is dropped before it was shut down.
pub struct Line {
    stream: TcpStream,
    /// What was read already and belongs to whoever reads next.
    ahead: Bytes,
    ended: bool,
}

impl Line {
    /// Takes a fresh connection.
    pub fn new(stream: TcpStream) -> Line {
        // Small answers wait for nothing; a socket that refuses the option still works.
        let _ = stream.set_nodelay(true);
        Line { stream, ahead: Bytes::new(), ended: false }
    }

    /// Gives back what was read beyond a header, to be read again.
    pub fn put_back(&mut self, bytes: Bytes) {
        self.ahead = bytes;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.ended {
            // A socket that refuses the option is closed all the same.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let count = self.ahead.len().min(out.remaining());
            out.put_slice(&self.ahead[..count]);
            self.ahead.advance(count);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, out)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        self.ended = true;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What a client reads of a line that is dropped after `abc`, shut down before or not.
    async fn read(shut: bool) -> io::Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (mut client, accepted) = (TcpStream::connect(listener.local_addr()?).await?, listener.accept().await?);
        let mut line = Line::new(accepted.0);
        line.write_all(b"abc").await?;
        let mut got = vec![0; 3];
        client.read_exact(&mut got).await?;
        if shut {
            line.shutdown().await?;
        }
        drop(line);
        client.read_to_end(&mut got).await?;
        Ok(got)
    }

    #[tokio::test]
    async fn only_a_line_that_was_shut_down_ends_in_order() {
        assert_eq!(read(true).await.ok().as_deref(), Some(&b"abc"[..]));
        assert_eq!(read(false).await.map_err(|error| error.kind()), Err(io::ErrorKind::ConnectionReset));
    }
}
