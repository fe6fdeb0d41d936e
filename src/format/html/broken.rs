//! Names in tags that no page gives an element or an attribute: values that lost their quotes, or stand in brackets as
//! letters have an address (`<Yamada Taro>`).

use std::ops::Range;

use crate::format::html::attribute::{Attribute, Attributes};
use crate::format::html::embed::{Context, Source};
use crate::format::html::page::{Eyes, Page};
use crate::format::inside;
use crate::terms::leaf::Part;
use crate::terms::quote::Quote;
use crate::terms::refusal::Refusal;

impl Page {
    /// Shows a name that no page gives an element: an address or a person in brackets, as letters have it (`<Yamada
    /// Taro>`). Gives where it ends, among the attributes or before them.
    pub(super) fn tag_name(
        &mut self,
        begin: usize,
        text: &str,
        start: usize,
        attributes: &Attributes,
        eyes: &mut Eyes<'_>,
    ) -> Result<usize, Refusal> {
        let mut span = start..attributes.name_end;
        let name = &text[span.clone()];
        let joined = if is_of_a_person(name) { joined(text, &attributes.list) } else { None };
        let Some(end) = joined.or((!is_element_name(name)).then_some(span.end)) else { return Ok(0) };
        span.end = end;
        let has_more = text[span.end..].trim_start() != ">";
        let quote = if has_more { Quote::HtmlTag } else { Quote::HtmlBare };
        let source = Source::attribute(&text[span.clone()], begin + span.start, quote);
        self.whole(&source, 0..source.text.len(), Part::Attribute, &Context::default(), eyes)?;
        Ok(end)
    }

    /// Shows the names of attributes that no page gives any: values that lost their quotes. Those beside one another are
    /// shown as one text. Gives where such texts stand that hold values, or begin in one.
    pub(super) fn loose_names(
        &mut self,
        begin: usize,
        text: &str,
        attributes: &[Attribute],
        eyes: &mut Eyes<'_>,
    ) -> Result<Vec<Range<usize>>, Refusal> {
        let mut taken = Vec::new();
        let mut rest = attributes;
        while let [first, others @ ..] = rest {
            let name = first.name.clone();
            if first.value.is_some() {
                if !is_plain_name(&text[name.clone()]) {
                    self.loose(begin, text, name.clone(), Part::Attribute, eyes)?;
                }
                rest = others;
            }
            let start = if first.value.is_some() { last_sign(text, first) } else { Some(name.start) };
            let Some(start) = start else { continue };
            let Some(end) = joined(text, rest) else { continue };
            let (run, behind) = rest.split_at(rest.partition_point(|one| one.name.start < end));
            rest = behind;
            if run.len() == 1 && is_plain_name(&text[start..end]) {
                continue;
            }
            let is_plain = start == name.start && run.iter().all(|one| is_programs_name(&text[one.name.clone()]));
            let part = if is_plain { Part::Id } else { Part::Attribute };
            self.loose(begin, text, start..end, part, eyes)?;
            // The sign itself belongs to neither.
            taken.push(start - usize::from(first.value.is_some())..end);
        }
        Ok(taken)
    }

    fn loose(
        &mut self,
        begin: usize,
        text: &str,
        span: Range<usize>,
        part: Part,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let source = Source::attribute(&text[span.clone()], begin + span.start, Quote::HtmlBare);
        self.whole(&source, 0..source.text.len(), part, &Context::default(), eyes)
    }
}

/// Where a name may begin in a value without quotes: behind the last sign of a tag in it.
fn last_sign(text: &str, one: &Attribute) -> Option<usize> {
    let (span, quote) = one.value.as_ref()?;
    let at = text[span.clone()].rfind('<').filter(|_| *quote == Quote::HtmlBare)?;
    Some(span.start + at + 1)
}

/// What is left of a value beside these texts.
pub(super) fn left(value: &Range<usize>, taken: &[Range<usize>]) -> Option<Range<usize>> {
    let mut over = taken.iter().filter(|text| text.start < value.end && value.start < text.end);
    match over.next() {
        None => Some(value.clone()),
        Some(text) => (value.start < text.start).then_some(value.start..text.start),
    }
}

/// Whether pages name elements so: `h1`, `my-card`, `o:p`.
fn is_element_name(name: &str) -> bool {
    const DIGITS: usize = 4;
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    digits <= DIGITS && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'_' | b'.'))
}

/// Whether a tag is called as people write names of persons, with a capital first alone, and no element is. Of what is no
/// element's name at all the end counts: signs of tags that did not end, and others, may stand before (`<i<Yamada Taro>`).
fn is_of_a_person(name: &str) -> bool {
    let before = if is_element_name(name) { None } else { name.rfind(|c: char| !c.is_ascii_alphanumeric()) };
    let name = before.map_or(name, |at| name[at..].trim_start_matches(|c: char| !c.is_ascii_alphanumeric()));
    let [first, rest @ ..] = name.as_bytes() else { return false };
    let is_name = first.is_ascii_uppercase() && !rest.is_empty() && rest.iter().all(u8::is_ascii_lowercase);
    is_name && !inside::is_element(name)
}

/// The attributes that begin there or behind.
pub(super) fn begin_at(attributes: &[Attribute], at: usize) -> &[Attribute] {
    &attributes[attributes.partition_point(|one| one.name.start < at)..]
}

/// Where a name that a tag begins with ends, if attributes belong to it: those without a value, and the name
/// of one that no program calls so. Where the sign of a tag that did not end stands in that, its value is no value, and
/// the name may go on behind it.
fn joined(text: &str, attributes: &[Attribute]) -> Option<usize> {
    let mut joined = None;
    for one in attributes {
        let Some((span, quote)) = &one.value else {
            joined = Some(one.name.end);
            continue;
        };
        if is_programs_name(&text[one.name.clone()]) {
            break;
        }
        let is_broken = *quote == Quote::HtmlBare && text[one.name.start..span.end].contains('<');
        joined = Some(if is_broken { span.end } else { one.name.end });
        if !is_broken {
            break;
        }
    }
    joined
}

/// Whether pages name attributes so, and no person is: names of attributes are in one case, those of people begin with
/// another.
fn is_programs_name(name: &str) -> bool {
    is_plain_name(name) && is_in_one_case(name)
}

/// Whether a name is in capitals, or has none.
fn is_in_one_case(name: &str) -> bool {
    let has = |is: fn(&u8) -> bool| name.as_bytes().iter().any(is);
    !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

/// Whether pages name attributes so.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b':' | b'_' | b'.'))
}
