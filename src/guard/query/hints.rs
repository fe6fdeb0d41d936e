//! What a word beside a column gives away: that it says something of no value at all (a width, a page), or that its
//! name sorts, groups or computes.
//!
//! Names here are known by their words, because applications put them together as they like.

use crate::guard::query::names;
use crate::guard::query::spelling::{squeezed, tokens};

/// Words that make another thing of a column's name than its value: `email_template_id`, `phone_type`.
const ABOUT: &[&str] = &[
    "id",
    "ids",
    "type",
    "types",
    "kind",
    "kinds",
    "status",
    "state",
    "count",
    "counts",
    "template",
    "templates",
    "verified",
    "verify",
    "verification",
    "confirmed",
    "confirm",
    "confirmation",
    "opt",
    "optin",
    "optout",
    "out",
    "enabled",
    "enable",
    "disabled",
    "active",
    "flag",
    "format",
    "label",
    "lang",
    "language",
    "locale",
    "country",
    "page",
    "pages",
    "size",
    "limit",
    "offset",
    "visible",
    "visibility",
    "show",
    "hide",
    "hidden",
    "width",
    "height",
    "style",
    "class",
    "icon",
    "color",
    "folder",
    "folders",
    "box",
    "boxes",
    "inbox",
    "mailbox",
    "server",
    "account",
    "accounts",
    "list",
    "lists",
    "campaign",
    "campaigns",
    "system",
    "provider",
    "client",
    "group",
    "groups",
    "queue",
    "thread",
    "message",
    "messages",
    "subject",
    "body",
    "log",
    "logs",
    "history",
    "call",
    "calls",
    "book",
    "books",
    "method",
    "channel",
    "via",
    "source",
    "reason",
    "notify",
    "notification",
    "notifications",
    "alert",
    "report",
    "preview",
    "tab",
    "view",
    "layout",
    "form",
    "url",
    "link",
    "href",
    "title",
    "category",
    "tag",
    "tags",
    "token",
    "csrf",
    "nonce",
    "version",
    "sent",
    "send",
    "read",
    "unread",
    "bounce",
    "bounced",
    "subscribe",
    "subscribed",
    "subscription",
    "consent",
    "permission",
    "allowed",
    "privacy",
    "required",
    "optional",
    "exists",
    "missing",
    "date",
    "time",
    "at",
    "on",
    "by",
    "created",
    "updated",
    "modified",
    "user",
    "owner",
    "index",
    "position",
    "rows",
    "cols",
    "span",
    "boost",
    "weight",
    "precision",
    "signature",
    "attachment",
    "attachments",
    "marketing",
    "newsletter",
    "preference",
    "preferences",
    "preferred",
    "is",
    "has",
];

/// Names whose value is a sort of thing and no column: a call by telephone, a letter by mail.
const KINDS: &[&str] = &[
    "type",
    "kind",
    "channel",
    "method",
    "via",
    "medium",
    "source",
    "category",
    "label",
    "title",
    "status",
    "state",
    "lang",
    "locale",
    "class",
    "icon",
    "placeholder",
    "tab",
    "view",
    "action",
    "displayname",
    "headername",
    "caption",
    "format",
    "widget",
    "tag",
    "module",
    "model",
    "doctype",
    "entity",
    "table",
    "preferred",
    "preference",
    "mode",
];

/// Words in a name that say that its value sorts, groups or computes.
const ARRANGES: &[&str] = &[
    "order",
    "orders",
    "ordered",
    "group",
    "groups",
    "grouped",
    "grouping",
    "collapse",
    "rank",
    "ranking",
    "arrange",
    "distinct",
    "unique",
    "uniq",
    "agg",
    "aggs",
    "stats",
    "statistic",
    "statistics",
    "breakdown",
    "histogram",
    "bucket",
    "buckets",
    "dimension",
    "dimensions",
    "measure",
    "measures",
    "metric",
    "metrics",
    "asc",
    "desc",
    "ascending",
    "descending",
    "median",
    "percentile",
    "axis",
    "axes",
    "series",
    "report",
];

/// The same, wherever they stand in a name.
const ARRANGES_WITHIN: &[&str] =
    &["sort", "ordering", "orderby", "groupby", "rowgroup", "pivot", "facet", "aggregat", "summar"];

/// Names that compute if nothing else stands in them.
const COMPUTES: &[&str] = &["min", "max", "sum", "avg", "average", "mean", "count", "stat"];

/// Names of lists that a pivot is made of.
const PIVOTS: &[&str] = &["values", "rows"];

/// Names below which a list of columns is one of what they hold, each with the name around it.
const LISTS_WORDS: &[(&str, &str)] = &[("terms", "fl"), ("mlt", "fl")];

/// Names of a value that is compared, and of nothing else.
const VALUES: &[&str] = &["v", "val", "value", "values", "needle", "operand", "filtervalue", "highvalue"];

/// Where a list goes on, in words.
const CURSORS: &[&str] = &[
    "cursor",
    "startafter",
    "startat",
    "endbefore",
    "endat",
    "searchafter",
    "skiptoken",
    "deltatoken",
    "pagetoken",
    "nextpagetoken",
    "nexttoken",
    "continuation",
    "continuationtoken",
    "paginationtoken",
    "pagingcookie",
    "cursormark",
    "exclusivestartkey",
    "lastevaluatedkey",
];

/// Whether a text is a switch, a number of a page or a width: nothing that is compared with a column.
pub(super) fn is_setting(text: &str) -> bool {
    names::is_flag(text.trim()) || is_small(text.trim())
}

/// Whether a text is a switch.
pub(super) fn is_switch(text: &str) -> bool {
    names::is_flag(text.trim())
}

/// Whether a text is a small number, which begins as no telephone number does.
pub(super) fn is_small(text: &str) -> bool {
    text.len() <= 4 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a word makes another thing of a column's name than its value.
pub(super) fn is_about(word: &str) -> bool {
    ABOUT.contains(&word)
}

/// Whether a name speaks of a setting and no value.
pub(super) fn speaks_about(name: &str) -> bool {
    tokens(name).last().is_some_and(|word| is_about(word))
}

/// Whether a column's name below this one is a sort of thing: `channel=phone`.
pub(super) fn is_kind(name: &str) -> bool {
    tokens(name).last().is_some_and(|word| KINDS.contains(&word.as_str())) || KINDS.contains(&squeezed(name).as_str())
}

/// Whether a name is that of a value that is compared.
pub(super) fn is_value(name: &str) -> bool {
    VALUES.contains(&squeezed(name).as_str())
}

/// Whether a column's name below this one is sorted or grouped by, or computed with.
pub(super) fn arranges(name: &str) -> bool {
    let squeezed = squeezed(name);
    if ARRANGES_WITHIN.iter().any(|word| squeezed.contains(word)) || COMPUTES.contains(&squeezed.as_str()) {
        return true;
    }
    // `count_by`
    let words = tokens(name);
    if let [first, .., last] = words.as_slice()
        && COMPUTES.contains(&first.as_str())
        && last == "by"
    {
        return true;
    }
    // An order that came by telephone is no sort.
    words.iter().any(|word| ARRANGES.contains(&word.as_str())) && !is_kind(name)
}

/// Whether columns that stand right below this name, or alone in objects there, are what a pivot is made of.
pub(super) fn is_of_a_pivot(name: &str) -> bool {
    PIVOTS.contains(&squeezed(name).as_str())
}

/// Whether a column's name below these two asks for the words that it holds.
pub(super) fn lists_words(outer: &str, inner: &str) -> bool {
    LISTS_WORDS.contains(&(squeezed(outer).as_str(), squeezed(inner).as_str()))
}

/// Whether a name says that a list goes on behind its value.
pub(super) fn goes_on(name: &str) -> bool {
    CURSORS.contains(&squeezed(name).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_sort_are_told_from_orders() {
        for (name, is) in [
            ("fullordering", true),
            ("sort_asc", true),
            ("orderCol", true),
            ("grouped_by", true),
            ("facet_by", true),
            ("totalSummary", true),
            ("aggregate_on_field", true),
            ("asc", true),
            ("order_type", false),
            ("order_channel", false),
            ("status", false),
            ("border", false),
        ] {
            assert_eq!(arranges(name), is, "{name}");
        }
    }
}
