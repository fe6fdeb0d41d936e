//! Path templates: `/api/customers/{id}`, `/files/**`.

use std::fmt;

use crate::route::normal::folded;

/// A path template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// As it is written, for the ledger.
    pub text: String,
    /// Its segments. A slash at the end says nothing.
    pub segments: Vec<Segment>,
    /// Whether `**` takes the rest of the path, none included.
    pub rest: bool,
}

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This text, folded.
    Literal(String),
    /// Any one segment, with the parameter's name.
    Parameter(String),
    /// A parameter between two texts, folded: `{id}.json`.
    Between {
        /// What stands before.
        before: String,
        /// The parameter's name.
        name: String,
        /// What stands after.
        after: String,
    },
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The byte in the template.
    pub offset: usize,
    /// What is wrong, as a sentence without a period.
    pub message: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Segments of one template.
const SEGMENTS_MAX: usize = 64;

impl Pattern {
    /// Reads a template from a rule.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let Some(body) = text.strip_prefix('/') else {
            return Err(error(0, "a path begins with `/`"));
        };
        let body = body.strip_suffix('/').unwrap_or(body);
        let mut pattern = Pattern { text: text.to_owned(), segments: Vec::new(), rest: false };
        let mut offset = 1;
        for part in body.split('/') {
            if pattern.rest {
                return Err(error(offset, "`**` takes the rest of a path: nothing can follow it"));
            }
            match part {
                "**" => pattern.rest = true,
                "" if body.is_empty() => {}
                "" => return Err(error(offset, "two slashes follow one another")),
                part => pattern.segments.push(segment(part, offset, &pattern.segments)?),
            }
            offset += part.len() + 1;
        }
        if pattern.segments.len() > SEGMENTS_MAX {
            return Err(error(0, &format!("a path has at most {SEGMENTS_MAX} segments")));
        }
        Ok(pattern)
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(Segment::parameter)
    }

    /// The words that the application's own names are put together from: `mass` and `export` of
    /// `/mass_export/{id}`. The shortest are left out, since they stand in too many others.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        const WORD_BYTES: usize = 3;
        let texts = self.segments.iter().flat_map(|segment| match segment {
            Segment::Literal(text) => [text.as_str(), ""],
            Segment::Parameter(_) => ["", ""],
            Segment::Between { before, after, .. } => [before.as_str(), after.as_str()],
        });
        texts.flat_map(|text| text.split(|c: char| !c.is_ascii_lowercase())).filter(|word| word.len() >= WORD_BYTES)
    }
}

impl Segment {
    /// The name of its parameter.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Segment::Literal(_) => None,
            Segment::Parameter(name) | Segment::Between { name, .. } => Some(name),
        }
    }

    /// Whether a path's segment fits, and what the parameter then is.
    pub fn fits<'v>(&self, value: &'v str) -> Option<Option<&'v str>> {
        match self {
            Segment::Literal(text) => (folded(value) == *text).then_some(None),
            Segment::Parameter(_) => (!value.is_empty()).then_some(Some(value)),
            Segment::Between { before, after, .. } => {
                let value = value.trim_end_matches(['.', ' ']);
                let inner = value.len().checked_sub(before.len() + after.len()).filter(|inner| *inner > 0)?;
                let head = value.get(..before.len())?;
                let middle = value.get(before.len()..before.len() + inner)?;
                let tail = value.get(before.len() + inner..)?;
                (head.to_lowercase() == *before && tail.to_lowercase() == *after).then_some(Some(middle))
            }
        }
    }
}

fn segment(part: &str, offset: usize, before: &[Segment]) -> Result<Segment, PatternError> {
    if part.contains(['?', '#']) {
        return Err(error(offset, "a path has no `?` or `#`; parameters stand under `query:`"));
    }
    if part.contains('*') {
        return Err(error(offset, "`*` is not known in a path: write `{name}` for one segment, `**` for the rest"));
    }
    if matches!(part, "." | "..") {
        return Err(error(offset, "a path has no segment of dots"));
    }
    let Some(open) = part.find('{') else {
        if let Some(close) = part.find('}') {
            return Err(error(offset + close, "`}` has no `{` before it"));
        }
        return Ok(Segment::Literal(folded(part)));
    };
    let Some(close) = part[open..].find('}').map(|at| open + at) else {
        return Err(error(offset + open, "`{` is not closed"));
    };
    let (name, after) = (&part[open + 1..close], &part[close + 1..]);
    if name.is_empty() || name.contains(['{', '.', ' ']) {
        return Err(error(offset + open, "a parameter is a name in braces, as in `{id}`"));
    }
    if after.contains(['{', '}']) {
        return Err(error(offset + close, "one segment holds one parameter"));
    }
    if before.iter().any(|segment| segment.parameter() == Some(name)) {
        return Err(error(offset + open, &format!("`{{{name}}}` stands twice")));
    }
    let name = name.to_owned();
    if open == 0 && after.is_empty() {
        return Ok(Segment::Parameter(name));
    }
    Ok(Segment::Between { before: part[..open].to_lowercase(), name, after: after.to_lowercase() })
}

fn error(offset: usize, message: &str) -> PatternError {
    PatternError { offset, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_literals() {
        let pattern = Pattern::parse("/creme_core/{id}/x-{n}.json/get_v2/**").expect("a pattern");
        assert_eq!(pattern.words().collect::<Vec<_>>(), ["creme", "core", "json", "get"]);
    }

    #[test]
    fn templates_are_read() {
        let pattern = Pattern::parse("/API/{id}/x-{n}.json/**").expect("a pattern");
        assert_eq!(pattern.parameters().collect::<Vec<_>>(), ["id", "n"]);
    }

    #[test]
    fn a_bad_template_says_where() {
        for (text, offset) in [
            ("api", 0),
            ("/a//b", 3),
            ("/**/a", 4),
            ("/a/*", 3),
            ("/a?b=1", 1),
            ("/a/{", 3),
            ("/a/{}", 3),
            ("/{a}{b}", 3),
            ("/{a}/{a}", 5),
            ("/a}", 2),
            ("/../a", 1),
        ] {
            assert_eq!(Pattern::parse(text).expect_err(text).offset, offset, "{text}");
        }
    }

    #[test]
    fn a_parameter_may_stand_between_texts() {
        let pattern = Pattern::parse("/Card-{id}.VCF").expect("a pattern");
        let fits = |value| pattern.segments[0].fits(value);
        assert_eq!(fits("card-Ab.vcf"), Some(Some("Ab")));
        assert_eq!(fits("card-.vcf"), None);
        assert_eq!(fits("客-1.vcf"), None);
    }
}
