//! Who asks: credentials that are believed, those that are not, and none that reaches the CRM.

use super::client::{Answer, get};
use super::origin::Origin;
use super::running::{Running, Setup, until};
use super::{RULES, crm};

// Passwords `pw-USER`, with few rounds.
const USERS: &str = r#"tanaka:
  password: "$argon2id$v=19$m=8192,t=1,p=1$gsC/WQc28/HYJk7l51sUkw$kYNqxbnHxnzdhTxvnWfQMFUTe1sDOhyVuYRtUQlT5ag"
  groups: [crm-support]
"#;

const TANAKA: &str = "Basic dGFuYWthOnB3LXRhbmFrYQ==";
const WRONG: &str = "Basic dGFuYWthOnB3LXdyb25n";

/// `GET /customers` for everybody, with and without a role.
const PUBLIC: &str = "  - { id: open, match: GET /plain, public: true }\nrules:";

fn told(answer: &Answer) -> (u16, Option<String>) {
    (answer.status, answer.header("sudare-refusal"))
}

fn refusal(status: u16, word: &str) -> (u16, Option<String>) {
    (status, Some(word.to_owned()))
}

fn basic(crm: &Origin, identity: &str) -> Running {
    let config = format!("identity: {identity}");
    let rules = RULES.replace("rules:", PUBLIC);
    Running::set_up(crm.address, Setup { rules: &rules, config: &config, files: &[("users.yaml", USERS)] })
}

#[test]
fn a_password_is_asked_for_checked_and_kept_from_the_crm() {
    let crm = crm();
    let gateway = basic(&crm, "[{ basic: { users: users.yaml } }]");
    let asked = |headers: &[(&str, &str)]| get(gateway.staff, "/api/customers/42", headers);
    for answer in [asked(&[]), asked(&[("Authorization", WRONG)]), asked(&[("Authorization", "Bearer abc")])] {
        assert_eq!(told(&answer), refusal(401, "unrecognised"), "{answer:?}");
        let challenge = answer.header("www-authenticate").expect("a browser must learn how to ask");
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
    }
    let twice = asked(&[("Authorization", TANAKA), ("Authorization", TANAKA)]);
    assert_eq!(told(&twice), refusal(400, "ambiguous"));
    assert!(crm.asked().is_empty(), "the crm was asked for nobody");
    for _ in 0..2 {
        let answer =
            asked(&[("Authorization", TANAKA), ("X-Remote-User", "sato"), ("X-Remote-Groups", "crm-managers")]);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.text().contains("***-****-5678"), "{}", answer.text());
        assert_eq!(gateway.record(&answer.header("sudare-request").expect("an id"))["staff"], "basic:tanaka");
    }
    assert!(!crm.asked().concat().to_ascii_lowercase().contains("authorization"), "{:?}", crm.asked());
}

#[test]
fn a_bad_credential_is_refused_though_another_source_knows_the_staff() {
    let crm = crm();
    let both = "[{ basic: { users: users.yaml } }, { header: { user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1] } }]";
    let gateway = basic(&crm, both);
    let named = [("X-Remote-User", "sato"), ("X-Remote-Groups", "crm-managers")];
    let asked = |headers: &[(&str, &str)]| get(gateway.staff, "/api/customers/42", headers);
    assert_eq!(told(&asked(&[named[0], named[1], ("Authorization", WRONG)])), refusal(401, "unrecognised"));
    let answer = asked(&[named[0], named[1]]);
    assert_eq!(gateway.record(&answer.header("sudare-request").expect("an id"))["staff"], "header:sato");
    let first = asked(&[named[0], named[1], ("Authorization", TANAKA)]);
    assert_eq!(gateway.record(&first.header("sudare-request").expect("an id"))["staff"], "basic:tanaka");
}

#[test]
fn a_repeated_identity_header_can_be_read_in_two_ways() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    for (name, one, two) in [("X-Remote-User", "sato", "tanaka"), ("X-Remote-Groups", "crm-managers", "crm-support")] {
        let mut headers = vec![("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
        headers.retain(|(own, _)| *own != name);
        headers.extend([(name, one), (name, two)]);
        let answer = get(gateway.staff, "/api/customers/42", &headers);
        assert_eq!(told(&answer), refusal(400, "ambiguous"), "{name}");
    }
    assert!(crm.asked().is_empty());
}

#[test]
fn identity_headers_are_believed_from_the_proxy_alone() {
    let crm = crm();
    let gateway = basic(&crm, "[{ header: { user: X-Remote-User, groups: X-Remote-Groups, from: [10.0.0.0/8] } }]");
    let headers = [("X-Remote-User", "sato"), ("X-Remote-Groups", "crm-managers"), ("Sudare-Secret", "guessed")];
    assert_eq!(told(&get(gateway.staff, "/api/customers/42", &headers)), refusal(401, "unrecognised"));
    assert!(crm.asked().is_empty());
    // A public resource is open to nobody in particular, and the headers say nothing to the CRM either.
    let open = get(gateway.staff, "/plain", &headers);
    assert_eq!(open.status, 200, "{open:?}");
    assert!(!open.text().contains("taro@example.jp"), "{}", open.text());
    let seen = crm.asked().concat().to_ascii_lowercase();
    for part in ["x-remote", "sudare-secret", "sato", "guessed"] {
        assert!(!seen.contains(part), "{part} reached the crm: {seen}");
    }
}

#[test]
fn the_proxys_secret_must_stand_beside_its_word() {
    let crm = crm();
    let config = "identity: [{ header: { user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1], secret: file:proxy-secret } }]";
    let setup = Setup { rules: RULES, config, files: &[("proxy-secret", "s3cret-of-the-proxy\n")] };
    let gateway = Running::set_up(crm.address, setup);
    let named = [("X-Remote-User", "sato"), ("X-Remote-Groups", "crm-managers")];
    let asked = |secrets: &[&str]| {
        let mut headers = named.to_vec();
        headers.extend(secrets.iter().map(|secret| ("Sudare-Secret", *secret)));
        get(gateway.staff, "/api/customers/42", &headers)
    };
    for secrets in [&[][..], &["s3cret"], &["S3cret-of-the-proxy"]] {
        assert_eq!(told(&asked(secrets)), refusal(401, "unrecognised"), "{secrets:?}");
    }
    assert_eq!(told(&asked(&["s3cret-of-the-proxy", "x"])), refusal(400, "ambiguous"));
    assert_eq!(asked(&["s3cret-of-the-proxy"]).status, 200);
    assert!(!crm.asked().concat().contains("s3cret"), "the secret reached the crm");
}

#[test]
fn public_resources_are_open_to_all_and_to_nothing_else() {
    let crm = crm();
    let gateway = basic(&crm, "[{ basic: { users: users.yaml } }]");
    let open = get(gateway.staff, "/plain", &[]);
    assert_eq!(open.status, 200, "{open:?}");
    let record = gateway.record(&open.header("sudare-request").expect("an id"));
    assert!(record["staff"].is_null() && record["resource"] == "open", "{record}");
    assert_eq!(told(&get(gateway.staff, "/customers", &[])), refusal(401, "unrecognised"));
    assert_eq!(told(&get(gateway.staff, "/plain", &[("Authorization", WRONG)])), refusal(401, "unrecognised"));
}

#[test]
fn whoever_leaves_or_loses_a_group_has_left_without_a_restart() {
    let crm = crm();
    let gateway = basic(&crm, "[{ basic: { users: users.yaml } }]");
    let write = |text: &str| std::fs::write(gateway.state().with_file_name("users.yaml"), text).expect("a file");
    let asked = || get(gateway.staff, "/api/customers/42", &[("Authorization", TANAKA)]);
    assert!(asked().text().contains("***-****-5678"));
    write(&USERS.replace("crm-support", "crm-managers"));
    until(|| asked().text().contains("090-1234-5678").then_some(()));
    write("tanaka: [");
    until(|| gateway.log().contains("the old one stays in force").then_some(()));
    assert_eq!(asked().status, 200);
    write(&USERS.replace("tanaka", "sato"));
    until(|| (told(&asked()) == refusal(401, "unrecognised")).then_some(()));
}
