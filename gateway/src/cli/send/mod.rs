//! `gatewright send`

mod conversation;
mod reach;
mod target;

use super::exit::{Exit, Outcome};
use super::messages;
use super::output::print;
use super::protocol::Spoken;
use super::report::complain;
use super::view::View;
use crate::{Builder, clock};
use conversation::{Answered, Conversation, Trouble};
use gatewright_core::codec::Protocol;
use gatewright_core::message::Message;
use reach::Reach;
use std::sync::Arc;
use std::time::Duration;
use target::duration;
use tokio::runtime::Runtime;

/// Send messages, pipelined, and show the replies.
#[derive(Debug, clap::Args)]
pub(super) struct Send {
    #[command(flatten)]
    spoken: Spoken,
    #[command(flatten)]
    reach: Reach,
    /// Messages as `decode --format json` shows them: JSON itself, files, or `-` for standard
    /// input.
    #[arg(value_name = "JSON")]
    inputs: Vec<String>,
    /// How long it may take, from connecting to the last reply.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    timeout: Duration,
    #[command(flatten)]
    view: View,
}

impl Send {
    pub(super) fn run(self, builder: Builder) -> Exit {
        self.tell(&builder).into()
    }

    fn tell(&self, builder: &Builder) -> Outcome {
        if let Some(problem) = self.reach.idle_option() {
            complain(problem);
            return Err(Exit::BadUsage);
        }
        let protocol = self.spoken.find(builder)?;
        let messages = self.messages(&protocol)?;
        let frames = messages::write_all(&protocol, &messages)?;
        let mut conversation = Conversation::new(&protocol);
        for (index, message) in messages.iter().enumerate() {
            conversation
                .expect(index, message)
                .map_err(|problem| refuse(index, problem))?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                complain(error);
                Exit::Refused
            })?;
        let started = clock::now();
        let mut shown = Ok(());
        let mut show = |answered: Answered, message: &Message| {
            let about = about(answered, clock::now().saturating_duration_since(started));
            shown = print(self.view.show(protocol.descriptor(), message, &about));
            shown.is_ok()
        };
        let frames = frames.concat();
        let held = conversation.hold(&self.reach, &frames, self.timeout, &mut show);
        let ended = run_to_end(runtime, held);
        shown?;
        ended.map_err(|trouble| {
            complain(trouble);
            Exit::Findings
        })
    }

    fn messages(&self, protocol: &Arc<dyn Protocol>) -> Outcome<Vec<Message>> {
        if self.inputs.is_empty() {
            return messages::read(protocol, None);
        }
        let mut all = Vec::new();
        for input in &self.inputs {
            all.extend(messages::read(protocol, Some(input))?);
        }
        Ok(all)
    }
}

/// Runs a task to its end, and waits for nothing that it left behind: a look-up of a name cannot be stopped, and
/// the system gives up on a server that is silent long after the time is over.
fn run_to_end<T>(runtime: Runtime, task: impl Future<Output = T>) -> T {
    let ended = runtime.block_on(task);
    runtime.shutdown_background();
    ended
}

fn refuse(index: usize, problem: Trouble) -> Exit {
    complain(format_args!("message {}: {problem}", index + 1));
    Exit::Findings
}

fn about(answered: Answered, after: Duration) -> String {
    let after = after.as_millis();
    match answered {
        Answered::Request(index) => format!(", answers message {} after {after} ms", index + 1),
        Answered::Nothing => format!(", answers no message, after {after} ms"),
        Answered::NotAReply => format!(", after {after} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};
    use tokio::sync::oneshot;

    #[test]
    fn a_look_up_that_hangs_is_not_waited_for() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (answer, asked): (_, Receiver<()>) = channel();
        let (began, begun) = oneshot::channel();
        run_to_end(runtime, async {
            let look_up = move || {
                began.send(()).unwrap();
                asked.recv_timeout(Duration::from_secs(20))
            };
            drop(tokio::task::spawn_blocking(look_up));
            begun.await.unwrap();
        });
        assert!(answer.send(()).is_ok(), "it was waited for");
    }
}
