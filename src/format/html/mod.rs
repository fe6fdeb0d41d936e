//! HTML: every text, attribute, comment and script string of a page, with the labels, headings and
//! selectors that say what it is.
//!
//! lol_html takes the page into tokens as browsers do and refuses what can be read in two ways; it
//! writes nothing. What a text means depends on what stands around it: the headings of its column
//! and its row, the term before it, the label of its control. That is followed here while the page
//! streams by; only a control whose label may still come, and a `th` that may be a value, wait.
//!
//! A label that nothing marks as one is known by its words, where rules or built-in labels know them:
//! at the beginning of a line with a colon, in a box beside another, in a cell of a table without `th`.
//!
//! Known limit: of the elements that browsers add, only `tbody` is there for selectors.

pub mod entity;

mod aside;
mod attribute;
mod beside;
mod broken;
mod close;
mod columns;
mod control;
mod documents;
mod element;
mod embed;
pub mod forms;
mod held;
mod marks;
mod matching;
mod open;
mod page;
mod run;
mod selector;
mod show;
mod start;
mod table;
mod token;

use std::sync::Arc;

pub use self::selector::check_selector;

use crate::format::html::held::Raw;
use crate::format::html::matching::Wanted;
use crate::format::html::page::{Eyes, Page};
use crate::format::html::token::Tokenizer;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Sink, Walker};
use crate::terms::place::Places;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Words;

/// Walks one page in UTF-8.
pub struct HtmlWalker {
    tokenizer: Tokenizer,
    page: Page,
    raw: Raw,
    /// The bytes of a character that the last chunk cut.
    cut: Vec<u8>,
    hold_bytes: usize,
    refused: Option<Refusal>,
}

/// How deep pages may stand in pages: `srcdoc`, `noscript`, templates in scripts.
const NESTS: usize = 2;
/// Larger chunks are read in parts, so that their beginning can leave early.
const CHUNK_BYTES: usize = 32 << 10;

impl HtmlWalker {
    /// A walker before the page's first byte; a selector that cannot be followed is refused.
    pub fn new(places: Arc<Places>, bounds: &Bounds) -> Result<HtmlWalker, Refusal> {
        Ok(HtmlWalker::with(Page::new(Wanted::compile(&places)?, &places.words, bounds, NESTS), bounds))
    }

    /// A walker for a page inside something else, where no selector reaches; so many pages may stand in it.
    pub(crate) fn within(bounds: &Bounds, words: &Arc<Words>, nests: usize) -> HtmlWalker {
        HtmlWalker::with(Page::new(Wanted::default(), words, bounds, nests), bounds)
    }

    fn with(page: Page, bounds: &Bounds) -> HtmlWalker {
        let hold_bytes = bounds.hold_bytes;
        let tokenizer = Tokenizer::new(hold_bytes);
        HtmlWalker { tokenizer, page, raw: Raw::default(), cut: Vec::new(), hold_bytes, refused: None }
    }

    /// Completes the character that was cut, then reads whole characters.
    fn read(&mut self, mut chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        while !self.cut.is_empty() && !chunk.is_empty() {
            self.cut.push(chunk[0]);
            chunk = &chunk[1..];
            let cut = std::mem::take(&mut self.cut);
            self.characters(&cut, sink)?;
        }
        for part in chunk.chunks(CHUNK_BYTES) {
            let mut joined = std::mem::take(&mut self.cut);
            if joined.is_empty() {
                self.characters(part, sink)?;
            } else {
                joined.extend_from_slice(part);
                self.characters(&joined, sink)?;
            }
        }
        Ok(())
    }

    fn characters(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        let whole = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(self.not_utf8(error.valid_up_to())),
        };
        let (text, cut) = bytes.split_at(whole);
        self.cut = cut.to_vec();
        // The bytes up to there were just found valid.
        let text = std::str::from_utf8(text).map_err(|_| self.not_utf8(0))?;
        if text.is_empty() {
            return Ok(());
        }
        self.raw.push(text);
        // What was read before a refusal is shown, so that cuts make no difference.
        let written = self.tokenizer.write(text);
        self.tokens(sink)?;
        written?;
        if self.raw.len() > self.hold_bytes.max(2 * CHUNK_BYTES) {
            let (held, bound) = (self.raw.len(), self.hold_bytes);
            let note = format!("html: a text or a script takes {held} bytes, more than `hold_bytes` {bound}");
            return Err(Refusal::new(Reason::Bound, note));
        }
        Ok(())
    }

    fn tokens(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let mut tokens = Vec::new();
        self.tokenizer.take(&mut tokens);
        let mut eyes = Eyes { raw: &self.raw, sink };
        tokens.iter().try_for_each(|token| self.page.token(token, &mut eyes))?;
        self.page.settle(&mut eyes)?;
        self.raw.forget(self.page.begin());
        Ok(())
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if !self.cut.is_empty() {
            return Err(self.not_utf8(0));
        }
        let ended = self.tokenizer.end();
        self.tokens(sink)?;
        ended?;
        self.page.end(&mut Eyes { raw: &self.raw, sink })
    }

    fn not_utf8(&self, valid: usize) -> Refusal {
        let at = self.raw.end() + valid;
        Refusal::new(Reason::Unreadable, format!("html: not UTF-8 at byte {at}"))
    }
}

impl Walker for HtmlWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone());
        }
        self.read(chunk, sink).inspect_err(|refusal| self.refused = Some(refusal.clone()))
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone());
        }
        self.finish(sink).inspect_err(|refusal| self.refused = Some(refusal.clone()))
    }
}
