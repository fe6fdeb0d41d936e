//! What conditions name beside roles and kinds: attributes of records, purposes, and what
//! expressions look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::policy::compile::names::{Names, look};
use crate::policy::compile::resources::Resource;
use crate::policy::compile::rules::Condition;
use crate::policy::excluded::{self, leaves_out};
use crate::policy::fault::Faults;
use crate::policy::matched::Looks;
use crate::policy::reveal::RevealRule;
use crate::policy::rows::Term;
use crate::policy::rule::cel::NameOf;
use crate::policy::rule::rules::Rule as Written;

/// The names that resources give, each looked up without going through all of them.
pub(super) struct Known<'a> {
    pub(super) resources: BTreeSet<&'a str>,
    attributes: BTreeSet<&'a Arc<str>>,
}

impl<'a> Known<'a> {
    pub(super) fn of(resources: &'a [Resource]) -> Known<'a> {
        let attributes = resources.iter().flat_map(|resource| &resource.attributes).map(|(name, _)| name);
        Known { resources: resources.iter().map(|resource| &*resource.id).collect(), attributes: attributes.collect() }
    }
}

/// What a rule asks of the record, in an order that is always the same.
pub(super) fn rows(written: &Written, known: &Known<'_>, faults: &mut Faults) -> Vec<Term> {
    let mut terms = Vec::new();
    for row in &written.rows {
        let (name, spot) = (&row.attribute.text, &row.attribute.spot);
        let Some(name) = known.attributes.get(&Arc::from(name.as_str())) else {
            let near = look(faults, name, known.attributes.iter().map(|name| &***name));
            let fault = faults.error(spot, "unknown-attribute", format!("`{name}` is no attribute of any resource"));
            match near {
                Some(near) => fault.did_you_mean(Some(near)),
                None => fault.help("say at the resource where it stands: `attributes: { owner: $.owner_id }`"),
            }
            continue;
        };
        let mut is = row.is.clone();
        is.sort();
        is.dedup();
        terms.push(Term::Attribute(Arc::clone(name), is));
    }
    if written.when.as_ref().is_some_and(|when| when.one) {
        terms.push(Term::One);
    }
    terms.sort();
    terms
}

/// The purposes that a request may name: those that are declared, else those that rules name.
pub(super) fn purposes(
    (conditions, reveals): (&[Condition], &[RevealRule]),
    declared: Option<&[String]>,
    faults: &mut Faults,
) -> Vec<Arc<str>> {
    let words = || {
        let revealed = reveals.iter().flat_map(|rule| &rule.purposes);
        conditions.iter().flat_map(|condition| &condition.when.purposes).chain(revealed)
    };
    let Some(declared) = declared else {
        let named: BTreeMap<&str, ()> = words().map(|word| (word.text.as_str(), ())).collect();
        return named.into_keys().map(Arc::from).collect();
    };
    for word in words().filter(|word| !declared.contains(&word.text)) {
        let message = format!("`{}` is no purpose that gateway.yaml declares", word.text);
        let near = look(faults, &word.text, declared.iter().map(String::as_str));
        let fault = faults.error(&word.spot, "unknown-purpose", message);
        match near {
            _ if leaves_out(&word.text) => fault.help(excluded::CONDITIONS),
            Some(near) => fault.did_you_mean(Some(near)),
            None => fault.help("name it under `purposes:` there"),
        }
    }
    declared.iter().map(|word| Arc::from(word.as_str())).collect()
}

/// Names in expressions that no file has: the expression then never holds, or always.
pub(super) fn in_expressions(
    conditions: &[Condition],
    resources: &[Resource],
    purposes: &[Arc<str>],
    names: &Names<'_>,
    faults: &mut Faults,
) {
    let resources: BTreeSet<&str> = resources.iter().map(|resource| &*resource.id).collect();
    for (what, word) in conditions.iter().flat_map(|condition| &condition.when.cel_names) {
        let text = word.text.as_str();
        let (is_known, code, message) = match what {
            NameOf::Resource => (resources.contains(text), "unknown-resource", format!("`{text}` is no resource")),
            NameOf::Role => {
                (names.roles.iter().any(|role| *role.name == *text), "unknown-role", format!("`{text}` is no role"))
            }
            NameOf::Purpose => {
                let is_known = purposes.iter().any(|known| **known == *text);
                (is_known, "unknown-purpose", format!("`{text}` is no purpose that a request can say"))
            }
        };
        if is_known {
            continue;
        }
        let near = match what {
            NameOf::Resource => look(faults, text, resources.iter().copied()),
            NameOf::Role => look(faults, text, names.roles.iter().map(|role| &*role.name)),
            NameOf::Purpose => look(faults, text, purposes.iter().map(|known| &**known)),
        };
        let fault = faults.warning(&word.spot, code, message);
        match near {
            Some(near) => fault.did_you_mean(Some(near)),
            None => fault.help("nothing is ever equal to it: look at its spelling"),
        }
    }
}

/// What all expressions together look at; nothing where there are none.
pub(super) fn looks(conditions: &[Condition]) -> Option<Looks> {
    let mut looks: Option<Looks> = None;
    for cel in conditions.iter().filter_map(|condition| condition.when.cel.as_ref()) {
        let all = looks.get_or_insert_default();
        all.query.extend(cel.query.iter().cloned());
        all.headers.extend(cel.headers.iter().cloned());
    }
    looks
}
