//! A search by a token: staff that is given tokens in the place of values may look for the value by its token,
//! and learns no more than where else it stands, which equal tokens tell, or a search for the value would.
//!
//! A token is translated where it is all that a question says at its place, of a kind that this staff gets as
//! tokens of the same domain and may look for, and where its original there is a search for that kind. Anything
//! else is no question of this sort, and goes the way of all that looks like a veil.

use std::ops::Range;

use crate::guard::query::decision::Fit;
use crate::guard::query::{self, Asked, Screen, fit, spelt};
use crate::policy::plan::{Plan, Search};
use crate::terms::action::{Action, Token};
use crate::terms::kind::KindId;
use crate::terms::mint::{Domain, Mint};
use crate::terms::secret::Secret;

/// How many tokens one question may hold; each is opened.
const TOKENS_MAX: usize = 4;

/// What every token begins with.
const TOKEN: &str = "tok_";

/// The parameters whose value is a token, by their number, each with its original.
pub fn in_parameters(plan: &Plan, mint: &dyn Mint, parameters: &[(String, String)]) -> Vec<(usize, Secret)> {
    let held = || parameters.iter().enumerate().filter(|(_, (_, value))| value.starts_with(TOKEN));
    if held().take(TOKENS_MAX + 1).count() > TOKENS_MAX {
        return Vec::new();
    }
    let translated = |(number, (name, value)): (usize, &(String, String))| {
        let (kind, original) = original(plan, mint, value)?;
        let mut screen = by_name(plan);
        query::look(&mut screen, &[(name.clone(), original.0.clone())]).ok()?;
        looks_for(plan, &screen.asked(), kind, &original).then_some((number, original))
    };
    held().filter_map(translated).collect()
}

/// The one value of a question in JSON that is a token, with the bytes of its text and its original.
pub fn in_json(plan: &Plan, mint: &dyn Mint, body: &str) -> Option<(Range<usize>, Secret)> {
    let quoted = format!("\"{TOKEN}");
    let mut found = body.match_indices(&quoted);
    let (at, _) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let start = at + 1;
    let end = start + body[start..].find('"')?;
    let (kind, original) = original(plan, mint, &body[start..end])?;
    // In quotes already; what JSON writes otherwise is left to whoever asks by the value.
    let plain = original.0.chars().all(|c| !c.is_control() && !matches!(c, '"' | '\\'));
    let asked = [&body[..start], &original.0, &body[end..]].concat();
    let asked = query::look_in_json(by_name(plan), asked.as_bytes()).ok()?;
    (plain && looks_for(plan, &asked, kind, &original)).then_some((start..end, original))
}

/// A look that counts only what a name says to be a search: at any other place a token is no question.
fn by_name(plan: &Plan) -> Screen<'_> {
    Screen { notices: false, ..Screen::new(plan) }
}

/// What a text stands for, if it is a token that this staff may look for a value by.
fn original(plan: &Plan, mint: &dyn Mint, text: &str) -> Option<(KindId, Secret)> {
    let opened = mint.opened(text)?;
    let kind = plan.kinds.id(&opened.kind)?;
    let decision = plan.decisions.get(usize::from(kind.0))?;
    let gets = matches!(decision.action, Action::Tokenize(Token::Opaque | Token::Random { .. }));
    let within = match (&opened.domain, &decision.domain) {
        (Domain::Shared(made), Some(own)) => **own == **made,
        (Domain::Subject { .. }, None) => true,
        _ => false,
    };
    let goes = gets && within && decision.search != Search::None && can_be_hidden(&opened.value.0);
    goes.then_some((kind, opened.value))
}

/// Whether an answer that repeats the value can be kept from showing it: so short a text is sought in no other.
fn can_be_hidden(value: &str) -> bool {
    let is_short = value.len() < 3 || (value.len() < 5 && value.bytes().all(|byte| byte.is_ascii_digit()));
    !is_short && value.chars().count() > 1
}

fn looks_for(plan: &Plan, asked: &Asked, kind: KindId, original: &Secret) -> bool {
    let fit: Fit = fit::fit(&plan.detectors, &plan.kinds, kind, &original.0);
    asked.sought.contains(&(kind, Secret(spelt(kind, &original.0, fit))))
}
