//! Which requests two resources share, and where that is hardly meant.
//!
//! Resources that match one request are taken together, on purpose: a resource for all pages beside
//! one for a single page. So an overlap is told only where it does harm: where both say whose data
//! an answer holds and neither is closer to the request, where the word that makes the closer one
//! would be the other's subject (`/customers/export` under `/customers/{id}`), and where they cut
//! the answer into different records, which refuses it.

use std::collections::HashSet;

use crate::policy::compile::resources::{Resource, Route};
use crate::policy::fault::Faults;
use crate::policy::rule::matches::{Glob, Match};
use crate::policy::rule::resources::At;
use crate::route::pattern::{Pattern, Segment};

/// How many pairs are compared: policies with more are told fewer of these.
const PAIRS_MAX: usize = 4_000_000;

/// How many are told: nobody reads more, and thousands of resources of one path have millions.
const TOLD_MAX: usize = 1_000;

/// How the requests of one alternative lie to those of another, for a method that both take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// No request is one of both.
    Apart,
    /// They are the same.
    Same,
    /// All of the first are among those of the second.
    Inside,
    /// All of the second are among those of the first.
    Around,
    /// Some are, and each has others of its own.
    Crossing,
    /// The paths are the same or one is inside, and each asks for something else beside it.
    Beside,
}

impl Lie {
    /// How two things lie that must both hold.
    fn and(self, other: Lie) -> Lie {
        match (self, other) {
            (Lie::Apart, _) | (_, Lie::Apart) => Lie::Apart,
            (Lie::Same, lie) | (lie, Lie::Same) => lie,
            (a, b) if a == b => a,
            _ => Lie::Crossing,
        }
    }

    fn of(first_in_second: bool, second_in_first: bool, meet: bool) -> Lie {
        match (first_in_second, second_in_first) {
            (true, true) => Lie::Same,
            (true, false) => Lie::Inside,
            (false, true) => Lie::Around,
            (false, false) if meet => Lie::Crossing,
            (false, false) => Lie::Apart,
        }
    }
}

/// Tells them.
pub fn tell(resources: &[Resource], routes: &[Route], faults: &mut Faults) {
    let mut told = HashSet::new();
    let pairs = routes.iter().enumerate().flat_map(|(at, one)| routes[..at].iter().map(move |other| (other, one)));
    for (first, second) in pairs.take(PAIRS_MAX) {
        if told.len() >= TOLD_MAX {
            return;
        }
        if first.resource == second.resource || told.contains(&(first.resource, second.resource)) {
            continue;
        }
        let lie = lie(&first.rule, &second.rule);
        if lie != Lie::Apart && harm(resources, first, second, lie, faults) {
            told.insert((first.resource, second.resource));
        }
    }
}

fn harm(resources: &[Resource], first: &Route, second: &Route, lie: Lie, faults: &mut Faults) -> bool {
    let (one, other) = (&resources[first.resource], &resources[second.resource]);
    let speaks = |resource: &Resource| resource.subjects.iter().any(|subject| !matches!(subject.at, At::None));
    let (spot, sample) = (&second.rule.spot, sample(&first.rule.path, &second.rule.path));
    if one.records.is_some() && other.records.is_some() && one.records != other.records {
        let message = format!("`{}` and `{}` match `{sample}` and have different records", one.id, other.id);
        let fault = faults.warning(spot, "two-records", message);
        fault.help("an answer is cut into records in one way, so such a request is refused: narrow one `match`");
        return true;
    }
    if !speaks(one) || !speaks(other) {
        return false;
    }
    match lie {
        Lie::Apart | Lie::Beside => return false,
        Lie::Same => {
            let message = format!("`{}` and `{}` match the same requests", one.id, other.id);
            let fault = faults.warning(spot, "same-request", message);
            fault.help("their fields are taken together and the stricter options count; make one of them, or say `subject: none` in one");
        }
        Lie::Crossing => {
            let message = format!("`{}` and `{}` both match `{sample}`, and neither is closer", one.id, other.id);
            let fault = faults.warning(spot, "same-request", message);
            fault.help("their fields are taken together and the stricter options count; narrow one `match`, or say `subject: none` in one");
        }
        Lie::Inside | Lie::Around => {
            let (close, wide) = if lie == Lie::Inside { (first, second) } else { (second, first) };
            let (inner, outer) = (&resources[close.resource], &resources[wide.resource]);
            let Some(word) = swallowed(&close.rule.path, &wide.rule.path, outer) else { return false };
            let message =
                format!("`{}` matches `{}` too, and takes `{word}` for a subject", outer.id, close.rule.path.text);
            let fault = faults.warning(&close.rule.spot, "subject-word", message);
            let advice = "resources that match one request are taken together: name the subject of";
            fault
                .help(format!("{advice} `{}` by a place in the answer, or give `{}` another path", outer.id, inner.id));
        }
    }
    true
}

/// The word of the closer path that stands where the wider one has the parameter of its subject.
fn swallowed<'p>(close: &'p Pattern, wide: &Pattern, outer: &Resource) -> Option<&'p str> {
    let is_subject =
        |name: &str| outer.subjects.iter().any(|subject| matches!(&subject.at, At::Path(own) if own == name));
    wide.segments.iter().zip(&close.segments).find_map(|(wide, close)| match close {
        Segment::Literal(word) if wide.parameter().is_some_and(is_subject) => Some(word.as_str()),
        _ => None,
    })
}

fn lie(first: &Match, second: &Match) -> Lie {
    let path = of_paths(&first.path, &second.path);
    if path == Lie::Apart || !first.shares_method(second) {
        return Lie::Apart;
    }
    let names = |pairs: &[(String, Glob)]| -> Vec<(String, Glob)> {
        pairs.iter().map(|(name, glob)| (name.to_lowercase(), glob.clone())).collect()
    };
    let json = |rule: &Match| -> Vec<(String, Glob)> {
        rule.json.iter().map(|(path, glob)| (path.to_string(), glob.clone())).collect()
    };
    let whole = path
        .and(of_values(&names(&first.query), &names(&second.query)))
        .and(of_values(&first.header, &second.header))
        .and(of_values(&names(&first.form), &names(&second.form)))
        .and(of_values(&json(first), &json(second)));
    // Who asks for a header and who asks for a parameter hardly mean one request.
    if whole == Lie::Crossing && path != Lie::Crossing { Lie::Beside } else { whole }
}

/// Who asks for more is inside. Two globs for one name are apart only where one says all of the
/// value; a name may stand twice in a request, but hardly on purpose.
fn of_values(first: &[(String, Glob)], second: &[(String, Glob)]) -> Lie {
    let at =
        |pairs: &[(String, Glob)], name: &str| pairs.iter().find(|(own, _)| own == name).map(|(_, glob)| glob.clone());
    let mut lie = Lie::Same;
    for (name, one) in first {
        lie = lie.and(match at(second, name) {
            None => Lie::Inside,
            Some(other) if *one == other => Lie::Same,
            Some(other) => of_globs(one, &other),
        });
    }
    let lacking = second.iter().any(|(name, _)| at(first, name).is_none());
    if lacking { lie.and(Lie::Around) } else { lie }
}

fn of_globs(first: &Glob, second: &Glob) -> Lie {
    let (one, other) = (first.whole(), second.whole());
    if one.is_none() && other.is_none() {
        return Lie::Crossing;
    }
    // Whether all texts of the one, and whether any of them, fit the other.
    let fit = |texts: Option<Vec<&str>>, glob: &Glob| {
        let fits: Vec<bool> = texts.into_iter().flatten().map(|text| glob.fits(text)).collect();
        (!fits.is_empty() && fits.iter().all(|fits| *fits), fits.contains(&true))
    };
    let ((inside, meets), (around, meets_too)) = (fit(one, second), fit(other, first));
    Lie::of(inside, around, meets || meets_too)
}

fn of_paths(first: &Pattern, second: &Pattern) -> Lie {
    let both = first.segments.len().min(second.segments.len());
    let mut lie = Lie::Same;
    for (one, other) in first.segments[..both].iter().zip(&second.segments[..both]) {
        lie = lie.and(of_segments(one, other));
        if lie == Lie::Apart {
            return lie;
        }
    }
    // What is left of the longer one must be the rest of the shorter.
    let end = match (first.segments.len() - both, second.segments.len() - both) {
        (0, 0) => Lie::of(second.rest || !first.rest, first.rest || !second.rest, true),
        (0, _) if first.rest => Lie::Around,
        (_, 0) if second.rest => Lie::Inside,
        _ => Lie::Apart,
    };
    lie.and(end)
}

fn of_segments(first: &Segment, second: &Segment) -> Lie {
    match (first, second) {
        (Segment::Parameter(_), Segment::Parameter(_)) => Lie::Same,
        (_, Segment::Parameter(_)) => Lie::Inside,
        (Segment::Parameter(_), _) => Lie::Around,
        (Segment::Literal(a), Segment::Literal(b)) => Lie::of(a == b, a == b, false),
        (Segment::Literal(text), between) if between.fits(text).is_some() => Lie::Inside,
        (between, Segment::Literal(text)) if between.fits(text).is_some() => Lie::Around,
        (Segment::Literal(_), _) | (_, Segment::Literal(_)) => Lie::Apart,
        (Segment::Between { before: a, after: x, .. }, Segment::Between { before: b, after: y, .. }) => {
            let inside =
                |one: (&str, &str), other: (&str, &str)| one.0.starts_with(other.0) && one.1.ends_with(other.1);
            let starts = a.starts_with(b.as_str()) || b.starts_with(a.as_str());
            let ends = x.ends_with(y.as_str()) || y.ends_with(x.as_str());
            Lie::of(inside((a, x), (b, y)), inside((b, y), (a, x)), starts && ends)
        }
    }
}

/// A path that both take.
fn sample(first: &Pattern, second: &Pattern) -> String {
    let longer = if first.segments.len() >= second.segments.len() { first } else { second };
    let shorter = if first.segments.len() >= second.segments.len() { second } else { first };
    let mut path = String::new();
    for (at, segment) in longer.segments.iter().enumerate() {
        let other = shorter.segments.get(at);
        let text = match (segment, other) {
            (Segment::Literal(text), _) | (_, Some(Segment::Literal(text))) => text.clone(),
            (Segment::Between { before, name, after }, _) | (_, Some(Segment::Between { before, name, after })) => {
                format!("{before}{{{name}}}{after}")
            }
            (Segment::Parameter(name), _) => format!("{{{name}}}"),
        };
        path.push('/');
        path.push_str(&text);
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(first: &str, second: &str) -> Lie {
        let pattern = |text| Pattern::parse(text).expect("a pattern");
        let lie = of_paths(&pattern(first), &pattern(second));
        let turned = match lie {
            Lie::Inside => Lie::Around,
            Lie::Around => Lie::Inside,
            other => other,
        };
        assert_eq!(of_paths(&pattern(second), &pattern(first)), turned, "{first} {second}");
        lie
    }

    #[test]
    fn paths_lie_as_they_read() {
        for (first, second, lie) in [
            ("/a/{id}", "/a/{number}/", Lie::Same),
            ("/a/export", "/a/{id}", Lie::Inside),
            ("/a/{id}.json", "/a/{id}", Lie::Inside),
            ("/a/x1.json", "/a/{id}.json", Lie::Inside),
            ("/a/x-{id}.json", "/a/{id}.json", Lie::Inside),
            ("/a/x-{id}", "/a/{id}.json", Lie::Crossing),
            ("/a/x-{id}", "/a/y-{id}", Lie::Apart),
            ("/a/{id}/c", "/a/b/{id}", Lie::Crossing),
            ("/a/b", "/a/c", Lie::Apart),
            ("/a", "/a/b", Lie::Apart),
            ("/a/b", "/a/**", Lie::Inside),
            ("/a", "/a/**", Lie::Inside),
            ("/a/**", "/a/b/**", Lie::Around),
            ("/a/{id}/**", "/a/b/**", Lie::Around),
            ("/{x}/b/**", "/a/**", Lie::Crossing),
            ("/", "/**", Lie::Inside),
            ("/", "/a", Lie::Apart),
        ] {
            assert_eq!(paths(first, second), lie, "{first} {second}");
        }
    }

    #[test]
    fn values_lie_as_they_read() {
        let pairs = |text: &str| -> Vec<(String, Glob)> {
            let pair = |part: &str| {
                let (name, value) = part.split_once('=').expect("a value");
                (name.to_owned(), Glob::any_of(value.split('|')))
            };
            text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
        };
        for (first, second, lie) in [
            ("", "", Lie::Same),
            ("a=1", "", Lie::Inside),
            ("a=1", "a=1", Lie::Same),
            ("a=1", "a=2", Lie::Apart),
            ("a=1", "a=*", Lie::Inside),
            ("a=x*", "a=1", Lie::Apart),
            ("a=x*", "a=*y", Lie::Crossing),
            ("a=1", "b=1", Lie::Crossing),
            ("a=1", "a=1|2", Lie::Inside),
            ("a=1|2", "a=2|1", Lie::Same),
            ("a=1|2", "a=2|3", Lie::Crossing),
            ("a=1|2", "a=3|4", Lie::Apart),
            ("a=1|xy", "a=x*", Lie::Crossing),
            ("a=1&b=2", "b=2", Lie::Inside),
        ] {
            assert_eq!(of_values(&pairs(first), &pairs(second)), lie, "{first} {second}");
        }
    }

    #[test]
    fn a_sample_is_a_path_of_both() {
        let pattern = |text| Pattern::parse(text).expect("a pattern");
        for (first, second, path) in
            [("/a/{id}/c", "/a/b/{id}", "/a/b/c"), ("/a/**", "/a/{id}.json/x", "/a/{id}.json/x"), ("/**", "/", "/")]
        {
            assert_eq!(sample(&pattern(first), &pattern(second)), path);
        }
    }
}
