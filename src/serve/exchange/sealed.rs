//! A form that brings along what its page was given: the seal is taken out of the request before anybody reads
//! it, opened for this staff and this address alone, and compared with in the place of the page.
//!
//! Whatever is wrong with a seal, staff is told the same, and nothing goes on: the CRM never sees one.

use std::ops::Range;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::header::{self, HeaderMap};
use http::{Method, request};
use memchr::memmem;
use percent_encoding::percent_decode;

use crate::body::{parts, readings};
use crate::format::media;
use crate::guard::restore::{Home, SealedForm};
use crate::identity::session::cookie;
use crate::identity::{self, Source};
use crate::policy::plan::Plan;
use crate::serve::exchange::asked::{self, Asked};
use crate::serve::exchange::posted::Posted;
use crate::serve::exchange::restore::{Compared, is_of_another, is_signed};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;
use crate::terms::staff::Staff;

/// The name of the hidden control.
pub(super) const NAME: &str = "sudare-seal";

/// The longest seal, as it is written.
pub(super) const CHARS_MAX: usize = 64 << 10;

/// What is said of every seal that does not open.
const NOTE: &str = "the form's seal does not open here; open the page again; nothing was saved";

/// A seal in a request.
pub(super) enum Carried {
    /// There is none.
    Nothing,
    /// One, in a form that is posted.
    One(String),
    /// Several, or where none may stand.
    Odd,
}

/// Takes a seal out of a request; all else stays as it came.
pub(super) fn taken(head: &request::Parts, body: Bytes) -> (Bytes, Carried) {
    if head.uri.query().is_some_and(|query| !named(query.as_bytes()).is_empty()) {
        return (body, Carried::Odd);
    }
    let kind = asked::content_type(&head.headers).ok().flatten().and_then(|kind| media::claim(kind).ok());
    let found = match kind.as_ref().map(|kind| kind.essence.as_str()) {
        Some("application/x-www-form-urlencoded") => named(&body),
        Some("multipart/form-data") => in_parts(&body),
        _ if may_hold_one(&body) => return (body, Carried::Odd),
        _ => return (body, Carried::Nothing),
    };
    match &found[..] {
        [] => (body, Carried::Nothing),
        [Hit { whole, value: Some(value) }] if head.method == Method::POST && value.len() <= CHARS_MAX => {
            // In parts nothing is encoded, and no seal holds what could be taken for that.
            let seal = percent_decode(&body[value.clone()]).decode_utf8_lossy().into_owned();
            (Bytes::from([&body[..whole.start], &body[whole.end..]].concat()), Carried::One(seal))
        }
        _ => (body, Carried::Odd),
    }
}

/// Whether what is no form may bring a seal along: it stands there as a name, or beside what may be one. The word
/// alone is a word.
fn may_hold_one(body: &[u8]) -> bool {
    let holds = |text: &[u8]| memmem::find(&text.to_ascii_lowercase(), NAME.as_bytes()).is_some();
    let decoded: Vec<u8> = percent_decode(body).collect();
    if !holds(body) && !holds(&decoded) {
        return false;
    }
    let is_of_a_seal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_long = |text: &[u8]| text.split(|byte| !is_of_a_seal(byte)).any(|run| run.len() >= SEAL_CHARS);
    [body, &decoded].into_iter().any(|text| is_named_so(&text.to_ascii_lowercase()) || is_long(text))
}

/// Whether the word is the name of something: `"sudare-seal": …`, `sudare-seal=…`.
fn is_named_so(text: &[u8]) -> bool {
    memmem::find_iter(text, NAME.as_bytes()).any(|at| {
        let before = at.checked_sub(1).map(|before| text[before]);
        let behind = &text[at + NAME.len()..];
        let unquoted = behind.strip_prefix(b"\\").unwrap_or(behind).strip_prefix(b"\"");
        let is_member = unquoted.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
        let begins = before.is_none_or(|before| matches!(before, b'&' | b';' | b'?' | b'\n' | b'<'));
        (before == Some(b'"') && is_member) || (begins && behind.starts_with(b"=")) || before == Some(b'<')
    })
}

/// No seal is shorter.
const SEAL_CHARS: usize = 256;

/// Where a field of that name stands.
struct Hit {
    /// All of it, with what parts it from the others.
    whole: Range<usize>,
    /// Its value, if it is a field like those that pages send.
    value: Option<Range<usize>>,
}

/// The fields of a query or of a plain form whose name holds that of the seal.
fn named(raw: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut at = 0;
    for part in raw.split(|byte| *byte == b'&') {
        let (begin, end) = (at, at + part.len());
        at = end + 1;
        let length = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let name = percent_decode(&part[..length]).collect::<Vec<u8>>();
        if memmem::find(&name.to_ascii_lowercase(), NAME.as_bytes()).is_none() {
            continue;
        }
        // With the sign that parts it from the next, or, at the end, from the one before.
        let whole = match (begin, raw.get(end)) {
            (_, Some(_)) => begin..end + 1,
            (0, None) => begin..end,
            (_, None) => begin - 1..end,
        };
        let is_plain = name == NAME.as_bytes() && length < part.len();
        hits.push(Hit { whole, value: is_plain.then_some(begin + length + 1..end) });
    }
    hits
}

/// The same of a form in parts.
fn in_parts(raw: &[u8]) -> Vec<Hit> {
    let Some(found) = parts::whose_head_holds(raw, NAME) else {
        // What cannot be read may hold one.
        let may = memmem::find(raw, NAME.as_bytes());
        return may.map(|at| Hit { whole: at..at, value: None }).into_iter().collect();
    };
    let hit = |part: parts::Bare| Hit { value: Some(part.body).filter(|_| part.is_called), whole: part.part };
    found.into_iter().map(hit).collect()
}

/// For whom a seal is made: the CRM, and what is known there of staff's browser.
#[derive(Clone)]
pub(super) struct Site {
    crm: String,
    /// The cookie of the CRM's session by its name, where the gateway knows it.
    session: Option<(String, Option<Secret>)>,
}

impl Site {
    /// What a request says of it.
    pub(super) fn of(sources: &[Source], crm: &str, headers: &HeaderMap) -> Result<Site, Refusal> {
        let session = identity::session(sources).map(|(_, session)| {
            let value = cookie::only(headers, &session.cookie)?;
            Ok::<_, Refusal>((session.cookie.clone(), value.map(|value| Secret(value.to_owned()))))
        });
        Ok(Site { crm: crm.to_owned(), session: session.transpose()? })
    }

    /// Where there is no CRM.
    pub(super) fn none() -> Site {
        Site { crm: String::new(), session: None }
    }

    /// Whether an answer gives the browser another session, in which nothing opens that was sealed for this one.
    pub(super) fn is_left_by(&self, headers: &HeaderMap, now: i64) -> bool {
        self.session.as_ref().is_some_and(|(name, _)| cookie::set(headers, name, now) != cookie::Set::Nothing)
    }

    /// Whom and what a seal is bound to: staff, session, and the address that it is sent to.
    pub(super) fn bound(&self, staff: &Staff, asked: &Asked) -> Vec<Vec<u8>> {
        let text = |text: &str| text.as_bytes().to_vec();
        let query = asked.query().iter().flat_map(|(name, value)| [text(name), text(value)]);
        self.whom(staff).into_iter().chain([text(&asked.path().text)]).chain(query).collect()
    }

    fn whom(&self, staff: &Staff) -> Vec<Vec<u8>> {
        let session = self.session.as_ref().and_then(|(_, value)| value.as_ref());
        let session = session.map_or(String::new(), |value| format!("={}", value.0));
        vec![staff.id().into_bytes(), self.crm.clone().into_bytes(), session.into_bytes()]
    }
}

/// Opens the seal of a form, if it has one.
pub(super) fn opened(
    carried: Carried,
    asked: &Asked,
    site: &Site,
    compared: &Compared<'_>,
) -> Result<Option<SealedForm>, Refusal> {
    let seal = match carried {
        Carried::Nothing => return Ok(None),
        Carried::One(seal) => seal,
        Carried::Odd => return Err(refused()),
    };
    unsealed(&seal, asked, site, compared).map(Some).ok_or_else(refused)
}

fn unsealed(seal: &str, asked: &Asked, site: &Site, compared: &Compared<'_>) -> Option<SealedForm> {
    let plan: &Plan = compared.plan;
    let may = plan.restore && asked.writes(plan) && plan.tellers.is_empty() && *asked.method() == Method::POST;
    let is_ours = may && is_same_origin(asked) && !is_signed(asked.headers());
    let staff = compared.asks.staff.filter(|_| is_ours)?;
    let sealed = BASE64URL_NOPAD.decode(seal.as_bytes()).ok()?;
    let bound = site.bound(staff, asked);
    let bound: Vec<&[u8]> = bound.iter().map(Vec::as_slice).collect();
    let plain = compared.by.mint.open_page(&sealed, &bound)?;
    let form = SealedForm::unpacked(&plain, &plan.kinds)?;
    let own = asked.subject(plan);
    let is_same = own.id.is_none() || (own.kind == form.subject.kind && own.id == form.subject.id);
    (is_same && form.is_good_at(compared.asks.time.as_second())).then_some(form)
}

/// Makes a form whole again by what came with it; the CRM is not asked.
pub(super) fn restored(compared: &Compared<'_>, asked: &mut Asked, form: &SealedForm) -> Result<Home, Refusal> {
    let charset = readings::charset_of(&form.charset).ok_or_else(refused)?;
    let (format, text) = asked.text()?;
    // A script sends UTF-8, whatever the page is in, and says so.
    let claim = asked::content_type(asked.headers())?.map(media::claim).transpose()?;
    let said = claim.and_then(|claim| claim.charset).unwrap_or_default();
    if text.len() > compared.by.bounds.hold_bytes || !readings::is_sent_in(&said, charset) {
        return Err(refused());
    }
    let posted = Posted::read(format, asked.body(), charset).ok_or_else(refused)?;
    let subject = form.subject.id.as_deref().unwrap_or_default();
    if is_of_another(compared, asked, posted.sent(), subject) {
        return Err(refused());
    }
    let home = form.form.restore(compared.plan, compared.doubts, posted.sent())?;
    let body = posted.filled(asked.body(), &home)?;
    asked.replace_body(body.into());
    Ok(home)
}

/// Whether a page of this very site sends the form, as far as the browser says.
fn is_same_origin(asked: &Asked) -> bool {
    let said = |name: &str| {
        let mut all = asked.headers().get_all(name).iter();
        (all.next().map(|value| value.to_str().unwrap_or_default()), all.next().is_some())
    };
    match (said("sec-fetch-site"), said(header::ORIGIN.as_str())) {
        ((_, true), _) | (_, (_, true)) => false,
        // No script can say that for it.
        ((Some(site), _), _) => ["same-origin", "none"].contains(&site),
        ((None, _), (None, _)) => true,
        ((None, _), (Some(origin), _)) => {
            let host = asked.host().and_then(|host| host.to_str().ok()).unwrap_or_default();
            let own = ["http://", "https://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
            !host.is_empty() && own.is_some_and(|own| own.eq_ignore_ascii_case(host))
        }
    }
}

fn refused() -> Refusal {
    Refusal::new(Reason::Veil, NOTE)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;
    use crate::identity::Way;
    use crate::identity::session::Session;

    fn told(kind: &str, method: &str, target: &str, body: &str) -> (String, String) {
        let request = Request::builder().method(method).uri(target).header("content-type", kind);
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let (body, carried) = taken(&head, Bytes::from(body.to_owned()));
        let carried = match carried {
            Carried::Nothing => "nothing".to_owned(),
            Carried::One(seal) => format!("one {seal}"),
            Carried::Odd => "odd".to_owned(),
        };
        (carried, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[test]
    fn a_seal_goes_with_the_sign_that_parts_it_from_others() {
        let plain = "application/x-www-form-urlencoded";
        for (body, carried, left) in [
            ("a=1&sudare-seal=X&b=2", "one X", "a=1&b=2"),
            ("sudare-seal=X&b=2&", "one X", "b=2&"),
            ("a=1&&sudare-seal=X", "one X", "a=1&"),
            ("sudare-seal=X", "one X", ""),
            ("a=sudare-seal", "nothing", "a=sudare-seal"),
            ("sudare-seal=X&sudare-seal=Y", "odd", "sudare-seal=X&sudare-seal=Y"),
            ("sudare%2dseal=%58", "one X", ""),
            ("SUDARE-SEAL=X", "odd", "SUDARE-SEAL=X"),
            ("sudare-seal%5b%5d=X", "odd", "sudare-seal%5b%5d=X"),
            ("sudare-seal", "odd", "sudare-seal"),
        ] {
            assert_eq!(told(plain, "POST", "/c", body), (carried.to_owned(), left.to_owned()), "{body}");
        }
        for (kind, method, target, body) in [
            (plain, "PUT", "/c", "sudare-seal=X"),
            (plain, "POST", "/c?sudare%2dseal=X", ""),
            (plain, "GET", "/c?a&sudare-seal=X", ""),
            ("application/json", "POST", "/c", "{\"sudare-seal\":\"X\"}"),
            ("text/plain", "POST", "/c", "sudare-seal=X"),
            ("text/plain", "POST", "/c", "a=1\r\nsudare%2dseal=X"),
            ("application/json", "POST", "/c", "{\"a\":\"{\\\"sudare-seal\\\":1}\"}"),
            ("text/xml", "POST", "/c", "<sudare-seal>X</sudare-seal>"),
        ] {
            assert_eq!(told(kind, method, target, body).0, "odd", "{kind} {method} {target} {body}");
        }
        let beside = format!("[{{\"name\":\"sudare-seal\",\"value\":\"{}\"}}]", "A".repeat(SEAL_CHARS));
        assert_eq!(told("application/json", "POST", "/c", &beside).0, "odd");
        for (kind, body) in [
            ("application/json", "{\"memo\":\"what is sudare-seal: a control\"}"),
            ("application/json", "{\"memo\":\"sudare-seal\",\"b\":1}"),
            ("text/plain", "see sudare-seal"),
        ] {
            assert_eq!(told(kind, "POST", "/c", body).0, "nothing", "{body}");
        }
    }

    #[test]
    fn a_seal_is_for_one_session_and_an_answer_that_gives_another_gets_none() {
        let session = Session::new("SID".to_owned(), None, None, None, 60);
        let sources = [Source { way: Way::Session(Box::new(session)), groups: None, forward: false }];
        let site = |cookie: &'static str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookie))]);
            Site::of(&sources, "crm", &headers).map(|site| site.whom(&Staff::new("basic", "tanaka", Vec::new())))
        };
        let one = site("a=1; SID=x").expect("a site");
        assert_eq!(one, site("SID=x").expect("a site"));
        assert!([site("SID=y"), site("a=1")].into_iter().all(|other| other.expect("a site") != one));
        assert!(site("SID=x; SID=y").is_err());
        let site = Site::of(&sources, "crm", &HeaderMap::new()).expect("a site");
        let gives = |value: &'static str| {
            site.is_left_by(&HeaderMap::from_iter([(header::SET_COOKIE, HeaderValue::from_static(value))]), 0)
        };
        assert!(gives("SID=z; Path=/") && gives("SID=; Max-Age=0") && !gives("other=1"));
    }

    #[test]
    fn so_does_one_in_parts() {
        let part =
            |head: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name={head}\r\n\r\n{value}\r\n");
        let form = |parts: &[String]| parts.concat() + "--x--\r\n";
        let (a, b) = (part("\"a\"", "1"), part("\"b\"; filename=\"c\"", "2"));
        let seal = part("\"sudare-seal\"", "X");
        for (parts, carried, left) in [
            (vec![a.clone(), seal.clone(), b.clone()], "one X", vec![a.clone(), b.clone()]),
            (vec![seal.clone(), a.clone()], "one X", vec![a.clone()]),
            (vec![a.clone(), seal.clone()], "one X", vec![a.clone()]),
            (vec![seal.clone()], "one X", vec![]),
            (vec![a.clone(), b.clone()], "nothing", vec![a.clone(), b.clone()]),
            (vec![seal.clone(), seal.clone()], "odd", vec![seal.clone(), seal.clone()]),
        ] {
            let told = told("multipart/form-data; boundary=x", "POST", "/c", &form(&parts));
            assert_eq!(told, (carried.to_owned(), form(&left)));
        }
        for head in ["\"Sudare-Seal\"", "\"sudare-seal\"; filename=\"x\"", "\"a\"; filename=\"sudare-seal\""] {
            let told = told("multipart/form-data; boundary=x", "POST", "/c", &form(&[part(head, "X")]));
            assert_eq!(told.0, "odd", "{head}");
        }
    }
}
