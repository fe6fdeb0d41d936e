//! Staff of several roles read, edit and save one record of a CRM, one after the other and each what they see.
//!
//! After each save every field of the CRM is what staff typed where staff typed, and what it was elsewhere, or
//! nothing was saved; what may not be changed is as it was; and nobody sees what was hidden from them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};

use super::laws::{Edit, ROLES, apply, can_be_told, edit, hidden, leaves, picked, read, record, sent};

/// One save.
#[derive(Debug, Clone)]
struct Turn {
    role: &'static str,
    /// Whether it sends all there is, or what was changed and some of the rest.
    whole: bool,
    rest: Vec<bool>,
    edits: Vec<Edit>,
}

fn turn() -> impl Strategy<Value = Turn> {
    let role = select([&ROLES[..], &["locked"]].concat());
    (role, any::<bool>(), vec(any::<bool>(), 12), vec(edit(), 0..4)).prop_map(|(role, whole, rest, edits)| Turn {
        role,
        whole,
        rest,
        edits,
    })
}

/// The members that a tool sends which sends what was changed, and those of the others that `rest` says.
fn changed(before: &Value, after: &Value, rest: &[bool]) -> Value {
    let members = after.as_object().expect("an object").iter().zip(rest);
    let sent = members.filter(|((key, value), also)| **also || before.get(*key) != Some(*value));
    Value::Object(sent.map(|((key, value), _)| (key.clone(), value.clone())).collect())
}

/// What a CRM makes of a part of a record.
fn patched(record: &Value, part: &Value) -> Value {
    let all: Map<String, Value> = record.as_object().expect("an object").clone();
    Value::Object(all.into_iter().chain(part.as_object().expect("an object").clone()).collect())
}

/// One save of what staff sees, after `change`; gives what the CRM has afterwards, and what it should have.
///
/// Beside what the CRM has stands whether anybody can say what it should have.
fn saved(turn: &Turn, record: &Value, change: impl Fn(&mut Value, &mut Value)) -> (Option<(Value, bool)>, Value) {
    let before = read(turn.role, record);
    let (mut seen, mut real) = (before.clone(), record.clone());
    change(&mut seen, &mut real);
    untouched((record, &mut real), (&before, &seen));
    let saved = match turn.whole {
        true => sent("PUT", turn.role, record, &seen),
        false => {
            sent("PATCH", turn.role, record, &changed(&before, &seen, &turn.rest)).map(|part| patched(record, &part))
        }
    };
    let told = can_be_told((record, &real), (&before, &seen));
    (saved.map(|saved| (saved, told)), real)
}

/// Whoever types nothing where a rule took all out has changed nothing.
fn untouched((record, real): (&Value, &mut Value), (before, seen): (&Value, &Value)) {
    let mut paths = Vec::new();
    leaves(seen, "", &mut paths);
    for path in paths.iter().filter(|path| !path.starts_with("/phones")) {
        let is_blank = |value: &Value| value.pointer(path).and_then(Value::as_str) == Some("");
        if is_blank(before)
            && is_blank(seen)
            && let (Some(was), Some(now)) = (record.pointer(path), real.pointer_mut(path))
        {
            *now = was.clone();
        }
    }
}

/// Numbers and addresses, wherever in a list they stand.
fn locked(record: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    leaves(record, "", &mut paths);
    let is_locked = |path: &String| ["/tel", "/no", "/mail"].iter().any(|end| path.ends_with(end));
    let one = |path: String| record.pointer(&path).map(Value::to_string).unwrap_or_default();
    let mut all: Vec<String> = paths.into_iter().filter(is_locked).map(one).collect();
    all.sort();
    all
}

/// What is hidden from a role, but what stands elsewhere in clear.
fn secrets(role: &str, record: &Value) -> Vec<String> {
    let seen = read(role, record);
    let mut all = Vec::new();
    hidden(record, &seen, &mut all);
    let shown = seen.to_string();
    all.retain(|secret| !shown.contains(secret.as_str()));
    all
}

proptest! {
    #![proptest_config(super::proven(120))]

    #[test]
    fn what_several_save_after_one_another_is_what_each_typed(record in record(), turns in vec(turn(), 1..4)) {
        let hidden: Vec<(&str, Vec<String>)> = ROLES.iter().map(|role| (*role, secrets(role, &record))).collect();
        let mut record = record;
        for turn in &turns {
            let (saved, real) = saved(turn, &record, |seen, real| {
                turn.edits.iter().for_each(|edit| apply(edit, seen, real));
            });
            let Some((saved, told)) = saved else { continue };
            prop_assert!(!told || saved == real, "{saved} for {real} of {turn:?}");
            if turn.role == "locked" {
                prop_assert_eq!(locked(&saved), locked(&record), "{:?}", turn);
            }
            record = saved;
        }
        for (role, secrets) in &hidden {
            let seen = read(role, &record).to_string();
            let told = secrets.iter().find(|secret| seen.contains(secret.as_str()));
            prop_assert!(told.is_none(), "{role} sees {told:?} in {seen}");
        }
    }

    #[test]
    fn what_one_moves_about_in_several_saves_is_never_seen(
        record in record(),
        turns in vec((turn(), vec((any::<Index>(), any::<Index>()), 0..3)), 1..4),
        role in select(ROLES.to_vec()),
    ) {
        let secrets = secrets(role, &record);
        let mut record = record;
        for (turn, moves) in &turns {
            let turn = Turn { role, ..turn.clone() };
            let (saved, _) = saved(&turn, &record, |seen, real| {
                turn.edits.iter().for_each(|edit| apply(edit, seen, real));
                let mut paths = Vec::new();
                leaves(seen, "", &mut paths);
                for (from, to) in moves.iter().filter(|_| !paths.is_empty()) {
                    let veil = seen.pointer(picked(from, &paths)).expect("a field").clone();
                    *seen.pointer_mut(picked(to, &paths)).expect("a field") = veil;
                }
            });
            record = saved.map_or(record, |(saved, _)| saved);
            let seen = read(role, &record).to_string();
            let told = secrets.iter().find(|secret| seen.contains(secret.as_str()));
            prop_assert!(told.is_none(), "{role} sees {told:?} in {seen}");
        }
    }
}
