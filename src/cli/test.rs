//! `sudare test`: runs the tests written in rule files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use http::{Request, Response};

use crate::cli::serve::colour;
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::config::rules;
use crate::policy::Policy;
use crate::policy::compile::Loaded;
use crate::policy::fault::{self, Severity};
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
#[command(after_help = "Examples:\n  sudare test rules/\n  sudare test rules/demo.yaml --format json")]
pub struct TestArgs {
    /// Rule files and folders; they make one policy
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// How results are written
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Runs the command.
pub fn run(args: &TestArgs) -> u8 {
    let sources = match rules::read(&args.paths) {
        Ok(sources) => sources,
        Err(error) => {
            eprintln!("sudare: {error}");
            return UNUSABLE;
        }
    };
    let Loaded { policy, faults } = Policy::parse(&sources);
    let errors: Vec<_> = faults.into_iter().filter(|fault| fault.severity == Severity::Error).collect();
    let Some(policy) = policy else {
        eprint!("{}", fault::render(&errors, &sources, colour()));
        return FAILED;
    };
    let mint: Arc<dyn Mint> = match Ring::passing() {
        Ok(ring) => Arc::new(KeyMint::new(Arc::new(ring))),
        Err(error) => {
            eprintln!("sudare: {error}");
            return FAILED;
        }
    };
    let mut results = Vec::new();
    for case in policy.tests() {
        for expect in &case.expect {
            results.push(check(&policy, &mint, case, expect));
        }
    }
    print(&results, args.format == "json")
}

/// One expectation's result.
struct Outcome {
    file: String,
    line: usize,
    test: String,
    who: String,
    differences: Vec<String>,
}

fn check(policy: &Policy, mint: &Arc<dyn Mint>, case: &TestCase, expect: &Expect) -> Outcome {
    let who = match &expect.who {
        Who::Role(_, name) => name.to_string(),
        Who::Nobody => "nobody".to_owned(),
    };
    let folder = Path::new(&*case.spot.file).parent().map(Path::to_path_buf).unwrap_or_default();
    let differences = match exchange(policy, mint, case, expect, &folder) {
        Ok(got) => compare::differences(policy, &got, expect, &folder),
        Err(problem) => vec![problem],
    };
    Outcome { file: case.spot.file.to_string(), line: expect.spot.line, test: case.name.clone(), who, differences }
}

fn exchange(
    policy: &Policy,
    mint: &Arc<dyn Mint>,
    case: &TestCase,
    expect: &Expect,
    folder: &Path,
) -> Result<Got, String> {
    let (roles, staff) = match &expect.who {
        Who::Role(role, name) => {
            let user = case.staff.clone().unwrap_or_else(|| name.to_string());
            (vec![*role], Some(Staff { source: "test", user, groups: Vec::new() }))
        }
        Who::Nobody => (Vec::new(), None),
    };
    let time = case.time.unwrap_or_else(jiff::Timestamp::now);
    let caller = Caller { staff: staff.as_ref(), roles: &roles, network: case.network, time };
    Ok(dry::run(policy, mint, &caller, request(case, folder)?, response(case, folder)?))
}

fn request(case: &TestCase, folder: &Path) -> Result<Request<Bytes>, String> {
    let mut builder = Request::builder().method(case.request.method.as_str()).uri(&case.request.target);
    for (name, value) in &case.request.headers {
        builder = builder.header(name, value);
    }
    let mut body = Bytes::new();
    if let Some(content) = &case.request.body {
        if !case.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            builder = builder.header("content-type", media(content.format));
        }
        body = read(content, folder)?;
    }
    builder.body(body).map_err(|error| format!("the request cannot be made: {error}"))
}

fn response(case: &TestCase, folder: &Path) -> Result<Response<Bytes>, String> {
    let mut builder = Response::builder().status(case.response.status);
    let mut body = Bytes::new();
    if let Some(content) = &case.response.content {
        if !case.response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            builder = builder.header("content-type", media(content.format));
        }
        body = read(content, folder)?;
    }
    for (name, value) in &case.response.headers {
        builder = builder.header(name, value);
    }
    builder.body(body).map_err(|error| format!("the answer cannot be made: {error}"))
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
fn read(content: &Content, folder: &Path) -> Result<Bytes, String> {
    match &content.from {
        ContentFrom::Text(text) => Ok(Bytes::from(text.clone())),
        ContentFrom::File(path) => {
            let path = folder.join(path);
            std::fs::read(&path)
                .map(Bytes::from)
                .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
        }
    }
}

fn print(results: &[Outcome], json: bool) -> u8 {
    let failed = results.iter().filter(|result| !result.differences.is_empty()).count();
    for result in results {
        if json {
            let line = serde_json::json!({
                "file": result.file, "line": result.line, "test": result.test, "as": result.who,
                "passed": result.differences.is_empty(), "differences": result.differences,
            });
            println!("{line}");
        } else if !result.differences.is_empty() {
            println!("FAILED {}:{}: {} as {}", result.file, result.line, result.test, result.who);
            for difference in &result.differences {
                println!("    {difference}");
            }
        }
    }
    if !json {
        println!("{} passed, {failed} failed", results.len() - failed);
    }
    if failed == 0 { DONE } else { FAILED }
}
