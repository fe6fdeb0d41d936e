//! What reports say, in both languages: sentences, and the program's words as people know them.

use crate::cli::say::Text;
use crate::cli::say::texts::texts;

const fn both(en: &'static str, ja: &'static str) -> Text {
    Text { en, ja }
}

texts! {
    // Every report.
    COMMA: ", ", "、";
    YES: "yes", "はい";
    NO: "no", "いいえ";
    NOBODY: "(not recognised)", "（認証なし）";
    STAFF_NUMBER: "staff {n}", "担当者{n}";
    AT_LEAST: "at least {n}", "{n} 以上";
    PERIOD: "Period", "対象期間";
    PERIOD_ALL: "all that the ledger holds", "台帳にあるすべての期間";
    PERIOD_FROM: "from {from}", "{from} から";
    PERIOD_TO: "until before {to}", "{to} の前まで";
    PERIOD_BOTH: "{from} until before {to}", "{from} から {to} の前まで";
    MADE: "Made", "作成日時";
    MADE_BY: "Made by", "作成者";
    LEDGER: "Records", "対象の記録";
    LEDGER_NONE: "none", "なし";
    LEDGER_SPAN: "{n}, from number {first} to number {last}", "{n} 件（記録番号 {first}〜{last}）";
    CHECKPOINT: "Last checkpoint", "最後の署名（チェックポイント）";
    CHECKPOINT_COVERS: "{time}, over records 1 to {seq}: it covers all of them", "{time}（記録番号 1〜{seq}）。対象の記録をすべて含みます";
    CHECKPOINT_BEFORE: "{time}, over records 1 to {seq}: the next one covers those after it",
        "{time}（記録番号 1〜{seq}）。これより後の記録は次の署名に含まれます";
    CHECKPOINT_NONE: "none could be read", "確認できる署名がありません";
    CHECKED_BY: "Whether a line of the ledger was changed or is missing is not shown here; `sudare ledger verify` shows it.",
        "台帳の改ざんや欠落は、この報告書では検査していません。`sudare ledger verify` で検査できます。";
    UNREADABLE: "{n} lines of the ledger could not be read, the first at {place}: this report may lack disclosures. Run `sudare ledger verify`.",
        "台帳の {n} 行を読めませんでした（最初は {place}）。この報告書から漏れている開示があるかもしれません。`sudare ledger verify` を実行してください。";
    NO_RULES: "The rules could not be read: kinds and roles that they add are not known here. Name gateway.yaml with `-c`.",
        "規則を読めないため、規則が定める種別と役割が分かりません。gateway.yaml を `-c` で指定してください。";
    KEYLESS: "Ids that the ledger holds as keyed hashes were not looked for: {why}",
        "鍵付きハッシュで残るIDは検索していません: {why}";
    MORE_PERSONS: "There are more people or names than can be told apart in one report: such numbers are told as \"at least\". Take a shorter period.",
        "一つの報告書で区別できる人数または名前の数を超えたため、「以上」と示しています。期間を短くしてください。";
    ABOUT: "About", "対象";
    NOTHING_OUT: "No disclosure is recorded.", "開示の記録はありません。";
    NOBODY_FOUND: "Nothing in the ledger is about {subject}. The type is a word of the rules, the id is written as the CRM writes it.",
        "{subject} についての記録は台帳にありません。種類は規則にある語、IDはCRMでの書き方で指定します。";
    NOTHING_FOUND: "No record matches {about}: a name that is written otherwise in the ledger gives the same report.",
        "{about} に該当する記録はありません。台帳と違う書き方で指定した場合も、この結果になります。";
    NOTES: "How to read this", "この報告書の読み方";

    // Columns.
    TIME: "TIME", "日時";
    FIRST: "FIRST", "最初";
    LAST: "LAST", "最後";
    COUNT: "COUNT", "回数";
    COUNT_OF: "NUMBER", "数";
    WHICH_REPORT: "REPORT", "報告";
    STAFF: "STAFF", "担当者";
    ROLES: "ROLES", "役割";
    ROLE: "ROLE", "役割";
    GROUPS: "GROUPS", "グループ";
    EVENT: "EVENT", "操作";
    RESOURCE: "RESOURCE", "画面（リソース）";
    PURPOSE: "PURPOSE", "利用目的";
    WHAT: "WHAT, AND HOW", "項目と見せ方";
    RECORD: "RECORD", "記録番号";
    CATEGORY: "CATEGORY", "区分";
    ITEM: "ITEM", "項目";
    VALUES: "VALUES", "渡し方と値の数";
    PERSONS: "PERSONS", "人数";
    READABLE: "READABLE", "読める形";
    VEILED: "VEILED ONLY", "伏せた形のみ";
    PERSONS_READABLE: "PERSONS, READABLE", "人数（読める形）";
    PERSONS_VEILED: "PERSONS, VEILED ONLY", "人数（伏せた形のみ）";
    RECORDS: "RECORDS", "記録数";
    EXPORTS: "EXPORTS", "出力";
    REVEALS: "REVEALS", "個別開示";
    REFUSED: "REFUSED", "拒否";
    REASON: "REASON", "理由";
    MEDIAN: "MEDIAN OF OTHERS", "他の担当者の中央値";
    CONSPICUOUS: "CONSPICUOUS", "要確認";
    TYPE: "TYPE", "種類";
    PROVIDED: "IN THE RULES", "規則にある";
    ID: "ID", "顧客ID";

    // subject
    SUBJECT_TITLE: "What went out about {subject}", "{subject} に関する開示の記録";
    SUBJECT_KINDS: "What went out, by item", "項目別のまとめ";
    SUBJECT_ROWS: "Each disclosure", "開示の一覧";
    SUBJECT_CHANGES: "Changes that staff sent to the CRM", "CRMに送られた変更";
    SUBJECT_NO_CHANGES: "No change is recorded.", "変更の記録はありません。";
    SUBJECT_REFUSED: "Requests about this person that were refused: {n}. Nothing went out by them.",
        "この方についての要求のうち、拒否したもの: {n} 件。これらでは何も渡っていません。";
    SUBJECT_NOTE_ACTIONS: "\"In clear\" is the value itself; \"coarser\" a part that is true, such as the year of birth; \"masked\", \"token\" and \"hash\" mean that something else stood in the value's place, of which a mask may leave a part, such as the last four digits; of what was \"removed\" or \"refused\" nothing went out.",
        "「そのまま」は値そのもの、「粗い値」は生年だけなど正しい一部です。「伏せ字」「トークン」「ハッシュ」は値の代わりに渡したものです（伏せ字には下4桁などが残ることがあります）。「除去」「拒否」では何も渡っていません。";
    SUBJECT_NOTE_STAFF: "Staff is numbered within this report: the same number is the same person, and says nothing in another report.",
        "担当者は、この報告書の中だけの番号で示しています。同じ番号は同じ担当者で、ほかの報告書の番号とは関係ありません。";
    SUBJECT_NOTE_LIMITS: "What the gateway could not tell to be about this person, and what went out before the ledger began or after its retention ended, is not in it. To whom it went outside the house stands beside the staff as far as the roles' `recipient` says so.",
        "ゲートウェイがこの方のものと判別できなかったもの、台帳の開始前や保存期間の経過後のものは含みません。社外の提供先は、役割の `recipient` に書かれている範囲で担当者の欄に示します。";

    // breach
    BREACH_TITLE: "Incident report: whose data reached staff", "漏えい等の調査報告";
    BREACH_TRIGGERS: "Must it be reported? (APPI rule 7)", "報告対象事態にあたるか（個人情報保護法施行規則7条）";
    TRIGGER: "TRIGGER", "事態";
    ANSWER: "ANSWER", "判定";
    WHY: "WHY", "理由";
    ANSWER_YES: "yes", "あたる";
    ANSWER_NO: "no", "あたらない";
    ANSWER_PEOPLE: "for people to judge", "人の判断が必要";
    T_SPECIAL: "1 data that needs special care", "1号 要配慮個人情報";
    T_PROPERTY: "2 risk of property damage", "2号 財産的被害のおそれ";
    T_WRONGFUL: "3 possibly a wrongful purpose", "3号 不正の目的のおそれ";
    T_MANY: "4 more than 1,000 persons", "4号 1,000人を超える";
    B_READABLE: "reached staff readable: {kinds}; persons {n}", "読める形で渡った: {kinds}（{n} 人）";
    B_VEILED: "reached staff only masked, as tokens or hashes: {kinds}; persons {n}. Whether that is protection enough, people decide",
        "伏せ字・トークン・ハッシュでのみ渡った: {kinds}（{n} 人）。高度な暗号化などの措置にあたるかは人が判断する";
    B_FREE_TEXT: "free text was shown, which can hold such data: {kinds}; persons {n}",
        "自由記述が渡った。中に含まれるかもしれない: {kinds}（{n} 人）";
    B_UNKNOWN: "kinds were shown that the rules do not know: {kinds}; persons {n}", "規則にない種別が渡った: {kinds}（{n} 人）";
    B_PURPOSE: "no record tells what somebody meant to do: look at staff, purposes, times and refusals below",
        "目的は記録から分からない。下の担当者・利用目的・日時・拒否を見て判断する";
    B_MORE: "persons whose data was readable: {n}", "読める形で渡った人数: {n} 人";
    B_MANY_VEILED: "persons {n} in all, but no more than 1,000 readable", "合計 {n} 人。読める形で渡ったのは1,000人以下";
    B_NOT_MORE: "persons {n} in all", "情報が渡った本人は {n} 人";
    B_UNIDENTIFIED: "persons {n} were found, and values whose person was not found could bring it above 1,000",
        "判別できたのは {n} 人。本人を判別できない値があり、1,000人を超えるかもしれない";
    B_INCOMPLETE: "nothing of it was found, but not all of the ledger could be read", "見つからないが、台帳に読めない行がある";
    B_MANY_INCOMPLETE: "persons {n} were found, but not all of the ledger could be read", "判別できたのは {n} 人。台帳に読めない行がある";
    B_NONE: "nothing of it reached staff", "該当するものは渡っていない";
    BREACH_PERSONS: "How many persons", "本人の数";
    P_AFFECTED: "persons of whom something reached staff", "情報が渡った本人の数";
    P_READABLE: "of them readable (in clear or coarser)", "うち読める形（そのまま、または粗い値）";
    P_VEILED: "of them veiled only (mask, token, hash)", "うち伏せた形のみ（伏せ字・トークン・ハッシュ）";
    P_NOTHING: "persons of whom all was removed or refused (not counted above)", "すべて除去または拒否され、渡っていない本人の数（上には含まない）";
    P_MY_NUMBER: "persons whose My Number was readable (My Number Act: over 100)",
        "個人番号が読める形で渡った本人の数（番号法の報告は100人超から）";
    P_UNIDENTIFIED: "values whose person was not found", "本人を判別できない値の数";
    P_DISCLOSURES: "records that disclosed something (GDPR art. 33)", "開示の記録数（GDPR 33条）";
    BREACH_CATEGORIES: "Which data", "個人データの項目";
    BREACH_WHERE: "By whom, where and what for", "担当者・画面・操作・利用目的";
    GROUPED_BY: "BY", "分類";
    NAME: "NAME", "名前";
    BREACH_REFUSED: "Refused requests in the same scope: {n}.", "同じ範囲で拒否した要求: {n} 件。";
    BREACH_DEADLINES: "By when to report", "報告の期限";
    DEADLINE: "DEADLINE", "期限";
    D_KNOWN: "known since", "事態を知った日時";
    D_PRELIMINARY: "preliminary report (APPI rule 8: promptly, about 3 to 5 days)", "速報（施行規則8条1項。おおむね3〜5日以内）";
    D_FINAL: "final report (30 days)", "確報（30日以内）";
    D_FINAL_WRONGFUL: "final report under trigger 3 (60 days)", "確報（3号の事態の場合。60日以内）";
    D_GDPR: "supervisory authority (GDPR art. 33: 72 hours)", "監督機関への通知（GDPR 33条。72時間以内）";
    D_BETWEEN: "{from} to {to}", "{from} 〜 {to}";
    D_NOTE: "The day on which it was known is counted as the first, weekends and holidays included. Where the law extends a last day that is a holiday, people may; this list does not.",
        "知った日を1日目とし、土日・祝日も数えています。期限の日が休日の場合の延長は見込んでいません。";
    D_NO_KNOWN: "Name the day or moment at which it was known with `--known`, and the dates stand here.",
        "事態を知った日時を `--known` で指定すると、期限を表示します。";
    BREACH_ITEMS: "Items of the report (APPI rule 8)", "報告事項（施行規則8条1項各号）";
    I_OUTLINE: "1 outline", "1 概要";
    I_OUTLINE_IS: "disclosures {n}, from {first} to {last}", "開示 {n} 件（{first} 〜 {last}）";
    I_DATA: "2 items of data", "2 個人データの項目";
    I_PERSONS: "3 number of persons", "3 本人の数";
    I_CAUSE: "4 cause", "4 原因";
    I_HARM: "5 secondary harm, or the risk of it", "5 二次被害またはそのおそれ";
    I_RESPONSE: "6 response to the persons", "6 本人への対応";
    I_PUBLICATION: "7 publication", "7 公表";
    I_PREVENTION: "8 prevention", "8 再発防止のための措置";
    I_OTHER: "9 other", "9 その他";
    CONTENT: "CONTENT", "内容";
    TO_FILL: "(to be written)", "（記入してください）";
    BREACH_LIST: "Persons to be told (APPI rule 10, GDPR art. 34)", "本人への通知の対象（施行規則10条、GDPR 34条）";
    BREACH_NOTE_LIST: "An id that begins with `h1:` is a keyed hash: `sudare ledger query --subject TYPE:ID` finds its records from the id that the CRM knows.",
        "`h1:` で始まるIDは鍵付きハッシュです。CRMのIDから `sudare ledger query --subject 種類:ID` で照合できます。";
    BREACH_NOTE_PERSONS: "Persons are counted by type and id as the ledger holds them. Whoever has two ids, or an id that was hashed before and after a rotation of keys, counts twice: the numbers are rather too high than too low.",
        "人数は、台帳にある種類とIDで数えています。IDが二つある方や、鍵の更新の前後でハッシュが変わった方は二人と数えるため、実際より多くなることがあります。";
    BREACH_NOTE_MASK: "The ledger does not hold how much a mask leaves (the last four digits, or nothing).",
        "伏せ字に何が残っていたか（下4桁か、全部か）は台帳に残りません。";
    BREACH_NOTE_COLUMNS: "The two counts of persons are those of the whole category.", "二つの人数は、区分全体の人数です。";
    BREACH_NOTE_LAW: "This is what the ledger shows, and no legal advice.", "これは台帳から分かることを示すもので、法的な助言ではありません。";
    SCOPE_STAFF: "staff {word}", "担当者 {word}";
    SCOPE_RESOURCE: "resource {word}", "リソース {word}";
    SCOPE_REQUEST: "request {word}", "リクエスト {word}";
    SCOPE_SUBJECT: "subject {word}", "顧客 {word}";

    // access-review
    ACCESS_TITLE: "Access review of {month}", "アクセス状況の点検（{month}）";
    ACCESS_STAFF: "Who saw how much", "担当者別";
    ACCESS_RULE: "Conspicuous is whoever saw more than {times} times as many persons as the median of the others with the same role, in each of their roles that others hold too, and at least {least}.",
        "「要確認」は、同じ役割のほかの担当者の中央値の {times} 倍を超え（ほかの人も持つ役割のすべてで）、かつ {least} 人以上を見た担当者です。";
    ACCESS_ALONE: "Whoever is alone in a role has nobody to be compared with (\"-\").", "その役割が一人だけの場合は比べる相手がありません（「-」）。";
    ACCESS_WHAT: "What each of them was given", "担当者に渡った値";
    ACCESS_ROLES: "Roles that were used", "使われた役割";
    ACCESS_UNUSED: "Roles that the rules name and nobody used", "規則にあり、使われなかった役割";
    ACCESS_ALL_USED: "Every role was used.", "すべての役割が使われました。";
    ACCESS_UNTOLD: "The rules could not be read.", "規則を読めません。";
    ACCESS_REFUSALS: "What was refused", "拒否した要求";
    ACCESS_NO_REFUSALS: "Nothing was refused.", "拒否はありません。";
    ACCESS_SIGN: "Review", "点検の記録";
    ACCESS_SIGNED: "Reviewed by:                     on:", "点検者:                     日付:";
    ACCESS_FINDINGS: "Findings and measures:", "所見と措置:";

    // accounting
    ACCOUNTING_TITLE: "Accounting of disclosures: {subject}", "開示の明細（{subject}）";
    ACCOUNTING_ROWS: "Disclosures, repeated ones as one", "開示（同じ内容の繰り返しは1行）";
    ACCOUNTING_NOTE_SAME: "Disclosures of the same items to the same recipient for the same purpose stand in one row: the first, the last and how many there were (45 CFR 164.528(b)(3)).",
        "同じ相手・目的・項目の開示は、最初と最後の日時と回数にまとめています（45 CFR 164.528(b)(3)）。";
    ACCOUNTING_NOTE_NOT: "Uses within the organisation, for treatment, payment and operations, and by the person's authorisation need not be accounted for. A row that names no recipient outside went to one's own staff; which of the others these are the ledger does not tell: strike them out.",
        "組織内での利用、治療・支払い・運営のため、本人の許可による開示などは、明細に載せる義務がありません。社外の提供先のない行は自社の担当者への開示です。そのほかは台帳からは区別できないため、該当するものを除いてください。";

    // processing
    PROCESSING_TITLE: "Record of processing", "個人データの取扱いの記録";
    PROCESSING_SUBJECTS: "Categories of persons", "本人の種類";
    PROCESSING_DATA: "Categories of data", "個人データの項目";
    PROCESSING_RECIPIENTS: "Recipients", "受領者（役割）";
    PROCESSING_RESOURCES: "Where the data comes from", "取扱いの場所（リソース）";
    PROCESSING_PURPOSES: "Purposes", "利用目的";
    PROCESSING_NO_PURPOSE: "(none given)", "（指定なし）";
    PROCESSING_OUTSIDE: "(no resource matched)", "（どのリソースにも一致しない）";
    PROCESSING_ELSE: "What people have to add", "追記が必要な事項";
    PROCESSING_ADD: "Controller and contact; time limits; transfers abroad; recipients in other organisations; further security measures (GDPR art. 30(1)). Which role gets what is told by `sudare rules table`.",
        "管理者と連絡先、保存期間、外国への移転、ほかの組織の受領者、そのほかの安全管理措置（GDPR 30条1項）。役割ごとの見せ方は `sudare rules table` で表示できます。";
    PROCESSING_NAMELESS: "Persons whose id was not found are not counted.", "IDを判別できない方は人数に含みません。";

    // What is wrong.
    NEEDS_TYPE: "`{word}` is no person: a type and an id are needed", "`{word}` では顧客を特定できません。種類とIDが必要です";
    NEEDS_TYPE_HELP: "write it as `customer:42`, with the type that the rules name", "規則にある種類を付けて `customer:42` のように書いてください";
    NO_MONTH: "`{word}` is no month", "`{word}` は月ではありません";
    NO_MONTH_HELP: "write it as 2026-11", "2026-11 のように書いてください";
    NEEDS_SCOPE: "nothing says which incident is meant", "どの事態を調べるかが指定されていません";
    NEEDS_SCOPE_HELP: "name `--staff`, `--resource`, `--request` or `--subject`",
        "`--staff`、`--resource`、`--request`、`--subject` のいずれかを指定してください";
    TOO_MANY_ROWS: "there are more than {max} rows: a report that leaves some out would not be one",
        "{max} 行を超えます。一部だけの報告書は作りません";
    TOO_MANY_ROWS_HELP: "take a shorter period with `--from` and `--to`", "`--from` と `--to` で期間を短くしてください";
    ONLY_REPORTS: "only `ledger report` writes HTML", "HTMLで書けるのは `ledger report` だけです";
    ONLY_REPORTS_HELP: "write `--format table` or `--format json`", "`--format table` か `--format json` を指定してください";
}

/// Categories, in a person's words.
pub(super) const CATEGORIES: &[(&str, Text)] = &[
    ("identity", both("identity", "本人を示す情報")),
    ("contact", both("contact", "連絡先")),
    ("location", both("location", "住所・所在")),
    ("financial", both("financial", "金融情報")),
    ("government_id", both("government id", "公的な番号")),
    ("sensitive", both("special care", "要配慮個人情報")),
    ("credential", both("credential", "認証情報")),
    ("notes", both("notes", "自由記述")),
    ("unknown", both("unknown", "区分不明")),
];

/// Built-in kinds, in a person's words; others are called as the rules call them.
pub(super) const KINDS: &[(&str, Text)] = &[
    ("person.name", both("name", "氏名")),
    ("person.kana", both("name in kana", "フリガナ")),
    ("birth_date", both("date of birth", "生年月日")),
    ("age", both("age", "年齢")),
    ("gender", both("gender", "性別")),
    ("user_id", both("user id", "利用者ID")),
    ("ip", both("IP address", "IPアドレス")),
    ("email", both("e-mail address", "メールアドレス")),
    ("phone", both("phone number", "電話番号")),
    ("postal_code", both("postal code", "郵便番号")),
    ("address", both("address", "住所")),
    ("my_number", both("My Number", "個人番号（マイナンバー）")),
    ("passport", both("passport number", "旅券番号")),
    ("driver_licence", both("driver's licence number", "運転免許証番号")),
    ("health_insurance", both("health insurance number", "健康保険の番号")),
    ("pension_number", both("pension number", "基礎年金番号")),
    ("residence_card", both("residence card number", "在留カード番号")),
    ("ssn", both("social security number", "社会保障番号（米国）")),
    ("card_number", both("card number", "クレジットカード番号")),
    ("iban", both("IBAN", "IBAN")),
    ("bank_account", both("bank account", "口座番号")),
    ("health", both("health", "健康・病歴")),
    ("disability", both("disability", "障害")),
    ("belief", both("belief", "信条")),
    ("criminal_record", both("criminal record", "犯罪歴")),
    ("body", both("body", "身体の情報")),
    ("password", both("password", "パスワード")),
    ("secret", both("secret", "秘密の情報")),
    ("notes", both("notes", "備考")),
];

/// Actions, in a person's words.
pub(super) const ACTIONS: &[(&str, Text)] = &[
    ("show", both("in clear", "そのまま")),
    ("generalize", both("coarser", "粗い値")),
    ("mask", both("masked", "伏せ字")),
    ("tokenize", both("token", "トークン")),
    ("hash", both("hash", "ハッシュ")),
    ("remove", both("removed", "除去")),
    ("block", both("refused", "拒否")),
    ("other", both("otherwise", "その他")),
];

/// Events, in a person's words.
pub(super) const EVENTS: &[(&str, Text)] = &[
    ("view", both("view", "閲覧")),
    ("search", both("search", "検索")),
    ("export", both("export", "出力")),
    ("write", both("write", "変更")),
    ("restore", both("restore", "復元")),
    ("reveal", both("reveal", "個別開示")),
    ("refused", both("refused", "拒否")),
    ("login", both("login", "ログイン")),
];
