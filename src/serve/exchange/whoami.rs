//! Asks the CRM whose a session is, with nothing but staff's own cookie.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, COOKIE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Full;

use crate::identity::json;
use crate::identity::session::Session;
use crate::serve::upstream::Upstream;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// How long the CRM's word may be.
const WORD_BYTES: usize = 64 << 10;

/// The name that the CRM gives, if it knows anybody by this cookie. `headers` are of staff's request:
/// some CRMs bind a session to a browser or answer on their own host alone.
pub async fn ask(
    upstream: &Arc<Upstream>,
    session: &Session,
    headers: &HeaderMap,
    cookie: &Secret,
) -> Result<Option<String>, Refusal> {
    let Some(whoami) = &session.whoami else { return Ok(None) };
    let _turn = session.turns.turn().await?;
    let away = |what: &str| Refusal::new(Reason::IdentityAway, format!("`whoami`: {what}"));
    let odd = |_| away("the question cannot be written");
    let mut request = Request::get(&whoami.path).body(Full::new(Bytes::new())).map_err(|_| odd(()))?;
    let own = request.headers_mut();
    for name in [HOST, USER_AGENT] {
        if let Some(value) = headers.get(&name) {
            own.insert(name, value.clone());
        }
    }
    let mut cookie = HeaderValue::from_str(&format!("{}={}", session.cookie, cookie.0)).map_err(|_| odd(()))?;
    cookie.set_sensitive(true);
    own.insert(COOKIE, cookie);
    own.insert(ACCEPT, HeaderValue::from_static("application/json"));
    own.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let answer = upstream.send(request).await.map_err(|refusal| away(&refusal.note))?;
    let (head, mut body) = answer.into_parts();
    match head.status {
        StatusCode::OK => {}
        status if status.is_server_error() => return Err(away("the crm reports an error")),
        // A redirect to the log-in, a 401, a 403: nobody.
        _ => return Ok(None),
    }
    let mut all = BytesMut::new();
    while let Some(chunk) = body.next().await.map_err(|refusal| away(&refusal.note))? {
        if all.len() + chunk.len() > WORD_BYTES {
            return Err(away("the crm's word is too long"));
        }
        all.extend_from_slice(&chunk);
    }
    // Where the log-in's page comes in place of the word, or two names do, it is nobody's.
    Ok(json::read(&all).and_then(|word| json::name_at(&word, &whoami.user).ok()?))
}
