//! One record of a CRM, converted through the CRM's own API: values that it holds in clear become the tokens that
//! `store:` says.
//!
//! What is written is made by the code that makes it of staff's writes (`stored`), so that a search finds both. A
//! record is read, what stands at the places of such kinds becomes tokens, and where that is another body it is
//! written and read once more: what stands there must be the tokens. Where a CRM has cut or changed them, what stood
//! there before is put back. Nothing is given to anybody, and nothing that is told holds a value.
//!
//! Which records there are, what was done before and what is told of it is `cli/migrate`'s.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode, response};
use serde_json::value::RawValue;

use crate::body::charset::Charset;
use crate::format::Format;
use crate::format::files::Beginning;
use crate::guard::stored::Standing;
use crate::policy::Policy;
use crate::policy::plan::Plan;
use crate::serve::exchange::asked::{Asked, content_type};
use crate::serve::exchange::reading::readable;
use crate::serve::exchange::stored;
use crate::serve::gate::hop;
use crate::serve::upstream::Upstream;
use crate::terms::bounds::Bounds;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};
use crate::vault::keep::Vault;

/// The methods by which a record is written, the one first that touches the least.
pub const METHODS: [Method; 3] = [Method::PATCH, Method::PUT, Method::POST];

/// How records of a resource are read and written.
pub struct Migration<'a> {
    /// The rules.
    pub policy: &'a Policy,
    /// Makes and opens tokens.
    pub mint: &'a Arc<dyn Mint>,
    /// What must be durable before the CRM holds such tokens.
    pub vault: Option<&'a Vault>,
    /// The CRM.
    pub upstream: &'a Arc<Upstream>,
    /// What is longer is refused.
    pub bounds: &'a Bounds,
    /// The resource that shows a record.
    pub read: &'a str,
    /// The resource that writes it.
    pub write: &'a str,
    /// The method that writes.
    pub method: Method,
    /// Whether what changes is written as a form.
    pub form: bool,
    /// What each question brings along: a credential, the host.
    pub headers: &'a HeaderMap,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Values of it are tokens now; in a dry run they would be.
    Converted,
    /// All that `store:` names was a token before.
    Already,
    /// There is no value of such a kind in it.
    Nothing,
}

/// How many values of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Became tokens.
    pub converted: u64,
    /// Were such tokens before.
    pub already: u64,
}

/// What is told of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What became of it.
    pub outcome: Outcome,
    /// By the kind's name.
    pub kinds: BTreeMap<String, Tally>,
}

/// Why a record is as it was. It holds no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The word for it.
    pub word: &'static str,
    /// What exactly.
    pub note: String,
    /// Whether all others would fare alike, or worse.
    pub stops: bool,
}

impl Failure {
    fn new(word: &'static str, note: impl Into<String>) -> Failure {
        Failure { word, note: note.into(), stops: false }
    }

    fn status(what: &str, status: StatusCode) -> Failure {
        // To the page of a log-in, as a rule.
        let stops = status.is_redirection() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        Failure { stops, ..Failure::new("status", format!("the crm answers {what} with {}", status.as_u16())) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let away = [Reason::UpstreamAway, Reason::UpstreamUntrusted, Reason::UpstreamSlow, Reason::Keys];
        Failure { word: refusal.reason.word(), stops: away.contains(&refusal.reason), note: refusal.note }
    }
}

/// A record as the CRM gives it.
struct Record {
    head: response::Parts,
    raw: Bytes,
    format: Format,
}

impl Migration<'_> {
    /// Converts a record; a dry run only says what it would do.
    pub async fn record(&self, id: &str, dry: bool) -> Result<Told, Failure> {
        let record = self.read(id).await?;
        let whole = self.writing(id, self.body_type(&record), record.raw.clone())?;
        let plan = self.plan(&whole)?;
        if !whole.writes(&plan) {
            let note = "the resource that is to write says that such a request only reads";
            return Err(Failure { stops: true, ..Failure::new("rule", note) });
        }
        let before = self.standing(&plan, record.format, &record.raw)?;
        let shown = (record.format, &*record.raw);
        let (renewed, after) = stored::renewed(&plan, self.mint.as_ref(), self.bounds, shown, dry)?;
        let told = self.told(&before, &after)?;
        if dry || told.outcome != Outcome::Converted {
            return Ok(told);
        }
        if let Some(vault) = self.vault {
            vault.flush().map_err(|error| Failure { stops: true, ..Failure::new("keys", error.to_string()) })?;
        }
        let names = self.names(&record.raw, &renewed)?;
        self.write(&record, &self.body(id, &record, names.as_deref(), renewed.into())?, "the write").await?;
        match self.verified(id, &plan, &after).await {
            Ok(()) => Ok(told),
            Err(failure) => Err(self.put_back(id, (&record, &plan, &before), names.as_deref(), failure).await),
        }
    }

    /// Asks for a record.
    async fn read(&self, id: &str) -> Result<Record, Failure> {
        let page = self.policy.page_by(self.read, id, "GET");
        let page = page.ok_or_else(|| Failure::new("ambiguous", "the id names no record of the resource"))?;
        let request = Request::get(&page.target).body(()).map_err(|_| odd())?;
        let asked = self.asked(request, Bytes::new())?;
        let plan = self.plan(&asked)?;
        let mut request = asked.to_request(None)?;
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let (head, mut body) = self.upstream.send(request).await?.into_parts();
        let raw = body.look(self.bounds.hold_bytes).await?;
        let raw = raw.ok_or_else(|| Failure::new("bound", "the record is longer than what can be held"))?;
        if head.status != StatusCode::OK {
            return Err(Failure::status("the reading", head.status));
        }
        if head.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Failure::new("unreadable", "the crm packs its answer though it was asked not to"));
        }
        let (format, charset) = readable(&head, Beginning { bytes: &raw, is_all: true }, &plan)?;
        let is_utf8 = matches!(charset, Charset::Utf8 | Charset::Unsaid) && std::str::from_utf8(&raw).is_ok();
        if !matches!(format, Format::Json | Format::Xml) || !is_utf8 {
            return Err(Failure {
                stops: true,
                ..Failure::new("unreadable", "records are read as JSON or XML in UTF-8, and this one is neither")
            });
        }
        Ok(Record { head, raw, format })
    }

    fn writing(&self, id: &str, kind: HeaderValue, body: Bytes) -> Result<Asked, Failure> {
        let page = self.policy.page_by(self.write, id, self.method.as_str());
        let page = page.ok_or_else(|| Failure::new("ambiguous", "the id names no record of the resource"))?;
        let request = Request::builder().method(&self.method).uri(&page.target).header(header::CONTENT_TYPE, kind);
        self.asked(request.body(()).map_err(|_| odd())?, body)
    }

    fn asked(&self, request: Request<()>, body: Bytes) -> Result<Asked, Failure> {
        let (mut head, ()) = request.into_parts();
        for (name, value) in self.headers {
            if *name != header::CONTENT_TYPE || !body.is_empty() {
                head.headers.insert(name, value.clone());
            }
        }
        hop::asks_no_other_method(&head.headers).map_err(Refusal::from)?;
        Ok(Asked::new(self.policy, head, body, self.bounds)?)
    }

    fn plan(&self, asked: &Asked) -> Result<Plan, Failure> {
        Ok(self.policy.plan_of_nobody(asked.matched())?)
    }

    /// What a record is called that is sent back as it came.
    fn body_type(&self, record: &Record) -> HeaderValue {
        let own = content_type(&record.head.headers).ok().flatten();
        let own = own.and_then(|own| HeaderValue::from_str(own).ok());
        own.unwrap_or_else(|| HeaderValue::from_static("application/json"))
    }

    fn standing(&self, plan: &Plan, format: Format, text: &[u8]) -> Result<Vec<Standing>, Failure> {
        Ok(stored::standing(plan, self.mint.as_ref(), self.bounds, (format, text))?)
    }

    /// What becomes of each value.
    fn told(&self, before: &[Standing], after: &[Standing]) -> Result<Told, Failure> {
        if before.len() != after.len() || before.iter().zip(after).any(|(before, after)| before.kind != after.kind) {
            return Err(Failure::new("ambiguous", "what stands in the record cannot be told apart"));
        }
        let mut kinds: BTreeMap<String, Tally> = BTreeMap::new();
        for (before, after) in before.iter().zip(after) {
            let tally = kinds.entry(self.policy.kinds().get(before.kind).name.clone()).or_default();
            match before.text == after.text {
                true => tally.already += 1,
                false => tally.converted += 1,
            }
        }
        let outcome = match () {
            () if kinds.is_empty() => Outcome::Nothing,
            () if kinds.values().all(|tally| tally.converted == 0) => Outcome::Already,
            () => Outcome::Converted,
        };
        Ok(Told { outcome, kinds })
    }

    /// Which members change, where the CRM takes no more than those.
    fn names(&self, before: &[u8], after: &[u8]) -> Result<Option<Vec<String>>, Failure> {
        if self.method != Method::PATCH && !self.form {
            return Ok(None);
        }
        let (before, after) = (members(before)?, members(after)?);
        let changed = after.iter().filter(|(name, raw)| before.get(*name).map(|own| own.get()) != Some(raw.get()));
        Ok(Some(changed.map(|(name, _)| name.clone()).collect()))
    }

    /// The write of a record, or of these members of it.
    fn body(&self, id: &str, record: &Record, names: Option<&[String]>, all: Bytes) -> Result<Asked, Failure> {
        let Some(names) = names else { return self.writing(id, self.body_type(record), all) };
        let mut members = members(&all)?;
        members.retain(|name, _| names.contains(name));
        if !self.form {
            let body = serde_json::to_vec(&members).map_err(|_| odd())?;
            return self.writing(id, HeaderValue::from_static("application/json"), body.into());
        }
        let pairs = members.iter().map(|(name, value)| {
            let value: String = serde_json::from_str(value.get()).ok()?;
            Some([name.as_str(), value.as_str()].map(form_coded).join("="))
        });
        let pairs: Option<Vec<String>> = pairs.collect();
        let note = "what changes is no text at the top of the record, and a form has nothing else";
        let body = pairs.ok_or_else(|| Failure { stops: true, ..Failure::new("unreadable", note) })?.join("&");
        self.writing(id, HeaderValue::from_static("application/x-www-form-urlencoded"), body.into())
    }

    async fn write(&self, record: &Record, asked: &Asked, what: &str) -> Result<(), Failure> {
        let mut request = asked.to_request(None)?;
        let tag = record.head.headers.get(header::ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
        if let (Some(tag), false) = (tag, what == BACK) {
            // Whoever saved the record meanwhile is not written over.
            request.headers_mut().insert(header::IF_MATCH, tag.clone());
        }
        let (head, mut body) = self.upstream.send(request).await?.into_parts();
        // Read to its end, so that the connection is asked again.
        let _ = body.look(self.bounds.hold_bytes).await;
        match head.status {
            status if status.is_success() || (self.form && status.is_redirection()) => Ok(()),
            StatusCode::PRECONDITION_FAILED => {
                Err(Failure::new("changed", "the record was saved by somebody else meanwhile"))
            }
            status => Err(Failure::status(what, status)),
        }
    }

    /// Whether the CRM holds the tokens now.
    async fn verified(&self, id: &str, plan: &Plan, after: &[Standing]) -> Result<(), Failure> {
        let record = self.read(id).await?;
        let now = self.standing(plan, record.format, &record.raw)?;
        let unlike = now.iter().zip(after).find(|(now, after)| now != after);
        let Some((now, after)) = unlike else {
            let same = now.len() == after.len();
            return if same { Ok(()) } else { Err(Failure::new("unlike", "the record has other places now")) };
        };
        let name = &self.policy.kinds().get(after.kind).name;
        let (is, was) = (now.text.0.chars().count(), after.text.0.chars().count());
        let note = match after.text.0.starts_with(&now.text.0) {
            true => format!("the crm cut a token of `{name}` with {was} characters to {is}: its column is too short"),
            false => format!("the crm holds something else than the token of `{name}` that was written"),
        };
        Err(Failure { stops: true, ..Failure::new("unlike", note) })
    }

    /// Writes a record as it was: what the CRM made of the tokens would be nobody's value.
    async fn put_back(
        &self,
        id: &str,
        (record, plan, before): (&Record, &Plan, &[Standing]),
        names: Option<&[String]>,
        why: Failure,
    ) -> Failure {
        let back = async {
            self.write(record, &self.body(id, record, names, record.raw.clone())?, BACK).await?;
            let now = self.read(id).await?;
            match self.standing(plan, now.format, &now.raw)? == before {
                true => Ok(()),
                false => Err(Failure::new("unlike", "it is not what it was")),
            }
        };
        let note = match back.await {
            Ok(()) => format!("{}; what stood there before is back", why.note),
            Err(failure) => format!("{}; what stood there before could not be put back: {}", why.note, failure.note),
        };
        Failure { word: why.word, note, stops: true }
    }
}

/// The write of what stood there before.
const BACK: &str = "the write of what stood there before";

/// The members of a JSON object, as they are written.
type Members = BTreeMap<String, Box<RawValue>>;

fn members(text: &[u8]) -> Result<Members, Failure> {
    let note = "only an object of JSON can be written in parts; let the CRM take all of the record by PUT";
    serde_json::from_slice(text).map_err(|_| Failure { stops: true, ..Failure::new("unreadable", note) })
}

fn form_coded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn odd() -> Failure {
    Failure::new("ambiguous", "the question cannot be written")
}
