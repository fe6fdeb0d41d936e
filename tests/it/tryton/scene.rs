//! The stage of each test: Tryton, a gateway before it that learns Tryton's own log-in, and staff.

use std::io::Read;
use std::net::SocketAddr;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::crm::{Crm, people};
use crate::creme::leak::Needles;
use crate::gateway::client::request;
use crate::gateway::running::{Running, Setup};

/// Tryton's accounts: name and password.
pub type Staff = (&'static str, &'static str);
/// Sees names, and contacts in part.
pub const SUPPORT: Staff = ("desk", "pw-Desk-8104");
/// Sees everything.
pub const MANAGER: Staff = ("admin", "admin-pw-Tryton1");
/// Has no role.
pub const VISITOR: Staff = ("audit", "pw-Audit-8104");

const STAFF: &str = "desk: [crm-support]\nadmin: [crm-managers]\naudit: []\n";

const CONFIG: &str = r#"identity: [{ session: { login: POST /crm/session/login, user: "json.$.params[0]", cookie: tryton_session, success: { status: 200, json: { "$.result[0]": "*" } }, logout: POST /crm/session/logout, groups: staff.yaml } }]"#;

/// Tryton and the gateway before it.
pub struct Scene {
    /// Tryton itself.
    pub crm: Crm,
    /// What stands before it.
    pub gateway: Running,
    /// Every seeded party.
    pub people: Vec<Value>,
}

/// One staff member's client.
pub struct Client {
    address: SocketAddr,
    cookie: String,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Scene {
    /// Starts everything, or gives nothing where Tryton is not installed.
    pub fn start() -> Option<Scene> {
        let crm = Crm::start()?;
        let rules = include_str!("../../../rules/tryton.yaml");
        let setup = Setup { rules, config: CONFIG, files: &[("staff.yaml", STAFF)] };
        let gateway = Running::set_up(crm.address, setup);
        Some(Scene { crm, gateway, people: people() })
    }

    /// A client that has logged in through the gateway with Tryton's own call.
    pub fn staff(&self, staff: Staff) -> Client {
        let mut client = self.nobody();
        let answer = client.log_in(staff.0, staff.1);
        assert_eq!(answer.status, 200, "{}: {:?}", staff.0, answer.header("sudare-refusal"));
        let set = answer.header("set-cookie").expect("a session");
        client.cookie = set.split(';').next().unwrap_or_default().to_owned();
        client
    }

    /// A client that has not logged in.
    pub fn nobody(&self) -> Client {
        Client { address: self.gateway.staff, cookie: String::new() }
    }

    /// All values of these kinds.
    pub fn needles(&self, kinds: &[&'static str]) -> Needles {
        Needles::of(&self.people, kinds)
    }

    /// Tryton's number of a seeded party.
    pub fn id(&self, number: usize) -> u64 {
        self.people[number]["id"].as_u64().expect("an id")
    }

    /// The records of an answer, once the ledger has one.
    pub fn records(&self, answer: &Answer) -> Vec<Value> {
        let id = answer.header("sudare-request").expect("every answer has an id");
        self.gateway.record(id);
        self.gateway.records(id)
    }

    /// Ends the scene: neither ledger nor log holds any seeded value, and the ledger verifies.
    pub fn end(mut self) {
        let needles = self.needles(&["name", "phone", "email", "zip", "street"]);
        assert!(self.gateway.stop().success(), "{}", self.gateway.log());
        needles.none_in("the ledger", &self.gateway.ledger_text());
        needles.none_in("the log", &self.gateway.log());
        assert!(self.gateway.verify().success());
    }
}

impl Client {
    /// Tryton's log-in that sets a cookie.
    pub fn log_in(&self, user: &str, password: &str) -> Answer {
        let params = json!([user, { "password": password }, "en"]);
        self.post("/crm/session/login", "session.login", &params)
    }

    /// A call of Tryton's.
    pub fn call(&self, method: &str, params: &Value) -> Answer {
        self.post("/crm/rpc/", method, params)
    }

    /// A call to any path.
    pub fn post(&self, path: &str, method: &str, params: &Value) -> Answer {
        let body = json!({ "id": 7, "method": method, "params": params }).to_string();
        self.send(path, "application/json", &body)
    }

    /// Any body.
    pub fn send(&self, path: &str, kind: &str, body: &str) -> Answer {
        // Tryton calls a long answer packed whether or not it was asked to pack it.
        let mut headers = vec![("Content-Type", kind), ("Accept-Encoding", "gzip")];
        if !self.cookie.is_empty() {
            headers.push(("Cookie", &self.cookie));
        }
        let answer = request(self.address, "POST", path, &headers, body).expect("an answer");
        let packed = answer.header("content-encoding").is_some_and(|coding| coding == "gzip");
        let mut body = Vec::new();
        if packed {
            GzDecoder::new(&answer.body[..]).read_to_end(&mut body).expect("gzip");
        } else {
            body = answer.body;
        }
        Answer { status: answer.status, headers: answer.headers, body }
    }

    /// The same session at Tryton itself.
    pub fn at(&self, address: SocketAddr) -> Client {
        Client { address, cookie: self.cookie.clone() }
    }
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Head and body together, as one text to search.
    pub fn whole(&self) -> String {
        let head: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        head + &String::from_utf8_lossy(&self.body)
    }

    /// What the call gave.
    pub fn result(&self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.header("sudare-refusal"));
        let mut answer: Value = serde_json::from_slice(&self.body).expect("JSON");
        assert_eq!(answer["id"], 7, "clients compare the call's number");
        assert_eq!(answer["error"], Value::Null);
        answer["result"].take()
    }

    /// Status and reason of a refusal.
    pub fn refused(&self) -> (u16, &str) {
        (self.status, self.header("sudare-refusal").unwrap_or_default())
    }
}
