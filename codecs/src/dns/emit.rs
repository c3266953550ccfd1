//! A message into one frame.

use super::schema::{FLAGS, ID, NAME, OPCODE, QTYPE, QUESTIONS, RCODE, SECTIONS};
use super::{
    ANSWER, MAX_QUESTIONS, MAX_REQUEST_RECORDS, OPCODE_UPDATE, PREFIX, QR, QUERY, UPDATE, name,
    rdata,
};
use crate::framing::field;
use bytes::{BufMut, Bytes, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem};
use gatewright_core::message::{Message, OperationId, Value};

pub(super) fn emit(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let id = field::uint(message.field(ID), "id")?;
    if let Some(frame) = message.frame() {
        return patched(frame, id, out);
    }
    let start = out.len();
    out.put_u16(0);
    out.put_u16(id);
    out.put_u16(bits(message)?);
    counts(message, out)?;
    for (index, question) in field::list(message.field(QUESTIONS), "questions")?
        .iter()
        .enumerate()
    {
        put_question(question, out).map_err(|error| within("questions", index, &error))?;
    }
    for (slot, section) in SECTIONS {
        for (index, record) in field::list(message.field(slot), section)?
            .iter()
            .enumerate()
        {
            put_record(record, out).map_err(|error| within(section, index, &error))?;
        }
    }
    check_copies(message)?;
    let len = out.len().saturating_sub(start).saturating_sub(PREFIX);
    let len = u16::try_from(len).map_err(|_| EncodeError::new("", EncodeProblem::OutOfRange))?;
    if let Some(prefix) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
        *prefix = len.to_be_bytes();
    }
    Ok(())
}

/// The frame that the message came in, with its current id.
fn patched(frame: &Bytes, id: u16, out: &mut BytesMut) -> Result<(), EncodeError> {
    let (Some(before), Some(after)) = (frame.get(..PREFIX), frame.get(PREFIX.saturating_add(2)..))
    else {
        return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
    };
    out.reserve(frame.len());
    out.put_slice(before);
    out.put_u16(id);
    out.put_slice(after);
    Ok(())
}

fn bits(message: &Message) -> Result<u16, EncodeError> {
    let operation = message.operation();
    let opcode = four_bits(message.field(OPCODE), "opcode")?;
    if !fits(operation, opcode)? {
        return Err(EncodeError::new("opcode", EncodeProblem::OutOfRange));
    }
    let mut bits = u16::from(opcode) << 11 | u16::from(four_bits(message.field(RCODE), "rcode")?);
    if operation == ANSWER {
        bits |= QR;
    }
    for (slot, name, bit) in FLAGS {
        if field::flag(message.field(slot), name)? {
            bits |= bit;
        }
    }
    Ok(bits)
}

/// Whether a message with that opcode is read as that operation.
fn fits(operation: OperationId, opcode: u8) -> Result<bool, EncodeError> {
    match operation {
        ANSWER => Ok(true),
        UPDATE => Ok(opcode == OPCODE_UPDATE),
        QUERY => Ok(opcode != OPCODE_UPDATE),
        _ => Err(EncodeError::new("", EncodeProblem::NotInProtocol)),
    }
}

fn four_bits(value: &Value, name: &'static str) -> Result<u8, EncodeError> {
    match field::uint(value, name)? {
        n @ 0..=0x0f => Ok(n),
        _ => Err(EncodeError::new(name, EncodeProblem::OutOfRange)),
    }
}

fn counts(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let too_many = |section: &'static str| EncodeError::new(section, EncodeProblem::OutOfRange);
    let mut put = |count: usize, section| {
        u16::try_from(count)
            .map(|n| out.put_u16(n))
            .map_err(|_| too_many(section))
    };
    let questions = field::list(message.field(QUESTIONS), "questions")?.len();
    if questions > MAX_QUESTIONS {
        return Err(too_many("questions"));
    }
    put(questions, "questions")?;
    let mut records = 0_usize;
    for (slot, section) in SECTIONS {
        let count = field::list(message.field(slot), section)?.len();
        records = records.saturating_add(count);
        if message.operation() != ANSWER && records > MAX_REQUEST_RECORDS {
            return Err(too_many(section));
        }
        put(count, section)?;
    }
    Ok(())
}

fn put_question(question: &Value, out: &mut BytesMut) -> Result<(), EncodeError> {
    let Some([name, qtype, class]) = question.as_record().map(Vec::as_slice) else {
        return Err(EncodeError::new("", EncodeProblem::WrongType));
    };
    put_name(name, out)?;
    out.put_u16(field::uint(qtype, "type")?);
    out.put_u16(field::uint(class, "class")?);
    Ok(())
}

fn put_record(record: &Value, out: &mut BytesMut) -> Result<(), EncodeError> {
    let Some([name, rtype, class, ttl, data]) = record.as_record().map(Vec::as_slice) else {
        return Err(EncodeError::new("", EncodeProblem::WrongType));
    };
    put_name(name, out)?;
    let rtype = field::uint(rtype, "type")?;
    out.put_u16(rtype);
    out.put_u16(field::uint(class, "class")?);
    out.put_u32(field::uint(ttl, "ttl")?);
    let data = field::bytes(data, "data")?;
    if !rdata::may_be_written(rtype, data) {
        return Err(EncodeError::new("data", EncodeProblem::OutOfRange));
    }
    out.put_u16(
        u16::try_from(data.len())
            .map_err(|_| EncodeError::new("data", EncodeProblem::OutOfRange))?,
    );
    out.put_slice(data);
    Ok(())
}

fn put_name(value: &Value, out: &mut BytesMut) -> Result<(), EncodeError> {
    name::put(field::text(value, "name")?, out).map_err(|problem| EncodeError::new("name", problem))
}

/// `name` and `qtype` say what the first question says, or nothing.
fn check_copies(message: &Message) -> Result<(), EncodeError> {
    let question = field::list(message.field(QUESTIONS), "questions")?
        .first()
        .and_then(Value::as_record);
    for (slot, label, place) in [(NAME, "name", 0), (QTYPE, "qtype", 1)] {
        let copy = message.field(slot);
        if !copy.is_null() && question.and_then(|fields| fields.get(place)) != Some(copy) {
            return Err(EncodeError::new(label, EncodeProblem::OutOfRange));
        }
    }
    Ok(())
}

fn within(section: &'static str, index: usize, error: &EncodeError) -> EncodeError {
    let dot = if error.field().is_empty() { "" } else { "." };
    EncodeError::new(
        format!("{section}[{index}]{dot}{}", error.field()),
        error.problem().clone(),
    )
}
