//! `rules:`: who sees what.

use jiff::Timestamp;

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::plan::{Search, Sort};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::rows::{self, Row};
use crate::policy::rule::when::{self, When};
use crate::policy::rule::{Word, limits, said, store, words};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its id, if it says one.
    pub id: Option<Word>,
    /// Where it begins.
    pub spot: Spot,
    /// Whom it is for.
    pub who: Who,
    /// What it says of kinds.
    pub grants: Vec<Grant>,
    /// Inside what equal values give equal tokens.
    pub domain: Option<String>,
    /// How veiled values may be looked for.
    pub search: Option<Search>,
    /// What becomes of requests that sort by veiled values.
    pub sort: Option<Sort>,
    /// Where it says that it is mandatory.
    pub mandatory: Option<Spot>,
    /// When it ends.
    pub until: Option<(Timestamp, Spot)>,
    /// When it holds.
    pub when: Option<When>,
    /// All its conditions, in one spelling.
    pub said: String,
    /// Which remarks stand there: `why`, `owner`, `approved`, `ticket`.
    pub remarks: Vec<&'static str>,
    /// Where it was asked for, for the ledger.
    pub ticket: Option<String>,
    /// What the record must be.
    pub rows: Vec<Row>,
    /// The kinds, categories or `all` that staff may not change.
    pub readonly: Vec<Word>,
}

/// Whom a rule is for.
#[derive(Debug)]
pub enum Who {
    /// Everybody with a role.
    All,
    /// These roles.
    Roles(Vec<Word>),
    /// These persons, whatever their roles.
    Staff(Vec<Word>),
}

/// What a rule says of a kind, a category or all.
#[derive(Debug)]
pub struct Grant {
    /// The action's word.
    pub verb: Verb,
    /// The kind, the category or `all`.
    pub what: Word,
    /// `last4`, `year`, `opaque`.
    pub option: Option<Word>,
    /// Where it says that a right check digit stays right.
    pub pass: Option<Spot>,
    /// For how many seconds a token lasts, and where it says so.
    pub lasts: Option<(u32, Spot)>,
}

/// A token lasts ten years at most: one that lasts longer has no end.
const LASTS_MAX: u32 = 3650 * 24 * 3600;

/// An action without its option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// In clear.
    Show,
    /// Coarser.
    Generalize,
    /// A fixed shape.
    Mask,
    /// A token.
    Tokenize,
    /// A keyed hash.
    Hash,
    /// Taken out.
    Remove,
    /// The answer is refused.
    Block,
}

const VERBS: [(&str, Verb); 7] = [
    ("show", Verb::Show),
    ("generalize", Verb::Generalize),
    ("mask", Verb::Mask),
    ("tokenize", Verb::Tokenize),
    ("hash", Verb::Hash),
    ("remove", Verb::Remove),
    ("block", Verb::Block),
];

/// Words of other programs, and the action that each means here.
const MEANT: [(&str, &str); 16] = [
    ("allow", "show"),
    ("permit", "show"),
    ("grant", "show"),
    ("reveal", "show"),
    ("redact", "mask"),
    ("hide", "mask"),
    ("obfuscate", "mask"),
    ("anonymize", "hash"),
    ("pseudonymize", "tokenize"),
    ("encrypt", "tokenize"),
    ("delete", "remove"),
    ("drop", "remove"),
    ("omit", "remove"),
    ("deny", "block"),
    ("refuse", "block"),
    ("forbid", "block"),
];

/// Reads one rule.
pub fn read(node: &Node, faults: &mut Faults) -> Option<Rule> {
    let mut map = MapReader::open(node, "a rule", faults)?;
    let who = map.need("for", faults).and_then(|node| who(node, faults));
    let mut grants = Vec::new();
    for (key, verb) in VERBS {
        if let Some(node) = map.take(key) {
            read_grants(node, key, verb, &mut grants, faults);
        }
    }
    let readonly = map.take("readonly").map(|node| words(node, "`readonly`", faults)).unwrap_or_default();
    let says = |key: &str| node.at(key).is_some();
    let is_told = faults.has_slip(&node.spot) || MEANT.iter().any(|(key, _)| says(key));
    if grants.is_empty() && !says("readonly") && VERBS.iter().all(|(key, _)| !says(key)) && !is_told {
        let fault = faults.error(&node.spot, "empty", "the rule says nothing of any kind");
        fault.help("name kinds under `show`, `generalize`, `mask`, `tokenize`, `hash`, `remove` or `block`");
    }
    let id = map.take("id").and_then(|node| Some(Word::new(reader::text(node, "an id", faults)?, &node.spot)));
    let domain = map.take("token_domain").and_then(|node| store::domain(node, faults));
    let words = [("none", Search::None), ("exact", Search::Exact), ("any", Search::Any)];
    let search = map.take("search").and_then(|node| reader::word(node, "`search`", &words, faults));
    let words = [("refuse", Sort::Refuse), ("strip", Sort::Strip)];
    let sort = map.take("sort").and_then(|node| reader::word(node, "`sort`", &words, faults));
    let mandatory = map.take("mandatory").filter(|node| reader::boolean(node, "`mandatory`", faults) == Some(true));
    let until = map.take("until").and_then(|node| Some((when::until(node, faults)?, node.spot.clone())));
    let when = map.take("when").and_then(|node| When::read(node, faults));
    let (mut remarks, mut ticket) = (Vec::new(), None);
    let rows = map.take("where").map(|node| rows::read(node, faults)).unwrap_or_default();
    for key in ["why", "owner", "approved", "ticket"] {
        if let Some(node) = map.take(key) {
            let text = reader::text(node, "a remark", faults);
            remarks.extend(text.map(|_| key));
            ticket = text.filter(|text| key == "ticket" && is_ticket(text)).map(str::to_owned);
        }
    }
    map.reserve(&["approval", "lasts", "store", "seal"], faults);
    map.belongs(&["network", "hours", "resource", "event", "purpose", "records", "cel"], "when");
    map.means(&MEANT);
    map.means(&[
        ("role", "for"),
        ("roles", "for"),
        ("who", "for"),
        ("user", "for"),
        ("groups", "for"),
        ("reason", "why"),
    ]);
    map.finish(faults);
    let mandatory = mandatory.map(|node| node.spot.clone());
    let said = said::conditions(node);
    Some(Rule {
        id,
        spot: node.spot.clone(),
        who: who?,
        grants,
        domain,
        search,
        sort,
        mandatory,
        until,
        when,
        remarks,
        ticket,
        rows,
        readonly,
        said,
    })
}

/// Whom a rule or a limit is for.
pub(super) fn who(node: &Node, faults: &mut Faults) -> Option<Who> {
    if let Value::Map(_) = node.value {
        let mut map = MapReader::open(node, "`for`", faults)?;
        let staff = map.need("staff", faults).map(|node| words(node, "a staff id", faults));
        map.finish(faults);
        return staff.filter(|staff| !staff.is_empty()).map(Who::Staff);
    }
    let roles = words(node, "a role", faults);
    let all = roles.iter().find(|role| role.text == "all");
    match (all, roles.len()) {
        (Some(_), 1) => Some(Who::All),
        (Some(all), _) => {
            faults.error(&all.spot, "for", "`all` stands alone: it takes in every role");
            None
        }
        (None, 0) => None,
        (None, _) => Some(Who::Roles(roles)),
    }
}

pub(super) fn read_grants(node: &Node, key: &str, verb: Verb, grants: &mut Vec<Grant>, faults: &mut Faults) {
    let takes_options = matches!(verb, Verb::Mask | Verb::Generalize | Verb::Tokenize);
    for item in reader::one_or_more(node, "a kind", faults) {
        match item.map() {
            Some(entries) if takes_options => {
                for entry in entries {
                    let what = Word::new(&entry.key, &entry.key_spot);
                    grants.extend(option(
                        &entry.value,
                        Grant { verb, what, option: None, pass: None, lasts: None },
                        faults,
                    ));
                }
            }
            Some(_) => {
                let fault =
                    faults.error(&item.spot, "type", format!("`{key}` takes a list of kinds, and here stands a map"));
                fault.help(format!("write `{key}: [phone, email]`"));
            }
            None => {
                let what = reader::text(item, "a kind", faults).map(|text| Word::new(text, &item.spot));
                grants.extend(what.map(|what| Grant { verb, what, option: None, pass: None, lasts: None }));
            }
        }
    }
}

/// A bare grant with the option that stands here. No result is a fault; an empty value is a bare action.
fn option(node: &Node, bare: Grant, faults: &mut Faults) -> Option<Grant> {
    if node.is_empty() {
        return Some(bare);
    }
    if node.map().is_some() && bare.verb == Verb::Tokenize {
        return token(node, bare, faults);
    }
    let text = reader::text(node, "an option", faults)?;
    Some(Grant { option: Some(Word::new(text, &node.spot)), ..bare })
}

/// `{ token: format, check: pass }`, `{ token: random, lasts: 30d }`
fn token(node: &Node, bare: Grant, faults: &mut Faults) -> Option<Grant> {
    let mut map = MapReader::open(node, "a token", faults)?;
    let token =
        map.need("token", faults).and_then(|node| Some(Word::new(reader::text(node, "`token`", faults)?, &node.spot)));
    let check = map.take("check");
    let pass = check.and_then(|node| {
        reader::word(node, "`check`", &[("pass", true), ("fail", false)], faults)?.then(|| node.spot.clone())
    });
    let says_lasts = map.take("lasts");
    let lasts = says_lasts.and_then(|node| Some((lasts(node, faults)?, node.spot.clone())));
    map.means(&[("format", "token"), ("kind", "token"), ("expires", "lasts"), ("ttl", "lasts"), ("expiry", "lasts")]);
    map.finish(faults);
    // A token that was to end must not be one that does not.
    if says_lasts.is_some() && lasts.is_none() {
        return None;
    }
    Some(Grant { option: Some(token?), pass, lasts, ..bare })
}

/// `30d`, `12h`.
fn lasts(node: &Node, faults: &mut Faults) -> Option<u32> {
    let seconds = limits::seconds(reader::text(node, "`lasts`", faults)?, LASTS_MAX);
    if seconds.is_none() {
        let fault = faults.error(&node.spot, "bad-duration", "`lasts` is a time of one second to 3650 days");
        fault.help("write `30d` or `12h`, or leave it out: then the token has no end");
    }
    seconds
}

/// Whether it is the number of a ticket, which stands in every record that the rule decides; words for people do not.
fn is_ticket(text: &str) -> bool {
    const TICKET_BYTES: usize = 64;
    text.len() <= TICKET_BYTES && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./#:".contains(&byte))
}
