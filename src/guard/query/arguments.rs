//! Arguments that a call tells apart by their places alone: `search_read(domain, fields, offset, limit, order)`.
//!
//! No name says what a text in such a list is for. One that names a column and a direction, or columns parted by
//! commas, sorts by them, and so does a column alone: lists of fields stand in lists of their own. Which of those
//! group is said by their place, or by the name of what is called.

use crate::guard::query::decision::Ask;
use crate::guard::query::names::{self, Use};
use crate::guard::query::spelling;
use crate::guard::query::text;
use crate::guard::query::tree::Tree;
use crate::guard::query::walk::{Part, Walk};
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

/// What a call's list of arguments is called.
const LISTS: [&str; 5] = ["args", "arguments", "params", "parameters", "positional"];

/// Words that stand behind a column in a sort.
const BEHIND: [&str; 7] = ["asc", "desc", "ascending", "descending", "nulls", "first", "last"];

/// The place of the columns to group by: `read_group(domain, fields, groupby)`.
const GROUPS_AT: usize = 2;

/// How deep the name of what is called may stand.
const METHOD_DEPTH: usize = 4;

impl Walk<'_, '_> {
    /// Whether the request calls something that groups or counts.
    pub(super) fn calls_a_group(tree: &Tree) -> bool {
        method(tree, METHOD_DEPTH, &|name| {
            let name = spelling::squeezed(name);
            name.contains("group") || name.contains("aggregat")
        })
    }

    /// Looks at a list that may be a call's: the arguments, or those of the method in a list within.
    pub(super) fn arguments(&mut self, items: &[Tree]) -> Result<(), Refusal> {
        let is_list = |part: &Part<'_>| LISTS.contains(&spelling::squeezed(&part.name).as_str());
        let Some(at) = self.path.iter().rposition(|part| is_list(part)) else { return Ok(()) };
        let inner = &self.path[at + 1..];
        let holds_others = items.iter().any(|item| item.text().is_none());
        let is_of_the_call = inner.len() <= 1 && inner.iter().all(|part| part.is_number);
        if !is_of_the_call || !(inner.is_empty() || holds_others) {
            return Ok(());
        }
        for (number, item) in items.iter().enumerate() {
            let kinds = match item {
                Tree::Leaf(text) if !is_method(items, number) => self.ordered_by(text)?,
                Tree::List(names) if self.groups(items, number) && is_of_names(names) => {
                    let names = names.iter().filter_map(Tree::text);
                    names.flat_map(|name| text::sorted(self.screen.columns(), name)).collect()
                }
                _ => continue,
            };
            let name = self.name();
            self.screen.ask(&name, &kinds, Ask::Order)?;
        }
        Ok(())
    }

    /// Whether a list at this place names what is grouped by.
    fn groups(&self, items: &[Tree], number: usize) -> bool {
        let is_list = |at: usize| matches!(items.get(at), Some(Tree::List(_)));
        (self.calls_group && number > 0) || (number == GROUPS_AT && is_list(0) && is_list(1))
    }

    /// The columns that a text sorts by, if it is nothing but columns and directions.
    fn ordered_by(&mut self, said: &str) -> Result<Vec<KindId>, Refusal> {
        let mut pieces = said.split(',').map(str::trim).filter(|piece| !piece.is_empty());
        if said.trim().is_empty() || !pieces.all(is_sort) {
            return Ok(Vec::new());
        }
        self.charge(said)?;
        Ok(text::sorted(self.screen.columns(), said))
    }

    /// The first argument of a call whose name says that it looks for words: `name_search("090", …)`.
    pub(super) fn words_of_a_call(&mut self, members: &[(String, Tree)]) -> Result<(), Refusal> {
        let of = |wanted: &'static str| members.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
        let looks = |name: &str| names::is(name.rsplit('.').next().unwrap_or_default(), Use::Words);
        let mut first = Vec::new();
        for list in of("args") {
            let Tree::List(items) = list else { continue };
            // `execute_kw(db, uid, password, model, method, [arguments], {named})`
            let inner = items.get(METHOD_AT).and_then(Tree::text).filter(|name| looks(name));
            if let Some(arguments) = inner.and_then(|_| items.get(METHOD_AT + 1)) {
                first.extend(arguments.children().into_iter().next().map(|(_, first)| first));
                first.extend(items.get(METHOD_AT + 2).and_then(named));
            }
            if of("method").filter_map(Tree::text).any(looks) {
                first.extend(items.first());
            }
        }
        if of("method").filter_map(Tree::text).any(looks) {
            first.extend(of("kwargs").filter_map(named));
        }
        for words in first.into_iter().filter_map(Tree::text) {
            self.screen.pattern("args", words)?;
        }
        Ok(())
    }
}

/// Where `execute_kw` has the name of the method.
const METHOD_AT: usize = 4;

/// The words that are named so among named arguments.
fn named(arguments: &Tree) -> Option<&Tree> {
    let Tree::Map(members) = arguments else { return None };
    members.iter().find(|(name, _)| name == "name").map(|(_, value)| value)
}

/// Whether what is called is called so, however deep that stands.
fn method(tree: &Tree, depth: usize, is: &dyn Fn(&str) -> bool) -> bool {
    let Tree::Map(members) = tree else { return false };
    members.iter().any(|(name, value)| match value {
        Tree::Leaf(text) => name == "method" && is(text),
        Tree::List(items) if LISTS.contains(&spelling::squeezed(name).as_str()) => {
            items.get(METHOD_AT).and_then(Tree::text).is_some_and(is)
        }
        _ => depth > 0 && method(value, depth - 1, is),
    })
}

/// Whether an argument is the name of a model or a method: `execute_kw(db, uid, password, model, method, […])`.
fn is_method(items: &[Tree], number: usize) -> bool {
    let is_text = |item: &Tree| item.text().is_some();
    (METHOD_AT - 1..=METHOD_AT).contains(&number)
        && items.iter().take(METHOD_AT + 1).all(is_text)
        && items.get(METHOD_AT + 1).is_some_and(|next| !is_text(next))
}

/// Whether a list is one of names, and no condition: `["tel","in","x"]`.
fn is_of_names(items: &[Tree]) -> bool {
    let is_condition = items.len() == 3 && items[1].text().is_some_and(|word| names::operator(word).is_some());
    !is_condition && items.iter().all(|item| item.text().is_some_and(is_sort))
}

/// Whether a piece of a text is a column, with or without the direction in which it sorts.
pub(super) fn is_sort(piece: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || "_.$:\"`[]()+-!".contains(c);
    let mut words = piece.split_whitespace();
    let is_name = words.next().is_some_and(|word| word.chars().all(is_of_name));
    is_name && words.all(|word| BEHIND.contains(&word.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_are_told_from_words() {
        for (text, is) in [
            ("tel", true),
            ("-tel", true),
            ("partner_id.tel desc nulls last", true),
            ("tel DESC", true),
            ("電話番号 asc", true),
            ("call him", false),
            ("090 1234", false),
            ("a@example.jp", false),
        ] {
            assert_eq!(is_sort(text), is, "{text}");
        }
    }
}
