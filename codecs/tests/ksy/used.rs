//! Only what is looked at is made a value of: everything else of a message stays as it was.

use crate::names::{library, protocol, samples};
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{DecodeError, Event, Protocol, Side, Used};
use gatewright_core::message::{Correlation, Message, Slot, Value};
use std::sync::Arc;

const SIDES: [Side; 2] = [Side::Server, Side::Client];

fn read(protocol: &Arc<dyn Protocol>, side: Side, frame: &[u8]) -> Result<Event, DecodeError> {
    let mut codec = Arc::clone(protocol).codec(side, 1 << 24);
    codec.decode(Bytes::copy_from_slice(frame))
}

/// The bytes that a message is passed on as, with an id of another connection.
fn passed_on(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    message: &Message,
) -> Result<Vec<u8>, String> {
    let mut message = message.clone();
    if let Correlation::Id(_) = message.correlation() {
        protocol
            .descriptor()
            .correlate(&mut message, Correlation::Id(77));
    }
    let to = match side {
        Side::Server => Side::Client,
        Side::Client => Side::Server,
    };
    let mut out = BytesMut::new();
    let mut codec = Arc::clone(protocol).codec(to, 1 << 24);
    let written = codec.encode(&Event::Head(message), &mut out);
    written
        .map(|()| out.to_vec())
        .map_err(|error| error.to_string())
}

fn each_sample(mut judge: impl FnMut(&Arc<dyn Protocol>, Side, &[u8])) {
    for path in library() {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        let protocol = protocol(name);
        for sample in samples(name) {
            SIDES
                .into_iter()
                .for_each(|side| judge(&protocol, side, &sample));
        }
    }
}

#[test]
fn nothing_but_values_goes_if_nobody_looks() {
    let mut narrowed = 0;
    each_sample(|whole, side, frame| {
        let used = Used::of(whole.descriptor(), |_, _| false, |_| false);
        let Some(fewer) = Arc::clone(whole).using(&used) else {
            return;
        };
        let name = &whole.descriptor().name;
        let (all, some) = (read(whole, side, frame), read(&fewer, side, frame));
        let (Ok(Event::Head(all)), Ok(Event::Head(some))) = (&all, &some) else {
            assert_eq!(all, some, "{name}: {frame:02x?}");
            return;
        };
        assert_eq!(
            (all.kind(), all.operation()),
            (some.kind(), some.operation())
        );
        assert_eq!(
            (all.correlation(), all.frame()),
            (some.correlation(), some.frame())
        );
        assert_eq!(all.fields().len(), some.fields().len());
        let full = |message: &Message| {
            message
                .fields()
                .iter()
                .filter(|value| !value.is_null())
                .count()
        };
        narrowed += full(all) - full(some);
    });
    assert!(narrowed > 1000, "{narrowed} values were left out");
}

#[test]
fn what_goes_on_with_another_id_is_the_same() {
    each_sample(|whole, side, frame| {
        let used = Used::of(whole.descriptor(), |_, _| false, |_| true);
        let Some(fewer) = Arc::clone(whole).using(&used) else {
            return;
        };
        let (all, some) = (read(whole, side, frame), read(&fewer, side, frame));
        if let (Ok(Event::Head(all)), Ok(Event::Head(some))) = (&all, &some) {
            let all = passed_on(whole, side, all);
            assert_eq!(all, passed_on(&fewer, side, some), "{frame:02x?}");
        }
    });
}

#[test]
fn a_field_that_is_looked_at_is_there() {
    for name in ["pos", "iso8583"] {
        let whole = protocol(name);
        for frame in samples(name) {
            let Ok(Event::Head(all)) = read(&whole, Side::Server, &frame) else {
                continue;
            };
            for looked_at in 0..all.fields().len() {
                let looks = |_, slot: Slot| slot.index() == looked_at;
                let used = Used::of(whole.descriptor(), looks, |_| false);
                let fewer = Arc::clone(&whole).using(&used).expect("others are not");
                let Ok(Event::Head(some)) = read(&fewer, Side::Server, &frame) else {
                    panic!("{name}: it reads");
                };
                assert_eq!(all.fields()[looked_at], some.fields()[looked_at]);
                let texts = some.fields().iter().enumerate();
                let others = texts.filter(|(at, value)| {
                    *at != looked_at && matches!(value, Value::Str(_) | Value::Bytes(_))
                });
                assert_eq!(others.count(), 0, "{name}");
            }
        }
    }
}
