//! What an expression says that can be meant so and hardly is, and the names of the rules in it, which
//! are looked up when all files are read.

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, Expr, LiteralValue};

use super::sorts::known;

/// What is hardly meant so: where, what it is, and what to do.
pub(super) struct Doubt<'a> {
    pub(super) node: &'a IdedExpr,
    pub(super) message: String,
    pub(super) help: String,
}

/// What a name in an expression is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOf {
    /// A resource.
    Resource,
    /// A role.
    Role,
    /// A purpose.
    Purpose,
}

/// All that one expression holds of either.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) doubts: Vec<Doubt<'a>>,
    pub(super) names: Vec<(NameOf, &'a IdedExpr, &'a str)>,
}

/// Looks through an expression whose names and sorts are known.
pub(super) fn of(node: &IdedExpr) -> Found<'_> {
    let mut found = Found::default();
    found.look(node, None);
    found
}

impl<'a> Found<'a> {
    /// `of` is what the items of the loop are, if the node stands in one.
    fn look(&mut self, node: &'a IdedExpr, of: Option<(&str, NameOf)>) {
        match &node.expr {
            Expr::Call(call) => {
                self.call(node, &call.func_name, call.target.as_deref(), &call.args, of);
                call.target.as_deref().into_iter().chain(&call.args).for_each(|part| self.look(part, of));
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.look(item, of)),
            Expr::Comprehension(inner) => self.every(inner),
            _ => {}
        }
    }

    fn call(
        &mut self,
        node: &'a IdedExpr,
        function: &str,
        target: Option<&'a IdedExpr>,
        args: &'a [IdedExpr],
        of: Option<(&str, NameOf)>,
    ) {
        match (function, target, args) {
            ("_==_" | "_!=_", None, [a, b]) => {
                self.word(a, b, of);
                self.word(b, a, of);
            }
            ("@in", None, [item, all]) => match (&all.expr, known(all).and_then(named)) {
                (Expr::List(list), _) => list.elements.iter().for_each(|word| self.word(item, word, of)),
                (_, Some(what)) => self.name(what, item),
                _ => {}
            },
            ("startsWith", Some(target), [arg]) => match (known(target), text(arg)) {
                (Some(("request", "path")), Some(word)) => self.path(arg, word, true),
                (Some(("request", "network")), Some(word)) if !word.ends_with(['.', ':']) => {
                    let message = format!("`{word}` begins other addresses too: `{word}0` is one");
                    let help = "write the network as a condition, as in `network: 10.0.0.0/8`".to_owned();
                    self.doubts.push(Doubt { node, message, help });
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// A text that a member, or an item of a loop, is compared with.
    fn word(&mut self, member: &'a IdedExpr, word: &'a IdedExpr, of: Option<(&str, NameOf)>) {
        match (&member.expr, known(member)) {
            (Expr::Ident(item), _) => {
                if let Some((_, what)) = of.filter(|(own, _)| own == item) {
                    self.name(what, word);
                }
            }
            (_, Some(("request", "path"))) => {
                if let Some(path) = text(word) {
                    self.path(word, path, false);
                }
            }
            (_, Some(member)) => {
                if let Some(what) = named(member) {
                    self.name(what, word);
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, what: NameOf, word: &'a IdedExpr) {
        // An empty text asks whether there is any.
        self.names.extend(text(word).filter(|text| !text.is_empty()).map(|text| (what, word, text)));
    }

    /// Paths are compared in lower case, and begin with a slash.
    fn path(&mut self, node: &'a IdedExpr, path: &str, begins: bool) {
        let lower = path.to_lowercase();
        if path.starts_with('/') && lower == path || begins && path.is_empty() {
            return;
        }
        let message = format!("no path is `{path}`: paths are in lower case and begin with `/`");
        let help = format!("write `\"/{}\"`", lower.trim_start_matches('/'));
        self.doubts.push(Doubt { node, message, help });
    }

    /// `staff.groups.exists(g, g != "x")` holds for whoever is in any other group too.
    fn every(&mut self, inner: &'a ComprehensionExpr) {
        let of = known(&inner.iter_range).and_then(named).map(|what| (inner.iter_var.as_str(), what));
        if let (Some(("staff", list)), Some((step, word))) = (known(&inner.iter_range), other_than(inner)) {
            let message = format!("this holds for whoever has something beside `{word}` in `staff.{list}`");
            let help = format!("write `!(\"{word}\" in staff.{list})` for whoever has it not");
            self.doubts.push(Doubt { node: step, message, help });
        }
        self.look(&inner.loop_step, of);
    }
}

/// `g != "x"` as all that an `exists` asks.
fn other_than(inner: &ComprehensionExpr) -> Option<(&IdedExpr, &str)> {
    let Expr::Call(or) = &inner.loop_step.expr else { return None };
    let [_, step] = or.args.as_slice() else { return None };
    let Expr::Call(call) = &step.expr else { return None };
    let [a, b] = call.args.as_slice() else { return None };
    let is_item = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if *name == inner.iter_var);
    let word = if is_item(a) { text(b) } else { text(a).filter(|_| is_item(b)) };
    (or.func_name == "_||_" && call.func_name == "_!=_").then_some((step, word?))
}

fn text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// What the names are that a member holds.
fn named(member: (&str, &str)) -> Option<NameOf> {
    match member {
        ("resource", "id" | "ids") => Some(NameOf::Resource),
        ("staff", "roles") => Some(NameOf::Role),
        ("request", "purpose") => Some(NameOf::Purpose),
        _ => None,
    }
}
