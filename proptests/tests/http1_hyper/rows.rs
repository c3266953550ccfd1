//! Rows of messages by chance, of pieces that are good, strange or wrong, some with a byte changed.

use gatewright_core::codec::Side;

const METHODS: &[&str] = &["POST", "GET", "PUT", "HEAD", "OPTIONS", "CONNECT"];
const TARGETS: &[&str] = &["/a", "/a/b?c=d", "/", "*", "a:1", "http://a/x"];
const VERSIONS: &[&str] = &["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"];
const STATUSES: &[&str] = &["200", "404", "204", "304", "100", "103", "101", "500"];
const FRAMINGS: &[&str] = &[
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\n",
    "",
    "Content-Length: 0\r\n",
    "Content-Length: 05\r\n",
    "Content-Length: 5\r\nContent-Length: 5\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: CHUNKED\r\n",
    "Transfer-Encoding:\tchunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
];
const EXTRAS: &[&str] = &[
    "",
    "X-A: b\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Trailer: x-t\r\n",
    "Connection: transfer-encoding\r\n",
    "TE: trailers\r\n",
];
const SIZES: &[&str] = &[
    "5",
    "5",
    "5",
    "05",
    "0005",
    "a",
    "A",
    "5;x=y",
    "5 ;x",
    "5;x=\"\\\"\"",
    "5;",
    " 5",
    "5 ",
    "+5",
    "0x5",
    "-1",
    "fffffffffffffffff",
    "ffffffffffffffff",
    "",
    "5;x\ny",
    "5;x\0",
    "4",
    "6",
];
const DATA: &[&str] = &[
    "hello",
    "hello",
    "hello",
    "helloworld",
    "hell",
    "GET / HTTP/1.1\r\n\r\n",
];
const CHUNK_ENDS: &[&str] = &["\r\n", "\r\n", "\r\n", "\n", "\r", "", "\r\n\r\n", " \r\n"];
const TRAILERS: &[&str] = &[
    "",
    "",
    "X-T: u\r\n",
    "X-T: u\nX-V: w\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Host: b\r\n",
    "bad\r\n",
    " X: y\r\n",
    "X : y\r\n",
];
const BYTES: &[u8] = b"\0\t\n\r :,;05aF\x80";

/// An endless row of rows, the same for the same seed.
pub(crate) struct Rows {
    state: u64,
}

impl Rows {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Xorshift: Marsaglia, 2003.
    fn below(&mut self, n: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap_or(0) % n
    }

    fn any(&mut self, pieces: &[&'static str]) -> &'static str {
        pieces[self.below(pieces.len())]
    }

    /// One of the first three in most cases: they are good.
    fn pick(&mut self, pieces: &[&'static str]) -> &'static str {
        if self.below(5) > 0 {
            pieces[self.below(pieces.len().min(3))]
        } else {
            self.any(pieces)
        }
    }

    fn chunk_end(&mut self) -> &'static str {
        if self.below(10) > 0 {
            "\r\n"
        } else {
            self.any(CHUNK_ENDS)
        }
    }

    fn chunks(&mut self) -> String {
        let mut body = String::new();
        for _ in 0..self.below(3) {
            let (size, data) = (self.pick(SIZES), self.pick(DATA));
            let (before, after) = (self.chunk_end(), self.chunk_end());
            [size, before, data, after]
                .into_iter()
                .for_each(|piece| body.push_str(piece));
        }
        let last = if self.below(10) > 0 {
            "0"
        } else {
            self.any(&["00", "0;x", "0 ", "000000000000000000"])
        };
        let pieces = [
            last,
            self.chunk_end(),
            self.pick(TRAILERS),
            self.chunk_end(),
        ];
        pieces.into_iter().for_each(|piece| body.push_str(piece));
        body
    }

    fn message(&mut self, side: Side, row: &mut String) {
        let first = match side {
            Side::Server => {
                let (method, target) = (self.pick(METHODS), self.pick(TARGETS));
                format!("{method} {target} {}\r\nHost: a\r\n", self.pick(VERSIONS))
            }
            Side::Client => {
                let (version, status) = (self.pick(VERSIONS), self.pick(STATUSES));
                format!("{version} {status} OK\r\n")
            }
        };
        row.push_str(&first);
        let framing = self.pick(FRAMINGS);
        let extra = self.pick(EXTRAS);
        row.push_str(framing);
        row.push_str(extra);
        row.push_str("\r\n");
        if framing.contains("hunked") {
            row.push_str(&self.chunks());
        } else if framing.contains("Length: 5") || self.below(8) == 0 {
            row.push_str("hello");
        }
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (at, byte) = (self.below(bytes.len()), BYTES[self.below(BYTES.len())]);
        match self.below(4) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => bytes.truncate(at + 1),
            _ => {
                bytes.remove(at);
            }
        }
    }

    pub(crate) fn next(&mut self, side: Side) -> Vec<u8> {
        let mut row = String::new();
        for _ in 0..=self.below(3) {
            self.message(side, &mut row);
        }
        let mut bytes = row.into_bytes();
        if self.below(3) == 0 {
            self.change(&mut bytes);
        }
        bytes
    }
}
