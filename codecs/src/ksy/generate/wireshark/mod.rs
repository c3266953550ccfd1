//! A dissector for Wireshark, in Lua.
//!
//! It reads what the definition reads: fields, switches, repeats, bits, substreams, instances,
//! expressions. Frames are found as the `-gateway` section says; without one, a message ends where
//! its last field does. It shows more than a gateway would take: what is not `valid` is marked and read on.
//! Lua 5.2 has numbers up to 2^53 only: larger ones are shown exactly, but expressions over them end
//! in an error. What has no form in Lua is refused with a reason.

mod expression;
mod form;
mod framing;
mod proto_fields;
mod refusal;
mod structure;

use crate::ksy::Definition;
use crate::ksy::codes;
use crate::ksy::files::FileId;
use expression::quoted;
use gatewright_core::expr::RuleError;
use proto_fields::ProtoFields;
use refusal::Refusal;
use std::fmt::Write as _;
use structure::Structures;

const RUNTIME: &str = concat!(include_str!("runtime.lua"), include_str!("framing.lua"));
const DISSECTOR: &str = include_str!("dissector.lua");

/// Where the protocol is found. Elsewhere people choose it with "Decode As".
#[derive(Clone, Debug, Default)]
pub struct Ports {
    /// Ports of TCP.
    pub tcp: Vec<u16>,
    /// Ports of UDP.
    pub udp: Vec<u16>,
}

/// A part of a definition that has no form in Lua.
#[derive(Clone, Debug)]
pub struct Untranslated {
    /// The file.
    pub file: FileId,
    /// What, where and why.
    pub fault: RuleError,
}

/// The script, for `~/.local/lib/wireshark/plugins` or `-X lua_script:FILE`. The protocol is
/// called `name` there, which no other may be, or else as the definition.
///
/// # Errors
/// With all that cannot be translated.
pub fn dissector(
    definition: &Definition,
    name: Option<&str>,
    ports: &Ports,
) -> Result<String, Vec<Untranslated>> {
    let root = definition.model.ty(definition.root);
    let name = name.unwrap_or(&root.name);
    let mut fields = ProtoFields::new(definition, name);
    let (types, mut refused) = Structures::new(definition, &mut fields).write();
    let sides = framing::sides(definition, &mut fields).unwrap_or_else(|part| {
        refused.push(part);
        String::new()
    });
    if !refused.is_empty() {
        return Err(refused);
    }
    let title = match root.spec.meta.title.split_whitespace().collect::<Vec<_>>() {
        words if words.is_empty() => name.to_owned(),
        words => words.join(" "),
    };
    let mut script =
        String::from("-- Made by `gatewright gen wireshark`: a dissector for Wireshark 4.\n\n");
    // Writing to a string cannot fail.
    let _ = write!(
        script,
        "local NAME = {}\nlocal proto = Proto(NAME, {})\n\n",
        quoted(name.as_bytes()),
        // Wireshark may know the protocol under the same title already.
        quoted(format!("{title} ({name})").as_bytes())
    );
    script.push_str(&fields.finish());
    let _ = write!(
        script,
        "\nlocal T = {{}}\nfor index = 0, {} do T[index] = {{}} end\n\n",
        definition.plan.types.len().saturating_sub(1)
    );
    script.push_str(RUNTIME);
    // What the runtime has that the protocol needs is known only now.
    script.push_str("\nproto.experts = { invalid }\n\n");
    script.push_str(&types);
    script.push_str(&sides);
    script.push_str(DISSECTOR);
    script.push_str(&registered(ports));
    Ok(script)
}

fn registered(ports: &Ports) -> String {
    let mut lines = String::new();
    for (table, ports) in [("tcp.port", &ports.tcp), ("udp.port", &ports.udp)] {
        let _ = writeln!(
            lines,
            "DissectorTable.get(\"{table}\"):add_for_decode_as(proto)"
        );
        for port in ports {
            let _ = writeln!(lines, "DissectorTable.get(\"{table}\"):add({port}, proto)");
        }
    }
    lines
}

fn untranslated(file: FileId, refusal: Refusal) -> Untranslated {
    let Refusal { span, reason } = refusal;
    let message = format!("this cannot be a part of a dissector: {reason}");
    Untranslated {
        file,
        fault: RuleError::new(codes::NO_DISSECTOR, span, message),
    }
}
