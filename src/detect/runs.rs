//! The digits of a text as runs, and what stands between them.
//!
//! Phones, cards, postal codes and state numbers are all runs of digits joined by a hyphen, a
//! blank or a bracket. They are cut out once and every detector walks over the same list, so the
//! work grows with the text alone, however the digits lie.

/// One unbroken run of ASCII digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl Run {
    /// How many digits it has.
    pub fn len(self) -> usize {
        self.end - self.start
    }
}

/// What stands between two neighbouring runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// A hyphen, with a blank or a line's end beside it or not.
    Hyphen,
    /// One blank or two.
    Blank,
    /// A full stop.
    Dot,
    /// An opening bracket.
    Open,
    /// A closing bracket, with a hyphen or a blank after it or not.
    Close,
    /// Anything else, or nothing because the text ends.
    Other,
}

/// A folded text and its digits.
pub struct Runs<'a> {
    /// The folded text.
    pub text: &'a str,
    /// Its runs, in order.
    pub list: Vec<Run>,
}

impl<'a> Runs<'a> {
    /// Cuts the runs out of a folded text.
    pub fn of(text: &'a str) -> Runs<'a> {
        let bytes = text.as_bytes();
        // A date with its time has seven, and few texts have more.
        let mut list = Vec::with_capacity(8);
        let mut at = 0;
        while at < bytes.len() {
            if !bytes[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let start = at;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
            list.push(Run { start, end: at });
        }
        Runs { text, list }
    }

    /// The digits of one run.
    pub fn digits(&self, run: Run) -> &'a [u8] {
        &self.text.as_bytes()[run.start..run.end]
    }

    /// The digits of so many runs from this one on, in one piece.
    pub fn joined(&self, first: usize, count: usize) -> Vec<u8> {
        self.list[first..first + count].iter().flat_map(|&run| self.digits(run)).copied().collect()
    }

    /// What stands between this run and the next.
    pub fn gap(&self, at: usize) -> Gap {
        match (self.list.get(at), self.list.get(at + 1)) {
            (Some(left), Some(right)) => gap(&self.text.as_bytes()[left.end..right.start]),
            _ => Gap::Other,
        }
    }

    /// What stands between this run and the one before.
    pub fn gap_before(&self, at: usize) -> Gap {
        at.checked_sub(1).map_or(Gap::Other, |before| self.gap(before))
    }

    /// The byte before a place, or a blank.
    pub fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b' ', |before| self.text.as_bytes()[before])
    }

    /// The byte at a place, or a blank.
    pub fn after(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(b' ')
    }

    /// Whether no letter, digit or joined number touches these bytes: the text between them is a
    /// number by itself and no part of a code, a decimal or a UUID.
    pub fn stands_alone(&self, start: usize, end: usize) -> bool {
        let (left, right) = (self.before(start), self.after(end));
        let beyond_left = if start < 2 { b' ' } else { self.before(start - 1) };
        let beyond_right = self.after(end + 1);
        let joins = |near: u8, far: u8| match near {
            b'.' | b',' => far.is_ascii_digit(),
            b'-' => far.is_ascii_alphanumeric(),
            _ => near.is_ascii_alphanumeric() || near == b'_',
        };
        !joins(left, beyond_left) && !joins(right, beyond_right)
    }
}

fn gap(between: &[u8]) -> Gap {
    if between.len() > 4 {
        return Gap::Other;
    }
    if between.iter().all(|&byte| byte == b' ') {
        return if between.len() <= 2 { Gap::Blank } else { Gap::Other };
    }
    // A mail program may break a line after a hyphen, never before one.
    if let Some(rest) = between.strip_prefix(b"-")
        && rest.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\n'))
    {
        return Gap::Hyphen;
    }
    match between.trim_ascii() {
        _ if between.contains(&b'\n') => Gap::Other,
        b"-" | b"--" => Gap::Hyphen,
        b"." if between.len() == 1 => Gap::Dot,
        b"(" | b"-(" => Gap::Open,
        b")" | b")-" => Gap::Close,
        _ => Gap::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_read() {
        for (text, expected) in [
            ("03-1234", Gap::Hyphen),
            ("03 - 1234", Gap::Hyphen),
            ("03-\n1234", Gap::Hyphen),
            ("03\n-1234", Gap::Other),
            ("03 1234", Gap::Blank),
            ("03   1234", Gap::Other),
            ("03\t1234", Gap::Other),
            ("03\n1234", Gap::Other),
            ("03.1234", Gap::Dot),
            ("03(1234", Gap::Open),
            ("03)1234", Gap::Close),
            ("03) 1234", Gap::Close),
            ("03/1234", Gap::Other),
        ] {
            assert_eq!(Runs::of(text).gap(0), expected, "{text:?}");
        }
    }

    #[test]
    fn parts_of_codes_do_not_stand_alone() {
        for (text, alone) in [
            ("12", true),
            ("a12", false),
            ("12b", false),
            ("1.12", false),
            ("a-12", false),
            ("電12話", true),
            ("12.", true),
        ] {
            let runs = Runs::of(text);
            let run = *runs.list.last().expect("a run");
            assert_eq!(runs.stands_alone(run.start, run.end), alone, "{text:?}");
        }
    }
}
