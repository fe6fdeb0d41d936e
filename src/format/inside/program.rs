//! Texts that are programs, or objects written as programs write them, outside of scripts.
//!
//! Frameworks hand code over as a text that the page runs (`<eval>` of JSF, `<evaluate>` of Wicket, a member `script`), and
//! objects in an attribute, a cell or a string as no JSON has them (`{name:'…'}`). What runs is told by what the text is
//! called; an object by its brackets, and by a name in it that somebody knows: everything else is a text.

use crate::format::script::strings;
use crate::terms::names::Names;
use crate::terms::words::Words;

/// What programs are called, in small letters.
const PROGRAMS: [&str; 8] = ["eval", "evaluate", "script", "scripts", "javascript", "js", "onclick", "onload"];

/// Whether a text may be a program: nothing personal stands in one but in its quotes.
#[inline(always)]
pub(super) fn may_be(text: &str) -> bool {
    memchr::memchr3(b'"', b'\'', b'`', text.as_bytes()).is_some()
}

/// Whether a text that is called so is a program.
pub(super) fn is_called(names: Names<'_>, text: &str) -> bool {
    let is_program = |name: &str| PROGRAMS.iter().any(|program| name.eq_ignore_ascii_case(program));
    // A word of a person in quotes, in a text called so, is none.
    may_be(text) && text.contains(['(', '=', '{', '[']) && names.iter().next().is_some_and(is_program)
}

/// Whether a text is an object or a list that only scripts can read, in which something has a name that is known.
pub(super) fn is_object(text: &str, words: &Words) -> bool {
    let inner = text.trim_end().trim_end_matches(';').trim_start_matches('(').trim_end_matches(')').trim();
    let is_closed =
        matches!((inner.bytes().next(), inner.bytes().last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')));
    let knows = |name: &str| words.know(name);
    is_closed && may_be(text) && strings(text).any(|literal| literal.name.as_deref().is_some_and(knows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::words::Length;

    #[test]
    fn objects_are_known_by_a_name_in_them() {
        let mut words = Words::default();
        words.add("name", Length::Line);
        for text in ["{name:'a'}", "({name:\"a\"})", "[{x:1,name:`a`}]", "({'name': 'a'});", "{a:{name:'b'}}"] {
            assert!(is_object(text, &words), "{text}");
        }
        for text in ["{name}", "{x:'a'}", "name:'a'", "{name:'a'} b", "[name 'a']", "{name:1}", "('name')", "{"] {
            assert!(!is_object(text, &words), "{text}");
        }
    }
}
