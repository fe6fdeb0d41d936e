//! Actions with their options: what a kind's row does not list is an error.

use crate::policy::compile::names::Names;
use crate::policy::decide::On;
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::reader::{nearest, words_of};
use crate::policy::rule::Word;
use crate::policy::rule::rules::{Grant, Verb};
use crate::terms::action::{Action, Generalize, Mask, Token};
use crate::terms::kind::{self, Kind};
use crate::transform;

const MASKS: [Mask; 8] = [
    Mask::Full,
    Mask::Last4,
    Mask::Domain,
    Mask::Initial,
    Mask::First3,
    Mask::Prefecture,
    Mask::Municipality,
    Mask::First6Last4,
];
const GENERALIZES: [(&str, Generalize); 3] =
    [("year", Generalize::Year), ("decade", Generalize::Decade), ("age_band", Generalize::AgeBand)];
/// More digits of a code would be nearly all of it.
const DIGITS_MAX: u8 = 3;
/// As rules write them.
const DIGITS: [&str; 3] = ["1", "2", "3"];

/// The action of a grant, if every kind that it names knows it.
pub fn action(grant: &Grant, on: On, names: &Names<'_>, faults: &mut Faults) -> Option<Action> {
    match (grant.verb, &grant.option) {
        (Verb::Show, _) => Some(Action::Show),
        (Verb::Hash, _) => Some(Action::Hash),
        (Verb::Remove, _) => Some(Action::Remove),
        (Verb::Block, _) => Some(Action::Block),
        (Verb::Mask, None) => Some(Action::Mask(Mask::Full)),
        (Verb::Mask, Some(option)) => Some(Action::Mask(mask(option, on, names, faults)?)),
        (Verb::Tokenize, None) => Some(Action::Tokenize(Token::Opaque)),
        (Verb::Tokenize, Some(option)) => {
            let token = token(option, grant, on, names, faults)?;
            if let Some(spot) = &grant.pass {
                passes(spot, token, on, names, faults)?;
            }
            if let Some((_, spot)) = &grant.lasts {
                ends(spot, token, faults)?;
            }
            Some(Action::Tokenize(token))
        }
        (Verb::Generalize, None) => {
            let known = knowing(on, names, |kind| !kind.generalizes.is_empty());
            let message = format!("`generalize` does not say how coarse `{}` becomes", grant.what.text);
            let fault = faults.error(&grant.what.spot, "option", message);
            match known.first() {
                Some(kind) => fault.help(format!("`{}` knows {}", kind.name, listed(kind, Verb::Generalize))),
                None => fault.help("the kind knows no generalization: mask it"),
            }
            None
        }
        (Verb::Generalize, Some(option)) => Some(Action::Generalize(generalize(option, on, names, faults)?)),
    }
}

fn mask(option: &Word, on: On, names: &Names<'_>, faults: &mut Faults) -> Option<Mask> {
    let Some(mask) = MASKS.into_iter().find(|mask| mask.word() == option.text) else {
        let near = nearest(&option.text, MASKS.into_iter().map(Mask::word));
        let fault = faults.error(&option.spot, "unknown-word", format!("`{}` is no mask", option.text));
        fault.help(known(near, on, names, Verb::Mask, || words_of(MASKS.into_iter().map(Mask::word))));
        return None;
    };
    if mask != Mask::Full {
        refuse_unlisted(option, on, Verb::Mask, names, |kind| kind.masks.contains(&mask), faults)?;
    }
    Some(mask)
}

fn generalize(option: &Word, on: On, names: &Names<'_>, faults: &mut Faults) -> Option<Generalize> {
    if let Ok(digits) = option.text.parse::<u8>() {
        if !(1..=DIGITS_MAX).contains(&digits) {
            let message = format!("`{digits}` digits are not from 1 to {DIGITS_MAX}");
            faults
                .error(&option.spot, "option", message)
                .help(known(None, on, names, Verb::Generalize, || words_of(DIGITS.into_iter())));
            return None;
        }
        let lists = |kind: &Kind| kind.generalizes.contains(&Generalize::Digits(0));
        refuse_unlisted(option, on, Verb::Generalize, names, lists, faults)?;
        return Some(Generalize::Digits(digits));
    }
    let Some((_, coarse)) = GENERALIZES.into_iter().find(|(word, _)| *word == option.text) else {
        let near = nearest(&option.text, GENERALIZES.into_iter().map(|(word, _)| word));
        let all = || words_of(GENERALIZES.into_iter().map(|(word, _)| word).chain(DIGITS));
        let fault = faults.error(&option.spot, "unknown-word", format!("`{}` is no generalization", option.text));
        fault.help(known(near, on, names, Verb::Generalize, all));
        return None;
    };
    refuse_unlisted(option, on, Verb::Generalize, names, |kind| kind.generalizes.contains(&coarse), faults)?;
    Some(coarse)
}

fn token(option: &Word, grant: &Grant, on: On, names: &Names<'_>, faults: &mut Faults) -> Option<Token> {
    match option.text.as_str() {
        "opaque" => Some(Token::Opaque),
        "random" => Some(Token::Random { lasts: grant.lasts.as_ref().map(|(lasts, _)| *lasts) }),
        "format" => {
            let pass = grant.pass.is_some();
            refuse_too_few(option, on, names, faults).map(|()| Token::Format { pass })
        }
        other => {
            let tokens = ["opaque", "format", "random"];
            let fault = faults.error(&option.spot, "unknown-word", format!("`{other}` is no token"));
            match nearest(other, tokens) {
                Some(near) => fault.did_you_mean(Some(near)),
                None => fault.help(format!("tokens are {}", words_of(tokens.into_iter()))),
            }
            None
        }
    }
}

/// `None`, with a fault, where a kind that is named has values that too few others look like.
fn refuse_too_few(option: &Word, on: On, names: &Names<'_>, faults: &mut Faults) -> Option<()> {
    let kinds = knowing(on, names, |_| true);
    let Some((kind, few)) = kinds.iter().find_map(|kind| Some((kind, transform::too_few(kind)?))) else {
        return Some(());
    };
    let taken = match on {
        On::Kind(_) => String::new(),
        On::Category(category) => format!(", which `{}` takes in", category.word()),
        On::All => ", which `all` takes in".to_owned(),
    };
    let message = format!(
        "`format` is no token of `{}`{taken}: only {} values look like its shortest, `{}`, and there must be 1,000,000",
        kind.name,
        thousands(few.alike),
        few.shortest
    );
    let fault = faults.error(&option.spot, "option", message);
    match on {
        On::Kind(_) => fault.help(format!("write `{}: opaque` or `{}: random`", kind.name, kind.name)),
        On::Category(_) | On::All => fault.help("name the kinds that know it one by one"),
    }
    None
}

/// `None`, with a fault, where `check: pass` says nothing, or what must never be.
fn passes(spot: &Spot, token: Token, on: On, names: &Names<'_>, faults: &mut Faults) -> Option<()> {
    if !matches!(token, Token::Format { .. }) {
        let fault = faults.error(spot, "option", "`check` belongs to `token: format`");
        fault.help("the other tokens have no check digit: take it out");
        return None;
    }
    let kinds = names.named(on);
    if kinds.contains(&kind::MY_NUMBER) {
        let fault = faults.error(spot, "option", "the check digit of a `my_number` token never passes");
        fault.help("such a token would be somebody's number: take `check` out");
        return None;
    }
    if let Some(kind) = kinds.iter().map(|id| names.kinds.get(*id)).find(|kind| !transform::has_check(kind)) {
        faults.error(spot, "option", format!("`{}` has no check digit", kind.name)).help("take `check` out");
        return None;
    }
    Some(())
}

/// `None`, with a fault, where `lasts` is said of a token that is kept nowhere.
fn ends(spot: &Spot, token: Token, faults: &mut Faults) -> Option<()> {
    if matches!(token, Token::Random { .. }) {
        return Some(());
    }
    let fault = faults.error(spot, "option", "`lasts` belongs to `token: random`");
    fault.help("the other tokens are kept nowhere and have no end: take it out, or write `token: random`");
    None
}

/// `26,000`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let grouped: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    grouped.join(",")
}

/// `None`, with a fault, where a kind that is named does not list the option.
fn refuse_unlisted(
    option: &Word,
    on: On,
    verb: Verb,
    names: &Names<'_>,
    lists: impl Fn(&Kind) -> bool,
    faults: &mut Faults,
) -> Option<()> {
    let lacking = knowing(on, names, |kind| !lists(kind));
    let kind = match lacking.first() {
        None => return Some(()),
        Some(kind) => kind,
    };
    let what = if verb == Verb::Mask { "mask" } else { "generalization" };
    let message = match on {
        On::Kind(_) => format!("`{}` is no {what} of `{}`", option.text, kind.name),
        On::Category(category) => {
            format!("`{}` is no {what} of `{}`, which `{}` takes in", option.text, kind.name, category.word())
        }
        On::All => format!("`{}` is no {what} of `{}`, which `all` takes in", option.text, kind.name),
    };
    let fault = faults.error(&option.spot, "option", message);
    match on {
        On::Kind(_) if verb == Verb::Generalize && kind.generalizes.is_empty() => {
            fault.help(format!("`{}` knows no generalization: mask it", kind.name));
        }
        On::Kind(_) => fault.help(format!("`{}` knows {}", kind.name, listed(kind, verb))),
        On::Category(_) | On::All => fault.help("name the kinds that know it one by one"),
    }
    None
}

/// What to write for an option that is none: what comes near and the kind knows, else all that it knows.
fn known(near: Option<&str>, on: On, names: &Names<'_>, verb: Verb, all: impl Fn() -> String) -> String {
    let only = match (on, names.named(on).first()) {
        (On::Kind(_), Some(id)) => Some(names.kinds.get(*id)),
        _ => None,
    };
    match (near, only) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(kind)) if verb == Verb::Generalize && kind.generalizes.is_empty() => {
            format!("`{}` knows no generalization: mask it", kind.name)
        }
        (None, Some(kind)) => format!("`{}` knows {}", kind.name, listed(kind, verb)),
        (None, None) if verb == Verb::Mask => format!("masks are {}", all()),
        (None, None) => format!("generalizations are {}", all()),
    }
}

fn knowing<'n>(on: On, names: &'n Names<'_>, is: impl Fn(&Kind) -> bool) -> Vec<&'n Kind> {
    names.named(on).into_iter().map(|id| names.kinds.get(id)).filter(|kind| is(kind)).collect()
}

fn listed(kind: &Kind, verb: Verb) -> String {
    if verb == Verb::Mask {
        return words_of(std::iter::once("full").chain(kind.masks.iter().map(|mask| mask.word())));
    }
    let words = |coarse: &Generalize| match coarse {
        Generalize::Digits(_) => DIGITS.to_vec(),
        named => GENERALIZES.iter().filter(|(_, known)| known == named).map(|(word, _)| *word).collect(),
    };
    words_of(kind.generalizes.iter().flat_map(words))
}
