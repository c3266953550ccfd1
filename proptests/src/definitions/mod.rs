//! What holds for a definition, whatever it says: [`check_message`] for any, and [`drawn`] ones,
//! of whose messages it is known what they mean.

mod laws;
mod render;
mod shape;
mod value;

pub use laws::{InMemory, Told, check_findings, check_message, read, write};
pub use render::{definition, protocol};
pub use shape::{Int, Prefix, Shape};
pub use value::{Said, Tape, message};

use gatewright_codecs::ksy::write::Given;
use proptest::collection::vec;
use proptest::prelude::*;

/// The parts of a definition, and what the values of its message are taken from.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The parts.
    pub parts: Vec<Shape>,
    /// Bytes of any kind.
    pub tape: Vec<u8>,
}

impl Drawn {
    /// The message.
    #[must_use]
    pub fn message(&self) -> Said {
        message(&self.parts, &mut Tape(&self.tape))
    }
}

/// Definitions with a message of each.
pub fn drawn() -> impl Strategy<Value = Drawn> {
    (shape::parts(), vec(any::<u8>(), 0..64)).prop_map(|(parts, tape)| Drawn { parts, tape })
}

/// The same without the places at the ends of structures in which nothing is.
#[must_use]
pub fn trimmed(given: &Given) -> Given {
    match given {
        Given::Struct(members) => {
            let mut members: Vec<_> = members.iter().map(trimmed).collect();
            while members.last() == Some(&Given::Nothing) {
                members.pop();
            }
            Given::Struct(members)
        }
        Given::List(elements) => Given::List(elements.iter().map(trimmed).collect()),
        Given::Case(at, given) => Given::Case(*at, Box::new(trimmed(given))),
        Given::Nothing | Given::Plain(_) => given.clone(),
    }
}
