//! Whether a call is signed as AWS asks (Signature Version 4), by code that shares nothing with what signs it.

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;

/// What is wrong with the signature of a request as it came; nothing where it is right.
pub fn fault(request: &str, secret: &str, region: &str, service: &str) -> Option<String> {
    let (head, body) = request.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    let header = |name: &str| headers.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
    let wrong = |what: &str| Some(what.to_owned());
    let Some(said) = header("authorization").and_then(|text| text.strip_prefix("AWS4-HMAC-SHA256 ")) else {
        return wrong("no authorization");
    };
    let part = |name: &str| said.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (Some(credential), Some(names), Some(signature)) =
        (part("Credential"), part("SignedHeaders"), part("Signature"))
    else {
        return wrong("a part of the authorization is missing");
    };
    let Some(date) = header("x-amz-date") else { return wrong("no date") };
    let scope = format!("{}/{region}/{service}/aws4_request", &date[..8]);
    if credential.split_once('/').map(|(_, scope)| scope) != Some(&scope) {
        return wrong("another scope");
    }
    let signed: Vec<&str> = names.split(';').collect();
    let needed = headers.iter().map(|(name, _)| name.as_str());
    let mut needed = needed.filter(|name| *name == "host" || *name == "content-type" || name.starts_with("x-amz-"));
    if let Some(name) = needed.find(|name| !signed.contains(name)) {
        return Some(format!("`{name}` is not signed"));
    }
    let listed: String = signed.iter().map(|name| format!("{name}:{}\n", header(name).unwrap_or_default())).collect();
    let canonical = format!("{method}\n{path}\n{query}\n{listed}\n{names}\n{}", hash(body));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(&canonical));
    let steps = [&date[..8], region, service, "aws4_request", &text];
    let key = steps.iter().fold(format!("AWS4{secret}").into_bytes(), |key, step| mac(&key, step));
    (HEXLOWER.encode(&key) != signature).then(|| "another signature".to_owned())
}

fn hash(text: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// `get-vanilla` and `post-vanilla` of AWS's published suite.
#[test]
fn the_check_agrees_with_what_aws_publishes() {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    for (method, signature) in [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ] {
        let request = |signature: &str| {
            format!(
                "{method} / HTTP/1.1\r\nHost:example.amazonaws.com\r\nX-Amz-Date:20150830T123600Z\r\nAuthorization: \
                 AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={signature}\r\n\r\n"
            )
        };
        assert_eq!(fault(&request(signature), secret, "us-east-1", "service"), None);
        assert!(fault(&request(&"0".repeat(64)), secret, "us-east-1", "service").is_some());
        assert!(fault(&request(signature), secret, "us-east-2", "service").is_some());
    }
}
