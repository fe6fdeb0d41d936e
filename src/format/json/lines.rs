//! Documents one behind the other: a line each (NDJSON), or each behind a record separator (RFC 7464).
//!
//! Where the resource declares no records each document is one, as each row of a table is. What
//! parts the documents is not looked at closely: a document ends where its grammar says so, and
//! whoever cuts at line breaks gets the same values or none.

use crate::format::json::JsonWalker;
use crate::format::json::scan::unreadable;
use crate::terms::leaf::{Sink, Walker};
use crate::terms::refusal::Refusal;

const SEPARATOR: u8 = 0x1e;

/// Walks JSON documents that follow one another.
pub struct JsonLines {
    json: JsonWalker,
}

impl JsonLines {
    /// A walker before the first document.
    pub fn new(mut json: JsonWalker) -> JsonLines {
        json.tree.follow_one_another();
        JsonLines { json }
    }

    /// A separator ends the document before it.
    fn separate(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let at = self.json.scanner.position();
        if let Some(found) = self.json.scanner.finish()? {
            self.json.tree.take(found, sink)?;
        }
        if !self.json.tree.is_between() {
            return Err(unreadable(at, "a document is not complete before the next begins"));
        }
        self.json.scanner.pass(&[SEPARATOR]);
        Ok(())
    }
}

impl Walker for JsonLines {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        let mut documents = chunk.split(|byte| *byte == SEPARATOR);
        if let Some(first) = documents.next() {
            self.json.write(first, sink)?;
        }
        for document in documents {
            self.separate(sink)?;
            self.json.write(document, sink)?;
        }
        Ok(())
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if let Some(found) = self.json.scanner.finish()? {
            self.json.tree.take(found, sink)?;
        }
        if self.json.tree.is_between() {
            return Ok(());
        }
        Err(unreadable(self.json.scanner.position(), "the document ends too early"))
    }
}
