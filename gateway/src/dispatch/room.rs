//! How many bytes of requests a worker holds, from when their bodies are collected until they are answered.

use crate::http2::BUDGET;
use gatewright_core::message::{Body, Message, Value};
use std::cell::Cell;
use std::rc::Rc;

/// The room of one worker for requests in flight.
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    held: Cell<usize>,
}

/// What a request takes of it, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Rc<Room>,
    bytes: usize,
}

impl Room {
    pub(crate) const fn new(most: usize) -> Self {
        let held = Cell::new(0);
        Self { most, held }
    }

    /// Room for so many bytes, if there is any. Who is alone always has it: limits of frames and
    /// bodies say how long one request may be.
    pub(super) fn take(self: &Rc<Self>, bytes: usize) -> Option<Share> {
        let held = self.held.get();
        let sum = held.saturating_add(bytes);
        if held > 0 && sum > self.most {
            return None;
        }
        self.held.set(sum);
        let room = Rc::clone(self);
        Some(Share {
            room,
            bytes: sum - held,
        })
    }

    /// That of a payload of which nothing came yet.
    pub(crate) fn share(self: &Rc<Self>) -> Share {
        let room = Rc::clone(self);
        Share { room, bytes: 0 }
    }

    /// The same for a message and its payload.
    pub(super) fn take_for(self: &Rc<Self>, message: &Message) -> Option<Share> {
        self.take(weight(message))
    }
}

/// What a message and its payload hold.
pub(super) fn weight(message: &Message) -> usize {
    let payload = match message.body() {
        Body::Empty | Body::Awaited => 0,
        Body::Whole(bytes) => bytes.len(),
        Body::Stream(_) => passing(message),
    };
    message.size().saturating_add(payload)
}

/// What there may be of a payload at a time that is handed on as it comes.
fn passing(message: &Message) -> usize {
    let said = message.fields().iter().find_map(|field| match field {
        Value::Headers(headers) => headers
            .iter()
            .find(|header| header.name().eq_ignore_ascii_case("content-length")),
        _ => None,
    });
    let length = said.and_then(|header| header.value().parse().ok());
    length.unwrap_or(BUDGET).min(BUDGET)
}

impl Share {
    /// The payload of a message that is handed on as it comes is over.
    pub(super) fn give_back_passing(&mut self, message: &Message) {
        let less = passing(message).min(self.bytes);
        self.room
            .held
            .set(self.room.held.get().saturating_sub(less));
        self.bytes -= less;
    }

    /// Takes so many more bytes, if there is room: as [`Room::take`] does.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let held = self.room.held.get();
        let sum = held.saturating_add(bytes);
        if held > self.bytes && sum > self.room.most {
            return false;
        }
        self.room.held.set(sum);
        self.bytes += sum - held;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let held = self.room.held.get();
        self.room.held.set(held.saturating_sub(self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use gatewright_core::message::{Kind, OperationId};

    #[test]
    fn room_is_given_back_and_who_is_alone_has_it() {
        let room = Rc::new(Room::new(10));
        let large = room.take(usize::MAX).unwrap();
        assert!(room.take(1).is_none());
        drop(large);
        let (one, other) = (room.take(4).unwrap(), room.take(6).unwrap());
        assert!(room.take(1).is_none());
        assert!(room.take(0).is_some());
        drop(one);
        assert!(room.take(5).is_none());
        let third = room.take(4).unwrap();
        let mut growing = room.share();
        assert!(!growing.grow(1));
        drop((other, third));
        assert!(growing.grow(8) && growing.grow(8), "it is alone");
        assert!(room.take(1).is_none());
        drop(growing);
        assert_eq!(room.held.get(), 0);
    }

    #[test]
    fn values_in_lists_take_room_beside_their_frame() {
        let room = Rc::new(Room::new(usize::MAX));
        let list = Value::List(vec![Value::Int(1); 1000]);
        let request = Message::new(Kind::Request, OperationId(0), vec![list]);
        let request = request.with_frame(Bytes::from(vec![1; 1000]));
        let share = room.take_for(&request).unwrap();
        assert_eq!(room.held.get(), 1000 + 1000 * size_of::<Value>());
        drop(share);
        assert_eq!(room.held.get(), 0);
    }
}
