//! Names and values of a request: its query, and its body where that is a form, in either of the two
//! ways that forms are sent and in each charset that they may be in.

use std::borrow::Cow;

use http::header::HeaderMap;

use crate::body::{parts, readings};
use crate::format::multipart;
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
    match media(headers).as_str() {
        "application/x-www-form-urlencoded" => {
            parameters(body).map_err(|refusal| Refusal { reason: Reason::RequestUnreadable, ..refusal })
        }
        "multipart/form-data" if !body.is_empty() => {
            let form =
                |reading: &Cow<'_, [u8]>| Ok(multipart::form(reading, &Bounds::default()).map_err(unreadable)?.fields);
            parts::readings(body).iter().map(form).collect()
        }
        _ => Ok(vec![Vec::new()]),
    }
}

/// Whether the body is a form as browsers send it by default.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    media(headers) == "application/x-www-form-urlencoded"
}

/// The fields of a form in parts that only reads: it may hold nothing but fields.
pub(super) fn question(body: &[u8]) -> Result<Parameters, Refusal> {
    let form = multipart::form(body, &Bounds::default()).map_err(unreadable)?;
    if form.files {
        return Err(Refusal::new(Reason::RequestUnreadable, "the question in the body holds a file"));
    }
    Ok(form.fields)
}

fn media(headers: &HeaderMap) -> String {
    let kind = content_type(headers).ok().flatten().unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
