//! Places as rules write them, with faults that point into the path.

use crate::format::html::check_selector;
use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::reader;
use crate::terms::filter::{self, Filtered};
use crate::terms::place::{Place, PlaceError};
use crate::terms::xml_path;

/// Reads a place: a bare name, `$…`, `//…`, `css:…`.
pub fn read(node: &Node, what: &str, faults: &mut Faults) -> Option<Place> {
    let text = reader::text(node, what, faults)?;
    match Place::parse(text) {
        Ok(place) => checked(place, &node.spot, faults),
        Err(PlaceError { offset, message }) => {
            if text.starts_with('$') && text[offset..].starts_with('?') {
                let message = "a filter stands in `fields` alone";
                faults.error(&within(node, text, offset), "filter", message).help("write a path without `[?…]` here");
                return None;
            }
            let fault = faults.error(&within(node, text, offset), "place", message);
            if text.starts_with('$') {
                fault.help("JSONPath here knows names, indexes, `[*]` and `..name`");
            } else if text.starts_with('/') {
                fault.help(xml_path::HELP);
            }
            None
        }
    }
}

/// A field's path that has a filter, taken apart; nothing where it has none, or one that is not known.
pub fn filtered(node: &Node, faults: &mut Faults) -> Option<Option<Filtered>> {
    let Some(text) = node.scalar().filter(|text| text.starts_with('$')) else { return Some(None) };
    match Place::parse(text) {
        Err(PlaceError { offset, .. }) if text[offset..].starts_with('?') => {}
        _ => return Some(None),
    }
    match Filtered::parse(text) {
        Ok(filtered) => Some(Some(filtered)),
        Err(PlaceError { offset, message }) => {
            faults.error(&within(node, text, offset), "filter", message).help(filter::HELP);
            None
        }
    }
}

/// Where a byte of a scalar's text stands in the file.
pub fn within(node: &Node, text: &str, offset: usize) -> Spot {
    let offset = offset.min(text.len());
    let before = text.get(..offset).map_or(0, |before| before.chars().count());
    let quote = usize::from(matches!(&node.value, Value::Scalar { quoted: true, .. }));
    let start = (node.spot.span.start + quote + offset).min(node.spot.span.end);
    let column = node.spot.column + quote + before;
    Spot { span: start..node.spot.span.end.saturating_sub(quote).max(start), column, ..node.spot.clone() }
}

fn checked(place: Place, spot: &Spot, faults: &mut Faults) -> Option<Place> {
    if let Place::Css(css) = &place
        && let Err(message) = check_selector(&css.selector)
    {
        let fault = faults.error(spot, "selector", format!("the selector cannot be followed: {message}"));
        fault.help(
            "known are names, classes, ids, attributes, `:not`, `:nth-child`, `:nth-of-type`, descendants and children",
        );
        return None;
    }
    Some(place)
}
