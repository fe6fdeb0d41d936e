//! Between the gateway and a CRM that holds tokens: what goes on there has tokens in the place of values, and what
//! comes from there has values in the place of tokens. All else of an exchange sees values alone.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::{request, response};

use crate::body::charset::{self, Charset};
use crate::body::rewriter::Rewriter;
use crate::body::{parts, readings};
use crate::format::files::Beginning;
use crate::format::multipart::{Files, MultipartWalker};
use crate::format::xml::calls;
use crate::format::{self, Format, media};
use crate::guard::outbound::Outbound;
use crate::guard::query::{Question, Stored};
use crate::guard::stored::{Inward, Standing, What, is_all_tokens};
use crate::guard::turned::{Outward, Turned};
use crate::policy::plan::{Plan, Unreadable};
use crate::route::normal;
use crate::serve::exchange::asked::{Asked, content_type, unreadable};
use crate::serve::exchange::forms::{self, Parameters};
use crate::serve::exchange::head::{edit_headers, show_headers};
use crate::serve::exchange::questions::is_vouched_for;
use crate::serve::exchange::reading::readable;
use crate::terms::action::Token;
use crate::terms::bounds::Bounds;
use crate::terms::edit::Guard;
use crate::terms::leaf::Walker;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};

/// Bodies are shown to their walkers in steps, so that these need not hold a second copy.
const STEP_BYTES: usize = 64 << 10;

/// What goes on in the place of what staff sent.
#[derive(Default)]
pub(super) struct Goes {
    query: Option<String>,
    body: Option<Bytes>,
    /// How many values go on as tokens.
    pub tokens: usize,
}

impl Goes {
    /// The body that goes on, if it is another.
    pub(super) fn body(self) -> Option<Bytes> {
        self.body
    }

    /// Puts it into a request.
    pub(super) fn put(&self, head: &mut request::Parts, body: &mut Bytes) -> Result<(), Refusal> {
        if let Some(query) = &self.query {
            let odd = |_| Refusal::new(Reason::Ambiguous, "the target cannot be written again");
            head.uri = format!("{}?{query}", head.uri.path()).parse().map_err(odd)?;
        }
        if let Some(own) = &self.body {
            body.clone_from(own);
        }
        Ok(())
    }
}

/// What tokens are made by.
#[derive(Clone, Copy)]
struct By<'a> {
    plan: &'a Plan,
    mint: &'a dyn Mint,
    bounds: &'a Bounds,
}

impl Asked {
    /// What of the request goes on as tokens; nothing where it goes on as it is.
    pub(super) fn goes(&self, plan: &Plan, mint: &dyn Mint, bounds: &Bounds) -> Result<Option<Goes>, Refusal> {
        if plan.store.tokens.is_empty() {
            return Ok(None);
        }
        let by = By { plan, mint, bounds };
        let goes = if self.writes(plan) { self.written(by)? } else { self.questions(by)? };
        if goes.tokens > 0 && is_vouched_for(self.headers()) {
            let note = "the request is signed, so that what the crm holds as tokens cannot be put into it";
            return Err(Refusal::new(Reason::Rule, note));
        }
        Ok((goes.tokens > 0).then_some(goes))
    }

    /// A write: each value becomes a token that stands where the CRM holds one.
    fn written(&self, by: By<'_>) -> Result<Goes, Refusal> {
        let mut goes = Goes::default();
        let raw = self.head().uri.query().unwrap_or_default();
        let named = named_charset(None, raw.as_bytes())?;
        goes.take_query(one_reading(Format::Form, (readings::form(raw.as_bytes()), named), raw.as_bytes(), |text| {
            by.rewritten(Format::Form, text, || What::Written)
        })?)?;
        if self.body().is_empty() {
            return Ok(goes);
        }
        let sent = self.sent().map_err(unreadable)?;
        let made = match (sent.format, sent.charset.and_then(charset::by_name)) {
            (Format::Form, _) => {
                let named = named_charset(content_type(self.headers())?, self.body())?;
                one_reading(Format::Form, (readings::form(&sent.text), named), self.body(), |text| {
                    by.rewritten(sent.format, text, || What::Written)
                })?
            }
            // What is no form is in the charset that it says.
            (format, Some(own)) if format != Format::Multipart && own != Charset::Utf8 => {
                Some(by.rewritten_in((format, own), self.body(), || What::Written)?).filter(|made| made.tokens > 0)
            }
            (format, _) => one_reading(format, (all_readings(format, &sent.text), None), self.body(), |text| {
                by.rewritten(format, text, || What::Written)
            })?,
        };
        goes.take_body(made);
        Ok(goes)
    }

    /// A question: each value that is looked for whole becomes the token that the CRM compares.
    fn questions(&self, by: By<'_>) -> Result<Goes, Refusal> {
        let stored = Stored { plan: by.plan, store: &by.plan.store };
        let mut goes = Goes::default();
        is_all_tokens(stored, Question::Parameters(&self.named_segments(by.plan)))?;
        let raw = self.head().uri.query().unwrap_or_default();
        let query = one_reading(Format::Form, (readings::form(raw.as_bytes()), None), raw.as_bytes(), |text| {
            by.asked(Format::Form, text)
        })?;
        goes.take_query(query)?;
        if self.body().is_empty() {
            return Ok(goes);
        }
        let (format, text) = self.text().map_err(unreadable)?;
        goes.take_body(one_reading(format, (all_readings(format, &text), None), self.body(), |text| {
            by.asked(format, text)
        })?);
        Ok(goes)
    }
}

impl Goes {
    fn take_query(&mut self, made: Option<Made>) -> Result<(), Refusal> {
        let Some(made) = made else { return Ok(()) };
        let odd = |_| Refusal::new(Reason::Ambiguous, "the query cannot be written again");
        self.query = Some(String::from_utf8(made.bytes).map_err(odd)?);
        self.tokens += made.tokens;
        Ok(())
    }

    fn take_body(&mut self, made: Option<Made>) {
        if let Some(made) = made {
            self.body = Some(made.bytes.into());
            self.tokens += made.tokens;
        }
    }
}

/// A text with tokens in the place of values.
#[derive(Default)]
struct Made {
    bytes: Vec<u8>,
    /// How many there are.
    tokens: usize,
    /// Each of them.
    standing: Vec<Standing>,
}

/// A body in each way that a server may read it.
fn all_readings(format: Format, text: &[u8]) -> Vec<Cow<'_, [u8]>> {
    match format {
        Format::Form => readings::form(text),
        Format::Multipart => parts::readings(text),
        _ => vec![Cow::Borrowed(text)],
    }
}

/// The charset that a form says it is in: by its label, or as browsers fill in a control that is called so. Two
/// that differ say nothing.
fn named_charset(content_type: Option<&str>, form: &[u8]) -> Result<Option<&'static str>, Refusal> {
    const CONTROL: &str = "_charset_";
    let label = content_type.map(media::claim).transpose()?.and_then(|claim| claim.charset);
    let control = form.split(|byte| *byte == b'&').filter_map(|pair| pair.strip_prefix(CONTROL.as_bytes()));
    let control = control.filter_map(|rest| str::from_utf8(rest.strip_prefix(b"=")?).ok()).map(str::to_owned);
    let named: Vec<Option<&'static str>> =
        label.into_iter().chain(control).map(|name| readings::charset_of(&name)).collect();
    Ok(named.first().copied().flatten().filter(|first| named.iter().all(|other| *other == Some(first))))
}

/// What becomes of a text that can be read in several ways; nothing where that is as it came. In which charset a
/// form is that says none, its page would have to say: which value a token stands for hangs on it. So all readings
/// must agree on the values that become tokens, or the form says in which it is.
fn one_reading(
    format: Format,
    (all, named): (Vec<Cow<'_, [u8]>>, Option<&'static str>),
    raw: &[u8],
    mut make: impl FnMut(&[u8]) -> Result<Made, Refusal>,
) -> Result<Option<Made>, Refusal> {
    let doubt = || {
        let note = "a value that the crm holds as a token came in a charset that nothing tells; send UTF-8";
        Refusal::new(Reason::RequestUnreadable, note)
    };
    let own: Option<Vec<u8>> = match named {
        Some(named) if *all[0] != *raw || all.len() > 1 => Some(readings::form_in(raw, named).ok_or_else(doubt)?),
        _ => None,
    };
    let all = own.map_or(all, |own| vec![Cow::Owned(own)]);
    let mut first: Option<(Vec<u8>, Made)> = None;
    for reading in all {
        let made = make(&reading)?;
        match &first {
            Some((_, other)) if other.standing != made.standing => return Err(doubt()),
            Some(_) => {}
            None => first = Some((reading.into_owned(), made)),
        }
    }
    let Some((reading, made)) = first.filter(|(_, made)| made.tokens > 0) else { return Ok(None) };
    if reading == raw {
        return Ok(Some(made));
    }
    // What is no form has no pieces that could be put back where they stood.
    if format != Format::Form {
        return Err(doubt());
    }
    let bytes = readings::spliced(raw, &reading, &made.bytes).ok_or_else(doubt)?;
    Ok(Some(Made { bytes, ..made }))
}

/// What stands in a text at the places of kinds that the CRM holds as tokens.
pub(super) fn standing(
    plan: &Plan,
    mint: &dyn Mint,
    bounds: &Bounds,
    (format, text): (Format, &[u8]),
) -> Result<Vec<Standing>, Refusal> {
    Ok(By { plan, mint, bounds }.rewritten(format, text, || What::Seen)?.standing)
}

/// A text in which each such value is a token of now, and what stands there then. A dry run notes nothing.
pub(super) fn renewed(
    plan: &Plan,
    mint: &dyn Mint,
    bounds: &Bounds,
    (format, text): (Format, &[u8]),
    dry: bool,
) -> Result<(Vec<u8>, Vec<Standing>), Refusal> {
    let what = || if dry { What::Tried } else { What::Renewed };
    let made = By { plan, mint, bounds }.rewritten(format, text, what)?;
    Ok((made.bytes, made.standing))
}

impl By<'_> {
    fn walker(self, format: Format) -> Result<Box<dyn Walker>, Refusal> {
        let By { plan, bounds, .. } = self;
        match (format, plan.unreadable) {
            (Format::Multipart, Unreadable::Pass) => {
                Ok(Box::new(MultipartWalker::new(Arc::clone(&plan.places), bounds, Files::Pass)))
            }
            _ => format::walker(format, &plan.places, bounds),
        }
    }

    /// A text with tokens in the place of values.
    fn rewritten<'w>(self, format: Format, text: &[u8], what: impl Fn() -> What<'w>) -> Result<Made, Refusal> {
        self.rewritten_in((format, Charset::Utf8), text, what)
    }

    /// The same of one that is in this charset.
    fn rewritten_in<'w>(
        self,
        (format, charset): (Format, Charset),
        text: &[u8],
        what: impl Fn() -> What<'w>,
    ) -> Result<Made, Refusal> {
        let mut guard = Inward::new(self.plan, self.mint, what());
        let walker = self.walker(format).map_err(unreadable)?;
        let mut rewriter = Rewriter::in_charset(walker, charset, self.bounds);
        let mut bytes = Vec::new();
        for chunk in text.chunks(STEP_BYTES) {
            if let Some(released) = rewriter.write(chunk, &mut guard).map_err(unreadable)? {
                bytes.extend(released.bytes);
            }
        }
        bytes.extend(rewriter.end(&mut guard).map_err(unreadable)?.bytes);
        Ok(Made { bytes, tokens: guard.tokens, standing: guard.standing })
    }

    /// A question with tokens in the place of what it looks for.
    fn asked(self, format: Format, text: &[u8]) -> Result<Made, Refusal> {
        let stored = Stored { plan: self.plan, store: &self.plan.store };
        let sought = self.read(format, text, |question| stored.sought(question))?.unwrap_or_default();
        if sought.is_empty() {
            return Ok(Made::default());
        }
        let made = self.rewritten(format, text, || What::Sought(&sought))?;
        // Tokens that look like values would be asked about like values.
        let looks_like = self.plan.store.tokens.values().any(|token| matches!(token, Token::Format { .. }));
        let proof = looks_like.then(|| self.rewritten(format, text, || What::Proven(&sought))).transpose()?;
        let proof = proof.as_ref().map_or(&made.bytes, |proof| &proof.bytes);
        self.read(format, proof, |question| is_all_tokens(stored, question))?;
        Ok(made)
    }

    /// What a question says, to whoever reads it; nothing where its form is none of a question.
    fn read<T>(
        self,
        format: Format,
        text: &[u8],
        look: impl FnOnce(Question<'_>) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        let parameters: Parameters;
        let json: String;
        let question = match format {
            Format::Json => Question::Json(text),
            Format::Xml => Question::Xml(text),
            Format::Calls => {
                json = calls::as_json(text, self.bounds)?;
                Question::Json(json.as_bytes())
            }
            Format::Form => {
                parameters = normal::pairs(text)?;
                Question::Parameters(&parameters)
            }
            Format::Multipart => {
                parameters = forms::question(text)?;
                Question::Parameters(&parameters)
            }
            Format::Text => match std::str::from_utf8(text) {
                Ok(text) => Question::Text(text),
                Err(_) => return Ok(None),
            },
            _ => return Ok(None),
        };
        look(question).map(Some)
    }
}

/// Turns the tokens of one answer back as its bytes come.
pub(super) struct Back {
    rewriter: Rewriter,
    guard: Outward,
}

impl Back {
    /// For a body of this form; nothing where the CRM holds no tokens.
    pub(super) fn of(
        plan: &Arc<Plan>,
        mint: &Arc<dyn Mint>,
        (format, charset): (Format, Charset),
        bounds: &Bounds,
    ) -> Result<Option<Box<Back>>, Refusal> {
        if !plan.store.is_there || format == Format::Opaque {
            return Ok(None);
        }
        let walker = format::walker(format, &plan.places, bounds)?;
        let mut rewriter = Rewriter::in_charset(walker, charset, bounds);
        if format == Format::Events {
            rewriter = rewriter.event_by_event();
        }
        Ok(Some(Box::new(Back { rewriter, guard: Outward::new(plan, mint) })))
    }

    /// Takes the next bytes; gives what can be judged, and what of it was a token.
    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<(Vec<u8>, Turned), Refusal> {
        let released = self.rewriter.write(chunk, &mut self.guard)?;
        Ok((released.map(|released| released.bytes).unwrap_or_default(), self.guard.turned()))
    }

    /// The same of what is left.
    pub(super) fn end(&mut self) -> Result<(Vec<u8>, Turned), Refusal> {
        let released = self.rewriter.end(&mut self.guard)?;
        Ok((released.bytes, self.guard.turned()))
    }

    /// How many bytes are held now.
    pub(super) fn held(&self) -> usize {
        self.rewriter.held()
    }
}

/// Turns the tokens of an answer's head back, and shows it to the guard of the answer.
pub(super) fn headers(
    head: &mut response::Parts,
    plan: &Arc<Plan>,
    mint: &Arc<dyn Mint>,
    guard: &mut Outbound,
) -> Result<(), Refusal> {
    if plan.store.is_there {
        let mut outward = Outward::new(plan, mint);
        for (number, (name, value)) in head.headers.iter().enumerate() {
            // What is no text is refused below.
            if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
                outward.header(number, |sink| format::header::leaves(name.as_str(), text, sink))?;
            }
        }
        edit_headers(&mut head.headers, outward.finish()?)?;
        guard.turned(outward.turned());
    }
    show_headers(&head.headers, guard)
}

/// A whole body as a CRM without tokens would give it.
pub(super) fn whole(
    head: &response::Parts,
    body: Bytes,
    (plan, mint): (&Arc<Plan>, &Arc<dyn Mint>),
    guard: &mut Outbound,
    bounds: &Bounds,
) -> Result<Bytes, Refusal> {
    // What cannot be read is refused, or passed, by whoever judges it.
    let beginning = Beginning { bytes: &body, is_all: true };
    let Some(read) = readable(head, beginning, plan).ok().filter(|_| plan.store.is_there && !body.is_empty()) else {
        return Ok(body);
    };
    let Some(mut back) = Back::of(plan, mint, read, bounds)? else { return Ok(body) };
    let mut all = Vec::with_capacity(body.len());
    for (bytes, turned) in [back.write(&body)?, back.end()?] {
        all.extend(bytes);
        guard.turned(turned);
    }
    Ok(all.into())
}
