//! Compares what happened with what the script says must happen.

use super::backend::{End, Seen};
use super::play::Scene;
use super::script::{Expected, Step};
use super::terminal::Reply;
use gatewright_core::codec::Descriptor;
use gatewright_core::codec::json::{Secrets, to_json};
use serde_json::Value;
use std::fmt;

/// What stands in a reply without an approval code.
const NO_CODE: &str = "------";

/// What differs from the script, one sentence each.
pub(super) fn differences(descriptor: &Descriptor, step: &Step, scene: &Scene) -> Vec<String> {
    let mut seen: Vec<&Seen> = scene.seen.iter().collect();
    seen.sort_by_key(|seen| seen.arrival);
    let got: Vec<Got> = (scene.replies.iter())
        .map(|reply| Got::new(descriptor, reply))
        .collect();
    let backend = differs(
        "the backend's exchanges ended",
        &listed(seen.iter().map(|seen| &seen.end)),
        &listed(step.backend),
    );
    let terminal = differs(
        "the terminal got",
        &listed(got.iter().map(|got| got.told)),
        &listed(step.replies),
    );
    let codes = got.iter().filter_map(|got| got.wrong_code(&seen));
    backend.into_iter().chain(terminal).chain(codes).collect()
}

/// A reply's fields.
struct Got {
    told: Expected,
    code: Value,
}

impl Got {
    fn new(descriptor: &Descriptor, reply: &Reply) -> Self {
        let mut json = to_json(descriptor, &reply.message, Secrets::Masked);
        let fields = &mut json["auth_rsp"];
        Self {
            told: Expected {
                seq: fields["seq"].as_u64().unwrap_or_default(),
                status: fields["status"].as_u64().unwrap_or_default(),
            },
            code: fields["code"].take(),
        }
    }

    /// A reply carries the approval code of its own request's answer, and none without one.
    fn wrong_code(&self, seen: &[&Seen]) -> Option<String> {
        let Self { told, code } = self;
        let own = seen.iter().find(|seen| seen.seq() == Some(told.seq));
        let answered = own.and_then(|seen| match &seen.end {
            End::Answered(_, json) => json["approval_code"].as_str(),
            End::Reset(_) | End::Broken => None,
        });
        differs(
            &format!("the reply for seq {} has the code", told.seq),
            code.as_str().unwrap_or_default(),
            answered.unwrap_or(NO_CODE),
        )
    }
}

fn listed(items: impl IntoIterator<Item: fmt::Display>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() {
        return "nothing".to_owned();
    }
    items.join(", ")
}

fn differs(what: &str, got: &str, due: &str) -> Option<String> {
    (got != due).then(|| format!("{what}: {got}; expected: {due}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::script::STEPS;
    use gatewright_codecs::pos::Pos;
    use gatewright_core::codec::Protocol;
    use http::{HeaderMap, HeaderValue, Method, StatusCode};
    use serde_json::json;
    use std::time::Instant;

    fn seen(seq: u64, code: &str) -> Seen {
        let key = HeaderValue::try_from(format!("M123-{seq:08x}")).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", key);
        Seen {
            arrival: seq,
            method: Method::POST,
            path: String::new(),
            headers,
            json: Value::Null,
            end: End::Answered(StatusCode::CREATED, json!({"approval_code": code})),
        }
    }

    fn reply(seq: u32, status: u8, code: &str) -> Reply {
        let pos = Pos::new();
        let descriptor = Protocol::descriptor(&pos);
        let operation = descriptor.operation_named("auth_rsp").unwrap();
        let fields = vec![seq.into(), status.into(), code.into()];
        Reply {
            message: descriptor.message(operation, fields),
            at: Instant::now(),
        }
    }

    #[track_caller]
    fn check(seen: Vec<Seen>, replies: Vec<Reply>, expected: &[&str]) {
        let now = Instant::now();
        let scene = Scene {
            sent: now,
            seen,
            replies,
            ended: now,
        };
        let pos = Pos::new();
        let descriptor = Protocol::descriptor(&pos);
        assert_eq!(differences(descriptor, &STEPS[1], &scene), expected);
    }

    #[test]
    fn replies_in_the_order_of_the_script_are_no_difference() {
        // The backend may be done in any order: that of arrival counts.
        check(
            vec![seen(9, "NINE99"), seen(8, "EIGHT8")],
            vec![reply(9, 0, "NINE99"), reply(8, 0, "EIGHT8")],
            &[],
        );
    }

    #[test]
    fn each_difference_is_told() {
        check(
            vec![seen(8, "EIGHT8"), seen(9, "NINE99")],
            vec![reply(9, 0, "EIGHT8"), reply(8, 0, "NINE99")],
            &[
                "the reply for seq 9 has the code: EIGHT8; expected: NINE99",
                "the reply for seq 8 has the code: NINE99; expected: EIGHT8",
            ],
        );
        check(
            vec![seen(8, "EIGHT8")],
            vec![reply(8, 0, "EIGHT8"), reply(9, 96, "------")],
            &[
                "the backend's exchanges ended: 201; expected: 201, 201",
                "the terminal got: status 0 for seq 8, status 96 for seq 9; \
                 expected: status 0 for seq 9, status 0 for seq 8",
            ],
        );
        check(
            Vec::new(),
            Vec::new(),
            &[
                "the backend's exchanges ended: nothing; expected: 201, 201",
                "the terminal got: nothing; expected: status 0 for seq 9, status 0 for seq 8",
            ],
        );
    }
}
