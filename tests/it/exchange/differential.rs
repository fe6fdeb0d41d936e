//! One answer in every dress: whatever charset it is in, whatever it is packed in and wherever the
//! network cuts it, staff gets the same of it and the ledger says the same.
//!
//! `SUDARE_TEST_ROUNDS=50` draws so many cuts of each dress.

use std::fs;

use encoding_rs::Encoding;
use sudare::body::coding::Coding;
use sudare::body::pack::Packer;
use sudare::body::unpack::Unpacker;
use sudare::policy::Policy;
use sudare::terms::bounds::Bounds;

use super::case::{Case, File, Message};
use super::run::{self, Outcome};
use crate::fuzz::{Chance, rounds};

const CODINGS: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
const CHARSETS: [&str; 6] = ["Shift_JIS", "EUC-JP", "ISO-2022-JP", "UTF-16LE", "UTF-16BE", "windows-1252"];

/// Those that data may be in without a word of it.
const WIDE: [&str; 4] = ["UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"];

/// What must be the same: what came, and what is recorded of it.
type Told = (Option<String>, String, Vec<String>);

fn told(outcome: &Outcome) -> Told {
    (outcome.reason.clone(), outcome.body.clone(), outcome.ledger.clone())
}

#[test]
fn every_coding_gives_the_same_at_any_cut() {
    let mut chance = Chance(0xc0de);
    let mut count = 0;
    each(|name, policy, case| {
        if !case.answer.coding.is_empty() {
            return;
        }
        let whole = told(&run::whole(policy, case));
        for coding in CODINGS {
            case.answer.coding = coding.word().to_owned();
            let packed = told(&run::whole(policy, case));
            case.answer.coding.clear();
            assert_eq!(packed, whole, "{name}: {}: packed in {coding:?}", case.title);
            for _ in 0..rounds(1) {
                let pieces = unpacked(coding, &case.answer.bytes(), &mut chance);
                let Some(told) = run::in_chunks(policy, case, &pieces) else { break };
                assert_eq!(told, whole, "{name}: {}: {coding:?} in pieces of {pieces:?}", case.title);
                count += 1;
            }
        }
    });
    assert!(count >= 1000, "{count} cut and packed bodies");
}

/// The lengths of the pieces in which a packed body comes out that comes in at random cuts.
fn unpacked(coding: Coding, body: &[u8], chance: &mut Chance) -> Vec<usize> {
    let mut packer = Packer::new(coding).expect("a packer");
    let (first, rest) = body.split_at(chance.below(body.len() + 1));
    let packed = [packer.part(first).expect("a part"), packer.end(rest).expect("an end")].concat();
    let mut unpacker = Unpacker::new(coding, &Bounds::default());
    let mut all = Vec::new();
    let mut pieces = Vec::new();
    let mut rest = &packed[..];
    let longest = 1 + chance.below(40);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((1 + chance.below(longest)).min(rest.len()));
        rest = after;
        unpacker.feed(chunk);
        while let Some(piece) = unpacker.piece().expect("a piece") {
            pieces.push(piece.len());
            all.extend(piece);
        }
    }
    unpacker.end().expect("a whole stream");
    assert!(all == body, "{coding:?}: what comes out is what was packed");
    pieces
}

#[test]
fn every_charset_gives_the_same_at_any_cut() {
    let mut chance = Chance(0xca5e);
    let mut count = [0; CHARSETS.len()];
    each(|name, policy, case| {
        let answer = &case.answer;
        // Where the body says itself how it is to be read, or the case is about that, no other will do.
        let says = |text: &str| text.contains("charset") || text.contains("encoding=");
        if !answer.charset.is_empty() || !answer.coding.is_empty() || says(&answer.body) || answer.body.is_empty() {
            return;
        }
        let first = answer.first.replace("; charset=utf-8", "");
        // The page that takes an error's place is the gateway's own.
        // Events are in UTF-8 (WHATWG, server-sent events).
        if says(&first)
            || first.starts_with('5')
            || first.contains("event-stream")
            || !(first.contains("text/") || first.contains("xml"))
        {
            return;
        }
        let whole = told(&run::whole(policy, case));
        for (number, charset) in CHARSETS.into_iter().enumerate() {
            // A call that is written in UTF-16 is a script whose places are missing.
            if charset.starts_with("UTF-16") && first.contains("javascript") {
                continue;
            }
            let Some(dressed) = dressed(&case.answer, &first, charset) else { continue };
            let plain = std::mem::replace(&mut case.answer, dressed);
            let at_once = told(&run::whole(policy, case));
            assert_eq!(at_once, whole, "{name}: {}: in {charset}", case.title);
            for _ in 0..rounds(3) {
                let cuts: Vec<usize> = (0..60).map(|_| 1 + chance.below(23)).collect();
                let Some(told) = run::in_chunks(policy, case, &cuts) else { break };
                assert_eq!(told, whole, "{name}: {}: in {charset} cut at {cuts:?}", case.title);
                count[number] += 1;
            }
            case.answer = plain;
        }
    });
    assert!(count.iter().all(|count| *count >= 30), "{count:?} cut bodies in each charset");
}

#[test]
fn data_in_wide_characters_gives_the_same_at_any_cut() {
    let mut chance = Chance(0x3232);
    let mut count = [0; WIDE.len()];
    each(|name, policy, case| {
        let answer = &case.answer;
        let is_data = kind(&answer.first) == "application/json" && answer.body.starts_with(['{', '[', ')']);
        if !is_data || !answer.charset.is_empty() || !answer.coding.is_empty() {
            return;
        }
        let first = answer.first.replace("; charset=utf-8", "").replace("; charset=UTF-8", "");
        if first.contains("charset") {
            return;
        }
        let whole = told(&run::whole(policy, case));
        for (number, charset) in WIDE.into_iter().enumerate() {
            let mut dressed = dressed(&case.answer, &first, charset).expect("any text");
            // The header may say it, and the first characters do.
            if chance.below(2) == 0 {
                dressed.first.clone_from(&first);
            }
            let plain = std::mem::replace(&mut case.answer, dressed);
            let at_once = told(&run::whole(policy, case));
            assert_eq!(at_once, whole, "{name}: {}: in {charset}", case.title);
            for _ in 0..rounds(1) {
                let cuts: Vec<usize> = (0..90).map(|_| 1 + chance.below(23)).collect();
                let Some(told) = run::in_chunks(policy, case, &cuts) else { break };
                assert_eq!(told, whole, "{name}: {}: in {charset} cut at {cuts:?}", case.title);
                count[number] += 1;
            }
            case.answer = plain;
        }
    });
    assert!(count.iter().all(|count| *count >= 200), "{count:?} cut bodies in each charset");
}

/// The media type alone.
fn kind(first: &str) -> &str {
    first.split_once(' ').map_or("", |(_, kind)| kind.split(';').next().unwrap_or_default())
}

/// The answer in this charset, if that can hold it letter for letter.
fn dressed(answer: &Message, first: &str, charset: &str) -> Option<Message> {
    if !WIDE.contains(&charset) {
        let encoding = Encoding::for_label(charset.as_bytes()).expect("a charset");
        let (bytes, _, lossy) = encoding.encode(&answer.body);
        if lossy || encoding.decode_without_bom_handling(&bytes).0 != answer.body {
            return None;
        }
    }
    Some(Message {
        first: format!("{first}; charset={charset}"),
        headers: answer.headers.clone(),
        body: answer.body.clone(),
        charset: charset.to_owned(),
        coding: String::new(),
    })
}

fn each(mut check: impl FnMut(&str, &Policy, &mut Case)) {
    for path in super::files() {
        let mut file = File::read(&fs::read_to_string(&path).expect("a case"));
        let policy = run::policy(&file.rules);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for case in &mut file.cases {
            check(&name, &policy, case);
        }
    }
}
