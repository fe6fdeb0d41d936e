//! Failures as HTTP: the only place that knows which status a reason has and how a refusal looks.
//!
//! A browser gets a plain page in its language, a program `application/problem+json` (RFC 9457).
//! Neither repeats anything of the request or of the CRM's answer.

pub mod confirm;
pub mod words;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};

use crate::serve::gate::fault::GateFault;
use crate::serve::respond::words::Words;
use crate::terms::refusal::Reason;
use crate::terms::secret::Secret;

/// The header with the request's id.
pub const REQUEST: HeaderName = HeaderName::from_static("sudare-request");
/// The header with a refusal's reason.
pub const REFUSAL: HeaderName = HeaderName::from_static("sudare-refusal");

/// The gateway's own pages need nothing but their style.
const OWN_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// How the other side wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// A browser that shows pages; else a program.
    pub page: bool,
    /// Japanese; else English.
    pub japanese: bool,
}

impl Reader {
    /// What the request's headers say.
    pub fn of(headers: &HeaderMap) -> Reader {
        let has = |name, text: &str| {
            let values = headers.get_all(name);
            values.iter().any(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains(text)))
        };
        Reader { page: has(ACCEPT, "text/html"), japanese: prefers_japanese(headers) }
    }
}

/// Whether `ja` stands before `en` in `Accept-Language`, which browsers sort by preference.
fn prefers_japanese(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else { return false };
    let value = value.to_ascii_lowercase();
    let mut languages = value.split(',').map(str::trim);
    languages.find(|tag| tag.starts_with("ja") || tag.starts_with("en")).is_some_and(|tag| tag.starts_with("ja"))
}

/// How somebody whom nobody knows can become known, and how it could be asked.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// The values of `WWW-Authenticate`.
    pub challenges: Vec<HeaderValue>,
    /// The path of the CRM's own log-in.
    pub login: Option<String>,
    /// The methods that there are, where they are not those that the gateway passes.
    pub allow: Option<&'static str>,
    /// What staff themselves call the field that is meant, where one is.
    pub field: Option<Secret>,
}

/// A refusal as an answer. Whoever is unknown learns the ways to become known.
pub fn refusal(reason: Reason, reader: Reader, id: &str, ways: &Ways) -> Response<Bytes> {
    let unknown = reason == Reason::Unrecognised;
    let login = ways.login.as_deref().filter(|_| unknown);
    let field = ways.field.as_ref().map(|field| field.0.as_str());
    let mut response = told(&words::of(reason), reason.word(), reader, id, (login, field));
    if reason == Reason::Method {
        // RFC 9110 section 15.5.6 asks for it.
        let allow = ways.allow.unwrap_or("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    }
    for challenge in ways.challenges.iter().filter(|_| unknown) {
        response.headers_mut().append(WWW_AUTHENTICATE, challenge.clone());
    }
    response
}

/// The fixed page that takes the place of the CRM's own error page.
pub fn error_page(status: StatusCode, reader: Reader, id: &str) -> Response<Bytes> {
    let words = Words { status: status.as_u16(), ..words::CRM_ERROR };
    let mut response = told(&words, "crm-error", reader, id, (None, None));
    response.headers_mut().remove(&REFUSAL);
    response
}

/// What every answer of the gateway's own says of itself: nobody keeps it, and it is what it says it is.
pub fn own(headers: &mut HeaderMap, kind: &'static str) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(http::header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_POLICY));
}

/// A gate's refusal as the bytes of a whole answer: no request was read that could say how.
pub fn gate_refusal(fault: &GateFault, id: &str) -> Vec<u8> {
    let words = words::of(fault.told_as());
    let reader = Reader { page: true, japanese: false };
    let response = told(&words, fault.word(), reader, id, (None, None));
    let status = response.status();
    let mut out =
        format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or("Refused")).into_bytes();
    for (name, value) in response.headers() {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("content-length: {}\r\nconnection: close\r\n\r\n", response.body().len()).as_bytes());
    out.extend_from_slice(response.body());
    out
}

fn told(
    words: &Words,
    reason: &'static str,
    reader: Reader,
    id: &str,
    (login, field): (Option<&str>, Option<&str>),
) -> Response<Bytes> {
    let (title, detail) = if reader.japanese { words.ja } else { words.en };
    let detail = &match (field, reader.japanese) {
        (None, _) => detail.to_owned(),
        (Some(field), false) => format!("{detail} The field is `{field}`."),
        (Some(field), true) => format!("{detail}項目は「{field}」です。"),
    };
    let (kind, body) = if reader.page {
        ("text/html; charset=utf-8", page(words.status, title, detail, id, reader.japanese, login))
    } else {
        let problem = serde_json::json!({
            "type": format!("urn:sudare:refusal:{reason}"), "title": title, "status": words.status, "detail": detail, "request": id,
        });
        ("application/problem+json", problem.to_string())
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(words.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    own(headers, kind);
    headers.insert(REFUSAL, HeaderValue::from_static(reason));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST, id);
    }
    response
}

/// A page that needs nothing but itself.
fn page(status: u16, title: &str, detail: &str, id: &str, japanese: bool, login: Option<&str>) -> String {
    let (language, number, log_in) =
        if japanese { ("ja", "受付番号", "ログイン") } else { ("en", "Request", "Log in") };
    let quoted = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let detail = quoted(detail);
    let link = login.map_or_else(String::new, |path| format!("<p><a href=\"{}\">{log_in}</a></p>", quoted(path)));
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>body{{font:16px/1.7 system-ui,sans-serif;max-width:36em;margin:12vh auto;padding:0 1.5em;color:#223}}\
         h1{{font-size:1.3em;border-bottom:3px double #7a8f6a;padding-bottom:.4em}}small{{color:#667}}</style></head>\n\
         <body><h1>{title}</h1><p>{detail}</p>{link}<p><small>{status} · {number} {id}</small></p></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn browsers_get_a_page_in_their_language() {
        let reader = Reader::of(&headers(&[(ACCEPT, "text/html,*/*"), (ACCEPT_LANGUAGE, "ja,en;q=0.8")]));
        let response = refusal(Reason::Query, reader, "01J", &Ways::default());
        assert_eq!(response.status(), 403);
        assert_eq!(response.headers()[&REFUSAL], "query");
        let page = String::from_utf8(response.body().to_vec()).expect("text");
        assert!(page.contains("lang=\"ja\"") && page.contains("01J"), "{page}");
    }

    #[test]
    fn programs_get_a_problem() {
        let ways = Ways { challenges: vec![HeaderValue::from_static("Basic")], login: None, ..Ways::default() };
        let response = refusal(Reason::Unrecognised, Reader::of(&HeaderMap::new()), "01J", &ways);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert!(response.headers().contains_key(WWW_AUTHENTICATE));
        let problem: serde_json::Value = serde_json::from_slice(response.body()).expect("json");
        assert_eq!((problem["status"].as_u64(), problem["request"].as_str()), (Some(401), Some("01J")));
    }

    #[test]
    fn staff_is_told_which_field_is_meant() {
        let ways = Ways { field: Some(Secret("tel[<b>]".into())), ..Ways::default() };
        let told = |page, japanese| {
            let response = refusal(Reason::Veil, Reader { page, japanese }, "01J", &ways);
            String::from_utf8(response.body().to_vec()).expect("text")
        };
        assert!(told(false, false).contains("The field is `tel[<b>]`."));
        assert!(told(true, true).contains("項目は「tel[&lt;b>]」です。"));
        let nobody = refusal(Reason::Veil, Reader { page: true, japanese: false }, "01J", &Ways::default());
        assert!(!String::from_utf8_lossy(nobody.body()).contains("The field is"));
    }

    #[test]
    fn only_somebody_unknown_is_shown_the_log_in() {
        let ways = Ways { login: Some("/log\"in".into()), ..Ways::default() };
        let reader = Reader { page: true, japanese: false };
        let page = |reason| String::from_utf8(refusal(reason, reader, "01J", &ways).body().to_vec()).expect("text");
        assert!(page(Reason::Unrecognised).contains("<a href=\"/log&quot;in\">Log in</a>"));
        assert!(!page(Reason::NoRole).contains("href"));
    }

    #[test]
    fn every_reason_has_its_words() {
        for reason in Reason::ALL {
            let words = words::of(*reason);
            assert!((400..=504).contains(&words.status), "{reason:?}");
            for (title, detail) in [words.ja, words.en] {
                assert!(!title.is_empty() && !detail.is_empty(), "{reason:?}");
            }
        }
    }
}
