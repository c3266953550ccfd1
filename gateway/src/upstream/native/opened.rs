//! A connection to a server of a protocol of one's own, before anybody else uses it.

use crate::framing::Framing;
use crate::upstream::Upstream;
use crate::upstream::stream::Stream;
use bytes::BytesMut;
use gatewright_config::plan::Speech;
use gatewright_core::codec::{Control, Event, Side, Unasked};
use gatewright_core::message::{Kind, Message};
use gatewright_core::translate::Question;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A connection, and what its codec knows of it.
#[derive(Debug)]
pub(in crate::upstream) struct Opened {
    pub(super) stream: Stream,
    pub(super) framing: Framing,
    /// What was read and not looked at.
    pub(super) inbound: BytesMut,
}

/// A connection that is to be somebody's own.
#[derive(Debug)]
pub(in crate::upstream) struct Begun {
    pub(in crate::upstream) stream: Stream,
    /// What the server has said already.
    pub(in crate::upstream) early: Vec<u8>,
}

impl From<Stream> for Begun {
    fn from(stream: Stream) -> Self {
        Self {
            stream,
            early: Vec::new(),
        }
    }
}

impl Upstream {
    /// Connects to an endpoint and says what each connection begins with. How long that may take is
    /// for the caller to say.
    ///
    /// # Errors
    /// If it cannot be connected to, or does not answer as it has to.
    pub(in crate::upstream) async fn open_native(
        &self,
        endpoint: usize,
        speech: &Speech,
    ) -> io::Result<Opened> {
        let mut opened = self.begin_native(endpoint, speech).await?;
        opened.expect_nothing().await?;
        Ok(opened)
    }

    /// The same for one client's own: what the server has said by itself meanwhile is for that.
    ///
    /// # Errors
    /// If it cannot be connected to, or does not answer as it has to.
    pub(in crate::upstream) async fn open_bound(
        &self,
        endpoint: usize,
        speech: &Speech,
    ) -> io::Result<Begun> {
        let Opened {
            stream, inbound, ..
        } = self.begin_native(endpoint, speech).await?;
        let capabilities = speech.protocol.descriptor().capabilities;
        match capabilities.unasked {
            Unasked::Nothing if !inbound.is_empty() => {
                Err(io::Error::other("bytes that nobody asked for"))
            }
            Unasked::Nothing | Unasked::Events => Ok(Begun {
                stream,
                early: inbound.into(),
            }),
        }
    }

    async fn begin_native(&self, endpoint: usize, speech: &Speech) -> io::Result<Opened> {
        let stream = self.stream_to(endpoint).await?;
        let protocol = Arc::clone(&speech.protocol);
        let mut opened = Opened {
            stream,
            framing: Framing::new(protocol, Side::Client, self.plan.limits.frame),
            inbound: BytesMut::new(),
        };
        for (question, nth) in speech.opening.iter().zip(0..) {
            opened.ask(question, nth).await?;
        }
        Ok(opened)
    }
}

impl Opened {
    /// Sends the `nth` question on this connection and waits for its reply, if one is due. Once it
    /// is dropped, nobody knows what comes next on this connection.
    ///
    /// # Errors
    /// If the reply is not what it has to be, or does not come.
    pub(in crate::upstream) async fn ask(
        &mut self,
        question: &Question,
        nth: u8,
    ) -> io::Result<()> {
        self.expect_nothing().await?;
        let asked = question.message(nth);
        let mut out = BytesMut::new();
        let event = Event::Head(asked.clone());
        let written = self.framing.write(&event, &mut out);
        written.map_err(|error| io::Error::other(error.to_string()))?;
        self.send(&out).await?;
        if !question.is_answered() {
            return Ok(());
        }
        let reply = self.reply().await?;
        let is_its_own = reply.correlation() == asked.correlation();
        if is_its_own && question.is_met_by(&reply) {
            return Ok(());
        }
        let descriptor = question.protocol().descriptor();
        let sent = &descriptor.operation(asked.operation()).name;
        let got = &descriptor.operation(reply.operation()).name;
        let text = format!("the reply to `{sent}`, a message `{got}`, is not as it has to be");
        Err(io::Error::other(text))
    }

    /// No reply may be there.
    async fn expect_nothing(&mut self) -> io::Result<()> {
        match self.next_reply().await? {
            None => Ok(()),
            Some(_) => Err(io::Error::other("a reply that nobody asked for")),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn reply(&mut self) -> io::Result<Message> {
        loop {
            if let Some(reply) = self.next_reply().await? {
                return Ok(reply);
            }
            if self.stream.read_buf(&mut self.inbound).await? == 0 {
                return Err(io::Error::other("the server closed the connection"));
            }
        }
    }

    /// The next reply of what was read. News of the server's own is for nobody here.
    async fn next_reply(&mut self) -> io::Result<Option<Message>> {
        loop {
            let read = self.framing.read(&mut self.inbound);
            let event = read.map_err(|error| io::Error::other(error.to_string()))?;
            match event {
                None => return Ok(None),
                Some(Event::Head(message)) if message.kind() == Kind::Reply => {
                    return Ok(Some(message));
                }
                Some(Event::Head(message)) if message.kind() == Kind::Event => {}
                Some(Event::Control(Control::Heartbeat(None) | Control::Continue)) => {}
                Some(Event::Control(Control::Heartbeat(Some(answer)))) => {
                    let mut out = BytesMut::new();
                    // An answer that does not fit is none: the server will end the connection.
                    let _ = self.framing.write(&Event::Head(*answer), &mut out);
                    self.send(&out).await?;
                }
                Some(Event::Control(Control::GoAway)) => {
                    return Err(io::Error::other("the server is going away"));
                }
                Some(Event::Head(_) | Event::Body(_) | Event::End(_) | Event::Reset(_)) => {
                    return Err(io::Error::other("something that is no reply"));
                }
            }
        }
    }
}
