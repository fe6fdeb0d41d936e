//! Alerts see the first event: each series that one names is there at 0 when a gateway has just begun.
//!
//! A counter that is born when it first counts has grown by nothing, so an alert on its growth sleeps
//! through a single refused reload. promtool cannot tell, because its series are written by hand; so they
//! are held against the page of a gateway that has done nothing yet.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use sudare::policy::node::Node;

use super::{items, of, yaml};
use crate::gateway::origin::Origin;
use crate::gateway::running::{Running, Setup};

const RULES: &str = "sudare: 1\nkinds: { membership: { category: identity, pattern: 'M-\\d{8}' } }\n\
    roles: { support: { groups: [crm-support] } }\nrules: [{ for: support, show: [identity] }]\n";

/// Labels that only traffic or rules can fill: nobody can list them beforehand.
const OPEN: [&str; 5] = ["resource", "outcome", "version", "le", "role"];

/// A metric's name and its labels, those of the machine that scrapes left out.
type Series = (String, BTreeMap<String, String>);

/// Every series that stands in an expression or on a page: `=~` of listed words is each of them.
fn series(text: &str) -> Vec<Series> {
    let name = Regex::new(r"\b(sudare_[a-z_]+)(?:\{([^}]*)\})?").expect("a pattern");
    let label = Regex::new(r#"([a-z]+)=~?"([^"]*)""#).expect("a pattern");
    let mut all = Vec::new();
    for found in name.captures_iter(text) {
        let mut each = vec![BTreeMap::new()];
        for label in label.captures_iter(found.get(2).map_or("", |labels| labels.as_str())) {
            if ["job", "instance"].contains(&&label[1]) {
                continue;
            }
            let more = |labels: &BTreeMap<String, String>, word: &str| {
                labels
                    .iter()
                    .map(|(a, b)| (a.clone(), b.clone()))
                    .chain([(label[1].to_owned(), word.to_owned())])
                    .collect()
            };
            let words: Vec<&str> = label[2].split('|').collect();
            each = each.iter().flat_map(|labels| words.iter().map(|word| more(labels, word))).collect();
        }
        all.extend(each.into_iter().map(|labels| (found[1].to_owned(), labels)));
    }
    all
}

/// The page of a gateway that nobody has asked anything.
fn fresh() -> Vec<(Series, f64)> {
    let crm = Origin::start(|_| panic!("nobody asks"));
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, ..Setup::default() });
    let page = gateway.metrics_page();
    let lines = page.lines().filter(|line| line.starts_with("sudare_"));
    let read = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        (series(name).remove(0), value.parse().expect("a number"))
    };
    lines.map(read).collect()
}

fn is_of(own: &Series, asked: &Series) -> bool {
    own.0 == asked.0 && asked.1.iter().all(|(name, value)| own.1.get(name) == Some(value))
}

fn rules() -> Vec<Node> {
    let file = yaml("prometheus/rules.yml");
    items(&file, "groups").iter().flat_map(|group| items(group, "rules")).cloned().collect()
}

#[test]
fn every_series_that_an_alert_names_is_there_from_the_start() {
    let (rules, page) = (rules(), fresh());
    let recorded = |expression: &str| -> String {
        let used =
            rules.iter().filter(|rule| !of(rule, "record").is_empty() && expression.contains(of(rule, "record")));
        used.map(|rule| of(rule, "expr")).collect::<Vec<_>>().join(" ")
    };
    let mut count = 0;
    for rule in rules.iter().filter(|rule| !of(rule, "alert").is_empty()) {
        let (alert, expression) = (of(rule, "alert"), of(rule, "expr"));
        for asked in series(&format!("{expression} {}", recorded(expression))) {
            count += 1;
            let there: Vec<f64> = page.iter().filter(|(own, _)| is_of(own, &asked)).map(|(_, value)| *value).collect();
            assert!(!there.is_empty(), "{alert}: {asked:?} is not there before it first counts");
            assert!(
                asked.0 == "sudare_policy_info" || there.iter().all(|value| *value == 0.0),
                "{asked:?} is {there:?}"
            );
        }
    }
    assert!(count > 20, "{count} series");
    // A kind of the rules' own has its alert too.
    let own = ("sudare_alerts_total".to_owned(), BTreeMap::from([("kind".to_owned(), "membership".to_owned())]));
    assert!(page.iter().any(|(there, _)| *there == own), "{page:?}");
}

#[test]
fn promtools_series_begin_as_the_gateways_do() {
    let (file, page) = (yaml("prometheus/rules.test.yml"), fresh());
    let mut count = 0;
    for written in items(&file, "tests").iter().flat_map(|test| items(test, "input_series")) {
        let (asked, values) = (series(of(written, "series")), of(written, "values"));
        let Some((name, labels)) = asked.into_iter().next() else { continue };
        if name == "sudare_policy_info" {
            continue;
        }
        count += 1;
        let first = values.split(' ').find(|value| !value.starts_with('_')).expect("a value");
        assert!(first.starts_with('0'), "{name} {labels:?} begins with `{first}`");
        let listed: BTreeMap<String, String> =
            labels.into_iter().filter(|(label, _)| !OPEN.contains(&label.as_str())).collect();
        let open = name == "sudare_requests_total";
        assert!(open || page.iter().any(|(own, _)| is_of(own, &(name.clone(), listed.clone()))), "{name} {listed:?}");
    }
    assert!(count > 25, "{count} series");
}

#[test]
fn every_alert_is_tried_when_it_must_fire_and_when_it_must_not() {
    let alerts: BTreeSet<String> =
        rules().iter().map(|rule| of(rule, "alert").to_owned()).filter(|alert| !alert.is_empty()).collect();
    assert!(alerts.len() > 16, "{alerts:?}");
    let file = yaml("prometheus/rules.test.yml");
    let (mut fires, mut sleeps) = (BTreeSet::new(), BTreeSet::new());
    for tried in items(&file, "tests").iter().flat_map(|test| items(test, "alert_rule_test")) {
        let which = if items(tried, "exp_alerts").is_empty() { &mut sleeps } else { &mut fires };
        which.insert(of(tried, "alertname").to_owned());
    }
    assert_eq!((&fires, &sleeps), (&alerts, &alerts));
}
