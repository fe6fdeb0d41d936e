//! The bounds of one connection, as the gate needs them: sizes, counts and waits.
//!
//! The listener fills in what users may set; the rest is the gate's own concern and has one value that serves
//! everybody. What bounds a whole request (its body's size, its total time) is the exchange's.

use std::time::Duration;

/// How much, how many and how long on one connection.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The longest head, its last line break included.
    pub head_bytes_max: usize,
    /// The most header lines in one head.
    pub headers_max: usize,
    /// The longest request target.
    pub target_bytes_max: usize,
    /// The most bytes that the chunk extensions of one body may take together.
    pub extension_bytes_max: usize,
    /// The most bytes that the trailer lines of one body may take together.
    pub trailer_bytes_max: usize,
    /// The most interim (1xx) heads before one final answer.
    pub interim_max: usize,
    /// The longest wait from a head's first byte to its last.
    pub head_wait: Duration,
    /// The longest wait without a byte between requests, inside a body, or for staff to take an answer's next byte.
    pub idle_wait: Duration,
    /// The longest that a closing connection is kept so that its client can read the last answer.
    pub linger_wait: Duration,
    /// The most bytes that are read and thrown away meanwhile.
    pub linger_bytes_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            head_bytes_max: 64 << 10,
            headers_max: 100,
            target_bytes_max: 8 << 10,
            extension_bytes_max: 4 << 10,
            trailer_bytes_max: 8 << 10,
            interim_max: 16,
            head_wait: Duration::from_secs(10),
            idle_wait: Duration::from_secs(60),
            linger_wait: Duration::from_secs(2),
            linger_bytes_max: 1 << 20,
        }
    }
}

impl Bounds {
    /// The bounds for what sudare itself writes to the CRM: a request within the bounds has grown by the gateway's own
    /// headers and by the escapes of a canonical path, and must not be refused for that.
    pub(super) fn widened(self) -> Self {
        Bounds {
            head_bytes_max: self.head_bytes_max.saturating_mul(4),
            headers_max: self.headers_max.saturating_mul(2),
            target_bytes_max: self.target_bytes_max.saturating_mul(4),
            ..self
        }
    }
}
