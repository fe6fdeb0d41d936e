//! `/export.csv`: the whole shop in one file, as a spreadsheet wants it.
//!
//! UTF-8 with a byte order mark (without it Excel reads another encoding), every field quoted, Japanese headings,
//! CR LF between the rows and bare LF inside the memos.

use super::SampleAnswer;
use super::escape::csv as quote;
use super::people::Customer;

const HEADINGS: [&str; 14] = [
    "顧客番号",
    "会員番号",
    "氏名",
    "フリガナ",
    "電話番号",
    "自宅電話",
    "メール",
    "郵便番号",
    "住所",
    "生年月日",
    "個人番号",
    "会員区分",
    "最終購入日",
    "備考",
];

/// All customers as CSV.
pub fn csv(people: &[Customer]) -> SampleAnswer {
    let mut text = String::from("\u{feff}");
    row(&mut text, HEADINGS);
    for person in people {
        let last_order = person.orders.first().map_or("", |order| &order.date);
        let id = person.id.to_string();
        row(
            &mut text,
            [
                &id,
                &person.member_no,
                &person.name,
                &person.kana,
                &person.tel,
                &person.home_tel,
                &person.mail,
                &person.zip,
                &person.address,
                &person.birthday.replace('-', "/"),
                &person.my_number,
                person.rank,
                last_order,
                &person.memo,
            ],
        );
    }
    SampleAnswer::new(200, "text/csv; charset=UTF-8", text)
        .with_header("Content-Disposition", "attachment; filename=\"kokyaku.csv\"")
}

fn row(text: &mut String, cells: [&str; HEADINGS.len()]) {
    text.push_str(&cells.map(quote).join(","));
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use csv_core::{ReadRecordResult, Reader};

    use super::*;
    use crate::serve::sample::people::{CUSTOMERS, GUIDE, everybody};

    fn rows(mut input: &[u8]) -> Vec<Vec<String>> {
        let (mut reader, mut rows) = (Reader::new(), Vec::new());
        let (mut output, mut ends) = ([0; 8_192], [0; 64]);
        loop {
            let (result, read, _, fields) = reader.read_record(input, &mut output, &mut ends);
            input = &input[read..];
            match result {
                ReadRecordResult::Record => {
                    let mut from = 0;
                    rows.push(
                        ends[..fields]
                            .iter()
                            .map(|end| {
                                String::from_utf8(output[std::mem::replace(&mut from, *end)..*end].to_vec()).unwrap()
                            })
                            .collect(),
                    );
                }
                ReadRecordResult::End => return rows,
                ReadRecordResult::InputEmpty => {}
                _ => panic!("a record of the sample is larger than it should be"),
            }
        }
    }

    #[test]
    fn the_file_reads_back_cell_by_cell() {
        let people = everybody();
        let answer = csv(&people);
        assert!(answer.body.starts_with(b"\xEF\xBB\xBF\"") && answer.body.ends_with(b"\"\r\n"));
        let rows = rows(&answer.body[3..]);
        assert_eq!(rows.len(), CUSTOMERS as usize + 1);
        assert_eq!(rows[0], HEADINGS);
        for (row, person) in rows[1..].iter().zip(&people) {
            assert_eq!(row.len(), HEADINGS.len());
            assert_eq!(
                (&row[2], &row[4], &row[10], &row[13]),
                (&person.name, &person.tel, &person.my_number, &person.memo)
            );
        }
        assert_eq!(rows[GUIDE as usize][9], "1978/04/12");
    }

    #[test]
    fn memos_keep_their_line_breaks_and_quotes() {
        let answer = csv(&everybody());
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains(" へ。\n請求書の控えは ") && text.contains("\"\"山田\"\""));
    }
}
