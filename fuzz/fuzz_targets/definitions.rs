#![no_main]
//! Bytes against the shipped definitions: the first one says which.

use bytes::Bytes;
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::laws;
use gatewright_proptests::library::Shipped;
use std::sync::{Arc, LazyLock};

struct Row {
    protocol: Arc<dyn Protocol>,
    is_datagram: bool,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let all = Shipped::all();
    let rows = all.iter().map(|shipped| Row {
        protocol: shipped.protocol(),
        is_datagram: shipped.is_datagram(),
    });
    rows.collect()
});

/// A datagram comes as it was sent.
fn check_datagram(protocol: &Arc<dyn Protocol>, bytes: &[u8]) {
    for side in [Side::Server, Side::Client] {
        let mut codec = Arc::clone(protocol).codec(side, bytes.len());
        if let Ok(Event::Head(message)) = codec.decode(Bytes::copy_from_slice(bytes)) {
            laws::rewritten(protocol, side, bytes, &message).unwrap();
            laws::shown(protocol, &message).unwrap();
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let row = &ROWS[usize::from(*which) % ROWS.len()];
    match row.is_datagram {
        true => check_datagram(&row.protocol, bytes),
        false => laws::check_input(&row.protocol, bytes).unwrap(),
    }
});
