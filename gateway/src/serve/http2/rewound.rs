//! A client's connection of which the first bytes were read already.

use crate::listen::ClientStream;
use bytes::{Buf, Bytes};
use gatewright_core::translate::Identity;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives those bytes first.
#[derive(Debug)]
pub(crate) struct Rewound {
    sent: Bytes,
    io: ClientStream,
}

impl Rewound {
    /// Who the client is, where TLS told anything.
    pub(crate) fn identity(&self) -> Option<&Arc<Identity>> {
        self.io.identity()
    }

    pub(crate) const fn new(sent: Bytes, io: ClientStream) -> Self {
        Self { sent, io }
    }
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.sent.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let length = self.sent.len().min(buffer.remaining());
        buffer.put_slice(&self.sent[..length]);
        self.sent.advance(length);
        if self.sent.is_empty() {
            // What it was a part of is not kept any longer.
            self.sent = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
