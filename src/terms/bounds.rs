//! Every bound in one table: what is longer, deeper or later is refused.

use std::time::Duration;

/// The bounds of one gateway; each is a key under `bounds:` in gateway.yaml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Headers in one head.
    pub headers: usize,
    /// Bytes of a request's path and query.
    pub path_bytes: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Nesting of JSON.
    pub depth: usize,
    /// Bytes of one value.
    pub value_bytes: usize,
    /// Bytes of an answer that are held until they are decided.
    pub hold_bytes: usize,
    /// Bytes that all answers together may hold.
    pub hold_all_bytes: usize,
    /// How many times its length a packed body may give.
    pub inflate_ratio: usize,
    /// How long a connection to the CRM may take.
    pub connect: Duration,
    /// How long a request's head may take.
    pub head: Duration,
    /// How long a connection may be idle.
    pub idle: Duration,
    /// How long a request may take.
    pub request: Duration,
    /// How long an answer waits for the ledger.
    pub ledger_wait: Duration,
    /// Connections from staff.
    pub connections: usize,
    /// How long a stop waits for answers in flight.
    pub drain: Duration,
    /// Random tokens that the vault keeps.
    pub tokens: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            head_bytes: 64 << 10,
            headers: 100,
            path_bytes: 8 << 10,
            body_bytes: 64 << 20,
            depth: 128,
            value_bytes: 1 << 20,
            hold_bytes: 2 << 20,
            hold_all_bytes: 256 << 20,
            inflate_ratio: 200,
            connect: Duration::from_secs(2),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            request: Duration::from_secs(300),
            ledger_wait: Duration::from_secs(1),
            connections: 10_000,
            drain: Duration::from_secs(30),
            tokens: 10_000_000,
        }
    }
}
