//! The index of all templates: a tree by segments, so that two thousand resources cost no more
//! than the path is long.

use std::collections::HashMap;

use crate::route::normal::{Canonical, folded};
use crate::route::pattern::{Pattern, Segment};

/// The number of a template in the order of insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub u32);

/// All templates.
#[derive(Debug, Default)]
pub struct Router {
    nodes: Vec<Branch>,
    patterns: Vec<Pattern>,
}

#[derive(Debug, Default)]
struct Branch {
    literals: HashMap<String, usize>,
    parameter: Option<usize>,
    between: Vec<(Segment, usize)>,
    ends: Vec<RouteId>,
    rests: Vec<RouteId>,
}

impl Router {
    /// No templates yet.
    pub fn new() -> Router {
        Router { nodes: vec![Branch::default()], patterns: Vec::new() }
    }

    /// Adds a template.
    pub fn insert(&mut self, pattern: Pattern) -> RouteId {
        let mut at = 0;
        for segment in &pattern.segments {
            at = self.child(at, segment);
        }
        // Rule files are bounded far below four thousand million templates.
        let route = RouteId(u32::try_from(self.patterns.len()).unwrap_or(u32::MAX));
        let node = &mut self.nodes[at];
        if pattern.rest {
            node.rests.push(route)
        } else {
            node.ends.push(route)
        }
        self.patterns.push(pattern);
        route
    }

    /// The template of a number.
    pub fn pattern(&self, route: RouteId) -> Option<&Pattern> {
        self.patterns.get(usize::try_from(route.0).ok()?)
    }

    /// Every template that the path fits, by number.
    pub fn find(&self, path: &Canonical) -> Vec<RouteId> {
        let segments = meant(path);
        let folded: Vec<String> = segments.iter().map(|segment| folded(segment)).collect();
        let mut found = Vec::new();
        self.walk(0, segments, &folded, &mut found);
        found.sort_unstable();
        found
    }

    /// The parameters of a path that fits the template.
    pub fn parameters<'p>(&self, route: RouteId, path: &'p Canonical) -> Vec<(&str, &'p str)> {
        let segments = self.pattern(route).map_or(&[][..], |pattern| &pattern.segments);
        let named = segments.iter().zip(meant(path)).filter_map(|(segment, value)| {
            let parameter = segment.fits(value)??;
            Some((segment.parameter()?, parameter))
        });
        named.collect()
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let next = self.nodes.len();
        let node = &mut self.nodes[at];
        let child = match segment {
            Segment::Literal(text) => *node.literals.entry(text.clone()).or_insert(next),
            Segment::Parameter(_) => *node.parameter.get_or_insert(next),
            Segment::Between { .. } => match node.between.iter().find(|(known, _)| known == segment) {
                Some((_, child)) => *child,
                None => {
                    node.between.push((segment.clone(), next));
                    next
                }
            },
        };
        if child == next {
            self.nodes.push(Branch::default());
        }
        child
    }

    /// Depth is bounded by the longest template, and each node is met at most once a path.
    fn walk(&self, at: usize, segments: &[String], folded: &[String], found: &mut Vec<RouteId>) {
        let node = &self.nodes[at];
        found.extend(&node.rests);
        let (Some((segment, segments)), Some((key, folded))) = (segments.split_first(), folded.split_first()) else {
            found.extend(&node.ends);
            return;
        };
        if let Some(child) = node.literals.get(key) {
            self.walk(*child, segments, folded, found);
        }
        if let Some(child) = node.parameter.filter(|_| !segment.is_empty()) {
            self.walk(child, segments, folded, found);
        }
        for (_, child) in node.between.iter().filter(|(between, _)| between.fits(segment).is_some()) {
            self.walk(*child, segments, folded, found);
        }
    }
}

/// The segments without the empty one that a slash at the end leaves: servers mostly take both.
fn meant(path: &Canonical) -> &[String] {
    match path.segments.split_last() {
        Some((last, rest)) if last.is_empty() => rest,
        _ => &path.segments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::normal::canonical;

    fn find(patterns: &[&str], path: &str) -> Vec<String> {
        let mut router = Router::new();
        for pattern in patterns {
            router.insert(Pattern::parse(pattern).expect("a pattern"));
        }
        let found = router.find(&canonical(path.as_bytes()).expect("a path"));
        found.into_iter().map(|route| router.pattern(route).expect("a pattern").text.clone()).collect()
    }

    #[test]
    fn all_that_fit_are_found() {
        let patterns = [
            "/",
            "/api/customers/{id}",
            "/api/customers/me",
            "/api/**",
            "/{any}/customers/{id}",
            "/api/customers/{id}.json",
            "/api",
        ];
        assert_eq!(find(&patterns, "/"), ["/"]);
        assert_eq!(find(&patterns, "/api"), ["/api/**", "/api"]);
        assert_eq!(
            find(&patterns, "/API/customers/me/"),
            ["/api/customers/{id}", "/api/customers/me", "/api/**", "/{any}/customers/{id}"]
        );
        assert_eq!(find(&patterns, "/api/customers/7.json").len(), 4);
        assert_eq!(find(&patterns, "/x/customers"), [""; 0]);
        assert_eq!(find(&patterns, "/x/y/z/w"), [""; 0]);
    }

    #[test]
    fn parameters_keep_their_spelling() {
        let mut router = Router::new();
        let route = router.insert(Pattern::parse("/{type}/c/{id}").expect("a pattern"));
        let path = canonical(b"/A/C/Xy%20Z/").expect("a path");
        assert_eq!(router.parameters(route, &path), [("type", "A"), ("id", "Xy Z")]);
    }

    #[test]
    fn thousands_of_templates_make_one_tree() {
        let mut router = Router::new();
        for number in 0..3000 {
            router.insert(Pattern::parse(&format!("/api/r{number}/{{id}}/x")).expect("a pattern"));
        }
        // Each template has a branch of its own below the shared one, and nothing is looked through.
        assert_eq!(router.nodes[1].literals.len(), 3000);
        assert!(router.nodes.iter().all(|node| node.between.is_empty()));
        assert_eq!(router.find(&canonical(b"/api/r2999/7/x").expect("a path")), [RouteId(2999)]);
    }
}
