//! The tasks of connections upstream, which take their turns together.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::Poll;
use tokio::task::LocalSet;

/// What keeps a worker's connections upstream going. All of them that have something to do take their turns in a
/// row, behind those of the clients: taken as the events come, each turn would find what the turn before it, of the
/// other kind, has left of its code in the processor's cache.
#[derive(Clone, Debug)]
pub(crate) struct Drivers(Weak<LocalSet>);

impl Drivers {
    /// For the runtime that this is called on, with which they end.
    pub(crate) fn new() -> Self {
        let set = Rc::new(LocalSet::new());
        let drivers = Self(Rc::downgrade(&set));
        tokio::task::spawn_local(run(set));
        drivers
    }

    pub(crate) fn spawn(&self, driver: impl Future<Output = ()> + 'static) {
        if let Some(set) = self.0.upgrade() {
            set.spawn_local(driver);
        }
    }
}

async fn run(set: Rc<LocalSet>) {
    let mut running = pin!(set.run_until(pending::<()>()));
    let mut gives_way = false;
    poll_fn(|cx| {
        // Whoever was called after it goes before it.
        gives_way = !gives_way;
        if gives_way {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        running.as_mut().poll(cx)
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
    use tokio::sync::Notify;

    fn runtime() -> LocalRuntime {
        Builder::new_current_thread()
            .build_local(LocalOptions::default())
            .unwrap()
    }

    #[test]
    fn they_go_in_a_row_behind_whoever_was_called_after_them() {
        runtime().block_on(async {
            let drivers = Drivers::new();
            let went = Rc::new(RefCell::new(Vec::new()));
            let names = ["driver a", "client a", "driver b", "client b"];
            let bells = names.map(|name| {
                let (bell, went) = (Rc::new(Notify::new()), Rc::clone(&went));
                let called = Rc::clone(&bell);
                let task = async move {
                    called.notified().await;
                    went.borrow_mut().push(name);
                };
                match name.starts_with("driver") {
                    true => drivers.spawn(task),
                    false => drop(tokio::task::spawn_local(task)),
                }
                bell
            });
            for rings in [false, true] {
                for bell in bells.iter().filter(|_| rings) {
                    bell.notify_one();
                }
                // All that are called have their turns.
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
            }
            let expected = ["client a", "client b", "driver a", "driver b"];
            assert_eq!(*went.borrow(), expected);
        });
    }

    #[test]
    fn they_end_with_their_runtime() {
        let runtime = runtime();
        let held = Rc::new(());
        let drivers = runtime.block_on(async {
            let (drivers, held) = (Drivers::new(), Rc::clone(&held));
            drivers.spawn(async move {
                pending::<()>().await;
                drop(held);
            });
            tokio::task::yield_now().await;
            drivers
        });
        assert_eq!(Rc::strong_count(&held), 2);
        drop(runtime);
        assert_eq!(Rc::strong_count(&held), 1);
        drivers.spawn(async { panic!("nobody is there to poll it") });
    }
}
