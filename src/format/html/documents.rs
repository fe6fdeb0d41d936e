//! Documents of other sorts inside a page: XML in an attribute, a box or a string, data in an address.

use std::ops::Range;
use std::sync::Arc;

use crate::format::csv::CsvWalker;
use crate::format::html::embed::{Context, Gather, Source};
use crate::format::html::page::{Eyes, Page};
use crate::format::inside::{self, Insides};
use crate::terms::leaf::{Leaf, Part, Walker};
use crate::terms::refusal::Refusal;

impl Page {
    /// Shows the leaves of a text that is XML or a page; `false` if it is neither, or if that cannot be told.
    pub(super) fn markup(
        &mut self,
        source: &Source<'_>,
        span: Range<usize>,
        part: Part,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<bool, Refusal> {
        let Some(text) = source.text.get(span.clone()).filter(|text| text.trim_start().starts_with('<')) else {
            return Ok(false);
        };
        if self.nests == 0 {
            return Ok(false);
        }
        let map: Vec<usize> = span.clone().map(|offset| source.raw_of(offset)).collect();
        let pieces = [source.piece(span.clone())];
        let mut gather = Gather::of(part);
        let mut insides = Insides::new(&self.words, &self.bounds, self.nests).lenient().without_pages();
        if insides.show(&Leaf::bare(text, part, &pieces), &map, &mut gather)? {
            self.gathered(gather, context, eyes)?;
            return Ok(true);
        }
        let is_page = inside::is_markup(text);
        if is_page {
            self.nested(source, part, context, eyes)?;
        }
        Ok(is_page)
    }

    /// Shows the leaves of what an address holds itself (`data:`); `false` if that is no document.
    pub(super) fn data_address(
        &mut self,
        source: &Source<'_>,
        kind: &str,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<bool, Refusal> {
        let whole = 0..source.text.len();
        if self.json(source, whole.clone(), context, eyes)? || self.markup(source, whole, Part::Url, context, eyes)? {
            return Ok(true);
        }
        if !kind.to_ascii_lowercase().starts_with("text/csv") {
            return Ok(false);
        }
        let mut walker = CsvWalker::new(&Arc::clone(&self.nowhere), &self.bounds);
        let mut gather = Gather::default();
        let read = walker.write(source.text.as_bytes(), &mut gather).and_then(|()| walker.end(&mut gather));
        if read.is_err() || !gather.move_to(source) {
            return Ok(false);
        }
        self.gathered(gather, context, eyes)?;
        Ok(true)
    }
}
