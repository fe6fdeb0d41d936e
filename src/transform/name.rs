//! The initials of a name: `山** **`, `T*** Y***`.
//!
//! A name in Japanese script is a surname, a blank and a given name, and only the surname's first
//! character is shown, if it has two; a surname of one character would be shown whole. A name in
//! letters shows the first letter of its first and last word, in whatever order they stand; names
//! between them are not told. One word alone may be a name in full, and is not split by guessing.

/// The initials of a name in plain spelling, or nothing where it cannot be read.
pub fn initial(plain: &str) -> Option<String> {
    let words: Vec<&str> = plain.split_whitespace().collect();
    if words.iter().all(|word| word.chars().all(is_japanese)) {
        let [surname, _] = words[..] else { return None };
        let mut characters = surname.chars();
        let first = characters.next()?;
        characters.next()?;
        return Some(format!("{first}** **"));
    }
    let sound = (2..=4).contains(&words.len()) && words.iter().all(|word| word.chars().all(is_latin));
    let (first, last) = (words.first()?, words.last()?);
    sound.then_some(())?;
    Some(format!("{}*** {}***", initial_of(first)?, initial_of(last)?))
}

/// Whether a text has the shape that `initial` writes.
pub fn is_initial(text: &str) -> bool {
    let one = |text: &str, what: fn(char) -> bool| {
        let mut chars = text.chars();
        chars.next().is_some_and(what) && chars.next().is_none()
    };
    if let Some(first) = text.strip_suffix("** **") {
        return one(first, is_japanese);
    }
    let Some((first, last)) = text.strip_suffix("***").and_then(|text| text.split_once("*** ")) else { return false };
    one(first, char::is_alphabetic) && one(last, char::is_alphabetic)
}

/// The first letter of a word of at least two.
fn initial_of(word: &str) -> Option<char> {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    let first = letters.next()?;
    letters.next().map(|_| first)
}

fn is_japanese(c: char) -> bool {
    matches!(c,
        '々' | '〆' | '〇' | 'ヶ' | 'ー' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fd}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_latin(c: char) -> bool {
    (c.is_alphabetic() && !is_japanese(c)) || matches!(c, '-' | '\'' | '’' | '.')
}
