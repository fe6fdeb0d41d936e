//! Whether the CRM answers, asked every so often beside staff's requests.
//!
//! Any answer below 500 is one: a log-in page, a redirect to it, a 401. Nothing of it is read but
//! its head, nobody is logged in with it, and no connection of staff's requests is used for it.

use std::sync::{Arc, Mutex, PoisonError};

use http::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use http::{HeaderValue, Request};
use http_body_util::Full;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::config::upstream::HealthConfig;
use crate::serve::upstream::Upstream;
use crate::terms::refusal::Refusal;

/// What is known of the CRM's health.
pub struct Health {
    config: HealthConfig,
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// Good, until the first look.
    pub fn new(config: HealthConfig) -> Health {
        Health { config, trouble: Mutex::default() }
    }

    /// Why the CRM does not answer, if it does not.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how the last look went; tells whether that is news.
    fn note(&self, trouble: Option<String>) -> bool {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let news = known.is_some() != trouble.is_some();
        *known = trouble;
        news
    }
}

/// Looks until `stop` says so.
pub async fn watch(upstream: Arc<Upstream>, mut stop: watch::Receiver<bool>) {
    let Some(health) = &upstream.health else { return };
    loop {
        let trouble = look(&upstream, health).await.err();
        let told = trouble.clone();
        match (health.note(trouble), told) {
            (true, Some(why)) => tracing::warn!(crm = upstream.address, why, "the crm does not answer"),
            (true, None) => tracing::info!(crm = upstream.address, "the crm answers again"),
            (false, _) => {}
        }
        tokio::select! {
            () = sleep(health.config.every) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn look(upstream: &Arc<Upstream>, health: &Health) -> Result<(), String> {
    let asked = async {
        let mut connection = upstream.connect().await.map_err(|refusal: Refusal| refusal.note)?;
        let answer = connection.sender.send_request(question(upstream, health)).await;
        answer
            .map(|answer| answer.status().as_u16())
            .map_err(|_| "the connection broke off without an answer".to_owned())
    };
    match timeout(upstream.timeout, asked).await {
        Err(_) => Err("no answer in time".to_owned()),
        Ok(Err(why)) => Err(why),
        Ok(Ok(status)) if status >= 500 => Err(format!("it answers with status {status}")),
        Ok(Ok(_)) => Ok(()),
    }
}

fn question(upstream: &Upstream, health: &Health) -> Request<Full<bytes::Bytes>> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = health.config.path.clone().into();
    let headers = request.headers_mut();
    let own = HeaderValue::from_str(&upstream.address).ok();
    if let Some(host) = upstream.host.clone().or(own) {
        headers.insert(HOST, host);
    }
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("sudare/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    request
}
