//! Durations, sizes, and values that stand in the environment or in another file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::reader;

/// How long a value in a file of its own may be.
const FILE_BYTES: u64 = 64 << 10;

/// Where values of a file may come from.
pub struct Origin<'a> {
    /// The folder of the file: relative paths begin here.
    pub folder: &'a Path,
    /// Looks a name up in the environment.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Origin<'_> {
    /// Puts in the place of every `env:NAME` and `file:PATH` what it stands for, so that any value
    /// may be one. Gives those for which nothing is there: what they mean is unknown.
    pub fn resolve(&self, node: &mut Node, faults: &mut Faults) -> Vec<Spot> {
        match &mut node.value {
            // The reader bounds how deep lists and maps may stand in each other.
            Value::List(items) => items.iter_mut().flat_map(|item| self.resolve(item, faults)).collect(),
            Value::Map(entries) => {
                entries.iter_mut().flat_map(|entry| self.resolve(&mut entry.value, faults)).collect()
            }
            Value::Scalar { text, .. } => match self.found(text) {
                Ok(None) => Vec::new(),
                Ok(Some(found)) => {
                    *text = found;
                    Vec::new()
                }
                Err((code, message)) => {
                    faults.error(&node.spot, code, message);
                    vec![node.spot.clone()]
                }
            },
        }
    }

    /// What a text stands for, if it stands for another.
    fn found(&self, text: &str) -> Result<Option<String>, (&'static str, String)> {
        if let Some(name) = text.strip_prefix("env:") {
            let value = (self.environment)(name);
            return value.map(Some).ok_or(("no-environment", format!("`{name}` is not set in the environment")));
        }
        let Some(path) = text.strip_prefix("file:") else { return Ok(None) };
        match self.read(path) {
            Ok(value) => Ok(Some(value.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err(("no-file", format!("`{path}` cannot be read: {error}"))),
        }
    }

    /// A path of the file, from the file's own folder.
    pub fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }

    fn read(&self, path: &str) -> std::io::Result<String> {
        let path = self.path(path);
        if std::fs::metadata(&path)?.len() > FILE_BYTES {
            return Err(std::io::Error::other(format!("it is longer than {FILE_BYTES} bytes")));
        }
        std::fs::read_to_string(path)
    }
}

/// `30s`, `5m`, `250ms`, `2h`.
pub fn duration(node: &Node, what: &str, faults: &mut Faults) -> Option<Duration> {
    let text = reader::text(node, what, faults)?;
    let parsed = parse_duration(text);
    if parsed.is_none() {
        faults
            .error(&node.spot, "bad-duration", format!("{what} is not a duration"))
            .help("write `30s`, `5m` or `250ms`");
    }
    parsed
}

/// `64KiB`, `10MiB`, or a number of bytes.
pub fn size(node: &Node, what: &str, faults: &mut Faults) -> Option<usize> {
    let text = reader::text(node, what, faults)?;
    let parsed = parse_size(text);
    if parsed.is_none() {
        faults.error(&node.spot, "bad-size", format!("{what} is not a size")).help("write `64KiB` or `10MiB`");
    }
    parsed
}

/// A value that is not nothing: a gateway that waits for nothing or takes nothing answers nobody.
pub fn some<T: Default + PartialEq>(value: Option<T>, node: &Node, what: &str, faults: &mut Faults) -> Option<T> {
    if value.as_ref() == Some(&T::default()) {
        faults
            .error(&node.spot, "zero", format!("{what} is nothing, so that every request would be refused"))
            .help("leave it out for the default");
        return None;
    }
    value
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(millis)?))
}

fn parse_size(text: &str) -> Option<usize> {
    let (number, unit) = split(text);
    let number: usize = number.parse().ok()?;
    let bytes = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(bytes)
}

fn split(text: &str) -> (&str, &str) {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_written() {
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_duration("5m"), Some(Duration::from_secs(300)));
        assert_eq!(parse_size("64KiB"), Some(65536));
        assert_eq!(parse_size("12"), Some(12));
        for bad in ["", "s", "5", "5 d", "-1s", "99999999999999999999s", "18446744073709551615h"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
        for bad in ["", "KiB", "1KB", "1.5MiB", "18446744073709551615GiB"] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
    }
}
