//! Laws of everything that finds frames: how the bytes arrive does not matter, no answer depends
//! on bytes behind the frame, and what is put between marks comes back.

use bytes::{Bytes, BytesMut};
use gatewright_codecs::framing::{
    ByteOrder, Counts, Cursor, Delimiter, Escape, Escapes, Framer, Length, LengthForm, LengthPlace,
    Number, Part, Parts, Term,
};
use gatewright_core::codec::{Cause, Delimited};
use gatewright_proptests::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::num::NonZeroUsize;

const MAX: usize = 40;

fn number() -> impl Strategy<Value = Number> {
    let order = select(vec![ByteOrder::Big, ByteOrder::Little]);
    prop_oneof![
        (1..=8_u8, order).prop_map(|(width, order)| Number::Binary { width, order }),
        Just(Number::Varint),
        (1..4_u8).prop_map(Number::Ascii),
        (1..3_u8).prop_map(Number::Bcd),
    ]
}

/// Few bytes, all of them from those that streams consist of.
fn mark() -> impl Strategy<Value = Bytes> {
    vec(byte(), 1..3).prop_map(Bytes::from)
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        select(b"0139:\x00\x01\x02\x7d\x7e\x80".to_vec()),
        any::<u8>()
    ]
}

fn length() -> impl Strategy<Value = Framer> {
    let place = prop_oneof![
        (0..6_usize).prop_map(LengthPlace::At),
        mark().prop_map(LengthPlace::After),
    ];
    let form = prop_oneof![
        number().prop_map(LengthForm::Number),
        mark().prop_map(LengthForm::Until),
    ];
    let counts = select(vec![Counts::Frame, Counts::Rest]);
    (place, form, counts, -9..9_i64).prop_map(|(place, form, counts, add)| {
        Framer::Length(Length {
            place,
            form,
            counts,
            add,
        })
    })
}

fn parts() -> impl Strategy<Value = Framer> {
    let order = select(vec![ByteOrder::Big, ByteOrder::Little]);
    let term = (0..4_usize, 1..3_u8, order, -2..3_i64).prop_map(|(at, width, order, times)| Term {
        at,
        number: Number::Binary { width, order },
        times,
    });
    let part = (vec(term, 0..3), -4..9_i64).prop_map(|(terms, plus)| Part { terms, plus });
    (6..9_usize, vec(part, 0..3)).prop_map(|(prefix, parts)| Framer::Parts(Parts { prefix, parts }))
}

fn escapes() -> Escapes {
    let row = |byte, written| Escape {
        byte,
        written: Bytes::from_static(written),
    };
    Escapes::new(vec![row(0x7e, b"\x7d\x02"), row(0x7d, b"\x7d\x01")]).unwrap()
}

fn marks() -> impl Strategy<Value = Framer> {
    let start = prop_oneof![Just(Bytes::new()), mark()];
    let plain = (start, mark())
        .prop_map(|(start, end)| Delimiter::new(start, end, Escapes::default()).unwrap());
    let end = Bytes::from_static(b"\x7e");
    let escaped = Just(Delimiter::new(end.clone(), end, escapes()).unwrap());
    prop_oneof![plain, escaped].prop_map(Framer::Delimiter)
}

fn framer() -> impl Strategy<Value = Framer> {
    let fixed = (1..50_usize).prop_map(|n| Framer::Fixed(NonZeroUsize::new(n).unwrap()));
    prop_oneof![3 => length(), 2 => parts(), 3 => marks(), 1 => fixed]
}

/// What a framer says of the first frame, with a fresh search.
fn first(framer: &Framer, bytes: &[u8]) -> Result<Delimited, (Cause, usize)> {
    let told = framer.delimit(&mut Cursor::default(), bytes, MAX);
    told.map_err(|error| (error.cause(), error.offset()))
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_search_that_goes_on_finds_what_a_new_one_does(
        framer in framer(),
        stream in vec(byte(), 0..60),
        cuts in vec(any::<Index>(), 0..20),
    ) {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        ends.push(stream.len());
        ends.sort_unstable();
        let mut cursor = Cursor::default();
        let mut least = 0;
        for end in ends {
            let seen = &stream[..end];
            let told = framer.delimit(&mut cursor, seen, MAX);
            let told = told.map_err(|error| (error.cause(), error.offset()));
            match told {
                Ok(Delimited::Need(more)) => {
                    prop_assert_eq!(first(&framer, seen).map(|_| ()), Ok(()));
                    least = least.max(end + more.get());
                }
                Ok(Delimited::Frame(size)) => {
                    prop_assert!(size.get() <= MAX && size.get() <= end && least <= end);
                    prop_assert_eq!(first(&framer, seen), told);
                    prop_assert_eq!(first(&framer, &stream[..size.get()]), told);
                    prop_assert_eq!(&cursor, &Cursor::default());
                    break;
                }
                Err(_) => {
                    prop_assert!(first(&framer, seen).is_err());
                    break;
                }
            }
        }
    }

    #[test]
    fn what_was_told_does_not_change(framer in framer(), stream in vec(byte(), 0..60)) {
        let mut known = None;
        for end in 0..=stream.len() {
            let told = first(&framer, &stream[..end]);
            match (&known, &told) {
                (None, Ok(Delimited::Need(_))) => {}
                (None, _) => known = Some(told),
                (Some(Ok(size)), told) => prop_assert_eq!(told, &Ok(*size)),
                (Some(Err(_)), told) => prop_assert!(told.is_err()),
            }
        }
    }

    #[test]
    fn messages_come_back_from_between_their_marks(
        framer in marks(),
        message in vec(byte(), 0..30),
        behind in vec(byte(), 0..9),
    ) {
        let mut out = BytesMut::from(&b"before"[..]);
        if framer.escape(&message, &mut out).is_err() {
            prop_assert_eq!(&out[..], b"before");
            return Ok(());
        }
        let frame = out.split_off(6).freeze();
        prop_assert_eq!(&framer.unescape(&frame).unwrap()[..], &message[..]);
        if frame.len() <= MAX {
            let stream = [&frame[..], &behind].concat();
            let size = NonZeroUsize::new(frame.len()).unwrap();
            prop_assert_eq!(first(&framer, &stream), Ok(Delimited::Frame(size)));
        }
    }

    #[test]
    fn what_was_taken_back_is_written_the_same(written in vec(byte(), 0..30)) {
        let end = Bytes::from_static(b"\x7e");
        let framer = Framer::Delimiter(Delimiter::new(end.clone(), end, escapes()).unwrap());
        let frame = Bytes::from([&b"\x7e"[..], &written, b"\x7e"].concat());
        if let Ok(message) = framer.unescape(&frame) {
            let mut out = BytesMut::new();
            framer.escape(&message, &mut out).unwrap();
            prop_assert_eq!(&out[..], &frame[..]);
        }
    }
}
