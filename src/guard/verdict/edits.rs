//! What was judged becomes edits: a leaf's own veil, what stands in it of other leaves' values, and what only
//! looks like one.

use std::ops::Range;

use super::{Judge, Own, trimmed};
use crate::guard::disguise;
use crate::guard::elsewhere::Elsewhere;
use crate::guard::leaves::{apart, is_part_of_a_name};
use crate::guard::notes::Why;
use crate::guard::patches::{NOTHING_SHOWN, Ranked, literal, merged};
use crate::guard::program;
use crate::guard::queue::Waiting;
use crate::terms::edit::{Change, Document, Edit, Patch};
use crate::terms::kind;
use crate::terms::leaf::{Part, Piece};
use crate::terms::quote::Quote;

impl Judge<'_> {
    /// Turns a leaf's judgement and what stands in it of other leaves' values into edits.
    pub(super) fn order(&mut self, leaf: &Waiting<'_>, own: Own, elsewhere: &mut Elsewhere) {
        if leaf.document == Document::Body && self.gone.contains(&leaf.begin()) {
            return;
        }
        if leaf.flags.holds {
            return self.document(leaf, elsewhere);
        }
        let mut patches = match own {
            Own::Gone => return self.remove(leaf),
            Own::Whole(patch) => return self.replace(leaf, vec![patch]),
            Own::Ranges(patches) => patches,
        };
        let is_open = !elsewhere.is_empty() && !leaf.flags.structure && !leaf.flags.own && !program::is_word(leaf);
        if is_open && !leaf.flags.echo {
            self.alike(leaf, &mut patches);
            let parts = apart(leaf.text, leaf.pieces);
            for part in std::iter::once(0..leaf.text.len()).chain(parts) {
                elsewhere.find(&leaf.text[part.clone()], self.record(leaf), |hit| {
                    let range = part.start + hit.range.start..part.start + hit.range.end;
                    if is_part_of_a_name(&self.plan.words, leaf.text, &range) {
                        return;
                    }
                    self.tell(leaf, range.clone(), None, Why::Elsewhere);
                    let patch = Patch { range, text: hit.veil.text.to_string() };
                    patches.push(Ranked { patch, strictness: hit.veil.strictness });
                });
            }
        }
        if is_open && leaf.flags.disguised {
            disguise::each(leaf.text, |range, inner| {
                elsewhere.find(inner, self.record(leaf), |hit| {
                    // What is told of a run once is enough, whatever else it says.
                    if self.notes.is_some() && !patches.iter().any(|known| known.patch.range == range) {
                        self.tell(leaf, range.clone(), None, Why::Elsewhere);
                    }
                    let patch = Patch { range: range.clone(), text: NOTHING_SHOWN.to_owned() };
                    patches.push(Ranked { patch, strictness: hit.veil.strictness });
                });
            });
        }
        if !patches.is_empty() {
            self.replace(leaf, merged(patches));
        }
    }

    /// Numbers of a veiled one's shape look alike, whether they are that one or not.
    fn alike(&self, leaf: &Waiting<'_>, patches: &mut Vec<Ranked>) {
        use Part::{Attribute, Comment, Text, Title, Value};
        if !matches!(leaf.part, Value | Text | Title | Attribute | Comment) {
            return;
        }
        let is_note = leaf.known.is_some_and(|known| known.kind == kind::NOTES);
        self.shapes.each(leaf.text, (leaf.found, is_note), |range| {
            self.tell(leaf, range.clone(), None, Why::Elsewhere);
            patches.push(Ranked { patch: Patch { range, text: NOTHING_SHOWN.to_owned() }, strictness: u8::MAX });
        });
    }

    /// Of a text whose leaves are judged for themselves all goes if it is, or holds, a veiled value that is
    /// a document too. What begins in a string of it, or in a section, is a part of one leaf and goes with that.
    fn document(&mut self, leaf: &Waiting<'_>, elsewhere: &mut Elsewhere) {
        let mut found = false;
        if !elsewhere.is_empty() {
            // What is no JSON is looked at where the text is none either.
            let is_markup = leaf.text.trim_start().starts_with('<');
            let marks: &[char] = if is_markup { &['<'] } else { &['{', '[', '"'] };
            let mut inner = None;
            elsewhere.find(leaf.text, self.record(leaf), |hit| {
                let Range { start, end } = trimmed(&leaf.text[hit.range.clone()]);
                let hit = hit.range.start + start..hit.range.start + end;
                if !found && leaf.text[hit.clone()].starts_with(marks) {
                    let inner = inner.get_or_insert_with(|| inner_texts(leaf.text, is_markup));
                    found = !is_within(inner, &hit);
                }
            });
        }
        if found {
            let range = trimmed(leaf.text);
            self.tell(leaf, range.clone(), None, Why::Elsewhere);
            self.replace(leaf, vec![Patch { range, text: NOTHING_SHOWN.to_owned() }]);
            self.gone = leaf.begin()..leaf.pieces.last().map_or(0, |piece| piece.span.end);
        }
    }

    fn remove(&mut self, leaf: &Waiting<'_>) {
        match leaf.member.cloned() {
            Some(member) if !is_xml(leaf.pieces) => self.push(leaf, Change::Cut(member)),
            _ => {
                let range = trimmed(leaf.text);
                self.replace(leaf, vec![Patch { range, text: String::new() }]);
            }
        }
    }

    fn replace(&mut self, leaf: &Waiting<'_>, patches: Vec<Patch>) {
        let patches = match leaf.part {
            Part::Number | Part::Boolean => vec![literal(leaf.text, &patches)],
            _ => patches,
        };
        self.push(leaf, Change::Replace(patches));
    }

    fn push(&mut self, leaf: &Waiting<'_>, change: Change) {
        let (pieces, loosen) = (leaf.pieces.to_vec(), leaf.loosen.to_vec());
        let edit = Edit { document: leaf.document, pieces, change, loosen };
        if let Some(notes) = self.notes {
            notes.edited(&edit);
        }
        self.verdict.edits.push(edit);
    }
}

/// The strings of a JSON text, or the sections of XML, in their order.
fn inner_texts(text: &str, is_markup: bool) -> Vec<Range<usize>> {
    if is_markup {
        let section = |(at, begin): (usize, &str)| {
            let from = at + begin.len();
            text[from..].find("]]>").map(|length| from..from + length)
        };
        // One that is not closed ends the search.
        return text.match_indices("<![CDATA[").map_while(section).collect();
    }
    let mut strings = Vec::new();
    let mut begin = None;
    let mut is_escaped = None;
    for at in memchr::memchr2_iter(b'"', b'\\', text.as_bytes()) {
        match (text.as_bytes()[at], begin) {
            _ if is_escaped == Some(at) => is_escaped = None,
            (b'\\', _) => is_escaped = Some(at + 1),
            (_, None) => begin = Some(at + 1),
            (_, Some(from)) => {
                strings.push(from..at);
                begin = None;
            }
        }
    }
    strings
}

/// Whether a range lies in one of these.
fn is_within(ranges: &[Range<usize>], range: &Range<usize>) -> bool {
    let behind = ranges.partition_point(|known| known.start <= range.start);
    behind.checked_sub(1).is_some_and(|last| range.end <= ranges[last].end)
}

/// Whether this is XML: a call has members too, but its structs stay whole.
fn is_xml(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| matches!(piece.quotes.layers(), [Quote::XmlText | Quote::XmlCdata]))
}
