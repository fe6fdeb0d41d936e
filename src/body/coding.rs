//! Content codings: which are read, and which of them staff takes.
//!
//! One coding alone: what is packed twice is packed by somebody who wants to hide something, or by
//! mistake. The CRM is offered what staff offers and what is read here, so that an answer is as short
//! on its way as it was without the gateway.

use crate::terms::refusal::{Reason, Refusal};

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`
    Gzip,
    /// `deflate`: in zlib's frame, as the standard says, or bare, as some servers send it.
    Deflate,
    /// `br`
    Brotli,
    /// `zstd`
    Zstd,
}

impl Coding {
    const ALL: [Coding; 4] = [Coding::Gzip, Coding::Brotli, Coding::Zstd, Coding::Deflate];

    /// The word in `Content-Encoding`.
    pub fn word(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    fn named(name: &str) -> Option<Coding> {
        let name = if name.eq_ignore_ascii_case("x-gzip") { "gzip" } else { name };
        Coding::ALL.into_iter().find(|coding| coding.word().eq_ignore_ascii_case(name))
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The coding of a body with these `Content-Encoding` headers; nothing where it is bare.
pub fn of<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Coding>, Refusal> {
    let refuse = |note: &str| Refusal::new(Reason::Unreadable, note);
    let mut headers = headers.into_iter();
    let Some(first) = headers.next() else { return Ok(None) };
    if headers.next().is_some() || first.contains(&b',') {
        return Err(refuse("a body that is packed more than once, or may be"));
    }
    let name = std::str::from_utf8(first.trim_ascii()).unwrap_or_default();
    if name.is_empty() || name.eq_ignore_ascii_case("identity") {
        return Ok(None);
    }
    Coding::named(name).map(Some).ok_or_else(|| refuse("a body in a coding that is not read"))
}

/// The codings that staff takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted(u8);

impl Accepted {
    /// What these `Accept-Encoding` headers offer by name. `*` offers what nobody knows, and what is
    /// offered with a weight that cannot be read is not.
    pub fn of<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Accepted {
        let (mut takes, mut refuses) = (0, 0);
        for offer in headers.into_iter().flat_map(|header| header.split(|byte| *byte == b',')) {
            let mut words = std::str::from_utf8(offer).unwrap_or_default().split(';').map(str::trim);
            let Some(coding) = words.next().and_then(Coding::named) else { continue };
            let weight = words.next().map(|word| word.to_ascii_lowercase());
            let weight = match weight.as_deref() {
                None => Some(1.0),
                Some(word) => word.strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok()),
            };
            if weight.is_some_and(|weight| weight > 0.0) {
                takes |= coding.bit();
            } else {
                refuses |= coding.bit();
            }
        }
        Accepted(takes & !refuses)
    }

    /// Whether staff takes this one.
    pub fn takes(self, coding: Coding) -> bool {
        self.0 & coding.bit() != 0
    }

    /// What the CRM is offered.
    pub fn offer(self) -> String {
        let words: Vec<&str> = Coding::ALL.into_iter().filter(|coding| self.takes(*coding)).map(Coding::word).collect();
        if words.is_empty() { "identity".to_owned() } else { words.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_coding_that_is_known_or_none() {
        for (headers, coding) in [
            (&[][..], Some(None)),
            (&["identity"], Some(None)),
            (&["GZIP"], Some(Some(Coding::Gzip))),
            (&[" x-gzip "], Some(Some(Coding::Gzip))),
            (&["br"], Some(Some(Coding::Brotli))),
            (&["gzip, br"], None),
            (&["identity, gzip"], None),
            (&["gzip", "gzip"], None),
            (&["compress"], None),
            (&["aws-chunked"], None),
        ] {
            let coding_of = of(headers.iter().map(|header: &&str| header.as_bytes()));
            assert_eq!(coding_of.ok(), coding, "{headers:?}");
        }
    }

    #[test]
    fn the_crm_is_offered_what_staff_offers() {
        for (headers, offer) in [
            (&[][..], "identity"),
            (&["gzip, deflate, br, zstd"], "gzip, br, zstd, deflate"),
            (&["gzip;q=0.5", "BR ; Q=1"], "gzip, br"),
            (&["gzip;q=0, *"], "identity"),
            (&["gzip, gzip;q=0"], "identity"),
            (&["gzip;q=x, sdch"], "identity"),
        ] {
            let accepted = Accepted::of(headers.iter().map(|header: &&str| header.as_bytes()));
            assert_eq!(accepted.offer(), offer, "{headers:?}");
        }
    }
}
