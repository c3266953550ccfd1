use super::*;

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        middle @ 126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    bytes.extend(masked.map(|(byte, key)| byte ^ key));
    bytes
}

/// What a reader makes of bytes that come in pieces of so many.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    carried: Vec<u8>,
    pongs: Vec<Vec<u8>>,
    end: Option<End>,
}

fn read(bytes: &[u8], piece: usize) -> Read {
    let mut reader = Reader::default();
    let (mut carried, mut pongs) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        let mut piece = piece.to_vec();
        let kept = reader.read(&mut piece);
        carried.extend_from_slice(&piece[..kept]);
        pongs.extend(reader.take_pong());
    }
    let end = reader.end();
    Read {
        carried,
        pongs,
        end,
    }
}

/// The same in whatever pieces it comes, pongs aside: of pings that come together, the last is answered.
#[track_caller]
fn check(frames: &[Vec<u8>], carried: &[u8], end: Option<End>) {
    let bytes = frames.concat();
    for piece in [1, 2, 3, 7, 16, bytes.len().max(1)] {
        let read = read(&bytes, piece);
        assert_eq!((&*read.carried, read.end), (carried, end), "by {piece}");
    }
}

const MESSAGE: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

#[test]
fn messages_are_one_stream_however_they_are_cut() {
    check(&[], b"", None);
    check(&[frame(MESSAGE, b"hello")], b"hello", None);
    check(
        &[
            frame(MESSAGE, b"he"),
            frame(MESSAGE, b""),
            frame(MESSAGE, b"llo"),
        ],
        b"hello",
        None,
    );
    check(
        &[
            frame(0x02, b"h"),
            frame(PING, b"?"),
            frame(0x00, b""),
            frame(PONG, b"x"),
            frame(0x80, b"ello"),
        ],
        b"hello",
        None,
    );
    for length in [125, 126, 127, 65_535, 65_536, 70_000] {
        let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
        check(
            &[frame(MESSAGE, &payload), frame(MESSAGE, b"!")],
            &[&*payload, b"!"].concat(),
            None,
        );
    }
}

#[test]
fn the_last_of_several_pings_is_answered() {
    let bytes = [frame(PING, b"a"), frame(PING, b""), frame(PING, b"c")].concat();
    assert_eq!(read(&bytes, bytes.len()).pongs, [b"\x8A\x01c".to_vec()]);
    let one_by_one = [
        b"\x8A\x01a".to_vec(),
        b"\x8A\x00".to_vec(),
        b"\x8A\x01c".to_vec(),
    ];
    assert_eq!(read(&bytes, 1).pongs, one_by_one);
    let longest = [7; MAX_CONTROL];
    assert_eq!(read(&frame(PING, &longest), 1).pongs, [pong(&longest)]);
}

#[test]
fn a_close_ends_what_is_read() {
    let more = frame(MESSAGE, b"more");
    for (said, code) in [
        (&b""[..], None),
        (b"\x03\xE8", Some(1000)),
        (b"\x0F\xA0bye", Some(4000)),
    ] {
        check(
            &[frame(MESSAGE, b"x"), frame(CLOSE, said), more.clone()],
            b"x",
            Some(End::Closed(code)),
        );
    }
    for (said, violation) in [
        (&b"\x03"[..], Violation::CloseCode),
        (b"\x03\xED", Violation::CloseCode),
        (b"\x03\xE7", Violation::CloseCode),
        (b"\x13\x88", Violation::CloseCode),
        (b"\x03\xE8\xFF", Violation::CloseReason),
    ] {
        check(&[frame(CLOSE, said)], b"", Some(End::Violated(violation)));
    }
}

#[test]
fn what_no_client_may_send_ends_it_there() {
    let long = [0; 126];
    for (bytes, violation) in [
        (frame(0xC2, b""), Violation::ReservedBit),
        (frame(0xA2, b""), Violation::ReservedBit),
        (frame(0x92, b""), Violation::ReservedBit),
        (frame(0x83, b""), Violation::Opcode),
        (frame(0x8B, b""), Violation::Opcode),
        (b"\x82\x05hello".to_vec(), Violation::Unmasked),
        (b"\x89\x00".to_vec(), Violation::Unmasked),
        (b"\x82\xFE\x00\x7D".to_vec(), Violation::Length),
        (
            b"\x82\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF".to_vec(),
            Violation::Length,
        ),
        (
            b"\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00".to_vec(),
            Violation::Length,
        ),
        (frame(PING, &long), Violation::Control),
        (frame(CLOSE, &long), Violation::Control),
        (frame(0x09, b""), Violation::Control),
        (frame(0x80, b""), Violation::Fragment),
        (
            [frame(0x02, b""), frame(MESSAGE, b"")].concat(),
            Violation::Fragment,
        ),
        (
            [frame(0x02, b""), frame(0x81, b"")].concat(),
            Violation::Fragment,
        ),
        (frame(0x81, b"text"), Violation::Text),
        (frame(0x01, b"te"), Violation::Text),
    ] {
        let good = frame(MESSAGE, b"good");
        check(&[good, bytes], b"good", Some(End::Violated(violation)));
    }
}

#[test]
fn a_length_is_believed_by_nobody() {
    let claims = b"\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00\x00\x00\x00abc".to_vec();
    check(&[claims], b"abc", None);
    assert!(size_of::<Reader>() <= 128, "{}", size_of::<Reader>());
}

#[test]
fn servers_mask_nothing_and_use_the_shortest_length() {
    assert_eq!(binary_head(0), [0x82, 0]);
    assert_eq!(binary_head(125), [0x82, 125]);
    assert_eq!(binary_head(126), [0x82, 126, 0, 126]);
    assert_eq!(binary_head(65_535), [0x82, 126, 0xFF, 0xFF]);
    assert_eq!(binary_head(65_536), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(close(None), [0x88, 0]);
    assert_eq!(
        close(Some(CloseCode::GoingAway.number())),
        [0x88, 2, 0x03, 0xE9]
    );
    assert_eq!(pong(b"hi"), b"\x8A\x02hi");
}

#[test]
fn what_a_server_wrote_a_client_reads() {
    let payload: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for length in [0, 1, 125, 126, 65_535, 65_536, 70_000] {
        let payload = &payload[..length];
        let frame = [&binary_head(length), payload].concat();
        let mut bytes = [&frame[..], &pong(b"?"), &close(Some(1000))].concat();
        let mut reader = Reader::new(Peer::Server);
        let kept = reader.read(&mut bytes);
        assert_eq!(&bytes[..kept], payload, "{length}");
        assert_eq!(reader.end(), Some(End::Closed(Some(1000))));
    }
    let mut reader = Reader::new(Peer::Server);
    reader.read(&mut frame(MESSAGE, b"masked"));
    assert_eq!(reader.end(), Some(End::Violated(Violation::Masked)));
}

#[test]
fn what_a_client_masks_a_server_reads() {
    let payload: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for length in [0, 1, 125, 126, 65_535, 65_536, 70_000] {
        let payload = &payload[..length];
        let plain = [&binary_head(length), payload].concat();
        let bytes = masked(&plain, [0x37, 0xFA, 0x21, 0x3D]);
        assert_eq!(bytes, frame(MESSAGE, payload), "{length}");
    }
    let bytes = masked(&close(Some(1000)), [1, 2, 3, 4]);
    check(&[bytes], b"", Some(End::Closed(Some(1000))));
}
