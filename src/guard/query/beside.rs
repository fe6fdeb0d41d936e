//! Questions whose column, operator and value stand beside each other and not in one name.

use std::rc::Rc;

use crate::guard::query::decision::Ask;
use crate::guard::query::hints;
use crate::guard::query::names::{self, Operator, Use};
use crate::guard::query::spelling;
use crate::guard::query::tree::Tree;
use crate::guard::query::walk::{Part, Walk};
use crate::terms::kind::{self, KindId};
use crate::terms::label;
use crate::terms::refusal::Refusal;

/// Parameters that name a column only inside of something.
pub(super) const AT_THE_TOP_A_VALUE: &[&str] = &["name", "id", "key", "path", "member"];

impl<'p> Walk<'_, 'p> {
    /// `columns[2][data]=tel` names what `order[0][column]=2` sorts by.
    pub(super) fn number_columns(&mut self, tree: &Tree) {
        for (name, value) in tree.children() {
            if spelling::squeezed(&name) == "columns" {
                for (number, column) in value.children() {
                    let named = column
                        .children()
                        .into_iter()
                        .filter(|(name, _)| matches!(name.as_str(), "data" | "name" | "field"));
                    // In a list of names each stands for itself.
                    let named = named.filter_map(|(_, column)| column.text()).chain(column.text());
                    let named: Vec<&str> = named.collect();
                    let mut kinds: Vec<KindId> =
                        named.iter().flat_map(|text| self.screen.columns().named(text).kinds).collect();
                    // A column that is called by its number alone may be any.
                    if named.iter().all(|text| *text == "function" || text.bytes().all(|byte| byte.is_ascii_digit())) {
                        kinds.extend(self.hidden());
                    }
                    self.columns.insert(number, kinds);
                }
            } else if let (Some(number), Some(text)) = (name.strip_prefix("mDataProp_"), value.text()) {
                let mut kinds = self.screen.columns().named(text).kinds;
                if text.bytes().all(|byte| byte.is_ascii_digit()) {
                    kinds.extend(self.hidden());
                }
                self.columns.insert(number.to_owned(), kinds);
            }
        }
    }

    /// The kinds that a column may hold of which nobody tells anything.
    fn hidden(&self) -> Vec<KindId> {
        let columns = self.screen.columns();
        if columns.may_hide() { columns.listed().filter(|kind| columns.hides(*kind)).collect() } else { Vec::new() }
    }

    /// Sorts that do not say by which column: servers read a number that is missing, or that is none, as the first.
    pub(super) fn unnumbered(&mut self, tree: &Tree) -> Result<(), Refusal> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let says = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
        let (mut counted, mut given) = (0, 0);
        for (name, value) in tree.children() {
            let squeezed = spelling::squeezed(&name);
            if squeezed == "order" {
                for (number, sort) in value.children() {
                    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
                    // `[1, "asc"]`: the column's number comes first.
                    let first = sort.children().into_iter().find(|(name, _)| name == "0");
                    if let Some((_, first)) = first.filter(|_| is_number) {
                        match first.text().unwrap_or_default().trim() {
                            "" => self.by_column(&name, "0")?,
                            number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                                self.by_column(&name, number)?
                            }
                            _ => {}
                        }
                        continue;
                    }
                    let column = sort.children().into_iter().find(|(name, _)| spelling::squeezed(name) == "column");
                    if is_number && !sort.children().is_empty() && !says(column.and_then(|(_, column)| column.text())) {
                        self.by_column(&name, "0")?;
                    }
                }
            } else if squeezed == "isortingcols" {
                counted = value.text().and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(usize::MAX);
            } else if squeezed.starts_with("isortcol") {
                given += usize::from(says(value.text()));
                if !says(value.text()) {
                    self.by_column(&name, "0")?;
                }
            }
        }
        if counted > given { self.by_column("iSortCol_0", "0") } else { Ok(()) }
    }

    /// A sort by the column of this number; by any, where nobody knows which that is.
    fn by_column(&mut self, name: &str, number: &str) -> Result<(), Refusal> {
        let kinds = match self.columns.get(number) {
            Some(kinds) => kinds.clone(),
            None => self.columns.values().flatten().copied().collect(),
        };
        self.screen.ask(name, &kinds, Ask::Order)
    }

    /// Column, operator and value in a row: `["tel","like","090%"]`.
    pub(super) fn triple(&mut self, items: &[Tree]) -> Result<bool, Refusal> {
        let texts: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
        for (at, pair) in texts.windows(2).enumerate().take(4) {
            let kinds = self.screen.columns().named(pair[0]).kinds;
            if names::is_direction(pair[1]) && (!kinds.is_empty() || !self.several(pair[0]).is_empty()) {
                let name = self.name();
                let several = self.several(pair[0]).into_iter().flatten().copied();
                let kinds: Vec<KindId> = kinds.iter().copied().chain(several).collect();
                self.screen.ask(&name, &kinds, Ask::Order)?;
            }
            let signs = !pair[1].is_empty() && pair[1].chars().all(|c| c.is_ascii_punctuation());
            // The operator first: `[">", "tel", "…"]`.
            if at == 0 && names::compares(pair[0]) {
                let name = self.name();
                let kinds: Vec<KindId> =
                    texts[1..].iter().flat_map(|text| self.screen.columns().named(text).kinds).collect();
                self.screen.ask(&name, &kinds, Ask::Compare)?;
            }
            let letter =
                items.len() == 3 && pair[1].len() == 1 && pair[1].bytes().all(|byte| byte.is_ascii_lowercase());
            let operator = names::operator(pair[1]).or((signs || letter).then_some(Operator::More));
            if let (false, Some(operator), Some(value)) = (kinds.is_empty(), operator, items.get(at + 2)) {
                self.valued(&kinds, operator, &[value])?;
                return Ok(true);
            }
            if let (Some(Operator::More), Some(value)) = (operator, items.get(at + 2).and_then(Tree::text)) {
                let name = self.name();
                for kinds in self.several(pair[0]) {
                    // Words that look like a name are no question about anything else, but only where
                    // names are looked through at all.
                    match kinds.contains(&kind::PERSON_NAME) {
                        true => self.screen.pattern(&name, value)?,
                        false => self.screen.ask(&name, kinds, Ask::Compare)?,
                    }
                }
            }
        }
        Ok(false)
    }

    /// What the rules say of a column that looks into values of several kinds, and of each part of a way to it:
    /// Tryton's `rec_name` is a party's name, and whatever else people find it by.
    fn several(&self, column: &str) -> Vec<&'p [KindId]> {
        let parameters = &self.screen.plan.parameters;
        let parts = column.split(['.', '/', ':']).chain([column]);
        let known = parts.filter_map(|part| parameters.get(&label::fold(part)));
        known.map(|parameter| parameter.filters.as_slice()).filter(|kinds| kinds.len() > 1).collect()
    }

    /// A call by name whose first parameter is words to look for:
    /// `{"method":"model.party.party.autocomplete","params":["090",…]}`.
    pub(super) fn called(&mut self, tree: &Tree) -> Result<(), Refusal> {
        let Tree::Map(members) = tree else { return Ok(()) };
        let all = |wanted: &'static str| members.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
        let last = |method: &Tree| method.text().and_then(|text| text.rsplit('.').next()).map(str::to_owned);
        if !all("method").filter_map(last).any(|name| names::is(&name, Use::Words)) {
            return Ok(());
        }
        for first in all("params").filter_map(|params| params.children().into_iter().next()) {
            if let Some(words) = first.1.text() {
                self.screen.pattern("params", words)?;
            }
        }
        Ok(())
    }

    /// Column, operator and value as members: `{"field":"tel","op":"bw","value":"090"}`.
    pub(super) fn described(&mut self, members: &[(String, Tree)]) -> Result<bool, Refusal> {
        let parts: Vec<(Rc<Part<'p>>, &Tree)> =
            members.iter().map(|(name, value)| (self.part(name.clone()), value)).collect();
        let whole_request = self.path.is_empty();
        let names_column = |part: &Part<'_>| {
            part.is(Use::Column) && !(whole_request && AT_THE_TOP_A_VALUE.contains(&part.name.as_str()))
        };
        let columns = self.screen.columns();
        // The columns that a request wants to have are beside all else that it says.
        let looks = parts.iter().any(|(part, value)| looks_into(part, value));
        let is_wish = |part: &Part<'_>| part.is(Use::Select) && (whole_request || !looks);
        let is_ransack = ["a", "p", "v"].iter().all(|name| parts.iter().any(|(part, _)| part.name == *name));
        let is_named = |part: &Part<'_>, value: &Tree| {
            (names_column(part) && (value.text().is_some() || !is_wish(part))) || (is_ransack && part.name == "a")
        };
        let named = || parts.iter().filter(|(part, value)| is_named(part, value));
        let kinds_of = |value: &Tree| -> Vec<KindId> {
            texts(value, TEXTS_DEPTH).into_iter().flat_map(|text| columns.named(text).kinds).collect()
        };
        let kinds: Vec<KindId> = named().flat_map(|(_, value)| kinds_of(value)).collect();
        if kinds.is_empty() {
            return self.through(&parts);
        }
        let name = self.name();
        let own = named().filter(|(part, _)| !is_wish(part)).flat_map(|(_, value)| kinds_of(value));
        let own: Vec<KindId> = own.collect();
        let has_value = parts.iter().any(|(part, value)| hints::is_value(&part.name) && value.text() != Some(""));
        let is_page = |part: &Part<'_>, value: &Tree| whole_request && has_value && turns_pages(part, value);
        if parts.iter().any(|(part, value)| says_how(part, value, is_ransack) && !is_page(part, value)) {
            self.screen.ask(&name, &own, Ask::Compare)?;
        }
        let holds = |what: Use| {
            parts.iter().filter(move |(part, value)| part.is(what) && !value.text().is_some_and(str::is_empty))
        };
        // A function may be the operator: `{"field":"tel","func":"eq","value":"…"}`.
        let compares = |(_, value): &&(Rc<Part<'p>>, &Tree)| value.text().is_some_and(names::is_equality);
        let sorts_by_another = holds(Use::Sort).filter_map(|(_, value)| value.text()).any(names_another);
        if holds(Use::Sort).any(|part| !compares(&part)) || holds(Use::Direction).next().is_some() {
            self.screen.ask(&name, if sorts_by_another { &own } else { &kinds }, Ask::Order)?;
        }
        // Under another name the answer's value would be nobody's.
        let said = |name: &str| parts.iter().any(|(part, value)| part.name == name && value.text() != Some(""));
        if said("alias") {
            self.screen.ask(&name, &kinds, Ask::Compare)?;
        }
        // Beside a list of columns a key is what is looked for in them.
        let lists = !whole_request && named().any(|(part, _)| part.is(Use::Select) && !is_wish(part));
        let is_key = |part: &Part<'_>, value: &Tree| {
            lists && part.name == "key" && value.text().is_some_and(|text| columns.whole(text).is_empty())
        };
        let all = parts.iter().filter(|(_, value)| value.text() != Some(""));
        let all = all.filter(|(part, value)| (part.is(Use::Value) && !part.is(Use::Column)) || is_key(part, value));
        let values: Vec<&Tree> = all.map(|(_, value)| *value).collect();
        if values.is_empty() {
            let outer = self.path.iter().rfind(|part| !part.is_number);
            let is_pivot = outer.is_some_and(|part| hints::is_of_a_pivot(&part.name));
            let is_alone = |part: &Part<'_>| is_pivot || part.name == "by" || (whole_request && part.name == "field");
            let alone = named().filter(|(part, value)| is_alone(part) && value.text().is_some());
            let alone: Vec<KindId> = alone.flat_map(|(_, value)| kinds_of(value)).collect();
            self.alone(&parts, &alone)?;
            return Ok(false);
        }
        let operators = holds(Use::Operator).flat_map(|(_, value)| texts(value, TEXTS_DEPTH));
        let operators = operators.map(|text| names::operator(text).unwrap_or(Operator::More));
        // A type beside a column and a value may say how to compare: `greaterThan`.
        let types = parts.iter().filter(|(part, _)| part.name == "type").filter_map(|(_, value)| value.text());
        let types = types.flat_map(spelling::tokens).filter_map(|word| names::operator(&word));
        let operator = operators.chain(types).max();
        self.valued(&kinds, operator.unwrap_or(Operator::Equality), &values)?;
        Ok(true)
    }

    /// A column with nowhere a place for a value: the answer is made of it.
    fn alone(&mut self, parts: &[(Rc<Part<'p>>, &Tree)], kinds: &[KindId]) -> Result<(), Refusal> {
        let has_place = parts.iter().any(|(part, _)| part.is(Use::Value) && !part.is(Use::Column));
        let name = self.name();
        if has_place { Ok(()) } else { self.screen.ask(&name, kinds, Ask::Order) }
    }

    /// Members of a column's own that say how it is compared: `{"tel":{"type":"gt","value":"…"}}`, `"tel":["gt","…"]`.
    pub(super) fn below(&mut self, tree: &Tree) -> Result<(), Refusal> {
        let children = tree.children();
        let own = self.path.iter().rfind(|part| !part.is_number).filter(|part| !part.named.kinds.is_empty());
        let Some(kinds) = own.filter(|_| children.len() > 1).map(|part| part.named.kinds.clone()) else {
            return Ok(());
        };
        let says = |(_, child): &(String, &Tree)| child.text().is_some_and(names::compares);
        let name = self.name();
        if children.iter().any(says) { self.screen.ask(&name, &kinds, Ask::Compare) } else { Ok(()) }
    }

    /// A parameter in whose name a column's stands beside another word, and that says how to compare:
    /// `tel=…&tel_type=gt`.
    pub(super) fn apart(&mut self, text: &str) -> Result<(), Refusal> {
        let Some(last) = self.path.iter().rfind(|part| !part.is_number) else { return Ok(()) };
        if !names::compares(text) {
            return Ok(());
        }
        let words = spelling::tokens(&last.name);
        let columns = self.screen.columns();
        let runs = (1..words.len()).flat_map(|at| [words[..at].join("_"), words[at..].join("_")]);
        let kinds: Vec<KindId> = runs.flat_map(|run| columns.named(&run).kinds).collect();
        let name = self.name();
        self.screen.ask(&name, &kinds, Ask::Compare)
    }

    pub(super) fn valued(&mut self, kinds: &[KindId], operator: Operator, values: &[&Tree]) -> Result<(), Refusal> {
        let name = self.name();
        for value in values {
            match (operator, value.text()) {
                (_, Some("")) => {}
                (Operator::Presence, Some(text)) if names::is_flag(text.trim()) => {
                    self.screen.presence(&name, kinds)?
                }
                (Operator::Presence | Operator::More, _) => self.screen.ask(&name, kinds, Ask::Compare)?,
                (Operator::Equality, Some(text)) => self.screen.compare(&name, kinds, text.trim())?,
                (Operator::Equality, None) => {
                    let children = value.children();
                    let children: Vec<&Tree> = children.iter().map(|(_, child)| *child).collect();
                    self.valued(kinds, operator, &children)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a sort's text is the name of a column, and no direction or number.
fn names_another(text: &str) -> bool {
    !names::is_way(text) && !text.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Names of a request's pages that are operators elsewhere.
const PAGES: &[&str] = &["start", "length", "from", "to", "end"];

/// Whether a member beside a list of columns says that something is looked for in them.
fn looks_into(part: &Part<'_>, value: &Tree) -> bool {
    let compares = part.operator == Some(Operator::More) && !part.is(Use::Sort);
    let is_page = |text: &str| PAGES.contains(&part.name.as_str()) && hints::is_setting(text);
    let says = compares && value.text().is_some_and(|text| !hints::is_switch(text) && !is_page(text));
    part.is(Use::Operator) || part.name == "key" || says
}

/// Whether a member turns pages: `start=0&length=10`.
fn turns_pages(part: &Part<'_>, value: &Tree) -> bool {
    PAGES.contains(&part.name.as_str()) && value.text().is_some_and(hints::is_small)
}

/// How deep the texts of a description's member stand: `field[0]`, `a[0][name]`.
const TEXTS_DEPTH: usize = 2;

/// The texts of a member, down to this depth.
fn texts(tree: &Tree, depth: usize) -> Vec<&str> {
    match tree {
        Tree::Leaf(text) => vec![text.as_str()],
        _ if depth == 0 => Vec::new(),
        _ => tree.children().into_iter().flat_map(|(_, child)| texts(child, depth - 1)).collect(),
    }
}

/// Whether a member beside a column says that it is compared by more than equality, whatever that member is called.
fn says_how(part: &Part<'_>, value: &Tree, is_ransack: bool) -> bool {
    let is_off = |text: &str| matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "0" | "null");
    let by_name = part.named.kinds.is_empty()
        && part.operator == Some(Operator::More)
        && !part.is(Use::Column)
        && !part.is(Use::Value)
        && !part.is(Use::Operator)
        && !part.is(Use::Sort)
        && value.text().is_some_and(|text| !is_off(text));
    let is_value = part.is(Use::Value) || part.is(Use::Column) || part.is(Use::Sort) || part.is(Use::Direction);
    let predicate = is_ransack && part.name == "p" && value.text().is_some_and(|text| !names::is_equality(text));
    by_name
        || predicate
        || (!is_value && value.children().len() < 8 && texts(value, 1).into_iter().any(names::compares))
}
