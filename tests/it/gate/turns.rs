//! Whose turn it is: several requests on a connection, several connections to the CRM, and sides that speak out of turn.

use std::io::Write;
use std::net::Shutdown;
use std::thread;

use super::proxy::start_gateway;
use super::wire::{Answer, Event, Origin, Pace, Reply, answers, connect, find, read_all, talk};
use super::{NEXT, echo};

/// Row 14: many connections with many requests each, of two roles, over one pool.
#[test]
fn pipelined_answers_belong_to_their_requests() {
    let crm = Origin::start(|head| {
        let number = head.split(['/', ' ']).nth(2).and_then(|number| number.parse().ok()).unwrap_or(0);
        Reply::of("application/json", &format!("{{\"tel\":\"090-1234-{number:04}\"}}"))
    });
    let running = start_gateway(crm.address);
    let gateway = running.staff;
    thread::scope(|scope| {
        for role in ["support", "manager", "support", "manager"] {
            scope.spawn(move || {
                let ask = |index: usize| {
                    let close = if index == 99 { "Connection: close\r\n" } else { "" };
                    let who = format!("X-Remote-User: {role}\r\nX-Remote-Groups: {role}\r\n");
                    format!("POST /{index} HTTP/1.1\r\nHost: a\r\n{who}{close}Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc")
                };
                let all: String = (0..100).map(ask).collect();
                let got = answers(&talk(gateway, all.as_bytes(), Pace::Whole), false);
                assert_eq!(got.len(), 100);
                let seen = if role == "support" { "***-****" } else { "090-1234" };
                for (index, answer) in got.iter().enumerate() {
                    let expected = format!("{{\"tel\":\"{seen}-{index:04}\"}}");
                    assert_eq!(String::from_utf8_lossy(&answer.body), expected, "{role}");
                }
            });
        }
    });
}

#[test]
fn requests_before_a_bad_one_are_answered_first() {
    let crm = echo();
    let running = start_gateway(crm.address);
    let gateway = running.staff;
    let good = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = "GET /bad HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    for pace in [Pace::Whole, Pace::Bytewise] {
        let got = answers(&talk(gateway, format!("{good}{good}{bad}{good}").as_bytes(), pace), false);
        let statuses: Vec<u16> = got.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 200, 400], "{pace:?}");
        let record = crm.take().bytes;
        assert!(find(&record, b"/bad").is_none(), "{pace:?}");
    }
}

#[test]
fn a_request_that_is_cut_never_reaches_the_crm() {
    let crm = echo();
    let running = start_gateway(crm.address);
    let gateway = running.staff;
    for cut in ["GET /a HTTP/1.1\r\nHo", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"] {
        let mut stream = connect(gateway);
        stream.write_all(cut.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let got = answers(&read_all(&mut stream), false);
        assert!(matches!(got.as_slice(), [Answer { status: 400, .. }]), "{cut}: {got:?}");
    }
    assert!(crm.take().bytes.is_empty());
}

/// The CRM speaks before it is asked: what it says must not become the answer to the next question.
#[test]
fn an_answer_before_its_question_reaches_nobody() {
    let crm =
        Origin::start(|_| Reply { tail: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden", ..Reply::ok("mine") });
    let running = start_gateway(crm.address);
    let gateway = running.staff;
    for _ in 0..20 {
        let got = answers(&talk(gateway, NEXT, Pace::Whole), false);
        // The tail may come together with the answer, or show when the connection is to be asked again.
        let [answer @ Answer { status: 200 | 502, .. }] = got.as_slice() else { panic!("{got:?}") };
        let refused = answer.header("sudare-refusal") == Some("upstream-framing");
        assert!(answer.status == 502 && refused || answer.body == b"mine", "{got:?}");
        crm.settle();
    }
}

/// Nobody is left to read the answer, so the question to the CRM is given up.
#[test]
fn a_client_that_goes_away_ends_its_question() {
    let crm = Origin::start(|_| Reply::raw(Vec::new()));
    let running = start_gateway(crm.address);
    let mut stream = connect(running.staff);
    stream.write_all(NEXT).unwrap();
    crm.wait_for(&Event::Answered);
    drop(stream);
    crm.wait_for(&Event::Left);
}
