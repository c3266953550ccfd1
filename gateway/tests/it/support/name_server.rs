//! A name server over UDP that answers as the test says. RFC 1035 by hand.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;

/// What is asked and answered there.
#[derive(Debug)]
pub(crate) struct NameServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    task: JoinHandle<()>,
}

/// What it knows.
#[derive(Debug, Default)]
pub(crate) struct Zone {
    /// By name and type, the data of records.
    records: HashMap<(String, u16), Vec<Vec<u8>>>,
    pub(crate) ttl: u32,
    pub(crate) mood: Mood,
    /// Queries by now.
    pub(crate) asked: usize,
}

/// How it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As the zone says.
    #[default]
    Well,
    /// SERVFAIL.
    Failing,
    /// The same, of IPv6 alone.
    FailingV6,
    /// Not at all.
    Silent,
}

impl Zone {
    /// The addresses of a name from now on.
    pub(crate) fn addresses(&mut self, name: &str, addresses: &[IpAddr]) {
        for (kind, is_kind) in [(A, true), (AAAA, false)] {
            let of_kind = addresses.iter().filter(|ip| ip.is_ipv4() == is_kind);
            let data = of_kind.map(|ip| match ip {
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(ip) => ip.octets().to_vec(),
            });
            let key = (name.to_owned(), kind);
            self.records.insert(key, data.collect());
        }
    }

    /// The targets of a service from now on: priority, weight, port, name.
    pub(crate) fn service(&mut self, name: &str, targets: &[(u16, u16, u16, &str)]) {
        let data = targets.iter().map(|(priority, weight, port, target)| {
            let numbers = [priority, weight, port].map(|n| n.to_be_bytes());
            [numbers.concat(), wire_name(target)].concat()
        });
        self.records.insert((name.to_owned(), SRV), data.collect());
    }
}

impl NameServer {
    pub(crate) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("an address");
        let address = socket.local_addr().expect("an address");
        let zone = Arc::default();
        let task = tokio::spawn(serve(socket, Arc::clone(&zone)));
        Self {
            address,
            zone,
            task,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn zone(&self) -> MutexGuard<'_, Zone> {
        self.zone.lock().expect("a zone")
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `127.0.0.n`.
pub(crate) const fn loopback(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, n))
}

async fn serve(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let answer = answer(&buffer[..length], &mut zone.lock().expect("a zone"));
        if let Some(answer) = answer {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

fn answer(query: &[u8], zone: &mut Zone) -> Option<Vec<u8>> {
    zone.asked += 1;
    let (name, end) = read_name(query, 12)?;
    let kind = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
    let question = query.get(12..end + 4)?;
    let known = zone.records.keys().any(|(known, _)| *known == name);
    let records = zone.records.get(&(name, kind));
    let rcode = match zone.mood {
        Mood::Silent => return None,
        Mood::Failing => 2,
        Mood::FailingV6 if kind == AAAA => 2,
        Mood::Well | Mood::FailingV6 if !known => 3,
        Mood::Well | Mood::FailingV6 => 0,
    };
    let none = Vec::new();
    let records = records.filter(|_| rcode == 0).unwrap_or(&none);
    let mut out = query[..2].to_vec();
    out.extend([0x84, 0x80 | rcode, 0, 1]);
    out.extend(u16::try_from(records.len()).ok()?.to_be_bytes());
    out.extend([0; 4]);
    out.extend(question);
    for data in records {
        out.extend([0xc0, 12]);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1]);
        out.extend(zone.ttl.to_be_bytes());
        out.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        out.extend(data);
    }
    Some(out)
}

/// The name from a place on, in lower case, and the place behind it. Queries are not compressed.
fn read_name(query: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += length;
    }
}

fn wire_name(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(u8::try_from(label.len()).expect("a label"));
        out.extend(label.bytes());
    }
    out.push(0);
    out
}
