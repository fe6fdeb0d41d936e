//! The gate on the CRM's side: between hyper's client and the connection to the CRM.
//!
//! It reads along what hyper writes, so that it knows of itself whether a HEAD was asked and whether the question is
//! out, and it lets an answer through only behind a question and only as far as its framing says. Bytes that belong
//! to no answer are never delivered; they and every other doubt leave the connection unclean, and an unclean one must
//! not be asked again (CVE-2025-4366). HTTP/1 has no more to offer: bytes that a broken CRM still holds back when the
//! next question is written cannot be told from its answer. When to give up waiting is the exchange's.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::bounds::Bounds;
use super::fault::{GateFault, Reason};
use super::follow::{Follower, Step};
use super::head::Framing;
use super::pump::{Pump, Ready};

/// A connection to the CRM behind the gate.
pub struct CrmGate<S> {
    stream: S,
    bounds: Bounds,
    pump: Pump,
    question: Question,
    state: State,
    handle: CrmHandle,
}

/// Where the connection stands between a question and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is asked: no byte may come.
    Idle,
    /// A question's head is on its way: no byte may come yet.
    Asking,
    /// The answer may come.
    Answering,
    /// The answer is over before the question was; the connection ends here.
    Early,
}

/// Tells the exchange what became of a connection that hyper has taken over.
#[derive(Clone, Debug)]
pub struct CrmHandle(Arc<Mutex<Report>>);

#[derive(Debug)]
struct Report {
    fault: Option<GateFault>,
    reusable: bool,
    idle: bool,
    questions: u64,
}

impl CrmHandle {
    /// The fault that made the answer unreadable, if the gate found one.
    pub fn fault(&self) -> Option<GateFault> {
        self.report().fault
    }

    /// Whether another question may be asked: the last answer is over, and nothing gives reason for doubt.
    pub fn is_clean(&self) -> bool {
        let report = self.report();
        report.fault.is_none() && report.reusable && report.idle
    }

    /// How many questions were begun: of each of them a byte may have gone out.
    pub fn questions(&self) -> u64 {
        self.report().questions
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        // A panic elsewhere leaves the fields whole; each is set at once.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> CrmGate<S> {
    /// A gate on a fresh connection, and the handle to ask about it.
    pub fn new(stream: S, bounds: Bounds) -> (Self, CrmHandle) {
        let handle = CrmHandle(Arc::new(Mutex::new(Report { fault: None, reusable: true, idle: true, questions: 0 })));
        let gate = CrmGate {
            stream,
            bounds,
            pump: Pump::new(Follower::of_answer(bounds, false)),
            question: Question::new(bounds),
            state: State::Idle,
            handle: handle.clone(),
        };
        (gate, handle)
    }

    fn fail(&mut self, fault: GateFault) -> io::Error {
        self.handle.report().fault.get_or_insert(fault);
        fault.into_io()
    }

    fn unsolicited(&mut self) -> io::Error {
        let fault = GateFault::new(Reason::Unsolicited, "bytes came that belong to no answer");
        self.fail(fault.of_crm())
    }

    fn spoil(&mut self) {
        self.handle.report().reusable = false;
    }

    /// Waits where no byte may come.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pump.uncleared() > 0 {
            return Poll::Ready(Err(self.unsolicited()));
        }
        let count = ready!(self.pump.poll_fill(&mut self.stream, cx))?;
        self.spoil();
        Poll::Ready(if count == 0 { Ok(()) } else { Err(self.unsolicited()) })
    }

    /// Reads on in an answer; `false` is its end by the end of input.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if ready!(self.pump.poll_fill(&mut self.stream, cx))? > 0 {
            return Poll::Ready(Ok(true));
        }
        self.spoil();
        let ended = self.pump.follower.end_of_input();
        Poll::Ready(match ended {
            Ok(()) => Ok(false),
            Err(fault) => Err(self.fail(fault)),
        })
    }

    /// More behind an answer than its framing said: a body that came with more is not to be trusted at all, while an
    /// answer that cannot have one is whole and its extra bytes are dropped with the connection.
    fn check_tail(&mut self) -> io::Result<()> {
        let follower = &self.pump.follower;
        if !follower.is_ended() || self.pump.uncleared() == 0 {
            return Ok(());
        }
        let bodiless = follower.framing() == Framing::None;
        self.spoil();
        if bodiless { Ok(()) } else { Err(self.unsolicited()) }
    }

    fn end_answer(&mut self) {
        // From `Early` nothing leads back to `Idle`, so that the connection stays unclean.
        let early = !self.question.is_over();
        if self.pump.follower.closes() {
            self.spoil();
        }
        self.state = if early { State::Early } else { State::Idle };
        self.handle.report().idle = !early;
    }

    /// Before a question's first byte: the connection must be clean and silent, or the answer could be to another.
    fn begin(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.handle.is_clean() {
            return Err(io::Error::other("the connection to the crm is not clean"));
        }
        match self.poll_silence(cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => return Err(io::ErrorKind::ConnectionReset.into()),
            Poll::Ready(Err(error)) => return Err(error),
        }
        self.question = Question::new(self.bounds);
        self.state = State::Asking;
        let mut report = self.handle.report();
        report.idle = false;
        report.questions += 1;
        Ok(())
    }

    fn note_written(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(fault) = self.question.note(bytes) {
            self.spoil();
            return Err(fault.into_io());
        }
        if self.state == State::Asking && self.question.is_head_out() {
            let to_head = self.question.follower.is_of_head();
            self.pump.follower = Follower::of_answer(self.bounds, to_head);
            self.state = State::Answering;
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for CrmGate<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let gate = &mut *self;
        if let Some(fault) = gate.handle.fault() {
            return Poll::Ready(Err(fault.into_io()));
        }
        while gate.state == State::Answering {
            match gate.pump.clear() {
                Err(fault) => return Poll::Ready(Err(gate.fail(fault))),
                Ok(Ready::Give) => {
                    gate.check_tail()?;
                    gate.pump.give(out);
                    // At once, so that whoever has read the answer's last byte finds the connection idle.
                    if gate.pump.is_through() {
                        gate.end_answer();
                    }
                    return Poll::Ready(Ok(()));
                }
                Ok(Ready::End) => gate.end_answer(),
                Ok(Ready::Fill) => {
                    if !ready!(gate.poll_more(cx))? {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
        gate.poll_silence(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for CrmGate<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gate = &mut *self;
        if gate.state == State::Idle {
            gate.begin(cx)?;
        }
        let count = ready!(Pin::new(&mut gate.stream).poll_write(cx, bytes))?;
        gate.note_written(&bytes[..count])?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The question as hyper writes it, read along.
struct Question {
    follower: Follower,
    unread: BytesMut,
}

impl Question {
    fn new(bounds: Bounds) -> Self {
        Question { follower: Follower::of_requests(bounds.widened()), unread: BytesMut::new() }
    }

    /// Most questions are written in one piece, and are read where they stand.
    fn note(&mut self, bytes: &[u8]) -> Result<(), GateFault> {
        if self.unread.is_empty() {
            let read = self.read(bytes)?;
            self.unread.extend_from_slice(&bytes[read..]);
            return Ok(());
        }
        let mut unread = std::mem::take(&mut self.unread);
        unread.extend_from_slice(bytes);
        let read = self.read(&unread)?;
        unread.advance(read);
        self.unread = unread;
        Ok(())
    }

    /// How many of the bytes are read, the others being the begin of something longer.
    fn read(&mut self, bytes: &[u8]) -> Result<usize, GateFault> {
        let mut read = 0;
        loop {
            match self.follower.step(&bytes[read..])? {
                Step::Pass(count) | Step::Skip(count) => read += count,
                Step::Wait => return Ok(read),
                Step::End if read == bytes.len() => return Ok(read),
                Step::End => return Err(GateFault::framing("more than one question was written")),
            }
        }
    }

    fn is_head_out(&self) -> bool {
        !self.follower.is_in_head()
    }

    fn is_over(&self) -> bool {
        self.follower.is_ended()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const QUESTION: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    fn gate() -> (CrmGate<DuplexStream>, CrmHandle, DuplexStream) {
        let (near, crm) = duplex(64 * 1024);
        let (gate, handle) = CrmGate::new(near, Bounds::default());
        (gate, handle, crm)
    }

    /// What the CRM got of a gate that is gone.
    async fn got(mut crm: DuplexStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        crm.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn bytes_before_the_question_keep_it_from_being_asked() {
        let (mut gate, handle, mut crm) = gate();
        crm.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        let error = gate.write_all(QUESTION).await.unwrap_err();
        assert_eq!(GateFault::found_in(&error).map(|fault| fault.reason), Some(Reason::Unsolicited));
        assert!(!handle.is_clean() && handle.fault().is_some());
        drop(gate);
        assert!(got(crm).await.is_empty());
    }

    #[tokio::test]
    async fn a_connection_that_the_crm_closed_is_not_asked() {
        let (mut gate, handle, mut crm) = gate();
        crm.shutdown().await.unwrap();
        let error = gate.write_all(QUESTION).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(!handle.is_clean() && handle.fault().is_none());
        drop(gate);
        assert!(got(crm).await.is_empty());
    }

    #[tokio::test]
    async fn only_a_whole_answer_to_a_whole_question_leaves_it_clean() {
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
        let whole = "Content-Length: 3\r\n\r\nabc";
        for (question, answer, clean) in [
            (get.to_owned(), format!("HTTP/1.1 200 OK\r\n{whole}"), true),
            (format!("{post}abc"), format!("HTTP/1.1 200 OK\r\n{whole}"), true),
            (format!("{post}ab"), format!("HTTP/1.1 200 OK\r\n{whole}"), false),
            (get.to_owned(), format!("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n{whole}"), false),
            (get.to_owned(), format!("HTTP/1.0 200 OK\r\n{whole}"), false),
            (get.to_owned(), format!("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n{whole}"), true),
            (head.to_owned(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".to_owned(), true),
            (head.to_owned(), format!("HTTP/1.1 200 OK\r\n{whole}"), false),
            (get.to_owned(), "HTTP/1.1 204 No Content\r\n\r\n".to_owned(), true),
            (get.to_owned(), "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n".to_owned(), false),
        ] {
            let (mut gate, handle, mut crm) = gate();
            gate.write_all(question.as_bytes()).await.unwrap();
            assert!(!handle.is_clean(), "{question}");
            crm.write_all(answer.as_bytes()).await.unwrap();
            // A head comes in one read here, and its body with it.
            assert!(gate.read(&mut [0; 1024]).await.unwrap() > 0, "{answer}");
            if handle.fault().is_none() && answer.ends_with("abc") && !question.starts_with("HEAD") {
                assert_eq!(gate.read(&mut [0; 1024]).await.unwrap(), 3, "{answer}");
            }
            assert_eq!(handle.is_clean(), clean, "{question}{answer}");
            assert_eq!(gate.write_all(QUESTION).await.is_ok(), clean, "{question}{answer}");
        }
    }
}
