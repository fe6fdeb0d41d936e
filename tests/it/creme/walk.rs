//! A walk through the CRM with a browser: log in, look at the list, sort it, open a contact.

use std::net::SocketAddr;

use serde_json::Value;

use super::browser::Browser;
use super::gateway::Staff;

/// What a browser saw on its way through the CRM.
#[derive(Debug)]
pub struct Walk {
    /// The list as it stood in the browser.
    pub list: String,
    /// The ids of its rows, in order.
    pub rows: Vec<Value>,
    /// The page of one contact.
    pub record: String,
    /// What scripts complained about.
    pub errors: Vec<String>,
}

/// Logs in with the CRM's form, opens the list, sorts it by a click where asked, opens a contact.
pub fn walk(address: SocketAddr, staff: Option<Staff>, crm: (&str, &str), id: u64, sort: bool) -> Walk {
    let browser = Browser::open();
    if let Some(Staff { user, .. }) = staff {
        // The browser keeps the gateway's credentials for the whole origin.
        browser.go(&format!("http://{user}:pw-{user}@{address}/creme_login"));
    }
    browser.go(&format!("http://{address}/creme_login?next=/persons/contacts"));
    browser.fill("input[name=username]", crm.0);
    browser.fill("input[name=password]", crm.1);
    browser.click("input[type=submit], button[type=submit]");
    browser.find("table.listview tr.lv-row");
    if sort {
        browser.click("th[data-column-key='regular_field-phone'] button");
        browser.find("th.sorted[data-column-key='regular_field-phone']");
    }
    browser.settle();
    let list = browser.page();
    let ids = "return Array.from(document.querySelectorAll('tr.lv-row input[name=entity_id]'), input => input.value)";
    let rows = browser.run(ids).as_array().cloned().unwrap_or_default();
    browser.go(&format!("http://{address}/persons/contact/{id}"));
    browser.find(".business-card .card-name");
    browser.settle();
    let record = browser.page();
    let errors = browser.script_errors();
    Walk { list, rows, record, errors }
}

impl Walk {
    /// What scripts complained about on this walk and not on the other.
    pub fn errors_beyond(&self, other: &Walk) -> Vec<String> {
        self.errors.iter().filter(|error| !other.errors.contains(error)).cloned().collect()
    }
}
