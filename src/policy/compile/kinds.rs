//! The kinds of a policy: the built-in ones and those of all files, their labels and patterns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use regex::RegexBuilder;

use crate::detect::{DetectError, Detectors};
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::rule::kinds::KindRule;
use crate::terms::kind::{Kind, KindId, Kinds};
use crate::terms::label::fold;

/// Kinds, and what finds them.
pub struct KindTable {
    /// All kinds.
    pub kinds: Arc<Kinds>,
    /// Which folded label alone means which kind.
    pub labels: Arc<HashMap<String, KindId>>,
    /// What finds them in text.
    pub detectors: Arc<Detectors>,
}

/// Kinds of one policy beside the built-in ones.
const KINDS_MAX: usize = 1000;
/// Characters of a value of such a kind that is sought elsewhere in an answer.
const ELSEWHERE_CHARS: usize = 6;

/// Adds the kinds of all files to the built-in ones, in the order of their names.
pub fn compile(written: &[KindRule], faults: &mut Faults) -> Option<KindTable> {
    let mut kinds = Kinds::builtin();
    let mut by_name: BTreeMap<&str, Vec<&KindRule>> = BTreeMap::new();
    for rule in written {
        by_name.entry(&rule.name.text).or_default().push(rule);
    }
    if let Some(rules) = by_name.values().nth(KINDS_MAX) {
        let message = format!("there are {} kinds and may be {KINDS_MAX}", by_name.len());
        faults.error(&rules[0].name.spot, "too-many", message);
        return None;
    }
    for (name, rules) in &by_name {
        add(&mut kinds, name, rules, faults);
    }
    let labels = labels(&mut kinds, &by_name, faults);
    let detectors = detectors(&mut kinds, &by_name, faults)?;
    Some(KindTable { kinds: Arc::new(kinds), labels: Arc::new(labels), detectors: Arc::new(detectors) })
}

fn add(kinds: &mut Kinds, name: &str, rules: &[&KindRule], faults: &mut Faults) {
    let builtin = kinds.id(name).map(|id| kinds.get(id).category);
    let mut said = rules.iter().filter_map(|rule| rule.category.as_ref());
    let first = builtin.or(said.clone().next().map(|(category, _)| *category));
    let Some(category) = first else {
        let fault = faults.error(&rules[0].name.spot, "missing-key", format!("the kind `{name}` needs `category`"));
        let known = Kinds::builtin();
        let near = crate::policy::reader::nearest(name, known.0.iter().map(|kind| kind.name.as_str()));
        fault.did_you_mean(near);
        return;
    };
    if let Some((_, spot)) = said.find(|(other, _)| *other != category) {
        let message = format!("`{name}` is of the category `{}` already", category.word());
        faults.error(spot, "conflict", message);
    }
    if builtin.is_none() {
        kinds.0.push(Kind {
            name: name.to_owned(),
            category,
            labels: Vec::new(),
            pattern: None,
            masks: &[],
            generalizes: &[],
            elsewhere_chars: ELSEWHERE_CHARS,
        });
    }
}

fn labels(kinds: &mut Kinds, by_name: &BTreeMap<&str, Vec<&KindRule>>, faults: &mut Faults) -> HashMap<String, KindId> {
    let mut labels: HashMap<String, KindId> = HashMap::new();
    for (id, kind) in kinds.iter() {
        labels.extend(kind.labels.iter().map(|label| (label.clone(), id)));
    }
    for label in by_name.values().flatten().flat_map(|rule| rule.labels.iter().map(move |label| (rule, label))) {
        let (rule, label) = label;
        let Some(id) = kinds.id(&rule.name.text) else { continue };
        let folded = fold(&label.text);
        match labels.insert(folded.clone(), id) {
            Some(other) if other != id => {
                let other = &kinds.get(other).name;
                let message = format!("the label `{}` means `{other}` already", label.text);
                faults
                    .error(&label.spot, "label", message)
                    .help("a label alone means one kind; name it as a place under `fields:`");
            }
            Some(_) => {}
            None => kinds.0[usize::from(id.0)].labels.push(folded),
        }
    }
    labels
}

/// Whether a pattern takes words of all sorts whole.
fn fits_all(pattern: &str) -> bool {
    const SIZE: usize = 1 << 20;
    const WORDS: [&str; 4] = ["a", "Order", "山田", "7"];
    let whole = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(SIZE).build();
    whole.is_ok_and(|whole| whole.is_match("") || WORDS.iter().all(|word| whole.is_match(word)))
}

fn detectors(kinds: &mut Kinds, by_name: &BTreeMap<&str, Vec<&KindRule>>, faults: &mut Faults) -> Option<Detectors> {
    let mut patterns: Vec<(KindId, String, &Spot)> = Vec::new();
    for rule in by_name.values().flatten() {
        let (Some(id), Some(pattern)) = (kinds.id(&rule.name.text), &rule.pattern) else { continue };
        let kind = &mut kinds.0[usize::from(id.0)];
        if kind.pattern.is_some() {
            faults.error(&pattern.spot, "conflict", format!("`{}` has a pattern already", kind.name));
            continue;
        }
        if fits_all(&pattern.text) {
            let fault = faults.warning(&pattern.spot, "wide", format!("the pattern of `{}` fits any text", kind.name));
            fault.help("every value that no field names is then of this kind: write what its values alone look like");
        }
        kind.pattern = Some(pattern.text.clone());
        patterns.push((id, pattern.text.clone(), &pattern.spot));
    }
    // A bad pattern is told and left out, until what is left can be compiled.
    loop {
        let custom: Vec<(KindId, String)> = patterns.iter().map(|(id, pattern, _)| (*id, pattern.clone())).collect();
        let error = match Detectors::new(&custom) {
            Ok(detectors) => return Some(detectors),
            Err(error) => error,
        };
        let (DetectError::Pattern { index, .. } | DetectError::TooLarge { index }) = &error;
        if *index >= patterns.len() {
            return None;
        }
        let (_, _, spot) = patterns.remove(*index);
        let fault = faults.error(spot, "pattern", error.to_string());
        if matches!(error, DetectError::Pattern { .. }) {
            fault.help("known is the syntax of the crate `regex`, without look-around and back-references");
        }
    }
}
