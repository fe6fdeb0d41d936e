//! Exit codes, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(sudare::cli::run())
}
