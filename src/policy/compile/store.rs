//! `store:` of all files: what each kind is held as, and what cannot be.

use std::collections::BTreeMap;

use crate::policy::compile::names::Names;
use crate::policy::compile::options;
use crate::policy::decide::On;
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::rule::Word;
use crate::policy::rule::store::Stored;
use crate::policy::store::Store;
use crate::terms::action::{Action, Token};
use crate::terms::kind::{Category, KindId};
use crate::terms::mint::STORED;
use crate::vault::mint::token_chars;

/// A kind, a category or all, and what is said of it: what names the kind itself counts before the rest.
type Said<'a> = BTreeMap<(KindId, u8), (Token, &'a Spot)>;

/// Looks up what files say.
pub fn compile(stored: &[Stored], names: &Names<'_>, faults: &mut Faults) -> Store {
    let mut said = Said::new();
    for grant in stored.iter().flat_map(|own| &own.tokens) {
        let Some(on) = names.on(&grant.what, faults) else { continue };
        let Some(Action::Tokenize(token)) = options::action(grant, on, names, faults) else { continue };
        if let Some((message, help)) = refused(token) {
            let spot = grant.option.as_ref().map_or(&grant.what.spot, |option| &option.spot);
            faults.error(spot, "store", message).help(help);
            continue;
        }
        for (kind, rank) in kinds(on, &grant.what, names, faults) {
            said_once(&mut said, (kind, rank), (token, &grant.what.spot), names, faults);
        }
    }
    let mut store = Store { is_there: !stored.is_empty(), ..Store::default() };
    // The kind itself has the lowest rank, and the first counts.
    for ((kind, _), (token, spot)) in said {
        let token = *store.tokens.entry(kind).or_insert(token);
        if matches!(token, Token::Format { .. }) && store.looks_like.is_none() {
            store.looks_like = Some((kind, spot.clone()));
        }
    }
    for (word, chars) in stored.iter().flat_map(|own| &own.max) {
        if let Some(kind) = names.kind(word, faults) {
            max(&mut store, (kind, *chars), word, names, faults);
        }
    }
    store
}

/// Why a token is not for what the CRM holds, and what to do.
fn refused(token: Token) -> Option<(&'static str, &'static str)> {
    match token {
        Token::Opaque | Token::Format { .. } => None,
        Token::Random { .. } => {
            Some(("`random` gives one value many tokens, and nobody could look for it", "write `opaque`"))
        }
    }
}

/// The kinds that are meant, and how nearly.
fn kinds(on: On, what: &Word, names: &Names<'_>, faults: &mut Faults) -> Vec<(KindId, u8)> {
    let is_credential = |kind: KindId| names.kinds.get(kind).category == Category::Credential;
    let of = |is: &dyn Fn(KindId) -> bool| names.kinds.iter().map(|(kind, _)| kind).filter(|kind| is(*kind)).collect();
    let (found, rank): (Vec<KindId>, u8) = match on {
        On::Kind(kind) => (vec![kind], 0),
        On::Category(category) => (of(&|kind| names.kinds.get(kind).category == category), 1),
        On::All => (of(&|kind| !is_credential(kind)), 2),
    };
    if found.iter().any(|kind| is_credential(*kind)) {
        let message = format!("`{}` is what the crm itself must read: it compares a password with its own", what.text);
        faults.error(&what.spot, "store", message).help("take it out");
        return Vec::new();
    }
    found.into_iter().map(|kind| (kind, rank)).collect()
}

fn said_once<'a>(
    said: &mut Said<'a>,
    key: (KindId, u8),
    (token, spot): (Token, &'a Spot),
    names: &Names<'_>,
    faults: &mut Faults,
) {
    match said.get(&key) {
        Some((other, first)) if *other != token => {
            let name = &names.kinds.get(key.0).name;
            let message = format!("`store` says two tokens for `{name}`, and one value must have one");
            let fault = faults.error(spot, "conflict", message);
            fault.help(format!("{}:{} says the other; say it in one place", first.file, first.line));
        }
        _ => drop(said.insert(key, (token, spot))),
    }
}

/// Takes a column's length, and tells what does not fit.
fn max(store: &mut Store, (kind, chars): (KindId, usize), word: &Word, names: &Names<'_>, faults: &mut Faults) {
    let name = names.kinds.get(kind).name.as_str();
    if !store.holds(kind) {
        let fault =
            faults.error(&word.spot, "store", format!("`{name}` is not tokenized, so its length means nothing"));
        fault.help("name it under `tokenize:`, or take it out");
        return;
    }
    if store.max.insert(kind, chars).is_some_and(|other| other != chars) {
        faults.error(&word.spot, "conflict", format!("`store` says two lengths for `{name}`"));
    }
    if matches!(store.tokens.get(&kind), Some(Token::Format { .. })) {
        // It is as long as its value.
        return;
    }
    let least = token_chars(name, STORED, 1);
    if least > chars {
        let message = format!("a token of `{name}` has {least} characters at least, and the column takes {chars}");
        faults.error(&word.spot, "store", message).help("make the column longer, or take the kind out");
        return;
    }
    let longest = (1..).take_while(|bytes| token_chars(name, STORED, *bytes) <= chars).take(LONG).last().unwrap_or(0);
    if longest < LONG {
        let message = format!("of `{name}` only values of up to {longest} bytes fit: a longer one is not saved");
        let fault = faults.warning(&word.spot, "narrow", message);
        fault.help(format!("a column of {} characters takes values of {LONG} bytes", token_chars(name, STORED, LONG)));
    }
}

/// A value that has room for this many bytes has room for nearly any; an e-mail address has 254 at most.
const LONG: usize = 254;
