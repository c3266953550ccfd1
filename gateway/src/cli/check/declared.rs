//! The definitions that a configuration names, as `check` tells of them.

use super::tally::count;
use gatewright_config::plan::{DefinitionPlan, ProtocolPlan};
use gatewright_core::codec::{Capabilities, CorrelationKind, Descriptor, Operation};
use serde_json::{Value, json};

/// So many operations are named; a protocol may have hundreds.
const NAMED: usize = 12;

/// One line a definition: its name in the configuration, its file, its own name, its operations, and
/// how its messages are told apart.
pub(super) fn lines(protocols: &[ProtocolPlan]) -> impl Iterator<Item = String> {
    defined(protocols).map(|(protocol, definition)| {
        let descriptor = protocol.protocol.descriptor();
        format!(
            "protocol `{}`: {} is `{}`, {}, {}",
            protocol.name,
            definition.file.display(),
            descriptor.name,
            operations(descriptor),
            framing(descriptor.capabilities),
        )
    })
}

/// The same for programs: one object a definition.
pub(super) fn documents(protocols: &[ProtocolPlan]) -> Vec<Value> {
    let document = |(protocol, definition): (&ProtocolPlan, &DefinitionPlan)| {
        let descriptor = protocol.protocol.descriptor();
        let operations = descriptor.operations.iter();
        let operations: Vec<&str> = operations.map(|operation| &*operation.name).collect();
        json!({
            "protocol": &*protocol.name,
            "file": definition.file.display().to_string(),
            "name": descriptor.name,
            "operations": operations,
            "max_frame": descriptor.capabilities.max_frame,
            "correlation": correlation(descriptor.capabilities.correlation),
        })
    };
    defined(protocols).map(document).collect()
}

fn defined(protocols: &[ProtocolPlan]) -> impl Iterator<Item = (&ProtocolPlan, &DefinitionPlan)> {
    let protocols = protocols.iter();
    protocols.filter_map(|protocol| Some((protocol, protocol.definition.as_ref()?)))
}

fn operations(descriptor: &Descriptor) -> String {
    let all = &descriptor.operations;
    let names = all.iter().take(NAMED).map(|Operation { name, .. }| &**name);
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if all.len() > NAMED { ", …" } else { "" };
    format!("{} ({names}{more})", count(all.len(), "operation"))
}

fn framing(capabilities: Capabilities) -> String {
    format!(
        "frames of at most {} bytes, {}",
        capabilities.max_frame,
        correlation(capabilities.correlation)
    )
}

pub(super) fn correlation(kind: CorrelationKind) -> String {
    match kind {
        CorrelationKind::Fifo => "replies by order".to_owned(),
        CorrelationKind::Id { bits } => format!("replies by a number of {bits} bits"),
        CorrelationKind::Key => "replies by a key".to_owned(),
        CorrelationKind::None => "no replies".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_codecs::{dns::Dns, pos::Pos, resp::Resp};
    use gatewright_core::codec::Protocol;
    use std::sync::Arc;

    fn plan(name: &str, protocol: impl Protocol, definition: Option<&str>) -> ProtocolPlan {
        ProtocolPlan {
            name: name.into(),
            protocol: Arc::new(protocol),
            definition: definition.map(|file| DefinitionPlan {
                file: file.into(),
                folders: Vec::new(),
            }),
        }
    }

    #[test]
    fn each_definition_has_a_line_and_what_is_linked_in_has_none() {
        let protocols = [
            plan("till", Pos::new(), Some("protocols/pos.ksy")),
            plan("linked", Dns::new(), None),
            plan("cache", Resp::new(), Some("resp.ksy")),
        ];
        let told: Vec<String> = lines(&protocols).collect();
        let [till, cache] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(
            till,
            "protocol `till`: protocols/pos.ksy is `pos`, 2 operations (auth_req, auth_rsp), \
             frames of at most 65536 bytes, replies by a number of 32 bits"
        );
        let all = Resp::new().descriptor().operations.len();
        assert!(all > NAMED);
        let head = format!("protocol `cache`: resp.ksy is `resp`, {all} operations (");
        assert!(cache.starts_with(&head), "{cache}");
        assert!(
            cache.contains(", …), frames of") && cache.ends_with("replies by order"),
            "{cache}"
        );

        let told = documents(&protocols);
        let expected = json!({
            "protocol": "till", "file": "protocols/pos.ksy", "name": "pos",
            "operations": ["auth_req", "auth_rsp"], "max_frame": 65536,
            "correlation": "replies by a number of 32 bits",
        });
        assert_eq!(told[0], expected);
        assert_eq!(told[1]["operations"].as_array().map(Vec::len), Some(all));
    }
}
