//! One message through the rules, without a socket: what a gateway would send, and answer.

use super::case::Case;
use super::upstream::Answer;
use crate::cli::decode::{FrameError, Frames, From};
use bytes::{Bytes, BytesMut};
use gatewright_config::plan::{ListenerPlan, RoutePlan};
use gatewright_core::codec::{DecodeError, Event, Recovery, Rejected, Side};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Kind, Message};
use gatewright_core::translate::{Facts, HttpRequest, Outcome};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Who the client is: an address that is for documentation (RFC 5737).
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 49_152);

/// What came of a case.
#[derive(Debug)]
pub(super) struct Played {
    /// The request that went upstream, or why none did.
    pub(super) request: Result<HttpRequest, String>,
    pub(super) reply: Reply,
}

/// What the client gets.
#[derive(Debug)]
pub(super) enum Reply {
    /// These bytes.
    Bytes(Bytes),
    /// The end of the connection.
    Closed,
    /// Nothing: none is due.
    Nothing,
    /// It depends on the upstream's answer, and the test has none.
    Open,
}

/// Plays a case on its listener.
pub(super) fn play(listener: &ListenerPlan, case: &Case) -> Played {
    Stage { listener }.play(case)
}

struct Stage<'p> {
    listener: &'p ListenerPlan,
}

impl Stage<'_> {
    fn play(&self, case: &Case) -> Played {
        let message = match self.read(&case.send) {
            Ok(message) => message,
            Err((why, reply)) => return refused(why, reply),
        };
        let facts = self.facts();
        let answer = case.answer.as_ref();
        if message.kind() == Kind::Reply {
            return refused("clients send no replies".to_owned(), Reply::Closed);
        }
        let picked = self.listener.table.pick(&message, &facts);
        match picked.and_then(|index| self.listener.routes.get(index)) {
            Some(route) => self.exchange(route, &message, answer, &facts),
            None => {
                let fault = Fault::unsent(FaultClass::Unrouted, "no route takes this message");
                let rejected = Rejected::from(&message);
                let reply = self.listener.protocol.reject(&rejected, &fault);
                let reply = self.due(&message, || self.write(reply, Some(&message)));
                refused(fault.detail().to_owned(), reply)
            }
        }
    }

    /// The message in the bytes, or why there is none and what the client gets for it.
    fn read(&self, bytes: &Bytes) -> Result<Message, (String, Reply)> {
        let limit = self.listener.limits.frame;
        let protocol = &self.listener.protocol;
        let mut frames = Frames::new(protocol, Some(From::Client), limit, bytes.clone());
        let frame = match frames.next() {
            Some(Ok(frame)) => frame,
            Some(Err(FrameError::Broken { error, .. })) => {
                return Err((error.to_string(), self.refuse(&error)));
            }
            Some(Err(error @ FrameError::Incomplete { .. })) => {
                return Err((error.to_string(), Reply::Nothing));
            }
            None => return Err(("nothing is sent".to_owned(), Reply::Nothing)),
        };
        if frames.next().is_some() {
            let why = format!(
                "a test sends one message: it ends after {} bytes",
                frame.length
            );
            return Err((why, Reply::Nothing));
        }
        match frame.event {
            Event::Head(message) => Ok(message),
            Event::Body(_) | Event::End | Event::Reset(_) | Event::Control(_) => Err((
                "this is no message but housekeeping".to_owned(),
                Reply::Nothing,
            )),
        }
    }

    /// What the client gets for bytes that are not what the protocol says.
    fn refuse(&self, error: &DecodeError) -> Reply {
        match error.recovery() {
            Recovery::Skip => Reply::Nothing,
            Recovery::Close => Reply::Closed,
            Recovery::Answer | Recovery::AnswerAndClose => {
                let fault = Fault::unsent(FaultClass::BadRequest, error.to_string());
                let rejected = Rejected {
                    operation: error.operation(),
                    correlation: error.correlation().clone(),
                    message: None,
                };
                self.write(self.listener.protocol.reject(&rejected, &fault), None)
            }
        }
    }

    fn exchange(
        &self,
        route: &RoutePlan,
        message: &Message,
        answer: Option<&Answer>,
        facts: &Facts,
    ) -> Played {
        let translate = |outcome: &Outcome<'_>| {
            let reply = route.translation.reply(message, outcome, facts);
            self.write(reply, Some(message))
        };
        let request = match route.translation.request(message, facts) {
            Ok(request) => request,
            Err(fault) => {
                let reply = self.due(message, || translate(&Outcome::Fault(&fault)));
                return refused(fault.to_string(), reply);
            }
        };
        let reply = self.due(message, || match answer {
            Some(Answer::Http(answer)) => translate(&Outcome::Answer(answer)),
            Some(Answer::Fault(fault)) => translate(&Outcome::Fault(fault)),
            None => Reply::Open,
        });
        Played {
            request: Ok(request),
            reply,
        }
    }

    /// The reply, if one is due at all.
    fn due(&self, message: &Message, reply: impl FnOnce() -> Reply) -> Reply {
        match message.kind() {
            Kind::Event => Reply::Nothing,
            Kind::Request | Kind::Reply => reply(),
        }
    }

    /// The reply's bytes. One that does not fit the wire becomes the refusal of its request.
    fn write(&self, reply: Option<Message>, request: Option<&Message>) -> Reply {
        let Some(reply) = reply else {
            return Reply::Closed;
        };
        let protocol = &self.listener.protocol;
        let mut codec = Arc::clone(protocol).codec(Side::Server, self.listener.limits.frame);
        let mut out = BytesMut::new();
        if codec.encode(&Event::Head(reply), &mut out).is_ok() {
            return Reply::Bytes(out.freeze());
        }
        let fault = Fault::sent(FaultClass::BadReply, "the reply does not fit the wire");
        let refusal = request.and_then(|r| protocol.reject(&Rejected::from(r), &fault));
        let written =
            refusal.is_some_and(|refusal| codec.encode(&Event::Head(refusal), &mut out).is_ok());
        if written {
            Reply::Bytes(out.freeze())
        } else {
            Reply::Closed
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            peer: PEER,
            connection: 1,
            listener: Arc::clone(&self.listener.name),
            trace: 1,
        }
    }
}

const fn refused(why: String, reply: Reply) -> Played {
    Played {
        request: Err(why),
        reply,
    }
}
