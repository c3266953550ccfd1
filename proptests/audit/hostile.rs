//! The ways in which a server may lie, one row each.
//!
//! What the gateway is to blame for: a client gets at most one reply to a request, and no bytes
//! that the server did not send as the reply to that very request. By order, the n-th reply on a
//! connection is the reply to the n-th request on it, whatever it says; by id, the reply with the
//! request's id is. A server that puts another's answer there (it is *forged*) cannot be found
//! out, so it says so in its log, and the verdict lets exactly that pass.

/// What a hostile server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Early,
    Late,
    Twice,
    WrongId,
    Swapped,
    Cut,
    Reset,
    Stall,
    Dribble,
    Oversize,
    Plaintext,
    Garbage,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Hostile {
    pub(crate) deed: Deed,
    pub(crate) name: &'static str,
    /// It does so at one reply in so many; otherwise it is honest.
    pub(crate) odds: usize,
    /// Whether clients may see forged answers.
    pub(crate) forges: Forges,
}

/// Whether a server's lies can be told from the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forges {
    /// Never an answer that is not the request's own.
    Nothing,
    /// Where replies come in order: there nothing but their number tells whose they are.
    ByOrder,
    /// In any protocol.
    Always,
    /// Nothing at all gets through, and nothing may be wrong with that.
    AllFails,
    /// It is only slow: every request is answered.
    Harmless,
}

impl Hostile {
    /// Whether clients can be held to anything where the gateway relays bytes without reading
    /// them: of what a server sends to its own client, none is left out and none is added.
    pub(crate) const fn shows_in_raw(&self) -> bool {
        match self.deed {
            Deed::Late
            | Deed::Swapped
            | Deed::Cut
            | Deed::Reset
            | Deed::Dribble
            | Deed::Plaintext => true,
            Deed::Early
            | Deed::Twice
            | Deed::WrongId
            | Deed::Stall
            | Deed::Oversize
            | Deed::Garbage => false,
        }
    }
}

const fn row(deed: Deed, name: &'static str, odds: usize, forges: Forges) -> Hostile {
    Hostile {
        deed,
        name,
        odds,
        forges,
    }
}

/// All of them.
pub(crate) const HOSTILE: [Hostile; 12] = [
    // A reply that nobody asked for, with the id that comes next.
    row(Deed::Early, "early", 16, Forges::Always),
    // After the gateway has given the request up.
    row(Deed::Late, "late", 128, Forges::Nothing),
    row(Deed::Twice, "twice", 16, Forges::ByOrder),
    // By order, a reply is left out, which makes those behind it answers to others.
    row(Deed::WrongId, "wrong id", 64, Forges::ByOrder),
    // Two requests get each other's answers.
    row(Deed::Swapped, "swapped", 8, Forges::Always),
    // The end of the stream in the middle of a reply.
    row(Deed::Cut, "cut", 64, Forges::Nothing),
    row(Deed::Reset, "reset", 64, Forges::Nothing),
    // In the middle of a reply, for ever.
    row(Deed::Stall, "stall", 128, Forges::Nothing),
    row(Deed::Dribble, "one byte", 4, Forges::Harmless),
    row(Deed::Oversize, "oversize", 64, Forges::Nothing),
    // Replies as the answer to a TLS hello.
    row(Deed::Plaintext, "plaintext", 1, Forges::AllFails),
    row(Deed::Garbage, "garbage", 64, Forges::Nothing),
];
