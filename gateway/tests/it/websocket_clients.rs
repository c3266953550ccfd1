//! WebSocket with clients of others: Python's websockets, which does what browsers do.

use crate::definitions::{run, said};
use crate::support::backend::Backend;
use crate::support::certificates::Authority;
use crate::support::config::Config;
use crate::support::gateway::{Directory, Gateway};
use crate::support::servers::python_with;
use crate::support::wire::{AuthReq, AuthRsp};
use std::fmt::Write as _;
use std::path::PathBuf;
use tokio::process::Command;

/// Asks in messages of all kinds, and says goodbye. The arguments are a URL, an authority's file or
/// nothing, and requests in hexadecimal.
const CLIENT: &str = r#"
import asyncio, ssl, sys
import websockets

async def main(url, authority, frames):
    frames = [bytes.fromhex(frame) for frame in frames]
    context = ssl.create_default_context(cafile=authority) if authority else None
    arguments = dict(ssl=context, subprotocols=["x", "pos"], origin="https://shop.example")
    async with websockets.connect(url, **arguments) as client:
        assert client.subprotocol == "pos", client.subprotocol
        assert not client.extensions, client.extensions
        await client.send(frames[0])
        print((await client.recv()).hex())
        await client.send([frames[1][:7], frames[1][7:8], frames[1][8:]])
        await asyncio.wait_for(await client.ping(b"are you there"), 30)
        print((await client.recv()).hex())
        for frame in frames[2:]:
            await client.send(frame)
        replies = b""
        while len(replies) < 16 * len(frames[2:]):
            replies += await client.recv()
        print("\n".join(replies[at:at + 16].hex() for at in range(0, len(replies), 16)))
    assert client.close_code == 1000, client.close_code

    async with websockets.connect(url, **arguments) as client:
        await client.send("text")
        try:
            await client.recv()
        except websockets.ConnectionClosedError as closed:
            assert closed.rcvd.code == 1003, closed
    for refused in [dict(origin="https://shop.test"), dict(subprotocols=None), dict(extra_headers={"Host": "x"})]:
        try:
            await websockets.connect(url, **{**arguments, **refused})
        except websockets.InvalidStatusCode as status:
            print(status.status_code)

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
"#;

fn python() -> Option<PathBuf> {
    python_with(["websockets"], "python3-websockets")
}

const KEYS: &str = r#"{ origins = "https://shop.example", subprotocols = ["pos"] }"#;

async fn converse(gateway: &Gateway, scheme: &str, authority: &str, python: PathBuf) {
    let directory = Directory::new();
    let url = format!("{scheme}://localhost:{}/pos", gateway.front().port());
    let file = match authority {
        "" => String::new(),
        pem => directory.write("ca.pem", pem).display().to_string(),
    };
    let requests: Vec<String> = (0..50)
        .map(|seq| {
            let mut hex = String::new();
            for byte in AuthReq::new(seq).bytes() {
                write!(hex, "{byte:02x}").expect("text");
            }
            hex
        })
        .collect();
    let mut command = Command::new(python);
    command
        .arg(directory.write("client.py", CLIENT))
        .args([url, file])
        .args(requests);
    let output = run(&mut command).await;
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let (replies, refused) = lines.split_at(50);
    let mut answered: Vec<u32> = replies
        .iter()
        .map(|line| {
            let digits = line
                .as_bytes()
                .chunks(2)
                .map(|pair| std::str::from_utf8(pair).expect("text"));
            let bytes: Vec<u8> = digits
                .map(|hex| u8::from_str_radix(hex, 16).expect("hex"))
                .collect();
            AuthRsp::read(&bytes).expect("a reply").seq
        })
        .collect();
    answered.sort_unstable();
    assert_eq!(answered, (0..50).collect::<Vec<_>>());
    assert_eq!(refused, ["403", "400", "400"]);
}

#[tokio::test]
async fn a_client_of_others_converses() {
    let Some(python) = python() else { return };
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .websocket()
        .listener_key("websocket", KEYS);
    let gateway = Gateway::start(&config).await;
    converse(&gateway, "ws", "", python).await;
}

#[tokio::test]
async fn a_client_of_others_converses_over_tls() {
    let Some(python) = python() else { return };
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let (cert, key) = identity.pem();
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .websocket()
        .listener_key("websocket", KEYS)
        .listener_key("tls", "{ cert = \"a.pem\", key = \"a.key\" }")
        .file("a.pem", cert)
        .file("a.key", key);
    let gateway = Gateway::start(&config).await;
    converse(&gateway, "wss", &authority.pem(), python).await;
}
