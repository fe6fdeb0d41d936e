//! Bytes into cells and rows, resumable at any byte.
//!
//! RFC 4180, and what programs really write: the delimiter is told by a `sep=` line or by the
//! first line that has any, rows end with CR, LF or both, and a quote inside a bare cell is a quote. A quoted
//! cell that is not closed, or goes on behind its closing quote, is refused: readers disagree
//! about where it ends.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memchr3};

use crate::terms::place::Places;
use crate::terms::quote::Quote;
use crate::terms::refusal::{Reason, Refusal};

/// The delimiters that a first line can tell, the likeliest first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// In how many lines a delimiter is sought; titles have none.
const LINES: usize = 5;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a table is made of.
pub enum Event<'a> {
    /// One cell.
    Cell {
        /// Its text, with doubled quotes undone.
        text: &'a str,
        /// Where it stands in the body, without its quotes.
        span: Range<usize>,
        /// How it is written.
        quote: Quote,
    },
    /// The row is complete; its last cell ends here.
    Row(usize),
}

#[derive(Clone, Copy)]
enum State {
    /// In the first lines: the delimiter is not known.
    First,
    /// Before a row's first cell.
    RowStart,
    /// Before another cell.
    CellStart,
    /// In a bare cell that begins here.
    Bare(usize),
    /// In a quoted cell whose text begins here.
    Quoted { from: usize, doubled: bool },
    /// Behind a quoted cell.
    Closed,
    /// Behind a row's last cell, before the line break.
    RowEnd,
}

/// Reads cells out of chunks.
pub struct Scanner {
    /// What is not yet read, and the unfinished cell before it.
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    /// Where in `held` to go on.
    at: usize,
    state: State,
    delimiter: u8,
    text: String,
    places: Arc<Places>,
    value_bytes: usize,
}

impl Scanner {
    /// A scanner at a body's first byte; the places tell which headings are known.
    pub fn new(places: Arc<Places>, value_bytes: usize) -> Scanner {
        let (held, text, delimiter) = (Vec::new(), String::new(), DELIMITERS[0]);
        Scanner { held, base: 0, at: 0, state: State::First, delimiter, text, places, value_bytes }
    }

    /// Takes in the next bytes; what has been read is let go.
    pub fn push(&mut self, chunk: &[u8]) {
        let keep = self.kept_from();
        self.held.drain(..keep);
        self.base += keep;
        self.at -= keep;
        match &mut self.state {
            State::Bare(from) | State::Quoted { from, .. } => *from -= keep,
            _ => {}
        }
        self.held.extend_from_slice(chunk);
    }

    /// Where the first byte stands that is not part of a complete cell. The quotes of an open cell
    /// count to it.
    pub fn position(&self) -> usize {
        self.base + self.kept_from()
    }

    /// The next cell or row, if the bytes for it are there; `last` if there are no more.
    pub fn next(&mut self, last: bool) -> Result<Option<Event<'_>>, Refusal> {
        loop {
            match self.state {
                State::First => {
                    if !self.tell_delimiter(last)? {
                        return Ok(None);
                    }
                    self.state = State::RowStart;
                }
                State::RowStart => {
                    let Some(byte) = self.held.get(self.at) else { return Ok(None) };
                    // Lines without any cell are no rows; the LF of a CR LF is one of them.
                    match byte {
                        b'\r' | b'\n' => self.at += 1,
                        _ => self.state = State::CellStart,
                    }
                }
                State::CellStart => match self.held.get(self.at) {
                    Some(b'"') => {
                        self.at += 1;
                        self.state = State::Quoted { from: self.at, doubled: false };
                    }
                    None if !last => return Ok(None),
                    _ => self.state = State::Bare(self.at),
                },
                State::Bare(from) => return self.bare(from, last),
                State::Quoted { from, doubled } => return self.quoted(from, doubled, last),
                State::Closed => match self.held.get(self.at) {
                    Some(b' ') if self.delimiter != b' ' => self.at += 1,
                    None if !last => return Ok(None),
                    None | Some(b'\r' | b'\n') => self.state = State::RowEnd,
                    Some(byte) if *byte == self.delimiter => {
                        self.at += 1;
                        self.state = State::CellStart;
                    }
                    Some(_) => return Err(self.unreadable(self.at, "a quoted cell goes on behind its quote")),
                },
                State::RowEnd => {
                    self.state = State::RowStart;
                    return Ok(Some(Event::Row(self.base + self.at)));
                }
            }
        }
    }

    fn kept_from(&self) -> usize {
        match self.state {
            State::Bare(from) => from,
            State::Quoted { from, .. } => from - 1,
            _ => self.at,
        }
    }

    /// Reads the byte order mark and the `sep=` line, or looks at the first lines; `false` while
    /// those are not complete.
    fn tell_delimiter(&mut self, last: bool) -> Result<bool, Refusal> {
        let mark = if self.held.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let first = mark + breaks(&self.held[mark..]);
        let mut start = first;
        for number in 0..LINES {
            let length = first_line(&self.held[start..]);
            let end = start + length.unwrap_or(self.held.len() - start);
            self.bounded(end - first, first)?;
            if length.is_none() && !last {
                return Ok(false);
            }
            let line = &self.held[start..end];
            if let (0, Some(told)) = (number, separator(line)) {
                (self.delimiter, self.at) = (told, end);
                return Ok(true);
            }
            let count = |delimiter: &u8| outside_quotes(line).filter(|byte| *byte == *delimiter).count();
            // The last of equals would win, so the likeliest is looked at last.
            let likeliest = DELIMITERS.into_iter().rev().max_by_key(count).filter(|delimiter| count(delimiter) > 0);
            if let Some(delimiter) = likeliest {
                self.delimiter = delimiter;
                break;
            }
            // A heading that is known stands for its only column: what is written below tells nothing.
            if self.places.headings.is_empty() || str::from_utf8(line).is_ok_and(|line| self.is_known(line)) {
                break;
            }
            start = end + breaks(&self.held[end..]);
        }
        self.at = first;
        Ok(true)
    }

    fn is_known(&self, line: &str) -> bool {
        let line = line.trim();
        let bare = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
        self.places.headings.knows(bare)
    }

    fn bare(&mut self, from: usize, last: bool) -> Result<Option<Event<'_>>, Refusal> {
        let end = memchr3(self.delimiter, b'\r', b'\n', &self.held[self.at..]).map(|found| self.at + found);
        self.at = end.unwrap_or(self.held.len());
        self.bounded(self.at - from, from)?;
        if end.is_none() && !last {
            return Ok(None);
        }
        let span = from..self.at;
        self.state = State::RowEnd;
        if self.held.get(self.at) == Some(&self.delimiter) {
            self.at += 1;
            self.state = State::CellStart;
        }
        self.cell(span, Quote::CsvBare { delimiter: self.delimiter }, false)
    }

    fn quoted(&mut self, from: usize, mut doubled: bool, last: bool) -> Result<Option<Event<'_>>, Refusal> {
        loop {
            let quote = memchr(b'"', &self.held[self.at..]).map(|found| self.at + found);
            self.at = quote.unwrap_or(self.held.len());
            self.bounded(self.at - from, from)?;
            let after = quote.map(|quote| self.held.get(quote + 1).copied());
            match after {
                Some(Some(b'"')) => {
                    doubled = true;
                    self.at += 2;
                }
                None if last => return Err(self.unreadable(from - 1, "a quoted cell is not closed")),
                None | Some(None) if !last => {
                    self.state = State::Quoted { from, doubled };
                    return Ok(None);
                }
                _ => break,
            }
        }
        let span = from..self.at;
        self.at += 1;
        self.state = State::Closed;
        self.cell(span, Quote::CsvQuoted, doubled)
    }

    fn cell(&mut self, span: Range<usize>, quote: Quote, doubled: bool) -> Result<Option<Event<'_>>, Refusal> {
        let raw = str::from_utf8(&self.held[span.clone()])
            .map_err(|e| self.unreadable(span.start + e.valid_up_to(), "invalid UTF-8"))?;
        let text = if doubled {
            self.text = raw.replace("\"\"", "\"");
            &self.text
        } else {
            raw
        };
        Ok(Some(Event::Cell { text, span: self.base + span.start..self.base + span.end, quote }))
    }

    fn bounded(&self, length: usize, from: usize) -> Result<(), Refusal> {
        if length <= self.value_bytes {
            return Ok(());
        }
        let (at, bound) = (self.base + from, self.value_bytes);
        Err(Refusal::new(Reason::Bound, format!("the CSV cell or heading at byte {at} is longer than {bound} bytes")))
    }

    fn unreadable(&self, at: usize, what: &str) -> Refusal {
        let at = self.base + at;
        Refusal::new(Reason::Unreadable, format!("the body is no CSV at byte {at}: {what}"))
    }
}

/// What a `sep=` line tells.
fn separator(line: &[u8]) -> Option<u8> {
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', told] if told.is_ascii() && *told != b'"' => Some(*told),
        _ => None,
    }
}

/// How many line breaks stand at the beginning.
fn breaks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// The length of the first line, if its end is there.
fn first_line(text: &[u8]) -> Option<usize> {
    let mut quoted = Quoting::default();
    text.iter().position(|byte| !quoted.inside(*byte) && matches!(byte, b'\r' | b'\n'))
}

fn outside_quotes(line: &[u8]) -> impl Iterator<Item = u8> {
    let mut quoted = Quoting::default();
    line.iter().copied().filter(move |byte| !quoted.inside(*byte))
}

/// Follows quotes while the delimiter is not known yet: a quote opens a cell where one can begin.
#[derive(Default)]
struct Quoting {
    open: bool,
    within: bool,
}

impl Quoting {
    fn inside(&mut self, byte: u8) -> bool {
        if byte == b'"' && (self.open || !self.within) {
            // The second of two quotes inside a quoted cell opens it again.
            self.open = !self.open;
        }
        self.within = !self.open && byte != b'"' && !DELIMITERS.contains(&byte) && !matches!(byte, b'\r' | b'\n');
        self.open
    }
}
