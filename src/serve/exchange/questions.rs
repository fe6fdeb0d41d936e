//! Questions that go on otherwise than staff asked them: without what sorts by hidden data, where a rule says so,
//! and with the value in the place of a token that staff was given for it. Only of requests that read.
//!
//! Whatever is not provably the same question but for that goes on as it came, and is refused for what it asks.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use http::HeaderMap;

use crate::body::readings;
use crate::format::Format;
use crate::guard::query;
use crate::guard::restore::Doubts;
use crate::policy::Policy;
use crate::policy::matched::{BodyValues, Matched};
use crate::policy::plan::{Limit, Plan, Then};
use crate::serve::disclose::Facts;
use crate::serve::exchange::asked::{Asked, Asks, Screened, candidates, one, together};
use crate::serve::exchange::forms::{self, Parameters};
use crate::serve::exchange::restore::is_signed;
use crate::serve::house::{Gateway, House};
use crate::terms::action::{Action, Token};
use crate::terms::kind::KindId;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// Values of veiled kinds that are looked for.
pub type Sought = BTreeSet<(KindId, Secret)>;

impl Asked {
    /// Takes out of a question what sorts by a veiled kind, where a rule says so; tells whether it did.
    pub fn strip_sorts(&mut self, policy: &Policy, plan: &Plan) -> Result<bool, Refusal> {
        if !plan.strips() || self.writes(plan) || plan.columns_at.is_some() || is_vouched_for(self.headers()) {
            return Ok(false);
        }
        let raw = self.head.uri.query().unwrap_or_default();
        let query = without(raw.as_bytes(), &self.queries, plan);
        let form = if forms::is_plain(self.headers()) {
            without(&self.body, &forms::of(self.headers(), &self.body)?, plan)
        } else {
            None
        };
        if query.is_none() && form.is_none() {
            return Ok(false);
        }
        self.goes_on_as(policy, query, form)
    }

    /// Puts the originals in the place of tokens that staff looks for values by; gives them, so that the answer
    /// can be kept from repeating them.
    pub fn translate(&mut self, policy: &Policy, plan: &Plan, mint: &dyn Mint) -> Result<Vec<String>, Refusal> {
        if !gives_tokens(plan) || self.writes(plan) || is_vouched_for(self.headers()) {
            return Ok(Vec::new());
        }
        let said = (self.query().to_vec(), self.form.clone());
        let mut originals = Vec::new();
        let raw = self.head.uri.query().unwrap_or_default();
        let query = with_originals((raw.as_bytes(), "%20"), &self.queries, plan, mint, &mut originals);
        let body = if forms::is_plain(self.headers()) {
            with_originals((&self.body, "+"), &forms::of(self.headers(), &self.body)?, plan, mint, &mut originals)
        } else {
            self.json_with_original(plan, mint, &mut originals)
        };
        if originals.is_empty() || !self.goes_on_as(policy, query, body)? {
            return Ok(Vec::new());
        }
        self.as_sent = Some(said);
        Ok(originals)
    }

    fn json_with_original(&self, plan: &Plan, mint: &dyn Mint, originals: &mut Vec<String>) -> Option<String> {
        let Ok((Format::Json, Cow::Borrowed(text))) = self.text() else { return None };
        let text = std::str::from_utf8(text).ok()?;
        let (span, original) = query::in_json(plan, mint, text)?;
        let body = [&text[..span.start], &original.0, &text[span.end..]].concat();
        originals.push(original.0);
        Some(body)
    }

    /// Takes another query and another body, unless the request is then about something else.
    fn goes_on_as(&mut self, policy: &Policy, query: Option<String>, body: Option<String>) -> Result<bool, Refusal> {
        let mut head = self.head.clone();
        if let Some(query) = query {
            let odd = |_| Refusal::new(Reason::Ambiguous, "the target cannot be written again");
            let path = head.uri.path();
            let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
            head.uri = target.parse().map_err(odd)?;
        }
        let body = body.map_or_else(|| self.body.clone(), Bytes::from);
        let (before, _, _) = about(policy, &self.head, &self.body)?;
        let (after, queries, form) = about(policy, &head, &body)?;
        if before != after {
            // What is asked says which resource is meant, too.
            return Ok(false);
        }
        (self.head, self.body, self.queries, self.form) = (head, body, queries, form);
        Ok(true)
    }
}

/// What came of the questions of a request that may be asked.
pub(super) struct Judged {
    /// What the CRM gets in the place of tokens, which the answer must not repeat.
    pub originals: Vec<String>,
    /// What the ledger is told beside: an outcome and its reason.
    pub marks: Vec<(&'static str, &'static str)>,
    /// Whether somebody was sought.
    pub searched: bool,
    /// What of a write goes nowhere unless the record settles it.
    pub doubts: Doubts,
    /// What staff said in a write, by name.
    pub said: Parameters,
}

/// Makes the questions those that go on, refuses what they may not ask, and counts what they look for.
pub(super) fn judge(
    gateway: &Gateway,
    house: &House,
    facts: &Facts,
    (asks, plan): (&Asks<'_>, &Plan),
    (asked, logs_in): (&mut Asked, bool),
) -> Result<Judged, Refusal> {
    let originals = asked.translate(&house.policy, plan, house.mint.as_ref())?;
    let mut marks = Vec::new();
    if asked.strip_sorts(&house.policy, plan)? {
        marks.push(("stripped", "sort"));
    }
    let Screened { mut sought, doubts, said } = asked.screen(plan, &house.bounds)?;
    if logs_in && asked.writes(plan) {
        // Names of staff, of all who log in at the same door.
        sought.clear();
    }
    sought.extend(beside_tokens(asked, &sought));
    if !counted(gateway, house, facts, (asks, plan), &sought)?.is_empty() {
        marks.push(("alert", Reason::Limit.word()));
    }
    Ok(Judged { originals, marks, searched: !sought.is_empty(), doubts, said })
}

/// What stands beside a token in a question counts as looked for: where the answer repeats it, the original would
/// show whether it is that.
fn beside_tokens(asked: &Asked, sought: &Sought) -> Sought {
    let (Some((query, form)), Some((kind, _))) = (&asked.as_sent, sought.iter().next()) else { return Sought::new() };
    let is_count = |text: &str| text.len() <= COUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_way = |text: &str| ["asc", "desc", "true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let texts = query.iter().chain(form).map(|(_, text)| text.trim());
    let others = texts.filter(|text| !is_count(text) && !is_way(text) && !text.starts_with("tok_"));
    others.map(|text| (*kind, Secret(format!("beside {text}")))).collect()
}

/// The number of a page, or of rows, has no more digits.
const COUNT_DIGITS: usize = 6;

/// Counts what staff looks for before the CRM is asked, and gives the limits that only tell; refuses what is
/// beyond one that blocks.
fn counted(
    gateway: &Gateway,
    house: &House,
    facts: &Facts,
    (asks, plan): (&Asks<'_>, &Plan),
    sought: &Sought,
) -> Result<Vec<Limit>, Refusal> {
    if sought.is_empty() {
        return Ok(Vec::new());
    }
    let role = facts.roles.first().map_or("none", |role| role);
    let count = |then: Then| gateway.metrics.limits.with_label_values(&[role, then.word()]).inc();
    let limits = house.policy.limits(asks.roles, asks.staff);
    let alerts = gateway
        .searches
        .count(facts.staff.as_deref(), plan, sought, (&limits, house.policy.longest_limit()))
        .inspect_err(|refusal| {
            if refusal.reason == Reason::Limit {
                count(Then::Block);
            }
        })?;
    for limit in &alerts {
        count(limit.then);
        let limit = limit.to_string();
        tracing::warn!(request = facts.id, limit, "more values were looked for than a limit allows, and answered");
    }
    Ok(alerts)
}

/// What is looked for, counted once for all readings of it, if each reading has as many values of the same kinds;
/// else each value of each counts.
pub(super) fn once(mut readings: Vec<Sought>) -> Sought {
    let kinds = |sought: &Sought| sought.iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
    let Some(first) = readings.first().map(kinds).filter(|_| readings.len() > 1) else {
        return readings.pop().unwrap_or_default();
    };
    if readings.iter().any(|other| kinds(other) != first) {
        return readings.into_iter().flatten().collect();
    }
    // Two requests are one here only if they are in every reading.
    let joined = |number: usize| {
        let values = readings.iter().filter_map(|own| own.iter().nth(number));
        Secret(values.map(|(_, value)| &*value.0).collect::<Vec<_>>().join("\0"))
    };
    first.iter().enumerate().map(|(number, kind)| (*kind, joined(number))).collect()
}

/// Whether staff gets any kind as tokens that can be opened.
fn gives_tokens(plan: &Plan) -> bool {
    plan.decisions.iter().any(|own| matches!(own.action, Action::Tokenize(Token::Opaque | Token::Random { .. })))
}

/// Whether something in the head vouches for what is asked.
pub(super) fn is_vouched_for(headers: &HeaderMap) -> bool {
    const VOUCH: [&str; 4] = ["signature-input", "x-signature", "x-hmac-authorization", "x-hmac-signature"];
    is_signed(headers) || VOUCH.iter().any(|name| headers.contains_key(*name))
}

/// The resources of a request as its parameters tell them, the readings of its query, and its form.
fn about(
    policy: &Policy,
    head: &http::request::Parts,
    body: &Bytes,
) -> Result<(Matched, Vec<Parameters>, Parameters), Refusal> {
    let forms = forms::of(&head.headers, body)?;
    let (_, queries, matched) = candidates(policy, head, &forms)?;
    let narrowed = |form| policy.narrow(matched.clone(), &BodyValues { form, json: Vec::new() });
    let matched = one(together(&queries, &forms).map(narrowed))?;
    Ok((matched, queries, forms.into_iter().next().unwrap_or_default()))
}

/// Parameters as they are sent, with originals in the place of tokens. Nothing where there is none, or where
/// nobody can say which charset they are in. `blank` stands for one: in an address `+` is none to every reader.
fn with_originals(
    (raw, blank): (&[u8], &str),
    readings: &[Parameters],
    plan: &Plan,
    mint: &dyn Mint,
    originals: &mut Vec<String>,
) -> Option<String> {
    let [pairs] = readings else { return None };
    let found = query::in_parameters(plan, mint, pairs);
    let mut parts: Vec<String> = parts(raw, pairs)?.into_iter().map(str::to_owned).collect();
    for (number, original) in &found {
        let part = parts.get_mut(*number)?;
        part.truncate(part.find('=')? + 1);
        part.push_str(&readings::written_in(&original.0, "utf-8")?.replace('+', blank));
    }
    originals.extend(found.iter().map(|(_, original)| original.0.clone()));
    (!found.is_empty()).then(|| parts.join("&"))
}

/// Parameters as they are sent, one by one, where each of them is one that was read.
fn parts<'a>(raw: &'a [u8], pairs: &Parameters) -> Option<Vec<&'a str>> {
    let parts: Vec<&str> = std::str::from_utf8(raw).ok()?.split('&').filter(|part| !part.is_empty()).collect();
    (parts.len() == pairs.len()).then_some(parts)
}

/// Parameters as they are sent, without those that sort by hidden data. Nothing where none does, or where
/// nobody can say which charset they are in.
fn without(raw: &[u8], readings: &[Parameters], plan: &Plan) -> Option<String> {
    let [pairs] = readings else { return None };
    let gone: BTreeSet<usize> = query::sorting(plan, pairs).ok().filter(|gone| !gone.is_empty())?;
    let left =
        parts(raw, pairs)?.into_iter().enumerate().filter(|(number, _)| !gone.contains(number)).map(|(_, part)| part);
    Some(left.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::kind::{EMAIL, PERSON_NAME};

    #[test]
    fn a_value_that_can_be_read_in_two_ways_counts_once() {
        let sought = |values: &[(KindId, &str)]| -> Sought {
            values.iter().map(|(kind, value)| (*kind, Secret((*value).to_owned()))).collect()
        };
        let (one, other) = (sought(&[(PERSON_NAME, "山田")]), sought(&[(PERSON_NAME, "儡弌")]));
        assert_eq!(once(vec![]), sought(&[]));
        assert_eq!(once(vec![one.clone()]), one);
        let both = once(vec![one.clone(), other.clone()]);
        assert_eq!(both.len(), 1);
        assert_ne!(both, once(vec![one.clone(), sought(&[(PERSON_NAME, "佐藤")])]), "another in one is another");
        let mail = sought(&[(EMAIL, "a@example.jp")]);
        assert_eq!(once(vec![one.clone(), mail.clone()]).len(), 2);
        assert_eq!(once(vec![one.clone(), sought(&[])]), one);
    }
}
