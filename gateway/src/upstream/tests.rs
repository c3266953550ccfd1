use super::*;
use crate::observe::Metrics;
use gatewright_config::{Protocols, load_str};
use std::future::Future;
use tokio::runtime::{Builder, LocalOptions};

const CONFIG: &str = r#"
    [listeners.pos]
    bind = "tcp://127.0.0.1:0"
    protocol = "pos"
    [upstreams.payments]
    url = "h2c://127.0.0.1:9"
    [[routes]]
    from = "pos"
    to = "payments"
    request.post = "/"
    reply = [ { on = "*" } ]
"#;

/// One that nothing has asked for anything yet.
pub(super) fn upstream() -> Rc<Upstream> {
    let linked = gatewright_codecs::BUILTIN.iter();
    let protocols: Protocols = linked.map(|row| (row.name, (row.protocol)())).collect();
    let plan = load_str("gatewright.toml", CONFIG, &protocols)
        .unwrap()
        .plan;
    let plan = plan.upstreams[0].clone();
    let dialler = Rc::new(Dialler::new(&plan, None, &Rc::default()));
    let metrics = Metrics::new().upstream(&plan.name, 1);
    let timers = Rc::<Timers>::default();
    let (drivers, awaited, scratch) = (Drivers::new(), Arc::default(), Rc::default());
    Rc::new(Upstream::new(
        plan, dialler, timers, drivers, metrics, awaited, scratch,
    ))
}

/// Runs what needs a worker's runtime.
pub(super) fn on_worker(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build_local(LocalOptions::default());
    runtime.unwrap().block_on(test);
}

/// The connection that its pool asks for when somebody wants a place.
pub(super) fn connecting(upstream: &Upstream, now: Instant) -> ConnId {
    let pool = &mut upstream.state.borrow_mut().pool;
    let _ = pool.acquire_as(Ask::of(1), now);
    match pool.poll_event() {
        Some(PoolEvent::Connect(id)) => id,
        other => panic!("a connect, not {other:?}"),
    }
}

#[test]
fn an_answer_is_awaited_until_it_is_whole_and_its_end_counts_once() {
    on_worker(async {
        let upstream = upstream();
        let now = clock::now();
        let id = connecting(&upstream, now);
        let counted = || upstream.awaited.counted();
        let lease = Lease::new(&upstream, id, now);
        assert_eq!(counted(), (1, 0));
        lease.praise(now);
        lease.settle();
        assert_eq!(counted(), (0, 1), "what goes up behind it is no answer");
        drop(lease);
        assert_eq!(counted(), (0, 1));
        drop(Lease::new(&upstream, id, now));
        assert_eq!(counted(), (0, 2));
    });
}
