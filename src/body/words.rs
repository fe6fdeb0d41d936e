//! Encoded words in a header: `=?utf-8?b?8KC3suWyoQ==?=` (RFC 2047).
//!
//! Mail has them, HTTP's standard does not, and frameworks write them all the same where a value is no
//! Latin-1; browsers read them in the name of a file. What is coded so would be judged as the letters of
//! its code, so it is taken off before anybody looks.

use data_encoding::{BASE64, BASE64_NOPAD};
use encoding_rs::Encoding;

use crate::body::charset;
use crate::terms::refusal::{Reason, Refusal};

/// The value without its encoded words; nothing where it holds none. What begins as a word and cannot
/// be read as one, and what is coded twice, is refused.
pub fn plain(value: &str) -> Result<Option<String>, Refusal> {
    let mut out = String::with_capacity(value.len());
    // Bytes of words that follow one another: a character may be cut between two of them.
    let mut open: Option<(&'static Encoding, Vec<u8>)> = None;
    let (mut rest, mut found) = (value, false);
    while let Some(word) = next(rest) {
        found = true;
        let (encoding, bytes) = word.bytes()?;
        let goes_on = word.before.trim().is_empty() && open.as_ref().is_some_and(|(own, _)| *own == encoding);
        match open.as_mut().filter(|_| goes_on) {
            Some((_, own)) => own.extend(bytes),
            None => {
                close(open.replace((encoding, bytes)), &mut out)?;
                // Blanks between two words only part them.
                let parts = !out.is_empty() && word.before.trim().is_empty();
                out.push_str(if parts { "" } else { word.before });
            }
        }
        rest = word.after;
    }
    close(open, &mut out)?;
    out.push_str(rest);
    match found {
        true if next(&out).is_some() => Err(unreadable("is coded twice")),
        true => Ok(Some(out)),
        false => Ok(None),
    }
}

struct Word<'a> {
    before: &'a str,
    charset: &'a str,
    coding: &'a str,
    text: &'a str,
    after: &'a str,
}

/// The first word of the value.
fn next(value: &str) -> Option<Word<'_>> {
    value.match_indices("=?").find_map(|(at, _)| {
        let (charset, rest) = value[at + 2..].split_once('?')?;
        let (coding, rest) = rest.split_once('?')?;
        let (text, after) = rest.split_once("?=")?;
        let is_word = !charset.is_empty() && charset.bytes().all(|b| b.is_ascii_graphic()) && coding.len() == 1;
        is_word.then_some(Word { before: &value[..at], charset, coding, text, after })
    })
}

impl Word<'_> {
    fn bytes(&self) -> Result<(&'static Encoding, Vec<u8>), Refusal> {
        // RFC 2231 puts a language behind the charset.
        let encoding = charset::known(self.charset.split('*').next().unwrap_or_default())?;
        let bytes = match self.coding {
            "B" | "b" => {
                let text = self.text.as_bytes();
                BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text)).ok()
            }
            "Q" | "q" => printable(self.text.as_bytes()),
            _ => None,
        };
        bytes.map(|bytes| (encoding, bytes)).ok_or_else(|| unreadable("is broken"))
    }
}

/// `=E5=B1=B1_x`
fn printable(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'_' => b' ',
            b'=' => {
                let pair = [*rest.next()?, *rest.next()?];
                u8::from_str_radix(str::from_utf8(&pair).ok()?, 16).ok()?
            }
            byte => *byte,
        });
    }
    Some(out)
}

fn close(open: Option<(&'static Encoding, Vec<u8>)>, out: &mut String) -> Result<(), Refusal> {
    let Some((encoding, bytes)) = open else { return Ok(()) };
    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
    out.push_str(&text.ok_or_else(|| unreadable("is not in its charset"))?);
    Ok(())
}

fn unreadable(what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("an encoded word in a header {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_off() {
        for (value, text) in [
            (
                "=?utf-8?b?YXR0YWNobWVudDsgZmlsZW5hbWU9IvCgrrflsqEudmNmIg==?=",
                Some(Some("attachment; filename=\"𠮷岡.vcf\"")),
            ),
            ("a \"=?UTF-8*ja?Q?=E5=B1=B1_x?=\" b", Some(Some("a \"山 x\" b"))),
            ("=?Shift_JIS?B?jlI=?= =?Shift_JIS?b?k2M?=", Some(Some("山田"))),
            ("=?utf-8?q?=E5=B1?=  =?utf-8?q?=B1?= =?iso-8859-1?q?=E9?=", Some(Some("山é"))),
            ("/a?b==?c", Some(None)),
            ("filename=\"a.csv\"", Some(None)),
            ("=?utf-8?b?!!!?=", None),
            ("=?utf-8?x?YQ==?=", None),
            ("=?utf-8?q?=E5=B1?=", None),
            ("=?utf-9?q?a?=", None),
            ("=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=", None),
        ] {
            assert_eq!(plain(value).ok().as_ref().map(Option::as_deref), text, "{value}");
        }
    }
}
