//! What a client that asks for WebSocket is answered: RFC 6455, 4.2.2.

use std::fmt::Write as _;

/// Why there is no WebSocket for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// What came is not a request of HTTP/1.1 without a body.
    Syntax,
    /// Its head is too long.
    LongHead,
    /// Nothing is there.
    Path,
    /// A method that is not GET.
    Method,
    /// A request that does not ask for WebSocket.
    NoUpgrade,
    /// A version of it that is not 13.
    Version,
    /// A key that is not 16 bytes in base64, or none.
    Key,
    /// A page that may not connect.
    Origin,
    /// None of the subprotocols is offered.
    Subprotocol,
    /// A tunnel for something else, by HTTP/2.
    Protocol,
    /// No place for one more client on a connection of HTTP/2: others wait before they are accepted.
    Full,
}

impl Refusal {
    /// It as a metric has it.
    pub(crate) const fn cause(self) -> &'static str {
        match self {
            Self::Syntax => "not-http",
            Self::LongHead => "long-head",
            Self::Path => "path",
            Self::Method => "method",
            Self::NoUpgrade => "no-upgrade",
            Self::Version => "version",
            Self::Key => "key",
            Self::Origin => "origin",
            Self::Subprotocol => "subprotocol",
            Self::Protocol => "protocol",
            Self::Full => "full",
        }
    }

    const fn status(self) -> &'static str {
        match self {
            Self::Syntax | Self::Key | Self::Subprotocol => "400 Bad Request",
            Self::LongHead => "431 Request Header Fields Too Large",
            Self::Path => "404 Not Found",
            Self::Method => "405 Method Not Allowed",
            Self::NoUpgrade | Self::Version => "426 Upgrade Required",
            Self::Origin => "403 Forbidden",
            Self::Protocol => "501 Not Implemented",
            Self::Full => "503 Service Unavailable",
        }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Syntax => "not a request of HTTP/1.1 without a body",
            Self::LongHead => "the request's head is too long",
            Self::Path => "nothing is here",
            Self::Method => "WebSocket begins with GET",
            Self::NoUpgrade => "WebSocket is spoken here",
            Self::Version => "version 13 of WebSocket is spoken here",
            Self::Key => "Sec-WebSocket-Key has to be 16 bytes in base64",
            Self::Origin => "pages from there may not connect",
            Self::Subprotocol => "none of the subprotocols that are spoken here is offered",
            Self::Protocol => "WebSocket is the only protocol here",
            Self::Full => "there is no place for one more client",
        }
    }

    /// What the status needs beside it: RFC 9110, 15.5.6 and 15.5.22; RFC 6455, 4.4.
    const fn fields(self) -> &'static str {
        match self {
            Self::Method => "allow: GET\r\nconnection: close\r\n",
            Self::NoUpgrade => "upgrade: websocket\r\nconnection: upgrade, close\r\n",
            Self::Version => {
                "upgrade: websocket\r\nsec-websocket-version: 13\r\nconnection: upgrade, close\r\n"
            }
            Self::Syntax
            | Self::LongHead
            | Self::Path
            | Self::Key
            | Self::Origin
            | Self::Subprotocol
            | Self::Protocol
            | Self::Full => "connection: close\r\n",
        }
    }

    /// The answer, whole, made at this date (RFC 9110, 6.6.1).
    pub(crate) fn answer(self, date: &str) -> String {
        let (status, fields, words) = (self.status(), self.fields(), self.words());
        let length = words.len() + 1;
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\ndate: {date}\r\n{fields}\r\n{words}\n"
        )
    }
}

/// The answer to a client that is let in.
pub(super) fn switching(accept: &str, subprotocol: Option<&str>) -> String {
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n"
    );
    if let Some(name) = subprotocol {
        // Writing to a string cannot fail.
        let _ = write!(answer, "sec-websocket-protocol: {name}\r\n");
    }
    answer.push_str("\r\n");
    answer
}
