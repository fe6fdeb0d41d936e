//! The key-encryption key in AWS KMS: it wraps and unwraps in our name, and the key never leaves it. Calls are signed
//! (Signature Version 4) by AWS's own crate; the protocol is two calls of JSON 1.1, and needs no kit.
//!
//! A key is named as KMS names it, `alias/NAME`, an id or an ARN, and where wanted `?region=REGION&endpoint=ADDRESS&ca=PATH`.
//! What is wrapped is bound to what it is by its encryption context, which KMS logs: it tells of a version and a time.
//! Credentials are what the environment gives every client of AWS: variables, or a container's own service. They are
//! asked for with each call, since they end. Of what KMS says no more than its status and the name of its error is told.

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_lc_rs::digest;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use data_encoding::{BASE64, HEXLOWER};
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};
use ureq::Agent;
use zeroize::{Zeroize, Zeroizing};

use crate::vault::kek::called::{self, ANSWER_BYTES_MAX};
use crate::vault::kek::uri::{WRITTEN, pairs};
use crate::vault::kek::{KekError, Wrap, file, variable};

const CONTENT: &str = "application/x-amz-json-1.1";
/// Under which name what is bound stands in the encryption context.
const CONTEXT: &str = "sudare";
/// Where a container of ECS asks for its credentials.
const CONTAINER: &str = "http://169.254.170.2";
/// Hosts that KMS's neighbours have without TLS: ECS's service, EKS's, this machine.
const NEIGHBOURS: [&str; 6] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "127.0.0.1", "localhost", "[::1]"];
/// Characters of a key's name: no ARN is longer.
const NAME_CHARS_MAX: usize = 2048;

/// Which key, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKey {
    /// As KMS takes it.
    key: String,
    /// Its region, where the environment does not say it.
    region: Option<String>,
    /// Where KMS is, if not where it is for everybody.
    endpoint: Option<String>,
    /// The certificates that the service's is to be issued by, where not the system's.
    ca: Option<PathBuf>,
}

impl KmsKey {
    /// Reads a key's name, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<KmsKey, &'static str> {
        let (key, query) = text.split_once('?').unwrap_or((text, ""));
        let of_arn = region_of(key)?;
        let (mut region, mut endpoint, mut ca) = (None, None, None);
        for (name, value) in pairs(query, '&')? {
            let place = match name {
                "region" => &mut region,
                "endpoint" => &mut endpoint,
                "ca" => &mut ca,
                _ => return Err("it may say `region`, `endpoint` and `ca` and nothing else"),
            };
            if value.is_empty() || place.replace(value).is_some() {
                return Err("it says something twice, or nothing");
            }
        }
        if region.as_deref().is_some_and(|name| !is_region(name)) {
            return Err("its `region` holds what no region does");
        }
        if of_arn.is_some() && region.is_some() {
            return Err("its region stands in the ARN");
        }
        if let Some(address) = &endpoint {
            const SHAPE: &str = "its `endpoint` is no address like `https://HOST:PORT`";
            let (_, host) = address.split_once("://").ok_or(SHAPE)?;
            if host.contains(['/', '?', '#']) {
                return Err(SHAPE);
            }
            called::is_fit(address, SHAPE)?;
        }
        let ca = ca.map(PathBuf::from);
        if ca.as_ref().is_some_and(|path| path.is_relative()) {
            return Err("`ca` names a file by its whole path");
        }
        Ok(KmsKey { key: key.to_owned(), region, endpoint, ca })
    }

    /// What tells the key from others, wherever KMS is reached.
    pub fn id(&self) -> String {
        format!("aws_kms:{}", self.key)
    }

    /// Its region: what is written here, what its ARN says, or what the environment says.
    fn region(&self, get: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let written = self.region.clone().or_else(|| region_of(&self.key).ok().flatten().map(str::to_owned));
        written.or_else(|| get("AWS_REGION")).or_else(|| get("AWS_DEFAULT_REGION")).filter(|region| is_region(region))
    }
}

/// The region that an ARN tells; an alias and an id tell none.
fn region_of(key: &str) -> Result<Option<&str>, &'static str> {
    const SHAPE: &str = "it is no key like `alias/NAME`, its id or its ARN";
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_path = |path: &str| path.split('/').all(is_word);
    if key.len() > NAME_CHARS_MAX {
        return Err(SHAPE);
    }
    let Some(arn) = key.strip_prefix("arn:") else {
        let is_key = key.strip_prefix("alias/").map_or_else(|| is_word(key), is_path);
        return if is_key { Ok(None) } else { Err(SHAPE) };
    };
    match arn.split(':').collect::<Vec<_>>()[..] {
        [partition, "kms", region, account, resource]
            if is_word(partition) && is_region(region) && account.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            let is_key = resource.strip_prefix("key/").is_some_and(is_word)
                || resource.strip_prefix("alias/").is_some_and(is_path);
            if is_key { Ok(Some(region)) } else { Err(SHAPE) }
        }
        _ => Err(SHAPE),
    }
}

/// A region becomes part of a host's name.
fn is_region(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(is_fit) && !name.starts_with('-') && !name.ends_with('-')
}

impl fmt::Display for KmsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "aws_kms:{}", self.key)?;
        let ca = self.ca.as_ref().map(|path| path.display().to_string());
        let said = [("region", self.region.as_ref()), ("endpoint", self.endpoint.as_ref()), ("ca", ca.as_ref())];
        let mut before = '?';
        for (name, value) in said {
            if let Some(value) = value {
                write!(f, "{before}{name}={}", utf8_percent_encode(value, WRITTEN))?;
                before = '&';
            }
        }
        Ok(())
    }
}

/// A key of KMS.
pub struct OpenKey {
    key: KmsKey,
    region: String,
    endpoint: String,
    agent: Agent,
}

/// The key that is named; KMS is asked with the first call.
pub fn open(key: &KmsKey) -> Result<OpenKey, KekError> {
    let failed = |told: String| KekError::Service { at: key.id(), told };
    let none = || failed("no region: say `?region=REGION`, or set `AWS_REGION`".to_owned());
    let region = key.region(&variable).ok_or_else(none)?;
    let of_all = || {
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://kms.{region}.{domain}")
    };
    let endpoint = key.endpoint.clone().unwrap_or_else(of_all);
    let agent = called::agent(key.ca.as_deref()).map_err(failed)?;
    Ok(OpenKey { key: key.clone(), region, endpoint, agent })
}

/// What KMS gives: what was asked for, or the status and the name of its error.
type Told = Result<Zeroizing<String>, (u16, String)>;

impl OpenKey {
    /// Calls KMS; gives what stands under a member of its answer.
    fn call(&self, what: &str, asked: &Value, member: &str) -> Result<Told, KekError> {
        let body = Zeroizing::new(asked.to_string());
        let target = format!("TrentService.{what}");
        let address = format!("{}/", self.endpoint);
        let headers = [("content-type", CONTENT), ("x-amz-target", &target)];
        let signed = self.signed(&address, &headers, body.as_bytes())?;
        let mut request = self.agent.post(&address);
        for (name, value) in headers.into_iter().chain(signed.iter().map(|(name, value)| (*name, value.as_str()))) {
            request = request.header(name, value);
        }
        let answer = request.send(body.as_bytes());
        let mut answer = answer.map_err(|error| self.failed(error.to_string()))?;
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let bytes = Zeroizing::new(bytes.map_err(|error| self.failed(error.to_string()))?);
        let mut told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status != 200 {
            return Ok(Err((status, error_name(&told))));
        }
        match told.get_mut(member).map(Value::take) {
            Some(Value::String(text)) => Ok(Ok(Zeroizing::new(text))),
            _ => Err(self.failed(format!("no `{member}`"))),
        }
    }

    /// The headers that sign a call.
    fn signed(
        &self,
        address: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Vec<(&'static str, Zeroizing<String>)>, KekError> {
        let unsigned = |_| self.failed("the call cannot be signed".to_owned());
        let identity = self.credentials(&variable)?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("kms")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| self.failed("the call cannot be signed".to_owned()))?
            .into();
        // The signer sees the body's hash alone: it would print a body where a variable asks it to.
        let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
        let headers = headers.iter().copied();
        let request = SignableRequest::new("POST", address, headers, SignableBody::Precomputed(hash));
        let (instructions, _) = sign(request.map_err(unsigned)?, &params).map_err(unsigned)?.into_parts();
        let (signed, _) = instructions.into_parts();
        Ok(signed.iter().map(|header| (header.name(), Zeroizing::new(header.value().to_owned()))).collect())
    }

    /// Who asks: what the environment says, else what the container's own service says.
    fn credentials(&self, get: &dyn Fn(&str) -> Option<String>) -> Result<Credentials, KekError> {
        let said = |name: &str| get(name).filter(|value| !value.is_empty());
        if let (Some(id), Some(secret)) = (said("AWS_ACCESS_KEY_ID"), said("AWS_SECRET_ACCESS_KEY")) {
            return Ok(Credentials::new(id, secret, said("AWS_SESSION_TOKEN"), None, "environment"));
        }
        let relative = said("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{CONTAINER}{path}"));
        match relative.or_else(|| said("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
            Some(address) => self.of_container(&address, &said),
            None => Err(self.failed(
                "no credentials: set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run where a container gets them"
                    .to_owned(),
            )),
        }
    }

    /// What the service of the container says who it is.
    fn of_container(&self, address: &str, said: &dyn Fn(&str) -> Option<String>) -> Result<Credentials, KekError> {
        let failed = |what: &str| self.failed(format!("the container's credentials cannot be had: {what}"));
        let uri: http::Uri = address.parse().map_err(|_| failed("no address"))?;
        let is_near = uri.host().is_some_and(|host| NEIGHBOURS.contains(&host));
        if !(uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_near) {
            return Err(failed("their address is neither `https` nor near"));
        }
        let mut request = self.agent.get(address);
        let token = match said("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(path) => {
                let path = PathBuf::from(path);
                // The platform writes it, with the permissions that it sees fit.
                let opened = std::fs::File::open(&path).map_err(|_| failed("no token"))?;
                Some(file::read(opened, &path, TOKEN_BYTES_MAX).map_err(|_| failed("no token"))?)
            }
            None => said("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Zeroizing::new),
        };
        if let Some(token) = &token {
            request = request.header("authorization", token.trim());
        }
        let mut answer = request.call().map_err(|error| failed(&error.to_string()))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(failed(&format!("HTTP {status}")));
        }
        let bytes = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let bytes = Zeroizing::new(bytes.map_err(|error| failed(&error.to_string()))?);
        let told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let member = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        match (member("AccessKeyId"), member("SecretAccessKey")) {
            (Some(id), Some(secret)) => Ok(Credentials::new(id, secret, member("Token"), None, "container")),
            _ => Err(failed("none are there")),
        }
    }

    fn failed(&self, told: String) -> KekError {
        KekError::Service { at: self.key.id(), told }
    }

    fn refused(&self, (status, name): &(u16, String)) -> KekError {
        self.failed(if name.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}, {name}") })
    }
}

/// Tokens of EKS's pods have some 1,300 bytes.
const TOKEN_BYTES_MAX: u64 = 16 << 10;

/// The name of KMS's error, `com.amazon…#NameException` or `NameException`; nothing that is not one.
fn error_name(told: &Value) -> String {
    let name = told.get("__type").and_then(Value::as_str).and_then(|name| name.rsplit('#').next()).unwrap_or_default();
    let is_name = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_name { name.to_owned() } else { String::new() }
}

impl Wrap for OpenKey {
    fn id(&self) -> String {
        self.key.id()
    }

    fn wrap(&self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, KekError> {
        let context = json!({ CONTEXT: HEXLOWER.encode(bound) });
        let mut asked =
            json!({ "KeyId": self.key.key, "Plaintext": BASE64.encode(plain), "EncryptionContext": context });
        let told = self.call("Encrypt", &asked, "CiphertextBlob");
        if let Some(Value::String(plain)) = asked.get_mut("Plaintext") {
            plain.zeroize();
        }
        let wrapped = told?.map_err(|error| self.refused(&error))?;
        BASE64.decode(wrapped.as_bytes()).map_err(|_| self.failed("no base64".to_owned()))
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let context = json!({ CONTEXT: HEXLOWER.encode(bound) });
        // The key is named, so that what another key wrapped, one that we may use too, does not pass for ours.
        let asked =
            json!({ "KeyId": self.key.key, "CiphertextBlob": BASE64.encode(wrapped), "EncryptionContext": context });
        match self.call("Decrypt", &asked, "Plaintext")? {
            Ok(plain) => {
                let plain = BASE64.decode(plain.as_bytes()).map_err(|_| self.failed("no base64".to_owned()))?;
                Ok(Zeroizing::new(plain))
            }
            // What was wrapped, or what it is bound to, is another.
            Err((400, name)) if name == "InvalidCiphertextException" || name == "IncorrectKeyException" => {
                Err(KekError::Sealed)
            }
            Err(error) => Err(self.refused(&error)),
        }
    }
}

#[cfg(test)]
#[path = "aws_kms_tests.rs"]
mod tests;
