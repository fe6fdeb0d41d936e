//! `sudare init URL`: a configuration to begin with, in which all that is recognised is veiled.
//!
//! Whatever is written was read first as `check` and `serve` would read it, and is put in its place
//! whole or not at all. The CRM is asked what it is, which only helps with hints: the files do not
//! depend on its answer.

mod ask;
mod put;
mod signs;

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use argon2::{Argon2, PasswordHasher};
use clap::Args;
use http::Uri;

use crate::cli::init::ask::{Answer, AskError};
use crate::cli::init::put::{Draft, Put, Staging};
use crate::cli::say::{Lang, Text, columns, complain, diagnostics, tell, texts};
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::config::units::Origin;
use crate::config::{gateway, rules};
use crate::ledger::show::plain;
use crate::policy::Policy;
use crate::policy::fault::{Faults, Severity};
use crate::policy::node::Source;

/// `sudare init`
#[derive(Args)]
pub struct InitArgs {
    /// The CRM's address, as in http://crm.internal:9000
    #[arg(value_name = "URL")]
    url: String,
    /// The folder to write into; made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Where staff will connect
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where /metrics and /readyz will be
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9901")]
    metrics: SocketAddr,
    /// The first user [default: your log-in name]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Shipped rules to write in place of the sample
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(SHIPPED.map(|(name, ..)| name)))]
    rules: Option<String>,
    /// Do not connect to the CRM
    #[arg(long)]
    no_probe: bool,
    /// Put new files in the place of old ones, which are kept as `.old`
    #[arg(long)]
    force: bool,
}

/// Rules that are shipped for a CRM: name, place, text.
const SHIPPED: [(&str, &str, &str); 2] = [
    ("creme", "rules/creme.yaml", include_str!("../../../rules/creme.yaml")),
    ("tryton", "rules/tryton.yaml", include_str!("../../../rules/tryton.yaml")),
];

const GATEWAY: Text = Text { en: include_str!("gateway.en.yaml"), ja: include_str!("gateway.ja.yaml") };
const USERS: Text = Text { en: include_str!("users.en.yaml"), ja: include_str!("users.ja.yaml") };
const SAMPLE: Text = Text { en: include_str!("crm.en.yaml"), ja: include_str!("crm.ja.yaml") };
const SAMPLE_PLACE: &str = "rules/crm.yaml";

/// Runs the command.
pub fn run(args: &InitArgs, lang: Lang) -> u8 {
    let ended = Init::of(args, lang).and_then(|init| init.write());
    match ended {
        Ok(()) => DONE,
        Err(Stop { status, why }) => {
            if !why.is_empty() {
                complain(lang, &why);
            }
            status
        }
    }
}

/// Why nothing was written.
struct Stop {
    status: u8,
    why: String,
}

fn unusable(why: String) -> Stop {
    Stop { status: UNUSABLE, why }
}

fn failed(why: String) -> Stop {
    Stop { status: FAILED, why }
}

/// What is going to be written.
struct Init<'a> {
    args: &'a InitArgs,
    lang: Lang,
    /// The CRM's address as it was given.
    url: Uri,
    /// Scheme, host and port of it.
    upstream: String,
    user: String,
}

impl Init<'_> {
    fn of(args: &InitArgs, lang: Lang) -> Result<Init<'_>, Stop> {
        let (url, upstream) = address(&args.url, lang)?;
        let user = match &args.user {
            Some(user) if is_plain(user) => user.clone(),
            Some(user) => return Err(unusable(texts::BAD_USER.with(lang, &[("user", &plain(user))]))),
            None => login_name(|name| std::env::var(name).ok()),
        };
        Ok(Init { args, lang, url, upstream, user })
    }

    fn write(&self) -> Result<(), Stop> {
        self.refuse_to_overwrite()?;
        if !self.args.no_probe {
            self.probe()?;
        }
        let password = password().ok_or_else(|| failed(texts::NO_CHANCE.of(self.lang).to_owned()))?;
        let drafts = self.drafts(&password).ok_or_else(|| failed(texts::NO_CHANCE.of(self.lang).to_owned()))?;
        let dir = &self.args.dir;
        let unwritten = |error: std::io::Error| {
            let what = texts::CANNOT_WRITE.with(self.lang, &[("path", &dir.display()), ("error", &error)]);
            failed(format!("{what}\n  {}", texts::INIT_UNDONE.of(self.lang)))
        };
        let staging = Staging::write(dir, &drafts).map_err(unwritten)?;
        self.check(staging.path())?;
        let done = staging.put().map_err(unwritten)?;
        // The files are there, and nobody has read the password.
        self.told(&self.ending(&done, &password), texts::PASSWORD_UNSEEN)
    }

    fn refuse_to_overwrite(&self) -> Result<(), Stop> {
        let places = ["gateway.yaml", "users.yaml", "rules"].map(|place| self.args.dir.join(place));
        let is_there = |place: &&PathBuf| place.symlink_metadata().is_ok() && !is_empty_folder(place);
        match places.iter().find(is_there) {
            Some(place) if !self.args.force => {
                let what = texts::THERE_ALREADY.with(self.lang, &[("path", &shown(place))]);
                Err(failed(format!("{what}\n{}", texts::THERE_HELP.of(self.lang))))
            }
            _ => Ok(()),
        }
    }

    /// Writes to stdout. Whoever closed the pipe has read enough; any other failure is told.
    fn told(&self, text: &str, help: Text) -> Result<(), Stop> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                let what = texts::NO_OUTPUT.with(self.lang, &[("error", &error)]);
                Err(unusable(format!("{what}\n  {}", help.of(self.lang))))
            }
            _ => Ok(()),
        }
    }

    /// Asks the CRM what it is, and says so.
    fn probe(&self) -> Result<(), Stop> {
        let lang = self.lang;
        self.told(&format!("{}\n", texts::ASKED.with(lang, &[("url", &self.url)])), texts::INIT_UNDONE)?;
        let mut lines = Vec::new();
        if self.url.path() != "/" {
            lines.push(texts::PATH_LEFT_OUT.with(lang, &[("path", &self.url.path())]));
        }
        match ask::ask(&self.url) {
            Ok(answer) => lines.extend(self.findings(&answer)),
            Err(AskError::Unreached(why)) => lines.push(texts::UNREACHED.with(lang, &[("why", &why)])),
            Err(AskError::Untrusted(why)) => lines.push(texts::UNTRUSTED.with(lang, &[("why", &why)])),
        }
        let lines: Vec<String> = lines.iter().map(|line| format!("  {}\n", plain(line))).collect();
        self.told(&format!("{}\n", lines.concat()), texts::INIT_UNDONE)
    }

    fn findings(&self, answer: &Answer) -> Vec<String> {
        let lang = self.lang;
        let mut lines = vec![texts::ANSWERS.with(lang, &[("status", &answer.status)])];
        if let Some(server) = &answer.server {
            lines.push(texts::SERVER_IS.with(lang, &[("server", server)]));
        }
        if let Some(charset) = &answer.charset {
            lines.push(texts::CHARSET_IS.with(lang, &[("charset", charset)]));
        }
        if let Some(path) = &answer.login {
            lines.push(texts::LOGIN_AT.with(lang, &[("path", path)]));
        }
        if let Some(url) = &answer.away {
            lines.push(texts::SENDS_AWAY.with(lang, &[("url", url)]));
        }
        if let Some(crm) = signs::known(answer) {
            lines.push(match crm.rules {
                Some(rules) if self.args.rules.as_deref() == Some(rules) => {
                    texts::SHIPPED_TAKEN.with(lang, &[("name", &crm.name)])
                }
                Some(rules) => texts::SHIPPED_FIT.with(lang, &[("name", &crm.name), ("rules", &rules)]),
                None => texts::LOOKS_LIKE.with(lang, &[("name", &crm.name)]),
            });
        }
        lines
    }

    /// The files; nothing where the system gives no randomness for the password's hash.
    fn drafts(&self, password: &str) -> Option<Vec<Draft>> {
        let (args, lang) = (self.args, self.lang);
        let gateway = GATEWAY
            .of(lang)
            .replace("{listen}", &quoted(&args.listen.to_string()))
            .replace("{metrics}", &quoted(&args.metrics.to_string()))
            .replace("{host}", self.url.host().unwrap_or_default())
            .replace("{upstream}", &self.upstream);
        let users = USERS.of(lang).replace("{user}", &self.user).replace("{hash}", &hash(password)?);
        let (place, rules) = self.rules();
        let draft = |path, text, secret| Draft { path, text, secret };
        Some(vec![
            draft("gateway.yaml", gateway, false),
            draft("users.yaml", users, true),
            draft(place, rules.to_owned(), false),
        ])
    }

    fn rules(&self) -> (&'static str, &'static str) {
        let shipped = SHIPPED.iter().find(|(name, ..)| self.args.rules.as_deref() == Some(name));
        shipped.map_or((SAMPLE_PLACE, SAMPLE.of(self.lang)), |(_, place, text)| (place, text))
    }

    /// Reads the drafts as `check` does: what would not start is not put in its place.
    fn check(&self, folder: &Path) -> Result<(), Stop> {
        let unread = |error: &dyn std::fmt::Display| failed(error.to_string());
        let text = std::fs::read_to_string(folder.join("gateway.yaml")).map_err(|error| unread(&error))?;
        let source = Source { name: "gateway.yaml".to_owned(), text };
        let mut faults = Faults::new();
        let origin = Origin { folder, environment: &|name| std::env::var(name).ok() };
        gateway::parse(&source, &origin, [0; 32], &mut faults);
        let mut sources = rules::read(&[folder.join("rules")]).map_err(|error| unread(&error))?;
        let mut all = faults.into_sorted();
        all.extend(Policy::parse(&sources).faults);
        sources.push(source);
        if all.iter().all(|fault| fault.severity != Severity::Error) {
            return Ok(());
        }
        tell(&diagnostics(self.lang, &all, &sources));
        Err(failed(texts::INIT_UNDONE.of(self.lang).to_owned()))
    }

    /// What was written, the password, and what to do next.
    fn ending(&self, done: &[Put], password: &str) -> String {
        let lang = self.lang;
        let dir = &self.args.dir;
        let what = |place: &str| match place {
            "gateway.yaml" => texts::WROTE_GATEWAY,
            "users.yaml" => texts::WROTE_USERS,
            _ if self.args.rules.is_some() => texts::WROTE_SHIPPED,
            _ => texts::WROTE_RULES,
        };
        let rows = done.iter().map(|put| {
            let path = if put.place == "rules" { self.rules().0 } else { &put.place };
            let said = what(&put.place).of(lang);
            let said = match &put.old {
                Some(old) => texts::KEPT.with(lang, &[("path", &said), ("old", &shown(old))]),
                None => said.to_owned(),
            };
            (shown(&dir.join(path)), said)
        });
        let mut out = section(texts::WROTE, lang, &rows.collect::<Vec<_>>());
        let secret = [(texts::USER, &*self.user), (texts::PASSWORD, password)];
        let secret = secret.map(|(name, value)| (name.of(lang).to_owned(), value.to_owned()));
        out.push_str(&section(texts::FIRST_USER, lang, &secret));
        let config =
            if dir == Path::new(".") { String::new() } else { format!(" -c {}", shell(&dir.join("gateway.yaml"))) };
        let url = format!("http://{}/", self.args.listen);
        let next = [
            (format!("sudare check{config}"), texts::NEXT_CHECK.of(lang).to_owned()),
            (format!("sudare serve{config}"), texts::NEXT_SERVE.of(lang).to_owned()),
        ];
        out.push_str(section(texts::NEXT, lang, &next).trim_end());
        let _ = writeln!(out, "\n  {}", texts::NEXT_OPEN.with(lang, &[("url", &url), ("user", &self.user)]));
        out
    }
}

/// A heading and rows of two columns; what does not fit beside goes below.
fn section(title: Text, lang: Lang, rows: &[(String, String)]) -> String {
    const WIDE: usize = 30;
    let width = rows.iter().map(|(name, _)| columns(name)).filter(|width| *width <= WIDE).max().unwrap_or(0);
    let mut out = format!("{}\n", title.of(lang));
    for (name, what) in rows {
        let own = columns(name);
        let gap = if own <= width { " ".repeat(width - own + 2) } else { format!("\n{}", " ".repeat(6)) };
        out.push_str(&format!("  {name}{gap}{what}\n"));
    }
    out.push('\n');
    out
}

/// Reads the CRM's address; gives it and what gateway.yaml needs of it.
fn address(text: &str, lang: Lang) -> Result<(Uri, String), Stop> {
    let told = |sentence: Text| unusable(sentence.with(lang, &[("url", &plain(text))]));
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://") else { return Err(told(texts::URL_NO_SCHEME)) };
    if rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@')) {
        return Err(unusable(texts::URL_USER.of(lang).to_owned()));
    }
    let scheme = scheme.to_ascii_lowercase();
    let url: Uri = format!("{scheme}://{rest}").parse().map_err(|_| told(texts::URL_BAD))?;
    let host = url.host().filter(|host| !host.is_empty());
    match (url.authority(), host) {
        (Some(authority), Some(_)) if ["http", "https"].contains(&scheme.as_str()) => {
            let upstream = format!("{scheme}://{authority}");
            Ok((url, upstream))
        }
        _ => Err(told(texts::URL_BAD)),
    }
}

/// A name that is plain in YAML, in the ledger and in HTTP Basic.
fn is_plain(user: &str) -> bool {
    const NAME_BYTES: usize = 64;
    let plain = user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    plain && user.len() <= NAME_BYTES && user.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// Whoever runs the command, because the ledger is to name people; `admin` where that says nothing.
fn login_name(get: impl Fn(&str) -> Option<String>) -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"].into_iter().filter_map(get);
    let mut people = names.filter(|name| is_plain(name) && name != "root");
    people.next().unwrap_or_else(|| "admin".to_owned())
}

/// An address with a bracket would begin a list.
fn quoted(address: &str) -> String {
    if address.starts_with('[') { format!("\"{address}\"") } else { address.to_owned() }
}

/// A path as people write it: without the `./` that stands for here.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// A path as a shell takes it.
fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+@%".contains(c));
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Twenty characters of chance in four groups: a hundred bits, and none that looks like another.
fn password() -> Option<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut chance = [0; 20];
    aws_lc_rs::rand::fill(&mut chance).ok()?;
    let letters: Vec<char> = chance.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    Some(letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

fn hash(password: &str) -> Option<String> {
    let mut salt = [0; 16];
    aws_lc_rs::rand::fill(&mut salt).ok()?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file without its comments and words for people.
    fn bones(text: &str) -> Vec<String> {
        let comment = |line: &str| line.trim_start().starts_with('#') || line.trim().is_empty();
        let bone = |line: &str| line.split(" # ").next().unwrap_or_default().trim_end().to_owned();
        text.lines().filter(|line| !comment(line) && !line.contains("- name:")).map(bone).collect()
    }

    #[test]
    fn both_languages_write_the_same_files() {
        for text in [GATEWAY, USERS, SAMPLE] {
            assert_eq!(bones(text.en), bones(text.ja));
            assert!(bones(text.en).len() > 2);
        }
    }

    #[test]
    fn an_address_is_taken_without_its_path() {
        let read = |text: &str| address(text, Lang::En).map(|(_, upstream)| upstream).map_err(|stop| stop.why);
        assert_eq!(read("HTTP://crm.internal:9000/login?x=1"), Ok("http://crm.internal:9000".into()));
        assert_eq!(read(" https://crm.internal "), Ok("https://crm.internal".into()));
        assert!(read("crm.internal").is_err_and(|why| why.contains("write `http://crm.internal`")));
        assert!(read("ftp://crm").is_err_and(|why| why.contains("`http://crm.internal:9000`")));
        assert!(read("http://root:pw@crm").is_err_and(|why| why.contains("do not belong") && !why.contains("pw")));
        assert!(read("http://").is_err() && read("http://a b").is_err());
    }

    #[test]
    fn the_first_user_is_who_runs_it() {
        let by = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            login_name(|name| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
        };
        assert_eq!(by(&[("USER", "tanaka")]), "tanaka");
        assert_eq!(by(&[("USER", "root"), ("SUDO_USER", "sato")]), "sato");
        assert_eq!(by(&[("USER", "root")]), "admin");
        assert_eq!(by(&[("USER", "田中: x")]), "admin");
    }

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, two) = (password().expect("chance"), password().expect("chance"));
        assert!(one != two && one.len() == 23 && one.split('-').count() == 4, "{one}");
        assert!(hash(&one).expect("chance").starts_with("$argon2id$v=19$"));
    }

    #[test]
    fn a_shell_takes_a_path_as_one_word() {
        assert_eq!(shell(Path::new("/etc/sudare/gateway.yaml")), "/etc/sudare/gateway.yaml");
        assert_eq!(shell(Path::new("my crm/it's")), "'my crm/it'\\''s'");
    }
}
