//! Conditions, sorts and searches that are written in a language: SQL and its kin, OData, RSQL,
//! PostgREST, lists of columns. None of them is parsed. A column that is mentioned is a question
//! about it, and only what is plainly an equality with a value is taken for one; whatever else
//! these languages can say about a column is refused without being understood.

use crate::guard::query::columns::{Columns, Named};
use crate::guard::query::names::{self, Operator, Use};
use crate::terms::kind::KindId;

/// What a text asks about a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// Whether it has this value.
    Equal(Vec<KindId>, String),
    /// More, or something that is not understood.
    More(Vec<KindId>),
}

/// How closely a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is a condition: every column in it is asked about.
    Condition,
    /// It may be words to look for: a column is asked about if an operator stands at it.
    Words,
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Quoted(String),
    Sign(&'t str),
}

/// What a text in a language asks.
pub(super) fn mentions(columns: Columns<'_>, text: &str, reading: Reading) -> Vec<Mention> {
    let (selected, rest) = parted(text);
    let reading = if selected.is_some() { Reading::Condition } else { reading };
    let mut found: Vec<Mention> = selected.map(|list| renamed(columns, list)).unwrap_or_default();
    found.extend(selected.map(|list| made(columns, list)).unwrap_or_default());
    let tokens = tokens(rest);
    for (at, token) in tokens.iter().enumerate() {
        let (name, quoted) = match token {
            Token::Word(word) => (*word, false),
            Token::Quoted(text) => (text.as_str(), true),
            Token::Sign(_) => continue,
        };
        let named = columns.named(name);
        if named.kinds.is_empty() {
            continue;
        }
        // `BeginsWith(PropertyName='tel', …)` names a column.
        let is_property = at > 1
            && matches!(tokens[at - 2], Token::Word(word) if word.to_ascii_lowercase().starts_with("propertyname"));
        let is_value = quoted && !is_property && at > 0 && matches!(tokens[at - 1], Token::Sign("=" | ":" | "=="));
        let operated =
            tokens.get(at + 1).is_some_and(is_operator) || orders(&tokens[..at]) || is_listed(&tokens[at + 1..]);
        if operated || (reading == Reading::Condition && !is_value) {
            found.push(asked(named, &tokens[at + 1..]));
        }
    }
    let counts_columns = tokens
        .iter()
        .enumerate()
        .any(|(at, token)| matches!(token, Token::Word(word) if is_number(word)) && counted(&tokens[..at], reading));
    if counts_columns && columns.may_hide() {
        found.push(Mention::More(columns.listed().filter(|kind| columns.hides(*kind)).collect()));
    }
    found
}

/// What stands in a text that may be a value by itself: each quoted piece and each word of some length.
pub(super) fn literals(text: &str) -> Vec<String> {
    let literal = |token: Token<'_>| match token {
        Token::Quoted(text) => Some(text),
        Token::Word(word) if word.len() > 5 => Some(word.to_owned()),
        Token::Word(_) | Token::Sign(_) => None,
    };
    tokens(text).into_iter().filter_map(literal).collect()
}

/// Whether a text that nothing says to be a condition compares something with a quoted value.
pub(super) fn may_compare(text: &str) -> bool {
    const WORDS: [&str; 4] = [" like ", " in ", " in(", " between "];
    let lower = || text.to_ascii_lowercase();
    let is_list = || text.trim_start().starts_with(['[', '(']);
    let compares = || text.contains(['=', '<', '>']) || WORDS.iter().any(|word| lower().contains(word));
    text.contains(['\'', '"']) && (is_list() || compares())
}

/// Whether a list goes on behind a column with how to compare it: `('tel', 'like', '090%')`.
fn is_listed(after: &[Token<'_>]) -> bool {
    match after {
        [Token::Sign(","), Token::Quoted(how), ..] => {
            let is_sign = !how.is_empty() && how.chars().all(|c| "=<>!~?".contains(c));
            is_sign || names::operator(how.trim_start_matches('=')).is_some() || names::is_equality(how)
        }
        _ => false,
    }
}

/// Whether a text is a statement from end to end, whatever stands in it.
pub(super) fn is_statement(text: &str) -> bool {
    matches!(parted(text), (Some(list), _) if !list.is_empty())
}

/// Whether a word is a date with its time.
fn is_moment(word: &str) -> bool {
    let is_date = word.len() > 10 && word.bytes().take(10).all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_date && word[10..].starts_with('T') && word[11..].chars().all(|c| c.is_ascii_digit() || ":.+-Z".contains(c))
}

/// Whether a text is a statement of plain words, signs and small numbers. Whoever looks for its words instead finds
/// parts of nothing.
pub(super) fn is_plain_statement(text: &str) -> bool {
    let is_plain = |word: &str| match word.bytes().all(|byte| byte.is_ascii_digit()) {
        true => word.len() <= 4 && (word == "0" || !word.starts_with('0')),
        false => is_moment(word) || word.chars().all(|c| c.is_alphabetic() || c == '_'),
    };
    let is_sign = |c: char| c.is_whitespace() || ",()='\"<>!;%*".contains(c);
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().skip(1).collect();
    (is_statement(text) || words.windows(2).any(|pair| pair == ["order", "by"]))
        && text.split(is_sign).filter(|word| !word.is_empty()).all(is_plain)
}

/// The kinds that a list of columns to sort or group by names.
pub(super) fn sorted(columns: Columns<'_>, text: &str) -> Vec<KindId> {
    let mut kinds = columns.named(text).kinds;
    kinds.extend(pieces(text).flat_map(|piece| columns.named(piece).kinds));
    kinds
}

/// What may be columns' names in a list: the pieces between separators, and their parts.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split([',', ';', '|', '\t', '\n', ' ', '(', ')', '"', '\'', '`']).map(strip_direction);
    let parts = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
        .flat_map(|word| std::iter::once(word).chain(word.split("__").filter(move |part| part.len() < word.len())));
    pieces.chain(parts).filter(|piece| !piece.is_empty())
}

/// The columns of a list that come back under another name, or as a part of themselves.
pub(super) fn renamed(columns: Columns<'_>, list: &str) -> Vec<Mention> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '*' | ' ' | '"' | '`');
    let pieces = list.split([',', ';']).map(|piece| piece.trim().trim_matches(['(', ')']).trim());
    let odd = pieces.filter_map(|piece| {
        // `contacts(phone` and `$select=phone` begin a list within the list.
        let inner = piece.rsplit(['(', '=']).next().unwrap_or(piece).trim();
        let lists = piece.len() == inner.len()
            || piece.to_lowercase().contains("select=")
            || piece.contains('(') && !piece.contains('=');
        let named = columns.named(piece);
        // `age.avg()`: something is made of a column.
        if let Some((column, _)) = piece.split_once('.').filter(|(_, made)| made.contains('(') || is_made(list, piece))
        {
            let kinds = columns.named(column).kinds;
            return (!kinds.is_empty()).then_some(Mention::More(kinds));
        }
        let made = piece.split_once('(').is_some_and(|(before, _)| {
            let word = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
            FUNCTIONS.iter().any(|known| known.eq_ignore_ascii_case(word))
        });
        let is_plain = !made && lists && inner.chars().all(plain) && !inner.contains(' ') && named.operator.is_none();
        (!named.kinds.is_empty() && !is_plain).then_some(Mention::More(named.kinds))
    });
    odd.collect()
}

/// The columns of which a statement makes something: `ABS(pay)` comes back under a name that nobody knows.
fn made(columns: Columns<'_>, list: &str) -> Vec<Mention> {
    let behind_brackets = list.match_indices('(').map(|(at, _)| &list[at + 1..]);
    let inside = behind_brackets.map(|rest| rest.split(')').next().unwrap_or_default());
    let kinds = inside.flat_map(|inside| columns.named(inside.trim()).kinds.into_iter().chain(sorted(columns, inside)));
    let kinds: Vec<KindId> = kinds.collect();
    if kinds.is_empty() { Vec::new() } else { vec![Mention::More(kinds)] }
}

/// What is made of a column by these comes back under their own name; another word before brackets may be that of records
/// beside this one: `contacts(phone)`.
const FUNCTIONS: &[&str] = &[
    "abs",
    "acos",
    "ascii",
    "asin",
    "atan",
    "avg",
    "cast",
    "ceil",
    "ceiling",
    "char_length",
    "chr",
    "coalesce",
    "concat",
    "concat_ws",
    "convert",
    "convertcurrency",
    "count",
    "date",
    "date_format",
    "date_part",
    "date_trunc",
    "datepart",
    "day",
    "decode",
    "dense_rank",
    "extract",
    "first",
    "floor",
    "format",
    "greatest",
    "hash",
    "hex",
    "hour",
    "if",
    "ifnull",
    "iif",
    "instr",
    "isnull",
    "json_extract",
    "last",
    "lcase",
    "least",
    "left",
    "len",
    "length",
    "locate",
    "lower",
    "lpad",
    "ltrim",
    "max",
    "md5",
    "median",
    "mid",
    "min",
    "minute",
    "mod",
    "month",
    "ntile",
    "nullif",
    "nvl",
    "octet_length",
    "position",
    "power",
    "quarter",
    "rank",
    "regexp_replace",
    "regexp_substr",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_number",
    "rpad",
    "rtrim",
    "sha1",
    "sha2",
    "sign",
    "soundex",
    "sqrt",
    "stddev",
    "strpos",
    "substr",
    "substring",
    "sum",
    "to_char",
    "to_date",
    "to_number",
    "tolabel",
    "trim",
    "trunc",
    "truncate",
    "ucase",
    "unix_timestamp",
    "upper",
    "variance",
    "week",
    "weekday",
    "year",
];

/// Whether brackets with nothing in them stand behind a piece of a list.
fn is_made(list: &str, piece: &str) -> bool {
    list.match_indices(piece).any(|(at, _)| list[at + piece.len()..].trim_start().starts_with("()"))
}

/// Whether a sort names columns by their numbers alone: `3`, `-2,1`, `4 desc`.
pub(super) fn counts(text: &str) -> bool {
    let pieces = || text.split([',', ';', '.', ' ', ':', '-', '+']).filter(|piece| !piece.is_empty());
    pieces().any(is_number) && pieces().all(|piece| is_number(piece) || names::is(piece, Use::Direction))
}

/// The operator at the front of a value, and the value behind it: `gte.090`, `>=090`, `like:090`.
pub(super) fn prefixed(value: &str) -> Option<(Operator, &str)> {
    let signs = value.len() - value.trim_start_matches(['=', '<', '>', '!', '~', '^']).len();
    if signs > 0 {
        let (sign, rest) = value.split_at(signs);
        // `tel=gt=090` leaves `gt=090`, and `tel==090` leaves `=090`.
        let operator = if sign.bytes().all(|byte| byte == b'=') { Operator::Equality } else { Operator::More };
        return Some((operator, rest));
    }
    let end = value.find(['.', ':', '=', '('])?;
    let found = names::operator(&value[..end])?;
    let (word, rest) = value[end..].split_at(1);
    match prefixed(rest) {
        // `not.eq.x`, `eq(any).x`
        Some((inner, rest)) => Some((found.max(inner), rest)),
        None if word == "(" => Some((found, &value[end..])),
        None => Some((found, rest)),
    }
}

/// The values of a list: `(a,b)`, `a,b`, `["a","b"]`.
pub(super) fn values(list: &str) -> impl Iterator<Item = &str> {
    let quotes = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | '"' | '\'');
    list.split(',').map(move |value| value.trim_matches(quotes)).filter(|value| !value.is_empty())
}

/// `SELECT list FROM rest`, where the text is such a statement.
fn parted(text: &str) -> (Option<&str>, &str) {
    let lower = text.to_ascii_lowercase();
    let start = lower.len() - lower.trim_start().len();
    let list = start + "select".len();
    if !lower[start..].starts_with("select") || !lower[list..].starts_with(|c: char| c.is_whitespace() || c == '(') {
        return (None, text);
    }
    let from = lower[list..].match_indices("from").map(|(at, _)| list + at).find(|at| {
        let blank = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
        blank(lower.as_bytes().get(at - 1)) && blank(lower.as_bytes().get(at + 4))
    });
    match from {
        Some(from) => (Some(&text[list..from]), &text[from..]),
        None => (Some(""), &text[list..]),
    }
}

/// What is asked about a column that these tokens follow.
fn asked(named: Named, after: &[Token<'_>]) -> Mention {
    let more = |named: Named| Mention::More(named.kinds);
    if named.operator > Some(Operator::Equality) {
        return more(named);
    }
    let mut after = after.iter();
    let mut next = || after.by_ref().find(|token| !matches!(token, Token::Sign(",")));
    let operator = next();
    let is_equal = match operator {
        Some(Token::Sign(sign)) => names::is_equality(sign) || *sign == ":",
        Some(Token::Word(word)) => names::is_equality(word),
        Some(Token::Quoted(text)) => names::is_equality(text),
        None => false,
    };
    if !is_equal {
        return more(named);
    }
    match (next(), next()) {
        (Some(Token::Quoted(text)), _) => Mention::Equal(named.kinds, text.clone()),
        // `tel:starts_with:090`, `tel=ge=090`: what stands behind the column is how to compare.
        (Some(Token::Word(_)), Some(Token::Sign(sign))) if sign.contains([':', '=', '<', '>', '~']) => more(named),
        // `tel eq @p`, `tel eq memo`: a parameter, another column, of which staff may have written what stands there.
        (Some(Token::Word(word)), _) if word.starts_with('@') => more(named),
        (Some(Token::Word(word)), _) if compares_columns(operator) && may_be_a_column(word) => more(named),
        (Some(Token::Word(word)), _) => Mention::Equal(named.kinds, (*word).to_owned()),
        _ => more(named),
    }
}

/// Whether a word without quotes behind this operator is a column's name: in OData and SQL, not in RSQL.
fn compares_columns(operator: Option<&Token<'_>>) -> bool {
    matches!(operator, Some(Token::Word(_) | Token::Sign("=")))
}

fn may_be_a_column(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_./".contains(&byte))
}

fn is_operator(token: &Token<'_>) -> bool {
    match token {
        Token::Sign(sign) => sign.contains(['=', '<', '>', ':', '~', '!']),
        Token::Word(word) => names::operator(word).is_some(),
        Token::Quoted(text) => names::is_equality(text),
    }
}

/// Whether a list of columns to sort or group by goes on here: `ORDER BY a, `, `$orderby=`.
fn orders(before: &[Token<'_>]) -> bool {
    let words = before.iter().rev().map_while(|token| match token {
        Token::Word(word) => Some(Some(*word)),
        Token::Sign("," | "=") => Some(None),
        _ => None,
    });
    let mut words = words.flatten().take(16);
    words.any(|word| word.eq_ignore_ascii_case("by") || (word.len() > 2 && names::is(word, Use::Sort)))
}

/// Whether a number behind these tokens is a column's: `ORDER BY 2`, but not `ORDER BY name LIMIT 20`, nor words to
/// look for that hold one (`order 1234`).
fn counted(before: &[Token<'_>], reading: Reading) -> bool {
    const LIMITS: [&str; 6] = ["limit", "offset", "skip", "top", "fetch", "first"];
    let limits =
        |token: &Token<'_>| matches!(token, Token::Word(word) if LIMITS.contains(&word.to_ascii_lowercase().as_str()));
    let is_limit = match before {
        [.., last] if limits(last) => true,
        // `LIMIT 0, 100`
        [.., limit, Token::Word(number), Token::Sign(",")] => is_number(number) && limits(limit),
        _ => false,
    };
    let says_by = |token: &Token<'_>| match token {
        Token::Word(word) => word.to_ascii_lowercase().ends_with("by"),
        Token::Sign(sign) => *sign == "=",
        Token::Quoted(_) => false,
    };
    !is_limit && orders(before) && (reading == Reading::Condition || before.iter().any(says_by))
}

fn strip_direction(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '-' | '+' | '"' | '\'' | '[' | ']' | '(' | ')' | '.' | '`' | '!')
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_word =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '-' | '+' | '@' | '/' | '#' | '*' | '%' | '?');
    let is_sign = |c: char| matches!(c, '=' | '<' | '>' | '!' | '~' | '^' | '|' | '&');
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = |what: &dyn Fn(char) -> bool| rest.find(|c| !what(c)).unwrap_or(rest.len());
        let taken = match first {
            '\'' | '"' | '`' => {
                let inner = &rest[1..];
                let end = inner.find(first).unwrap_or(inner.len());
                tokens.push(Token::Quoted(inner[..end].to_owned()));
                (end + 2).min(rest.len())
            }
            c if is_word(c) => {
                let end = length(&is_word);
                tokens.push(Token::Word(&rest[..end]));
                end
            }
            c if is_sign(c) => {
                let end = length(&is_sign);
                tokens.push(Token::Sign(&rest[..end]));
                end
            }
            c if c.is_whitespace() => c.len_utf8(),
            c => {
                tokens.push(Token::Sign(&rest[..c.len_utf8()]));
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_come_off_values() {
        for (value, expected) in [
            ("gte.090", Some((Operator::More, "090"))),
            ("eq.090-1234-5678", Some((Operator::Equality, "090-1234-5678"))),
            ("not.eq.x", Some((Operator::More, "x"))),
            ("in.(a,b)", Some((Operator::Equality, "(a,b)"))),
            (">=1", Some((Operator::More, "1"))),
            ("=1", Some((Operator::Equality, "1"))),
            ("gt=090", Some((Operator::More, "090"))),
            ("like:a*", Some((Operator::More, "a*"))),
            ("taro@example.jp", None),
            ("山田", None),
        ] {
            assert_eq!(prefixed(value), expected, "{value}");
        }
    }

    #[test]
    fn sorts_by_number_are_told_from_dates_and_words() {
        for (text, is) in [
            ("3", true),
            ("-2.1", true),
            ("4 desc", true),
            ("1,2", true),
            ("created", false),
            ("asc", false),
            ("", false),
            ("a1", false),
        ] {
            assert_eq!(counts(text), is, "{text}");
        }
    }

    #[test]
    fn statements_are_parted() {
        assert_eq!(parted("select a, b from c where d"), (Some(" a, b "), "from c where d"));
        assert_eq!(parted("selected items"), (None, "selected items"));
        assert_eq!(parted("from a"), (None, "from a"));
    }
}
