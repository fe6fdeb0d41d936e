//! FF1 of NIST SP 800-38G with AES-256, over numbers whose places may have radices of their own.
//!
//! Where all places have one radix the number goes to FF1 as it is. Else all its places together
//! are one number below the product of the radices; that is enciphered as so many bits as it needs,
//! and again until it is below the product once more. The walk stays inside one permutation, so it
//! is a permutation too, and takes fewer than two steps on the average.
//!
//! There is no way back here: what staff sends is never deciphered.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use fpe::ff1::{FF1, FlexibleNumeralString};
use zeroize::Zeroizing;

use crate::terms::mint::{MintError, Numeral};

/// Bytes of the key.
pub const KEY_BYTES: usize = 32;

/// A walk is longer than this once in 2^128 values.
const STEPS_MAX: usize = 128;

/// Puts another number in the place of this one.
pub fn permute(key: &[u8; KEY_BYTES], tweak: &[u8], numerals: &mut [Numeral]) -> Result<(), MintError> {
    let Some(first) = numerals.first() else { return Err(MintError::Away) };
    let radix = first.radix;
    if numerals.iter().all(|numeral| numeral.radix == radix) {
        let values = numerals.iter().map(|numeral| numeral.value).collect();
        for (numeral, value) in numerals.iter_mut().zip(enciphered(key, tweak, radix, values)?) {
            numeral.value = value;
        }
        return Ok(());
    }
    let size = Large::of(numerals.iter().map(|numeral| Numeral { value: numeral.radix - 1, ..*numeral }));
    let mut number = Large::of(numerals.iter().copied());
    for _ in 0..STEPS_MAX {
        number = Large::of_bits(enciphered(key, tweak, 2, number.bits(size.length()))?);
        // `size` is the greatest number there is.
        if number <= size {
            for numeral in numerals.iter_mut().rev() {
                numeral.value = number.divide(numeral.radix);
            }
            return Ok(());
        }
    }
    Err(MintError::Away)
}

fn enciphered(key: &[u8; KEY_BYTES], tweak: &[u8], radix: u16, values: Vec<u16>) -> Result<Vec<u16>, MintError> {
    enciphered_with::<Aes256>(key, tweak, radix, values)
}

/// FF1 itself, which tests run with shorter keys too.
fn enciphered_with<C>(key: &[u8], tweak: &[u8], radix: u16, values: Vec<u16>) -> Result<Vec<u16>, MintError>
where
    C: BlockCipherEncrypt + KeyInit + Clone,
{
    // FF1 refuses what is shorter than a million values; whoever asks has looked before.
    let cipher = FF1::<C>::new(key, radix.into()).map_err(|_| MintError::Away)?;
    let enciphered = cipher.encrypt(tweak, &FlexibleNumeralString::from(values)).map_err(|_| MintError::Away)?;
    Ok(enciphered.into())
}

/// A number of any size: limbs, the least first, and no zero at the end.
#[derive(PartialEq, Eq)]
struct Large(Zeroizing<Vec<u32>>);

impl Large {
    fn of(numerals: impl Iterator<Item = Numeral>) -> Large {
        let mut number = Large(Zeroizing::new(Vec::new()));
        for numeral in numerals {
            number.multiply_and_add(numeral.radix, numeral.value);
        }
        number
    }

    fn of_bits(bits: Vec<u16>) -> Large {
        Large::of(bits.into_iter().map(|value| Numeral { value, radix: 2 }))
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

    /// Leaves the quotient and gives the rest.
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

    /// How many bits it takes.
    fn length(&self) -> usize {
        self.0.last().map_or(0, |limb| self.0.len() * 32 - limb.leading_zeros() as usize)
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
        permute(&key(), tweak, &mut numerals).expect("permuted");
        assert!(numerals.iter().all(|numeral| numeral.value < numeral.radix));
        numerals.iter().map(|numeral| numeral.value).collect()
    }

    fn values(text: &str) -> Vec<u16> {
        text.chars().filter_map(|c| c.to_digit(36)).map(|digit| digit as u16).collect()
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
                16 => enciphered_with::<aes::Aes128>(&key[..16], &tweak, radix, values(plain)).expect("enciphered"),
                24 => enciphered_with::<aes::Aes192>(&key[..24], &tweak, radix, values(plain)).expect("enciphered"),
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
            let mut large = Large::of([Numeral { value: 0, radix: 2 }].into_iter());
            large.multiply_and_add(1, (number % 1000) as u16);
            let mut values = vec![0; radices.len()];
            values[0] = (number / 1000) as u16;
            for at in (1..radices.len()).rev() {
                values[at] = large.divide(radices[at]);
            }
            assert!(seen.insert(permuted(b"tweak", &values, &radices)), "{values:?}");
        }
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
        assert_eq!(permute(&key(), b"", &mut numerals), Err(MintError::Away));
        assert_eq!(permute(&key(), b"", &mut []), Err(MintError::Away));
    }
}
