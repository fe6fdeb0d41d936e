//! Where those who work by something that does not change leave what they have learnt of it, for
//! whoever works by it next: tables that would else be made anew for each request.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many lie there at most: so many requests at one time find one.
const PLACES: usize = 32;

/// A shelf. A copy of what it belongs to begins with an empty one, since it may be changed.
#[derive(Default)]
pub struct Shelf(Mutex<Vec<Box<dyn Any + Send>>>);

impl Shelf {
    /// Takes what was left there last, or begins anew.
    pub fn take<T: Any + Send + Default>(&self) -> Box<T> {
        let last = self.all().pop();
        last.and_then(|last| last.downcast().ok()).unwrap_or_default()
    }

    /// Leaves what was learnt, if there is room.
    pub fn put<T: Any + Send>(&self, learnt: Box<T>) {
        let mut all = self.all();
        if all.len() < PLACES {
            all.push(learnt);
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Box<dyn Any + Send>>> {
        // A list is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Shelf {
    fn clone(&self) -> Shelf {
        Shelf::default()
    }
}

/// What was learnt says nothing of what something is.
impl PartialEq for Shelf {
    fn eq(&self, _: &Shelf) -> bool {
        true
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shelf")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_found_and_a_copy_has_nothing() {
        let shelf = Shelf::default();
        assert_eq!(*shelf.take::<u8>(), 0);
        shelf.put(Box::new(7_u8));
        assert_eq!((*shelf.clone().take::<u8>(), *shelf.take::<u8>(), *shelf.take::<u8>()), (0, 7, 0));
        (0..2 * PLACES).for_each(|_| shelf.put(Box::new(0_u8)));
        assert_eq!(shelf.all().len(), PLACES);
    }
}
