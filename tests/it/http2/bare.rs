//! The gate of HTTP/2 alone: every head of the cases, every flood, every wait.

use std::fs;
use std::time::Duration;

use sudare::serve::gate::bounds::Bounds;

use super::frames::{
    CONTINUATION, Client, DATA, END_HEADERS, END_STREAM, End, GOAWAY, HEADERS, RST_STREAM, WINDOW_UPDATE, block, frame,
    usual,
};
use super::stub::Stub;
use crate::gate::cases::Case;

/// CANCEL, as a code.
const CANCEL: u32 = 8;
/// ENHANCE_YOUR_CALM, as a code.
const CALM: u32 = 11;
/// INITIAL_WINDOW_SIZE, as a setting.
const WINDOW: u16 = 4;

pub fn cases(name: &str) -> Vec<Case> {
    let path = format!("{}/tests/cases/h2/{name}", env!("CARGO_MANIFEST_DIR"));
    Case::read(&fs::read_to_string(path).expect("a file of cases"))
}

/// The head of a case: the usual one, changed as the case says.
fn head(case: &Case) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut fields = usual("/");
    for name in case.bytes("without") {
        fields.retain(|(own, _)| *own != name);
    }
    for field in case.bytes("with") {
        let at = 1 + field[1..].iter().position(|&byte| byte == b'=').expect("a name and a value");
        let (name, value) = (field[..at].to_vec(), field[at + 1..].to_vec());
        match fields.iter_mut().find(|(own, _)| *own == name && name[0] == b':') {
            Some((_, old)) => *old = value,
            None => fields.push((name, value)),
        }
    }
    for field in case.bytes("more") {
        let at = 1 + field[1..].iter().position(|&byte| byte == b'=').expect("a name and a value");
        fields.push((field[..at].to_vec(), field[at + 1..].to_vec()));
    }
    fields
}

/// Sends a case's request on a stream.
async fn send<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(client: &mut Client<S>, case: &Case) -> u32 {
    let stream = client.stream();
    let data = case.bytes("data");
    let trailers = case.bytes("trailer");
    let ends = if data.is_empty() && trailers.is_empty() { END_STREAM } else { 0 };
    let block = block(&head(case));
    let mut parts = block.chunks(16_000).peekable();
    let mut kind = HEADERS;
    while let Some(part) = parts.next() {
        let last = if parts.peek().is_none() { END_HEADERS } else { 0 };
        let ends = if kind == HEADERS { ends } else { 0 };
        client.send(&frame(kind, ends | last, stream, part)).await;
        kind = CONTINUATION;
    }
    for (at, part) in data.iter().enumerate() {
        let ends = if at + 1 == data.len() && trailers.is_empty() { END_STREAM } else { 0 };
        client.send(&frame(DATA, ends, stream, part)).await;
    }
    for trailer in trailers {
        let block = super::frames::block(&[(trailer.as_slice(), b"v".as_slice())]);
        client.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &block)).await;
    }
    stream
}

#[tokio::test]
async fn every_head_is_passed_or_refused_and_the_connection_goes_on() {
    let stub = Stub::new(Bounds::default());
    let mut faults = Vec::new();
    for case in cases("requests.txt") {
        let mut client = stub.client(&[]).await;
        let stream = send(&mut client, &case).await;
        let end = client.end(stream).await;
        let seen = stub.take();
        let want = case.text("want").unwrap();
        let mut judged = judge(&case, want, &end, &seen.refused);
        let is_asked = want == "200" || case.text("asked").is_some();
        if seen.asked.is_empty() == is_asked {
            judged = Err(format!("the service was asked {:?}", seen.asked));
        }
        if !want.starts_with("goaway") && !matches!(client.get("/next").await, End::Answer(_)) {
            judged = Err(format!("the connection is gone: {judged:?}"));
        }
        stub.take();
        faults.extend(judged.err().map(|fault| format!("{}: {fault}", case.text("case").unwrap())));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether a case ended as it should.
fn judge(case: &Case, want: &str, end: &End, refused: &[&str]) -> Result<(), String> {
    let text = |part: Vec<u8>| String::from_utf8(part).expect("text");
    let sound = match (want.split_once(' ').unwrap_or((want, "")), end) {
        (("200", _), End::Answer(told)) => {
            case.bytes("seen").into_iter().all(|part| told.contains(&text(part)))
                && !case.bytes("hidden").into_iter().any(|part| told.contains(&text(part)))
        }
        (("reset", code), End::Reset(got, _)) => code.parse() == Ok(*got) && refused == ["framing"],
        (("goaway", word), End::Gone(Some(_))) => refused == [word],
        ((status, word), End::Answer(told)) => {
            told.contains(&format!("\"urn:sudare:refusal:{word}\""))
                && told.contains(&format!("\"status\":{status},"))
                && refused == [word]
        }
        _ => false,
    };
    if sound { Ok(()) } else { Err(format!("{end:?}, refused {refused:?}")) }
}

#[tokio::test]
async fn every_flood_ends_its_connection_and_no_other() {
    let stub = Stub::new(Bounds::default());
    let mut faults = Vec::new();
    for case in cases("floods.txt") {
        let mut other = stub.client(&[]).await;
        let mut client = stub.client(&[]).await;
        let mut went = flood(&mut client, &case, "first", 1).await;
        let times = case.text("times").unwrap().parse().unwrap();
        went = went && flood(&mut client, &case, "frame", times).await;
        // Whoever is not stopped would be answered here.
        client.ask("/next").await;
        let code = client.closed().await.map(|code| code.to_string());
        let answered = matches!(other.get("/next").await, End::Answer(_));
        let seen = stub.take();
        let asked = seen.asked.iter().filter(|path| *path != "/next").count();
        let told = seen.refused.last().copied();
        if code.as_deref() != case.text("want") || told != case.text("told") || !answered || asked > 300 {
            let name = case.text("case").unwrap();
            faults.push(format!(
                "{name}: all sent {went}, closed with {code:?}, told {told:?}, {asked} began, others answered {answered}"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Sends the frames of a case so many times; false where the other side has gone.
async fn flood<S>(client: &mut Client<S>, case: &Case, key: &str, times: usize) -> bool
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    for _ in 0..times {
        for text in case.bytes(key) {
            let bytes = client.spelt(&text);
            if !client.send(&bytes).await {
                return false;
            }
        }
    }
    true
}

fn quick(bounds: Bounds) -> Bounds {
    Bounds { linger_wait: Duration::from_millis(40), ..bounds }
}

/// A body is not sent, an answer is not taken: the stream goes, its connection stays.
#[tokio::test]
async fn a_stream_that_stands_still_is_reset_alone() {
    let stub = Stub::new(Bounds { idle_wait: Duration::from_millis(700), ..Bounds::default() });
    let mut client = stub.client(&[]).await;
    let body = client.stream();
    client.send(&frame(HEADERS, END_HEADERS, body, &block(&usual("/body")))).await;
    client.send(&frame(DATA, 0, body, b"half")).await;
    assert_eq!(client.end(body).await, End::Reset(CANCEL, 0));
    assert_eq!(stub.take().refused, ["slow"]);
    let long = client.ask("/long").await;
    assert_eq!(client.end(long).await, End::Reset(CANCEL, 65_535));
    let seen = stub.take();
    assert_eq!(
        (seen.refused.as_slice(), seen.dropped),
        (&[][..], 1),
        "an answer that was cut is recorded by its receipt"
    );
    client.send(&frame(WINDOW_UPDATE, 0, 0, &65_535_u32.to_be_bytes())).await;
    assert!(matches!(client.get("/next").await, End::Answer(_)));
}

/// Many answers that nobody takes hold their places no longer than one.
#[tokio::test]
async fn a_client_that_opens_no_window_holds_nothing_for_long() {
    let stub = Stub::new(Bounds { idle_wait: Duration::from_millis(300), ..Bounds::default() });
    let mut client = stub.client(&[(WINDOW, 0)]).await;
    for _ in 0..50 {
        client.ask("/long").await;
    }
    for _ in 0..50 {
        let reset = client.until(RST_STREAM).await.expect("a reset");
        assert_eq!(reset.number(0), CANCEL);
    }
    assert_eq!(stub.take().dropped, 50);
}

#[tokio::test]
async fn heads_that_come_too_slowly_end_the_connection() {
    let stub = Stub::new(quick(Bounds { head_wait: Duration::from_millis(40), ..Bounds::default() }));
    let mut client = stub.client(&[]).await;
    let half = block(&usual("/"));
    client.send(&frame(HEADERS, END_STREAM, 1, &half[..10])).await;
    assert_eq!(client.closed().await, Some(CALM));
    assert_eq!(stub.take().refused, ["slow"]);
    let (stream, serving) = stub.connect();
    serving.await.expect("the gate closes upon a client that says nothing");
    drop(stream);
}

#[tokio::test]
async fn an_idle_client_is_told_to_leave() {
    let stub = Stub::new(quick(Bounds { idle_wait: Duration::from_millis(300), ..Bounds::default() }));
    let mut client = stub.client(&[]).await;
    assert!(matches!(client.get("/next").await, End::Answer(_)));
    assert_eq!(client.closed().await, Some(0));
    assert!(stub.take().refused.is_empty());
}

#[tokio::test]
async fn an_answer_that_fails_is_broken_and_no_other() {
    let stub = Stub::new(Bounds::default());
    let mut client = stub.client(&[]).await;
    let waiting = client.ask("/body").await;
    assert!(matches!(client.end(waiting).await, End::Answer(_)));
    assert!(matches!(client.get("/cut").await, End::Reset(2, _)));
    assert!(matches!(client.get("/panics").await, End::Reset(CANCEL, 0)));
    assert!(matches!(client.get("/next").await, End::Answer(_)));
    assert!(stub.take().refused.is_empty());
}

#[tokio::test]
async fn a_client_that_resets_a_stream_ends_its_exchange() {
    let stub = Stub::new(Bounds::default());
    let mut client = stub.client(&[]).await;
    for path in ["/waits", "/long"] {
        let stream = client.ask(path).await;
        if path == "/long" {
            client.until(DATA).await.expect("a part of the answer");
        } else {
            assert!(matches!(client.get("/next").await, End::Answer(_)));
        }
        client.send(&frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())).await;
        while stub.take().dropped == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn the_end_of_a_connection_ends_its_exchanges() {
    let stub = Stub::new(Bounds::default());
    let (stream, serving) = stub.connect();
    let mut client = Client::open(stream, &[]).await;
    client.ask("/waits").await;
    assert!(matches!(client.get("/next").await, End::Answer(_)));
    drop(client);
    serving.await.expect("the connection's task ends");
    while stub.take().dropped == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stop_lets_the_present_answers_out() {
    let stub = Stub::new(Bounds::default());
    let (stream, serving) = stub.connect();
    let mut client = Client::open(stream, &[]).await;
    let body = client.stream();
    client.send(&frame(HEADERS, END_HEADERS, body, &block(&usual("/body")))).await;
    assert!(matches!(client.get("/next").await, End::Answer(_)));
    stub.stop();
    let told = client.until(GOAWAY).await.expect("a word to leave");
    assert_eq!(told.number(4), 0);
    client.send(&frame(DATA, END_STREAM, body, b"late")).await;
    assert!(matches!(client.end(body).await, End::Answer(told) if told.contains("body: late")));
    assert_eq!(client.closed().await, Some(0));
    serving.await.expect("the connection's task ends");
}

#[tokio::test]
async fn one_stream_more_than_the_bound_is_refused() {
    let stub = Stub::new(Bounds::default());
    let mut client = stub.client(&[]).await;
    for _ in 0..100 {
        client.ask("/waits").await;
    }
    // REFUSED_STREAM: nothing was done, so that a client may ask again.
    assert_eq!(client.get("/next").await, End::Reset(7, 0));
}

#[tokio::test]
async fn a_head_is_bounded_in_headers_and_in_what_it_unfolds_to() {
    let stub = Stub::new(Bounds::default());
    let mut client = stub.client(&[]).await;
    for (count, sound) in [(100, true), (101, false)] {
        let stream = client.stream();
        let mut fields = usual("/");
        fields.extend((0..count).map(|at| (format!("x-{at}").into_bytes(), Vec::new())));
        // Cookies are one header, in however many pieces they come.
        fields.extend((0..20).map(|_| (b"cookie".to_vec(), b"a=b".to_vec())).filter(|_| count == 101));
        client.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(&fields))).await;
        let End::Answer(told) = client.end(stream).await else { panic!("no answer") };
        assert_eq!(told.contains("head-too-large"), !sound, "{count}: {told}");
    }
    // A value that is told once and meant a thousand times (RFC 7541, 6.1 and 6.2.1).
    let mut bomb = block(&usual("/bomb"));
    bomb.extend([&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'a'; 4_000]].concat());
    bomb.extend([0x80 | 62; 10_000]);
    let stream = client.stream();
    client.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &bomb)).await;
    assert!(!matches!(client.end(stream).await, End::Answer(told) if told.starts_with("GET")));
    let seen = stub.take();
    assert_eq!((seen.asked, seen.refused.len()), (vec!["/".to_owned()], 2));
}

/// A client that reads nothing from its socket holds the connection no longer than one that asks nothing.
#[tokio::test]
async fn a_client_that_reads_nothing_is_given_up() {
    let stub = Stub::new(Bounds { idle_wait: Duration::from_millis(300), ..Bounds::default() });
    let (stream, serving) = stub.connect();
    let mut client = Client::open(stream, &[(WINDOW, 1 << 30)]).await;
    client.send(&frame(WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes())).await;
    client.ask("/long").await;
    serving.await.expect("the connection's task ends");
    assert_eq!(stub.take().dropped, 1);
}
