//! Floods of refusals, told in few records.
//!
//! A refusal discloses nothing, so its record need not be durable before the answer; and somebody who is refused a
//! million times must not fill the disk, or the queue that disclosures wait in. The first refusals of a staff, client,
//! reason and resource within a window are recorded one by one; the rest are counted and told in one record when the
//! window ends. Who comes under ever new names meets a bound on names, behind which refusals are counted together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::ledger::entry::{Entry, Text};
use crate::terms::event::Event;

/// From when on refusals are counted, and how many names are kept apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FloodBounds {
    /// So many within a window are recorded one by one.
    pub singles_max: u64,
    /// How long a window lasts.
    pub window: Duration,
    /// So many combinations of staff, client, reason and resource are kept apart.
    pub names_max: usize,
}

impl Default for FloodBounds {
    fn default() -> FloodBounds {
        FloodBounds { singles_max: 10, window: Duration::from_secs(10), names_max: 1024 }
    }
}

/// The reason in a record that counts refusals beyond the bound on names.
pub const MANY: &str = "many";

/// The refusals of the windows that are open.
pub struct Flood {
    bounds: FloodBounds,
    windows: HashMap<Name, Window>,
    nameless: u64,
    nameless_since: Option<Instant>,
}

impl Flood {
    /// No refusals yet.
    pub fn new(bounds: FloodBounds) -> Flood {
        Flood { bounds, windows: HashMap::new(), nameless: 0, nameless_since: None }
    }

    /// Takes note of a refusal; gives it back when it is to be recorded by itself.
    pub fn admit<'a>(&mut self, entry: Entry<'a>, now: Instant) -> Option<Entry<'a>> {
        let name = Name::of(&entry);
        if let Some(window) = self.windows.get_mut(&name) {
            window.seen += 1;
            if window.seen <= self.bounds.singles_max {
                return Some(entry);
            }
            window.counted += 1;
            return None;
        }
        if self.windows.len() >= self.bounds.names_max {
            self.count_nameless(now);
            return None;
        }
        self.windows.insert(name, Window { since: now, seen: 1, counted: 0, status: entry.status });
        Some(entry)
    }

    /// Counts a refusal that was to be recorded by itself and could not be.
    pub fn count(&mut self, entry: &Entry<'_>, now: Instant) {
        match self.windows.get_mut(&Name::of(entry)) {
            Some(window) => window.counted += 1,
            None => self.count_nameless(now),
        }
    }

    /// The records of the windows that have ended.
    pub fn ended(&mut self, now: Instant) -> Vec<Entry<'static>> {
        let over = |since: Instant| now.saturating_duration_since(since) >= self.bounds.window;
        let nameless_over = self.nameless_since.is_some_and(over);
        let ended = self.windows.extract_if(|_, window| over(window.since));
        let mut entries: Vec<Entry<'static>> = ended.filter(|(_, window)| window.counted > 0).map(told).collect();
        if nameless_over {
            entries.extend(self.tell_nameless());
        }
        entries
    }

    /// The records of all windows, ended or not.
    pub fn all(&mut self) -> Vec<Entry<'static>> {
        let windows = self.windows.drain().filter(|(_, window)| window.counted > 0);
        let mut entries: Vec<Entry<'static>> = windows.map(told).collect();
        entries.extend(self.tell_nameless());
        entries
    }

    fn count_nameless(&mut self, now: Instant) {
        self.nameless += 1;
        self.nameless_since.get_or_insert(now);
    }

    fn tell_nameless(&mut self) -> Option<Entry<'static>> {
        self.nameless_since = None;
        let count = std::mem::take(&mut self.nameless);
        let name = Name { staff: None, client: None, reason: Some(MANY.into()), resource: None };
        (count > 0).then(|| told((name, Window { since: Instant::now(), seen: 0, counted: count, status: None })))
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Name {
    staff: Option<Text<'static>>,
    client: Option<Text<'static>>,
    reason: Option<Text<'static>>,
    resource: Option<Text<'static>>,
}

impl Name {
    fn of(entry: &Entry<'_>) -> Name {
        let own = |text: &Option<Text<'_>>| text.as_ref().map(|text| Text::Owned(text.to_string()));
        Name {
            staff: own(&entry.staff),
            client: own(&entry.client),
            reason: own(&entry.reason),
            resource: own(&entry.resource),
        }
    }
}

struct Window {
    since: Instant,
    seen: u64,
    counted: u64,
    status: Option<u16>,
}

fn told((name, window): (Name, Window)) -> Entry<'static> {
    Entry {
        staff: name.staff,
        client: name.client,
        reason: name.reason,
        resource: name.resource,
        status: window.status,
        outcome: Some("refused".into()),
        count: Some(window.counted),
        ..Entry::new(Event::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: FloodBounds = FloodBounds { singles_max: 3, window: Duration::from_secs(10), names_max: 2 };

    fn refusal(staff: &'static str) -> Entry<'static> {
        Entry {
            staff: Some(staff.into()),
            reason: Some("no_role".into()),
            status: Some(403),
            ..Entry::new(Event::Refused)
        }
    }

    #[test]
    fn the_first_are_single_and_the_rest_are_one_record() {
        let begin = Instant::now();
        let mut flood = Flood::new(BOUNDS);
        let singles = (0..1000).filter_map(|_| flood.admit(refusal("a"), begin)).count();
        assert_eq!(singles, 3);
        assert_eq!(flood.ended(begin + Duration::from_secs(9)), []);
        let told = flood.ended(begin + Duration::from_secs(10));
        assert!(matches!(&told[..], [entry] if entry.count == Some(997) && entry.staff == refusal("a").staff));
        assert_eq!((told[0].status, told[0].reason.as_deref()), (Some(403), Some("no_role")));
        assert_eq!(flood.admit(refusal("a"), begin), Some(refusal("a")));
    }

    #[test]
    fn few_refusals_make_no_counting_record() {
        let now = Instant::now();
        let mut flood = Flood::new(BOUNDS);
        assert!((0..3).all(|_| flood.admit(refusal("a"), now).is_some()));
        assert_eq!(flood.ended(now + Duration::from_secs(10)), []);
        assert_eq!(flood.all(), []);
    }

    #[test]
    fn ever_new_names_are_counted_together() {
        let now = Instant::now();
        let mut flood = Flood::new(BOUNDS);
        let names = ["a", "b", "c", "d", "e"];
        assert_eq!(names.iter().filter_map(|name| flood.admit(refusal(name), now)).count(), 2);
        assert_eq!(flood.windows.len(), 2);
        let told = flood.ended(now + Duration::from_secs(10));
        assert!(matches!(&told[..], [entry] if entry.count == Some(3) && entry.staff.is_none()));
        assert_eq!(told[0].reason.as_deref(), Some(MANY));
    }

    #[test]
    fn a_refusal_that_found_no_room_is_counted() {
        let now = Instant::now();
        let mut flood = Flood::new(BOUNDS);
        let entry = flood.admit(refusal("a"), now).unwrap();
        flood.count(&entry, now);
        flood.count(&refusal("b"), now);
        let counts: Vec<Option<u64>> = flood.all().iter().map(|entry| entry.count).collect();
        assert_eq!(counts, [Some(1), Some(1)]);
    }
}
