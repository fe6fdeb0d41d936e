//! Watches the frames of one connection, both ways.
//!
//! Frames that ask for nothing are paid from the connection's purse; whoever empties it is asked to
//! calm down and is disconnected. The waits of a connection are known here as well, because only
//! frames tell half a head from an idle client; `serve` keeps the clock.

use std::mem;

use bytes::BytesMut;
use tokio::time::Instant;

use super::frame::{Head, PREFACE, Scanner, code, flag, kind, numbers};
use super::purse::{self, Purse};
use super::streams::{Stall, Streams};
use crate::serve::gate::bounds::Bounds;
use crate::serve::gate::fault::{GateFault, Reason};

/// The most frames that one block of headers may come in.
const BLOCK_FRAMES_MAX: u32 = 32;

/// The most open streams, those included that h2 is about to refuse.
const STREAMS_MAX: usize = 2_048;

/// INITIAL_WINDOW_SIZE among the settings.
const INITIAL_WINDOW: u16 = 4;

/// What is due when a connection's next wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A head, or the opening of the connection, came too slowly.
    Head,
    /// A frame of a body came too slowly.
    Body,
    /// Nothing was asked for a while.
    Idle,
    /// A client that was told to leave had the time for it.
    Gone,
    /// A stream stands still.
    Stalled(u32, Stall),
    /// The client takes no bytes at all.
    Unwritten,
}

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Watch {
    bounds: Bounds,
    block_bytes_max: usize,
    incoming: Scanner,
    outgoing: Scanner,
    /// Whether the client's first frame has come.
    begun: bool,
    /// A block of headers that is not complete: its frames and bytes.
    block: Option<(u32, usize)>,
    /// Whether an own block of headers is not complete.
    own_block: bool,
    streams: Streams,
    purse: Purse,
    /// Since when a head is not complete.
    partial: Option<Instant>,
    read: Instant,
    blocked: Option<Instant>,
    /// Since when the connection takes no further request.
    leaving: Option<Instant>,
    fault: Option<GateFault>,
    refused: Vec<GateFault>,
    for_hyper: BytesMut,
    for_staff: BytesMut,
}

impl Watch {
    /// A fresh connection.
    pub fn new(bounds: Bounds, block_bytes_max: usize, now: Instant) -> Watch {
        Watch {
            bounds,
            block_bytes_max,
            incoming: Scanner::new(PREFACE),
            outgoing: Scanner::new(0),
            begun: false,
            block: None,
            own_block: false,
            streams: Streams::new(now),
            purse: Purse::new(now),
            partial: Some(now),
            read: now,
            blocked: None,
            leaving: None,
            fault: None,
            refused: Vec::new(),
            for_hyper: BytesMut::new(),
            for_staff: BytesMut::new(),
        }
    }

    /// Takes note of bytes that the client sent. After a fault hyper gets none of them.
    pub fn read(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), GateFault> {
        self.read = now;
        self.purse.refill(now);
        while !bytes.is_empty() && self.fault.is_none() {
            if let Some(head) = self.incoming.next(&mut bytes) {
                self.came(head, now).unwrap_or_else(|fault| self.fail(fault));
                if self.block.is_none() {
                    self.partial = None;
                }
            }
        }
        let in_data = self.incoming.present().is_some_and(|head| head.kind == kind::DATA);
        let complete = self.block.is_none() && (self.incoming.is_between() || in_data);
        self.partial = if complete { None } else { self.partial.or(Some(now)) };
        self.fault.map_or(Ok(()), Err)
    }

    /// Takes note of bytes that hyper sent.
    pub fn wrote(&mut self, mut bytes: &[u8], now: Instant) {
        while !bytes.is_empty() {
            if let Some(head) = self.outgoing.next(&mut bytes) {
                self.went(head, now);
            }
        }
    }

    /// Takes note whether the client's side of the socket is full.
    pub fn blocked(&mut self, blocked: bool, now: Instant) {
        if blocked {
            self.blocked.get_or_insert(now);
        } else if self.blocked.take().is_some() {
            // Nothing was read meanwhile, which was not the client's doing.
            self.partial = self.partial.map(|_| now);
            self.read = now;
        }
    }

    /// What is due next, and when.
    pub fn due(&self) -> Option<(Instant, Due)> {
        let Bounds { head_wait, idle_wait, linger_wait, .. } = self.bounds;
        if let Some(since) = self.blocked {
            return Some((since + idle_wait, Due::Unwritten));
        }
        let head = self.partial.map(|since| (since + head_wait, Due::Head));
        let in_data = head.is_none() && !self.incoming.is_between();
        let body = in_data.then_some((self.read + idle_wait, Due::Body));
        let idle = self.streams.quiet().map(|since| match self.leaving {
            Some(leaving) => (since.max(leaving) + linger_wait, Due::Gone),
            None => (since + idle_wait, Due::Idle),
        });
        let stalled = self.streams.stalled(idle_wait);
        let stalled = stalled.map(|(at, stream, stall)| (at, Due::Stalled(stream, stall)));
        [head, body, idle, stalled].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Ends one stream: the client and hyper are each told that the other has reset it.
    pub fn cut(&mut self, stream: u32, now: Instant) {
        let reset = numbers(kind::RST_STREAM, stream, &[code::CANCEL]);
        self.for_hyper.extend_from_slice(&reset);
        self.for_staff.extend_from_slice(&reset);
        self.streams.close(stream, now);
    }

    /// Ends the connection, with a word to the client.
    pub fn fail(&mut self, fault: GateFault) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            let last = self.streams.highest();
            let code = match fault.reason {
                Reason::Framing => code::PROTOCOL_ERROR,
                _ => code::ENHANCE_YOUR_CALM,
            };
            self.for_staff.extend_from_slice(&numbers(kind::GOAWAY, 0, &[last, code]));
        }
    }

    /// Takes note that the client was told to leave.
    pub fn leave(&mut self, now: Instant) {
        self.leaving.get_or_insert(now);
    }

    /// Why the connection ends, if the gate ends it.
    pub fn fault(&self) -> Option<GateFault> {
        self.fault
    }

    /// What hyper refused since the last question, for the record.
    pub fn refused(&mut self) -> Vec<GateFault> {
        mem::take(&mut self.refused)
    }

    /// Own frames for hyper, where it reads the beginning of a frame.
    pub fn for_hyper(&mut self, room: usize) -> BytesMut {
        let between = self.incoming.is_between() && self.block.is_none();
        // Frames are of thirteen bytes; half of one could not be taken back.
        let whole = if between { room / 13 * 13 } else { 0 };
        self.for_hyper.split_to(whole.min(self.for_hyper.len()))
    }

    /// Own frames for the client, where it reads the beginning of a frame.
    pub fn for_staff(&mut self) -> BytesMut {
        if self.outgoing.is_between() && !self.own_block { self.for_staff.split() } else { BytesMut::new() }
    }

    fn came(&mut self, head: Head, now: Instant) -> Result<(), GateFault> {
        // RFC 9113, 3.4; h2 takes any frame.
        if !mem::replace(&mut self.begun, true) && (head.kind != kind::SETTINGS || head.has(flag::ACK)) {
            return Err(GateFault::framing("the first frame of a connection is not its settings"));
        }
        let ends = head.has(flag::END_STREAM);
        match head.kind {
            kind::DATA => {
                self.streams.heard(head.stream, ends, now);
                // Bytes of a body pay for themselves; padding and nothing do not.
                let padding = self.incoming.payload().first().filter(|_| head.has(flag::PADDED));
                let empty = head.length <= padding.map_or(0, |padding| 1 + usize::from(*padding));
                return self.purse.pay(u32::from(empty && !ends));
            }
            kind::HEADERS => {
                self.streams.asked(head.stream, ends, now);
                self.block_part(head, 0, 0)?;
                return if self.streams.len() > STREAMS_MAX { Err(purse::empty()) } else { Ok(()) };
            }
            kind::CONTINUATION => {
                if let Some((frames, bytes)) = self.block {
                    self.block_part(head, frames, bytes)?;
                }
            }
            kind::RST_STREAM => {
                self.streams.close(head.stream, now);
                return self.purse.pay(purse::RESET);
            }
            kind::SETTINGS if !head.has(flag::ACK) => self.settings(head)?,
            kind::WINDOW_UPDATE => {
                let bytes = self.incoming.number(0).unwrap_or_default();
                self.streams.widen(head.stream, bytes & !(1 << 31));
            }
            _ => {}
        }
        self.purse.pay(1)
    }

    /// A part of a block of headers, of which hyper would hold all.
    fn block_part(&mut self, head: Head, frames: u32, bytes: usize) -> Result<(), GateFault> {
        let (frames, bytes) = (frames + 1, bytes + head.length);
        if frames > BLOCK_FRAMES_MAX || bytes > self.block_bytes_max {
            return Err(GateFault::new(Reason::HeadTooLarge, "a block of headers is larger than the bound"));
        }
        self.block = (!head.has(flag::END_HEADERS)).then_some((frames, bytes));
        Ok(())
    }

    fn settings(&mut self, head: Head) -> Result<(), GateFault> {
        let kept = self.incoming.payload();
        if kept.len() < head.length {
            return Err(purse::empty());
        }
        let (pairs, _) = kept.as_chunks::<6>();
        for [a, b, value @ ..] in pairs {
            if u16::from_be_bytes([*a, *b]) == INITIAL_WINDOW {
                self.streams.set_initial(u32::from_be_bytes(*value) & !(1 << 31));
            }
        }
        Ok(())
    }

    fn went(&mut self, head: Head, now: Instant) {
        let ends = head.has(flag::END_STREAM);
        match head.kind {
            kind::DATA => {
                self.streams.answered(head.stream, head.length, ends, now);
                self.purse.sent(head.length, ends);
            }
            kind::HEADERS => {
                self.own_block = !head.has(flag::END_HEADERS);
                self.streams.answered(head.stream, 0, ends, now);
                self.purse.answered();
            }
            kind::CONTINUATION => self.own_block = !head.has(flag::END_HEADERS),
            kind::RST_STREAM => {
                self.streams.close(head.stream, now);
                let code = self.outgoing.number(0).unwrap_or_default();
                // These three are how an answer of ours ends early; all others are h2's verdicts on the client.
                if ![code::NO_ERROR, code::INTERNAL_ERROR, code::CANCEL].contains(&code) {
                    self.refused.push(GateFault::framing("a stream breaks the rules of HTTP/2"));
                    self.purse.pay(purse::RESET).unwrap_or_else(|fault| self.fail(fault));
                }
            }
            kind::GOAWAY => match self.outgoing.number(4).unwrap_or_default() {
                code::NO_ERROR => {}
                code::ENHANCE_YOUR_CALM => self.refused.push(purse::empty()),
                _ => self.refused.push(GateFault::framing("a connection breaks the rules of HTTP/2")),
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const MANY: usize = 10_000;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream], payload].concat()
    }

    /// What opens a client's side.
    fn opening() -> Vec<u8> {
        [&[0; PREFACE][..], &frame(kind::SETTINGS, 0, 0, &[])].concat()
    }

    fn opened(now: Instant) -> Watch {
        let mut watch = Watch::new(Bounds::default(), 1 << 16, now);
        watch.read(&opening(), now).unwrap();
        watch
    }

    /// How many of these frames a connection bears, each answered with these bytes.
    fn borne(sent: &[u8], answer: &[u8]) -> usize {
        let now = Instant::now();
        let mut watch = opened(now);
        let bears = |_: &usize| {
            let borne = watch.read(sent, now).is_ok();
            watch.wrote(answer, now);
            borne
        };
        (0..MANY).take_while(bears).count()
    }

    #[test]
    fn frames_that_ask_for_nothing_come_to_an_end() {
        for (name, sent) in [
            ("ping", frame(6, 0, 0, &[0; 8])),
            ("settings", frame(kind::SETTINGS, 0, 0, &[])),
            ("settings, acknowledged", frame(kind::SETTINGS, flag::ACK, 0, &[])),
            ("priority", frame(2, 0, 1, &[0; 5])),
            ("unknown", frame(99, 0, 1, b"abc")),
            ("empty data", frame(kind::DATA, 0, 1, &[])),
            ("padded data", frame(kind::DATA, flag::PADDED, 1, &[1, 0])),
            ("window", frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
            ("continuation out of place", frame(kind::CONTINUATION, 0, 1, b"a")),
        ] {
            assert!((900..=1_000).contains(&borne(&sent, &[])), "{name}");
        }
        let reset = [frame(kind::HEADERS, 5, 1, b"a"), frame(kind::RST_STREAM, 0, 1, &[0; 4])].concat();
        assert!((150..=200).contains(&borne(&reset, &[])), "rapid reset");
        let protocol_error = frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 1]);
        assert!((150..=200).contains(&borne(&frame(kind::HEADERS, 5, 1, b"a"), &protocol_error)), "reset by us");
    }

    #[test]
    fn what_serves_a_request_costs_nothing_in_the_end() {
        let ask = frame(kind::HEADERS, 5, 1, b"a");
        let answer = [frame(kind::HEADERS, 4, 1, b"a"), frame(kind::DATA, 1, 1, b"abc")].concat();
        let drop = frame(kind::DATA, 0, 1, b"a");
        let take = frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 3]);
        assert_eq!(borne(&[ask, take.clone(), take.clone()].concat(), &answer), MANY);
        assert_eq!(borne(&take, &[&[0, 1, 0, 0, 0, 0, 0, 0, 1][..], &[0; 256]].concat()), MANY);
        assert_eq!(borne(&take, &drop), 999, "an answer drop by drop");
        assert_eq!(borne(&frame(kind::DATA, 0, 1, b"a"), &[]), MANY, "a body in small parts");
        assert_eq!(borne(&frame(kind::DATA, flag::PADDED, 1, &[1, b'a', 0]), &[]), MANY, "a padded body");
    }

    #[test]
    fn a_block_of_headers_is_bounded_in_frames_and_bytes() {
        let now = Instant::now();
        for (part, reason) in [(&b""[..], Reason::HeadTooLarge), (&[0; 255], Reason::HeadTooLarge)] {
            let mut watch = Watch::new(Bounds::default(), 2_000, now);
            watch.read(&opening(), now).unwrap();
            watch.read(&frame(kind::HEADERS, 0, 1, part), now).unwrap();
            let more = frame(kind::CONTINUATION, 0, 1, part);
            let borne = (0..MANY).take_while(|_| watch.read(&more, now).is_ok()).count();
            assert_eq!(borne, if part.is_empty() { 31 } else { 6 });
            assert_eq!(watch.fault().map(|fault| fault.reason), Some(reason));
        }
    }

    #[test]
    fn each_wait_is_known() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut watch = Watch::new(Bounds::default(), 1 << 16, start);
        assert_eq!(watch.due(), Some((after(10), Due::Head)), "the preface");
        watch.read(&opening(), after(1)).unwrap();
        assert_eq!(watch.due(), Some((after(60), Due::Idle)));
        watch.read(&frame(kind::HEADERS, 0, 1, b"a"), after(2)).unwrap();
        watch.read(&frame(kind::CONTINUATION, 0, 1, b"a"), after(3)).unwrap();
        assert_eq!(watch.due(), Some((after(12), Due::Head)), "a block of headers");
        watch.read(&frame(kind::CONTINUATION, flag::END_HEADERS, 1, b"a"), after(4)).unwrap();
        assert_eq!(watch.due(), Some((after(62), Due::Stalled(1, Stall::Body))));
        watch.read(&frame(kind::DATA, 0, 1, b"abc")[..10], after(5)).unwrap();
        assert_eq!(watch.due(), Some((after(62), Due::Stalled(1, Stall::Body))));
        watch.blocked(true, after(6));
        assert_eq!(watch.due(), Some((after(66), Due::Unwritten)));
        watch.blocked(false, after(7));
        watch.read(b"bc", after(8)).unwrap();
        assert_eq!(watch.due(), Some((after(68), Due::Stalled(1, Stall::Body))));
        watch.cut(1, after(9));
        assert_eq!(watch.due(), Some((after(69), Due::Idle)));
        watch.read(&[0, 0], after(10)).unwrap();
        assert_eq!(watch.due(), Some((after(20), Due::Head)), "half a frame's head");
    }

    #[test]
    fn own_frames_stand_between_two_others() {
        let now = Instant::now();
        let mut watch = opened(now);
        watch.wrote(&frame(kind::HEADERS, 0, 1, b"a"), now);
        watch.read(&frame(6, 0, 0, &[0; 8])[..3], now).unwrap();
        watch.cut(1, now);
        assert!(watch.for_staff().is_empty() && watch.for_hyper(100).is_empty());
        watch.wrote(&frame(kind::CONTINUATION, flag::END_HEADERS, 1, b"a"), now);
        watch.read(&frame(6, 0, 0, &[0; 8])[3..], now).unwrap();
        assert_eq!(watch.for_hyper(12).len(), 0, "no half frame");
        assert_eq!((watch.for_staff().len(), watch.for_hyper(100).len()), (13, 13));
    }

    proptest! {
        #[test]
        fn any_frames_are_borne_or_refused_without_panic(
            frames in vec((any::<bool>(), 0_u8..11, any::<u8>(), 0_u8..5, vec(any::<u8>(), 0..20)), 0..60),
            rest in vec(any::<u8>(), 0..40),
        ) {
            let now = Instant::now();
            let mut watch = opened(now);
            for (comes, kind, flags, stream, payload) in frames {
                let frame = frame(kind, flags, stream, &payload);
                if comes {
                    let refused = watch.read(&frame, now).is_err();
                    prop_assert_eq!(refused, watch.fault().is_some());
                } else {
                    watch.wrote(&frame, now);
                }
                prop_assert!(watch.due().is_some() || watch.streams.len() > 0);
                watch.for_hyper(100);
                watch.for_staff();
            }
            let refused = watch.read(&rest, now).is_err();
            prop_assert_eq!(refused, watch.fault().is_some());
        }
    }

    #[test]
    fn what_h2_refuses_is_told() {
        let now = Instant::now();
        let mut watch = opened(now);
        let reasons = |watch: &mut Watch| watch.refused().iter().map(|fault| fault.reason).collect::<Vec<_>>();
        for code in [code::NO_ERROR, code::INTERNAL_ERROR, code::CANCEL] {
            watch.wrote(&numbers(kind::RST_STREAM, 1, &[code]), now);
        }
        watch.wrote(&numbers(kind::GOAWAY, 0, &[1, 0]), now);
        assert_eq!(reasons(&mut watch), []);
        watch.wrote(&numbers(kind::RST_STREAM, 1, &[1]), now);
        watch.wrote(&numbers(kind::GOAWAY, 0, &[1, code::ENHANCE_YOUR_CALM]), now);
        watch.wrote(&numbers(kind::GOAWAY, 0, &[1, 9]), now);
        assert_eq!(reasons(&mut watch), [Reason::Framing, Reason::Overload, Reason::Framing]);
    }
}
