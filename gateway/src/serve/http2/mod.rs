//! A client that speaks HTTP/2 (RFC 9113).

mod collecting;
mod message;
mod reception;
mod rewound;

pub(super) use reception::Http2;
pub(super) use rewound::Rewound;

/// What a client of HTTP/2 begins with (RFC 9113, section 3.4).
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
