//! Where one exchange finds its reply.

use super::Link;
use bytes::BytesMut;
use gatewright_core::fault::Fault;
use gatewright_core::message::Message;
use gatewright_core::pool::ConnId;
use gatewright_core::reply::Entry;
use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Where one exchange finds its reply. The link puts it in, the exchange takes it out. There is one for
/// each that is in flight, so that it is kept small.
#[derive(Debug)]
pub(super) struct Mailbox {
    mail: RefCell<Mail>,
}

/// In which form replies are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// One message, read.
    Message,
    /// Frames that nobody reads.
    Frames,
}

#[derive(Debug)]
struct Mail {
    whereabouts: Whereabouts,
    replies: Replies,
    fault: Option<Box<Fault>>,
    /// Whether a reply speaks against the server that gave it.
    blames: bool,
    waker: Option<Waker>,
    /// On which connection its parcel was sent, and when.
    sent: Option<(ConnId, Instant)>,
}

/// What came, in the form in which it is wanted.
#[derive(Debug)]
enum Replies {
    Message(Option<Box<Message>>),
    /// Whole frames, and how many.
    Frames(BytesMut, u32),
}

/// Where its parcel is.
#[derive(Debug)]
pub(super) enum Whereabouts {
    /// It waits to be sent.
    Queued,
    /// It was sent, and its reply is not here, or not all of it.
    Sent(Rc<Link>, Entry),
    /// Nothing more will come.
    Over,
}

/// The reply to a message; nothing where none is due.
pub(crate) type Reply = Result<Option<Box<Message>>, Fault>;

/// What came of the replies to a batch since the last look.
#[derive(Debug)]
pub(crate) struct Part {
    /// Whole frames.
    pub(crate) frames: BytesMut,
    /// How many.
    pub(crate) replies: u32,
    /// Whether more is to come, and if not, how it ended.
    pub(crate) end: Option<Result<(), Fault>>,
}

impl Mailbox {
    pub(super) fn new(contents: Contents) -> Self {
        let replies = match contents {
            Contents::Message => Replies::Message(None),
            Contents::Frames => Replies::Frames(BytesMut::new(), 0),
        };
        Self {
            mail: RefCell::new(Mail {
                whereabouts: Whereabouts::Queued,
                replies,
                fault: None,
                blames: false,
                waker: None,
                sent: None,
            }),
        }
    }

    pub(super) fn contents(&self) -> Contents {
        match self.mail.borrow().replies {
            Replies::Message(_) => Contents::Message,
            Replies::Frames(..) => Contents::Frames,
        }
    }

    pub(super) fn note_sent(&self, link: Rc<Link>, entry: Entry, now: Instant) {
        let mail = &mut *self.mail.borrow_mut();
        mail.sent = Some((link.id(), now));
        mail.whereabouts = Whereabouts::Sent(link, entry);
    }

    /// On which connection its parcel was sent, and when.
    pub(super) fn sent(&self) -> Option<(ConnId, Instant)> {
        self.mail.borrow().sent
    }

    /// Takes the note of where the parcel is; it is over then.
    pub(super) fn give_up(&self) -> Whereabouts {
        std::mem::replace(&mut self.mail.borrow_mut().whereabouts, Whereabouts::Over)
    }

    pub(super) fn is_over(&self) -> bool {
        self.mail.borrow().is_over()
    }

    /// Wakes the exchange, though nothing came for it.
    pub(super) fn remind(&self) {
        let waker = self.mail.borrow_mut().waker.take();
        wake(waker);
    }

    /// A reply came that speaks against the server that gave it.
    pub(super) fn blame(&self) {
        self.mail.borrow_mut().blames = true;
    }

    /// Whether one of the replies did.
    pub(super) fn blames(&self) -> bool {
        self.mail.borrow().blames
    }

    /// The reply came.
    pub(super) fn put_message(&self, message: Box<Message>) {
        self.end(|mail| mail.put(message));
    }

    /// The reply came, but for its payload, which comes as a stream.
    pub(super) fn put_head(&self, message: Box<Message>) {
        let waker = {
            let mail = &mut *self.mail.borrow_mut();
            mail.put(message);
            mail.waker.take()
        };
        wake(waker);
    }

    /// Nothing will come.
    pub(super) fn fail(&self, fault: Fault) {
        self.end(|mail| mail.fault = Some(Box::new(fault)));
    }

    /// Frames of replies came, and more are to come.
    pub(super) fn put_frames(&self, frames: &[u8], replies: u32) {
        let waker = {
            let mail = &mut *self.mail.borrow_mut();
            if let Replies::Frames(all, count) = &mut mail.replies {
                all.extend_from_slice(frames);
                *count += replies;
            }
            mail.waker.take()
        };
        wake(waker);
    }

    /// All of the replies is in.
    pub(super) fn complete(&self) {
        self.end(|_| {});
    }

    fn end(&self, change: impl FnOnce(&mut Mail)) {
        let waker = {
            let mail = &mut *self.mail.borrow_mut();
            mail.whereabouts = Whereabouts::Over;
            change(mail);
            mail.waker.take()
        };
        wake(waker);
    }

    /// The reply to a message, once it is there; nothing where none is due.
    pub(super) fn poll_message(&self, cx: &Context<'_>) -> Poll<Reply> {
        let mail = &mut *self.mail.borrow_mut();
        let message = match &mut mail.replies {
            Replies::Message(message) => message.take(),
            Replies::Frames(..) => None,
        };
        if !mail.is_over() && message.is_none() {
            mail.wait(cx);
            return Poll::Pending;
        }
        Poll::Ready(match mail.fault.take() {
            Some(fault) => Err(*fault),
            None => Ok(message),
        })
    }

    /// What came of the replies to a batch, once there is anything new.
    pub(super) fn poll_part(&self, cx: &Context<'_>) -> Poll<Part> {
        let mail = &mut *self.mail.borrow_mut();
        if !mail.is_over() {
            mail.wait(cx);
            if !matches!(mail.replies, Replies::Frames(_, 1..)) {
                return Poll::Pending;
            }
        }
        Poll::Ready(mail.part())
    }

    /// Why it failed, if nobody was told yet.
    pub(super) fn take_fault(&self) -> Option<Box<Fault>> {
        self.mail.borrow_mut().fault.take()
    }

    /// What came of the replies to a batch, be it nothing.
    pub(super) fn take_part(&self) -> Part {
        self.mail.borrow_mut().part()
    }
}

impl Mail {
    const fn is_over(&self) -> bool {
        matches!(self.whereabouts, Whereabouts::Over)
    }

    fn put(&mut self, reply: Box<Message>) {
        if let Replies::Message(message) = &mut self.replies {
            *message = Some(reply);
        }
    }

    fn part(&mut self) -> Part {
        let over = self.is_over();
        let (frames, replies) = match &mut self.replies {
            Replies::Frames(frames, replies) => (frames.split(), std::mem::take(replies)),
            Replies::Message(_) => (BytesMut::new(), 0),
        };
        Part {
            frames,
            replies,
            end: over.then(|| self.fault.take().map_or(Ok(()), |fault| Err(*fault))),
        }
    }

    fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
