//! Tests of the policy: what they name must be there.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::policy::compile::names::Names;
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::reader::nearest;
use crate::policy::rule::Word;
use crate::policy::rule::tests::expect::{KindRecorded, NOBODY, STAFF};
use crate::policy::rule::tests::{Expect, TestCase, Who};

const ACTIONS: [&str; 7] = ["show", "generalize", "mask", "tokenize", "hash", "remove", "block"];

/// Looks up the names in all tests.
pub fn compile(tests: Vec<TestCase<Word>>, names: &Names<'_>, faults: &mut Faults) -> Vec<TestCase> {
    named_twice(&tests, faults);
    tests.into_iter().map(|test| one(test, names, faults)).collect()
}

/// Reports name tests by their names alone.
fn named_twice(tests: &[TestCase<Word>], faults: &mut Faults) {
    let mut known: HashMap<(&str, &str), &Spot> = HashMap::new();
    for test in tests {
        // Whoever has two files has their names in every report.
        match known.entry((&test.spot.file, &test.name)) {
            Entry::Occupied(first) => {
                let message = format!("`{}` is the name of another test", test.name);
                let fault = faults.warning(&test.spot, "duplicate-id", message);
                fault.help(format!("{}:{} has it; give this one its own", first.get().file, first.get().line));
            }
            Entry::Vacant(free) => drop(free.insert(&test.spot)),
        }
    }
}

fn one(test: TestCase<Word>, names: &Names<'_>, faults: &mut Faults) -> TestCase {
    let TestCase {
        name,
        spot,
        request,
        network,
        time,
        staff,
        groups,
        attributes,
        purpose,
        response,
        record,
        seen,
        expect,
    } = test;
    let expect = expect.into_iter().filter_map(|expect| expected(expect, &groups, names, faults)).collect();
    TestCase { name, spot, request, network, time, staff, groups, attributes, purpose, response, record, seen, expect }
}

fn expected(expect: Expect<Word>, groups: &[String], names: &Names<'_>, faults: &mut Faults) -> Option<Expect> {
    for recorded in &expect.ledger.kinds {
        kind(recorded, names, faults);
    }
    let who = match expect.who.text.as_str() {
        NOBODY => Who::Nobody,
        STAFF if !names.roles.iter().any(|role| *role.name == *STAFF) => {
            if groups.is_empty() {
                let message = "`staff` are those of `as`, whose groups are not said";
                faults.error(&expect.who.spot, "expect", message).help("write `as: { groups: [crm-support] }`");
            }
            Who::Staff
        }
        name => Who::Role(names.role(&expect.who, faults)?, name.into()),
    };
    let Expect {
        who: _,
        spot,
        status,
        refusal,
        json,
        html,
        xml,
        csv,
        text,
        exactly,
        exact,
        whole,
        forwarded,
        hidden,
        shown,
        ledger,
    } = expect;
    Some(Expect {
        who,
        spot,
        status,
        refusal,
        json,
        html,
        xml,
        csv,
        text,
        exactly,
        exact,
        whole,
        forwarded,
        hidden,
        shown,
        ledger,
    })
}

fn kind(recorded: &KindRecorded, names: &Names<'_>, faults: &mut Faults) {
    names.kind(&Word::new(&recorded.kind, &recorded.spot), faults);
    for (action, _, spot) in &recorded.actions {
        if !ACTIONS.contains(&action.as_str()) {
            let near = nearest(action, ACTIONS);
            faults.error(spot, "unknown-word", format!("`{action}` is no action")).did_you_mean(near);
        }
    }
}
