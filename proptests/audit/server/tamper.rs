//! Stands between an honest HTTP/2 server and the gateway, and spoils frames of answers.

use super::Spec;
use super::frames::garbage;
use super::stream::Stream;
use crate::hostile::Deed;
use crate::rng::Rng;
use bytes::BytesMut;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, WriteHalf};

const HEADER: usize = 9;
const DATA: u8 = 0;
const END_STREAM: u8 = 1;

/// What becomes of the connection after a frame.
enum After {
    GoOn,
    Cut,
    Reset,
    Silence,
}

/// Relays until one side ends, or a deed does.
pub(super) async fn relay(spec: &Spec, stream: Stream, server: DuplexStream) {
    let (mut from_gateway, mut to_gateway) = tokio::io::split(stream);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let inbound = tokio::io::copy(&mut from_gateway, &mut to_server);
    let spoiling = async {
        let mut rng = spec.rng.clone();
        let mut frames = BytesMut::new();
        loop {
            match spoil(spec, &mut rng, &mut frames, &mut to_gateway).await {
                Ok(After::GoOn) => {}
                Ok(after) => return after,
                Err(_) => return After::Reset,
            }
            if !from_server
                .read_buf(&mut frames)
                .await
                .is_ok_and(|read| read > 0)
            {
                return After::Reset;
            }
        }
    };
    tokio::pin!(inbound);
    let after = tokio::select! {
        _ = &mut inbound => return,
        after = spoiling => after,
    };
    match after {
        After::GoOn | After::Reset => {}
        After::Silence => drop(inbound.await),
        After::Cut => {
            drop(to_gateway.shutdown().await);
            drop(inbound.await);
        }
    }
}

/// Passes on the frames that are whole.
async fn spoil(
    spec: &Spec,
    rng: &mut Rng,
    frames: &mut BytesMut,
    out: &mut WriteHalf<Stream>,
) -> io::Result<After> {
    let Some(hostile) = spec.hostile else {
        return Ok(After::Silence);
    };
    while let Some(header) = frames.first_chunk::<HEADER>() {
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let length = HEADER + length as usize;
        if frames.len() < length {
            break;
        }
        // What comes twice in the middle of an answer is a part of it, as far as anybody can tell.
        let last = header[4] & END_STREAM != 0 || hostile.deed != Deed::Twice;
        let strikes = header[3] == DATA && last && rng.once_in(hostile.odds);
        let frame = frames.split_to(length);
        if !strikes {
            out.write_all(&frame).await?;
            continue;
        }
        match strike(hostile.deed, rng, frame, out).await? {
            After::GoOn => {}
            after => return Ok(after),
        }
    }
    out.flush().await?;
    Ok(After::GoOn)
}

async fn strike(
    deed: Deed,
    rng: &mut Rng,
    mut frame: BytesMut,
    out: &mut WriteHalf<Stream>,
) -> io::Result<After> {
    let after = match deed {
        Deed::Twice => {
            let again = frame.clone();
            frame.unsplit(again);
            After::GoOn
        }
        Deed::WrongId => {
            // Far above all streams that were opened; odd, as theirs.
            frame[5] |= 0x40;
            After::GoOn
        }
        Deed::Dribble => {
            for byte in &frame {
                out.write_all(&[*byte]).await?;
                out.flush().await?;
                tokio::task::yield_now().await;
            }
            return Ok(After::GoOn);
        }
        Deed::Oversize => {
            frame[..3].fill(0xff);
            frame.resize(60_000, 0x5a);
            After::Silence
        }
        Deed::Garbage => {
            let mut bytes = Vec::new();
            garbage(rng, &mut bytes);
            frame = BytesMut::from(&bytes[..]);
            After::Silence
        }
        Deed::Cut | Deed::Reset | Deed::Stall => {
            frame.truncate(1 + rng.below(frame.len() - 1));
            match deed {
                Deed::Cut => After::Cut,
                Deed::Reset => After::Reset,
                _ => After::Silence,
            }
        }
        Deed::Early | Deed::Late | Deed::Swapped | Deed::Plaintext => After::GoOn,
    };
    out.write_all(&frame).await?;
    out.flush().await?;
    Ok(after)
}
