//! What a text that begins with `<` may be: its elements tell a page from data.
//!
//! Both have elements called `table`, `form` or `a`, and data may hold a page in a section of their own. So
//! it counts which element comes first, whether one is there that no page has, and whether somebody knows
//! the names; sections, comments and instructions say nothing of what stands around them.

use crate::terms::words::Words;

/// Elements by which a page is told from data: those that mark what is read, and are no names of fields.
const MARKUP: &[&str] = &[
    "html", "head", "body", "div", "span", "table", "thead", "tbody", "tr", "td", "th", "ul", "ol", "li", "dl", "dt",
    "dd", "p", "br", "hr", "a", "b", "i", "u", "em", "strong", "font", "h1", "h2", "h3", "h4", "h5", "h6", "form",
    "input", "select", "option", "textarea", "button", "label", "fieldset", "legend", "img", "script", "style",
    "center", "pre", "small", "section", "article", "wbr", "!doctype",
];

/// The other elements of pages, whose names are names of fields as well.
const OTHERS: &[&str] = &[
    "abbr",
    "address",
    "area",
    "aside",
    "audio",
    "base",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "canvas",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "del",
    "details",
    "dfn",
    "dialog",
    "embed",
    "figcaption",
    "figure",
    "footer",
    "frame",
    "frameset",
    "g",
    "header",
    "iframe",
    "ins",
    "kbd",
    "link",
    "main",
    "map",
    "mark",
    "menu",
    "meta",
    "meter",
    "nav",
    "noframes",
    "noscript",
    "object",
    "optgroup",
    "output",
    "param",
    "path",
    "picture",
    "progress",
    "q",
    "rect",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "source",
    "strike",
    "sub",
    "summary",
    "sup",
    "svg",
    "template",
    "tfoot",
    "time",
    "title",
    "tt",
    "use",
    "var",
    "video",
];

/// Whether a text is marked up as pages are, from its first character on or at its end.
pub fn is_markup(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('<') && text.contains('>') && parts(text).any(|part| part.is_page)
}

/// Whether pages have an element of this name.
pub fn is_element(name: &str) -> bool {
    is_one_of(MARKUP, name) || is_one_of(OTHERS, name)
}

/// Whether a page shows a text otherwise than as it is written: it has elements of pages, or references.
pub(super) fn is_marked_up(text: &str) -> bool {
    const REFERENCE_BYTES: usize = 32;
    let is_reference = |at: usize| {
        let rest = &text.as_bytes()[at + 1..];
        let length =
            rest.iter().take(REFERENCE_BYTES).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#');
        let length = length.count();
        length > 1 && (rest.get(length) == Some(&b';') || rest.starts_with(b"#"))
    };
    let ends = |(at, _): (usize, &str)| {
        let rest = &text[at + 2..];
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        is_one_of(MARKUP, &rest[..end])
    };
    parts(text).any(|part| part.is_page || part.tag.name.starts_with("!--"))
        || text.match_indices("</").any(ends)
        || memchr::memchr_iter(b'&', text.as_bytes()).any(is_reference)
}

/// What the tags of a text say of it.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// An element of pages stands in it, outside of sections and comments.
    pub(super) has_markup: bool,
    /// One stands in it somewhere.
    pub(super) has_any_markup: bool,
    /// Its first element is one of pages.
    pub(super) begins_as_page: bool,
    /// Somebody knows a name in it that no page has, or that means what it says: of an element, or of an
    /// attribute.
    pub(super) is_named: bool,
    /// The same of a name that pages have as well: `address`.
    pub(super) may_be_named: bool,
    /// Where each tag begins, and whether it is one of pages.
    tags: Vec<(usize, bool)>,
    /// Whether the commonest names of pages are names of fields, too.
    counts_all: bool,
}

impl Look {
    /// Looks at a text that begins with `<`.
    pub(super) fn at(text: &str, words: &Words) -> Look {
        let mut look = Look { has_any_markup: is_markup(text), ..Look::default() };
        let mut first = None;
        let (mut is_foreign, mut is_alike) = (false, false);
        for part in parts(text).filter(|part| !part.aside) {
            let Tag { name, rest } = part.tag;
            look.has_markup |= part.is_page;
            if name.starts_with('!') {
                first = first.or(part.is_page.then_some((name, false)));
                continue;
            }
            let is_other = is_one_of(OTHERS, name);
            let is_of_pages = part.is_page || is_other;
            first.get_or_insert((name, !is_of_pages));
            let knows = words.know(local(name));
            is_foreign |= !is_of_pages;
            is_alike |= knows && is_of_pages;
            look.may_be_named |= knows && is_other;
            look.is_named |= !is_of_pages && (knows || attributes(rest).any(|name| words.know(local(name))));
            look.tags.push((part.at, is_of_pages));
        }
        let Some((name, is_odd)) = first else { return look };
        // `<Table>` is nobody's page, and a page that begins with `<address>` has no other elements than its own.
        let is_page = name.starts_with('!') || (!is_odd && is_plain(name));
        look.begins_as_page = is_page && !(is_foreign && is_one_of(OTHERS, name));
        look.counts_all = is_foreign || !look.begins_as_page;
        look.is_named |= is_alike && look.counts_all;
        look.may_be_named |= look.is_named;
        look
    }

    /// Whether the name of an element is one of a field here.
    pub(super) fn counts(&self, name: &str, words: &Words) -> bool {
        words.know(name) && (self.counts_all || !is_one_of(MARKUP, name))
    }

    /// Whether the tag around this offset is one of a page's element.
    pub(super) fn is_of_page(&self, at: usize) -> bool {
        let behind = self.tags.partition_point(|(begin, _)| *begin <= at);
        behind.checked_sub(1).is_some_and(|last| self.tags[last].1)
    }
}

/// A tag: its name, and what stands behind it up to the next one.
#[derive(Clone, Copy)]
struct Tag<'t> {
    name: &'t str,
    rest: &'t str,
}

struct Told<'t> {
    at: usize,
    tag: Tag<'t>,
    /// It stands in a section or a comment.
    aside: bool,
    /// Its name is one of a page.
    is_page: bool,
}

/// The tags that begin in a text, those in sections and comments too.
fn parts(text: &str) -> impl Iterator<Item = Told<'_>> {
    let mut aside = 0;
    // What is not closed is looked for once.
    let mut open = [true; 3];
    memchr::memchr_iter(b'<', text.as_bytes()).filter_map(move |at| {
        let rest = &text[at + 1..];
        if at >= aside {
            let marks = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
            for (open, (begin, end)) in open.iter_mut().zip(marks) {
                if *open && rest.starts_with(begin) {
                    let length = memchr::memmem::find(rest.as_bytes(), end.as_bytes());
                    *open = length.is_some();
                    aside = length.map_or(aside, |length| at + length);
                }
            }
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '!' | ':' | '-' | '_' | '.');
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let behind = memchr::memchr2(b'<', b'>', rest.as_bytes()).unwrap_or(rest.len());
        let is_tag = name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '!'));
        let is_page = is_one_of(MARKUP, name) && (!name.starts_with('!') || is_html(rest));
        let tag = Tag { name, rest: &rest[..behind] };
        is_tag.then_some(Told { at, tag, aside: at < aside, is_page })
    })
}

/// Whether a doctype is that of a page, whatever else it says.
fn is_html(rest: &str) -> bool {
    rest.trim_start().get(..4).is_some_and(|name| name.eq_ignore_ascii_case("html"))
}

/// The names of the attributes in a tag, and perhaps words of their values.
fn attributes(rest: &str) -> impl Iterator<Item = &str> {
    rest.split('=').map(|before| {
        let before = before.trim_end();
        let begin = before.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        begin.map_or(before, |begin| before[begin..].trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_'))
    })
}

/// Whether a name is written as those of pages are.
fn is_plain(name: &str) -> bool {
    let has = |is: fn(&u8) -> bool| name.as_bytes().iter().any(is);
    !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase))
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::words::Length;

    fn look(text: &str) -> Look {
        let mut words = Words::default();
        ["name", "address", "label"].into_iter().for_each(|name| words.add(name, Length::Line));
        Look::at(text, &words)
    }

    #[test]
    fn a_page_is_told_from_data_by_its_elements() {
        for text in ["<table><tr>", " <p>a</p>", "<x><td>", "<!DOCTYPE html>", "<BR/>a"] {
            assert!(is_markup(text), "{text}");
        }
        for text in
            ["<name>a</name>", "<3 you", "<a@b.example", "a <p>", "<address>x</address>", "{\"a\":1}", "<!DOCTYPE c>"]
        {
            assert!(!is_markup(text), "{text}");
        }
    }

    #[test]
    fn what_a_page_shows_otherwise_is_marked_up() {
        for text in ["090<b>-1</b>", "a<br>b", "&#48;90", "a &amp; b", "x</p>", "&#x30"] {
            assert!(is_marked_up(text), "{text}");
        }
        for text in ["a < b", "AT&T", "a&b=c", "<taro@example.jp>", "1 <2", "R&D ok", "&"] {
            assert!(!is_marked_up(text), "{text}");
        }
    }

    #[test]
    fn sections_and_comments_say_nothing_of_what_is_around() {
        for text in ["<c><![CDATA[<p>]]></c>", "<c><!-- <p> --></c>", "<?p <p> ?><c/>", "<!DOCTYPE c><c/>"] {
            let look = look(text);
            assert!(!look.has_markup && !look.begins_as_page, "{text}");
        }
        let open = look("<c><!-- <p>");
        assert!(open.has_markup && open.has_any_markup);
    }

    #[test]
    fn a_page_begins_with_an_element_of_its_own() {
        for (text, begins) in [
            ("<!DOCTYPE html><x-a>", true),
            ("<?xml version=\"1.0\"?><!-- c --><html>", true),
            ("<TABLE>", true),
            ("<Table>", false),
            ("<c><p>", false),
            ("<address><br>", true),
            ("<address><br><c>", false),
        ] {
            assert_eq!(look(text).begins_as_page, begins, "{text}");
        }
    }

    #[test]
    fn names_count_where_they_are_no_page_s() {
        for (text, is_named) in [
            ("<a><name>x</name></a>", true),
            ("<a><n:name>x</n:name></a>", true),
            ("<c name='x'/>", true),
            ("<c a = \"1\" name = 'x'/>", true),
            ("<p><input name=\"x\"></p>", false),
            ("<p><address>x</address></p>", false),
            ("<address>x<br></address>", false),
            ("<address>x</address><c/>", true),
            ("<Table><address>x</address></Table>", true),
            ("<a><c/><label>x</label></a>", true),
            ("<p>name=<b>x</b></p>", false),
        ] {
            assert_eq!(look(text).is_named, is_named, "{text}");
        }
        assert!(look("<p><address>x</address></p>").may_be_named && !look("<p><label>x</label></p>").may_be_named);
    }
}
