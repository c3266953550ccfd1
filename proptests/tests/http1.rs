//! HTTP/1.1 heads beside httparse. `GATEWRIGHT_HEADS` says how many: 10000000 is what releases are held to.

use gatewright_core::codec::Side;
use gatewright_proptests::oracle::{Heads, Verdict, compare};
use std::collections::BTreeMap;

const HEADS: usize = 60_000;

fn count() -> usize {
    std::env::var("GATEWRIGHT_HEADS").map_or(HEADS, |text| text.parse().expect("a number of heads"))
}

#[test]
fn heads_are_read_as_httparse_reads_them_or_refused_for_a_reason() {
    let mut heads = Heads::new(0x6761_7465);
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for n in 0..count() {
        let side = if n % 2 == 0 {
            Side::Server
        } else {
            Side::Client
        };
        let bytes = heads.next(side);
        match compare(side, &bytes) {
            Ok(verdict) => *verdicts.entry(format!("{verdict:?}")).or_default() += 1,
            Err(error) => panic!("head {n}, {side:?}: {}: {error}", bytes.escape_ascii()),
        }
    }
    println!("{verdicts:#?}");
    let read = verdicts
        .get(&format!("{:?}", Verdict::Read))
        .copied()
        .unwrap_or(0);
    assert!(read * 4 > count(), "hardly any head is good: {read}");
}
