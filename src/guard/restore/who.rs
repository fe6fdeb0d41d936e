//! Who an object is about: which of its members must be what they were, so that what goes home goes to
//! nobody else.
//!
//! An id is known by its name, or by saying what the address says. What a record shows of itself is
//! enough; where it shows nothing, whatever looks like an id must stay.

use super::lists::IDS;
use super::tree;
use crate::format::json::nodes::{Is, Member, Node, find};
use crate::guard::leaves::{Met, Names};
use crate::policy::plan::{Meaning, Plan};
use crate::terms::disclosure::Subject;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Sink};
use crate::terms::place::PlaceId;
use crate::terms::refusal::Refusal;

/// Names that say which record or table is meant, wherever they stand.
const RECORDS: [&str; 8] = ["record", "recordid", "module", "table", "model", "entity", "objectid", "sysid"];

/// How names of ids end.
const ENDS: [&str; 4] = ["id", "ids", "uuid", "guid"];

/// How names of numbers end that may be a record's own.
const NUMBERS: [&str; 8] = ["no", "num", "number", "code", "key", "ref", "番号", "コード"];

/// Words that end so and name no id.
const WORDS: [&str; 14] = [
    "paid", "unpaid", "prepaid", "valid", "invalid", "void", "bid", "grid", "kid", "rapid", "solid", "covid", "liquid",
    "hybrid",
];

/// What stands behind the type of a subject where a member names it: `customer_no`.
const OF_A_SUBJECT: [&str; 9] = ["", "id", "ids", "uuid", "guid", "no", "number", "key", "code"];

/// A name as it is compared: without brackets, dashes and capitals.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The same for whoever looks for names that a server may take for one another.
pub(super) fn folded_alike(name: &str) -> String {
    let folded = folded(&label::fold(name));
    if folded.is_empty() { name.to_owned() } else { folded }
}

/// The same for whoever keeps what a field held: an attribute is no element of that name.
pub fn spelt_alike(name: &str) -> String {
    let folded = folded_alike(name);
    if name.starts_with('@') { format!("@{folded}") } else { folded }
}

/// Whether a name may tell which record is meant: as a whole, or by a part, as frameworks take names apart
/// (`record[0]`, `id.x`).
pub fn names_a_record(name: &str) -> bool {
    is_a_record(name) || name.split(['[', ']', '.']).filter(|part| part.len() < name.len()).any(is_a_record)
}

fn is_a_record(name: &str) -> bool {
    let folded = folded(name);
    IDS.contains(&name)
        || RECORDS.contains(&folded.as_str())
        || (ENDS.iter().any(|end| folded.ends_with(end)) && !WORDS.contains(&folded.as_str()))
}

/// Whose record a document is.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    /// The type of the subject: `customer`.
    pub kind: &'a str,
    /// Its id, as the address says it.
    pub id: &'a str,
}

impl About<'_> {
    /// Whether a name is the subject's own.
    pub(super) fn names(&self, name: &str) -> bool {
        let (name, kind) = (folded(name), folded(self.kind));
        name.strip_prefix(kind.as_str()).is_some_and(|rest| OF_A_SUBJECT.contains(&rest))
    }

    fn is(&self, value: &Node) -> bool {
        scalar(value).is_some_and(|text| text.trim() == self.id)
    }
}

/// Whether an object is about what the other is about; `about` is whom, for the document's own.
pub(super) fn is_itself(written: &[Member], original: &[Member], veiled: &[Member], about: Option<About<'_>>) -> bool {
    let is_subject = |value: &Node| about.is_some_and(|about| about.is(value));
    let is_own_name = |name: &str| {
        IDS.contains(&name) || RECORDS.contains(&folded(name).as_str()) || about.is_some_and(|about| about.names(name))
    };
    let is_shown = |member: &&Member| find(original, &member.name).is_some() && scalar(&member.value).is_some();
    let shows = |member: &Member| IDS.contains(&member.name.as_str()) || is_subject(&member.value);
    // Of an object that shows which one it is, other ids say whom it belongs to, and may change.
    let is_known = veiled.iter().filter(is_shown).any(shows);
    written.iter().all(|said| {
        let name = said.name.as_str();
        match (find(original, name), find(veiled, name)) {
            // Not the original: who guesses it would be told by what becomes of the write.
            (Some(_), Some(issued)) => {
                let tells = is_own_name(name) || is_subject(&issued.value) || (!is_known && names_a_record(name));
                !tells || said.value.is_same(&issued.value)
            }
            _ => !(is_own_name(name) || names_a_record(name)) || is_subject(&said.value),
        }
    })
}

/// Whether a name may be that of another column that says which record is meant, if it says the same as its id.
pub(super) fn may_name_it_too(name: &str, about: About<'_>) -> bool {
    let folded = folded(name);
    names_a_record(name) || about.names(name) || NUMBERS.iter().any(|end| folded.ends_with(end))
}

/// Whether a name is the record's own beyond doubt.
pub(super) fn is_its_own(name: &str, about: About<'_>) -> bool {
    IDS.contains(&name) || about.names(name)
}

/// Whether the values that a record is given say that it is another one, as far as they tell that alone.
pub(super) fn says_another(values: &[Member], about: About<'_>) -> bool {
    let says_it = |value: &Node| tree::leaf(value).is_some_and(|leaf| tree::said(leaf).trim() == about.id);
    values.iter().filter(|said| is_its_own(tree::local(&said.name), about)).any(|said| !says_it(&said.value))
}

/// Whether a member beside says that this one is of somebody else now: `contact_id` of `contact`.
pub(super) fn is_another(name: &str, written: &[Member], veiled: &[Member]) -> bool {
    let own = folded(name);
    let one = own.strip_suffix('s').unwrap_or(&own);
    let tells = |other: &str| {
        let other = folded(other);
        let rest = other.strip_prefix(own.as_str()).or_else(|| other.strip_prefix(one));
        rest.is_some_and(|rest| !rest.is_empty() && (rest == "ref" || OF_A_SUBJECT.contains(&rest)))
    };
    written
        .iter()
        .filter(|said| said.name != name && tells(&said.name))
        .any(|said| find(veiled, &said.name).is_none_or(|issued| !said.value.is_same(&issued.value)))
}

/// What a document says of its subject at the places where the rules look for that.
pub struct Ids<'a> {
    plan: &'a Plan,
    id: &'a str,
    /// How many names lie around what stands directly in the document: its root has a name in XML.
    around: usize,
    another: bool,
}

impl<'a> Ids<'a> {
    /// Before the first leaf of a document that is to be about a subject.
    pub fn new(plan: &'a Plan, subject: &'a Subject, is_xml: bool) -> Ids<'a> {
        let id = subject.id.as_deref().unwrap_or_default();
        Ids { plan, id, around: usize::from(is_xml), another: false }
    }

    /// Whether any of them is somebody else's.
    pub fn tell_another(&self) -> bool {
        self.another
    }
}

impl Sink for Ids<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let mut met = Met::default();
        Names::default().meet(self.plan, leaf, &mut met);
        let is_of_the_subject = |id: PlaceId| {
            self.plan.targets.get(usize::from(id.0)).is_some_and(|target| matches!(target.meaning, Meaning::Subject(_)))
        };
        // A bare name stands further down for other ids too.
        let is_outside = leaf.above.iter().count() <= self.around;
        let is_there = |id: &PlaceId| is_outside || leaf.places.contains(id);
        let is_told = met.telling(leaf).any(|(id, itself)| itself && is_there(&id) && is_of_the_subject(id));
        self.another |= is_told && !leaf.text.trim().is_empty() && leaf.text.trim() != self.id;
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.is {
        Is::Text(text) | Is::Bare(text) if !node.is_blank() => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::nodes::read;

    fn members(text: &str) -> Vec<Member> {
        match read(text, 8).expect(text).is {
            Is::Object(members) => members,
            _ => panic!("an object"),
        }
    }

    #[test]
    fn ids_are_known_by_their_names() {
        for name in
            ["id", "ID", "_id", "contact_id", "contactId", "contactid", "contact_id[]", "sys_id", "record", "x[uuid]"]
        {
            assert!(names_a_record(name), "{name}");
        }
        for name in ["paid", "valid", "grid", "name", "idea", "memo", "idle_time"] {
            assert!(!names_a_record(name), "{name}");
        }
    }

    #[test]
    fn an_object_is_itself_while_what_tells_it_stays() {
        let about = Some(About { kind: "customer", id: "42" });
        for (was, written, about, itself) in [
            (r#"{"id":42,"plan_id":1}"#, r#"{"id":42,"plan_id":2}"#, about, true),
            (r#"{"id":42}"#, r#"{"id":43}"#, about, false),
            (r#"{"no":"42"}"#, r#"{"no":"43"}"#, about, false),
            (r#"{"no":7,"contactid":42}"#, r#"{"contactid":43}"#, about, false),
            (r#"{"id":42}"#, r#"{"id":42,"customer_no":43}"#, about, false),
            (r#"{"id":42}"#, r#"{"id":42,"customer_no":42}"#, about, true),
            (r#"{"id":42}"#, r#"{"id":42,"record":43}"#, about, false),
            (r#"{"name":"a","sys_id":"x"}"#, r#"{"sys_id":"y"}"#, about, false),
            (r#"{"name":"a","sys_id":"x"}"#, r#"{"name":"b"}"#, about, true),
            (r#"{"name":"a"}"#, r#"{"id":"42"}"#, about, true),
            (r#"{"name":"a"}"#, r#"{"id":"42"}"#, None, false),
            (r#"{"contactid":7,"tel":1}"#, r#"{"contactid":8}"#, None, false),
            (r#"{"id":7,"team_id":7}"#, r#"{"id":7,"team_id":8}"#, None, true),
            (r#"{"name":"a","paid":1}"#, r#"{"paid":2,"valid":3}"#, None, true),
        ] {
            let was = members(was);
            assert_eq!(is_itself(&members(written), &was, &was, about), itself, "{written}");
        }
    }

    #[test]
    fn a_member_is_told_by_those_beside_it() {
        let was = members(r#"{"owner":{},"owner_id":7,"phones":[]}"#);
        for (name, written, another) in [
            ("owner", r#"{"owner_id":7}"#, false),
            ("owner", r#"{"owner_id":8}"#, true),
            ("owner", r#"{"ownerNo":8}"#, true),
            ("owner", r#"{"ownership":8,"owners_count":2}"#, false),
            ("phones", r#"{"phone_ids":[1]}"#, true),
            ("phones", r#"{"owner_id":8}"#, false),
        ] {
            assert_eq!(is_another(name, &members(written), &was), another, "{name} {written}");
        }
    }
}
