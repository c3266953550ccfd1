//! The exchanges of one connection, each with its own waker: only those that can go on are
//! polled.

use super::{Batch, Exchange};
use gatewright_core::session::ExchangeKey;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// One request or several, on their way.
#[derive(Debug)]
pub(crate) enum InFlight {
    Exchange(Box<Exchange>),
    Batch(Box<Batch>),
}

impl InFlight {
    /// Where its reply goes; `None` if none is due.
    pub(crate) const fn key(&self) -> Option<ExchangeKey> {
        match self {
            Self::Exchange(exchange) => exchange.key,
            Self::Batch(batch) => Some(batch.key),
        }
    }
}

/// A set of exchanges, or of what has one. Places and their wakers are used again, so that a message
/// costs no allocation here.
#[derive(Debug)]
pub(crate) struct Exchanges<T = InFlight> {
    places: Vec<Place<T>>,
    free: Vec<usize>,
    ready: Arc<Ready>,
    /// The indexes being worked on; kept for its capacity.
    batch: Vec<usize>,
}

impl<T> Default for Exchanges<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            ready: Arc::default(),
            batch: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Place<T> {
    exchange: Option<T>,
    signal: Arc<Signal>,
    waker: Waker,
}

impl<T> Place<T> {
    fn leave(&mut self) -> Option<T> {
        self.signal.vacant.store(true, Ordering::Release);
        self.exchange.take()
    }
}

/// Which places were woken, and the task to wake when the first one is.
#[derive(Debug, Default)]
struct Ready {
    woken: Mutex<Woken>,
}

#[derive(Debug, Default)]
struct Woken {
    places: Vec<usize>,
    task: Option<Waker>,
}

#[derive(Debug)]
struct Signal {
    place: usize,
    queued: AtomicBool,
    /// Nobody is there whom a wake could concern: the HTTP/2 library wakes streams that are over.
    vacant: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.vacant.load(Ordering::Acquire) || self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut woken = self.ready.lock();
        woken.places.push(self.place);
        if let Some(task) = woken.task.take() {
            task.wake();
        }
    }
}

impl Ready {
    // A panic while the lock is held leaves a list whose entries are each still valid.
    fn lock(&self) -> MutexGuard<'_, Woken> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Exchanges<T> {
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an exchange. It wakes nobody: the caller polls it with the next
    /// [`poll_ready`](Self::poll_ready).
    pub(crate) fn insert(&mut self, exchange: T) {
        let index = self.free.pop().unwrap_or_else(|| self.add_place());
        let place = &mut self.places[index];
        place.exchange = Some(exchange);
        place.signal.vacant.store(false, Ordering::Release);
        if !place.signal.queued.swap(true, Ordering::AcqRel) {
            self.ready.lock().places.push(index);
        }
    }

    /// Polls the exchanges that were woken and hands those that ended to `ended`. Later wakes
    /// reach the task of `cx`; meanwhile, those of exchanges that are over by the end do not. The
    /// HTTP/2 library wakes who sends something on a stream while it does.
    pub(crate) fn poll_ready<E>(
        &mut self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut T, &mut Context<'_>) -> Option<E>,
        mut ended: impl FnMut(T, E),
    ) {
        {
            let mut woken = self.ready.lock();
            std::mem::swap(&mut woken.places, &mut self.batch);
            woken.task = None;
        }
        for index in self.batch.drain(..) {
            let place = &mut self.places[index];
            // A swap, to see all that was written before a wake that found the place queued.
            place.signal.queued.swap(false, Ordering::AcqRel);
            let Some(exchange) = &mut place.exchange else {
                continue;
            };
            let Some(result) = poll(exchange, &mut Context::from_waker(&place.waker)) else {
                continue;
            };
            if let Some(exchange) = place.leave() {
                self.free.push(index);
                ended(exchange, result);
            }
        }
        self.listen(cx);
    }

    /// Has wakes reach the task. One that came meanwhile reaches it now, if it still concerns anybody.
    fn listen(&self, cx: &Context<'_>) {
        let mut woken = self.ready.lock();
        let concerns = |place: &usize| self.places[*place].exchange.is_some();
        match woken.places.iter().any(concerns) {
            true => cx.waker().wake_by_ref(),
            false => woken.task = Some(cx.waker().clone()),
        }
    }

    /// All of them, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places
            .iter()
            .filter_map(|place| place.exchange.as_ref())
    }

    /// Takes out the first exchange for which `chosen` says so; its call is cancelled when it
    /// is dropped.
    pub(crate) fn take(&mut self, mut chosen: impl FnMut(&T) -> bool) -> Option<T> {
        let index = self
            .places
            .iter()
            .position(|place| place.exchange.as_ref().is_some_and(&mut chosen))?;
        self.free.push(index);
        self.places[index].leave()
    }

    /// Cancels whatever is left.
    pub(crate) fn clear(&mut self) {
        while !self.is_empty() {
            self.take(|_| true);
        }
    }

    /// Forgets the task that wakes would reach.
    pub(crate) fn forget_task(&self) {
        self.ready.lock().task = None;
    }

    fn add_place(&mut self) -> usize {
        let place = self.places.len();
        let ready = Arc::clone(&self.ready);
        let signal = Arc::new(Signal {
            place,
            queued: AtomicBool::new(false),
            vacant: AtomicBool::new(true),
            ready,
        });
        let waker = Waker::from(Arc::clone(&signal));
        self.places.push(Place {
            exchange: None,
            signal,
            waker,
        });
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_is_over_wakes_nobody_and_whoever_comes_next_is_polled() {
        let task = Arc::<Task>::default();
        let woken = || task.0.load(Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task));
        let cx = &Context::from_waker(&waker);
        let mut exchanges = Exchanges::default();
        let mut kept = None;
        exchanges.insert('a');
        exchanges.poll_ready(
            cx,
            |_, cx| {
                kept = Some(cx.waker().clone());
                None::<()>
            },
            |_, ()| {},
        );
        let kept = kept.expect("it was polled");
        kept.wake_by_ref();
        assert_eq!(woken(), 1);
        exchanges.poll_ready(cx, |_, _| Some(()), |_, ()| {});
        assert!(exchanges.is_empty());
        kept.wake_by_ref();
        assert_eq!(woken(), 1);
        exchanges.insert('b');
        let mut polled = Vec::new();
        exchanges.poll_ready(
            cx,
            |name, _| {
                polled.push(*name);
                None::<()>
            },
            |_, ()| {},
        );
        assert_eq!(polled, ['b']);
        kept.wake_by_ref();
        assert_eq!(woken(), 2);
    }

    #[test]
    fn who_is_woken_by_its_own_poll_is_polled_again_unless_it_is_over() {
        let task = Arc::<Task>::default();
        let woken = || task.0.load(Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task));
        let cx = &Context::from_waker(&waker);
        let mut exchanges = Exchanges::default();
        let turn = |exchanges: &mut Exchanges<char>, end: bool| {
            exchanges.poll_ready(
                cx,
                |_, cx| {
                    cx.waker().wake_by_ref();
                    end.then_some(())
                },
                |_, ()| {},
            );
        };
        exchanges.insert('a');
        turn(&mut exchanges, false);
        assert_eq!(woken(), 1);
        turn(&mut exchanges, true);
        assert!(exchanges.is_empty());
        assert_eq!(woken(), 1);
        exchanges.insert('b');
        turn(&mut exchanges, true);
        assert!(exchanges.is_empty(), "its place was left with a wake");
        assert_eq!(woken(), 1);
    }
}
