//! Social security numbers of the United States, written with their two hyphens.
//!
//! Area 000, 666 and 900 up, group 00 and serial 0000 were never issued.

use crate::detect::runs::{Gap, Runs};
use crate::detect::{Detector, Hit};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector =
    Detector { kind: kind::SSN, may: |census| census.digits >= 9, find, whole: Detector::covers };

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    for (at, groups) in runs.list.windows(3).enumerate() {
        if groups.iter().map(|run| run.len()).ne([3, 2, 4]) || [runs.gap(at), runs.gap(at + 1)] != [Gap::Hyphen; 2] {
            continue;
        }
        let (area, group, serial) = (runs.digits(groups[0]), runs.digits(groups[1]), runs.digits(groups[2]));
        let issued = area != b"000" && area != b"666" && area[0] != b'9' && group != b"00" && serial != b"0000";
        let range = groups[0].start..groups[2].end;
        if issued && runs.stands_alone(range.start, range.end) {
            hits.push(Hit { range, certain: true, evidence: "three groups" });
        }
    }
}
