//! `sudare ledger prove`: a proof that can be handed out and checked without the ledger; and its check.

use std::io::{self, Read};
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::ledger::{Desk, Format, ProveArgs, Trouble, public_key};
use crate::cli::say::{phrase, texts};
use crate::cli::{DONE, FAILED};
use crate::ledger::chain::Hash;
use crate::ledger::prove::{self, ProveError};
use crate::ledger::tlog_proof::Inclusion;

/// Runs the command.
pub(super) fn run(state: &Path, told: &ProveArgs, desk: &mut Desk<'_>) -> Result<u8, Trouble> {
    let key = public_key(state, told.key.as_deref(), desk.lang)?;
    let dir = state.join("ledger");
    let failed = |error: ProveError| {
        let advice = match error {
            ProveError::Io { .. } => texts::NAME_STATE,
            ProveError::Unsigned { .. } => texts::NAME_KEY,
            ProveError::NoCheckpoint { .. } | ProveError::NotCovered { .. } => texts::SEE_CHECKPOINTS,
            ProveError::TooMany { .. } => texts::RUN_INDEX,
            ProveError::Missing { .. } | ProveError::Unlike { .. } => texts::RUN_VERIFY,
        };
        Trouble::caused(desk.lang, &error, advice.of(desk.lang))
    };
    let texts = |hashes: &[Hash]| hashes.iter().map(Hash::to_string).collect::<Vec<_>>();
    let (text, json) = match (told.record, told.consistency.as_deref()) {
        (Some(seq), _) => {
            let proof = prove::record(&dir, &key, seq, told.checkpoint.as_deref()).map_err(failed)?;
            let line = proof.line.as_deref().and_then(|line| serde_json::from_slice::<Value>(line).ok());
            let json = json!({
                "index": proof.index, "record": line, "proof": texts(&proof.proof), "checkpoint": proof.note,
            });
            (proof.to_text(), json)
        }
        (None, Some([old, rest @ ..])) => {
            let proof = prove::extension(&dir, &key, *old, rest.first().copied()).map_err(failed)?;
            let json = json!({ "old": proof.old, "proof": texts(&proof.proof), "checkpoint": proof.note });
            (proof.to_text(), json)
        }
        // The command line demands one of the two.
        (None, _) => return Err(Trouble::of(texts::NAME_RECORD.of(desk.lang), texts::NAME_RECORD_HELP.of(desk.lang))),
    };
    match desk.format {
        Format::Table => write!(desk.out, "{text}")?,
        Format::Json => writeln!(desk.out, "{json}")?,
    }
    desk.out.flush()?;
    Ok(DONE)
}

/// Checks a proof with nothing but the public key, and prints the record that it proves.
pub(super) fn check(state: &Path, path: &Path, key: Option<&Path>, desk: &mut Desk<'_>) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let key = public_key(state, key, lang)?;
    let text = read(path).map_err(|error| {
        let words: [(&str, &dyn std::fmt::Display); 2] = [("path", &path.display()), ("error", &error)];
        Trouble::of(texts::CANNOT_READ.with(lang, &words), texts::NAME_PROOF.of(lang))
    })?;
    let proof = Inclusion::read(&text);
    let checked = proof.and_then(|proof| proof.check(&key).map(|checkpoint| (proof, checkpoint)));
    let (proof, checkpoint) = match checked {
        Ok(checked) => checked,
        Err(flaw) => {
            let what = format!("{}: {}", path.display(), phrase(lang, &flaw.to_string()));
            desk.told(texts::ERROR.of(lang), &what, texts::BAD_PROOF_HELP.of(lang));
            return Ok(FAILED);
        }
    };
    let line = String::from_utf8_lossy(proof.line.as_deref().unwrap_or_default()).into_owned();
    if desk.format == Format::Table {
        let (seq, time) = (checkpoint.head.tip.seq, format!("{:.6}", checkpoint.time));
        let words: [(&str, &dyn std::fmt::Display); 4] =
            [("record", &(proof.index + 1)), ("key", &key.name), ("seq", &seq), ("time", &time)];
        writeln!(desk.out, "{}", texts::PROVEN.with(lang, &words))?;
    }
    writeln!(desk.out, "{line}")?;
    desk.out.flush()?;
    Ok(DONE)
}

/// No proof is longer: its record is in it.
const PROOF_BYTES_MAX: u64 = 8 << 20;

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    match path.as_os_str() == "-" {
        true => io::stdin().take(PROOF_BYTES_MAX).read_to_string(&mut text)?,
        false => std::fs::File::open(path)?.take(PROOF_BYTES_MAX).read_to_string(&mut text)?,
    };
    Ok(text)
}
