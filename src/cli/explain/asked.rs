//! What is to be explained: who asks, the request, and the CRM's answer to it.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;

use crate::cli::explain::ExplainArgs;
use crate::cli::explain::recorded::Recorded;
use crate::cli::say::{Lang, Text, texts};
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::policy::matched::Matched;
use crate::policy::rule::matches::METHODS;
use crate::terms::staff::Staff;

/// Everything that the command line says of an exchange.
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) staff: Option<Staff>,
    pub(super) roles: Vec<RoleId>,
    pub(super) network: IpAddr,
    pub(super) time: Timestamp,
    /// What it was about, where a record says so and nobody named the request itself.
    pub(super) about: Option<Matched>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) data: Bytes,
    /// The CRM's answer, if one was given, and its type.
    pub(super) answer: Option<(Bytes, String)>,
    /// What it answers to whoever asks for the record that is written to.
    record: Option<(Bytes, String)>,
    pub(super) status: u16,
}

/// The status of an answer of which nothing else is said.
const STATUS: u16 = 200;
/// The status of an answer without a body.
const NOTHING: u16 = 204;
/// How long a body may be.
const BODY_BYTES: u64 = 64 << 20;

impl Exchange {
    /// Reads what the command line says.
    pub(super) fn read(args: &ExplainArgs, policy: &Policy, lang: Lang) -> Result<Exchange, String> {
        let time = args.time.as_deref().map(|text| {
            let wrong = |_| texts::NO_MOMENT.with(lang, &[("word", &text)]);
            text.parse::<Timestamp>().map_err(wrong)
        });
        let mut exchange = Exchange::said(args, lang)?;
        exchange.is_request(lang)?;
        exchange.staff = staff(args);
        exchange.roles = args.who.roles(&args.roles, policy, lang)?;
        exchange.time = time.transpose()?.unwrap_or_else(Timestamp::now);
        Ok(exchange)
    }

    /// The same, with who asked, from where, when, what for and about what as the ledger has it.
    pub(super) fn recorded(
        args: &ExplainArgs,
        recorded: &Recorded,
        policy: &Policy,
        lang: Lang,
    ) -> Result<Exchange, String> {
        let mut exchange = Exchange::said(args, lang)?;
        let record = recorded.asked();
        exchange.staff = recorded.staff(args);
        exchange.roles = recorded.roles(policy);
        exchange.network = recorded.network().unwrap_or(exchange.network);
        exchange.time = recorded.time();
        exchange.headers.extend(record.purpose.iter().map(|word| (PURPOSE.to_owned(), word.clone())));
        let released = record.status.filter(|_| recorded.is_released());
        exchange.status = args.status.or(released).unwrap_or(exchange.status);
        if args.target.is_none() {
            exchange.method = record.method.clone().unwrap_or_default();
            exchange.target = record.path.clone().unwrap_or_default();
            exchange.about = Some(recorded.matched(policy, lang)?);
        }
        Ok(exchange)
    }

    /// What the command line says of the exchange but who asks, and when.
    fn said(args: &ExplainArgs, lang: Lang) -> Result<Exchange, String> {
        let headers = args.headers.iter().map(|text| header(text, lang)).collect::<Result<Vec<_>, _>>()?;
        let purpose = args.purpose.iter().map(|word| (PURPOSE.to_owned(), word.clone()));
        let data = match args.data.as_deref().map(|text| (text, text.strip_prefix('@'))) {
            Some((_, Some(path))) => bytes(Path::new(path), lang)?,
            Some((text, None)) => Bytes::from(text.to_owned()),
            None => Bytes::new(),
        };
        let read = |path: &Path, kind: Option<&str>| {
            let body = bytes(path, lang)?;
            let kind = media(kind, path, &body, lang)?;
            Ok::<_, String>((body, kind))
        };
        let answer = args.body.as_deref().map(|path| read(path, args.kind.as_deref()));
        let record = args.record.as_deref().map(|path| read(path, None));
        Ok(Exchange {
            method: args.method.clone().unwrap_or_default(),
            target: args.target.clone().unwrap_or_default(),
            staff: None,
            roles: Vec::new(),
            network: args.who.network,
            time: Timestamp::UNIX_EPOCH,
            about: None,
            headers: headers.into_iter().chain(purpose).collect(),
            data,
            answer: answer.transpose()?,
            record: record.transpose()?,
            status: args.status.unwrap_or(STATUS),
        })
    }

    /// A method that HTTP knows, and a path.
    fn is_request(&self, lang: Lang) -> Result<(), String> {
        if !METHODS.iter().any(|(known, _)| *known == self.method) {
            let words = METHODS.map(|(known, _)| known).join(", ");
            return Err(texts::NO_METHOD.with(lang, &[("word", &self.method), ("words", &words)]));
        }
        if !self.target.starts_with('/') {
            let word = self.target.split(['?', '#']).next().unwrap_or_default();
            return Err(texts::NO_TARGET.with(lang, &[("word", &word)]));
        }
        Ok(())
    }

    /// The request as it arrives.
    pub(super) fn request(&self, lang: Lang) -> Result<Request<Bytes>, String> {
        // A template is no path; what it was about is known without.
        let target = if self.about.is_some() { "/" } else { &self.target };
        let mut builder = Request::builder().method(self.method.as_str()).uri(target);
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let typed = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !self.data.is_empty() && !typed {
            let kind = match self.data.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'{' | b'[') => "application/json",
                Some(b'<') => "application/xml; charset=utf-8",
                _ => "application/x-www-form-urlencoded",
            };
            builder = builder.header("content-type", kind);
        }
        builder.body(self.data.clone()).map_err(|error| made(texts::REQUEST_UNMADE, &error, lang))
    }

    /// The CRM's answer; an empty one where none was given.
    pub(super) fn response(&self, lang: Lang) -> Result<Response<Bytes>, String> {
        let mut builder = Response::builder().status(self.status);
        let mut body = Bytes::new();
        if let Some((bytes, kind)) = &self.answer {
            builder = builder.header("content-type", kind);
            body = bytes.clone();
        }
        builder.body(body).map_err(|error| made(texts::ANSWER_UNMADE, &error, lang))
    }

    /// An answer that says nothing.
    pub(super) fn nothing(&self, lang: Lang) -> Result<Response<Bytes>, String> {
        let empty = Response::builder().status(NOTHING).body(Bytes::new());
        empty.map_err(|error| made(texts::ANSWER_UNMADE, &error, lang))
    }

    /// What the CRM answers to whoever asks for the record, if that was given.
    pub(super) fn record(&self, lang: Lang) -> Result<Option<Response<Bytes>>, String> {
        let made = |(body, kind): &(Bytes, String)| {
            let answer = Response::builder().header("content-type", kind).body(body.clone());
            answer.map_err(|error| made(texts::ANSWER_UNMADE, &error, lang))
        };
        self.record.as_ref().map(made).transpose()
    }

    /// The answer as the walker reads it, where that is known beforehand.
    pub(super) fn text(&self) -> Option<String> {
        let (body, kind) = self.answer.as_ref()?;
        if let Ok(text) = std::str::from_utf8(body) {
            return Some(text.to_owned());
        }
        let (_, label) = kind.split_once("charset=")?;
        let encoding = encoding_rs::Encoding::for_label(label.trim().as_bytes())?;
        Some(encoding.decode_without_bom_handling(body).0.into_owned())
    }
}

/// In which the purpose of a request is told.
const PURPOSE: &str = "sudare-purpose";

fn made(what: Text, error: &dyn std::fmt::Display, lang: Lang) -> String {
    what.with(lang, &[("error", &error)])
}

/// Who asks: whoever has a role or a group is somebody.
fn staff(args: &ExplainArgs) -> Option<Staff> {
    let named = args.who.name().or(args.roles.first().map(String::as_str))?;
    Some(args.who.staff(named))
}

fn header(text: &str, lang: Lang) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or_else(|| texts::NO_HEADER.with(lang, &[("word", &text)]))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The bytes of a file, or of stdin where it is called `-`.
pub(in crate::cli) fn bytes(path: &Path, lang: Lang) -> Result<Bytes, String> {
    let unread = |error: std::io::Error| texts::CANNOT_READ.with(lang, &[("path", &path.display()), ("error", &error)]);
    let mut all = Vec::new();
    let mut read = |from: &mut dyn Read| from.take(BODY_BYTES + 1).read_to_end(&mut all);
    match path.to_str() {
        Some("-") => read(&mut std::io::stdin().lock()),
        _ => std::fs::File::open(path).and_then(|mut file| read(&mut file)),
    }
    .map_err(unread)?;
    if all.len() as u64 > BODY_BYTES {
        return Err(texts::TOO_LONG.with(lang, &[("path", &path.display()), ("bytes", &BODY_BYTES)]));
    }
    Ok(Bytes::from(all))
}

/// What an answer is: as it is told, by the name of its file, or by its first byte.
fn media(told: Option<&str>, path: &Path, body: &[u8], lang: Lang) -> Result<String, String> {
    if let Some(told) = told.filter(|told| told.contains('/')) {
        return Ok(told.to_owned());
    }
    let named = path.extension().and_then(|own| own.to_str()).map(str::to_ascii_lowercase);
    let word = told.map(str::to_owned).or(named.filter(|own| plain_type(own).is_some()));
    let sniffed = || match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[' | b'"') => "json",
        Some(b'<') if body.trim_ascii_start().starts_with(b"<?xml") => "xml",
        Some(b'<') => "html",
        _ => "text",
    };
    let word = word.unwrap_or_else(|| sniffed().to_owned());
    let plain = plain_type(&word).ok_or_else(|| texts::NO_TYPE.with(lang, &[("word", &word)]))?;
    // Of bytes in another charset the gateway says by itself what they are.
    let charset = if std::str::from_utf8(body).is_ok() && plain != "application/json" { "; charset=utf-8" } else { "" };
    Ok(format!("{plain}{charset}"))
}

fn plain_type(word: &str) -> Option<&'static str> {
    Some(match word {
        "json" => "application/json",
        "html" | "htm" => "text/html",
        "xml" => "application/xml",
        "csv" => "text/csv",
        "text" | "txt" => "text/plain",
        "js" => "text/javascript",
        "vcf" | "vcard" => "text/vcard",
        _ => return None,
    })
}
