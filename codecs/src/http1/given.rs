//! The header fields that a message is given, for the wire: what could be read as more than one field
//! is refused, what ends at this hop is left out.

use super::head::number;
use super::hop::{Options, is_trailers};
use super::{MAX_FIELDS, MAX_LINES};
use bytes::{BufMut, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem};
use gatewright_core::message::headers::{Header, NotHeaders, Role, Roles};
use gatewright_core::message::{Headers, Value};
use std::borrow::Cow;

/// What passes whatever it is in, and says nothing about the message.
const END_TO_END: Roles = Roles::of(&[Role::Other, Role::Origin, Role::Date, Role::Credentials]);
/// The same behind a body.
const OF_TRAILERS: Roles = Roles::of(&[Role::Other, Role::Origin, Role::Date]);

/// Fields, looked at once before any of them is written.
#[derive(Debug)]
pub(super) struct Given<'m> {
    headers: &'m Headers,
    of: Of,
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

impl Of {
    /// What passes whatever it says.
    const fn plain(self) -> Roles {
        match self {
            Self::Request | Self::Response => END_TO_END,
            Self::Trailers => OF_TRAILERS,
        }
    }
}

/// The fields that a message is given.
pub(super) fn fields(value: &Value) -> Result<Cow<'_, Headers>, EncodeError> {
    Headers::of(value).map_err(|error| {
        wrong(match error {
            NotHeaders::Type => EncodeProblem::WrongType,
            NotHeaders::Field => EncodeProblem::Charset,
        })
    })
}

impl<'m> Given<'m> {
    pub(super) fn read(headers: &'m Headers, of: Of) -> Result<Self, EncodeError> {
        let mut given = Self {
            headers,
            of,
            length: None,
            connection: Options::default(),
        };
        let counted = match headers.roles().are_among(of.plain()) {
            true => headers.len(),
            false => given.look()?,
        };
        // A hop has a few words of its own to add to what it has read.
        let most = match of {
            Of::Request | Of::Response => MAX_LINES,
            Of::Trailers => MAX_FIELDS,
        };
        if counted > most {
            return Err(wrong(EncodeProblem::OutOfRange));
        }
        Ok(given)
    }

    /// Looks at each field. Gives the number of those that count.
    fn look(&mut self) -> Result<usize, EncodeError> {
        let mut counted = 0_usize;
        for header in self.headers.iter() {
            match header.role() {
                // RFC 9110, 6.5.1: it is not for trailers to say how a message is to be read.
                role if self.of == Of::Trailers && !self.of.plain().has(role) => {}
                Role::Host if self.of == Of::Request => {
                    return Err(wrong(EncodeProblem::OutOfRange));
                }
                Role::Length => self.take_length(header.value())?,
                Role::Connection => self.connection.add(header.value()),
                Role::Other
                | Role::Host
                | Role::Coding
                | Role::Te
                | Role::Expect
                | Role::Hop
                | Role::Origin
                | Role::Date
                | Role::Credentials => counted = counted.saturating_add(1),
            }
        }
        Ok(counted)
    }

    fn take_length(&mut self, value: &str) -> Result<(), EncodeError> {
        let length = number(value.as_bytes()).ok_or_else(|| wrong(EncodeProblem::OutOfRange))?;
        match self.length.replace(length) {
            None => Ok(()),
            Some(_) => Err(wrong(EncodeProblem::OutOfRange)),
        }
    }

    /// Whether who asks is told of the connection, as those see it who understand NTLM and Negotiate (RFC
    /// 4559, 6): whatever comes on it from then on would be taken for theirs.
    pub(super) fn bind_connection(&self) -> bool {
        let binds = |header: Header<'_>| {
            let scheme = header.value().split(' ').next().unwrap_or_default();
            ["ntlm", "negotiate"]
                .iter()
                .any(|name| scheme.eq_ignore_ascii_case(name))
        };
        let credentials = |header: &Header<'_>| header.role() == Role::Credentials;
        self.headers.roles().has(Role::Credentials)
            && self.headers.iter().filter(credentials).any(binds)
    }

    /// Appends those that are passed on.
    pub(super) fn write(&self, out: &mut BytesMut) {
        out.reserve(self.headers.size());
        match self.headers.roles().are_among(self.of.plain()) {
            true => self.headers.write_all(out),
            false => self.headers.write(out, |header| self.passes(header)),
        }
    }

    fn passes(&self, header: Header<'_>) -> bool {
        let passes = match header.role() {
            Role::Other | Role::Origin | Role::Date => true,
            _ if self.of == Of::Trailers => false,
            Role::Credentials | Role::Expect | Role::Host => true,
            Role::Te => is_trailers(header.value()),
            Role::Length | Role::Coding | Role::Connection | Role::Hop => false,
        };
        passes && !(self.connection.names_any() && self.connection.names(header.name()))
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

fn wrong(problem: EncodeProblem) -> EncodeError {
    EncodeError::new("headers", problem)
}
