//! The floods of RELIABILITY's list, one row each.

use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, field, frame, request,
};

/// What becomes of a connection on which it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is ended, each time.
    Ended,
    /// It goes on, and costs nobody else anything; or it is ended.
    Absorbed,
}

/// One row.
pub(super) struct Flood {
    pub(super) name: &'static str,
    /// The payload of the first SETTINGS.
    pub(super) settings: &'static [u8],
    /// What comes first, once.
    pub(super) begin: fn(&mut Sender),
    /// What comes then, again and again. Nothing at all: it waits.
    pub(super) again: fn(&mut Sender),
    /// Whether what comes back is read.
    pub(super) reads: bool,
    pub(super) fate: Fate,
}

/// What is to be sent, and the number of the stream at hand.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) out: Vec<u8>,
    pub(super) stream: u32,
}

impl Sender {
    fn frame(&mut self, kind: u8, flags: u8, payload: &[u8]) {
        frame(&mut self.out, kind, flags, self.stream, payload);
    }

    /// Another stream: those of clients are odd (RFC 9113, 5.1.1).
    const fn next(&mut self) {
        self.stream = (self.stream + 1) | 1;
    }

    fn of_connection(&mut self, kind: u8, payload: &[u8]) {
        frame(&mut self.out, kind, 0, 0, payload);
    }

    /// The next stream, which begins with a request that has a body.
    fn post(&mut self) {
        self.next();
        self.frame(HEADERS, END_HEADERS, &request("POST", 64));
    }

    /// One that has none.
    fn get(&mut self, length: usize) {
        self.next();
        self.frame(HEADERS, END_HEADERS | END_STREAM, &request("GET", length));
    }
}

fn nothing(_: &mut Sender) {}

const fn row(name: &'static str, fate: Fate, again: fn(&mut Sender)) -> Flood {
    Flood {
        name,
        settings: &[],
        begin: nothing,
        again,
        reads: true,
        fate,
    }
}

/// SETTINGS_INITIAL_WINDOW_SIZE = 0.
const NO_WINDOW: &[u8] = &[0, 4, 0, 0, 0, 0];
/// Of an answer that nobody takes.
const LONG: usize = 100_000;

/// All of them.
pub(super) const FLOODS: [Flood; 18] = [
    // CVE-2023-44487.
    row("rapid reset", Fate::Ended, |to| {
        to.get(64);
        to.frame(RST_STREAM, 0, &8_u32.to_be_bytes());
    }),
    // CVE-2025-8671: four ways to have the server reset streams.
    row("reset by a window of 0", Fate::Ended, |to| {
        to.post();
        to.frame(WINDOW_UPDATE, 0, &[0; 4]);
    }),
    row("reset by a window too large", Fate::Ended, |to| {
        to.post();
        to.frame(WINDOW_UPDATE, 0, &[0x7f, 0xff, 0xff, 0xff]);
        to.frame(WINDOW_UPDATE, 0, &[0x7f, 0xff, 0xff, 0xff]);
    }),
    row("reset by DATA behind the end", Fate::Ended, |to| {
        to.get(64);
        to.frame(DATA, 0, b"more");
    }),
    row("reset by a wrong length", Fate::Ended, |to| {
        to.next();
        let mut block = request("POST", 64);
        field(&mut block, "content-length", "5");
        to.frame(HEADERS, END_HEADERS, &block);
        to.frame(DATA, END_STREAM, b"1");
    }),
    // RUSTSEC-2024-0332.
    Flood {
        begin: |to| {
            to.next();
            to.frame(HEADERS, 0, &request("GET", 64));
        },
        ..row("CONTINUATION", Fate::Ended, |to| {
            let mut block = Vec::new();
            field(&mut block, "x", "y");
            to.frame(CONTINUATION, 0, &block);
        })
    },
    Flood {
        begin: |to| {
            to.next();
            to.frame(HEADERS, 0, &request("GET", 64));
        },
        ..row("empty CONTINUATION", Fate::Ended, |to| {
            to.frame(CONTINUATION, 0, &[]);
        })
    },
    // RUSTSEC-2026-0258.
    Flood {
        begin: Sender::post,
        ..row("empty DATA", Fate::Ended, |to| to.frame(DATA, 0, &[]))
    },
    // CVE-2019-9512 to 9518.
    row("PING", Fate::Absorbed, |to| to.of_connection(PING, &[7; 8])),
    Flood {
        reads: false,
        ..row("PING, nothing read", Fate::Absorbed, |to| {
            to.of_connection(PING, &[7; 8]);
        })
    },
    row("SETTINGS", Fate::Absorbed, |to| {
        to.of_connection(SETTINGS, &[0, 4, 0, 1, 0, 0]);
    }),
    Flood {
        reads: false,
        ..row("SETTINGS, nothing read", Fate::Absorbed, |to| {
            to.of_connection(SETTINGS, &[]);
        })
    },
    row("PRIORITY", Fate::Absorbed, |to| {
        to.next();
        to.frame(PRIORITY, 0, &[0, 0, 0, 0, 255]);
    }),
    row("WINDOW_UPDATE of 1", Fate::Absorbed, |to| {
        to.of_connection(WINDOW_UPDATE, &[0, 0, 0, 1]);
    }),
    Flood {
        settings: NO_WINDOW,
        ..row("no window, many streams", Fate::Absorbed, |to| {
            to.get(LONG);
            to.frame(WINDOW_UPDATE, 0, &[0, 0, 0, 1]);
        })
    },
    Flood {
        settings: NO_WINDOW,
        begin: |to| (0..10).for_each(|_| to.get(LONG)),
        ..row("no window, nothing more", Fate::Absorbed, nothing)
    },
    // What was indexed once is said again with one byte (RFC 7541, 6.1).
    Flood {
        begin: |to| {
            to.next();
            let mut block = request("GET", 64);
            // A literal with incremental indexing: the name `x`, and 3,000 bytes behind a length of 127 + 2873.
            block.extend_from_slice(&[0x40, 1, b'x', 0x7f, 0xb9, 0x16]);
            block.extend_from_slice(&[b'y'; 3_000]);
            to.frame(HEADERS, END_HEADERS | END_STREAM, &block);
        },
        ..row("references of HPACK", Fate::Absorbed, |to| {
            to.next();
            let mut block = request("GET", 64);
            block.extend_from_slice(&[0xbe; 10_000]);
            to.frame(HEADERS, END_HEADERS | END_STREAM, &block);
        })
    },
    row("crumbs of cookies", Fate::Absorbed, |to| {
        to.next();
        let mut block = request("GET", 64);
        // `cookie` stands in the static table.
        (0..2_000).for_each(|_| block.extend_from_slice(&[0x0f, 0x11, 1, b'a']));
        to.frame(HEADERS, END_HEADERS | END_STREAM, &block);
    }),
];
