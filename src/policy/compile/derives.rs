//! What the CRM itself carries elsewhere: a clone, a copy, a merged letter. What stands in such a copy was veiled
//! where it came from, and nobody can say in which field of which record it comes to light.
//!
//! Which kinds an action carries is what the fields of records of its subject name, or what it says itself.

use std::collections::BTreeSet;

use crate::policy::compile::names::Names;
use crate::policy::compile::resources::{Resource, Route};
use crate::policy::fault::Faults;
use crate::policy::rule::resources::{At, Derive};
use crate::route::pattern::Segment;
use crate::terms::event::Event;
use crate::terms::kind::KindId;
use crate::terms::methods::MERGE;

/// What paths end in by which CRMs copy.
const COPIES: [&str; 8] = ["clone", "copy", "duplicate", "dup", "merge", "convert", "mailmerge", "mail-merge"];

/// Looks up what each resource carries, and tells those that look as if they carried something and say nothing.
pub fn resolve(
    resources: &mut [Resource],
    routes: &[Route],
    written: &[Option<Derive>],
    names: &Names<'_>,
    faults: &mut Faults,
) {
    for (number, derive) in written.iter().enumerate() {
        let carried: BTreeSet<KindId> = match derive {
            Some(Derive::Nothing) => continue,
            None => {
                tell(number, &resources[number], routes, faults);
                continue;
            }
            Some(Derive::All) => known_of(resources, &resources[number], names),
            Some(Derive::Of(words)) => {
                let named = words.iter().filter_map(|word| names.on(word, faults));
                named.flat_map(|on| names.named(on)).collect()
            }
        };
        resources[number].derives = carried.into_iter().collect();
    }
}

/// What the fields of all resources about the same type of subject name; where nobody can say whose record it is, or
/// what stands in one, whatever any field names, and at last every kind.
fn known_of(resources: &[Resource], own: &Resource, names: &Names<'_>) -> BTreeSet<KindId> {
    let types = |resource: &Resource| -> BTreeSet<String> {
        let subjects = resource.subjects.iter().filter(|subject| !matches!(subject.at, At::None));
        subjects.map(|subject| subject.kind.clone()).collect()
    };
    let of = |is_meant: &dyn Fn(&Resource) -> bool| -> BTreeSet<KindId> {
        resources.iter().filter(|resource| is_meant(resource)).flat_map(kinds).collect()
    };
    let mine = types(own);
    let same = of(&|resource| !mine.is_disjoint(&types(resource)));
    let all = if same.is_empty() { of(&|_| true) } else { same };
    if all.is_empty() { names.kinds.iter().map(|(kind, _)| kind).collect() } else { all }
}

fn kinds(resource: &Resource) -> impl Iterator<Item = KindId> {
    let told = resource.told.iter().flat_map(|told| told.teller.listed());
    resource.fields.iter().map(|field| field.kind).chain(told)
}

/// Warns of a resource by whose path something is copied, if it does not say what.
fn tell(number: usize, resource: &Resource, routes: &[Route], faults: &mut Faults) {
    if !matches!(resource.event, None | Some(Event::Write)) {
        return;
    }
    let copies = |route: &&Route| {
        let last = route.rule.path.segments.iter().rev().find_map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Parameter(_) | Segment::Between { .. } => None,
        });
        route.resource == number
            && ["POST", "PUT", "PATCH", MERGE].iter().any(|method| route.rule.takes_method(method))
            && last.is_some_and(|last| COPIES.contains(&last))
    };
    let Some(route) = routes.iter().find(copies) else { return };
    let message = format!("by `{}` the crm seems to copy records", route.rule.path.text);
    faults.warning(&route.rule.spot, "copies", message).help(
        "a copy may show what staff gets veiled: write `derive: true`, the kinds that are copied, or `derive: false` if nothing is",
    );
}
