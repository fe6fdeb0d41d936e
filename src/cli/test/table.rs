//! Pages, XML and tables of an answer beside what a test expects of them: by what they say, not by
//! how they are written.

use std::sync::Arc;

use crate::cli::say::{Lang, phrase, texts};
use crate::cli::test::because::Sought;
use crate::cli::test::compare::Wrong;
use crate::cli::test::seen::{self, Seen};
use crate::format::Format;
use crate::policy::node::Spot;
use crate::policy::rule::tests::Expect;
use crate::policy::rule::tests::expect::AtPlace;
use crate::serve::exchange::dry::Got;
use crate::terms::label::fold;
use crate::terms::leaf::Part;
use crate::terms::place::{Headings, Place, PlaceId, Places};

/// What stands at places of a page.
pub(super) fn html<'s>(expect: &'s Expect, got: &Got, text: &str, lang: Lang) -> Vec<Wrong<'s>> {
    let Some(first) = expect.html.first() else { return Vec::new() };
    let mut places = Places::default();
    for (id, wanted) in (0u16..).zip(&expect.html) {
        if let Place::Css(css) = &wanted.place {
            places.css.push((PlaceId(id), css.clone()));
        }
    }
    let page = (got.format == Some(Format::Html)).then(|| seen::leaves(Format::Html, &Arc::new(places), text).ok());
    let Some(leaves) = page.flatten() else {
        return vec![Wrong::new(&first.spot, texts::NO_PAGE.of(lang).to_owned())];
    };
    let mut all = Vec::new();
    for (id, wanted) in (0u16..).zip(&expect.html) {
        let own = standing(wanted, PlaceId(id), &leaves);
        let expected: Vec<String> =
            wanted.texts.iter().map(|text| plain(text)).filter(|text| !text.is_empty()).collect();
        if own != expected {
            let what = texts::MEMBER_DIFFERS.with(lang, &[("place", &wanted.name)]);
            all.push(Wrong {
                expected: Some(expected.join("\n")),
                got: Some(own.join("\n")),
                sought: Sought { place: Some(wanted.place.clone()), values: Vec::new() },
                ..Wrong::new(&wanted.spot, what)
            });
        }
    }
    all
}

/// The texts that stand at a place, in order.
fn standing(wanted: &AtPlace, id: PlaceId, leaves: &[Seen]) -> Vec<String> {
    let name = match &wanted.place {
        Place::Name(name) => Some(fold(name)),
        _ => None,
    };
    let stands = |leaf: &&Seen| match &name {
        Some(name) => leaf.part == Part::Value && leaf.names.iter().any(|own| fold(own) == *name),
        None => leaf.places.contains(&id),
    };
    leaves.iter().filter(stands).map(|leaf| plain(&leaf.text)).filter(|text| !text.is_empty()).collect()
}

/// A text as a page shows it: blanks and line breaks are one blank.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first difference of XML.
pub(super) fn xml<'s>(expected: &'s str, spot: &Spot, got: &str, lang: Lang) -> Option<Wrong<'s>> {
    let rows = |text: &str| seen::leaves(Format::Xml, &Arc::new(Places::default()), text).map(rows);
    let expected = match rows(expected) {
        Ok(rows) => rows,
        Err(refusal) => {
            return Some(Wrong::new(spot, texts::OWN_XML.with(lang, &[("why", &phrase(lang, &refusal.note))])));
        }
    };
    let Ok(got) = rows(got) else { return Some(Wrong::new(spot, texts::NO_XML.of(lang).to_owned())) };
    let at = (0..expected.len().max(got.len())).find(|at| expected.get(*at) != got.get(*at))?;
    let wrong = match (expected.get(at), got.get(at)) {
        (Some((place, text)), Some((own_place, own))) if place == own_place => {
            let what = texts::MEMBER_DIFFERS.with(lang, &[("place", place)]);
            Wrong { expected: Some(text.clone()), got: Some(own.clone()), ..Wrong::new(spot, what) }
        }
        (Some((place, _)), Some((own, _))) => {
            Wrong::new(spot, texts::XML_OTHER.with(lang, &[("got", own), ("place", place)]))
        }
        (Some((place, text)), None) => {
            let what = texts::MEMBER_MISSING.with(lang, &[("place", place)]);
            Wrong { expected: Some(text.clone()), ..Wrong::new(spot, what) }
        }
        (None, own) => {
            let (place, text) = own?;
            let what = texts::MORE.with(lang, &[("place", place)]);
            Wrong { got: Some(text.clone()), ..Wrong::new(spot, what) }
        }
    };
    let place = expected.get(at).or(got.get(at)).map(|(place, _)| place.rsplit('/').next().unwrap_or_default());
    let place = place.map(|name| Place::Name(name.to_owned()));
    Some(Wrong { sought: Sought { place, values: Vec::new() }, ..wrong })
}

/// Every text and attribute with its place, in order.
fn rows(leaves: Vec<Seen>) -> Vec<(String, String)> {
    let row = |leaf: Seen| {
        let way: Vec<&str> = leaf.above.iter().rev().chain(&leaf.names).map(String::as_str).collect();
        (format!("/{}", way.join("/")), leaf.text.trim().to_owned())
    };
    leaves.into_iter().filter(|leaf| leaf.part == Part::Value).map(row).collect()
}

/// A table: its headings, and its rows' cells with theirs.
struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<(String, String)>>,
}

impl Table {
    fn read(text: &str, headings: &Headings) -> Option<Table> {
        let places = Places { headings: headings.clone(), ..Places::default() };
        let leaves = seen::leaves(Format::Csv, &Arc::new(places), text).ok()?;
        let mut table = Table { headings: Vec::new(), rows: Vec::new() };
        let mut row = 0;
        for leaf in leaves {
            let text = leaf.text.trim().to_owned();
            if leaf.part == Part::Label {
                table.headings.push(text);
                continue;
            }
            if leaf.record == 0 {
                // A title above the headings is in no column.
                continue;
            }
            if leaf.record != row {
                row = leaf.record;
                table.rows.push(Vec::new());
            }
            let heading = leaf.names.first().map(|name| name.trim().to_owned()).unwrap_or_default();
            table.rows.last_mut()?.push((heading, text));
        }
        table.rows.retain(|row| row.iter().any(|(_, text)| !text.is_empty()));
        Some(table)
    }
}

/// Every difference of a table: rows in their order, cells by their headings.
pub(super) fn csv<'s>(
    expected: &'s str,
    spot: &Spot,
    exactly: bool,
    (got, headings): (&str, &Headings),
    lang: Lang,
) -> Vec<Wrong<'s>> {
    let (Some(expected), Some(own)) = (Table::read(expected, headings), Table::read(got, headings)) else {
        return vec![Wrong::new(spot, texts::NO_TABLE.of(lang).to_owned())];
    };
    let mut all = Vec::new();
    let about = |heading: &str, what| Wrong {
        sought: Sought { place: Some(Place::Name(heading.to_owned())), values: Vec::new() },
        ..Wrong::new(spot, what)
    };
    for heading in expected.headings.iter().filter(|heading| !own.headings.contains(heading)) {
        all.push(about(heading, texts::MEMBER_MISSING.with(lang, &[("place", heading)])));
    }
    for heading in own.headings.iter().filter(|heading| exactly && !expected.headings.contains(heading)) {
        all.push(about(heading, texts::MORE.with(lang, &[("place", heading)])));
    }
    if expected.rows.len() != own.rows.len() {
        let counts: [(&str, &dyn std::fmt::Display); 2] =
            [("got", &own.rows.len()), ("expected", &expected.rows.len())];
        all.push(Wrong::new(spot, texts::ROWS.with(lang, &counts)));
        return all;
    }
    for (number, (row, own)) in expected.rows.iter().zip(&own.rows).enumerate() {
        for (heading, text) in row {
            let Some((_, cell)) = own.iter().find(|(name, _)| name == heading) else { continue };
            if cell != text {
                let place = format!("{heading} [{}]", number + 1);
                let what = texts::MEMBER_DIFFERS.with(lang, &[("place", &place)]);
                all.push(Wrong { expected: Some(text.clone()), got: Some(cell.clone()), ..about(heading, what) });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot() -> Spot {
        Spot::start_of("a")
    }

    fn line(wrong: &Wrong<'_>) -> String {
        format!("{}: {:?} {:?}", wrong.what, wrong.expected, wrong.got).replace("Some", "").replace("None", "-")
    }

    #[test]
    fn what_xml_says_counts() {
        let expected = "<a><b>山 &amp; 田</b><c x='1'/></a>";
        let alike = "<?xml version='1.0'?>\n<a>\n <b><![CDATA[山 & 田]]></b>\n <c x=\"1\"></c></a>";
        assert!(xml(expected, &spot(), alike, Lang::En).is_none());
        for (got, told) in [
            ("<a><b>****</b><c x='1'/></a>", "`/a/b` is something else: (\"山 & 田\") (\"****\")"),
            ("<a><b>山 &amp; 田</b></a>", "`/x` is missing: (\"1\") -"),
            ("<a><b>山 &amp; 田</b><c x='1'/><d/></a>", "`/a/d` is more than is expected: - (\"\")"),
            ("<a><c x='1'/></a>", "`/x` stands where `/a/b` is expected: - -"),
            ("{}", "the answer is no XML: - -"),
        ] {
            let wrong = xml(expected, &spot(), got, Lang::En).expect("a difference");
            assert_eq!(line(&wrong), told, "{got}");
        }
    }

    #[test]
    fn columns_that_are_not_named_are_not_compared() {
        let got = "id;氏名;tel\r\n1;\"山田\";090\r\n2;佐藤;****\r\n";
        for (expected, exactly, told) in [
            ("氏名,id\n山田,1\n佐藤,2\n", false, &[][..]),
            ("id,氏名,tel\n1,山田,090\n2,佐藤,****", true, &[]),
            ("id,tel\n1,****\n2,****\n", false, &["`tel [1]` is something else: (\"****\") (\"090\")"]),
            ("id,fax\n1,x\n2,y\n", false, &["`fax` is missing: - -"]),
            ("id,tel\n1,090\n", false, &["the number of rows is 2 where 1 is expected: - -"]),
            ("id,tel\n1,090\n2,****\n", true, &["`氏名` is more than is expected: - -"]),
        ] {
            let all: Vec<String> =
                csv(expected, &spot(), exactly, (got, &Headings::default()), Lang::En).iter().map(line).collect();
            assert_eq!(all, told, "{expected}");
        }
    }
}
