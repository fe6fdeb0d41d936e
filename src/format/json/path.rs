//! JSONPaths followed while a document streams by.
//!
//! Here is which step leads to which child; all paths run together in `automaton`. A list's records
//! look alike, so where a set of positions led under some key is kept, in the order in which the keys
//! came: then the next record's keys are each compared with one that is expected. Whether one thing stands there
//! or a list of such makes no difference to a path that goes on with a key, or with `[*]`.

use std::collections::HashMap;

use crate::format::automaton::Paths;
use crate::format::json::trail::Trail;
use crate::terms::leaf::Reach;
use crate::terms::names::is_same;
use crate::terms::place::{Place, PlaceId, Places, Step};

/// How many sets of positions are kept; any further is only known while its node is open.
const ROWS: usize = 256;

/// How many ways from one set to others are kept, and how many in all.
const WAYS: usize = 64;
const WAYS_IN_ALL: usize = 2048;

/// The longest key of a way that is kept.
const KEY_BYTES: usize = 64;

/// The row of the set without a position, which no path leaves again.
const NOWHERE: u32 = 0;

/// The way from a container to one of its children.
#[derive(Clone, Copy)]
pub enum Child<'a> {
    /// An object's member.
    Key(&'a str),
    /// An array's element.
    Index(usize),
}

/// Follows paths through one document. What it has learnt of them outlasts the document.
#[derive(Default)]
pub struct Matcher {
    paths: Paths<Step>,
    /// The sets that are kept, and behind them those of open nodes that are not.
    rows: Vec<Row>,
    known: HashMap<Box<[u64]>, u32>,
    /// The node that is looked at, behind all that lie around it.
    here: Vec<Node>,
    /// The set before the document's first node.
    first: u32,
    /// How many more are open below a node that no path leaves again.
    nowhere: usize,
    ways: usize,
    /// Where its members stood.
    pub(super) trail: Trail,
}

/// A set of positions.
struct Row {
    set: Box<[u64]>,
    /// The set where no array is: there `[*]` means the object, or the scalar, itself.
    alone: Option<Box<[u64]>>,
    places: Vec<PlaceId>,
    /// Those of them that name just this node.
    itself: Vec<PlaceId>,
    /// The places of a member whose key no path names: where there are any, a key may be a value too.
    of_keys: Vec<PlaceId>,
    is_record: bool,
    /// Whether a record begins there if it is an object.
    is_lone_record: bool,
    /// Where it led under keys so far.
    ways: Vec<(Box<str>, u32)>,
    /// Where it leads under any index, if that was looked at and all are the same.
    any_index: Option<u32>,
    /// What it becomes where a record is opened, if that was looked at.
    opened: Option<u32>,
}

/// An open node.
struct Node {
    row: u32,
    /// The number of the way that its next key is expected to go.
    next: usize,
}

impl Matcher {
    /// A matcher before the document's first value.
    pub fn new(places: &Places) -> Matcher {
        let paths = places.json.iter().map(|(id, path)| (*id, path.steps.as_slice()));
        let record = match &places.records {
            Some(Place::Json(path)) => Some(path.steps.as_slice()),
            _ => None,
        };
        let (paths, first) = Paths::new(paths, record, &places.document);
        let mut matcher = Matcher { paths, ..Matcher::default() };
        matcher.row(vec![0; first.len()]);
        matcher.first = matcher.row(first);
        matcher.here.push(Node { row: matcher.first, next: 0 });
        matcher
    }

    /// A matcher that knows already where the keys of documents before led, if there were any.
    pub fn take(places: &Places) -> Matcher {
        let mut matcher = places.learnt.take::<Option<Matcher>>().unwrap_or_else(|| Matcher::new(places));
        matcher.trail.forget_who_looked();
        matcher
    }

    /// Leaves what it knows to the next, unless the document had more than can be kept: that would be in
    /// the way.
    pub fn leave_to_the_next(mut self, places: &Places) {
        let has_room = |row: &Row| row.ways.len() < WAYS;
        if self.trail.has_room() && self.rows.len() < ROWS && self.ways < WAYS_IN_ALL && self.rows.iter().all(has_room)
        {
            self.nowhere = 0;
            self.here.clear();
            self.here.push(Node { row: self.first, next: 0 });
            places.learnt.put(Box::new(Some(self)));
        }
    }

    /// Steps down to a child of the node that is looked at.
    pub fn enter(&mut self, child: Child<'_>) {
        if self.is_idle() {
            self.nowhere += 1;
            return;
        }
        let row = self.child(child).unwrap_or_else(|| self.led(child));
        self.here.push(Node { row, next: 0 });
    }

    /// Steps back up.
    pub fn leave(&mut self) {
        if self.nowhere > 0 {
            self.nowhere -= 1;
        } else if let Some(node) = self.here.pop() {
            self.forget(node.row);
        }
    }

    /// Whether no path can reach anything below the node that is looked at.
    pub fn is_idle(&self) -> bool {
        self.top() == NOWHERE
    }

    /// Which places the node that is looked at belongs to.
    pub fn places(&self) -> &[PlaceId] {
        self.places_of(self.top())
    }

    /// Whether the records' path has reached the node that is looked at.
    pub fn at_record(&self) -> bool {
        self.is_record(self.top())
    }

    /// Whether the node that is looked at, if it is an object, is the only record where a list of
    /// records could be.
    pub fn at_lone_record(&self) -> bool {
        self.rows[self.top() as usize].is_lone_record
    }

    /// The node that is looked at is a record: from here the paths begin.
    pub fn open_record(&mut self) {
        let from = self.top();
        let opened = self.rows[from as usize].opened.unwrap_or_else(|| self.opened(from));
        if let Some(node) = self.here.last_mut() {
            node.row = opened;
        }
    }

    /// What a row becomes where a record is opened, kept if there is room.
    fn opened(&mut self, from: u32) -> u32 {
        let mut set = self.rows[from as usize].set.to_vec();
        self.paths.open_record(&mut set);
        self.forget(from);
        let opened = self.row(set);
        if (from as usize) < ROWS && (opened as usize) < ROWS {
            self.rows[from as usize].opened = Some(opened);
        }
        opened
    }

    /// The row of a child of the node that is looked at, if it is one that is kept.
    #[inline(always)]
    pub fn way(&mut self, child: Child<'_>) -> Option<u32> {
        if self.is_idle() { Some(NOWHERE) } else { self.child(child).or_else(|| self.led_and_kept(child)) }
    }

    #[inline(never)]
    fn led_and_kept(&mut self, child: Child<'_>) -> Option<u32> {
        let row = self.led(child);
        self.forget(row);
        Some(row).filter(|row| (*row as usize) < ROWS)
    }

    /// The row of a child, if that way was gone before.
    #[inline]
    fn child(&mut self, child: Child<'_>) -> Option<u32> {
        let node = self.here.last_mut()?;
        if node.row == NOWHERE {
            return Some(NOWHERE);
        }
        let row = &self.rows[node.row as usize];
        let Child::Key(key) = child else { return row.any_index };
        if row.ways.get(node.next).is_none_or(|(known, _)| !is_same(known, key)) {
            node.next = row.ways.iter().position(|(known, _)| **known == *key)?;
        }
        let (_, to) = row.ways[node.next];
        node.next += 1;
        Some(to)
    }

    /// The places of a row.
    pub fn places_of(&self, row: u32) -> &[PlaceId] {
        &self.rows[row as usize].places
    }

    /// Which places a key of the node that is looked at belongs to: it stands at or below one, or a path goes
    /// on over any key, and none names this one.
    pub fn places_of_key(&self, key: &str) -> &[PlaceId] {
        let row = &self.rows[self.top() as usize];
        let names = |step: &Step| matches!(step, Step::Name(name) | Step::DescendantName(name) if name == key);
        if row.of_keys.is_empty() || self.paths.any(row.alone.as_ref().unwrap_or(&row.set), names) {
            return &[];
        }
        &row.of_keys
    }

    /// How they reach the node that is looked at.
    pub fn reach(&self) -> Reach<'_> {
        self.reach_of(self.top())
    }

    /// How the places of a row reach it.
    #[inline(always)]
    pub fn reach_of(&self, row: u32) -> Reach<'_> {
        Reach { itself: &self.rows[row as usize].itself, around: &[] }
    }

    /// Whether a record begins at a row.
    pub fn is_record(&self, row: u32) -> bool {
        self.rows[row as usize].is_record
    }

    /// The row of the node that is looked at, if it is one that is kept.
    pub(super) fn row_here(&self) -> Option<u32> {
        Some(self.top()).filter(|row| (*row as usize) < ROWS)
    }

    fn top(&self) -> u32 {
        self.here.last().map_or(NOWHERE, |node| node.row)
    }

    /// Finds out where a child leads, and keeps it if there is room.
    fn led(&mut self, child: Child<'_>) -> u32 {
        let from = self.top() as usize;
        let row = &self.rows[from];
        let above = match child {
            Child::Key(_) => row.alone.as_ref().unwrap_or(&row.set),
            Child::Index(_) => &row.set,
        };
        let set = self.paths.step(above, |step| follow(step, child));
        let any_index = !self.paths.any(&self.rows[from].set, |step| matches!(step, Step::Index(_)));
        let to = self.row(set);
        if from >= ROWS || to as usize >= ROWS {
            return to;
        }
        let row = &mut self.rows[from];
        match child {
            Child::Index(_) if any_index => row.any_index = Some(to),
            Child::Key(key) if key.len() <= KEY_BYTES && row.ways.len() < WAYS && self.ways < WAYS_IN_ALL => {
                row.ways.push((key.into(), to));
                self.ways += 1;
                if let Some(node) = self.here.last_mut() {
                    node.next = row.ways.len();
                }
            }
            _ => {}
        }
        to
    }

    /// The row of a set.
    fn row(&mut self, set: Vec<u64>) -> u32 {
        let set = set.into_boxed_slice();
        if let Some(row) = self.known.get(&set) {
            return *row;
        }
        // There are never more rows than those kept and one for each open node.
        let number = self.rows.len() as u32;
        if self.rows.len() < ROWS {
            self.known.insert(set.clone(), number);
        }
        let each = |step: &Step| *step == Step::Each;
        let alone = self.paths.any(&set, each).then(|| self.paths.without(&set, each).into_boxed_slice());
        // Only of scalars the places are asked, and a scalar is alone.
        let scalar = alone.as_ref().unwrap_or(&set);
        let (places, itself) = (self.paths.reached(scalar).collect(), self.paths.itself(scalar).collect());
        let of_keys = self.paths.reached(&self.paths.step(scalar, follow_any_key)).collect();
        let is_record = self.paths.is_record(&set);
        let is_lone_record = !is_record && alone.as_ref().is_some_and(|alone| self.paths.is_record(alone));
        self.rows.push(Row {
            set,
            alone,
            places,
            itself,
            of_keys,
            is_record,
            is_lone_record,
            ways: Vec::new(),
            any_index: None,
            opened: None,
        });
        number
    }

    /// Forgets a row that is only known while its node is open, which is then the last one.
    fn forget(&mut self, row: u32) {
        if row as usize >= ROWS {
            self.rows.truncate(row as usize);
        }
    }
}

/// The same for a key that no path names.
fn follow_any_key(step: &Step) -> (bool, bool) {
    match step {
        Step::Name(_) => (false, false),
        Step::DescendantName(_) => (true, false),
        step => follow(step, Child::Key("")),
    }
}

/// Whether the position holds below this child too, and whether it moves on to the next step.
fn follow(step: &Step, child: Child<'_>) -> (bool, bool) {
    match (step, child) {
        (Step::Any | Step::Each, _) => (false, true),
        (Step::DescendantAny, _) => (true, true),
        (Step::Name(name), Child::Key(key)) => (false, name == key),
        (Step::DescendantName(name), Child::Key(key)) => (true, name == key),
        // Where an object was expected may be a list of such: each of them is meant.
        (Step::Name(_) | Step::DescendantName(_), Child::Index(_)) => (true, false),
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
        matcher.places() == [PlaceId(7)]
    }

    #[test]
    fn a_path_reaches_its_node_and_all_below() {
        use Child::{Index, Key};
        let way = [Key("a"), Index(2), Key("b"), Key("c")];
        for path in [
            "$",
            "$.a",
            "$.a[2]",
            "$.a[*].b",
            "$.a.b",
            "$..b",
            "$..c",
            "$.*",
            "$..*",
            "$.a..c",
            "$..a[2]..c",
            "$..b.c",
            "$[*].a[2]",
            "$.a[2][*].b",
            "$.a[2].b[*].c[*]",
            "$.a[2][*][*].b.c",
        ] {
            assert!(reached(path, &way), "{path}");
        }
        for path in
            ["$.b", "$.a[1]", "$.a.x", "$..d", "$.a[*].c", "$..c.b", "$.a[2].b.c.d", "$..a..a", "$.a[*][2]", "$.*.a"]
        {
            assert!(!reached(path, &way), "{path}");
        }
    }

    #[test]
    fn a_path_names_its_node_itself_and_not_what_stands_in_it() {
        use Child::{Index, Key};
        for (path, way, itself) in [
            ("$.user", &[Key("user")][..], true),
            ("$.user", &[Key("user"), Key("createdBy"), Key("user")], false),
            ("$..user", &[Key("a"), Key("user")], true),
            ("$..user", &[Key("user"), Key("user")], false),
            ("$.owners[0]", &[Key("owners"), Index(0)], true),
            ("$.owners[0]", &[Key("owners"), Index(0), Key("backup")], false),
            ("$", &[], true),
            ("$", &[Key("a")], false),
        ] {
            let json = vec![(PlaceId(7), JsonPath::parse(path).expect("a path"))];
            let mut matcher = Matcher::new(&Places { json, ..Places::default() });
            way.iter().for_each(|child| matcher.enter(*child));
            assert_eq!(matcher.places(), [PlaceId(7)], "{path}");
            assert_eq!(!matcher.reach().itself.is_empty(), itself, "{path}");
        }
    }

    #[test]
    fn many_paths_run_together() {
        let json =
            (0..40).map(|n| (PlaceId(n), JsonPath::parse(&format!("$.a.b[{}]", n % 4)).expect("a path"))).collect();
        let mut matcher = Matcher::new(&Places { json, ..Places::default() });
        for child in [Child::Key("a"), Child::Key("b"), Child::Index(3)] {
            matcher.enter(child);
        }
        assert_eq!(matcher.places(), (0..10).map(|n| PlaceId(4 * n + 3)).collect::<Vec<_>>());
        matcher.leave();
        matcher.enter(Child::Index(9));
        assert!(matcher.places().is_empty());
    }

    #[test]
    fn more_sets_than_are_kept_are_followed_all_the_same() {
        // Each of twelve names may stand above or not: a set of positions for every choice of them.
        let paths = (0..12).map(|n| (PlaceId(n), JsonPath::parse(&format!("$..n{n}..x")).expect("a path")));
        let mut matcher = Matcher::new(&Places { json: paths.collect(), ..Places::default() });
        for round in 0..2 {
            for number in 0_u16..1 << 12 {
                let keys: Vec<String> = (0..12).filter(|n| number >> n & 1 == 1).map(|n| format!("n{n}")).collect();
                keys.iter().for_each(|key| matcher.enter(Child::Key(key)));
                matcher.enter(Child::Key("x"));
                let wanted: Vec<PlaceId> = (0..12).filter(|n| number >> n & 1 == 1).map(PlaceId).collect();
                assert_eq!(matcher.places(), wanted, "{round}");
                (0..=keys.len()).for_each(|_| matcher.leave());
            }
        }
        assert!(matcher.rows.len() == ROWS && matcher.ways <= WAYS_IN_ALL);
    }

    #[test]
    fn keys_in_another_order_and_too_many_keys_lead_the_same_way() {
        let paths = ["$[*].a", "$[*].b", "$[*]..c", "$[1].a"].into_iter().enumerate();
        let json = paths.map(|(n, path)| (PlaceId(n as u16), JsonPath::parse(path).expect("a path"))).collect();
        let mut matcher = Matcher::new(&Places { json, ..Places::default() });
        let mut reached = |index: usize, key: &str| {
            matcher.enter(Child::Index(index));
            matcher.enter(Child::Key(key));
            let places: Vec<u16> = matcher.places().iter().map(|place| place.0).collect();
            matcher.leave();
            matcher.leave();
            places
        };
        for round in 0..3 {
            assert_eq!((reached(0, "a"), reached(0, "b"), reached(0, "c")), (vec![0], vec![1], vec![2]), "{round}");
            assert_eq!((reached(1, "c"), reached(1, "a"), reached(1, "z")), (vec![2], vec![0, 3], vec![]), "{round}");
            (0..2 * WAYS).for_each(|n| assert!(reached(0, &format!("key{n}")).is_empty(), "{n}"));
        }
    }
    #[test]
    fn what_is_left_to_the_next_begins_at_the_beginning() {
        let path = JsonPath::parse("$.a[*].b").expect("a path");
        let places = Places { json: vec![(PlaceId(7), path)], ..Places::default() };
        for (way, reached) in [
            (vec![Child::Key("a"), Child::Index(0), Child::Key("b")], true),
            (vec![Child::Key("a"), Child::Index(1)], false),
            (vec![Child::Key("b"), Child::Key("b")], false),
            (vec![Child::Key("a"), Child::Index(2), Child::Key("b"), Child::Key("c")], true),
        ] {
            let mut matcher = Matcher::take(&places);
            way.iter().for_each(|child| matcher.enter(*child));
            assert_eq!(!matcher.places().is_empty(), reached, "{}", way.len());
            matcher.leave_to_the_next(&places);
        }
        let mut matcher = Matcher::take(&places);
        assert!(matcher.ways > 0);
        matcher.enter(Child::Key("a"));
        matcher.enter(Child::Index(0));
        (0..=WAYS).for_each(|number| assert!(matcher.way(Child::Key(&format!("key{number}"))).is_some()));
        matcher.leave_to_the_next(&places);
        assert_eq!(Matcher::take(&places).ways, 0);
    }
}
