//! Tokens: lol_html as a tokenizer.
//!
//! It reads HTML as browsers do, knows which elements hold raw text, and refuses markup that can be
//! read in two ways. It writes into nothing: only the places of its tokens are taken. End tags have
//! no token; they are what stands between two others.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use lol_html::errors::RewritingError;
use lol_html::html_content::TextType;
use lol_html::send::{DocumentContentHandlers, ElementContentHandlers, HtmlRewriter, Settings};
use lol_html::{MemorySettings, Selector};

use crate::terms::refusal::{Reason, Refusal};

/// What stands at a place of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A start tag.
    Open {
        /// From `<` to after `>`.
        span: Range<usize>,
        /// In SVG or MathML.
        foreign: bool,
        /// Whether an end tag is to come.
        content: bool,
    },
    /// Text, or a part of it.
    Text {
        /// The raw text.
        span: Range<usize>,
        /// How it is written.
        writing: Writing,
    },
    /// A comment, or what browsers take for one.
    Comment {
        /// From `<` to after `>`.
        span: Range<usize>,
    },
}

/// How text is written in its element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// With character references.
    References,
    /// As it is: in a script, a style sheet, `noscript`.
    Raw,
    /// As it is, but a part of running text: a CDATA section, `plaintext`.
    Literal,
}

type Queue = Arc<Mutex<Vec<Token>>>;

/// Nothing is written: an answer is made of its own bytes and edits.
type Nowhere = fn(&[u8]);

/// Reads a page, chunk by chunk.
pub(super) struct Tokenizer {
    rewriter: Option<HtmlRewriter<'static, Nowhere>>,
    queue: Queue,
}

impl Tokenizer {
    /// A tokenizer; its memory grows with elements that are left open, of which long tables without
    /// end tags have many.
    pub(super) fn new(hold_bytes: usize) -> Tokenizer {
        let queue = Queue::default();
        let memory = MemorySettings::new().with_max_allowed_memory_usage(hold_bytes.max(MEMORY_BYTES_MIN) * 8);
        let settings = Settings::new_send()
            .with_strict(true)
            .with_memory_settings(memory)
            .append_document_content_handler(comments_and_text(&queue))
            .append_element_content_handler((Cow::Owned(every_element()), start_tags(&queue)));
        let rewriter = HtmlRewriter::new(settings, (|_| {}) as Nowhere);
        Tokenizer { rewriter: Some(rewriter), queue }
    }

    /// Reads more text, which is never cut inside a character.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Refusal> {
        let Some(rewriter) = &mut self.rewriter else { return Err(over()) };
        // After an error it must not be asked again: it would panic.
        rewriter.write(text.as_bytes()).map_err(|error| {
            self.rewriter = None;
            refusal(&error)
        })
    }

    /// The page is complete.
    pub(super) fn end(&mut self) -> Result<(), Refusal> {
        let rewriter = self.rewriter.take().ok_or_else(over)?;
        rewriter.end().map_err(|error| refusal(&error))
    }

    /// Takes what was read since it was last asked.
    pub(super) fn take(&mut self, tokens: &mut Vec<Token>) {
        tokens.append(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// With less than this the tokenizer cannot even hold a short tag.
const MEMORY_BYTES_MIN: usize = 64 << 10;

fn every_element() -> Selector {
    // The universal selector is always valid.
    "*".parse().expect("`*` is a selector")
}

fn push(queue: &Queue, token: Token) {
    queue.lock().unwrap_or_else(PoisonError::into_inner).push(token);
}

fn start_tags(queue: &Queue) -> ElementContentHandlers<'static> {
    let queue = Queue::clone(queue);
    ElementContentHandlers::default().element(move |element: &mut lol_html::send::Element<'_, '_>| {
        push(
            &queue,
            Token::Open {
                span: element.source_location().bytes(),
                foreign: element.namespace_uri() != HTML,
                content: element.can_have_content(),
            },
        );
        Ok(())
    })
}

const HTML: &str = "http://www.w3.org/1999/xhtml";

fn comments_and_text(queue: &Queue) -> DocumentContentHandlers<'static> {
    let (comments, texts) = (Queue::clone(queue), Queue::clone(queue));
    DocumentContentHandlers::default()
        .comments(move |comment: &mut lol_html::html_content::Comment<'_>| {
            push(&comments, Token::Comment { span: comment.source_location().bytes() });
            Ok(())
        })
        .text(move |text: &mut lol_html::html_content::TextChunk<'_>| {
            let span = text.source_location().bytes();
            if !span.is_empty() {
                push(&texts, Token::Text { span, writing: writing(text.text_type()) });
            }
            Ok(())
        })
}

fn writing(text: TextType) -> Writing {
    match text {
        TextType::Data | TextType::RCData => Writing::References,
        TextType::RawText | TextType::ScriptData => Writing::Raw,
        TextType::PlainText | TextType::CDataSection => Writing::Literal,
    }
}

fn refusal(error: &RewritingError) -> Refusal {
    match error {
        RewritingError::ParsingAmbiguity(error) => {
            // Its message names the tag on the first line and explains at length below.
            let message = error.to_string();
            let tag = message.split('`').nth(1).unwrap_or("a tag");
            Refusal::new(Reason::Unreadable, format!("html: `{tag}` stands where it can be read in two ways"))
        }
        RewritingError::MemoryLimitExceeded(_) => {
            Refusal::new(Reason::Bound, "html: more elements are left open than can be held")
        }
        _ => Refusal::new(Reason::Internal, "html: the tokenizer failed"),
    }
}

fn over() -> Refusal {
    Refusal::new(Reason::Internal, "html: written to after its end")
}
