//! Questions whose parts are called by names that nobody knows, stand apart by a number, or in a list within.
//!
//! Whatever it is called: a text that is nothing but the name of a veiled column, with a value beside it, is a
//! question about that column. It passes as one by a whole value, and as nothing else.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::guard::query::arguments;
use crate::guard::query::beside::AT_THE_TOP_A_VALUE;
use crate::guard::query::decision::Ask;
use crate::guard::query::hints;
use crate::guard::query::names::{self, Use};
use crate::guard::query::spelling;
use crate::guard::query::text;
use crate::guard::query::tree::Tree;
use crate::guard::query::walk::{Part, Walk};
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

/// How many items a list has that says how a column is compared.
const RELATED_MAX: usize = 8;

/// How deep a column's name stands alone: `a[0][name]`.
const CHAIN_DEPTH: usize = 3;

/// Words of a table that number its columns for another reason.
const TABLES: &[&str] = &["mdataprop", "isortcol", "ssortdir", "bsortable", "bsearchable", "bregex", "ssearch"];

impl<'p> Walk<'_, 'p> {
    /// A column, and a value beside it, under names that nobody knows: `{"c":"tel","o":"starts","v":"090"}`.
    pub(super) fn guessed(&mut self, members: &[(String, Tree)], is_item: bool) -> Result<(), Refusal> {
        let whole_request = self.path.is_empty() && !is_item;
        let parts: Vec<(Rc<Part<'p>>, &Tree)> =
            members.iter().map(|(name, value)| (self.part(name.clone()), value)).collect();
        let columns = self.screen.columns();
        let kinds_of = |part: &Part<'_>, value: &Tree| -> Vec<KindId> {
            let is_unknown = part.uses.is_empty() && part.named.kinds.is_empty() && part.operator.is_none();
            let is_key = whole_request && AT_THE_TOP_A_VALUE.contains(&part.name.as_str());
            let is_open =
                part.declared.is_none() && !part.is_number && !hints::is_kind(&part.name) && !is_of_a_table(&part.name);
            match chain(value, CHAIN_DEPTH).filter(|_| is_open && (is_unknown || is_key)) {
                Some(text) => columns.whole(text),
                None => Vec::new(),
            }
        };
        let kinds: Vec<KindId> = parts.iter().flat_map(|(part, value)| kinds_of(part, value)).collect();
        if kinds.is_empty() {
            return Ok(());
        }
        let name = self.name();
        let others = || parts.iter().filter(|(part, value)| kinds_of(part, value).is_empty());
        let texts = || others().filter_map(|(part, value)| Some((part, value.text()?.trim())));
        let sorts =
            others().any(|(part, value)| part.is(Use::Sort) && value.text().is_some_and(|text| !names::is_way(text)));
        if !sorts && texts().any(|(_, text)| !text.is_empty() && names::is_direction(text)) {
            self.screen.ask(&name, &kinds, Ask::Order)?;
        }
        let values: Vec<&Tree> =
            others().filter(|(part, _)| hints::is_value(&part.name)).map(|(_, value)| *value).collect();
        let is_filled = |value: &&Tree| value.text() != Some("");
        let compares = texts().any(|(_, text)| names::compares(text));
        if compares && values.iter().any(is_filled) {
            self.screen.ask(&name, &kinds, Ask::Compare)?;
        }
        self.valued(&kinds, names::Operator::Equality, &values)?;
        if !is_item {
            return Ok(());
        }
        for (part, text) in texts() {
            let is_set = hints::is_setting(text) || hints::speaks_about(&part.name) || hints::is_kind(&part.name);
            let is_word = names::is_direction(text) || names::is_equality(text) || !columns.whole(text).is_empty();
            if part.uses.is_empty() && part.declared.is_none() && !is_set && !is_word {
                self.screen.compare(&name, &kinds, text)?;
            }
        }
        Ok(())
    }

    /// Members that belong together by a number: `f1=tel&o1=regexp&v1=^09`, `field[0]=tel&op[0]=…`.
    pub(super) fn counted(&mut self, members: &[(String, Tree)]) -> Result<(), Refusal> {
        let mut rows: BTreeMap<String, Vec<(String, Tree)>> = BTreeMap::new();
        for (name, value) in members {
            let base = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '_'));
            if base.is_empty() || is_of_a_table(base) {
                continue;
            }
            if value.text().is_some() && base.len() < name.len() {
                let number = name[base.len()..].trim_matches(['-', '_']);
                rows.entry(number.to_owned()).or_default().push((base.to_owned(), value.clone()));
            }
            let numbered =
                value.children().into_iter().filter(|(number, child)| is_number(number) && child.text().is_some());
            for (number, child) in numbered {
                rows.entry(number).or_default().push((name.clone(), child.clone()));
            }
        }
        for (_, row) in rows.into_iter().filter(|(number, row)| !number.is_empty() && row.len() > 1) {
            let columns = self.screen.columns();
            if row.iter().any(|(_, value)| value.text().is_some_and(|text| !columns.whole(text).is_empty())) {
                self.guessed(&row, true)?;
                self.described(&row)?;
            }
        }
        Ok(())
    }

    /// A column in an object of its own beside what it is compared with: `{"<":[{"var":"tel"},"090"]}`; and a place
    /// from which a list goes on: `{"startAfter":["tel","090"]}`.
    pub(super) fn related(&mut self, items: &[Tree]) -> Result<(), Refusal> {
        if items.len() < 2 || items.len() > RELATED_MAX {
            return Ok(());
        }
        let last = self.path.iter().rfind(|part| !part.is_number);
        let goes_on = last.is_some_and(|part| hints::goes_on(&part.name));
        let compares = goes_on || last.is_some_and(|part| names::compares(&part.name));
        let columns = self.screen.columns();
        let (mut kinds, mut others) = (Vec::new(), Vec::new());
        for item in items {
            let found = match item {
                Tree::Map(members) if members.len() == 1 && !hints::is_kind(&members[0].0) => {
                    chain(item, CHAIN_DEPTH).map(|text| columns.whole(text)).unwrap_or_default()
                }
                Tree::Leaf(text) if goes_on => columns.whole(text),
                _ => Vec::new(),
            };
            if found.is_empty() { others.push(item) } else { kinds.extend(found) }
        }
        let others: Vec<&str> = others.into_iter().filter_map(Tree::text).map(str::trim).collect();
        if kinds.is_empty() || others.iter().all(|text| text.is_empty()) {
            return Ok(());
        }
        let name = self.name();
        if compares {
            return self.screen.ask(&name, &kinds, Ask::Compare);
        }
        others.into_iter().filter(|text| !text.is_empty()).try_for_each(|text| self.screen.compare(&name, &kinds, text))
    }

    /// `columns[1][data]=tel` and, somewhere below, a value and how it is compared.
    pub(super) fn in_a_table(&mut self, tree: &Tree) -> Result<(), Refusal> {
        let tables = tree.children().into_iter().filter(|(name, _)| spelling::squeezed(name) == "columns");
        for (number, column) in tables.flat_map(|(_, table)| table.children()) {
            let kinds = self.columns.get(&number).cloned().unwrap_or_default();
            let mut texts = Vec::new();
            let others =
                column.children().into_iter().filter(|(name, _)| !matches!(name.as_str(), "data" | "name" | "title"));
            others.for_each(|(_, value)| filled(value, CHAIN_DEPTH, &mut texts));
            let is_value = |text: &&str| !names::compares(text) && !hints::is_setting(text);
            if texts.iter().any(|text| names::compares(text)) && texts.iter().any(is_value) {
                self.screen.ask("columns", &kinds, Ask::Compare)?;
            }
        }
        Ok(())
    }

    /// `{"type":"textFilter","value":"0901"}`: what the value is for stands beside it.
    pub(super) fn through(&mut self, parts: &[(Rc<Part<'p>>, &Tree)]) -> Result<bool, Refusal> {
        let says = |part: &Part<'_>| part.name == "type" || part.is(Use::Operator);
        let searches = parts
            .iter()
            .any(|(part, value)| says(part) && value.text().is_some_and(|text| names::is(text, Use::Words)));
        if searches {
            let name = self.name();
            let values = parts.iter().filter(|(part, _)| part.is(Use::Value)).filter_map(|(_, value)| value.text());
            values.filter(|text| !text.is_empty()).try_for_each(|text| self.screen.words(&name, text.trim()))?;
        }
        Ok(false)
    }

    /// Something that is made of a column, as databases of documents write it: `{"$substr":["$tel",0,3]}`.
    pub(super) fn computed(&mut self, text: &str) -> Result<(), Refusal> {
        let Some(column) = text.strip_prefix('$') else { return Ok(()) };
        let kinds = self.screen.columns().whole(column);
        let name = self.name();
        self.screen.ask(&name, &kinds, Ask::Compare)
    }

    /// A place from which a list goes on, in a writing of the server's own: `$skiptoken=tel-'090…'`. One that names a
    /// veiled column was never given to staff.
    pub(super) fn goes_on(&mut self, text: &str) -> Result<(), Refusal> {
        if !self.path.iter().any(|part| hints::goes_on(&part.name)) {
            return Ok(());
        }
        self.charge(text)?;
        let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')));
        let columns = self.screen.columns();
        let kinds: Vec<KindId> = words.flat_map(|word| columns.whole(word)).collect();
        let name = self.name();
        self.screen.ask(&name, &kinds, Ask::Compare)
    }

    /// Whether what stands here is columns and nothing else, under a name that sorts, groups or computes.
    pub(super) fn arranges(&self, text: &str) -> bool {
        let last: Vec<&str> =
            self.path.iter().rev().filter(|part| !part.is_number).take(2).map(|part| part.name.as_str()).collect();
        let lists_words = matches!(last[..], [inner, outer] if hints::lists_words(outer, inner))
            || last.first().is_some_and(|inner| hints::is_of_a_pivot(inner));
        let names_columns = |text: &str| {
            let mut pieces = text.split([',', ';', '|']).map(str::trim).filter(|piece| !piece.is_empty());
            !text.is_empty() && pieces.all(arguments::is_sort)
        };
        names_columns(text)
            && (lists_words || last.into_iter().any(hints::arranges))
            && !text::sorted(self.screen.columns(), text).is_empty()
    }
}

/// The one text of a tree that has no other.
fn chain(tree: &Tree, depth: usize) -> Option<&str> {
    match tree {
        Tree::Leaf(text) => Some(text),
        Tree::List(items) if items.len() == 1 && depth > 0 => chain(&items[0], depth - 1),
        Tree::Map(members) if members.len() == 1 && depth > 0 && !hints::is_kind(&members[0].0) => {
            chain(&members[0].1, depth - 1)
        }
        _ => None,
    }
}

/// The texts of a tree that are not empty.
fn filled<'t>(tree: &'t Tree, depth: usize, into: &mut Vec<&'t str>) {
    match tree {
        Tree::Leaf(text) if !text.trim().is_empty() => into.push(text.trim()),
        Tree::Leaf(_) => {}
        _ if depth == 0 => {}
        Tree::List(items) => items.iter().for_each(|item| filled(item, depth - 1, into)),
        Tree::Map(members) => members.iter().for_each(|(_, member)| filled(member, depth - 1, into)),
    }
}

/// Whether a name is one of a table's, which numbers its columns for another reason.
fn is_of_a_table(name: &str) -> bool {
    TABLES.contains(&spelling::squeezed(name).trim_end_matches(|c: char| c.is_ascii_digit()))
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
