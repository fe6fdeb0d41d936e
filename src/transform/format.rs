//! `tokenize: format`: a token that keeps the value's length, alphabet and separators.
//!
//! ```yaml
//! tokenize: { phone: format, card_number: { token: format, check: pass } }
//! token_domain: analytics
//! ```
//!
//! Each letter becomes another of its alphabet; signs between them stay. All letters together are
//! one number, and the mint puts another of the same radices in its place (FF1), so that within a
//! domain two values never share a token. A first digit stays `0` or stays another: so a JSON
//! number remains one, and a number has the same token as its text.
//!
//! Where fewer than a million values look alike a token could be found by trying, and the value
//! becomes `****`; so does one that holds what stands in no alphabet, and the one value in a million
//! or more whose token would be itself.
//!
//! A number with a check digit gets a wrong one, unless the rule says `check: pass` and the value's
//! own is right. That takes nine numbers for ten: a number may share its token with the one out of
//! nine others that differs from it in the check digit alone, and so is no real number.

use crate::terms::kind::Kind;
use crate::terms::mint::{Domain, Mint, MintError, Numeral};
use crate::transform::alphabet::{Alphabet, is_kept};
use crate::transform::check::Check;
use crate::transform::fold;

/// The least number of values that must look alike: SP 800-38G Rev. 1 (draft) asks for it.
pub const ALIKE_MIN: u64 = 1_000_000;

/// Letters of a value; FF1 grows with their square.
const LETTERS_MAX: usize = 256;

/// The token of a value, or nothing where the value cannot have one.
pub fn format(
    value: &str,
    kind: &Kind,
    pass: bool,
    number: bool,
    (domain, mint): (&Domain, &dyn Mint),
) -> Result<Option<String>, MintError> {
    let value = fold::visible(value);
    if number && !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let Some(shape) = Shape::read(&value, kind).filter(|shape| shape.alike() >= ALIKE_MIN) else { return Ok(None) };
    // A number that the law forbids to use is never given to anybody, not even by chance.
    let pass = pass && shape.check != Some(Check::MyNumber);
    let token = shape.permuted(pass, |numerals| mint.permute(kind, domain, numerals))?;
    Ok(token.filter(|token| *token != value))
}

/// How many values look like this one: to those who cannot tell its letters.
pub fn alike(value: &str, kind: &Kind) -> Option<u64> {
    Shape::read(value, kind).map(|shape| shape.alike())
}

/// A value as letters with their alphabets, and signs between them.
struct Shape {
    signs: Vec<Sign>,
    letters: Vec<Letter>,
    check: Option<Check>,
}

enum Sign {
    Kept(char),
    /// The next letter.
    Letter,
}

#[derive(Clone, Copy)]
struct Letter {
    alphabet: Alphabet,
    number: u16,
    /// The alphabet without its first so many letters.
    from: u16,
}

impl Letter {
    fn numeral(self) -> Numeral {
        Numeral { value: self.number - self.from, radix: self.alphabet.letters() - self.from }
    }

    /// What the letter counts as in a check: digits from 0, Latin letters from 10.
    fn weight(self) -> u16 {
        if self.alphabet.is_digits() { self.number } else { self.number + 10 }
    }
}

impl Shape {
    fn read(value: &str, kind: &Kind) -> Option<Shape> {
        let mut shape = Shape { signs: Vec::new(), letters: Vec::new(), check: None };
        for c in value.chars() {
            let Some((alphabet, number)) = Alphabet::of(c) else {
                is_kept(c).then(|| shape.signs.push(Sign::Kept(c)))?;
                continue;
            };
            let from = u16::from(shape.letters.is_empty() && alphabet.is_digits() && number > 0);
            shape.signs.push(Sign::Letter);
            shape.letters.push(Letter { alphabet, number, from });
            (shape.letters.len() <= LETTERS_MAX).then_some(())?;
        }
        shape.check(kind).then_some(shape)
    }

    /// Notes the kind's check; false where the value is no number of the kind.
    fn check(&mut self, kind: &Kind) -> bool {
        let Some(check) = Check::of(&kind.name) else { return true };
        let Some(at) = check.digits(self.letters.len()) else { return false };
        let digits = |letters: &[Letter]| letters.iter().all(|letter| letter.alphabet.is_digits());
        let sound = match check {
            Check::Luhn | Check::MyNumber => digits(&self.letters),
            Check::Iban => {
                digits(&self.letters[at])
                    && self.letters.iter().all(|letter| letter.alphabet.is_digits() || letter.alphabet.is_latin())
            }
        };
        self.check = Some(check);
        sound
    }

    /// Whether a letter is a first zero, which stays.
    fn stays(&self, at: usize) -> bool {
        let letter = self.letters[at];
        at == 0 && letter.alphabet.is_digits() && letter.number == 0
    }

    /// The letters that are put in the place of others: all but a first zero and check digits.
    fn moving(&self) -> Vec<usize> {
        let check = self.check.and_then(|check| check.digits(self.letters.len())).unwrap_or(0..0);
        (0..self.letters.len()).filter(|at| !self.stays(*at) && !check.contains(at)).collect()
    }

    fn alike(&self) -> u64 {
        let radices = self.moving().into_iter().map(|at| u64::from(self.letters[at].numeral().radix));
        if self.letters.is_empty() { 0 } else { radices.fold(1, u64::saturating_mul) }
    }

    fn permuted(
        mut self,
        pass: bool,
        permute: impl FnOnce(&mut [Numeral]) -> Result<(), MintError>,
    ) -> Result<Option<String>, MintError> {
        let moving = self.moving();
        let mut numerals: Vec<Numeral> = moving.iter().map(|at| self.letters[*at].numeral()).collect();
        let missed = self.missed().filter(|missed| !(pass && missed.by == 0));
        if let Some(missed) = &missed {
            // By how much the check digits miss is told no more than the rest.
            let value = missed.by.saturating_sub(1);
            numerals.push(Numeral { value, radix: missed.of - 1 });
        }
        permute(&mut numerals)?;
        let mut moved = numerals.iter();
        for (at, numeral) in moving.iter().zip(&mut moved) {
            let letter = &mut self.letters[*at];
            letter.number = numeral.value + letter.from;
        }
        match (moved.next(), self.check) {
            (Some(by), Some(check)) => self.miss(check, by.value + 1),
            (None, Some(check)) => self.meet(check).then_some(()),
            _ => Some(()),
        }
        .map_or(Ok(None), |()| Ok(self.text()))
    }

    /// By how much the value's own check digits miss what they must be.
    fn missed(&self) -> Option<Missed> {
        let check = self.check?;
        let at = check.digits(self.letters.len())?;
        let of = 10u16.pow(u32::try_from(at.len()).ok()?);
        let own = self.digits(at.clone());
        let mut right = Shape { signs: Vec::new(), letters: self.letters.clone(), check: self.check };
        right.meet(check).then_some(())?;
        let by = if check.holds(&self.weights()) { 0 } else { (own + of - right.digits(at)) % of };
        Some(Missed { by, of })
    }

    /// Makes the check digits right; false where none are.
    fn meet(&mut self, check: Check) -> bool {
        let Some(at) = check.digits(self.letters.len()) else { return false };
        // The digits of an IBAN go from 02 to 98.
        let (first, of) = if check == Check::Iban { (2, 99) } else { (0, 10) };
        let mut weights = self.weights();
        (first..of).any(|digits| {
            self.put(at.clone(), digits, &mut weights);
            check.holds(&weights)
        })
    }

    /// Makes the check digits wrong by so much, or by the next amount that is wrong.
    fn miss(&mut self, check: Check, by: u16) -> Option<()> {
        self.meet(check).then_some(())?;
        let at = check.digits(self.letters.len())?;
        let of = 10u16.pow(u32::try_from(at.len()).ok()?);
        let right = self.digits(at.clone());
        let (mut by, mut weights) = (by, self.weights());
        loop {
            self.put(at.clone(), (right + by) % of, &mut weights);
            if !check.holds(&weights) {
                return Some(());
            }
            by = by % (of - 1) + 1;
        }
    }

    fn digits(&self, at: std::ops::Range<usize>) -> u16 {
        self.letters[at].iter().fold(0, |sum, letter| sum * 10 + letter.number)
    }

    /// Writes check digits, among the letters and among what all of them count as.
    fn put(&mut self, at: std::ops::Range<usize>, mut digits: u16, weights: &mut [u16]) {
        for (letter, weight) in self.letters[at.clone()].iter_mut().zip(&mut weights[at]).rev() {
            letter.number = digits % 10;
            *weight = letter.weight();
            digits /= 10;
        }
    }

    fn weights(&self) -> Vec<u16> {
        self.letters.iter().map(|letter| letter.weight()).collect()
    }

    fn text(&self) -> Option<String> {
        let mut letters = self.letters.iter();
        let written = |sign: &Sign| match sign {
            Sign::Kept(c) => Some(*c),
            Sign::Letter => letters.next().and_then(|letter| letter.alphabet.letter(letter.number)),
        };
        self.signs.iter().map(written).collect()
    }
}

struct Missed {
    by: u16,
    /// How many check digits there could be.
    of: u16,
}
