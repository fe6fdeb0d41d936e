//! Quoting: what is written is read back, and an edit changes what it means to and nothing else.

use std::ops::Range;

use proptest::prelude::*;
use sudare::format::quote::{Malformed, decode, encode, splice, splice_all};
use sudare::terms::leaf::Piece;
use sudare::terms::quote::{Quote, Quotes};

const QUOTES: [Quote; 21] = [
    Quote::Verbatim,
    Quote::Json,
    Quote::JsonBare,
    Quote::HtmlText,
    Quote::HtmlDouble,
    Quote::HtmlSingle,
    Quote::HtmlBare,
    Quote::CsvQuoted,
    Quote::CsvBare { delimiter: b',' },
    Quote::CsvBare { delimiter: b';' },
    Quote::Form,
    Quote::Percent,
    Quote::Script { quote: b'"' },
    Quote::Script { quote: b'\'' },
    Quote::Script { quote: b'`' },
    Quote::Style,
    Quote::XmlText,
    Quote::XmlValue,
    Quote::XmlCdata,
    Quote::Card,
    Quote::Printable,
];

fn stack() -> impl Strategy<Value = Quotes> {
    prop::collection::vec(prop::sample::select(&QUOTES[..]), 1..4).prop_map(|layers| {
        let (first, rest) = layers.split_first().expect("a layer");
        rest.iter().fold(Quotes::one(*first), |quotes, layer| quotes.within(*layer).expect("room"))
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c山𠮷é\"'\\\\<>&%+,;`${}/\n\r\t =0-9-]{0,8}",
        "(&amp|;|&#4|8|%4|1|\\\\u00|41|--|>|</script|\\$\\{|null|12){0,3}"
    ]
}

/// The text of a piece after an edit that began with `'` where a formula would have begun.
fn is_defused(expected: &str, found: &str) -> bool {
    found.strip_prefix('\'') == Some(expected) && expected.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(quotes in stack(), text in text()) {
        let raw = encode(quotes, &text);
        let decoded = decode(quotes, &raw).expect("what was written");
        prop_assert!(decoded.text == text || is_defused(&text, &decoded.text), "{quotes:?} {raw:?}");
        prop_assert_eq!(decoded.map.len(), decoded.text.len() + 1);
        prop_assert!(decoded.map.is_sorted());
        prop_assert_eq!(decoded.map.last().copied(), Some(raw.len() as u32));
        prop_assert!(decoded.map.iter().all(|at| raw.is_char_boundary(*at as usize)));
    }

    #[test]
    fn an_edit_means_what_it_says(
        runs in prop::collection::vec((stack(), text()), 1..4),
        ends in any::<(prop::sample::Index, prop::sample::Index)>(),
        replacement in text(),
        base in 0usize..100,
    ) {
        let (raw, pieces, text) = leaf(&runs, base);
        let boundaries: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        let (a, b) = (*ends.0.get(&boundaries), *ends.1.get(&boundaries));
        let range = a.min(b)..a.max(b);
        let edits = splice(&raw, &pieces, base, range.clone(), &replacement).expect("an edit");
        let (edited, spans) = apply(&raw, &pieces, base, &edits);
        let mut found = String::new();
        for (span, piece) in spans.iter().zip(&pieces) {
            found += &decode(piece.quotes, &edited[span.clone()]).expect("what was written").text;
        }
        let mut expected = text;
        expected.replace_range(range, &replacement);
        prop_assert!(found == expected || is_defused(&expected, &found), "{expected:?} {found:?} {edited:?}");
        prop_assert_eq!(outside(&raw, pieces.iter().map(|p| p.span.start - base..p.span.end - base)), outside(&edited, spans));
    }
}

/// A leaf made of runs with tags between them: the raw text, the pieces and the leaf's text.
fn leaf(runs: &[(Quotes, String)], base: usize) -> (String, Vec<Piece>, String) {
    let (mut raw, mut text, mut pieces) = ("<td>".to_owned(), String::new(), Vec::new());
    for (quotes, run) in runs {
        let start = raw.len();
        let written = encode(*quotes, run);
        raw += &written;
        pieces.push(Piece { span: base + start..base + raw.len(), at: text.len(), quotes: *quotes });
        text += &decode(*quotes, &written).expect("what was written").text;
        raw += "<b>";
    }
    (raw, pieces, text)
}

/// The text after the edits, and where each piece stands in it.
fn apply(raw: &str, pieces: &[Piece], base: usize, edits: &[(Range<usize>, String)]) -> (String, Vec<Range<usize>>) {
    let mut edited = String::new();
    let mut spans = Vec::new();
    let mut last = 0;
    for piece in pieces {
        edited += &raw[last..piece.span.start - base];
        let start = edited.len();
        last = piece.span.start - base;
        for (range, text) in
            edits.iter().filter(|(range, _)| piece.span.start <= range.start && range.end <= piece.span.end)
        {
            edited += &raw[last..range.start - base];
            edited += text;
            last = range.end - base;
        }
        edited += &raw[last..piece.span.end - base];
        last = piece.span.end - base;
        spans.push(start..edited.len());
    }
    edited += &raw[last..];
    (edited, spans)
}

fn outside(raw: &str, spans: impl IntoIterator<Item = Range<usize>>) -> String {
    let (mut outside, mut last) = (String::new(), 0);
    for span in spans {
        outside += &raw[last..span.start];
        last = span.end;
    }
    outside + &raw[last..]
}

/// Edits one run and gives what stands in its place.
fn edited(quotes: Quotes, raw: &str, range: Range<usize>, replacement: &str) -> Result<String, Malformed> {
    let piece = Piece { span: 0..raw.len(), at: 0, quotes };
    let mut edited = raw.to_owned();
    for (span, text) in splice(raw, &[piece], 0, range, replacement)?.into_iter().rev() {
        edited.replace_range(span, &text);
    }
    Ok(edited)
}

#[test]
fn edits_are_as_small_as_quoting_lets_them() {
    let bare = Quote::CsvBare { delimiter: b',' };
    for (quote, raw, range, replacement, expected) in [
        (Quote::Json, r"\u5c71\u7530 \n x", 0..3, "***", r"***\u7530 \n x"),
        (Quote::Json, r"\ud842\udfb7\t", 0..4, "<\"", "\\u003c\\\"\\t"),
        (Quote::JsonBare, "312345678", 0..6, "***", "\"***678\""),
        (Quote::JsonBare, "312345678", 0..9, "null", "null"),
        (Quote::JsonBare, "1985", 2..4, "80", "1980"),
        (Quote::HtmlText, "a&nbsp;&lt;b", 0..1, "&", "&amp;&nbsp;&lt;b"),
        // `&am` and `p;` would run together, so the whole is written anew.
        (Quote::HtmlText, "&amxp;", 3..4, "", "&amp;amp;"),
        // One entity, two characters.
        (Quote::HtmlText, "&NotEqualTilde;x", 0..3, "y", "y\u{338}x"),
        (Quote::HtmlBare, "abc", 1..2, " ", "a&#32;c"),
        (Quote::HtmlBare, "abc", 0..3, "", "\"\""),
        (Quote::HtmlComment, "a -x-> b", 3..4, "", "a - -&gt; b"),
        (Quote::HtmlComment, "tel 090", 4..7, "***", "tel ***"),
        (Quote::CsvQuoted, r#"a""b"#, 0..1, "\"", r#""""""b"#.get(1..).unwrap_or_default()),
        (bare, "abc", 1..2, "x", "axc"),
        (bare, "abc", 1..2, ",", "\"a,c\""),
        (bare, "a\"b", 0..1, "", "\"\"\"b\""),
        (bare, "abc", 0..1, "=", "'=bc"),
        (bare, "a-1", 0..1, "", "'-1"),
        (bare, "=1+x", 3..4, "y", "=1+y"),
        (Quote::CsvWithin { delimiter: b',' }, "{\"a\"}", 2..3, "\"", "{\"\"\"}"),
        (Quote::XmlText, "a]]x>&#x5c71;", 3..4, "<", "a]]&lt;>&#x5c71;"),
        (Quote::XmlText, "a]]x>", 3..4, "", "a]]&gt;"),
        (Quote::XmlValue, "it's &lt;", 0..2, "\"", "&quot;'s &lt;"),
        (Quote::XmlCdata, "<b>x", 0..3, "]]>", "]]]]><![CDATA[>x"),
        (Quote::XmlCdata, "a]]x>", 3..4, "", "a]]]]><![CDATA[>"),
        (Quote::XmlComment, "a -x-> b", 3..4, "", "a - -> b"),
        (Quote::XmlComment, "tel 090", 4..7, "***-", "tel ***- "),
        (Quote::XmlData, "a?x>", 2..3, "", "a? >"),
        (Quote::Card, r"a\, b", 0..1, ";", r"\;\, b"),
        (Quote::Printable, "=E5=B1=B1 x", 0..3, "=", "=3D x"),
        (Quote::Printable, "a=\r\nb", 1..2, "山", "a=\r\n=E5=B1=B1"),
        (Quote::Folded, "a\r\n b", 1..2, "xy", "a\r\n xy"),
        (Quote::Form, "a+%E5%B1%B1", 0..1, "& ", "%26++%E5%B1%B1"),
        (Quote::Percent, "a%2Fb%", 0..1, "/", "%2F%2Fb%"),
        (Quote::Percent, "%x1", 1..2, "4", "%2541"),
        (Quote::Script { quote: b'\'' }, r"\x41\'b", 0..1, "</script>'", r"\x3c/script>\'\'b"),
        (Quote::Script { quote: b'`' }, "a{b}", 0..1, "$", r"\${b}"),
        (Quote::Script { quote: b'"' }, r"\0x", 1..2, "1", "\\u00001"),
        (Quote::Script { quote: b'*' }, " x/ ", 1..2, "*", " * / "),
        (Quote::Script { quote: b'\n' }, " x", 1..2, "a\nb", " a b"),
    ] {
        assert_eq!(edited(Quotes::one(quote), raw, range, replacement).as_deref(), Ok(expected), "{quote:?} {raw}");
    }
}

#[test]
fn several_edits_of_one_leaf_come_together() {
    let quotes = Quotes::one(Quote::CsvBare { delimiter: b',' });
    let piece = Piece { span: 10..17, at: 0, quotes };
    let edits = splice_all("abc def", std::slice::from_ref(&piece), 10, &[(0..3, "x"), (4..7, "1,2")]);
    assert_eq!(edits, Ok(vec![(10..17, "\"x 1,2\"".to_owned())]));
    let edits = splice_all("abc def", std::slice::from_ref(&piece), 10, &[(0..3, "x"), (4..7, "y")]);
    assert_eq!(edits, Ok(vec![(10..13, "x".to_owned()), (14..17, "y".to_owned())]));
    assert!(splice_all("abc def", &[piece], 10, &[(4..7, "y"), (0..3, "x")]).is_err());
}

#[test]
fn doubt_is_malformed() {
    for (quote, raw, at) in [
        (Quote::Json, "a\"b", 1),
        (Quote::Json, r"a\ud800", 1),
        (Quote::CsvQuoted, "a\"b", 1),
        (Quote::CsvBare { delimiter: b',' }, "a,b", 1),
        (Quote::CsvWithin { delimiter: b';' }, "a;b", 1),
        (Quote::Form, "a%zz", 1),
        (Quote::Form, "a%ff", 1),
        (Quote::HtmlComment, "a-->", 1),
        (Quote::XmlText, "a&nbsp;", 1),
        (Quote::XmlText, "a]]>", 1),
        (Quote::XmlValue, "a<", 1),
        (Quote::XmlCdata, "a]]>b", 1),
        (Quote::XmlComment, "a--b", 1),
        (Quote::XmlComment, "a-", 1),
        (Quote::XmlData, "a?>", 1),
        (Quote::Folded, "a\r\nb", 1),
        (Quote::Printable, "a=4", 1),
        (Quote::Printable, "a=E5=20", 1),
    ] {
        assert_eq!(decode(Quotes::one(quote), raw), Err(Malformed { at }), "{quote:?} {raw}");
    }
    // Hands write a line's end so, and walkers that read to the letter show no such string.
    assert_eq!(decode(Quotes::one(Quote::Json), "a\nb").expect("read").text, "a\nb");
    let json_in_attribute = Quotes::one(Quote::Json).within(Quote::HtmlDouble).expect("room");
    assert_eq!(decode(json_in_attribute, "&#65;&quot;"), Err(Malformed { at: 5 }));
    let piece = Piece { span: 0..9, at: 0, quotes: Quotes::one(Quote::Json) };
    assert!(splice("short", &[piece], 0, 0..1, "x").is_err());
    // A character that is cut in two.
    assert!(edited(Quotes::one(Quote::Json), "山", 1..3, "x").is_err());
}
