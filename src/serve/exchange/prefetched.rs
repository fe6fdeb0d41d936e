//! A body whose first bytes were read ahead, because they must prove what it is.

use bytes::Bytes;

use crate::serve::upstream::CrmBody;
use crate::terms::refusal::Refusal;

/// How many bytes must have come before a body's form is believed.
const PROOF_BYTES: usize = 512;

/// The first bytes of a body, read ahead, and the rest.
pub(super) struct Prefetched {
    first: Bytes,
    given: bool,
    rest: CrmBody,
}

impl Prefetched {
    /// Reads as many bytes as tell a body's form.
    pub(super) async fn read(mut rest: CrmBody) -> Result<Prefetched, Refusal> {
        let mut first = Bytes::new();
        while first.len() < PROOF_BYTES {
            match rest.next().await? {
                None => break,
                Some(chunk) if first.is_empty() => first = chunk,
                Some(chunk) => first = [first, chunk].concat().into(),
            }
        }
        Ok(Prefetched { first, given: false, rest })
    }

    /// The first bytes.
    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    /// Whether there is no body.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The next bytes, the first ones first.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        if !self.given {
            self.given = true;
            return Ok(Some(self.first.clone()));
        }
        self.rest.next().await
    }
}
