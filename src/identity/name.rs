//! What may be the name of a person or of a group, whichever source says it.
//!
//! Names stand in rules, in the ledger and on security staff's screens. Two that look alike and
//! are not, or one that breaks a line, would let somebody pass for somebody else.

/// How long a name may be.
const NAME_BYTES: usize = 256;

/// How many groups somebody may have.
const GROUPS: usize = 1000;

/// The name, if it can be one: not empty, no white space around it, nothing unseen in it.
pub fn user(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= NAME_BYTES && text.trim() == text;
    (fits && !text.chars().any(is_unseen)).then_some(text)
}

/// The groups of a text, separated by commas or blanks.
pub fn groups_of_text(text: &str) -> Option<Vec<String>> {
    groups(text.split([',', ' ']).map(str::trim).filter(|group| !group.is_empty()))
}

/// The groups, if each can be one and they are not too many.
pub fn groups<'g>(names: impl Iterator<Item = &'g str>) -> Option<Vec<String>> {
    let groups: Option<Vec<String>> = names.take(GROUPS + 1).map(|name| user(name).map(str::to_owned)).collect();
    groups.filter(|groups| groups.len() <= GROUPS)
}

/// Characters that are not seen or that turn the direction of what is seen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_they_look_like() {
        for good in ["tanaka", "田中 太郎", "o'brien@example.jp", "spiffe://example/desk"] {
            assert_eq!(user(good), Some(good));
        }
        for bad in ["", " tanaka", "tanaka ", "tan\u{200b}aka", "tan\naka", "\u{202e}akanat", "tanaka\0", "　tanaka"] {
            assert_eq!(user(bad), None, "{bad:?}");
        }
        assert_eq!(user(&"x".repeat(257)), None);
    }

    #[test]
    fn groups_are_separated_by_commas_or_blanks() {
        assert_eq!(groups_of_text("a, b  c,,"), Some(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(groups_of_text(""), Some(vec![]));
        assert_eq!(groups_of_text("a,b\u{200b}"), None);
        assert_eq!(groups_of_text(&"a ".repeat(1001)), None);
    }
}
