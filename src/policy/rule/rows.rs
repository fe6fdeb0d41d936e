//! `where:` of a rule: what an attribute of the record must be.

use crate::policy::fault::Faults;
use crate::policy::node::Node;
use crate::policy::reader::{self, nearest};
use crate::policy::rule::Word;

/// One attribute, and what it must be one of.
#[derive(Debug, Clone)]
pub struct Row {
    /// The attribute, as resources name it.
    pub attribute: Word,
    /// What it may be.
    pub is: Vec<Is>,
}

/// What an attribute of a record is compared with. Texts are compared as they stand, without the
/// blanks around them; so are numbers, by what is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Is {
    /// This text.
    Text(String),
    /// The name of whoever asks.
    StaffId,
    /// One of their groups.
    StaffGroup,
    /// This attribute of theirs.
    StaffAttribute(String),
}

/// Reads `{ owner: staff.id, state: [open, waiting] }`; all of it must hold.
pub fn read(node: &Node, faults: &mut Faults) -> Vec<Row> {
    let mut rows = Vec::new();
    for entry in reader::entries(node, "`where`", faults).unwrap_or_default() {
        let texts = reader::texts(&entry.value, "what an attribute is", faults);
        let is: Vec<Is> = texts.into_iter().filter_map(|(text, spot)| is(&Word::new(text, spot), faults)).collect();
        rows.push(Row { attribute: Word::new(&entry.key, &entry.key_spot), is });
    }
    if node.map().is_some_and(<[_]>::is_empty) {
        faults.error(&node.spot, "empty", "`where` names no attribute");
    }
    rows
}

/// Warns of a text that looks as if it said more than its letters.
fn literal(word: &Word, faults: &mut Faults) {
    let text = word.text.trim();
    let is_staff = text.split_once('.').is_some_and(|(name, _)| {
        let name = name.trim_start_matches(['{', '$', '!', ' ']);
        name == "staff" || name != text && nearest(name, ["staff"]).is_some()
    });
    if is_staff || text.starts_with(['!', '*']) || text.starts_with("not ") || text == "null" {
        let fault = faults.warning(&word.spot, "literal", format!("`{text}` is compared letter by letter"));
        fault.help("write `staff.id`, `staff.groups`, `staff.attributes.NAME` or a text that stands in the record; nothing is left out by `where`");
    }
}

fn is(word: &Word, faults: &mut Faults) -> Option<Is> {
    const KNOWN: [&str; 3] = ["staff.id", "staff.groups", "staff.attributes"];
    let Some(member) = word.text.strip_prefix("staff.") else {
        literal(word, faults);
        return Some(Is::Text(word.text.trim().to_owned()));
    };
    match (member, member.strip_prefix("attributes.")) {
        ("id", _) => Some(Is::StaffId),
        ("groups", _) => Some(Is::StaffGroup),
        (_, Some(name)) if !name.is_empty() => Some(Is::StaffAttribute(name.to_owned())),
        _ => {
            let fault = faults.error(&word.spot, "unknown-word", format!("staff has no `{member}`"));
            match nearest(&word.text, KNOWN) {
                Some("staff.attributes") | None => {
                    fault.help("write `staff.id`, `staff.groups` or `staff.attributes.NAME`")
                }
                near => fault.did_you_mean(near),
            }
            None
        }
    }
}
