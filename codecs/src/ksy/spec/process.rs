//! `process`.

use super::reader::{Fields, Reader};
use super::{At, ProcessSpec};
use crate::ksy::codes;
use crate::ksy::yaml::shortened;
use gatewright_core::expr::{RuleError, Source};

/// A process with an argument.
type Call = fn(Source) -> ProcessSpec;

const CALLS: [(&str, Call); 3] = [
    ("xor(", ProcessSpec::Xor),
    ("rol(", ProcessSpec::RotateLeft),
    ("ror(", ProcessSpec::RotateRight),
];

impl<'n> Reader<'n, '_> {
    pub(super) fn process(&mut self, fields: &Fields<'n>) -> Option<At<ProcessSpec>> {
        let source = self.expression(fields, "process")?;
        let span = source.span().clone();
        let value = self.good(parse(&source))?;
        Some(At { value, span })
    }
}

fn parse(source: &Source) -> Result<ProcessSpec, RuleError> {
    let text = source.text();
    if text == "zlib" {
        return Ok(ProcessSpec::Zlib);
    }
    let call = CALLS.iter().find(|(start, _)| text.starts_with(start));
    match (call, text.strip_suffix(')')) {
        (Some((start, call)), Some(rest)) => {
            let argument = rest.get(start.len()..).unwrap_or_default();
            let blank = argument.len().saturating_sub(argument.trim_start().len());
            let from = start.len().saturating_add(blank);
            let to = rest.trim_end().len();
            if argument.trim().is_empty() {
                return Err(refused(source, "an argument is missing"));
            }
            Ok(call(source.slice(from..to)))
        }
        (Some(_), None) => Err(refused(source, "the bracket is not closed")),
        (None, _) => {
            let message = format!("`{}` is code that a gateway does not have", shortened(text));
            Err(refused(source, &message))
        }
    }
}

fn refused(source: &Source, message: &str) -> RuleError {
    let error = RuleError::new(codes::UNSUPPORTED, source.span().clone(), message);
    error.help("`process` takes `xor(key)`, `rol(bits)`, `ror(bits)` and `zlib`")
}
