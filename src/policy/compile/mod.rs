//! From what people write to a policy: every name looked up, every pattern compiled, every
//! contradiction told. A file that passes here runs.

mod checks;
mod codebook;
mod conditions;
mod derives;
mod kinds;
mod limits;
mod lookalikes;
pub(super) mod more;
mod names;
mod options;
mod overlap;
mod resources;
mod reveal;
mod roles;
mod rules;
mod settings;
mod sorted;
mod store;
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use crate::policy::conditions::Conditioned;
use crate::policy::fault::{Fault, Faults};
use crate::policy::node::{self, Source, Spot};
use crate::policy::plan::Unreadable;
use crate::policy::rule::settings::Settings;
use crate::policy::rule::{self, File};
use crate::policy::rulebook::Rules;
use crate::policy::warnings::{self, Ending, Ends};
use crate::policy::{Parts, Policy};

pub use crate::policy::compile::kinds::KindTable;
pub use crate::policy::compile::resources::{FieldRule, Resource, Route, ToldRule};
pub use crate::policy::compile::roles::Role;
pub use crate::policy::compile::rules::Condition;

/// What came of reading rule files.
#[derive(Debug)]
pub struct Loaded {
    /// The policy; `None` if any fault is an error.
    pub policy: Option<Policy>,
    /// All faults, errors and warnings, by file and place.
    pub faults: Vec<Fault>,
    /// What has an end, also where the rules do not hold.
    endings: Vec<Ending>,
}

impl Loaded {
    /// What ended or soon will: that can be told whatever else is wrong with the rules.
    pub fn ends(&mut self, now: Timestamp) -> Vec<Fault> {
        let mut faults = Faults::new();
        warnings::ends(std::mem::take(&mut self.endings), now, &mut faults);
        faults.into_sorted()
    }
}

/// Reads rule files into one policy. The order of files says nothing.
pub fn load(sources: &[Source], purposes: Option<&[String]>) -> Loaded {
    let mut faults = Faults::new();
    let mut ordered: Vec<&Source> = sources.iter().collect();
    ordered.sort_by(|a, b| (&a.name, &a.text).cmp(&(&b.name, &b.text)));
    let mut files = Vec::new();
    for source in ordered {
        files.extend(node::parse(source, &mut faults).map(|node| rule::read(&node, &mut faults)));
    }
    // Names of files that could not be read are missing; telling that they are unknown would only
    // hide the one fault that counts.
    let is_whole = files.len() == sources.len() && !faults.has_slips();
    let (all, settings) = together(files);
    let endings = endings(&all);
    let version = version(sources, &all.rules);
    let policy = if is_whole { compile(all, &settings, version, purposes, &mut faults) } else { None };
    let policy = policy.filter(|_| !faults.has_errors());
    Loaded { policy, faults: faults.into_sorted(), endings }
}

/// All files as one; what they set is compared later.
fn together(files: Vec<File>) -> (File, Vec<Settings>) {
    let mut all = File::default();
    let mut settings = Vec::new();
    for file in files {
        all.roles.extend(file.roles);
        all.kinds.extend(file.kinds);
        all.fields.extend(file.fields);
        all.resources.extend(file.resources);
        all.rules.extend(file.rules);
        all.limits.extend(file.limits);
        all.reveals.extend(file.reveals);
        all.stored.extend(file.stored);
        all.tests.extend(file.tests);
        all.headers.add(&file.headers);
        settings.push(file.settings);
    }
    (all, settings)
}

fn endings(all: &File) -> Vec<Ending> {
    let mut endings = Vec::new();
    if all.rules.iter().any(|rule| rule.until.is_some()) {
        // What is wrong with ids is told where they are looked up.
        for (rule, id) in all.rules.iter().zip(rules::ids(&all.rules, &mut Faults::new())) {
            let end = rule.until.clone();
            endings.extend(end.map(|(until, spot)| Ending { what: Ends::Rule(id), until, spot }));
        }
    }
    for resource in all.resources.iter().filter(|resource| resource.options.unreadable == Unreadable::Pass) {
        let what = Ends::Passing(resource.id.text.as_str().into());
        endings.extend(resource.options.until.map(|until| Ending { what, until, spot: resource.id.spot.clone() }));
    }
    endings
}

fn compile(
    all: File,
    settings: &[Settings],
    version: Arc<str>,
    purposes: Option<&[String]>,
    faults: &mut Faults,
) -> Option<Policy> {
    let roles = roles::compile(all.roles, faults)?;
    let kinds = kinds::compile(&all.kinds, faults)?;
    let names = names::Names { roles: &roles, kinds: &kinds.kinds };
    let (resources, routes) = resources::compile(all.resources, &all.fields, &names, faults)?;
    let (rules, conditions) = rules::compile(all.rules, &resources, &names, faults)?;
    let rules = Rules::new(rules, &kinds.kinds);
    let (ungranted, undeclared) = settings::compile(settings, faults);
    let limits = limits::compile(all.limits, &names, faults);
    let reveals = reveal::compile(all.reveals, &rules, &names, faults);
    let store = Arc::new(store::compile(&all.stored, &names, faults));
    let tests = tests::compile(all.tests, &names, faults);
    checks::rules(&rules, &conditions, ungranted, &names, faults);
    checks::roles(&roles, faults);
    lookalikes::names(&roles, &all.kinds, &resources, &rules, faults);
    // Of what is half read, much looks the same.
    if !faults.has_errors() {
        lookalikes::rules(&rules, &conditions, faults);
    }
    overlap::tell(&resources, &routes, faults);
    codebook::tell(&rules, &resources, &routes, &names, faults);
    sorted::tell(&rules, &resources, ungranted, &names, faults);
    checks::kinds(&all.kinds, &rules, &resources, &names, faults);
    let (purposes, declared) =
        (conditions::purposes((&conditions, &reveals), purposes, faults), purposes.map(<[String]>::to_vec));
    conditions::in_expressions(&conditions, &resources, &purposes, &names, faults);
    let looks = conditions::looks(&conditions);
    let conditioned = Conditioned::of(&rules);
    let words = Arc::new(routes.iter().flat_map(|route| route.rule.path.words()).map(str::to_owned).collect());
    Some(Policy::new(Parts {
        version,
        kinds,
        roles,
        rules,
        conditions,
        conditioned,
        looks,
        purposes,
        declared,
        resources,
        routes,
        words,
        ungranted,
        undeclared,
        limits,
        reveals,
        store,
        headers: all.headers,
        tests,
    }))
}

/// A hash over all files that neither their order nor their names change, unless the ids of rules hang on
/// those: then it covers these ids too, since a record of the ledger names rules by hash and id.
fn version(sources: &[Source], rules: &[rule::rules::Rule]) -> Arc<str> {
    let hash = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes).as_ref().to_vec();
    let files: HashMap<&str, Vec<u8>> =
        sources.iter().map(|source| (source.name.as_str(), hash(source.text.as_bytes()))).collect();
    let mut hashes: Vec<Vec<u8>> = sources.iter().map(|source| hash(source.text.as_bytes())).collect();
    hashes.sort();
    let given = |(id, spot): (Arc<str>, &Spot)| {
        let file = files.get(&*spot.file).cloned().unwrap_or_default();
        [file, spot.span.start.to_be_bytes().to_vec(), id.as_bytes().to_vec(), vec![0]].concat()
    };
    let mut given: Vec<Vec<u8>> = rules::counted_over_files(rules).into_iter().map(given).collect();
    given.sort();
    format!("sha256:{}", HEXLOWER.encode(&hash(&[hashes.concat(), given.concat()].concat()))).into()
}
