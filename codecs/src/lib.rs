//! The protocols that Gatewright speaks out of the box, those that are data, and captures of them.
//!
//! One folder a codec, one row of [`BUILTIN`] each: tests, fuzz targets, benches and the
//! configuration's checks iterate over that table.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation
    )
)]

mod builtin;

pub mod capture;
pub mod dns;
pub mod framing;
pub mod http1;
pub mod ksy;
pub mod pos;
pub mod resp;
pub mod websocket;

pub use builtin::{Builtin, Sample};

use std::sync::Arc;

/// All protocols of this crate.
pub const BUILTIN: &[Builtin] = &[
    Builtin {
        name: "dns",
        folder: "dns",
        protocol: || Arc::new(dns::Dns::new()),
        corpus: dns::CORPUS,
    },
    Builtin {
        name: "http",
        folder: "http1",
        protocol: || Arc::new(http1::Http::new()),
        corpus: http1::CORPUS,
    },
    Builtin {
        name: "pos",
        folder: "pos",
        protocol: || Arc::new(pos::Pos::new()),
        corpus: pos::CORPUS,
    },
    Builtin {
        name: "resp",
        folder: "resp",
        protocol: || Arc::new(resp::Resp::new()),
        corpus: resp::CORPUS,
    },
];
