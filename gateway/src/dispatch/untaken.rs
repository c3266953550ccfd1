//! Answers that cannot leave, as others are due before them or their clients take none. They have a room of their own:
//! clients who take none are to keep no requests out. Who takes a byte now and then could hold it without end, so in a
//! full room those give way who take too long for what they hold, the latest first.

use gatewright_core::limit::{Deadline, Deadlines};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

/// So many times its `send-time` somebody has to take as much as they hold, before they may have to give way. With
/// the defaults, 10 kB/s are enough for the longest answer.
const SEND_TIMES: u32 = 4;

/// The room of one worker for them, or what one client may leave lying.
#[derive(Debug)]
pub(crate) struct Untaken {
    most: usize,
    held: Cell<usize>,
    /// Who holds it, by when they may have to give way.
    line: RefCell<Deadlines<Waiting>>,
}

/// What somebody holds of it, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    holder: Rc<Holder>,
    bytes: usize,
}

/// A connection or a stream of HTTP/2, with all that it holds.
#[derive(Debug)]
struct Holder {
    room: Rc<Untaken>,
    held: Cell<usize>,
    place: Cell<Option<Place>>,
    has_given_way: Cell<bool>,
}

/// Its place in the line.
#[derive(Clone, Copy, Debug)]
struct Place {
    name: Deadline,
    patience: Duration,
    /// Bytes that the client has to take, then its time begins anew.
    due: usize,
}

#[derive(Debug)]
struct Waiting {
    holder: Rc<Holder>,
    waker: Waker,
}

impl Untaken {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            held: Cell::new(0),
            line: RefCell::default(),
        }
    }

    /// For somebody who holds nothing yet.
    pub(crate) fn holder(self: &Rc<Self>) -> Kept {
        let holder = Holder {
            room: Rc::clone(self),
            held: Cell::new(0),
            place: Cell::new(None),
            has_given_way: Cell::new(false),
        };
        Kept {
            holder: Rc::new(holder),
            bytes: 0,
        }
    }

    /// Room for so many bytes, if there is any. Who is alone has no more of it than there is: the longest answer fits,
    /// and there may be many.
    pub(crate) fn keep(self: &Rc<Self>, bytes: usize, now: Instant) -> Option<Kept> {
        self.holder().beside(bytes, now)
    }
}

impl Kept {
    /// Room for so many bytes more, of the same holder.
    pub(crate) fn beside(&self, bytes: usize, now: Instant) -> Option<Self> {
        let kept = || Self {
            holder: Rc::clone(&self.holder),
            bytes,
        };
        self.holder.grow(bytes, now).then(kept)
    }

    /// Takes room for so many bytes, and gives back what it had beyond.
    pub(crate) fn hold(&mut self, bytes: usize, now: Instant) -> bool {
        if !self.holder.grow(bytes.saturating_sub(self.bytes), now) {
            return false;
        }
        self.holder.shrink(self.bytes.saturating_sub(bytes));
        self.bytes = bytes;
        true
    }

    /// Whether others had its room, so that nothing may be kept for this client any more.
    pub(crate) fn has_given_way(&self) -> bool {
        self.holder.has_given_way.get()
    }

    /// From now on the time counts of a holder that holds anything. If it has to give way, the task of `cx` is woken.
    pub(crate) fn line_up(&self, send_time: Duration, now: Instant, cx: &Context<'_>) {
        let holder = &self.holder;
        let waits = holder.held.get() > 0 && !self.has_given_way();
        if waits && holder.place.get().is_none() {
            let waiting = Waiting {
                holder: Rc::clone(holder),
                waker: cx.waker().clone(),
            };
            waiting.line_up(send_time.saturating_mul(SEND_TIMES), now);
        }
    }

    /// The client has taken so many bytes: of these or of others, what matters is its pace.
    pub(crate) fn note_taken(&self, bytes: usize, now: Instant) {
        let holder = &self.holder;
        let Some(mut place) = holder.place.get() else {
            return;
        };
        place.due = place.due.saturating_sub(bytes);
        holder.place.set(Some(place));
        if place.due == 0
            && let Some(waiting) = holder.leave_line()
        {
            waiting.line_up(place.patience, now);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.holder.shrink(self.bytes);
    }
}

impl Holder {
    /// Takes so many bytes more. In a room that is full, whoever is late gives way, the latest first; that may be the
    /// one who asks.
    fn grow(&self, bytes: usize, now: Instant) -> bool {
        let room = &self.room;
        let all = self.held.get().saturating_add(bytes);
        while !self.has_given_way.get() && all <= room.most {
            let sum = room.held.get().saturating_add(bytes);
            if sum <= room.most {
                room.held.set(sum);
                self.held.set(all);
                return true;
            }
            let late = room.line.borrow_mut().pop_expired(now);
            match late {
                Some(late) => late.give_way(),
                None => return false,
            }
        }
        false
    }

    fn shrink(&self, bytes: usize) {
        let left = self.held.get().saturating_sub(bytes);
        self.held.set(left);
        if !self.has_given_way.get() {
            let held = &self.room.held;
            held.set(held.get().saturating_sub(bytes));
        }
        if left == 0 {
            self.leave_line();
        }
    }

    fn leave_line(&self) -> Option<Waiting> {
        let place = self.place.take()?;
        self.room.line.borrow_mut().remove(place.name)
    }
}

impl Waiting {
    fn line_up(self, patience: Duration, now: Instant) {
        let holder = Rc::clone(&self.holder);
        let name = (holder.room.line.borrow_mut()).insert(now + patience, self);
        holder.place.set(Some(Place {
            name,
            patience,
            due: holder.held.get(),
        }));
    }

    /// Leaves its room to others at once. What it keeps is gone with its next turn, so for one turn of the worker both
    /// may be there.
    fn give_way(self) {
        let Self { holder, waker } = self;
        holder.place.set(None);
        holder.has_given_way.set(true);
        let held = &holder.room.held;
        held.set(held.get().saturating_sub(holder.held.get()));
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEND_TIME: Duration = Duration::from_secs(30);
    const PATIENCE: Duration = Duration::from_secs(120);

    /// Somebody who holds that much and waits from then on.
    fn waiting(room: &Rc<Untaken>, bytes: usize, now: Instant) -> Kept {
        let kept = room.keep(bytes, now).unwrap();
        kept.line_up(SEND_TIME, now, &Context::from_waker(Waker::noop()));
        kept
    }

    fn assert_is_empty(room: &Untaken) {
        assert_eq!(room.held.get(), 0);
        assert!(room.line.borrow().is_empty());
    }

    #[test]
    fn room_is_given_back_and_nobody_has_more_than_there_is() {
        let now = Instant::now();
        let room = Rc::new(Untaken::new(10));
        let (mut holding, other) = (room.holder(), room.keep(4, now).unwrap());
        assert!(holding.hold(6, now) && holding.hold(6, now) && !holding.hold(7, now));
        assert!(holding.hold(2, now));
        let beside = holding.beside(4, now).unwrap();
        assert!(holding.beside(1, now).is_none() && room.keep(1, now).is_none());
        assert!(room.keep(0, now).is_some());
        drop(other);
        assert!(holding.hold(6, now));
        assert!(!holding.hold(7, now), "though it is alone");
        drop(beside);
        assert!(holding.hold(10, now));
        drop(holding);
        assert_is_empty(&room);
    }

    #[test]
    fn in_a_full_room_the_latest_give_way_and_no_more_than_have_to() {
        let start = Instant::now();
        let room = Rc::new(Untaken::new(10));
        let first = waiting(&room, 4, start);
        let second = waiting(&room, 3, start + SEND_TIME);
        let third = waiting(&room, 3, start + PATIENCE);
        let soon = start + PATIENCE - Duration::from_millis(1);
        assert!(room.keep(1, soon).is_none(), "nobody is late");
        let late = start + 2 * PATIENCE - SEND_TIME;
        assert!(room.keep(11, late).is_none(), "so much there is not");
        assert!(!first.has_given_way());
        let new = room.keep(4, late).unwrap();
        assert!(first.has_given_way() && !second.has_given_way());
        assert!(first.beside(1, late).is_none(), "it is over for that one");
        let newer = room.keep(3, late).unwrap();
        assert!(second.has_given_way() && !third.has_given_way());
        assert!(room.keep(1, late).is_none(), "the third is not late");
        drop((first, second));
        assert_eq!(room.held.get(), 10, "they had given it back");
        drop((third, new, newer));
        assert_is_empty(&room);
    }

    #[test]
    fn who_takes_as_much_as_they_hold_has_their_time_anew() {
        let start = Instant::now();
        let room = Rc::new(Untaken::new(10));
        let (honest, trickling) = (waiting(&room, 5, start), waiting(&room, 5, start));
        let then = start + SEND_TIME;
        honest.note_taken(4, then);
        trickling.note_taken(4, then);
        honest.note_taken(1, then);
        let late = start + PATIENCE;
        let new = room.keep(5, late).unwrap();
        assert!(trickling.has_given_way() && !honest.has_given_way());
        assert!(room.keep(1, late).is_none());
        let later = then + PATIENCE;
        assert!(room.keep(1, later).is_some() && honest.has_given_way());
        drop((honest, trickling, new));
        assert_is_empty(&room);
    }

    #[test]
    fn the_latest_may_be_the_one_who_asks() {
        let start = Instant::now();
        let room = Rc::new(Untaken::new(10));
        let (mut asking, other) = (waiting(&room, 5, start), waiting(&room, 5, start));
        assert!(asking.hold(5, start + PATIENCE), "nobody has to");
        assert!(!asking.hold(6, start + PATIENCE));
        assert!(asking.has_given_way() && !other.has_given_way());
        assert_eq!(room.held.get(), 5);
        drop((asking, other));
        assert_is_empty(&room);
    }
}
