//! What `--help` and the manual pages say of each command beside its options: the command and its
//! options in Japanese (English stands at the options themselves), examples, exit status, files.

use crate::cli::help::{keys, ledger, reports};
use crate::cli::say::Text;

/// One command's page.
pub struct Page {
    /// The command's words after `sudare`.
    pub path: &'static str,
    /// What it does, in Japanese.
    pub ja: &'static str,
    /// Its options' names in code, each with its Japanese.
    pub options: &'static [(&'static str, &'static str)],
    /// Command lines and what they do.
    pub examples: &'static [(&'static str, Text)],
    /// What its exit status means.
    pub status: &'static [(&'static str, Text)],
    /// Files that it reads or writes.
    pub files: &'static [(&'static str, Text)],
}

pub(super) const fn both(en: &'static str, ja: &'static str) -> Text {
    Text { en, ja }
}

pub(super) const DONE: Text = both("done", "正常終了");
pub(super) const UNUSABLE: (&str, Text) =
    ("2", both("wrong usage or unreadable input", "使い方の誤り、または入力を読めない"));
pub(super) const GATEWAY: (&str, Text) = ("./gateway.yaml", both("how the gateway runs", "ゲートウェイの設定"));

/// The page of a command.
pub fn of(path: &str) -> Option<&'static Page> {
    all().find(|page| page.path == path)
}

/// Every page.
pub fn all() -> impl Iterator<Item = &'static Page> {
    PAGES.iter().chain(ledger::PAGES).chain(keys::PAGES).chain(reports::PAGES)
}

const PAGES: &[Page] = &[
    Page {
        path: "",
        ja: "社内ツールとCRMの間に立ち、個人データを守るゲートウェイ",
        options: &[("lang", "メッセージの言語")],
        examples: &[
            ("sudare demo", both("a sample CRM behind the gateway, to look at", "サンプルCRMで試す")),
            (
                "sudare init http://crm.internal",
                both("files for a CRM, all that is recognised veiled", "分かるものをすべて隠す設定から始める"),
            ),
            ("sudare check", both("what is wrong with gateway.yaml and its rules", "設定と規則の誤りを調べる")),
            ("sudare serve -c /etc/sudare/gateway.yaml", both("runs the gateway", "ゲートウェイを起動する")),
            (
                "sudare ledger query --subject customer:42",
                both("who saw customer 42's data", "顧客42の情報を誰が見たか調べる"),
            ),
        ],
        status: &[("0", DONE), ("1", both("what was asked for does not hold", "検査や確認の結果が不合格")), UNUSABLE],
        files: &[],
    },
    Page {
        path: "demo",
        ja: "サンプルCRMとゲートウェイをこのPCで起動し、開き方を表示する",
        options: &[
            ("port", "担当者が接続するポート（0 なら空きを使う）"),
            ("crm_port", "サンプルCRMのポート（0 なら空きを使う）"),
            ("folder", "設定・規則・台帳を書くフォルダ（省略時は一時フォルダ）"),
        ],
        examples: &[
            ("sudare demo", both("on port 8080, with a new temporary folder", "ポート8080と一時フォルダを使う")),
            (
                "sudare demo --port 0 --folder ./look",
                both("any free port, and files to keep", "空いているポートを使い、ファイルを残す"),
            ),
        ],
        status: &[("0", DONE), ("1", both("it could not be started", "起動できない")), UNUSABLE],
        files: &[],
    },
    Page {
        path: "init",
        ja: "CRM用の設定・利用者・規則を書き込む（最初は、分かるものをすべて隠す）",
        options: &[
            ("url", "CRMのアドレス（例: http://crm.internal:9000）"),
            ("dir", "書き込むフォルダ（なければ作る）"),
            ("listen", "担当者が接続するアドレス"),
            ("metrics", "/metrics と /readyz のアドレス"),
            ("user", "最初の利用者（省略時はあなたのログイン名）"),
            ("rules", "見本の代わりに書き込む付属の規則"),
            ("no_probe", "CRMに接続して調べない"),
            ("force", "既存のファイルを置き換える（元のファイルは .old として残す）"),
        ],
        examples: &[
            ("sudare init http://crm.internal:9000", both("in this folder", "このフォルダに書き込む")),
            (
                "sudare init http://10.0.0.5 --dir /etc/sudare --user tanaka",
                both("elsewhere, for somebody else", "別のフォルダに、別の人のために書き込む"),
            ),
            (
                "sudare init http://crm.internal --rules creme",
                both("with the rules shipped for Creme CRM", "付属のCreme CRM用の規則を使う"),
            ),
        ],
        status: &[
            ("0", both("written; also where the CRM does not answer", "書き込んだ（CRMが応答しない場合も含む）")),
            ("1", both("files are there already, or cannot be written", "すでにファイルがあるか、書き込めない")),
            UNUSABLE,
        ],
        files: &[
            ("gateway.yaml", both("how the gateway runs", "ゲートウェイの設定")),
            ("users.yaml", both("who may ask, with argon2id hashes; 0600", "利用者とargon2idハッシュ（0600）")),
            ("rules/", both("who sees what", "誰に何を見せるか")),
        ],
    },
    Page {
        path: "serve",
        ja: "ゲートウェイを動かす（SIGHUPか規則の変更で再読込する）",
        options: &[("config", "ゲートウェイの設定")],
        examples: &[
            ("sudare serve", both("with ./gateway.yaml", "./gateway.yaml を使う")),
            ("sudare serve -c /etc/sudare/gateway.yaml", both("with another", "別の設定を使う")),
        ],
        status: &[
            ("0", both("stopped by a signal, everything recorded", "合図により停止し、すべて記録した")),
            (
                "1",
                both("configuration or rules are wrong, or it could not go on", "設定や規則の誤り、または続けられない"),
            ),
            UNUSABLE,
        ],
        files: &[
            GATEWAY,
            ("state/", both("ledger and keys, made at the first start", "台帳と鍵。最初の起動で作られる")),
        ],
    },
    Page {
        path: "check",
        ja: "設定と規則を検査し、すべての誤りを場所と直し方とともに示す",
        options: &[
            ("config", "ゲートウェイの設定。その規則も検査する［既定: gateway.yaml、PATH があれば読まない］"),
            ("paths", "規則ファイルかフォルダ。合わせて一つの方針になる"),
            ("strict", "警告も不合格とし、例外に `why`・`owner`・`until` を求める"),
            ("upgrade", "古い形式のファイルを示し、書き直す（古い形式はまだない）"),
            ("format", "誤りの書き方"),
            ("explain", "診断コードの意味を表示し、検査はしない"),
        ],
        examples: &[
            ("sudare check", both("gateway.yaml and the rules that it names", "gateway.yaml とその規則を検査する")),
            (
                "sudare check rules/ --strict",
                both("rules alone; warnings fail too", "規則だけを、警告も不合格として検査する"),
            ),
            ("sudare check --format json | jq -r .message", both("for a program", "プログラムで読む")),
            (
                "sudare check --format github",
                both("marks at the lines of a pull request", "プルリクエストの行に表示する"),
            ),
            ("sudare check --explain unfound", both("what a code means", "診断コードの意味")),
        ],
        status: &[
            ("0", both("no errors", "誤りなし")),
            ("1", both("errors, or warnings with --strict", "誤りがある（--strict では警告も）")),
            UNUSABLE,
        ],
        files: &[GATEWAY],
    },
    Page {
        path: "test",
        ja: "規則ファイルに書かれたテストを実行する",
        options: &[
            ("config", "ゲートウェイの設定。その規則をテストする［既定: gateway.yaml、PATH があれば読まない］"),
            ("paths", "規則ファイルかフォルダ。合わせて一つの方針になる"),
            ("filter", "名前にこの文字列を含むテストだけを実行する"),
            ("coverage", "どのテストも触れていないリソースと規則を示す"),
            ("format", "結果の書き方"),
        ],
        examples: &[
            ("sudare test rules/", both("every test of a folder", "フォルダのすべてのテスト")),
            (
                "sudare test --filter 顧客 --coverage",
                both(
                    "some tests of the rules of gateway.yaml, and what none of them met",
                    "gateway.yaml の規則の一部のテストと、触れられていないもの",
                ),
            ),
            ("sudare test rules/ --format junit > junit.xml", both("for a CI system", "CIシステムで読む")),
        ],
        status: &[
            ("0", both("all pass", "すべて合格")),
            ("1", both("one fails, or the rules are wrong", "不合格がある、または規則に誤りがある")),
            UNUSABLE,
        ],
        files: &[GATEWAY],
    },
    Page {
        path: "migrate",
        ja: "CRMが値のまま持つレコードを、CRM自身のAPIでトークンに変換する",
        options: &[
            ("config", "ゲートウェイの設定"),
            ("resource", "1件を表示し、書き込むリソース"),
            ("write", "書き込むリソース（表示と別の場合）"),
            ("ids", "変換するレコードのID（1行に1件）。`-` なら標準入力"),
            ("method", "書き込みのメソッド［既定: PATCH、PUT、POSTのうち使える最初のもの］"),
            ("form", "変わる項目をJSONではなくフォームで書き込む"),
            ("site", "`sites:` が複数あるときのCRMのホスト"),
            ("header", "CRMに送るヘッダー。例 `'Authorization: env:NAME'`（値は `file:PATH` も可）"),
            ("journal", "進み具合を書くファイル［既定: 状態フォルダの migrate-リソース.jsonl］"),
            ("rate", "1秒あたりの件数の上限"),
            ("dry_run", "書き込まずに、何が変わるかだけを表示する"),
            ("format", "報告の書き方"),
        ],
        examples: &[
            (
                "sudare migrate --resource customer --ids ids.txt --dry-run",
                both("what would be converted, and what would not fit", "変換される件数と、入らない値を調べる"),
            ),
            (
                "sudare migrate --resource customer --ids ids.txt --rate 20 --header 'Authorization:env:CRM_TOKEN'",
                both("converts; started again it goes on", "変換する（やり直すと続きから）"),
            ),
        ],
        status: &[
            ("0", both("every record is converted", "すべて変換した")),
            ("1", both("some are not, or it was stopped", "変換できないものがある、または中断した")),
            UNUSABLE,
        ],
        files: &[GATEWAY, ("state/migrate-customer.jsonl", both("what is done already", "完了したレコードの記録"))],
    },
    Page {
        path: "explain",
        ja: "応答の各値をどの規則が決め、利用者に何が届くかを説明する",
        options: &[
            ("config", "ゲートウェイの設定。その規則で説明する［既定: gateway.yaml］"),
            ("rules", "代わりに使う規則ファイルかフォルダ"),
            ("roles", "依頼者の役割"),
            ("staff", "依頼者（`tanaka`、または `basic:tanaka`）"),
            ("groups", "依頼者のグループ（役割を与える）"),
            ("attributes", "規則が見る依頼者の属性（`branch=tokyo`）"),
            ("network", "依頼元のアドレス"),
            ("time", "日時（2026-11-24T10:00:00+09:00 の形）［既定: 今］"),
            ("purpose", "目的"),
            ("headers", "リクエストのヘッダー（`名前: 値`）"),
            ("data", "リクエストの本文。ファイルなら `@FILE`"),
            ("body", "CRMの応答。`-` は標準入力"),
            ("kind", "応答の型（json、html、xml、csv、text、メディアタイプ）［既定: 名前から］"),
            ("record", "書き込み先へのGETにCRMが返すもの（リソースに `restore: true` がある場合）"),
            ("status", "応答の状態コード［既定: 200、または記録のもの］"),
            ("show_values", "値そのものも表示する"),
            ("all", "検討した規則をすべて、採られない理由とともに示す"),
            (
                "request",
                "台帳にあるリクエストを `Sudare-Request` のIDで説明する（`--body` にその応答があれば値ごとに）",
            ),
            ("state", "その台帳のある状態フォルダ［既定: state］"),
            ("format", "書き方"),
            ("method", "リクエストのメソッド"),
            ("target", "パスと検索条件"),
        ],
        examples: &[
            (
                "sudare explain --role support GET /api/customers/42",
                both("what the rules declare of a page", "画面について規則が宣言するもの"),
            ),
            (
                "sudare explain --role support GET /api/customers/42 --body answer.json",
                both("each value of an answer", "応答の値を一つずつ"),
            ),
            (
                "sudare explain --staff tanaka --group crm-support GET /customers/42 --body page.html --all",
                both("with every rule that was considered", "検討した規則もすべて"),
            ),
            (
                "sudare explain --request 01JD7Q0W9T6E3B2C4F5G6H7J8K",
                both("a request that really was", "実際にあったリクエスト"),
            ),
            (
                "sudare explain --request 01JD7Q0W9T6E3B2C4F5G6H7J8K --body answer.json",
                both("the same, each value of its answer", "同じものを、応答の値ごとに"),
            ),
        ],
        status: &[
            ("0", both("explained, also where the answer is refused", "説明した（応答が拒否される場合も含む）")),
            ("1", both("the rules are wrong, or there is no such request", "規則に誤りがある、またはその記録がない")),
            UNUSABLE,
        ],
        files: &[GATEWAY, ("state/ledger/", both("for --request", "--request の場合"))],
    },
    Page {
        path: "replay",
        ja: "規則の変更で、記録した通信の何が新たに見え、隠れ、拒否されるかを示す",
        options: &[
            ("rules", "新しい規則ファイルかフォルダ"),
            ("config", "今の規則を使うゲートウェイの設定［既定: gateway.yaml］"),
            ("old", "今の規則のファイルかフォルダ"),
            ("roles", "この役割だけ。--staff か --group があればその人の役割"),
            ("staff", "依頼者（`tanaka`、または `basic:tanaka`）"),
            ("groups", "依頼者のグループ（役割を与える）"),
            ("attributes", "規則が見る依頼者の属性（`branch=tokyo`）"),
            ("network", "依頼元のアドレス"),
            ("fail_on", "この変化があれば不合格とする"),
            ("format", "書き方"),
            ("files", "記録した通信（HARファイル）"),
        ],
        examples: &[
            (
                "sudare replay --rules new/ traffic.har",
                both("the rules of gateway.yaml beside new ones", "今の規則と新しい規則を比べる"),
            ),
            (
                "sudare replay --rules new/ --fail-on shown traffic.har",
                both("fails if anything is shown more", "より多く見せる変化があれば不合格"),
            ),
            (
                "sudare replay --rules new/ --group desk --attribute branch=tokyo a.har",
                both("as somebody of that group and branch", "そのグループと支店の人として"),
            ),
        ],
        status: &[
            ("0", both("replayed", "比べた")),
            ("1", both("the rules are wrong, or a change that --fail-on names", "規則の誤り、または --fail-on の変化")),
            UNUSABLE,
        ],
        files: &[GATEWAY],
    },
    Page {
        path: "rules",
        ja: "規則を表にする（誰に何を見せるか）",
        options: &[],
        examples: &[("sudare rules table", both("who sees what", "誰に何を見せるか"))],
        status: &[("0", DONE), ("1", both("the rules are wrong", "規則に誤りがある")), UNUSABLE],
        files: &[GATEWAY],
    },
    Page {
        path: "rules table",
        ja: "誰に何を見せるかを表にする",
        options: &[
            ("config", "ゲートウェイの設定［既定: gateway.yaml、PATH があれば読まない］"),
            ("paths", "代わりに使う規則ファイルかフォルダ"),
            ("roles", "この役割だけ"),
            ("resource", "このリソースの画面で成り立つもの"),
            ("all", "どの規則も名指さない種別も示す"),
            ("format", "書き方"),
        ],
        examples: &[
            ("sudare rules table", both("who sees what", "誰に何を見せるか")),
            ("sudare rules table rules/ --resource export", both("on one resource's pages", "一つのリソースの画面で")),
            ("sudare rules table --format markdown", both("for a document", "文書に貼る")),
        ],
        status: &[("0", DONE), ("1", both("the rules are wrong", "規則に誤りがある")), UNUSABLE],
        files: &[GATEWAY],
    },
    Page {
        path: "kinds",
        ja: "個人情報の種別と、その見出し・検出器を表示する",
        options: &[
            ("config", "ゲートウェイの設定。その規則の種別も示す［既定: gateway.yaml があればそれ］"),
            ("paths", "代わりに使う規則ファイルかフォルダ"),
            ("category", "この区分の種別だけ"),
            ("all", "見出しをすべて示す"),
            ("format", "書き方"),
        ],
        examples: &[
            ("sudare kinds", both("every kind", "すべての種別")),
            ("sudare kinds --category contact --all", both("with every label", "見出しをすべて")),
        ],
        status: &[("0", DONE), ("1", both("the rules are wrong", "規則に誤りがある")), UNUSABLE],
        files: &[GATEWAY],
    },
    Page {
        path: "scan",
        ja: "文章の中の個人情報を見つけ、場所を示す（値は表示しない）",
        options: &[
            ("files", "文章のファイル。`-` か省略時は標準入力"),
            ("config", "設定。その規則のパターンも探す"),
            ("rules", "パターンのある規則ファイルかフォルダ"),
            ("charset", "ファイルの文字コード"),
            ("certain", "形だけで確かなものに限る"),
            ("format", "書き方"),
        ],
        examples: &[
            ("sudare scan app.log", both("what a log holds", "ログに含まれるもの")),
            (
                "sudare scan --charset shift_jis --certain export.csv",
                both("what is certain, in an old export", "古い出力ファイルの確実なもの"),
            ),
            ("sudare scan --format json app.log | jq -r .kind", both("for a program", "プログラムで読む")),
        ],
        status: &[("0", both("searched, whether or not anything was found", "調べた（見つからなくても）")), UNUSABLE],
        files: &[],
    },
    Page {
        path: "schema",
        ja: "エディタの補完と検査に使う JSON Schema を出力する",
        options: &[("file", "ファイルの種類")],
        examples: &[
            ("sudare schema rules > rules.schema.json", both("for rules/*.yaml", "rules/*.yaml 用")),
            ("sudare schema gateway > gateway.schema.json", both("for gateway.yaml", "gateway.yaml 用")),
        ],
        status: &[("0", DONE), UNUSABLE],
        files: &[],
    },
    Page {
        path: "completions",
        ja: "シェルの補完スクリプトを出力する",
        options: &[("shell", "シェル")],
        examples: &[
            ("sudare completions bash > /etc/bash_completion.d/sudare", both("for bash", "bash の場合")),
            ("sudare completions zsh > \"${fpath[1]}/_sudare\"", both("for zsh", "zsh の場合")),
            ("sudare completions fish > ~/.config/fish/completions/sudare.fish", both("for fish", "fish の場合")),
        ],
        status: &[("0", DONE), UNUSABLE],
        files: &[],
    },
    Page {
        path: "man",
        ja: "マニュアルページを出力する",
        options: &[("words", "コマンド（省略時は sudare 全体）"), ("dir", "すべてのページを書き込むフォルダ")],
        examples: &[
            ("sudare man ledger query | man -l -", both("reads a page", "ページを読む")),
            ("sudare man --dir /usr/local/share/man/man1", both("installs all of them", "すべてを書き込む")),
        ],
        status: &[("0", DONE), ("1", both("they cannot be written", "書き込めない")), UNUSABLE],
        files: &[],
    },
];
