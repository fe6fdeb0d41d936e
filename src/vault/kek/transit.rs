//! The key-encryption key in OpenBao's or HashiCorp Vault's transit engine: it wraps and unwraps in our name, and the key
//! never leaves it. It is an AEAD key (`aes256-gcm96`, `chacha20-poly1305`), since what is wrapped is bound to what it is.
//!
//! An address is what the service calls the key, and beside it where the service's token is:
//! `https://HOST:PORT/v1/MOUNT/keys/KEY?token-source=SOURCE`, and where wanted `&ca=PATH` and `&namespace=NAME`. Of what
//! the service says no more than its status is told.

use std::fmt;
use std::path::PathBuf;

use data_encoding::BASE64;
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};
use ureq::Agent;
use zeroize::{Zeroize, Zeroizing};

use crate::vault::kek::called::{self, ANSWER_BYTES_MAX};
use crate::vault::kek::uri::{WRITTEN, pairs};
use crate::vault::kek::{KekError, Source, Wrap};

/// Which key of which service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Scheme, host and port.
    service: String,
    /// Where the engine is mounted.
    mount: String,
    /// The key's name.
    key: String,
    /// Where the service's token is.
    token: Box<Source>,
    /// The certificates that the service's is to be issued by, where not the system's.
    ca: Option<PathBuf>,
    /// The namespace, where there is one.
    namespace: Option<String>,
}

impl Address {
    /// Reads an address, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Address, &'static str> {
        const SHAPE: &str = "it is no address like `https://HOST:PORT/v1/MOUNT/keys/KEY`";
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (service, path) = place.split_once("/v1/").ok_or(SHAPE)?;
        called::is_fit(service, SHAPE)?;
        let (mount, key) = path.rsplit_once("/keys/").ok_or(SHAPE)?;
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if !mount.split('/').chain([key]).all(|word| is_word(word) && !word.starts_with('.')) {
            return Err(SHAPE);
        }
        let (mut token, mut ca, mut namespace) = (None, None, None);
        for (name, value) in pairs(query, '&')? {
            let place = match name {
                "token-source" => &mut token,
                "ca" => &mut ca,
                "namespace" => &mut namespace,
                "token" => return Err("the token itself has no place here; say where it is with `token-source`"),
                _ => return Err("it may say `token-source`, `ca` and `namespace` and nothing else"),
            };
            if value.is_empty() || place.replace(value).is_some() {
                return Err("it says something twice, or nothing");
            }
        }
        if namespace.as_ref().is_some_and(|name: &String| !name.split('/').all(is_word)) {
            return Err("its `namespace` holds what no namespace does");
        }
        let ca = ca.map(PathBuf::from);
        if ca.as_ref().is_some_and(|path| path.is_relative()) {
            return Err("`ca` names a file by its whole path");
        }
        let token = Source::of_secret(&token.ok_or("it does not say `token-source`")?);
        let token = token.ok_or("`token-source` is `file:/PATH`, `environment:NAME` or `credential:NAME`")?;
        let [service, mount, key] = [service, mount, key].map(str::to_owned);
        Ok(Address { service, mount, key, token, ca, namespace })
    }

    /// What tells the key from others, wherever its service is reached.
    pub fn id(&self) -> String {
        let namespace = self.namespace.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
        format!("vault:{namespace}{}/keys/{}", self.mount, self.key)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = |text: &str| utf8_percent_encode(text, WRITTEN).to_string();
        let token = written(&self.token.to_string());
        write!(f, "vault:{}/v1/{}/keys/{}?token-source={token}", self.service, self.mount, self.key)?;
        if let Some(ca) = &self.ca {
            write!(f, "&ca={}", written(&ca.display().to_string()))?;
        }
        self.namespace.as_ref().map_or(Ok(()), |name| write!(f, "&namespace={name}"))
    }
}

/// A key of the service. Its token is read for each call: whoever renews it writes it anew.
pub struct TransitKey {
    address: Address,
    agent: Agent,
}

/// The key that is named; the service is asked with the first call.
pub fn open(address: &Address) -> Result<TransitKey, KekError> {
    let unreadable = |told| KekError::Service { at: address.id(), told };
    let agent = called::agent(address.ca.as_deref()).map_err(unreadable)?;
    Ok(TransitKey { address: address.clone(), agent })
}

impl TransitKey {
    /// Calls the engine; gives the status and what stands under a member of `data`.
    fn call(&self, what: &str, asked: &Value, member: &str) -> Result<(u16, Option<Zeroizing<String>>), KekError> {
        let Address { service, mount, key, token, namespace, .. } = &self.address;
        let text = token.text().map_err(|_| KekError::NoToken { source: token.to_string() })?;
        let mut request = self.agent.post(format!("{service}/v1/{mount}/{what}/{key}"));
        request = request.header("X-Vault-Token", text.trim()).header("X-Vault-Request", "true");
        if let Some(name) = namespace {
            request = request.header("X-Vault-Namespace", name);
        }
        let body = Zeroizing::new(asked.to_string());
        let answer = request.content_type("application/json").send(body.as_str());
        let mut answer = answer.map_err(|error| self.failed(error.to_string()))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Ok((status, None));
        }
        let bytes = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let bytes = Zeroizing::new(bytes.map_err(|error| self.failed(error.to_string()))?);
        let mut told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let found = match told.get_mut("data").and_then(|data| data.get_mut(member)).map(Value::take) {
            Some(Value::String(text)) => Some(Zeroizing::new(text)),
            _ => None,
        };
        Ok((status, found))
    }

    fn failed(&self, told: String) -> KekError {
        KekError::Service { at: self.address.id(), told }
    }

    fn status(&self, status: u16) -> KekError {
        self.failed(format!("HTTP {status}"))
    }
}

impl Wrap for TransitKey {
    fn id(&self) -> String {
        self.address.id()
    }

    fn wrap(&self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, KekError> {
        let mut asked = json!({ "plaintext": BASE64.encode(plain), "associated_data": BASE64.encode(bound) });
        let called = self.call("encrypt", &asked, "ciphertext");
        if let Some(Value::String(plain)) = asked.get_mut("plaintext") {
            plain.zeroize();
        }
        let (status, wrapped) = called?;
        Ok(wrapped.ok_or_else(|| self.status(status))?.as_bytes().to_vec())
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let wrapped = std::str::from_utf8(wrapped).map_err(|_| KekError::Sealed)?;
        let asked = json!({ "ciphertext": wrapped, "associated_data": BASE64.encode(bound) });
        match self.call("decrypt", &asked, "plaintext")? {
            (_, Some(plain)) => {
                let plain = BASE64.decode(plain.as_bytes()).map_err(|_| self.failed("no base64".to_owned()))?;
                Ok(Zeroizing::new(plain))
            }
            // What was wrapped, or what it is bound to, is another.
            (400, None) => Err(KekError::Sealed),
            (status, None) => Err(self.status(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in [
            "https://bao.internal:8200/v1/transit/keys/sudare?token-source=file:/etc/token",
            "http://127.0.0.1:8200/v1/a/b/keys/k-1?token-source=credential:bao&ca=/etc/ca.pem&namespace=team/one",
        ] {
            assert_eq!(Address::parse(text).expect(text).to_string(), format!("vault:{text}"));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for text in [
            "",
            "https://bao.internal:8200",
            "https://bao.internal:8200/v1/transit/keys/k",
            "http://bao.internal:8200/v1/transit/keys/k?token-source=file:/t",
            "ftp://bao.internal/v1/transit/keys/k?token-source=file:/t",
            "https://root:hvs@bao.internal/v1/transit/keys/k?token-source=file:/t",
            "https://bao.internal/v1/transit/keys/?token-source=file:/t",
            "https://bao.internal/v1/transit/keys/../sys?token-source=file:/t",
            "https://bao.internal/v1//keys/k?token-source=file:/t",
            "https://bao.internal/v1/transit/keys/k%2f?token-source=file:/t",
            "https://bao.internal/v1/transit/keys/k?token=hvs.x",
            "https://bao.internal/v1/transit/keys/k?token-source=hvs.x",
            "https://bao.internal/v1/transit/keys/k?token-source=file:t",
            "https://bao.internal/v1/transit/keys/k?token-source=file:/t&token-source=file:/u",
            "https://bao.internal/v1/transit/keys/k?token-source=file:/t&ca=ca.pem",
            "https://bao.internal/v1/transit/keys/k?token-source=file:/t&namespace=a b",
            "https://bao.internal/v1/transit/keys/k?token-source=file:/t&timeout=1",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
