//! What rules say to browsers beside what the CRM says: only ever stricter.
//!
//! Here is what they say as it runs; `rule::headers` reads it, and the exchange carries it out, since only
//! there is known what the CRM said itself.

/// What browsers are told to do with answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Policies of `Content-Security-Policy`. Browsers obey each, so a further one only forbids.
    pub content: Vec<String>,
    /// How much of an address other pages may learn.
    pub referrer: Option<Referrer>,
    /// For how long the host is asked over TLS alone.
    pub transport: Option<Transport>,
    /// Flags of cookies by name; `*` is every cookie.
    pub cookies: Vec<(String, Flags)>,
    /// Other sites whose scripts may read answers: `https://app.example`.
    pub readers: Vec<String>,
    /// Other sites to which an answer may lead.
    pub leads: Vec<String>,
}

impl Headers {
    /// Takes in what others say; of two words the stricter counts.
    pub fn add(&mut self, other: &Headers) {
        join(&mut self.content, &other.content);
        join(&mut self.readers, &other.readers);
        join(&mut self.leads, &other.leads);
        join(&mut self.cookies, &other.cookies);
        self.referrer = self.referrer.max(other.referrer);
        self.transport = match (self.transport, other.transport) {
            (Some(own), Some(other)) => Some(own.with(other)),
            (own, other) => own.or(other),
        };
    }

    /// The flags of a cookie.
    pub fn flags(&self, cookie: &str) -> Flags {
        let own = self.cookies.iter().filter(|(name, _)| name == "*" || name == cookie);
        own.fold(Flags::default(), |all, (_, flags)| all.with(*flags))
    }
}

fn join<T: Clone + PartialEq>(all: &mut Vec<T>, others: &[T]) {
    for other in others {
        if !all.contains(other) {
            all.push(other.clone());
        }
    }
}

/// How much of an address other pages may learn from `Referer`, the laxest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Referrer {
    /// The whole address to pages of the same host, the host alone to others.
    StrictOriginWhenCrossOrigin,
    /// The host alone.
    StrictOrigin,
    /// The whole address to pages of the same host, nothing to others.
    SameOrigin,
    /// Nothing.
    NoReferrer,
}

impl Referrer {
    /// Every word, the laxest first. Laxer ones tell other sites the address, which can name a customer.
    pub const ALL: [Referrer; 4] =
        [Referrer::StrictOriginWhenCrossOrigin, Referrer::StrictOrigin, Referrer::SameOrigin, Referrer::NoReferrer];

    /// The word of the header.
    pub const fn word(self) -> &'static str {
        match self {
            Referrer::StrictOriginWhenCrossOrigin => "strict-origin-when-cross-origin",
            Referrer::StrictOrigin => "strict-origin",
            Referrer::SameOrigin => "same-origin",
            Referrer::NoReferrer => "no-referrer",
        }
    }

    /// What the values of the header say: the last word that browsers know, if it is strict enough.
    pub fn said<'v>(values: impl Iterator<Item = &'v str>) -> Option<Referrer> {
        const LAX: [&str; 4] = ["unsafe-url", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin"];
        let words = values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase());
        let known = words.filter_map(|word| match Referrer::ALL.into_iter().find(|known| known.word() == word) {
            Some(known) => Some(Some(known)),
            None => LAX.contains(&word.as_str()).then_some(None),
        });
        known.last().flatten()
    }
}

/// For how long a host is asked over TLS alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// Seconds.
    pub seconds: u64,
    /// The hosts below it too.
    pub below: bool,
    /// Browsers may be told before they ask.
    pub preload: bool,
}

impl Transport {
    /// Reads `max-age=31536000; includeSubDomains`.
    pub fn read(text: &str) -> Option<Transport> {
        let (mut seconds, mut below, mut preload) = (None, false, false);
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match part.to_ascii_lowercase().as_str() {
                "includesubdomains" => below = true,
                "preload" => preload = true,
                part => {
                    let number = part.strip_prefix("max-age=")?.trim_matches('"').parse().ok()?;
                    if seconds.replace(number).is_some() {
                        return None;
                    }
                }
            }
        }
        Some(Transport { seconds: seconds?, below, preload })
    }

    /// The stricter of both.
    pub fn with(self, other: Transport) -> Transport {
        Transport {
            seconds: self.seconds.max(other.seconds),
            below: self.below || other.below,
            preload: self.preload || other.preload,
        }
    }

    /// As the header says it.
    pub fn text(self) -> String {
        let (below, preload) =
            (if self.below { "; includeSubDomains" } else { "" }, if self.preload { "; preload" } else { "" });
        format!("max-age={}{below}{preload}", self.seconds)
    }
}

/// Flags of a cookie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// It travels over TLS alone. Where staff has none it would be lost, so there it is left out.
    pub secure: bool,
    /// Scripts do not see it.
    pub http_only: bool,
    /// Whether it goes along with requests that other sites make.
    pub same_site: Option<SameSite>,
}

impl Flags {
    /// The stricter of both.
    pub fn with(self, other: Flags) -> Flags {
        Flags {
            secure: self.secure || other.secure,
            http_only: self.http_only || other.http_only,
            same_site: self.same_site.max(other.same_site),
        }
    }
}

/// Whether a cookie goes along with requests that other sites make, the laxer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SameSite {
    /// With links alone.
    Lax,
    /// Never.
    Strict,
}

impl SameSite {
    /// The word of the flag.
    pub fn word(self) -> &'static str {
        match self {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
        }
    }
}

/// A site as a browser names it, without the port that goes without saying: `https://id.example`.
pub fn origin(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (scheme, host) = lower.split_once("://")?;
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let host = host.strip_suffix(default).unwrap_or(host);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(known)).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_that_browsers_know_counts() {
        for (values, said) in [
            (&["no-referrer"][..], Some(Referrer::NoReferrer)),
            (&["no-referrer, unsafe-url"], None),
            (&["unsafe-url", "Same-Origin"], Some(Referrer::SameOrigin)),
            (&["same-origin, something-new"], Some(Referrer::SameOrigin)),
            (&["origin"], None),
            (&[""], None),
        ] {
            assert_eq!(Referrer::said(values.iter().copied()), said, "{values:?}");
        }
    }

    #[test]
    fn the_stricter_of_two_counts() {
        let said = |text: &str| Transport::read(text).expect("a duration");
        assert_eq!(
            said("max-age=5; includeSubDomains").with(said("max-age=\"9\"; preload")).text(),
            "max-age=9; includeSubDomains; preload"
        );
        for wrong in ["", "includeSubDomains", "max-age=x", "max-age=1; max-age=2", "max-age=1; other"] {
            assert_eq!(Transport::read(wrong), None, "{wrong}");
        }
        let mut all = Headers { referrer: Some(Referrer::SameOrigin), content: vec!["a".into()], ..Headers::default() };
        all.add(&Headers {
            referrer: Some(Referrer::StrictOrigin),
            content: vec!["a".into(), "b".into()],
            ..Headers::default()
        });
        assert_eq!((all.referrer, all.content), (Some(Referrer::SameOrigin), vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_site_has_one_spelling() {
        for (text, site) in [
            ("HTTPS://Id.Example:443", Some("https://id.example")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("https://id.example/", None),
            ("https://*.example", None),
            ("id.example", None),
            ("ftp://id.example", None),
        ] {
            assert_eq!(origin(text).as_deref(), site, "{text}");
        }
    }
}
