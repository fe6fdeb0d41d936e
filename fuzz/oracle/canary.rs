//! Values that may stand nowhere in what leaves, and where they count.
//!
//! What is promised is the whole token: `090-6660-7771` and not the end of `1090-6660-7771`. So a
//! canary counts where blanks, quotes or marks stand around it, or nothing.

/// A number that the detectors know.
pub const PHONE: &str = "090-6660-7771";

/// A name that nothing but its field knows.
pub const NAME: &str = "Zyxquorv Blunthame";

/// The body with the canaries where the fuzzer put its marks: a byte of the input plants one.
pub fn planted(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for byte in data {
        match byte {
            1 => out.extend_from_slice(PHONE.as_bytes()),
            2 => out.extend_from_slice(NAME.as_bytes()),
            byte => out.push(*byte),
        }
    }
    out
}

/// Which of them may not stand in what leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// Both.
    All,
    /// The number alone: where a body leaves in parts, nobody knows a name in another part than its field's.
    Number,
}

impl Sought {
    fn canaries(self) -> &'static [&'static str] {
        match self {
            Sought::All => &[PHONE, NAME],
            Sought::Number => &[PHONE],
        }
    }
}

/// Whether a canary stands in the text as a whole token.
pub fn is_in(text: &str, sought: Sought) -> bool {
    let stands_apart = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || ",;()<>\"".contains(c));
    sought.canaries().iter().any(|canary| {
        text.match_indices(canary).any(|(at, _)| {
            stands_apart(text[..at].chars().next_back()) && stands_apart(text[at + canary.len()..].chars().next())
        })
    })
}

/// Whether a canary stands between these two texts.
pub fn is_between(text: &str, before: &str, after: &str, sought: Sought) -> bool {
    sought.canaries().iter().any(|canary| text.contains(&format!("{before}{canary}{after}")))
}
