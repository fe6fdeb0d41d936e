//! Elements: what each name means to whoever looks for values, labels and blocks.
//!
//! This is not the whole tree construction of HTML. It knows as much as decides which texts belong
//! together and which label stands at which value: inline and block, what an element closes that
//! was left open, and where an end tag stops looking.

/// No name that means something is longer.
const KNOWN_BYTES: usize = 16;

/// What an element is to the walker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Text runs on through it.
    Inline,
    /// Text ends where it begins and where it ends.
    Block,
    /// A block that does not keep a list item from being closed.
    Div,
    P,
    Li,
    Dl,
    Dt,
    Dd,
    Table,
    /// `thead`.
    Head,
    /// `tbody` and `tfoot`.
    Body,
    Tr,
    Td,
    Th,
    Caption,
    Form,
    Fieldset,
    Legend,
    Label,
    Input,
    Select,
    Textarea,
    Button,
    Option,
    Optgroup,
    Title,
    Meta,
    Script,
    Style,
    /// Holds markup that is not parsed in place: `noscript`, `iframe`, `noframes`, `noembed`.
    Markup,
    /// Holds text that is not parsed at all: `xmp`, `plaintext`.
    Plain,
    Template,
    Ruby,
    /// Its line breaks are seen: `pre`.
    Pre,
    /// The reading beside a word: `rt`, `rp`.
    Reading,
    Br,
    /// Has no content and does not part text: `img`, `wbr`.
    Void,
    /// Has no content and parts text: `hr`.
    Rule,
}

/// An element's name, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    /// A number for the name in lower case, so that an end tag finds its start tag.
    pub(super) name: u64,
    /// What it is.
    pub(super) role: Role,
    /// It stands in SVG or MathML.
    pub(super) foreign: bool,
}

impl Tag {
    /// Reads a name as it stands in a tag. Names in SVG and MathML that look like HTML's are not.
    pub(super) fn of(name: &str, foreign: bool) -> Tag {
        // A longer one is none that is known, but must differ from others too.
        let mut room = [0; KNOWN_BYTES];
        if name.len() > room.len() {
            let role = if foreign { foreign_role("") } else { role("") };
            return Tag { name: number(&name.to_ascii_lowercase()), role, foreign };
        }
        let lower = &mut room[..name.len()];
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        let lower = str::from_utf8(lower).unwrap_or_default();
        let role = if foreign { foreign_role(lower) } else { role(lower) };
        Tag { name: number(lower), role, foreign }
    }

    /// Whether it is a block that holds one text: a heading.
    pub(super) fn is_line(self) -> bool {
        LINES.contains(&self.name)
    }

    /// The same for an end tag, which finds elements of either kind by the number.
    pub(super) fn end(name: &str) -> Tag {
        Tag::of(name, false)
    }
}

impl Role {
    /// Whether text runs on through such an element.
    pub(super) fn is_inline(self) -> bool {
        matches!(self, Role::Inline | Role::Void | Role::Ruby)
    }

    /// Whether an element of this role can be closed only from within a cell or a table's part.
    pub(super) fn is_table_part(self) -> bool {
        matches!(self, Role::Table | Role::Head | Role::Body | Role::Tr | Role::Td | Role::Th | Role::Caption)
    }

    /// Whether an open paragraph ends where such an element begins.
    pub(super) fn closes_p(self) -> bool {
        use Role::{Block, Dd, Div, Dl, Dt, Fieldset, Form, Li, P, Plain, Pre, Rule, Table};
        matches!(self, Block | Div | P | Li | Dl | Dt | Dd | Table | Form | Fieldset | Plain | Pre | Rule)
    }

    /// Whether end tags of what stands outside do not reach into such an element.
    pub(super) fn is_wall(self) -> bool {
        matches!(self, Role::Table | Role::Td | Role::Th | Role::Caption | Role::Template)
    }

    /// Whether labels of controls are looked for no further than the end of such an element.
    pub(super) fn is_group(self) -> bool {
        matches!(self, Role::Tr | Role::Li | Role::Form | Role::Fieldset | Role::Table | Role::Dl)
    }
}

fn role(name: &str) -> Role {
    match name {
        "div" | "address" => Role::Div,
        "p" => Role::P,
        "li" => Role::Li,
        "dl" => Role::Dl,
        "dt" => Role::Dt,
        "dd" => Role::Dd,
        "table" => Role::Table,
        "thead" => Role::Head,
        "tbody" | "tfoot" => Role::Body,
        "tr" => Role::Tr,
        "td" => Role::Td,
        "th" => Role::Th,
        "caption" | "colgroup" => Role::Caption,
        "form" => Role::Form,
        "fieldset" => Role::Fieldset,
        "legend" => Role::Legend,
        "label" => Role::Label,
        "input" => Role::Input,
        "select" => Role::Select,
        "textarea" => Role::Textarea,
        "button" => Role::Button,
        "option" => Role::Option,
        "optgroup" => Role::Optgroup,
        "title" => Role::Title,
        "meta" => Role::Meta,
        "script" => Role::Script,
        "style" => Role::Style,
        "noscript" | "iframe" | "noframes" | "noembed" => Role::Markup,
        "xmp" | "plaintext" => Role::Plain,
        "template" => Role::Template,
        "pre" | "listing" => Role::Pre,
        "ruby" => Role::Ruby,
        "rt" | "rp" | "rtc" => Role::Reading,
        "br" => Role::Br,
        "hr" => Role::Rule,
        "area" | "base" | "basefont" | "bgsound" | "col" | "embed" | "img" | "keygen" | "link" | "param" | "source"
        | "track" | "wbr" => Role::Void,
        _ if BLOCKS.binary_search(&name).is_ok() => Role::Block,
        _ => Role::Inline,
    }
}

const LINES: [u64; 9] = [
    number("h1"),
    number("h2"),
    number("h3"),
    number("h4"),
    number("h5"),
    number("h6"),
    number("blockquote"),
    number("summary"),
    number("figcaption"),
];

fn foreign_role(name: &str) -> Role {
    match name {
        "tspan" | "a" | "mi" | "mn" | "mo" | "ms" | "mtext" | "mrow" | "textpath" => Role::Inline,
        "script" => Role::Script,
        "style" => Role::Style,
        _ => Role::Block,
    }
}

/// Block elements that need no role of their own, sorted.
const BLOCKS: &[&str] = &[
    "applet",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "details",
    "dialog",
    "dir",
    "figcaption",
    "figure",
    "footer",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "html",
    "main",
    "marquee",
    "math",
    "menu",
    "nav",
    "object",
    "ol",
    "search",
    "section",
    "summary",
    "svg",
    "ul",
];

/// FNV-1a: names need only differ where they differ.
pub(super) const fn number(name: &str) -> u64 {
    let (bytes, mut at, mut hash) = (name.as_bytes(), 0, 0xcbf2_9ce4_8422_2325_u64);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_regard_to_case() {
        assert_eq!(Tag::of("TD", false), Tag::of("td", false));
        assert_eq!(Tag::of("Td", false).role, Role::Td);
        assert_eq!(Tag::of("title", true).role, Role::Block);
        assert_eq!(Tag::of("x-name", false).role, Role::Inline);
        assert!(BLOCKS.is_sorted() && BLOCKS.iter().all(|name| name.len() <= KNOWN_BYTES));
        let long = |end: &str| Tag::of(&format!("X-{}{end}", "y".repeat(KNOWN_BYTES)), false);
        assert_eq!(long("A"), long("a"));
        assert_ne!(long("a").name, long("b").name);
    }
}
