//! Between the gateway and a CRM that holds tokens: what goes on there has tokens in the place of values, and what
//! comes from there has values in the place of tokens. All else of an exchange sees values alone.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::{request, response};

use crate::body::charset::Charset;
use crate::body::rewriter::Rewriter;
use crate::body::{parts, readings};
use crate::format::files::Beginning;
use crate::format::multipart::{Files, MultipartWalker};
use crate::format::xml::calls;
use crate::format::{self, Format};
use crate::guard::outbound::Outbound;
use crate::guard::query::{Question, Stored};
use crate::guard::stored::{Inward, What, is_all_tokens};
use crate::guard::turned::{Outward, Turned};
use crate::policy::plan::{Plan, Unreadable};
use crate::route::normal;
use crate::serve::exchange::asked::{Asked, unreadable};
use crate::serve::exchange::forms::{self, Parameters};
use crate::serve::exchange::head::{edit_headers, show_headers};
use crate::serve::exchange::questions::is_vouched_for;
use crate::serve::exchange::reading::readable;
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
        let query = one_reading(readings::form(raw.as_bytes()), raw.as_bytes(), |text| {
            by.rewritten(Format::Form, text, || What::Written)
        })?;
        goes.take_query(query)?;
        if self.body().is_empty() {
            return Ok(goes);
        }
        let (format, text) = self.text().map_err(unreadable)?;
        let body =
            one_reading(all_readings(format, &text), self.body(), |text| by.rewritten(format, text, || What::Written))?;
        goes.take_body(body);
        Ok(goes)
    }

    /// A question: each value that is looked for whole becomes the token that the CRM compares.
    fn questions(&self, by: By<'_>) -> Result<Goes, Refusal> {
        let stored = Stored { plan: by.plan, store: &by.plan.store };
        let mut goes = Goes::default();
        is_all_tokens(stored, Question::Parameters(&self.named_segments(by.plan)))?;
        let raw = self.head().uri.query().unwrap_or_default();
        let query = one_reading(readings::form(raw.as_bytes()), raw.as_bytes(), |text| by.asked(Format::Form, text))?;
        goes.take_query(query)?;
        if self.body().is_empty() {
            return Ok(goes);
        }
        let (format, text) = self.text().map_err(unreadable)?;
        goes.take_body(one_reading(all_readings(format, &text), self.body(), |text| by.asked(format, text))?);
        Ok(goes)
    }
}

impl Goes {
    fn take_query(&mut self, made: Option<(Vec<u8>, usize)>) -> Result<(), Refusal> {
        let Some((query, tokens)) = made else { return Ok(()) };
        let odd = |_| Refusal::new(Reason::Ambiguous, "the query cannot be written again");
        self.query = Some(String::from_utf8(query).map_err(odd)?);
        self.tokens += tokens;
        Ok(())
    }

    fn take_body(&mut self, made: Option<(Vec<u8>, usize)>) {
        if let Some((body, tokens)) = made {
            self.body = Some(body.into());
            self.tokens += tokens;
        }
    }
}

/// A body in each way that a server may read it.
fn all_readings(format: Format, text: &[u8]) -> Vec<Cow<'_, [u8]>> {
    match format {
        Format::Form => readings::form(text),
        Format::Multipart => parts::readings(text),
        _ => vec![Cow::Borrowed(text)],
    }
}

/// What becomes of a text that can be read in one way; nothing where that is as it came. In which charset a form
/// is that can be read in several, its page would have to say: which value a token stands for hangs on it.
fn one_reading<'t>(
    readings: Vec<Cow<'t, [u8]>>,
    raw: &[u8],
    mut make: impl FnMut(&[u8]) -> Result<(Vec<u8>, usize), Refusal>,
) -> Result<Option<(Vec<u8>, usize)>, Refusal> {
    let is_alone = readings.len() == 1;
    for reading in readings {
        let made = make(&reading)?;
        if made.1 == 0 {
            continue;
        }
        if is_alone && *reading == *raw {
            return Ok(Some(made));
        }
        let note = "a value that the crm holds as a token came in a charset that nothing tells; send UTF-8";
        return Err(Refusal::new(Reason::RequestUnreadable, note));
    }
    Ok(None)
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

    /// A text with tokens in the place of values, and how many.
    fn rewritten<'w>(
        self,
        format: Format,
        text: &[u8],
        what: impl Fn() -> What<'w>,
    ) -> Result<(Vec<u8>, usize), Refusal> {
        let mut guard = Inward::new(self.plan, self.mint, what());
        let mut rewriter = Rewriter::new(self.walker(format).map_err(unreadable)?, self.bounds);
        let mut out = Vec::new();
        for chunk in text.chunks(STEP_BYTES) {
            if let Some(released) = rewriter.write(chunk, &mut guard).map_err(unreadable)? {
                out.extend(released.bytes);
            }
        }
        out.extend(rewriter.end(&mut guard).map_err(unreadable)?.bytes);
        Ok((out, guard.tokens))
    }

    /// A question with tokens in the place of what it looks for.
    fn asked(self, format: Format, text: &[u8]) -> Result<(Vec<u8>, usize), Refusal> {
        let stored = Stored { plan: self.plan, store: &self.plan.store };
        let sought = self.read(format, text, |question| stored.sought(question))?.unwrap_or_default();
        if sought.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let made = self.rewritten(format, text, || What::Sought(&sought))?;
        self.read(format, &made.0, |question| is_all_tokens(stored, question))?;
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
        plan: &Plan,
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
        Ok(Some(Box::new(Back { rewriter, guard: Outward::new(&plan.kinds, mint) })))
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
    plan: &Plan,
    mint: &Arc<dyn Mint>,
    guard: &mut Outbound,
) -> Result<(), Refusal> {
    if plan.store.is_there {
        let mut outward = Outward::new(&plan.kinds, mint);
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
    (plan, mint): (&Plan, &Arc<dyn Mint>),
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
