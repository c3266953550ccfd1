//! The law of ids: the engine replaces them, and nothing else may change.

use super::sameness::same_fields;
use super::{Reading, Violation, encode, hex, writer};
use crate::codec::{CorrelationKind, Protocol, Side};
use crate::message::{Correlation, Message};
use bytes::BytesMut;
use std::sync::Arc;

const LAW: &str = "patched";

/// A message read from `frame` and given another id reads as itself with that id, and is the
/// same bytes again once it has its own id back. Messages without a numeric id pass.
///
/// # Errors
/// If an id that fits is refused, or changes anything else.
pub fn patched(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    frame: &[u8],
    message: &Message,
) -> Result<(), Violation> {
    let descriptor = protocol.descriptor();
    let (CorrelationKind::Id { bits }, Correlation::Id(old)) =
        (descriptor.capabilities.correlation, message.correlation())
    else {
        return Ok(());
    };
    if descriptor.operation(message.operation()).id.is_none() {
        return Ok(());
    }
    let widest = u64::MAX >> (64 - u32::from(bits.clamp(1, 64)));
    // The engine gives out no zero.
    for new in [1, widest, (!old & widest).max(1)] {
        let with_new = with_id(protocol, side, message, new)?;
        let there = Reading::of(protocol, side, [&with_new[..]])?;
        let Some(read) = there.only_message() else {
            return Err(Violation::new(
                LAW,
                format!(
                    "{} with id {new} is no message: {}",
                    hex(frame),
                    hex(&with_new)
                ),
            ));
        };
        let mut expected = message.clone();
        descriptor.correlate(&mut expected, Correlation::Id(new));
        if read.correlation() != expected.correlation()
            || !same_fields(read.fields(), expected.fields())
        {
            return Err(Violation::new(
                LAW,
                format!(
                    "{} with id {new} reads otherwise: {}",
                    hex(frame),
                    hex(&with_new)
                ),
            ));
        }
        let back = with_id(protocol, side, read, *old)?;
        if back != frame {
            return Err(Violation::new(
                LAW,
                format!("{} with id {new} and back is {}", hex(frame), hex(&back)),
            ));
        }
    }
    Ok(())
}

fn with_id(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    message: &Message,
    id: u64,
) -> Result<BytesMut, Violation> {
    let mut message = message.clone();
    protocol
        .descriptor()
        .correlate(&mut message, Correlation::Id(id));
    encode(protocol, writer(side), &message)
        .map_err(|error| Violation::new(LAW, format!("id {id} cannot be written: {error}")))
}
