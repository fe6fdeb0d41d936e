//! Rules that can never apply: another beats them wherever they hold, or their conditions exclude
//! each other. They do no harm, but whoever wrote them believes that they do something.
//!
//! Only what is certain is told. A mandatory rule guards against rules that are not written yet, so
//! it is never idle.

use std::collections::BTreeMap;

use crate::policy::Parts;
use crate::policy::compile::Condition;
use crate::policy::decide::{Grant, On, RoleId, Rule, Who};
use crate::policy::fault::Faults;
use crate::policy::strict::compare;
use crate::terms::event::Event;
use crate::terms::kind::KindId;

/// How many comparisons are made: a policy that needs more is told fewer of these.
const STEPS_MAX: usize = 20_000_000;

/// Tells them.
pub(super) fn tell(parts: &Parts, faults: &mut Faults) {
    let board = Board::new(parts);
    let mut steps = 0;
    for (number, (rule, condition)) in parts.rules.iter().zip(&parts.conditions).enumerate() {
        if rule.mandatory || rule.grants.is_empty() {
            continue;
        }
        if contradicts(parts, condition) {
            let fault = faults.warning(&rule.spot, "never", format!("the rule `{}` can never apply", rule.id));
            fault.help("no resource that it names has such an event: give one `event:`, or take the condition out");
            continue;
        }
        let beaten: Vec<Option<usize>> =
            rule.grants.iter().map(|grant| board.beaten(number, *grant, &mut steps)).collect();
        if steps > STEPS_MAX {
            return;
        }
        let other = |by: usize| {
            let other = &parts.rules[by];
            let (id, file, line) = (&other.id, &other.spot.file, other.spot.line);
            match other.mandatory {
                true => format!("`{id}` at {file}:{line} is mandatory and stricter: staff gets what that says"),
                false => format!("`{id}` at {file}:{line} beats it wherever it holds: take one of them out"),
            }
        };
        if let Some(by) = beaten.iter().copied().collect::<Option<Vec<usize>>>().and_then(|all| all.first().copied()) {
            let message = format!("the rule `{}` can never apply", rule.id);
            faults.warning(&rule.spot, "never", message).help(other(by));
            continue;
        }
        for ((grant, spot), by) in rule.grants.iter().zip(&rule.spots).zip(beaten) {
            let Some(by) = by else { continue };
            let message = format!("`{}` can never apply to `{}`", grant.action, board.name(grant.on));
            faults.warning(spot, "never", message).help(other(by));
        }
    }
}

/// All grants by the kind that they name.
struct Board<'p> {
    parts: &'p Parts,
    by_kind: BTreeMap<KindId, Vec<(usize, Grant)>>,
}

impl<'p> Board<'p> {
    fn new(parts: &'p Parts) -> Board<'p> {
        let mut board = Board { parts, by_kind: BTreeMap::new() };
        for (number, rule) in parts.rules.iter().enumerate() {
            for grant in &rule.grants {
                for kind in board.kinds(grant.on) {
                    board.by_kind.entry(kind).or_default().push((number, *grant));
                }
            }
        }
        board
    }

    fn kinds(&self, on: On) -> Vec<KindId> {
        let kinds = self.parts.kinds.kinds.iter();
        kinds.filter(|(id, kind)| on.takes(*id, kind.category)).map(|(id, _)| id).collect()
    }

    fn name(&self, on: On) -> &str {
        match on {
            On::All => "all",
            On::Category(category) => category.word(),
            On::Kind(id) => &self.parts.kinds.kinds.get(id).name,
        }
    }

    /// A rule that beats the grant for the first of its roles and kinds, if one does for each.
    fn beaten(&self, number: usize, grant: Grant, steps: &mut usize) -> Option<usize> {
        let rule = &self.parts.rules[number];
        let roles: Vec<RoleId> = match &rule.who {
            Who::Roles(roles) => roles.clone(),
            Who::Every => (0u16..).map(RoleId).take(self.parts.roles.len()).collect(),
        };
        let mut first = None;
        for kind in self.kinds(grant.on) {
            let rivals = self.by_kind.get(&kind).map(Vec::as_slice).unwrap_or_default();
            for role in &roles {
                *steps += rivals.len();
                let beats = |(other, rival): &&(usize, Grant)| self.beats((*other, *rival), (number, grant), *role);
                let (by, _) = rivals.iter().find(beats)?;
                first = first.or(Some(*by));
            }
        }
        first
    }

    /// Whether one grant counts before the other whenever the other's rule is there.
    fn beats(&self, (a, one): (usize, Grant), (b, other): (usize, Grant), role: RoleId) -> bool {
        let (first, second) = (&self.parts.rules[a], &self.parts.rules[b]);
        // What names a category or all is there for kinds that a later file brings, too.
        let covers = matches!(other.on, On::Kind(_)) || one.on == other.on || one.on == On::All;
        if a == b || !covers || !first.who.takes(role) || !is_there_too(self.parts, b, a) {
            return false;
        }
        let stricter = compare(one.action, other.action).is_some_and(|order| order.is_gt());
        let rank = |rule: &Rule, grant: Grant| (rule.conditioned, grant.on.level());
        let (own, others) = (rank(first, one), rank(second, other));
        if first.mandatory { stricter } else { own > others || own == others && stricter }
    }
}

/// Whether a rule is there whenever another one is.
fn is_there_too(parts: &Parts, number: usize, other: usize) -> bool {
    if !parts.rules[other].conditioned {
        return true;
    }
    let (own, whole) = (&parts.conditions[number], &parts.conditions[other]);
    // Each condition is named: one that is not compared would make rules look idle that are not.
    let Condition { staff, until, when, rows, said: _ } = whole;
    let is_staff = |names: &Vec<String>| own.staff.as_ref().is_some_and(|own| own.iter().all(|id| names.contains(id)));
    let lasts = |end: &jiff::Timestamp| own.until.as_ref().is_some_and(|(own, _)| own <= end);
    staff.as_ref().is_none_or(is_staff)
        && until.as_ref().is_none_or(|(end, _)| lasts(end))
        && own.when.is_within(when)
        && rows.is_empty()
}

/// Whether no request can be what `event` and `resource` ask for together. By its method any request
/// is a view or a write, unless its resource says what it is; the other events are those that a resource says.
/// Of several resources the one that says more counts, whose event may be another than that of the one named.
fn contradicts(parts: &Parts, condition: &Condition) -> bool {
    let when = &condition.when;
    let is_named = |id: &str| when.resources.is_empty() || when.resources.iter().any(|word| word.text == *id);
    let named = || parts.resources.iter().filter(|resource| is_named(&resource.id));
    let said = |event: Event| named().any(|resource| resource.event == Some(event));
    let can_be = |event: &Event| {
        let by_method = matches!(event, Event::View | Event::Write);
        let of = |own: Option<Event>| match own {
            Some(own) => own == *event || (weight(*event) > weight(own) && said(*event)),
            None => by_method || said(*event),
        };
        // A page of no resource has none that says anything.
        (when.resources.is_empty() && by_method) || named().any(|resource| of(resource.event))
    };
    !when.events.is_empty() && !when.events.iter().any(can_be)
}

/// Which of two events a request is that two resources say.
fn weight(event: Event) -> u8 {
    match event {
        Event::Export => 3,
        Event::Write => 2,
        Event::Search => 1,
        _ => 0,
    }
}
