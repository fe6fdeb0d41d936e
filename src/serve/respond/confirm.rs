//! The pages on which staff confirms that a value is to be revealed, and sees it.
//!
//! Nothing on them runs or is loaded, nobody can frame them, and a window that opened them has no hold of them.

use http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, X_FRAME_OPTIONS};

use crate::format::html::entity;
use crate::serve::respond::own;

/// What the pages may do: be looked at, and send their one form here.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Who is to be shown what.
pub struct Asked<'a> {
    /// Who asks.
    pub staff: &'a str,
    /// What for.
    pub purpose: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The resource and the subject's id, where they are said.
    pub of: Option<(&'a str, &'a str)>,
    /// For how long it stays open afterwards, in seconds.
    pub lasts: Option<u32>,
}

/// What the headers of these pages say.
pub fn headers(headers: &mut HeaderMap) {
    own(headers, "text/html; charset=utf-8");
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    for (name, value) in
        [("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin")]
    {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// Asks what is to be revealed.
pub fn blank(action: &str, japanese: bool) -> String {
    let (title, token, purpose, go) = match japanese {
        true => ("値の開示", "トークン", "利用目的", "次へ"),
        false => ("Reveal a value", "Token", "Purpose", "Next"),
    };
    let body = format!(
        "<form method=\"get\" action=\"{action}\"><p><label>{token}<br><input name=\"token\" size=\"60\" autocomplete=\"off\"></label></p>\
         <p><label>{purpose}<br><input name=\"purpose\" autocomplete=\"off\"></label></p><p><button>{go}</button></p></form>"
    );
    page(title, &body, japanese)
}

/// Asks whether this is to be revealed. `confirmation` is what the form sends back, and nothing else.
pub fn question(action: &str, asked: &Asked<'_>, confirmation: &str, japanese: bool) -> String {
    let (title, words, go) = match japanese {
        true => (
            "値を開示しますか",
            "開示は、あなたの名前と利用目的とともに台帳に記録されます。心当たりがなければ、この画面を閉じてください。",
            "開示する",
        ),
        false => (
            "Reveal this value?",
            "It is recorded in the ledger with your name and the purpose. If you did not ask for it, close this page.",
            "Reveal",
        ),
    };
    let body = format!(
        "{}<p>{words}</p><form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"confirmation\" value=\"{}\">\
         <p><button>{go}</button></p></form>",
        rows(asked, japanese),
        escaped(confirmation)
    );
    page(title, &body, japanese)
}

/// Shows the value.
pub fn answer(asked: &Asked<'_>, value: &str, japanese: bool) -> String {
    let (title, words) = match japanese {
        true => ("開示された値", "用が済んだら、この画面を閉じてください。"),
        false => ("The value", "Close this page when you have done with it."),
    };
    let body = format!("<p class=\"v\">{}</p>{}<p>{words}</p>", escaped(value), rows(asked, japanese));
    page(title, &body, japanese)
}

fn rows(asked: &Asked<'_>, japanese: bool) -> String {
    let word = |en: &'static str, ja: &'static str| if japanese { ja } else { en };
    let mut rows = vec![
        (word("Who", "職員"), asked.staff.to_owned()),
        (word("Kind", "種別"), asked.kind.to_owned()),
        (word("Purpose", "利用目的"), asked.purpose.to_owned()),
    ];
    if let Some((resource, subject)) = asked.of {
        rows.push((word("Of", "対象"), format!("{resource} {subject}")));
    }
    if let Some(seconds) = asked.lasts {
        rows.push((word("Stays open for", "開示の期間"), format!("{seconds} {}", word("s", "秒"))));
    }
    let rows = rows.iter().map(|(name, value)| format!("<tr><th>{name}</th><td>{}</td></tr>", escaped(value)));
    format!("<table>{}</table>", rows.collect::<String>())
}

fn page(title: &str, body: &str, japanese: bool) -> String {
    let language = if japanese { "ja" } else { "en" };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>body{{font:16px/1.7 system-ui,sans-serif;max-width:36em;margin:12vh auto;padding:0 1.5em;color:#223}}\
         h1{{font-size:1.3em;border-bottom:3px double #7a8f6a;padding-bottom:.4em}}th{{text-align:left;padding-right:1.5em;\
         font-weight:normal;color:#667}}td{{overflow-wrap:anywhere}}.v{{font-size:1.6em;overflow-wrap:anywhere}}</style></head>\n\
         <body><h1>{title}</h1>{body}</body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    entity::encode(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_asked_is_markup() {
        let odd = "\"><script>'&";
        let asked = Asked { staff: odd, purpose: odd, kind: odd, of: Some((odd, odd)), lasts: Some(300) };
        for page in [question("/a", &asked, odd, false), answer(&asked, odd, true)] {
            assert!(!page.contains("<script") && page.contains("&quot;&gt;&lt;script&gt;&#39;&amp;"), "{page}");
        }
    }
}
