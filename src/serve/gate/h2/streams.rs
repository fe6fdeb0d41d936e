//! The open streams of one connection: how much each may still be sent, and when it last moved.
//!
//! A client that asks for much and opens no window, or announces a body and sends none, holds memory
//! and a place for nothing. Neither hyper nor h2 has a wait for that, so it is kept here.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// A window before anybody has said otherwise (RFC 9113, 6.9.2).
const WINDOW: i64 = 65_535;

/// What is known of one stream.
#[derive(Debug)]
struct Stream {
    /// How many bytes of an answer the client takes at present.
    window: i64,
    /// Whether the request's body is still to come.
    asking: bool,
    /// Whether an answer has begun.
    answering: bool,
    /// When the client last sent a part of its request.
    heard: Instant,
    /// When a part of the answer was last sent.
    sent: Instant,
}

/// The open streams.
#[derive(Debug)]
pub(super) struct Streams {
    open: BTreeMap<u32, Stream>,
    highest: u32,
    initial: i64,
    window: i64,
    /// Since when none is open.
    quiet: Instant,
}

impl Streams {
    /// A connection without a stream.
    pub fn new(now: Instant) -> Streams {
        Streams { open: BTreeMap::new(), highest: 0, initial: WINDOW, window: WINDOW, quiet: now }
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// The highest that the client has opened.
    pub fn highest(&self) -> u32 {
        self.highest
    }

    /// Since when no stream is open.
    pub fn quiet(&self) -> Option<Instant> {
        self.open.is_empty().then_some(self.quiet)
    }

    /// The client sent a head or trailers.
    pub fn asked(&mut self, id: u32, ends: bool, now: Instant) {
        if id > self.highest {
            self.highest = id;
            let window = self.initial;
            let stream = Stream { window, asking: !ends, answering: false, heard: now, sent: now };
            self.open.insert(id, stream);
        } else {
            self.heard(id, ends, now);
        }
    }

    /// The client sent a part of a body.
    pub fn heard(&mut self, id: u32, ends: bool, now: Instant) {
        if let Some(stream) = self.open.get_mut(&id) {
            stream.asking &= !ends;
            stream.heard = now;
        }
    }

    /// The gateway sent so many bytes of an answer, or its head.
    pub fn answered(&mut self, id: u32, bytes: usize, ends: bool, now: Instant) {
        // A frame has fewer than 2^24 bytes.
        let bytes = bytes as i64;
        self.window -= bytes;
        if ends {
            self.close(id, now);
        } else if let Some(stream) = self.open.get_mut(&id) {
            stream.window -= bytes;
            stream.answering = true;
            stream.sent = now;
        }
    }

    /// A stream is over, whoever ended it.
    pub fn close(&mut self, id: u32, now: Instant) {
        if self.open.remove(&id).is_some() && self.open.is_empty() {
            self.quiet = now;
        }
    }

    /// The client takes so many bytes more, on one stream or on all together.
    pub fn widen(&mut self, id: u32, bytes: u32) {
        if id == 0 {
            self.window += i64::from(bytes);
        } else if let Some(stream) = self.open.get_mut(&id) {
            stream.window += i64::from(bytes);
        }
    }

    /// The client sets the window with which streams begin; those that are open change with it.
    pub fn set_initial(&mut self, bytes: u32) {
        let more = i64::from(bytes) - self.initial;
        self.initial += more;
        for stream in self.open.values_mut() {
            stream.window += more;
        }
    }

    /// The stream that will have stood still for so long first, when that is, and whose turn it is: an
    /// answer that the client takes no more of, or a body that it does not send.
    pub fn stalled(&self, wait: Duration) -> Option<(Instant, u32, Stall)> {
        let shut = self.window <= 0;
        let stalls = self.open.iter().filter_map(|(id, stream)| {
            if stream.answering {
                (shut || stream.window <= 0).then_some((stream.sent + wait, *id, Stall::Answer))
            } else {
                stream.asking.then_some((stream.heard + wait, *id, Stall::Body))
            }
        });
        stalls.min_by_key(|(at, id, _)| (*at, *id))
    }
}

/// What stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stall {
    /// An answer, for want of a window.
    Answer,
    /// A request's body.
    Body,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(60);

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn an_answer_stands_still_only_while_a_window_is_shut() {
        let start = Instant::now();
        let mut streams = Streams::new(start);
        streams.asked(1, true, start);
        assert_eq!(streams.stalled(WAIT), None, "an answer that has not begun waits for the crm");
        streams.answered(1, 65_535, false, after(start, 5));
        assert_eq!(streams.stalled(WAIT), Some((after(start, 65), 1, Stall::Answer)));
        streams.widen(1, 10);
        assert_eq!(streams.stalled(WAIT), Some((after(start, 65), 1, Stall::Answer)), "the connection's is shut");
        streams.widen(0, 10);
        assert_eq!(streams.stalled(WAIT), None);
        streams.set_initial(65_525);
        assert_eq!(streams.stalled(WAIT), Some((after(start, 65), 1, Stall::Answer)));
        streams.answered(1, 0, true, after(start, 9));
        assert_eq!((streams.stalled(WAIT), streams.quiet()), (None, Some(after(start, 9))));
    }

    #[test]
    fn a_body_stands_still_until_it_ends_or_an_answer_begins() {
        let start = Instant::now();
        let mut streams = Streams::new(start);
        streams.asked(1, false, start);
        streams.asked(3, false, start);
        streams.heard(1, false, after(start, 7));
        streams.heard(3, true, after(start, 8));
        assert_eq!(streams.stalled(WAIT), Some((after(start, 67), 1, Stall::Body)));
        streams.answered(1, 0, false, after(start, 9));
        assert_eq!((streams.stalled(WAIT), streams.quiet(), streams.len()), (None, None, 2));
    }
}
