//! The stage of each test: a CRM, a gateway before it, three staff, and whom the CRM knows.

use serde_json::Value;

use super::client::Client;
use super::crm::{Crm, contact_type, log_in, people};
use super::gateway::{Gateway, Staff};
use super::leak::Needles;
use super::stage::{Papers, Stage, Way};

/// What nobody but the manager sees in clear.
pub const CONTACT: [&str; 6] = ["phone", "email", "birthday", "zip", "street", "note"];
/// What the analyst does not see either.
pub const EVERYTHING: [&str; 8] = ["name", "kana", "phone", "email", "birthday", "zip", "street", "note"];

/// The CRM, the gateway before it, and whom the CRM knows.
#[derive(Debug)]
pub struct Scene {
    /// The CRM itself.
    pub crm: Crm,
    /// What stands before it.
    pub gateway: Gateway,
    /// Every seeded customer.
    pub people: Vec<Value>,
    /// The number that the CRM gave to the type of contacts.
    pub contact_type: String,
    papers: Papers,
}

impl Scene {
    /// Starts everything, or gives nothing where the CRM is not installed.
    pub fn start(stage: Stage) -> Option<Scene> {
        let papers = Papers::of(stage);
        let crm = Crm::start(&papers)?;
        let gateway = Gateway::start(crm.address, &papers);
        let contact_type = contact_type(&crm);
        Some(Scene { crm, gateway, people: people(), contact_type, papers })
    }

    /// How clients get to the CRM and to the gateway.
    pub fn way(&self) -> &Way {
        &self.papers.way
    }

    /// How the ledger calls this staff.
    pub fn recorded(&self, staff: Staff) -> String {
        match self.way() {
            Way::Plain => format!("header:{}", staff.user),
            Way::Hard(_) => format!("session:{}", staff.crm.0),
        }
    }

    /// A client of this staff, logged in to the CRM through the gateway.
    pub fn staff(&self, staff: Staff) -> Client {
        let mut client = self.gateway.client(staff);
        log_in(&mut client, staff.crm.0, staff.crm.1);
        client
    }

    /// The CRM's id of the nth seeded customer.
    pub fn id(&self, nth: usize) -> u64 {
        self.people[nth]["id"].as_u64().expect("an id")
    }

    /// The values of these kinds of all seeded customers.
    pub fn needles(&self, kinds: &[&'static str]) -> Needles {
        Needles::of(&self.people, kinds)
    }

    /// What every role opens, in this order.
    pub fn pages(&self) -> Vec<String> {
        let contact = &self.contact_type;
        let (english, japanese, wide) = (self.id(0), self.id(1), self.id(3));
        let of = format!("select billing_address_id from persons_contact where cremeentity_ptr_id = {japanese}");
        let address = self.crm.cell(&of);
        vec![
            "/".to_owned(),
            "/persons/contacts".to_owned(),
            format!("/persons/contact/{english}"),
            format!("/persons/contact/{japanese}"),
            format!("/persons/contact/{wide}"),
            format!("/persons/contact/edit/{english}"),
            format!("/persons/contact/edit/{japanese}"),
            format!("/creme_core/entity/edit/inner/{contact}/{japanese}?cell=regular_field-email"),
            format!("/creme_core/list_view/popup?ct_id={contact}&selection=single"),
            self.export("csv"),
            self.export("scsv"),
            format!("/creme_core/relation/entity/{japanese}/json?fields=unicode&fields=id"),
            format!("/creme_core/entity/get_repr/{english},{japanese}"),
            "/creme_core/enumerable/14/user/json".to_owned(),
            format!("/geolocation/get_neighbours?address_id={address}"),
            format!("/creme_core/bricks/reload/detailview/{japanese}?brick_id=hat-persons-contact_card"),
            format!("/creme_core/bricks/reload/detailview/{english}?brick_id=regular-creme_core-history"),
            // Once more, now that the menu on it names the contacts looked at.
            "/persons/contacts".to_owned(),
            "/my_page".to_owned(),
        ]
    }

    /// The export of all contacts in this format.
    pub fn export(&self, format: &str) -> String {
        format!("/creme_core/mass_export?ct_id={}&type={format}&hfilter=persons-hf_contact", self.contact_type)
    }

    /// Ends the scene: neither ledger nor log holds any seeded value, and the ledger verifies.
    pub fn end(self) {
        let needles = self.needles(&EVERYTHING);
        needles.none_in("the ledger", &self.gateway.ledger_text());
        needles.none_in("the log", &self.gateway.log());
        self.gateway.stop_and_verify();
    }
}
