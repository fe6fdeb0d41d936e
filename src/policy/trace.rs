//! How a decision came about: what each role answers, and what became of each rule that names the kind.

use crate::policy::role::RoleId;
use crate::terms::action::Action;

/// How an answer came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What each role answers.
    pub roles: Vec<RoleTrace>,
    /// What the mandatory rules that name the kind did.
    pub ceiling: Vec<Considered>,
}

/// What one role answers, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTrace {
    /// The role.
    pub role: RoleId,
    /// Its answer.
    pub action: Action,
    /// Whether that is what counts.
    pub verdict: Verdict,
    /// Whether `ungranted` gave it, since no rule of the role did.
    pub ungranted: bool,
    /// Each rule of the role that names the kind.
    pub considered: Vec<Considered>,
}

/// What became of a rule that names the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Considered {
    /// The rule's number.
    pub rule: usize,
    /// What it says.
    pub action: Action,
    /// Whether it counted.
    pub verdict: Verdict,
}

/// Whether a rule counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It decided.
    Decides,
    /// A condition does not hold.
    NotThere(&'static str),
    /// It is there for those records of which a condition holds.
    PerRecord(&'static str),
    /// One with a condition beats it.
    Unconditioned,
    /// One that names the kind more closely beats it.
    Broader,
    /// A stricter one of the same rank beats it.
    Milder,
    /// The answer is as strict already.
    Idle,
    /// It decided for its role, and a mandatory rule is stricter.
    Limited,
    /// It decided for its role, and another role is given more.
    Outdone,
    /// It decided for its resource, and another one of the same request hides more.
    Overruled,
}
