//! The bytes of the payment protocol, written by hand from its description.
//!
//! ```text
//! ac 4d | length u16 | kind u8 | seq u32 | merchant 15 | pan 19 | amount u32 | currency u16    request, kind 01
//! ac 4d | length u16 | kind u8 | seq u32 | status u8 | code 6                                  reply, kind 81
//! ```

use super::rng::mix;

/// What each frame begins with.
pub(crate) const MAGIC: [u8; 2] = [0xac, 0x4d];
/// The bytes before those that the length counts.
pub(crate) const HEADER: usize = 4;
const AUTH_REQ: u8 = 0x01;
const AUTH_RSP: u8 = 0x81;
const MERCHANT: usize = 15;
const PAN: usize = 19;

/// A request for an authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthReq {
    pub(crate) seq: u32,
    pub(crate) merchant: Vec<u8>,
    pub(crate) pan: &'static str,
    pub(crate) amount: u32,
    pub(crate) currency: u16,
}

impl AuthReq {
    /// One that any backend should like.
    pub(crate) fn new(seq: u32) -> Self {
        Self {
            seq,
            merchant: b"M123".to_vec(),
            pan: "4111111111111111",
            amount: 1250,
            currency: 978,
        }
    }

    pub(crate) fn merchant(self, merchant: impl Into<Vec<u8>>) -> Self {
        Self {
            merchant: merchant.into(),
            ..self
        }
    }

    pub(crate) fn amount(self, amount: u32) -> Self {
        Self { amount, ..self }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut body = vec![AUTH_REQ];
        body.extend(self.seq.to_be_bytes());
        body.extend(padded(&self.merchant, MERCHANT));
        body.extend(padded(self.pan.as_bytes(), PAN));
        body.extend(self.amount.to_be_bytes());
        body.extend(self.currency.to_be_bytes());
        frame(&body)
    }
}

/// The reply to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthRsp {
    pub(crate) seq: u32,
    pub(crate) status: u8,
    pub(crate) code: String,
}

impl AuthRsp {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut body = vec![AUTH_RSP];
        body.extend(self.seq.to_be_bytes());
        body.push(self.status);
        body.extend(padded(self.code.as_bytes(), 6));
        frame(&body)
    }

    /// Reads the whole of one frame, or says what is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        match bytes {
            [0xac, 0x4d, 0, 12, AUTH_RSP, a, b, c, d, status, code @ ..] if code.len() == 6 => {
                Ok(Self {
                    seq: u32::from_be_bytes([*a, *b, *c, *d]),
                    status: *status,
                    code: String::from_utf8(code.to_vec()).map_err(|e| e.to_string())?,
                })
            }
            _ => Err(format!("not a reply: {}", hex(bytes))),
        }
    }
}

/// Puts the magic and the length in front of `body`.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a body that its length can tell");
    [&MAGIC[..], &length.to_be_bytes(), body].concat()
}

/// The approval code that a backend gives for exactly this request: a reply that went to
/// another request is seen by it.
pub(crate) fn approval_code(seq: u32, merchant: &str, amount: u64) -> String {
    let mut state = mix(u64::from(seq)) ^ mix(amount.wrapping_add(1 << 40));
    for byte in merchant.bytes() {
        state = mix(state ^ u64::from(byte));
    }
    (0..6)
        .map(|i| b"0123456789ABCDEFGHIJKLMNOPQRSTUV"[(state >> (5 * i)) as usize % 32] as char)
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn padded(text: &[u8], width: usize) -> Vec<u8> {
    assert!(text.len() <= width, "{text:?} does not fit {width} bytes");
    let mut field = text.to_vec();
    field.resize(width, b' ');
    field
}
