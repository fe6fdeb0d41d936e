//! What becomes of a panic: it ends one task, is counted, and tells its place.
//!
//! A task that panics drops what it holds: the connection is reset, a body that was not ended is
//! broken off, a receipt closes itself as cut. None of that is done here; here it is kept quiet.

use prometheus::IntCounter;

/// A panic ends one task and nothing else. Its message can hold what the code had in hand, so the
/// log gets the place alone.
pub fn hush(count: IntCounter) {
    std::panic::set_hook(Box::new(move |panic| {
        count.inc();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a fault of the gateway's own ended one task; its answer is broken off");
    }));
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Where a log line goes that can be looked at.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic there").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_tells_its_place_and_nothing_of_what_it_held() {
        let (page, count) = (Page::default(), IntCounter::new("count", "panics").expect("a counter"));
        let written = page.clone();
        let log = tracing_subscriber::fmt().json().with_writer(move || written.clone()).finish();
        let before = std::panic::take_hook();
        hush(count.clone());
        let ended = tracing::subscriber::with_default(log, || {
            // What is unwound here is a text, which nothing can be wrong with afterwards.
            std::panic::catch_unwind(|| panic!("the value was {}", "090-1234-5678"))
        });
        std::panic::set_hook(before);
        assert!(ended.is_err());
        assert_eq!(count.get(), 1);
        let told = String::from_utf8(page.0.lock().expect("no panic there").clone()).expect("text");
        assert!(told.contains("src/serve/panics.rs:") && !told.contains("1234"), "{told}");
    }
}
