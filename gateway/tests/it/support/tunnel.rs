//! WebSocket by HTTP/2 (RFC 8441), from a client's side: streams of one connection as streams of bytes.

use super::in_time;
use super::websocket::WebSocket;
use bytes::Bytes;
use h2::client::SendRequest;
use h2::ext::Protocol;
use h2::{RecvStream, SendStream};
use http::{Method, Request, Response};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex,
};
use tokio::task::JoinHandle;

/// A connection that has heard of the extension.
pub(crate) struct Tunnels {
    requests: SendRequest<Bytes>,
    /// Its end, with the error if there was one.
    pub(crate) ended: JoinHandle<Result<(), h2::Error>>,
}

/// A request for a tunnel: to `/pos`, unless it is changed.
pub(crate) fn ask() -> Request<()> {
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri("https://gateway/pos")
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"));
    request.body(()).expect("a request")
}

impl Tunnels {
    pub(crate) async fn over(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (requests, connection) = h2::client::handshake(io).await.expect("HTTP/2");
        let mut tunnels = Self {
            requests,
            ended: tokio::spawn(connection),
        };
        let told = async {
            while !tunnels.requests.is_extended_connect_protocol_enabled() {
                tunnels.requests = tunnels
                    .requests
                    .clone()
                    .ready()
                    .await
                    .expect("a connection");
                tokio::task::yield_now().await;
            }
        };
        in_time("SETTINGS_ENABLE_CONNECT_PROTOCOL", told).await;
        tunnels
    }

    /// Sends the head of a request: the response, and what may be sent behind the head.
    pub(crate) async fn request(
        &self,
        request: Request<()>,
    ) -> Result<(Response<RecvStream>, SendStream<Bytes>), h2::Error> {
        let ends = request.method() != Method::CONNECT;
        let mut requests = self.requests.clone().ready().await?;
        let (response, send) = requests.send_request(request, ends)?;
        Ok((in_time("a response", response).await?, send))
    }

    /// The status of the response.
    pub(crate) async fn status(&self, request: Request<()>) -> u16 {
        let (response, _) = self.request(request).await.expect("a response");
        response.status().as_u16()
    }

    /// A tunnel that is let in.
    pub(crate) async fn open(&self) -> WebSocket<DuplexStream> {
        let (response, send) = self.request(ask()).await.expect("a response");
        assert_eq!(response.status(), 200);
        let (near, far) = duplex(1 << 20);
        tokio::spawn(carry(far, response.into_body(), send));
        WebSocket::over(near)
    }
}

/// Moves bytes both ways until one side is reset, or both have ended.
async fn carry(io: DuplexStream, mut from: RecvStream, mut to: SendStream<Bytes>) {
    let (mut read, mut write) = tokio::io::split(io);
    let down = async {
        while let Some(chunk) = from.data().await {
            let chunk = chunk.map_err(|_| ())?;
            write.write_all(&chunk).await.map_err(|_| ())?;
            let _ = from.flow_control().release_capacity(chunk.len());
        }
        write.shutdown().await.map_err(|_| ())
    };
    let up = async {
        let mut chunk = vec![0; 16 << 10];
        loop {
            let length = read.read(&mut chunk).await.map_err(|_| ())?;
            let mut rest = Bytes::copy_from_slice(&chunk[..length]);
            if rest.is_empty() {
                return to.send_data(rest, true).map_err(|_| ());
            }
            while !rest.is_empty() {
                to.reserve_capacity(rest.len());
                let room = std::future::poll_fn(|cx| to.poll_capacity(cx)).await;
                let room = room.and_then(Result::ok).ok_or(())?;
                to.send_data(rest.split_to(room.min(rest.len())), false)
                    .map_err(|_| ())?;
            }
        }
    };
    let _ = tokio::try_join!(down, up);
}
