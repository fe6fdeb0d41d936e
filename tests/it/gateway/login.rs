//! Log-ins that belong to a connection would make the next person the one before.

use super::RULES;
use super::client::{Answer, get};
use super::origin::Origin;
use super::running::{Running, Setup};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];

#[test]
fn a_crm_that_wants_a_connection_logged_in_is_refused_in_words() {
    for (challenge, status, word) in [
        ("NTLM", 502, Some("connection-login")),
        ("Basic realm=\"crm\", Negotiate", 502, Some("connection-login")),
        ("negotiate oYG1MIGy", 502, Some("connection-login")),
        ("Basic realm=\"crm\"", 401, None),
    ] {
        let crm = Origin::start(move |_| Answer::new(401, "text/plain", "").with("WWW-Authenticate", challenge));
        let gateway = Running::start(&crm, RULES);
        let answer = get(gateway.staff, "/", &TANAKA);
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (status, word), "{challenge}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{challenge}");
    }
}

#[test]
fn a_credential_that_logs_a_connection_in_never_reaches_the_crm() {
    let crm = Origin::start(|_| Answer::new(200, "application/json", "{}"));
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, ..Setup::default() });
    for (credential, status) in [("NTLM TlRMTVNTUAAB", 403), ("Negotiate YII", 403), ("Bearer abc", 200)] {
        let headers = [&TANAKA[..], &[("Authorization", credential)]].concat();
        let answer = get(gateway.staff, "/", &headers);
        assert_eq!(answer.status, status, "{credential}: {answer:?}");
        let word = answer.header("sudare-refusal");
        assert_eq!(word.as_deref(), (status == 403).then_some("connection-credential"), "{credential}");
    }
    assert_eq!(crm.asked().len(), 1, "{:?}", crm.asked());
}
