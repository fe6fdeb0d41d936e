//! Changed rules: taken whole or not at all, however a change comes to the disk, and told of.
//!
//! Each way of changing is done as the tool does it that is named; what is waited for is the record or
//! the metric of the change, never a time.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use super::client::{Answer, get};
use super::origin::Origin;
use super::running::{Running, Setup, until};
use super::{RECORD, RULES};

fn crm() -> Origin {
    Origin::start(|_| Answer::new(200, "application/json", RECORD))
}

/// A gateway whose rules are what `rules:` names, below its own folder.
fn started(crm: &Origin, config: &str) -> Running {
    Running::set_up(crm.address, Setup { rules: RULES, config, ..Setup::default() })
}

fn folder(gateway: &Running) -> PathBuf {
    gateway.state().parent().expect("the folder").to_owned()
}

fn tel(gateway: &Running) -> String {
    let answer = gateway.get("/api/customers/42", "tanaka", "crm-support");
    serde_json::from_str::<Value>(&answer.text()).expect("json")["tel"].as_str().unwrap_or_default().to_owned()
}

/// Records of the rules with an outcome.
fn told(gateway: &Running, outcome: &str) -> Vec<Value> {
    let text = gateway.ledger_text();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let records = whole.map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    records.filter(|record| record["event"] == "policy" && record["outcome"] == outcome).collect()
}

/// The policy of the start, whose record nobody waits for.
fn first(gateway: &Running) -> Value {
    until(|| told(gateway, "loaded").into_iter().next())["policy"].clone()
}

/// Waits for one record more.
fn next(gateway: &Running, outcome: &str, change: impl FnOnce()) -> Value {
    let before = told(gateway, outcome).len();
    change();
    let records = until(|| Some(told(gateway, outcome)).filter(|records| records.len() > before));
    records.last().expect("a record").clone()
}

/// A change is recorded before it is in force.
fn becomes(gateway: &Running, expected: &str) {
    until(|| (tel(gateway) == expected).then_some(()));
}

fn hidden() -> String {
    RULES.replace("phone: last4", "phone: full")
}

const SHOWN: &str = "***-****-5678";
const HIDDEN: &str = "****";

#[test]
fn an_editor_that_renames_over_and_one_that_empties_first() {
    let crm = crm();
    let gateway = started(&crm, "");
    let file = folder(&gateway).join("rules/rules.yaml");
    next(&gateway, "reloaded", || gateway.write_rules(&hidden()));
    becomes(&gateway, HIDDEN);
    // Vim with `backupcopy=no`: the old file gets another name, a new one is written in its place.
    next(&gateway, "reloaded", || {
        fs::rename(&file, file.with_extension("yaml~")).expect("a backup");
        fs::write(&file, RULES).expect("rules");
        fs::remove_file(file.with_extension("yaml~")).expect("no backup");
    });
    becomes(&gateway, SHOWN);
    // Others empty the file and write it some time later; what is seen between is no rules.
    let refused = next(&gateway, "refused", || fs::write(&file, "").expect("an empty file"));
    assert!(refused["reason"].as_str().expect("why").ends_with("rules.yaml:1:1: empty"), "{refused}");
    assert_eq!(tel(&gateway), SHOWN);
    next(&gateway, "reloaded", || fs::write(&file, hidden()).expect("rules"));
    becomes(&gateway, HIDDEN);
}

/// The half would be good rules, and show more than the whole.
#[test]
fn half_of_a_file_is_not_taken_while_somebody_writes_it() {
    let crm = crm();
    let gateway = started(&crm, "");
    let file = folder(&gateway).join("rules/rules.yaml");
    let whole = hidden().replace("phone: full", "phone: last4")
        + "  - { id: late, for: all, mandatory: true, mask: [phone] }\n";
    let half = whole.find("  - { id: late").expect("the last rule");
    let mut pen = fs::File::create(&file).expect("the file is emptied");
    pen.write_all(&whole.as_bytes()[..half]).expect("half of it");
    until(|| gateway.log().contains("is being written").then_some(()));
    assert_eq!((told(&gateway, "reloaded").len(), told(&gateway, "refused").len()), (0, 0));
    let other = next(&gateway, "reloaded", || {
        pen.write_all(&whole.as_bytes()[half..]).expect("the rest");
        drop(pen);
    });
    assert_eq!(other["changes"][0]["is"], "mask: full, search: exact");
    becomes(&gateway, HIDDEN);
}

/// As the kubelet does it: `..data` is a link to a folder of files, and another link takes its place.
#[test]
fn a_config_map_is_swapped() {
    let crm = crm();
    let gateway = started(&crm, "");
    let map = folder(&gateway).join("rules");
    let put = |name: &str, text: &str| {
        fs::create_dir(map.join(name)).expect("a folder");
        fs::write(map.join(name).join("desk.yaml"), text).expect("rules");
        symlink(name, map.join("..data_tmp")).expect("a link");
        fs::rename(map.join("..data_tmp"), map.join("..data")).expect("the swap");
    };
    next(&gateway, "reloaded", || {
        put("..2026_01", &hidden());
        symlink("..data/desk.yaml", map.join("desk.yaml")).expect("a link");
        fs::remove_file(map.join("rules.yaml")).expect("the first rules go");
    });
    becomes(&gateway, HIDDEN);
    next(&gateway, "reloaded", || {
        put("..2026_02", RULES);
        fs::remove_dir_all(map.join("..2026_01")).expect("the old folder");
    });
    becomes(&gateway, SHOWN);
}

/// Nobody tells of a change behind a link that leads out of the folder, nor of one in a folder that has
/// taken the place of the one that is watched: it is looked for.
#[test]
fn a_watch_that_is_blind_is_not_relied_on() {
    let crm = crm();
    let gateway = started(&crm, "");
    let (rules, away) = (folder(&gateway).join("rules"), folder(&gateway).join("away"));
    fs::create_dir(&away).expect("a folder");
    fs::write(away.join("desk.yaml"), hidden()).expect("rules");
    next(&gateway, "reloaded", || {
        symlink("../away/desk.yaml", rules.join(".draft")).expect("a link");
        fs::rename(rules.join(".draft"), rules.join("rules.yaml")).expect("in place");
    });
    next(&gateway, "reloaded", || fs::write(away.join("desk.yaml"), RULES).expect("rules"));
    becomes(&gateway, SHOWN);
    // Another folder of the same name; then a change inside that one.
    let (new, old) = (folder(&gateway).join("new"), folder(&gateway).join("old"));
    fs::create_dir(&new).expect("a folder");
    fs::write(new.join("rules.yaml"), hidden()).expect("rules");
    next(&gateway, "reloaded", || {
        fs::rename(&rules, &old).expect("the old folder goes");
        fs::rename(&new, &rules).expect("the new one comes");
    });
    becomes(&gateway, HIDDEN);
    next(&gateway, "reloaded", || gateway.write_rules(RULES));
    becomes(&gateway, SHOWN);
}

#[test]
fn rules_that_go_away_stay_in_force_and_come_back() {
    let crm = crm();
    let gateway = started(&crm, "");
    let (rules, gone) = (folder(&gateway).join("rules"), folder(&gateway).join("gone"));
    let refused = next(&gateway, "refused", || fs::rename(&rules, &gone).expect("the folder goes"));
    assert!(refused["reason"].as_str().expect("why").contains("cannot be read"), "{refused}");
    assert_eq!(tel(&gateway), SHOWN);
    fs::write(gone.join("rules.yaml"), hidden()).expect("rules");
    next(&gateway, "reloaded", || fs::rename(&gone, &rules).expect("it is back"));
    becomes(&gateway, HIDDEN);
    let refused = next(&gateway, "refused", || fs::remove_file(rules.join("rules.yaml")).expect("the file goes"));
    assert_eq!(refused["reason"], "there is no rule file");
    assert_eq!(tel(&gateway), HIDDEN);
    next(&gateway, "reloaded", || gateway.write_rules(RULES));
    becomes(&gateway, SHOWN);
}

/// A refusal is a metric, a line of the log and a record; none of them quotes the file.
#[test]
fn a_refused_reload_is_told_three_times_and_quotes_nothing() {
    let crm = crm();
    let mut gateway = started(&crm, "");
    let version = first(&gateway);
    let wrong = RULES.replace("for: manager,", "for: 090-9999-1111,");
    let refused = next(&gateway, "refused", || gateway.write_rules(&wrong));
    assert_eq!(refused["policy"], version, "what stays in force");
    let reason = refused["reason"].as_str().expect("why").to_owned();
    assert!(reason.ends_with("rules.yaml:18:27: unknown-role"), "{reason}");
    until(|| gateway.metrics_page().contains("sudare_policy_reloads_total{result=\"refused\"} 1\n").then_some(()));
    until(|| gateway.log().contains("the changed rules are refused").then_some(()));
    assert!(gateway.log().contains(&reason), "{}", gateway.log());
    let page = gateway.metrics_page();
    assert!(gateway.stop().success());
    for out in [gateway.log(), gateway.ledger_text(), page] {
        assert!(!out.contains("090-9999"), "{out}");
    }
    assert!(gateway.verify().success());
}

/// What is written beside the rules is no change of theirs: the log of a refusal would bring the next.
#[test]
fn a_log_beside_the_rules_does_not_bring_a_refusal_again() {
    let crm = crm();
    let gateway = started(&crm, "");
    first(&gateway);
    let log = folder(&gateway).join("rules/gateway.log");
    let refused = || told(&gateway, "refused").len();
    next(&gateway, "refused", || gateway.write_rules("sudare: 2"));
    for looked in 0..300 {
        if looked % 50 == 0 {
            let mut log = fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log");
            writeln!(log, "refused").expect("a line");
        }
        assert_eq!(tel(&gateway), SHOWN);
    }
    assert_eq!(refused(), 1);
    next(&gateway, "reloaded", || gateway.write_rules(&hidden()));
    becomes(&gateway, HIDDEN);
    assert_eq!(refused(), 1);
}

#[test]
fn a_change_is_recorded_with_what_it_changes_of_grants() {
    let crm = crm();
    let gateway = started(&crm, "");
    let first = first(&gateway);
    let rules = hidden().replace("[crm-support]", "[crm-support, night]")
        + "  - { id: tmp, for: { staff: tanaka }, show: [phone], until: 2099-12-31, why: recall }\n";
    let record = next(&gateway, "reloaded", || gateway.write_rules(&rules));
    assert_ne!(record["policy"], first);
    assert_eq!(record["count"], 3);
    assert_eq!(
        record["changes"],
        json!([
            { "role": "all", "what": "phone", "when": "(staff: tanaka); until: 2099-12-31", "was": null, "is": "show" },
            { "role": "support", "what": "group night", "when": null, "was": null, "is": "member" },
            { "role": "support", "what": "phone", "when": null,
              "was": "mask: last4, search: exact", "is": "mask: full, search: exact" },
        ])
    );
    // The same rules in other words are another policy that gives the same.
    let record = next(&gateway, "reloaded", || gateway.write_rules(&format!("# no difference\n{rules}")));
    assert_eq!((&record["count"], &record["changes"]), (&json!(0), &json!([])));
    // What stands beside the rules shows as much as a rule does.
    next(&gateway, "reloaded", || gateway.write_rules(&format!("{rules}undeclared: block\n")));
    let record = next(&gateway, "reloaded", || gateway.write_rules(&rules));
    let opened = json!([{ "role": "all", "what": "undeclared", "when": null, "was": "block", "is": "scan" }]);
    assert_eq!(record["changes"], opened);
    let metric = format!("sudare_policy_info{{version=\"{}\"}} 1", record["policy"].as_str().expect("a hash"));
    until(|| gateway.metrics_page().contains(&metric).then_some(()));
    becomes(&gateway, "090-1234-5678");
}

/// A request that has begun ends under the rules that it began with, and its records say which.
#[test]
fn a_request_in_flight_keeps_its_rules() {
    let gate = Arc::new((Mutex::new((false, false)), Condvar::new()));
    let (asked, free) = (Arc::clone(&gate), Arc::clone(&gate));
    let crm = Origin::start(move |request| {
        if request.path().ends_with("/7") {
            let (state, bell) = &*asked;
            let mut state = state.lock().expect("no panic there");
            state.0 = true;
            bell.notify_all();
            drop(bell.wait_while(state, |state| !state.1).expect("no panic there"));
        }
        Answer::new(200, "application/json", RECORD)
    });
    let gateway = started(&crm, "");
    let first = first(&gateway);
    let staff = gateway.staff;
    let asking = std::thread::spawn(move || {
        get(staff, "/api/customers/7", &[("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")])
    });
    let (state, bell) = &*free;
    drop(bell.wait_while(state.lock().expect("no panic there"), |state| !state.0).expect("no panic there"));
    let record = next(&gateway, "reloaded", || gateway.write_rules(&hidden()));
    becomes(&gateway, HIDDEN);
    state.lock().expect("no panic there").1 = true;
    bell.notify_all();
    let answer = asking.join().expect("an answer");
    assert!(answer.text().contains(SHOWN), "{}", answer.text());
    let old = gateway.record(&answer.header("sudare-request").expect("an id"));
    let new = gateway.get("/api/customers/42", "tanaka", "crm-support");
    let new = gateway.record(&new.header("sudare-request").expect("an id"));
    assert_eq!((&old["policy"], &new["policy"]), (&first, &record["policy"]));
    assert_ne!(old["policy"], new["policy"]);
}

/// Whoever asks while rules change gets the one answer or the other, whole.
#[test]
fn under_load_no_answer_is_of_two_policies() {
    const CHANGES: usize = 10;
    let crm = crm();
    let gateway = started(&crm, "");
    let done = Arc::new(AtomicBool::new(false));
    let (staff, stop) = (gateway.staff, Arc::clone(&done));
    let asking = std::thread::spawn(move || {
        let headers = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
        let mut seen = BTreeSet::new();
        while !stop.load(Ordering::Acquire) {
            let answer: Value = serde_json::from_str(&get(staff, "/api/customers/42", &headers).text()).expect("json");
            let member = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            seen.insert((member("name"), member("tel")));
        }
        seen
    });
    let stricter = hidden().replace("show: [person.name], mask: {", "mask: { person.name: initial,");
    for round in 0..CHANGES {
        let rules = if round % 2 == 0 { &stricter } else { RULES };
        next(&gateway, "reloaded", || gateway.write_rules(rules));
    }
    done.store(true, Ordering::Release);
    let expected = [("山** **", HIDDEN), ("山田 太郎", SHOWN)].map(|(name, tel)| (name.to_owned(), tel.to_owned()));
    assert_eq!(asking.join().expect("answers"), BTreeSet::from(expected));
}

/// Who staff are and what groups they have is read anew like the rules are.
#[test]
fn files_of_staff_are_taken_when_they_are_still() {
    let crm = crm();
    let identity = "identity: [{ header: { user: X-Remote-User, groups: staff.yaml, from: [127.0.0.1/32] } }]\n";
    let files = [("staff.yaml", "tanaka: [crm-support]\n")];
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: identity, files: &files });
    becomes(&gateway, SHOWN);
    gateway.write("staff.yaml", "tanaka: [crm-managers]\n");
    becomes(&gateway, "090-1234-5678");
    gateway.write("staff.yaml", "tanaka: [");
    until(|| gateway.log().contains("a changed file of staff is wrong").then_some(()));
    assert_eq!(tel(&gateway), "090-1234-5678", "the last good one stays");
    gateway.write("staff.yaml", "tanaka: [crm-support]\n");
    becomes(&gateway, SHOWN);
}
