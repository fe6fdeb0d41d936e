//! `session:` the CRM's own log-in, learnt by looking on.
//!
//! Staff logs in to the CRM as ever. When the CRM's answer to a log-in shows success and sets a new
//! session cookie, that cookie is bound to the name in the log-in form, and whoever brings it later
//! is that person. A cookie that the browser had before is never bound: somebody else could have
//! planted it. A cookie that takes part in another log-in or a log-out is unbound before the CRM
//! hears of it, so that the gateway never knows an older name than the CRM does. Where `whoami`
//! stands, the CRM itself is asked whose the cookie is, and asked again now and then.
//!
//! What is said of cookies here is in `cookie`, what is remembered in `store`. Only `find` and the
//! observer of answers know that the ticket is a cookie.

pub mod cookie;
pub mod store;

use std::sync::{Arc, OnceLock};

use http::{HeaderMap, Method};

use crate::identity::session::store::{Store, Ticket};
use crate::identity::turns::Turns;
use crate::identity::{Asking, Found, json, name};
use crate::terms::place::JsonPath;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;
use crate::terms::staff::Staff;

/// How many questions to the CRM about cookies run at once, and how many wait.
const QUESTIONS: (usize, usize) = (16, 256);

/// What gateway.yaml says of the CRM's log-in.
pub struct Session {
    /// The cookie that is the session.
    pub cookie: String,
    /// The log-in; without it, `whoami` tells of every cookie.
    pub login: Option<Login>,
    /// The question to the CRM whose a cookie is.
    pub whoami: Option<Whoami>,
    /// The log-out.
    pub logout: Option<Door>,
    /// How long a cookie stays bound, in seconds.
    pub lasts: i64,
    /// A bound on questions to the CRM.
    pub turns: Turns,
    store: OnceLock<Arc<Store>>,
}

/// Methods and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// The methods; none means any.
    pub methods: Vec<Method>,
    /// The path's segments as `folded` makes them, a slash at the end aside.
    pub path: Vec<String>,
    /// The path as it is written.
    pub text: String,
}

impl Door {
    /// Whether a request is about this path.
    pub fn is_at(&self, path: &[String]) -> bool {
        self.path == path
    }

    /// Whether a request goes through.
    pub fn takes(&self, method: &Method, path: &[String]) -> bool {
        self.is_at(path) && (self.methods.is_empty() || self.methods.contains(method))
    }
}

/// How the CRM's log-in looks.
pub struct Login {
    /// Where it is sent.
    pub door: Door,
    /// Where the name stands in what is sent.
    pub user: UserAt,
    /// What an answer looks like that let somebody in.
    pub success: Success,
}

/// Where a log-in names its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAt {
    /// A parameter of a form.
    Form(String),
    /// A value of a JSON body.
    Json(JsonPath),
}

/// What an answer looks like that let somebody in.
pub struct Success {
    /// The status is one of these.
    pub statuses: Vec<u16>,
    /// `Location`'s path and query fit this text, in which `*` stands for any run of characters.
    pub location: Option<String>,
    /// What the answer's JSON says at these places; in the texts `*` stands for any run of characters.
    pub json: Vec<(JsonPath, String)>,
}

impl Success {
    /// Whether an answer let somebody in. One that leads back to the log-in did not, unless that very place
    /// is what success is said to be: some have their log-in on the first page.
    pub fn shows(&self, door: &Door, status: u16, headers: &HeaderMap) -> bool {
        let mut locations = headers.get_all(http::header::LOCATION).iter();
        let location = locations.next().map(|value| value.to_str().unwrap_or_default());
        if locations.next().is_some() || !self.statuses.contains(&status) {
            return false;
        }
        let target = location.map(target);
        let said = self.location.as_deref().is_some_and(|text| !text.contains('*') && is_path_of(text, door));
        let back = !said && target.is_some_and(|target| is_path_of(target, door));
        let fits = match (&self.location, target) {
            (None, _) => true,
            (Some(glob), Some(target)) => fits(glob.as_bytes(), target.as_bytes()),
            (Some(_), None) => false,
        };
        fits && !back
    }

    /// Whether what the answer says fits too. What can be read in two ways, or is packed, says nothing.
    pub fn is_said_in(&self, body: &[u8]) -> bool {
        let Some(said) = json::read(body) else { return false };
        self.json.iter().all(|(path, pattern)| {
            let text = json::name_at(&said, path).ok().flatten();
            // Nothing, and the number 0, are how programs say no.
            let says_no = |text: &str| text.trim().is_empty() || text == "0";
            text.is_some_and(|text| {
                *text == **pattern || (!says_no(&text) && fits(pattern.as_bytes(), text.as_bytes()))
            })
        })
    }
}

/// `whoami:` a page of the CRM that says whose a session is.
pub struct Whoami {
    /// Its path.
    pub path: String,
    /// Where the name stands in its JSON.
    pub user: JsonPath,
    /// After how many seconds it is asked again.
    pub every: i64,
}

/// A cookie of which only the CRM can say whose it is.
pub struct Question {
    /// What the cookie is remembered by.
    pub ticket: Ticket,
    /// The cookie's value.
    pub value: Secret,
}

impl Session {
    /// The CRM's log-in; nothing is remembered until `open`.
    pub fn new(
        cookie: String,
        login: Option<Login>,
        whoami: Option<Whoami>,
        logout: Option<Door>,
        lasts: i64,
    ) -> Session {
        let turns = Turns::new(QUESTIONS.0, QUESTIONS.1);
        Session { cookie, login, whoami, logout, lasts, turns, store: OnceLock::new() }
    }

    /// Remembers in this store from now on.
    pub fn open(&self, store: Store) {
        // A second store would be of the same file; the first stays.
        let _ = self.store.set(Arc::new(store));
    }

    /// What is remembered.
    pub fn store(&self) -> Result<&Arc<Store>, Refusal> {
        self.store.get().ok_or_else(|| Refusal::new(Reason::IdentityAway, "the sessions are not there"))
    }

    /// Staff, if the cookie is bound; the question, if the CRM must be asked.
    pub fn find(&self, asking: &Asking<'_>) -> Result<Found, Refusal> {
        let Some(value) = cookie::only(asking.headers, &self.cookie)? else { return Ok(Found::Nothing) };
        let store = self.store()?;
        let ticket = store.ticket(asking.crm, &self.cookie, value);
        let question = || Found::Whoami(Question { ticket, value: Secret(value.to_owned()) });
        match (store.who(&ticket, asking.now), &self.whoami) {
            (Some(known), Some(whoami)) if asking.now - known.asked >= whoami.every => Ok(question()),
            (Some(known), _) => Ok(Found::Staff(staff(known.user))),
            (None, Some(_)) if self.login.is_none() && !store.is_strange(&ticket, asking.now) => Ok(question()),
            (None, _) => Ok(Found::Nothing),
        }
    }

    /// What the CRM's word on a cookie means. It may have to be written down.
    pub fn settle(&self, ticket: Ticket, told: Option<&str>, now: i64) -> Result<Found, Refusal> {
        let store = self.store()?;
        let told = told.and_then(name::user);
        match (store.who(&ticket, now), told) {
            (Some(known), Some(user)) if known.user == user => store.asked(&ticket, now),
            (None, Some(user)) if self.login.is_none() => store.remember(ticket, user, now),
            // Another name than the one that logged in, or none: nobody is known by this cookie any more.
            _ => {
                store.unbind(&ticket);
                store.strange(ticket, now);
                return Ok(Found::Nothing);
            }
        }
        Ok(told.map_or(Found::Nothing, |user| Found::Staff(staff(user.to_owned()))))
    }

    /// Whether a path is open to those whom nobody knows yet or who have no role: else nobody could
    /// log in, or out.
    pub fn is_open(&self, method: &Method, path: &[String]) -> bool {
        let looks = matches!(*method, Method::GET | Method::HEAD);
        let login = self
            .login
            .as_ref()
            .is_some_and(|login| login.door.takes(method, path) || (looks && login.door.is_at(path)));
        login || self.logout.as_ref().is_some_and(|door| door.takes(method, path))
    }
}

fn staff(user: String) -> Staff {
    Staff::new("session", user, Vec::new())
}

/// Path and query of an address, whosever it is: the CRM may know itself by another name.
fn target(location: &str) -> &str {
    let Some((_, rest)) = location.split_once("//").filter(|(scheme, _)| scheme.is_empty() || scheme.ends_with(':'))
    else {
        return location;
    };
    rest.find(['/', '?', '#']).map_or("/", |at| &rest[at..])
}

fn is_path_of(target: &str, door: &Door) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let plain = |path: &str| path.trim_matches('/').to_lowercase();
    plain(path) == plain(&door.text)
}

/// Whether a text fits a pattern in which `*` stands for any run of characters.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut text) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let rest: Vec<&[u8]> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return text.is_empty() };
    for part in middle.iter().filter(|part| !part.is_empty()) {
        let Some(at) = text.windows(part.len()).position(|window| window == *part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text, is) in [
            ("/home", "/home", true),
            ("/home", "/home/", false),
            ("/home*", "/home?x=1", true),
            ("/home*", "/log?next=/home", false),
            ("*", "", true),
            ("/a*b*c", "/a-b-b-c", true),
            ("/a*b*c", "/a-c-b", false),
            ("/aa*a", "/aa", false),
        ] {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), is, "{pattern} {text}");
        }
    }

    #[test]
    fn a_log_in_on_the_first_page_may_lead_there() {
        let door = Door { methods: vec![Method::POST], path: Vec::new(), text: "/".into() };
        for (location, target, is) in
            [("/", "https://rt.example/", true), ("/", "/?e=1", false), ("/*", "/", false), ("/", "/x", false)]
        {
            let success = Success { statuses: vec![302], location: Some(location.into()), json: Vec::new() };
            let headers = [(http::header::LOCATION, HeaderValue::from_str(target).expect("a value"))];
            assert_eq!(success.shows(&door, 302, &headers.into_iter().collect()), is, "{location} {target}");
        }
    }

    #[test]
    fn success_may_be_what_the_answer_says() {
        let path = |text: &str| JsonPath::parse(text).expect("a path");
        let json = vec![(path("$.result[0]"), "*".to_owned()), (path("$.state"), "ok*".to_owned())];
        let success = Success { statuses: vec![200], location: None, json };
        for (body, is) in [
            (r#"{"result":[2,null],"state":"ok"}"#, true),
            (r#"{"result":["x"],"state":"okay"}"#, true),
            (r#"{"result":null,"state":"ok"}"#, false),
            (r#"{"result":[null],"state":"ok"}"#, false),
            (r#"{"result":[2],"state":"no"}"#, false),
            (r#"{"result":[2]}"#, false),
            (r#"{"result":[2],"result":[3],"state":"ok"}"#, false),
            (r#"{"result":[2],"state":"ok","State":"no"}"#, false),
            ("<p>ok", false),
            ("", false),
        ] {
            assert_eq!(success.is_said_in(body.as_bytes()), is, "{body}");
        }
    }

    #[test]
    fn success_is_the_status_the_place_and_not_the_log_in_again() {
        let door = Door { methods: vec![Method::POST], path: vec!["login".into()], text: "/login".into() };
        let success = Success { statuses: vec![302], location: Some("/*".into()), json: Vec::new() };
        let shows = |status, locations: &[&'static str]| {
            let values = locations.iter().map(|text| (http::header::LOCATION, HeaderValue::from_static(text)));
            success.shows(&door, status, &values.collect())
        };
        assert!(shows(302, &["/home"]));
        assert!(shows(302, &["https://crm.internal/home"]));
        assert!(shows(302, &["https://crm.internal"]));
        for (status, locations) in [
            (200, &["/home"][..]),
            (302, &[]),
            (302, &["/home", "/home"]),
            (302, &["/login"]),
            (302, &["/Login/?error=1"]),
            (302, &["http://crm.internal/login?error=1#x"]),
            (302, &["javascript:x"]),
        ] {
            assert!(!shows(status, locations), "{status} {locations:?}");
        }
    }
}
