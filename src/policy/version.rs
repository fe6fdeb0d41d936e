//! The format of configuration and rule files: `sudare: 1`.
//!
//! A later format gets a number of its own, and a step in `STEPS` that writes a file of the format
//! before it anew; `sudare check --upgrade` takes the steps.

use crate::policy::fault::Faults;
use crate::policy::node::Node;
use crate::policy::reader;

/// The newest format that this program reads.
pub const NEWEST: u32 = 1;

/// Writes the text of a file in the format that follows its own.
type Step = fn(&str) -> String;

/// The step from each format to the next, from the first on.
const STEPS: [Step; NEWEST as usize - 1] = [];

/// Reads the value of `sudare:`.
pub fn read(node: &Node, faults: &mut Faults) -> Option<u32> {
    let text = reader::text(node, "`sudare`", faults)?;
    match text.parse::<u32>() {
        Ok(number) if (1..=NEWEST).contains(&number) => Some(number),
        Ok(number) if number > NEWEST => {
            let fault = faults.error(
                &node.spot,
                "version",
                format!("`sudare: {number}` is a later format than this program reads"),
            );
            fault.help(format!(
                "this is sudare {}, which reads up to `sudare: {NEWEST}`: install a later one",
                env!("CARGO_PKG_VERSION")
            ));
            None
        }
        _ => {
            faults
                .error(&node.spot, "version", format!("`{text}` is no format of these files"))
                .help("write `sudare: 1`");
            None
        }
    }
}

/// A file's text in the newest format; nothing where it is in that already.
pub fn upgraded(text: &str, from: u32) -> Option<String> {
    let steps = STEPS.get(usize::try_from(from).ok()?.checked_sub(1)?..)?;
    (!steps.is_empty()).then(|| steps.iter().fold(text.to_owned(), |text, step| step(&text)))
}
