//! The table of a write whose resource says by which column its rows are known: the body itself, or the one file of a
//! form in parts.
//!
//! What stands beside it, in a form, in the address or in its media type, may tell the CRM where its columns go. So
//! nothing may stand there but what the rules name, and the tokens by which servers know their own pages.

use std::borrow::Cow;
use std::ops::Range;

use http::header;
use memchr::memmem;

use crate::body::{anew, parts, readings};
use crate::format::{Format, media};
use crate::guard::restore::{Doubt, Home};
use crate::policy::plan::Plan;
use crate::serve::exchange::asked::{self, Asked};
use crate::terms::label;
use crate::terms::place::Place;
use crate::terms::refusal::{Reason, Refusal};

/// What tokens are called by which a server knows its own pages.
const TOKENS: [&str; 5] = ["csrf", "xsrf", "authenticitytoken", "requestverificationtoken", "formtoken"];

/// The bytes of one in a charset.
pub(super) struct Table<'a> {
    /// It in UTF-8.
    pub text: Cow<'a, str>,
    charset: &'static str,
    /// Where it stands in the body.
    place: Range<usize>,
    /// Whether that is a file of a form.
    pub is_file: bool,
}

/// Whether veils in a table go home to the rows that they came from.
pub(super) fn is_meant(plan: &Plan) -> bool {
    plan.recall.as_ref().is_some_and(|recall| matches!(recall.values, Some(Place::Name(_))))
}

/// The table that a write holds; nothing where it holds none, or where nobody knows what is done with it.
pub(super) fn of<'a>(asked: &'a Asked, plan: &Plan) -> Option<Table<'a>> {
    if !is_meant(plan) || asked.headers().contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let kind = asked::content_type(asked.headers()).ok()??;
    let body = asked.body();
    let is_form = media::claim(kind).ok()?.essence == "multipart/form-data";
    let (kind, place) = if is_form { file(body, plan)? } else { (kind.to_owned(), 0..body.len()) };
    let bytes = body.get(place.clone())?;
    let recall = plan.recall.as_ref()?;
    let is_named = |(name, _): &(String, String)| recall.beside.contains(&label::fold(name));
    if !asked.queries.iter().flatten().all(is_named) || !says_nothing_more(&kind) {
        return None;
    }
    let kind = if is_form && media::is_table_called_workbook(&kind, bytes) { "text/csv" } else { &kind };
    let sent = readings::sent(Some(kind), bytes).ok()?;
    let charset = sent.charset.filter(|_| sent.format == Format::Csv)?;
    let text = match sent.text {
        Cow::Borrowed(text) => Cow::Borrowed(str::from_utf8(text).ok()?),
        Cow::Owned(text) => Cow::Owned(String::from_utf8(text).ok()?),
    };
    Some(Table { text, charset, place, is_file: is_form })
}

/// The one file of a form: what it says that it is, and where it stands.
fn file(body: &[u8], plan: &Plan) -> Option<(String, Range<usize>)> {
    let parts = parts::all(body)?;
    let is_known = |name: &str| {
        let plain: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let named = plan.recall.as_ref().is_some_and(|recall| recall.beside.contains(&label::fold(name)));
        named || TOKENS.iter().any(|token| plain.contains(token))
    };
    let (files, fields): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.is_file);
    // A control into which nobody has put a file is sent too.
    let mut files = files.into_iter().filter(|file| !file.body.is_empty());
    let (Some(one), None) = (files.next(), files.next()) else { return None };
    fields.iter().all(|field| is_known(&field.name)).then_some(())?;
    Some((one.kind?, one.body))
}

/// Whether a media type says no more of a table than its charset: without headings it is read by its columns' places.
fn says_nothing_more(kind: &str) -> bool {
    kind.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase()).all(|part| {
        let (name, value) = part.split_once('=').unwrap_or((&part, ""));
        name.is_empty() || name == "charset" || (name == "header" && value == "present")
    })
}

impl Table<'_> {
    /// The body with originals in the table; where a charset has no characters for them, nothing goes on.
    pub(super) fn filled(&self, body: &[u8], home: &Home) -> Result<Vec<u8>, Refusal> {
        let raw = body.get(self.place.clone()).ok_or_else(misplaced)?;
        let table = filled(raw, self.text.as_bytes(), self.charset, home)?;
        let delimiter = parts::delimiter(body).filter(|_| self.is_file).unwrap_or_default();
        // What goes home would end the file, at least for some.
        let boundary = delimiter.trim_ascii_start();
        if !boundary.is_empty() && memmem::find(&table, boundary).is_some() {
            return Err(Refusal::new(Reason::Veil, "a value that goes home holds the form's boundary"));
        }
        let (before, behind) = (&body[..self.place.start], &body[self.place.end..]);
        Ok([before, &table[..], behind].concat())
    }
}

/// A text with originals in their places, in its own charset.
pub(super) fn filled(raw: &[u8], text: &[u8], charset: &str, home: &Home) -> Result<Vec<u8>, Refusal> {
    if home.fills.is_empty() {
        return Ok(raw.to_vec());
    }
    let fills: Vec<(Range<usize>, &str)> =
        home.fills.iter().map(|fill| (fill.span.clone(), fill.text.as_str())).collect();
    let lacks = "a value that goes home has no characters in the charset of the body; nothing was saved";
    anew::filled(raw, text, charset, &fills).ok_or_else(|| Refusal::new(Reason::Veil, lacks))
}

/// Whether all that is in doubt in a reading of a form stands in its one file, and is as much as in the table.
pub(super) fn is_all_in_the_file(reading: &[u8], doubts: &[Doubt], in_table: usize) -> bool {
    let files = parts::places(reading).unwrap_or_default();
    let is_inside = |doubt: &Doubt| {
        files.iter().any(|(file, is_file)| *is_file && file.start <= doubt.span.start && doubt.span.end <= file.end)
    };
    doubts.len() == in_table && doubts.iter().all(is_inside)
}

fn misplaced() -> Refusal {
    Refusal::new(Reason::Internal, "what went home does not lie where its veil stood")
}
