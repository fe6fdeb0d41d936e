//! What staff gets of a value, as rows in `tests/cases/transform`, and what holds for every value.

use std::sync::Arc;

use proptest::prelude::*;
use sudare::terms::action::{Action, Generalize, Mask, Token};
use sudare::terms::kind::{Kind, Kinds};
use sudare::terms::mint::{Domain, Mint, MintError};
use sudare::transform::{Context, Today, holds_token, looks_like_veil, veil};
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::Ring;

use crate::detect::rows;

const TODAY: Today = Today { year: 2026, month: 11, day: 22 };

/// Always the same token and hash, or always the same error.
struct Fixed(Option<MintError>);

impl Mint for Fixed {
    fn token(&self, kind: &Kind, _: &Domain, _: &str) -> Result<String, MintError> {
        self.0.map_or_else(|| Ok(format!("tok_{}_{}", kind.name, "a".repeat(56))), Err)
    }

    fn hash(&self, _: &Kind, _: &Domain, _: &str) -> Result<String, MintError> {
        self.0.map_or_else(|| Ok(format!("hash_{}", "a".repeat(32))), Err)
    }

    fn subject(&self, _: &str, _: &str) -> String {
        "h1:a".to_owned()
    }
}

fn customer() -> Domain {
    Domain::Subject { kind: "customer".to_owned(), id: "42".to_owned() }
}

fn action(word: &str) -> Action {
    let masks = [
        Mask::Full,
        Mask::Last4,
        Mask::Domain,
        Mask::Initial,
        Mask::First3,
        Mask::Prefecture,
        Mask::Municipality,
        Mask::First6Last4,
    ];
    match word {
        "year" => Action::Generalize(Generalize::Year),
        "decade" => Action::Generalize(Generalize::Decade),
        "age_band" => Action::Generalize(Generalize::AgeBand),
        "show" => Action::Show,
        "remove" => Action::Remove,
        "hash" => Action::Hash,
        "opaque" => Action::Tokenize(Token::Opaque),
        "format" => Action::Tokenize(Token::Format),
        _ => match masks.into_iter().find(|mask| mask.word() == word) {
            Some(mask) => Action::Mask(mask),
            None => Action::Generalize(Generalize::Digits(word.parse().expect("an action"))),
        },
    }
}

fn check(file: &str, number: bool) {
    let (kinds, domain) = (Kinds::builtin(), customer());
    let context = Context { today: TODAY, domain: Some(&domain), mint: &Fixed(None), number };
    for row in rows(file) {
        let [kind, word, value, expected] = &row[..] else { panic!("{file}: {row:?}") };
        let kind = kinds.get(kinds.id(kind).expect("a kind"));
        assert_eq!(veil(value, action(word), kind, &context).as_ref(), Ok(expected), "{} {word}: {value:?}", kind.name);
    }
}

#[test]
fn every_case_is_veiled() {
    check("transform/veil.tsv", false);
}

#[test]
fn numbers_stay_numbers() {
    check("transform/number.tsv", true);
}

#[test]
fn veils_are_known_by_their_shape() {
    let kinds = Kinds::builtin();
    for row in rows("transform/shape.tsv") {
        let [kind, text, expected] = &row[..] else { panic!("{row:?}") };
        let kind = kinds.get(kinds.id(kind).expect("a kind"));
        assert_eq!(looks_like_veil(kind, text), expected == "yes", "{}: {text:?}", kind.name);
    }
}

#[test]
fn tokens_are_seen_anywhere() {
    for row in rows("transform/holds.tsv") {
        let [text, expected] = &row[..] else { panic!("{row:?}") };
        assert_eq!(holds_token(text), expected == "yes", "{text:?}");
    }
}

#[test]
fn without_a_domain_tokens_and_hashes_are_full() {
    let kinds = Kinds::builtin();
    let context = Context { today: TODAY, domain: None, mint: &Fixed(None), number: false };
    for (_, kind) in kinds.iter() {
        for word in ["opaque", "format", "hash"] {
            assert_eq!(veil("x", action(word), kind, &context), Ok("****".to_owned()), "{} {word}", kind.name);
        }
    }
}

#[test]
fn a_mint_that_is_away_is_an_error_and_a_long_value_is_full() {
    let (kinds, domain) = (Kinds::builtin(), customer());
    let kind = kinds.get(sudare::terms::kind::EMAIL);
    for (error, expected) in [(MintError::Away, Err(MintError::Away)), (MintError::TooLong, Ok("****".to_owned()))] {
        let context = Context { today: TODAY, domain: Some(&domain), mint: &Fixed(Some(error)), number: false };
        assert_eq!(veil("x", action("opaque"), kind, &context), expected);
        assert_eq!(veil("x", action("hash"), kind, &context), expected);
    }
}

#[test]
fn what_the_vault_mints_is_known_as_a_veil() {
    let folder = tempfile::tempdir().expect("a folder");
    let mint = KeyMint::new(Arc::new(Ring::create(&folder.path().join("keys")).expect("a ring")));
    let (kinds, domain) = (Kinds::builtin(), Domain::Shared(String::new()));
    for (_, kind) in kinds.iter() {
        for value in ["", "090-1234-5678"] {
            let token = mint.token(kind, &domain, value).expect("a token");
            let hash = mint.hash(kind, &domain, value).expect("a hash");
            for veil in [token, hash] {
                assert!(looks_like_veil(kind, &veil), "{veil}");
                assert!(holds_token(&format!("番号{veil}です")), "{veil}");
            }
        }
    }
}

/// Values of every kind beside mere noise.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9０-９+() -]{0,20}",
        "0[3789]0?-[0-9]{4}-[0-9]{4}",
        "[0-9]{14,19}",
        "〒?[0-9]{3}-?[0-9]{4}",
        "[a-z.]{1,8}[@＠][a-z]{1,8}\\.(jp|example|co\\.jp)",
        "[一-龠]{1,3}[ \u{3000}][一-龠]{1,3}",
        "[ァ-ヶｦ-ﾟ]{1,5} [ァ-ヶ]{1,4}",
        "[A-Z][a-z]{0,8} [A-Z][a-z]{0,8}",
        "(東京都|北海道|大阪府|三重県)[市区町村郡一-龠]{0,8}[0-9-]{0,5}",
        "(昭和|S|19)[0-9]{2}[-年/.][0-9]{1,2}[-月/.][0-9]{1,2}日?",
        any::<String>(),
    ]
}

fn actions(kind: &Kind) -> Vec<Action> {
    let masks = kind.masks.iter().map(|mask| Action::Mask(*mask));
    let fixed = [Action::Mask(Mask::Full), Action::Tokenize(Token::Opaque), Action::Hash];
    masks.chain(fixed).collect()
}

proptest! {
    #[test]
    fn every_veil_of_a_kind_looks_like_one(value in value(), at in 0usize..29) {
        let (kinds, domain) = (Kinds::builtin(), customer());
        let kind = &kinds.0[at];
        let context = Context { today: TODAY, domain: Some(&domain), mint: &Fixed(None), number: false };
        for action in actions(kind) {
            let veiled = veil(&value, action, kind, &context).expect("a veil");
            prop_assert!(looks_like_veil(kind, &veiled), "{} {action}: {veiled}", kind.name);
        }
    }

    #[test]
    fn a_veil_holds_no_more_of_the_value_than_declared(value in value(), at in 0usize..29) {
        let (kinds, domain) = (Kinds::builtin(), customer());
        let kind = &kinds.0[at];
        let context = Context { today: TODAY, domain: Some(&domain), mint: &Fixed(None), number: false };
        for mask in kind.masks {
            let veiled = veil(&value, Action::Mask(*mask), kind, &context).expect("a veil");
            let shown = veiled.chars().filter(|c| c.is_alphanumeric()).count();
            match mask {
                Mask::Full => prop_assert_eq!(shown, 0),
                Mask::Last4 => prop_assert!(shown == 0 || shown == 4),
                Mask::First3 => prop_assert!(shown == 0 || shown == 3),
                Mask::First6Last4 => prop_assert!(shown == 0 || shown == 10),
                Mask::Initial => prop_assert!(shown <= 2),
                // Nothing that stands before the `@` or behind the municipality.
                Mask::Domain => prop_assert!(shown == 0 || veiled.starts_with("****@")),
                Mask::Prefecture | Mask::Municipality => prop_assert!(veiled.ends_with("****")),
            }
        }
    }

    #[test]
    fn canonical_shapes_do_not_tell_notation(area in "0[789]0", rest in "[1-9][0-9]{7}") {
        let kinds = Kinds::builtin();
        let kind = kinds.get(sudare::terms::kind::PHONE);
        let context = Context { today: TODAY, domain: None, mint: &Fixed(None), number: false };
        let (middle, last) = rest.split_at(4);
        let spellings = [
            format!("{area}{rest}"),
            format!("{area}-{middle}-{last}"),
            format!("{area}({middle}){last}"),
            format!("+81 {} {middle} {last}", &area[1..]),
        ];
        for spelling in spellings {
            let veiled = veil(&spelling, Action::Mask(Mask::Last4), kind, &context);
            prop_assert_eq!(veiled, Ok(format!("***-****-{last}")));
        }
    }
}
