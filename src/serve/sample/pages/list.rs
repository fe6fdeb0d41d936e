//! `/customers`: the search form, the table with its sort links, the pager.
//!
//! Long cells are cut by the style sheet, not by the program, and repeat their text in a `title`, so each value stands
//! in the page twice and whole.

use super::super::SampleAnswer;
use super::super::escape::html;
use super::super::form::Form;
use super::super::people::Customer;
use super::super::store::Found;
use super::{frame, mail, post_mark, telephone};

/// Heading, English caption, and the word that `sort=` knows it by; an empty word is a column that is not sorted.
const COLUMNS: [(&str, &str, &str); 10] = [
    ("顧客番号", "No.", "id"),
    ("会員番号", "Member no.", ""),
    ("氏名", "Name", "name"),
    ("フリガナ", "Kana", "kana"),
    ("電話番号", "Phone", "tel"),
    ("メール", "E-mail", ""),
    ("郵便番号", "Postcode", "zip"),
    ("住所", "Address", ""),
    ("区分", "Rank", ""),
    ("備考", "Notes", ""),
];

/// One page of the list for what `query` asked.
pub fn page(found: &Found, query: &Form) -> SampleAnswer {
    let asked = Asked { q: query.value("q"), tel: query.value("tel"), sort: query.value("sort") };
    let rows: String = found.rows.iter().map(row).collect();
    let none = if found.total == 0 { "<p class=\"error\">該当する顧客はありません。</p>\n" } else { "" };
    let content = format!(
        "<h1 data-en=\"Customer list\">顧客一覧</h1>\n{form}\
         <p class=\"count\">該当 <b>{total}</b> 名　{page} / {pages} ページ</p>\n\
         <table class=\"customers\">\n<thead>\n<tr>{headings}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n{none}{pager}",
        form = search_form(&asked),
        total = found.total,
        page = found.page,
        pages = found.pages,
        headings = headings(&asked),
        pager = pager(found, &asked),
    );
    frame(200, "顧客一覧", &[("メニュー", Some("/")), ("顧客一覧", None)], &content)
}

/// What staff asked for, to be asked again by the page's links.
struct Asked<'a> {
    q: &'a str,
    tel: &'a str,
    sort: &'a str,
}

impl Asked<'_> {
    fn link(&self, sort: &str, page: usize) -> String {
        let mut link = String::from("/customers?");
        for (name, value) in [("q", self.q), ("tel", self.tel), ("sort", sort)] {
            if !value.is_empty() {
                let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
                link.push_str(&format!("{name}={value}&amp;"));
            }
        }
        link.push_str(&format!("page={page}"));
        link
    }
}

fn search_form(asked: &Asked) -> String {
    format!(
        "<form class=\"search\" method=\"get\" action=\"/customers\">\n\
         <label for=\"q\" data-en=\"Name, kana, member no.\">検索語</label>\n\
         <input type=\"text\" id=\"q\" name=\"q\" value=\"{}\" size=\"18\">\n\
         <label for=\"tel\" data-en=\"Phone\">電話番号</label>\n\
         <input type=\"text\" id=\"tel\" name=\"tel\" value=\"{}\" size=\"16\">\n\
         <input type=\"submit\" class=\"button\" value=\"検索\">\n\
         <a class=\"button\" href=\"/customers\">条件クリア</a>\n</form>\n",
        html(asked.q),
        html(asked.tel),
    )
}

fn headings(asked: &Asked) -> String {
    COLUMNS
        .iter()
        .map(|(label, english, sort)| match *sort {
            "" => format!("<th data-en=\"{english}\">{label}</th>"),
            sort => {
                let class = if sort == asked.sort { " class=\"sorted\"" } else { "" };
                format!("<th data-en=\"{english}\"{class}><a href=\"{}\">{label}</a></th>", asked.link(sort, 1))
            }
        })
        .collect()
}

fn row(customer: &Customer) -> String {
    let (id, address, memo) = (customer.id, html(&customer.address), html(&customer.memo));
    format!(
        "<tr>\
         <td class=\"id\">{id}</td>\
         <td>{member_no}</td>\
         <td class=\"name\"><a href=\"/customers/{id}\">{name}</a></td>\
         <td class=\"kana\">{kana}</td>\
         <td class=\"tel\">{tel}</td>\
         <td class=\"mail\">{mail}</td>\
         <td class=\"zip\">{zip}</td>\
         <td class=\"address\" title=\"{address}\">{address}</td>\
         <td class=\"rank\">{rank}</td>\
         <td class=\"memo\" title=\"{memo}\">{memo}</td>\
         </tr>\n",
        member_no = html(&customer.member_no),
        name = html(&customer.name),
        kana = html(&customer.kana),
        tel = telephone(&customer.tel),
        mail = mail(&customer.mail),
        zip = post_mark(&customer.zip),
        rank = customer.rank,
    )
}

/// First, last and what lies around this page, as pagers have looked since there were any.
fn pager(found: &Found, asked: &Asked) -> String {
    let mut links = Vec::new();
    if found.page > 1 {
        links.push(format!("<a href=\"{}\">&laquo; 前へ</a>", asked.link(asked.sort, found.page - 1)));
    }
    let mut last = 0;
    for page in 1..=found.pages {
        if page != 1 && page != found.pages && page.abs_diff(found.page) > 3 {
            continue;
        }
        if page > last + 1 {
            links.push("<i>…</i>".to_owned());
        }
        last = page;
        links.push(if page == found.page {
            format!("<b>{page}</b>")
        } else {
            format!("<a href=\"{}\">{page}</a>", asked.link(asked.sort, page))
        });
    }
    if found.page < found.pages {
        links.push(format!("<a href=\"{}\">次へ &raquo;</a>", asked.link(asked.sort, found.page + 1)));
    }
    format!("<p class=\"pager\">{}</p>\n", links.join("\n"))
}
