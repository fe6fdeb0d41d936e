//! Rows 1 to 15 and 18 to 21 of the ways around a proxy, over raw sockets: what staff and the CRM may say to each
//! other through the gate, and that neither ever sees a byte of what was refused.

mod bare;
pub mod cases;
mod proxy;
mod turns;
pub mod wire;

use std::fs;
use std::io::Write;

use sudare::serve::gate::bounds::Bounds;
use sudare::serve::gate::follow::{Follower, Step};

use cases::Case;
use proxy::start_gateway;
use wire::{Answer, Origin, Pace, Reply, answers, connect, find, read_all, read_until, talk};

/// A request behind each case's own, so that bytes left over from it would show.
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

fn read(name: &str) -> Vec<Case> {
    let path = format!("{}/tests/cases/gate/{name}", env!("CARGO_MANIFEST_DIR"));
    Case::read(&fs::read_to_string(path).expect("a file of cases"))
}

/// A CRM that answers with the path it was asked for.
fn echo() -> Origin {
    Origin::start(|head| Reply::ok(head.split(' ').nth(1).unwrap_or("no path")))
}

#[test]
fn every_request_is_passed_or_refused_at_every_pace() {
    let crm = echo();
    let running = start_gateway(crm.address);
    let gateway = running.staff;
    for case in read("requests.txt") {
        let (name, want) = (case.text("case").unwrap(), case.text("want").unwrap());
        let sent = case.bytes("send").concat();
        for pace in [Pace::Whole, Pace::Bytewise] {
            let bytes = if want == "200" { [&sent, NEXT].concat() } else { sent.clone() };
            let got = answers(&talk(gateway, &bytes, pace), false);
            let record = crm.take().bytes;
            check_request(&case, &format!("{name}, {pace:?}"), &got, &record);
        }
    }
}

fn check_request(case: &Case, name: &str, got: &[Answer], record: &[u8]) {
    let want = case.text("want").unwrap();
    if let Some((status, reason)) = want.split_once(' ').filter(|(_, word)| *word != "last") {
        let [answer] = got else { panic!("{name}: {} answers", got.len()) };
        assert_eq!(answer.status.to_string(), status, "{name}: {}", answer.head);
        assert_eq!(answer.header("sudare-refusal"), Some(reason), "{name}");
        assert_eq!(answer.header("connection"), Some("close"), "{name}");
        check_page(answer, name);
        assert!(record.is_empty(), "{name}: the CRM got {}", String::from_utf8_lossy(record));
        return;
    }
    let statuses: Vec<u16> = got.iter().map(|answer| answer.status).collect();
    let expected: &[u16] = if want == "200" { &[200, 200] } else { &[200] };
    assert_eq!(statuses, expected, "{name}: {got:?}");
    if want == "200" {
        assert_eq!(got[1].body, b"/next", "{name}: the next request was read otherwise");
    }
    for part in case.bytes("origin") {
        assert!(find(record, &part).is_some(), "{name}: not at the CRM: {}", String::from_utf8_lossy(&part));
    }
    for part in case.bytes("hidden") {
        assert!(find(record, &part).is_none(), "{name}: at the CRM: {}", String::from_utf8_lossy(&part));
    }
}

/// A refusal has its number, and a page or a problem that tells it.
fn check_page(answer: &Answer, name: &str) {
    let id = answer.header("sudare-request").unwrap_or_else(|| panic!("{name}: no number"));
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    let problem = page.starts_with("{\"type\":\"urn:sudare:refusal:");
    assert!(page.contains(id) && (problem || page.ends_with("</html>\n")), "{name}: {page}");
}

#[test]
fn no_cut_of_a_request_changes_the_verdict() {
    for case in read("requests.txt") {
        let sent = case.bytes("send").concat();
        let whole = followed(&[&sent]);
        // Beyond that the long fillings only repeat themselves.
        for cut in 0..sent.len().min(400) {
            let (left, right) = sent.split_at(cut);
            assert_eq!(followed(&[left, right]), whole, "{}, cut at {cut}", case.text("case").unwrap());
        }
    }
}

/// What passes of these pieces, and the fault if there is one.
fn followed(pieces: &[&[u8]]) -> (Vec<u8>, Option<String>) {
    let mut follower = Follower::of_requests(Bounds::default());
    let (mut held, mut passed) = (Vec::new(), Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        loop {
            match follower.step(&held) {
                Ok(Step::Pass(count)) => passed.extend(held.drain(..count)),
                Ok(Step::Skip(count)) => drop(held.drain(..count)),
                Ok(Step::Wait) => break,
                Ok(Step::End) => follower.next_request(),
                Err(fault) => return (passed, Some(fault.to_string())),
            }
        }
    }
    (passed, None)
}

/// Row 1 and row 2: every spelling of a coding beside every spelling of a length, in both orders and versions.
#[test]
fn a_coding_beside_a_length_is_refused_in_every_spelling() {
    const CODINGS: [&str; 28] = [
        "Transfer-Encoding: chunked",
        "transfer-encoding:chunked",
        "TRANSFER-ENCODING: CHUNKED",
        "Transfer-Encoding:\\tchunked",
        "Transfer-Encoding: chunked ",
        "Transfer-Encoding: chunked\\t",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\\t: chunked",
        " Transfer-Encoding: chunked",
        "\\tTransfer-Encoding: chunked",
        "X: y\\r\\n Transfer-Encoding: chunked",
        "X: y\\nTransfer-Encoding: chunked",
        "X: y\\rTransfer-Encoding: chunked",
        "Transfer-Encoding:\\r\\n chunked",
        "Transfer-Encoding:\\n chunked",
        "Transfer-Encoding: \\x0bchunked",
        "Transfer-Encoding: \\x0cchunked",
        "Transfer-Encoding: \\0chunked",
        "Transfer-Encoding: chunked\\0",
        "Transfer-Encoding\\0: chunked",
        "Transfer-Encoding: \\\"chunked\\\"",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunk",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: identity\\r\\nTransfer-Encoding: chunked",
        "Transfer_Encoding: chunked",
        "Transfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked",
    ];
    const LENGTHS: [&str; 15] = [
        "Content-Length: 3",
        "content-length:3",
        "CONTENT-LENGTH:\\t3",
        "Content-Length: 3 ",
        "Content-Length : 3",
        "Content-Length: 03",
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: 3, 3",
        "Content-Length: 3\\r\\nContent-Length: 3",
        "Content-Length: 3\\r\\nContent-Length: 5",
        "Content-Length:",
        "Content-Length: 18446744073709551619",
        "Content_Length: 3",
    ];
    let crm = echo();
    let running = start_gateway(crm.address);
    let gateway = running.staff;
    let body = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    for (coding, length) in CODINGS.iter().flat_map(|coding| LENGTHS.iter().map(move |length| (coding, length))) {
        for (first, second) in [(coding, length), (length, coding)] {
            for version in ["1.1", "1.0"] {
                let head = format!("POST / HTTP/{version}\\r\\nHost: a\\r\\n{first}\\r\\n{second}\\r\\n\\r\\n");
                let got = answers(&talk(gateway, &[&cases::bytes(&head), &body[..]].concat(), Pace::Whole), false);
                let [answer] = got.as_slice() else { panic!("{head}: {got:?}") };
                assert!(answer.status == 400 && answer.header("sudare-refusal").is_some(), "{head}: {answer:?}");
                check_page(answer, &head);
            }
        }
    }
    assert!(crm.take().bytes.is_empty());
}

#[test]
fn every_answer_is_passed_or_refused_at_every_pace() {
    for case in read("answers.txt") {
        let (name, want) = (case.text("case").unwrap(), case.text("want").unwrap());
        let paces: &[Pace] = if case.text("pace").is_some() { &[Pace::Whole] } else { &[Pace::Whole, Pace::Bytewise] };
        for &pace in paces {
            let sent = case.bytes("send").concat();
            let reused = want.ends_with(" reused");
            let crm = Origin::start(move |_| Reply { pace, close: !reused, ..Reply::raw(sent.clone()) });
            let running = start_gateway(crm.address);
            let gateway = running.staff;
            let method = case.text("ask").unwrap_or("GET");
            let ask = |more: &str| format!("{method} / HTTP/1.1\r\nHost: a\r\n{more}\r\n");
            let got = talk(gateway, (ask("") + &ask("Connection: close\r\n")).as_bytes(), Pace::Whole);
            for part in case.bytes("hidden") {
                assert!(find(&got, &part).is_none(), "{name}, {pace:?}: staff got it");
            }
            let got = answers(&got, method == "HEAD");
            assert_eq!(got.len(), 2, "{name}, {pace:?}: {got:?}");
            for answer in &got {
                assert!(want.starts_with(&answer.status.to_string()), "{name}, {pace:?}: {answer:?}");
                let reason = (answer.status == 502).then(|| case.text("reason").unwrap_or("upstream-framing"));
                assert_eq!(answer.header("sudare-refusal"), reason, "{name}, {pace:?}");
                if let [body] = case.bytes("body").as_slice() {
                    assert!(answer.body == *body, "{name}, {pace:?}: {} bytes", answer.body.len());
                }
            }
            assert_eq!(crm.take().connections, if reused { 1 } else { 2 }, "{name}, {pace:?}");
        }
    }
}

/// Row 21: an answer that comes with more than its framing says is not to be trusted at all.
#[test]
fn a_body_longer_than_its_framing_is_refused() {
    for head in ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
        let tail = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden";
        let bytes = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{head}{tail}").into_bytes();
        let crm = Origin::start(move |_| Reply::raw(bytes.clone()));
        let running = start_gateway(crm.address);
        let gateway = running.staff;
        let got = talk(gateway, &[b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", NEXT].concat(), Pace::Whole);
        let statuses: Vec<u16> = answers(&got, false).iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [502, 502], "{head}");
        assert!(find(&got, b"abc").is_none() && find(&got, b"hidden").is_none(), "{head}");
        assert_eq!(crm.take().connections, 2, "{head}");
    }
}

#[test]
fn a_body_is_sent_once_leave_was_given() {
    let crm = echo();
    let running = start_gateway(crm.address);
    let mut stream = connect(running.staff);
    let head = "POST /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_until(&mut stream, b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    let got = answers(&read_all(&mut stream), false);
    assert_eq!(got[0].body, b"/late");
    let record = crm.take().bytes;
    assert!(record.ends_with(b"\r\n\r\nabc") && find(&record, b"100-continue").is_none());
}
