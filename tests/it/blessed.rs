//! Texts that stand in files beside their cases: compared, or written anew with `SUDARE_BLESS=1`.

use std::fs;
use std::path::PathBuf;

/// Whether what is told is right by order.
pub fn blesses() -> bool {
    std::env::var_os("SUDARE_BLESS").is_some()
}

/// Each file must hold what is told.
pub fn beside(told: impl IntoIterator<Item = (PathBuf, String)>) {
    let mut wrong = Vec::new();
    for (file, told) in told {
        if blesses() {
            fs::write(&file, &told).expect("a case can be written");
        } else if fs::read_to_string(&file).unwrap_or_default() != told {
            wrong.push(format!("{}:\n{told}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
