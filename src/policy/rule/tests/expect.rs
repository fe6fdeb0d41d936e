//! What a test expects for one role. Every expectation keeps its own place, so that a failure can
//! point at the very word that does not hold.

use std::sync::Arc;

use crate::policy::decide::RoleId;
use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::reader::{self, MapReader, nearest};
use crate::policy::rule::tests::body::{self, Content, ContentFormat};
use crate::policy::rule::{Word, places};
use crate::terms::event::Event;
use crate::terms::place::Place;
use crate::terms::refusal::Reason;

/// What one role gets.
#[derive(Debug, Clone)]
pub struct Expect<W = Who> {
    /// Who asks.
    pub who: W,
    /// Where it is written.
    pub spot: Spot,
    /// The status.
    pub status: Option<(u16, Spot)>,
    /// Why the request is refused.
    pub refusal: Option<(Reason, Spot)>,
    /// Members that the JSON answer has.
    pub json: Option<Node>,
    /// What stands at places of the page.
    pub html: Vec<AtPlace>,
    /// What the XML answer says; blanks between elements and comments do not count.
    pub xml: Option<(String, Spot)>,
    /// Rows of the table, by the headings that are named.
    pub csv: Option<(String, Spot)>,
    /// The whole text of the answer; line breaks at its end do not count.
    pub text: Option<(String, Spot)>,
    /// `exactly: true`: members, places and columns that are not named are compared too.
    pub exactly: Option<Spot>,
    /// The JSON answer has these members and no others.
    pub exact: Option<Node>,
    /// The body is this, byte for byte.
    pub whole: Option<Content>,
    /// What the CRM gets of a write.
    pub forwarded: Option<Forwarded>,
    /// Texts that stand nowhere in what staff gets.
    pub hidden: Vec<(String, Spot)>,
    /// Texts that stand in it.
    pub shown: Vec<(String, Spot)>,
    /// What the ledger has of it.
    pub ledger: Recorded,
}

/// The body that goes on to the CRM.
#[derive(Debug, Clone)]
pub enum Forwarded {
    /// JSON with these members and no others.
    Json(Node),
    /// Byte for byte.
    Body(Content),
}

/// What stands at a place.
#[derive(Debug, Clone)]
pub struct AtPlace {
    /// The place, as fields name theirs.
    pub place: Place,
    /// As it is written.
    pub name: String,
    /// The texts that stand there, in their order.
    pub texts: Vec<String>,
    /// Where they are written.
    pub spot: Spot,
}

/// What the ledger has of an exchange; what is not said is not compared.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// What sort of thing happened.
    pub event: Option<(Event, Spot)>,
    /// `released` or `refused`.
    pub outcome: Option<(String, Spot)>,
    /// The subjects, `customer:42`, in any order.
    pub subjects: Option<(Vec<String>, Spot)>,
    /// The rules that decided, in any order.
    pub rules: Option<(Vec<String>, Spot)>,
    /// Kinds, and every action that was recorded for each.
    pub kinds: Vec<KindRecorded>,
}

/// What the ledger has of one kind.
#[derive(Debug, Clone)]
pub struct KindRecorded {
    /// The kind.
    pub kind: String,
    /// Where it is written.
    pub spot: Spot,
    /// Every action, and how often if that is said; none where the kind is not recorded.
    pub actions: Vec<(String, Option<u32>, Spot)>,
}

/// Who asks in a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Staff with this role, and its name.
    Role(RoleId, Arc<str>),
    /// The staff of `as`, with the roles that their groups give.
    Staff,
    /// Whom nobody recognises.
    Nobody,
}

/// Whom nobody recognises.
pub const NOBODY: &str = "nobody";
/// The staff of `as`.
pub const STAFF: &str = "staff";
/// No action: the kind is not recorded.
pub const NONE: &str = "none";
const OUTCOMES: [&str; 2] = ["released", "refused"];

/// Reads what each role gets.
pub fn read(node: &Node, faults: &mut Faults) -> Vec<Expect<Word>> {
    let entries = reader::entries(node, "`expect`", faults).unwrap_or_default();
    if entries.is_empty() && node.map().is_some() {
        faults.error(&node.spot, "expect", "nothing is expected, so the test cannot fail");
    }
    entries.iter().filter_map(|entry| one(Word::new(&entry.key, &entry.key_spot), &entry.value, faults)).collect()
}

fn one(who: Word, node: &Node, faults: &mut Faults) -> Option<Expect<Word>> {
    let mut expect = empty(who);
    if let Some(text) = node.scalar().filter(|text| !text.is_empty()) {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            expect.status = status(node, faults);
        } else {
            expect.refusal = refusal(node, faults);
        }
        return Some(expect);
    }
    let mut map = MapReader::open(node, "what a role gets", faults)?;
    if node.map().is_some_and(<[_]>::is_empty) {
        let fault = faults.error(&expect.spot, "expect", "nothing is expected, so the test cannot fail");
        fault.help("write a status, or what must be `shown` and what `hidden`");
    }
    expect.status = map.take("status").and_then(|node| status(node, faults));
    expect.refusal = map.take("refusal").and_then(|node| refusal(node, faults));
    expect.json = map.take("json").cloned();
    expect.html = map.take("html").map(|node| at_places(node, faults)).unwrap_or_default();
    expect.xml = map.take("xml").and_then(|node| whole(node, "the XML of the answer", faults));
    expect.csv = map.take("csv").and_then(|node| whole(node, "the table of the answer", faults));
    expect.text = map.take("text").and_then(|node| whole(node, "the text of the answer", faults));
    expect.hidden = map.take("hidden").map(|node| texts(node, "a hidden text", faults)).unwrap_or_default();
    expect.shown = map.take("shown").map(|node| texts(node, "a shown text", faults)).unwrap_or_default();
    if let Some(node) = map.take("exactly") {
        exactly(node, &mut expect, faults);
    }
    expect.forwarded = map.take("forwarded").and_then(|node| forwarded(node, faults));
    expect.ledger = map.take("ledger").map(|node| recorded(node, faults)).unwrap_or_default();
    compares_nothing(node, expect.exactly.is_some(), faults);
    map.finish(faults);
    Some(expect)
}

/// Warns of a part in which nothing is named, so that it cannot fail.
fn compares_nothing(node: &Node, exactly: bool, faults: &mut Faults) {
    for key in ["json", "html", "ledger"] {
        let Some(part) = node.at(key).filter(|part| part.map().is_some_and(<[_]>::is_empty)) else { continue };
        if key != "json" || !exactly {
            let message = format!("`{key}: {{}}` compares nothing, so it cannot fail");
            faults.warning(&part.spot, "expect", message).help("name what must stand there, or take it out");
        }
    }
}

fn empty(who: Word) -> Expect<Word> {
    let spot = who.spot.clone();
    Expect {
        who,
        spot,
        status: None,
        refusal: None,
        json: None,
        html: Vec::new(),
        xml: None,
        csv: None,
        text: None,
        exactly: None,
        exact: None,
        whole: None,
        forwarded: None,
        hidden: Vec::new(),
        shown: Vec::new(),
        ledger: Recorded::default(),
    }
}

fn whole(node: &Node, what: &str, faults: &mut Faults) -> Option<(String, Spot)> {
    Some((reader::text(node, what, faults)?.to_owned(), node.spot.clone()))
}

fn texts(node: &Node, what: &str, faults: &mut Faults) -> Vec<(String, Spot)> {
    reader::texts(node, what, faults).into_iter().map(|(text, spot)| (text.to_owned(), spot.clone())).collect()
}

/// A map from places to the texts that stand there.
fn at_places(node: &Node, faults: &mut Faults) -> Vec<AtPlace> {
    let mut all = Vec::new();
    for entry in reader::entries(node, "`html`", faults).unwrap_or_default() {
        let key =
            Node { value: Value::Scalar { text: entry.key.clone(), quoted: false }, spot: entry.key_spot.clone() };
        let Some(place) = places::read(&key, "a place", faults) else { continue };
        if !matches!(place, Place::Css(_) | Place::Name(_)) {
            let fault = faults.error(&entry.key_spot, "place", format!("`{}` is no place of a page", entry.key));
            fault.help("write a label, or a selector as in `css:td.mail`");
            continue;
        }
        let mut texts = Vec::new();
        for item in reader::each(&entry.value) {
            match item.scalar() {
                Some(text) => texts.push(text.to_owned()),
                None => {
                    reader::text(item, "what stands there", faults);
                }
            }
        }
        all.push(AtPlace { place, name: entry.key.clone(), texts, spot: entry.value.spot.clone() });
    }
    all
}

/// `true` for what stands beside it, a text, or a body as under `response`.
fn exactly(node: &Node, expect: &mut Expect<Word>, faults: &mut Faults) {
    if node.map().is_some() {
        let Some(map) = MapReader::open(node, "`exactly`", faults) else { return };
        match a_body(node, map, faults) {
            Some(Forwarded::Json(json)) => expect.exact = Some(json),
            Some(Forwarded::Body(content)) => expect.whole = Some(content),
            None => {}
        }
        return;
    }
    let Some(text) = reader::text(node, "`exactly`", faults) else { return };
    if !matches!(&node.value, Value::Scalar { quoted: false, .. } if text == "true") {
        let from = body::ContentFrom::Text(text.to_owned());
        let spot = node.spot.clone();
        expect.whole = Some(Content { format: ContentFormat::Text, from, charset: None, spot });
        return;
    }
    if expect.json.is_none() && expect.csv.is_none() {
        let fault = faults.error(&node.spot, "exactly", "`exactly: true` needs `json` or `csv` beside it");
        fault.help("of another answer write the whole body: `exactly: { html: … }`");
        return;
    }
    expect.exactly = Some(node.spot.clone());
}

/// A body as under `response`; a plain text is one too.
fn forwarded(node: &Node, faults: &mut Faults) -> Option<Forwarded> {
    if node.map().is_some() {
        let read = a_body(node, MapReader::open(node, "`forwarded`", faults)?, faults);
        if read.is_none() {
            let fault = faults.error(&node.spot, "expect", "`forwarded` names no body");
            fault.help("write what the CRM gets, as in `forwarded: { json: { tel: 090-1234-5678 } }`");
        }
        return read;
    }
    let text = reader::text(node, "`forwarded`", faults)?;
    let (from, spot) = (body::ContentFrom::Text(text.to_owned()), node.spot.clone());
    Some(Forwarded::Body(Content { format: ContentFormat::Text, from, charset: None, spot }))
}

/// JSON that is written as YAML has no bytes of its own to compare; any other body has.
fn a_body(node: &Node, mut map: MapReader<'_>, faults: &mut Faults) -> Option<Forwarded> {
    let json = node.at("json").filter(|json| !matches!(json.value, Value::Scalar { quoted: true, .. }));
    let content = body::read(&mut map, faults);
    map.finish(faults);
    json.cloned().map(Forwarded::Json).or(content.map(Forwarded::Body))
}

fn recorded(node: &Node, faults: &mut Faults) -> Recorded {
    let mut recorded = Recorded::default();
    for entry in reader::entries(node, "`ledger`", faults).unwrap_or_default() {
        let (node, spot) = (&entry.value, entry.value.spot.clone());
        let all = |what, faults: &mut Faults| match &node.value {
            Value::List(items) if items.is_empty() => Vec::new(),
            _ => reader::texts(node, what, faults).into_iter().map(|(text, _)| text.to_owned()).collect(),
        };
        match entry.key.as_str() {
            "event" => {
                let words: Vec<_> = Event::ALL.into_iter().map(|event| (event.word(), event)).collect();
                recorded.event = reader::word(node, "an event", &words, faults).map(|event| (event, spot));
            }
            "outcome" => {
                let words = OUTCOMES.map(|word| (word, word));
                let word = reader::word(node, "an outcome", &words, faults);
                recorded.outcome = word.map(|word| (word.to_owned(), spot));
            }
            "subjects" => recorded.subjects = Some((all("a subject", faults), spot)),
            "rules" => recorded.rules = Some((all("a rule", faults), spot)),
            _ => recorded.kinds.push(KindRecorded {
                kind: entry.key.clone(),
                spot: entry.key_spot.clone(),
                actions: actions(node, faults),
            }),
        }
    }
    recorded
}

/// `mask`, `[mask, show]`, `{ mask: 2 }` or `none`.
fn actions(node: &Node, faults: &mut Faults) -> Vec<(String, Option<u32>, Spot)> {
    if let Some(entries) = node.map() {
        let counted = |entry: &crate::policy::node::Entry, faults: &mut Faults| {
            let count = reader::number(&entry.value, "how often", faults)?;
            Some((entry.key.clone(), Some(count), entry.key_spot.clone()))
        };
        return entries.iter().filter_map(|entry| counted(entry, faults)).collect();
    }
    let all = texts(node, "an action", faults);
    if all.iter().any(|(word, _)| word == NONE) && all.len() > 1 {
        faults.error(&node.spot, "value", "`none` stands alone");
    }
    all.into_iter().filter(|(word, _)| word != NONE).map(|(word, spot)| (word, None, spot)).collect()
}

/// A status.
pub(super) fn status(node: &Node, faults: &mut Faults) -> Option<(u16, Spot)> {
    let status: u16 = reader::number(node, "a status", faults)?;
    if !(100..600).contains(&status) {
        faults.error(&node.spot, "status", format!("`{status}` is no status"));
        return None;
    }
    Some((status, node.spot.clone()))
}

fn refusal(node: &Node, faults: &mut Faults) -> Option<(Reason, Spot)> {
    let text = reader::text(node, "a reason", faults)?;
    let Some(reason) = Reason::ALL.iter().find(|reason| reason.word() == text) else {
        let words = || Reason::ALL.iter().map(|reason| reason.word());
        let fault = faults.error(&node.spot, "unknown-word", format!("`{text}` is no status and no reason"));
        match nearest(text, words()) {
            Some(near) => fault.did_you_mean(Some(near)),
            None => fault.help(
                "write a status as `403`, or a reason as `Sudare-Refusal` names it: `rule`, `query`, `veil`, `no-role`, `shape`",
            ),
        };
        return None;
    };
    Some((*reason, node.spot.clone()))
}
