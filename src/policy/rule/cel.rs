//! `cel:` of a condition: an expression of the Common Expression Language over `request`, `staff` and
//! `resource`.
//!
//! What it may say is a closed part of the language: comparing, `in`, `has`, the questions about
//! texts, and one loop over a list. So every name is known when the rules are read, no expression
//! grows or runs away, and of a request only the parameters and headers that stand in it are looked at.

mod constant;
mod doubts;
mod sorts;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{ComprehensionExpr, Expr, LiteralValue};
use cel::{Context, Env, IdedExpr, ParseError, Program, Value};

use crate::policy::reader::{nearest, words_of};

pub use crate::policy::rule::cel::doubts::NameOf;

/// Bytes of one expression.
const TEXT_BYTES: usize = 1000;
/// How deep brackets and operators may nest, as the parser counts.
const DEPTH: u16 = 64;
/// Items of a list that stands in an expression.
const ITEMS: usize = 100;

/// What each name holds.
const NAMES: [(&str, &[&str]); 3] = [
    ("request", &["method", "path", "event", "purpose", "network", "time", "query", "headers"]),
    ("staff", &["id", "source", "groups", "roles", "attributes"]),
    ("resource", &["id", "ids"]),
];
/// Members whose own members are named freely.
const FREE: [(&str, &str); 3] = [("request", "query"), ("request", "headers"), ("staff", "attributes")];
/// Headers that hold credentials or are the gateway's own.
const CLOSED: [&str; 4] = ["authorization", "cookie", "sudare-", "proxy-"];

const ANSWERS: [&str; 14] = [
    "_&&_",
    "_||_",
    "!_",
    "_==_",
    "_!=_",
    "_<_",
    "_<=_",
    "_>_",
    "_>=_",
    "@in",
    "startsWith",
    "endsWith",
    "contains",
    "_?_:_",
];
const GIVES: [&str; 2] = ["_[_]", "size"];

/// The functions of the language, made once.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// An expression, ready to run.
#[derive(Debug)]
pub struct Cel {
    /// As it is written.
    pub text: String,
    program: Program,
    /// The headers that it looks at, in lower case.
    pub headers: BTreeSet<String>,
    /// The parameters of the query that it looks at.
    pub query: BTreeSet<String>,
    /// What it is for every request, if it hangs on none.
    pub always: Option<bool>,
    /// What it says that is hardly meant so.
    pub doubts: Vec<CelFault>,
    /// Names of the rules that stand in it, each with the byte at which it begins.
    pub names: Vec<(NameOf, usize, String)>,
}

/// What is wrong with an expression, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CelFault {
    /// The byte at which it shows.
    pub offset: usize,
    /// What it is.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What expressions of one request look at.
pub struct Scope {
    context: Context<'static, 'static>,
}

impl Scope {
    /// The three names, each a map.
    pub fn new(request: Value, staff: Value, resource: Value) -> Scope {
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.add_variable_from_value("request", request);
        context.add_variable_from_value("staff", staff);
        context.add_variable_from_value("resource", resource);
        Scope { context }
    }
}

impl Cel {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Cel, Vec<CelFault>> {
        if text.len() > TEXT_BYTES {
            return Err(vec![fault(0, format!("the expression is longer than {TEXT_BYTES} bytes"), None)]);
        }
        if let Some(at) = too_deep(text) {
            return Err(vec![fault(at, "the expression nests too deeply".to_owned(), None)]);
        }
        let parser = ENV.parser().max_recursion_depth(DEPTH).error_recovery_limit(4);
        // The program's own `compile` takes no bound of the depth; what passes here passes there.
        let parsed = parser.parse(text).and_then(|_| ENV.compile(text));
        let program = parsed.map_err(|errors| {
            // What follows the first is mostly its echo.
            errors.errors.iter().take(1).map(|error| told(text, error)).collect::<Vec<_>>()
        })?;
        let mut reading =
            Reading { text, program: &program, faults: Vec::new(), headers: BTreeSet::new(), query: BTreeSet::new() };
        reading.answer(program.expression());
        if reading.faults.is_empty() {
            reading.compare(program.expression());
        }
        let Reading { faults, headers, query, .. } = reading;
        if !faults.is_empty() {
            return Err(faults);
        }
        let always = constant::of(program.expression());
        let found = doubts::of(program.expression());
        let at = |node: &IdedExpr| offset(text, &program, node);
        let doubts = found.doubts.into_iter().map(|doubt| fault(at(doubt.node), doubt.message, Some(doubt.help)));
        let names = found.names.into_iter().map(|(what, node, name)| (what, at(node), name.to_owned()));
        let (doubts, names) = (doubts.collect(), names.collect());
        Ok(Cel { text: text.to_owned(), program, headers, query, always, doubts, names })
    }

    /// Whether it holds; `None` where it cannot be evaluated. Why not stays here: an error of the
    /// language tells values.
    pub fn holds(&self, scope: &Scope) -> Option<bool> {
        match self.program.execute(&scope.context) {
            Ok(Value::Bool(holds)) => Some(holds),
            _ => None,
        }
    }
}

/// An expression on its way to be known.
struct Reading<'a> {
    text: &'a str,
    program: &'a Program,
    faults: Vec<CelFault>,
    headers: BTreeSet<String>,
    query: BTreeSet<String>,
}

impl Reading<'_> {
    /// The whole expression: it must be something that can be true.
    fn answer(&mut self, node: &IdedExpr) {
        let can = match &node.expr {
            Expr::Call(call) => call.func_name != "size",
            Expr::Literal(literal) => matches!(literal, LiteralValue::Boolean(_)),
            Expr::Select(select) => select.test,
            Expr::Comprehension(_) => true,
            _ => false,
        };
        self.node(node, None);
        if !can && self.faults.is_empty() {
            let help = "compare it with something, as in `request.method == \"GET\"`";
            self.faults.push(fault(0, "the expression is neither true nor false".to_owned(), Some(help.to_owned())));
        }
    }

    /// What can never be meant, once every name and function is known.
    fn compare(&mut self, node: &IdedExpr) {
        for clash in sorts::clashes(node) {
            self.wrong(clash.node, clash.message, Some(clash.help));
        }
    }

    /// `of` is the loop that stands around the node.
    fn node(&mut self, node: &IdedExpr, of: Option<&ComprehensionExpr>) {
        match &node.expr {
            Expr::Literal(_) => {}
            Expr::List(list) => {
                if list.elements.len() > ITEMS {
                    self.wrong(node, format!("a list has at most {ITEMS} items"), None);
                }
                list.elements.iter().for_each(|item| self.node(item, of));
            }
            Expr::Ident(name) => self.name(node, name, of),
            Expr::Select(select) => self.select(node, &select.operand, &select.field, of),
            Expr::Call(call) => self.call(node, &call.func_name, call.target.as_deref(), &call.args, of),
            Expr::Comprehension(inner) => self.every(node, inner, of),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                self.wrong(node, "maps cannot stand in an expression here".to_owned(), None);
            }
        }
    }

    fn name(&mut self, node: &IdedExpr, name: &str, of: Option<&ComprehensionExpr>) {
        if of.is_some_and(|of| of.iter_var == name || of.accu_var == name) {
            return;
        }
        let known = NAMES.iter().find(|(root, _)| *root == name);
        match known {
            Some((root, members)) => {
                let help = format!("its members are {}", words_of(members.iter().copied()));
                self.wrong(node, format!("`{root}` alone says nothing"), Some(help));
            }
            None => {
                let help = match nearest(name, NAMES.iter().map(|(root, _)| *root)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {}", words_of(NAMES.iter().map(|(root, _)| *root))),
                };
                self.wrong(node, format!("nothing is called `{name}`"), Some(help));
            }
        }
    }

    fn select(&mut self, node: &IdedExpr, operand: &IdedExpr, field: &str, of: Option<&ComprehensionExpr>) {
        if let Some((root, member)) = free(operand) {
            return self.free(node, root, member, field);
        }
        let Expr::Ident(root) = &operand.expr else {
            self.wrong(node, format!("there is no `{field}` in it"), None);
            return self.node(operand, of);
        };
        let Some((root, members)) = NAMES.iter().find(|(name, _)| name == root) else {
            return self.node(operand, of);
        };
        if !members.contains(&field) {
            let help = match nearest(field, members.iter().copied()) {
                Some(near) => format!("did you mean `{root}.{near}`?"),
                None => format!("its members are {}", words_of(members.iter().copied())),
            };
            self.wrong(node, format!("`{root}` has no `{field}`"), Some(help));
        } else if FREE.contains(&(root, field)) {
            let help = format!("name one of them, as in `{root}.{field}[\"name\"]`");
            self.wrong(node, format!("`{root}.{field}` as a whole cannot be looked at"), Some(help));
        }
    }

    /// A parameter, a header or an attribute that stands in the expression by its name.
    fn free(&mut self, node: &IdedExpr, root: &str, member: &str, name: &str) {
        match (root, member) {
            ("request", "query") => drop(self.query.insert(name.to_owned())),
            ("request", "headers") => {
                let lower = name.to_ascii_lowercase();
                let closed = CLOSED.iter().any(|closed| lower.starts_with(closed));
                if closed {
                    self.wrong(node, format!("the header `{name}` is no matter of the rules"), None);
                } else if lower != name {
                    let help = format!("write `\"{lower}\"`");
                    self.wrong(node, "headers are named in lower case".to_owned(), Some(help));
                }
                self.headers.insert(lower);
            }
            _ => {}
        }
    }

    fn call(
        &mut self,
        node: &IdedExpr,
        function: &str,
        target: Option<&IdedExpr>,
        args: &[IdedExpr],
        of: Option<&ComprehensionExpr>,
    ) {
        let own = of.is_some_and(|of| is_own(function, args, of));
        if !own && !ANSWERS.contains(&function) && !GIVES.contains(&function) {
            let known = ["size", "startsWith", "endsWith", "contains", "has", "exists", "all", "exists_one", "in"];
            let shown = function.trim_matches(['_', '@']);
            // `in` stands between two things, and whoever writes `int(…)` means a function.
            let help = match nearest(function, known.into_iter().filter(|name| *name != "in")) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", words_of(known.into_iter())),
            };
            self.wrong(node, format!("`{shown}` cannot stand in a condition"), Some(help));
        }
        let by_name = match (function, args) {
            ("_[_]", [map, name]) | ("@in", [name, map]) => free(map).map(|free| (free, name)),
            _ => None,
        };
        if let Some(((root, member), name)) = by_name {
            match &name.expr {
                Expr::Literal(LiteralValue::String(name)) => self.free(node, root, member, name.inner()),
                _ => self.wrong(node, format!("`{root}.{member}` is asked by a name in quotes"), None),
            }
            return;
        }
        target.into_iter().chain(args).for_each(|arg| self.node(arg, of));
    }

    /// `staff.groups.exists(group, …)`.
    fn every(&mut self, node: &IdedExpr, inner: &ComprehensionExpr, of: Option<&ComprehensionExpr>) {
        if of.is_some() {
            self.wrong(node, "a loop cannot stand inside another".to_owned(), None);
            return;
        }
        if matches!(inner.accu_init.expr, Expr::List(_) | Expr::Map(_)) || inner.iter_var2.is_some() {
            let help = "known are `exists`, `all` and `exists_one`".to_owned();
            self.wrong(node, "a loop that makes a list cannot stand in a condition".to_owned(), Some(help));
            return;
        }
        self.node(&inner.iter_range, None);
        for part in [&inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result] {
            self.node(part, Some(inner));
        }
    }

    fn wrong(&mut self, node: &IdedExpr, message: String, help: Option<String>) {
        let offset = offset(self.text, self.program, node);
        if !self.faults.iter().any(|fault| fault.message == message) {
            self.faults.push(fault(offset, message, help));
        }
    }
}

/// `request.query`, whose members are named freely.
fn free(node: &IdedExpr) -> Option<(&'static str, &'static str)> {
    let Expr::Select(select) = &node.expr else { return None };
    let Expr::Ident(root) = &select.operand.expr else { return None };
    FREE.into_iter().find(|(known, member)| known == root && *member == select.field && !select.test)
}

/// What the language itself puts into a loop: it counts, and asks whether to go on.
fn is_own(function: &str, args: &[IdedExpr], of: &ComprehensionExpr) -> bool {
    let counts = |arg: &IdedExpr| matches!(&arg.expr, Expr::Ident(name) if *name == of.accu_var);
    function == "@not_strictly_false" || (function == "_+_" && args.first().is_some_and(counts))
}

/// Where brackets or signs stand deeper than any condition needs: the parser goes down into each.
fn too_deep(text: &str) -> Option<usize> {
    const BRACKETS: usize = 24;
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' | '?' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > BRACKETS {
            return Some(at);
        }
    }
    const SIGNS: usize = 8;
    let runs = text.as_bytes().windows(SIGNS + 1).position(|run| run.iter().all(|byte| b"!- ".contains(byte)));
    runs.filter(|at| text.as_bytes()[*at..].iter().take(SIGNS + 1).any(|byte| *byte != b' '))
}

fn told(text: &str, error: &ParseError) -> CelFault {
    let line = usize::try_from(error.pos.0).unwrap_or(1).max(1) - 1;
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let inside = text.get(before..).unwrap_or_default();
    let column = usize::try_from(error.pos.1).unwrap_or(1).max(1) - 1;
    let offset = before + bytes(inside, column);
    // The parser's own words name its tokens; what stands there says more.
    let found = text.get(offset..).and_then(|rest| rest.chars().next());
    let message = match found {
        Some(c) if !c.is_control() => format!("the expression cannot be read at `{c}`"),
        _ => "the expression ends too early".to_owned(),
    };
    fault(
        offset,
        message,
        Some("write as in `staff.groups.exists(g, g == \"tokyo\") && request.method == \"GET\"`".to_owned()),
    )
}

/// The byte at which a part begins.
fn offset(text: &str, program: &Program, node: &IdedExpr) -> usize {
    let start = program.source_info().offset_for(node.id).map_or(0, |(start, _)| start);
    bytes(text, usize::try_from(start).unwrap_or(0))
}

/// The byte at which a character begins.
fn bytes(text: &str, chars: usize) -> usize {
    text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at)
}

fn fault(offset: usize, message: String, help: Option<String>) -> CelFault {
    CelFault { offset, message, help }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn scope() -> Scope {
        let map = |pairs: Vec<(&str, Value)>| -> Value {
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<HashMap<String, Value>>().into()
        };
        let request = map(vec![
            ("method", "GET".into()),
            ("path", "/api/customers/42".into()),
            ("time", "2026-11-24T03:00:00Z".into()),
            ("query", map(vec![("mode", "short".into())])),
            ("headers", map(vec![])),
        ]);
        let staff = map(vec![
            ("id", "tanaka".into()),
            ("groups", vec![Value::from("crm-support"), Value::from("営業")].into()),
            ("attributes", map(vec![("branch", "東京".into())])),
        ]);
        Scope::new(request, staff, map(vec![("id", "customer".into()), ("ids", vec![Value::from("customer")].into())]))
    }

    #[test]
    fn what_can_be_said_is_true_false_or_unknown() {
        let scope = scope();
        for (text, holds) in [
            ("request.method == 'GET'", Some(true)),
            ("request.method != 'GET' || staff.id == 'sato'", Some(false)),
            ("staff.groups.exists(g, g == '営業')", Some(true)),
            ("staff.groups.all(g, g.startsWith('crm-'))", Some(false)),
            ("staff.groups.exists_one(g, g.contains('crm'))", Some(true)),
            ("'営業' in staff.groups && size(staff.groups) == 2", Some(true)),
            ("staff.attributes.branch in ['東京', '大阪']", Some(true)),
            ("has(staff.attributes.section)", Some(false)),
            ("'x-app' in request.headers", Some(false)),
            ("request.query[\"mode\"] == 'short' ? true : false", Some(true)),
            ("request.time < '2026-12-01' && resource.id == 'customer'", Some(true)),
            ("'customer' in resource.ids", Some(true)),
            // Nobody can say:
            ("staff.attributes.section == 'x'", None),
            ("request.headers['x-app'] == 'x'", None),
            ("staff.groups[7] == 'x'", None),
            ("request.method == 'GET' ? 1 : 2", None),
        ] {
            let cel = Cel::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
            assert_eq!(cel.holds(&scope), holds, "{text}");
        }
    }

    #[test]
    fn what_no_request_changes_is_known() {
        for (text, always) in [
            ("true", Some(true)),
            ("1 == 1", Some(true)),
            ("staff.id == 'x' || true", Some(true)),
            ("true || staff.id == 'x'", Some(true)),
            ("!(false && staff.id == 'x')", Some(true)),
            ("size(['a']) == 1 && 'a' in ['a']", Some(true)),
            ("staff.id == 'x' ? true : true", Some(true)),
            ("staff.id == 'x' && false", Some(false)),
            ("'a' == 'b'", Some(false)),
            ("staff.id == 'x' && true", None),
            ("staff.id == 'x'", None),
            ("has(staff.attributes.branch)", None),
            ("staff.groups.exists(g, true)", None),
            ("request.method in ['GET']", None),
        ] {
            let cel = Cel::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
            assert_eq!(cel.always, always, "{text}");
        }
    }

    #[test]
    fn what_is_looked_at_is_known_beforehand() {
        let cel =
            Cel::parse("request.headers['x-app'] == request.query.app && has(request.query.b)").expect("it holds");
        assert_eq!(cel.headers.iter().collect::<Vec<_>>(), ["x-app"]);
        assert_eq!(cel.query.iter().collect::<Vec<_>>(), ["app", "b"]);
    }

    #[test]
    fn what_cannot_be_said_is_told_with_its_place() {
        for (text, offset, part) in [
            ("reqest.method == 'GET'", 0, "nothing is called `reqest`"),
            ("true && stuff.id == 'x'", 8, "nothing is called `stuff`"),
            ("request.metod == 'GET'", 7, "`request` has no `metod`"),
            ("staff.id", 0, "neither true nor false"),
            ("size(staff.groups)", 0, "neither true nor false"),
            ("request == request", 0, "`request` alone says nothing"),
            ("request.query == request.query", 7, "as a whole"),
            ("request.query[staff.id] == 'x'", 13, "by a name in quotes"),
            ("request.headers['X-App'] == 'x'", 15, "in lower case"),
            ("request.headers.cookie == 'x'", 15, "no matter of the rules"),
            ("staff.id.matches('a+')", 16, "`matches` cannot stand"),
            ("staff.id + 'x' == 'y'", 9, "`+` cannot stand"),
            ("staff.groups.map(g, g + g) == []", 16, "a loop that makes a list"),
            ("staff.groups.exists(a, staff.groups.exists(b, a == b))", 42, "inside another"),
            ("{'a': 1} == {'a': 1}", 0, "maps cannot stand"),
            ("staff.id.name == 'x'", 8, "there is no `name`"),
            ("size(staff.groups) > 'x'", 19, "a number is compared with a text"),
            ("request.method > 5", 15, "a text is compared with a number"),
            ("staff.groups == 'x'", 13, "a list is compared with a text"),
            ("true < false", 5, "true or false is neither more nor less"),
            ("staff.id.startsWith(1)", 20, "this is a number, and a text is asked for"),
            ("staff.groups.contains('x')", 5, "this is a list, and a text is asked for"),
            ("'x' in staff.id", 12, "`in` looks into a list, and this is a text"),
            ("staff.groups.exists(g, g == 1)", 25, "a text is compared with a number"),
            ("staff.id.exists(g, g == 'x')", 5, "this is a text, and a list is asked for"),
            ("staff.id == 'x' && 'y'", 19, "this is a text, and true or false is asked for"),
            ("request.event == 'exprot'", 17, "`exprot` is no event of a request"),
            ("request.method in ['GET', 'GTE']", 26, "`GTE` is no method"),
            ("request.network == '10.0.0.0/8'", 19, "are many"),
            ("request.method = 'GET'", 15, "cannot be read at `=`"),
            ("request.method ==", 17, "ends too early"),
            ("", 0, "ends too early"),
        ] {
            let faults = Cel::parse(text).expect_err(text);
            assert!(faults[0].message.contains(part), "{text}: {faults:?}");
            assert_eq!(faults[0].offset, offset, "{text}: {faults:?}");
        }
        let deep = format!("{}true{}", "(".repeat(400), ")".repeat(400));
        assert!(Cel::parse(&deep).is_err());
        assert!(Cel::parse(&"!".repeat(900)).is_err());
        assert!(Cel::parse(&"true||".repeat(170)).is_err());
    }
}
