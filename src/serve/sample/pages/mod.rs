//! The pages that staff see, in the manner of a system that a small shop had built around 2004 and kept.
//!
//! Labels and headings hold the Japanese word alone, because rules name it; the small English captions come from
//! `data-en` attributes by way of the style sheet. This file holds the frame around each page and the pages that say
//! no; the others have a file each.

pub mod edit;
pub mod list;
pub mod menu;
pub mod record;

use super::SampleAnswer;
use super::escape::html;
use super::people::Customer;

/// One step of the breadcrumbs: what it says and, but for the last one, where it leads.
type Crumb<'a> = (&'a str, Option<&'a str>);

const TABS: [(&str, &str, &str); 3] =
    [("/", "メニュー", "Menu"), ("/customers", "顧客一覧", "Customers"), ("/export.csv", "CSV出力", "Export")];

/// Puts a page's content into the shop's frame.
fn frame(status: u16, title: &str, crumbs: &[Crumb], content: &str) -> SampleAnswer {
    let tab = crumbs.get(1).map_or("/", |_| "/customers");
    let tabs: String = TABS
        .iter()
        .map(|(href, label, english)| {
            let class = if *href == tab { " class=\"on\"" } else { "" };
            format!("<li{class}><a href=\"{href}\" data-en=\"{english}\">{label}</a></li>\n")
        })
        .collect();
    let crumbs: Vec<String> = crumbs
        .iter()
        .map(|(label, href)| match href {
            Some(href) => format!("<a href=\"{href}\">{}</a>", html(label)),
            None => format!("<b>{}</b>", html(label)),
        })
        .collect();
    let text = format!(
        r#"<!DOCTYPE html>
<html lang="ja">
<head>
<meta charset="UTF-8">
<title>{title} | 見本堂茶舗 顧客管理システム</title>
<meta name="robots" content="noindex,nofollow">
<link rel="stylesheet" type="text/css" href="/style.css">
<link rel="icon" type="image/png" href="/img/logo.png">
</head>
<body>
<div id="head">
<a href="/"><img src="/img/logo.png" width="52" height="52" alt="見本堂"></a>
<p class="shop">見本堂茶舗<span>Mihondo Tea Merchants (a sample)</span></p>
<p class="system">顧客管理システム <small>Ver. 3.12</small><span>Customer management</span></p>
</div>
<ul id="tabs">
{tabs}</ul>
<p id="crumbs">{crumbs}</p>
<div id="main">
{content}</div>
<p id="status">準備完了</p>
<p id="foot">見本堂茶舗 情報システム係 ／ 推奨環境 1024×768 以上 ／ 登場する人物・連絡先はすべて架空です<span>All people and addresses are invented</span></p>
<script src="/app.js"></script>
</body>
</html>
"#,
        title = html(title),
        crumbs = crumbs.join(" &gt; "),
    );
    SampleAnswer::new(status, "text/html; charset=UTF-8", text).with_header("Cache-Control", "no-cache")
}

/// A page that says no, for a status of the 400s.
pub fn refusal(status: u16) -> SampleAnswer {
    let sentence = match status {
        404 => "お探しのページまたは顧客は見つかりませんでした。",
        405 => "この操作はできません。",
        _ => "入力を受け付けられませんでした。",
    };
    let content = format!("<h1 data-en=\"Not possible\">エラー</h1>\n<p class=\"error\">{sentence}</p>\n");
    frame(status, "エラー", &[("メニュー", Some("/")), ("エラー", None)], &content)
}

/// What customer number 0 has always done: the database's own words, with somebody's record in them.
pub fn crash(bystander: &Customer) -> SampleAnswer {
    let content = format!(
        "<h1 data-en=\"System error\">システムエラー</h1>\n<pre class=\"dump\">\
         SQLSTATE[22012]: division by zero in /opt/kokyaku/lib/record.inc line 218\n\
         QUERY: SELECT * FROM kokyaku WHERE kokyaku_no = 0\n\
         LAST ROW: ({}, '{}', '{}', '{}', '{}')\n\
         #0 record.inc(218): fetch_row()\n#1 index.cgi(57): show_record('0')</pre>\n\
         <p>この画面を印刷して情報システム係までお持ちください。</p>\n",
        bystander.id,
        html(&bystander.member_no),
        html(&bystander.name),
        html(&bystander.tel),
        html(&bystander.mail),
    );
    frame(500, "システムエラー", &[("メニュー", Some("/")), ("システムエラー", None)], &content)
}

/// `〒154-0004`, or nothing where there is no code.
fn post_mark(zip: &str) -> String {
    if zip.is_empty() { String::new() } else { format!("〒{}", html(zip)) }
}

/// A telephone number as a link that a softphone understands.
fn telephone(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("<a href=\"tel:{digits}\">{}</a>", html(number))
}

/// A mail address as a link.
fn mail(address: &str) -> String {
    let address = html(address);
    format!("<a href=\"mailto:{address}\">{address}</a>")
}
