//! What holds for every framer: the same frames however their bytes arrive, within the limit.

use super::*;
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Cause, DecodeError, Delimited};
use std::num::NonZeroUsize;

const MAX: usize = 64;

fn delimiter(start: &'static [u8], end: &'static [u8], escapes: Vec<Escape>) -> Framer {
    let escapes = Escapes::new(escapes).unwrap();
    let (start, end) = (Bytes::from_static(start), Bytes::from_static(end));
    Framer::Delimiter(Delimiter::new(start, end, escapes).unwrap())
}

fn mllp() -> Framer {
    delimiter(b"\x0b", b"\x1c\r", Vec::new())
}

fn jt808() -> Framer {
    let row = |byte, written| Escape {
        byte,
        written: Bytes::from_static(written),
    };
    let rows = vec![row(0x7e, b"\x7d\x02"), row(0x7d, b"\x7d\x01")];
    delimiter(b"\x7e", b"\x7e", rows)
}

fn text_length(after: &'static [u8], until: &'static [u8], add: i64) -> Framer {
    Framer::Length(Length {
        place: LengthPlace::After(Bytes::from_static(after)),
        form: LengthForm::Until(Bytes::from_static(until)),
        counts: Counts::Rest,
        add,
    })
}

fn number(at: usize, number: Number, counts: Counts, add: i64) -> Framer {
    Framer::Length(Length {
        place: LengthPlace::At(at),
        form: LengthForm::Number(number),
        counts,
        add,
    })
}

/// The sizes of the frames in a stream of which so many bytes arrive at a time, and how it ends.
fn frames(framer: &Framer, stream: &[u8], step: usize) -> Result<Vec<usize>, DecodeError> {
    let (mut cursor, mut have, mut start) = (Cursor::default(), 0, 0);
    let (mut sizes, mut least) = (Vec::new(), 0);
    loop {
        match framer.delimit(&mut cursor, &stream[start..have], MAX)? {
            Delimited::Frame(size) => {
                assert_eq!(cursor, Cursor::default(), "the next frame has a new search");
                assert!(have - start >= least, "fewer bytes did than were asked for");
                sizes.push(size.get());
                start += size.get();
                least = 0;
            }
            Delimited::Need(more) if have < stream.len() => {
                least = have - start + more.get();
                have = (have + step).min(stream.len());
            }
            Delimited::Need(_) => return Ok(sizes),
        }
    }
}

#[track_caller]
fn check(framer: &Framer, stream: &[u8], expected: &[usize]) {
    for step in 1..=stream.len() {
        let sizes = frames(framer, stream, step).unwrap();
        assert_eq!(sizes, expected, "{step} bytes at a time");
    }
}

#[track_caller]
fn refused(framer: &Framer, stream: &[u8], cause: Cause, offset: usize) {
    for step in 1..=stream.len() {
        let error = frames(framer, stream, step).unwrap_err();
        let got = (error.cause(), error.offset());
        assert_eq!(got, (cause, offset), "{step} bytes at a time");
    }
}

const BE2: Number = Number::Binary {
    width: 2,
    order: ByteOrder::Big,
};

#[test]
fn lengths_count_the_rest_or_the_frame() {
    check(
        &number(2, BE2, Counts::Rest, 0),
        b"ab\0\x02xyab\0\0ab\0",
        &[6, 4],
    );
    check(
        &number(2, BE2, Counts::Frame, 0),
        b"ab\0\x06xyab\0\x04",
        &[6, 4],
    );
    check(
        &number(0, BE2, Counts::Rest, 2),
        b"\0\x01x12\0\x0012",
        &[5, 4],
    );
    check(
        &number(0, BE2, Counts::Frame, -1),
        b"\0\x05xy\0\x03",
        &[4, 2],
    );
    check(
        &number(1, Number::Varint, Counts::Rest, 0),
        b"\x30\x01x\xc0\0\x30\x80\x00",
        &[3, 2, 3],
    );
    check(
        &number(0, Number::Ascii(4), Counts::Rest, 0),
        b"0003abc0000",
        &[7, 4],
    );
    check(
        &number(0, Number::Bcd(1), Counts::Rest, 0),
        b"\x10abcdefghij\0",
        &[11, 1],
    );
}

#[test]
fn lengths_beyond_the_limit_or_their_own_end_are_refused() {
    refused(
        &number(2, BE2, Counts::Rest, 0),
        b"ab\0\x3d",
        Cause::TooLong,
        2,
    );
    refused(
        &number(2, BE2, Counts::Frame, 0),
        b"ab\0\x03",
        Cause::TooShort,
        2,
    );
    refused(
        &number(0, BE2, Counts::Frame, i64::MIN),
        b"\xff\xff",
        Cause::TooShort,
        0,
    );
    let eight = Number::Binary {
        width: 8,
        order: ByteOrder::Little,
    };
    refused(
        &number(0, eight, Counts::Rest, i64::MAX),
        &[0xff; 8],
        Cause::TooLong,
        0,
    );
    refused(
        &number(0, Number::Varint, Counts::Rest, 0),
        &[0xff; 12],
        Cause::BadValue,
        0,
    );
    refused(
        &number(0, Number::Ascii(4), Counts::Rest, 0),
        b"00x0",
        Cause::BadValue,
        2,
    );
}

#[test]
fn another_protocol_is_named() {
    let four = Number::Binary {
        width: 4,
        order: ByteOrder::Big,
    };
    let hello = b"\x16\x03\x01\x02";
    let mut cursor = Cursor::default();
    let error = number(0, four, Counts::Rest, 0)
        .delimit(&mut cursor, hello, MAX)
        .unwrap_err();
    assert_eq!(error.cause(), Cause::ForeignProtocol);
    assert_eq!(error.got(), "a TLS handshake");
}

#[test]
fn lengths_in_text_are_looked_for() {
    let fix = text_length(b"\x019=", b"\x01", 7);
    check(&fix, b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x018=F", &[26]);
    let headers = text_length(b"Content-Length: ", b"\r\n\r\n", 0);
    check(
        &headers,
        b"Content-Length: 2\r\n\r\n{}Content-Length: 0\r\n\r\n",
        &[23, 21],
    );
    refused(&fix, b"8=FIX.4.4\x019=5x\x01", Cause::BadValue, 13);
    refused(&fix, b"8=FIX.4.4\x019=\x01", Cause::BadValue, 12);
    refused(&fix, &[b'1'; MAX], Cause::TooLong, MAX);
    // The same whether the bytes behind the limit are there already or not.
    let late = [&[b'1'; MAX][..], b"\x019=0\x01"].concat();
    refused(&fix, &late, Cause::TooLong, MAX);
    let endless = [&b"\x019="[..], &[b'0'; 30]].concat();
    refused(&fix, &endless, Cause::BadValue, 3);
}

#[test]
fn marks_stand_around_messages() {
    check(&mllp(), b"\x0bMSH|a\r\x1c\r\x0b\x1c\x1c\r\x0b", &[9, 4]);
    check(&delimiter(b"", b"\n", Vec::new()), b"a\n\nbc\n", &[2, 1, 3]);
    check(&jt808(), b"\x7ea\x7e\x7e\x7d\x02\x7e", &[3, 4]);
    refused(&mllp(), b"MSH|", Cause::BadMagic, 0);
    refused(
        &mllp(),
        &[&b"\x0b"[..], &[b'x'; MAX]].concat(),
        Cause::TooLong,
        MAX,
    );
}

#[test]
fn messages_survive_their_marks() {
    for message in [&b"a\x7e\x7d\x02b"[..], b"", b"\x7d\x7d", b"plain"] {
        let mut frame = BytesMut::from(&b"before"[..]);
        jt808().escape(message, &mut frame).unwrap();
        let frame = frame.split_off(6).freeze();
        check(&jt808(), &frame, &[frame.len()]);
        let back = jt808().unescape(&frame).unwrap();
        assert_eq!(&back[..], message);
    }
    let error = jt808().unescape(&Bytes::from_static(b"\x7ea\x7d\x7e"));
    assert_eq!(error.unwrap_err().offset(), 2);
}

#[test]
fn a_message_with_the_end_in_it_is_not_written() {
    let mut out = BytesMut::from(&b"before"[..]);
    mllp().escape(b"a\x1c\rb", &mut out).unwrap_err();
    assert_eq!(&out[..], b"before");
    // The end would be found one byte early.
    let twice = delimiter(b"", b"aa", Vec::new());
    twice.escape(b"ba", &mut out).unwrap_err();
    assert_eq!(&out[..], b"before");
    mllp().escape(b"a\x1c", &mut out).unwrap();
    assert_eq!(&out[..], b"before\x0ba\x1c\x1c\r");
}

#[test]
fn several_numbers_make_a_length() {
    let term = |at, times| Term {
        at,
        number: BE2,
        times,
    };
    let framer = Framer::Parts(Parts {
        prefix: 5,
        parts: vec![
            Part {
                terms: vec![term(0, 1)],
                plus: -1,
            },
            Part {
                terms: vec![term(2, 2), term(0, -1)],
                plus: 3,
            },
        ],
    });
    check(&framer, b"\0\x01\0\x02_123456\0\x02\0\x00_12", &[11, 7]);
    refused(&framer, b"\0\0\0\x09_", Cause::TooShort, 0);
    refused(&framer, b"\0\x09\0\x01_", Cause::TooShort, 2);
    refused(&framer, b"\0\x01\0\xff_", Cause::TooLong, 0);
}

#[test]
fn fixed_frames_and_datagrams() {
    let fixed = |n| Framer::Fixed(NonZeroUsize::new(n).unwrap());
    check(&fixed(3), b"abcdefgh", &[3, 3]);
    refused(&fixed(MAX + 1), b"abc", Cause::TooLong, 0);
    let mut cursor = Cursor::default();
    let mut datagram = |buf: &[u8]| Framer::Datagram.delimit(&mut cursor, buf, MAX);
    assert_eq!(datagram(b""), Ok(Delimited::need(1)));
    let whole = NonZeroUsize::new(3).unwrap();
    assert_eq!(datagram(b"abc"), Ok(Delimited::Frame(whole)));
    datagram(&[0; MAX + 1]).unwrap_err();
}
