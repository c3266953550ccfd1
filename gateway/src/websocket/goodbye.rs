//! What a client of WebSocket is told at the end.

use gatewright_codecs::websocket::CloseCode;

/// The code for the reason why a connection ends: RFC 6455, 7.4.1.
pub(crate) fn code(reason: &str) -> CloseCode {
    match reason {
        "drain" => CloseCode::GoingAway,
        "peer" | "idle" | "last-message" => CloseCode::Normal,
        "frame-time" => CloseCode::Policy,
        "too-long" | "long-body" => CloseCode::TooBig,
        "unanswerable" => CloseCode::Internal,
        // All others are those of frames that cannot be read.
        _ => CloseCode::Inconsistent,
    }
}
