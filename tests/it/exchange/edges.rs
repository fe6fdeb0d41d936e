//! Exchanges that are too many or too large to be written down: tables as wide as a spreadsheet can be,
//! and the error pages that a public rule set looks for.

use std::path::Path;

use super::case::{Case, File};
use super::run;

const RULES: &str = "
sudare: 1
roles: { support: a }
resources:
  - { id: export, match: GET /export.csv, event: export, subject: c0, fields: { phone: [tel], email: [{ at: mail, optional: true }] } }
  - { id: page, match: GET /page, subject: none, fields: { phone: [tel] } }
  - { id: mail, match: GET /mail, subject: none, fields: { phone: [{ at: tel, optional: true }] } }
rules:
  - { for: support, mask: { phone: last4, email: domain } }
";

/// An answer of the CRM as a case.
fn case(target: &str, first: &str, body: &str) -> Case {
    let text = format!("{RULES}\n==== a case\nGET {target} as support\n---- crm\n{first}\n\n{body}");
    File::read(&text).cases.remove(0)
}

/// A row of so many cells, of which the last but one is this.
fn row(columns: usize, start: &str, last_but_one: &str) -> String {
    let cells = (0..columns).map(|at| match at {
        at if at + 2 == columns => last_but_one.to_owned(),
        at => format!("{start}{at}"),
    });
    cells.collect::<Vec<_>>().join(",")
}

/// Row 60: very wide tables.
#[test]
fn a_table_of_ten_thousand_columns_is_read_and_one_wider_than_any_is_refused() {
    let policy = run::policy(RULES);
    let table = |columns: usize| {
        let rows = ["090-1234-5678", "\"03-1111-2222\"", ""].map(|tel| row(columns, "x", tel));
        format!("{}\n{}", row(columns, "c", "tel"), rows.join("\n"))
    };
    for columns in [3, 10_000, 16_384] {
        let body = table(columns);
        let outcome = run::whole(&policy, &case("/export.csv", "200 text/csv; charset=utf-8", &body));
        let expected = body.replace("090-1234-5678", "***-****-5678").replace("03-1111-2222", "***-****-2222");
        assert_eq!(outcome.first(), "200", "{columns}");
        assert!(outcome.body == expected, "{columns}");
    }
    // Headings may be longer than any value only where rows are: here cells are the bound.
    let outcome = run::whole(&policy, &case("/export.csv", "200 text/csv; charset=utf-8", &table(16_385)));
    assert_eq!(outcome.first(), "502 bound");
}

/// Two letters for each of so many numbers: a note without digits.
fn letters(number: usize) -> String {
    [number / 26, number % 26].iter().filter_map(|at| char::from_digit(*at as u32 + 10, 36)).collect()
}

/// Each value is told the labels around it, and each label around a thousand others is around all values.
#[test]
fn a_page_of_many_labels_within_one_another_is_read_and_one_that_means_all_of_them_is_refused() {
    let policy = run::policy(RULES);
    let outcome = |page: &str| run::whole(&policy, &case("/mail", "200 text/html; charset=utf-8", page));
    let nest = |count: usize, start: &dyn Fn(usize) -> String| (0..count).map(start).collect::<String>();
    let deep = |known: &str| nest(1000, &|n| format!("<p>{known}{n}：</p><div>"));
    let terms = |known: &str| nest(8000, &|n| format!("<dt>{known}{n}</dt>"));
    let legends = |known: &str| nest(900, &|n| format!("<fieldset><legend>{known}{n}</legend>"));
    for page in [
        format!("{}{}", deep("l"), "<p>x</p>".repeat(20_000)),
        format!("{}{}", deep("l"), "<i title=y></i>".repeat(4000)),
        format!("<dl>{}{}", terms("l"), "<dd>x</dd>".repeat(4000)),
        format!("{}<select>{}", legends("l"), "<option>x".repeat(4000)),
    ] {
        let outcome = outcome(&page);
        assert_eq!(outcome.first(), "200", "{}", &page[..40]);
        assert!(outcome.body == page, "{}", &page[..40]);
    }
    // A label that means something is never left out, however far away it stands.
    let far = nest(900, &|n| format!("<p>l{n}：</p><div>"));
    assert!(!outcome(&format!("<p>tel：</p><div>{far}<p>zzz</p>")).body.contains("zzz"));
    let page = format!("{far}<p>tel：</p><div>zzz</div>");
    assert_eq!(outcome(&page).body, page.replace("zzz", "****"));
    let noted = nest(200, &|n| format!("<dt>tel（{}）</dt>", letters(n)));
    assert_eq!(outcome(&format!("<dl>{noted}<dd>x")).first(), "502 bound");
    for page in [deep("tel *"), legends("tel *") + "<select><option>x"] {
        let page = page.replace(|c: char| c.is_ascii_digit(), "*");
        assert_eq!(outcome(&page).first(), "502 bound", "{}", &page[..40]);
    }
}

/// What browsers take in their stride: links that nobody ends, forms in forms, a list of nothing but terms.
#[test]
fn a_page_of_many_unended_links_or_forms_or_terms_is_read() {
    let policy = run::policy(RULES);
    for many in ["<a name=x>".repeat(1100), "<form>".repeat(1100), "<dl>".to_owned() + &"<dt>tel</dt>".repeat(130)] {
        let outcome = run::whole(
            &policy,
            &case("/mail", "200 text/html; charset=utf-8", &format!("{many}<dd>z</dl><p>tel：zz</p>")),
        );
        assert_eq!(outcome.first(), "200", "{}", &many[..40]);
        assert!(outcome.body.ends_with("<p>tel：****</p>"), "{}", outcome.body);
        assert_eq!(outcome.body.contains("<dd>z</dl>"), !many.starts_with("<dl>"), "{}", outcome.body);
    }
    let terms: String = (0..200).map(|at| format!("<dt>tel（{}）</dt>", letters(at))).collect();
    let outcome = run::whole(&policy, &case("/mail", "200 text/html; charset=utf-8", &format!("<dl>{terms}</dl>")));
    assert_eq!(outcome.first(), "200");
}

/// What the tests of the rule set put into an answer.
fn core_rule_set() -> Option<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/crs-outbound");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: the tests of the Core Rule Set are not at {}", folder.display());
        return None;
    };
    let mut all = Vec::new();
    for entry in entries {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a test");
        let mut lines = text.lines().map(str::trim);
        while let Some(line) = lines.next() {
            let Some(data) = line.strip_prefix("data: ") else { continue };
            let data = match data {
                "|-" => lines.next().expect("a body").to_owned(),
                quoted => serde_json::from_str::<String>(quoted).unwrap_or_else(|_| quoted.to_owned()),
            };
            let posted = serde_json::from_str::<serde_json::Value>(&data).ok();
            let body = posted.as_ref().and_then(|posted| posted["body"].as_str()).map(str::to_owned);
            all.push(body.unwrap_or(data));
        }
    }
    Some(all)
}

/// Row 63: statements, traces and consoles of the CRM's making.
#[test]
fn what_the_core_rule_set_finds_in_error_pages_never_reaches_staff() {
    let policy = run::policy(RULES);
    let Some(all) = core_rule_set() else { return };
    assert!(all.len() > 85, "{} bodies", all.len());
    let fixed = run::whole(&policy, &case("/page", "500 text/html; charset=utf-8", "x")).body;
    for text in &all {
        let leak = format!("{text} for 090-6660-7771");
        for status in [500, 502, 503] {
            for kind in ["text/html", "text/plain", "text/csv"] {
                let first = format!("{status} {kind}; charset=utf-8");
                let outcome = run::whole(&policy, &case("/page", &first, &leak));
                if outcome.reason.as_deref() == Some("unreadable") {
                    // A page that is called a text, and what begins as JSON and is none, is no answer at all.
                    assert!(outcome.body.is_empty() && text.starts_with(['<', '{']), "{first}: {text}");
                    continue;
                }
                assert_eq!(outcome.body.replace(&status.to_string(), "500"), fixed, "{first}: {text}");
            }
        }
        // Data is scanned, whatever its status, and so is a page that is no error.
        let json = serde_json::json!({ "error": leak }).to_string();
        for (first, body) in [
            ("500 application/json", &json),
            ("404 text/html; charset=utf-8", &leak),
            ("404 text/plain; charset=utf-8", &leak),
        ] {
            let outcome = run::whole(&policy, &case("/page", first, body));
            assert!(!outcome.body.contains("6660"), "{first}: {text}");
        }
    }
}
