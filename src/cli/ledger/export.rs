//! `sudare ledger export`: the tree's hashes as C2SP's `tlog-tiles` lays them out.

use std::path::Path;

use crate::cli::DONE;
use crate::cli::ledger::{Desk, ExportArgs, Format, Trouble, public_key};
use crate::cli::say::texts;
use crate::ledger::prove::ProveError;
use crate::ledger::tiles::{self, Exported};

/// Runs the command.
pub(super) fn run(state: &Path, told: &ExportArgs, desk: &mut Desk<'_>) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let key = public_key(state, told.key.as_deref(), lang)?;
    let exported = tiles::export(&state.join("ledger"), &key, &told.tiles, told.cosigned).map_err(|error| {
        let advice = match error {
            ProveError::Io { .. } => texts::NAME_FOLDERS,
            ProveError::Unsigned { .. } => texts::NAME_KEY,
            ProveError::TooMany { .. } => texts::RUN_INDEX,
            _ => texts::RUN_VERIFY,
        };
        Trouble::caused(lang, &error, advice.of(lang))
    })?;
    let Exported { size, entries, files, cosigned } = exported;
    match desk.format {
        Format::Json => {
            let json = serde_json::json!({ "size": size, "entries": entries, "files": files, "cosigned": cosigned });
            writeln!(desk.out, "{json}")?;
        }
        Format::Table => {
            let words: [(&str, &dyn std::fmt::Display); 3] =
                [("size", &size), ("files", &files), ("path", &told.tiles.display())];
            writeln!(desk.out, "{}", texts::TILED.with(lang, &words))?;
        }
    }
    desk.out.flush()?;
    Ok(DONE)
}
