//! Frames of WebSocket, whatever a peer sends.

use gatewright_codecs::websocket::{End, MAX_CONTROL, Peer, Reader};

/// Holds what is read of `sent` in pieces of these lengths, by turns, to what is read of it at once.
///
/// # Panics
/// If it is something else, or more than was sent.
pub fn check_websocket(sent: &[u8], cuts: &[usize]) {
    for from in [Peer::Client, Peer::Server] {
        let whole = read(sent, from, &[]);
        assert!(whole.0.len() <= sent.len());
        assert_eq!(read(sent, from, cuts), whole);
        assert_eq!(read(sent, from, &[1]), whole);
    }
}

/// What was carried, and how it ended.
fn read(bytes: &[u8], from: Peer, cuts: &[usize]) -> (Vec<u8>, Option<End>) {
    let (mut reader, mut carried) = (Reader::new(from), Vec::new());
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
