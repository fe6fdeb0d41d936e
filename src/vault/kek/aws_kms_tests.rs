//! Names of keys, and where credentials come from. What KMS is told and says: `tests/it/gateway/kek/aws_kms.rs`.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

const ARN: &str = "arn:aws:kms:ap-northeast-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn it_is_written_as_it_is_read() {
    for text in [
        "alias/sudare",
        "alias/team/one_a?region=ap-northeast-1",
        "1234abcd-12ab-34cd-56ef-1234567890ab?region=eu-central-1&ca=/etc/ca.pem",
        "mrk-1234abcd?endpoint=https://vpce-1.kms.us-east-1.vpce.amazonaws.com",
        "alias/sudare?region=us-east-1&endpoint=http://127.0.0.1:5000",
        "arn:aws-cn:kms:cn-north-1:111122223333:alias/sudare",
        ARN,
    ] {
        assert_eq!(KmsKey::parse(text).expect(text).to_string(), format!("aws_kms:{text}"));
    }
}

#[test]
fn what_could_lead_elsewhere_is_refused() {
    for text in [
        "",
        "alias/",
        "alias/a//b",
        "alias/../b",
        "key/1",
        "a b",
        "a\nb",
        "arn:aws:s3:::bucket",
        "arn:aws:kms:ap-northeast-1:111122223333:key/",
        "arn:aws:kms:evil.example/:111122223333:key/1",
        "arn:aws:kms:ap-northeast-1:x:key/1",
        "arn:aws:kms:ap-northeast-1:111122223333:key/1?region=us-east-1",
        "alias/a?region=evil.example",
        "alias/a?region=-",
        "alias/a?region=us-east-1&region=us-east-1",
        "alias/a?endpoint=http://kms.internal",
        "alias/a?endpoint=https://user:secret@kms.internal",
        "alias/a?endpoint=https://kms.internal/path",
        "alias/a?endpoint=ftp://kms.internal",
        "alias/a?ca=ca.pem",
        "alias/a?secret=AKIA",
    ] {
        assert!(KmsKey::parse(text).is_err(), "{text}");
    }
    assert!(KmsKey::parse(&"a".repeat(NAME_CHARS_MAX + 1)).is_err());
}

#[test]
fn a_region_is_written_told_by_the_arn_or_the_environments() {
    let region = |text: &str, said: &[(&str, &str)]| {
        let get = |name: &str| said.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        KmsKey::parse(text).expect(text).region(&get)
    };
    let both = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")];
    assert_eq!(region("alias/a", &[]), None);
    assert_eq!(region("alias/a", &both).as_deref(), Some("eu-west-1"));
    assert_eq!(region("alias/a", &both[1..]).as_deref(), Some("eu-west-2"));
    assert_eq!(region("alias/a?region=us-east-1", &both).as_deref(), Some("us-east-1"));
    assert_eq!(region(ARN, &both).as_deref(), Some("ap-northeast-1"));
    assert_eq!(region("alias/a", &[("AWS_REGION", "evil.example/")]), None);
}

#[test]
fn kms_is_where_it_is_for_everybody_or_where_it_is_said_to_be() {
    let endpoint = |text: &str| open(&KmsKey::parse(text).expect(text)).expect("opened").endpoint;
    assert_eq!(endpoint(ARN), "https://kms.ap-northeast-1.amazonaws.com");
    assert_eq!(endpoint("alias/a?region=cn-north-1"), "https://kms.cn-north-1.amazonaws.com.cn");
    assert_eq!(endpoint("alias/a?region=x&endpoint=https://kms.internal:8443"), "https://kms.internal:8443");
}

/// A container's service that says this to whoever brings the token.
fn container(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).unwrap_or(0);
            let asked = String::from_utf8_lossy(&bytes[..count]).to_ascii_lowercase();
            let is_known = asked.contains("authorization: a-token\r\n");
            let (status, body) = if is_known { ("200 OK", answer) } else { ("401 No", "{}") };
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        }
    });
    format!("http://{address}/v1/credentials")
}

#[test]
fn credentials_are_variables_or_what_the_container_is_given() {
    let key = open(&KmsKey::parse(ARN).expect("a key")).expect("opened");
    let had = |said: &[(&str, &str)]| {
        let get = |name: &str| said.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        let told = key.credentials(&get);
        told.map(|who| (who.access_key_id().to_owned(), who.session_token().map(str::to_owned)))
            .map_err(|error| error.to_string())
    };
    let of = |id: &str, token: Option<&str>| Ok((id.to_owned(), token.map(str::to_owned)));
    let plain = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "t")];
    assert_eq!(had(&plain[..2]), of("AKID", None));
    assert_eq!(had(&plain), of("AKID", Some("t")));
    assert!(had(&plain[..1]).expect_err("no secret").contains("no credentials: set `AWS_ACCESS_KEY_ID`"));
    let near =
        container(r#"{"AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-12-01T00:00:00Z"}"#);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "a-token\n").expect("written");
    let file = file.to_str().expect("a path");
    let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", near.as_str());
    assert_eq!(had(&[full, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-token")]), of("ASIA", Some("t")));
    assert_eq!(had(&[full, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)]), of("ASIA", Some("t")));
    assert!(had(&[full]).expect_err("unknown").contains("HTTP 401"));
    let far = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/");
    assert!(had(&[far]).expect_err("far").contains("neither `https` nor near"));
    let empty = container("{}");
    let told = had(&[(full.0, &empty), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-token")]).expect_err("none");
    assert!(told.contains("none are there"), "{told}");
}

#[test]
fn of_an_error_nothing_is_told_but_its_name() {
    for (told, name) in [
        (json!({ "__type": "AccessDeniedException", "message": "User x" }), "AccessDeniedException"),
        (json!({ "__type": "com.amazonaws.kms#NotFoundException" }), "NotFoundException"),
        (json!({ "__type": "山田 太郎" }), ""),
        (json!({ "__type": "x".repeat(65) }), ""),
        (json!({}), ""),
        (Value::Null, ""),
    ] {
        assert_eq!(error_name(&told), name);
    }
}
