//! FF1 of NIST SP 800-38G with AES-256, over numbers whose places may have radices of their own.
//!
//! Where all places have one radix the number goes to FF1 as it is. Else all its places together
//! are one number below the product of the radices; that is enciphered as so many bits as it needs,
//! and again until it is below the product once more. The walk stays inside one permutation, so it
//! is a permutation too, and takes fewer than two steps on the average.
//!
//! There is no way back here: what staff sends is never deciphered.

use aes::Aes256Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use fpe::ff1::{FF1, FlexibleNumeralString};
use zeroize::Zeroizing;

use crate::terms::mint::{MintError, Numeral};
use crate::vault::halves::Halves;

/// Bytes of the key.
pub const KEY_BYTES: usize = 32;

/// A walk is longer than this once in 2^128 values.
const STEPS_MAX: usize = 128;

/// The radices whose ciphers are kept: bits, digits, Latin letters, kana, kanji of level 1. Others are set up when they
/// come.
const RADICES: [u16; 6] = [2, 10, 26, 83, 86, 2968];

/// FF1 with a key.
pub struct Ff1 {
    key: Zeroizing<[u8; KEY_BYTES]>,
    ciphers: Vec<(u16, FF1<Aes256Enc>)>,
}

impl Ff1 {
    /// Sets the key up.
    pub fn new(key: &[u8; KEY_BYTES]) -> Ff1 {
        let cipher = |radix: u16| Some((radix, FF1::new(key, radix.into()).ok()?));
        Ff1 { key: Zeroizing::new(*key), ciphers: RADICES.into_iter().filter_map(cipher).collect() }
    }

    /// Puts another number in the place of this one.
    pub fn permute(&self, tweak: &[u8], numerals: &mut [Numeral]) -> Result<(), MintError> {
        let Some(first) = numerals.first() else { return Err(MintError::Away) };
        let radix = first.radix;
        if numerals.iter().any(|numeral| numeral.radix != radix) {
            return match Word::of(numerals) {
                Some(number) => self.walk(tweak, number, numerals),
                None => self.walk(tweak, Large::all(numerals.iter().copied()), numerals),
            };
        }
        let values: Vec<u16> = numerals.iter().map(|numeral| numeral.value).collect();
        for (numeral, value) in numerals.iter_mut().zip(self.enciphered(tweak, radix, values)?) {
            numeral.value = value;
        }
        Ok(())
    }

    /// Enciphers a number as bits until it is one of those that its places can write.
    fn walk<N: Number>(&self, tweak: &[u8], mut number: N, numerals: &mut [Numeral]) -> Result<(), MintError> {
        let greatest = N::all(numerals.iter().map(|numeral| Numeral { value: numeral.radix - 1, ..*numeral }));
        let length = greatest.length();
        for _ in 0..STEPS_MAX {
            number = number.enciphered(self, tweak, length)?;
            if number <= greatest {
                for numeral in numerals.iter_mut().rev() {
                    numeral.value = number.divide(numeral.radix);
                }
                return Ok(());
            }
        }
        Err(MintError::Away)
    }

    fn enciphered(&self, tweak: &[u8], radix: u16, values: Vec<u16>) -> Result<Vec<u16>, MintError> {
        self.with_cipher(radix, |cipher| enciphered_with(cipher, tweak, radix, values))
    }

    fn with_cipher<T>(
        &self,
        radix: u16,
        work: impl FnOnce(&FF1<Aes256Enc>) -> Result<T, MintError>,
    ) -> Result<T, MintError> {
        match self.ciphers.iter().find(|(own, _)| *own == radix) {
            Some((_, cipher)) => work(cipher),
            None => work(&FF1::new(&*self.key, radix.into()).map_err(|_| MintError::Away)?),
        }
    }
}

/// FF1 itself, which tests run with shorter keys too.
fn enciphered_with<C>(cipher: &FF1<C>, tweak: &[u8], radix: u16, values: Vec<u16>) -> Result<Vec<u16>, MintError>
where
    C: BlockCipherEncrypt + KeyInit + Clone,
{
    // FF1 refuses what is shorter than a million values; whoever asks has looked before.
    if let Some(halves) = Halves::of(&values, radix) {
        return Ok(cipher.encrypt(tweak, &halves).map_err(|_| MintError::Away)?.places(radix));
    }
    let enciphered = cipher.encrypt(tweak, &FlexibleNumeralString::from(values)).map_err(|_| MintError::Away)?;
    Ok(enciphered.into())
}

/// A number made of places with radices of their own.
trait Number: PartialOrd + Sized {
    /// The number with these places.
    fn all(numerals: impl Iterator<Item = Numeral>) -> Self;
    /// How many bits it takes.
    fn length(&self) -> usize;
    /// What FF1 puts in its place, as so many bits.
    fn enciphered(self, ff1: &Ff1, tweak: &[u8], length: usize) -> Result<Self, MintError>;
    /// Leaves the quotient and gives the rest.
    fn divide(&mut self, divisor: u16) -> u16;
}

/// A number that one machine word holds.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Word(u128);

impl Word {
    /// The number with these places, if every one that they can write fits.
    fn of(numerals: &[Numeral]) -> Option<Word> {
        let all = numerals.iter().try_fold(1_u128, |all, numeral| all.checked_mul(numeral.radix.into()));
        all.map(|_| Word::all(numerals.iter().copied()))
    }
}

impl Number for Word {
    fn all(numerals: impl Iterator<Item = Numeral>) -> Word {
        Word(numerals.fold(0, |number, numeral| number * u128::from(numeral.radix) + u128::from(numeral.value)))
    }

    fn length(&self) -> usize {
        (u128::BITS - self.0.leading_zeros()) as usize
    }

    fn enciphered(self, ff1: &Ff1, tweak: &[u8], length: usize) -> Result<Word, MintError> {
        let halves = Halves::of_bits(self.0, length).ok_or(MintError::Away)?;
        ff1.with_cipher(2, |cipher| {
            cipher.encrypt(tweak, &halves).ok().and_then(|halves| halves.bits()).map(Word).ok_or(MintError::Away)
        })
    }

    fn divide(&mut self, divisor: u16) -> u16 {
        // Words of half the width are divided many times faster.
        if let Ok(number) = u64::try_from(self.0) {
            self.0 = u128::from(number / u64::from(divisor));
            return (number % u64::from(divisor)) as u16;
        }
        let rest = self.0 % u128::from(divisor);
        self.0 /= u128::from(divisor);
        rest as u16
    }
}

impl Number for Large {
    fn all(numerals: impl Iterator<Item = Numeral>) -> Large {
        let mut number = Large(Zeroizing::new(Vec::new()));
        for numeral in numerals {
            number.multiply_and_add(numeral.radix, numeral.value);
        }
        number
    }

    fn length(&self) -> usize {
        self.0.last().map_or(0, |limb| self.0.len() * 32 - limb.leading_zeros() as usize)
    }

    fn enciphered(self, ff1: &Ff1, tweak: &[u8], length: usize) -> Result<Large, MintError> {
        Ok(Large::of_bits(ff1.enciphered(tweak, 2, self.bits(length))?))
    }

    fn divide(&mut self, divisor: u16) -> u16 {
        let mut rest = 0;
        for limb in self.0.iter_mut().rev() {
            let whole = rest << 32 | u64::from(*limb);
            *limb = (whole / u64::from(divisor)) as u32;
            rest = whole % u64::from(divisor);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        rest as u16
    }
}

/// A number of any size: limbs, the least first, and no zero at the end.
#[derive(PartialEq, Eq)]
struct Large(Zeroizing<Vec<u32>>);

impl Large {
    fn of_bits(bits: Vec<u16>) -> Large {
        Large::all(bits.into_iter().map(|value| Numeral { value, radix: 2 }))
    }

    fn multiply_and_add(&mut self, factor: u16, term: u16) {
        let mut carry = u64::from(term);
        for limb in self.0.iter_mut() {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// So many bits, the greatest first.
    fn bits(&self, length: usize) -> Vec<u16> {
        let bit = |at: usize| self.0.get(at / 32).map_or(0, |limb| (limb >> (at % 32) & 1) as u16);
        (0..length).rev().map(bit).collect()
    }
}

impl PartialOrd for Large {
    fn partial_cmp(&self, other: &Large) -> Option<std::cmp::Ordering> {
        let key = |large: &Large| large.0.len();
        Some(key(self).cmp(&key(other)).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use data_encoding::HEXLOWER;

    use super::*;

    const NIST: &str = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94";

    fn key() -> [u8; KEY_BYTES] {
        HEXLOWER.decode(NIST.as_bytes()).expect("hex").try_into().expect("32 bytes")
    }

    fn permuted(tweak: &[u8], values: &[u16], radices: &[u16]) -> Vec<u16> {
        let numeral = |(value, radix): (&u16, &u16)| Numeral { value: *value, radix: *radix };
        let mut numerals: Vec<Numeral> = values.iter().zip(radices.iter().cycle()).map(numeral).collect();
        Ff1::new(&key()).permute(tweak, &mut numerals).expect("permuted");
        assert!(numerals.iter().all(|numeral| numeral.value < numeral.radix));
        numerals.iter().map(|numeral| numeral.value).collect()
    }

    fn values(text: &str) -> Vec<u16> {
        text.chars().filter_map(|c| c.to_digit(36)).map(|digit| digit as u16).collect()
    }

    fn enciphered<C: BlockCipherEncrypt + KeyInit + Clone>(
        key: &[u8],
        tweak: &[u8],
        radix: u16,
        values: Vec<u16>,
    ) -> Vec<u16> {
        let cipher = FF1::<C>::new(key, radix.into()).expect("a radix");
        enciphered_with(&cipher, tweak, radix, values).expect("enciphered")
    }

    /// The samples of NIST for FF1 (FF1samples.pdf): 1 to 3 with AES-128, 4 to 6 with AES-192, 7 to 9 with AES-256.
    #[test]
    fn the_samples_of_nist() {
        let key = HEXLOWER.decode(NIST.as_bytes()).expect("hex");
        let long = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f";
        assert_eq!(HEXLOWER.encode(&key[..24]), long, "the three keys begin alike");
        for (bytes, radix, tweak, plain, cipher) in [
            (16, 10, "", "0123456789", "2433477484"),
            (16, 10, "39383736353433323130", "0123456789", "6124200773"),
            (16, 36, "3737373770717273373737", "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
            (24, 10, "", "0123456789", "2830668132"),
            (24, 10, "39383736353433323130", "0123456789", "2496655549"),
            (24, 36, "3737373770717273373737", "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
            (32, 10, "", "0123456789", "6657667009"),
            (32, 10, "39383736353433323130", "0123456789", "1001623463"),
            (32, 36, "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
        ] {
            let tweak = HEXLOWER.decode(tweak.as_bytes()).expect("hex");
            let own = match bytes {
                16 => enciphered::<aes::Aes128>(&key[..16], &tweak, radix, values(plain)),
                24 => enciphered::<aes::Aes192>(&key[..24], &tweak, radix, values(plain)),
                _ => permuted(&tweak, &values(plain), &[radix]),
            };
            assert_eq!(own, values(cipher), "{bytes} {radix}");
        }
    }

    #[test]
    fn numbers_of_many_radices_never_meet() {
        // 1,001,000 numbers: barely more than there must be, and just below 2^20.
        let radices = [7, 10, 11, 13, 100];
        let mut seen = HashSet::new();
        for number in 0..3_000u32 {
            let mut large = Large::all([Numeral { value: 0, radix: 2 }].into_iter());
            large.multiply_and_add(1, (number % 1000) as u16);
            let mut values = vec![0; radices.len()];
            values[0] = (number / 1000) as u16;
            for at in (1..radices.len()).rev() {
                values[at] = large.divide(radices[at]);
            }
            assert!(seen.insert(permuted(b"tweak", &values, &radices)), "{values:?}");
        }
    }

    /// Numbers without a pattern, the same in every run.
    fn scattered() -> impl FnMut(u64) -> u64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    #[test]
    fn in_machine_words_the_results_are_those_of_the_crate() {
        let mut below = scattered();
        let (mut in_words, mut radices) = (0, vec![2, 3, 7, 10, 16, 26, 36, 62, 83, 256, 2968, 32_768, 65_535]);
        radices.extend((0..40).map(|_| below(65_534) as u16 + 2));
        for radix in radices {
            let cipher = FF1::<Aes256Enc>::new(&key(), radix.into()).expect("a radix");
            let least = (1..).find(|places| f64::from(radix).powi(*places) >= 1_000_000.0).expect("enough") as u64;
            for _ in 0..30 {
                let places = least.max(2) + below(40);
                let values: Vec<u16> = (0..places).map(|_| below(radix.into()) as u16).collect();
                let tweak: Vec<u8> = (0..below(40)).map(|_| below(256) as u8).collect();
                let whole = cipher.encrypt(&tweak, &FlexibleNumeralString::from(values.clone())).expect("enciphered");
                in_words += usize::from(Halves::of(&values, radix).is_some());
                let own = enciphered_with(&cipher, &tweak, radix, values.clone()).expect("enciphered");
                assert_eq!(own, Vec::from(whole), "{radix} {values:?}");
                if let Some(halves) = Halves::of(&own, radix) {
                    let back = cipher.decrypt(&tweak, &halves).expect("deciphered").places(radix);
                    assert_eq!(back, values);
                }
            }
        }
        assert!((200..1_500).contains(&in_words), "both ways are tried: {in_words}");
    }

    #[test]
    fn places_of_many_radices_give_the_same_in_one_word_as_in_any() {
        let (mut below, ff1, mut in_words) = (scattered(), Ff1::new(&key()), 0);
        for _ in 0..400 {
            let places = 5 + below(24);
            let numerals: Vec<Numeral> = (0..places)
                .map(|_| {
                    let radix = [9, 10, 26, 26, 83, 2968][below(6) as usize];
                    Numeral { value: below(radix.into()) as u16, radix }
                })
                .collect();
            let (mut own, mut whole) = (numerals.clone(), numerals.clone());
            if numerals.iter().all(|numeral| numeral.radix == numerals[0].radix) {
                continue;
            }
            let fits = Word::of(&numerals).is_some();
            in_words += usize::from(fits);
            // Too few values look alike: neither makes one.
            let made = ff1.permute(b"tweak", &mut own);
            let number = Large::all(numerals.iter().copied());
            assert_eq!(ff1.walk(b"tweak", number, &mut whole), made);
            assert_eq!(own, whole, "{numerals:?}");
        }
        assert!((100..390).contains(&in_words), "both ways are tried: {in_words}");
    }

    #[test]
    fn tweaks_part_numbers() {
        let one = |tweak: &[u8]| permuted(tweak, &[1, 2, 3, 4, 5, 6, 7, 8], &[9, 10, 26]);
        assert_eq!(one(b"a"), one(b"a"));
        assert_ne!(one(b"a"), one(b"b"));
    }

    #[test]
    fn large_numbers_are_counted_right() {
        let mut number = Large::of_bits(vec![1; 100]);
        assert_eq!(number.length(), 100);
        assert_eq!(number.bits(102)[..4], [0, 0, 1, 1]);
        // 2^100 - 1 = 1267650600228229401496703205375
        let digits: Vec<u16> = std::iter::from_fn(|| (number.length() > 0).then(|| number.divide(10))).collect();
        let text: String = digits.iter().rev().map(|digit| digit.to_string()).collect();
        assert_eq!(text, "1267650600228229401496703205375");
        assert!(Large::of_bits(vec![1, 0, 0]) > Large::of_bits(vec![0, 1, 1]));
    }

    #[test]
    fn what_is_too_small_is_refused() {
        let mut numerals = [Numeral { value: 1, radix: 10 }; 5];
        assert_eq!(Ff1::new(&key()).permute(b"", &mut numerals), Err(MintError::Away));
        assert_eq!(Ff1::new(&key()).permute(b"", &mut []), Err(MintError::Away));
    }
}
