//! What a document says of its own charset, read as browsers read it before they read the document.
//!
//! The steps for pages are those of the HTML standard, "prescan a byte stream to determine its
//! encoding", with all that they do about comments and about attributes in odd places: whoever reads
//! a `<meta>` where browsers see none reads another page than they do.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How many bytes are looked at. The standard asks for the first 1,024; where a page says it later,
/// browsers begin anew when they come upon it.
pub(super) const BYTES: usize = 8 << 10;

/// What a page's `<meta>` says.
pub(super) fn meta(first: &[u8]) -> Option<&'static Encoding> {
    let mut scan = Scan { bytes: first, at: 0 };
    while scan.at < first.len() {
        let rest = &first[scan.at..];
        if rest.starts_with(b"<!--") {
            // The dashes of the beginning may be those of the end: `<!-->`.
            let end = rest[2..].windows(3).position(|three| three == b"-->")?;
            scan.at += 2 + end + 3;
            continue;
        }
        if begins_meta(rest) {
            scan.at += "<meta".len();
            if let Some(encoding) = scan.meta() {
                return Some(encoding);
            }
        } else if is_tag(rest) {
            scan.skip(|byte| is_blank(byte) || byte == b'>');
            while scan.attribute().is_some() {}
        } else if matches!(rest, [b'<', b'!' | b'/' | b'?', ..]) {
            scan.skip(|byte| byte == b'>');
        }
        scan.at += 1;
    }
    None
}

/// What an XML declaration says: the first thing in the document, or nothing.
pub(super) fn xml(first: &[u8]) -> Option<&'static Encoding> {
    let rest = first.strip_prefix(b"<?xml")?;
    let declaration = &rest[..rest.iter().position(|byte| *byte == b'>')?];
    let at = declaration.windows(8).position(|word| word == b"encoding")?;
    let rest = declaration[at + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let end = rest.iter().position(|byte| byte == quote)?;
    ascii(Encoding::for_label(&rest[..end])?)
}

/// What a style sheet's `@charset` says: these very bytes, or nothing.
pub(super) fn style(first: &[u8]) -> Option<&'static Encoding> {
    let rest = first.strip_prefix(b"@charset \"")?;
    let end = rest.windows(2).position(|two| two == b"\";")?;
    ascii(Encoding::for_label(&rest[..end])?)
}

/// What could be read as ASCII so far is not in UTF-16, whatever it says.
fn ascii(encoding: &'static Encoding) -> Option<&'static Encoding> {
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    Some(if wide { UTF_8 } else { encoding })
}

fn begins_meta(rest: &[u8]) -> bool {
    let word = rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"<meta"));
    word && rest.get(5).is_some_and(|byte| is_blank(*byte) || *byte == b'/')
}

fn is_tag(rest: &[u8]) -> bool {
    match rest {
        [b'<', b'/', letter, ..] | [b'<', letter, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn skip(&mut self, until: impl Fn(u8) -> bool) {
        while self.byte().is_some_and(|byte| !until(byte)) {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The attributes of a `<meta>`: of several of one name the first counts.
    fn meta(&mut self) -> Option<&'static Encoding> {
        let (mut names, mut pragma, mut need_pragma, mut charset) = (Vec::new(), false, None, None);
        while let Some((name, value)) = self.attribute() {
            if names.contains(&name) {
                continue;
            }
            match &name[..] {
                b"http-equiv" => pragma |= value == b"content-type",
                b"content" if charset.is_none() => {
                    if let Some(encoding) = in_content(&value) {
                        charset = Some(Some(encoding));
                        need_pragma = Some(true);
                    }
                }
                b"charset" => {
                    charset = Some(Encoding::for_label(&value));
                    need_pragma = Some(false);
                }
                _ => {}
            }
            names.push(name);
        }
        let needed = need_pragma?;
        if needed && !pragma { None } else { ascii(charset??) }
    }

    /// The next attribute's name and value in lower case; nothing at the tag's end.
    fn attribute(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.skip(|byte| !is_blank(byte) && byte != b'/');
        if self.byte()? == b'>' {
            return None;
        }
        let mut name = Vec::new();
        loop {
            match self.byte()? {
                b'=' if !name.is_empty() => break,
                byte if is_blank(byte) => {
                    self.skip(|byte| !is_blank(byte));
                    if self.byte()? != b'=' {
                        return Some((name, Vec::new()));
                    }
                    break;
                }
                b'/' | b'>' => return Some((name, Vec::new())),
                byte => name.push(byte.to_ascii_lowercase()),
            }
            self.at += 1;
        }
        self.at += 1;
        Some((name, self.value()?))
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        self.skip(|byte| !is_blank(byte));
        let first = self.byte()?;
        let start = self.at;
        if matches!(first, b'"' | b'\'') {
            self.at += 1;
            self.skip(|byte| byte == first);
            self.byte()?;
            self.at += 1;
            return Some(self.bytes[start + 1..self.at - 1].to_ascii_lowercase());
        }
        self.skip(|byte| is_blank(byte) || byte == b'>');
        self.byte()?;
        Some(self.bytes[start..self.at].to_ascii_lowercase())
    }
}

/// The charset in the `content` of a `<meta http-equiv>`: "extracting a character encoding".
fn in_content(content: &[u8]) -> Option<&'static Encoding> {
    let mut rest = content;
    loop {
        let at = rest.windows(7).position(|word| word == b"charset")?;
        rest = &rest[at + 7..];
        let after = trimmed(rest);
        if let Some(value) = after.strip_prefix(b"=") {
            rest = trimmed(value);
            break;
        }
    }
    let label = match rest.split_first()? {
        (quote @ (b'"' | b'\''), inside) => &inside[..inside.iter().position(|byte| byte == quote)?],
        _ => &rest[..rest.iter().position(|byte| is_blank(*byte) || *byte == b';').unwrap_or(rest.len())],
    };
    Encoding::for_label(label)
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let blank = bytes.iter().position(|byte| !is_blank(*byte)).unwrap_or(bytes.len());
    &bytes[blank..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        for (first, name) in [
            (&b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>"[..], Some("Shift_JIS")),
            (b"<?xml version='1.0' encoding = 'euc-jp' ?>", Some("EUC-JP")),
            (b"<?xml version='1.0' encoding='utf-16'?>", Some("UTF-8")),
            (b"<?xml version='1.0'?><a encoding='euc-jp'>", None),
            (b" <?xml encoding='euc-jp'?>", None),
            (b"<?xml encoding='euc-jp", None),
            (b"<?xml encoding=euc-jp?>", None),
        ] {
            assert_eq!(xml(first).map(Encoding::name), name, "{}", first.escape_ascii());
        }
        assert_eq!(style(b"@charset \"euc-jp\";").map(Encoding::name), Some("EUC-JP"));
        assert_eq!(style(b"@charset 'euc-jp';"), None);
    }

    #[test]
    fn pages_that_tests_of_the_standard_leave_out() {
        for (page, name) in [
            (&b"<!--><meta charset=euc-jp>"[..], Some("EUC-JP")),
            (b"<!---><meta charset=euc-jp>", Some("EUC-JP")),
            (b"<!-- <meta charset=euc-jp> -->", None),
            (b"<a title='<meta charset=euc-jp>'>", None),
            (b"<meta charset=euc-jp", None),
            (b"<meta charset=utf-16be>", Some("UTF-8")),
            (b"<meta content='text/html; charset=euc-jp'>", None),
            (b"<meta content='text/html; charset=euc-jp' http-equiv=Content-Type>", Some("EUC-JP")),
            (b"<meta charset=nonsense><meta charset=euc-jp>", Some("EUC-JP")),
            (b"<META/charset=\"euc-jp\"/>", Some("EUC-JP")),
            (b"<metacharset=euc-jp>", None),
        ] {
            assert_eq!(meta(page).map(Encoding::name), name, "{}", page.escape_ascii());
        }
    }
}
