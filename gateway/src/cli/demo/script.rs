//! What the demo plays: recorded frames of `pos`, and what must come of them.

use bytes::Bytes;
use std::fmt;

/// One step: what is sent in one write, and what must happen then.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) title: &'static str,
    /// Why it matters.
    pub(super) why: &'static str,
    pub(super) sender: Sender,
    pub(super) frames: &'static [&'static [u8]],
    /// How the backend's exchanges end, in the order in which their requests come in.
    pub(super) backend: &'static [BackendEnd],
    /// The replies in the order in which they come back; none means that the connection is
    /// closed.
    pub(super) replies: &'static [Expected],
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The terminal, over the one connection that it keeps.
    Terminal,
    /// Somebody else, over a connection for this alone.
    Stranger,
}

/// How an exchange with the backend ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackendEnd {
    Status(u16),
    Reset,
}

/// A reply, as far as the script knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) seq: u64,
    pub(super) status: u64,
}

impl fmt::Display for BackendEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Reset => f.write_str("reset"),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} for seq {}", self.status, self.seq)
    }
}

const fn reply(seq: u64, status: u64) -> Expected {
    Expected { seq, status }
}

/// A payment that is approved at once: the script's first.
pub(super) const APPROVED: &[u8] =
    b"\xac\x4d\0\x2d\x01\0\0\0\x07M123           4111111111111111   \0\0\x04\xe2\x03\xd2";

/// The steps, in order.
pub(super) const STEPS: &[Step] = &[
    Step {
        title: "A payment is approved",
        why: "Four lines of rules make the frame a POST, and the answer's JSON a frame again. \
              The card's number is a secret of the protocol: nothing that people read shows it.",
        sender: Sender::Terminal,
        frames: &[APPROVED],
        backend: &[BackendEnd::Status(201)],
        replies: &[reply(7, 0)],
    },
    Step {
        title: "Two payments in one write, answered out of order",
        why: "Both are on their way at once. The backend asks the first card's issuer, which \
              takes 150 ms, so the second reply overtakes; `seq` ties each to its request.",
        sender: Sender::Terminal,
        frames: &[
            b"\xac\x4d\0\x2d\x01\0\0\0\x08M123           5105105105105100   \0\0\xc3\x50\x03\xd2",
            b"\xac\x4d\0\x2d\x01\0\0\0\x09M123           4000000000000002   \0\0\x03\xde\x03\x3a",
        ],
        backend: &[BackendEnd::Status(201), BackendEnd::Status(201)],
        replies: &[reply(9, 0), reply(8, 0)],
    },
    Step {
        title: "A payment is declined",
        why: "402 is an answer like any other: a rule makes it status 51, insufficient funds.",
        sender: Sender::Terminal,
        frames: &[
            b"\xac\x4d\0\x2d\x01\0\0\0\x0aM123           4111111111111111   \0\x03\xd0\x90\x03\xd2",
        ],
        backend: &[BackendEnd::Status(402)],
        replies: &[reply(10, 51)],
    },
    Step {
        title: "The backend is too slow",
        why: "After the upstream's timeout, 800 ms, the stream is reset, so that the backend need \
              not go on, and the terminal is told in its own language: status 91.",
        sender: Sender::Terminal,
        frames: &[
            b"\xac\x4d\0\x2d\x01\0\0\0\x0bM123           4111111111111111   \0\x01\x2f\x84\x03\xd2",
        ],
        backend: &[BackendEnd::Reset],
        replies: &[reply(11, 91)],
    },
    Step {
        title: "A malformed frame",
        why: "Currency 0 does not exist. The frame's end is known and its `seq` can be read, so \
              it gets a native answer, 96, and the connection lives on. The backend sees nothing.",
        sender: Sender::Terminal,
        frames: &[
            b"\xac\x4d\0\x2d\x01\0\0\0\x0cM123           4111111111111111   \0\0\x04\xe2\0\0",
        ],
        backend: &[],
        replies: &[reply(12, 96)],
    },
    Step {
        title: "A stranger with a wrong magic",
        why: "Nobody knows where the next frame of such a connection would start: it is closed.",
        sender: Sender::Stranger,
        frames: &[b"\xac\x4e\0\x2d\x01\0\0\0\x0d"],
        backend: &[],
        replies: &[],
    },
    Step {
        title: "Everybody else is unharmed",
        why: "The terminal's connection is still the first one, all steps through.",
        sender: Sender::Terminal,
        frames: &[
            b"\xac\x4d\0\x2d\x01\0\0\0\x0eM123           4111111111111111   \0\0\x07\xcf\x03\xd2",
        ],
        backend: &[BackendEnd::Status(201)],
        replies: &[reply(14, 0)],
    },
];

/// A field's place in a frame, for those who look at bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// In bytes.
    pub(super) width: usize,
    pub(super) shown: Shown,
}

/// Whether people may see a field's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Plainly,
    Masked,
}

const fn field(name: &'static str, width: usize) -> Field {
    Field {
        name,
        width,
        shown: Shown::Plainly,
    }
}

const HEADER: [Field; 4] = [
    field("magic", 2),
    field("len", 2),
    field("kind", 1),
    field("seq", 4),
];

const AUTH_REQ: &[Field] = &[
    HEADER[0],
    HEADER[1],
    HEADER[2],
    HEADER[3],
    field("merchant", 15),
    Field {
        shown: Shown::Masked,
        ..field("pan", 19)
    },
    field("amount", 4),
    field("currency", 2),
];

const AUTH_RSP: &[Field] = &[
    HEADER[0],
    HEADER[1],
    HEADER[2],
    HEADER[3],
    field("status", 1),
    field("code", 6),
];

/// The fields of a frame of `pos`, as far as its bytes go.
pub(super) fn fields(frame: &[u8]) -> &'static [Field] {
    match (frame.get(4), frame.len()) {
        (Some(0x01), 49) => AUTH_REQ,
        (Some(0x81), 16) => AUTH_RSP,
        _ => &HEADER,
    }
}

/// All of a step's frames, as they go into one write.
pub(super) fn write(step: &Step) -> Bytes {
    step.frames.concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_frame_is_a_field() {
        for frame in STEPS.iter().flat_map(|step| step.frames) {
            let width: usize = fields(frame).iter().map(|field| field.width).sum();
            assert_eq!(width, frame.len(), "{}", frame.escape_ascii());
        }
    }

    #[test]
    fn every_reply_has_its_request() {
        for step in STEPS {
            let sent = |frame: &&[u8]| u32::from_be_bytes(frame[5..9].try_into().unwrap());
            let mut sent: Vec<u64> = step.frames.iter().map(sent).map(u64::from).collect();
            let mut answered: Vec<u64> = step.replies.iter().map(|reply| reply.seq).collect();
            sent.sort_unstable();
            answered.sort_unstable();
            assert!(answered == sent || answered.is_empty(), "{}", step.title);
        }
    }
}
