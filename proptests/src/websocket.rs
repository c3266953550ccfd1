//! Frames of WebSocket, whatever a client sends.

use gatewright_codecs::websocket::{End, MAX_CONTROL, Reader};

/// Holds what is read of `sent` in pieces of these lengths, by turns, to what is read of it at once.
///
/// # Panics
/// If it is something else, or more than was sent.
pub fn check_websocket(sent: &[u8], cuts: &[usize]) {
    let whole = read(sent, &[]);
    assert!(whole.0.len() <= sent.len());
    assert_eq!(read(sent, cuts), whole);
    assert_eq!(read(sent, &[1]), whole);
}

/// What was carried, and how it ended.
fn read(bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Option<End>) {
    let (mut reader, mut carried) = (Reader::default(), Vec::new());
    let (mut rest, mut cuts) = (bytes, cuts.iter().cycle());
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
