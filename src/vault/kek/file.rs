//! The key-encryption key in a file of its own, beside the ring or wherever else: one line of base64 that its owner
//! alone may read. A backup that holds the ring and not this file opens nothing.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::vault::kek::{KekError, LocalKey};
use crate::vault::ring::whole;

/// A key in base64 is far shorter; a file of another purpose is not read to its end.
pub const FILE_BYTES_MAX: u64 = 1024;

/// Reads the key.
pub fn open(path: &Path) -> Result<LocalKey, KekError> {
    LocalKey::parse(&text(path)?).ok_or_else(|| KekError::Unfit(path.display().to_string()))
}

/// Reads what a file holds that its owner alone may read.
pub fn text(path: &Path) -> Result<Zeroizing<String>, KekError> {
    let failed = |source| KekError::io(path, "read", source);
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KekError::Exposed { path: path.to_owned(), mode });
    }
    read(file, path, FILE_BYTES_MAX)
}

/// Reads the key, or makes the file where it is not there; of several who try at once all get the same key.
pub fn made(path: &Path) -> Result<LocalKey, KekError> {
    match open(path) {
        Err(KekError::NoFile(_)) => {}
        opened => return opened,
    }
    let key = LocalKey::draw()?;
    match whole::create(path, &key.text()) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open(path),
        Err(error) => Err(KekError::io(path, "made", error)),
    }
}

/// What stands in an opened file, as far as `max`.
pub fn read(file: File, path: &Path, max: u64) -> Result<Zeroizing<String>, KekError> {
    // Grown in one piece: a buffer that moves would leave the key behind it.
    let mut text = Zeroizing::new(String::with_capacity(max as usize + 1));
    let unfit = || KekError::Unfit(path.display().to_string());
    match file.take(max).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(unfit()),
        Err(error) => Err(KekError::io(path, "read", error)),
        Ok(_) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::vault::kek::Wrap;

    fn told(key: Result<LocalKey, KekError>) -> String {
        key.err().expect("an error").to_string()
    }

    #[test]
    fn it_is_made_once_and_for_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kek");
        assert!(told(open(&path)).starts_with("there is no key-encryption key at"));
        let id = made(&path).expect("made").id();
        assert_eq!(made(&path).expect("opened").id(), id);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        assert!(told(made(&path)).ends_with(&format!("run `chmod 600 {}`", path.display())));
    }

    #[test]
    fn another_file_is_no_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kek");
        for bytes in [&b"hello"[..], b"", b"\xff\xfe", &[b'A'; 4000]] {
            fs::write(&path, bytes).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
            assert!(told(open(&path)).contains("holds no key of 32 bytes"));
        }
    }
}
