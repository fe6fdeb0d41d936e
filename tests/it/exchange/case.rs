//! The form of a case.
//!
//! ```text
//! (rules, as in a rule file)
//! ==== what the case shows
//! GET /api/customers/42 as support      (`hold 600` behind it: with a hold of so many bytes)
//! ---- crm                              (what the CRM answers: status and media type, headers, body)
//! 200 application/json
//!
//! {"name":"山田 太郎"}
//! ---- staff                            (what staff gets: status, or status and reason; headers; body)
//! 200
//!
//! {"name":"****"}
//! ---- ledger                           (what is recorded: subject, kind, action, how often)
//! customer 42: person.name mask 1
//! ---- hidden                           (what stands nowhere in what staff gets)
//! 山田
//! ```

use std::fmt;

/// One file of cases that share their rules.
pub struct File {
    pub rules: String,
    pub cases: Vec<Case>,
}

/// One exchange.
pub struct Case {
    pub title: String,
    pub method: String,
    pub target: String,
    /// The role; `nobody` for staff that nobody recognises.
    pub role: String,
    pub hold: Option<usize>,
    pub request: Message,
    pub answer: Message,
    pub staff: Message,
    pub ledger: Vec<String>,
    pub hidden: Vec<String>,
}

/// A first line, headers and a body.
#[derive(Default)]
pub struct Message {
    pub first: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl File {
    pub fn read(text: &str) -> File {
        let mut parts = text.split("\n==== ");
        let rules = parts.next().expect("rules").to_owned();
        File { rules, cases: parts.map(Case::read).collect() }
    }
}

impl Case {
    fn read(text: &str) -> Case {
        let mut sections = text.trim_end_matches('\n').split("\n---- ");
        let (title, request) = sections.next().and_then(|head| head.split_once('\n')).expect("a title and a request");
        let request = Message::read(request);
        let mut words = request.first.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target, _, role) = (word(), word(), word(), word());
        let hold = (word() == "hold").then(|| word().parse().expect("bytes"));
        let mut case = Case {
            title: title.to_owned(),
            method,
            target,
            role,
            hold,
            request,
            answer: Message::default(),
            staff: Message::default(),
            ledger: Vec::new(),
            hidden: Vec::new(),
        };
        for section in sections {
            let (name, text) = section.split_once('\n').unwrap_or((section, ""));
            let lines = || text.lines().map(str::to_owned).collect();
            match name {
                "crm" => case.answer = Message::read(text),
                "staff" => case.staff = Message::read(text),
                "ledger" => case.ledger = lines(),
                "hidden" => case.hidden = lines(),
                other => panic!("{title}: a section `{other}`"),
            }
        }
        case
    }
}

impl Message {
    fn read(text: &str) -> Message {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = lines.map(|line| header(line).expect("`name: value`")).collect();
        Message { first, headers, body: body.to_owned() }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.first)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        if self.body.is_empty() { Ok(()) } else { writeln!(f, "\n{}", self.body) }
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rules)?;
        for case in &self.cases {
            write!(f, "\n==== {}\n{}---- crm\n{}---- staff\n{}", case.title, case.request, case.answer, case.staff)?;
            for (name, lines) in [("ledger", &case.ledger), ("hidden", &case.hidden)] {
                if !lines.is_empty() {
                    write!(f, "---- {name}\n{}\n", lines.join("\n"))?;
                }
            }
        }
        Ok(())
    }
}
