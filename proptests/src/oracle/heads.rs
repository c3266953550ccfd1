//! Heads by chance, of pieces that are good, strange or wrong, some with a byte changed. No strategy of
//! proptest: there are to be millions.

use gatewright_core::codec::Side;

const METHODS: &[&str] = &[
    "GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "M-SEARCH", "get", "PRI", "G(T", "",
];
const TARGETS: &[&str] = &[
    "/",
    "/a/b?c=d&e",
    "/%41",
    "*",
    "http://a/",
    "http://b:80?x",
    "HTTPS://a",
    "a:443",
    "/a#b",
    "/<",
    "/%4",
    "/\u{e9}",
    "//a",
    "ftp://a/",
    "http://u@a/",
    "/[1]",
    "/a|b",
    "/?a|{b}%",
    "/?<",
    "/\\",
    "",
];
const VERSIONS: &[&str] = &[
    "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "",
];
const STATUSES: &[&str] = &[
    "200", "204", "304", "100", "101", "103", "404", "500", "999", "099", "20", "2000",
];
const REASONS: &[&str] = &[" OK", " ", "", " Not \u{e9}", " a\tb", " a\x01", "  x"];
const NAMES: &[&str] = &[
    "Accept",
    "X-A",
    "Host",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "Upgrade",
    "TE",
    "Expect",
    "Keep-Alive",
    "Proxy-Connection",
    "cookie",
    "A(b)",
    "",
    " X",
    "X ",
    "content-length",
    "HOST",
    "Trailer",
];
const VALUES: &[&str] = &[
    "a",
    "",
    "0",
    "5",
    "chunked",
    "CHUNKED",
    "gzip, chunked",
    "close",
    "keep-alive",
    "x-a, close",
    "content-length",
    "host",
    "a,b",
    "a:80",
    "[::1]",
    "trailers",
    "100-continue",
    "+5",
    "5,5",
    "0x5",
    "18446744073709551616",
    "a\tb",
    "a\x01",
    "\u{e9}",
    "a\rb",
    " x ",
    "websocket",
    "b",
];
const COLONS: &[&str] = &[": ", ": ", ": ", ":", ":\t", " : ", ":  "];
const ENDS: &[&str] = &[
    "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n ", "\r\r\n", "\r\n\r\n",
];
const BYTES: &[u8] = b"\0\t\n\r :,;/#%[]@\x7f\x80\xffaZ0";

/// An endless row of heads, the same for the same seed.
#[derive(Debug)]
pub struct Heads {
    state: u64,
}

impl Heads {
    /// The heads of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Xorshift: Marsaglia, 2003.
    fn below(&mut self, n: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap_or(0) % n
    }

    /// The first is the one in most cases: it is good.
    fn pick(&mut self, pieces: &[&'static str]) -> &'static str {
        if self.below(6) > 0 {
            pieces[0]
        } else {
            pieces[self.below(pieces.len())]
        }
    }

    fn any(&mut self, pieces: &[&'static str]) -> &'static str {
        pieces[self.below(pieces.len())]
    }

    fn end(&mut self) -> &'static str {
        if self.below(12) > 0 {
            "\r\n"
        } else {
            self.any(ENDS)
        }
    }

    fn field(&mut self, head: &mut String) {
        let (name, colon) = (self.any(NAMES), self.pick(COLONS));
        let value = self.pick(VALUES);
        let end = self.end();
        [name, colon, value, end]
            .into_iter()
            .for_each(|piece| head.push_str(piece));
    }

    fn first_line(&mut self, side: Side, head: &mut String) {
        let pieces = match side {
            Side::Server => {
                let space = if self.below(16) > 0 { " " } else { "  " };
                [
                    self.pick(METHODS),
                    " ",
                    self.pick(TARGETS),
                    space,
                    self.pick(VERSIONS),
                ]
            }
            Side::Client => [
                self.pick(VERSIONS),
                " ",
                self.pick(STATUSES),
                self.pick(REASONS),
                "",
            ],
        };
        pieces.into_iter().for_each(|piece| head.push_str(piece));
        let end = self.end();
        head.push_str(end);
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (at, byte) = (self.below(bytes.len()), BYTES[self.below(BYTES.len())]);
        match self.below(3) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => {
                bytes.remove(at);
            }
        }
    }

    /// The next head for that side, and what may stand behind it.
    pub fn next(&mut self, side: Side) -> Vec<u8> {
        let mut head = String::new();
        if self.below(20) == 0 {
            head.push_str(if self.below(2) == 0 {
                "\r\n"
            } else {
                "\r\n\r\n"
            });
        }
        self.first_line(side, &mut head);
        if side == Side::Server && self.below(8) > 0 {
            head.push_str("Host: a\r\n");
        }
        for _ in 0..self.below(4) {
            self.field(&mut head);
        }
        head.push_str("\r\n5\r\nhello");
        let mut bytes = head.into_bytes();
        if self.below(4) == 0 {
            self.change(&mut bytes);
        }
        bytes
    }
}
