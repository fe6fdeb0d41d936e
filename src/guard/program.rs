//! What programs say and no person is: words that a value veiled elsewhere does not veil here.
//!
//! A customer writes `POST` or `true` into a note, and the note is veiled. If its value were sought in the
//! page's own script, in hidden fields and among booleans as well, one customer's text would break the page for
//! everybody, and tell what it says. So where programs speak, their words stay. A value with a name of its own
//! is judged by that, whatever it says.

use crate::guard::queue::Waiting;
use crate::terms::leaf::{Part, Piece};
use crate::terms::quote::Quote;

/// A number with fewer digits tells nothing of anybody.
const DIGITS: usize = 4;

/// Words of programs, in lower case: methods, events, states, sorts, what buttons do.
const WORDS: &str = "\
    abort action active add all any apply array asc auto back beforeunload blur body boolean button call cancel \
    center change checkbox checked class clear click close code confirm connect content copy count create css \
    custom cut data date dblclick default delete desc destroy detail disabled display div done down download \
    drag drop edit email enabled end error event export fail false field file filter first focus form function \
    get head height hidden hide history home href html id image import inactive index info inherit init input \
    insert item json key keydown keypress keyup label last left length link list load login logout mail menu \
    message method mode mousedown mouseout mouseover mouseup move multiple name new next no none normal null \
    number object off ok on open option options order page parent paste patch path ping popup post prev preview \
    print put radio read ready redirect refresh register reload remove rename render required reset resize \
    return right row save script scroll search select selected send session set show size sort start state \
    status stop string style submit success symbol tab table target text textarea this time title toggle token \
    top touchend touchstart trace true type undefined unload up update upload url user value view visible wheel \
    width window write yes";

/// Whether a leaf is a word of a program, which no value veiled elsewhere can be meant by.
pub(super) fn is_word(leaf: &Waiting<'_>) -> bool {
    let text = leaf.text.trim();
    match leaf.part {
        Part::Boolean => true,
        Part::Number => text.bytes().filter(u8::is_ascii_digit).count() < DIGITS,
        Part::Script | Part::Attribute => is_known(text),
        Part::Value => in_attribute(leaf.pieces) && is_known(text),
        _ => false,
    }
}

fn is_known(text: &str) -> bool {
    const LONGEST: usize = 12;
    text.len() <= LONGEST && WORDS.split(' ').any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether it is the value of a control.
fn in_attribute(pieces: &[Piece]) -> bool {
    let attribute = |quote: &Quote| matches!(quote, Quote::HtmlDouble | Quote::HtmlSingle | Quote::HtmlBare);
    pieces.iter().all(|piece| piece.quotes.layers().iter().any(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_programs_are_known_in_any_case() {
        for word in ["POST", "click", "true"] {
            assert!(is_known(word), "{word}");
        }
        for word in ["Tanaka", "gastritis", ""] {
            assert!(!is_known(word), "{word}");
        }
    }
}
