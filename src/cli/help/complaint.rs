//! What is wrong with a command line, in Japanese. English is clap's own, and so is whatever has no
//! sentence here.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::say::{self, Lang, texts};

/// Tells what is wrong, or what help was asked for; gives the exit status.
pub fn tell(error: &Error, lang: Lang) -> u8 {
    let said = (lang == Lang::Ja).then(|| japanese(error)).flatten();
    match said {
        Some(said) => say::tell(&said),
        // Whoever closed the pipe has read enough.
        None => drop(error.print()),
    }
    u8::try_from(error.exit_code()).unwrap_or(crate::cli::UNUSABLE)
}

fn japanese(error: &Error) -> Option<String> {
    let lang = Lang::Ja;
    let word = |kind| word(error, kind);
    let what = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            texts::NO_COMMAND.with(lang, &[("word", &word(ContextKind::InvalidSubcommand)?)])
        }
        ErrorKind::UnknownArgument => texts::NO_OPTION.with(lang, &[("word", &word(ContextKind::InvalidArg)?)]),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let option = word(ContextKind::InvalidArg)?;
            match word(ContextKind::InvalidValue).filter(|value| !value.is_empty()) {
                Some(value) => texts::NO_VALUE.with(lang, &[("word", &value), ("option", &option)]),
                None => texts::NEEDS_VALUE.with(lang, &[("option", &option)]),
            }
        }
        ErrorKind::MissingRequiredArgument => texts::NEEDS.with(lang, &[("what", &word(ContextKind::InvalidArg)?)]),
        ErrorKind::ArgumentConflict => {
            let (one, other) = (word(ContextKind::InvalidArg)?, word(ContextKind::PriorArg)?);
            texts::NOT_TOGETHER.with(lang, &[("one", &one), ("other", &other)])
        }
        ErrorKind::MissingSubcommand => texts::NEEDS_COMMAND.of(lang).to_owned(),
        _ => return None,
    };
    let mut out = format!("{}: {what}\n", texts::ERROR.of(lang));
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let known = || word(ContextKind::ValidValue).map(|known| texts::VALUES_ARE.with(lang, &[("known", &known)]));
    let near = near
        .into_iter()
        .find_map(|kind| nearest(error, kind))
        .map(|near| texts::DID_YOU_MEAN.with(lang, &[("word", &near)]));
    if let Some(advice) = near.or_else(known) {
        out.push_str(&format!("{}: {advice}\n", texts::HELP.of(lang)));
    }
    let usage = word(ContextKind::Usage).unwrap_or_default();
    let usage = usage.trim().trim_start_matches("Usage:").trim();
    if !usage.is_empty() {
        out.push_str(&format!("\n{}\n", texts::USAGE.with(lang, &[("usage", &usage)])));
        let command = usage.split(['[', '<', '-']).next().unwrap_or_default().trim();
        out.push_str(&format!("{}\n", texts::MORE_HELP.with(lang, &[("command", &command)])));
    } else {
        out.push_str(&format!("\n{}\n", texts::TRY_HELP.of(lang)));
    }
    Some(out)
}

/// The last of several is the most like what was written.
fn nearest(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::Strings(words) => words.last().cloned(),
        _ => word(error, kind),
    }
}

fn word(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(word) => Some(word.clone()),
        ContextValue::Strings(words) if !words.is_empty() => Some(words.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::StyledStrs(texts) => texts.first().map(ToString::to_string),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        let error = crate::cli::command(Lang::Ja).try_get_matches_from(line.split(' ')).expect_err("it is wrong");
        japanese(&error).unwrap_or_else(|| panic!("{line}: {error}"))
    }

    #[test]
    fn what_is_wrong_is_told_in_japanese() {
        let cases = [
            ("sudare chekc", "`chekc` というコマンドはありません", "`check` のことですか？"),
            ("sudare check --strcit", "`--strcit` はこのコマンドで使えません", "`--strict` のことですか？"),
            ("sudare check --format xml", "`xml` は指定できません", "text, json, sarif, github のいずれか"),
            ("sudare init", "次の指定が足りません: <URL>", "使い方: sudare init"),
            ("sudare check -c", "には値が必要です", "`--help` を付けて"),
            ("sudare demo --port x", "`x` は指定できません", "エラー: "),
        ];
        for (line, what, more) in cases {
            let told = told(line);
            assert!(told.contains(what) && told.contains(more), "{line}: {told}");
            assert!(!told.contains('\u{1b}'), "{told:?}");
        }
    }
}
