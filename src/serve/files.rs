//! Files that people and machines change while the gateway runs: how they look from outside, who is
//! still writing them, and who hears of it.
//!
//! Folders are watched, since a replaced file or a swapped symbolic link is another file of the same
//! name. A watch can be blind (a network's file system, a link that leads out of the folder, a limit of
//! the system) and can end unseen, so that whoever needs to know looks at the stamps as well.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// How long a file to which nothing more is written counts as being written while nobody closes it.
const WRITING: Duration = Duration::from_secs(10);

/// Files that are noted as being written; whatever else is written beside them is not counted.
const PENS_MAX: usize = 1024;

/// How a file looks from outside: when any of it differs, it is another file or was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    file: (u64, u64),
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

/// Each file with its stamp, or none where it is not there.
pub type Stamps = Vec<(PathBuf, Option<Stamp>)>;

/// How these files look now.
pub fn stamps(paths: impl IntoIterator<Item = PathBuf>) -> Stamps {
    paths.into_iter().map(|path| (stamp(&path), path)).map(|(stamp, path)| (path, stamp)).collect()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    Some(Stamp {
        file: (about.dev(), about.ino()),
        bytes: about.len(),
        written: (about.mtime(), about.mtime_nsec()),
        changed: (about.ctime(), about.ctime_nsec()),
    })
}

/// Files that somebody has written to and not closed yet: half of a file can be good rules of another
/// meaning.
#[derive(Clone, Default)]
pub struct Pens(Arc<Mutex<HashMap<PathBuf, Instant>>>);

impl Pens {
    /// Whether any of these is being written.
    pub fn write(&self, paths: &[PathBuf]) -> bool {
        let mut pens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pens.retain(|_, since| since.elapsed() < WRITING);
        let written = |path: &PathBuf| std::path::absolute(path).is_ok_and(|path| pens.contains_key(&path));
        !pens.is_empty() && paths.iter().any(written)
    }

    fn hear(&self, event: &Event) {
        let mut pens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if event.need_rescan() {
            // Some news are lost, and with them who has closed what.
            pens.clear();
        }
        for path in &event.paths {
            match event.kind {
                EventKind::Modify(ModifyKind::Data(_)) => {
                    if pens.len() >= PENS_MAX {
                        pens.retain(|_, since| since.elapsed() < WRITING);
                    }
                    if pens.len() < PENS_MAX {
                        pens.insert(path.clone(), Instant::now());
                    }
                }
                // Whoever opens a file may only read it, and touching it writes nothing.
                EventKind::Access(AccessKind::Open(_) | AccessKind::Read)
                | EventKind::Modify(ModifyKind::Metadata(_)) => {}
                // It was closed, or another file has this name now.
                _ => drop(pens.remove(path)),
            }
        }
    }
}

/// Watches the folders of some files for as long as it lives.
pub struct Watch {
    paths: Vec<PathBuf>,
    tell: Arc<dyn Fn() + Send + Sync>,
    pens: Pens,
    watcher: Option<RecommendedWatcher>,
    folders: Stamped,
}

type Stamped = Vec<(PathBuf, Option<(u64, u64)>)>;

impl Watch {
    /// Tells when anything changes beside these files; notes who writes.
    pub fn new(paths: Vec<PathBuf>, pens: Pens, tell: impl Fn() + Send + Sync + 'static) -> Watch {
        let mut watch = Watch { paths, tell: Arc::new(tell), pens, watcher: None, folders: Vec::new() };
        watch.renew();
        watch
    }

    /// Watches anew where a folder was replaced: a watch stays with the folder that had the name.
    pub fn renew(&mut self) {
        let folders = identified(&self.paths);
        if folders == self.folders {
            return;
        }
        self.folders = folders;
        self.watcher = match self.watcher() {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(%error, "changes of rules and certificates are not told of; they are looked for every second");
                None
            }
        };
    }

    fn watcher(&self) -> notify::Result<RecommendedWatcher> {
        let (pens, tell) = (self.pens.clone(), Arc::clone(&self.tell));
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = &event {
                pens.hear(event);
            }
            if event.as_ref().map_or(true, matters) {
                tell();
            }
        })?;
        for (folder, _) in self.folders.iter().filter(|(_, file)| file.is_some()) {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    }
}

/// Reading the rules must not look like a change of them; that somebody has written them is one.
fn matters(event: &Event) -> bool {
    !event.kind.is_access() || event.kind == EventKind::Access(AccessKind::Close(AccessMode::Write))
}

fn identified(paths: &[PathBuf]) -> Stamped {
    let folder = |path: &PathBuf| match path.parent() {
        _ if path.is_dir() => path.clone(),
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => Path::new(".").to_path_buf(),
    };
    let folders: BTreeSet<PathBuf> = paths.iter().map(folder).collect();
    folders
        .into_iter()
        .map(|folder| (stamp(&folder).map(|stamp| stamp.file), folder))
        .map(|(file, folder)| (folder, file))
        .collect()
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RenameMode};

    use super::*;

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(path.into())
    }

    #[test]
    fn a_file_is_being_written_until_it_is_closed() {
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let renamed = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        let (pens, files) = (Pens::default(), ["/r/a.yaml".into()]);
        for (kind, path, written) in [
            (EventKind::Create(CreateKind::File), "/r/a.yaml", false),
            (data, "/r/b.yaml", false),
            (data, "/r/a.yaml", true),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), "/r/a.yaml", true),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), "/r/a.yaml", true),
            (closed, "/r/b.yaml", true),
            (closed, "/r/a.yaml", false),
            (data, "/r/a.yaml", true),
            (renamed, "/r/a.yaml", false),
            (data, "/r/a.yaml", true),
        ] {
            pens.hear(&event(kind, path));
            assert_eq!(pens.write(&files), written, "{kind:?} {path}");
        }
        pens.hear(&Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert!(!pens.write(&files), "what is lost cannot be waited for");
    }

    #[test]
    fn reading_is_no_news_and_closing_is() {
        let access = |kind| event(EventKind::Access(kind), "/r/a.yaml");
        assert!(matters(&access(AccessKind::Close(AccessMode::Write))));
        assert!(!matters(&access(AccessKind::Close(AccessMode::Read))));
        assert!(!matters(&access(AccessKind::Open(AccessMode::Any))));
        assert!(matters(&event(EventKind::Create(CreateKind::Any), "/r/a.yaml")));
    }

    #[test]
    fn another_file_of_the_same_name_has_another_stamp() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&path, "1").expect("written");
        let before = stamps([path.clone()]);
        assert_eq!(before, stamps([path.clone()]));
        std::fs::write(&other, "1").expect("written");
        std::fs::rename(&other, &path).expect("renamed");
        let replaced = stamps([path.clone()]);
        assert_ne!(before, replaced);
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(stamps([path.clone()]), [(path, None)]);
    }
}
