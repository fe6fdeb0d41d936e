//! XML paths followed while a document streams by. Here is which step leads to which element or
//! attribute; all paths run together in `automaton`.

use crate::format::automaton::Automaton;
use crate::terms::place::{Place, PlaceId, Places};
use crate::terms::xml_path::XmlStep;

/// The way from an element to what stands in it.
#[derive(Clone, Copy)]
pub struct Child<'a> {
    /// An attribute, not an element.
    pub attribute: bool,
    /// Its local name.
    pub name: &'a str,
    /// Its namespace, where it is known: an unknown one counts as any.
    pub namespace: Option<&'a str>,
}

/// Follows paths through one document.
pub struct Matcher {
    automaton: Automaton<XmlStep>,
    /// Whether any path asks for a namespace.
    pub asks_namespaces: bool,
}

impl Matcher {
    /// A matcher before the document's first element.
    pub fn new(places: &Places) -> Matcher {
        let paths = places.xml.iter().map(|(id, path)| (*id, path.steps.as_slice()));
        let record = match &places.records {
            Some(Place::Xml(path)) => Some(path.steps.as_slice()),
            _ => None,
        };
        let mut steps = paths.clone().flat_map(|(_, steps)| steps).chain(record.into_iter().flatten());
        let asks_namespaces = steps.any(|step| step.namespace.is_some());
        Matcher { automaton: Automaton::new(paths, record, &places.document), asks_namespaces }
    }

    /// Steps down to an element or an attribute.
    pub fn enter(&mut self, child: Child<'_>) {
        self.automaton.enter(|step| follow(step, child));
    }

    /// Steps back up.
    pub fn leave(&mut self) {
        self.automaton.leave();
    }

    /// Which places the node that is looked at belongs to.
    pub fn reached(&self, places: &mut Vec<PlaceId>) {
        self.automaton.reached(places);
    }

    /// Which of them name just that, and nothing around it.
    pub fn itself(&self, places: &mut Vec<PlaceId>) {
        self.automaton.itself(places);
    }

    /// Whether the element that is looked at is a record.
    pub fn at_record(&self) -> bool {
        self.automaton.at_record()
    }

    /// This element is a record: paths begin at it or in it, since rules are written both ways.
    pub fn open_record(&mut self, element: Child<'_>) {
        self.automaton.open_record_itself(|step| follow(step, element));
    }
}

fn follow(step: &XmlStep, child: Child<'_>) -> (bool, bool) {
    let fits = step.attribute == child.attribute
        && step.name.as_deref().is_none_or(|name| name == child.name)
        && step.namespace.as_deref().is_none_or(|wanted| child.namespace.is_none_or(|own| own == wanted));
    (step.descendant && !child.attribute, fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::xml_path::XmlPath;

    fn element(name: &str) -> Child<'_> {
        Child { attribute: false, name, namespace: Some("urn:a") }
    }

    fn reached(path: &str, way: &[Child<'_>]) -> bool {
        let path = XmlPath::parse(path).expect("a path");
        let mut matcher = Matcher::new(&Places { xml: vec![(PlaceId(7), path)], ..Places::default() });
        way.iter().for_each(|child| matcher.enter(*child));
        let mut places = Vec::new();
        matcher.reached(&mut places);
        places == [PlaceId(7)]
    }

    #[test]
    fn a_path_reaches_its_element_and_all_below() {
        let way = ["a", "b", "c", "d"].map(element);
        for path in ["/a", "/a/b", "//b", "//d", "/*/b", "//*", "/a//c", "//a/b/c/d", "//Q{urn:a}c", "/a/*/c"] {
            assert!(reached(path, &way), "{path}");
        }
        for path in ["/b", "/a/c", "//e", "//c/b", "//Q{urn:b}c", "/a/b/c/d/*", "//@b", "//a/@d"] {
            assert!(!reached(path, &way), "{path}");
        }
    }

    #[test]
    fn attributes_are_reached_by_their_own_step_or_from_above() {
        let id = Child { attribute: true, name: "id", namespace: None };
        let way = [element("a"), element("b"), id];
        for path in ["//@id", "/a/b/@id", "//b/@*", "//b/@Q{urn:x}id", "//b", "/a"] {
            assert!(reached(path, &way), "{path}");
        }
        for path in ["/a/@id", "//b/id", "//b/*", "//@no"] {
            assert!(!reached(path, &way), "{path}");
        }
    }

    #[test]
    fn in_a_record_paths_begin_at_it_or_in_it() {
        for (path, is) in [("//b/c", true), ("/b/c", true), ("/c", true), ("//c", true), ("//a/b/c", false)] {
            let places = Places {
                xml: vec![(PlaceId(7), XmlPath::parse(path).expect("a path"))],
                records: Some(Place::Xml(XmlPath::parse("//b").expect("a path"))),
                ..Places::default()
            };
            let mut matcher = Matcher::new(&places);
            matcher.enter(element("a"));
            matcher.enter(element("b"));
            assert!(matcher.at_record());
            matcher.open_record(element("b"));
            matcher.enter(element("c"));
            let mut places = Vec::new();
            matcher.reached(&mut places);
            assert_eq!(!places.is_empty(), is, "{path}");
        }
    }
}
