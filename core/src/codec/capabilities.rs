//! What a protocol can do, as data that the session, the pools and the config checks read.

/// What ties replies to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorrelationKind {
    /// Nothing on the wire: the n-th reply answers the n-th request.
    Fifo,
    /// A number of so many bits.
    Id {
        /// The width of the wire's field, 1 to 64.
        bits: u8,
    },
    /// Bytes of any form.
    Key,
    /// There are no replies.
    None,
}

/// In which order replies may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyOrder {
    /// As they come: the correlation tells them apart.
    Any,
    /// In the order of the requests.
    OfRequests,
}

/// What the end of a client's sending direction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfClose {
    /// No more requests; those in flight are still answered.
    FinishesReplies,
    /// The client is gone.
    Ends,
}

/// Where a connection may be closed when the gateway drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// Once nothing is in flight.
    MessageBoundary,
    /// The same, and clients are told first, by
    /// [`Control::GoAway`](super::Control::GoAway).
    Announced,
    /// At once.
    Close,
}

/// What servers send that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// Nothing: whatever comes while no reply is due is an error.
    Nothing,
    /// Events, signs of life among them.
    Events,
}

/// From when on a client's messages are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// From the first one on.
    AtOnce,
    /// Once one that [opens](super::Operation::opens) the session was answered, and not by an error.
    AfterOpening,
}

/// Whether a request that may have been carried out can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Only if it certainly was not sent.
    IfUnsent,
    /// Yes: doing it twice is the same as doing it once.
    Idempotent,
}

/// What a request asks of the connection it is sent on, where a server keeps something for each
/// connection. Pools that share connections between clients read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing: it may share a connection with the messages of other clients.
    #[default]
    Nothing,
    /// It changes what the connection does with the same client's later messages (a login, a
    /// chosen database, a protocol version): it is said again on every connection that serves
    /// this client.
    Replay,
    /// A connection of its own until it is answered: it may block.
    Exclusive,
    /// A connection of its own from now on, until the client leaves (transactions,
    /// subscriptions).
    Bound,
}

/// What a protocol can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What ties replies to requests.
    pub correlation: CorrelationKind,
    /// In which order replies may be sent.
    pub reply_order: ReplyOrder,
    /// What a client's half-close means.
    pub half_close: HalfClose,
    /// Where a draining connection may be closed.
    pub drain: Drain,
    /// What servers send that nobody asked for.
    pub unasked: Unasked,
    /// From when on a client's messages are taken.
    pub admission: Admission,
    /// The longest frame that the protocol itself allows, in bytes.
    pub max_frame: usize,
}
