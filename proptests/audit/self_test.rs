//! The audit of nobody: clients talk to lying servers without a gateway between, and what the
//! servers do has to be found.

use crate::client::{Client, Front, Task};
use crate::hostile::{Deed, HOSTILE};
use crate::rng::Rng;
use crate::server::{Below, Server, ServerLog, Speaks, Spec, Telling};
use crate::verdict::{Tolerance, Verdict, Wrong, judge};
use crate::wire::{Dns, Headed, Json, Pos, Resp, Whole, Wire};

use std::sync::Arc;
use std::time::Duration;

const RESP: Resp = Resp { own: true };

/// What clients make of a server that does this, or is honest.
async fn audit(wire: &'static dyn Wire, deed: Option<Deed>) -> Verdict {
    audit_in(Speaks::Frames, wire, deed).await
}

async fn audit_in(speaks: Speaks, wire: &'static dyn Wire, deed: Option<Deed>) -> Verdict {
    let log = Arc::new(ServerLog::default());
    let mut server = Server::start(Spec {
        wire,
        server: 5,
        speaks,
        below: Below::Tcp,
        hostile: deed.and_then(|deed| HOSTILE.iter().find(|row| row.deed == deed)),
        late: Duration::from_secs(1),
        log: Arc::clone(&log),
        rng: Rng::seeded(1),
    })
    .expect("a server");
    let task = Task {
        front: Arc::new(Front::new(server.address())),
        wire,
        http2: speaks != Speaks::Frames,
        part: 1,
        depth: 16,
        leaves: None,
        patience: Duration::from_millis(400),
        least: Duration::ZERO,
        spoilt: false,
    };
    let client = Client::new(Arc::new(task), 1, 500, Rng::seeded(2));
    let seen = client.run().await;
    server.stop().await;
    judge(seen.records, &seen.findings, log.take(), Tolerance::STRICT)
}

fn has(verdict: &Verdict, wrong: impl Fn(&Wrong) -> bool) -> bool {
    verdict.violations.iter().any(|found| wrong(&found.wrong))
}

#[tokio::test]
async fn honest_servers_are_found_honest() {
    let wires: [&'static dyn Wire; 6] = [&Pos, &RESP, &Dns, &Headed, &Json, &Whole];
    for wire in wires {
        let verdict = audit(wire, None).await;
        assert!(verdict.violations.is_empty(), "{:?}", verdict.violations);
        assert_eq!((verdict.tally.requests, verdict.tally.ok), (500, 500));
    }
}

#[tokio::test]
async fn anothers_answer_is_misdelivered() {
    let wires: [&'static dyn Wire; 6] = [&Pos, &RESP, &Dns, &Headed, &Json, &Whole];
    for wire in wires {
        let verdict = audit(wire, Some(Deed::Swapped)).await;
        let found = has(&verdict, |wrong| *wrong == Wrong::Misdelivered);
        assert!(found, "{wire:?}: {:?}", verdict.tally);
    }
}

#[tokio::test]
async fn a_second_reply_is_a_duplicate() {
    for wire in [&Pos as &'static dyn Wire, &Dns] {
        let verdict = audit(wire, Some(Deed::Twice)).await;
        assert!(
            has(&verdict, |wrong| *wrong == Wrong::Duplicated),
            "{wire:?}"
        );
    }
    // By order it is the next one's, and that is another's answer.
    let verdict = audit(&RESP, Some(Deed::Twice)).await;
    assert!(has(&verdict, |wrong| *wrong == Wrong::Misdelivered));
}

#[tokio::test]
async fn silence_is_a_loss() {
    let verdict = audit(&Pos, Some(Deed::Stall)).await;
    assert!(has(&verdict, |wrong| *wrong == Wrong::Lost));
}

#[tokio::test]
async fn ends_and_nonsense_are_noticed() {
    let verdict = audit(&Pos, Some(Deed::Cut)).await;
    assert!(has(&verdict, |wrong| *wrong == Wrong::CutReply));
    assert!(has(&verdict, |wrong| *wrong == Wrong::ClosedWithoutFault));
    let verdict = audit(&Pos, Some(Deed::Garbage)).await;
    assert!(has(&verdict, |wrong| matches!(wrong, Wrong::Garbled(_))));
}

#[tokio::test]
async fn what_is_carried_by_http2_is_judged_alike() {
    let speaks = Speaks::Http2(Telling::Whole);
    let verdict = audit_in(speaks, &Whole, None).await;
    assert!(verdict.violations.is_empty(), "{:?}", verdict.violations);
    assert_eq!((verdict.tally.requests, verdict.tally.ok), (500, 500));
    let verdict = audit_in(speaks, &Whole, Some(Deed::Swapped)).await;
    assert!(has(&verdict, |wrong| *wrong == Wrong::Misdelivered));
    let verdict = audit_in(speaks, &Whole, Some(Deed::Cut)).await;
    assert!(has(&verdict, |wrong| *wrong == Wrong::ClosedWithoutFault));
}
