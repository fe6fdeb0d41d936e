//! What stands beside a page's text: attributes, comments, scripts, and what browsers skip.

use std::ops::Range;

use crate::format::html::attribute::{Attributes, Use, is_run, use_of};
use crate::format::html::broken::{begin_at, is_plain_name, left};
use crate::format::html::element::{Role, Tag, number};
use crate::format::html::embed::{Context, Source, trimmed};
use crate::format::html::held::Word;
use crate::format::html::marks;
use crate::format::html::page::{Eyes, Page};
use crate::format::html::run::{Item, Run};
use crate::format::html::show::Names;
use crate::format::html::start::{Written, is_mark};
use crate::format::inside;
use crate::terms::leaf::{Part, Piece};
use crate::terms::place::PlaceId;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::Refusal;

impl Page {
    /// Shows the attributes of the element that was just opened.
    pub(super) fn attributes(
        &mut self,
        written: &Written<'_>,
        places: &[(PlaceId, String)],
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let behind = self.tag_name(written.begin, written.text, 1, written.attributes, eyes)?;
        if written.attributes.list.is_empty() {
            return Ok(());
        }
        let loose = begin_at(&written.attributes.list, behind);
        let taken = self.loose_names(written.begin, written.text, loose, eyes)?;
        let names = self.names();
        for one in &written.attributes.list {
            let name = written.text[one.name.clone()].to_ascii_lowercase();
            let at = |(id, wanted): &(PlaceId, String)| (*wanted == name).then_some(*id);
            let context = Context { names: names.clone(), places: places.iter().filter_map(at).collect() };
            let Some((span, quote)) = one.value.as_ref().filter(|(span, _)| span.start >= behind) else { continue };
            if let Some(span) = left(span, &taken) {
                self.attribute(written, (span, *quote), &name, context, eyes)?;
            }
        }
        Ok(())
    }

    /// Shows the attributes of an end tag, which browsers skip.
    pub(super) fn stray_attributes(
        &mut self,
        begin: usize,
        text: &str,
        attributes: &Attributes,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let behind = self.tag_name(begin, text, 2, attributes, eyes)?;
        let taken = self.loose_names(begin, text, begin_at(&attributes.list, behind), eyes)?;
        let values = attributes.list.iter().filter_map(|one| one.value.as_ref());
        for (span, quote) in values.filter(|(span, _)| span.start >= behind) {
            let Some(span) = left(span, &taken) else { continue };
            let source = Source::attribute(&text[span.clone()], begin + span.start, *quote);
            self.whole(&source, 0..source.text.len(), Part::Attribute, &Context::default(), eyes)?;
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        written: &Written<'_>,
        (span, quote): (Range<usize>, Quote),
        name: &str,
        mut context: Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let source = Source::attribute(&written.text[span.clone()], written.begin + span.start, quote);
        let whole = 0..source.text.len();
        // What no page calls so is nobody's structure, whatever it begins with.
        let what = match use_of(written.tag.role, name, written.is_custom()) {
            Use::Structure if !is_plain_name(name) => Use::Read,
            Use::Read | Use::Aside if is_run(name, &source.text) => Use::Script,
            what => what,
        };
        let is_marked = what == Use::Control && (written.tag.role != Role::Input || is_mark(&written.input()));
        if what == Use::Aside || is_marked {
            context.names = Names::default();
        }
        if matches!(what, Use::Read | Use::Aside) && (written.is_custom() || name.starts_with("data-")) {
            context.names.near.extend(own_name(name, &source.text).filter(|name| self.words.know(name)));
        }
        // What browsers show of a choice in place of its text.
        let is_shown = name == "label" && matches!(written.tag.role, Role::Option | Role::Optgroup);
        if is_shown || (name == "value" && !is_code(&source.text)) {
            let names = self.choice_names(written);
            context.names.near.extend(names.into_iter().filter(|name| self.words.know(name)));
        }
        if what == Use::Read && matches!(name, "value" | "content") {
            let labels = if written.is_custom() { OWN_LABELS } else { &OWN_LABELS[..1] };
            let names = labels.iter().filter_map(|label| written.word(label)).filter(|name| self.words.know(name));
            context.names.near.extend(names);
        }
        if let Some(at) = refresh(written, name, &source.text) {
            return self.url(&source, at, &context, eyes);
        }
        match what {
            // No id, class or style has a tag in it: its quote was lost, and what follows is read with it.
            Use::Structure | Use::Style if source.text.contains('<') => {
                context.names = Names::default();
                self.whole(&source, whole, Part::Attribute, &context, eyes)
            }
            Use::Structure => {
                context.names = Names::default();
                self.whole(&source, whole, Part::Id, &context, eyes)
            }
            Use::Style => self.style(&source, &context, eyes),
            Use::Script => self.script(&source, &context, eyes),
            Use::Page => self.nested(&source, Part::Attribute, &context, eyes),
            Use::Url => self.url(&source, 0, &context, eyes),
            Use::Control | Use::Read | Use::Aside if self.json(&source, whole.clone(), &context, eyes)? => Ok(()),
            Use::Control | Use::Read | Use::Aside if self.marked_up(&source, &context, eyes)? => Ok(()),
            Use::Control | Use::Read | Use::Aside if self.object(&source, &context, eyes)? => Ok(()),
            Use::Control if !is_marked => self.control_value(written, &source, &context, eyes),
            Use::Read | Use::Aside if is_url(&source.text) => self.url(&source, 0, &context, eyes),
            Use::Control | Use::Read | Use::Aside => {
                let part = self.part_of(written.tag, name, &source.text, &context);
                self.whole(&source, whole, part, &context, eyes)
            }
        }
    }

    /// What an attribute is: the value itself where it says to programs, or of a picture, what its element says to
    /// people, and a label that is known stands at that.
    fn part_of(&self, tag: Tag, name: &str, text: &str, context: &Context) -> Part {
        const PICTURE: u64 = number("img");
        const GAUGES: [u64; 2] = [number("meter"), number("progress")];
        const DATA: u64 = number("data");
        const TIME: u64 = number("time");
        const SORTED_BY: [&str; 4] = ["data-order", "data-sort", "data-sort-value", "data-value"];
        let is_value = !tag.foreign
            && match name {
                "alt" => tag.name == PICTURE,
                "value" => GAUGES.contains(&tag.name) || (tag.name == DATA && !is_short(text)),
                "datetime" => tag.name == TIME,
                _ => SORTED_BY.contains(&name) && !is_short(text),
            };
        let is_labelled = is_value && context.names.near.iter().any(|name| self.words.know(name));
        if is_labelled { Part::Value } else { Part::Attribute }
    }

    /// Shows a page or XML that an attribute holds, where nothing says what that is as a whole. Gives whether it
    /// does.
    fn marked_up(&mut self, source: &Source<'_>, context: &Context, eyes: &mut Eyes<'_>) -> Result<bool, Refusal> {
        let is_value = self.is_value(context);
        Ok(!is_value && self.markup(source, 0..source.text.len(), Part::Attribute, context, eyes)?)
    }

    /// The same of an object that only scripts can read. Gives whether it is one.
    fn object(&mut self, source: &Source<'_>, context: &Context, eyes: &mut Eyes<'_>) -> Result<bool, Refusal> {
        let is_object = !self.is_value(context) && inside::is_object(&source.text, &self.words);
        if is_object {
            self.script(source, context, eyes)?;
        }
        Ok(is_object)
    }

    /// Whether a name that is known, or a place, says what a text is as a whole.
    fn is_value(&self, context: &Context) -> bool {
        !context.places.is_empty() || context.names.near.iter().any(|name| self.words.know(name))
    }

    /// The names of what a choice would send: its own, or those of the list that it stands in. What is read
    /// beside it is another text.
    fn choice_names(&self, written: &Written<'_>) -> Vec<Word> {
        match written.tag.role {
            Role::Input if matches!(&*written.input(), "checkbox" | "radio") => {
                written.word("name").into_iter().collect()
            }
            Role::Button => written.word("name").into_iter().collect(),
            Role::Option | Role::Optgroup => {
                let list = self.open.iter().rev().find(|open| open.tag.role == Role::Select);
                list.map(|list| list.names.clone()).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn control_value(
        &mut self,
        written: &Written<'_>,
        source: &Source<'_>,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let Some((text, piece)) = source.leaf(0..source.text.len()) else { return Ok(()) };
        let mut held = self.bare(text, Part::Value, vec![piece]);
        held.names = context.names.near.clone();
        held.above = context.names.above.clone();
        held.places = context.places.clone();
        held.itself = context.places.clone();
        held.loosen = loosen(written);
        self.deliver(held, eyes)
    }

    /// Shows that a control stands here, even if it holds nothing: a place that is empty has not
    /// gone from the page.
    pub(super) fn empty_control(&mut self, end: usize, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let names = self.names();
        if names.near.is_empty() {
            return Ok(());
        }
        let piece = Piece { span: end..end, at: 0, quotes: Quotes::one(Quote::Verbatim) };
        let mut held = self.bare(String::new(), Part::Value, vec![piece]);
        held.names = names.near;
        held.above = names.above;
        self.deliver(held, eyes)
    }

    /// Shows a comment: data that stands in it, or its text.
    pub(super) fn comment(&mut self, span: Range<usize>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let raw = eyes.raw;
        let inner = comment_text(raw.slice(span.clone()));
        let text = raw.slice(span.start + inner.start..span.start + inner.end);
        let source = Source::comment(text, span.start + inner.start);
        let mut inside = trimmed(text, 0..text.len());
        if self.json(&source, inside.clone(), &Context::default(), eyes)? {
            return Ok(());
        }
        let page = conditional(text, inside.clone());
        if holds_tags(&text[page.clone()]) && !text[page.clone()].starts_with(['>', '-']) {
            let source = Source::comment(&text[page.clone()], span.start + inner.start + page.start);
            return self.nested(&source, Part::Comment, &Context::default(), eyes);
        }
        // What begins so would end a comment, if it stood at its beginning.
        if text[inside.clone()].starts_with(['>', '-']) {
            inside = 0..text.len();
        }
        self.whole(&source, inside, Part::Comment, &Context::default(), eyes)
    }

    /// Shows what a doctype says beside `html`.
    pub(super) fn doctype(&mut self, span: Range<usize>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let raw = eyes.raw;
        let text = raw.slice(span.clone());
        let plain = text.to_ascii_lowercase();
        if plain.trim_start_matches("<!doctype").trim_end_matches('>').trim() == "html" {
            return Ok(());
        }
        self.remainder(span, eyes)
    }

    /// Shows what browsers skip: a tag that the end of the page cuts off.
    pub(super) fn remainder(&mut self, span: Range<usize>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let raw = eyes.raw;
        let source = Source::raw(raw.slice(span.clone()), span.start);
        let whole = trimmed(&source.text, 0..source.text.len());
        self.whole(&source, whole, Part::Comment, &Context::default(), eyes)
    }

    /// Shows a script or a style sheet in a drawing, where browsers read references in it. Gives whether the
    /// run is one.
    pub(super) fn drawn_script(&mut self, run: &Run, eyes: &mut Eyes<'_>) -> Result<bool, Refusal> {
        let Some(open) = self.open.last().filter(|open| open.tag.foreign) else { return Ok(false) };
        let role = open.tag.role;
        if !matches!(role, Role::Script | Role::Style) {
            return Ok(false);
        }
        let raw = eyes.raw;
        for item in &run.items {
            let Item::Text { span, literal, .. } = item else { continue };
            let text = raw.slice(span.clone());
            let source = if *literal { Source::raw(text, span.start) } else { Source::text(text, span.start) };
            match role {
                Role::Script => self.script(&source, &Context::default(), eyes)?,
                _ => self.style(&source, &Context::default(), eyes)?,
            }
        }
        Ok(true)
    }

    /// Shows a text that is nothing but data, where nothing says what it is as a whole. Gives whether it is.
    pub(super) fn data_text(&mut self, run: &Run, eyes: &mut Eyes<'_>) -> Result<bool, Refusal> {
        let [Item::Text { span, literal: false, .. }] = run.items.as_slice() else { return Ok(false) };
        let raw = eyes.raw;
        let text = raw.slice(span.clone());
        // Most texts begin otherwise, also where a reference writes that.
        if !text.trim_start().starts_with(['{', '[', '(', '&', '<']) {
            return Ok(false);
        }
        let context = Context { names: self.names(), places: self.places_here() };
        if self.is_value(&context) {
            return Ok(false);
        }
        let source = Source::text(text, span.start);
        let whole = trimmed(&source.text, 0..source.text.len());
        let is_data = self.json(&source, whole.clone(), &context, eyes)? || self.object(&source, &context, eyes)?;
        Ok(is_data || self.markup(&source, whole, Part::Text, &context, eyes)?)
    }

    /// Shows the text of a script of that type.
    fn script_text(
        &mut self,
        source: &Source<'_>,
        trimmed: Range<usize>,
        script: &str,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        if is_markup(script) {
            return self.nested(source, Part::Script, context, eyes);
        }
        let data = unwrapped(&source.text, trimmed.clone());
        if script.contains("json") && self.json(source, data, context, eyes)? {
            return Ok(());
        }
        if is_program(script) {
            return self.script(source, context, eyes);
        }
        self.whole(source, trimmed, Part::Script, context, eyes)
    }

    /// Shows the text of a script, a style sheet or the like, which ends.
    pub(super) fn raw_text(&mut self, span: Range<usize>, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let raw = eyes.raw;
        let source = Source::raw(raw.slice(span.clone()), span.start);
        let trimmed = trimmed(&source.text, 0..source.text.len());
        let nowhere = Context::default();
        let Some(open) = self.open.last() else { return self.whole(&source, trimmed, Part::Text, &nowhere, eyes) };
        let script = open.script.clone();
        let role = open.tag.role;
        let context = match role {
            // What a selector finds around a script does not mean that.
            Role::Script | Role::Style => Context { names: Names::default(), places: open.places.clone() },
            _ => Context { names: self.names(), places: self.places_here() },
        };
        match role {
            Role::Script => {
                self.marks = marks::of(&source.text, span.start);
                let read = self.script_text(&source, trimmed, &script, &context, eyes);
                self.marks = Vec::new();
                read
            }
            Role::Markup => self.nested(&source, Part::Text, &context, eyes),
            Role::Style => self.style(&source, &context, eyes),
            _ => self.whole(&source, trimmed, Part::Text, &context, eyes),
        }
    }
}

/// What of an input would refuse a veil: its type and its pattern.
fn loosen(written: &Written<'_>) -> Vec<(Range<usize>, &'static str)> {
    let mut loosen = Vec::new();
    for one in &written.attributes.list {
        let Some((span, quote)) = &one.value else { continue };
        let name = &written.text[one.name.clone()];
        let closing = usize::from(*quote != Quote::HtmlBare);
        if name.eq_ignore_ascii_case("pattern") {
            let end = (span.end + closing).min(written.text.len());
            loosen.push((written.begin + one.name.start..written.begin + end, ""));
        } else if name.eq_ignore_ascii_case("type") && is_strict(&written.text[span.clone()]) {
            loosen.push((written.begin + span.start..written.begin + span.end, "text"));
        }
    }
    loosen
}

/// Attributes by which an element says what its value is: its name, and what a page's own elements call it to people.
const OWN_LABELS: &[&str] = &["name", "label", "field-label", "placeholder"];

/// Where in the `content` of a `<meta http-equiv=refresh>` the address stands.
fn refresh(written: &Written<'_>, name: &str, text: &str) -> Option<usize> {
    let is_meta = written.tag.role == Role::Meta && name == "content";
    is_meta.then(|| written.value("http-equiv"))?.filter(|told| told.trim().eq_ignore_ascii_case("refresh"))?;
    let named = text.to_ascii_lowercase().find("url=").map(|at| at + "url=".len());
    // Browsers follow `0;/next` as well.
    let at = named.or_else(|| Some(text.find([';', ','])? + 1))?;
    Some(at + text[at..].len() - text[at..].trim_start_matches(['"', '\'', ' ']).len())
}

/// Whether a browser refuses or drops a value that does not suit this type of input.
fn is_strict(input: &str) -> bool {
    const STRICT: [&str; 10] =
        ["email", "url", "number", "range", "date", "time", "month", "week", "datetime-local", "color"];
    STRICT.iter().any(|strict| input.trim().eq_ignore_ascii_case(strict))
}

/// The name that an attribute of a page's own making gives to its value, unless that is one word such as
/// programs name things by: `data-tel`, `:tel`.
fn own_name(name: &str, text: &str) -> Option<Word> {
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_$#.:/-".contains(&byte);
    let is_word = text.bytes().all(in_word) && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let name = ["v-bind:", ":", "data-"].iter().find_map(|before| name.strip_prefix(before)).unwrap_or(name);
    (!is_word && !name.is_empty()).then(|| Word::from(name))
}

/// Whether a text is such a mark, or a short number: a place in an order, the number of a record.
fn is_short(text: &str) -> bool {
    const DIGITS: usize = 6;
    let text = text.trim();
    is_code(text) || (text.len() <= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Whether a choice sends a mark of the form's own, and no value: a letter or two, a number with few of them,
/// a UUID. Words in lower case and short numbers are known as such to whoever judges.
fn is_code(text: &str) -> bool {
    const SHORT: usize = 3;
    const CODE: usize = 6;
    const UUID: usize = 36;
    let text = text.trim();
    let all = |wanted: fn(&u8) -> bool| text.bytes().all(|byte| wanted(&byte));
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    match text.len() {
        0..=SHORT => all(u8::is_ascii_alphanumeric),
        len if len <= CODE => {
            has_digit && all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(byte))
        }
        UUID => has_digit && all(|byte| byte.is_ascii_hexdigit() || *byte == b'-') && text.matches('-').count() == 4,
        _ => false,
    }
}

/// Whether an attribute that is not known to hold a URL holds one.
fn is_url(text: &str) -> bool {
    const STARTS: [&str; 7] = ["http://", "https://", "/", "./", "?", "mailto:", "tel:"];
    STARTS.iter().any(|start| text.starts_with(start)) && !text.contains(char::is_whitespace)
}

/// Whether a script of this type is a template that the page fills in.
fn is_markup(script: &str) -> bool {
    ["template", "html", "handlebars", "mustache"].iter().any(|word| script.contains(word))
}

/// Whether a script of this type is JavaScript, or so nearly that its strings can be told. What is in
/// another language is one text.
fn is_program(script: &str) -> bool {
    const WORDS: [&str; 7] = ["script", "module", "json", "importmap", "speculationrules", "babel", "jsx"];
    script.is_empty() || WORDS.iter().any(|word| script.contains(word))
}

/// Where the text of a comment stands in it, as browsers read it.
fn comment_text(raw: &str) -> Range<usize> {
    let Some(text) = raw.strip_prefix("<!--") else {
        let end = raw.len() - usize::from(raw.ends_with('>'));
        return 2.min(end)..end;
    };
    // One that the page's end cuts off may have `>` as its last character.
    if matches!(text, ">" | "->") {
        return 4..4;
    }
    let end = ["--!>", "-->"].iter().find_map(|close| text.strip_suffix(close)).map_or(text.len(), str::len);
    4..4 + end
}

/// The part of a comment that is a page for some browsers: `[if IE]>…<![endif]`.
fn conditional(text: &str, trimmed: Range<usize>) -> Range<usize> {
    let inside = &text[trimmed.clone()];
    let Some((condition, _)) = inside.strip_prefix("[if").and_then(|rest| rest.split_once("]>")) else {
        return trimmed;
    };
    if !is_condition(condition) {
        return trimmed;
    }
    let start = trimmed.start + "[if".len() + condition.len() + "]>".len();
    let end = text[start..trimmed.end].strip_suffix("<![endif]").map_or(trimmed.end, |page| start + page.len());
    start..end
}

/// Whether something asks what Microsoft's browsers and office programs are asked (`lt IE 9`, `gte mso 9`); anything
/// else may be a value.
fn is_condition(text: &str) -> bool {
    const WORDS: [&str; 13] =
        ["ie", "lt", "lte", "gt", "gte", "mso", "vml", "o", "pub", "ppt", "true", "false", "windowsedition"];
    let is_known = |word: &str| {
        let word = word.to_ascii_lowercase();
        let is_number = word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
        is_number || WORDS.contains(&&*word) || word.strip_prefix("support").is_some_and(|of| of.len() < 24)
    };
    let is_mark = |c: char| matches!(c, '!' | '(' | ')' | '&' | '|' | '.') || c.is_ascii_whitespace();
    text.len() <= 64 && text.split(is_mark).filter(|word| !word.is_empty()).all(is_known)
}

/// Whether tags stand in a comment: markup that was taken out of the page.
fn holds_tags(text: &str) -> bool {
    let is_tag = |(at, _): (usize, &str)| text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphabetic);
    text.contains('>') && text.match_indices('<').any(is_tag)
}

/// The part of a script that scripts once hid from old browsers in a comment.
fn unwrapped(text: &str, trimmed: Range<usize>) -> Range<usize> {
    let Some(inner) = text[trimmed.clone()].strip_prefix("<!--") else { return trimmed };
    let inner = inner.strip_suffix("-->").unwrap_or(inner);
    trimmed.start + 4..trimmed.start + 4 + inner.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_ends_where_browsers_end_it() {
        for (raw, text) in [
            ("<!--a-->", "a"),
            ("<!--a--!>", "a"),
            ("<!-->", ""),
            ("<!--->", ""),
            ("<!--a>", "a>"),
            ("<!--a<b>", "a<b>"),
            ("<!--a", "a"),
            ("<?a>", "a"),
        ] {
            assert_eq!(&raw[comment_text(raw)], text, "{raw}");
        }
    }

    #[test]
    fn a_choice_may_send_a_code() {
        for code in ["1", "on", "A", "JP", "M1", "JP-13", "12345", "550e8400-e29b-41d4-a716-446655440000"] {
            assert!(is_code(code), "{code}");
        }
        for value in ["東京", "Taro", "TARO", "090-1234-5678", "M-12345678", "a@b.example", "1 2", "----"] {
            assert!(!is_code(value), "{value}");
        }
    }
}
