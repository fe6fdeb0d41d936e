//! `sudare completions SHELL`: a script with which a shell completes commands and options.

use std::io::{self, Write};

use clap::Args;
use clap_complete::Shell;

use crate::cli::DONE;
use crate::cli::say::{Lang, ended};

/// `sudare completions`
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command.
pub fn run(args: &CompletionsArgs, lang: Lang) -> u8 {
    let mut script = Vec::new();
    // In English: whoever installs it does so for everybody on the machine.
    clap_complete::generate(args.shell, &mut crate::cli::command(Lang::En), "sudare", &mut script);
    let mut out = io::stdout().lock();
    ended(out.write_all(&script).and_then(|()| out.flush()), DONE, lang)
}
