//! One message through the rules, without a socket: what a gateway would send, and answer.

use super::case::{Case, Send};
use super::native;
use super::response::Answered;
use super::upstream::Answer;
use super::web;
use crate::cli::decode::{FrameError, Frames, From};
use bytes::{Bytes, BytesMut};
use gatewright_config::plan::{ListenerPlan, RouteAction, RoutePlan, UpstreamPlan};
use gatewright_core::codec::{DecodeError, Delimited, Event, Protocol, Recovery, Rejected, Side};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Kind, Message};
use gatewright_core::translate::{
    Carriage, Conversion, Facts, HttpRequest, Outcome, Peer, feed, not_allowed,
};
use serde_json::Value as Json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Who the client is: an address that is for documentation (RFC 5737).
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 49_152);

/// What came of a case.
#[derive(Debug)]
pub(super) struct Played {
    /// What went upstream, or why nothing did.
    pub(super) request: Result<Sent, String>,
    pub(super) reply: Reply,
}

/// What went upstream.
#[derive(Debug)]
pub(super) enum Sent {
    Http(HttpRequest),
    /// A message, as its receiver reads it.
    Message(Json),
}

/// What the client gets.
#[derive(Debug)]
pub(super) enum Reply {
    /// These bytes.
    Bytes(Bytes),
    /// This response of HTTP.
    Response(Answered),
    /// The end of the connection.
    Closed,
    /// Nothing: none is due.
    Nothing,
    /// It depends on the upstream's answer, and the test has none.
    Open,
}

/// Plays a case on its listener, whose routes lead to these upstreams.
pub(super) fn play(upstreams: &[UpstreamPlan], listener: &ListenerPlan, case: &Case) -> Played {
    let sent = &case.send;
    Stage { listener, sent }.play(upstreams, case)
}

/// What a request has too much of for its listener, so that it never comes to a rule.
pub(super) fn excess(listener: &ListenerPlan, sent: &Send) -> Option<String> {
    let stage = Stage { listener, sent };
    let message = stage.read().ok()?;
    let shape = listener.protocol.descriptor().http.as_ref()?;
    let (limits, head) = (&listener.limits, web::head_length(&message, shape));
    if head > limits.frame {
        let most = limits.frame;
        return Some(format!(
            "a head of {head} bytes, of {most} that `limits.frame` allows"
        ));
    }
    let body = message.body().whole().map_or(0, |body| body.len());
    let route = stage.route(&message, &stage.facts(&message))?;
    let is_read = listener.table.weighs_payload() || route.weighs_payload();
    let most = limits.body;
    (is_read && body > most)
        .then(|| format!("a body of {body} bytes, of {most} that `limits.body` allows"))
}

/// What the gateway makes of an answer that is longer than its upstream's may be.
fn too_long(upstreams: &[UpstreamPlan], route: &RoutePlan, answer: &Answer) -> Option<Fault> {
    let limits = &upstreams.get(route.upstream)?.limits;
    let (length, most, limit) = match (answer, &route.action) {
        (Answer::Http(answer), RouteAction::Translate(_)) => {
            let length = answer.body.whole().map_or(0, |body| body.len());
            (length, limits.body, "body")
        }
        (Answer::Message(reply), RouteAction::Convert(_) | RouteAction::Forward) => {
            let length = reply.frame().map_or(0, Bytes::len);
            (length, limits.frame, "frame")
        }
        _ => return None,
    };
    let detail =
        || format!("the answer has {length} bytes, of {most} that `limits.{limit}` allows");
    (length > most).then(|| Fault::sent(FaultClass::BadReply, detail()))
}

/// The protocol that the message in these bytes leaves in, if it is one and its route leads to an
/// upstream of messages.
pub(super) fn upstream_protocol<'p>(
    listener: &'p ListenerPlan,
    sent: &'p Send,
) -> Option<&'p Arc<dyn Protocol>> {
    let stage = Stage { listener, sent };
    let message = stage.read().ok()?;
    match &stage.route(&message, &stage.facts(&message))?.action {
        RouteAction::Convert(rules) => Some(rules.upstream()),
        RouteAction::Forward => Some(&listener.protocol),
        RouteAction::Translate(_) | RouteAction::Proxy(_) | RouteAction::Relay => None,
    }
}

struct Stage<'p> {
    listener: &'p ListenerPlan,
    /// What the client sends.
    sent: &'p Send,
}

impl<'p> Stage<'p> {
    fn route(&self, message: &Message, facts: &Facts) -> Option<&'p RoutePlan> {
        let picked = self.listener.table.pick(message, facts)?;
        self.listener.routes.get(picked).map(|route| &**route)
    }

    /// The head of a response whose payload is events; those are not played.
    fn events_begin(&self) -> Option<Message> {
        feed::head(self.listener.protocol.descriptor())
    }

    fn play(&self, upstreams: &[UpstreamPlan], case: &Case) -> Played {
        let message = match self.read() {
            Ok(message) => message,
            Err((why, reply)) => return refused(why, reply),
        };
        let facts = self.facts(&message);
        if message.kind() == Kind::Reply {
            return refused("clients send no replies".to_owned(), Reply::Closed);
        }
        let route = self.route(&message, &facts);
        let given = case.answer.as_ref();
        let too_long =
            (route.zip(given)).and_then(|(route, given)| too_long(upstreams, route, given));
        let answer = too_long.map(Answer::Fault);
        let answer = answer.as_ref().or(given);
        match route.map(|route| &route.action) {
            Some(RouteAction::Translate(rules)) => self.exchange(
                &message,
                rules.request(&message, &facts).map(Sent::Http),
                answer.map(Answer::outcome),
                |outcome| rules.reply(&message, outcome, &facts),
            ),
            Some(RouteAction::Convert(rules)) => {
                let unanswered = rules.has_events() || !rules.is_answered();
                let nothing_due = unanswered.then_some(Outcome::Sent);
                self.exchange(
                    &message,
                    converted(rules, &message, &facts).map(Sent::Message),
                    answer.map(Answer::outcome).or(nothing_due),
                    |outcome| match outcome {
                        Outcome::Sent if rules.has_events() => self.events_begin(),
                        outcome => rules.reply(&message, outcome, &facts),
                    },
                )
            }
            Some(RouteAction::Forward) => self.exchange(
                &message,
                self.forwarded(&message).map(Sent::Message),
                answer.map(Answer::outcome),
                |outcome| self.passed_back(&message, outcome),
            ),
            Some(RouteAction::Proxy(proxy)) => self.exchange(
                &message,
                proxy.request(&message, &facts).map(Sent::Http),
                answer.map(Answer::outcome),
                |outcome| match outcome {
                    Outcome::Answer(answer) => proxy.reply(&message, answer, &facts),
                    Outcome::Fault(fault) => proxy.refusal(&message, fault, &facts),
                    Outcome::Message(_) | Outcome::Sent => None,
                },
            ),
            // Listeners that have messages have no route that relays.
            Some(RouteAction::Relay) | None => {
                let fault = Fault::unsent(FaultClass::Unrouted, "no route takes this message");
                let rejected = Rejected::from(&message);
                let allow = self.listener.table.allowed(&message);
                let protocol = &self.listener.protocol;
                let reply = allow
                    .and_then(|allow| not_allowed(&message, protocol, &allow))
                    .or_else(|| protocol.reject(&rejected, &fault));
                let reply = due(&message, || self.write(reply));
                refused(fault.detail().to_owned(), reply)
            }
        }
    }

    /// The message in the bytes, or why there is none and what the client gets for it.
    fn read(&self) -> Result<Message, (String, Reply)> {
        let sent = match self.sent {
            Send::Request(message) => return Ok(message.clone()),
            Send::Bytes(bytes) => bytes.clone(),
        };
        let limit = self.listener.limits.frame;
        let protocol = &self.listener.protocol;
        let mut frames = Frames::new(protocol, Some(From::Client), limit, sent);
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
            Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => Err((
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
                    error: Some(error),
                };
                self.write(self.listener.protocol.reject(&rejected, &fault))
            }
        }
    }

    fn exchange(
        &self,
        message: &Message,
        sent: Result<Sent, Fault>,
        outcome: Option<Outcome<'_>>,
        by_rules: impl Fn(&Outcome<'_>) -> Option<Message>,
    ) -> Played {
        let reply = match (&sent, outcome) {
            (Err(fault), _) => self.reply(message, &Outcome::Fault(fault), by_rules),
            (Ok(_), None) => due(message, || Reply::Open),
            (Ok(_), Some(outcome)) => self.reply(message, &outcome, by_rules),
        };
        Played {
            request: sent.map_err(|fault| fault.to_string()),
            reply,
        }
    }

    fn reply(
        &self,
        message: &Message,
        outcome: &Outcome<'_>,
        by_rules: impl Fn(&Outcome<'_>) -> Option<Message>,
    ) -> Reply {
        due(message, || {
            let Some(reply) = by_rules(outcome) else {
                return Reply::Closed;
            };
            // A reply that does not fit the wire is a bad reply, of which the rules may say
            // something else; after them the protocol refuses.
            let bad = Fault::sent(FaultClass::BadReply, "the reply does not fit the wire");
            let rejected = Rejected::from(message);
            let instead = [
                by_rules(&Outcome::Fault(&bad)),
                self.listener.protocol.reject(&rejected, &bad),
            ];
            self.write(std::iter::once(reply).chain(instead.into_iter().flatten()))
        })
    }

    /// The bytes of the first of these that can be written; the others stand in for it.
    fn write(&self, replies: impl IntoIterator<Item = Message>) -> Reply {
        let mut replies = replies.into_iter();
        if let Some(shape) = &self.listener.protocol.descriptor().http {
            // How it is written is for the version of HTTP that the client speaks.
            let response = replies.find_map(|reply| Answered::of(&reply, shape));
            return response.map_or(Reply::Closed, Reply::Response);
        }
        let limit = self.listener.limits.frame;
        let mut codec = Arc::clone(&self.listener.protocol).codec(Side::Server, limit);
        // Some replies are written with what their requests said.
        if let Some(sent) = self.sent.bytes()
            && let Ok(Delimited::Frame(length)) = codec.delimit(sent)
            && length.get() <= sent.len()
        {
            let _ = codec.decode(sent.slice(..length.get()));
        }
        let mut out = BytesMut::new();
        let mut replies = replies.map(Event::Head);
        if replies.any(|reply| codec.encode(&reply, &mut out).is_ok()) {
            Reply::Bytes(out.freeze())
        } else {
            Reply::Closed
        }
    }

    /// The message as it goes to a server of its own protocol, but for its id, which is one of the
    /// connection's.
    fn forwarded(&self, message: &Message) -> Result<Json, Fault> {
        let protocol = &self.listener.protocol;
        let mut message = message.clone();
        if matches!(message.correlation(), Correlation::Id(_)) {
            protocol
                .descriptor()
                .correlate(&mut message, Correlation::Id(0));
        }
        as_sent(protocol, message)
    }

    /// What the client gets of a server of its own protocol: its reply, with the client's id.
    fn passed_back(&self, message: &Message, outcome: &Outcome<'_>) -> Option<Message> {
        let protocol = &self.listener.protocol;
        match outcome {
            Outcome::Message(reply) => {
                let mut reply = Message::clone(reply);
                let id = message.correlation().clone();
                protocol.descriptor().correlate(&mut reply, id);
                Some(reply)
            }
            Outcome::Fault(fault) => protocol.reject(&Rejected::from(message), fault),
            Outcome::Answer(_) | Outcome::Sent => None,
        }
    }

    fn facts(&self, message: &Message) -> Facts {
        let forwarding = &self.listener.forwarding;
        let carriage = Carriage {
            forwarding: forwarding.of(PEER.ip()),
            ..Carriage::default()
        };
        let shape = self.listener.protocol.descriptor().http.as_ref();
        Facts {
            peer: Arc::new(Peer {
                address: PEER,
                identity: None,
                connection: 1,
                listener: Arc::clone(&self.listener.name),
            }),
            client: forwarding.client(message, shape, PEER.ip(), carriage),
            trace: 1,
            carriage,
        }
    }
}

/// The message that goes upstream, unless it cannot be made or written.
fn converted(rules: &Conversion, message: &Message, facts: &Facts) -> Result<Json, Fault> {
    as_sent(rules.upstream(), rules.request(message, facts)?)
}

fn as_sent(protocol: &Arc<dyn Protocol>, message: Message) -> Result<Json, Fault> {
    native::as_read(protocol, message)
        .map_err(|error| Fault::unsent(FaultClass::BadRequest, error.to_string()))
}

const fn refused(why: String, reply: Reply) -> Played {
    Played {
        request: Err(why),
        reply,
    }
}

/// The reply, if one is due at all.
fn due(message: &Message, reply: impl FnOnce() -> Reply) -> Reply {
    match message.kind() {
        Kind::Event => Reply::Nothing,
        Kind::Request | Kind::Reply => reply(),
    }
}
