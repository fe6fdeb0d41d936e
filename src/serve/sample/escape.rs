//! How a value is put into HTML, JSON, a script and CSV.

use std::fmt::Write;

/// Text or a quoted attribute of HTML.
pub fn html(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A quoted JSON string in which only what must be escaped is.
pub fn json(value: &str) -> String {
    quoted(value, |character| character >= ' ')
}

/// A quoted JSON string in ASCII, as older software writes it: `"\u5c71\u7530"`. It is safe inside a `<script>`.
pub fn json_ascii(value: &str) -> String {
    quoted(value, |character| (' '..='~').contains(&character) && !"<>&'".contains(character))
}

/// A quoted CSV field.
pub fn csv(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

fn quoted(value: &str, as_it_is: impl Fn(char) -> bool) -> String {
    let mut out = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            _ if as_it_is(character) => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing into a `String` cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_gets_its_own_spelling() {
        assert_eq!(html("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
        assert_eq!(json("山\"\n\\\u{1}"), "\"山\\\"\\n\\\\\\u0001\"");
        assert_eq!(json_ascii("山𠮷</"), "\"\\u5c71\\ud842\\udfb7\\u003c/\"");
        assert_eq!(csv("名入れは \"山田\"\nのみ"), "\"名入れは \"\"山田\"\"\nのみ\"");
    }

    #[test]
    fn both_spellings_of_json_read_back() {
        for text in ["", "𠮷野 \u{7f}\u{2028}", "a/b\t\"c\"\r\n"] {
            for written in [json(text), json_ascii(text)] {
                assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            }
        }
    }
}
