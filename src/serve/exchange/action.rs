//! Where a form of a page leads, as far as that is the CRM's own site and can be read in one way.

use http::{header, request};

use crate::route::normal::Canonical;

/// The address of a page.
#[derive(Clone, Copy)]
pub(super) struct Address<'a> {
    path: &'a Canonical,
    query: Option<&'a str>,
    host: &'a str,
}

impl<'a> Address<'a> {
    /// The address that staff asked for.
    pub(super) fn of(path: &'a Canonical, head: &'a request::Parts) -> Address<'a> {
        let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Address { path, query: head.uri.query(), host }
    }

    /// The path and the query that a form of the page is sent to; `has_base` says that the page has another address
    /// for what is written beside its own.
    pub(super) fn lead(&self, action: &str, has_base: bool) -> Option<(String, Option<String>)> {
        let action = action.split('#').next().unwrap_or_default();
        if action.is_empty() {
            return Some((self.path.text.clone(), self.query.map(str::to_owned)));
        }
        let own =
            ["http://", "https://"].iter().find_map(|scheme| action.strip_prefix(scheme)?.strip_prefix(self.host));
        let (path, query) = match own.unwrap_or(action).split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (own.unwrap_or(action), None),
        };
        let full = match path.as_bytes() {
            // Of another site only with its scheme, and this one's is gone.
            [] if own.is_some() => "/".to_owned(),
            [] => self.path.text.clone(),
            [b'/', b'/', ..] => return None,
            [b'/', ..] => path.to_owned(),
            _ if has_base || own.is_some() || path.contains("./") || path.contains(':') => return None,
            _ => format!("{}/{path}", self.path.text.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Some((full, query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::normal;

    #[test]
    fn a_form_leads_where_browsers_send_it_or_nobody_knows() {
        let path = normal::canonical(b"/c/42/edit").expect("a path");
        let page = Address { path: &path, query: Some("id=1"), host: "crm:8080" };
        for (action, expected) in [
            ("", Some("/c/42/edit?id=1")),
            ("#top", Some("/c/42/edit?id=1")),
            ("?id=2", Some("/c/42/edit?id=2")),
            ("/save", Some("/save")),
            ("save?a=b?c#d", Some("/c/42/save?a=b?c")),
            ("http://crm:8080/save", Some("/save")),
            ("https://crm:8080", Some("/")),
            ("https://crm:8080?x=1", Some("/?x=1")),
            ("http://crm:80801/save", None),
            ("http://crm:8080.example/save", None),
            ("http://other/save", None),
            ("//other/save", None),
            ("../save", None),
            ("./save", None),
            ("javascript:save()", None),
        ] {
            let told = page.lead(action, false);
            let told = told.map(|(path, query)| query.map_or(path.clone(), |query| format!("{path}?{query}")));
            assert_eq!(told.as_deref(), expected, "{action}");
        }
        assert_eq!(page.lead("save", true), None);
        assert!(page.lead("", true).is_some() && page.lead("/save", true).is_some());
    }
}
