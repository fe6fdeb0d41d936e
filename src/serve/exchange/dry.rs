//! An exchange without sockets: what staff would get of a given answer to a given request. The
//! tests in rule files run through it, so that they prove what the gateway does and not a model of
//! it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::body::rewriter::Rewriter;
use crate::body::unpack;
use crate::format;
use crate::guard::notes::Notes;
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::plan::Plan;
use crate::serve::exchange::answer::{self, About};
use crate::serve::exchange::asked::{self, Asked, Asks};
use crate::serve::exchange::head;
use crate::serve::respond::{self, Reader, Ways};
use crate::terms::bounds::Bounds;
use crate::terms::disclosure::Disclosures;
use crate::terms::edit::Guard;
use crate::terms::mint::Mint;
use crate::terms::refusal::Refusal;
use crate::terms::staff::Staff;

/// Who asks in a dry exchange.
pub struct Caller<'a> {
    /// Staff; nobody when there is none.
    pub staff: Option<&'a Staff>,
    /// Their roles.
    pub roles: &'a [RoleId],
    /// Where they ask from.
    pub network: IpAddr,
    /// When.
    pub time: jiff::Timestamp,
}

/// What staff would get.
pub struct Got {
    /// The status.
    pub status: u16,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What would be recorded.
    pub disclosures: Disclosures,
    /// The plan that decided; none where nobody was let in.
    pub plan: Option<Arc<Plan>>,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
}

/// Runs one exchange.
pub fn run(
    policy: &Policy,
    mint: &Arc<dyn Mint>,
    caller: &Caller<'_>,
    request: Request<Bytes>,
    response: Response<Bytes>,
) -> Got {
    carried_out(&Dry { policy, mint, caller, notes: None }, request, response)
}

/// The same, and `notes` is told why each value becomes what it becomes.
pub fn noted(
    policy: &Policy,
    mint: &Arc<dyn Mint>,
    caller: &Caller<'_>,
    notes: Arc<dyn Notes>,
    request: Request<Bytes>,
    response: Response<Bytes>,
) -> Got {
    carried_out(&Dry { policy, mint, caller, notes: Some(notes) }, request, response)
}

/// What one exchange runs with.
struct Dry<'a> {
    policy: &'a Policy,
    mint: &'a Arc<dyn Mint>,
    caller: &'a Caller<'a>,
    notes: Option<Arc<dyn Notes>>,
}

fn carried_out(dry: &Dry<'_>, request: Request<Bytes>, response: Response<Bytes>) -> Got {
    let mut plan = None;
    answered(dry, request, response, &mut plan).unwrap_or_else(|refusal| {
        let reader = Reader { page: false, japanese: false };
        let told = respond::refusal(refusal.reason, reader, "", &Ways::default());
        let status = told.status().as_u16();
        Got {
            status,
            headers: Vec::new(),
            body: told.into_body().to_vec(),
            disclosures: Disclosures::default(),
            plan,
            refusal: Some(refusal),
        }
    })
}

fn answered(
    dry: &Dry<'_>,
    request: Request<Bytes>,
    response: Response<Bytes>,
    used: &mut Option<Arc<Plan>>,
) -> Result<Got, Refusal> {
    let Dry { policy, mint, caller, .. } = *dry;
    let bounds = Bounds::default();
    let (head, body) = request.into_parts();
    let asked = Asked::new(policy, head, body)?;
    let asks = Asks { staff: caller.staff, roles: caller.roles, network: Some(caller.network), time: caller.time };
    let plan = asked.plan(policy, &asks)?;
    *used = Some(Arc::clone(&plan));
    asked.screen(&plan, &bounds)?;
    let mut guard = asked.guard(&plan, mint, &bounds, asked::day(caller.time)).asked_by(caller.staff);
    guard.tell(dry.notes.clone());
    let about = About::of(&asked, &plan, Reader { page: false, japanese: false }, String::new());
    let (mut head, body) = response.into_parts();
    let taken = head::clean(&mut head, &about, &[])?;
    let body = match taken.coding {
        Some(coding) => unpack::whole(coding, &body, &bounds)?.into(),
        None => body,
    };
    head::show_headers(&head.headers, &mut guard)?;
    let mut read = None;
    let (verdict, body) = if body.is_empty() {
        (guard.finish()?, Vec::new())
    } else {
        let (format, charset) = answer::readable(&head, &body, &plan)?;
        if answer::is_error_page(head.status, format, &plan) {
            (Default::default(), respond::error_page(head.status, about.reader(), "").into_body().to_vec())
        } else {
            answer::expect(&head, format, &mut guard);
            let walker = format::walker(format, &plan.places, &bounds)?;
            let mut rewriter = Rewriter::in_charset(walker, charset, &bounds);
            let first = rewriter.write(&body, &mut guard)?;
            let mut last = rewriter.end(&mut guard)?;
            let mut bytes = Vec::new();
            if let Some(first) = first {
                bytes = first.bytes;
                last.verdict.disclosures.absorb(first.verdict.disclosures);
                last.verdict.edits.extend(first.verdict.edits);
            }
            bytes.append(&mut last.bytes);
            read = Some((format, rewriter.charset()));
            (last.verdict, bytes)
        }
    };
    let disclosures = verdict.disclosures.clone();
    head::edit_headers(&mut head.headers, verdict)?;
    if let Some((format, charset)) = read {
        head::read_as(&mut head.headers, format, charset);
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Ok(Got { status: head.status.as_u16(), headers, body, disclosures, plan: Some(plan), refusal: None })
}
