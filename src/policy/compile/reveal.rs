//! Rules of the reveal API with everything looked up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::policy::compile::limits::whom;
use crate::policy::compile::names::Names;
use crate::policy::decide::Rule;
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::reveal::RevealRule;
use crate::policy::rule::Word;
use crate::policy::rule::reveal::Reveal as Written;
use crate::policy::rule::rules::Who as WrittenWho;

/// Rules of one policy; each request to reveal something looks at all of them.
const RULES_MAX: usize = 1000;

/// Looks up whom they are for and what they name. `rules` are those whose ids are taken.
pub fn compile(mut written: Vec<Written>, rules: &[Rule], names: &Names<'_>, faults: &mut Faults) -> Vec<RevealRule> {
    // By what they say and not by where they stand: ids that are counted stand in the ledger, and neither the
    // order nor the names of files say anything.
    written.sort_by_cached_key(|rule| (said(rule), rule.spot.file.to_string(), rule.spot.span.start));
    if let Some(rule) = written.get(RULES_MAX) {
        let message = format!("there are {} reveal rules and may be {RULES_MAX}", written.len());
        faults.error(&rule.spot, "too-many", message);
        written.truncate(RULES_MAX);
    }
    let ids = ids(&written, rules, faults);
    written.into_iter().zip(ids).map(|(rule, id)| one(rule, id, names, faults)).collect()
}

fn one(written: Written, id: Arc<str>, names: &Names<'_>, faults: &mut Faults) -> RevealRule {
    let (who, staff) = whom(&written.who, names, faults);
    let mut kinds: Vec<_> = written.kinds.iter().filter_map(|word| names.kind(word, faults)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    RevealRule { id, spot: written.spot, who, staff, kinds, purposes: written.purposes, lasts: written.lasts }
}

/// Two rules that say the same are one, whichever has which number.
fn said(rule: &Written) -> (&'static str, Vec<String>, Vec<String>, Vec<String>, Option<u32>) {
    let texts = |words: &[Word]| {
        let mut texts: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
        texts.sort_unstable();
        texts
    };
    let (sort, whom) = match &rule.who {
        WrittenWho::All => ("all", Vec::new()),
        WrittenWho::Roles(roles) => ("roles", texts(roles)),
        WrittenWho::Staff(staff) => ("staff", texts(staff)),
    };
    (sort, whom, texts(&rule.kinds), texts(&rule.purposes), rule.lasts)
}

/// What an id begins with. A person's name stays out of it, as ids stand in the ledger.
fn base(rule: &Written) -> &str {
    match &rule.who {
        WrittenWho::All => "all",
        WrittenWho::Staff(_) => "staff",
        WrittenWho::Roles(roles) => roles.first().map_or("nobody", |role| &role.text),
    }
}

/// `support-reveal-1` where a rule says no id.
fn ids(written: &[Written], rules: &[Rule], faults: &mut Faults) -> Vec<Arc<str>> {
    let mut taken: HashMap<Arc<str>, &Spot> = rules.iter().map(|rule| (Arc::clone(&rule.id), &rule.spot)).collect();
    for word in written.iter().filter_map(|rule| rule.id.as_ref()) {
        if let Some(first) = taken.insert(word.text.as_str().into(), &word.spot) {
            let fault = faults.error(&word.spot, "duplicate-id", format!("`{}` is the id of another rule", word.text));
            fault.help(format!("{}:{} has it", first.file, first.line));
        }
    }
    let mut given: HashSet<Arc<str>> = taken.into_keys().collect();
    let mut counted: HashMap<&str, usize> = HashMap::new();
    let mut ids = Vec::new();
    for rule in written {
        let id = rule.id.as_ref().map(|word| Arc::from(word.text.as_str())).unwrap_or_else(|| {
            let count = counted.entry(base(rule)).or_default();
            loop {
                // Among so many ids some number is free.
                *count += 1;
                let id: Arc<str> = format!("{}-reveal-{count}", base(rule)).into();
                if given.insert(Arc::clone(&id)) {
                    return id;
                }
            }
        });
        ids.push(id);
    }
    ids
}
