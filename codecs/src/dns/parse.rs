//! One whole frame into a message.

use super::name::Names;
use super::schema::FLAGS;
use super::{
    ANSWER, HEADER, MAX_QUESTIONS, MAX_REQUEST_RECORDS, OPCODE_UPDATE, PREFIX, QR, QUERY, UPDATE,
    rdata,
};
use crate::framing::fixed::{be_u16, be_u32};
use bytes::Bytes;
use gatewright_core::codec::{Cause, DecodeError, Side};
use gatewright_core::message::{Correlation, Kind, Message, OperationId, Record, Value};
use nom::{IResult, Parser};

pub(super) fn parse(frame: Bytes, side: Side) -> Result<Message, DecodeError> {
    let message = frame.slice(PREFIX.min(frame.len())..);
    let Ok((_, header)) = Header::parse(&message) else {
        return Err(DecodeError::new(
            Cause::Truncated,
            frame.len(),
            "a DNS header",
            "the end of the frame",
        ));
    };
    let operation = header.operation();
    let kind = if operation == ANSWER {
        Kind::Reply
    } else {
        Kind::Request
    };
    if (kind == Kind::Reply) != (side == Side::Client) {
        return Err(DecodeError::new(
            Cause::WrongDirection,
            PREFIX.saturating_add(2),
            "a message for this side",
            "the other QR bit",
        ));
    }
    let correlation = Correlation::Id(u64::from(header.id));
    match Reader::new(&message).fields(&header) {
        Ok(fields) => Ok(Message::new(kind, operation, fields)
            .with_correlation(correlation)
            .with_frame(frame)),
        Err(error) => Err(error
            .shifted(PREFIX)
            .answering(Some(operation), correlation)),
    }
}

struct Header {
    id: u16,
    bits: u16,
    questions: usize,
    /// Answers, authorities, additionals.
    records: [usize; 3],
}

impl Header {
    fn parse(message: &[u8]) -> IResult<&[u8], Self, ()> {
        let count = || be_u16.map(usize::from);
        (be_u16, be_u16, count(), count(), count(), count())
            .map(|(id, bits, questions, a, b, c)| Self {
                id,
                bits,
                questions,
                records: [a, b, c],
            })
            .parse(message)
    }

    fn opcode(&self) -> u8 {
        self.bits.to_be_bytes()[0] >> 3 & 0x0f
    }

    fn rcode(&self) -> u16 {
        self.bits & 0x0f
    }

    fn operation(&self) -> OperationId {
        match self.opcode() {
            _ if self.bits & QR != 0 => ANSWER,
            OPCODE_UPDATE => UPDATE,
            _ => QUERY,
        }
    }

    /// Refuses counts before anything is built for them.
    fn check_counts(&self) -> Result<(), DecodeError> {
        let wrong =
            |expected: &'static str| Err(DecodeError::new(Cause::BadValue, 4, expected, "more"));
        if self.questions > MAX_QUESTIONS {
            return wrong("one question at most");
        }
        let records = self
            .records
            .iter()
            .fold(0, |sum: usize, n| sum.saturating_add(*n));
        if self.bits & QR == 0 && records > MAX_REQUEST_RECORDS {
            return wrong("256 records at most in a request");
        }
        Ok(())
    }
}

/// Reads what follows the header.
struct Reader<'m> {
    message: &'m Bytes,
    at: usize,
    names: Names<'m>,
}

impl<'m> Reader<'m> {
    fn new(message: &'m Bytes) -> Self {
        Self {
            message,
            at: HEADER,
            names: Names::new(message),
        }
    }

    fn fields(mut self, header: &Header) -> Result<Record, DecodeError> {
        header.check_counts()?;
        let mut fields = Vec::with_capacity(15);
        fields.extend([header.id.into(), header.opcode().into()]);
        fields.extend(
            FLAGS
                .iter()
                .map(|(_, _, bit)| Value::Bool(header.bits & bit != 0)),
        );
        fields.push(header.rcode().into());
        let questions = self.list(header.questions, Self::question)?;
        let (name, qtype) = first(&questions);
        fields.push(Value::List(questions));
        for count in header.records {
            fields.push(Value::List(self.list(count, Self::record)?));
        }
        fields.extend([name, qtype]);
        match self.message.len().saturating_sub(self.at) {
            0 => Ok(fields),
            more => Err(DecodeError::new(
                Cause::TrailingBytes,
                self.at,
                "the end of the message",
                format!("{more} bytes more"),
            )),
        }
    }

    /// So many elements. Nothing is reserved for a count: each element proves itself first.
    fn list(
        &mut self,
        count: usize,
        read: impl Fn(&mut Self) -> Result<Record, DecodeError>,
    ) -> Result<Vec<Value>, DecodeError> {
        (0..count).map(|_| read(self).map(Value::Record)).collect()
    }

    fn question(&mut self) -> Result<Record, DecodeError> {
        let name = self.name()?;
        let (qtype, class) = self.fixed((be_u16, be_u16))?;
        Ok(vec![name, qtype.into(), class.into()])
    }

    fn record(&mut self) -> Result<Record, DecodeError> {
        let name = self.name()?;
        let (rtype, class, ttl, len) = self.fixed((be_u16, be_u16, be_u32, be_u16))?;
        let start = self.at;
        self.at = start.saturating_add(usize::from(len));
        if self.at > self.message.len() {
            return Err(self.truncated());
        }
        let data = rdata::read(self.message, start..self.at, rtype, &mut self.names)?;
        Ok(vec![
            name,
            rtype.into(),
            class.into(),
            ttl.into(),
            data.into(),
        ])
    }

    fn name(&mut self) -> Result<Value, DecodeError> {
        let (text, end) = self.names.text(self.at)?;
        self.at = end;
        Ok(Value::Str(text))
    }

    fn fixed<T>(
        &mut self,
        mut parser: impl Parser<&'m [u8], Output = T, Error = ()>,
    ) -> Result<T, DecodeError> {
        let rest = self.message.get(self.at..).unwrap_or_default();
        let (rest, value) = parser.parse(rest).map_err(|_| self.truncated())?;
        self.at = self.message.len().saturating_sub(rest.len());
        Ok(value)
    }

    fn truncated(&self) -> DecodeError {
        DecodeError::new(
            Cause::Truncated,
            self.message.len(),
            "the rest of a section",
            "the end of the message",
        )
    }
}

/// Name and type of the first question, if there is one.
fn first(questions: &[Value]) -> (Value, Value) {
    match questions
        .first()
        .and_then(Value::as_record)
        .map(Vec::as_slice)
    {
        Some([name, qtype, ..]) => (name.clone(), qtype.clone()),
        Some(_) | None => (Value::Null, Value::Null),
    }
}
