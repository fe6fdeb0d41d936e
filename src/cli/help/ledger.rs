//! The pages of `sudare ledger` and its commands, but for its reports.

use crate::cli::help::pages::{DONE, Page, UNUSABLE, both};

pub(super) const PAGES: &[Page] = &[
    Page {
        path: "ledger",
        ja: "台帳を検査し、誰が誰の情報を見たかを調べ、報告書を作る",
        options: &[
            ("config", "ゲートウェイの設定（状態フォルダと鍵の場所）"),
            ("state", "`ledger/` と `ledger.pub` のある状態フォルダ［既定: state］"),
            ("format", "結果の書き方（`html` は報告書だけ）"),
        ],
        examples: &[
            (
                "sudare ledger verify",
                both("whether any line was changed, dropped or moved", "書き換えや欠落がないか検査する"),
            ),
            (
                "sudare ledger query --staff tanaka --from 2026-11-01",
                both("what tanaka saw this month", "tanaka が今月見たもの"),
            ),
        ],
        status: &[("0", DONE), ("1", both("the ledger is broken", "台帳が壊れている")), UNUSABLE],
        files: &[
            ("state/ledger/", both("the records and their checkpoints", "記録とチェックポイント")),
            ("state/ledger.pub", both("the public key that they are checked with", "検査に使う公開鍵")),
        ],
    },
    Page {
        path: "ledger verify",
        ja: "すべての行とチェックポイントを検査する",
        options: &[
            ("checkpoint", "別の場所に保管したチェックポイントとも照合する"),
            (
                "witness",
                "証人の鍵、またはそのファイル。証人が署名したはずのチェックポイント（`--checkpoint`、なければゲートウェイの保管分）とも照合する",
            ),
            ("proof", "台帳の代わりに、この証明を検査する。`-` なら標準入力から読む"),
            ("key", "公開鍵［既定: 状態フォルダの ledger.pub］"),
        ],
        examples: &[
            (
                "sudare ledger verify --state /var/lib/sudare",
                both("the folder and the public key are enough", "フォルダと公開鍵だけで検査できる"),
            ),
            (
                "sudare ledger verify --checkpoint kept.txt",
                both("shows a tail that was cut off as well", "末尾の切り落としも見つける"),
            ),
        ],
        status: &[
            ("0", both("every record is the one that was written", "すべての記録が書かれたままである")),
            ("1", both("a record was changed, dropped, reordered or cut", "記録の書き換え・欠落・入れ替えがある")),
            UNUSABLE,
        ],
        files: &[],
    },
    Page {
        path: "ledger export",
        ja: "木のハッシュを C2SP の tlog-tiles の形で書き出す（ほかの道具のため）",
        options: &[
            ("tiles", "タイルを置くフォルダ。すでにある書き出しには追記する"),
            ("cosigned", "最新のものではなく、証人が最後に署名したチェックポイントで書き出す"),
            ("key", "公開鍵［既定: 状態フォルダの ledger.pub］"),
        ],
        examples: &[
            (
                "sudare ledger export --tiles /srv/tlog",
                both("the whole tree; the next run adds to it", "木の全体。次回は追記する"),
            ),
            (
                "sudare ledger export --tiles /srv/tlog --cosigned",
                both("no further than the witness has signed", "証人が署名したところまで"),
            ),
        ],
        status: &[("0", both("written", "書き出した")), UNUSABLE],
        files: &[],
    },
    Page {
        path: "ledger prove",
        ja: "記録や以前のチェックポイントが台帳にあることの証明を書き出す",
        options: &[
            ("record", "記録の番号（`seq`）"),
            ("consistency", "B 件（省略時は最新）のチェックポイントが、A 件のものに追記しただけであること"),
            ("checkpoint", "このファイルの最後のチェックポイントで証明する（別の場所に保管したものなど）"),
            ("key", "公開鍵［既定: 状態フォルダの ledger.pub］"),
        ],
        examples: &[
            (
                "sudare ledger prove 4711 >4711.tlog-proof",
                both("one record, for somebody who does not get the ledger", "台帳を渡さずに、1件の記録を証明する"),
            ),
            (
                "sudare ledger verify --proof 4711.tlog-proof --key ledger.pub",
                both("what they run: no ledger is needed", "受け取った側の検査。台帳は要らない"),
            ),
            (
                "sudare ledger prove --consistency 1000 2000",
                both("that nothing before was changed", "以前の記録が変わっていないことの証明"),
            ),
        ],
        status: &[("0", both("printed", "書き出した")), UNUSABLE],
        files: &[],
    },
    Page {
        path: "ledger index",
        ja: "閉じたセグメントのハッシュと索引を作り、1時間たったものを圧縮する（ゲートウェイは毎分行う）",
        options: &[],
        examples: &[(
            "sudare ledger index --state /var/lib/sudare",
            both("after a restore from a backup, say", "バックアップから戻した後など"),
        )],
        status: &[("0", both("done, or nothing to do", "完了、または処理するものがない")), UNUSABLE],
        files: &[("state/ledger/tree/", both("the hashes", "ハッシュ"))],
    },
    Page {
        path: "ledger retain",
        ja: "保存期間の満了した閉じたセグメントを削除し、ハッシュを残す。`--delete` がなければ対象を示すだけ",
        options: &[("delete", "削除する。なければ何も変えない")],
        examples: &[
            (
                "sudare ledger retain",
                both("what would go, and why the rest stays", "何が削除の対象か、残りがなぜ残るか"),
            ),
            (
                "sudare ledger retain --delete",
                both("let it go; the ledger keeps who did it", "削除する。誰が行ったかは台帳に残る"),
            ),
        ],
        status: &[("0", both("done, or nothing to do", "完了、または処理するものがない")), UNUSABLE],
        files: &[("state/ledger/deleted", both("what was deleted, signed", "削除したもの。署名付き"))],
    },
    Page {
        path: "ledger torture",
        ja: "負荷中のプロセスを繰り返し強制終了し、台帳に欠落がないか調べる",
        options: &[
            ("dir", "ゲートウェイが使うディスク上の、空または新しいフォルダ。異常がなければ最後に削除する"),
            ("kills", "強制終了の回数"),
            ("seed", "強制終了の時点を決める数"),
        ],
        examples: &[(
            "sudare ledger torture --dir /var/lib/sudare/torture",
            both("before that disk is trusted", "そのディスクを使い始める前に"),
        )],
        status: &[
            ("0", both("all that was disclosed is in the ledger", "開示はすべて台帳にある")),
            ("1", both("something is missing, or the ledger is broken", "欠落がある、または台帳が壊れている")),
            UNUSABLE,
        ],
        files: &[],
    },
    Page {
        path: "ledger query",
        ja: "条件に合う記録を表示する",
        options: &[
            ("staff", "担当者（`tanaka`、認証元まで絞るなら `basic:tanaka`）"),
            ("subject", "顧客（`customer:42`、種類を問わないなら `42`）。種類を書けば鍵付きハッシュのIDも探す"),
            ("kind", "開示された種別"),
            ("category", "開示された種別の区分（contact、government_id など）"),
            ("action", "開示のしかた（show、mask など）"),
            ("event", "事象（view、search、export、write、refused など）"),
            ("resource", "リソース"),
            ("purpose", "目的（宣言した語）"),
            ("outcome", "結果（released、refused など）"),
            ("request", "`Sudare-Request` にあるID"),
            ("from", "この日時から（2026-11-22、2026-11-22T09:00 など）"),
            ("to", "この日まで（その日を含む）、またはこの時刻の前まで"),
            ("scan", "閉じたセグメントの索引を使わず、すべての行を読む"),
        ],
        examples: &[
            (
                "sudare ledger query --subject customer:42",
                both("who saw what of customer 42", "顧客42の何を誰が見たか"),
            ),
            (
                "sudare ledger query --subject customer:taro@example.jp -c gateway.yaml",
                both("an id that the ledger holds as a keyed hash", "鍵付きハッシュで残るIDを探す"),
            ),
            (
                "sudare ledger query --category government_id --action show",
                both("government numbers that left in clear", "そのまま開示された公的番号"),
            ),
            (
                "sudare ledger query --from 2026-11-01 --to 2026-11-30 --format json",
                both("a month, as it stands in the ledger", "1か月分を台帳のまま出力する"),
            ),
        ],
        status: &[("0", both("read, whether or not anything matched", "検索できた（該当がなくても）")), UNUSABLE],
        files: &[],
    },
];
