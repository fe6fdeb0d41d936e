//! Prefecture and municipality of a Japanese address.
//!
//! Names like 四日市市, 余市町 or 大和郡山市 hold the signs by which others end, so all municipalities
//! stand in a table, and the longest name at the front of an address counts. Whatever way an address
//! is written, its municipality is written in one: with its prefecture, and with its county where it
//! has one. The prefecture may be left out before a city that no other has the name of; before a town
//! it may not, nor where the name stands nowhere: what stands at the front may be anything.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::transform::fold::is_dash;

/// Prefectures, and in them municipalities; the file says how it is written.
const TABLE: &str = include_str!("municipalities.txt");

/// What a short name stands for.
enum Meaning {
    /// The one municipality of this name, written whole.
    One(String),
    /// Several have it.
    Several,
}

struct Places {
    prefectures: Vec<&'static str>,
    /// Names behind a prefecture, by prefecture and name.
    within: Names,
    /// Names at the front of an address that leaves its prefecture out.
    alone: Names,
}

static PLACES: LazyLock<Places> = LazyLock::new(|| {
    let mut places = Places { prefectures: Vec::new(), within: Names::default(), alone: Names::default() };
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let Some((prefecture, names)) = line.split_once(": ") else { continue };
        places.prefectures.push(prefecture);
        for (group, inner) in groups(names) {
            places.add(prefecture, group, inner);
        }
    }
    places
});

/// The prefecture of an address in plain spelling.
pub fn prefecture(plain: &str) -> Option<String> {
    let address = bare(plain);
    prefecture_of(&address).map(str::to_owned)
}

/// The prefecture and municipality of an address in plain spelling.
pub fn municipality(plain: &str) -> Option<String> {
    let address = bare(plain);
    Some(found(&address)?.1.to_owned())
}

/// Whether a text is a prefecture, or a municipality as `municipality` gives it, and nothing else.
pub fn is_place(text: &str) -> bool {
    PLACES.prefectures.contains(&text)
        || found(text).is_some_and(|(length, whole)| length == text.len() && whole == text)
}

/// How many bytes of the address name its municipality, and its whole name.
fn found(address: &str) -> Option<(usize, &'static str)> {
    match prefecture_of(address) {
        Some(prefecture) => {
            let (length, whole) = PLACES.within.longest(prefecture, &address[prefecture.len()..])?;
            Some((prefecture.len() + length, whole))
        }
        None => PLACES.alone.longest("", address),
    }
}

fn prefecture_of(address: &str) -> Option<&'static str> {
    PLACES.prefectures.iter().copied().find(|name| address.starts_with(name))
}

impl Places {
    fn add(&mut self, prefecture: &'static str, group: &str, inner: Vec<&str>) {
        let whole = format!("{prefecture}{group}");
        let is_city = group.ends_with('市');
        if inner.is_empty() || is_city {
            self.within.add(prefecture, group, &whole);
        }
        // Quarters of cities are called 栄町 or 朝日町 too.
        if group.ends_with(['市', '区']) {
            self.alone.add("", group, &whole);
        }
        for name in inner {
            let (long, whole) = (format!("{group}{name}"), format!("{whole}{name}"));
            self.within.add(prefecture, &long, &whole);
            self.alone.add("", &long, &whole);
            // People leave a county out, but not the city of a ward: 北区 alone is any of many.
            if is_city {
                self.alone.several("", name);
            } else {
                self.within.add(prefecture, name, &whole);
            }
        }
    }
}

/// Names by what stands before them, in one spelling.
#[derive(Default)]
struct Names {
    meanings: HashMap<&'static str, HashMap<String, Meaning>>,
    chars_max: usize,
}

impl Names {
    fn add(&mut self, before: &'static str, name: &str, whole: &str) {
        let name = folded(name);
        self.chars_max = self.chars_max.max(name.chars().count());
        let one = || Meaning::One(whole.to_owned());
        let names = self.meanings.entry(before).or_default();
        names.entry(name).and_modify(|meaning| *meaning = Meaning::Several).or_insert_with(one);
    }

    fn several(&mut self, before: &'static str, name: &str) {
        self.meanings.entry(before).or_default().insert(folded(name), Meaning::Several);
    }

    /// The longest name at the front: how many bytes it takes, and the whole name that it means.
    fn longest(&self, before: &str, text: &str) -> Option<(usize, &str)> {
        let names = self.meanings.get(before)?;
        let mut front = folded(&text.chars().take(self.chars_max).collect::<String>());
        let mut length: usize = text.chars().take(self.chars_max).map(char::len_utf8).sum();
        loop {
            match names.get(&front) {
                Some(Meaning::One(whole)) => return Some((length, whole)),
                Some(Meaning::Several) => return None,
                // One character of the text is one character folded.
                None => {
                    front.pop()?;
                    length -= text[..length].chars().next_back()?.len_utf8();
                }
            }
        }
    }
}

/// `函館市 余市郡(仁木町 余市町)`
fn groups(names: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut rest = names;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let end = rest.find([' ', '(']).unwrap_or(rest.len());
        let (group, after) = rest.split_at(end);
        let inner = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        rest = inner.map_or(after, |(_, after)| after);
        (!group.is_empty()).then(|| (group, inner.map_or(Vec::new(), |(inner, _)| inner.split(' ').collect())))
    })
}

/// One spelling of characters that people use for each other in names of places.
fn folded(name: &str) -> String {
    let one = |c: char| match c {
        'ヶ' | 'が' | 'ガ' => 'ケ',
        '竈' => '釜',
        '龍' => '竜',
        '鰺' => '鯵',
        '檮' => '梼',
        '曾' => '曽',
        '與' => '与',
        '檜' => '桧',
        '彌' => '弥',
        '籠' => '篭',
        '髙' => '高',
        '﨑' => '崎',
        'ノ' | 'の' => '之',
        c => c,
    };
    name.chars().map(one).collect()
}

/// The address without blanks and without a postal code in front.
fn bare(plain: &str) -> String {
    let address: String = plain.chars().filter(|c| *c != ' ').collect();
    let rest = address.trim_start_matches('〒');
    let code = rest.trim_start_matches(|c: char| c.is_ascii_digit() || is_dash(c));
    code.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_municipality_once() {
        assert_eq!(PLACES.prefectures.len(), 47);
        let ones = PLACES.within.meanings.values().flat_map(HashMap::values).filter_map(|meaning| match meaning {
            Meaning::One(whole) => Some(whole.as_str()),
            Meaning::Several => None,
        });
        let wholes: std::collections::HashSet<&str> = ones.collect();
        let wards = wholes.iter().filter(|whole| whole.ends_with('区') && !whole.starts_with("東京都")).count();
        assert_eq!((wholes.len() - wards, wards), (1741, 171));
        for whole in wholes {
            assert_eq!(municipality(&format!("{whole}朝日町1-2")).as_deref(), Some(whole));
            assert!(is_place(whole), "{whole}");
        }
    }
}
