//! Questions that go on otherwise than staff asked them, because a rule says so: without what sorts by hidden
//! data. Only what parameters ask is changed, and only of requests that read.
//!
//! Whatever is not provably the same question but for that goes on as it came, and is refused for what it asks.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::HeaderMap;

use crate::guard::query;
use crate::policy::Policy;
use crate::policy::matched::{BodyValues, Matched};
use crate::policy::plan::Plan;
use crate::serve::exchange::asked::{Asked, candidates, one, together};
use crate::serve::exchange::forms::{self, Parameters};
use crate::serve::exchange::restore::is_signed;
use crate::terms::refusal::{Reason, Refusal};

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
        let mut head = self.head.clone();
        if let Some(query) = query {
            let odd = |_| Refusal::new(Reason::Ambiguous, "the target cannot be written again");
            let path = head.uri.path();
            let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
            head.uri = target.parse().map_err(odd)?;
        }
        let body = form.map_or_else(|| self.body.clone(), Bytes::from);
        let (before, _, _) = about(policy, &self.head, &self.body)?;
        let (after, queries, form) = about(policy, &head, &body)?;
        if before != after {
            // What sorts says which resource is meant, too.
            return Ok(false);
        }
        (self.head, self.body, self.queries, self.form) = (head, body, queries, form);
        Ok(true)
    }
}

/// Whether something in the head vouches for what is asked.
fn is_vouched_for(headers: &HeaderMap) -> bool {
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

/// Parameters as they are sent, without those that sort by hidden data. Nothing where none does, or where
/// nobody can say which charset they are in.
fn without(raw: &[u8], readings: &[Parameters], plan: &Plan) -> Option<String> {
    let [pairs] = readings else { return None };
    let gone: BTreeSet<usize> = query::sorting(plan, pairs).ok().filter(|gone| !gone.is_empty())?;
    let raw = std::str::from_utf8(raw).ok()?;
    let parts: Vec<&str> = raw.split('&').filter(|part| !part.is_empty()).collect();
    if parts.len() != pairs.len() {
        return None;
    }
    let left = parts.into_iter().enumerate().filter(|(number, _)| !gone.contains(number)).map(|(_, part)| part);
    Some(left.collect::<Vec<_>>().join("&"))
}
