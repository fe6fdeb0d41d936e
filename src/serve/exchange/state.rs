//! The CRM's own state in its forms (`seal:` of a resource): staff's browser gets it sealed, and the CRM gets it back
//! as it was. Nobody can read in there, so nobody else may have it, nor change it.
//!
//! A seal opens for the staff, the session and the address whose page it came with, for a working day. A state that
//! is not sealed, or does not open, goes nowhere: somebody has put it together.

use std::ops::Range;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use memchr::memmem;
use percent_encoding::percent_decode;

use crate::body::{parts, readings};
use crate::format::Format;
use crate::guard::restore::is_good;
use crate::guard::state::Sealer;
use crate::policy::plan::Plan;
use crate::serve::exchange::asked::{Asked, Asks};
use crate::serve::exchange::restore::is_signed;
use crate::serve::exchange::sealed::Site;
use crate::terms::mint::Mint;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// What begins all that such a seal is bound to: none of a form begins so.
const STATE: &[u8] = b"state";

/// Lengths are whole steps, so that they tell little.
const STEP: usize = 256;

/// Moment and length.
const HEAD_BYTES: usize = 8 + 4;

/// What is said of every state that does not open.
const NOTE: &str = "the form's own state does not open here; open the page again; nothing was saved";

/// Whom and what states are bound to, beside their names: where somebody without a name may ask, all of them are one.
fn bound(site: &Site, staff: Option<&Staff>, asked: &Asked) -> Vec<Vec<u8>> {
    match staff {
        Some(staff) => site.bound(staff, asked),
        None => site.bound(&Staff::new("", "", Vec::new()), asked),
    }
}

/// What seals the states of the page that is asked for.
pub(super) fn sealer(mint: &Arc<dyn Mint>, site: &Site, asks: &Asks<'_>, asked: &Asked) -> Sealer {
    let (mint, bound, now) = (Arc::clone(mint), bound(site, asks.staff, asked), asks.time.as_second());
    Box::new(move |name, state| {
        let sealed = mint.seal_page(&packed(state, now)?, &parts_of(name, &bound)).ok()?;
        Some(BASE64URL_NOPAD.encode(&sealed))
    })
}

/// Puts the states of a form back before anybody compares it or sends it on.
pub(super) fn opened(
    plan: &Plan,
    mint: &dyn Mint,
    (site, asks): (&Site, &Asks<'_>),
    asked: &mut Asked,
) -> Result<(), Refusal> {
    if plan.seals.is_empty() {
        return Ok(());
    }
    let is_meant = |own: &str| plan.seals.iter().any(|name| alike(name) == alike(own));
    if asked.query().iter().any(|(name, value)| is_meant(name) && !value.trim().is_empty()) {
        return Err(refused());
    }
    if asked.body().is_empty() {
        return Ok(());
    }
    let (format, _) = asked.text()?;
    let body = asked.body().clone();
    let mut fields = match format {
        Format::Form => plain(&body, &is_meant),
        Format::Multipart => in_parts(&body, &plan.seals)?,
        _ if plan.seals.iter().any(|name| memmem::find(&body, name.as_bytes()).is_some()) => return Err(refused()),
        _ => return Ok(()),
    };
    fields.retain(|field| !field.value.trim_ascii().is_empty());
    fields.sort_by_key(|field| field.span.start);
    if fields.is_empty() {
        return Ok(());
    }
    if is_signed(asked.headers()) || is_twice(&fields) {
        return Err(refused());
    }
    let bound = bound(site, asks.staff, asked);
    let mut all = Vec::with_capacity(body.len());
    let mut at = 0;
    for field in &fields {
        let name = plan.seals.iter().find(|name| **name == field.name).ok_or_else(refused)?;
        let sealed = BASE64URL_NOPAD.decode(&field.value).map_err(|_| refused())?;
        let open = mint.open_page(&sealed, &parts_of(name, &bound)).ok_or_else(refused)?;
        let state = unpacked(&open, asks.time.as_second()).ok_or_else(refused)?;
        // As browsers write the ends of lines.
        let state = state.replace("\r\n", "\n").replace('\n', "\r\n");
        all.extend_from_slice(body.get(at..field.span.start).ok_or_else(refused)?);
        match format {
            Format::Form => all.extend(readings::written_in(&state, "utf-8").ok_or_else(refused)?.into_bytes()),
            _ => all.extend(state.into_bytes()),
        }
        at = field.span.end;
    }
    all.extend_from_slice(body.get(at..).ok_or_else(refused)?);
    asked.replace_body(all.into());
    Ok(())
}

/// A field of a form that is called as a state is.
struct Field {
    name: String,
    value: Vec<u8>,
    /// Where the value stands.
    span: Range<usize>,
}

fn is_twice(fields: &[Field]) -> bool {
    let earlier = |number: usize, name: &str| fields[..number].iter().any(|other| other.name == name);
    fields.iter().enumerate().any(|(number, field)| earlier(number, &field.name))
}

/// Those of a plain form, whatever charset it is in.
fn plain(body: &[u8], is_meant: &dyn Fn(&str) -> bool) -> Vec<Field> {
    let mut at = 0;
    let mut fields = Vec::new();
    for part in body.split(|byte| *byte == b'&') {
        let (begin, end) = (at, at + part.len());
        at = end + 1;
        let length = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let decoded = |raw: &[u8]| {
            let spaced: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            percent_decode(&spaced).collect::<Vec<u8>>()
        };
        let name = String::from_utf8_lossy(&decoded(&part[..length])).into_owned();
        if is_meant(&name) {
            let from = (begin + length + 1).min(end);
            fields.push(Field { name, value: decoded(&body[from..end]), span: from..end });
        }
    }
    fields
}

/// Those of a form in parts.
fn in_parts(body: &[u8], names: &[String]) -> Result<Vec<Field>, Refusal> {
    let mut fields: Vec<Field> = Vec::new();
    for name in names {
        let found = parts::whose_head_holds(body, name).ok_or_else(refused)?;
        for part in found {
            // A longer name holds this one too: `__VIEWSTATE` of `__VIEWSTATEGENERATOR`.
            let called = if part.is_called { Some(name) } else { called(body, &part.part, names) };
            let Some(name) = called else { return Err(refused()) };
            let value = body.get(part.body.clone()).unwrap_or_default().to_vec();
            if fields.iter().all(|field| field.span != part.body) {
                fields.push(Field { name: name.clone(), value, span: part.body });
            }
        }
    }
    Ok(fields)
}

/// The other of these names that a part's head says.
fn called<'n>(body: &[u8], part: &Range<usize>, names: &'n [String]) -> Option<&'n String> {
    let head = body.get(part.clone()).unwrap_or_default();
    names.iter().find(|name| memmem::find(head, format!("name=\"{name}\"").as_bytes()).is_some())
}

/// A name as the laxest of servers would read it.
fn alike(name: &str) -> String {
    name.split('[').next().unwrap_or_default().trim().to_lowercase()
}

fn parts_of<'b>(name: &'b str, bound: &'b [Vec<u8>]) -> Vec<&'b [u8]> {
    [STATE, name.as_bytes()].into_iter().chain(bound.iter().map(Vec::as_slice)).collect()
}

/// Moment, length and text, in whole steps.
fn packed(state: &str, now: i64) -> Option<Vec<u8>> {
    let length = u32::try_from(state.len()).ok()?;
    let mut all = [&now.to_be_bytes()[..], &length.to_be_bytes(), state.as_bytes()].concat();
    all.resize(all.len().next_multiple_of(STEP), 0);
    Some(all)
}

fn unpacked(packed: &[u8], now: i64) -> Option<String> {
    let (issued, rest) = packed.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<{ HEAD_BYTES - 8 }>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let state = String::from_utf8(rest.get(..length)?.to_vec()).ok()?;
    is_good(i64::from_be_bytes(*issued), now).then_some(state)
}

fn refused() -> Refusal {
    Refusal::new(Reason::Veil, NOTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_good_for_a_working_day_and_its_length_tells_little() {
        const DAY: i64 = 12 * 60 * 60;
        let now = 1_000_000;
        for state in ["", "x", "/wEPDwUK=="] {
            let packed = packed(state, now).expect("short");
            assert_eq!(packed.len(), STEP);
            assert_eq!(unpacked(&packed, now + DAY).as_deref(), Some(state));
            assert_eq!(unpacked(&packed, now + DAY + 1), None);
            assert_eq!(unpacked(&packed[..11], now), None);
        }
    }

    #[test]
    fn fields_are_known_by_their_names_whatever_their_charset() {
        let is_meant = |name: &str| alike(name) == "__viewstate";
        let told = |body: &str| {
            let fields = plain(body.as_bytes(), &is_meant).into_iter();
            fields.map(|field| (field.name, body[field.span].to_owned())).collect::<Vec<_>>()
        };
        let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(told("a=%83%8D&__VIEWSTATE=x%3D&b"), one("__VIEWSTATE", "x%3D"));
        assert_eq!(told("__VIEW%53TATE=x"), one("__VIEWSTATE", "x"));
        assert_eq!(told("__viewstate[]=x"), one("__viewstate[]", "x"));
        assert_eq!(told("__VIEWSTATE"), one("__VIEWSTATE", ""));
        assert_eq!(told("__VIEWSTATEGENERATOR=x&a=__VIEWSTATE"), vec![]);
    }
}
