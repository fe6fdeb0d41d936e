//! Why the gate refused a message.
//!
//! A fault names the side that is to blame, a reason from a closed list, and a sentence for the log. None of them
//! repeats a byte of the message: a head may hold personal values. To staff it becomes one of the shared reasons for
//! refusal; the finer ones here are for whoever looks for the cause. Status and page are decided in `respond`.

use std::error::Error;
use std::{fmt, io};

use crate::terms::refusal::{self, Refusal};

/// Who sent the message that the gate refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The person or tool that asks.
    Staff,
    /// The CRM that answers.
    Crm,
}

/// What was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Where the message or one of its lines ends is open to two readings.
    Framing,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    Version,
    /// CONNECT, TRACE, or a method that the gateway does not know.
    Method,
    /// A header asks for another method than the request line names.
    MethodOverride,
    /// A target that is not a plain path with an optional query.
    Target,
    /// A target over the bound.
    TargetTooLong,
    /// A head over the bound, in bytes or lines.
    HeadTooLarge,
    /// A header name that some servers read as another name.
    HeaderName,
    /// No `Host`, several, or none that names a host.
    Host,
    /// An expectation other than `100-continue`.
    Expect,
    /// An upgrade of the connection, asked for by staff or done by the CRM.
    Upgrade,
    /// A forwarding header of a trusted proxy that cannot be read.
    Forwarded,
    /// A head that did not arrive in time.
    HeadSlow,
    /// A body that stopped arriving.
    BodySlow,
    /// A message that ended before its framing said.
    Cut,
    /// More interim answers than the bound.
    Interim,
    /// Bytes that belong to no answer.
    Unsolicited,
    /// More than is taken at once: frames of HTTP/2 that ask for nothing, or requests.
    Overload,
}

/// A message that the gate refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateFault {
    /// Who sent it.
    pub side: Side,
    /// What was wrong with it, as a word.
    pub reason: Reason,
    /// What was wrong with it, as a sentence for the log.
    pub detail: &'static str,
}

impl GateFault {
    /// A fault of staff's; the readers that both sides share say this, and `of_crm` moves the blame.
    pub(super) fn new(reason: Reason, detail: &'static str) -> Self {
        GateFault { side: Side::Staff, reason, detail }
    }

    /// A message, or a line of it, whose end is open to two readings.
    pub(super) fn framing(detail: &'static str) -> Self {
        GateFault::new(Reason::Framing, detail)
    }

    /// The same fault in a message of the CRM's.
    pub(super) fn of_crm(self) -> Self {
        GateFault { side: Side::Crm, ..self }
    }

    /// The shared reason that staff and metrics are told. The CRM's faults are one: staff can do nothing about any.
    pub fn told_as(&self) -> refusal::Reason {
        if self.side == Side::Crm {
            return refusal::Reason::UpstreamFraming;
        }
        match self.reason {
            Reason::Framing | Reason::Expect | Reason::Cut | Reason::Interim | Reason::Unsolicited => {
                refusal::Reason::Framing
            }
            Reason::MethodOverride | Reason::Target | Reason::HeaderName | Reason::Forwarded => {
                refusal::Reason::Ambiguous
            }
            Reason::Version => refusal::Reason::Version,
            Reason::Method => refusal::Reason::Method,
            Reason::TargetTooLong => refusal::Reason::PathTooLong,
            Reason::HeadTooLarge => refusal::Reason::HeadTooLarge,
            Reason::Host => refusal::Reason::Host,
            Reason::Upgrade => refusal::Reason::Upgrade,
            Reason::HeadSlow | Reason::BodySlow => refusal::Reason::Slow,
            Reason::Overload => refusal::Reason::Overload,
        }
    }

    /// The word for `Sudare-Refusal` and for metrics.
    pub fn word(&self) -> &'static str {
        self.told_as().word()
    }

    /// The fault at the root of an error of hyper's, if the gate caused it.
    pub fn found_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a GateFault> {
        let mut next = Some(error);
        while let Some(error) = next {
            // An io::Error hides the error it was made of from `source`, so it is asked for by name.
            let inner = error.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
            let fault = inner.and_then(|inner| inner.downcast_ref());
            if fault.is_some() {
                return fault;
            }
            next = error.source();
        }
        None
    }

    /// The fault as hyper takes it.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::other(self)
    }
}

impl From<GateFault> for Refusal {
    fn from(fault: GateFault) -> Self {
        Refusal::new(fault.told_as(), fault.detail)
    }
}

impl fmt::Display for GateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail)
    }
}

impl Error for GateFault {}
