//! Puts files where they belong, all of them or none.
//!
//! They are written and synced in a folder of their own beside their places, and only then renamed.
//! What stood in a place before is kept under another name; where a rename fails, those before it
//! are taken back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// One file, by its path in the folder.
pub(super) struct Draft {
    pub(super) path: &'static str,
    pub(super) text: String,
    /// Whether others may not read it.
    pub(super) secret: bool,
}

/// What came of a place at the top of the folder: `rules` stands for all in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Put {
    pub(super) place: String,
    /// Where what stood there before is now.
    pub(super) old: Option<PathBuf>,
}

/// How a file gets its place; tests let it fail.
type Rename<'a> = dyn FnMut(&Path, &Path) -> io::Result<()> + 'a;

/// Drafts in a folder of their own; it goes when this is dropped.
pub(super) struct Staging {
    folder: PathBuf,
    own: PathBuf,
    /// Top folder that was made for this, to be taken away when nothing is put there.
    made: Option<PathBuf>,
}

impl Staging {
    /// Writes drafts beside the places that they are meant for.
    pub(super) fn write(folder: &Path, drafts: &[Draft]) -> io::Result<Staging> {
        let made = (!folder.exists()).then(|| first_missing(folder));
        fs::create_dir_all(folder)?;
        let own = folder.join(format!(".sudare-init-{}", std::process::id()));
        // A folder of a process of the same id that was killed; nothing of it was ever used.
        let _ = fs::remove_dir_all(&own);
        let staging = Staging { folder: folder.to_owned(), own, made };
        fs::DirBuilder::new().mode(0o700).create(&staging.own)?;
        for draft in drafts {
            let path = staging.own.join(draft.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mode = if draft.secret { 0o600 } else { 0o644 };
            let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
            file.write_all(draft.text.as_bytes())?;
            file.sync_all()?;
        }
        Ok(staging)
    }

    /// The folder in which the drafts lie as they will lie in their own.
    pub(super) fn path(&self) -> &Path {
        &self.own
    }

    /// Puts every draft in its place; what stands there is kept beside it.
    pub(super) fn put(mut self) -> io::Result<Vec<Put>> {
        let mut done = Vec::new();
        self.all(&mut done, &mut |from, to| fs::rename(from, to))?;
        self.made = None;
        Ok(done)
    }

    /// Puts all drafts in their places, or takes back those that were.
    fn all(&self, done: &mut Vec<Put>, rename: &mut Rename<'_>) -> io::Result<()> {
        let ended = self.each(done, rename).and_then(|()| File::open(&self.folder)?.sync_all());
        if ended.is_err() {
            for put in done.drain(..).rev() {
                self.take_back(&put);
            }
        }
        ended
    }

    fn each(&self, done: &mut Vec<Put>, rename: &mut Rename<'_>) -> io::Result<()> {
        let mut places: Vec<String> = Vec::new();
        for entry in fs::read_dir(&self.own)? {
            places.push(entry?.file_name().to_string_lossy().into_owned());
        }
        places.sort();
        for place in places {
            let target = self.folder.join(&place);
            // An empty folder is nothing to keep; this takes no other.
            let _ = fs::remove_dir(&target);
            let old = if target.symlink_metadata().is_ok() {
                let old = free_name(&target);
                rename(&target, &old)?;
                Some(old)
            } else {
                None
            };
            let put = Put { place, old };
            let renamed = rename(&self.own.join(&put.place), &target);
            if renamed.is_err() {
                self.take_back(&put);
            }
            renamed?;
            done.push(put);
        }
        Ok(())
    }

    /// As it was before, as far as the system lets us; whoever reads the error looks into the folder.
    fn take_back(&self, put: &Put) {
        let target = self.folder.join(&put.place);
        let _ = fs::rename(&target, self.own.join(&put.place));
        if let Some(old) = &put.old {
            let _ = fs::rename(old, &target);
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.own);
        if let Some(made) = &self.made {
            // Only what is empty goes: `remove_dir` takes nothing else.
            let mut folder = self.folder.as_path();
            while fs::remove_dir(folder).is_ok() && folder != made {
                let Some(parent) = folder.parent() else { break };
                folder = parent;
            }
        }
    }
}

/// The first folder on the way that is not there yet.
fn first_missing(folder: &Path) -> PathBuf {
    let missing = folder.ancestors().take_while(|part| !part.as_os_str().is_empty() && !part.exists());
    missing.last().unwrap_or(folder).to_owned()
}

/// `users.yaml.old`, or with a number where that is taken.
fn free_name(target: &Path) -> PathBuf {
    let first = target.with_added_extension("old");
    let mut numbered = (2..).map(|number: u32| target.with_added_extension(format!("old.{number}")));
    if first.symlink_metadata().is_err() {
        return first;
    }
    numbered.find(|name| name.symlink_metadata().is_err()).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn drafts(text: &str) -> Vec<Draft> {
        let draft = |path, secret| Draft { path, text: text.to_owned(), secret };
        vec![draft("a.yaml", false), draft("rules/b.yaml", false), draft("secret.yaml", true)]
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_come_whole_with_their_rights_and_keep_what_was_there() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("new/deep");
        let first = Staging::write(&folder, &drafts("1")).expect("written").put().expect("put");
        assert!(first.iter().all(|put| put.old.is_none()));
        assert_eq!(names(&folder), ["a.yaml", "rules", "secret.yaml"]);
        let mode = |name: &str| fs::metadata(folder.join(name)).expect("a file").permissions().mode() & 0o777;
        assert_eq!([mode("secret.yaml"), mode("a.yaml") & 0o600], [0o600, 0o600]);
        for _ in 0..2 {
            Staging::write(&folder, &drafts("2")).expect("written").put().expect("put");
        }
        assert_eq!(fs::read_to_string(folder.join("rules.old/b.yaml")).expect("kept"), "1");
        assert_eq!(fs::read_to_string(folder.join("a.yaml.old.2")).expect("kept"), "2");
    }

    #[test]
    fn what_is_not_put_leaves_nothing() {
        let home = tempfile::tempdir().expect("a folder");
        drop(Staging::write(&home.path().join("new/deep"), &drafts("1")).expect("written"));
        assert!(names(home.path()).is_empty());
    }

    #[test]
    fn a_failure_at_any_rename_takes_everything_back() {
        for good in 0..5 {
            let home = tempfile::tempdir().expect("a folder");
            fs::write(home.path().join("a.yaml"), "mine").expect("a file");
            fs::create_dir(home.path().join("rules")).expect("a folder");
            fs::write(home.path().join("rules/mine.yaml"), "mine too").expect("a file");
            let staging = Staging::write(home.path(), &drafts("1")).expect("written");
            let (mut count, mut done) = (0, Vec::new());
            let ended = staging.all(&mut done, &mut |from, to| {
                count += 1;
                if count > good { Err(io::ErrorKind::StorageFull.into()) } else { fs::rename(from, to) }
            });
            assert!(ended.is_err() && done.is_empty(), "{good}");
            drop(staging);
            assert_eq!(names(home.path()), ["a.yaml", "rules"], "{good}");
            assert_eq!(fs::read_to_string(home.path().join("a.yaml")).expect("as before"), "mine");
            assert_eq!(names(&home.path().join("rules")), ["mine.yaml"]);
        }
    }
}
