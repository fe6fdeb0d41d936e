//! Whatever a table holds, whatever a spreadsheet makes of it and whatever staff types: each cell that the CRM gets
//! is what staff typed where staff typed, and the original elsewhere; and a veil that was put into another row or
//! column is never saved.

use bytes::Bytes;
use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};
use http::{Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sudare::policy::Policy;
use sudare::serve::exchange::dry::AnsweredTo;

use super::{got, restored, written_in};
use crate::exchange::run::policy;

const RULES: &str = r#"
sudare: 1
roles: { masks: a, tokens: b, removes: c }
fields: { customer: { person.name: 氏名, phone: [電話, 携帯], email: メール, notes: 備考 } }
resources:
  - { id: export, match: GET /all.csv, subject: { type: account, at: ID }, remember: { type: account, at: ID }, fields: customer }
  - { id: import, match: POST /all, subject: { type: account, at: ID }, restore: { remembered: ID }, fields: customer }
rules:
  - { id: masks-1, for: masks, show: [email], mask: { person.name: initial, phone: last4, notes: full } }
  - { id: tokens-1, for: tokens, tokenize: [phone, email], show: [person.name], mask: [notes] }
  - { id: removes-1, for: removes, show: [person.name], remove: [phone, email, notes] }
"#;

const HEADINGS: [&str; 7] = ["ID", "氏名", "電話", "携帯", "メール", "備考", "プラン"];

fn rules() -> &'static Policy {
    static POLICY: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
    POLICY.get_or_init(|| policy(RULES))
}

type Rows = Vec<Vec<String>>;

/// Rows of customers, with no value twice in one row.
fn records() -> impl Strategy<Value = Rows> {
    let row = (
        select(vec!["山田 太郎", "鈴木 花子", "佐藤 \"次郎\"", ""]),
        "0[789]0-[1-9][0-9]{3}-(1111|5678)",
        select(vec!["", "03-1234-5678", "06-1234-9999"]),
        "[a-z]{3,8}@(example|test)\\.jp",
        select(vec!["", "夜間, 不在", "a;b\t表", "一行目\n二行目", "=1+2"]),
        select(vec!["gold", "silver", ""]),
    );
    vec(row, 1..6).prop_map(|rows| {
        let row = |(number, row): (usize, (&str, String, &str, String, &str, &str))| {
            let (name, tel, mobile, mail, memo, plan) = row;
            let id = (number + 41).to_string();
            vec![id, name.into(), tel, mobile.into(), mail, memo.into(), plan.into()]
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

/// How a program writes a table.
#[derive(Debug, Clone)]
struct Style {
    delimiter: char,
    end: &'static str,
    all_quoted: bool,
    mark: bool,
    encoding: &'static Encoding,
    /// The columns and the rows in another order.
    columns: Vec<usize>,
    turned: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let columns = Just((0..HEADINGS.len()).collect::<Vec<_>>()).prop_shuffle();
    let encodings = select(vec![UTF_8, SHIFT_JIS, EUC_JP, UTF_16LE, UTF_16BE]);
    let signs = (select(vec![',', ';', '\t']), select(vec!["\n", "\r\n"]));
    (signs, any::<bool>(), any::<bool>(), encodings, columns, any::<bool>()).prop_map(
        |((delimiter, end), all_quoted, mark, encoding, columns, turned)| Style {
            delimiter,
            end,
            all_quoted,
            mark,
            encoding,
            columns,
            turned,
        },
    )
}

impl Style {
    fn written(&self, headings: &[&str], rows: &Rows) -> Vec<u8> {
        let is_wide = self.encoding == UTF_16LE || self.encoding == UTF_16BE;
        let mut text = String::from(if is_wide || (self.mark && self.encoding == UTF_8) { "\u{feff}" } else { "" });
        let cell = |said: &str| {
            if self.all_quoted || said.contains([',', ';', '\t', '"', '\n']) {
                format!("\"{}\"", said.replace('"', "\"\""))
            } else {
                said.to_owned()
            }
        };
        let line = |cells: Vec<&str>| {
            let cells: Vec<String> = self.columns.iter().map(|at| cell(cells[*at])).collect();
            cells.join(&self.delimiter.to_string()) + self.end
        };
        text.push_str(&line(headings.to_vec()));
        let mut rows: Vec<&Vec<String>> = rows.iter().collect();
        if self.turned {
            rows.reverse();
        }
        rows.iter().for_each(|row| text.push_str(&line(row.iter().map(String::as_str).collect())));
        written_in(self.encoding, &text)
    }

    /// What it says, in the order of the records.
    fn read(&self, bytes: &[u8]) -> Rows {
        let text = self.encoding.decode_with_bom_removal(bytes).0.into_owned();
        let mut rows: Rows = cells(&text, self.delimiter).into_iter().skip(1).collect();
        if self.turned {
            rows.reverse();
        }
        let ordered = |row: Vec<String>| {
            let mut all = vec![String::new(); row.len()];
            self.columns.iter().zip(row).for_each(|(at, said)| all[*at] = said);
            all
        };
        rows.into_iter().map(ordered).collect()
    }
}

/// A reader of tables that shares nothing with the gateway's own.
fn cells(text: &str, delimiter: char) -> Rows {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.push(letters.next().unwrap_or_default()),
            '"' => quoted = !quoted,
            _ if quoted => cell.push(letter),
            '\r' => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ if letter == delimiter => row.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    rows
}

const PLAIN: Style = Style {
    delimiter: ',',
    end: "\n",
    all_quoted: false,
    mark: false,
    encoding: UTF_8,
    columns: Vec::new(),
    turned: false,
};

fn plain() -> Style {
    Style { columns: (0..HEADINGS.len()).collect(), ..PLAIN }
}

/// The export as it stands in the CRM, and as staff gets it.
fn export(records: &Rows, role: &str) -> (Response<Bytes>, Rows) {
    let answer = |bytes: Vec<u8>| {
        Response::builder()
            .header("content-type", "text/csv; charset=utf-8")
            .body(Bytes::from(bytes))
            .expect("an answer")
    };
    let request = || Request::get("/all.csv").body(Bytes::new()).expect("a request");
    let bytes = plain().written(&HEADINGS, records);
    let seen = got(rules(), role, request(), answer(bytes.clone()));
    assert!(seen.refusal.is_none(), "{:?}", seen.refusal);
    let mut record = answer(bytes);
    record.extensions_mut().insert(AnsweredTo(request()));
    (record, plain().read(&seen.body))
}

fn import(role: &str, body: Vec<u8>, record: Response<Bytes>) -> Result<Bytes, String> {
    let request = Request::post("/all").header("content-type", "text/csv").body(Bytes::from(body)).expect("a request");
    let got = restored(rules(), role, request, record);
    match got.refusal {
        None => Ok(got.forwarded),
        Some(refusal) => Err(refusal.note),
    }
}

/// What staff does not get in clear of a table.
fn hidden(records: &Rows, seen: &Rows) -> Vec<String> {
    let cells = records.iter().flatten().zip(seen.iter().flatten());
    let hidden = cells.filter(|(cell, seen)| cell != seen && cell.chars().count() > 5).map(|(cell, _)| cell.clone());
    hidden.filter(|cell| !seen.iter().flatten().any(|seen| seen.contains(cell.as_str()))).collect()
}

proptest! {
    #![proptest_config(super::proven(96))]

    #[test]
    fn the_crm_gets_what_staff_typed_and_else_what_it_had(
        records in records(),
        style in style(),
        role in select(vec!["masks", "tokens", "removes"]),
        edits in vec((any::<Index>(), select(vec![1usize, 2, 4, 5, 6]), select(vec!["変更", "03-3333-4444", "x, y"])), 0..3),
    ) {
        let (record, seen) = export(&records, role);
        let (mut sheet, mut expected) = (seen, records.clone());
        for (row, column, text) in edits {
            let row = row.index(sheet.len());
            sheet[row][column] = text.to_owned();
            expected[row][column] = text.to_owned();
        }
        let told = import(role, style.written(&HEADINGS, &sheet), record);
        let told = told.map(|bytes| style.read(&bytes));
        prop_assert_eq!(told, Ok(expected));
    }

    #[test]
    fn what_several_import_after_one_another_is_what_each_typed(
        records in records(),
        turns in vec(
            (
                select(vec!["masks", "tokens", "removes"]),
                style(),
                vec((any::<Index>(), select(vec![1usize, 2, 4, 5, 6]), select(vec!["変更", "03-3333-4444", "x, y"])), 0..3),
            ),
            1..5,
        ),
    ) {
        let roles = ["masks", "tokens", "removes"];
        let secrets: Vec<Vec<String>> = roles.iter().map(|role| hidden(&records, &export(&records, role).1)).collect();
        let mut crm = records;
        for (role, style, edits) in turns {
            let (record, mut sheet) = export(&crm, role);
            let mut expected = crm.clone();
            for (row, column, text) in edits {
                let row = row.index(sheet.len());
                sheet[row][column] = text.to_owned();
                expected[row][column] = text.to_owned();
            }
            let told = import(role, style.written(&HEADINGS, &sheet), record).map(|bytes| style.read(&bytes));
            prop_assert_eq!(told, Ok(expected.clone()), "{}", role);
            crm = expected;
        }
        for (role, secrets) in roles.iter().zip(secrets) {
            let seen = export(&crm, role).1;
            let told = secrets.iter().find(|secret| seen.iter().flatten().any(|cell| cell.contains(secret.as_str())));
            prop_assert!(told.is_none(), "{} sees {:?}", role, told);
        }
    }

    #[test]
    fn a_veil_that_is_moved_is_never_saved(
        records in records(),
        style in style(),
        role in select(vec!["masks", "tokens"]),
        (from, to) in (any::<Index>(), any::<Index>()),
        (one, two) in (select(vec![2usize, 3, 5]), select(vec![1usize, 2, 3, 4, 5, 6])),
    ) {
        let (record, seen) = export(&records, role);
        let (from, to) = (from.index(seen.len()), to.index(seen.len()));
        let veil = seen[from][one].clone();
        // In its own place, or where the same veil stands for the same, it is no other's.
        prop_assume!(veil != records[from][one] && !veil.is_empty() && veil != seen[to][two]);
        let mut sheet = seen;
        sheet[to][two] = veil;
        let told = import(role, style.written(&HEADINGS, &sheet), record);
        prop_assert!(told.is_err(), "{:?}", told.map(|bytes| style.read(&bytes)));
        let note = told.unwrap_err();
        for cell in records.iter().flatten().filter(|cell| cell.chars().count() > 3) {
            prop_assert!(!note.contains(cell.as_str()), "{}", note);
        }
    }
}
