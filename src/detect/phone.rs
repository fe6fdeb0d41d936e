//! Telephone numbers: Japan by its numbering plan, the world behind a `+`, North America by shape.
//!
//! Certain: a number of Japan's plan with its leading 0, in groups (`03-1234-5678`,
//! `090 1234 5678`, `(03)3234-5678`) or alone where it can be assigned (`0332345678`), and `+` with
//! a country code and a number of the right length. Found without certainty: bare digits with an
//! area code that cannot be assigned (`0312345678`), three groups of the North American plan
//! (`(212) 555-0123`), ten bare digits of it behind a word such as `call`, and numbers of Japan's
//! plan that go on behind another hyphen, which may be some longer code.
//! Left to labels: numbers without area code, extensions, numbers that lost their leading 0.

use crate::detect::plan_jp::Fit;
use crate::detect::runs::{Gap, Run, Runs};
use crate::detect::{Detector, Hit, cue, plan_jp, plan_world};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector = Detector {
    kind: kind::PHONE,
    may: |census| census.digits >= 10 || census.pluses > 0,
    find,
    whole: Detector::covers,
};

/// E.123 numbers have few groups; more are never looked at together.
const GROUPS_MAX: usize = 7;

/// A number that was recognised from one run on.
struct Match {
    start: usize,
    runs: usize,
    certain: bool,
    evidence: &'static str,
}

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    let mut at = 0;
    while at < runs.list.len() {
        let Some(found) = international(runs, at).or_else(|| japanese(runs, at)).or_else(|| north_american(runs, at))
        else {
            at += 1;
            continue;
        };
        let end = runs.list[at + found.runs - 1].end;
        hits.push(Hit { range: found.start..end, certain: found.certain, evidence: found.evidence });
        at += found.runs;
    }
}

/// `+81 90 1234 5678`: of all ways to take groups behind the `+`, the longest that is a number.
fn international(runs: &Runs<'_>, first: usize) -> Option<Match> {
    let start = runs.list[first].start;
    if runs.before(start) != b'+' || runs.before(start - 1).is_ascii_digit() {
        return None;
    }
    let mut digits: Vec<u8> = Vec::new();
    let mut best = None;
    for count in 1..=GROUPS_MAX {
        let at = first + count - 1;
        let group = runs.digits(*runs.list.get(at)?);
        // `(0)` is dialled inside the country only.
        let trunk = count > 1 && group == b"0" && runs.gap_before(at) == Gap::Open && runs.gap(at) == Gap::Close;
        if !trunk {
            digits.extend_from_slice(group);
        }
        if digits.len() > 16 {
            break;
        }
        let (end, next) = (runs.list[at].end, runs.gap(at));
        let complete = next != Gap::Hyphen && !runs.after(end).is_ascii_alphabetic();
        if complete && plan_world::is_international(&digits) {
            best = Some(Match { start: start - 1, runs: count, certain: true, evidence: "country code" });
        }
        if next == Gap::Other {
            break;
        }
    }
    best
}

fn japanese(runs: &Runs<'_>, first: usize) -> Option<Match> {
    let run = runs.list[first];
    if runs.digits(run)[0] != b'0' {
        return None;
    }
    if matches!(run.len(), 10 | 11) {
        let alone = runs.stands_alone(run.start, run.end) || follows_cue(runs, run);
        let fit = if alone { plan_jp::fit(runs.digits(run)) } else { Fit::None };
        let certain = fit == Fit::Number;
        return (fit > Fit::None).then_some(Match { start: run.start, runs: 1, certain, evidence: "numbering plan" });
    }
    [3, 2].into_iter().find_map(|count| grouped(runs, first, count))
}

/// Digits that touch a word such as `TEL`.
fn follows_cue(runs: &Runs<'_>, run: Run) -> bool {
    !runs.after(run.end).is_ascii_alphanumeric()
        && runs.before(run.start).is_ascii_alphabetic()
        && cue::stands_before(runs.text, run.start, cue::PHONE)
}

fn grouped(runs: &Runs<'_>, first: usize, count: usize) -> Option<Match> {
    let groups = runs.list.get(first..first + count)?;
    let mut all = [Gap::Other; 2];
    let gaps = all.get_mut(..count - 1)?;
    gaps.iter_mut().enumerate().for_each(|(at, gap)| *gap = runs.gap(first + at));
    let bracketed_exchange = *gaps == [Gap::Open, Gap::Close];
    if gaps.contains(&Gap::Other) || (gaps.contains(&Gap::Open) && !bracketed_exchange) {
        return None;
    }
    let lengths = |at: usize| groups[at].len();
    let service = || plan_jp::is_service(&runs.joined(first, count));
    let shaped = match count {
        3 => match [lengths(0), lengths(1), lengths(2)] {
            [area, exchange, 4] => (2..=5).contains(&area) && (1..=4).contains(&exchange),
            [4, _, _] => service(),
            _ => false,
        },
        _ => match [lengths(0), lengths(1)] {
            [area, 6..=8] => (2..=5).contains(&area),
            [5..=7, 4] => true,
            _ => false,
        },
    };
    if !shaped || plan_jp::fit(&runs.joined(first, count)) == Fit::None {
        return None;
    }
    let (before, after) = (runs.gap_before(first), runs.gap(first + count - 1));
    if gaps.contains(&Gap::Dot) && (before == Gap::Dot || after == Gap::Dot) {
        return None;
    }
    // Two groups behind a third are an order number; three are a phone with something behind it, or not.
    let goes_on = before == Gap::Hyphen || after == Gap::Hyphen;
    if goes_on && count == 2 {
        return None;
    }
    let start = groups[0].start;
    let bracketed = gaps[0] == Gap::Close && runs.before(start) == b'(';
    Some(Match {
        start: if bracketed { start - 1 } else { start },
        runs: count,
        certain: !goes_on,
        evidence: "numbering plan",
    })
}

/// `(212) 555-0123`, `212-555-0123`, `1-212-555-0123`, `212.555.0123`; ten bare digits need a cue.
fn north_american(runs: &Runs<'_>, first: usize) -> Option<Match> {
    let run = runs.list[first];
    if run.len() == 10 {
        let cued = runs.stands_alone(run.start, run.end) && cue::stands_before(runs.text, run.start, cue::PHONE);
        let known = cued && plan_world::is_north_american(runs.digits(run));
        return known.then_some(Match { start: run.start, runs: 1, certain: false, evidence: "number behind a cue" });
    }
    let groups = runs.list.get(first..first + 3)?;
    if groups.iter().map(|run| run.len()).ne([3, 3, 4]) || !plan_world::is_north_american(&runs.joined(first, 3)) {
        return None;
    }
    let gaps = [runs.gap(first), runs.gap(first + 1)];
    let bracketed = gaps[0] == Gap::Close && runs.before(run.start) == b'(';
    let joined = match gaps {
        [Gap::Hyphen, Gap::Hyphen] | [Gap::Dot, Gap::Dot] | [Gap::Blank, Gap::Blank] => true,
        [Gap::Close, Gap::Hyphen | Gap::Blank | Gap::Dot] => bracketed,
        _ => false,
    };
    let start = if bracketed { run.start - 1 } else { run.start };
    let country = first > 0 && runs.gap_before(first) == gaps[1] && runs.digits(runs.list[first - 1]) == b"1";
    let start = if country { runs.list[first - 1].start } else { start };
    (joined && runs.stands_alone(start, groups[2].end)).then_some(Match {
        start,
        runs: 3,
        certain: false,
        evidence: "three groups",
    })
}
