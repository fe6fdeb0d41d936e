//! Places as rules write them, with faults that point into the path.

use std::ops::Range;

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
        Ok(Place::Name(name)) => bare(name, node, faults),
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

/// Where a part of a scalar's text stands in the file: of one with escapes or several lines, all of it.
pub fn part(spot: &Spot, text: &str, range: Range<usize>) -> Spot {
    let quote = match spot.span.len().checked_sub(text.len()) {
        Some(0) => 0,
        // The parser counts a blank behind the quotes in.
        Some(2 | 3) => 1,
        _ => return spot.clone(),
    };
    let start = spot.span.start + quote + range.start;
    let before = text.get(..range.start).map_or(0, |before| before.chars().count());
    Spot { span: start..start + range.len(), column: spot.column + quote + before, ..spot.clone() }
}

/// The same of a scalar that may be plain: what a line break or a comment made longer is told as a whole.
pub fn piece(node: &Node, text: &str, range: Range<usize>) -> Spot {
    let quoted = matches!(&node.value, Value::Scalar { quoted: true, .. });
    if quoted || node.spot.span.len() == text.len() { part(&node.spot, text, range) } else { node.spot.clone() }
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

/// A bare name, which is looked for letter by letter: what is written as if it were more is told.
fn bare(name: String, node: &Node, faults: &mut Faults) -> Option<Place> {
    let quoted = matches!(&node.value, Value::Scalar { quoted: true, .. });
    let spot = &node.spot;
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !quoted && name.starts_with(['「', '『']) {
        let message = "the text begins with a typographic quote, which YAML takes as a letter";
        faults.error(spot, "typographic-quote", message).help("write `\"` or `'`");
        return None;
    }
    let is_list = !quoted && name.contains(['、', '，']);
    let is_selector = name.strip_prefix(['#', '.']).is_some_and(|rest| rest.starts_with(is_letter));
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '*' | ']' | '['));
    let is_indexed = name.match_indices('[').any(|(at, _)| {
        let index = name[at + 1..].split_once(']').map(|(index, _)| index);
        at > 0
            && index
                .is_some_and(|index| index == "*" || (!index.is_empty() && index.bytes().all(|b| b.is_ascii_digit())))
    });
    let is_dotted = !quoted
        && stem.contains('.')
        && stem
            .split('.')
            .all(|part| part.starts_with(is_letter) && part.chars().all(|c| is_letter(c) || c.is_ascii_digit()));
    let instead = match () {
        () if is_list => format!(
            "write a list, with ordinary commas: `[{}]`",
            name.split(['、', '，']).map(str::trim).collect::<Vec<_>>().join(", ")
        ),
        () if is_selector => format!("write `css:{name}`"),
        () if is_indexed => format!("write `$.{name}`, which is a path into JSON"),
        () if is_dotted => format!("write `$.{name}` for a path into JSON, or quotes around it for a name with points"),
        () => return Some(Place::Name(name)),
    };
    faults
        .warning(spot, "place", format!("`{name}` is a bare name, and nothing is likely to be called so"))
        .help(instead);
    Some(Place::Name(name))
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
