//! What the peer sends: the bytes that it carries, pings, and its close.

use super::close::may_be_sent;
use super::head::{Head, Opcode, Partial};
use super::{MAX_CONTROL, Peer, Violation, written};

/// Why nothing more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer has said goodbye, perhaps with a code.
    Closed(Option<u16>),
    /// The peer did what it must not.
    Violated(Violation),
}

/// Takes a peer's frames apart, a client's by default. Feed it all that comes to [`Reader::read`], then ask for
/// [`Reader::take_pong`] and [`Reader::end`].
#[derive(Debug, Default)]
pub struct Reader {
    from: Peer,
    stage: Stage,
    /// A message has begun and not ended.
    in_message: bool,
    pong: Option<Vec<u8>>,
    end: Option<End>,
}

#[derive(Debug)]
enum Stage {
    Head(Partial),
    Data(Payload),
    Control(Opcode, Payload, Vec<u8>),
}

impl Default for Stage {
    fn default() -> Self {
        Self::Head(Partial::default())
    }
}

/// What is left of a frame.
#[derive(Clone, Copy, Debug)]
struct Payload {
    left: u64,
    /// As it applies to the next byte; zeros change nothing.
    mask: [u8; 4],
}

impl Reader {
    /// One for the frames of that side.
    #[must_use]
    pub fn new(from: Peer) -> Self {
        Self {
            from,
            ..Self::default()
        }
    }

    /// Takes the frames out of what came: the bytes that they carry are moved to the front, and it is said
    /// how many they are. What comes behind the end is dropped.
    pub fn read(&mut self, bytes: &mut [u8]) -> usize {
        let (mut from, mut kept) = (0, 0);
        while self.end.is_none() && from < bytes.len() {
            let rest = bytes.get_mut(from..).unwrap_or_default();
            let step = self.step(rest);
            if let Step::Carried(length) = step {
                bytes.copy_within(from..from.saturating_add(length), kept);
                kept = kept.saturating_add(length);
            }
            from = from.saturating_add(step.taken());
        }
        kept
    }

    /// The answer to the last ping that came since this was asked, without a mask; those before it need none
    /// (RFC 6455, 5.5.3).
    pub const fn take_pong(&mut self) -> Option<Vec<u8>> {
        self.pong.take()
    }

    /// Why nothing more is read, if so.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    fn step(&mut self, bytes: &mut [u8]) -> Step {
        match &mut self.stage {
            Stage::Head(partial) => {
                let Some(byte) = bytes.first() else {
                    return Step::Taken(0);
                };
                match partial.take(*byte, self.from) {
                    Ok(None) => {}
                    Ok(Some(head)) => self.begin(head),
                    Err(violation) => self.end = Some(End::Violated(violation)),
                }
                Step::Taken(1)
            }
            Stage::Data(payload) => {
                let length = payload.unmask(bytes);
                if payload.left == 0 {
                    self.stage = Stage::default();
                }
                Step::Carried(length)
            }
            Stage::Control(opcode, payload, said) => {
                let length = payload.unmask(bytes);
                said.extend_from_slice(bytes.get(..length).unwrap_or_default());
                if payload.left == 0 {
                    let (opcode, said) = (*opcode, std::mem::take(said));
                    self.stage = Stage::default();
                    self.handle_control(opcode, &said);
                }
                Step::Taken(length)
            }
        }
    }

    /// What a frame with this head has to be read as.
    fn begin(&mut self, head: Head) {
        let payload = Payload {
            left: head.length,
            mask: head.mask,
        };
        self.stage = Stage::default();
        match (head.opcode, self.in_message) {
            (Opcode::Continuation, true) | (Opcode::Binary, false) => {
                self.in_message = !head.fin;
                if payload.left > 0 {
                    self.stage = Stage::Data(payload);
                }
            }
            (Opcode::Continuation, false) | (Opcode::Binary | Opcode::Text, true) => {
                self.end = Some(End::Violated(Violation::Fragment));
            }
            (Opcode::Text, false) => self.end = Some(End::Violated(Violation::Text)),
            (opcode @ (Opcode::Close | Opcode::Ping | Opcode::Pong), _) => match payload.left {
                0 => self.handle_control(opcode, &[]),
                _ => {
                    let said = Vec::with_capacity(MAX_CONTROL);
                    self.stage = Stage::Control(opcode, payload, said);
                }
            },
        }
    }

    fn handle_control(&mut self, opcode: Opcode, said: &[u8]) {
        match opcode {
            Opcode::Ping => self.pong = Some(written::pong(said)),
            Opcode::Close => {
                self.end = Some(closed(said).map_or_else(End::Violated, End::Closed));
            }
            // RFC 6455, 5.5.3: a pong that nobody asked for is a heartbeat, and not answered.
            Opcode::Pong | Opcode::Continuation | Opcode::Text | Opcode::Binary => {}
        }
    }
}

/// What one step did to the bytes at the front.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// They are done with.
    Taken(usize),
    /// They are what the frame carries.
    Carried(usize),
}

impl Step {
    const fn taken(self) -> usize {
        match self {
            Self::Taken(length) | Self::Carried(length) => length,
        }
    }
}

impl Payload {
    /// Unmasks what of it is at the front of `bytes`, and says how long that is.
    fn unmask(&mut self, bytes: &mut [u8]) -> usize {
        let length = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let here = bytes.get_mut(..length).unwrap_or_default();
        let key = u32::from_le_bytes(self.mask);
        let (words, odd) = here.as_chunks_mut();
        for word in words {
            *word = (u32::from_le_bytes(*word) ^ key).to_le_bytes();
        }
        for (byte, key) in odd.iter_mut().zip(self.mask) {
            *byte ^= key;
        }
        self.mask.rotate_left(length % 4);
        self.left = self.left.saturating_sub(length as u64);
        length
    }
}

/// RFC 6455, 5.5.1: nothing, or a code and a reason in UTF-8.
fn closed(said: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = said.split_first_chunk::<2>() else {
        return match said {
            [] => Ok(None),
            _ => Err(Violation::CloseCode),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Violation::CloseCode);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(Violation::CloseReason),
    }
}
