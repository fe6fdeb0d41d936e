//! CSV: csv-core as the oracle.

use std::sync::Arc;

use csv_core::{ReadRecordResult, Reader};
use proptest::prelude::*;
use sudare::format::csv::CsvWalker;
use sudare::terms::bounds::Bounds;

use super::recorder::Recorder;

/// The rows that another parser finds.
fn oracle(mut body: &[u8]) -> Vec<Vec<String>> {
    let mut reader = Reader::new();
    let (mut rows, mut output, mut ends) = (Vec::new(), vec![0; 4096], vec![0; 512]);
    let (mut written, mut fields) = (0, 0);
    loop {
        let (result, read, wrote, ended) = reader.read_record(body, &mut output[written..], &mut ends[fields..]);
        body = &body[read..];
        written += wrote;
        fields += ended;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::End => return rows,
            ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends[..fields].iter().copied());
                let row = starts.zip(&ends[..fields]).map(|(start, end)| &output[start..*end]);
                rows.push(row.map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
                (written, fields) = (0, 0);
            }
            full => panic!("the buffers are too small: {full:?}"),
        }
    }
}

fn ours(body: &[u8]) -> Option<Vec<Vec<String>>> {
    let found = Recorder::walk(&mut CsvWalker::new(&Arc::default(), &Bounds::default()), body.chunks(3));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for leaf in &found.leaves {
        rows.resize(leaf.record as usize + 1, Vec::new());
        rows[leaf.record as usize].push(leaf.text.clone());
    }
    (!found.refused()).then_some(rows)
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9山田 ]{0,4}", "[a-z][a-z\"]{0,3}", r#""([a-z,山\n\r]|""){0,4}""#,]
}

proptest! {
    #[test]
    fn tables_are_read_as_another_parser_reads_them(
        rows in prop::collection::vec(prop::collection::vec(cell(), 2..5), 1..5),
        line_break in prop::sample::select(&["\n", "\r\n", "\r"][..]),
        closed in any::<bool>(),
    ) {
        let rows: Vec<String> = rows.into_iter().map(|row| row.join(",")).collect();
        let body = rows.join(line_break) + if closed { line_break } else { "" };
        prop_assert_eq!(ours(body.as_bytes()), Some(oracle(body.as_bytes())));
    }

    #[test]
    fn noise_is_read_alike_or_refused(body in "[a,\"\n\r ]{0,14}") {
        if let Some(rows) = ours(body.as_bytes()) {
            // Blanks behind a closing quote belong to no cell here, and to the cell there.
            if !body.contains("\" ") {
                prop_assert_eq!(rows, oracle(body.as_bytes()));
            }
        }
    }
}
