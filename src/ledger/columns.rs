//! Records as rows and columns, for spreadsheets and databases: CSV and Parquet.
//!
//! A row is one action on one kind of one subject, so that sums and counts need no unpacking; a record without subjects
//! is one row. The columns stand in one table, which both formats are written from. A cell of a CSV file that a
//! spreadsheet would take for a formula begins with an apostrophe: a name in it may be somebody else's choice.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::ledger::query::{Filter, Stored, StoredSubject};

/// One action on one kind of one subject, within its record.
struct Row<'a> {
    record: &'a Stored,
    subject: Option<&'a StoredSubject>,
    disclosed: Option<(&'a str, &'a str, u64)>,
}

enum Cell {
    Text(Option<String>),
    Number(Option<u64>),
    /// A moment, as the record has it.
    Time(String),
}

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Text,
    Number,
    Time,
}

type Column = (&'static str, Sort, fn(&Row<'_>) -> Cell);

/// Lists in a cell are parted so; no name of the rules holds it.
const PARTED: &str = ";";

fn text(text: &Option<String>) -> Cell {
    Cell::Text(text.clone())
}

fn number(number: Option<impl Into<u64>>) -> Cell {
    Cell::Number(number.map(Into::into))
}

const COLUMNS: &[Column] = &[
    ("seq", Sort::Number, |row| Cell::Number(Some(row.record.seq))),
    ("time", Sort::Time, |row| Cell::Time(row.record.time.clone())),
    ("node", Sort::Text, |row| Cell::Text(Some(row.record.node.clone()))),
    ("request", Sort::Text, |row| text(&row.record.request)),
    ("part", Sort::Number, |row| number(row.record.part)),
    ("event", Sort::Text, |row| Cell::Text(Some(row.record.event.clone()))),
    ("staff", Sort::Text, |row| text(&row.record.staff)),
    ("roles", Sort::Text, |row| Cell::Text(Some(row.record.roles.join(PARTED)))),
    ("client", Sort::Text, |row| text(&row.record.client)),
    ("purpose", Sort::Text, |row| text(&row.record.purpose)),
    ("method", Sort::Text, |row| text(&row.record.method)),
    ("path", Sort::Text, |row| text(&row.record.path)),
    ("resource", Sort::Text, |row| text(&row.record.resource)),
    ("status", Sort::Number, |row| number(row.record.status)),
    ("outcome", Sort::Text, |row| text(&row.record.outcome)),
    ("policy", Sort::Text, |row| text(&row.record.policy)),
    ("rules", Sort::Text, |row| Cell::Text(Some(row.record.rules.join(PARTED)))),
    ("subject_type", Sort::Text, |row| Cell::Text(row.subject.map(|subject| subject.of.clone()))),
    ("subject_id", Sort::Text, |row| Cell::Text(row.subject.and_then(|subject| subject.id.clone()))),
    ("kind", Sort::Text, |row| Cell::Text(row.disclosed.map(|(kind, _, _)| kind.to_owned()))),
    ("action", Sort::Text, |row| Cell::Text(row.disclosed.map(|(_, action, _)| action.to_owned()))),
    ("values", Sort::Number, |row| Cell::Number(row.disclosed.map(|(_, _, count)| count))),
    ("reason", Sort::Text, |row| text(&row.record.reason)),
    ("end", Sort::Text, |row| text(&row.record.end)),
    ("count", Sort::Number, |row| number(row.record.count)),
    ("session", Sort::Text, |row| text(&row.record.session)),
    ("device", Sort::Text, |row| text(&row.record.device)),
    ("recipient", Sort::Text, |row| text(&row.record.recipient)),
    ("organisation", Sort::Text, |row| text(&row.record.organisation)),
    ("country", Sort::Text, |row| text(&row.record.country)),
    ("basis", Sort::Text, |row| text(&row.record.basis)),
    ("tickets", Sort::Text, |row| Cell::Text(Some(row.record.tickets.join(PARTED)))),
    ("upstream", Sort::Number, |row| number(row.record.upstream)),
    ("query", Sort::Text, |row| Cell::Text(Some(row.record.query.join(PARTED)))),
    ("partial", Sort::Text, |row| Cell::Text(Some(row.record.partial.join(PARTED)))),
    ("retention", Sort::Text, |row| text(&row.record.retention)),
];

/// Gives each row of a record that the filter asks for.
fn rows(record: &Stored, filter: &Filter, row: &mut dyn FnMut(&Row<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut any = false;
    for subject in record.subjects.iter().filter(|subject| filter.matches_subject(subject)) {
        let each = subject.kinds.iter().flat_map(|(kind, actions)| {
            actions.iter().map(move |(action, count)| (kind.as_str(), action.as_str(), *count))
        });
        let asked = |(kind, action, _): &(&str, &str, u64)| {
            filter.kinds.as_ref().is_none_or(|kinds| kinds.contains(*kind))
                && filter.action.as_ref().is_none_or(|wanted| wanted == action)
        };
        let mut disclosed = each.filter(asked).peekable();
        any = true;
        if disclosed.peek().is_none() {
            row(&Row { record, subject: Some(subject), disclosed: None })?;
        }
        disclosed.try_for_each(|disclosed| row(&Row { record, subject: Some(subject), disclosed: Some(disclosed) }))?;
    }
    if any { Ok(()) } else { row(&Row { record, subject: None, disclosed: None }) }
}

/// Writes CSV (RFC 4180), with a heading.
pub struct Csv(bool);

impl Csv {
    /// Nothing is written yet.
    pub fn begin() -> Csv {
        Csv(false)
    }

    /// Adds a record's rows.
    pub fn add(&mut self, record: &Stored, filter: &Filter, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = self.writer(Vec::new())?;
        rows(record, filter, &mut |row| {
            let cells = COLUMNS.iter().map(|(_, _, cell)| match cell(row) {
                Cell::Text(text) => text.map_or_else(String::new, harmless),
                Cell::Number(number) => number.map(|number| number.to_string()).unwrap_or_default(),
                Cell::Time(time) => time,
            });
            lines.write_record(cells).map_err(io::Error::other)
        })?;
        out.write_all(&lines.into_inner().map_err(|error| io::Error::other(error.to_string()))?)
    }

    /// Writes the heading where no row did.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let lines = self.writer(Vec::new())?;
        out.write_all(&lines.into_inner().map_err(|error| io::Error::other(error.to_string()))?)
    }

    fn writer(&mut self, lines: Vec<u8>) -> io::Result<csv::Writer<Vec<u8>>> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(lines);
        if !mem::replace(&mut self.0, true) {
            writer.write_record(COLUMNS.iter().map(|(name, _, _)| name)).map_err(io::Error::other)?;
        }
        Ok(writer)
    }
}

/// The wide forms count as well where Japanese is typed.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn harmless(text: String) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

/// Writes Parquet: a column's values together, compressed, with names and types.
pub struct Parquet {
    file: SerializedFileWriter<Sink>,
    sink: Sink,
    columns: Vec<Values>,
    rows: usize,
}

#[derive(Default)]
struct Values {
    /// 1 where there is a value, 0 where there is none.
    levels: Vec<i16>,
    texts: Vec<ByteArray>,
    numbers: Vec<i64>,
}

/// What is written until it is handed on: the crate wants a writer of its own.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn hand_on(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// So many rows are held before they are written.
const GROUP_ROWS: usize = 64 << 10;

fn other(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

impl Parquet {
    /// Begins a file.
    pub fn begin() -> io::Result<Parquet> {
        let fields = COLUMNS.iter().map(|(name, sort, _)| field(name, *sort).map(Arc::new));
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(other)?;
        let schema = Type::group_type_builder("record").with_fields(fields).build().map_err(other)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
        let sink = Sink::default();
        let file = SerializedFileWriter::new(sink.clone(), Arc::new(schema), Arc::new(properties.build()));
        let columns = COLUMNS.iter().map(|_| Values::default()).collect();
        Ok(Parquet { file: file.map_err(other)?, sink, columns, rows: 0 })
    }

    /// Adds a record's rows.
    pub fn add(&mut self, record: &Stored, filter: &Filter, out: &mut dyn Write) -> io::Result<()> {
        let (columns, count) = (&mut self.columns, &mut self.rows);
        rows(record, filter, &mut |row| {
            for ((_, _, cell), values) in COLUMNS.iter().zip(columns.iter_mut()) {
                values.push(cell(row))?;
            }
            *count += 1;
            Ok(())
        })?;
        if self.rows >= GROUP_ROWS { self.write_group(out) } else { Ok(()) }
    }

    /// Ends the file.
    pub fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group(out)?;
        }
        self.file.close().map_err(other)?;
        self.sink.hand_on(out)
    }

    fn write_group(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut group = self.file.next_row_group().map_err(other)?;
        for ((_, sort, _), values) in COLUMNS.iter().zip(&mut self.columns) {
            let Values { levels, texts, numbers } = mem::take(values);
            let Some(mut column) = group.next_column().map_err(other)? else { break };
            match sort {
                Sort::Text => column.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None),
                Sort::Number | Sort::Time => column.typed::<Int64Type>().write_batch(&numbers, Some(&levels), None),
            }
            .map_err(other)?;
            column.close().map_err(other)?;
        }
        group.close().map_err(other)?;
        self.rows = 0;
        self.sink.hand_on(out)
    }
}

impl Values {
    fn push(&mut self, cell: Cell) -> io::Result<()> {
        let some = match cell {
            Cell::Text(text) => text.map(|text| self.texts.push(text.into_bytes().into())),
            Cell::Number(number) => {
                let number = number.map(i64::try_from).transpose().map_err(io::Error::other)?;
                number.map(|number| self.numbers.push(number))
            }
            Cell::Time(time) => {
                let time = time.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
                time.map(|time| self.numbers.push(time))
            }
        };
        self.levels.push(i16::from(some.is_some()));
        Ok(())
    }
}

fn field(name: &str, sort: Sort) -> Result<Type, ParquetError> {
    let (physical, logical) = match sort {
        Sort::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Sort::Number => (Physical::INT64, None),
        Sort::Time => {
            let unit = TimeUnit::MICROS;
            (Physical::INT64, Some(LogicalType::timestamp(true, unit)))
        }
    };
    let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    field.with_logical_type(logical).with_converted_type(ConvertedType::NONE).build()
}
