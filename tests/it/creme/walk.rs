//! A walk through the CRM with a browser: log in, look at the list, sort it, open a contact, edit it.

use std::net::SocketAddr;

use serde_json::Value;

use super::browser::Browser;
use super::gateway::Staff;
use super::stage::Way;

/// What a browser saw on its way through the CRM.
#[derive(Debug)]
pub struct Walk {
    /// The list as it stood in the browser.
    pub list: String,
    /// The ids of its rows, in order.
    pub rows: Vec<Value>,
    /// The page of one contact.
    pub record: String,
    /// What scripts complained about until then.
    pub errors: Vec<String>,
    /// Whether the browser has asked the map service until the end.
    pub map: bool,
    /// The page with the popup that the pencil beside a telephone number opens.
    pub pencil: String,
    /// What a script that sends that popup's form back as it stands is told: a status and a refusal.
    pub veiled: String,
    /// The same for the popup of a field that everybody sees.
    pub unveiled: String,
    /// The page after the contact's form was sent with one field changed.
    pub edited: String,
}

/// The pencil beside the telephone number on the card: its script knows it by `data-action`.
const PENCIL: &str = ".card-info-fields a[data-action=edit]";

/// The pencil's popup goes back as the CRM's own scripts send it: `multipart/form-data`.
const VEILED: &str = "const ask = new XMLHttpRequest();\n\
    ask.open('POST', document.querySelector('.card-info-fields a[data-action=edit]').href, false);\n\
    ask.setRequestHeader('X-CSRFToken', creme.ajax.cookieCSRF());\n\
    ask.send(new FormData(document.querySelector('.ui-dialog form')));\n\
    return ask.status + ' ' + ask.getResponseHeader('Sudare-Refusal')";

/// Another popup, of the position: its form is fetched, changed and sent.
const UNVEILED: &str = "const url = new URL(document.querySelector('.card-info-fields a[data-action=edit]').href);\n\
    url.search = '?cell=regular_field-full_position';\n\
    const ask = new XMLHttpRequest();\n\
    ask.open('GET', url, false);\n\
    ask.setRequestHeader('X-Requested-With', 'XMLHttpRequest');\n\
    ask.send();\n\
    const page = new DOMParser().parseFromString(ask.responseText, 'text/html');\n\
    const form = new FormData(page.querySelector('form'));\n\
    form.set('full_position', 'Written in a popup');\n\
    ask.open('POST', url, false);\n\
    ask.setRequestHeader('X-CSRFToken', creme.ajax.cookieCSRF());\n\
    ask.send(form);\n\
    return ask.status + ' ' + ask.getResponseHeader('Sudare-Refusal')";

/// Logs in with the CRM's form, opens the list, opens a contact, edits it. Who sees everything also
/// sorts the list by a click, and gets the contact back after the edit; others get a refusal.
pub fn walk(way: &Way, address: SocketAddr, staff: Option<Staff>, crm: (&str, &str), id: u64, sees_all: bool) -> Walk {
    let origin = format!("{}://{address}", way.scheme());
    let browser = Browser::open();
    if let (Way::Plain, Some(Staff { user, .. })) = (way, staff) {
        // The browser keeps the gateway's credentials for the whole origin.
        browser.go(&format!("http://{user}:pw-{user}@{address}/creme_login"));
    }
    browser.go(&format!("{origin}/creme_login?next=/persons/contacts"));
    browser.fill("input[name=username]", crm.0);
    browser.fill("input[name=password]", crm.1);
    browser.click("input[type=submit], button[type=submit]");
    // The class comes with the list's own script, which makes its headings work.
    browser.find(".ui-creme-listview-standalone tr.lv-row");
    if sees_all {
        browser.click("th[data-column-key='regular_field-phone'] button");
        browser.find("th.sorted[data-column-key='regular_field-phone']");
    }
    browser.settle();
    let list = browser.page();
    let ids = "return Array.from(document.querySelectorAll('tr.lv-row input[name=entity_id]'), input => input.value)";
    let rows = browser.run(ids).as_array().cloned().unwrap_or_default();
    browser.go(&format!("{origin}/persons/contact/{id}"));
    browser.find(".business-card .card-name");
    browser.settle();
    let record = browser.page();
    // The CRM's own page sends the customer's address to a map service; who sees addresses would here, too.
    let errors = match staff {
        None => {
            browser.await_map();
            browser.complaints().scripts
        }
        Some(_) if sees_all => browser.complaints_of_a_forbidden_map().scripts,
        Some(_) => browser.complaints().scripts,
    };
    browser.click(PENCIL);
    browser.find(".ui-dialog form input[name=phone]");
    browser.settle();
    let pencil = browser.page();
    let [veiled, unveiled] =
        [VEILED, UNVEILED].map(|script| browser.run(script).as_str().unwrap_or_default().to_owned());
    browser.go(&format!("{origin}/persons/contact/edit/{id}"));
    browser.fill("input[name=full_position]", "Walked by");
    browser.click(".submit_buttons input[type=submit]");
    browser.find(".business-card .card-name");
    let edited = browser.page();
    let map = staff.is_none() || browser.asked_for_a_map();
    Walk { list, rows, record, errors, map, pencil, veiled, unveiled, edited }
}

impl Walk {
    /// What scripts complained about on this walk and not on the other.
    pub fn errors_beyond(&self, other: &Walk) -> Vec<String> {
        self.errors.iter().filter(|error| !other.errors.contains(error)).cloned().collect()
    }
}
