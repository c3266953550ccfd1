//! Laws of the JSON view.

use super::sameness::lost_field;
use super::{Violation, encode, readers, writer, written};
use crate::codec::Protocol;
use crate::codec::json::{Secrets, from_json, to_json};
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

/// Any JSON is refused, or is a message that goes through JSON and back; what of it can be
/// written is read as it was meant.
///
/// # Errors
/// The first law that is broken.
pub fn check_json(protocol: &Arc<dyn Protocol>, json: &serde_json::Value) -> Result<(), Violation> {
    let Ok(message) = from_json(protocol.descriptor(), json) else {
        return Ok(());
    };
    shown(protocol, &message)?;
    for side in readers(message.kind()) {
        if encode(protocol, writer(*side), &message).is_ok() {
            written(protocol, *side, &message)?;
        }
    }
    Ok(())
}
