//! What a page carries of a form for its way back: what its controls held, and what staff was given of that.
//!
//! It is what the page read once more would tell, so a form that brings it along is compared with it in the same
//! way, and with nothing else. Whom and what it is for is not said in here: it opens for nobody else.
//!
//! ```text
//! 1   layout
//! 8   when it was issued, in seconds since 1970
//! …   charset of the page; type, id and way into the ledger of whom it is about; whether its ids must come
//! …   each name: how many controls, each with its sort, its kind and its values
//! …   how many tokens that look like values the page shows, and each of them
//! …   zeros to whole steps
//! ```
//!
//! How long that is must not tell what is hidden: of what staff sees it is what that is long, of the rest a power of two.

use std::collections::BTreeSet;
use std::ops::Range;

use zeroize::Zeroizing;

use super::controls::{Given, IssuedForm, Slot};
use super::is_locked;
use super::who::names_a_record;
use crate::format::html::forms::{Control, Form, Sort};
use crate::guard::inbound::Inbound;
use crate::policy::plan::Plan;
use crate::terms::disclosure::{InLedger, Subject};
use crate::terms::kind::{KindId, Kinds};

/// For how many seconds a form may be sent: a working day.
pub const LASTS: i64 = 12 * 60 * 60;

/// How far the clocks of two gateways may be apart.
const SKEW: i64 = 5 * 60;

/// Lengths are whole steps, so that they tell little.
const STEP: usize = 256;

/// Each value takes at least so many bytes, and a power of two of them.
const VALUE_STEP: usize = 64;

/// The longest text that is sealed: what leaves is a third longer, and no more than 64 KiB.
const BYTES_MAX: usize = 47 << 10;

const LAYOUT: u8 = 3;

/// How many tokens of a page go with it.
const TOKENS_MAX: usize = 64;

/// A form as it was issued.
pub struct SealedForm {
    /// The charset of its page.
    pub charset: String,
    /// Whom its page was about.
    pub subject: Subject,
    /// When, in seconds since 1970.
    pub issued: i64,
    /// Its controls.
    pub form: IssuedForm,
}

/// Where a form leads.
#[derive(Clone, Copy)]
pub struct Lead<'a> {
    /// What decides there.
    pub plan: &'a Plan,
    /// Whether it says itself whom it is about.
    pub says_whom: bool,
    /// Tokens that look like values and that the page shows.
    pub tokens: &'a BTreeSet<String>,
    /// Whether a rule may have taken something out of the page: then every form gets a seal, since one without
    /// would say that there was nothing to take out of it.
    pub takes_out: bool,
}

/// Whether what a page brought along may still be sent.
pub fn is_good(issued: i64, now: i64) -> bool {
    issued <= now.saturating_add(SKEW) && now <= issued.saturating_add(LASTS)
}

impl SealedForm {
    /// What of a form goes with it. Nothing where nothing of it is veiled, looks like a veil or may not be changed, where
    /// the two forms differ in controls, or where neither the form nor its address says whom it is about.
    pub fn of(
        (original, veiled): (Form, Form),
        kinds: &[(Range<usize>, KindId)],
        lead: Lead<'_>,
        charset: &str,
        subject: &Subject,
        issued: i64,
    ) -> Option<SealedForm> {
        let mut form = IssuedForm::of(original, veiled, kinds)?;
        let id = subject.id.as_deref()?;
        form.anchor(id);
        form.anchors_must_come = !lead.says_whom;
        if form.anchors_must_come && form.anchors.is_empty() {
            return None;
        }
        if lead.tokens.len() > TOKENS_MAX {
            return None;
        }
        form.tokens.clone_from(lead.tokens);
        let mut helps = lead.takes_out;
        for (name, slots) in &mut form.fields {
            let is_needed = is_needed(lead, name, slots);
            helps |= is_needed;
            if !(is_needed || form.anchors.contains(name) || names_a_record(name)) {
                // What a control is says that it may not be changed by rules that are still to come.
                slots.iter_mut().for_each(|slot| slot.values.clear());
            }
        }
        form.fields.retain(|_, slots| slots.iter().any(|slot| slot.kind.is_some() || !slot.values.is_empty()));
        let subject = subject.clone();
        helps.then(|| SealedForm { charset: charset.to_owned(), subject, issued, form })
    }

    /// Whether it may still be sent.
    pub fn is_good_at(&self, now: i64) -> bool {
        is_good(self.issued, now)
    }

    /// As bytes, for whoever seals them; nothing where they are too long.
    pub fn packed(&self, kinds: &Kinds) -> Option<Zeroizing<Vec<u8>>> {
        // All of it at once: a buffer that moves would leave values behind it.
        let mut out = Packer(Zeroizing::new(Vec::with_capacity(BYTES_MAX)));
        out.bytes(&[LAYOUT])?;
        out.bytes(&self.issued.to_be_bytes())?;
        out.text(&self.charset)?;
        out.text(&self.subject.kind)?;
        out.text(self.subject.id.as_deref()?)?;
        let in_ledger = match self.subject.in_ledger {
            InLedger::ByItsForm => 0,
            InLedger::InClear => 1,
            InLedger::Hashed => 2,
        };
        out.bytes(&[in_ledger, u8::from(self.form.anchors_must_come)])?;
        out.count(self.form.fields.len())?;
        for (name, slots) in &self.form.fields {
            out.text(name)?;
            out.bytes(&[u8::from(self.form.anchors.contains(name))])?;
            out.count(slots.len())?;
            slots.iter().try_for_each(|slot| out.slot(slot, kinds))?;
        }
        out.count(self.form.tokens.len())?;
        self.form.tokens.iter().try_for_each(|token| out.padded(token))?;
        let length = out.0.len().next_multiple_of(STEP);
        let Packer(mut packed) = out;
        (length <= BYTES_MAX).then(|| {
            packed.resize(length, 0);
            packed
        })
    }

    /// Reads those bytes; nothing where they say something else.
    pub fn unpacked(plain: &[u8], kinds: &Kinds) -> Option<SealedForm> {
        let mut read = Unpacker(plain);
        (read.byte()? == LAYOUT).then_some(())?;
        let issued = i64::from_be_bytes(read.array()?);
        let (charset, kind, id) = (read.text()?, read.text()?, read.text()?);
        let in_ledger = match read.byte()? {
            0 => InLedger::ByItsForm,
            1 => InLedger::InClear,
            2 => InLedger::Hashed,
            _ => return None,
        };
        let mut form = IssuedForm { anchors_must_come: read.flag()?, came_along: true, ..IssuedForm::default() };
        for _ in 0..read.count()? {
            let name = read.text()?;
            if read.flag()? {
                form.anchors.insert(name.clone());
            }
            let slots = (0..read.count()?).map(|_| read.slot(kinds)).collect::<Option<Vec<Slot>>>()?;
            form.fields.insert(name, slots);
        }
        form.tokens = (0..read.count()?).map(|_| read.padded()).collect::<Option<_>>()?;
        let is_padded = read.0.len() < STEP && read.0.iter().all(|byte| *byte == 0);
        let subject = Subject { kind, id: Some(id), in_ledger };
        is_padded.then_some(SealedForm { charset, subject, issued, form })
    }
}

/// Whether a form could be judged by a seal where it could not be without one: most hold nothing of the kind, and need not
/// be looked at any further.
pub fn may_need_a_seal(plan: &Plan, original: &Form, veiled: &Form) -> bool {
    let doubts = Inbound::new(plan, usize::MAX);
    let is_in_doubt =
        |control: &Control| control.values.iter().any(|choice| doubts.is_in_doubt(&control.name, &choice.text));
    let differ = |(original, veiled): (&Control, &Control)| original.values != veiled.values;
    let locks = plan.kinds.iter().any(|(kind, _)| is_locked(plan, kind));
    locks || original.controls.iter().zip(&veiled.controls).any(differ) || veiled.controls.iter().any(is_in_doubt)
}

/// Whether what a control held is needed to judge what comes back under its name.
fn is_needed(lead: Lead<'_>, name: &str, slots: &[Slot]) -> bool {
    let plan = lead.plan;
    let doubts = Inbound::new(plan, usize::MAX);
    // Whether something was taken out of there must not show in what else goes along.
    let may_be_empty = |given: &Given| lead.takes_out && given.veil.trim().is_empty();
    let said = |given: &Given| given.is_veiled() || may_be_empty(given) || doubts.is_in_doubt(name, &given.veil);
    let is_locked = |slot: &Slot| slot.kind.is_some_and(|kind| is_locked(plan, kind));
    slots.iter().any(|slot| is_locked(slot) || slot.values.iter().any(said))
}

/// How much room a text takes: what stands beside it, and may be staff's own, must not tell its length by the length of
/// all.
fn room(text: &str) -> usize {
    text.len().next_power_of_two().max(VALUE_STEP)
}

/// Bytes with a bound; each text stands behind its length.
struct Packer(Zeroizing<Vec<u8>>);

impl Packer {
    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        (self.0.len() + bytes.len() <= BYTES_MAX).then(|| self.0.extend_from_slice(bytes))
    }

    fn count(&mut self, count: usize) -> Option<()> {
        self.bytes(&u16::try_from(count).ok()?.to_be_bytes())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.count(text.len())?;
        self.bytes(text.as_bytes())
    }

    /// A text that takes as much room as others of about its length.
    fn padded(&mut self, text: &str) -> Option<()> {
        self.text(text)?;
        let end = self.0.len() + room(text) - text.len();
        (end <= BYTES_MAX).then(|| self.0.resize(end, 0))
    }

    fn slot(&mut self, slot: &Slot, kinds: &Kinds) -> Option<()> {
        let sort = match slot.sort {
            Sort::Line => 0,
            Sort::Hidden => 1,
            Sort::Lines => 2,
            Sort::Choice => 3,
            Sort::Ticks => 4,
        };
        self.bytes(&[sort, u8::from(slot.sends)])?;
        self.text(slot.kind.map_or("", |kind| kinds.get(kind).name.as_str()))?;
        self.count(slot.values.len())?;
        for given in &slot.values {
            self.bytes(&[u8::from(given.chosen), u8::from(given.is_veiled())])?;
            self.padded(&given.original)?;
            // Of a short one that is the original, too, so that this does not show.
            let is_short = given.veil.len() <= VALUE_STEP;
            self.text(if given.is_veiled() || is_short { &given.veil } else { "" })?;
        }
        Some(())
    }
}

struct Unpacker<'a>(&'a [u8]);

impl Unpacker<'_> {
    fn array<const BYTES: usize>(&mut self) -> Option<[u8; BYTES]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn count(&mut self) -> Option<usize> {
        self.array().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn padded(&mut self) -> Option<String> {
        let text = self.text()?;
        let (zeros, rest) = self.0.split_at_checked(room(&text) - text.len())?;
        self.0 = rest;
        zeros.iter().all(|byte| *byte == 0).then_some(text)
    }

    fn slot(&mut self, kinds: &Kinds) -> Option<Slot> {
        let sort = match self.byte()? {
            0 => Sort::Line,
            1 => Sort::Hidden,
            2 => Sort::Lines,
            3 => Sort::Choice,
            4 => Sort::Ticks,
            _ => return None,
        };
        let (sends, kind) = (self.flag()?, self.text()?);
        let given = |read: &mut Self| {
            let (chosen, is_veiled, original, veil) = (read.flag()?, read.flag()?, read.padded()?, read.text()?);
            let veil = if is_veiled { veil } else { original.clone() };
            Some(Given { original, veil, chosen })
        };
        let values = (0..self.count()?).map(|_| given(self)).collect::<Option<Vec<Given>>>()?;
        // A kind that the rules no longer know is none that they could speak of.
        Some(Slot { sort, sends, kind: kinds.id(&kind), values })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::format::html::forms::Choice;
    use crate::terms::kind::PHONE;

    fn form(values: &[(&str, &str)]) -> IssuedForm {
        let slot = |original: &str, veil: &str| Slot {
            sort: Sort::Lines,
            sends: true,
            kind: Some(PHONE),
            values: vec![Given { original: original.to_owned(), veil: veil.to_owned(), chosen: true }],
        };
        let mut form = IssuedForm::default();
        for (original, veil) in values {
            form.fields.entry("tel".to_owned()).or_default().push(slot(original, veil));
        }
        form.anchors.insert("tel".to_owned());
        form
    }

    fn sealed(form: IssuedForm) -> SealedForm {
        let subject = Subject { kind: "customer".into(), id: Some("42".into()), in_ledger: InLedger::Hashed };
        SealedForm { charset: "Shift_JIS".into(), subject, issued: 1_000_000, form }
    }

    #[test]
    fn what_is_packed_is_read_again_and_its_length_tells_little() {
        let kinds = Kinds::builtin();
        let mut lengths = BTreeMap::new();
        for original in ["", "1", "090-1234-5678", "山田 太郎"] {
            let packed = sealed(form(&[(original, "****"), ("x", "x")])).packed(&kinds).expect("short");
            *lengths.entry(packed.len()).or_insert(0) += 1;
            let again = SealedForm::unpacked(&packed, &kinds).expect("read");
            assert_eq!((again.charset.as_str(), again.issued), ("Shift_JIS", 1_000_000));
            assert_eq!(again.subject, sealed(form(&[])).subject);
            assert!(again.form.anchors.contains("tel") && !again.form.anchors_must_come);
            let slots = &again.form.fields["tel"];
            let given = |slot: &Slot| (slot.values[0].original.clone(), slot.values[0].veil.clone(), slot.kind);
            assert_eq!(given(&slots[0]), (original.to_owned(), "****".to_owned(), Some(PHONE)));
            assert_eq!(given(&slots[1]), ("x".to_owned(), "x".to_owned(), Some(PHONE)));
            for cut in [0, 1, 20, packed.len() - STEP] {
                assert!(SealedForm::unpacked(&packed[..cut], &kinds).is_none(), "cut at {cut}");
            }
        }
        assert_eq!(lengths, BTreeMap::from([(STEP, 4)]));
        let long = "x".repeat(BYTES_MAX);
        assert!(sealed(form(&[(&long, "****")])).packed(&kinds).is_none());
    }

    #[test]
    fn it_is_good_for_a_working_day() {
        let sealed = sealed(form(&[]));
        for (now, is_good) in [(0, false), (-SKEW - 1, false), (-SKEW, true), (LASTS, true), (LASTS + 1, false)] {
            let now = if now == 0 { 0 } else { sealed.issued + now };
            assert_eq!(sealed.is_good_at(now), is_good, "{now}");
        }
    }

    #[test]
    fn two_forms_of_other_controls_are_none() {
        let control = |name: &str| Control {
            name: name.to_owned(),
            sort: Sort::Line,
            sends: true,
            span: 0..1,
            values: vec![Choice { text: "1".to_owned(), chosen: true }],
        };
        let form = |name: &str| Form {
            action: String::new(),
            charsets: None,
            is_plain: true,
            is_in_doubt: false,
            end: None,
            controls: vec![control(name)],
        };
        assert!(IssuedForm::of(form("a"), form("b"), &[]).is_none());
        assert!(IssuedForm::of(form("a"), form("a"), &[]).is_some());
    }
}
