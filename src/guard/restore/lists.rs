//! Which member of a list that staff writes is which of the one that staff was given.
//!
//! By an id beside them; else because both are the same, as a whole or at a place before which nothing
//! moved; else by a veil that no other member has. What can be paired in two ways is not paired.
//! Nothing hangs on the originals but whether a member is veiled: what is refused tells nothing of them.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::format::json::nodes::{Is, Node};

/// Names of members that tell an object from others, the likeliest first.
pub const IDS: [&str; 12] = ["id", "_id", "Id", "ID", "uuid", "UUID", "guid", "Guid", "key", "@id", "@odata.id", "$id"];

/// Which members of a written list are which.
pub(super) struct Pairs {
    /// For each written member the one of the veiled list that it is.
    pub of: Vec<Option<usize>>,
    /// The one that only its place tells, all others being where they were: it may be somebody else.
    pub by_place: Option<usize>,
    /// Whether those that are none of the veiled list are new for certain.
    pub certain: bool,
}

/// Pairs the members of a list; `original` has as many as `veiled`.
pub(super) fn pairs(written: &[Node], original: &[Node], veiled: &[Node]) -> Pairs {
    let known = |of: Vec<Option<usize>>| Pairs { of, by_place: None, certain: false };
    if original.len() != veiled.len() {
        return known(vec![None; written.len()]);
    }
    if let Some(id) = IDS.into_iter().find(|id| tells(id, original, veiled)) {
        let own = |node: &Node| node.member(id).and_then(|member| scalar(&member.value)).map(str::to_owned);
        let given: HashSet<String> = veiled.iter().filter_map(own).collect();
        let is_new = |node: &Node| own(node).is_some_and(|id| !given.contains(&id));
        let of = by_id(id, written, veiled);
        let certain = written.iter().zip(&of).all(|(node, at)| at.is_some() || is_new(node));
        return Pairs { of, by_place: None, certain };
    }
    if is_one_changed(written, original, veiled) {
        let mut of: Vec<Option<usize>> = (0..written.len()).map(Some).collect();
        drop_called_another(&mut of, written, original, veiled);
        return known(of);
    }
    let mut of = as_they_are(written, veiled);
    let by_place = in_place(&mut of, veiled.len());
    by_veil(&mut of, written, original, veiled);
    drop_moved(&mut of, original, veiled);
    by_veil(&mut of, written, original, veiled);
    drop_called_another(&mut of, written, original, veiled);
    Pairs { of, by_place, certain: false }
}

/// Whether every member has its own of these ids, in clear.
pub(super) fn tells(id: &str, original: &[Node], veiled: &[Node]) -> bool {
    let mut seen = HashMap::new();
    let own = |(o, v): (&Node, &Node)| {
        let (o, v) = (o.member(id)?, v.member(id)?);
        (o.value.is_same(&v.value) && !v.value.is_blank()).then(|| scalar(&v.value)).flatten().map(str::to_owned)
    };
    !veiled.is_empty()
        && original.iter().zip(veiled).all(|pair| own(pair).is_some_and(|id| seen.insert(id, ()).is_none()))
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.is {
        Is::Text(text) | Is::Bare(text) => Some(text),
        _ => None,
    }
}

fn by_id(id: &str, written: &[Node], veiled: &[Node]) -> Vec<Option<usize>> {
    let own = |node: &Node| node.member(id).and_then(|member| scalar(&member.value)).map(str::to_owned);
    let places: HashMap<String, usize> =
        veiled.iter().enumerate().filter_map(|(at, node)| Some((own(node)?, at))).collect();
    let pairs = written.iter().map(|node| places.get(&own(node)?).copied()).collect();
    once(pairs)
}

/// A member that several claim is nobody's.
fn once(mut pairs: Vec<Option<usize>>) -> Vec<Option<usize>> {
    let mut claims: HashMap<usize, usize> = HashMap::new();
    pairs.iter().flatten().for_each(|at| *claims.entry(*at).or_default() += 1);
    for pair in &mut pairs {
        *pair = pair.filter(|at| claims[at] == 1);
    }
    pairs
}

/// Members that are the same as one that was given: the only such one, or one of several alike that are all
/// still there, and before none of which anything moved.
fn as_they_are(written: &[Node], veiled: &[Node]) -> Vec<Option<usize>> {
    let unmoved = written.iter().zip(veiled).take_while(|(w, v)| w.is_same(v)).count();
    let (mine, given) = (places(written), places(veiled));
    let pair = |at: usize, node: &Node| {
        let print = print(node);
        let (mine, given) = (mine.get(&print)?, given.get(&print)?);
        let stand = mine == given && given.iter().all(|at| *at < unmoved);
        match (&mine[..], &given[..]) {
            ([_], [one]) if veiled[*one].is_same(node) => Some(*one),
            _ if stand => Some(at),
            _ => None,
        }
    };
    written.iter().enumerate().map(|(at, node)| pair(at, node)).collect()
}

/// Where some are gone and others are new, one that looks like another's place may be one of those that were
/// changed: what holds a veil and does not stand where it stood is nobody's, unless the veil is its own.
fn drop_moved(pairs: &mut [Option<usize>], original: &[Node], veiled: &[Node]) {
    let is_gone = |at: usize| !pairs.contains(&Some(at));
    if !pairs.contains(&None) || !(0..veiled.len()).any(is_gone) {
        return;
    }
    for (at, pair) in pairs.iter_mut().enumerate() {
        *pair = pair.filter(|one| *one == at || original[*one].is_same(&veiled[*one]));
    }
}

/// What stands in clear in each member and is another in each, a code or a name, tells them apart as an id does: a
/// member that has another's is not the one whose veil it holds.
fn drop_called_another(pairs: &mut [Option<usize>], written: &[Node], original: &[Node], veiled: &[Node]) {
    let Some(Is::Object(members)) = veiled.first().map(|node| &node.is) else { return };
    for name in members.iter().map(|member| member.name.as_str()).filter(|name| tells(name, original, veiled)) {
        let own = |node: &Node| node.member(name).and_then(|member| scalar(&member.value)).map(str::to_owned);
        let given: HashMap<String, usize> =
            veiled.iter().enumerate().filter_map(|(at, node)| Some((own(node)?, at))).collect();
        for (pair, node) in pairs.iter_mut().zip(written) {
            let called = own(node).and_then(|own| given.get(&own).copied());
            *pair = pair.filter(|at| called.is_none_or(|called| called == *at));
        }
    }
}

/// Whether each stands where it stood, and the only one that was changed still holds a veil of its own.
fn is_one_changed(written: &[Node], original: &[Node], veiled: &[Node]) -> bool {
    if written.len() != veiled.len() {
        return false;
    }
    let mut changed = (0..written.len()).filter(|at| !written[*at].is_same(&veiled[*at]));
    let (Some(one), None) = (changed.next(), changed.next()) else { return false };
    let mut own: HashMap<(String, String), ()> = HashMap::new();
    texts(&veiled[one], Some(&original[one]), &mut String::new(), &mut |path, text, veils| {
        if veils {
            own.insert((path.to_owned(), text.to_owned()), ());
        }
    });
    let mut holds = false;
    texts(&written[one], None, &mut String::new(), &mut |path, text, _| {
        holds |= own.contains_key(&(path.to_owned(), text.to_owned()));
    });
    holds
}

/// The one that was changed, where all others stand where they stood.
fn in_place(pairs: &mut [Option<usize>], count: usize) -> Option<usize> {
    let mut open = pairs.iter().enumerate().filter(|(at, pair)| **pair != Some(*at)).map(|(at, _)| at);
    if let (Some(one), None) = (open.next(), open.next())
        && pairs.len() == count
        && pairs[one].is_none()
    {
        pairs[one] = Some(one);
        return Some(one);
    }
    None
}

/// Those that hold a veil which only one of the members that were given holds at that place.
fn by_veil(pairs: &mut Vec<Option<usize>>, written: &[Node], original: &[Node], veiled: &[Node]) {
    if pairs.iter().all(Option::is_some) {
        return;
    }
    // By path and text: the one member that has it, and whether it is a veil there.
    let mut owners: HashMap<(String, String), (Option<usize>, bool)> = HashMap::new();
    for (at, (node, original)) in veiled.iter().zip(original).enumerate() {
        texts(node, Some(original), &mut String::new(), &mut |path, text, veils| {
            let (owner, is_veil) = owners.entry((path.to_owned(), text.to_owned())).or_insert((Some(at), false));
            *owner = owner.filter(|own| *own == at);
            *is_veil |= veils;
        });
    }
    let mut claimed = pairs.clone();
    for (pair, node) in claimed.iter_mut().zip(written).filter(|(pair, _)| pair.is_none()) {
        let mut found: Vec<usize> = Vec::new();
        texts(node, None, &mut String::new(), &mut |path, text, _| {
            if let Some((Some(owner), true)) = owners.get(&(path.to_owned(), text.to_owned())) {
                found.push(*owner);
            }
        });
        found.sort_unstable();
        found.dedup();
        *pair = if let [one] = found[..] { Some(one) } else { None };
    }
    *pairs = once(claimed);
}

/// Every text of a node with its path, and whether it is veiled.
fn texts(node: &Node, original: Option<&Node>, path: &mut String, take: &mut dyn FnMut(&str, &str, bool)) {
    match &node.is {
        Is::Text(text) if !text.trim().is_empty() => {
            take(path, text, original.is_some_and(|original| !original.is_same(node)));
        }
        Is::Text(_) | Is::Bare(_) => {}
        Is::Object(members) => {
            for member in members {
                let length = path.len();
                path.push('\u{1}');
                path.push_str(&member.name);
                let original = original.and_then(|original| original.member(&member.name)).map(|own| &own.value);
                texts(&member.value, original, path, take);
                path.truncate(length);
            }
        }
        Is::List(nodes) => {
            for (at, node) in nodes.iter().enumerate() {
                let length = path.len();
                path.push_str(&format!("\u{2}{at}"));
                let original = original.and_then(|original| match &original.is {
                    Is::List(own) => own.get(at),
                    _ => None,
                });
                texts(node, original, path, take);
                path.truncate(length);
            }
        }
    }
}

/// The places of members by what they say.
fn places(nodes: &[Node]) -> HashMap<u64, Vec<usize>> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        places.entry(print(node)).or_default().push(at);
    }
    places
}

/// Equal nodes have equal prints; whether equal prints are equal nodes is to be looked at.
fn print(node: &Node) -> u64 {
    fn note(node: &Node, hasher: &mut DefaultHasher) {
        match &node.is {
            Is::Text(text) => (0u8, text).hash(hasher),
            Is::Bare(literal) => (1u8, literal).hash(hasher),
            Is::List(nodes) => {
                (2u8, nodes.len()).hash(hasher);
                nodes.iter().for_each(|node| note(node, hasher));
            }
            Is::Object(members) => {
                (3u8, members.len()).hash(hasher);
                for member in members {
                    member.name.hash(hasher);
                    note(&member.value, hasher);
                }
            }
        }
    }
    let mut hasher = DefaultHasher::new();
    note(node, &mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::nodes::read;

    fn paired(original: &str, veiled: &str, written: &str) -> Vec<Option<usize>> {
        let list = |text: &str| match read(text, 16).expect(text).is {
            Is::List(nodes) => nodes,
            _ => panic!("a list"),
        };
        pairs(&list(written), &list(original), &list(veiled)).of
    }

    #[test]
    fn members_are_paired_where_nothing_else_is_possible() {
        let (o, v) = (r#"["a1","b2","c"]"#, r#"["*1","*2","c"]"#);
        for (written, expected) in [
            (r#"["*1","*2","c"]"#, vec![Some(0), Some(1), Some(2)]),
            (r#"["*2","c","*1"]"#, vec![Some(1), Some(2), Some(0)]),
            (r#"["*2"]"#, vec![Some(1)]),
            (r#"["*1","new","c"]"#, vec![Some(0), Some(1), Some(2)]),
            (r#"["*1","new"]"#, vec![Some(0), None]),
            (r#"["new","*1","*1"]"#, vec![None, None, None]),
        ] {
            assert_eq!(paired(o, v, written), expected, "{written}");
        }
        let (o, v) = (r#"["a1","b2","c3"]"#, r#"["a*","b*","c*"]"#);
        for (written, expected) in [
            (r#"["b*","c*","a*"]"#, vec![Some(1), Some(2), Some(0)]),
            (r#"["c*"]"#, vec![Some(2)]),
            (r#"["new","b*","c*"]"#, vec![Some(0), Some(1), Some(2)]),
        ] {
            assert_eq!(paired(o, v, written), expected, "{written}");
        }
        let (o, v) = (r#"[{"k":"a","t":1},{"k":"b","t":2}]"#, r#"[{"k":"a","t":null},{"k":"b","t":null}]"#);
        assert_eq!(paired(o, v, r#"[{"k":"a","t":3},{"k":"a","t":null}]"#), [None, None]);
        let (o, v) = (r#"["a","b","c"]"#, r#"["*","*","c"]"#);
        for (written, expected) in [
            (r#"["*","*","c"]"#, vec![Some(0), Some(1), Some(2)]),
            (r#"["*","*","c","d"]"#, vec![Some(0), Some(1), Some(2), None]),
            (r#"["*","*"]"#, vec![Some(0), Some(1)]),
            (r#"["*","c"]"#, vec![None, Some(2)]),
            (r#"["c","*","*"]"#, vec![Some(2), None, None]),
        ] {
            assert_eq!(paired(o, v, written), expected, "{written}");
        }
    }

    #[test]
    fn objects_are_paired_by_their_ids_or_by_a_veil_of_their_own() {
        let (o, v) = (r#"[{"id":1,"t":"a"},{"id":2,"t":"b"}]"#, r#"[{"id":1,"t":"*"},{"id":2,"t":"*"}]"#);
        assert_eq!(paired(o, v, r#"[{"id":2,"t":"*"},{"id":1,"t":"x"},{"t":"*"}]"#), [Some(1), Some(0), None]);
        assert_eq!(paired(o, v, r#"[{"id":2,"t":"*"},{"id":2,"t":"*"}]"#), [None, None]);
        let o = r#"[{"k":"home","t":"a1"},{"k":"work","t":"b2"},{"k":"x","t":"c1"}]"#;
        let v = r#"[{"k":"home","t":"*1"},{"k":"work","t":"*2"},{"k":"x","t":"*1"}]"#;
        for (written, expected) in [
            (r#"[{"k":"Work","t":"*2"},{"k":"Home","t":"*1"}]"#, vec![Some(1), None]),
            (r#"[{"k":"x","t":"*1"},{"k":"home","t":"*1"},{"k":"WORK","t":"*2"}]"#, vec![Some(2), Some(0), Some(1)]),
            (r#"[{"k":"home","t":"*2"},{"k":"work","t":"*2"}]"#, vec![None, None]),
            // The veil of one beside the name of another.
            (r#"[{"k":"home","t":"*2"}]"#, vec![None]),
            (r#"[{"k":"new","t":"*2"}]"#, vec![Some(1)]),
            (r#"[{"k":"home","t":"*1"},{"k":"home","t":"*2"},{"k":"x","t":"*1"}]"#, vec![Some(0), None, Some(2)]),
        ] {
            assert_eq!(paired(o, v, written), expected, "{written}");
        }
    }
}
