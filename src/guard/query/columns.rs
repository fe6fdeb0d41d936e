//! Which kinds a column's name means: by the fields, by the declared parameters, by labels, and by
//! what applications put around such names (`contact__email__startswith`, `customerPhone`).

use crate::guard::query::hints;
use crate::guard::query::names::{self, Operator, Use};
use crate::guard::query::spelling::tokens;
use crate::policy::plan::{Meaning, Plan, Search};
use crate::policy::store::Store;
use crate::terms::kind::KindId;
use crate::terms::label;

/// The most words that a column's name is taken to have.
const WORDS_MAX: usize = 6;

/// Bytes of a name that are looked at.
const NAME_MAX: usize = 512;

/// Fields' names that mean nothing when another word stands before them: `file_name`, `mail_address`.
const NEED_THEIR_PLACE: &[&str] = &[
    "name", "address", "title", "id", "note", "no", "code", "number", "value", "type", "kind", "date", "label", "text",
];

/// Names at the end of a path that mean nothing without the one before: in questions they say what is compared.
const NEED_THEIR_WAY: &[&str] = &["value", "id", "type", "kind", "text", "label", "data", "key"];

/// Words that make a flag of a column's name: `has_email`, `sendMail`.
const FLAGS: &[&str] =
    &["has", "have", "is", "send", "show", "hide", "no", "with", "without", "use", "include", "allow", "enable"];

/// What a name says of columns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// The veiled kinds that it means.
    pub kinds: Vec<KindId>,
    /// The strongest operator that stands with a column.
    pub operator: Option<Operator>,
}

/// Resolves names for one plan.
#[derive(Clone, Copy)]
pub(super) struct Columns<'p> {
    pub plan: &'p Plan,
    /// What counts as hidden in the place of what the rules hide, where it is asked what the CRM can answer.
    pub stored: Option<&'p Store>,
}

impl Columns<'_> {
    /// The veiled kinds that a name means.
    pub fn named(&self, name: &str) -> Named {
        // A name ends in what it is, and no longer end of one is known.
        let name = &name[name.ceil_char_boundary(name.len().saturating_sub(NAME_MAX))..];
        let mut named = Named { kinds: self.known(&label::fold(name), true), operator: None };
        if !named.kinds.is_empty() {
            return named;
        }
        let parts = name.split(|c: char| !(c.is_alphanumeric() || c == '_')).flat_map(|part| part.split("__"));
        let (mut apart, mut count) = (None, 0);
        for part in parts.filter(|part| !part.is_empty()) {
            self.part(&tokens(part), &mut named);
            apart = apart.max(names::operator(part));
            count += 1;
        }
        if named.kinds.is_empty() && count > 1 {
            self.part(&tokens(name), &mut named);
        }
        if !named.kinds.is_empty() {
            named.operator = named.operator.max(apart);
        }
        named
    }

    /// The veiled kinds of a text that is nothing but a column's name, alone or behind that of its table.
    pub fn whole(&self, text: &str) -> Vec<KindId> {
        let text = text.trim();
        if text.is_empty() || text.len() > NAME_MAX {
            return Vec::new();
        }
        let found = self.known(&label::fold(text), true);
        let is_name = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '`'));
        if !found.is_empty() || !is_name {
            return found;
        }
        // `customer_tel`, `t.tel`
        let named = self.named(text);
        if named.operator.is_none() { named.kinds } else { Vec::new() }
    }

    /// The veiled kinds of a column that stands in a name with a word before or behind it that nobody knows:
    /// `tel_basic`, `telText`. Words that speak of another thing than its value are known.
    pub fn held(&self, name: &str) -> Vec<KindId> {
        let tokens = tokens(name);
        let is_flag = tokens.first().is_some_and(|first| FLAGS.contains(&first.as_str()));
        if tokens.len() < 2 || tokens.len() > WORDS_MAX || is_flag {
            return Vec::new();
        }
        for (start, end) in
            (0..tokens.len() - 1).flat_map(|start| (start + 1..tokens.len()).rev().map(move |end| (start, end)))
        {
            let around = tokens[..start].iter().chain(&tokens[end..]);
            if around.clone().any(|word| hints::is_about(word)) {
                continue;
            }
            for join in ["_", " ", "-", ""] {
                let words = tokens[start..end].join(join);
                if NEED_THEIR_PLACE.contains(&words.as_str()) {
                    continue;
                }
                let found = self.known(&words, false);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    /// Whether a kind's values are hidden from staff, and not theirs to ask anything about.
    pub fn hides(&self, kind: KindId) -> bool {
        match self.stored {
            Some(store) => store.holds(kind),
            None => self.plan.decisions[usize::from(kind.0)].action.veils(),
        }
    }

    /// The kinds that the fields name, hidden or not.
    pub fn listed(&self) -> impl Iterator<Item = KindId> {
        self.plan.targets.iter().filter_map(|target| match target.meaning {
            Meaning::Field { kind, .. } => Some(kind),
            _ => None,
        })
    }

    /// Whether a column that nobody can tell the kind of may be a hidden one.
    pub fn may_hide(&self) -> bool {
        let asks_crm = self.stored.is_some();
        self.listed().any(|kind| {
            self.hides(kind) && (asks_crm || self.plan.decisions[usize::from(kind.0)].search != Search::Any)
        })
    }

    /// The columns in a part of a name: `tel_or_mobile_cont`.
    fn part(&self, tokens: &[String], named: &mut Named) {
        // By itself it is a name.
        if tokens.len() > 1 && FLAGS.contains(&tokens[0].as_str()) {
            return;
        }
        let (bare, mut operator) = names::bare(tokens);
        if bare.len() > 1 && names::is(&bare[0], Use::Sort) {
            // `sort_tel=1`
            operator = Some(Operator::More);
        }
        let before = named.kinds.len();
        for column in bare.split(|token| token == "or" || token == "and") {
            self.ending(column, named);
        }
        if named.kinds.len() > before {
            named.operator = named.operator.max(operator);
        } else if operator.is_some() {
            // A column may be called as an operator is.
            self.ending(tokens, named);
        }
    }

    /// The column whose name the words end in.
    fn ending(&self, tokens: &[String], named: &mut Named) {
        for start in tokens.len().saturating_sub(WORDS_MAX)..tokens.len() {
            let words = &tokens[start..];
            let joins = if words.len() > 1 { &["_", " ", "-", ""][..] } else { &[""] };
            for join in joins {
                let found = self.known(&words.join(join), start == 0);
                if !found.is_empty() {
                    named.kinds.extend(found);
                    return;
                }
            }
        }
    }

    fn known(&self, folded: &str, alone: bool) -> Vec<KindId> {
        let found = self.exactly(folded, alone);
        let counted = folded.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['_', '-', ' ']);
        if found.is_empty() && counted.len() < folded.len() && !counted.is_empty() {
            self.exactly(counted, alone)
        } else {
            found
        }
    }

    fn exactly(&self, folded: &str, alone: bool) -> Vec<KindId> {
        let mut kinds = Vec::new();
        if alone || !NEED_THEIR_PLACE.contains(&folded) {
            // What fields know by its name alone is that, wherever else something is called so.
            let own = self.plan.names.get(folded);
            let ways = self.plan.ways.get(folded).filter(|_| own.is_none() && !NEED_THEIR_WAY.contains(&folded));
            for id in own.or(ways).into_iter().flatten() {
                if let Meaning::Field { kind, .. } = self.plan.targets[usize::from(id.0)].meaning {
                    kinds.push(kind);
                }
            }
            for parameter in self.plan.parameters.values() {
                kinds.extend(parameter.columns.get(folded));
            }
            // A parameter that is compared with one kind is called as that column is.
            kinds.extend(
                self.plan.parameters.get(folded).filter(|own| own.filters.len() == 1).map(|own| own.filters[0]),
            );
        }
        kinds.extend(self.plan.labels.get(folded));
        kinds.retain(|kind| self.hides(*kind));
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}
