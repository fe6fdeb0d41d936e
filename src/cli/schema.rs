//! `sudare schema`: the two kinds of file as JSON Schemas, so that editors complete and check them.

use std::io::{self, BufWriter, Write};

use clap::Args;

use crate::cli::DONE;
use crate::cli::say::{Lang, ended};
use crate::{config, policy};

/// `sudare schema`
#[derive(Args)]
pub struct SchemaArgs {
    /// Which kind of file
    #[arg(value_enum, value_name = "FILE")]
    file: File,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum File {
    /// gateway.yaml
    Gateway,
    /// rules/*.yaml
    Rules,
}

/// Runs the command.
pub fn run(args: &SchemaArgs, lang: Lang) -> u8 {
    let schema = match args.file {
        File::Gateway => config::schema::schema(),
        File::Rules => policy::schema::rules::schema(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    ended(writeln!(out, "{schema:#}").and_then(|()| out.flush()), DONE, lang)
}
