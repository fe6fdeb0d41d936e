//! Bodies that nobody thought of: whatever they hold, no declared value reaches staff, cuts make no
//! difference, and what comes out can be read as what went in.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sudare::body::charset::Charset;
use sudare::format::Format;
use sudare::guard::outbound::{Outbound, Request};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::matched::Asked;
use sudare::policy::plan::Plan;
use sudare::route::normal::canonical;
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::{Leaf, Sink};
use sudare::terms::refusal::Refusal;
use sudare::transform::Today;
use unicode_normalization::UnicodeNormalization;

use super::run::{self, Plain};

const RULES: &str = "
sudare: 1
roles: { full: a, none: b, token: c }
resources:
  - id: any
    match: GET /{id}
    subject: path.id
    fields:
      person.name: [{ at: name, optional: true }, { at: 'css:.name', optional: true }]
      phone: [{ at: tel, optional: true }, { at: 'css:.tel', optional: true }]
rules:
  - { for: full, mask: [all] }
  - { for: none, remove: [all] }
  - { for: token, tokenize: [all] }
";

/// The values that no text of what staff gets may hold, in the spellings in which they come.
const PHONES: [&str; 7] = [
    "090-6660-7771",
    "09066607771",
    "(090) 6660 7771",
    "+81 90-6660-7771",
    "０９０－６６６０－７７７１",
    "090‐6660‑7771",
    "090.6660.7771",
];
const NAMES: [&str; 6] = ["蓮沼 綾香", "蓮沼綾香", "綾香 蓮沼", "蓮沼　綾香", "蓮沼・綾香", "綾香、蓮沼 綾香"];

static POLICY: LazyLock<Policy> = LazyLock::new(|| run::policy(RULES));

fn plan(role: &str) -> Arc<Plan> {
    let path = canonical(b"/7").expect("a path");
    let matched = POLICY.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
    let roles: Vec<_> = POLICY.role(role).into_iter().collect();
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    POLICY.plan(&Situation { matched: &matched, roles: &roles, staff: None, network: None, time }).expect("a plan")
}

fn rewritten(role: &str, format: Format, body: &str, cuts: &[usize]) -> Result<String, Refusal> {
    let plan = plan(role);
    let today = Today { year: 2026, month: 11, day: 24 };
    let request = Request { path: [("id".to_owned(), "7".to_owned())].into(), query: Vec::new(), today };
    let bounds = Bounds::default();
    let guard = Outbound::new(Arc::clone(&plan), Arc::new(Plain), &request, &bounds);
    let (bytes, _) = run::rewritten(&plan, (format, Charset::Utf8), guard, &bounds, body.as_bytes(), cuts)?;
    Ok(String::from_utf8(bytes).expect("text"))
}

/// Every leaf that a walker shows of a body.
#[derive(Default)]
struct Leaves(Vec<String>);

impl Sink for Leaves {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.0.push(leaf.text.to_owned());
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

fn leaves(format: Format, body: &str) -> Result<Vec<String>, Refusal> {
    let mut walker = sudare::format::walker(format, &Arc::default(), &Bounds::default())?;
    let mut leaves = Leaves::default();
    walker.write(body.as_bytes(), &mut leaves)?;
    walker.end(&mut leaves)?;
    Ok(leaves.0)
}

/// Letters and digits alone, in one spelling.
fn bare(text: &str) -> String {
    text.nfkc().filter(|c| c.is_alphanumeric()).collect()
}

fn holds_canary(text: &str) -> bool {
    readings(text)
        .iter()
        .any(|bare| bare.contains("9066607771") || bare.contains("蓮沼綾香") || bare.contains("綾香蓮沼"))
}

/// What a text says to whoever undoes one more layer of escapes.
pub(super) fn readings(text: &str) -> [String; 4] {
    let percent = percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    [text.to_owned(), percent, opened(text, "&#", ';', 10), opened(text, "\\u{", '}', 16)].map(|text| bare(&text))
}

/// The text with numeric escapes of one sort undone.
fn opened(text: &str, begin: &str, end: char, radix: u32) -> String {
    let mut parts = text.split(begin);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escape = part
            .split_once(end)
            .and_then(|(code, rest)| Some((char::from_u32(u32::from_str_radix(code, radix).ok()?)?, rest)));
        match escape {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => {
                out.push_str(begin);
                out.push_str(part);
            }
        }
    }
    out
}

/// One body: what staff gets at any cut, looked through leaf by leaf and as it stands.
fn check(role: &str, format: Format, body: &str, cuts: &[usize]) -> Option<String> {
    let whole = rewritten(role, format, body, &[]);
    let cut = rewritten(role, format, body, cuts);
    assert_eq!(whole.as_ref().map_err(|r| r.reason), cut.as_ref().map_err(|r| r.reason), "{body}");
    let staff = whole.ok()?;
    let read = leaves(format, &staff).unwrap_or_else(|refusal| panic!("{refusal}: {body}\n{staff}"));
    for text in read.iter().chain([&staff]) {
        assert!(!holds_canary(text), "{body}\n{staff}");
    }
    Some(staff)
}

/// A declared value as it comes, or in the escapes of a layer that nobody may open there.
fn canary() -> impl Strategy<Value = String> {
    let values = [&PHONES[..], &NAMES[..]].concat();
    (prop::sample::select(values), 0..7_u8).prop_map(|(value, spelling)| spelled(value, spelling))
}

/// A value in the escapes of some layer, or as it is.
pub(super) fn spelled(value: &str, spelling: u8) -> String {
    match spelling {
        0 => value.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        1 => value.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        2 => value.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect(),
        _ => value.to_owned(),
    }
}

/// A text with a declared value among other words, or without one.
fn text() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(vec!["", "a", "様", "tel: ", " / ", "x y", "12", "「", "é", "\u{200b}", "😀"]);
    prop_oneof![
        2 => "[ -~あ-ん]{0,6}",
        3 => (word(), canary(), word()).prop_map(|(a, value, b)| {
            // A letter or digit of the same sort would make another token of it.
            let apart = |text: &str| if text.ends_with(|c: char| c.is_ascii_digit()) { " " } else { "" };
            format!("{a}{}{value}{}{b}", apart(a), apart(b))
        }),
    ]
}

fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec!["tel", "name", "TEL", "x", "y", "電話番号", "n\\u0061me", "id"]);
    prop_oneof![4 => known.prop_map(|key| format!("\"{key}\"")), 1 => text().prop_map(|text| json_string(&text))]
}

pub(super) fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("text")
}

fn json() -> impl Strategy<Value = String> {
    let blank = || prop::sample::select(vec!["", "", " ", "\n\t"]);
    let scalar = prop_oneof![
        4 => text().prop_map(|text| json_string(&text)),
        1 => prop::sample::select(vec!["null", "true", "1", "-0.5e3", "9066607771", "[]", "{}", "\"\""]).prop_map(str::to_owned),
    ];
    scalar.prop_recursive(4, 40, 5, move |inner| {
        let member = (blank(), key(), blank(), inner.clone(), blank());
        let object = prop::collection::vec(member, 0..5).prop_map(|members| {
            let members: Vec<String> =
                members.into_iter().map(|(a, key, b, value, c)| format!("{a}{key}{b}:{value}{c}")).collect();
            format!("{{{}}}", members.join(","))
        });
        let array = prop::collection::vec((blank(), inner), 0..5).prop_map(|items| {
            let items: Vec<String> = items.into_iter().map(|(blank, item)| format!("{blank}{item}")).collect();
            format!("[{}]", items.join(","))
        });
        prop_oneof![3 => object, 1 => array]
    })
}

fn cell() -> impl Strategy<Value = String> {
    (text(), any::<bool>()).prop_map(|(text, quoted)| {
        if quoted || text.contains(['"', ',']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    })
}

/// A part of a page that holds a value where `{}` stands. No tag is left open before it: a value with
/// blanks would become several attributes' names there, which is a limit that docs/guarantees.md tells.
const CONTEXTS: &[&str] = &[
    "<p>{}</p>",
    "<td>{}",
    "<p title='{}'>",
    "<a href=\"tel:{}\">x</a>",
    "<a href='/a?q={}&b=1#{}'>",
    "<!--{}-->",
    "<!-- a - {} -->",
    "<script>f('{}')</script>",
    "<script>var a={\"tel\":\"{}\",\"x\":[\"{}\"]};</script>",
    "<script>// {}\n</script>",
    "<title>{}</title>",
    "<input value=\"{}\" name=tel type=email pattern=x>",
    "<textarea>{}</textarea>",
    "<select><option value='{}'>{}</select>",
    "<div data-x='{\"name\":\"{}\",\"n\":1}'></div>",
    "<iframe srcdoc=\"<b>{}</b>\"></iframe>",
    "<p class=name>{}</p>",
    "<b class=tel>{}</b>",
    "<table><tr><th>tel<td>{}</table>",
    "<label>name <input value='{}'></label>",
    "<dl><dt>電話番号<dd>{}</dl>",
    "<b onclick=\"f('{}')\">",
    "<noscript><p>{}</p></noscript>",
    "<svg><text>{}</text></svg>",
    "<button value='{}'>{}</button>",
    "<img alt='{}'>",
    "<meta content='{}'>",
];
const JUNK: &[&str] = &[
    "<table>", "</table>", "<tr>", "<p>", "</p>", "<b>", "</b>", "<!---->", "&amp;", "x", "<td a=1>", ">", "<ul><li>",
    "\n", "</x>",
];

fn page() -> impl Strategy<Value = String> {
    let context = (prop::sample::select(CONTEXTS), canary()).prop_map(|(context, value)| context.replace("{}", &value));
    let part = prop_oneof![3 => context, 1 => prop::sample::select(JUNK).prop_map(str::to_owned)];
    prop::collection::vec(part, 0..16)
        .prop_map(|parts| format!("<i class=tel>{}</i><i class=name>{}</i>{}", PHONES[0], NAMES[0], parts.concat()))
}

fn role() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["full", "none", "token"])
}

pub(super) fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..40_usize, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_document_lets_a_declared_value_out(body in json(), role in role(), cuts in cuts()) {
        let (tel, name) = (json_string(PHONES[0]), json_string(NAMES[0]));
        let body = format!("[{{\"tel\":{tel},\"name\":{name}}},{body}]");
        let staff = check(role, Format::Json, &body, &cuts).expect("JSON is read");
        serde_json::from_str::<serde_json::Value>(&staff).unwrap_or_else(|error| panic!("{error}: {body}\n{staff}"));
    }

    // Rows have two cells at least: a row's only cell, when it is emptied, leaves a blank line.
    #[test]
    fn no_table_lets_a_declared_value_out(
        cells in prop::collection::vec(prop::collection::vec(cell(), 2..5), 0..6), role in role(), cuts in cuts(),
    ) {
        let rows: Vec<String> = cells.iter().map(|row| row.join(",")).collect();
        let body = format!("id,name,tel,x\n1,{},{},\n{}", NAMES[0], PHONES[0], rows.join("\n"));
        let staff = check(role, Format::Csv, &body, &cuts).expect("a table is read");
        let count = |body: &str| leaves(Format::Csv, body).expect("a table").len();
        assert_eq!(count(&body), count(&staff), "{body}\n{staff}");
    }

    #[test]
    fn no_page_lets_a_declared_value_out(body in page(), role in role(), cuts in cuts()) {
        check(role, Format::Html, &body, &cuts);
    }
}
