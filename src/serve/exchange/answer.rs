//! The CRM's answer on its way to staff.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode, response};
use tokio::sync::mpsc;

use crate::body::rewriter::{self, Released, Rewriter};
use crate::format::{self, Format, media};
use crate::guard::outbound::Outbound;
use crate::ledger::entry::End;
use crate::policy::plan::{Errors, Plan, Unreadable};
use crate::serve::disclose::{Cut, Receipt, StaffBody};
use crate::serve::exchange::asked::Asked;
use crate::serve::gate::hop;
use crate::serve::house::{Gateway, House, Share};
use crate::serve::respond::{self, Reader};
use crate::serve::upstream::{Answer, CrmBody};
use crate::terms::edit::{Document, Edit, Guard, Verdict};
use crate::terms::refusal::{Reason, Refusal};

/// How many bytes must have come before a body's form is believed.
const PROOF_BYTES: usize = 512;

/// Headers that speak of the CRM's own bytes, which staff does not get.
const OF_THE_ORIGINAL: [HeaderName; 5] =
    [header::ETAG, header::LAST_MODIFIED, header::ACCEPT_RANGES, HeaderName::from_static("digest"), HeaderName::from_static("content-md5")];

/// Headers of a long answer: it leaves before all of it is known, so nothing else may pass.
const OF_A_LONG_ANSWER: [HeaderName; 7] = [
    header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LANGUAGE, header::DATE, header::VARY, header::CACHE_CONTROL,
    header::X_CONTENT_TYPE_OPTIONS,
];

/// What the answer's way depends on of the request.
pub struct About {
    plan: Arc<Plan>,
    head_only: bool,
    host: Option<HeaderValue>,
    reader: Reader,
    id: String,
}

impl About {
    /// What this request says.
    pub fn of(asked: &Asked, plan: &Arc<Plan>, reader: Reader, id: String) -> About {
        About { plan: Arc::clone(plan), head_only: asked.method() == Method::HEAD, host: asked.host().cloned(), reader, id }
    }
}

impl About {
    /// How the other side wants to be told.
    pub fn reader(&self) -> Reader {
        self.reader
    }
}

/// Judges an answer, records what it discloses and releases it.
pub async fn release(
    gateway: &Arc<Gateway>,
    house: &Arc<House>,
    answer: Answer,
    about: About,
    mut guard: Outbound,
    mut receipt: Receipt,
) -> Result<Response<StaffBody>, Refusal> {
    let (mut head, body) = answer.into_parts();
    clean(&mut head, &about, &house.upstream.address)?;
    receipt.status(head.status.as_u16());
    show_headers(&head.headers, &mut guard)?;
    let mut body = Prefetched::read(body).await?;
    if body.is_empty() || about.head_only {
        let verdict = guard.finish()?;
        receipt.disclose(&verdict, "none").await?;
        edit_headers(&mut head.headers, verdict)?;
        return Ok(Response::from_parts(head, receipt.whole(Vec::new())));
    }
    let format = match readable(&head, &body.first, &about.plan) {
        Ok(format) => format,
        Err(_) if about.plan.unreadable == Unreadable::Pass => Format::Opaque,
        Err(refusal) => return Err(refusal),
    };
    if is_error_page(head.status, format, &about.plan) {
        return Ok(respond::error_page(head.status, about.reader, &about.id).map(StaffBody::own));
    }
    if format == Format::Opaque {
        return pass(head, body, guard, receipt).await;
    }
    expect(&head, format, &mut guard);
    let walker = format::walker(format, &about.plan.places, &house.bounds)?;
    let mut way = Way { rewriter: Rewriter::new(walker, &house.bounds), guard, receipt, share: gateway.hold.share(), format };
    match way.first(&mut body).await? {
        Progress::Whole(released) => way.whole(head, released).await,
        Progress::Part(released) => way.long(head, released, body).await,
    }
}

/// An answer in the midst of being rewritten.
struct Way {
    rewriter: Rewriter,
    guard: Outbound,
    receipt: Receipt,
    share: Share,
    format: Format,
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
        self.end().map(Progress::Whole)
    }

    fn write(&mut self, chunk: &[u8]) -> Result<Option<Released>, Refusal> {
        self.share.set(self.rewriter.held() + chunk.len())?;
        self.rewriter.write(chunk, &mut self.guard)
    }

    fn end(&mut self) -> Result<Released, Refusal> {
        self.rewriter.end(&mut self.guard)
    }

    async fn whole(mut self, mut head: response::Parts, released: Released) -> Result<Response<StaffBody>, Refusal> {
        self.receipt.disclose(&released.verdict, self.format.word()).await?;
        edit_headers(&mut head.headers, released.verdict)?;
        Ok(Response::from_parts(head, self.receipt.whole(released.bytes)))
    }

    /// Releases part by part; the head waits for the first.
    async fn long(mut self, mut head: response::Parts, released: Released, body: Prefetched) -> Result<Response<StaffBody>, Refusal> {
        self.receipt.in_parts();
        self.receipt.disclose(&released.verdict, self.format.word()).await?;
        edit_headers(&mut head.headers, released.verdict)?;
        allow_only(&mut head.headers, &OF_A_LONG_ANSWER);
        let (sender, staff) = self.receipt.parts();
        tokio::spawn(self.run(sender, released.bytes, body));
        Ok(Response::from_parts(head, staff))
    }

    async fn run(mut self, sender: mpsc::Sender<Result<Bytes, Cut>>, first: Vec<u8>, body: Prefetched) {
        let end = match self.rest(&sender, first, body).await {
            Ok(()) => End::Done,
            Err(Stop::Cancelled) => End::Cancelled,
            Err(Stop::Refused(refusal)) => {
                tracing::warn!(reason = refusal.reason.word(), note = refusal.note, "a long answer was broken off");
                // Whoever still listens sees that the answer is not complete.
                let _ = sender.send(Err(Cut)).await;
                End::Cut
            }
        };
        self.receipt.close(end);
    }

    async fn rest(&mut self, sender: &mpsc::Sender<Result<Bytes, Cut>>, first: Vec<u8>, mut body: Prefetched) -> Result<(), Stop> {
        give(sender, first).await?;
        while let Some(chunk) = body.next().await? {
            if let Some(released) = self.write(&chunk)? {
                self.part(sender, released).await?;
            }
        }
        let released = self.end()?;
        self.part(sender, released).await
    }

    async fn part(&mut self, sender: &mpsc::Sender<Result<Bytes, Cut>>, released: Released) -> Result<(), Stop> {
        self.receipt.disclose(&released.verdict, self.format.word()).await?;
        give(sender, released.bytes).await
    }
}

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

async fn give(sender: &mpsc::Sender<Result<Bytes, Cut>>, bytes: Vec<u8>) -> Result<(), Stop> {
    if bytes.is_empty() {
        return Ok(());
    }
    sender.send(Ok(Bytes::from(bytes))).await.map_err(|_| Stop::Cancelled)
}

/// Passes a body as it is: an image or a font whose first bytes prove it, or what a resource's rule
/// lets through.
async fn pass(mut head: response::Parts, mut body: Prefetched, mut guard: Outbound, mut receipt: Receipt) -> Result<Response<StaffBody>, Refusal> {
    let verdict = guard.finish()?;
    receipt.disclose(&verdict, "opaque").await?;
    edit_headers(&mut head.headers, verdict)?;
    let (sender, staff) = receipt.parts();
    tokio::spawn(async move {
        let _receipt = receipt;
        while let Some(part) = body.next().await.map_err(|_| Cut).transpose() {
            let broken = part.is_err();
            if sender.send(part).await.is_err() || broken {
                break;
            }
        }
    });
    Ok(Response::from_parts(head, staff))
}

/// The first bytes of a body, read ahead, and the rest.
struct Prefetched {
    first: Bytes,
    given: bool,
    rest: CrmBody,
}

impl Prefetched {
    async fn read(mut rest: CrmBody) -> Result<Prefetched, Refusal> {
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

    fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        if !self.given {
            self.given = true;
            return Ok(Some(self.first.clone()));
        }
        self.rest.next().await
    }
}

/// Takes out of the head what is not for staff, and adds what protects what they get.
pub(super) fn clean(head: &mut response::Parts, about: &About, crm: &str) -> Result<(), Refusal> {
    if head.status == StatusCode::PARTIAL_CONTENT || head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Refusal::new(Reason::Unreadable, "a part of an answer cannot be judged"));
    }
    let coded = head.headers.get_all(header::CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if coded {
        return Err(Refusal::new(Reason::Unreadable, "the answer is compressed although that was not asked for"));
    }
    hop::response_headers(&mut head.headers);
    for name in OF_THE_ORIGINAL {
        head.headers.remove(name);
    }
    head.headers.remove(header::CONTENT_LENGTH);
    head.extensions.clear();
    relocate(&mut head.headers, about, crm);
    let headers = &mut head.headers;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    Ok(())
}

/// A redirect to the CRM's own address leads back to the gateway, not around it.
fn relocate(headers: &mut HeaderMap, about: &About, crm: &str) {
    let Some(location) = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()) else { return };
    let Some(rest) = location.strip_prefix("http://").or_else(|| location.strip_prefix("https://")) else { return };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let own = about.host.as_ref().is_some_and(|host| host.as_bytes() == authority.as_bytes());
    if own || authority == crm {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        if let Ok(value) = HeaderValue::from_str(&path) {
            headers.insert(header::LOCATION, value);
        }
    }
}

/// The body's form, if the resource can read it.
pub(super) fn readable(head: &response::Parts, first: &[u8], plan: &Plan) -> Result<Format, Refusal> {
    let mut kinds = head.headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().map(HeaderValue::to_str).transpose();
    let (Ok(kind), None) = (kind, kinds.next()) else {
        return Err(Refusal::new(Reason::Unreadable, "`Content-Type` stands twice or is no text"));
    };
    let format = media::of(kind, first)?;
    if head.status.is_success() && !plan.has_place_in(format) {
        return Err(Refusal::new(Reason::Shape, "the resource names no place in an answer of this format"));
    }
    Ok(format)
}

pub(super) fn is_error_page(status: StatusCode, format: Format, plan: &Plan) -> bool {
    status.is_server_error() && plan.errors == Errors::Page && !matches!(format, Format::Json)
}

/// A successful page or table must hold a place of each declared kind.
pub(super) fn expect(head: &response::Parts, format: Format, guard: &mut Outbound) {
    if head.status.is_success() && matches!(format, Format::Html | Format::Csv) {
        guard.expect_shape();
    }
}

/// Shows every header's value to the guard.
pub(super) fn show_headers(headers: &HeaderMap, guard: &mut Outbound) -> Result<(), Refusal> {
    for (number, (name, value)) in headers.iter().enumerate() {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Refusal::new(Reason::Unreadable, format!("the header `{name}` is no text")))?;
        guard.header(number, |sink| format::header::leaves(name.as_str(), text, sink))?;
    }
    Ok(())
}

/// Carries out the verdict on the headers.
pub(super) fn edit_headers(headers: &mut HeaderMap, verdict: Verdict) -> Result<(), Refusal> {
    if verdict.edits.is_empty() {
        return Ok(());
    }
    let mut edited = HeaderMap::with_capacity(headers.len());
    let mut edits = verdict.edits;
    for (number, (name, value)) in headers.iter().enumerate() {
        let (own, others): (Vec<Edit>, Vec<Edit>) = edits.into_iter().partition(|edit| edit.document == Document::Header(number));
        edits = others;
        let value = if own.is_empty() { value.clone() } else { rewritten(value, own)? };
        edited.append(name, value);
    }
    *headers = edited;
    Ok(())
}

fn rewritten(value: &HeaderValue, edits: Vec<Edit>) -> Result<HeaderValue, Refusal> {
    let internal = || Refusal::new(Reason::Internal, "an edited header cannot be written");
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| internal())?;
    HeaderValue::from_str(&rewriter::header(text, edits)?).map_err(|_| internal())
}

fn allow_only(headers: &mut HeaderMap, allowed: &[HeaderName]) {
    let others: Vec<HeaderName> = headers.keys().filter(|name| !allowed.contains(name)).cloned().collect();
    for name in others {
        headers.remove(name);
    }
}
