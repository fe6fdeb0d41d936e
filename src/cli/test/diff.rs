//! Two texts beside one another, line by line: what was expected with `-`, what came with `+`.

/// One line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// In both.
    Same(String),
    /// Expected and not there.
    Missing(String),
    /// There and not expected.
    More(String),
    /// So many lines of both are left out.
    Skipped(usize),
}

/// Lines in common that are shown around a difference.
const AROUND: usize = 2;
/// Lines that are shown at all.
const SHOWN: usize = 60;
/// Above so many cells the search for what both have in common would take too long.
const CELLS: usize = 1_000_000;
/// Characters of one line that are shown.
const COLUMNS: usize = 160;

/// Compares two texts.
pub(super) fn lines(expected: &str, got: &str) -> Vec<Line> {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let front = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let back = a[front..].iter().rev().zip(b[front..].iter().rev()).take_while(|(a, b)| a == b).count();
    let mut all: Vec<Line> = a[..front].iter().map(|line| Line::Same((*line).to_owned())).collect();
    middle(&a[front..a.len() - back], &b[front..b.len() - back], &mut all);
    all.extend(a[a.len() - back..].iter().map(|line| Line::Same((*line).to_owned())));
    shortened(all)
}

/// What lies between the first and the last line that differ, by their longest common sequence.
fn middle(a: &[&str], b: &[&str], all: &mut Vec<Line>) {
    if a.len().saturating_mul(b.len()) > CELLS {
        all.extend(a.iter().map(|line| Line::Missing((*line).to_owned())));
        all.extend(b.iter().map(|line| Line::More((*line).to_owned())));
        return;
    }
    let width = b.len() + 1;
    let mut common = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = match a[i] == b[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            all.push(Line::Same(a[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            all.push(Line::Missing(a[i].to_owned()));
            i += 1;
        } else {
            all.push(Line::More(b[j].to_owned()));
            j += 1;
        }
    }
}

/// Leaves out what both have in common far from any difference, and what nobody would read.
fn shortened(all: Vec<Line>) -> Vec<Line> {
    let differs: Vec<usize> = (0..all.len()).filter(|at| !matches!(all[*at], Line::Same(_))).collect();
    let near = |at: usize| {
        let next = differs.partition_point(|differs| *differs < at);
        let beside = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|at| differs.get(at));
        beside.into_iter().any(|differs| differs.abs_diff(at) <= AROUND)
    };
    let mut out: Vec<Line> = Vec::new();
    for (at, line) in all.into_iter().enumerate() {
        match (near(at) && out.len() < SHOWN, out.last_mut()) {
            (true, _) => out.push(cut(line)),
            (false, Some(Line::Skipped(count))) => *count += 1,
            (false, _) => out.push(Line::Skipped(1)),
        }
    }
    out
}

fn cut(line: Line) -> Line {
    let short = |text: String| match text.char_indices().nth(COLUMNS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    };
    match line {
        Line::Same(text) => Line::Same(short(text)),
        Line::Missing(text) => Line::Missing(short(text)),
        Line::More(text) => Line::More(short(text)),
        skipped @ Line::Skipped(_) => skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(expected: &str, got: &str) -> String {
        let line = |line: Line| match line {
            Line::Same(text) => format!(" {text}"),
            Line::Missing(text) => format!("-{text}"),
            Line::More(text) => format!("+{text}"),
            Line::Skipped(count) => format!("…{count}"),
        };
        lines(expected, got).into_iter().map(line).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn only_what_differs_is_told_and_a_little_around_it() {
        assert_eq!(told("a\nb\nc\nd\ne", "a\nb\nx\nd\ne"), " a| b|-c|+x| d| e");
        assert_eq!(told("1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5"), "…3| 4| 5|-6");
        assert_eq!(told("a", ""), "-a");
        assert_eq!(told("", "a"), "+a");
        assert_eq!(told("a\nb", "b\nc"), "-a| b|+c");
        assert_eq!(told("same", "same"), "…1");
    }

    #[test]
    fn long_texts_are_cut() {
        let many = |from: usize| (from..from + 3000).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let all = lines(&many(0), &many(10_000));
        assert!(all.len() <= SHOWN + 1, "{}", all.len());
        assert!(matches!(all.last(), Some(Line::Skipped(_))));
        let [Line::Missing(text), Line::More(_)] = &lines(&"山".repeat(500), "x")[..] else { panic!("two lines") };
        assert_eq!(text.chars().count(), COLUMNS + 1);
    }
}
