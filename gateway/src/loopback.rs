//! What connections within one machine are spared.

use rustix::net::sockopt;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// The one algorithm that every Linux has and that every process may choose (tcp(7),
/// `tcp_allowed_congestion_control`).
const UNPACED: &str = "reno";

/// A socket that is yet to be bound or connected to an address. What is sent over the loopback
/// leaves at once: there is no path there whose capacity a sender has to find out; where the
/// system's own algorithm is one that paces (bbr), a timer for each burst would cost more than the
/// bytes. To other machines the system's choice stays. A listener's choice is that of the
/// connections that it accepts.
///
/// The algorithm has to be chosen before there is a connection: Linux goes on pacing one that has
/// begun with an algorithm that paces, whatever is chosen for it later (`sk_pacing_status`).
pub(crate) fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if address.ip().to_canonical().is_loopback()
        && let Err(error) = sockopt::set_tcp_congestion(&socket, UNPACED)
    {
        tracing::debug!(%error, "the system's congestion control stays");
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    fn algorithm(socket: impl AsFd) -> String {
        sockopt::tcp_congestion(socket).unwrap()
    }

    #[tokio::test]
    async fn over_the_loopback_nothing_is_paced() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listening = socket(any).unwrap();
        listening.bind(any).unwrap();
        let listener = listening.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let calling = socket(address).unwrap();
        assert_eq!(algorithm(&calling), UNPACED);
        let (called, accepted) = tokio::join!(calling.connect(address), listener.accept());
        assert_eq!(algorithm(called.unwrap()), UNPACED);
        assert_eq!(algorithm(accepted.unwrap().0), UNPACED);
    }

    #[tokio::test]
    async fn to_other_machines_the_systems_choice_stays() {
        let own = algorithm(TcpSocket::new_v4().unwrap());
        for elsewhere in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0"] {
            let socket = socket(elsewhere.parse().unwrap()).unwrap();
            assert_eq!(algorithm(&socket), own, "{elsewhere}");
        }
    }
}
