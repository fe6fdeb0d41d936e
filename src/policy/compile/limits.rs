//! Limits with everything looked up.

use crate::policy::compile::names::Names;
use crate::policy::decide::Who;
use crate::policy::fault::Faults;
use crate::policy::limits::LimitRule;
use crate::policy::plan::Limit;
use crate::policy::rule::limits::Limit as Written;
use crate::policy::rule::rules::Who as WrittenWho;

/// Limits of one policy; each search looks at all of them.
const LIMITS_MAX: usize = 1000;

/// Looks up whom limits are for.
pub fn compile(mut written: Vec<Written>, names: &Names<'_>, faults: &mut Faults) -> Vec<LimitRule> {
    written.sort_by(|a, b| (&a.spot.file, a.spot.span.start).cmp(&(&b.spot.file, b.spot.span.start)));
    if let Some(limit) = written.get(LIMITS_MAX) {
        let message = format!("there are {} limits and may be {LIMITS_MAX}", written.len());
        faults.error(&limit.spot, "too-many", message);
        written.truncate(LIMITS_MAX);
    }
    written.into_iter().map(|limit| one(limit, names, faults)).collect()
}

fn one(written: Written, names: &Names<'_>, faults: &mut Faults) -> LimitRule {
    let (who, staff) = whom(&written.who, names, faults);
    let limit = Limit { searches: written.searches, per: written.per, then: written.then, each: false };
    LimitRule { spot: written.spot, who, staff, limit, reveals: written.reveals }
}

/// Looks up the roles that are named; persons are no roles.
pub(super) fn whom(written: &WrittenWho, names: &Names<'_>, faults: &mut Faults) -> (Who, Option<Vec<String>>) {
    match written {
        WrittenWho::All => (Who::Every, None),
        WrittenWho::Staff(staff) => (Who::Every, Some(staff.iter().map(|id| id.text.clone()).collect())),
        WrittenWho::Roles(roles) => {
            (Who::Roles(roles.iter().filter_map(|role| names.role(role, faults)).collect()), None)
        }
    }
}
