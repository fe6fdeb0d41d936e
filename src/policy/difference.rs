//! Who is given what by a policy, and what a change of rules changes of it.
//!
//! Rules decide together, so two versions of a rule say little side by side. What is compared is what
//! comes of them: for each role the groups that give it and what becomes of each kind where no
//! condition holds; and each rule with a condition by what it says and when. What holds where no rule
//! speaks, and what resources say, is `standing`. Nothing here is personal but the staff ids that rules name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::policy::Parts;
use crate::policy::decide::{self, Grant, On, Question, RoleId, Rule, State, Who};
use crate::policy::plan::{Decision, Search, Sort};
use crate::policy::standing;
use crate::terms::action::Action;
use crate::terms::kind::{Category, KindId, Kinds};

/// Who stands in the place of a role where a rule is for everybody.
const EVERYBODY: &str = "all";

/// What a policy gives to whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The groups that give each role.
    pub groups: BTreeMap<Arc<str>, BTreeSet<String>>,
    /// For each role what becomes of each kind, in the order of the kinds, where no condition holds.
    pub table: BTreeMap<Arc<str>, Vec<(String, String)>>,
    /// What rules with conditions say.
    pub conditional: BTreeMap<Conditional, BTreeSet<String>>,
    /// What is said beside the rules: `undeclared`, `resource customer: unlisted`, and of what.
    pub settings: BTreeMap<String, String>,
}

/// What a rule with conditions is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conditional {
    /// The role, or `all`.
    pub role: String,
    /// The kind, the category, or `all`.
    pub what: String,
    /// The conditions.
    pub when: String,
}

/// One difference: what was given and what is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The role, or `all`.
    pub role: String,
    /// The kind, the category, `all`, `group NAME` for a group that gives the role, or what is said
    /// beside the rules: `undeclared`, `resource customer: unlisted`.
    pub what: String,
    /// The conditions; none where it holds always.
    pub when: Option<String>,
    /// What was said before.
    pub was: Option<String>,
    /// What is said now.
    pub is: Option<String>,
}

/// What becomes of each kind for one role, where no condition holds.
pub(super) fn row(parts: &Parts, role: RoleId) -> Vec<(KindId, Decision)> {
    let states = unconditioned(parts);
    parts.kinds.kinds.iter().map(|(id, _)| (id, decided_in(parts, &states, role, id))).collect()
}

/// What becomes of one kind for one role, where no condition holds.
pub(super) fn decided(parts: &Parts, role: RoleId, kind: KindId) -> Decision {
    decided_in(parts, &unconditioned(parts), role, kind)
}

fn unconditioned(parts: &Parts) -> Vec<State> {
    let state = |rule: &Rule| if rule.conditioned { State::Fails("condition") } else { State::Holds };
    parts.rules.iter().map(state).collect()
}

fn decided_in(parts: &Parts, states: &[State], role: RoleId, id: KindId) -> Decision {
    let kind = parts.kinds.kinds.get(id);
    let question = Question { rules: &parts.rules, states, ungranted: parts.ungranted, roles: &[role], id, kind };
    // Only a condition that nobody can evaluate refuses, and none is left here.
    let refused = || Decision {
        action: Action::Block,
        domain: None,
        rules: Vec::new(),
        search: Search::None,
        sort: Sort::Refuse,
        readonly: true,
    };
    decide::decide(&question).map_or_else(|_| refused(), |(decision, _)| decision)
}

/// What a policy gives to whom.
pub(super) fn of(parts: &Parts) -> Grants {
    let mut grants = Grants { settings: standing::of(parts), ..Grants::default() };
    for (id, role) in (0u16..).map(RoleId).zip(&parts.roles) {
        grants.groups.insert(role.name.clone(), role.groups.iter().cloned().collect());
        let cells = row(parts, id).into_iter().map(|(kind, decision)| {
            let mut said = said(decision.action, decision.domain.as_deref(), Some(decision.search), decision.sort);
            if decision.readonly {
                said.push_str(", readonly");
            }
            (parts.kinds.kinds.get(kind).name.clone(), said)
        });
        grants.table.insert(role.name.clone(), cells.collect());
    }
    for (rule, condition) in parts.rules.iter().zip(&parts.conditions).filter(|(rule, _)| rule.conditioned) {
        let shown = |grant: &Grant| {
            (grant.on, said(grant.action, rule.domain.as_deref(), rule.search, rule.sort.unwrap_or_default()))
        };
        let readonly = rule.readonly.iter().map(|on| (*on, "readonly".to_owned()));
        for (on, said) in rule.grants.iter().map(shown).chain(readonly) {
            let what = named(on, &parts.kinds.kinds);
            for role in whose(rule, parts) {
                let about = Conditional { role, what: what.clone(), when: condition.said.clone() };
                grants.conditional.entry(about).or_default().insert(said.clone());
            }
        }
    }
    grants
}

/// What the second gives otherwise than the first, in an order that is always the same.
pub fn difference(old: &Grants, new: &Grants) -> Vec<Change> {
    let (old, mut new) = (flat(old), flat(new));
    let mut changes = Vec::new();
    for (about, was) in old {
        let is = new.remove(&about);
        if is.as_ref() != Some(&was) {
            changes.push(change(about, Some(was), is));
        }
    }
    changes.extend(new.into_iter().map(|(about, is)| change(about, None, Some(is))));
    changes.sort();
    changes
}

type About = (String, String, Option<String>);

fn change((role, what, when): About, was: Option<String>, is: Option<String>) -> Change {
    Change { role, what, when, was, is }
}

fn flat(grants: &Grants) -> BTreeMap<About, String> {
    let groups = grants.groups.iter().flat_map(|(role, groups)| {
        groups.iter().map(|group| ((role.to_string(), format!("group {group}"), None), "member".to_owned()))
    });
    let table = grants.table.iter().flat_map(|(role, cells)| {
        cells.iter().map(|(kind, said)| ((role.to_string(), kind.clone(), None), said.clone()))
    });
    let conditional = grants.conditional.iter().map(|(about, said)| {
        let all: Vec<&str> = said.iter().map(String::as_str).collect();
        ((about.role.clone(), about.what.clone(), Some(about.when.clone())), all.join(" / "))
    });
    // No kind and no category holds a blank or is a word of these.
    let settings =
        grants.settings.iter().map(|(what, said)| ((EVERYBODY.to_owned(), what.clone(), None), said.clone()));
    groups.chain(table).chain(conditional).chain(settings).collect()
}

fn whose(rule: &Rule, parts: &Parts) -> Vec<String> {
    match &rule.who {
        Who::Every => vec![EVERYBODY.to_owned()],
        Who::Roles(roles) => {
            roles.iter().filter_map(|id| Some(parts.roles.get(usize::from(id.0))?.name.to_string())).collect()
        }
    }
}

fn named(on: On, kinds: &Kinds) -> String {
    match on {
        On::All => EVERYBODY.to_owned(),
        On::Category(category) => Category::word(category).to_owned(),
        On::Kind(kind) => kinds.get(kind).name.clone(),
    }
}

/// `show`; `mask: last4, search: exact`; `tokenize: opaque, token_domain: analytics, search: none, sort: strip`.
fn said(action: Action, domain: Option<&str>, search: Option<Search>, sort: Sort) -> String {
    let mut said = action.to_string();
    if let Some(domain) = domain.filter(|_| matches!(action, Action::Tokenize(_) | Action::Hash)) {
        said.push_str(", token_domain: ");
        said.push_str(domain);
    }
    // What is shown may be looked for anyway.
    if let Some(search) = search.filter(|_| action.veils()) {
        said.push_str(match search {
            Search::None => ", search: none",
            Search::Exact => ", search: exact",
            Search::Any => ", search: any",
        });
    }
    if action.veils() && sort == Sort::Strip {
        said.push_str(", sort: strip");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::node::Source;

    const BEFORE: &str = r#"
sudare: 1
roles: { support: { groups: [desk] }, manager: { groups: [boss] } }
rules:
  - { for: support, show: [person.name], mask: { phone: last4 } }
  - { for: manager, show: [contact] }
  - { for: manager, when: { event: export }, mask: [phone] }
  - { for: all, mandatory: true, remove: [my_number] }
"#;

    fn grants(text: &str) -> Grants {
        let loaded = Policy::parse(&[Source { name: "a.yaml".into(), text: text.to_owned() }]);
        loaded.policy.unwrap_or_else(|| panic!("{:?}", loaded.faults)).grants()
    }

    fn told(after: &str) -> Vec<String> {
        told_between(BEFORE, after)
    }

    fn told_between(before: &str, after: &str) -> Vec<String> {
        let changes = difference(&grants(before), &grants(after));
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        changes
            .iter()
            .map(|change| {
                format!(
                    "{} {} [{}] {} => {}",
                    change.role,
                    change.what,
                    or(&change.when),
                    or(&change.was),
                    or(&change.is)
                )
            })
            .collect()
    }

    #[test]
    fn what_is_given_otherwise_is_told_and_nothing_else() {
        let none: Vec<String> = Vec::new();
        assert_eq!(told(BEFORE), none);
        assert_eq!(
            told(&BEFORE.replace("rules:", "rules:  # the same\n  - { for: support, show: [gender], why: x }")),
            ["support gender [-] mask: full, search: none => show"]
        );
        assert_eq!(
            told(&BEFORE.replace("last4", "full")),
            ["support phone [-] mask: last4, search: exact => mask: full, search: exact"]
        );
        // A ceiling that goes is a difference of every role that it held down.
        assert_eq!(
            told(&BEFORE.replace("remove: [my_number]", "remove: [passport]")),
            [
                "manager my_number [-] remove, search: none => mask: full, search: none",
                "manager passport [-] mask: full, search: none => remove, search: none",
                "support my_number [-] remove, search: none => mask: full, search: none",
                "support passport [-] mask: full, search: none => remove, search: none",
            ]
        );
    }

    #[test]
    fn conditions_groups_and_roles_are_told() {
        assert_eq!(
            told(&BEFORE.replace("event: export", "event: [export, search]")),
            [
                "manager phone [when: (event: export)] mask: full => -",
                "manager phone [when: (event: export, search)] - => mask: full",
            ]
        );
        assert_eq!(told(&BEFORE.replace("[desk]", "[desk, night]")), ["support group night [-] - => member"]);
        let gone = told(&BEFORE.replace(", manager: { groups: [boss] }", "").replace("for: manager", "for: support"));
        assert!(gone.iter().any(|line| line == "manager group boss [-] member => -"), "{gone:?}");
        assert!(gone.iter().any(|line| line == "manager email [-] show => -"), "{gone:?}");
        let person = "  - { for: { staff: tanaka }, show: [phone], until: 2099-12-31 }\n";
        assert_eq!(told(&format!("{BEFORE}{person}")), ["all phone [(staff: tanaka); until: 2099-12-31] - => show"]);
    }

    /// A file with a resource, and what one change of it is told as.
    fn told_of(from: &str, to: &str) -> Vec<String> {
        let resource = r#"
undeclared: block
resources:
  - id: customer
    match: ["GET /c/{id}", { methods: [PUT, GET], path: "/d/{id}", query: { view: full* } }]
    subject: path.id
    unlisted: block
    fields: { phone: [tel, { at: "css:td.tel", except: "css:a" }], email: mail }
    query: { q: [phone, { sort: email }] }
"#;
        let before = format!("{BEFORE}{resource}");
        let after = before.replacen(from, to, 1);
        assert_ne!(before, after, "{from}");
        told_between(&before, &after)
    }

    #[test]
    fn what_is_said_beside_the_rules_is_told() {
        for (from, to, expected) in [
            ("undeclared: block", "undeclared: scan", &["all undeclared [-] block => scan"][..]),
            ("undeclared: block", "", &["all undeclared [-] block => scan"]),
            ("unlisted: block", "unlisted: mask", &["all resource customer: unlisted [-] block => mask"]),
            (
                "unlisted: block",
                "unlisted: block\n    public: true",
                &["all resource customer: public [-] false => true"],
            ),
            (
                "unlisted: block",
                "unlisted: block\n    errors: scan",
                &["all resource customer: errors [-] page => scan"],
            ),
            (
                "unlisted: block",
                "unlisted: block\n    unreadable: pass\n    until: 2099-12-31",
                &["all resource customer: unreadable [-] block => pass, until: 2100-01-01T00:00:00Z"],
            ),
            (
                "email: mail }",
                "}\n    scan: false",
                &["all resource customer: fields mail [-] email => -", "all resource customer: scan [-] true => false"],
            ),
            ("[tel,", "[{ at: tel, only: true },", &["all resource customer: fields tel [-] phone => phone, only"]),
            (
                ", except: \"css:a\"",
                "",
                &[
                    "all resource customer: fields css:td.tel [-] - => phone",
                    "all resource customer: fields css:td.tel except css:a [-] phone => -",
                ],
            ),
            (
                "\"GET /c/{id}\", {",
                "\"/c/{id}\", {",
                &[
                    "all resource customer: match /c/{id} [-] - => matched",
                    "all resource customer: match GET /c/{id} [-] matched => -",
                ],
            ),
            (
                "full*",
                "brief",
                &[
                    "all resource customer: match GET|PUT /d/{id}, query view: brief [-] - => matched",
                    "all resource customer: match GET|PUT /d/{id}, query view: full* [-] matched => -",
                ],
            ),
            (
                "sort: email",
                "sort: phone",
                &["all resource customer: query q [-] phone, sort: email => phone, sort: phone"],
            ),
            (
                "undeclared: block",
                "undeclared: block\nkinds: { phone: { labels: [ベル] }, member: { category: contact, pattern: M } }",
                &[
                    "all kind member: category [-] - => contact",
                    "all kind member: pattern [-] - => M",
                    "all kind phone: label ベル [-] - => phone",
                    "manager member [-] - => show",
                    "support member [-] - => mask: full, search: none",
                ],
            ),
            // One spelling: the order of methods and places says nothing.
            ("[PUT, GET]", "[GET, PUT]", &[]),
            ("unlisted: block", "unlisted: block\n    scan: true", &[]),
        ] {
            assert_eq!(told_of(from, to), expected, "{from} => {to}");
        }
    }

    #[test]
    fn the_order_of_rules_and_files_is_no_difference() {
        let mut lines: Vec<&str> = BEFORE.lines().collect();
        lines[4..].reverse();
        let none: Vec<String> = Vec::new();
        assert_eq!(told(&lines.join("\n")), none);
    }
}
