//! Tables laid out in words, and the names at their cells.

use super::*;

/// Lays out rows: `!` before a heading, `~` before a known word, `-` before a hidden cell, `_` for a blank one,
/// `text*2` over columns, `text/2` over rows, `#` between `thead` and the body; gives the names at each value.
fn names(rows: &[&str]) -> Vec<String> {
    let mut table = Table::default();
    let mut shown = Vec::new();
    let marked = rows.iter().flat_map(|row| row.split_whitespace()).filter_map(|cell| cell.strip_prefix("!~"));
    let known: Vec<&str> = marked.map(|cell| cell.split(['*', '/']).next().unwrap_or_default()).collect();
    table.group(rows.contains(&"#"));
    for row in rows {
        if *row == "#" {
            table.group(false);
            continue;
        }
        table.row_begins();
        let before = shown.len();
        for written in row.split_whitespace() {
            let (written, rows) = written.split_once('/').map_or((written, 1), |(w, n)| (w, n.parse().unwrap()));
            let (written, columns) = written.split_once('*').map_or((written, 1), |(w, n)| (w, n.parse().unwrap()));
            let (head, bare) = written.strip_prefix('!').map_or((false, written), |bare| (true, bare));
            let (hidden, bare) = bare.strip_prefix('-').map_or((false, bare), |bare| (true, bare));
            let (known, bare) = bare.strip_prefix('~').map_or((false, bare), |bare| (true, bare));
            let cell = table.cell_begins(head, columns, rows, hidden);
            if !head || table.is_open_question(cell) {
                shown.push(format!("{written}: {}", table.names(cell).join(" ")));
            }
            let (text, says) = match bare.strip_suffix('：') {
                Some(label) => (label, Says::Colon),
                None if known && table.is_plain() => (bare, Says::Word),
                None => (bare, Says::Nothing),
            };
            let text = Some(text).filter(|text| !matches!(*text, "" | "_")).map(Word::from);
            table.cell_ends(cell, text, known, says);
        }
        let holds = table.row_ends();
        if holds != Holds::Values {
            // What was thought to be a value is none, or is one in doubt.
            let is_value = |cell: &String| {
                let (text, names) = cell.split_once(": ").unwrap_or_default();
                let doubt = holds == Holds::Both && !text.starts_with("!~");
                !text.starts_with('!') || (doubt && names.split(' ').any(|name| known.contains(&name)))
            };
            let row = shown.split_off(before);
            shown.extend(row.into_iter().filter(is_value));
        }
    }
    shown
}

#[test]
fn columns_and_rows_give_their_headings() {
    assert_eq!(names(&["!A !B", "a b"]), ["a: A", "b: B"]);
    assert_eq!(names(&["!A a", "!B b"]), ["a: A", "b: B"]);
    assert_eq!(names(&["!A a !B b"]), ["a: A", "b: B"]);
    assert_eq!(names(&["!X !A !B", "!R a b"]), ["!R: X", "a: A R", "b: B R"]);
    assert_eq!(names(&["A： a B： b c"]), ["A：: ", "a: A", "B：: ", "b: B", "c: "]);
}

#[test]
fn spans_are_counted() {
    assert_eq!(names(&["!A*2 !B", "a1 a2 b"]), ["a1: A", "a2: A", "b: B"]);
    assert_eq!(names(&["!A/2 !C*2", "!c1 !c2", "a x y"]), ["a: A", "x: c1 C", "y: c2 C"]);
    assert_eq!(names(&["!R/2 !S a", "!T b"]), ["a: S R", "b: T R"]);
    assert_eq!(names(&["!A !B", "a/2 b1", "b2"]), ["a: A", "b1: B", "b2: B"]);
    assert_eq!(names(&["!A !B", "a - b"]), ["a: A", "-: ", "b: B"]);
}

#[test]
fn words_apart_may_be_headings_or_labels() {
    assert_eq!(names(&["~A x ~B y", "a c b d"])[4..], ["a: A", "c: ", "b: B", "d: "]);
    assert_eq!(names(&["n ~A x ~B y", "1 a c b d"])[5..], ["1: ", "a: A", "c: ", "b: B", "d: "]);
    // Labels below labels: each means the cell beside it; but they may be a customer's, and change nothing.
    assert_eq!(names(&["~A a ~B b", "~C c ~D d", "x e y f"])[8..], ["x: A", "e: ", "y: B", "f: "]);
    // Where a value stands beside the first ones, they are no headings.
    assert_eq!(names(&["~A a ~B 090-1234", "~C c ~D d", "x e y f"])[8..], ["x: ", "e: ", "y: ", "f: "]);
    assert_eq!(names(&["~A a ~B b@c", "x e y f"])[4..], ["x: ", "e: ", "y: ", "f: "]);
    // One of them may be somebody's value.
    assert_eq!(names(&["~A x ~B y", "~C c b d"])[4..], ["~C: A", "c: C", "b: B", "d: "]);
    // A title over the whole table marks none.
    assert_eq!(names(&["!T*3", "~A ~B x", "a b c"])[3..], ["a: A", "b: B", "c: x"]);
}

#[test]
fn words_below_the_first_row_may_be_headings() {
    assert_eq!(names(&["x y", "~A ~B ~C", "a b c"])[5..], ["a: A", "b: B", "c: C"]);
    assert_eq!(names(&["_ _ _", "~A x ~B", "a y b"])[6..], ["a: A", "y: ", "b: B"]);
    assert_eq!(names(&["~A x", "~B ~C", "a y", "b c"])[4..], ["a: B", "y: C", "b: B", "c: C"]);
    assert_eq!(names(&["~A ~B x", "~C ~D y", "a b z"])[6..], ["a: A C", "b: B D", "z: x"]);
    assert_eq!(names(&["~A/2 x*2", "~B ~C", "a b c"])[4..], ["a: A", "b: B", "c: C"]);
    assert_eq!(names(&["!T", "~A ~B", "a b"])[2..], ["a: T A", "b: B"]);
    // Further down, and below marked headings, they are values.
    assert_eq!(names(&["x y", "z w", "x y", "z w", "~A ~B", "a b"])[10..], ["a: ", "b: "]);
    assert_eq!(names(&["!X !Y", "~A ~B", "a b"])[2..], ["a: X", "b: Y"]);
}

#[test]
fn words_are_headings_where_nothing_marks_any() {
    assert_eq!(names(&["~A a", "~B b"]), ["~A: ", "a: A", "~B: ", "b: B"]);
    assert_eq!(names(&["~A a ~B b c"]), ["~A: ", "a: A", "~B: ", "b: B", "c: "]);
    assert_eq!(names(&["~A ~B x", "a b y"]), ["~A: ", "~B: A", "x: B", "a: A", "b: B", "y: x"]);
    assert_eq!(names(&["n ~A ~B", "1 a ~B"]), ["n: ", "~A: ", "~B: A", "1: n", "a: A", "~B: B"]);
    assert_eq!(names(&["x y", "~A ~B z"]), ["x: ", "y: ", "~A: ", "~B: A", "z: B"]);
    assert_eq!(names(&["x y z v w ~A ~B", "1 2"])[7..], ["1: ", "2: "]);
    assert_eq!(names(&["!X y", "~A b"]), ["y: X", "~A: ", "b: "]);
    assert_eq!(names(&["~R/2 a", "b"]), ["~R: ", "a: R", "b: R"]);
    assert_eq!(names(&["t*3", "n ~A ~B", "1 a b"])[4..], ["1: n", "a: A", "b: B"]);
    assert_eq!(names(&["~A", "a", "~B", "b c"]), ["~A: ", "a: A", "~B: ", "b: B", "c: "]);
}

#[test]
fn new_headings_take_the_place_of_old_ones() {
    assert_eq!(names(&["!A !B", "a b", "!C !D", "c d"]), ["a: A", "b: B", "c: C", "d: D"]);
    assert_eq!(names(&["!A !B", "a b", "!G*2", "c d"])[2..], ["c: A", "d: B"]);
    assert_eq!(names(&["!A", "a", "!B", "b"]), ["a: A", "b: B"]);
}

#[test]
fn blank_cells_stand_beside_headings() {
    assert_eq!(names(&["_ !A !B", "1 a b"])[1..], ["1: ", "a: A", "b: B"]);
    assert_eq!(names(&["!A !B _", "a b 1"])[1..], ["a: A", "b: B", "1: "]);
    assert_eq!(names(&["n !A !B", "1 a b"])[1..], ["1: n", "a: A", "b: B"]);
    assert_eq!(names(&["!A _", "!B b"]), ["_: A", "b: B"]);
    assert_eq!(names(&["!A !B c", "!D d"]), ["c: B A", "d: D"]);
    assert_eq!(names(&["~A _ a b", "~C _ ~D d"]), ["~A: ", "_: A", "a: A", "b: ", "~C: ", "_: C", "~D: C", "d: D"]);
}

#[test]
fn rows_of_th_below_headings_are_values_unless_they_say_otherwise() {
    assert_eq!(names(&["!~A !~B", "!a !b", "c d"]), ["!a: A", "!b: B", "c: A", "d: B"]);
    assert_eq!(names(&["!~A !~B", "a b", "!c !d"])[2..], ["!c: A", "!d: B"]);
    assert_eq!(names(&["!~A !~B", "#", "!a !b", "c d"]), ["!a: A", "!b: B", "c: A", "d: B"]);
    assert_eq!(names(&["!A !B", "#", "!a !b"]), ["!a: A", "!b: B"]);
    assert_eq!(names(&["!~A !~B !C", "a b c", "!S*2 !s", "d e f"])[3..], ["d: A", "e: B", "f: C"]);
    assert_eq!(names(&["!~A !~B", "a b", "!~B !C", "c d"])[2..], ["!C: B", "c: B", "d: C B"]);
    assert_eq!(names(&["!X/2 !~A*2", "!B !C", "x b c"]), ["x: X", "b: B A", "c: C A"]);
}

#[test]
fn a_word_in_a_row_of_th_makes_no_headings_of_the_values_beside_it() {
    assert_eq!(names(&["!~A !~B", "#", "!~C !b", "!a !b"]), ["!b: B", "!a: A C", "!b: B"]);
    assert_eq!(names(&["!~A !~B !X", "!a !b !x", "!~B !b !x", "c d x"])[3..], ["!b: B", "c: A B", "d: B", "x: X"]);
    assert_eq!(names(&["!~A !~B", "#", "!~C !~D", "c d"]), ["c: C A", "d: D B"]);
    assert_eq!(names(&["!X !Y", "#", "!~A !b", "c d"]), ["c: X A", "d: Y"]);
    assert_eq!(names(&["!~A !~B", "#", "!G*2", "c d", "!H*2", "e f"]), ["c: A", "d: B", "e: A", "f: B"]);
}

#[test]
fn hidden_cells_have_headings_of_their_own() {
    assert_eq!(names(&["!A !-B !C", "a -b c"]), ["a: A", "-b: B", "c: C"]);
    assert_eq!(names(&["!A !-B !C", "a b c"]), ["a: A", "b: C B", "c: C"]);
    assert_eq!(names(&["!A", "-x a"]), ["-x: ", "a: A"]);
}
