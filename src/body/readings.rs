//! What staff sends in another charset than UTF-8: every way in which it can be read, in UTF-8.
//!
//! A page in Shift_JIS sends its forms in Shift_JIS, percent-encoded, and nothing in the request says
//! so. The bytes go on as they are; what they may mean is judged in each reading, and the strictest
//! judgement stands. What is UTF-8 has one reading.

use std::borrow::Cow;
use std::ops::Range;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::body::charset::Charset;
use crate::body::{charset, sniff, utf32};
use crate::format::Format;
use crate::format::media::{self, Claim};
use crate::terms::refusal::{Reason, Refusal};

/// What stays as it is in a value that is written anew.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// The readings of a query or of a form's body: the likeliest first, never none.
pub fn form(raw: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let bytes: Vec<u8> = percent_decode(raw).collect();
    let switches = sniff::switches(&bytes);
    if !switches && std::str::from_utf8(&bytes).is_ok() {
        return vec![Cow::Borrowed(raw)];
    }
    let mut readings: Vec<Cow<'_, [u8]>> = Vec::new();
    // The letters of an escape may be just that.
    if switches && std::str::from_utf8(&bytes).is_ok() {
        readings.push(Cow::Borrowed(raw));
    }
    let candidates = if switches { vec![ISO_2022_JP] } else { by_likelihood(&bytes) };
    readings.extend(candidates.into_iter().filter_map(|encoding| read(raw, encoding)).map(Cow::Owned));
    if readings.is_empty() && !sniff::is_no_latin(&bytes) {
        readings.extend(read(raw, WINDOWS_1252).map(Cow::Owned));
    }
    // What has no reading is refused by whoever reads it.
    if readings.is_empty() {
        readings.push(Cow::Borrowed(raw));
    }
    readings
}

/// A form whose pieces between `&` and `=` were read in another charset and then edited: as it came, but for the
/// pieces that were. Nothing where the three are not the same form.
pub fn spliced(raw: &[u8], read: &[u8], edited: &[u8]) -> Option<Vec<u8>> {
    let pieces = |text: &'_ [u8]| -> Vec<Range<usize>> {
        let ends = text.iter().enumerate().filter(|(_, byte)| matches!(byte, b'&' | b'=')).map(|(at, _)| at);
        let mut from = 0;
        ends.chain([text.len()]).map(|end| std::mem::replace(&mut from, end + 1)..end).collect()
    };
    let (all, before, after) = (pieces(raw), pieces(read), pieces(edited));
    if all.len() != before.len() || all.len() != after.len() {
        return None;
    }
    let mut out = Vec::with_capacity(edited.len());
    for ((own, before), after) in all.into_iter().zip(before).zip(after) {
        let end = own.end;
        out.extend(if read[before.clone()] == edited[after.clone()] { &raw[own] } else { &edited[after] });
        out.extend(raw.get(end));
    }
    Some(out)
}

/// A request's body of another form, in UTF-8, and its format: in the charset that its label says, or
/// that data tells by itself.
pub fn body<'a>(content_type: Option<&str>, raw: &'a [u8]) -> Result<(Format, Cow<'a, [u8]>), Refusal> {
    sent(content_type, raw).map(|sent| (sent.format, sent.text))
}

/// A body of staff's, read.
pub struct Sent<'a> {
    /// What it is.
    pub format: Format,
    /// It in UTF-8.
    pub text: Cow<'a, [u8]>,
    /// The name of its charset; nothing where it cannot be written anew.
    pub charset: Option<&'static str>,
}

/// The same with its charset.
pub fn sent<'a>(content_type: Option<&str>, raw: &'a [u8]) -> Result<Sent<'a>, Refusal> {
    let claim = content_type.map(media::claim).transpose()?;
    if let Some(text) = data(claim.as_ref(), raw)? {
        return Ok(Sent { format: Format::Json, text: Cow::Owned(text.into_bytes()), charset: None });
    }
    let named = claim.as_ref().and_then(|claim| claim.charset.as_deref());
    let encoding = match said_by_itself(claim.as_ref(), content_type, raw)? {
        Some(encoding) => encoding,
        None => named.map(charset::known).transpose()?.unwrap_or(UTF_8),
    };
    let text = if encoding == UTF_8 {
        Cow::Borrowed(raw)
    } else {
        let text = encoding.decode_without_bom_handling_and_without_replacement(raw);
        Cow::Owned(text.ok_or_else(not_in_its_charset)?.into_owned().into_bytes())
    };
    let format = media::format(claim.as_ref(), &text)?;
    let is_wide = |encoding: &'static Encoding| encoding == UTF_16LE || encoding == UTF_16BE;
    let told = |name: &[u8]| {
        Encoding::for_label(name) == Some(encoding)
            || (encoding == UTF_8 && media::is_utf8(name))
            || (is_wide(encoding) && name.eq_ignore_ascii_case(b"utf-16"))
    };
    if matches!(format, Format::Xml | Format::Calls) && !media::declared(&text)?.is_none_or(told) {
        return Err(Refusal::new(Reason::Unreadable, "XML that says another charset than its label"));
    }
    Ok(Sent { format, text, charset: Some(encoding.name()) })
}

/// The charset of XML, which its own declaration or mark may say, and of a table, which programs write in that of
/// their machine and say nothing; nothing of all else, and where the label says it.
fn said_by_itself(
    claim: Option<&Claim>,
    content_type: Option<&str>,
    raw: &[u8],
) -> Result<Option<&'static Encoding>, Refusal> {
    if !claim.is_some_and(media::is_xml_or_a_table) {
        return Ok(None);
    }
    match charset::of(content_type, raw)? {
        (Format::Xml | Format::Calls | Format::Csv, Charset::Utf8) => Ok(Some(UTF_8)),
        (Format::Xml | Format::Calls | Format::Csv, Charset::Other(encoding)) => Ok(Some(encoding)),
        (Format::Csv, Charset::Unsaid) => {
            let encoding = sniff::charset(raw, true)?;
            // The letters of an escape may be just that.
            let in_doubt = encoding == ISO_2022_JP && str::from_utf8(raw).is_ok();
            if in_doubt { Err(not_in_its_charset()) } else { Ok(Some(encoding)) }
        }
        _ => Ok(None),
    }
}

/// The text of JSON in UTF-32, or in UTF-16 that no label names.
fn data(claim: Option<&Claim>, raw: &[u8]) -> Result<Option<String>, Refusal> {
    let unmarked = |text: String| text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    if let Some(order) = charset::utf32(claim, raw)? {
        let mut text = Vec::with_capacity(raw.len());
        utf32::Decoder::new(order).decode(raw, true, &mut text).ok_or_else(not_in_its_charset)?;
        let text = String::from_utf8(text).map_err(|_| not_in_its_charset())?;
        return Ok(Some(unmarked(text)));
    }
    let mark = Encoding::for_bom(raw).map(|(encoding, _)| encoding).filter(|encoding| *encoding != UTF_8);
    let unnamed = claim.is_none_or(|claim| claim.charset.is_none());
    let Some(encoding) = mark.or_else(|| charset::pattern(raw)).filter(|_| unnamed) else { return Ok(None) };
    let text =
        encoding.decode_without_bom_handling_and_without_replacement(raw).map(|text| unmarked(text.into_owned()));
    Ok(text.filter(|text| matches!(media::format(claim, text.as_bytes()), Ok(Format::Json))))
}

fn not_in_its_charset() -> Refusal {
    Refusal::new(Reason::Unreadable, "a body that is not in its charset")
}

/// A text in the charset of this name; nothing where it is not in it.
pub fn text_in(bytes: &[u8], charset: &str) -> Option<String> {
    let encoding = Encoding::for_label_no_replacement(charset.as_bytes())?;
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
}

/// A form as one in the charset of this name is read: one of its readings, or nothing.
pub fn form_in(raw: &[u8], charset: &str) -> Option<Vec<u8>> {
    let encoding = Encoding::for_label_no_replacement(charset.as_bytes())?;
    let own = if encoding == UTF_8 { raw.to_vec() } else { read(raw, encoding)? };
    form(raw).iter().any(|reading| **reading == *own).then_some(own)
}

/// The names and values of a form as a page in the charset of this name has sent them.
pub fn sent_in(raw: &[u8], charset: &str) -> Option<Vec<(String, String)>> {
    let decoded = |raw: &[u8]| {
        let plain: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        if is_odd(&plain) { None } else { text_in(&percent_decode(&plain).collect::<Vec<u8>>(), charset) }
    };
    let pair = |part: &[u8]| {
        let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        Some((decoded(&part[..at])?, decoded(part.get(at + 1..).unwrap_or_default())?))
    };
    raw.split(|byte| *byte == b'&').map(pair).collect()
}

/// A value as a page in the charset of this name would send it: what the charset lacks is written as browsers do.
pub fn written_in(text: &str, charset: &str) -> Option<String> {
    let bytes = bytes_in(text, charset)?;
    Some(percent_encode(&bytes, ENCODED).to_string().replace("%20", "+"))
}

/// The same in a form in parts, where nothing stands for a byte but itself.
pub fn bytes_in(text: &str, charset: &str) -> Option<Vec<u8>> {
    let encoding = Encoding::for_label_no_replacement(charset.as_bytes())?;
    let (bytes, _, _) = encoding.encode(text);
    Some(bytes.into_owned())
}

/// The name of the charset that has this label.
pub fn charset_of(label: &str) -> Option<&'static str> {
    Encoding::for_label_no_replacement(label.as_bytes()).map(Encoding::name)
}

/// Whether browsers send the forms of a page in its own charset, as they do but for wide characters.
pub fn is_sent_as_it_is(charset: &str) -> bool {
    let known = Encoding::for_label_no_replacement(charset.as_bytes());
    known.is_some_and(|encoding| encoding.output_encoding() == encoding)
}

/// Whether a form that names these charsets is sent in the one of this name: browsers take the first that they know.
pub fn is_sent_in(charsets: &str, charset: &str) -> bool {
    let known = |label: &str| Encoding::for_label_no_replacement(label.as_bytes());
    let mut named = charsets.split([' ', '\t', '\n', '\r', '\u{c}', ',']).filter_map(known);
    named.next().is_none_or(|first| known(charset) == Some(first))
}

/// An answer's header that is no UTF-8: in the charset that its bytes tell.
pub fn header(raw: &[u8]) -> Result<String, Refusal> {
    let text = sniff::charset(raw, true)?.decode_without_bom_handling_and_without_replacement(raw);
    text.map(Cow::into_owned).ok_or_else(|| Refusal::new(Reason::Unreadable, "a header that is no text"))
}

/// Shift_JIS and EUC-JP, the likelier one first.
pub(super) fn by_likelihood(bytes: &[u8]) -> Vec<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(Some(b"jp"), Utf8Detection::Deny);
    if guess == EUC_JP { vec![EUC_JP, SHIFT_JIS] } else { vec![SHIFT_JIS, EUC_JP] }
}

/// Names and values read in this charset, each by itself as it was written.
fn read(raw: &[u8], encoding: &'static Encoding) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let end = rest.iter().position(|byte| matches!(byte, b'&' | b'=')).unwrap_or(rest.len());
        let plain: Vec<u8> = rest[..end].iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        if is_odd(&plain) {
            return None;
        }
        let bytes: Vec<u8> = percent_decode(&plain).collect();
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
        out.extend(percent_encode(text.as_bytes(), ENCODED).flat_map(str::bytes));
        let Some(separator) = rest.get(end) else { return Some(out) };
        out.push(*separator);
        rest = &rest[end + 1..];
    }
}

/// Whether a percent sign stands there that no two digits follow.
fn is_odd(bytes: &[u8]) -> bool {
    let digits = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !digits(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(raw: &str) -> Vec<String> {
        let decoded = |reading: Cow<'_, [u8]>| percent_decode(&reading).decode_utf8_lossy().into_owned();
        form(raw.as_bytes()).into_iter().map(decoded).collect()
    }

    #[test]
    fn data_in_wide_characters_is_read_whoever_names_it() {
        let text = "{\"tel\":\"０９０\"}";
        let wide = |units: Vec<[u8; 2]>| units.concat();
        let utf16 = |order: fn(u16) -> [u8; 2]| wide(text.encode_utf16().map(order).collect());
        for (content_type, raw, read) in [
            (Some("application/json"), utf16(u16::to_le_bytes), true),
            (Some("application/json"), [b"\xfe\xff".to_vec(), utf16(u16::to_be_bytes)].concat(), true),
            (Some("application/json; charset=utf-16be"), utf16(u16::to_be_bytes), true),
            (None, utf32::Order::Big.written(text), true),
            (Some("application/json"), utf32::Order::Little.written(&format!("\u{feff}{text}")), true),
            (Some("application/json; charset=utf-32"), utf32::Order::Little.written(text), true),
            (Some("application/json; charset=utf-32"), text.as_bytes().to_vec(), false),
            (Some("application/json; charset=utf-8"), utf32::Order::Big.written(text), false),
            (Some("application/json"), utf32::Order::Big.written(text)[..21].to_vec(), false),
            (Some("text/csv"), utf16(u16::to_be_bytes), false),
        ] {
            let body = body(content_type, &raw).ok().filter(|(_, body)| **body == *text.as_bytes());
            assert_eq!(body.map(|(format, _)| format), read.then_some(Format::Json), "{content_type:?}");
        }
    }

    #[test]
    fn what_was_edited_in_a_reading_is_put_into_the_form_as_it_came() {
        let raw = b"name=%8ER%93c&tel=090&&x";
        let read = form_in(raw, "shift_jis").expect("a reading");
        let edited = String::from_utf8(read.clone()).expect("ASCII").replace("=090", "=tok_phone_a");
        let out = spliced(raw, &read, edited.as_bytes()).expect("the same form");
        assert_eq!(String::from_utf8(out).expect("ASCII"), "name=%8ER%93c&tel=tok_phone_a&&x");
        assert!(spliced(raw, &read, b"name=a").is_none());
        assert!(form_in(raw, "utf-8").is_none() && form_in(b"a=b", "utf-8").is_some());
    }

    #[test]
    fn forms_are_read_in_every_way_that_they_can_be() {
        for (raw, expected) in [
            ("name=%E5%B1%B1+x&a=b", &["name=山+x&a=b"][..]),
            ("name=%8ER%93c&tel=090", &["name=山田&tel=090"]),
            ("name=%BB%B3%C5%C4", &["name=山田", "name=ｻｳﾅﾄ"]),
            ("name=%1B%24B%3B3ED%1B%28B", &["name=\u{1b}$B;3ED\u{1b}(B", "name=山田"]),
            ("name=M%FCller&b=%E9+x", &["name=Müller&b=é x"]),
            ("a=%8ER%", &["a=\u{fffd}R%"]),
            ("a=%81", &["a=\u{fffd}"]),
        ] {
            assert_eq!(readings(raw), expected, "{raw}");
        }
    }
}
