//! The key-encryption key as a credential of the service manager (systemd's `LoadCredential=` and
//! `LoadCredentialEncrypted=`): a file in a folder that this service alone can enter, named by
//! `$CREDENTIALS_DIRECTORY`. Who may read it is the service manager's affair.

use std::fs::File;
use std::path::Path;

use zeroize::Zeroizing;

use crate::vault::kek::{KekError, LocalKey, file};

/// The variable that names the folder.
pub const FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// The key that a credential holds.
pub fn open(name: &str, folder: Option<&Path>) -> Result<LocalKey, KekError> {
    let unfit = || KekError::Unfit(name.to_owned());
    LocalKey::parse(&text(name, folder)?).ok_or_else(unfit)
}

/// What a credential holds.
pub fn text(name: &str, folder: Option<&Path>) -> Result<Zeroizing<String>, KekError> {
    let none = || KekError::NoCredentials(name.to_owned());
    let path = folder.ok_or_else(none)?.join(name);
    let opened = File::open(&path).map_err(|source| KekError::io(&path, "read", source));
    match opened {
        Err(KekError::NoFile(_)) => Err(none()),
        opened => file::read(opened?, &path, file::FILE_BYTES_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::kek::Wrap;

    #[test]
    fn a_credential_is_a_file_in_the_folder_that_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = LocalKey::draw().expect("a key");
        std::fs::write(folder.path().join("kek"), key.text().as_bytes()).expect("written");
        assert_eq!(open("kek", Some(folder.path())).expect("a key").id(), key.id());
        for (name, folder) in [("kek", None), ("other", Some(folder.path()))] {
            let told = open(name, folder).err().expect("an error").to_string();
            assert!(told.contains(&format!("`LoadCredential={name}:PATH`")), "{told}");
        }
    }
}
