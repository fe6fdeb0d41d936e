//! The names and spellings that applications share: what a parameter is called that sorts, filters
//! or searches, and which words ask for more than equality.
//!
//! Names are compared squeezed (`order_by`, `orderBy`, `$orderby` and `ORDER-BY` are one), so a row
//! here is a word and not a spelling.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::guard::query::spelling::{folded, squeezed, tokens};

/// What a parameter is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Its value names columns to sort, group or count by.
    Sort,
    /// Which way to sort; beside it stands a column.
    Direction,
    /// Its value is a condition, in JSON or a language of its own.
    Condition,
    /// Its value is words to look for.
    Words,
    /// Its value names columns that the answer shall have.
    Select,
    /// Its value names the column that a value beside it is compared with.
    Column,
    /// Its value says how to compare.
    Operator,
    /// Its value is compared with the column named beside it.
    Value,
}

impl Use {
    /// Every use.
    pub const ALL: [Use; 8] =
        [Use::Sort, Use::Direction, Use::Condition, Use::Words, Use::Select, Use::Column, Use::Operator, Use::Value];
}

/// Squeezed names, parted by blanks, and what they are for. A name may be for several things.
const NAMES: &[(Use, &str)] = &[
    (
        Use::Sort,
        "sort sorts sorting sorter sorters sortby sortedby sorton sortkey sortkeys sortfield sortfields \
         sortcol sortcolumn sortname sortinfo sortexpression sortmodel multisort jtsorting isortcol sidx o ob \
         order orders orderby ordering orderings orderfield ordercolumn orderkey group groups groupby \
         groupfield groupcolumn grouping having apply compute aggregate aggregates aggregations aggs facet \
         facets facetby distinct distincton pivot sortspec sorted orderedby groupedby fullordering ordercol sortproperty \
         sortasc sortdesc asc desc aggregateonfield rowgroupcols valuecols pivotcols totalsummary groupsummary collapse \
         stats scol aggfunc aggfn aggregation aggregator aggregatefunction aggregationfunction fn func docvaluefields \
         storedfields fielddatafields knn fieldvaluefactor bf qf pf boost 並び順 並べ替え ソート",
    ),
    (
        Use::Direction,
        "dir direction sord sortdir sortorder sortdirection orderdir orderdirection asc desc ascending \
         descending",
    ),
    (
        Use::Condition,
        "filter filters filterby qfilter filtermodel where domain criteria criterion condition conditions \
         searchspec sqlfilter sqlfilters having predicate or and not rql rsql fiql cql sql soql sosl jql vtql expression expr \
         rules fq bq scriptfields runtimemappings script completion alias aliases 絞り込み 条件",
    ),
    (
        Use::Words,
        "q s kw query search ssearch searchtext searchterm searchstring searchphrase searchkey searchvalue \
         searchword keyword keywords term terms word words freeword fulltext fts find needle lookup suggest \
         autocomplete typeahead globalfilter textfilter txt 検索 検索語 検索キーワード キーワード フリーワード",
    ),
    (Use::Select, "select fields columns cols expand include only project projection props attributes fl"),
    (
        Use::Column,
        "field fields fieldname searchfield searchfields searchby searchcolumn searchin searchtype by column \
         columnname col qtype property propertyname attribute attributename attr key path filterfield \
         filterkey filtercolumn filterby dataindex member name id",
    ),
    (
        Use::Operator,
        "op oper operator operation searchoper comparison comparator comp cmp cond condition match matchmode \
         matchtype mode",
    ),
    (
        Use::Value,
        "v val value values searchstring searchvalue searchtext search data keyword q query term text string \
         needle operand filtervalue highvalue",
    ),
];

/// Words that ask for equality and no more.
const EQUALS: &str = "eq equal equals equalto exact iexact exactly is in any = == ===";

/// Words that ask for more: beginnings, parts, ranges, patterns, parts of a date.
const OPERATORS: &str = "startswith istartswith starts start beginswith begins bw prefix endswith iendswith ends end ew \
    suffix contains icontains containing cont icont cn like ilike rlike nlike likes regex iregex regexp \
    rx matches imatch match wildcard phrase fuzzy similar near soundslike trigram fts plfts phfts wfts \
    gt gte ge gteq greater lt lte le lteq less after before since until range between bt from to min max \
    lower upper low high over under ne neq not nin notin nc bn en ni sw substr substring left right \
    length len year month day cs cd ov sl sr nxr nxl adj ncontains ncontainss containss nstartswith nendswith";

/// Operators that stand before their column: `min_tel`, `from_date`.
const BEFORE: &[&str] =
    &["min", "max", "from", "to", "after", "before", "since", "until", "not", "like", "over", "under"];

/// Words that belong to an operator and say nothing by themselves: `greater than or equal`.
const FILLERS: &[&str] = &[
    "than",
    "with",
    "or",
    "does",
    "all",
    "case",
    "insensitive",
    "i",
    "asc",
    "desc",
    "nulls",
    "strictly",
    "first",
    "last",
    "basic",
    "advanced",
    "value",
];

/// Operators that are words of much else: only what is called one says that they are.
const ALSO_WORDS: &str = "to from in on min max start starts end ends low high lower upper over under left right near \
    year month day length len en cd cs ni sl sr ov adj prefix suffix match matches phrase before after since until not \
    range under less greater text under similar";

/// Operators that ask whether there is a value at all, which the veil itself tells.
const PRESENCE: &str = "isnull null notnull exists exist blank present empty isempty nn nu";

/// What a word asks for, if it is an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operator {
    /// Whether there is a value.
    Presence,
    /// Equality.
    Equality,
    /// More.
    More,
}

/// What each name is for.
static USES: LazyLock<HashMap<&'static str, Vec<Use>>> = LazyLock::new(|| {
    let mut uses: HashMap<&str, Vec<Use>> = HashMap::new();
    for (what, names) in NAMES {
        names.split_whitespace().for_each(|name| uses.entry(name).or_default().push(*what));
    }
    uses
});

/// What each operator asks for.
static ASKS: LazyLock<HashMap<&'static str, Operator>> = LazyLock::new(|| {
    let rows = [(OPERATORS, Operator::More), (PRESENCE, Operator::Presence), (EQUALS, Operator::Equality)];
    rows.iter().flat_map(|(words, operator)| words.split_whitespace().map(|word| (word, *operator))).collect()
});

/// The operator that a word is.
pub(super) fn operator(word: &str) -> Option<Operator> {
    let word = folded(word);
    let known = ASKS.get(word.trim()).or_else(|| ASKS.get(squeezed(&word).as_str())).copied();
    known.or_else(|| denied(word.trim()))
}

/// `not like`, `not in`: what an operator's contrary tells is as much as what it tells itself.
fn denied(word: &str) -> Option<Operator> {
    let rest = word.strip_prefix("not")?;
    let bare = rest.trim_start_matches([' ', '_', '-']);
    let is_another = bare.len() < rest.len() && (ASKS.contains_key(bare) || ASKS.contains_key(squeezed(bare).as_str()));
    is_another.then_some(Operator::More)
}

/// Whether a text beside a column and a value says how to compare them, whatever it is called: `gt`, `>=`, `greaterThan`.
pub(super) fn compares(text: &str) -> bool {
    const WORDS_MAX: usize = 4;
    let text = text.trim();
    if text.is_empty() || text.len() > 40 {
        return false;
    }
    if text.chars().all(|c| matches!(c, '<' | '>' | '=' | '!' | '~' | '^' | '*')) {
        return !is_equality(text);
    }
    let is_strong = |word: &str| {
        operator(word) == Some(Operator::More) && !ALSO_WORDS.split_whitespace().any(|other| other == word)
    };
    const JOINED: [&str; 8] =
        ["greaterthan", "lessthan", "startswith", "beginswith", "endswith", "notequal", "notlike", "notcontain"];
    let words = tokens(text);
    // `greaterthanequals`
    if JOINED.iter().any(|start| words[..].first().is_some_and(|word| word.starts_with(start))) {
        return true;
    }
    // `starts`, `greater`: alone they say it, in a text they may be anything.
    let whole = match words.as_slice() {
        [word] => matches!(word.as_str(), "greater" | "less" | "starts" | "start" | "ends" | "before" | "after"),
        [first, second, ..] => {
            let pair = (first.as_str(), second.as_str());
            matches!(pair, ("greater" | "less", _) | ("starts" | "ends" | "begins", "with"))
        }
        [] => false,
    };
    whole || (words.len() <= WORDS_MAX && (is_strong(&squeezed(text)) || words.iter().any(|word| is_strong(word))))
}

/// Whether an operator's own text asks for equality; what is not known asks for more.
pub(super) fn is_equality(text: &str) -> bool {
    operator(text) == Some(Operator::Equality)
}

/// What a question for a value's presence is asked with.
pub(super) fn is_flag(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "" | "0" | "1" | "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "t" | "f"
    )
}

/// Whether a value says that nothing stands there: what is compared with it is whether something does.
pub(super) fn is_nothing(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    matches!(text.as_str(), "null" | "nil" | "none" | "undefined" | "(null)" | "__null__" | "true" | "false")
}

/// Whether a word beside a column says which way its values are sorted: `ASC`, `desc nulls last`.
pub(super) fn is_direction(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    matches!(word.as_str(), "asc" | "desc" | "ascending" | "descending")
}

/// Whether a name is for this.
pub(super) fn is(name: &str, what: Use) -> bool {
    Spelled::of(name).is(what)
}

/// Whether a parameter of this name may be left out of a question without that the answer becomes another but
/// for its order: what groups, counts or leaves out twins says what the answer holds.
pub(super) fn orders(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "group",
        "having",
        "apply",
        "compute",
        "aggregat",
        "aggs",
        "facet",
        "distinct",
        "pivot",
        "valuefields",
        "storedfields",
        "fielddata",
        "knn",
        "qf",
    ];
    let squeezed = squeezed(name);
    is(name, Use::Sort) && !OTHERS.iter().any(|word| squeezed.contains(word))
}

/// Whether a parameter is called nothing but a sort, so that a direction in it is one: `order`, not `purchase_order`.
pub(super) fn sorts(name: &str) -> bool {
    orders(name) && USES.get(squeezed(name).as_str()).is_some_and(|uses| uses.contains(&Use::Sort))
}

/// Whether what a direction's parameter says is one.
pub(super) fn is_way(text: &str) -> bool {
    const WAYS: &[&str] =
        &["", "a", "d", "1", "-1", "0", "+", "-", "true", "false", "up", "down", "ascend", "descend", "昇順", "降順"];
    is_direction(text) || WAYS.iter().any(|way| text.trim().eq_ignore_ascii_case(way))
}

/// Whether a parameter of this name says in which direction another sorts: `sord`, `sSortDir_0`.
pub(super) fn directs(name: &str) -> bool {
    let spelled = Spelled::of(name);
    // One word alone at the end of a longer name is for anything: `work_dir`.
    let joined =
        spelled.ends.iter().skip(1).any(|end| USES.get(end.as_str()).is_some_and(|all| all.contains(&Use::Direction)));
    joined || spelled.is(Use::Direction)
}

/// All that a name is for.
pub(super) fn uses(name: &str) -> Vec<Use> {
    let spelled = Spelled::of(name);
    Use::ALL.into_iter().filter(|what| spelled.is(*what)).collect()
}

/// A name as it is looked up. `customer_sort` and `list-orderBy` end in what they are for, and
/// numbers behind a name only count (`iSortCol_0`).
struct Spelled {
    whole: String,
    /// The same without a number behind it: `field_1`, `filter1`.
    counted: String,
    ends: Vec<String>,
}

impl Spelled {
    fn of(name: &str) -> Spelled {
        let mut tokens = tokens(name);
        while tokens.len() > 1 && tokens.last().is_some_and(|token| token.bytes().all(|byte| byte.is_ascii_digit())) {
            tokens.pop();
        }
        let ends = (1..=3.min(tokens.len())).map(|count| tokens[tokens.len() - count..].concat()).collect();
        let whole = squeezed(name);
        let counted = whole.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        Spelled { whole, counted, ends }
    }

    fn is(&self, what: Use) -> bool {
        let knows = |name: &str| USES.get(name).is_some_and(|uses| uses.contains(&what));
        // A single letter at the end of a longer name is for anything.
        let shortest = if what == Use::Operator { 2 } else { 3 };
        let ends_so = matches!(what, Use::Sort | Use::Condition | Use::Words | Use::Operator);
        knows(&self.whole)
            || (self.counted.len() > 1 && knows(&self.counted))
            || (ends_so && self.ends.iter().any(|end| end.chars().count() >= shortest && knows(end)))
    }
}

/// Whether a number under this name is most likely that of a column, and no mode or id.
pub(super) fn takes_numbers(name: &str) -> bool {
    let name = squeezed(name);
    name == "o"
        || ["sort", "orderby", "ordering", "sidx", "isort", "column", "col"].iter().any(|start| name.starts_with(start))
}

/// Whether under this name a column's number stands and nothing else: `order[0][column]`, `iSortCol_0`.
pub(super) fn is_a_number(name: &str) -> bool {
    let name = squeezed(name);
    name == "column" || name.starts_with("isortcol")
}

/// Whether a name that ends so speaks of its column and is none: `tel_op`, `tel_sort`.
fn says_how(token: &str) -> bool {
    let uses = USES.get(token).map(Vec::as_slice).unwrap_or_default();
    token.len() > 1 && uses.iter().any(|what| matches!(what, Use::Operator | Use::Sort | Use::Direction))
}

/// Takes the operators off a column's name: what is left, and the strongest of them.
pub(super) fn bare(tokens: &[String]) -> (&[String], Option<Operator>) {
    let mut strongest = None;
    let mut rest = tokens;
    while let Some((last, before)) = rest.split_last() {
        let found = operator(last);
        if found.is_none() && !FILLERS.contains(&last.as_str()) && !says_how(last) {
            break;
        }
        strongest = strongest.max(found);
        rest = before;
    }
    while let Some((first, after)) = rest.split_first().filter(|(first, _)| BEFORE.contains(&first.as_str())) {
        strongest = strongest.max(operator(first));
        rest = after;
    }
    (rest, strongest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_every_spelling() {
        for (name, what) in [
            ("sort", Use::Sort),
            ("ORDER_BY", Use::Sort),
            ("$orderby", Use::Sort),
            ("orderBy", Use::Sort),
            ("ｓｏｒｔ", Use::Sort),
            ("list_sort", Use::Sort),
            ("iSortCol_0", Use::Sort),
            ("customerOrderBy", Use::Sort),
            ("$filter", Use::Condition),
            ("q_filter", Use::Condition),
            ("検索", Use::Words),
            ("tel_op", Use::Operator),
            ("searchField", Use::Column),
        ] {
            assert!(is(name, what), "{name}");
        }
        for (name, what) in [
            ("page", Use::Sort),
            ("created_o", Use::Sort),
            ("sorted_at", Use::Sort),
            ("reset", Use::Words),
            ("status", Use::Words),
        ] {
            assert!(!is(name, what), "{name}");
        }
    }

    #[test]
    fn what_orders_says_nothing_of_what_is_there() {
        for (name, orders_it) in [
            ("sort", true),
            ("ORDER_BY", true),
            ("$orderby", true),
            ("iSortCol_0", true),
            ("group_by", false),
            ("$apply", false),
            ("distinct", false),
            ("distinctOn", false),
            ("sort_group", false),
            ("facets", false),
            ("filter", false),
        ] {
            assert_eq!(orders(name), orders_it, "{name}");
        }
    }

    #[test]
    fn operators_come_off_their_columns() {
        for (name, rest, strongest) in [
            ("tel__startswith", "tel", Some(Operator::More)),
            ("phoneGreaterThanOrEqual", "phone", Some(Operator::More)),
            ("min_tel", "tel", Some(Operator::More)),
            ("phone_number", "phone number", None),
            ("phone_number_eq", "phone number", Some(Operator::Equality)),
            ("email_not_eq", "email", Some(Operator::More)),
            ("tel_isnull", "tel", Some(Operator::Presence)),
            ("gte", "", Some(Operator::More)),
            ("tel_op", "tel", None),
            ("tel_sort_order", "tel", None),
        ] {
            let tokens = tokens(name);
            let (bare, found) = bare(&tokens);
            assert_eq!((bare.join(" ").as_str(), found), (rest, strongest), "{name}");
        }
    }
}
