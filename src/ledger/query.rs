//! Who saw whose data: the records that match, one after another, without a gateway.
//!
//! A query reads; it does not judge: whether the lines are the ones that were written is `verify`'s. A line that is no
//! record is counted and its place told, never guessed at. Before a line is parsed its bytes are searched for what must
//! stand in it, so that a question about one person reads a large ledger at the speed of the disk. A closed segment that
//! has an index is asked first which of its lines can match.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::Timestamp;
use memchr::memmem::Finder;

use crate::ledger::chain::Sealed;
use crate::ledger::encode;
use crate::ledger::index::{Found, Index, Term};
pub use crate::ledger::record::{Stored, StoredSubject};
use crate::ledger::segment::{self, Line, Lines, Segment, Spots};
use crate::ledger::verify::Spot;

/// What must hold of a record; what is left out holds of every one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// The staff, with or without its source: `tanaka` is also `basic:tanaka`.
    pub staff: Option<String>,
    /// The subject.
    pub subject: Option<SubjectIs>,
    /// Kinds of which one was disclosed, of that subject where one is named.
    pub kinds: Option<BTreeSet<String>>,
    /// The action it was disclosed under.
    pub action: Option<String>,
    /// What happened.
    pub event: Option<String>,
    /// The resource.
    pub resource: Option<String>,
    /// What it was for.
    pub purpose: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// The request's id.
    pub request: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Until before this moment.
    pub to: Option<Timestamp>,
    /// Read every line, whatever the indexes say.
    pub unindexed: bool,
}

/// Which subject is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubjectIs {
    /// Its type; any when left out.
    pub of: Option<String>,
    /// Its id as the ledger may hold it: in clear, or as the keyed hash under any key; one has to fit.
    pub ids: Vec<String>,
}

impl SubjectIs {
    /// Reads `TYPE:ID` or `ID`. A keyed id (`h1:…`) has a colon of its own.
    pub fn parse(text: &str) -> SubjectIs {
        match text.split_once(':').filter(|(of, _)| *of != "h1") {
            Some((of, id)) => SubjectIs { of: Some(of.to_owned()), ids: vec![id.to_owned()] },
            None => SubjectIs { of: None, ids: vec![text.to_owned()] },
        }
    }

    fn is(&self, subject: &StoredSubject) -> bool {
        let same_type = self.of.as_ref().is_none_or(|of| *of == subject.of);
        same_type && subject.id.as_ref().is_some_and(|id| self.ids.contains(id))
    }
}

impl Filter {
    /// Whether the record matches.
    pub fn matches(&self, record: &Stored) -> bool {
        let is = |wanted: &Option<String>, found: Option<&String>| wanted.is_none() || wanted.as_ref() == found;
        is(&self.event, Some(&record.event))
            && is(&self.resource, record.resource.as_ref())
            && is(&self.purpose, record.purpose.as_ref())
            && is(&self.outcome, record.outcome.as_ref())
            && is(&self.request, record.request.as_ref())
            && self.matches_staff(record)
            && self.matches_subjects(record)
            && self.matches_time(record)
    }

    /// Whether the subject is one that the filter asks for.
    pub fn matches_subject(&self, subject: &StoredSubject) -> bool {
        let disclosed = |(kind, actions): (&String, &BTreeMap<String, u64>)| {
            let action = self.action.as_ref().is_none_or(|action| actions.contains_key(action));
            action && self.kinds.as_ref().is_none_or(|wanted| wanted.contains(kind))
        };
        let anything = self.kinds.is_none() && self.action.is_none();
        self.subject.as_ref().is_none_or(|wanted| wanted.is(subject))
            && (anything || subject.kinds.iter().any(disclosed))
    }

    fn matches_subjects(&self, record: &Stored) -> bool {
        let any = self.subject.is_none() && self.kinds.is_none() && self.action.is_none();
        any || record.subjects.iter().any(|subject| self.matches_subject(subject))
    }

    fn matches_staff(&self, record: &Stored) -> bool {
        let Some(wanted) = &self.staff else { return true };
        let Some(found) = &record.staff else { return false };
        let without_source = found.split_once(':').map(|(_, id)| id);
        found == wanted || without_source == Some(wanted)
    }

    fn matches_time(&self, record: &Stored) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let Ok(time) = record.time.parse::<Timestamp>() else { return false };
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time < to)
    }

    /// What must stand in the bytes of every line that matches: of each group one.
    fn needles(&self) -> Vec<Vec<Finder<'static>>> {
        let needle = |text: &String| {
            let mut json = Vec::new();
            encode::text(&mut json, text);
            // Without its quotes, since a staff id may have its source before it.
            Finder::new(&json[1..json.len() - 1]).into_owned()
        };
        let texts = [&self.staff, &self.event, &self.resource, &self.purpose, &self.outcome, &self.request];
        let alone = texts.into_iter().flatten().map(|text| vec![needle(text)]);
        let subject = self.subject.iter().map(|subject| subject.ids.iter().map(needle).collect());
        alone.chain(subject).collect()
    }
}

impl Filter {
    /// What an index can be asked for: of each group one must hold.
    fn terms(&self) -> Vec<Vec<u64>> {
        let texts = [
            (Term::Staff, &self.staff),
            (Term::Event, &self.event),
            (Term::Resource, &self.resource),
            (Term::Purpose, &self.purpose),
            (Term::Outcome, &self.outcome),
            (Term::Request, &self.request),
            (Term::Action, &self.action),
        ];
        let alone = texts.into_iter().filter_map(|(term, text)| Some(vec![term.hash(text.as_ref()?)]));
        let each = |term: Term, texts: &mut dyn Iterator<Item = &String>| texts.map(|text| term.hash(text)).collect();
        let subject = self.subject.iter().map(|subject| each(Term::Subject, &mut subject.ids.iter()));
        let kinds = self.kinds.iter().map(|kinds| each(Term::Kind, &mut kinds.iter()));
        alone.chain(subject).chain(kinds).collect()
    }

    /// Where the lines of a segment begin that can match, in order; nothing when all of them must be read.
    fn candidates(&self, segment: &Segment, terms: &[Vec<u64>]) -> io::Result<Option<Vec<u32>>> {
        let Some(index) = Index::open(segment)?.filter(|index| index.head().unreadable == 0) else { return Ok(None) };
        let (from, to) = (self.from.map(Timestamp::as_microsecond), self.to.map(Timestamp::as_microsecond));
        if from.is_some_and(|from| index.head().to < from) || to.is_some_and(|to| index.head().from > to) {
            return Ok(Some(Vec::new()));
        }
        let mut fewest: Option<Vec<u32>> = None;
        for group in terms {
            let mut lines = Vec::new();
            let mut everywhere = false;
            for term in group {
                match index.find(*term)? {
                    Found::At(found) => lines.extend(found),
                    Found::Everywhere => everywhere = true,
                }
            }
            if !everywhere && fewest.as_ref().is_none_or(|fewest| lines.len() < fewest.len()) {
                fewest = Some(lines);
            }
        }
        if let Some(lines) = &mut fewest {
            lines.sort_unstable();
            lines.dedup();
        }
        Ok(fewest)
    }
}

/// What a query went through.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Passed {
    /// Records that matched.
    pub rows: u64,
    /// Lines that are no records.
    pub unreadable: u64,
    /// The first of them.
    pub first_unreadable: Option<Spot>,
}

/// Gives every record that matches, and its line, to `row`, in order, until that has had enough.
pub fn query(dir: &Path, filter: &Filter, row: &mut dyn FnMut(&Stored, &str) -> ControlFlow<()>) -> io::Result<Passed> {
    let (terms, needles) = (filter.terms(), filter.needles());
    let mut asked = Asked { filter, needles, passed: Passed::default(), line: Vec::new(), row };
    for segment in segment::list(dir)? {
        // Retention may delete it meanwhile, and then it holds no record that anybody has to be told of.
        let enough = segment.opened(&mut |segment| asked.of(segment, &terms))?;
        if enough.is_some_and(|enough| enough.is_break()) {
            break;
        }
    }
    Ok(asked.passed)
}

/// A query under way.
struct Asked<'a> {
    filter: &'a Filter,
    needles: Vec<Vec<Finder<'static>>>,
    passed: Passed,
    line: Vec<u8>,
    row: &'a mut dyn FnMut(&Stored, &str) -> ControlFlow<()>,
}

impl Asked<'_> {
    /// Asks a segment.
    fn of(&mut self, segment: &Segment, terms: &[Vec<u64>]) -> io::Result<ControlFlow<()>> {
        let candidates = if self.filter.unindexed { None } else { self.filter.candidates(segment, terms)? };
        match candidates {
            Some(offsets) if offsets.is_empty() => Ok(ControlFlow::Continue(())),
            Some(offsets) => self.some(segment, &offsets),
            None => self.all(segment),
        }
    }

    /// Reads all lines of a segment.
    fn all(&mut self, segment: &Segment) -> io::Result<ControlFlow<()>> {
        let mut lines = Lines::open(&segment.path)?;
        // A last line that is not whole is a record that nobody was told of yet.
        while lines.next_line(&mut self.line)? == Line::Whole {
            if self.judge(segment, lines.line).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the lines that begin there.
    fn some(&mut self, segment: &Segment, offsets: &[u32]) -> io::Result<ControlFlow<()>> {
        let mut spots = Spots::open(&segment.path)?;
        for offset in offsets {
            let offset = u64::from(*offset);
            let there = spots.line_at(offset, &mut self.line)?;
            // When the index was made this was a record that can match. One that was changed since must not be passed over
            // for saying something else now.
            if !there || Sealed::read(&self.line).is_err() {
                let line = number_of(segment, offset)?;
                self.passed.unreadable += 1;
                self.passed.first_unreadable.get_or_insert(Spot { path: segment.path.clone(), line });
            } else if self.judge(segment, 0).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn judge(&mut self, segment: &Segment, number: u64) -> ControlFlow<()> {
        if !self.needles.iter().all(|group| group.iter().any(|needle| needle.find(&self.line).is_some())) {
            return ControlFlow::Continue(());
        }
        let Some((record, text)) = read(&self.line) else {
            self.passed.unreadable += 1;
            self.passed.first_unreadable.get_or_insert(Spot { path: segment.path.clone(), line: number });
            return ControlFlow::Continue(());
        };
        if !self.filter.matches(&record) {
            return ControlFlow::Continue(());
        }
        self.passed.rows += 1;
        (self.row)(&record, text)
    }
}

/// Which line of a segment begins there, or is the last one before it.
fn number_of(segment: &Segment, offset: u64) -> io::Result<u64> {
    let mut lines = Lines::open(&segment.path)?;
    let mut line = Vec::new();
    while lines.offset <= offset && lines.next_line(&mut line)? != Line::End {}
    Ok(lines.line)
}

fn read(line: &[u8]) -> Option<(Stored, &str)> {
    let text = std::str::from_utf8(line).ok()?;
    Some((serde_json::from_str(text).ok()?, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(staff: &str, subjects: &str) -> Stored {
        let json = format!(
            "{{\"seq\":1,\"time\":\"2026-11-22T01:02:03.456789Z\",\"node\":\"gw-1\",\"request\":null,\"part\":null,\
             \"event\":\"view\",\"staff\":\"{staff}\",\"roles\":[],\"client\":null,\"purpose\":null,\"method\":null,\
             \"path\":null,\"resource\":\"customer\",\"status\":200,\"outcome\":\"released\",\"policy\":null,\
             \"rules\":[],\"subjects\":{subjects},\"reason\":null,\"end\":null,\"count\":null,\"prev\":\"\",\
             \"hash\":\"\"}}"
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn staff_matches_with_and_without_its_source() {
        let record = record("basic:tanaka", "[]");
        let by = |staff: &str| Filter { staff: Some(staff.into()), ..Filter::default() }.matches(&record);
        assert_eq!([by("tanaka"), by("basic:tanaka"), by("jwt:tanaka"), by("tana")], [true, true, false, false]);
    }

    #[test]
    fn kind_and_action_must_meet_in_the_same_subject() {
        let record = record(
            "basic:tanaka",
            r#"[{"type":"customer","id":"42","kinds":{"phone":{"mask":1}}},{"type":"lead","id":"h1:ab","kinds":{"email":{"show":2}}}]"#,
        );
        let ask = |subject: &str, kind: &str, action: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let subject = some(subject).map(|subject| SubjectIs::parse(&subject));
            let kinds = some(kind).map(|kind| BTreeSet::from([kind]));
            Filter { subject, kinds, action: some(action), ..Filter::default() }.matches(&record)
        };
        assert!(ask("customer:42", "phone", "mask") && ask("42", "", "mask") && ask("", "email", ""));
        assert!(ask("lead:h1:ab", "email", "show") && ask("h1:ab", "", ""));
        assert!(!ask("customer:42", "email", "") && !ask("lead:42", "", "") && !ask("", "phone", "show"));
    }

    #[test]
    fn time_has_a_beginning_and_an_end() {
        let record = record("a", "[]");
        let between = |from: &str, to: &str| {
            let time = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
            Filter { from: time(from), to: time(to), ..Filter::default() }.matches(&record)
        };
        assert!(between("2026-11-22T01:02:03.456789Z", "") && between("", "2026-11-22T01:02:03.456790Z"));
        assert!(!between("2026-11-22T01:02:03.456790Z", "") && !between("", "2026-11-22T01:02:03.456789Z"));
    }
}
