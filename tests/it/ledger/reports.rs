//! Reports as people and programs get them.
//!
//! Each folder of `tests/cases/ledger/report/` holds a ledger's lines and `commands`: a name and what is written behind
//! `sudare ledger report`. What comes of each stands beside it: as text and as a page in both languages, and as JSON.
//! `SUDARE_BLESS=1` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use jiff::tz::TimeZone;
use serde_json::Value;
use tempfile::TempDir;

use sudare::cli::ledger::{LedgerArgs, Reader, run_on};
use sudare::cli::say::Lang;

use super::{BOUNDS, Bench, segment, state_folder};
use crate::blessed;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    ledger: LedgerArgs,
}

/// Exit status, stdout and stderr of `sudare ledger …`, read in Tokyo.
fn ledger(home: &Path, lang: Lang, words: &str) -> (u8, String, String) {
    let config = home.join("gateway.yaml");
    let begin = ["ledger", "-c", config.to_str().unwrap()];
    let line = Line::try_parse_from(begin.into_iter().chain(words.split(' '))).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (now, user) = ("2026-11-23T09:00:00Z".parse().unwrap(), "sato".to_owned());
    let zone = TimeZone::get("Asia/Tokyo").unwrap();
    let status = run_on(&line.ledger, &Reader { lang, zone, now, user }, &mut out, &mut err, &mut |_, _| {});
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status, text(out), text(err))
}

/// A gateway's folder with a ledger of these lines.
fn home(case: &Path) -> TempDir {
    let home = state_folder();
    fs::create_dir_all(home.path().join("state/ledger")).unwrap();
    fs::copy(case.join("ledger.jsonl"), segment(&home.path().join("state"), 1)).unwrap();
    for name in ["gateway.yaml", "rules.yaml"].into_iter().filter(|name| case.join(name).exists()) {
        fs::copy(case.join(name), home.path().join(name)).unwrap();
    }
    home
}

/// The folders of cases, and the commands of each with their names.
fn cases() -> Vec<(PathBuf, Vec<(String, String)>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ledger/report");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let each = |folder: PathBuf| {
        let commands = fs::read_to_string(folder.join("commands")).unwrap();
        let pair = |line: &str| line.split_once(": ").map(|(name, words)| (name.to_owned(), words.to_owned()));
        let commands = commands.lines().map(|line| pair(line).unwrap()).collect();
        (folder, commands)
    };
    let all: Vec<_> = folders.map(each).collect();
    assert!(all.len() > 3, "the cases are there");
    all
}

#[test]
fn every_report_reads_as_expected() {
    let mut told = Vec::new();
    for (folder, commands) in cases() {
        let home = home(&folder);
        for (name, words) in commands {
            for (lang, code) in [(Lang::En, "en"), (Lang::Ja, "ja")] {
                for (format, ending) in [("table", "txt"), ("html", "html")] {
                    let (status, out, err) = ledger(home.path(), lang, &format!("--format {format} report {words}"));
                    assert_eq!(status, 0, "{words}: {err}");
                    told.push((folder.join(format!("{name}.{code}.{ending}")), out));
                }
            }
            let (_, json, _) = ledger(home.path(), Lang::Ja, &format!("--format json report {words}"));
            let json: Value = serde_json::from_str(&json).unwrap();
            told.push((folder.join(format!("{name}.json")), format!("{json:#}\n")));
        }
    }
    blessed::beside(told);
}

/// Whoever opens a page has not run anything of what the ledger holds, and nothing leaves their browser.
#[test]
fn a_page_holds_no_markup_but_its_own() {
    for (folder, commands) in cases() {
        let home = home(&folder);
        for (_, words) in commands {
            let (_, page, _) = ledger(home.path(), Lang::En, &format!("--format html report {words}"));
            let tags = page.split('<').skip(1).filter_map(|tag| tag.split(['>', ' ']).next());
            for tag in tags.map(|tag| tag.trim_start_matches('/')) {
                let known = [
                    "!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd", "p",
                    "table", "thead", "tbody", "tr", "th", "td",
                ];
                assert!(known.contains(&tag), "`{tag}` stands in the page of `{words}`");
            }
            let controls = page.chars().filter(|c| c.is_control() && *c != '\n').count();
            assert_eq!((controls, page.matches("http://").count() + page.matches("url(").count()), (0, 0), "{words}");
        }
    }
}

/// A ledger of so many people, each seen once, on one resource of its own.
fn of_people(count: usize, kinds: &str) -> TempDir {
    let home = state_folder();
    let dir = home.path().join("state/ledger");
    fs::create_dir_all(&dir).unwrap();
    let subject = |id: usize| format!(r#"{{"type":"customer","id":"{id}","kinds":{kinds}}}"#);
    let line = |(seq, ids): (usize, Vec<usize>)| {
        let subjects: Vec<String> = ids.into_iter().map(subject).collect();
        format!(
            r#"{{"seq":{},"time":"2026-11-22T01:02:03.456789Z","node":"gw-1","event":"export","staff":"basic:tanaka","roles":["support"],"resource":"export","outcome":"released","rules":[],"subjects":[{}]}}"#,
            seq + 1,
            subjects.join(",")
        )
    };
    // Everybody twice: people are counted, not rows.
    let ids: Vec<usize> = (1..=count).chain(1..=count).collect();
    let lines: Vec<String> = ids.chunks(300).map(<[usize]>::to_vec).enumerate().map(line).collect();
    fs::write(segment(&home.path().join("state"), 1), lines.join("\n") + "\n").unwrap();
    home
}

fn fourth_trigger(home: &Path) -> (Value, Value, Value) {
    let (status, out, err) = ledger(home, Lang::En, "--format json report breach --staff tanaka");
    assert_eq!(status, 0, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let trigger = &json["triggers"][3];
    assert_eq!(trigger["trigger"], "more_than_1000");
    (trigger["answer"].clone(), trigger["because"].clone(), json["persons"]["affected"].clone())
}

#[test]
fn a_thousand_persons_do_not_trip_the_fourth_trigger_and_one_more_does() {
    let shown = r#"{"person.name":{"show":1}}"#;
    let told = |count, kinds| fourth_trigger(of_people(count, kinds).path());
    assert_eq!(told(1_000, shown), ("no".into(), "not_more".into(), 1_000.into()));
    assert_eq!(told(1_001, shown), ("yes".into(), "more".into(), 1_001.into()));
    let masked = r#"{"person.name":{"mask":1}}"#;
    assert_eq!(told(1_001, masked), ("people".into(), "veiled".into(), 1_001.into()));
    assert_eq!(told(1_001, r#"{"person.name":{"remove":1}}"#), ("no".into(), "not_more".into(), 0.into()));
    assert_eq!(told(1_001, r#"{"person.name":{"reverse":1}}"#).0, "yes", "an action of another version hides nothing");
    let unread = of_people(10, shown);
    let path = segment(&unread.path().join("state"), 1);
    let lines = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{lines}tanaka\n")).unwrap();
    assert_eq!(fourth_trigger(unread.path()), ("people".into(), "incomplete".into(), 10.into()));
}

/// Older versions wrote an id down as the CRM spelt it, and CRMs spell one in several ways.
#[test]
fn two_spellings_of_an_id_are_one_person_in_every_report() {
    let shown = r#"{"person.name":{"show":1}}"#;
    let home = of_people(3, shown);
    let path = segment(&home.path().join("state"), 1);
    let lines = fs::read_to_string(&path).unwrap();
    let other =
        |number: usize, id: &str| lines.replace("\"seq\":1", &format!("\"seq\":{number}")).replace("\"id\":\"2\"", id);
    let spelt = [other(2, "\"id\":\"12x2\""), other(3, "\"id\":\" 2\""), other(4, "\"id\":\"２\"")].concat();
    fs::write(&path, lines + &spelt).unwrap();
    assert_eq!(fourth_trigger(home.path()).2, 3);
    let (status, out, err) = ledger(home.path(), Lang::En, "--format json report breach --staff tanaka --persons");
    assert_eq!(status, 0, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let ids: Vec<&str> = json["list"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3"], "{out}");
    let (_, out, _) = ledger(home.path(), Lang::En, "--format json report access-review --month 2026-11");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["staff"][0]["persons"], 3, "{out}");
}

#[test]
fn a_checkpoint_that_covers_the_records_is_told() {
    let home = state_folder();
    let state = home.path().join("state");
    fs::create_dir(&state).unwrap();
    let mut bench = Bench::open(&state, BOUNDS);
    bench.commit(0..3);
    bench.stop();
    let (_, out, _) = ledger(home.path(), Lang::En, "--format json report subject customer:42");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["ledger"]["checkpoint"]["records"], 5);
    assert_eq!((&json["ledger"]["checkpoint"]["covers"], &json["ledger"]["records"]), (&true.into(), &3.into()));
}

#[test]
fn a_report_says_what_it_needs() {
    let home = home(&cases()[0].0);
    let asked = |words: &str| {
        let (status, out, err) = ledger(home.path(), Lang::En, &format!("report {words}"));
        assert_eq!((status, out.as_str()), (2, ""), "{words}");
        err
    };
    assert!(
        asked("subject 42").starts_with("error: `42` is no person: a type and an id are needed\nhelp: write it as ")
    );
    assert!(asked("subject customer:").starts_with("error: `customer:` is no person"));
    assert!(asked("breach --from 2026-11-01").starts_with("error: nothing says which incident is meant\nhelp: name "));
    assert!(asked("breach --staff a --known soon").starts_with("error: `soon` is neither a day nor a time\n"));
    assert!(
        asked("access-review --month 2026-13").starts_with("error: `2026-13` is no month\nhelp: write it as 2026-11\n")
    );
    assert!(asked("access-review --month november").starts_with("error: `november` is no month\n"));
}
