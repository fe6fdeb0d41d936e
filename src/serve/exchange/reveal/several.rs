//! Several values of one question: all are looked for, then recorded in one record, then told together.
//!
//! One that there is no right to, or that is not there, is `null` and does not say why, as the refusal of a question
//! for one does not; where all are, it is that refusal. What ends one question (the CRM is away) ends all of it:
//! none is told.

use std::collections::BTreeSet;
use std::time::Instant;

use http::Response;
use serde_json::{Value, json};
use tokio::time::timeout_at;

use crate::serve::disclose::body::StaffBody;
use crate::serve::disclose::{Facts, reveal as records};
use crate::serve::exchange::Beside;
use crate::serve::exchange::reveal::ask::Ask;
use crate::serve::exchange::reveal::record::Call;
use crate::serve::exchange::reveal::{Looked, look, missed, stays_open};
use crate::serve::respond;
use crate::terms::refusal::{Reason, Refusal};

/// Looks for each of the values, and tells what came of them. All together they have the time of one request.
pub(super) async fn revealed(
    call: &Call<'_>,
    asks: &[Ask],
    facts: &mut Facts,
    beside: &mut Beside,
) -> Result<Response<StaffBody>, Refusal> {
    let purpose = asks.first().map(|ask| ask.purpose.clone());
    facts.purpose(call.house, purpose.as_deref());
    let until = Instant::now() + call.house.bounds.request;
    let late = |_| Refusal::new(Reason::UpstreamSlow, "not all values were there in time");
    let mut all: Vec<Looked> = Vec::with_capacity(asks.len());
    let mut resources = BTreeSet::new();
    for ask in asks {
        let looked = timeout_at(until.into(), look(call, facts, ask, &mut beside.crm)).await;
        all.push(looked.map_err(late)??);
        resources.insert(facts.resource.take());
    }
    // The record names one, or none where they are several.
    facts.resource = resources.pop_first().flatten().filter(|_| resources.is_empty());
    told(call, facts, beside, asks, &all).await
}

async fn told(
    call: &Call<'_>,
    facts: &Facts,
    beside: &mut Beside,
    asks: &[Ask],
    all: &[Looked],
) -> Result<Response<StaffBody>, Refusal> {
    let told: Vec<records::Told<'_>> = all.iter().map(|looked| looked.told(call.house)).collect();
    if told.iter().all(|one| one.rule.is_none()) {
        return Err(missed(call, facts, beside, &told).await?);
    }
    let values: Vec<Value> = all.iter().zip(&told).map(|(looked, told)| value(looked, told)).collect();
    let bytes = json!({ "values": values }).to_string().into_bytes();
    let body = records::revealed(call.gateway, call.house, facts, &told, bytes).await?;
    for (ask, looked) in asks.iter().zip(all) {
        stays_open(call, facts, ask, looked).await;
    }
    let mut response = Response::new(body);
    respond::own(response.headers_mut(), "application/json");
    Ok(response)
}

fn value(looked: &Looked, told: &records::Told<'_>) -> Value {
    match (&looked.found, told.about.kind, told.rule) {
        (Some(found), Some(kind), Some(_)) => json!({ "kind": kind.name, "value": found.value.0 }),
        _ => Value::Null,
    }
}
