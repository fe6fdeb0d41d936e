//! Keeps young what the sources of identity have read from elsewhere: files of names and groups,
//! and identity providers' keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::identity::file::Watched;
use crate::identity::{Source, Way};
use crate::serve::jwks;

/// How often files are looked at: whoever loses a group has lost it within this time.
const LOOK: Duration = Duration::from_secs(2);

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
        loop {
            sleep(LOOK).await;
            let sources = Arc::clone(&sources);
            // Should looking fail, what was read before stays in force.
            let _ = spawn_blocking(move || sources.iter().for_each(look)).await;
        }
    });
    let _ = stop.wait_for(|stop| *stop).await;
}

fn look(source: &Source) {
    if let Way::Basic(basic) = &source.way {
        told(&basic.users);
    }
    if let Some(register) = &source.groups {
        told(register);
    }
}

fn told<T>(file: &Watched<T>) {
    let path = file.path().display();
    match file.look() {
        Ok(false) => {}
        Ok(true) => tracing::info!(%path, "a file of staff was read anew"),
        Err(why) => tracing::error!(%path, why, "a changed file of staff is wrong; the old one stays in force"),
    }
}
