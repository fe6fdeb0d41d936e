//! The HTML walker: what only pages have, public suites, and generated pages. Its cases run with those
//! of the other formats.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use sudare::format::Format;
use sudare::format::html::{HtmlWalker, check_selector, entity};
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::{Leaf, Sink, Walker};
use sudare::terms::place::{Place, PlaceId, Places};
use sudare::terms::refusal::{Reason, Refusal};

use crate::format::cases::cases;
use crate::format::recorder::Recorder;
use crate::left_out::LeftOut;

fn css(place: &str) -> sudare::terms::place::CssPlace {
    match Place::parse(place) {
        Ok(Place::Css(css)) => css,
        other => panic!("{place}: {other:?}"),
    }
}

/// Each number of the case stands in some leaf: no context hides one.
#[test]
fn no_context_hides_a_value() {
    let case = cases(Some(Format::Html)).into_iter().find(|case| case.name == "html contexts").expect("the case");
    let recorder = case.walk([&case.body[..]]);
    for number in 1..=68 {
        let tail = format!("0000-00{number:02}");
        let whole = format!("90{}", tail.replace('-', ""));
        let shows = |text: &str| text.contains(&tail) || text.contains(&whole);
        assert!(recorder.leaves.iter().any(|leaf| shows(&leaf.text)), "{tail}");
    }
}

/// What the walker says of an input that would refuse a veil.
#[derive(Default)]
struct Loosened(Vec<(String, Vec<Loose>)>);

type Loose = (Range<usize>, &'static str);

impl Sink for Loosened {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if !leaf.loosen.is_empty() {
            self.0.push((leaf.text.to_owned(), leaf.loosen.to_vec()));
        }
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

#[test]
fn an_input_that_would_refuse_a_veil_says_how_to_loosen_it() {
    let page =
        r#"<input type="EMAIL" value=a@b.jp pattern='.+@.+' id=x><input type=tel value=1><input value=2 type=number>"#;
    let mut walker = HtmlWalker::new(Arc::default(), &Bounds::default()).expect("a walker");
    let mut loosened = Loosened::default();
    walker.write(page.as_bytes(), &mut loosened).expect("a page");
    walker.end(&mut loosened).expect("a page");
    let shown = |(text, spans): &(String, Vec<Loose>)| {
        let spans = spans.iter().map(|(span, with)| format!(" {} -> {with}", &page[span.clone()]));
        text.clone() + &spans.collect::<String>()
    };
    let shown: Vec<String> = loosened.0.iter().map(shown).collect();
    assert_eq!(shown, ["2 number -> text", "a@b.jp EMAIL -> text pattern='.+@.+' -> "]);
}

#[test]
fn a_selector_that_cannot_be_followed_is_refused() {
    assert!(check_selector("td.mail a").is_ok());
    assert!(check_selector("td + td").is_err());
    let places = Places { records: Some(Place::parse("css:tr ~ tr").expect("a place")), ..Places::default() };
    let refusal = HtmlWalker::new(Arc::new(places), &Bounds::default()).map(drop).expect_err("a refusal");
    assert_eq!(refusal.reason, Reason::Internal);
}

#[test]
fn a_long_table_is_settled_row_by_row() {
    struct Held {
        settled: usize,
        most: usize,
    }
    impl Sink for Held {
        fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
            let end = leaf.pieces.last().map_or(0, |piece| piece.span.end);
            self.most = self.most.max(end.saturating_sub(self.settled));
            Ok(())
        }

        fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
            Ok(())
        }

        fn settled(&mut self, upto: usize) -> Result<(), Refusal> {
            self.settled = upto;
            Ok(())
        }
    }
    let mut page = "<table><tr><th>氏名<th>電話".to_owned();
    for number in 0..20_000 {
        page += &format!("<tr><td><input id=i{number} value=山田><td>090-0000-{number:04}");
    }
    let mut held = Held { settled: 0, most: 0 };
    let mut walker = HtmlWalker::new(Arc::default(), &Bounds::default()).expect("a walker");
    walker.write(page.as_bytes(), &mut held).expect("a page");
    walker.end(&mut held).expect("a page");
    assert!(held.most < 200, "{} bytes were unsettled", held.most);
    assert_eq!(held.settled, page.len());
}

#[test]
fn what_is_too_large_is_refused() {
    let bounds = Bounds { hold_bytes: 128 << 10, ..Bounds::default() };
    for page in [
        format!("<script>{}", "x".repeat(300 << 10)),
        format!("<a title='{}'>", "x".repeat(300 << 10)),
        "<b>".repeat(3000),
        (0..3000).map(|n| format!("<label for=a{n}>x</label>")).collect(),
    ] {
        let mut walker = HtmlWalker::new(Arc::default(), &bounds).expect("a walker");
        let recorder = Recorder::walk(&mut walker, page.as_bytes().chunks(1000));
        assert!(recorder.lines.last().is_some_and(|line| line.starts_with("! bound: html: ")), "{}", &page[..20]);
    }
}

/// Every test of html5lib's tokenizer, with the file that it is from; nothing where they are not beside the project.
fn vectors(ends: &[&str]) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/html5lib-tokenizer");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return Vec::new();
    };
    let mut all = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !ends.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file of tests");
        let Value::Object(suite) = serde_json::from_str(&text).expect(&name) else { panic!("{name}") };
        let cases = suite.values().filter_map(Value::as_array).flatten();
        all.extend(cases.map(|case| (name.clone(), case.clone())));
    }
    all
}

/// What a test is called, and of which sorts it is.
fn sorts(case: &Value) -> Vec<&str> {
    let fields = ["initialStates", "doubleEscaped"].into_iter().filter(|field| case.get(field).is_some());
    fields.chain(case["description"].as_str()).collect()
}

#[test]
fn references_are_read_as_the_html5lib_suite_says() {
    let all = vectors(&["ntities.test"]);
    for (name, case) in &all {
        let input = case["input"].as_str().expect("an input");
        let output = case["output"].as_array().expect("tokens");
        let description = &case["description"];
        let text = |token: &Value| token[1].as_str().map(str::to_owned);
        if output.iter().all(|token| token[0] == "Character") {
            let expected: String = output.iter().filter_map(text).collect();
            // What a tokenizer does with line ends and NUL is not the table's concern.
            let (decoded, map) = entity::decode(input, false);
            assert_eq!(decoded, expected, "{description}");
            assert_eq!(map.len(), decoded.len() + 1, "{description}");
        } else {
            let attributes = output[0][2].as_object().unwrap_or_else(|| panic!("{name}: {description} is not run"));
            let value = attributes.values().next().and_then(Value::as_str).expect("a value");
            let raw = input.split_once('=').map(|(_, raw)| raw.trim_end_matches('>').trim_matches(['"', '\'']));
            assert_eq!(entity::decode(raw.expect("a value"), true).0, value, "{description}");
        }
    }
    assert!(all.is_empty() || all.len() > 4000, "{} tests", all.len());
}

/// All text that the suite's tokenizers see in plain pages is in leaves.
#[test]
fn text_of_the_html5lib_suite_is_shown() {
    let (left_out, all) = (LeftOut::of("html5lib text"), vectors(&[".test"]));
    let mut refused = Vec::new();
    for (name, case) in &all {
        let sorts = sorts(case);
        if left_out.has(name, &sorts) {
            continue;
        }
        let input = case["input"].as_str().expect("an input");
        let mut walker = HtmlWalker::new(Arc::default(), &Bounds::default()).expect("a walker");
        let recorder = Recorder::walk(&mut walker, [input.as_bytes()]);
        if recorder.refused() {
            refused.push(format!("{name}: {}: {:?}", case["description"], recorder.lines.last()));
            continue;
        }
        recorder.agrees_but_for_breaks(input);
        let shown: String = recorder.leaves.iter().map(|leaf| leaf.text.as_str()).collect();
        for token in case["output"].as_array().expect("tokens").iter().filter(|token| token[0] == "Character") {
            let text = token[1].as_str().expect("text").replace(['\u{fffd}', '\n', '\r', '\0'], " ");
            for word in text.split_whitespace() {
                let is_shown = shown.replace(['\0', '\u{fffd}'], " ").contains(word);
                assert!(is_shown, "{name}: {}: {shown:?}", case["description"]);
            }
        }
    }
    assert_eq!(refused, [""; 0], "refused, without a reason");
    if !all.is_empty() {
        left_out.is_all_met();
    }
}

const TAGS: &str = "table tr td th thead tbody p li ul dl dt dd b span div label input select option textarea form \
    title script style svg math mi template noscript br a fieldset legend desc font button body html annotation-xml";
const ATTRIBUTES: &str = "|id=a|for=a|title='x&y'|colspan=3 rowspan=0|value=\"1\"|class=label|srcdoc='<p>x'|/|=\"|'a\"b'\
    |href=?a=%zz|onclick=f('a|encoding=text/html|color|data-x='{\"a\":1}'|type=hidden|class=a-key|class=a-value|b = ";
const TEXTS: &str = "x|山：|&amp|&#|<!--|-->|<![CDATA[|]]>|<|>|</|<!|{\"a\":\"b\"}|'|\"|\0| |\r\n|</ |<?|/>|&nbsp;|:";

fn pieces_of_pages() -> impl Strategy<Value = String> {
    let one_of = |list: &'static str| prop::sample::select(list.split('|').collect::<Vec<_>>());
    let names = || prop::sample::select(TAGS.split_whitespace().collect::<Vec<_>>());
    let tag = (names(), one_of(ATTRIBUTES)).prop_map(|(name, rest)| format!("<{name} {rest}>"));
    let end = names().prop_map(|name| format!("</{name}>"));
    let part = prop_oneof![3 => tag, 2 => end, 2 => one_of(TEXTS).prop_map(str::to_owned), 1 => "\\PC{0,4}"];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a page holds, the walker neither panics nor shows what is not there, and cuts
    /// make no difference.
    #[test]
    fn any_page_is_read_or_refused(page in pieces_of_pages(), cut in 0usize..400) {
        let places = Places {
            css: vec![(PlaceId(1), css("css:td")), (PlaceId(2), css("css:a@title"))],
            records: Some(Place::parse("css:tr, li").expect("a place")),
            ..Places::default()
        };
        let places = Arc::new(places);
        let walk = |chunks: &[&[u8]]| {
            let mut walker = HtmlWalker::new(Arc::clone(&places), &Bounds::default()).expect("a walker");
            Recorder::walk(&mut walker, chunks.iter().copied())
        };
        let whole = walk(&[page.as_bytes()]);
        whole.agrees_but_for_breaks(&page);
        let (before, after) = page.as_bytes().split_at(cut.min(page.len()));
        prop_assert_eq!(&walk(&[before, after]), &whole);
    }
}
