//! What RFC 9113 and RFC 7541 forbid, frame by frame, as conformance suites go through it.

use sudare::serve::gate::bounds::Bounds;

use super::bare::cases;
use super::frames::{Client, End, GOAWAY, RST_STREAM};
use super::stub::Stub;
use crate::gate::cases::Case;

/// How a case ended.
async fn ended(stub: &Stub, case: &Case) -> String {
    let mut client = match case.bytes("preface").first() {
        Some(preface) => {
            let mut client = Client::silent(stub.connect().0);
            client.send(preface).await;
            client
        }
        None => stub.client(&[]).await,
    };
    for text in case.bytes("send") {
        let bytes = client.spelt(&text);
        client.send(&bytes).await;
    }
    let stream = client.present();
    // Whoever is still served asks for something else, whose answer tells that nothing else is to come.
    let next = if client.next_fits() { client.ask("/next").await } else { stream };
    let (mut how, mut is_told) = (None, false);
    loop {
        let Some(frame) = client.frame().await else { break };
        match frame.kind {
            GOAWAY if frame.number(4) != 0 => return gone(&mut client, frame.number(4)).await,
            RST_STREAM if frame.stream == stream => how = Some(format!("reset {}", frame.number(0))),
            _ if frame.ends() && frame.stream == stream => how = Some("answer".to_owned()),
            _ => {}
        }
        is_told |= frame.ends() && frame.stream == next;
        // A body is read in its own time.
        if is_told && (how.is_some() || case.text("want") != Some("answer")) {
            return how.unwrap_or_else(|| "next".to_owned());
        }
    }
    "closed".to_owned()
}

/// A connection that was told to end ends.
async fn gone<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(client: &mut Client<S>, code: u32) -> String {
    while client.frame().await.is_some() {}
    format!("goaway {code}")
}

#[tokio::test]
async fn every_violation_ends_its_stream_or_its_connection_and_no_other() {
    let stub = Stub::new(Bounds::default());
    let mut other = stub.client(&[]).await;
    let mut wrong = Vec::new();
    let cases = cases("violations.txt");
    assert!(cases.len() >= 80, "the cases are there");
    for case in cases {
        let got = ended(&stub, &case).await;
        let want = case.text("want").expect("what is wanted");
        if got != want {
            wrong.push(format!("{}: {got}, wanted {want}", case.text("case").expect("a name")));
        }
        assert!(matches!(other.get("/other").await, End::Answer(_)), "others are served");
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
