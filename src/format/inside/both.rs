//! A document that can be read as XML and as a page: what each reading shows of it, without one hiding what
//! the other knows.
//!
//! In XML the name of an element says what it holds, in a page a label does. Texts that overlap belong
//! together, since two edits of one text cannot both be made: they are shown as the elements of XML where the
//! name of one is known, with the labels that the page has for them, and as the page's elsewhere.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::format::inside::look::Look;
use crate::terms::leaf::{Leaf, Member, Part, Piece, Sink};
use crate::terms::names::Names;
use crate::terms::quote::Quote;
use crate::terms::refusal::Refusal;
use crate::terms::words::Words;

/// A leaf that is kept until both readings are known. It holds a value, so it has no `Debug`.
struct Kept {
    text: String,
    part: Part,
    pieces: Vec<Piece>,
    names: Vec<Box<str>>,
    above: Vec<Box<str>>,
    member: Option<Member>,
    objects: Vec<u32>,
    loosen: Vec<(Range<usize>, &'static str)>,
    /// Whether it is a text that holds a document which can be read: its leaves come behind it.
    document: Option<bool>,
}

/// The leaves of one reading.
#[derive(Default)]
pub(super) struct Reading(Vec<Kept>);

impl Kept {
    fn of(leaf: &Leaf<'_>, document: Option<bool>) -> Kept {
        Kept {
            text: leaf.text.to_owned(),
            part: leaf.part,
            pieces: leaf.pieces.to_vec(),
            names: leaf.names.iter().map(Box::from).collect(),
            above: leaf.above.iter().map(Box::from).collect(),
            member: leaf.member.clone(),
            objects: leaf.objects.to_vec(),
            loosen: leaf.loosen.to_vec(),
            document,
        }
    }

    fn begin(&self) -> usize {
        self.pieces.first().map_or(0, |piece| piece.span.start)
    }

    fn spans(&self) -> impl Iterator<Item = &Range<usize>> {
        self.pieces.iter().map(|piece| &piece.span).filter(|span| !span.is_empty())
    }

    /// Whether it is shown as what XML says of it: by its name, or because a section cannot be written as text.
    fn is_own(&self, look: &Look, words: &Words) -> bool {
        let is = |quote| self.pieces.iter().any(|piece| piece.quotes.layers().last() == Some(&quote));
        let mut elements = self.names.iter().chain(&self.above);
        if is(Quote::XmlValue) {
            // What a page calls so is no field, the name of its control for one.
            let own = elements.next().is_some_and(|name| words.know(name) && !look.is_of_page(self.begin()));
            return own || elements.any(|name| look.counts(name, words));
        }
        is(Quote::XmlCdata) || elements.any(|name| look.counts(name, words))
    }

    fn told<T>(&self, tell: impl FnOnce(&Leaf<'_>) -> T) -> T {
        let names: Vec<&str> = self.names.iter().map(|name| &**name).collect();
        let above: Vec<&str> = self.above.iter().map(|name| &**name).collect();
        tell(&Leaf {
            names: Names::list(&names),
            above: Names::list(&above),
            member: self.member.clone(),
            objects: &self.objects,
            loosen: &self.loosen,
            ..Leaf::bare(&self.text, self.part, &self.pieces)
        })
    }
}

impl Sink for Reading {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.0.push(Kept::of(leaf, None));
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether it does is asked where it is shown.
    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        self.0.push(Kept::of(leaf, Some(readable)));
        Ok(readable)
    }
}

/// Shows what two readings of one text know of it.
pub(super) fn show(
    (xml, page): (Reading, Reading),
    look: &Look,
    words: &Words,
    sink: &mut dyn Sink,
) -> Result<(), Refusal> {
    let (mut xml, mut page) = (xml.0, page.0);
    let opened = xml.iter().flat_map(|kept| kept.member.iter().map(|member| member.object).chain(kept.objects.clone()));
    let opened = opened.max().map_or(0, |object| object + 1);
    for kept in &mut page {
        kept.member.iter_mut().for_each(|member| member.object += opened);
        kept.objects.iter_mut().for_each(|object| *object += opened);
    }
    let groups = groups(&xml, &page);
    let own = xml.iter().zip(&groups).filter(|(kept, _)| kept.is_own(look, words)).map(|(_, group)| *group);
    let own: BTreeSet<usize> = own.collect();
    let paged: BTreeSet<usize> = groups[xml.len()..].iter().copied().collect();
    let of_xml = |group: &usize| own.contains(group) || !paged.contains(group);
    let is_of_xml: Vec<bool> = groups.iter().map(of_xml).collect();
    label(&mut xml, &page);
    let (first, second) = is_of_xml.split_at(xml.len());
    replay(xml.iter().zip(first).filter(|(_, is)| **is).map(|(kept, _)| kept), sink)?;
    replay(page.iter().zip(second).filter(|(_, is)| !**is).map(|(kept, _)| kept), sink)
}

/// The group of each leaf, those of XML first: what overlaps, in however many steps.
fn groups(xml: &[Kept], page: &[Kept]) -> Vec<usize> {
    let count = xml.len() + page.len();
    let mut parents: Vec<usize> = (0..count).collect();
    let mut spans: Vec<(Range<usize>, usize)> = Vec::new();
    for (number, kept) in xml.iter().chain(page).enumerate() {
        spans.extend(kept.spans().map(|span| (span.clone(), number)));
    }
    spans.sort_unstable_by_key(|(span, number)| (span.start, *number));
    let (mut end, mut last) = (0, 0);
    for (span, number) in spans {
        if span.start < end {
            let (one, other) = (root(&mut parents, last), root(&mut parents, number));
            parents[one.max(other)] = one.min(other);
        }
        last = number;
        end = end.max(span.end);
    }
    (0..count).map(|number| root(&mut parents, number)).collect()
}

fn root(parents: &mut [usize], mut of: usize) -> usize {
    while parents[of] != of {
        parents[of] = parents[parents[of]];
        of = parents[of];
    }
    of
}

/// Gives the texts of XML the names that the page has for what stands there.
fn label(xml: &mut [Kept], page: &[Kept]) {
    let mut spans: Vec<(Range<usize>, &Kept)> = Vec::new();
    for kept in page.iter().filter(|kept| kept.document.is_none() && kept.part != Part::Label) {
        spans.extend(kept.spans().map(|span| (span.clone(), kept)));
    }
    spans.sort_by_key(|(span, _)| span.start);
    for kept in xml.iter_mut().filter(|kept| kept.document.is_none()) {
        let here: Vec<Range<usize>> = kept.spans().cloned().collect();
        for span in here {
            let from = spans.partition_point(|(other, _)| other.end <= span.start);
            for (_, other) in spans[from..].iter().take_while(|(other, _)| other.start < span.end) {
                let new: Vec<_> = other.names.iter().filter(|name| !kept.names.contains(name)).cloned().collect();
                kept.names.extend(new);
            }
        }
    }
}

fn replay<'k>(leaves: impl Iterator<Item = &'k Kept>, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let mut closed = 0..0;
    for kept in leaves {
        if closed.contains(&kept.begin()) {
            continue;
        }
        if let Some(readable) = kept.document {
            // What cannot be read is shown behind it as a text.
            if kept.told(|leaf| sink.opens(leaf, readable))? || !readable {
                continue;
            }
            // It is one value then, and what it holds is a part of it.
            closed = kept.pieces.first().map_or(0..0, |first| first.span.start..end(&kept.pieces));
        }
        kept.told(|leaf| sink.leaf(leaf))?;
    }
    Ok(())
}

fn end(pieces: &[Piece]) -> usize {
    pieces.last().map_or(0, |piece| piece.span.end)
}
