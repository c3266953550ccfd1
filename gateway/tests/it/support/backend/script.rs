//! What a backend may be told to do with a request.

use super::super::wire::approval_code;
use super::Asked;
use bytes::Bytes;
use h2::Reason;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Decides for each request.
pub(crate) type Script = Arc<dyn Fn(&Asked) -> Action + Send + Sync>;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// It is answered at once.
    Answer(Answer),
    /// It is answered after a while.
    After(Duration, Answer),
    /// It is answered once the test opens the gate.
    AtGate(Answer),
    /// It waits for others, and is answered in any order with them.
    Shuffle(Answer),
    /// It is never answered.
    Silence,
    /// Its stream is reset.
    Reset(Reason),
    /// The connection says that it takes no more streams, then it is answered.
    Retire(Answer),
    /// The connection ends with this reason.
    Abandon(Reason),
    /// The TCP connection ends without a word.
    Cut,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) const fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }
}

/// The answer that tells by its code for which request it is meant.
pub(crate) fn approved(asked: &Asked) -> Answer {
    let amount = asked.json()["amount_minor"].as_u64().expect("an amount");
    let code = approval_code(asked.seq(), asked.merchant(), amount);
    Answer::status(201).json(&json!({ "approval_code": code }))
}

/// The script of a backend that approves of everything.
pub(crate) fn approve(asked: &Asked) -> Action {
    Action::Answer(approved(asked))
}
