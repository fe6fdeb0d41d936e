//! Tests of the policy: what they name must be there.

use crate::policy::compile::names::Names;
use crate::policy::fault::Faults;
use crate::policy::reader::nearest;
use crate::policy::rule::Word;
use crate::policy::rule::tests::{Expect, TestCase, Who};

const NOBODY: &str = "nobody";
const ACTIONS: [&str; 7] = ["show", "generalize", "mask", "tokenize", "hash", "remove", "block"];

/// Looks up the names in all tests.
pub fn compile(tests: Vec<TestCase<Word>>, names: &Names<'_>, faults: &mut Faults) -> Vec<TestCase> {
    tests.into_iter().map(|test| one(test, names, faults)).collect()
}

fn one(test: TestCase<Word>, names: &Names<'_>, faults: &mut Faults) -> TestCase {
    let TestCase { name, spot, request, network, time, staff, response, expect } = test;
    let expect = expect.into_iter().filter_map(|expect| expected(expect, names, faults)).collect();
    TestCase { name, spot, request, network, time, staff, response, expect }
}

fn expected(expect: Expect<Word>, names: &Names<'_>, faults: &mut Faults) -> Option<Expect> {
    for (kind, action, spot) in &expect.ledger {
        names.kind(&Word::new(kind, spot), faults);
        if !ACTIONS.contains(&action.as_str()) {
            let near = nearest(action, ACTIONS);
            faults.error(spot, "unknown-word", format!("`{action}` is no action")).did_you_mean(near);
        }
    }
    let Expect { who, spot, status, json, xml, text, exactly, hidden, shown, ledger } = expect;
    let who = match who.text.as_str() {
        NOBODY => Who::Nobody,
        name => Who::Role(names.role(&who, faults)?, name.into()),
    };
    Some(Expect { who, spot, status, json, xml, text, exactly, hidden, shown, ledger })
}
