//! A number in two halves, each in one machine word: what FF1 of the crate `fpe` computes on where a number is not too
//! large. Its own is of any size and takes a new allocation at every step; the results are the same.

use fpe::ff1::{NumeralString, Operations};

/// A half is below this: so large a one takes 12 bytes, and what FF1 adds to it 16.
const MODULUS_MAX: u128 = 1 << 95;

/// A number of so many places of one radix, the greater ones in front.
pub struct Halves {
    front: Half,
    back: Half,
}

/// Some places of it.
#[derive(Clone, Copy)]
pub struct Half {
    value: u128,
    places: usize,
    /// How many values so many places have.
    modulus: u128,
}

impl Halves {
    /// The number with these places, each of them below the radix; nothing where it is too large, or none.
    pub fn of(places: &[u16], radix: u16) -> Option<Halves> {
        let (front, back) = places.split_at(places.len() / 2);
        Some(Halves { front: Half::of(front, radix)?, back: Half::of(back, radix)? })
    }

    /// The number as so many bits; nothing where it is too large.
    pub fn of_bits(number: u128, bits: usize) -> Option<Halves> {
        let (front, back) = (bits / 2, bits - bits / 2);
        let half = |value, places| {
            let modulus = 1_u128.checked_shl(u32::try_from(places).ok()?).filter(|modulus| *modulus <= MODULUS_MAX)?;
            (value < modulus).then_some(Half { value, places, modulus })
        };
        Some(Halves { back: half(number & ((1 << back) - 1), back)?, front: half(number >> back, front)? })
    }

    /// The number that it is as bits; nothing where it does not fit.
    pub fn bits(&self) -> Option<u128> {
        let front = self.front.value.checked_mul(self.back.modulus)?;
        front.checked_add(self.back.value)
    }

    /// Writes the places.
    pub fn places(&self, radix: u16) -> Vec<u16> {
        let mut places = vec![0; self.front.places + self.back.places];
        let (front, back) = places.split_at_mut(self.front.places);
        self.front.write(front, radix);
        self.back.write(back, radix);
        places
    }
}

impl Half {
    fn of(places: &[u16], radix: u16) -> Option<Half> {
        let radix = u128::from(radix);
        let (mut value, mut modulus) = (0, 1_u128);
        for place in places.iter().copied().map(u128::from) {
            (place < radix).then_some(())?;
            // Below the modulus, which is checked.
            value = value * radix + place;
            modulus = modulus.checked_mul(radix).filter(|modulus| *modulus <= MODULUS_MAX)?;
        }
        Some(Half { value, places: places.len(), modulus })
    }

    fn write(&self, places: &mut [u16], radix: u16) {
        let mut rest = self.value;
        let mut places = places.iter_mut().rev();
        // Words of half the width are divided many times faster.
        while let Some(place) = if rest > u128::from(u64::MAX) { places.next() } else { None } {
            *place = (rest % u128::from(radix)) as u16;
            rest /= u128::from(radix);
        }
        let mut rest = rest as u64;
        for place in places {
            *place = (rest % u64::from(radix)) as u16;
            rest /= u64::from(radix);
        }
    }

    fn rest(&self, number: u128) -> u128 {
        if self.modulus.is_power_of_two() {
            return number & (self.modulus - 1);
        }
        match (u64::try_from(number), u64::try_from(self.modulus)) {
            (Ok(number), Ok(modulus)) => u128::from(number % modulus),
            _ => number % self.modulus,
        }
    }
}

impl NumeralString for Halves {
    type Ops = Half;

    /// Seen to when it was made.
    fn is_valid(&self, _radix: u32) -> bool {
        true
    }

    fn numeral_count(&self) -> usize {
        self.front.places + self.back.places
    }

    fn split(&self) -> (Half, Half) {
        (self.front, self.back)
    }

    fn concat(front: Half, back: Half) -> Halves {
        Halves { front, back }
    }
}

/// The last bytes of a word.
pub struct Bytes([u8; 16], usize);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.0.get(self.0.len().saturating_sub(self.1)..).unwrap_or_default()
    }
}

impl Operations for Half {
    type Bytes = Bytes;

    fn numeral_count(&self) -> usize {
        self.places
    }

    fn to_be_bytes(&self, _radix: u32, bytes: usize) -> Bytes {
        Bytes(self.value.to_be_bytes(), bytes)
    }

    fn add_mod_exp(self, other: impl Iterator<Item = u8>, _radix: u32, _places: usize) -> Half {
        Half { value: self.rest(self.value + self.rest(number(other))), ..self }
    }

    fn sub_mod_exp(self, other: impl Iterator<Item = u8>, _radix: u32, _places: usize) -> Half {
        Half { value: self.rest(self.value + self.modulus - self.rest(number(other))), ..self }
    }
}

fn number(bytes: impl Iterator<Item = u8>) -> u128 {
    bytes.fold(0, |number, byte| number << 8 | u128::from(byte))
}
