//! Gatewright as a library: a gateway for custom binary protocols.
//!
//! ```no_run
//! let outcome = gatewright::Gateway::from_config("gatewright.toml").run();
//! ```
//!
//! Modules stand in the order in which a message meets them.

mod listen;
mod tls;
mod websocket;
mod framing;
mod serve;
mod dispatch;
mod collected;
mod relay;
mod discovery;
mod upstream;
mod http2;
mod lifecycle;
mod definitions;
mod observe;
mod clock;
mod loopback;
mod random;
mod cli;

pub use cli::{Cli, cli};
pub use framing::{Framing, FramingError};
pub use lifecycle::{Addresses, Builder, Gateway, Outcome, Running, StartError};
pub use tls::TlsError;
