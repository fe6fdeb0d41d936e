//! `/customers/{id}/edit`: the form, which sends every field back whether it was touched or not.
//!
//! That is what old forms do, and why a gateway that veils a form's values has to know them when they come back.
//! The My Number stands there to be read; it cannot be changed here.

use super::super::SampleAnswer;
use super::super::escape::html;
use super::super::people::Customer;
use super::frame;

/// The form of one customer; `complaint` says why what was sent was not stored.
pub fn page(customer: &Customer, complaint: Option<&str>) -> SampleAnswer {
    let id = customer.id;
    let complaint = complaint.map_or(String::new(), |why| format!("<p class=\"error\">{}</p>\n", html(why)));
    let content = format!(
        "<h1 data-en=\"Edit customer\">顧客修正</h1>\n{complaint}\
         <form class=\"edit\" method=\"post\" action=\"/customers/{id}/edit\">\n<table class=\"record wide\">\n\
         <tr><th data-en=\"No.\">顧客番号</th><td>{id}</td></tr>\n\
         <tr><th data-en=\"Member no.\">会員番号</th><td>{member_no}</td></tr>\n\
         {rows}\
         <tr><th data-en=\"My Number\">個人番号</th><td>{my_number}</td></tr>\n\
         <tr><th><label for=\"memo\" data-en=\"Notes\">備考</label></th>\
         <td><textarea id=\"memo\" name=\"memo\" rows=\"5\" cols=\"60\">\n{memo}</textarea></td></tr>\n\
         </table>\n<p class=\"tools\"><input type=\"submit\" class=\"button main\" value=\"登録する\">\n\
         <a class=\"button\" href=\"/customers/{id}\">戻る</a></p>\n</form>\n",
        member_no = html(&customer.member_no),
        rows = rows(customer),
        my_number = html(&customer.my_number),
        memo = html(&customer.memo),
    );
    let record = format!("/customers/{id}");
    let crumbs = [
        ("メニュー", Some("/")),
        ("顧客一覧", Some("/customers")),
        (customer.name.as_str(), Some(record.as_str())),
        ("修正", None),
    ];
    frame(200, &format!("{} 様の修正", customer.name), &crumbs, &content)
}

fn rows(customer: &Customer) -> String {
    [
        ("name", "氏名（必須）", "Name", "text", &customer.name, 24),
        ("kana", "フリガナ", "Kana", "text", &customer.kana, 24),
        ("birthday", "生年月日", "Date of birth", "date", &customer.birthday, 12),
        ("tel", "電話番号", "Phone", "tel", &customer.tel, 18),
        ("home_tel", "自宅電話", "Home phone", "tel", &customer.home_tel, 18),
        ("mail", "メール", "E-mail", "email", &customer.mail, 36),
        ("zip", "郵便番号", "Postcode", "text", &customer.zip, 10),
        ("address", "住所", "Address", "text", &customer.address, 60),
    ]
    .map(|(name, label, english, kind, value, size)| {
        // The one pattern in the form: a veiled postcode does not fit it, which the gateway has to see.
        let pattern = if name == "zip" { " pattern=\"[0-9]{3}-[0-9]{4}\"" } else { "" };
        format!(
            "<tr><th><label for=\"{name}\" data-en=\"{english}\">{label}</label></th>\
             <td><input type=\"{kind}\" id=\"{name}\" name=\"{name}\" value=\"{}\" size=\"{size}\"{pattern}></td></tr>\n",
            html(value)
        )
    })
    .concat()
}
