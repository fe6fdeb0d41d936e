//! What a request is made for, as staff says in `Sudare-Purpose`. The header is the gateway's own
//! and goes no further; the word is kept in the ledger once the rules know it.

use http::header::HeaderName;
use http::request;

use crate::terms::refusal::{Reason, Refusal};

const NAME: HeaderName = HeaderName::from_static("sudare-purpose");

/// What stood in the header before the head was cleaned.
#[derive(Clone)]
struct Said(Vec<Vec<u8>>);

/// Keeps what the head says beside its headers.
pub(super) fn keep(head: &mut request::Parts) {
    let said = values(head);
    if !said.is_empty() {
        head.extensions.insert(Said(said));
    }
}

/// Takes the purpose out of a head. Two of them could mean either.
pub(super) fn take(head: &mut request::Parts) -> Result<Option<String>, Refusal> {
    const WORD_BYTES: usize = 64;
    let said = head.extensions.remove::<Said>().map_or_else(|| values(head), |said| said.0);
    head.headers.remove(NAME);
    let odd = |note| Refusal::new(Reason::Purpose, note);
    match said.as_slice() {
        [] => Ok(None),
        [word] if !word.is_empty() && word.len() <= WORD_BYTES && word.iter().all(u8::is_ascii_graphic) => {
            Ok(Some(String::from_utf8_lossy(word).into_owned()))
        }
        [_] => Err(odd("`Sudare-Purpose` is no plain word")),
        _ => Err(odd("`Sudare-Purpose` stands twice")),
    }
}

fn values(head: &request::Parts) -> Vec<Vec<u8>> {
    head.headers.get_all(NAME).iter().map(|value| value.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn one_plain_word_is_a_purpose_and_leaves_the_head() {
        for (sent, expected) in [
            (vec![], Some(None)),
            (vec!["delivery"], Some(Some("delivery".to_owned()))),
            (vec!["delivery", "delivery"], None),
            (vec!["for delivery"], None),
            (vec![""], None),
        ] {
            let mut request = Request::builder();
            for word in &sent {
                request = request.header("Sudare-Purpose", *word);
            }
            let (mut head, ()) = request.body(()).expect("a request").into_parts();
            keep(&mut head);
            assert_eq!(take(&mut head).ok(), expected, "{sent:?}");
            assert!(head.headers.is_empty(), "{sent:?}");
        }
    }
}
