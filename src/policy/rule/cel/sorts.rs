//! Of which sort each part of an expression is: what cannot be compared, and a word that nothing ever is,
//! is told when the rules are read. At a request it would only be a refusal, or a rule that never applies.

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, Expr, LiteralValue};

use crate::policy::reader::{nearest, words_of};
use crate::terms::event::Event;
use crate::terms::methods::SERVED;

/// Events that a request can be.
const EVENTS: [Event; 5] = [Event::View, Event::Search, Event::Export, Event::Write, Event::Login];

/// What a part of an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Number,
    Truth,
    List,
    Map,
}

impl Sort {
    fn words(self) -> &'static str {
        match self {
            Sort::Text => "a text",
            Sort::Number => "a number",
            Sort::Truth => "true or false",
            Sort::List => "a list",
            Sort::Map => "a map",
        }
    }
}

/// What can never be meant: where, what it is, and what to do.
pub(super) struct Clash<'a> {
    pub(super) node: &'a IdedExpr,
    pub(super) message: String,
    pub(super) help: String,
}

/// Everything in an expression that can never be meant.
pub(super) fn clashes(node: &IdedExpr) -> Vec<Clash<'_>> {
    let mut sorts = Sorts { clashes: Vec::new(), item: None };
    sorts.of(node);
    sorts.clashes
}

struct Sorts<'a> {
    clashes: Vec<Clash<'a>>,
    /// What a loop calls its items, which are texts.
    item: Option<&'a str>,
}

impl<'a> Sorts<'a> {
    /// The sort of a part; nothing where it may be any, or is wrong in itself.
    fn of(&mut self, node: &'a IdedExpr) -> Option<Sort> {
        match &node.expr {
            Expr::Literal(literal) => literal_sort(literal),
            Expr::List(list) => {
                self.all(&list.elements);
                Some(Sort::List)
            }
            Expr::Ident(name) => (self.item == Some(name)).then_some(Sort::Text),
            Expr::Select(select) if select.test => Some(Sort::Truth),
            Expr::Select(select) => Some(member_sort(&select.operand, &select.field)),
            Expr::Call(call) => self.call(node, &call.func_name, call.target.as_deref(), &call.args),
            Expr::Comprehension(inner) => self.every(inner),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => None,
        }
    }

    /// Looks into parts that may be of any sort.
    fn all(&mut self, parts: impl IntoIterator<Item = &'a IdedExpr>) {
        for part in parts {
            self.of(part);
        }
    }

    fn every(&mut self, inner: &'a ComprehensionExpr) -> Option<Sort> {
        self.must(&inner.iter_range, Sort::List);
        let around = self.item.replace(&inner.iter_var);
        self.of(&inner.loop_step);
        self.item = around;
        Some(Sort::Truth)
    }

    fn call(
        &mut self,
        node: &'a IdedExpr,
        function: &str,
        target: Option<&'a IdedExpr>,
        args: &'a [IdedExpr],
    ) -> Option<Sort> {
        match (function, target, args) {
            ("_&&_" | "_||_" | "!_", None, all) => {
                all.iter().for_each(|arg| self.must(arg, Sort::Truth));
                Some(Sort::Truth)
            }
            ("_==_" | "_!=_", None, [a, b]) => {
                self.alike(node, a, b, &[]);
                self.is_word(a, b);
                self.is_word(b, a);
                Some(Sort::Truth)
            }
            ("_<_" | "_<=_" | "_>_" | "_>=_", None, [a, b]) => {
                self.alike(node, a, b, &[Sort::Text, Sort::Number]);
                Some(Sort::Truth)
            }
            ("@in", None, [item, all]) => {
                self.of(item);
                self.looked_into(all);
                if let Expr::List(list) = &all.expr {
                    list.elements.iter().for_each(|word| self.is_word(item, word));
                }
                Some(Sort::Truth)
            }
            ("startsWith" | "endsWith" | "contains", Some(target), [arg]) => {
                self.must(target, Sort::Text);
                self.must(arg, Sort::Text);
                Some(Sort::Truth)
            }
            ("size", _, _) => Some(Sort::Number),
            ("_[_]", None, _) => Some(Sort::Text),
            ("_?_:_", None, [when, then, otherwise]) => {
                self.must(when, Sort::Truth);
                let (then, otherwise) = (self.of(then)?, self.of(otherwise)?);
                (then == otherwise).then_some(then)
            }
            // The language's own part of a loop: what it asks stands in there.
            (_, target, args) => {
                self.all(target);
                self.all(args);
                None
            }
        }
    }

    fn must(&mut self, node: &'a IdedExpr, wanted: Sort) {
        if let Some(sort) = self.of(node).filter(|sort| *sort != wanted) {
            let message = format!("this is {}, and {} is asked for", sort.words(), wanted.words());
            self.clashes.push(Clash { node, message, help: HELP.to_owned() });
        }
    }

    fn alike(&mut self, node: &'a IdedExpr, a: &'a IdedExpr, b: &'a IdedExpr, ordered: &[Sort]) {
        let (Some(one), Some(other)) = (self.of(a), self.of(b)) else { return };
        let message = if one != other {
            format!("{} is compared with {}", one.words(), other.words())
        } else if !ordered.is_empty() && !ordered.contains(&one) {
            format!("{} is neither more nor less than another", one.words())
        } else {
            return;
        };
        self.clashes.push(Clash { node, message, help: HELP.to_owned() });
    }

    /// `x in y` looks into lists and maps.
    fn looked_into(&mut self, all: &'a IdedExpr) {
        if let Some(sort @ (Sort::Text | Sort::Number | Sort::Truth)) = self.of(all) {
            let message = format!("`in` looks into a list, and this is {}", sort.words());
            let help = "a part of a text is sought by `.contains(\"…\")`".to_owned();
            self.clashes.push(Clash { node: all, message, help });
        }
    }

    /// Whether a text that a known member is compared with is one that it can be.
    fn is_word(&mut self, member: &IdedExpr, word: &'a IdedExpr) {
        let (Some(member), Expr::Literal(LiteralValue::String(text))) = (known(member), &word.expr) else { return };
        let text = text.inner();
        let (message, words): (String, Vec<&str>) = match member {
            ("request", "method") => (format!("`{text}` is no method"), SERVED.to_vec()),
            ("request", "event") => {
                let words = EVENTS.iter().map(|event| event.word()).collect();
                (format!("`{text}` is no event of a request"), words)
            }
            ("request", "network") if text.contains('/') => {
                let message = format!("`request.network` is one address, and `{text}` are many");
                let help = format!("write `network: {text}` beside the expression");
                self.clashes.push(Clash { node: word, message, help });
                return;
            }
            _ => return,
        };
        if !words.contains(&text) {
            let help = match nearest(text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", words_of(words.iter().copied())),
            };
            self.clashes.push(Clash { node: word, message, help });
        }
    }
}

/// What to do about most of them.
const HELP: &str = "texts are compared with texts, `size(…)` with a number, and a list is asked with `in`";

fn literal_sort(literal: &LiteralValue) -> Option<Sort> {
    match literal {
        LiteralValue::String(_) => Some(Sort::Text),
        LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Some(Sort::Number),
        LiteralValue::Boolean(_) => Some(Sort::Truth),
        LiteralValue::Bytes(_) | LiteralValue::Null => None,
    }
}

/// A member of one of the three names.
pub(super) fn known(node: &IdedExpr) -> Option<(&str, &str)> {
    let Expr::Select(select) = &node.expr else { return None };
    let Expr::Ident(root) = &select.operand.expr else { return None };
    (!select.test).then_some((root.as_str(), select.field.as_str()))
}

/// What the members hold; those of maps, and all others, are texts.
fn member_sort(operand: &IdedExpr, field: &str) -> Sort {
    let Expr::Ident(root) = &operand.expr else { return Sort::Text };
    match (root.as_str(), field) {
        ("staff", "groups" | "roles") | ("resource", "ids") => Sort::List,
        ("request", "query" | "headers") | ("staff", "attributes") => Sort::Map,
        _ => Sort::Text,
    }
}
