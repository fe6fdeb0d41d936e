//! Exceptions: rules that show somebody, or everybody for a while, more than their roles do. With
//! `--strict` each must say why it is there, who answers for it, and when it ends.

use crate::policy::Parts;
use crate::policy::compile::more::More;
use crate::policy::fault::Faults;

/// Tells what is missing.
pub(super) fn tell(parts: &Parts, faults: &mut Faults) {
    let mut more = More::of(parts);
    for (number, (rule, condition)) in parts.rules.iter().zip(&parts.conditions).enumerate() {
        let is_exception = condition.staff.is_some() || condition.until.is_some();
        if !is_exception || rule.mandatory || !more.shows(number) {
            continue;
        }
        let said = |key: &str| match key {
            "until" => condition.until.is_some(),
            remark => rule.remarks.contains(&remark),
        };
        for key in ["why", "owner", "until"].into_iter().filter(|key| !said(key)) {
            let message = format!("the exception `{}` does not say `{key}`", rule.id);
            let fault = faults.warning(&rule.spot, "exception", message);
            match key {
                "why" => fault.help("write `why:` with a sentence for whoever reviews the rules"),
                "owner" => fault.help("write `owner:` with whoever answers for it"),
                _ => fault.help("write `until: 2026-12-31`; whoever needs it longer asks again"),
            }
        }
    }
}
