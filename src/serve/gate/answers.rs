//! Tells the gate when an answer is done.
//!
//! hyper reads ahead while it answers, and an end of input seen then makes it break off. So the gate keeps the next
//! request to itself until the present one is answered; it learns that from a turn that travels through the service
//! and its body, and that counts wherever it is dropped.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;

/// What the gate, the service and its bodies know together about one connection.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    done: u64,
    faulted: bool,
    waker: Option<Waker>,
}

impl Answers {
    /// Whether so many answers are done.
    pub(super) fn are_done(&self, count: u64) -> bool {
        self.state().done >= count
    }

    /// Has this task woken when an answer is done or flushed.
    pub(super) fn wait(&self, cx: &Context<'_>) {
        self.state().waker = Some(cx.waker().clone());
    }

    /// Wakes the task that waits.
    pub(super) fn wake(&self) {
        let waker = self.state().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Makes every further answer say that the connection closes.
    pub(super) fn close_after(&self) {
        self.state().faulted = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A counter and a flag are whole at every moment, so that a panic elsewhere does not spoil them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request's turn: it is over when this is dropped.
struct Turn(Answers);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().done += 1;
        self.0.wake();
    }
}

/// The service with turns.
pub(super) struct InTurn<S> {
    pub(super) service: S,
    pub(super) answers: Answers,
}

impl<S, B> Service<Request<Incoming>> for InTurn<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body,
{
    type Response = Response<TurnBody<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let turn = Turn(self.answers.clone());
        let answer = self.service.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if turn.0.state().faulted {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok(response.map(|body| TurnBody { body: Box::pin(body), _turn: turn }))
        })
    }
}

/// An answer's body, which ends its turn when hyper lets go of it.
pub(super) struct TurnBody<B> {
    body: Pin<Box<B>>,
    _turn: Turn,
}

impl<B: Body> Body for TurnBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.body.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
