//! A table as the tree that JSON is compared as: a list of rows, each an object of its cells under the headings of
//! the first row, exactly as these are written.
//!
//! Columns of which nobody can say which one is meant, since their headings are the same or nearly so, have lists in
//! place of texts. Like that tree it says nothing of what is wrong with a table, which a walker has read before.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::format::csv::scan::{Event, Scanner};
use crate::format::json::nodes::{Is, Member, Node};
use crate::terms::label;
use crate::terms::quote::Quote;

/// What programs part cells by.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// A cell: what it says, and where it stands with its quotes.
struct Cell {
    text: String,
    span: Range<usize>,
    quoted: bool,
}

/// The rows of a table, blank lines left out; nothing where it is none.
fn rows(text: &str) -> Option<Vec<Vec<Cell>>> {
    let mut scanner = Scanner::new(Arc::default(), usize::MAX);
    scanner.push(text.as_bytes());
    let (mut all, mut row) = (Vec::new(), Vec::new());
    while let Some(event) = scanner.next(true).ok()? {
        match event {
            Event::Cell { text, span, quote } => {
                let quoted = matches!(quote, Quote::CsvQuoted);
                let span = if quoted { span.start - 1..span.end + 1 } else { span };
                row.push(Cell { text: text.to_owned(), span, quoted });
            }
            Event::Row(_) => all.push(std::mem::take(&mut row)),
        }
    }
    row.is_empty().then_some(all)
}

/// A column: its heading, and whether it is the only one that is called so.
struct Column {
    number: usize,
    name: String,
    alone: bool,
}

/// The columns in the order of their headings; of several that are called the same to the letter the first.
fn columns(headings: Vec<Cell>) -> Vec<Column> {
    let mut alike: HashMap<String, usize> = HashMap::new();
    headings.iter().for_each(|cell| *alike.entry(label::fold(&cell.text)).or_default() += 1);
    let column = |(number, cell): (usize, Cell)| {
        let alone = alike.get(&label::fold(&cell.text)) == Some(&1);
        Column { number, name: cell.text, alone }
    };
    let mut all: Vec<Column> = headings.into_iter().enumerate().map(column).collect();
    all.retain(|column| !column.name.trim().is_empty());
    all.sort_by(|one, two| (&one.name, one.number).cmp(&(&two.name, two.number)));
    all.dedup_by(|two, one| two.name == one.name);
    all
}

/// Reads a table whose first row holds the headings; nothing where it is none.
pub fn read(text: &str) -> Option<Node> {
    let mut rows = rows(text)?.into_iter();
    let columns = columns(rows.next()?);
    let all = rows.map(|row| object(&columns, row)).collect();
    Some(Node { span: 0..text.len(), is: Is::List(all) })
}

fn object(columns: &[Column], row: Vec<Cell>) -> Node {
    let span = row.first().map_or(0, |cell| cell.span.start)..row.last().map_or(0, |cell| cell.span.end);
    let mut cells: Vec<Option<Cell>> = row.into_iter().map(Some).collect();
    let member = |column: &Column| {
        let cell = cells.get_mut(column.number)?.take()?;
        let is = if column.alone { Is::Text(cell.text) } else { Is::List(Vec::new()) };
        let at = cell.span.start..cell.span.start;
        Some(Member { name: column.name.clone(), at, value: Node { span: cell.span, is } })
    };
    Node { span, is: Is::Object(columns.iter().filter_map(member).collect()) }
}

/// Among how many rows programs look for headings.
const FIRST_ROWS: usize = 5;

/// Whether every program that reads tables by their headings finds the same cells in this one: else what goes home
/// here might land in another column or row there. `knows` tells what headings are called.
pub fn is_plain(text: &str, knows: &dyn Fn(&str) -> bool) -> bool {
    let Some(rows) = rows(text) else { return false };
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_odd = |c: char| match c {
        '\t' | '\r' | '\n' => false,
        '\u{feff}' | '\u{2028}' | '\u{2029}' => true,
        _ => c.is_control(),
    };
    let first = rows.first().map(Vec::as_slice).unwrap_or_default();
    let (Some(start), Some(end)) = (first.first(), first.last()) else { return false };
    let headings = &text[start.span.start..end.span.end];
    let parted_by = DELIMITERS.into_iter().filter(|delimiter| headings.contains(*delimiter)).count();
    // A table of one column holds no record and a field of it.
    first.len() > 1
        && parted_by == 1
        && !body.starts_with(['\r', '\n'])
        && !body.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep="))
        && !body.contains(is_odd)
        // Some programs take the first cell of a longer row for its name, and a `#` for a comment.
        && rows.iter().all(|row| row.len() <= first.len())
        && rows.iter().filter_map(|row| row.first()).all(|cell| !text[cell.span.start..].starts_with('#'))
        && rows.iter().flatten().all(|cell| is_plain_cell(text, cell))
        && ends_alike(text, &rows)
        && is_headed_by_the_first(&rows, knows)
}

/// Whether no other row may be the headings, to programs that look for them.
fn is_headed_by_the_first(rows: &[Vec<Cell>], knows: &dyn Fn(&str) -> bool) -> bool {
    let known = |row: &Vec<Cell>| row.iter().filter(|cell| knows(&cell.text)).count();
    let most = rows.first().map_or(0, known);
    rows.iter().take(FIRST_ROWS).skip(1).map(known).all(|count| count == 0 || count < most)
}

fn is_plain_cell(text: &str, cell: &Cell) -> bool {
    let raw = &text[cell.span.clone()];
    if cell.quoted {
        // Some programs take a backslash before a quote for a part of it; some end a cell behind blanks.
        !raw.contains("\\\"") && !text[cell.span.end..].starts_with(' ')
    } else {
        // Behind a backslash a delimiter or a line's end belongs to the cell, to programs that load tables.
        !raw.contains('"') && !raw.ends_with('\\')
    }
}

/// Whether all lines end in one way, of those that all programs know.
fn ends_alike(text: &str, rows: &[Vec<Cell>]) -> bool {
    let mut at = 0;
    let (mut long, mut short) = (false, false);
    let mut note = |between: &str| {
        let breaks = between.matches('\r').count();
        let pairs = between.matches("\r\n").count();
        long |= pairs > 0;
        short |= between.matches('\n').count() > pairs;
        breaks == pairs
    };
    for cell in rows.iter().flatten() {
        if !note(&text[at.min(cell.span.start)..cell.span.start]) {
            return false;
        }
        at = cell.span.end;
    }
    note(&text[at..]) && !(long && short)
}

/// Where a byte of a table stands: the number of its line, and that and the heading of its column.
pub fn whereabouts(text: &str, at: usize) -> Option<(usize, usize, String)> {
    let line = text.get(..at)?.matches('\n').count() + 1;
    let rows = rows(text)?;
    let mut found = rows.iter().flat_map(|row| row.iter().enumerate());
    let (column, _) = found.find(|(_, cell)| cell.span.start <= at && at <= cell.span.end)?;
    let heading = rows.first()?.get(column).map(|cell| cell.text.clone()).unwrap_or_default();
    Some((line, column + 1, heading))
}

/// A text as it is written in the place of a cell; nothing where programs would differ in what they read there.
pub fn written(text: &str, into: &str, span: &Range<usize>) -> Option<String> {
    let was_quoted = into.get(span.clone())?.starts_with('"');
    if text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        return None;
    }
    let is_marked = |c: char| DELIMITERS.contains(&c) || matches!(c, '"' | '\r' | '\n');
    if !was_quoted && !text.contains(is_marked) && text.trim() == text {
        return Some(text.to_owned());
    }
    let is_plain = !text.contains("\\\"") && !text.ends_with('\\');
    is_plain.then(|| format!("\"{}\"", text.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let node = read(text).expect(text);
        let Is::List(rows) = node.is else { panic!("a list") };
        let cell = |member: &Member| match &member.value.is {
            Is::Text(said) => format!("{}={said:?}@{}", member.name, &text[member.value.span.clone()]),
            _ => format!("{}?", member.name),
        };
        let row = |row: &Node| match &row.is {
            Is::Object(members) => members.iter().map(cell).collect::<Vec<_>>().join(" "),
            _ => panic!("a row"),
        };
        rows.iter().map(row).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn a_table_is_a_list_of_rows_whose_cells_know_where_they_stand() {
        for (text, told) in [
            ("ID,b\r\n1,x\r\n\r\n2,\"y\"\"z\"\r\n", "ID=\"1\"@1 b=\"x\"@x | ID=\"2\"@2 b=\"y\\\"z\"@\"y\"\"z\""),
            ("\u{feff}b;ID\nx;1", "ID=\"1\"@1 b=\"x\"@x"),
            ("ID,id,b\n1,2,3\n", "ID? b=\"3\"@3 id?"),
            ("ID,b,b,\n1,2,3,4\n", "ID=\"1\"@1 b?"),
            ("ID,b\n1\n2,3,4\n", "ID=\"1\"@1 | ID=\"2\"@2 b=\"3\"@3"),
        ] {
            assert_eq!(shown(text), told, "{text}");
        }
    }

    #[test]
    fn what_programs_read_in_two_ways_is_told() {
        for (text, plain) in [
            ("ID,b\r\n1,\"a\r\nb\"\r\n", true),
            ("\u{feff}ID\tb\n1\tx,y;z\n", true),
            ("ID,b\n\n1,x", true),
            ("ID,b\n1,x,y\n", false),
            ("ID,b\n1,x,\n", false),
            ("ID,b\n1,a\\\n", false),
            ("ID,b\na\\,1\n", false),
            ("ID,b\na\\b,1\n", true),
            ("#ID,b\n1,x\n", false),
            ("ID,b\n#1,x\n", false),
            ("ID\n1\n", false),
            ("ID,a;b\n1,x\n", false),
            ("ID,\"a;b\"\n1,x\n", false),
            ("sep=,\nID,b\n1,x\n", false),
            ("\nID,b\n1,x\n", false),
            ("ID,b\n1,x\r\n", false),
            ("ID,b\r1,x\r", false),
            ("ID,b\n1,x\"y\n", false),
            ("ID,b\n1,\"x\\\",y\"\n", false),
            ("ID,b\n1,\"x\\\"\n", false),
            ("ID,b\n\"1\" ,x\n", false),
            ("ID,b\n1,x\u{2028}2,y\n", false),
            ("ID,b\n1,x\u{b}2,y\n", false),
            ("\u{feff}\u{feff}ID,b\n1,x\n", false),
            ("ID,tel\n1,x\nmail,tel\n2,y\n", false),
            ("ID,tel\n1,tel\n", false),
            ("mail,tel\n1,tel\n", true),
            ("", false),
        ] {
            assert_eq!(is_plain(text, &|name| matches!(name, "tel" | "mail")), plain, "{text:?}");
        }
    }

    #[test]
    fn an_original_is_written_as_its_cell_needs_it() {
        for (text, into, place, told) in [
            ("090", "a,****", "****", Some("090")),
            ("090", "a,\"****\"", "\"****\"", Some("\"090\"")),
            ("x,y", "a,****", "****", Some("\"x,y\"")),
            ("x\"y", "a,****", "****", Some("\"x\"\"y\"")),
            ("x\ny", "a;****", "****", Some("\"x\ny\"")),
            (" x", "a,****", "****", Some("\" x\"")),
            ("x\\", "a,****", "****", Some("x\\")),
            ("x\\", "a,\"****\"", "\"****\"", None),
            ("x\u{1b}", "a,****", "****", None),
        ] {
            let at = into.find(place).expect("a place");
            assert_eq!(written(text, into, &(at..at + place.len())).as_deref(), told, "{text:?} {into}");
        }
        assert_eq!(whereabouts("ID,tel\n1,\"a\nb\"\n2,****\n", 19), Some((4, 2, "tel".into())));
    }
}
