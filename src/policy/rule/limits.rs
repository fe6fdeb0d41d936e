//! `limits:`: how much staff may ask for before somebody hears of it, or no more is answered.
//!
//! Only searches and what is revealed are counted: `subjects`, `count` and `then: veil` are kept for what is not built yet.

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot};
use crate::policy::plan::Then;
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::rules::{self, Who};

/// A limit.
#[derive(Debug)]
pub struct Limit {
    /// Where it begins.
    pub spot: Spot,
    /// Whom it is for.
    pub who: Who,
    /// How many values of veiled kinds one of them may look for, or how often ask to have one revealed.
    pub searches: u32,
    /// Whether it counts what is revealed.
    pub reveals: bool,
    /// Within how many seconds.
    pub per: u32,
    /// What happens to the next one.
    pub then: Then,
}

/// Counts are in memory, where the values of one person have their bound.
const SEARCHES_MAX: u32 = 10_000;

/// Counts begin anew when the gateway does: a longer time would promise what nobody keeps.
pub(super) const PER_MAX: u32 = 24 * 3600;

/// Reads one limit.
pub fn read(node: &Node, faults: &mut Faults) -> Option<Limit> {
    let mut map = MapReader::open(node, "a limit", faults)?;
    let who = map.need("for", faults).and_then(|node| rules::who(node, faults));
    let is_of_another = node.at("subjects").is_some() || node.at("reveals").is_some();
    map.reserve(&["subjects", "count"], faults);
    let searches = if is_of_another { map.take("searches") } else { map.need("searches", faults) };
    let reveals = map.take("reveals");
    if let Some(both) = reveals.filter(|_| searches.is_some()) {
        faults.error(&both.spot, "conflict", "a limit counts `searches` or `reveals`, not both");
    }
    let count = match (searches, reveals) {
        (Some(node), _) => self::searches(node, faults),
        (None, Some(node)) => self::reveals(node, faults),
        (None, None) => None,
    };
    let per = map.need("per", faults).and_then(|node| per(node, faults));
    let then = map.need("then", faults).and_then(|node| then(node, faults));
    if let Some(node) = map.take("why") {
        reader::text(node, "a remark", faults);
    }
    map.finish(faults);
    Some(Limit {
        spot: node.spot.clone(),
        who: who?,
        searches: count?,
        reveals: reveals.is_some(),
        per: per?,
        then: then?,
    })
}

fn searches(node: &Node, faults: &mut Faults) -> Option<u32> {
    let count = reader::number::<u32>(node, "`searches`", faults)?;
    if count == 0 {
        let fault = faults.error(&node.spot, "zero", "nobody could look for anything");
        fault.help("write `search: none` in a rule for what nobody may look for");
        return None;
    }
    if count > SEARCHES_MAX {
        let fault = faults.error(&node.spot, "too-many", format!("`searches` is at most {SEARCHES_MAX}"));
        fault.help("who may look for more than that should see the kind: `show` it");
        return None;
    }
    Some(count)
}

fn reveals(node: &Node, faults: &mut Faults) -> Option<u32> {
    let count = reader::number::<u32>(node, "`reveals`", faults)?;
    let fits = (1..=SEARCHES_MAX).contains(&count);
    if !fits {
        let fault = faults.error(&node.spot, "too-many", format!("`reveals` is at least 1 and at most {SEARCHES_MAX}"));
        fault.help("whom nothing is revealed to needs no rule under `reveal:`; who may have more revealed should see the kind: `show` it");
    }
    fits.then_some(count)
}

/// `30m`, `1h`.
fn per(node: &Node, faults: &mut Faults) -> Option<u32> {
    let fits = seconds(reader::text(node, "`per`", faults)?, PER_MAX);
    if fits.is_none() {
        let fault = faults.error(&node.spot, "bad-duration", "`per` is a time of one second to 24 hours");
        fault.help("write `10m` or `1h`; counts are in memory and begin anew when the gateway does");
    }
    fits
}

/// The seconds of `30m`, `1h` or `2d`, of at least one and at most so many.
pub(super) fn seconds(text: &str, most: u32) -> Option<u32> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[number.len()..] {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(24 * 3600),
        _ => None,
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse::<u32>().ok().filter(|_| digits).zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
    seconds.filter(|seconds| (1..=most).contains(seconds))
}

fn then(node: &Node, faults: &mut Faults) -> Option<Then> {
    if node.scalar() == Some("veil") {
        reader::reserved(&node.spot, "veil", faults);
        return None;
    }
    reader::word(node, "`then`", &[("block", Then::Block), ("alert", Then::Alert)], faults)
}
