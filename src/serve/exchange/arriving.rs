//! What happens to a request before it is understood: who sends it, what of its head ends with the
//! connection, and its body within its bound.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::identity;
use crate::identity::peer::Peer;
use crate::serve::disclose::Facts;
use crate::serve::exchange::origin;
use crate::serve::exchange::purpose;
use crate::serve::exchange::recognise::recognise;
use crate::serve::gate::fault::GateFault;
use crate::serve::gate::hop::{self, Arrival};
use crate::serve::house::{Gateway, House, Share};
use crate::serve::upstream::Upstream;
use crate::terms::methods;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// Recognises staff, and cleans the head of what is not the CRM's to see.
pub async fn identify(
    house: &House,
    upstream: &Arc<Upstream>,
    head: &mut request::Parts,
    peer: &Peer,
    facts: &mut Facts,
) -> Result<Option<Staff>, Refusal> {
    let now = jiff::Timestamp::now().as_second();
    let found = recognise(&house.identity, upstream, &head.headers, peer, now).await;
    let by = found.as_ref().ok().and_then(|found| found.as_ref().map(|(number, _)| *number));
    facts.session = origin::session(house, by, upstream.identity(), &head.headers);
    identity::strip(&house.identity, by, &mut head.headers);
    arrive(house, head, peer, facts)?;
    if !methods::SERVED.contains(&head.method.as_str()) {
        return Err(Refusal::new(Reason::Method, "a method that the gateway does not pass"));
    }
    let staff = found?.map(|(_, staff)| staff);
    facts.staff = staff.as_ref().map(Staff::id);
    Ok(staff)
}

/// Takes out of a head what ends with the connection, and notes whose address it came from.
pub fn arrive(house: &House, head: &mut request::Parts, peer: &Peer, facts: &mut Facts) -> Result<(), Refusal> {
    purpose::keep(head);
    facts.device = origin::device(house, &head.headers, peer);
    let arrival =
        Arrival { peer: peer.told.unwrap_or(peer.address), secure: peer.secure, trusted: &house.trusted_proxies };
    let hops = hop::request_headers(&mut head.headers, &arrival).map_err(Refusal::from)?;
    facts.client = Some(hops.client.to_canonical());
    Ok(())
}

/// Reads a request's body within its bound and the budget of all.
pub async fn collect(
    gateway: &Gateway,
    house: &House,
    body: Incoming,
    bytes_max: usize,
) -> Result<(Bytes, Share), Refusal> {
    let mut share = gateway.hold.share();
    let body = timeout(house.bounds.request, gather(body, bytes_max, &mut share))
        .await
        .map_err(|_| Refusal::new(Reason::Slow, "the body did not come in time"))??;
    Ok((body, share))
}

async fn gather(mut body: Incoming, bytes_max: usize, share: &mut Share) -> Result<Bytes, Refusal> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match GateFault::found_in(&error) {
            Some(fault) => Refusal::from(*fault),
            None => Refusal::new(Reason::Framing, "the body broke off"),
        })?;
        // Trailers are dropped: they could name what the head was judged without.
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > bytes_max {
            return Err(Refusal::new(Reason::BodyTooLarge, format!("the body is longer than {bytes_max} bytes")));
        }
        all.extend_from_slice(&data);
        share.set(all.len())?;
    }
    Ok(all.freeze())
}
