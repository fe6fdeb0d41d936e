//! Names and values of a request: its query, and its body where that is a form, in either of the two
//! ways that forms are sent and in each charset that they may be in.

use std::borrow::Cow;
use std::ops::Range;

use http::header::HeaderMap;

use crate::body::{parts, readings};
use crate::format::multipart;
use crate::guard::restore::{Doubt, Touch, Why};
use crate::policy::plan::Plan;
use crate::route::normal;
use crate::serve::exchange::asked::{content_type, unreadable};
use crate::terms::bounds::Bounds;
use crate::terms::refusal::{Reason, Refusal};

/// Names and values in the order of the request.
pub(super) type Parameters = Vec<(String, String)>;

/// A query or a form in each way in which it can be read: one, unless it is no UTF-8.
pub(super) fn parameters(raw: &[u8]) -> Result<Vec<Parameters>, Refusal> {
    readings::form(raw).iter().map(|reading| normal::pairs(reading)).collect()
}

/// The fields of a body in each way in which it can be read; none where it is no form.
pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Parameters>, Refusal> {
    if is_plain(headers) {
        return parameters(body).map_err(|refusal| Refusal { reason: Reason::RequestUnreadable, ..refusal });
    }
    if !body.is_empty() && media(headers).eq_ignore_ascii_case("multipart/form-data") {
        let form =
            |reading: &Cow<'_, [u8]>| Ok(multipart::form(reading, &Bounds::default()).map_err(unreadable)?.fields);
        return parts::readings(body).iter().map(form).collect();
    }
    Ok(vec![Vec::new()])
}

/// Doubts about a reading of a form, as the numbers of its fields: they are the same in every reading. A
/// name in doubt is refused.
pub(super) fn numbered(reading: &[u8], plan: &Plan, doubts: Vec<Doubt>) -> Result<Vec<Doubt>, Refusal> {
    let numbered = |doubt: Doubt| {
        let before = reading.get(..doubt.span.start).unwrap_or_default();
        let number = before.iter().filter(|byte| **byte == b'&').count();
        let own = before.rsplit(|byte| *byte == b'&').next().unwrap_or_default();
        // Behind the name a `=` stands.
        if own.contains(&b'=') { Ok(Doubt { span: number..number + 1, ..doubt }) } else { Err(doubt.refuse(plan)) }
    };
    doubts.into_iter().map(numbered).collect()
}

/// The same of a form in parts. What is in doubt in a file, or in the head of a part, is refused.
pub(super) fn numbered_parts(reading: &[u8], plan: &Plan, doubts: Vec<Doubt>) -> Result<Vec<Doubt>, Refusal> {
    if doubts.is_empty() {
        return Ok(doubts);
    }
    let places = parts::places(reading).unwrap_or_default();
    let numbered = |doubt: Doubt| {
        let holds = |(place, is_file): &(Range<usize>, bool)| {
            !is_file && place.start <= doubt.span.start && doubt.span.end <= place.end
        };
        match places.iter().position(holds) {
            Some(number) => Some(Ok(Doubt { span: number..number + 1, ..doubt })),
            // A file is never compared, and every other one holds letters and digits.
            None if doubt.why == Why::Text => None,
            None => Some(Err(doubt.refuse(plan))),
        }
    };
    doubts.into_iter().filter_map(numbered).collect()
}

/// Where a reading of a form says how somebody is reached, as the numbers of its fields.
pub(super) fn touched(reading: &[u8], touches: Vec<Touch>) -> Vec<Touch> {
    let numbered = |touch: Touch| {
        let number = reading.get(..touch.span.start)?.iter().filter(|byte| **byte == b'&').count();
        Some(Touch { span: number..number + 1, ..touch })
    };
    touches.into_iter().filter_map(numbered).collect()
}

/// The same of a form in parts.
pub(super) fn touched_parts(reading: &[u8], touches: Vec<Touch>) -> Vec<Touch> {
    let places = parts::places(reading).unwrap_or_default();
    let numbered = |touch: Touch| {
        let holds = |(place, is_file): &(Range<usize>, bool)| {
            !is_file && place.start <= touch.span.start && touch.span.end <= place.end
        };
        let number = places.iter().position(holds)?;
        Some(Touch { span: number..number + 1, ..touch })
    };
    touches.into_iter().filter_map(numbered).collect()
}

/// Whether the body is a form as browsers send it by default.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    media(headers).eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The fields of a form in parts that only reads: it may hold nothing but fields.
pub(super) fn question(body: &[u8]) -> Result<Parameters, Refusal> {
    let form = multipart::form(body, &Bounds::default()).map_err(unreadable)?;
    if form.files {
        return Err(Refusal::new(Reason::RequestUnreadable, "the question in the body holds a file"));
    }
    Ok(form.fields)
}

fn media(headers: &HeaderMap) -> &str {
    let kind = content_type(headers).ok().flatten().unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}
