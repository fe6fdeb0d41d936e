//! The form of a case.
//!
//! ```text
//! (rules, as in a rule file)
//! ==== what the case shows
//! GET /api/customers/42 as support      (`hold 600` behind it: with a hold of so many bytes)
//! ---- crm                              (what the CRM answers: status and media type, headers, body;
//!                                        `crm in Shift_JIS gzip`: in that charset, packed so)
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

use encoding_rs::Encoding;
use sudare::body::coding;
use sudare::body::pack::Packer;

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
    /// The charset in which the body is sent; UTF-8 where it is empty.
    pub charset: String,
    /// What it is packed in, if it is.
    pub coding: String,
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
            if let Some(skin) = name.strip_prefix("crm in ") {
                let (charset, coding) = skin.split_once(' ').unwrap_or((skin, ""));
                case.answer = Message { charset: charset.into(), coding: coding.into(), ..Message::read(text) };
                continue;
            }
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
        Message { first, headers, body: body.to_owned(), ..Message::default() }
    }

    /// The body in its charset.
    pub fn bytes(&self) -> Vec<u8> {
        match self.charset.as_str() {
            "" => self.body.clone().into_bytes(),
            "UTF-16LE" => self.body.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "UTF-16BE" => self.body.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            "UTF-32LE" => self.body.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
            "UTF-32BE" => self.body.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
            name => {
                let encoding = Encoding::for_label(name.as_bytes()).expect("a charset");
                let (bytes, _, lossy) = encoding.encode(&self.body);
                assert!(!lossy, "{name} cannot hold the case");
                bytes.into_owned()
            }
        }
    }

    /// The body as it is sent.
    pub fn packed(&self) -> Vec<u8> {
        let coding = coding::of([self.coding.as_bytes()]).expect("a coding");
        match coding {
            Some(coding) => Packer::new(coding).and_then(|packer| packer.end(&self.bytes())).expect("packed"),
            None => self.bytes(),
        }
    }

    /// What staff reads of bytes in this message's charset.
    pub fn shown(&self, bytes: &[u8]) -> String {
        let name = if self.charset.is_empty() { "UTF-8" } else { &self.charset };
        let order: fn([u8; 4]) -> u32 = match name {
            "UTF-32LE" => u32::from_le_bytes,
            "UTF-32BE" => u32::from_be_bytes,
            _ => return decoded(name, bytes),
        };
        let unit = |unit: &[u8]| order(unit.try_into().expect("whole characters"));
        bytes.chunks(4).map(|bytes| char::from_u32(unit(bytes)).expect("a character")).collect()
    }
}

/// Bytes read in a charset that browsers know.
fn decoded(name: &str, bytes: &[u8]) -> String {
    let encoding = Encoding::for_label(name.as_bytes()).expect("a charset");
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.expect("a body that can be read in the charset in which it came").into_owned()
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
            let Message { charset, coding, .. } = &case.answer;
            let skin = if charset.is_empty() {
                String::new()
            } else {
                format!(" in {}", format!("{charset} {coding}").trim())
            };
            write!(f, "\n==== {}\n{}---- crm{skin}\n{}", case.title, case.request, case.answer)?;
            write!(f, "---- staff\n{}", case.staff)?;
            for (name, lines) in [("ledger", &case.ledger), ("hidden", &case.hidden)] {
                if !lines.is_empty() {
                    write!(f, "---- {name}\n{}\n", lines.join("\n"))?;
                }
            }
        }
        Ok(())
    }
}
