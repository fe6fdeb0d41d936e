//! The page on which staff confirms that a value is revealed, in a real browser: what a person clicks tells the value,
//! what a script of the CRM's own page asks for does not. Which headers part the two is the browser's affair.
//!
//! Without Chromium the test skips with a printed word; with `SUDARE_TEST_REAL=1` it must be there.

use super::client::{Answer, request};
use super::origin::Origin;
use super::running::{Running, Setup};
use crate::creme::browser::Browser;

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
resources:
  - { id: customer, match: "GET /api/customers/{id}", subject: path.id, fields: { phone: [tel] } }
rules: [{ for: support, tokenize: { phone: opaque } }]
reveal: [{ id: call, for: support, kinds: [phone], purpose: call-back }]
"#;
const SESSIONS: &str = "identity: [{ session: { login: POST /login, user: form.username, cookie: CRMSESSID, success: { status: 302, location: \"/home*\" }, groups: staff.yaml } }]";
const STAFF: [(&str, &str); 1] = [("staff.yaml", "tanaka: [crm-support]\n")];
const TEL: &str = "090-1234-5678";
const PAGE: &str = "/.sudare/reveal?resource=customer&subject=42&kind=phone&purpose=call-back";

fn crm() -> Origin {
    Origin::start(|request| match request.path() {
        "/login" => {
            Answer::new(302, "text/html", "").with("Location", "/home").with("Set-Cookie", "CRMSESSID=tanaka-1; Path=/")
        }
        "/api/customers/42" => Answer::new(200, "application/json", &format!(r#"{{"id":"42","tel":"{TEL}"}}"#)),
        _ => Answer::new(
            200,
            "text/html",
            &format!("<p id=home>home</p><a id=reveal href=\"{}\">?</a>", PAGE.replace('&', "&amp;")),
        ),
    })
}

#[test]
fn a_person_confirms_in_a_real_browser_and_a_script_of_the_crm_s_page_cannot() {
    let is_asked_for = std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1");
    if !Browser::installed() {
        assert!(!is_asked_for, "run `bash tests/browser/install.sh`");
        println!("skipped: no Chromium; run `bash tests/browser/install.sh`");
        return;
    }
    let crm = crm();
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: SESSIONS, files: &STAFF });
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let logged = request(gateway.staff, "POST", "/login", &form, "username=tanaka&password=x").expect("an answer");
    assert_eq!(logged.status, 302);
    let browser = Browser::open();
    let home = format!("http://{}/home", gateway.staff);
    browser.go(&home);
    browser.run("document.cookie = 'CRMSESSID=tanaka-1; path=/'");
    browser.go(&home);
    browser.find("#home");
    for ask in [
        format!("x.open('GET', '{PAGE}', false); x.send()"),
        "x.open('POST', '/.sudare/reveal', false); x.send('confirmation=a')".to_owned(),
        format!(
            "x.open('POST', '/.sudare/v1/reveal', false); x.setRequestHeader('Content-Type', 'application/json'); x.send('{}')",
            r#"{"resource":"customer","subject":"42","kind":"phone","purpose":"call-back"}"#
        ),
    ] {
        let told = browser.run(&format!("const x = new XMLHttpRequest(); {ask}; return [x.status, x.responseText]"));
        assert_eq!(told[0], 403, "{ask}");
        assert!(!told.to_string().contains(TEL), "{ask}");
    }
    browser.click("#reveal");
    browser.find("form button");
    assert!(!browser.page().contains(TEL), "nothing is told before it is confirmed");
    assert!(!crm.asked().concat().contains("/api/customers"));
    // A script that presses the button itself is no person who acts, and the browser says so.
    let confirmed = |press: &dyn Fn()| {
        browser.run("document.documentElement.id = 'asks'");
        press();
        browser.find("html:not(#asks)");
        browser.page()
    };
    let scripted = confirmed(&|| browser.click("form button"));
    assert!(!scripted.contains(TEL) && scripted.contains("403"), "{scripted}");
    browser.go(&home);
    browser.press("#reveal");
    let page = confirmed(&|| browser.press("form button"));
    assert!(page.contains(TEL), "{page}");
    let released = |line: &&str| line.contains(r#""event":"reveal""#) && line.contains(r#""outcome":"released""#);
    assert_eq!(gateway.ledger_text().lines().filter(released).count(), 1);
}
