//! Requests that come back: a CRM's address that is the gateway's own, or another gateway's before it.
//!
//! Each gateway writes a mark of its own into what it asks. Who finds its own mark in a request has asked
//! itself, and would do so until no connection is left. The mark is made by chance at each start, so that
//! nobody outside can know it.

use std::sync::LazyLock;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::terms::refusal::{Reason, Refusal};

/// The header in which the marks stand.
pub const VIA: HeaderName = HeaderName::from_static("sudare-via");

/// How many gateways may stand behind one another.
const GATEWAYS: usize = 8;

/// The bytes of a mark.
const MARK_BYTES: usize = 26;

static OWN: LazyLock<String> = LazyLock::new(|| ulid::Ulid::generate().to_string());

/// The same as a header.
static ALONE: LazyLock<Option<HeaderValue>> = LazyLock::new(|| HeaderValue::from_str(&OWN).ok());

/// The marks of the gateways that a request came through, or a refusal where this one is among them.
pub fn marks(headers: &HeaderMap) -> Result<Vec<String>, Refusal> {
    let texts = headers.get_all(VIA).iter().filter_map(|value| value.to_str().ok());
    let plain = |mark: &&str| mark.len() == MARK_BYTES && mark.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // Whatever else stands there nobody has written who counts.
    let marks = texts.flat_map(|text| text.split(',')).map(str::trim).filter(plain);
    let marks: Vec<String> = marks.take(GATEWAYS + 1).map(str::to_owned).collect();
    if marks.contains(&OWN) {
        return Err(Refusal::new(Reason::Loop, "the request came through this gateway before: look at `upstream`"));
    }
    if marks.len() > GATEWAYS {
        return Err(Refusal::new(Reason::Loop, "the request came through too many gateways"));
    }
    Ok(marks)
}

/// Writes them for the next gateway, and this one's behind them.
pub fn mark(headers: &mut HeaderMap, mut marks: Vec<String>) {
    let value = if marks.is_empty() {
        ALONE.clone()
    } else {
        marks.push(OWN.clone());
        HeaderValue::from_str(&marks.join(", ")).ok()
    };
    // Marks are letters and digits.
    if let Some(value) = value {
        headers.insert(VIA, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(VIA, HeaderValue::from_str(text).expect("a value"))])
    }

    #[test]
    fn its_own_mark_comes_back_in_a_loop_alone() {
        let other = "01JD0000000000000000000000";
        let mut headers = HeaderMap::new();
        mark(&mut headers, marks(&sent(&format!("{other}, what staff wrote, <x>"))).expect("no loop"));
        assert_eq!(headers[VIA].to_str().expect("text"), format!("{other}, {}", *OWN));
        assert_eq!(marks(&headers).map_err(|refusal| refusal.reason), Err(Reason::Loop));
        assert_eq!(marks(&sent(&format!("{other}, ").repeat(9))).map_err(|refusal| refusal.reason), Err(Reason::Loop));
        assert_eq!(marks(&HeaderMap::new()), Ok(Vec::new()));
        mark(&mut headers, Vec::new());
        assert_eq!(headers[VIA].to_str().expect("text"), *OWN);
    }
}
