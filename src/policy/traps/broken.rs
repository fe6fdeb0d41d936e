//! Why the parser stopped, in words of whoever typed it.
//!
//! The parser tells where it noticed, which is often a line later than where the slip is: what ends
//! nowhere is noticed at the next thing that cannot stand in it. So the lines around are looked at for
//! the slips that people make, and brackets are counted from the beginning.

use std::ops::Range;

use super::{
    ALIAS, ALIAS_HELP, WIDE_BLANK, WIDE_BLANK_HELP, WIDE_COLON, WIDE_COLON_HELP, bare_path, is_wide_blank, unquoted,
};

/// The bytes that are meant, a code, the sentence and the help.
pub type Broken = (Range<usize>, &'static str, String, Option<String>);

type Trap = (Range<usize>, &'static str, &'static str, &'static str);

const CODE: &str = "yaml";
const COLON: &str = "a blank is missing behind `:`";
const COLON_HELP: &str = "write `key: value`, with a blank behind the colon";
const KEY: &str = "expected `key: value`";
const KEY_HELP: &str = "write `:` and a blank after the key, and look at the indentation";
const INDENT: &str = "the indentation does not fit the lines before";
const INDENT_HELP: &str = "indent each level by two blanks; keys of one map begin in one column";

/// Why the parser stopped at a byte.
pub fn broken(text: &str, at: usize, info: &str) -> Broken {
    let at = at.min(text.len());
    let whole = line_around(text, at);
    let here = near(text, whole.clone(), at);
    let before = line_before(text, whole.start).map(|line| near(text, line, at));
    let after = (whole.end < text.len()).then(|| near(text, line_around(text, whole.end + 1), whole.end + 1));
    let tabs = info.contains("tab") || info.contains("YAML whitespace");
    let here_bare = unquoted(&text[here.clone()]);
    if tabs && let Some(found) = tab(&here_bare) {
        return placed(&here, found);
    }
    if tabs && let Some(found) = after.as_ref().and_then(|line| tab(&text[line.clone()]).map(|found| (line, found))) {
        return placed(found.0, found.1);
    }
    if let Some(found) = before.as_ref().and_then(|before| closed(text, before, &here)) {
        return found;
    }
    let lines = before.iter().chain([&here]);
    for line in lines.clone() {
        if let Some(found) = trap_in_line(&text[line.clone()], info) {
            return placed(line, found);
        }
    }
    for line in lines {
        if let Some(found) = slip(&unquoted(&text[line.clone()]), info) {
            return placed(line, found);
        }
    }
    if let Some(found) = bracket(text, at, info) {
        return found;
    }
    if let Some(found) = before.and_then(|before| keyless(text, &before, &here, info)) {
        return found;
    }
    if info.contains("unprintable") {
        let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let message = "a character stands here that no text may hold".to_owned();
        return (at..end, CODE, message, Some("delete it, and type what stands around it anew".to_owned()));
    }
    let (message, help) = sentence(info);
    (at..at, CODE, message, help.map(str::to_owned))
}

/// An item or a key below `rules: []` or `roles: {}`, which is closed already: so are the lists of templates whose
/// items are comments.
fn closed(text: &str, before: &Range<usize>, here: &Range<usize>) -> Option<Broken> {
    let bare = unquoted(&text[before.clone()]);
    let said = bare.trim_end();
    let (brackets, what) = match () {
        () if said.ends_with("[]") => ("[]", "list"),
        () if said.ends_with("{}") => ("{}", "map"),
        () => return None,
    };
    let key = said.strip_suffix(brackets)?.trim_end().strip_suffix(':')?.trim_start().trim_start_matches("- ");
    let own = &text[here.clone()];
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let follows = match what {
        "list" => own.trim_start().starts_with("- ") && indent(own) >= indent(&bare),
        _ => indent(own) > indent(&bare) && own.contains(':'),
    };
    let start = before.start + said.len() - brackets.len();
    let message = format!("`{key}: {brackets}` is a {what} that is closed already, and here it goes on");
    let help = format!("take `{brackets}` out");
    follows.then(|| (start..start + brackets.len(), CODE, message, Some(help)))
}

fn placed(line: &Range<usize>, (range, code, message, help): Trap) -> Broken {
    (line.start + range.start..line.start + range.end, code, message.to_owned(), Some(help.to_owned()))
}

/// A tab where the parser takes none.
fn tab(line: &str) -> Option<Trap> {
    let at = line.find('\t')?;
    if line[..at].trim().is_empty() {
        return Some((at..at + 1, "tab", "a tab cannot indent", "write blanks: two for each level"));
    }
    Some((at..at + 1, "tab", "a tab cannot stand here", "write a blank"))
}

/// The first trap in a line on which the parser stopped, or in the one before.
fn trap_in_line(line: &str, info: &str) -> Option<Trap> {
    let indent = line.len() - line.trim_start_matches(|c: char| c.is_whitespace()).len();
    if let Some(at) = line[..indent].find('\t') {
        return Some((at..at + 1, "tab", "a tab cannot indent", "write blanks: two for each level"));
    }
    if let Some((at, c)) = line[..indent].char_indices().find(|(_, c)| is_wide_blank(*c)) {
        return Some((at..at + c.len_utf8(), "wide-blank", WIDE_BLANK, WIDE_BLANK_HELP));
    }
    let bare = unquoted(line);
    if let Some(at) = wide_colon(&bare) {
        return Some((at..at + '：'.len_utf8(), "wide-colon", WIDE_COLON, WIDE_COLON_HELP));
    }
    if let Some(range) = wide_blank(&bare).or_else(|| wide_end(&bare)) {
        return Some((range, "wide-blank", WIDE_BLANK, WIDE_BLANK_HELP));
    }
    if let Some(range) = bare_path(&bare) {
        let message = "`[`, `]`, `{`, `}` and `,` end a text inside braces and brackets";
        return Some((range, "unquoted-path", message, "put the path in quotes"));
    }
    if info.contains("alias") || info.contains("anchor") {
        let at = bare.find('*')?;
        let end = bare[at..].find([' ', ',', ']', '}']).map_or(bare.trim_end().len(), |end| at + end);
        return Some((at..end.max(at + 1), "alias", ALIAS, ALIAS_HELP));
    }
    None
}

/// Where keys can begin in a line: behind its dashes, behind `{` and behind `,`.
fn key_starts(bare: &str) -> Vec<usize> {
    let mut at = bare.len() - bare.trim_start_matches([' ', '\t']).len();
    while let Some(rest) = bare[at..].strip_prefix("- ") {
        at += 2 + rest.len() - rest.trim_start_matches(' ').len();
    }
    let blanks = |at: usize| bare[at..].len() - bare[at..].trim_start_matches(' ').len();
    let behind = bare.char_indices().filter(|(_, c)| matches!(c, '{' | ',')).map(|(at, _)| at + 1 + blanks(at + 1));
    std::iter::once(at).chain(behind).collect()
}

/// A full-width colon in the place of a key's own; in a value it is a letter like any other.
fn wide_colon(bare: &str) -> Option<usize> {
    key_starts(bare).into_iter().find_map(|start| {
        let rest = &bare[start..];
        let end = rest.find(['：', ':', '{', '}', '[', ']', ',']).filter(|end| rest[*end..].starts_with('：'))?;
        (!rest[..end].trim().is_empty()).then_some(start + end)
    })
}

/// A wide blank behind a key's colon or an item's dash, where it parts nothing.
fn wide_blank(bare: &str) -> Option<Range<usize>> {
    let wide = |at: usize| bare[at..].chars().next().filter(|c| is_wide_blank(*c)).map(|c| at..at + c.len_utf8());
    let indent = bare.len() - bare.trim_start_matches(' ').len();
    if bare[indent..].starts_with('-')
        && let Some(range) = wide(indent + 1)
    {
        return Some(range);
    }
    key_starts(bare).into_iter().find_map(|start| {
        let end = start + bare[start..].find([':', '{', '}', '[', ']', ','])?;
        if bare[end..].starts_with(':') { wide(end + 1) } else { None }
    })
}

/// A wide blank behind a bracket, where the value is over.
fn wide_end(bare: &str) -> Option<Range<usize>> {
    let mut last = ' ';
    bare.char_indices().find_map(|(at, c)| {
        let before = std::mem::replace(&mut last, c);
        (is_wide_blank(c) && matches!(before, ']' | '}')).then(|| at..at + c.len_utf8())
    })
}

/// A slip of the pen that the parser's own words hint at.
fn slip(bare: &str, info: &str) -> Option<Trap> {
    let (values, flow) = (info.contains("mapping values"), info.contains("',' or"));
    if (values || flow)
        && let Some((range, _)) = value_starts(bare, &['｛', '｝', '［', '］', '【', '】'])
    {
        let message = "the brace or bracket is full-width";
        return Some((range, CODE, message, "write `{` and `}`, `[` and `]`"));
    }
    if flow && let Some(range) = wide_comma(bare) {
        return Some((range, CODE, "the comma is full-width", "write `, `, an ordinary comma and a blank"));
    }
    let indent = bare.len() - bare.trim_start_matches(' ').len();
    let item = bare[indent..].strip_prefix('-');
    if values && item.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '{' | '['))) {
        return Some((indent..indent + 1, CODE, "a blank is missing behind `-`", "write `- ` before each item"));
    }
    if values || info.contains("may not precede") || info.contains("simple key") {
        return tight_colon(bare).map(|at| (at..at + 1, CODE, COLON, COLON_HELP));
    }
    None
}

/// One of some characters where a value begins: behind `: `, `- `, `{`, `[` or `,`.
fn value_starts(bare: &str, wanted: &[char]) -> Option<(Range<usize>, char)> {
    let found = bare.char_indices().find(|(at, c)| {
        let before = bare[..*at].trim_end_matches(' ');
        wanted.contains(c) && (before.is_empty() || before.ends_with([':', '-', '{', '[', ',']))
    });
    found.map(|(at, c)| (at..at + c.len_utf8(), c))
}

/// A full-width comma with a key behind it, inside of braces.
fn wide_comma(bare: &str) -> Option<Range<usize>> {
    bare.find('{')?;
    let found = bare.char_indices().filter(|(_, c)| matches!(c, '，' | '、')).find(|(at, c)| {
        let rest = &bare[at + c.len_utf8()..];
        let end = rest.find([',', '，', '、', '}', ']', '{', '[']).unwrap_or(rest.len());
        rest[..end].contains(": ")
    });
    found.map(|(at, c)| at..at + c.len_utf8())
}

/// The colon of `show:[phone]` and, where it is all that stands in the line, of `for:support`.
fn tight_colon(bare: &str) -> Option<usize> {
    key_starts(bare).into_iter().find_map(|start| {
        let rest = &bare[start..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))?;
        let value = rest[end..].strip_prefix(':')?;
        let (key, opens) = (&rest[..end], value.starts_with(['[', '{']));
        let alone = !value.starts_with([' ', '/']) && !value.trim().is_empty() && !value.contains(": ");
        (end > 0 && key != "css" && (opens || alone)).then_some(start + end)
    })
}

/// A bracket that is not closed, or closes nothing.
fn bracket(text: &str, at: usize, info: &str) -> Option<Broken> {
    let told = ["',' or", "inside a block", "illegal placement", "misplaced bracket"];
    if !told.iter().any(|part| info.contains(part)) {
        return None;
    }
    let open = |(at, c): (usize, char)| {
        let close = if c == '{' { '}' } else { ']' };
        let help = format!("write `{close}` behind what belongs into it");
        (at..at + 1, CODE, format!("this `{c}` is not closed"), Some(help))
    };
    let closer = text[at..].chars().next().filter(|c| matches!(c, '}' | ']'));
    let closes = |at: usize, c: char| {
        let help = "take it out, or open what it closes".to_owned();
        Some((at..at + 1, CODE, format!("`{c}` closes nothing"), Some(help)))
    };
    match brackets(&text[..at + closer.map_or(0, char::len_utf8)]) {
        Brackets::Closes(at, c) => closes(at, c),
        Brackets::Crossed { closer: (at, c), .. } if info.contains("misplaced") => closes(at, c),
        Brackets::Crossed { opened, .. } => Some(open(opened)),
        Brackets::Open(opened) => {
            let here = line_around(text, at);
            let line = text[here.clone()].trim_start();
            // What goes on has a comma before it, or opens the bracket anew.
            let said = unquoted(text[..here.start].trim_end().rsplit('\n').next().unwrap_or_default());
            let is_over = !said.trim_end().ends_with([',', '{', '[']) && unquoted(line).contains(": ");
            let ends = line.is_empty() || line.starts_with("- ") || info.contains("illegal placement") || is_over;
            // Inside of what goes on for several lines something else may be wrong.
            let is_earlier = opened.0 < here.start;
            (is_earlier && ends).then(|| open(opened))
        }
        Brackets::Even => None,
    }
}

/// What became of brackets up to a place.
enum Brackets {
    /// Each is closed.
    Even,
    /// This one is not.
    Open((usize, char)),
    /// This one is not, and one that closes another stands behind it.
    Crossed { opened: (usize, char), closer: (usize, char) },
    /// This one closes what nobody opened.
    Closes(usize, char),
}

/// Counts the brackets of lists and maps. Outside of them a bracket within a text is a letter.
fn brackets(text: &str) -> Brackets {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bare = unquoted(line);
        for (at, c) in bare.char_indices().filter(|(_, c)| matches!(c, '{' | '[' | '}' | ']')) {
            let before = bare[..at].trim_end_matches(' ');
            let begins = before.is_empty() || before.ends_with([':', '-', '{', '[', ',']);
            match (c, open.last()) {
                ('{' | '[', None) if !begins => {}
                ('{' | '[', _) => open.push((start + at, c)),
                (_, None) if before.is_empty() || before.ends_with(['}', ']']) => {
                    return Brackets::Closes(start + at, c);
                }
                (_, None) => {}
                ('}', Some((_, '{'))) | (']', Some((_, '['))) => drop(open.pop()),
                (_, Some(last)) => return Brackets::Crossed { opened: *last, closer: (start + at, c) },
            }
        }
        start += line.len();
    }
    open.pop().map_or(Brackets::Even, Brackets::Open)
}

/// A line without a colon where a key should be, or one that is indented otherwise than its neighbour.
fn keyless(text: &str, before: &Range<usize>, here: &Range<usize>, info: &str) -> Option<Broken> {
    let (simple, values) = (info.contains("simple key"), info.contains("mapping values"));
    if !simple && !values {
        return None;
    }
    let bare = unquoted(&text[before.clone()]);
    let start = key_starts(&bare).first().copied().unwrap_or_default();
    let said = bare[start..].trim_end();
    let is_bare = !said.is_empty() && !said.contains(": ") && !said.ends_with(':');
    if simple || (is_bare && !said.contains(['{', '[', '|', '>'])) {
        let range = before.start + start..before.start + start + said.len();
        return Some((range, CODE, KEY.to_owned(), Some(KEY_HELP.to_owned())));
    }
    let own = &text[here.clone()];
    let indent = own.len() - own.trim_start_matches(' ').len();
    let word = own[indent..].find([':', ' ']).unwrap_or_default();
    let begins = here.start + indent;
    (indent > start && said.contains(": "))
        .then(|| (begins..begins + word, CODE, INDENT.to_owned(), Some(INDENT_HELP.to_owned())))
}

/// How far from where the parser stopped a trap is looked for in a line that has no end.
const NEAR_BYTES: usize = 4096;

/// What of a line is near.
fn near(text: &str, line: Range<usize>, at: usize) -> Range<usize> {
    let at = at.clamp(line.start, line.end);
    let boundary = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = boundary(at.saturating_sub(NEAR_BYTES)).max(line.start);
    start..boundary(at.saturating_add(NEAR_BYTES).min(text.len())).min(line.end)
}

fn line_around(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let begin = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let end = text[at..].find('\n').map_or(text.len(), |after| at + after);
    begin..end
}

/// The last line before a place that says anything.
fn line_before(text: &str, start: usize) -> Option<Range<usize>> {
    let mut end = start.checked_sub(1)?;
    loop {
        let line = line_around(text, end);
        let said = text[line.clone()].trim();
        if !said.is_empty() && !said.starts_with('#') {
            return Some(line);
        }
        end = line.start.checked_sub(1)?;
    }
}

/// The parser's message in our words where it is hard to understand.
fn sentence(info: &str) -> (String, Option<&'static str>) {
    let known: &[(&str, &str, &str)] = &[
        (
            "mapping values are not allowed",
            "a `:` stands where no key can be",
            "put the text in quotes if it holds `: `, and look at the indentation",
        ),
        ("expected key", KEY, "look at the indentation of this line and the one before"),
        ("simple key", KEY, KEY_HELP),
        ("'-' indicator", INDENT, INDENT_HELP),
        ("may not precede", COLON, COLON_HELP),
        ("must be followed by", COLON, COLON_HELP),
        ("',' or '}'", "`}` is missing, or a `,`", "put texts with `[`, `{` or `,` inside braces in quotes"),
        ("',' or ']'", "`]` is missing, or a `,`", "put texts with `[`, `{` or `,` inside brackets in quotes"),
        ("inside a block", "a list item stands inside of braces or brackets", "close them in the lines before"),
        (
            "illegal placement",
            "a `:` stands inside of brackets",
            "close them in the lines before, or put the text in quotes",
        ),
        ("misplaced bracket", "this bracket closes nothing", "take it out, or open what it closes"),
        ("end of stream", "a quote is not closed", "close it"),
        ("indentation in quoted scalar", "a quote is not closed", "close it; a text of several lines is indented"),
        ("tab", "a tab cannot stand here", "write blanks"),
        ("unexpected character", "a text cannot begin with this character", "put it in quotes"),
        ("cannot start any token", "a text cannot begin with this character", "put it in quotes"),
        ("recursion limit", "lists and maps are nested too deep", "nest them less"),
        ("indentation", INDENT, "indent each level by two blanks"),
        (
            "unknown escape",
            "`\\` begins an escape in double quotes, and this one is not known",
            "use single quotes for patterns",
        ),
    ];
    match known.iter().find(|(part, _, _)| info.contains(part)) {
        Some((_, message, help)) => ((*message).to_owned(), Some(help)),
        None => (info.to_owned(), None),
    }
}
