//! Known answers and known forgeries of others, run through the very functions with which this room seals, hashes and
//! enciphers. Where they come from, and what was left out, stands in `tests/vectors/README.md`.

use std::str::FromStr;

use aes_siv::siv::Aes256Siv;
use data_encoding::HEXLOWER_PERMISSIVE;

use crate::terms::mint::Numeral;
use crate::vault::{ff1, page, seal};

const SIV: &str = include_str!("../../tests/vectors/aes_siv_cmac.tsv");
const SIV_NONCE: &str = include_str!("../../tests/vectors/aead_aes_siv_cmac.tsv");
const GCM_SIV: &str = include_str!("../../tests/vectors/aes_gcm_siv.tsv");
const HMAC: &str = include_str!("../../tests/vectors/hmac_sha256.tsv");
const FF1: &str = include_str!("../../tests/vectors/aes_ff1.tsv");
const ACVP: &str = include_str!("../../tests/vectors/acvp_ff1.tsv");

/// Each row's cells; the first line names them.
fn rows<const CELLS: usize>(file: &str) -> impl Iterator<Item = [&str; CELLS]> {
    file.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>().try_into().expect("so many cells"))
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).expect("hex")
}

fn siv(key: &str) -> Aes256Siv {
    seal::siv(&hex(key).try_into().expect("64 bytes"))
}

/// Runs a sealed text forth and back: what is right is made and opened, what is not is opened by nobody.
fn check(case: &str, key: &str, bound: &[Vec<u8>], (message, sealed): (&str, &str), result: &str) {
    let opened = siv(key).decrypt(bound, &hex(sealed));
    match result {
        "valid" => {
            assert_eq!(siv(key).encrypt(bound, &hex(message)).expect("sealed"), hex(sealed), "case {case}");
            assert_eq!(opened.expect("opened"), hex(message), "case {case}");
        }
        _ => assert!(opened.is_err(), "case {case} opens"),
    }
}

#[test]
fn aes_siv_of_wycheproof() {
    let mut ran = 0;
    for [case, key, bound, message, sealed, result] in rows::<6>(SIV) {
        check(case, key, &[hex(bound)], (message, sealed), result);
        ran += 1;
    }
    assert_eq!(ran, 147);
    // Two parts are bound, as in a token.
    for [case, key, bound, nonce, message, sealed, result] in rows::<7>(SIV_NONCE) {
        check(case, key, &[hex(bound), hex(nonce)], (message, sealed), result);
        ran += 1;
    }
    assert_eq!(ran, 147 + 294);
}

#[test]
fn aes_gcm_siv_of_wycheproof() {
    let mut ran = 0;
    for [case, key, nonce, bound, message, sealed, result] in rows::<7>(GCM_SIV) {
        let nonce: [u8; page::NONCE_BYTES] = hex(nonce).try_into().expect("12 bytes");
        let mut text = hex(sealed);
        let opened = page::unshut(&hex(key), nonce, &hex(bound), &mut text);
        match result {
            "valid" => {
                assert_eq!(opened.map(|()| text), Some(hex(message)), "case {case}");
                let mut text = hex(message);
                page::shut(&hex(key), nonce, &hex(bound), &mut text).expect("sealed");
                assert_eq!(text, hex(sealed), "case {case}");
            }
            _ => assert!(opened.is_none(), "case {case} opens"),
        }
        ran += 1;
    }
    assert_eq!(ran, 103);
}

#[test]
fn hmac_of_wycheproof() {
    let mut ran = 0;
    for [case, key, message, tag, result] in rows::<5>(HMAC) {
        let (whole, tag) = (seal::mac(&hex(key), &hex(message)), hex(tag));
        assert_eq!(whole.as_ref()[..tag.len()] == tag, result == "valid", "case {case}");
        ran += 1;
    }
    assert_eq!(ran, 174);
}

fn numbers(text: &str) -> Vec<u16> {
    text.split(',').filter(|number| !number.is_empty()).map(|number| u16::from_str(number).expect("a number")).collect()
}

/// The number that FF1 puts in the place of another, or nothing where it is none.
fn permuted(key: &str, tweak: &str, radix: u16, values: &[u16]) -> Option<Vec<u16>> {
    let key: [u8; ff1::KEY_BYTES] = hex(key).try_into().expect("32 bytes");
    let mut numerals: Vec<Numeral> = values.iter().map(|value| Numeral { value: *value, radix }).collect();
    ff1::Ff1::new(&key).permute(&hex(tweak), &mut numerals).ok()?;
    Some(numerals.into_iter().map(|numeral| numeral.value).collect())
}

#[test]
fn ff1_of_wycheproof() {
    let (mut valid, mut refused) = (0, 0);
    for [radix, case, key, tweak, plain, enciphered, result] in rows::<7>(FF1) {
        let own = permuted(key, tweak, radix.parse().expect("a radix"), &numbers(plain));
        match result {
            "valid" => {
                assert_eq!(own, Some(numbers(enciphered)), "radix {radix}, case {case}");
                valid += 1;
            }
            // Some are too short, some hold what is no numeral; `small` were right before a million was asked for.
            _ => {
                assert_eq!(own, None, "radix {radix}, case {case}");
                refused += 1;
            }
        }
    }
    assert_eq!((valid, refused), (1348, 353));
}

#[test]
fn ff1_of_acvp() {
    let digits = |radix: u16, text: &str| -> Vec<u16> {
        let alphabet = match radix {
            10 => "0123456789",
            26 => "abcdefghijklmnopqrstuvwxyz",
            _ => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/",
        };
        text.chars().map(|c| alphabet.find(c).expect("a letter") as u16).collect()
    };
    let mut ran = 0;
    for [radix, case, key, tweak, plain, enciphered] in rows::<6>(ACVP) {
        let radix: u16 = radix.parse().expect("a radix");
        let own = permuted(key, tweak, radix, &digits(radix, plain));
        assert_eq!(own, Some(digits(radix, enciphered)), "case {case}");
        ran += 1;
    }
    assert_eq!(ran, 75);
}
