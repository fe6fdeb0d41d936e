//! A kind of somebody's record, as the CRM has it now: the page of a resource that shows them is asked for with
//! staff's own credentials, judged as its answer to them would be, and gives the one value at a place of that kind.
//!
//! So nobody has revealed what the CRM itself would not show them. The answer is for nobody; what is left of it
//! is one value, or none.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{HeaderName, ORIGIN};
use http::{Method, StatusCode, request};
use tokio::time::timeout;

use crate::body::readings;
use crate::guard::revealed;
use crate::policy::plan::Plan;
use crate::policy::reveal::SubjectPage;
use crate::serve::exchange::answer::About;
use crate::serve::exchange::asked::{self, Asked, Asks};
use crate::serve::exchange::leads::Own;
use crate::serve::exchange::restore::{COPIES, is_of_the_body, unpacked};
use crate::serve::exchange::reveal::{Found, Looked, Person};
use crate::serve::exchange::{dry, head, stored};
use crate::serve::house::{Gateway, House};
use crate::serve::respond::Reader;
use crate::serve::upstream::Upstream;
use crate::terms::disclosure::Subject;
use crate::terms::event::Event;
use crate::terms::kind::KindId;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// Whom the CRM is asked by.
pub(super) struct Call<'a> {
    pub gateway: &'a Gateway,
    pub house: &'a House,
    pub upstream: &'a Arc<Upstream>,
    /// The head of the question, cleaned of what is the gateway's own.
    pub head: &'a request::Parts,
    pub person: Person<'a>,
    pub network: Option<IpAddr>,
}

/// What is asked of whom: a resource, a subject's id, the name of a kind.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub resource: &'a str,
    pub subject: &'a str,
    pub kind: &'a str,
}

impl Call<'_> {
    /// Looks for the value, where a rule gives it; `crm` grows by what the CRM took.
    pub(super) async fn look(&self, of: Of<'_>, purpose: &str, crm: &mut Duration) -> Result<Looked, Refusal> {
        let policy = &self.house.policy;
        let kind = policy.kinds().id(of.kind);
        let page = policy.page_of(of.resource, of.subject);
        let subject = page.as_ref().map(|page| Subject {
            kind: page.of.clone(),
            id: Some(of.subject.to_owned()),
            in_ledger: policy.in_ledger(&page.of),
        });
        let rule = kind.and_then(|kind| policy.reveals(self.person.roles, self.person.staff, kind, purpose));
        let (Some(page), Some(kind), Some(rule)) = (page, kind, rule) else {
            return Ok(Looked { subject, kind, found: None });
        };
        let began = Instant::now();
        let value = timeout(self.house.bounds.request, self.value(of, (&page, kind), purpose)).await;
        *crm += began.elapsed();
        let late = |_| Refusal::new(Reason::UpstreamSlow, "the record was not there in time to reveal a value of it");
        let value = value.map_err(late)?.or_else(none)?;
        let found = value.map(|value| Found { value, rule: rule.id.clone(), lasts: rule.lasts });
        Ok(Looked { subject, kind: Some(kind), found })
    }

    async fn value(
        &self,
        of: Of<'_>,
        (page, kind): (&SubjectPage, KindId),
        purpose: &str,
    ) -> Result<Option<Secret>, Refusal> {
        let House { policy, bounds, mint, .. } = self.house;
        let Some(head) = self.question(page) else { return Ok(None) };
        let asked = Asked::new(policy, head, Bytes::new(), bounds)?.made_for(Some(purpose));
        let Person { staff, roles } = self.person;
        let time = jiff::Timestamp::now();
        let plan = asked.plan(policy, &Asks { staff: Some(staff), roles, network: self.network, time }, bounds)?;
        asked.screen(&plan, bounds)?;
        let is_theirs = |subject: &Subject| subject.kind == page.of && subject.id.as_deref() == Some(of.subject);
        let shows = plan.event == Event::View && plan.resources.iter().any(|own| **own == *of.resource);
        if !shows || !plan.tellers.is_empty() || !is_theirs(&asked.subject(&plan)) {
            return Ok(None);
        }
        let about = About::of(&asked, &plan, Reader { page: false, japanese: false }, String::new());
        let mut share = self.gateway.hold.share();
        let goes = asked.goes(&plan, mint.as_ref(), bounds)?;
        let request = asked.to_request(goes.as_ref())?;
        let (mut head, mut body) = self.upstream.send(request).await?.into_parts();
        let Some(bytes) = body.look(bounds.hold_bytes).await? else { return Ok(None) };
        share.set(bytes.len().saturating_mul(COPIES))?;
        if head.status != StatusCode::OK {
            return Ok(None);
        }
        let taken = head::clean(&mut head, &about, Own::default())?;
        let bytes = match taken.coding {
            Some(coding) => unpacked(coding, &bytes, bounds)?.into(),
            None => bytes,
        };
        let mut guard = asked.guard(&plan, mint, bounds, asked::day(time)).asked_by(Some(staff));
        let bytes = stored::whole(&head, bytes, (&plan, mint), &mut guard, bounds)?;
        let told = dry::told(&head, &bytes, &about, guard, bounds)?;
        let mut shown = told.verdict.disclosures.subjects.keys().peekable();
        if told.long || shown.peek().is_none() || !shown.all(is_theirs) {
            return Ok(None);
        }
        let Some((format, charset)) = told.read else { return Ok(None) };
        let Some(text) = readings::text_in(&bytes, charset) else { return Ok(None) };
        revealed::the_one(&plan as &Plan, kind, (format, &text), bounds)
    }

    /// A GET of the page, with what of the question's head is no word of a body or of a browser's call.
    fn question(&self, page: &SubjectPage) -> Option<request::Parts> {
        let mut head = self.head.clone();
        head.method = Method::GET;
        head.uri = page.target.parse().ok()?;
        let goes = |name: &HeaderName| {
            is_of_the_body(name.as_str()) || *name == ORIGIN || name.as_str().starts_with("sec-fetch-")
        };
        let gone: Vec<HeaderName> = head.headers.keys().filter(|name| goes(name)).cloned().collect();
        for name in gone {
            head.headers.remove(name);
        }
        Some(head)
    }
}

/// A page that is refused, or cannot be read, shows nobody anything; one that is not there now may be later.
fn none(refusal: Refusal) -> Result<Option<Secret>, Refusal> {
    match refusal.reason {
        Reason::UpstreamAway
        | Reason::UpstreamSlow
        | Reason::UpstreamUntrusted
        | Reason::Keys
        | Reason::Overload
        | Reason::Internal => Err(refusal),
        _ => Ok(None),
    }
}
