//! `/customers/{id}`: the record, with the customer's data wherever such pages put it.
//!
//! A table of headings and cells, a definition list, the title, the breadcrumbs, a line of greeting, links to dial and
//! to write, a comment that a programmer left, and the record once more as JSON for the script.

use super::super::SampleAnswer;
use super::super::escape::{html, json_ascii};
use super::super::people::{CUSTOMERS, Customer};
use super::{frame, mail, post_mark, telephone};

/// The record of one customer.
pub fn page(customer: &Customer) -> SampleAnswer {
    let name = html(&customer.name);
    let content = format!(
        "<h1 data-en=\"Customer record\">顧客カルテ</h1>\n\
         <!-- kokyaku {id} / {name} / {tel} / {mail} : 2011-06 migrated from {old_id} -->\n\
         <p class=\"who\">{name} 様<span class=\"rank\">{rank}</span></p>\n\
         <p class=\"tools\">{tools}</p>\n\
         <div class=\"columns\">\n{basics}{contact}</div>\n\
         <table class=\"record wide\">\n<tr><th data-en=\"Notes\">備考</th><td class=\"memo\">{memo}</td></tr>\n</table>\n\
         {orders}{script}",
        id = customer.id,
        tel = html(&customer.tel),
        mail = html(&customer.mail),
        old_id = customer.old_id,
        rank = customer.rank,
        tools = tools(customer.id),
        basics = basics(customer),
        contact = contact(customer),
        memo = html(&customer.memo),
        orders = orders(customer),
        script = script(customer),
    );
    let crumbs = [("メニュー", Some("/")), ("顧客一覧", Some("/customers")), (customer.name.as_str(), None)];
    frame(200, &format!("{} 様", customer.name), &crumbs, &content)
}

fn tools(id: u32) -> String {
    let mut tools = vec![format!("<a class=\"button\" href=\"/customers/{id}/edit\">修正する</a>")];
    if id > 1 {
        tools.push(format!("<a class=\"button\" href=\"/customers/{}\">&laquo; 前の顧客</a>", id - 1));
    }
    if id < CUSTOMERS {
        tools.push(format!("<a class=\"button\" href=\"/customers/{}\">次の顧客 &raquo;</a>", id + 1));
    }
    tools.join("\n")
}

fn basics(customer: &Customer) -> String {
    format!(
        "<div class=\"column\">\n<h2 data-en=\"Person\">基本情報</h2>\n<table class=\"record\">\n\
         <tr><th data-en=\"No.\">顧客番号</th><td>{id}</td></tr>\n\
         <tr><th data-en=\"Member no.\">会員番号</th><td>{member_no}</td></tr>\n\
         <tr><th data-en=\"Name\">氏名</th><td>{name}</td></tr>\n\
         <tr><th data-en=\"Kana\">フリガナ</th><td>{kana}</td></tr>\n\
         <tr><th data-en=\"Date of birth\">生年月日</th><td>{birthday}</td></tr>\n\
         <tr><th data-en=\"My Number\">個人番号</th><td>{my_number}</td></tr>\n\
         </table>\n</div>\n",
        id = customer.id,
        member_no = html(&customer.member_no),
        name = html(&customer.name),
        kana = html(&customer.kana),
        birthday = html(&customer.birthday.replace('-', "/")),
        my_number = html(&customer.my_number),
    )
}

fn contact(customer: &Customer) -> String {
    format!(
        "<div class=\"column\">\n<h2 data-en=\"Contact\">連絡先</h2>\n<dl class=\"record\">\n\
         <dt data-en=\"Phone\">電話番号</dt><dd>{tel}</dd>\n\
         <dt data-en=\"Home phone\">自宅電話</dt><dd>{home_tel}</dd>\n\
         <dt data-en=\"E-mail\">メール</dt><dd>{mail}</dd>\n\
         <dt data-en=\"Postcode\">郵便番号</dt><dd>{zip}</dd>\n\
         <dt data-en=\"Address\">住所</dt><dd>{address}</dd>\n\
         </dl>\n</div>\n",
        tel = telephone(&customer.tel),
        home_tel = telephone(&customer.home_tel),
        mail = mail(&customer.mail),
        zip = post_mark(&customer.zip),
        address = html(&customer.address),
    )
}

fn orders(customer: &Customer) -> String {
    let rows: String = customer
        .orders
        .iter()
        .map(|order| {
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"yen\">{}</td></tr>\n",
                order.no,
                order.date,
                order.item,
                yen(order.yen)
            )
        })
        .collect();
    format!(
        "<h2 data-en=\"Orders\">購入履歴</h2>\n<table class=\"orders\">\n\
         <thead><tr><th>注文番号</th><th>注文日</th><th>品名</th><th>金額</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n"
    )
}

/// The record for the status line's script, escaped as the old library did it.
fn script(customer: &Customer) -> String {
    format!(
        "<script>\nvar record = {{\"id\":{},\"name\":{},\"tel\":{},\"mail\":{}}};\n</script>\n",
        customer.id,
        json_ascii(&customer.name),
        json_ascii(&customer.tel),
        json_ascii(&customer.mail),
    )
}

fn yen(amount: u32) -> String {
    if amount < 1_000 { format!("{amount} 円") } else { format!("{},{:03} 円", amount / 1_000, amount % 1_000) }
}
