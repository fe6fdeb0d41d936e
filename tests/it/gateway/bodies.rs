//! Answers that are not what they say, and those that pass as they are.

use super::RULES;
use super::client::{Answer, get, request};
use super::origin::Origin;
use super::running::Running;

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];

/// An image of many bytes, none of them text.
fn png() -> Vec<u8> {
    let noise = (0u32..400_000).map(|number| (number.wrapping_mul(2_654_435_761) >> 11) as u8);
    b"\x89PNG\r\n\x1a\n".iter().copied().chain(noise).collect()
}

fn crm() -> Origin {
    Origin::start(|request| {
        let page = "<!DOCTYPE html><p>090-1234-5678</p>";
        match request.path() {
            "/logo.png" => Answer { body: png(), ..Answer::new(200, "image/png", "") },
            "/lie.png" => Answer::new(200, "image/png", page),
            "/font.woff2" => Answer::new(200, "font/woff2", page),
            "/nameless" => Answer { headers: Vec::new(), ..Answer::new(200, "", "call 090-1234-5678") },
            "/twice" => Answer::new(200, "text/plain", page).with("Content-Type", "text/html"),
            "/json-as-page" => Answer::new(200, "text/html", r#"{"tel":"090-1234-5678"}"#),
            "/zipped" => Answer::new(200, "text/html", page).with("Content-Encoding", "gzip"),
            "/charset" => Answer::new(200, "text/html; charset=utf-7", page),
            "/pdf" => Answer::new(200, "application/pdf", "%PDF-1.7 090-1234-5678"),
            _ => Answer::new(404, "text/html", "<p>not here</p>"),
        }
    })
}

#[test]
fn an_image_passes_byte_for_byte() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let answer = get(gateway.staff, "/logo.png", &TANAKA);
    assert_eq!((answer.status, answer.header("content-type").as_deref()), (200, Some("image/png")));
    assert!(answer.body == png(), "{} bytes", answer.body.len());
}

#[test]
fn what_is_not_what_it_says_is_refused() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    for path in ["/lie.png", "/font.woff2", "/nameless", "/twice", "/zipped", "/charset", "/pdf"] {
        let answer = get(gateway.staff, path, &TANAKA);
        assert_eq!(
            (answer.status, answer.header("sudare-refusal").as_deref()),
            (502, Some("unreadable")),
            "{path}: {answer:?}"
        );
        assert!(!answer.text().contains("090-1234"), "{path}");
    }
    let answer = get(gateway.staff, "/json-as-page", &TANAKA);
    assert_eq!(answer.text(), r#"{"tel":"***-****-5678"}"#, "what begins as data is read as data");
}

#[test]
fn a_request_that_cannot_be_read_saves_nothing() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    for (headers, body, refusal) in [
        (&[("Content-Type", "application/json"), ("Content-Type", "text/plain")][..], "{}", "ambiguous"),
        (&[("Content-Type", "application/json"), ("Content-Encoding", "gzip")], "{}", "request-unreadable"),
        (&[("Content-Type", "application/json")], "{\"a\":", "request-unreadable"),
        (&[("Content-Type", "application/octet-stream")], "\u{1}", "request-unreadable"),
        (&[("X-HTTP-Method-Override", "DELETE"), ("Content-Type", "application/json")], "{}", "ambiguous"),
    ] {
        let headers = [&TANAKA, headers].concat();
        let answer = request(gateway.staff, "POST", "/api/customers", &headers, body).expect("an answer");
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (400, Some(refusal)), "{headers:?}");
    }
    assert!(crm.asked().is_empty(), "{:?}", crm.asked());
}
