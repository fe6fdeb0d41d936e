//! The diagnostics' outside: their codes, the formats for programs, colours, the hooks that run them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sudare::cli::check::codes::{self, ALL};
use sudare::policy::fault::Faults;
use sudare::policy::node::{self, Node, Source, Value as Yaml};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
}

fn texts(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    files(&root().join(folder), extension, &mut found);
    found.iter().map(|path| fs::read_to_string(path).expect("a file")).collect()
}

/// The second argument of each call that notes a fault, where it is a word.
fn codes_of(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for call in [".error(", ".warning("] {
        for (at, _) in code.match_indices(call) {
            let rest = &code[at + call.len()..];
            let mut depth = 0;
            let comma = rest.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth < 0 || (c == ',' && depth == 0)
            });
            let argument = comma.map_or("", |comma| rest[comma + 1..].trim_start());
            let word = argument.strip_prefix('"').and_then(|word| Some(word.split_once('"')?.0));
            found.extend(
                word.filter(|word| word.bytes().all(|b| b == b'-' || b.is_ascii_lowercase())).map(str::to_owned),
            );
        }
    }
    found
}

#[test]
fn every_code_has_its_row_and_every_row_a_code() {
    let known: Vec<&str> = ALL.iter().map(|code| code.code).collect();
    assert!(known.is_sorted(), "in the order of the alphabet");
    let mut used = BTreeSet::new();
    let mut all = String::new();
    for text in [texts("src/policy", "rs"), texts("src/config", "rs")].concat() {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        used.extend(codes_of(code));
        all.push_str(code);
    }
    for text in [texts("tests/cases/policy", "txt"), texts("tests/cases/config", "txt")].concat() {
        let told = text.lines().filter_map(|line| {
            line.strip_prefix("error[").or_else(|| line.strip_prefix("warning["))?.split_once("]: ")
        });
        used.extend(told.map(|(code, _)| code.to_owned()));
    }
    assert!(used.len() > 80, "{used:?}");
    let missing: Vec<&String> = used.iter().filter(|code| codes::of(code).is_none()).collect();
    assert!(missing.is_empty(), "add these to src/cli/check/codes.rs: {missing:?}");
    let stale: Vec<&&str> = known.iter().filter(|code| !all.contains(&format!("\"{code}\""))).collect();
    assert!(stale.is_empty(), "no code says these any more: {stale:?}");
    for code in ALL {
        assert!(code.en.ends_with('.') && code.ja.ends_with('。') && !code.ja.is_ascii(), "{}", code.code);
    }
}

#[test]
fn the_page_lists_every_code() {
    for (page, head, japanese) in [
        ("docs/diagnostics.md", "| code | meaning |\n| --- | --- |\n", false),
        ("docs/ja/diagnostics.md", "| コード | 意味 |\n| --- | --- |\n", true),
    ] {
        let path = root().join(page);
        let text = fs::read_to_string(&path).expect(page);
        let (before, _) = text.split_once(head).expect("the table");
        let said = |code: &codes::Code| if japanese { code.ja } else { code.en };
        let rows: String = ALL.iter().map(|code| format!("| `{}` | {} |\n", code.code, said(code))).collect();
        let expected = format!("{before}{head}{rows}");
        if std::env::var_os("SUDARE_BLESS").is_some() {
            fs::write(&path, expected).expect("the page can be written");
        } else {
            assert_eq!(text, expected, "run with SUDARE_BLESS=1");
        }
    }
}

fn sudare(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.args(words).current_dir(folder).env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("NO_COLOR");
    command.output().expect("sudare runs")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The schema of SARIF 2.1.0 in what concerns us: the members that it requires, their types, and the
/// words that it knows.
#[test]
fn sarif_is_what_its_schema_asks_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let text =
        "sudare: 1\nroles: { 受付𠮷: [a], ghost: {} }\nrules:\n  - { for: 受付𠮷, why: \"𠮷野家\", show: [fone] }\n";
    fs::write(folder.path().join("規則 1.yaml"), text).expect("a file");
    let output = sudare(folder.path(), &["check", "規則 1.yaml", "--format", "sarif"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).starts_with("1 error, 1 warning in 1 file\nnote: further warnings"), "{}", told(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["version"], "2.1.0");
    assert!(document["$schema"].as_str().is_some_and(|schema| schema.ends_with("sarif-schema-2.1.0.json")));
    let runs = document["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let driver = &run["tool"]["driver"];
    assert_eq!(
        (&driver["name"], &driver["version"]),
        (&Value::from("sudare"), &Value::from(env!("CARGO_PKG_VERSION")))
    );
    let rules = driver["rules"].as_array().expect("rules");
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule}");
        assert!(["error", "warning"].map(Value::from).contains(&rule["defaultConfiguration"]["level"]), "{rule}");
    }
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(["error", "warning"].map(Value::from).contains(&result["level"]));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "%E8%A6%8F%E5%89%87%201.yaml");
        for member in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(place["region"][member].as_u64().is_some_and(|number| number > 0), "{place}");
        }
    }
    let region = |at: usize| results[at]["locations"][0]["physicalLocation"]["region"].clone();
    // `𠮷` is one character, and two code units.
    assert_eq!(region(0), serde_json::json!({ "startLine": 2, "startColumn": 21, "endLine": 2, "endColumn": 26 }));
    assert_eq!(region(1), serde_json::json!({ "startLine": 4, "startColumn": 38, "endLine": 4, "endColumn": 42 }));
}

#[test]
fn without_faults_every_format_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.yaml"), "sudare: 1\n").expect("a file");
    for format in ["json", "sarif", "github"] {
        let output = sudare(folder.path(), &["check", "a.yaml", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        assert!(told(&output).starts_with("0 errors, 0 warnings in 1 file"), "{}", told(&output));
        match format {
            "sarif" => {
                let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
                assert_eq!(document["runs"][0]["results"], serde_json::json!([]));
            }
            _ => assert!(output.stdout.is_empty()),
        }
    }
    let output = sudare(folder.path(), &["check", "a.yaml", "missing.yaml", "--format", "sarif"]);
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(document["runs"][0]["results"][0]["ruleId"], "unreadable");
}

/// What gateway.yaml and the rules make of each other, and what nobody may read in them.
#[test]
fn configuration_and_rules_are_held_against_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    let gateway = |identity: &str| {
        write(
            "gateway.yaml",
            &format!(
                "sudare: 1\nlisten: 127.0.0.1:0\nupstream: http://127.0.0.1:9\nrules: rules.yaml\n\
                 trusted_proxies: [10.42.0.0/16]\nidentity:\n{identity}"
            ),
        );
    };
    write("staff.yaml", "tanaka: [crm-support]\nsato: { groups: [crm-managers] }\n");
    write(
        "rules.yaml",
        "sudare: 1\nroles: { support: [crm-support], manager: [crm-manager], audit: [auditors], idle: [nobody] }\nrules:\n  \
         - { id: a, for: support, show: [phone], when: { network: [10.0.0.0/8, 192.168.0.0/16, 10.42.7.1] } }\n  \
         - { for: manager, show: [phone] }\n  - { for: audit, mask: { phone: last4 } }\n  \
         - { id: b, for: { staff: \"anonymous:tanaka\" }, show: [email] }\n  - { id: c, for: { staff: ito }, show: [email] }\n",
    );
    let codes = || {
        let output = sudare(folder.path(), &["check", "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines()
            .map(|line| {
                let fault: Value = serde_json::from_str(line).expect("JSON");
                format!("{}:{} {} {}", fault["line"], fault["column"], fault["code"], fault["help"]).replace('"', "")
            })
            .collect::<Vec<String>>()
    };
    let proxies = |help: &str| help.contains("proxy-network");
    gateway("  - header: { user: X-User, groups: staff.yaml, from: [127.0.0.1] }\n");
    let closed = codes();
    assert_eq!(closed.iter().filter(|line| proxies(line)).count(), 2, "{closed:#?}");
    assert!(closed.iter().any(|line| line.starts_with("4:61 proxy-network")), "{closed:#?}");
    assert!(closed.contains(&"2:34 nobody did you mean `crm-managers`?".to_owned()), "{closed:#?}");
    assert!(closed.iter().any(|line| line.starts_with("2:58 nobody the groups that it knows are")), "{closed:#?}");
    assert_eq!(closed.iter().filter(|line| line.contains(" nobody ")).count(), 3, "{closed:#?}");
    gateway("  - header: { user: X-User, groups: X-Groups, from: [127.0.0.1] }\n");
    assert_eq!(codes().iter().filter(|line| line.contains(" nobody ")).count(), 1, "somebody else names the groups");
    write(
        "users.yaml",
        "kato: { password: \"$argon2id$v=19$m=8192,t=1,p=1$gsC/WQc28/HYJk7l51sUkw$kYNqxbnHxnzdhTxvnWfQMFUTe1sDOhyVuYRtUQlT5ag\", groups: [auditors] }\n",
    );
    gateway("  - basic: { users: users.yaml }\n  - anonymous: { groups: [crm-support, crm-manager] }\n");
    assert_eq!(codes().iter().filter(|line| line.contains(" nobody ")).count(), 2, "ito and anonymous:tanaka");
    gateway(
        "  - basic: { users: users.yaml }\nledger: { holds: [{ subject: \"customer:42\" }, { subject: \"custmer:42\" }, { staff: tanaka }] }\n",
    );
    let rules = fs::read_to_string(folder.path().join("rules.yaml")).expect("the rules");
    let customers =
        "resources:\n  - { id: customer, match: \"GET /c/{id}\", subject: { type: customer, at: path.id } }\nrules:\n";
    write("rules.yaml", &rules.replace("rules:\n", customers));
    let held: Vec<String> = codes().into_iter().filter(|line| line.contains(" bad-subject ")).collect();
    assert_eq!(held, ["8:58 bad-subject the rules know `customer`"]);
    write("users.yaml", "kato: { pasword: hunter2, password: hunter3, groups: [auditors] }\n");
    gateway("  - basic: { users: users.yaml }\n  - header: { user: X_User, from: [127.0.0.1], secret: hunter4 }\n");
    let output = sudare(folder.path(), &["check"]);
    let shown = told(&output);
    assert!(shown.contains("users.yaml:1:9") && shown.contains("gateway.yaml:8:"), "{shown}");
    assert!(!shown.contains("hunter3") && !shown.contains("hunter4"), "{shown}");
}

#[test]
fn a_terminal_gets_colours_unless_nobody_wants_them() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.yaml"), "sudare: 2\n").expect("a file");
    let line = format!("{} check a.yaml", env!("CARGO_BIN_EXE_sudare"));
    let on_a_terminal = |no_color: &str| {
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(folder.path()).env("TERM", "xterm");
        command.env("NO_COLOR", no_color).output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Ok(coloured) = on_a_terminal("") else {
        println!("skipped: script is not installed");
        return;
    };
    assert!(coloured.contains("\u{1b}[") && coloured.contains("a.yaml:1:9"), "{coloured}");
    let plain = on_a_terminal("1").expect("it ran before");
    assert!(!plain.contains('\u{1b}') && plain.contains("a.yaml:1:9"), "{plain}");
    assert!(!told(&sudare(folder.path(), &["check", "a.yaml"])).contains('\u{1b}'), "a pipe gets none");
}

#[test]
fn the_hooks_run_what_they_say() {
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).expect("the hooks");
    let mut faults = Faults::new();
    let node = node::parse(&Source { name: "hooks".into(), text }, &mut faults).expect("YAML");
    assert_eq!(faults.into_sorted(), []);
    let Yaml::List(hooks) = &node.value else { panic!("a list") };
    let word = |hook: &Node, key: &str| hook.at(key).and_then(Node::scalar).unwrap_or_default().to_owned();
    assert_eq!(hooks.iter().map(|hook| word(hook, "id")).collect::<Vec<_>>(), ["sudare-check", "sudare-test"]);
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("rules")).expect("a folder");
    let rules = |text: &str| fs::write(folder.path().join("rules/a.yaml"), text).expect("a file");
    for hook in hooks {
        assert_eq!((word(hook, "language"), word(hook, "pass_filenames")), ("rust".to_owned(), "false".to_owned()));
        // What tests name by `file:` runs them as well.
        let tested = r"\.(ya?ml|json|html?|xml|csv|tsv|txt)$";
        let files = if word(hook, "id") == "sudare-test" { tested } else { r"\.ya?ml$" };
        assert!(!word(hook, "name").is_empty() && word(hook, "files") == files);
        let entry = word(hook, "entry");
        let mut words: Vec<&str> = entry.split(' ').collect();
        assert_eq!(words.remove(0), "sudare");
        // The page tells to write these where there is no gateway.yaml.
        words.push("rules/");
        rules(
            "sudare: 1\nroles: { support: [a] }\n\
             tests: [{ name: a, request: GET /x, response: { text: x }, expect: { support: { shown: x } } }]\n",
        );
        assert_eq!(sudare(folder.path(), &words).status.code(), Some(0), "{words:?}");
        rules("sudare: 1\nroles: { support: [a] }\nrules: [{ for: suport, show: [phone] }]\n");
        assert_eq!(sudare(folder.path(), &words).status.code(), Some(1), "{words:?}");
    }
}

/// Every file of YAML is read by one reader, so that each tells its faults in the same way.
#[test]
fn there_is_one_reader_of_yaml() {
    let mut found = Vec::new();
    files(&root().join("src"), "rs", &mut found);
    let readers: Vec<PathBuf> = found
        .into_iter()
        .filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("use saphyr_parser")))
        .collect();
    assert_eq!(readers, [root().join("src/policy/node.rs")]);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let yaml: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .filter(|name| name.contains("yaml") || name.contains("saphyr"))
        .collect();
    assert_eq!(yaml, ["saphyr-parser"]);
}
