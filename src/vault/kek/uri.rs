//! PKCS #11 URIs (RFC 7512): `pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=SOURCE`. All four must be there,
//! and nothing else but `type=secret-key`: what is not looked at must not look as if it were. The PIN itself
//! (`pin-value`) has no place in a configuration.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::vault::kek::Source;

/// What stands in a value as it is: RFC 3986's unreserved characters, and what paths and sources are written with.
pub(super) const WRITTEN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');

/// Which key in which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// The vendor's library.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The key's label.
    pub object: String,
    /// Where the PIN is.
    pub pin: Box<Source>,
}

impl Uri {
    /// Reads what stands behind `pkcs11:`, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Uri, &'static str> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut token, mut object, mut module, mut pin) = (None, None, None, None);
        for (name, value) in pairs(path, ';')?.into_iter().chain(pairs(query, '&')?) {
            let place = match name {
                "token" => &mut token,
                "object" => &mut object,
                "module-path" => &mut module,
                "pin-source" => &mut pin,
                "type" if value == "secret-key" => continue,
                "pin-value" => return Err("the PIN itself has no place here; say where it is with `pin-source`"),
                _ => return Err("it may say `token`, `object`, `module-path` and `pin-source` and nothing else"),
            };
            if value.is_empty() || place.replace(value).is_some() {
                return Err("it says something twice, or nothing");
            }
        }
        let pin = Source::of_secret(&pin.ok_or("it does not say `pin-source`")?);
        let pin = pin.ok_or("`pin-source` is `file:/PATH`, `environment:NAME` or `credential:NAME`")?;
        let module = PathBuf::from(module.ok_or("it does not say `module-path`")?);
        if module.is_relative() {
            return Err("`module-path` names a file by its whole path");
        }
        let token = token.ok_or("it does not say `token`")?;
        Ok(Uri { module, token, object: object.ok_or("it does not say `object`")?, pin })
    }

    /// What tells the key from others, wherever its module lies: a token that is a copy of another is called the same.
    pub fn id(&self) -> String {
        let written = |text| utf8_percent_encode(text, WRITTEN);
        format!("pkcs11:token={};object={}", written(&self.token), written(&self.object))
    }
}

/// Names and values of a query, or of what is written like one.
pub(super) fn pairs(text: &str, between: char) -> Result<Vec<(&str, String)>, &'static str> {
    let one = |pair| {
        let (name, value): (&str, &str) = str::split_once(pair, '=').ok_or("it has a part without `=`")?;
        let value = percent_decode_str(value).decode_utf8().map_err(|_| "it is not written in UTF-8")?;
        if value.contains(char::is_control) {
            return Err("it holds a control character");
        }
        Ok((name, value.into_owned()))
    };
    text.split(between).filter(|pair| !pair.is_empty()).map(one).collect()
}

/// What a query says under these names, each once at most; `wrong` tells what is wrong with another name.
pub(super) fn settings<const COUNT: usize>(
    query: &str,
    names: [&str; COUNT],
    wrong: impl Fn(&str) -> &'static str,
) -> Result<[Option<String>; COUNT], &'static str> {
    let mut said = [const { None }; COUNT];
    for (name, value) in pairs(query, '&')? {
        let at = names.iter().position(|known| *known == name).ok_or_else(|| wrong(name))?;
        if value.is_empty() || said[at].replace(value).is_some() {
            return Err("it says something twice, or nothing");
        }
    }
    Ok(said)
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, pin) = (self.module.display().to_string(), self.pin.to_string());
        let written = |text| utf8_percent_encode(text, WRITTEN);
        write!(f, "{}?module-path={}&pin-source={}", self.id(), written(&module), written(&pin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_it_is_read() {
        for (text, module, token) in [
            ("token=a;object=b?module-path=/lib/p.so&pin-source=file:/etc/pin", "/lib/p.so", "a"),
            ("token=the%20one%3B;object=b?module-path=/lib/p.so&pin-source=credential:pin", "/lib/p.so", "the one;"),
            ("token=%E9%8D%B5;object=b?module-path=/lib/p%26.so&pin-source=environment:PIN", "/lib/p&.so", "鍵"),
        ] {
            let uri = Uri::parse(text).expect(text);
            assert_eq!((uri.module.to_str(), uri.token.as_str()), (Some(module), token));
            assert_eq!(uri.to_string(), format!("pkcs11:{text}"));
        }
        assert!(Uri::parse("object=b;type=secret-key;token=a?pin-source=file:/p&module-path=/m").is_ok());
    }

    #[test]
    fn what_is_not_looked_at_is_refused() {
        for text in [
            "",
            "token=a;object=b",
            "token=a;object=b?module-path=/m",
            "token=a?module-path=/m&pin-source=file:/p",
            "object=b?module-path=/m&pin-source=file:/p",
            "token=a;token=c;object=b?module-path=/m&pin-source=file:/p",
            "token=;object=b?module-path=/m&pin-source=file:/p",
            "token=a;object=b;id=%01?module-path=/m&pin-source=file:/p",
            "token=a;object=b;serial=1?module-path=/m&pin-source=file:/p",
            "token=a;object=b;type=private?module-path=/m&pin-source=file:/p",
            "token=a;object=b?module-path=m&pin-source=file:/p",
            "token=a;object=b?module-path=/m&pin-source=file:p",
            "token=a;object=b?module-path=/m&pin-source=|cat",
            "token=a;object=b?module-path=/m&pin-source=pkcs11:x",
            "token=a;object=b?module-path=/m&pin-value=1234",
            "token=%ff;object=b?module-path=/m&pin-source=file:/p",
            "token=a%0A;object=b?module-path=/m&pin-source=file:/p",
            "token;object=b?module-path=/m&pin-source=file:/p",
        ] {
            assert!(Uri::parse(text).is_err(), "{text}");
        }
    }
}
