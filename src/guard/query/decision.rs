//! Whether a question about a kind is answered: the whole of the contract's rule, apart from how
//! questions are recognised.

use crate::policy::plan::Search;

/// How a value that is sought stands to a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// A detector knows it as one of the kind from end to end.
    Proven,
    /// It may be a whole one.
    Whole,
    /// It may be a part of one.
    Part,
    /// No value of the kind can hold it.
    Never,
}

/// What is asked about a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// To sort, group or count by it, or to compute with it.
    Order,
    /// To compare it in another way than for equality.
    Compare,
    /// To find a value that stands so to the kind.
    Find(Fit),
}

impl Ask {
    /// What is asked, in a word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Ask::Order => "order",
            Ask::Compare => "compare",
            Ask::Find(Fit::Part) => "part",
            Ask::Find(_) => "value",
        }
    }
}

/// What becomes of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It tells nothing about the kind.
    Passes,
    /// It tells whether the kind has this value, and is counted.
    Counts,
    /// It would tell what is hidden; the words say what was asked.
    Refused(&'static str),
}

/// Decides. A kind that staff sees in clear never gets here.
pub(super) fn decide(search: Search, ask: Ask) -> Answer {
    match (search, ask) {
        (_, Ask::Find(Fit::Never)) => Answer::Passes,
        (Search::Any, Ask::Find(_)) => Answer::Counts,
        (Search::Any, _) => Answer::Passes,
        (_, Ask::Order) => Answer::Refused("sorting and grouping"),
        (_, Ask::Compare) => Answer::Refused("comparing by more than equality"),
        (Search::None, Ask::Find(_)) => Answer::Refused("searching"),
        (Search::Exact, Ask::Find(Fit::Part)) => Answer::Refused("looking for a part of a value"),
        (Search::Exact, Ask::Find(_)) => Answer::Counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Answer::{Counts, Passes};
        let told = |search, ask| match decide(search, ask) {
            Answer::Refused(_) => None,
            answer => Some(answer),
        };
        let asks = [
            Ask::Order,
            Ask::Compare,
            Ask::Find(Fit::Proven),
            Ask::Find(Fit::Whole),
            Ask::Find(Fit::Part),
            Ask::Find(Fit::Never),
        ];
        for (search, answers) in [
            (Search::None, [None, None, None, None, None, Some(Passes)]),
            (Search::Exact, [None, None, Some(Counts), Some(Counts), None, Some(Passes)]),
            (Search::Any, [Some(Passes), Some(Passes), Some(Counts), Some(Counts), Some(Counts), Some(Passes)]),
        ] {
            assert_eq!(asks.map(|ask| told(search, ask)), answers, "{search:?}");
        }
    }
}
