//! The CRM's answer on its way to staff.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response, response};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use crate::body::charset::Charset;
use crate::body::coding::{Accepted, Coding};
use crate::body::pack::Packer;
use crate::body::rewriter::{Released, Rewriter};
use crate::body::unpack::Unpacker;
use crate::format::files::{self, Beginning};
use crate::format::{self, Format};
use crate::guard::outbound::Outbound;
use crate::guard::turned::Turned;
use crate::ledger::entry::End;
use crate::policy::plan::{Plan, Unreadable};
use crate::serve::disclose::Receipt;
use crate::serve::disclose::body::{Part, StaffBody, held};
use crate::serve::exchange::asked::Asked;
use crate::serve::exchange::head::{self, Taken, clean, edit_headers};
use crate::serve::exchange::leads::Own;
use crate::serve::exchange::more::More;
use crate::serve::exchange::prefetched::Prefetched;
use crate::serve::exchange::reading::{expect, is_error_page, is_stream, kind, readable};
use crate::serve::exchange::remembering::Remembering;
use crate::serve::exchange::sealing::Sealing;
use crate::serve::exchange::stored::Back;
use crate::serve::exchange::{protect, stored};
use crate::serve::house::{Gateway, Hold, House, Share};
use crate::serve::remembered::Write;
use crate::serve::respond::{self, Reader};
use crate::serve::upstream::Answer;
use crate::terms::edit::{Guard, Verdict};
use crate::terms::refusal::{Reason, Refusal};

/// What the answer's way depends on of the request.
pub struct About {
    plan: Arc<Plan>,
    head_only: bool,
    host: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    secure: bool,
    accepted: Accepted,
    reader: Reader,
    id: String,
    /// Who gets seals in the forms of the page, and for where.
    sealing: Option<Box<Sealing>>,
    /// Who may write back what it shows.
    remembering: Option<Box<Remembering>>,
    /// The write that it answers.
    own: Option<Arc<Write>>,
}

impl About {
    /// What this request says.
    pub fn of(asked: &Asked, plan: &Arc<Plan>, reader: Reader, id: String) -> About {
        About {
            plan: Arc::clone(plan),
            head_only: asked.method() == Method::HEAD,
            host: asked.host().cloned(),
            origin: asked.headers().get(header::ORIGIN).cloned(),
            secure: asked.is_secure(),
            accepted: asked.accepted(),
            reader,
            id,
            sealing: None,
            remembering: None,
            own: None,
        }
    }

    /// Says who gets seals in the forms of the page.
    pub(super) fn sealing(self, sealing: Option<Box<Sealing>>) -> About {
        About { sealing, ..self }
    }

    /// Says who may write back what it shows, and which write it answers.
    pub(super) fn remembering(self, remembering: Option<Box<Remembering>>, own: Option<Arc<Write>>) -> About {
        About { remembering, own, ..self }
    }

    /// The same, if the answer that has this head is one that shows records.
    pub(super) fn take_remembering(&mut self, head: &response::Parts) -> Option<Box<Remembering>> {
        self.remembering.take().filter(|_| head.status.is_success())
    }

    /// Who gets seals, if the answer that has this head is a page for them.
    pub(super) fn take_sealing(&mut self, head: &response::Parts) -> Option<Box<Sealing>> {
        self.sealing.take().filter(|sealing| head.status.is_success() && !sealing.is_left_by(&head.headers))
    }
}

impl About {
    /// The authority that staff asked for.
    pub fn host(&self) -> Option<&HeaderValue> {
        self.host.as_ref()
    }

    /// The site whose page asks, as the browser says.
    pub fn origin(&self) -> Option<&HeaderValue> {
        self.origin.as_ref()
    }

    /// Whether staff asked over TLS.
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// Whether the head is all that was asked for.
    pub fn head_only(&self) -> bool {
        self.head_only
    }

    /// What decides.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How the other side wants to be told.
    pub fn reader(&self) -> Reader {
        self.reader
    }
}

/// Judges an answer, records what it discloses and releases it: all of it, or the first part of a
/// long one. A CRM that keeps sending a little now and then must not keep it waiting for ever.
pub async fn release(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    answer: Answer,
    about: About,
    guard: Box<Outbound>,
    receipt: Receipt,
) -> Result<Response<StaffBody>, Refusal> {
    // What is large is made once, and handed on by its address.
    let judged = Box::pin(judged(gateway, house, answer, about, guard, receipt));
    let released = timeout(house.bounds.request, judged).await;
    released
        .unwrap_or_else(|_| Err(Refusal::new(Reason::UpstreamSlow, "the crm's answer did not come to its end in time")))
}

async fn judged(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    answer: Answer,
    mut about: About,
    mut guard: Box<Outbound>,
    mut receipt: Receipt,
) -> Result<Response<StaffBody>, Refusal> {
    let (mut head, body) = answer.into_parts();
    let mut taken = clean(&mut head, &about, Own { crm: body.names(), sites: &house.sites.hosts() })?;
    receipt.status(head.status.as_u16());
    stored::headers(&mut head, &about.plan, &house.mint, &mut guard)?;
    let unpacker = taken.coding.map(|coding| Unpacker::new(coding, &house.bounds));
    let mut body = Prefetched::read(body, unpacker, is_stream(&head)).await?;
    if body.is_empty() || about.head_only {
        let verdict = guard.finish()?;
        receipt.disclose(&verdict, "none").await?;
        edit_headers(&mut head.headers, verdict)?;
        head::allow_only_without_a_body(&mut head.headers, &about);
        protect::tell(&mut head.headers, &about);
        return Ok(Response::from_parts(head, receipt.whole(Vec::new(), gateway.hold.share())));
    }
    let is_all = kind(&head).is_some_and(|kind| files::asks_for_all(kind, body.first())) && {
        let mut ahead = gateway.hold.share();
        body.gather(house.bounds.hold_bytes, |bytes| ahead.set(bytes)).await?
    };
    let first = Beginning { bytes: body.first(), is_all };
    let (format, charset) = match readable(&head, first, &about.plan) {
        Ok(read) => read,
        Err(_) if about.plan.unreadable == Unreadable::Pass => {
            // What nobody looked into may be about somebody.
            taken.keeps = None;
            (Format::Opaque, Charset::Utf8)
        }
        Err(refusal) => return Err(refusal),
    };
    let packed = taken.coding.filter(|coding| about.accepted.takes(*coding));
    if is_error_page(head.status, format, &about.plan) {
        return Ok(respond::error_page(head.status, about.reader, &about.id).map(StaffBody::own));
    }
    let remembering = about.take_remembering(&head).map(|remembering| (remembering, gateway.remembered.clone()));
    let (sealing, own) = (None, about.own.take());
    let mut more = More { house: Arc::clone(house), sealing, remembering, own };
    if format == Format::Opaque {
        more.unseen().await;
        let body = if packed.is_some() { body.packed() } else { body };
        return Box::pin(pass(head, (&about, &taken, packed), body, guard, receipt, gateway.lasting()?)).await;
    }
    expect(&head, format, &mut guard);
    let walker = format::walker(format, &about.plan.places, &house.bounds)?;
    let hold = gateway.hold.clone();
    let mut rewriter = Rewriter::in_charset(walker, charset, &house.bounds);
    if format == Format::Events {
        rewriter = rewriter.event_by_event();
    }
    let patience = house.bounds.request;
    let share = hold.share();
    more.sealing = about.take_sealing(&head).filter(|_| format == Format::Html);
    let more = Some(more).filter(|more| more.sealing.is_some() || more.remembering.is_some());
    let back = Back::of(&about.plan, &house.mint, (format, charset), &house.bounds)?;
    let lost = Turned::default();
    let mut way =
        Box::new(Way { about, back, lost, rewriter, guard, receipt, share, hold, format, packed, patience, more });
    match way.first(&mut body).await? {
        Progress::Whole(released) => way.whole(head, released).await,
        Progress::Part(released) => Box::pin(way.long(head, released, body, gateway.lasting()?)).await,
    }
}

/// An answer in the midst of being rewritten.
struct Way {
    about: About,
    /// Turns tokens back that the CRM holds, until its body is complete.
    back: Option<Box<Back>>,
    /// Those that do not open, until they are told.
    lost: Turned,
    rewriter: Rewriter,
    guard: Box<Outbound>,
    receipt: Receipt,
    /// What is held and not yet decided.
    share: Share,
    hold: Hold,
    format: Format,
    /// What staff gets it packed in.
    packed: Option<Coding>,
    /// How long one chunk may take.
    patience: Duration,
    /// What becomes of an answer that leaves whole.
    more: Option<More>,
}

/// Refuses what took too long though nobody was waited for: a wait ends in time by itself, work does not.
pub(super) fn in_time(took: Duration, patience: Duration) -> Result<(), Refusal> {
    if took <= patience {
        return Ok(());
    }
    Err(Refusal::new(Reason::UpstreamSlow, "one chunk of the answer took longer to judge than a request may"))
}

enum Progress {
    /// The body is complete, and all of it is decided.
    Whole(Released),
    /// The body is longer than the hold, and a part of it is decided.
    Part(Released),
}

impl Way {
    /// Reads until the body is complete or longer than the hold.
    async fn first(&mut self, body: &mut Prefetched) -> Result<Progress, Refusal> {
        while let Some(chunk) = body.next().await? {
            if let Some(released) = self.write(&chunk)? {
                return Ok(Progress::Part(released));
            }
        }
        if let Some(released) = self.turn_the_last()? {
            return Ok(Progress::Part(released));
        }
        let Some(more) = self.more.take() else { return self.end().map(Progress::Whole) };
        let Way { rewriter, guard, share, format, patience, .. } = self;
        let released = more.end(rewriter, guard, (share, *format), *patience).await?;
        Ok(Progress::Whole(released))
    }

    fn write(&mut self, chunk: &[u8]) -> Result<Option<Released>, Refusal> {
        let Some(back) = &mut self.back else { return self.judge(chunk) };
        self.share.set(self.rewriter.held() + back.held() + 2 * chunk.len() + self.guard.weight())?;
        let begun = Instant::now();
        let (bytes, turned) = back.write(chunk)?;
        in_time(begun.elapsed(), self.patience)?;
        self.turned(turned);
        self.judge(&bytes)
    }

    /// The end of what the CRM sends, if it is not judged yet.
    fn turn_the_last(&mut self) -> Result<Option<Released>, Refusal> {
        let Some(mut back) = self.back.take() else { return Ok(None) };
        let begun = Instant::now();
        let (bytes, turned) = back.end()?;
        in_time(begun.elapsed(), self.patience)?;
        self.turned(turned);
        self.judge(&bytes)
    }

    fn turned(&mut self, turned: Turned) {
        self.lost.lost.extend(&turned.lost);
        self.lost.lost_count += turned.lost_count;
        self.guard.turned(turned);
    }

    fn judge(&mut self, chunk: &[u8]) -> Result<Option<Released>, Refusal> {
        let held = self.back.as_ref().map_or(0, |back| back.held());
        self.share.set(self.rewriter.held() + held + chunk.len() + self.guard.weight())?;
        let begun = Instant::now();
        let released = self.rewriter.write(chunk, &mut *self.guard)?;
        in_time(begun.elapsed(), self.patience)?;
        self.share.set(self.rewriter.held() + held + self.guard.weight())?;
        Ok(released)
    }

    fn end(&mut self) -> Result<Released, Refusal> {
        self.rewriter.end(&mut *self.guard)
    }

    async fn whole(
        mut self: Box<Self>,
        mut head: response::Parts,
        released: Released,
    ) -> Result<Response<StaffBody>, Refusal> {
        let bytes = match self.packed {
            Some(coding) => Packer::new(coding)?.end(&released.bytes)?,
            None => released.bytes,
        };
        self.share.set(bytes.len())?;
        self.receipt.lost(std::mem::take(&mut self.lost)).await?;
        self.receipt.disclose(&released.verdict, self.format.word()).await?;
        edit_headers(&mut head.headers, released.verdict)?;
        self.tell(&mut head);
        Ok(Response::from_parts(head, self.receipt.whole(bytes, self.share)))
    }

    /// Says what staff's bytes are.
    fn tell(&self, head: &mut response::Parts) {
        head::read_as(&mut head.headers, self.format, self.rewriter.charset());
        head::packed(&mut head.headers, self.packed);
        protect::tell(&mut head.headers, &self.about);
    }

    /// Releases part by part; the head waits for the first.
    async fn long(
        mut self: Box<Self>,
        mut head: response::Parts,
        mut released: Released,
        body: Prefetched,
        lasting: Lasting,
    ) -> Result<Response<StaffBody>, Refusal> {
        if let Some(more) = self.more.take() {
            more.unseen().await;
        }
        self.receipt.in_parts();
        let headers = Verdict { edits: std::mem::take(&mut released.verdict.edits), ..Verdict::default() };
        let mut packer = self.packed.map(Packer::new).transpose()?;
        released.bytes = packed(packer.as_mut(), released.bytes)?;
        let first = self.part(released).await?;
        edit_headers(&mut head.headers, headers)?;
        head::allow_only_of_a_long_answer(&mut head.headers, &self.about);
        self.tell(&mut head);
        let (sender, staff) = self.receipt.parts();
        tokio::spawn(self.run(sender, first, body, packer, lasting));
        Ok(Response::from_parts(head, staff))
    }

    async fn run(
        mut self: Box<Self>,
        sender: mpsc::Sender<Part>,
        first: Bytes,
        body: Prefetched,
        packer: Option<Packer>,
        _lasting: Lasting,
    ) {
        let (end, last) = match self.rest(&sender, first, body, packer).await {
            Ok(()) => (End::Done, Some(Part::End)),
            Err(Stop::Cancelled) => (End::Cancelled, None),
            Err(Stop::Refused(refusal)) => {
                self.receipt.about(&refusal);
                tracing::warn!(
                    request = self.receipt.id(),
                    reason = refusal.reason.word(),
                    note = refusal.note,
                    "a long answer was broken off"
                );
                (End::Cut, None)
            }
        };
        self.receipt.close(end);
        if let Some(last) = last {
            // A client that went away at the very end has got everything.
            let _ = sender.send(last).await;
        }
    }

    async fn rest(
        &mut self,
        sender: &mpsc::Sender<Part>,
        first: Bytes,
        mut body: Prefetched,
        mut packer: Option<Packer>,
    ) -> Result<(), Stop> {
        give(sender, first).await?;
        // What is judged in one way is complete where its last bytes have been turned back.
        let turns = self.about.plan.store.is_there && self.format != Format::Opaque;
        while !turns || self.back.is_some() {
            let Some(chunk) = next(sender, &mut body).await? else { break };
            if let Some(mut released) = self.write(&chunk)? {
                released.bytes = packed(packer.as_mut(), released.bytes)?;
                give(sender, self.part(released).await?).await?;
            }
        }
        if let Some(mut released) = self.turn_the_last()? {
            released.bytes = packed(packer.as_mut(), released.bytes)?;
            give(sender, self.part(released).await?).await?;
        }
        let mut released = self.end()?;
        if let Some(packer) = packer {
            released.bytes = packer.end(&released.bytes)?;
        }
        give(sender, self.part(released).await?).await
    }

    /// Records a part; its bytes are counted until the connection has taken them.
    async fn part(&mut self, released: Released) -> Result<Bytes, Refusal> {
        let mut share = self.hold.share();
        share.set(released.bytes.len())?;
        self.receipt.lost(std::mem::take(&mut self.lost)).await?;
        self.receipt.disclose(&released.verdict, self.format.word()).await?;
        Ok(held(released.bytes, share))
    }
}

/// A part of a long answer as staff gets it.
fn packed(packer: Option<&mut Packer>, bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    match packer {
        Some(packer) => packer.part(&bytes),
        None => Ok(bytes),
    }
}

/// Keeps a stop waiting until an answer that outlasts its exchange has closed its receipt.
type Lasting = OwnedSemaphorePermit;

/// Why a long answer ends early.
enum Stop {
    Cancelled,
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

async fn give(sender: &mpsc::Sender<Part>, bytes: Bytes) -> Result<(), Stop> {
    if bytes.is_empty() {
        return Ok(());
    }
    sender.send(Part::Bytes(bytes)).await.map_err(|_| Stop::Cancelled)
}

/// The CRM's next bytes, while there is somebody to read them.
async fn next(sender: &mpsc::Sender<Part>, body: &mut Prefetched) -> Result<Option<Bytes>, Stop> {
    tokio::select! {
        biased;
        () = sender.closed() => Err(Stop::Cancelled),
        chunk = body.next() => Ok(chunk?),
    }
}

/// Passes a body as it is: an image or a font whose first bytes prove it, or what a resource's rule
/// lets through.
async fn pass(
    mut head: response::Parts,
    (about, taken, packed): (&About, &Taken, Option<Coding>),
    mut body: Prefetched,
    mut guard: Box<Outbound>,
    mut receipt: Receipt,
    lasting: Lasting,
) -> Result<Response<StaffBody>, Refusal> {
    let verdict = guard.finish()?;
    receipt.disclose(&verdict, "opaque").await?;
    let is_plain = verdict.disclosures.is_empty() && verdict.edits.is_empty();
    edit_headers(&mut head.headers, verdict)?;
    head::allow_only_without_a_body(&mut head.headers, about);
    if is_plain {
        head::keep(&mut head.headers, taken);
    }
    head::packed(&mut head.headers, packed);
    protect::tell(&mut head.headers, about);
    let (sender, staff) = receipt.parts();
    tokio::spawn(async move {
        let _until_the_end = (receipt, lasting);
        while let Ok(chunk) = next(&sender, &mut body).await {
            let ended = chunk.is_none();
            let given = sender.send(chunk.map_or(Part::End, Part::Bytes)).await;
            if ended || given.is_err() {
                break;
            }
        }
    });
    Ok(Response::from_parts(head, staff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_the_time_of_a_request() {
        let second = Duration::from_secs(1);
        for (took, refused) in [(Duration::ZERO, None), (second, None), (second * 2, Some(Reason::UpstreamSlow))] {
            assert_eq!(in_time(took, second).err().map(|refusal| refusal.reason), refused, "{took:?}");
        }
    }
}
