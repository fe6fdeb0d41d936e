//! What staff gets of a value, as rows in `tests/cases/transform`, and what holds for every value.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sudare::detect::Detectors;
use sudare::terms::action::{Action, Generalize, Mask, Token};
use sudare::terms::kind::{Kind, Kinds};
use sudare::terms::mint::{Domain, Mint, MintError, Numeral};
use sudare::transform::{Context, Today, holds_token, looks_like_veil, veil};
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::{Place, Ring};

use crate::detect::rows;

const TODAY: Today = Today { year: 2026, month: 11, day: 22 };

/// Always the same token and hash, or always the same error.
struct Fixed(Option<MintError>);

impl Mint for Fixed {
    fn token(&self, kind: &Kind, _: &Domain, _: &str) -> Result<String, MintError> {
        self.0.map_or_else(|| Ok(format!("tok_{}_{}", kind.name, "a".repeat(56))), Err)
    }

    fn random(&self, kind: &Kind, domain: &Domain, value: &str, _: Option<u32>) -> Result<String, MintError> {
        self.token(kind, domain, value)
    }

    /// Each numeral is the next one, so that a case can be read.
    fn permute(&self, _: &Kind, _: &Domain, numerals: &mut [Numeral]) -> Result<(), MintError> {
        for numeral in numerals {
            numeral.value = (numeral.value + 1) % numeral.radix;
        }
        self.0.map_or(Ok(()), Err)
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
        "format" => Action::Tokenize(Token::Format { pass: false }),
        "pass" => Action::Tokenize(Token::Format { pass: true }),
        "random" => Action::Tokenize(Token::Random { lasts: None }),
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
        for word in ["opaque", "format", "random", "hash"] {
            assert_eq!(
                veil("090-1234-5678", action(word), kind, &context),
                Ok("****".to_owned()),
                "{} {word}",
                kind.name
            );
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
        assert_eq!(veil("x", action("random"), kind, &context), expected);
        assert_eq!(veil("taro@example.jp", action("format"), kind, &context), expected);
    }
}

#[test]
fn what_the_vault_mints_is_known_as_a_veil() {
    let folder = tempfile::tempdir().expect("a folder");
    let mint = KeyMint::new(Arc::new(Place::beside(&folder.path().join("keys")).create(0).expect("a ring")));
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

/// Real keys, of this run alone.
fn passing() -> &'static KeyMint {
    static MINT: LazyLock<KeyMint> = LazyLock::new(|| KeyMint::passing(Arc::new(Ring::passing().expect("a ring"))));
    &MINT
}

#[test]
fn random_tokens_of_a_dry_run_have_the_shape_of_real_ones() {
    let (kinds, mint) = (Kinds::builtin(), passing());
    for (_, kind) in kinds.iter() {
        let token = mint.random(kind, &customer(), "x", None).expect("a token");
        assert!(looks_like_veil(kind, &token) && mint.open(&token).is_err(), "{token}");
        assert_eq!(mint.random(kind, &customer(), "x", None), Ok(token.clone()));
        assert_ne!(mint.random(kind, &customer(), "y", None), Ok(token));
    }
}

#[test]
fn format_tokens_never_change() {
    // Tokens lie in other people's files: a change here makes them worthless.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys");
    std::fs::write(&path, include_str!("../cases/transform/keys")).expect("a ring");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    let mint = KeyMint::passing(Arc::new(Ring::open(&path).expect("a ring")));
    let (kinds, domain) = (Kinds::builtin(), Domain::Shared("analytics".to_owned()));
    let context = Context { today: TODAY, domain: Some(&domain), mint: &mint, number: false };
    let mut told = String::new();
    for row in rows("transform/format.tsv") {
        let [kind, word, value, _] = &row[..] else { panic!("{row:?}") };
        let kind = kinds.get(kinds.id(kind).expect("a kind"));
        let token = veil(value, action(word), kind, &context).expect("a token");
        told.push_str(&format!("{}\t{word}\t{value}\t{token}\n", kind.name));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/transform/format.tsv");
    let head = "# kind\taction\tvalue\ttoken within the domain `analytics`, with the keys beside\n";
    if std::env::var_os("SUDARE_BLESS").is_some() {
        std::fs::write(path, format!("{head}{told}")).expect("written");
    }
    assert_eq!(std::fs::read_to_string(path).expect("the cases"), format!("{head}{told}"));
}

/// Which letters may stand for this one; a sign stands for itself.
fn class(c: char) -> u32 {
    match c {
        '0'..='9' => 1,
        'a'..='z' => 2,
        'A'..='Z' => 3,
        '０'..='９' => 4,
        'ａ'..='ｚ' => 5,
        'Ａ'..='Ｚ' => 6,
        '\u{3041}'..='\u{3093}' => 7,
        '\u{30a1}'..='\u{30f6}' => 8,
        'ｰ' => u32::from(c),
        '\u{ff66}'..='\u{ff9f}' => 9,
        '々' | '〆' | '〇' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => 10,
        c => u32::from(c),
    }
}

/// Values that `format` takes, with their kinds.
fn formatted() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        ("0[3789]0?-[0-9]{4}-[0-9]{4}").prop_map(|value| ("phone", value)),
        "[0０][1-9１-９]{2}ー?[0-9]{7}".prop_map(|value| ("phone", value)),
        "[a-zA-Z0-9._]{1,12}@[a-z]{2,8}\\.(jp|example|co\\.jp)".prop_map(|value| ("email", value)),
        "[一-龠]{2,3}[ \u{3000}]?[一-龠ぁ-んァ-ヶ]{1,3}".prop_map(|value| ("person.name", value)),
        "[ぁ-んァ-ヶｦ-ﾟ々]{4,6} [A-Za-zＡ-Ｚ]{4,6}".prop_map(|value| ("person.name", value)),
        "東京都[一-龠]{3,5}[0-9０-９]{1,2}[-ー][0-9]{1,2}".prop_map(|value| ("address", value)),
        "[0-9]{14,19}".prop_map(|value| ("card_number", value)),
        "[0-9]{4}-[0-9]{4}-[0-9]{4}".prop_map(|value| ("my_number", value)),
        "[A-Z]{2}[0-9]{2} [A-Z0-9]{4} [0-9]{4} [0-9]{5}".prop_map(|value| ("iban", value)),
        "[A-Z]{2}[0-9]{8}[A-Z]{2}".prop_map(|value| ("residence_card", value)),
    ]
}

/// What a detector that knows check digits says of a text.
fn is_certain(kind: &str, text: &str) -> bool {
    static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(&[]).expect("no pattern"));
    let kinds = Kinds::builtin();
    let mut found = Vec::new();
    DETECTORS.find(text, &mut found);
    found.iter().any(|found| found.certain && kinds.get(found.kind).name == kind)
}

/// Luhn's check, by its definition.
fn luhn(text: &str) -> bool {
    let digits = text.chars().rev().filter_map(|c| c.to_digit(10));
    let weighed =
        digits.enumerate().map(|(at, digit)| if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 });
    weighed.sum::<u32>() % 10 == 0
}

/// A card number whose check digit is right.
fn card() -> impl Strategy<Value = String> {
    "[1-9][0-9]{12,17}".prop_map(|front| {
        let digits = ('0'..='9').map(|digit| format!("{front}{digit}"));
        digits.into_iter().find(|number| luhn(number)).expect("one of ten is right")
    })
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
    let fixed = [
        Action::Mask(Mask::Full),
        Action::Tokenize(Token::Opaque),
        Action::Tokenize(Token::Random { lasts: None }),
        Action::Hash,
    ];
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

    #[test]
    fn format_tokens_keep_the_shape_and_are_never_the_value((name, value) in formatted()) {
        let (kinds, domain, mint) = (Kinds::builtin(), customer(), passing());
        let kind = kinds.get(kinds.id(name).expect("a kind"));
        let context = Context { today: TODAY, domain: Some(&domain), mint, number: false };
        let token = veil(&value, action("format"), kind, &context).expect("a token");
        if token != "****" {
            let classes = |text: &str| text.chars().map(class).collect::<Vec<_>>();
            prop_assert_eq!(classes(&token), classes(&value), "{}", token);
            prop_assert_ne!(&token, &value);
            prop_assert_eq!(veil(&value, action("format"), kind, &context), Ok(token.clone()));
            prop_assert!(!is_certain(name, &token) || !matches!(name, "card_number" | "my_number" | "iban"), "{}", token);
        }
    }

    #[test]
    fn whatever_comes_format_gives_its_shape_or_nothing(value in value(), at in 0usize..29) {
        let (kinds, domain, mint) = (Kinds::builtin(), customer(), passing());
        let kind = &kinds.0[at];
        let context = Context { today: TODAY, domain: Some(&domain), mint, number: false };
        let token = veil(&value, action("format"), kind, &context).expect("a token");
        prop_assert!(token == "****" || token != value);
        let number = Context { number: true, ..context };
        let token = veil(&value, action("format"), kind, &number).expect("a token");
        prop_assert!(token == "****" || token.bytes().all(|byte| byte.is_ascii_digit()) && token.len() == value.len());
    }

    #[test]
    fn two_values_of_a_domain_never_share_a_format_token(
        pairs in prop::collection::vec(formatted(), 2..40),
        near in 1u64..1_000_000_000,
    ) {
        let (kinds, domain, mint) = (Kinds::builtin(), customer(), passing());
        let context = Context { today: TODAY, domain: Some(&domain), mint, number: false };
        let mut values = pairs;
        values.extend((near..near + 20).map(|number| ("phone", format!("0{number:010}"))));
        let mut owners = std::collections::HashMap::new();
        for (name, value) in values {
            let kind = kinds.get(kinds.id(name).expect("a kind"));
            let token = veil(&value, action("format"), kind, &context).expect("a token");
            // A check digit has fewer wrong values than there are values; see the next law.
            if token == "****" || matches!(name, "card_number" | "my_number" | "iban") {
                continue;
            }
            let owner = owners.entry((name, token)).or_insert_with(|| value.clone());
            prop_assert_eq!(&*owner, &value);
        }
    }

    #[test]
    fn cards_that_are_right_never_share_a_token_and_no_token_is_right(cards in prop::collection::hash_set(card(), 2..30)) {
        let (kinds, domain, mint) = (Kinds::builtin(), customer(), passing());
        let kind = kinds.get(sudare::terms::kind::CARD_NUMBER);
        let context = Context { today: TODAY, domain: Some(&domain), mint, number: false };
        let (mut failing, mut passed) = (std::collections::HashSet::new(), std::collections::HashSet::new());
        for card in &cards {
            let token = veil(card, action("format"), kind, &context).expect("a token");
            prop_assert!(!luhn(&token), "{}", token);
            prop_assert!(failing.insert(token));
            let token = veil(card, action("pass"), kind, &context).expect("a token");
            prop_assert!(luhn(&token) && token != *card, "{}", token);
            prop_assert!(passed.insert(token));
        }
    }

    #[test]
    fn a_number_and_its_text_have_one_token(number in 1_000_000u64..10_000_000_000_000_000) {
        let (kinds, domain, mint) = (Kinds::builtin(), customer(), passing());
        let kind = kinds.get(sudare::terms::kind::BANK_ACCOUNT);
        let context = Context { today: TODAY, domain: Some(&domain), mint, number: false };
        let text = veil(&number.to_string(), action("format"), kind, &context).expect("a token");
        let json = veil(&number.to_string(), action("format"), kind, &Context { number: true, ..context });
        prop_assert_eq!(json, Ok(text.clone()));
        prop_assert!(text.parse::<u64>().is_ok_and(|token| token.to_string().len() == number.to_string().len()));
    }

    #[test]
    fn domains_and_kinds_part_format_tokens(value in "0[3789]0-[0-9]{4}-[0-9]{4}") {
        let (kinds, mint) = (Kinds::builtin(), passing());
        let token = |kind, domain: &Domain| {
            let context = Context { today: TODAY, domain: Some(domain), mint, number: false };
            veil(&value, action("format"), kinds.get(kind), &context).expect("a token")
        };
        let (phone, bank) = (sudare::terms::kind::PHONE, sudare::terms::kind::BANK_ACCOUNT);
        let one = token(phone, &customer());
        prop_assert_ne!(&one, &token(phone, &Domain::Shared("customer".to_owned())));
        prop_assert_ne!(&one, &token(bank, &customer()));
    }
}
