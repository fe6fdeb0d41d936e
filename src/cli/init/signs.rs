//! By what a CRM is known: signs so plain that nobody else shows them. A wrong hint costs more than
//! none, so a name alone in a page's text is no sign.

use crate::cli::init::ask::Answer;

/// A CRM that is known by its first answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Crm {
    /// Its name.
    pub(super) name: &'static str,
    /// The shipped rules that were written for it.
    pub(super) rules: Option<&'static str>,
    /// One of these stands in the address it sends to, or in a cookie's name …
    head: &'static [&'static str],
    /// … or one of these in its page.
    page: &'static [&'static str],
}

const KNOWN: &[Crm] = &[
    Crm { name: "Creme CRM", rules: Some("creme"), head: &["/creme_login"], page: &["action=\"/creme_login"] },
    Crm {
        name: "SuiteCRM",
        rules: None,
        head: &["LEGACYSESSID=", "sugar_user_theme="],
        page: &["<title>SuiteCRM</title>", "name=\"application-name\" content=\"SuiteCRM"],
    },
    Crm {
        name: "EspoCRM",
        rules: None,
        head: &[],
        page: &["<title>EspoCRM</title>", "client/lib/espo", "content=\"EspoCRM"],
    },
    Crm {
        name: "Odoo",
        rules: None,
        head: &["frontend_lang="],
        page: &["<meta name=\"generator\" content=\"Odoo", "odoo.__session_info__", "var odoo = {"],
    },
    Crm { name: "Tryton", rules: Some("tryton"), head: &[], page: &["<title>Tryton</title>", "dist/tryton-sao"] },
    Crm { name: "Request Tracker", rules: None, head: &["RT_SID_"], page: &["id=\"rt-header"] },
];

/// The CRM of an answer, if it is a known one.
pub(super) fn known(answer: &Answer) -> Option<&'static Crm> {
    let in_head = |sign: &&str| answer.trail.iter().chain(&answer.cookies).any(|text| text.contains(*sign));
    let in_page = |sign: &&str| answer.page.contains(*sign);
    KNOWN.iter().find(|crm| crm.head.iter().any(in_head) || crm.page.iter().any(in_page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_signs_are_known_and_names_in_prose_are_not() {
        let name = |answer: Answer| known(&answer).map(|crm| crm.name);
        let page = |text: &str| Answer { page: text.to_owned(), ..Answer::default() };
        let trail = Answer { trail: vec!["http://crm/creme_login/?next=/".into()], ..Answer::default() };
        let cookie = Answer { cookies: vec!["RT_SID_example.80=ab".into()], ..Answer::default() };
        assert_eq!((name(trail), name(cookie)), (Some("Creme CRM"), Some("Request Tracker")));
        assert_eq!(name(page("<head><title>EspoCRM</title>")), Some("EspoCRM"));
        let tryton = Answer { page: "<script src=\"dist/tryton-sao.min.js\">".to_owned(), ..Answer::default() };
        assert_eq!(known(&tryton).and_then(|crm| crm.rules), Some("tryton"));
        assert_eq!(name(page("<p>We moved from Odoo and SuiteCRM to our own</p>")), None);
    }
}
