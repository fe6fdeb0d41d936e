//! A write in JSON or XML beside the record as it stands in the CRM and as staff gets it.

use std::collections::HashMap;
use std::ops::Range;

use super::lists::{IDS, Pairs, pairs, tells};
use super::shown::{Gathered, Likenesses, Shown};
use super::who::{self, About};
use super::{Doubt, Doubts, Fill, Home, RESTORED, Scope, Settled, hollow, is_locked, removes_a_field, within};
use crate::format::json::nodes::{self, Is, Member, Node, find};
use crate::format::xml::nodes::{self as xml, Document};
use crate::policy::plan::Plan;
use crate::terms::action::Action;
use crate::terms::disclosure::Subject;
use crate::terms::kind::KindId;
use crate::terms::refusal::{Reason, Refusal};

/// What is said where something that a rule takes out of answers could be lost.
const TORN: &str =
    "the body was changed so that what a rule takes out could be lost or come to somebody else; nothing was saved";

/// What is said where members of a list may have been exchanged which staff may not change.
const MOVED: &str =
    "members of a list that is read-only stand elsewhere, and nothing tells them apart; nothing was saved";

/// A record as the CRM answered, and as staff would get that answer now.
pub struct Issued {
    /// The answer, and where its values stand.
    text: String,
    original: Node,
    veiled: Node,
    /// The same under keys of before: what staff may still hold.
    older: Vec<Node>,
    /// What the values of the original are, in its order.
    kinds: Vec<(Range<usize>, KindId)>,
    /// What an XML document says of its root, where it is one.
    xml: Option<Root>,
}

/// The root of an XML document: its name, and what the document says of namespaces.
#[derive(PartialEq, Eq)]
struct Root(String, Vec<String>);

/// Reads a document in XML.
fn read_xml(text: &str, depth: usize) -> Option<(Root, Node)> {
    let Document { name, root, spaces } = xml::read(text, depth)?;
    Some((Root(name, spaces), root))
}

impl Issued {
    /// Takes the same answer twice; nothing where it cannot be compared with anything.
    pub fn new(original: String, veiled: &str, kinds: Vec<(Range<usize>, KindId)>, depth: usize) -> Option<Issued> {
        let (read, veiled) = (nodes::read(&original, depth)?, nodes::read(veiled, depth)?);
        Some(Issued { original: read, text: original, veiled, older: Vec::new(), kinds, xml: None })
    }

    /// The same of XML.
    pub fn of_xml(original: String, veiled: &str, kinds: Vec<(Range<usize>, KindId)>, depth: usize) -> Option<Issued> {
        let ((root, read), (other, veiled)) = (read_xml(&original, depth)?, read_xml(veiled, depth)?);
        let issued = Issued { original: read, text: original, veiled, older: Vec::new(), kinds, xml: Some(root) };
        (issued.xml.as_ref() == Some(&other)).then_some(issued)
    }

    /// The same of which staff may still hold what it was given so; nothing where that is no such document.
    pub fn shown_before(mut self, older: &[impl AsRef<str>], depth: usize) -> Option<Issued> {
        self.older = older.iter().map(|text| self.read(text.as_ref(), depth)).collect::<Option<_>>()?;
        Some(self)
    }

    /// A write of the same form.
    fn read(&self, written: &str, depth: usize) -> Option<Node> {
        let Some(own) = &self.xml else { return nodes::read(written, depth) };
        let (root, node) = read_xml(written, depth)?;
        (root == *own).then_some(node)
    }

    /// What stands in a value.
    fn kinds_in(&self, original: &Node) -> impl Iterator<Item = KindId> {
        let from = self.kinds.partition_point(|(span, _)| span.start < original.span.start);
        let end = original.span.end;
        self.kinds[from..].iter().take_while(move |(span, _)| span.end <= end).map(|(_, kind)| *kind)
    }

    /// The tokens that look like values in what staff gets.
    fn shown(&self, plan: &Plan, doubts: &Doubts) -> Option<Shown> {
        if !doubts.has_tokens() {
            return None;
        }
        let likes = Likenesses::of(plan);
        let mut all = Gathered::new(&likes);
        let is_like = |all: &Gathered<'_>, node: &Node| self.kinds_in(node).any(|kind| all.is_of(kind));
        for veiled in [&self.veiled].into_iter().chain(&self.older) {
            all.nodes(&self.original, veiled, &is_like);
        }
        Shown::of(all.tokens)
    }

    /// Makes a write whole again. `plan` is the write's own; `subject` is whom it is about.
    pub fn restore(
        &self,
        plan: &Plan,
        doubts: &Doubts,
        written: &str,
        subject: &Subject,
        depth: usize,
    ) -> Result<Home, Refusal> {
        let Some(root) = self.read(written, depth) else {
            return Err(doubts.refuse(plan));
        };
        let about = About { kind: &subject.kind, id: subject.id.as_deref().unwrap_or_default() };
        let mut merge = Merge {
            issued: self,
            written,
            plan,
            about,
            removes: removes_a_field(plan),
            doubts: doubts.leaves.iter().filter_map(|doubt| Some((doubt.span.start, doubt.kind?))).collect(),
            below: false,
            by_place: false,
            scope: doubts.scope,
            settled: Settled { shown: self.shown(plan, doubts), ..Settled::default() },
            torn: false,
            nulls: doubts.nulls,
            hollow: false,
            locked: None,
            moved: false,
        };
        merge.node(&root, &self.original, Some(&self.veiled));
        if let Some(kind) = merge.locked {
            let doubt = Doubt::locked(0..0, Some(kind));
            return Err(doubt.refuse(plan));
        }
        if merge.moved {
            return Err(Refusal::new(Reason::Veil, MOVED));
        }
        if merge.torn {
            return Err(Refusal::new(Reason::Veil, TORN));
        }
        if merge.hollow {
            return Err(hollow());
        }
        let home = merge.settled.finish(plan, &doubts.leaves)?;
        let lands_elsewhere = self.xml.is_some() && !home.fills.is_empty() && xml::refers_to_itself(written, depth);
        if lands_elsewhere { Err(doubts.refuse(plan)) } else { Ok(home) }
    }
}

struct Merge<'a> {
    issued: &'a Issued,
    /// What staff writes.
    written: &'a str,
    plan: &'a Plan,
    about: About<'a>,
    /// Whether a rule takes a field out of answers. What could lose such a field is refused whether there is
    /// one or not: otherwise whoever asks often enough would know who has one.
    removes: bool,
    /// The kinds of what is in doubt, by where it begins.
    doubts: HashMap<usize, KindId>,
    /// Whether the node that is looked at lies in another.
    below: bool,
    /// Whether it lies in a member of a list that may be somebody else's: nothing goes home there.
    by_place: bool,
    scope: Scope,
    settled: Settled,
    /// Whether something that a rule takes out of answers may be lost.
    torn: bool,
    /// Whether a `null` of the write may be a number that was veiled, and whether there is one of which nobody
    /// knows whose place it has.
    nulls: bool,
    hollow: bool,
    /// A kind that staff may not change, of which something is missing.
    locked: Option<KindId>,
    /// Whether something of such a kind stands elsewhere in its list.
    moved: bool,
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
            (Is::Object(w), Is::Object(o), Is::Object(v)) => self.object((written, w), (original, o), v),
            (Is::List(w), Is::List(o), Is::List(v)) => self.list((written, w), (original, o), v),
            (Is::Object(_) | Is::List(_), ..) | (_, Is::Object(_) | Is::List(_), _) => {
                // What is sent to a list is a new member of it.
                if self.below {
                    self.unknown(written, [veiled]);
                }
                self.replaced(original);
            }
            // What staff gets in clear and leaves as it is may look like anything.
            _ if original.is_same(veiled) && written.is_same(original) => self.settled.kept.push(written.span.clone()),
            _ if !original.is_same(veiled) && is_unchanged(written, veiled) => self.back(written, original),
            (Is::Text(said), Is::Text(own), Is::Text(given)) if self.among(written, (said, own, given)) => {
                self.count(original);
            }
            // What stood there was there to see: staff has emptied the field.
            _ if written.is_blank() => self.settled.own.push(written.span.clone()),
            // A document in a text is taken whole, with what staff does not see of it.
            (Is::Text(said), _, Is::Text(text)) if holds_members(text) => {
                self.torn |= self.removes && self.scope != Scope::Nothing;
                let is_in = |text: &String| text.contains("null");
                self.hollow |= self.nulls && !original.is_same(veiled) && is_in(said) && is_in(text);
            }
            (_, _, Is::Text(text)) if holds_members(text) => self.torn |= self.removes && self.scope != Scope::Nothing,
            _ => {}
        }
    }

    /// Something else stands where an object or a list stood, or one of those where a value stood.
    fn replaced(&mut self, original: &Node) {
        self.lost(original);
        let is_scalar = matches!(original.is, Is::Text(_) | Is::Bare(_));
        self.torn |= self.removes && !is_scalar && self.scope != Scope::Nothing;
    }

    /// Of this nobody knows which of those it is: a `null` in it may be one that stands for a number there.
    fn unknown<'n>(&mut self, written: &Node, veiled: impl IntoIterator<Item = &'n Node>) {
        let texts = self.removes;
        self.hollow |=
            self.nulls && holds_nothing(written, texts) && veiled.into_iter().any(|one| holds_nothing(one, texts));
    }

    /// The original goes home, as the CRM wrote it.
    fn back(&mut self, written: &Node, original: &Node) {
        if self.by_place {
            self.hollow |= self.nulls && written.is_blank();
            return;
        }
        if !written.is_same(original) {
            let Some(text) = self.text_of(original, &written.span) else { return };
            self.settled.home.fills.push(Fill { span: written.span.clone(), text });
            self.count(original);
        }
        self.settled.kept.push(written.span.clone());
    }

    /// A text of staff's own in which whole tokens stand that it was given there; says whether it is one.
    fn among(&mut self, written: &Node, (said, own, given): (&str, &str, &str)) -> bool {
        let is_plain = !self.by_place && self.issued.xml.is_none() && own != given;
        let text = if is_plain { within::whole(said, own, given) } else { None };
        let Some(text) = text.and_then(|text| serde_json::to_string(&text).ok()) else { return false };
        self.settled.home.among.push(written.span.clone());
        self.settled.home.fills.push(Fill { span: written.span.clone(), text });
        self.settled.own.push(written.span.clone());
        true
    }

    /// An original as it is written in the place of a span.
    fn text_of(&mut self, original: &Node, span: &Range<usize>) -> Option<String> {
        let text = &self.issued.text[original.span.clone()];
        if self.issued.xml.is_none() {
            return Some(text.to_owned());
        }
        let Is::Text(read) = &original.is else { return None };
        self.settled.home.texts.push(read.clone());
        xml::written(text, self.written, span)
    }

    fn count(&mut self, original: &Node) {
        let mut kinds: Vec<KindId> = self.issued.kinds_in(original).collect();
        if let (true, Is::Text(text) | Is::Bare(text)) = (kinds.is_empty(), &original.is) {
            let mut found = Vec::new();
            self.plan.detectors.find(text, &mut found);
            kinds.extend(found.iter().map(|found| found.kind));
        }
        kinds.into_iter().for_each(|kind| self.settled.home.counts.add(kind, RESTORED, 1));
    }

    /// Staff has taken this out.
    fn lost(&mut self, original: &Node) {
        let is_locked = |kind: &KindId| self.plan.every(*kind).any(|own| own.readonly);
        self.locked = self.locked.or_else(|| self.issued.kinds_in(original).find(is_locked));
    }

    fn object(&mut self, (node, written): (&Node, &[Member]), (own, original): (&Node, &[Member]), veiled: &[Member]) {
        if written.is_empty() && original.is_empty() {
            return self.settled.kept.push(node.span.clone());
        }
        let whole = self.below || self.scope == Scope::All;
        if !who::is_itself(written, original, veiled, Some(self.about).filter(|_| !self.below)) {
            // Nothing of this one is that one's. A document that replaces it takes its place on purpose,
            // unless it is the record itself.
            self.torn |= !self.below && self.scope != Scope::Nothing;
            written.iter().for_each(|said| self.unknown(&said.value, veiled.iter().map(|issued| &issued.value)));
            if whole {
                self.lost(own);
            }
            return;
        }
        let below = std::mem::replace(&mut self.below, true);
        for member in written {
            let Some(own) = find(original, &member.name) else {
                self.nothing_there(&member.value);
                continue;
            };
            let issued = find(veiled, &member.name);
            if who::is_another(&member.name, written, veiled) {
                self.unknown(&member.value, issued.map(|issued| &issued.value));
                continue;
            }
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
        if !whole {
            return;
        }
        // Of what may be somebody else nobody can say what was taken out.
        if self.by_place {
            self.torn |= self.removes && self.scope != Scope::Nothing;
            return;
        }
        // Tools leave out elements that are empty, as those are of which a rule took the text out.
        let is_left_out = |issued: &Member| issued.value.is_blank() && find(written, &issued.name).is_none();
        if self.issued.xml.is_some() {
            let may_lose = self.removes && self.scope != Scope::Nothing;
            self.torn |= may_lose && (!gone.is_empty() || veiled.iter().any(is_left_out));
            return;
        }
        if gone.is_empty() {
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

    /// Nothing where nothing was changes nothing, and must not tell that nothing was.
    fn nothing_there(&mut self, written: &Node) {
        let in_doubt = |at: usize| self.doubts.get(&at);
        let kind = in_doubt(written.span.start).or_else(|| in_doubt(written.span.start + 1));
        let is_removed = |kind: &KindId| self.plan.every(*kind).any(|own| own.action == Action::Remove);
        if !self.by_place && written.is_blank() && kind.is_some_and(is_removed) {
            self.settled.kept.push(written.span.clone());
        }
    }

    fn list(&mut self, (node, written): (&Node, &[Node]), (own, original): (&Node, &[Node]), veiled: &[Node]) {
        let is_unchanged = written.len() == veiled.len() && written.iter().zip(veiled).all(|(w, v)| w.is_same(v));
        if original.len() != veiled.len() && is_unchanged {
            return self.back(node, own);
        }
        if written.is_empty() && original.is_empty() {
            self.settled.kept.push(node.span.clone());
        } else if written.is_empty() {
            // With all that stood in it, which was there to see.
            self.settled.own.push(node.span.clone());
        }
        let Pairs { of: pairs, by_place, certain } = pairs(written, original, veiled);
        self.moved |= self.has_moved(&pairs, original, veiled);
        let below = std::mem::replace(&mut self.below, true);
        let around = self.by_place;
        for (number, (node, at)) in written.iter().zip(&pairs).enumerate() {
            let Some(at) = *at else {
                let open = (0..veiled.len()).filter(|at| !pairs.contains(&Some(*at)));
                self.unknown(node, open.map(|at| &veiled[at]));
                continue;
            };
            self.by_place = around || by_place == Some(number);
            self.node(node, &original[at], Some(&veiled[at]));
        }
        (self.below, self.by_place) = (below, around);
        let unpaired = |at: &usize| !pairs.contains(&Some(*at));
        (0..original.len()).filter(unpaired).for_each(|at| self.lost(&original[at]));
        // Whether a rule took something out of the one that is gone must not show.
        let is_scalar = |at: usize| matches!(original[at].is, Is::Text(_) | Is::Bare(_));
        let may_lose = |at: usize| !is_scalar(at) || veiled[at].is_blank();
        if self.removes && self.scope != Scope::Nothing && !certain && pairs.contains(&None) {
            self.torn |= (0..original.len()).filter(unpaired).any(may_lose);
        }
    }
}

impl Merge<'_> {
    /// Whether a member of a list stands elsewhere which holds what staff may not change, and nothing but its place
    /// tells which one it is.
    fn has_moved(&self, pairs: &[Option<usize>], original: &[Node], veiled: &[Node]) -> bool {
        let is_locked = |node: &Node| self.issued.kinds_in(node).any(|kind| is_locked(self.plan, kind));
        let mut moved = pairs.iter().enumerate().filter_map(|(number, at)| at.filter(|at| *at != number));
        if !moved.any(|at| original.get(at).is_some_and(is_locked)) {
            return false;
        }
        let named = |node: &Node, name: &str| node.member(name).is_some_and(|member| is_locked(&member.value));
        let is_told_by = |name: &str| tells(name, original, veiled) && !original.iter().any(|node| named(node, name));
        let first =
            veiled.first().and_then(|node| if let Is::Object(members) = &node.is { Some(members) } else { None });
        let mut names = first.into_iter().flatten().map(|member| member.name.as_str()).chain(IDS);
        !names.any(is_told_by)
    }
}

/// Whether a text is a document that holds others.
fn holds_members(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && nodes::read(text, TEXT_DEPTH).is_some_and(|node| matches!(node.is, Is::Object(_) | Is::List(_)))
}

/// Whether a value is or holds a `null`, or, where those count, an empty text.
fn holds_nothing(node: &Node, texts: bool) -> bool {
    match &node.is {
        Is::Text(_) => texts && node.is_blank(),
        Is::Bare(_) => node.is_blank(),
        Is::List(nodes) => nodes.iter().any(|node| holds_nothing(node, texts)),
        Is::Object(members) => members.iter().any(|member| holds_nothing(&member.value, texts)),
    }
}

/// How deep a document in a text may be nested; one that is deeper is not read by walkers either.
const TEXT_DEPTH: usize = 128;

/// Whether a leaf is the veil that was issued; tools write one nothing for another.
fn is_unchanged(written: &Node, veiled: &Node) -> bool {
    written.is_same(veiled) || (written.is_blank() && veiled.is_blank())
}
