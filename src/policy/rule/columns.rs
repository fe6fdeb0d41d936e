//! `columns:` where a request names the columns of the rows that it asks for.

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot};
use crate::policy::plan::ColumnsAt;
use crate::policy::reader;
use crate::policy::rule::places;
use crate::terms::place::{JsonPath, Place, Step};

/// A resource's `columns`.
#[derive(Debug)]
pub struct Columns {
    /// Where they are named.
    pub at: ColumnsAt,
    /// Where that is written.
    pub spot: Spot,
}

const HELP: &str = "write `request.$.params[1]` for a list in JSON, or `request.fields` for a parameter that holds \
                    names with commas between them";

/// Reads `request.$.params[1]` or `request.fields`.
pub fn read(node: &Node, faults: &mut Faults) -> Option<Columns> {
    let text = reader::text(node, "`columns`", faults)?;
    let Some(place) = text.strip_prefix("request.").filter(|place| !place.is_empty()) else {
        faults.error(&node.spot, "columns", format!("`{text}` is no place in a request")).help(HELP);
        return None;
    };
    let offset = text.len() - place.len();
    let at = match Place::parse(place) {
        Err(error) => {
            let spot = places::within(node, text, offset + error.offset);
            faults.error(&spot, "place", error.message).help(HELP);
            return None;
        }
        Ok(Place::Json(path)) if leads_to_one(&path) => Some(ColumnsAt::Json(path)),
        Ok(Place::Name(name)) => Some(ColumnsAt::Parameter(name)),
        Ok(Place::Json(_)) => {
            let message = "the place of the columns leads to one list: names and indexes alone";
            faults.error(&places::within(node, text, offset), "columns", message).help(HELP);
            None
        }
        Ok(Place::Xml(_)) => {
            let message = "columns that an XML request names are not read: not yet";
            faults.error(&places::within(node, text, offset), "reserved", message).help(HELP);
            None
        }
        Ok(Place::Css(_)) => {
            faults.error(&places::within(node, text, offset), "columns", "a request is no page").help(HELP);
            None
        }
    };
    Some(Columns { at: at?, spot: node.spot.clone() })
}

/// Columns are those of rows, and what is a row only `records` says.
pub fn check(columns: Option<&Columns>, records: Option<&Place>, faults: &mut Faults) {
    let Some(columns) = columns else { return };
    if !matches!(records, Some(Place::Json(_))) {
        faults
            .error(&columns.spot, "columns", "`columns` are those of rows in JSON, and nothing says what is a row")
            .help("write `records: $.result[*]` beside it");
    }
}

fn leads_to_one(path: &JsonPath) -> bool {
    path.steps.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_)))
}
