//! The sentences of the commands, each in English and Japanese.

use crate::cli::say::Text;

macro_rules! texts {
    ($($name:ident: $en:expr, $ja:expr;)*) => {
        $(#[doc = $en] pub const $name: Text = Text { en: $en, ja: $ja };)*
        /// Every sentence with its name.
        pub const ALL: &[(&str, Text)] = &[$((stringify!($name), $name)),*];
    };
}
pub(in crate::cli) use texts;

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
    MEND_FIRST: "note: further warnings are told when the errors are mended",
        "注意: ほかの警告は、エラーを直すと表示されます";
    SCAN: "note: `undeclared: scan` lowers a risk and does not close it: what no field,\n      label or detector knows is shown",
        "注意: `undeclared: scan` は危険を減らしますが、なくしません。項目・見出し・\n      検出器のどれも知らない値はそのまま表示されます";
    NEWEST: "{files} in the newest format, `sudare: {format}`: nothing to write",
        "{files}はすべて最新の形式（`sudare: {format}`）です。書き換えるものはありません";
    NO_CHANCE: "the system gives no random numbers", "システムから乱数を得られません";
    NO_RUNTIME: "the runtime cannot be started: {error}", "実行環境を開始できません: {error}";
    RULES_WRONG: "the rules are wrong; nothing was started", "規則に誤りがあるため、起動しませんでした";

    // test
    FAILED: "FAILED {place}: {test} as {who}", "不合格 {place}: {test}（{who}）";
    PASSED: "{passed} passed, {failed} failed", "合格 {passed}、不合格 {failed}";
    TESTING: "testing {done}/{all}", "テスト中 {done}/{all}";
    NAME_RULES: "  name rule files or a folder of them, or another configuration with `-c FILE`",
        "  規則ファイルかフォルダを指定するか、`-c FILE` で別の設定を指定してください";
    NO_SUCH_TEST: "no test has `{text}` in its name", "名前に `{text}` を含むテストはありません";
    NO_TESTS: "note: these files hold no tests; write some under `tests:`",
        "注意: これらのファイルにはテストがありません。`tests:` に書いてください";
    WITHOUT_TESTS: "note: no tests in {files}", "注意: テストのないファイル: {files}";
    REQUEST_UNMADE: "the request cannot be made: {error}", "リクエストを作れません: {error}";
    ANSWER_UNMADE: "the answer cannot be made: {error}", "応答を作れません: {error}";
    NO_FILE: "`{path}` is no plain file", "`{path}` は通常のファイルではありません";
    FILE_TOO_LONG: "`{path}` is longer than {max} MiB", "`{path}` が {max} MiB を超えています";
    NOT_IN_CHARSET: "the text holds characters that {charset} has not", "{charset} で表せない文字があります";
    EXPECTED: "expected", "期待";
    GOT: "got", "結果";
    SINCE: "because", "理由";
    NOTHING: "(nothing)", "（なし）";
    REFUSED_WITH: "refused with {status}: {why}", "{status} で拒否されました: {why}";
    REFUSED_OTHERWISE: "refused for `{got}` where `{expected}` is expected", "拒否の理由は `{got}`、期待は `{expected}`";
    NOT_REFUSED: "not refused where `{expected}` is expected", "拒否されていません。期待は `{expected}`";
    STATUS_IS: "status {status} where {expected} is expected", "状態コードは {status}、期待は {expected}";
    NO_JSON: "the answer is no JSON", "応答がJSONではありません";
    NO_PAGE: "the answer is no page", "応答がHTMLではありません";
    NO_XML: "the answer is no XML", "応答がXMLではありません";
    NO_TABLE: "the answer is no table", "応答がCSVではありません";
    OWN_XML: "the test's own XML cannot be read: {why}", "テストのXMLが読めません: {why}";
    TEXT_DIFFERS: "the answer is another text", "応答の文字列が期待と違います";
    NOT_EXACTLY: "the answer is not exactly as expected", "応答が期待と完全には一致しません";
    SENT_DIFFERS: "the CRM gets another body", "CRMに送られる本文が期待と違います";
    NOT_SENT: "the CRM gets nothing", "CRMには何も送られません";
    MUST_HIDE: "`{value}` must be hidden and stands in the answer", "`{value}` は隠れるべきですが、応答にあります";
    MUST_HIDE_IN_HEADER: "`{value}` must be hidden and stands in the header `{name}`",
        "`{value}` は隠れるべきですが、ヘッダー `{name}` にあります";
    NEVER_THERE: "`{value}` stands nowhere in what the CRM answers, so nothing was hidden: look at its spelling",
        "`{value}` はCRMの応答のどこにもないため、隠したことになりません。書き方を確かめてください";
    MUST_SHOW: "`{value}` must be shown and stands nowhere", "`{value}` は表示されるべきですが、どこにもありません";
    MEMBER_MISSING: "`{place}` is missing", "`{place}` がありません";
    MEMBER_DIFFERS: "`{place}` is something else", "`{place}` が期待と違います";
    MORE: "`{place}` is more than is expected", "`{place}` は余分です";
    ELEMENTS: "`{place}` has the length {got} where {expected} is expected", "`{place}` の要素は {got} 個、期待は {expected} 個";
    ROWS: "the number of rows is {got} where {expected} is expected", "行は {got} 行、期待は {expected} 行";
    XML_OTHER: "`{got}` stands where `{place}` is expected", "`{place}` の位置に `{got}` があります";
    RECORDED_OTHERWISE: "the ledger has something else for `{name}`", "台帳の `{name}` が期待と違います";
    NOT_IN_ANSWER: "the CRM's answer has nothing there", "CRMの応答のその位置には何もありません";
    NOBODY_IN: "nobody was let in", "利用者が認められませんでした";
    NO_KIND: "no kind was found in the answer", "応答に個人情報の種別が見つかりませんでした";
    UNKNOWN_VALUE: "no field, label or detector knows this value", "どの項目・見出し・検出器もこの値を知りません";
    DECIDED: "{kind} is {action} by {rules}", "{kind} は {rules} により {action}";
    MET_RESOURCES: "resources that a test met: {met} of {all}", "テストされたリソース: {all} 中 {met}";
    MET_RULES: "rules that a test met: {met} of {all}", "テストされた規則: {all} 中 {met}";
    UNMET: "no test met {id} ({place})", "テストなし: {id}（{place}）";

    // ledger
    ONLY_QUERY: "only `ledger query` is written as CSV or Parquet", "CSV と Parquet で出力できるのは `ledger query` だけです";
    ONLY_QUERY_HELP: "leave `--format` out, or write `--format json`", "`--format` を外すか、`--format json` としてください";
    NO_WITNESS_KEY: "`{word}` is no key of a witness", "`{word}` は証人の鍵ではありません";
    NO_WITNESS_KEY_HELP: "write the key as the witness's operator published it, NAME+ID+KEY (Ed25519), or name a file that holds it",
        "証人の運営者が公開している鍵（NAME+ID+KEY、Ed25519）か、それを収めたファイルを指定してください";
    LAST_COSIGNED: "signed by the witness as well up to record {seq}", "証人の署名があるのは記録 {seq} まで";
    TILED: "tiles over {size} records are in `{path}`; files added {files}", "{size} 件の記録のタイルを `{path}` に書き出しました。追加したファイル {files}";
    NAME_FOLDERS: "name the state folder with `--state`, and another folder with `--tiles`",
        "状態フォルダを `--state` で、別の出力フォルダを `--tiles` で指定してください";
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
    HOLD_KEYS_AWAY: "nothing is deleted: what the ledger holds of `{subject}` under a keyed hash cannot be told: {why}",
        "何も削除しません。`{subject}` の記録が鍵付きハッシュで残っているかを確かめられません: {why}";
    RETAIN_UNTOLD: "nothing is deleted: no gateway.yaml says how long records are kept and what is held",
        "何も削除しません。保存期間と保全対象を書いた gateway.yaml を読めません";
    RETAIN_UNTOLD_HELP: "name the gateway's configuration with `-c`", "ゲートウェイの設定を `-c` で指定してください";
    RETAIN_UNCLEAR: "nothing is deleted: what the configuration says of the ledger cannot be followed",
        "何も削除しません。台帳についての設定に誤りがあります";
    RETAIN_MEND: "mend what is told above", "上の誤りを直してください";
    READING_UNTOLD: "this reading cannot be recorded: {why}", "この閲覧を記録できません: {why}";
    READING_UNTOLD_HELP: "run as the user that the gateway runs as, so that the ledger tells who read it",
        "ゲートウェイと同じユーザーで実行してください。台帳を読んだことも台帳に残ります";
    NOT_RETAINED: "retention in `{path}` stopped: {error}", "`{path}` の保存期間の処理が止まりました: {error}";
    SEGMENT_DELETED: "deleted; its hashes are kept", "削除しました。ハッシュは残ります";
    SEGMENT_LAPSED: "lapsed: `--delete` would delete it", "期間満了: `--delete` を付けると削除します";
    SEGMENT_UNTIL: "kept until {day}", "{day} まで保存";
    SEGMENT_FOREVER: "kept: the class of a record in it is `hold`", "保存: 区分が `hold` の記録があります";
    SEGMENT_HELD: "kept: a hold names a record in it", "保存: `holds` に当たる記録があります";
    SEGMENT_DAMAGED: "kept: a line of it does not hold; run `sudare ledger verify`",
        "保存: 正しくない行があります。`sudare ledger verify` を実行してください";
    SEGMENT_UNPROVEN: "kept: its hashes are not written down, or were not signed over; run `sudare ledger index`",
        "保存: ハッシュがまだ書かれていないか署名されていません。`sudare ledger index` を実行してください";
    RETAINED: "segments deleted {deleted}, kept {kept}", "削除したセグメント {deleted}、保存 {kept}";
    WOULD_RETAIN: "segments that `--delete` would delete {deleted}, kept {kept}",
        "`--delete` で削除されるセグメント {deleted}、保存 {kept}";
    DELETED_RECORDS: "deleted by retention, hashes kept: records {first} to {last} ({from} to {to})",
        "保存期間により削除、ハッシュは保持: 記録 {first}〜{last} ({from}〜{to})";
    NO_ROWS: "no record matches", "該当する記録はありません";
    VERIFYING: "verifying {percent}%", "検査中 {percent}%";
    LEDGER_HOLDS: "the ledger holds: records {records}, segments {segments}, checkpoints {checkpoints}",
        "台帳は正常です: 記録 {records}、セグメント {segments}、チェックポイント {checkpoints}";
    LAST_CHECKPOINT: "last checkpoint: record {seq}, {time}; records after it {after}",
        "最後のチェックポイント: 記録 {seq}、{time}、以後の記録 {after}";
    PROVEN: "record {record} is in the ledger of `{key}`: its checkpoint over {seq} records of {time} holds",
        "記録 {record} は `{key}` の台帳にあります。{time} のチェックポイント（{seq} 件）で確認しました";
    NAME_RECORD: "nothing was named to be proven", "証明する対象が指定されていません";
    NAME_RECORD_HELP: "name a record by its `seq`, or two checkpoints with `--consistency`",
        "記録の `seq` か、`--consistency` で2つのチェックポイントを指定してください";
    NAME_PROOF: "name a file that `sudare ledger prove` wrote", "`sudare ledger prove` が書いたファイルを指定してください";
    BAD_PROOF_HELP: "ask for the proof again, and compare the public key with the one that was handed out",
        "証明をもう一度求め、公開鍵が渡されたものと同じか確かめてください";
    SEE_CHECKPOINTS: "a checkpoint is signed every 10 seconds while records come in: try again then, or look at\n  `ledger/checkpoints` for what there is",
        "記録がある間、チェックポイントは10秒ごとに署名されます。しばらく待つか、\n  `ledger/checkpoints` を確認してください";
    TENDED: "hashes written {hashes}, segments indexed {indexed}, segments compressed {packed}",
        "書き出したハッシュ {hashes}、索引を作ったセグメント {indexed}、圧縮したセグメント {packed}";
    NOT_TENDED: "the closed segments in `{path}` cannot be tended: {error}", "`{path}` の閉じたセグメントを処理できません: {error}";
    TENDED_BY_ANOTHER: "the gateway, or another command, is at it", "ゲートウェイか別のコマンドが処理中です";
    TENDED_BY_ANOTHER_HELP: "wait a moment; what it has done need not be done again", "しばらく待ってください。済んだ分をやり直す必要はありません";
    TORTURING: "killed {done} of {total}", "強制終了 {done}/{total}";
    TORTURED: "killed {kills} times: disclosed {disclosed}, missing {missing}; the ledger: records {records}, segments {segments}",
        "強制終了 {kills} 回: 開示 {disclosed}、欠落 {missing}、台帳の記録 {records}、セグメント {segments}";
    TORTURE_MISSING: "disclosed and not in the ledger: {missing}, the first one {first}", "開示されたのに台帳にないもの: {missing} 件（最初は {first}）";
    TORTURE_KEPT: "`{path}` is kept as evidence; report it with the seed {seed}", "`{path}` を証拠として残しました。シード {seed} とともに報告してください";
    NO_TORTURE: "`{path}` cannot be used: {error}", "`{path}` を使えません: {error}";
    NO_TORTURE_HELP: "name a new folder that you may write with `--dir`", "書き込める新しいフォルダを `--dir` で指定してください";
    TORTURE_FULL: "`{path}` is not empty", "`{path}` は空ではありません";
    TORTURE_FULL_HELP: "name a new folder with `--dir`: what is in it is removed at the end", "`--dir` で新しいフォルダを指定してください。最後に中身ごと削除されます";
    RUN_INDEX: "run `sudare ledger index` first", "先に `sudare ledger index` を実行してください";
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
    PASSWORD_UNSEEN: "the files are written, but nobody has seen the password: run it again with `--force`",
        "ファイルは書き込みましたが、パスワードを表示できませんでした。`--force` を付けてもう一度実行してください";
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
    WROTE_RULES: "who sees what: all that is recognised is veiled at first", "誰に何を見せるか（最初は、分かるものをすべて隠します）";
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

    // explain
    NO_MOMENT: "`{word}` is no moment: write it as 2026-11-24T10:00:00+09:00", "`{word}` は時刻ではありません。2026-11-24T10:00:00+09:00 の形で書いてください";
    NO_ROLE: "`{word}` is no role", "`{word}` という役割はありません";
    ROLES_ARE: "the roles are {known}", "役割は {known} です";
    NO_RESOURCE: "`{word}` is no resource; the resources are {known}", "`{word}` というリソースはありません。リソースは {known} です";
    NO_HEADER: "`{word}` is no header: write it as `NAME: VALUE`", "`{word}` はヘッダーではありません。`名前: 値` の形で書いてください";
    NO_TYPE: "`{word}` is no type of answer: write json, html, xml, csv, text or a media type",
        "`{word}` は応答の型ではありません。json、html、xml、csv、text かメディアタイプを書いてください";
    TOO_LONG: "`{path}` is longer than {bytes} bytes", "`{path}` は {bytes} バイトを超えています";
    ROLE: "asked by", "依頼者";
    NOBODY: "nobody: no source recognised them", "だれでもない（認証されていない）";
    RESOURCE: "resource", "リソース";
    BESIDE: "(by another method or format; its fields count)", "（別のメソッドか形式で一致。その項目も数える）";
    UNDECLARED: "none: labels and detectors alone look at it", "なし（見出しと検出器だけで調べる）";
    EVENT: "event", "事象";
    OPTIONS: "options", "設定";
    QUERY: "query", "検索条件";
    ASKS_NOTHING: "asks for nothing hidden", "隠された値を尋ねていない";
    LOOKS_FOR: "looks for a whole value of {kinds}; allowed and counted", "{kinds} の値全体を探す（許可し、数える）";
    IS_REFUSED: "refused: {why}", "拒否: {why}";
    IS_STRIPPED: "is about sorting by hidden data; the CRM is asked without it", "隠された値での並べ替え（これを除いてCRMに送る）";
    LIMIT: "limit", "上限";
    LIMIT_OF: "limit of {who}: {says}", "{who} の上限: {says}";
    REVEAL_FOR: "reveal for {who}: {says}", "{who} が開示を求められる値: {says}";
    GOES_HOME: "goes home", "元に戻る値";
    ANSWER: "answer", "応答";
    REFUSED: "{status} {reason}: {title} ({why})", "{status} {reason}: {title}（{why}）";
    RELEASED: "{status}, released", "{status}、公開";
    NO_BODY: "not given; these are the fields that the rules declare", "指定なし。規則が宣言する項目を示します";
    NO_VALUES: "no personal value was found in the answer", "応答に個人情報は見つかりませんでした";
    NOT_SOUGHT: "nothing was looked for beside fields: `scan: false`", "項目のほかは何も調べていません: `scan: false`";
    NO_VALUES_SEEN: "refused before any value was decided: what the answer holds was not told apart",
        "値を判定する前に拒否されたため、応答の内容は調べていません";
    REFUSED_EARLY: "it was refused before it was known which resource it is about",
        "どのリソースへのリクエストか分かる前に拒否されました";
    NO_FIELDS: "the rules declare no field of this page", "この画面について規則は項目を宣言していません";
    WHERE: "WHERE", "場所";
    PLACE: "PLACE", "場所";
    WRITTEN_AT: "WRITTEN AT", "規則の位置";
    KIND: "KIND", "種別";
    RECOGNISED: "RECOGNISED BY", "判定の根拠";
    ACTION: "ACTION", "処理";
    DECIDED_BY: "DECIDED BY", "決めた規則";
    GETS: "STAFF GETS", "利用者に届くもの";
    VALUE: "VALUE", "値";
    HEADER: "header", "ヘッダー";
    BY_FIELD: "field `{place}` {at}", "項目 `{place}` {at}";
    BY_LABEL: "label `{label}`", "見出し `{label}`";
    BY_CERTAIN: "detector, certain: {evidence}", "検出器（確実）: {evidence}";
    BY_DETECTOR: "detector: {evidence}", "検出器: {evidence}";
    BY_ELSEWHERE: "veiled elsewhere in the answer", "応答の別の場所で隠された値";
    BY_UNLISTED: "no field names it (`unlisted`)", "どの項目にもない（`unlisted`）";
    ABSENT: "{rule} names {kind} and is not there: `{condition}` does not hold",
        "{rule} は {kind} を挙げていますが、`{condition}` が成り立たないため効いていません";
    BY_NOTHING: "nothing knows it", "判定できるものなし";
    UNSCANNED: "nothing was looked for here (`scan: false`): what no field names goes in clear, {n} in all: {places}",
        "ここでは何も調べていません（`scan: false`）。どの項目にもない値 {n} 件は、そのまま渡ります: {places}";
    UNKNOWN_GOES: "{n} value that no field, label or detector knows goes in clear: {places}",
        "項目・見出し・検出器のどれにも当たらない値が {n} 件、そのまま渡ります: {places}";
    UNKNOWN_GO: "{n} values that no field, label or detector knows go in clear: {places}",
        "項目・見出し・検出器のどれにも当たらない値が {n} 件、そのまま渡ります: {places}";
    NO_METHOD: "`{word}` is no method: write one of {words}", "`{word}` というメソッドはありません。使えるのは {words} です";
    NO_TARGET: "`{word}` is no path: write what follows the host, as in `/customers/42`",
        "`{word}` はパスではありません。`/customers/42` のように、ホスト名より後ろを書いてください";
    BY_ECHO: "what was asked, shown again", "入力した語の再表示";
    FIELD_ITSELF: "the field itself", "項目自身";
    GETS_CLEAR: "in clear, {n} character{s}", "そのまま（{n} 文字）";
    GETS_INSIDE: "in clear but for {n} inside", "そのまま（中の {n} か所を隠す）";
    GETS_NOTHING: "nothing", "なし";
    GETS_REFUSED: "the answer is refused", "応答ごと拒否";
    NO_REQUEST: "the ledger holds no record of the request `{id}`", "台帳にリクエスト `{id}` の記録がありません";
    GONE: "(not in the rules as they stand now)", "（今の規則にはない）";
    SAME_POLICY: "the rules are the same as then: {now}", "規則は当時と同じ: {now}";
    OTHER_POLICY: "the rules have changed since: {then} then, {now} now", "規則は変わっている: 当時 {then}、今 {now}";
    RULE: "rule", "規則";
    SUBJECT: "SUBJECT", "顧客";
    COUNT: "COUNT", "件数";
    RULES_OF_THEN: "the rules are not those of then, so which of them were considered cannot be told: name the\nfiles of then with `--rules`",
        "当時の規則ではないため、どの規則が検討されたかは示せません。当時のファイルを\n`--rules` で指定してください";
    RESOURCE_GONE: "these rules have no resource `{resource}`: name the files of then with `--rules`, or the request as METHOD TARGET",
        "この規則にリソース `{resource}` はありません。当時のファイルを `--rules` で指定するか、リクエストを METHOD TARGET で書いてください";
    DECLARED_AT: "declared: `{place}` {at}", "宣言: `{place}` {at}";
    NO_FIELD_SO: "no field of this resource names it: {by} found it", "このリソースのどの項目にもない: {by}が見つけた";
    NO_RESOURCE_SO: "no resource matched: {by} found it", "どのリソースにも一致しない: {by}が見つけた";
    A_LABEL: "a label", "見出し";
    A_DETECTOR: "a detector", "検出器";
    A_LABEL_OR_A_DETECTOR: "a label or a detector", "見出しか検出器";
    FOUND_AND_REMOVED: "{rules}; found by a detector, and so removed", "{rules}（検出器が見つけたため取り除いた）";
    OTHERWISE: "not the kind's own answer ({action}): its field says so, or it stood in a value of another kind",
        "種別の判定（{action}）によらない: 項目自身の指定か、別の種別の値の中にあった";
    ALSO_FOUND: "A value of a declared kind that stands elsewhere can have been found by a label or a detector;\nthe ledger holds no places.",
        "宣言された種別の値でも、別の場所にあれば見出しや検出器が見つけたかもしれません。\n台帳は場所を残しません。";
    NO_PATH_KEPT: "Of a path that no resource matches the ledger holds nothing: what it shares with a resource\nof another method is not told here.",
        "どのリソースにも一致しないパスは台帳に残りません。メソッドだけが違うリソースの項目は\nここに現れません。";
    BODY_TELLS_MORE: "With the answer saved once more, `--body FILE` tells of each value.",
        "応答をもう一度保存して `--body FILE` で渡すと、値ごとに説明します。";
    GOT_CLEAR: "in clear", "そのまま";
    GOT_NOTES: "in clear but for what was found inside", "そのまま（中で見つかった値を除く）";
    GOT_VEIL: "a veil ({veil})", "伏せた値（{veil}）";
    HOLDS: "holds", "成立";
    JUDGED_AS_THEN: "Judged for whoever asked, when they did:", "当時の依頼者と日時で判定します:";
    JUDGED_AS_NOW: "Judged for whoever asked, when they did, by the rules as they stand now:",
        "当時の依頼者と日時、今の規則で判定します:";
    AGREES: "This is what was recorded: kind by kind, as many values under the same actions.",
        "記録と一致します（種別ごとに、同じ処理の値が同じ数）。";
    DIFFERS: "What was recorded is something else: the answer, the request or the rules are not those of then.",
        "記録と違います。応答・リクエスト・規則のいずれかが当時のものではありません。";
    RECORDED: "RECORDED", "記録";
    HERE: "HERE", "今回";
    NOTHING_DISCLOSED: "nothing was disclosed", "開示はありません";

    // keys
    VERSION: "VERSION", "版";
    STATE: "STATE", "状態";
    CREATED: "CREATED", "作成";
    ENCRYPTIONS: "ENCRYPTIONS", "暗号化回数";
    MINTS: "MINTS FOR", "発行の対象";
    KEYS_ACTIVE: "active", "使用中";
    KEYS_OLD: "old", "開くだけ";
    KEYS_OWN: "own", "専用";
    KEYS_DESTROYED: "destroyed", "破棄済み";
    MINTS_SUBJECTS: "subjects", "顧客ごと";
    MINTS_SHARED: "shared domains", "共有ドメイン";
    WRAPPED_UNDER: "{ring} is wrapped under {kek} ({source})", "{ring} を包む鍵: {kek}（{source}）";
    RING_UNWRAPPED: "the keys lie in clear: the first change of the ring wraps them, and so does `sudare serve`",
        "鍵が包まれていません。鍵束を次に変更したとき（`sudare serve` の起動を含む）に包まれます";
    KEYS_WORN: "version {version} has encrypted {count} times; run `sudare keys rotate` well before 4294967296",
        "版 {version} の暗号化は {count} 回です。4294967296 回に達する前に `sudare keys rotate` を実行してください";
    KEYS_SPENT: "version {version} has encrypted {count} times, more than any should; run `sudare keys rotate` now, for its domains too",
        "版 {version} の暗号化は {count} 回で、上限を超えています。すぐに `sudare keys rotate` を実行し、ドメインも移してください";
    NAME_RING: "name the gateway's configuration with `-c FILE` or its state folder with `--state DIR`; `sudare serve` makes a ring",
        "`-c FILE` でゲートウェイの設定を、`--state DIR` で状態フォルダを指定してください。鍵束は `sudare serve` が作ります";
    ROTATED: "version {version} of {ring} mints from now on; older ones still open what they sealed",
        "{ring} の版 {version} が発行を始めました。古い版のトークンはこれまでどおり開けます";
    DOMAINS_MOVED: "the domains mint under version {version} of {ring} from now on; their tokens are others than before",
        "指定のドメインは {ring} の版 {version} で発行します。トークンは以前と別のものになります";
    STORED_MOVED: "tokens that the CRM holds still open, but a search for a value finds them no more until they are written anew",
        "CRMが持つトークンは開けますが、書き直すまで値での検索には一致しません";
    REWRAPPED: "{ring} is wrapped under {kek} now: let `keys:` in gateway.yaml name {source}, and start the gateway anew",
        "{ring} を {kek} で包み直しました。gateway.yaml の `keys:` に {source} を指定し、ゲートウェイを再起動してください";
    STOP_FIRST: "stop the gateway first: the tokens that its vault keeps are counted",
        "先にゲートウェイを止めてください。保管庫のトークンを数えます";
    NO_VAULT: "there is no vault at {vault}, so that no random token was counted",
        "{vault} に保管庫がないため、ランダムトークンは数えていません";
    TOKENS_NEED: "{count} random tokens in the vault are sealed under version {version}",
        "保管庫のランダムトークン {count} 個が、版 {version} で封じてあります";
    TOKENS_NEED_HELP: "nothing would open them; keep the version for as long as they are",
        "破棄すると開けなくなります。トークンが残る間は、この版を残してください";
    STORED_UNTOLD: "what the CRM or others hold sealed under version {version} cannot be counted, and nothing would open it",
        "版 {version} で封じてCRMなどの外部にあるトークンは数えられず、破棄すると開けなくなります";
    STORED_UNTOLD_HELP: "where the CRM holds no tokens (`store:`) of this version, or no more, say so with `--stored-migrated`",
        "CRMがこの版のトークン（`store:`）を持たない、または移し終えたなら、`--stored-migrated` を付けてください";
    RETIRED: "version {version} of {ring} is destroyed; copies that were exported still hold it",
        "{ring} の版 {version} を破棄しました。書き出した控えには残っています";
    SHRED_WHOM: "name a `--domain` or a `--subject`", "`--domain` か `--subject` を指定してください";
    STOP_FIRST_TOO: "stop the gateway first: the tokens that its vault keeps are taken out",
        "先にゲートウェイを止めてください。保管庫のトークンを取り除きます";
    NO_VAULT_TO_SHRED: "there is no vault at {vault}, so that no random token was taken out",
        "{vault} に保管庫がないため、ランダムトークンは取り除いていません";
    SHRED_UNTOLD: "{count} random tokens in the vault are of kinds that the rules do not know; whose they are cannot be told, and they are still there",
        "保管庫のランダムトークン {count} 個は規則にない種別のもので、誰のものか分からず、残っています";
    SHREDDED_KEYS: "version {versions} of {ring} is destroyed: nothing opens what it made; copies that were exported still hold it",
        "{ring} の版 {versions} を破棄しました。その版のトークンは誰にも開けません。書き出した控えには残っています";
    SHREDDED_TOKENS: "{count} random tokens are taken out of the vault; older copies of it still hold them",
        "保管庫からランダムトークン {count} 個を取り除きました。古い写しには残っています";
    SHREDDED_REFUSED: "tokens of version {versions} are refused from now on, and not destroyed: their keys are needed for others until those versions are retired",
        "版 {versions} のトークンは以後拒みますが、破棄はしていません。鍵はほかのトークンに必要で、版を廃止するまで残ります";
    EXPORTED: "{ring} is written to {path}, sealed under the passphrase", "{ring} をパスフレーズで封じ、{path} に書き出しました";
    IMPORTED: "{ring} is the imported one now; version {version} mints", "{ring} を取り込みました。版 {version} が発行します";
    IMPORT_LACKS: "it lacks version {version} of {ring}, or has other keys in its place",
        "{ring} の版 {version} がないか、鍵が違います";
    IMPORT_LACKS_HELP: "nothing would open what those keys sealed; `--replace` puts it in force all the same",
        "その鍵で封じたものは開けなくなります。それでも取り込むなら `--replace` を付けてください";

    // migrate
    NO_STORE: "no rule says `store:`, so that there is nothing to convert to",
        "`store:` を書いた規則がないため、変換するものがありません";
    MIGRATE_NO_RESOURCE: "the rules have no resource `{resource}`", "規則に `{resource}` というリソースはありません";
    MIGRATE_NO_PAGE: "the resource `{resource}` has no GET that is told from others by an id in its path or query alone",
        "リソース `{resource}` には、パスかクエリのIDだけで1件を指すGETがありません";
    MIGRATE_NO_WRITE: "the resource `{resource}` takes no such write of the same subject: name another with `--write` or `--method`",
        "リソース `{resource}` は同じ対象の書き込みを受け付けません。`--write` か `--method` で指定してください";
    MIGRATE_NO_HOST: "the CRM's host is no header's value", "CRMのホスト名をヘッダーに書けません";
    MIGRATING: "{records} records: {converted} converted, {failed} failed",
        "{records} 件: 変換 {converted}、失敗 {failed}";
    MIGRATED: "{records} records: {converted} converted, {already} were converted before, {nothing} hold no such value, {skipped} the journal says are done, {failed} failed",
        "{records} 件: 変換 {converted}、変換済み {already}、対象の値なし {nothing}、ジャーナルで完了 {skipped}、失敗 {failed}";
    MIGRATED_DRY: "{records} records: {converted} would be converted, {already} are converted, {nothing} hold no such value, {skipped} left out, {failed} would fail; nothing was written",
        "{records} 件: 変換予定 {converted}、変換済み {already}、対象の値なし {nothing}、除外 {skipped}、失敗見込み {failed}（何も書き込んでいません）";
    BECAME_TOKENS: "VALUES CONVERTED", "変換した値";
    WERE_TOKENS: "WERE TOKENS", "変換済みの値";
    FAILED_RECORDS: "FAILED", "失敗";
    WHY: "WHY", "理由";
    FAILED_FIRST: "the first that failed: {ids}", "失敗したレコード（先頭から）: {ids}";
    MIGRATION_STOPPED: "stopped before the last record: {why}", "途中で止めました: {why}";
    INTERRUPTED: "somebody interrupted it", "中断の合図を受けました";
    JOURNAL_UNOPENED: "the journal `{path}` cannot be used: {error}", "ジャーナル `{path}` を使えません: {error}";
    JOURNAL_UNWRITTEN: "the journal cannot be written: {error}", "ジャーナルに書き込めません: {error}";
    JOURNAL_BUSY: "another process writes the journal `{path}`", "ジャーナル `{path}` は別のプロセスが使用中です";
    JOURNAL_OTHER: "the journal `{path}` is of other rules, keys or another resource: name a new one with `--journal`",
        "ジャーナル `{path}` は別の規則・鍵・リソースのものです。`--journal` で新しいものを指定してください";
    JOURNAL_ODD: "`{path}` is no journal of a migration (line {line})", "`{path}` は移行のジャーナルではありません（{line} 行目）";

    // kinds, rules table, scan, replay
    CATEGORY: "CATEGORY", "区分";
    LABELS: "LABELS", "見出し";
    DETECTOR: "DETECTOR", "検出器";
    COARSER: "MASKS, GENERALIZATIONS", "伏せ方・丸め方";
    CERTAIN: "certain", "確実";
    UNCERTAIN: "uncertain", "不確実";
    PATTERN: "pattern of the rules", "規則のパターン";
    MORE_LABELS: "{shown} and {more} more", "{shown} ほか {more}";
    OWN_KINDS: "* stands at kinds of the rules' own", "* は規則が定めた種別";
    UNDER: "[{n}] {action} by {rule} {at} when {when}", "[{n}] {when} のとき {rule} {at} により {action}";
    SCORE: "SCORE", "確度";
    SPAN: "START-END", "開始-終了";
    EVIDENCE: "EVIDENCE", "根拠";
    NOTHING_FOUND: "no personal data was found", "個人情報は見つかりませんでした";
    NOT_TEXT: "`{path}` is no text in UTF-8: name its character set with `--charset`",
        "`{path}` はUTF-8の文字列ではありません。`--charset` で文字コードを指定してください";
    NO_CHARSET: "`{word}` is no character set", "`{word}` という文字コードはありません";
    NO_HAR: "`{path}` is no HAR file: {why}", "`{path}` はHARファイルではありません: {why}";
    CHANGE: "CHANGE", "変化";
    RESOURCE_HEADING: "RESOURCE", "リソース";
    ROLE_HEADING: "ROLE", "役割";
    BEFORE: "BEFORE", "変更前";
    AFTER: "AFTER", "変更後";
    EXAMPLE: "FOR EXAMPLE", "例";
    SHOWN_MORE: "shows more", "より多く見せる";
    HIDDEN_MORE: "hides more", "より多く隠す";
    REFUSED_NEWLY: "refused", "新たに拒否";
    REFUSED_NO_MORE: "no longer refused", "拒否しなくなる";
    ENTRY: "entry {n}", "{n} 件目";
    REPLAYED: "{entries} exchanges, {roles} roles: {shown} values shown more, {hidden} hidden more; {refused} answers newly refused, {passed} no longer",
        "通信 {entries} 件、役割 {roles}: より多く見せる値 {shown}、より多く隠す値 {hidden}、新たに拒否 {refused}、拒否しなくなる {passed}";
    REFUSED_BY_BOTH: "{n} answers that both refuse were not compared", "両方が拒否する応答 {n} 件は比べていません";
    SKIPPED: "{n} entries without an answer's body were judged by their heads alone", "応答本文のない {n} 件はヘッダーだけで判定しました";

    // completions and man
    NO_MAN_PAGE: "there is no page for `{word}`", "`{word}` のページはありません";
}
