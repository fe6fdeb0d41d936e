//! JSONPaths followed while a document streams by.
//!
//! Here is which step leads to which child; all paths run together in `automaton`.

use crate::format::automaton::Automaton;
use crate::terms::place::{Place, PlaceId, Places, Step};

/// The way from a container to one of its children.
#[derive(Clone, Copy)]
pub enum Child<'a> {
    /// An object's member.
    Key(&'a str),
    /// An array's element.
    Index(usize),
}

/// Follows paths through one document.
pub struct Matcher(Automaton<Step>);

impl Matcher {
    /// A matcher before the document's first value.
    pub fn new(places: &Places) -> Matcher {
        let paths = places.json.iter().map(|(id, path)| (*id, path.steps.as_slice()));
        let record = match &places.records {
            Some(Place::Json(path)) => Some(path.steps.as_slice()),
            _ => None,
        };
        Matcher(Automaton::new(paths, record, &places.document))
    }

    /// Steps down to a child of the node that is looked at.
    pub fn enter(&mut self, child: Child<'_>) {
        self.0.enter(|step| follow(step, child));
    }

    /// Whether no path can reach anything below the node that is looked at.
    pub fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    /// Steps back up.
    pub fn leave(&mut self) {
        self.0.leave();
    }

    /// Which places the node that is looked at belongs to.
    pub fn reached(&self, places: &mut Vec<PlaceId>) {
        self.0.reached(places);
    }

    /// Whether the records' path has reached the node that is looked at.
    pub fn at_record(&self) -> bool {
        self.0.at_record()
    }

    /// The node that is looked at is a record: from here the paths begin.
    pub fn open_record(&mut self) {
        self.0.open_record();
    }
}

/// Whether the position holds below this child too, and whether it moves on to the next step.
fn follow(step: &Step, child: Child<'_>) -> (bool, bool) {
    match (step, child) {
        (Step::Any, _) => (false, true),
        (Step::DescendantAny, _) => (true, true),
        (Step::Name(name), Child::Key(key)) => (false, name == key),
        (Step::DescendantName(name), Child::Key(key)) => (true, name == key),
        (Step::DescendantName(_), Child::Index(_)) => (true, false),
        (Step::Index(wanted), Child::Index(index)) => (false, *wanted == index),
        _ => (false, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::place::JsonPath;

    fn reached(path: &str, way: &[Child<'_>]) -> bool {
        let path = JsonPath::parse(path).expect("a path");
        let mut matcher = Matcher::new(&Places { json: vec![(PlaceId(7), path)], ..Places::default() });
        way.iter().for_each(|child| matcher.enter(*child));
        let mut places = Vec::new();
        matcher.reached(&mut places);
        places == [PlaceId(7)]
    }

    #[test]
    fn a_path_reaches_its_node_and_all_below() {
        use Child::{Index, Key};
        let way = [Key("a"), Index(2), Key("b"), Key("c")];
        for path in ["$", "$.a", "$.a[2]", "$.a[*].b", "$..b", "$..c", "$.*", "$..*", "$.a..c", "$..a[2]..c", "$..b.c"]
        {
            assert!(reached(path, &way), "{path}");
        }
        for path in ["$.b", "$.a[1]", "$.a.b", "$..d", "$.a[*].c", "$..c.b", "$.a[2].b.c.d", "$..a..a"] {
            assert!(!reached(path, &way), "{path}");
        }
    }

    #[test]
    fn many_paths_run_together() {
        let json =
            (0..40).map(|n| (PlaceId(n), JsonPath::parse(&format!("$.a.b[{}]", n % 4)).expect("a path"))).collect();
        let mut matcher = Matcher::new(&Places { json, ..Places::default() });
        let mut places = Vec::new();
        for child in [Child::Key("a"), Child::Key("b"), Child::Index(3)] {
            matcher.enter(child);
        }
        matcher.reached(&mut places);
        assert_eq!(places, (0..10).map(|n| PlaceId(4 * n + 3)).collect::<Vec<_>>());
        matcher.leave();
        matcher.enter(Child::Index(9));
        matcher.reached(&mut places);
        assert_eq!(places, []);
    }
}
