//! `sudare completions SHELL`: a script with which a shell completes commands and options.

use std::io::{self, Write};

use clap::Args;
use clap_complete::Shell;

use crate::cli::DONE;
use crate::cli::say::Lang;

/// `sudare completions`
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> u8 {
    let mut script = Vec::new();
    // In English: whoever installs it does so for everybody on the machine.
    clap_complete::generate(args.shell, &mut crate::cli::command(Lang::En), "sudare", &mut script);
    // Whoever closed the pipe has read enough.
    let _closed = io::stdout().write_all(&script);
    DONE
}
