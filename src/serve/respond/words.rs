//! Every refusal in words: status, and title and sentence in English and Japanese.
//!
//! The sentences say what to do. They are the same for everybody whom a reason meets, so that none
//! of them tells what the answer held.

use crate::terms::refusal::Reason;

/// A refusal in words.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// The status.
    pub status: u16,
    /// Title and sentence in English.
    pub en: (&'static str, &'static str),
    /// Title and sentence in Japanese.
    pub ja: (&'static str, &'static str),
}

const fn words(status: u16, en: (&'static str, &'static str), ja: (&'static str, &'static str)) -> Words {
    Words { status, en, ja }
}

/// What takes the place of an error page of the CRM's; the status is the CRM's own.
pub const CRM_ERROR: Words = words(
    500,
    (
        "The CRM reported an error",
        "Its own page is not shown because such pages can hold customers' data. Try again, or tell the administrator the number below.",
    ),
    (
        "CRMでエラーが発生しました",
        "エラー画面には個人情報が含まれることがあるため表示していません。もう一度お試しになるか、下の番号を管理者にお伝えください。",
    ),
);

const UNCLEAR: Words = words(
    400,
    (
        "The request is unclear",
        "It can be read in more than one way, so it was not passed on. Use a current browser or client and try again.",
    ),
    (
        "リクエストが不明確です",
        "複数の意味に解釈できるため、送信しませんでした。最新のブラウザまたはクライアントでもう一度お試しください。",
    ),
);
const SLOW: Words = words(
    408,
    ("The request came too slowly", "It was not complete in time. Try again."),
    ("リクエストが時間内に届きませんでした", "もう一度お試しください。"),
);
const UNSAFE_ANSWER: Words = words(
    502,
    (
        "The CRM's answer cannot be shown safely",
        "It could not be read without doubt, so nothing of it was passed on. Tell the administrator the number below.",
    ),
    (
        "CRMの応答を安全に表示できません",
        "確実に読み取れなかったため、表示していません。下の番号を管理者にお伝えください。",
    ),
);
const OWN_FAULT: Words = words(
    503,
    (
        "The gateway cannot answer now",
        "Nothing was shown or saved. Try again shortly; if it goes on, tell the administrator the number below.",
    ),
    (
        "ただいま応答できません",
        "何も表示・保存されていません。しばらくしてからもう一度お試しください。続く場合は、下の番号を管理者にお伝えください。",
    ),
);
const ELSEWHERE: Words = words(
    502,
    (
        "The CRM leads to another site",
        "Nobody watches over customers' data there, so it was not followed. The administrator can name the site in the rules.",
    ),
    (
        "CRMが別のサイトへ移動させようとしました",
        "移動先では個人情報を保護できないため、中止しました。必要な移動先は、管理者が規則に登録できます。",
    ),
);
const LOOP: Words = words(
    502,
    ("The gateway would ask itself", "Its CRM's address leads back to it. The administrator must correct it."),
    (
        "ゲートウェイが自分自身に接続しています",
        "CRMのアドレスがゲートウェイ自身を指しています。管理者が設定を直す必要があります。",
    ),
);
const TOO_LONG_HEAD: Words = words(
    431,
    ("The request's head is too long", "Delete this site's cookies and try again."),
    ("リクエストヘッダーが長すぎます", "このサイトのCookieを削除してもう一度お試しください。"),
);
const METHOD: Words = words(
    405,
    ("This method is not allowed", "The gateway passes GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS."),
    ("このメソッドは使えません", "利用できるのは GET、HEAD、POST、PUT、PATCH、DELETE、OPTIONS です。"),
);
const TOO_LONG_PATH: Words = words(
    414,
    ("The address is too long", "Shorten the search and try again."),
    ("アドレスが長すぎます", "検索条件を短くしてもう一度お試しください。"),
);
const MISDIRECTED: Words = words(
    421,
    ("This host is not served here", "Check the address, or reload the page."),
    ("このホストは提供していません", "アドレスを確認するか、ページを再読み込みしてください。"),
);
const CONNECTION_CREDENTIAL: Words = words(
    403,
    (
        "This way of logging in is not passed on",
        "NTLM and Negotiate log in a connection, which others use after you. Use another way, or ask the administrator.",
    ),
    (
        "この認証方式は利用できません",
        "NTLM・Negotiate は接続そのものを認証するため、ほかの利用者と共有される接続では使えません。別の方法をお使いになるか、管理者にお問い合わせください。",
    ),
);
const CONNECTION_LOGIN: Words = words(
    502,
    (
        "The CRM asks for a log-in that cannot be passed on",
        "It wants NTLM or Negotiate, which log in a connection that others use too. The administrator must turn on another way.",
    ),
    (
        "CRMの認証方式を中継できません",
        "CRMが NTLM または Negotiate を求めています。接続をほかの利用者と共有するため使えません。管理者に別の認証方式への変更を依頼してください。",
    ),
);
const UNTRUSTED: Words = words(
    502,
    (
        "The CRM cannot prove that it is itself",
        "Its certificate does not hold, so nothing was sent to it. Tell the administrator the number below.",
    ),
    (
        "CRMが本物であることを確認できません",
        "証明書を検証できなかったため、何も送信していません。下の番号を管理者にお伝えください。",
    ),
);

/// The words of a reason.
#[expect(clippy::too_many_lines, reason = "a table with an arm for each reason")]
pub fn of(reason: Reason) -> Words {
    match reason {
        Reason::Framing | Reason::Ambiguous | Reason::Host | Reason::Upgrade | Reason::Version => UNCLEAR,
        Reason::HeadTooLarge => TOO_LONG_HEAD,
        Reason::PathTooLong => TOO_LONG_PATH,
        Reason::Misdirected => MISDIRECTED,
        Reason::Method => METHOD,
        Reason::Slow => SLOW,
        Reason::BodyTooLarge => words(
            413,
            ("The request is too large", "Send less at once."),
            ("送信内容が大きすぎます", "分割して送信してください。"),
        ),
        Reason::RequestUnreadable => words(
            400,
            (
                "What was sent cannot be read",
                "Its form is unknown or broken, so it could not be checked; nothing was saved.",
            ),
            ("送信内容を読み取れません", "形式が不明または不正なため確認できませんでした。何も保存されていません。"),
        ),
        Reason::Patch => words(
            415,
            (
                "A JSON Patch is not let through",
                "It moves and compares values that are hidden from you. Send the members that change, as JSON; nothing was saved.",
            ),
            (
                "JSON Patchは通せません",
                "隠されている値を移したり比べたりできるためです。変わる項目だけをJSONで送ってください。何も保存されていません。",
            ),
        ),
        Reason::Unrecognised => words(
            401,
            ("Please log in", "The gateway does not know who asks. Log in again, or ask the administrator."),
            ("ログインしてください", "利用者を確認できません。もう一度ログインするか、管理者にお問い合わせください。"),
        ),
        Reason::IdentityAway => words(
            503,
            (
                "The gateway cannot tell now who you are",
                "What it asks to recognise you does not answer. Nothing was shown or saved. Try again shortly; if it goes on, tell the administrator the number below.",
            ),
            (
                "ただいま利用者を確認できません",
                "認証の確認先が応答していません。何も表示・保存されていません。しばらくしてからもう一度お試しください。続く場合は、下の番号を管理者にお伝えください。",
            ),
        ),
        Reason::ConnectionCredential => CONNECTION_CREDENTIAL,
        Reason::NoRole => words(
            403,
            ("You have no role here", "Ask the administrator to put you into a group that has one."),
            ("権限がありません", "役割が割り当てられていません。管理者にグループへの追加を依頼してください。"),
        ),
        Reason::Purpose => words(
            400,
            (
                "The purpose of the request is unknown",
                "`Sudare-Purpose` holds one of the words that the rules know. Ask the administrator which they are.",
            ),
            (
                "利用目的を確認できません",
                "`Sudare-Purpose`には、ルールで定められた利用目的を1つだけ指定してください。指定できる語は管理者にお問い合わせください。",
            ),
        ),
        Reason::Rule | Reason::Undeclared => words(
            403,
            (
                "This is not open to you",
                "A rule of the data protection policy forbids it. Ask the administrator if you need it for your work.",
            ),
            (
                "この操作は許可されていません",
                "個人情報保護のルールにより禁止されています。業務に必要な場合は管理者にお問い合わせください。",
            ),
        ),
        Reason::Query => words(
            403,
            (
                "This search is not open to you",
                "Hidden data cannot be sorted or searched by a part of it. Search by the whole value, or by another column.",
            ),
            (
                "この検索はできません",
                "非表示の項目では、並べ替えや部分一致の検索はできません。値の全体で検索するか、別の項目をお使いください。",
            ),
        ),
        Reason::Limit => words(
            429,
            (
                "You have asked for too much hidden data",
                "Whoever looks for hidden data, or has it revealed, may do so only so many times within a time. Wait, and ask again later.",
            ),
            (
                "非表示の項目の検索・開示が上限に達しました",
                "非表示の項目を検索または開示できる回数には、一定時間ごとの上限があります。しばらく待ってからもう一度お試しください。",
            ),
        ),
        Reason::Veil => words(
            409,
            (
                "Nothing was saved",
                "A field holds a masked value that cannot be made the real one again: the page may have been open for too long, or is another's. Open it again; if that does not help, ask somebody who sees the field to make the change.",
            ),
            (
                "保存していません",
                "マスクされた値を元に戻せないため、保存を中止しました。画面を開いてから時間が経ちすぎている可能性があります。画面を開き直してください。それでも保存できない場合は、その項目を閲覧できる担当者に変更を依頼してください。",
            ),
        ),
        Reason::NotFound => words(
            404,
            ("There is nothing here", "Check the address."),
            ("見つかりません", "アドレスを確認してください。"),
        ),
        Reason::Reveal => words(
            404,
            (
                "There is nothing to reveal",
                "No value may be given for what was asked: it is wrong or gone, or no rule gives it to you for this purpose.",
            ),
            (
                "開示できる値がありません",
                "指定された内容が正しくないか、すでに無効か、この利用目的での開示が認められていません。",
            ),
        ),
        Reason::Confirm => words(
            403,
            (
                "Values are not revealed to pages",
                "Scripts of a page could ask in your name, so a call from a browser gets no value. Open `/.sudare/reveal` in a window of its own, over HTTPS, and confirm it there.",
            ),
            (
                "画面からの呼び出しでは開示できません",
                "画面のスクリプトが利用者になりすませるため、ブラウザーからの呼び出しには値を返しません。HTTPSで `/.sudare/reveal` を独立した画面で開き、確認してください。",
            ),
        ),
        Reason::UpstreamFraming | Reason::Unreadable | Reason::Subject | Reason::Shape | Reason::Bound => UNSAFE_ANSWER,
        Reason::UpstreamAway => words(
            502,
            ("The CRM cannot be reached", "Try again shortly; if it goes on, tell the administrator."),
            ("CRMに接続できません", "しばらくしてからもう一度お試しください。続く場合は管理者にお伝えください。"),
        ),
        Reason::Redirect => ELSEWHERE,
        Reason::Loop => LOOP,
        Reason::UpstreamUntrusted => UNTRUSTED,
        Reason::ConnectionLogin => CONNECTION_LOGIN,
        Reason::UpstreamSlow => words(
            504,
            ("The CRM did not answer in time", "Try again shortly."),
            ("CRMが時間内に応答しませんでした", "しばらくしてからもう一度お試しください。"),
        ),
        Reason::Ledger | Reason::Keys | Reason::Overload | Reason::Internal => OWN_FAULT,
    }
}
