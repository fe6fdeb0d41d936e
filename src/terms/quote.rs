//! How a run of text is written in a body: which layers of quoting lie around it.

/// One way of writing text inside something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quote {
    /// As it is.
    Verbatim,
    /// Between the quotes of a JSON string; the quotes are outside.
    Json,
    /// A bare JSON number or literal: text can only take its place as a JSON string with quotes.
    JsonBare,
    /// HTML character data: entities.
    HtmlText,
    /// An HTML attribute in double quotes (the quotes are outside).
    HtmlDouble,
    /// An HTML attribute in single quotes.
    HtmlSingle,
    /// An HTML attribute without quotes: an edit must not bring blanks or `>` in.
    HtmlBare,
    /// The name in an HTML tag with attributes: an edit must leave a letter at its beginning, else the tag is a text and
    /// all that stands in it is seen.
    HtmlTag,
    /// Inside an HTML comment: an edit must not end it.
    HtmlComment,
    /// A quoted CSV field: `""` is a quote.
    CsvQuoted,
    /// A bare CSV field: an edit that holds the delimiter, a quote or a line break must quote itself.
    CsvBare {
        /// The delimiter of the file.
        delimiter: u8,
    },
    /// A part of a bare CSV field: it cannot quote itself, so no edit may bring the delimiter or a line break in. A
    /// quote is one, for it does not open the field.
    CsvWithin {
        /// The delimiter of the file.
        delimiter: u8,
    },
    /// `application/x-www-form-urlencoded`: `+` is a blank.
    Form,
    /// A percent-encoded part of a URL.
    Percent,
    /// A JavaScript string between these quotes (`'`, `"` or a backtick).
    Script {
        /// The quote that ends it.
        quote: u8,
    },
    /// A string or an address in a style sheet; quotes and brackets are outside.
    Style,
    /// XML character data: five entities and numeric references, nothing else.
    XmlText,
    /// An XML attribute in quotes of either sort (the quotes are outside).
    XmlValue,
    /// An XML CDATA section: `]]>` can only be written by two sections.
    XmlCdata,
    /// Inside an XML comment, which holds no `--`.
    XmlComment,
    /// The data of an XML processing instruction, which holds no `?>`.
    XmlData,
    /// A vCard's value: a backslash before `,`, `;`, `n` and itself.
    Card,
    /// A vCard's line that goes on in the next: a line break and a blank stand for nothing.
    Folded,
    /// Quoted-printable: `=E5`, and `=` at a line's end.
    Printable,
}

/// Layers of quoting from the innermost (the text's own) to the outermost (the body's).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quotes {
    layers: [Quote; Quotes::DEPTH],
    len: u8,
}

impl Quotes {
    /// How many layers can lie around one another; a deeper nest is not read.
    pub const DEPTH: usize = 4;

    /// A single layer.
    pub const fn one(quote: Quote) -> Quotes {
        Quotes { layers: [quote, Quote::Verbatim, Quote::Verbatim, Quote::Verbatim], len: 1 }
    }

    /// Two layers, the inner first.
    pub const fn two(inner: Quote, outer: Quote) -> Quotes {
        Quotes { layers: [inner, outer, Quote::Verbatim, Quote::Verbatim], len: 2 }
    }

    /// The same with one more layer outside, if there is room.
    pub fn within(mut self, outer: Quote) -> Option<Quotes> {
        let slot = self.layers.get_mut(usize::from(self.len))?;
        *slot = outer;
        self.len += 1;
        Some(self)
    }

    /// The layers, innermost first.
    pub fn layers(&self) -> &[Quote] {
        &self.layers[..usize::from(self.len)]
    }
}
