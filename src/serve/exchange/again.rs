//! A write in which tokens went home among words that staff has changed is judged as an answer before it goes on: whether
//! something is found in a note hangs on its words, and staff must not read there what they had as a token.

use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderValue};

use crate::guard::restore::{self, Home};
use crate::serve::exchange::dry;
use crate::serve::exchange::restore::{Compared, Question, is_of_the_record};
use crate::terms::refusal::Refusal;

impl Compared<'_> {
    /// Whether staff would get of a write, as an answer, the tokens just where they wrote them.
    pub(super) fn is_shown_again(
        &self,
        question: &Question,
        written: &str,
        body: &[u8],
        home: &Home,
    ) -> Result<bool, Refusal> {
        let mut answer = Response::new(());
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (head, ()) = answer.into_parts();
        let guard = self.guard(question, self.by.mint);
        let body = Bytes::copy_from_slice(body);
        match dry::told(&head, &body, &question.about(), guard, self.by.bounds) {
            Err(refusal) if is_of_the_record(&refusal) => Ok(false),
            told => {
                let judged = told?.body;
                let judged = std::str::from_utf8(&judged).unwrap_or_default();
                Ok(restore::is_shown_again(written, judged, &home.among, self.by.bounds.depth))
            }
        }
    }
}
