//! What an upstream says of its own accord, for one client that asked for it.

use super::Route;
use crate::clock;
use crate::framing::Framing;
use crate::http2::BUDGET;
use crate::lifecycle::{Alarm, Timers};
use crate::upstream::{Beginning, OwnConnection, Owner};
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Control, Descriptor, Event, Side};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::{self, Turn};
use gatewright_core::message::{Body, BodySender, Correlation, Kind, Message, Value};
use gatewright_core::reply::{Answers, Ledger};
use gatewright_core::translate::{Conversion, Facts, feed};
use std::fmt;
use std::future::{Future, poll_fn};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A comment is sent as often, so that whoever is between sees that the connection is used.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client's connection may carry nothing of it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Whatever is asked has one reply.
const ONE: NonZeroU32 = NonZeroU32::MIN;
/// Signs of life that may await their answers, of a server that only talks: each takes a place.
const UNANSWERED: usize = 256;
/// What is read at a time.
const ROOM: usize = 4 << 10;

/// The connection of its own that a client's events are about to come on.
pub(super) struct Opening(Pin<Box<dyn Future<Output = Result<Body, Fault>>>>);

impl Opening {
    /// Connects, and says what the rules make of the request.
    pub(super) fn begin(
        route: &Rc<Route>,
        rules: &Conversion,
        request: &Message,
        facts: &Facts,
        client: u64,
    ) -> Result<Self, Fault> {
        let message = rules.request(request, facts)?;
        let owner = Owner {
            client,
            key: route.upstream.key_of(&route.plan, request, facts),
        };
        let (rules, request, facts) = (rules.clone(), request.clone(), facts.clone());
        let route = Rc::clone(route);
        Ok(Self(Box::pin(async move {
            let connected = route.upstream.connect_own(owner, Beginning::AsEach).await;
            let mut own = connected.ok_or_else(unreachable)?;
            // Nothing may be said for hours, and no request has a time that would end it.
            let noticed = own.stream.notice_silence();
            noticed.map_err(|_| unreachable())?;
            let (mut sender, body) = Body::stream(BUDGET);
            if let Some(after) = route.plan.spec.reconnect {
                // Nothing was sent yet, so that there is room.
                let _ = sender.send(feed::reconnect(after));
            }
            let limit = route.upstream.longest_frame();
            let descriptor = rules.upstream().descriptor();
            let mut feed = Feed {
                inbound: std::mem::take(&mut own.early).as_slice().into(),
                own,
                framing: Framing::new(Arc::clone(rules.upstream()), Side::Client, limit),
                ledger: Ledger::new(descriptor.capabilities.correlation),
                pulse: Pulse::new(route.upstream.timers(), descriptor),
                sender,
                rules,
                request,
                facts,
            };
            feed.ask(message).await?;
            // It ends with whoever takes what it gives.
            tokio::task::spawn_local(feed.run());
            Ok(body)
        })))
    }

    /// The payload with the events, once they may come.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Body, Fault>> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").finish_non_exhaustive()
    }
}

fn unreachable() -> Fault {
    Fault::unsent(FaultClass::Unreachable, "no endpoint is reachable")
}

/// One client's events on their way. It reads no more of its upstream while the client has not taken
/// what there is room for.
struct Feed {
    own: OwnConnection,
    framing: Framing,
    inbound: BytesMut,
    /// What was asked.
    ledger: Ledger<AskedBy>,
    sender: BodySender,
    pulse: Pulse,
    rules: Conversion,
    request: Message,
    facts: Facts,
}

/// Whose a reply is.
#[derive(Debug, PartialEq, Eq)]
enum AskedBy {
    Client,
    /// The gateway, as a sign of life.
    Nobody,
}

/// Why there are no more events.
enum Over {
    /// The upstream has ended, or the gateway goes away: the client may ask again.
    Ended,
    /// What came is no message, or the connection broke, or the server is not there any more.
    Cut,
    /// The client is gone.
    Unwanted,
}

/// What a feed waits for beside messages.
#[derive(Debug)]
struct Pulse {
    alarm: Alarm,
    timers: Rc<Timers>,
    next: Instant,
    /// The same for the upstream, where its protocol has signs of life.
    server: Option<health::Pulse>,
}

/// What it was.
enum Beat {
    /// Nothing was said for a while.
    Silence,
    /// The upstream is to be sent a sign of life, the so many-eth one.
    Sign(u32),
    /// The upstream has given none.
    Lost,
    /// The gateway goes away.
    Drain,
}

impl Feed {
    async fn ask(&mut self, mut message: Message) -> Result<(), Fault> {
        let descriptor = self.rules.upstream().descriptor();
        if let Correlation::Id(_) = message.correlation() {
            // Nobody else is on this connection.
            descriptor.correlate(&mut message, Correlation::Id(1));
        }
        self.note_asked(&message, AskedBy::Client);
        let mut out = BytesMut::new();
        let written = self.framing.write(&Event::Head(message), &mut out);
        written.map_err(|error| Fault::unsent(FaultClass::BadRequest, error.to_string()))?;
        let sent = self.send(&out).await;
        sent.map_err(|_| Fault::sent(FaultClass::Unreachable, "the connection broke"))
    }

    fn note_asked(&mut self, message: &Message, by: AskedBy) {
        if message.kind() == Kind::Request {
            // A sign whose number is still taken was not answered in a hundred others: nor need this be.
            let _ = self.ledger.sent(message.correlation(), ONE, by);
        }
    }

    /// Shows the server that somebody listens.
    async fn show(&mut self, nth: u32) -> Result<(), Over> {
        let descriptor = self.rules.upstream().descriptor();
        let vigil = descriptor.heartbeat.as_ref().map(|h| h.of(Side::Client));
        let Some(sign) = vigil.and_then(|vigil| vigil.nth_sign(descriptor, nth)) else {
            return Ok(());
        };
        if self.ledger.len() > UNANSWERED {
            return Err(self.note(&"the server answers no signs of life"));
        }
        self.note_asked(&sign, AskedBy::Nobody);
        let mut out = BytesMut::new();
        // It was written once when the protocol was loaded, so it fits.
        let _ = self.framing.write(&Event::Head(sign), &mut out);
        self.send(&out).await.map_err(|_| Over::Cut)
    }

    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.pulse.sent();
        self.own.stream.write_all(bytes).await?;
        self.own.stream.flush().await
    }

    async fn run(mut self) {
        match self.carry().await {
            // What is not whole must not look like it.
            Over::Cut | Over::Unwanted => {}
            Over::Ended => self.sender.end(Value::Null),
        }
    }

    async fn carry(&mut self) -> Over {
        loop {
            if let Err(over) = self.pass_on().await {
                return over;
            }
            self.inbound.reserve(ROOM);
            let (sender, stream) = (&mut self.sender, &mut self.own.stream);
            tokio::select! {
                () = poll_fn(|cx| sender.poll_closed(cx)) => return Over::Unwanted,
                read = stream.read_buf(&mut self.inbound) => match read {
                    Ok(0) if self.inbound.is_empty() => return Over::Ended,
                    Ok(0) | Err(_) => return Over::Cut,
                    Ok(_) => self.pulse.heard(),
                },
                beat = self.pulse.beat() => match beat {
                    Beat::Drain => return Over::Ended,
                    Beat::Lost => {
                        // What it has said may be there, and nobody has looked.
                        let read = self.own.stream.read_buf(&mut self.inbound);
                        match tokio::time::timeout(Duration::ZERO, read).await {
                            Ok(Ok(1..)) => self.pulse.heard(),
                            Ok(_) | Err(_) => return self.note(&"the server is silent"),
                        }
                    }
                    Beat::Sign(nth) => {
                        if let Err(over) = self.show(nth).await {
                            return over;
                        }
                    }
                    Beat::Silence => {
                        if let Err(over) = self.say(feed::COMMENT).await {
                            return over;
                        }
                    }
                },
            }
        }
    }

    /// Makes events of all messages that are whole.
    async fn pass_on(&mut self) -> Result<(), Over> {
        loop {
            let event = self.framing.read(&mut self.inbound);
            match event.map_err(|error| self.note(&error))? {
                None => return Ok(()),
                Some(Event::Head(message)) => self.tell(&message).await?,
                Some(Event::Control(Control::Heartbeat(None) | Control::Continue)) => {}
                Some(Event::Control(Control::Heartbeat(Some(_)))) if self.pulse.takes_echo() => {}
                Some(Event::Control(Control::Heartbeat(Some(answer)))) => {
                    let mut out = BytesMut::new();
                    // An answer that does not fit is none: the server will end the connection.
                    let _ = self.framing.write(&Event::Head(*answer), &mut out);
                    self.send(&out).await.map_err(|_| Over::Cut)?;
                }
                Some(Event::Control(Control::GoAway)) => return Err(Over::Ended),
                Some(Event::Body(_) | Event::End(_) | Event::Reset(_)) => return Err(Over::Cut),
            }
        }
    }

    async fn tell(&mut self, message: &Message) -> Result<(), Over> {
        if message.kind() == Kind::Reply
            && self.ledger.received(message.correlation(), clock::now())
                == Answers::Request(AskedBy::Nobody)
        {
            return Ok(());
        }
        match self.rules.event(&self.request, message, &self.facts) {
            Ok(Some(event)) => self.say(event).await,
            Ok(None) => Ok(()),
            Err(fault) => Err(self.note(&fault)),
        }
    }

    /// Waits until there is room.
    async fn say(&mut self, text: Bytes) -> Result<(), Over> {
        loop {
            let (sender, pulse) = (&mut self.sender, &mut self.pulse);
            let beat = tokio::select! {
                ready = poll_fn(|cx| sender.poll_ready(cx)) => {
                    ready.map_err(|_| Over::Unwanted)?;
                    break;
                }
                beat = pulse.beat() => beat,
            };
            match beat {
                Beat::Drain => return Err(Over::Ended),
                Beat::Silence => self.pulse.note(),
                Beat::Sign(nth) => self.show(nth).await?,
                // Nobody listens to the server meanwhile.
                Beat::Lost => self.pulse.heard(),
            }
        }
        self.pulse.note();
        self.sender.send(text).map_err(|_| Over::Unwanted)
    }

    fn note(&self, error: &dyn fmt::Display) -> Over {
        tracing::info!(peer = %self.facts.peer.address, listener = %self.facts.peer.listener, %error, "events are cut");
        Over::Cut
    }
}

impl Pulse {
    fn new(timers: &Rc<Timers>, server: &Descriptor) -> Self {
        let now = clock::now();
        let heartbeat = server.heartbeat.as_ref();
        Self {
            alarm: Alarm::new(Rc::clone(timers)),
            timers: Rc::clone(timers),
            next: now + HEARTBEAT,
            server: heartbeat.map(|h| health::Pulse::new(h.of(Side::Client), now)),
        }
    }

    /// Something was said to the client.
    fn note(&mut self) {
        self.next = clock::now() + HEARTBEAT;
    }

    /// Something was said to the server.
    fn sent(&mut self) {
        if let Some(server) = &mut self.server {
            server.handle_sent(clock::now());
        }
    }

    /// The server has said something.
    fn heard(&mut self) {
        if let Some(server) = &mut self.server {
            server.handle_heard(clock::now());
        }
    }

    /// Whether a sign of life that came is but the answer to one that was sent.
    fn takes_echo(&mut self) -> bool {
        (self.server.as_mut()).is_some_and(health::Pulse::takes_echo)
    }

    async fn beat(&mut self) -> Beat {
        poll_fn(|cx| {
            if self.timers.is_draining() {
                return Poll::Ready(Beat::Drain);
            }
            let now = clock::now();
            if self.alarm.is_due(now) {
                let server = self.server.as_mut();
                match server.map(|server| server.handle_timeout(Turn::Free, now)) {
                    Some(health::Beat::Send(nth)) => return Poll::Ready(Beat::Sign(nth)),
                    Some(health::Beat::GiveUp) => return Poll::Ready(Beat::Lost),
                    Some(health::Beat::Wait) | None => {}
                }
                if self.next <= now {
                    return Poll::Ready(Beat::Silence);
                }
            }
            let server = self.server.as_ref().and_then(health::Pulse::poll_timeout);
            self.alarm
                .set(server.map_or(self.next, |at| at.min(self.next)), cx);
            Poll::Pending
        })
        .await
    }
}
