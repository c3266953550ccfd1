mod answers;
mod reading;
mod refused;
mod smuggling;
mod usual;

use super::{Http, MAX_FRAME};
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{
    ConnCodec, DecodeError, Delimited, Descriptor, Event, Protocol, Side,
};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, Message, Value};
use std::sync::Arc;

fn codec(side: Side) -> Box<dyn ConnCodec> {
    Arc::new(Http::new()).codec(side, MAX_FRAME)
}

fn descriptor() -> Arc<Descriptor> {
    Arc::clone(Http::new().descriptor())
}

/// Reads all events at the start of the bytes; an error is the last one.
fn read(codec: &mut dyn ConnCodec, bytes: &[u8]) -> (Vec<Event>, Option<DecodeError>) {
    let mut buf = BytesMut::from(bytes);
    let mut events = Vec::new();
    loop {
        let length = match codec.delimit(&buf) {
            Ok(Delimited::Frame(length)) => length.get(),
            Ok(Delimited::Need(_)) => return (events, None),
            Err(error) => return (events, Some(error)),
        };
        match codec.decode(buf.split_to(length).freeze()) {
            Ok(event) => {
                events.push(event);
                events.extend(codec.due());
            }
            Err(error) => return (events, Some(error)),
        }
    }
}

fn read_well(codec: &mut dyn ConnCodec, bytes: &[u8]) -> Vec<Event> {
    match read(codec, bytes) {
        (events, None) => events,
        (_, Some(error)) => panic!("{error}: {}", String::from_utf8_lossy(bytes)),
    }
}

fn write(codec: &mut dyn ConnCodec, event: Event) -> String {
    let mut out = BytesMut::new();
    codec.encode(&event, &mut out).unwrap();
    String::from_utf8(out.to_vec()).unwrap()
}

fn headers(fields: &[(&str, &str)]) -> Value {
    let header =
        |(name, value): &(&str, &str)| Value::Record(vec![(*name).into(), (*value).into()]);
    Value::List(fields.iter().map(header).collect())
}

fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> Message {
    let record = vec![method.into(), target.into(), "a".into(), headers(fields)];
    descriptor().message(super::schema::REQUEST, record)
}

fn response(status: u16, fields: &[(&str, &str)]) -> Message {
    descriptor().message(
        super::schema::RESPONSE,
        vec![status.into(), headers(fields)],
    )
}

fn whole(message: Message, body: &'static str) -> Event {
    Event::Head(message.with_body(Body::Whole(Bytes::from_static(body.as_bytes()))))
}

/// The status with which a client hears of an error.
fn status_of(error: &DecodeError) -> i128 {
    let rejected = gatewright_core::codec::Rejected {
        operation: error.operation(),
        correlation: error.correlation().clone(),
        message: None,
        error: Some(error),
    };
    let fault = Fault::unsent(FaultClass::BadRequest, "a test");
    let answer = Http::new().reject(&rejected, &fault).unwrap();
    answer.field(super::schema::STATUS).as_int().unwrap()
}
