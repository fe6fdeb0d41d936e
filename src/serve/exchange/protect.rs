//! What browsers are told to do with an answer: the CRM's own word, never laxer, and what the rules add.
//!
//! What tells of the CRM's machinery goes, and what would send addresses of pages elsewhere. Other sites'
//! scripts read nothing, unless the rules name the site. All of it is done where the values have been judged,
//! so that no customer's name can undo it.

use http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};

use crate::policy::headers::{Flags, Headers, Referrer, SameSite, Transport};
use crate::serve::exchange::answer::About;

/// Headers that say what the CRM runs on, what it did for the answer, or where its pages are to be reported.
const TELLTALE: [&str; 25] = [
    "liferay-portal",
    "nel",
    "microsoftsharepointteamservices",
    "report-to",
    "reporting-endpoints",
    "content-security-policy-report-only",
    "server",
    "server-timing",
    "via",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-backend-server",
    "x-chromelogger-data",
    "x-chromephp-data",
    "x-clockwork-id",
    "x-clockwork-version",
    "x-drupal-cache",
    "x-generator",
    "x-mod-pagespeed",
    "x-owa-version",
    "x-powered-by",
    "x-powered-by-plesk",
    "x-runtime",
    "x-served-by",
    "x-varnish",
];

/// The same by their beginnings: debug toolbars put rows of the database there.
const TELLTALE_BEGINNINGS: [&str; 3] = ["x-debug-", "x-wf-", "x-powered-"];

/// A browser may keep an answer for ever in a script of the page's, which asks nobody.
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

/// What is said to pages whose CRM says nothing: the address stays within the host.
const REFERRER: Referrer = Referrer::SameOrigin;

/// Takes out of a head what tells of the CRM and not of its data.
pub(super) fn clean(headers: &mut HeaderMap) {
    let is_telltale = |name: &HeaderName| {
        let name = name.as_str();
        TELLTALE.contains(&name) || TELLTALE_BEGINNINGS.iter().any(|begin| name.starts_with(begin))
    };
    let names: Vec<HeaderName> = headers.keys().filter(|name| is_telltale(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
    headers.remove(SERVICE_WORKER_ALLOWED);
}

/// Says what the gateway and the rules say to browsers.
pub(super) fn tell(headers: &mut HeaderMap, about: &About) {
    let said = &about.plan().headers;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    referrer(headers, said);
    content(headers, said);
    frames(headers);
    readers(headers, said, about);
    cookies(headers, said, about.secure());
    if about.secure() {
        transport(headers, said);
    }
}

fn texts<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// The stricter of the CRM's word and the rules'; one that lets other sites see whole addresses is none.
fn referrer(headers: &mut HeaderMap, said: &Headers) {
    let crm = Referrer::said(texts(headers, &header::REFERRER_POLICY));
    let word = crm.max(said.referrer).unwrap_or(REFERRER).word();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(word));
}

/// The CRM's policies without what only reports, and those of the rules beside them.
fn content(headers: &mut HeaderMap, said: &Headers) {
    const REPORTS: [&str; 2] = ["report-uri", "report-to"];
    let quiet = |policy: &str| {
        let name = |directive: &str| directive.split_ascii_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let directives = policy.split(';').filter(|directive| !REPORTS.contains(&name(directive).as_str()));
        directives.map(str::trim).filter(|directive| !directive.is_empty()).collect::<Vec<_>>().join("; ")
    };
    let own = texts(headers, &header::CONTENT_SECURITY_POLICY).flat_map(|value| value.split(',')).map(quiet);
    let all: Vec<String> = own.filter(|policy| !policy.is_empty()).chain(said.content.iter().cloned()).collect();
    headers.remove(header::CONTENT_SECURITY_POLICY);
    for value in all.iter().filter_map(|policy| HeaderValue::from_str(policy).ok()) {
        headers.append(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// Other sites show no page in a frame, where neither the CRM nor the rules say which may.
fn frames(headers: &mut HeaderMap) {
    let named = texts(headers, &header::CONTENT_SECURITY_POLICY)
        .flat_map(|policy| policy.split(';'))
        .any(|directive| directive.trim_start().to_ascii_lowercase().starts_with("frame-ancestors"));
    let known = |word: &str| ["deny", "sameorigin"].contains(&word.trim().to_ascii_lowercase().as_str());
    let words: Vec<bool> = texts(headers, &header::X_FRAME_OPTIONS).map(known).collect();
    let said = !words.is_empty() && !words.contains(&false);
    if !named && !said {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }
}

/// Scripts of other sites read an answer only where the rules name the site and the CRM lets it, too.
fn readers(headers: &mut HeaderMap, said: &Headers, about: &About) {
    let values: Vec<String> = texts(headers, &header::ACCESS_CONTROL_ALLOW_ORIGIN).map(str::to_owned).collect();
    let crm = match &values[..] {
        [one] => Some(one.as_str()),
        _ => None,
    };
    let asks = about.origin().and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    let known = crate::policy::headers::origin(asks).is_some_and(|site| said.readers.contains(&site));
    match crm {
        Some("*") if known => {
            headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
            if let Some(origin) = about.origin() {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            }
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        Some(site) if known && site == asks => {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        _ => {
            let names: Vec<HeaderName> =
                headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
            for name in names {
                headers.remove(name);
            }
        }
    }
}

fn transport(headers: &mut HeaderMap, said: &Headers) {
    let Some(own) = said.transport else { return };
    // Of several values browsers take the first.
    let crm = texts(headers, &header::STRICT_TRANSPORT_SECURITY).next().and_then(Transport::read);
    let all = crm.map_or(own, |crm| crm.with(own));
    if let Ok(value) = HeaderValue::from_str(&all.text()) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
}

/// Cookies with at least the flags that the rules want.
pub(super) fn cookies(headers: &mut HeaderMap, said: &Headers, secure: bool) {
    if said.cookies.is_empty() {
        return;
    }
    let Entry::Occupied(mut values) = headers.entry(header::SET_COOKIE) else { return };
    for value in values.iter_mut() {
        let Ok(text) = std::str::from_utf8(value.as_bytes()) else { continue };
        let name = text.split(';').next().unwrap_or_default().split('=').next().unwrap_or_default().trim();
        let flags = said.flags(name);
        let flags = Flags { secure: flags.secure && secure, ..flags };
        if let Ok(stricter) = HeaderValue::from_bytes(with_flags(text, flags).as_bytes()) {
            *value = stricter;
        }
    }
}

/// A cookie with at least these flags. What it has stays as it is written.
fn with_flags(cookie: &str, flags: Flags) -> String {
    let attributes = || cookie.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase());
    let same_site = |word: &str| match word {
        "strict" => Some(SameSite::Strict),
        "lax" => Some(SameSite::Lax),
        _ => None,
    };
    let has = |name: &str| attributes().any(|own| own == name || own.starts_with(&format!("{name}=")));
    // Of several, browsers take the last.
    let site = attributes().filter_map(|own| Some(same_site(own.strip_prefix("samesite=")?.trim()))).last().flatten();
    let mut all = cookie.trim_end_matches([';', ' ']).to_owned();
    if flags.secure && !has("secure") {
        all.push_str("; Secure");
    }
    if flags.http_only && !has("httponly") {
        all.push_str("; HttpOnly");
    }
    if let Some(wanted) = flags.same_site.filter(|wanted| site < Some(*wanted)) {
        all.push_str("; SameSite=");
        all.push_str(wanted.word());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_added_and_never_taken() {
        let all = Flags { secure: true, http_only: true, same_site: Some(SameSite::Lax) };
        let none = Flags::default();
        for (cookie, flags, told) in [
            ("sid=1; Path=/", all, "sid=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
            ("sid=1; secure; HTTPONLY; SameSite=strict;", all, "sid=1; secure; HTTPONLY; SameSite=strict"),
            ("sid=1; SameSite=None; Secure", all, "sid=1; SameSite=None; Secure; HttpOnly; SameSite=Lax"),
            (
                "sid=1; SameSite=Strict; SameSite=None",
                all,
                "sid=1; SameSite=Strict; SameSite=None; Secure; HttpOnly; SameSite=Lax",
            ),
            ("secure=1", all, "secure=1; Secure; HttpOnly; SameSite=Lax"),
            ("sid=1; SameSite=None", none, "sid=1; SameSite=None"),
        ] {
            assert_eq!(with_flags(cookie, flags), told, "{cookie}");
        }
    }
}
