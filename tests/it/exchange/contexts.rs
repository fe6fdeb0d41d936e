//! Every place of a page where a value can stand, and every spelling in which it can: none hides it,
//! none breaks by its veil, at any cut.
//!
//! A line of `tests/cases/contexts/*.txt` is one context. It is put behind a table that declares a
//! name and a telephone number, once with each of four values: those two, and a number and an address
//! that only detectors know.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use sudare::body::charset::Charset;
use sudare::format::Format;
use sudare::format::html::entity;
use sudare::format::quote::decode;
use sudare::guard::outbound::{Outbound, Request};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::matched::Asked;
use sudare::policy::plan::Plan;
use sudare::route::normal::canonical;
use sudare::terms::bounds::Bounds;
use sudare::terms::quote::{Quote, Quotes};
use sudare::terms::refusal::Refusal;
use sudare::transform::Today;

use super::generated::readings;
use super::run::{self, Plain};

const RULES: &str = "
sudare: 1
roles: { full: a, part: b, none: c, token: d }
resources:
  - { id: any, match: 'GET /{id}', subject: path.id, fields: { person.name: [氏名], phone: [電話番号] } }
rules:
  - { for: full, mask: [all] }
  - { for: part, mask: { person.name: full, phone: last4, email: domain } }
  - { for: none, remove: [all] }
  - { for: token, tokenize: [all] }
";

static POLICY: LazyLock<Policy> = LazyLock::new(|| run::policy(RULES));

/// What stands before each context.
const BEFORE: &str = "<table><tr><th>氏名<td>蓮沼 綾香<tr><th>電話番号<td>090-6660-7771</table>";

/// How each value is written, and what of it may be read in no reading.
const VALUES: [(&str, &str); 4] = [
    ("蓮沼綾香", "蓮沼綾香"),
    ("090-6660-7771", "9066607771"),
    ("080-5550-3412", "8055503412"),
    ("hasunuma@ayaka.example", "hasunuma"),
];

/// The mark in a context where the value goes.
const MARK: char = '¤';

/// A title and what stands in the page.
type Context = (String, String);

fn contexts(name: &str) -> Vec<Context> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/contexts").join(name);
    let text = fs::read_to_string(&path).expect("the contexts");
    let mut all: Vec<Context> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix('-'), all.last_mut()) {
            (Some(more), Some((_, body))) => *body += &format!("\n{more}"),
            _ => {
                let (title, body) = line.split_once('\t').expect("a title and a context");
                all.push((title.to_owned(), body.to_owned()));
            }
        }
    }
    assert!(all.iter().all(|(_, body)| body.contains(MARK)));
    all
}

fn plan(role: &str) -> Arc<Plan> {
    let path = canonical(b"/7").expect("a path");
    let matched = POLICY.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
    let roles: Vec<_> = POLICY.role(role).into_iter().collect();
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    POLICY.plan(&Situation { matched: &matched, roles: &roles, staff: None, network: None, time }).expect("a plan")
}

fn rewritten(plan: &Arc<Plan>, body: &str, cuts: &[usize]) -> Result<String, Refusal> {
    let today = Today { year: 2026, month: 11, day: 24 };
    let request = Request { path: [("id".to_owned(), "7".to_owned())].into(), query: Vec::new(), today };
    let bounds = Bounds::default();
    let guard = Outbound::new(Arc::clone(plan), Arc::new(Plain), &request, &bounds);
    let skin = (Format::Html, Charset::Utf8);
    let (bytes, _) = run::rewritten(plan, skin, guard, &bounds, body.as_bytes(), cuts)?;
    Ok(String::from_utf8(bytes).expect("text"))
}

/// What is wrong with what staff gets of a value in a context.
fn fault(plan: &Arc<Plan>, context: &str, (value, secret): (&str, &str), cuts: bool) -> Option<String> {
    // Beside another value without a blank both may be veiled as one.
    let (context, whole) = context.strip_prefix('~').map_or((context, true), |context| (context, false));
    let page = format!("{BEFORE}{}", context.replace(MARK, value));
    let staff = match rewritten(plan, &page, &[]) {
        Ok(staff) => staff,
        Err(refusal) => return Some(format!("is refused: {refusal}")),
    };
    if readings(&staff).iter().any(|reading| reading.contains(secret)) {
        return Some(format!("shows it: {staff}"));
    }
    // What stands around the value is whole.
    let mut rest = staff.as_str();
    for part in context.split(MARK).filter(|_| whole) {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return Some(format!("breaks at `{part}`: {staff}")),
        }
    }
    let at_every_place = (BEFORE.len()..page.len()).filter(|_| cuts).map(|cut| vec![cut]);
    let bytewise = vec![1; page.len()];
    let mut all = at_every_place.chain([bytewise]);
    all.find(|cut| rewritten(plan, &page, cut).ok().as_ref() != Some(&staff)).map(|cut| format!("differs at {cut:?}"))
}

/// Every context with every value: byte by byte, and one value of each at every cut.
fn faults(file: &str, least: usize) -> Vec<String> {
    let contexts = contexts(file);
    assert!(contexts.len() >= least, "the contexts are there");
    let plan = plan("part");
    let mut faults = Vec::new();
    for (number, (title, context)) in contexts.iter().enumerate() {
        for (turn, value) in VALUES.into_iter().enumerate() {
            let what = fault(&plan, context, value, number % VALUES.len() == turn);
            faults.extend(what.map(|what| format!("{title}, {}: {what}", value.0)));
        }
    }
    faults
}

#[test]
fn no_context_of_a_page_shows_a_value() {
    let faults = faults("html.txt", 120);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_context_of_a_script_shows_a_value() {
    let faults = faults("script.txt", 20);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What stands for a character in a page, in a script, in a style sheet.
type Spelling = (&'static str, fn(char) -> String);

/// References, as every spelling of them is read; `&hyphen;` is a hyphen that is none of ASCII's.
const REFERENCES: [Spelling; 11] = [
    ("decimal", |c| format!("&#{};", u32::from(c))),
    ("hexadecimal", |c| format!("&#x{:x};", u32::from(c))),
    ("in capitals", |c| format!("&#X{:X};", u32::from(c))),
    ("with zeros", |c| format!("&#0000000{};", u32::from(c))),
    ("with zeros, hexadecimal", |c| format!("&#x000000{:x};", u32::from(c))),
    ("without a semicolon", |c| format!("&#{}", u32::from(c))),
    ("hexadecimal, without a semicolon", |c| format!("&#x{:x}", u32::from(c))),
    ("by names", |c| match c {
        '-' => "&hyphen;".to_owned(),
        '@' => "&commat;".to_owned(),
        '.' => "&period;".to_owned(),
        c => c.to_string(),
    }),
    ("with what nobody sees", |c| format!("{c}&shy;&#8203;&zwnj;")),
    ("encoded twice", |c| format!("&amp;#{};", u32::from(c))),
    ("encoded twice, hexadecimal", |c| format!("&#38;#x{:X};", u32::from(c))),
];

const ESCAPES: [Spelling; 5] = [
    ("hexadecimal", |c| {
        if u32::from(c) < 256 { format!("\\x{:02x}", u32::from(c)) } else { format!("\\u{:04X}", u32::from(c)) }
    }),
    ("unicode", |c| format!("\\u{:04x}", u32::from(c))),
    ("unicode in braces", |c| format!("\\u{{0{:x}}}", u32::from(c))),
    (
        "octal",
        |c| if u32::from(c) < 256 { format!("\\{:03o}", u32::from(c)) } else { format!("\\u{:04x}", u32::from(c)) },
    ),
    ("needless", |c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }),
];

const STYLE_ESCAPES: [Spelling; 2] = [
    ("with a blank", |c| format!("\\{:x} ", u32::from(c))),
    ("with six digits", |c| format!("\\{:06X}", u32::from(c))),
];

/// Whether staff gets a value back, whatever it undoes: each layer of escapes by itself.
fn shows(staff: &str, secret: &str) -> bool {
    let undone = |text: &str| {
        let (once, _) = entity::decode(text, false);
        let (twice, _) = entity::decode(&once, false);
        let script = decode(Quotes::one(Quote::Script { quote: b'"' }), text).expect("a script").text;
        let style = decode(Quotes::one(Quote::Style), text).expect("a style sheet").text;
        [once, twice, script, style]
    };
    undone(staff).iter().chain([&staff.to_owned()]).any(|text| readings(text).iter().any(|bare| bare.contains(secret)))
}

#[test]
fn no_spelling_hides_a_value() {
    const IN_PAGES: [&str; 7] = [
        "<p>x ¤ y</p>",
        "<p title=\"¤\">x</p>",
        "<p title='x ¤'>x</p>",
        "<input name=q value=¤>",
        "<textarea name=t>¤</textarea>",
        "<title>¤</title>",
        "<iframe srcdoc=\"<p>¤</p>\"></iframe>",
    ];
    const IN_SCRIPTS: [&str; 6] = [
        "<script>var a = \"¤\";</script>",
        "<script>f('¤')</script>",
        "<script>var a = `¤ ${b}`;</script>",
        "<script>var c = {k: '¤'};</script>",
        "<p onclick=\"f('¤')\">x</p>",
        "<svg><script>f('¤')</script></svg>",
    ];
    const IN_STYLES: [&str; 3] = [
        "<style>p::after { content: \"¤\" }</style>",
        "<p style=\"--a: '¤'\">x</p>",
        "<style>p { background: url(/x?who=¤) }</style>",
    ];
    let groups =
        [(&IN_PAGES[..], &REFERENCES[..]), (&IN_SCRIPTS[..], &ESCAPES[..]), (&IN_STYLES[..], &STYLE_ESCAPES[..])];
    let plan = plan("part");
    let mut faults = Vec::new();
    for (contexts, spellings) in groups {
        for (context, (spelling, spell), (value, secret)) in contexts.iter().flat_map(|context| {
            spellings.iter().flat_map(move |spelling| VALUES.map(|value| (context, spelling, value)))
        }) {
            let written: String = value.chars().map(spell).collect();
            let page = format!("{BEFORE}{}", context.replace(MARK, &written));
            let staff = rewritten(&plan, &page, &[]).expect("an answer");
            let bytewise = rewritten(&plan, &page, &vec![1; page.len()]).expect("an answer");
            if shows(&staff, secret) {
                faults
                    .push(format!("{spelling}: {written} is shown: {}", &staff[staff.len().min(BEFORE.len() - 12)..]));
            }
            assert_eq!(staff, bytewise, "{page}");
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn tags_inside_a_value_do_not_hide_it() {
    const SPLITS: [&str; 14] = [
        "<b></b>",
        "</b><b>",
        "<!-- x -->",
        "<wbr>",
        "&shy;",
        "&#173;",
        "&ZeroWidthSpace;",
        "\u{200b}",
        "\u{2060}",
        "&lrm;",
        "<span hidden></span>",
        "<img src=/x.png>",
        "<a href=/x></a>",
        "<i><u></u></i>",
    ];
    let plan = plan("part");
    let mut faults = Vec::new();
    for split in SPLITS {
        for (value, secret) in VALUES {
            let chars: Vec<String> = value.chars().map(String::from).collect();
            let halves = chars.len() / 2;
            let places = [chars.join(split), [chars[..halves].concat(), chars[halves..].concat()].join(split)];
            for written in places {
                let page = format!("{BEFORE}<p>x <b>{written}</b> y</p>");
                let staff = rewritten(&plan, &page, &[]).expect("an answer");
                let text = without_tags(&staff);
                if shows(&text, secret) {
                    faults.push(format!("{value} in pieces: {staff}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What people see of a page: its text, with what nobody sees left out.
fn without_tags(page: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in page.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    entity::decode(&text, false).0
}
