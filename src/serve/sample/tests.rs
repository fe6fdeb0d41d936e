//! The sample as the gateway meets it: every page whole, every value where `rules/demo.yaml` looks for it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use lol_html::{HtmlRewriter, Settings, element, text};

use super::people::{CUSTOMERS, everybody};
use super::*;

/// Elements that HTML never closes.
const VOID: [&str; 4] = ["meta", "link", "img", "input"];

fn get(sample: &Sample, target: &str) -> SampleAnswer {
    sample.answer("GET", target, &[], b"")
}

fn body(answer: SampleAnswer) -> String {
    String::from_utf8(answer.body).unwrap()
}

fn header<'a>(answer: &'a SampleAnswer, name: &str) -> &'a str {
    answer.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// Says what is wrong with a page's nesting; the sample's pages close what they open, in order.
fn fault(page: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = &comment[comment.find("-->")?..];
            continue;
        }
        let Some(end) = rest.find('>') else { return Some(format!("an open bracket: {}", &rest[..20])) };
        let tag = &rest[..end];
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(closed) if open.pop() == Some(closed) => {}
            Some(closed) => return Some(format!("`{closed}` closes nothing")),
            None if name == "!DOCTYPE" || VOID.contains(&name) => {}
            None => open.push(name),
        }
        if tag.matches('"').count() % 2 == 1 {
            return Some(format!("an open quote in `{tag}`"));
        }
    }
    open.pop().map(|name| format!("`{name}` stays open"))
}

/// The text of every element that `selector` finds.
fn texts(page: &str, selector: &str) -> Vec<String> {
    let found = Rc::new(RefCell::new(Vec::<String>::new()));
    let (opened, filled) = (Rc::clone(&found), Rc::clone(&found));
    let settings = Settings::new()
        .append_element_content_handler(element!(selector, move |_| {
            opened.borrow_mut().push(String::new());
            Ok(())
        }))
        .append_element_content_handler(text!(selector, move |chunk| {
            if let Some(last) = filled.borrow_mut().last_mut() {
                last.push_str(chunk.as_str());
            }
            Ok(())
        }));
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(page.as_bytes()).unwrap();
    rewriter.end().unwrap();
    found.take()
}

#[test]
fn every_page_is_well_formed() {
    let sample = Sample::new();
    let mut targets: Vec<String> =
        ["/", "/customers", "/customers?q=a%22%3E&tel=%3Cb%3E&sort=tel&page=2", "/customers/0", "/nowhere"]
            .map(str::to_owned)
            .into();
    targets.extend(
        (1..=CUSTOMERS).step_by(37).flat_map(|id| [format!("/customers/{id}"), format!("/customers/{id}/edit")]),
    );
    targets.extend((1..=100).map(|page| format!("/customers?page={page}")));
    for target in targets {
        let answer = get(&sample, &target);
        assert_eq!(header(&answer, "Content-Type"), "text/html; charset=UTF-8");
        assert_eq!(fault(&body(answer)), None, "{target}");
    }
}

#[test]
fn the_check_of_nesting_finds_faults() {
    for bad in ["<p>", "<p></b></p>", "<a href=\"x></a>", "<p"] {
        assert!(fault(&format!("{bad}                      ")).is_some(), "{bad}");
    }
}

#[test]
fn the_list_has_its_values_under_the_headings() {
    let page = body(get(&Sample::new(), "/customers?page=3"));
    let headings = texts(&page, "table.customers thead th");
    let cells = texts(&page, "table.customers tbody tr td");
    assert_eq!(texts(&page, "table.customers tbody tr").len(), store::ROWS);
    assert_eq!(cells.len(), store::ROWS * headings.len());
    let guide: HashMap<&str, &str> = headings
        .iter()
        .map(String::as_str)
        .zip(cells[headings.len()..2 * headings.len()].iter().map(String::as_str))
        .collect();
    for (heading, value) in [
        ("顧客番号", "42"),
        ("会員番号", "M-00000042"),
        ("氏名", "山田 太郎"),
        ("フリガナ", "ヤマダ タロウ"),
        ("電話番号", "090-0000-5678"),
        ("メール", "taro.yamada@example.jp"),
        ("郵便番号", "〒154-0004"),
        ("住所", "東京都世田谷区太子堂9-18-27 見本荘203号"),
    ] {
        assert_eq!(guide[heading], value, "{heading}");
    }
    assert!(guide["備考"].contains("080-0000-7788"));
}

#[test]
fn a_search_without_a_hit_keeps_the_headings_and_has_no_row() {
    let page = body(get(&Sample::new(), "/customers?q=%E5%B1%85%E3%81%AA%E3%81%84"));
    assert_eq!(texts(&page, "table.customers thead th").len(), 10);
    assert!(texts(&page, "table.customers tbody tr").is_empty());
}

#[test]
fn the_record_has_its_values_beside_the_labels() {
    let sample = Sample::new();
    for customer in everybody().iter().step_by(101) {
        let page = body(get(&sample, &format!("/customers/{}", customer.id)));
        let mut labels = texts(&page, "table.record th");
        labels.extend(texts(&page, "dl.record dt"));
        let mut values = texts(&page, "table.record td");
        values.extend(texts(&page, "dl.record dd"));
        let at = |label: &str| &values[labels.iter().position(|found| found == label).unwrap()];
        assert_eq!((at("氏名"), at("フリガナ"), at("会員番号")), (&customer.name, &customer.kana, &customer.member_no));
        assert_eq!((at("電話番号"), at("自宅電話"), at("メール")), (&customer.tel, &customer.home_tel, &customer.mail));
        assert_eq!((at("住所"), at("個人番号")), (&customer.address, &customer.my_number));
        assert_eq!(at("生年月日").replace('/', "-"), customer.birthday);
        assert_eq!(at("備考").replace("&quot;", "\""), customer.memo);
    }
}

#[test]
fn the_record_repeats_itself_as_old_pages_do() {
    let page = body(get(&Sample::new(), "/customers/42"));
    assert!(texts(&page, "title")[0].starts_with("山田 太郎 様 |"));
    assert_eq!(texts(&page, "#crumbs b"), ["山田 太郎"]);
    for part in [
        "<!-- kokyaku 42 / 山田 太郎 / 090-0000-5678 ",
        "\"name\":\"\\u5c71\\u7530 \\u592a\\u90ce\"",
        "href=\"tel:09000005678\"",
        "href=\"mailto:taro.yamada@example.jp\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_form_sends_back_what_it_shows() {
    let sample = Sample::new();
    let page = body(get(&sample, "/customers/42/edit"));
    assert!(page.contains("<label for=\"tel\" data-en=\"Phone\">電話番号</label>"));
    assert!(page.contains("name=\"tel\" value=\"090-0000-5678\""));
    assert!(page.contains("type=\"date\" id=\"birthday\" name=\"birthday\" value=\"1978-04-12\""));
    assert_eq!(texts(&page, "label").len(), 9);
    assert!(texts(&page, "textarea[name=memo]")[0].contains("hanako.yamada@example.com"));
}

#[test]
fn an_edit_is_stored_and_a_bad_one_is_not() {
    let sample = Sample::new();
    let form = [("Content-Type".to_owned(), "application/x-www-form-urlencoded; charset=UTF-8".to_owned())];
    let answer = sample.answer("POST", "/customers/42/edit", &form, "name=%E5%B1%B1%E7%94%B0&memo=a%0D%0Ab".as_bytes());
    assert_eq!((answer.status, header(&answer, "Location"), answer.body.len()), (302, "/customers/42", 0));
    assert!(body(get(&sample, "/customers/42")).contains("<td class=\"memo\">a\nb</td>"));
    let refused = sample.answer("POST", "/customers/42/edit", &form, b"name=");
    assert!(refused.status == 200 && body(refused).contains("氏名は必ず"));
    assert_eq!(sample.answer("POST", "/customers/42/edit", &[], b"name=x").status, 415);
}

#[test]
fn a_put_changes_the_record_and_answers_it() {
    let sample = Sample::new();
    let put = |target: &str, body: &str| sample.answer("PUT", target, &[], body.as_bytes());
    let answer = put("/api/customers/42", r#"{"phones":[{"kind":"mobile","no":"070-0000-0001"}]}"#);
    assert!(answer.status == 200 && body(answer).contains("{\"kind\":\"mobile\",\"no\":\"070-0000-0001\"}"));
    assert_eq!(put("/api/customers/42", "[]").status, 400);
    assert_eq!(put("/api/customers/42", r#"{"name":""}"#).status, 422);
    assert_eq!(put("/api/customers/9999", "{}").status, 404);
}

#[test]
fn the_error_page_spills_a_name_and_a_telephone() {
    let answer = get(&Sample::new(), "/customers/0");
    assert_eq!(answer.status, 500);
    let page = body(answer);
    assert!(page.contains("SELECT * FROM kokyaku") && page.contains("山田 太郎") && page.contains("090-0000-5678"));
}

#[test]
fn every_route_answers_with_its_status_and_type() {
    let sample = Sample::new();
    for (method, target, status, content_type) in [
        ("GET", "/style.css", 200, "text/css; charset=UTF-8"),
        ("GET", "/app.js", 200, "text/javascript; charset=UTF-8"),
        ("GET", "/export.csv", 200, "text/csv; charset=UTF-8"),
        ("HEAD", "/customers/1", 200, "text/html; charset=UTF-8"),
        ("GET", "/api/customers/42", 200, "application/json; charset=utf-8"),
        ("GET", "/api/customers/x", 404, "application/json; charset=utf-8"),
        ("GET", "/customers/2001", 404, "text/html; charset=UTF-8"),
        ("GET", "/customers/42/", 404, "text/html; charset=UTF-8"),
        ("DELETE", "/customers/42", 405, "text/html; charset=UTF-8"),
        ("POST", "/customers", 405, "text/html; charset=UTF-8"),
    ] {
        let answer = sample.answer(method, target, &[], b"");
        assert_eq!((answer.status, header(&answer, "Content-Type")), (status, content_type), "{method} {target}");
    }
    let logo = get(&sample, "/img/logo.png");
    assert!(logo.body.starts_with(b"\x89PNG\r\n\x1a\n") && logo.body.len() < 8_192);
}
