//! Why an exchange is refused. Statuses and sentences for people are made of it elsewhere.

use std::fmt;

use crate::terms::disclosure::Subject;
use crate::terms::secret::Secret;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The word in `Sudare-Refusal:` and in the metric: what exactly was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// The word as users read it.
            pub fn word(self) -> &'static str {
                match self { $(Reason::$name => $word,)* }
            }
        }
    };
}

reasons! {
    /// A request whose framing can be read in two ways.
    Framing = "framing",
    /// A request whose path, host or parameters can be read in two ways.
    Ambiguous = "ambiguous",
    /// `Host` is missing, repeated or odd.
    Host = "host",
    /// A request for another protocol on this connection.
    Upgrade = "upgrade",
    /// The HTTP version is not spoken here.
    Version = "version",
    /// The request's head is too long.
    HeadTooLarge = "head-too-large",
    /// The path is too long.
    PathTooLong = "path-too-long",
    /// The request is for a host that is not served here, or not on this connection.
    Misdirected = "misdirected",
    /// The method is not allowed.
    Method = "method",
    /// The request did not come in time.
    Slow = "slow",
    /// The request's body is too long.
    BodyTooLarge = "body-too-large",
    /// The request's body cannot be read as what it says it is.
    RequestUnreadable = "request-unreadable",
    /// A write says what is done with values, and not what they are: it may move and compare hidden ones.
    Patch = "patch",
    /// Nobody knows who asks, or a credential is wrong.
    Unrecognised = "unrecognised",
    /// Staff's credential logs a connection in, not a request.
    ConnectionCredential = "connection-credential",
    /// Staff has no role.
    NoRole = "no-role",
    /// A rule blocks what the answer or the request holds.
    Rule = "rule",
    /// The request says in two ways what it is made for, or with a word that nobody declared.
    Purpose = "purpose",
    /// The path is not declared and the rules block those.
    Undeclared = "undeclared",
    /// A question about a veiled kind: sort, prefix, range.
    Query = "query",
    /// Staff has looked for more values of veiled kinds than a limit allows.
    Limit = "limit",
    /// A write holds what looks like a veil.
    Veil = "veil",
    /// No such page of the gateway's own.
    NotFound = "not-found",
    /// There is nothing that may be revealed.
    Reveal = "reveal",
    /// A browser asks for what no script of a page may get: staff must confirm it.
    Confirm = "confirm",
    /// The CRM's answer is framed in a way that can be read twice.
    UpstreamFraming = "upstream-framing",
    /// The CRM's answer cannot be read as what it says it is.
    Unreadable = "unreadable",
    /// The request and the CRM's answer say that they are about two different subjects.
    Subject = "subject",
    /// The CRM's answer lacks what the rules declare.
    Shape = "shape",
    /// The CRM's answer is larger, deeper or longer than what can be held.
    Bound = "bound",
    /// The CRM's answer leads to another site, which no rule names.
    Redirect = "redirect",
    /// The request came through this gateway before.
    Loop = "loop",
    /// The CRM cannot be reached.
    UpstreamAway = "upstream-away",
    /// The CRM cannot prove that it is itself.
    UpstreamUntrusted = "upstream-untrusted",
    /// The CRM asks for a log-in that belongs to a connection.
    ConnectionLogin = "connection-login",
    /// The CRM did not answer in time.
    UpstreamSlow = "upstream-slow",
    /// The ledger cannot be written.
    Ledger = "ledger",
    /// The keys are not there.
    Keys = "keys",
    /// Who asks cannot be found out now: the identity provider's keys or the CRM's word are not there.
    IdentityAway = "identity-away",
    /// Too much at once.
    Overload = "overload",
    /// The gateway itself failed.
    Internal = "internal",
}

/// A refusal: the reason, and a note for the operator that holds no personal value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// What exactly, for logs and `explain`: names of places, kinds and rules, never values.
    pub note: String,
    /// After how many seconds it is worth to ask again, where that is known.
    pub after: Option<u32>,
    /// What staff themselves call the field that is meant: for their own eyes, and never a value.
    pub field: Option<Secret>,
    /// Whom it is about, where two are meant that should be one: for the ledger alone.
    pub about: Vec<Subject>,
}

impl Refusal {
    /// A refusal with a note.
    pub fn new(reason: Reason, note: impl Into<String>) -> Refusal {
        Refusal { reason, note: note.into(), after: None, field: None, about: Vec::new() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.word(), self.note)
    }
}

impl std::error::Error for Refusal {}
