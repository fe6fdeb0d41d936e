//! A form's own state: nobody reads it, nobody changes it, nobody sends another's.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::gateway::client::{Answer, request};
use crate::gateway::origin::Origin;
use crate::gateway::running::Running;

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [support] } }
resources:
  - { id: edit, match: "GET|POST /edit.aspx", subject: query.id, seal: [__VIEWSTATE, __VIEWSTATEGENERATOR], fields: [{ at: tel, is: phone, optional: true }] }
  - { id: plain, match: "GET|POST /plain.aspx", subject: query.id, fields: [{ at: tel, is: phone, optional: true }] }
rules:
  - { for: support, mask: { phone: last4 } }
"#;

/// What a server keeps: a number that the page hides, in a form that nobody reads, and signs that forms encode.
const STATE: &str = "/wEPDwUKLTkwLTEyMzQtNTY3OA==+x&amp;";
const SENT: &str = "%2FwEPDwUKLTkwLTEyMzQtNTY3OA%3D%3D%2Bx%26";
const READ: &str = "/wEPDwUKLTkwLTEyMzQtNTY3OA==+x&";

fn crm() -> Origin {
    Origin::start(|asked| match asked.path() {
        "/edit.aspx" if asked.0.contains("as=json") => {
            Answer::new(200, "application/json", &format!("{{\"__VIEWSTATE\":\"{READ}\"}}"))
        }
        "/edit.aspx" if asked.0.contains("as=delta") => {
            Answer::new(200, "text/plain; charset=utf-8", &format!("1|#||4|40|hiddenField|__VIEWSTATE|{READ}|"))
        }
        _ => {
            let page = format!(
                "<form method=post action=''><input type=\"hidden\" name=\"__VIEWSTATE\" id=\"__VIEWSTATE\" value=\"{STATE}\" />\
                 <input type=hidden name=__VIEWSTATEGENERATOR value=C2EE9ABB><input name=tel value='090-1234-5678'></form>"
            );
            Answer::new(200, "text/html; charset=utf-8", &page)
        }
    })
}

fn get(gateway: &Running, user: &str, target: &str) -> Answer {
    let headers = [("X-Remote-User", user), ("X-Remote-Groups", "support")];
    request(gateway.staff, "GET", target, &headers, "").expect("an answer")
}

fn post(gateway: &Running, user: &str, target: &str, (kind, body): (&str, &str)) -> Answer {
    let headers = [("X-Remote-User", user), ("X-Remote-Groups", "support"), ("Content-Type", kind)];
    request(gateway.staff, "POST", target, &headers, body).expect("an answer")
}

/// What a control of a page holds.
fn held(page: &str, name: &str) -> String {
    let tag =
        page.split('<').find(|tag| tag.contains(&format!("name={name} ")) || tag.contains(&format!("\"{name}\"")));
    let value = tag.expect("a control").split("value=").nth(1).expect("a value");
    value.trim_matches(|c: char| "\"' />".contains(c)).trim_end_matches("\" /").to_owned()
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_forms_own_state_is_sealed_and_comes_home_as_it_was() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let page = get(&gateway, "tanaka", "/edit.aspx?id=42").text();
    assert!(!page.contains("wEPDwUK") && !page.contains("C2EE9ABB") && page.contains("***-****-5678"), "{page}");
    assert!(get(&gateway, "tanaka", "/plain.aspx?id=42").text().contains(STATE), "no rule says so");
    let (state, generator) = (held(&page, "__VIEWSTATE"), held(&page, "__VIEWSTATEGENERATOR"));
    let again = held(&get(&gateway, "tanaka", "/edit.aspx?id=42").text(), "__VIEWSTATE");
    assert!(
        again != state && again.len() == state.len() && generator.len() == state.len(),
        "no two are alike but in length"
    );
    let body =
        |state: &str| format!("a=%83%8D&__VIEWSTATE={state}&__VIEWSTATEGENERATOR={generator}&tel=03-1111-2222&c=+x");
    let saved = post(&gateway, "tanaka", "/edit.aspx?id=42", (FORM, &body(&state)));
    assert_eq!(saved.status, 200, "{}", saved.text());
    let got = crm.asked().pop().expect("a request");
    let whole = format!("a=%83%8D&__VIEWSTATE={SENT}&__VIEWSTATEGENERATOR=C2EE9ABB&tel=03-1111-2222&c=+x");
    assert!(got.ends_with(&whole), "{got}");
    let part =
        |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let in_parts = |state: &str, generator: &str| {
        [part("__VIEWSTATE", state), part("__VIEWSTATEGENERATOR", generator), part("n", "1"), "--x--\r\n".to_owned()]
            .concat()
    };
    let parts = "multipart/form-data; boundary=x";
    assert_eq!(post(&gateway, "tanaka", "/edit.aspx?id=42", (parts, &in_parts(&state, &generator))).status, 200);
    let got = crm.asked().pop().expect("a request");
    assert!(got.ends_with(&in_parts(READ, "C2EE9ABB")), "{got}");
    assert_eq!(post(&gateway, "tanaka", "/edit.aspx?id=42", (FORM, "__VIEWSTATE=&tel=03-1111-2222")).status, 200);
    let before = crm.asked().len();
    let changed = format!("{}{}{}", &state[..40], if &state[40..41] == "A" { "B" } else { "A" }, &state[41..]);
    let raw = percent_encode(READ.as_bytes(), NON_ALPHANUMERIC).to_string();
    let twice = format!("{}&__VIEWSTATE={state}", body(&state));
    for (user, target, body) in [
        ("sato", "/edit.aspx?id=42", body(&state)),
        ("tanaka", "/edit.aspx?id=43", body(&state)),
        ("tanaka", "/edit.aspx?id=42", body(&changed)),
        ("tanaka", "/edit.aspx?id=42", body(&raw)),
        ("tanaka", "/edit.aspx?id=42", body(&generator)),
        ("tanaka", "/edit.aspx?id=42", body(&state).replace("__VIEWSTATE=", "__viewstate=")),
        ("tanaka", "/edit.aspx?id=42", twice),
        ("tanaka", &format!("/edit.aspx?id=42&__VIEWSTATE={state}"), "tel=03-1111-2222".to_owned()),
    ] {
        let refused = post(&gateway, user, target, (FORM, &body));
        assert_eq!(
            (refused.status, refused.header("sudare-refusal").as_deref()),
            (409, Some("veil")),
            "{user} {target} {body}"
        );
    }
    let json = format!("{{\"__VIEWSTATE\":\"{state}\"}}");
    assert_eq!(post(&gateway, "tanaka", "/edit.aspx?id=42", ("application/json", &json)).status, 409);
    assert_eq!(post(&gateway, "tanaka", "/edit.aspx?id=42", (parts, &in_parts(READ, &generator))).status, 409);
    assert_eq!(crm.asked().len(), before, "the crm was asked nothing");
    for other in ["json", "delta"] {
        let answer = get(&gateway, "tanaka", &format!("/edit.aspx?id=42&as={other}"));
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (502, Some("shape")), "{other}");
    }
}
