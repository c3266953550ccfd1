//! A protocol whose replies are told by their order, and which has nothing to say where there is none.

use crate::support::gateway::Gateway;
use crate::support::{in_time, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const DEFINITION: &str = r#"
meta: {id: count, endian: be}
-gateway:
  frame: {fixed: 2, max: 2}
  operation: kind
  order: fifo
  kind: 'kind.to_i >= 0x80 ? "reply" : "request"'
seq:
  - {id: kind, type: u1, enum: kind, valid: {in-enum: true}}
  - {id: value, type: u1}
enums:
  kind:
    1: ask
    0x81: told
"#;

/// The first and the third are answered, the second is not: its client would take the third reply for the second.
#[tokio::test]
async fn nothing_is_said_behind_a_reply_that_is_missing() {
    let (slow, slow_url) = raw::listener().await;
    let (fast, fast_url) = raw::listener().await;
    let text = format!(
        r#"
[gateway]
workers = 1
[admin]
http = "127.0.0.1:0"
[protocols.count]
definition = "count.ksy"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "count"
[upstreams.slow]
url = "{slow_url}"
protocol = "count"
timeout = "300ms"
[upstreams.fast]
url = "{fast_url}"
protocol = "count"
[[routes]]
from = "front"
when = "value == 2"
to = "slow"
[[routes]]
from = "front"
to = "fast"
"#
    );
    let files = [("count.ksy".to_owned(), DEFINITION.to_owned())];
    let gateway = Gateway::start_text(&text, &files).await;
    let mut client = raw::connect(&gateway).await;
    client.write_all(&[1, 1, 1, 2, 1, 3]).await.expect("taken");
    let mut fast = raw::accept(&fast).await;
    let mut asked = [0; 4];
    let read = in_time("two requests", fast.read_exact(&mut asked)).await;
    assert!(read.is_ok() && asked == [1, 1, 1, 3], "{asked:?}");
    fast.write_all(&[0x81, 1, 0x81, 3]).await.expect("taken");
    let _slow = raw::accept(&slow).await;
    let mut told = Vec::new();
    let end = in_time("the end", client.read_to_end(&mut told)).await;
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(told, [0x81, 1]);
}
