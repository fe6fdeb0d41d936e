//! What the command line says to people, in Japanese or English; programs read JSON, which is never
//! translated.
//!
//! The sentences of the commands stand in `texts`, each in both languages, so that none can be
//! missing. Those of lower rooms (faults of rule files, findings of the ledger, notes of refusals) come as
//! English text and are translated by `phrases` where they are printed; one that stands in no phrase
//! stays English. What `--help` says is `help`'s, the first screen of the demo is `demo_text`'s.

mod phrases;
pub mod texts;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use crate::cli::UNUSABLE;
pub use crate::cli::say::phrases::{condition, fault, named, phrase, refusal};
use crate::policy::fault::{Fault, Headings, render_under};
use crate::policy::node::Source;

/// The language in which the command line speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Lang {
    /// The language of the environment, by POSIX's order of its variables.
    pub fn of_environment(get: impl Fn(&str) -> Option<String>) -> Lang {
        let set = |name| get(name).filter(|value| !value.is_empty());
        let value = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default();
        if value == "ja" || value.starts_with("ja_") || value.starts_with("ja.") { Lang::Ja } else { Lang::En }
    }

    /// The language that the words of the command line or else the environment ask for. It is
    /// needed before they are read, because it decides how they are explained.
    pub fn of_words(words: &[String], get: impl Fn(&str) -> Option<String>) -> Lang {
        let asked = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--lang") {
            Some("") => words.get(at + 1).map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        });
        match asked {
            Some("ja") => Lang::Ja,
            Some("en") => Lang::En,
            _ => Lang::of_environment(get),
        }
    }
}

/// A sentence in both languages; `{name}` is a place for a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// In English.
    pub en: &'static str,
    /// In Japanese.
    pub ja: &'static str,
}

impl Text {
    /// The sentence as it stands.
    pub fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.ja,
            Lang::En => self.en,
        }
    }

    /// The sentence with words in its places. What is put in is not looked at for places again.
    pub fn with(self, lang: Lang, words: &[(&str, &dyn Display)]) -> String {
        let mut out = String::new();
        let mut rest = self.of(lang);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let word = after.split_once('}').and_then(|(name, after)| {
                let (_, word) = words.iter().find(|(known, _)| *known == name)?;
                Some((word, after))
            });
            match word {
                Some((word, after)) => {
                    let word = word.to_string();
                    out.push_str(if lang == Lang::Ja { phrases::system(&word) } else { &word });
                    rest = after;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// The sentence with a count in it: `{n}`, and `{s}` where English has its plural.
    pub fn many(self, lang: Lang, count: usize) -> String {
        self.with(lang, &[("n", &count), ("s", &if count == 1 { "" } else { "s" })])
    }
}

/// How many columns a terminal gives a text: two for a wide character.
pub fn columns(text: &str) -> usize {
    crate::ledger::show::columns(text)
}

/// Faults for people, coloured where stderr is a terminal.
pub fn diagnostics(lang: Lang, faults: &[Fault], sources: &[Source]) -> String {
    let headings =
        Headings { error: texts::ERROR.of(lang), warning: texts::WARNING.of(lang), help: texts::HELP.of(lang) };
    let faults: Vec<Fault> = faults.iter().map(|told| fault(lang, told)).collect();
    render_under(headings, &faults, sources, coloured(&std::io::stderr()))
}

/// Whether what is written to a stream may have colours: not in a pipe, and not where nobody wants them.
pub fn coloured(stream: &impl IsTerminal) -> bool {
    may_colour(stream.is_terminal(), &|name| std::env::var_os(name))
}

/// By https://no-color.org; a terminal that calls itself dumb knows no colours.
fn may_colour(is_terminal: bool, environment: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let unwanted = environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_terminal && !unwanted && environment("TERM").is_none_or(|term| term != "dumb")
}

/// Tells on stderr why a command could not do its work.
pub fn complain(lang: Lang, what: &str) {
    tell(&format!("sudare: {}\n", phrase(lang, what)));
}

/// Writes to stderr. Whoever closed it wants to hear nothing; the exit status tells the rest.
pub fn tell(text: &str) {
    let _closed = io::stderr().write_all(text.as_bytes());
}

/// The exit status after output: whoever closed the pipe has read enough, but output that could not be
/// written is not there, whatever came of the work.
pub fn ended(written: io::Result<()>, status: u8, lang: Lang) -> u8 {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let what = texts::NO_OUTPUT.with(lang, &[("error", &error)]);
            complain(lang, &format!("{what}\n  {}", texts::NO_OUTPUT_HELP.of(lang)));
            UNUSABLE
        }
        _ => status,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_environment_is_asked_in_order() {
        let by = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            Lang::of_environment(|name| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
        };
        assert_eq!(by(&[]), Lang::En);
        assert_eq!(by(&[("LANG", "ja_JP.UTF-8")]), Lang::Ja);
        assert_eq!(by(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(by(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", ""), ("LC_MESSAGES", "ja")]), Lang::Ja);
        assert_eq!(by(&[("LANG", "jam_JM")]), Lang::En, "Jamaican Creole is not Japanese");
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let by = |terminal, pairs: &[(&str, &str)]| {
            may_colour(terminal, &|name| pairs.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).into()))
        };
        assert!(by(true, &[]) && by(true, &[("NO_COLOR", ""), ("TERM", "xterm")]));
        assert!(!by(false, &[]) && !by(true, &[("NO_COLOR", "1")]) && !by(true, &[("TERM", "dumb")]));
    }

    #[test]
    fn the_command_line_beats_the_environment() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let japanese = |_: &str| Some("ja_JP.UTF-8".to_owned());
        assert_eq!(Lang::of_words(&words("check --lang en"), japanese), Lang::En);
        assert_eq!(Lang::of_words(&words("--lang=en check"), japanese), Lang::En);
        assert_eq!(Lang::of_words(&words("check"), japanese), Lang::Ja);
        assert_eq!(Lang::of_words(&words("check --lang"), japanese), Lang::Ja);
    }

    #[test]
    fn both_languages_have_the_same_places() {
        let places = |text: &str| -> BTreeSet<String> {
            let inside = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
            inside.map(|(name, _)| name.to_owned()).filter(|name| name != "s").collect()
        };
        for (name, text) in texts::ALL.iter().chain(crate::cli::ledger::report::words::ALL) {
            assert_eq!(places(text.en), places(text.ja), "{name}");
            assert!(!text.en.is_empty() && !text.ja.is_ascii(), "{name} is not in both");
        }
    }

    #[test]
    fn words_are_put_in_once() {
        let text = Text { en: "{a} and {b} and {c}", ja: "" };
        assert_eq!(text.with(Lang::En, &[("a", &"{b}"), ("b", &2)]), "{b} and 2 and {c}");
    }
}
