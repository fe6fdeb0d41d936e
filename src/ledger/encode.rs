//! An entry's exact JSON.
//!
//! The order and the spelling of the members are a promise to those who read the ledger with other tools, so they are
//! written out here, by hand, in that order; every member is always there, null or empty where there is nothing. The
//! encoding is done by the caller's thread, since the one writer's time is everybody's.
//!
//! The hash rule says: the bytes before `,"hash"`. So that this can mean one place only, those bytes must not stand
//! anywhere else in a line: an action map names `hash` first, and any other key or list item of that very spelling is
//! written `\u0068ash`, which is the same text to every JSON reader.

use crate::ledger::LedgerError;
use crate::ledger::entry::{Change, Entry, Subject, Text};

/// A line that is longer is no record; this bounds what a reader must hold.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// What the writer adds to an entry fits into this, a node's name of 256 bytes (six times that when escaped) included.
const FRAME_BYTES_MAX: usize = 2048;

/// About how long a subject's own record is.
const BESIDE_SUBJECT: usize = 160;

impl Entry<'_> {
    /// The members between `node` and `prev`, without braces; fails when the line would be too long to be read back.
    pub fn encode(&self) -> Result<Vec<u8>, LedgerError> {
        let mut out = Vec::with_capacity(512 + BESIDE_SUBJECT * self.subjects.len());
        let end = self.end.map(|end| Text::Borrowed(end.name()));
        member(&mut out, "\"request\":", |out| maybe(out, &self.request));
        member(&mut out, ",\"part\":", |out| number(out, self.part.map(u64::from)));
        member(&mut out, ",\"event\":", |out| text(out, self.event.word()));
        member(&mut out, ",\"staff\":", |out| maybe(out, &self.staff));
        member(&mut out, ",\"roles\":", |out| list(out, &self.roles));
        member(&mut out, ",\"client\":", |out| maybe(out, &self.client));
        member(&mut out, ",\"purpose\":", |out| maybe(out, &self.purpose));
        member(&mut out, ",\"method\":", |out| maybe(out, &self.method));
        member(&mut out, ",\"path\":", |out| maybe(out, &self.path));
        member(&mut out, ",\"resource\":", |out| maybe(out, &self.resource));
        member(&mut out, ",\"status\":", |out| number(out, self.status.map(u64::from)));
        member(&mut out, ",\"outcome\":", |out| maybe(out, &self.outcome));
        member(&mut out, ",\"policy\":", |out| maybe(out, &self.policy));
        member(&mut out, ",\"rules\":", |out| list(out, &self.rules));
        member(&mut out, ",\"subjects\":", |out| subjects(out, &self.subjects));
        member(&mut out, ",\"reason\":", |out| maybe(out, &self.reason));
        member(&mut out, ",\"end\":", |out| maybe(out, &end));
        member(&mut out, ",\"count\":", |out| number(out, self.count));
        member(&mut out, ",\"changes\":", |out| changes(out, &self.changes));
        self.encode_columns(&mut out);
        let bytes_max = LINE_BYTES_MAX - FRAME_BYTES_MAX;
        if out.len() > bytes_max {
            return Err(LedgerError::TooLong { bytes: out.len(), bytes_max });
        }
        Ok(out)
    }

    /// What laws ask for beside what happened: to whom, from where, on what grounds, and for how long it is kept.
    fn encode_columns(&self, out: &mut Vec<u8>) {
        member(out, ",\"session\":", |out| maybe(out, &self.session));
        member(out, ",\"device\":", |out| maybe(out, &self.device));
        member(out, ",\"recipient\":", |out| maybe(out, &self.recipient));
        member(out, ",\"organisation\":", |out| maybe(out, &self.organisation));
        member(out, ",\"country\":", |out| maybe(out, &self.country));
        member(out, ",\"basis\":", |out| maybe(out, &self.basis));
        member(out, ",\"tickets\":", |out| list(out, &self.tickets));
        member(out, ",\"upstream\":", |out| number(out, self.upstream.map(u64::from)));
        member(out, ",\"query\":", |out| list(out, &self.query));
        member(out, ",\"partial\":", |out| list(out, &self.partial));
        member(out, ",\"retention\":", |out| text(out, self.retention.word()));
    }
}

/// Writes a JSON string with its quotes.
pub fn text(out: &mut Vec<u8>, text: &str) {
    // Words and ids stand as they are; to look at every byte of them is faster than to stop at the first that does not.
    if !text.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\')) {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // Writing a string into memory fails neither in the writer nor in the serializer.
    serde_json::to_writer(out, text).expect("a string always has a JSON form");
}

fn member(out: &mut Vec<u8>, name: &str, value: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(name.as_bytes());
    value(out);
}

fn maybe(out: &mut Vec<u8>, value: &Option<Text<'_>>) {
    match value {
        Some(value) => text(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

fn number(out: &mut Vec<u8>, value: Option<u64>) {
    match value {
        Some(value) => whole(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

fn whole(out: &mut Vec<u8>, value: u64) {
    // Most are a single digit.
    match u8::try_from(value) {
        Ok(digit @ 0..=9) => out.push(b'0' + digit),
        _ => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

fn list(out: &mut Vec<u8>, items: &[Text<'_>]) {
    out.push(b'[');
    separated(out, items, |out, item| item_text(out, item));
    out.push(b']');
}

fn subjects(out: &mut Vec<u8>, items: &[Subject<'_>]) {
    out.push(b'[');
    separated(out, items, |out, subject| {
        member(out, "{\"type\":", |out| text(out, &subject.of));
        member(out, ",\"id\":", |out| maybe(out, &subject.id));
        out.extend_from_slice(b",\"kinds\":{");
        separated(out, subject.kinds.rows().chunk_by(|a, b| a.0 == b.0), |out, rows| {
            item_text(out, &rows[0].0);
            out.extend_from_slice(b":{");
            let hash_first = rows.iter().filter(|(_, action, _)| is_hash(action));
            let others = rows.iter().filter(|(_, action, _)| !is_hash(action));
            separated(out, hash_first.chain(others), |out, (_, action, count)| {
                text(out, action);
                out.push(b':');
                whole(out, *count);
            });
            out.push(b'}');
        });
        out.extend_from_slice(b"}}");
    });
    out.push(b']');
}

fn changes(out: &mut Vec<u8>, items: &[Change<'_>]) {
    out.push(b'[');
    separated(out, items, |out, change| {
        member(out, "{\"role\":", |out| text(out, &change.role));
        member(out, ",\"what\":", |out| text(out, &change.what));
        member(out, ",\"when\":", |out| maybe(out, &change.when));
        member(out, ",\"was\":", |out| maybe(out, &change.was));
        member(out, ",\"is\":", |out| maybe(out, &change.is));
        out.push(b'}');
    });
    out.push(b']');
}

fn separated<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

/// A string that may stand behind a comma, where `"hash"` would look like the member of that name.
fn item_text(out: &mut Vec<u8>, item: &str) {
    if is_hash(item) {
        out.extend_from_slice(b"\"\\u0068ash\"");
    } else {
        text(out, item);
    }
}

fn is_hash(text: &str) -> bool {
    text == "hash"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::event::Event;

    fn json(entry: &Entry) -> String {
        String::from_utf8(entry.encode().unwrap()).unwrap()
    }

    #[test]
    fn an_empty_entry_has_every_member() {
        assert_eq!(
            json(&Entry::new(Event::Start)),
            "\"request\":null,\"part\":null,\"event\":\"start\",\"staff\":null,\"roles\":[],\"client\":null,\
             \"purpose\":null,\"method\":null,\"path\":null,\"resource\":null,\"status\":null,\"outcome\":null,\
             \"policy\":null,\"rules\":[],\"subjects\":[],\"reason\":null,\"end\":null,\"count\":null,\"changes\":[],\
             \"session\":null,\"device\":null,\"recipient\":null,\"organisation\":null,\"country\":null,\"basis\":null,\
             \"tickets\":[],\"upstream\":null,\"query\":[],\"partial\":[],\"retention\":\"access\""
        );
    }

    #[test]
    fn a_full_entry_reads_as_the_contract_writes_it() {
        let kinds = [("phone", "mask", 1), ("person.name", "show", 1)];
        let kinds = kinds.into_iter().map(|(kind, action, count)| (kind.into(), action.into(), count)).collect();
        let entry = Entry {
            request: Some("01JD".into()),
            part: Some(1),
            staff: Some("basic:tanaka".into()),
            roles: vec!["support".into()],
            client: Some("10.1.2.3".into()),
            method: Some("GET".into()),
            path: Some("/api/customers/{id}".into()),
            resource: Some("customer".into()),
            status: Some(200),
            outcome: Some("released".into()),
            policy: Some("sha256:ab".into()),
            rules: vec!["support-1".into()],
            subjects: vec![Subject { of: "customer".into(), id: Some("42".into()), kinds }],
            ..Entry::new(Event::View)
        };
        let expected = "\"request\":\"01JD\",\"part\":1,\"event\":\"view\",\"staff\":\"basic:tanaka\",\
            \"roles\":[\"support\"],\"client\":\"10.1.2.3\",\"purpose\":null,\"method\":\"GET\",\
            \"path\":\"/api/customers/{id}\",\"resource\":\"customer\",\"status\":200,\"outcome\":\"released\",\
            \"policy\":\"sha256:ab\",\"rules\":[\"support-1\"],\"subjects\":[{\"type\":\"customer\",\"id\":\"42\",\
            \"kinds\":{\"person.name\":{\"show\":1},\"phone\":{\"mask\":1}}}]";
        assert!(json(&entry).starts_with(expected), "{}", json(&entry));
    }

    #[test]
    fn the_word_hash_never_stands_behind_a_comma() {
        let actions = [("generalize", 1), ("hash", 1), ("hash", 1), ("show", 3)];
        let rows = |kind: &'static str| actions.map(|(action, count)| (kind.into(), action.into(), count));
        let entry = Entry {
            staff: Some("x\",\"hash\":\"".into()),
            roles: vec!["a".into(), "hash".into()],
            rules: vec!["a".into(), "hash".into()],
            subjects: vec![Subject {
                of: "hash".into(),
                id: None,
                kinds: rows("hash").into_iter().chain(rows("a")).collect(),
            }],
            ..Entry::new(Event::View)
        };
        let json = json(&entry);
        assert!(!json.contains(",\"hash\""), "{json}");
        let read: serde_json::Value = serde_json::from_str(&format!("{{{json}}}")).unwrap();
        assert_eq!(read["roles"][1], "hash");
        assert_eq!(read["subjects"][0]["kinds"]["hash"]["hash"], 2);
    }

    #[test]
    fn an_entry_beyond_the_bound_is_refused() {
        let entry = Entry { staff: Some("x".repeat(LINE_BYTES_MAX).into()), ..Entry::new(Event::View) };
        assert!(matches!(entry.encode(), Err(LedgerError::TooLong { .. })));
    }

    #[test]
    fn a_line_break_stays_inside_its_text() {
        let entry = Entry { staff: Some("a\n\u{1b}[2J\r{\"seq\":1".into()), ..Entry::new(Event::View) };
        assert!(json(&entry).bytes().all(|byte| byte >= b' '));
    }
}
