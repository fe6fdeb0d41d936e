//! The CRM's own log-in, learnt: a CRM that speaks as Creme does, and the gateway that looks on.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::client::{Answer, get, request};
use super::origin::{Origin, Request};
use super::running::{Running, Setup, until};
use super::{RECORD, RULES};
use crate::gate::wire::{connect, read_all};

const STAFF: &str = "tanaka: [crm-support]\nsato: { groups: [crm-managers] }\n";

const SOURCE: &str = r#"login: POST /creme_login, user: form.username, cookie: sessionid, success: { status: 302, location: "/*" }, logout: GET /creme_logout, groups: staff.yaml"#;

/// A CRM's sessions, and how it behaves.
#[derive(Default)]
struct Crm {
    sessions: Mutex<HashMap<String, String>>,
    count: AtomicUsize,
    /// Keeps a session's cookie where another would be given.
    keeps: AtomicBool,
    /// Cannot say whose a session is.
    silent: AtomicBool,
}

impl Crm {
    fn start() -> (Arc<Crm>, Origin) {
        let crm = Arc::new(Crm::default());
        let own = Arc::clone(&crm);
        (crm, Origin::start(move |request| own.answer(request)))
    }

    fn answer(&self, request: &Request) -> Answer {
        let cookie = request.header("cookie").and_then(|text| text.split("sessionid=").nth(1)).unwrap_or_default();
        let cookie = cookie.split(';').next().unwrap_or_default();
        let user = self.sessions.lock().expect("no panic there").get(cookie).cloned();
        let method = request.0.split(' ').next().unwrap_or_default();
        match (method, request.path(), user) {
            ("POST", "/creme_login", _) => self.log_in(request, cookie),
            (_, "/creme_login", _) => {
                Answer::new(200, "text/html; charset=utf-8", "<form><input name=\"username\"></form>")
                    .with("Set-Cookie", "csrftoken=abc; Path=/")
            }
            (_, "/creme_logout", _) => {
                self.sessions.lock().expect("no panic there").remove(cookie);
                Answer::new(302, "text/html", "").with("Location", "/creme_login")
            }
            (_, "/me", _) if self.silent.load(Ordering::Acquire) => Answer::new(500, "text/html", "<p>oh"),
            (_, _, None) => Answer::new(302, "text/html", "").with("Location", "/creme_login"),
            (_, "/me", Some(user)) => {
                Answer::new(200, "application/json", &format!(r#"{{"user":{{"login":"{user}"}}}}"#))
            }
            (_, "/dropped", Some(_)) => Answer::new(200, "text/plain; charset=utf-8", "bye")
                .with("Set-Cookie", "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"),
            // As each page of Creme does, it says the cookie again.
            (_, _, Some(_)) => Answer::new(200, "application/json", RECORD)
                .with("Set-Cookie", &format!("sessionid={cookie}; HttpOnly; Path=/")),
        }
    }

    /// Passwords are `pw-NAME`; names count in any letter case, and a blank at the end does not.
    fn log_in(&self, request: &Request, cookie: &str) -> Answer {
        let body = request.0.split("\r\n\r\n").nth(1).unwrap_or_default();
        let find = |name: &str| {
            body.split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value)
        };
        let user = find("username").unwrap_or_default().to_lowercase();
        if find("password") != Some(&format!("pw-{user}")) {
            let back = find("next") == Some("back");
            let fresh = format!("sessionid={}; HttpOnly; Path=/", self.fresh());
            let answer = match back {
                true => Answer::new(302, "text/html", "").with("Location", "/creme_login?error=1"),
                false => Answer::new(200, "text/html; charset=utf-8", "<p>wrong</p>"),
            };
            return answer.with("Set-Cookie", &fresh);
        }
        let kept = self.keeps.load(Ordering::Acquire) && !cookie.is_empty();
        let fresh = if kept { cookie.to_owned() } else { self.fresh() };
        self.sessions.lock().expect("no panic there").insert(fresh.clone(), user);
        let answer = Answer::new(302, "text/html; charset=utf-8", "").with("Location", "/");
        let answer =
            answer.with("Set-Cookie", "csrftoken=JRLj1Xb; expires=Sun, 21 Nov 2027 03:25:49 GMT; Path=/; SameSite=Lax");
        match find("next") {
            Some("nothing") => answer,
            Some("twice") => {
                answer.with("Set-Cookie", "sessionid=xxx; Path=/a").with("Set-Cookie", &format!("sessionid={fresh}"))
            }
            _ => answer.with(
                "Set-Cookie",
                &format!("sessionid={fresh}; expires=Sun, 06 Dec 2099 03:25:49 GMT; HttpOnly; Path=/"),
            ),
        }
    }

    fn fresh(&self) -> String {
        format!("xkf1h4j67i24xwvt74zytx20ikqjqu{:02}", self.count.fetch_add(1, Ordering::AcqRel))
    }
}

fn gateway(crm: &Origin, source: &str) -> Running {
    let config = format!("identity: [{{ session: {{ {source} }} }}]");
    let rules = RULES.replace("rules:", "  - { id: static, match: GET /static/**, public: true }\nrules:");
    Running::set_up(crm.address, Setup { rules: &rules, config: &config, files: &[("staff.yaml", STAFF)] })
}

fn log_in(gateway: &Running, body: &str, cookie: Option<&str>) -> Answer {
    let cookie = cookie.map(|cookie| format!("csrftoken=abc; sessionid={cookie}"));
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded")];
    headers.extend(cookie.as_deref().map(|cookie| ("Cookie", cookie)));
    request(gateway.staff, "POST", "/creme_login", &headers, body).expect("an answer")
}

fn session_of(answer: &Answer) -> Option<String> {
    let set = |(name, value): &(String, String)| {
        let value = value.strip_prefix("sessionid=").filter(|_| name.eq_ignore_ascii_case("set-cookie"))?;
        Some(value.split(';').next().unwrap_or_default().to_owned())
    };
    answer.headers.iter().find_map(set)
}

/// Logs in as Creme's form does, and gives the cookie.
fn logged_in(gateway: &Running, user: &str, cookie: Option<&str>) -> String {
    let answer = log_in(
        gateway,
        &format!("csrfmiddlewaretoken=abc&username={user}&password=pw-{}&next=", user.to_lowercase()),
        cookie,
    );
    assert_eq!(answer.status, 302, "{answer:?}");
    session_of(&answer).expect("a cookie")
}

fn ask(gateway: &Running, path: &str, cookie: &str) -> Answer {
    get(gateway.staff, path, &[("Cookie", &format!("sessionid={cookie}"))])
}

fn record(gateway: &Running, cookie: &str) -> Answer {
    ask(gateway, "/api/customers/42", cookie)
}

#[test]
fn a_log_in_at_the_crm_is_learnt_and_outlives_a_restart() {
    let (_, crm) = Crm::start();
    let mut gateway = gateway(&crm, SOURCE);
    let page = get(gateway.staff, "/api/customers/42", &[("Accept", "text/html")]);
    assert_eq!(page.status, 401);
    assert!(page.text().contains("<a href=\"/creme_login\">Log in</a>"), "{}", page.text());
    assert_eq!(get(gateway.staff, "/creme_login?next=/", &[]).status, 200, "the log-in is open to all");
    assert_eq!(get(gateway.staff, "/static/logo", &[]).status, 302, "and so is what is public");
    let cookie = logged_in(&gateway, "tanaka", None);
    let answer = record(&gateway, &cookie);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.text().contains("***-****-5678"), "{}", answer.text());
    assert_eq!(gateway.record(&answer.header("sudare-request").expect("an id"))["staff"], "session:tanaka");
    let other = logged_in(&gateway, "sato", None);
    assert!(record(&gateway, &other).text().contains("090-1234-5678"), "sato is a manager");
    assert_eq!(record(&gateway, "xkf1h4j67i24xwvt74zytx20ikqjqu99").status, 401, "a cookie that nobody learnt");
    let login: Vec<serde_json::Value> = gateway
        .ledger_text()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|record: &serde_json::Value| record["event"] == "login")
        .collect();
    let told = |record: &serde_json::Value| format!("{} {} {}", record["staff"], record["outcome"], record["status"]);
    let login: Vec<String> = login.iter().map(told).collect();
    assert_eq!(login, [r#""session:tanaka" "recognised" 302"#, r#""session:sato" "recognised" 302"#]);
    let path = gateway.state().join("sessions");
    assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    gateway.stop();
    gateway.restart();
    assert_eq!(record(&gateway, &cookie).status, 200, "it is known after a restart");
    gateway.stop();
    let kept = std::fs::read_to_string(&path).expect("a file");
    for text in [kept, gateway.log(), gateway.ledger_text()] {
        assert!(!text.contains(&cookie) && !text.contains("pw-tanaka"), "a secret stands in\n{text}");
    }
}

#[test]
fn only_a_new_cookie_in_an_answer_that_shows_success_is_bound() {
    let (own, crm) = Crm::start();
    let gateway = gateway(&crm, SOURCE);
    for (body, why) in [
        ("username=tanaka&password=wrong", "the log-in failed, and its page sets a cookie"),
        ("username=tanaka&password=wrong&next=back", "the answer leads back to the log-in"),
        ("username=tanaka&password=pw-tanaka&next=twice", "two cookies are set"),
    ] {
        let answer = log_in(&gateway, body, None);
        if let Some(cookie) = session_of(&answer) {
            own.sessions.lock().expect("no panic there").insert(cookie.clone(), "tanaka".to_owned());
            assert_eq!(record(&gateway, &cookie).status, 401, "{why}");
        }
    }
    let planted = "planted-by-somebody-else";
    assert_eq!(log_in(&gateway, "username=tanaka&password=pw-tanaka&next=nothing", Some(planted)).status, 302);
    assert_eq!(record(&gateway, planted).status, 401, "no cookie is set");
    own.keeps.store(true, Ordering::Release);
    let answer = log_in(&gateway, "username=tanaka&password=pw-tanaka", Some(planted));
    assert_eq!(session_of(&answer).as_deref(), Some(planted), "this crm keeps the cookie");
    assert_eq!(record(&gateway, planted).status, 401, "whoever planted the cookie would be tanaka");
    // Nobody waits for the record of a log-in that failed.
    let failed = || gateway.ledger_text().matches(r#""outcome":"unrecognised""#).count();
    until(|| (failed() == 5).then_some(()));
    assert!(!gateway.ledger_text().contains("tanaka"), "names that were tried are not recorded");
}

#[test]
fn a_log_in_that_could_name_two_people_does_not_reach_the_crm() {
    let (_, crm) = Crm::start();
    let gateway = gateway(&crm, SOURCE);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let json = [("Content-Type", "application/json")];
    for (path, headers, body) in [
        ("/creme_login", form, "username=tanaka&username=sato&password=pw-tanaka"),
        ("/creme_login", form, "username=tanaka&User%6eame=sato&password=pw-tanaka"),
        ("/creme_login", form, "username=tanaka&username%5B%5D=sato&password=pw-tanaka"),
        ("/creme_login", form, "username=tan%83%8Daka&password=pw-tanaka"),
        ("/creme_login?username=sato", form, "username=tanaka&password=pw-tanaka"),
        ("/creme_login", form, "username=tanaka&password=pw-tanaka;username=sato"),
        ("/creme_login", form, "{\"username\":\"tanaka\",\"x\":\"&username=sato&\"}"),
        ("/creme_login", json, "{\"username\":\"tanaka\"}"),
    ] {
        let answer = request(gateway.staff, "POST", path, &headers, body).expect("an answer");
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (400, Some("ambiguous")), "{body}");
    }
    let long = format!("username=tanaka&password={}", "x".repeat(70_000));
    assert_eq!(log_in(&gateway, &long, None).status, 413, "nobody in particular sends little");
    assert!(crm.asked().is_empty(), "{:?}", crm.asked());
    assert_eq!(request(gateway.staff, "PUT", "/creme_login", &[], "").expect("an answer").status, 401);
    let cookie = logged_in(&gateway, "tanaka", None);
    let twice =
        get(gateway.staff, "/api/customers/42", &[("Cookie", &format!("sessionid={cookie}; sessionid={cookie}"))]);
    assert_eq!(twice.status, 400, "{twice:?}");
}

#[test]
fn a_cookie_changes_hands_only_by_a_log_in_and_ends_with_a_log_out() {
    let (own, crm) = Crm::start();
    let gateway = gateway(&crm, SOURCE);
    let first = logged_in(&gateway, "tanaka", None);
    let second = logged_in(&gateway, "sato", Some(&first));
    assert_ne!(first, second);
    assert!(record(&gateway, &second).text().contains("090-1234-5678"), "sato now");
    assert_eq!(record(&gateway, &first).status, 401, "the cookie before is nobody's");
    // A crm that keeps the cookie and changes whose it is.
    own.keeps.store(true, Ordering::Release);
    logged_in(&gateway, "tanaka", Some(&second));
    assert_eq!(record(&gateway, &second).status, 401, "it is not sato's any more, and not known as tanaka's");
    own.keeps.store(false, Ordering::Release);
    let third = logged_in(&gateway, "tanaka", None);
    // The log-in's path in another spelling is the log-in all the same.
    let headers = [("Cookie", &*format!("sessionid={third}")), ("Content-Type", "application/x-www-form-urlencoded")];
    let _ = request(gateway.staff, "POST", "/Creme_Login/", &headers, "username=sato&password=wrong");
    assert_eq!(record(&gateway, &third).status, 401, "a log-in that fails unbinds too");
    let fourth = logged_in(&gateway, "tanaka", None);
    assert_eq!(ask(&gateway, "/creme_logout", &fourth).status, 302);
    own.sessions.lock().expect("no panic there").insert(fourth.clone(), "tanaka".to_owned());
    assert_eq!(record(&gateway, &fourth).status, 401, "logged out");
    let fifth = logged_in(&gateway, "tanaka", None);
    assert_eq!(ask(&gateway, "/dropped", &fifth).status, 200);
    assert_eq!(record(&gateway, &fifth).status, 401, "the crm took it away");
    let nobody = logged_in(&gateway, "suzuki", None);
    assert_eq!(record(&gateway, &nobody).status, 403, "known, but without a role");
    assert_eq!(ask(&gateway, "/creme_logout", &nobody).status, 302, "and able to leave");
}

#[test]
fn the_crm_itself_says_whose_a_session_is() {
    let (own, crm) = Crm::start();
    let gateway = gateway(&crm, &format!("{SOURCE}, whoami: {{ path: /me, user: $.user.login, every: 1s }}"));
    // The crm takes names in any letter case; the one that it gives counts.
    let cookie = logged_in(&gateway, "TANAKA", None);
    let answer = record(&gateway, &cookie);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(gateway.record(&answer.header("sudare-request").expect("an id"))["staff"], "session:tanaka");
    let asked = crm.asked().into_iter().find(|request| request.starts_with("GET /me ")).expect("it was asked");
    assert!(asked.contains(&format!("cookie: sessionid={cookie}")) && !asked.contains("csrftoken"), "{asked}");
    own.silent.store(true, Ordering::Release);
    let away = until(|| Some(record(&gateway, &cookie)).filter(|answer| answer.status != 200));
    assert_eq!((away.status, away.header("sudare-refusal").as_deref()), (503, Some("identity-away")));
    own.silent.store(false, Ordering::Release);
    until(|| Some(record(&gateway, &cookie)).filter(|answer| answer.status == 200));
    own.sessions.lock().expect("no panic there").insert(cookie.clone(), "sato".to_owned());
    until(|| Some(record(&gateway, &cookie)).filter(|answer| answer.status == 401));
    own.sessions.lock().expect("no panic there").insert(cookie.clone(), "tanaka".to_owned());
    assert_eq!(record(&gateway, &cookie).status, 401, "who was somebody else once logs in again");
}

#[test]
fn a_crm_whose_log_in_is_elsewhere_can_be_asked_alone() {
    let (own, crm) = Crm::start();
    let gateway = gateway(&crm, "cookie: sessionid, whoami: { path: /me, user: $.user.login }, groups: staff.yaml");
    own.sessions.lock().expect("no panic there").insert("from-elsewhere".to_owned(), "tanaka".to_owned());
    let asked = || crm.asked().iter().filter(|request| request.starts_with("GET /me ")).count();
    for _ in 0..3 {
        assert_eq!(record(&gateway, "from-elsewhere").status, 200);
        assert_eq!(record(&gateway, "from-nowhere").status, 401);
    }
    // One word a cookie; a machine that is stopped for long may ask about the unknown one again.
    assert!((2..=4).contains(&asked()), "{} questions", asked());
    assert!(!gateway.state().join("sessions").exists(), "what can be asked anew is not kept");
}

#[test]
fn a_log_in_in_json_names_one_person() {
    let crm = Origin::start(|request| match request.path() {
        "/api/login" => {
            Answer::new(302, "text/plain", "").with("Location", "/").with("Set-Cookie", "sessionid=fresh-one")
        }
        _ => Answer::new(200, "application/json", RECORD),
    });
    let source = r#"login: POST /api/login, user: "json.$.params[0]", cookie: sessionid, success: { status: 302, location: / }, groups: staff.yaml"#;
    let gateway = gateway(&crm, source);
    let log_in = |kind: &str, body: &str| {
        request(gateway.staff, "POST", "/api/login", &[("Content-Type", kind)], body).expect("an answer").status
    };
    for (kind, body) in [
        ("application/json", r#"{"params":["tanaka"],"params":["sato"]}"#),
        ("application/json", r#"{"params":["tanaka"],"Params":["sato"]}"#),
        ("application/json", r#"{"params":["tanaka"]}{"#),
        ("text/plain", r#"{"params":["tanaka"]}"#),
    ] {
        assert_eq!(log_in(kind, body), 400, "{kind} {body}");
    }
    assert_eq!(log_in("application/json", r#"{"params":[["tanaka"]]}"#), 302, "no name, and nothing is bound");
    assert_eq!(record(&gateway, "fresh-one").status, 401);
    assert_eq!(log_in("application/json; charset=utf-8", r#"{"method":"login","params":["tanaka","pw"]}"#), 302);
    assert_eq!(record(&gateway, "fresh-one").status, 200);
}

#[test]
fn a_session_of_one_crm_is_nothing_to_another() {
    let ((_, one), (other, two)) = (Crm::start(), Crm::start());
    let sites = format!("sites: {{ one.example: 'http://{}', two.example: 'http://{}' }}", one.address, two.address);
    let config = format!("{sites}\nidentity: [{{ session: {{ {SOURCE} }} }}]");
    let setup = Setup { rules: RULES, config: &config, files: &[("staff.yaml", STAFF)] };
    let gateway = Running::set_up(one.address, setup);
    let ask = |host: &str, head: &str, body: &str| {
        let mut stream = connect(gateway.staff);
        let length = body.len();
        let text =
            format!("{head} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).expect("a write");
        String::from_utf8_lossy(&read_all(&mut stream)).into_owned()
    };
    let body = "username=sato&password=pw-sato";
    let form = "POST /creme_login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nX-None:";
    let told = ask("one.example", form, body);
    let cookie = told.split("sessionid=").nth(1).and_then(|rest| rest.split(';').next()).expect("a cookie").to_owned();
    other.sessions.lock().expect("no panic there").insert(cookie.clone(), "sato".to_owned());
    let page = format!("GET /api/customers/42 HTTP/1.1\r\nCookie: sessionid={cookie}\r\nX-None:");
    assert!(ask("one.example", &page, "").starts_with("HTTP/1.1 200"));
    assert!(ask("two.example", &page, "").starts_with("HTTP/1.1 401"));
}

#[test]
fn a_log_in_that_answers_in_json_is_learnt_by_what_it_says() {
    // Tryton: the name is the first parameter; whoever is let in has a number.
    let crm = Origin::start(|request| {
        let cookie = |value: &str| format!("tryton_session={value}; Secure; HttpOnly; Path=/crm; SameSite=Strict");
        match request.path() {
            "/crm/session/login" if request.0.contains("pw-wrong") => {
                Answer::new(401, "text/html", "<h1>Unauthorized</h1>")
            }
            "/crm/session/login" if request.0.contains("pw-odd") => {
                Answer::new(200, "application/json", r#"{"id":1,"error":["no"]}"#)
                    .with("Set-Cookie", &cookie("tanaka:0:odd"))
            }
            "/crm/session/login" => Answer::new(200, "application/json", r#"{"id":1,"result":[2,null]}"#)
                .with("Set-Cookie", &cookie("tanaka:2:4c6b9354")),
            "/crm/session/logout" => Answer::new(200, "application/json", r#"{"id":1,"result":null}"#),
            _ => Answer::new(200, "application/json", RECORD),
        }
    });
    let source = r#"login: POST /crm/session/login, user: "json.$.params[0]", cookie: tryton_session, success: { status: 200, json: { "$.result[0]": "*" } }, logout: POST /crm/session/logout, groups: staff.yaml"#;
    let gateway = gateway(&crm, source);
    let log_in = |password: &str| {
        let body =
            format!(r#"{{"id":1,"method":"session.login","params":["tanaka",{{"password":"{password}"}},"en"]}}"#);
        request(gateway.staff, "POST", "/crm/session/login", &[("Content-Type", "application/json")], &body)
            .expect("an answer")
    };
    let ask =
        |cookie: &str| get(gateway.staff, "/api/customers/42", &[("Cookie", &format!("tryton_session={cookie}"))]);
    assert_eq!(log_in("pw-wrong").status, 401);
    assert_eq!(log_in("pw-odd").status, 200);
    assert_eq!(ask("tanaka:0:odd").status, 401, "a cookie without success binds nobody");
    let answer = log_in("pw-tanaka");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, r#"{"id":1,"result":[2,null]}"#),
        "it reaches staff whole"
    );
    let answer = ask("tanaka:2:4c6b9354");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(gateway.record(&answer.header("sudare-request").expect("an id"))["staff"], "session:tanaka");
    let headers = [("Cookie", "tryton_session=tanaka:2:4c6b9354"), ("Content-Type", "application/json")];
    let body = r#"{"id":1,"method":"session.logout","params":[]}"#;
    request(gateway.staff, "POST", "/crm/session/logout", &headers, body).expect("an answer");
    assert_eq!(ask("tanaka:2:4c6b9354").status, 401, "the log-out unbinds");
}

#[test]
fn a_log_in_on_the_first_page_is_learnt() {
    // RT: the form is posted to `/`, a wrong password gives the form again, a right one leads to `/`.
    let crm = Origin::start(|request| {
        let cookie = |value: &str| format!("RT_SID_rt.example.443={value}; path=/; secure; HttpOnly");
        match (request.0.split(' ').next().unwrap_or_default(), request.path()) {
            ("POST", "/") if request.0.contains("pass=pw-tanaka") => Answer::new(302, "text/html; charset=utf-8", "")
                .with("Location", &format!("http://{}/", request.header("host").unwrap_or_default()))
                .with("Set-Cookie", &cookie("7f1c0a2b9d")),
            (_, "/") => Answer::new(200, "text/html; charset=utf-8", "<form><input name=\"user\"></form>")
                .with("Set-Cookie", &cookie("00000nobody")),
            _ => Answer::new(200, "application/json", RECORD),
        }
    });
    let source = "login: POST /, user: form.user, cookie: RT_SID_rt.example.443, success: { status: 302, location: / }, logout: GET|POST /NoAuth/Logout.html, groups: staff.yaml";
    let gateway = gateway(&crm, source);
    let log_in = |body: &str| {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        request(gateway.staff, "POST", "/", &headers, body).expect("an answer").status
    };
    let ask = |cookie: &str| {
        get(gateway.staff, "/api/customers/42", &[("Cookie", &format!("RT_SID_rt.example.443={cookie}"))])
    };
    assert_eq!(log_in("user=tanaka&pass=wrong"), 200);
    assert_eq!(ask("00000nobody").status, 401, "the session of the form is nobody's");
    assert_eq!(log_in("user=tanaka&pass=pw-tanaka"), 302);
    let answer = ask("7f1c0a2b9d");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(gateway.record(&answer.header("sudare-request").expect("an id"))["staff"], "session:tanaka");
}
