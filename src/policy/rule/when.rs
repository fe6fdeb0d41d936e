//! `when:` and `until:`: the conditions of a rule.

use core::net::IpAddr;
use core::ops::Range;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::policy::excluded::{self, leaves_out};
use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::cel::{Cel, NameOf};
use crate::policy::rule::hours::Hours;
use crate::policy::rule::places;
use crate::policy::rule::{Word, words};
use crate::terms::event::Event;

/// The conditions of a rule; an empty list asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// The client's address is in one of these.
    pub networks: Vec<IpNet>,
    /// Where each of them is written.
    pub network_spots: Vec<Spot>,
    /// The time is in one of these.
    pub hours: Vec<Hours>,
    /// The request is about one of these.
    pub resources: Vec<Word>,
    /// The request does one of these.
    pub events: Vec<Event>,
    /// The request is made for one of these purposes.
    pub purposes: Vec<Word>,
    /// The answer holds one record.
    pub one: bool,
    /// An expression that is true.
    pub cel: Option<Arc<Cel>>,
    /// The names of the rules in it.
    pub cel_names: Vec<(NameOf, Word)>,
}

/// The events that a request can be.
pub const EVENTS: [(&str, Event); 4] =
    [("view", Event::View), ("search", Event::Search), ("export", Event::Export), ("write", Event::Write)];

impl When {
    /// Reads `when:`.
    pub fn read(node: &Node, faults: &mut Faults) -> Option<When> {
        let mut map = MapReader::open(node, "`when`", faults)?;
        let mut when = When::default();
        if let Some(node) = map.take("network") {
            for (text, spot) in reader::texts(node, "a network", faults) {
                match network(text) {
                    Some(network) => {
                        host_bits(text, network, spot, faults);
                        when.networks.push(network);
                        when.network_spots.push(spot.clone());
                    }
                    None => {
                        let fault = faults.error(spot, "network", format!("`{text}` is no network"));
                        fault.help(match text {
                            "*" | "all" | "any" => "leave `network` out: without it the rule holds everywhere",
                            _ if leaves_out(text) => excluded::CONDITIONS,
                            _ => "write an address or a network, as in `10.0.0.0/8`",
                        });
                    }
                }
            }
        }
        let hours = map.take("hours");
        if let Some(node) = hours {
            for (text, spot) in reader::texts(node, "hours", faults) {
                match Hours::parse(text) {
                    Ok(hours) => when.hours.push(hours),
                    Err(errors) => {
                        for error in errors {
                            let spot = error.at.map_or_else(|| spot.clone(), |at| places::part(spot, text, at));
                            let help =
                                if leaves_out(text) { Some(excluded::CONDITIONS.to_owned()) } else { error.help };
                            faults.error(&spot, "hours", error.message).help = help;
                        }
                    }
                }
            }
        }
        if let Some(node) = hours.filter(|_| Hours::are_the_week(&when.hours)) {
            always(&node.spot, "these hours are the whole week", faults);
        }
        when.resources = map.take("resource").map(|node| words(node, "a resource", faults)).unwrap_or_default();
        if let Some(node) = map.take("event") {
            let items = reader::one_or_more(node, "an event", faults).iter();
            when.events = items.filter_map(|item| reader::word(item, "an event", &EVENTS, faults)).collect();
        }
        when.purposes = map.take("purpose").map(|node| purposes(node, faults)).unwrap_or_default();
        let one = map.take("records").and_then(|node| reader::word(node, "`records`", &[("one", true)], faults));
        when.one = one.unwrap_or(false);
        let cel = map.take("cel").and_then(|node| Some((cel(node, faults)?, node)));
        when.cel_names = cel.as_ref().map(|(cel, node)| cel_names(cel, node)).unwrap_or_default();
        when.cel = cel.map(|(cel, _)| cel);
        if node.map().is_some_and(<[_]>::is_empty) && !faults.has_slip(&node.spot) {
            faults.error(&node.spot, "empty", "`when` names no condition");
        }
        map.finish(faults);
        Some(when)
    }
}

impl When {
    /// Whether these conditions hold only where the others do. A condition that is not compared here
    /// would make rules look idle that are not, so each is named.
    pub fn is_within(&self, other: &When) -> bool {
        fn inside<T>(own: &[T], other: &[T], is_in: impl Fn(&T, &T) -> bool) -> bool {
            let taken = |one: &T| other.iter().any(|whole| is_in(one, whole));
            other.is_empty() || (!own.is_empty() && own.iter().all(taken))
        }
        let When { networks, network_spots: _, hours, resources, events, purposes, one, cel: _, cel_names: _ } = self;
        inside(networks, &other.networks, |one, whole| whole.contains(one))
            && inside(hours, &other.hours, |one, whole| one == whole)
            && inside(resources, &other.resources, |one, whole| one.text == whole.text)
            && inside(events, &other.events, |one, whole| one == whole)
            && inside(purposes, &other.purposes, |one, whole| one.text == whole.text)
            && (*one || !other.one)
            && other.cel.is_none()
    }
}

/// Reads purposes: they stand in the ledger and in a header, and so are short and plain.
pub fn purposes(node: &Node, faults: &mut Faults) -> Vec<Word> {
    let mut words = words(node, "a purpose", faults);
    words.retain(|word| is_purpose(&word.text, &word.spot, faults));
    words
}

/// Whether a word can be a purpose; it stands in every record that names it.
pub fn is_purpose(word: &str, spot: &Spot, faults: &mut Faults) -> bool {
    const WORD_BYTES: usize = 64;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let good = word.len() <= WORD_BYTES && word.bytes().all(plain);
    if !good {
        let fault = faults.error(spot, "purpose", format!("`{word}` is no plain word"));
        fault.help("write up to 64 letters, digits, `-`, `_` and `.`, as in `call-back`");
    }
    good
}

fn cel(node: &Node, faults: &mut Faults) -> Option<Arc<Cel>> {
    let text = reader::text(node, "`cel`", faults)?;
    match Cel::parse(text) {
        Ok(cel) => {
            match cel.always {
                Some(true) => always(&node.spot, "this expression is always true", faults),
                Some(false) => {
                    let fault = faults.warning(&node.spot, "never", "this expression is never true");
                    fault.help("take the rule out, or compare with something of the request");
                }
                None => {}
            }
            for doubt in &cel.doubts {
                let spot = places::piece(node, text, word(text, doubt.offset));
                faults.warning(&spot, "cel", doubt.message.clone()).help.clone_from(&doubt.help);
            }
            Some(Arc::new(cel))
        }
        Err(found) => {
            for fault in found {
                let word = word(text, fault.offset);
                let told = faults.error(&places::piece(node, text, word), "cel", fault.message);
                if let Some(help) = fault.help {
                    told.help(help);
                }
            }
            None
        }
    }
}

/// Warns of a condition that asks for nothing: a rule with one beats all that have none.
fn always(spot: &Spot, message: &str, faults: &mut Faults) {
    let fault = faults.warning(spot, "always", message);
    fault.help("take the condition out, or narrow it: a rule with a condition beats those without");
}

/// Warns of an address with a length that takes in its neighbours as well.
fn host_bits(text: &str, network: IpNet, spot: &Spot, faults: &mut Faults) {
    if network.addr() != network.network() {
        let fault = faults.warning(spot, "host-bits", format!("`{text}` takes in all of `{}`", network.trunc()));
        match network.prefix_len() {
            0 => fault.help(format!("that is every address: write `{}` for the one", network.addr())),
            _ => fault.help(format!("write `{}`, or `{}` for the one address", network.trunc(), network.addr())),
        }
    } else if network.prefix_len() == 0 {
        always(spot, &format!("`{text}` is every address"), faults);
    }
}

fn cel_names(cel: &Cel, node: &Node) -> Vec<(NameOf, Word)> {
    let spot = |at: usize| places::piece(node, &cel.text, word(&cel.text, at));
    cel.names.iter().map(|(what, at, name)| (*what, Word::new(name, &spot(*at)))).collect()
}

/// The word of an expression that is meant here. The parser has a member begin at its dot, and a call at its
/// bracket.
fn word(text: &str, at: usize) -> Range<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    if let Some(member) = rest.strip_prefix('.') {
        let length = member.find(|c| !is_name(c)).unwrap_or(member.len());
        return at + 1..at + 1 + length;
    }
    let called = before.len() - before.trim_end_matches(is_name).len();
    match rest.starts_with('(') && called > 0 {
        true => at - called..at,
        false => at..word_end(text, at),
    }
}

/// Where the word of an expression ends that begins here: a text in quotes, a name with its members, or a sign.
fn word_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let length = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
        Some(first) if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
        Some(first) => rest.find(|c: char| is_name(c) || c.is_whitespace()).unwrap_or(rest.len()).max(first.len_utf8()),
        None => 0,
    };
    start + length
}

/// Reads an address or a network.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Reads `until:`. A date holds to its end in UTC.
pub fn until(node: &Node, faults: &mut Faults) -> Option<Timestamp> {
    let text = reader::text(node, "`until`", faults)?;
    let of_date = |date: Date| date.tomorrow().ok()?.to_datetime(Time::midnight()).to_zoned(TimeZone::UTC).ok();
    let time = match text.len() {
        10 => text.parse::<Date>().ok().and_then(of_date).map(|zoned| zoned.timestamp()),
        _ => text.parse::<Timestamp>().ok(),
    };
    if time.is_none() {
        let fault = faults.error(&node.spot, "date", format!("`{text}` is no date"));
        fault.help("write `2026-12-31`, which holds to its end in UTC, or `2026-12-31T18:00:00+09:00`");
    }
    time
}
