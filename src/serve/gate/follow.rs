//! Follows one message after the other on one side of a connection, without doing any I/O.
//!
//! It is shown the bytes that arrived and says how many of them may go on, are to be left out, or that it must see
//! more. Whoever moves the bytes asks again for the rest, and says when the next message may begin: on staff's side
//! that is once the answer is out, on the CRM's once the next question was asked.

use http::Method;

use super::bounds::Bounds;
use super::chunked::Chunked;
use super::fault::{GateFault, Reason, Side};
use super::head::Framing;
use super::request::RequestReader;
use super::response::ResponseReader;

/// What becomes of the bytes that the follower was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many, from the first on, may go on.
    Pass(usize),
    /// So many, from the first on, are left out.
    Skip(usize),
    /// None yet: show them again with more behind them.
    Wait,
    /// None: the message is over.
    End,
}

/// Where in a message the follower stands. The readers are boxed: they are many times larger than the rest.
#[derive(Debug)]
enum Stage {
    RequestHead(Box<RequestReader>),
    ResponseHead(Box<ResponseReader>),
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    End,
}

/// Follows the messages of one direction.
#[derive(Debug)]
pub struct Follower {
    bounds: Bounds,
    side: Side,
    stage: Stage,
    blank_line_left: bool,
    begun: bool,
    interim_left: usize,
    to_head: bool,
    closes: bool,
    framing: Framing,
    fault: Option<GateFault>,
}

impl Follower {
    /// Follows staff's requests.
    pub fn of_requests(bounds: Bounds) -> Self {
        let stage = Stage::RequestHead(Box::new(RequestReader::new(bounds)));
        Follower::new(bounds, Side::Staff, stage)
    }

    /// Follows the CRM's answer to one question; `to_head` says that it was a HEAD.
    pub fn of_answer(bounds: Bounds, to_head: bool) -> Self {
        let stage = Stage::ResponseHead(Box::new(ResponseReader::new(bounds, to_head)));
        Follower { to_head, ..Follower::new(bounds, Side::Crm, stage) }
    }

    fn new(bounds: Bounds, side: Side, stage: Stage) -> Self {
        Follower {
            bounds,
            side,
            stage,
            blank_line_left: side == Side::Staff,
            begun: false,
            interim_left: bounds.interim_max,
            to_head: false,
            closes: false,
            framing: Framing::None,
            fault: None,
        }
    }

    /// Says what becomes of `input`. After a fault every further step is that fault.
    pub fn step(&mut self, input: &[u8]) -> Result<Step, GateFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let stepped = self.sound_step(input);
        stepped.map_err(|fault| self.fail(fault))
    }

    /// Takes note that no more input comes: a fault in the midst of a message, but for a body that lasts until then.
    pub fn end_of_input(&mut self) -> Result<(), GateFault> {
        match self.stage {
            Stage::End => Ok(()),
            Stage::RequestHead(_) | Stage::ResponseHead(_) if !self.begun => Ok(()),
            Stage::UntilClose => {
                self.stage = Stage::End;
                Ok(())
            }
            _ => Err(self.fail(GateFault::new(Reason::Cut, "a message ended before its framing said"))),
        }
    }

    /// Lets the next request begin, once this one is over.
    pub fn next_request(&mut self) {
        debug_assert!(self.is_ended() && self.side == Side::Staff);
        if self.fault.is_none() {
            *self = Follower::of_requests(self.bounds);
        }
    }

    /// Whether no byte of the message was seen.
    pub fn is_untouched(&self) -> bool {
        self.is_in_head() && !self.begun
    }

    /// Whether the head is not yet complete.
    pub fn is_in_head(&self) -> bool {
        matches!(self.stage, Stage::RequestHead(_) | Stage::ResponseHead(_))
    }

    /// Whether the message is over.
    pub fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::End)
    }

    /// Whether the connection ends with this message; false while the head is incomplete.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Whether this message is a HEAD request or the answer to one; false while a request's head is incomplete.
    pub fn is_of_head(&self) -> bool {
        self.to_head
    }

    /// How the body is framed; `None` while the head is incomplete.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    fn fail(&mut self, fault: GateFault) -> GateFault {
        let fault = match self.side {
            Side::Staff => fault,
            Side::Crm => fault.of_crm(),
        };
        self.fault = Some(fault);
        fault
    }

    fn sound_step(&mut self, input: &[u8]) -> Result<Step, GateFault> {
        match &mut self.stage {
            Stage::End => Ok(Step::End),
            _ if input.is_empty() => Ok(Step::Wait),
            Stage::RequestHead(_) => self.request_step(input),
            Stage::ResponseHead(_) => self.response_step(input),
            Stage::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= taken as u64;
                if *left == 0 {
                    self.stage = Stage::End;
                }
                Ok(Step::Pass(taken))
            }
            Stage::Chunked(chunked) => {
                let step = chunked.step(input)?;
                if chunked.is_ended() {
                    self.stage = Stage::End;
                }
                Ok(step)
            }
            Stage::UntilClose => Ok(Step::Pass(input.len())),
        }
    }

    fn request_step(&mut self, input: &[u8]) -> Result<Step, GateFault> {
        // RFC 9112, 2.2: old clients send a line break after a body; one is left out, before hyper could see it.
        if self.blank_line_left && !self.begun && b"\r\n".starts_with(&input[..input.len().min(2)]) {
            if input.len() == 1 {
                return Ok(Step::Wait);
            }
            self.blank_line_left = false;
            return Ok(Step::Skip(2));
        }
        self.begun = true;
        let Stage::RequestHead(reader) = &mut self.stage else {
            return Ok(Step::Wait);
        };
        let Some((length, facts)) = reader.advance(input)? else {
            return Ok(Step::Wait);
        };
        self.closes = facts.close;
        self.to_head = facts.method == Method::HEAD;
        self.enter_body(facts.framing);
        Ok(Step::Pass(length))
    }

    fn response_step(&mut self, input: &[u8]) -> Result<Step, GateFault> {
        self.begun = true;
        let Stage::ResponseHead(reader) = &mut self.stage else {
            return Ok(Step::Wait);
        };
        let Some((length, facts)) = reader.advance(input)? else {
            return Ok(Step::Wait);
        };
        if facts.is_interim() {
            // None of them is of use to hyper, which was told of no expectation, and a 103 may carry Link (row 20).
            let left = self.interim_left.checked_sub(1);
            let storm = GateFault::new(Reason::Interim, "more interim answers than the bound");
            self.interim_left = left.ok_or(storm)?;
            **reader = ResponseReader::new(self.bounds, self.to_head);
            return Ok(Step::Skip(length));
        }
        self.closes = facts.close;
        self.enter_body(facts.framing);
        Ok(Step::Pass(length))
    }

    fn enter_body(&mut self, framing: Framing) {
        self.framing = framing;
        self.stage = match framing {
            Framing::None | Framing::Length(0) => Stage::End,
            Framing::Length(left) => Stage::Length(left),
            Framing::Chunked => Stage::Chunked(Chunked::new(&self.bounds)),
            Framing::UntilClose => Stage::UntilClose,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What passes of `pieces`, shown one after the other, and how it ended.
    fn passed(mut follower: Follower, pieces: &[&[u8]]) -> (Vec<u8>, Result<Stop, GateFault>) {
        let (mut held, mut out) = (Vec::new(), Vec::new());
        for piece in pieces {
            held.extend_from_slice(piece);
            loop {
                match follower.step(&held) {
                    Ok(Step::Pass(count)) => out.extend(held.drain(..count)),
                    Ok(Step::Skip(count)) => drop(held.drain(..count)),
                    Ok(Step::Wait) => break,
                    Ok(Step::End) if follower.side == Side::Staff => follower.next_request(),
                    Ok(Step::End) => return (out, Ok(Stop::End)),
                    Err(fault) => return (out, Err(fault)),
                }
            }
        }
        (out, follower.end_of_input().map(|()| Stop::Input))
    }

    #[derive(Debug, PartialEq)]
    enum Stop {
        End,
        Input,
    }

    /// Scraps of messages, so that random bytes come close to being one.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let scraps = prop::sample::select(vec![
            "GET / HTTP/1.1\r\n",
            "POST /a?b HTTP/1.0\r\n",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 103 \r\n",
            "Host: a\r\n",
            "Content-Length: 3\r\n",
            "Transfer-Encoding: chunked\r\n",
            "\r\n",
            "3\r\nabc\r\n",
            "2;x=y\r\nab\r\n",
            "0\r\n",
            "T: v\r\n",
            "0\r\n\r\n",
            "\r",
            "\n",
            " ",
            ":",
            "abc",
            "\0",
        ]);
        vec(scraps, 0..12).prop_map(|scraps| scraps.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_passes(bytes in bytes(), cut in 0_usize..200, to_head: bool) {
            let bounds = Bounds { extension_bytes_max: 8, trailer_bytes_max: 12, ..Bounds::default() };
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            for make in [
                &(|| Follower::of_requests(bounds)) as &dyn Fn() -> Follower,
                &|| Follower::of_answer(bounds, to_head),
            ] {
                let whole = passed(make(), &[&bytes]);
                prop_assert_eq!(&whole, &passed(make(), &[left, right]));
                prop_assert_eq!(&whole, &passed(make(), &single));
            }
        }

        #[test]
        fn bounds_hold_at_every_cut(fill in 0_usize..90, cut in 0_usize..200, end in 0_usize..4) {
            let bounds = Bounds { head_bytes_max: 64, target_bytes_max: 16, ..Bounds::default() };
            let end = ["\r\n\r\n", "\n", "\0", "\rx"][end];
            let target = "a".repeat(fill / 3);
            let text = format!("GET /{target} HTTP/1.1\r\nHost: a\r\nX: {}{end}", "b".repeat(fill));
            let (left, right) = text.as_bytes().split_at(cut.min(text.len()));
            let whole = passed(Follower::of_requests(bounds), &[text.as_bytes()]);
            prop_assert_eq!(&whole, &passed(Follower::of_requests(bounds), &[left, right]));
            let sound = text.len() <= 64 && fill / 3 < 16 && end == "\r\n\r\n";
            prop_assert_eq!(whole.1.is_ok(), sound);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..300)) {
            let bounds = Bounds::default();
            let _ = passed(Follower::of_requests(bounds), &[&bytes]);
            let _ = passed(Follower::of_answer(bounds, false), &[&bytes]);
        }
    }

    #[test]
    fn extensions_trailers_and_one_blank_line_are_left_out() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let sent = format!("\r\n{head}3;who=\"x\";\r\nabc\r\n0;y\r\nT: secret\r\n\r\n");
        let (out, end) = passed(Follower::of_requests(Bounds::default()), &[sent.as_bytes()]);
        assert_eq!(out, format!("{head}3\r\nabc\r\n0\r\n\r\n").into_bytes());
        assert_eq!(end, Ok(Stop::Input));
    }

    #[test]
    fn interim_answers_are_left_out_up_to_the_bound() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        let last = "HTTP/1.1 204 No Content\r\n\r\n";
        let answer = |count: usize| interim.repeat(count) + last;
        let follow = |text: &str| passed(Follower::of_answer(Bounds::default(), false), &[text.as_bytes()]);
        assert_eq!(follow(&answer(16)), (last.as_bytes().to_vec(), Ok(Stop::End)));
        let fault = follow(&answer(17)).1.unwrap_err();
        assert_eq!((fault.side, fault.reason), (Side::Crm, Reason::Interim));
    }
}
