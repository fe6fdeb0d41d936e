//! `sudare keys`: the key ring: what is in it, new versions, the end of old ones, and copies to keep elsewhere.
//!
//! All of it is done to the ring's own file, which is replaced whole; a gateway that runs takes the change in force by
//! itself. What is printed tells of versions and never of keys.

mod carry;
mod list;
mod retire;
mod rotate;
mod shred;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::ledger::Format;
use crate::cli::ledger::home::Home;
use crate::cli::say::{Lang, diagnostics, ended, phrase, tell, texts};
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::serve::memory;
use crate::vault::kek::Source;
use crate::vault::ring::carried::CarriedError;
use crate::vault::ring::change::Denied;
use crate::vault::ring::{Place, RingError};

/// The key ring: list, rotate and retire versions, carry it elsewhere
#[derive(Args, Debug)]
pub struct KeysArgs {
    /// The gateway's configuration, which says where the ring lies and what wraps it
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The state folder, whose ring is meant [default: state]
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    /// How to print what was done
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// What to do
    #[command(subcommand)]
    command: KeysCommand,
}

/// What to do with the ring.
#[derive(Subcommand, Debug)]
enum KeysCommand {
    /// Print every version: its state, how much it encrypted, what mints under it
    List,
    /// Draw a new version, which mints from now on; old tokens still open
    Rotate(RotateArgs),
    /// Destroy the keys of an old version: nothing opens what they sealed
    Retire(RetireArgs),
    /// End the tokens of a domain or a subject for good
    Shred(ShredArgs),
    /// Write the whole ring into a file, sealed under a passphrase
    Export(ExportArgs),
    /// Put an exported ring in force
    Import(ImportArgs),
}

/// What `rotate` is told.
#[derive(Args, Debug)]
struct RotateArgs {
    /// Let this token domain mint under the newest version: its tokens become others
    #[arg(long, value_name = "NAME")]
    domain: Vec<String>,
    /// The same for every shared token domain but `sudare.stored`
    #[arg(long)]
    all_domains: bool,
    /// Give each `--domain` a version that is its alone, so that `shred` can destroy it
    #[arg(long, requires = "domain")]
    own: bool,
    /// Draw nothing, and wrap the ring under this key-encryption key from now on
    #[arg(long, value_name = "SOURCE", value_parser = source, conflicts_with_all = ["domain", "all_domains", "own"])]
    new_kek: Option<Source>,
}

/// What `retire` is told.
#[derive(Args, Debug)]
struct RetireArgs {
    /// The version
    #[arg(value_name = "VERSION")]
    number: u16,
    /// The CRM holds no tokens (`store:`) of this version, or holds them no more
    #[arg(long)]
    stored_migrated: bool,
}

/// What `shred` is told.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct ShredArgs {
    /// The token domain
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// The subject, by its type and its id as the CRM writes it
    #[arg(long, value_name = "TYPE:ID", value_parser = subject)]
    subject: Option<(String, String)>,
}

/// What `export` is told.
#[derive(Args, Debug)]
struct ExportArgs {
    /// The file to write; one that is there stays
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// A file with the passphrase, or `-` for the standard input
    #[arg(long, value_name = "FILE")]
    passphrase_file: PathBuf,
}

/// What `import` is told.
#[derive(Args, Debug)]
struct ImportArgs {
    /// The exported ring
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with the passphrase, or `-` for the standard input
    #[arg(long, value_name = "FILE")]
    passphrase_file: PathBuf,
    /// Put it in force although it lacks keys that the ring here has: what they sealed opens no more
    #[arg(long)]
    replace: bool,
}

fn subject(text: &str) -> Result<(String, String), String> {
    let (kind, id) = text.split_once(':').ok_or("write it as TYPE:ID, for example customer:42")?;
    if kind.is_empty() || id.trim().is_empty() {
        return Err("write it as TYPE:ID, for example customer:42".to_owned());
    }
    Ok((kind.to_owned(), id.to_owned()))
}

fn source(text: &str) -> Result<Source, String> {
    Source::parse(text).ok_or_else(|| {
        "file:PATH, environment:NAME, credential:NAME, vault:ADDRESS, aws_kms:KEY or a PKCS #11 URI".to_owned()
    })
}

/// Runs the command on this process's own streams and returns its exit status.
pub fn run(args: &KeysArgs, lang: Lang) -> u8 {
    memory::keep();
    let home = Home::at(args.config.as_deref(), args.state.as_deref());
    if let Some((faults, source)) = &home.wrong {
        tell(&diagnostics(lang, faults, std::slice::from_ref(source)));
        return UNUSABLE;
    }
    let desk = Desk { lang, format: args.format, now: jiff::Timestamp::now().as_second() };
    let done = match &args.command {
        KeysCommand::List => list::run(&home.keys, &desk),
        KeysCommand::Rotate(told) => rotate::run(&home.keys, told, &desk),
        KeysCommand::Retire(told) => retire::run(&home, told, &desk),
        KeysCommand::Shred(told) => shred::run(&home, told, &desk),
        KeysCommand::Export(told) => carry::export(&home.keys, told, &desk),
        KeysCommand::Import(told) => carry::import(&home.keys, told, &desk),
    };
    match done {
        Ok(text) => {
            let mut out = BufWriter::new(io::stdout().lock());
            ended(out.write_all(text.as_bytes()).and_then(|()| out.flush()), DONE, lang)
        }
        Err(trouble) => {
            tell(&format!("{}: {}\n", texts::ERROR.of(lang), trouble.what));
            if let Some(advice) = trouble.advice {
                tell(&format!("{}: {advice}\n", texts::HELP.of(lang)));
            }
            trouble.status
        }
    }
}

/// How results are written, and when this is.
struct Desk {
    lang: Lang,
    format: Format,
    now: i64,
}

impl Desk {
    /// A result: a sentence for people, or an object for programs.
    fn said(&self, sentence: &str, object: &serde_json::Value) -> String {
        match self.format {
            Format::Table => format!("{sentence}\n"),
            Format::Json => format!("{object}\n"),
        }
    }

    /// A warning, which is no result.
    fn warn(&self, what: &str) {
        tell(&format!("{}: {what}\n", texts::WARNING.of(self.lang)));
    }

    /// What was asked for does not hold.
    fn refused(&self, what: &str, advice: Option<&str>) -> Trouble {
        let said = |text: &str| phrase(self.lang, text).into_owned();
        Trouble { status: FAILED, what: said(what), advice: advice.map(str::to_owned) }
    }

    /// Something cannot be read or written.
    fn unusable(&self, error: &dyn std::error::Error) -> Trouble {
        let mut what = phrase(self.lang, &error.to_string()).into_owned();
        let mut cause = error.source();
        while let Some(error) = cause {
            what = format!("{what}: {}", phrase(self.lang, &error.to_string()));
            cause = error.source();
        }
        Trouble { status: UNUSABLE, what, advice: None }
    }

    fn ring(&self, error: &RingError) -> Trouble {
        let trouble = self.unusable(error);
        match error {
            // Nothing is wrong with it.
            RingError::Busy(_) => Trouble { status: FAILED, ..trouble },
            RingError::Missing(_) => Trouble { advice: Some(texts::NAME_RING.of(self.lang).to_owned()), ..trouble },
            _ => trouble,
        }
    }

    fn denied(&self, error: &Denied) -> Trouble {
        match error {
            Denied::Ring(error) => self.ring(error),
            error => self.refused(&error.to_string(), None),
        }
    }

    fn carried(&self, error: &CarriedError) -> Trouble {
        match error {
            CarriedError::Ring(error) => self.ring(error),
            error => self.unusable(error),
        }
    }
}

/// Why a command did not do what it was asked for.
struct Trouble {
    status: u8,
    what: String,
    advice: Option<String>,
}

/// Where the ring lies, for sentences.
fn shown(place: &Place) -> String {
    shown_path(&place.ring)
}

fn shown_path(path: &Path) -> String {
    crate::ledger::show::plain(&path.display().to_string())
}
