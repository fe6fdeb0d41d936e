//! Questions that nobody here reads yet: GraphQL, and requests that hold requests of their own.
//!
//! GraphQL gives every field another name if it wants to, and the answer to a request inside of a request is
//! judged by the rules of the outer path. Whoever has anything veiled is refused both, whatever the request
//! does; only a resource that says of the parameter what it is (`query:`) lets such a text pass, and a batch
//! passes where its own path is declared. What looks like GraphQL is told by the shape of its beginning, so
//! that braces in a search or a note are none.

use crate::guard::query::spelling::squeezed;
use crate::guard::query::tree::{self, Tree};
use crate::policy::plan::Plan;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part};
use crate::terms::names::Names;
use crate::terms::refusal::{Reason, Refusal};

/// Under which names servers take a document of GraphQL.
const DOCUMENTS: &[&str] = &[
    "query",
    "queries",
    "mutation",
    "mutations",
    "subscription",
    "document",
    "doc",
    "graphql",
    "graphqlquery",
    "gql",
    "querystring",
    "operation",
    "operations",
];

/// What names a question that the server keeps.
const STORED: &[&str] = &["persistedquery", "persistedqueryid", "sha256hash"];

/// What lists of inner requests are called, and what in them names where each goes.
const REQUESTS: &[&str] = &["requests", "compositerequest", "compositerequests", "batchrequests", "subrequests"];
const TARGETS: &[&str] = &["url", "uri", "api", "relativeurl", "path", "href", "endpoint"];

/// Lists that are called so hold other things as well, so that only an address tells.
const MAYBE_REQUESTS: &[&str] = &["batch", "graphs", "ops", "operations", "calls"];
const ADDRESSES: &[&str] = &["url", "uri", "relativeurl"];

/// The ends of paths at which all that is said is GraphQL, and those at which it is a batch.
const AT_GRAPHQL: &[&str] = &["graphql", "gql"];
const AT_BATCH: &[&str] = &["$batch", "__composite_requests", "bulkrequest", "subrequests"];

/// JSON in a text in JSON in a text: deeper it is a text.
const NESTED_MAX: usize = 4;

/// What is told apart in one request.
#[derive(Clone, Copy)]
pub struct Unread<'p> {
    plan: &'p Plan,
    /// Whether anything is veiled, so that it counts.
    counts: bool,
    at_graphql: bool,
    at_batch: bool,
}

impl<'p> Unread<'p> {
    /// What is told of a request for the path of these segments, folded.
    pub fn new(plan: &'p Plan, path: &[String]) -> Unread<'p> {
        let last = path.last().map_or("", String::as_str);
        let last = last.strip_suffix(".json").or_else(|| last.strip_suffix(".php")).unwrap_or(last);
        Unread {
            plan,
            counts: plan.may_veil(),
            at_graphql: AT_GRAPHQL.contains(&last),
            at_batch: AT_BATCH.contains(&last),
        }
    }

    /// Looks at a query.
    pub fn query(&self, parameters: &[(String, String)]) -> Result<(), Refusal> {
        if self.counts && self.at_graphql && parameters.iter().any(|(name, _)| !self.is_declared([name.as_str()])) {
            return Err(graphql());
        }
        parameters.iter().try_for_each(|(name, value)| self.leaf(&said(name, value)))
    }

    /// Looks at a body as it came.
    pub fn body(&self, body: &[u8]) -> Result<(), Refusal> {
        if !self.counts || body.is_empty() {
            return Ok(());
        }
        if self.at_batch && !self.is_of_a_resource() {
            return Err(batch());
        }
        if self.at_graphql && !self.is_declared(["query"]) {
            return Err(graphql());
        }
        match str::from_utf8(body) {
            Ok(text) if is_graphql(text) => Err(graphql()),
            _ => Ok(()),
        }
    }

    /// Looks at one value of a form or of a document.
    pub fn leaf(&self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if !self.counts || !matches!(leaf.part, Part::Value | Part::Key | Part::Number) {
            return Ok(());
        }
        let own = if leaf.part == Part::Key { Some(leaf.text) } else { None };
        let nearest = own.or_else(|| leaf.names.first());
        let Some(nearest) = nearest else { return Ok(()) };
        let outer = leaf.names.iter().skip(usize::from(own.is_none())).chain(leaf.above.iter());
        let mut way: Vec<&str> = tree::parts(nearest);
        way.reverse();
        way.extend(outer.flat_map(|name| tree::parts(name).into_iter().rev()));
        let text = if own.is_some() { "" } else { leaf.text };
        self.value(&way, text, NESTED_MAX)
    }

    /// One value with the names at it, the nearest first.
    fn value(&self, way: &[&str], text: &str, nests: usize) -> Result<(), Refusal> {
        if self.is_declared(way.iter().copied()) {
            return Ok(());
        }
        let names: Vec<String> = way
            .iter()
            .filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()))
            .map(|name| squeezed(name))
            .collect();
        let is = |name: &String, list: &[&str]| list.contains(&name.as_str());
        if names.iter().any(|name| is(name, STORED)) {
            return Err(graphql());
        }
        let Some((nearest, outer)) = names.split_first() else { return Ok(()) };
        if is(nearest, DOCUMENTS) && is_graphql(text) {
            return Err(graphql());
        }
        let is_within = |lists: &[&str]| outer.iter().any(|name| is(name, lists));
        let is_inner = (is(nearest, TARGETS) && is_within(REQUESTS))
            || (is(nearest, ADDRESSES) && is_within(MAYBE_REQUESTS) && is_address(text))
            || (is(nearest, &["method", "methodname"]) && text.trim() == "system.multicall");
        if is_inner && !self.is_of_a_resource() {
            return Err(batch());
        }
        match (nests.checked_sub(1), Tree::structure(text)) {
            (Some(nests), Some(tree)) => self.tree(way, &tree, nests),
            _ => Ok(()),
        }
    }

    fn tree(&self, way: &[&str], tree: &Tree, nests: usize) -> Result<(), Refusal> {
        if let Tree::Leaf(text) = tree {
            return self.value(way, text, nests);
        }
        for (name, child) in tree.children() {
            let way: Vec<&str> = std::iter::once(name.as_str()).chain(way.iter().copied()).collect();
            self.value(&way, "", 0)?;
            self.tree(&way, child, nests)?;
        }
        Ok(())
    }

    /// Whether a resource says what a parameter of one of these names is.
    fn is_declared<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        let declared = &self.plan.parameters;
        !declared.is_empty() && names.into_iter().any(|name| declared.contains_key(&label::fold(name)))
    }

    fn is_of_a_resource(&self) -> bool {
        !self.plan.resources.is_empty()
    }
}

fn said<'a>(name: &'a str, value: &'a str) -> Leaf<'a> {
    Leaf { names: Names::one(name), ..Leaf::bare(value, Part::Value, &[]) }
}

fn graphql() -> Refusal {
    Refusal::new(Reason::Query, "GraphQL is not read, and whoever has anything veiled may not ask in it")
}

fn batch() -> Refusal {
    Refusal::new(Reason::RequestUnreadable, "requests inside of a request are not read; send each by itself")
}

fn is_address(text: &str) -> bool {
    text.starts_with('/') || text.contains("://") || text.contains('?')
}

/// Whether a text is a document of GraphQL, as far as its beginning tells.
fn is_graphql(text: &str) -> bool {
    if !(text.contains('{') && text.contains('}')) {
        return false;
    }
    let mut rest = behind_ignored(text);
    // A description may stand before what it describes.
    for quote in ["\"\"\"", "\""] {
        if let Some(end) = rest.strip_prefix(quote).and_then(|inner| inner.find(quote)) {
            rest = behind_ignored(&rest[end + 2 * quote.len()..]);
        }
    }
    if let Some(inner) = rest.strip_prefix('{') {
        return selects(behind_ignored(inner));
    }
    let (word, behind) = name(rest);
    match word {
        "query" | "mutation" | "subscription" => behind_ignored(name(behind).1).starts_with(['{', '(', '@']),
        "fragment" => name(name(behind).1).0 == "on" || name(behind).1.starts_with('('),
        _ => false,
    }
}

/// Whether a selection of fields begins here.
fn selects(text: &str) -> bool {
    let (word, behind) = name(text);
    if word.is_empty() {
        return text.starts_with("...");
    }
    match behind.strip_prefix(':') {
        // Another name for a field, and no member of an object.
        Some(field) => !name(behind_ignored(field)).0.is_empty(),
        None => behind.starts_with(['{', '}', '(', '@', '.']) || !name(behind).0.is_empty(),
    }
}

/// The name that begins here, and what stands behind it.
fn name(text: &str) -> (&str, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return ("", text);
    }
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    (&text[..end], behind_ignored(&text[end..]))
}

/// What stands behind what GraphQL does not count: blanks, commas, remarks, a mark.
fn behind_ignored(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '\u{feff}' | '\u{200b}'));
        match rest.strip_prefix('#') {
            Some(remark) => rest = remark.find(['\n', '\r']).map_or("", |end| &remark[end..]),
            None => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_from_braces() {
        for (text, is) in [
            ("{ contact { x: tel } }", true),
            ("{contact{tel}}", true),
            ("{tel}", true),
            ("\u{feff} # why\n{ # x\n a: contact(id: 1) { id } }", true),
            ("{ ...f } fragment f on Contact { tel }", true),
            ("{ __typename @skip(if: true) }", true),
            ("{ a, b }", true),
            ("query { contact { tel } }", true),
            ("query Q($id: ID!) { contact(id: $id) { tel } }", true),
            ("query Q @live { a }", true),
            ("mutation{a}", true),
            ("subscription S { a }", true),
            ("fragment f on C { tel } query { ...f }", true),
            ("\"what it is\" query { a }", true),
            ("\"\"\"what \"it\" is\"\"\" query Q { a }", true),
            (r#"{"name": "a"}"#, false),
            ("{}", false),
            ("{", false),
            ("{{customer}}", false),
            ("{name: 'a'}", false),
            ("{name: 42}", false),
            ("{山田}", false),
            ("{1}", false),
            ("query about the {thing}", false),
            ("query", false),
            ("fragment of {a}", false),
            ("querying {a}", false),
            ("a {b}", false),
        ] {
            assert_eq!(is_graphql(text), is, "{text}");
        }
    }
}
