//! What each code of a diagnostic means, for `--explain`, SARIF's rules and docs/diagnostics.md.
//!
//! Codes are words that stay: people silence and count by them. A test holds this list against the
//! code, so that none is missing and none is left over.

use std::io::{self, Write};

use crate::cli::say::{Lang, complain, ended, texts};
use crate::cli::{DONE, UNUSABLE};
use crate::policy::reader::nearest;

/// A code and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// What it means in English.
    pub en: &'static str,
    /// The same in Japanese.
    pub ja: &'static str,
}

/// The meaning of a code.
pub fn of(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|known| known.code == code)
}

/// Says what a code means; gives the exit status.
pub fn explain(word: &str, lang: Lang) -> u8 {
    let Some(code) = of(word) else {
        let near = nearest(word, ALL.iter().map(|code| code.code));
        let help = near.map(|near| format!("\n  {}", texts::DID_YOU_MEAN.with(lang, &[("word", &near)])));
        complain(lang, &(texts::NO_CODE.with(lang, &[("word", &word)]) + &help.unwrap_or_default()));
        return UNUSABLE;
    };
    let said = match lang {
        Lang::En => code.en,
        Lang::Ja => code.ja,
    };
    ended(writeln!(io::stdout(), "{}: {said}", code.code), DONE, lang)
}

const fn code(code: &'static str, en: &'static str, ja: &'static str) -> Code {
    Code { code, en, ja }
}

/// Every code, in the order of the alphabet.
pub const ALL: &[Code] = &[
    code(
        "alias",
        "`*` begins an alias of YAML. Rules know none: name a set once under `fields:`, or put the text in quotes.",
        "`*` はYAMLの別名の始まりです。別名は使えません。`fields:` に一度定義するか、引用符で囲んでください。",
    ),
    code(
        "alike",
        "Two names of one sort differ in capital letters alone.",
        "同じ種類の二つの名前が、大文字と小文字だけ違います。",
    ),
    code(
        "always",
        "A condition that asks for nothing; a rule with one still beats all rules without.",
        "何も求めない条件です。それでも、条件のある規則は条件のない規則に優先します。",
    ),
    code(
        "anchor",
        "`&` begins an anchor of YAML. Rules know none: name a set once under `fields:`, or put the text in quotes.",
        "`&` はYAMLのアンカーの始まりです。アンカーは使えません。`fields:` に一度定義するか、引用符で囲んでください。",
    ),
    code(
        "anybody",
        "`from:` takes in every address, so whoever reaches the gateway can say who they are.",
        "`from:` がすべてのアドレスを含むため、誰でも名前を名乗れます。",
    ),
    code(
        "bad-address",
        "An address has a host's number and a port, as `127.0.0.1:8080`.",
        "アドレスは `127.0.0.1:8080` のように、番号とポートで書きます。",
    ),
    code(
        "bad-algorithm",
        "A signature algorithm that is not known or not safe.",
        "署名方式が未対応か、安全ではありません。",
    ),
    code("bad-cookie", "No cookie can have this name.", "この名前のCookieはありえません。"),
    code(
        "bad-door",
        "A log-in or log-out is a method and a path, as `POST /login`.",
        "ログインやログアウトは `POST /login` のように、メソッドとパスで書きます。",
    ),
    code(
        "bad-duration",
        "A duration is a number and its unit, as `30s`, `5m` or `250ms`.",
        "時間の長さは `30s`、`5m`、`250ms` のように書きます。",
    ),
    code(
        "bad-except",
        "`except` takes elements out of an element's text; it stands beside a selector.",
        "`except` は要素の文字列から一部の要素を除くもので、セレクターと並べて書きます。",
    ),
    code("bad-header", "No header with this name comes through.", "この名前のヘッダーは通りません。"),
    code("bad-host", "This is not the name of a server.", "サーバーの名前ではありません。"),
    code("bad-keys", "The provider's keys cannot be read.", "認証基盤の鍵を読めません。"),
    code(
        "bad-name",
        "No source of identity can find somebody with this name.",
        "この名前の利用者は、どの認証元でも見つかりません。",
    ),
    code(
        "bad-network",
        "A network is written as `10.0.0.0/8` or as one address.",
        "ネットワークは `10.0.0.0/8` か、一つのアドレスで書きます。",
    ),
    code(
        "bad-node",
        "`node` stands in every record of the ledger, so it is short and plain.",
        "`node` は台帳の全記録に残るため、短く単純な名前にします。",
    ),
    code(
        "bad-password",
        "users.yaml holds argon2id hashes, never passwords.",
        "users.yaml に書くのはargon2idのハッシュで、パスワードではありません。",
    ),
    code("bad-path", "This is not a path that can be asked for.", "要求できるパスではありません。"),
    code(
        "bad-pem",
        "The file holds no certificate or key in PEM form that can be read.",
        "PEM形式の証明書や鍵として読めません。",
    ),
    code("bad-place", "This is no place where such a value can stand.", "このような値がある場所として使えません。"),
    code(
        "bad-ring",
        "`keys` names one file for the ring and one key-encryption key that wraps it.",
        "`keys` には、鍵束のファイルと、それを包む鍵暗号化鍵を一つずつ書きます。",
    ),
    code(
        "bad-size",
        "A size is a number and its unit, as `64KiB` or `10MiB`.",
        "大きさは `64KiB`、`10MiB` のように書きます。",
    ),
    code(
        "bad-source",
        "Each source of identity is one key with its options.",
        "認証元は一つのキーとその設定で書きます。",
    ),
    code("bad-status", "A status is a number from 100 to 599.", "状態コードは100から599の数です。"),
    code(
        "bad-subject",
        "A person is named as `TYPE:ID`, as `customer:42`.",
        "人は `customer:42` のように `TYPE:ID` と書きます。",
    ),
    code(
        "bad-url",
        "This is not the address of a server that can be reached.",
        "接続できるサーバーのアドレスではありません。",
    ),
    code(
        "bad-user",
        "The place of the name in a log-in is `form.NAME` or a JSONPath.",
        "ログインの名前の位置は `form.名前` かJSONPathで書きます。",
    ),
    code(
        "bad-witness",
        "A witness has an address that begins with `https://`, and an Ed25519 key for cosignatures (NAME+ID+KEY).",
        "証人には `https://` で始まるアドレスと、連署用のEd25519の鍵（NAME+ID+KEY）が要ります。",
    ),
    code(
        "beyond-record",
        "A place that begins as `records` does is sought inside each record, where it is not.",
        "`records` と同じ始まりの場所は、各レコードの中で探されるため見つかりません。",
    ),
    code("body", "A request or an answer has one body.", "リクエストと応答の本文は一つです。"),
    code(
        "cel",
        "A CEL expression that cannot be read, or that asks for what is not there.",
        "CELの式が読めないか、存在しないものを参照しています。",
    ),
    code(
        "codebook",
        "Staff that gets tokens of a `token_domain` may import values of their own choice and see which token each gets.",
        "`token_domain` のトークンを受け取る職員が、好きな値を取り込んで、どの値がどのトークンになるかを調べられます。",
    ),
    code(
        "columns",
        "`columns` says where the request names the columns of rows in JSON.",
        "`columns` は、JSONの行の列名がリクエストのどこにあるかを表します。",
    ),
    code(
        "comment",
        "`#` after a blank begins a comment, and cuts a selector or a path.",
        "空白の後の `#` はコメントになり、セレクターやパスが途中で切れます。",
    ),
    code(
        "conflict",
        "Two places of the rules say different things of one and the same.",
        "規則の二か所で、同じものについて違うことを定めています。",
    ),
    code(
        "copies",
        "A path by which the CRM seems to copy records, and whose resource does not say what is copied.",
        "CRMがレコードを複製するらしいパスですが、何が複製されるかをリソースが述べていません。",
    ),
    code(
        "date",
        "A date is written as `2026-12-31`, a time with its offset.",
        "日付は `2026-12-31`、時刻は時差を付けて書きます。",
    ),
    code("documents", "One file holds one document of YAML.", "一つのファイルに書けるYAML文書は一つです。"),
    code(
        "duplicate-id",
        "Two things of one sort have the same id or name.",
        "同じ種類のものに、同じIDか名前が二つあります。",
    ),
    code(
        "duplicate-key",
        "A key stands twice in one map; YAML would take one of them.",
        "一つの組に同じキーが二度あります。YAMLでは片方だけが残ります。",
    ),
    code("duplicate-site", "Two sites have the same host.", "二つのサイトのホストが同じです。"),
    code("empty", "Something must stand here, and nothing does.", "ここには何かが必要ですが、空です。"),
    code(
        "encoding",
        "The file is not UTF-8: an editor saved it as UTF-16 or Shift_JIS.",
        "ファイルがUTF-8ではありません。UTF-16やShift_JISで保存されています。",
    ),
    code(
        "ended",
        "The end that a rule or an option names has passed, and it is no longer there.",
        "規則や設定の期限が過ぎ、もう効いていません。",
    ),
    code("ends-soon", "A rule or an option ends within 30 days.", "規則や設定が30日以内に終わります。"),
    code(
        "equal",
        "Two rules say the same of the same staff under the same conditions.",
        "二つの規則が、同じ担当者と同じ条件について同じことを定めています。",
    ),
    code(
        "exactly",
        "`exactly: true` says that nothing stands beside the JSON that is named.",
        "`exactly: true` は、書いたJSONのほかに何もないことを表します。",
    ),
    code(
        "exception",
        "With --strict, a rule that shows somebody more says why, who answers for it, and when it ends.",
        "--strict では、例外として多く見せる規則に理由・責任者・期限が必要です。",
    ),
    code(
        "expect",
        "A test expects nothing, so that it cannot fail, or expects something of `staff` without groups in `as`.",
        "テストに期待する内容がなく失敗しようがないか、`staff` のグループが `as` にありません。",
    ),
    code(
        "expired",
        "The certificate has expired; clients refuse it.",
        "証明書の有効期限が切れています。接続は拒否されます。",
    ),
    code("exposed-key", "Others can read the private key.", "秘密鍵を他人が読めます。"),
    code(
        "file",
        "A file of a test lies beside its rule file or in a folder below it.",
        "テストで使うファイルは、規則ファイルと同じフォルダかその下に置きます。",
    ),
    code(
        "filter",
        "Of JSONPath's filters `[?@.name=='phone']` is known: one member, `==`, a text or whole number; in `fields` alone.",
        "JSONPathの絞り込みは `[?@.name=='phone']` の形だけ、`fields` の中でだけ使えます。",
    ),
    code("for", "`for` names roles, staff, or `all` alone.", "`for` には役割か担当者、または `all` だけを書きます。"),
    code(
        "groups",
        "A log-in tells names and no groups; a file gives them.",
        "ログインでわかるのは名前だけです。グループはファイルで与えます。",
    ),
    code(
        "half-a-login",
        "A log-in needs all of its parts to be recognised.",
        "ログインの見分けに必要な設定が足りません。",
    ),
    code("header-name", "This is not the name of a header.", "ヘッダーの名前ではありません。"),
    code(
        "header-value",
        "A header cannot say this, or browsers would read it as something else.",
        "ヘッダーの値として書けないか、ブラウザーが別の意味に読む値です。",
    ),
    code(
        "host-bits",
        "The address of a network says more than its length lets through, so more addresses are meant than it looks like.",
        "ネットワークのアドレスがプレフィックス長より細かく書かれています。見た目より広い範囲を指します。",
    ),
    code(
        "hours",
        "Hours are days, a span and a time zone, as `Mon-Fri 08:00-20:00 Asia/Tokyo`.",
        "時間帯は `Mon-Fri 08:00-20:00 Asia/Tokyo` のように、曜日・時刻・タイムゾーンで書きます。",
    ),
    code(
        "incomparable",
        "Two options for the same staff of which neither hides all that the other hides.",
        "同じ担当者に当てはまる二つの設定の、どちらが厳しいか決められません。",
    ),
    code("key", "A key is a text.", "キーは文字列です。"),
    code("label", "A label alone must mean one kind, and only that.", "見出しは、一つの種別だけを表す必要があります。"),
    code(
        "literal",
        "A text that looks like a pattern, a list or an expression, and is compared letter by letter.",
        "パターンや一覧、式のように見えますが、文字どおりに比べられます。",
    ),
    code("login-method", "A log-in is a request that sends something.", "ログインは、何かを送るリクエストです。"),
    code(
        "mandatory",
        "A mandatory rule is a ceiling for all or for one staff; it hides, and it does not end.",
        "mandatory の規則は全員か一人の上限です。隠すものであり、期限はありません。",
    ),
    code(
        "match",
        "`match` names a method and a path, as `GET /customers/{id}`.",
        "`match` は `GET /customers/{id}` のように、メソッドとパスで書きます。",
    ),
    code(
        "merge",
        "`<<` is a merge of YAML. Rules know none: name a set once under `fields:`.",
        "`<<` はYAMLのマージです。使えません。`fields:` に一度定義してください。",
    ),
    code("method", "This is no method of HTTP that rules know.", "規則で使えるHTTPのメソッドではありません。"),
    code("missing-key", "A key that must be there is not.", "必要なキーがありません。"),
    code("more", "There are more faults than are told.", "表示できる数を超える誤りがあります。"),
    code("name", "A name holds characters that it cannot have.", "名前に使えない文字があります。"),
    code(
        "narrow",
        "The CRM's column takes shorter values than the kind has, once each is a token.",
        "CRMの列が短く、トークンにすると長い値が入りません。",
    ),
    code(
        "network",
        "A network in a condition is written as `10.0.0.0/8` or as one address.",
        "条件のネットワークは `10.0.0.0/8` か、一つのアドレスで書きます。",
    ),
    code(
        "never",
        "A rule, or what it says of a kind, can never apply: another beats it wherever it holds.",
        "規則、またはその一部が決して効きません。常に別の規則が優先されます。",
    ),
    code(
        "never-asked",
        "A source of identity behind one that recognises everybody is never asked.",
        "全員を認める認証元の後にあるため、使われません。",
    ),
    code("no-authorities", "The file holds no certificate of an authority.", "ファイルに認証局の証明書がありません。"),
    code(
        "no-client-ca",
        "No `client_ca`: without a listener that asks for certificates `mtls` finds nobody, and `client_crl` takes back nothing.",
        "`client_ca` がありません。証明書を求める待ち受けがなければ `mtls` では誰も認められず、`client_crl` が取り消すものもありません。",
    ),
    code("no-environment", "A variable of the environment is not set.", "環境変数が設定されていません。"),
    code(
        "no-file",
        "A file that is named is not there, or cannot be read.",
        "指定されたファイルがないか、読めません。",
    ),
    code("no-group", "A role without groups, which nobody can have.", "グループのない役割は、誰にも与えられません。"),
    code("no-location", "A redirect is recognised by where it leads.", "転送は、その行き先で見分けます。"),
    code(
        "no-proof",
        "Nothing tells a log-in that worked from one that failed.",
        "ログインの成否を見分ける手がかりがありません。",
    ),
    code(
        "no-proxy",
        "The PROXY protocol is believed of `trusted_proxies` alone, and there are none.",
        "PROXYプロトコルは `trusted_proxies` からだけ信用しますが、指定がありません。",
    ),
    code("no-tls", "Something needs TLS where none is spoken.", "TLSが必要ですが、使われていません。"),
    code(
        "no-way",
        "A session needs a log-in or `whoami` to learn whose it is.",
        "セッションの持ち主を知るには、ログインか `whoami` が必要です。",
    ),
    code(
        "no-way-in",
        "Nobody could enter the console, which knows staff by `basic`, `header` and `jwt` alone.",
        "コンソールに入れる人がいません。使える認証元は `basic`、`header`、`jwt` だけです。",
    ),
    code(
        "nobody",
        "A role, or a rule, for which no source of identity knows anybody.",
        "役割や規則に当てはまる人が、どの認証元にもいません。",
    ),
    code("number", "A whole number must stand here.", "ここには整数を書きます。"),
    code(
        "open-console",
        "The console would be open too far: to other machines, or to a group of `anonymous`.",
        "コンソールが開かれすぎています。ほかのPCからも届くか、`anonymous` のグループが入れます。",
    ),
    code(
        "open-keys",
        "Keys are fetched over HTTPS, or from this machine.",
        "鍵の取得は、HTTPSかこのPCの中に限ります。",
    ),
    code(
        "open-log-in",
        "Passwords or sessions of staff would cross the network without TLS, where others can read them.",
        "担当者のパスワードやセッションが、TLSなしでネットワークを流れます。",
    ),
    code(
        "open-metrics",
        "Whoever reaches this machine could read the metrics.",
        "このPCに接続できる人なら誰でも、メトリクスを読めます。",
    ),
    code("option", "An action has an option that the kind does not know.", "この種別では使えない処理の設定です。"),
    code("other-key", "The key does not belong to the certificate.", "証明書と鍵の組み合わせが違います。"),
    code(
        "pass",
        "`pass` is for one resource and has an end; it never stands for all.",
        "`pass` は一つのリソースに期限付きで書くもので、全体には使えません。",
    ),
    code(
        "passes-unread",
        "A resource passes bodies that nobody can read: whatever they hold reaches staff, or the CRM.",
        "読み取れない本文をそのまま通すリソースです。中身は隠されず、担当者またはCRMに届きます。",
    ),
    code(
        "path",
        "This is no template of a path, as `/customers/{id}`.",
        "`/customers/{id}` のようなパスの形になっていません。",
    ),
    code(
        "pattern",
        "A regular expression that cannot be read, or that is too large.",
        "正規表現が読めないか、大きすぎます。",
    ),
    code(
        "place",
        "A place is a name, a JSONPath, an XML path or `css:` with a selector.",
        "場所は、名前・JSONPath・XMLパス・`css:` とセレクターのどれかで書きます。",
    ),
    code(
        "proxy-network",
        "A condition on a network in which trusted proxies are: they are believed about where staff comes from.",
        "信用するプロキシを含むネットワークの条件です。接続元はプロキシの申告で決まります。",
    ),
    code("purpose", "A purpose is a short and plain word.", "目的は、短く単純な語で書きます。"),
    code(
        "record",
        "`record` of a test is what a write is compared with; a request that reads has none.",
        "テストの `record` は書き込みと比べるレコードで、読むだけのリクエストにはありません。",
    ),
    code(
        "request",
        "A test's request is a method and a path, as `GET /customers/42`.",
        "テストのリクエストは `GET /customers/42` のように書きます。",
    ),
    code("reserved", "A word of a later version.", "今後の版のための予約語です。"),
    code(
        "same-request",
        "Two resources match the same request, both say whose data it shows, and neither is closer.",
        "二つのリソースが同じリクエストに一致し、どちらも顧客を指定しています。",
    ),
    code(
        "selector",
        "A CSS selector that cannot be read, or not be followed in a stream.",
        "CSSセレクターが読めないか、逐次処理でたどれません。",
    ),
    code("self-target", "The CRM's address is the gateway's own.", "CRMのアドレスがゲートウェイ自身を指しています。"),
    code(
        "sorted",
        "The order in which the CRM lists records by itself tells staff which value of a veiled kind is greater.",
        "CRMがみずから並べる順序から、伏せた種別のどの値が大きいかが職員にわかります。",
    ),
    code("status", "A status is a number from 100 to 599.", "状態コードは100から599の数です。"),
    code("store", "What the CRM cannot hold as a token, or not so.", "CRMにトークンとして保存できない指定です。"),
    code("subject", "What a resource says of its subject cannot be.", "リソースの subject の指定が成り立ちません。"),
    code(
        "subject-word",
        "A closer path is matched by a wider one too, which takes a word of it for a subject's id.",
        "個別のパスが広いパスにも一致し、その一部が顧客のIDとして扱われます。",
    ),
    code("tab", "A tab cannot indent in YAML.", "YAMLでは、タブで字下げできません。"),
    code(
        "tag",
        "`!` begins a tag of YAML. Rules know none, since every value is text.",
        "`!` はYAMLのタグの始まりです。値はすべて文字列なので、タグは使えません。",
    ),
    code("taken", "A name that has a meaning of its own.", "特別な意味を持つ名前です。"),
    code("too-deep", "Lists and maps are nested too deep.", "一覧や組の入れ子が深すぎます。"),
    code("too-large", "A file is too long, or holds too many values.", "ファイルが大きすぎるか、値が多すぎます。"),
    code("too-long", "A duration is longer than is safe.", "時間が長すぎて安全ではありません。"),
    code("too-many", "There are more of these than a policy may have.", "方針に書ける数を超えています。"),
    code("too-short", "A duration is shorter than the other side can bear.", "時間が短すぎて相手に負担がかかります。"),
    code("twice", "A rule names the same thing twice.", "一つの規則が同じものを二度定めています。"),
    code(
        "two-files",
        "Two files give one role different groups; the groups of both count.",
        "二つのファイルが一つの役割に別々のグループを与えています。両方のグループが数えられます。",
    ),
    code(
        "two-records",
        "Two resources that match together cut the answer into different records: the request is refused.",
        "同時に一致するリソースのレコードの分け方が違うため、リクエストは拒否されます。",
    ),
    code("two-sessions", "A CRM has one log-in.", "CRMのログインは一つです。"),
    code(
        "two-upstreams",
        "There is one `upstream`, or there are `sites`.",
        "書けるのは `upstream` か `sites` のどちらかです。",
    ),
    code(
        "type",
        "A map, a list or a text stands where another must.",
        "組・一覧・文字列のうち、ここに書くべきものではありません。",
    ),
    code(
        "typographic-quote",
        "A typographic quote is a letter to YAML.",
        "飾り引用符は、YAMLでは文字として扱われます。",
    ),
    code(
        "undone",
        "A rule with a condition shows what a rule without one hides, and does not say `why`.",
        "条件のある規則が、条件のない規則の隠すものを見せています。`why` がありません。",
    ),
    code(
        "unfound",
        "Nothing finds a kind: no field names it, and it has neither label nor pattern.",
        "種別を見つける手段がありません。項目にも、見出しにも、パターンにもありません。",
    ),
    code(
        "unknown-attribute",
        "No resource says where this attribute stands.",
        "この属性の場所を定めたリソースがありません。",
    ),
    code("unknown-fields", "No set of fields has this name.", "この名前の項目セットはありません。"),
    code("unknown-key", "No such key is known here.", "ここで使えるキーではありません。"),
    code(
        "unknown-kind",
        "No kind, and where one may stand no category, has this name.",
        "この名前の種別（場所によっては区分）はありません。",
    ),
    code("unknown-pack", "No pack of rules with this name is shipped.", "この名前の付属規則はありません。"),
    code("unknown-purpose", "gateway.yaml does not list this purpose.", "gateway.yaml の目的の一覧にありません。"),
    code("unknown-resource", "No resource has this id.", "このIDのリソースはありません。"),
    code("unknown-role", "No role has this name.", "この名前の役割はありません。"),
    code("unknown-source", "No source of identity has this name.", "この名前の認証元はありません。"),
    code("unknown-word", "One of a few words must stand here.", "ここには決まった語のどれかを書きます。"),
    code(
        "unquoted-path",
        "`[`, `]`, `{`, `}` and `,` end a text inside braces and brackets: put the path in quotes.",
        "かっこの中では `[`、`]`、`{`、`}`、`,` が文字列を終わらせます。パスを引用符で囲んでください。",
    ),
    code(
        "unread-folder",
        "A folder of rules holds another with rule files, which are not read: name it under `rules:` too.",
        "規則フォルダの中のフォルダにある規則ファイルは読み込みません。`rules:` にそのフォルダも書いてください。",
    ),
    code("unreadable", "A file cannot be read.", "ファイルを読めません。"),
    code(
        "unremembered",
        "A write goes home by what is remembered of records that no resource remembers.",
        "どのリソースも覚えていないレコードの記憶を頼りに、書き込みを元の値に戻そうとしています。",
    ),
    code(
        "until",
        "`until` belongs to what shows more for a while, and there it must be.",
        "`until` は、一時的に多く見せるものに必要で、ほかには書けません。",
    ),
    code(
        "unused",
        "No resource uses this set of fields, so its places count nowhere.",
        "この項目セットを使うリソースがないため、その場所はどこにも効きません。",
    ),
    code(
        "unveiled",
        "What a reveal rule gives is veiled from nobody whom it is for.",
        "開示の規則にある種別は、対象の職員に初めから見えています。",
    ),
    code("value", "A value of a test cannot be read.", "テストの値を読めません。"),
    code("version", "The file is of another version of this format.", "ファイルの形式の版が違います。"),
    code(
        "wide",
        "A switch that stops detectors and labels covers all pages or all of an answer.",
        "検出器と見出しを止める指定が、すべてのページか応答全体に及んでいます。",
    ),
    code("wide-blank", "An ideographic blank is a letter to YAML.", "全角空白は、YAMLでは文字として扱われます。"),
    code("wide-colon", "A full-width colon is a letter to YAML.", "全角コロンは、YAMLでは文字として扱われます。"),
    code("yaml", "This is no YAML.", "YAMLとして読めません。"),
    code("zero", "Nothing at all would be let through.", "0 では何も通りません。"),
];
