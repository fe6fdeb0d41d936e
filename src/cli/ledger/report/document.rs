//! A report as people read it, before it is set as text or as a page: title, facts, sections with tables.
//!
//! Each report makes one of these; `text` and `html` set it. Numbers, times, kinds and actions are put into the
//! reader's words here, so that both say the same.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::ledger::report::words;
use crate::cli::say::{Lang, Text};
use crate::ledger::report::occasion::Occasion;
use crate::ledger::report::reach::Actions;
use crate::ledger::report::who::PSEUDONYM;

/// A report.
pub(super) struct Document {
    /// What it is.
    pub(super) title: String,
    /// What it is made of, by whom and when: names and what they are.
    pub(super) facts: Vec<(String, String)>,
    /// What the reader must know first.
    pub(super) warnings: Vec<String>,
    /// What it says.
    pub(super) sections: Vec<Section>,
}

/// A part of a report.
#[derive(Default)]
pub(super) struct Section {
    /// What it tells.
    pub(super) title: String,
    /// Sentences before the table.
    pub(super) lead: Vec<String>,
    /// Rows under headings.
    pub(super) sheet: Option<Sheet>,
    /// Sentences behind the table.
    pub(super) notes: Vec<String>,
}

/// Rows under headings.
pub(super) struct Sheet {
    /// The headings.
    pub(super) head: Vec<String>,
    /// Which columns hold numbers.
    pub(super) numbers: &'static [usize],
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
}

impl Section {
    /// A part with a table, or a sentence where it would have no rows.
    pub(super) fn of(title: String, sheet: Sheet, or: &str) -> Section {
        match sheet.rows.is_empty() {
            true => Section { title, lead: vec![or.to_owned()], ..Section::default() },
            false => Section { title, sheet: Some(sheet), ..Section::default() },
        }
    }

    /// Adds a sentence behind the table.
    pub(super) fn noting(mut self, note: impl Into<String>) -> Section {
        self.notes.push(note.into());
        self
    }
}

/// The reader's language and zone.
pub(super) struct Tongue<'a> {
    /// The language.
    pub(super) lang: Lang,
    /// The zone.
    pub(super) zone: &'a TimeZone,
}

impl Tongue<'_> {
    /// A sentence.
    pub(super) fn says(&self, text: Text) -> String {
        text.of(self.lang).to_owned()
    }

    /// Headings.
    pub(super) fn head(&self, texts: &[Text]) -> Vec<String> {
        texts.iter().map(|text| self.says(*text)).collect()
    }

    /// A moment of a record; as it stands where it is none.
    pub(super) fn time(&self, text: &str) -> String {
        text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), |time| self.moment(time))
    }

    /// A moment.
    pub(super) fn moment(&self, time: Timestamp) -> String {
        time.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// A category.
    pub(super) fn category(&self, word: &str) -> String {
        known(words::CATEGORIES, word, self.lang)
    }

    /// A kind.
    pub(super) fn kind(&self, name: &str) -> String {
        known(words::KINDS, name, self.lang)
    }

    /// Kinds, one after another.
    pub(super) fn kinds<'k>(&self, names: impl IntoIterator<Item = &'k String>) -> String {
        let names: Vec<String> = names.into_iter().map(|name| self.kind(name)).collect();
        names.join(self.says(words::COMMA).as_str())
    }

    /// An action.
    pub(super) fn action(&self, word: &str) -> String {
        known(words::ACTIONS, word, self.lang)
    }

    /// An event.
    pub(super) fn event(&self, word: &str) -> String {
        known(words::EVENTS, word, self.lang)
    }

    /// Staff: a pseudonym, an id, or nobody.
    pub(super) fn staff(&self, called: Option<&str>, named: bool) -> String {
        let number = called.and_then(|called| called.strip_prefix(PSEUDONYM)).filter(|_| !named);
        match (called, number) {
            (_, Some(number)) => words::STAFF_NUMBER.with(self.lang, &[("n", &number)]),
            (Some(""), None) | (None, None) => self.says(words::NOBODY),
            (Some(called), None) => called.to_owned(),
        }
    }

    /// Staff, with the organisation where they are of another one.
    pub(super) fn recipient(&self, occasion: &Occasion, named: bool) -> String {
        let staff = self.staff(occasion.staff.as_deref(), named);
        let whose = occasion.organisation.as_ref().or(occasion.recipient.as_ref());
        whose.map_or(staff.clone(), |whose| format!("{staff} ({whose})"))
    }

    /// How many values under each action that there was.
    pub(super) fn actions(&self, sums: &Actions) -> String {
        let each = [
            ("show", sums.show),
            ("generalize", sums.generalize),
            ("mask", sums.mask),
            ("tokenize", sums.tokenize),
            ("hash", sums.hash),
            ("remove", sums.remove),
            ("block", sums.block),
            ("other", sums.other),
        ];
        let some = each.into_iter().filter(|(_, count)| *count > 0);
        let told: Vec<String> = some.map(|(word, count)| format!("{} {}", self.action(word), number(count))).collect();
        told.join(self.says(words::COMMA).as_str())
    }

    /// Yes or no.
    pub(super) fn whether(&self, holds: bool) -> String {
        self.says(if holds { words::YES } else { words::NO })
    }
}

/// A text, or a dash.
pub(super) fn or_dash(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

/// A number as people read it: `1,001`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The same, where there may be more.
pub(super) fn at_least(count: u64, more: bool, tongue: &Tongue<'_>) -> String {
    let count = number(count);
    if more { words::AT_LEAST.with(tongue.lang, &[("n", &count)]) } else { count }
}

/// A word of the program in the reader's language; as it stands where it is not known.
fn known(table: &[(&str, Text)], word: &str, lang: Lang) -> String {
    let found = table.iter().find(|(own, _)| *own == word);
    found.map_or(word, |(_, text)| text.of(lang)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }
}
