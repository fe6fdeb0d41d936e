//! The fields of a form as they were posted, in either of the two ways that forms are sent: what each says in
//! the charset of its page, and how it reads with originals in the place of veils.
//!
//! Fields are known by their numbers; what is no form, or not in that charset, has none.

use std::ops::Range;

use memchr::memmem;

use crate::body::{parts, readings};
use crate::format::Format;
use crate::guard::restore::{Home, Sent};
use crate::terms::refusal::{Reason, Refusal};

/// How many fields are compared with one another: all with all, at worst.
pub(super) const FIELDS_MAX: usize = 1000;

/// What was posted.
pub(super) struct Posted {
    format: Format,
    charset: &'static str,
    sent: Vec<Sent>,
    /// Where the value of each field stands.
    values: Vec<Range<usize>>,
    /// Behind the last field, where another one may stand.
    end: usize,
}

impl Posted {
    /// Reads a form that a page in this charset has sent.
    pub(super) fn read(format: Format, body: &[u8], charset: &'static str) -> Option<Posted> {
        let mut end = body.len();
        let (sent, values): (Vec<Sent>, Vec<Range<usize>>) = match format {
            // No browser sends that sign as it is, and some servers part fields at it.
            Format::Form if body.contains(&b';') => return None,
            Format::Form => {
                let sent = readings::sent_in(body, charset)?.into_iter();
                sent.map(|(name, value)| Sent { name, value, is_file: false }).zip(values(body)).unzip()
            }
            Format::Multipart => {
                let fields = parts::sent_in(body, charset)?.into_iter();
                let fields = fields.inspect(|field| end = field.part.end);
                let sent = |field: parts::Field| {
                    (Sent { name: field.name, value: field.text, is_file: field.is_file }, field.body)
                };
                fields.map(sent).unzip()
            }
            _ => return None,
        };
        (sent.len() <= FIELDS_MAX).then_some(Posted { format, charset, sent, values, end })
    }

    /// Names and values.
    pub(super) fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// The body as it goes on, with all else as it came.
    pub(super) fn filled(&self, body: &[u8], home: &Home) -> Result<Vec<u8>, Refusal> {
        let mut all = Vec::with_capacity(body.len());
        let mut at = 0;
        for fill in &home.fills {
            let place = self.values.get(fill.span.start).ok_or_else(misplaced)?;
            all.extend_from_slice(body.get(at..place.start).ok_or_else(misplaced)?);
            all.extend(self.written(body, place, &fill.text)?);
            at = place.end;
        }
        all.extend_from_slice(body.get(at..self.end).ok_or_else(misplaced)?);
        for (name, value) in &home.lost {
            all.extend(self.further(body, name, &value.0)?);
        }
        all.extend_from_slice(body.get(self.end..).ok_or_else(misplaced)?);
        Ok(all)
    }

    /// A field more, as it stands behind others.
    fn further(&self, body: &[u8], name: &str, text: &str) -> Result<Vec<u8>, Refusal> {
        if self.format == Format::Multipart {
            let value = self.written(body, &(0..0), text)?;
            let name = readings::bytes_in(&parts::written(name), self.charset).ok_or_else(misplaced)?;
            return parts::further(body, &name, &value).ok_or_else(misplaced);
        }
        let written = |text: &str| readings::written_in(text, self.charset).ok_or_else(misplaced);
        let parts = if body.is_empty() { "" } else { "&" };
        Ok(format!("{parts}{}={}", written(name)?, written(text)?).into_bytes())
    }

    /// A value as the page would have sent it.
    fn written(&self, body: &[u8], place: &Range<usize>, text: &str) -> Result<Vec<u8>, Refusal> {
        if self.format == Format::Multipart {
            let value = readings::bytes_in(text, self.charset).ok_or_else(misplaced)?;
            let delimiter = parts::delimiter(body).ok_or_else(misplaced)?;
            // The value would end the part that it stands in, at least for some.
            if memmem::find(&value, delimiter.trim_ascii_start()).is_some() {
                return Err(Refusal::new(Reason::Veil, "a value that goes home holds the form's boundary"));
            }
            return Ok(value);
        }
        let mut value = readings::written_in(text, self.charset).ok_or_else(misplaced)?.into_bytes();
        // A name alone stands for a name without a value.
        if place.start == 0 || body.get(place.start - 1) != Some(&b'=') {
            value.insert(0, b'=');
        }
        Ok(value)
    }
}

/// Where the values of a plain form stand; at the end of a name that has none.
fn values(body: &[u8]) -> Vec<Range<usize>> {
    let mut at = 0;
    let value = |part: &[u8]| {
        let (begin, end) = (at, at + part.len());
        at = end + 1;
        part.iter().position(|byte| *byte == b'=').map_or(end..end, |equals| begin + equals + 1..end)
    };
    body.split(|byte| *byte == b'&').map(value).collect()
}

fn misplaced() -> Refusal {
    Refusal::new(Reason::Internal, "what went home does not lie where its veil stood")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::restore::Fill;

    fn filled(format: Format, charset: &'static str, body: &[u8], fills: &[(usize, &str)]) -> Option<Vec<u8>> {
        let fill = |(number, text): &(usize, &str)| Fill { span: *number..*number + 1, text: (*text).to_owned() };
        let mut home = Home::default();
        home.fills.extend(fills.iter().map(fill));
        Posted::read(format, body, charset)?.filled(body, &home).ok()
    }

    #[test]
    fn values_go_where_their_fields_stand_and_all_else_stays() {
        for (charset, body, fills, expected) in [
            ("UTF-8", "a=1&b=%2a&c=+", &[(1, "x y"), (2, "&=")][..], Some("a=1&b=x+y&c=%26%3D")),
            ("UTF-8", "&a&b==", &[(1, "1"), (2, "2")], Some("&a=1&b=2")),
            ("Shift_JIS", "a=%8ER", &[(0, "山\u{1F600}")], Some("a=%8ER%26%23128512%3B")),
            ("UTF-8", "a=%8ER", &[(0, "x")], None),
            ("UTF-8", "a=1;b=2", &[(0, "x")], None),
        ] {
            let told = filled(Format::Form, charset, body.as_bytes(), fills);
            assert_eq!(told.as_deref(), expected.map(str::as_bytes), "{body}");
        }
    }

    #[test]
    fn in_a_form_in_parts_too() {
        let part = |name: &str, value: &str| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let form = |parts: &[(&str, &str)]| {
            parts.iter().map(|(name, value)| part(name, value)).collect::<String>() + "--x--\r\n"
        };
        let body = form(&[("a", "****"), ("b\"; filename=\"c", "****"), ("c", "")]);
        let told = filled(Format::Multipart, "UTF-8", body.as_bytes(), &[(0, "山\r\n1"), (2, "&")]);
        let expected = form(&[("a", "山\r\n1"), ("b\"; filename=\"c", "****"), ("c", "&")]);
        assert_eq!(told.map(|told| String::from_utf8(told).expect("text")), Some(expected));
        for value in ["a\r\n--x", "--x", "--x--\r\n"] {
            assert_eq!(filled(Format::Multipart, "UTF-8", body.as_bytes(), &[(0, value)]), None, "{value:?}");
        }
    }
}
