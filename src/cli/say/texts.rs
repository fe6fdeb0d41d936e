//! The sentences of the commands, each in English and Japanese.

use crate::cli::say::Text;

macro_rules! texts {
    ($($name:ident: $en:expr, $ja:expr;)*) => {
        $(#[doc = $en] pub const $name: Text = Text { en: $en, ja: $ja };)*
        /// Every sentence with its name.
        pub const ALL: &[(&str, Text)] = &[$((stringify!($name), $name)),*];
    };
}

texts! {
    // Headings of diagnostics.
    ERROR: "error", "エラー";
    WARNING: "warning", "警告";
    HELP: "help", "対処";
    BECAUSE: "  because {cause}", "  原因: {cause}";

    // Counts.
    ERRORS: "{n} error{s}", "エラー {n} 件";
    WARNINGS: "{n} warning{s}", "警告 {n} 件";
    FILES: "{n} file{s}", "{n} ファイル";
    ROLES: "{n} role{s}", "役割 {n}";
    RESOURCES: "{n} resource{s}", "リソース {n}";
    RULES: "{n} rule{s}", "規則 {n}";
    TESTS: "{n} test{s}", "テスト {n}";

    // check, serve
    CANNOT_READ: "`{path}` cannot be read: {error}", "`{path}` を読めません: {error}";
    NAME_A_CONFIG: "  name another with `-c FILE`, or rule files to check alone",
        "  `-c FILE` で別の設定を指定するか、検査する規則ファイルを指定してください";
    MAKE_A_CONFIG: "  name another with `-c FILE`, make one with `sudare init URL`, or look at\n  `sudare demo` first",
        "  `-c FILE` で別の設定を指定するか、`sudare init URL` で作成してください。\n  まず試すなら `sudare demo`";
    NO_RULE_FILE: "there is no rule file: name one, or a folder with `*.yaml`",
        "規則ファイルがありません。ファイルか、`*.yaml` のあるフォルダを指定してください";
    NO_CODE: "`{word}` is no code of a diagnostic", "`{word}` という診断コードはありません";
    CHECKED: "{errors}, {warnings} in {files}", "{errors}、{warnings}（{files}）";
    CHECKED_POLICY: "{told}: {roles}, {resources}, {rules}, {tests}", "{told}: {roles}、{resources}、{rules}、{tests}";
    SCAN: "note: `undeclared: scan` lowers a risk and does not close it: what no field,\n      label or detector knows is shown",
        "注意: `undeclared: scan` は危険を減らしますが、なくしません。項目・見出し・\n      検出器のどれも知らない値はそのまま表示されます";
    NO_CHANCE: "the system gives no random numbers", "システムから乱数を得られません";
    NO_RUNTIME: "the runtime cannot be started: {error}", "実行環境を開始できません: {error}";
    RULES_WRONG: "the rules are wrong; nothing was started", "規則に誤りがあるため、起動しませんでした";

    // test
    FAILED: "FAILED {place}: {test} as {who}", "不合格 {place}: {test}（{who}）";
    PASSED: "{passed} passed, {failed} failed", "合格 {passed}、不合格 {failed}";
    NO_TESTS: "note: these files hold no tests; write some under `tests:`",
        "注意: これらのファイルにはテストがありません。`tests:` に書いてください";
    REQUEST_UNMADE: "the request cannot be made: {error}", "リクエストを作れません: {error}";
    ANSWER_UNMADE: "the answer cannot be made: {error}", "応答を作れません: {error}";
    REFUSED_WITH: "refused with {status}: {why}", "{status} で拒否されました: {why}";
    STATUS_IS: "status {status} where {expected} is expected", "状態コードは {status}、期待は {expected}";
    NO_JSON: "the answer is no JSON", "応答がJSONではありません";
    NOT_EXACTLY: "the answer is not exactly as expected:\n{text}", "応答が期待と完全には一致しません:\n{text}";
    MUST_HIDE: "`{value}` is in the answer and must be hidden ({rules})", "`{value}` が応答に残っていますが、隠れるべきです（{rules}）";
    MUST_SHOW: "`{value}` is not in the answer and must be shown ({rules})", "`{value}` が応答にありませんが、表示されるべきです（{rules}）";
    NOT_RECORDED: "the ledger would not record `{kind}: {action}`", "台帳に `{kind}: {action}` が記録されません";
    MEMBER_MISSING: "{place} is missing; expected {expected}", "{place} がありません。期待は {expected}";
    MEMBER_IS: "{place} is {got}; expected {expected}", "{place} は {got}。期待は {expected}";
    TEXT_IS: "the answer is `{got}`; expected `{expected}`", "応答は `{got}`。期待は `{expected}`";
    NO_XML: "the answer is no XML", "応答がXMLではありません";
    OWN_XML: "the test's own XML cannot be read: {why}", "テストのXMLが読めません：{why}";
    XML_OTHER: "{got} stands where {place} is expected", "{place} の位置に {got} があります";
    XML_MORE: "{place} is more than expected", "{place} は余分です";
    NOBODY_IN: "nobody was let in", "利用者が認められませんでした";
    NO_KIND: "no kind was found in the answer", "応答に個人情報の種別が見つかりませんでした";
    DECIDED: "{kind} is {action} by {rules}", "{kind} は {rules} により {action}";

    // ledger
    RESERVED: "this command is reserved and not built yet", "このコマンドは予約済みで、まだ使えません";
    RESERVED_HELP: "use `ledger verify` or `ledger query`", "`ledger verify` か `ledger query` を使ってください";
    NAME_STATE: "name the state folder with `--state`", "状態フォルダを `--state` で指定してください";
    NAME_KEY: "name the state folder with `--state`, or the key with `--key`",
        "状態フォルダを `--state` で、または公開鍵を `--key` で指定してください";
    MEND_RIGHTS: "name the state folder with `--state`, or mend the file's rights",
        "状態フォルダを `--state` で指定するか、ファイルの権限を直してください";
    NO_OUTPUT: "the output cannot be written: {error}", "出力を書き込めません: {error}";
    NO_OUTPUT_HELP: "see where it goes, and run it again", "出力先を確かめて、もう一度実行してください";
    LEDGER_UNREADABLE: "the ledger in `{path}` cannot be read: {error}", "`{path}` の台帳を読めません: {error}";
    NO_RECORDS: "{count} lines are no records and were left out, the first at {path}:{line}",
        "{count} 行は記録として読めないため除きました。最初の行: {path}:{line}";
    RUN_VERIFY: "run `sudare ledger verify`", "`sudare ledger verify` を実行してください";
    NO_EVENT: "`{word}` is no event", "`{word}` という事象はありません";
    EVENTS_ARE: "the events are {known}", "事象は {known} です";
    NO_CATEGORY: "`{word}` is no category", "`{word}` という区分はありません";
    CATEGORIES_ARE: "the categories are {known}", "区分は {known} です";
    NO_TIME: "`{word}` is neither a day nor a time", "`{word}` は日付でも時刻でもありません";
    TIMES_ARE: "write a day as 2026-11-22, a time as 2026-11-22T09:00 or 2026-11-22T09:00:00+09:00",
        "日付は 2026-11-22、時刻は 2026-11-22T09:00 か 2026-11-22T09:00:00+09:00 の形で書いてください";
    KEYS_AWAY: "ids that the ledger holds as keyed hashes were not looked for: {why}",
        "台帳に鍵付きハッシュで残るIDは検索していません: {why}";
    KEYS_AWAY_HELP: "name the gateway's configuration with `-c`, and run as the user that the gateway runs as",
        "ゲートウェイの設定を `-c` で指定し、ゲートウェイと同じユーザーで実行してください";
    NO_ROWS: "no record matches", "該当する記録はありません";
    VERIFYING: "verifying {percent}%", "検査中 {percent}%";
    LEDGER_HOLDS: "the ledger holds: records {records}, segments {segments}, checkpoints {checkpoints}",
        "台帳は正常です: 記録 {records}、セグメント {segments}、チェックポイント {checkpoints}";
    LAST_CHECKPOINT: "last checkpoint: record {seq}, {time}; records after it {after}",
        "最後のチェックポイント: 記録 {seq}、{time}、以後の記録 {after}";
    NOT_WHOLE: "{path}:{line}: this line is not whole: it is being written, or a crash left it",
        "{path}:{line}: 行が途中で終わっています。書き込み中か、異常終了の跡です";
    NOT_WHOLE_HELP: "a gateway that starts sets it aside and records that",
        "次に起動したゲートウェイが別に保管し、そのことを記録します";

    // demo
    DEMO_NO_FOLDER: "no folder for the demo: {error}", "デモ用のフォルダを作れません: {error}";
    NO_PORT: "port {port} cannot be listened on: {error}", "ポート {port} で待ち受けできません: {error}";
    ANY_PORT: "{error}; `--port 0` takes any free port", "{error}（`--port 0` なら空いているポートを使います）";
    CANNOT_WRITE: "`{path}` cannot be written: {error}", "`{path}` に書き込めません: {error}";
    NO_CRM_ADDRESS: "the sample CRM has no address", "サンプルCRMのアドレスがありません";
    CRM_ENDED: "the sample CRM ended: {error}", "サンプルCRMが終了しました: {error}";

    // init
    URL_NO_SCHEME: "`{url}` is not the CRM's address: write `http://{url}` or `https://{url}`",
        "`{url}` はCRMのアドレスではありません。`http://{url}` か `https://{url}` と書いてください";
    URL_BAD: "`{url}` is not the CRM's address: write it as `http://crm.internal:9000`",
        "`{url}` はCRMのアドレスではありません。`http://crm.internal:9000` のように書いてください";
    URL_USER: "user names and passwords do not belong into the CRM's address: staff log in to the CRM themselves",
        "CRMのアドレスにユーザー名やパスワードは書けません。CRMへのログインは担当者が行います";
    BAD_USER: "`{user}` is no user name: write up to 64 letters, digits, `-`, `_` and `.`",
        "`{user}` はユーザー名に使えません。英数字と `-` `_` `.` で64文字までにしてください";
    THERE_ALREADY: "`{path}` is there already; nothing was written", "`{path}` がすでにあるため、何も書き込みませんでした";
    THERE_HELP: "  name another folder with `--dir DIR`, or put new files in its place with\n  `--force`: the old ones are kept",
        "  `--dir DIR` で別のフォルダを指定するか、`--force` で置き換えてください\n  （元のファイルは残ります）";
    INIT_UNDONE: "nothing was left behind", "書きかけのファイルは残していません";
    ASKED: "Asked {url} what it is:", "{url} を調べました:";
    UNREACHED: "no answer ({why}): what is written does not depend on it",
        "応答がありません（{why}）。ファイルの内容には影響しません";
    UNTRUSTED: "its certificate is not trusted here: name its CA as `ca:` in gateway.yaml ({why})",
        "証明書を信頼できません。gateway.yaml の `ca:` に認証局を指定してください（{why}）";
    ANSWERS: "answers with {status}", "応答: {status}";
    SERVER_IS: "server software: {server}", "サーバー: {server}";
    CHARSET_IS: "character encoding: {charset}", "文字コード: {charset}";
    LOGIN_AT: "shows a log-in page at {path}: staff log in to it as before", "ログイン画面: {path}（担当者は今までどおりログインします）";
    SENDS_AWAY: "sends to {url}: if that is where the CRM is, run `sudare init {url}`",
        "{url} へ転送されます。そちらがCRMなら `sudare init {url}` を実行してください";
    LOOKS_LIKE: "looks like {name}", "{name} のようです";
    SHIPPED_FIT: "looks like {name}, for which rules are shipped: add `--rules {rules}` to have them",
        "{name} のようです。付属の規則を使うには `--rules {rules}` を付けてください";
    SHIPPED_TAKEN: "looks like {name}, for which the shipped rules were written", "{name} のようです。付属の規則を書き込みました";
    PATH_LEFT_OUT: "the path `{path}` was left out: the gateway passes every path",
        "パス `{path}` は設定に含めません。ゲートウェイはすべてのパスを通します";
    WROTE: "Wrote:", "書き込みました:";
    KEPT: "{path} (the old one is {old})", "{path}（元のものは {old}）";
    WROTE_GATEWAY: "how the gateway runs", "ゲートウェイの動かし方";
    WROTE_USERS: "who may ask (0600)", "利用者（0600）";
    WROTE_RULES: "who sees what: everything is veiled at first", "誰に何を見せるか（最初はすべて隠します）";
    WROTE_SHIPPED: "who sees what: the shipped rules", "誰に何を見せるか（付属の規則）";
    FIRST_USER: "The first user; the password is shown this once:", "最初の利用者（パスワードの表示は今回だけです）:";
    USER: "user", "ユーザー名";
    PASSWORD: "password", "パスワード";
    NEXT: "Next:", "次に:";
    NEXT_CHECK: "what is wrong with them, if anything", "設定と規則に誤りがないか調べる";
    NEXT_SERVE: "runs the gateway", "ゲートウェイを起動する";
    NEXT_OPEN: "open {url} and log in as {user}", "ブラウザで {url} を開き、{user} でログインする";

    // What is wrong with the command line.
    NO_COMMAND: "`{word}` is no command", "`{word}` というコマンドはありません";
    NO_OPTION: "`{word}` is no option of this command", "`{word}` はこのコマンドで使えません";
    NO_VALUE: "`{word}` is no value of `{option}`", "`{option}` に `{word}` は指定できません";
    NEEDS_VALUE: "`{option}` needs a value", "`{option}` には値が必要です";
    NEEDS: "this is missing: {what}", "次の指定が足りません: {what}";
    NOT_TOGETHER: "`{one}` and `{other}` do not stand together", "`{one}` と `{other}` は一緒に使えません";
    NEEDS_COMMAND: "name a command", "コマンドを指定してください";
    DID_YOU_MEAN: "did you mean `{word}`?", "`{word}` のことですか？";
    VALUES_ARE: "write one of {known}", "{known} のいずれかを書いてください";
    USAGE: "Usage: {usage}", "使い方: {usage}";
    MORE_HELP: "`{command} --help` tells more", "詳しくは `{command} --help`";

    TRY_HELP: "try `--help`", "詳しくは `--help` を付けて実行してください";

    // completions and man
    NO_MAN_PAGE: "there is no page for `{word}`", "`{word}` のページはありません";
}
