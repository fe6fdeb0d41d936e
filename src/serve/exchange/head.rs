//! The head of the CRM's answer on its way to staff: what is taken out, what is added, and how the
//! verdict on its values is carried out.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Version, response};

use crate::body::coding::{self, Coding};
use crate::body::{charset, extended, readings, rewriter, words};
use crate::format::{self, Format};
use crate::guard::outbound::Outbound;
use crate::serve::exchange::answer::About;
use crate::serve::exchange::leads::{self, Own};
use crate::serve::exchange::protect;
use crate::serve::gate::hop;
use crate::terms::edit::{Document, Edit, Verdict};
use crate::terms::refusal::{Reason, Refusal};

/// Headers that speak of the CRM's own bytes, which staff does not get, or of their place there.
const OF_THE_ORIGINAL: [HeaderName; 9] = [
    header::ETAG,
    header::LAST_MODIFIED,
    header::ACCEPT_RANGES,
    header::CONTENT_RANGE,
    header::CONTENT_LOCATION,
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("content-md5"),
];

/// Headers of a long answer: it leaves before all of it is known, so nothing else may pass.
const OF_A_LONG_ANSWER: [HeaderName; 11] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LANGUAGE,
    header::DATE,
    header::VARY,
    header::CACHE_CONTROL,
    header::REFERRER_POLICY,
    // What the CRM forbids browsers stays forbidden.
    header::CONTENT_SECURITY_POLICY,
    header::STRICT_TRANSPORT_SECURITY,
    header::X_FRAME_OPTIONS,
];

/// Headers of an answer in which nobody reads a body that would tell which of their words are veiled: what
/// such an answer is for, and nothing that repeats a record.
const WITHOUT_A_BODY: [HeaderName; 14] = [
    header::ALLOW,
    header::LOCATION,
    HeaderName::from_static("refresh"),
    HeaderName::from_static("hx-redirect"),
    HeaderName::from_static("x-inertia-location"),
    header::RETRY_AFTER,
    header::SET_COOKIE,
    header::WWW_AUTHENTICATE,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// What the head said of the CRM's own bytes.
pub(super) struct Taken {
    /// What they are packed in.
    pub coding: Option<Coding>,
    /// How long they may be kept, for bytes that staff gets as they are.
    pub keeps: Option<HeaderValue>,
}

/// Takes out of the head what is not for staff.
pub(super) fn clean(head: &mut response::Parts, about: &About, own: Own<'_>) -> Result<Taken, Refusal> {
    if head.status == StatusCode::PARTIAL_CONTENT || head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Refusal::new(Reason::Unreadable, "a part of an answer cannot be judged"));
    }
    // Nobody was asked whether staff's copy is still good.
    if head.status == StatusCode::NOT_MODIFIED {
        return Err(Refusal::new(Reason::Unreadable, "the crm says that nothing changed although it was not asked"));
    }
    // Whoever may not see what stands here is not told either that nothing does.
    if matches!(head.status, StatusCode::NOT_FOUND | StatusCode::GONE) && about.plan().blocks() {
        return Err(Refusal::new(Reason::Rule, "a rule blocks what the resource holds, whether it is there or not"));
    }
    let coding = coding::of(head.headers.get_all(header::CONTENT_ENCODING).iter().map(HeaderValue::as_bytes))?;
    // How an answer to staff is framed must not hang on the version that the CRM speaks.
    head.version = Version::HTTP_11;
    head.extensions.clear();
    let headers = &mut head.headers;
    hop::response_headers(headers);
    protect::clean(headers);
    for name in &OF_THE_ORIGINAL {
        headers.remove(name);
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    let keeps = keeps(headers);
    in_utf8(headers)?;
    leads::settle(headers, about, own)?;
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(Taken { coding, keeps })
}

/// Writes values in UTF-8 as they are: old CRMs send the name of a file in the bytes of their own
/// charset, which a browser may or may not guess, and frameworks send what is no Latin-1 in the codes of
/// mail.
fn in_utf8(headers: &mut HeaderMap) -> Result<(), Refusal> {
    for (name, value) in headers.iter_mut() {
        let old = match std::str::from_utf8(value.as_bytes()) {
            Err(_) if *name != header::CONTENT_DISPOSITION => continue,
            Err(_) => Some(readings::header(value.as_bytes())?),
            Ok(_) => None,
        };
        let text = old.as_deref().or_else(|| std::str::from_utf8(value.as_bytes()).ok()).unwrap_or_default();
        let coded = words::plain(text)?.or_else(|| old.clone());
        let spelled = extended::in_utf8(name.as_str(), coded.as_deref().unwrap_or(text))?;
        let Some(text) = spelled.or(coded) else { continue };
        *value = HeaderValue::from_bytes(text.as_bytes())
            .map_err(|_| Refusal::new(Reason::Unreadable, format!("the header `{name}` is no text")))?;
    }
    Ok(())
}

/// How long the CRM lets a browser keep an answer: in its own store alone, and for each log-in anew,
/// since one browser may serve several people.
fn keeps(headers: &HeaderMap) -> Option<HeaderValue> {
    let all: Vec<String> = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|word| String::from_utf8_lossy(word).trim().to_ascii_lowercase())
        .collect();
    let seconds = |word: &str| word.strip_prefix("max-age=").and_then(|seconds| seconds.parse::<u32>().ok());
    let mut ages = all.iter().filter_map(|word| seconds(word));
    let (Some(age), None) = (ages.next(), ages.next()) else { return None };
    let never = |word: &String| matches!(word.as_str(), "no-store" | "no-cache") || word.starts_with("no-cache=");
    if age == 0 || all.iter().any(never) {
        return None;
    }
    HeaderValue::from_str(&format!("private, max-age={age}")).ok()
}

/// Says of bytes that leave as they came that a browser may keep them, if the CRM does.
pub(super) fn keep(headers: &mut HeaderMap, taken: &Taken) {
    if let Some(keeps) = &taken.keeps {
        headers.insert(header::CACHE_CONTROL, keeps.clone());
        headers.append(header::VARY, HeaderValue::from_static("Cookie, Authorization"));
    }
}

/// Says what staff's bytes are packed in.
pub(super) fn packed(headers: &mut HeaderMap, coding: Option<Coding>) {
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.word()));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// Says how the body was read: a browser that reads it as something else would see what was not
/// judged.
pub(super) fn read_as(headers: &mut HeaderMap, format: Format, charset: &str) {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // Without a type only what begins as one of these is read.
    let plain = match format.word() {
        "json" => "application/json",
        "xml" => "application/xml",
        _ => "text/html",
    };
    let said = match kind {
        Some(kind) => charset::told(kind, format, charset),
        None => Some(charset::told(plain, format, charset).unwrap_or_else(|| plain.to_owned())),
    };
    if let Some(value) = said.and_then(|said| HeaderValue::from_str(&said).ok()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
}

/// Shows every header's value to the guard.
pub(super) fn show_headers(headers: &HeaderMap, guard: &mut Outbound) -> Result<(), Refusal> {
    for (number, (name, value)) in headers.iter().enumerate() {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|_| Refusal::new(Reason::Unreadable, format!("the header `{name}` is no text")))?;
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
        let (own, others): (Vec<Edit>, Vec<Edit>) =
            edits.into_iter().partition(|edit| edit.document == Document::Header(number));
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
    // Names of files are no ASCII, in what they were or in their veils.
    HeaderValue::from_bytes(rewriter::header(text, edits)?.as_bytes()).map_err(|_| internal())
}

/// Leaves of a long answer's headers what may leave before the rest is known.
pub(super) fn allow_only_of_a_long_answer(headers: &mut HeaderMap, about: &About) {
    remove(headers, is_not_of_a_long_answer);
    forget_the_files_name(headers, about);
}

fn is_not_of_a_long_answer(name: &HeaderName) -> bool {
    !OF_A_LONG_ANSWER.contains(name)
}

/// Leaves of the headers what may stand where no body was read: an answer without one, an image. The name of
/// a file may be a customer's, and nothing tells whether it is.
pub(super) fn allow_only_without_a_body(headers: &mut HeaderMap, about: &About) {
    let counts: Vec<HeaderName> =
        headers.iter().filter(|(_, value)| is_count(value)).map(|(name, _)| name.clone()).collect();
    let listed = |name: &HeaderName| OF_A_LONG_ANSWER.contains(name) || WITHOUT_A_BODY.contains(name);
    remove(headers, |name| !listed(name) && !counts.contains(name));
    forget_the_files_name(headers, about);
}

/// The name of a file may be that of a customer of whom nothing was read yet.
fn forget_the_files_name(headers: &mut HeaderMap, about: &About) {
    let Some(value) = headers.get(header::CONTENT_DISPOSITION).filter(|_| about.plan().veils_names()) else { return };
    let attached = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    let word = if attached.trim_ascii().eq_ignore_ascii_case(b"inline") { "inline" } else { "attachment" };
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(word));
}

/// Whether a value is a short number, as how many records there are.
fn is_count(value: &HeaderValue) -> bool {
    const DIGITS: usize = 6;
    value.len() <= DIGITS && !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit)
}

fn remove(headers: &mut HeaderMap, picks: impl Fn(&HeaderName) -> bool) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| picks(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_leave_in_utf8() {
        for (value, name) in [
            (
                &b"attachment; filename=\"\x8c\xda\x8bq\x88\xea\x97\x97.csv\""[..],
                Some("attachment; filename=\"顧客一覧.csv\""),
            ),
            ("attachment; filename=\"顧客.csv\"".as_bytes(), Some("attachment; filename=\"顧客.csv\"")),
            (
                b"attachment; filename=\"\xb8\xdc\xb5\xd2\xb0\xec\xcd\xf7.csv\"",
                Some("attachment; filename=\"顧客一覧.csv\""),
            ),
            (
                b"=?utf-8?b?YXR0YWNobWVudDsgZmlsZW5hbWU9IvCgrrflsqEudmNmIg==?=",
                Some("attachment; filename=\"𠮷岡.vcf\""),
            ),
            (b"attachment; filename=\"\xff\xfe\x81.csv\"", None),
            // A line break in disguise.
            (b"=?utf-8?q?a=0D=0Ab:?=", None),
        ] {
            let value = HeaderValue::from_bytes(value).expect("a header");
            let mut headers = HeaderMap::from_iter([(header::CONTENT_DISPOSITION, value)]);
            let read = in_utf8(&mut headers).map(|()| headers[header::CONTENT_DISPOSITION].as_bytes().to_vec());
            assert_eq!(read.ok().as_deref(), name.map(str::as_bytes), "{name:?}");
        }
    }

    #[test]
    fn a_long_answer_has_few_headers() {
        let names = ["content-type", "set-cookie", "location", "link", "x-customer", "content-length", "date", "etag"];
        let mut headers: HeaderMap =
            names.iter().map(|name| (HeaderName::from_static(name), HeaderValue::from_static("x"))).collect();
        remove(&mut headers, is_not_of_a_long_answer);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-type", "date"]);
    }

    #[test]
    fn what_may_be_kept_is_kept_by_one_person_alone() {
        for (values, kept) in [
            (&["public, max-age=600, s-maxage=9"][..], Some("private, max-age=600")),
            (&["Max-Age=600", "immutable"], Some("private, max-age=600")),
            (&["max-age=600, no-store"], None),
            (&["no-cache, max-age=600"], None),
            (&["no-cache=\"x\", max-age=600"], None),
            (&["max-age=600, max-age=1"], None),
            (&["max-age=0"], None),
            (&["max-age=x"], None),
            (&["public"], None),
            (&[], None),
        ] {
            let value = |value: &&'static str| (header::CACHE_CONTROL, HeaderValue::from_static(value));
            let headers: HeaderMap = values.iter().map(value).collect();
            assert_eq!(keeps(&headers).as_ref().and_then(|value| value.to_str().ok()), kept, "{values:?}");
        }
    }
}
