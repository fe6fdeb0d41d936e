//! Which resources and rules the tests have met, and which nobody tests.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use serde_json::json;

use crate::cli::say::{Lang, texts};
use crate::cli::test::suite::Checked;
use crate::policy::Policy;
use crate::policy::node::Spot;

/// What was met of what there is.
pub(super) struct Coverage {
    resources: Met,
    rules: Met,
}

/// How many there are, and those that no test met.
struct Met {
    all: usize,
    unmet: Vec<(Arc<str>, Spot)>,
}

impl Met {
    fn of<'p>(all: impl Iterator<Item = (&'p Arc<str>, &'p Spot)>, met: &BTreeSet<&str>) -> Met {
        let mut own = Met { all: 0, unmet: Vec::new() };
        for (id, spot) in all {
            own.all += 1;
            if !met.contains(&**id) {
                own.unmet.push((id.clone(), spot.clone()));
            }
        }
        own
    }
}

impl Coverage {
    /// What these results have met of a policy.
    pub(super) fn of(policy: &Policy, results: &[Checked]) -> Coverage {
        let resources = results.iter().flat_map(|result| &result.resources).map(|id| &**id).collect();
        let rules = results.iter().flat_map(|result| &result.rules).map(|id| &**id).collect();
        Coverage {
            resources: Met::of(policy.resources_written(), &resources),
            rules: Met::of(policy.rules_written(), &rules),
        }
    }

    /// For people: counts, and a line for each that no test met.
    pub(super) fn people(&self, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
        for (text, met) in [(texts::MET_RESOURCES, &self.resources), (texts::MET_RULES, &self.rules)] {
            let counts: [(&str, &dyn std::fmt::Display); 2] =
                [("met", &(met.all - met.unmet.len())), ("all", &met.all)];
            writeln!(out, "{}", text.with(lang, &counts))?;
            for (id, spot) in &met.unmet {
                let place = format!("{}:{}", spot.file, spot.line);
                writeln!(out, "  {}", texts::UNMET.with(lang, &[("id", id), ("place", &place)]))?;
            }
        }
        Ok(())
    }

    /// For programs: one object.
    pub(super) fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let unmet = |met: &Met| -> Vec<_> {
            let object = |(id, spot): &(Arc<str>, Spot)| json!({ "id": &**id, "file": &*spot.file, "line": spot.line });
            met.unmet.iter().map(object).collect()
        };
        let told = |met: &Met| json!({ "all": met.all, "unmet": unmet(met) });
        writeln!(out, "{}", json!({ "coverage": { "resources": told(&self.resources), "rules": told(&self.rules) } }))
    }
}
