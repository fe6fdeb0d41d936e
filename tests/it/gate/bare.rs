//! The gate alone, before services that answer early, fail or panic, and with bounds that users cannot set.

use std::io::Write;
use std::time::Duration;

use sudare::serve::gate::bounds::Bounds;

use super::echo;
use super::proxy::start_bounded;
use super::wire::{Answer, Pace, answers, connect, read_all, read_until, talk};

/// Row 13: an answer before the body, which then comes late or not at all.
#[test]
fn an_early_answer_ends_the_connection_with_the_body() {
    let crm = echo();
    let gateway = start_bounded(crm.address, Bounds::default());
    let mut stream = connect(gateway);
    let head = "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n";
    stream.write_all(format!("{head}Expect: 100-continue\r\n\r\n").as_bytes()).unwrap();
    let early = read_until(&mut stream, b"refused");
    assert!(early.starts_with(b"HTTP/1.1 403"), "{}", String::from_utf8_lossy(&early));
    // The late body looks like a request; it must not become one.
    let _ = stream.write_all(b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\nabcdef");
    assert!(read_all(&mut stream).is_empty());
    let together = talk(gateway, format!("{head}\r\nGET /hidden").as_bytes(), Pace::Whole);
    assert_eq!(answers(&together, false).len(), 1);
    assert!(crm.take().bytes.is_empty());
}

/// Row 18: half a head or half a body is waited for as long as the bounds say, and no longer.
#[test]
fn what_comes_too_slowly_is_refused() {
    let (blink, pause) = (Duration::from_millis(40), Duration::from_millis(700));
    let slow_head = Bounds { head_wait: blink, ..Bounds::default() };
    let slow_body = Bounds { idle_wait: pause, ..Bounds::default() };
    let crm = echo();
    for (bounds, half) in [
        (slow_head, "GET / HTTP/1.1\r\nHost: a\r\n"),
        (slow_body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab"),
    ] {
        let got = answers(&talk(start_bounded(crm.address, bounds), half.as_bytes(), Pace::Whole), false);
        assert!(matches!(got.as_slice(), [Answer { status: 408, .. }]), "{half}: {got:?}");
    }
    let silent = talk(start_bounded(crm.address, slow_body), b"", Pace::Whole);
    assert!(silent.is_empty(), "a silent connection is closed without a word");
    assert!(crm.take().bytes.is_empty());
}

/// Row 18: a head that never ends is cut while it is still coming; every new byte buys no more time.
#[test]
fn a_head_that_trickles_is_cut() {
    let blink = Duration::from_millis(40);
    let bounds = Bounds { head_wait: blink, linger_wait: blink, head_bytes_max: 1 << 30, ..Bounds::default() };
    let mut stream = connect(start_bounded(echo().address, bounds));
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").unwrap();
    let cut = (0..2_000_000).any(|_| stream.write_all(b"a").is_err());
    assert!(cut, "two million bytes were taken");
    assert!(read_until(&mut stream, b"\r\n").starts_with(b"HTTP/1.1 408"));
}

/// The service gave up on a bad body without a word, after leave was given to send it.
#[test]
fn a_fault_that_nobody_answered_is_answered_by_the_gate() {
    let mut stream = connect(start_bounded(echo().address, Bounds::default()));
    let head = "POST /fails HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_until(&mut stream, b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"0x3\r\n").unwrap();
    let got = answers(&read_all(&mut stream), false);
    assert!(matches!(got.as_slice(), [Answer { status: 400, .. }]), "{got:?}");
}

/// A panic ends its own connection without a word, and nobody else's.
#[test]
fn a_service_that_panics_ends_one_connection() {
    let crm = echo();
    let gateway = start_bounded(crm.address, Bounds::default());
    let mut others = connect(gateway);
    let mut stream = connect(gateway);
    stream.write_all(b"GET /panics HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(read_until(&mut stream, b"\r\n").is_empty(), "an answer came of a panic");
    others.write_all(b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(answers(&read_all(&mut others), false)[0].body, b"/next");
}
