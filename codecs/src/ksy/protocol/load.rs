//! From files to a protocol.

use super::direct::compile;
use super::offsets::{Fixed, fixed};
use super::operations::{Operations, Way, describe, keys};
use super::paths::path;
use super::schema::{Names, TooMany};
use super::{Ksy, Layouts};
use crate::ksy::codes;
use crate::ksy::definition::{Definition, Refused};
use crate::ksy::files::{FileId, Files};
use crate::ksy::finding::{Finding, Findings, Severity};
use crate::ksy::load::Sources;
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Op, Plan};
use crate::ksy::section::plan::{DirectionPlan, FieldOptions, JsonForm, OptionsPlan, SectionPlan};
use crate::ksy::section::spec::Codec;
use crate::ksy::write::{FieldCodec, FieldKey, Rules};
use gatewright_core::codec::{CorrelationKind, Descriptor, Form, Protocol, Shown};
use gatewright_core::expr::Span;
use gatewright_core::message::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A definition as a protocol.
#[derive(Debug)]
pub struct Loaded {
    /// The protocol.
    pub protocol: Arc<dyn Protocol>,
    /// The texts of its files.
    pub files: Files,
    /// What could be better.
    pub findings: Findings,
}

/// Loads a definition with a `-gateway` section and makes it a protocol.
///
/// # Errors
/// If it cannot be read, or has errors.
pub fn load(path: &Path, sources: &dyn Sources, folders: &[PathBuf]) -> Result<Loaded, Refused> {
    let (protocol, files, findings) = load_ksy(path, sources, folders)?;
    Ok(Loaded {
        protocol: Arc::new(protocol),
        files,
        findings,
    })
}

pub(super) fn load_ksy(
    path: &Path,
    sources: &dyn Sources,
    folders: &[PathBuf],
) -> Result<(Ksy, Files, Findings), Refused> {
    let mut definition = Definition::load(path, sources, folders)?;
    let top = definition.model.ty(definition.root);
    let (name, file, span) = (top.name.clone(), top.file, top.spec.span.clone());
    let finding = |code, message, span, help: Option<&str>| Finding {
        severity: Severity::Error,
        code,
        message,
        file,
        span,
        help: help.map(str::to_owned),
        path: "/meta/id".to_owned(),
    };
    let found = match definition.section.take() {
        Some(section) => match Ksy::new(&name, definition.plan, section, &definition.options) {
            Ok(protocol) => return Ok((protocol, definition.files, definition.findings)),
            Err(Unmade::TooMany) => {
                let message =
                    "the definition has more operations and structures than there are numbers for";
                finding(codes::NO_SECTION, message.to_owned(), span, None)
            }
            Err(Unmade::Unsayable { of, message, span }) => Finding {
                file: of,
                ..finding(codes::OWN_MESSAGE, message, span, None)
            },
            Err(Unmade::Unmatched { of, span }) => {
                let message = "replies are read with something of their requests, and where this `id` of theirs stands is not known before they are read";
                let help = "let it be one integer of whole bytes, behind nothing that varies in size, or say `order: fifo`";
                Finding {
                    file: of,
                    ..finding(codes::CORRELATION, message.to_owned(), span, Some(help))
                }
            }
        },
        None => {
            let message =
                "the definition has no `-gateway` section, so nothing says how its messages travel";
            let help = "add `-gateway` to the file, or write a NAME.gateway.yaml beside it with `ksy: FILE.ksy` and the same keys";
            finding(codes::NO_SECTION, message.to_owned(), span, Some(help))
        }
    };
    definition.findings.push(found);
    Err(Refused::Faulty {
        files: definition.files,
        findings: definition.findings,
    })
}

impl Ksy {
    /// The protocol of a definition.
    fn new(
        name: &str,
        plan: Plan,
        section: SectionPlan,
        options: &OptionsPlan,
    ) -> Result<Self, Unmade> {
        let rules = rules(&plan, &section, options);
        let names = names(&plan, &section, options);
        let described = describe(name, &plan, &section, &rules, &names);
        let (descriptor, operations) = described.map_err(|TooMany| Unmade::TooMany)?;
        let constant = |code: &crate::ksy::plan::Code| code.constant().cloned();
        let reply_arguments: Option<Vec<Value>> =
            section.reply.arguments.iter().map(constant).collect();
        let reply_id = id_place(&plan, &section.reply);
        let found_early = match descriptor.capabilities.correlation {
            CorrelationKind::Id { .. } => reply_id.is_some(),
            CorrelationKind::Key => false,
            CorrelationKind::Fifo | CorrelationKind::None => true,
        };
        if let (None, false, [id, ..]) = (&reply_arguments, found_early, &*section.reply.id) {
            return Err(Unmade::Unmatched {
                of: section.file,
                span: id.code.span.clone(),
            });
        }
        let request_arguments: Option<Vec<Value>> =
            section.request.arguments.iter().map(constant).collect();
        let protocol = Self {
            farewell: None,
            layouts: layouts(&plan, &section, &rules, &descriptor, &operations),
            descriptor: Arc::new(descriptor),
            operations,
            request_id: id_place(&plan, &section.request),
            reply_id,
            needs_request: reply_arguments.is_none(),
            reply_arguments: reply_arguments.unwrap_or_default(),
            request_arguments: request_arguments.unwrap_or_default(),
            plan,
            section,
            rules,
        };
        protocol.with_own_messages()
    }
}

/// Why a definition makes no protocol.
#[derive(Debug)]
pub(super) enum Unmade {
    /// It has more parts than there are numbers for.
    TooMany,
    /// Nobody can tell which request a reply has to be read with.
    Unmatched {
        /// The section's file.
        of: FileId,
        /// What ties it to that.
        span: Span,
    },
    /// A message that the gateway would send of its own accord cannot be written.
    Unsayable {
        /// The section's file.
        of: FileId,
        /// What is wrong with it.
        message: String,
        /// Where it is named.
        span: Span,
    },
}

/// Where messages need no machine.
pub(super) fn layouts(
    plan: &Plan,
    section: &SectionPlan,
    rules: &Rules,
    descriptor: &Descriptor,
    operations: &Operations,
) -> Layouts {
    // Where a reply is read with something of its request, the machine has to see both.
    let arguments = &section.reply.arguments;
    if arguments.iter().any(|code| code.constant().is_none()) {
        return Layouts::default();
    }
    let layout = |way| compile(plan, section, rules, descriptor, operations, way);
    Layouts {
        requests: layout(Way::Request),
        replies: layout(Way::Reply),
    }
}

/// Where the one number that is the id stands, if that is always the same place.
fn id_place(plan: &Plan, direction: &DirectionPlan) -> Option<Fixed> {
    let [id] = direction.id.as_slice() else {
        return None;
    };
    let path = path(plan, direction.root, &id.code)?;
    let numbers = fixed(plan, direction.root);
    numbers.into_iter().find(|number| number.path == path)
}

pub(super) fn rules(plan: &Plan, section: &SectionPlan, options: &OptionsPlan) -> Rules {
    let mut rules = Rules::of(plan).for_whole_messages();
    for (ty, slot, said) in options.all() {
        let Some(rule) = rules.field_mut((ty, slot)) else {
            continue;
        };
        rule.default.clone_from(&said.default);
        rule.derived.clone_from(&said.derive);
        rule.codec = said.codec.map(|codec| match codec {
            Codec::Bcd => FieldCodec::Bcd,
            Codec::Ascii => FieldCodec::Ascii,
            Codec::Ebcdic => FieldCodec::Ebcdic,
            Codec::Varint => FieldCodec::Varint,
            Codec::Zigzag => FieldCodec::Zigzag,
        });
    }
    for direction in [&section.request, &section.reply] {
        for check in &direction.checks {
            let key = named(plan, direction.root, &check.name);
            if let Some(rule) = key.and_then(|key| rules.field_mut(key)) {
                rule.check = true;
            }
        }
    }
    rules
}

/// The field of a path of names.
fn named(plan: &Plan, root: TypeId, path: &str) -> Option<FieldKey> {
    let mut at = root;
    let mut found = None;
    for name in path.split('.') {
        let fields = &plan.ty(at).fields;
        let field = fields.iter().find(|field| field.name == name)?;
        found = Some((at, field.slot));
        if let Ty::Struct(inner) = field.ty {
            at = inner;
        }
    }
    found
}

/// How JSON has the value of a field.
const fn shown(said: &FieldOptions) -> Shown {
    let form = match said.form {
        // Bytes are in base64 if nothing else is said.
        JsonForm::Usual | JsonForm::Hidden | JsonForm::Base64 => Form::Usual,
        JsonForm::Hex => Form::Hex,
        JsonForm::Text => Form::Text,
        JsonForm::Number => Form::Number,
        JsonForm::String => Form::String,
    };
    let scale = said.scale;
    Shown { form, scale }
}

pub(super) fn names(plan: &Plan, section: &SectionPlan, options: &OptionsPlan) -> Names {
    let mut names = Names::default();
    for (ty, slot, said) in options.all() {
        let key = (ty, slot);
        if said.secret {
            names.secret.insert(key);
        }
        if said.form == JsonForm::Hidden {
            names.hidden.insert(key);
        }
        if let Some(name) = &said.name {
            names.json.insert(key, name.clone());
        }
        names.shown.insert(key, shown(said));
    }
    for direction in [&section.request, &section.reply] {
        // What only names the message is its name.
        if let Op::Own(slot) = direction.operation.op
            && plan.ty(direction.root).instance(slot).is_some()
        {
            names.hidden.insert((direction.root, slot));
        }
        // One number is carried by the message itself; several are taken from the request.
        if direction.id.len() > 1 || direction.id.iter().any(|id| id.ty != Ty::Int) {
            for id in &direction.id {
                names.ids.extend(keys(plan, direction.root, &id.code));
            }
        }
    }
    names
}
