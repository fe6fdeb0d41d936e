//! What `sudare demo` prints once it runs: what to open, as whom, what to look for, where the record of it all is.
//!
//! It is somebody's first minute with the product, in Japanese or English. Here are words alone; which ports, folders
//! and colours there are is the command's to say, so that the text can be tested without starting anything.

use crate::cli::say::Lang;

/// The users of the demo as a users.yaml, with argon2id hashes of the passwords in `STAFF`.
pub const USERS: &str = include_str!("demo_users.yaml");

/// The three staff of the demo.
pub const STAFF: [DemoStaff; 3] = [
    DemoStaff {
        user: "tanaka", password: "chabashira", role: "support", job: ["電話窓口", "answers the telephone"]
    },
    DemoStaff { user: "sato", password: "shincha88", role: "manager", job: ["責任者", "puts records right"] },
    DemoStaff {
        user: "suzuki", password: "matcha-unkai", role: "analyst", job: ["データ分析", "counts and compares"]
    },
];

/// Somebody who may log in to the demo.
pub struct DemoStaff {
    /// The name for HTTP Basic.
    pub user: &'static str,
    /// The password for HTTP Basic.
    pub password: &'static str,
    /// The role of `rules/demo.yaml` that the user has.
    pub role: &'static str,
    /// What they do, by `Lang`.
    job: [&'static str; 2],
}

/// Where the demo's parts are, as the command has started them.
pub struct Places<'a> {
    /// The gateway's address, without a path: `http://127.0.0.1:8080`.
    pub gateway: &'a str,
    /// The sample CRM's own address.
    pub crm: &'a str,
    /// The folder of the ledger.
    pub ledger: &'a str,
    /// The command that checks the ledger, ready to be pasted.
    pub verify: &'a str,
}

/// The whole text, each line with its line break; `colour` adds terminal escapes.
pub fn text(lang: Lang, places: &Places, colour: bool) -> String {
    let pen = Pen { colour };
    let words = if lang == Lang::Ja { &JA } else { &EN };
    let mut lines = vec![String::new(), format!("  {}  {}", pen.bold("sudare demo"), words.what), String::new()];

    lines.push(heading(&pen, words.open, words.open_how));
    for staff in &STAFF {
        let who = format!("{:<8}{:<9}{}", staff.user, staff.role, staff.job[lang as usize]);
        lines.push(format!("     {who}  {} {}", pen.dim(words.password), pen.bold(staff.password)));
        lines.push(format!("     {}", pen.link(&login(places.gateway, staff))));
    }
    lines.push(format!("     {}", pen.dim(words.direct)));
    lines.push(format!("     {}", pen.link(&format!("{}/customers/42", places.crm))));
    lines.push(String::new());

    lines.push(heading(&pen, words.look, words.look_how));
    for (path, sentences) in words.tour {
        lines.push(format!("     {}", pen.bold(path)));
        lines.extend(sentences.iter().map(|sentence| format!("       {sentence}")));
    }
    lines.push(String::new());

    lines.push(heading(&pen, words.program, ""));
    lines.extend(
        STAFF
            .iter()
            .map(|staff| format!("     curl -u {}:{} {}/api/customers/42", staff.user, staff.password, places.gateway)),
    );
    lines.push(String::new());

    lines.push(heading(&pen, words.ledger, words.ledger_how));
    lines.push(format!("     {}", places.ledger));
    lines.push(format!("     {}", places.verify));
    lines.push(String::new());
    lines.push(format!("  {}", pen.bold(words.stop)));
    lines.push(String::new());
    lines.join("\n")
}

/// The words of one language.
struct Words {
    what: &'static str,
    open: &'static str,
    open_how: &'static str,
    password: &'static str,
    direct: &'static str,
    look: &'static str,
    look_how: &'static str,
    tour: &'static [(&'static str, &'static [&'static str])],
    program: &'static str,
    ledger: &'static str,
    ledger_how: &'static str,
    stop: &'static str,
}

const JA: Words = Words {
    what: "架空のお茶屋の顧客管理システムを、sudare 越しに開きます。",
    open: "1. 開く",
    open_how: "一人ずつ別のプライベートウィンドウで開いてください。",
    password: "パスワード",
    direct: "sudare を通さない、元の画面:",
    look: "2. 見比べる",
    look_how: "同じ画面が、担当によって違って見えます。",
    tour: &[
        (
            "/customers",
            &[
                "tanaka には電話番号の下4桁、メールのドメイン、市区町村まで見えます。",
                "suzuki には氏名も見えません。",
                "tanaka で見出しの「電話番号」を押すと 403。",
                "並び順から隠れた番号が読めてしまうためです。",
                "電話番号 090-0000-5678 の検索はできます。090 だけではできません。",
            ],
        ),
        (
            "/customers/42",
            &[
                "備考の中の電話番号とメールも隠れます。個人番号は誰にも見えません。",
                "ページのソースも見てください。題名、リンク、コメント、スクリプトの中も",
                "同じです。",
            ],
        ),
        (
            "/customers/42/edit",
            &["tanaka が保存すると 409。伏せ字が元の値に上書きされることはありません。", "sato は保存できます。"],
        ),
        ("/export.csv", &["tanaka は 403。sato のファイルでは、電話とメールがトークンになります。"]),
        ("/customers/0", &["CRM のエラー画面はデータベースの中身を出します。", "sudare が無地の画面に替えます。"]),
        ("/", &["伝言板はどの規則にもない画面です。", "それでも電話番号とメールは見つけて隠します。"]),
    ],
    program: "3. プログラムから",
    ledger: "4. 台帳",
    ledger_how: "誰が誰の何を見たかを、渡す前に記録します。",
    stop: "終了は Ctrl+C。規則は rules/demo.yaml、人物・連絡先はすべて架空です。",
};

const EN: Words = Words {
    what: "an invented tea shop's CRM, with sudare in front of it.",
    open: "1. Open",
    open_how: "One private window for each: browsers remember log-ins.",
    password: "password",
    direct: "The same page without sudare:",
    look: "2. Compare",
    look_how: "The same pages look different to each of them.",
    tour: &[
        (
            "/customers",
            &[
                "tanaka gets a telephone's last four digits, an e-mail's domain,",
                "a municipality; suzuki no name.",
                "As tanaka, click the heading 電話番号: 403, since the order would tell",
                "the hidden numbers.",
                "Searching for the whole number 090-0000-5678 works; for 090 it does not.",
            ],
        ),
        (
            "/customers/42",
            &[
                "Telephones and e-mail in the notes (備考) are veiled too.",
                "My Number (個人番号) is shown to nobody.",
                "View the page's source: title, links, the comment and the script are",
                "veiled as well.",
            ],
        ),
        (
            "/customers/42/edit",
            &["Save it as tanaka: 409, since a mask would have overwritten the value.", "sato can save it."],
        ),
        ("/export.csv", &["tanaka: 403. In sato's file telephones and e-mail addresses are tokens."]),
        ("/customers/0", &["The CRM's error page spills its database; sudare puts a plain page", "in its place."]),
        ("/", &["No rule declares the message board. Telephones and e-mail on it are", "found all the same."]),
    ],
    program: "3. From a program",
    ledger: "4. The ledger",
    ledger_how: "Who saw what of whom, recorded before it left.",
    stop: "Ctrl+C stops it. The rules are rules/demo.yaml; all people are invented.",
};

fn heading(pen: &Pen, title: &str, how: &str) -> String {
    if how.is_empty() { format!("  {}", pen.bold(title)) } else { format!("  {}  {}", pen.bold(title), pen.dim(how)) }
}

/// An address that logs in by itself: `http://tanaka:…@127.0.0.1:8080/`.
fn login(gateway: &str, staff: &DemoStaff) -> String {
    let (scheme, host) = gateway.split_once("://").unwrap_or(("http", gateway));
    format!("{scheme}://{}:{}@{host}/", staff.user, staff.password)
}

/// Writes plainly or with the terminal's escapes.
struct Pen {
    colour: bool,
}

impl Pen {
    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn link(&self, text: &str) -> String {
        self.paint("4;36", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordVerifier;
    use argon2::{Argon2, PasswordHash};

    use crate::cli::say::columns;

    use super::*;

    const PLACES: Places = Places {
        gateway: "http://127.0.0.1:8080",
        crm: "http://127.0.0.1:9000",
        ledger: "/tmp/demo/ledger",
        verify: "sudare ledger verify /tmp/demo/ledger",
    };

    #[test]
    fn both_languages_name_every_place_and_every_login() {
        for lang in [Lang::Ja, Lang::En] {
            let text = text(lang, &PLACES, false);
            for staff in &STAFF {
                assert!(text.contains(&format!("http://{}:{}@127.0.0.1:8080/\n", staff.user, staff.password)));
            }
            for part in
                ["http://127.0.0.1:9000/customers/42", PLACES.ledger, PLACES.verify, "/export.csv", "403", "Ctrl+C"]
            {
                assert!(text.contains(part), "{lang:?} {part}");
            }
            assert!(!text.contains('\u{1b}') && text.ends_with('\n'));
        }
    }

    #[test]
    fn both_tours_go_the_same_way() {
        let way = |words: &Words| words.tour.iter().map(|(path, _)| *path).collect::<Vec<_>>();
        assert_eq!(way(&JA), way(&EN));
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let plain = text(Lang::Ja, &PLACES, false);
        let mut coloured = text(Lang::Ja, &PLACES, true);
        assert_ne!(plain, coloured);
        for code in ["1", "2", "4;36", "0"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(plain, coloured);
    }

    #[test]
    fn it_fits_a_terminal_of_80_columns() {
        for lang in [Lang::Ja, Lang::En] {
            for line in text(lang, &PLACES, false).lines() {
                assert!(columns(line) <= 80, "{line}");
            }
        }
    }

    #[test]
    fn the_passwords_that_are_printed_are_those_that_are_hashed() {
        for staff in &STAFF {
            let (_, user) = USERS.split_once(&format!("\n{}:\n  password: \"", staff.user)).unwrap();
            let hash = PasswordHash::new(user.split_once('"').unwrap().0).unwrap();
            let fits = |password: &str| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
            assert!(fits(staff.password) && !fits("chabashira88"), "{}", staff.user);
        }
    }
}
