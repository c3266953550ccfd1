//! Rows of HTTP/1.1 messages beside hyper: where each of them ends, and what its body is. Who reads a body
//! longer or shorter than another hop lets a client say things for others. What is refused here
//! alone is refused for a reason. `GATEWRIGHT_HEADS` says how many rows.

mod ours;
mod reasons;
mod rows;
mod theirs;

use gatewright_core::codec::Side;
use rows::Rows;
use std::collections::BTreeMap;

const ROWS: usize = 20_000;

/// One message: its method and target, or its status; its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    what: String,
    body: Vec<u8>,
}

/// What one reader made of a row, and how it ended.
#[derive(Debug)]
pub(crate) struct Account {
    told: Vec<Told>,
    end: End,
}

/// Where reading ended. What follows belongs to no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// After a whole message.
    Clean,
    /// Within one that goes on.
    Partial,
    /// With an error, in the message that begins there.
    Refused { begins: usize, error: String },
}

fn count() -> usize {
    std::env::var("GATEWRIGHT_HEADS").map_or(ROWS, |text| text.parse().expect("a number of rows"))
}

/// The reason, if ours read less.
fn compare(side: Side, row: &[u8]) -> Result<Option<&'static str>, String> {
    let (ours, theirs) = (ours::read(side, row), theirs::read(side, row));
    let shared = ours.told.len().min(theirs.told.len());
    let both = || format!("\nours   {ours:?}\ntheirs {theirs:?}");
    if ours.told[..shared] != theirs.told[..shared] {
        return Err(format!("differ: {}", both()));
    }
    if ours.told.len() > shared {
        return Err(format!("more is read here: {}", both()));
    }
    if theirs.told.len() == shared {
        return Ok(None);
    }
    let End::Refused { begins, .. } = ours.end else {
        return Err(format!("less is read here: {}", both()));
    };
    reasons::of(side, &row[begins..])
        .map(Some)
        .ok_or_else(|| format!("refused without a reason: {}", both()))
}

#[test]
fn messages_end_where_hyper_sees_their_ends() {
    let mut rows = Rows::new(0x6874_7470);
    let mut wrong = Vec::new();
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for n in 0..count() {
        let side = if n % 3 == 0 {
            Side::Client
        } else {
            Side::Server
        };
        let row = rows.next(side);
        match compare(side, &row) {
            Ok(reason) => *verdicts.entry(reason.unwrap_or("the same")).or_default() += 1,
            Err(error) => wrong.push(format!(
                "row {n}, {side:?}: {}: {error}",
                row.escape_ascii()
            )),
        }
        assert!(wrong.len() < 10, "{}", wrong.join("\n"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{verdicts:#?}");
    assert!(verdicts["the same"] * 2 > count(), "hardly any row is good");
}
