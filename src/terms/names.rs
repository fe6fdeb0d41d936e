//! Names that stand around a leaf.
//!
//! A walker shows many leaves of which nobody asks the names, so it lends what it keeps anyway and
//! builds no list: a list of its own, one name, or a part of the names that lie around one another.

/// Names, the nearest first.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a>(Kept<'a>);

#[derive(Debug, Clone, Copy)]
enum Kept<'a> {
    List(&'a [&'a str]),
    One(&'a str),
    Around { nest: &'a Nest, from: u32, to: u32 },
}

impl<'a> Names<'a> {
    /// No name at all.
    pub const NONE: Names<'static> = Names(Kept::List(&[]));

    /// The names of a list, the nearest first.
    pub const fn list(names: &'a [&'a str]) -> Names<'a> {
        Names(Kept::List(names))
    }

    /// A single name.
    pub const fn one(name: &'a str) -> Names<'a> {
        Names(Kept::One(name))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self.0 {
            Kept::List(names) => names.len(),
            Kept::One(_) => 1,
            Kept::Around { from, to, .. } => (to - from) as usize,
        }
    }

    /// Whether these are the names that were noted.
    #[inline]
    pub fn are(&self, noted: &Noted) -> bool {
        match self.0 {
            Kept::One(name) => noted.ends.len() == 1 && is_same(&noted.text, name),
            Kept::List(names) => {
                names.len() == noted.ends.len()
                    && names.iter().enumerate().all(|(at, name)| is_same(noted.name(at), name))
            }
            Kept::Around { nest, from, to } => {
                let (start, end) = (nest.start(from as usize), nest.start(to as usize));
                let ends = &nest.ends[from as usize..to as usize];
                ends.len() == noted.ends.len()
                    && is_same(&nest.text[start..end], &noted.text)
                    && ends.iter().zip(&noted.ends).all(|(end, noted)| *end - start == *noted)
            }
        }
    }

    /// Notes them, to know them again.
    pub fn noted(&self) -> Noted {
        let mut nest = Nest::default();
        self.iter().rev().for_each(|name| nest.push(name));
        Noted { text: nest.text.into(), ends: nest.ends.into() }
    }

    /// The nearest name.
    pub fn first(&self) -> Option<&'a str> {
        self.iter().next()
    }

    /// All of them, the nearest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
        let names = *self;
        (0..self.len()).map(move |at| match names.0 {
            Kept::List(names) => names[at],
            Kept::One(name) => name,
            Kept::Around { nest, to, .. } => nest.name(to as usize - 1 - at),
        })
    }
}

/// Names that were noted: all of them one behind the other, the outermost first.
#[derive(Debug, Default)]
pub struct Noted {
    text: Box<str>,
    /// Where each of them ends.
    ends: Box<[usize]>,
}

impl Noted {
    /// What they take beside this.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }

    /// The nearest name is number 0.
    fn name(&self, number: usize) -> &str {
        let at = self.ends.len() - 1 - number;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[at]]
    }
}

/// Names that lie around one another, as keys of objects do.
#[derive(Debug, Default)]
pub struct Nest {
    /// All of them one behind the other, the outermost first.
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Nest {
    /// Goes into what has this name.
    pub fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    /// Leaves it.
    pub fn pop(&mut self) {
        self.ends.pop();
        self.text.truncate(self.ends.last().copied().unwrap_or_default());
    }

    /// Whether there is no name around.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Every name.
    pub fn all(&self) -> Names<'_> {
        Names(Kept::Around { nest: self, from: 0, to: self.count() })
    }

    /// The innermost name apart from all that lie around it.
    pub fn parted(&self) -> (Names<'_>, Names<'_>) {
        let (to, innermost) = (self.count(), self.count().saturating_sub(1));
        (
            Names(Kept::Around { nest: self, from: innermost, to }),
            Names(Kept::Around { nest: self, from: 0, to: innermost }),
        )
    }

    fn count(&self) -> u32 {
        // Nothing nests deeper than a bound that is far below.
        self.ends.len() as u32
    }

    #[inline]
    fn name(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.ends[at]]
    }

    /// Where the name of this number begins, or where the last one ends.
    #[inline]
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

/// Whether two names are the same. Nearly all are short, and a call would cost more than to compare them.
#[inline]
pub fn is_same(a: &str, b: &str) -> bool {
    same(a.as_bytes(), b.as_bytes())
}

/// The same of bytes.
#[inline]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0 => true,
        1..=3 => a[0] == b[0] && a[a.len() / 2] == b[b.len() / 2] && a[a.len() - 1] == b[b.len() - 1],
        4..=7 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        8..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_nearest_first() {
        let mut nest = Nest::default();
        ["a", "", "山田", "d"].into_iter().for_each(|name| nest.push(name));
        nest.pop();
        let texts = |names: Names<'_>| names.iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(texts(nest.all()), ["山田", "", "a"]);
        let (innermost, around) = nest.parted();
        assert_eq!((texts(innermost), texts(around)), (vec!["山田".to_owned()], vec![String::new(), "a".to_owned()]));
        nest.push("e");
        assert_eq!((nest.all().first(), nest.all().len()), (Some("e"), 4));
        assert_eq!(texts(Names::list(&["x", "y"])), ["x", "y"]);
        assert_eq!((Names::one("x").first(), Names::NONE.first()), (Some("x"), None));
        let all = [nest.all(), nest.parted().1, Names::list(&["x", "y"]), Names::one("x"), Names::NONE];
        for (at, names) in all.iter().enumerate() {
            let noted = names.noted();
            let same: Vec<usize> = (0..all.len()).filter(|at| all[*at].are(&noted)).collect();
            assert_eq!(same, [at]);
        }
        let none = Nest::default();
        assert!(none.all().is_empty() && none.parted().0.is_empty() && none.parted().1.is_empty());
    }
    #[test]
    fn names_are_the_same_or_differ_in_any_byte() {
        for length in 0..40 {
            let name = "n".repeat(length);
            assert!(is_same(&name, &name.clone()) && !is_same(&name, &"n".repeat(length + 1)));
            for at in 0..length {
                let mut other = name.clone();
                other.replace_range(at..=at, "m");
                assert!(!is_same(&name, &other) && !is_same(&other, &name), "{length} {at}");
            }
        }
    }
}
