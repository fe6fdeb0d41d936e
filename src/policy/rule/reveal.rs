//! `reveal:`: who may have which kinds shown by the reveal API, and what for.
//!
//! A rule here takes nothing of a veil away: an answer stays as the other rules say, and each value is asked
//! for by itself, with a purpose.

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::rules::{self, Who};
use crate::policy::rule::{Word, limits, when, words};

/// A rule of the reveal API.
#[derive(Debug)]
pub struct Reveal {
    /// Its id, if it says one.
    pub id: Option<Word>,
    /// Where it begins.
    pub spot: Spot,
    /// Whom it is for.
    pub who: Who,
    /// The kinds that may be revealed.
    pub kinds: Vec<Word>,
    /// What for.
    pub purposes: Vec<Word>,
    /// For how many seconds what was revealed stays open to whom it was revealed.
    pub lasts: Option<u32>,
}

/// Reads one.
pub fn read(node: &Node, faults: &mut Faults) -> Option<Reveal> {
    let mut map = MapReader::open(node, "a reveal rule", faults)?;
    map.means(&[("kind", "kinds"), ("purposes", "purpose"), ("roles", "for"), ("per", "lasts")]);
    let who = map.need("for", faults).and_then(|node| rules::who(node, faults));
    let kinds = map.need("kinds", faults).map(|node| words(node, "a kind", faults));
    let purposes = map.need("purpose", faults).map(|node| when::purposes(node, faults));
    let id = map.take("id").and_then(|node| Some(Word::new(reader::text(node, "an id", faults)?, &node.spot)));
    let lasts = map.take("lasts").and_then(|node| lasts(node, faults));
    if let Some(node) = map.take("approval") {
        approval(node, faults);
    }
    if let Some(node) = map.take("why") {
        reader::text(node, "a remark", faults);
    }
    map.finish(faults);
    Some(Reveal { id, spot: node.spot.clone(), who: who?, kinds: kinds?, purposes: purposes?, lasts })
}

fn lasts(node: &Node, faults: &mut Faults) -> Option<u32> {
    let seconds = limits::seconds(reader::text(node, "`lasts`", faults)?, limits::PER_MAX);
    if seconds.is_none() {
        let fault = faults.error(&node.spot, "bad-duration", "`lasts` is a time of one second to 24 hours");
        fault.help("write `5m`, or leave it out: then a value is shown once, and answers stay as they are");
    }
    seconds
}

/// That somebody else must agree is not built yet, and a rule that asks for it must not hold without.
fn approval(node: &Node, faults: &mut Faults) {
    let Some(text) = reader::text(node, "`approval`", faults).filter(|text| *text != "none") else { return };
    let fault = faults.error(&node.spot, "reserved", format!("`approval: {text}` is reserved: not yet"));
    fault.help("write `approval: none`: nobody else is asked yet before a value is revealed");
}
