//! Captures: what tcpdump, Wireshark and their kin write, as streams and datagrams.
//!
//! A capture is read in steps, each a file of this folder: [`packets`] takes the file apart (pcap or
//! pcapng), [`link`] and [`ip`] unwrap what a packet carries, and [`conversation`] puts the bytes of
//! each direction of a TCP connection together.
//!
//! A capture is as hostile as what was captured. It is read from memory; what comes of it are slices
//! of it, a stream's bytes once more, and about a hundred bytes for each packet.

pub mod conversation;
pub mod ip;
pub mod link;
pub mod packets;
mod pcap;
mod pcapng;
mod reassembly;
#[cfg(test)]
mod tests;

pub use conversation::{Conversations, Datagram, Flow, Gap, Opening, Skipped, conversations};
pub use packets::{NotACapture, Packets, is_capture};
