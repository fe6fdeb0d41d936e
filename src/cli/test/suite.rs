//! Running tests: each expectation of each test is one dry exchange.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use encoding_rs::Encoding;
use http::{HeaderName, HeaderValue, Request, Response};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::cli::explain::Seen;
use crate::cli::say::{Lang, texts};
use crate::cli::test::because::{Absent, Because};
use crate::cli::test::compare::Compare;
use crate::guard::notes::Notes;
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::node::Spot;
use crate::policy::rule::tests::body::{Content, ContentFormat, ContentFrom};
use crate::policy::rule::tests::expect::Forwarded;
use crate::policy::rule::tests::{Expect, TestCase, TestRequest, TestResponse, Who};
use crate::serve::exchange::dry::{self, AnsweredTo, Caller, Got};
use crate::serve::exchange::foreseen;
use crate::terms::mint::Mint;
use crate::terms::staff::Staff;
use crate::vault::mint::KeyMint;
use crate::vault::ring::{Ring, RingError};

/// Everything that the tests of a policy run with.
pub struct Suite<'a> {
    policy: &'a Policy,
    mint: Arc<dyn Mint>,
    lang: Lang,
    /// What `now` means: one moment for all tests.
    now: Timestamp,
}

/// Is told how far the tests are.
pub trait Watch {
    /// So many of all tests are done.
    fn done(&mut self, done: usize, all: usize);
}

/// Nobody watches.
impl Watch for () {
    fn done(&mut self, _: usize, _: usize) {}
}

/// One expectation's result.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Where the expectation is written.
    pub spot: Spot,
    /// The test's name.
    pub test: String,
    /// Who asked.
    pub who: String,
    /// How long it took.
    pub took: Duration,
    /// What came otherwise than expected; nothing where it passed.
    pub differences: Vec<Difference>,
    /// The resources that it was about.
    pub resources: Vec<Arc<str>>,
    /// The rules that decided.
    pub rules: Vec<Arc<str>>,
}

/// One thing that came otherwise than expected.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What sort: the key of the expectation.
    pub code: &'static str,
    /// The very expectation.
    pub spot: Spot,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What was expected, where it can be shown beside what came.
    pub expected: Option<String>,
    /// What came.
    pub got: Option<String>,
    /// What decided.
    pub because: Because,
}

/// Bytes of a file that a test names.
const FILE_BYTES: u64 = 16 << 20;

/// How staff says with a request what it is for.
const PURPOSE: &str = "sudare-purpose";

/// What stands in a path as it is written: all else that is no ASCII or parts a request's line is
/// sent as browsers do.
const IN_TARGET: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');

/// A test that is ready to run, for any role.
struct Ready {
    request: Request<Bytes>,
    response: Response<Bytes>,
    /// What it answers to whoever asks for the record.
    record: Option<Response<Bytes>>,
    /// What the CRM's answer says, in UTF-8.
    original: String,
}

impl Ready {
    /// All texts that staff and the CRM send.
    fn said(&self, charset: &str) -> Vec<String> {
        let answers = || [&self.response].into_iter().chain(&self.record);
        let headers = answers().flat_map(|answer| answer.headers()).chain(self.request.headers());
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
        };
        let target = percent_decode_str(&self.request.uri().to_string()).decode_utf8_lossy().into_owned();
        let bodies = answers().map(|answer| answer.body()).chain([self.request.body()]);
        let mut all: Vec<String> = bodies.map(|body| decoded(charset, body)).collect();
        all.extend([self.original.clone(), target]);
        all.extend(headers.map(header));
        all
    }
}

impl<'a> Suite<'a> {
    /// Makes ready to run the tests of a policy, with keys that are kept nowhere.
    pub fn new(policy: &'a Policy, lang: Lang) -> Result<Suite<'a>, RingError> {
        let mint = Arc::new(KeyMint::passing(Arc::new(Ring::passing()?)));
        Ok(Suite { policy, mint, lang, now: Timestamp::now() })
    }

    /// Runs every test whose name holds a text.
    pub fn run(&self, filter: Option<&str>, watch: &mut dyn Watch) -> Vec<Checked> {
        let chosen = |test: &&TestCase| filter.is_none_or(|text| test.name.contains(text));
        let tests: Vec<&TestCase> = self.policy.tests().iter().filter(chosen).collect();
        let mut results = Vec::new();
        for (done, test) in tests.iter().enumerate() {
            let folder = Path::new(&*test.spot.file).parent().map(Path::to_path_buf).unwrap_or_default();
            let ready = self.ready(test, &folder);
            results.extend(test.expect.iter().map(|expect| self.check(test, expect, &ready, &folder)));
            watch.done(done + 1, tests.len());
        }
        results
    }

    fn check(&self, test: &TestCase, expect: &Expect, ready: &Result<Ready, (Spot, String)>, folder: &Path) -> Checked {
        let began = Instant::now();
        let who = match &expect.who {
            Who::Role(_, name) => name.to_string(),
            Who::Staff => test.staff.clone().unwrap_or_else(|| test.groups.join(", ")),
            Who::Nobody => "nobody".to_owned(),
        };
        let mut checked = Checked {
            spot: expect.spot.clone(),
            test: test.name.clone(),
            who,
            took: Duration::ZERO,
            differences: Vec::new(),
            resources: Vec::new(),
            rules: Vec::new(),
        };
        match ready {
            Ok(ready) => {
                let got = self.exchange(test, expect, ready, None);
                let whole = expect.whole.as_ref().map(|content| self.text(content, folder));
                let forwarded = match &expect.forwarded {
                    Some(Forwarded::Body(content)) => Some(self.text(content, folder)),
                    _ => None,
                };
                let (policy, mint, lang) = (self.policy, self.mint.as_ref(), self.lang);
                let again = || {
                    let seen = Arc::new(Seen::default());
                    self.exchange(test, expect, ready, Some(seen.clone()));
                    seen.take()
                };
                let (original, judged) = (ready.original.as_str(), OnceCell::new());
                let absent = || self.absent(test, expect, ready);
                let said = |charset: &str| ready.said(charset);
                let compare = Compare {
                    policy,
                    mint,
                    got: &got,
                    original,
                    said: &said,
                    lang,
                    again: &again,
                    judged,
                    absent: &absent,
                };
                checked.differences = compare.all(expect, whole);
                compare.forwarded(expect, forwarded, &mut checked.differences);
                checked.resources = got.plan.map(|plan| plan.resources.clone()).unwrap_or_default();
                checked.rules = got.disclosures.rules.into_iter().collect();
            }
            Err((spot, problem)) => checked.differences.push(Difference {
                code: "test",
                spot: spot.clone(),
                what: problem.clone(),
                expected: None,
                got: None,
                because: Because::default(),
            }),
        }
        checked.took = began.elapsed();
        checked
    }

    /// The rules that would say something and whose condition does not hold.
    fn absent(&self, test: &TestCase, expect: &Expect, ready: &Ready) -> Vec<Absent> {
        let (roles, staff) = self.asks(test, expect);
        let time = test.time.unwrap_or(self.now);
        let caller = Caller { staff: staff.as_ref(), roles: &roles, network: test.network, time };
        let foreseen = foreseen::request(self.policy, &caller, ready.request.clone());
        let kinds = foreseen.explanation.into_iter().flat_map(|explanation| explanation.kinds);
        let steps = kinds.flat_map(|kind| kind.steps.into_iter().map(move |step| (kind.kind, step)));
        steps.filter_map(|(kind, step)| Absent::of(kind, &step)).collect()
    }

    fn exchange(&self, test: &TestCase, expect: &Expect, ready: &Ready, notes: Option<Arc<dyn Notes>>) -> Got {
        let (roles, staff) = self.asks(test, expect);
        let time = test.time.unwrap_or(self.now);
        let caller = Caller { staff: staff.as_ref(), roles: &roles, network: test.network, time };
        let (request, response, record) = (ready.request.clone(), ready.response.clone(), ready.record.clone());
        match notes {
            Some(notes) => dry::noted(self.policy, &self.mint, &caller, notes, request, (response, record)),
            None => dry::restored(self.policy, &self.mint, &caller, request, record, response),
        }
    }

    /// Who asks.
    fn asks(&self, test: &TestCase, expect: &Expect) -> (Vec<RoleId>, Option<Staff>) {
        let staff = |user: &str, groups: &[String]| {
            let attributes = test.attributes.iter().cloned().collect();
            Some(Staff { attributes, ..Staff::new("test", user, groups.to_vec()) })
        };
        match &expect.who {
            Who::Role(role, name) => {
                let groups = if test.groups.is_empty() { self.policy.groups_of(*role) } else { &test.groups };
                (vec![*role], staff(test.staff.as_deref().unwrap_or(name), groups))
            }
            Who::Staff => {
                let roles = self.policy.roles_of(&test.groups);
                (roles, staff(test.staff.as_deref().unwrap_or("staff"), &test.groups))
            }
            Who::Nobody => (Vec::new(), None),
        }
    }

    fn ready(&self, test: &TestCase, folder: &Path) -> Result<Ready, (Spot, String)> {
        let request = self.request(test, &test.request, folder)?;
        let response = self.answer(&test.response, &test.spot, folder)?;
        let mut record = test.record.as_ref().map(|record| self.answer(record, &test.spot, folder)).transpose()?;
        if let (Some(record), Some(seen)) = (&mut record, &test.seen) {
            record.extensions_mut().insert(AnsweredTo(self.request(test, seen, folder)?));
        }
        let charset = test.response.content.as_ref().and_then(|content| content.charset.as_deref());
        let original = decoded(charset.unwrap_or_default(), response.body());
        Ok(Ready { request, response, record, original })
    }

    /// What staff sends in a test.
    fn request(&self, test: &TestCase, said: &TestRequest, folder: &Path) -> Result<Request<Bytes>, (Spot, String)> {
        let target = utf8_percent_encode(&said.target, IN_TARGET).to_string();
        let mut request = Request::builder().method(said.method.as_str()).uri(target);
        let body = match &said.body {
            Some(content) => {
                if !says_type(&said.headers) {
                    request = request.header("content-type", media(content));
                }
                self.read(content, folder).map_err(|problem| (content.spot.clone(), problem))?
            }
            None => Bytes::new(),
        };
        for (name, value) in &said.headers {
            request = request.header(name, value);
        }
        if let Some(purpose) = &test.purpose {
            request = request.header(PURPOSE, purpose);
        }
        let unmade = |error| texts::REQUEST_UNMADE.with(self.lang, &[("error", &error)]);
        request.body(body).map_err(|error| (said.spot.clone(), unmade(error)))
    }

    /// An answer of the CRM's, of a test that stands at `spot`.
    fn answer(&self, said: &TestResponse, spot: &Spot, folder: &Path) -> Result<Response<Bytes>, (Spot, String)> {
        let mut response = Response::builder().status(said.status);
        let mut body = Bytes::new();
        if let Some(content) = &said.content {
            if !says_type(&said.headers) {
                response = response.header("content-type", media(content));
            }
            body = self.read(content, folder).map_err(|problem| (content.spot.clone(), problem))?;
        }
        for (name, value) in &said.headers {
            response = response.header(name, value);
        }
        let unmade = |error| texts::ANSWER_UNMADE.with(self.lang, &[("error", &error)]);
        response.body(body).map_err(|error| (spot.clone(), unmade(error)))
    }

    /// A content's text.
    fn text(&self, content: &Content, folder: &Path) -> Result<String, String> {
        let bytes = self.read(content, folder)?;
        Ok(decoded(content.charset.as_deref().unwrap_or_default(), &bytes))
    }

    /// The bytes of a test's content, in its charset.
    fn read(&self, content: &Content, folder: &Path) -> Result<Bytes, String> {
        let text = match &content.from {
            ContentFrom::Text(text) => text,
            ContentFrom::File(name) => return self.file(folder.join(name)),
        };
        let Some(encoding) = content.charset.as_ref().and_then(|name| Encoding::for_label(name.as_bytes())) else {
            return Ok(Bytes::from(text.clone()));
        };
        match encoding.encode(text) {
            (bytes, _, false) => Ok(Bytes::from(bytes.into_owned())),
            _ => Err(texts::NOT_IN_CHARSET.with(self.lang, &[("charset", &encoding.name())])),
        }
    }

    /// What a file holds. It is a plain one: a pipe would keep the tests waiting for ever.
    fn file(&self, path: PathBuf) -> Result<Bytes, String> {
        let name = path.display();
        let unread = |error: std::io::Error| texts::CANNOT_READ.with(self.lang, &[("path", &name), ("error", &error)]);
        let about = fs::metadata(&path).map_err(unread)?;
        if !about.is_file() {
            return Err(texts::NO_FILE.with(self.lang, &[("path", &name)]));
        }
        let mut bytes = Vec::new();
        File::open(&path).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(unread)?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(texts::FILE_TOO_LONG.with(self.lang, &[("path", &name), ("max", &(FILE_BYTES >> 20))]));
        }
        Ok(Bytes::from(bytes))
    }
}

fn says_type(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
}

fn media(content: &Content) -> String {
    let kind = match content.format {
        ContentFormat::Json => "application/json",
        ContentFormat::Html => "text/html",
        ContentFormat::Xml => "application/xml",
        ContentFormat::Csv => "text/csv",
        ContentFormat::Text => "text/plain",
        ContentFormat::Form => "application/x-www-form-urlencoded",
    };
    let says_itself = matches!(content.format, ContentFormat::Json | ContentFormat::Form);
    match (&content.charset, &content.from) {
        (Some(charset), _) => format!("{kind}; charset={charset}"),
        // What a file is in, it says itself or nobody does.
        (None, ContentFrom::File(_)) => kind.to_owned(),
        (None, _) if says_itself => kind.to_owned(),
        (None, _) => format!("{kind}; charset=utf-8"),
    }
}

/// Bytes in a charset as text.
pub(super) fn decoded(charset: &str, bytes: &[u8]) -> String {
    let encoding = Encoding::for_label(charset.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    encoding.decode(bytes).0.into_owned()
}
