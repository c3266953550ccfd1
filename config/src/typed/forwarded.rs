//! What servers are told of where a request came from, as typed.

use crate::diagnostic::codes;
use crate::keys::forwarded as keys;
use crate::plan::ForwardingPlan;
use crate::read::{Problem, Reader, Section, Spanned};
use gatewright_core::translate::{Network, NotANetwork, OriginFields};

pub(super) fn read_forwarded(reader: &mut Reader<'_>, section: &Section<'_>) -> ForwardingPlan {
    let table = section.section(reader, &keys::FORWARDED);
    let typed = table.texts(reader, &keys::TRUSTED);
    let fields = table.text(reader, &keys::FIELDS);
    let fields = match fields.as_ref().map(|fields| &*fields.value) {
        Some("forwarded") => OriginFields::Forwarded,
        Some("both") => OriginFields::Both,
        Some("none") => OriginFields::None,
        _ => OriginFields::XForwarded,
    };
    if let (OriginFields::None, Some(first)) = (fields, typed.first()) {
        let problem = Problem::warning(codes::UNUSED, "`trusted` is not used");
        let help =
            "with `fields = \"none\"` nothing is told, and nothing that clients say is looked at";
        reader.problem(problem.help(help), first.span.clone());
    }
    ForwardingPlan {
        trusted: (typed.iter().filter_map(|typed| network(reader, typed))).collect(),
        fields,
    }
}

fn network(reader: &mut Reader<'_>, typed: &Spanned<String>) -> Option<Network> {
    let read = typed.value.parse();
    let network = read.map_err(|why| match why {
        NotANetwork::Form => Problem::new(codes::OUT_OF_RANGE, "neither a network nor an address")
            .help("such as \"10.0.0.0/8\", \"192.0.2.7\" or \"2001:db8::/32\"; names are not looked up"),
        NotANetwork::Beyond(meant) => {
            Problem::new(codes::OUT_OF_RANGE, "bits are set that do not count")
                .help(format!("that network is \"{meant}\""))
        }
    });
    reader.accept(network, &typed.span)
}
