//! The pages of `sudare ledger report`.

use crate::cli::help::pages::{Page, UNUSABLE, both};
use crate::cli::say::Text;

const STATUS: &[(&str, Text)] =
    &[("0", both("written, whether or not anything matched", "作成できた（該当がなくても）")), UNUSABLE];
const FROM: (&str, &str) = ("from", "この日時から");
const TO: (&str, &str) = ("to", "この日まで（その日を含む）、またはこの時刻の前まで");
const NAMES: (&str, &str) = ("staff_names", "担当者を番号ではなくIDで示す");

/// Every page of the reports.
pub(super) const PAGES: &[Page] = &[
    Page {
        path: "ledger report",
        ja: "台帳から報告書を作る（本人への開示、漏えいの調査、点検など）",
        options: &[("by", "報告書に載せる作成者［既定: ログイン名］")],
        examples: &[
            (
                "sudare ledger report subject customer:42",
                both("what went out about customer 42", "顧客42について渡ったもの"),
            ),
            (
                "sudare ledger report access-review --format html > review.html",
                both("last month's review, to print", "先月の点検を印刷用に書き出す"),
            ),
            (
                "sudare ledger report breach --staff tanaka --from 2026-11-01 --format json",
                both("an incident, for a program", "漏えいの調査をプログラムで読む"),
            ),
        ],
        status: STATUS,
        files: &[
            ("state/ledger/", both("the records; who read is put down here", "記録。読んだこともここに書き留める")),
            ("./gateway.yaml", both("for kinds, roles and keyed ids", "種別、役割、鍵付きIDのために読む")),
        ],
    },
    Page {
        path: "ledger report subject",
        ja: "一人の本人について渡ったもの（いつ、誰に、何を、何のために）",
        options: &[("subject", "本人（`customer:42`）"), FROM, TO, NAMES],
        examples: &[
            (
                "sudare ledger report subject customer:42 --format html > customer-42.html",
                both("a page to hand over", "本人に渡すページを書き出す"),
            ),
            (
                "sudare ledger report subject customer:taro@example.jp -c gateway.yaml",
                both("an id that the ledger holds as a keyed hash", "鍵付きハッシュで残るIDを探す"),
            ),
        ],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "ledger report breach",
        ja: "漏えい等の調査（誰の何が渡ったか、報告が必要か、いつまでか）",
        options: &[
            ("staff", "この担当者に渡ったもの（`tanaka`、`basic:tanaka`）"),
            ("resource", "このリソースで渡ったもの"),
            ("request", "このIDのリクエストで渡ったもの"),
            ("subject", "この本人について渡ったもの"),
            FROM,
            TO,
            ("known", "事態を知った日時。ここから期限を数える"),
            ("persons", "本人の一覧も示す（通知のため）"),
        ],
        examples: &[
            (
                "sudare ledger report breach --staff tanaka --from 2026-11-01 --to 2026-11-20",
                both("what tanaka got in these days", "この期間に tanaka に渡ったもの"),
            ),
            (
                "sudare ledger report breach --resource export --known 2026-11-23T09:00",
                both("with the deadlines since then", "その時刻からの期限も示す"),
            ),
        ],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "ledger report access-review",
        ja: "月ごとの点検（誰がどれだけ見たか、目立つ担当者、使われない役割）",
        options: &[
            ("month", "月（2026-11）［既定: 先月］"),
            ("times", "同じ役割のほかの担当者の中央値の何倍を超えたら目立つとするか"),
            ("at_least", "かつ、何人以上を見たら目立つとするか"),
        ],
        examples: &[
            ("sudare ledger report access-review", both("the last whole month", "先月の点検")),
            (
                "sudare ledger report access-review --month 2026-10 --times 5",
                both("another month and another rule", "別の月を、別の基準で点検する"),
            ),
        ],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "ledger report accounting",
        ja: "一人の本人の6年分の開示の明細（同じ内容の繰り返しはまとめる）",
        options: &[("subject", "本人（`patient:42`）"), NAMES],
        examples: &[(
            "sudare ledger report accounting patient:42 --staff-names --format html > accounting.html",
            both("an accounting under 45 CFR 164.528", "45 CFR 164.528 の明細を書き出す"),
        )],
        status: STATUS,
        files: &[],
    },
    Page {
        path: "ledger report processing",
        ja: "個人データの取扱いの記録（規則と台帳から）",
        options: &[FROM, TO],
        examples: &[(
            "sudare ledger report processing -c gateway.yaml --from 2026-01-01",
            both("a record of processing of this year", "今年の取扱いの記録"),
        )],
        status: STATUS,
        files: &[],
    },
];
