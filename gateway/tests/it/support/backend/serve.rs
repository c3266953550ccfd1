//! One connection of a backend, and each of its streams.

use super::script::{Action, Answer, Script};
use super::shuffle::Shuffle;
use super::{Asked, Cancelled, Log};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};

/// What all connections of a backend have in common.
pub(crate) struct Shared {
    pub(crate) script: Script,
    pub(crate) log: watch::Sender<Log>,
    pub(crate) gate: watch::Sender<bool>,
    pub(crate) shuffle: Shuffle,
    pub(crate) streams: Option<u32>,
    pub(crate) window: Option<u32>,
}

/// What a stream wants of its connection.
enum Command {
    Retire,
    Abandon(Reason),
    Cut,
}

pub(crate) struct Connection {
    number: usize,
    shared: Arc<Shared>,
}

impl Connection {
    pub(crate) fn new(number: usize, shared: Arc<Shared>) -> Self {
        shared
            .log
            .send_modify(|log| log.connections.push(super::log::Streams::default()));
        Self { number, shared }
    }

    pub(crate) async fn run(self, io: impl AsyncRead + AsyncWrite + Unpin) {
        let mut builder = h2::server::Builder::new();
        if let Some(streams) = self.shared.streams {
            builder.max_concurrent_streams(streams);
        }
        if let Some(window) = self.shared.window {
            builder.initial_window_size(window);
        }
        // What a gateway takes back is a test's business: the library's own guard stays out of it.
        builder
            .max_pending_accept_reset_streams(100_000)
            .max_local_error_reset_streams(None);
        let Ok(mut h2) = builder.handshake(io).await else {
            return;
        };
        let (commands, mut wanted) = mpsc::unbounded_channel();
        loop {
            tokio::select! {
                next = h2.accept() => match next {
                    Some(Ok((request, respond))) => self.begin(request, respond, &commands),
                    Some(Err(_)) | None => return,
                },
                Some(command) = wanted.recv() => match command {
                    Command::Retire => h2.graceful_shutdown(),
                    Command::Abandon(reason) => {
                        h2.abrupt_shutdown(reason);
                        let _ = poll_fn(|cx| h2.poll_closed(cx)).await;
                        return;
                    }
                    Command::Cut => return,
                },
            }
        }
    }

    fn begin(
        &self,
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        commands: &mpsc::UnboundedSender<Command>,
    ) {
        let open = Open::new(self.number, Arc::clone(&self.shared));
        tokio::spawn(
            Stream {
                open,
                respond,
                commands: commands.clone(),
            }
            .run(request),
        );
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared
            .log
            .send_modify(|log| log.connections[self.number].closed = true);
    }
}

/// Counts a stream for as long as it lives.
struct Open {
    connection: usize,
    shared: Arc<Shared>,
}

impl Open {
    fn new(connection: usize, shared: Arc<Shared>) -> Self {
        shared.log.send_modify(|log| {
            let streams = &mut log.connections[connection];
            streams.open += 1;
            streams.total += 1;
            streams.most = streams.most.max(streams.open);
        });
        Self { connection, shared }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared
            .log
            .send_modify(|log| log.connections[self.connection].open -= 1);
    }
}

/// One stream.
struct Stream {
    open: Open,
    respond: SendResponse<Bytes>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Stream {
    async fn run(mut self, request: Request<RecvStream>) {
        let shared = Arc::clone(&self.open.shared);
        let ended = match self.read(request).await {
            Ok(asked) => {
                let action = (shared.script)(&asked);
                shared
                    .log
                    .send_modify(|log| log.asked.push(Arc::new(asked)));
                self.act(action, &shared).await
            }
            Err(error) => ControlFlow::Break(cancelled(&error)),
        };
        shared.log.send_modify(|log| match ended {
            ControlFlow::Continue(()) => log.answered += 1,
            ControlFlow::Break(how) => log.cancelled.push(how),
        });
    }

    async fn read(&self, request: Request<RecvStream>) -> Result<Asked, h2::Error> {
        let (head, mut stream) = request.into_parts();
        let mut body = Vec::new();
        while let Some(data) = stream.data().await {
            let data = data?;
            stream.flow_control().release_capacity(data.len())?;
            body.extend(data);
        }
        Ok(Asked {
            method: head.method,
            target: head
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            headers: head.headers,
            body,
        })
    }

    async fn act(&mut self, action: Action, shared: &Shared) -> ControlFlow<Cancelled> {
        let answer = match action {
            Action::Answer(answer) => answer,
            Action::After(time, answer) => {
                self.unless_reset(tokio::time::sleep(time)).await?;
                answer
            }
            Action::AtGate(answer) => {
                let mut gate = shared.gate.subscribe();
                self.unless_reset(async move { drop(gate.wait_for(|open| *open).await) })
                    .await?;
                answer
            }
            Action::Shuffle(answer) => {
                self.unless_reset(shared.shuffle.turn()).await?;
                answer
            }
            Action::Silence => {
                self.unless_reset(std::future::pending::<()>()).await?;
                return ControlFlow::Continue(());
            }
            Action::Reset(reason) => {
                self.respond.send_reset(reason);
                return ControlFlow::Continue(());
            }
            Action::Retire(answer) => {
                self.command(Command::Retire);
                answer
            }
            Action::Abandon(reason) => return self.end(Command::Abandon(reason)).await,
            Action::Cut => return self.end(Command::Cut).await,
        };
        self.answer(answer).await
    }

    /// Ends the connection, and the stream with it.
    async fn end(&mut self, command: Command) -> ControlFlow<Cancelled> {
        self.command(command);
        self.unless_reset(std::future::pending()).await
    }

    fn command(&self, command: Command) {
        // A connection that is gone has nothing left to do.
        let _ = self.commands.send(command);
    }

    async fn unless_reset(&mut self, until: impl Future<Output = ()>) -> ControlFlow<Cancelled> {
        tokio::select! {
            reset = poll_fn(|cx| self.respond.poll_reset(cx)) => ControlFlow::Break(match reset {
                Ok(reason) => Cancelled::Reset(reason),
                Err(error) => cancelled(&error),
            }),
            () = until => ControlFlow::Continue(()),
        }
    }

    async fn answer(&mut self, answer: Answer) -> ControlFlow<Cancelled> {
        let mut response = Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(*name, value);
        }
        let response = response.body(()).expect("an answer");
        let sent = match self.respond.send_response(response, answer.body.is_empty()) {
            Ok(mut stream) if !answer.body.is_empty() => stream.send_data(answer.body, true),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(cancelled(&error)),
        }
    }
}

fn cancelled(error: &h2::Error) -> Cancelled {
    match error.reason() {
        Some(reason) if error.is_reset() => Cancelled::Reset(reason),
        _ => Cancelled::Lost,
    }
}
