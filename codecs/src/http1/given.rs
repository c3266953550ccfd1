//! The header fields that a message is given, for the wire: what could be read as more than one field
//! is refused, what ends at this hop is left out.

use super::MAX_FIELDS;
use super::head::number;
use super::hop::{Known, Options, is_trailers, known};
use super::octets::{are_value, is_token};
use crate::framing::field::{list, text};
use bytes::{BufMut, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem, HttpShape};
use gatewright_core::message::Value;

/// Fields, looked at once before any of them is written.
#[derive(Debug)]
pub(super) struct Given<'m> {
    headers: &'m [Value],
    /// What `Content-Length` says.
    pub(super) length: Option<u64>,
    connection: Options<'m>,
}

/// The messages that the fields are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Request,
    Response,
    Trailers,
}

impl<'m> Given<'m> {
    pub(super) fn read(headers: &'m Value, of: Of) -> Result<Self, EncodeError> {
        let mut given = Self {
            headers: list(headers, "headers")?,
            length: None,
            connection: Options::default(),
        };
        let mut counted = 0_usize;
        for header in given.headers {
            let (name, value) = parts(header)?;
            let what = known(name);
            check(name, value, what, of)?;
            match what {
                Known::Length => given.take_length(value)?,
                Known::Connection => given.connection.add(value),
                _ => counted = counted.saturating_add(1),
            }
        }
        if counted > MAX_FIELDS {
            return Err(wrong(EncodeProblem::OutOfRange));
        }
        Ok(given)
    }

    fn take_length(&mut self, value: &str) -> Result<(), EncodeError> {
        let length = number(value).ok_or_else(|| wrong(EncodeProblem::OutOfRange))?;
        match self.length.replace(length) {
            None => Ok(()),
            Some(_) => Err(wrong(EncodeProblem::OutOfRange)),
        }
    }

    /// Appends those that are passed on.
    pub(super) fn write(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        for header in self.headers {
            let (name, value) = parts(header)?;
            let passes = match known(name) {
                Known::Other | Known::Expect | Known::Host => true,
                Known::Te => is_trailers(value),
                Known::Length | Known::Coding | Known::Connection | Known::Hop => false,
            };
            if passes && !self.connection.names(name) {
                put(out, name, value);
            }
        }
        Ok(())
    }
}

/// Appends one field.
pub(super) fn put(out: &mut BytesMut, name: &str, value: &str) {
    out.reserve(name.len().saturating_add(value.len()).saturating_add(4));
    out.put_slice(name.as_bytes());
    out.put_slice(b": ");
    out.put_slice(value.as_bytes());
    out.put_slice(b"\r\n");
}

fn parts(header: &Value) -> Result<(&str, &str), EncodeError> {
    let Some(fields) = header.as_record() else {
        return Err(wrong(EncodeProblem::WrongType));
    };
    let part = |slot: usize, name| text(fields.get(slot).unwrap_or(&Value::Null), name);
    Ok((
        part(HttpShape::NAME.index(), "name")?,
        part(HttpShape::VALUE.index(), "value")?,
    ))
}

fn check(name: &str, value: &str, what: Known, of: Of) -> Result<(), EncodeError> {
    let is_name = !name.is_empty() && name.bytes().all(is_token);
    // White space around a value is not the value's.
    let is_whole = !value.starts_with([' ', '\t']) && !value.ends_with([' ', '\t']);
    if !is_name || !is_whole || !are_value(value.as_bytes()) {
        return Err(wrong(EncodeProblem::Charset));
    }
    match of {
        Of::Request if what == Known::Host => Err(wrong(EncodeProblem::OutOfRange)),
        Of::Trailers if what != Known::Other => Err(wrong(EncodeProblem::OutOfRange)),
        Of::Request | Of::Response | Of::Trailers => Ok(()),
    }
}

fn wrong(problem: EncodeProblem) -> EncodeError {
    EncodeError::new("headers", problem)
}
