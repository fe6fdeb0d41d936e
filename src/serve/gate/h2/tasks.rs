//! The tasks of one connection's streams, which end with it.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::rt::Executor;
use tokio::task::JoinSet;

/// Where hyper starts a stream's task. There are as many at once as the connection has streams.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    fn set(&self) -> MutexGuard<'_, JoinSet<()>> {
        // A set of tasks is whole at every moment, so that a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut set = self.set();
        // One that panicked has reset its stream, and the hook has told of it.
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }
}

/// Ends all tasks when the connection ends, in whatever way; tasks hold their set and would keep it alive.
pub(super) struct Owner(pub Tasks);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.set().abort_all();
    }
}
