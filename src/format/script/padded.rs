//! Data that comes as a script: `callback({…});`.
//!
//! An application that answers JSON often answers this as well, to whoever adds a parameter to the
//! address; the names and places that stand in the data must count in it too. So it is kept until it
//! is complete and read as JSON within a script. How such a call begins is known to `json::wrapped`.

use std::ops::Range;

use crate::format::json::wrapped::before_data;
use crate::format::script::balanced;

/// Whether a script that begins so is data in the brackets of a call; nothing as long as more of it
/// has to come.
pub(super) fn is_padded(start: &[u8]) -> Option<bool> {
    before_data(start, false).map(|before| before.is_some())
}

/// Where the data of a complete script of this sort stands.
pub(super) fn data(text: &str) -> Option<Range<usize>> {
    let open = before_data(text.as_bytes(), true)??;
    let start = text.len() - text[open..].trim_start().len();
    Some(start..start + balanced(&text[start..])?)
}

/// Whether a text is nothing but one such call.
pub fn is_call(text: &str) -> bool {
    let behind = data(text).and_then(|data| text[data.end..].trim_start().strip_prefix(')'));
    behind.is_some_and(|behind| matches!(behind.trim(), "" | ";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_all_of_a_text_or_none() {
        for text in ["cb({});", " cb([1] ) ;\n", "/**/ a.b({\"a\":\")<\"})"] {
            assert!(is_call(text), "{text}");
        }
        for text in ["cb({})<br>", "cb({});x", "cb({})\nx", "cb({}", "cb({},1)", "cb(1)", "", "cb({}));"] {
            assert!(!is_call(text), "{text}");
        }
    }

    #[test]
    fn a_call_with_data_is_known_at_any_cut() {
        for (script, found) in [
            (r#"cb({"a":"})"});"#, Some(r#"{"a":"})"}"#)),
            (" /**/ /*(*/ window.cb1 ( [1] )", Some("[1]")),
            (r#"a["b"]([{}])"#, Some("[{}]")),
            (r#"/**/ typeof cb === 'function' && cb({"a":1})"#, Some(r#"{"a":1}"#)),
            ("call(1, {})", None),
            ("({a:1})", None),
            ("var a = b({})", None),
            ("// cb({})", None),
            ("", None),
        ] {
            let bytes = script.as_bytes();
            let whole = before_data(bytes, true).flatten();
            assert_eq!(whole.is_some(), found.is_some(), "{script}");
            if let Some(found) = found {
                assert_eq!(data(script).map(|range| &script[range]), Some(found), "{script}");
            }
            let known = (0..bytes.len()).find_map(|cut| is_padded(&bytes[..cut]));
            assert!(known.is_none_or(|is| is == found.is_some()), "{script}");
        }
    }
}
