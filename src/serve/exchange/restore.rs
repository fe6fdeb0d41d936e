//! Veiled values of a write go home: the record that it is about is asked for again, as this staff could ask
//! for it, and what the CRM answers is compared with what staff would get of that.
//!
//! The answer to that question is for nobody: what is left of it is the edits of the write.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{Method, StatusCode, response};
use tokio::time::timeout;

use crate::body::coding::Coding;
use crate::body::readings;
use crate::body::unpack::Unpacker;
use crate::format::html::forms::{self, Form};
use crate::format::{self, Format, media};
use crate::guard::outbound::Outbound;
use crate::guard::restore::{
    self, Doubts, Field, Forgotten, Home, Ids, Issued, IssuedForm, Kinds, Likenesses, Page, Recollection, Scope,
    SealedForm, Sent, minds_controls,
};
use crate::policy::plan::{Plan, SubjectAt};
use crate::route::normal;
use crate::serve::disclose::Receipt;
use crate::serve::exchange::action::Address;
use crate::serve::exchange::answer::About;
use crate::serve::exchange::asked::{self, Asked, Asks};
use crate::serve::exchange::cookies::Cookies;
use crate::serve::exchange::leads::Own;
use crate::serve::exchange::posted::Posted;
use crate::serve::exchange::remembering::may_be_anew;
use crate::serve::exchange::sealed::{Carried, Site};
use crate::serve::exchange::sealing::By;
use crate::serve::exchange::{dry, head, remembering, sealed, stored, table};
use crate::serve::house::{Gateway, House};
use crate::serve::respond::Reader;
use crate::serve::upstream::Upstream;
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::{Counts, Subject};
use crate::terms::event::Event;
use crate::terms::leaf::Sink;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};

/// Headers that vouch for the bytes of a body: such a body goes on as it came, or not at all.
const SIGNED: [&str; 6] =
    ["content-md5", "digest", "content-digest", "repr-digest", "signature", "x-hub-signature-256"];

/// What a write is compared by.
#[derive(Clone, Copy)]
pub(super) struct Compared<'a> {
    pub by: By<'a>,
    pub asks: &'a Asks<'a>,
    pub plan: &'a Plan,
    pub doubts: &'a Doubts,
}

/// What a write is compared with.
pub(super) enum With {
    /// What the form brought along.
    Seal(Box<SealedForm>),
    /// The record, read once more.
    Record,
    /// What is remembered of the record.
    Memory,
}

/// What a write has to be compared with before it goes on; nothing where it goes on as it is.
pub(super) fn with(
    compared: &Compared<'_>,
    carried: Carried,
    site: &Site,
    asked: &Asked,
) -> Result<Option<With>, Refusal> {
    // A seal knows one form: of a field that nothing but a page tells of, another form at this address may have more.
    if let Some(form) = sealed::opened(carried, asked, site, compared)?.filter(|_| !minds_controls(compared.plan)) {
        return Ok(Some(With::Seal(Box::new(form))));
    }
    if compared.plan.recall.is_some() {
        // What a write changes is old by then, whether anything of it was veiled or not.
        return Ok(asked.writes(compared.plan).then_some(With::Memory));
    }
    if !compared.plan.restore {
        compared.doubts.refuse_alone(compared.plan)?;
        return Ok((compared.doubts.nulls || compared.doubts.has_tokens()).then_some(With::Record));
    }
    Ok((!compared.doubts.is_empty()).then_some(With::Record))
}

/// What came of the comparison.
#[derive(Default)]
pub(super) struct Restored {
    /// What went home, which the answer must not repeat.
    pub values: Vec<String>,
    /// How many values of which kind.
    pub counts: Counts,
    /// What of the write is what it was.
    pub kept: Vec<Range<usize>>,
    /// Whom the form that was sent was about, where it says so.
    pub subject: Option<Subject>,
    /// Where the rows of a table stand, and whose each is.
    pub rows: Vec<(Range<usize>, Subject)>,
    /// What was remembered and is old by then, where the write was compared with that.
    pub forgotten: Option<Vec<Forgotten>>,
}

impl Restored {
    /// What went home, in a write that says itself whom it is about.
    pub(super) fn of(home: Home, subject: Option<Subject>) -> Restored {
        Restored { values: home.values(), counts: home.counts, kept: home.kept, subject, ..Restored::default() }
    }

    /// What came of the record read again.
    fn of_record(whole: Whole) -> Restored {
        Restored { values: whole.values, counts: whole.counts, kept: whole.kept, ..Restored::default() }
    }
}

/// Makes a write whole again before it goes on, and records what went home. `receipt` is the write's own;
/// `cookies` are what the CRM set with the record, whatever comes of the write.
pub(super) async fn restore(
    gateway: &Gateway,
    house: &House,
    upstream: &Arc<Upstream>,
    (compared, with): (Compared<'_>, With),
    asked: &mut Asked,
    (receipt, cookies): (&mut Receipt, &mut Cookies),
) -> Result<Restored, Refusal> {
    if let With::Seal(form) = with {
        let home = sealed::restored(&compared, asked, &form)?;
        if !home.is_empty() {
            receipt.restored(&form.subject, &home.counts).await?;
        }
        return Ok(Restored::of(home, Some(form.subject.clone())));
    }
    if let With::Memory = with {
        return remembering::recalled_by(gateway, upstream, &compared, asked, receipt).await;
    }
    let alone = compared.doubts.of_nothing_else();
    let compared = compared.or_with(&alone);
    let Some(question) = Question::of(asked, &compared) else {
        return compared.unknown(None).map(|()| Restored::default());
    };
    let mut share = gateway.hold.share();
    let read = async {
        let about = question.about();
        let goes = question.asked.goes(&question.plan, house.mint.as_ref(), &house.bounds)?;
        let answer = upstream.send(question.asked.to_request(goes.as_ref())?).await?;
        let (head, mut body) = answer.into_parts();
        let bytes = body.look(house.bounds.hold_bytes).await?;
        share.set(bytes.as_ref().map_or(0, Bytes::len).saturating_mul(COPIES))?;
        Ok::<_, Refusal>((about, head, bytes))
    };
    let late = |_| Refusal::new(Reason::UpstreamSlow, "the record was not there in time to compare a write with it");
    let (about, head, bytes) = timeout(house.bounds.request, read).await.map_err(late)??;
    // Longer than can be compared.
    let Some(bytes) = bytes else { return compared.unknown(Some(StatusCode::OK)).map(|()| Restored::default()) };
    *cookies = Cookies::of(&head.headers, &about, || compared.guard(&question, compared.by.mint));
    let whole = compared.whole(asked, &question, about, (head, bytes), cookies)?;
    cookies.renew(asked);
    let Some(mut whole) = whole else { return Ok(Restored::default()) };
    if let Some(body) = whole.body.take() {
        receipt.restored(&asked.subject(compared.plan), &whole.counts).await?;
        asked.replace_body(body);
    }
    Ok(Restored::of_record(whole))
}

/// Parameters that say what is done with a record, and not which it is.
const DEEDS: [&str; 8] = ["action", "do", "op", "mode", "save", "_method", "lang", "cmd"];

/// How many members are compared with one another: all with all, at worst.
const PARTS_MAX: usize = 1000;

/// The answer as it came, behind the guard, and both as trees.
pub(super) const COPIES: usize = 8;

/// The same in a dry exchange, where the CRM's answer is given.
pub(super) fn dried(
    (compared, with): (Compared<'_>, Option<With>),
    asked: &mut Asked,
    record: Option<(response::Parts, Bytes)>,
) -> Result<Restored, Refusal> {
    match with {
        None => return Ok(Restored::default()),
        Some(With::Seal(form)) => {
            let home = sealed::restored(&compared, asked, &form)?;
            return Ok(Restored::of(home, Some(form.subject.clone())));
        }
        Some(With::Memory) => {
            let seen = record.map(|record| dry::seen(&compared, record)).unwrap_or_default();
            let known = |field: &Field| {
                let kept = seen.get(field)?.clone();
                Some(Recollection { kept, since: 0, number: 1, is_in_force: true })
            };
            let done = remembering::restored(&compared, asked, &mut { known })?;
            return Ok(remembering::told(done));
        }
        Some(With::Record) => {}
    }
    let alone = compared.doubts.of_nothing_else();
    let compared = compared.or_with(&alone);
    let Some(answer) = record else {
        // Nobody knows whether the record is there.
        let unknown = if !compared.doubts.has_certain() { Ok(()) } else { compared.unknown(None) };
        return unknown.map(|()| Restored::default());
    };
    let Some(question) = Question::of(asked, &compared) else {
        return compared.unknown(None).map(|()| Restored::default());
    };
    let about = question.about();
    let whole = compared.whole(asked, &question, about, answer, &mut Cookies::default())?;
    let Some(mut whole) = whole else { return Ok(Restored::default()) };
    if let Some(body) = whole.body.take() {
        asked.replace_body(body);
    }
    Ok(Restored::of_record(whole))
}

/// A write with its originals.
struct Whole {
    /// Nothing where it is as it came.
    body: Option<Bytes>,
    counts: Counts,
    /// What went home.
    values: Vec<String>,
    /// What of it is what it was.
    kept: Vec<Range<usize>>,
}

/// The record twice: as the CRM answered, and as staff would get that.
struct Record {
    format: Format,
    charset: &'static str,
    original: Vec<u8>,
    veiled: Vec<u8>,
    /// As staff got it before the keys were changed, where that matters.
    older: Vec<Vec<u8>>,
}

impl<'a> Compared<'a> {
    /// The same with these doubts, where the resource does not say that veils go home.
    fn or_with(self, alone: &'a Doubts) -> Compared<'a> {
        if self.plan.restore { self } else { Compared { doubts: alone, ..self } }
    }

    /// The record cannot be compared with.
    fn unknown(&self, status: Option<StatusCode>) -> Result<(), Refusal> {
        let is_new = matches!(status, Some(StatusCode::NOT_FOUND | StatusCode::GONE));
        let is_light = !self.doubts.has_certain();
        match self.doubts.scope {
            _ if self.doubts.may_go_on() => Ok(()),
            // What is not there yet has shown nothing.
            Scope::Nothing if is_new && self.doubts.has_tokens_alone() => Ok(()),
            Scope::Nothing if is_light && (self.doubts.nulls || self.doubts.has_tokens()) && !is_new => {
                Err(self.doubts.refuse(self.plan))
            }
            _ if is_light && self.doubts.controls => restore::refuse_unread(self.plan),
            // It may be emptied, and nobody knows of what.
            Scope::Below if is_light && self.doubts.empties && status.is_some() && !is_new => {
                Err(restore::replaces_locked())
            }
            // It is there, and nobody can say what of it would be lost.
            Scope::Below if is_light && status == Some(StatusCode::OK) => Err(self.doubts.refuse(self.plan)),
            Scope::Nothing | Scope::Below if is_light => Ok(()),
            // What is not there yet cannot be lost.
            Scope::All if is_light && is_new => Ok(()),
            _ => Err(self.doubts.refuse(self.plan)),
        }
    }

    /// The write as it goes on; nothing where it was not compared.
    fn whole(
        &self,
        asked: &Asked,
        question: &Question,
        about: About,
        (mut head, bytes): (response::Parts, Bytes),
        cookies: &mut Cookies,
    ) -> Result<Option<Whole>, Refusal> {
        if head.status != StatusCode::OK {
            return self.unknown(Some(head.status)).map(|()| None);
        }
        // What stands beside a value tells its kind: with another word beside it, it would go home to where it is shown.
        if !self.plan.tellers.is_empty() || !question.plan.tellers.is_empty() {
            return self.unknown(Some(head.status)).map(|()| None);
        }
        let record = self.record((question, about), &mut head, bytes, asked, cookies);
        let record = match record {
            Err(refusal) if !(self.doubts.may_go_on() && is_of_the_record(&refusal)) => return Err(self.told(refusal)),
            record => record.ok().flatten(),
        };
        let Some(record) = record else { return self.unknown(Some(head.status)).map(|()| None) };
        if asked.body().is_empty() {
            return Err(restore::replaces_locked());
        }
        let sent = asked.sent()?;
        let (format, text) = (sent.format, &sent.text);
        let is_many = |text: &[u8], part: u8| text.iter().filter(|byte| **byte == part).count() > PARTS_MAX;
        // Those of a form are counted where it is read.
        let part = if format == Format::Xml { b'<' } else { b',' };
        let is_form = matches!(format, Format::Form | Format::Multipart);
        let is_wide = !is_form && (is_many(text, part) || is_many(&record.original, part));
        if text.len() > self.by.bounds.hold_bytes || is_wide {
            return self.unknown(Some(head.status)).map(|()| None);
        }
        let whole = match format {
            Format::Json | Format::Xml if may_be_anew(&sent) => self.document(asked, question, record, &sent)?,
            Format::Form | Format::Multipart => self.form(format, asked, question, record)?,
            _ => None,
        };
        let Some((body, home)) = whole else { return self.unknown(Some(head.status)).map(|()| None) };
        if is_signed(asked.headers()) && self.doubts.may_change(self.plan) {
            let note = "the body is signed, so that veils in it cannot be made the originals again; nothing was saved";
            return Err(Refusal::new(Reason::Veil, note));
        }
        if !home.fills.is_empty() && !self.plan.restore {
            return Err(self.doubts.refuse(self.plan));
        }
        let values = home.values();
        let body = (!home.fills.is_empty()).then(|| body.into());
        Ok(Some(Whole { body, counts: home.counts, values, kept: home.kept }))
    }

    /// The record, if it is whose it should be.
    fn record(
        &self,
        (question, about): (&Question, About),
        head: &mut response::Parts,
        bytes: Bytes,
        asked: &Asked,
        cookies: &mut Cookies,
    ) -> Result<Option<Record>, Refusal> {
        // Of an answer that cannot be judged, nothing goes on.
        let mut set = std::mem::take(cookies);
        let taken = head::clean(head, &about, Own::default())?;
        let bytes = match taken.coding {
            Some(coding) => unpacked(coding, &bytes, self.by.bounds)?.into(),
            None => bytes,
        };
        let older = self.older(question, &about, head, &bytes)?;
        let mut guard = self.guard(question, self.by.mint);
        let bytes = stored::whole(head, bytes, (&question.plan, self.by.mint), &mut guard, self.by.bounds)?;
        set.show(&mut guard)?;
        let told = dry::told(head, &bytes, &about, guard, self.by.bounds)?;
        set.keep_unedited(&told.verdict);
        *cookies = set;
        let subject = asked.subject(self.plan);
        let mut subjects = told.verdict.disclosures.subjects.keys();
        let is_theirs = subjects.all(|other| other.kind == subject.kind && other.id == subject.id);
        let read = told.read.filter(|_| is_theirs && !told.long);
        Ok(read.map(|(format, charset)| Record { format, charset, original: bytes.to_vec(), veiled: told.body, older }))
    }

    /// The answer as staff got it under older keys: a token in the format of a value does not say which version made it,
    /// and one that is not known would be saved as a value.
    fn older(
        &self,
        question: &Question,
        about: &About,
        head: &response::Parts,
        bytes: &Bytes,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        let mints = if self.doubts.has_tokens() { self.by.mint.older() } else { Vec::new() };
        let judged = |mint: &Arc<dyn Mint>| {
            let mut guard = self.guard(question, mint);
            let bytes = stored::whole(head, bytes.clone(), (&question.plan, mint), &mut guard, self.by.bounds)?;
            Ok(dry::told(head, &bytes, about, guard, self.by.bounds)?.body)
        };
        mints.iter().map(judged).collect()
    }

    /// What judges the answer to the question.
    pub(super) fn guard(&self, question: &Question, mint: &Arc<dyn Mint>) -> Outbound {
        let guard = question.asked.guard(&question.plan, mint, self.by.bounds, asked::day(self.asks.time));
        // It is for nobody, and compared with what a browser brings back.
        guard.asked_by(self.asks.staff).sealing_states(Box::new(|_, state| Some(state.to_owned())))
    }

    fn document(
        &self,
        asked: &Asked,
        question: &Question,
        record: Record,
        sent: &readings::Sent<'_>,
    ) -> Result<Option<(Vec<u8>, Home)>, Refusal> {
        let (format, text) = (sent.format, &*sent.text);
        let is_read = record.format == format && (format == Format::Xml || record.charset == "UTF-8");
        let Some(charset) = sent.charset.filter(|_| is_read) else { return Ok(None) };
        let read = |bytes: &[u8]| readings::text_in(bytes, record.charset);
        let texts = (read(&record.original), read(&record.veiled), std::str::from_utf8(text));
        let (Some(original), Some(veiled), Ok(written)) = texts else { return Ok(None) };
        let walked = |plan: &Plan, text: &str, sink: &mut dyn Sink| {
            let mut walker = format::walker(format, &plan.places, self.by.bounds)?;
            walker.write(text.as_bytes(), sink)?;
            walker.end(sink)
        };
        let mut kinds = Kinds::new(&question.plan);
        walked(&question.plan, &original, &mut kinds)?;
        let read = if format == Format::Xml { Issued::of_xml } else { Issued::new };
        let depth = self.by.bounds.depth;
        let Some(issued) = read(original, &veiled, kinds.found(), depth) else { return Ok(None) };
        let older = record.older.iter().map(|bytes| readings::text_in(bytes, record.charset));
        let Some(issued) = older.collect::<Option<Vec<_>>>().and_then(|older| issued.shown_before(&older, depth))
        else {
            return Ok(None);
        };
        let subject = asked.subject(self.plan);
        let mut ids = Ids::new(self.plan, &subject, format == Format::Xml);
        walked(self.plan, written, &mut ids)?;
        if ids.tell_another() {
            return Ok(None);
        }
        let home = issued.restore(self.plan, self.doubts, written, &subject, self.by.bounds.depth)?;
        let body = table::filled(asked.body(), text, charset, &home)?;
        if !home.among.is_empty() && !self.is_shown_again(question, written, &body, &home)? {
            return Err(self.doubts.refuse(self.plan));
        }
        Ok(Some((body, home)))
    }

    /// A form is compared with the page that it stands in, in that page's charset.
    fn form(
        &self,
        format: Format,
        asked: &Asked,
        question: &Question,
        record: Record,
    ) -> Result<Option<(Vec<u8>, Home)>, Refusal> {
        let Record { format: Format::Html, charset, original, veiled, older } = record else { return Ok(None) };
        let read = |bytes: &[u8]| readings::text_in(bytes, charset);
        let (Some(original), Some(veiled)) = (read(&original), read(&veiled)) else { return Ok(None) };
        // A script sends UTF-8, whatever the page is in, and says so.
        let claim = asked::content_type(asked.headers())?.map(media::claim).transpose()?;
        if !readings::is_sent_in(&claim.and_then(|claim| claim.charset).unwrap_or_default(), charset) {
            return Ok(None);
        }
        let Some(posted) = Posted::read(format, asked.body(), charset) else { return Ok(None) };
        let sent = posted.sent();
        let subject = asked.subject(self.plan).id.unwrap_or_default();
        if is_of_another(self, asked, sent, &subject) {
            return Ok(None);
        }
        let mut kinds = Kinds::new(&question.plan);
        let mut walker = format::walker(Format::Html, &question.plan.places, self.by.bounds)?;
        walker.write(original.as_bytes(), &mut kinds)?;
        walker.end(&mut kinds)?;
        let has_base = original.to_ascii_lowercase().contains("<base");
        let likes = Likenesses::of(&question.plan);
        let mut tokens = likes.shown(&original, &veiled);
        for older in &older {
            let Some(older) = read(older) else { return Ok(None) };
            tokens.extend(likes.shown(&original, &older));
        }
        let forms = |page: &str| forms::forms(page, self.by.bounds.hold_bytes);
        let (Some(original), Some(veiled)) = (forms(&original), forms(&veiled)) else { return Ok(None) };
        let in_doubt = self.doubts.certain().filter_map(|doubt| Some(sent.get(doubt.span.start)?.name.as_str()));
        let in_doubt = in_doubt.collect();
        let leads = |form: &Form| {
            let same = form.charsets.as_deref().is_none_or(|charsets| readings::is_sent_in(charsets, charset));
            same && leads_to(&form.action, asked, has_base)
        };
        let page = Page { original, veiled, kinds: kinds.found(), tokens };
        let Some(issued) = IssuedForm::new(page, leads, &in_doubt, sent, &subject) else { return Ok(None) };
        let home = issued.restore(self.plan, self.doubts, sent)?;
        Ok(Some((posted.filled(asked.body(), &home)?, home)))
    }

    /// What is wrong with the record is wrong with the write, unless it can be tried again.
    fn told(&self, refusal: Refusal) -> Refusal {
        if is_of_the_record(&refusal) { self.doubts.refuse(self.plan) } else { refusal }
    }
}

/// Whether it is the record that cannot be judged, and not the gateway that cannot judge now.
pub(super) fn is_of_the_record(refusal: &Refusal) -> bool {
    !matches!(refusal.reason, Reason::Keys | Reason::Ledger | Reason::Overload | Reason::Internal)
}

/// The question for the record that a write is about.
pub(super) struct Question {
    asked: Asked,
    plan: Arc<Plan>,
}

impl Question {
    /// GET of the same path, if a resource declares it as a page of the same subject that reads.
    fn of(asked: &Asked, compared: &Compared<'_>) -> Option<Question> {
        let subject = asked.subject(compared.plan);
        subject.id.as_ref()?;
        let mut head = asked.head().clone();
        head.method = Method::GET;
        let query = kept(asked, compared)?;
        let path = &asked.path().text;
        let target = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
        head.uri = target.parse().ok()?;
        let names = head.headers.keys().filter(|name| is_of_the_body(name.as_str())).cloned().collect::<Vec<_>>();
        for name in names {
            head.headers.remove(name);
        }
        let again =
            Asked::new(compared.by.policy, head, Bytes::new(), compared.by.bounds).ok()?.made_for(asked.purpose());
        let plan = again.plan(compared.by.policy, compared.asks, compared.by.bounds).ok()?;
        again.screen(&plan, compared.by.bounds).ok()?;
        let other = again.subject(&plan);
        let reads = plan.event == Event::View && !plan.resources.is_empty();
        (reads && other.kind == subject.kind && other.id == subject.id).then_some(Question { asked: again, plan })
    }

    pub(super) fn about(&self) -> About {
        About::of(&self.asked, &self.plan, Reader { page: false, japanese: false }, String::new())
    }
}

/// The parameters of the query by which it says which record is meant.
fn names_in_query(compared: &Compared<'_>, asked: &Asked) -> Vec<String> {
    let of_query = compared.by.policy.query_names(asked.matched());
    let of_subjects = compared.plan.subjects.iter().filter_map(|source| match &source.at {
        SubjectAt::Query(name) => Some(name.clone()),
        _ => None,
    });
    of_query.into_iter().chain(of_subjects).map(|name| name.trim().to_lowercase()).collect()
}

/// Whether a form says of itself that it is about another record than its address: many servers take what
/// stands in the body under the address's own name.
pub(super) fn is_of_another(compared: &Compared<'_>, asked: &Asked, sent: &[Sent], subject: &str) -> bool {
    let mut names = names_in_query(compared, asked);
    names.extend(compared.plan.subjects.iter().filter_map(|source| match &source.at {
        // Behind its resource, which stands before the dot.
        SubjectAt::Path(key) => key.rsplit('.').next().map(str::to_lowercase),
        _ => None,
    }));
    let is_name = |name: &str| names.contains(&name.split('[').next().unwrap_or_default().trim().to_lowercase());
    sent.iter().any(|one| is_name(&one.name) && one.value.trim() != subject)
}

/// Of the query what says which record is meant; in old CRMs the rest of it may do something. Nothing where
/// that says something of a record too.
fn kept(asked: &Asked, compared: &Compared<'_>) -> Option<String> {
    let query = asked.head().uri.query().unwrap_or_default();
    let names = names_in_query(compared, asked);
    let name_of = |part: &str| {
        let name = part.split('=').next().unwrap_or_default().replace('+', " ");
        percent_encoding::percent_decode_str(&name).decode_utf8_lossy().trim().to_lowercase()
    };
    let (mine, others): (Vec<&str>, Vec<&str>) = query.split('&').filter(|part| !part.is_empty()).partition(|part| {
        let name = name_of(part);
        names.contains(&name)
    });
    // Whatever else stands there may say which record is meant: only what says what is done with it does not.
    let is_deed = |part: &&str| DEEDS.contains(&name_of(part).as_str());
    others.iter().all(is_deed).then(|| mine.join("&"))
}

/// Whether a header speaks of the body, or of what the write does.
pub(super) fn is_of_the_body(name: &str) -> bool {
    let other = ["expect", "prefer", "x-http-method", "x-http-method-override", "x-method-override"];
    name.starts_with("content-") || SIGNED.contains(&name) || other.contains(&name) || name == header::TRANSFER_ENCODING
}

/// Whether something in the head vouches for the body, so that it goes on as it came.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    SIGNED.iter().any(|name| headers.contains_key(*name))
}

/// Whether a form of a page leads to the path of that page, which is the one that was written to.
fn leads_to(action: &str, asked: &Asked, has_base: bool) -> bool {
    let lead = Address::of(asked.path(), asked.head()).lead(action, has_base);
    let path = lead.and_then(|(path, _)| normal::canonical(path.as_bytes()).ok());
    path.is_some_and(|path| path.folded() == asked.folded())
}

/// What was packed, if that is no longer than what is held.
pub(super) fn unpacked(coding: Coding, bytes: &[u8], bounds: &Bounds) -> Result<Vec<u8>, Refusal> {
    let mut unpacker = Unpacker::new(coding, bounds);
    let mut all = Vec::new();
    unpacker.feed(bytes);
    while let Some(piece) = unpacker.piece()? {
        all.extend(piece);
        if all.len() > bounds.hold_bytes {
            return Err(Refusal::new(Reason::Bound, "the record is longer than can be held"));
        }
    }
    unpacker.end()?;
    Ok(all)
}
