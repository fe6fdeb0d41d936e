//! Attributes: where they stand in a tag, and what their values are for.
//!
//! The tag is read again byte by byte, as browsers do, because the tokenizer tells where a tag
//! stands but not where each value does, and drops the second of two attributes of one name: both
//! are shown, since both reach staff.

use std::ops::Range;

use crate::format::html::element::Role;
use crate::terms::quote::Quote;

/// An attribute in a tag; the spans count from the tag's `<`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// Its name.
    pub(super) name: Range<usize>,
    /// Its value without quotes, and how it is quoted.
    pub(super) value: Option<(Range<usize>, Quote)>,
}

/// What was read of a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// In their order.
    pub(super) list: Vec<Attribute>,
    /// Where the element's name ends.
    pub(super) name_end: usize,
    /// Just after `>`, if the tag ends.
    pub(super) end: Option<usize>,
}

impl Attributes {
    /// Reads a tag whose name begins at `name`.
    pub(super) fn read(tag: &str, name: usize) -> Attributes {
        let bytes = tag.as_bytes();
        let name_end = skip(bytes, name, |b| !is_blank(b) && b != b'/' && b != b'>');
        let mut attributes = Attributes { list: Vec::new(), name_end, end: None };
        let mut at = name_end;
        loop {
            at = skip(bytes, at, |b| is_blank(b) || b == b'/');
            match bytes.get(at) {
                None => return attributes,
                Some(b'>') => {
                    attributes.end = Some(at + 1);
                    return attributes;
                }
                Some(_) => at = attributes.one(bytes, at),
            }
        }
    }

    /// The raw value of the first attribute of this name.
    pub(super) fn raw<'t>(&self, tag: &'t str, name: &str) -> Option<&'t str> {
        let attribute = self.list.iter().find(|one| tag[one.name.clone()].eq_ignore_ascii_case(name))?;
        Some(attribute.value.as_ref().map_or("", |(value, _)| &tag[value.clone()]))
    }

    fn one(&mut self, bytes: &[u8], begin: usize) -> usize {
        // An equals sign at the first place belongs to the name.
        let name_end = skip(bytes, begin + 1, |b| !is_blank(b) && !matches!(b, b'/' | b'>' | b'='));
        let name = begin..name_end;
        let after = skip(bytes, name_end, is_blank);
        if bytes.get(after) != Some(&b'=') {
            self.list.push(Attribute { name, value: None });
            return after;
        }
        let open = skip(bytes, after + 1, is_blank);
        let (value, quote, end) = match bytes.get(open) {
            Some(mark @ (b'"' | b'\'')) => {
                let end = skip(bytes, open + 1, |b| b != *mark);
                let quote = if *mark == b'"' { Quote::HtmlDouble } else { Quote::HtmlSingle };
                (open + 1..end, quote, (end + 1).min(bytes.len()))
            }
            _ => {
                let end = skip(bytes, open, |b| !is_blank(b) && b != b'>');
                (open..end, Quote::HtmlBare, end)
            }
        };
        self.list.push(Attribute { name, value: Some((value, quote)) });
        end
    }
}

/// What the value of an attribute is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A control's value.
    Control,
    /// People or scripts read it; a label that stands at its element stands at it too.
    Read,
    /// It is read, but says nothing of what its element holds.
    Aside,
    /// A URL, or several.
    Url,
    /// A style sheet.
    Style,
    /// A script.
    Script,
    /// A page of its own.
    Page,
    /// Structure.
    Structure,
}

/// What an attribute is for; the name is in lower case. Elements that a page has made itself have
/// attributes of their own: a `name` or a `label` there is no structure.
pub(super) fn use_of(role: Role, name: &str, custom: bool) -> Use {
    const CUSTOM: [&str; 7] = ["class", "dir", "id", "lang", "role", "slot", "tabindex"];
    match name {
        _ if custom && STRUCTURE.binary_search(&name).is_ok() && !CUSTOM.contains(&name) => Use::Aside,
        "value" if matches!(role, Role::Input | Role::Button) => Use::Control,
        "value" if role == Role::Option => Use::Aside,
        "value" | "title" | "alt" | "content" | "aria-label" | "aria-description" | "aria-valuetext" | "abbr"
        | "datetime" => Use::Read,
        "placeholder" | "summary" | "label" | "standby" | "aria-roledescription" | "aria-placeholder" => Use::Aside,
        "href" | "src" | "action" | "formaction" | "data" | "cite" | "poster" | "background" | "longdesc" | "ping"
        | "srcset" | "imagesrcset" | "manifest" | "codebase" | "xlink:href" | "lowsrc" | "dynsrc" | "icon"
        | "archive" => Use::Url,
        "style" => Use::Style,
        "srcdoc" => Use::Page,
        _ if name.starts_with("data-") => Use::Read,
        _ if name.starts_with("on") => Use::Script,
        _ if name.starts_with("aria-") || name.starts_with("xmlns") || STRUCTURE.binary_search(&name).is_ok() => {
            Use::Structure
        }
        _ => Use::Aside,
    }
}

/// Whether libraries run what such an attribute says, if it holds a string: what stands in no quotes there is a
/// program's own (Vue, Alpine, htmx, Livewire, AngularJS, Knockout, EasyUI).
pub(super) fn is_run(name: &str, text: &str) -> bool {
    const BEGINNINGS: [&str; 8] = ["@", ":", "v-", "x-", "ng-", "data-ng-", "hx-on", "wire:"];
    let is_run = |name: &str| BEGINNINGS.iter().any(|begin| name.starts_with(begin) && name.len() > begin.len());
    (is_run(name) || matches!(name, "data-options" | "data-bind" | "hx-vals")) && text.contains(['\'', '"', '`'])
}

/// Attributes whose values an edit would break, sorted.
const STRUCTURE: &[&str] = &[
    "accept",
    "accept-charset",
    "accesskey",
    "align",
    "autocomplete",
    "autofocus",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "charset",
    "checked",
    "class",
    "color",
    "cols",
    "colspan",
    "coords",
    "d",
    "dir",
    "disabled",
    "draggable",
    "enctype",
    "face",
    "fill",
    "for",
    "form",
    "headers",
    "height",
    "http-equiv",
    "id",
    "integrity",
    "itemid",
    "itemprop",
    "itemref",
    "itemtype",
    "lang",
    "list",
    "loading",
    "maxlength",
    "media",
    "method",
    "min",
    "minlength",
    "multiple",
    "name",
    "nonce",
    "nowrap",
    "pattern",
    "points",
    "readonly",
    "rel",
    "required",
    "rev",
    "role",
    "rows",
    "rowspan",
    "sandbox",
    "scope",
    "selected",
    "shape",
    "size",
    "sizes",
    "slot",
    "span",
    "step",
    "stroke",
    "tabindex",
    "target",
    "transform",
    "type",
    "usemap",
    "valign",
    "viewbox",
    "width",
    "wrap",
    "xml:lang",
];

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')
}

fn skip(bytes: &[u8], from: usize, more: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).map_or(bytes.len(), |rest| from + rest.iter().take_while(|b| more(**b)).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tag: &str) -> Vec<(&str, Option<(&str, Quote)>)> {
        let attributes = Attributes::read(tag, 1);
        let value = |one: &Attribute| one.value.as_ref().map(|(span, quote)| (&tag[span.clone()], *quote));
        attributes.list.iter().map(|one| (&tag[one.name.clone()], value(one))).collect()
    }

    #[test]
    fn values_are_found_in_every_quoting() {
        use Quote::{HtmlBare, HtmlDouble, HtmlSingle};
        assert_eq!(
            shown("<a b=1 c='2>' d = \"3\"e f/g=/h>"),
            [
                ("b", Some(("1", HtmlBare))),
                ("c", Some(("2>", HtmlSingle))),
                ("d", Some(("3", HtmlDouble))),
                ("e", None),
                ("f", None),
                ("g", Some(("/h", HtmlBare))),
            ]
        );
        assert_eq!(shown("<a x=1 X=2>"), [("x", Some(("1", HtmlBare))), ("X", Some(("2", HtmlBare)))]);
        assert_eq!(shown("<a =b='c'>"), [("=b", Some(("c", HtmlSingle)))]);
        assert_eq!(shown("<a b=>"), [("b", Some(("", HtmlBare)))]);
    }

    #[test]
    fn a_tag_that_does_not_end_has_no_end() {
        assert_eq!(Attributes::read("<a b='c", 1).end, None);
        assert_eq!(Attributes::read("</td></tr>", 2).end, Some(5));
        assert_eq!(Attributes::read("<br/>", 1).end, Some(5));
    }

    #[test]
    fn structure_is_sorted_and_data_is_read() {
        assert!(STRUCTURE.is_sorted());
        assert_eq!(use_of(Role::Inline, "data-rawvalue", false), Use::Read);
        assert_eq!(use_of(Role::Inline, "onclick", true), Use::Script);
        assert_eq!(use_of(Role::Input, "value", false), Use::Control);
        assert_eq!(use_of(Role::Input, "name", false), Use::Structure);
        assert_eq!(use_of(Role::Inline, "name", true), Use::Aside);
    }
}
