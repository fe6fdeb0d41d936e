//! What sort of thing happened, in the ledger's words.

/// The event of a ledger record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Staff looked at something.
    View,
    /// Staff looked for something.
    Search,
    /// Staff took many records at once.
    Export,
    /// Staff changed something.
    Write,
    /// A veiled value went back home in a write.
    Restore,
    /// A token was turned back.
    Reveal,
    /// A request was refused.
    Refused,
    /// Somebody proved who they are to the CRM.
    Login,
    /// The rules changed.
    Policy,
    /// The key ring changed.
    Keys,
    /// The ledger itself was mended or read.
    Ledger,
    /// The gateway started.
    Start,
    /// The gateway stopped.
    Stop,
}

impl Event {
    /// Every event, in the contract's order.
    pub const ALL: [Event; 13] = [
        Event::View,
        Event::Search,
        Event::Export,
        Event::Write,
        Event::Restore,
        Event::Reveal,
        Event::Refused,
        Event::Login,
        Event::Policy,
        Event::Keys,
        Event::Ledger,
        Event::Start,
        Event::Stop,
    ];

    /// The word in rules and records.
    pub fn word(self) -> &'static str {
        match self {
            Event::View => "view",
            Event::Search => "search",
            Event::Export => "export",
            Event::Write => "write",
            Event::Restore => "restore",
            Event::Reveal => "reveal",
            Event::Refused => "refused",
            Event::Login => "login",
            Event::Policy => "policy",
            Event::Keys => "keys",
            Event::Ledger => "ledger",
            Event::Start => "start",
            Event::Stop => "stop",
        }
    }

    /// The event of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Event> {
        Event::ALL.into_iter().find(|event| event.word() == word)
    }
}
