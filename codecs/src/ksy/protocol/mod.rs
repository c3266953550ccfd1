//! A definition with a `-gateway` section, as a protocol like any other.

mod address;
mod codec;
mod direct;
mod foresight;
mod gather;
mod grading;
mod ids;
mod load;
mod offsets;
mod operations;
mod narrowed;
pub mod outline;
mod own;
mod paths;
mod pending;
mod presets;
mod reject;
mod scatter;
mod schema;
mod shape;
mod wrong;

pub use load::{Loaded, load};
pub use schema::{Names, TooMany};

use crate::ksy::plan::Plan;
use crate::ksy::section::plan::{OperationIndex, SectionPlan};
use crate::ksy::write::Rules;
use codec::KsyCodec;
use direct::Layout;
use gatewright_core::codec::{
    ConnCodec, Control, Descriptor, Event, Protocol, Rejected, Side, Used,
};
use gatewright_core::fault::Fault;
use gatewright_core::message::{Kind, Message, Value};
use offsets::Fixed;
use operations::{Operations, Way};
use std::sync::Arc;

/// A defined protocol.
#[derive(Debug)]
pub struct Ksy {
    descriptor: Arc<Descriptor>,
    plan: Plan,
    section: SectionPlan,
    rules: Rules,
    operations: Operations,
    /// Where the id of requests stands, if that is always the same place.
    request_id: Option<Fixed>,
    /// Where the id of replies stands, if that is always the same place.
    reply_id: Option<Fixed>,
    /// What requests are read with.
    request_arguments: Vec<Value>,
    /// What replies are read with, if that does not depend on their requests; else what events
    /// are read with, which is nothing.
    reply_arguments: Vec<Value>,
    needs_request: bool,
    layouts: Layouts,
    /// What clients are told when the gateway drains.
    farewell: Option<Message>,
}

/// Where messages can be read and written the direct way.
#[derive(Debug, Default)]
struct Layouts {
    requests: Option<Layout>,
    replies: Option<Layout>,
}

impl Layouts {
    const fn of(&self, way: Way) -> Option<&Layout> {
        match way {
            Way::Request => self.requests.as_ref(),
            Way::Reply => self.replies.as_ref(),
        }
    }
}

/// A frame that was read.
#[derive(Debug)]
struct Read {
    message: Message,
    index: OperationIndex,
    /// What its reply is read with.
    reply_arguments: Option<Vec<Value>>,
}

impl Ksy {
    const fn reply_needs_request(&self) -> bool {
        self.needs_request
    }

    /// What a message is to the engine: a heartbeat and the like are not for the application.
    fn event(&self, message: Message, index: OperationIndex, way: Way) -> Event {
        if let Some(heartbeat) = &self.section.heartbeat
            && message.kind() != Kind::Reply
            && let Some(answer) = heartbeat.answer
        {
            if heartbeat.sign.operation == index {
                let answer = self.answer(&message, answer, way).map(Box::new);
                return Event::Control(Control::Heartbeat(answer));
            }
            // What answers a request is for whoever asked; this is a sign of its own.
            if answer == index && message.kind() == Kind::Event {
                return Event::Control(Control::Heartbeat(None));
            }
        }
        let last = match way {
            // One that has a reply is the server's to answer.
            Way::Request => message.kind() == Kind::Event && self.section.close.contains(&index),
            Way::Reply => (self.section.drain.as_ref()).is_some_and(|own| own.operation == index),
        };
        if last {
            return Event::Control(Control::GoAway);
        }
        Event::Head(message)
    }
}

impl Protocol for Ksy {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn codec(self: Arc<Self>, side: Side, max_frame: usize) -> Box<dyn ConnCodec> {
        Box::new(KsyCodec::new(self, None, side, max_frame))
    }

    fn using(self: Arc<Self>, used: &Used) -> Option<Arc<dyn Protocol>> {
        self.narrowed(used)
    }

    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        self.rejection(request, fault)
    }
}
