//! `sudare kinds`: the kinds of personal data, their labels, what finds them and what may be done to them.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::explain::Format;
use crate::cli::grid::Grid;
use crate::cli::say::{Lang, ended, texts};
use crate::cli::{DONE, default_config, rulebook};
use crate::detect;
use crate::terms::action::Generalize;
use crate::terms::kind::{Category, Kind, KindId, Kinds};

/// `sudare kinds`
#[derive(Args)]
pub struct KindsArgs {
    /// The gateway's configuration, whose rules' kinds are told too [default: gateway.yaml, if there is one]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rule files or folders to look at instead
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Kinds of this category alone
    #[arg(long, value_name = "CATEGORY", value_parser = Category::ALL.map(Category::word))]
    category: Option<String>,
    /// Print every label
    #[arg(long)]
    all: bool,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Labels that the table shows of each kind.
const LABELS_SHOWN: usize = 4;

/// Runs the command; gives the exit status.
pub fn run(args: &KindsArgs, lang: Lang) -> u8 {
    // The built-in kinds are the same everywhere: no configuration is needed to look at them.
    let bare = args.config.is_none() && args.paths.is_empty() && !default_config().exists();
    let kinds = if bare {
        Kinds::builtin()
    } else {
        match rulebook::open(args.config.as_deref(), &args.paths, lang) {
            Ok(policy) => Kinds::clone(policy.kinds()),
            Err(status) => return status,
        }
    };
    let wanted = |kind: &Kind| args.category.as_deref().is_none_or(|word| kind.category.word() == word);
    let told: Vec<(KindId, &Kind)> = kinds.iter().filter(|(_, kind)| wanted(kind)).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Json => told.iter().try_for_each(|(id, kind)| writeln!(out, "{}", as_json(*id, kind))),
        Format::Text => table(&told, args.all, lang, &mut out),
    };
    ended(written.and_then(|()| out.flush()), DONE, lang)
}

/// How a kind is found in text.
pub(super) fn detector(id: KindId, kind: &Kind) -> Option<&'static str> {
    match (detect::finds(id), &kind.pattern) {
        (Some(true), _) => Some("certain"),
        (Some(false), _) => Some("uncertain"),
        (None, Some(_)) => Some("pattern"),
        (None, None) => None,
    }
}

fn is_own(id: KindId) -> bool {
    usize::from(id.0) >= Kinds::builtin().0.len()
}

fn options(kind: &Kind) -> Vec<String> {
    let masks = kind.masks.iter().map(|mask| mask.word().to_owned());
    let coarser = kind.generalizes.iter().map(|how| match how {
        Generalize::Year => "year".to_owned(),
        Generalize::Decade => "decade".to_owned(),
        Generalize::AgeBand => "age_band".to_owned(),
        Generalize::Digits(_) => "digits".to_owned(),
    });
    masks.chain(coarser).collect()
}

fn table(told: &[(KindId, &Kind)], all: bool, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let headings = [texts::KIND, texts::CATEGORY, texts::DETECTOR, texts::COARSER, texts::LABELS];
    let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
    for (id, kind) in told {
        let found = match detector(*id, kind) {
            Some("certain") => texts::CERTAIN.of(lang),
            Some("uncertain") => texts::UNCERTAIN.of(lang),
            Some(_) => texts::PATTERN.of(lang),
            None => "-",
        };
        let options = options(kind);
        let name = if is_own(*id) { format!("{} *", kind.name) } else { kind.name.clone() };
        grid.row(vec![
            name,
            kind.category.word().to_owned(),
            found.to_owned(),
            if options.is_empty() { "-".to_owned() } else { options.join(", ") },
            labels(kind, all, lang),
        ]);
    }
    grid.write(out)?;
    if told.iter().any(|(id, _)| is_own(*id)) { writeln!(out, "\n{}", texts::OWN_KINDS.of(lang)) } else { Ok(()) }
}

fn labels(kind: &Kind, all: bool, lang: Lang) -> String {
    let count = kind.labels.len();
    if count == 0 {
        return "-".to_owned();
    }
    if all || count <= LABELS_SHOWN + 1 {
        return kind.labels.join(", ");
    }
    let shown = kind.labels[..LABELS_SHOWN].join(", ");
    texts::MORE_LABELS.with(lang, &[("shown", &shown), ("more", &(count - LABELS_SHOWN))])
}

fn as_json(id: KindId, kind: &Kind) -> Value {
    let masks: Vec<&str> = kind.masks.iter().map(|mask| mask.word()).collect();
    let options = options(kind);
    json!({
        "kind": kind.name,
        "category": kind.category.word(),
        "own": is_own(id),
        "detector": detector(id, kind),
        "pattern": kind.pattern,
        "masks": masks,
        "generalizations": options[masks.len()..],
        "labels": kind.labels,
    })
}
