//! Answers that are packed, in other charsets, or kept by browsers, and forms that are no UTF-8.

use encoding_rs::SHIFT_JIS;
use sudare::body::coding::{self, Coding};
use sudare::body::pack::Packer;
use sudare::body::unpack;
use sudare::terms::bounds::Bounds;

use super::client::{Answer, get, request};
use super::origin::Origin;
use super::running::{Running, Setup};
use super::{CANARIES, PAGE, RULES, export};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
const GIF: &[u8] = b"GIF89a\x01\0\x01\0 090-1234-5678 is not looked for here";
const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

fn packed(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    Packer::new(coding).expect("a packer").end(bytes).expect("packed")
}

fn answer(kind: &str, coding: Option<Coding>, bytes: &[u8]) -> Answer {
    let bare = Answer::new(200, kind, "");
    match coding {
        Some(coding) => Answer { body: packed(coding, bytes), ..bare }.with("Content-Encoding", coding.word()),
        None => Answer { body: bytes.to_vec(), ..bare },
    }
}

/// A CRM that packs in the coding of its path: `/gzip/customers`.
fn crm() -> Origin {
    Origin::start(|request| {
        let (first, path) = request.path()[1..].split_once('/').unwrap_or(("", ""));
        let coding = coding::of([first.as_bytes()]).unwrap_or(None);
        match path {
            "customers" => answer("text/html; charset=utf-8", coding, PAGE.as_bytes()),
            "sjis" => answer("text/html; charset=Shift_JIS", coding, &SHIFT_JIS.encode(PAGE).0),
            "export.csv" => answer("text/csv; charset=utf-8", coding, export(2_000).as_bytes()),
            "logo.gif" => answer("image/gif", coding, GIF)
                .with("Cache-Control", "public, max-age=600")
                .with("ETag", "\"of-the-crm\""),
            "bomb" => answer("text/html", coding, &vec![b' '; 16 << 20]),
            "twice" => answer("text/html", Some(Coding::Gzip), &packed(Coding::Gzip, PAGE.as_bytes()))
                .with("Content-Encoding", "gzip"),
            "behind" => {
                let mut answer = answer("text/html", coding, b"<p>a</p>");
                answer.body.extend_from_slice(b"<p>090-1234-5678</p>");
                answer
            }
            "unchanged" => Answer { headers: Vec::new(), ..Answer::new(304, "", "") },
            "download" => {
                let answer = answer("text/plain", None, b"a");
                answer.with("Content-Disposition", "attachment; filename=\"a.txt\"")
            }
            _ => Answer::new(200, "text/html; charset=utf-8", "<p>saved</p>"),
        }
    })
}

const DESK: &str = r#"
sudare: 1
roles:
  support: { groups: [crm-support] }
resources:
  - { id: list, match: "GET /{coding}/customers", records: "css:table tbody tr", subject: 番号, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
  - { id: old, match: "GET /{coding}/sjis", records: "css:table tbody tr", subject: 番号, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
  - { id: export, match: "GET /{coding}/export.csv", event: export, subject: 番号, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
  - { id: save, match: POST /save, subject: none, fields: { person.name: [{ at: name, optional: true }], phone: [{ at: tel, optional: true }] } }
  - { id: find, match: GET /find, event: search, subject: none, fields: { person.name: [{ at: name, optional: true }], phone: [{ at: tel, optional: true }] } }
rules:
  - { id: support-1, for: support, show: [person.name], mask: { phone: last4, email: domain, notes: full } }
"#;

fn unpacked(answer: &Answer) -> String {
    let word = answer.header("content-encoding").unwrap_or_default();
    let bytes = match coding::of([word.as_bytes()]).expect("a coding") {
        Some(coding) => unpack::whole(coding, &answer.body, &Bounds::default()).expect("packed"),
        None => answer.body.clone(),
    };
    String::from_utf8(bytes).expect("text")
}

#[test]
fn what_was_packed_is_judged_and_packed_again_if_staff_takes_it() {
    let crm = crm();
    let gateway = Running::start(&crm, DESK);
    let bare = get(gateway.staff, "/identity/customers", &TANAKA).text();
    assert!(bare.contains("***-****-5678"), "{bare}");
    for coding in ALL {
        let path = format!("/{}/customers", coding.word());
        let takes = [&TANAKA[..], &[("Accept-Encoding", "gzip, deflate, br, zstd")]].concat();
        let answer = get(gateway.staff, &path, &takes);
        assert_eq!(answer.header("content-encoding").as_deref(), Some(coding.word()));
        assert_eq!(answer.header("vary").as_deref(), Some("Accept-Encoding"));
        assert_eq!(unpacked(&answer), bare, "{coding:?}");
        let unasked = get(gateway.staff, &path, &TANAKA);
        assert_eq!((unasked.header("content-encoding"), unasked.text()), (None, bare.clone()), "{coding:?}");
    }
    let offered: Vec<String> = crm
        .asked()
        .iter()
        .filter_map(|asked| {
            let mut lines = asked.lines();
            lines.find_map(|line| line.to_ascii_lowercase().strip_prefix("accept-encoding: ").map(str::to_owned))
        })
        .collect();
    assert!(
        offered.contains(&"gzip, br, zstd, deflate".to_owned()) && offered.contains(&"identity".to_owned()),
        "{offered:?}"
    );
}

#[test]
fn long_answers_leave_part_by_part_packed() {
    let crm = crm();
    let config = "bounds: { ledger_wait: 20s, hold: 64KiB }";
    let gateway = Running::set_up(crm.address, Setup { rules: DESK, config, ..Setup::default() });
    let bare = get(gateway.staff, "/identity/export.csv", &TANAKA);
    assert_eq!(bare.header("transfer-encoding").as_deref(), Some("chunked"), "it leaves in parts");
    let bare = bare.text();
    assert!(bare.len() > 128 << 10 && !bare.contains("090-1234"));
    for coding in ALL {
        let takes = [&TANAKA[..], &[("Accept-Encoding", coding.word())]].concat();
        let answer = get(gateway.staff, &format!("/{}/export.csv", coding.word()), &takes);
        assert_eq!(answer.header("content-encoding").as_deref(), Some(coding.word()));
        assert!(unpacked(&answer) == bare, "{coding:?}: {} bytes", answer.body.len());
    }
}

#[test]
fn pages_in_other_charsets_keep_them() {
    let crm = crm();
    let gateway = Running::start(&crm, DESK);
    let answer = get(gateway.staff, "/gzip/sjis", &TANAKA);
    let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&answer.body).expect("Shift_JIS");
    assert_eq!(text, get(gateway.staff, "/gzip/customers", &TANAKA).text());
    assert_eq!(answer.header("content-type").as_deref(), Some("text/html; charset=Shift_JIS"));
}

#[test]
fn images_pass_packed_and_may_be_kept_by_one_person() {
    let crm = crm();
    let gateway = Running::start(&crm, DESK);
    for coding in ALL {
        let path = format!("/{}/logo.gif", coding.word());
        let takes = [&TANAKA[..], &[("Accept-Encoding", coding.word()), ("If-None-Match", "\"of-the-crm\"")]].concat();
        let answer = get(gateway.staff, &path, &takes);
        assert_eq!(answer.body, packed(coding, GIF), "{coding:?}: as it came");
        assert_eq!(answer.header("content-encoding").as_deref(), Some(coding.word()));
        assert_eq!(answer.header("cache-control").as_deref(), Some("private, max-age=600"));
        assert_eq!(answer.header("etag"), None);
        assert_eq!(get(gateway.staff, &path, &TANAKA).body, GIF, "{coding:?}: bare, where staff takes no other");
    }
    assert!(crm.asked().iter().all(|asked| !asked.to_ascii_lowercase().contains("if-none-match")));
    let page = get(gateway.staff, "/identity/customers", &TANAKA);
    assert_eq!(page.header("cache-control").as_deref(), Some("private, no-store"));
}

#[test]
fn what_is_packed_in_a_doubtful_way_is_refused() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let mut paths = vec!["/gzip/twice".to_owned(), "/x/unchanged".to_owned()];
    paths.extend(ALL.iter().map(|coding| format!("/{}/behind", coding.word())));
    for path in paths {
        let answer = get(gateway.staff, &path, &TANAKA);
        let refusal = answer.header("sudare-refusal");
        assert_eq!((answer.status, refusal.as_deref()), (502, Some("unreadable")), "{path}: {answer:?}");
        assert!(CANARIES.iter().all(|canary| !answer.text().contains(canary)), "{path}");
    }
    for coding in ALL {
        let answer = get(gateway.staff, &format!("/{}/bomb", coding.word()), &TANAKA);
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (502, Some("bound")), "{coding:?}");
    }
}

#[test]
fn a_head_says_nothing_of_the_crms_own_bytes() {
    let crm = crm();
    let gateway = Running::start(&crm, DESK);
    for path in ["/gzip/customers", "/gzip/logo.gif", "/identity/customers"] {
        let takes = [&TANAKA[..], &[("Accept-Encoding", "gzip")]].concat();
        let answer = request(gateway.staff, "HEAD", path, &takes, "").expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        for name in ["content-length", "etag", "content-encoding", "accept-ranges"] {
            assert_eq!(answer.header(name), None, "{path}: {name}");
        }
    }
}

#[test]
fn forms_in_shift_jis_go_on_as_they_came_and_are_judged() {
    let crm = crm();
    let gateway = Running::start(&crm, DESK);
    let form = [&TANAKA[..], &[("Content-Type", "application/x-www-form-urlencoded")]].concat();
    let saved = request(gateway.staff, "POST", "/save", &form, "name=%8ER%93c&x=%95%5C").expect("an answer");
    assert_eq!(saved.status, 200, "{saved:?}");
    assert!(crm.asked().last().expect("asked").ends_with("name=%8ER%93c&x=%95%5C"));
    let veil = request(
        gateway.staff,
        "POST",
        "/save",
        &form,
        "name=%8ER%93c&tel=%81%96%81%96%81%96-%81%96%81%96%81%96%81%96-5678",
    );
    let veil = veil.expect("an answer");
    assert_eq!((veil.status, veil.header("sudare-refusal").as_deref()), (409, Some("veil")), "full-width asterisks");
    assert_eq!(get(gateway.staff, "/find?name=%8ER%93c", &TANAKA).status, 200);
    let json = [&TANAKA[..], &[("Content-Type", "application/json; charset=utf-7")]].concat();
    let odd = request(gateway.staff, "POST", "/save", &json, "{}").expect("an answer");
    assert_eq!((odd.status, odd.header("sudare-refusal").as_deref()), (400, Some("request-unreadable")));
}
