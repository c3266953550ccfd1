//! Frames of WebSocket, whatever a client sends, and however it is cut.

use gatewright_codecs::websocket::{End, MAX_CONTROL, Reader};

/// Holds what pieces of these lengths carry, taken in turns, to what the whole carries.
///
/// # Panics
/// If it does not hold.
pub fn check_websocket(sent: &[u8], cuts: &[usize]) {
    let whole = read(sent, &[]);
    assert!(whole.0.len() <= sent.len(), "bytes from nowhere");
    assert_eq!(read(sent, cuts), whole);
}

fn read(bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Option<End>) {
    let (mut reader, mut carried) = (Reader::default(), Vec::new());
    let mut rest = bytes;
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let next = cuts
            .next()
            .map_or(rest.len(), |cut| (*cut).clamp(1, rest.len()));
        let (piece, behind) = rest.split_at(next);
        let mut piece = piece.to_vec();
        let kept = reader.read(&mut piece);
        carried.extend_from_slice(&piece[..kept]);
        let pong = reader.take_pong();
        assert!(pong.is_none_or(|pong| pong.len() <= 2 + MAX_CONTROL));
        rest = behind;
    }
    (carried, reader.end())
}
