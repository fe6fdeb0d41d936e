//! Finds the questions in what a request says.
//!
//! A question is a column, a way to compare and a value. They stand in one name (`tel__gte=`), in
//! nested ones (`filter[tel][gte]=`), in one value (`sort=tel:desc`, `q=tel:090*`), or beside each
//! other (`{"field":"tel","op":"bw","value":"090"}`, `["tel","like","090%"]`).

use std::collections::HashMap;
use std::rc::Rc;

use crate::guard::disguise;
use crate::guard::query::Screen;
use crate::guard::query::columns::Named;
use crate::guard::query::decision::Ask;
use crate::guard::query::hints;
use crate::guard::query::markup;
use crate::guard::query::names::{self, Operator, Use};
use crate::guard::query::spelling;
use crate::guard::query::text::{self, Mention, Reading};
use crate::guard::query::tree::{Tree, VALUES_MAX};
use crate::policy::plan::{ColumnsAt, Parameter};
use crate::route::normal;
use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::refusal::{Reason, Refusal};

/// JSON in a text in JSON in a text: deeper it is a text.
const NESTED_MAX: usize = 4;

/// Bytes of all texts of one request in which columns are sought.
const TEXT_MAX: usize = 256 << 10;

/// What one part of a name says.
pub(super) struct Part<'p> {
    pub name: String,
    pub(super) declared: Option<&'p Parameter>,
    pub(super) named: Named,
    /// The kinds of a column that stands in the name beside a word that nobody knows.
    held: Vec<KindId>,
    pub(super) operator: Option<Operator>,
    pub is_number: bool,
    pub(super) uses: Vec<Use>,
}

impl Part<'_> {
    pub fn is(&self, what: Use) -> bool {
        self.uses.contains(&what)
    }
}

/// Walks through one request.
pub(super) struct Walk<'s, 'p> {
    pub(super) screen: &'s mut Screen<'p>,
    /// The parts of the name of what is looked at.
    pub(super) path: Vec<Rc<Part<'p>>>,
    known: HashMap<String, Rc<Part<'p>>>,
    /// The columns of a table that are elsewhere called by their numbers.
    pub(super) columns: HashMap<String, Vec<KindId>>,
    values: usize,
    text_left: usize,
    nested: usize,
    /// Whether what is called groups or counts.
    pub(super) calls_group: bool,
}

impl<'s, 'p> Walk<'s, 'p> {
    pub fn new(screen: &'s mut Screen<'p>) -> Walk<'s, 'p> {
        let (known, columns) = (HashMap::new(), HashMap::new());
        Walk { screen, path: Vec::new(), known, columns, values: 0, text_left: TEXT_MAX, nested: 0, calls_group: false }
    }

    /// Everything that a request says.
    pub fn tree(&mut self, tree: &Tree) -> Result<(), Refusal> {
        self.calls_group = Walk::calls_a_group(tree);
        self.number_columns(tree);
        self.unnumbered(tree)?;
        self.called(tree)?;
        self.in_a_table(tree)?;
        self.walk(tree)
    }

    /// A parameter whose name is no name but the front of a condition: `tel>=090`, `sort(+tel)`.
    pub fn expression(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        if !name.contains(['(', '<', '>', '!', '~', '^', '*', '|']) || name.ends_with('*') && value.is_empty() {
            return Ok(());
        }
        self.condition(&format!("{name}={value}"))
    }

    /// A text that is a condition from end to end.
    pub fn condition(&mut self, text: &str) -> Result<(), Refusal> {
        self.mentions(text, Reading::Condition)
    }

    fn walk(&mut self, tree: &Tree) -> Result<(), Refusal> {
        self.below(tree)?;
        let answered = match tree {
            Tree::Leaf(text) => return self.leaf(text.trim()),
            Tree::List(items) => {
                self.related(items)?;
                let answered = self.triple(items)?;
                if !answered {
                    self.arguments(items)?;
                }
                answered
            }
            Tree::Map(members) => {
                self.words_of_a_call(members)?;
                self.guessed(members, self.path.last().is_some_and(|part| part.is_number))?;
                self.counted(members)?;
                self.described(members)?
            }
        };
        for (name, child) in tree.children() {
            let part = self.part(name);
            let is_answered = answered
                && child.children().is_empty()
                && (part.is_number || part.uses.iter().any(|own| DESCRIBES.contains(own)));
            if is_answered && !part.is(Use::Words) {
                continue;
            }
            self.path.push(part);
            self.walk(child)?;
            self.path.pop();
        }
        Ok(())
    }

    pub(super) fn part(&mut self, name: String) -> Rc<Part<'p>> {
        if let Some(part) = self.known.get(&name) {
            return Rc::clone(part);
        }
        let declared = self.screen.plan.parameters.get(&label::fold(&name));
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        let named = if is_number || declared.is_some() { Named::default() } else { self.screen.columns().named(&name) };
        let mut uses = if is_number { Vec::new() } else { names::uses(&name) };
        // `$orderby=@p&@p=tel`: what a parameter of OData's holds is said elsewhere to be a sort, or a condition.
        if name.starts_with('@') {
            uses.extend([Use::Sort, Use::Condition]);
        }
        let is_open = !is_number && declared.is_none() && named.kinds.is_empty();
        let held = if is_open { self.screen.columns().held(&name) } else { Vec::new() };
        // `[strictly_after]`: words that are an operator and nothing else.
        let alone = || Some(names::bare(&spelling::tokens(&name))).filter(|(rest, _)| rest.is_empty())?.1;
        let operator = names::operator(&name).or_else(alone);
        let part = Rc::new(Part { declared, named, held, operator, is_number, uses, name: name.clone() });
        self.known.insert(name, Rc::clone(&part));
        part
    }

    /// One value with the names that stand at it.
    fn leaf(&mut self, text: &str) -> Result<(), Refusal> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(too_many());
        }
        // What is said in base64 is said.
        let inner = disguise::whole(text).filter(|_| self.nested < NESTED_MAX && !self.searches());
        if let Some(inner) = inner {
            if let Some(data) = Tree::structure(&inner) {
                self.cursor(&data)?;
            }
            self.nested += 1;
            let said = self.leaf(inner.trim());
            self.nested -= 1;
            said?;
        }
        if self.nested < NESTED_MAX
            && let Some(tree) = self.inner(text)?
        {
            self.nested += 1;
            let walked = self.walk(&tree);
            self.nested -= 1;
            return walked;
        }
        if self.path.is_empty() {
            return self.condition(text);
        }
        self.screen.notice(text);
        self.computed(text)?;
        self.goes_on(text)?;
        self.apart(text)?;
        self.named(text)?;
        self.declared(text)?;
        self.placed(text)?;
        if text.is_empty() || self.path.iter().any(|part| part.declared.is_some()) {
            return Ok(());
        }
        self.by_use(text)
    }

    /// Data in base64: where a list goes on. One that names a veiled column was never given to staff, and
    /// lists begin behind whatever is written there.
    fn cursor(&mut self, data: &Tree) -> Result<(), Refusal> {
        for (name, child) in data.children() {
            let part = self.part(name);
            let name = self.name();
            self.screen.ask(&name, &part.named.kinds, Ask::Compare)?;
            self.cursor(child)?;
        }
        Ok(())
    }

    /// What a value says that is a request's part in itself: JSON, XML (FetchXML in a parameter), an
    /// address with parameters of its own (one of many requests in a body).
    fn inner(&self, text: &str) -> Result<Option<Tree>, Refusal> {
        let unreadable = |_: Refusal| Refusal::new(Reason::Query, "a condition that cannot be read");
        let read = if markup::looks(text) {
            markup::tree(text.as_bytes()).map(Some).map_err(unreadable)
        } else if let Some(query) = parameters(text) {
            normal::pairs(query.as_bytes()).map(|pairs| Some(Tree::parameters(pairs.iter()))).map_err(unreadable)
        } else {
            return Ok(Tree::structure(text));
        };
        if self.screen.columns().may_hide() { read } else { Ok(read.unwrap_or_default()) }
    }

    /// A value whose name says its column.
    fn named(&mut self, text: &str) -> Result<(), Refusal> {
        let mut kinds: Vec<KindId> = self.path.iter().flat_map(|part| part.named.kinds.iter().copied()).collect();
        if let [table, number, field, ..] = &self.path[..]
            && table.name == "columns"
            && (field.name == "search" || self.path[3..].iter().any(|part| part.name == "search"))
            && self.path.last().is_none_or(|last| last.name != "regex")
        {
            kinds.extend(self.columns.get(&number.name).into_iter().flatten());
        }
        if kinds.is_empty() && !hints::is_switch(text) && !names::compares(text) {
            kinds.extend(self.path.iter().flat_map(|part| part.held.iter().copied()));
        }
        if kinds.is_empty() { Ok(()) } else { self.about(&kinds, text) }
    }

    /// A value of a declared parameter.
    fn declared(&mut self, text: &str) -> Result<(), Refusal> {
        let Some(at) = self.path.iter().rposition(|part| part.declared.is_some()) else { return Ok(()) };
        let Some(parameter) = self.path[at].declared else { return Ok(()) };
        self.by(parameter, text)
    }

    /// A value at a place that is declared by its way there: `$.params.args[4]`.
    fn placed(&mut self, text: &str) -> Result<(), Refusal> {
        let plan = self.screen.plan;
        if !plan.parameters.keys().any(|name| name.starts_with("$.")) {
            return Ok(());
        }
        let way = |each: bool| {
            let step = |part: &Rc<Part<'_>>| match (part.is_number, each) {
                (true, true) => "[*]".to_owned(),
                (true, false) => format!("[{}]", part.name),
                (false, _) => format!(".{}", part.name),
            };
            label::fold(&format!("${}", self.path.iter().map(step).collect::<String>()))
        };
        let declared = [way(false), way(true)].iter().find_map(|way| plan.parameters.get(way));
        declared.map_or(Ok(()), |parameter| self.by(parameter, text))
    }

    fn by(&mut self, parameter: &Parameter, text: &str) -> Result<(), Refusal> {
        if parameter.is_statement {
            self.stated(text)?;
        }
        if !parameter.filters.is_empty() {
            self.about(&parameter.filters, text)?;
        }
        if parameter.columns.is_empty() || parameter.is_statement || text.is_empty() {
            return Ok(());
        }
        self.is_readable(text)?;
        self.charge(text)?;
        let name = self.name();
        let own = text::pieces(text).filter_map(|piece| parameter.columns.get(&label::fold(piece)).copied());
        self.screen.ask(&name, &own.collect::<Vec<_>>(), Ask::Order)?;
        self.screen.ask(&name, &text::sorted(self.screen.columns(), text), Ask::Order)
    }

    /// A statement in a language of questions: a veiled column is asked about wherever it stands in there but in a plain
    /// list of what the answer shall have, which is veiled there.
    fn stated(&mut self, text: &str) -> Result<(), Refusal> {
        self.is_readable(text)?;
        self.mentions(text, Reading::Condition)?;
        if text::is_plain_statement(text) { Ok(()) } else { self.screen.words(&self.name(), text) }
    }

    /// A value that is compared with the kinds in the way that its name says.
    fn about(&mut self, kinds: &[KindId], text: &str) -> Result<(), Refusal> {
        let name = self.name();
        let own =
            self.path.iter().rposition(|part| !part.named.kinds.is_empty() || part.declared.is_some()).unwrap_or(0);
        let sorts = self.path.iter().enumerate().any(|(at, part)| at != own && part.is(Use::Sort));
        if sorts || (names::is(text, Use::Direction) && !text.is_empty()) {
            return self.screen.ask(&name, kinds, Ask::Order);
        }
        if text.is_empty() {
            return Ok(());
        }
        // A list that goes on behind a value is one in which that value was sought.
        if self.path.iter().enumerate().any(|(at, part)| at != own && hints::goes_on(&part.name)) {
            return self.screen.ask(&name, kinds, Ask::Compare);
        }
        if self.path.iter().any(|part| part.is(Use::Operator) && part.declared.is_none()) {
            return if names::is_equality(text) { Ok(()) } else { self.screen.ask(&name, kinds, Ask::Compare) };
        }
        let operators = self.path.iter().flat_map(|part| [part.named.operator, part.operator]);
        match operators.max().flatten() {
            Some(Operator::Presence) if names::is_flag(text) => self.screen.presence(&name, kinds),
            Some(Operator::Presence | Operator::More) => self.screen.ask(&name, kinds, Ask::Compare),
            Some(Operator::Equality) => {
                let whole = self.screen.compare(&name, kinds, text);
                if whole.is_err() && text.contains(',') { self.screen.one_of(&name, kinds, text) } else { whole }
            }
            None => self.screen.compare(&name, kinds, text),
        }
    }

    /// A value whose name says what it is for.
    fn by_use(&mut self, text: &str) -> Result<(), Refusal> {
        let any = |what| self.path.iter().any(|part| part.is(what));
        let (filters, selects) = (any(Use::Condition), any(Use::Select));
        let renames = any(Use::Column) && text.contains(" as ");
        let sorts = any(Use::Sort) || self.orders(text) || self.arranges(text);
        if sorts || filters {
            self.is_readable(text)?;
        }
        // `exists=tel`
        if self.path.iter().any(|part| names::operator(&part.name) == Some(Operator::Presence) || part.name == "has") {
            let kinds: Vec<KindId> =
                text::values(text).flat_map(|column| self.screen.columns().named(column).kinds).collect();
            self.screen.presence(&self.name(), &kinds)?;
        }
        if sorts {
            self.sorted(text)?;
        }
        if filters {
            self.mentions(text, Reading::Condition)?;
        }
        if self.searches() {
            self.mentions(text, Reading::Words)?;
            if !text::is_plain_statement(text) {
                self.screen.words(&self.name(), text)?;
            }
        }
        // What the names of declared columns mean was worked out from the whole of each.
        if let Some((_, words)) = text.split_once("$search=").filter(|_| selects) {
            self.screen.words(&self.name(), words.trim_end_matches(')'))?;
        }
        if (selects || renames) && !self.lists_columns() {
            self.charge(text)?;
            return self.answer(text::renamed(self.screen.columns(), text));
        }
        // Under a name that tells nothing, or by its number in a list, a statement is one all the same.
        let used = sorts || filters || self.searches();
        if text::is_statement(text) {
            return self.mentions(text, Reading::Condition);
        }
        if used || !text::may_compare(text) { Ok(()) } else { self.mentions(text, Reading::Words) }
    }

    /// Whether this is the parameter in which the resource's columns are named.
    fn lists_columns(&self) -> bool {
        let [part] = &self.path[..] else { return false };
        matches!(&self.screen.plan.columns_at, Some(ColumnsAt::Parameter(name)) if label::fold(name) == label::fold(&part.name))
    }

    /// Whether the value is words to look for: `q`, `search[value]`, but not `search[status]`.
    fn searches(&self) -> bool {
        let mut parts = self.path.iter().rev().filter(|part| !part.is_number);
        let last = parts.find(|part| !part.is(Use::Value) || part.is(Use::Words));
        last.is_some_and(|part| part.is(Use::Words))
    }

    /// Whether what stands under the name of a search is a sort: a column and which way (`q[s]=tel asc`), or, under
    /// a name that some read so, a column alone.
    fn orders(&self, text: &str) -> bool {
        let is_s = self.path.last().is_some_and(|part| part.name.eq_ignore_ascii_case("s"));
        let column = match text.rsplit_once([' ', '+', ',']) {
            Some((column, way)) if names::is_direction(way) => column,
            None if is_s => text,
            _ => return false,
        };
        self.searches() && !self.screen.columns().named(column.trim()).kinds.is_empty()
    }

    fn sorted(&mut self, text: &str) -> Result<(), Refusal> {
        // Servers read a number's beginning, and what is none as the first column.
        let by_number =
            self.path.iter().rev().find(|part| !part.is_number).is_some_and(|part| names::is_a_number(&part.name));
        let first = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let text = match &text[..first] {
            _ if !by_number => text,
            "" => "0",
            digits => digits,
        };
        self.charge(text)?;
        let columns = self.screen.columns();
        let mut kinds = text::sorted(columns, text);
        let last = self.path.iter().rev().find(|part| !part.is_number);
        if last.is_some_and(|part| names::takes_numbers(&part.name)) && text::counts(text) {
            match self.columns.get(text.trim_start_matches('-')) {
                Some(column) => kinds.extend(column),
                None if columns.may_hide() => kinds.extend(columns.listed()),
                None => {}
            }
        }
        self.screen.ask(&self.name(), &kinds, Ask::Order)
    }

    fn mentions(&mut self, text: &str, reading: Reading) -> Result<(), Refusal> {
        self.charge(text)?;
        // Whatever column it is compared with.
        text::literals(text).iter().for_each(|literal| self.screen.notice(literal.trim()));
        self.answer(text::mentions(self.screen.columns(), text, reading))
    }

    fn answer(&mut self, mentions: Vec<Mention>) -> Result<(), Refusal> {
        let name = self.name();
        for mention in mentions {
            match mention {
                Mention::Equal(kinds, value) if value.trim().is_empty() || names::is_nothing(&value) => {
                    self.screen.presence(&name, &kinds)?;
                }
                Mention::Equal(kinds, value) => self.screen.find(&name, &kinds, value.trim())?,
                Mention::More(kinds) => self.screen.ask(&name, &kinds, Ask::Compare)?,
            }
        }
        Ok(())
    }

    /// Every word of a text may be a column's name, so that reading is dear.
    pub(super) fn charge(&mut self, text: &str) -> Result<(), Refusal> {
        let left = self.text_left.checked_sub(text.len());
        self.text_left = left.ok_or_else(|| {
            Refusal::new(Reason::Query, format!("conditions of more than {TEXT_MAX} bytes cannot be read"))
        })?;
        Ok(())
    }

    /// What looks like JSON and is none may be read as JSON by a milder reader.
    fn is_readable(&self, text: &str) -> Result<(), Refusal> {
        if text.starts_with(['{', '[', '"']) && text.contains('\\') {
            return Err(Refusal::new(Reason::Query, "a condition that cannot be read"));
        }
        Ok(())
    }

    pub(super) fn name(&self) -> String {
        self.path.first().map(|part| part.name.clone()).unwrap_or_default()
    }
}

/// The parameters of an address, if the text is one that has any.
fn parameters(text: &str) -> Option<&str> {
    let (path, query) = text.split_once('?')?;
    let is_address = (path.starts_with('/') || path.contains("://")) && !path.contains(char::is_whitespace);
    (is_address && query.contains('=')).then_some(query)
}

/// What a column, an operator and a value beside each other are called.
const DESCRIBES: &[Use] = &[Use::Column, Use::Operator, Use::Value, Use::Direction];

/// The refusal of a question that has more values than can be looked at.
pub(super) fn too_many() -> Refusal {
    Refusal::new(Reason::BodyTooLarge, format!("a question of more than {VALUES_MAX} values"))
}
