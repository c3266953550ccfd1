//! What a message's endpoint is chosen by.

use super::scope::{MessageEnv, MessageScope, Places, ReadJson, Subject};
use super::{Facts, RouteSpec};
use crate::balance::key_of;
use crate::codec::Protocol;
use crate::expr::{RuleError, Source, Template};
use crate::message::{Message, OperationId, Slot};
use std::net::IpAddr;
use std::sync::Arc;

/// A template whose text is the key of a message, compiled for the messages of one route. Cheap
/// to clone.
#[derive(Clone, Debug)]
pub struct BalanceKey {
    compiled: Arc<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    protocol: Arc<dyn Protocol>,
    places: Places,
    template: Template,
}

impl BalanceKey {
    /// Compiles a key for the messages that a route takes.
    ///
    /// # Errors
    /// The first thing that is wrong with it. A route whose operation does not exist is refused
    /// elsewhere.
    pub fn compile(
        source: &Source,
        route: &RouteSpec,
        protocol: &Arc<dyn Protocol>,
    ) -> Result<Self, RuleError> {
        let descriptor = protocol.descriptor();
        let subject = Subject::of(route, descriptor).unwrap_or(Subject::Unknown);
        let mut scope = MessageScope::new(descriptor, subject);
        let template = Template::compile_text(source, &mut scope)?;
        let compiled = Arc::new(Compiled {
            protocol: Arc::clone(protocol),
            places: scope.into_places(),
            template,
        });
        Ok(Self { compiled })
    }

    /// The number of a message's key; that of its client's IP address if it has none.
    #[must_use]
    pub fn of(&self, message: &Message, facts: &Facts) -> u64 {
        let Compiled {
            protocol,
            places,
            template,
        } = &*self.compiled;
        let env = MessageEnv {
            places,
            protocol,
            message,
            facts,
            json: &ReadJson::new(places.json()),
        };
        let mut text = String::new();
        match template.write_text(&env, &mut text) {
            Ok(()) => key_of(text.as_bytes()),
            Err(_) => Self::of_client(facts),
        }
    }

    /// Whether the key depends on a field of an operation.
    #[must_use]
    pub fn reads(&self, operation: OperationId, slot: Slot) -> bool {
        self.compiled.places.read(operation, slot)
    }

    /// Whether the key is made of a payload: it has to be here whole, then.
    #[must_use]
    pub fn weighs_payload(&self) -> bool {
        self.compiled.places.weigh_payload()
    }

    /// The number of the client's IP address, which a proxy that is trusted may have named.
    #[must_use]
    pub fn of_client(facts: &Facts) -> u64 {
        match facts.client {
            IpAddr::V4(ip) => key_of(&ip.octets()),
            IpAddr::V6(ip) => key_of(&ip.octets()),
        }
    }
}
