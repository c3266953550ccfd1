//! The demo for its readers.

use super::backend::{End, Seen};
use super::dump;
use super::latency::{Latency, ROUNDS};
use super::play::Scene;
use super::script::{self, STEPS, Step};
use super::terminal::Reply;
use super::text::{Took, spaced, wrapped};
use crate::cli::ink::{Ink, Tone};
use gatewright_core::codec::json::{Secrets, to_json};
use gatewright_core::codec::{Descriptor, Event, Protocol, Side};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Columns of a line, at most.
const WIDTH: usize = 96;

/// Headers of a request that the rules or the gateway have put there.
const HEADERS: [&str; 3] = ["idempotency-key", "content-type", "traceparent"];

/// Turns what happens into text.
pub(super) struct Show {
    pub(super) ink: Ink,
    pub(super) protocol: Arc<dyn Protocol>,
}

impl Show {
    fn title(&self, text: &str) -> String {
        let rest = WIDTH.saturating_sub(text.chars().count() + 4);
        let line = format!("── {text} {}", "─".repeat(rest));
        format!("\n{}\n", self.ink.paint(Tone::Title, &line))
    }

    /// What is about to happen, and by which rules.
    pub(super) fn opening(
        &self,
        gateway: &str,
        backend: &str,
        config: &str,
        rules: &str,
    ) -> String {
        let mut text = format!(
            "{}\n\n  terminal -- tcp://{gateway} --> gateway -- h2c://{backend} --> payment service\n\n",
            self.ink.paint(
                Tone::Title,
                "Gatewright: a terminal's binary frames become HTTP/2 requests, the answers frames again"
            ),
        );
        text.push_str(&format!(
            "  All three run in this process, on free ports. The rules, from\n  {config}:\n\n"
        ));
        for line in rules.lines() {
            text.push_str(&format!("    {}\n", self.ink.paint(Tone::Faint, line)));
        }
        text
    }

    /// A step's heading and the bytes that are sent.
    pub(super) fn sent(&self, number: usize, step: &Step) -> String {
        let mut text = self.title(&format!("{number}. {}", step.title));
        for line in wrapped(step.why, WIDTH - 3) {
            text.push_str(&format!("   {line}\n"));
        }
        let frames = step.frames.len();
        for (place, frame) in step.frames.iter().enumerate() {
            let which = match frames {
                1 => format!("{} bytes", frame.len()),
                _ => format!(
                    "{} bytes, frame {} of {frames} in one write",
                    frame.len(),
                    place + 1
                ),
            };
            let sender = match step.sender {
                script::Sender::Terminal => "terminal -> gateway",
                script::Sender::Stranger => "stranger -> gateway",
            };
            text.push_str(&self.leg(sender, &which));
            text.push_str(&self.frame(frame));
            text.push_str(&self.read(frame));
        }
        text
    }

    /// What came of it.
    pub(super) fn scene(&self, scene: &Scene) -> String {
        let mut text = String::new();
        let mut requests: Vec<&Seen> = scene.seen.iter().collect();
        requests.sort_by_key(|seen| seen.arrival);
        requests
            .iter()
            .for_each(|seen| text.push_str(&self.request(seen)));
        scene
            .seen
            .iter()
            .for_each(|seen| text.push_str(&self.answer(seen)));
        if scene.seen.is_empty() {
            text.push_str(&self.leg("gateway -> backend", "nothing"));
        }
        for reply in &scene.replies {
            text.push_str(&self.reply(reply, reply.at - scene.sent));
        }
        if scene.replies.is_empty() {
            let took = Took(scene.ended - scene.sent);
            text.push_str(&self.leg(
                "gateway -> stranger",
                &format!("connection closed, after {took}"),
            ));
        }
        text
    }

    /// Whether a step went as the script says.
    pub(super) fn verdict(&self, differences: &[String]) -> String {
        if differences.is_empty() {
            return format!("\n   {}\n", self.ink.paint(Tone::Good, "as expected"));
        }
        let lines = differences.iter().map(|difference| {
            let text = format!("not as expected: {difference}");
            format!("   {}\n", self.ink.paint(Tone::Bad, &text))
        });
        format!("\n{}", lines.collect::<String>())
    }

    /// The heading of one leg of the journey.
    fn leg(&self, way: &str, what: &str) -> String {
        format!(
            "\n   {}   {what}\n",
            self.ink.paint(Tone::Title, &format!("{way:<19}"))
        )
    }

    fn frame(&self, frame: &[u8]) -> String {
        let lines = dump::lines(frame, script::fields(frame), self.ink);
        lines.iter().map(|line| format!("     {line}\n")).collect()
    }

    /// A frame as the protocol's codec reads it.
    fn read(&self, frame: &[u8]) -> String {
        let mut codec = Arc::clone(&self.protocol).codec(Side::Server, frame.len());
        let read = codec
            .delimit(frame)
            .and_then(|_| codec.decode(frame.to_vec().into()));
        match read {
            Ok(Event::Head(message)) => {
                let json = to_json(self.descriptor(), &message, Secrets::Masked);
                format!("     {}\n", spaced(&json))
            }
            Ok(_) => String::new(),
            Err(error) => format!(
                "     {}\n",
                self.ink.paint(Tone::Bad, &format!("not valid {error}"))
            ),
        }
    }

    fn descriptor(&self) -> &Descriptor {
        self.protocol.descriptor()
    }

    fn request(&self, seen: &Seen) -> String {
        let mut text = self.leg(
            "gateway -> backend",
            &format!("HTTP/2 {} {}", seen.method, seen.path),
        );
        for name in HEADERS {
            let value = seen.headers.get(name).and_then(|value| value.to_str().ok());
            if let Some(value) = value {
                text.push_str(&format!(
                    "     {} {value}\n",
                    self.ink.paint(Tone::Faint, &format!("{name}:"))
                ));
            }
        }
        text.push_str(&format!("     {}\n", spaced(&self.masked(&seen.json))));
        text
    }

    fn answer(&self, seen: &Seen) -> String {
        let whose = seen
            .seq()
            .map_or_else(String::new, |seq| format!(" for seq {seq}"));
        match &seen.end {
            End::Answered(status, json) => {
                let head = self.leg("backend -> gateway", &format!("{status}{whose}"));
                format!("{head}     {}\n", spaced(&self.masked(json)))
            }
            End::Reset(reason) => self.leg(
                "gateway -> backend",
                &format!("RST_STREAM{whose}: {reason:?}, {}", reason.description()),
            ),
            End::Broken => self.leg("gateway -> backend", &format!("connection lost{whose}")),
        }
    }

    fn reply(&self, reply: &Reply, took: Duration) -> String {
        let frame = reply.frame();
        let what = format!("{} bytes, {} after the request", frame.len(), Took(took));
        let head = self.leg("gateway -> terminal", &what);
        let json = to_json(self.descriptor(), &reply.message, Secrets::Masked);
        format!("{head}{}     {}\n", self.frame(&frame), spaced(&json))
    }

    /// JSON without what the protocol calls a secret.
    fn masked(&self, json: &Value) -> Value {
        let structs = &self.descriptor().schema.structs;
        let secrets = structs
            .iter()
            .flat_map(|def| &def.fields)
            .filter(|field| field.secret);
        let mut shown = json.clone();
        for field in secrets {
            if let Some(value) = shown.get_mut(&*field.name) {
                *value = Value::from("***");
            }
        }
        shown
    }

    /// One line about an exchange, for those who watch the backend.
    pub(super) fn watched(&self, seen: &Seen) -> String {
        let json = spaced(&self.masked(&seen.json));
        format!(
            "  backend: {} {} {json} -> {}\n",
            seen.method, seen.path, seen.end
        )
    }

    /// What to take home.
    pub(super) fn summary(&self, different: usize, latency: Latency) -> String {
        let mut text = self.title("Summary");
        let verdict = match different {
            0 => self.ink.paint(Tone::Good, "all as expected"),
            n => self.ink.paint(Tone::Bad, &format!("{n} not as expected")),
        };
        let steps = STEPS.len();
        let frames: usize = STEPS.iter().map(|step| step.frames.len()).sum();
        let Latency { gateway, backend } = latency;
        let added = match gateway.checked_sub(backend) {
            Some(added) if !added.is_zero() => Took(added).to_string(),
            _ => "too little to measure".to_owned(),
        };
        text.push_str(&format!(
            "   {steps} steps, {frames} frames: {verdict}\n\n   \
             added latency   {}   median of {ROUNDS} round trips, one at a time\n   \
             {:<15} {} through the gateway, {} to the same backend directly\n",
            self.ink.paint(Tone::Title, &added),
            "",
            Took(gateway),
            Took(backend),
        ));
        if cfg!(debug_assertions) {
            text.push_str("\n   This build is not optimised: `cargo run --release -- demo` is the fair one.\n");
        }
        text
    }
}
