//! What an answer's body is read as, and what must stand in it.
//!
//! Type, name and first bytes say it together, before anything is shown; where they do not agree, the answer is
//! refused.

use http::header::{self, HeaderValue};
use http::{StatusCode, response};

use crate::body::charset::{self, Charset};
use crate::format::files::{self, Beginning};
use crate::format::json::wrapped;
use crate::format::{Format, media};
use crate::guard::outbound::Outbound;
use crate::policy::plan::{Errors, Plan, Unlisted};
use crate::terms::refusal::{Reason, Refusal};

/// The body's form and charset, if the resource can read it.
pub(super) fn readable(
    head: &response::Parts,
    first: Beginning<'_>,
    plan: &Plan,
) -> Result<(Format, Charset), Refusal> {
    let mut kinds = head.headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().map(HeaderValue::to_str).transpose();
    let (Ok(kind), None) = (kind, kinds.next()) else {
        return Err(Refusal::new(Reason::Unreadable, "`Content-Type` stands twice or is no text"));
    };
    let disposition = head.headers.get(header::CONTENT_DISPOSITION).map(HeaderValue::as_bytes);
    let knows = |heading: &str| plan.places.headings.knows(heading);
    let really = kind.and_then(|kind| files::really(kind, disposition, first, &knows));
    let first = first.bytes;
    let (format, charset) = charset::of(really.as_deref().or(kind), first)?;
    // What a callback is handed is JSON for whoever asked for it: paths and records count in there.
    let called = format == Format::Script && plan.has_json_paths() && wrapped::is_called(first);
    let format = if called { Format::Json } else { format };
    if format == Format::Multipart {
        return Err(Refusal::new(Reason::Unreadable, "an answer in parts is not read"));
    }
    // A picture of a card is all of its values at once, and no field names any of them.
    if format == Format::Opaque && plan.unlisted != Unlisted::Scan && plan.may_veil() {
        return Err(Refusal::new(Reason::Rule, "the answer is an image, in which the resource's fields name nothing"));
    }
    if head.status.is_success() && !plan.has_place_in(format) {
        return Err(Refusal::new(Reason::Shape, "the resource names no place in an answer of this format"));
    }
    Ok((format, charset))
}

/// What the CRM calls its body.
pub(super) fn kind(head: &response::Parts) -> Option<&str> {
    head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok())
}

/// Whether the CRM calls its body a stream of events.
pub(super) fn is_stream(head: &response::Parts) -> bool {
    kind(head).is_some_and(|kind| media::claim(kind).is_ok_and(|claim| claim.essence == "text/event-stream"))
}

/// Whether staff gets a fixed page in the place of this one.
pub(super) fn is_error_page(status: StatusCode, format: Format, plan: &Plan) -> bool {
    status.is_server_error()
        && plan.errors == Errors::Page
        && !matches!(format, Format::Json | Format::Xml | Format::Calls)
}

/// A successful page, table or text must hold a place of each declared kind; scripts and style sheets
/// hold no records, but for a call that browsers show as a page.
pub(super) fn expect(head: &response::Parts, format: Format, guard: &mut Outbound) {
    if head.status.is_success() {
        guard.expect_one_subject();
    }
    let is_shown = format == Format::Script && kind(head).is_some_and(files::is_shown_by_type);
    if head.status.is_success() && (is_shown || matches!(format, Format::Html | Format::Csv | Format::Text)) {
        guard.expect_shape();
    }
    if matches!(format, Format::Script | Format::Style | Format::Events) {
        guard.without_records();
    }
}
