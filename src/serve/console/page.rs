//! What is in force, as a page for people: the same as the JSON, which it is made of.

use serde_json::Value;

/// The page's own words.
struct Words {
    language: &'static str,
    title: &'static str,
    version: &'static str,
    loaded: &'static str,
    warnings: &'static str,
    refused: &'static str,
    files: &'static str,
    grants: &'static str,
    kind: &'static str,
    groups: &'static str,
    conditional: &'static str,
    headings: [&'static str; 4],
    settings: &'static str,
    said: [&'static str; 2],
}

const EN: Words = Words {
    language: "en",
    title: "The policy in force",
    version: "Version",
    loaded: "Read",
    warnings: "Warnings",
    refused: "The rules on disk are refused; these stay in force",
    files: "Files",
    grants: "Who gets what, where no condition holds",
    kind: "Kind",
    groups: "Groups",
    conditional: "Under conditions",
    headings: ["Role", "What", "When", "Gets"],
    settings: "Beside the rules: what holds where none speaks, and what resources say",
    said: ["Of what", "Says"],
};

const JA: Words = Words {
    language: "ja",
    title: "適用中のポリシー",
    version: "版",
    loaded: "読み込み",
    warnings: "警告",
    refused: "ディスク上の規則は拒否され、以下の規則が引き続き適用されています",
    files: "ファイル",
    grants: "条件なしの開示内容",
    kind: "種別",
    groups: "グループ",
    conditional: "条件付きの規則",
    headings: ["役割", "対象", "条件", "扱い"],
    settings: "規則のほかの定め：規則が定めないものの扱いと、各リソースの内容",
    said: ["項目", "内容"],
};

/// The page.
pub fn of(told: &Value, japanese: bool) -> String {
    let words = if japanese { &JA } else { &EN };
    let refused = match &told["refused"] {
        Value::Null => String::new(),
        refused => {
            format!("<p class=\"bad\">{}: {} ({})</p>\n", words.refused, text(&refused["why"]), text(&refused["at"]))
        }
    };
    let files = rows(&told["files"], |file| {
        format!("<tr><td>{}</td><td><code>{}</code></td></tr>", text(&file["file"]), text(&file["hash"]))
    });
    let conditional = rows(&told["conditional"], |rule| {
        let cells =
            [&rule["role"], &rule["what"], &rule["when"], &rule["is"]].map(|cell| format!("<td>{}</td>", text(cell)));
        format!("<tr>{}</tr>", cells.concat())
    });
    let headings = |headings: &[&str]| headings.iter().map(|heading| format!("<th>{heading}</th>")).collect::<String>();
    let (headings, said) = (headings(&words.headings), headings(&words.said));
    let settings = told["settings"].as_object().into_iter().flatten();
    let settings: String =
        settings.map(|(what, is)| format!("<tr><td>{}</td><td>{}</td></tr>\n", escaped(what), text(is))).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>body{{font:15px/1.6 system-ui,sans-serif;max-width:72em;margin:3em auto;padding:0 1.5em;color:#223}}\
         h1{{font-size:1.4em;border-bottom:3px double #7a8f6a;padding-bottom:.3em}}h2{{font-size:1.1em;margin-top:2em}}\
         table{{border-collapse:collapse;display:block;overflow-x:auto}}td,th{{border:1px solid #cdd3c8;padding:.25em .7em;text-align:left}}\
         th{{background:#eef1eb}}.bad{{background:#fdecea;border-left:4px solid #b3372a;padding:.6em 1em}}code{{font-size:.85em}}</style></head>\n\
         <body><h1>{title}</h1>\n{refused}\
         <p>{version}: <code>{hash}</code><br>{loaded}: {at}<br>{warnings}: {count}</p>\n\
         <h2>{grants}</h2>\n{table}\n<h2>{under}</h2>\n<table><tr>{headings}</tr>\n{conditional}</table>\n\
         <h2>{beside}</h2>\n<table><tr>{said}</tr>\n{settings}</table>\n\
         <h2>{files_heading}</h2>\n<table>{files}</table></body></html>\n",
        language = words.language,
        title = words.title,
        version = words.version,
        hash = text(&told["version"]),
        loaded = words.loaded,
        at = text(&told["loaded"]),
        warnings = words.warnings,
        count = text(&told["warnings"]),
        grants = words.grants,
        table = table(told, words),
        under = words.conditional,
        beside = words.settings,
        files_heading = words.files,
    )
}

/// Kinds downwards, roles across.
fn table(told: &Value, words: &Words) -> String {
    let roles: Vec<&Value> = told["roles"].as_array().into_iter().flatten().collect();
    let names = roles.iter().map(|role| format!("<th>{}</th>", text(&role["role"]))).collect::<String>();
    let groups = roles.iter().map(|role| format!("<td>{}</td>", text(&role["groups"]))).collect::<String>();
    let row_of = |role: &Value| role["role"].as_str().and_then(|name| told["grants"][name].as_object());
    let kinds = roles.first().and_then(|role| row_of(role)).into_iter().flat_map(|row| row.keys());
    let rows = kinds.map(|kind| {
        let cells = roles
            .iter()
            .map(|role| format!("<td>{}</td>", row_of(role).map_or_else(String::new, |row| text(&row[kind]))));
        format!("<tr><th>{}</th>{}</tr>\n", escaped(kind), cells.collect::<String>())
    });
    let rows: String = rows.collect();
    format!(
        "<table><tr><th>{}</th>{names}</tr>\n<tr><th>{}</th>{groups}</tr>\n{rows}</table>",
        words.kind, words.groups
    )
}

fn rows(list: &Value, row: impl Fn(&Value) -> String) -> String {
    list.as_array().into_iter().flatten().map(|item| row(item) + "\n").collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => escaped(text),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => escaped(&other.to_string()),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_rules_say_is_text_and_no_markup() {
        let told = json!({
            "version": "sha256:ab", "loaded": "now", "warnings": 1, "files": [{ "file": "<a>.yaml", "hash": "h" }],
            "refused": { "at": "then", "why": "<b>" }, "roles": [{ "role": "a\"&", "groups": ["<g>", "h"] }],
            "grants": { "a\"&": { "phone": "show" } },
            "conditional": [{ "role": "all", "what": "phone", "when": "when: (<script>)", "is": ["show"] }],
            "settings": { "resource <i>: match /x": "<u>" },
        });
        for japanese in [true, false] {
            let page = of(&told, japanese);
            for markup in ["<a>", "<b>", "<g>", "<i>", "<u>", "<script>"] {
                assert!(!page.contains(markup), "{page}");
            }
            assert!(page.contains("<tr><th>phone</th><td>show</td></tr>"), "{page}");
            assert!(page.contains("<td>resource &lt;i&gt;: match /x</td><td>&lt;u&gt;</td>"), "{page}");
            assert!(page.contains("&lt;g&gt;, h") && page.contains("a&quot;&amp;"), "{page}");
        }
    }
}
