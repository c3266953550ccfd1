//! A waker that its own task can muffle.
//!
//! The HTTP/2 library wakes the task of its connection whenever it is handed something, even by that
//! very task, which goes on with the connection as soon as all is handed over. Without this, each such
//! turn would be followed by one more in which there is nothing to do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// The waker for the library, and the hand that muffles it.
#[derive(Debug)]
pub(crate) struct Doorbell {
    bell: Arc<Bell>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Bell {
    muffled: AtomicBool,
    /// Whether it was rung while it was muffled.
    rung: AtomicBool,
    /// Whether it was rung while it was not.
    called: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.muffled.load(Ordering::SeqCst) {
            self.rung.store(true, Ordering::SeqCst);
            // If it was let go meanwhile, by another thread, that may not have seen it.
            if self.muffled.load(Ordering::SeqCst) {
                return;
            }
        }
        self.called.store(true, Ordering::SeqCst);
        // A panic while the lock is held leaves a whole waker, or none.
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*task {
            task.wake_by_ref();
        }
    }
}

impl Doorbell {
    pub(crate) fn new() -> Self {
        let bell = Arc::<Bell>::default();
        let waker = Waker::from(Arc::clone(&bell));
        Self { bell, waker }
    }

    /// The waker for the library. It wakes that task.
    pub(crate) fn waker(&self, task: &Waker) -> &Waker {
        let mut known = self
            .bell
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &mut *known {
            Some(known) => known.clone_from(task),
            None => *known = Some(task.clone()),
        }
        &self.waker
    }

    /// Whether it has woken the task since the last time. If not, somebody else has, and the library
    /// has nothing to do.
    pub(crate) fn has_called(&self) -> bool {
        self.bell.called.swap(false, Ordering::SeqCst)
    }

    /// Until it is let go, it wakes nobody.
    pub(crate) fn muffle(&self) {
        self.bell.muffled.store(true, Ordering::SeqCst);
    }

    /// Lets it go. Tells whether it would have woken the task, who has to look then.
    pub(crate) fn let_go(&self) -> bool {
        self.bell.muffled.store(false, Ordering::SeqCst);
        self.bell.rung.swap(false, Ordering::SeqCst)
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
    fn what_is_muffled_is_told_and_nothing_is_lost() {
        let task = Arc::<Task>::default();
        let woken = || task.0.load(Ordering::Relaxed);
        let doorbell = Doorbell::new();
        let waker = doorbell.waker(&Waker::from(Arc::clone(&task))).clone();
        waker.wake_by_ref();
        assert_eq!(woken(), 1);
        assert!(doorbell.has_called() && !doorbell.has_called());
        doorbell.muffle();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(woken(), 1);
        assert!(doorbell.let_go() && !doorbell.has_called());
        doorbell.muffle();
        assert!(!doorbell.let_go());
        waker.wake();
        assert_eq!(woken(), 2);
        assert!(doorbell.has_called());
    }
}
