//! What a request asks about hidden data.
//!
//! Whoever may sort by a number, or look for its beginning, learns it without being shown it. So a
//! question about a veiled kind passes only as a search for a whole value; what resources do not
//! declare is known by the names and spellings that applications share.

use std::collections::BTreeSet;

use crate::policy::plan::{Parameter, Plan, Search};
use crate::terms::kind::{self, KindId};
use crate::terms::label;
use crate::terms::refusal::{Reason, Refusal};

/// Parameters that name the column to sort or group by.
const SORTS: &[&str] = &[
    "sort", "sorts", "order", "orderby", "order_by", "order by", "ordering", "sortby", "sort_by", "sort_key", "sort_field", "sortfield",
    "sort_column", "sidx", "$orderby", "group", "groupby", "group_by", "$apply", "aggregate", "distinct",
];

/// Parameters that hold a condition in a language of their own.
const CONDITIONS: &[&str] =
    &["filter", "filters", "$filter", "q_filter", "where", "domain", "criteria", "condition", "conditions", "$search", "searchspec", "having"];

/// Parameters that hold words to look for.
const WORDS: &[&str] = &["q", "query", "search", "keyword", "keywords", "term", "s", "word", "words", "検索", "キーワード"];

/// Parts of a parameter's name that ask for more than equality.
const OPERATORS: &[&str] = &[
    "startswith", "istartswith", "endswith", "iendswith", "contains", "icontains", "like", "ilike", "regex", "iregex", "gt", "gte", "lt",
    "lte", "ge", "le", "range", "between", "prefix", "suffix", "min", "max", "from", "to",
];

/// How a value that is sought stands to a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// A detector knows it as one of the kind from end to end.
    Proven,
    /// It may be a whole one.
    Whole,
    /// It may be a part of one.
    Part,
    /// No value of the kind can hold it.
    Never,
}

/// What the parameters ask, where none of it is refused.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Veiled kinds that were looked for by a whole value.
    pub kinds: BTreeSet<KindId>,
}

/// Looks at every parameter of the query, and of a form that only reads.
pub fn screen(plan: &Plan, parameters: &[(String, String)]) -> Result<Asked, Refusal> {
    let screen = Screen { plan };
    let mut asked = Asked::default();
    for (name, value) in parameters {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        let folded = label::fold(name);
        match plan.parameters.get(&folded) {
            Some(parameter) => screen.declared(name, parameter, value, &mut asked)?,
            None => screen.conventional(name, &folded, value, &mut asked)?,
        }
    }
    Ok(asked)
}

struct Screen<'a> {
    plan: &'a Plan,
}

impl Screen<'_> {
    fn declared(&self, name: &str, parameter: &Parameter, value: &str, asked: &mut Asked) -> Result<(), Refusal> {
        self.equal(name, &parameter.filters, value, asked)?;
        if !parameter.columns.is_empty() {
            for word in condition(value)?.iter().flat_map(|text| columns(text)) {
                let kind = parameter.columns.get(&label::fold(word)).copied().or_else(|| self.column(word));
                self.column_allowed(name, kind)?;
            }
        }
        Ok(())
    }

    fn conventional(&self, name: &str, folded: &str, value: &str, asked: &mut Asked) -> Result<(), Refusal> {
        if SORTS.contains(&folded) || CONDITIONS.contains(&folded) {
            let texts = condition(value)?;
            return texts.iter().flat_map(|text| columns(text)).try_for_each(|word| self.column_allowed(name, self.column(word)));
        }
        if WORDS.contains(&folded) {
            return self.free_words(name, value, asked);
        }
        let parts: Vec<&str> = words(name).collect();
        let Some(kind) = self.column(name).or_else(|| parts.iter().find_map(|part| self.column(part))) else {
            return Ok(());
        };
        if parts.iter().any(|part| OPERATORS.contains(&label::fold(part).as_str())) {
            return self.column_allowed(name, Some(kind));
        }
        self.equal(name, &[kind], value, asked)
    }

    /// A column to sort by or to compare in any way: refused where staff does not see it.
    fn column_allowed(&self, name: &str, kind: Option<KindId>) -> Result<(), Refusal> {
        match kind {
            Some(kind) if self.hidden(kind) && self.search(kind) != Search::Any => Err(self.refusal(name, kind, "sorting, ranges and prefixes")),
            _ => Ok(()),
        }
    }

    /// A value to be compared with these kinds: passes as a whole value of one of them, or where it
    /// can be no part of any.
    fn equal(&self, name: &str, kinds: &[KindId], value: &str, asked: &mut Asked) -> Result<(), Refusal> {
        let mut partly = None;
        let mut proven = false;
        for kind in kinds.iter().copied().filter(|kind| self.hidden(*kind)) {
            match (self.search(kind), self.fit(kind, value)) {
                (Search::Any, _) => {}
                (_, Fit::Never) => continue,
                (Search::None, _) => return Err(self.refusal(name, kind, "searching")),
                (Search::Exact, Fit::Part) => partly = partly.or(Some(kind)),
                (Search::Exact, Fit::Proven) => proven = true,
                (Search::Exact, Fit::Whole) => {}
            }
            asked.kinds.insert(kind);
        }
        match partly {
            Some(kind) if !proven => Err(self.refusal(name, kind, "looking for a part of a value")),
            _ => Ok(()),
        }
    }

    /// Words for a search over everything: beginnings of numbers and addresses are refused.
    fn free_words(&self, name: &str, value: &str, asked: &mut Asked) -> Result<(), Refusal> {
        let mut found = Vec::new();
        self.plan.detectors.find(value, &mut found);
        for hit in &found {
            if self.hidden(hit.kind) {
                self.equal(name, &[hit.kind], &value[hit.range.clone()], asked)?;
            }
        }
        if found.is_empty() {
            for (kind, looks) in [(kind::EMAIL, value.contains('@') || value.contains('＠')), (kind::PHONE, is_phone_fragment(value))] {
                if looks && self.hidden(kind) && self.search(kind) != Search::Any {
                    return Err(self.refusal(name, kind, "looking for a part of a value"));
                }
            }
        }
        Ok(())
    }

    /// How a value that is sought stands to a kind: finding a whole one tells no more than what
    /// staff already typed, finding a part of one tells the rest.
    fn fit(&self, kind: KindId, value: &str) -> Fit {
        const NAME_CHARS: usize = 2;
        let mut found = Vec::new();
        self.plan.detectors.find(value, &mut found);
        if found.iter().any(|hit| hit.kind == kind && hit.range == (0..value.len())) {
            return Fit::Proven;
        }
        let wild = value.contains(['*', '%', '?', '^', '$', '|', '＊', '％']);
        let digits = value.chars().any(char::is_numeric);
        match kind {
            kind::PERSON_NAME | kind::PERSON_KANA if value.contains(['@', '＠']) || digits => Fit::Never,
            kind::PERSON_NAME | kind::PERSON_KANA if !wild && value.chars().count() >= NAME_CHARS => Fit::Whole,
            kind::USER_ID if !wild => Fit::Whole,
            kind::EMAIL if value.chars().all(|c| !c.is_ascii() && !is_wide_latin(c)) => Fit::Never,
            kind::PHONE | kind::CARD_NUMBER | kind::MY_NUMBER | kind::POSTAL_CODE | kind::SSN if !digits && !wild => Fit::Never,
            _ => Fit::Part,
        }
    }

    /// The kind that a column's name means: a field's name, or a label.
    fn column(&self, name: &str) -> Option<KindId> {
        let folded = label::fold(name);
        let field = self.plan.names.get(&folded).into_iter().flatten().find_map(|id| {
            match self.plan.targets[usize::from(id.0)].meaning {
                crate::policy::plan::Meaning::Field { kind, .. } => Some(kind),
                crate::policy::plan::Meaning::Subject(_) => None,
            }
        });
        field.or_else(|| self.plan.labels.get(&folded).copied())
    }

    fn hidden(&self, kind: KindId) -> bool {
        self.plan.decisions[usize::from(kind.0)].action.veils()
    }

    fn search(&self, kind: KindId) -> Search {
        self.plan.decisions[usize::from(kind.0)].search
    }

    fn refusal(&self, name: &str, kind: KindId, what: &str) -> Refusal {
        // A parameter's name is the client's own text: only a known one may be repeated.
        let folded = label::fold(name);
        let known = self.plan.parameters.contains_key(&folded) || SORTS.contains(&folded.as_str()) || CONDITIONS.contains(&folded.as_str());
        let shown = if known { format!("parameter `{folded}`: ") } else { String::new() };
        Refusal::new(Reason::Query, format!("{shown}{what} is not allowed for `{}`", self.plan.kinds.get(kind).name))
    }
}

/// The texts of a condition: the keys and strings of a JSON one, with their escapes undone, else
/// the condition itself.
fn condition(value: &str) -> Result<Vec<String>, Refusal> {
    if !value.starts_with(['{', '[', '"']) {
        return Ok(vec![value.to_owned()]);
    }
    match serde_json::from_str(value) {
        Ok(json) => {
            let mut texts = Vec::new();
            gather(&json, &mut texts);
            Ok(texts)
        }
        // A list of another language (`[('name', 'ilike', 'a')]`) has no escapes that hide a word.
        Err(_) if !value.contains('\\') => Ok(vec![value.to_owned()]),
        Err(_) => Err(Refusal::new(Reason::Query, "a condition that cannot be read")),
    }
}

fn gather(json: &serde_json::Value, texts: &mut Vec<String>) {
    match json {
        serde_json::Value::String(text) => texts.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        serde_json::Value::Object(members) => members.iter().for_each(|(key, value)| {
            texts.push(key.clone());
            gather(value, texts);
        }),
        _ => {}
    }
}

/// What may be columns' names in a list or a condition, the longest first: `-regular_field-phone`
/// as it stands and in its parts.
fn columns(text: &str) -> impl Iterator<Item = &str> {
    let whole = text.split([',', ' ', ';', '\t', '\n']).map(|word| word.trim_matches(['-', '+', '"', '\'', '(', ')', '[', ']', '.']));
    whole.filter(|word| !word.is_empty()).chain(words(text))
}

/// The words of a condition, a list of columns or a parameter's name: `-contact__email, name desc`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).flat_map(|word| {
        let whole = std::iter::once(word);
        let parts = word.split("__").filter(move |part| part.len() < word.len());
        whole.chain(parts).filter(|part| !part.is_empty())
    })
}

fn is_wide_latin(c: char) -> bool {
    matches!(c, '！'..='～')
}

fn is_phone_fragment(value: &str) -> bool {
    let digits = value.chars().filter(|c| c.is_numeric()).count();
    let other = value.chars().any(|c| !c.is_numeric() && !matches!(c, '-' | '+' | '(' | ')' | ' ' | '－' | 'ー' | '−' | '*' | '%'));
    let marked = value.starts_with(['0', '+', '０', '＋']) || value.contains(['-', '－', '−', '*', '%']);
    !other && digits >= 2 && marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart_as_applications_join_them() {
        let all: Vec<&str> = words("-contact__email, name desc").collect();
        assert_eq!(all, ["contact__email", "contact", "email", "name", "desc"]);
        assert_eq!(words("search-regular_field-email").collect::<Vec<_>>(), ["search", "regular_field", "email"]);
    }

    #[test]
    fn conditions_in_json_are_read_with_their_escapes_undone() {
        let texts = condition(r#"{"op":"AND","val":[["\u0065mail__startswith","c0"]]}"#).expect("json");
        assert!(texts.iter().flat_map(|text| columns(text)).any(|word| word == "email"), "{texts:?}");
        assert!(condition(r#"{"\u0065mail"#).is_err());
        assert_eq!(columns("-regular_field-phone").next(), Some("regular_field-phone"));
    }

    #[test]
    fn fragments_of_numbers_are_known() {
        for (value, is) in [("0901", true), ("090-12", true), ("+8190", true), ("山田", false), ("10023", false), ("12-34", true), ("0", false)] {
            assert_eq!(is_phone_fragment(value), is, "{value}");
        }
    }
}
