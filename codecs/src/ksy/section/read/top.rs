//! The section at the top.

use crate::ksy::codes;
use crate::ksy::section::spec::{
    AnswerSpec, CheckSpec, DrainSpec, HeartbeatSpec, RejectOperationSpec, RejectSpec, RootSpec,
    SectionSpec, SessionSpec,
};
use crate::ksy::section::{keys, units};
use crate::ksy::spec::At;
use crate::ksy::spec::reader::{Fields, Keys, Reader, is_id};
use crate::ksy::yaml::Node;
use gatewright_core::expr::{RuleError, Source, Span};
use std::time::Duration;

/// What a section says, which has these keys.
pub(in crate::ksy::section) fn top<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    keys: Keys<'_>,
) -> Option<SectionSpec> {
    let fields = reader.fields(node)?;
    reader.check_keys(&fields, keys);
    for (key, help) in [
        (
            "frame",
            "add `frame: {auto: true, max: 64KiB}`, and `check` says whether that can be",
        ),
        (
            "operation",
            "add an expression that tells messages apart: an enum, or a text such as `'\"message\"'`",
        ),
    ] {
        if !fields.has(key) {
            let message = format!("the section needs `{key}`");
            let error = RuleError::new(codes::MISSING_KEY, node.span.clone(), message);
            reader.report(error.help(help));
        }
    }
    Some(SectionSpec {
        file: reader.file,
        span: node.span.clone(),
        frame: fields.value("frame").and_then(|node| reader.frame(node)),
        root: fields
            .value("root")
            .map_or(RootSpec::Top, |node| reader.root(node)),
        kind: reader.expression(&fields, "kind"),
        operation: reader.expression(&fields, "operation"),
        id: reader.expressions(&fields, "id"),
        fifo: reader.order(&fields),
        reply_id: reader.reply(&fields),
        error: reader.expression(&fields, "error"),
        reject: fields.value("reject").and_then(|node| reader.reject(node)),
        checks: reader.checks(&fields),
        heartbeat: fields
            .value("heartbeat")
            .and_then(|node| reader.heartbeat(node)),
        session: fields
            .value("session")
            .and_then(|node| reader.session(node))
            .unwrap_or_default(),
        drain: fields.value("drain").and_then(|node| reader.drain(node)),
    })
}

impl<'n> Reader<'n, '_> {
    fn root(&mut self, node: &'n Node) -> RootSpec {
        if node.as_mapping().is_err() {
            return self.root_name(node).map_or(
                RootSpec::Each {
                    request: None,
                    reply: None,
                },
                RootSpec::Both,
            );
        }
        let fields = self.fields(node);
        let mut side = |key| {
            let fields = fields.as_ref()?;
            match fields.value(key) {
                Some(node) => self.root_name(node),
                None => {
                    self.missing(fields, key);
                    None
                }
            }
        };
        let root = RootSpec::Each {
            request: side("request"),
            reply: side("reply"),
        };
        if let Some(fields) = &fields {
            self.check_keys(fields, keys::ROOT);
        }
        root
    }

    fn order(&mut self, fields: &Fields<'n>) -> Option<Span> {
        let entry = fields.entry("order")?;
        // Another word is reported, and the only one is taken for it: there is some order.
        self.good(units::choice(&entry.value, &[("fifo", ())]));
        if fields.has("id") {
            let message = "replies follow the order of the requests or carry an `id`, not both";
            self.error(codes::CONFLICT, &entry.key.span, message);
        }
        Some(entry.value.span.clone())
    }

    fn reply(&mut self, fields: &Fields<'n>) -> Vec<Source> {
        let Some(reply) = fields.value("reply").and_then(|node| self.fields(node)) else {
            return Vec::new();
        };
        self.check_keys(&reply, keys::REPLY);
        if !fields.has("id") {
            let message =
                "`reply` says where a reply has the `id` of its request, and there is none";
            self.error(codes::MISSING_KEY, &reply.node.span, message);
        }
        self.expressions(&reply, "id")
    }

    fn reject(&mut self, node: &'n Node) -> Option<RejectSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::REJECT);
        let operation = self.reject_operation(&fields);
        let set = self.values(&fields);
        Some(RejectSpec {
            operation: operation?,
            set,
        })
    }

    /// Expressions by the names of the fields that they are for.
    fn values(&mut self, fields: &Fields<'n>) -> Vec<(At<String>, Source)> {
        let mut set = Vec::new();
        if let Some(fields) = fields.value("set").and_then(|node| self.fields(node)) {
            for (name, entry) in fields.named() {
                if let Some(value) = self.good(entry.value.as_source()) {
                    set.push((name.map(str::to_owned), value));
                }
            }
        }
        set
    }

    fn drain(&mut self, node: &'n Node) -> Option<DrainSpec> {
        if node.as_mapping().is_err() {
            let name = self.good(node.as_str())?;
            let operation = At {
                value: name.to_owned(),
                span: node.span.clone(),
            };
            return Some(DrainSpec {
                operation,
                set: Vec::new(),
            });
        }
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::DRAIN);
        let operation = self.needed_text(&fields, "operation");
        let set = self.values(&fields);
        Some(DrainSpec {
            operation: operation?,
            set,
        })
    }

    /// A name is one; anything else is an expression.
    fn reject_operation(&mut self, fields: &Fields<'n>) -> Option<RejectOperationSpec> {
        let name = self.needed_text(fields, "operation")?;
        if is_id(&name.value) {
            return Some(RejectOperationSpec::Named(name));
        }
        let source = self.expression(fields, "operation")?;
        Some(RejectOperationSpec::Told(source))
    }

    fn checks(&mut self, fields: &Fields<'n>) -> Vec<CheckSpec> {
        let nodes = fields
            .value("checks")
            .and_then(|node| self.good(node.as_sequence()));
        let nodes = nodes.unwrap_or_default();
        nodes.iter().filter_map(|node| self.check(node)).collect()
    }

    fn check(&mut self, node: &'n Node) -> Option<CheckSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::CHECK);
        let field = self.needed_text(&fields, "field");
        let algorithm = self.needed_text(&fields, "algorithm");
        if !fields.has("over") {
            self.missing(&fields, "over");
        }
        let over = fields.value("over")?;
        let mut names = self.texts(&fields, "over").into_iter();
        let (Some(from), Some(to), None) = (names.next(), names.next(), names.next()) else {
            self.report(over.mismatch("two fields, the first and the last of what is covered"));
            return None;
        };
        Some(CheckSpec {
            field: field?,
            algorithm: algorithm?,
            from,
            to,
        })
    }

    fn heartbeat(&mut self, node: &'n Node) -> Option<HeartbeatSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::HEARTBEAT);
        let operation = self.needed_text(&fields, "operation");
        let every = self.read(&fields, "every", units::time);
        let silence = self.silence(&fields, every);
        let set = self.values(&fields);
        if every.is_none() && fields.has("set") {
            self.missing(&fields, "every");
        }
        let answer = match fields.value("answer") {
            None => AnswerSpec::PassedOn,
            Some(node) => match node.as_bool() {
                Ok(false) => AnswerSpec::PassedOn,
                Ok(true) => AnswerSpec::Same,
                Err(_) => AnswerSpec::With(self.text(&fields, "answer")?),
            },
        };
        Some(HeartbeatSpec {
            operation: operation?,
            every,
            silence,
            answer,
            set,
        })
    }

    /// A time in which there are signs to be heard.
    fn silence(&mut self, fields: &Fields<'n>, every: Option<Duration>) -> Option<At<Duration>> {
        let value = self.read(fields, "silence", units::time)?;
        let span = fields.value("silence")?.span.clone();
        if every.is_some_and(|every| value <= every) {
            let message = "`silence` is longer than `every`: nobody is heard in less time";
            self.error(codes::CONFLICT, &span, message);
        }
        Some(At { value, span })
    }

    fn session(&mut self, node: &'n Node) -> Option<SessionSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::SESSION);
        Some(SessionSpec {
            open: self.texts(&fields, "open"),
            close: self.texts(&fields, "close"),
        })
    }
}
