//! `sudare test`: runs the tests written in rule files.

use std::fmt::Display;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use http::{Request, Response};

use crate::cli::say::{Lang, complain, diagnostics, texts};
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::config::rules;
use crate::policy::Policy;
use crate::policy::compile::Loaded;
use crate::policy::fault::Severity;
use crate::policy::rule::tests::{Content, ContentFormat, ContentFrom, Expect, TestCase, Who};
use crate::serve::exchange::dry::{self, Caller, Got};
use crate::terms::mint::Mint;
use crate::terms::staff::Staff;
use crate::vault::mint::KeyMint;
use crate::vault::ring::Ring;

mod compare;
mod markup;

/// `sudare test`
#[derive(Args)]
pub struct TestArgs {
    /// Rule files and folders; they make one policy
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// How results are written
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Runs the command.
pub fn run(args: &TestArgs, lang: Lang) -> u8 {
    let sources = match rules::read(&args.paths) {
        Ok(sources) => sources,
        Err(error) => {
            complain(lang, &error.to_string());
            return UNUSABLE;
        }
    };
    let Loaded { policy, faults } = Policy::parse(&sources);
    let errors: Vec<_> = faults.into_iter().filter(|fault| fault.severity == Severity::Error).collect();
    let Some(policy) = policy else {
        eprint!("{}", diagnostics(lang, &errors, &sources));
        return FAILED;
    };
    let mint: Arc<dyn Mint> = match Ring::passing() {
        Ok(ring) => Arc::new(KeyMint::passing(Arc::new(ring))),
        Err(error) => {
            complain(lang, &error.to_string());
            return FAILED;
        }
    };
    let json = args.format == "json";
    let bench = Bench { policy: &policy, mint: &mint, lang: if json { Lang::En } else { lang } };
    let mut results = Vec::new();
    for case in policy.tests() {
        for expect in &case.expect {
            results.push(bench.check(case, expect));
        }
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    // Whoever closed the pipe has read enough; the status tells the rest.
    let _closed = print(&results, json, lang, &mut out).and_then(|()| out.flush());
    let failed = results.iter().any(|result| !result.differences.is_empty());
    if failed { FAILED } else { DONE }
}

/// One expectation's result.
struct Outcome {
    file: String,
    line: usize,
    test: String,
    who: String,
    differences: Vec<String>,
}

/// What every test runs with.
struct Bench<'a> {
    policy: &'a Policy,
    mint: &'a Arc<dyn Mint>,
    /// The language of differences: programs read English.
    lang: Lang,
}

impl Bench<'_> {
    fn check(&self, case: &TestCase, expect: &Expect) -> Outcome {
        let who = match &expect.who {
            Who::Role(_, name) => name.to_string(),
            Who::Nobody => "nobody".to_owned(),
        };
        let folder = Path::new(&*case.spot.file).parent().map(Path::to_path_buf).unwrap_or_default();
        let differences = match self.exchange(case, expect, &folder) {
            Ok(got) => compare::Compare { policy: self.policy, got: &got, lang: self.lang }.all(expect, &folder),
            Err(problem) => vec![problem],
        };
        Outcome { file: case.spot.file.to_string(), line: expect.spot.line, test: case.name.clone(), who, differences }
    }

    fn exchange(&self, case: &TestCase, expect: &Expect, folder: &Path) -> Result<Got, String> {
        let (roles, staff) = match &expect.who {
            Who::Role(role, name) => {
                let user = case.staff.clone().unwrap_or_else(|| name.to_string());
                (vec![*role], Some(Staff::new("test", user, Vec::new())))
            }
            Who::Nobody => (Vec::new(), None),
        };
        let time = case.time.unwrap_or_else(jiff::Timestamp::now);
        let caller = Caller { staff: staff.as_ref(), roles: &roles, network: case.network, time };
        let (request, response) = (self.request(case, folder)?, self.response(case, folder)?);
        Ok(dry::run(self.policy, self.mint, &caller, request, response))
    }

    fn request(&self, case: &TestCase, folder: &Path) -> Result<Request<Bytes>, String> {
        let mut builder = Request::builder().method(case.request.method.as_str()).uri(&case.request.target);
        for (name, value) in &case.request.headers {
            builder = builder.header(name, value);
        }
        let mut body = Bytes::new();
        if let Some(content) = &case.request.body {
            if !case.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                builder = builder.header("content-type", media(content.format));
            }
            body = read(content, folder, self.lang)?;
        }
        builder.body(body).map_err(|error| texts::REQUEST_UNMADE.with(self.lang, &[("error", &error)]))
    }

    fn response(&self, case: &TestCase, folder: &Path) -> Result<Response<Bytes>, String> {
        let mut builder = Response::builder().status(case.response.status);
        let mut body = Bytes::new();
        if let Some(content) = &case.response.content {
            if !case.response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                builder = builder.header("content-type", media(content.format));
            }
            body = read(content, folder, self.lang)?;
        }
        for (name, value) in &case.response.headers {
            builder = builder.header(name, value);
        }
        builder.body(body).map_err(|error| texts::ANSWER_UNMADE.with(self.lang, &[("error", &error)]))
    }
}

fn media(format: ContentFormat) -> &'static str {
    match format {
        ContentFormat::Json => "application/json",
        ContentFormat::Html => "text/html; charset=utf-8",
        ContentFormat::Xml => "application/xml; charset=utf-8",
        ContentFormat::Csv => "text/csv; charset=utf-8",
        ContentFormat::Text => "text/plain; charset=utf-8",
        ContentFormat::Form => "application/x-www-form-urlencoded",
    }
}

/// The bytes of a test's content; a file's path begins at the rule file.
fn read(content: &Content, folder: &Path, lang: Lang) -> Result<Bytes, String> {
    match &content.from {
        ContentFrom::Text(text) => Ok(Bytes::from(text.clone())),
        ContentFrom::File(path) => {
            let path = folder.join(path);
            let unread = |error| texts::CANNOT_READ.with(lang, &[("path", &path.display()), ("error", &error)]);
            std::fs::read(&path).map(Bytes::from).map_err(unread)
        }
    }
}

fn print(results: &[Outcome], json: bool, lang: Lang, out: &mut dyn Write) -> std::io::Result<()> {
    for result in results {
        if json {
            let line = serde_json::json!({
                "file": result.file, "line": result.line, "test": result.test, "as": result.who,
                "passed": result.differences.is_empty(), "differences": result.differences,
            });
            writeln!(out, "{line}")?;
        } else if !result.differences.is_empty() {
            let place = format!("{}:{}", result.file, result.line);
            let words: [(&str, &dyn Display); 3] = [("place", &place), ("test", &result.test), ("who", &result.who)];
            writeln!(out, "{}", texts::FAILED.with(lang, &words))?;
            for difference in &result.differences {
                writeln!(out, "    {difference}")?;
            }
        }
    }
    if json {
        return Ok(());
    }
    let failed = results.iter().filter(|result| !result.differences.is_empty()).count();
    let passed = results.len() - failed;
    writeln!(out, "{}", texts::PASSED.with(lang, &[("passed", &passed), ("failed", &failed)]))?;
    if results.is_empty() {
        writeln!(out, "{}", texts::NO_TESTS.of(lang))?;
    }
    Ok(())
}
