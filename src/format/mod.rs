//! Walkers: what shows every leaf of a body.
//!
//! The list of formats stands here in plain sight. A format is a walker in its own file and a line
//! in this list; it knows no rules and no HTTP. Values are quoted and edited by `quote`.

pub(crate) mod automaton;
pub mod card;
pub mod csv;
pub mod events;
pub mod files;
pub mod form;
pub mod header;
pub mod html;
pub mod inside;
pub mod json;
mod lines;
pub mod media;
pub mod multipart;
pub mod opaque;
pub mod poison;
pub mod quote;
pub mod script;
pub mod style;
pub mod text;
pub mod url;
pub mod xml;

use std::sync::Arc;

use crate::format::card::CardWalker;
use crate::format::csv::CsvWalker;
use crate::format::events::EventsWalker;
use crate::format::form::FormWalker;
use crate::format::html::HtmlWalker;
use crate::format::json::JsonWalker;
use crate::format::json::lines::JsonLines;
use crate::format::json::wrapped::WrappedJson;
use crate::format::multipart::{Files, MultipartWalker};
use crate::format::opaque::OpaqueWalker;
use crate::format::poison::Poison;
use crate::format::script::ScriptWalker;
use crate::format::style::StyleWalker;
use crate::format::text::TextWalker;
use crate::format::xml::XmlWalker;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Part, Walker};
use crate::terms::place::Places;
use crate::terms::refusal::Refusal;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A JSON document.
    Json,
    /// JSON documents that follow one another.
    Lines,
    /// Events of a server; answers alone.
    Events,
    /// A page, or a part of one.
    Html,
    /// XML, SOAP.
    Xml,
    /// An XML-RPC call or its answer.
    Calls,
    /// A table.
    Csv,
    /// vCards.
    Card,
    /// A form's fields.
    Form,
    /// A form that may hold files; requests alone.
    Multipart,
    /// Plain text.
    Text,
    /// JavaScript.
    Script,
    /// A style sheet.
    Style,
    /// An image or a font, proven by its first bytes.
    Opaque,
}

impl Format {
    /// Every format.
    pub const ALL: &[Format] = &[
        Format::Json,
        Format::Lines,
        Format::Events,
        Format::Html,
        Format::Xml,
        Format::Calls,
        Format::Csv,
        Format::Card,
        Format::Form,
        Format::Multipart,
        Format::Text,
        Format::Script,
        Format::Style,
        Format::Opaque,
    ];

    /// The word in `sudare_undeclared_total{format}`.
    pub fn word(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Lines => "ndjson",
            Format::Events => "events",
            Format::Html => "html",
            Format::Xml => "xml",
            Format::Calls => "xmlrpc",
            Format::Csv => "csv",
            Format::Card => "vcard",
            Format::Form => "form",
            Format::Multipart => "multipart",
            Format::Text => "text",
            Format::Script => "script",
            Format::Style => "style",
            Format::Opaque => "opaque",
        }
    }
}

/// A walker for JSON that is a body, or a part of one: its strings may hold documents of other sorts.
fn json(places: &Arc<Places>, bounds: &Bounds) -> JsonWalker {
    JsonWalker::new(Arc::clone(places), bounds).holding(bounds, inside::NESTS, 0)
}

/// A walker for one body, which looks for these places.
pub fn walker(format: Format, places: &Arc<Places>, bounds: &Bounds) -> Result<Box<dyn Walker>, Refusal> {
    let walker: Box<dyn Walker> = match format {
        Format::Json => Box::new(WrappedJson::new(json(places, bounds))),
        Format::Lines => Box::new(JsonLines::new(json(places, bounds))),
        Format::Events => Box::new(EventsWalker::new(Arc::clone(places), bounds)),
        Format::Html => Box::new(HtmlWalker::new(Arc::clone(places), bounds)?),
        Format::Xml => Box::new(XmlWalker::new(Arc::clone(places), bounds)),
        Format::Calls => Box::new(XmlWalker::calls(Arc::clone(places), bounds)),
        Format::Csv => Box::new(CsvWalker::new(places, bounds)),
        Format::Card => Box::new(CardWalker::new(bounds)),
        Format::Form => Box::new(FormWalker::new(bounds)),
        Format::Multipart => Box::new(MultipartWalker::new(Arc::clone(places), bounds, Files::Walk)),
        Format::Text => Box::new(TextWalker::new(Part::Text, &places.words, bounds)),
        Format::Script => Box::new(ScriptWalker::new(Arc::clone(places), bounds)),
        Format::Style => Box::new(StyleWalker::new(bounds)),
        Format::Opaque => Box::new(OpaqueWalker::default()),
    };
    Ok(Box::new(Poison::new(walker)))
}
