//! A row as hyper reads it, with no runtime: all bytes are there at once, so whoever is polled goes on.

use crate::{Account, End, Told};
use gatewright_core::codec::Side;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, Uri, client, server};
use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// More turns than any row needs.
const TURNS: usize = 200;

/// A peer that has said the row and closed its side, and takes whatever it is told.
struct Peer<'r> {
    row: &'r [u8],
    /// A server's answer is not there before it was asked.
    asked: bool,
}

impl Read for Peer<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            return Poll::Pending;
        }
        let (now, later) = self.row.split_at(buffer.remaining().min(self.row.len()));
        buffer.put_slice(now);
        self.row = later;
        Poll::Ready(Ok(()))
    }
}

impl Write for Peer<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.asked = true;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Polls until it is ready; `None` if it never is.
fn drive<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..TURNS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

pub(crate) fn read(side: Side, row: &[u8]) -> Account {
    match side {
        Side::Server => requests(row),
        Side::Client => response(row),
    }
}

fn end(ended: Option<hyper::Result<()>>) -> End {
    match ended {
        Some(Ok(())) => End::Clean,
        Some(Err(error)) => End::Refused {
            begins: 0,
            error: error.to_string(),
        },
        None => End::Partial,
    }
}

/// Path and query: the form in which a target is handed on.
fn target(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    path.to_owned()
}

fn requests(row: &[u8]) -> Account {
    let told = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let told = Rc::clone(&told);
        async move {
            let what = match request.method() {
                &Method::CONNECT => format!("CONNECT {}", request.uri()),
                method => format!("{method} {}", target(request.uri())),
            };
            if let Ok(body) = request.into_body().collect().await {
                let body = body.to_bytes().to_vec();
                told.borrow_mut().push(Told { what, body });
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let peer = Peer { row, asked: true };
    let mut builder = server::conn::http1::Builder::new();
    builder.half_close(true);
    let end = end(drive(builder.serve_connection(peer, service)));
    let told = told.take();
    Account { told, end }
}

fn response(row: &[u8]) -> Account {
    let peer = Peer { row, asked: false };
    let told = RefCell::new(Vec::new());
    let asking = async {
        let (mut sender, connection) = client::conn::http1::handshake(peer).await?;
        let request = Request::get("/").header("host", "a");
        let request = request.body(Empty::<Bytes>::new()).expect("a request");
        let answer = async {
            let response = sender.send_request(request).await?;
            let what = format!("{:?}", Some(i128::from(response.status().as_u16())));
            let body = response.into_body().collect().await?.to_bytes().to_vec();
            told.borrow_mut().push(Told { what, body });
            Ok(())
        };
        let (mut answer, mut connection) = (pin!(answer), pin!(connection));
        std::future::poll_fn(|cx| {
            let _ = connection.as_mut().poll(cx);
            answer.as_mut().poll(cx)
        })
        .await
    };
    let end = end(drive(asking));
    let told = told.take();
    Account { told, end }
}
