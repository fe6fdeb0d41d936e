//! What this process holds stays in it: no core dump, no other process of the same user that looks into it, and,
//! where the system allows that, no page of it in a swap file.
//!
//! All of its memory is locked and not the keys alone: the values that pass through are what the keys protect, and
//! ciphers keep schedules of their keys wherever they work. That is done only where no limit is set on locked
//! memory, since beneath a limit the gateway would fail in the midst of its work when it reaches it.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Does so from here on; what the system refuses is told, and nothing depends on it.
pub fn keep() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // A program that takes dumps from the kernel gets them beyond that limit, but not of a process that says no.
    let undumped = setrlimit(Resource::Core, none).and(set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(error) = undumped {
        tracing::warn!(%error, "core dumps cannot be turned off: one would hold keys and values");
    }
    if getrlimit(Resource::Memlock).current.is_some() {
        tracing::info!("memory is not locked and may be swapped: the limit on locked memory is not `infinity`");
        return;
    }
    if let Err(error) = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT) {
        tracing::warn!(%error, "memory cannot be locked and may be swapped");
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn this_process_is_not_dumped() {
        keep();
        assert_eq!(dumpable_behavior().expect("said"), DumpableBehavior::NotDumpable);
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    }
}
