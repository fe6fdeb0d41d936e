//! Seals for the forms of a page on its way to staff: what was veiled in one goes along with it, so that it finds
//! its way home whatever the page's address is.
//!
//! A form gets one only where it is clear whose page it is, where the form leads and where it ends. Whatever is
//! in doubt leaves the page as it is: then a write is compared with the page read once more.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Uri, request};

use crate::body::readings;
use crate::body::rewriter::Decided;
use crate::format::html::forms::{self, Control, Form};
use crate::format::{self, Format};
use crate::guard::restore::{Kinds, Lead, Likenesses, SealedForm, may_need_a_seal, minds_controls, takes_out};
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::plan::Plan;
use crate::route::normal::Canonical;
use crate::serve::exchange::action::Address;
use crate::serve::exchange::asked::{Asked, Asks};
use crate::serve::exchange::restore::is_of_the_body;
use crate::serve::exchange::sealed::{CHARS_MAX, NAME, Site};
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::Subject;
use crate::terms::kind::KindId;
use crate::terms::mint::Mint;
use crate::terms::staff::Staff;

/// How many forms of a page get a seal, and how long all of them together may be.
const FORMS_MAX: usize = 64;
const ALL_CHARS_MAX: usize = 4 * CHARS_MAX;

/// Who asked for a page, and for which.
pub(super) struct Sealing {
    head: request::Parts,
    path: Canonical,
    purpose: Option<String>,
    staff: Staff,
    roles: Vec<RoleId>,
    network: Option<IpAddr>,
    time: jiff::Timestamp,
    site: Site,
    subject: Subject,
    plan: Arc<Plan>,
}

/// What a page is judged by.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub policy: &'a Policy,
    pub mint: &'a Arc<dyn Mint>,
    pub bounds: &'a Bounds,
}

impl Sealing {
    /// What is needed to seal the answer to a request; nothing where it gets no seals in any case. `address` is what
    /// staff's browser takes for the page's.
    pub(super) fn of(
        by: By<'_>,
        address: Uri,
        asked: &Asked,
        asks: &Asks<'_>,
        plan: &Arc<Plan>,
        site: &Site,
    ) -> Option<Box<Sealing>> {
        let asks_for_pages = matches!(*asked.method(), Method::GET | Method::POST);
        if !asks_for_pages || !by.policy.restores() || !plan.tellers.is_empty() || plan.resources.is_empty() {
            return None;
        }
        if minds_controls(plan) {
            return None;
        }
        let staff = asks.staff?.clone();
        let mut head = asked.head().clone();
        without_body(&mut head);
        head.uri = address;
        Some(Box::new(Sealing {
            head,
            path: asked.path().clone(),
            purpose: asked.purpose().map(str::to_owned),
            staff,
            roles: asks.roles.to_vec(),
            network: asks.network,
            time: asks.time,
            site: site.clone(),
            subject: asked.subject(plan),
            plan: Arc::clone(plan),
        }))
    }

    /// Whether the answer that has these headers is for another session than the one that asked.
    pub(super) fn is_left_by(&self, headers: &HeaderMap) -> bool {
        self.site.is_left_by(headers, self.time.as_second())
    }

    /// The seals of a page, each with the place where it is written.
    pub(super) fn seals(&self, by: By<'_>, page: &Decided<'_>) -> Vec<(usize, String)> {
        self.all(by, page).unwrap_or_default()
    }

    fn all(&self, by: By<'_>, page: &Decided<'_>) -> Option<Vec<(usize, String)>> {
        let charset = readings::charset_of(page.charset).filter(|charset| readings::is_sent_as_it_is(charset))?;
        if !has_form(page.original) {
            return None;
        }
        let subject = self.whom(page)?;
        let read = |text: &str| forms::forms(text, by.bounds.hold_bytes);
        let (mut original, mut veiled) = (read(page.original)?, read(page.veiled)?);
        // The CRM's own state goes home by itself.
        let is_other = |control: &Control| !self.plan.seals.contains(&control.name);
        original.iter_mut().chain(&mut veiled).for_each(|form| form.controls.retain(is_other));
        if original.len() != veiled.len() {
            return None;
        }
        let has_base = page.original.to_ascii_lowercase().contains("<base");
        let (kinds, tokens) = (OnceCell::new(), OnceCell::new());
        let (mut all, mut chars) = (Vec::new(), 0);
        for (original, veiled) in original.into_iter().zip(veiled) {
            let same = original.charsets.as_deref().is_none_or(|charsets| readings::is_sent_in(charsets, charset));
            let is_whole = original.is_plain && !original.is_in_doubt && !veiled.is_in_doubt;
            let Some(end) = original.end.filter(|_| is_whole && same) else {
                continue;
            };
            if all.len() >= FORMS_MAX {
                break;
            }
            let told = || {
                let kinds = kinds.get_or_init(|| self.kinds(by, page.original).unwrap_or_default());
                (kinds, tokens.get_or_init(|| Likenesses::of(&self.plan).shown(page.original, page.veiled)))
            };
            let seal = self.seal(by, (original, veiled), told, (charset, has_base), &subject);
            let Some(seal) = seal.filter(|seal| chars + seal.len() <= ALL_CHARS_MAX) else {
                continue;
            };
            chars += seal.len();
            all.push((end, format!("<input type=\"hidden\" name=\"{NAME}\" value=\"{seal}\">")));
        }
        Some(all)
    }

    /// Whom a page is about: one subject that is known, and nobody else.
    fn whom(&self, page: &Decided<'_>) -> Option<Subject> {
        // Whether a page says whom it is about may hang on what is taken out of it.
        if self.subject.id.is_none() && takes_out(&self.plan) {
            return None;
        }
        let mut all = page.verdict.disclosures.subjects.keys();
        let (one, None) = (all.next().unwrap_or(&self.subject), all.next()) else { return None };
        let is_asked_for = self.subject.id.is_none() || (one.kind == self.subject.kind && one.id == self.subject.id);
        (is_asked_for && one.id.is_some()).then(|| one.clone())
    }

    fn kinds(&self, by: By<'_>, page: &str) -> Option<Vec<(Range<usize>, KindId)>> {
        let mut kinds = Kinds::new(&self.plan);
        let mut walker = format::walker(Format::Html, &self.plan.places, by.bounds).ok()?;
        walker.write(page.as_bytes(), &mut kinds).ok()?;
        walker.end(&mut kinds).ok()?;
        Some(kinds.found())
    }

    /// The seal of one form; `told` is what its page says of kinds and tokens.
    fn seal<'t>(
        &self,
        by: By<'_>,
        (original, veiled): (Form, Form),
        told: impl Fn() -> (&'t Vec<(Range<usize>, KindId)>, &'t BTreeSet<String>),
        (charset, has_base): (&str, bool),
        subject: &Subject,
    ) -> Option<String> {
        if original.controls.iter().any(|control| control.name.to_ascii_lowercase().contains(NAME)) {
            return None;
        }
        let (asked, plan) = self.target(by, &veiled, has_base)?;
        let own = asked.subject(&plan);
        if own.id.is_some() && (own.kind != subject.kind || own.id != subject.id) {
            return None;
        }
        let takes_out = takes_out(&self.plan);
        if !takes_out && !may_need_a_seal(&plan, &original, &veiled) {
            return None;
        }
        let (kinds, tokens) = told();
        let lead = Lead { plan: &plan, says_whom: own.id.is_some(), tokens, takes_out };
        let sealed = SealedForm::of((original, veiled), kinds, lead, charset, subject, self.time.as_second())?;
        let plain = sealed.packed(&plan.kinds)?;
        let bound = self.site.bound(&self.staff, &asked);
        let bound: Vec<&[u8]> = bound.iter().map(Vec::as_slice).collect();
        let seal = BASE64URL_NOPAD.encode(&by.mint.seal_page(&plain, &bound).ok()?);
        (seal.len() <= CHARS_MAX).then_some(seal)
    }

    /// What a form is sent to, if it is of the CRM's own and veils in it may go home.
    fn target(&self, by: By<'_>, form: &Form, has_base: bool) -> Option<(Asked, Arc<Plan>)> {
        // What stands beside the page's own address may lie with another site.
        let is_elsewhere = has_base && !form.action.is_empty() && !form.action.starts_with("http");
        let (path, query) =
            Address::of(&self.path, &self.head).lead(&form.action, has_base).filter(|_| !is_elsewhere)?;
        let target = query.map_or(path.clone(), |query| format!("{path}?{query}"));
        // Of anything else browsers make something that is not known here.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`');
        if !target.bytes().all(is_plain) {
            return None;
        }
        let mut head = self.head.clone();
        head.method = Method::POST;
        head.uri = target.parse().ok()?;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        head.headers.insert(header::CONTENT_TYPE, kind);
        let body = Bytes::from(fields(form)?);
        let asked = Asked::new(by.policy, head, body, by.bounds).ok()?.made_for(self.purpose.as_deref());
        let (staff, roles) = (Some(&self.staff), self.roles.as_slice());
        let asks = Asks { staff, roles, network: self.network, time: self.time };
        let plan = asked.plan(by.policy, &asks, by.bounds).ok()?;
        let goes_home = plan.restore && asked.writes(&plan) && plan.tellers.is_empty();
        goes_home.then_some((asked, plan))
    }
}

/// Takes out of a head what speaks of a body.
fn without_body(head: &mut request::Parts) {
    let names: Vec<_> = head.headers.keys().filter(|name| is_of_the_body(name.as_str())).cloned().collect();
    for name in names {
        head.headers.remove(name);
    }
}

/// What a form sends if nobody touches it: it may tell which resource it is for.
fn fields(form: &Form) -> Option<String> {
    let sent = form.controls.iter().filter(|control| control.sends);
    let sent = sent.flat_map(|control| control.values.iter().map(move |choice| (control, choice)));
    let sent = sent.filter(|(_, choice)| choice.chosen).map(|(control, choice)| {
        let written = |text: &str| readings::written_in(text, "UTF-8");
        Some(format!("{}={}", written(&control.name)?, written(&choice.text)?))
    });
    Some(sent.collect::<Option<Vec<String>>>()?.join("&"))
}

/// Whether a form may begin in a page: most have none.
fn has_form(page: &str) -> bool {
    let begins = |at: usize| page.as_bytes().get(at + 1..at + 5).is_some_and(|name| name.eq_ignore_ascii_case(b"form"));
    memchr::memchr_iter(b'<', page.as_bytes()).any(begins)
}
