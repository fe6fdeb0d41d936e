//! The gate of HTTP/2, which staff's tools choose by ALPN and in no other way.
//!
//! Here frames say where a message ends, so that no second reader can disagree; what is open to
//! tricks is the head (a request that becomes HTTP/1.1 for the CRM) and the cheapness of frames. So
//! two things stand around hyper's reading. `table` judges each head as strictly as the HTTP/1 gate
//! does and writes it in that gate's form. `watch` counts the frames of both directions: it bounds
//! what costs a client nothing, and finds streams that nobody moves any more. A head that HTTP/2
//! itself forbids (RFC 9113, 8.1.1) never gets here: its stream was reset, and `watch` tells of it.
//!
//! `frame` finds the frames, `purse` pays for them, `streams` keeps their windows, `line` puts the watch between socket and
//! hyper, `serve` runs a connection.

mod frame;
mod line;
mod purse;
pub mod serve;
mod streams;
pub mod table;
mod tasks;
mod watch;
