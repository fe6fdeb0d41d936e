//! Keeps young what the sources of identity have read from elsewhere: files of names and groups,
//! and identity providers' keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::identity::file::Watched;
use crate::identity::{Source, Way};
use crate::serve::files::{Stamps, stamps};
use crate::serve::jwks;

/// How often files are looked at: whoever loses a group has lost it within this time.
/// A file counts when it looked the same the time before, so that half of one is not taken for it.
const LOOK: Duration = Duration::from_millis(500);

/// Keeps them young until `stop` says so.
pub async fn keep(sources: Arc<Vec<Source>>, mut stop: watch::Receiver<bool>) {
    let mut keeping = JoinSet::new();
    for number in 0..sources.len() {
        let sources = Arc::clone(&sources);
        keeping.spawn(async move {
            if let Some(Way::Jwt(jwt)) = sources.get(number).map(|source| &source.way) {
                jwks::keep(jwt).await;
            }
        });
    }
    keeping.spawn(async move {
        let mut before = Stamps::new();
        loop {
            sleep(LOOK).await;
            let sources = Arc::clone(&sources);
            let last = std::mem::take(&mut before);
            // Should looking fail, what was read before stays in force.
            before = spawn_blocking(move || look(&sources, &last)).await.unwrap_or_default();
        }
    });
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Reads what is still; gives how the files look now.
fn look(sources: &[Source], before: &Stamps) -> Stamps {
    let mut now = Stamps::new();
    for source in sources {
        if let Way::Basic(basic) = &source.way {
            told(&basic.users, before, &mut now);
        }
        if let Some(register) = &source.groups {
            told(register, before, &mut now);
        }
    }
    now
}

fn told<T>(file: &Watched<T>, before: &Stamps, now: &mut Stamps) {
    let looks = stamps([file.path().to_owned()]);
    let still = looks.iter().all(|look| before.contains(look));
    now.extend(looks);
    if !still {
        return;
    }
    let path = file.path().display();
    match file.look() {
        Ok(false) => {}
        Ok(true) => tracing::info!(%path, "a file of staff was read anew"),
        Err(why) => tracing::error!(%path, why, "a changed file of staff is wrong; the old one stays in force"),
    }
}
