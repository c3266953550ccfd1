//! Laws of the JSON view.

use super::sameness::lost_field;
use super::{Reading, Violation, encode, hex, made_anew, readers, writer};
use crate::codec::json::{Secrets, from_json, to_json};
use crate::codec::{Protocol, Side};
use crate::message::Message;
use std::sync::Arc;

/// A message goes through JSON and back unchanged.
///
/// # Errors
/// If its JSON is refused, or says something else.
pub fn shown(protocol: &Arc<dyn Protocol>, message: &Message) -> Result<(), Violation> {
    const LAW: &str = "shown";
    let descriptor = protocol.descriptor();
    let json = to_json(descriptor, message, Secrets::Shown);
    let back = from_json(descriptor, &json)
        .map_err(|error| Violation::new(LAW, format!("{json} is refused: {error}")))?;
    if back.operation() != message.operation() {
        return Err(Violation::new(LAW, format!("{json} is another operation")));
    }
    match lost_field(
        &descriptor.schema,
        descriptor.record(message.operation()),
        message.fields(),
        back.fields(),
    ) {
        Some(field) => Err(Violation::new(LAW, format!("in {json}, {field}"))),
        None => Ok(()),
    }
}

/// Any JSON is refused, or is a message that goes through JSON and back. What of it can be
/// written is one message, which is written the same once more: people may spell a value in more
/// than one way, the wire has one.
///
/// # Errors
/// The first law that is broken.
pub fn check_json(protocol: &Arc<dyn Protocol>, json: &serde_json::Value) -> Result<(), Violation> {
    let Ok(message) = from_json(protocol.descriptor(), json) else {
        return Ok(());
    };
    shown(protocol, &message)?;
    readers(protocol, &message)
        .iter()
        .try_for_each(|side| settled(protocol, *side, &message))
}

fn settled(protocol: &Arc<dyn Protocol>, side: Side, message: &Message) -> Result<(), Violation> {
    let Ok(bytes) = encode(protocol, writer(side), message) else {
        return Ok(());
    };
    let reading = Reading::of(protocol, side, [&bytes[..]])?;
    let again = reading
        .only_message()
        .map(|read| encode(protocol, writer(side), &made_anew(read)));
    match again {
        Some(Ok(again)) if again == bytes => Ok(()),
        _ => {
            let detail = format!("written as {}, read and written as {again:?}", hex(&bytes));
            Err(Violation::new("check_json", detail))
        }
    }
}
