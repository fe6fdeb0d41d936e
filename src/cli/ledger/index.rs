//! `sudare ledger index`: one pass over the closed segments, as the gateway makes it every minute.

use std::path::Path;
use std::time::SystemTime;

use crate::cli::DONE;
use crate::cli::ledger::{Desk, Format, Trouble};
use crate::cli::say::texts;
use crate::ledger::archive::{PACK_AFTER, Tended, tend};

/// Runs the command.
pub(super) fn run(state: &Path, desk: &mut Desk<'_>) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let folder = state.join("ledger");
    let packed_before = SystemTime::now().checked_sub(PACK_AFTER).unwrap_or(SystemTime::UNIX_EPOCH);
    let tended = tend(&folder, packed_before, &|| true).map_err(|error| {
        let what = texts::NOT_TENDED.with(lang, &[("path", &folder.display()), ("error", &error)]);
        Trouble::of(what, texts::NAME_STATE.of(lang))
    })?;
    let Some(Tended { hashes, indexed, packed }) = tended else {
        return Err(Trouble::of(texts::TENDED_BY_ANOTHER.of(lang), texts::TENDED_BY_ANOTHER_HELP.of(lang)));
    };
    match desk.format {
        Format::Json => {
            let json = serde_json::json!({ "hashes": hashes, "indexed": indexed, "compressed": packed });
            writeln!(desk.out, "{json}")?;
        }
        Format::Table => {
            let words: [(&str, &dyn std::fmt::Display); 3] =
                [("hashes", &hashes), ("indexed", &indexed), ("packed", &packed)];
            writeln!(desk.out, "{}", texts::TENDED.with(lang, &words))?;
        }
    }
    desk.out.flush()?;
    Ok(DONE)
}
