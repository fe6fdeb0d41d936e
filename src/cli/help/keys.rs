//! The pages of `sudare keys`.

use crate::cli::help::pages::{DONE, GATEWAY, Page, UNUSABLE, both};
use crate::cli::say::Text;

const STATUS: &[(&str, Text)] =
    &[("0", DONE), ("1", both("what was asked for cannot be done", "求められたことができない")), UNUSABLE];
/// Every page of the key ring's commands.
pub(super) const PAGES: &[Page] = &[
    Page {
        path: "keys",
        ja: "鍵束を管理する（一覧、版の追加と破棄、書き出しと取り込み）",
        options: &[
            ("config", "ゲートウェイの設定（鍵束と、それを包む鍵の場所）"),
            ("state", "鍵束のある状態フォルダ［既定: state］"),
            ("format", "結果の書き方"),
        ],
        examples: &[
            ("sudare keys list", both("the versions of the keys, and what they do", "鍵の版と役割を一覧する")),
            ("sudare keys rotate", both("a new version; a running gateway takes it at once", "新しい版を使い始める")),
        ],
        status: STATUS,
        files: &[
            GATEWAY,
            ("state/keys", both("the key ring (0600)", "鍵束（0600）")),
            ("state/keys.kek", both("the key-encryption key that wraps it (0600)", "鍵束を包む鍵暗号化鍵（0600）")),
        ],
    },
    Page {
        path: "keys list",
        ja: "すべての版の状態、暗号化した回数、発行の対象を表示する",
        options: &[],
        examples: &[
            (
                "sudare keys list -c /etc/sudare/gateway.yaml",
                both("the ring of that gateway", "そのゲートウェイの鍵束を見る"),
            ),
            (
                "sudare keys list --format json | jq .encryptions",
                both("for a program, a version a line", "プログラムで読む（1行に1版）"),
            ),
        ],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "keys rotate",
        ja: "新しい版を作って発行に使う（古いトークンは開けるまま）",
        options: &[
            ("domain", "このトークンドメインを最新の版に移す（トークンが変わる）"),
            ("own", "`--domain` ごとに専用の版を作る（`shred` で破棄できる）"),
            ("all_domains", "`sudare.stored` を除くすべての共有ドメインを移す"),
            ("new_kek", "版は作らず、鍵束をこの鍵暗号化鍵で包み直す"),
        ],
        examples: &[
            ("sudare keys rotate", both("shared domains stay as they are", "共有ドメインのトークンは変わらない")),
            (
                "sudare keys rotate --domain analytics",
                both("a declared break for this domain", "このドメインのトークンだけを変える"),
            ),
            (
                "sudare keys rotate --domain agency --own",
                both("a key of its own, which `shred` can destroy", "後で破棄できる専用の鍵を使う"),
            ),
            (
                "sudare keys rotate --new-kek file:/etc/sudare/kek",
                both("the same keys, wrapped otherwise", "鍵はそのままで、包む鍵を替える"),
            ),
        ],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "keys retire",
        ja: "古い版の鍵を破棄する（その版で封じたものは開けなくなる）",
        options: &[
            ("number", "版"),
            ("stored_migrated", "CRMはこの版のトークン（`store:`）を持たない、または移し終えた"),
        ],
        examples: &[(
            "sudare keys retire 1 --stored-migrated",
            both("the gateway must not run meanwhile", "ゲートウェイを止めて実行する"),
        )],
        status: &[("0", DONE), ("1", both("something needs the version", "その版を必要とするものがある")), UNUSABLE],
        files: &[],
    },
    Page {
        path: "keys shred",
        ja: "ドメインまたは顧客のトークンを終わらせる（元に戻せない）",
        options: &[("domain", "トークンドメイン"), ("subject", "顧客など。種類とCRMでのID（例 `customer:42`）")],
        examples: &[
            (
                "sudare keys shred --domain agency",
                both("destroys the keys that are this domain's alone", "このドメイン専用の鍵を破棄する"),
            ),
            (
                "sudare keys shred --subject customer:42",
                both("the gateway must not run meanwhile", "ゲートウェイを止めて実行する"),
            ),
        ],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "keys export",
        ja: "鍵束をパスフレーズで封じてファイルに書き出す",
        options: &[
            ("out", "書き出すファイル（すでにあれば書かない）"),
            ("passphrase_file", "パスフレーズのファイル。`-` なら標準入力"),
        ],
        examples: &[(
            "sudare keys export --out keys.export --passphrase-file -",
            both("the passphrase is the first line of the input", "パスフレーズは入力の1行目"),
        )],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "keys import",
        ja: "書き出した鍵束を取り込んで使う",
        options: &[
            ("file", "書き出した鍵束"),
            ("passphrase_file", "パスフレーズのファイル。`-` なら標準入力"),
            ("replace", "今ある鍵が欠けていても取り込む"),
        ],
        examples: &[(
            "sudare keys import keys.export --passphrase-file pass.txt",
            both("refused where it lacks keys that are here", "今ある鍵が欠けていれば取り込まない"),
        )],
        status: &[
            ("0", DONE),
            ("1", both("it lacks keys that the ring here has", "今の鍵束にある鍵が欠けている")),
            UNUSABLE,
        ],
        files: &[],
    },
];
