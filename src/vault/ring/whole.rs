//! Files of secrets that are there whole or not at all: written under another name, made durable, and only then
//! given their own.
//!
//! A file that takes the place of another belongs to whoever the other belonged to; a new one to whoever the folder
//! belongs to, so that what root does for a gateway is still the gateway's.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;

/// How often and how long whoever wants to change a file waits for another who does.
const TURNS: u32 = 100;
const TURN: Duration = Duration::from_millis(50);

/// Makes a file (0600). Of several who try at once one succeeds: the others get `AlreadyExists`.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    let draft = draft(path)?;
    // What root makes is the folder's owner's; what others make is theirs, whosever the folder is.
    let owner = fs::metadata(folder(path))?;
    let owner = rustix::process::geteuid().is_root().then_some(&owner);
    let made = write_new(&draft, text, owner).and_then(|()| fs::hard_link(&draft, path));
    // The draft has served whether or not it got its name; a leftover is as safe as the file.
    let _ = fs::remove_file(&draft);
    made?;
    File::open(folder(path))?.sync_all()
}

/// Puts a file (0600) in the place of another.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path)?;
    let draft = draft(&path)?;
    let placed = write_new(&draft, text, Some(&fs::metadata(&path)?)).and_then(|()| fs::rename(&draft, &path));
    if placed.is_err() {
        let _ = fs::remove_file(&draft);
    }
    placed?;
    File::open(folder(&path))?.sync_all()
}

/// Waits until nobody else changes a file, and keeps others from it for as long as what it gives lives; nothing
/// where that takes too long. A file beside it is locked, since the file itself is replaced.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    // Whoever comes by a link waits for the same lock as whoever does not.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = path.with_added_extension("lock");
    let file = match OpenOptions::new().write(true).open(&beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let owner = fs::metadata(path).or_else(|_| fs::metadata(folder(path)))?;
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&beside)?;
            belong(&file, &owner)?;
            file
        }
        opened => opened?,
    };
    for _ in 0..TURNS {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => sleep(TURN),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn draft(path: &Path) -> io::Result<PathBuf> {
    let mut nonce = [0; 8];
    rand::fill(&mut nonce).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(path.with_added_extension(HEXLOWER.encode(&nonce)))
}

fn write_new(path: &Path, text: &str, owner: Option<&Metadata>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    if let Some(owner) = owner {
        belong(&file, owner)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Gives a file to an owner; whoever is not root keeps what is theirs.
fn belong(file: &File, owner: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (owner.uid(), owner.gid()) {
        return Ok(());
    }
    match fchown(file, Some(owner.uid()), Some(owner.gid())) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && own.uid() == owner.uid() => Ok(()),
        given => given,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_made_once_and_replaced_whole() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("keys");
        create(&path, "one").expect("made");
        assert_eq!(create(&path, "two").expect_err("there").kind(), io::ErrorKind::AlreadyExists);
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        replace(&link, "three").expect("replaced");
        let held = lock(&link).expect("a lock").expect("free");
        assert!(home.path().join("keys.lock").exists() && !home.path().join("link.lock").exists());
        drop(held);
        fs::remove_file(home.path().join("keys.lock")).expect("removed");
        assert_eq!(fs::read_to_string(&path).expect("text"), "three");
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(replace(&home.path().join("none"), "x").is_err());
        assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 2, "no draft is left");
    }

    #[test]
    fn one_at_a_time() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("keys");
        let held = lock(&path).expect("a lock").expect("free");
        let other = OpenOptions::new().write(true).open(home.path().join("keys.lock")).expect("there");
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        assert!(lock(&path).expect("a lock").is_some());
    }
}
