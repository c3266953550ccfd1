//! A client's response, where the listener speaks HTTP.

use super::reader::{Node, Reader, if_given};
use super::upstream::{Parts, status};
use bytes::Bytes;
use gatewright_core::codec::HttpShape;
use gatewright_core::message::{Message, Value};

/// The response that a client should get. What is not given may be anything.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: Option<i128>,
    pub(super) parts: Parts,
}

/// The response that it gets.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: i128,
    headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Response {
    /// Reads `{ status = 200, headers = { }, json = … }`.
    pub(super) fn read(reader: &mut Reader, node: &Node<'_>) -> Option<Self> {
        let section = reader.section("`expect`", node)?;
        section.only(reader, &["status", "headers", "json", "body"]);
        let status = section.get("status").map(|node| status(reader, node));
        Some(Self {
            parts: Parts::read(reader, &section)?,
            status: if_given(status)?.map(|status| i128::from(status.as_u16())),
        })
    }

    /// In words.
    pub(super) fn line(&self) -> String {
        match self.status {
            Some(status) => format!("a response with status {status}"),
            None => "a response".to_owned(),
        }
    }
}

impl Answered {
    /// What a reply of that shape says; `None` if it has no status.
    pub(super) fn of(reply: &Message, shape: &HttpShape) -> Option<Self> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let pair = |header: &Value| {
            let fields = header.as_record()?;
            let at = |slot: gatewright_core::message::Slot| text(fields.get(slot.index()));
            at(HttpShape::NAME).zip(at(HttpShape::VALUE))
        };
        let headers = reply.field(shape.response_headers).as_list();
        Some(Self {
            status: reply.field(shape.status).as_int()?,
            headers: headers
                .unwrap_or_default()
                .iter()
                .filter_map(pair)
                .collect(),
            body: reply.body().whole().unwrap_or_default(),
        })
    }

    /// The values of a header.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        let named = self
            .headers
            .iter()
            .filter(|(given, _)| given.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.clone()).collect()
    }

    /// In words.
    pub(super) fn line(&self) -> String {
        format!("a response with status {}", self.status)
    }
}
