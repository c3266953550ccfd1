//! A little HTTP/1.1, for what listeners do with any protocol whose bodies follow their messages: only
//! `Content-Length`, only whole heads that are good.

use super::in_time;
use super::metrics::Metrics;
use bytes::{BufMut as _, Bytes, BytesMut};
use gatewright::{Gateway, Running};
use gatewright_core::codec::{
    Capabilities, Cause, ConnCodec, Control, CorrelationKind, DecodeError, Delimited, Descriptor,
    Drain, EncodeError, EncodeProblem, Event, FieldDef, HalfClose, HttpShape, Operation, Protocol,
    Rejected, ReplyOrder, Schema, Side, StructDef, StructId, Type,
};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, Kind, Message, OperationId, Slot, Value};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

const REQUEST: OperationId = OperationId(0);
const RESPONSE: OperationId = OperationId(1);

/// The protocol.
#[derive(Debug)]
pub(crate) struct Web(Arc<Descriptor>);

impl Web {
    pub(crate) fn new() -> Self {
        Self(Arc::new(descriptor()))
    }
}

fn descriptor() -> Descriptor {
    let text = |name| FieldDef::new(name, Type::STR);
    let headers = || {
        FieldDef::new("headers", Type::List(Box::new(Type::Struct(StructId(2)))))
            .or(Value::List(Vec::new()))
    };
    let record = |name: &'static str, fields| StructDef {
        name: name.into(),
        fields,
    };
    let authority = text("authority").optional();
    let status = FieldDef::new("status", Type::Int { min: 100, max: 999 });
    Descriptor {
        name: "web".into(),
        schema: Schema {
            structs: vec![
                record(
                    "request",
                    vec![text("method"), text("target"), authority, headers()],
                ),
                record("response", vec![status, headers()]),
                record("header", vec![text("name"), text("value")]),
            ],
            enums: Vec::new(),
        },
        operations: vec![
            Operation::new("request", Kind::Request, StructId(0)),
            Operation::new("response", Kind::Reply, StructId(1)),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Fifo,
            reply_order: ReplyOrder::OfRequests,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            max_frame: 1 << 20,
        },
        http: Some(HttpShape {
            request: REQUEST,
            method: Slot(0),
            target: Slot(1),
            authority: Slot(2),
            request_headers: Slot(3),
            response: RESPONSE,
            status: Slot(0),
            response_headers: Slot(1),
        }),
    }
}

impl Protocol for Web {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.0
    }

    fn codec(self: Arc<Self>, _: Side, _: usize) -> Box<dyn ConnCodec> {
        Box::new(WebCodec {
            descriptor: Arc::clone(&self.0),
            body: None,
            waits: false,
            ended: false,
        })
    }

    fn reject(&self, rejected: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        let cause = rejected.error.map(DecodeError::cause);
        let status: u16 = match (fault.class(), cause) {
            (_, Some(Cause::LongBody)) => 413,
            (_, Some(Cause::TooLong)) => 431,
            (_, Some(Cause::Unsupported)) => 501,
            (FaultClass::BadRequest, _) => 400,
            (FaultClass::Unrouted, _) => 404,
            (FaultClass::Timeout, _) => 504,
            _ => 502,
        };
        let fields = vec![status.into(), Value::List(Vec::new())];
        Some(self.0.message(RESPONSE, fields))
    }
}

#[derive(Debug)]
struct WebCodec {
    descriptor: Arc<Descriptor>,
    /// What is to come of a body; nothing but its end for zero.
    body: Option<usize>,
    waits: bool,
    ended: bool,
}

impl ConnCodec for WebCodec {
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        let end = match self.body {
            Some(left) => left.min(buf.len()),
            None => find(buf, b"\r\n\r\n").map_or(0, |at| at + 4),
        };
        Ok(NonZeroUsize::new(end).map_or(Delimited::need(1), Delimited::Frame))
    }

    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError> {
        if let Some(left) = &mut self.body {
            *left -= frame.len();
            self.waits = false;
            return Ok(Event::Body(frame));
        }
        let head = std::str::from_utf8(&frame).expect("text");
        let mut lines = head.lines();
        let line: Vec<&str> = lines.next().expect("a line").split(' ').collect();
        let [method, target, "HTTP/1.1"] = line[..] else {
            return Err(DecodeError::new(Cause::BadMagic, 0, "HTTP/1.1", "other"));
        };
        let fields: Vec<(String, &str)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let field = |name: &str| fields.iter().find(|f| f.0 == name).map(|f| f.1);
        let length = field("content-length").and_then(|n| n.parse().ok());
        self.body = length.filter(|n| *n > 0);
        self.waits = field("expect") == Some("100-continue");
        self.ended = field("connection") == Some("close");
        let host = field("host").map_or(Value::Null, text);
        let headers = (fields.iter().filter(|(name, _)| name != "host"))
            .map(|(n, v)| Value::Record(vec![text(n), text(v)]));
        let record = vec![
            text(method),
            text(target),
            host,
            Value::List(headers.collect()),
        ];
        let message = self.descriptor.message(REQUEST, record);
        Ok(Event::Head(match self.body {
            Some(_) => message.with_body(Body::Awaited),
            None => message,
        }))
    }

    fn due(&mut self) -> Option<Event> {
        self.body.take_if(|left| *left == 0)?;
        Some(Event::End(Value::Null))
    }

    fn has_ended(&self) -> bool {
        self.ended && self.body.is_none()
    }

    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        let message = match event {
            Event::Head(message) => message,
            Event::Control(Control::Continue) => {
                if std::mem::take(&mut self.waits) {
                    out.put_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                return Ok(());
            }
            _ => return Err(EncodeError::new("", EncodeProblem::NotInProtocol)),
        };
        let status = message.field(Slot(0)).as_int().expect("a status");
        let body = message.body().whole().expect("a whole body");
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        out.put_slice(head.as_bytes());
        out.put_slice(&body);
        Ok(())
    }
}

fn text(text: &str) -> Value {
    Value::Str(text.into())
}

pub(crate) fn find(buf: &[u8], what: &[u8]) -> Option<usize> {
    buf.windows(what.len()).position(|window| window == what)
}

/// A gateway with one listener of that protocol, linked in. All requests go to the upstream's
/// `/up`, body and all, and answers come back as they are.
pub(crate) struct WebGateway(Option<Running>);

impl WebGateway {
    pub(crate) async fn start(url: &str, limits: &str, keys: &str) -> Self {
        let text = format!(
            "[gateway]\nworkers = 1\n[gateway.drain]\nspread = \"0s\"\ndeadline = \"20s\"\n\
             [admin]\nhttp = \"127.0.0.1:0\"\n\
             [listeners.front]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"web\"\nlimits = {{ {limits} }}\n{keys}\n\
             [upstreams.backend]\nurl = \"{url}\"\ntimeout = \"1h\"\n\
             [[routes]]\nname = \"slow\"\nfrom = \"front\"\noperation = \"* /slow\"\nto = \"backend\"\n\
             timeout = \"300ms\"\nrequest.post = \"/slow\"\nreply = [{{ on = \"timeout\", status = 504 }}, {{ on = \"*\", status = 502 }}]\n\
             [[routes]]\nname = \"told\"\nfrom = \"front\"\noperation = \"GET /x/{{rest...}}\"\nto = \"backend\"\n\
             request.post = \"/up/{{path.rest}}\"\nrequest.headers = {{ x-cookie = \"{{headers['cookie']}}\", x-host = \"{{host}}\" }}\n\
             reply = [{{ on = \"*\", status = 200 }}]\n\
             [[routes]]\nname = \"all\"\nfrom = \"front\"\noperation = \"* /{{path...}}\"\nto = \"backend\"\n\
             request.post = \"/up/{{path.path}}\"\nrequest.body = \"{{body}}\"\n\
             reply = [{{ on = \"2xx\", status = 200, headers = {{ x-from = \"up\" }}, body = \"{{body}}\" }}, {{ on = \"*\", status = 502 }}]\n"
        );
        let builder = Gateway::builder()
            .protocol("web", Web::new())
            .config_text("web.toml", text);
        let starting = tokio::task::spawn_blocking(move || {
            let gateway = builder.load().unwrap_or_else(|found| panic!("{found:#?}"));
            gateway.start().expect("a free port")
        });
        Self(Some(starting.await.expect("a gateway")))
    }

    fn running(&self) -> &Running {
        self.0.as_ref().expect("a running gateway")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running().address("front").expect("a listener")
    }

    /// Waits until it has counted an end of a connection for this reason.
    pub(crate) async fn until_closed(&self, reason: &str) {
        let admin = self.running().addresses().admin.expect("an address");
        let labels = [("reason", reason)];
        let name = "gatewright_connections_closed_total";
        let counted = async { while Metrics::scrape(admin).await.sum(name, &labels) < 1.0 {} };
        in_time(format!("an end by {reason}"), counted).await;
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) async fn stop(&mut self) -> gatewright::Outcome {
        let running = self.0.take().expect("a running gateway");
        let stopping = tokio::task::spawn_blocking(move || running.stop());
        stopping.await.expect("an end")
    }
}
