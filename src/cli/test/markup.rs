//! XML of an answer compared with XML of a test: by what it says, not by how it is written.

use std::sync::Arc;

use crate::cli::say::{Lang, texts};
use crate::format::{Format, walker};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::place::Places;
use crate::terms::refusal::Refusal;

/// The first difference, in a sentence.
pub(super) fn difference(expected: &str, got: &[u8], lang: Lang) -> Option<String> {
    let expected = match rows(expected.as_bytes()) {
        Ok(rows) => rows,
        Err(refusal) => return Some(texts::OWN_XML.with(lang, &[("why", &refusal.note)])),
    };
    let Ok(got) = rows(got) else { return Some(texts::NO_XML.of(lang).to_owned()) };
    for number in 0..expected.len().max(got.len()) {
        match (expected.get(number), got.get(number)) {
            (Some((place, text)), Some((own_place, own))) if place == own_place => {
                if text != own {
                    return Some(texts::MEMBER_IS.with(lang, &[("place", place), ("got", own), ("expected", text)]));
                }
            }
            (Some((place, _)), Some((own, _))) => {
                return Some(texts::XML_OTHER.with(lang, &[("got", own), ("place", place)]));
            }
            (Some((place, text)), None) => {
                return Some(texts::MEMBER_MISSING.with(lang, &[("place", place), ("expected", text)]));
            }
            (None, own) => return own.map(|(own, _)| texts::XML_MORE.with(lang, &[("place", own)])),
        }
    }
    None
}

/// Every text and attribute with its place, in order.
fn rows(xml: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let mut rows = Rows(Vec::new());
    let mut walker = walker(Format::Xml, &Arc::new(Places::default()), &Bounds::default())?;
    walker.write(xml, &mut rows)?;
    walker.end(&mut rows)?;
    Ok(rows.0)
}

struct Rows(Vec<(String, String)>);

impl Sink for Rows {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if leaf.part == Part::Value {
            let way: Vec<&str> = leaf.above.iter().rev().chain(leaf.names.iter()).collect();
            self.0.push((format!("/{}", way.join("/")), leaf.text.trim().to_owned()));
        }
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_counts() {
        let expected = "<a><b>山 &amp; 田</b><c x='1'/></a>";
        let alike = "<?xml version='1.0'?>\n<a>\n <b><![CDATA[山 & 田]]></b>\n <c x=\"1\"></c></a>";
        assert_eq!(difference(expected, alike.as_bytes(), Lang::En), None);
        for (got, told) in [
            ("<a><b>****</b><c x='1'/></a>", "/a/b is ****; expected 山 & 田"),
            ("<a><b>山 &amp; 田</b></a>", "/x is missing; expected 1"),
            ("<a><b>山 &amp; 田</b><c x='1'/><d/></a>", "/a/d is more than expected"),
            ("<a><c x='1'/></a>", "/x stands where /a/b is expected"),
            ("{}", "the answer is no XML"),
        ] {
            assert_eq!(difference(expected, got.as_bytes(), Lang::En).as_deref(), Some(told), "{got}");
        }
    }
}
