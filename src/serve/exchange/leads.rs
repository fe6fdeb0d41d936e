//! Where an answer leads: redirects, refreshes and links in its head.
//!
//! What names the CRM's own address leads around the gateway, so it is written as a path. What leads to
//! another site ends the masking there, so the rules must name that site. An address that browsers read in
//! another way than servers is refused.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::format::header::{addresses, refresh_address};
use crate::policy::headers::origin;
use crate::serve::exchange::answer::About;
use crate::terms::refusal::{Reason, Refusal};

/// The header that makes a page load another after a while; the standards do not name it.
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Headers that lead on by themselves: the standard's, and those that scripts of frameworks obey.
const LEADING: [HeaderName; 7] = [
    header::LOCATION,
    REFRESH,
    HeaderName::from_static("hx-redirect"),
    HeaderName::from_static("hx-location"),
    HeaderName::from_static("turbolinks-location"),
    HeaderName::from_static("x-inertia-location"),
    HeaderName::from_static("x-redirect"),
];

/// What the CRM is known by, and what else is behind the gateway.
#[derive(Clone, Copy, Default)]
pub struct Own<'a> {
    /// The names under which the CRM knows itself.
    pub crm: &'a [String],
    /// Hosts that staff asks the gateway for.
    pub sites: &'a [String],
}

/// Where an address leads.
#[derive(Debug, PartialEq, Eq)]
enum Lead {
    /// It stays where it stands.
    Here,
    /// To this path of the gateway's.
    Inside(String),
    /// To this site.
    Away(String),
    /// Nobody can say.
    Odd,
}

/// Leads what leads to the CRM to the gateway, and refuses what leads elsewhere.
pub(super) fn settle(headers: &mut HeaderMap, about: &About, own: Own<'_>) -> Result<(), Refusal> {
    for name in LEADING {
        let mut values = headers.get_all(&name).iter();
        let Some(value) = values.next() else { continue };
        if values.next().is_some() {
            return Err(odd(&name));
        }
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| odd(&name))?;
        let span = if name == REFRESH { refresh_address(text) } else { Some(0..text.len()) };
        let Some(span) = span else { continue };
        let path = match lead(&text[span.clone()], about, own) {
            Lead::Here => continue,
            Lead::Inside(path) => path,
            Lead::Away(site) if about.plan().headers.leads.contains(&site) => continue,
            // The site's name may be a customer's, so the log does not repeat it.
            Lead::Away(_) => {
                let note = format!("`{name}` leads to a site that no rule names under `headers: {{ Location: … }}`");
                return Err(Refusal::new(Reason::Redirect, note));
            }
            Lead::Odd => return Err(odd(&name)),
        };
        let value = format!("{}{path}{}", &text[..span.start], &text[span.end..]);
        headers.insert(name.clone(), HeaderValue::from_str(&value).map_err(|_| odd(&name))?);
    }
    links(headers, about, own)
}

/// A link is followed by whoever wants: it only must not lead to the CRM itself.
fn links(headers: &mut HeaderMap, about: &About, own: Own<'_>) -> Result<(), Refusal> {
    let header::Entry::Occupied(mut values) = headers.entry(header::LINK) else { return Ok(()) };
    for value in values.iter_mut() {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| odd(&header::LINK))?;
        let mut settled = text.to_owned();
        for span in addresses(text).into_iter().rev() {
            match lead(&text[span.clone()], about, own) {
                Lead::Inside(path) => settled.replace_range(span, &path),
                Lead::Odd => return Err(odd(&header::LINK)),
                Lead::Here | Lead::Away(_) => {}
            }
        }
        *value = HeaderValue::from_bytes(settled.as_bytes()).map_err(|_| odd(&header::LINK))?;
    }
    Ok(())
}

fn odd(name: &HeaderName) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("the header `{name}` can be read in two ways"))
}

fn lead(address: &str, about: &About, own: Own<'_>) -> Lead {
    let host = about.host().and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let scheme = if about.secure() { "https" } else { "http" };
    read(address, scheme, |authority| {
        let is = |name: &str| plain(name) == plain(authority);
        is(&host) || own.crm.iter().any(|name| is(name))
    })
    .beside(own.sites)
}

impl Lead {
    /// What leads to another host of the gateway's stays as it is.
    fn beside(self, sites: &[String]) -> Lead {
        let Lead::Away(site) = &self else { return self };
        let host = site.split_once("://").map_or(site.as_str(), |(_, host)| host);
        let ours = sites.iter().any(|own| own == plain(host));
        if ours { Lead::Here } else { self }
    }
}

/// Reads an address as browsers do, which skip a slash too many and take a backslash for one; where such a
/// thing stands, servers read something else.
fn read(address: &str, scheme: &str, is_own: impl Fn(&str) -> bool) -> Lead {
    /// Schemes that ask no server.
    const ASIDE: [&str; 3] = ["mailto", "tel", "sms"];
    let address = address.trim_matches([' ', '"', '\'']);
    let path_end = address.find(['?', '#']).unwrap_or(address.len());
    if address.contains(|c: char| c.is_ascii_control()) || address[..path_end].contains('\\') {
        return Lead::Odd;
    }
    let colon = address[..path_end].find([':', '/']).filter(|at| address[*at..].starts_with(':'));
    let (scheme, rest) = match colon {
        Some(colon) => (address[..colon].to_ascii_lowercase(), &address[colon + 1..]),
        None if address.starts_with("//") => (scheme.to_owned(), address),
        None => return Lead::Here,
    };
    if !["http", "https"].contains(&scheme.as_str()) {
        return if ASIDE.contains(&scheme.as_str()) { Lead::Here } else { Lead::Odd };
    }
    let Some(rest) = rest.strip_prefix("//").filter(|rest| !rest.starts_with('/')) else { return Lead::Odd };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let authority = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    if is_own(&authority) {
        return match rest {
            // A path that begins so would lead to whatever host stands in it.
            _ if rest.starts_with("//") => Lead::Odd,
            _ if rest.starts_with('/') => Lead::Inside(rest.to_owned()),
            _ => Lead::Inside(format!("/{rest}")),
        };
    }
    origin(&format!("{scheme}://{authority}")).map_or(Lead::Odd, Lead::Away)
}

/// An authority without the port that goes without saying.
fn plain(authority: &str) -> &str {
    let bare = authority.strip_suffix(":80").or_else(|| authority.strip_suffix(":443"));
    bare.unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_where_browsers_go() {
        let own = ["desk.example", "10.0.0.9:9000", "crm.internal"];
        let inside = |path: &str| Lead::Inside(path.to_owned());
        let away = |site: &str| Lead::Away(site.to_owned());
        for (address, expected) in [
            ("http://10.0.0.9:9000/a?b=c#d", inside("/a?b=c#d")),
            ("HTTP://CRM.internal:80/a", inside("/a")),
            ("https://crm.internal", inside("/")),
            ("//crm.internal/a", inside("/a")),
            ("http://user@crm.internal?x", inside("/?x")),
            ("http://desk.example/a", inside("/a")),
            ("http://crm.internal//evil.example/", Lead::Odd),
            ("http://crm.internal\\evil.example/", Lead::Odd),
            ("http://10.0.0.9/a", away("http://10.0.0.9")),
            ("http://crm.internal.example/a", away("http://crm.internal.example")),
            ("http://crm.internal@evil.example/", away("http://evil.example")),
            ("//Evil.example:80", away("http://evil.example")),
            ("https:evil.example", Lead::Odd),
            ("http:/crm.internal/a", Lead::Odd),
            ("http:///crm.internal/a", Lead::Odd),
            ("///crm.internal/a", Lead::Odd),
            ("/\\crm.internal/a", Lead::Odd),
            ("\\\\crm.internal/a", Lead::Odd),
            ("/\t/crm.internal/a", Lead::Odd),
            ("javascript:alert(1)", Lead::Odd),
            ("data:text/html,x", Lead::Odd),
            ("mailto:desk@example.jp", Lead::Here),
            ("/a?next=http://x.example\\", Lead::Here),
            ("a/b:c", Lead::Here),
            ("?page=2", Lead::Here),
            ("", Lead::Here),
        ] {
            let led = read(address, "http", |authority| own.iter().any(|own| plain(own) == plain(authority)));
            assert_eq!(led, expected, "{address}");
        }
        assert_eq!(away("https://two.example").beside(&["two.example".to_owned()]), Lead::Here);
    }
}
