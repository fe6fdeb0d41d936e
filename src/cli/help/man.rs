//! `sudare man`: the manual pages, made of the same words as `--help`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::help::{EXAMPLES, FILES, STATUS, pages};
use crate::cli::say::{Lang, Text, complain, ended, texts};
use crate::cli::{DONE, FAILED, UNUSABLE};

/// `sudare man`
#[derive(Args)]
pub struct ManArgs {
    /// The command; all of sudare where it is left out
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
    /// Write every page into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "words")]
    dir: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &ManArgs, lang: Lang) -> u8 {
    let mut root = crate::cli::command_to_be_set(lang);
    root.build();
    if let Some(dir) = &args.dir {
        return match write_all(&root, "", dir, lang) {
            Ok(()) => DONE,
            Err(error) => {
                complain(lang, &texts::CANNOT_WRITE.with(lang, &[("path", &dir.display()), ("error", &error)]));
                FAILED
            }
        };
    }
    let mut command = &root;
    for word in &args.words {
        match command.find_subcommand(word) {
            Some(sub) => command = sub,
            None => {
                complain(lang, &texts::NO_MAN_PAGE.with(lang, &[("word", word)]));
                return UNUSABLE;
            }
        }
    }
    let written = page(command, &args.words.join(" "), lang).and_then(|page| io::stdout().write_all(&page));
    ended(written.and_then(|()| io::stdout().flush()), DONE, lang)
}

fn write_all(command: &Command, path: &str, dir: &Path, lang: Lang) -> io::Result<()> {
    let name = format!("sudare {path}").trim_end().replace(' ', "-");
    std::fs::write(dir.join(format!("{name}.1")), page(command, path, lang)?)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write_all(sub, format!("{path} {}", sub.get_name()).trim_start(), dir, lang)?;
    }
    Ok(())
}

/// One page in roff.
fn page(command: &Command, path: &str, lang: Lang) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let man = Man::new(command.clone()).source(concat!("sudare ", env!("CARGO_PKG_VERSION"))).manual("sudare");
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if command.get_subcommands().any(|sub| !sub.is_hide_set()) {
        man.render_subcommands_section(&mut out)?;
    }
    let mut roff = Roff::default();
    if let Some(page) = pages::of(path) {
        listed(&mut roff, EXAMPLES.of(lang), page.examples, lang);
        listed(&mut roff, STATUS.of(lang), page.status, lang);
        listed(&mut roff, FILES.of(lang), page.files, lang);
    }
    listed(&mut roff, ENVIRONMENT_TITLE.of(lang), ENVIRONMENT, lang);
    roff.to_writer(&mut out)?;
    // clap_mangen has its headings in English alone.
    let text = String::from_utf8_lossy(&out).into_owned();
    let text = match lang {
        Lang::En => text,
        Lang::Ja => HEADINGS
            .iter()
            .fold(text, |text, (english, said)| text.replace(&format!(".SH {english}\n"), &format!(".SH {said}\n"))),
    };
    Ok(text.into_bytes())
}

fn listed(roff: &mut Roff, title: &str, rows: &[(&str, Text)], lang: Lang) {
    if rows.is_empty() {
        return;
    }
    roff.control("SH", [title.to_uppercase().as_str()]);
    for (name, what) in rows {
        roff.control("TP", []);
        roff.text([bold(*name)]);
        roff.text([roman(what.of(lang))]);
    }
}

const HEADINGS: &[(&str, &str)] = &[
    ("NAME", "名前"),
    ("SYNOPSIS", "書式"),
    ("DESCRIPTION", "説明"),
    ("OPTIONS", "オプション"),
    ("SUBCOMMANDS", "コマンド"),
];
const ENVIRONMENT_TITLE: Text = Text { en: "Environment", ja: "環境変数" };
const ENVIRONMENT: &[(&str, Text)] = &[
    (
        "LC_ALL, LC_MESSAGES, LANG",
        Text {
            en: "the language of messages: Japanese or English", ja: "メッセージの言語（日本語または英語）"
        },
    ),
    ("NO_COLOR", Text { en: "if set, nothing is coloured", ja: "設定すると色を付けない" }),
];
