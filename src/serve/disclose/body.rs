//! What staff reads: a body that only a receipt, or the gateway's own words, can fill.
//!
//! It ends properly only where its end is said. A task that fails, panics or is stopped says
//! nothing, and its half an answer is broken off where staff can see it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::serve::house::Share;

/// Bytes that keep their share until they are dropped.
struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes on their way to staff, counted until the connection has taken them.
pub fn held(bytes: Vec<u8>, share: Share) -> Bytes {
    Bytes::from_owner(Held { bytes, _share: share })
}

/// The answer is broken off: hyper ends the connection without a proper end of the body.
#[derive(Debug)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer was broken off")
    }
}

impl std::error::Error for Cut {}

/// A part of a body, or its end.
pub enum Part {
    /// Bytes that are recorded.
    Bytes(Bytes),
    /// The proper end. Without it the answer is broken off, whatever became of the sender.
    End,
}

/// A body for staff. Only a receipt, or a refusal's own words, can make one.
pub struct StaffBody(Kind);

enum Kind {
    /// Everything at once.
    Whole(Option<Bytes>),
    /// Part by part, until the end.
    Parts(Option<mpsc::Receiver<Part>>),
}

impl StaffBody {
    /// The body of a page that the gateway itself wrote.
    pub fn own(bytes: Bytes) -> StaffBody {
        StaffBody(Kind::Whole(Some(bytes)))
    }

    /// A whole body that a receipt has recorded.
    pub(super) fn whole(bytes: Vec<u8>, share: Share) -> StaffBody {
        StaffBody(Kind::Whole(Some(held(bytes, share))))
    }

    /// A body of parts, and where a receipt's holder sends them.
    pub(super) fn parts() -> (mpsc::Sender<Part>, StaffBody) {
        let (sender, receiver) = mpsc::channel(1);
        (sender, StaffBody(Kind::Parts(Some(receiver))))
    }
}

impl Body for StaffBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => {
                Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
            }
            Kind::Parts(parts) => {
                let Some(receiver) = parts else { return Poll::Ready(None) };
                match ready!(receiver.poll_recv(cx)) {
                    Some(Part::Bytes(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                    Some(Part::End) => *parts = None,
                    None => {
                        *parts = None;
                        return Poll::Ready(Some(Err(Cut)));
                    }
                }
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Kind::Parts(parts) => parts.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::Parts(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    /// What a client sees of a body whose sender did this.
    async fn seen(send: &[&'static str], end: bool) -> Vec<Result<Bytes, ()>> {
        let (sender, mut body) = StaffBody::parts();
        let sending = async move {
            for text in send {
                sender.send(Part::Bytes(Bytes::from_static(text.as_bytes()))).await.ok();
            }
            if end {
                sender.send(Part::End).await.ok();
            }
        };
        let mut seen = Vec::new();
        let reading = async {
            while let Some(frame) = body.frame().await {
                seen.push(frame.map_err(drop).and_then(|frame| frame.into_data().map_err(drop)));
            }
        };
        tokio::join!(sending, reading);
        assert!(body.is_end_stream());
        seen
    }

    #[tokio::test]
    async fn only_a_told_end_is_a_proper_end() {
        assert_eq!(seen(&["a", "b"], true).await, [Ok(Bytes::from("a")), Ok(Bytes::from("b"))]);
        assert_eq!(seen(&["a"], false).await, [Ok(Bytes::from("a")), Err(())], "a sender that panics ends nothing");
        assert_eq!(seen(&[], false).await, [Err(())]);
    }
}
