//! A write in JSON beside the record as it stands in the CRM and as staff gets it.

use std::ops::Range;

use super::lists::{IDS, pairs};
use super::{Doubt, Doubts, Fill, Home, RESTORED, Scope, Settled, Why};
use crate::format::json::nodes::{self, Is, Member, Node, find};
use crate::policy::plan::Plan;
use crate::terms::kind::KindId;
use crate::terms::refusal::{Reason, Refusal};

/// What is said where something that a rule takes out of answers could be lost.
const TORN: &str =
    "a list in the body was changed so that nobody can tell which of its members are which; nothing was saved";

/// A record as the CRM answered, and as staff would get that answer now.
pub struct Issued {
    /// The answer, and where its values stand.
    text: String,
    original: Node,
    veiled: Node,
    /// What the values of the original are, in its order.
    kinds: Vec<(Range<usize>, KindId)>,
}

impl Issued {
    /// Takes the same answer twice; nothing where it cannot be compared with anything.
    pub fn new(original: String, veiled: &str, kinds: Vec<(Range<usize>, KindId)>, depth: usize) -> Option<Issued> {
        let (read, veiled) = (nodes::read(&original, depth)?, nodes::read(veiled, depth)?);
        Some(Issued { original: read, text: original, veiled, kinds })
    }

    /// What stands in a value.
    fn kinds_in(&self, original: &Node) -> impl Iterator<Item = KindId> {
        let from = self.kinds.partition_point(|(span, _)| span.start < original.span.start);
        let end = original.span.end;
        self.kinds[from..].iter().take_while(move |(span, _)| span.end <= end).map(|(_, kind)| *kind)
    }

    /// Makes a write whole again. `plan` is the write's own; `subject` is the id of whom it is about.
    pub fn restore(
        &self,
        plan: &Plan,
        doubts: &Doubts,
        written: &str,
        subject: &str,
        depth: usize,
    ) -> Result<Home, Refusal> {
        let Some(root) = nodes::read(written, depth) else {
            return Err(doubts.refuse(plan));
        };
        let settled = Settled::default();
        let mut merge = Merge {
            issued: self,
            plan,
            subject,
            below: false,
            scope: doubts.scope,
            settled,
            torn: false,
            locked: None,
        };
        merge.node(&root, &self.original, Some(&self.veiled));
        if let Some(kind) = merge.locked {
            let doubt = Doubt { span: 0..0, kind: Some(kind), why: Why::ReadOnly };
            return Err(doubt.refuse(plan));
        }
        if merge.torn {
            return Err(Refusal::new(Reason::Veil, TORN));
        }
        merge.settled.finish(plan, &doubts.leaves)
    }
}

struct Merge<'a> {
    issued: &'a Issued,
    plan: &'a Plan,
    subject: &'a str,
    /// Whether the node that is looked at lies in another.
    below: bool,
    scope: Scope,
    settled: Settled,
    /// Whether something that a rule takes out of answers may be lost.
    torn: bool,
    /// A kind that staff may not change, of which something is missing.
    locked: Option<KindId>,
}

impl Merge<'_> {
    /// A value that staff writes where the original stands; without a veil the member was taken out of
    /// what staff got.
    fn node(&mut self, written: &Node, original: &Node, veiled: Option<&Node>) {
        let Some(veiled) = veiled else {
            if written.is_blank() {
                self.back(written, original);
            }
            return;
        };
        match (&written.is, &original.is, &veiled.is) {
            (Is::Object(w), Is::Object(o), Is::Object(v)) => self.object((written, w), o, v),
            (Is::List(w), Is::List(o), Is::List(v)) => self.list(w, o, v),
            (Is::Object(_) | Is::List(_), ..) | (_, Is::Object(_) | Is::List(_), _) => {}
            // What staff gets in clear and leaves as it is may look like anything.
            _ if original.is_same(veiled) && written.is_same(original) => self.settled.kept.push(written.span.clone()),
            _ if !original.is_same(veiled) && is_unchanged(written, veiled) => self.back(written, original),
            // What stood there was there to see: staff has emptied the field.
            _ if written.is_blank() => self.settled.own.push(written.span.clone()),
            _ => {}
        }
    }

    /// The original goes home, as the CRM wrote it.
    fn back(&mut self, written: &Node, original: &Node) {
        self.settled.kept.push(written.span.clone());
        if !written.is_same(original) {
            let text = self.issued.text[original.span.clone()].to_owned();
            self.settled.home.fills.push(Fill { span: written.span.clone(), text });
            self.count(original);
        }
    }

    fn count(&mut self, original: &Node) {
        for kind in self.issued.kinds_in(original) {
            self.settled.home.counts.add(kind, RESTORED, 1);
        }
    }

    /// Staff has taken this out.
    fn lost(&mut self, original: &Node) {
        let is_locked = |kind: &KindId| self.plan.every(*kind).any(|own| own.readonly);
        self.locked = self.locked.or_else(|| self.issued.kinds_in(original).find(is_locked));
    }

    fn object(&mut self, (node, written): (&Node, &[Member]), original: &[Member], veiled: &[Member]) {
        if !self.is_itself(written, original, veiled) {
            // Nothing of this one is that one's. A document that replaces it takes its place on purpose,
            // unless it is the record itself.
            self.torn |= !self.below && self.scope == Scope::All;
            return;
        }
        let whole = self.below || self.scope == Scope::All;
        let below = std::mem::replace(&mut self.below, true);
        for member in written {
            let Some(own) = find(original, &member.name) else { continue };
            if is_another(&member.name, written, original) {
                continue;
            }
            let issued = find(veiled, &member.name);
            if issued.is_some() {
                self.settled.kept.push(member.at.clone());
            }
            self.node(&member.value, &own.value, issued.map(|issued| &issued.value));
        }
        self.below = below;
        if whole {
            let left_out = |own: &&Member| find(veiled, &own.name).is_some() && find(written, &own.name).is_none();
            original.iter().filter(left_out).for_each(|own| self.lost(&own.value));
        }
        let is_gone = |own: &&Member| find(veiled, &own.name).is_none() && find(written, &own.name).is_none();
        let gone: Vec<&Member> = original.iter().filter(is_gone).collect();
        if !whole || gone.is_empty() {
            return;
        }
        // A member whose name became another was not taken out.
        if veiled.iter().any(|issued| find(original, &issued.name).is_none()) {
            self.torn = true;
        } else {
            self.put(node, written.is_empty(), &gone);
        }
    }

    /// Puts members back that a rule took out of what staff got.
    fn put(&mut self, node: &Node, is_empty: bool, gone: &[&Member]) {
        let text = |member: &&Member| {
            let (name, value) = (&self.issued.text[member.at.clone()], &self.issued.text[member.value.span.clone()]);
            format!("{name}:{value}")
        };
        let all: Vec<String> = gone.iter().map(text).collect();
        let comma = if is_empty { "" } else { "," };
        let end = node.span.end - 1;
        self.settled.home.fills.push(Fill { span: end..end, text: format!("{comma}{}", all.join(",")) });
        gone.iter().for_each(|member| self.count(&member.value));
    }

    /// Whether an object is about what the other is about: an id of its own is what it was.
    fn is_itself(&self, written: &[Member], original: &[Member], veiled: &[Member]) -> bool {
        IDS.into_iter().all(|id| {
            let Some(said) = find(written, id) else { return true };
            match (find(original, id), find(veiled, id)) {
                // Not the original: who guesses it would be told by what becomes of the write.
                (Some(_), Some(issued)) => said.value.is_same(&issued.value),
                _ => !self.below && matches!(&said.value.is, Is::Text(text) | Is::Bare(text) if text == self.subject),
            }
        })
    }

    fn list(&mut self, written: &[Node], original: &[Node], veiled: &[Node]) {
        let pairs = pairs(written, original, veiled);
        let below = std::mem::replace(&mut self.below, true);
        for (node, at) in written.iter().zip(&pairs).filter_map(|(node, at)| Some((node, (*at)?))) {
            self.node(node, &original[at], Some(&veiled[at]));
        }
        self.below = below;
        let unpaired = |at: &usize| !pairs.contains(&Some(*at));
        (0..original.len()).filter(unpaired).for_each(|at| self.lost(&original[at]));
        let lost = |at: usize| !pairs.contains(&Some(at)) && loses(&original[at], &veiled[at]);
        if self.scope != Scope::Nothing && pairs.contains(&None) && original.len() == veiled.len() {
            self.torn |= (0..original.len()).any(lost);
        }
    }
}

/// Whether a member beside says that this one is of somebody else now: `contact_id` of `contact`.
fn is_another(name: &str, written: &[Member], original: &[Member]) -> bool {
    [format!("{name}_id"), format!("{name}Id"), format!("{name}_uuid")].iter().any(|id| {
        let (said, was) = (find(written, id), find(original, id));
        said.is_some_and(|said| was.is_none_or(|was| !said.value.is_same(&was.value)))
    })
}

/// Whether a leaf is the veil that was issued; tools write one nothing for another.
fn is_unchanged(written: &Node, veiled: &Node) -> bool {
    written.is_same(veiled) || (written.is_blank() && veiled.is_blank())
}

/// Whether a rule takes something out of what staff gets of this.
fn loses(original: &Node, veiled: &Node) -> bool {
    match (&original.is, &veiled.is) {
        (Is::Object(o), Is::Object(v)) => {
            o.iter().any(|own| find(v, &own.name).is_none_or(|issued| loses(&own.value, &issued.value)))
        }
        (Is::List(o), Is::List(v)) => o.len() != v.len() || o.iter().zip(v).any(|(o, v)| loses(o, v)),
        _ => false,
    }
}
