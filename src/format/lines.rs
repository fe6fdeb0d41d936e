//! Lines of a text that say themselves what they hold: `氏名：山田<br>電話：090-…`, `【住所】東京都`.
//!
//! Only a word that means something is a label here, and only at the beginning of a line: prose that
//! mentions a telephone is no value. Behind such a label further ones may stand in the same line.

use std::ops::Range;

use crate::terms::words::{Length, Words};

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::format) struct Line {
    /// Where in the text it stands.
    pub(in crate::format) span: Range<usize>,
    /// What it is.
    pub(in crate::format) sort: Sort,
}

/// What a part of a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::format) enum Sort {
    /// Text of which nobody says what it is.
    Plain,
    /// A label.
    Label,
    /// The value of the label that stands there.
    Value(Range<usize>),
}

/// Parts a text into its labels, their values and what is neither; nothing if no line begins with a
/// label. `breaks` is where its lines end.
pub(in crate::format) fn labelled(text: &str, breaks: &[usize], words: &Words) -> Vec<Line> {
    const SIGNS: [char; 13] = [':', '：', '】', '］', ']', '〕', '■', '□', '●', '○', '◆', '◇', '▼'];
    if words.is_empty() {
        return Vec::new();
    }
    if let Some(lines) = in_turns(text, breaks, words) {
        return lines;
    }
    // 0x88 ends `（`.
    let may_hold_number = memchr::memchr3(b' ', b'(', 0x88, text.trim().as_bytes()).is_some()
        && (text.contains(['@', '＠']) || has_digits(text));
    if !may_hold_number && !text.contains(SIGNS) && !text.contains(BETWEEN) && !text.trim().contains(WIDE) {
        return Vec::new();
    }
    let mut lines = Lines { text, words, parts: Vec::new(), open: None };
    let mut start = 0;
    for end in breaks.iter().copied().chain([text.len()]) {
        lines.line(start..end);
        start = end;
    }
    let any = lines.parts.iter().any(|line| line.sort == Sort::Label);
    if any { lines.parts } else { Vec::new() }
}

/// Whether a text may be one of such lines, at a glance: it has several, or begins with what a colon or a
/// bracket may make a label. A time and an address of the web are none.
pub(in crate::format) fn may_be_labelled(text: &str) -> bool {
    const LABEL_BYTES: usize = 4 * LABEL_CHARS;
    // The last byte of the wide colon's three.
    const WIDE_COLON: u8 = 0x9a;
    let bytes = text.as_bytes();
    let head = &bytes[..bytes.len().min(LABEL_BYTES)];
    let is_colon = |at: usize| match head[at] {
        b':' => at > 0 && !head[at - 1].is_ascii_digit() && head.get(at + 1) != Some(&b'/'),
        _ => head[..=at].ends_with("：".as_bytes()),
    };
    text.starts_with(['【', '［', '〔'])
        || memchr::memchr2_iter(b':', WIDE_COLON, head).any(is_colon)
        || memchr::memchr(b'\n', bytes).is_some()
}

/// A line without what stands before its first word: marks of lists, of answered mail (`> `) and numbers (`1. `).
fn without_marks(line: &str) -> &str {
    const DIGITS: usize = 2;
    let is_mark = |c: char| c.is_whitespace() || "・●○■□◆◇▼▶►※*＊-－–•>＞|｜".contains(c) || c == '\u{feff}';
    let text = line.trim_start_matches(is_mark);
    let number = text.trim_start_matches(|c: char| c.is_numeric());
    let behind = number
        .strip_prefix(['.', ')', '．', '）', '、'])
        .filter(|_| (1..=3 * DIGITS).contains(&(text.len() - number.len())));
    behind.map_or(text, |rest| rest.trim_start_matches(is_mark))
}

struct Lines<'a> {
    text: &'a str,
    words: &'a Words,
    parts: Vec<Line>,
    /// The label whose value may go on in the next line.
    open: Option<Open>,
}

/// A label whose value may go on.
struct Open {
    label: Range<usize>,
    length: Length,
    /// Some of its value was there.
    begun: bool,
}

/// No label has more characters, with its brackets.
const LABEL_CHARS: usize = 40;
/// How many places of one line are looked at for further labels.
const PLACES: usize = 64;

impl Lines<'_> {
    fn line(&mut self, line: Range<usize>) {
        if self.text[line.clone()].trim().is_empty() {
            // A blank line ends what goes on.
            self.open = self.open.take().filter(|open| !open.begun);
            return;
        }
        match self.label(line.clone()) {
            Some((label, after)) => self.pairs(label, after, line.end),
            None => self.rest(line),
        }
    }

    /// A line that begins with a label, and those that follow in it.
    fn pairs(&mut self, first: Range<usize>, after: usize, end: usize) {
        let mut pair = Some((first, after));
        while let Some((label, after)) = pair {
            pair = self.next(after..end);
            let parts = |c: char| c.is_whitespace() || PARTS.contains(c);
            let value = match &pair {
                Some((next, _)) => after..after + self.text[after..next.start].trim_end_matches(parts).len(),
                None => after..end,
            };
            let begun = !self.text[value.clone()].trim().is_empty();
            let length = self.words.length(&self.text[label.clone()]).unwrap_or(Length::Line);
            self.parts.push(Line { span: label.clone(), sort: Sort::Label });
            if begun {
                self.parts.push(Line { span: value, sort: Sort::Value(label.clone()) });
            }
            self.open = (!begun || length == Length::Text).then_some(Open { label, length, begun });
        }
    }

    /// A line that begins with none.
    fn rest(&mut self, line: Range<usize>) {
        match self.open.take().filter(|_| !has_label(&self.text[line.clone()])) {
            Some(Open { label, length, .. }) => {
                self.parts.push(Line { span: line, sort: Sort::Value(label.clone()) });
                self.open = (length == Length::Text).then_some(Open { label, length, begun: true });
            }
            None => match self.parts.last_mut() {
                Some(Line { span, sort: Sort::Plain }) => span.end = line.end,
                _ => self.parts.push(Line { span: line, sort: Sort::Plain }),
            },
        }
    }

    /// The label at the beginning of a part of a line, and where what it labels begins.
    fn label(&self, line: Range<usize>) -> Option<(Range<usize>, usize)> {
        let text = &self.text[line.clone()];
        let start = line.start + text.len() - without_marks(text).len();
        let rest = &self.text[start..line.end];
        let opening = rest.chars().next()?;
        if let Some(at) = OPENING.iter().position(|mark| *mark == opening) {
            let inner = start + opening.len_utf8();
            let length =
                self.text[inner..line.end].char_indices().take(LABEL_CHARS).find(|(_, c)| *c == CLOSING[at])?.0;
            let after = inner + length + CLOSING[at].len_utf8();
            let behind = self.text[after..line.end].trim_start();
            let colon = behind.chars().next().filter(|c| is_colon(*c)).map_or(0, char::len_utf8);
            let after = if colon > 0 { line.end - behind.len() + colon } else { after };
            return self.words.know(&self.text[inner..inner + length]).then_some((inner..inner + length, after));
        }
        let Some((length, colon)) = rest.char_indices().take(LABEL_CHARS).find(|(_, c)| is_colon(*c)) else {
            let label = self.marked(start, line).or_else(|| self.spaced(start, rest));
            return label.or_else(|| self.before_number(start, rest));
        };
        let label = start..start + rest[..length].trim_end().len();
        self.words.know(&self.text[label.clone()]).then_some((label, start + length + colon.len_utf8()))
    }

    /// All of a line as a label: a mark before it says as much as a colon behind it.
    fn marked(&self, start: usize, line: Range<usize>) -> Option<(Range<usize>, usize)> {
        let marked = self.text[line.start..start].contains(['■', '□', '●', '○', '◆', '◇', '▼']);
        let label = start..start + self.text[start..line.end].trim_end().len();
        (marked && self.words.know(&self.text[label.clone()])).then_some((label, line.end))
    }

    /// A label that a wide blank or a sign parts from its value, the longest of those that a line may begin
    /// with: a blank may stand between its letters too.
    fn spaced(&self, start: usize, rest: &str) -> Option<(Range<usize>, usize)> {
        const BLANKS: usize = 6;
        if rest.contains('。') {
            return None;
        }
        let within = rest.char_indices().nth(LABEL_CHARS).map_or(rest, |(end, _)| &rest[..end]);
        let signs = within.match_indices(BETWEEN).map(|(at, sign)| (at, at + sign.len()));
        let mut ends: Vec<(usize, usize)> = signs.take(BLANKS).collect();
        ends.extend(within.find(WIDE).map(|at| (at, at)));
        ends.sort_unstable();
        let is_label = |(end, after): &(usize, usize)| {
            self.words.know(&rest[..*end]) && rest[*after..].trim_start().starts_with(char::is_alphanumeric)
        };
        let (end, after) = ends.into_iter().rev().find(is_label)?;
        Some((start..start + rest[..end].trim_end().len(), start + after))
    }

    /// A label that a blank, a dash or a bracket parts from a number or an address of mail, which is all that stands
    /// behind it: `電話番号 090-…`, `Tel - 090-…`, `Tel (090-…)`.
    fn before_number(&self, start: usize, rest: &str) -> Option<(Range<usize>, usize)> {
        const BLANKS: usize = 6;
        if !has_digits(rest) && !rest.contains('@') {
            return None;
        }
        let within = rest.char_indices().nth(LABEL_CHARS).map_or(rest, |(end, _)| &rest[..end]);
        let mut ends = within.match_indices([' ', '(', '（']).map(|(at, _)| at).take(BLANKS);
        let is_label = |end: &usize| {
            let value = rest[*end..].trim().trim_start_matches(DASHES).trim();
            *end > 0 && is_number(value) && self.words.know(&rest[..*end])
        };
        let end = ends.find(is_label)?;
        let value = rest[end..].trim_start();
        let bare = value.trim_start_matches(DASHES).trim_start();
        Some((start..start + rest[..end].trim_end().len(), start + rest.len() - bare.len()))
    }

    /// The next label in the same line.
    fn next(&self, line: Range<usize>) -> Option<(Range<usize>, usize)> {
        let parts = |c: char| c.is_whitespace() || PARTS.contains(c);
        let places = self.text[line.clone()].match_indices(parts).take(PLACES);
        let mut starts = places.map(|(at, part)| {
            let bracket = part.chars().next().is_some_and(|c| OPENING.contains(&c));
            line.start + if bracket { at } else { at + part.len() }
        });
        starts.find_map(|start| self.label(start..line.end))
    }
}

/// What parts a label at the beginning of a line from its value as well as a colon does.
const BETWEEN: [char; 9] = ['\u{3000}', '\u{a0}', '\t', '=', '＝', '→', '⇒', '|', '｜'];
/// Blanks that bring values below one another.
const WIDE: &str = "  ";

/// Labels above their values, where the text is nothing but such lines in turns: as cards are written. Of two lines
/// the first is a known word, of more at least two.
fn in_turns(text: &str, breaks: &[usize], words: &Words) -> Option<Vec<Line>> {
    const LINES: usize = 128;
    if breaks.len().is_multiple_of(2) || breaks.len() >= LINES {
        return None;
    }
    let ends = breaks.iter().copied().chain([text.len()]);
    let lines: Vec<Range<usize>> = ends.scan(0, |start, end| Some(std::mem::replace(start, end)..end)).collect();
    let is_value = |line: &Range<usize>| {
        let value = &text[line.clone()];
        !value.trim().is_empty() && !value.contains(['。', '、', ':', '：']) && !words.know(value)
    };
    let is_known = |line: &Range<usize>| words.know(&text[line.clone()]);
    let known = lines.iter().step_by(2).filter(|line| is_known(line)).count();
    if !is_known(lines.first()?) || known < 2.min(lines.len() / 2) || !lines.iter().skip(1).step_by(2).all(is_value) {
        return None;
    }
    let mut parts = Vec::with_capacity(lines.len());
    for pair in lines.chunks_exact(2) {
        let (above, below) = (pair[0].clone(), pair[1].clone());
        if !is_known(&above) {
            parts.push(Line { span: above.start..below.end, sort: Sort::Plain });
            continue;
        }
        let line = &text[above.clone()];
        let label = above.end - line.trim_start().len()..above.start + line.trim_end().len();
        parts.push(Line { span: label.clone(), sort: Sort::Label });
        parts.push(Line { span: below, sort: Sort::Value(label) });
    }
    Some(parts)
}

/// Dashes between a label and its value.
const DASHES: [char; 6] = ['-', '－', '–', '—', '―', 'ー'];

/// Whether a text holds as many digits as a number that means somebody.
fn has_digits(text: &str) -> bool {
    text.chars().filter(|c| c.is_numeric()).nth(DIGITS - 1).is_some()
}

/// Fewer count something: `電話 3件`.
const DIGITS: usize = 3;

/// Whether a text is a number, as people write it, or an address of mail.
fn is_number(text: &str) -> bool {
    const CHARS: usize = 40;
    let text = text.strip_suffix([')', '）']).map_or(text, |inner| inner.trim_start_matches(['(', '（']));
    if text.chars().nth(CHARS).is_some() || text.is_empty() {
        return false;
    }
    if let Some((user, domain)) = text.split_once(['@', '＠']) {
        return !user.is_empty() && domain.contains(['.', '．']) && !text.contains(char::is_whitespace);
    }
    let is_part = |c: char| c.is_numeric() || c.is_whitespace() || "-－ー–—‐−+＋()（）.．,，/￥¥〒#xX".contains(c);
    has_digits(text) && text.chars().all(is_part)
}

/// What stands between a value and the next label in its line.
const PARTS: &str = "/／|｜、,，;；・【［[〔■●◆○□";
const OPENING: [char; 4] = ['【', '［', '[', '〔'];
const CLOSING: [char; 4] = ['】', '］', ']', '〕'];

fn is_colon(c: char) -> bool {
    matches!(c, ':' | '：')
}

/// Whether a line begins with a label of any words: then it does not go on with the one before.
fn has_label(line: &str) -> bool {
    const SHORT: usize = 16;
    line.trim().chars().take(SHORT).any(|c| c == '：' || OPENING.contains(&c)) || {
        let begin: String = line.trim().chars().take(SHORT).collect();
        begin.split_once(": ").is_some_and(|(label, _)| label.contains(char::is_alphabetic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let mut words = Words::default();
        for name in ["氏名", "電話", "tel", "メール"] {
            words.add(name, Length::Line);
        }
        words.add("住所", Length::Text);
        words
    }

    /// The values with their labels, and what is neither in brackets.
    fn shown(text: &str) -> String {
        let breaks: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let part = |line: Line| match line.sort {
            Sort::Plain => Some(format!("[{}]", text[line.span].trim())),
            Sort::Label => None,
            Sort::Value(label) => Some(format!("{}={}", &text[label], text[line.span].trim())),
        };
        labelled(text, &breaks, &words()).into_iter().filter_map(part).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lines_that_begin_with_a_label_hold_its_value() {
        for (text, lines) in [
            ("氏名：山田\n電話：090", "氏名=山田 電話=090"),
            ("氏名：山田 太郎　電話：090", "氏名=山田 太郎 電話=090"),
            ("TEL: 03-1 / メール: a@b.jp", "TEL=03-1 メール=a@b.jp"),
            ("tel:090", "tel=090"),
            ("【氏名】山田\n■電話 ： 090\n[tel]: 03", "氏名=山田 電話=090 tel=03"),
            ("氏名（必須）：山田", "氏名（必須）=山田"),
            ("住所：東京都\n港区1-2\n\n以上", "住所=東京都 住所=港区1-2 [以上]"),
            ("住所：\n東京都\n担当：佐藤\n港区", "住所=東京都 [担当：佐藤\n港区]"),
            ("電話：\n\n090\n本日来店", "電話=090 [本日来店]"),
            ("住所：\n\n東京都\n港区", "住所=東京都 住所=港区"),
            ("電話：090\n本日来店\n次回は来週", "電話=090 [本日来店\n次回は来週]"),
            ("ご案内\n電話：090", "[ご案内] 電話=090"),
            ("■氏名\n　山田 太郎\n■電話\n090\n本日来店", "氏名=山田 太郎 電話=090 [本日来店]"),
            ("氏　名：山田\nＴ Ｅ Ｌ：090", "氏　名=山田 Ｔ Ｅ Ｌ=090"),
            ("氏　名　　山田　太郎\n電話\u{a0}090", "氏　名=山田　太郎 電話=090"),
            ("電話　本日は受付なし。", ""),
            ("電話=090", "電話=090"),
            ("氏名      山田 太郎\n電話\t090", "氏名=山田 太郎 電話=090"),
            ("電話 888003", "電話=888003"),
            ("Tel - +81 90 1234\ntel (888) 004\n電話（888005）", "Tel=+81 90 1234 tel=(888) 004 電話=（888005）"),
            ("メール a@b.jp", "メール=a@b.jp"),
            ("電話 3件", ""),
            ("電話 88 から 99", ""),
            ("氏名\n山田 太郎", "氏名=山田 太郎"),
            ("氏名\n山田 太郎\n電話\n090\n担当\n佐藤", "氏名=山田 太郎 電話=090 [担当\n佐藤]"),
            ("氏名\n山田 太郎\n以上\n敬具", ""),
            ("氏名\n電話\n山田\n090", ""),
            ("電話\n氏名", ""),
            ("電話\n本日来店\n可", ""),
        ] {
            assert_eq!(shown(text), lines, "{text}");
        }
    }

    #[test]
    fn what_may_be_labelled_is_seen_at_a_glance() {
        for (text, may) in [
            ("氏名：山田", true),
            ("tel: 1", true),
            ("【氏名】山田", true),
            ("a\nb", true),
            ("2026-11-22T04:21:22Z", false),
            ("https://example.jp/", false),
            ("山田 太郎", false),
            (":a", false),
            ("", false),
            ("ひらがなとカタカナだけの長い文がここにありまして、それから", false),
        ] {
            assert_eq!(may_be_labelled(text), may, "{text}");
            let breaks: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
            assert!(may || labelled(text, &breaks, &words()).is_empty(), "{text}");
        }
    }

    #[test]
    fn prose_holds_none() {
        for text in [
            "お電話：お待ちしています",
            "ご連絡は電話: 090 まで",
            "山田さんより電話あり：折り返し",
            "10:30 電話",
            "電話は不要です",
            "電話",
            "http://x/電話",
            "[1] 電話",
            "",
        ] {
            assert_eq!(shown(text), "", "{text}");
        }
    }
}
