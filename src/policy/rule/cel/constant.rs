//! Expressions that say the same of every request: `true`, `1 == 1`, `staff.id == "x" || true`.
//!
//! Names have no value here, so what hangs on one is unknown, and only the rest is worked out.

use cel::common::ast::Expr;
use cel::{Context, IdedExpr, Value};

use super::ENV;

/// What an expression always is; nothing where it hangs on the request.
pub(super) fn of(node: &IdedExpr) -> Option<bool> {
    let context = Context::with_env(ENV.clone());
    answer(node, &context)
}

fn answer(node: &IdedExpr, context: &Context<'_, '_>) -> Option<bool> {
    let Expr::Call(call) = &node.expr else { return plain(node, context) };
    let of = |at: usize| call.args.get(at).and_then(|arg| answer(arg, context));
    let all = || (0..call.args.len()).map(of);
    match call.func_name.as_str() {
        "_||_" if all().any(|one| one == Some(true)) => Some(true),
        "_||_" => all().all(|one| one == Some(false)).then_some(false),
        "_&&_" if all().any(|one| one == Some(false)) => Some(false),
        "_&&_" => all().all(|one| one == Some(true)).then_some(true),
        "!_" => of(0).map(|one| !one),
        "_?_:_" => match of(0) {
            Some(true) => of(1),
            Some(false) => of(2),
            None => of(1).filter(|one| of(2) == Some(*one)),
        },
        _ => plain(node, context),
    }
}

fn plain(node: &IdedExpr, context: &Context<'_, '_>) -> Option<bool> {
    match context.resolve(node) {
        Ok(Value::Bool(holds)) => Some(holds),
        _ => None,
    }
}
