//! Bodies in other charsets: what no edit touches leaves byte for byte, and what an edit brings is
//! what it would be in UTF-8.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use proptest::prelude::*;
use sudare::body::charset::{self, Charset};
use sudare::format::Format;
use sudare::guard::outbound::{Outbound, Request};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::matched::Asked;
use sudare::policy::plan::Plan;
use sudare::route::normal::canonical;
use sudare::terms::bounds::Bounds;
use sudare::terms::refusal::{Reason, Refusal};
use sudare::transform::Today;

use super::exchange::run::{self, Plain};
use super::left_out::LeftOut;

const RULES: &str = "
sudare: 1
roles: { part: a, none: b, token: c, full: d, open: e }
resources:
  - id: any
    match: GET /{id}
    subject: path.id
    fields:
      person.name: [{ at: name, optional: true }, { at: 'css:.name', optional: true }]
      phone: [{ at: tel, optional: true }, { at: 'css:.tel', optional: true }]
rules:
  - { for: part, mask: { person.name: initial, phone: last4 } }
  - { for: none, remove: [all] }
  - { for: token, tokenize: [all] }
  - { for: full, mask: [all] }
  - { for: open, show: [all] }
";

static POLICY: LazyLock<Policy> = LazyLock::new(|| run::policy(RULES));

fn plan(role: &str) -> Arc<Plan> {
    let path = canonical(b"/7").expect("a path");
    let matched = POLICY.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
    let roles: Vec<_> = POLICY.role(role).into_iter().collect();
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    POLICY.plan(&Situation { matched: &matched, roles: &roles, staff: None, network: None, time }).expect("a plan")
}

fn rewritten(
    role: &str,
    read_as: (Format, Charset),
    body: &[u8],
    cuts: &[usize],
    hold_bytes: usize,
) -> Result<Vec<u8>, Refusal> {
    let plan = plan(role);
    let today = Today { year: 2026, month: 11, day: 24 };
    let request = Request { path: [("id".to_owned(), "7".to_owned())].into(), query: Vec::new(), today };
    let bounds = Bounds { hold_bytes, ..Bounds::default() };
    let guard = Outbound::new(Arc::clone(&plan), Arc::new(Plain), &request, &bounds);
    run::rewritten(&plan, read_as, guard, &bounds, body, cuts).map(|(bytes, _)| bytes)
}

fn held(role: &str, format: Format, encoding: &'static Encoding, body: &[u8], cuts: &[usize]) -> Vec<u8> {
    let charset = if encoding == UTF_8 { Charset::Utf8 } else { Charset::Other(encoding) };
    rewritten(role, (format, charset), body, cuts, Bounds::default().hold_bytes).expect("a body that is read")
}

fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    if encoding == UTF_16LE {
        return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    if encoding == UTF_16BE {
        return text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    }
    let (bytes, _, lossy) = encoding.encode(text);
    assert!(!lossy, "{} cannot hold {text}", encoding.name());
    bytes.into_owned()
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> String {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.unwrap_or_else(|| panic!("no {}: {}", encoding.name(), bytes.escape_ascii())).into_owned()
}

/// Every code of two bytes that stands for something in Shift_JIS: NEC's and IBM's rows, doubles, and
/// the characters of users' own.
fn two_byte_codes() -> Vec<[u8; 2]> {
    let leads = (0x81..=0x9f_u8).chain(0xe0..=0xfc);
    let all = leads.flat_map(|lead| (0x40..=0xfc_u8).map(move |trail| [lead, trail]));
    all.filter(|code| {
        let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(code);
        text.is_some_and(|text| text.chars().count() == 1)
    })
    .collect()
}

#[test]
fn every_code_of_shift_jis_leaves_as_it_came() {
    let codes = two_byte_codes();
    let doubles = codes.iter().filter(|code| {
        let text = decoded(SHIFT_JIS, &code[..]);
        let (bytes, _, lossy) = SHIFT_JIS.encode(&text);
        lossy || *bytes != code[..]
    });
    assert_eq!((codes.len(), doubles.count()), (9604, 2278), "codes, and those that are not written as they were read");
    // Ten digits side by side would be veiled as a number of the veiled one's shape.
    let apart = |code: &&[u8; 2]| !matches!(code, [0x82, 0x4f..=0x58]);
    let (codes, table_codes) = (codes.iter().filter(apart).copied().collect::<Vec<_>>().concat(), codes.concat());
    let half: Vec<u8> = (0xa1..=0xdf).collect();
    let page = [
        b"<p title='".as_slice(),
        &codes,
        b"'>",
        &codes,
        &half,
        b"</p><b class=tel>",
        &encoded(SHIFT_JIS, "０９０－１２３４－５６７８"),
        b"</b><!--",
        &codes,
        b"--><script>// ",
        &half,
        &codes,
        b"\n</script>",
    ];
    let expected: Vec<u8> = page
        .iter()
        .enumerate()
        .flat_map(|(at, part)| if at == 6 { b"***-****-5678" } else { *part })
        .copied()
        .collect();
    let page = page.concat();
    for cuts in [vec![], vec![1; page.len()], vec![777; page.len() / 777]] {
        let staff = held("part", Format::Html, SHIFT_JIS, &page, &cuts);
        assert!(staff == expected, "{}", first_difference(&staff, &expected));
    }
    let table =
        [b"id,name,x\n1,\x8eR\x93c \x91\xbe\x98Y,\"".as_slice(), &table_codes, b"\"\n2,,", &half, b"\n"].concat();
    let expected = [b"id,name,x\n1,\x8eR** **,\"".as_slice(), &table_codes, b"\"\n2,,", &half, b"\n"].concat();
    let staff = held("part", Format::Csv, SHIFT_JIS, &table, &[]);
    assert!(staff == expected, "{}", first_difference(&staff, &expected));
}

fn first_difference(one: &[u8], other: &[u8]) -> String {
    let at = one.iter().zip(other).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
    let around = |bytes: &[u8]| bytes[at.saturating_sub(20)..bytes.len().min(at + 20)].escape_ascii().to_string();
    format!("at byte {at}: {} and not {}", around(one), around(other))
}

#[test]
fn iso_2022_jp_keeps_its_states_at_every_cut() {
    let body = b"<p>\x1b$B%F%9%H\x1b(B a</p><b class=name>\x1b$@;3ED\x1b(B \x1b$BB@O:\x1b(B</b>\x1b$BMM!\"\x1b(J\\~\x1b(I1\x1b$B;3EDB@O:\x1b(B<i>\x1b(Jx</i>";
    let expected = b"<p>\x1b$B%F%9%H\x1b(B a</p><b class=name>\x1b$B;3\x1b(B** **</b>\x1b$BMM!\"\x1b(J\\~\x1b(I1\x1b$B;3\x1b(B** **<i>\x1b(Jx</i>";
    for at in 0..body.len() {
        let staff = held("part", Format::Html, ISO_2022_JP, body, &[at]);
        let same = staff.escape_ascii().to_string();
        assert_eq!(same, expected.escape_ascii().to_string(), "cut at {at}");
        decoded(ISO_2022_JP, &staff);
    }
}

#[test]
fn long_bodies_leave_part_by_part_in_their_own_bytes() {
    let rows: String =
        (0..400).map(|row| format!("{row},山田 太郎{row},090-1234-{:04},表ソ髙①ｶﾅ\n", row % 10_000)).collect();
    let text = format!("id,name,tel,x\n{rows}");
    for encoding in [SHIFT_JIS, EUC_JP, ISO_2022_JP, UTF_16LE, UTF_16BE] {
        let text = if encoding == ISO_2022_JP { text.replace("ｶﾅ", "カナ") } else { text.clone() };
        let body = encoded(encoding, &text);
        let utf8 = rewritten("part", (Format::Csv, Charset::Utf8), text.as_bytes(), &[], 4000).expect("a table");
        for cuts in [vec![], vec![1; body.len()], vec![1000; 100]] {
            let read_as = (Format::Csv, Charset::Other(encoding));
            let staff = rewritten("part", read_as, &body, &cuts, 4000).expect("a table");
            assert_eq!(decoded(encoding, &staff), String::from_utf8_lossy(&utf8), "{}", encoding.name());
            assert!(staff == encoded(encoding, &String::from_utf8_lossy(&utf8)) || encoding == ISO_2022_JP);
        }
        let sniffed = encoding != UTF_16LE && encoding != UTF_16BE;
        for cuts in [vec![], vec![1; body.len()]] {
            let staff = rewritten("part", (Format::Csv, Charset::Unsaid), &body, &cuts, 4000);
            assert_eq!(staff.is_ok(), sniffed, "{}", encoding.name());
        }
    }
}

#[test]
fn what_changes_its_charset_midway_is_refused() {
    let ascii = "id,name\n1,a\n".repeat(20_000);
    let utf8 = "2,山田\n".repeat(20_000);
    for (first, second) in [(&utf8[..], SHIFT_JIS), (&utf8, EUC_JP)] {
        let body = [ascii.as_bytes(), first.as_bytes(), &encoded(second, "3,山田 太郎\n")].concat();
        let bounds = Bounds::default();
        let refusal = rewritten("part", (Format::Csv, Charset::Unsaid), &body, &[], bounds.hold_bytes);
        assert_eq!(refusal.map_err(|refusal| refusal.reason), Err(Reason::Unreadable));
    }
    // Where a part left already as ASCII, the rest is UTF-8 or nothing.
    let body = [ascii.as_bytes(), &encoded(SHIFT_JIS, "3,山田 太郎\n")].concat();
    let refusal = rewritten("part", (Format::Csv, Charset::Unsaid), &body, &[], 64 << 10);
    assert_eq!(refusal.map_err(|refusal| refusal.reason), Err(Reason::Unreadable));
    let staff = rewritten("part", (Format::Csv, Charset::Unsaid), &body, &[], 2 << 20).expect("a table");
    assert_eq!(decoded(SHIFT_JIS, &staff).lines().last(), Some("3,山** **"));
}

#[test]
fn escapes_are_seen_wherever_a_step_ends() {
    let hold_bytes = 1600;
    for at in 90..110 {
        let body = ["a".repeat(at).as_bytes(), b"\x1b$B;3EDB@O:\x1b(B", "b\n".repeat(100).as_bytes()].concat();
        let told = rewritten("part", (Format::Text, Charset::Utf8), &body, &[], hold_bytes);
        assert_eq!(told.map_err(|refusal| refusal.reason), Err(Reason::Unreadable), "{at}");
        // What is read is the same bytes, as text in ISO-2022-JP; what is not is refused.
        let unsaid = rewritten("part", (Format::Text, Charset::Unsaid), &body, &[], hold_bytes);
        assert_eq!(unsaid.is_ok(), at != 99, "{at}");
        assert!(unsaid.is_ok_and(|staff| staff == body) || at == 99, "{at}");
    }
}

/// The vectors of html5lib, where they are beside the project.
#[test]
fn pages_are_taken_for_what_browsers_take_them_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/html5lib-encoding");
    let left_out = LeftOut::of("html5lib encodings");
    let mut count = 0;
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if left_out.has(&name, &[]) {
            continue;
        }
        let file = fs::read(&path).expect("vectors");
        for (page, label) in vectors(&file) {
            if page.len() > charset::SIGN_BYTES && left_out.has(&name, &["behind the bytes that are looked at"]) {
                continue;
            }
            let expected = Encoding::for_label(label.trim().as_bytes()).expect("a charset");
            let read = match charset::of(Some("text/html"), &page).map(|(_, charset)| charset) {
                Ok(Charset::Utf8) => Some(UTF_8),
                Ok(Charset::Unsaid | Charset::Western) => Some(WINDOWS_1252),
                Ok(Charset::Other(encoding)) => Some(encoding),
                Ok(Charset::Utf32(_)) | Err(_) => None,
            };
            // What is understood and not read is refused.
            let expected = Some(expected).filter(|encoding| charset::is_read(encoding));
            let names = (read.map(Encoding::name), expected.map(Encoding::name));
            assert_eq!(names.0, names.1, "{name}: {}", page[..page.len().min(200)].escape_ascii());
            count += 1;
        }
    }
    if folder.is_dir() {
        left_out.is_all_met();
        assert!(count >= 60, "{count} vectors");
    }
}

fn vectors(file: &[u8]) -> Vec<(Vec<u8>, String)> {
    let mut vectors = Vec::new();
    let mut rest = file;
    while let Some(start) = find(rest, b"#data\n") {
        rest = &rest[start + 6..];
        let end = find(rest, b"\n#encoding\n").expect("an encoding");
        let page = rest[..end].to_vec();
        rest = &rest[end + 11..];
        let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        vectors.push((page, String::from_utf8_lossy(&rest[..line]).into_owned()));
    }
    vectors
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// Texts that every charset of the kind can hold, and that become what they were.
fn text() -> impl Strategy<Value = String> {
    let word =
        prop::sample::select(vec!["表", "ソ", "山田", "a", " ", "①", "カナ", "\\", "\"", "&amp;", "12", "様", "、"]);
    prop::collection::vec(word, 0..8).prop_map(|words| words.concat())
}

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["山田 太郎", "090-1234-5678", "０９０－１２３４－５６７８", "髙橋 花子", "蓮沼"])
}

fn page() -> impl Strategy<Value = String> {
    let context = prop::sample::select(vec![
        "<b class=name>{}</b>",
        "<b class=tel>{}</b>",
        "<p title='{}'>",
        "<!-- {} -->",
        "<input name=tel value=\"{}\">",
        "<script>f('{}')</script>",
        "<a href='/a?q={}'>x</a>",
        "<p>{}</p>",
    ]);
    let part = prop_oneof![
        3 => (context, value()).prop_map(|(context, value)| context.replace("{}", value)),
        2 => text().prop_map(|text| format!("<i>{}</i>", text.replace('"', "'"))),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// Bytes that mean something in one charset or another, and whatever else.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"\x1b$B",
        b"\x1b$@",
        b"\x1b(B",
        b"\x1b(J",
        b"\x1b(I",
        b"\x81",
        b"\x8e",
        b"\x8f",
        b"\xa1",
        b"\xf0\x40",
        b"\x95\x5c",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\xd8\x3d",
        b"\xde\0",
        b"<b>",
        b"\n",
        b"ab",
        b"!!",
        b"\"",
        b"\\",
        b"\xe3\x81\x82",
    ];
    let part = prop_oneof![
        4 => prop::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_is_the_same_in_every_charset(
        page in page(),
        role in prop::sample::select(vec!["part", "none", "token", "full"]),
        cuts in prop::collection::vec(1..40_usize, 0..60),
    ) {
        let utf8 = held(role, Format::Html, UTF_8, page.as_bytes(), &[]);
        for encoding in [SHIFT_JIS, EUC_JP, ISO_2022_JP, UTF_16LE, UTF_16BE] {
            let staff = held(role, Format::Html, encoding, &encoded(encoding, &page), &cuts);
            prop_assert_eq!(decoded(encoding, &staff), String::from_utf8_lossy(&utf8), "{}", encoding.name());
        }
    }

    #[test]
    fn whatever_is_read_leaves_byte_for_byte(body in bytes(), cuts in prop::collection::vec(1..9_usize, 0..30)) {
        let all = [SHIFT_JIS, EUC_JP, ISO_2022_JP, UTF_16LE, UTF_16BE, WINDOWS_1252];
        for charset in all.map(Charset::Other).into_iter().chain([Charset::Utf8, Charset::Unsaid, Charset::Western]) {
            for format in [Format::Text, Format::Html, Format::Csv] {
                let staff = rewritten("open", (format, charset), &body, &cuts, 2 << 20);
                prop_assert!(staff.is_err() || staff.is_ok_and(|staff| staff == body), "{charset:?} {format:?}");
            }
        }
    }
}
