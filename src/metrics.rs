//! Every metric's name, help and labels in one table.
//!
//! No label holds a text that staff or customers can choose: routes are resource ids of the rules,
//! reasons and actions are closed lists.
//!
//! A series that is born when it is first counted has grown by nothing in the eyes of an alert: its
//! first refused reload would wake nobody. So what can be listed stands at 0 from the start
//! (`from_zero`), and each page shows every kind and role of the rules in force.

use std::sync::Arc;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::terms::kind::Kinds;
use crate::terms::refusal::Reason;

/// Buckets from a tenth of a millisecond to ten seconds.
const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

macro_rules! metrics {
    ($($field:ident: $kind:ty = $name:literal, [$($label:literal),*], $help:literal;)*) => {
        /// The gateway's metrics.
        pub struct Metrics {
            registry: Registry,
            $(#[doc = $help] pub $field: $kind,)*
        }

        /// Every metric with its labels.
        #[cfg(test)]
        const ALL: &[(&str, &[&str])] = &[$(($name, &[$($label),*])),*];

        impl Metrics {
            /// All metrics, registered.
            pub fn new() -> Result<Metrics, prometheus::Error> {
                let registry = Registry::new();
                $(let $field = <$kind as Metric>::make($name, $help, &[$($label),*])?;
                registry.register(Box::new($field.clone()))?;)*
                #[cfg(target_os = "linux")]
                registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
                Ok(Metrics { registry, $($field,)* })
            }
        }
    };
}

metrics! {
    requests: IntCounterVec = "sudare_requests_total", ["resource", "outcome"], "Requests, by resource of the rules and outcome";
    request_seconds: Histogram = "sudare_request_duration_seconds", [], "From a request's head to the last byte of its answer";
    upstream_seconds: Histogram = "sudare_upstream_duration_seconds", [], "From a request's way to the CRM to the head of its answer";
    overhead_seconds: Histogram = "sudare_overhead_duration_seconds", [], "What the gateway itself took of a request";
    values: IntCounterVec = "sudare_values_total", ["kind", "action", "role"], "Values that were decided, by kind, action and staff's first role";
    undeclared: IntCounterVec = "sudare_undeclared_total", ["format"], "Values that only labels or detectors knew, by format";
    refusals: IntCounterVec = "sudare_refusals_total", ["reason"], "Refused requests, by reason";
    limits: IntCounterVec = "sudare_limits_total", ["role", "then"], "Requests beyond a limit, by staff's first role and what happened to them";
    contacts: IntCounterVec = "sudare_contact_writes_total", ["role"], "Writes of how to reach somebody whose other values staff does not see, by staff's first role";
    alerts: IntCounterVec = "sudare_alerts_total", ["kind"], "Values of blocked kinds that stood where no field names them";
    nameless: IntCounter = "sudare_subjects_missing_total", [], "Disclosures whose subject was not found";
    ledger_seconds: Histogram = "sudare_ledger_append_duration_seconds", [], "From a record's way to the ledger until it is durable";
    ledger_records: IntCounter = "sudare_ledger_records_total", [], "Records written by this process";
    ledger_up: IntGaugeVec = "sudare_ledger_up", [], "1 while records can be written, 0 while nothing is disclosed for want of that";
    ledger_segments: IntGaugeVec = "sudare_ledger_segments", [], "Segments of the ledger";
    ledger_bytes: IntGaugeVec = "sudare_ledger_bytes", [], "Bytes of the ledger's segments on the disk";
    ledger_oldest: IntGaugeVec = "sudare_ledger_oldest_record_timestamp_seconds", [], "When the oldest record was written";
    ledger_checkpoint: IntGaugeVec = "sudare_ledger_checkpoint_timestamp_seconds", [], "When the last checkpoint was signed";
    ledger_anchor: IntGaugeVec = "sudare_ledger_anchor_timestamp_seconds", [], "When a checkpoint was last kept in the second place";
    cosigned: IntCounterVec = "sudare_ledger_witness_requests_total", ["result"], "Checkpoints shown to the witness, by result";
    reloads: IntCounterVec = "sudare_policy_reloads_total", ["result"], "Reloads of the rules, by result";
    policy: IntGaugeVec = "sudare_policy_info", ["version"], "The policy in force";
    vault: IntCounterVec = "sudare_vault_operations_total", ["operation", "result"], "Tokens and hashes made, kept, turned back and ended, by result";
    connections: IntGaugeVec = "sudare_connections", ["side"], "Open connections, by side";
    build: IntGaugeVec = "sudare_build_info", ["version"], "The gateway's version";
}

/// The results of reloads.
const RELOADS: [&str; 2] = ["ok", "refused"];

/// What a witness says of a checkpoint.
const COSIGNED: [&str; 3] = ["cosigned", "away", "refused"];

/// What is counted of tokens and hashes.
const VAULT: [[&str; 2]; 13] = [
    ["tokenize", "ok"],
    ["tokenize", "error"],
    ["hash", "ok"],
    ["keep", "ok"],
    ["keep", "error"],
    ["expire", "ok"],
    ["expire", "error"],
    ["remember", "ok"],
    ["remember", "error"],
    ["reveal", "ok"],
    ["reveal", "refused"],
    ["ring", "ok"],
    ["ring", "refused"],
];

/// What stands for the role of staff that has none.
const NO_ROLE: &str = "none";

/// What becomes of what is beyond a limit.
const THENS: [&str; 2] = ["block", "alert"];

/// The sides of a connection.
const SIDES: [&str; 2] = ["staff", "crm"];

impl Metrics {
    /// Puts every series at 0 whose labels are a closed list. Resources and versions are the rules' own
    /// and can be thousands; no alert asks for their first one.
    pub fn from_zero(&self, formats: impl Iterator<Item = &'static str>) {
        for reason in Reason::ALL {
            self.refusals.with_label_values(&[reason.word()]);
        }
        for result in RELOADS {
            self.reloads.with_label_values(&[result]);
        }
        for result in COSIGNED {
            self.cosigned.with_label_values(&[result]);
        }
        for labels in &VAULT {
            self.vault.with_label_values(labels);
        }
        for side in SIDES {
            self.connections.with_label_values(&[side]);
        }
        for format in formats {
            self.undeclared.with_label_values(&[format]);
        }
    }

    /// The page that Prometheus scrapes, under rules that know these kinds and roles. What a reload brings is at 0
    /// on the next page: before that page nobody could have told a birth from a count.
    pub fn page(&self, kinds: &Kinds, roles: &[Arc<str>]) -> Vec<u8> {
        for role in roles.iter().map(|role| &**role).chain([NO_ROLE]) {
            self.contacts.with_label_values(&[role]);
            for then in THENS {
                self.limits.with_label_values(&[role, then]);
            }
        }
        for (_, kind) in kinds.iter() {
            self.alerts.with_label_values(&[kind.name.as_str()]);
        }
        let mut page = Vec::new();
        // Encoding into memory fails only for a family without metrics, which is left out.
        let families: Vec<_> =
            self.registry.gather().into_iter().filter(|family| !family.get_metric().is_empty()).collect();
        if TextEncoder::new().encode(&families, &mut page).is_err() {
            page.clear();
        }
        page
    }
}

/// How each sort of metric is made.
trait Metric: Collector + Clone + Sized {
    fn make(name: &str, help: &str, labels: &[&str]) -> Result<Self, prometheus::Error>;
}

impl Metric for IntCounterVec {
    fn make(name: &str, help: &str, labels: &[&str]) -> Result<Self, prometheus::Error> {
        IntCounterVec::new(Opts::new(name, help), labels)
    }
}

impl Metric for IntGaugeVec {
    fn make(name: &str, help: &str, labels: &[&str]) -> Result<Self, prometheus::Error> {
        IntGaugeVec::new(Opts::new(name, help), labels)
    }
}

impl Metric for IntCounter {
    fn make(name: &str, help: &str, _labels: &[&str]) -> Result<Self, prometheus::Error> {
        IntCounter::new(name, help)
    }
}

impl Metric for Histogram {
    fn make(name: &str, help: &str, _labels: &[&str]) -> Result<Self, prometheus::Error> {
        Histogram::with_opts(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()))
    }
}

impl Metric for HistogramVec {
    fn make(name: &str, help: &str, labels: &[&str]) -> Result<Self, prometheus::Error> {
        HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_counted() {
        let metrics = Metrics::new().expect("names are unique");
        metrics.requests.with_label_values(&["customer", "released"]).inc();
        metrics.from_zero(["json"].into_iter());
        let page = String::from_utf8(metrics.page(&Kinds::builtin(), &[])).expect("text");
        assert!(page.contains("sudare_requests_total{outcome=\"released\",resource=\"customer\"} 1"), "{page}");
        assert!(page.contains("sudare_ledger_append_duration_seconds_bucket"), "{page}");
    }

    #[test]
    fn names_and_labels_are_those_that_dashboards_are_written_against() {
        for (name, labels) in [
            ("sudare_requests_total", &["resource", "outcome"][..]),
            ("sudare_request_duration_seconds", &[]),
            ("sudare_upstream_duration_seconds", &[]),
            ("sudare_overhead_duration_seconds", &[]),
            ("sudare_values_total", &["kind", "action", "role"]),
            ("sudare_undeclared_total", &["format"]),
            ("sudare_refusals_total", &["reason"]),
            ("sudare_limits_total", &["role", "then"]),
            ("sudare_contact_writes_total", &["role"]),
            ("sudare_ledger_append_duration_seconds", &[]),
            ("sudare_ledger_records_total", &[]),
            ("sudare_ledger_up", &[]),
            ("sudare_ledger_segments", &[]),
            ("sudare_ledger_bytes", &[]),
            ("sudare_ledger_oldest_record_timestamp_seconds", &[]),
            ("sudare_ledger_checkpoint_timestamp_seconds", &[]),
            ("sudare_ledger_anchor_timestamp_seconds", &[]),
            ("sudare_policy_reloads_total", &["result"]),
            ("sudare_policy_info", &["version"]),
            ("sudare_vault_operations_total", &["operation", "result"]),
            ("sudare_connections", &["side"]),
        ] {
            assert!(ALL.contains(&(name, labels)), "{name} {labels:?}");
        }
        assert!(ALL.iter().any(|(name, _)| *name == "sudare_build_info"));
    }
}
