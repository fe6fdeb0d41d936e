//! A body whose first bytes were read ahead, because they must prove what it is; unpacked, if it came
//! packed.

use bytes::Bytes;

use crate::body::charset::SIGN_BYTES;
use crate::body::unpack::Unpacker;
use crate::serve::upstream::CrmBody;
use crate::terms::refusal::Refusal;

/// The first bytes of a body, read ahead, and the rest.
pub(super) struct Prefetched {
    first: Bytes,
    given: bool,
    /// What the first bytes were unpacked from, until they are given.
    packed: Vec<Bytes>,
    rest: Rest,
}

/// What the CRM still sends.
struct Rest {
    crm: CrmBody,
    unpacker: Option<Unpacker>,
}

impl Prefetched {
    /// Reads as many bytes as tell a body's form. What is called a stream of events is read as one or not
    /// at all, so its first event need not wait for others.
    pub(super) async fn read(crm: CrmBody, unpacker: Option<Unpacker>, stream: bool) -> Result<Prefetched, Refusal> {
        let enough = if stream { 1 } else { SIGN_BYTES };
        let mut rest = Rest { crm, unpacker };
        let (mut first, mut packed) = (Bytes::new(), Vec::new());
        while first.len() < enough {
            match rest.next(|bytes| packed.push(bytes.clone())).await? {
                None => break,
                Some(chunk) if first.is_empty() => first = chunk,
                Some(chunk) => first = [first, chunk].concat().into(),
            }
        }
        Ok(Prefetched { first, given: false, packed, rest })
    }

    /// Reads on until all of it is here, or more than so many bytes are, and tells `count` how many it will be;
    /// gives whether that is all.
    pub(super) async fn gather(
        &mut self,
        bytes_max: usize,
        mut count: impl FnMut(usize) -> Result<(), Refusal>,
    ) -> Result<bool, Refusal> {
        let mut all = Vec::from(std::mem::take(&mut self.first));
        let is_all = loop {
            if all.len() > bytes_max {
                break false;
            }
            let packed = &mut self.packed;
            let Some(chunk) = self.rest.next(|bytes| packed.push(bytes.clone())).await? else { break true };
            count(all.len() + chunk.len())?;
            all.extend_from_slice(&chunk);
        };
        self.first = all.into();
        Ok(is_all)
    }

    /// The first bytes.
    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    /// Whether there is no body.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The same as the CRM sent it.
    pub(super) fn packed(mut self) -> Prefetched {
        if self.rest.unpacker.take().is_some() {
            self.first = self.packed.concat().into();
        }
        self
    }

    /// The next bytes, the first ones first.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        if !self.given {
            self.given = true;
            self.packed = Vec::new();
            return Ok(Some(std::mem::take(&mut self.first)));
        }
        self.rest.next(|_| {}).await
    }
}

impl Rest {
    /// The next bytes; what they were packed in is shown as it comes.
    async fn next(&mut self, mut show: impl FnMut(&Bytes)) -> Result<Option<Bytes>, Refusal> {
        loop {
            let Some(unpacker) = &mut self.unpacker else { return self.crm.next().await };
            if let Some(piece) = unpacker.piece()? {
                return Ok(Some(piece.into()));
            }
            match self.crm.next().await? {
                None => return unpacker.end().map(|()| None),
                Some(chunk) => {
                    show(&chunk);
                    unpacker.feed(&chunk);
                }
            }
        }
    }
}
